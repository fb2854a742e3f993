"""botocore's retries without their waiting: what stands between a failed call and the next one is left out."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

#: Whether the call that is made here has failed on order, and is repeated without waiting until it ends. None: it
#: has not, and its client is not held back for calls before it that have.
_SPARED: ContextVar[bool | None] = ContextVar("_SPARED", default=False)

#: The modules in which botocore and aiobotocore sleep, and the name under which they know who does it.
_SLEEPERS = {"botocore.endpoint": "time", "aiobotocore.endpoint": "asyncio"}
#: Those in which their adaptive mode holds back a client that has been throttled.
_BUCKETS = ("botocore.retries.bucket", "aiobotocore.retries.bucket")


def spare_back_off(is_spared: bool | None) -> None:
    """Say whether botocore's waiting is left out from now on, in this thread or task."""
    _SPARED.set(is_spared)


class BackOff:
    """Puts our sleeping into the places of botocore's, and botocore's back."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        #: Each owner and name, what was there, and what is there of ours.
        self._replaced: list[tuple[object, str, Any, Any]] = []

    def replace(self) -> None:
        """In the modules that somebody has imported by now."""
        for name in (*_SLEEPERS, *_BUCKETS):
            if name in sys.modules and name not in self._modules:
                self._replace_in(sys.modules[name], name)
                self._modules.add(name)

    def restore(self) -> None:
        """Put botocore's back, also where that has been done before, in part."""
        for owner, name, original, _ in self._replaced:
            setattr(owner, name, original)
        self._replaced.clear()
        self._modules.clear()

    def _replace_in(self, module: ModuleType, name: str) -> None:
        if name in _SLEEPERS:
            self._put(module, _SLEEPERS[name], _Sleeping)
        for found in list(vars(module).values()):
            if isinstance(found, type) and name in _SLEEPERS and "_sleep" in vars(found):
                self._put(found, "_sleep", _sleeping)  # aiobotocore's endpoint for httpx sleeps with anyio
            if isinstance(found, type) and name in _BUCKETS and "acquire" in vars(found):
                self._put(found, "acquire", _acquiring)

    def _put(self, owner: object, name: str, ours: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        if not any(original is put for *_, put in self._replaced):
            put = ours(original)
            self._replaced.append((owner, name, original, put))
            setattr(owner, name, put)


class _Sleeping:
    """The module time or asyncio, as far as botocore's endpoint uses it, with a sleep that may be left out."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def sleep(self, seconds: float) -> Any:
        return self._module.sleep(0 if _SPARED.get() else seconds)


def _sleeping(sleep: Callable[..., Any]) -> Callable[..., Any]:
    def slept(endpoint: object, seconds: float) -> Any:
        return sleep(endpoint, 0 if _SPARED.get() else seconds)

    return slept


def _acquiring(acquire: Callable[..., Any]) -> Callable[..., Any]:
    is_async = inspect.iscoroutinefunction(acquire)

    async def at_once() -> bool:
        return True

    def acquired(bucket: object, *arguments: Any, **keywords: Any) -> Any:
        if _SPARED.get() is False:
            return acquire(bucket, *arguments, **keywords)
        return at_once() if is_async else True

    return acquired
