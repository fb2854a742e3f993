"""The context manager that `FakeSecrets.rotation_paused()` returns."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import NoReturn

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.reporting_errors import PACKAGE, warn
from pytest_fakesecrets._service.user_code import CodeLine


class PausedRotation(AbstractContextManager[Rotation]):
    """
    A rotation that is paused while a block runs.

    Args:
        block: starts and pauses the rotation when it is entered.
        line: the line that has called `rotation_paused`.
        unentered: the paused rotations of the fake whose block has not been entered. This one is among them until then.
    """

    def __init__(
        self,
        block: AbstractContextManager[Rotation],
        line: CodeLine | None,
        unentered: list[PausedRotation],
    ) -> None:
        self._block = block
        self.line = line
        self._unentered = unentered
        unentered.append(self)

    def __enter__(self) -> Rotation:
        __tracebackhide__ = True
        self._unentered[:] = [each for each in self._unentered if each is not self]
        return self._block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> bool | None:
        __tracebackhide__ = True
        return self._block.__exit__(kind, error, frames)

    async def __aenter__(self) -> NoReturn:
        __tracebackhide__ = True
        self._unentered[:] = [each for each in self._unentered if each is not self]
        raise FakeSecretsError(
            "rotation_paused() is a plain context manager, in async functions too. Write 'with' in place of 'async with'."
        )

    async def __aexit__(self, *exception: object) -> None:
        """Python looks for it before it calls `__aenter__`."""


def warn_of_unentered(unentered: list[PausedRotation]) -> None:
    """Issue a RuntimeWarning for each paused rotation whose block has not been entered, at its line, and forget it."""
    while unentered:
        line = unentered.pop(0).line
        file, number = (PACKAGE, 0) if line is None else (line.file, line.number)
        warn(
            "rotation_paused() was called without a 'with' statement, so it has rotated nothing. Write "
            "'with fakesecrets.rotation_paused(...) as rotation:'.",
            RuntimeWarning,
            file,
            number,
        )
