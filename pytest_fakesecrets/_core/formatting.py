"""How our messages, tables and reports write moments and rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def utc(moment: datetime) -> str:
    """Format a UTC time with milliseconds, the resolution of the service's dates."""
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, their cells below one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
