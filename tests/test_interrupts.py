"""An exception from outside, such as a signal handler raises, at any point of our code: everything stays whole."""

from __future__ import annotations

import inspect
import linecache
import os
import socket
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import botocore.endpoint
import botocore.retries.bucket
import freezegun.api
import pytest
from support import token

import pytest_fakesecrets
from pytest_fakesecrets import Call, FakeSecrets, RotationFailedWarning
from pytest_fakesecrets._service import service
from pytest_fakesecrets._service.clock import _INSTANT
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._transport import state

PACKAGE = str(Path(pytest_fakesecrets.__file__).parent) + os.sep

#: How many points of each scenario the default run tries, and how many the long tests.
FEW, MANY = 3, 150


class Interrupt(BaseException):
    """What a signal handler raises: it is not an Exception, and no code knows it."""


class Point(NamedTuple):
    """A place in our code: the start of a function, its end, or a line."""

    file: str
    line: int
    function: str
    event: str

    def __str__(self):
        path = Path(self.file).relative_to(PACKAGE)
        return f"{self.event} of {path}, line {self.line}, in {self.function}"


class Points:
    """
    The points of our code at which CPython may call a signal handler, in the order in which they are passed first.

    They are the start of a function, its end, and each line. CPython calls no handler between the end of a "with"
    block and its __exit__, nor between an __enter__ and the block, so these are not among them.

    Args:
        raise_at: the point at which an Interrupt is raised when it is passed first, or None. No other function than
            that of this point is traced then.
    """

    def __init__(self, raise_at=None):
        self._raise_at = raise_at
        self.passed = {}

    @property
    def has_raised(self):
        return self._raise_at in self.passed

    def run(self, work):
        """Call *work*, and return whether an Interrupt came out of it."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            work()
        except Interrupt:
            return True
        finally:
            sys.settrace(before)
        return False

    def _trace(self, frame, event, argument):
        code, at = frame.f_code, self._raise_at
        if not code.co_filename.startswith(PACKAGE):
            return None
        if at is not None and (code.co_name, code.co_filename) != (at.function, at.file):
            return None
        entered = set()

        def trace(frame, event, argument):
            if event != "exception" and not _is_no_point(frame, event, entered):
                self._pass(Point(code.co_filename, frame.f_lineno, code.co_name, event))
            return trace

        return trace(frame, event, argument)

    def _pass(self, point):
        if point not in self.passed:
            self.passed[point] = None
            if point == self._raise_at:
                raise Interrupt


def _is_no_point(frame, event, entered):
    if event != "line":
        # A generator may be closed by the garbage collector, which drops what is raised.
        is_generator = frame.f_code.co_flags & inspect.CO_GENERATOR
        return is_generator or (event == "return" and frame.f_code.co_name == "__enter__")
    keyword = _keyword(frame.f_code.co_filename, frame.f_lineno)
    if keyword == "with":
        is_exit = frame.f_lineno in entered
        entered.add(frame.f_lineno)
        return is_exit
    return keyword == "try:"


@cache
def _keyword(filename, number):
    return linecache.getline(filename, number).strip().partition(" ")[0]


def rotate(event, context):
    """A rotation function with few calls, which may be called again at any step."""
    client, secret, new = rotate.client, event["SecretId"], event["ClientRequestToken"]
    print(event["Step"])  # noqa: T201
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=secret, ClientRequestToken=new, SecretString="new", VersionStages=["AWSPENDING"]
        )
    elif event["Step"] == "finishSecret":
        held = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
        if current != new:
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=current
            )


@pytest.fixture(autouse=True)
def every_answer_is_checked():
    """Not here, where a call is made some thousand times."""


@contextmanager
def a_fake():
    """A fake with a secret and a function."""
    with FakeSecrets() as fake, warnings.catch_warnings():
        warnings.simplefilter("ignore", RotationFailedWarning)
        rotate.client = getattr(rotate, "client", None) or fake.client()
        rotate.client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        fake.function = fake.add_rotation_function(rotate)
        yield fake


def process():
    """What our code changes in the process for a while."""
    return {
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
        "modules": sys.modules.get(__name__),
        "contexts": (CURRENT_INVOCATION.get(), _INSTANT.get()),
        "threads": [thread.name for thread in threading.enumerate()],
    }


def process_without_a_fake():
    return {
        **process(),
        "the fake": state.active,
        "freezegun": list(freezegun.api.freeze_factories),
        "botocore's sleep": botocore.endpoint.time,
        "botocore's bucket": botocore.retries.bucket.TokenBucket.acquire,
    }


def differences(before, now):
    return [f"{name} is not as it was" for name in before if now[name] != before[name]]


def in_a_thread(work):
    """The result of *work* in another thread, which has ended by then."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def is_free(lock):
    """Whether another thread gets the lock."""

    def is_acquired():
        got = lock.acquire(timeout=1)
        if got:
            lock.release()
        return got

    return in_a_thread(is_acquired)


def faults_of(fake):
    """What is not whole in the state of a fake."""
    rotations = {rotation.token: rotation for rotation in fake.rotations()}
    secret = fake._service.locate("db")[1]
    pending = secret.labels.get("AWSPENDING")
    if not is_free(fake._service.lock):
        yield "a lock is held"
    if fake._rotations._running:
        yield "a step seems to run"
    if pending not in (None, secret.labels["AWSCURRENT"]) and pending not in rotations:
        yield "AWSPENDING is staged for a rotation that is not listed"
    recorded = [event for event in fake.history if type(event).__name__ == "RotationStep"]
    steps = [step for rotation in rotations.values() for step in rotation.steps]
    if [step for step in recorded if not step.redelivered] != steps:
        yield "the history has other steps than the rotations"
    moved = {move.label: move.version_id for move in fake.secret("db").transitions}
    if {label: version for label, version in moved.items() if version} != dict(secret.labels):
        yield "the history has other labels than the secret"


def faults_of_what_follows(fake):
    """What does not go on as it should."""
    rotate.client.put_secret_value(SecretId="db", SecretString="x", VersionStages=["MINE"])
    fake._service.faults.clear()
    driver = fake.drive()
    while driver.pending:
        driver.run()
    if any(rotation.status in ("in progress", "failed") for rotation in fake.rotations()):
        yield "a rotation does not come to its end"
        return
    start(fake)
    if driver.run().status != "succeeded":
        yield "the next rotation fails"


class Scenario:
    """
    Something that a test does with a fake, and may be interrupted in.

    Args:
        is_steady: whether each run passes the same points, and no other thread has a say in it.
    """

    def __init__(self, work, prepare=lambda fake: None, *, is_steady=True):
        self.work, self.prepare, self.is_steady = work, prepare, is_steady

    def run(self, raise_at=None):
        """The points of one run, and what is not whole after an exception at one of them."""
        points, outside = Points(raise_at), process_without_a_fake()
        with a_fake() as fake:
            self.prepare(fake)
            inside = process()
            interrupted = points.run(lambda: self.work(fake))
            found = differences(inside, process())
            if points.has_raised and not interrupted:
                found.append("the exception does not come out")
            if fake.is_active:
                found += faults_of(fake)
                found += [] if found else faults_of_what_follows(fake)
        return points, found + differences(outside, process_without_a_fake())


def start(fake):
    rotate.client.rotate_secret(SecretId="db", RotationLambdaARN=fake.function)


def drive(fake):
    driver = fake.drive()
    start(fake)
    driver.step()
    driver.redeliver("createSecret")
    driver.run()


def pause(fake):
    with fake.rotation_paused("db", after="createSecret", handler=fake.function):
        pass


def retry(fake):
    driver = fake.drive()
    fake.fail("Invoke", "TooManyRequestsException")
    start(fake)
    try:
        driver.step()
    except Exception as error:
        assert type(error).__name__ == "InvocationRefused"  # noqa: PT017
    driver.run()


def schedule(fake):
    rotate.client.rotate_secret(
        SecretId="db",
        RotationLambdaARN=fake.function,
        RotationRules={"ScheduleExpression": "rate(30 days)"},
        RotateImmediately=False,
    )


def fail_on_the_wire(fake):
    fake.fail("GetSecretValue", "ThrottlingException", times=2)
    rotate.client.get_secret_value(SecretId="db")


def serve(fake):
    server = fake.serve()
    try:
        with server:
            socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))).close()
    finally:
        server.__exit__(None, None, None)  # what has not come to its __exit__ can be left again


def delete(fake):
    rotate.client.create_secret(Name="other", SecretString="x")
    rotate.client.delete_secret(SecretId="other", ForceDeleteWithoutRecovery=True)
    rotate.client.get_random_password()
    fake.assume(rotate_at="close")


class Entering:
    """A fake of its own, which freezes the time."""

    is_steady = True

    def run(self, raise_at=None):
        points, outside, fake, entered = Points(raise_at), process_without_a_fake(), FakeSecrets(), []

        def work():
            with fake:
                entered.append(fake)
                fake.clock.freeze()

        interrupted = points.run(work)
        found = differences(outside, process_without_a_fake()) if not entered else []
        fake.__exit__(None, None, None)  # what has not come to its __exit__ can be left again
        found += differences(outside, process_without_a_fake())
        if points.has_raised and not interrupted:
            found.append("the exception does not come out")
        with a_fake() as another:
            found += faults_of_what_follows(another)
        return points, found


SCENARIOS = {
    "a rotation that the fake runs": Scenario(start),
    "a rotation that the test drives": Scenario(drive),
    "a rotation that stands still": Scenario(pause),
    "a rotation that is retried": Scenario(retry),
    "a clock that is moved": Scenario(lambda fake: fake.clock.tick(31 * 86_400), schedule),
    "a fault on the wire": Scenario(fail_on_the_wire),
    "a server": Scenario(serve, is_steady=False),
    "other operations": Scenario(delete),
    "a fake that is entered and left": Entering(),
}


def broken_points(scenario, most):
    """Where an exception leaves something that is not whole: at *most* points, spread over all that there are."""
    for _ in range(2):  # the first run fills the caches, which are points as well
        passed = list(scenario.run()[0].passed)
    for point in passed[:: max(1, len(passed) // most)]:
        points, found = scenario.run(point)
        found += [] if points.has_raised or not scenario.is_steady else ["it was not passed again"]
        if found:
            yield f"{point}: {', '.join(found)}"


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("most", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_an_exception_from_outside_leaves_everything_whole_in(name, most):
    assert list(broken_points(SCENARIOS[name], most)) == []


@pytest.fixture
def db(fakesecrets, fakesecrets_client):
    fakesecrets_client.create_secret(Name="db", SecretString="old")
    rotate.client = fakesecrets_client
    return fakesecrets_client


def once(monkeypatch, owner, name):
    """Let a method raise an Interrupt when it is called for the first time."""
    method, calls = getattr(owner, name), []

    def interrupted(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) == 1:
            raise Interrupt
        return method(*arguments, **keywords)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(
    "run", [lambda work: work(), in_a_thread], ids=["in this thread", "in one that has ended"]
)
def test_a_rotation_that_was_begun_and_not_run_goes_on_when_the_fake_is_asked(
    db, fakesecrets, monkeypatch, run
):
    function = fakesecrets.add_rotation_function(rotate)
    once(monkeypatch, fakesecrets._rotations, "run_to_the_end")

    with pytest.raises(Interrupt):
        run(lambda: db.rotate_secret(SecretId="db", RotationLambdaARN=function))

    assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]


def test_a_rotation_that_another_thread_runs_is_left_to_it(db, fakesecrets):
    seen = []

    def looks(event, context):
        if event["Step"] == "setSecret":
            in_a_thread(lambda: seen.append([step.name for step in fakesecrets.rotations()[0].steps]))
        rotate(event, context)

    in_a_thread(lambda: fakesecrets.rotate("db", looks))

    assert seen == [["createSecret"]]
    assert fakesecrets.rotations()[0].status == "succeeded"


def test_what_has_come_due_is_done_later_where_it_was_interrupted(db, fakesecrets, monkeypatch):
    fakesecrets.clock.freeze()
    function = fakesecrets.add_rotation_function(rotate)
    rules = {"ScheduleExpression": "rate(30 days)"}
    db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules=rules, RotateImmediately=False)
    once(monkeypatch, fakesecrets._service, "transact")
    with pytest.raises(Interrupt):
        fakesecrets.clock.tick(31 * 86_400)

    rotations = fakesecrets.rotations()

    assert [rotation.status for rotation in rotations if not rotation.is_test] == ["succeeded"]


def test_a_request_whose_answer_cannot_be_given_has_changed_nothing(db, fakesecrets, monkeypatch):
    before = fakesecrets.history, fakesecrets.secret("db").staging
    once(monkeypatch, service, "encode")

    with pytest.raises(Interrupt):
        db.put_secret_value(SecretId="db", SecretString="new")

    assert (fakesecrets.history, fakesecrets.secret("db").staging) == before
    assert db.get_secret_value(SecretId="db")["SecretString"] == "old"


def test_a_second_exception_while_the_first_is_cleaned_up_loses_no_request(db, fakesecrets, monkeypatch):
    for _ in range(2):
        once(monkeypatch, fakesecrets._service.history, "put")

    with pytest.raises(Interrupt):
        db.put_secret_value(SecretId="db", SecretString="new")

    assert db.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert [event.operation for event in fakesecrets.history if isinstance(event, Call)] == [
        "CreateSecret",
        "PutSecretValue",
        "GetSecretValue",
    ]
