"""The state of a rotation: its steps, position and status, and whether the staging labels show one in progress."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID, uuid5

from .errors import PendingVersionRejected
from .exported import exported
from .finding import Finding
from .formatting import readable_repr
from .schedule import Window
from .staging_labels import CURRENT, PENDING, Labels

Status = Literal["in progress", "succeeded", "failed", "abandoned", "cancelled"]

#: The steps of a rotation, in the words of the function's event (aws-samples/aws-secrets-manager-rotation-lambdas).
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
#: The steps of a test run, with RotateImmediately=false (API_RotateSecret).
TEST_STEPS = ("testSecret",)
#: A rotation by the owner of a managed secret, or by the partner of an external secret, shows no steps.
SERVICE_STEPS = ("managedRotation",)

#: The namespace of RotationTokens, which are opaque and the same in every run.
_ROTATION_TOKENS = UUID("6f2f52d2-7c0b-4f0e-9c51-3a0f3b0d2a6e")


@lru_cache(maxsize=16)  # each step needs it several times
def rotation_token(token: str) -> str:
    """Return the RotationToken of the rotation with this ClientRequestToken. All of its steps have the same one."""
    return str(uuid5(_ROTATION_TOKENS, token.encode("utf-8", "backslashreplace").decode()))


def labels_show_rotation_in_progress(labels: Labels) -> bool:
    """
    Whether a rotation is in progress for RotateSecret: AWSPENDING is on a version without AWSCURRENT.

    Only the labels decide, not the call that attached them (API_RotateSecret).
    """
    pending = labels.get(PENDING)
    return pending is not None and pending != labels.get(CURRENT)


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class RotationStep:
    """
    One call of a rotation function.

    Attributes:
        name: the step as AWS names it: "createSecret", "setSecret", "testSecret" or "finishSecret".
        attempt: 1 for the first time through, 2 for AWS's first retry of the whole process.
        start: when the function was called, in UTC.
        end: when it returned or raised.
        error: the exception that the function raised, or the error that was found after it returned; or None.
        redelivered: whether the event of the call had been delivered before.
        findings: the problems in what the function did in the step.
        error_message: the type and the message of the error, without secret values; or None.
        raised_at: the line of the function that raised it, such as "rotation.py:12 in set_secret"; or None.
    """

    name: str
    attempt: int
    start: datetime
    end: datetime
    secret_id: str
    token: str
    #: Excluded from the repr: the message of the exception may contain a password.
    error: BaseException | None = field(default=None, repr=False)
    redelivered: bool = False
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    error_message: str | None = field(default=None, repr=False)
    raised_at: str | None = field(default=None, repr=False)
    #: Hints about the test as the cause of the error.
    _hints: tuple[str, ...] = field(default=(), repr=False, compare=False)

    __repr__ = readable_repr

    @property
    def succeeded(self) -> bool:
        return self.error is None

    @property
    def error_summary(self) -> str | None:
        """The error and its line: "ValueError: message at rotation.py:12 in set_secret", without secret values."""
        return f"{self.error_message} at {self.raised_at}" if self.raised_at else self.error_message

    @property
    def was_raised(self) -> bool:
        """
        Whether the function raised the error.

        Otherwise the fake has created it: the labels are wrong after the last step, or the pending version is rejected.
        """
        return self.error is not None and self.error.__traceback__ is not None

    @property
    def at(self) -> datetime:
        """The time of the event in the history: the end of the step."""
        return self.end


_VERBS = {"in progress": "is in progress", "abandoned": "was abandoned", "cancelled": "was cancelled"}


def _findings_of(steps: tuple[RotationStep, ...]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(finding for step in steps for finding in step.findings))


class StatusText(str):
    """
    The status of a rotation, with its steps, so that a failed comparison can explain why the rotation failed.

    Args:
        rotation: the ARN of the secret and the token, so that the explanation can find the rotation's present state.
    """

    __slots__ = ("_steps", "rotation")
    _steps: tuple[RotationStep, ...]
    rotation: tuple[str, str]

    def __new__(
        cls, status: str, steps: tuple[RotationStep, ...], rotation: tuple[str, str] = ("", "")
    ) -> StatusText:
        text = super().__new__(cls, status)
        text._steps, text.rotation = steps, rotation
        return text

    def __reduce__(self) -> tuple[type[StatusText], tuple[str, tuple[RotationStep, ...], tuple[str, str]]]:
        return StatusText, (str(self), self._steps, self.rotation)

    @property
    def summary(self) -> str:
        """The outcome of the rotation: "failed in setSecret, attempt 2: ValueError: message at file.py:12 in f"."""
        verb = _VERBS.get(self, str(self))
        if not self._steps:
            return f"{verb}, and no step has run"
        step = self._steps[-1]
        preposition = "after" if self == "in progress" else "in"
        where = f"{verb} {preposition} {step.name}, attempt {step.attempt}"
        return f"{where}: {step.error_summary}" if step.error_summary else where

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints about the error of the last step."""
        return self._steps[-1]._hints if self._steps else ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all steps, without duplicates."""
        return _findings_of(self._steps)


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """
    A snapshot of one rotation of one secret.

    Attributes:
        secret_id: the secret's ARN.
        token: the id of the new version.
        status: "in progress", "succeeded", "failed" (AWS may still retry it), "abandoned" (a new
            current value was stored meanwhile) or "cancelled".
        steps: every step that has run, of all attempts, oldest first.
        error: why the last attempt failed, or None.
        scheduled_at: the window of a scheduled rotation, or None if RotateSecret started it.
        is_test: whether it is the test run of RotateImmediately=false, which rotates nothing.
    """

    secret_id: str
    token: str
    started_at: datetime
    status: Status = "in progress"
    steps: tuple[RotationStep, ...] = ()
    error: BaseException | None = field(default=None, repr=False)
    scheduled_at: Window | None = None
    is_test: bool = False
    attempt: int = 1
    #: The steps of one attempt.
    plan: tuple[str, ...] = STEPS
    #: How many steps this attempt has completed.
    position: int = 0
    #: When AWS retries a failed rotation, or None if it does not.
    retry_at: datetime | None = None
    #: How many attempts had been made when its window opened.
    attempts_before: int = 0
    #: None if the owner of the secret, or a partner, rotates it.
    function_arn: str | None = None

    def __post_init__(self) -> None:
        rotation = self.secret_id, self.token
        object.__setattr__(self, "status", StatusText(self.status, self.steps, rotation))

    def __repr__(self) -> str:
        run = "test run" if self.is_test else "rotation"
        done = ", ".join(step.name for step in self.steps) or "no step yet"
        return f"<{run} of {self.secret_id}: {self.status}, attempt {self.attempt}; {done}>"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all steps of all attempts, without duplicates."""
        return _findings_of(self.steps)

    @property
    def failure(self) -> str | None:
        """The errorMessage that CloudTrail shows (user guide, CloudTrail entries)."""
        if self.error is None:
            return None
        if isinstance(self.error, PendingVersionRejected):
            return str(self.error)
        return f"Error when executing lambda {self.function_arn} during {self.steps[-1].name} step"

    @property
    def next_step(self) -> str:
        """The step that runs next. After a failure, it is the first step again (user guide, rotating-secrets)."""
        return self.plan[0] if self.status == "failed" else self.plan[self.position]

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_due_again(self) -> bool:
        return self.status == "failed" and self.retry_at is not None

    def has_steps_left(self, labels: Labels) -> bool:
        """
        Whether AWS would call the function again.

        A failed rotation is retried while its version has AWSPENDING or AWSCURRENT. If the version has neither
        label, the secret has been repaired by hand.
        """
        if self.status == "failed":
            return self.retry_at is not None and self.token in (labels.get(PENDING), labels.get(CURRENT))
        return self.status == "in progress"

    def retried(self) -> Rotation:
        """Return the next attempt: all steps again, with the same token (user guide, rotating-secrets)."""
        return replace(
            self, status="in progress", attempt=self.attempt + 1, position=0, error=None, retry_at=None
        )

    def reattempted(self, window: Window) -> Rotation:
        """Return the rotation with its old token, in a window that has opened while it was stuck."""
        return replace(self, scheduled_at=window, attempts_before=self.attempt)

    def advanced(self, step: RotationStep) -> Rotation:
        return replace(self, steps=(*self.steps, step), position=self.position + 1)

    @property
    def is_at_its_end(self) -> bool:
        return self.position == len(self.plan)

    def has_reached_its_goal(self, labels: Labels) -> bool:
        """
        Whether the labels are those of a successful rotation.

        AWSCURRENT is on the new version. AWSPENDING is on the new version too, or on no version (API_RotateSecret).
        """
        return labels.get(CURRENT) == self.token and not labels_show_rotation_in_progress(labels)
