"""The context manager that `FakeSecrets.rotation_paused()` returns."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.barrier import PACKAGE, warn
from pytest_fakesecrets._service.user_code import CodeLine


class PausedRotation(AbstractContextManager[Rotation]):
    """
    A rotation that is paused while a block runs. A RuntimeWarning is issued if no block has been entered.

    Args:
        block: starts and pauses the rotation when it is entered.
        line: the line that has called `rotation_paused`.
    """

    def __init__(self, block: AbstractContextManager[Rotation], line: CodeLine | None) -> None:
        self._block = block
        self._line = line
        self._is_entered = False

    def __enter__(self) -> Rotation:
        __tracebackhide__ = True
        self._is_entered = True
        return self._block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> bool | None:
        __tracebackhide__ = True
        return self._block.__exit__(kind, error, frames)

    def __del__(self) -> None:
        if not self._is_entered and warn is not None:  # None while the interpreter ends
            file, number = (PACKAGE, 0) if self._line is None else (self._line.file, self._line.number)
            warn(
                "rotation_paused() was called without a 'with' statement, so it has rotated nothing. Write "
                "'with fakesecrets.rotation_paused(...) as rotation:'.",
                RuntimeWarning,
                file,
                number,
            )
