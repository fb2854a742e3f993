"""Retries of failed rotations: their delays, their number, and the end of the rotation window."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pytest_fakesecrets._core.retries import next_attempt_at
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.schedule import Window

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DELAYS = (MINUTE, HOUR)


def retry_at(now=NOW, **members):
    return next_attempt_at(Rotation(secret_id="db", token="t", started_at=NOW, **members), DELAYS, now)


def window_until(moment):
    return Window(opens=NOW - HOUR, closes=moment)


@pytest.mark.parametrize(("attempt", "expected"), [(1, NOW + MINUTE), (2, NOW + HOUR), (3, None)])
def test_each_attempt_has_its_delay_and_the_last_one_is_not_retried(attempt, expected):
    assert retry_at(attempt=attempt) == expected


def test_attempts_of_an_earlier_window_are_not_counted():
    assert retry_at(attempt=4, attempts_before=3) == NOW + MINUTE


def test_a_test_of_the_configuration_is_not_retried():
    assert retry_at(is_test=True) is None


def test_a_retry_begins_before_the_window_closes_or_not_at_all():
    assert retry_at(scheduled_at=window_until(NOW + MINUTE + timedelta(seconds=1))) == NOW + MINUTE
    assert retry_at(scheduled_at=window_until(NOW + MINUTE)) is None
