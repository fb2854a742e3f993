"""When a failed rotation is retried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from .moments import moved
from .rotation import Rotation


def next_attempt_at(rotation: Rotation, delays: Sequence[timedelta], now: datetime) -> datetime | None:
    """
    Return the instant of the next attempt of a rotation whose attempt fails now, or None if it is not retried.

    The next attempt begins before the end of the rotation window.

    Args:
        delays: the delay before each retry. After the last one, the rotation is not retried any more.
    """
    retry_at = None
    attempt = rotation.attempt - rotation.attempts_before
    if not rotation.is_test and attempt <= len(delays):
        retry_at = moved(now, delays[attempt - 1])
    if (
        retry_at is not None
        and rotation.scheduled_at is not None
        and retry_at >= rotation.scheduled_at.closes
    ):
        retry_at = None
    return retry_at
