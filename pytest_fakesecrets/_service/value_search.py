"""Searches a text for many strings at once, in plain and in encoded form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

from .decoding import readings

#: Shorter strings are ignored: they occur in most texts by chance.
SHORTEST = 4

#: A string of at most so many letters, and nothing else, may be a part of a common word: "test" is in "testSecret".
_LONGEST_WORD = 12

#: The length from which a string is also found by its first or last characters, and their number: pytest and
#: loggers shorten long texts.
_LONG, _END = 64, 32

#: Below this number it is faster to search for each beginning separately.
_SEPARATE_LIMIT = 1_000

#: A function that returns the start and the end of each match in a text.
Spans = Callable[[str], Iterable[tuple[int, int]]]


class Index:
    """A set of strings that can be found in a text, in a time that hardly depends on their number."""

    def __init__(self, strings: Iterable[str] = ()) -> None:
        #: Grouped by their first characters, then by their length.
        self._strings: dict[str, dict[int, set[str]]] = {}
        self.shortest = sys.maxsize
        for string in strings:
            self.add(string)

    def add(self, string: str) -> None:
        if len(string) >= SHORTEST:
            same_beginning = self._strings.setdefault(string[:SHORTEST], {})
            same_beginning.setdefault(len(string), set()).add(string)
            self.shortest = min(self.shortest, len(string))

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """The start and the end of each match, the longest one at each start."""
        for beginning in self._beginnings(text):
            by_length = self._strings[beginning]
            lengths = sorted(by_length, reverse=True)
            start = text.find(beginning)
            while start >= 0:
                for length in lengths:
                    if text[start : start + length] in by_length[length]:
                        yield start, start + length
                        break
                start = text.find(beginning, start + 1)

    def _beginnings(self, text: str) -> Iterable[str]:
        if len(self._strings) < min(len(text), _SEPARATE_LIMIT):
            return [beginning for beginning in self._strings if beginning in text]
        return self._strings.keys() & {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)}


class Finder:
    """
    Finds strings in a text and in everything that the text decodes to.

    Args:
        whole_words: whether a short string of letters is found only where it is a whole word.
    """

    def __init__(self, strings: Iterable[str] = (), *, whole_words: bool = False) -> None:
        self._whole_words = whole_words
        self._index = Index()
        #: The first and last characters of long strings, and the strings that have them.
        self._ends = Index()
        self._with_end: dict[str, set[str]] = {}
        for string in strings:
            self.add(string)

    def add(self, string: str) -> None:
        for form in _as_decoded(string):
            self._index.add(form)
        if len(string) > _LONG and string[0] not in "{[":  # the first characters of JSON are not secret
            for end in (string[:_END], string[-_END:]):
                self._ends.add(end)
                self._with_end.setdefault(end, set()).add(string)

    def finds(self, text: str, public: Spans = lambda text: ()) -> bool:
        """Whether a text contains one of the strings."""
        return next(self.find(text, public), None) is not None

    def find(self, text: str, public: Spans = lambda text: ()) -> Iterator[tuple[int, int]]:
        """
        The start and the end of each match in the original text.

        Args:
            public: returns the ranges of public strings. Matches inside of them are skipped.
        """
        shortest = min(self._index.shortest, self._ends.shortest)
        if shortest > len(text):
            return
        for reading in readings(text, shortest):
            found = [*self._index.find(reading.text), *self._shortened(reading.text)]
            if self._whole_words:
                found = [span for span in found if not _is_in_a_word(reading.text, *span)]
            if found:
                stays = [*public(reading.text)]
                for start, end in found:
                    if not any(begins <= start and end <= ends for begins, ends in stays):
                        yield reading.source(start, end)

    def _shortened(self, text: str) -> Iterator[tuple[int, int]]:
        for start, end in self._ends.find(text):
            for string in self._with_end[text[start:end]]:
                if string.startswith(text[start:end]):
                    yield start, start + _common_prefix_length(text[start : start + len(string)], string)
                if string.endswith(text[start:end]):
                    before = text[max(0, end - len(string)) : end]
                    yield end - _common_prefix_length(before[::-1], string[::-1]), end


def _is_in_a_word(text: str, start: int, end: int) -> bool:
    """Whether a match is a short string of letters, and a part of a longer word."""
    if end - start > _LONGEST_WORD or not text[start:end].isalpha():
        return False
    return any(each.isalnum() or each == "_" for each in (text[start - 1 : start], text[end : end + 1]))


def _common_prefix_length(text: str, string: str) -> int:
    """The length of the common prefix of two texts, which share at least the first `_END` characters."""
    least, most = _END, min(len(text), len(string))
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if text[:middle] == string[:middle] else (least, middle - 1)
    return least


def _as_decoded(string: str) -> Iterator[str]:
    """A string, and its encoded bytes read as Latin-1: what a decoded chunk looks like."""
    yield string
    if not string.isascii():
        yield string.encode("utf-8", "surrogatepass").decode("latin-1")
        for encoding in ("utf-16-le", "utf-16-be"):
            yield string.encode(encoding, "surrogatepass").decode("latin-1")
