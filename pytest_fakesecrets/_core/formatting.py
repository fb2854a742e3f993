"""How our messages, tables and reports write moments and rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def utc(moment: datetime) -> str:
    """Format a UTC time with milliseconds, the resolution of the service's dates."""
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


def table(rows: Sequence[Sequence[str]], *, widest: int | None = None) -> list[str]:
    """
    The rows as lines, their cells below one another.

    Args:
        widest: cells with more characters do not widen their column: they push the rest of their row to the right.
    """
    widths = [
        max(len(cell) for cell in column if widest is None or len(cell) <= widest)
        for column in zip(*rows, strict=True)
    ]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
