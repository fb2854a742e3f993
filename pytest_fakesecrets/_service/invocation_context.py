"""What is known of the rotation step that runs in this thread or task: its calls are recorded as its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

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
