"""The rotation steps that run: every call that is made while a step runs is recorded as a call of that step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

from pytest_fakesecrets._core.errors import FunctionStopped

from .function_threads import ignore_starts, is_started_by_a_function, notice_starts
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


class RunningSteps:
    """
    The steps that run, and which of them a call belongs to.

    A function may call from threads that it has started, now or in an earlier step, and from a child process that
    reaches the fake over HTTP.
    """

    def __init__(self) -> None:
        self._running: dict[object, InvocationContext] = {}

    def begin(self, invocation: InvocationContext) -> None:
        """Note that a step runs from now on in this thread, or that what is known of it has changed."""
        CURRENT_INVOCATION.set(invocation)
        self._running[invocation.key] = invocation
        notice_starts(invocation.key, _is_in_a_step)

    def end(self, invocation: InvocationContext, before: InvocationContext | None) -> None:
        """Note that a step has ended, and that this thread goes on with *before*. It may be called twice."""
        ignore_starts(invocation.key)
        self._running.pop(invocation.key, None)
        CURRENT_INVOCATION.set(before)

    def current(self, is_about: Callable[[str], bool] = lambda arn: False) -> InvocationContext | None:
        """
        The step to which a call belongs that is made now and here, or None.

        Args:
            is_about: whether the call names the secret with an ARN. It decides between several steps.
        """
        own = CURRENT_INVOCATION.get()
        if own is not None or not self._running:
            return own
        if not FROM_ANOTHER_PROCESS.get() and not is_started_by_a_function(threading.current_thread()):
            return None
        running = list(self._running.values())
        if len(running) > 1:
            running = [each for each in running if each.rotation and is_about(each.rotation[0])]
        # Lambda stops the function, and not its threads: the function meets its deadline in its own thread.
        return running[0]._replace(deadline=None) if len(running) == 1 else None

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


def _is_in_a_step() -> bool:
    return CURRENT_INVOCATION.get() is not None
