"""Replicas: read-only, and equal to their primary secret except for the key and LastAccessedDate."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from rotation_functions import raising_in, well_behaved
from support import current, labels, rejected, token

from pytest_fakesecrets import RotationFailedWarning

INFERRED = "inferred: not observed on AWS"
ISSUES = "issues of terraform-provider-aws, cloud-nuke and aws-nuke"
ON_A_REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"AWS":"arn:aws:iam::210987654321:root"},'
    '"Action":"secretsmanager:*","Resource":"*"}]}'
)
FUNCTION = "arn:aws:lambda:eu-west-3:123456789012:function:rotate"


@pytest.fixture
def db(client, fakesecrets_clock):
    """A secret with a replica in Paris; it is 2040-01-31 16:00:00.250 UTC."""
    fakesecrets_clock.move_to("2040-01-31 16:00:00.250")
    return client.create_secret(
        Name="db",
        Description="of the shop",
        SecretString="old",
        ClientRequestToken=token(1),
        Tags=[{"Key": "team", "Value": "blue"}],
        AddReplicaRegions=[{"Region": "eu-west-3"}],
    )["ARN"]


def status(client):
    """Return the entry of the primary secret for its only replica."""
    (entry,) = client.describe_secret(SecretId="db")["ReplicationStatus"]
    return entry


class TestAReplica:
    def test_has_the_arn_of_its_primary_secret_except_for_the_region(self, paris, db):
        """User guide, create-manage-multi-region-secrets."""
        described = paris.describe_secret(SecretId="db")

        assert described["Name"] == "db"
        assert described["ARN"] == db.replace(":us-east-1:", ":eu-west-3:")
        assert described["ARN"][-7:] == db[-7:]

    @pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
    def test_is_found_by_its_own_name_and_arn(self, paris, db, form):
        """User guide, create-manage-multi-region-secrets."""
        arn = db.replace("us-east-1", "eu-west-3")
        sent = {"name": "db", "full ARN": arn, "partial ARN": arn[:-7]}[form]

        assert paris.get_secret_value(SecretId=sent)["ARN"] == arn

    def test_is_not_found_by_the_arn_of_the_primary_secret(self, paris, db):
        """Inferred: not observed on AWS."""
        with rejected("ResourceNotFoundException"):
            paris.describe_secret(SecretId=db)

    @pytest.mark.usefixtures("db")
    def test_names_the_primary_region_as_its_primary_secret_does(self, client, paris):
        """API_DescribeSecret, PrimaryRegion; cloud-nuke and aws-nuke identify replicas by it."""
        (listed,) = client.list_secrets()["SecretList"]
        (replica,) = paris.list_secrets()["SecretList"]

        assert client.describe_secret(SecretId="db")["PrimaryRegion"] == "us-east-1"
        assert paris.describe_secret(SecretId="db")["PrimaryRegion"] == "us-east-1"
        assert listed["PrimaryRegion"] == replica["PrimaryRegion"] == "us-east-1"

    def test_is_required_for_a_primary_region(self, client):
        """LocalStack snapshots of plain secrets: the member is absent."""
        client.create_secret(Name="plain", SecretString="old")

        described = client.describe_secret(SecretId="plain")
        assert not {"PrimaryRegion", "ReplicationStatus"} & set(described)

    @pytest.mark.usefixtures("db")
    def test_has_no_replication_status_itself(self, paris):
        """Inferred: not observed on AWS."""
        assert "ReplicationStatus" not in paris.describe_secret(SecretId="db")

    @pytest.mark.usefixtures("db")
    def test_does_not_exist_in_any_other_region(self, tokyo):
        """User guide, create-manage-multi-region-secrets: in the Regions that were chosen."""
        with rejected("ResourceNotFoundException"):
            tokyo.describe_secret(SecretId="db")

    def test_has_all_labelled_versions_of_its_primary_secret(self, client, paris):
        """User guide, create-manage-multi-region-secrets: the secret data and the metadata are replicated."""
        client.create_secret(Name="db", SecretString="oldest", ClientRequestToken=token(1))
        client.put_secret_value(SecretId="db", SecretString="older", ClientRequestToken=token(2))
        client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(3))

        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        assert labels(paris, "db") == {token(2): {"AWSPREVIOUS"}, token(3): {"AWSCURRENT"}}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert paris.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "older"


class TestAReplicaFollows:
    pytestmark = pytest.mark.usefixtures("db")

    def test_new_values(self, client, paris):
        """User guide, create-manage-multi-region-secrets: changes are propagated to the replicas."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        value = paris.get_secret_value(SecretId="db")
        assert (value["SecretString"], value["VersionId"]) == ("new", token(2))
        assert labels(paris, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}

    def test_new_binary_values(self, client, paris):
        """User guide, create-manage-multi-region-secrets."""
        client.put_secret_value(SecretId="db", SecretBinary=b"\x00new")

        assert paris.get_secret_value(SecretId="db")["SecretBinary"] == b"\x00new"

    def test_updates(self, client, paris):
        """User guide, create-manage-multi-region-secrets: the description is replicated."""
        client.update_secret(SecretId="db", Description="of the stock", SecretString="new")

        assert paris.describe_secret(SecretId="db")["Description"] == "of the stock"
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_moves_of_labels(self, client, paris):
        """User guide, create-manage-multi-region-secrets: the staging labels are replicated."""
        client.put_secret_value(
            SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["next"]
        )
        client.update_secret_version_stage(
            SecretId="db",
            VersionStage="AWSCURRENT",
            MoveToVersionId=token(2),
            RemoveFromVersionId=token(1),
        )

        assert labels(paris, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT", "next"}}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_removals_of_labels(self, client, paris):
        """User guide, create-manage-multi-region-secrets: the staging labels are replicated."""
        client.put_secret_value(
            SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["next"]
        )
        client.update_secret_version_stage(SecretId="db", VersionStage="next", RemoveFromVersionId=token(2))

        assert labels(paris, "db") == {token(1): {"AWSCURRENT"}}

    def test_tags(self, client, paris):
        """User guide, create-manage-multi-region-secrets; API_TagResource."""
        client.tag_resource(SecretId="db", Tags=[{"Key": "cost", "Value": "7"}])
        client.untag_resource(SecretId="db", TagKeys=["team"])

        assert paris.describe_secret(SecretId="db")["Tags"] == [{"Key": "cost", "Value": "7"}]

    def test_the_resource_policy(self, client, paris):
        """User guide, create-manage-multi-region-secrets: resource policies are replicated."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=POLICY)

        assert paris.get_resource_policy(SecretId="db")["ResourcePolicy"] == POLICY

    def test_the_removal_of_the_resource_policy(self, client, paris):
        """User guide, create-manage-multi-region-secrets: changes are propagated to the replicas."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=POLICY)

        client.delete_resource_policy(SecretId="db")

        assert "ResourcePolicy" not in paris.get_resource_policy(SecretId="db")

    def test_last_changed_date(self, client, paris, fakesecrets_clock):
        """API_DescribeSecret, LastChangedDate; inferred for replicas."""
        fakesecrets_clock.move_to("2040-02-01 08:00")

        client.put_secret_value(SecretId="db", SecretString="new")

        changed = paris.describe_secret(SecretId="db")["LastChangedDate"]
        assert changed == datetime(2040, 2, 1, 8, tzinfo=timezone.utc)

    def test_rotations(self, fakesecrets, client, paris):
        """User guide, create-manage-multi-region-secrets: the rotated value propagates to the replicas."""
        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        replicated = paris.get_secret_value(SecretId="db")
        primary = client.get_secret_value(SecretId="db")
        assert replicated["SecretString"] == primary["SecretString"] != "old"
        assert replicated["VersionId"] == rotation.token == current(client, "db")
        assert labels(paris, "db") == labels(client, "db")
        assert paris.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "old"

    def test_failed_rotations(self, fakesecrets, client, paris):
        """User guide, create-manage-multi-region-secrets: the labels are replicated; inferred for AWSPENDING."""
        with pytest.warns(RotationFailedWarning):
            rotation = fakesecrets.rotate("db", raising_in("setSecret"))

        assert labels(paris, "db") == {token(1): {"AWSCURRENT"}, rotation.token: {"AWSPENDING"}}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert labels(client, "db") == labels(paris, "db")

    def test_changes_after_its_primary_secret_was_read(self, client, paris):
        """User guide, create-manage-multi-region-secrets."""
        client.get_secret_value(SecretId="db")
        paris.get_secret_value(SecretId="db")

        client.put_secret_value(SecretId="db", SecretString="new")

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_changes_together_with_the_other_replicas(self, client, paris, tokyo):
        """User guide, create-manage-multi-region-secrets: to all of the associated replicas."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "ap-northeast-1"}])

        client.put_secret_value(SecretId="db", SecretString="new")

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"
        assert tokyo.get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_no_rejected_request(self, client, paris):
        """User guide, create-manage-multi-region-secrets: changes are propagated; this is none."""
        with rejected("ResourceExistsException"):
            client.put_secret_value(SecretId="db", SecretString="other", ClientRequestToken=token(1))

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"


class TestLastAccessedDates:
    pytestmark = pytest.mark.usefixtures("db")

    def test_are_absent_before_the_first_read(self, client, paris):
        """Botocore's service model, ReplicationStatusType, LastAccessedDate."""
        assert "LastAccessedDate" not in status(client)
        assert "LastAccessedDate" not in paris.describe_secret(SecretId="db")

    def test_of_a_replica_are_listed_by_the_primary_secret(self, client, paris, fakesecrets_clock):
        """Botocore's service model, ReplicationStatusType, LastAccessedDate."""
        fakesecrets_clock.move_to("2040-02-03 12:00")

        paris.get_secret_value(SecretId="db")

        assert status(client)["LastAccessedDate"] == datetime(2040, 2, 3, tzinfo=timezone.utc)
        assert paris.describe_secret(SecretId="db")["LastAccessedDate"] == datetime(
            2040, 2, 3, tzinfo=timezone.utc
        )
        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")

    def test_of_the_primary_secret_are_independent_of_replicas(self, client, paris):
        """Botocore's service model, ReplicationStatusType: accessed in the Region."""
        client.get_secret_value(SecretId="db")

        assert "LastAccessedDate" not in status(client)
        assert "LastAccessedDate" not in paris.describe_secret(SecretId="db")
        (version,) = paris.list_secret_version_ids(SecretId="db")["Versions"]
        assert "LastAccessedDate" not in version

    def test_of_a_replica_are_kept_after_a_change(self, client, paris):
        """Botocore's service model, ReplicationStatusType: the date that it was last accessed."""
        paris.get_secret_value(SecretId="db")

        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        assert status(client)["LastAccessedDate"] == datetime(2040, 1, 31, tzinfo=timezone.utc)
        dates = {
            version["VersionId"]: version.get("LastAccessedDate")
            for version in paris.list_secret_version_ids(SecretId="db")["Versions"]
        }
        assert dates == {token(1): datetime(2040, 1, 31, tzinfo=timezone.utc), token(2): None}

    def test_are_not_updated_by_describe_secret(self, client, paris):
        """LocalStack test test_last_accessed_date: the date of GetSecretValue."""
        paris.describe_secret(SecretId="db")
        paris.list_secret_version_ids(SecretId="db")

        assert "LastAccessedDate" not in status(client)


class TestTheKeyOfAReplica:
    def test_is_independent_of_the_primary_secret(self, client, paris):
        """User guide, create-manage-multi-region-secrets; API_ReplicaRegionType."""
        client.create_secret(
            Name="db",
            SecretString="old",
            KmsKeyId="alias/virginia",
            AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": "alias/paris"}],
        )

        assert client.describe_secret(SecretId="db")["KmsKeyId"] == "alias/virginia"
        assert paris.describe_secret(SecretId="db")["KmsKeyId"] == "alias/paris"
        assert status(client)["KmsKeyId"] == "alias/paris"

    def test_is_that_of_the_service_by_default(self, client, paris):
        """API_ReplicaRegionType, KmsKeyId."""
        client.create_secret(
            Name="db",
            SecretString="old",
            KmsKeyId="alias/virginia",
            AddReplicaRegions=[{"Region": "eu-west-3"}],
        )

        assert "KmsKeyId" not in paris.describe_secret(SecretId="db")
        assert status(client)["KmsKeyId"] == "alias/aws/secretsmanager"

    def test_encrypts_its_versions(self, client, paris):
        """User guide, create-manage-multi-region-secrets; as it was sent: inferred."""
        client.create_secret(
            Name="db",
            SecretString="old",
            AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": "alias/paris"}],
        )
        client.put_secret_value(SecretId="db", SecretString="new")

        keys = [version["KmsKeyIds"] for version in paris.list_secret_version_ids(SecretId="db")["Versions"]]
        own = [version["KmsKeyIds"] for version in client.list_secret_version_ids(SecretId="db")["Versions"]]
        assert keys == [["alias/paris"], ["alias/paris"]]
        assert own == [["DefaultEncryptionKey"], ["DefaultEncryptionKey"]]

    @pytest.mark.usefixtures("db")
    def test_does_not_follow_a_change_of_the_primary_key(self, client, paris):
        """User guide, create-manage-multi-region-secrets."""
        client.update_secret(SecretId="db", KmsKeyId="alias/virginia")

        assert "KmsKeyId" not in paris.describe_secret(SecretId="db")

    @pytest.mark.usefixtures("db")
    def test_can_be_changed_on_the_replica(self, client, paris):
        """User guide, standalone-secret: to change the encryption key of a replica."""
        paris.update_secret(SecretId="db", KmsKeyId="alias/paris")

        assert paris.describe_secret(SecretId="db")["KmsKeyId"] == "alias/paris"
        assert "KmsKeyId" not in client.describe_secret(SecretId="db")

    @pytest.mark.usefixtures("db")
    def test_is_listed_by_the_primary_secret_after_a_change(self, client, paris):
        """API_ReplicationStatusType, KmsKeyId; inferred for a key that was changed on the replica."""
        paris.update_secret(SecretId="db", KmsKeyId="alias/paris")

        assert status(client)["KmsKeyId"] == "alias/paris"

    @pytest.mark.usefixtures("db")
    def test_that_was_changed_is_kept_when_the_primary_secret_changes(self, client, paris):
        """User guide, standalone-secret."""
        paris.update_secret(SecretId="db", KmsKeyId="alias/paris")

        client.put_secret_value(SecretId="db", SecretString="new")

        assert paris.describe_secret(SecretId="db")["KmsKeyId"] == "alias/paris"

    @pytest.mark.usefixtures("db")
    def test_cannot_be_changed_together_with_other_members(self, paris):
        """Issues of terraform-provider-aws, cloud-nuke and aws-nuke."""
        with rejected("InvalidParameterException") as answer:
            paris.update_secret(SecretId="db", KmsKeyId="alias/paris", Description="French")

        assert answer.message == ON_A_REPLICA
        assert "KmsKeyId" not in paris.describe_secret(SecretId="db")


class TestAReadOnlyReplica:
    @pytest.mark.parametrize(
        ("operation", "sent", "source"),
        [
            pytest.param("put_secret_value", {"SecretString": "new"}, ISSUES, id="PutSecretValue"),
            pytest.param("update_secret", {"SecretString": "new"}, ISSUES, id="UpdateSecret, value"),
            pytest.param("update_secret", {"Description": "new"}, ISSUES, id="UpdateSecret, description"),
            pytest.param("update_secret", {}, INFERRED, id="UpdateSecret, nothing"),
            pytest.param("tag_resource", {"Tags": [{"Key": "a", "Value": "1"}]}, ISSUES, id="TagResource"),
            pytest.param("untag_resource", {"TagKeys": ["team"]}, ISSUES, id="UntagResource"),
            pytest.param("put_resource_policy", {"ResourcePolicy": POLICY}, ISSUES, id="PutResourcePolicy"),
            pytest.param("delete_resource_policy", {}, ISSUES, id="DeleteResourcePolicy"),
            pytest.param("delete_secret", {}, ISSUES, id="DeleteSecret"),
            pytest.param(
                "delete_secret", {"ForceDeleteWithoutRecovery": True}, ISSUES, id="DeleteSecret, forced"
            ),
            pytest.param("restore_secret", {}, INFERRED, id="RestoreSecret"),
            pytest.param("rotate_secret", {"RotationLambdaARN": FUNCTION}, ISSUES, id="RotateSecret"),
            pytest.param("cancel_rotate_secret", {}, INFERRED, id="CancelRotateSecret"),
            pytest.param(
                "update_secret_version_stage",
                {"VersionStage": "next", "MoveToVersionId": token(1)},
                ISSUES,
                id="UpdateSecretVersionStage",
            ),
            pytest.param(
                "replicate_secret_to_regions",
                {"AddReplicaRegions": [{"Region": "eu-west-1"}]},
                ISSUES,
                id="ReplicateSecretToRegions",
            ),
            pytest.param(
                "remove_regions_from_replication",
                {"RemoveReplicaRegions": ["eu-west-3"]},
                ISSUES,
                id="RemoveRegionsFromReplication",
            ),
        ],
    )
    @pytest.mark.usefixtures("db")
    def test_rejects_every_operation_that_writes(self, fakesecrets, paris, operation, sent, source):
        fakesecrets.add_rotation_function(well_behaved, name="rotate", region_name="eu-west-3")
        before = paris.describe_secret(SecretId="db")

        with rejected("InvalidParameterException") as answer:
            getattr(paris, operation)(SecretId="db", **sent)

        assert answer.message == ON_A_REPLICA, source
        after = paris.describe_secret(SecretId="db")
        del before["ResponseMetadata"], after["ResponseMetadata"]
        assert after == before, source

    @pytest.mark.usefixtures("db")
    def test_allows_its_value_to_be_read(self, paris):
        """User guide, create-manage-multi-region-secrets."""
        value = paris.get_secret_value(SecretId="db")

        assert (value["SecretString"], value["VersionStages"]) == ("old", ["AWSCURRENT"])
        assert value["CreatedDate"] == datetime(2040, 1, 31, 16, 0, 0, 250000, tzinfo=timezone.utc)

    @pytest.mark.usefixtures("db")
    def test_can_be_listed_and_read_in_a_batch(self, paris):
        """Inferred: not observed on AWS."""
        (listed,) = paris.list_secrets()["SecretList"]
        (version,) = paris.list_secret_version_ids(SecretId="db")["Versions"]
        (value,) = paris.batch_get_secret_value(SecretIdList=["db"])["SecretValues"]

        assert listed["SecretVersionsToStages"] == {token(1): ["AWSCURRENT"]}
        assert version["VersionId"] == token(1)
        assert value["SecretString"] == "old"

    @pytest.mark.usefixtures("db")
    def test_allows_its_resource_policy_to_be_read(self, paris):
        """User guide, create-manage-multi-region-secrets: policies are replicated; inferred that they can be read."""
        answer = paris.get_resource_policy(SecretId="db")

        assert answer["Name"] == "db"
        assert "ResourcePolicy" not in answer

    def test_is_found_by_the_filter_primary_region(self, paris, db):
        """API_Filter: primary-region."""
        paris.create_secret(Name="plain", SecretString="French")

        found = paris.list_secrets(Filters=[{"Key": "primary-region", "Values": ["us-east-1"]}])["SecretList"]

        assert [secret["ARN"] for secret in found] == [db.replace("us-east-1", "eu-west-3")]


class TestDeletingAReplicatedSecret:
    @pytest.mark.parametrize("sent", [{}, {"ForceDeleteWithoutRecovery": True}], ids=["window", "force"])
    def test_is_rejected(self, client, paris, db, sent):
        """Issues cloud-nuke 435 and aws-nuke 1127; inferred for a forced deletion."""
        with rejected("InvalidParameterException") as answer:
            client.delete_secret(SecretId="db", **sent)

        assert answer.message == f"You can't delete secret {db} that still has replica regions [eu-west-3]."
        assert "DeletedDate" not in client.describe_secret(SecretId="db")
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_is_rejected_with_a_list_of_all_regions(self, client, db):
        """Issues cloud-nuke 435 and aws-nuke 1127: one recorded message has alphabetical order."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "ap-northeast-1"}])

        with rejected("InvalidParameterException") as answer:
            client.delete_secret(SecretId="db")

        assert answer.message == (
            f"You can't delete secret {db} that still has replica regions [ap-northeast-1, eu-west-3]."
        )

    def test_is_rejected_while_a_failed_replica_is_listed(self, client, paris):
        """Inferred: not observed on AWS."""
        paris.create_secret(Name="db", SecretString="French")
        client.create_secret(Name="db", SecretString="old", AddReplicaRegions=[{"Region": "eu-west-3"}])

        with rejected("InvalidParameterException"):
            client.delete_secret(SecretId="db")

        assert status(client)["Status"] == "Failed"

    @pytest.mark.usefixtures("db")
    def test_is_accepted_after_the_removal_of_its_replicas(self, client):
        """API_DeleteSecret."""
        client.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=["eu-west-3"])

        client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert client.list_secrets()["SecretList"] == []


@pytest.mark.usefixtures("db")
def test_a_rejected_replication_changes_nothing(client, paris, tokyo):
    """Botocore's service model, InvalidParameterException; inferred that no region of the request is begun."""
    before = client.describe_secret(SecretId="db")

    with rejected("InvalidParameterException"):
        client.replicate_secret_to_regions(
            SecretId="db", AddReplicaRegions=[{"Region": "ap-northeast-1"}, {"Region": "us-east-1"}]
        )

    after = client.describe_secret(SecretId="db")
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert tokyo.list_secrets()["SecretList"] == []
    assert len(paris.list_secrets()["SecretList"]) == 1


def test_a_new_value_does_not_copy_other_versions_to_a_replica(client, db, paris, fakesecrets):
    """Each version keeps the key and the LastAccessedDate of the replica."""
    for number in range(2, 6):
        client.put_secret_value(SecretId="db", SecretString=f"{number}", ClientRequestToken=token(number))
    paris.get_secret_value(SecretId="db", VersionId=token(3))
    region = fakesecrets._service.store.region("123456789012", "eu-west-3")
    before = region.secrets["db"].versions

    client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(6))

    after = region.secrets["db"].versions
    assert list(after) == [token(number) for number in range(1, 7)]
    assert all(after[version_id] is version for version_id, version in before.items())
    assert [version.last_accessed_on is not None for version in after.values()] == [
        number == 3 for number in range(1, 7)
    ]


def test_a_version_of_a_replica_gets_a_new_key_with_the_next_change(client, db, paris):
    """Inferred: UpdateSecret changes the key only of versions with labels."""
    for number in (2, 3):
        client.put_secret_value(SecretId="db", SecretString=f"{number}", ClientRequestToken=token(number))
    paris.update_secret(SecretId="db", KmsKeyId="alias/mine")

    def keys():
        listed = paris.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
        return [version["KmsKeyIds"] for version in listed]

    assert keys() == [["DefaultEncryptionKey"], ["alias/mine"], ["alias/mine"]]
    client.update_secret(SecretId="db", Description="changed")
    assert keys() == [["alias/mine"]] * 3
