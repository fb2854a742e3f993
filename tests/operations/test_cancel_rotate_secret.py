"""CancelRotateSecret, in every phase of a rotation."""

from __future__ import annotations

import pytest
from rotation_functions import nothing, raising_in, well_behaved
from support import labels, rejected, token

from pytest_fakesecrets import FakeSecretsError

UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."


@pytest.fixture
def rotating(db, fakesecrets, fakesecrets_rotation):
    """A secret whose rotation waits for its first step."""
    function = fakesecrets.add_rotation_function(well_behaved)
    db.rotate_secret(
        SecretId="db",
        RotationLambdaARN=function,
        RotationRules={"AutomaticallyAfterDays": 10},
        ClientRequestToken=token(2),
    )
    return db


def test_cancel_rotate_secret_turns_rotation_off_and_keeps_the_configuration(rotating, fakesecrets_rotation):
    """API_DescribeSecret: RotationEnabled false, NextRotationDate absent, the rules still shown."""
    fakesecrets_rotation.run()

    rotating.cancel_rotate_secret(SecretId="db")

    described = rotating.describe_secret(SecretId="db")
    assert described["RotationEnabled"] is False
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 10}
    assert described["RotationLambdaARN"].endswith(":function:well_behaved")
    assert "NextRotationDate" not in described
    assert described["LastRotatedDate"], "kept: inferred, not observed on AWS"
    (listed,) = rotating.list_secrets()["SecretList"]
    assert listed["RotationRules"] == {"AutomaticallyAfterDays": 10}, "aws-sdk-go-v2 issue 2274"


def test_cancel_rotate_secret_without_a_rotation_in_progress_returns_no_version(
    rotating, fakesecrets_rotation
):
    """botocore's examples-1.json; the finished rotation has left AWSPENDING on the current version."""
    fakesecrets_rotation.run()

    answer = rotating.cancel_rotate_secret(SecretId="db")

    del answer["ResponseMetadata"]
    assert answer == {"ARN": rotating.describe_secret(SecretId="db")["ARN"], "Name": "db"}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_cancel_rotate_secret_during_a_rotation_returns_the_version_and_leaves_the_labels(
    rotating, fakesecrets, fakesecrets_rotation, steps
):
    """API_CancelRotateSecret."""
    for _ in range(steps):
        fakesecrets_rotation.step()
    before = labels(rotating, "db")

    answer = rotating.cancel_rotate_secret(SecretId="db")

    assert answer["VersionId"] == token(2)
    assert labels(rotating, "db") == before == {token(1): {"AWSCURRENT"}, token(2): {"AWSPENDING"}}
    assert fakesecrets_rotation.pending == ()
    assert fakesecrets.rotations("db")[0].status == "cancelled"
    assert [event["eventName"] for event in fakesecrets.cloudtrail] == ["RotationStarted"]


def test_cancel_rotate_secret_removes_awspending_from_a_version_without_a_value(
    rotating, fakesecrets, fakesecrets_rotation
):
    """terraform-provider-aws, TestAccSecretsManagerSecretRotation_scheduleExpressionBasic; inferred: the version stays."""
    answer = rotating.cancel_rotate_secret(SecretId="db")

    assert answer["VersionId"] == token(2)
    assert labels(rotating, "db") == {token(1): {"AWSCURRENT"}}
    assert [version.has_value for version in fakesecrets.secret("db").versions] == [True, False]
    assert fakesecrets_rotation.pending == ()
    assert fakesecrets.rotations("db")[0].status == "cancelled"


def test_a_secret_without_a_value_accepts_another_schedule_after_cancel_rotate_secret(client, fakesecrets):
    """
    terraform-provider-aws, TestAccSecretsManagerSecretRotation_scheduleExpressionBasic, call by call.

    It passed on AWS in 2025 and 2026 (pull requests 41088 and 49659). Without the cancellation: issue 35023.
    """
    client.create_secret(Name="empty")
    function = fakesecrets.add_rotation_function(nothing)
    with pytest.warns(match="AWSCURRENT is on no version"):
        client.rotate_secret(
            SecretId="empty",
            RotationLambdaARN=function,
            RotationRules={"ScheduleExpression": "rate(10 days)"},
        )
    with rejected("InvalidRequestException") as answer:
        client.rotate_secret(SecretId="empty", RotationRules={"ScheduleExpression": "rate(7 days)"})
    assert answer.message == UNFINISHED

    client.cancel_rotate_secret(SecretId="empty")

    with pytest.warns(match="AWSCURRENT is on no version"):
        client.rotate_secret(SecretId="empty", RotationRules={"ScheduleExpression": "rate(7 days)"})
    rules = client.describe_secret(SecretId="empty")["RotationRules"]
    assert rules["ScheduleExpression"] == "rate(7 days)"


@pytest.mark.parametrize(
    ("assumed", "steps", "blocks"),
    [
        pytest.param(None, 0, False, id="the default, without a value"),
        pytest.param(None, 1, True, id="the default, with a value"),
        pytest.param("empty", 0, False, id="empty, without a value"),
        pytest.param("empty", 1, True, id="empty, with a value"),
        pytest.param("always", 0, False, id="always, without a value"),
        pytest.param("always", 1, False, id="always, with a value"),
        pytest.param("never", 0, True, id="never, without a value"),
        pytest.param("never", 1, True, id="never, with a value"),
    ],
)
def test_cancel_rotate_secret_unblocks_the_next_rotation_as_cancel_unblocks_says(
    rotating, fakesecrets, fakesecrets_rotation, assumed, steps, blocks
):
    """API_CancelRotateSecret: failing to clean up a cancelled rotation *can* block future ones; AWS PCS user guide."""
    if assumed is not None:
        fakesecrets.assume(cancel_unblocks=assumed)
    for _ in range(steps):
        fakesecrets_rotation.step()
    rotating.cancel_rotate_secret(SecretId="db")

    if blocks:
        assert labels(rotating, "db")[token(2)] == {"AWSPENDING"}
        with rejected("InvalidRequestException") as answer:
            rotating.rotate_secret(SecretId="db")
        assert answer.message == UNFINISHED
        rotating.update_secret_version_stage(
            SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
        )

    assert rotating.rotate_secret(SecretId="db")["VersionId"]


def test_cancel_rotate_secret_unblocks_a_secret_after_a_failed_rotation_without_a_value(db, fakesecrets):
    """Inferred from the cancellation of a running rotation: only the labels matter."""
    fakesecrets.assume(retry_delays=())
    function = fakesecrets.add_rotation_function(raising_in("createSecret"))
    with pytest.warns(match="createSecret"):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

    db.cancel_rotate_secret(SecretId="db")

    assert labels(db, "db") == {token(1): {"AWSCURRENT"}}


def test_cancel_rotate_secret_unblocks_a_secret_after_a_rotation_that_a_deletion_cancelled(
    rotating, fakesecrets
):
    """Inferred: DeleteSecret does not change labels."""
    rotating.delete_secret(SecretId="db")
    rotating.restore_secret(SecretId="db")
    assert labels(rotating, "db")[token(2)] == {"AWSPENDING"}

    rotating.cancel_rotate_secret(SecretId="db")

    assert labels(rotating, "db") == {token(1): {"AWSCURRENT"}}


def test_a_running_step_can_attach_awspending_again_after_cancel_rotate_secret(db, fakesecrets):
    """Inferred: a running step cannot be stopped, and PutSecretValue attaches the requested labels."""

    def function(event, context):
        db.cancel_rotate_secret(SecretId="db")
        db.put_secret_value(
            SecretId="db",
            SecretString="new",
            ClientRequestToken=event["ClientRequestToken"],
            VersionStages=["AWSPENDING"],
        )

    db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(function))

    assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}


def test_cancel_rotate_secret_of_a_managed_secret_is_accepted(client, fakesecrets):
    """terraform-provider-aws pull request 49659, for a secret of RDS."""
    fakesecrets.add_secret("rds!db-1", "old", owning_service="rds")

    answer = client.cancel_rotate_secret(SecretId="rds!db-1")

    assert answer["Name"] == "rds!db-1"
    assert client.describe_secret(SecretId="rds!db-1")["RotationEnabled"] is False


def test_cancel_rotate_secret_of_a_managed_secret_without_managed_rotation_is_rejected(client, fakesecrets):
    """User guide, troubleshoot: the text; inferred for CancelRotateSecret."""
    fakesecrets.add_secret("events!connection/x", "value", owning_service="events")

    with rejected("InvalidRequestException") as answer:
        client.cancel_rotate_secret(SecretId="events!connection/x")

    assert answer.message.startswith("This secret is managed by an AWS service")


@pytest.mark.parametrize("given", ["sometimes", True, None])
def test_an_unknown_value_of_cancel_unblocks_is_rejected(fakesecrets, given):
    with pytest.raises(
        FakeSecretsError, match="cancel_unblocks has to be 'empty' or 'always' or 'never', not"
    ):
        fakesecrets.assume(cancel_unblocks=given)


def test_rotate_secret_after_cancel_rotate_secret_turns_rotation_on_with_the_kept_configuration(
    rotating, fakesecrets, fakesecrets_rotation
):
    """API_CancelRotateSecret: to turn on automatic rotation again, call RotateSecret."""
    fakesecrets_rotation.run()
    rotating.cancel_rotate_secret(SecretId="db")

    rotating.rotate_secret(SecretId="db", ClientRequestToken=token(3))
    fakesecrets_rotation.run()

    described = rotating.describe_secret(SecretId="db")
    assert described["RotationEnabled"] is True
    assert described["NextRotationDate"]
    assert described["VersionIdsToStages"][token(3)] == ["AWSCURRENT", "AWSPENDING"]


def test_cancel_rotate_secret_inside_a_step_lets_that_step_end_and_no_other_follow(db, fakesecrets):
    """A running step cannot be stopped; in later steps the functions of aws-samples would read RotationEnabled false."""
    steps = []

    def function(event, context):
        steps.append(event["Step"])
        db.cancel_rotate_secret(SecretId="db")

    db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(function))

    assert steps == ["createSecret"]
    assert fakesecrets.rotations("db")[0].status == "cancelled"


def test_cancel_rotate_secret_stops_the_retries_of_a_failed_rotation(db, fakesecrets, fakesecrets_clock):
    function = fakesecrets.add_rotation_function(raising_in("testSecret"))
    with pytest.warns(match="testSecret"):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

    answer = db.cancel_rotate_secret(SecretId="db")
    fakesecrets_clock.tick(24 * 60 * 60)

    assert answer["VersionId"] == fakesecrets.rotations("db")[0].token
    assert fakesecrets.rotations("db")[0].attempt == 1


def test_cancel_rotate_secret_during_rotate_immediately_false_removes_the_test_version(
    db, fakesecrets, fakesecrets_rotation
):
    function = fakesecrets.add_rotation_function(well_behaved)
    db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotateImmediately=False)

    db.cancel_rotate_secret(SecretId="db")

    assert fakesecrets_rotation.pending == ()
    assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}}


def test_cancel_rotate_secret_twice_is_accepted_and_returns_no_version(rotating):
    """Inferred: not observed on AWS."""
    rotating.cancel_rotate_secret(SecretId="db")

    assert "VersionId" not in rotating.cancel_rotate_secret(SecretId="db")


@pytest.mark.parametrize(
    ("prepare", "code", "message"),
    [
        pytest.param(None, "ResourceNotFoundException", "can't find the specified secret", id="no secret"),
        pytest.param("create", "InvalidRequestException", "No Lambda rotation function", id="never rotated"),
        pytest.param("delete", "InvalidRequestException", "marked for deletion", id="deleted"),
    ],
)
def test_cancel_rotate_secret_is_rejected(client, prepare, code, message):
    """The codes come from the service model; the messages are inferred from other operations."""
    if prepare is not None:
        client.create_secret(Name="db", SecretString="old")
    if prepare == "delete":
        client.delete_secret(SecretId="db")

    with rejected(code) as answer:
        client.cancel_rotate_secret(SecretId="db")

    assert message in answer.message
