"""The history of a secret as a table of its labels over time, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._core.rotation import RotationStep
from ._history import Call, Event, LabelMoved, ServiceEvent, ValueStored
from ._words import table, utc

_HEADINGS = ("time (UTC)", "event")


def timeline(name: str, events: Sequence[Event]) -> str:
    """
    One secret's events, and after each of them the labels of every version.

    "-" is a version without labels, "(empty)" one that has no value yet. No value is ever shown.
    """
    aliases = sorted(
        {alias for event in events for alias in _aliases(event)}, key=lambda alias: int(alias[1:])
    )
    told = list(_rows(events, aliases))
    lines = table([(*_HEADINGS, *aliases), *(row for row, _ in told)])
    notes = ["", *(note for _, note in told)]
    return "\n".join([name, *(f"{line}{note}" for line, note in zip(lines, notes, strict=True))])


def _aliases(event: Event) -> Iterator[str]:
    if isinstance(event, LabelMoved):
        yield from (alias for alias in (event.source, event.target) if alias is not None)
    elif isinstance(event, ValueStored):
        yield event.version


def _rows(events: Sequence[Event], aliases: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """A row, and what to say below it, for each event; moves of labels belong to the event before them."""
    held: dict[str, set[str]] = {}
    filled: set[str] = set()
    row, note = ("", ""), ""
    for event in events:
        if isinstance(event, LabelMoved):
            held.get(event.source or "", set()).discard(event.label)
            if event.target is not None:
                held.setdefault(event.target, set()).add(event.label)
            row = row if row[0] else (utc(event.at), event.by)
        elif isinstance(event, ValueStored):
            filled.add(event.version)
            held.setdefault(event.version, set())
        else:
            if row[0]:
                yield (*row, *_cells(aliases, held, filled)), note
            row, note = (utc(event.at), _words(event)), _note(event)
    if row[0]:
        yield (*row, *_cells(aliases, held, filled)), note


def _cells(aliases: Sequence[str], held: dict[str, set[str]], filled: set[str]) -> Iterator[str]:
    for alias in aliases:
        if alias not in held:
            yield ""
            continue
        text = ", ".join(sorted(held[alias])) or "-"
        yield text if alias in filled else f"{text} (empty)"


def _words(event: Call | ServiceEvent | RotationStep) -> str:
    if isinstance(event, RotationStep):
        return _step_words(event)
    if isinstance(event, ServiceEvent):
        return event.name
    words = event.operation if event.error is None else f"{event.operation} refused"
    return words if event.step is None else f"  {words}"


def _note(event: Call | ServiceEvent | RotationStep) -> str:
    if not isinstance(event, Call) or event.error is None:
        return ""
    lines = [f"{event.error}: {event.message}", *(event.hint or "").splitlines()]
    return "".join(f"\n      {line}" for line in lines)


def _step_words(step: RotationStep) -> str:
    told = f"{step.name}, delivered again," if step.redelivered else step.name
    attempt = "" if step.attempt == 1 else f" (attempt {step.attempt})"
    if step.error is None:
        return f"{told} returned{attempt}"
    if not step.was_raised:
        return f"{told} returned{attempt}, and the labels are wrong"
    return f"{told} raised {type(step.error).__name__}{attempt}"
