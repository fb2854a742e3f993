"""Renders the history of a secret as a text table of its labels over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_fakesecrets._core.errors import PendingVersionRejected
from pytest_fakesecrets._core.formatting import table, utc
from pytest_fakesecrets._core.labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._core.rotation import RotationStep
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._service.hints import redacted_hint
from pytest_fakesecrets._service.history import Call, Event, LabelMoved, ServiceEvent, ValueStored
from pytest_fakesecrets._service.redaction import Redact, unredacted

#: How many characters of an exception's message are shown, and how wide the column of the events gets.
_LONGEST_MESSAGE, _WIDEST = 200, 60

_HEADINGS = ("time (UTC)", "event")


def calendar(windows: Sequence[Window]) -> str:
    """Return coming rotation windows as a table."""
    rows = [(utc(window.opens), utc(window.closes)) for window in windows]
    return "\n".join(table([("opens (UTC)", "closes (UTC)"), *rows]))


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
    entries = list(_rows(events))
    left_out = 0 if last is None else max(0, len(entries) - last)
    labels = sorted({event.label for event in events if isinstance(event, LabelMoved)}, key=label_order)
    rows = [
        (at, _with_error(text, event, redact), *(aliases.get(label, "") for label in labels))
        for (at, text), aliases, event in entries[left_out:]
    ]
    lines = table([(*_HEADINGS, *labels), *rows], widest=_WIDEST)
    notes = ["", *(_note(event, redact) for _, _, event in entries[left_out:])]
    heading = [name, f"({left_out} earlier events are left out)"] if left_out else [name]
    return "\n".join([*heading, *(f"{line}{note}" for line, note in zip(lines, notes, strict=True))])


def label_order(label: str) -> tuple[int, str]:
    """Return a sort key: AWS's own labels in the order in which a version gets them, then the others."""
    own = (PENDING, CURRENT, PREVIOUS)
    return (own.index(label) if label in own else len(own)), label


def _rows(events: Sequence[Event]) -> Iterator[tuple[tuple[str, str], dict[str, str], Event | None]]:
    """
    Yield the time and description of each event, the version of each label after it, and the event.

    Label moves and stored values are merged into the event before them.
    """
    aliases: dict[str, str] = {}
    with_value: set[str] = set()
    row: tuple[str, str] = ("", "")
    last: Event | None = None
    for event in events:
        if isinstance(event, LabelMoved):
            aliases = {label: alias for label, alias in aliases.items() if label != event.label}
            if event.target is not None:
                aliases[event.label] = event.target
            row = row if row[0] else (utc(event.at), event.by)
        elif isinstance(event, ValueStored):
            with_value.add(event.version)
        else:
            if row[0]:
                yield row, _version_texts(aliases, with_value), last
            row, last = (utc(event.at), describe_event(event)), event
    if row[0]:
        yield row, _version_texts(aliases, with_value), last


def _version_texts(aliases: dict[str, str], with_value: set[str]) -> dict[str, str]:
    return {label: alias if alias in with_value else f"{alias} (empty)" for label, alias in aliases.items()}


def describe_event(event: Call | ServiceEvent | RotationStep) -> str:
    """Return a short description of an event. For a call inside a step it begins with two spaces."""
    if isinstance(event, RotationStep):
        return _describe_step(event)
    if isinstance(event, ServiceEvent):
        return event.name
    description = str(event) if event.error is None else f"{event} rejected"
    return description if event.step is None else f"  {description}"


def _with_error(text: str, event: Event | None, redact: Redact) -> str:
    """The words for an event, with the message and the line of what a step raised."""
    if not isinstance(event, RotationStep) or not event.was_raised or not event.error_message:
        return text
    kind = type(event.error).__name__
    message = event.error_message.removeprefix(kind)
    shown = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
    where = f" at {event.raised_at}" if event.raised_at else ""
    return text.replace(f"raised {kind}", f"raised {kind}{redact(shown)}{where}", 1)


def _note(event: Event | None, redact: Redact) -> str:
    if not isinstance(event, Call) or event.error is None:
        return ""
    lines = [f"{event.error}: {redact(event.message or '')}"]
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
