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
    """A stream that captures an output of the test, "log", "stdout" or "stderr", and a position in it."""

    output: str
    stream: Any
    position: int

    def __repr__(self) -> str:
        return f"<Position {self.position}>"


class Written(NamedTuple):
    """What was written to a stream before a run began, and from then until it ended."""

    output: str
    stream: Any
    before: str
    text: str

    def __repr__(self) -> str:
        return f"<Written: {len(self.text)} characters>"

    def is_part_of(self, title: str, captured: str) -> bool:
        """Whether a section of pytest's report, given by its title and its text, is that of the stream."""
        if title != f"Captured {self.output} call":
            return False
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
    handled = [getattr(handler, "stream", None) for handler in logging.getLogger().handlers]
    logs = [("log", stream) for stream in handled if isinstance(stream, io.StringIO)]
    for output, stream in [*logs, ("stdout", sys.stdout), ("stderr", sys.stderr)]:
        with suppress(Exception):  # an output that is not captured may have no position
            yield Position(output, stream, stream.tell())


def written_since(begun: Sequence[Position]) -> list[Written]:
    """Return what was written to streams since a run began, as far as they can be read."""
    found = []
    for output, stream, position in begun:
        with suppress(Exception):  # an output that is not captured cannot be read
            found.append(Written(output, stream, *_split(stream, position)))
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


def without_other_runs(title: str, captured: str, written: Sequence[Written]) -> str:
    """
    Return the text of a section of pytest's report without what other runs wrote.

    The text is returned as it is where it has only lines of the run, or is not that of a known stream.

    Args:
        title: the title of the section, such as "Captured log call".
        captured: the text.
        written: what the run wrote.
    """
    own = next((each.text for each in written if each.is_part_of(title, captured)), None)
    left_out = 0 if own is None else len(captured.strip().splitlines()) - len(own.strip().splitlines())
    if own is None or left_out <= 0:
        return captured
    counted = "1 line" if left_out == 1 else f"{left_out} lines"
    verb = "is" if left_out == 1 else "are"
    return f"({counted} of other runs of this scenario {verb} left out.)\n{own.strip()}"
