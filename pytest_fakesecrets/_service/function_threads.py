"""Threads that rotation functions start: their calls are calls of the function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from threading import RLock, Thread
from typing import Any, cast
from weakref import WeakSet

#: The threads that functions have started. A warm function keeps some of them for its next step.
_started: WeakSet[Thread] = WeakSet()
#: The steps that run: while there are any, starts of threads are noticed.
_steps: set[object] = set()
_lock = RLock()


def notice_starts(step: object, is_in_a_step: Callable[[], bool]) -> None:
    """
    Notice from now on which threads a step starts.

    Python does not record which thread has started another one, so `Thread.start` is replaced until
    the last step has ended.

    Args:
        step: what the step is known by, for `ignore_starts`.
        is_in_a_step: whether the thread that calls it runs a step.
    """
    with _lock:
        _steps.add(step)
        if not hasattr(Thread.start, "_is_noticed"):
            setattr(Thread, "start", _noticed(Thread.start, is_in_a_step))  # noqa: B010  # for the type checker


def ignore_starts(step: object) -> None:
    """Notice no further starts of threads once no other step runs. It may be called twice."""
    with _lock:
        _steps.discard(step)
        replaced: Any = Thread.start
        if not _steps and hasattr(
            replaced, "_is_noticed"
        ):  # else other code has replaced ours, which calls ours
            setattr(Thread, "start", replaced.__wrapped__)  # noqa: B010


def is_started_by_a_function(thread: Thread) -> bool:
    """Whether a rotation function, or a thread of one, has started a thread."""
    return thread in _started


def _noticed(start: Callable[[Thread], None], is_in_a_step: Callable[[], bool]) -> Callable[[Thread], None]:
    @wraps(start)
    def noticed(self: Thread) -> None:
        if _steps and (is_in_a_step() or is_started_by_a_function(threading.current_thread())):
            _started.add(self)
        start(self)

    cast(Any, noticed)._is_noticed = True
    return noticed
