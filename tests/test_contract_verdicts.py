"""The verdicts of a contract: what passes has been tried, and a failure names its cause once."""

from __future__ import annotations

import re
import textwrap
import warnings
from collections import Counter

import pytest
from contract_class import CLASS, FUNCTION, contract_run, shared_runs

from pytest_fakesecrets import CredentialTarget, FakeSecrets, FakeSecretsError, RotationContract
from pytest_fakesecrets._contract import contract as contract_module
from pytest_fakesecrets._contract.contract import note_outcome

TARGET = """
from pytest_fakesecrets import CredentialTarget

DATABASE = CredentialTarget({"app": "old-password"})


class TestMyFunction(RotationContract):
    rotation_function = staticmethod(with_a_target)
    secret_value = {"username": "app", "password": "old-password"}
    target = DATABASE


def read(client, arn, **version):
    return json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])


def create(client, arn, token):
    value = read(client, arn)
    try:
        client.get_secret_value(SecretId=arn, VersionId=token)
    except client.exceptions.ResourceNotFoundException:
        value["password"] = client.get_random_password()["RandomPassword"]
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(value), VersionStages=["AWSPENDING"]
        )


def set_up(client, arn, token):
    value = read(client, arn, VersionId=token)
    DATABASE.change_password("app", value["password"])


def check(client, arn, token):
    value = read(client, arn, VersionId=token)
    DATABASE.log_in("app", value["password"])
"""
WITH_A_TARGET = FUNCTION.replace("def rotate(", "def with_a_target(").replace(
    """    elif step == "setSecret":
        pass
    elif step == "testSecret":
        client.get_secret_value(SecretId=arn, VersionId=token)
""",
    """    elif step == "setSecret":
        set_up(client, arn, token)
    elif step == "testSecret":
        check(client, arn, token)
""",
)


def with_a_target(changes):
    """The source of a contract of a function with a target, of which some functions are replaced."""
    return WITH_A_TARGET + TARGET + textwrap.dedent(changes)


#: One bug each, with a part of the failure that names it. All fail the undisturbed rotation.
BUGS = {
    "setSecret that does nothing": (
        "def set_up(client, arn, token): pass",
        "E *The rotation failed in testSecret, attempt 1: CredentialRefused: * at *.py:* in check. setSecret returned, and "
        "the target still rejects the pending value.",
        "*What to do: Set the AWSPENDING value at the target in setSecret: *",
    ),
    "a test of the current version": (
        """
        def check(client, arn, token):
            value = read(client, arn)
            DATABASE.log_in("app", value["password"])
        """,
        "E *The rotation failed in testSecret, attempt 1: CredentialRefused: *. The target accepts the pending value; "
        "testSecret read AWSCURRENT (v1).",
        "*What to do: Read the AWSPENDING value in testSecret: *",
    ),
    "a missing environment variable": (
        """
        import os
        def check(client, arn, token):
            os.environ["DATABASE_HOST"]
        """,
        "E *The rotation failed in testSecret, attempt 1: KeyError: 'DATABASE_HOST' at *.py:* in check. *",
        "*What to do: Give the class the function's environment variables: environ = {'DATABASE_HOST': ...}.",
    ),
    "an exception before any call": (
        """
        whole = with_a_target
        def with_a_target(event, context):
            raise TypeError("no driver")
        TestMyFunction.rotation_function = staticmethod(with_a_target)
        """,
        "E *The rotation failed in createSecret, attempt 1: TypeError: no driver at *.py:* in with_a_target. The function "
        "raised before any call of the step.",
        "*What to do: Look at the exception at *.py:* in with_a_target: the function raised it before it called anything.",
    ),
}


NO_LABEL = "def create(client, arn, token): put(client, arn, token)\n"
COMPLETED = """
    @pytest.fixture(autouse=True)
    def ready(self):
        self.secret_value = VALUE
"""
NO_VALUE = CLASS.replace('secret_value = "old-password"', "pass")
REPAIRED = (
    """
import os

def create(client, arn, token, before=create):
    os.environ['DATABASE_IS_READY'] and before(client, arn, token)
"""
    + CLASS
    + """
    @pytest.fixture(autouse=True)
    def ready(self, monkeypatch):
        monkeypatch.setenv("DATABASE_IS_READY", "1")
"""
)
UNTESTED = "def check(client, arn, token): pass\n"
IS_ACCEPTED = 'TestMyFunction.accepted = {"untested": "a key that nothing checks"}\n'
DOES_NOTHING = "TestMyFunction.rotation_function = staticmethod(lambda event, context: None)\n"
KEEPS_ITS_STATE = """
USERS = {"app": "old-password"}
def set_up(client, arn, token):
    current, new = read(client, arn), read(client, arn, VersionId=token)
    if USERS["app"] != current["password"]:
        raise PermissionError("login denied")
    USERS["app"] = new["password"]
def check(client, arn, token):
    assert USERS["app"] == read(client, arn, VersionId=token)["password"]
TestMyFunction.target = None
"""
ONE_SECRET = """
whole = with_a_target
def of_one_secret(event, context):
    if not event["SecretId"].partition(":secret:")[2].startswith("app/db-") or "-2-" in event["SecretId"]:
        raise ValueError("not my secret")
    whole(event, context)
TestMyFunction.rotation_function = staticmethod(of_one_secret)
"""
ALL = "test"
FIRST = "test_a_rotation_succeeds"


def module(bug):
    return f"test_{bug.replace(' ', '_')}"


bug_runs = shared_runs({module(bug): (with_a_target(changes), ALL) for bug, (changes, _, _) in BUGS.items()})
runs = shared_runs(
    {
        "test_without_a_look": (FUNCTION + NO_LABEL + CLASS, "failure_after"),
        "test_no_value": (FUNCTION + NO_VALUE, ALL),
        "test_rejecting": (FUNCTION + CLASS + "    def accepts(self, value): return False\n", ALL),
        "test_repaired": (FUNCTION + REPAIRED, "unknown or in_a_row"),
        "test_completed": (FUNCTION + "VALUE = 'old'\n" + NO_VALUE + COMPLETED, "unknown"),
        "test_incomplete": (
            FUNCTION + NO_VALUE + COMPLETED.replace("self.secret_value = VALUE", "pass"),
            ALL,
        ),
        "test_state": (with_a_target(KEEPS_ITS_STATE), ALL),
        "test_untested": (with_a_target(UNTESTED), f"{FIRST} or late_target"),
        "test_accepted": (with_a_target(UNTESTED + IS_ACCEPTED), f"{FIRST} or late_target"),
        "test_doing_nothing": (with_a_target(UNTESTED + IS_ACCEPTED + DOES_NOTHING), FIRST),
        "test_one_secret": (with_a_target(ONE_SECRET), "other_secrets"),
    }
)


class TestOneCause:
    @pytest.mark.parametrize("bug", BUGS)
    def test_fails_one_scenario_and_is_named_there(self, bug_runs, bug):
        _, headline, advice = BUGS[bug]

        ran = bug_runs[module(bug)]

        assert ran.outcomes == Counter(failed=1, skipped=26)
        ran.failures.fnmatch_lines([headline, advice])
        assert "The rotation fails without any disturbance: see test_a_rotation_succeeds." in ran.reasons

    @pytest.mark.parametrize(
        "chosen",
        [
            pytest.param("succeeds or twice or failure_after or crash or unknown", id="some scenarios"),
            pytest.param("test", id="all scenarios", marks=pytest.mark.long),
        ],
    )
    def test_of_several_scenarios_fails_the_first_ones_and_skips_the_others(self, pytester, chosen):
        ran = contract_run(pytester, NO_LABEL + CLASS, "-rs", "-k", chosen)

        outcomes = ran.parseoutcomes()
        assert 1 <= outcomes["failed"] <= 3
        ran.stdout.fnmatch_lines(["SKIPPED * It fails for the same cause as test_*. Correct that first."])

    def test_of_a_class_that_names_no_function_is_one_error_of_its_collection(self, runs):
        ran = runs["test_no_value"]

        assert ran.outcomes == Counter(failed=1)
        assert ran.collection == ["failed"]
        ran.failures.fnmatch_lines(["*FakeSecretsError: TestMyFunction does not say what it tests. *"])

    def test_of_a_value_that_does_not_log_in_fails_one_scenario(self, runs):
        ran = runs["test_rejecting"]

        assert ran.outcomes == Counter(failed=1, skipped=26)
        assert any(
            " is not accepted before any rotation. " in reason and " See test_a_rotation_succeeds." in reason
            for reason in ran.reasons
        )

    def test_that_fixtures_of_the_class_repair_fails_nothing(self, runs):
        ran = runs["test_repaired"]

        assert ran.outcomes == Counter(passed=3)
        assert ran.warnings == 1

    def test_of_a_class_whose_fixtures_may_complete_it_fails_one_scenario(self, runs):
        completed, incomplete = runs["test_completed"], runs["test_incomplete"]

        assert completed.outcomes == Counter(passed=2)
        assert incomplete.outcomes == Counter(failed=1, skipped=26)
        assert (completed.warnings, incomplete.warnings) == (1, 1)


class TestASeries:
    def test_lists_all_points_at_which_it_fails(self, runs):
        ran = runs["test_without_a_look"]

        ran.failures.fnmatch_lines(
            ["*ResourceExistsException: *. It fails when killed after calls 4, 6, 9 of 13."]
        )

    def test_shows_equal_attempts_once_and_no_timeline_beside_them(self, runs):
        ran = runs["test_without_a_look"]

        ran.failures.fnmatch_lines(["      attempt 2", "      attempts 3 and 4: the same"])
        assert "time (UTC)" not in str(ran.failures)


class TestAStandIn:
    def test_that_keeps_its_state_is_named_by_the_scenario_that_passed(self, runs):
        ran = runs["test_state"]

        assert ran.outcomes["failed"] == 1
        ran.failures.fnmatch_lines(
            [
                "E * state-not-reset: *",
                "*What to do: Reset it in prepare(), which is called before each rotation *",
            ]
        )

    def test_that_is_missing_is_a_warning_of_the_class(self, pytester):
        ran = contract_run(pytester, CLASS, "-k", "unknown")

        ran.assert_outcomes(passed=2, warnings=1)
        ran.stdout.fnmatch_lines(
            [
                "*:*: UserWarning: No target: this contract cannot tell whether new passwords work. Give TestMyFunction *"
            ]
        )


class TestAccepted:
    def test_findings_do_not_fail_and_the_rest_still_counts(self, runs):
        assert runs["test_untested"].outcomes["failed"] >= 1
        assert runs["test_accepted"].outcomes == Counter(passed=2)
        assert runs["test_doing_nothing"].outcomes == Counter(failed=1)
        runs["test_doing_nothing"].failures.fnmatch_lines(["E * step-did-nothing: *"])

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"untestd": "why"}, "'untestd', which is not the code of a finding. Did you mean 'untested'?"),
            ({"untested": ""}, "'untested' without a reason. Write why it is accepted, as a string."),
            ({"untested": None}, "'untested' without a reason."),
            (["untested"], "is a dict of finding codes and reasons, not ['untested']."),
        ],
    )
    def test_is_a_dict_of_known_codes_and_reasons(self, given, said):
        with pytest.raises(FakeSecretsError, match=re.escape(said)):
            type("TestFunction", (RotationContract,), {"accepted": given})

    @pytest.mark.long
    def test_that_no_finding_needs_is_a_warning_after_the_last_scenario(self, pytester):
        unused = 'TestMyFunction.accepted = {"untested": "nothing checks it", "too-slow": "it was slow"}\n'

        ran = contract_run(pytester, with_a_target(UNTESTED + unused).removeprefix(FUNCTION))

        assert ran.parseoutcomes()["warnings"] == 1
        passed = ran.parseoutcomes()["passed"]
        ran.stdout.fnmatch_lines(
            [
                "test_*.py::TestMyFunction::test_*",
                "  *: UserWarning: TestMyFunction.accepted names 'too-slow', and no finding of it occurred in the "
                f"{passed} scenarios that ran. Remove the entry.",
            ]
        )

    @pytest.mark.parametrize(
        ("outcomes", "warned"),
        [
            ({}, 1),
            ({"test_it_ends_within_its_time": ["skipped"]}, 1),  # by the scenario itself
            ({"test_it_ends_within_its_time": ["passed", "passed"]}, 1),
            ({"test_it_ends_within_its_time": []}, 0),  # deselected, or run by another worker
            ({"test_it_ends_within_its_time": ["unknown"]}, 0),
            ({"test_a_rotation_succeeds": ["unknown", "passed"]}, 0),  # failed, and run again
        ],
    )
    def test_is_a_warning_only_after_all_scenarios_have_run(self, outcomes, warned):
        members = {"accepted": {"too-slow": "it was slow"}}
        contract = type("TestFunction", (RotationContract,), members)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for name in filter(re.compile("test_").match, dir(RotationContract)):
                for outcome in outcomes.get(name, ["passed"]):
                    note_outcome(contract, name, outcome)

        assert len(caught) == warned

    def test_is_no_warning_where_a_scenario_fails_or_does_not_run(self, pytester, monkeypatch):
        noted = []
        monkeypatch.setattr(
            contract_module, "note_outcome", lambda cls, name, outcome: noted.append(f"{name[5:]} {outcome}")
        )
        changed = """
    without = {"test_it_ends_within_its_time": "it is slow"}

    def test_a_test_run_changes_nothing(self):
        pytest.xfail("it changes something")

    def test_the_first_rotation_ever_succeeds(self):
        assert False

    @pytest.mark.parametrize("number", [1])
    def test_a_rotation_succeeds(self, number):
        pass

    def test_each_step_may_start_cold(self):
        pytest.skip("there is no module")

    def test_of_the_user(self):
        pass
"""
        names = (
            "time or test_run or first_rotation or a_rotation_succeeds or cold or of_the_user or unknown_step"
        )
        contract_run(pytester, CLASS + changed, "-k", names).assert_outcomes(
            passed=3, failed=1, skipped=2, xfailed=1, warnings=1
        )

        assert sorted(noted) == [
            "a_rotation_succeeds unknown",
            "a_test_run_changes_nothing unknown",
            "an_unknown_step_is_refused passed",
            "each_step_may_start_cold skipped",
            "it_ends_within_its_time unknown",
            "the_first_rotation_ever_succeeds unknown",
        ]


def test_a_function_of_one_secret_may_reject_another_one_as_long_as_it_changes_nothing(runs):
    assert runs["test_one_secret"].outcomes == Counter(passed=1)


def test_users_that_differ_in_case_do_not_alternate():
    target = CredentialTarget({"app": "old-password", "APP": "old-password"})

    def rotate(event, context):
        import boto3

        client, arn, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            password = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
            client.put_secret_value(
                SecretId=arn,
                ClientRequestToken=token,
                SecretString=f'{{"username": "APP", "password": "{password}"}}',
                VersionStages=["AWSPENDING"],
            )
        elif event["Step"] == "setSecret":
            import json

            value = json.loads(client.get_secret_value(SecretId=arn, VersionId=token)["SecretString"])
            target.change_password("APP", value["password"])
            target.change_password("app", value["password"])
        elif event["Step"] == "testSecret":
            client.get_secret_value(SecretId=arn, VersionId=token)
        else:
            versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
            current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )

    attributes = {
        "rotation_function": staticmethod(rotate),
        "secret_value": {"username": "app", "password": "old-password"},
        "target": target,
    }
    contract = type("TestFunction", (RotationContract,), attributes)()

    with FakeSecrets() as fake, pytest.raises(pytest.skip.Exception, match="The user stays the same"):
        contract.test_alternating_users_come_back_after_two_rotations(fake)
