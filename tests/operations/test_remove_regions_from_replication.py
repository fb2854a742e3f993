"""RemoveRegionsFromReplication: the replicas in the named regions are deleted."""

from __future__ import annotations

import pytest
from support import rejected, token

ON_A_REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."


@pytest.fixture
def db(client):
    """A secret with replicas in two regions."""
    return client.create_secret(
        Name="db",
        SecretString="old",
        ClientRequestToken=token(1),
        AddReplicaRegions=[{"Region": "eu-west-3"}, {"Region": "ap-northeast-1"}],
    )["ARN"]


def remove(client, *regions):
    return client.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=list(regions))


def test_remove_regions_returns_the_remaining_replicas(client, db):
    """AWS CLI reference, remove-regions-from-replication."""
    answer = remove(client, "eu-west-3")

    del answer["ResponseMetadata"]
    assert answer == {
        "ARN": db,
        "ReplicationStatus": [
            {
                "Region": "ap-northeast-1",
                "KmsKeyId": "alias/aws/secretsmanager",
                "Status": "InSync",
                "StatusMessage": "Replication succeeded",
            }
        ],
    }


def test_remove_regions_returns_an_empty_list_if_no_replica_remains(client, db):
    """AWS CLI reference, remove-regions-from-replication."""
    answer = remove(client, "eu-west-3", "ap-northeast-1")

    assert (answer["ARN"], answer["ReplicationStatus"]) == (db, [])


@pytest.mark.usefixtures("db")
def test_remove_regions_deletes_the_replica_without_a_recovery_window(client, paris):
    """User guide, manage_delete-secret: a replica is deleted immediately."""
    remove(client, "eu-west-3")

    with rejected("ResourceNotFoundException"):
        paris.describe_secret(SecretId="db")
    assert paris.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


@pytest.mark.usefixtures("db")
def test_remove_regions_keeps_the_primary_secret_and_the_other_replicas(client, tokyo):
    """API_RemoveRegionsFromReplication: from the Regions you specify."""
    remove(client, "eu-west-3")

    assert client.get_secret_value(SecretId="db")["SecretString"] == "old"
    client.put_secret_value(SecretId="db", SecretString="new")
    assert tokyo.get_secret_value(SecretId="db")["SecretString"] == "new"


@pytest.mark.usefixtures("db")
def test_remove_regions_frees_the_name(client, paris):
    """User guide, manage_delete-secret: a replica is deleted immediately."""
    remove(client, "eu-west-3")

    paris.create_secret(Name="db", SecretString="French")

    client.put_secret_value(SecretId="db", SecretString="new")
    assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"


@pytest.mark.usefixtures("db")
def test_remove_regions_allows_the_region_to_be_added_again(client, paris):
    """API_ReplicateSecretToRegions; inferred for a region that was one before."""
    remove(client, "eu-west-3")

    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

    assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"


@pytest.mark.usefixtures("db")
def test_remove_regions_of_the_last_replica_removes_the_primary_region(client):
    """Inferred: not observed on AWS."""
    remove(client, "eu-west-3", "ap-northeast-1")

    described = client.describe_secret(SecretId="db")
    (listed,) = client.list_secrets()["SecretList"]
    assert not {"PrimaryRegion", "ReplicationStatus"} & set(described)
    assert "PrimaryRegion" not in listed


def test_remove_regions_removes_a_failed_replica_and_keeps_the_secret_of_its_name(client, paris):
    """API_ReplicationStatusType: a failed replica was not created."""
    paris.create_secret(Name="db", SecretString="French")
    client.create_secret(Name="db", SecretString="old", AddReplicaRegions=[{"Region": "eu-west-3"}])

    remove(client, "eu-west-3")

    assert "ReplicationStatus" not in client.describe_secret(SecretId="db")
    assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"


@pytest.mark.usefixtures("db")
def test_remove_regions_updates_last_changed_date(client, fakesecrets_clock):
    """API_DescribeSecret, LastChangedDate: "modified in any way"; inferred for replication."""
    fakesecrets_clock.move_to("2040-01-31 16:00")

    remove(client, "eu-west-3")

    changed = client.describe_secret(SecretId="db")["LastChangedDate"]
    assert changed.isoformat() == "2040-01-31T16:00:00+00:00"


@pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
def test_remove_regions_accepts_every_form_of_secret_id(client, db, form):
    """API_RemoveRegionsFromReplication: the ARN or name."""
    sent = {"name": "db", "full ARN": db, "partial ARN": db[:-7]}[form]

    answer = client.remove_regions_from_replication(SecretId=sent, RemoveReplicaRegions=["eu-west-3"])

    assert answer["ARN"] == db


@pytest.mark.parametrize(
    "regions",
    [
        pytest.param(["eu-west-1"], id="no replica"),
        pytest.param(["us-east-1"], id="its own"),
        pytest.param(["eu-west-3", "eu-west-1"], id="one of two"),
    ],
)
@pytest.mark.usefixtures("db")
def test_remove_regions_rejects_a_region_without_a_replica(client, paris, regions):
    """Inferred: not observed on AWS."""
    with rejected("InvalidParameterException"):
        remove(client, *regions)

    assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"
    assert len(client.describe_secret(SecretId="db")["ReplicationStatus"]) == 2


def test_remove_regions_rejects_a_secret_without_replicas(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db", SecretString="old")

    with rejected("InvalidParameterException"):
        remove(client, "eu-west-3")


@pytest.mark.parametrize("region", ["eu-west-3", "ap-northeast-1"])
@pytest.mark.usefixtures("db")
def test_remove_regions_is_rejected_on_a_replica(paris, region):
    """Issues of terraform-provider-aws, cloud-nuke and aws-nuke."""
    with rejected("InvalidParameterException") as answer:
        remove(paris, region)

    assert answer.message == ON_A_REPLICA
    assert paris.get_secret_value(SecretId="db")["SecretString"] == "old"


def test_remove_regions_of_a_missing_secret_is_rejected(client):
    """Botocore's service model: ResourceNotFoundException; the text: LocalStack snapshots."""
    with rejected("ResourceNotFoundException") as answer:
        remove(client, "eu-west-3")

    assert answer.message == "Secrets Manager can't find the specified secret."
