"""A secret that is scheduled for deletion: the operations that accept it, and the errors of the others."""

from __future__ import annotations

import pytest
from support import POLICY, needs, rejected, token

INFERRED = "inferred: not observed on AWS"
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture(autouse=True)
def secret_marked_for_deletion(client):
    client.create_secret(
        Name="db", SecretString="old", ClientRequestToken=token(1), Tags=[{"Key": "a", "Value": "1"}]
    )
    client.delete_secret(SecretId="db")


@pytest.mark.parametrize(
    ("operation", "sent", "source"),
    [
        pytest.param(
            "get_secret_value",
            {},
            "user guide, monitoring secrets scheduled for deletion",
            id="GetSecretValue",
        ),
        pytest.param("put_secret_value", {"SecretString": "new"}, "public issues", id="PutSecretValue"),
        pytest.param("update_secret", {"Description": "new"}, "public issues", id="UpdateSecret"),
        pytest.param(
            "tag_resource",
            {"Tags": [{"Key": "b", "Value": "2"}]},
            "LocalStack snapshot test_tag_untag_resource_on_deleted_secret",
            id="TagResource",
        ),
        pytest.param(
            "untag_resource",
            {"TagKeys": ["a"]},
            "LocalStack snapshot test_tag_untag_resource_on_deleted_secret",
            id="UntagResource",
        ),
        pytest.param(
            "update_secret_version_stage",
            {"VersionStage": "mine", "MoveToVersionId": token(1)},
            INFERRED,
            id="UpdateSecretVersionStage",
        ),
        pytest.param(
            "get_resource_policy", {}, "acceptance tests of Terraform's AWS provider", id="GetResourcePolicy"
        ),
        pytest.param("put_resource_policy", {"ResourcePolicy": POLICY}, INFERRED, id="PutResourcePolicy"),
        pytest.param("delete_resource_policy", {}, INFERRED, id="DeleteResourcePolicy"),
        pytest.param(
            "list_resource_policies",
            {},
            INFERRED,
            id="ListResourcePolicies",
            marks=needs("ListResourcePolicies", "SecretId"),
        ),
        pytest.param(
            "validate_resource_policy", {"ResourcePolicy": POLICY}, INFERRED, id="ValidateResourcePolicy"
        ),
    ],
)
def test_an_operation_on_a_secret_that_is_marked_for_deletion_is_rejected(client, operation, sent, source):
    with rejected("InvalidRequestException") as answer:
        getattr(client, operation)(SecretId="db", **sent)

    assert answer.message == MARKED, source
    assert answer.response["Message"] == answer.message, source


@pytest.mark.parametrize(
    ("operation", "source"),
    [
        pytest.param(
            "describe_secret", "LocalStack snapshot test_force_delete_deleted_secret", id="DescribeSecret"
        ),
        pytest.param(
            "list_secret_version_ids",
            "inferred: the service model declares no InvalidRequestException for it",
            id="ListSecretVersionIds",
        ),
        pytest.param("restore_secret", "LocalStack snapshot test_secret_restore", id="RestoreSecret"),
    ],
)
def test_an_operation_on_a_secret_that_is_marked_for_deletion_is_accepted(client, operation, source):
    answered = getattr(client, operation)(SecretId="db")

    assert answered["Name"] == "db", source


def test_a_batch_reports_a_secret_that_is_marked_for_deletion_in_its_errors(client):
    """Inferred: not observed on AWS."""
    answered = client.batch_get_secret_value(SecretIdList=["db"])

    assert answered["SecretValues"] == []
    assert answered["Errors"] == [
        {"SecretId": "db", "ErrorCode": "InvalidRequestException", "Message": MARKED}
    ]


def test_a_known_token_with_its_value_is_rejected_for_a_secret_that_is_marked_for_deletion(client):
    """Inferred: not observed on AWS."""
    with rejected("InvalidRequestException"):
        client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))
    with rejected("InvalidRequestException"):
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
