"""The rotation step that runs in this thread or task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

from pytest_fakesecrets._core.errors import FunctionStopped

from .functions import timed_out
from .history import Event


class InvocationContext(NamedTuple):
    """A running rotation step, the account of its secret, and the deadline of its function."""

    step: str
    account: str
    deadline: datetime | None = None
    #: The events and the generated passwords of this step alone, without those of other threads. None: not recorded.
    events: list[Event] | None = None
    passwords: list[str] | None = None
    #: The length of the history when the step began.
    began: int = 0
    #: The ARN of the secret and the token of the rotation, or None outside of a rotation.
    rotation: tuple[str, str] | None = None

    def prepare_recording(self, events: Sequence[Event], passwords: Sequence[str]) -> Callable[[], None]:
        """Return an idempotent function that adds events and passwords."""
        recorded, drawn = self.events, self.passwords
        event_index, password_index = len(recorded or ()), len(drawn or ())

        def record() -> None:
            if recorded is not None:
                recorded[event_index : event_index + len(events)] = events
            if drawn is not None:
                drawn[password_index : password_index + len(passwords)] = passwords

        return record

    def __repr__(self) -> str:
        return f"<InvocationContext {self.step} in account {self.account}>"

    def check_time(self, now: datetime) -> None:
        """
        Stop the function if its deadline has passed, as Lambda does.

        Raises:
            FunctionStopped: the deadline has passed.
        """
        if self.deadline is not None and now > self.deadline:
            raise FunctionStopped(timed_out())


#: The step that runs in this thread or task, or None.
CURRENT_INVOCATION: ContextVar[InvocationContext | None] = ContextVar("CURRENT_INVOCATION", default=None)
