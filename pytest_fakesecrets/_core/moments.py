"""Date arithmetic that does not overflow, and validation of delays."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from .errors import FakeSecretsError

#: The first and the last time that Python can represent.
FIRST = datetime.min.replace(tzinfo=timezone.utc)
LAST = datetime.max.replace(tzinfo=timezone.utc)

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
    if not isinstance(delay, timedelta) or not timedelta(0) <= delay <= most:
        raise FakeSecretsError(f"{name} has to be a timedelta from timedelta(0) to {most!r}, not {delay!r}.")
