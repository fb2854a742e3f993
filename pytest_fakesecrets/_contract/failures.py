"""The message of a failing scenario: what is wrong, what to do, and what each invocation of the function did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from pytest_fakesecrets._core.finding import Finding, grouped, grouped_lines, without_advice
from pytest_fakesecrets._service.reporting_errors import encodable

from .recorded_run import RecordedRun

#: A story shows this many equal calls, or equal series of calls up to a length, one by one.
_SHOWN_REPEATS = 10
_LONGEST_SERIES = 6


@dataclass(frozen=True, slots=True)
class InvocationRecord:
    """One invocation of the rotation function: its calls, its result, and the labels after it."""

    step: str
    attempt: int
    calls: Sequence[str]
    result: str
    labels: str
    #: What the target showed after it.
    notes: Sequence[str] = ()
    #: The ClientRequestToken, and whether a scenario sent the event outside of the rotation.
    token: str = field(default="", repr=False)
    is_extra: bool = False
    #: The calls, and between them those that the target has rejected.
    shown: Sequence[str] = field(default=(), repr=False)


def finding_lines(findings: Sequence[Finding], text: str) -> Iterator[str]:
    """
    Yield the findings, and under each one those that follow from it.

    Args:
        findings: the findings of the rotation.
        text: the headline of the failure. A finding that it has already is not repeated.
    """
    groups = grouped(list(dict.fromkeys(findings)))
    for _, following in [group for group in groups if group[0].text in text]:
        yield from ["", "What follows from it:"] if following else []
        yield from (f"- {without_advice(finding)}" for finding in following)
    others = [group for group in groups if group[0].text not in text]
    yield from ["", "What was found:"] if others else []
    yield from grouped_lines(others)


class Failure(NamedTuple):
    """The message of a scenario that failed, in parts."""

    code: str
    text: str
    advice: str
    lines: Sequence[str]

    def message(self, summary: str = "") -> str:
        """The whole message, with a sentence about the points of a series at which the scenario fails."""
        text = f"{self.text} {summary}" if summary else self.text
        head = [f"{self.code}: {text}", f"What to do: {self.advice}"]
        return encodable("\n".join([*head, *self.lines]))


class ScenarioFailed(AssertionError):
    """A scenario failed. Its message has the invocations of the function, so pytest need not print the timeline."""

    has_the_story = True
    # pytest prints the class. To its users it is an AssertionError.
    __module__, __qualname__ = "builtins", "AssertionError"

    def __init__(self, failure: Failure, summary: str = "", run: RecordedRun | None = None) -> None:
        super().__init__(failure.message(summary))
        self.failure = failure
        #: The run that failed, for the report.
        self.fakesecrets_run = run


def invocation_lines(invocations: Sequence[InvocationRecord]) -> Iterator[str]:
    """Yield the invocations, attempt by attempt. Attempts that are equal to the one before are shown once."""
    shown, equal = list[str](), list[int]()
    tokens = list(dict.fromkeys(record.token for record in invocations if not record.is_extra))
    sent = {(record.token, record.step) for record in invocations if not record.is_extra}
    for (token, attempt), records in groupby(invocations, lambda record: (record.token, record.attempt)):
        lines = [line for record in records for line in _lines_of(record, sent)]
        if lines == shown:
            equal.append(attempt)
            continue
        yield from _equal_attempts(equal)
        equal.clear()
        shown = lines
        rotation = f"rotation {tokens.index(token) + 1}, " if len(tokens) > 1 and token in tokens else ""
        yield f"  {rotation}attempt {attempt}" if token in tokens else "  events outside of a rotation"
        yield from lines
    yield from _equal_attempts(equal)


def _lines_of(record: InvocationRecord, sent: Collection[tuple[str, str]]) -> Iterator[str]:
    """
    Yield the lines of an invocation.

    Args:
        sent: the tokens and steps of the events that rotations have sent.
    """
    step = f"{record.step} (extra)" if record.is_extra else record.step
    yield f"    {step:<13} {', '.join(_without_repeats(record.shown)) or 'no call'}"
    yield f"    {'':<13} {record.result}; {record.labels}"
    if record.is_extra and (record.token, record.step) in sent:
        yield f"    {'':<13} extra: the same event, delivered again"
    yield from (f"    {'':<13} {note}" for note in record.notes)


def _without_repeats(calls: Sequence[str]) -> Iterator[str]:
    """Yield the calls of a step. A series that is made many times in a row, as by a loop that waits, is shown once."""
    place = 0
    while place < len(calls):
        size, times = max(
            ((size, _times(calls, place, size)) for size in range(1, _LONGEST_SERIES + 1)),
            key=lambda found: (found[1] > _SHOWN_REPEATS, -found[0]),
        )
        if times > _SHOWN_REPEATS:
            yield f"{times:,} times ({', '.join(calls[place : place + size])})"
            place += size * times
        else:
            yield calls[place]
            place += 1


def _times(calls: Sequence[str], place: int, size: int) -> int:
    """How often a series of calls, which begins at a place, is made in a row."""
    series, times = calls[place : place + size], 1
    while calls[place + size * times : place + size * (times + 1)] == series:
        times += 1
    return times


def _equal_attempts(numbers: Sequence[int]) -> Iterator[str]:
    if numbers:
        listed = " and ".join(", ".join(map(str, numbers)).rsplit(", ", 1))
        yield f"  attempt{'s' if len(numbers) > 1 else ''} {listed}: the same"
