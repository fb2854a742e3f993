"""A quarter of scheduled rotations, run by moving the clock, with a rotation that fails in its window."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from billing_rotation import BILLING, lambda_handler

#: From two to six in the morning, on the first Sunday of each month.
RULES = {"ScheduleExpression": "cron(0 2 ? * SUN#1 *)", "Duration": "4h"}


@pytest.fixture
def client(fakesecrets, fakesecrets_client, fakesecrets_clock):
    """A client on the first of January: the secret has a password, and a schedule that has not started yet."""
    fakesecrets_clock.move_to("2030-01-01 12:00")
    BILLING.password, BILLING.is_down = "first", False
    fakesecrets_client.create_secret(Name="billing", SecretString=json.dumps({"password": "first"}))
    fakesecrets_client.rotate_secret(
        SecretId="billing",
        RotationLambdaARN=fakesecrets.add_rotation_function(lambda_handler),
        RotationRules=RULES,
        RotateImmediately=False,
    )
    return fakesecrets_client


class Application:
    """An application that caches the password for ten minutes."""

    def __init__(self, client):
        self._client = client
        self._read_at = None

    def works(self):
        if self._read_at is None or time.time() - self._read_at >= 600:
            self._read_at = time.time()
            secret = self._client.get_secret_value(SecretId="billing")["SecretString"]
            self._password = json.loads(secret)["password"]
        return BILLING.log_in(self._password)


def test_the_schedule_has_three_windows_in_the_quarter(client, fakesecrets):
    assert fakesecrets.schedule("billing", until="2030-04-01").splitlines() == [
        "opens (UTC)              closes (UTC)",
        "2030-01-06 02:00:00.000  2030-01-06 06:00:00.000",
        "2030-02-03 02:00:00.000  2030-02-03 06:00:00.000",
        "2030-03-03 02:00:00.000  2030-03-03 06:00:00.000",
    ]


def test_all_rotations_of_the_quarter_succeed(client, fakesecrets, fakesecrets_clock):
    application = Application(client)
    assert application.works()

    fakesecrets_clock.move_to("2030-04-01")

    rotations = [rotation for rotation in fakesecrets.rotations("billing") if rotation.scheduled_at]
    assert [f"{rotation.started_at:%m-%d %H:%M}" for rotation in rotations] == [
        "01-06 02:00",
        "02-03 02:00",
        "03-03 02:00",
    ]
    assert application.works()


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
def test_a_rotation_that_fails_during_maintenance_succeeds_in_the_next_window(
    client, fakesecrets, fakesecrets_clock
):
    fakesecrets_clock.move_to("2030-02-01")
    BILLING.is_down = True
    fakesecrets_clock.move_to("2030-02-04")

    failed = fakesecrets.rotations("billing")[-1]
    assert (failed.status, str(failed.error)) == ("failed", "billing is down for maintenance")
    assert all(failed.scheduled_at.opens <= step.start < failed.scheduled_at.closes for step in failed.steps)

    BILLING.is_down = False
    assert Application(client).works()  # the old password is still current, in Secrets Manager and in billing
    fakesecrets_clock.move_to("2030-03-04")

    made_up = fakesecrets.rotations("billing")[-1]
    assert (made_up.status, made_up.token) == ("succeeded", failed.token)
    assert Application(client).works()


def test_an_application_with_a_cache_recovers_within_ten_minutes(client, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-06 01:55")
    application = Application(client)
    assert application.works()

    fakesecrets_clock.move_to("2030-01-06 02:01")
    assert not application.works()  # an outage: the cache is older than the rotation
    fakesecrets_clock.tick(timedelta(minutes=4))
    assert application.works()
