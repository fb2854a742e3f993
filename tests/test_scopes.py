"""A fake as a context manager: in other scopes, in examples of Hypothesis, in unittest, and without pytest."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime, timezone

import boto3
import freezegun
import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import rejected

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake import assertion_messages
from pytest_fakesecrets._transport import state

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (boto3, freezegun, assertion_messages, RotationFailedWarning)

#: The fixture of the guide examples/test_suites, with an empty fake.
LINES = """
import pytest
from pytest_fakesecrets import FakeSecrets


@pytest.fixture(scope="module")
def fake():
    with FakeSecrets() as fake:
        yield fake
"""

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-vcLwJt"

#: Adds a secret, and records how many were there before.
COUNTS = """
def count(fake, record):
    record("found", len(fake.client().list_secrets()["SecretList"]))
    fake.client().create_secret(Name=f"secret-{len(fake.history)}", SecretString="value")
"""

#: The scopes beside that of a class.
LONG_SCOPES = [pytest.param(scope, marks=pytest.mark.long) for scope in ("module", "package", "session")]

IN_ORDER = ("-p", "no:randomly", "-p", "no:cacheprovider")


def lines(scope):
    """The fixture with another scope."""
    assert LINES.count('"module"') == 1
    return LINES.replace('"module"', f'"{scope}"')


def recorded(pytester, name):
    """What the tests of a run have recorded under a name, in their order. All of them have passed."""
    reports = pytester.inline_run(*IN_ORDER).getreports("pytest_runtest_logreport")
    assert [report.longreprtext for report in reports if not report.passed] == []
    return [dict(report.user_properties)[name] for report in reports if report.when == "call"]


def environment():
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def two_packages(pytester):
    """Five tests: two in a class, one in another, one in another module, one in another package."""
    for package in ("first", "second"):
        pytester.mkpydir(package)
    test = "def {0}(self, fake, record_property): count(fake, record_property)".format
    outside = "def {0}(fake, record_property): count(fake, record_property)".format
    pytester.path.joinpath("first", "test_one.py").write_text(
        f"{COUNTS}\nclass TestOne:\n    {test('test_a')}\n    {test('test_b')}\n"
        f"\nclass TestTwo:\n    {test('test_c')}\n"
    )
    pytester.path.joinpath("first", "test_two.py").write_text(f"{COUNTS}\n{outside('test_d')}\n")
    pytester.path.joinpath("second", "test_three.py").write_text(f"{COUNTS}\n{outside('test_e')}\n")
    return pytester


class TestReadmeLines:
    def test_are_four_in_two_statements(self):
        _, _, body = LINES.partition("\n\n\n")

        assert len(body.splitlines()) == 4

    @pytest.mark.parametrize(
        ("scope", "found"),
        [
            pytest.param("class", [0, 1, 0, 0, 0], id="class"),
            pytest.param("module", [0, 1, 2, 0, 0], marks=pytest.mark.long, id="module"),
            pytest.param("session", [0, 1, 2, 3, 4], marks=pytest.mark.long, id="session"),
        ],
    )
    def test_give_the_tests_of_a_scope_the_same_secrets(self, two_packages, scope, found):
        two_packages.makeconftest(lines(scope))

        assert recorded(two_packages, "found") == found

    def test_give_the_tests_of_a_package_the_same_secrets(self, two_packages):
        for package in ("first", "second"):
            two_packages.path.joinpath(package, "conftest.py").write_text(lines("package"))

        assert recorded(two_packages, "found") == [0, 1, 2, 3, 0]

    @pytest.mark.parametrize("scope", ["class", *LONG_SCOPES])
    def test_leave_the_process_as_it_was(self, pytester, scope, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
        monkeypatch.setenv("AWS_PROFILE", "production")
        before = environment()
        pytester.makeconftest(lines(scope))
        pytester.makepyfile(
            """
            import os


            class TestIt:
                def test_inside(self, fake):
                    assert fake.is_active
                    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
                    assert "AWS_PROFILE" not in os.environ
                    fake.clock.move_to("2030-01-31")
            """
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=1)

        assert state.active is None
        assert environment() == before
        assert datetime.now(timezone.utc).isoformat()[:10] != "2030-01-31"

    def test_end_before_the_next_scope_begins(self, pytester):
        pytester.makeconftest(lines("module"))
        pytester.makepyfile(
            test_one="def test_inside(fake): fake.clock.move_to('2001-01-31')",
            test_two="""
            import os
            from datetime import datetime

            from pytest_fakesecrets._transport import state


            def test_between():
                assert state.active is None
                assert os.environ.get("AWS_ACCESS_KEY_ID") != "testing"
                assert datetime.now().year > 2001


            def test_with_the_fixture_of_the_plugin(fakesecrets):
                assert fakesecrets.history == ()
            """,
            test_zero="def test_again(fake): assert fake.history == ()",
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=4)

    def test_end_when_a_test_of_the_scope_interrupts(self, pytester):
        before = environment()
        pytester.makepyfile(LINES + "\n\ndef test_it(fake): raise KeyboardInterrupt")

        ran = pytester.runpytest(*IN_ORDER, no_reraise_ctrlc=True)

        ran.stdout.fnmatch_lines(["*.py:*: KeyboardInterrupt"])
        assert state.active is None
        assert environment() == before


class TestBesideTheFixture:
    @pytest.mark.parametrize("scope", ["class", *LONG_SCOPES])
    def test_is_rejected_with_a_message_and_the_scope_goes_on(self, pytester, scope):
        pytester.makepyfile(
            lines(scope)
            + """

class TestIt:
    def test_before(self, fake):
        fake.client().create_secret(Name="db", SecretString="value")

    def test_both(self, fake, fakesecrets):
        raise AssertionError("not reached")

    def test_after(self, fake):
        assert fake.secret("db").value() == "value"
"""
        )

        ran = pytester.runpytest(*IN_ORDER, "--tb=short")

        ran.assert_outcomes(passed=2, errors=1)
        errors = [line for line in ran.outlines if line.startswith("E  ")]
        assert [re.sub(r"\btest_\w+\.py:\d+", "PLACE", line) for line in errors] == [
            "E   pytest_fakesecrets.FakeSecretsError: A fake is already active in this process. Use it: its clock, client() "
            "and drive() are what the fixtures fakesecrets_clock, fakesecrets_client and fakesecrets_rotation give. Or exit it "
            "before you enter another one; reset() empties it. It was entered at PLACE in fake."
        ]
        ran.stdout.fnmatch_lines(["*_ ERROR at setup of TestIt.test_both _*"])
        ran.stdout.no_fnmatch_line("*not reached*")


@pytest.fixture
def shared():
    """What the README's lines give."""
    with FakeSecrets() as fake:
        yield fake


class TestReset:
    def test_between_tests_gives_each_an_empty_fake(self, pytester):
        pytester.makepyfile(
            LINES
            + f"""

@pytest.fixture(autouse=True)
def empty(fake):
    yield
    fake.reset()


def nothing(event, context): pass


@pytest.mark.parametrize("number", range(3))
@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
def test_it(fake, number):
    assert (fake.history, fake.rotations(), fake.timeline()) == ((), (), "Nothing has happened yet.")
    assert fake.assume().retry_delays != ()
    assert fake.client().list_secrets()["SecretList"] == []
    created = fake.client().create_secret(Name="db", SecretString="value")
    assert created["ARN"] == {ARN!r}
    assert fake.add_rotation_function(nothing).endswith(":function:nothing")
    fake.assume(retry_delays=())
    assert fake.rotate("db", nothing).status == "failed"
"""
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=3)

    def test_forgets_the_rotation_functions(self, shared):
        function = shared.add_rotation_function(print, name="rotate")

        shared.reset()

        shared.client().create_secret(Name="db", SecretString="value")
        with rejected("AccessDeniedException"):
            shared.client().rotate_secret(SecretId="db", RotationLambdaARN=function)

    def test_empties_the_fake_for_a_client_of_the_scope(self, shared):
        client = shared.client()
        client.create_secret(Name="db", SecretString="value")

        shared.reset()

        assert client.list_secrets()["SecretList"] == []

    def test_lets_no_retry_of_the_test_before_come_due(self, shared):
        called = []

        def fails(event, context):
            called.append(event["Step"])
            raise LookupError

        shared.clock.move_to("2030-01-31 16:00")
        shared.client().create_secret(Name="db", SecretString="value")
        with pytest.warns(RotationFailedWarning):
            shared.rotate("db", fails)

        shared.reset()
        shared.clock.tick(24 * 60 * 60)

        assert called == ["createSecret"]

    def test_leaves_the_driver_and_the_clock_where_they_are(self, shared):
        driver = shared.drive()
        shared.clock.move_to("2030-01-31 16:00")

        shared.reset()

        client = shared.client()
        client.create_secret(Name="db", SecretString="value")
        client.rotate_secret(SecretId="db", RotationLambdaARN=shared.add_rotation_function(print))
        assert [rotation.status for rotation in driver.pending] == ["in progress"]
        assert f"{shared.clock.now:%Y-%m-%d %H:%M}" == "2030-01-31 16:00"


class TestDriverAndClock:
    def test_a_rotation_that_one_test_began_waits_for_the_next(self, pytester):
        pytester.makepyfile(
            LINES
            + """

def nothing(event, context): pass


@pytest.fixture(scope="module")
def driver(fake):
    return fake.drive()


def test_begins(fake, driver):
    fake.client().create_secret(Name="db", SecretString="value")
    fake.client().rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(nothing))
    assert driver.step().name == "createSecret"


def test_goes_on(fake, driver):
    assert driver.step().name == "setSecret"
    assert fake.drive().step().name == "testSecret"


def test_finds_what_is_left(driver):
    assert [rotation.next_step for rotation in driver.pending] == ["finishSecret"]
"""
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=3)

    def test_a_clock_that_one_test_froze_stands_still_until_the_scope_ends(self, pytester):
        pytester.makepyfile(
            test_one=LINES
            + """
from datetime import datetime


def test_freezes(fake):
    fake.clock.move_to("2030-01-31 16:00")


def test_that_asks_for_the_fake_sees_it(fake):
    assert fake.clock.is_frozen
    assert f"{datetime.utcnow():%Y-%m-%d %H:%M:%S}" == "2030-01-31 16:00:00"
    fake.clock.tick(60)


def test_that_asks_for_nothing_sees_it_too():
    assert f"{datetime.utcnow():%Y-%m-%d %H:%M:%S}" == "2030-01-31 16:01:00"


def test_stops_it(fake):
    fake.clock.stop()


def test_after_it_was_stopped_sees_the_time_run(fake):
    assert not fake.clock.is_frozen
    assert datetime.now().year != 2030
    fake.clock.move_to("2030-01-31 16:00")
""",
            test_two="""
            from datetime import datetime


            def test_in_the_next_module_sees_the_time_run():
                assert datetime.now().year != 2030
            """,
        )

        pytester.runpytest(*IN_ORDER, "-W", "ignore::DeprecationWarning").assert_outcomes(passed=6)

    def test_an_autouse_fixture_gives_each_test_the_time_back(self, pytester):
        pytester.makepyfile(
            LINES
            + """

@pytest.fixture(autouse=True)
def time_runs_again(fake):
    yield
    fake.clock.stop()


@pytest.mark.parametrize("number", range(2))
def test_it(fake, number):
    assert not fake.clock.is_frozen
    fake.clock.move_to("2030-01-31")
"""
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=2)

    def test_a_schedule_comes_due_in_whichever_test_moves_the_clock(self, pytester):
        pytester.makepyfile(
            LINES
            + """

called = []


def rotate(event, context):
    called.append(event["Step"])
    raise LookupError


def test_schedules(fake):
    fake.clock.move_to("2030-01-02")
    fake.assume(retry_delays=())
    fake.client().create_secret(Name="db", SecretString="value")
    fake.client().rotate_secret(
        SecretId="db",
        RotationLambdaARN=fake.add_rotation_function(lambda event, context: None),
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    fake.add_rotation_function(rotate, name=fake.rotations()[0].function_arn)


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
def test_moves(fake):
    fake.clock.tick(40 * 24 * 60 * 60)
    assert called == ["createSecret"]
    assert fake.rotations("db")[-1].scheduled_at is not None
"""
        )

        pytester.runpytest(*IN_ORDER).assert_outcomes(passed=2)


class TestHypothesis:
    def test_says_itself_that_a_fixture_of_a_test_is_shared_by_its_examples(self, pytester):
        pytester.makepyfile(
            """
            from hypothesis import given, settings, strategies as st


            @settings(database=None)
            @given(st.integers())
            def test_it(fakesecrets, number): pass
            """
        )

        ran = pytester.runpytest(*IN_ORDER)

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(
            [
                "E * hypothesis.errors.FailedHealthCheck: *test_it* uses a function-scoped fixture 'fakesecrets'.",
                "*HealthCheck.function_scoped_fixture*",
            ]
        )

    @given(st.text(min_size=1, max_size=20))
    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_with_the_fixture_and_a_reset_each_example_has_an_empty_fake(self, fakesecrets, value):
        fakesecrets.reset()

        created = fakesecrets.client().create_secret(Name="db", SecretString=value)

        assert created["ARN"] == ARN
        assert fakesecrets.secret("db").value() == value
        assert len(fakesecrets.history) == 3

    def test_without_a_reset_the_second_example_finds_the_secret_of_the_first(self, fakesecrets):
        found = []

        @given(st.integers())
        @settings(max_examples=3, deadline=None, derandomize=True, database=None)
        def example(number):
            found.append(len(fakesecrets.client().list_secrets()["SecretList"]))
            fakesecrets.client().create_secret(Name=f"db-{len(found)}", SecretString="value")

        example()

        assert found == [0, 1, 2]

    @pytest.mark.usefixtures("kept_clients")
    def test_shrinks_to_the_smallest_example_with_a_fake_for_each(self):
        before = environment()
        seen = []

        @given(st.integers(min_value=0, max_value=6))
        @settings(max_examples=20, deadline=None, derandomize=True, database=None)
        def example(number):
            with FakeSecrets() as fake:
                fake.clock.move_to("2030-01-31")
                created = fake.client().create_secret(Name="db", SecretString="value")
                seen.append((created["ARN"], number))
                if number >= 2:
                    raise LookupError

        with pytest.raises(LookupError):
            example()

        assert seen[-1] == (ARN, 2)
        assert {arn for arn, _ in seen} == {ARN}
        assert state.active is None
        assert environment() == before
        assert datetime.now(timezone.utc).year != 2030


#: Under unittest and under pytest, each in the ways that unittest has.
UNITTEST = f"""
import os
import sys
import unittest

import boto3

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._transport import state

BEFORE = dict(os.environ)


class Base:
    def test_first(self):
        self.create()

    def test_second(self):
        self.create()

    def create(self):
        created = boto3.client("secretsmanager").create_secret(Name="db", SecretString="value")
        self.assertEqual(created["ARN"], "{ARN}")
        self.assertEqual(self.fake.secret("db").value(), "value")
        self.fake.clock.move_to("2030-01-31")


class WithCleanup(Base, unittest.TestCase):
    def setUp(self):
        self.fake = FakeSecrets()
        self.fake.__enter__()
        self.addCleanup(self.fake.__exit__, None, None, None)


class WithEnterContext(Base, unittest.TestCase):
    def setUp(self):
        if sys.version_info < (3, 11):
            self.skipTest("unittest has no enterContext yet")
        self.fake = self.enterContext(FakeSecrets())


class WithTearDown(Base, unittest.TestCase):
    def setUp(self):
        self.fake = FakeSecrets().__enter__()

    def tearDown(self):
        self.fake.__exit__(None, None, None)


class OfTheClass(Base, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fake = FakeSecrets()
        cls.fake.__enter__()
        cls.addClassCleanup(cls.fake.__exit__, None, None, None)

    def setUp(self):
        self.fake.reset()


class OfATask(Base, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fake = FakeSecrets()
        self.fake.__enter__()
        self.addCleanup(self.fake.__exit__, None, None, None)

    async def test_in_a_coroutine(self):
        self.create()


class ZNothingIsLeft(unittest.TestCase):
    def test_it(self):
        self.assertIsNone(state.active)
        left = {{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}}
        before = {{name: value for name, value in BEFORE.items() if name != "PYTEST_CURRENT_TEST"}}
        self.assertEqual(left, before)
"""


def run(*arguments, cwd):
    """Run a fresh interpreter, and expect that it ends well and says nothing but what is returned."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran


class TestUnittest:
    def test_cases_run_under_pytest(self, pytester):
        pytester.makepyfile(UNITTEST)

        outcomes = pytester.runpytest(*IN_ORDER).parseoutcomes()

        skipped = 0 if sys.version_info >= (3, 11) else 2
        assert (outcomes["passed"], outcomes.get("skipped", 0)) == (12 - skipped, skipped)
        assert set(outcomes) <= {"passed", "skipped", "warnings"}

    @pytest.mark.long
    def test_cases_run_under_unittest_without_an_import_of_pytest(self, tmp_path):
        teardown = """

def tearDownModule():
    assert "pytest" not in sys.modules
"""
        (tmp_path / "test_cases.py").write_text(UNITTEST + teardown, encoding="utf-8")

        ran = run("-m", "unittest", "test_cases", cwd=tmp_path)

        assert re.search(r"^Ran 12 tests in .*\n\nOK( \(skipped=2\))?$", ran.stderr, re.MULTILINE)


class TestWithoutPytest:
    @pytest.mark.long
    def test_a_script_uses_all_of_it_where_pytest_is_not_installed(self, tmp_path):
        (tmp_path / "script.py").write_text(
            """
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pytest", "_pytest", "pluggy", "hypothesis"):
            raise ModuleNotFoundError(f"{name} is blocked")


sys.meta_path.insert(0, Blocker())

import pytest_fakesecrets
from pytest_fakesecrets import FakeSecrets


def nothing(event, context):
    pass


for name in {*pytest_fakesecrets.__all__} - {"RotationContract"}:  # a class of tests needs pytest
    getattr(pytest_fakesecrets, name)

with FakeSecrets() as fake:
    driver = fake.drive()
    fake.clock.move_to("2030-01-31 16:00")
    fake.client().create_secret(Name="db", SecretString="value")
    fake.client().rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(nothing))
    print(driver.step().name, "at", driver.step().end)
    print(fake.secret("db").transitions[0])
    try:
        driver.step("createSecret")
    except pytest_fakesecrets.FakeSecretsError as error:
        print(error)
    assert fake.secret("db").staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}

assert "pytest" not in sys.modules
""",
            encoding="utf-8",
        )

        ran = run("script.py", cwd=tmp_path)

        assert ran.stderr == ""
        assert ran.stdout.splitlines() == [
            "createSecret at 2030-01-31 16:00:00+00:00",
            "AWSCURRENT -> v1 by CreateSecret",
            f"The next step of {ARN} is testSecret, not createSecret: createSecret, setSecret has run.",
        ]


class TestExitStack:
    def test_a_fake_is_a_member_like_any_other(self):
        before = environment()

        with ExitStack() as stack:
            fake = stack.enter_context(FakeSecrets())
            assert fake.is_active

        assert not fake.is_active
        assert environment() == before

    def test_the_members_before_it_are_left_when_it_cannot_be_entered(self, shared):
        left = []

        def enter():
            with ExitStack() as stack:
                stack.callback(left.append, "the one before")
                stack.enter_context(FakeSecrets())

        with pytest.raises(
            FakeSecretsError, match=r"^A fake is already active.* It was entered at test_scopes\.py:\d+ in "
        ):
            enter()

        assert left == ["the one before"]
        assert shared.is_active

    def test_it_is_left_when_a_member_after_it_fails(self):
        def fails():
            raise LookupError

        stack = ExitStack()
        fake = stack.enter_context(FakeSecrets())
        stack.callback(fails)

        with pytest.raises(LookupError):
            stack.close()

        assert not fake.is_active

    def test_it_can_be_kept_beyond_the_block(self):
        with ExitStack() as stack:
            fake = stack.enter_context(FakeSecrets())
            kept = stack.pop_all()
        assert fake.is_active

        kept.close()
        assert not fake.is_active

    def test_a_fake_inside_of_a_frozen_time_of_freezegun_uses_that_time(self):
        with ExitStack() as stack:
            stack.enter_context(freeze_time("2030-01-31 16:00"))
            fake = stack.enter_context(FakeSecrets())

            assert f"{fake.clock.now:%Y-%m-%d %H:%M}" == "2030-01-31 16:00"
            assert not fake.clock.is_frozen


class TestAsync:
    def test_a_body_of_a_coroutine_keeps_its_fake_across_awaits(self):
        async def main():
            with FakeSecrets() as fake:
                client = fake.client()
                await asyncio.sleep(0)
                client.create_secret(Name="db", SecretString="value")
                await asyncio.to_thread(client.put_secret_value, SecretId="db", SecretString="new")
                return fake.secret("db").value(), fake.is_active

        assert asyncio.run(main()) == ("new", True)
        assert state.active is None

    def test_a_task_that_is_cancelled_leaves_its_fake(self):
        before = environment()

        async def waits(entered):
            with FakeSecrets() as fake:
                fake.clock.move_to("2030-01-31")
                entered.set()
                await asyncio.sleep(60)

        async def main():
            entered = asyncio.Event()
            task = asyncio.create_task(waits(entered))
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(asyncio.wait_for(main(), timeout=30))

        assert state.active is None
        assert environment() == before
        assert datetime.now(timezone.utc).year != 2030

    def test_two_tasks_cannot_have_one_each(self):
        async def works(entered):
            with FakeSecrets() as fake:
                entered.set()
                await asyncio.sleep(0)
                return fake.is_active

        async def main():
            entered = asyncio.Event()
            return await asyncio.gather(works(entered), works(entered), return_exceptions=True)

        first, second = asyncio.run(main())

        assert first is True
        assert isinstance(second, FakeSecretsError)
        assert state.active is None

    def test_two_tasks_share_the_one_that_is_there(self, shared):
        async def create(name):
            shared.client().create_secret(Name=name, SecretString="value")
            await asyncio.sleep(0)
            return [secret["Name"] for secret in shared.client().list_secrets()["SecretList"]]

        async def main():
            return await asyncio.gather(create("first"), create("second"))

        assert [sorted(names) for names in asyncio.run(main())] == [["first", "second"]] * 2

    def test_it_is_a_member_of_an_async_exit_stack(self):
        async def main():
            async with AsyncExitStack() as stack:
                fake = stack.enter_context(FakeSecrets())
                fake.client().create_secret(Name="db", SecretString="value")
                await asyncio.sleep(0)
            return fake

        fake = asyncio.run(main())

        assert not fake.is_active
        assert fake.secret("db").value() == "value"
