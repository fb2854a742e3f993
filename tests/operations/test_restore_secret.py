"""RestoreSecret: cancelling a deletion during the recovery window."""

from __future__ import annotations

import pytest
from support import labels, rejected, token


@pytest.fixture
def deleted(client, fakesecrets_clock):
    """A secret with two versions, scheduled for deletion on 2030-02-07 16:00 UTC."""
    fakesecrets_clock.move_to("2030-01-31 16:00")
    arn = client.create_secret(
        Name="db", SecretString="old", ClientRequestToken=token(1), Tags=[{"Key": "a", "Value": "1"}]
    )["ARN"]
    client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    return arn


@pytest.mark.parametrize("by", ["name", "ARN"])
def test_restore_secret_returns_arn_and_name(client, deleted, by):
    """LocalStack snapshot test_secret_restore."""
    restored = client.restore_secret(SecretId="db" if by == "name" else deleted)

    assert set(restored) == {"ARN", "Name", "ResponseMetadata"}
    assert (restored["ARN"], restored["Name"]) == (deleted, "db")


def test_restore_secret_restores_everything(client, deleted):
    """API_RestoreSecret."""
    client.restore_secret(SecretId="db")

    described = client.describe_secret(SecretId="db")
    assert "DeletedDate" not in described
    assert described["Tags"] == [{"Key": "a", "Value": "1"}]
    assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}
    assert client.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert [entry["Name"] for entry in client.list_secrets()["SecretList"]] == ["db"]


def test_restore_secret_cancels_the_deletion_permanently(client, deleted, fakesecrets_clock):
    """API_RestoreSecret: the scheduled deletion is cancelled."""
    client.restore_secret(SecretId="db")

    fakesecrets_clock.move_to("2031-01-01")

    assert client.get_secret_value(SecretId="db")["SecretString"] == "new"


def test_restore_secret_allows_another_deletion(client, deleted):
    """API_RestoreSecret."""
    client.restore_secret(SecretId="db")

    assert client.delete_secret(SecretId="db")["Name"] == "db"


def test_restore_secret_of_a_secret_that_is_not_scheduled_for_deletion_changes_nothing(
    client, fakesecrets_clock
):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db", SecretString="old")
    before = client.describe_secret(SecretId="db")
    fakesecrets_clock.tick(60)

    restored = client.restore_secret(SecretId="db")

    assert restored["Name"] == "db"
    assert client.describe_secret(SecretId="db")["LastChangedDate"] == before["LastChangedDate"]


def test_restore_secret_is_rejected_after_the_recovery_window(client, deleted, fakesecrets_clock):
    """Inferred: AWS deletes some time after the window, "no guarantee of a specific time" (API_DeleteSecret)."""
    fakesecrets_clock.move_to("2030-02-07 16:00:01")

    with rejected("ResourceNotFoundException") as answer:
        client.restore_secret(SecretId="db")

    assert answer.message == "Secrets Manager can't find the specified secret."


def test_restore_secret_is_rejected_after_a_forced_deletion(client, deleted):
    """Inferred: not observed on AWS."""
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    with rejected("ResourceNotFoundException") as answer:
        client.restore_secret(SecretId="db")

    assert answer.message == "Secrets Manager can't find the specified secret."
