"""The rotation steps that run: every call that is made while a step runs is recorded as a call of that step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from threading import Thread
from typing import NamedTuple
from weakref import WeakSet

from pytest_fakesecrets._core.errors import FunctionStopped

from .functions import timed_out
from .history import Event


class InvocationContext(NamedTuple):
    """A rotation step, the account of its secret, and until when its function may run."""

    step: str
    account: str
    deadline: datetime | None = None
    #: What it has done so far, and the passwords that it was given: of this call alone, whatever runs beside it.
    events: list[Event] | None = None
    passwords: list[str] | None = None
    #: How long the history was when it began.
    began: int = 0
    #: The ARN of the secret and the token of the rotation, or None where no rotation is meant.
    rotation: tuple[str, str] | None = None
    #: What this call is known by among those that run.
    key: object = None

    def noting(self, events: Sequence[Event], passwords: Sequence[str]) -> Callable[[], None]:
        """What adds to the events and the passwords, once, however often it is begun."""
        own, given = self.events, self.passwords
        place, given_place = len(own or ()), len(given or ())

        def note() -> None:
            if own is not None:
                own[place : place + len(events)] = events
            if given is not None:
                given[given_place : given_place + len(passwords)] = passwords

        return note

    def __repr__(self) -> str:
        return f"<InvocationContext {self.step} in account {self.account}>"

    def check_time(self, now: datetime) -> None:
        """
        Stop a function that has outlived its time, as Lambda does.

        Raises:
            FunctionStopped: it has.
        """
        if self.deadline is not None and now > self.deadline:
            raise FunctionStopped(timed_out())


#: The step that runs here, in this thread or task.
CURRENT_INVOCATION: ContextVar[InvocationContext | None] = ContextVar("CURRENT_INVOCATION", default=None)

#: Whether the request that this thread answers came from another process, over HTTP.
FROM_ANOTHER_PROCESS: ContextVar[bool] = ContextVar("FROM_ANOTHER_PROCESS", default=False)


class _Running(NamedTuple):
    """A step that runs, and the threads that are not the function's: those of the test and of the application."""

    invocation: InvocationContext
    outsiders: frozenset[Thread]


#: Threads that were started while a step ran. A function may keep them for its next step, and for other fakes.
_OF_FUNCTIONS: WeakSet[Thread] = WeakSet()


class RunningSteps:
    """
    The steps that run, and which of them a call belongs to.

    A function may call from threads that it has started, now or in an earlier step, and from a child process that
    reaches the fake over HTTP. A thread that was there before, such as that of an application in the test, is not
    the function's.
    """

    def __init__(self) -> None:
        self._running: dict[object, _Running] = {}

    def begin(self, key: object, invocation: InvocationContext) -> None:
        """Note that a step runs from now on in this thread, or that what is known of it has changed."""
        known = self._running.get(key)
        self._running[key] = _Running(invocation, self._outsiders() if known is None else known.outsiders)

    def end(self, key: object) -> None:
        """Note that a step has ended. It may be called twice."""
        known = self._running.get(key)
        if known is not None:
            own = set(threading.enumerate()) - known.outsiders - {threading.current_thread()}
            _OF_FUNCTIONS.update(own)
            self._running.pop(key, None)

    def _outsiders(self) -> frozenset[Thread]:
        return frozenset(threading.enumerate()) - {threading.current_thread(), *_OF_FUNCTIONS}

    def current(self, is_about: Callable[[str], bool] = lambda arn: False) -> InvocationContext | None:
        """
        The step to which a call belongs that is made now and here, or None.

        Args:
            is_about: whether the call names the secret with an ARN. It decides between several steps.
        """
        own = CURRENT_INVOCATION.get()
        if own is not None or not self._running:
            return own
        running = list(self._running.values())
        if not FROM_ANOTHER_PROCESS.get():
            thread = threading.current_thread()
            running = [each for each in running if thread not in each.outsiders]
        if len(running) > 1:
            running = [
                each for each in running if each.invocation.rotation and is_about(each.invocation.rotation[0])
            ]
        if len(running) != 1:
            return None
        # Lambda stops the function, and not its threads: the function meets its deadline in its own thread.
        return running[0].invocation._replace(deadline=None)

    @contextmanager
    def attributing(self, is_about: Callable[[str], bool]) -> Iterator[None]:
        """Let a call be that of the step to which it belongs, for as long as the block runs."""
        own = CURRENT_INVOCATION.get()
        found = self.current(is_about)
        if found is own:
            yield
            return
        CURRENT_INVOCATION.set(found)
        try:
            yield
        finally:
            CURRENT_INVOCATION.set(own)
