"""Secrets of other AWS services: they are seen and read, and changed by their owner only."""

from __future__ import annotations

import pytest
from support import needs, refused

POLICY = """{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}"""


@pytest.fixture(autouse=True)
def managed(fakesecrets):
    fakesecrets.add_secret(
        "rds!db-1", "old", owning_service="rds", tags={"aws:secretsmanager:owningService": "rds"}
    )


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        pytest.param("put_secret_value", {"SecretString": "new"}, id="PutSecretValue"),
        pytest.param("update_secret", {"Description": "new"}, id="UpdateSecret"),
        pytest.param("tag_resource", {"Tags": [{"Key": "b", "Value": "2"}]}, id="TagResource"),
        pytest.param("untag_resource", {"TagKeys": ["b"]}, id="UntagResource"),
        pytest.param("delete_secret", {}, id="DeleteSecret"),
        pytest.param("delete_secret", {"ForceDeleteWithoutRecovery": True}, id="DeleteSecret by force"),
        pytest.param(
            "update_secret_version_stage",
            {"VersionStage": "mine", "MoveToVersionId": "x" * 32},
            id="UpdateSecretVersionStage",
        ),
        pytest.param("put_resource_policy", {"ResourcePolicy": POLICY}, id="PutResourcePolicy"),
        pytest.param("delete_resource_policy", {}, id="DeleteResourcePolicy"),
    ],
)
def test_a_managed_secret_is_changed_by_its_owner_only(client, operation, sent):
    """User guide, troubleshoot: the beginning of the text; API errors, InvalidRequestException: the code."""
    with refused("InvalidRequestException") as answer:
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
def test_the_policy_of_a_managed_secret_can_be_looked_at(client, operation, sent):
    """Inferred: not observed on AWS."""
    answered = getattr(client, operation)(SecretId="rds!db-1", **sent)

    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_managed_secret_names_its_owner(client):
    """User guide, secrets managed by other services; AWS CLI reference, list-secrets example."""
    described = client.describe_secret(SecretId="rds!db-1")
    (listed,) = client.list_secrets()["SecretList"]

    assert described["OwningService"] == listed["OwningService"] == "rds"


def test_a_managed_secret_shows_the_tags_of_aws(client):
    """LocalStack CloudFormation snapshot test_cfn_secretsmanager_gen_secret; AWS CLI reference, list-secrets."""
    described = client.describe_secret(SecretId="rds!db-1")

    assert described["Tags"] == [{"Key": "aws:secretsmanager:owningService", "Value": "rds"}]
