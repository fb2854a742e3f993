"""Problems in a rotation function that cause failures on AWS, or in clients of the secret, later."""

from __future__ import annotations

from dataclasses import dataclass

from .public import public

#: Every code that a finding, or a failing scenario of a contract, can have.
CODES = frozenset(
    [
        "credential-left-behind",
        "current-moved-early",
        "did-not-alternate",
        "disabled-accepted",
        "error-like-return",
        "error-swallowed",
        "event-misread",
        "first-rotation-failed",
        "foreign-version",
        "hostile-password",
        "illegal-call",
        "late-duplicate",
        "locked-out",
        "members-lost",
        "needs-current-version",
        "no-tolerance-for-delay",
        "not-accepted",
        "not-recovered",
        "other-secret-changed",
        "pending-left-behind",
        "pending-needed",
        "pending-overwritten",
        "previous-moved",
        "rotation-enabled-assumed",
        "rotation-failed",
        "rotation-token-missing",
        "second-delivery-failed",
        "second-rotation-failed",
        "secret-leaked",
        "state-in-memory",
        "state-not-reset",
        "step-did-nothing",
        "stuck-not-recovered",
        "test-run-failed",
        "too-slow",
        "unchecked",
        "unknown-step-accepted",
        "unknown-token-accepted",
        "untested",
        "value-empty",
        "value-missing",
        "value-unchanged",
        "work-skipped",
        "wrong-version-used",
    ]
)


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One problem in what a rotation function did. A finding is information: it does not fail a test.

    Attributes:
        code: its name, such as "current-moved-early".
        text: what happened, in one sentence.
        advice: what to do instead.
        step: the step in which it happened, or None.
        call: the call that caused it, or None.
    """

    code: str
    text: str
    advice: str
    step: str | None = None
    call: str | None = None

    def __str__(self) -> str:
        location = ", ".join(part for part in (self.step, self.call) if part)
        return f"{self.code}{f' ({location})' if location else ''}: {self.text} {self.advice}"


def unchecked(step: str) -> Finding:
    """Return the finding for a step whose check raised. Without it, the step would seem to be correct."""
    return Finding(
        code="unchecked",
        text=f"The calls of {step} could not be checked.",
        advice="See the ReportingFailedWarning of pytest-fakesecrets.",
        step=step,
    )
