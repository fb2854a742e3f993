"""The names of the recorded calls of a rotation function, and which calls a recovery has skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.history import Event, LabelMoved, ValueStored

from .target_call_names import is_change

#: The calls of an attempt, as (step, name).
Log = Sequence[tuple[str, str]]


def operation_of(name: str) -> str:
    """The operation, or the function of the target, in the name of a call."""
    return name.split()[0]


def is_target_call(name: str) -> bool:
    return name != "return" and operation_of(name) not in OPERATIONS


def is_target_change(name: str) -> bool:
    """Whether a call is at the target, and changes something there."""
    return is_target_call(name) and is_change(name)


def skipped_calls(log: Log, undisturbed: Log) -> list[str]:
    """
    Describe the calls at the target that a rotation without faults has made, and this one has not made, or not as often.

    Only calls that change something are counted: a recovery may read less.
    """
    made, expected = (
        Counter(name for _, name in each if is_target_call(name)) for each in (log, undisturbed)
    )
    return [
        f"{name} was called {_times(made[name])}, not {_times(count)}"
        if made[name]
        else f"{name} was never called"
        for name, count in expected.items()
        if made[name] < (count if is_change(name) else 1)
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def unseen_changes(log: Log, events: Sequence[Event], arn: str) -> list[str]:
    """
    The operations that have changed a secret, and are not among the calls of the function.

    Args:
        events: the history of a rotation of the secret.
        arn: the ARN of the secret.
    """
    seen = {operation_of(name) for _, name in log} | {"RotateSecret"}
    changes = (event for event in events if isinstance(event, LabelMoved | ValueStored))
    return sorted({event.by for event in changes if event.secret_id == arn and event.by in OPERATIONS} - seen)
