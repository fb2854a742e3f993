"""The calls at the target: each one from its beginning, and the rejection of a single one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pytest_fakesecrets._core.errors import CONNECTION_LOST, CredentialRefused, FunctionStopped, TargetDown
from pytest_fakesecrets._core.moments import FIRST
from pytest_fakesecrets._service.reporting_errors import repr_of

from .driver_errors import driver_errors
from .target_call_names import ENDING_NAMES, is_statement, may_be_a_login

#: Statements whose errors a function may ignore: they only end something of a session.
_ENDING_STATEMENTS = frozenset({"DEALLOCATE", "RELEASE", "RESET", "ROLLBACK", "UNLOCK"})

#: Calls that a target may also reject because of their credential, and not only because it is down.
_MAY_BE_REFUSED = frozenset({"add_password", "change_password", "create_user"})

#: Pairs of calls of which one does what the other one could not do.
_ALTERNATIVES = frozenset({("create_user", "change_password"), ("CREATE", "ALTER"), ("ALTER", "CREATE")})

#: The name after the keywords of a statement for a user, in the key of a call.
_USER = re.compile(r"\b(?:CREATE|ALTER)\s+(?:USER|ROLE|LOGIN)\s+[\\'\"`\[]*([^\s'\"`\]@\\]+)", re.IGNORECASE)


@dataclass(eq=False)
class TargetCall:
    """A call at the target that a step has begun at `at`. `key` is equal for two calls with the same arguments."""

    step: str
    name: str
    key: str = field(repr=False)
    line: str | None = field(repr=False)
    #: The module of the function, or "" for a call of a CredentialTarget.
    module: str = field(default="", repr=False)
    is_completed: bool = False
    was_rejected: bool = False
    at: datetime = field(default=FIRST, repr=False)
    #: Whether Lambda has killed the function in a call that this one has made.
    was_stopped: bool = False

    @property
    def what(self) -> str:
        """The call, its step and its line."""
        return f"{self.name} in {self.step}{'' if self.line is None else f' at {self.line}'}"

    @property
    def swallowed(self) -> tuple[str, str, str]:
        """The cause of the failures that come from a swallowed error of this call."""
        return "error-swallowed", self.step, self.line or self.name

    def is_same_as(self, other: TargetCall) -> bool:
        return (self.step, self.name, self.key) == (other.step, other.name, other.key)

    def replaces(self, rejected: TargetCall) -> bool:
        """Whether this completed call does what a rejected one could not do."""
        if not self.is_completed or self.step != rejected.step:
            return False
        if self.is_same_as(rejected):
            return True
        if may_be_a_login(rejected.name):  # with another password
            return self.name == rejected.name
        is_alternative = _is_alternative(rejected.name.split(), self.name.split())
        return is_alternative and _may_have_one_user(rejected, self)


def _is_alternative(rejected: Sequence[str], made: Sequence[str]) -> bool:
    if len(rejected) == len(made) == 1:
        return (rejected[0], made[0]) in _ALTERNATIVES
    same = rejected[0] == made[0] and rejected[2:] == made[2:]
    return same and (*rejected[1:2], *made[1:2]) in _ALTERNATIVES


def _may_have_one_user(rejected: TargetCall, made: TargetCall) -> bool:
    """Whether two calls that change a user may be for the same one: of a placeholder the user is not known."""
    if " " not in rejected.name:  # a method, of which the user is the first argument
        return rejected.key.partition(",")[0] == made.key.partition(",")[0]
    users = [match[1].lower() for key in (rejected.key, made.key) if (match := _USER.search(key))]
    is_known = len(users) == 2 and not any(user[0] in "%:$?{@)" for user in users)
    return users[0] == users[1] if is_known else True


class Rejection(NamedTuple):
    """
    The rejection of one call.

    Attributes:
        call: the call as it was made in a rotation without faults.
        number: how many calls of that name the step has begun before it.
        error: the exception that is raised instead of the call.
        each_time: whether later calls with the same arguments are rejected too.
    """

    call: TargetCall
    number: int
    error: Exception
    each_time: bool


class TargetCalls:
    """The calls at the target that the function has begun, oldest first. One of them may be rejected."""

    def __init__(self) -> None:
        self.begun: list[TargetCall] = []
        self.rejection: Rejection | None = None

    @contextmanager
    def running(self, call: TargetCall) -> Iterator[None]:
        """Record a call while the block makes it, or reject it instead."""
        is_rejected = self._is_rejected(call)
        self.begun.append(call)
        if is_rejected and self.rejection is not None:
            call.was_rejected = True
            raise self.rejection.error
        try:
            yield
        except FunctionStopped:
            call.was_stopped = True
            raise
        call.is_completed = True

    def _is_rejected(self, call: TargetCall) -> bool:
        chosen = self.rejection
        if chosen is None:
            return False
        if (first := self.rejected) is not None:
            return chosen.each_time and call.is_same_as(first)
        before = [each for each in self.begun if (each.step, each.name) == (call.step, call.name)]
        return (call.step, call.name) == (chosen.call.step, chosen.call.name) and len(before) == chosen.number

    @property
    def rejected(self) -> TargetCall | None:
        """The first call that was rejected, or None."""
        return next((call for call in self.begun if call.was_rejected), None)

    def first_lost(self, step: str) -> TargetCall | None:
        """The first call of a step that was rejected, or None."""
        return next((call for call in self.begun if call.step == step and not call.is_completed), None)

    def not_completed(self, step: str) -> TargetCall | None:
        """The last call of a step, if it was rejected, or None."""
        last = next((call for call in reversed(self.begun) if call.step == step), None)
        return None if last is None or last.is_completed else last

    def last_login_after_the_change(self, step: str) -> timedelta | None:
        """The time from the last change of a credential to the last login of a step, if that was rejected, or None."""
        own = [call for call in self.begun if not call.module]
        changes = [call.at for call in own if call.name in _MAY_BE_REFUSED and call.is_completed]
        logins = [call for call in own if call.step == step and call.name == "log_in"]
        if not logins or logins[-1].is_completed or not changes or logins[-1].at < changes[-1]:
            return None
        return logins[-1].at - changes[-1]

    @property
    def replaced(self) -> list[TargetCall]:
        """The calls that were not completed, and whose work a later call of the same step has done."""
        return [
            call
            for place, call in enumerate(self.begun)
            if not call.is_completed and any(later.replaces(call) for later in self.begun[place + 1 :])
        ]


def key_of(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """A key of arguments: values and statements by their text, and other objects, such as connections, by their type."""
    named = [(name, _key(value)) for name, value in sorted(keywords.items())]
    return repr(([_key(each) for each in arguments], named))


def _key(argument: object) -> str:
    plain = (str, bytes, int, float, bool, type(None), tuple, list, dict)
    return (
        repr_of(argument)
        if isinstance(argument, plain) or is_statement(argument)
        else type(argument).__name__
    )


def rejections_of(calls: Sequence[TargetCall]) -> Iterator[tuple[int, Rejection]]:
    """
    Yield the rejections of single calls, each with the number of its call, from 1 on.

    A call that was rejected without a fault is left out, as the login with a password that is not set yet, and so is one
    that only ends a session.

    Args:
        calls: those of a rotation without faults.
    """
    for place, call in enumerate(calls):
        if call.is_completed and not _is_ending(call.name):
            number = sum((each.step, each.name) == (call.step, call.name) for each in calls[:place])
            for error in _errors(call):
                yield place + 1, Rejection(call, number, error, each_time=False)


def _is_ending(name: str) -> bool:
    function, _, statement = name.partition(" ")
    return function.rpartition(".")[2] in ENDING_NAMES or statement.split(" ")[0] in _ENDING_STATEMENTS


def _errors(call: TargetCall) -> Iterator[Exception]:
    """Yield the exceptions with which a target may reject a call: those of its driver, if that has any."""
    yield from [*driver_errors(call.module)] or [TargetDown(CONNECTION_LOST)]
    if not call.module and call.name in _MAY_BE_REFUSED:
        yield CredentialRefused(f"The target has rejected {call.name}.")
