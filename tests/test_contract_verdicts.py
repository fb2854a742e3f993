"""The verdicts of a contract: what passes has been tried, and a failure names its cause once."""

from __future__ import annotations

import re
import textwrap

import pytest
from contract_class import CLASS, FUNCTION, contract_run

from pytest_fakesecrets import CredentialTarget, FakeSecrets, FakeSecretsError, RotationContract

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


def run_with_target(pytester, changes, *arguments):
    """Run the contract of a function with a target, of which some functions are replaced."""
    source = WITH_A_TARGET + TARGET + textwrap.dedent(changes)
    pytester.makepyfile(source)
    return pytester.runpytest("-p", "no:randomly", "-p", "no:xdist", "-rs", *arguments)


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


class TestOneCause:
    @pytest.mark.parametrize("bug", BUGS)
    def test_fails_one_scenario_and_is_named_there(self, pytester, bug):
        changes, headline, advice = BUGS[bug]

        ran = run_with_target(pytester, changes)

        outcomes = ran.parseoutcomes()
        assert (outcomes["failed"], outcomes["skipped"]) == (1, 26)
        ran.stdout.fnmatch_lines([headline, advice])
        ran.stdout.fnmatch_lines(
            ["SKIPPED * The rotation fails without any disturbance: see test_a_rotation_succeeds."]
        )

    def test_of_several_scenarios_is_told_by_the_first(self, pytester):
        ran = contract_run(
            pytester, "def create(client, arn, token): put(client, arn, token)\n" + CLASS, "-rs"
        )

        outcomes = ran.parseoutcomes()
        assert 1 <= outcomes["failed"] <= 3
        ran.stdout.fnmatch_lines(["SKIPPED * It fails for the same cause as test_*. Correct that first."])

    def test_of_a_class_that_names_no_function_is_one_error_of_its_collection(self, pytester):
        ran = contract_run(pytester, CLASS.replace('secret_value = "old-password"', "pass"))

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["*FakeSecretsError: TestMyFunction does not say what it tests. *"])

    def test_of_a_value_that_does_not_log_in_is_told_once(self, pytester):
        ran = contract_run(pytester, CLASS + "    def accepts(self, value): return False\n", "-rs")

        ran.assert_outcomes(failed=1, skipped=26)
        ran.stdout.fnmatch_lines(
            ["SKIPPED * is not accepted before any rotation. * See test_a_rotation_succeeds."]
        )

    def test_that_fixtures_of_the_class_repair_fails_nothing(self, pytester):
        fixture = """
    @pytest.fixture(autouse=True)
    def ready(self, monkeypatch):
        monkeypatch.setenv("DATABASE_IS_READY", "1")
"""
        changes = "import os\ndef create(client, arn, token, before=create):\n    os.environ['DATABASE_IS_READY'] and before(client, arn, token)\n"

        contract_run(pytester, changes + CLASS + fixture, "-k", "unknown or in_a_row").assert_outcomes(
            passed=3, warnings=1
        )

    def test_of_a_class_whose_fixtures_may_complete_it_is_told_once(self, pytester):
        source = (
            CLASS.replace('secret_value = "old-password"', "pass")
            + """
    @pytest.fixture(autouse=True)
    def ready(self):
        self.secret_value = VALUE
"""
        )
        contract_run(pytester, "VALUE = 'old'\n" + source, "-k", "unknown").assert_outcomes(
            passed=2, warnings=1
        )
        ran = contract_run(pytester, source.replace("self.secret_value = VALUE", "pass"))

        ran.assert_outcomes(failed=1, skipped=26, warnings=1)


class TestASeries:
    def test_lists_all_points_at_which_it_fails(self, pytester):
        ran = contract_run(
            pytester,
            "def create(client, arn, token): put(client, arn, token)\n" + CLASS,
            "-k",
            "failure_after",
        )

        ran.stdout.fnmatch_lines(
            ["*ResourceExistsException: *. It fails when killed after calls 4, 6, 9 of 13."]
        )

    def test_shows_equal_attempts_once_and_no_timeline_beside_them(self, pytester):
        ran = contract_run(
            pytester,
            "def create(client, arn, token): put(client, arn, token)\n" + CLASS,
            "-k",
            "failure_after",
        )

        ran.stdout.fnmatch_lines(["      attempt 2", "      attempts 3 and 4: the same"])
        assert "time (UTC)" not in str(ran.stdout)


class TestAStandIn:
    def test_that_keeps_its_state_is_named_by_the_scenario_that_passed(self, pytester):
        ran = run_with_target(
            pytester,
            """
            USERS = {"app": "old-password"}
            def set_up(client, arn, token):
                current, new = read(client, arn), read(client, arn, VersionId=token)
                if USERS["app"] != current["password"]:
                    raise PermissionError("login denied")
                USERS["app"] = new["password"]
            def check(client, arn, token):
                assert USERS["app"] == read(client, arn, VersionId=token)["password"]
            TestMyFunction.target = None
            """,
        )

        assert ran.parseoutcomes()["failed"] == 1
        ran.stdout.fnmatch_lines(
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
    def test_findings_do_not_fail_and_the_rest_still_counts(self, pytester):
        untested = "def check(client, arn, token): pass\n"
        accepted = 'TestMyFunction.accepted = {"untested": "a key that nothing checks"}\n'

        assert run_with_target(pytester, untested).parseoutcomes()["failed"] >= 1
        ran = run_with_target(pytester, untested + accepted, "-k", "a_rotation_succeeds or late_target")

        ran.assert_outcomes(passed=2)
        early = (
            untested
            + accepted
            + "TestMyFunction.rotation_function = staticmethod(lambda event, context: None)\n"
        )
        ran = run_with_target(pytester, early, "-k", "a_rotation_succeeds")
        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["E * step-did-nothing: *"])

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


def test_a_function_of_one_secret_may_reject_another_one_as_long_as_it_changes_nothing(pytester):
    ran = run_with_target(
        pytester,
        """
        whole = with_a_target
        def of_one_secret(event, context):
            if not event["SecretId"].partition(":secret:")[2].startswith("app/db-") or "-2-" in event["SecretId"]:
                raise ValueError("not my secret")
            whole(event, context)
        TestMyFunction.rotation_function = staticmethod(of_one_secret)
        """,
        "-k",
        "other_secrets",
    )

    ran.assert_outcomes(passed=1)


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
