"""Replicas in another account: created there, associated by the account of the primary secret, detached by either."""

from __future__ import annotations

import json

import pytest
from rotation_functions import well_behaved
from support import OTHER, THIRD, current, labels, needs, rejected, token

pytestmark = needs("AssociateCrossAccountReplica", "SecretId")

ROLE = "arn:aws:iam::123456789012:role/replication"
MANAGED = "cross-account-replication"
UNKNOWN = "arn:aws:secretsmanager:us-east-1:210987654321:secret:copy-AbCdEf"
OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": [OTHER, THIRD]},
                "Action": "secretsmanager:*",
                "Resource": "*",
            }
        ],
    }
)


@pytest.fixture
def db(client):
    """The ARN of a primary secret."""
    return client.create_secret(
        Name="db", Description="of the shop", SecretString="old", ClientRequestToken=token(1)
    )["ARN"]


@pytest.fixture
def copy(other, db):
    """The ARN of its replica, which is not yet associated."""
    return create_replica(other, db)


@pytest.fixture
def associated(client, copy):
    """The ARN of its replica, which is associated."""
    associate(client, copy)
    return copy


def create_replica(client, primary, **sent):
    sent = {"Name": "copy", "KmsKeyId": "alias/replicas", **sent}
    return client.create_secret(CrossAccountPrimaryARN=primary, **sent)["ARN"]


def associate(client, replica, secret_id="db", **sent):
    return client.associate_cross_account_replica(SecretId=secret_id, CrossAccountReplicaARN=replica, **sent)


def disassociate(client, replica, secret_id="db"):
    return client.disassociate_cross_account_replica(SecretId=secret_id, CrossAccountReplicaARN=replica)


def change_status(client, replica, state):
    """Change a new replica to a given status."""
    if state != "pending":
        associate(client, replica)
    if state == "detached":
        disassociate(client, replica)


def policies_of(client, secret_id="copy"):
    """The names of a secret's policies."""
    listed = client.list_resource_policies(SecretId=secret_id)["ResourcePolicies"]
    return [policy["PolicyName"] for policy in listed]


def primary_of(client, secret_id="copy"):
    """Return the description of the primary secret in the replica."""
    return client.describe_secret(SecretId=secret_id).get("CrossAccountPrimary")


def replicas_of(client, secret_id="db"):
    """Return the entries of the primary secret for its replicas in other accounts."""
    return client.describe_secret(SecretId=secret_id).get("CrossAccountReplicas")


class TestCreateSecretWithAPrimaryOfAnotherAccount:
    def test_returns_a_secret_without_a_version(self, other, db):
        """Botocore 1.44's service model, CreateSecret, CrossAccountPrimaryARN."""
        created = other.create_secret(
            Name="copy", KmsKeyId="alias/replicas", CrossAccountPrimaryARN=db, ClientRequestToken=token(9)
        )

        assert set(created) == {"ARN", "Name", "ResponseMetadata"}
        assert created["Name"] == "copy"
        assert created["ARN"].startswith("arn:aws:secretsmanager:us-east-1:210987654321:secret:copy-")

    @pytest.mark.usefixtures("copy")
    def test_creates_a_pending_replica(self, other, db):
        """Botocore 1.44's service model, CrossAccountPrimaryType: Pending, replication has not yet started."""
        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "Pending"}

    @pytest.mark.usefixtures("copy")
    def test_creates_a_replica_with_its_own_key_and_without_a_value(self, other):
        """Botocore 1.44's service model, CreateSecret: a customer managed KMS key, and no value."""
        described = other.describe_secret(SecretId="copy")

        assert described["KmsKeyId"] == "alias/replicas"
        assert "VersionIdsToStages" not in described
        with rejected("ResourceNotFoundException") as answer:
            other.get_secret_value(SecretId="copy")
        assert answer.message == (
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
        )

    @pytest.mark.usefixtures("copy")
    def test_does_not_change_the_primary_secret(self, client):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: it links the replica and starts replication."""
        client.put_secret_value(SecretId="db", SecretString="new")

        assert replicas_of(client) is None

    @pytest.mark.usefixtures("copy")
    def test_sets_no_primary_region(self, other):
        """API_DescribeSecret, PrimaryRegion: of secrets replicated to other Regions; inferred for other accounts."""
        assert "PrimaryRegion" not in other.describe_secret(SecretId="copy")

    def test_accepts_tags(self, other, db):
        """Botocore 1.44's service model, CreateSecret: Tags are not among the excluded members."""
        create_replica(other, db, Tags=[{"Key": "team", "Value": "red"}])

        assert other.describe_secret(SecretId="copy")["Tags"] == [{"Key": "team", "Value": "red"}]

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param({"SecretString": "new"}, id="SecretString"),
            pytest.param({"SecretBinary": b"new"}, id="SecretBinary"),
            pytest.param({"Description": "new"}, id="Description"),
            pytest.param({"AddReplicaRegions": [{"Region": "eu-west-3"}]}, id="AddReplicaRegions"),
            pytest.param({"Type": "SalesforceClientSecret"}, id="Type"),
        ],
    )
    def test_rejects_members_that_the_primary_secret_determines(self, other, db, sent):
        """Botocore 1.44's service model, CreateSecret, CrossAccountPrimaryARN; the code is inferred."""
        with rejected("InvalidParameterException"):
            create_replica(other, db, **sent)

        assert other.list_secrets()["SecretList"] == []

    @pytest.mark.parametrize("key", ["", "alias/aws/secretsmanager"])
    def test_rejects_the_default_key(self, other, db, key):
        """Botocore 1.44's service model, CreateSecret: a customer managed KMS key; the code is inferred."""
        with rejected("InvalidParameterException"):
            create_replica(other, db, KmsKeyId=key)

        assert other.list_secrets()["SecretList"] == []

    def test_requires_a_key(self, other, db):
        """Botocore 1.44's service model, CreateSecret: a customer managed KMS key; the code is inferred."""
        with rejected("InvalidParameterException"):
            other.create_secret(Name="copy", CrossAccountPrimaryARN=db)

        assert other.list_secrets()["SecretList"] == []

    def test_rejects_a_primary_of_the_same_account(self, client, db):
        """Botocore 1.44's service model, CreateSecret: in another account; the code is inferred."""
        with rejected("InvalidParameterException"):
            create_replica(client, db)

    def test_rejects_a_primary_of_another_region(self, fakesecrets, db):
        """Botocore 1.44's service model, CreateSecret: in the same Region; the code is inferred."""
        paris = fakesecrets.client("eu-west-3", aws_access_key_id=OTHER, aws_secret_access_key="x")

        with rejected("InvalidParameterException"):
            create_replica(paris, db)

    def test_rejects_an_invalid_arn(self, other):
        """Botocore 1.44's service model, SecretARNType; the code is inferred."""
        with rejected("InvalidParameterException"):
            create_replica(other, "a-secret-and-no-arn-of-one")

    def test_rejects_a_name_that_exists(self, other, db):
        """LocalStack snapshot test_secret_exists_snapshots; inferred for cross-account replicas."""
        other.create_secret(Name="copy", SecretString="theirs")

        with rejected("ResourceExistsException"):
            create_replica(other, db)

        assert other.get_secret_value(SecretId="copy")["SecretString"] == "theirs"


class TestAssociateCrossAccountReplica:
    def test_returns_both_arns_and_the_status(self, client, db, copy):
        """Botocore 1.44's service model, AssociateCrossAccountReplicaResponse; InSync at once is inferred."""
        answer = associate(client, copy)

        del answer["ResponseMetadata"]
        assert answer == {"ARN": db, "CrossAccountReplicaARN": copy, "ReplicationStatus": "InSync"}

    @pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
    def test_accepts_every_form_of_secret_id(self, client, db, copy, form):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: the ARN or name."""
        sent = {"name": "db", "full ARN": db, "partial ARN": db[:-7]}[form]

        answer = associate(client, copy, secret_id=sent)

        assert answer["ARN"] == db

    def test_is_described_by_both_secrets(self, client, other, db, associated):
        """Botocore 1.44's service model, CrossAccountPrimaryType and CrossAccountReplicaEntry."""
        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "InSync"}
        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]

    def test_stores_the_role(self, client, copy):
        """Botocore 1.44's service model, CrossAccountReplicaEntry, ReplicationRoleARN."""
        associate(client, copy, ReplicationRoleARN=ROLE)

        assert replicas_of(client) == [
            {"ReplicaSecretARN": copy, "ReplicationRoleARN": ROLE, "ReplicationStatus": "InSync"}
        ]

    @pytest.mark.parametrize("restriction", ["SameOrg", "NoRestriction"])
    def test_accepts_each_restriction(self, client, copy, restriction):
        """Botocore 1.44's service model, ReplicaRestrictionType; inferred that every account is in the organization."""
        answer = associate(client, copy, ReplicaRestriction=restriction)

        assert answer["ReplicationStatus"] == "InSync"

    def test_can_be_repeated(self, client, other, db, associated):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: idempotent."""
        answer = associate(client, associated)

        assert answer["ReplicationStatus"] == "InSync"
        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]
        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "InSync"}
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    def test_keeps_the_replicas_in_other_regions(self, client, fakesecrets, copy):
        """Botocore 1.44's service model, DescribeSecret: two lists of replicas; inferred that both can be."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        associate(client, copy)
        client.put_secret_value(SecretId="db", SecretString="new")

        described = client.describe_secret(SecretId="db")
        assert [entry["Region"] for entry in described["ReplicationStatus"]] == ["eu-west-3"]
        assert [entry["ReplicaSecretARN"] for entry in described["CrossAccountReplicas"]] == [copy]
        assert fakesecrets.client("eu-west-3").get_secret_value(SecretId="db")["SecretString"] == "new"

    @pytest.mark.usefixtures("associated")
    def test_sets_no_primary_region(self, client):
        """API_DescribeSecret, PrimaryRegion: replicated to other Regions; inferred for other accounts."""
        described = client.describe_secret(SecretId="db")

        assert not {"PrimaryRegion", "ReplicationStatus"} & set(described)


class TestACrossAccountReplica:
    @pytest.mark.usefixtures("associated")
    def test_has_the_values_and_labels_of_the_primary_secret(self, other):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: starts replication to this replica."""
        value = other.get_secret_value(SecretId="copy")

        assert (value["SecretString"], value["VersionId"]) == ("old", token(1))
        assert labels(other, "copy") == {token(1): {"AWSCURRENT"}}

    @pytest.mark.usefixtures("associated")
    def test_keeps_its_name_and_its_key(self, client, other, associated):
        """Botocore 1.44's service model, CreateSecret: the replica must use a customer managed KMS key."""
        client.put_secret_value(SecretId="db", SecretString="new")

        described = other.describe_secret(SecretId="copy")
        assert (described["ARN"], described["Name"]) == (associated, "copy")
        assert described["KmsKeyId"] == "alias/replicas"
        assert "KmsKeyId" not in client.describe_secret(SecretId="db")

    @pytest.mark.usefixtures("associated")
    def test_follows_new_values_and_their_labels(self, client, other):
        """Botocore 1.44's service model, CrossAccountPrimaryType: the replica receives replicated data."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        value = other.get_secret_value(SecretId="copy")
        assert (value["SecretString"], value["VersionId"]) == ("new", token(2))
        assert labels(other, "copy") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}

    @pytest.mark.usefixtures("associated")
    def test_follows_moves_of_labels(self, client, other):
        """Botocore 1.44's service model, CreateSecret: it receives replicated data; inferred for labels."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        client.update_secret_version_stage(
            SecretId="db",
            VersionStage="AWSCURRENT",
            MoveToVersionId=token(1),
            RemoveFromVersionId=token(2),
        )

        assert labels(other, "copy") == {token(1): {"AWSCURRENT"}, token(2): {"AWSPREVIOUS"}}
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    @pytest.mark.usefixtures("associated")
    def test_follows_rotations(self, fakesecrets, client, other):
        """Botocore 1.44's service model, CreateSecret: it receives replicated data; inferred for rotations."""
        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert current(other, "copy") == rotation.token
        replicated = other.get_secret_value(SecretId="copy")["SecretString"]
        assert replicated == client.get_secret_value(SecretId="db")["SecretString"] != "old"

    def test_has_its_own_description_tags_and_policy(self, client, other, copy):
        """User guide, cross-account-replicate-secrets: a separate secret that follows the values."""
        client.tag_resource(SecretId="db", Tags=[{"Key": "team", "Value": "red"}])
        client.put_resource_policy(SecretId="db", ResourcePolicy=OPEN)
        other.update_secret(SecretId="copy", Description="of the branch")
        other.tag_resource(SecretId="copy", Tags=[{"Key": "branch", "Value": "7"}])

        associate(client, copy)
        client.update_secret(SecretId="db", Description="of the stock", SecretString="new")

        described = other.describe_secret(SecretId="copy")
        assert described["Description"] == "of the branch"
        assert described["Tags"] == [{"Key": "branch", "Value": "7"}]
        assert "ResourcePolicy" not in other.get_resource_policy(SecretId="copy")
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "new"

    @pytest.mark.usefixtures("associated")
    def test_has_no_description_until_its_account_sets_one(self, other):
        """Botocore 1.44's service model, CreateSecret: it cannot set one; user guide: it has its own."""
        assert "Description" not in other.describe_secret(SecretId="copy")

    @pytest.mark.parametrize("state", ["pending", "associated", "detached"])
    def test_can_be_described_tagged_and_shared_by_its_own_account(self, client, other, copy, state):
        """User guide, cross-account-replicate-secrets: PutResourcePolicy, TagResource, UpdateSecret."""
        change_status(client, copy, state)

        other.update_secret(SecretId="copy", Description="of the branch", KmsKeyId="alias/other")
        other.tag_resource(SecretId="copy", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        other.untag_resource(SecretId="copy", TagKeys=["a"])
        other.put_resource_policy(SecretId="copy", ResourcePolicy=OPEN)

        described = other.describe_secret(SecretId="copy")
        assert (described["Description"], described["KmsKeyId"]) == ("of the branch", "alias/other")
        assert described["Tags"] == [{"Key": "b", "Value": "2"}]
        assert other.get_resource_policy(SecretId="copy")["ResourcePolicy"] == OPEN
        other.delete_resource_policy(SecretId="copy")
        assert "ResourcePolicy" not in other.get_resource_policy(SecretId="copy")
        assert client.describe_secret(SecretId="db")["Description"] == "of the shop"

    @pytest.mark.usefixtures("associated")
    def test_can_be_read_by_a_third_account_that_its_policy_allows(self, other, third, associated):
        """User guide, cross-account-replicate-secrets: its own access policies."""
        other.put_resource_policy(SecretId="copy", ResourcePolicy=OPEN)

        assert third.get_secret_value(SecretId=associated)["SecretString"] == "old"

    @pytest.mark.parametrize("key", ["", "alias/aws/secretsmanager"])
    def test_cannot_change_to_the_default_key(self, other, associated, key):
        """Botocore 1.44's service model, CreateSecret: a customer managed KMS key; inferred for UpdateSecret."""
        with rejected("InvalidParameterException"):
            other.update_secret(SecretId="copy", KmsKeyId=key)

        assert other.describe_secret(SecretId="copy")["KmsKeyId"] == "alias/replicas"

    def test_has_its_own_last_changed_date(self, client, other, associated, fakesecrets_clock):
        """API_DescribeSecret, LastChangedDate: "modified in any way"; inferred for a replica in another account."""
        fakesecrets_clock.move_to("2040-01-01 12:00")
        other.update_secret(SecretId="copy", Description="of the branch")
        fakesecrets_clock.move_to("2040-01-02 12:00")
        client.get_secret_value(
            SecretId="db"
        )  # recorded in the primary secret, which does not change otherwise
        after_reading = other.describe_secret(SecretId="copy")["LastChangedDate"]
        client.put_secret_value(SecretId="db", SecretString="new")
        after_writing = other.describe_secret(SecretId="copy")["LastChangedDate"]

        assert [date.strftime("%d") for date in (after_reading, after_writing)] == ["01", "02"]

    @pytest.mark.parametrize("state", ["pending", "associated", "detached"])
    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    def test_can_be_deleted_by_its_own_account(self, client, other, copy, state, sent):
        """User guide, cross-account-replicate-secrets: its own lifecycle; inferred for a linked replica."""
        change_status(client, copy, state)

        other.delete_secret(SecretId="copy", **sent)

        assert other.list_secrets()["SecretList"] == []
        assert client.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_can_be_restored_by_its_own_account_with_the_latest_value(self, client, other, associated):
        """User guide, cross-account-replicate-secrets: its own lifecycle; inferred that replication continues."""
        other.delete_secret(SecretId="copy")
        client.put_secret_value(SecretId="db", SecretString="new")

        other.restore_secret(SecretId="copy")

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "new"

    def test_never_overwrites_another_secret_of_its_name(self, client, other, associated):
        """Inferred: the ARN of the secret is another one."""
        other.delete_secret(SecretId="copy", ForceDeleteWithoutRecovery=True)
        other.create_secret(Name="copy", SecretString="theirs")

        client.put_secret_value(SecretId="db", SecretString="new")

        assert other.get_secret_value(SecretId="copy")["SecretString"] == "theirs"
        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"}]

    @pytest.mark.parametrize("state", ["pending", "associated", "detached"])
    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            pytest.param("put_secret_value", {"SecretString": "new"}, id="PutSecretValue"),
            pytest.param("update_secret", {"SecretString": "new"}, id="UpdateSecret"),
            pytest.param(
                "rotate_secret",
                {"RotationLambdaARN": "arn:aws:lambda:us-east-1:210987654321:function:rotate"},
                id="RotateSecret",
            ),
            pytest.param(
                "update_secret_version_stage",
                {"VersionStage": "next", "MoveToVersionId": token(1)},
                id="UpdateSecretVersionStage",
            ),
            pytest.param(
                "replicate_secret_to_regions",
                {"AddReplicaRegions": [{"Region": "eu-west-3"}]},
                id="ReplicateSecretToRegions",
            ),
        ],
    )
    def test_is_read_only(self, client, other, copy, state, operation, sent):
        """Botocore 1.44's service model, StopReplicationToReplica: it makes it standalone; the code is inferred."""
        change_status(client, copy, state)

        with rejected("InvalidParameterException"):
            getattr(other, operation)(SecretId="copy", **sent)

        assert primary_of(other) is not None


class TestASecondCrossAccountReplica:
    def test_is_rejected_in_another_account(self, client, third, db, associated):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: at most one; the code is inferred."""
        second = create_replica(third, db)

        with rejected("LimitExceededException"):
            associate(client, second)

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]
        assert primary_of(third)["ReplicationStatus"] == "Pending"

    def test_is_rejected_in_the_same_account(self, client, other, db, associated):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: at most one; the code is inferred."""
        second = create_replica(other, db, Name="second")

        with rejected("LimitExceededException"):
            associate(client, second)

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]

    def test_is_accepted_after_the_first_one_was_disassociated(self, client, third, db, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: removes the association."""
        second = create_replica(third, db)
        disassociate(client, associated)

        associate(client, second)

        assert replicas_of(client) == [
            {"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"},
            {"ReplicaSecretARN": second, "ReplicationStatus": "InSync"},
        ]
        assert third.get_secret_value(SecretId="copy")["SecretString"] == "old"

    @pytest.mark.usefixtures("associated")
    def test_is_accepted_after_the_first_one_stopped_replication(self, client, other, third, db):
        """Botocore 1.44's service model, StatusType: Detached, no longer linked; inferred."""
        second = create_replica(third, db)
        other.stop_replication_to_replica(SecretId="copy")

        associate(client, second)

        assert third.get_secret_value(SecretId="copy")["SecretString"] == "old"


class TestAssociateCrossAccountReplicaIsRejected:
    def test_for_a_replica_of_the_same_account(self, client, db):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: a different account; the code is inferred."""
        own = client.create_secret(Name="own", SecretString="other")["ARN"]

        with rejected("InvalidParameterException"):
            associate(client, own, secret_id=db)

    @pytest.mark.usefixtures("db")
    def test_for_a_replica_of_another_region(self, client):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: the same Region; the code is inferred."""
        with rejected("InvalidParameterException"):
            associate(client, UNKNOWN.replace("us-east-1", "eu-west-3"))

    @pytest.mark.usefixtures("db")
    def test_for_an_invalid_arn(self, client):
        """Botocore 1.44's service model, SecretARNType; the code is inferred."""
        with rejected("InvalidParameterException"):
            associate(client, "a-secret-and-no-arn-of-one")

    @pytest.mark.usefixtures("db")
    def test_for_a_replica_that_does_not_exist(self, client):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: the replica must already exist."""
        with rejected("ResourceNotFoundException"):
            associate(client, UNKNOWN)

    def test_for_a_primary_that_does_not_exist(self, client, copy):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: ResourceNotFoundException."""
        with rejected("ResourceNotFoundException") as answer:
            associate(client, copy, secret_id="nobody")

        assert answer.message == "Secrets Manager can't find the specified secret."

    @pytest.mark.usefixtures("db")
    def test_for_a_secret_that_was_not_created_as_a_replica(self, client, other):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: created as a replica; the code is inferred."""
        plain = other.create_secret(Name="plain", SecretString="theirs", KmsKeyId="alias/replicas")["ARN"]

        with rejected("InvalidRequestException"):
            associate(client, plain)

        assert replicas_of(client) is None
        assert other.get_secret_value(SecretId="plain")["SecretString"] == "theirs"

    def test_for_a_replica_of_another_primary(self, client, other, copy, db):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: of the primary secret; the code is inferred."""
        client.create_secret(Name="second", SecretString="second")

        with rejected("InvalidRequestException"):
            associate(client, copy, secret_id="second")

        assert replicas_of(client, "second") is None
        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "Pending"}

    def test_for_a_replica_that_has_become_standalone(self, client, other, associated):
        """Botocore 1.44's service model, StopReplicationToReplica: a standalone secret; the code is inferred."""
        other.stop_replication_to_replica(SecretId="copy")

        with rejected("InvalidRequestException"):
            associate(client, associated)

        assert primary_of(other) is None

    def test_for_a_primary_that_is_scheduled_for_deletion(self, client, other, copy):
        """Inferred: not observed on AWS."""
        client.delete_secret(SecretId="db")

        with rejected("InvalidRequestException"):
            associate(client, copy)

        assert primary_of(other)["ReplicationStatus"] == "Pending"

    def test_for_a_replica_that_is_scheduled_for_deletion(self, client, other, copy):
        """Inferred: not observed on AWS."""
        other.delete_secret(SecretId="copy")

        with rejected("InvalidRequestException"):
            associate(client, copy)

        assert replicas_of(client) is None

    def test_for_a_primary_that_is_itself_a_replica(self, fakesecrets, client, other, db, copy):
        """Inferred: not observed on AWS."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])
        paris = fakesecrets.client("eu-west-3")
        theirs = fakesecrets.client("eu-west-3", aws_access_key_id=OTHER, aws_secret_access_key="x")
        second = create_replica(theirs, db.replace("us-east-1", "eu-west-3"))

        with rejected("InvalidParameterException"):
            associate(paris, second)

    @pytest.mark.parametrize("account", [OTHER, THIRD])
    def test_in_an_account_other_than_that_of_the_primary(self, fakesecrets, client, db, copy, account):
        """
        Botocore 1.44's service model, AssociateCrossAccountReplica.

        "You must call this operation from the account that owns the primary secret."
        """
        client.put_resource_policy(SecretId="db", ResourcePolicy=OPEN)
        foreign = fakesecrets.client(aws_access_key_id=account, aws_secret_access_key="x")

        with rejected():
            associate(foreign, copy, secret_id=db)

        assert replicas_of(client) is None


class TestDisassociateCrossAccountReplica:
    def test_returns_both_arns(self, client, db, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplicaResponse."""
        answer = disassociate(client, associated)

        del answer["ResponseMetadata"]
        assert answer == {"ARN": db, "CrossAccountReplicaARN": associated}

    def test_leaves_a_detached_replica(self, client, other, db, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: its status changes to Detached."""
        disassociate(client, associated)

        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "Detached"}
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    def test_leaves_a_detached_entry_in_the_primary_secret(self, client, associated):
        """User guide, cross-account-replicate-status and cross-account-replicate-remove: the entry that blocks."""
        disassociate(client, associated)

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"}]

    def test_stops_replication_to_the_replica(self, client, other, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: no longer sends updates."""
        disassociate(client, associated)

        client.put_secret_value(SecretId="db", SecretString="new")

        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    def test_can_be_followed_by_another_association(self, client, other, db, associated):
        """Botocore 1.44's service model, AssociateCrossAccountReplica: call it again to repair; inferred here."""
        disassociate(client, associated)
        client.put_secret_value(SecretId="db", SecretString="new")

        associate(client, associated)

        assert primary_of(other) == {"PrimarySecretARN": db, "ReplicationStatus": "InSync"}
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "new"

    @pytest.mark.usefixtures("db")
    def test_is_rejected_for_an_unknown_replica(self, client):
        """Inferred: not observed on AWS."""
        with rejected("InvalidParameterException"):
            disassociate(client, UNKNOWN)

    def test_is_rejected_for_a_pending_replica(self, client, other, copy):
        """Botocore 1.44's service model: it removes an association of AssociateCrossAccountReplica; the code is inferred."""
        with rejected("InvalidParameterException"):
            disassociate(client, copy)

        assert primary_of(other)["ReplicationStatus"] == "Pending"

    def test_is_rejected_the_second_time(self, client, associated):
        """Inferred: not observed on AWS."""
        disassociate(client, associated)

        with rejected("InvalidParameterException"):
            disassociate(client, associated)

    def test_is_rejected_for_a_replica_in_another_region(self, fakesecrets, client, db):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: a cross-account replica; the code is inferred."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        with rejected("InvalidParameterException"):
            disassociate(client, db.replace("us-east-1", "eu-west-3"))

        client.put_secret_value(SecretId="db", SecretString="new")
        assert fakesecrets.client("eu-west-3").get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_is_rejected_on_the_replica(self, other, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: call it on the primary secret."""
        with rejected("InvalidParameterException"):
            disassociate(other, associated, secret_id="copy")

        assert primary_of(other)["ReplicationStatus"] == "InSync"

    def test_is_rejected_for_a_primary_that_does_not_exist(self, client, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: ResourceNotFoundException."""
        with rejected("ResourceNotFoundException") as answer:
            disassociate(client, associated, secret_id="nobody")

        assert answer.message == "Secrets Manager can't find the specified secret."

    def test_is_rejected_in_an_account_other_than_that_of_the_primary(self, client, other, db, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: the primary secret in your account."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=OPEN)

        with rejected():
            disassociate(other, associated, secret_id=db)

        assert primary_of(other)["ReplicationStatus"] == "InSync"


class TestStopReplicationToACrossAccountReplica:
    @pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
    def test_returns_the_promoted_secret(self, other, associated, form):
        """Botocore 1.44's service model, StopReplicationToReplica: its ARN or name in your account."""
        sent = {"name": "copy", "full ARN": associated, "partial ARN": associated[:-7]}[form]

        answer = other.stop_replication_to_replica(SecretId=sent)

        del answer["ResponseMetadata"]
        assert answer == {"ARN": associated}

    def test_leaves_a_detached_entry_in_the_primary_secret(self, client, other, associated):
        """Botocore 1.44's service model, StopReplicationToReplica: the status becomes Detached for this replica."""
        other.stop_replication_to_replica(SecretId="copy")

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"}]

    @pytest.mark.usefixtures("associated")
    def test_creates_a_standalone_secret(self, client, other):
        """Botocore 1.44's service model, StopReplicationToReplica: a standalone secret, and replication stops."""
        other.stop_replication_to_replica(SecretId="copy")

        client.put_secret_value(SecretId="db", SecretString="new")
        kept = other.get_secret_value(SecretId="copy")["SecretString"]
        other.put_secret_value(SecretId="copy", SecretString="theirs")

        assert primary_of(other) is None
        assert kept == "old"
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "theirs"
        assert client.get_secret_value(SecretId="db")["SecretString"] == "new"

    @pytest.mark.usefixtures("associated")
    def test_creates_a_secret_that_can_be_deleted(self, other):
        """Botocore 1.44's service model, StopReplicationToReplica: a standalone secret."""
        other.stop_replication_to_replica(SecretId="copy")

        other.delete_secret(SecretId="copy", ForceDeleteWithoutRecovery=True)

        assert other.list_secrets()["SecretList"] == []

    def test_converts_a_detached_replica(self, client, other, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: to convert a detached replica."""
        disassociate(client, associated)

        other.stop_replication_to_replica(SecretId="copy")

        assert primary_of(other) is None
        assert replicas_of(client) is None
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    @pytest.mark.usefixtures("copy")
    def test_converts_a_pending_replica(self, client, other):
        """Inferred: not observed on AWS."""
        other.stop_replication_to_replica(SecretId="copy")

        other.put_secret_value(SecretId="copy", SecretString="theirs")

        assert replicas_of(client) is None
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "theirs"

    def test_allows_the_removal_of_the_entry_in_the_primary_secret(self, client, other, associated):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica; inferred for a detached one."""
        other.stop_replication_to_replica(SecretId="copy")

        disassociate(client, associated)

        assert replicas_of(client) is None
        assert primary_of(other) is None

    @pytest.mark.usefixtures("associated")
    def test_is_rejected_on_the_primary_secret(self, client):
        """Botocore 1.44's service model, StopReplicationToReplica: from the replica account; the code is inferred."""
        with rejected("InvalidParameterException"):
            client.stop_replication_to_replica(SecretId="db")


class TestDeletingAPrimarySecret:
    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    @pytest.mark.usefixtures("associated")
    def test_is_rejected_while_a_replica_is_associated(self, client, sent):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: DeleteSecret fails; the code is inferred."""
        with rejected("InvalidParameterException"):
            client.delete_secret(SecretId="db", **sent)

        assert "DeletedDate" not in client.describe_secret(SecretId="db")

    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    def test_is_rejected_while_the_replica_is_only_detached(self, client, other, associated, sent):
        """User guide, cross-account-replicate-remove; the code is inferred."""
        disassociate(client, associated)

        with rejected("InvalidParameterException"):
            client.delete_secret(SecretId="db", **sent)

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"}]

    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    def test_is_accepted_after_the_account_of_a_detached_replica_stops_replication(
        self, client, other, associated, sent
    ):
        """User guide, cross-account-replicate-remove: replication is stopped from both sides."""
        disassociate(client, associated)
        other.stop_replication_to_replica(SecretId="copy")

        client.delete_secret(SecretId="db", **sent)

        assert client.list_secrets()["SecretList"] == []
        assert other.get_secret_value(SecretId="copy")["SecretString"] == "old"

    def test_is_rejected_while_one_of_several_replicas_is_detached(
        self, client, other, third, db, associated
    ):
        """User guide, cross-account-replicate-remove; inferred for several."""
        disassociate(client, associated)
        second = create_replica(third, db)
        associate(client, second)
        third.stop_replication_to_replica(SecretId="copy")

        with rejected("InvalidParameterException"):
            client.delete_secret(SecretId="db")
        other.stop_replication_to_replica(SecretId="copy")
        client.delete_secret(SecretId="db")

        assert client.list_secrets()["SecretList"] == []

    @pytest.mark.parametrize("is_detached", [False, True], ids=["associated", "detached"])
    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    def test_is_accepted_after_the_replica_was_deleted(
        self, client, other, associated, fakesecrets_clock, is_detached, sent
    ):
        """Inferred: nothing can stop replication to a secret that does not exist."""
        if is_detached:
            disassociate(client, associated)
        other.delete_secret(SecretId="copy", **sent)
        fakesecrets_clock.tick(31 * 86_400)

        shown = replicas_of(client)
        client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        entry = {"ReplicaSecretARN": associated, "ReplicationStatus": "Detached"}
        assert shown == (None if is_detached else [entry])
        assert client.list_secrets()["SecretList"] == []

    def test_is_rejected_while_the_replica_can_be_restored(self, client, other, associated):
        """Inferred: its account has not stopped replication."""
        other.delete_secret(SecretId="copy")

        with rejected("InvalidParameterException"):
            client.delete_secret(SecretId="db")

        assert replicas_of(client) == [{"ReplicaSecretARN": associated, "ReplicationStatus": "InSync"}]

    @pytest.mark.usefixtures("associated")
    def test_is_accepted_after_the_replica_stopped_replication(self, client, other):
        """
        Botocore 1.44's service model, DisassociateCrossAccountReplica and StatusType; inferred from both.

        DeleteSecret fails if replicas are still associated; Detached means no longer linked.
        """
        other.stop_replication_to_replica(SecretId="copy")

        client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert client.list_secrets()["SecretList"] == []

    @pytest.mark.usefixtures("copy")
    def test_is_accepted_while_a_replica_is_pending(self, client, other):
        """Botocore 1.44's service model, DisassociateCrossAccountReplica: it is not yet associated; inferred."""
        client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        other.stop_replication_to_replica(SecretId="copy")

        assert primary_of(other) is None


class TestTheManagedPolicyOfACrossAccountReplica:
    @pytest.mark.parametrize("state", ["pending", "associated", "detached"])
    def test_is_attached_until_replication_is_stopped(self, client, other, copy, state):
        """User guide, cross-account-replicate-create and cross-account-replicate-remove."""
        change_status(client, copy, state)

        attached = policies_of(other)
        other.stop_replication_to_replica(SecretId="copy")

        assert attached == [MANAGED]
        assert policies_of(other) == []
        with rejected("ResourceNotFoundException"):
            other.get_resource_policy(SecretId="copy", PolicyName=MANAGED)

    def test_can_be_read_by_its_name(self, other, copy, db):
        """
        User guide, cross-account-replicate-permissions; API_GetResourcePolicy, PolicyName.

        The text is inferred from the permission that AssociateCrossAccountReplica needs on the replica.
        """
        answer = other.get_resource_policy(SecretId="copy", PolicyName=MANAGED)

        del answer["ResponseMetadata"]
        (statement,) = json.loads(answer.pop("ResourcePolicy"))["Statement"]
        assert answer == {"ARN": copy, "Name": "copy", "PolicyName": MANAGED}
        assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
        assert statement["Action"] == "secretsmanager:AcceptCrossAccountReplication"

    @pytest.mark.usefixtures("copy")
    def test_is_not_the_default_policy(self, other):
        """API_GetResourcePolicy, PolicyName: default where none is named."""
        answer = other.get_resource_policy(SecretId="copy")

        assert answer["PolicyName"] == "default"
        assert "ResourcePolicy" not in answer

    @pytest.mark.usefixtures("associated")
    def test_is_listed_after_the_default_policy(self, other):
        """API_ListResourcePolicies: "default first, followed by any other policies in alphabetical order"."""
        other.put_resource_policy(SecretId="copy", ResourcePolicy=OPEN)

        assert policies_of(other) == ["default", MANAGED]

    @pytest.mark.usefixtures("copy")
    def test_is_on_the_next_page_although_the_policy_before_it_is_deleted(self, other):
        """Inferred: not observed on AWS."""
        other.put_resource_policy(SecretId="copy", ResourcePolicy=OPEN)
        first = other.list_resource_policies(SecretId="copy", MaxResults=1)
        other.delete_resource_policy(SecretId="copy")

        second = other.list_resource_policies(SecretId="copy", MaxResults=1, NextToken=first["NextToken"])

        assert [policy["PolicyName"] for policy in first["ResourcePolicies"]] == ["default"]
        assert [policy["PolicyName"] for policy in second["ResourcePolicies"]] == [MANAGED]
        assert "NextToken" not in second

    @pytest.mark.usefixtures("copy")
    def test_cannot_be_changed(self, other):
        """API_PutResourcePolicy and API_DeleteResourcePolicy, PolicyName: only the default policy."""
        before = other.get_resource_policy(SecretId="copy", PolicyName=MANAGED)["ResourcePolicy"]

        with rejected("InvalidParameterException"):
            other.put_resource_policy(SecretId="copy", PolicyName=MANAGED, ResourcePolicy=OPEN)
        with rejected("InvalidParameterException"):
            other.delete_resource_policy(SecretId="copy", PolicyName=MANAGED)

        after = other.get_resource_policy(SecretId="copy", PolicyName=MANAGED)["ResourcePolicy"]
        assert (after, policies_of(other)) == (before, [MANAGED])

    def test_allows_the_account_of_the_primary_secret_no_other_action(self, client, copy):
        """User guide, cross-account-replicate-permissions: AcceptCrossAccountReplication alone; inferred."""
        with rejected("ResourceNotFoundException"):
            client.describe_secret(SecretId=copy)

    @pytest.mark.usefixtures("associated")
    def test_is_not_attached_to_the_primary_secret_or_to_a_replica_in_another_region(
        self, fakesecrets, client
    ):
        """User guide, cross-account-replicate-create: it is attached to the replica secret."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        assert policies_of(client, "db") == []
        assert policies_of(fakesecrets.client("eu-west-3"), "db") == []


def test_a_cross_account_replica_goes_through_every_status(client, other, db):
    """Botocore 1.44's service model, CrossAccountPrimaryType: the statuses, one after the other."""
    copy = create_replica(other, db)
    pending = primary_of(other)["ReplicationStatus"]
    associate(client, copy)
    in_sync = primary_of(other)["ReplicationStatus"]
    disassociate(client, copy)
    detached = primary_of(other)["ReplicationStatus"]
    other.stop_replication_to_replica(SecretId="copy")

    assert (pending, in_sync, detached) == ("Pending", "InSync", "Detached")
    assert primary_of(other) is None
