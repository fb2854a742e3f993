"""Renders the history of a secret as a text table of its labels over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from pytest_fakesecrets._core.displayed_names import heading
from pytest_fakesecrets._core.errors import PendingVersionRejected
from pytest_fakesecrets._core.formatting import table, utc
from pytest_fakesecrets._core.rotation import RotationStep
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._service.hints import redacted_hint
from pytest_fakesecrets._service.history import (
    Call,
    Event,
    LabelMoved,
    RequestRejected,
    ServiceEvent,
    ValueStored,
    is_rejected,
)
from pytest_fakesecrets._service.redaction import Redact, unredacted

#: How many characters of an exception's message are shown, and how wide the column of the events gets.
_LONGEST_MESSAGE, _WIDEST = 200, 60

#: The lines of a table in addition to its rows: an empty line, its name, a note, and the headings of its columns.
_HEADING_LINES = 4

_HEADINGS = ("time (UTC)", "event")

#: The heading of the rejected calls that are about no secret.
WITHOUT_SECRET = "calls without a secret"


def calendar(windows: Sequence[Window]) -> str:
    """Return coming rotation windows as a table."""
    rows = [(utc(window.opens), utc(window.closes)) for window in windows]
    return "\n".join(table([("opens (UTC)", "closes (UTC)"), *rows]))


class _Row(NamedTuple):
    """A row of a table: an event with its position in the history, and the version of each label after it."""

    position: int
    event: Event
    versions: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<_Row {self.position}>"


def timeline(
    name: str,
    events: Sequence[Event],
    last: int | None = None,
    redact: Redact = unredacted,
) -> str:
    """
    Return the events of one secret, and after each event the version of every label.

    "(empty)" marks a version that has no value yet. No value is shown.

    Args:
        name: the heading of the table.
        events: the events of the secret.
        last: how many of the latest rows to show; None for all.
        redact: redacts error messages.
    """
    rows = list(_rows(enumerate(events)))
    omitted = 0 if last is None else max(0, len(rows) - last)
    return _table(name, rows, range(omitted, len(rows)), redact)


def bounded_timelines(
    events: Sequence[Event], failed: Collection[tuple[str, str]], max_rows: int, redact: Redact
) -> str:
    """
    Return the timelines of all secrets, with a limited number of rows in all.

    The rows of failed rotations are chosen first, then the latest rows. The headings of a further secret count as rows.

    Args:
        events: the whole history.
        failed: the ARNs and the tokens of the failed rotations.
        max_rows: the maximum number of rows.
        redact: redacts names and error messages.
    """
    events_of: dict[str, list[tuple[int, Event]]] = {}
    for position, event in enumerate(events):
        if event.secret_id or is_rejected(event):
            events_of.setdefault(event.secret_id or WITHOUT_SECRET, []).append((position, event))
    rows_of = {arn: list(_rows(numbered)) for arn, numbered in events_of.items()}
    spans = {arn: _span_of_failure(numbered, failed) for arn, numbered in events_of.items()}
    ranked = sorted(
        (
            (row.position in spans[arn], row.position, arn, index)
            for arn, rows in rows_of.items()
            for index, row in enumerate(rows)
        ),
        reverse=True,
    )
    shown = _rows_that_fit(((arn, index) for _, _, arn, index in ranked), max_rows)
    order = sorted((arn for arn in rows_of if arn in shown), key=lambda arn: not spans[arn])
    tables = [_table(redact(arn), rows_of[arn], sorted(shown[arn]), redact) for arn in order]
    if len(shown) < len(rows_of):
        tables.append(f"({len(rows_of) - len(shown)} more secrets are left out; timeline() shows them.)")
    return "\n\n".join(tables)


def _rows_that_fit(ranked: Iterable[tuple[str, int]], max_rows: int) -> Mapping[str, Sequence[int]]:
    """The indexes of the rows to show of each secret, in the order of their ranks, until there are too many lines."""
    shown: dict[str, list[int]] = {}
    lines_left = max_rows + _HEADING_LINES  # the headings of the first table do not count
    for arn, index in ranked:
        lines_left -= 1 if arn in shown else 1 + _HEADING_LINES
        if lines_left < 0:
            break
        shown.setdefault(arn, []).append(index)
    return shown


def _span_of_failure(events: Iterable[tuple[int, Event]], failed: Collection[tuple[str, str]]) -> range:
    """The positions of the last attempt of a failed rotation, among the events of its secret."""
    start: int | None = None
    stop = 0
    for position, event in events:
        if isinstance(event, ServiceEvent | RotationStep) and (event.secret_id, event.token) in failed:
            is_start = isinstance(event, ServiceEvent) and event.name.endswith("Started")
            if start is None or is_start:
                start = position
            stop = position + 1
    return range(0) if start is None else range(start, stop)


def _table(name: str, rows: Sequence[_Row], shown: Sequence[int], redact: Redact) -> str:
    """Return a table of the rows with the indexes *shown*. A note stands where others are left out."""
    labels = sorted({label for row in rows for label in row.versions}, key=label_order)
    cells = [
        (
            utc(rows[index].event.at),
            _with_error(rows[index].event, redact),
            *(rows[index].versions.get(label, "") for label in labels),
        )
        for index in shown
    ]
    headings, *lines = table([(*_HEADINGS, *labels), *cells], widest=_WIDEST)
    # How many rows are left out before, between and after those that are shown.
    first_gap, *gaps = [after - before - 1 for before, after in pairwise((-1, *shown, len(rows)))]
    text = [heading(name), *_omission(first_gap, "earlier events"), headings]
    for index, line, gap in zip(shown, lines, gaps, strict=True):
        text += [f"{line}{_note(rows[index].event, redact)}", *_omission(gap, "events")]
    return "\n".join(text)


def _omission(count: int, what: str) -> Sequence[str]:
    return [f"({count} {what} are left out)"] if count else []


def label_order(label: str) -> tuple[int, str]:
    """Return a sort key: AWS's own labels in the order in which a version gets them, then the others."""
    own = (PENDING, CURRENT, PREVIOUS)
    return (own.index(label) if label in own else len(own)), label


def _rows(events: Iterable[tuple[int, Event]]) -> Iterator[_Row]:
    """Yield the rows of one secret. Label moves and stored values are merged into the event before them."""
    aliases: dict[str, str] = {}
    with_value: set[str] = set()
    versions: Mapping[str, str] = {}
    open_row: tuple[int, Event] | None = None  # the position and the event of the row that is not yet yielded
    for position, event in events:
        if isinstance(event, LabelMoved):
            aliases = {label: alias for label, alias in aliases.items() if label != event.label}
            if event.target is not None:
                aliases[event.label] = event.target
            versions = _version_texts(aliases, with_value)
            open_row = open_row or (position, event)
        elif isinstance(event, ValueStored):
            with_value.add(event.version)
            versions = _version_texts(aliases, with_value)
        else:
            if open_row is not None:
                yield _Row(*open_row, versions)
            open_row = position, event
    if open_row is not None:
        yield _Row(*open_row, versions)


def _version_texts(aliases: dict[str, str], with_value: set[str]) -> dict[str, str]:
    return {label: alias if alias in with_value else f"{alias} (empty)" for label, alias in aliases.items()}


def describe_event(event: Call | RequestRejected | ServiceEvent | RotationStep) -> str:
    """Return a short description of an event. For a call inside a step it begins with two spaces."""
    if isinstance(event, RotationStep):
        return _describe_step(event)
    if isinstance(event, ServiceEvent):
        return event.name
    description = str(event) if event.error is None else f"{event} rejected"
    return description if event.step is None else f"  {description}"


def _with_error(event: Event, redact: Redact) -> str:
    """The words for an event, with the message and the line of what a step raised."""
    if isinstance(event, LabelMoved | ValueStored):
        return event.by
    text = describe_event(event)
    if not isinstance(event, RotationStep) or not event.was_raised or not event.error_message:
        return text
    kind = type(event.error).__name__
    message = event.error_message.removeprefix(kind)
    shown = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
    where = f" at {event.raised_at}" if event.raised_at else ""
    return text.replace(f"raised {kind}", f"raised {kind}{redact(shown)}{where}", 1)


def _note(event: Event, redact: Redact) -> str:
    if not isinstance(event, Call | RequestRejected) or event.error is None:
        return ""
    lines = [f"{event.error}: {redact(event.message)}" if event.message else event.error]
    lines += redacted_hint(event.hint or "", redact).splitlines()
    return "".join(f"\n      {line}" for line in lines)


def _describe_step(step: RotationStep) -> str:
    name = f"{step.name}, delivered again," if step.redelivered else step.name
    attempt = "" if step.attempt == 1 else f" (attempt {step.attempt})"
    if step.error is None:
        return f"{name} returned{attempt}"
    if isinstance(step.error, PendingVersionRejected):
        return f"{name} returned{attempt}, and the pending version is rejected"
    if not step.was_raised:
        return f"{name} returned{attempt}, and the labels are wrong"
    return f"{name} raised {type(step.error).__name__}{attempt}"
