"""CreateSecret: the state of a new secret, and the rejected requests."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
from support import MODEL, TAGS_BEYOND_THE_RULES, current, labels, needs, raw, rejected, token

INFERRED = "inferred: not observed on AWS"
EXTERNAL_TYPES = """
    BigIDClientSecret CiscoSecurityPlatformApiKey ConfluentCloudApiKey DatabricksPAT DatabricksSPSecret DatadogAdminKey
    DatadogApiKey DatadogApplicationKey GitLabAccessToken JenkinsApiToken MongoDBAtlasDatabaseUser
    MongoDBAtlasServiceAccount NetskopeApiToken PaddleApiKey SalesforceClientSecret SnowflakeKeyPairAuthentication
    SnowflakePat SonarQubeToken
"""
TWO_VALUES = "You can't specify both a binary secret value and a string secret value in the same secret."


def test_create_secret_with_a_value_returns_the_version_that_holds_it(client):
    """LocalStack snapshot test_create_and_update_secret."""
    created = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

    assert set(created) == {"ARN", "Name", "VersionId", "ResponseMetadata"}
    assert created["Name"] == "db"
    assert created["VersionId"] == token(1)
    assert labels(client, "db") == {token(1): {"AWSCURRENT"}}


def test_create_secret_without_a_value_creates_no_version(client):
    """LocalStack snapshot test_create_secret_version_from_empty_secret."""
    created = client.create_secret(Name="db", ClientRequestToken=token(1))

    assert set(created) == {"ARN", "Name", "ResponseMetadata"}
    assert "VersionIdsToStages" not in client.describe_secret(SecretId="db")
    assert client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"] == []


def test_create_secret_gets_a_token_from_botocore_by_default(client):
    """botocore's service model: ClientRequestToken is an idempotency token."""
    created = client.create_secret(Name="db", SecretString="old")

    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created["VersionId"])


@pytest.mark.parametrize(
    ("sent", "source"),
    [
        pytest.param("0F3B6A0E-9C1B-4B3C-8F3E-2D1A5C7E9B00", INFERRED, id="capitals"),
        pytest.param("x" * 32, MODEL, id="shortest"),
        pytest.param("x" * 64, MODEL, id="longest"),
        pytest.param("terraform-20230101120000000000000001", "Terraform AWS provider", id="no UUID"),
    ],
)
def test_create_secret_uses_the_token_unchanged_as_the_version_id(client, sent, source):
    created = client.create_secret(Name="db", SecretString="old", ClientRequestToken=sent)

    assert created["VersionId"] == sent, source
    assert current(client, "db") == sent, source


@pytest.mark.parametrize(
    ("region", "beginning", "source"),
    [
        pytest.param(
            "us-east-1",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
            "user guide, getting started",
            id="aws",
        ),
        pytest.param(
            "cn-north-1", "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:", INFERRED, id="china"
        ),
        pytest.param(
            "us-gov-west-1",
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:",
            INFERRED,
            id="government",
        ),
    ],
)
def test_create_secret_builds_the_arn_from_the_name_and_six_random_characters(
    fakesecrets, region, beginning, source
):
    created = fakesecrets.client(region).create_secret(Name="prod/db")

    ending = created["ARN"].removeprefix(f"{beginning}prod/db-")
    assert re.fullmatch(r"[A-Za-z0-9]{6}", ending), source


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("Valid/_+=.@-Name", "LocalStack snapshot test_create_and_update_secret", id="all signs"),
        pytest.param(
            "Invalid/_+=.@-Name-a1b2c3",
            "LocalStack snapshot test_create_and_update_secret",
            id="hyphen and six",
        ),
        pytest.param("rds!db-1", "LocalStack snapshot test_invalid_secret_name: the text", id="exclamation"),
        pytest.param("x" * 512, MODEL, id="longest"),
        pytest.param("1", MODEL, id="shortest"),
    ],
)
def test_create_secret_accepts_a_name_of_legal_characters(client, name, source):
    client.create_secret(Name=name)

    assert client.describe_secret(SecretId=name)["Name"] == name, source


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("Inv Name", "LocalStack snapshot test_invalid_secret_name", id="blank"),
        pytest.param(" Inv Name", "LocalStack snapshot test_invalid_secret_name", id="leading blank"),
        pytest.param(" Inv*Name? ", "LocalStack snapshot test_invalid_secret_name", id="star"),
        pytest.param(r" Inv *?!]Name\-", "LocalStack snapshot test_invalid_secret_name", id="brackets"),
        pytest.param("db:1", "LocalStack snapshot test_invalid_secret_name: the text", id="colon"),
        pytest.param("dß", "LocalStack snapshot test_invalid_secret_name: the text", id="not ASCII"),
        pytest.param("db\n", "LocalStack snapshot test_invalid_secret_name: the text", id="line feed"),
        pytest.param(
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
            "LocalStack snapshot test_invalid_secret_name: the text",
            id="ARN",
        ),
    ],
)
def test_create_secret_rejects_a_name_with_an_illegal_character(client, name, source):
    with rejected("ValidationException") as answer:
        client.create_secret(Name=name, SecretString="old")

    assert answer.message == (
        "Invalid name. Must be a valid name containing alphanumeric characters, "
        "or any of the following: -/_+=.@!"
    ), source


def test_create_secret_distinguishes_names_by_case(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db", SecretString="small")

    client.create_secret(Name="DB", SecretString="large")

    assert client.get_secret_value(SecretId="db")["SecretString"] == "small"
    assert client.get_secret_value(SecretId="DB")["SecretString"] == "large"


def test_create_secret_accepts_a_name_once_in_each_region(fakesecrets, client):
    """User guide, replicate secrets: names are of a region."""
    client.create_secret(Name="db", SecretString="east")

    fakesecrets.client("eu-west-1").create_secret(Name="db", SecretString="west")

    assert client.get_secret_value(SecretId="db")["SecretString"] == "east"


def test_create_secret_rejects_a_name_that_exists(client):
    """LocalStack snapshot test_secret_exists_snapshots."""
    client.create_secret(Name="db", SecretString="old")

    with rejected("ResourceExistsException") as answer:
        client.create_secret(Name="db", SecretString="old")

    assert answer.message == "The operation failed because the secret db already exists."


class TestATokenOfCreateSecret:
    """A ClientRequestToken that is already the id of a version."""

    def test_sent_again_with_the_same_value_returns_the_first_response(self, client):
        """moto aws-verified test_create_duplicate_secret_with_same_token."""
        first = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

        again = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

        for member in ("ARN", "Name", "VersionId"):
            assert again[member] == first[member]
        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_sent_again_with_another_value_is_rejected(self, client):
        """moto aws-verified test_create_different_secret_with_same_token."""
        arn = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", SecretString="new", ClientRequestToken=token(1))

        assert answer.message == (
            f"You can't use ClientRequestToken {token(1)} because that value is already in use "
            f"for a version of secret {arn}."
        )

    def test_sent_again_with_the_same_bytes_in_the_other_member_is_rejected(self, client):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", SecretBinary=b"old", ClientRequestToken=token(1))

        assert token(1) in answer.message

    def test_sent_again_with_the_same_value_changes_nothing(self, client):
        """API_CreateSecret: the request is ignored."""
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        before = client.describe_secret(SecretId="db")

        client.create_secret(
            Name="db",
            SecretString="old",
            ClientRequestToken=token(1),
            Description="another",
            Tags=[{"Key": "team", "Value": "a"}],
        )

        after = client.describe_secret(SecretId="db")
        assert "Description" not in after
        assert "Tags" not in after
        assert after["LastChangedDate"] == before["LastChangedDate"]

    def test_of_an_older_version_is_accepted_with_its_value(self, client):
        """API_CreateSecret: the request is ignored where the version exists."""
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        again = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

        assert again["VersionId"] == token(1)
        assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}

    def test_that_is_new_is_rejected_for_an_existing_name(self, client):
        """moto aws-verified test_create_duplicate_secret_without_specifying_token."""
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(2))

        assert answer.message == "The operation failed because the secret db already exists."

    def test_of_a_call_without_a_value_is_not_stored(self, client):
        """API_CreateSecret: the token counts "if you include SecretString or SecretBinary"."""
        client.create_secret(Name="db", ClientRequestToken=token(1))

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", ClientRequestToken=token(1))
        put = client.put_secret_value(SecretId="db", SecretString="first", ClientRequestToken=token(1))

        assert answer.message == "The operation failed because the secret db already exists."
        assert put["VersionId"] == token(1)

    def test_that_is_missing_is_rejected_before_every_other_check(self, client):
        """LocalStack snapshot test_no_client_request_token."""
        status, answered = raw("CreateSecret", {"Name": "db", "SecretString": "old"})

        assert status == 400
        assert answered == {
            "__type": "InvalidRequestException",
            "Message": "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        }


def test_create_secret_rejects_a_name_that_is_scheduled_for_deletion(client):
    """LocalStack snapshot test_exp_raised_on_creation_of_secret_scheduled_for_deletion."""
    client.create_secret(Name="db", SecretString="old")
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)

    with rejected("InvalidRequestException") as answer:
        client.create_secret(Name="db", SecretString="new")

    assert answer.message == (
        "You can't create this secret because a secret with this name is already scheduled for deletion."
    )


def test_create_secret_accepts_a_name_again_after_its_recovery_window(client, fakesecrets_clock):
    """Inferred: AWS deletes some time after the window, "no guarantee of a specific time" (API_DeleteSecret)."""
    fakesecrets_clock.move_to("2030-01-01")
    old = client.create_secret(Name="db", SecretString="old", Tags=[{"Key": "team", "Value": "a"}])
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    fakesecrets_clock.move_to("2030-01-09")

    new = client.create_secret(Name="db", SecretString="new")

    assert new["ARN"] != old["ARN"]
    assert "Tags" not in client.describe_secret(SecretId="db")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "new"


def test_create_secret_rejects_two_values(client):
    """A public log of AWS's answer to CreateSecret."""
    with rejected("InvalidParameterException") as answer:
        client.create_secret(Name="db", SecretString="text", SecretBinary=b"bytes")

    assert answer.message == TWO_VALUES


@pytest.mark.parametrize(
    ("sent", "message", "source"),
    [
        pytest.param(
            {"SecretString": "x" * 65537},
            "Value at 'secretString' failed to satisfy constraint: "
            "Member must have length less than or equal to 65536",
            "kubernetes-sigs/cluster-api-provider-aws issue 1531; the number: user guide, quotas",
            id="string too long",
        ),
        pytest.param(
            {"SecretString": "ä" * 40000},
            "Value at 'secretString' failed to satisfy constraint: "
            "Member must have length less than or equal to 65536",
            "user guide, quotas: 65,536 bytes; the text is inferred",
            id="string of too many bytes",
        ),
        pytest.param(
            {"SecretBinary": b"x" * 65537},
            "Value at 'secretBinary' failed to satisfy constraint: "
            "Member must have length less than or equal to 65536",
            "kubernetes-sigs/cluster-api-provider-aws issue 1531; the number: user guide, quotas",
            id="binary too long",
        ),
        pytest.param(
            {"SecretBinary": b""},
            "Value at 'secretBinary' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
            INFERRED,
            id="binary empty",
        ),
        pytest.param(
            {"KmsKeyId": "k" * 2049},
            f"Value '{'k' * 2049}' at 'kmsKeyId' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048",
            MODEL,
            id="key id too long",
        ),
        pytest.param(
            {"Description": "d" * 2049},
            f"Value '{'d' * 2049}' at 'description' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048",
            MODEL,
            id="description too long",
        ),
    ],
)
def test_create_secret_rejects_members_beyond_their_bounds(client, sent, message, source):
    with rejected("ValidationException") as answer:
        client.create_secret(Name="db", **sent)

    assert answer.message == f"1 validation error detected: {message}", source


def test_create_secret_rejects_an_empty_string_in_a_raw_request(fakesecrets):
    """A report of CloudFormation's answer, re:Post."""
    status, answered = raw("CreateSecret", {"Name": "db", "SecretString": "", "ClientRequestToken": token(1)})

    assert status == 400
    assert answered == {
        "__type": "ValidationException",
        "message": "1 validation error detected: Value at 'secretString' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"SecretString": "x" * 65536}, id="longest string"),
        pytest.param({"SecretBinary": b"x" * 65536}, id="longest binary"),
        pytest.param({"SecretString": " "}, id="blank"),
    ],
)
def test_create_secret_stores_the_longest_and_the_shortest_value(client, value):
    """User guide, quotas: 65,536 bytes."""
    client.create_secret(Name="db", **value)

    read = client.get_secret_value(SecretId="db")
    assert {member: read[member] for member in value} == value


def test_create_secret_with_an_empty_description_stores_none(client):
    """LocalStack snapshot test_create_secret_version_from_empty_secret."""
    client.create_secret(Name="db", Description="")

    assert "Description" not in client.describe_secret(SecretId="db")


@pytest.mark.parametrize(
    ("sent", "shown", "source"),
    [
        pytest.param("alias/mine", "alias/mine", "Terraform AWS provider: as it was supplied", id="alias"),
        pytest.param(
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "Terraform AWS provider: as it was supplied",
            id="ARN",
        ),
        pytest.param("alias/aws/secretsmanager", None, "API_DescribeSecret", id="the service's own"),
        pytest.param("", None, INFERRED, id="empty"),
    ],
)
def test_create_secret_stores_the_key_as_it_was_sent(client, sent, shown, source):
    client.create_secret(Name="db", KmsKeyId=sent)

    assert client.describe_secret(SecretId="db").get("KmsKeyId") == shown, source


@needs("CreateSecret", "Type")
@pytest.mark.parametrize("kind", EXTERNAL_TYPES.split())
def test_create_secret_stores_the_type_of_a_managed_external_secret(client, kind):
    """botocore's service model: Type; user guide, mes-partners: the types."""
    client.create_secret(Name="db", Type=kind)

    (listed,) = client.list_secrets()["SecretList"]
    assert client.describe_secret(SecretId="db")["Type"] == listed["Type"] == kind


class TestTagsOfCreateSecret:
    def test_are_stored_in_the_order_of_the_request(self, client):
        """LocalStack snapshot test_secret_tags."""
        client.create_secret(Name="db", Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}])

        tags = client.describe_secret(SecretId="db")["Tags"]
        assert tags == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]

    def test_may_be_fifty_in_number(self, client):
        """AWS general reference, service quotas for tagging."""
        client.create_secret(Name="db", Tags=[{"Key": f"{n:02}", "Value": ""} for n in range(50)])

        assert len(client.describe_secret(SecretId="db")["Tags"]) == 50

    @pytest.mark.parametrize(("sent", "source"), TAGS_BEYOND_THE_RULES)
    def test_that_violate_a_rule_are_rejected(self, client, sent, source):
        with rejected("InvalidParameterException") as answer:
            client.create_secret(Name="db", Tags=sent)

        assert answer.status == 400, source

    def test_with_the_prefix_of_aws_are_rejected(self, client):
        """Service quotas for tagging; the text is inferred from that of TagResource (cloud-custodian issue 9093)."""
        with rejected("InvalidParameterException") as answer:
            client.create_secret(Name="db", Tags=[{"Key": "aws:mine", "Value": ""}])

        assert answer.message == "You can't modify system tags. Tag key: 'aws:mine'."
        assert client.list_secrets()["SecretList"] == []

    def test_are_distinguished_by_case(self, client):
        """API_CreateSecret: tag keys are case sensitive."""
        client.create_secret(Name="db", Tags=[{"Key": "ABC", "Value": "1"}, {"Key": "abc", "Value": "2"}])

        tags = client.describe_secret(SecretId="db")["Tags"]
        assert tags == [{"Key": "ABC", "Value": "1"}, {"Key": "abc", "Value": "2"}]


def test_create_secret_dates_the_secret_and_its_version(client, fakesecrets_clock):
    """LocalStack snapshot test_create_multi_secrets_snapshot; the resolution: API_DescribeSecret example."""
    fakesecrets_clock.move_to("2030-01-31 16:00:00.857")

    client.create_secret(Name="db", SecretString="old")

    expected = datetime(2030, 1, 31, 16, 0, 0, 857000, tzinfo=timezone.utc)
    described = client.describe_secret(SecretId="db")
    assert described["CreatedDate"] == expected
    assert described["LastChangedDate"] == expected
    assert client.get_secret_value(SecretId="db")["CreatedDate"] == expected
