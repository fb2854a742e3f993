"""The plugin as the tests of its users see it: fixtures, environment, reports, and the plugins beside it."""

from __future__ import annotations

import os
import re
from typing import ClassVar

import boto3
import botocore.session
import freezegun
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from rotation_functions import raising_in
from support import BAD_ENDS, BROKEN_FIXTURES, listening, rejected

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake import assertion_messages
from pytest_fakesecrets._fake.backend import FakeBackend
from pytest_fakesecrets._plugin import failure_hints
from pytest_fakesecrets._transport import state

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (boto3, freezegun, assertion_messages)

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-vcLwJt"

FIXTURES = """
import pytest


@pytest.fixture
def db(fakesecrets, fakesecrets_client, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-31 16:00")
    fakesecrets_client.create_secret(Name="db", SecretString="hunter2", ClientRequestToken="1" * 32)
    fakesecrets_clock.tick(60)
    fakesecrets_client.put_secret_value(SecretId="db", SecretString="hunter3", ClientRequestToken="2" * 32)
    return fakesecrets.secret("db")
"""

#: What `pytest --fixtures` prints.
LISTED = {
    "fakesecrets": [
        "A fake AWS Secrets Manager, which answers every `secretsmanager` client while the test runs."
    ],
    "fakesecrets_client": [
        "A botocore client for `secretsmanager` in the default region, answered by the fake."
    ],
    "fakesecrets_clock": ["The time of the whole process, frozen: `move_to(moment)`, `tick(delta)`, `now`."],
    "fakesecrets_rotation": [
        "The test drives: rotations stop when AWSPENDING is staged, and wait for `step()` and `run()`."
    ],
    "fakesecrets_server": [
        "An HTTP endpoint of the fake on the loopback address, for other processes: `.url`, `.environ`."
    ],
}


class TestFixtures:
    def test_are_listed_with_one_line_each(self, pytester):
        ran = pytester.runpytest("--fixtures")

        listed = {}
        for line in ran.outlines:
            if line.startswith("fakesecrets"):
                listed[line.partition(" ")[0]] = []
            elif listed and line.startswith("    "):
                listed[list(listed)[-1]].append(line.strip())
            elif listed and line:
                break
        assert {name: lines for name, lines in listed.items() if name in LISTED} == LISTED
        assert {name for name, lines in listed.items() if len(lines) != 1} == set()

    def test_are_never_autouse(self, pytester):
        items, _ = pytester.inline_genitems(pytester.makepyfile("def test_it(): pass"))

        assert [name for name in items[0].fixturenames if name.startswith("fakesecrets")] == []

    def test_leave_a_test_alone_that_asks_for_none(self, pytester):
        pytester.makepyfile(
            """
            from pytest_fakesecrets._transport import state


            def test_it():
                assert state.active is None
            """
        )

        pytester.runpytest().assert_outcomes(passed=1)

    @pytest.mark.long
    def test_are_gone_without_the_plugin(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile("def test_it(fakesecrets): pass")

        ran = pytester.runpytest_subprocess("-p", "no:fakesecrets")

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["E * fixture 'fakesecrets' not found"])

    def test_give_one_fake_to_a_test(self, fakesecrets, fakesecrets_client, fakesecrets_clock):
        fakesecrets_client.create_secret(Name="db", SecretString="value")

        assert isinstance(fakesecrets, FakeSecrets)
        assert fakesecrets.secret("db").value() == "value"
        assert fakesecrets_clock is fakesecrets.clock
        assert fakesecrets_client.meta.region_name == "us-east-1"
        assert fakesecrets_client.meta.service_model.service_name == "secretsmanager"

    def test_give_each_test_an_empty_fake(self, pytester):
        pytester.makepyfile(
            """
            import pytest


            @pytest.mark.parametrize("number", range(4))
            def test_it(fakesecrets, fakesecrets_client, number):
                assert fakesecrets.history == ()
                assert fakesecrets_client.list_secrets()["SecretList"] == []
                created = fakesecrets_client.create_secret(Name="db", SecretString="value")
                assert created["ARN"] == "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-vcLwJt"
                fakesecrets.assume(retry_delays=())
                assert number % 2, "after a failed one too"
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(passed=2, failed=2)
        ran.stdout.fnmatch_lines(["*AssertionError: after a failed one too"] * 2)

    def test_can_be_made_in_another_scope_by_hand(self, pytester):
        pytester.makepyfile(
            """
            import pytest

            from pytest_fakesecrets import FakeSecrets


            @pytest.fixture(scope="module")
            def secrets():
                with FakeSecrets() as fake:
                    yield fake


            def test_first(secrets):
                secrets.client().create_secret(Name="db", SecretString="value")


            def test_second(secrets):
                assert secrets.secret("db").value() == "value"
            """
        )

        pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=2)


def aws_variables():
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@pytest.fixture
def bare(monkeypatch):
    """A machine without any configuration of AWS, in variables or files."""
    for name in aws_variables():
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")
    return monkeypatch


class TestEnvironment:
    def test_on_a_bare_machine_everything_is_set_that_a_client_needs(self, bare):
        with FakeSecrets():
            inside = aws_variables()
            client = botocore.session.Session().create_client("secretsmanager")
            assert client.list_secrets()["SecretList"] == []

        assert inside == {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere/config",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
        }
        assert aws_variables() == {
            "AWS_CONFIG_FILE": "/nowhere/config",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
        }

    def test_real_credentials_are_not_used(self, bare):
        bare.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
        bare.setenv("AWS_SECRET_ACCESS_KEY", "real")
        bare.setenv("AWS_SESSION_TOKEN", "real")

        with FakeSecrets():
            credentials = botocore.session.Session().get_credentials()
            assert (credentials.access_key, credentials.secret_key, credentials.token) == (
                "testing",
                "testing",
                None,
            )

        assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAREAL"
        assert os.environ["AWS_SECRET_ACCESS_KEY"] == "real"
        assert os.environ["AWS_SESSION_TOKEN"] == "real"

    @pytest.mark.parametrize(
        ("variables", "region"),
        [
            pytest.param({}, "us-east-1", id="none"),
            pytest.param({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1", id="AWS_DEFAULT_REGION"),
            pytest.param({"AWS_REGION": "eu-west-1"}, "eu-west-1", id="AWS_REGION"),
            pytest.param(
                {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "sa-east-1"}, "eu-west-1", id="both"
            ),
        ],
    )
    def test_a_region_that_is_set_is_kept(self, bare, variables, region):
        for name, value in variables.items():
            bare.setenv(name, value)

        with FakeSecrets() as fake:
            assert {name: os.environ[name] for name in variables} == variables
            assert fake.client().meta.region_name == region
            assert botocore.session.Session().create_client("secretsmanager").meta.region_name == region

        assert "AWS_DEFAULT_REGION" in variables or "AWS_DEFAULT_REGION" not in os.environ

    @pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
    def test_a_profile_is_left_out(self, bare, name):
        bare.setenv(name, "production")

        with FakeSecrets():
            assert name not in os.environ
            client = botocore.session.Session().create_client("secretsmanager")
            assert client.list_secrets()["SecretList"] == []

        assert os.environ[name] == "production"

    @pytest.mark.parametrize(
        "variables",
        [
            pytest.param({}, marks=pytest.mark.long, id="nothing was set"),
            pytest.param(
                {
                    "AWS_ACCESS_KEY_ID": "AKIAREAL",
                    "AWS_SECRET_ACCESS_KEY": "real",
                    "AWS_SESSION_TOKEN": "real",
                    "AWS_DEFAULT_REGION": "eu-west-1",
                    "AWS_REGION": "sa-east-1",
                    "AWS_PROFILE": "production",
                    "AWS_EC2_METADATA_DISABLED": "false",
                },
                id="everything was set",
            ),
        ],
    )
    @pytest.mark.parametrize(
        ("body", "outcomes"),
        [
            pytest.param("pass", {"passed": 1}, marks=pytest.mark.long, id="a passed test"),
            *(pytest.param(*end.values, marks=pytest.mark.long, id=end.id) for end in BAD_ENDS[:2]),
            BAD_ENDS[2],
            pytest.param("raise KeyboardInterrupt", {}, id="an interrupted test"),
        ],
    )
    def test_is_as_before_after(self, pytester, bare, variables, body, outcomes):
        for name, value in variables.items():
            bare.setenv(name, value)
        before = dict(os.environ)
        pytester.makeconftest(BROKEN_FIXTURES)
        pytester.makepyfile(
            f"""
            import os

            import pytest


            def test_it(fakesecrets, request):
                assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
                {body}
            """
        )

        pytester.runpytest(no_reraise_ctrlc=True).assert_outcomes(**outcomes)

        after = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        assert after == {name: value for name, value in before.items() if name != "PYTEST_CURRENT_TEST"}
        assert state.active is None

    def test_an_interrupted_run_was_interrupted_inside_the_test(self, pytester):
        pytester.makepyfile("def test_it(fakesecrets): raise KeyboardInterrupt")

        ran = pytester.runpytest(no_reraise_ctrlc=True)

        ran.stdout.fnmatch_lines(["*.py:1: KeyboardInterrupt"])
        assert ran.ret == pytest.ExitCode.INTERRUPTED


class TestContextManager:
    def test_works_without_a_fixture(self):
        with FakeSecrets() as fake:
            boto3.session.Session().client("secretsmanager").create_secret(Name="db", SecretString="value")

            assert fake.is_active
            assert fake.secret("db").value() == "value"
        assert not fake.is_active

    def test_has_its_secrets_when_it_is_entered_again(self):
        fake = FakeSecrets()
        with fake:
            fake.client().create_secret(Name="db", SecretString="value")

        with fake:
            assert fake.client().get_secret_value(SecretId="db")["SecretString"] == "value"

    def test_is_left_when_its_body_raises(self):
        before = dict(os.environ)

        with pytest.raises(LookupError), FakeSecrets():
            raise LookupError

        assert state.active is None
        assert dict(os.environ) == before

    def test_shows_its_secrets_after_it_is_exited(self):
        with FakeSecrets() as fake:
            fake.client().create_secret(Name="db", SecretString="value")

        assert fake.secret("db").value() == "value"
        assert fake.timeline().splitlines()[0] == ARN

    def test_runs_no_retry_after_it_is_exited(self):
        called = []

        def rotate(event, context):
            called.append((event["Step"], fake.is_active))
            raising_in("createSecret")(event, context)

        with FakeSecrets() as fake:
            fake.clock.move_to("2001-01-31 16:00")
            fake.client().create_secret(Name="db", SecretString="value")
            with pytest.warns(RotationFailedWarning):
                fake.rotate("db", rotate)

        # The clock runs again, years later: what AWS would repeat has long come due.
        assert fake.timeline().splitlines()[0] == ARN
        assert fake.secret("db").staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}
        assert called == [("createSecret", True)]

    def test_the_same_one_cannot_be_entered_twice_at_once(self, fakesecrets, client):
        with pytest.raises(FakeSecretsError), fakesecrets:
            raise AssertionError("not reached")

        assert client.list_secrets()["SecretList"] == []

    def test_two_at_once_are_refused_and_the_first_goes_on(self, fakesecrets, client):
        before = dict(os.environ)

        with pytest.raises(FakeSecretsError) as raised, FakeSecrets():
            raise AssertionError("not reached")

        assert str(raised.value) == (
            "A fake is already active in this process. Use it: its clock, client() and drive() are what the fixtures "
            "fakesecrets_clock, fakesecrets_client and fakesecrets_rotation give. Or exit it before you enter another one; "
            "reset() empties it. It was entered by the fixture fakesecrets."
        )
        client.create_secret(Name="db", SecretString="value")
        assert fakesecrets.secret("db").value() == "value"
        assert dict(os.environ) == before

    @given(st.binary(min_size=1, max_size=20))
    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    def test_gives_each_example_of_hypothesis_an_empty_fake(self, value):
        with FakeSecrets() as fake:
            client = fake.client()
            created = client.create_secret(Name="db", SecretBinary=value)

            assert created["ARN"] == ARN
            assert client.get_secret_value(SecretId="db")["SecretBinary"] == value
            assert len(client.list_secrets()["SecretList"]) == 1


class TestReport:
    def test_of_a_failed_test_has_the_timeline(self, pytester):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile(
            """
            def test_it(db, fakesecrets_client):
                try:
                    fakesecrets_client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")
                except fakesecrets_client.exceptions.ResourceNotFoundException:
                    assert False
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(
            [
                "*- fakesecrets -*",
                ARN,
                "time (UTC)               event                    AWSCURRENT  AWSPREVIOUS",
                "2030-01-31 16:00:00.000  CreateSecret             v1",
                "2030-01-31 16:01:00.000  PutSecretValue           v2          v1",
                "2030-01-31 16:01:00.000  GetSecretValue rejected  v2          v1",
                "      ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
                "staging label: AWSPENDING",
                "*= short test summary info =*",
            ],
            consecutive=True,
        )

    @pytest.mark.parametrize(
        "arguments",
        [
            ("-vv", "--showlocals"),
            *(
                pytest.param(given, marks=pytest.mark.long)
                for given in [(), ("--tb=short",), ("--tb=native",)]
            ),
        ],
    )
    def test_has_no_secret_value(self, pytester, arguments):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile(
            """
            def test_it(db, fakesecrets):
                history, rotations, versions = fakesecrets.history, fakesecrets.rotations(), db.versions
                assert db.staging == {}
            """
        )

        ran = pytester.runpytest(*arguments)

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["*- fakesecrets -*", ARN])
        ran.stdout.no_fnmatch_line("*hunter*")
        ran.stderr.no_fnmatch_line("*hunter*")

    def test_of_a_passed_test_has_no_section(self, pytester):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile("def test_it(db): assert db.staging['v1'] == {'AWSPREVIOUS'}")

        ran = pytester.runpytest("-rA")

        ran.assert_outcomes(passed=1)
        ran.stdout.no_fnmatch_line("*- fakesecrets -*")

    def test_of_a_failed_test_without_the_fake_has_no_section(self, pytester):
        pytester.makepyfile("def test_it(): assert False")

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=1)
        ran.stdout.no_fnmatch_line("*- fakesecrets -*")

    def test_of_a_fake_that_the_test_has_entered_is_there_after_its_block(self, pytester):
        pytester.makepyfile(
            """
            import unittest
            from pytest_fakesecrets import FakeSecrets


            def test_block():
                for name in ("first", "block"):
                    with FakeSecrets() as fake:
                        fake.add_secret(name, "hunter2")
                assert False


            class TestCase(unittest.TestCase):
                def setUp(self):
                    self.fake = FakeSecrets()
                    self.fake.__enter__()
                    self.addCleanup(self.fake.__exit__, None, None, None)
                    self.fake.add_secret("case", "hunter2")

                def test_case(self):
                    self.assertTrue(False)


            def test_without_a_fake():
                assert False
            """
        )

        ran = pytester.runpytest("--tb=short", "-rA")

        ran.assert_outcomes(failed=3)
        found = [name for line in ran.outlines for name in re.findall(r"^arn:.*:secret:(\w+)-\w{6}$", line)]
        assert found == ["block", "case"]
        ran.stdout.no_fnmatch_line("*hunter*")

    def test_of_a_failed_test_in_which_nothing_happened_says_so(self, pytester):
        pytester.makepyfile("def test_it(fakesecrets): assert False")

        ran = pytester.runpytest()

        ran.stdout.fnmatch_lines(["*- fakesecrets -*", "Nothing has happened yet."], consecutive=True)

    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param("raise LookupError\n    yield", id="set up"),
            pytest.param("yield\n    raise LookupError", id="torn down"),
        ],
    )
    def test_of_a_fixture_that_fails_has_the_timeline(self, pytester, broken):
        pytester.makeconftest(FIXTURES + f"\n\n@pytest.fixture\ndef broken(db):\n    {broken}\n")
        pytester.makepyfile("def test_it(broken): pass")

        ran = pytester.runpytest()

        ran.stdout.fnmatch_lines(
            [
                "*- fakesecrets -*",
                ARN,
                "time (UTC)               event           AWSCURRENT  AWSPREVIOUS",
                "2030-01-31 16:00:00.000  CreateSecret    v1",
                "2030-01-31 16:01:00.000  PutSecretValue  v2          v1",
            ],
            consecutive=True,
        )

    def test_of_a_fixture_that_fails_runs_no_rotation(self, pytester):
        pytester.makepyfile(
            """
            import pytest

            called = []


            def rotate(event, context):
                called.append(event["Step"])
                raise LookupError


            @pytest.fixture
            def unfinished():
                yield
                raise LookupError


            @pytest.mark.filterwarnings("ignore")
            def test_it(unfinished, fakesecrets, fakesecrets_client, fakesecrets_clock):
                fakesecrets_clock.move_to("2001-01-31 16:00")
                fakesecrets_client.create_secret(Name="db", SecretString="value")
                fakesecrets.rotate("db", rotate)


            def test_afterwards():
                assert called == ["createSecret"]
            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(passed=2, errors=1)


HINT = (
    "hint: This client was made while no fake was active, and has no region. Set one in conftest.py, before this "
    'module is imported: os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1"). Or, for the module of a rotation '
    'function, do not import it: add_rotation_function("module:function") imports it while the fake is active.'
)
HINT_IN_A_TEST = (
    "hint: This client was made while no fake was active, and has no region. Request the fixture fakesecrets, or "
    "fakesecrets_client, in this test."
)
HINT_IN_A_FIXTURE = (
    "hint: This client was made while no fake was active, and has no region. Request fakesecrets in the fixture that "
    "makes it; in a fixture of a wider scope, write 'with FakeSecrets() as fake:' around it."
)
MAKES_A_CLIENT = 'import boto3\n\nCLIENT = boto3.client("secretsmanager")\n'


class TestAClientWithoutARegion:
    @pytest.fixture(autouse=True)
    def _no_client_is_left(self, bare):
        bare.setattr(boto3, "DEFAULT_SESSION", None)

    #: The title of each report, and the source that makes it.
    FILES: ClassVar = {
        "ERROR collecting test_module.py": MAKES_A_CLIENT,
        "ERROR collecting test_imports.py": "import library",
        "ERROR collecting test_cause.py": """
            try:
                import library
            except Exception as error:
                raise LookupError from error
            """,
        "ERROR collecting test_import_error.py": """
            try:
                import library
            except Exception as error:
                raise ImportError from error
            """,
        "ERROR collecting deeper": "",
        "test_it": """
            import boto3


            def test_it():
                boto3.client("secretsmanager")
            """,
    }

    def test_is_an_error_with_a_hint(self, pytester):
        for title, source in self.FILES.items():
            name = title.rpartition(" ")[2].removesuffix(".py")
            pytester.makepyfile(**{name: source})
        pytester.makepyfile(library=MAKES_A_CLIENT)
        pytester.mkpydir("deeper").joinpath("conftest.py").write_text(MAKES_A_CLIENT)
        pytester.syspathinsert()

        ran = pytester.runpytest("--continue-on-collection-errors")

        ran.assert_outcomes(errors=5, failed=1)
        reports = re.split(
            r"_{3,} (.+?) _{3,}\n", "\n".join(line.removeprefix("E").strip() for line in ran.outlines)
        )
        hints = {
            title: [report.count(HINT), report.count(HINT_IN_A_TEST)]
            for title, report in zip(reports[1::2], reports[2::2], strict=True)
        }
        assert hints == {title: [0, 1] if title == "test_it" else [1, 0] for title in self.FILES}

    def test_is_an_error_with_a_hint_where_the_first_conftest_makes_it(self, pytester):
        pytester.makeconftest(MAKES_A_CLIENT)

        ran = pytester.runpytest()

        assert ran.ret == pytest.ExitCode.USAGE_ERROR
        assert "\n".join(ran.errlines).count(HINT) == 1

    @pytest.mark.long
    def test_has_one_hint_for_each_test_of_a_fixture_of_the_session(self, pytester):
        pytester.makepyfile(
            """
            import boto3
            import pytest


            @pytest.fixture(scope="session")
            def client():
                return boto3.client("secretsmanager")


            @pytest.mark.parametrize("number", range(2))
            def test_it(client, number):
                pass
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(errors=2)
        assert "\n".join(ran.outlines).count(HINT_IN_A_FIXTURE) == 2

    def test_of_another_service_has_none(self, pytester):
        pytester.makepyfile(
            """
            import boto3


            def test_it():
                boto3.client("sqs")


            class Gone:
                def __eq__(self, other):
                    raise LookupError


            def test_where_a_name_is_taken():
                service_name = Gone()
                boto3.client("sqs")
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=2)
        ran.stdout.fnmatch_lines(["E *NoRegionError: You must specify a region."])
        ran.stdout.no_fnmatch_line("*hint:*")

    def test_of_aiobotocore_has_one_too(self, pytester):
        pytest.importorskip("aiobotocore.session")
        pytester.makepyfile(
            """
            import asyncio

            from aiobotocore.session import get_session


            def test_it():
                async def main():
                    async with get_session().create_client("secretsmanager"):
                        pass

                asyncio.run(main())
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=1)
        assert "\n".join(ran.outlines).count(HINT_IN_A_TEST) == 1

    def test_has_it_in_its_text_where_errors_take_no_notes(self):
        class NoRegionError(Exception):
            @property
            def add_note(self):
                raise AttributeError("add_note")

        error = NoRegionError("You must specify a region.")
        try:
            service_name = "secretsmanager"
            raise error
        except NoRegionError:
            failure_hints._add_hint(error)
            failure_hints._add_hint(error)

        assert str(error) == f"You must specify a region.\n{HINT}"
        assert service_name

    @pytest.mark.long
    def test_a_call_without_keys_has_another_hint(self, pytester, bare):
        bare.setenv("AWS_DEFAULT_REGION", "us-east-1")
        bare.setenv("AWS_EC2_METADATA_DISABLED", "true")
        pytester.makepyfile(
            """
            import boto3
            import pytest


            def call():
                boto3.session.Session().client("secretsmanager").list_secrets()


            def test_it():
                call()


            @pytest.fixture
            def called():
                call()


            def test_with_a_fixture(called):
                pass
            """,
            test_imported="import test_a_call_without_keys_has_another_hint as module\n\nmodule.call()\n",
        )

        ran = pytester.runpytest("--continue-on-collection-errors")

        ran.assert_outcomes(failed=1, errors=2)
        lines = [line.removeprefix("E").strip() for line in ran.outlines]
        hints = {
            line: lines[place - 1] for place, line in enumerate(lines) if line.startswith("hint: This call")
        }
        error = "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
        assert hints == dict.fromkeys(
            [
                "hint: This call was made while a module was imported, when no fake was active. Make it in a function, "
                "and request the fixture fakesecrets in the test that calls it.",
                "hint: This call was made while no fake was active. Request fakesecrets in the fixture that makes it; in "
                "a fixture of a wider scope, write 'with FakeSecrets() as fake:' around it.",
                "hint: This call was made while no fake was active. Request the fixture fakesecrets, or "
                "fakesecrets_client, where it is made.",
            ],
            error,
        )


class TestCallsWithoutAFake:
    @pytest.fixture(autouse=True)
    def _endpoint(self, bare):
        """An endpoint at which nothing listens."""
        variables = {
            "AWS_ENDPOINT_URL": "http://user:password@127.0.0.1:9/path",
            "AWS_ACCESS_KEY_ID": "mine",
            "AWS_SECRET_ACCESS_KEY": "mine",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }
        for name, value in variables.items():
            bare.setenv(name, value)
        bare.setattr(boto3, "DEFAULT_SESSION", None)

    CALLING = """
        import boto3
        import pytest
        from botocore.exceptions import BotoCoreError

        from pytest_fakesecrets import FakeSecretsError


        def call(*operations):
            client = boto3.client("secretsmanager")
            for operation in operations:
                try:
                    client._make_api_call(operation, {"SecretId": "db"} if "Get" in operation else {})
                except (BotoCoreError, FakeSecretsError):
                    pass
        """

    def test_a_network_failure_has_a_hint_about_the_forgotten_fixture(self, pytester):
        pytester.makepyfile(
            """
            import boto3


            def test_it():
                boto3.client("secretsmanager").list_secrets()


            def test_of_another_error():
                raise LookupError


            def test_of_another_service():
                boto3.client("sts").get_caller_identity()
            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(failed=3)
        ran.stdout.fnmatch_lines(
            [
                "E *EndpointConnectionError: *",
                "E *hint: This call was made while no fake was active. Request *",
            ],
            consecutive=True,
        )
        assert "\n".join(ran.outlines).count("hint:") == 1

    #: The name of a test, and what its report says.
    SECTIONS: ClassVar = {
        "test_a_failed_one": [
            "- GetSecretValue, 2 times, left this process for http://127.0.0.1:9",
            "- ListSecrets, 1 time, left this process for http://127.0.0.1:9",
        ],
        "test_after_a_passed_one": ["- ListSecrets, 1 time, left this process for http://127.0.0.1:9"],
        "test_with_a_fixture": [
            "- ListSecrets, 1 time, left this process for http://127.0.0.1:9",
            "- GetSecretValue, 1 time, left this process for http://127.0.0.1:9",
        ],
        "test_torn_down": ["- ListSecrets, 2 times, left this process for http://127.0.0.1:9"],
        "test_set_up": ["- ListSecrets, 1 time, left this process for http://127.0.0.1:9"],
        "test_before_its_fake": ["- ListSecrets, 1 time, left this process for http://127.0.0.1:9"],
        "TestCase.test_of_unittest": ["- ListSecrets, 1 time, left this process for http://127.0.0.1:9"],
    }

    TESTS = """

        @pytest.fixture
        def calling():
            call("ListSecrets")

        @pytest.fixture
        def failing(calling):
            raise LookupError

        @pytest.fixture
        def unfinished(calling):
            yield
            call("ListSecrets")
            raise LookupError

        def test_a_failed_one():
            call("GetSecretValue", "ListSecrets", "GetSecretValue")
            assert False

        def test_a_passed_one():
            call("GetSecretValue", "DescribeSecret")

        def test_after_a_passed_one():
            call("ListSecrets")
            assert False

        def test_with_a_fixture(calling):
            call("GetSecretValue")
            assert False

        def test_torn_down(unfinished):
            pass

        def test_set_up(failing):
            pass

        def test_before_its_fake(calling, fakesecrets):
            call("GetRandomPassword")
            assert False

        def test_without_a_call():
            assert False

        class TestCase(unittest.TestCase):
            def test_of_unittest(self):
                call("ListSecrets")
                assert False
        """

    @staticmethod
    def sections(ran):
        """From the name of each test whose report says which calls left, to the lines about them."""
        sections, name, lines = {}, None, None
        for line in ran.outlines:
            if line.startswith("___"):
                name, lines = line.strip("_ ").rpartition(" of ")[2].removeprefix("ERROR at setup of "), None
            elif line == "While no fake was active, these secretsmanager calls were made:":
                lines = sections.setdefault(name, [])
            elif lines is not None and line.startswith("- "):
                lines.append(line)
        return sections

    def test_are_in_the_report_of_a_test_that_failed(self, pytester):
        pytester.makepyfile(
            self.CALLING.replace("import boto3", "import unittest\n\n        import boto3") + self.TESTS
        )

        ran = pytester.runpytest("-p", "no:randomly")

        assert self.sections(ran) == self.SECTIONS
        ran.stdout.fnmatch_lines(
            [
                *self.SECTIONS["test_a_failed_one"],
                "Request the fixture fakesecrets, or fakesecrets_client, where they are made. "
                "The ini option fakesecrets_guard = true rejects them.",
            ],
            consecutive=True,
        )

    @pytest.mark.long
    def test_are_in_the_report_of_a_worker(self, pytester, bare):
        pytest.importorskip("xdist")
        bare.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(
            test_calls=self.CALLING
            + "\n\n        def test_it():\n            call('ListSecrets')\n            assert False",
            test_import=self.CALLING + "\n\n        call('GetSecretValue')\n        raise LookupError",
        )

        ran = pytester.runpytest_subprocess(
            "-p", "xdist", "-p", "fakesecrets", "-n", "1", "--continue-on-collection-errors"
        )

        assert self.sections(ran) == {
            "ERROR collecting test_import.py": [
                "- GetSecretValue, 1 time, left this process for http://127.0.0.1:9"
            ],
            "test_it": ["- ListSecrets, 1 time, left this process for http://127.0.0.1:9"],
        }

    def test_are_in_the_report_of_a_module_that_failed_to_be_imported(self, pytester):
        pytester.makepyfile(
            test_1=self.CALLING + "\n\n        call('ListSecrets')",
            test_2=self.CALLING + "\n\n        call('GetSecretValue')\n        raise LookupError",
            test_3="raise LookupError",
        )

        ran = pytester.runpytest()

        assert self.sections(ran) == {
            "ERROR collecting test_2.py": [
                "- GetSecretValue, 1 time, left this process for http://127.0.0.1:9"
            ]
        }

    def test_have_left_where_the_network_has_answered_them(self, pytester, bare):
        pytest.importorskip("aiobotocore.session")
        pytester.makepyfile(
            """
            import asyncio

            import boto3
            from aiobotocore.session import get_session


            async def list_secrets():
                async with get_session().create_client("secretsmanager") as client:
                    await client.list_secrets()


            def test_it():
                boto3.client("secretsmanager").list_secrets()
                asyncio.run(list_secrets())
                assert False
            """
        )
        with listening() as url:
            bare.setenv("AWS_ENDPOINT_URL", url)
            ran = pytester.runpytest()

        assert self.sections(ran) == {"test_it": [f"- ListSecrets, 2 times, left this process for {url}"]}

    def test_are_in_the_report_where_the_guard_has_rejected_them(self, pytester):
        pytester.makepyfile(
            self.CALLING
            + "\n\n        def test_it():\n            call('ListSecrets')\n            assert False"
        )

        ran = pytester.runpytest("-o", "fakesecrets_guard=true")

        assert self.sections(ran) == {"test_it": ["- ListSecrets, 1 time, rejected by fakesecrets_guard"]}

    def test_are_counted_up_to_a_thousand(self, pytester):
        pytester.makepyfile(
            self.CALLING
            + "\n\n        def test_it():\n            call(*['ListSecrets'] * 1001)\n            assert False"
        )

        ran = pytester.runpytest("-o", "fakesecrets_guard=true")

        assert self.sections(ran) == {
            "test_it": [
                "- ListSecrets, 1000 times, rejected by fakesecrets_guard",
                "- and calls before these 1000",
            ]
        }

    @pytest.mark.long
    def test_have_not_left_where_a_stub_answers_or_nothing_is_sent(self, pytester):
        pytest.importorskip("moto")
        pytester.makepyfile(
            """
            import boto3
            import pytest
            from botocore.awsrequest import AWSResponse
            from botocore.exceptions import NoCredentialsError
            from botocore.stub import Stubber
            from moto import mock_aws


            @pytest.fixture
            def client():
                return boto3.session.Session().client("secretsmanager", endpoint_url=None)


            def test_of_moto(monkeypatch):
                monkeypatch.delenv("AWS_ENDPOINT_URL")
                with mock_aws():
                    boto3.session.Session().client("secretsmanager").list_secrets()
                assert False


            def test_of_botocore(client):
                with Stubber(client) as stubber:
                    stubber.add_response("list_secrets", {})
                    client.list_secrets()
                assert False


            def test_of_a_handler_for_before_call(client):
                answer = AWSResponse("", 200, {}, None), {}
                client.meta.events.register("before-call", lambda **_: answer)
                client.list_secrets()
                assert False


            def test_of_a_handler_for_before_send(client):
                class Raw:
                    def stream(self, **_):
                        yield b"{}"

                client.meta.events.register("before-send", lambda **_: AWSResponse("", 200, {}, Raw()))
                client.list_secrets()
                assert False


            def test_without_keys(monkeypatch):
                monkeypatch.delenv("AWS_ACCESS_KEY_ID")
                client = boto3.session.Session().client("secretsmanager")
                with pytest.raises(NoCredentialsError):
                    client.list_secrets()
                assert False
            """
        )

        ran = pytester.runpytest()

        ran.assert_outcomes(failed=5)
        assert self.sections(ran) == {}


STORY = [
    "E         version  labels       value  created (UTC)            id",
    "E         v1       AWSPREVIOUS  yes    2030-01-31 16:00:00.000  11111111111111111111111111111111",
    "E         v2       AWSCURRENT   yes    2030-01-31 16:01:00.000  22222222222222222222222222222222",
    "E         moved at (UTC)           move",
    "E         2030-01-31 16:00:00.000  AWSCURRENT -> v1 by CreateSecret",
    "E         2030-01-31 16:01:00.000  AWSCURRENT v1 -> v2 by PutSecretValue",
    "E         2030-01-31 16:01:00.000  AWSPREVIOUS -> v1 by PutSecretValue",
    "",
]


#: What is asserted, and what the report says about it.
EXPLAINED = {
    'db.staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}': [
        "E       assert db: staging is not what was expected",
        "E         - AWSCURRENT: expected on v1, is on v2; "
        "AWSCURRENT v1 -> v2 by PutSecretValue at 2030-01-31 16:01:00.000",
        "E         - AWSPENDING: expected on v2, was never attached",
        "E         - AWSPREVIOUS: not expected, is on v1; "
        "AWSPREVIOUS -> v1 by PutSecretValue at 2030-01-31 16:01:00.000",
    ],
    '{"v2": {"AWSCURRENT"}} == db.staging': [
        "E       assert db: staging is not what was expected",
        "E         - AWSPREVIOUS: not expected, is on v1; "
        "AWSPREVIOUS -> v1 by PutSecretValue at 2030-01-31 16:01:00.000",
    ],
    "db.staging == None": [
        "E       assert db: staging is not what was expected",
        "E         None is not a mapping, so staging cannot be equal to it",
    ],
    'db.labels == {"AWSCURRENT": "1" * 32, "AWSPREVIOUS": "2" * 32}': [
        "E       assert db: labels is not what was expected",
        "E         - AWSCURRENT: expected on v1, is on v2; "
        "AWSCURRENT v1 -> v2 by PutSecretValue at 2030-01-31 16:01:00.000",
        "E         - AWSPREVIOUS: expected on v2, is on v1; "
        "AWSPREVIOUS -> v1 by PutSecretValue at 2030-01-31 16:01:00.000",
    ],
    'db.transitions == ["AWSCURRENT -> v1 by CreateSecret", "AWSPENDING -> v2 by PutSecretValue"]': [
        "E       assert db: the moves of its labels are not what was expected",
        "E         - move 2: expected AWSPENDING -> v2 by PutSecretValue",
        "E                   happened AWSCURRENT v1 -> v2 by PutSecretValue",
    ],
    'db.transitions == ["AWSCURRENT -> v1 by CreateSecret"]': [
        "E       assert db: the moves of its labels are not what was expected",
        "E         - move 2: nothing more was expected, happened AWSCURRENT v1 -> v2 by PutSecretValue",
    ],
    'db.transitions == [*map(str, db.transitions), "AWSPENDING -> v2 by RotateSecret"]': [
        "E       assert db: the moves of its labels are not what was expected",
        "E         - move 4: expected AWSPENDING -> v2 by RotateSecret, and nothing more happened",
    ],
}

#: Assertions that hold.
HOLDING = [
    'db.staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT"}}',
    'db.staging != {"v1": {"AWSPREVIOUS"}}',
    'db.labels == {"AWSCURRENT": "2" * 32, "AWSPREVIOUS": "1" * 32}',
    'db.transitions == ["AWSCURRENT -> v1 by CreateSecret", '
    '"AWSCURRENT v1 -> v2 by PutSecretValue", "AWSPREVIOUS -> v1 by PutSecretValue"]',
    "db.transitions[:1] == db.transitions[:1]",
]


def asserting(*assertions):
    """A test for each assertion, about the secret of FIXTURES."""
    return "\n\n".join(
        f"def test_{number}(db):\n    assert {asserted}" for number, asserted in enumerate(assertions)
    )


class TestExplanation:
    def test_says_what_was_expected_and_which_call_did_otherwise(self, pytester):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile(asserting(*EXPLAINED))

        ran = pytester.runpytest("-vv", "-p", "no:randomly")

        ran.assert_outcomes(failed=len(EXPLAINED))
        reports = re.split(r"^_{3,} test_\d+ _{3,}$", "\n".join(ran.outlines), flags=re.MULTILINE)[1:]
        explained = {}
        for (asserted, lines), report in zip(EXPLAINED.items(), reports, strict=True):
            _, _, explanation = report.partition(f">       assert {asserted}\n")
            explained[asserted] = explanation.splitlines()[: len(lines) + len(STORY)]
        assert explained == {asserted: [*lines, *STORY] for asserted, lines in EXPLAINED.items()}

    def test_is_not_needed_where_an_assertion_holds(self, pytester):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile(asserting(*HOLDING))

        pytester.runpytest("-vv").assert_outcomes(passed=len(HOLDING))

    def test_of_what_is_not_ours_is_that_of_pytest(self, pytester):
        pytester.makeconftest(FIXTURES)
        pytester.makepyfile(asserting('{"a": 1} == {"a": 2}', "(1,) == (2,)"))

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(failed=2)
        ran.stdout.fnmatch_lines(
            ["E       AssertionError: assert {'a': 1} == {'a': 2}", "E       assert (1,) == (2,)"]
        )


class TestBesideOtherPlugins:
    @pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
    def test_pytest_randomly_changes_nothing(self, pytester, seed):
        pytest.importorskip("pytest_randomly")
        pytester.makepyfile(
            f"""
            import pytest


            @pytest.mark.parametrize("number", range(5))
            def test_it(fakesecrets_client, number):
                assert fakesecrets_client.create_secret(Name="db", SecretString="value")["ARN"] == "{ARN}"
                assert fakesecrets_client.get_random_password(PasswordLength=8)["RandomPassword"] == "M:C.c0[z"
            """
        )

        ran = pytester.runpytest(f"--randomly-seed={seed}")

        ran.assert_outcomes(passed=5)
        ran.stdout.fnmatch_lines([f"Using --randomly-seed={seed}"])

    @pytest.mark.long
    def test_no_warning_comes_from_us(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(
            """
            import boto3


            def rotate(event, context):
                client = boto3.client("secretsmanager")
                if event["Step"] == "createSecret":
                    client.put_secret_value(
                        SecretId="db",
                        SecretString="new",
                        ClientRequestToken=event["ClientRequestToken"],
                        VersionStages=["AWSPENDING"],
                    )
                if event["Step"] == "finishSecret":
                    versions = client.describe_secret(SecretId="db")["VersionIdsToStages"]
                    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
                    client.update_secret_version_stage(
                        SecretId="db",
                        VersionStage="AWSCURRENT",
                        MoveToVersionId=event["ClientRequestToken"],
                        RemoveFromVersionId=current,
                    )


            def test_it(fakesecrets, fakesecrets_client, fakesecrets_clock, fakesecrets_rotation):
                fakesecrets_clock.move_to("2030-01-31")
                fakesecrets_client.create_secret(Name="db", SecretString="old")
                fakesecrets_client.rotate_secret(
                    SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(rotate)
                )
                fakesecrets_rotation.run()
                assert fakesecrets.secret("db").value() == "new"
            """
        )

        ran = pytester.runpytest_subprocess("-p", "fakesecrets", "-W", "error")

        ran.assert_outcomes(passed=1, warnings=0)

    @pytest.mark.parametrize(
        ("moto_first", "wire"),
        [
            pytest.param(True, False, id="inside of moto, before-call"),
            pytest.param(True, True, marks=pytest.mark.long, id="inside of moto, before-send"),
            pytest.param(False, False, marks=pytest.mark.long, id="around moto, before-call"),
            pytest.param(False, True, marks=pytest.mark.long, id="around moto, before-send"),
        ],
    )
    def test_moto_keeps_the_other_services(self, bare, moto_first, wire):
        moto = pytest.importorskip("moto")
        bare.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        before = aws_variables()
        fake = FakeSecrets()
        outer, inner = (moto.mock_aws(), fake) if moto_first else (fake, moto.mock_aws())

        with outer, inner:
            session = boto3.session.Session(region_name="us-east-1")
            session.client("secretsmanager").create_secret(Name="db", SecretString="value")
            queues = session.client("sqs")
            queues.create_queue(QueueName="jobs")
            buckets = session.client("s3")
            buckets.create_bucket(Bucket="backups")

            assert fake.secret("db").value() == "value"
            assert queues.list_queues()["QueueUrls"] == [
                "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
            ]
            assert [bucket["Name"] for bucket in buckets.list_buckets()["Buckets"]] == ["backups"]
        assert aws_variables() == before

    @pytest.mark.long
    def test_moto_answers_secrets_manager_again_once_the_fake_is_left(self, bare):
        moto = pytest.importorskip("moto")

        with moto.mock_aws():
            client = boto3.session.Session(region_name="us-east-1").client("secretsmanager")
            client.create_secret(Name="of-moto", SecretString="value")
            with FakeSecrets(), rejected("ResourceNotFoundException"):
                client.describe_secret(SecretId="of-moto")
            assert client.describe_secret(SecretId="of-moto")["Name"] == "of-moto"
            with pytest.raises(ClientError):
                client.describe_secret(SecretId="db")
