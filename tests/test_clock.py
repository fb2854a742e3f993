"""The clock: how a test sets the time of the process, and whose time the fake follows."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import date, datetime, timedelta, timezone

import freezegun
import pytest
import time_machine
from freezegun import freeze_time

from pytest_fakesecrets import FakeSecrets, FakeSecretsError

UTC = timezone.utc
ZURICH = timezone(timedelta(hours=1))

#: Imported here, or the runs inside this process would import a copy of their own, and drop it.
KEPT = (freezegun,)


def created(client):
    """When the fake believes that it creates a secret."""
    client.create_secret(Name="db", SecretString="value")
    return client.describe_secret(SecretId="db")["CreatedDate"]


class TestFreezing:
    def test_stops_every_clock_of_python(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert datetime.now(ZURICH) == datetime(2030, 1, 31, 17, tzinfo=ZURICH)
        assert datetime.now() == datetime(2030, 1, 31, 16)  # noqa: DTZ001, DTZ005
        assert date.today() == date(2030, 1, 31)  # noqa: DTZ011
        assert time.time() == 1896105600.0
        assert time.time_ns() == 1896105600_000_000_000
        assert time.gmtime()[:5] == (2030, 1, 31, 16, 0)

    def test_begins_with_the_present(self, fakesecrets_clock):
        first = datetime.now(UTC)
        second = datetime.now(UTC)

        assert first == second
        assert fakesecrets_clock.now == first
        assert abs(first.timestamp() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_now_is_aware_and_in_utc(self, fakesecrets_clock):
        fakesecrets_clock.move_to(datetime(2030, 1, 31, 16, tzinfo=ZURICH))

        assert fakesecrets_clock.now.isoformat() == "2030-01-31T15:00:00+00:00"
        assert fakesecrets_clock.now.tzinfo is UTC

    def test_is_seen_by_the_fake(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_does_nothing_the_second_time(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        fakesecrets_clock.freeze()

        assert fakesecrets_clock.is_frozen
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_needs_no_fixture(self, fakesecrets, client):
        assert not fakesecrets.clock.is_frozen

        fakesecrets.clock.move_to("2030-01-31 16:00")

        assert fakesecrets.clock.is_frozen
        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert time.time() == 1896105600.0


class TestMoveTo:
    @pytest.mark.parametrize(
        ("moment", "now"),
        [
            pytest.param(
                datetime(2030, 1, 31, 16, 0, 0, 5, tzinfo=UTC), "2030-01-31T16:00:00.000005+00:00", id="aware"
            ),
            pytest.param(
                datetime(2030, 1, 31, 16, tzinfo=ZURICH), "2030-01-31T15:00:00+00:00", id="aware elsewhere"
            ),
            pytest.param(datetime(2030, 1, 31, 16), "2030-01-31T16:00:00+00:00", id="naive"),  # noqa: DTZ001
            pytest.param(date(2030, 1, 31), "2030-01-31T00:00:00+00:00", id="a date"),
            pytest.param("2030-01-31", "2030-01-31T00:00:00+00:00", id="a date as text"),
            pytest.param("2030-01-31 16:00", "2030-01-31T16:00:00+00:00", id="text"),
            pytest.param("2030-01-31T16:00:00", "2030-01-31T16:00:00+00:00", id="ISO 8601"),
            pytest.param("2030-01-31T16:00:00Z", "2030-01-31T16:00:00+00:00", id="with a Z"),
            pytest.param("2030-01-31T16:00:00.25Z", "2030-01-31T16:00:00.250000+00:00", id="fraction and Z"),
            pytest.param("2030-01-31T16:00:00+01:00", "2030-01-31T15:00:00+00:00", id="with an offset"),
            pytest.param("31 January 2030 16:00", "2030-01-31T16:00:00+00:00", id="in words"),
            pytest.param("2028-02-29 23:59:59", "2028-02-29T23:59:59+00:00", id="a leap day"),
        ],
    )
    def test_takes(self, fakesecrets_clock, moment, now):
        fakesecrets_clock.move_to(moment)

        assert fakesecrets_clock.now.isoformat() == now

    @pytest.mark.parametrize(
        ("moment", "told"),
        [
            pytest.param("tomorrow", "No moment can be read from 'tomorrow'. Write it as *", id="a word"),
            pytest.param("16:00", "No moment can be read from '16:00'. Write it as *", id="no date"),
            pytest.param(
                "2030-01-31 16:00 XYZ",
                "No moment can be read from '2030-01-31 16:00 XYZ'. Write it as *",
                id="zone",
            ),
            pytest.param("", "No moment can be read from ''. Write it as *", id="empty"),
            pytest.param(
                "2030-02-31", "No moment can be read from '2030-02-31'. Write it as *", id="no such day"
            ),
            pytest.param(
                1896105600,
                "A moment is a datetime, a date or a string such as '2030-01-31 16:00', not 1896105600.",
                id="a number",
            ),
            pytest.param(
                timedelta(days=1),
                "A moment is a datetime, a date or a string such as '2030-01-31 16:00', "
                "not datetime.timedelta(days=1).",
                id="a timedelta",
            ),
            pytest.param(
                None,
                "A moment is a datetime, a date or a string such as '2030-01-31 16:00', not None.",
                id="None",
            ),
        ],
    )
    def test_refuses_nonsense_and_stays(self, fakesecrets_clock, moment, told):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.move_to(moment)

        pytest.LineMatcher([str(raised.value)]).fnmatch_lines([told])
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_nonsense_does_not_freeze_the_time(self, fakesecrets):
        with pytest.raises(FakeSecretsError):
            fakesecrets.clock.move_to("tomorrow")

        assert not fakesecrets.clock.is_frozen

    def test_goes_back_and_undoes_nothing(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="value")

        fakesecrets_clock.move_to("2001-01-31 16:00")

        assert fakesecrets_clock.now == datetime(2001, 1, 31, 16, tzinfo=UTC)
        assert client.get_secret_value(SecretId="db")["SecretString"] == "value"
        assert client.describe_secret(SecretId="db")["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestTick:
    @pytest.mark.parametrize(
        ("delta", "now"),
        [
            pytest.param(timedelta(days=91), "2030-05-02T16:00:00+00:00", id="a timedelta"),
            pytest.param(timedelta(microseconds=1), "2030-01-31T16:00:00.000001+00:00", id="a microsecond"),
            pytest.param(60, "2030-01-31T16:01:00+00:00", id="seconds"),
            pytest.param(0.25, "2030-01-31T16:00:00.250000+00:00", id="parts of a second"),
            pytest.param(0, "2030-01-31T16:00:00+00:00", id="nothing"),
            pytest.param(-3600, "2030-01-31T15:00:00+00:00", id="back"),
            pytest.param(timedelta(days=-31), "2029-12-31T16:00:00+00:00", id="back by a timedelta"),
        ],
    )
    def test_moves_by(self, fakesecrets_clock, delta, now):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        fakesecrets_clock.tick(delta)

        assert fakesecrets_clock.now.isoformat() == now

    def test_moves_by_a_second_where_nothing_is_said(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        fakesecrets_clock.tick()

        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, 0, 1, tzinfo=UTC)

    def test_adds_up(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        for _ in range(10):
            fakesecrets_clock.tick(0.1)

        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, 0, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("delta", "told"),
        [
            pytest.param(
                "a day", "tick() takes a timedelta or a number of seconds, not 'a day'.", id="words"
            ),
            pytest.param(None, "tick() takes a timedelta or a number of seconds, not None.", id="None"),
            pytest.param(float("nan"), "tick() takes a timedelta or a number of seconds, not nan.", id="nan"),
            pytest.param(
                date(2030, 1, 31),
                "tick() takes a timedelta or a number of seconds, not datetime.date(2030, 1, 31).",
                id="a date",
            ),
        ],
    )
    def test_refuses_nonsense_and_stays(self, fakesecrets_clock, delta, told):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.tick(delta)

        assert str(raised.value) == told
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestStopping:
    def test_time_runs_again_after_the_test(self, pytester):
        pytester.makepyfile(
            """
            import time
            from datetime import datetime, timezone

            import pytest


            @pytest.fixture
            def broken(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                raise LookupError


            def test_passed(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")


            def test_failed(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                assert datetime.now(timezone.utc).year != 2001


            def test_failed_without_the_fixture(fakesecrets):
                fakesecrets.clock.move_to("2001-01-31")
                assert datetime.now(timezone.utc).year != 2001


            def test_broken(broken):
                pass


            @pytest.fixture(autouse=True)
            def time_runs():
                first = time.time(), time.perf_counter()
                assert datetime.now(timezone.utc).year > 2001
                assert abs(first[0] - time.clock_gettime(time.CLOCK_REALTIME)) < 60
                while (time.time(), time.perf_counter()) == first:
                    pass
            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(passed=1, failed=2, errors=1)
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_an_interrupted_test_lets_it_run_again(self, pytester):
        pytester.makepyfile(
            """
            def test_it(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                raise KeyboardInterrupt
            """
        )

        pytester.runpytest(no_reraise_ctrlc=True)

        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_a_fake_that_is_left_lets_it_run_again(self):
        with FakeSecrets() as fake:
            fake.clock.move_to("2001-01-31")

        assert not fake.clock.is_frozen
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_a_clock_can_be_stopped_and_moved_again(self, fakesecrets, client):
        fakesecrets.clock.move_to("2001-01-31")
        fakesecrets.clock.stop()
        fakesecrets.clock.stop()
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

        fakesecrets.clock.move_to("2030-01-31 16:00")

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_a_reset_leaves_the_clock_where_it_is(self, fakesecrets, client):
        fakesecrets.clock.move_to("2030-01-31 16:00")

        fakesecrets.reset()

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestTheClockOfSomebodyElse:
    def test_freezegun_is_followed(self, fakesecrets, client):
        with freeze_time("2030-01-31 16:00") as frozen:
            client.create_secret(Name="db", SecretString="value")
            frozen.tick(timedelta(days=1))
            client.put_secret_value(SecretId="db", SecretString="new")

            described = client.describe_secret(SecretId="db")
            assert fakesecrets.clock.now == datetime(2030, 2, 1, 16, tzinfo=UTC)
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert described["LastChangedDate"] == datetime(2030, 2, 1, 16, tzinfo=UTC)
        assert not fakesecrets.clock.is_frozen

    @freeze_time("2030-01-31 16:00")
    def test_freezegun_as_a_decorator_is_followed(self, fakesecrets, client):
        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_pytest_freezer_is_followed(self, freezer, fakesecrets, client):
        freezer.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="value")
        freezer.tick(60)
        client.put_secret_value(SecretId="db", SecretString="new")

        described = client.describe_secret(SecretId="db")
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert described["LastChangedDate"] == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    def test_time_machine_is_followed(self, fakesecrets, client):
        with time_machine.travel("2030-01-31 16:00 +0000", tick=False) as traveller:
            client.create_secret(Name="db", SecretString="value")
            traveller.shift(timedelta(days=1))
            client.put_secret_value(SecretId="db", SecretString="new")

            described = client.describe_secret(SecretId="db")
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert described["LastChangedDate"] == datetime(2030, 2, 1, 16, tzinfo=UTC)

    def test_a_fake_inside_of_it_begins_there_and_gives_it_back(self):
        with freeze_time("2030-01-31 16:00"):
            with FakeSecrets() as fake:
                fake.clock.freeze()
                assert fake.clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)
                fake.clock.tick(timedelta(days=1))
                assert datetime.now(UTC) == datetime(2030, 2, 1, 16, tzinfo=UTC)

            assert datetime.now(UTC) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_inside_of_ours_it_wins_and_gives_it_back(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2001-01-31")

        with freeze_time("2030-01-31 16:00"):
            assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

        assert fakesecrets_clock.now == datetime(2001, 1, 31, tzinfo=UTC)

    def test_inside_of_ours_it_is_moved_too(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with freeze_time("2030-01-31 16:00"):
            fakesecrets_clock.move_to("2030-03-31 16:00")

            assert datetime.now(UTC) == datetime(2030, 3, 31, 16, tzinfo=UTC)


class TestWhatHasToRunOn:
    def test_asyncio_does_not_hang(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        woken = []

        async def sleep():
            await asyncio.sleep(0.01)
            woken.append(datetime.now(UTC))

        # In a thread, since a loop whose time stands still would not end any other wait either.
        thread = threading.Thread(target=lambda: asyncio.run(sleep()), daemon=True)
        thread.start()
        thread.join(timeout=10)

        assert woken == [datetime(2030, 1, 31, 16, tzinfo=UTC)]

    def test_pytest_goes_on_measuring_durations(self, pytester):
        pytester.makepyfile(
            """
            import threading


            def test_it(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                fakesecrets_clock.move_to("2050-01-31")
                threading.Event().wait(0.05)
            """
        )

        ran = pytester.inline_run()

        durations = {report.when: report.duration for report in ran.getreports("pytest_runtest_logreport")}
        assert 0.05 <= durations.pop("call") < 60
        assert 0 <= durations.pop("setup") < 60
        assert 0 <= durations.pop("teardown") < 60
        assert durations == {}

    def test_pytest_says_how_long_it_took(self, pytester):
        pytester.makepyfile(
            """
            def test_it(fakesecrets_clock):
                fakesecrets_clock.move_to("2050-01-31")
                raise KeyboardInterrupt
            """
        )

        ran = pytester.runpytest(no_reraise_ctrlc=True)

        assert ran.duration < 60
        ran.stdout.re_match_lines([r"=+ no tests ran in [0-5]?\d\.\d\ds =+"])
