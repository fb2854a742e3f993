"""Problems in a rotation function that cause failures on AWS, or in clients of the secret, later."""

from __future__ import annotations

from dataclasses import dataclass

from .public import public


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that is wrong with what a rotation function did. It is information: nothing fails by it.

    Attributes:
        code: its name, such as "current-moved-early".
        text: what happened, in one sentence.
        advice: what to do instead.
        step: the step in which it happened, or None.
        call: the call that did it, or None where none did.
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
    """The finding of a step whose check failed: without it, such a step would pass."""
    return Finding(
        code="unchecked",
        text=f"The calls of {step} could not be checked.",
        advice="See the ReportingFailedWarning of pytest-fakesecrets.",
        step=step,
    )
