"""The names of the recorded calls of a rotation function, and which calls a recovery has skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_fakesecrets._operations import OPERATIONS

from .statements import is_change

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
