"""CancelRotateSecret, in every phase of a rotation."""

from __future__ import annotations

import pytest
from rotation_functions import raising_in, well_behaved
from support import labels, refused, token


@pytest.fixture
def db(client):
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
    return client


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


def test_it_turns_rotation_off_and_keeps_the_configuration(rotating, fakesecrets_rotation):
    """API_DescribeSecret: RotationEnabled false, NextRotationDate absent, the rules still shown."""
    fakesecrets_rotation.run()

    rotating.cancel_rotate_secret(SecretId="db")

    described = rotating.describe_secret(SecretId="db")
    assert described["RotationEnabled"] is False
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 10}
    assert described["RotationLambdaARN"].endswith(":function:well_behaved")
    assert "NextRotationDate" not in described
    assert described["LastRotatedDate"], "kept: inferred, not observed on AWS"


def test_without_a_rotation_in_progress_the_answer_has_no_version(rotating, fakesecrets_rotation):
    """botocore's examples-1.json; the finished rotation has left AWSPENDING on the current version."""
    fakesecrets_rotation.run()

    answer = rotating.cancel_rotate_secret(SecretId="db")

    del answer["ResponseMetadata"]
    assert answer == {"ARN": rotating.describe_secret(SecretId="db")["ARN"], "Name": "db"}


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_in_the_middle_of_a_rotation_it_names_the_version_and_leaves_the_labels(
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


def test_cancelling_does_not_unblock_the_next_rotation(rotating):
    """API_CancelRotateSecret: failing to clean up a cancelled rotation can block future ones."""
    rotating.cancel_rotate_secret(SecretId="db")

    with refused("InvalidRequestException") as answer:
        rotating.rotate_secret(SecretId="db")

    assert answer.message == "A previous rotation isn't complete. That rotation will be reattempted."
    rotating.update_secret_version_stage(
        SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
    )
    assert rotating.rotate_secret(SecretId="db")["VersionId"]


def test_a_later_rotation_turns_it_on_again_with_the_kept_configuration(
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


def test_cancelled_by_its_own_function_the_step_ends_and_no_other_follows(db, fakesecrets):
    """A step in flight cannot be stopped; aws-samples' functions then see RotationEnabled false."""
    steps = []

    def function(event, context):
        steps.append(event["Step"])
        db.cancel_rotate_secret(SecretId="db")

    db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(function))

    assert steps == ["createSecret"]
    assert fakesecrets.rotations("db")[0].status == "cancelled"


def test_a_failed_rotation_is_not_tried_again_after_it(db, fakesecrets, fakesecrets_clock):
    function = fakesecrets.add_rotation_function(raising_in("testSecret"))
    with pytest.warns(match="testSecret"):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

    answer = db.cancel_rotate_secret(SecretId="db")
    fakesecrets_clock.tick(24 * 60 * 60)

    assert answer["VersionId"] == fakesecrets.rotations("db")[0].token
    assert fakesecrets.rotations("db")[0].attempt == 1


def test_during_a_test_run_its_version_goes(db, fakesecrets, fakesecrets_rotation):
    function = fakesecrets.add_rotation_function(well_behaved)
    db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotateImmediately=False)

    db.cancel_rotate_secret(SecretId="db")

    assert fakesecrets_rotation.pending == ()
    assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}}


def test_twice_is_no_error_and_names_no_version(rotating):
    """Inferred: not observed on AWS."""
    rotating.cancel_rotate_secret(SecretId="db")

    assert "VersionId" not in rotating.cancel_rotate_secret(SecretId="db")


@pytest.mark.parametrize(
    ("prepare", "code", "told"),
    [
        pytest.param(None, "ResourceNotFoundException", "can't find the specified secret", id="no secret"),
        pytest.param("create", "InvalidRequestException", "No Lambda rotation function", id="never rotated"),
        pytest.param("delete", "InvalidRequestException", "marked for deletion", id="deleted"),
    ],
)
def test_refusals(client, prepare, code, told):
    """The codes are the model's; the texts are inferred from other operations."""
    if prepare is not None:
        client.create_secret(Name="db", SecretString="old")
    if prepare == "delete":
        client.delete_secret(SecretId="db")

    with refused(code) as answer:
        client.cancel_rotate_secret(SecretId="db")

    assert told in answer.message
