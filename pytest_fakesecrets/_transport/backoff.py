"""Skips the backoff of botocore's retries after injected faults."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

#: True after an injected fault: the retries of the call do not wait. None: the call waits between its retries, but
#: its client is not throttled for earlier injected faults. False: botocore's waiting is not changed.
_SPARED: ContextVar[bool | None] = ContextVar("_SPARED", default=False)

#: The modules in which botocore and aiobotocore sleep, and the name of the module that they call for it.
_SLEEPERS = {"botocore.endpoint": "time", "aiobotocore.endpoint": "asyncio"}
#: The modules with the token buckets of the retry mode "adaptive", which throttle a client.
_BUCKETS = ("botocore.retries.bucket", "aiobotocore.retries.bucket")


def spare_back_off(is_spared: bool | None) -> None:
    """Set whether botocore's waiting is skipped from now on, in this thread or task. See `_SPARED`."""
    _SPARED.set(is_spared)


class BackOff:
    """Replaces the sleep and acquire functions of botocore and aiobotocore, and restores them."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        #: The owner, the attribute name, the original and the replacement.
        self._replaced: list[tuple[object, str, Any, Any]] = []

    def replace(self) -> None:
        """Replace the functions in the modules that are imported by now."""
        for name in (*_SLEEPERS, *_BUCKETS):
            if name in sys.modules and name not in self._modules:
                self._replace_in(sys.modules[name], name)
                self._modules.add(name)

    def restore(self) -> None:
        """Restore the originals. It may be called again after an interrupted call."""
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
    """A wrapper of the module time or asyncio, whose `sleep` may be skipped."""

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
