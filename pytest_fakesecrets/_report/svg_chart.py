"""Draws the history of a secret as SVG: events from left to right, versions as lanes, labels as bars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from .records import Row, SecretPart
from .timeline import order

#: In pixels: the width of a column, of a column with a time, and of a character; the height of a line and of the axis.
_COLUMN, _DATED, _LETTER, _LINE, _AXIS = 27.0, 92.0, 6.7, 20.0, 50.0
#: In seconds: the distance from which an event gets a time of its own, and the one from which a gap is drawn.
_TOGETHER, _GAP = 1.0, 86_400.0
#: In pixels: the width of a gap.
_BREAK = 22.0

_MARKS = {"call": "●", "refused": "✕", "fault": "⚡", "step": "↩", "failed step": "✕", "service": "◆"}
_KINDS = {
    "call": "call",
    "refused": "refused call",
    "fault": "fault",
    "step": "step ended",
    "failed step": "step failed",
    "service": "Secrets Manager",
}
_STARTED, _SUCCEEDED, _ENDED = "Started", "Succeeded", ("Succeeded", "Failed", "Abandoned")
_SHORT = {"AWSCURRENT": "CUR", "AWSPENDING": "PEN", "AWSPREVIOUS": "PRE"}

#: Control characters and lone surrogates, which a page cannot contain.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Band(NamedTuple):
    """Columns under one time: the first, the one after the last, and the seconds since the band before."""

    first: int
    end: int
    gap: float


class Bar(NamedTuple):
    """A bar of a lane, from the column *first* up to, and without, *end*."""

    first: int
    end: int
    text: str
    style: str
    line: int = 0


def html(text: str) -> str:
    """Return text escaped for an element or a quoted attribute."""
    return escape(_UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text))


def span(seconds: float) -> str:
    """Return a duration as text: "1.5 s", "12 min", "28 d 14 h"."""
    past, left = seconds < 0, abs(seconds)
    if left < 60:
        told = f"{left:.3f}".rstrip("0").rstrip(".") + " s"
    else:
        units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        found = []
        for unit, size in units:
            if left >= size:
                found.append(f"{int(left // size)} {unit}")
                left %= size
        told = " ".join(found[:2])
    return f"{'back ' if past else ''}{told}"


def chart(secret: SecretPart, anchor: str) -> str:
    """
    Return the chart as HTML with two SVG elements: the names of the lanes do not scroll.

    Args:
        secret: the secret to draw.
        anchor: the prefix of the ids of the events, to which the columns link.
    """
    rows = secret.rows
    bands = list(_bands(rows))
    attempts, steps = list(_attempts(rows)), list(_steps(rows))
    places = _places(rows, bands, [*attempts, *steps])
    lanes: list[tuple[str, list[Bar]]] = []
    if attempts:
        lanes.append(("rotation", attempts))
    if steps:
        lanes.append(("step", steps))
    lanes += [("event", []), *_versions(secret)]
    names, drawn, top = [], [], _AXIS
    for name, bars in lanes:
        height = _LINE * (1 + max((bar.line for bar in bars), default=0)) + 8
        names.append(f'<text x="0" y="{top + 18:g}">{html(name)}</text>')
        drawn.append(f'<path class="rule" d="M0 {top:g}H{places[-1]:g}"/>')
        drawn += [_bar(bar, places, top + 4) for bar in bars]
        drawn += _marks(rows, places, top + 18) if name == "event" else _stored(rows, places, top, name)
        top += height
    return _frame(
        names, [*_axis(rows, bands, places, top), *drawn, *_columns(rows, places, top, anchor)], places, top
    )


def _frame(names: Iterable[str], drawn: Iterable[str], places: Sequence[float], height: float) -> str:
    width = places[-1]
    return (
        f'<div class="chart"><svg class="names" width="64" height="{height + 14:g}" aria-hidden="true">{"".join(names)}'
        f'</svg><div class="scroll" tabindex="0"><svg width="{width:g}" height="{height + 14:g}" role="img" '
        f'aria-label="Versions and labels over time">{"".join(drawn)}</svg></div></div>'
    )


def _bands(rows: Sequence[Row]) -> Iterator[Band]:
    first, gap = 0, 0.0
    for place in range(1, len(rows)):
        passed = rows[place].seconds - rows[place - 1].seconds
        if not 0 <= passed < _TOGETHER:
            yield Band(first, place, gap)
            first, gap = place, passed
    if rows:
        yield Band(first, len(rows), gap)


def _places(rows: Sequence[Row], bands: Iterable[Band], bars: Iterable[Bar]) -> list[float]:
    """Return the left edges of the columns and the right edge of the last, with room for all texts."""
    widths = [_COLUMN] * len(rows)
    for bar in bars:
        _widen(widths, bar.first, bar.end, len(bar.text) * _LETTER + 12)
    for band in bands:
        _widen(widths, band.first, band.end, _DATED + _break(band))
    places = [0.0]
    for width in widths:
        places.append(places[-1] + width)
    return places


def _widen(widths: list[float], first: int, end: int, least: float) -> None:
    missing = least - sum(widths[first:end])
    if missing > 0:
        for place in range(first, end):
            widths[place] += missing / (end - first)


def _break(band: Band) -> float:
    return _BREAK if abs(band.gap) >= _GAP else 0.0


def _axis(
    rows: Sequence[Row], bands: Iterable[Band], places: Sequence[float], height: float
) -> Iterator[str]:
    """Yield the times over bands of alternating shades. A gap of a day or more is drawn as a torn edge."""
    day = ""
    for number, band in enumerate(bands):
        left, right, row = places[band.first], places[band.end], rows[band.first]
        date, _, time = row.at.partition(" ")
        shade = "odd" if number % 2 else "even"
        yield f'<rect class="{shade}" x="{left:g}" y="0" width="{right - left:g}" height="{height + 14:g}"/>'
        if _break(band):
            teeth = "".join(f"l{6 if tooth % 2 else -6} 6" for tooth in range(int(height + 14) // 6))
            yield f'<path class="torn" d="M{left + 6:g} 0{teeth}"/>'
        x = left + 4 + _break(band)
        if date != day:
            yield f'<text class="date" x="{x:g}" y="13">{html(date)}</text>'
        yield f'<text class="time" x="{x:g}" y="27">{html(time)}</text>'
        if band.gap:
            late = " back" if band.gap < 0 else " far" if _break(band) else ""
            sign = "" if band.gap < 0 else "+"
            yield f'<text class="gap{late}" x="{x:g}" y="41">{sign}{html(span(band.gap))}</text>'
        day = date


def _columns(rows: Sequence[Row], places: Sequence[float], height: float, anchor: str) -> Iterator[str]:
    """Yield an overlay for each column, with a tooltip about its event and a link to it."""
    for place, row in enumerate(rows):
        x, width = places[place], places[place + 1] - places[place]
        lines = [
            f"{place + 1}. {row.words}",
            f"{row.at} UTC",
            _KINDS[row.kind],
            row.step and f"in {row.step}",
        ]
        lines += [f"{row.code}: {row.message}" if row.message else row.code, row.hint, *row.moves]
        lines += [f"{alias} has got its value" for alias in row.stored]
        title = html("\n".join(line for line in lines if line))
        yield (
            f'<a href="#{anchor}-{place + 1}"><title>{title}</title><rect class="column" x="{x:g}" y="0" '
            f'width="{width:g}" height="{height + 14:g}"/><text class="number" x="{x + width / 2:g}" '
            f'y="{height + 11:g}">{place + 1}</text></a>'
        )


def _bar(bar: Bar, places: Sequence[float], top: float) -> str:
    x, width = places[bar.first] + 1, places[bar.end] - places[bar.first] - 2
    y = top + bar.line * _LINE
    text = next((text for text in _lengths(bar.text) if len(text) * _LETTER + 4 <= width), "")
    return (
        f'<rect class="bar {bar.style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{_LINE - 2:g}" rx="3"/>'
        f'<text class="in {bar.style}" x="{x + 5:g}" y="{y + 13:g}">{html(text)}</text>'
    )


def _lengths(text: str) -> Iterator[str]:
    label = text.partition(" ")[0]
    yield text
    yield label
    yield _SHORT.get(label, "")


def _marks(rows: Sequence[Row], places: Sequence[float], y: float) -> Iterator[str]:
    for place, row in enumerate(rows):
        style = row.kind.replace(" ", "-")
        x = (places[place] + places[place + 1]) / 2
        yield f'<text class="mark {style}" x="{x:g}" y="{y:g}">{_MARKS[row.kind]}</text>'


def _stored(rows: Sequence[Row], places: Sequence[float], top: float, alias: str) -> Iterator[str]:
    """Yield a line where the version gets its value."""
    for place, row in enumerate(rows):
        if alias in row.stored:
            x = places[place] + 1
            yield f'<path class="stored" d="M{x:g} {top + 2:g}v{_LINE + 2:g}"/>'


def _attempts(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield a bar for each attempt, from its service event of the start to that of the end."""
    first, told = 0, ""
    for place, row in enumerate(rows):
        if not row.attempt:
            continue
        if row.words.endswith(_STARTED):
            if told:
                yield Bar(first, place, f"{told} cancelled", "open")
            first, told = place, f"{'test run, ' * row.words.startswith('Test')}attempt {row.attempt}"
        else:
            end = next(end for end in _ENDED if row.words.endswith(end))
            style = "good" if end == _SUCCEEDED else "bad"
            yield Bar(first, place + 1, f"{told} {end.lower()}".strip(), style)
            first, told = place + 1, ""
    if told:
        yield Bar(first, len(rows), f"{told} not ended", "open")


def _steps(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield a bar for each step, from its first call to its end. A step without calls has one column."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        if row.kind in ("step", "failed step"):
            yield Bar(first.pop(row.step, place), place + 1, row.step, "bad" if row.code else "good")
        elif row.step:
            first.setdefault(row.step, place)
    for step, place in first.items():
        yield Bar(place, len(rows), step, "open")


def _versions(secret: SecretPart) -> Iterator[tuple[str, list[Bar]]]:
    """Yield a lane for each version, with a bar while a label is attached: hollow until it has a value."""
    full, begun = set(secret.full), dict[tuple[str, str, bool], int]()
    lanes: dict[str, list[Bar]] = {}
    for place, row in enumerate([*secret.rows, None]):
        held: Mapping[str, str] = {} if row is None else row.held
        full.update(() if row is None else row.stored)
        now = {(label, alias, alias in full) for label, alias in held.items()}
        for segment in sorted(begun.keys() - now):
            label, alias, has_value = segment
            style = f"{label.lower() if label in _SHORT else 'own'}{'' if has_value else ' empty'}"
            text = label if has_value else f"{label} (empty)"
            lanes.setdefault(alias, []).append(Bar(begun.pop(segment), place, text, style))
        for segment in now - begun.keys():
            begun[segment] = place
    for alias in sorted(lanes, key=lambda alias: (len(alias), alias)):
        yield alias, list(_on_lines(lanes[alias]))


def _on_lines(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Place each bar of a lane on the first line that is free."""
    ends: list[int] = []
    for bar in sorted(bars, key=lambda bar: (bar.first, order(bar.text.partition(" ")[0]))):
        line = next((line for line, end in enumerate(ends) if end <= bar.first), len(ends))
        ends[line : line + 1] = [bar.end]
        yield bar._replace(line=line)
