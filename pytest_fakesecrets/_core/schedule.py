"""Rotation schedules: parse the rules, calculate the windows, and report the days."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Literal

from . import cron
from .cron import Cron
from .errors import InvalidParameterException
from .formatting import readable_repr
from .public import public

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

#: Bounds of `rate()`, which are not those of AutomaticallyAfterDays (cdk-preflight, checked by deploys).
_MIN_HOURS, _MAX_HOURS, _MAX_DAYS = 4, 23, 999
#: In whole hours (user guide, rotate-secrets_schedule).
_MAX_DURATION = 24

_RATE = re.compile(r"rate\((?P<value>[0-9]+) (?P<unit>hours?|days?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")

_CRON_EXAMPLE = "Write it like 'cron(0 8 1 * ? *)', at 8:00 UTC on the first day of each month."

#: To find the last `cron()` time before a moment, search this many days back, then more, then everything.
_LOOK_BACK = (1, 8, 32, 370, 3_000, 15_000)

#: Years without a 29 February, over which the dates of a `cron()` are compared.
_YEARS = datetime(2024, 12, 31, 23, 59, tzinfo=timezone.utc), datetime(2028, 2, 1, tzinfo=timezone.utc)


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time in which a scheduled rotation may start, in UTC: from `opens` until just before `closes`."""

    opens: datetime
    closes: datetime

    __repr__ = readable_repr

    @property
    def next_rotation_date(self) -> datetime:
        """The latest moment of the window, which is what DescribeSecret reports (API_DescribeSecret)."""
        return self.closes - _SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Every so many UTC dates: AutomaticallyAfterDays, or a `rate()` in days."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Every so many hours: a `rate()` in hours."""

    number: int


Rule = Days | Hours | Cron
Grid = Literal["running", "daily", "last rotation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    The RotationRules of a secret, as they were stored.

    Attributes:
        stored_at: when. The hours of a `rate()` are counted from the midnight before.
        automatically_after_days: UTC dates between rotations, 1 to 1000.
        duration: length of the window in hours, as on the wire: "3h".
        expression: a `rate()` or `cron()` expression.
    """

    stored_at: datetime
    automatically_after_days: int | None = None
    duration: str | None = None
    expression: str | None = None
    #: The origin of the hours of a rate. AWS has not been observed here (Assumptions.hour_rate_grid).
    grid: Grid = "running"

    @property
    def rule(self) -> Rule | None:
        if self.expression is not None:
            return parse_expression(self.expression)
        days = self.automatically_after_days
        return None if days is None else Days(number=days)

    @property
    def reported_days(self) -> int | None:
        """
        AutomaticallyAfterDays as it is reported: for an expression, the fewest days between two dates.

        Sources: published describe-secret outputs (a weekly expression: 7; rate(1 days): 1);
        terraform-provider-aws issue 33329 (rate(10 hours): 1); API_DescribeSecret (the 1st and 15th: 14).
        """
        rule = self.rule
        if isinstance(rule, Cron):
            return _min_days_between(rule)
        if isinstance(rule, Hours):
            return 1
        return None if rule is None else rule.number

    def next_window(self, base: datetime) -> Window | None:
        """The first window after *base*, the last valid rotation; None without a schedule."""
        rule = self.rule
        try:
            return None if rule is None else self._next_window(rule, base)
        except OverflowError:  # beyond the calendar of Python
            return None

    def _next_window(self, rule: Rule, base: datetime) -> Window | None:
        opens = self._next_opening(rule, base)
        if opens is None:
            return None
        if self.duration is not None:
            return Window(opens=opens, closes=opens + int(self.duration[:-1]) * _HOUR)
        # Without a Duration, hours close after one hour, and days at the end of the UTC day.
        in_hours = isinstance(rule, Hours) or (isinstance(rule, Cron) and rule.is_hourly)
        return Window(opens=opens, closes=opens + _HOUR if in_hours else _midnight(opens) + _DAY)

    def _next_opening(self, rule: Rule, base: datetime) -> datetime | None:
        if isinstance(rule, Days):
            # Whatever the time of day was, a date counts as one (published describe-secret outputs).
            return _midnight(base) + rule.number * _DAY
        if isinstance(rule, Hours):
            return self._next_hour(rule.number * _HOUR, base)
        return rule.next_after(base)

    def _next_hour(self, step: timedelta, base: datetime) -> datetime:
        if self.grid == "last rotation":
            return base + step
        if self.grid == "running":
            start = _midnight(self.stored_at)
            return start + ((base - start) // step + 1) * step
        start = _midnight(base)
        return min(start + ((base - start) // step + 1) * step, start + _DAY)

    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Every window that opens after *start*, and by *end*, one after the other."""
        window = self.next_window(start)
        while window is not None and window.opens <= end:
            yield window
            window = self.next_window(window.opens)

    def last_opening(self, start: datetime, end: datetime) -> datetime | None:
        """When the last of these windows opened, found without going through all of them; or None."""
        for near_start in self._search_starts(start, end):
            opened = None
            for window in self.windows(near_start, end):
                opened = window.opens
            if opened is not None:
                return opened
        return None

    def _search_starts(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Moments near *end*, the nearest first, after which the windows open that open after *start* too."""
        rule = self.rule
        if isinstance(rule, Cron):
            yield from (end - days * _DAY for days in _LOOK_BACK if end - start > days * _DAY)
        elif rule is not None and end > start:
            in_days = isinstance(rule, Days) or self.grid == "daily"
            period = (rule.number if isinstance(rule, Days) else 1) * _DAY if in_days else rule.number * _HOUR
            yield start + max(0, (end - start) // period - 1) * period
            return
        yield start


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(timezone.utc).date(), time.min, tzinfo=timezone.utc)


@lru_cache(maxsize=256)
def parse_expression(expression: str) -> Rule:
    """
    Read an expression.

    Raises:
        InvalidParameterException: the service does not accept it. The texts are AWS's
            (cdk-preflight).
    """
    if rate := _RATE.fullmatch(expression):
        return _rate(int(rate["value"]), rate["unit"].startswith("hour"))
    fields = _CRON.fullmatch(expression)
    if fields is None:
        raise _invalid_expression(_hint_about(expression))
    try:
        return cron.parse(fields["fields"])
    except cron.InvalidCron as reason:
        raise _invalid_expression(f"{reason} {_CRON_EXAMPLE}") from None


def _rate(value: int, in_hours: bool) -> Rule:
    if in_hours:
        if not _MIN_HOURS <= value <= _MAX_HOURS:
            raise InvalidParameterException("Rate in hour should be least 4 and less than 24.")
        return Hours(number=value)
    if not 1 <= value <= _MAX_DAYS:
        raise InvalidParameterException("Rate in day should be greater than 0 and less than 1000.")
    return Days(number=value)


def _hint_about(expression: str) -> str:
    """The hint about an expression that is neither a `rate()` nor a `cron()`."""
    if expression.strip().lower().startswith("cron"):
        return f"{expression!r} is not written as cron(...), in lower case and without spaces around it. {_CRON_EXAMPLE}"
    if expression.strip().lower().startswith("rate"):
        return f"{expression!r} is not a rate of whole hours or days. Write it like 'rate(10 days)' or 'rate(12 hours)'."
    return f"{expression!r} is neither rate(...) nor cron(...). Write it like 'rate(10 days)' or 'cron(0 8 1 * ? *)'."


def _invalid_expression(hint: str) -> InvalidParameterException:
    return InvalidParameterException("Invalid schedule expression.", hint=hint)


def check_schedule(schedule: Schedule) -> None:
    """
    Reject rules that cannot be combined.

    Raises:
        InvalidParameterException: with the text of AWS (terraform-provider-aws issue 33329;
            cdk-preflight).
    """
    if schedule.automatically_after_days is not None and schedule.expression is not None:
        raise InvalidParameterException(
            "You cannot specify both rotation frequency and schedule expression together."
        )
    rule = schedule.rule
    if schedule.duration is None:
        return
    hours = int(schedule.duration[:-1])
    if not 1 <= hours <= _MAX_DURATION:
        raise InvalidParameterException("Duration must be at least 1 hour, at most 24 hour.")
    if isinstance(rule, Cron) and max(rule.hours) + hours > 24:
        raise InvalidParameterException("Starting hour and duration must be within a day.")
    if hours > _max_window_hours(rule):
        raise InvalidParameterException("Duration cannot be greater than Rate in hour.")


def _max_window_hours(rule: Rule | None) -> int:
    """How long a window may be before it reaches into the next one."""
    if isinstance(rule, Hours):
        return rule.number
    if isinstance(rule, Cron) and rule.is_hourly:
        return min(later - earlier for earlier, later in itertools.pairwise(rule.hours))
    return _MAX_DURATION


@lru_cache(maxsize=256)
def _min_days_between(rule: Cron) -> int:
    fewest, (moment, end) = 366, _YEARS
    before = None
    while fewest > 1 and (fires := rule.next_after(moment)) is not None and fires < end:
        moment = fires
        if before is not None and moment.date() > before:
            fewest = min(fewest, (moment.date() - before).days)
        before = moment.date()
    return fewest
