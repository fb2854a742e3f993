"""`RotationContract` as its users meet it: what it asks of a class, what it leaves out, and how it fails."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from contract_class import CLASS, FUNCTION, shared_runs
from contract_class import contract_run as run

from pytest_fakesecrets import FakeSecretsError, RotationContract

SCENARIOS = [name for name in dir(RotationContract) if name.startswith("test_")]

WITH_A_TARGET = (
    CLASS + '    target = __import__("pytest_fakesecrets").CredentialTarget({"app": "old-password"})\n'
)
CONNECTING = """
import my_connecting_function
from pytest_fakesecrets import RotationContract

handler = my_connecting_function.rotate


def connected(event, context):
    my_connecting_function.connect()
    handler(event, context)


@pytest.fixture(autouse=True)
def replaced(monkeypatch):
    monkeypatch.setattr(my_connecting_function, "connect", lambda: None)


class TestMyFunction(RotationContract):
    rotation_function = staticmethod(connected)
    secret_value = "old-password"
"""
OWN_FUNCTION = """
class TestMyFunction(RotationContract):
    secret_value = "old-password"

    @staticmethod
    def rotation_function(event, context):
        rotate(event, context)
"""
ANY_NAMES = """
    @pytest.fixture(autouse=True)
    def client(self):
        return "a client of the user"

    def handler(self):
        return "a helper of the user"

    trial = undisturbed = can_tell = check_succeeded = check_recovered = check_left_alone = check_unchanged = None
"""
RESTORED = """
    def accepts(self, value): return True


def test_afterwards():
    target = TestMyFunction.target
    assert (target.is_down, target.applies_after.total_seconds()) == (False, 0)
"""
PREPARED = """
    fakes = []

    def prepare(self, fake):
        fake.add_secret("master", "master-password")
        self.fakes.append(fake)

    def accepts(self, value):
        return len(self.fakes) > 0
"""
METHODS = """
class Api:
    @staticmethod
    def static(): return 1

    @classmethod
    def of_class(cls): return cls.__name__

    def of_instance(self): return type(self).__name__


def create(client, arn, token, good=create):
    assert (Api().static(), Api().of_class(), Api().of_instance()) == (1, "Api", "Api")
    good(client, arn, token)
"""

#: Classes that pass: what follows the function in their modules, the scenarios to run, and how many pass.
ACCEPTED = {
    "names that are not documented": (
        CLASS + ANY_NAMES,
        "a_rotation_succeeds or delivered_twice or unknown",
        4,
    ),
    "only imported": ("", "test", 0),
    "a function by its name": (
        CLASS.replace("staticmethod(rotate)", '"my_function:rotate"'),
        "a_rotation_succeeds or cold",
        2,
    ),
    "a plain function in the class": (OWN_FUNCTION, "a_rotation_succeeds or cold", 2),
    "a cold start after a replacement": (CONNECTING, "may_start_cold", 1),
    "a target that is restored": (WITH_A_TARGET + RESTORED, "leaked or late_target or afterwards", 3),
    "methods of every kind as target calls": (
        METHODS
        + CLASS
        + '    target_calls = tuple(f"{__name__}:Api.{kind}" for kind in ("static", "of_class", "of_instance"))\n',
        "a_rotation_succeeds or crash",
        2,
    ),
    "prepare before accepts": (CLASS + PREPARED, "a_rotation_succeeds or readers", 2),
}
#: Classes that are rejected, and the message.
REJECTED = {
    "no such scenario": (
        CLASS + '    without = {"test_an_unknown_step_is_refuse": "typed in haste"}\n',
        "*FakeSecretsError: TestMyFunction.without has 'test_an_unknown_step_is_refuse'. Did you mean "
        "'test_an_unknown_step_is_refused'? The scenarios are:",
    ),
    "no function": (
        CLASS.replace("rotation_function", "function"),
        "*FakeSecretsError: TestMyFunction does not say what it tests. Give the class rotation_function = "
        "staticmethod(handler) or 'package.module:function', and secret_value = {...} or a string: *",
    ),
    "no value": (
        CLASS.replace('secret_value = "old-password"', "pass"),
        "*FakeSecretsError: TestMyFunction does not say what it tests. *",
    ),
    "a misspelt attribute": (
        CLASS + "    targets = None\n",
        "*FakeSecretsError: TestMyFunction has 'targets', which no contract knows. Did you mean 'target'?",
    ),
    "a target of another type": (
        CLASS + '    target = {"app": "old-password"}\n',
        "*FakeSecretsError: TestMyFunction.target is a CredentialTarget, not a dict.",
    ),
    "a set of scenarios": (
        CLASS + '    without = {"test_an_unknown_step_is_refused"}\n',
        "*FakeSecretsError: TestMyFunction.without is a dict of scenarios and reasons, not *",
    ),
    "unittest": (
        "import unittest\n" + CLASS.replace("(RotationContract)", "(RotationContract, unittest.TestCase)"),
        "*FakeSecretsError: TestMyFunction is for pytest: leave unittest.TestCase out.",
    ),
    "a value that does not log in": (
        CLASS + "    def accepts(self, value): return False\n",
        "E  *FakeSecretsError: secret_value of TestMyFunction is not accepted before any rotation. Bring the "
        "target there in prepare(), or mend accepts().",
    ),
    "no such call": (
        CLASS + '    target_calls = ("json:dump_it",)\n',
        "*FakeSecretsError: target_calls has 'json:dump_it', and there is no such function.",
    ),
    "companions as a string": (CLASS + '    companions = "app/keytab"\n', "E  *FakeSecretsError: *"),
}
#: Functions that fail, and the scenario to run.
FAILING = {
    "test_overwriting": (
        "def create(client, arn, token): put(client, arn, token)\n",
        "test_a_failure_after_any_step",
    ),
    "test_raising": (
        "def create(client, arn, token):\n    raise KeyError('nowhere')\n",
        "test_a_rotation_succeeds",
    ),
    "test_leaking": (
        "def put(client, arn, token):\n"
        "    client.put_secret_value(SecretId=arn, SecretString='a-new-password')\n"
        "    raise ValueError('a-new-password')\n",
        "test_a_rotation_succeeds",
    ),
}


def module(name):
    return f"test_{name.replace(' ', '_')}"


accepted_runs = shared_runs(
    {module(name): (FUNCTION + source, chosen) for name, (source, chosen, _) in ACCEPTED.items()},
    files={
        "my_function": FUNCTION,
        "my_connecting_function": FUNCTION + "\n\ndef connect(): raise ConnectionError\n",
    },
)
failing_runs = shared_runs(
    {name: (FUNCTION + source + CLASS, chosen) for name, (source, chosen) in FAILING.items()}
)
rejected_runs = shared_runs(
    {module(name): (FUNCTION + source, "test_a_rotation_succeeds") for name, (source, _) in REJECTED.items()}
)


class TestAClass:
    def test_has_a_test_for_each_scenario_and_the_plain_rotation_comes_first(self, pytester):
        ran = run(pytester, CLASS, "--collect-only", "-q")

        ran.stdout.fnmatch_lines_random([f"*TestMyFunction::{name}" for name in SCENARIOS])
        assert len(SCENARIOS) == 27
        assert ran.outlines[0].endswith("::test_a_rotation_succeeds")

    @pytest.mark.parametrize("form", ACCEPTED)
    def test_passes_in_each_accepted_form(self, accepted_runs, form):
        ran = accepted_runs[module(form)]

        assert ran.outcomes == Counter(passed=ACCEPTED[form][2]), str(ran.failures)

    @pytest.mark.parametrize(
        ("chosen", "passed"),
        [
            pytest.param(
                "succeeds or unknown or alternating or readers or late_target or token",
                4,
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

    def test_says_what_goes_unseen_where_accepts_alone_describes_the_target(self, pytester):
        source = CLASS + "    def accepts(self, value):\n        return True\n"

        ran = run(pytester, source, "-rs", "-k", "late_target")

        ran.assert_outcomes(skipped=1)
        ran.stdout.fnmatch_lines(
            [
                "SKIPPED * There is no CredentialTarget that could be late. With accepts() alone, a testSecret that accepts a "
                "value which the target rejects is not found."
            ]
        )

    @pytest.mark.parametrize("form", REJECTED)
    def test_is_rejected_with_what_is_wrong_and_without_a_frame_of_this_package(self, rejected_runs, form):
        ran = rejected_runs[module(form)]

        assert ran.outcomes == Counter(failed=1)
        ran.failures.fnmatch_lines([REJECTED[form][1]])
        ran.failures.no_fnmatch_line("*pytest_fakesecrets/_*")
        ran.failures.no_fnmatch_line("*contextlib*")

    def test_is_the_place_that_a_skipped_scenario_names(self, pytester):
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

        ran.assert_outcomes(passed=1, skipped=4)
        lines = (FUNCTION + "import os\n" + source + of_the_user).strip().splitlines()
        where = "SKIPPED [[]1[]] *is_the_place_that_a_skipped_scenario_names.py"
        of_the_class = 1 + lines.index("class TestMyFunction(RotationContract):")
        ran.stdout.fnmatch_lines_random(
            [
                f"{where}:{of_the_class}: there is one step more",
                f"{where}:{of_the_class}: The accepted values are not known: *",
                f"{where}:{of_the_class}: There is no CredentialTarget that could be late.",
                f"{where}:{len(lines)}: The user skips it.",
            ]
        )


class TestAFailure:
    def test_shows_the_course_of_the_rotation_and_what_to_do(self, failing_runs):
        ran = failing_runs["test_overwriting"]

        assert ran.outcomes == Counter(failed=1)
        ran.failures.fnmatch_lines(
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
        ran.failures.fnmatch_lines(["    - pending-overwritten (createSecret, PutSecretValue): *"])

    def test_names_the_line_of_the_function(self, failing_runs):
        ran = failing_runs["test_raising"]

        ran.failures.fnmatch_lines(
            ["*raised KeyError: 'nowhere' at test_raising.py:* in create; v1 AWSCURRENT, *"]
        )

    def test_shows_no_line_of_this_package_and_no_value(self, failing_runs):
        ran = failing_runs["test_leaking"]

        assert ran.outcomes == Counter(failed=1)
        ran.failures.no_fnmatch_line("*a-new-password*in*")
        ran.failures.no_fnmatch_line("*_scenarios*")
        ran.failures.fnmatch_lines(["E   AssertionError: current-moved-early: *"])


@pytest.mark.parametrize(
    ("name", "delay", "message"),
    [
        ("timeout", 30, "TestMine.timeout takes a timedelta, not 30. Write timedelta(seconds=30)."),
        ("timeout", timedelta.max, "The timeout of a function on Lambda has to be a timedelta from "),
        ("timeout", timedelta(minutes=-1), "TestMine.timeout has to be a timedelta above 0, not "),
        (
            "propagation_delay",
            "5s",
            "TestMine.propagation_delay takes a timedelta, not '5s'. Write timedelta(seconds=5).",
        ),
        (
            "propagation_delay",
            timedelta(seconds=-1),
            "TestMine.propagation_delay has to be a timedelta from ",
        ),
        ("propagation_delay", timedelta.max, "TestMine.propagation_delay has to be a timedelta from "),
    ],
)
def test_a_delay_out_of_range_is_rejected_when_the_class_is_made(name, delay, message):
    with pytest.raises(FakeSecretsError) as raised:
        type("TestMine", (RotationContract,), {name: delay})

    assert str(raised.value).startswith(message)
