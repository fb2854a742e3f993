"""What a rotation function writes while a step of it runs: its logs, and what it prints."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

#: Whose words belong to no function: they tell of requests and answers, with the values in them.
_OTHERS = ("aiobotocore", "asyncio", "boto3", "botocore", "s3transfer", "urllib3")

#: Where the words of the step go that runs here, in this thread or task.
_WRITTEN: ContextVar[list[tuple[str, str]] | None] = ContextVar("_WRITTEN", default=None)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        written = _WRITTEN.get()
        if written is not None and record.name.partition(".")[0] not in _OTHERS:
            try:
                written.append(("the log", self.format(record)))
            except Exception:
                self.handleError(record)  # as every handler does: a bad log call is no failure of the step


class _Stream:
    """A standard stream that remembers what goes through it."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def write(self, text: str) -> Any:
        written = _WRITTEN.get()
        if written is not None and isinstance(text, str):
            written.append((self._name, text))
        return self._stream.write(text)


class _Listening:
    """
    Our handler and streams, there as long as some step runs.

    Steps of several threads share them, and the last one takes them away.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners = 0
        self._handler = _Handler(logging.DEBUG)
        self._streams: dict[str, tuple[Any, Any]] = {}

    @contextmanager
    def listen(self) -> Iterator[list[tuple[str, str]]]:
        """Collect what is written until the block is left: pairs of where to and what."""
        written: list[tuple[str, str]] = []
        token = _WRITTEN.set(written)
        with self._lock:
            self._listeners += 1
            if self._listeners == 1:
                self._begin()
        try:
            yield written
        finally:
            with self._lock:
                self._listeners -= 1
                if not self._listeners:
                    self._end()
            _WRITTEN.reset(token)

    def _begin(self) -> None:
        logging.getLogger().addHandler(self._handler)
        for name in ("stdout", "stderr"):
            before = getattr(sys, name)
            ours = _Stream(before, name)
            self._streams[name] = before, ours
            setattr(sys, name, ours)

    def _end(self) -> None:
        logging.getLogger().removeHandler(self._handler)
        for name, (before, ours) in self._streams.items():
            if getattr(sys, name) is ours:  # or somebody else has put another there
                setattr(sys, name, before)
        self._streams.clear()


written_output = _Listening().listen
