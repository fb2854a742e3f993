"""Decodes the strings that are encoded in a text: escapes, quotes, Base64, hex, numbers."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from typing import NamedTuple

#: The maximum depth of nested encodings, and the maximum number of readings of one text.
DEPTH, MOST = 4, 200

#: The separator of chunks that were decoded separately. Readable text does not contain it.
_SEPARATOR = "\x1f"
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ESCAPE = re.compile(
    rf"{_PAIR.pattern}|\\(?:x[0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}}|[0-7]{{1,3}}|.)", re.DOTALL
)
#: Translates the URL-safe alphabet of Base64 to the standard one, and joins lines.
_ONE_ALPHABET = str.maketrans("-_", "+/", "\r\n=")
_NO_DIGITS = re.compile("0x|[^0-9A-Fa-f]")
_NUMBERS = re.compile(r"\d{1,3}(?:(?:, ?| )\d{1,3}){3,}")


class _Segment(NamedTuple):
    """A part of a reading: its range in the parent reading, and whether it was copied unchanged."""

    begins: int
    ends: int
    is_literal: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One decoding of a text, with a map back to the text.

    Attributes:
        parent: the reading from which this one was decoded, or None for the text itself.
        starts: the index at which each segment begins.
    """

    text: str = field(repr=False)
    parent: Reading | None = None
    starts: Sequence[int] = ()
    segments: Sequence[_Segment] = ()
    depth: int = 0

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The range in the original text from which a range of this reading was decoded. Segments are not divided."""
        if self.parent is None:
            return start, end
        index, last_index = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1) - 1
        first, last = self.segments[index], self.segments[last_index]
        begins = first.begins + (start - self.starts[index] if first.is_literal else 0)
        ends = last.begins + end - self.starts[last_index] if last.is_literal else last.ends
        return self.parent.source(begins, ends)


class _Draft:
    """Builds a reading segment by segment."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._segments: list[_Segment] = []
        self._length = 0

    def add(self, part: str, begins: int, ends: int, *, is_literal: bool = False) -> None:
        if part:
            self._parts.append(part)
            self._starts.append(self._length)
            self._segments.append(_Segment(begins, ends, is_literal))
            self._length += len(part)

    def reading(self, parent: Reading, depth: int) -> Reading:
        return Reading("".join(self._parts), parent, self._starts, self._segments, depth)


def readings(text: str, shortest: int) -> Iterator[Reading]:
    """
    Yield all readings of a text by their depth, the text itself first.

    Args:
        shortest: the minimum length of strings to search for. Shorter runs of Base64 and hex are not decoded.
    """
    seen, queue = {text}, deque([Reading(text)])
    while queue:
        reading = queue.popleft()
        yield reading
        if reading.depth >= DEPTH:
            continue
        for decoding in _decodings(reading, shortest):
            if len(seen) < MOST and decoding.text not in seen:
                seen.add(decoding.text)
                queue.append(decoding)


def _decodings(reading: Reading, shortest: int) -> Iterator[Reading]:
    for sign, pattern, decode in _SUBSTITUTIONS:
        if sign in reading.text:
            yield _substituted(reading, pattern, decode)
    yield from _decoded(reading, _base64(shortest), _from_base64)
    yield from _decoded(reading, _hexadecimal(shortest), _from_hex)
    yield from _decoded(reading, _NUMBERS, _from_numbers)


def _substituted(
    reading: Reading, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], str]
) -> Reading:
    """The reading in which each match is replaced by its decoded form."""
    draft, index = _Draft(), 0
    for match in pattern.finditer(reading.text):
        draft.add(reading.text[index : match.start()], index, match.start(), is_literal=True)
        draft.add(decode(match), *match.span())
        index = match.end()
    if not index:
        return reading  # nothing was replaced
    draft.add(reading.text[index:], index, len(reading.text), is_literal=True)
    return draft.reading(reading, reading.depth + 1)


def _decoded(
    reading: Reading, pattern: re.Pattern[str], decode: Callable[[str], Sequence[bytes]]
) -> Iterator[Reading]:
    """
    Yield the decoded matches, in two readings for each alignment.

    The first one has the matches that are readable text, which is decoded further. The second one has the others, most
    of which were not encoded at all: they are not decoded further.
    """
    drafts: dict[tuple[int, bool], _Draft] = {}
    for match in pattern.finditer(reading.text):
        for alignment, raw in enumerate(decode(match[0])):
            part = text_of_bytes(raw)
            plain = part.replace("\0", "")  # UTF-16 of Latin-1 characters
            is_readable = _UNREADABLE.search(plain) is None
            if is_readable:
                drafts.setdefault((alignment, True), _Draft()).add(plain + _SEPARATOR, *match.span())
            if not is_readable or plain != part:
                drafts.setdefault((alignment, False), _Draft()).add(part + _SEPARATOR, *match.span())
    for (_, is_readable), draft in drafts.items():
        yield draft.reading(reading, reading.depth + 1 if is_readable else DEPTH)


@cache
def _base64(shortest: int) -> re.Pattern[str]:
    """Matches runs of both alphabets of Base64, also over several lines."""
    letter = "[A-Za-z0-9+/_-]"
    least = min(60, shortest * 4 // 3)  # lines have 64 letters, or 76
    return re.compile(rf"{letter}{{{least},}}(?:\r?\n{letter}+)*={{0,2}}")


@cache
def _hexadecimal(shortest: int) -> re.Pattern[str]:
    """Matches runs of hex digits, also in groups with separators. The first digit may belong to something else."""
    return re.compile(rf"(?:[0-9A-Fa-f]{{2}}(?:[:. -]|,? ?0x)?){{{shortest},}}[0-9A-Fa-f]?")


def text_of_bytes(raw: bytes) -> str:
    """Bytes as text: decoded as UTF-8 where that is possible, and as Latin-1 otherwise."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _from_base64(run: str) -> Sequence[bytes]:
    """Decodes at each of the four alignments that a text can have inside the Base64 of a longer one."""
    return [_from_aligned(letters) for letters in _shifted(run.translate(_ONE_ALPHABET), 4)]


def _from_aligned(letters: str) -> bytes:
    length = len(letters) - (len(letters) % 4 == 1)
    return binascii.a2b_base64(letters[:length] + "A" * (-length % 4))[: length * 6 // 8]


def _from_hex(run: str) -> Sequence[bytes]:
    digits = _NO_DIGITS.sub("", run)
    return [bytes.fromhex(each[: len(each) // 2 * 2]) for each in _shifted(digits, 2)]


def _shifted(run: str, count: int) -> Iterator[str]:
    return (run[index:] for index in range(count))


def _from_numbers(run: str) -> Sequence[bytes]:
    numbers = [int(number) for number in re.findall(r"\d+", run)]
    return [bytes(numbers)] if max(numbers) < 256 else []


def _from_percents(match: re.Match[str]) -> str:
    return text_of_bytes(bytes.fromhex(match[0].replace("%", "")))


def _from_escape(match: re.Match[str]) -> str:
    """Decodes an escape of Python, JSON, JavaScript or a shell."""
    if match[1]:
        return chr(0x10000 + ((int(match[1], 16) - 0xD800) << 10) + int(match[2], 16) - 0xDC00)
    letters = match[0][1:]
    if letters[0] in "xuU" and len(letters) > 1:
        number = int(letters[1:], 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    if letters[0] in "01234567":
        return chr(int(letters, 8))
    return _CONTROLS.get(letters, letters)


def _from_reference(match: re.Match[str]) -> str:
    """Decodes a character reference of HTML or XML. Python writes them for lone surrogates too."""
    name = match[0][1:-1].lower()
    if not name.startswith("#"):
        return unescape(match[0])
    number = int(name[2:], 16) if name[1] == "x" else int(name[1:])
    return chr(number) if number <= 0x10FFFF else match[0]


#: For each encoding: a character that is in every such text, the pattern to replace, and its decoder.
_SUBSTITUTIONS: Sequence[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]] = (
    ("%", re.compile(r"(?:%[0-9A-Fa-f]{2})+"), _from_percents),
    ("+", re.compile(r"\+"), lambda match: " "),
    ("\\", _ESCAPE, _from_escape),
    (
        "&",
        re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,31});"),
        _from_reference,
    ),
    # A quote inside quotes in a shell, and characters that SQL, CSV and templates escape by doubling them.
    ("", re.compile(r"""'"'"'|''|\"\"|%%|\{\{|\}\}|\$\$|``"""), lambda match: match[0][0]),
    ("\0", re.compile(r"\x00+"), lambda match: ""),
)
