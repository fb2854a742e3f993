"""Rotation functions as processes: Lambda's runtime API, their calls, their failures, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import freezegun
import pytest
import time_machine

from pytest_fakesecrets import (
    Call,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    FunctionTimedOut,
    RotationContract,
    RotationFailedWarning,
    RotationProcess,
)
from pytest_fakesecrets._core.errors import FunctionFailed
from pytest_fakesecrets._service import clock
from pytest_fakesecrets._transport import rotation_process

LOOP = Path(__file__).with_name("runtime_loop.py")
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
VALUE = {"username": "app", "password": "old-password"}
LONG = pytest.mark.long


def process(behaviour="correct", **options):
    return RotationProcess([sys.executable, "-S", str(LOOP), behaviour], **options)


def left():
    """The processes, the threads and the open files of this process."""
    loops = [line for line in children() if str(LOOP) in line or "defunct" in line]
    files = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    return loops, {thread.name for thread in threading.enumerate()}, len(files)


def children():
    """The id and the command line of each child process, with "defunct" for one that has ended."""
    if not Path("/proc/self/stat").exists():
        listed = ["ps", "-A", "-o", "ppid=,pid=,stat=,args="]
        found = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
        return [line for line in found.splitlines() if int(line.split()[0]) == os.getpid()]
    pids = [name for name in os.listdir("/proc") if name.isdigit() and parent_of(name) == os.getpid()]
    return [f"{pid} {text_of(f'/proc/{pid}/cmdline') or 'defunct'}" for pid in pids]


def parent_of(pid):
    state_and_parent = text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()[:2]
    return int(state_and_parent[1]) if state_and_parent else None


def text_of(path):
    """The text of a file, or "" where its process has just ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = left()
    yield
    assert left() == before


@pytest.fixture
def db(fakesecrets):
    fakesecrets.add_secret("db", json.dumps(VALUE))
    return fakesecrets


def rotate(fake, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RotationFailedWarning)
        return fake.rotate(*arguments, **options)


def is_alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_rotates_a_secret_and_its_calls_belong_to_its_steps(db, capfd):
    rotation = db.rotate("db", process())

    assert rotation.succeeded
    assert rotation.findings == ()
    assert db.secret("db").json()["password"] != "old-password"
    calls = [event for event in db.history if isinstance(event, Call) and event.operation != "RotateSecret"]
    assert list(dict.fromkeys(call.step for call in calls)) == STEPS
    assert [call.step for call in calls if call.operation == "GetRandomPassword"] == ["createSecret"]


def test_a_process_has_the_environment_of_a_function_and_stays_warm_until_it_is_to_start_cold(
    db, fakesecrets_clock, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    function = process("says what it sees", cwd=tmp_path, environ={"COLOUR": "blue", "SHAPE": "round"})
    lambda_variables = {
        "SHAPE": "square",
        "SECRETS_MANAGER_ENDPOINT": "https://secretsmanager.us-east-1.amazonaws.com",
    }
    fakesecrets_clock.move_to("2030-01-31 12:00")
    warm = db.add_rotation_function(function, environ=lambda_variables, timeout=timedelta(seconds=20))
    assert db.rotate("db", warm).succeeded
    assert db.rotate("db", warm).succeeded
    first = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    cold = db.add_rotation_function(function, name="cold", cold_start=True)
    assert db.rotate("db", cold).succeeded
    last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [each["steps"] for each in first] == [(STEPS * 2)[:number] for number in range(1, 9)]
    assert [each["steps"] for each in last] == [[step] for step in STEPS]
    assert len({each["pid"] for each in first}) == 1
    assert len({each["pid"] for each in [*first, *last]}) == 5
    headers, environ = first[0]["headers"], first[0]["environ"]
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == warm
    assert 5 < int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time_outside() < 21
    assert len(headers["Lambda-Runtime-Aws-Request-Id"]) == 36
    assert headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    url = f"http://{environ['AWS_LAMBDA_RUNTIME_API']}"
    assert "AWS_MAX_ATTEMPTS" not in environ
    assert (
        environ.items()
        >= {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
            "SECRETS_MANAGER_ENDPOINT": url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_LAMBDA_FUNCTION_NAME": warm.rpartition(":")[2],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "COLOUR": "blue",
            "SHAPE": "round",
        }.items()
    )
    assert first[0]["cwd"] == str(tmp_path)


@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel])
@pytest.mark.parametrize("moment", ["2030-01-31", "2020-01-31"])
def test_a_process_has_its_deadline_by_its_own_clock_whatever_froze_the_time_of_the_test(freeze, moment):
    with freeze(moment):
        milliseconds = clock.milliseconds_outside()

    assert abs(milliseconds / 1000 - time_outside()) < 5


def time_outside():
    return float(subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("behaviour", "code", "scenario"),
    [
        pytest.param(
            "makes a value at each delivery",
            "second-delivery-failed",
            "each_step_may_be_delivered_twice",
            marks=LONG,
        ),
        pytest.param("puts without a label", "current-moved-early", "a_rotation_succeeds", marks=LONG),
        ("tests the current one", "untested", "a_rotation_succeeds"),
        pytest.param("leaves a label", "pending-left-behind", "a_rotation_succeeds", marks=LONG),
        pytest.param("swallows", "error-swallowed", "a_refused_call_is_not_swallowed", marks=LONG),
        pytest.param("leaks", "secret-leaked", "nothing_secret_is_leaked", marks=LONG),
        pytest.param("calls illegally", "illegal-call", "a_rotation_succeeds", marks=LONG),
        pytest.param(
            "reads a fixed name", "used 'app/db': GetSecretValue", "other_secrets_are_left_alone", marks=LONG
        ),
        ("keeps the first name", "used 'app/db': DescribeSecret", "other_secrets_are_left_alone"),
    ],
)
def test_a_broken_process_fails_with_the_finding_of_a_function_in_python(behaviour, code, scenario):
    members = {"rotation_function": process(behaviour), "secret_value": VALUE}
    contract = type("TestFunction", (RotationContract,), members)()

    with FakeSecrets() as fake, pytest.raises(AssertionError, match=code):
        getattr(contract, f"test_{scenario}")(fake)


@contextmanager
def served(target):
    """The address at which a process reaches a target of the test."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                getattr(target, self.path[1:])(**members)
                self.send_response(200)
            except OSError:
                self.send_response(503)
            with open(os.devnull, "w"):
                self.end_headers()

        def log_message(self, *arguments):
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request, client_address):  # the client has been killed
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield "{}:{}".format(*server.server_address)
        finally:
            server.shutdown()
            thread.join()


TARGET = CredentialTarget({"app": "old-password"}, keeps_old_for=timedelta(days=1))


@pytest.mark.parametrize(
    "scenario",
    [
        "a_rotation_succeeds",
        pytest.param("each_step_may_start_cold", marks=LONG),
        pytest.param("it_ends_within_its_time", marks=LONG),
    ],
)
def test_a_correct_process_with_a_target_passes_a_scenario(scenario):
    called = []
    TARGET.listeners.append(called.append)
    with served(TARGET) as address, FakeSecrets() as fake:
        members = {"rotation_function": process(), "secret_value": VALUE, "target": TARGET}
        contract = type("TestFunction", (RotationContract,), {**members, "environ": {"TARGET": address}})()
        getattr(contract, f"test_{scenario}")(fake)
    TARGET.listeners.remove(called.append)

    assert {"change_password", "log_in"} <= set(called)


@LONG
class TestEveryScenario(RotationContract):
    """The correct process, with a target that it reaches over HTTP."""

    rotation_function = process()
    secret_value: ClassVar = VALUE
    target = TARGET

    @pytest.fixture(autouse=True)
    def _target(self, monkeypatch):
        with served(self.target) as address:
            monkeypatch.setattr(type(self), "environ", {"TARGET": address})
            yield


def test_a_scenario_that_kills_the_function_kills_the_process_at_the_call(db):
    """Nothing that the process would do after the call happens."""
    db.drive()
    seen = []

    def kill(operation):
        if operation == "PutSecretValue":
            seen.extend(alive := [environment._popen.pid for environment in rotation_process._RUNNING])
            assert all(map(is_alive, alive))
            raise rotation_process.FunctionStopped(ConnectionError("killed here"))

    db._rotations.calls.watchers.append(kill)
    rotation = rotate(db, "db", process())

    assert isinstance(rotation.steps[-1].error, ConnectionError)
    assert rotation.steps[-1].name == "createSecret"
    assert [event.operation for event in db.history if isinstance(event, Call)][-1] == "PutSecretValue"
    assert seen
    assert not any(map(is_alive, seen))


@pytest.mark.parametrize(
    ("behaviour", "texts"),
    [
        (
            "asks elsewhere",
            ["The fake has rejected its request GET /2018-06-01/runtime/next: There is no /20"],
        ),
        ("exits", ["exited with status 3 without an answer", "Its last output:", "the last words"]),
        pytest.param(
            "is killed", ["was ended by SIGKILL without an answer", "It has written nothing."], marks=LONG
        ),
        pytest.param("asks again", ["requested the next event before it answered the last one"], marks=LONG),
        ("answers no JSON", ["answered with a result that is not JSON"]),
        pytest.param(
            "answers under another id",
            [
                "exited with status 4",
                "400",
                "InvalidRequestID",
                "404 404",
                "The fake has rejected its request POST /2018-06-01/runtime/invocation/another/response: There is no event "
                "with this request id that waits for an answer. The id is in the header Lambda-Runtime-Aws-Request-Id of",
            ],
        ),
        pytest.param("answers too much", ["exited with status 5", "413"], marks=LONG),
        pytest.param(
            "ends at once",
            ["exited with status 7 before it requested an event", "the last words"],
            marks=LONG,
        ),
        pytest.param("refuses to start", ["could not start: Runtime.NoModule: no such module"], marks=LONG),
        pytest.param("calls illegally", ["Refused: InvalidParameterException", "in handler"], marks=LONG),
    ],
)
def test_a_process_that_fails_fails_its_step_with_its_last_output(db, behaviour, texts):
    driver = db.drive()
    arn = db.add_rotation_function(process(behaviour))
    db.client().rotate_secret(SecretId="db", RotationLambdaARN=arn)

    with pytest.raises(FunctionFailed) as raised:
        driver.run()

    for text in texts:
        assert text in str(raised.value)
    assert ".. " not in str(raised.value)
    assert "node_modules" not in str(raised.value)
    assert db.rotations()[0].status == "failed"


def test_a_program_that_is_not_there_fails_the_step_and_not_the_test(db):
    with pytest.warns(RotationFailedWarning, match="did not start: .*no-such-program"):
        rotation = db.rotate("db", RotationProcess(["no-such-program", "runtime.mjs"]))

    assert rotation.steps[-1].name == "createSecret"


def test_a_process_that_never_asks_for_an_event_fails_its_step(db, monkeypatch):
    monkeypatch.setattr(rotation_process, "_INIT_TIMEOUT", 0.2)
    arn = db.add_rotation_function(process("never asks"), timeout=timedelta(seconds=0.1))

    with pytest.warns(RotationFailedWarning, match="did not request an event within 0.2 seconds"):
        db.rotate("db", arn)


@pytest.mark.parametrize("is_frozen", [True, pytest.param(False, marks=LONG)])
def test_a_process_that_hangs_is_killed_at_the_timeout_also_when_the_clock_is_frozen(db, is_frozen, capsys):
    if is_frozen:
        db.clock.freeze()
    driver = db.drive()
    arn = db.add_rotation_function(process("hangs"), timeout=timedelta(seconds=0.5))
    db.client().rotate_secret(SecretId="db", RotationLambdaARN=arn)

    with pytest.raises(FunctionTimedOut, match=r"Task timed out after 0\.50 seconds") as raised:
        driver.step()

    assert "about to hang, with the password ***" in str(raised.value)
    assert "old-password" not in str(raised.value)
    assert "about to hang, with the password old-password" in capsys.readouterr().out


@LONG
def test_waiting_for_a_process_does_not_move_a_clock_that_ticks_when_it_is_read(db):
    with freezegun.freeze_time("2030-01-31", auto_tick_seconds=1):
        arn = db.add_rotation_function(process("takes a second"), timeout=timedelta(seconds=14))
        assert db.rotate("db", arn).succeeded


def test_a_call_after_the_deadline_of_the_frozen_clock_kills_the_process(db, fakesecrets_clock):
    db.fail("PutSecretValue", timedelta(seconds=31))

    rotation = rotate(db, "db", process())

    assert isinstance(rotation.steps[-1].error, FunctionTimedOut)
    assert db.secret("db").json() == VALUE


@LONG
def test_a_process_that_serves_one_step_is_started_for_each(db):
    assert db.rotate("db", process("serves one step")).succeeded
    assert db.rotate("db", process("answers in chunks")).succeeded


def test_what_is_injected_for_a_step_meets_the_process(db):
    db.fail("PutSecretValue", "AccessDeniedException", step="createSecret")
    rotation = rotate(db, "db", process())

    assert rotation.status == "failed"
    assert "AccessDeniedException" in rotation.steps[-1].error_message
    assert rotation.steps[-1].findings == ()


@LONG
def test_a_fake_that_is_entered_again_starts_the_process_again(db):
    arn = db.add_rotation_function(process())
    assert db.rotate("db", arn).succeeded
    db.__exit__(None, None, None)
    handler = db._service.functions.find(arn).handler
    with pytest.raises(FakeSecretsError, match="This fake is not active"):
        handler.take({}, timedelta(seconds=1), is_cold=False)

    with db:
        assert db.rotate("db", arn).succeeded


@LONG
def test_a_step_of_a_function_within_another_step_of_it_has_a_process_of_its_own(db, capsys):
    """On Lambda a second execution environment takes the event."""
    arn = db.add_rotation_function(process("says what it sees"))
    db.add_secret("inner", json.dumps(VALUE))

    def rotate_the_other(operation):
        if operation == "PutSecretValue" and not db.rotations("inner"):
            assert db.rotate("inner", arn).succeeded

    db._rotations.calls.watchers.append(rotate_the_other)

    assert db.rotate("db", arn).succeeded
    assert len({json.loads(line)["pid"] for line in capsys.readouterr().out.splitlines()}) == 2
    assert db.rotations("inner")[0].findings == ()


def test_two_processes_that_run_at_once_have_their_own_calls(db):
    db.add_secret("other", json.dumps(VALUE))
    names = ("db", "other")
    threads = [threading.Thread(target=rotate, args=(db, name, process())) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [rotation.status for rotation in db.rotations()] == ["succeeded", "succeeded"]
    assert {rotation.findings for rotation in db.rotations()} == {()}
    steps = [
        event.step
        for event in db.history
        if isinstance(event, Call) and event.operation == "GetRandomPassword"
    ]
    assert steps == ["createSecret", "createSecret"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"command": []}, id="no command"),
        pytest.param({"command": "node runtime.mjs"}, id="a string"),
        pytest.param({"command": ["node", 3]}, id="a number"),
        pytest.param({"command": ["node", "a\0b"]}, id="a NUL"),
        pytest.param({"command": ["node"], "environ": {"A": 3}}, id="a variable that is no string"),
    ],
)
def test_a_process_with_wrong_arguments_is_refused_where_it_is_made(wrong):
    with pytest.raises(FakeSecretsError):
        RotationProcess(**wrong)


def test_a_working_directory_that_is_not_there_is_refused_with_the_nearest_name(fakesecrets):
    with pytest.raises(FakeSecretsError, match=r"cwd='tezts' is not there: .* Did you mean 'tests'"):
        fakesecrets.add_rotation_function(process(cwd="tezts"))


def test_the_child_processes_of_a_process_end_with_it(db, capsys):
    assert db.rotate("db", process("has a child")).succeeded
    pids = [int(line.partition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert all(map(is_alive, pids))

    db.reset()

    deadline = time.monotonic() + 5  # init reaps them
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(pids) == 4
    assert not any(map(is_alive, pids))


@LONG
def test_an_interrupted_run_ends_the_process_that_runs(pytester):
    pytester.makepyfile(
        f"""
        from pytest_fakesecrets import RotationProcess

        def test_that_is_interrupted(fakesecrets):
            fakesecrets.add_secret("db", '{json.dumps(VALUE)}')
            fakesecrets.rotate("db", RotationProcess(["{sys.executable}", "-S", "{LOOP}", "waits for a signal"]))
        """
    )
    run = pytester.popen([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], stdin=None)
    deadline = time.monotonic() + 30
    while not (pid := read_text(pytester.path / "pid")) and time.monotonic() < deadline:
        time.sleep(0.01)

    run.send_signal(signal.SIGINT)
    printed, _ = run.communicate(timeout=30)

    assert run.returncode == pytest.ExitCode.INTERRUPTED, printed
    assert not is_alive(int(pid))


def read_text(path):
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("number", [3, pytest.param(60, marks=LONG)])
def test_processes_leave_nothing_behind_also_when_they_are_interrupted(number):
    members = {"rotation_function": process(), "secret_value": VALUE}
    before = left()
    for turn in range(number):
        with FakeSecrets() as fake:
            fake.add_secret("db", json.dumps(VALUE))
            if turn % 3 == 0:
                contract = type("TestFunction", (RotationContract,), members)()
                contract.test_a_rotation_succeeds(fake)
            elif turn % 3 == 1:
                fake._rotations.calls.watchers.append(interrupt)
                with pytest.raises(KeyboardInterrupt):
                    fake.rotate("db", process())
            else:
                fake.drive()
                arn = fake.add_rotation_function(process())
                fake.client().rotate_secret(SecretId="db", RotationLambdaARN=arn)
                fake._rotations.advance(fake._rotations.waiting()[0])  # and no more
    assert left() == before


@pytest.fixture(autouse=True)
def interrupts_are_not_ignored():
    """A run in the background of a shell ignores SIGINT, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(operation):
    if operation == "PutSecretValue":
        threading.Thread(target=lambda: os.kill(os.getpid(), 2)).start()
        time.sleep(0.1)
