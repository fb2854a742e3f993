"""GetSecretValue: the selection of a version, the response, and the rejected requests."""

from __future__ import annotations

import base64
from datetime import datetime, timezone

import pytest
from rotation_functions import nothing
from support import raw, rejected, token

LABEL = "Secrets Manager can't find the specified secret value for staging label: "
VERSION = "Secrets Manager can't find the specified secret value for VersionId: "


@pytest.fixture
def db(client):
    """Three versions: one without labels, AWSPREVIOUS, AWSCURRENT."""
    client.create_secret(Name="db", SecretString="one", ClientRequestToken=token(1))
    client.put_secret_value(SecretId="db", SecretString="two", ClientRequestToken=token(2))
    client.put_secret_value(SecretId="db", SecretString="three", ClientRequestToken=token(3))


def test_get_secret_value_returns_exactly_one_kind_of_value(client):
    """LocalStack snapshot test_get_secret_value."""
    arn = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]

    read = client.get_secret_value(SecretId="db")

    assert set(read) == {
        "ARN",
        "CreatedDate",
        "Name",
        "SecretString",
        "VersionId",
        "VersionStages",
        "ResponseMetadata",
    }
    assert (read["ARN"], read["Name"], read["VersionId"]) == (arn, "db", token(1))
    assert (read["SecretString"], read["VersionStages"]) == ("old", ["AWSCURRENT"])


def test_get_secret_value_returns_binary_as_bytes_and_as_base64_on_the_wire(client):
    """LocalStack snapshot test_get_secret_value."""
    client.create_secret(Name="db", SecretBinary=b"footest")

    read = client.get_secret_value(SecretId="db")
    _, on_the_wire = raw("GetSecretValue", {"SecretId": "db"})

    assert read["SecretBinary"] == b"footest"
    assert "SecretString" not in read
    assert on_the_wire["SecretBinary"] == "Zm9vdGVzdA=="


def test_get_secret_value_returns_bytes_that_are_not_text_unchanged(client):
    """LocalStack snapshot test_change_secret_value_after_creation."""
    value = b"\x00\x01\x02\xff-\xfe\xfd"
    client.create_secret(Name="db", SecretBinary=value)

    assert client.get_secret_value(SecretId="db")["SecretBinary"] == value
    assert base64.b64decode(raw("GetSecretValue", {"SecretId": "db"})[1]["SecretBinary"]) == value


@pytest.mark.parametrize(
    ("parameters", "value", "source"),
    [
        pytest.param({}, "three", "API_GetSecretValue", id="current by default"),
        pytest.param({"VersionStage": "AWSCURRENT"}, "three", "API_GetSecretValue", id="current"),
        pytest.param({"VersionStage": "AWSPREVIOUS"}, "two", "API_GetSecretValue", id="previous"),
        pytest.param({"VersionId": token(2)}, "two", "API_GetSecretValue", id="version"),
        pytest.param(
            {"VersionId": token(1)},
            "one",
            "Terraform AWS provider, acceptance tests",
            id="version without labels",
        ),
        pytest.param(
            {"VersionId": token(2), "VersionStage": "AWSPREVIOUS"},
            "two",
            "API_GetSecretValue",
            id="both, which agree",
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_get_secret_value_returns_the_requested_version(client, parameters, value, source):
    assert client.get_secret_value(SecretId="db", **parameters)["SecretString"] == value, source


@pytest.mark.parametrize(
    ("parameters", "code", "message", "source"),
    [
        pytest.param(
            {"VersionStage": "AWSPENDING"},
            "ResourceNotFoundException",
            f"{LABEL}AWSPENDING",
            "LocalStack snapshot test_get_secret_value_errors",
            id="unattached label",
        ),
        pytest.param(
            {"VersionStage": "awscurrent"},
            "ResourceNotFoundException",
            f"{LABEL}awscurrent",
            "inferred: not observed on AWS",
            id="label in small letters",
        ),
        pytest.param(
            {"VersionId": "b3d61c1a-9f5e-4a0c-8a5c-d17a6ba8bd90"},
            "ResourceNotFoundException",
            f"{VERSION}b3d61c1a-9f5e-4a0c-8a5c-d17a6ba8bd90",
            "LocalStack snapshot test_secret_version_not_found",
            id="unknown version",
        ),
        pytest.param(
            {"VersionId": "b3d61c1a-9f5e-4a0c-8a5c-d17a6ba8bd90", "VersionStage": "AWSCURRENT"},
            "ResourceNotFoundException",
            f"{VERSION}b3d61c1a-9f5e-4a0c-8a5c-d17a6ba8bd90",
            "inferred: not observed on AWS",
            id="unknown version and a label",
        ),
        pytest.param(
            {"VersionId": token(2), "VersionStage": "AWSCURRENT"},
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
            "LocalStack snapshot test_get_secret_value_errors",
            id="both, which do not agree",
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_get_secret_value_rejects_a_version_or_label_that_does_not_exist(
    client, parameters, code, message, source
):
    with rejected(code) as answer:
        client.get_secret_value(SecretId="db", **parameters)

    assert answer.message == message, source


def test_get_secret_value_of_a_secret_without_a_value_is_rejected(client):
    """LocalStack snapshot test_get_secret_value_errors: the form of the text; SDK issues."""
    client.create_secret(Name="db")

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId="db")

    assert answer.message == f"{LABEL}AWSCURRENT"


def test_get_secret_value_omits_version_stages_if_there_are_none(client, db):
    """Terraform AWS provider, acceptance tests."""
    assert "VersionStages" not in client.get_secret_value(SecretId="db", VersionId=token(1))


def test_get_secret_value_lists_all_labels_of_the_version(client):
    """LocalStack snapshot test_update_secret_version_stages_current_pending_cycle."""
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
    client.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", MoveToVersionId=token(1))

    read = client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")

    assert sorted(read["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_get_secret_value_returns_the_date_of_the_version_and_not_of_the_secret(client, fakesecrets_clock):
    """API_GetSecretValue, CreatedDate."""
    fakesecrets_clock.move_to("2030-01-01 09:00")
    client.create_secret(Name="db", SecretString="old")
    fakesecrets_clock.move_to("2030-01-02 10:00")
    client.put_secret_value(SecretId="db", SecretString="new")

    read = client.get_secret_value(SecretId="db")
    before = client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")

    assert read["CreatedDate"] == datetime(2030, 1, 2, 10, tzinfo=timezone.utc)
    assert before["CreatedDate"] == datetime(2030, 1, 1, 9, tzinfo=timezone.utc)


class TestAPendingVersionWithoutAValue:
    """RotateSecret stages a version before the rotation function puts a value."""

    @pytest.fixture(autouse=True)
    def staged(self, fakesecrets, client, fakesecrets_rotation):
        arn = fakesecrets.add_rotation_function(nothing)
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        client.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))

    @pytest.mark.parametrize(
        ("parameters", "message", "source"),
        [
            pytest.param(
                {"VersionStage": "AWSPENDING"}, f"{LABEL}AWSPENDING", "moto issue 8403", id="by label"
            ),
            pytest.param(
                {"VersionId": token(2)}, f"{VERSION}{token(2)}", "aws-sdk-js-v3 issue 7701", id="by version"
            ),
        ],
    )
    def test_is_not_found(self, client, parameters, message, source):
        with rejected("ResourceNotFoundException") as answer:
            client.get_secret_value(SecretId="db", **parameters)

        assert answer.message == message, source

    def test_is_not_found_by_label_and_version_id(self, client):
        """LocalStack snapshot test_rotate_secret_with_lambda_success: its function branches on the code."""
        with rejected("ResourceNotFoundException"):
            client.get_secret_value(SecretId="db", VersionId=token(2), VersionStage="AWSPENDING")

    def test_leaves_the_current_value_readable(self, client):
        """API_RotateSecret."""
        assert client.get_secret_value(SecretId="db")["SecretString"] == "old"
