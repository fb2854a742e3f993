"""The exceptions with which drivers and HTTP libraries report a server that cannot be reached."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

from pytest_fakesecrets._core.errors import CONNECTION_LOST

#: What a module of a driver calls such an exception.
_NAMES = ("OperationalError", "ConnectionError")


def driver_errors(module: str) -> Iterator[Exception]:
    """
    Yield the exceptions that the functions of a module may raise in an outage: none if they have no exception of their own.

    No module is imported for them.
    """
    package = module.partition(".")[0]
    if package in _OF_LIBRARIES:
        where, build = _OF_LIBRARIES[package]
        if where in sys.modules:
            yield from _built(build, sys.modules[where])
        return
    while module:
        for name in _NAMES:
            kind = getattr(sys.modules.get(module), name, None)
            if isinstance(kind, type) and issubclass(kind, Exception):
                for error in _built(_with_a_message, kind):
                    yield error
                    return
        module = module.rpartition(".")[0]


def _built(build: Callable[[Any], list[Exception]], argument: object) -> list[Exception]:
    """What a function has built, or nothing if the exceptions of this release take other arguments."""
    try:
        return build(argument)
    except Exception:
        return []


def _with_a_message(kind: Any) -> list[Exception]:
    return [kind(CONNECTION_LOST)]


def _of_urllib(module: Any) -> list[Exception]:
    """As urlopen() does it: it wraps each OSError, and an answer with a status of an error is an HTTPError."""
    no_answer = module.URLError(ConnectionError(CONNECTION_LOST))
    return [
        no_answer,
        module.HTTPError("https://target.invalid/", 503, "Service Unavailable", Message(), io.BytesIO()),
    ]


def _of_urllib3(module: Any) -> list[Exception]:
    """As urlopen() of a pool does it after its own retries."""
    reason = module.exceptions.ProtocolError("Connection aborted.", ConnectionError(CONNECTION_LOST))
    return [module.exceptions.MaxRetryError(module.HTTPConnectionPool("target.invalid"), "/", reason)]


def _of_httpx(module: Any) -> list[Exception]:
    return [module.ConnectError(CONNECTION_LOST)]


def _of_aiohttp(module: Any) -> list[Exception]:
    return [module.ClientOSError(CONNECTION_LOST)]


#: The packages whose exceptions have names of their own: the module that has them, and a function that builds them.
#: `requests` has a ConnectionError, and `http.client` lets an OSError out as it is.
_OF_LIBRARIES: dict[str, tuple[str, Callable[[Any], list[Exception]]]] = {
    "aiohttp": ("aiohttp", _of_aiohttp),
    "httpcore": ("httpcore", _of_httpx),
    "httpx": ("httpx", _of_httpx),
    "urllib": ("urllib.error", _of_urllib),
    "urllib3": ("urllib3", _of_urllib3),
}
