"""What protects AWS and the rest of a run: the guard, the dummy credentials, and that nothing is left over."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import inspect
import os
import pkgutil
import pprint
import re
import socket
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timezone
from itertools import zip_longest
from textwrap import dedent
from types import FunctionType
from typing import ClassVar

import boto3
import botocore.handlers
import botocore.session
import freezegun
import freezegun.api
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.httpsession import URLLib3Session
from botocore.utils import InstanceMetadataFetcher
from support import BAD_ENDS, BROKEN_FIXTURES

import pytest_fakesecrets
from pytest_fakesecrets import (
    Assumptions,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    RotationFailedWarning,
)
from pytest_fakesecrets._core import exception_chain
from pytest_fakesecrets._core.errors import ReportingFailedWarning
from pytest_fakesecrets._fake import assertion_messages
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._plugin import failure_hints, isolation
from pytest_fakesecrets._report import collector, pytest_hooks, records, timeline
from pytest_fakesecrets._rotation import failure_warnings, findings, value_checks
from pytest_fakesecrets._service import decoding, hints, redaction, value_search
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._service.serializer import Reply
from pytest_fakesecrets._transport import install, state
from pytest_fakesecrets._transport.response import Response

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (boto3, freezegun, assertion_messages)

REAL_DATETIME = datetime

MODULES = [
    "pytest_fakesecrets",
    *(found.name for found in pkgutil.walk_packages(pytest_fakesecrets.__path__, "pytest_fakesecrets.")),
]

REFUSED = (
    "{} was called while no fake was active, and fakesecrets_guard is on. The call has not left this machine. "
    "Request the fixture fakesecrets, or fakesecrets_client, in the test; or mark a unittest.TestCase with "
    '@pytest.mark.usefixtures("fakesecrets"), or enter FakeSecrets() in its setUp().'
)
TWO_AT_ONCE = "A fake is already active in this process."


class Aws:
    """A socket in the place of AWS, which counts its connections and closes each of them at once."""

    def __init__(self):
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._thread is None:
                    return
                self.connections += 1

    def close(self):
        """Leave a closed port behind."""
        thread, self._thread = self._thread, None
        if thread is not None:
            socket.create_connection(self._listener.getsockname()).close()
            thread.join()
            self._listener.close()


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any configuration of AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == state.HOME:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return monkeypatch


@pytest.fixture
def aws(bare):
    """Where every client of the test goes: as on a machine that is set up, and whose calls would reach AWS."""
    aws = Aws()
    settings = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in settings.items():
        bare.setenv(name, value)
    bare.setattr(boto3, "DEFAULT_SESSION", None)
    yield aws
    aws.close()


@pytest.fixture
def guarded():
    """The guard as the ini option turns it on, for the calls of the test itself."""
    undo = install.guard(True)
    yield
    undo()


def turn_on(pytester):
    pytester.makeini("[pytest]\nfakesecrets_guard = true")


CALLS = """
import boto3

boto3.client("secretsmanager").get_secret_value(SecretId="db")
"""


#: A conftest whose hooks call the first time after all other plugins.
HOOKS = """
import boto3
import pytest
from pytest_fakesecrets import FakeSecretsError


def call(where):
    with pytest.raises(FakeSecretsError, match="fakesecrets_guard is on"):
        boto3.client("secretsmanager").list_secrets()
    print("rejected in", where)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    call("pytest_configure")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    call("pytest_sessionfinish")
"""

#: Clients that a test makes, and that the next test calls.
LEFT_OVER = """
import boto3
import pytest

from pytest_fakesecrets import FakeSecretsError

KEPT = {}


def test_first(fakesecrets, fakesecrets_client):
    KEPT["of the fake"] = fakesecrets_client
    KEPT["made in the test"] = boto3.client("secretsmanager")
    for client in KEPT.values():
        client.list_secrets()


@pytest.mark.parametrize("which", ["of the fake", "made in the test"])
def test_second(which):
    with pytest.raises(FakeSecretsError, match="ListSecrets was called while no fake was active"):
        KEPT[which].list_secrets()
"""


def indented(source):
    return source.replace("\n", "\n    ")


class TestGuard:
    @pytest.mark.parametrize(
        ("operation", "call"),
        [
            ("GetSecretValue", lambda client: client.get_secret_value(SecretId="db")),
            ("RotateSecret", lambda client: client.rotate_secret(SecretId="db")),
            ("ListSecrets", lambda client: list(client.get_paginator("list_secrets").paginate())),
        ],
        ids=["a reader", "a rotation", "a paginator"],
    )
    def test_rejects_a_call_made_while_no_fake_is_active_and_names_its_operation(
        self, aws, guarded, operation, call
    ):
        client = boto3.client("secretsmanager")

        with pytest.raises(FakeSecretsError) as raised:
            call(client)

        assert str(raised.value) == REFUSED.format(operation)
        assert aws.connections == 0

    #: The title of each report about a rejected call.
    TITLES: ClassVar = {
        "test_without_the_fixture",
        "ERROR at setup of test_with_a_fixture_of_the_session",
        "ERROR collecting test_imported.py",
        "ERROR collecting deeper/below",
    }

    def test_rejects_the_calls_of_tests_fixtures_modules_conftests_and_hooks(self, pytester, aws):
        """A fixture of the session runs before that of the test, also where the test asks for both."""
        turn_on(pytester)
        pytester.makeconftest(HOOKS + "\n\n@pytest.fixture(scope='session')\ndef early():" + indented(CALLS))
        pytester.makepyfile(
            test_1="def test_without_the_fixture():" + indented(CALLS),
            test_2="def test_with_a_fixture_of_the_session(fakesecrets, early): pass",
            test_3=LEFT_OVER,
            test_imported=CALLS,
        )
        conftest = pytester.path / "deeper" / "below" / "conftest.py"
        conftest.parent.mkdir(parents=True)
        conftest.write_text(CALLS)
        conftest.with_name("test_it.py").write_text("def test_it(): pass")

        ran = pytester.runpytest("-s", "-p", "no:randomly", "--continue-on-collection-errors")

        _, *reports = re.split(r"^_{3,} (.+?) _{3,}$", "\n".join(ran.outlines), flags=re.MULTILINE)
        message = "FakeSecretsError: " + REFUSED.format("GetSecretValue")
        rejected = [title for title, text in zip(reports[::2], reports[1::2], strict=True) if message in text]
        assert sorted(rejected) == sorted(self.TITLES)
        ran.assert_outcomes(passed=3, failed=1, errors=3)
        ran.stdout.fnmatch_lines(["*rejected in pytest_configure*", "*rejected in pytest_sessionfinish*"])
        assert aws.connections == 0

    def test_is_off_by_default(self, pytester, aws):
        aws.close()
        pytester.makepyfile(
            """
            import boto3
            import pytest
            from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

            from pytest_fakesecrets._transport import state


            def test_it():
                assert not state.guarded
                with pytest.raises(EndpointConnectionError):
                    boto3.client("secretsmanager").list_secrets()
            """
        )

        pytester.runpytest().assert_outcomes(passed=1)

    def test_lets_calls_pass_while_a_fake_is_active(self, pytester, aws):
        turn_on(pytester)
        pytester.makepyfile(
            """
            import boto3
            import pytest

            CLIENT = boto3.client("secretsmanager")


            def rotate(event, context):
                boto3.client("secretsmanager").describe_secret(SecretId="db")


            @pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
            def test_it(fakesecrets):
                CLIENT.create_secret(Name="db", SecretString="value")
                boto3.client("secretsmanager", region_name="eu-west-1").list_secrets()
                assert [step.name for step in fakesecrets.rotate("db", rotate).steps][-1] == "finishSecret"
            """
        )

        pytester.runpytest().assert_outcomes(passed=1)
        assert aws.connections == 0

    @pytest.mark.long
    def test_rejects_the_calls_of_clients_made_before_the_plugin_was_loaded(self, pytester, bare, aws):
        turn_on(pytester)
        pytester.makepyfile(
            early="""
            import sys

            import boto3
            import botocore.session

            BY_BOTO3 = boto3.client("secretsmanager")
            SESSION = botocore.session.Session()
            BY_BOTOCORE = SESSION.create_client("secretsmanager", region_name="eu-west-1")
            OF_A_SESSION_THAT_IS_GONE = boto3.session.Session().client("secretsmanager")

            assert boto3.DEFAULT_SESSION is not None
            assert not [name for name in sys.modules if name.startswith("pytest_fakesecrets")]
            """,
            test_it="""
            import boto3
            import early
            import pytest

            CLIENTS = {
                "made by boto3": lambda: early.BY_BOTO3,
                "made by botocore": lambda: early.BY_BOTOCORE,
                "whose session is gone": lambda: early.OF_A_SESSION_THAT_IS_GONE,
                "made now by the default session": lambda: boto3.client("secretsmanager"),
                "made now by an early session": lambda: early.SESSION.create_client("secretsmanager"),
            }


            @pytest.mark.parametrize("client", CLIENTS)
            def test_a_client_is_refused(client):
                from pytest_fakesecrets import FakeSecretsError

                with pytest.raises(FakeSecretsError, match="ListSecrets was called while no fake was active"):
                    CLIENTS[client]().list_secrets()


            @pytest.mark.parametrize("client", CLIENTS)
            def test_a_client_is_answered_once(client, fakesecrets):
                CLIENTS[client]().create_secret(Name="db", SecretString="value")

                assert [type(event).__name__ for event in fakesecrets.history] == [
                    "Call",
                    "ValueStored",
                    "LabelMoved",
                ]
            """,
        )

        bare.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        ran = pytester.runpytest_subprocess("-p", "early", "-p", "fakesecrets")

        ran.assert_outcomes(passed=10)
        assert aws.connections == 0

    def test_rejects_the_call_of_a_client_of_aiobotocore(self, pytester, aws):
        pytest.importorskip("aiobotocore.session")
        turn_on(pytester)
        pytester.makepyfile(
            """
            import asyncio

            from aiobotocore.session import get_session


            def test_it():
                async def main():
                    async with get_session().create_client("secretsmanager") as client:
                        await client.get_secret_value(SecretId="db")

                asyncio.run(main())
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: " + REFUSED.format("GetSecretValue")])
        assert aws.connections == 0

    @pytest.mark.parametrize(
        ("service", "call"),
        [("s3", "list_buckets"), ("ssm", "describe_parameters")],
    )
    def test_lets_the_calls_of_other_services_pass(self, aws, guarded, service, call):
        aws.close()

        with pytest.raises(EndpointConnectionError):
            getattr(boto3.client(service), call)()

    def test_rejects_a_call_while_moto_is_active(self, bare, guarded):
        moto = pytest.importorskip("moto")

        with moto.mock_aws():
            session = boto3.session.Session(region_name="us-east-1")
            session.client("s3").create_bucket(Bucket="backups")
            with pytest.raises(FakeSecretsError, match="ListSecrets was called while no fake was active"):
                session.client("secretsmanager").list_secrets()
            with FakeSecrets() as fake:
                session.client("secretsmanager").create_secret(Name="db", SecretString="value")
                assert fake.secret("db").value() == "value"

    @pytest.mark.long
    def test_can_be_turned_on_for_one_run(self, pytester, aws):
        pytester.makepyfile("def test_it():" + indented(CALLS))

        ran = pytester.runpytest("-o", "fakesecrets_guard=true")

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: " + REFUSED.format("GetSecretValue")])

    def test_gives_a_call_of_a_fixture_or_of_an_import_its_own_hint(self, pytester):
        calls = ['boto3.client("secretsmanager", "eu-west-1").list_secrets()']
        pytester.makepyfile(
            test_import=f"import boto3\n\n{calls[0]}\n",
            test_tests=f"""
            import boto3
            import pytest

            @pytest.fixture
            def before():
                {calls[0]}

            def test_fixture(before, fakesecrets):
                pass

            def test_call():
                {calls[0]}
            """,
        )
        ran = pytester.runpytest_inprocess(
            *("-p", "no:cacheprovider", "-p", "no:randomly", "--continue-on-collection-errors"),
            *("-o", "fakesecrets_guard=true"),
        )

        ran.assert_outcomes(errors=2, failed=1)
        hints = [line.removeprefix("E").strip() for line in ran.outlines if "hint: " in line]
        assert hints == [
            "hint: This call was made while a module was imported, when no fake was active. Make it in a function, and "
            "request the fixture fakesecrets in the test that calls it.",
            "hint: This call was made while no fake was active. Request fakesecrets in the fixture that makes it; in a "
            "fixture of a wider scope, write 'with FakeSecrets() as fake:' around it.",
        ]

    @pytest.mark.parametrize(
        ("before", "during", "body"),
        [
            pytest.param(False, True, "pass", id="off, and on inside"),
            pytest.param(True, False, "assert False", id="on, and off inside, and a failed test"),
            pytest.param(
                True, True, "assert False", marks=pytest.mark.long, id="on in both, and a failed test"
            ),
            pytest.param(
                False,
                True,
                "raise KeyboardInterrupt",
                marks=pytest.mark.long,
                id="on inside, and an interrupted test",
            ),
        ],
    )
    def test_is_as_before_after_a_run(self, pytester, bare, before, during, body):
        pytester.makepyfile(
            f"""
            from pytest_fakesecrets._transport import state


            def test_it():
                assert state.guarded is {during}
                print("as it should be")
                {body}
            """
        )
        bare.setattr(state, "guarded", before)

        ran = pytester.runpytest("-s", "-o", f"fakesecrets_guard={during}", no_reraise_ctrlc=True)

        ran.stdout.fnmatch_lines(["*as it should be*"])
        assert state.guarded is before

    def test_is_as_before_after_a_run_that_never_began(self, pytester, bare):
        turn_on(pytester)
        pytester.makeconftest("def pytest_configure(config): raise LookupError")

        pytester.runpytest()

        assert not state.guarded


class TestWhereTheGuardEnds:
    @pytest.mark.long
    def test_it_is_on_until_the_end_of_the_process(self, pytester, bare, aws):
        turn_on(pytester)
        pytester.makeconftest(
            """
            import boto3


            def call(where):
                try:
                    boto3.client("secretsmanager").list_secrets()
                except Exception as error:
                    answer = type(error).__name__
                else:
                    answer = "an answer"
                with open("answers", "a") as file:
                    file.write(f"{where}: {answer}\\n")


            def pytest_unconfigure(config):
                call("unconfigure")
            """
        )
        pytester.makepyfile(
            """
            import atexit
            import threading

            from conftest import call


            def in_a_daemon(ended):
                ended.wait()
                call("a daemon")


            def in_a_thread():
                threading.main_thread().join()
                call("a thread")


            def at_exit(ended, daemon):
                ended.set()
                daemon.join()
                call("atexit")


            def test_it():
                ended = threading.Event()
                daemon = threading.Thread(target=in_a_daemon, args=(ended,), daemon=True)
                daemon.start()
                threading.Thread(target=in_a_thread).start()
                atexit.register(at_exit, ended, daemon)
            """
        )

        bare.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.runpytest_subprocess("-p", "fakesecrets").assert_outcomes(passed=1)

        assert (pytester.path / "answers").read_text().splitlines() == [
            f"{where}: FakeSecretsError" for where in ("unconfigure", "a thread", "a daemon", "atexit")
        ]
        assert aws.connections == 0

    @pytest.mark.long
    def test_it_is_on_until_the_next_run_in_the_same_process(self, pytester, aws):
        pytester.makepyfile(test_it="def test_it(): pass")
        script = pytester.makepyfile(
            script="""
            import sys

            import boto3
            import pytest

            from pytest_fakesecrets import FakeSecretsError

            CLIENT = boto3.client("secretsmanager")


            def is_refused():
                try:
                    CLIENT.list_secrets()
                except FakeSecretsError:
                    return True
                except Exception:
                    return False


            answers = [is_refused()]
            for guard in ("true", "false", "true"):
                assert pytest.main(["-q", "-o", f"fakesecrets_guard={guard}", "test_it.py"]) == 0
                answers.append(is_refused())
            assert answers == [False, True, False, True], answers
            """
        )

        ran = pytester.runpython(script)

        assert ran.ret == 0, ran.stderr.str()
        assert aws.connections == 2

    @pytest.fixture
    def run_inside(self, pytester, bare):
        """A run of pytest with the guard on, inside of this one with the guard off."""
        turn_on(pytester)
        pytester.makepyfile(
            """
            from pytest_fakesecrets._transport import state


            def test_it():
                assert state.guarded
            """
        )
        yield lambda: pytester.runpytest().assert_outcomes(passed=1)
        assert not state.guarded

    def test_it_ends_with_a_run_inside_of_a_run_without_the_plugin(self, run_inside, monkeypatch):
        monkeypatch.setattr(install, "_runs", [])
        run_inside()

    def test_it_ends_with_a_run_in_a_thread_of_another_run(self, run_inside):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(run_inside).result(30)


LEFT = (
    "ListSecrets was in progress when its fake was exited, so it was sent neither to AWS nor to another fake. "
    "Wait for all threads and tasks of the test before the fake is exited."
)


class TestACallInProgressWhenItsFakeIsExited:
    """A call that takes the wire, in a thread or a task that goes on when its fake is left."""

    @pytest.fixture(
        params=[
            pytest.param(False, id="without the guard"),
            pytest.param(True, marks=pytest.mark.long, id="with the guard"),
        ]
    )
    def guard(self, request):
        undo = install.guard(request.param)
        yield
        undo()

    @pytest.fixture
    def thread(self):
        """What runs a function in a thread, and returns what gives its result."""
        with ThreadPoolExecutor(1) as pool:
            yield lambda work: pool.submit(work).result

    @pytest.mark.parametrize(
        "is_followed",
        [
            pytest.param(False, marks=pytest.mark.long, id="by none"),
            pytest.param(True, id="by another fake"),
        ],
    )
    @pytest.mark.parametrize(
        "failure",
        ["ThrottlingException", EndpointConnectionError(endpoint_url="fake")],
        ids=["an error", "the network"],
    )
    def test_is_rejected_at_its_next_retry(self, aws, guard, thread, monkeypatch, is_followed, failure):
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        waits, goes_on = threading.Event(), threading.Event()
        monkeypatch.setattr(time, "sleep", lambda seconds: waits.set() or goes_on.wait(10))
        client = boto3.client("secretsmanager")
        with FakeSecrets() as fake:
            fake.fail("ListSecrets", failure, times=None, back_off=True)
            result = thread(client.list_secrets)
            assert waits.wait(10)

        with FakeSecrets() if is_followed else nullcontext() as follower:
            goes_on.set()
            with pytest.raises(FakeSecretsError) as raised:
                result(10)
            assert follower is None or follower.history == ()

        assert str(raised.value) == LEFT
        assert aws.connections == 0
        assert len(fake.history) == 1

    @pytest.mark.parametrize(
        "event", ["before-call", "request-created", "before-sign", "before-send", "needs-retry.*.*"]
    )
    def test_is_rejected_after_each_event_of_botocore(self, aws, guard, thread, event):
        waits, goes_on, asked = threading.Event(), threading.Event(), []
        client = boto3.client("secretsmanager")

        def wait(**_):
            asked.append(event)
            waits.set()
            assert goes_on.wait(10)
            return 0 if "needs-retry" in event and len(asked) < 10 else None

        client.meta.events.register(event, wait)
        with FakeSecrets():
            result = thread(client.list_secrets)
            assert waits.wait(10)
        with FakeSecrets() as follower:
            goes_on.set()
            with pytest.raises(FakeSecretsError) as raised:
                result(10)

        assert str(raised.value) == LEFT
        assert follower.history == ()
        assert aws.connections == 0
        assert asked == [event]

    @pytest.mark.parametrize("event", ["before-send", "needs-retry"])
    def test_is_rejected_in_a_task(self, aws, guard, event):
        get_session = pytest.importorskip("aiobotocore.session").get_session

        async def main():
            waits, goes_on = asyncio.Event(), asyncio.Event()

            async def wait(**_):
                waits.set()
                await goes_on.wait()
                return 0 if event == "needs-retry" else None

            async with get_session().create_client("secretsmanager") as client:
                client.meta.events.register(event, wait)
                with FakeSecrets():
                    task = asyncio.create_task(client.list_secrets())
                    await waits.wait()
                goes_on.set()
                with pytest.raises(FakeSecretsError) as raised:
                    await task
                return str(raised.value)

        assert asyncio.run(asyncio.wait_for(main(), 30)) == LEFT
        assert aws.connections == 0

    def test_goes_on_when_its_fake_is_entered_again(self, aws, thread):
        waits, goes_on = threading.Event(), threading.Event()
        client = boto3.client("secretsmanager")
        client.meta.events.register("before-send", lambda **_: waits.set() or (goes_on.wait(10) and None))

        fake = FakeSecrets()
        with fake:
            result = thread(client.list_secrets)
            assert waits.wait(10)
        with fake:
            goes_on.set()
            assert result(10)["SecretList"] == []

    @pytest.mark.parametrize(
        "has_built_in", [True, False], ids=["attached", "attached, without built-in handlers"]
    )
    def test_is_rejected_where_its_client_was_attached(self, aws, guard, thread, has_built_in):
        waits, goes_on = threading.Event(), threading.Event()
        session = botocore.session.Session(include_builtin_handlers=has_built_in)
        client = session.create_client("secretsmanager")
        client.meta.events.register("before-send", lambda **_: waits.set() or (goes_on.wait(10) and None))

        with FakeSecrets() as fake:
            fake.attach(client)
            result = thread(client.list_secrets)
            assert waits.wait(10)
        goes_on.set()
        with pytest.raises(FakeSecretsError, match="was in progress when its fake was exited"):
            result(10)
        assert aws.connections == 0


class TestTheGuardAtBeforeSend:
    @pytest.fixture
    def late(self, aws):
        """A client whose calls have passed the first door by the time that our handlers come."""
        client = botocore.session.Session(include_builtin_handlers=False).create_client("secretsmanager")
        client.meta.events.register("before-call", lambda **_: install.register_handlers(client.meta.events))
        return client

    def test_rejects_a_call_that_has_passed_before_call(self, late, guarded, aws):
        with pytest.raises(FakeSecretsError) as raised:
            late.list_secrets()

        assert str(raised.value) == REFUSED.format("ListSecrets")
        assert aws.connections == 0

    def test_lets_a_call_pass_where_it_is_off(self, late, aws):
        with pytest.raises(ConnectionClosedError):
            late.list_secrets()

        assert aws.connections == 1

    def test_lets_an_active_fake_answer_the_call(self, late, guarded, aws):
        with FakeSecrets():
            assert late.list_secrets()["SecretList"] == []


class TestABareMachine:
    @pytest.fixture
    def attempts(self, bare):
        """The attempts to open a connection, each of which is rejected."""
        attempts = []

        def refuse(*arguments, **_):
            attempts.append(arguments)
            raise AssertionError(f"something wants to go to {arguments}")

        bare.setattr(socket.socket, "connect", refuse)
        bare.setattr(socket, "create_connection", refuse)
        bare.setattr(socket, "getaddrinfo", refuse)
        bare.setattr(URLLib3Session, "send", refuse)
        bare.setattr(boto3, "DEFAULT_SESSION", None)
        return attempts

    @pytest.mark.parametrize(
        "variables",
        [
            pytest.param({}, id="as it is"),
            pytest.param({"AWS_DEFAULTS_MODE": "auto"}, id="with the defaults that ask where they are"),
            pytest.param(
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/credentials"}, id="in a container"
            ),
            pytest.param(
                {
                    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
                    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
                },
                id="in Kubernetes",
            ),
            pytest.param({"AWS_EC2_METADATA_DISABLED": "false"}, id="on EC2"),
        ],
    )
    def test_nothing_is_looked_up_to_make_a_client(self, bare, attempts, variables):
        for name, value in variables.items():
            bare.setenv(name, value)

        with FakeSecrets() as fake:
            fake.client().list_secrets()
            boto3.client("sts")
            session = botocore.session.Session()
            client, credentials = session.create_client("secretsmanager"), session.get_credentials()

        assert client.meta.region_name == "us-east-1"
        assert (credentials.access_key, credentials.secret_key) == ("testing", "testing")
        assert attempts == []

    def test_nothing_is_looked_up_where_a_test_removes_the_credentials(self, bare, attempts):
        asked = []
        fetch = InstanceMetadataFetcher.retrieve_iam_role_credentials
        bare.setattr(
            InstanceMetadataFetcher,
            "retrieve_iam_role_credentials",
            lambda fetcher: asked.append(fetcher) or fetch(fetcher),
        )

        with FakeSecrets() as fake, bare.context() as keyless:
            keyless.delenv("AWS_ACCESS_KEY_ID")
            keyless.delenv("AWS_SECRET_ACCESS_KEY")
            client = botocore.session.Session().create_client("secretsmanager")
            client.create_secret(Name="db", SecretString="value")
            assert fake.secret("db").value() == "value"

        assert asked
        assert attempts == []

    @pytest.mark.long
    def test_a_fresh_process_makes_its_first_client_without_a_look_at_the_metadata(self, bare, pytester):
        script = pytester.makepyfile(
            """
            import time

            import botocore.session
            from botocore.httpsession import URLLib3Session
            from botocore.utils import IMDSFetcher, InstanceMetadataFetcher

            from pytest_fakesecrets import FakeSecrets

            asked = []
            URLLib3Session.send = lambda *arguments: asked.append("network")
            InstanceMetadataFetcher.retrieve_iam_role_credentials = lambda *_: asked.append("credentials")
            IMDSFetcher._get_request = lambda *_, **__: asked.append("metadata")
            with FakeSecrets():
                began = time.perf_counter()
                client = botocore.session.Session().create_client("secretsmanager")
                print(f"{time.perf_counter() - began:.3f} s")
                assert client.list_secrets()["SecretList"] == []
            assert asked == []
            """
        )

        ran = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        print("the first client was made in", ran.stdout)  # noqa: T201
        assert ran.stderr == ""
        assert ran.returncode == 0


def handlers():
    """What botocore gives to each session that is made, and what it calls with it, as it stands."""
    return [*botocore.handlers.BUILTIN_HANDLERS, *botocore._INITIALIZERS]


class TestNothingIsLeftOver:
    @pytest.mark.parametrize(
        ("body", "outcomes"),
        [
            BAD_ENDS[0],
            *(pytest.param(*end.values, marks=pytest.mark.long, id=end.id) for end in BAD_ENDS[1:]),
            pytest.param("pytest.exit('enough')", {}, marks=pytest.mark.long, id="a run that ends"),
            pytest.param("raise KeyboardInterrupt", {}, marks=pytest.mark.long, id="an interrupted test"),
            pytest.param(
                "raise SystemExit",
                {"failed": 1},
                marks=pytest.mark.long,
                id="a test that wants to end the process",
            ),
            pytest.param("fakesecrets.rotate('db', interrupted)", {}, id="an interrupted rotation"),
            pytest.param("fakesecrets.__exit__(*[None] * 3)", {"passed": 1}, id="a test that left the fake"),
        ],
    )
    def test_after_a_test_that_ends_with(self, pytester, bare, body, outcomes):
        before = handlers()
        pytester.makeconftest(BROKEN_FIXTURES)
        pytester.makepyfile(
            f"""
            import os

            import pytest


            def interrupted(event, context):
                assert os.environ["AWS_LAMBDA_FUNCTION_NAME"] == "interrupted"
                raise KeyboardInterrupt


            def test_it(fakesecrets, fakesecrets_client, request):
                fakesecrets.clock.move_to("2001-01-31 16:00")
                fakesecrets_client.create_secret(Name="db", SecretString="value")
                print("it ran")
                {body}
            """
        )

        ran = pytester.runpytest("-s", no_reraise_ctrlc=True)

        ran.assert_outcomes(**outcomes)
        ran.stdout.fnmatch_lines(["*it ran*"])
        assert handlers() == before
        assert before.count(install.register_handlers) == 1
        assert freezegun.api.freeze_factories == []
        assert freezegun.api.datetime.datetime is datetime is REAL_DATETIME
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60
        assert state.active is None
        assert not {"AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", state.HOME} & set(os.environ)

    def test_after_a_test_whose_function_leaves_the_fake(self, bare):
        """The layer of the function's variables is then taken off after the one below it."""
        before = dict(os.environ)

        fake = FakeSecrets()

        def leaves(event, context):
            fake.__exit__(None, None, None)
            raise KeyboardInterrupt

        with fake:
            fake.client().create_secret(Name="db", SecretString="value")
            with pytest.raises(KeyboardInterrupt):
                fake.rotate("db", leaves)

        assert dict(os.environ) == before
        assert state.active is None

    @pytest.mark.long
    def test_in_the_worker_that_takes_the_place_of_one_that_crashed(self, pytester, bare):
        pytest.importorskip("xdist")
        bare.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(
            """
            import os
            import time

            from pytest_fakesecrets._transport import state


            def test_a_crash(fakesecrets, fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                os._exit(1)


            def test_b_after_it():
                assert state.active is None
                assert not {"AWS_ACCESS_KEY_ID", state.HOME} & set(os.environ)
                assert time.localtime().tm_year > 2001


            def test_c_after_it(fakesecrets, fakesecrets_client):
                fakesecrets_client.create_secret(Name="db", SecretString="value")
                assert fakesecrets.secret("db").value() == "value"
            """
        )

        ran = pytester.runpytest_subprocess("-p", "xdist", "-p", "fakesecrets", "-n", "1")

        ran.assert_outcomes(passed=2, failed=1)
        ran.stdout.fnmatch_lines(["*worker 'gw0' crashed while running*test_a_crash*"])

    def test_of_a_run_inside_of_a_test_that_has_a_fake(self, pytester, fakesecrets, client):
        client.create_secret(Name="db", SecretString="outer")
        fakesecrets.clock.move_to("2030-01-31 16:00")
        before, environment = handlers(), dict(os.environ)
        pytester.makepyfile(
            f"""
            import boto3
            import pytest

            from pytest_fakesecrets import FakeSecrets, FakeSecretsError


            def test_of_its_own(fakesecrets_clock):
                pass


            def test_entered():
                with pytest.raises(FakeSecretsError, match="{TWO_AT_ONCE}"), FakeSecrets():
                    pass


            def test_that_sees_the_outer_one():
                client = boto3.session.Session().client("secretsmanager")
                assert client.get_secret_value(SecretId="db")["SecretString"] == "outer"
            """
        )

        ran = pytester.runpytest("-o", "fakesecrets_guard=true")

        ran.assert_outcomes(passed=2, errors=1)
        ran.stdout.fnmatch_lines([f"E *FakeSecretsError: {TWO_AT_ONCE}*"])
        ran.stdout.no_fnmatch_line("*- fakesecrets -*")
        environment.pop("PYTEST_CURRENT_TEST", None)
        assert {name: os.environ.get(name) for name in environment} == environment
        assert handlers() == before
        assert fakesecrets.is_active
        assert fakesecrets.clock.now == datetime(2030, 1, 31, 16, tzinfo=timezone.utc)
        assert client.get_secret_value(SecretId="db")["SecretString"] == "outer"


#: Tests that change the environment while a fake is active, each in its own order of set-up and teardown.
PATCHES = {
    "a patch that is set up before the fake, and takes a variable away": """
        def test_it(monkeypatch, fakesecrets):
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    """,
    "a patch that is set up before the fake, and sets variables": """
        def test_it(monkeypatch, fakesecrets):
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine again")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
            monkeypatch.setenv("AWS_PROFILE", "mine")
            monkeypatch.delenv("PYTEST_FAKESECRETS_PROCESS")
    """,
    "a patch that is set up before the fake, and sets what is set": """
        def test_it(monkeypatch, fakesecrets):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    """,
    "a patch that is set up after the fake": """
        def test_it(fakesecrets, monkeypatch):
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.setenv("AWS_PROFILE", "mine")
    """,
    "a patch before the fake, and after it": """
        @pytest.fixture
        def bare(monkeypatch):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
            monkeypatch.setenv("AWS_PROFILE", "another")


        def test_it(bare, fakesecrets, monkeypatch):
            assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.setenv("AWS_PROFILE", "mine")
    """,
    "a patch of the dictionary, undone after the fake": """
        @pytest.fixture
        def patches():
            with ExitStack() as stack:
                yield stack


        def test_it(patches, fakesecrets):
            patches.enter_context(mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "mine", "OTHER": "x"}))
    """,
    "a patch of the dictionary around the fake": """
        @mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "another", "AWS_PROFILE": "another"}, clear=True)
        def test_it(fakesecrets):
            del os.environ["AWS_ACCESS_KEY_ID"]
    """,
    "a patch of the module": """
        @pytest.fixture(scope="module")
        def patch():
            with pytest.MonkeyPatch.context() as patch:
                yield patch


        def test_it(patch, fakesecrets):
            patch.delenv("AWS_ACCESS_KEY_ID")
            patch.setenv("AWS_EC2_METADATA_DISABLED", "false")


        def test_after_it(fakesecrets):
            pass


        def test_last():
            pass
    """,
    "a fixture of the module that is set up inside of the fake": """
        @pytest.fixture(scope="module")
        def region():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
                patch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
                yield


        def test_it(fakesecrets, request):
            request.getfixturevalue("region")


        def test_last():
            pass
    """,
    "a fake of the module": """
        @pytest.fixture(scope="module")
        def fake():
            with FakeSecrets() as fake:
                yield fake


        def test_it(fake, monkeypatch):
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")


        def test_last(fake):
            assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    """,
    "a patch of the module, and then a fake of the module": """
        @pytest.fixture(scope="module")
        def patch():
            with pytest.MonkeyPatch.context() as patch:
                yield patch


        @pytest.fixture(scope="module")
        def fake(patch):
            with FakeSecrets() as fake:
                yield fake


        def test_it(fake, patch):
            patch.delenv("AWS_ACCESS_KEY_ID")
    """,
    "set-up and cleanup of unittest": """
        class TestIt(unittest.TestCase):
            def setUp(self):
                self.fake = FakeSecrets().__enter__()
                patch = mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "mine"})
                patch.start()
                self.addCleanup(patch.stop)  # which is called after tearDown

            def tearDown(self):
                self.fake.__exit__(None, None, None)

            def test_it(self):
                pass
    """,
    "a test that changes variables and leaves them so": """
        def test_it(fakesecrets):
            del os.environ["AWS_ACCESS_KEY_ID"]
            os.environ["AWS_PROFILE"] = "mine"
            os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    """,
    "a fixture that fails, and a patch": """
        @pytest.fixture
        def broken(monkeypatch, fakesecrets):
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            yield
            raise LookupError


        def test_it(broken):
            raise LookupError
    """,
}

#: Notes after each test of a module which variables are not as before; what the last one of the module notes stays.
NOTES_DIFFERENCES = """
    import os


    def environment():
        return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


    BEFORE, DIFFERENCES = environment(), {}


    def pytest_runtest_logfinish(nodeid):
        DIFFERENCES[nodeid.partition("::")[0]] = BEFORE.items() ^ environment().items()


    def pytest_unconfigure():
        print("different:", {name: found for name, found in DIFFERENCES.items() if found})
"""

IMPORTS = """
import os
import unittest
from contextlib import ExitStack
from unittest import mock

import pytest

from pytest_fakesecrets import FakeSecrets
"""

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_DEFAULT_REGION": "sa-east-1",
    "AWS_PROFILE": "production",
    "AWS_EC2_METADATA_DISABLED": "false",
}


def environment():
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


class TestTheEnvironment:
    @pytest.mark.parametrize(
        "variables",
        [
            pytest.param({}, marks=pytest.mark.long, id="nothing was set"),
            pytest.param(REAL, id="everything was set"),
            pytest.param(
                {"AWS_ACCESS_KEY_ID": "testing"}, marks=pytest.mark.long, id="what the fake sets was set"
            ),
        ],
    )
    def test_is_as_before_after_each_order_of_set_up_and_teardown(
        self, pytester, bare, monkeypatch, variables
    ):
        monkeypatch.setattr(isolation, "_LEFTOVERS", isolation._Leftovers())  # of another process
        for name, value in variables.items():
            bare.setenv(name, value)
        pytester.makeconftest(NOTES_DIFFERENCES)
        for patch, source in PATCHES.items():
            name = "test_" + "".join(letter if letter.isalnum() else "_" for letter in patch)
            pytester.makepyfile(**{name: IMPORTS + dedent(source)})
        before = environment()

        ran = pytester.runpytest("-s")

        ran.assert_outcomes(passed=17, failed=1, errors=1)
        ran.stdout.fnmatch_lines(["different: {}"])
        assert environment() == before

    def test_is_as_before_after_a_run_that_is_interrupted(self, pytester, bare):
        before = environment()
        pytester.makepyfile(
            """
            def test_it(monkeypatch, fakesecrets):
                monkeypatch.delenv("AWS_ACCESS_KEY_ID")
                raise KeyboardInterrupt
            """
        )

        ran = pytester.runpytest(no_reraise_ctrlc=True)

        assert ran.ret == pytest.ExitCode.INTERRUPTED
        assert environment() == before

    def test_of_the_user_is_never_taken_away_where_it_is_that_of_a_fake(self, pytester, bare):
        """What a test set before it used a fake, a patch puts back afterwards."""
        pytester.makepyfile(
            """
            import os

            import pytest


            @pytest.fixture(scope="module", autouse=True)
            def module():
                os.environ["AWS_ACCESS_KEY_ID"] = "testing"
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("AWS_PROFILE", "mine")
                    yield
                assert os.environ.pop("AWS_ACCESS_KEY_ID") == "testing"


            @pytest.fixture
            def without(monkeypatch):
                monkeypatch.delenv("AWS_ACCESS_KEY_ID")
                monkeypatch.delenv("AWS_PROFILE")


            def test_it(without, fakesecrets):
                assert "AWS_PROFILE" not in os.environ


            def test_after_it():
                assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
                assert os.environ["AWS_PROFILE"] == "mine"
            """
        )
        before = environment()

        pytester.runpytest().assert_outcomes(passed=2)

        assert environment() == before

    def test_keeps_what_a_test_has_changed_around_a_rotation(self, fakesecrets, client, monkeypatch):
        client.create_secret(Name="db", SecretString="old")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_PROFILE", "mine")
        seen = []

        def rotate(event, context):
            seen.append(os.environ["AWS_DEFAULT_REGION"])
            os.environ["AWS_REGION"] = "of the function"

        function = fakesecrets.add_rotation_function(
            rotate, region_name="us-east-1", environ={"AWS_ACCESS_KEY_ID": "of the function"}
        )
        with pytest.warns(RotationFailedWarning):
            client.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert set(seen) == {"us-east-1"}
        assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
        assert os.environ["AWS_PROFILE"] == "mine"
        assert not {"AWS_ACCESS_KEY_ID", "AWS_REGION"} & set(os.environ)

    def test_is_taken_back_by_the_next_fake_where_a_copy_of_all_of_it_was_restored(self, bare):
        before = environment()
        with FakeSecrets():
            copy = environment()
        os.environ.update(copy)

        with FakeSecrets():
            assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"

        assert environment() == before


class TestTwoFakes:
    def test_are_refused_from_another_thread(self, fakesecrets, client):
        errors = []

        def work():
            with pytest.raises(FakeSecretsError) as raised, FakeSecrets():
                raise AssertionError("not reached")
            errors.append(str(raised.value))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)

        assert [text.partition(" Use it:")[0] for text in errors] == [TWO_AT_ONCE]
        client.create_secret(Name="db", SecretString="value")
        assert fakesecrets.secret("db").value() == "value"

    def test_are_refused_from_a_task(self, fakesecrets, client):
        async def enter():
            with pytest.raises(FakeSecretsError, match=TWO_AT_ONCE), FakeSecrets():
                raise AssertionError("not reached")

        async def main():
            await asyncio.gather(enter(), asyncio.create_task(enter()))

        asyncio.run(asyncio.wait_for(main(), timeout=30))

        client.create_secret(Name="db", SecretString="value")
        assert fakesecrets.secret("db").value() == "value"

    def test_of_two_tasks_are_refused_while_one_of_them_waits(self):
        async def main():
            entered, done = asyncio.Event(), asyncio.Event()

            async def first():
                with FakeSecrets() as fake:
                    entered.set()
                    await done.wait()
                    fake.client().create_secret(Name="db", SecretString="value")
                    return fake.secret("db").value()

            async def second():
                await entered.wait()
                with pytest.raises(FakeSecretsError, match=TWO_AT_ONCE), FakeSecrets():
                    raise AssertionError("not reached")
                done.set()

            return await asyncio.gather(first(), second())

        assert asyncio.run(asyncio.wait_for(main(), timeout=30)) == ["value", None]
        assert state.active is None


#: The modules that make warnings, findings, reports and explanations, in groups that do not call one another.
REPORTING = [
    [assertion_messages],
    [collector, timeline, records, pytest_hooks],
    [failure_warnings],
    [findings, value_checks],
    [hints, exception_chain],
    [decoding, value_search, redaction],
]

#: The functions that are not called in each test, and those that are no part of the reporting.
NOT_INJECTED = {
    "redaction.Redactor.__init__", "redaction.Redactor._begin_to_learn", "redaction.unredacted",
    "value_search.Index.__init__", "value_search.Finder.__init__", "decoding._base64", "decoding._hexadecimal",
    "pytest_hooks._only_lists", "pytest_hooks._remove", "pytest_hooks._Recorder.entered",
    "pytest_hooks._Recorder.__init__", "pytest_hooks._Messenger.__init__", "pytest_hooks._Writer.__init__",
    "pytest_hooks._Writer._write", "pytest_hooks._Messenger.pytest_sessionfinish", "redaction.Redactor._forget",
    # Only where something else is broken, in a contract, or where a test asks for it.
    "redaction.Redactor.give_up", "redaction.Redactor._withheld", "assertion_messages.verdict",
    "findings._illegal_calls_of_a_process", "timeline.calendar",
    # Only a contract, and an exception with a hint, call them.
    "hints.hints_of", "exception_chain.add_note",
    # They are in a table.
    "decoding._from_escape", "decoding._from_percents", "decoding._from_reference",

}  # fmt: skip


def functions_of(module):
    """Each function and method that a module defines, by its name, with what has it."""
    part = module.__name__.rpartition(".")[2]
    for name, found in list(vars(module).items()):
        if getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield f"{part}.{name}", module, name
        elif inspect.isclass(found) and not getattr(found, "_is_protocol", False):
            for method, own in list(vars(found).items()):
                if isinstance(own, FunctionType | property) and own is not found.__dict__.get("__repr__"):
                    code = (own.fget if isinstance(own, property) else own).__code__
                    if code.co_filename == module.__file__:
                        yield f"{part}.{name}.{method}", found, method


def injected_in(modules):
    return {
        name: (owner, attribute)
        for module in modules
        for name, owner, attribute in functions_of(module)
        if name not in NOT_INJECTED and not attribute.startswith("pytest_")
    }


PARTS = [injected_in(modules) for modules in REPORTING]
INJECTED = {name: place for part in PARTS for name, place in part.items()}
#: The functions that several groups call: each is injected alone.
ALONE = ["redaction.Redactor.redact", "redaction.constant_parts", "value_checks.Leak.described"]
#: In each inner test one function of each group raises.
TOGETHER = [
    *([name] for name in ALONE),
    *(
        list(filter(None, names))
        for names in zip_longest(*([name for name in part if name not in ALONE] for part in PARTS))
    ),
]

#: An inner test that fails by itself, and that uses every part of the reporting.
REPORTED = """
import pytest
from pytest_fakesecrets import FakeSecretsError

VALUE = "-".join(["hunter2", "old"])
LONG = "0123456789" * 20


def fails(event, context):
    if event["Step"] == "setSecret":
        raise KeyError("Tok\\u00e8n", VALUE) from LookupError(f"Basic aGVsbG8= %41 &amp; {LONG[:50]} 1, 22, 3, 44 {VALUE}")
    client.put_secret_value(
        SecretId=event["SecretId"], ClientRequestToken=event["ClientRequestToken"], SecretString='{"password": "a-new-one"}',
        VersionStages=["AWSPENDING"],
    )


def misreads(event, context):
    return event["Token"]


def passes_a_dict(event, context):
    client.put_secret_value(SecretId=event["SecretId"], SecretString={"password": VALUE})


def moves(event, context):
    client.put_secret_value(SecretId=event["SecretId"], SecretString="anything", VersionStages=["AWSCURRENT"])


def nothing(event, context):
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=event["SecretId"], ClientRequestToken=event["ClientRequestToken"],
            SecretString='{"password": null, "key": "postgres://app:secret@host"}', VersionStages=["AWSPENDING"],
        )
    return {"statusCode": 500}


def overtaken(event, context):
    client.put_secret_value(SecretId=event["SecretId"], SecretString="by-hand-and-at-once")


@pytest.mark.parametrize("fault", FAULTS)
def test_it(fakesecrets, fakesecrets_client, fault):
    global client
    client = fakesecrets_client
    client.create_secret(Name="long", SecretString=LONG)
    for number, function in enumerate([fails, misreads, passes_a_dict, moves, nothing, overtaken]):
        client.create_secret(Name=f"db{number}", SecretString='{"username": "app", "password": "%s"}' % VALUE)
        client.rotate_secret(
            SecretId=f"db{number}", RotationLambdaARN=fakesecrets.add_rotation_function(function),
            RotationRules={"ScheduleExpression": "rate(4 hours)"},
        )
    client.create_secret(Name="gone", SecretString="a-value-that-is-gone")
    client.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)
    client.create_secret(Name="binary", SecretBinary=b"\\xff\\xfe1234567890" * 10)
    client.create_secret(Name="key", SecretString="line of a key of some length\\nanother line of a key")
    for call in (
        lambda: client.rotate_secret(SecretId="db0"),
        lambda: client.rotate_secret(SecretId="key", RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:x"),
        lambda: fakesecrets.client("eu-west-1").describe_secret(SecretId="db0"),
        lambda: client.put_secret_value(SecretId="nowhere", SecretString="never-stored"),
        lambda: client.describe_secret(SecretId=fakesecrets.secret("db0").arn[:-6] + "AbCdEf"),
        lambda: client.rotate_secret(SecretId="key", RotationLambdaARN=fakesecrets.add_rotation_function(moves, region_name="eu-west-1")),
    ):
        with pytest.raises(client.exceptions.ClientError):
            call()
    fakesecrets.fail("ListSecrets", (400, "Odd", f"with {VALUE}"))
    with pytest.raises(client.exceptions.ClientError):
        client.list_secrets()
    view = fakesecrets.secret("db0")
    with pytest.raises(AssertionError):
        assert view.transitions == ["AWSCURRENT -> v1 by CreateSecret", "a move"]
    with pytest.raises(AssertionError):
        assert view.transitions == 3
    with pytest.raises(AssertionError):
        assert view.staging == {"v1": ["AWSCURRENT"], view.versions[0].id: "AWSPENDING"}
    with pytest.raises(AssertionError):
        assert view.labels == {"AWSCURRENT": "v1"}
    with pytest.raises(AssertionError):
        assert fakesecrets.rotations()[0] == fakesecrets.rotations()[1]
    with pytest.raises(AssertionError):
        assert fakesecrets.rotations()[0].status == "succeeded"
    try:
        client.rotate_secret(SecretId="db0", RotationRules={"AutomaticallyAfterDays": "3"})
    except Exception:  # the reason of the failure, which botocore has raised
        assert view.labels == {"AWSCURRENT": "nowhere", "AWSPREVIOUS": "v1"}
"""


class Injected(Exception):
    """An injected fault of the reporting."""


@contextmanager
def injected(name, error=Injected):
    """Let a function of the reporting raise. Yields a list that is empty until the function is called."""
    owner, attribute = INJECTED[name]
    original = vars(owner)[attribute]
    reached = []

    def raises(*_, **__):
        reached.append(name)
        raise error("hunter2-old")

    put = property(raises) if isinstance(original, property) else raises
    places = [(owner, attribute)]
    if not isinstance(owner, type):  # other modules have it by its name
        places += [
            (module, key)
            for loaded, module in list(sys.modules.items())
            if loaded.startswith("pytest_fakesecrets")
            for key, value in list(vars(module).items())
            if value is original
        ]
    with ExitStack() as stack:
        for place, key in places:
            stack.callback(setattr, place, key, original)
            setattr(place, key, put)
        yield reached


class Faults:
    """A plugin of the inner run, which injects other faults into each test."""

    def __init__(self):
        self.reached, self.outcomes, self.values = set(), {}, []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        with ExitStack() as stack:
            reached = [
                stack.enter_context(injected(name)) for name in TOGETHER[item.callspec.params["fault"]]
            ]
            result = yield
        self.reached.update(name for names in reached for name in names)
        return result

    def pytest_runtest_logreport(self, report):
        crash = getattr(report.longrepr, "reprcrash", None)
        said = crash and crash.message.partition(":")[0]
        test = report.nodeid.partition("[")[2].rstrip("]")
        self.outcomes.setdefault(test, []).append((report.when, report.outcome, said))

    def pytest_warning_recorded(self, warning_message):
        text = str(warning_message.message)
        assert warning_message.category in (ReportingFailedWarning, RotationFailedWarning), text
        self.values += [text] if "hunter2" in text else []


class TestReporting:
    @pytest.mark.parametrize(
        ("strict", "given"),
        [
            pytest.param(["-W", "error"], range(0, len(TOGETHER), 5), id="a fifth, with -W error"),
            pytest.param(
                ["-W", "error"], range(len(TOGETHER)), marks=pytest.mark.long, id="all, with -W error"
            ),
            pytest.param([], range(len(TOGETHER)), marks=pytest.mark.long, id="all, with warnings"),
        ],
    )
    def test_no_fault_of_it_ends_a_run_or_changes_an_outcome(self, pytester, strict, given):
        pytester.makepyfile(REPORTED.replace("FAULTS", repr(list(given))))
        faults = Faults()

        ran = pytester.inline_run(
            "--fakesecrets-report=report.html", "-p", "no:randomly", "-q", *strict, plugins=[faults]
        )

        passed = [
            ("setup", "passed", None),
            ("call", "failed", "AssertionError"),
            ("teardown", "passed", None),
        ]
        assert {name: ended for name, ended in faults.outcomes.items() if ended != passed} == {}
        assert ran.ret == pytest.ExitCode.TESTS_FAILED
        assert len(faults.outcomes) == len(given)
        expected = {name for fault in given for name in TOGETHER[fault]}
        assert " ".join(sorted(expected - faults.reached)) == ""
        assert len(given) < len(TOGETHER) or expected == set(INJECTED)
        assert faults.values == []
        assert "hunter2" not in pytester.path.joinpath("report.html").read_text("utf-8")

    @pytest.mark.parametrize(
        "broken",
        [
            "page",
            "_Writer._write",
            *(
                pytest.param(broken, marks=pytest.mark.long)
                for broken in ("ItemPart.to_json", "ItemPart.from_json", "secrets_of")
            ),
        ],
    )
    def test_a_report_that_cannot_be_made_leaves_the_run_alone(self, pytester, monkeypatch, broken):
        def fails(*_, **__):
            raise SystemExit("hunter2-old")

        monkeypatch.setattr(f"pytest_fakesecrets._report.pytest_hooks.{broken}", fails)
        pytester.makepyfile(
            """
            def test_it(fakesecrets_client):
                fakesecrets_client.create_secret(Name="db", SecretString="hunter2-old")
                raise LookupError("an error of the test")
            """
        )

        with warnings.catch_warnings(record=True):  # of hooks around which pytest does not catch them
            ran = pytester.runpytest("--fakesecrets-report=report.html", "-W", "error")

        ran.assert_outcomes(failed=1)
        assert ran.ret == pytest.ExitCode.TESTS_FAILED
        output = [*ran.outlines, *ran.errlines]
        pytest.LineMatcher(output).fnmatch_lines(
            ["*ReportingFailedWarning: pytest-fakesecrets could not make *: SystemExit*"]
        )
        ran.stdout.fnmatch_lines(["E * LookupError: an error of the test", "fakesecrets report: *"])
        assert not any("hunter2" in line for line in output if "create_secret" not in line)
        if broken == "page":
            assert "This page could not be made" in pytester.path.joinpath("report.html").read_text("utf-8")

    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt, GeneratorExit, pytest.exit.Exception, pytest.fail.Exception]
    )
    def test_what_is_meant_to_end_the_run_ends_it(self, error):
        with pytest.raises(error), ErrorsBecomeWarnings("anything"):
            raise error("now")

    @pytest.mark.parametrize("error", [LookupError, SystemExit, StopIteration])
    def test_anything_else_becomes_a_warning_that_names_it(self, error):
        with pytest.warns(ReportingFailedWarning) as warned, ErrorsBecomeWarnings("a table"):
            raise error("hunter2-old")

        assert str(warned[0].message).startswith(
            f"pytest-fakesecrets could not make a table: {error.__name__} at "
        )
        assert "hunter2" not in str(warned[0].message)

    def test_not_even_a_warning_that_cannot_be_issued_comes_out(self, monkeypatch):
        def fails(*_, **__):
            raise LookupError

        monkeypatch.setattr("warnings.showwarning", fails)
        monkeypatch.setattr("warnings._showwarnmsg", fails, raising=False)
        reached = []

        with ErrorsBecomeWarnings("a table"):
            raise ValueError
        reached.append(True)

        assert reached

    def test_users_can_filter_the_warning(self, pytester):
        pytester.makeini(
            "[pytest]\nfilterwarnings =\n    error\n    ignore::pytest_fakesecrets.ReportingFailedWarning\n"
        )
        pytester.makepyfile(
            """
            from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings


            def test_it():
                with ErrorsBecomeWarnings("a table"):
                    raise ValueError
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(passed=1, warnings=0)


def filled(annotation, marker):
    """Something of a type with the marker in it wherever there can be text."""
    if "Mapping" in annotation or "dict" in annotation:
        return {marker: marker}
    if "bytes" in annotation and "str" not in annotation:
        return marker.encode()
    if "Sequence" in annotation or "list" in annotation or "tuple" in annotation or "set" in annotation:
        return (marker,)
    return marker


#: The fields that a repr shows: names, ids, ARNs, codes and times.
SHOWN = {
    "account", "alias", "aliases", "arn", "at", "aws_request_id", "before", "by", "call", "calls", "code", "detail", "duration",
    "end", "error", "expression", "external_role_arn", "first_rotation", "function_arn", "function_name",
    "function_version", "id", "invoked_function_arn", "kind", "kms_key_id", "label", "labels", "log_group_name",
    "log_stream_name", "moves", "name", "nodeid", "operation", "outcome", "owning_service", "location", "plan", "qualifier",
    "region", "request_id", "rest", "retry_at", "role_arn", "secret_id", "source", "start", "started", "status", "step",
    "stored", "style", "target", "token", "type", "version", "version_id", "window", "with_value",
}  # fmt: skip
#: The fields that are redacted when they are made.
REDACTED = {
    ("Finding", "text"),
    ("Finding", "advice"),
    ("FindingPart", "text"),
    ("FindingPart", "advice"),
    ("InvocationRecord", "result"),
    ("InvocationRecord", "notes"),
    ("Failure", "text"),
    ("Failure", "advice"),
    ("Failure", "lines"),
    ("Bar", "text"),
}
#: Numbers and names out of tests and schedules, the places of leaks, and mappings by ids.
OTHERS = {
    ("Cron", "days"), ("Days", "number"), ("Evidence", "leaks"), ("Operation", "answers_with"),
    ("Secret", "versions"), ("Secret", "replicas"), ("Dates", "windows"),
    ("Context", "region_name"), ("Context", "possible_callers"), ("Departure", "endpoint"), ("_Raw", "raw_headers"),
    ("CallState", "emitter"), ("CallState", "late"), ("_Plan", "late"), ("_Plan", "misplaced"), ("UndisturbedRun", "log"),
    ("ContractSettings", "title"), ("ContractSettings", "scenario"), ("ContractSettings", "causes"),
    ("RejectedCall", "situation"), ("RejectedCall", "ignored_in"), ("Attempt", "steps"), ("Attempt", "stopped_before"),
    ("Companion", "versions"), ("ContractSettings", "companions"), ("_Query", "members"), ("ContractSettings", "accepted"), ("Leak", "what"), ("Leak", "members"), ("RejectedCall", "line"), ("TargetCall", "name"), ("Leak", "output"), ("Leak", "line"), ("CodeLine", "file"), ("CodeLine", "function"), ("ContractSettings", "handler"), ("ContractSettings", "secret_name"), ("ContractSettings", "target_calls"), ("TargetCall", "line"), ("TargetCall", "module"),
    ("Row", "description"),
}  # fmt: skip


def classes():
    for found in pkgutil.walk_packages(pytest_fakesecrets.__path__, "pytest_fakesecrets."):
        module = importlib.import_module(found.name)
        for name, cls in vars(module).items():
            if (
                inspect.isclass(cls)
                and cls.__module__.startswith("pytest_fakesecrets")
                and cls.__name__ == name
            ):
                yield cls


RECORDS = sorted(
    {cls for cls in classes() if dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")}
    - {Assumptions},  # it takes no text
    key=lambda cls: cls.__qualname__,
)


class TestReprs:
    @pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
    def test_show_nothing_that_may_hold_a_value(self, cls):
        if dataclasses.is_dataclass(cls):
            fields = {field.name: str(field.type) for field in dataclasses.fields(cls) if field.init}
        else:
            fields = {name: str(typing) for name, typing in cls.__annotations__.items()}
        texts = {name: f"MARKER-{name}" for name, typing in fields.items() if holds_text(typing)}
        given = {
            name: filled(typing, texts[name]) if name in texts else None for name, typing in fields.items()
        }
        record = cls(**{**given, **STAND_INS.get(cls.__name__, {})})

        written = repr(record) + str(record) + pprint.pformat(record, width=10_000)

        shown = {name for name, marker in texts.items() if marker in written}
        allowed = {name for name in texts if name in SHOWN or (cls.__name__, name) in REDACTED | OTHERS}
        assert shown - allowed == set()

    def test_of_live_objects_show_no_value(self, fakesecrets, client):
        fakesecrets.add_secret(
            "db", "hunter2-old", previous_value=b"hunter2-older", deprecated_values=["hunter2-oldest"]
        )
        target = CredentialTarget({"app": "hunter2-app"})
        seen = []

        def work(event, context):
            seen.append([context, CURRENT_INVOCATION.get()])
            password = client.get_random_password()["RandomPassword"]
            seen.append([CURRENT_INVOCATION.get(), password])
            raise RuntimeError("hunter2-old")

        with pytest.warns(RotationFailedWarning):
            rotation = fakesecrets.rotate("db", work)
        fault = fakesecrets.fail("GetSecretValue", (400, "Odd", "hunter2-old"))
        service, backend = fakesecrets._service, fakesecrets._backend
        objects = [
            fakesecrets, fakesecrets.clock, fakesecrets.drive(), fakesecrets.history, fakesecrets.secret("db"),
            fakesecrets.secret("db").versions, fakesecrets.secret("db").transitions, rotation, rotation.steps,
            service.store, service.store.regions, service._context("123456789012", "us-east-1", "x"),
            service.redactor, service.functions, service.functions.find(rotation.function_arn), fault, backend, target,
            target._users, Response("https://x", Reply(200, {}, b"hunter2")), Response("x", Reply(200, {}, b"hunter2")).content,
            *(each for some in seen for each in some[:1]),
        ]  # fmt: skip
        secret = service.locate("db")[1]
        objects += [secret, secret.versions, service.store.regions[("123456789012", "us-east-1")].secrets]

        written = "".join(repr(each) + str(each) + pprint.pformat(each) for each in objects)

        assert "hunter2" not in written
        assert seen[1][1] not in written

    def test_an_explained_comparison_shows_no_hidden_field(self, fakesecrets):
        fakesecrets.add_secret("db", "hunter2-old")
        fakesecrets.add_secret("other", "hunter2-other")
        one, other = (fakesecrets._service.locate(name)[1].version("AWSCURRENT") for name in ("db", "other"))

        lines = assertion_messages.explain(one, other)

        assert lines[0] == "the two Version objects differ"
        assert "- value: differs, and may hold a secret value" in lines
        assert "hunter2" not in "".join(lines)


def holds_text(annotation):
    """Whether there may be text of any kind in a field, by its annotation."""
    words = (
        "str",
        "bytes",
        "Value",
        "Any",
        "object",
        "Labels",
        "Literal",
        "Status",
        "Kind",
        "ServiceEventName",
    )
    return not annotation.startswith("Callable") and any(word in annotation for word in words)


#: The arguments that a class needs for its repr.
STAND_INS = {
    "Rotation": {"steps": ()},
    "RotationStep": {"findings": ()},
    "Region": {"secrets": {}, "rotations": {}},
    "Store": {"regions": {}},
    "Selection": {"secrets": ()},
    "Reading": {"parent": None},
}


#: Inner tests in which an operation raises inside the fake, or the fake is used incorrectly.
SHOWING_LOCALS = """
import json

import pytest
from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._service.parser import service_model

NEEDED = {
    "SecretId": "db", "Name": "new", "SecretString": "-".join(["hunter2", "sent"]), "VersionStage": "AWSCURRENT", "ResourcePolicy": "{}",
    "Tags": [], "TagKeys": [], "AddReplicaRegions": [{"Region": "eu-west-1"}], "RemoveReplicaRegions": ["eu-west-1"],
    "SecretIdList": ["db"], "CrossAccountReplicaArn": "arn:aws:secretsmanager:us-east-1:210987654321:secret:x-abcdef",
    "CrossAccountReplicaARN": "arn:aws:secretsmanager:us-east-1:210987654321:secret:x-abcdef",
}


def seed(fake):
    fake.add_secret("db", "-".join(["hunter2", "old"]), previous_value="-".join(["hunter2", "older"]))


@pytest.fixture
def fake():
    with FakeSecrets() as fake:
        seed(fake)
        yield fake


@pytest.mark.parametrize("name", NAMES)
def test_operation(fake, name, monkeypatch):
    from pytest_fakesecrets._core.store import Region

    model = service_model().operation_model(name)
    members = model.input_shape.members if model.input_shape else {}
    given = {member: value for member, value in NEEDED.items() if member in members}

    def broken(*_, **__):
        raise LookupError("a fault of the fake")

    monkeypatch.setattr("pytest_fakesecrets._service.service.encode", broken)
    fake.client()._make_api_call(name, given)


def test_an_unknown_member(fake, monkeypatch):
    from pytest_fakesecrets._service import parser

    monkeypatch.setitem(parser.OPERATIONS, "CreateSecret", lambda context, *, name: {})
    parser.operation.cache_clear()
    try:
        fake.client().create_secret(**{"Name": "new", "SecretString": NEEDED["SecretString"]})
    finally:
        parser.operation.cache_clear()


def test_a_seed(fake):
    fake.add_secret("db", NEEDED["SecretString"])


def test_another_seed(fake):
    fake.add_secret("new", {NEEDED["SecretString"]})


def test_a_view(fake):
    fake.secret("db").json()


def test_a_rotation(fake):
    fake.rotate("db", None)


def test_a_step(fake):
    fake.drive().step()
"""


class TestTracebacks:
    @pytest.mark.parametrize(
        "names",
        [["CreateSecret", "GetSecretValue"], pytest.param(sorted(OPERATIONS), marks=pytest.mark.long)],
        ids=["of two operations", "of all operations"],
    )
    def test_show_no_frame_of_the_package_and_so_no_value_in_its_locals(self, pytester, names):
        pytester.makepyfile(SHOWING_LOCALS.replace("NAMES", repr(names)))

        ran = pytester.runpytest("-l", "-vv", "--tb=long", "-p", "no:randomly")

        outcomes = ran.parseoutcomes()
        assert outcomes == {"failed": len(names) + 6}
        package = os.path.dirname(pytest_fakesecrets.__file__)
        frames = [line for line in ran.outlines if re.match(r"\S+\.py:\d+: ", line)]
        assert len(frames) > 2 * len(names)
        assert [line for line in frames if package in line or line.startswith("pytest_fakesecrets")] == []
        assert not any("TracebackException" in line for line in ran.outlines)

    @pytest.mark.parametrize("found", MODULES)
    def test_every_module_hides_its_frames(self, found):
        module = importlib.import_module(found)
        failure_hints._hide_frames()  # before each traceback is shown, also of modules that were imported since

        assert vars(module).get("__tracebackhide__") is True
