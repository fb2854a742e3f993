"""Moving the clock: scheduled rotations, retries and deletions run at their own instants, under any freezing library."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from functools import partial
from random import Random

import pytest
from botocore.exceptions import ClientError
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st
from rotation_functions import raising_in, well_behaved
from support import labels, rejected, token

from pytest_fakesecrets import CredentialTarget, FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._report.collector import secrets_of
from pytest_fakesecrets._report.html_page import page
from pytest_fakesecrets._report.records import ItemPart

pytestmark = [
    pytest.mark.usefixtures("kept_clients"),
    pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning"),
]


@pytest.fixture
def clock(fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-02 09:30")
    return fakesecrets_clock


def configure(fakesecrets, client, function=well_behaved, secret_id="db", **rules):
    """Store a schedule without rotating now."""
    client.rotate_secret(
        SecretId=secret_id,
        RotationLambdaARN=fakesecrets.add_rotation_function(function),
        RotationRules=rules,
        RotateImmediately=False,
    )


def scheduled(fakesecrets, secret_id="db"):
    return [rotation for rotation in fakesecrets.rotations(secret_id) if rotation.scheduled_at]


def moments(rotations):
    return [f"{rotation.started_at:%Y-%m-%d %H:%M}" for rotation in rotations]


class TestARotationSchedule:
    def test_in_days_rotates_the_secret_on_each_of_its_dates(self, db, fakesecrets, clock):
        configure(fakesecrets, db, ScheduleExpression="rate(30 days)")

        clock.tick(timedelta(days=91))

        rotations = scheduled(fakesecrets)
        assert moments(rotations) == ["2030-02-01 00:00", "2030-03-03 00:00", "2030-04-02 00:00"]
        assert [rotation.status for rotation in rotations] == ["succeeded"] * 3
        assert [rotation.scheduled_at.opens for rotation in rotations] == [r.started_at for r in rotations]
        assert fakesecrets.secret("db").staging == {"v4": {"AWSPREVIOUS"}, "v5": {"AWSCURRENT", "AWSPENDING"}}

    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            pytest.param({"AutomaticallyAfterDays": 2}, ["2030-01-04 00:00", "2030-01-06 00:00"], id="days"),
            pytest.param(
                {"ScheduleExpression": "rate(23 hours)"},
                [
                    "2030-01-02 23:00",
                    "2030-01-03 22:00",
                    "2030-01-04 21:00",
                    "2030-01-05 20:00",
                    "2030-01-06 19:00",
                ],
                id="hours",
            ),
            pytest.param(
                {"ScheduleExpression": "cron(0 16 ? * FRI *)", "Duration": "2h"},
                ["2030-01-04 16:00"],
                id="cron",
            ),
            pytest.param(
                {"ScheduleExpression": "cron(0 2/10 3 * ? *)"},
                ["2030-01-03 02:00", "2030-01-03 12:00", "2030-01-03 22:00"],
                id="several hours",
            ),
        ],
    )
    def test_of_each_kind_rotates_the_secret_when_its_windows_open(
        self, db, fakesecrets, clock, rules, expected
    ):
        configure(fakesecrets, db, **rules)

        clock.move_to("2030-01-07")

        assert moments(scheduled(fakesecrets)) == expected

    def test_in_days_restarts_at_a_manual_rotation_and_at_a_manual_value(self, db, fakesecrets, clock):
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 10})
        clock.move_to("2030-01-08")
        db.put_secret_value(SecretId="db", SecretString="by hand")
        clock.move_to("2030-01-15")
        fakesecrets.rotate("db")

        clock.move_to("2030-01-26")

        assert moments(scheduled(fakesecrets)) == ["2030-01-25 00:00"]

    def test_in_cron_ignores_a_manual_value(self, db, fakesecrets, clock):
        """Inferred: not observed on AWS."""
        configure(fakesecrets, db, ScheduleExpression="cron(0 8 5 * ? *)")
        clock.move_to("2030-01-04")

        db.put_secret_value(SecretId="db", SecretString="by hand")
        clock.move_to("2030-01-06")

        assert moments(scheduled(fakesecrets)) == ["2030-01-05 08:00"]

    def test_skips_a_window_in_which_the_secret_was_rotated_manually(self, db, fakesecrets, clock):
        """Published describe-secret outputs: a Monday schedule, rotated on Monday, waits a week."""
        configure(fakesecrets, db, ScheduleExpression="cron(0 0 ? * 2 *)")
        clock.move_to("2030-01-07 07:18")
        fakesecrets.rotate("db")

        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == "2030-01-14"

    def test_that_was_cancelled_stops_until_rotation_is_turned_on_again(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        db.cancel_rotate_secret(SecretId="db")
        clock.tick(timedelta(days=10))
        assert scheduled(fakesecrets) == []

        db.rotate_secret(SecretId="db", RotateImmediately=False)
        clock.tick(timedelta(days=2))

        assert moments(scheduled(fakesecrets)) == ["2030-01-13 00:00", "2030-01-14 00:00"]

    def test_of_a_deleted_secret_pauses_until_the_secret_is_restored(self, db, fakesecrets, clock):
        """Inferred: scheduled rotations do not run for a deleted secret."""
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        db.delete_secret(SecretId="db")
        clock.tick(timedelta(days=5))

        db.restore_secret(SecretId="db")
        clock.tick(timedelta(hours=1))

        assert [rotation.status for rotation in scheduled(fakesecrets)][-1] == "succeeded"
        assert moments(scheduled(fakesecrets))[0] >= "2030-01-03"

    def test_that_is_replaced_drops_its_old_dates(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        configure(fakesecrets, db, AutomaticallyAfterDays=5)
        clock.tick(timedelta(days=6))

        assert moments(scheduled(fakesecrets)) == ["2030-01-07 00:00"]

    def test_of_a_managed_secret_needs_no_rotation_function(self, client, fakesecrets, clock):
        fakesecrets.add_secret("rds!db", "old", owning_service="rds")

        clock.tick(timedelta(days=8))

        assert moments(scheduled(fakesecrets, "rds!db")) == ["2030-01-09 00:00"]
        assert fakesecrets.secret("rds!db").value() != "old"

    @pytest.mark.long
    def test_of_four_hours_runs_a_year_of_rotations_in_one_tick(self, fakesecrets, client, clock):
        client.create_secret(Name="db", SecretString="old")

        def quick(event, context):
            if event["Step"] == "createSecret":
                client.put_secret_value(
                    SecretId="db",
                    ClientRequestToken=event["ClientRequestToken"],
                    SecretString="new",
                    VersionStages=["AWSPENDING"],
                )
            elif event["Step"] == "finishSecret":
                client.update_secret_version_stage(
                    SecretId="db",
                    VersionStage="AWSCURRENT",
                    MoveToVersionId=event["ClientRequestToken"],
                    RemoveFromVersionId=fakesecrets.secret("db").labels["AWSCURRENT"],
                )

        configure(fakesecrets, client, quick, ScheduleExpression="rate(4 hours)")

        clock.tick(timedelta(days=30))

        assert len(scheduled(fakesecrets)) == 30 * 6
        assert len(client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]) == 100


class TestARotationThatFailsInItsWindow:
    def test_is_retried_in_that_window_and_then_in_the_next_one(self, db, fakesecrets, clock):
        attempts = []

        def down_for_a_day(event, context):
            if event["Step"] == "testSecret" and clock.now < datetime(2030, 1, 3, tzinfo=timezone.utc):
                return
            if clock.now < datetime(2030, 1, 4, 23, tzinfo=timezone.utc):
                attempts.append((f"{clock.now:%d %H:%M}", event["ClientRequestToken"]))
                raise ConnectionError("down")
            well_behaved(event, context)

        configure(fakesecrets, db, down_for_a_day, ScheduleExpression="cron(0 16 * * ? *)", Duration="1h")
        clock.move_to("2030-01-02 09:30")
        clock.move_to("2030-01-06")

        rotation = scheduled(fakesecrets)[0]
        assert [moment for moment, _ in attempts][:4] == ["02 16:00", "02 16:01", "02 16:06", "02 16:21"]
        assert {used for _, used in attempts} == {rotation.token}
        assert (rotation.status, rotation.token) == ("succeeded", rotation.token)
        assert f"{rotation.steps[-1].end:%d %H:%M}" == "05 16:00"

    def test_leaves_next_rotation_date_in_the_past(self, db, fakesecrets, clock):
        """API_DescribeSecret: after an unsuccessful rotation it may be in the past."""
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 1})
        fakesecrets.add_rotation_function(raising_in("createSecret"), name="well_behaved")

        clock.move_to("2030-01-05 12:00")

        reported = db.describe_secret(SecretId="db")["NextRotationDate"]
        assert reported == datetime(2030, 1, 3, 23, 59, 59, tzinfo=timezone.utc)

    def test_leaves_no_next_rotation_date_if_it_is_the_first_rotation(self, db, fakesecrets, clock):
        """Inferred: a first rotation that has not succeeded still runs."""
        configure(fakesecrets, db, raising_in("createSecret"), AutomaticallyAfterDays=1)

        clock.move_to("2030-01-05 12:00")

        described = db.describe_secret(SecretId="db")
        assert not {"LastRotatedDate", "NextRotationDate"} & set(described)
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v3": {"AWSPENDING"}}

    def test_is_abandoned_when_a_value_is_put_manually(self, db, fakesecrets, clock):
        configure(fakesecrets, db, raising_in("createSecret"), AutomaticallyAfterDays=1)
        clock.move_to("2030-01-03 12:00")
        fakesecrets.add_rotation_function(well_behaved, name="fails")

        db.put_secret_value(SecretId="db", SecretString="by hand")
        clock.move_to("2030-01-04 12:00")

        assert [rotation.status for rotation in scheduled(fakesecrets)] == ["abandoned", "succeeded"]

    def test_is_not_retried_in_later_windows_if_stuck_window_is_wait(self, db, fakesecrets, clock):
        fakesecrets.assume(stuck_window="wait", retry_delays=())
        configure(fakesecrets, db, raising_in("createSecret"), AutomaticallyAfterDays=1)

        clock.move_to("2030-01-10")

        assert [len(rotation.steps) for rotation in scheduled(fakesecrets)] == [1]

    def test_is_retried_once_in_each_later_window_by_default(self, db, fakesecrets, clock):
        fakesecrets.assume(retry_delays=())
        configure(fakesecrets, db, raising_in("createSecret"), AutomaticallyAfterDays=1)

        clock.move_to("2030-01-06 12:00")

        steps = scheduled(fakesecrets)[0].steps
        assert [f"{step.start:%d}" for step in steps] == ["03", "04", "05", "06"]
        assert [step.attempt for step in steps] == [1, 2, 3, 4]


class TestAScheduledRotation:
    def test_starts_when_its_window_opens_by_default(self, db, fakesecrets, clock):
        configure(fakesecrets, db, ScheduleExpression="cron(0 16 * * ? *)", Duration="2h")

        clock.move_to("2030-01-02 16:00")

        assert moments(scheduled(fakesecrets)) == ["2030-01-02 16:00"]

    def test_starts_just_before_its_window_closes_if_rotate_at_is_close(self, db, fakesecrets, clock):
        fakesecrets.assume(rotate_at="close")
        configure(fakesecrets, db, ScheduleExpression="cron(0 16 * * ? *)", Duration="2h")

        clock.move_to("2030-01-02 17:59:58")
        assert scheduled(fakesecrets) == []
        clock.tick(1)

        assert [f"{rotation.started_at:%H:%M:%S}" for rotation in scheduled(fakesecrets)] == ["17:59:59"]

    def test_starts_at_reproducible_random_moments_if_rotate_at_is_random(self):
        def hours():
            with FakeSecrets() as fake:
                fake.clock.move_to("2030-01-02 09:30")
                fake.assume(rotate_at=Random(7))
                client = fake.client()
                client.create_secret(Name="db", SecretString="old")
                configure(fake, client, AutomaticallyAfterDays=1)
                fake.clock.tick(timedelta(days=6))
                return [f"{rotation.started_at:%d %H:%M:%S}" for rotation in scheduled(fake)]

        first = hours()

        assert first == hours()
        assert len(first) == len({moment[:2] for moment in first}) >= 5
        assert len({moment[3:5] for moment in first}) > 1


class TestAssumptionsAboutSchedules:
    @pytest.mark.parametrize(
        ("grid", "expected"),
        [
            ("running", ["02 18:00", "03 12:00", "04 06:00", "05 00:00"]),
            ("daily", ["02 18:00", "03 00:00", "03 18:00", "04 00:00", "04 18:00", "05 00:00"]),
            ("last rotation", ["03 03:30", "03 21:30", "04 15:30"]),
        ],
    )
    def test_hour_rate_grid_sets_the_hours_of_a_rate(self, db, fakesecrets, clock, grid, expected):
        fakesecrets.assume(hour_rate_grid=grid)
        configure(fakesecrets, db, ScheduleExpression="rate(18 hours)")

        clock.move_to("2030-01-05 00:00")

        assert [f"{rotation.started_at:%d %H:%M}" for rotation in scheduled(fakesecrets)] == expected

    @pytest.mark.parametrize(("base", "expected"), [("call", "2030-01-30"), ("value", "2030-01-22")])
    def test_first_day_base_sets_the_day_from_which_days_are_counted(
        self, fakesecrets, client, clock, base, expected
    ):
        fakesecrets.assume(first_day_base=base)
        client.create_secret(Name="db", SecretString="old")
        clock.move_to("2030-01-10")

        configure(fakesecrets, client, AutomaticallyAfterDays=20)

        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == expected

    def test_first_day_base_value_starts_an_overdue_rotation_at_once(self, fakesecrets, client, clock):
        fakesecrets.assume(first_day_base="value")
        client.create_secret(Name="db", SecretString="old")
        clock.move_to("2030-01-20 12:00")

        configure(fakesecrets, client, AutomaticallyAfterDays=10)

        assert client.get_secret_value(SecretId="db")["SecretString"] != "old"
        assert moments(scheduled(fakesecrets)) == ["2030-01-20 12:00"]


class TestARecoveryWindow:
    def test_deletes_the_secret_permanently_when_it_ends(self, db, fakesecrets, clock):
        db.delete_secret(SecretId="db", RecoveryWindowInDays=7)
        clock.tick(timedelta(days=6, hours=23))
        assert db.describe_secret(SecretId="db")["DeletedDate"]

        clock.tick(timedelta(hours=1))
        assert db.describe_secret(SecretId="db")["DeletedDate"], (
            "at its DeletionDate, it can still be restored"
        )
        clock.tick(1)

        for call in (db.describe_secret, db.restore_secret):
            with rejected("ResourceNotFoundException"):
                call(SecretId="db")
        assert db.create_secret(Name="db", SecretString="again")["VersionId"]

    def test_stays_ended_when_the_clock_moves_backwards(self, db, fakesecrets, clock):
        db.delete_secret(SecretId="db", RecoveryWindowInDays=7)
        clock.tick(timedelta(days=8))

        clock.move_to("2030-01-03")

        with rejected("ResourceNotFoundException"):
            db.describe_secret(SecretId="db")

    def test_of_a_restored_secret_has_no_effect(self, db, fakesecrets, clock):
        db.delete_secret(SecretId="db", RecoveryWindowInDays=7)
        db.restore_secret(SecretId="db")

        clock.tick(timedelta(days=8))

        assert db.describe_secret(SecretId="db")["Name"] == "db"


class TestScheduledRotations:
    def test_run_in_order_of_time_across_secrets_and_regions(self, fakesecrets, clock):
        order = []
        for region, name, days in (("us-east-1", "a", 3), ("eu-west-1", "b", 2), ("us-east-1", "c", 1)):
            client = fakesecrets.client(region)
            client.create_secret(Name=name, SecretString="old")

            def spy(event, context, name=name):
                if event["Step"] == "createSecret":
                    order.append((f"{clock.now:%d}", name))
                well_behaved(event, context)

            client.rotate_secret(
                SecretId=name,
                RotationLambdaARN=fakesecrets.add_rotation_function(spy, name=name, region_name=region),
                RotationRules={"AutomaticallyAfterDays": days},
                RotateImmediately=False,
            )

        clock.move_to("2030-01-05 12:00")

        assert order == [("03", "c"), ("04", "b"), ("04", "c"), ("05", "a"), ("05", "c")]

    def test_of_the_same_instant_run_in_the_order_of_configuration(self, client, fakesecrets, clock):
        for name in ("z", "a", "m"):
            client.create_secret(Name=name, SecretString="old")
            configure(fakesecrets, client, secret_id=name, AutomaticallyAfterDays=1)

        clock.move_to("2030-01-03")

        rotated = [r.secret_id.rpartition(":")[2][0] for r in fakesecrets.rotations() if r.scheduled_at]
        assert rotated == ["z", "a", "m"]

    def test_of_the_same_instant_do_not_overlap(self, client, fakesecrets, clock):
        for name in ("a", "b"):
            client.create_secret(Name=name, SecretString="old")
            configure(fakesecrets, client, secret_id=name, AutomaticallyAfterDays=1)

        clock.move_to("2030-01-03")

        first, second = [r for r in fakesecrets.rotations() if r.scheduled_at]
        history = fakesecrets.history
        assert history.index(first.steps[-1]) < history.index(second.steps[0])


class TestTheTimeDuringAMoveOfTheClock:
    def test_is_the_start_of_each_rotation_in_the_whole_process(self, db, fakesecrets, clock):
        seen = []

        def looks(event, context):
            seen.append((datetime.now(timezone.utc), time.time(), db.describe_secret(SecretId="db")))
            well_behaved(event, context)

        configure(fakesecrets, db, looks, AutomaticallyAfterDays=1)
        seen.clear()

        clock.move_to("2030-01-03 15:00")

        opens = datetime(2030, 1, 3, tzinfo=timezone.utc)
        assert {(now, stamp) for now, stamp, _ in seen} == {(opens, opens.timestamp())}
        assert seen[0][2]["LastChangedDate"] == opens
        assert clock.now == datetime(2030, 1, 3, 15, tzinfo=timezone.utc)

    def test_expires_a_cache_of_the_application(self, db, fakesecrets, clock):
        kept = {}

        def password(ttl=3600):
            if not kept or time.time() - kept["at"] >= ttl:
                kept.update(at=time.time(), value=db.get_secret_value(SecretId="db")["SecretString"])
            return kept["value"]

        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        clock.move_to("2030-01-02 23:30")
        assert password() == "old"

        clock.move_to("2030-01-03 00:15")
        assert password() == "old"
        clock.move_to("2030-01-03 00:30")
        assert password() != "old"

    def test_is_the_start_of_each_rotation_for_the_fake_alone_under_freezegun(self, db, fakesecrets):
        with freeze_time("2030-01-02 09:30") as freezer:
            configure(fakesecrets, db, AutomaticallyAfterDays=30)
            freezer.move_to("2030-04-05")

            rotations = scheduled(fakesecrets)

        assert moments(rotations) == ["2030-02-01 00:00", "2030-03-03 00:00", "2030-04-02 00:00"]
        assert {step.start for step in rotations[0].steps} == {rotations[0].started_at}


class TestScheduledRotationsRun:
    @freeze_time("2030-01-02 09:30", as_kwarg="freezer")
    def test_under_freezegun_as_a_decorator(self, db, fakesecrets, freezer):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        freezer.tick(timedelta(days=1))

        assert db.get_secret_value(SecretId="db")["SecretString"] != "old"

    def test_under_pytest_freezer_requested_before_the_fake(self, freezer, fakesecrets, client):
        self._travel(fakesecrets, client, freezer)

    def test_under_pytest_freezer_requested_after_the_fake(self, fakesecrets, client, freezer):
        self._travel(fakesecrets, client, freezer)

    def test_under_time_machine_requested_before_the_fake(self, time_machine, fakesecrets, client):
        self._travel(fakesecrets, client, time_machine)

    def test_under_time_machine_requested_after_the_fake(self, fakesecrets, client, time_machine):
        self._travel(fakesecrets, client, time_machine)

    def test_under_a_freeze_that_starts_after_the_secrets_were_created(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="old")
        configure(fakesecrets, client, AutomaticallyAfterDays=1)

        with freeze_time(datetime.now(timezone.utc) + timedelta(days=2)):
            assert client.get_secret_value(SecretId="db")["SecretString"] != "old"

    def _travel(self, fakesecrets, client, clock):
        clock.move_to(datetime(2030, 1, 2, 9, 30, tzinfo=timezone.utc))
        client.create_secret(Name="db", SecretString="old")
        configure(fakesecrets, client, AutomaticallyAfterDays=1)
        clock.move_to(datetime(2030, 1, 4, 12, tzinfo=timezone.utc))

        assert moments(scheduled(fakesecrets)) == ["2030-01-03 00:00", "2030-01-04 00:00"]

    def test_only_when_their_day_comes_under_the_real_clock(self, db, fakesecrets):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        assert scheduled(fakesecrets) == []
        tomorrow = datetime.now(timezone.utc).date() + timedelta(days=1)
        assert fakesecrets.secret("db").next_rotation.opens.date() == tomorrow

    def test_once_each_although_the_clock_moves_backwards(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        clock.move_to("2030-01-03 12:00")
        before = fakesecrets.secret("db").staging

        clock.move_to("2029-12-01")

        assert fakesecrets.secret("db").staging == before
        clock.move_to("2030-01-04 12:00")
        assert moments(scheduled(fakesecrets)) == ["2030-01-03 00:00", "2030-01-04 00:00"]

    def test_while_an_asyncio_event_loop_runs(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        async def travel():
            clock.tick(timedelta(days=1))
            await asyncio.sleep(0.01)
            return db.get_secret_value(SecretId="db")["SecretString"]

        assert asyncio.run(travel()) != "old"


class TestTheRotationDriver:
    def test_holds_a_due_rotation_with_its_window(self, db, fakesecrets, fakesecrets_rotation, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        fakesecrets_rotation.run()  # the test run of RotateImmediately=False

        clock.tick(timedelta(days=1))

        (waiting,) = fakesecrets_rotation.pending
        assert f"{waiting.scheduled_at.opens:%Y-%m-%d}" == "2030-01-03"
        assert labels(db, "db") == {token(1): {"AWSCURRENT"}, waiting.token: {"AWSPENDING"}}
        assert fakesecrets_rotation.run().status == "succeeded"

    def test_holds_one_rotation_although_further_windows_open(
        self, db, fakesecrets, fakesecrets_rotation, clock
    ):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        fakesecrets_rotation.run()

        clock.tick(timedelta(days=5))

        assert len(fakesecrets_rotation.pending) == 1

    def test_retries_a_failed_rotation_only_on_request(self, db, fakesecrets, fakesecrets_rotation, clock):
        function = fakesecrets.add_rotation_function(raising_in("createSecret"))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()

        clock.tick(timedelta(days=1))

        assert fakesecrets.rotations("db")[0].attempt == 1
        assert len(fakesecrets_rotation.pending) == 1

    def test_names_the_next_scheduled_rotation_when_none_is_due(
        self, db, fakesecrets, fakesecrets_rotation, clock
    ):
        configure(fakesecrets, db, ScheduleExpression="rate(30 days)")
        fakesecrets_rotation.run()

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_rotation.step()

        assert str(raised.value).endswith(
            f"The next scheduled rotation is that of {fakesecrets.secret('db').arn} at 2030-02-01 00:00:00.000 UTC, and "
            "the clock stands at 2030-01-02 09:30:00.000 UTC. Move it with fakesecrets_clock.move_to()."
        )


class TestTheTableOfASchedule:
    def test_lists_the_coming_windows(self, db, fakesecrets, clock):
        configure(fakesecrets, db, ScheduleExpression="cron(0 16 1,15 * ? *)", Duration="2h")

        assert fakesecrets.schedule("db", until="2030-03-01").splitlines() == [
            "opens (UTC)              closes (UTC)",
            "2030-01-15 16:00:00.000  2030-01-15 18:00:00.000",
            "2030-02-01 16:00:00.000  2030-02-01 18:00:00.000",
            "2030-02-15 16:00:00.000  2030-02-15 18:00:00.000",
        ]

    def test_of_a_secret_without_a_schedule_says_how_to_set_one(self, db, fakesecrets):
        with pytest.raises(FakeSecretsError, match="'db' does not rotate on a schedule"):
            fakesecrets.schedule("db", until="2030-03-01")


def test_a_failed_scheduled_rotation_emits_a_warning(db, fakesecrets, clock):
    configure(fakesecrets, db, raising_in("createSecret"), AutomaticallyAfterDays=1)

    with pytest.warns(RotationFailedWarning, match="failed in createSecret, attempt 1"):
        clock.tick(timedelta(days=1))


class TestThreadsAfterAMoveOfTheClock:
    def test_run_every_due_rotation(self, fakesecrets, client):
        def slow(event, context):
            time.sleep(0.002)
            well_behaved(event, context)

        with freeze_time("2030-01-02 09:30") as freezer:
            client.create_secret(Name="db", SecretString="old")
            configure(fakesecrets, client, slow, AutomaticallyAfterDays=1)
            freezer.move_to("2030-01-10 12:00")
            threads = [
                threading.Thread(target=client.get_secret_value, kwargs={"SecretId": "db"}) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert [f"{r.started_at:%d}" for r in scheduled(fakesecrets)] == [
                f"{day:02}" for day in range(3, 11)
            ]

    def test_of_a_rotation_function_run_every_due_rotation(self, db, fakesecrets, clock):
        def asks_in_a_thread(event, context):
            thread = threading.Thread(target=lambda: db.describe_secret(SecretId="db"))
            thread.start()
            thread.join()
            well_behaved(event, context)

        with freeze_time("2030-01-02 09:30") as freezer:
            configure(fakesecrets, db, asks_in_a_thread, AutomaticallyAfterDays=1)
            freezer.move_to("2030-01-05 12:00")

            assert len(scheduled(fakesecrets)) == 3


class TestEdgeCasesOfSchedules:
    def test_a_retry_waits_for_the_test_after_pending_was_read(
        self, db, fakesecrets, fakesecrets_rotation, clock
    ):
        fakesecrets.assume(retry_delays=())
        configure(fakesecrets, db, raising_in("setSecret"), AutomaticallyAfterDays=1)
        fakesecrets_rotation.run()
        clock.move_to("2030-01-03 10:00")
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()
        assert fakesecrets_rotation.pending == ()

        clock.move_to("2030-01-04 10:00")

        assert len(fakesecrets_rotation.pending) == 1

    def test_the_driver_sees_a_rotation_that_is_due_under_freezegun(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        with freeze_time("2030-01-02 09:30") as freezer:
            configure(fakesecrets, db, AutomaticallyAfterDays=1)
            fakesecrets_rotation.run()
            freezer.move_to("2030-01-03 10:00")

            assert len(fakesecrets_rotation.pending) == 1

    def test_the_timeline_stages_the_version_when_its_scheduled_rotation_starts(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        clock.move_to("2030-01-03 10:00")

        lines = [
            " ".join(line.split()) for line in fakesecrets.timeline("db").splitlines() if "Rotation" in line
        ]

        assert lines == [
            "2030-01-02 09:30:00.000 TestRotationStarted v2 v1",
            "2030-01-02 09:30:00.000 TestRotationSucceeded v1",
            "2030-01-03 00:00:00.000 RotationStarted v3 (empty) v1",
            "2030-01-03 00:00:00.000 RotationSucceeded v3 v3 v1",
        ]

    def test_moving_awscurrent_back_to_an_older_version_moves_no_date(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=30)
        clock.move_to("2030-01-31")
        db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
        clock.move_to("2030-02-10")

        db.update_secret_version_stage(
            SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=token(1), RemoveFromVersionId=token(2)
        )

        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == "2030-03-02"
        assert scheduled(fakesecrets) == []

    def test_next_rotation_date_moves_when_a_rotation_succeeds_and_not_when_awscurrent_moves(
        self, db, fakesecrets, clock
    ):
        """API_DescribeSecret; a published describe-secret output of a stuck rotation."""
        fakesecrets.assume(retry_delays=())
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 10})
        before = db.describe_secret(SecretId="db")["NextRotationDate"]
        clock.move_to("2030-01-05")

        def raises_at_the_end(event, context):
            well_behaved(event, context)
            if event["Step"] == "finishSecret":
                raise RuntimeError("after the move")

        fakesecrets.rotate("db", raises_at_the_end)

        assert db.describe_secret(SecretId="db")["NextRotationDate"] == before

    @pytest.mark.parametrize("immediately", [True, False])
    @pytest.mark.parametrize("seeded", ["created", "put", "rotated"])
    def test_a_secret_created_later_than_the_frozen_time_rotates_on_its_dates(
        self, fakesecrets, client, fakesecrets_clock, immediately, seeded
    ):
        """A typical fixture creates the secret first, and the test then moves the clock to its own date."""
        fakesecrets_clock.move_to("2031-06-01")
        client.create_secret(Name="db", SecretString="old")
        if seeded == "put":
            client.put_secret_value(SecretId="db", SecretString="older")
        if seeded == "rotated":
            fakesecrets.rotate("db", well_behaved)
        fakesecrets_clock.move_to("2030-03-10 12:00")

        client.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotationRules={"ScheduleExpression": "rate(30 days)"},
            RotateImmediately=immediately,
        )

        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == "2030-04-09"
        fakesecrets_clock.tick(timedelta(days=91))
        assert moments(scheduled(fakesecrets)) == ["2030-04-09 00:00", "2030-05-09 00:00", "2030-06-08 00:00"]
        assert client.describe_secret(SecretId="db")["LastRotatedDate"].year == 2030

    def test_a_new_schedule_counts_from_the_present_after_the_clock_moved_backwards(
        self, db, fakesecrets, clock
    ):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)
        clock.move_to("2030-02-01")
        clock.move_to("2030-01-03")
        done = len(scheduled(fakesecrets))

        db.rotate_secret(SecretId="db", RotationRules={"AutomaticallyAfterDays": 1})
        clock.move_to("2030-01-10")

        assert len(scheduled(fakesecrets)) - done == 7

    def test_a_change_of_rotate_at_applies_to_the_coming_window(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        fakesecrets.assume(rotate_at="close")
        clock.tick(timedelta(days=2))

        assert [f"{r.started_at:%d %H:%M:%S}" for r in scheduled(fakesecrets)] == ["03 23:59:59"]

    def test_a_cron_schedule_ignores_first_day_base(self, fakesecrets, client, clock):
        fakesecrets.assume(first_day_base="value")
        client.create_secret(Name="db", SecretString="old")
        clock.move_to("2030-03-02 10:00")

        configure(fakesecrets, client, ScheduleExpression="cron(0 0 ? * MON *)")

        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == "2030-03-04"
        assert scheduled(fakesecrets) == []

    def test_the_table_includes_a_window_that_opens_at_its_end(self, db, fakesecrets, clock):
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        assert len(fakesecrets.schedule("db", until="2030-01-03").splitlines()) == 2
        assert len(fakesecrets.schedule("db", until=timedelta(days=2)).splitlines()) == 3

    def test_a_secret_at_the_end_of_the_year_9999_has_no_next_rotation(self, db, fakesecrets, clock):
        clock.move_to("9999-12-31 20:30")

        configure(fakesecrets, db, ScheduleExpression="rate(4 hours)")

        assert fakesecrets.secret("db").next_rotation is None
        assert db.delete_secret(SecretId="db")["DeletionDate"]

    def test_an_interrupted_rotation_succeeds_in_the_next_window(self, db, fakesecrets, clock):
        stops = [KeyboardInterrupt]

        def interrupted(event, context):
            if stops and event["Step"] == "setSecret":
                raise stops.pop()
            well_behaved(event, context)

        configure(fakesecrets, db, interrupted, AutomaticallyAfterDays=1)
        with pytest.raises(KeyboardInterrupt):
            clock.move_to("2030-01-03 12:00")
        assert scheduled(fakesecrets)[0].status == "failed"

        clock.move_to("2030-01-05")

        assert scheduled(fakesecrets)[0].status == "succeeded"


UTC = timezone.utc
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def rotating(client, delay=timedelta(0), tick=lambda delay: None):
    """Return a rotation function that uses an existing client and calls *tick* in each step."""

    def rotate(event, context):
        tick(delay)
        assert context.get_remaining_time_in_millis() >= 0
        secret, new = {"SecretId": event["SecretId"]}, event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            stages = ["AWSPENDING"]
            client.put_secret_value(
                **secret, ClientRequestToken=new, SecretString="new", VersionStages=stages
            )
        elif event["Step"] == "finishSecret":
            held = client.describe_secret(**secret)["VersionIdsToStages"]
            old = next(version for version, attached in held.items() if "AWSCURRENT" in attached)
            client.update_secret_version_stage(
                **secret, VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=old
            )

    return rotate


@contextmanager
def zone(name):
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def near_limit(bound, span=timedelta(days=1100)):
    """Moments near a limit of the calendar, most of them very near."""
    side = 1 if bound == FIRST else -1
    spans = [timedelta(0), timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=2), span]
    return (
        st.sampled_from(spans)
        .flatmap(lambda most: st.timedeltas(timedelta(0), most))
        .map(lambda delta: bound + side * delta)
    )


RULES = [
    {"AutomaticallyAfterDays": 1},
    {"AutomaticallyAfterDays": 1000},
    {"AutomaticallyAfterDays": 30, "Duration": "24h"},
    {"ScheduleExpression": "rate(4 hours)"},
    {"ScheduleExpression": "rate(23 hours)", "Duration": "3h"},
    {"ScheduleExpression": "rate(999 days)"},
    {"ScheduleExpression": "cron(0 0 29 2 ? *)"},
    {"ScheduleExpression": "cron(0 23 L * ? *)", "Duration": "1h"},
    {"ScheduleExpression": "cron(0 0/4 ? * MON#5 *)"},
]


def raises(event, context):
    raise ConnectionError("The target is down.")


@pytest.mark.long
class TestTheLimitsOfTheCalendar:
    """Every call raises only errors of the fake and of AWS, for any moment of the clock."""

    @given(
        moment=near_limit(FIRST) | near_limit(LAST),
        rules=st.sampled_from(RULES),
        assumed=st.fixed_dictionaries(
            {},
            optional={
                "rotate_at": st.sampled_from(["open", "close", Random(1)]),
                "hour_rate_grid": st.sampled_from(["running", "daily", "last rotation"]),
                "first_day_base": st.sampled_from(["call", "value"]),
                "retry_delays": st.just((timedelta(days=1000),)),
            },
        ),
        place=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/Los_Angeles"]),
        is_ours=st.booleans(),
        works=st.booleans(),
        delay=st.sampled_from([timedelta(0), timedelta(milliseconds=1), timedelta(seconds=40)]),
        step=st.sampled_from(
            [timedelta(0), timedelta(milliseconds=1), timedelta(hours=5), timedelta(days=2)]
        ),
    )
    @example(
        moment=datetime(9999, 12, 30, tzinfo=UTC),
        rules={"ScheduleExpression": "cron(0 0 29 2 ? *)"},
        assumed={},
        place="UTC",
        is_ours=True,
        works=True,
        delay=timedelta(0),
        step=timedelta(days=2),
    )
    def test_raise_only_errors_of_the_fake_and_of_aws(
        self, moment, rules, assumed, place, is_ours, works, delay, step
    ):
        with zone(place), FakeSecrets() as fake:
            if is_ours:
                fake.clock.move_to(moment)
                self._use_secrets(fake, rules, assumed, works, delay, step)
            else:
                with freeze_time(moment):
                    self._use_secrets(fake, rules, assumed, works, delay, step)

    def _use_secrets(self, fake, rules, assumed, works, delay, step):
        """Create, rotate and delete secrets, and print every record of them."""
        client, began = fake.client(), fake.clock.now
        tick = partial(self._unless_rejected, fake.clock.tick)
        function = rotating(client, delay, tick) if works else raises
        fake.assume(**assumed)
        client.create_secret(Name="db", SecretString="old")
        configure(fake, client, function, **rules)
        fake.secret("db").next_rotation  # noqa: B018
        tick(step)
        self._unless_rejected(fake.rotate, "db")
        for _ in range(3):
            client.put_secret_value(SecretId="db", SecretString="new")
            self._unless_rejected(fake.fail, "GetSecretValue", step)
            self._unless_rejected(client.get_secret_value, SecretId="db")
        fake.add_secret("rds!db", "old", owning_service="rds", created_at=began, last_rotated_at=began)
        tick(step)
        due = client.delete_secret(SecretId="db", RecoveryWindowInDays=30)["DeletionDate"]
        assert due.tzinfo is not None
        tick(step)
        client.restore_secret(SecretId="rds!db")
        client.create_secret(Name="forever", SecretString="value")
        client.delete_secret(SecretId="forever", ForceDeleteWithoutRecovery=True)
        listed = client.list_secrets(IncludePlannedDeletion=True)["SecretList"]
        for name in (entry["Name"] for entry in listed):
            client.describe_secret(SecretId=name)
            client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)
        client.batch_get_secret_value(SecretIdList=["db", "rds!db"])
        self._use_a_target(began, tick, step)
        self._print_records(fake)

    def _use_a_target(self, began, tick, step):
        target = CredentialTarget({"app": "old"}, applies_after=step, keeps_old_for=step)
        assert target.accepts("old")
        target.change_password("app", "new")
        tick(step)
        target.passwords("app")
        target.add_password("app", "new")

    def _print_records(self, fake):
        printed = [fake.timeline(), repr(fake.clock), repr(fake), str(fake.cloudtrail), str(fake.eventbridge)]
        for rotation in fake.rotations():
            printed += [repr(rotation), str(rotation.scheduled_at)]
        printed.append(self._unless_rejected(fake.schedule, "rds!db", until=timedelta(days=30)))
        secrets, _ = secrets_of(fake._service, fake.rotations())
        part = ItemPart(nodeid="test", outcome="passed", location="", started=0.0, secrets=secrets)
        printed.append(page([ItemPart.from_json(part.to_json())]))
        assert None not in printed

    def _unless_rejected(self, action, *arguments, **keywords):
        """Return the result of an action, or its error message if a rotation is stuck or the calendar ends."""
        try:
            return action(*arguments, **keywords) or ""
        except (FakeSecretsError, ClientError) as error:
            return str(error)

    @pytest.mark.parametrize("moment", [FIRST, date.min, "0001-01-01", LAST, date.max])
    def test_can_be_reached_by_the_clock(self, fakesecrets, client, moment):
        fakesecrets.clock.move_to(moment)

        client.create_secret(Name="db", SecretString="value")
        assert client.describe_secret(SecretId="db")["CreatedDate"].year in (1, 9999)
        assert fakesecrets.clock.now in (FIRST, LAST, LAST.replace(hour=0, minute=0, second=0, microsecond=0))

    @pytest.mark.parametrize(
        "moment",
        [
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "9999-12-31T23:30:00-01:00",
            "0001-01-01T00:30:00+01:00",
        ],
    )
    def test_cannot_be_exceeded_by_a_moment_in_another_time_zone(self, fakesecrets, moment):
        with pytest.raises(FakeSecretsError, match="the calendar has the years 1 to 9999, in UTC"):
            fakesecrets.clock.move_to(moment)

        assert not fakesecrets.clock.is_frozen

    @pytest.mark.parametrize("delta", [timedelta.max, timedelta.min, timedelta(days=3_000_000), 1e12, 1e300])
    def test_cannot_be_exceeded_by_a_tick(self, fakesecrets_clock, delta):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.tick(delta)

        assert str(raised.value) == (
            f"The clock stands at 2030-01-31 16:00:00.000 UTC and cannot be moved by {delta!r}: "
            "the calendar has the years 1 to 9999, in UTC. Choose a moment in them."
        )
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_leave_a_secret_without_a_next_rotation_date(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("9999-12-30")

        configure(fakesecrets, db, ScheduleExpression="cron(0 0 29 2 ? *)")

        assert fakesecrets.secret("db").next_rotation is None
        assert "NextRotationDate" not in db.describe_secret(SecretId="db")
        assert "NextRotationDate" not in db.list_secrets()["SecretList"][0]

    def test_keep_a_secret_whose_recovery_window_would_end_later(self, db, fakesecrets_clock):
        fakesecrets_clock.move_to("9999-12-20")

        due = db.delete_secret(SecretId="db", RecoveryWindowInDays=30)["DeletionDate"]
        fakesecrets_clock.move_to(LAST)

        assert timedelta(0) <= LAST - due < timedelta(milliseconds=2)  # the precision of a float at that date
        assert db.restore_secret(SecretId="db")["Name"] == "db"

    def test_leave_a_failed_rotation_without_a_retry(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("9999-12-31 23:59:30")

        rotation = fakesecrets.rotate("db", raising_in("createSecret"))

        assert (rotation.status, rotation.retry_at) == ("failed", None)

    def test_keep_a_password_that_would_expire_later(self, fakesecrets_clock):
        fakesecrets_clock.move_to("9999-12-31")
        target = CredentialTarget({"app": "old"}, keeps_old_for=timedelta(days=2))

        target.change_password("app", "new")
        fakesecrets_clock.move_to(LAST)

        assert target.accepts("old")
        assert target.accepts("new")

    def test_are_printed_with_four_digit_years(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to(FIRST)
        db.put_secret_value(SecretId="db", SecretString="new")
        fakesecrets.rotate("db", well_behaved)

        assert "0001-01-01 00:00:00.000  PutSecretValue" in fakesecrets.timeline("db")
        assert fakesecrets.cloudtrail[0]["eventTime"] == "0001-01-01T00:00:00Z"

    @pytest.mark.parametrize("until", [timedelta.max, timedelta.min, "9999-12-31"])
    def test_limit_the_table_of_a_schedule_that_is_too_long(self, db, fakesecrets, monkeypatch, until):
        monkeypatch.setattr("pytest_fakesecrets._fake.fake._MOST_WINDOWS", 1000)
        configure(fakesecrets, db, AutomaticallyAfterDays=1)

        with pytest.raises(FakeSecretsError, match=r"Choose (less|an earlier moment)\."):
            fakesecrets.schedule("db", until=until)

    @pytest.mark.parametrize("rules", RULES)
    def test_allow_a_seeded_secret_with_a_past_from_the_first_year(
        self, fakesecrets, fakesecrets_clock, rules
    ):
        fakesecrets_clock.move_to("9990-01-02 09:30")

        fakesecrets.add_secret(
            "db",
            "value",
            rotation_function=fakesecrets.add_rotation_function(well_behaved),
            rotation_rules=rules,
            created_at=FIRST,
        )

        (region,) = fakesecrets._service.store.regions.values()
        opened, due = region.secrets["db"].last_window, region.secrets["db"].due_window
        assert opened <= fakesecrets_clock.now < due.opens
        assert fakesecrets.rotations("db") == ()
