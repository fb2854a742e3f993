"""Draws the history of a secret as SVG: events from left to right, versions as lanes, labels as bars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from .records import Row, SecretPart
from .timeline import label_order

#: In pixels: the width of a column, of a column with a time, and of a character; the height of a line and of the axis.
_COLUMN, _TIME_COLUMN, _CHARACTER, _LINE, _AXIS = 27.0, 92.0, 6.7, 20.0, 50.0
#: In seconds: events that are closer than the first share one time; a pause from the second on is drawn as a gap.
_SAME_TIME, _GAP = 1.0, 86_400.0
#: In pixels: the width of a gap.
_BREAK = 22.0
#: In degrees: the slope of the names of the events. In pixels: the extent of one character along both axes.
_SLOPE, _NAME_WIDTH, _NAME_HEIGHT = 40, 4.8, 4.0

_MARKS = {
    "call": "●",
    "rejected": "✕",
    "handled": "✕",
    "fault": "⚡",
    "target": "✕",
    "step": "↩",
    "failed step": "✕",
    "service": "◆",
}
_KINDS = {
    "call": "API call",
    "rejected": "failed API call",
    "handled": "failed API call, and its error was handled",
    "fault": "injected fault",
    "target": "call that the target rejected",
    "step": "step ended",
    "failed step": "step failed",
    "service": "event of Secrets Manager",
}
_STARTED, _SUCCEEDED, _ENDED = "Started", "Succeeded", ("Succeeded", "Failed", "Abandoned")
_MAX_NAME = 18
_SHORT = {"AWSCURRENT": "CUR", "AWSPENDING": "PEN", "AWSPREVIOUS": "PRE"}

#: The parts of operation names that the short names on the chart leave out.
_LONG_PARTS = re.compile(
    "Secret(?!s)|Resource|Version(?!s)|Rotation(?!$)|Random|CrossAccount|RegionsFrom|ToRegions|ToReplica"
)

#: Control characters and lone surrogates, which a page cannot contain.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Band(NamedTuple):
    """Columns under one time: the first, the one after the last, and the seconds since the band before."""

    first: int
    end: int
    gap: float


class Bar(NamedTuple):
    """A bar in a lane, from the column *first* up to but not including *end*."""

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
    is_negative, left = seconds < 0, abs(seconds)
    if left < 60:
        text = f"{left:.3f}".rstrip("0").rstrip(".") + " s"
    else:
        units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        parts = []
        for unit, size in units:
            if left >= size:
                parts.append(f"{int(left // size)} {unit}")
                left %= size
        text = " ".join(parts[:2])
    return f"{'back ' if is_negative else ''}{text}"


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
    edges = _column_edges(rows, bands, [*attempts, *steps])
    lanes: list[tuple[str, list[Bar]]] = []
    if attempts:
        lanes.append(("rotation", attempts))
    if steps:
        lanes.append(("step", steps))
    lanes += [("event", []), *_versions(secret)]
    names, shapes, top = [], [], _AXIS
    for name, bars in lanes:
        height = _LINE * (1 + max((bar.line for bar in bars), default=0)) + 8
        if name == "event":
            height += 8 + _NAME_HEIGHT * max((len(_short_name(row)) for row in rows), default=0)
        names.append(f'<text x="0" y="{top + 18:g}">{html(name)}</text>')
        shapes.append(f'<path class="rule" d="M0 {top:g}H{edges[-1]:g}"/>')
        shapes += [_bar(bar, edges, top + 4) for bar in bars]
        shapes += _marks(rows, edges, top + 18) if name == "event" else _stored(rows, edges, top, name)
        top += height
    return _frame(
        names,
        [*_axis(rows, bands, edges, top), *shapes, *_columns(rows, edges, top, anchor)],
        edges,
        top,
        _overhang(rows, edges),
    )


def _overhang(rows: Sequence[Row], edges: Sequence[float]) -> float:
    """Return how far the slanted names extend beyond the last column."""
    ends = [
        (edges[index] + edges[index + 1]) / 2 + _NAME_WIDTH * len(_short_name(row)) + 6
        for index, row in enumerate(rows)
    ]
    return max([edges[-1], *ends]) - edges[-1]


def _frame(
    names: Iterable[str], shapes: Iterable[str], edges: Sequence[float], height: float, overhang: float
) -> str:
    width = edges[-1] + overhang
    return (
        f'<div class="chart"><svg class="names" width="64" height="{height + 14:g}" aria-hidden="true">{"".join(names)}'
        f'</svg><div class="scroll" tabindex="0"><svg width="{width:g}" height="{height + 14:g}" role="img" '
        f'aria-label="Versions and labels over time">{"".join(shapes)}</svg></div></div>'
    )


def _bands(rows: Sequence[Row]) -> Iterator[Band]:
    first, gap = 0, 0.0
    for index in range(1, len(rows)):
        passed = rows[index].seconds - rows[index - 1].seconds
        if not 0 <= passed < _SAME_TIME:
            yield Band(first, index, gap)
            first, gap = index, passed
    if rows:
        yield Band(first, len(rows), gap)


def _column_edges(rows: Sequence[Row], bands: Iterable[Band], bars: Iterable[Bar]) -> list[float]:
    """Return the left edges of the columns and the right edge of the last, with room for all texts."""
    widths = [_COLUMN] * len(rows)
    for bar in bars:
        _widen(widths, bar.first, bar.end, len(bar.text) * _CHARACTER + 12)
    for band in bands:
        _widen(widths, band.first, band.end, _TIME_COLUMN + _break(band))
    edges = [0.0]
    for width in widths:
        edges.append(edges[-1] + width)
    return edges


def _widen(widths: list[float], first: int, end: int, minimum: float) -> None:
    missing = minimum - sum(widths[first:end])
    if missing > 0:
        for index in range(first, end):
            widths[index] += missing / (end - first)


def _break(band: Band) -> float:
    return _BREAK if abs(band.gap) >= _GAP else 0.0


def _axis(rows: Sequence[Row], bands: Iterable[Band], edges: Sequence[float], height: float) -> Iterator[str]:
    """Yield the times over bands of alternating shades. A gap of a day or more is drawn as a torn edge."""
    day = ""
    for number, band in enumerate(bands):
        left, right, row = edges[band.first], edges[band.end], rows[band.first]
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
            style = " back" if band.gap < 0 else " far" if _break(band) else ""
            sign = "" if band.gap < 0 else "+"
            yield f'<text class="gap{style}" x="{x:g}" y="41">{sign}{html(span(band.gap))}</text>'
        day = date


def _columns(rows: Sequence[Row], edges: Sequence[float], height: float, anchor: str) -> Iterator[str]:
    """Yield an overlay for each column, with a tooltip about its event and a link to it."""
    for index, row in enumerate(rows):
        x, width = edges[index], edges[index + 1] - edges[index]
        lines = [
            f"{index + 1}. {row.description}",
            f"{row.at} UTC",
            _KINDS[row.kind],
            row.step and f"in {row.step}",
        ]
        lines += [f"{row.code}: {row.message}" if row.message else row.code, row.hint, *row.moves]
        lines += [f"value stored in {alias}" for alias in row.stored]
        title = html("\n".join(line for line in lines if line))
        yield (
            f'<a href="#{anchor}-{index + 1}"><title>{title}</title><rect class="column" x="{x:g}" y="0" '
            f'width="{width:g}" height="{height + 14:g}"/><text class="number" x="{x + width / 2:g}" '
            f'y="{height + 11:g}">{index + 1}</text></a>'
        )


def _bar(bar: Bar, edges: Sequence[float], top: float) -> str:
    x, width = edges[bar.first] + 1, edges[bar.end] - edges[bar.first] - 2
    y = top + bar.line * _LINE
    text = next((text for text in _text_variants(bar.text) if len(text) * _CHARACTER + 4 <= width), "")
    return (
        f'<rect class="bar {bar.style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{_LINE - 2:g}" rx="3"/>'
        f'<text class="in {bar.style}" x="{x + 5:g}" y="{y + 13:g}">{html(text)}</text>'
    )


def _text_variants(text: str) -> Iterator[str]:
    label = text.partition(" ")[0]
    yield text
    yield label
    yield _SHORT.get(label, "")


def _marks(rows: Sequence[Row], edges: Sequence[float], y: float) -> Iterator[str]:
    for index, row in enumerate(rows):
        style = row.kind.replace(" ", "-")
        x = (edges[index] + edges[index + 1]) / 2
        yield (
            f'<text class="mark {style}" x="{x:g}" y="{y:g}">{_MARKS[row.kind]}</text>'
            f'<text class="name {style}" transform="translate({x - 2:g} {y + 12:g}) rotate({_SLOPE})">'
            f"{html(_short_name(row))}</text>"
        )


def _short_name(row: Row) -> str:
    """Return a name of at most 18 characters: "GetValue", "setSecret", "Succeeded"."""
    if row.kind in ("step", "failed step"):
        return "raised" if row.code else "returned"
    name = _LONG_PARTS.sub("", row.description.partition(" ")[0])
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"


def _stored(rows: Sequence[Row], edges: Sequence[float], top: float, alias: str) -> Iterator[str]:
    """Yield a line where the version gets its value."""
    for index, row in enumerate(rows):
        if alias in row.stored:
            x = edges[index] + 1
            yield f'<path class="stored" d="M{x:g} {top + 2:g}v{_LINE + 2:g}"/>'


def _attempts(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield a bar for each attempt, between the service events of its start and its end."""
    first, text = 0, ""
    for index, row in enumerate(rows):
        if not row.attempt:
            continue
        if row.description.endswith(_STARTED):
            if text:
                yield Bar(first, index, f"{text} cancelled", "open")
            first, text = index, f"{'test run, ' * row.description.startswith('Test')}attempt {row.attempt}"
        else:
            end = next(end for end in _ENDED if row.description.endswith(end))
            style = "good" if end == _SUCCEEDED else "bad"
            yield Bar(first, index + 1, f"{text} {end.lower()}".strip(), style)
            first, text = index + 1, ""
    if text:
        yield Bar(first, len(rows), f"{text} in progress", "open")


def _steps(rows: Sequence[Row]) -> Iterator[Bar]:
    """Yield a bar for each step, from its first call to its end. A step without calls has one column."""
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        if row.kind in ("step", "failed step"):
            yield Bar(first.pop(row.step, index), index + 1, row.step, "bad" if row.code else "good")
        elif row.step:
            first.setdefault(row.step, index)
    for step, index in first.items():
        yield Bar(index, len(rows), step, "open")


def _versions(secret: SecretPart) -> Iterator[tuple[str, list[Bar]]]:
    """Yield a lane for each version, with a bar while a label is attached: hollow until it has a value."""
    with_value, open_segments = set(secret.with_value), dict[tuple[str, str, bool], int]()
    lanes: dict[str, list[Bar]] = {}
    for index, row in enumerate([*secret.rows, None]):
        aliases: Mapping[str, str] = {} if row is None else row.aliases
        with_value.update(() if row is None else row.stored)
        now = {(label, alias, alias in with_value) for label, alias in aliases.items()}
        for segment in sorted(open_segments.keys() - now):
            label, alias, has_value = segment
            style = f"{label.lower() if label in _SHORT else 'own'}{'' if has_value else ' empty'}"
            text = label if has_value else f"{label} (empty)"
            lanes.setdefault(alias, []).append(Bar(open_segments.pop(segment), index, text, style))
        for segment in now - open_segments.keys():
            open_segments[segment] = index
    for alias in sorted(lanes, key=lambda alias: (len(alias), alias)):
        yield alias, list(_assign_lines(lanes[alias]))


def _assign_lines(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Place each bar of a lane on the first line that is free."""
    ends: list[int] = []
    for bar in sorted(bars, key=lambda bar: (bar.first, label_order(bar.text.partition(" ")[0]))):
        line = next((line for line, end in enumerate(ends) if end <= bar.first), len(ends))
        ends[line : line + 1] = [bar.end]
        yield bar._replace(line=line)
