"""Schedules: accepted expressions, rotation windows, and reported dates. All times are UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pytest_fakesecrets._core.errors import InvalidParameterException, ValidationException
from pytest_fakesecrets._core.schedule import Schedule, check_schedule

REC = "published describe-secret and list-secrets outputs"
DOC = "user guide, rotate-secrets_schedule"
REP = "Z. Charles, How Secrets Manager Schedules Automatic Rotations, 2019"
INF = "inferred: not observed on AWS"
DEPLOYED = "badmintoncryer/cdk-preflight, checked by deploys"

NOT_UNDERSTOOD = "Invalid schedule expression."
HOURS = "Rate in hour should be least 4 and less than 24."
DAYS = "Rate in day should be greater than 0 and less than 1000."
TOO_LONG = "Duration must be at least 1 hour, at most 24 hour."
INTO_THE_NEXT = "Duration cannot be greater than Rate in hour."
INTO_TOMORROW = "Starting hour and duration must be within a day."
BOTH = "You cannot specify both rotation frequency and schedule expression together."


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def rules(**members):
    return members


def schedule(members, stored="2026-03-10T13:20:00"):
    return Schedule(
        stored_at=utc(stored),
        automatically_after_days=members.get("AutomaticallyAfterDays"),
        duration=members.get("Duration"),
        expression=members.get("ScheduleExpression"),
    )


WINDOWS = [
    pytest.param(
        rules(AutomaticallyAfterDays=30),
        "2026-01-22T06:42:22.340",
        "2026-01-22T06:42:22.340",
        "2026-02-21T00:00:00",
        "2026-02-22T00:00:00",
        "2026-02-21T23:59:59",
        REC,
        id="D1 AAD 30",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=30),
        "2024-02-22T07:16:15.807",
        "2024-02-22T07:16:15.807",
        "2024-03-23T00:00:00",
        "2024-03-24T00:00:00",
        "2024-03-23T23:59:59",
        REC,
        id="D2 AAD 30",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=30),
        "2026-02-03T17:34:02",
        "2026-02-03T17:34:02",
        "2026-03-05T00:00:00",
        "2026-03-06T00:00:00",
        "2026-03-05T23:59:59",
        REC,
        id="D3 AAD 30",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=1),
        "2019-04-25T17:43:00",
        "2019-04-25T17:43:00",
        "2019-04-26T00:00:00",
        "2019-04-27T00:00:00",
        "2019-04-26T23:59:59",
        REP,
        id="D4 AAD 1",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=1),
        "2026-02-28T23:59:59",
        "2026-02-28T23:59:59",
        "2026-03-01T00:00:00",
        "2026-03-02T00:00:00",
        "2026-03-01T23:59:59",
        INF,
        id="D5 AAD 1",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=1),
        "2026-03-01T00:00:00",
        "2026-03-01T00:00:00",
        "2026-03-02T00:00:00",
        "2026-03-03T00:00:00",
        "2026-03-02T23:59:59",
        INF,
        id="D6 AAD 1",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=7),
        "2026-12-28T12:00:00",
        "2026-12-28T12:00:00",
        "2027-01-04T00:00:00",
        "2027-01-05T00:00:00",
        "2027-01-04T23:59:59",
        INF,
        id="D7 AAD 7",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(1 day)"),
        "2024-02-28T10:00:00",
        "2024-02-28T10:00:00",
        "2024-02-29T00:00:00",
        "2024-03-01T00:00:00",
        "2024-02-29T23:59:59",
        INF,
        id="D8 rate(1 day)",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=365),
        "2024-02-29T00:00:01",
        "2024-02-29T00:00:01",
        "2025-02-28T00:00:00",
        "2025-03-01T00:00:00",
        "2025-02-28T23:59:59",
        INF,
        id="D9 AAD 365",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=1000),
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00",
        "2028-09-27T00:00:00",
        "2028-09-28T00:00:00",
        "2028-09-27T23:59:59",
        INF,
        id="D10 AAD 1000",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(999 days)"),
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00",
        "2028-09-26T00:00:00",
        "2028-09-27T00:00:00",
        "2028-09-26T23:59:59",
        INF,
        id="D11 rate(999 days)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(10 days)", Duration="3h"),
        "2026-03-05T13:00:00",
        "2026-03-05T13:00:00",
        "2026-03-15T00:00:00",
        "2026-03-15T03:00:00",
        "2026-03-15T02:59:59",
        INF,
        id="D12 rate(10 days)",
    ),
    pytest.param(
        rules(AutomaticallyAfterDays=7, Duration="3h"),
        "2026-03-05T13:00:00",
        "2026-03-05T13:00:00",
        "2026-03-12T00:00:00",
        "2026-03-12T03:00:00",
        "2026-03-12T02:59:59",
        INF,
        id="D13 AAD 7",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(1 day)", Duration="24h"),
        "2026-03-05T13:00:00",
        "2026-03-05T13:00:00",
        "2026-03-06T00:00:00",
        "2026-03-07T00:00:00",
        "2026-03-06T23:59:59",
        INF,
        id="D14 rate(1 day)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? * 2 *)"),
        "2023-10-16T07:18:02.417",
        "2023-10-16T07:18:02.417",
        "2023-10-23T00:00:00",
        "2023-10-24T00:00:00",
        "2023-10-23T23:59:59",
        REC,
        id="C1 cron(0 0 ? * 2 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? * 2 *)"),
        "2026-09-07T18:14:58.832",
        "2026-09-07T18:14:58.832",
        "2026-09-14T00:00:00",
        "2026-09-15T00:00:00",
        "2026-09-14T23:59:59",
        REC,
        id="C2 cron(0 0 ? * 2 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 16 1,15 * ? *)", Duration="2h"),
        "2022-10-01T16:20:00",
        "2022-10-01T16:20:00",
        "2022-10-15T16:00:00",
        "2022-10-15T18:00:00",
        "2022-10-15T17:59:59",
        DOC,
        id="C3 cron(0 16 1,15 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 16 1,15 * ? *)", Duration="2h"),
        "2022-10-10T09:00:00",
        "2022-10-10T09:00:00",
        "2022-10-15T16:00:00",
        "2022-10-15T18:00:00",
        "2022-10-15T17:59:59",
        INF,
        id="C4 cron(0 16 1,15 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 16 1,15 * ? *)", Duration="2h"),
        "2026-02-15T16:30:00",
        "2026-02-15T16:30:00",
        "2026-03-01T16:00:00",
        "2026-03-01T18:00:00",
        "2026-03-01T17:59:59",
        INF,
        id="C5 cron(0 16 1,15 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 /8 * * ? *)"),
        "2026-03-10T13:20:00",
        "2026-03-10T13:20:00",
        "2026-03-10T16:00:00",
        "2026-03-10T17:00:00",
        "2026-03-10T16:59:59",
        DOC,
        id="C6 cron(0 /8 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 8/8 * * ? *)"),
        "2026-03-10T05:00:00",
        "2026-03-10T05:00:00",
        "2026-03-10T08:00:00",
        "2026-03-10T09:00:00",
        "2026-03-10T08:59:59",
        DOC,
        id="C7 cron(0 8/8 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 8/8 * * ? *)"),
        "2026-03-10T17:00:00",
        "2026-03-10T17:00:00",
        "2026-03-11T08:00:00",
        "2026-03-11T09:00:00",
        "2026-03-11T08:59:59",
        DOC,
        id="C8 cron(0 8/8 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 2/10 * * ? *)"),
        "2026-03-10T22:15:00",
        "2026-03-10T22:15:00",
        "2026-03-11T02:00:00",
        "2026-03-11T03:00:00",
        "2026-03-11T02:59:59",
        DOC,
        id="C9 cron(0 2/10 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 2/10 * * ? *)", Duration="2h"),
        "2026-03-10T03:00:00",
        "2026-03-10T03:00:00",
        "2026-03-10T12:00:00",
        "2026-03-10T14:00:00",
        "2026-03-10T13:59:59",
        INF,
        id="C10 cron(0 2/10 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 4/12 * * ? *)"),
        "2026-03-10T16:00:00",
        "2026-03-10T16:00:00",
        "2026-03-11T04:00:00",
        "2026-03-11T05:00:00",
        "2026-03-11T04:59:59",
        DOC,
        id="C11 cron(0 4/12 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 10 * * ? *)"),
        "2026-03-10T09:59:59",
        "2026-03-10T09:59:59",
        "2026-03-10T10:00:00",
        "2026-03-11T00:00:00",
        "2026-03-10T23:59:59",
        INF,
        id="C12 cron(0 10 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 10 * * ? *)"),
        "2026-03-10T10:00:00",
        "2026-03-10T10:00:00",
        "2026-03-11T10:00:00",
        "2026-03-12T00:00:00",
        "2026-03-11T23:59:59",
        INF,
        id="C13 cron(0 10 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 18 ? * SAT *)"),
        "2026-03-10T12:00:00",
        "2026-03-10T12:00:00",
        "2026-03-14T18:00:00",
        "2026-03-15T00:00:00",
        "2026-03-14T23:59:59",
        INF,
        id="C14 cron(0 18 ? * SAT *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 18 ? * SAT *)", Duration="6h"),
        "2026-03-14T18:40:00",
        "2026-03-14T18:40:00",
        "2026-03-21T18:00:00",
        "2026-03-22T00:00:00",
        "2026-03-21T23:59:59",
        INF,
        id="C15 cron(0 18 ? * SAT *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 8 1 * ? *)"),
        "2026-03-01T08:30:00",
        "2026-03-01T08:30:00",
        "2026-04-01T08:00:00",
        "2026-04-02T00:00:00",
        "2026-04-01T23:59:59",
        INF,
        id="C16 cron(0 8 1 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 1 ? 1/3 SUN#1 *)"),
        "2026-01-04T01:10:00",
        "2026-01-04T01:10:00",
        "2026-04-05T01:00:00",
        "2026-04-06T00:00:00",
        "2026-04-05T23:59:59",
        INF,
        id="C17 cron(0 1 ? 1/3 SUN#1 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 17 L * ? *)"),
        "2026-02-10T00:00:00",
        "2026-02-10T00:00:00",
        "2026-02-28T17:00:00",
        "2026-03-01T00:00:00",
        "2026-02-28T23:59:59",
        INF,
        id="C18 cron(0 17 L * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 17 L * ? *)"),
        "2028-02-10T00:00:00",
        "2028-02-10T00:00:00",
        "2028-02-29T17:00:00",
        "2028-03-01T00:00:00",
        "2028-02-29T23:59:59",
        INF,
        id="C19 cron(0 17 L * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 17 L * ? *)", Duration="3h"),
        "2026-02-28T17:05:00",
        "2026-02-28T17:05:00",
        "2026-03-31T17:00:00",
        "2026-03-31T20:00:00",
        "2026-03-31T19:59:59",
        INF,
        id="C20 cron(0 17 L * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 8 ? * MON-FRI *)"),
        "2026-03-13T08:20:00",
        "2026-03-13T08:20:00",
        "2026-03-16T08:00:00",
        "2026-03-17T00:00:00",
        "2026-03-16T23:59:59",
        INF,
        id="C21 cron(0 8 ? * MON-FRI *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? * SUN#1 *)"),
        "2026-03-01T00:30:00",
        "2026-03-01T00:30:00",
        "2026-04-05T00:00:00",
        "2026-04-06T00:00:00",
        "2026-04-05T23:59:59",
        INF,
        id="C22 cron(0 0 ? * SUN#1 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? 1/11 2#1 *)"),
        "2026-02-01T00:00:00",
        "2026-02-01T00:00:00",
        "2026-12-07T00:00:00",
        "2026-12-08T00:00:00",
        "2026-12-07T23:59:59",
        INF,
        id="C23 cron(0 0 ? 1/11 2#1 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 5 SUNL * ? *)"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2026-03-29T05:00:00",
        "2026-03-30T00:00:00",
        "2026-03-29T23:59:59",
        INF,
        id="C24 cron(0 5 SUNL * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 3 ? * L *)"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2026-03-14T03:00:00",
        "2026-03-15T00:00:00",
        "2026-03-14T23:59:59",
        INF,
        id="C25 cron(0 3 ? * L *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 29 2 ? *)"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2028-02-29T00:00:00",
        "2028-03-01T00:00:00",
        "2028-02-29T23:59:59",
        INF,
        id="C26 cron(0 0 29 2 ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 31 * ? *)"),
        "2026-04-01T00:00:00",
        "2026-04-01T00:00:00",
        "2026-05-31T00:00:00",
        "2026-06-01T00:00:00",
        "2026-05-31T23:59:59",
        INF,
        id="C27 cron(0 0 31 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 1/2 * ? *)"),
        "2026-03-31T12:00:00",
        "2026-03-31T12:00:00",
        "2026-04-01T00:00:00",
        "2026-04-02T00:00:00",
        "2026-04-01T23:59:59",
        INF,
        id="C28 cron(0 0 1/2 * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 22 * * ? *)", Duration="2h"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2026-03-10T22:00:00",
        "2026-03-11T00:00:00",
        "2026-03-10T23:59:59",
        INF,
        id="C29 cron(0 22 * * ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? * TUE#5 *)"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2026-03-31T00:00:00",
        "2026-04-01T00:00:00",
        "2026-03-31T23:59:59",
        INF,
        id="C30 cron(0 0 ? * TUE#5 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 6 1-7 JAN,JUL ? *)", Duration="4h"),
        "2026-01-07T06:30:00",
        "2026-01-07T06:30:00",
        "2026-07-01T06:00:00",
        "2026-07-01T10:00:00",
        "2026-07-01T09:59:59",
        INF,
        id="C31 cron(0 6 1-7 JAN,JUL ? *)",
    ),
    pytest.param(
        rules(ScheduleExpression="cron(0 0 ? * 1/2 *)"),
        "2026-03-10T12:00:00",
        "2026-03-10T12:00:00",
        "2026-03-12T00:00:00",
        "2026-03-13T00:00:00",
        "2026-03-12T23:59:59",
        INF,
        id="C32 cron(0 0 ? * 1/2 *)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(4 hours)"),
        "2026-03-10T13:20:00",
        "2026-03-10T13:20:00",
        "2026-03-10T16:00:00",
        "2026-03-10T17:00:00",
        "2026-03-10T16:59:59",
        INF,
        id="H1 rate(4 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(4 hours)"),
        "2026-03-10T13:20:00",
        "2026-03-10T16:25:00",
        "2026-03-10T20:00:00",
        "2026-03-10T21:00:00",
        "2026-03-10T20:59:59",
        INF,
        id="H2 rate(4 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(12 hours)", Duration="3h"),
        "2026-03-10T13:20:00",
        "2026-03-10T13:20:00",
        "2026-03-11T00:00:00",
        "2026-03-11T03:00:00",
        "2026-03-11T02:59:59",
        INF,
        id="H3 rate(12 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(10 hours)"),
        "2026-03-10T13:20:00",
        "2026-03-10T13:20:00",
        "2026-03-10T20:00:00",
        "2026-03-10T21:00:00",
        "2026-03-10T20:59:59",
        INF,
        id="H4 rate(10 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(10 hours)"),
        "2026-03-10T13:20:00",
        "2026-03-10T20:10:00",
        "2026-03-11T06:00:00",
        "2026-03-11T07:00:00",
        "2026-03-11T06:59:59",
        INF,
        id="H5 rate(10 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(6 hours)", Duration="6h"),
        "2026-03-10T00:00:00",
        "2026-03-10T00:00:00",
        "2026-03-10T06:00:00",
        "2026-03-10T12:00:00",
        "2026-03-10T11:59:59",
        INF,
        id="H6 rate(6 hours)",
    ),
    pytest.param(
        rules(ScheduleExpression="rate(23 hours)"),
        "2026-03-10T13:20:00",
        "2026-03-10T23:20:00",
        "2026-03-11T22:00:00",
        "2026-03-11T23:00:00",
        "2026-03-11T22:59:59",
        INF,
        id="H7 rate(23 hours)",
    ),
]


@pytest.mark.parametrize(("members", "stored", "base", "opens", "closes", "reported", "source"), WINDOWS)
def test_the_next_window_opens_and_closes_as_documented(
    members, stored, base, opens, closes, reported, source
):
    rule = schedule(members, stored)
    check_schedule(rule)

    window = rule.next_window(utc(base))

    assert (window.opens, window.closes) == (utc(opens), utc(closes)), source
    assert window.next_rotation_date == utc(reported), source


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        *((expression, DEPLOYED) for expression in ("rate(4 hours)", "cron(0 0 ? * SUN *)")),
        *(
            (expression, "terraform-provider-aws, acceptance tests")
            for expression in ("rate(6 hours)", "rate(10 hours)", "rate(10 days)")
        ),
        *((expression, REC) for expression in ("rate(1 days)", "cron(0 0 ? * 2 *)")),
        *(
            (expression, DOC)
            for expression in (
                "cron(0 /8 * * ? *)",
                "cron(0 8/8 * * ? *)",
                "cron(0 2/10 * * ? *)",
                "cron(0 10 * * ? *)",
                "cron(0 18 ? * SAT *)",
                "cron(0 8 1 * ? *)",
                "cron(0 1 ? 1/3 SUN#1 *)",
                "cron(0 17 L * ? *)",
                "cron(0 8 ? * MON-FRI *)",
                "cron(0 16 1,15 * ? *)",
                "cron(0 0 ? * SUN#1 *)",
                "cron(0 4/12 * * ? *)",
                "cron(0 0 ? 1/11 2#1 *)",
                "rate(999 days)",
                "rate(23 hours)",
                "rate(1 day)",
            )
        ),
        *(
            (expression, INF)
            for expression in (
                "cron(0 8,16 * * ? *)",
                "cron(0 0 ? * fri *)",
                "cron(0 0 ? * 6L *)",
                "cron(0 0 ? * FRIL *)",
            )
        ),
    ],
)
def test_a_valid_expression_is_accepted(expression, source):
    check_schedule(schedule(rules(ScheduleExpression=expression)))

    assert schedule(rules(ScheduleExpression=expression)).next_window(utc("2026-03-10T13:20:00")), source


@pytest.mark.parametrize(
    ("members", "message", "source"),
    [
        pytest.param(rules(ScheduleExpression="rate(3 hours)"), HOURS, DEPLOYED, id="every three hours"),
        pytest.param(rules(ScheduleExpression="rate(24 hours)"), HOURS, DEPLOYED, id="a day in hours"),
        pytest.param(rules(ScheduleExpression="rate(0 hours)"), HOURS, INF, id="no hours"),
        pytest.param(rules(ScheduleExpression="rate(0 days)"), DAYS, DEPLOYED, id="no days"),
        pytest.param(rules(ScheduleExpression="rate(1000 days)"), DAYS, DEPLOYED, id="a thousand days"),
        pytest.param(
            rules(ScheduleExpression="rate(4 hours)", Duration="5h"),
            INTO_THE_NEXT,
            DEPLOYED,
            id="longer than the rate",
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 0/6 * * ? *)", Duration="6h"), None, INF, id="as long as the gap"
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 0/6 * * ? *)", Duration="7h"),
            INTO_TOMORROW,
            INF,
            id="the last into tomorrow",
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 0,5,12 * * ? *)", Duration="6h"),
            INTO_THE_NEXT,
            INF,
            id="longer than the gap",
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 20 * * ? *)", Duration="5h"),
            INTO_TOMORROW,
            DEPLOYED,
            id="20 and 5",
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 1 * * ? *)", Duration="24h"),
            INTO_TOMORROW,
            DEPLOYED,
            id="1 and 24",
        ),
        pytest.param(
            rules(ScheduleExpression="cron(0 0 ? * SUN *)", Duration="24h"), None, DEPLOYED, id="0 and 24"
        ),
        *(
            pytest.param(
                rules(AutomaticallyAfterDays=7, Duration=duration), TOO_LONG, DEPLOYED, id=f"for {duration}"
            )
            for duration in ("0h", "25h", "99h", "00h")
        ),
        pytest.param(
            rules(AutomaticallyAfterDays=30, ScheduleExpression="rate(30 days)"),
            BOTH,
            "terraform-provider-aws issue 33329",
            id="both",
        ),
        *(
            pytest.param(rules(ScheduleExpression=expression), NOT_UNDERSTOOD, DEPLOYED, id=expression)
            for expression in (
                "cron(15 10 * * ? *)",
                "cron(30 10 * * ? *)",
                "cron(0 10 * * ? 2030)",
                "cron(0 10 * * * *)",
                "cron(0 10 ? * ? *)",
                "cron(0 10 * * ?)",
                "cron(0 * * * ? *)",
                "cron(0 0/2 * * ? *)",
                "cron(0 24 * * ? *)",
                "cron(0 0 32 * ? *)",
                "cron(0 0 ? 13 1 *)",
                "cron(0 0 ? * 8 *)",
                "cron(0 1 * 1/3 SUN *)",
                "rate(30 minutes)",
                "rate(15 minutes)",
                "rate(2 weeks)",
                "rate(4hours)",
                "rate(4  hours)",
                "every day",
            )
        ),
        *(
            pytest.param(rules(ScheduleExpression=expression), NOT_UNDERSTOOD, INF, id=expression)
            for expression in (
                "Rate(4 hours)",
                "rate(-4 hours)",
                "rate( 4 hours)",
                "cron(* 10 * * ? *)",
                "cron(00 10 * * ? *)",
                "cron(0 8-20 * * ? *)",
                "cron(0 8,10 * * ? *)",
                "cron(0 10 * ? ? *)",
                "cron(0 10 * L ? *)",
                "cron(0 10 15W * ? *)",
                "cron(0 10 31 FEB ? *)",
                "cron(0 10 ? * TUE#6 *)",
                "cron(0 10 ? * FRI-MON *)",
                "cron(0 10 5L * ? *)",
                "cron(0 10 * * ? *) ",
                "cron(0  10 * * ? *)",
                "cron()",
                "rate()",
            )
        ),
    ],
)
def test_invalid_rules_are_rejected(members, message, source):
    if message is None:
        check_schedule(schedule(members))
        return
    with pytest.raises(InvalidParameterException) as raised:
        check_schedule(schedule(members))

    assert raised.value.message == message, source


@pytest.mark.parametrize(
    ("members", "days", "source"),
    [
        (rules(AutomaticallyAfterDays=30), 30, REC),
        (rules(ScheduleExpression="cron(0 0 ? * 2 *)"), 7, REC),
        (rules(ScheduleExpression="rate(10 hours)"), 1, "terraform-provider-aws issue 33329"),
        (rules(ScheduleExpression="rate(1 days)"), 1, REC),
        (rules(ScheduleExpression="cron(0 16 1,15 * ? *)"), 14, "API_DescribeSecret"),
        (rules(ScheduleExpression="cron(0 2/10 * * ? *)"), 1, INF),
        (rules(ScheduleExpression="cron(0 8 1 * ? *)"), 28, INF),
        (rules(ScheduleExpression="cron(0 0 29 2 ? *)"), 366, INF),
        (rules(ScheduleExpression="cron(0 0 1 3,10 ? *)"), 151, INF),
        (rules(ScheduleExpression="cron(0 0 15 6 ? *)"), 365, INF),
        (rules(ScheduleExpression="cron(0 0 1 1 ? *)"), 365, INF),
        (rules(ScheduleExpression="cron(0 0 ? 6 MON#1 *)"), 364, INF),
        (rules(), None, INF),
    ],
    ids=repr,
)
def test_automatically_after_days_is_reported(members, days, source):
    assert schedule(members).reported_days == days, source


def test_a_secret_without_a_schedule_has_no_next_window():
    assert schedule(rules(Duration="3h")).next_window(utc("2026-03-10T13:20:00")) is None


def test_each_window_opens_after_the_previous_one():
    rule = schedule(rules(ScheduleExpression="rate(4 hours)"))
    base, opened = utc("2026-03-10T13:20:00"), []

    for _ in range(6):
        base = rule.next_window(base).opens
        opened.append(base)

    assert opened == [utc("2026-03-10T16:00:00") + timedelta(hours=4 * number) for number in range(6)]


@pytest.mark.parametrize("duration", ["24", "h3", "3h3", "hh"])
def test_a_duration_without_the_form_of_the_model_is_rejected_where_botocore_has_an_older_model(duration):
    """botocore 1.34 has the pattern [0-9h]+, and newer ones have [0-9]+h (service-2.json, DurationType)."""
    with pytest.raises(ValidationException, match=r"'rotationRules\.duration' .* pattern: \[0-9\]\+h$"):
        check_schedule(schedule(rules(AutomaticallyAfterDays=7, Duration=duration)))
