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
_SKIPS_BACKOFF: ContextVar[bool | None] = ContextVar("_SPARED", default=False)

#: The modules in which botocore and aiobotocore sleep, and the name of the module that they call for it.
_SLEEP_MODULES = {"botocore.endpoint": "time", "aiobotocore.endpoint": "asyncio"}
#: The modules with the token buckets of the retry mode "adaptive", which throttle a client.
_BUCKET_MODULES = ("botocore.retries.bucket", "aiobotocore.retries.bucket")


def set_backoff_skipped(is_skipped: bool | None) -> None:
    """Set whether botocore's waiting is skipped from now on, in this thread or task. See `_SKIPS_BACKOFF`."""
    _SKIPS_BACKOFF.set(is_skipped)


class BackoffPatch:
    """Replaces the sleep and acquire functions of botocore and aiobotocore, and restores them."""

    def __init__(self) -> None:
        self._modules: set[str] = set()
        #: The owner, the attribute name, the original and the replacement.
        self._replaced: list[tuple[object, str, Any, Any]] = []

    def replace(self) -> None:
        """Replace the functions in the modules that are imported by now."""
        for name in (*_SLEEP_MODULES, *_BUCKET_MODULES):
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
        if name in _SLEEP_MODULES:
            self._patch(module, _SLEEP_MODULES[name], _SleepModule)
        for found in list(vars(module).values()):
            if isinstance(found, type) and name in _SLEEP_MODULES and "_sleep" in vars(found):
                self._patch(
                    found, "_sleep", _wrap_sleep
                )  # aiobotocore's endpoint for httpx sleeps with anyio
            if isinstance(found, type) and name in _BUCKET_MODULES and "acquire" in vars(found):
                self._patch(found, "acquire", _wrap_acquire)

    def _patch(self, owner: object, name: str, wrap: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        if not any(original is replacement for *_, replacement in self._replaced):
            replacement = wrap(original)
            self._replaced.append((owner, name, original, replacement))
            setattr(owner, name, replacement)


class _SleepModule:
    """A wrapper of the module time or asyncio, whose `sleep` may be skipped."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def sleep(self, seconds: float) -> Any:
        return self._module.sleep(0 if _SKIPS_BACKOFF.get() else seconds)


def _wrap_sleep(sleep: Callable[..., Any]) -> Callable[..., Any]:
    def sleep_unless_skipped(endpoint: object, seconds: float) -> Any:
        return sleep(endpoint, 0 if _SKIPS_BACKOFF.get() else seconds)

    return sleep_unless_skipped


def _wrap_acquire(acquire: Callable[..., Any]) -> Callable[..., Any]:
    is_async = inspect.iscoroutinefunction(acquire)

    async def at_once() -> bool:
        return True

    def acquire_unless_skipped(bucket: object, *arguments: Any, **keywords: Any) -> Any:
        if _SKIPS_BACKOFF.get() is False:
            return acquire(bucket, *arguments, **keywords)
        return at_once() if is_async else True

    return acquire_unless_skipped
