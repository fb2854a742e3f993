"""The clock: it freezes and moves the time of the process, and cooperates with other freezing libraries."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copyreg
import datetime as datetime_module
import multiprocessing.pool
import queue
import select
import selectors
import socket
import socketserver
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timedelta, timezone
from itertools import permutations
from multiprocessing.connection import wait as wait_for_connections
from types import ModuleType
from unittest import mock
from zoneinfo import ZoneInfo

import freezegun
import pytest
import time_machine
from botocore.retries.bucket import Clock as BucketClock
from botocore.retries.bucket import TokenBucket
from freezegun import api, config, freeze_time
from freezegun.config import Settings
from rotation_functions import well_behaved
from sqlalchemy.util.queue import Empty as PoolIsEmpty
from sqlalchemy.util.queue import Queue as PoolQueue

from pytest_fakesecrets import CredentialTarget, FakeSecrets, FakeSecretsError

pytestmark = pytest.mark.usefixtures("kept_clients")

UTC = timezone.utc
ZURICH = timezone(timedelta(hours=1))

#: Imported here, since otherwise each inner run in this process would import and discard its own copy.
KEPT = (freezegun,)


def created(client, name="db"):
    """Return the creation date that the fake gives to a new secret."""
    client.create_secret(Name=name, SecretString="value")
    return client.describe_secret(SecretId=name)["CreatedDate"]


def changed_by_a_freeze():
    """Return the present values of everything that a freeze patches."""
    return {
        "stacks": [
            list(stack) for stack in (api.freeze_factories, api.ignore_lists, api.tick_flags, api.tz_offsets)
        ],
        "stop": api._freeze_time.stop,
        "pickling": copyreg.dispatch_table.get(api.real_datetime),
        "asyncio": asyncio.BaseEventLoop.time,
        **{
            f"{module.__name__}.{name}": value
            for module in (datetime_module, time, subprocess, threading, queue, *map(sys.modules.get, HELD))
            for name, value in vars(module).items()
            if name
            in ("datetime", "date", "time", "monotonic", "perf_counter", "time_ns", "_time", "localtime")
        },
    }


#: Modules outside the standard library that a freeze patches.
HELD = (
    __name__,
    "asyncio.base_events",
    "concurrent.futures._base",
    "multiprocessing.connection",
    "socketserver",
)


@pytest.fixture(autouse=True)
def every_freeze_is_undone():
    """Check after each test that no freeze has left a trace."""
    before = changed_by_a_freeze()
    yield
    assert changed_by_a_freeze() == before
    assert abs(datetime.now(UTC).timestamp() - time.clock_gettime(time.CLOCK_REALTIME)) < 60


class TestFreezingTheClock:
    def test_stops_every_clock_of_python(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert datetime.now(ZURICH) == datetime(2030, 1, 31, 17, tzinfo=ZURICH)
        assert datetime.now() == datetime(2030, 1, 31, 16)  # noqa: DTZ001, DTZ005
        assert date.today() == date(2030, 1, 31)  # noqa: DTZ011
        assert time.time() == 1896105600.0
        assert time.time_ns() == 1896105600_000_000_000
        assert time.gmtime()[:5] == (2030, 1, 31, 16, 0)

    def test_starts_at_the_present(self, fakesecrets_clock):
        first = datetime.now(UTC)
        second = datetime.now(UTC)

        assert first == second
        assert fakesecrets_clock.now == first
        assert abs(first.timestamp() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_makes_now_an_aware_datetime_in_utc(self, fakesecrets_clock):
        fakesecrets_clock.move_to(datetime(2030, 1, 31, 16, tzinfo=ZURICH))

        assert fakesecrets_clock.now.isoformat() == "2030-01-31T15:00:00+00:00"
        assert fakesecrets_clock.now.tzinfo is UTC

    def test_stops_the_time_of_the_fake(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_twice_has_no_further_effect(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        fakesecrets_clock.freeze()

        assert fakesecrets_clock.is_frozen
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_needs_no_clock_fixture(self, fakesecrets, client):
        assert not fakesecrets.clock.is_frozen

        fakesecrets.clock.move_to("2030-01-31 16:00")

        assert fakesecrets.clock.is_frozen
        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert time.time() == 1896105600.0


class TestClockMoveTo:
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
    def test_accepts(self, fakesecrets_clock, moment, now):
        fakesecrets_clock.move_to(moment)

        assert fakesecrets_clock.now.isoformat() == now

    @pytest.mark.parametrize(
        ("moment", "message"),
        [
            pytest.param("tomorrow", "'tomorrow' is not a moment. Write it as *", id="a word"),
            pytest.param("16:00", "'16:00' is not a moment. Write it as *", id="no date"),
            pytest.param(
                "2030-01-31 16:00 XYZ",
                "'2030-01-31 16:00 XYZ' is not a moment. Write it as *",
                id="zone",
            ),
            pytest.param("", "'' is not a moment. Write it as *", id="empty"),
            pytest.param("01.02.2030", "'01.02.2030' is not a moment. Write it as *", id="two readings"),
            pytest.param("1/2/2030 16:00", "'1/2/2030 16:00' is not a moment. Write it as *", id="slashes"),
            pytest.param("2030-02-31", "'2030-02-31' is not a moment. Write it as *", id="no such day"),
            pytest.param(
                1896105600,
                "A moment has to be a datetime, a date or a string such as '2030-01-31 16:00', not 1896105600.",
                id="a number",
            ),
            pytest.param(
                timedelta(days=1),
                "A moment has to be a datetime, a date or a string such as '2030-01-31 16:00', "
                "not datetime.timedelta(days=1).",
                id="a timedelta",
            ),
            pytest.param(
                None,
                "A moment has to be a datetime, a date or a string such as '2030-01-31 16:00', not None.",
                id="None",
            ),
        ],
    )
    def test_rejects_an_invalid_moment_and_leaves_the_clock(self, fakesecrets_clock, moment, message):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.move_to(moment)

        pytest.LineMatcher([str(raised.value)]).fnmatch_lines([message])
        assert raised.value.__context__ is None or raised.value.__suppress_context__
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_with_an_invalid_moment_does_not_freeze_the_time(self, fakesecrets):
        with pytest.raises(FakeSecretsError):
            fakesecrets.clock.move_to("tomorrow")

        assert not fakesecrets.clock.is_frozen

    def test_an_earlier_moment_undoes_no_change(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="value")

        fakesecrets_clock.move_to("2001-01-31 16:00")

        assert fakesecrets_clock.now == datetime(2001, 1, 31, 16, tzinfo=UTC)
        assert client.get_secret_value(SecretId="db")["SecretString"] == "value"
        assert client.describe_secret(SecretId="db")["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestClockTick:
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
    def test_moves_the_clock_by(self, fakesecrets_clock, delta, now):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        fakesecrets_clock.tick(delta)

        assert fakesecrets_clock.now.isoformat() == now

    @pytest.mark.parametrize(
        ("units", "now"),
        [
            ({"days": 31}, "2030-03-03T16:00:00+00:00"),
            ({"hours": 2, "minutes": 30}, "2030-01-31T18:30:00+00:00"),
            ({"weeks": -1}, "2030-01-24T16:00:00+00:00"),
            ({"seconds": 0}, "2030-01-31T16:00:00+00:00"),
        ],
        ids=str,
    )
    def test_moves_by_the_units_of_a_timedelta(self, fakesecrets_clock, units, now):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        fakesecrets_clock.tick(**units)

        assert fakesecrets_clock.now.isoformat() == now

    @pytest.mark.parametrize(
        ("arguments", "units", "message"),
        [
            ((), {"day": 31}, " Did you mean 'days'? Write tick(days=31), or tick(timedelta(days=31))."),
            ((), {"month": 1}, "Unknown unit 'month'. Choose one of weeks, days, hours, "),
            (
                (),
                {"months": 1},
                "microseconds. A timedelta has no months: use move_to() with the moment.",
            ),
            ((), {"years": 1}, "microseconds. A timedelta has no years: use move_to() with the moment."),
            ((), {"m": 5}, "microseconds. Write tick(minutes=5)."),
            (("1 day",), {}, "a number of seconds, not '1 day'. Write tick(days=1)."),
            (("5m",), {}, "a number of seconds, not '5m'. Write tick(minutes=5)."),
            (("2h 30m",), {}, "a number of seconds, not '2h 30m'. Write tick(hours=2, minutes=30)."),
            (("2h30",), {}, "tick() takes a timedelta or a number of seconds, not '2h30'."),
            (("2 months",), {}, "not '2 months'. A timedelta has no months: use move_to() with the moment."),
            ((), {"days": "31"}, "tick(days=...) takes a number, not '31'. Write tick(days=31)."),
            ((), {"days": timedelta(1)}, "tick(days=...) takes a number, not datetime.timedelta(days=1)."),
            ((), {"days": float("nan")}, "tick(days=...) takes a number, not nan."),
            ((1,), {"days": 31}, "tick() takes a delta or keywords, and it got both: 1 and days."),
            (
                (),
                {"days": 10**10},
                "The clock cannot be moved by days=10000000000: the calendar has the years",
            ),
        ],
        ids=str,
    )
    def test_refuses_a_wrong_keyword_and_stays(self, fakesecrets_clock, arguments, units, message):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.tick(*arguments, **units)

        assert message in str(raised.value)
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_moves_the_clock_by_a_second_by_default(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        fakesecrets_clock.tick()

        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, 0, 1, tzinfo=UTC)

    def test_adds_up_over_several_calls(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        for _ in range(10):
            fakesecrets_clock.tick(0.1)

        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, 0, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("delta", "message"),
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
    def test_rejects_an_invalid_delta_and_leaves_the_clock(self, fakesecrets_clock, delta, message):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_clock.tick(delta)

        assert str(raised.value) == message
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestTheEndOfAFreeze:
    def test_comes_with_the_end_of_a_test(self, pytester):
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

    @pytest.mark.long
    def test_comes_with_an_interrupted_test(self, pytester):
        pytester.makepyfile(
            """
            def test_it(fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                raise KeyboardInterrupt
            """
        )

        pytester.runpytest(no_reraise_ctrlc=True)

        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_comes_with_the_exit_of_the_fake(self):
        with FakeSecrets() as fake:
            fake.clock.move_to("2001-01-31")

        assert not fake.clock.is_frozen
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

    def test_allows_another_freeze(self, fakesecrets, client):
        fakesecrets.clock.move_to("2001-01-31")
        fakesecrets.clock.stop()
        fakesecrets.clock.stop()
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60

        fakesecrets.clock.move_to("2030-01-31 16:00")

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_does_not_come_with_a_reset_of_the_fake(self, fakesecrets, client):
        fakesecrets.clock.move_to("2030-01-31 16:00")

        fakesecrets.reset()

        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)


class TestAnotherFreezingLibrary:
    def test_freezegun_sets_the_time_of_the_fake(self, fakesecrets, client):
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
    def test_freezegun_as_a_decorator_sets_the_time_of_the_fake(self, fakesecrets, client):
        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_pytest_freezer_sets_the_time_of_the_fake(self, freezer, fakesecrets, client):
        freezer.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="value")
        freezer.tick(60)
        client.put_secret_value(SecretId="db", SecretString="new")

        described = client.describe_secret(SecretId="db")
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert described["LastChangedDate"] == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    def test_time_machine_sets_the_time_of_the_fake(self, fakesecrets, client):
        with time_machine.travel("2030-01-31 16:00 +0000", tick=False) as traveller:
            client.create_secret(Name="db", SecretString="value")
            traveller.shift(timedelta(days=1))
            client.put_secret_value(SecretId="db", SecretString="new")

            described = client.describe_secret(SecretId="db")
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert described["LastChangedDate"] == datetime(2030, 2, 1, 16, tzinfo=UTC)

    def test_freezegun_around_a_fake_is_in_force_again_after_it(self):
        with freeze_time("2030-01-31 16:00"):
            with FakeSecrets() as fake:
                fake.clock.freeze()
                assert fake.clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)
                fake.clock.tick(timedelta(days=1))
                assert datetime.now(UTC) == datetime(2030, 2, 1, 16, tzinfo=UTC)

            assert datetime.now(UTC) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_freezegun_inside_our_freeze_takes_precedence_until_it_ends(self, fakesecrets_clock, client):
        fakesecrets_clock.move_to("2001-01-31")

        with freeze_time("2030-01-31 16:00"):
            assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)

        assert fakesecrets_clock.now == datetime(2001, 1, 31, tzinfo=UTC)

    def test_freezegun_inside_our_freeze_is_moved_by_our_clock(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with freeze_time("2030-01-31 16:00"):
            fakesecrets_clock.move_to("2030-03-31 16:00")

            assert datetime.now(UTC) == datetime(2030, 3, 31, 16, tzinfo=UTC)


def wait_for_a_process():
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.1)


def communicate_with_a_process():
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE
    ) as process:
        try:
            process.communicate(timeout=0.1)
        finally:
            process.kill()


def wait_for_a_future(wait):
    future = concurrent.futures.Future()
    return lambda: list(wait([future], timeout=0.1))


def map_over_an_executor():
    with concurrent.futures.ThreadPoolExecutor() as executor:
        list(executor.map(time.sleep, [0.3], timeout=0.1))


def wait_for_a_condition():
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, timeout=0.1)


def join_a_thread():
    thread = threading.Thread(target=time.sleep, args=[0.3])
    thread.start()
    thread.join(timeout=0.1)
    assert thread.is_alive()
    thread.join()


def wait_for_a_timer():
    called = threading.Event()
    threading.Timer(0.1, called.set).start()
    assert called.wait(5)


def wait_in_asyncio(wait):
    async def main():
        await wait(asyncio.Event().wait())

    return lambda: asyncio.run(main())


def select_nothing():
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        assert selector.select(timeout=0.1) == []
        assert select.select([ours], [], [], 0.1) == ([], [], [])
        ours.settimeout(0.1)
        ours.recv(1)


def wait_for_a_request():
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.timeout = 0.1
        server.handle_request()


def wait_between_processes():
    ours, theirs = multiprocessing.Pipe()
    assert wait_for_connections([ours], timeout=0.1) == []
    assert not ours.poll(0.1)
    assert not multiprocessing.Event().wait(0.1)
    with pytest.raises(queue.Empty):
        multiprocessing.Queue().get(timeout=0.1)
    ours.close()
    theirs.close()


def wait_for_a_token_of_botocore():
    bucket = TokenBucket(max_rate=10, clock=BucketClock())
    bucket.acquire(2)


#: Waits that end by a timeout in real time, each with the exception that it raises.
WAITS = {
    "subprocess.run": (wait_for_a_process, subprocess.TimeoutExpired),
    "Popen.communicate": (communicate_with_a_process, subprocess.TimeoutExpired),
    "concurrent.futures.as_completed": (
        wait_for_a_future(concurrent.futures.as_completed),
        concurrent.futures.TimeoutError,
    ),
    "concurrent.futures.wait": (wait_for_a_future(concurrent.futures.wait), None),
    "Future.result": (
        lambda: concurrent.futures.Future().result(timeout=0.1),
        concurrent.futures.TimeoutError,
    ),
    "Executor.map": (map_over_an_executor, concurrent.futures.TimeoutError),
    "Queue.get": (lambda: queue.Queue().get(timeout=0.1), queue.Empty),
    "Condition.wait_for": (wait_for_a_condition, None),
    "Event.wait": (lambda: threading.Event().wait(0.1), None),
    "Semaphore.acquire": (lambda: threading.Semaphore(0).acquire(timeout=0.1), None),
    "Barrier.wait": (lambda: threading.Barrier(2).wait(0.1), threading.BrokenBarrierError),
    "Thread.join": (join_a_thread, None),
    "Timer": (wait_for_a_timer, None),
    "time.sleep": (lambda: time.sleep(0.1), None),
    "asyncio.sleep": (wait_in_asyncio(lambda waiting: asyncio.sleep(waiting.close() or 0.1)), None),
    "asyncio.wait_for": (
        wait_in_asyncio(lambda waiting: asyncio.wait_for(waiting, 0.1)),
        asyncio.TimeoutError,
    ),
    "select": (select_nothing, TimeoutError),
    "socketserver": (wait_for_a_request, None),
    "multiprocessing": (wait_between_processes, None),
    "the adaptive mode of botocore": (wait_for_a_token_of_botocore, None),
    "the pool of sqlalchemy": (lambda: PoolQueue().get(timeout=0.1), PoolIsEmpty),
}


class TestDuringAFreeze:
    def test_every_wait_ends_by_its_timeout_in_real_time(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        ended = {}

        def run(name, wait):
            try:
                wait()
                ended[name] = None
            except Exception as error:
                ended[name] = type(error)

        # Each wait runs in a thread, since a wait that never ends would block the test.
        threads = [
            threading.Thread(target=run, args=[name, wait], daemon=True) for name, (wait, _) in WAITS.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert ended == {name: error for name, (_, error) in WAITS.items()}
        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, tzinfo=UTC)

    def test_user_code_sees_the_frozen_time_in_threads_timers_and_event_loops(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        seen, done = [], concurrent.futures.Future()

        async def main():
            return [time.time(), await asyncio.to_thread(time.time)]

        thread = threading.Thread(target=lambda: seen.append(time.time()))
        thread.start()
        thread.join()
        done.add_done_callback(lambda future: seen.append(time.time()))
        done.set_result(None)
        with concurrent.futures.ThreadPoolExecutor() as executor:
            seen += [
                executor.submit(clock).result() for clock in (time.time, time.monotonic, time.perf_counter)
            ]
            seen += executor.map(lambda _: time.time(), range(2))
        seen += asyncio.run(main())
        with multiprocessing.pool.ThreadPool(1) as pool:
            seen.append(pool.apply(time.time))

        assert set(seen) == {1896105600.0}
        assert len(seen) == 10

    def test_a_module_that_waits_can_be_imported(self, fakesecrets, monkeypatch):
        monkeypatch.delitem(sys.modules, "socketserver")
        fakesecrets.clock.move_to("2030-01-31 16:00")
        ended = []

        def wait():
            import socketserver

            with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
                server.timeout = 0.1
                server.handle_request()
            ended.append(socketserver)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        thread.join(timeout=10)

        assert len(ended) == 1
        assert ended != [socketserver]

    def test_modules_that_freezegun_ignores_see_the_real_time(self, fakesecrets, monkeypatch):
        monkeypatch.setattr(config, "settings", Settings())
        freezegun.configure(extend_ignore_list=["ignored_by_users"])
        ignored, seen = ModuleType("ignored_by_users"), ModuleType("seen_by_users")
        for module in (ignored, seen):
            exec("import time\ndef now():\n    return time.time()", vars(module))

        fakesecrets.clock.move_to("2030-01-31 16:00")

        assert ignored.now() < 1896105600.0 == seen.now()

    def test_a_running_event_loop_continues(self, fakesecrets):
        async def main():
            waiting = asyncio.create_task(asyncio.sleep(0.05))
            await asyncio.sleep(0)
            fakesecrets.clock.move_to("2030-01-31 16:00")
            await asyncio.wait_for(waiting, 5)
            fakesecrets.clock.stop()
            await asyncio.wait_for(asyncio.sleep(0.01), 5)

        thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
        thread.start()
        thread.join(timeout=10)

        assert not thread.is_alive()

    def test_freezegun_is_started_once_and_only_by_a_move(self, fakesecrets, client, monkeypatch):
        freezes = []
        start = freezegun.api._freeze_time.start
        monkeypatch.setattr(
            freezegun.api._freeze_time, "start", lambda self: freezes.append(self) or start(self)
        )
        client.create_secret(Name="db", SecretString="old")
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 30})
        assert freezes == []

        for _ in range(3):
            fakesecrets.clock.tick(timedelta(days=31))
        fakesecrets.clock.freeze()

        assert len(freezes) == 1
        assert len(fakesecrets.rotations("db")) == 4

    def test_no_socket_is_opened(self, socket_disabled, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        assert time.time() == 1896105600.0

    def test_an_error_at_the_start_of_the_freeze_undoes_it(self, fakesecrets, monkeypatch):
        class Lazy(ModuleType):
            def __dir__(self):
                raise LookupError("this module cannot be looked at")

        monkeypatch.setitem(sys.modules, "a_lazy_module", Lazy("a_lazy_module"))

        with pytest.raises(LookupError):
            fakesecrets.clock.freeze()

        assert not fakesecrets.clock.is_frozen
        monkeypatch.undo()
        fakesecrets.clock.move_to("2030-01-31 16:00")
        assert time.time() == 1896105600.0

    def test_pytest_measures_durations_without_pytest_freezer(self, pytester, monkeypatch):
        monkeypatch.setattr(config, "settings", Settings())
        pytester.makepyfile("def test_it(fakesecrets_clock): fakesecrets_clock.move_to('2050-01-31')")

        ran = pytester.inline_run("-p", "no:freezer")

        durations = [report.duration for report in ran.getreports("pytest_runtest_logreport")]
        assert [0 <= duration < 60 for duration in durations] == [True] * 3

    def test_pytest_measures_durations_in_real_time(self, pytester):
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

    def test_pytest_reports_the_duration_of_the_run(self, pytester):
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


#: Freezes of other libraries: a context manager, and whether its time ticks by itself.
FREEZES = {
    "freezegun": lambda: freeze_time("2030-01-31 16:00"),
    "freezegun with an offset": lambda: freeze_time("2030-01-31 16:00", tz_offset=-8),
    "freezegun with a timedelta as offset": lambda: freeze_time(
        "2030-01-31 16:00", tz_offset=timedelta(hours=5, minutes=45)
    ),
    "freezegun with tick": lambda: freeze_time("2030-01-31 16:00", tick=True),
    "freezegun with auto_tick_seconds": lambda: freeze_time("2030-01-31 16:00", auto_tick_seconds=1),
    "freezegun with real_asyncio": lambda: freeze_time("2030-01-31 16:00", real_asyncio=True),
    "freezegun that ignores this package": lambda: freeze_time(
        "2030-01-31 16:00", ignore=["pytest_fakesecrets"]
    ),
    "time-machine": lambda: time_machine.travel("2030-01-31 16:00 +0000", tick=False),
    "time-machine with tick": lambda: time_machine.travel("2030-01-31 16:00 +0000"),
    "time-machine with a zone": lambda: time_machine.travel(
        datetime(2030, 2, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), tick=False
    ),
}
#: The tolerance for a time that ticks by itself or with each read.
NEARLY = timedelta(minutes=2)


def freezes_of_others():
    """Return the active freezes of freezegun and time-machine; older versions of the latter name them differently."""
    stack = "traveller_stack" if hasattr(time_machine, "traveller_stack") else "coordinates_stack"
    return [*api.freeze_factories, *getattr(time_machine, stack)]


def utc_now():
    """Return the time of the process, independent of tz_offset and time zone."""
    return datetime.fromtimestamp(time.time(), UTC)


@pytest.mark.parametrize("freeze", FREEZES.values(), ids=FREEZES)
class TestAFreezeOfAnotherLibrary:
    def test_is_moved_by_our_clock_which_starts_no_second_freeze(self, fakesecrets, client, freeze):
        moment = datetime(2031, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
        client.create_secret(Name="db", SecretString="value")
        fakesecrets.fail("GetSecretValue", timedelta(hours=1))
        with freeze():
            before = freezes_of_others()

            fakesecrets.clock.tick(timedelta(days=1))
            assert abs(utc_now() - datetime(2030, 2, 1, 16, tzinfo=UTC)) < NEARLY
            client.get_secret_value(SecretId="db")
            assert abs(utc_now() - datetime(2030, 2, 1, 17, tzinfo=UTC)) < NEARLY
            fakesecrets.clock.move_to(moment)
            assert timedelta(0) <= fakesecrets.clock.now - moment < NEARLY
            fakesecrets.clock.move_to("2029-12-31")
            assert abs(utc_now() - datetime(2029, 12, 31, tzinfo=UTC)) < NEARLY

            assert fakesecrets.clock.is_frozen
            assert freezes_of_others() == before
        assert not fakesecrets.clock.is_frozen

    def test_is_restored_after_the_fake_unless_it_has_ended(self, freeze):
        with freeze():
            with FakeSecrets() as fake:
                fake.clock.move_to("2040-01-31")
                fake.clock.tick(60)

            assert abs(utc_now() - datetime(2030, 1, 31, 16, tzinfo=UTC)) < NEARLY
        with FakeSecrets() as fake:
            with freeze():
                fake.clock.tick(60)
            assert utc_now().year < 2030
            fake.clock.move_to("2040-01-31")
            assert utc_now() == datetime(2040, 1, 31, tzinfo=UTC)

    def test_sets_the_time_of_the_fake_and_of_rotation_functions(self, fakesecrets, client, freeze):
        left = []

        def function(event, context):
            left.append(context.get_remaining_time_in_millis())
            well_behaved(event, context)

        with freeze(), concurrent.futures.ThreadPoolExecutor() as executor:
            target = CredentialTarget({"app": "old"}, applies_after=timedelta(days=2))
            target.change_password("app", "new")
            assert abs(created(client) - datetime(2030, 1, 31, 16, tzinfo=UTC)) < NEARLY
            assert abs(executor.submit(lambda: fakesecrets.clock.now).result() - utc_now()) < NEARLY
            fakesecrets.rotate("db", function, RotationRules={"AutomaticallyAfterDays": 10})
            fakesecrets.clock.tick(timedelta(days=1))
            assert not target.accepts("new")
            fakesecrets.clock.tick(timedelta(days=10))
            assert target.accepts("new")

        begun = [rotation.started_at for rotation in fakesecrets.rotations("db")]
        assert abs(begun[0] - datetime(2030, 1, 31, 16, tzinfo=UTC)) < NEARLY
        assert timedelta(0) <= begun[1] - datetime(2030, 2, 10, tzinfo=UTC) < NEARLY
        assert all(10_000 < each <= 30_000 for each in left)

    def test_sets_the_time_of_the_fake_in_every_time_zone(self, fakesecrets, client, monkeypatch, freeze):
        try:
            for hours, zone in enumerate(["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"]):
                monkeypatch.setenv("TZ", zone)
                time.tzset()
                with freeze():
                    fakesecrets.clock.tick(hours * 3600)
                    expected = datetime(2030, 1, 31, 16 + hours, tzinfo=UTC)
                    assert abs(created(client, zone) - expected) < NEARLY
        finally:
            monkeypatch.undo()
            time.tzset()


class TestFreezesOfOtherLibraries:
    @freeze_time("2030-01-31 16:00")
    def test_as_a_decorator_end_before_the_fixture_of_the_fake(self, fakesecrets, client):
        fakesecrets.clock.tick(60)

        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)
        assert created(client) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    @freeze_time("2030-01-31 16:00")
    def test_as_a_decorator_take_precedence_over_the_clock_fixture(self, fakesecrets_clock, client):
        assert created(client) == datetime(2030, 1, 31, 16, tzinfo=UTC)
        fakesecrets_clock.tick(60)
        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    def test_of_pytest_freezer_requested_first_are_moved_by_both(self, freezer, fakesecrets_clock, client):
        freezer.move_to("2030-01-31 16:00")
        assert created(client) == fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

        fakesecrets_clock.tick(60)
        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)
        freezer.tick(60)
        assert fakesecrets_clock.now == datetime(2030, 1, 31, 16, 2, tzinfo=UTC)

    def test_of_pytest_freezer_requested_last_are_moved_by_both(self, fakesecrets_clock, freezer, client):
        freezer.move_to("2030-01-31 16:00")
        assert created(client) == fakesecrets_clock.now == datetime(2030, 1, 31, 16, tzinfo=UTC)

        fakesecrets_clock.tick(60)
        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    def test_of_pytest_freezer_requested_after_the_fake_are_moved(self, fakesecrets, client, freezer):
        freezer.move_to("2030-01-31 16:00")
        fakesecrets.clock.tick(60)

        assert datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

    def test_of_the_fixture_of_time_machine_are_moved_by_both(self, time_machine, fakesecrets, client):
        time_machine.move_to("2030-01-31 16:00 +0000", tick=False)
        fakesecrets.clock.freeze()
        fakesecrets.clock.tick(60)
        assert created(client) == datetime.now(UTC) == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)

        time_machine.shift(60)
        assert fakesecrets.clock.now == datetime(2030, 1, 31, 16, 2, tzinfo=UTC)

    def test_of_time_machine_keep_their_zone(self, fakesecrets):
        with time_machine.travel(datetime(2030, 2, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), tick=False):
            fakesecrets.clock.tick(timedelta(days=1))

            assert datetime.now() == datetime(2030, 2, 2, 1)  # noqa: DTZ001, DTZ005
            assert time.tzname == ("JST", "JST")

    @pytest.mark.skipif(
        not hasattr(time_machine, "traveller_stack"), reason="older versions of time-machine do not look"
    )
    def test_inside_of_our_freeze_are_rejected_by_time_machine(self, fakesecrets_clock):
        with pytest.raises(RuntimeError, match="time-machine cannot start when freezegun is active"):
            time_machine.travel("2030-01-31").start()

    def test_that_the_test_moves_after_the_fake_keep_their_time(self):
        with freeze_time("2030-01-31 16:00") as frozen:
            with FakeSecrets() as fake:
                fake.clock.tick(60)
                frozen.move_to("2031-01-31")

            assert datetime.now(UTC) == datetime(2031, 1, 31, tzinfo=UTC)

    @pytest.mark.usefixtures("without_garbage_collection")
    def test_with_auto_tick_are_not_advanced_by_the_fake(self, fakesecrets, client):
        with freeze_time("2030-01-31 16:00", auto_tick_seconds=15):
            for _ in range(3):
                fakesecrets.clock.tick(60)
            fakesecrets.clock.move_to("2030-01-31 16:03")
            client.create_secret(Name="db", SecretString="value")
            client.get_secret_value(SecretId="db")

            seen = [datetime.now(UTC), fakesecrets.clock.now, datetime.now(UTC)]

        assert [f"{moment:%H:%M:%S}" for moment in seen] == ["16:03:00", "16:03:15", "16:03:15"]

    def test_are_respected_after_their_copy_of_freezegun_was_unloaded(self, fakesecrets):
        with freeze_time("2030-01-31 16:00", tz_offset=3), mock.patch.dict(sys.modules):
            for name in [name for name in sys.modules if name.partition(".")[0] == "freezegun"]:
                del sys.modules[name]
            fakesecrets.clock.tick(60)

            assert fakesecrets.clock.now == datetime(2030, 1, 31, 16, 1, tzinfo=UTC)
        assert not fakesecrets.clock.is_frozen

    def test_leave_no_freeze_of_ours_after_a_superfluous_stop(self, fakesecrets):
        fakesecrets.clock.move_to("2030-01-31 16:00")
        theirs = freeze_time("2031-01-31")
        theirs.start()
        theirs.stop()
        with pytest.raises(AttributeError):  # of freezegun, when none of its freezes is active
            theirs.stop()

        assert not fakesecrets.clock.is_frozen
        fakesecrets.clock.move_to("2032-01-31")
        assert datetime.now(UTC) == datetime(2032, 1, 31, tzinfo=UTC)


class TestTheOrderOfFreezes:
    """Our freeze and two others start in one order and end in another one."""

    @pytest.mark.parametrize("begun", list(permutations(["ours", "a", "b"])), ids="-".join)
    def test_does_not_change_the_restored_time(self, begun):
        for ended in permutations(begun):
            if begun[0] != "ours" and (begun.index("a") < begun.index("b")) == (
                ended.index("a") < ended.index("b")
            ):
                continue  # without a freeze of ours, those of freezegun must end in reverse order
            before = changed_by_a_freeze()
            with FakeSecrets() as fake:
                freezes = {"a": freeze_time("2031-01-31"), "b": freeze_time("2032-01-31", tick=True)}
                for name in begun:
                    if name == "ours":
                        fake.clock.move_to("2030-01-31 16:00")
                        assert abs(utc_now() - datetime(2030, 1, 31, 16, tzinfo=UTC)) < NEARLY
                    else:
                        freezes[name].start()
                for name in ended:
                    fake.clock.stop() if name == "ours" else freezes[name].stop()
                    left = ended[ended.index(name) + 1 :]
                    assert (utc_now().year >= 2030) == bool({"a", "b"}.intersection(left) or begun[0] in left)
            assert changed_by_a_freeze() == before, ended

    def test_does_not_change_the_restored_time_of_modules_imported_meanwhile(
        self, fakesecrets, monkeypatch, tmp_path
    ):
        (tmp_path / "imported_meanwhile.py").write_text("from datetime import datetime\n", "utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        fakesecrets.clock.freeze()
        theirs = freeze_time("2031-01-31")
        theirs.start()
        import imported_meanwhile

        fakesecrets.clock.stop()
        assert imported_meanwhile.datetime.now().year == 2031
        theirs.stop()

        assert imported_meanwhile.datetime is api.real_datetime
        del sys.modules["imported_meanwhile"]


class TestThreadsThatShareAClock:
    """Threads freeze, move and stop one clock simultaneously, and no call raises."""

    @pytest.fixture(autouse=True)
    def threads_take_turns_often(self):
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(before)

    def test_tick_without_loss_and_never_backwards(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        def tick(_):
            seen = []
            for _ in range(50):
                fakesecrets_clock.tick(3)
                seen.append(fakesecrets_clock.now)
            return seen

        with concurrent.futures.ThreadPoolExecutor(4) as executor:
            seen = list(executor.map(tick, range(4)))

        start = datetime(2030, 1, 31, 16, tzinfo=UTC)
        assert [moments == sorted(moments) for moments in seen] == [True] * 4
        assert start + timedelta(seconds=150) <= fakesecrets_clock.now <= start + timedelta(seconds=600)

    def test_freeze_move_and_stop_it_without_traces(self, fakesecrets):
        start = threading.Barrier(4)

        def use(action):
            start.wait()
            for _ in range(5):
                action()

        clock = fakesecrets.clock
        actions = [clock.freeze, clock.stop, clock.tick, lambda: clock.move_to("2030-01-31")]
        with concurrent.futures.ThreadPoolExecutor(4) as executor:
            list(executor.map(use, actions))

        clock.stop()
        assert not clock.is_frozen

    def test_cannot_freeze_the_time_after_the_exit_of_the_fake(self):
        with FakeSecrets() as fake, concurrent.futures.ThreadPoolExecutor() as executor:
            fake.clock.tick(60)

        with concurrent.futures.ThreadPoolExecutor() as executor:
            for action in (fake.clock.freeze, fake.clock.tick, lambda: fake.clock.move_to("2030-01-31")):
                with pytest.raises(FakeSecretsError, match="The fake of this clock is not active"):
                    executor.submit(action).result()
