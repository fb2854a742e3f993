"""ReplicateSecretToRegions and AddReplicaRegions of CreateSecret: responses, statuses and errors."""

from __future__ import annotations

import pytest
from support import raw, rejected, token

INFERRED = "inferred: not observed on AWS"
ISSUES = "terraform-provider-aws, cloud-nuke and aws-nuke issues"
INVALID_REGION = "Invalid replica region."
ON_A_REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."
PARTITIONS = "user guide, create-manage-multi-region-secrets: not across partitions; the code is inferred"
EXAMPLE = "AWS CLI reference, replicate-secret-to-regions"

#: Invalid regions of a request, the message of AWS or None if unknown, and the source.
REFUSED_REGIONS = [
    pytest.param([{"Region": "us-east-1"}], INVALID_REGION, "moto, pasted from AWS", id="own"),
    pytest.param(
        [{"Region": "eu-west-3"}, {"Region": "us-east-1"}],
        INVALID_REGION,
        "moto, pasted from AWS",
        id="own among others",
    ),
    pytest.param([{"Region": "eu-west-3"}, {"Region": "eu-west-3"}], None, INFERRED, id="twice"),
    pytest.param([{"KmsKeyId": "alias/paris"}], None, INFERRED, id="none"),
    pytest.param([{"Region": "cn-north-1"}], None, PARTITIONS, id="China"),
    pytest.param([{"Region": "us-gov-west-1"}], None, PARTITIONS, id="GovCloud"),
]


@pytest.fixture
def db(client):
    """A secret without replicas."""
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


def replicate(client, *regions, **sent):
    added = [{"Region": region} for region in regions]
    return client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=added, **sent)


def create(client, *regions, **sent):
    added = [{"Region": region} for region in regions]
    return client.create_secret(Name="db", SecretString="old", AddReplicaRegions=added, **sent)


def statuses(client):
    """Return the status and message of each region of "db"."""
    found = client.describe_secret(SecretId="db").get("ReplicationStatus", [])
    return {entry["Region"]: (entry["Status"], entry.get("StatusMessage")) for entry in found}


class TestReplicateSecretToRegions:
    def test_returns_the_arn_of_the_primary_secret_and_the_status_in_progress(self, client, db):
        """AWS CLI reference, replicate-secret-to-regions."""
        answer = replicate(client, "eu-west-3")

        del answer["ResponseMetadata"]
        assert answer == {
            "ARN": db,
            "ReplicationStatus": [
                {"Region": "eu-west-3", "KmsKeyId": "alias/aws/secretsmanager", "Status": "InProgress"}
            ],
        }

    @pytest.mark.usefixtures("db")
    def test_is_followed_by_the_status_in_sync(self, client):
        """AWS CLI reference, describe-secret."""
        replicate(client, "eu-west-3")

        assert client.describe_secret(SecretId="db")["ReplicationStatus"] == [
            {
                "Region": "eu-west-3",
                "KmsKeyId": "alias/aws/secretsmanager",
                "Status": "InSync",
                "StatusMessage": "Replication succeeded",
            }
        ]

    @pytest.mark.usefixtures("db")
    def test_returns_the_earlier_replicas_as_well(self, client):
        """Botocore's service model, ReplicateSecretToRegionsResponse: the status of replication, of all of them."""
        replicate(client, "eu-west-3")

        answer = replicate(client, "ap-northeast-1")

        assert {entry["Region"]: entry["Status"] for entry in answer["ReplicationStatus"]} == {
            "eu-west-3": "InSync",
            "ap-northeast-1": "InProgress",
        }

    @pytest.mark.usefixtures("db")
    def test_returns_the_key_of_the_replica(self, client):
        """API_ReplicaRegionType; as it was sent: inferred, not observed on AWS."""
        answer = client.replicate_secret_to_regions(
            SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": "alias/paris"}]
        )

        (entry,) = answer["ReplicationStatus"]
        assert entry["KmsKeyId"] == "alias/paris"

    @pytest.mark.parametrize("key", ["", "alias/aws/secretsmanager"])
    @pytest.mark.usefixtures("db")
    def test_returns_the_key_of_the_service_if_that_is_requested(self, client, paris, key):
        """API_DescribeSecret: the managed key is not shown on the secret; the rest is inferred."""
        answer = client.replicate_secret_to_regions(
            SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": key}]
        )

        (entry,) = answer["ReplicationStatus"]
        assert entry["KmsKeyId"] == "alias/aws/secretsmanager"
        assert "KmsKeyId" not in paris.describe_secret(SecretId="db")

    @pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
    def test_returns_the_same_for_every_form_of_secret_id(self, client, db, form):
        """API_ReplicateSecretToRegions: the ARN or name."""
        sent = {"name": "db", "full ARN": db, "partial ARN": db[:-7]}[form]

        answer = client.replicate_secret_to_regions(
            SecretId=sent, AddReplicaRegions=[{"Region": "eu-west-3"}]
        )

        assert answer["ARN"] == db

    @pytest.mark.usefixtures("db")
    def test_accepts_several_regions_at_once(self, client, paris, tokyo):
        """API_ReplicateSecretToRegions: a list of Regions."""
        replicate(client, "eu-west-3", "ap-northeast-1")

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert tokyo.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_accepts_a_secret_without_a_value(self, client, paris):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", Description="later")

        replicate(client, "eu-west-3")

        described = paris.describe_secret(SecretId="db")
        assert described["Description"] == "later"
        assert "VersionIdsToStages" not in described

    @pytest.mark.usefixtures("db")
    def test_updates_last_changed_date(self, client, fakesecrets_clock):
        """API_DescribeSecret, LastChangedDate: "modified in any way"; inferred for replication."""
        fakesecrets_clock.move_to("2040-01-31 16:00")

        replicate(client, "eu-west-3")

        changed = client.describe_secret(SecretId="db")["LastChangedDate"]
        assert changed.isoformat() == "2040-01-31T16:00:00+00:00"


class TestReplicateSecretToRegionsIsRejected:
    @pytest.mark.parametrize(("regions", "message", "source"), REFUSED_REGIONS)
    @pytest.mark.usefixtures("db")
    def test_for_regions_that_cannot_have_a_replica(self, client, regions, message, source):
        with rejected("InvalidParameterException") as answer:
            client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=regions)

        assert message is None or answer.message == message, source
        assert statuses(client) == {}, source

    @pytest.mark.usefixtures("db")
    def test_for_a_region_that_has_a_replica_already(self, client):
        """Inferred: not observed on AWS."""
        replicate(client, "eu-west-3")

        with rejected("InvalidParameterException"):
            replicate(client, "ap-northeast-1", "eu-west-3")

        assert statuses(client) == {"eu-west-3": ("InSync", "Replication succeeded")}

    @pytest.mark.usefixtures("db")
    def test_for_a_replica(self, client, paris):
        """Issues of terraform-provider-aws, cloud-nuke and aws-nuke."""
        replicate(client, "eu-west-3")

        with rejected("InvalidParameterException") as answer:
            replicate(paris, "ap-northeast-1")

        assert answer.message == ON_A_REPLICA, ISSUES

    def test_for_a_missing_secret(self, client):
        """Botocore's service model: ResourceNotFoundException; the text: LocalStack snapshots."""
        with rejected("ResourceNotFoundException") as answer:
            replicate(client, "eu-west-3")

        assert answer.message == "Secrets Manager can't find the specified secret."

    @pytest.mark.usefixtures("db")
    def test_for_a_secret_that_is_scheduled_for_deletion(self, client):
        """Inferred: not observed on AWS for this operation."""
        client.delete_secret(SecretId="db")

        with rejected("InvalidRequestException"):
            replicate(client, "eu-west-3")

        assert statuses(client) == {}

    @pytest.mark.parametrize(
        "region",
        [
            pytest.param("", id="empty"),
            pytest.param("Paris", id="not a code"),
            pytest.param("x" * 129, id="long"),
        ],
    )
    @pytest.mark.usefixtures("db")
    def test_for_an_invalid_region_code(self, region):
        """Botocore's service model, RegionType: its pattern and its length."""
        status, document = raw(
            "ReplicateSecretToRegions", {"SecretId": "db", "AddReplicaRegions": [{"Region": region}]}
        )

        assert (status, document["__type"]) == (400, "ValidationException")


class TestReplicationToARegionThatHasTheName:
    @pytest.fixture
    def taken(self, paris):
        return paris.create_secret(Name="db", SecretString="French")["ARN"]

    @pytest.mark.usefixtures("db")
    def test_fails_in_the_status_and_not_in_the_call(self, client, paris, taken):
        """Moto's test of ReplicateSecretToRegions, and a second report of the text; API_ReplicationStatusType."""
        replicate(client, "eu-west-3")

        assert statuses(client) == {
            "eu-west-3": (
                "Failed",
                "Replication failed: Secret name db already exists in region eu-west-3.",
            )
        }
        kept = paris.get_secret_value(SecretId="db")
        assert (kept["ARN"], kept["SecretString"]) == (taken, "French")

    @pytest.mark.usefixtures("db", "taken")
    def test_does_not_prevent_replication_to_other_regions(self, client, tokyo):
        """Inferred: not observed on AWS."""
        replicate(client, "eu-west-3", "ap-northeast-1")

        assert {region: status for region, (status, _) in statuses(client).items()} == {
            "eu-west-3": "Failed",
            "ap-northeast-1": "InSync",
        }
        assert tokyo.get_secret_value(SecretId="db")["SecretString"] == "old"

    @pytest.mark.usefixtures("db", "taken")
    def test_does_not_replicate_later_changes(self, client, paris):
        """API_ReplicationStatusType: a failed replica was not created."""
        replicate(client, "eu-west-3")

        client.put_secret_value(SecretId="db", SecretString="new")

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"

    @pytest.mark.usefixtures("db")
    def test_overwrites_the_secret_by_force(self, client, paris, taken):
        """API_ReplicateSecretToRegions, ForceOverwriteReplicaSecret."""
        replicate(client, "eu-west-3", ForceOverwriteReplicaSecret=True)

        assert statuses(client) == {"eu-west-3": ("InSync", "Replication succeeded")}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"
        with rejected("ResourceNotFoundException"):
            paris.describe_secret(SecretId=taken)

    @pytest.mark.usefixtures("db", "taken")
    def test_keeps_the_secret_if_force_is_false(self, client, paris):
        """API_ReplicateSecretToRegions: by default, secrets aren't overwritten."""
        replicate(client, "eu-west-3", ForceOverwriteReplicaSecret=False)

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"

    @pytest.mark.usefixtures("db")
    def test_accepts_force_although_the_name_is_free(self, client, paris):
        """Inferred: not observed on AWS."""
        replicate(client, "eu-west-3", ForceOverwriteReplicaSecret=True)

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"

    @pytest.mark.parametrize("force", [False, True])
    @pytest.mark.usefixtures("db")
    def test_never_overwrites_a_replica_of_another_secret(self, client, tokyo, paris, force):
        """A deployment guide that was verified live on AWS, 2026."""
        other = create(tokyo, "eu-west-3")["ARN"]

        replicate(client, "eu-west-3", ForceOverwriteReplicaSecret=force)

        assert statuses(client) == {
            "eu-west-3": (
                "Failed",
                "Replication failed: Secret name db is currently replicated to eu-west-3 with a different arn",
            )
        }
        assert paris.describe_secret(SecretId="db")["ARN"] == other.replace("ap-northeast-1", "eu-west-3")

    @pytest.mark.usefixtures("db", "taken")
    def test_can_be_repeated_after_the_name_is_free(self, client, paris):
        """User guide: "Retry replication" in the console; the call is inferred."""
        replicate(client, "eu-west-3")
        paris.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        replicate(client, "eu-west-3")

        assert statuses(client) == {"eu-west-3": ("InSync", "Replication succeeded")}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"

    @pytest.mark.usefixtures("db", "taken")
    def test_can_be_repeated_by_force(self, client, paris):
        """User guide: "Retry replication" in the console; the call is inferred."""
        replicate(client, "eu-west-3")

        replicate(client, "eu-west-3", ForceOverwriteReplicaSecret=True)

        assert statuses(client) == {"eu-west-3": ("InSync", "Replication succeeded")}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"

    @pytest.mark.usefixtures("db", "taken")
    def test_leaves_the_other_secret_independent_after_the_failure(self, client, paris):
        """API_ReplicationStatusType: a failed replica was not created, so the other secret is not a replica."""
        replicate(client, "eu-west-3")

        paris.put_secret_value(SecretId="db", SecretString="French as before")

        assert "PrimaryRegion" not in paris.describe_secret(SecretId="db")

    @pytest.mark.usefixtures("db", "taken")
    def test_succeeds_after_the_recovery_window_of_the_other_secret(self, client, paris, fakesecrets_clock):
        """API_DeleteSecret: the secret is deleted for good at the end of the window."""
        fakesecrets_clock.move_to("2040-01-01")
        paris.delete_secret(SecretId="db", RecoveryWindowInDays=7)
        fakesecrets_clock.move_to("2040-01-09")

        replicate(client, "eu-west-3")

        assert statuses(client) == {"eu-west-3": ("InSync", "Replication succeeded")}
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"


class TestCreateSecretWithReplicas:
    def test_returns_the_status_of_replication(self, client):
        """API_CreateSecret, ReplicationStatus; its form: AWS CLI reference, replicate-secret-to-regions."""
        created = create(client, "eu-west-3", ClientRequestToken=token(1))

        assert set(created) == {"ARN", "Name", "VersionId", "ReplicationStatus", "ResponseMetadata"}
        assert created["ReplicationStatus"] == [
            {"Region": "eu-west-3", "KmsKeyId": "alias/aws/secretsmanager", "Status": "InProgress"}
        ], EXAMPLE

    def test_returns_no_status_without_replicas(self, client):
        """LocalStack snapshot test_create_and_update_secret."""
        created = client.create_secret(Name="db", SecretString="old")

        assert "ReplicationStatus" not in created

    def test_creates_the_replicas(self, client, paris, tokyo):
        """API_CreateSecret, AddReplicaRegions."""
        create(client, "eu-west-3", "ap-northeast-1", ClientRequestToken=token(1))

        for replica in (paris, tokyo):
            value = replica.get_secret_value(SecretId="db")
            assert (value["SecretString"], value["VersionId"]) == ("old", token(1))
        assert statuses(client) == {
            "eu-west-3": ("InSync", "Replication succeeded"),
            "ap-northeast-1": ("InSync", "Replication succeeded"),
        }

    def test_creates_the_replicas_of_a_secret_without_a_value(self, client, paris):
        """Inferred: not observed on AWS."""
        created = client.create_secret(Name="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        assert "VersionId" not in created
        assert "VersionIdsToStages" not in paris.describe_secret(SecretId="db")

    def test_succeeds_although_the_name_exists_in_a_replica_region(self, client, paris):
        """API_ReplicationStatusType, StatusMessage; moto's test for the text."""
        paris.create_secret(Name="db", SecretString="French")

        create(client, "eu-west-3")

        assert statuses(client) == {
            "eu-west-3": (
                "Failed",
                "Replication failed: Secret name db already exists in region eu-west-3.",
            )
        }
        assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"

    def test_overwrites_a_secret_in_a_replica_region_by_force(self, client, paris):
        """API_CreateSecret, ForceOverwriteReplicaSecret."""
        paris.create_secret(Name="db", SecretString="French")

        create(client, "eu-west-3", ForceOverwriteReplicaSecret=True)

        assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_rejects_the_name_of_a_replica(self, client, paris):
        """LocalStack snapshot test_secret_exists_snapshots; inferred for a replica."""
        create(client, "eu-west-3")

        with rejected("ResourceExistsException") as answer:
            paris.create_secret(Name="db", SecretString="French")

        assert answer.message == "The operation failed because the secret db already exists."

    def test_replicates_nothing_if_the_name_exists_in_its_own_region(self, client, paris):
        """LocalStack snapshot test_secret_exists_snapshots; inferred for replication."""
        client.create_secret(Name="db", SecretString="old")

        with rejected("ResourceExistsException"):
            create(client, "eu-west-3")

        assert paris.list_secrets()["SecretList"] == []

    @pytest.mark.parametrize(("regions", "message", "source"), REFUSED_REGIONS)
    def test_rejects_regions_that_cannot_have_a_replica(self, client, regions, message, source):
        with rejected("InvalidParameterException") as answer:
            client.create_secret(Name="db", SecretString="old", AddReplicaRegions=regions)

        assert message is None or answer.message == message, source
        assert client.list_secrets()["SecretList"] == [], source
