"""Captures the log records, stdout and stderr of a rotation function during a step."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from threading import RLock
from typing import Any, NamedTuple

from pytest_fakesecrets._service.user_code import CodeLine, calling_line

#: Loggers that are not captured: they log requests and responses with the values in them.
_SDK_LOGGERS = ("aiobotocore", "asyncio", "boto3", "botocore", "s3transfer", "urllib3")


class Output(NamedTuple):
    """A text that a function wrote to an output, such as "stdout", and the line that wrote it."""

    name: str
    text: str
    line: CodeLine | None = None

    def __repr__(self) -> str:
        return f"<Output to {self.name}: {len(self.text)} characters>"


#: The list that collects the output of the step in this thread or task.
_COLLECTED: ContextVar[list[Output] | None] = ContextVar("_WRITTEN", default=None)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        written = _COLLECTED.get()
        if written is not None and record.name.partition(".")[0] not in _SDK_LOGGERS:
            try:
                line = CodeLine(record.pathname, record.lineno, record.funcName)
                written.append(Output("the log", self.format(record), line))
            except Exception:
                self.handleError(
                    record
                )  # as every handler does: an invalid log call is not a failure of the step


class _Stream:
    """A standard stream that also records what is written to it."""

    def __init__(self, stream: Any, name: str) -> None:
        self.stream = stream
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def write(self, text: str) -> Any:
        written = _COLLECTED.get()
        if written is not None and isinstance(text, str):
            written.append(Output(self._name, text, calling_line()))
        return self.stream.write(text)


class Listener:
    """Collects output from `start` to `stop`."""

    def __init__(self) -> None:
        self.written: list[Output] = []
        self._before = _COLLECTED.get()

    def start(self) -> None:
        _COLLECTED.set(self.written)
        _OUTPUTS.add(self)

    def stop(self) -> None:
        """Stop collecting. It may be called repeatedly, and without `start`."""
        _COLLECTED.set(self._before)
        _OUTPUTS.remove(self)


class _Outputs:
    """
    The log handler and the streams, installed while any step runs.

    Steps in several threads share them, and the last one removes them.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._listeners: set[Listener] = set()
        self._handler = _Handler(logging.DEBUG)
        self._streams: dict[str, _Stream] = {}

    def add(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.add(listener)
            logging.getLogger().addHandler(self._handler)
            for name in ("stdout", "stderr"):
                if name not in self._streams:
                    self._streams[name] = _Stream(getattr(sys, name), name)
                    setattr(sys, name, self._streams[name])

    def remove(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)
            if not self._listeners:
                logging.getLogger().removeHandler(self._handler)
                for name, stream_wrapper in self._streams.items():
                    if getattr(sys, name) is stream_wrapper:  # else other code has replaced the stream since
                        setattr(sys, name, stream_wrapper.stream)
                self._streams.clear()


_OUTPUTS = _Outputs()
