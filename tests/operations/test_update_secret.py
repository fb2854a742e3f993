"""UpdateSecret: the value and the metadata, and only the members that were sent."""

from __future__ import annotations

import pytest
from support import labels, raw, rejected, token


@pytest.fixture
def db(client):
    """One version under token(1), with AWSCURRENT, and a description."""
    created = client.create_secret(
        Name="db", SecretString="old", Description="mine", ClientRequestToken=token(1)
    )
    return created["ARN"]


def test_update_secret_with_a_value_returns_the_new_version(client, db):
    """LocalStack snapshot test_update_secret_description."""
    updated = client.update_secret(SecretId="db", SecretString="new", ClientRequestToken=token(2))

    assert set(updated) == {"ARN", "Name", "VersionId", "ResponseMetadata"}
    assert (updated["ARN"], updated["Name"], updated["VersionId"]) == (db, "db", token(2))


def test_update_secret_with_a_value_moves_the_labels(client, db):
    """LocalStack snapshot test_update_secret_version_stages_current_previous."""
    client.update_secret(SecretId="db", SecretString="new", ClientRequestToken=token(2))

    assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}
    assert client.get_secret_value(SecretId="db")["SecretString"] == "new"


@pytest.mark.parametrize(
    ("sent", "source"),
    [
        pytest.param({}, "LocalStack snapshot test_update_secret_description", id="nothing"),
        pytest.param(
            {"Description": "new"}, "LocalStack snapshot test_update_secret_description", id="description"
        ),
        pytest.param({"KmsKeyId": "alias/mine"}, "botocore's examples of UpdateSecret", id="key"),
    ],
)
@pytest.mark.usefixtures("db")
def test_update_secret_without_a_value_creates_no_version(client, sent, source):
    updated = client.update_secret(SecretId="db", **sent)

    assert "VersionId" not in updated, source
    assert labels(client, "db") == {token(1): {"AWSCURRENT"}}, source


def test_update_secret_keeps_members_that_were_not_sent(client, db):
    """LocalStack snapshot test_update_secret_description."""
    client.update_secret(SecretId="db", KmsKeyId="alias/mine")
    client.update_secret(SecretId="db", SecretString="new")

    described = client.describe_secret(SecretId="db")
    assert (described["Description"], described["KmsKeyId"]) == ("mine", "alias/mine")


def test_update_secret_replaces_the_description(client, db):
    """LocalStack snapshot test_update_secret_description."""
    client.update_secret(SecretId="db", Description="new")

    assert client.describe_secret(SecretId="db")["Description"] == "new"


def test_update_secret_with_an_empty_description_removes_it(client, db):
    """go-to-k/cdkd repository notes: measured live in us-east-1."""
    client.update_secret(SecretId="db", Description="")

    assert "Description" not in client.describe_secret(SecretId="db")


def test_update_secret_with_an_empty_key_restores_the_key_of_the_service(client, db):
    """API_UpdateSecret; go-to-k/cdkd repository notes: measured live in us-east-1."""
    client.update_secret(SecretId="db", KmsKeyId="alias/mine")

    client.update_secret(SecretId="db", KmsKeyId="")

    assert "KmsKeyId" not in client.describe_secret(SecretId="db")


def test_update_secret_with_a_key_reencrypts_the_versions_with_labels_of_aws(client, db):
    """API_UpdateSecret: versions labelled AWSCURRENT, AWSPENDING and AWSPREVIOUS; others keep their key."""
    client.put_secret_value(SecretId="db", SecretString="2", ClientRequestToken=token(2))
    client.put_secret_value(SecretId="db", SecretString="3", ClientRequestToken=token(3))
    client.put_secret_value(
        SecretId="db", SecretString="4", ClientRequestToken=token(4), VersionStages=["AWSPENDING"]
    )
    client.put_secret_value(
        SecretId="db", SecretString="5", ClientRequestToken=token(5), VersionStages=["mine"]
    )

    client.update_secret(SecretId="db", KmsKeyId="alias/mine")

    versions = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    assert {version["VersionId"]: version["KmsKeyIds"] for version in versions} == {
        token(1): ["DefaultEncryptionKey"],
        token(2): ["alias/mine"],
        token(3): ["alias/mine"],
        token(4): ["alias/mine"],
        token(5): ["DefaultEncryptionKey"],
    }


def test_update_secret_on_a_secret_without_a_value_makes_the_first_version_current(client):
    """Inferred from PutSecretValue: LocalStack snapshot test_create_secret_version_from_empty_secret."""
    client.create_secret(Name="db")

    client.update_secret(SecretId="db", SecretString="first", ClientRequestToken=token(1))

    assert labels(client, "db") == {token(1): {"AWSCURRENT"}}


def test_update_secret_with_the_same_value_creates_another_version(client, db):
    """LocalStack test test_last_updated_date (aws validated) for the date; inferred for the version."""
    client.update_secret(SecretId="db", SecretString="old", ClientRequestToken=token(2))

    assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}


def test_update_secret_may_change_the_kind_of_the_value(client, db):
    """LocalStack snapshot test_change_secret_value_after_creation."""
    client.update_secret(SecretId="db", SecretBinary=b"\x00\xff")

    assert client.get_secret_value(SecretId="db")["SecretBinary"] == b"\x00\xff"


def test_update_secret_rejects_two_values(client, db):
    """A public log of AWS's answer to CreateSecret; inferred for UpdateSecret."""
    with rejected("InvalidParameterException") as answer:
        client.update_secret(SecretId="db", SecretString="text", SecretBinary=b"bytes")

    assert answer.message == (
        "You can't specify both a binary secret value and a string secret value in the same secret."
    )


def test_update_secret_rejects_an_empty_binary(client, db):
    """Inferred: not observed on AWS."""
    with rejected("ValidationException") as answer:
        client.update_secret(SecretId="db", SecretBinary=b"")

    assert answer.message == (
        "1 validation error detected: Value at 'secretBinary' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_update_secret_is_rejected_beyond_the_limit_of_labels(client, db):
    """User guide, quotas: 20 labels over all versions; a public log: the text; its code is inferred."""
    client.put_secret_value(
        SecretId="db", SecretString="new", VersionStages=[f"label{n:02}" for n in range(19)]
    )

    with rejected("LimitExceededException") as answer:
        client.update_secret(SecretId="db", SecretString="newer")

    assert answer.message == "You exceeded the maximum number of staging labels allowed on a secret."


class TestATokenOfUpdateSecret:
    """A ClientRequestToken that is already the id of a version."""

    def test_sent_again_with_the_same_value_succeeds(self, client, db):
        """moto aws-verified test_update_same_secret_value_with_same_token; API_UpdateSecret says otherwise."""
        updated = client.update_secret(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert (updated["ARN"], updated["Name"], updated["VersionId"]) == (db, "db", token(1))
        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_sent_again_with_another_value_is_rejected(self, client, db):
        """moto aws-verified test_update_different_secret_value_with_same_token."""
        with rejected("ResourceExistsException") as answer:
            client.update_secret(SecretId="db", SecretString="new", ClientRequestToken=token(1))

        assert answer.message == (
            f"You can't use ClientRequestToken {token(1)} because that value is already in use "
            f"for a version of secret {db}."
        )

    def test_sent_again_with_the_same_bytes_in_the_other_member_is_rejected(self, client, db):
        """Inferred: not observed on AWS."""
        with rejected("ResourceExistsException") as answer:
            client.update_secret(SecretId="db", SecretBinary=b"old", ClientRequestToken=token(1))

        assert token(1) in answer.message

    def test_sent_again_with_the_same_value_changes_nothing(self, client, db):
        """Inferred from API_CreateSecret: the request is ignored."""
        client.update_secret(
            SecretId="db", SecretString="old", ClientRequestToken=token(1), Description="another"
        )

        assert client.describe_secret(SecretId="db")["Description"] == "mine"

    def test_of_an_update_without_a_value_is_not_stored(self, client, db):
        """API_CreateSecret: the token counts "if you include SecretString or SecretBinary"."""
        client.update_secret(SecretId="db", Description="new", ClientRequestToken=token(2))

        updated = client.update_secret(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        assert updated["VersionId"] == token(2)

    def test_is_ignored_in_a_request_without_a_value(self, client, db):
        """LocalStack snapshot test_update_secret_description: without a value no VersionId is returned."""
        updated = client.update_secret(SecretId="db", Description="new", ClientRequestToken=token(1))

        assert "VersionId" not in updated
        assert client.describe_secret(SecretId="db")["Description"] == "new"

    def test_that_is_missing_is_rejected(self, client):
        """LocalStack snapshot test_no_client_request_token."""
        status, answered = raw("UpdateSecret", {"SecretId": "nobody", "Description": "new"})

        assert status == 400
        assert answered == {
            "__type": "InvalidRequestException",
            "Message": "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        }
