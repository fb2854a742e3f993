"""The names of the recorded calls of a rotation function, and which calls a recovery has skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.history import Event, LabelMoved, ValueStored

from .target_call_names import (
    is_change,
    is_change_of_data,
    is_commit,
    is_flush,
    is_of_a_session,
    is_query_or_commit,
)

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


class SkippedCall(NamedTuple):
    """
    A call at the target that a recovery has not made, or not as often as a rotation without faults.

    Attributes:
        name: the name of the call.
        step: the last step that makes it more often in a rotation without faults.
        made, expected: how often it was made, and how often a rotation without faults makes it.
        is_in_a_transaction: whether the step commits afterwards, or the call itself is the commit.
    """

    name: str
    step: str
    made: int
    expected: int
    is_in_a_transaction: bool

    def __str__(self) -> str:
        if not self.made:
            return f"{self.name} was never called"
        if self.made >= self.expected:
            return f"{self.name} was called {_times(self.made)}, but not with each user and password"
        return f"{self.name} was called {_times(self.made)}, not {_times(self.expected)}"


def skipped_calls(
    log: Log,
    undisturbed: Log,
    *,
    is_verified: bool,
    repeated: tuple[Counter[str], Counter[str]] = (Counter(), Counter()),
) -> list[SkippedCall]:
    """
    Return the calls at the target that a rotation without faults has made, and this one has not made, or not as often.

    Calls that change nothing are not counted: a recovery may read less, and need not repeat what only concerned a
    session that has ended.

    Args:
        is_verified: whether the target is known to accept the new value.
        repeated: how many calls of each name in `log`, and in `undisturbed`, have set what was set already.
    """
    all_made, all_expected = (
        Counter(name for _, name in each if is_target_call(name)) for each in (log, undisturbed)
    )
    made, expected = all_made - repeated[0], all_expected - repeated[1]
    return [
        _skipped(name, all_made[name], all_expected[name], log, undisturbed)
        for name, count in expected.items()
        if made[name] < (count if is_change(name) else 1)
        and not _is_dispensable(name, undisturbed, is_verified=is_verified)
    ]


def _skipped(name: str, made: int, expected: int, log: Log, undisturbed: Log) -> SkippedCall:
    places = [place for place, (_, called) in enumerate(undisturbed) if called == name]
    lacking = Counter(undisturbed[place][0] for place in places) - Counter(
        step for step, called in log if called == name
    )
    place = max(place for place in places if not lacking or undisturbed[place][0] in lacking)
    step = undisturbed[place][0]
    commits = any(caller == step and is_commit(called) for caller, called in undisturbed[place:])
    return SkippedCall(name, step, made, expected, commits)


def _is_dispensable(name: str, undisturbed: Log, *, is_verified: bool) -> bool:
    """Whether a recovery need not make a call, since the changes before it in its step have their effect without it."""
    if is_of_a_session(name):
        return True
    if not is_flush(name) and not (is_verified and is_query_or_commit(name)):
        return False
    places = [place for place, (_, called) in enumerate(undisturbed) if called == name]
    return all(_has_effect_before(place, undisturbed, is_flush(name)) for place in places)


def _has_effect_before(place: int, undisturbed: Log, is_flush: bool) -> bool:
    """Whether a change precedes a call in its step, and has its effect at once; one of setSecret, if a login shows it."""
    step = undisturbed[place][0]
    before = [name for caller, name in undisturbed[:place] if caller == step and is_target_change(name)]
    is_shown = is_flush or step == "setSecret"
    return is_shown and bool(before) and not is_change_of_data(before[-1])


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
