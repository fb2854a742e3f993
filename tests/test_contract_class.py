"""`RotationContract` as its users meet it: what it asks of a class, what it leaves out, and how it fails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from contract_class import CLASS, FUNCTION
from contract_class import contract_run as run

from pytest_fakesecrets import FakeSecretsError, RotationContract

SCENARIOS = [name for name in dir(RotationContract) if name.startswith("test_")]


class TestAClass:
    def test_has_a_test_for_each_scenario(self, pytester):
        ran = run(pytester, CLASS, "--collect-only", "-q")

        ran.stdout.fnmatch_lines_random([f"*TestMyFunction::{name}" for name in SCENARIOS])
        assert len(SCENARIOS) == 27

    def test_may_use_any_name_that_is_not_documented(self, pytester):
        source = (
            CLASS
            + """
    @pytest.fixture(autouse=True)
    def client(self):
        return "a client of the user"

    def handler(self):
        return "a helper of the user"

    trial = undisturbed = can_tell = check_succeeded = check_recovered = check_left_alone = check_unchanged = None
"""
        )

        run(pytester, source, "-k", "a_rotation_succeeds or delivered_twice or unknown").assert_outcomes(
            passed=4
        )

    def test_that_is_only_imported_is_no_test(self, pytester):
        run(pytester, "").assert_outcomes()

    @pytest.mark.parametrize(
        ("chosen", "passed"),
        [
            pytest.param(
                "succeeds or unknown or leaked or alternating or readers or late_target or token",
                5,
                id="some scenarios",
            ),
            pytest.param("", 23, id="all scenarios", marks=pytest.mark.long),
        ],
    )
    def test_passes_where_the_function_is_good_and_says_what_does_not_apply(self, pytester, chosen, passed):
        ran = run(pytester, CLASS, "-rs", "-k", chosen)

        ran.assert_outcomes(passed=passed, skipped=4)
        ran.stdout.fnmatch_lines_random(
            [
                "SKIPPED * The user stays the same, so the function does not alternate users.",
                "SKIPPED * The accepted values are not known: the class has no target and no accepts().",
                "SKIPPED * There is no CredentialTarget that could be late.",
                "SKIPPED * The function stores the value with the keys of the secret's own account, where AWS needs no *",
            ]
        )

    def test_may_name_its_function(self, pytester):
        pytester.makepyfile(my_function=FUNCTION)
        source = CLASS.replace("staticmethod(rotate)", '"my_function:rotate"')

        run(pytester, source, "-k", "a_rotation_succeeds or cold").assert_outcomes(passed=2)

    def test_may_give_a_plain_function_of_its_own(self, pytester):
        source = """
class TestMyFunction(RotationContract):
    secret_value = "old-password"

    @staticmethod
    def rotation_function(event, context):
        rotate(event, context)
"""
        run(pytester, source, "-k", "a_rotation_succeeds or cold").assert_outcomes(passed=2)

    def test_leaves_out_what_it_is_told_to_and_says_why(self, pytester):
        source = CLASS + '    without = {"test_an_unknown_step_is_refused": "there is one step more"}\n'

        ran = run(pytester, source, "-rs", "-k", "unknown")

        ran.assert_outcomes(passed=1, skipped=1)
        ran.stdout.fnmatch_lines(["SKIPPED * there is one step more"])

    @pytest.mark.parametrize(
        ("source", "told"),
        [
            pytest.param(
                CLASS + '    without = {"test_an_unknown_step_is_refuse": "typed in haste"}\n',
                "*FakeSecretsError: TestMyFunction.without has 'test_an_unknown_step_is_refuse'. Did you mean "
                "'test_an_unknown_step_is_refused'? The scenarios are:",
                id="a scenario that there is not",
            ),
            pytest.param(
                CLASS.replace("rotation_function", "function"),
                "*FakeSecretsError: TestMyFunction does not say what it tests. Give the class rotation_function = "
                "staticmethod(handler) or 'package.module:function', and secret_value = {...} or a string: *",
                id="no function",
            ),
            pytest.param(
                CLASS.replace('secret_value = "old-password"', "pass"),
                "*FakeSecretsError: TestMyFunction does not say what it tests. *",
                id="no value",
            ),
            pytest.param(
                CLASS + "    targets = None\n",
                "*FakeSecretsError: TestMyFunction has 'targets', which no contract knows. Is 'target' meant?",
                id="a misspelt attribute",
            ),
            pytest.param(
                CLASS + '    target = {"app": "old-password"}\n',
                "*FakeSecretsError: TestMyFunction.target is a CredentialTarget, not a dict.",
                id="a target that is none",
            ),
            pytest.param(
                CLASS + '    without = {"test_an_unknown_step_is_refused"}\n',
                "*FakeSecretsError: TestMyFunction.without is a dict of scenarios and reasons, not *",
                id="a set of scenarios",
            ),
            pytest.param(
                "import unittest\n"
                + CLASS.replace("(RotationContract)", "(RotationContract, unittest.TestCase)"),
                "*FakeSecretsError: TestMyFunction is for pytest: leave unittest.TestCase out.",
                id="unittest",
            ),
            pytest.param(
                CLASS + "    def accepts(self, value): return False\n",
                "*FakeSecretsError: secret_value of TestMyFunction is not accepted before any rotation. Bring the "
                "target there in prepare(), or mend accepts().",
                id="a value that does not log in",
            ),
            pytest.param(
                CLASS + '    target_calls = ("json:dump_it",)\n',
                "*FakeSecretsError: target_calls has 'json:dump_it', and there is no such function.",
                id="no such call",
            ),
        ],
    )
    def test_that_cannot_be_is_told_what_is_wrong(self, pytester, source, told):
        ran = run(pytester, source, "-k", "test_a_rotation_succeeds or nothing")

        ran.stdout.fnmatch_lines([told])

    def test_that_cannot_be_shows_no_frame_of_this_package(self, pytester):
        at_definition = run(pytester, CLASS + '    companions = "app/keytab"\n')
        in_a_scenario = run(
            pytester, CLASS + "    def accepts(self, value): return False\n", "-k", "a_rotation_succeeds"
        )

        for ran in (at_definition, in_a_scenario):
            ran.stdout.fnmatch_lines(["E  *FakeSecretsError: *"])
            ran.stdout.no_fnmatch_line("*pytest_fakesecrets/_*")
            ran.stdout.no_fnmatch_line("*contextlib*")

    def test_is_where_a_skipped_scenario_points(self, pytester):
        source = CLASS + '    without = {"test_an_unknown_step_is_refused": "there is one step more"}\n'
        of_the_user = """
    def prepare(self, fake):
        if "duplicate" in os.environ["PYTEST_CURRENT_TEST"]:
            pytest.skip("The user skips it.")
"""
        ran = run(
            pytester,
            "import os\n" + source + of_the_user,
            "-rs",
            "-k",
            "unknown or readers or late_target or duplicate",
        )

        lines = (FUNCTION + "import os\n" + source + of_the_user).strip().splitlines()
        where = "SKIPPED [[]1[]] *is_where_a_skipped_scenario_points.py"
        of_the_class = 1 + lines.index("class TestMyFunction(RotationContract):")
        ran.stdout.fnmatch_lines_random(
            [
                f"{where}:{of_the_class}: there is one step more",
                f"{where}:{of_the_class}: The accepted values are not known: *",
                f"{where}:{of_the_class}: There is no CredentialTarget that could be late.",
                f"{where}:{len(lines)}: The user skips it.",
            ]
        )

    def test_leaves_the_target_as_it_was(self, pytester):
        source = CLASS + (
            '    target = __import__("pytest_fakesecrets").CredentialTarget({"app": "old-password"})\n'
            "    def accepts(self, value): return True\n"
            "\n\ndef test_afterwards():\n"
            "    target = TestMyFunction.target\n"
            "    assert (target.is_down, target.applies_after.total_seconds()) == (False, 0)\n"
        )

        run(pytester, source, "-k", "leaked or late_target or afterwards").assert_outcomes(passed=3)

    def test_starts_cold_with_what_a_test_has_replaced(self, pytester):
        pytester.makepyfile(my_function=FUNCTION + "\n\ndef connect(): raise ConnectionError\n")
        source = """
import my_function
from pytest_fakesecrets import RotationContract

handler = my_function.rotate


def connected(event, context):
    my_function.connect()
    handler(event, context)


@pytest.fixture(autouse=True)
def replaced(monkeypatch):
    monkeypatch.setattr(my_function, "connect", lambda: None)


class TestMyFunction(RotationContract):
    rotation_function = staticmethod(connected)
    secret_value = "old-password"
"""

        run(pytester, source, "-k", "may_start_cold").assert_outcomes(passed=1)

    @pytest.mark.parametrize("kind", ["staticmethod", "classmethod", ""])
    def test_may_be_ended_after_methods_of_every_kind(self, pytester, kind):
        owner, call = ("cls", "Api().ping()") if kind == "classmethod" else ("", "Api().ping()")
        owner = "self" if not kind else owner
        source = (
            f"class Api:\n    {'@' + kind if kind else ''}\n    def ping({owner}): return 1\n\n"
            f"def create(client, arn, token, good=create):\n    {call}\n    good(client, arn, token)\n"
            + CLASS
            + '    target_calls = (f"{__name__}:Api.ping",)\n'
        )

        run(pytester, source, "-k", "a_rotation_succeeds or crash").assert_outcomes(passed=2)

    def test_calls_prepare_before_each_world(self, pytester):
        source = CLASS + (
            "    worlds = []\n"
            "    def prepare(self, fake):\n"
            "        fake.add_secret('master', 'master-password')\n"
            "        self.worlds.append(fake)\n"
            "    def accepts(self, value):\n"
            "        return len(self.worlds) > 0\n"
        )

        run(pytester, source, "-k", "a_rotation_succeeds or readers").assert_outcomes(passed=2)


class TestAFailure:
    def test_tells_the_story_and_what_to_do(self, pytester):
        ran = run(
            pytester,
            "def create(client, arn, token): put(client, arn, token)\n" + CLASS,
            "-k",
            "test_a_failure_after_any_step",
        )

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(
            [
                "E   AssertionError: not-recovered: Lambda killed the function at the end of createSecret (call 4 of 13), "
                "and the rotation failed in createSecret, attempt 4: ResourceExistsException: *",
                "    What to do: If the version of event['ClientRequestToken'] already has a value, keep that value.",
                "    ",
                "    What happened to 'app/db':",
                "      attempt 1",
                "        createSecret  DescribeSecret, GetRandomPassword, PutSecretValue",
                "                      raised FunctionCrashed: Lambda has killed the function here.; v1 AWSCURRENT, v2 AWSPENDING",
                "      attempt 2",
                "        createSecret  DescribeSecret, GetRandomPassword, PutSecretValue rejected (ResourceExistsException)",
            ],
            consecutive=True,
        )
        ran.stdout.fnmatch_lines(["    - pending-overwritten (createSecret, PutSecretValue): *"])

    def test_names_the_line_of_the_function(self, pytester):
        ran = run(
            pytester,
            "def create(client, arn, token):\n    raise KeyError('nowhere')\n" + CLASS,
            "-k",
            "test_a_rotation_succeeds",
        )

        ran.stdout.fnmatch_lines(
            [
                "*raised KeyError: 'nowhere' at test_names_the_line_of_the_function.py:* in create; v1 AWSCURRENT, *"
            ]
        )

    def test_comes_first_for_the_plain_rotation(self, pytester):
        ran = run(pytester, CLASS, "--collect-only", "-q")

        assert ran.outlines[0].endswith("::test_a_rotation_succeeds")

    def test_shows_no_line_of_ours_and_no_value(self, pytester):
        ran = run(
            pytester,
            "def put(client, arn, token):\n"
            "    client.put_secret_value(SecretId=arn, SecretString='a-new-password')\n"
            "    raise ValueError('a-new-password')\n" + CLASS,
            "-k",
            "test_a_rotation_succeeds",
        )

        ran.assert_outcomes(failed=1)
        ran.stdout.no_fnmatch_line("*a-new-password*in*")
        ran.stdout.no_fnmatch_line("*_scenarios*")
        ran.stdout.fnmatch_lines(["E   AssertionError: current-moved-early: *"])


@pytest.mark.parametrize(
    ("name", "delay", "told"),
    [
        ("timeout", 30, "A timeout has to be a timedelta above 0, not 30."),
        ("timeout", timedelta.max, "The timeout of a function on Lambda has to be a timedelta from "),
        ("timeout", timedelta(minutes=-1), "A timeout has to be a timedelta above 0, not "),
        ("propagation_delay", 5, "TestMine.propagation_delay has to be a timedelta from "),
        (
            "propagation_delay",
            timedelta(seconds=-1),
            "TestMine.propagation_delay has to be a timedelta from ",
        ),
        ("propagation_delay", timedelta.max, "TestMine.propagation_delay has to be a timedelta from "),
    ],
)
def test_a_delay_that_makes_no_sense_is_rejected_when_the_class_is_made(name, delay, told):
    with pytest.raises(FakeSecretsError) as raised:
        type("TestMine", (RotationContract,), {name: delay})

    assert str(raised.value).startswith(told)
