"""Patches functions that are not methods of a CredentialTarget, so that their calls are recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import reduce, wraps
from importlib import import_module
from typing import Any
from unittest import mock

from pytest_fakesecrets._core.errors import FakeSecretsError


def told_of(place: str, called: Callable[[str], None]) -> Any:
    """
    Return a patch under which a function, such as "psycopg:Connection.execute", reports each completed call.

    Args:
        place: the function, as "module:function" or "module:Class.method".
        called: called with the part after the colon when the function has returned.

    Raises:
        FakeSecretsError: the function does not exist.
    """
    module, _, path = place.partition(":")
    *outer, name = path.split(".")
    try:
        owner: Any = reduce(getattr, outer, import_module(module))
        original = getattr(owner, name)
    except (ImportError, AttributeError, ValueError):
        original = None
    if not callable(original):
        raise FakeSecretsError(f"target_calls has {place!r}, and there is no such function.")

    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def telling(*arguments: Any, **keywords: Any) -> Any:
            returned = await original(*arguments, **keywords)
            called(path)
            return returned

    else:

        @wraps(original)
        def telling(*arguments: Any, **keywords: Any) -> Any:
            returned = original(*arguments, **keywords)
            called(path)
            return returned

    # getattr() has bound a class method already: a plain function would get the class a second time.
    is_bound = isinstance(inspect.getattr_static(owner, name), staticmethod | classmethod)
    return mock.patch.object(owner, name, staticmethod(telling) if is_bound else telling)
