"""Problems in a rotation function that cause failures on AWS, or in clients of the secret, later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .exported import exported

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


@exported
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


#: By the code of a finding: the codes of later findings that follow from it.
CONSEQUENCES = {
    "current-moved-early": {"pending-left-behind"},
    "error-like-return": {"pending-left-behind", "step-did-nothing", "untested", "value-missing"},
    "error-swallowed": {
        "error-like-return",
        "pending-left-behind",
        "step-did-nothing",
        "untested",
        "value-empty",
        "value-missing",
    },
    "foreign-version": {"pending-left-behind", "step-did-nothing", "untested", "value-missing"},
    "illegal-call": {"pending-left-behind", "step-did-nothing", "value-missing"},
    "other-secret-changed": {"pending-left-behind", "step-did-nothing", "untested", "value-missing"},
    "previous-moved": {"illegal-call"},
    "step-did-nothing": {"pending-left-behind", "untested"},
    "value-empty": {"untested"},
    "value-missing": {"pending-left-behind", "untested"},
}


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """
    Return the findings that are causes, each with those that follow from it.

    Args:
        findings: of a rotation, in the order in which they were made, without the same one twice.
    """
    causes: list[tuple[Finding, list[Finding]]] = []
    for finding in findings:
        cause = next((each for each, _ in causes if finding.code in CONSEQUENCES.get(each.code, ())), None)
        following = next((rest for each, rest in causes if each is cause), None)
        if following is None:
            causes.append((finding, []))
        else:
            following.append(finding)
    return causes


def without_advice(finding: Finding) -> str:
    """A finding as text, where it follows from another one: its advice would lead away from the cause."""
    return str(finding).removesuffix(finding.advice).rstrip()


def grouped_lines(groups: Iterable[tuple[Finding, Sequence[Finding]]]) -> Iterator[str]:
    """Yield the causes as lines of a list, and under each one what follows from it."""
    for cause, following in groups:
        yield f"- {cause}"
        yield from (f"  follows from it: {without_advice(finding)}" for finding in following)


def unchecked(step: str) -> Finding:
    """Return the finding for a step whose check raised. Without it, the step would seem to be correct."""
    return Finding(
        code="unchecked",
        text=f"The calls of {step} could not be checked.",
        advice="See the ReportingFailedWarning of pytest-fakesecrets.",
        step=step,
    )
