"""Threads and processes: threads share one consistent state, and child processes reach it by the server or get an error."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import count, pairwise
from select import select

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from rotation_functions import well_behaved
from support import token

from pytest_fakesecrets import Call, FakeSecrets, FakeSecretsError, LabelMoved, ValueStored
from pytest_fakesecrets._transport import state

KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}

#: Made while this file is imported, and shared by all threads.
CLIENT = boto3.client("secretsmanager", region_name="us-east-1", **KEYS)

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest_fakesecrets.RotationFailedWarning",
    # Python 3.12 and newer say so at each fork, and that it goes well is what is tested here.
    "ignore:This process .* is multi-threaded:DeprecationWarning",
)


@pytest.fixture(autouse=True)
def every_answer_is_checked():
    """Not in these tests: that check holds the lock around each answer, and would hide a lock that is missing."""


@pytest.fixture(autouse=True)
def switching():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def at_once(*works):
    """Run each function in a thread of its own, all from the same moment, and return what they return."""
    barrier = threading.Barrier(len(works), timeout=30)

    def run(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(run, work) for work in works]
        return [future.result(timeout=60) for future in futures]


def currents(fake, secret_id):
    """The ids of the versions that have had AWSCURRENT, in that order, each move from where the last one went."""
    moves = [move for move in fake.secret(secret_id).transitions if move.label == "AWSCURRENT"]
    assert all(after.source == before.target for before, after in pairwise(moves))
    assert len({move.version_id for move in moves}) == len(moves)
    return [move.version_id for move in moves]


class Plan:
    """Readers and writers of some secrets whose values carry one number twice."""

    NAMES = ("a", "b")

    def __init__(self, fake):
        self._fake = fake
        self._numbers = count(1)
        self._writers = 0
        self._over = threading.Event()
        self._function = fake.add_rotation_function(self._rotate, name="rotate")
        self.stored = {}
        self.seen = []
        for name in self.NAMES:
            self._keep(CLIENT.create_secret(Name=name, SecretString="[0, 0]"), 0)

    def run(self, plans, readers):
        self._writers = len(plans)
        writers = [lambda plan=plan: self._write(plan) for plan in plans]
        at_once(*writers, *[self._read] * readers)

    def _keep(self, answer, number):
        self.stored[answer["VersionId"]] = number

    def _value(self):
        number = next(self._numbers)
        return number, json.dumps([number, number])

    def _write(self, plan):
        try:
            for what, name in plan:
                getattr(self, what)(name)
        finally:
            self._writers -= 1
            if self._writers <= 0:
                self._over.set()

    def put(self, name):
        number, value = self._value()
        self._keep(CLIENT.put_secret_value(SecretId=name, SecretString=value), number)

    def update(self, name):
        number, value = self._value()
        self._keep(CLIENT.update_secret(SecretId=name, SecretString=value), number)

    def rotate(self, name):
        try:
            CLIENT.rotate_secret(SecretId=name, RotationLambdaARN=self._function)
        except CLIENT.exceptions.InvalidRequestException as error:
            assert "previous rotation" in str(error)  # noqa: PT017

    def move(self, name):
        held = self._described(name)["VersionIdsToStages"]
        holder = next((version for version, labels in held.items() if "MINE" in labels), None)
        members = {} if holder is None else {"RemoveFromVersionId": holder}
        target = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
        try:
            CLIENT.update_secret_version_stage(
                SecretId=name, VersionStage="MINE", MoveToVersionId=target, **members
            )
        except ClientError as error:  # another thread has moved it meanwhile
            assert error.response["Error"]["Code"] == "InvalidParameterException"  # noqa: PT017

    def _rotate(self, event, context):
        arn, version = event["SecretId"], event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            number, value = self._value()
            self._keep(
                CLIENT.put_secret_value(
                    SecretId=arn,
                    ClientRequestToken=version,
                    SecretString=value,
                    VersionStages=["AWSPENDING"],
                ),
                number,
            )
        elif event["Step"] == "finishSecret":
            held = CLIENT.describe_secret(SecretId=arn)["VersionIdsToStages"]
            source = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
            CLIENT.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=source, MoveToVersionId=version
            )

    def _described(self, name):
        """Every label is on one version, in each answer."""
        described = CLIENT.describe_secret(SecretId=name)
        attached = Counter(label for labels in described["VersionIdsToStages"].values() for label in labels)
        assert attached["AWSCURRENT"] == 1
        assert set(attached.values()) == {1}
        return described

    def _read(self):
        rounds = 0
        seen = {name: [] for name in self.NAMES}
        while rounds < 5 or not self._over.is_set():
            rounds += 1
            for name in self.NAMES:
                value = CLIENT.get_secret_value(SecretId=name)
                first, second = json.loads(value["SecretString"])
                assert first == second
                seen[name].append((value["VersionId"], first, None))
                held = self._described(name)["VersionIdsToStages"]
                by_label = {label: version for version, labels in held.items() for label in labels}
                seen[name].append((by_label["AWSCURRENT"], None, by_label.get("AWSPREVIOUS", "none")))
        self.seen.append(seen)

    def check(self):
        for name in self.NAMES:
            order = currents(self._fake, name)
            before = dict(zip(order, ["none", *order], strict=False))
            for reader in self.seen:
                places = [order.index(version) for version, _, _ in reader[name]]
                assert places == sorted(places)
                for version, number, previous in reader[name]:
                    assert number in (None, self.stored[version])
                    assert previous in (None, before[version])
            listed = CLIENT.list_secret_version_ids(SecretId=name, IncludeDeprecated=True, MaxResults=100)
            aliases = [version.alias for version in self._fake.secret(name).versions]
            assert len(set(aliases)) == len(aliases)
            assert {version["VersionId"] for version in listed["Versions"]} >= set(order)
        assert set(self.stored) == {
            event.version_id for event in self._fake.history if isinstance(event, ValueStored)
        }


OPERATIONS = st.tuples(
    st.sampled_from(["put", "update", "rotate", "rotate", "move"]), st.sampled_from(Plan.NAMES)
)


class TestReadersAndWriters:
    @pytest.mark.parametrize("examples", [2, pytest.param(10, marks=pytest.mark.long)])
    def test_see_the_state_before_or_after_a_write_and_never_between(self, examples):
        @given(st.lists(st.lists(OPERATIONS, min_size=3, max_size=6), min_size=6, max_size=6))
        @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
        def read_and_write(plans):
            with FakeSecrets() as fake:
                plan = Plan(fake)

                plan.run(plans, readers=10)

                plan.check()

        read_and_write()

    def test_see_consistent_views_and_histories_during_writes(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="0")
        over = threading.Event()

        def write():
            for number in range(1, 30):
                client.put_secret_value(SecretId="db", SecretString=str(number))
            over.set()

        def look():
            seen = []
            while not over.is_set() or not seen:
                view = fakesecrets.secret("db")
                staging, labels = view.staging, view.labels
                assert len(set(labels.values())) == len(labels)
                assert [held for held in staging.values() if "AWSCURRENT" in held] == [{"AWSCURRENT"}]
                assert view.versions
                assert fakesecrets.timeline("db")
                assert len(fakesecrets.history) >= 3
                seen.append(int(view.value()))
            return seen

        _, *readers = at_once(write, *[look] * 7)

        assert [seen == sorted(seen) for seen in readers] == [True] * 7
        assert fakesecrets.secret("db").staging["v30"] == {"AWSCURRENT"}


class TestHistory:
    def test_of_sixteen_writers_has_each_event_once(self, fakesecrets):
        names = ["a", "b", "c", "d"]
        answers = [CLIENT.create_secret(Name=name, SecretString="0") for name in names]

        def write(number):
            own = CLIENT.create_secret(Name=f"of-{number}", SecretString="0")
            put = [CLIENT.put_secret_value(SecretId=name, SecretString=str(number)) for name in names * 3]
            return [own, *put]

        for answered in at_once(*(lambda number=number: write(number) for number in range(16))):
            answers += answered

        history = fakesecrets.history
        calls = [event for event in history if isinstance(event, Call)]
        stored = [event.version_id for event in history if isinstance(event, ValueStored)]
        moved = [event for event in history if isinstance(event, LabelMoved) and event.label == "AWSCURRENT"]
        answered = {(answer["ResponseMetadata"]["RequestId"], answer["VersionId"]) for answer in answers}
        assert len(answers) == len(answered) == 4 + 16 * 13
        assert (
            len({request_id for request_id, _ in answered})
            == len({version for _, version in answered})
            == len(answered)
        )
        assert sorted((call.request_id, call.version_id) for call in calls) == sorted(answered)
        assert sorted(stored) == sorted(version for _, version in answered)
        assert sorted(move.version_id for move in moved) == sorted(stored)
        for name in names:
            assert len(currents(fakesecrets, name)) == 49
            aliases = [version.alias for version in fakesecrets.secret(name).versions]
            assert aliases == [f"v{number}" for number in range(1, 50)]
        assert len({answer["ARN"] for answer in answers}) == 20

    def test_has_each_call_next_to_what_it_changed(self, fakesecrets):
        CLIENT.create_secret(Name="db", SecretString="0")

        def write():
            for _ in range(8):
                CLIENT.put_secret_value(SecretId="db", SecretString="1")

        at_once(*[write] * 8)

        history = fakesecrets.history
        places = [place for place, event in enumerate(history) if isinstance(event, Call)]
        assert len(places) == 65
        for place, after in pairwise([*places, len(history)]):
            events = history[place + 1 : after]
            assert events[0].version_id == history[place].version_id
            assert [type(events[0]), *{type(event) for event in events[1:]}] == [ValueStored, LabelMoved]

    def test_of_rotations_in_many_threads_has_each_step_once(self, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)
        for number in range(16):
            CLIENT.create_secret(Name=f"s{number}", SecretString="old")

        at_once(
            *(
                lambda number=number: CLIENT.rotate_secret(
                    SecretId=f"s{number}", RotationLambdaARN=function, ClientRequestToken=token(number)
                )
                for number in range(16)
            )
        )

        steps = Counter(
            (event.token, event.name) for event in fakesecrets.history if hasattr(event, "redelivered")
        )
        names = ["createSecret", "setSecret", "testSecret", "finishSecret"]
        assert steps == Counter((token(number), name) for number in range(16) for name in names)
        events = Counter((event["eventName"]) for event in fakesecrets.cloudtrail)
        assert events == {"RotationStarted": 16, "RotationSucceeded": 16}


class TestDriver:
    @pytest.fixture
    def rotating(self, fakesecrets, client, fakesecrets_rotation):
        """The driver, and sixteen rotations that wait."""
        function = fakesecrets.add_rotation_function(well_behaved)
        for number in range(16):
            client.create_secret(Name=f"s{number}", SecretString="old")
            client.rotate_secret(SecretId=f"s{number}", RotationLambdaARN=function)
        return fakesecrets_rotation

    def test_may_be_in_another_thread_than_the_test(self, fakesecrets, rotating):
        with ThreadPoolExecutor(1) as pool:
            steps = [pool.submit(rotating.step, secret_id="s3").result(30).name for _ in range(3)]
        rotation = rotating.run(secret_id="s3")

        assert steps == ["createSecret", "setSecret", "testSecret"]
        assert (rotation.status, len(rotation.steps)) == ("succeeded", 4)

    def test_may_be_used_by_sixteen_threads(self, fakesecrets, rotating):
        rotations = at_once(
            *(lambda number=number: rotating.run(secret_id=f"s{number}") for number in range(16))
        )

        assert [rotation.status for rotation in rotations] == ["succeeded"] * 16
        assert rotating.pending == ()
        for number in range(16):
            assert fakesecrets.secret(f"s{number}").staging == {
                "v1": {"AWSPREVIOUS"},
                "v2": {"AWSCURRENT", "AWSPENDING"},
            }

    def test_refuses_a_step_that_runs_in_another_thread(self, fakesecrets, client, fakesecrets_rotation):
        runs, goes_on = threading.Event(), threading.Event()

        def waits(event, context):
            runs.set()
            assert goes_on.wait(30)
            well_behaved(event, context)

        client.create_secret(Name="db", SecretString="old")
        client.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(waits))
        with ThreadPoolExecutor(1) as pool:
            step = pool.submit(fakesecrets_rotation.step)
            assert runs.wait(30)
            arn = fakesecrets_rotation.pending[0].secret_id
            for rejected in (fakesecrets_rotation.step, fakesecrets_rotation.run):
                with pytest.raises(FakeSecretsError) as raised:
                    rejected()
                assert str(raised.value) == (
                    f"A step of {arn} is already running, in another thread or around this call."
                )
            assert client.get_secret_value(SecretId="db")["SecretString"] == "old"
            goes_on.set()
            assert step.result(30).name == "createSecret"

        assert [step.name for step in fakesecrets_rotation.run().steps][1:] == [
            "setSecret",
            "testSecret",
            "finishSecret",
        ]


class TestClock:
    def test_that_is_moved_in_one_thread_is_seen_by_all(self, fakesecrets, fakesecrets_clock):
        moments = [
            datetime(2030, 1, 31, 16, tzinfo=timezone.utc) + timedelta(hours=hours) for hours in range(40)
        ]
        fakesecrets_clock.move_to(moments[0])
        over = threading.Event()

        def move():
            for moment in moments[1:]:
                fakesecrets_clock.move_to(moment)
            over.set()

        def look(number):
            seen = []
            while not over.is_set() or not seen:
                name = f"s{number}-{len(seen)}"
                before = fakesecrets_clock.now
                CLIENT.create_secret(Name=name, SecretString="value")
                created = CLIENT.describe_secret(SecretId=name)["CreatedDate"]
                assert before <= created <= fakesecrets_clock.now
                seen.append(created)
            return seen

        _, *seen = at_once(move, *(lambda number=number: look(number) for number in range(7)))

        assert {moment for dates in seen for moment in dates} <= set(moments)
        assert [dates == sorted(dates) for dates in seen] == [True] * 7
        assert fakesecrets_clock.now == moments[-1]

    def test_that_is_frozen_is_so_in_threads_that_begin_later(self, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        seen = at_once(*[lambda: datetime.now(timezone.utc)] * 4)

        assert seen == [datetime(2030, 1, 31, 16, tzinfo=timezone.utc)] * 4


class TestXdist:
    @pytest.mark.long
    def test_workers_share_nothing_and_see_the_ids_of_a_single_process(self, pytester, monkeypatch):
        pytest.importorskip("xdist")
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        with FakeSecrets() as fake:
            created = fake.client().create_secret(Name="db", SecretString="value")
        pytester.makepyfile(
            f"""
            import os

            import pytest


            @pytest.mark.parametrize("number", range(8))
            def test_it(fakesecrets, fakesecrets_client, number):
                assert os.environ["PYTEST_XDIST_WORKER"] in ("gw0", "gw1")
                created = fakesecrets_client.create_secret(Name="db", SecretString=str(number))
                assert created["ARN"] == "{created["ARN"]}"
                assert created["VersionId"] == "{created["VersionId"]}"
                assert created["ResponseMetadata"]["RequestId"] == "{created["ResponseMetadata"]["RequestId"]}"
                assert fakesecrets.secret("db").value() == str(number)
            """
        )

        ran = pytester.runpytest_subprocess("-p", "xdist", "-p", "fakesecrets", "-n", "2")

        ran.assert_outcomes(passed=8)


def outcome_of(work):
    """What a function returns, or the error that it raises, as text: both cross the border of a process."""
    try:
        return work()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def in_a_fork(*works):
    """What each function returns in one forked child, or the error that it raises there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, json.dumps([os.getpid(), *map(outcome_of, works)]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        if not select([pipe], [], [], 20)[0]:
            os.kill(child, signal.SIGKILL)
        outcomes = pipe.read()
    os.waitpid(child, 0)
    assert outcomes, "the child has not come to its end"
    return json.loads(outcomes)


def refusal(operation, process):
    """The error of a call in a child process that has no fake."""
    return (
        f"FakeSecretsError: {operation} was called in process {process}, and the fake is in its parent process "
        f"{os.getpid()}. Request the fixture fakesecrets_server, and set its variables in this process: "
        "os.environ.update(fakesecrets_server.environ)."
    )


def new_client(**kwargs):
    return boto3.session.Session().client("secretsmanager", region_name="us-east-1", **kwargs)


def read(client):
    return client.get_secret_value(SecretId="db")["SecretString"]


@pytest.fixture
def db(client):
    client.create_secret(Name="db", SecretString="value")
    return client


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
class TestForkedChild:
    def test_gets_an_error_that_names_the_process_of_the_fake_with_each_client(self, db):
        process, *outcomes = in_a_fork(
            lambda: read(CLIENT),
            lambda: read(db),
            lambda: read(new_client(**KEYS)),
            lambda: read(new_client()),
        )

        assert outcomes == [refusal("GetSecretValue", process)] * 4

    def test_changes_nothing_in_the_fake_of_its_parent(self, db, fakesecrets):
        before = fakesecrets.history

        in_a_fork(
            lambda: db.put_secret_value(SecretId="db", SecretString="new"),
            lambda: db.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True),
            fakesecrets.reset,
            lambda: fakesecrets.clock.move_to("2001-01-31"),
        )

        assert fakesecrets.is_active
        assert fakesecrets.history == before
        assert read(db) == "value"
        assert db.put_secret_value(SecretId="db", SecretString="new")["VersionStages"] == ["AWSCURRENT"]

    def test_makes_no_client_of_the_fake_of_its_parent(self, db, fakesecrets):
        _, active, outcome = in_a_fork(
            lambda: fakesecrets.is_active, lambda: fakesecrets.client().list_secrets()["SecretList"]
        )

        assert not active
        assert outcome.startswith("FakeSecretsError: This fake is not active, and the call was not sent")

    def test_of_a_process_pool_gets_the_same_error(self, db):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            process = pool.submit(os.getpid).result(30)
            with pytest.raises(FakeSecretsError) as raised:
                pool.submit(list_secrets).result(30)

        assert f"FakeSecretsError: {raised.value}" == refusal("ListSecrets", process)

    def test_may_enter_a_fake_of_its_own(self, db, fakesecrets):
        def with_its_own():
            with FakeSecrets() as fake:
                read_before = [secret["Name"] for secret in CLIENT.list_secrets()["SecretList"]]
                CLIENT.create_secret(Name="db", SecretString="of the child")
                return (
                    read_before,
                    fake.secret("db").value(),
                    os.environ[state.HOME] == str(os.getpid()),
                )

        process, *outcomes = in_a_fork(with_its_own, with_its_own, lambda: read(CLIENT))

        own = [[], "of the child", True]
        assert outcomes == [own, own, refusal("GetSecretValue", process)]
        assert fakesecrets.secret("db").value() == "value"

    def test_of_a_child_with_a_fake_gets_an_error_that_names_that_child(self, db):
        def with_its_own():
            with FakeSecrets():
                own = str(os.getpid())
                process, outcome = in_a_fork(lambda: read(CLIENT))
                return outcome == refusal("GetSecretValue", process).replace(str(os.getppid()), own)

        assert in_a_fork(with_its_own)[1] is True

    @pytest.mark.long
    def test_is_not_held_up_by_a_thread_that_was_inside_the_fake(self, db, fakesecrets):
        held, let_go = threading.Event(), threading.Event()

        def hold():
            with fakesecrets._service.lock:
                held.set()
                assert not let_go.wait(0.2)  # the fork waits for it

        def with_its_own():
            with FakeSecrets() as fake:
                CLIENT.create_secret(Name="db", SecretString="of the child")
                return fake.secret("db").value()

        with ThreadPoolExecutor(1) as pool:
            holding = pool.submit(hold)
            assert held.wait(30)
            process, *outcomes = in_a_fork(lambda: read(CLIENT), with_its_own)
            holding.result(30)

        assert outcomes == [refusal("GetSecretValue", process), "of the child"]

    @pytest.mark.parametrize("forks", [3, pytest.param(20, marks=pytest.mark.long)])
    def test_is_not_held_up_by_threads_that_are_at_work(self, db, forks):
        over = threading.Event()

        def work():
            while not over.is_set():
                db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(1))

        def fork():
            try:
                return [in_a_fork(lambda: read(CLIENT)) for _ in range(forks)]
            finally:
                over.set()

        outcomes, *_ = at_once(fork, *[work] * 4)

        assert outcomes == [[process, refusal("GetSecretValue", process)] for process, _ in outcomes]

    def test_reaches_the_fake_of_its_parent_by_the_server(self, db, fakesecrets, fakesecrets_server):
        def with_the_server():
            os.environ.update(fakesecrets_server.environ)
            client = boto3.session.Session().client("secretsmanager")
            client.put_secret_value(SecretId="db", SecretString="by the child")
            return read(client)

        outcome = in_a_fork(with_the_server)[1]

        assert outcome == "by the child"
        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT"}}
        assert read(db) == "by the child"

    def test_may_go_to_an_endpoint_on_a_loopback_address(self, db, monkeypatch):
        """Such as that of LocalStack, or of the server of the fake."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setenv("NO_PROXY", "*")
        urls = [f"http://{host}:1" for host in ("127.0.0.1", "localhost", "127.8.9.1", "[::1]")]

        _, *outcomes = in_a_fork(*(lambda url=url: read(new_client(endpoint_url=url)) for url in urls))

        assert outcomes == [
            f'{EndpointConnectionError.__name__}: Could not connect to the endpoint URL: "{url}/"'
            for url in urls
        ]

    def test_may_not_go_to_an_endpoint_that_only_looks_like_a_loopback_address(self, db):
        urls = [
            "https://127.0.0.1.example.com",
            "http://localhost.example.com:1",
            "http://localhost@example.com",
        ]

        process, *outcomes = in_a_fork(*(lambda url=url: read(new_client(endpoint_url=url)) for url in urls))

        assert dict(zip(urls, outcomes, strict=True)) == dict.fromkeys(
            urls, refusal("GetSecretValue", process)
        )


def list_secrets():
    return CLIENT.list_secrets()["SecretList"]


#: A program as a test would start it.
PROGRAM = """
import json
import os
import sys

import boto3

import pytest_fakesecrets


def call(environ):
    os.environ.update(environ)
    try:
        client = boto3.client("secretsmanager")
        client.put_secret_value(SecretId="db", SecretString="by the child")
        return os.getpid(), client.get_secret_value(SecretId="db")["SecretString"]
    except Exception as error:
        return os.getpid(), f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    print(*call({}))
    print(*call(json.loads(sys.argv[1])))
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    path = tmp_path / "a_program_of_the_tests.py"
    path.write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    return path


class TestSpawnedChild:
    @pytest.mark.long
    def test_gets_an_error_that_names_the_process_of_the_fake_and_reaches_it_by_the_server(
        self, db, fakesecrets, fakesecrets_server, program
    ):
        from a_program_of_the_tests import call

        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            process, outcome = pool.submit(call, {}).result(60)
            assert outcome == refusal("PutSecretValue", process)
            assert fakesecrets.secret("db").value() == "value"
            _, outcome = pool.submit(call, dict(fakesecrets_server.environ)).result(60)

        assert outcome == "by the child"
        assert fakesecrets.secret("db").value() == "by the child"


class TestPlainSubprocess:
    def test_gets_an_error_that_names_the_process_of_the_fake_and_reaches_it_by_the_server(
        self, db, fakesecrets, fakesecrets_server, program
    ):
        ran = subprocess.run(
            [sys.executable, "-W", "error", str(program), json.dumps(dict(fakesecrets_server.environ))],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

        assert ran.stderr == ""
        without, with_variables = ran.stdout.splitlines()
        process, _, outcome = without.partition(" ")
        assert outcome == refusal("PutSecretValue", process)
        assert with_variables == f"{process} by the child"
        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT"}}
