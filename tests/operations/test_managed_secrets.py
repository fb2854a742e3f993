"""Secrets of other AWS services: their customer can list and read them, and only their owner can change them."""

from __future__ import annotations

import pytest
from support import POLICY, needs, rejected

OWNER = {"Key": "aws:secretsmanager:owningService", "Value": "rds"}


@pytest.fixture(autouse=True)
def managed(fakesecrets):
    fakesecrets.add_secret("rds!db-1", "old", owning_service="rds")


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        pytest.param("put_secret_value", {"SecretString": "new"}, id="PutSecretValue"),
        pytest.param("update_secret", {"Description": "new"}, id="UpdateSecret"),
        pytest.param("delete_secret", {}, id="DeleteSecret"),
        pytest.param("delete_secret", {"ForceDeleteWithoutRecovery": True}, id="DeleteSecret by force"),
        pytest.param(
            "update_secret_version_stage",
            {"VersionStage": "mine", "MoveToVersionId": "x" * 32},
            id="UpdateSecretVersionStage",
        ),
        pytest.param("put_resource_policy", {"ResourcePolicy": POLICY}, id="PutResourcePolicy"),
        pytest.param("delete_resource_policy", {}, id="DeleteResourcePolicy"),
        pytest.param(
            "replicate_secret_to_regions",
            {"AddReplicaRegions": [{"Region": "eu-west-1"}]},
            id="ReplicateSecretToRegions",
        ),
    ],
)
def test_a_managed_secret_rejects_changes_by_its_customer(client, operation, sent):
    """User guide, troubleshoot: the beginning of the text; API errors, InvalidRequestException: the code."""
    with rejected("InvalidRequestException") as answer:
        getattr(client, operation)(SecretId="rds!db-1", **sent)

    assert answer.message.startswith(
        "This secret is managed by an AWS service, and you must use that service to update it"
    )


def test_a_managed_secret_can_be_read(client):
    """User guide, secrets managed by other services."""
    assert client.get_secret_value(SecretId="rds!db-1")["SecretString"] == "old"


def test_a_managed_secret_can_be_read_in_a_batch(client):
    """User guide, secrets managed by other services; API_BatchGetSecretValue."""
    answered = client.batch_get_secret_value(Filters=[{"Key": "owning-service", "Values": ["rds"]}])

    assert [entry["SecretString"] for entry in answered["SecretValues"]] == ["old"]


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        pytest.param("get_resource_policy", {}, id="GetResourcePolicy"),
        pytest.param(
            "list_resource_policies",
            {},
            id="ListResourcePolicies",
            marks=needs("ListResourcePolicies", "SecretId"),
        ),
        pytest.param("validate_resource_policy", {"ResourcePolicy": POLICY}, id="ValidateResourcePolicy"),
    ],
)
def test_the_policy_of_a_managed_secret_can_be_read(client, operation, sent):
    """Inferred: not observed on AWS."""
    answered = getattr(client, operation)(SecretId="rds!db-1", **sent)

    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_managed_secret_names_its_owning_service(client):
    """User guide, secrets managed by other services; AWS CLI reference, list-secrets example."""
    described = client.describe_secret(SecretId="rds!db-1")
    (listed,) = client.list_secrets()["SecretList"]

    assert described["OwningService"] == listed["OwningService"] == "rds"


def test_a_managed_secret_has_the_tags_of_aws(client):
    """AWS CLI reference, list-secrets; floci pull request 2378, checked on AWS."""
    described = client.describe_secret(SecretId="rds!db-1")

    assert described["Tags"] == [OWNER]


def test_a_managed_secret_can_be_tagged_and_untagged_by_its_customer(client):
    """terraform-provider-aws pull request 45825, TestAccSecretsManagerTag_managedSecrets; issue 43073."""
    client.tag_resource(SecretId="rds!db-1", Tags=[{"Key": "team", "Value": "a"}])
    assert client.describe_secret(SecretId="rds!db-1")["Tags"] == [OWNER, {"Key": "team", "Value": "a"}]

    client.untag_resource(SecretId="rds!db-1", TagKeys=["team"])
    assert client.describe_secret(SecretId="rds!db-1")["Tags"] == [OWNER]


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        pytest.param("tag_resource", {"Tags": [{"Key": OWNER["Key"], "Value": "me"}]}, id="TagResource"),
        pytest.param("untag_resource", {"TagKeys": [OWNER["Key"]]}, id="UntagResource"),
    ],
)
def test_the_tags_of_aws_on_a_managed_secret_cannot_be_changed(client, operation, sent):
    """cloud-custodian issue 9093, for TagResource; inferred for UntagResource."""
    with rejected("InvalidParameterException") as answer:
        getattr(client, operation)(SecretId="rds!db-1", **sent)

    assert answer.message == f"You can't modify system tags. Tag key: '{OWNER['Key']}'."
    assert client.describe_secret(SecretId="rds!db-1")["Tags"] == [OWNER]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("tag-key", "aws:secretsmanager:owning", id="tag-key"),
        pytest.param("tag-value", "rds", id="tag-value"),
        pytest.param("owning-service", "rds", id="owning-service"),
    ],
)
def test_a_managed_secret_is_found_by_the_tag_of_its_owning_service(client, key, value):
    """floci pull request 2378, checked on AWS."""
    client.create_secret(Name="mine", SecretString="old")

    found = client.list_secrets(Filters=[{"Key": key, "Values": [value]}])["SecretList"]

    assert [entry["Name"] for entry in found] == ["rds!db-1"]
