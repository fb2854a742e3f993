"""A contract finds each call that names the secret of another rotation, and no call about configured secrets."""

from __future__ import annotations

import json
import os

import correct_functions
import pytest
from broken_functions import AFTER_FAILURE, COMPANIONS, FIRST, ONE_USER, OTHERS, SUCCEEDS
from contract_runs import contract_class, failure_of, outcomes, passes
from correct_functions import SINGLE_USER, new_password, put_pending, read, read_pending, rotate

from pytest_fakesecrets import SECRET_ARN, FakeSecrets

SCENARIO = f"test_{OTHERS}"
NAME = "app/db"
MISSING = "rejected (ResourceNotFoundException)"


def client_of_the_function():
    return correct_functions.secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])


def reads_a_fixed_name(event, context):
    rotate(event, {**SINGLE_USER, "createSecret": create_from_a_fixed_name})


def create_from_a_fixed_name(client, arn, token):
    current = read(client, NAME, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password": new_password(client)})


def describes_a_fixed_name(event, context):
    versions = client_of_the_function().describe_secret(SecretId=NAME)["VersionIdsToStages"]
    if event["ClientRequestToken"] not in versions:
        raise ValueError("The token is of no version.")
    rotate(event, SINGLE_USER)


def has_a_fixed_name(event, context):
    rotate({**event, "SecretId": NAME}, SINGLE_USER)


def promotes_a_fixed_name(event, context):
    rotate(event, {**SINGLE_USER, "finishSecret": promote_a_fixed_name})


def promote_a_fixed_name(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=NAME, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )


def reads_a_batch_of_a_fixed_name(event, context):
    client_of_the_function().batch_get_secret_value(SecretIdList=[NAME])
    rotate(event, SINGLE_USER)


def reads_a_fixed_name_at_a_second_delivery(event, context):
    rotate(event, {**SINGLE_USER, "createSecret": create_or_look})


def create_or_look(client, arn, token):
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        correct_functions.create_password(client, arn, token)
    else:
        read(client, NAME)


def cuts_the_name_short(event, context):
    """At the first hyphen instead of the last, so that "app/db-2" becomes "app/db"."""
    name = event["SecretId"].partition(":secret:")[2].partition("-")[0]
    client_of_the_function().describe_secret(SecretId=name)
    rotate(event, SINGLE_USER)


@pytest.mark.parametrize(
    ("function", "call", "line"),
    [
        (reads_a_fixed_name, "GetSecretValue AWSCURRENT (v1) in createSecret", "in create_from_a_fixed_name"),
        (describes_a_fixed_name, "DescribeSecret in createSecret", "in describes_a_fixed_name"),
        (has_a_fixed_name, "DescribeSecret in createSecret", "in has_a_fixed_name"),
        (
            promotes_a_fixed_name,
            "UpdateSecretVersionStage AWSCURRENT an unknown version -> an unknown version rejected "
            "(ResourceNotFoundException) in finishSecret",
            "in promote_a_fixed_name",
        ),
        (
            reads_a_batch_of_a_fixed_name,
            "BatchGetSecretValue in createSecret",
            "in reads_a_batch_of_a_fixed_name",
        ),
        (
            reads_a_fixed_name_at_a_second_delivery,
            "GetSecretValue AWSCURRENT (v1) in createSecret",
            "in create_or_look",
        ),
        (cuts_the_name_short, "DescribeSecret in createSecret", "in cuts_the_name_short"),
    ],
)
def test_a_call_that_names_the_secret_of_other_scenarios_is_found_with_its_line(function, call, line):
    attributes = {**ONE_USER, "environ": {"DB_USER": "app"}}

    head, advice, *_ = failure_of(function, attributes, SCENARIO).splitlines()

    assert head.startswith(
        "other-secret-changed: The rotation is of 'app/db-2', and the function used 'app/db': "
    )
    assert call in head
    assert line in head
    assert advice.startswith("What to do: Use event['SecretId'] in every call.")
    assert "without = {'test_other_secrets_are_left_alone': 'the reason'}" in advice


def test_a_fixed_name_is_found_where_the_class_sets_it_as_its_secret_name(monkeypatch):
    monkeypatch.setattr("test_contract_other_secrets.NAME", "prod/orders")

    failure = failure_of(reads_a_fixed_name, {**ONE_USER, "secret_name": "prod/orders"}, SCENARIO)

    assert "The rotation is of 'prod/orders-2', and the function used 'prod/orders': " in failure


def test_an_arn_that_is_kept_from_the_first_event_is_found():
    known = []

    def keeps_the_first_arn(event, context):
        known.append(event["SecretId"])
        rotate({**event, "SecretId": known[0]}, SINGLE_USER)

    contract = contract_class(keeps_the_first_arn, ONE_USER)()

    [message] = outcomes(contract, [OTHERS])

    assert "other-secret-changed: The rotation is of 'app/db-2', and the function used 'app/db': " in message


def test_a_changed_secret_is_named_with_the_call_and_its_line():
    def changes_another(event, context):
        client_of_the_function().put_secret_value(SecretId="billing/db", SecretString="{}")
        rotate(event, SINGLE_USER)

    def add(contract, fake):
        fake.add_secret("billing/db", "{}")

    failure = failure_of(changes_another, {**ONE_USER, "prepare": add}, SCENARIO)

    assert "and the function changed 'billing/db'. It called PutSecretValue in createSecret at " in failure
    assert "in changes_another" in failure.splitlines()[0]


class TestTheAdviceOfARotationThatFailedAtAnotherSecret:
    """It names that call, unless the function may use that secret on purpose."""

    OTHER = "prod/billing/db"

    @pytest.fixture(autouse=True)
    def fixed_name(self, monkeypatch):
        monkeypatch.setattr("test_contract_other_secrets.NAME", self.OTHER)

    def advice(self, function, scenario=SUCCEEDS, **attributes):
        failure = failure_of(function, {**ONE_USER, **attributes}, f"test_{scenario}")
        return failure.splitlines()[1].removeprefix("What to do: ")

    @staticmethod
    def add(contract, fake):
        fake.add_secret("prod/billing/db", json.dumps(ONE_USER["secret_value"]))

    @pytest.mark.parametrize(
        ("function", "scenario", "is_added", "call", "line"),
        [
            (
                has_a_fixed_name,
                SUCCEEDS,
                False,
                f"DescribeSecret {MISSING} in createSecret",
                "has_a_fixed_name",
            ),
            (has_a_fixed_name, SUCCEEDS, True, "DescribeSecret in createSecret", "has_a_fixed_name"),
            (has_a_fixed_name, FIRST, True, "DescribeSecret in createSecret", "has_a_fixed_name"),
            (
                promotes_a_fixed_name,
                SUCCEEDS,
                True,
                f"UpdateSecretVersionStage AWSCURRENT an unknown version -> an unknown version {MISSING} in finishSecret",
                "promote_a_fixed_name",
            ),
            (
                reads_a_fixed_name_at_a_second_delivery,
                AFTER_FAILURE,
                False,
                f"GetSecretValue {MISSING} in createSecret",
                "create_or_look",
            ),
        ],
    )
    def test_names_the_call_and_its_line(self, function, scenario, is_added, call, line):
        advice = self.advice(function, scenario, **({"prepare": self.add} if is_added else {}))

        assert advice.startswith(f"The rotation is of 'app/db', and {call} at ")
        assert f"in {line}" in advice
        assert " used 'prod/billing/db': use event['SecretId'], or set secret_name." in advice

    def test_names_prepare_for_a_secret_that_is_read_and_does_not_exist(self):
        advice = self.advice(reads_a_fixed_name)

        assert advice.endswith(
            "If the function needs both secrets, create 'prod/billing/db' in prepare(), with fake.add_secret()."
        )

    @pytest.mark.parametrize(
        ("attributes", "variables"),
        [
            pytest.param({"environ": {"MASTER_SECRET": OTHER}}, {}, id="environ"),
            pytest.param({}, {"MASTER_SECRET": OTHER}, id="environment of the test"),
            pytest.param(
                {"secret_value": {**ONE_USER["secret_value"], "masterarn": OTHER}},
                {},
                id="member of the value",
            ),
            pytest.param({"secret_name": "prod/billing"}, {}, id="derived from the name of the secret"),
        ],
    )
    def test_does_not_blame_a_call_about_a_configured_secret(self, attributes, variables, monkeypatch):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

        assert self.advice(reads_a_fixed_name, **attributes).startswith("Look at the exception at ")

    @pytest.mark.parametrize("is_first", [True, False])
    def test_does_not_blame_a_master_secret_that_was_read(self, is_first):
        def reads_the_master_and_fails(event, context):
            if is_first:
                read(client_of_the_function(), NAME)
            elif event["Step"] == "setSecret":
                client_of_the_function().describe_secret(SecretId=event["SecretId"])
                read(client_of_the_function(), NAME)
            if event["Step"] == "setSecret":
                raise TypeError("no driver")
            rotate(event, SINGLE_USER)

        advice = self.advice(reads_the_master_and_fails, prepare=self.add)

        assert advice.startswith("Look at the exception at ")


class TestReading:
    """What a function may read beside the secret of its event."""

    @pytest.mark.parametrize("environ", [{"ADMIN": SECRET_ARN}, {"ADMIN": NAME}])
    def test_the_secret_that_its_environment_names_is_allowed(self, environ):
        def reads_the_configured(event, context):
            client_of_the_function().describe_secret(SecretId=os.environ["ADMIN"])
            rotate(event, SINGLE_USER)

        passes(reads_the_configured, {**ONE_USER, "environ": environ}, SCENARIO)

    def test_a_secret_whose_name_is_the_value_of_a_host_is_found(self):
        def reads_db(event, context):
            client_of_the_function().describe_secret(SecretId="db")
            rotate(event, SINGLE_USER)

        attributes = {
            **ONE_USER,
            "secret_name": "db",
            "secret_value": {**ONE_USER["secret_value"], "host": "db"},
        }

        assert "and the function used 'db': DescribeSecret" in failure_of(reads_db, attributes, SCENARIO)

    def test_other_secrets_such_as_that_of_a_master_user_is_allowed(self):
        def reads_the_master(event, context):
            read(client_of_the_function(), "cluster/master")
            rotate(event, SINGLE_USER)

        def add(contract, fake):
            fake.add_secret("cluster/master", json.dumps({"username": "admin"}))

        passes(reads_the_master, {**ONE_USER, "prepare": add}, SCENARIO)

    def test_the_secret_that_a_companion_names_is_allowed(self):
        def reads_the_parent(event, context):
            client = client_of_the_function()
            copy = read(client, read(client, event["SecretId"])["copy"])
            if "parent_secret" in copy:  # not after the first rotation
                client.describe_secret(SecretId=copy["parent_secret"])
            correct_functions.two_secrets(event, context)

        def add(contract, fake):
            fake.add_secret("app/copy", json.dumps({"password": "old-password", "parent_secret": NAME}))

        passes(reads_the_parent, {**COMPANIONS, "prepare": add}, SCENARIO)

    def test_the_secret_of_the_test_by_its_own_methods_is_allowed(self):
        def accepts(contract, value):
            correct_functions.boto3.client("secretsmanager").describe_secret(SecretId=NAME)
            return True

        passes(correct_functions.single_user, {**ONE_USER, "accepts": accepts}, SCENARIO)


def test_a_function_of_a_code_folder_that_keeps_the_first_arn_is_found(tmp_path):
    source = (
        "import boto3\n"
        "known = []\n"
        "def handler(event, context):\n"
        "    known.append(event['SecretId'])\n"
        "    boto3.client('secretsmanager').describe_secret(SecretId=known[0])\n"
    )
    (tmp_path / "keeping.py").write_text(source)
    attributes = {"rotation_function": "keeping.handler", "code": tmp_path, "secret_value": "old"}
    contract = type("TestFolder", (contract_class(None, {}),), attributes)()

    with (
        FakeSecrets() as fake,
        pytest.raises(AssertionError, match="used 'app/db': DescribeSecret in createSecret"),
    ):
        contract.test_other_secrets_are_left_alone(fake)
