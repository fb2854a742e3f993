"""Rotation schedules: which windows a rule opens, and the date that is reported for the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time in which a scheduled rotation may start, in UTC: from `opens` until just before `closes`."""

    opens: datetime
    closes: datetime

    @property
    def next_rotation_date(self) -> datetime:
        """The latest moment of the window, which is what DescribeSecret reports (API_DescribeSecret)."""
        return self.closes - _SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    The RotationRules of a secret, as they were stored.

    Attributes:
        automatically_after_days: UTC dates between rotations, 1 to 1000.
        duration: length of the window in hours, as on the wire: "3h".
        expression: a `rate()` or `cron()` expression.
    """

    automatically_after_days: int | None = None
    duration: str | None = None
    expression: str | None = None

    def next_window(self, base: datetime) -> Window | None:
        """
        The first window after *base*, the last valid rotation.

        Days count UTC dates, whatever the time of day was: a window opens at midnight, N dates
        after that of *base*, and stays open until the end of that date (published describe-secret
        outputs).
        """
        if self.automatically_after_days is None:
            return None
        date = base.astimezone(timezone.utc).date() + timedelta(days=self.automatically_after_days)
        opens = datetime.combine(date, time.min, tzinfo=timezone.utc)
        length = _DAY if self.duration is None else timedelta(hours=int(self.duration[:-1]))
        return Window(opens=opens, closes=opens + length)
