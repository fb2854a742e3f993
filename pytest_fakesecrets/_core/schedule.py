"""Rotation schedules: validate a ScheduleExpression, and calculate the rotation windows."""

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
from .errors import InvalidParameterException, ValidationException
from .exported import exported
from .formatting import readable_repr

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

#: The bounds of `rate()`. Those of AutomaticallyAfterDays are different (cdk-preflight, checked by deploys).
_MIN_HOURS, _MAX_HOURS, _MAX_DAYS = 4, 23, 999
#: In whole hours (user guide, rotate-secrets_schedule).
_MAX_DURATION = 24

_RATE = re.compile(r"rate\((?P<value>[0-9]+) (?P<unit>hours?|days?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")

_CRON_EXAMPLE = "Write it like 'cron(0 8 1 * ? *)', at 8:00 UTC on the first day of each month."

#: The last `cron()` time before a moment is searched this many days back, then more, then in the whole time.
_LOOK_BACK = (1, 8, 32, 370, 3_000, 15_000)

#: The interval in which the dates of a `cron()` are compared: years without 29 February.
_YEARS = datetime(2024, 12, 31, 23, 59, tzinfo=timezone.utc), datetime(2028, 2, 1, tzinfo=timezone.utc)


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The rotation window, in which a scheduled rotation may start: from `opens` until just before `closes`, in UTC."""

    opens: datetime
    closes: datetime

    __repr__ = readable_repr

    @property
    def next_rotation_date(self) -> datetime:
        """The last second of the window, which DescribeSecret reports (API_DescribeSecret)."""
        return self.closes - _SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A number of UTC dates between rotations: AutomaticallyAfterDays, or a `rate()` in days."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A number of hours between rotations: a `rate()` in hours."""

    number: int


Rule = Days | Hours | Cron
Grid = Literal["running", "daily", "last rotation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    The stored RotationRules of a secret.

    Attributes:
        stored_at: when they were stored. The hours of a `rate()` are counted from the midnight before.
        automatically_after_days: the number of UTC dates between rotations, 1 to 1000.
        duration: the length of the window in hours, as in the request: "3h".
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
        The AutomaticallyAfterDays in responses: for an expression, the minimum number of days between two dates.

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
        """Return the first window after *base*, the last valid rotation; or None without a schedule."""
        rule = self.rule
        try:
            return None if rule is None else self._next_window(rule, base)
        except OverflowError:  # outside of Python's calendar
            return None

    def _next_window(self, rule: Rule, base: datetime) -> Window | None:
        opens = self._next_opening(rule, base)
        if opens is None:
            return None
        if self.duration is not None:
            return Window(opens=opens, closes=opens + int(self.duration[:-1]) * _HOUR)
        # Without a Duration, a window lasts one hour for a rule in hours, or until the end of the UTC day.
        in_hours = isinstance(rule, Hours) or (isinstance(rule, Cron) and rule.is_hourly)
        return Window(opens=opens, closes=opens + _HOUR if in_hours else _midnight(opens) + _DAY)

    def _next_opening(self, rule: Rule, base: datetime) -> datetime | None:
        if isinstance(rule, Days):
            # The time of day of *base* does not matter (published describe-secret outputs).
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
        """Yield each window that opens after *start*, and not after *end*."""
        window = self.next_window(start)
        while window is not None and window.opens <= end:
            yield window
            window = self.next_window(window.opens)

    def last_opening(self, start: datetime, end: datetime) -> datetime | None:
        """Return when the last of these windows opens, or None. It does not go through all windows."""
        for near_start in self._search_starts(start, end):
            opened = None
            for window in self.windows(near_start, end):
                opened = window.opens
            if opened is not None:
                return opened
        return None

    def _search_starts(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield moments from which to search for the last window, the nearest to *end* first."""
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
    Parse a ScheduleExpression.

    Raises:
        InvalidParameterException: the service rejects the expression. The messages are AWS's
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
    """Return the hint about an expression that is neither a `rate()` nor a `cron()`."""
    if expression.strip().lower().startswith("cron"):
        return f"{expression!r} is not written as cron(...), in lower case and without spaces around it. {_CRON_EXAMPLE}"
    if expression.strip().lower().startswith("rate"):
        return f"{expression!r} is not a rate of whole hours or days. Write it like 'rate(10 days)' or 'rate(12 hours)'."
    return f"{expression!r} is neither rate(...) nor cron(...). Write it like 'rate(10 days)' or 'cron(0 8 1 * ? *)'."


def _invalid_expression(hint: str) -> InvalidParameterException:
    return InvalidParameterException("Invalid schedule expression.", hint=hint)


#: The pattern of Duration in botocore's model.
_DURATION = "[0-9]+h"


def check_schedule(schedule: Schedule) -> None:
    """
    Reject an invalid ScheduleExpression, and rules that cannot be combined.

    Raises:
        InvalidParameterException: the service rejects the rules. The messages are AWS's
            (terraform-provider-aws issue 33329; cdk-preflight).
        ValidationException: the duration is not a number of hours and "h".
    """
    if schedule.automatically_after_days is not None and schedule.expression is not None:
        raise InvalidParameterException(
            "You cannot specify both rotation frequency and schedule expression together."
        )
    rule = schedule.rule
    if schedule.duration is None:
        return
    if (
        re.fullmatch(_DURATION, schedule.duration) is None
    ):  # older models of botocore have the pattern [0-9h]+
        raise ValidationException(
            f"1 validation error detected: Value '{schedule.duration}' at 'rotationRules.duration' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {_DURATION}"
        )
    hours = int(schedule.duration[:-1])
    if not 1 <= hours <= _MAX_DURATION:
        raise InvalidParameterException("Duration must be at least 1 hour, at most 24 hour.")
    if isinstance(rule, Cron) and max(rule.hours) + hours > 24:
        raise InvalidParameterException("Starting hour and duration must be within a day.")
    if hours > _max_window_hours(rule):
        raise InvalidParameterException("Duration cannot be greater than Rate in hour.")


def _max_window_hours(rule: Rule | None) -> int:
    """Return the maximum length of a window, in hours, without an overlap with the next window."""
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
