"""PutSecretValue: the new version and its labels."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from rotation_functions import nothing, raising_in, well_behaved
from support import current, labels, needs, raw, rejected, token

from pytest_fakesecrets import RotationFailedWarning, RotationStep, ServiceEvent

INFERRED = "inferred: not observed on AWS"
ROTATION_TOKEN = needs("PutSecretValue", "RotationToken")
FULL = "You exceeded the maximum number of staging labels allowed on a secret."


@pytest.fixture
def db(client):
    """One version under token(1), with AWSCURRENT."""
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


def test_put_secret_value_returns_the_version_and_its_labels(client, db):
    """LocalStack snapshot test_put_secret_value_with_version_stages."""
    put = client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

    assert set(put) == {"ARN", "Name", "VersionId", "VersionStages", "ResponseMetadata"}
    assert (put["ARN"], put["Name"]) == (db, "db")
    assert (put["VersionId"], put["VersionStages"]) == (token(2), ["AWSCURRENT"])


@pytest.mark.parametrize(
    ("stages", "source"),
    [
        pytest.param(
            ["AWSPENDING"], "LocalStack snapshot test_put_secret_value_with_version_stages", id="pending"
        ),
        pytest.param(
            ["SAMPLESTAGE0", "SAMPLESTAGE1"],
            "LocalStack snapshot test_put_secret_value_with_version_stages",
            id="custom",
        ),
        pytest.param(
            ["AWSSOMETHING"],
            "LocalStack snapshot test_non_versioning_version_stages_replacement",
            id="custom with the prefix of AWS",
        ),
        pytest.param(["x" * 256], "botocore's service model", id="longest"),
    ],
)
@pytest.mark.usefixtures("db")
def test_put_secret_value_with_other_labels_keeps_the_current_value(client, stages, source):
    put = client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=stages
    )

    assert sorted(put["VersionStages"]) == stages, source
    assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): set(stages)}, source
    assert client.get_secret_value(SecretId="db")["SecretString"] == "old", source


def test_put_secret_value_distinguishes_labels_by_case(client, db):
    """Inferred: not observed on AWS."""
    client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["one"]
    )

    client.put_secret_value(
        SecretId="db", SecretString="newer", ClientRequestToken=token(3), VersionStages=["ONE"]
    )

    assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): {"one"}, token(3): {"ONE"}}


def test_put_secret_value_attaches_a_repeated_label_once(client, db):
    """Inferred: not observed on AWS."""
    put = client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["one", "one"]
    )

    assert put["VersionStages"] == ["one"]


def test_put_secret_value_makes_the_first_value_current_for_any_labels(client):
    """API_PutSecretValue: AWSCURRENT is attached to the first version automatically."""
    client.create_secret(Name="db")

    put = client.put_secret_value(SecretId="db", SecretString="first", VersionStages=["AWSPENDING"])

    assert sorted(put["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_put_secret_value_may_change_the_kind_of_the_value(client, db):
    """LocalStack snapshot test_change_secret_value_after_creation."""
    client.put_secret_value(SecretId="db", SecretBinary=b"new")

    read = client.get_secret_value(SecretId="db")
    assert read["SecretBinary"] == b"new"
    assert "SecretString" not in read


def test_put_secret_value_of_the_same_value_creates_another_version(client, db):
    """Inferred from UpdateSecret: LocalStack test test_last_updated_date (aws validated)."""
    client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(2))

    assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}


def test_put_secret_value_without_a_value_is_rejected(client, db):
    """Terraform AWS provider."""
    with rejected("InvalidRequestException") as answer:
        client.put_secret_value(SecretId="db")

    assert answer.message == "You must provide either SecretString or SecretBinary."


def test_put_secret_value_of_two_values_is_rejected(client, db):
    """A public log of AWS's answer to CreateSecret; inferred for PutSecretValue."""
    with rejected("InvalidParameterException") as answer:
        client.put_secret_value(SecretId="db", SecretString="text", SecretBinary=b"bytes")

    assert answer.message == (
        "You can't specify both a binary secret value and a string secret value in the same secret."
    )


def test_put_secret_value_keeps_older_values_readable_by_id(client, db):
    """Terraform AWS provider, acceptance tests."""
    client.put_secret_value(SecretId="db", SecretString="new")
    client.put_secret_value(SecretId="db", SecretString="newer")

    assert client.get_secret_value(SecretId="db", VersionId=token(1))["SecretString"] == "old"


@ROTATION_TOKEN
def test_put_secret_value_with_a_rotation_token_requires_no_rotation(client, db):
    """Inferred: not observed on AWS."""
    put = client.put_secret_value(SecretId="db", SecretString="new", RotationToken="a" * 36)

    assert put["VersionStages"] == ["AWSCURRENT"]


class TestATokenOfPutSecretValue:
    """A ClientRequestToken that is already the id of a version."""

    def test_sent_again_with_the_same_value_changes_nothing(self, client, db):
        """moto aws-verified test_put_same_secret_value_with_same_token."""
        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert (put["ARN"], put["Name"]) == (db, "db")
        assert (put["VersionId"], put["VersionStages"]) == (token(1), ["AWSCURRENT"])
        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_sent_again_with_another_value_is_rejected(self, client, db):
        """moto aws-verified test_put_different_secret_value_with_same_token."""
        with rejected("ResourceExistsException") as answer:
            client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(1))

        assert answer.message == (
            f"You can't use ClientRequestToken {token(1)} because that value is already in use "
            f"for a version of secret {db}."
        )

    def test_sent_again_with_the_same_bytes_in_the_other_member_is_rejected(self, client, db):
        """Inferred: not observed on AWS."""
        with rejected("ResourceExistsException") as answer:
            client.put_secret_value(SecretId="db", SecretBinary=b"old", ClientRequestToken=token(1))

        assert token(1) in answer.message

    def test_sent_again_with_the_same_value_returns_the_present_labels_of_the_version(self, client, db):
        """moto aws-verified test_put_same_secret_value_with_same_token."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert put["VersionStages"] == ["AWSPREVIOUS"]
        assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}

    def test_sent_again_with_the_same_value_omits_version_stages_if_the_version_has_none(self, client, db):
        """Inferred: members without a value are omitted (API_DescribeSecret), and the list has a minimum of one."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
        client.put_secret_value(SecretId="db", SecretString="newer", ClientRequestToken=token(3))

        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert put["VersionId"] == token(1)
        assert "VersionStages" not in put

    def test_sent_again_with_the_same_value_and_other_labels_moves_no_label(self, client, db):
        """Inferred: not observed on AWS."""
        client.put_secret_value(
            SecretId="db", SecretString="old", ClientRequestToken=token(1), VersionStages=["mine"]
        )

        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_of_another_secret_is_accepted(self, client, db):
        """API_PutSecretValue: the token is to be unique within the secret."""
        client.create_secret(Name="other", SecretString="other")

        put = client.put_secret_value(SecretId="other", SecretString="new", ClientRequestToken=token(1))

        assert put["VersionId"] == token(1)

    def test_is_case_sensitive(self, client, db):
        """Inferred: the id is the token without case folding."""
        small, large = "abcdef" * 6, "ABCDEF" * 6
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=small)

        put = client.put_secret_value(SecretId="db", SecretString="newer", ClientRequestToken=large)

        assert put["VersionId"] == large

    def test_of_a_pending_version_without_a_value_sets_its_value(
        self, client, db, fakesecrets, fakesecrets_rotation
    ):
        """aws-samples/aws-secrets-manager-rotation-lambdas: createSecret."""
        arn = fakesecrets.add_rotation_function(nothing)
        client.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))

        put = client.put_secret_value(
            SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["AWSPENDING"]
        )

        assert put["VersionStages"] == ["AWSPENDING"]
        assert client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")["SecretString"] == "new"

    def test_that_is_missing_is_rejected(self, client):
        """LocalStack snapshot test_no_client_request_token."""
        status, answered = raw("PutSecretValue", {"SecretId": "nobody", "SecretString": "new"})

        assert status == 400
        assert answered == {
            "__type": "InvalidRequestException",
            "Message": "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        }


class TestQuotasOfPutSecretValue:
    def test_limit_the_labels_of_all_versions_to_twenty(self, client, db):
        """User guide, quotas: 20 labels over all versions; a public log: the text; its code is inferred."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        with rejected("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="newer", VersionStages=["more"])

        assert answer.message == FULL

    def test_count_a_moved_label_once(self, client, db):
        """User guide, quotas: 20 labels over all versions."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        put = client.put_secret_value(SecretId="db", SecretString="newer", VersionStages=nineteen)

        assert sorted(put["VersionStages"]) == nineteen

    def test_count_the_automatic_awsprevious(self, client, db):
        """Inferred: not observed on AWS."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        with rejected("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="newer")

        assert answer.message == FULL

    def test_limit_the_labels_of_a_request_to_twenty(self, client, db):
        """botocore's service model; the code is inferred."""
        with rejected("ValidationException") as answer:
            client.put_secret_value(
                SecretId="db", SecretString="new", VersionStages=[f"label{n:02}" for n in range(21)]
            )

        assert answer.message.endswith(
            "at 'versionStages' failed to satisfy constraint: Member must have length less than or equal to 20"
        )

    def test_reject_the_hundred_and_first_version_within_a_day(self, client, db, fakesecrets_clock):
        """API_PutSecretValue: versions younger than 24 hours are not removed; the code is inferred."""
        for _ in range(99):
            client.put_secret_value(SecretId="db", SecretString="new")

        with rejected("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="new")

        assert answer.status == 400

    @pytest.mark.parametrize(
        ("minutes", "is_full"),
        [pytest.param(14, True, id="often"), pytest.param(15, False, id="not so often")],
    )
    def test_reject_a_value_every_14_minutes_for_a_day(self, client, db, fakesecrets_clock, minutes, is_full):
        """platform-engineering-labs/formae pull request 746: more than one in 14.4 minutes; the code is inferred."""
        fakesecrets_clock.move_to(client.describe_secret(SecretId="db")["CreatedDate"])
        for _ in range(99):
            fakesecrets_clock.tick(minutes * 60)
            client.put_secret_value(SecretId="db", SecretString="new")
        fakesecrets_clock.tick(minutes * 60)

        if is_full:
            with rejected("LimitExceededException"):
                client.put_secret_value(SecretId="db", SecretString="new")
        else:
            client.put_secret_value(SecretId="db", SecretString="new")

    def test_remove_the_oldest_version_without_labels_after_a_day(self, client, db, fakesecrets_clock):
        """API_PutSecretValue; user guide, quotas."""
        fakesecrets_clock.move_to("2030-01-01")
        client.update_secret_version_stage(SecretId="db", VersionStage="kept", MoveToVersionId=token(1))
        for number in range(2, 101):
            client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(number))
        fakesecrets_clock.move_to("2030-01-02 00:00:01")

        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(101))

        page = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, MaxResults=100)
        held = {version["VersionId"] for version in page["Versions"]}
        assert len(held) == 100
        assert token(1) in held
        assert token(2) not in held
        assert token(101) in held
        with rejected("ResourceNotFoundException") as answer:
            client.get_secret_value(SecretId="db", VersionId=token(2))
        assert answer.message.endswith(f"VersionId: {token(2)}")


@pytest.mark.parametrize(
    ("sent", "path", "source"),
    [
        pytest.param({"ClientRequestToken": "x" * 65}, "clientRequestToken", INFERRED, id="token too long"),
        pytest.param({"VersionStages": ["x" * 257]}, "versionStages.1.member", INFERRED, id="label too long"),
        pytest.param(
            {"RotationToken": "x" * 257},
            "rotationToken",
            INFERRED,
            id="rotation token too long",
            marks=ROTATION_TOKEN,
        ),
        pytest.param(
            {"RotationToken": "?" * 36},
            "rotationToken",
            INFERRED,
            id="rotation token of other signs",
            marks=ROTATION_TOKEN,
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_put_secret_value_rejects_members_beyond_their_bounds(client, sent, path, source):
    with rejected("ValidationException") as answer:
        client.put_secret_value(SecretId="db", SecretString="new", **sent)

    assert f"at '{path}' failed to satisfy constraint: Member must " in answer.message, source


GUIDE = "user guide, troubleshoot_rotation"


class TestThePendingValueOfARotation:
    """
    The rotation function has to store the pending value, or the rotation fails (user guide, troubleshoot_rotation).

    Inferred: AWS checks this after each step; a value that is stored during a step in the account of the secret counts
    as stored by the function; a wrong RotationToken is ignored; a current version is no longer pending.
    """

    @pytest.fixture
    def deploy(self, db, client, fakesecrets, fakesecrets_rotation):
        """Add a rotation function, and start a rotation to the version token(2), which waits for its first step."""

        def deploy(handler):
            function = fakesecrets.add_rotation_function(handler, name="rotate")
            client.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
            return fakesecrets_rotation

        return deploy

    @staticmethod
    def rejection(arn):
        return (
            f"Pending secret version {token(2)} for Secret {arn} was not created by Lambda "
            "arn:aws:lambda:us-east-1:123456789012:function:rotate. Remove the AWSPENDING staging label and restart "
            "rotation"
        )

    def test_a_foreign_pending_value_fails_the_rotation_at_the_end_of_create_secret(
        self, client, db, deploy, fakesecrets
    ):
        driver = deploy(well_behaved)
        store(client)

        with pytest.warns(RotationFailedWarning) as warned:
            rotation = driver.run()

        assert (rotation.status, [step.name for step in rotation.steps]) == ("failed", ["createSecret"])
        assert str(rotation.error) == self.rejection(db), GUIDE
        assert str(rotation.steps[0].error) == self.rejection(db)
        assert [event.error for event in fakesecrets.history if isinstance(event, RotationStep)] == [
            rotation.error
        ]
        assert [event.error_message for event in fakesecrets.history if isinstance(event, ServiceEvent)] == [
            None,
            self.rejection(db),
        ]
        assert fakesecrets.cloudtrail[-1]["eventName"] == "RotationFailed"
        assert fakesecrets.cloudtrail[-1]["errorMessage"] == self.rejection(db)
        assert self.rejection(db) in str(warned[0].message)
        assert "createSecret returned, and the pending version is rejected" in fakesecrets.timeline("db")

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes since Python 3.11")
    def test_a_foreign_pending_value_fails_the_rotation_with_a_hint_at_the_rotation_token(
        self, client, deploy
    ):
        driver = deploy(well_behaved)
        store(client)

        with pytest.warns(RotationFailedWarning) as warned:
            driver.run()

        last = str(warned[0].message).splitlines()[-1]
        assert last.startswith("hint: The value of v2 was stored outside of the steps of the rotation, ")
        assert last.endswith("pass RotationToken=event['RotationToken'] to put_secret_value().")

    def test_a_foreign_pending_value_keeps_its_label_after_the_rotation_has_failed(
        self, client, deploy, fakesecrets
    ):
        driver = deploy(well_behaved)
        store(client)
        with pytest.warns(RotationFailedWarning):
            driver.run()

        assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): {"AWSPENDING"}}
        assert fakesecrets.secret("db").value("AWSPENDING") == "of something else"

    def test_a_foreign_pending_value_fails_each_attempt_until_its_label_is_removed(self, client, db, deploy):
        driver = deploy(well_behaved)
        store(client)
        for attempt in (1, 2):
            with pytest.warns(RotationFailedWarning):
                assert driver.run().attempt == attempt

        client.update_secret_version_stage(
            SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
        )
        client.rotate_secret(SecretId="db", ClientRequestToken=token(3))

        assert driver.run().status == "succeeded"
        assert current(client, "db") == token(3)

    def test_a_foreign_pending_value_is_detected_at_the_end_of_the_next_step(self, client, db, deploy):
        driver = deploy(nothing)
        driver.step("createSecret")
        store(client)

        with pytest.warns(RotationFailedWarning):
            rotation = driver.run()

        assert [step.name for step in rotation.steps] == ["createSecret", "setSecret"]
        assert str(rotation.error) == self.rejection(db)

    def test_a_foreign_pending_value_stored_between_two_attempts_fails_the_second(
        self, client, db, deploy, fakesecrets
    ):
        driver = deploy(raising_in("createSecret"))
        with pytest.raises(RuntimeError):
            driver.run()
        store(client)

        fakesecrets.add_rotation_function(well_behaved, name="rotate")
        with pytest.warns(RotationFailedWarning):
            rotation = driver.run()

        assert (rotation.attempt, str(rotation.error)) == (2, self.rejection(db))

    def test_an_exception_of_the_function_is_reported_before_a_foreign_pending_value(self, client, deploy):
        driver = deploy(raising_in("createSecret", ValueError("mine")))
        store(client)

        with pytest.raises(ValueError, match="mine"):
            driver.run()

    @pytest.mark.parametrize(
        "stages",
        [
            pytest.param(["AWSPENDING", "mine"], id="with a further label"),
            pytest.param(["mine"], id="with another label"),
        ],
    )
    def test_a_foreign_pending_value_is_rejected_with_any_labels(self, client, db, deploy, stages):
        driver = deploy(well_behaved)
        store(client, VersionStages=stages)

        with pytest.warns(RotationFailedWarning):
            assert str(driver.run().error) == self.rejection(db)

    def test_a_foreign_value_that_is_stored_as_the_current_one_is_not_pending(self, client, deploy):
        driver = deploy(well_behaved)
        store(client, VersionStages=["AWSCURRENT"])

        assert driver.run().status == "succeeded"

    def test_a_foreign_value_that_is_made_current_manually_is_not_pending(self, client, deploy):
        """API_CancelRotateSecret: a rotation is completed manually with UpdateSecretVersionStage."""
        driver = deploy(well_behaved)
        store(client)
        client.update_secret_version_stage(
            SecretId="db", VersionStage="AWSCURRENT", RemoveFromVersionId=token(1), MoveToVersionId=token(2)
        )

        assert driver.run().status == "succeeded"

    @ROTATION_TOKEN
    @pytest.mark.parametrize("is_right", [True, False], ids=["its own", "another one"])
    def test_a_pending_value_is_accepted_only_with_the_rotation_token_of_its_rotation(
        self, client, db, deploy, is_right
    ):
        """API_PutSecretValue, RotationToken; user guide, troubleshoot_rotation; inferred for another one."""
        events = []

        def handler(event, context):
            events.append(event)
            if event["Step"] != "createSecret":
                well_behaved(event, context)

        driver = deploy(handler)
        driver.step("createSecret")
        store(client, RotationToken=events[0]["RotationToken"] if is_right else "another-token" * 4)

        if is_right:
            assert driver.run().status == "succeeded"
        else:
            with pytest.warns(RotationFailedWarning):
                assert str(driver.run().error) == self.rejection(db)

    @pytest.mark.parametrize(
        "around",
        [
            pytest.param(lambda store: store(), id="in its own thread"),
            pytest.param(lambda store: in_a_thread(store), id="in another thread"),
            pytest.param(lambda store: asyncio.run(asyncio.to_thread(store)), id="in a task"),
        ],
    )
    def test_a_pending_value_is_accepted_if_a_step_stores_it_in_any_thread(self, client, deploy, around):
        """aws-samples/aws-secrets-manager-rotation-lambdas: none of them passes the RotationToken on."""

        def handler(event, context):
            if event["Step"] == "createSecret":
                around(lambda: store(client))
            else:
                well_behaved(event, context)

        rotation = deploy(handler).run()

        assert (rotation.status, rotation.findings) == ("succeeded", ())

    def test_a_pending_value_is_accepted_if_another_process_stores_it_during_a_step(
        self, deploy, fakesecrets_server
    ):
        """A function in another process reaches the same fake over HTTP."""
        body = {"SecretId": "db", "ClientRequestToken": token(2), "SecretString": "of the process"}
        request = Request(
            fakesecrets_server.url,
            json.dumps({**body, "VersionStages": ["AWSPENDING"]}).encode(),
            {"X-Amz-Target": "secretsmanager.PutSecretValue", "Content-Type": "application/x-amz-json-1.1"},
        )

        def handler(event, context):
            if event["Step"] == "createSecret":
                urlopen(request, timeout=10).close()
            else:
                well_behaved(event, context)

        assert deploy(handler).run().status == "succeeded"

    def test_a_pending_value_is_accepted_if_a_redelivered_step_stores_it(self, client, deploy):
        calls = []

        def handler(event, context):
            calls.append(event["Step"])
            if event["Step"] != "createSecret" or calls.count("createSecret") == 2:
                well_behaved(event, context)

        driver = deploy(handler)
        driver.step("createSecret")
        driver.redeliver("createSecret")

        assert driver.run().status == "succeeded"

    def test_a_pending_value_is_rejected_if_the_function_of_another_secret_stores_it(
        self, client, db, deploy, fakesecrets
    ):
        client.create_secret(Name="other", SecretString="old")
        driver = deploy(well_behaved)

        def confused(event, context):
            if event["Step"] == "createSecret":
                store(client)
            well_behaved(event, context)

        assert fakesecrets.rotate("other", confused).status == "succeeded"
        with pytest.warns(RotationFailedWarning):
            assert str(driver.run(secret_id="db").error) == self.rejection(db)

    @pytest.mark.parametrize(
        "operation",
        [
            pytest.param("a test run", id="a test run"),
            pytest.param(
                "a partner", id="a partner", marks=needs("RotateSecret", "ExternalSecretRotationRoleArn")
            ),
        ],
    )
    def test_a_pending_value_is_accepted_if_no_function_has_to_store_it(
        self, client, fakesecrets, fakesecrets_rotation, operation
    ):
        """API_RotateSecret: RotateImmediately=False tests a copy, which is removed; a partner rotates without a function."""
        if operation == "a test run":
            client.create_secret(Name="db")
            function = {"RotationLambdaARN": fakesecrets.add_rotation_function(nothing)}
            members = {**function, "RotateImmediately": False}
        else:
            fakesecrets.add_secret("db", "old", type="DatadogApiKey")
            members = {"ExternalSecretRotationRoleArn": "arn:aws:iam::123456789012:role/rotate"}
        client.rotate_secret(SecretId="db", ClientRequestToken=token(2), **members)
        store(client)

        assert fakesecrets_rotation.run().status == "succeeded"

    def test_the_pending_value_of_a_stuck_secret_that_is_seeded_is_accepted(
        self, fakesecrets, fakesecrets_clock
    ):
        fakesecrets_clock.move_to("2030-01-01 12:00")
        fakesecrets.add_secret(
            "db",
            "old",
            stuck=True,
            pending_value="new",
            rotation_function=well_behaved,
            rotation_rules={"AutomaticallyAfterDays": 1},
        )

        fakesecrets_clock.tick(timedelta(days=2))

        assert fakesecrets.rotations("db")[0].status == "succeeded"
        assert fakesecrets.secret("db").value("AWSPREVIOUS") == "new"


class TestThePendingValueFromAnotherAccount:
    """User guide, troubleshoot_rotation; API_PutSecretValue, RotationToken: across accounts the function passes it on."""

    @pytest.fixture
    def rotate(self, client, fakesecrets):
        """Rotate a secret with a function that stores the value from another account."""
        client.create_secret(Name="db", SecretString="old", KmsKeyId="alias/mine")
        everything = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
        client.put_resource_policy(SecretId="db", ResourcePolicy=json.dumps({"Statement": everything}))
        abroad = fakesecrets.client(aws_access_key_id="210987654321")

        def rotate(around=lambda store: store(), **members):
            def handler(event, context):
                if event["Step"] != "createSecret":
                    return well_behaved(event, context)
                sent = {name: event[name] for name in members}
                return around(lambda: store(abroad, event["SecretId"], event["ClientRequestToken"], **sent))

            return fakesecrets.rotate("db", handler)

        return rotate

    @pytest.mark.parametrize(
        "around",
        [
            pytest.param(lambda store: store(), id="in its own thread"),
            pytest.param(lambda store: in_a_thread(store), id="in another thread"),
        ],
    )
    def test_a_function_of_another_account_without_the_rotation_token_fails_with_a_finding(
        self, rotate, around
    ):
        with pytest.warns(RotationFailedWarning):
            rotation = rotate(around)

        assert str(rotation.error).startswith(f"Pending secret version {rotation.token} for Secret ")
        (finding,) = rotation.findings
        assert (finding.code, finding.step, finding.call) == (
            "rotation-token-missing",
            "createSecret",
            "PutSecretValue",
        )
        assert finding.text == (
            "PutSecretValue stored v2 with the keys of account 210987654321 and without the RotationToken. The secret "
            "belongs to account 123456789012, so the rotation fails."
        )
        assert finding.advice == "Pass RotationToken=event['RotationToken'] to put_secret_value()."

    @ROTATION_TOKEN
    def test_a_function_of_another_account_succeeds_with_the_rotation_token(self, rotate):
        rotation = rotate(RotationToken=True)

        assert (rotation.status, rotation.findings) == ("succeeded", ())

    def test_a_foreign_pending_value_is_not_a_finding_of_a_function_that_did_not_store_it(
        self, client, fakesecrets, fakesecrets_rotation
    ):
        """The function finds a value that it did not store."""
        client.create_secret(Name="db", SecretString="old")
        function = fakesecrets.add_rotation_function(well_behaved)
        client.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        store(client)

        with pytest.warns(RotationFailedWarning):
            rotation = fakesecrets_rotation.run()

        assert (rotation.status, rotation.findings) == ("failed", ())


def store(client, secret_id="db", version=None, **members):
    """Store the value of the pending version."""
    members = {"VersionStages": ["AWSPENDING"], "SecretString": "of something else", **members}
    client.put_secret_value(SecretId=secret_id, ClientRequestToken=version or token(2), **members)


def in_a_thread(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(timeout=30)
