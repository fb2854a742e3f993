"""Access from another account, which the resource policy of a secret allows or denies."""

from __future__ import annotations

import json

import pytest
from support import OTHER, THIRD, rejected, token

RECORDED = "LocalStack test test_cross_account_access"
INFERRED = "inferred: not observed on AWS"
DEFAULT_KEY = (
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
    "service key."
)
NOT_FOUND = "Secrets Manager can't find the specified secret."


@pytest.fixture
def db(client):
    """The ARN of a secret under the default key, without a policy."""
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


@pytest.fixture
def secret_with_customer_key(client):
    """The ARN of a secret under a customer managed key, without a policy."""
    return client.create_secret(
        Name="own-key", SecretString="old", ClientRequestToken=token(1), KmsKeyId="alias/shared"
    )["ARN"]


def statement(effect="Allow", action="secretsmanager:*", **elements):
    elements = elements or {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    return {"Effect": effect, "Action": action, "Resource": "*", **elements}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow_access(client, arn, *statements):
    client.put_resource_policy(SecretId=arn, ResourcePolicy=policy(*(statements or [statement()])))


class TestAnAccountThatThePolicyAllows:
    def test_can_describe_the_secret(self, client, other, db):
        """LocalStack test test_cross_account_access."""
        allow_access(client, db)

        described = other.describe_secret(SecretId=db)

        assert (described["ARN"], described["Name"]) == (db, "db")

    def test_can_find_the_secret_by_a_partial_arn(self, client, other, db):
        """User guide, troubleshoot: partial ARNs; inferred across accounts."""
        allow_access(client, db)

        described = other.describe_secret(SecretId=db[:-7])

        assert described["ARN"] == db

    def test_can_read_the_policy(self, client, other, db):
        """LocalStack test test_cross_account_access."""
        allow_access(client, db)

        answer = other.get_resource_policy(SecretId=db)

        assert json.loads(answer["ResourcePolicy"]) == json.loads(policy(statement()))

    def test_can_replace_the_policy(self, client, other, db):
        """LocalStack test test_cross_account_access."""
        allow_access(client, db)
        second = policy(statement(), statement(Principal={"AWS": f"arn:aws:iam::{THIRD}:root"}))

        other.put_resource_policy(SecretId=db, ResourcePolicy=second)

        assert json.loads(client.get_resource_policy(SecretId="db")["ResourcePolicy"]) == json.loads(second)

    def test_can_list_the_versions(self, client, other, db):
        """LocalStack test test_cross_account_access."""
        allow_access(client, db)

        (version,) = other.list_secret_version_ids(SecretId=db)["Versions"]

        assert (version["VersionId"], version["VersionStages"]) == (token(1), ["AWSCURRENT"])

    def test_can_tag_and_untag_the_secret(self, client, other, db):
        """LocalStack test test_cross_account_access: an empty list is left."""
        allow_access(client, db)

        other.tag_resource(SecretId=db, Tags=[{"Key": "a", "Value": "1"}])
        tagged = client.describe_secret(SecretId="db")["Tags"]
        other.untag_resource(SecretId=db, TagKeys=["a"])
        untagged = client.describe_secret(SecretId="db")["Tags"]

        assert tagged == [{"Key": "a", "Value": "1"}]
        assert untagged == []

    def test_can_delete_the_secret(self, client, other, secret_with_customer_key):
        """LocalStack test test_cross_account_access_non_default_key."""
        allow_access(client, secret_with_customer_key)

        answer = other.delete_secret(
            SecretId=secret_with_customer_key, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=False
        )

        assert (answer["ARN"], answer["Name"]) == (secret_with_customer_key, "own-key")
        assert "DeletedDate" in client.describe_secret(SecretId="own-key")

    def test_can_delete_the_secret_by_force(self, client, other, db):
        """LocalStack test test_cross_account_access: DeleteSecret; inferred for force."""
        allow_access(client, db)

        other.delete_secret(SecretId=db, ForceDeleteWithoutRecovery=True)

        assert client.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []

    def test_does_not_see_the_secret_in_a_list(self, client, other, db):
        """LocalStack test test_cross_account_access."""
        allow_access(client, db)

        assert other.list_secrets()["SecretList"] == [], RECORDED
        assert len(client.list_secrets()["SecretList"]) == 1

    def test_can_change_the_description(self, client, other, db):
        """Inferred: not observed on AWS."""
        allow_access(client, db)

        other.update_secret(SecretId=db, Description="theirs")

        assert client.describe_secret(SecretId="db")["Description"] == "theirs"

    def test_has_no_access_in_another_region(self, client, fakesecrets, db):
        """Inferred: not observed on AWS."""
        allow_access(client, db)
        elsewhere = fakesecrets.client("eu-west-3", aws_access_key_id=OTHER, aws_secret_access_key="x")

        with rejected("ResourceNotFoundException"):
            elsewhere.describe_secret(SecretId=db)

    def test_has_a_separate_namespace(self, client, other, db):
        """API_GetSecretValue, SecretId: an ARN for the secret of another account; inferred for names."""
        allow_access(client, db)
        theirs = other.create_secret(Name="db", SecretString="theirs")["ARN"]

        assert other.describe_secret(SecretId="db")["ARN"] == theirs
        assert other.describe_secret(SecretId=db)["ARN"] == db
        assert theirs.split(":")[4] == OTHER
        assert client.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_does_not_find_the_secret_by_its_name(self, client, other, db):
        """API_GetSecretValue, SecretId: "To retrieve a secret from another account, you must use an ARN"."""
        allow_access(client, db)

        with rejected("ResourceNotFoundException") as answer:
            other.describe_secret(SecretId="db")

        assert answer.message == NOT_FOUND

    def test_has_access_to_a_replica_by_the_replicated_policy(self, client, fakesecrets, db):
        """User guide, create-manage-multi-region-secrets: the policy is replicated; inferred across accounts."""
        allow_access(client, db)
        client.replicate_secret_to_regions(
            SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": "alias/paris"}]
        )
        elsewhere = fakesecrets.client("eu-west-3", aws_access_key_id=OTHER, aws_secret_access_key="x")

        value = elsewhere.get_secret_value(SecretId=db.replace("us-east-1", "eu-west-3"))

        assert value["SecretString"] == "old"


class TestValuesUnderTheDefaultKeyInAnotherAccount:
    @pytest.mark.parametrize(
        ("operation", "sent", "source"),
        [
            pytest.param("get_secret_value", {}, RECORDED, id="GetSecretValue"),
            pytest.param("put_secret_value", {"SecretString": "new"}, RECORDED, id="PutSecretValue"),
            pytest.param("update_secret", {"SecretString": "new"}, INFERRED, id="UpdateSecret"),
        ],
    )
    def test_cannot_be_read(self, client, other, db, operation, sent, source):
        allow_access(client, db)

        with rejected("InvalidRequestException") as answer:
            getattr(other, operation)(SecretId=db, **sent)

        assert answer.message == DEFAULT_KEY, source
        assert client.get_secret_value(SecretId="db")["VersionId"] == token(1), source

    def test_cannot_be_read_if_the_key_was_named_by_its_alias(self, client, other):
        """LocalStack test test_cross_account_access for the text; inferred for the alias."""
        arn = client.create_secret(Name="db", SecretString="old", KmsKeyId="alias/aws/secretsmanager")["ARN"]
        allow_access(client, arn)

        with rejected("InvalidRequestException") as answer:
            other.get_secret_value(SecretId=arn)

        assert answer.message == DEFAULT_KEY

    def test_can_be_read_after_a_change_to_a_customer_key(self, client, other, db):
        """API_UpdateSecret: the versions with the labels of AWS are encrypted again."""
        allow_access(client, db)

        client.update_secret(SecretId="db", KmsKeyId="alias/shared")

        assert other.get_secret_value(SecretId=db)["SecretString"] == "old"

    def test_can_be_read_in_the_account_of_the_secret(self, client, db):
        """LocalStack test test_cross_account_access: only other accounts are refused."""
        allow_access(client, db)

        assert client.get_secret_value(SecretId=db)["SecretString"] == "old"


class TestValuesUnderACustomerKeyInAnotherAccount:
    def test_can_be_read(self, client, other, secret_with_customer_key):
        """LocalStack test test_cross_account_access_non_default_key."""
        allow_access(client, secret_with_customer_key)

        value = other.get_secret_value(SecretId=secret_with_customer_key)

        assert (value["ARN"], value["SecretString"]) == (secret_with_customer_key, "old")

    def test_can_be_put(self, client, other, secret_with_customer_key):
        """LocalStack test test_cross_account_access_non_default_key."""
        allow_access(client, secret_with_customer_key)

        answer = other.put_secret_value(
            SecretId=secret_with_customer_key, SecretString="new", ClientRequestToken=token(2)
        )

        assert (answer["ARN"], answer["VersionId"]) == (secret_with_customer_key, token(2))
        assert client.get_secret_value(SecretId="own-key")["SecretString"] == "new"

    def test_can_be_updated(self, client, other, secret_with_customer_key):
        """Inferred: not observed on AWS."""
        allow_access(client, secret_with_customer_key)

        other.update_secret(SecretId=secret_with_customer_key, SecretString="new")

        assert client.get_secret_value(SecretId="own-key")["SecretString"] == "new"

    def test_update_last_accessed_date_when_read(self, client, other, secret_with_customer_key):
        """API_DescribeSecret, LastAccessedDate; inferred across accounts."""
        allow_access(client, secret_with_customer_key)

        other.get_secret_value(SecretId=secret_with_customer_key)

        assert "LastAccessedDate" in client.describe_secret(SecretId="own-key")

    @pytest.mark.parametrize("form", ["full ARN", "partial ARN"])
    def test_cannot_be_read_in_a_batch(self, client, other, secret_with_customer_key, form):
        """
        User guide, auth-and-access_examples_cross: BatchGetSecretValue is not among the operations.

        That it answers with an entry in Errors, and with which, is inferred.
        """
        allow_access(client, secret_with_customer_key)
        other.create_secret(Name="theirs", SecretString="theirs")
        sent = secret_with_customer_key if form == "full ARN" else secret_with_customer_key[:-7]

        answer = other.batch_get_secret_value(SecretIdList=[sent, "theirs"])

        assert [value["Name"] for value in answer["SecretValues"]] == ["theirs"]
        (error,) = answer["Errors"]
        assert (error["SecretId"], error["ErrorCode"]) == (sent, "AccessDeniedException")
        assert "LastAccessedDate" not in client.describe_secret(SecretId=secret_with_customer_key)

    @pytest.mark.parametrize(
        "action", ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]
    )
    def test_cannot_be_read_in_a_batch_under_any_policy(
        self, client, other, secret_with_customer_key, action
    ):
        """User guide, auth-and-access_examples_cross; inferred for the entry in Errors."""
        allow_access(client, secret_with_customer_key, statement(action=action))

        answer = other.batch_get_secret_value(SecretIdList=[secret_with_customer_key])

        assert answer["SecretValues"] == []
        assert [error["SecretId"] for error in answer["Errors"]] == [secret_with_customer_key]

    def test_are_not_matched_by_the_filters_of_a_batch(self, client, other, secret_with_customer_key):
        """LocalStack test test_cross_account_access for ListSecrets; inferred for the batch."""
        allow_access(client, secret_with_customer_key)

        answer = other.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["own-key"]}])

        assert (answer["SecretValues"], answer["Errors"]) == ([], [])


class TestAnAccountWithoutPermission:
    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            pytest.param("describe_secret", {}, id="DescribeSecret"),
            pytest.param("get_secret_value", {}, id="GetSecretValue"),
            pytest.param("put_secret_value", {"SecretString": "new"}, id="PutSecretValue"),
            pytest.param("update_secret", {"Description": "new"}, id="UpdateSecret"),
            pytest.param("get_resource_policy", {}, id="GetResourcePolicy"),
            pytest.param(
                "put_resource_policy", {"ResourcePolicy": policy(statement())}, id="PutResourcePolicy"
            ),
            pytest.param("list_secret_version_ids", {}, id="ListSecretVersionIds"),
            pytest.param("tag_resource", {"Tags": [{"Key": "a", "Value": "1"}]}, id="TagResource"),
            pytest.param("untag_resource", {"TagKeys": ["a"]}, id="UntagResource"),
            pytest.param("delete_secret", {}, id="DeleteSecret"),
            pytest.param("restore_secret", {}, id="RestoreSecret"),
        ],
    )
    @pytest.mark.parametrize("key", ["default key", "own key"])
    def test_does_not_find_the_secret(self, other, db, secret_with_customer_key, key, operation, sent):
        """Inferred: not observed on AWS, which returns AccessDeniedException without any permission."""
        arn = db if key == "default key" else secret_with_customer_key

        with rejected("ResourceNotFoundException") as answer:
            getattr(other, operation)(SecretId=arn, **sent)

        assert answer.message == NOT_FOUND

    def test_cannot_delete_the_secret_by_force(self, client, other, db):
        """API_DeleteSecret: for a nonexistent secret it succeeds; inferred for one that is not seen."""
        other.delete_secret(SecretId=db, ForceDeleteWithoutRecovery=True)

        assert client.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_has_no_access_although_another_account_has(self, client, third, db):
        """User guide, resource policies: the principal."""
        allow_access(client, db)

        with rejected("ResourceNotFoundException"):
            third.describe_secret(SecretId=db)

    def test_has_no_access_after_the_policy_was_deleted(self, client, other, db):
        """API_DeleteResourcePolicy."""
        allow_access(client, db)
        other.describe_secret(SecretId=db)

        client.delete_resource_policy(SecretId="db")

        with rejected("ResourceNotFoundException"):
            other.describe_secret(SecretId=db)

    def test_has_no_access_after_it_deleted_the_policy_itself(self, client, other, db):
        """API_DeleteResourcePolicy; inferred across accounts."""
        allow_access(client, db)

        other.delete_resource_policy(SecretId=db)

        with rejected("ResourceNotFoundException"):
            other.describe_secret(SecretId=db)
        assert "ResourcePolicy" not in client.get_resource_policy(SecretId="db")

    def test_has_no_access_by_the_policy_of_another_secret(self, client, other, db, secret_with_customer_key):
        """User guide, resource policies: attached to one secret."""
        allow_access(client, secret_with_customer_key)

        with rejected("ResourceNotFoundException"):
            other.describe_secret(SecretId=db)


class TestAResourcePolicy:
    @pytest.mark.parametrize(
        "statements",
        [
            pytest.param([statement()], id="root"),
            pytest.param([statement(Principal={"AWS": OTHER})], id="account id"),
            pytest.param([statement(Principal={"AWS": [THIRD, OTHER]})], id="one of several accounts"),
            pytest.param([statement(Principal={"AWS": f"arn:aws:iam::{OTHER}:user/ann"})], id="user"),
            pytest.param([statement(Principal={"AWS": f"arn:aws:iam::{OTHER}:role/app"})], id="role"),
            pytest.param([statement(Principal="*")], id="everybody"),
            pytest.param([statement(Principal={"AWS": "*"})], id="every account"),
            pytest.param([statement(NotPrincipal={"AWS": THIRD})], id="all others"),
            pytest.param([statement(action="*")], id="every action"),
            pytest.param([statement(action="secretsmanager:DescribeSecret")], id="this action"),
            pytest.param([statement(action="secretsmanager:describesecret")], id="whatever the case"),
            pytest.param([statement(action="secretsmanager:Describe*")], id="pattern"),
            pytest.param(
                [statement(action=["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"])],
                id="one of several actions",
            ),
            pytest.param(
                [statement(action="secretsmanager:GetSecretValue"), statement()], id="second statement"
            ),
            pytest.param(
                [statement(), statement("Deny", "secretsmanager:DeleteSecret")], id="another action denied"
            ),
            pytest.param(
                [statement(), statement("Deny", Principal={"AWS": THIRD})], id="another account denied"
            ),
        ],
    )
    def test_allows_another_account(self, client, other, db, statements):
        """IAM user guide: policy elements, and how they are evaluated."""
        allow_access(client, db, *statements)

        described = other.describe_secret(SecretId=db)

        assert described["ARN"] == db

    @pytest.mark.parametrize(
        "statements",
        [
            pytest.param([statement("Deny")], id="denied"),
            pytest.param([statement(), statement("Deny")], id="allowed and denied"),
            pytest.param([statement("Deny"), statement()], id="denied and allowed"),
            pytest.param(
                [statement(), statement("Deny", "secretsmanager:DescribeSecret")], id="this action denied"
            ),
            pytest.param([statement(), statement("Deny", Principal="*")], id="denied to everybody"),
            pytest.param([statement(action="secretsmanager:GetSecretValue")], id="another action"),
            pytest.param([statement(action="secretsmanager:Get*")], id="pattern of other actions"),
            pytest.param([statement(action="s3:*")], id="another service"),
            pytest.param([statement(Principal={"AWS": THIRD})], id="another account"),
            pytest.param(
                [statement(Principal={"AWS": "arn:aws:iam::123456789012:root"})], id="its own account"
            ),
            pytest.param([statement(Principal={"Service": "rds.amazonaws.com"})], id="service"),
            pytest.param([statement(NotPrincipal={"AWS": OTHER})], id="all but this one"),
        ],
    )
    def test_does_not_allow_another_account(self, client, other, db, statements):
        """IAM user guide: policy elements, and that a Deny decides; the code is inferred."""
        allow_access(client, db, *statements)

        with rejected("ResourceNotFoundException"):
            other.describe_secret(SecretId=db)

    def test_with_not_action_allows_every_other_action(self, client, other, db):
        """IAM user guide: NotAction."""
        not_reading = {
            "Effect": "Allow",
            "Principal": {"AWS": OTHER},
            "NotAction": "secretsmanager:GetResourcePolicy",
            "Resource": "*",
        }
        allow_access(client, db, not_reading)

        assert other.describe_secret(SecretId=db)["ARN"] == db
        with rejected("ResourceNotFoundException"):
            other.get_resource_policy(SecretId=db)

    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            pytest.param("describe_secret", {}, id="DescribeSecret"),
            pytest.param("put_secret_value", {"SecretString": "new"}, id="PutSecretValue"),
            pytest.param("delete_secret", {}, id="DeleteSecret"),
        ],
    )
    def test_for_one_action_allows_no_other_action(
        self, client, other, secret_with_customer_key, operation, sent
    ):
        """IAM user guide: Action; the code is inferred."""
        allow_access(client, secret_with_customer_key, statement(action="secretsmanager:GetSecretValue"))

        assert other.get_secret_value(SecretId=secret_with_customer_key)["SecretString"] == "old"
        with rejected("ResourceNotFoundException"):
            getattr(other, operation)(SecretId=secret_with_customer_key, **sent)

    def test_for_another_secret_allows_no_account(self, client, other, db, secret_with_customer_key):
        """IAM user guide: Resource; the code is inferred."""
        elsewhere = {**statement(), "Resource": secret_with_customer_key}
        allow_access(client, db, elsewhere)

        with rejected("ResourceNotFoundException"):
            other.describe_secret(SecretId=db)

    def test_does_not_restrict_the_account_of_the_secret(self, client, db):
        """Inferred: the permissions of one's own account are not modelled."""
        allow_access(client, db, statement("Deny", Principal={"AWS": THIRD}), statement())

        assert client.get_secret_value(SecretId="db")["SecretString"] == "old"
