"""Date arithmetic that does not overflow, and the validation of delays."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from .errors import FakeSecretsError

#: The calendar of Python.
FIRST = datetime.min.replace(tzinfo=timezone.utc)
LAST = datetime.max.replace(tzinfo=timezone.utc)

#: The longest time between two rotations (API_RotationRulesType, AutomaticallyAfterDays): no delay needs more.
MAX_DELAY = timedelta(days=1000)


def moved(moment: datetime, delta: timedelta) -> datetime | None:
    """*moment* plus *delta*, or None where the calendar does not reach that far."""
    try:
        return moment + delta
    except OverflowError:
        return None


def later(moment: datetime, delta: timedelta) -> datetime:
    """*moment* plus a *delta* that is not negative, at the latest the end of the calendar."""
    return moved(moment, delta) or LAST


def check_delay(name: str, delay: object, most: timedelta = MAX_DELAY) -> None:
    """
    Reject what cannot be a delay.

    Args:
        name: what the delay is called in the message.
        delay: the value that a user gave.
        most: the longest delay that makes sense.

    Raises:
        FakeSecretsError: it is not a timedelta, or it is negative or longer than *most*.
    """
    if not isinstance(delay, timedelta) or not timedelta(0) <= delay <= most:
        raise FakeSecretsError(f"{name} has to be a timedelta from timedelta(0) to {most!r}, not {delay!r}.")
