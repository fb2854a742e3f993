"""
Schedules compared with a minimal evaluator, which iterates over hours and checks whether the fields match each one.

Expressions are generated together with their meaning, so the evaluator parses no text.
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_fakesecrets._core.errors import InvalidParameterException
from pytest_fakesecrets._core.schedule import Schedule, check_schedule

HOUR = timedelta(hours=1)
FIRST = datetime.min.replace(tzinfo=timezone.utc)
LAST = datetime.max.replace(tzinfo=timezone.utc)
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
TEXTS = {
    "Invalid schedule expression.",
    "Rate in hour should be least 4 and less than 24.",
    "Rate in day should be greater than 0 and less than 1000.",
}


def weekday(moment):
    """Return 1 for Sunday to 7 for Saturday, as in the service."""
    return moment.isoweekday() % 7 + 1


def days_in_month(moment):
    return calendar.monthrange(moment.year, moment.month)[1]


@st.composite
def hours(draw):
    """A field of hours, and the hours that it matches."""
    if draw(st.booleans()):
        start, step = draw(st.integers(0, 23)), draw(st.integers(4, 23))
        return f"{start}/{step}", set(range(start, 24, step))
    found, hour = [], draw(st.integers(0, 23))
    while hour < 24 and len(found) < 5:
        found.append(hour)
        hour += draw(st.integers(4, 12))
    return ",".join(map(str, found)), set(found)


@st.composite
def members(draw, least, most, names=()):
    """A field of values, ranges and steps, and the numbers that it matches."""

    def written(number):
        return draw(st.sampled_from([str(number), *([names[number - 1]] if names else [])]))

    items, meant = [], set()
    for _ in range(draw(st.integers(1, 3))):
        low = draw(st.integers(least, most))
        kind = draw(st.sampled_from(["value", "range", "step"]))
        if kind == "value":
            items.append(written(low))
            meant.add(low)
        elif kind == "range":
            high = draw(st.integers(low, most))
            items.append(f"{written(low)}-{written(high)}")
            meant.update(range(low, high + 1))
        else:
            step = draw(st.integers(1, most))
            items.append(f"{low}/{step}")
            meant.update(range(low, most + 1, step))
    return ",".join(items), meant


@st.composite
def days(draw):
    """Both day fields, and a predicate that tests a day."""
    kind = draw(
        st.sampled_from(["any", "days", "last", "last named", "weekdays", "nth", "last weekday", "L"])
    )
    named = draw(st.integers(1, 7))
    name = draw(st.sampled_from([str(named), WEEKDAYS[named - 1]]))
    if kind == "any":
        return draw(st.sampled_from([("*", "?"), ("?", "*")])), lambda day: True
    if kind == "days":
        text, meant = draw(members(1, 31))
        return (text, "?"), lambda day: day.day in meant
    if kind == "last":
        return ("L", "?"), lambda day: day.day == days_in_month(day)
    if kind == "last named":
        text = f"{WEEKDAYS[named - 1]}L"
        return (text, "?"), lambda day: weekday(day) == named and day.day + 7 > days_in_month(day)
    if kind == "weekdays":
        text, meant = draw(members(1, 7, WEEKDAYS))
        return ("?", text), lambda day: weekday(day) in meant
    if kind == "nth":
        nth = draw(st.integers(1, 5))
        return ("?", f"{name}#{nth}"), lambda day: weekday(day) == named and (day.day - 1) // 7 + 1 == nth
    if kind == "last weekday":
        return ("?", f"{name}L"), lambda day: weekday(day) == named and day.day + 7 > days_in_month(day)
    return ("?", "L"), lambda day: weekday(day) == 7


@st.composite
def crons(draw):
    """An expression, and a predicate that tests an hour."""
    hour_text, hour_set = draw(hours())
    months, month_set = draw(st.one_of(st.just(("*", set(range(1, 13)))), members(1, 12, MONTHS)))
    (month_days, week_days), matches = draw(days())

    def fires(moment):
        return moment.hour in hour_set and moment.month in month_set and matches(moment)

    return f"cron(0 {hour_text} {month_days} {months} {week_days} *)", fires, hour_set


# Hypothesis requires bounds without a time zone.
BASES = st.datetimes(datetime(2023, 12, 1), datetime(2028, 3, 2)).map(  # noqa: DTZ001
    lambda base: base.replace(tzinfo=timezone.utc)
)


def first_after(base, fires):
    """Iterate over the hours of the following years, including a leap year, or up to the end of the calendar."""
    moment = base.replace(minute=0, second=0, microsecond=0)
    for _ in range(366 * 24 * 9):
        if LAST - moment < HOUR:
            return None
        moment += HOUR
        if not moment.hour and not any(fires(moment.replace(hour=hour)) for hour in range(24)):
            moment += 23 * HOUR  # no hour of this day matches
        elif fires(moment):
            return moment
    return None


@given(crons(), BASES, st.one_of(st.none(), st.integers(1, 24)))
def test_a_cron_schedule_opens_its_window_at_the_first_matching_hour(built, base, duration):
    expression, fires, hour_set = built
    schedule = Schedule(stored_at=base, expression=expression, duration=duration and f"{duration}h")
    expected = first_after(base, fires)
    gaps = [b - a for a, b in zip(sorted(hour_set), sorted(hour_set)[1:], strict=False)]
    fits = duration is None or (max(hour_set) + duration <= 24 and duration <= min(gaps, default=24))

    if not fits:
        with pytest.raises(InvalidParameterException):
            check_schedule(schedule)
        return
    if expected is None:  # never, or not within the tested years
        return
    check_schedule(schedule)
    window = schedule.next_window(base)

    assert window.opens == expected
    until_midnight = (expected + timedelta(days=1)).replace(hour=0) - expected
    default = HOUR if len(hour_set) > 1 else until_midnight
    assert window.closes - window.opens == (default if duration is None else duration * HOUR)
    assert window.next_rotation_date == window.closes - timedelta(seconds=1)


@given(st.integers(1, 1000), BASES)
def test_a_rate_of_days_counts_dates_regardless_of_the_time_of_day(number, base):
    window = Schedule(stored_at=base, automatically_after_days=number).next_window(base)

    assert window.opens.date() == base.date() + timedelta(days=number)
    assert (window.opens.hour, window.closes - window.opens) == (0, timedelta(days=1))


@given(st.integers(4, 23), BASES, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_rate_of_hours_counts_from_the_midnight_of_the_schedule(number, stored, later):
    base = stored + later

    opens = Schedule(stored_at=stored, expression=f"rate({number} hours)").next_window(base).opens

    midnight = stored.replace(hour=0, minute=0, second=0, microsecond=0)
    assert (opens - midnight) % (number * HOUR) == timedelta(0)
    assert timedelta(0) < opens - base <= number * HOUR


@given(crons(), BASES)
def test_windows_never_overlap(built, base):
    expression, fires, _ = built
    if first_after(base, fires) is None:
        return
    schedule = Schedule(stored_at=base, expression=expression)

    first = schedule.next_window(base)
    second = schedule.next_window(first.opens)

    assert first.opens < first.closes <= second.opens


@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(r"\A(cron|rate)\([0-9A-Za-z#?*/, -]{0,30}\)\Z"),
        st.from_regex(
            r"\Acron\(0 [0-9*/,]{1,6} [0-9L?*,/-]{1,5} [0-9A-Z*,/-]{1,7} [0-9A-Z#?*L,/-]{1,7} \*\)\Z"
        ),
    )
)
@example("cron(0 0 31 2 ? *)")
@example("cron(0 0 ? * 1#6 *)")
@example("rate(99999999999999999999 days)")
@example("cron(0 ٣ * * ? *)")
def test_any_text_is_parsed_or_rejected_with_the_message_of_the_service(text):
    schedule = Schedule(stored_at=datetime(2026, 3, 10, tzinfo=timezone.utc), expression=text)

    refused = None
    try:
        window = schedule.next_window(datetime(2026, 3, 10, tzinfo=timezone.utc))
    except InvalidParameterException as error:
        refused = error.message

    assert refused in TEXTS or window.opens > datetime(2026, 3, 10, tzinfo=timezone.utc)


@given(crons(), st.timedeltas(timedelta(0), timedelta(days=1500)), st.booleans())
@example(("cron(0 0 29 2 ? *)", lambda at: (at.month, at.day) == (2, 29), {0}), timedelta(days=1), False)
@example(("cron(0 0 ? * L *)", lambda at: weekday(at) == 7, {0}), timedelta(microseconds=0), False)
def test_a_cron_schedule_opens_the_remaining_windows_near_the_limits_of_the_calendar(
    built, distance, is_first
):
    expression, fires, hour_set = built
    base = FIRST + distance if is_first else LAST - distance
    expected = first_after(base, fires)

    window = Schedule(stored_at=base, expression=expression).next_window(base)

    if expected is None:
        assert window is None or is_first  # not within the tested years
    elif len(hour_set) == 1 and LAST - expected < timedelta(days=1):
        assert window is None  # the window would close after the end of the calendar
    else:
        assert window.opens == expected


@given(
    st.sampled_from(
        [
            {"automatically_after_days": 1},
            {"automatically_after_days": 90},
            {"expression": "rate(4 hours)"},
            {"expression": "rate(7 hours)", "duration": "3h"},
            {"expression": "rate(999 days)"},
            {"expression": "cron(0 8 ? * MON#1 *)"},
            {"expression": "cron(0 0/5 * * ? *)"},
            {"expression": "cron(0 0 29 2 ? *)"},
        ]
    ),
    st.sampled_from(["running", "daily", "last rotation"]),
    st.one_of(BASES, st.just(FIRST + timedelta(days=5)), st.just(LAST - timedelta(days=500))),
    st.timedeltas(timedelta(days=-2), timedelta(days=100)),
    st.timedeltas(timedelta(days=-2), timedelta(days=150)),
)
def test_the_last_opening_is_that_of_the_last_window(rules, grid, base, stored, span):
    schedule = Schedule(stored_at=base + stored, grid=grid, **rules)

    opened = [window.opens for window in schedule.windows(base, base + span)]

    assert schedule.last_opening(base, base + span) == (opened[-1] if opened else None)


def test_the_last_opening_of_a_schedule_of_ten_thousand_years_is_found_at_once():
    end = datetime(9990, 1, 2, 9, 30, tzinfo=timezone.utc)
    found = [
        Schedule(stored_at=FIRST, **rules).last_opening(FIRST, end)
        for rules in (
            {"expression": "rate(4 hours)"},
            {"expression": "rate(999 days)"},
            {"expression": "cron(0 0/4 * * ? *)"},
            {"expression": "cron(0 0 29 2 ? *)"},
        )
    ]

    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in found] == [
        "9990-01-02 08:00",
        "9989-11-03 00:00",
        "9990-01-02 08:00",
        "9988-02-29 00:00",
    ]


def test_an_expression_is_checked_without_a_duration():
    with pytest.raises(InvalidParameterException):
        check_schedule(Schedule(stored_at=datetime(2026, 3, 10, tzinfo=timezone.utc), expression="every day"))
