"""A context manager for code that only reports: its exceptions become warnings."""

from __future__ import annotations

import os
import traceback
import warnings
from contextlib import suppress
from types import TracebackType

from pytest_fakesecrets._core.errors import ReportingFailedWarning
from pytest_fakesecrets._core.interrupts import is_interrupt

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class ErrorsBecomeWarnings:
    """
    A context manager that turns any exception of its block into a `ReportingFailedWarning`.

    Interrupts are not suppressed: KeyboardInterrupt, `pytest.exit()`, and the exceptions of timeout plugins.

    Args:
        product: a noun phrase for the result of the block, used in the message of the warning.
    """

    def __init__(self, product: str) -> None:
        self._product = product

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> bool:
        if error is None or is_interrupt(error):
            return False
        with suppress(Exception):  # an exception of the warning itself is suppressed too
            warn_of_fault(self._product, error)
        return True


def warn_of_fault(product: str, error: BaseException) -> None:
    """
    Issue a `ReportingFailedWarning` with the type of an exception and the line that raised it.

    The message of the exception is omitted, since it may contain a secret value.
    """
    try:
        file, line = _origin(error)
        where = f"{os.path.basename(file)}:{line}"
        text = (
            f"pytest-fakesecrets could not make {product}: {type(error).__name__} at {where}. "
            "The run goes on without it."
        )
    except Exception:
        file, line, text = PACKAGE, 0, f"pytest-fakesecrets could not make {product}."
    warn(text, ReportingFailedWarning, file, line)


def warn(text: str, category: type[Warning], file: str, line: int) -> None:
    """Issue a warning that never becomes an exception, not even with "-W error"."""
    try:
        warnings.warn_explicit(encodable(text), category, encodable(file), line)
    except KeyboardInterrupt:
        raise
    except BaseException:
        _warn_again(encodable(text), category, encodable(file), line)


def _warn_again(text: str, category: type[Warning], file: str, line: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", category)
            warnings.warn_explicit(text, category, file, line)
    except Exception:  # raised by a replacement of `warnings.showwarning`
        return


def encodable(text: str) -> str:
    """The text with lone surrogates escaped, so that it can be encoded in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def text_of(error: object) -> str:
    """`str(error)` as an exact str, or a placeholder if it raises."""
    try:
        return str.__str__(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return f"<{type(error).__name__} whose str() failed>"


def repr_of(value: object) -> str:
    """`repr(value)` as an exact str, or a placeholder if it raises."""
    try:
        return str.__str__(repr(value))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return f"<{type(value).__name__} whose repr() failed>"


def _origin(error: BaseException) -> tuple[str, int]:
    """The innermost line of this package in the traceback of an exception."""
    lines = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename.startswith(PACKAGE)
    ]
    return lines[-1] if lines else (PACKAGE, 0)
