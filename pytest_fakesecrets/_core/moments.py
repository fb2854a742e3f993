"""Date arithmetic that does not overflow, and validation of delays."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from .errors import FakeSecretsError

#: The first and the last time that Python can represent.
FIRST = datetime.min.replace(tzinfo=timezone.utc)
LAST = datetime.max.replace(tzinfo=timezone.utc)

#: The keywords of a timedelta, and how they are abbreviated.
_ABBREVIATIONS = {
    "weeks": ("w", "wk", "wks"),
    "days": ("d",),
    "hours": ("h", "hr", "hrs"),
    "minutes": ("m", "min", "mins"),
    "seconds": ("", "s", "sec", "secs"),
    "milliseconds": ("ms", "msec", "msecs", "millis"),
    "microseconds": ("us", "usec", "usecs", "micros"),
}
UNITS = tuple(_ABBREVIATIONS)
_UNIT_OF = {
    word: unit for unit, words in _ABBREVIATIONS.items() for word in (unit, unit.removesuffix("s"), *words)
}
#: A number and its unit, such as "1.5 h" in "1.5 h, 20 min".
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)[\s,]*")

#: The longest time between two rotations (API_RotationRulesType, AutomaticallyAfterDays): no delay has to be longer.
MAX_DELAY = timedelta(days=1000)


def moved(moment: datetime, delta: timedelta) -> datetime | None:
    """Return *moment* plus *delta*, or None if Python cannot represent it."""
    try:
        return moment + delta
    except OverflowError:
        return None


def later(moment: datetime, delta: timedelta) -> datetime:
    """Return *moment* plus a *delta* that is not negative, but at most `LAST`."""
    return moved(moment, delta) or LAST


def check_delay(name: str, delay: object, most: timedelta = MAX_DELAY) -> None:
    """
    Reject an invalid delay.

    Args:
        name: the name of the delay in the message.
        delay: the value that a user gave.
        most: the longest delay that makes sense.

    Raises:
        FakeSecretsError: the delay is not a timedelta, is negative, or is longer than *most*.
    """
    if not isinstance(delay, timedelta):
        raise not_a_timedelta(name, delay)
    if not timedelta(0) <= delay <= most:
        raise FakeSecretsError(f"{name} has to be a timedelta from timedelta(0) to {most!r}, not {delay!r}.")


def not_a_timedelta(name: str, length: object) -> FakeSecretsError:
    """The error about a length of time of another type. It has the length as a timedelta, if it can be one."""
    units = units_of(length)
    advice = f"Write timedelta({units})." if units else "Write, for example, timedelta(seconds=5)."
    return FakeSecretsError(f"{name} takes a timedelta, not {length!r}. {advice}")


def units_of(length: object) -> str | None:
    """Write a number of seconds, or a text such as "5m" or "1 day", as keywords of a timedelta; or return None."""
    if isinstance(length, timedelta):
        return f"seconds={length.total_seconds():g}"
    if not isinstance(length, str | int | float) or isinstance(length, bool):
        return None
    text = str(length).strip().lower()
    units: dict[str, str] = {}
    while text and (part := _PART.match(text)) is not None:
        unit = unit_named(part[2])
        if unit is None or unit in units or (not part[2] and part[0] != text):
            return None  # as in "2h30", where the unit of the second number is open
        units[unit], text = part[1], text[part.end() :]
    return None if text else ", ".join(f"{unit}={number}" for unit, number in units.items()) or None


def unit_named(word: str) -> str | None:
    """The keyword of a timedelta for a unit: "minutes" for "min" or "minute". None: there is none."""
    return _UNIT_OF.get(word.lower())
