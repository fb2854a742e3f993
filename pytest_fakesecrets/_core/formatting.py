"""Format times, values, names and tables for messages and reports."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any


def utc(moment: datetime) -> str:
    """Format a UTC time with milliseconds, the resolution of the service's dates."""
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


def table(rows: Sequence[Sequence[str]], *, widest: int | None = None) -> list[str]:
    """
    Return the rows as lines with aligned columns.

    Args:
        widest: longer cells do not widen their column. They shift the rest of their row to the right.
    """
    widths = [
        max(len(cell) for cell in column if widest is None or len(cell) <= widest)
        for column in zip(*rows, strict=True)
    ]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def readable_repr(value: Any) -> str:
    """Return the repr of a dataclass with readable times and sets, also while the clock is frozen."""
    members = (
        f"{member.name}={shown_value(getattr(value, member.name))}" for member in fields(value) if member.repr
    )
    return f"{type(value).__qualname__}({', '.join(members)})"


def shown_value(value: object) -> str:
    """Return the repr of a value, a time as text in UTC, or a set with sorted members."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{utc(value)} UTC"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return repr(value)


def listed(names: Iterable[str], conjunction: str) -> str:
    """The names of a sentence: "a, b and c"."""
    *others, last = [*names] or [""]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a sentence with the known name that is most similar, with a space before it, or ""."""
    similar = difflib.get_close_matches(str(name), list(known), 1, cutoff=0.6)
    return f" Did you mean {similar[0]!r}?" if similar else ""


def similar_names(name: str, known: Iterable[str], most: int) -> list[str]:
    """The known name that is almost the same, or those that are similar, have the name as a part, or are a part of it."""
    listed_names, lowered = list(known), name.lower()
    if misspelt := difflib.get_close_matches(name, listed_names, 1, cutoff=0.85):
        return misspelt
    parts = [
        each
        for each in listed_names
        if min(len(each), len(name)) > 3 and (lowered in each.lower() or each.lower() in lowered)
    ]
    close = difflib.get_close_matches(name, listed_names, most, cutoff=0.6)
    return [*dict.fromkeys([*close, *parts])][:most]


def in_snake_case(name: str) -> str:
    """A name of AWS as boto3 writes it: "RotateSecret" as "rotate_secret"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def unknown_name(kind: str, name: object, known: Collection[str]) -> str:
    """Return the message about a name that is not known."""
    return f"Unknown {kind} {name!r}. Choose one of {', '.join(known)}.{did_you_mean(name, known)}"
