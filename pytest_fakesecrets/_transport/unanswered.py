"""Finds the calls to AWS that neither a fake nor a stub answers, at the last point before they leave the process."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

#: The domains of AWS's own endpoints, in all partitions. An endpoint elsewhere is a local one that the user has set.
_AWS = re.compile(
    r"(^|\.)(amazonaws\.(com|com\.cn|eu)|amazonwebservices\.(com|com\.cn|eu)|aws|ic\.gov|sgov\.gov|adc-e\.uk)\.?$"
)

#: Called with the service, the operation or None, and the URL of a call that would leave the process.
Reject = Callable[[str, "str | None", str], None]


@contextmanager
def unanswered_calls_rejected(reject: Reject) -> Iterator[None]:
    """While the block runs, let *reject* raise for each call of botocore or aiobotocore that would reach AWS."""
    from botocore.endpoint import Endpoint

    with ExitStack() as stack:

        def patch(kind: Any) -> None:
            if "_send" in vars(kind):
                stack.enter_context(mock.patch.object(kind, "_send", _checking(vars(kind)["_send"], reject)))

        def patch_subclass(cls: type[Any], /, **_: object) -> None:
            patch(cls)  # that of aiobotocore, imported while the block runs

        for kind in _with_subclasses(Endpoint):
            patch(kind)
        stack.enter_context(
            mock.patch.object(Endpoint, "__init_subclass__", classmethod(patch_subclass), create=True)
        )
        yield


def _with_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    each: type[Any]
    yield kind
    for each in kind.__subclasses__():
        yield from _with_subclasses(each)


def _checking(send: Callable[..., Any], reject: Reject) -> Callable[..., Any]:
    def check(endpoint: Any, request: Any) -> None:
        host = urlsplit(str(request.url)).hostname or ""
        if _AWS.search(host) and not _is_stubbed(endpoint, send):
            model = sys._getframe(2).f_locals.get("operation_model")
            url = f"https://{host}"  # without a query, which may have a signature
            reject(getattr(endpoint, "_endpoint_prefix", "AWS"), getattr(model, "name", None), url)

    if inspect.iscoroutinefunction(send):

        @wraps(send)
        async def checked_send_async(endpoint: Any, request: Any) -> Any:
            check(endpoint, request)
            return await send(endpoint, request)

        return checked_send_async

    @wraps(send)
    def checked_send(endpoint: Any, request: Any) -> Any:
        check(endpoint, request)
        return send(endpoint, request)

    return checked_send


def _is_stubbed(endpoint: Any, send: Callable[..., Any]) -> bool:
    """Whether a part of the way into the network was replaced, for example by VCR.py or by a patch of the user."""
    session = getattr(endpoint, "http_session", None)
    parts = [
        (send, ("botocore", "aiobotocore")),
        (getattr(session, "send", None), ("botocore", "aiobotocore")),
        (_attribute("botocore.awsrequest", "AWSHTTPSConnectionPool", "ConnectionCls"), ("botocore",)),
        (_attribute("aiohttp.client", "ClientSession", "_request"), ("aiohttp",)),
        (_attribute("httpx", "AsyncClient", "send"), ("httpx",)),
    ]
    return not all(part is None or _is_original(part, packages) for part, packages in parts)


def _attribute(module: str, owner: str, name: str) -> Any:
    return getattr(getattr(sys.modules.get(module), owner, None), name, None)


def _is_original(part: Any, packages: tuple[str, ...]) -> bool:
    if isinstance(part, type):
        return part.__module__.partition(".")[0] in packages
    function = getattr(part, "__func__", part)
    is_function = inspect.isfunction(function) and not hasattr(function, "__wrapped__")
    return is_function and function.__globals__.get("__name__", "").partition(".")[0] in packages
