"""The log and the output of one run of a scenario, among what pytest has captured during all of its runs."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple


class Position(NamedTuple):
    """A stream that captures the log or the output of the test, and a position in it."""

    stream: Any
    position: int

    def __repr__(self) -> str:
        return f"<Position {self.position}>"


class Written(NamedTuple):
    """What was written to a stream before a run began, and from then until it ended."""

    stream: Any
    before: str
    text: str

    def __repr__(self) -> str:
        return f"<Written: {len(self.text)} characters>"

    def is_part_of(self, captured: str) -> bool:
        """Whether a text that pytest has captured is that of the stream."""
        if isinstance(self.stream, io.StringIO):
            return self.stream.getvalue().strip() == captured.strip()
        # pytest empties the stream of an output when it reads it.
        seen = self.before + self.text
        return bool(seen) and captured.startswith(seen)


def positions() -> list[Position]:
    """Return the present positions of the streams that may capture the log, stdout and stderr."""
    return list(_positions())


def _positions() -> Iterator[Position]:
    # The handlers with which pytest captures the log are on the root logger while a test runs.
    streams = [getattr(handler, "stream", None) for handler in logging.getLogger().handlers]
    for stream in [*(each for each in streams if isinstance(each, io.StringIO)), sys.stdout, sys.stderr]:
        with suppress(Exception):  # an output that is not captured may have no position
            yield Position(stream, stream.tell())


def written_since(begun: Sequence[Position]) -> list[Written]:
    """Return what was written to streams since a run began, as far as they can be read."""
    found = []
    for stream, position in begun:
        with suppress(Exception):  # an output that is not captured cannot be read
            found.append(Written(stream, *_split(stream, position)))
    return found


def _split(stream: Any, position: int) -> tuple[str, str]:
    if isinstance(stream, io.StringIO):
        text = stream.getvalue()
        return text[:position], text[position:]
    buffer = stream.buffer
    data = (
        buffer.getvalue() if isinstance(buffer, io.BytesIO) else os.pread(stream.fileno(), stream.tell(), 0)
    )
    return data[:position].decode("utf-8", "replace"), data[position:].decode("utf-8", "replace")


def without_other_runs(captured: str, written: Sequence[Written]) -> str:
    """Return a captured text without the lines of other runs, or as it is if it has none or is of no known stream."""
    own = next((each.text for each in written if each.is_part_of(captured)), None)
    left_out = 0 if own is None else len(captured.strip().splitlines()) - len(own.strip().splitlines())
    if own is None or left_out <= 0:
        return captured
    lines = "1 line" if left_out == 1 else f"{left_out} lines"
    return f"({lines} of other runs of this scenario {'is' if left_out == 1 else 'are'} left out.)\n{own.strip()}"
