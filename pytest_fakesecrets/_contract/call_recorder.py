"""Patches functions outside of CredentialTarget so that their calls are recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from importlib import import_module
from typing import Any, Protocol
from unittest import mock

from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionStopped
from pytest_fakesecrets._core.formatting import did_you_mean
from pytest_fakesecrets._service.user_code import did_you_mean_module

from .target_call_names import call_name
from .target_calls import key_of


class CallObserver(Protocol):
    """What is called for each call of a patched function. The name has the first words of the statement."""

    def surround(self, name: str, module: str, key: str) -> AbstractContextManager[None]:
        """Return the context in which the call is made. It may reject the call."""

    def completed(self, name: str) -> None:
        """The call has returned."""

    def rejected(self, name: str, error: Exception) -> None:
        """The call has raised an exception."""

    def stopped(self, name: str) -> None:
        """The rotation function was stopped at another call, which this one made."""


def patch_to_report_calls(function: str, observer: CallObserver) -> Any:
    """
    Return a patch under which a function, such as "psycopg:Connection.execute", reports each call.

    Args:
        function: the function, as "module:function" or "module:Class.method".
        observer: gets the part after the colon and the first words of the SQL statement among the arguments, such as
            "Connection.execute CREATE USER".

    Raises:
        FakeSecretsError: the function does not exist, or cannot be patched.
    """
    module, _, path = function.partition(":")
    *outer, name = path.split(".")
    owner: Any = None
    try:
        owner = import_module(module)
        for each in outer:
            owner = getattr(owner, each)
        original = getattr(owner, name)
    except (ImportError, AttributeError, ValueError):
        original = None
    if not callable(original):
        meant = did_you_mean_module(module) if owner is None else _did_you_mean(owner, path)
        lines = [
            f"target_calls has {function!r}, and there is no such function.",
            *filter(None, [meant.strip()]),
        ]
        raise FakeSecretsError("\n".join(lines))
    reporting = _reporting(original, path, module, observer)
    # getattr() has bound a class method already: a plain function would get the class a second time.
    is_bound = isinstance(inspect.getattr_static(owner, name), staticmethod | classmethod)
    patch = mock.patch.object(owner, name, staticmethod(reporting) if is_bound else reporting)
    try:
        patch.start()
        patch.stop()
    except (AttributeError, TypeError):
        raise FakeSecretsError(
            f"target_calls has {function!r}, which Python cannot patch, since it is written in C. Name a function of "
            "your own that calls it."
        ) from None
    return patch


def _did_you_mean(owner: Any, path: str) -> str:
    """A sentence with the attribute that is most similar to the first part of a path that does not exist, or ""."""
    missing = next((each for each in path.split(".") if not hasattr(owner, each)), path)
    return did_you_mean(missing, dir(owner))


def _reporting(
    original: Callable[..., Any], path: str, module: str, observer: CallObserver
) -> Callable[..., Any]:
    """Return a wrapper of a function or coroutine function that reports each call."""

    @contextmanager
    def reported(arguments: Any, keywords: Any) -> Iterator[None]:
        name = call_name(path, arguments, keywords)
        try:
            with observer.surround(name, module, key_of(arguments, keywords)):
                yield
        except FunctionStopped:
            observer.stopped(name)
            raise
        except Exception as error:
            observer.rejected(name, error)
            raise
        observer.completed(name)

    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def reporting(*arguments: Any, **keywords: Any) -> Any:
            with reported(arguments, keywords):
                return await original(*arguments, **keywords)

    else:

        @wraps(original)
        def reporting(*arguments: Any, **keywords: Any) -> Any:
            with reported(arguments, keywords):
                return original(*arguments, **keywords)

    return reporting
