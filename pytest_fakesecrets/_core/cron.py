"""Parse the `cron()` expressions of Secrets Manager, and translate them for croniter."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from croniter import croniter

_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_SATURDAY = _DAYS["SAT"]

#: "At most every four hours" (user guide, rotate-secrets_schedule).
MIN_HOURS_BETWEEN = 4

_LAST_WEEKDAY = re.compile(r"(?P<day>[A-Z]{3}|[1-7])L")
_NTH_WEEKDAY = re.compile(r"(?P<day>[A-Z]{3}|[1-7])#(?P<nth>[1-5])")


class InvalidCron(ValueError):
    """The service rejects this expression. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """
    A `cron()` expression: the hours at which it fires, and its other fields in croniter's syntax.

    The hours are separate because windows depend on them: AWS treats an expression with several hours
    a day as an expression "in hours".
    """

    hours: Sequence[int]
    days: str

    @property
    def is_hourly(self) -> bool:
        return len(self.hours) > 1

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first time after *moment* at which the expression fires, in UTC; or None if it never does."""
        second = moment.replace(
            microsecond=0
        )  # croniter uses floats, which round microseconds up in distant years
        try:
            fires: datetime = croniter(self._expression, second).get_next(datetime)
        except (ValueError, OverflowError):  # not within 50 years, or not within Python's calendar
            return None
        return fires

    @property
    def _expression(self) -> str:
        return f"0 {','.join(map(str, self.hours))} {self.days}"


def parse(text: str) -> Cron:
    """
    Parse the six fields inside `cron(...)`: minutes, hours, days of the month, months, days of the week, year.

    Raises:
        InvalidCron: the service rejects the expression, or it never fires.
    """
    fields = text.upper().split(" ")
    if len(fields) != 6:
        raise InvalidCron(
            f"cron() takes six fields with one space between them, and this one has {len(fields)}: minutes, hours, "
            "day of month, month, day of week, year."
        )
    minutes, hours, month_days, months, week_days, year = fields
    # Exactly one of the two fields of days is "?" (user guide, rotate-secrets_schedule).
    if minutes != "0":
        raise InvalidCron(f"The minutes of cron() have to be 0, not {minutes!r}: windows open on the hour.")
    if year != "*":
        raise InvalidCron(f"The year of cron() has to be '*', not {year!r}.")
    if (month_days == "?") == (week_days == "?"):
        raise InvalidCron("Exactly one of the day of month and the day of week in cron() has to be '?'.")
    month = _field(months, 1, 12, _MONTHS)
    days = _month_days(month_days, month) if week_days == "?" else f"* {month} {_week_days(week_days)}"
    cron = Cron(hours=_hours(hours), days=days)
    if cron.next_after(datetime(2000, 1, 1)) is None:  # noqa: DTZ001  # only whether such a day exists
        raise InvalidCron(f"'cron({text})' names a date that does not exist.")
    return cron


def _hours(text: str) -> Sequence[int]:
    """Parse single hours, lists, and steps that start again each day: "8", "8,16", "/8", "2/10"."""
    first, slash, step = text.partition("/")
    if slash:
        every = _number(step, MIN_HOURS_BETWEEN, 23)
        return tuple(range(_number(first or "0", 0, 23), 24, every))
    hours = sorted(_number(hour, 0, 23) for hour in text.split(","))
    if any(later - earlier < MIN_HOURS_BETWEEN for earlier, later in itertools.pairwise(hours)):
        raise InvalidCron(f"The hours {text!r} in cron() are less than {MIN_HOURS_BETWEEN} hours apart.")
    return tuple(hours)


def _month_days(text: str, month: str) -> str:
    """Translate a day-of-month field into croniter's days, months and week days: "1,15", "1/2", "L", "SUNL"."""
    if text == "L":
        return f"L {month} *"
    last = _LAST_WEEKDAY.fullmatch(text)
    if last and not last["day"].isdigit():
        return f"* {month} {_last_weekday(last['day'])}"
    return f"{_field(text, 1, 31, {})} {month} *"


def _week_days(text: str) -> str:
    if text == "L":  # the last day of the week
        return str(_SATURDAY - 1)
    if last := _LAST_WEEKDAY.fullmatch(text):
        return _last_weekday(last["day"])
    if nth := _NTH_WEEKDAY.fullmatch(text):
        return f"{_week_day(nth['day'])}#{nth['nth']}"
    # croniter counts from Sunday as 0, Secrets Manager from Sunday as 1.
    return ",".join(str(day - 1) for day in _members_of(text, 1, 7, _DAYS))


def _last_weekday(day: str) -> str:
    return f"L{_week_day(day)}"


def _week_day(day: str) -> int:
    return _number(day, 1, 7, _DAYS) - 1


def _field(text: str, least: int, most: int, names: Mapping[str, int]) -> str:
    return "*" if text == "*" else ",".join(map(str, _members_of(text, least, most, names)))


def _members_of(text: str, least: int, most: int, names: Mapping[str, int]) -> Sequence[int]:
    """Return the numbers that a field means: a list of values, ranges and steps."""
    members: set[int] = set()
    for item in text.split(","):
        first, slash, step = item.partition("/")
        low, dash, high = first.partition("-")
        if slash:
            start = least if first in ("", "*") else _number(first, least, most, names)
            members.update(range(start, most + 1, _number(step, 1, most)))
        elif item == "*":
            members.update(range(least, most + 1))
        elif dash:
            bounds = _number(low, least, most, names), _number(high, least, most, names)
            if bounds[0] > bounds[1]:
                raise InvalidCron(f"The range {first!r} in cron() ends before it starts.")
            members.update(range(bounds[0], bounds[1] + 1))
        else:
            members.add(_number(item, least, most, names))
    return sorted(members)


def _number(text: str, least: int, most: int, names: Mapping[str, int] = {}) -> int:
    number = names.get(text)
    if number is None:
        number = int(text) if re.fullmatch(r"[0-9]{1,2}", text) else -1
    if not least <= number <= most:
        or_name = f" or a name such as {next(iter(names))!r}" if names else ""
        raise InvalidCron(f"{text!r} in cron() has to be a number from {least} to {most}{or_name}.")
    return number
