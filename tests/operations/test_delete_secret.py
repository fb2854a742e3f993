"""DeleteSecret: scheduled and immediate deletions, and the state during the recovery window."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support import labels, rejected, token

INFERRED = "inferred: not observed on AWS"
RANGE = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
BOTH = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."


@pytest.fixture
def db(client, fakesecrets_clock):
    """A secret; it is 2030-01-31 16:00:00.250 UTC."""
    fakesecrets_clock.move_to("2030-01-31 16:00:00.250")
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


@pytest.mark.parametrize(
    ("sent", "due", "source"),
    [
        pytest.param(
            {},
            datetime(2030, 3, 2, 16, 0, 0, 250000, tzinfo=timezone.utc),
            "API_DeleteSecret: 30 days",
            id="default",
        ),
        pytest.param(
            {"RecoveryWindowInDays": 7},
            datetime(2030, 2, 7, 16, 0, 0, 250000, tzinfo=timezone.utc),
            "API_DeleteSecret",
            id="7",
        ),
        pytest.param(
            {"RecoveryWindowInDays": 30},
            datetime(2030, 3, 2, 16, 0, 0, 250000, tzinfo=timezone.utc),
            "API_DeleteSecret",
            id="30",
        ),
        pytest.param(
            {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": False},
            datetime(2030, 2, 7, 16, 0, 0, 250000, tzinfo=timezone.utc),
            "LocalStack test test_cross_account_access_non_default_key (aws validated)",
            id="not forced, in so many words",
        ),
        pytest.param(
            {"ForceDeleteWithoutRecovery": True},
            datetime(2030, 1, 31, 16, 0, 0, 250000, tzinfo=timezone.utc),
            INFERRED,
            id="forced",
        ),
    ],
)
def test_delete_secret_returns_the_date_of_the_deletion(client, db, sent, due, source):
    deleted = client.delete_secret(SecretId="db", **sent)

    assert set(deleted) == {"ARN", "DeletionDate", "Name", "ResponseMetadata"}, source
    assert (deleted["ARN"], deleted["Name"]) == (db, "db"), source
    assert deleted["DeletionDate"] == due, source


@pytest.mark.parametrize(
    ("sent", "message", "source"),
    [
        pytest.param({"RecoveryWindowInDays": -1}, RANGE, "moto, pasted from the AWS CLI", id="negative"),
        pytest.param({"RecoveryWindowInDays": 0}, RANGE, "moto, pasted from the AWS CLI", id="0"),
        pytest.param({"RecoveryWindowInDays": 6}, RANGE, "moto, pasted from the AWS CLI", id="6"),
        pytest.param({"RecoveryWindowInDays": 31}, RANGE, "moto, pasted from the AWS CLI", id="31"),
        pytest.param(
            {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True},
            BOTH,
            "moto, pasted from the AWS CLI",
            id="forced with a window",
        ),
        pytest.param(
            {"RecoveryWindowInDays": 1, "ForceDeleteWithoutRecovery": True},
            RANGE,
            INFERRED,
            id="forced with a window out of range",
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_delete_secret_rejects_a_recovery_window(client, sent, message, source):
    with rejected("InvalidParameterException") as answer:
        client.delete_secret(SecretId="db", **sent)

    assert answer.message == message, source
    assert "DeletedDate" not in client.describe_secret(SecretId="db"), source


def test_delete_secret_keeps_everything_during_the_recovery_window(client, db):
    """LocalStack snapshot test_force_delete_deleted_secret for the labels; inferred for the rest."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}])

    client.delete_secret(SecretId="db")

    described = client.describe_secret(SecretId="db")
    assert labels(client, "db") == {token(1): {"AWSCURRENT"}}
    assert described["Tags"] == [{"Key": "a", "Value": "1"}]


def test_delete_secret_by_force_deletes_at_once(client, db):
    """API_DeleteSecret; AWS takes some seconds: LocalStack test test_can_recreate_delete_secret (aws validated)."""
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    with rejected("ResourceNotFoundException") as answer:
        client.describe_secret(SecretId="db")
    assert answer.message == "Secrets Manager can't find the specified secret."


def test_delete_secret_by_force_ends_a_recovery_window(client, db):
    """LocalStack snapshot test_force_delete_deleted_secret."""
    client.delete_secret(SecretId="db")

    deleted = client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    assert (deleted["ARN"], deleted["Name"]) == (db, "db")
    with rejected("ResourceNotFoundException"):
        client.describe_secret(SecretId="db")


def test_delete_secret_of_a_secret_that_is_already_scheduled_is_rejected(client, db):
    """Inferred: not observed on AWS."""
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)

    with rejected("InvalidRequestException") as answer:
        client.delete_secret(SecretId="db", RecoveryWindowInDays=30)

    assert answer.status == 400


def test_delete_secret_of_a_missing_secret_is_rejected(client):
    """API_DeleteSecret."""
    with rejected("ResourceNotFoundException") as answer:
        client.delete_secret(SecretId="nobody")

    assert answer.message == "Secrets Manager can't find the specified secret."


def test_delete_secret_by_force_of_a_missing_secret_succeeds(client, fakesecrets_clock):
    """LocalStack test test_delete_non_existent_secret_returns_as_if_secret_exists (aws validated)."""
    fakesecrets_clock.move_to("2030-01-31 16:00")

    deleted = client.delete_secret(SecretId="nobody", ForceDeleteWithoutRecovery=True)

    assert deleted["Name"] == "nobody"
    assert deleted["ARN"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:nobody-")
    assert deleted["DeletionDate"] == datetime(2030, 1, 31, 16, tzinfo=timezone.utc)
    assert client.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


def test_delete_secret_by_force_of_a_missing_secret_returns_the_arn_of_the_request(client, db):
    """Inferred: not observed on AWS."""
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    again = client.delete_secret(SecretId=db, ForceDeleteWithoutRecovery=True)

    assert again["ARN"] == db
    assert again["Name"] == "db"


def test_delete_secret_by_force_rejects_an_illegal_name(client):
    """LocalStack snapshot test_invalid_secret_name."""
    with rejected("ValidationException") as answer:
        client.delete_secret(SecretId="Inv Name", ForceDeleteWithoutRecovery=True)

    assert answer.message.startswith("Invalid name. ")


def test_delete_secret_by_force_frees_the_name(client, db):
    """LocalStack snapshot test_can_recreate_delete_secret."""
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    again = client.create_secret(Name="db", SecretString="new")

    assert again["ARN"] != db
    with rejected("ResourceNotFoundException"):
        client.describe_secret(SecretId=db)


def test_delete_secret_can_be_repeated_by_force_after_the_window_has_ended(client, db, fakesecrets_clock):
    """API_DeleteSecret: no ResourceNotFoundException for a nonexistent secret that is deleted by force."""
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    fakesecrets_clock.move_to("2030-02-08")

    with rejected("ResourceNotFoundException"):
        client.delete_secret(SecretId="db")
    deleted = client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    assert deleted["Name"] == "db"
