"""SecretId: found, unknown and invalid ids, in every operation that accepts one."""

from __future__ import annotations

import pytest
from support import POLICY, needs, rejected, token

INFERRED = "inferred: not observed on AWS"
NOT_FOUND = "Secrets Manager can't find the specified secret."
ILLEGAL = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)
RECORDED = "LocalStack snapshot test_invalid_secret_name"

#: Each operation with valid members, and whether its response to an illegal name was recorded.
OPERATIONS = [
    pytest.param("delete_resource_policy", {}, INFERRED, id="DeleteResourcePolicy"),
    pytest.param("delete_secret", {"ForceDeleteWithoutRecovery": True}, RECORDED, id="DeleteSecret"),
    pytest.param("describe_secret", {}, RECORDED, id="DescribeSecret"),
    pytest.param("get_resource_policy", {}, INFERRED, id="GetResourcePolicy"),
    pytest.param("get_secret_value", {}, RECORDED, id="GetSecretValue"),
    pytest.param(
        "list_resource_policies",
        {},
        INFERRED,
        id="ListResourcePolicies",
        marks=needs("ListResourcePolicies", "SecretId"),
    ),
    pytest.param("list_secret_version_ids", {}, RECORDED, id="ListSecretVersionIds"),
    pytest.param("put_resource_policy", {"ResourcePolicy": POLICY}, INFERRED, id="PutResourcePolicy"),
    pytest.param("put_secret_value", {"SecretString": "new"}, RECORDED, id="PutSecretValue"),
    pytest.param("restore_secret", {}, INFERRED, id="RestoreSecret"),
    pytest.param("tag_resource", {"Tags": [{"Key": "a", "Value": "1"}]}, RECORDED, id="TagResource"),
    pytest.param("untag_resource", {"TagKeys": ["a"]}, RECORDED, id="UntagResource"),
    pytest.param("update_secret", {"Description": "new"}, RECORDED, id="UpdateSecret"),
    pytest.param(
        "update_secret_version_stage",
        {"VersionStage": "mine", "MoveToVersionId": token(1)},
        INFERRED,
        id="UpdateSecretVersionStage",
    ),
    pytest.param(
        "validate_resource_policy", {"ResourcePolicy": POLICY}, RECORDED, id="ValidateResourcePolicy"
    ),
]


@pytest.mark.parametrize("name", ["Inv Name", " Inv Name", " Inv*Name? ", r" Inv *?!]Name\-"])
@pytest.mark.parametrize(("operation", "sent", "source"), OPERATIONS)
def test_a_secret_id_with_an_illegal_character_is_rejected(client, operation, sent, source, name):
    with rejected("ValidationException") as answer:
        getattr(client, operation)(SecretId=name, **sent)

    assert answer.message == ILLEGAL, source
    assert answer.status == 400, source


@pytest.mark.parametrize(("operation", "sent", "source"), OPERATIONS)
def test_an_unknown_secret_id_is_not_found(client, operation, sent, source):
    """LocalStack snapshots test_secret_not_found, test_secret_version_not_found; inferred for most operations."""
    if operation == "delete_secret":
        sent = {}  # a forced deletion succeeds

    with rejected("ResourceNotFoundException") as answer:
        getattr(client, operation)(SecretId="nobody", **sent)

    assert (answer.message, answer.status) == (NOT_FOUND, 400)


@pytest.mark.parametrize(("operation", "sent", "source"), OPERATIONS)
@pytest.mark.parametrize("form", ["name", "ARN", "partial ARN"])
def test_a_secret_is_found_by_its_name_its_arn_and_its_arn_without_the_ending(
    client, operation, sent, source, form
):
    """LocalStack snapshot test_create_and_update_secret; inferred for the operations that it does not call."""
    arn = client.create_secret(Name="prod/db", SecretString="old", ClientRequestToken=token(1))["ARN"]
    secret_id = {"name": "prod/db", "ARN": arn, "partial ARN": arn[:-7]}[form]

    answered = getattr(client, operation)(SecretId=secret_id, **sent)

    assert answered.get("ARN") in (arn, None)  # some responses omit them
    assert answered.get("Name") in ("prod/db", None)


@pytest.mark.parametrize(
    "name",
    ["s-c64bdc03", "Valid/_+=.@-Name", "Valid/_+=.@-Name-a1b2", "Valid/_+=.@-Name-a1b2c3-"],
)
def test_a_partial_arn_finds_names_that_do_not_end_in_a_hyphen_and_six_characters(client, name):
    """LocalStack snapshot test_create_and_update_secret."""
    arn = client.create_secret(Name=name, SecretString="old")["ARN"]

    assert client.describe_secret(SecretId=arn[:-7])["ARN"] == arn


def test_a_partial_arn_does_not_find_a_name_that_ends_in_a_hyphen_and_six_characters(client):
    """LocalStack snapshot test_create_and_update_secret[Invalid/_+=.@-Name-a1b2c3]; user guide, troubleshoot."""
    arn = client.create_secret(Name="Invalid/_+=.@-Name-a1b2c3", SecretString="old")["ARN"]

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId=arn[:-7])

    assert answer.message == NOT_FOUND
    assert client.get_secret_value(SecretId="Invalid/_+=.@-Name-a1b2c3")["ARN"] == arn
    assert client.get_secret_value(SecretId=arn)["ARN"] == arn


@pytest.mark.parametrize(
    ("change", "source"),
    [
        pytest.param(lambda arn: "d", INFERRED, id="beginning of the name"),
        pytest.param(lambda arn: "DB", INFERRED, id="name in capitals"),
        pytest.param(lambda arn: arn.rpartition(":")[2], INFERRED, id="name and ending, no ARN"),
        pytest.param(lambda arn: arn[:-6] + "aaaaaa", INFERRED, id="ARN with another ending"),
        pytest.param(lambda arn: arn[:-6] + arn[-6:].swapcase(), INFERRED, id="ending in other case"),
        pytest.param(lambda arn: arn.replace("us-east-1", "eu-west-1"), INFERRED, id="ARN of another region"),
        pytest.param(
            lambda arn: arn[:-7].replace("us-east-1", "eu-west-1"),
            INFERRED,
            id="partial ARN of another region",
        ),
        pytest.param(
            lambda arn: arn[:-7].replace("123456789012", "210987654321"),
            INFERRED,
            id="partial ARN of another account",
        ),
        pytest.param(
            lambda arn: arn.replace("123456789012", "210987654321"), INFERRED, id="of another account"
        ),
    ],
)
def test_a_secret_is_not_found_by(client, change, source):
    arn = client.create_secret(Name="db", SecretString="old")["ARN"]

    with rejected("ResourceNotFoundException") as answer:
        client.describe_secret(SecretId=change(arn))

    assert answer.message == NOT_FOUND, source


def test_a_secret_is_not_found_in_another_region(fakesecrets, client):
    """User guide, find secrets: a secret is of one region."""
    client.create_secret(Name="db", SecretString="old")

    with rejected("ResourceNotFoundException") as answer:
        fakesecrets.client("eu-west-1").get_secret_value(SecretId="db")

    assert answer.message == NOT_FOUND


def test_the_arn_of_a_deleted_predecessor_does_not_find_its_successor(client):
    """LocalStack snapshot test_can_recreate_delete_secret: the ending differs; inferred for the rest."""
    old = client.create_secret(Name="db", SecretString="old")["ARN"]
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    new = client.create_secret(Name="db", SecretString="new")["ARN"]

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId=old)

    assert answer.message == NOT_FOUND
    assert client.get_secret_value(SecretId=new)["SecretString"] == "new"


def test_an_arn_followed_by_an_illegal_character_is_rejected(client):
    """A report of ECS task definitions that name a JSON key after a "#"."""
    arn = client.create_secret(Name="db", SecretString="old")["ARN"]

    with rejected("ValidationException") as answer:
        client.get_secret_value(SecretId=f"{arn}#password")

    assert answer.message == ILLEGAL


def test_a_secret_id_of_more_than_2048_characters_is_rejected(client):
    """botocore's service model."""
    with rejected("ValidationException") as answer:
        client.describe_secret(SecretId="x" * 2049)

    assert answer.message == (
        f"1 validation error detected: Value '{'x' * 2049}' at 'secretId' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048"
    )
