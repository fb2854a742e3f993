"""What protects AWS and the rest of a run: the guard, the dummy credentials, and that nothing is left over."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from textwrap import dedent

import boto3
import botocore.handlers
import botocore.session
import freezegun
import freezegun.api
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session
from botocore.utils import InstanceMetadataFetcher

from pytest_fakesecrets import (
    FakeSecrets,
    FakeSecretsError,
    RotationFailedWarning,
    _explain,
    _hook,
    _install,
    _isolation,
)

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (boto3, freezegun, _explain)

REAL_DATETIME = datetime

REFUSED = (
    "{} was called while no fake was active, and fakesecrets_guard is on: the call has not left this machine. "
    "Let the test ask for the fixture fakesecrets, or for fakesecrets_client."
)
TWO_AT_ONCE = "A fake is active already, and one process has one Secrets Manager."


class Aws:
    """A socket in the place of AWS, which counts who comes, and hangs up on everybody."""

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
    """A machine on which nobody has set up AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == _hook.HOME:
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
    undo = _install.guard(True)
    yield
    undo()


def turn_on(pytester):
    pytester.makeini("[pytest]\nfakesecrets_guard = true")


CALLS = """
import boto3

boto3.client("secretsmanager").get_secret_value(SecretId="db")
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
    def test_refuses_a_call_that_nobody_answers_and_names_it(self, aws, guarded, operation, call):
        client = boto3.client("secretsmanager")

        with pytest.raises(FakeSecretsError) as raised:
            call(client)

        assert str(raised.value) == REFUSED.format(operation)
        assert aws.connections == 0

    def test_stands_in_the_report_of_the_test_that_forgot_the_fixture(self, pytester, aws):
        turn_on(pytester)
        pytester.makepyfile("def test_it():" + indented(CALLS))

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: " + REFUSED.format("GetSecretValue")])
        assert aws.connections == 0

    def test_is_off_where_nobody_turns_it_on(self, pytester, aws):
        aws.close()
        pytester.makepyfile(
            """
            import boto3
            import pytest
            from botocore.exceptions import EndpointConnectionError

            from pytest_fakesecrets import _hook


            def test_it():
                assert not _hook.guarded
                with pytest.raises(EndpointConnectionError):
                    boto3.client("secretsmanager").list_secrets()
            """
        )

        pytester.runpytest().assert_outcomes(passed=1)

    def test_leaves_the_calls_of_a_fake_alone(self, pytester, aws):
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

    def test_refuses_the_call_of_a_fixture_of_the_session(self, pytester, aws):
        """It runs before the fixture of the test, also where the test asks for both."""
        turn_on(pytester)
        pytester.makeconftest(
            "import pytest\n\n\n@pytest.fixture(scope='session')\ndef early():" + indented(CALLS)
        )
        pytester.makepyfile("def test_it(fakesecrets, early): pass")

        ran = pytester.runpytest()

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: " + REFUSED.format("GetSecretValue")])
        assert aws.connections == 0

    def test_refuses_the_call_of_a_test_module_that_is_imported(self, pytester, aws):
        turn_on(pytester)
        pytester.makepyfile(CALLS)

        ran = pytester.runpytest()

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: GetSecretValue was called while no fake was active*"])
        assert aws.connections == 0

    def test_refuses_the_call_of_a_conftest_that_is_imported_with_its_tests(self, pytester, aws):
        turn_on(pytester)
        conftest = pytester.path / "deeper" / "below" / "conftest.py"
        conftest.parent.mkdir(parents=True)
        conftest.write_text(CALLS)
        conftest.with_name("test_it.py").write_text("def test_it(): pass")

        ran = pytester.runpytest()

        told = "*FakeSecretsError: GetSecretValue was called while no fake was active*"
        pytest.LineMatcher([*ran.outlines, *ran.errlines]).fnmatch_lines([told])
        assert aws.connections == 0

    @pytest.mark.parametrize("hook", ["pytest_configure(config)", "pytest_sessionfinish()"])
    def test_refuses_the_call_of_a_hook_in_a_conftest(self, pytester, aws, hook):
        turn_on(pytester)
        pytester.makeconftest(
            f"""
            import boto3
            import pytest
            from pytest_fakesecrets import FakeSecretsError


            @pytest.hookimpl(trylast=True)
            def {hook}:
                with pytest.raises(FakeSecretsError, match="fakesecrets_guard is on") as raised:
                    boto3.client("secretsmanager").list_secrets()
                print("refused")
            """
        )
        pytester.makepyfile("def test_it(): pass")

        ran = pytester.runpytest("-s")

        ran.assert_outcomes(passed=1)
        ran.stdout.fnmatch_lines(["*refused*"])
        assert aws.connections == 0

    def test_reaches_what_was_made_before_the_plugin_was_loaded(self, pytester, aws):
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

        ran = pytester.runpytest_subprocess("-p", "early")

        ran.assert_outcomes(passed=10)
        assert aws.connections == 0

    def test_refuses_a_client_that_is_left_over_from_a_test(self, pytester, aws):
        turn_on(pytester)
        pytester.makepyfile(
            """
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
        )

        pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=3)
        assert aws.connections == 0

    def test_refuses_a_client_of_aiobotocore(self, pytester, aws):
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
    def test_does_not_touch(self, aws, guarded, service, call):
        aws.close()

        with pytest.raises(EndpointConnectionError):
            getattr(boto3.client(service), call)()

    def test_refuses_under_moto_too(self, bare, guarded):
        moto = pytest.importorskip("moto")

        with moto.mock_aws():
            session = boto3.session.Session(region_name="us-east-1")
            session.client("s3").create_bucket(Bucket="backups")
            with pytest.raises(FakeSecretsError, match="ListSecrets was called while no fake was active"):
                session.client("secretsmanager").list_secrets()
            with FakeSecrets() as fake:
                session.client("secretsmanager").create_secret(Name="db", SecretString="value")
                assert fake.secret("db").value() == "value"

    def test_can_be_turned_on_for_one_run(self, pytester, aws):
        pytester.makepyfile("def test_it():" + indented(CALLS))

        ran = pytester.runpytest("-o", "fakesecrets_guard=true")

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["E *FakeSecretsError: " + REFUSED.format("GetSecretValue")])

    @pytest.mark.parametrize(
        ("before", "during", "body"),
        [
            pytest.param(False, True, "pass", id="off, and on inside"),
            pytest.param(True, False, "pass", id="on, and off inside"),
            pytest.param(True, True, "assert False", id="on in both, and a failed test"),
            pytest.param(False, True, "raise KeyboardInterrupt", id="on inside, and an interrupted test"),
        ],
    )
    def test_is_as_before_after_a_run(self, pytester, bare, before, during, body):
        pytester.makepyfile(
            f"""
            from pytest_fakesecrets import _hook


            def test_it():
                assert _hook.guarded is {during}
                print("as it should be")
                {body}
            """
        )
        bare.setattr(_hook, "guarded", before)

        ran = pytester.runpytest("-s", "-o", f"fakesecrets_guard={during}", no_reraise_ctrlc=True)

        ran.stdout.fnmatch_lines(["*as it should be*"])
        assert _hook.guarded is before

    def test_is_as_before_after_a_run_that_never_began(self, pytester, bare):
        turn_on(pytester)
        pytester.makeconftest("def pytest_configure(config): raise LookupError")

        pytester.runpytest()

        assert not _hook.guarded


class TestABareMachine:
    @pytest.fixture
    def attempts(self, bare):
        """Whatever tries to leave the machine is refused, and noted."""
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

    def test_not_even_where_a_test_takes_the_credentials_away(self, bare, attempts):
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
    """What botocore gives to each session that is made, as it stands."""
    return list(botocore.handlers.BUILTIN_HANDLERS)


class TestNothingIsLeftOver:
    @pytest.mark.parametrize(
        ("body", "outcomes"),
        [
            pytest.param("assert not fakesecrets", {"failed": 1}, id="a failed test"),
            pytest.param("request.getfixturevalue('broken')", {"failed": 1}, id="a broken fixture"),
            pytest.param(
                "request.getfixturevalue('unfinished')", {"passed": 1, "errors": 1}, id="a broken teardown"
            ),
            pytest.param("pytest.exit('enough')", {}, id="a run that ends"),
            pytest.param("raise KeyboardInterrupt", {}, id="an interrupted test"),
            pytest.param("raise SystemExit", {"failed": 1}, id="a test that wants to end the process"),
            pytest.param("fakesecrets.rotate('db', interrupted)", {}, id="an interrupted rotation"),
            pytest.param("fakesecrets.__exit__(*[None] * 3)", {"passed": 1}, id="a test that left the fake"),
        ],
    )
    def test_after(self, pytester, bare, body, outcomes):
        before = handlers()
        pytester.makepyfile(
            f"""
            import os

            import pytest


            @pytest.fixture
            def broken():
                raise LookupError


            @pytest.fixture
            def unfinished():
                yield
                raise LookupError


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
        assert [before.count(handler) for handler in _hook.HANDLERS] == [1, 1, 1, 1]
        assert freezegun.api.freeze_factories == []
        assert freezegun.api.datetime.datetime is datetime is REAL_DATETIME
        assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 60
        assert _hook.active is None
        assert not {"AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", _hook.HOME} & set(os.environ)

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
        assert _hook.active is None

    def test_in_the_worker_that_takes_the_place_of_one_that_crashed(self, pytester, bare):
        pytest.importorskip("xdist")
        bare.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(
            """
            import os
            import time

            from pytest_fakesecrets import _hook


            def test_a_crash(fakesecrets, fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31")
                os._exit(1)


            def test_b_after_it():
                assert _hook.active is None
                assert not {"AWS_ACCESS_KEY_ID", _hook.HOME} & set(os.environ)
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
            pytest.param({}, id="nothing was set"),
            pytest.param(REAL, id="everything was set"),
            pytest.param({"AWS_ACCESS_KEY_ID": "testing"}, id="what the fake sets was set"),
        ],
    )
    def test_is_as_before_after_each_order_of_set_up_and_teardown(
        self, pytester, bare, monkeypatch, variables
    ):
        monkeypatch.setattr(_isolation, "_LEFTOVERS", _isolation._Leftovers())  # of another process
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
        told = []

        def work():
            with pytest.raises(FakeSecretsError) as raised, FakeSecrets():
                raise AssertionError("not reached")
            told.append(str(raised.value))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)

        assert [text.partition(" Use the one")[0] for text in told] == [TWO_AT_ONCE]
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
        assert _hook.active is None
