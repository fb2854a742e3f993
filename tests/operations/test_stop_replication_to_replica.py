"""StopReplicationToReplica: a replica becomes a standalone secret."""

from __future__ import annotations

import pytest
from support import current, labels, rejected, token

POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"AWS":"arn:aws:iam::123456789012:root"},'
    '"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}'
)


@pytest.fixture
def db(client):
    """A secret with two versions, and replicas in two regions; the ARN of the one in Paris."""
    created = client.create_secret(
        Name="db",
        Description="of the shop",
        SecretString="old",
        ClientRequestToken=token(1),
        Tags=[{"Key": "team", "Value": "blue"}],
        AddReplicaRegions=[{"Region": "eu-west-3", "KmsKeyId": "alias/paris"}, {"Region": "ap-northeast-1"}],
    )
    client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
    client.put_resource_policy(SecretId="db", ResourcePolicy=POLICY)
    return created["ARN"].replace("us-east-1", "eu-west-3")


@pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
def test_stop_replication_returns_the_arn_of_the_promoted_secret(paris, db, form):
    """API_StopReplicationToReplica: the same ARN, except that the Region is changed."""
    sent = {"name": "db", "full ARN": db, "partial ARN": db[:-7]}[form]

    answer = paris.stop_replication_to_replica(SecretId=sent)

    del answer["ResponseMetadata"]
    assert answer == {"ARN": db}


def test_stop_replication_keeps_values_and_metadata_of_the_replica(paris, db):
    """User guide, standalone-secret."""
    paris.stop_replication_to_replica(SecretId="db")

    described = paris.describe_secret(SecretId="db")
    assert (described["ARN"], described["Description"]) == (db, "of the shop")
    assert described["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert described["KmsKeyId"] == "alias/paris"
    assert labels(paris, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}
    assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert paris.get_resource_policy(SecretId="db")["ResourcePolicy"] == POLICY


@pytest.mark.usefixtures("db")
def test_stop_replication_creates_a_secret_that_gets_no_later_changes(client, paris):
    """API_StopReplicationToReplica: removes the link, and promotes the replica to a primary secret."""
    paris.stop_replication_to_replica(SecretId="db")

    client.put_secret_value(SecretId="db", SecretString="newer")
    client.update_secret(SecretId="db", Description="of the stock")

    assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert paris.describe_secret(SecretId="db")["Description"] == "of the shop"


@pytest.mark.usefixtures("db")
def test_stop_replication_creates_a_secret_that_can_be_written(client, paris):
    """API_StopReplicationToReplica: a standalone primary secret."""
    paris.stop_replication_to_replica(SecretId="db")

    paris.put_secret_value(SecretId="db", SecretString="French", ClientRequestToken=token(3))
    paris.tag_resource(SecretId="db", Tags=[{"Key": "team", "Value": "red"}])

    assert paris.get_secret_value(SecretId="db")["SecretString"] == "French"
    assert client.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert client.describe_secret(SecretId="db")["Tags"] == [{"Key": "team", "Value": "blue"}]


def test_stop_replication_creates_a_secret_that_can_be_replicated(paris, tokyo, db, client):
    """API_StopReplicationToReplica: a standalone primary secret."""
    client.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=["ap-northeast-1"])
    paris.stop_replication_to_replica(SecretId="db")

    paris.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "ap-northeast-1"}])

    described = tokyo.describe_secret(SecretId="db")
    assert described["ARN"] == db.replace("eu-west-3", "ap-northeast-1")
    assert described["PrimaryRegion"] == "eu-west-3"


@pytest.mark.usefixtures("db")
def test_stop_replication_creates_a_secret_that_can_be_deleted(client, paris):
    """API_StopReplicationToReplica: a standalone primary secret."""
    paris.stop_replication_to_replica(SecretId="db")

    paris.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    with rejected("ResourceNotFoundException"):
        paris.describe_secret(SecretId="db")
    assert current(client, "db") == token(2)


@pytest.mark.usefixtures("db")
def test_stop_replication_removes_the_region_from_the_primary_secret(client, paris, tokyo):
    """User guide, standalone-secret; inferred for the status."""
    paris.stop_replication_to_replica(SecretId="db")

    (left,) = client.describe_secret(SecretId="db")["ReplicationStatus"]
    assert left["Region"] == "ap-northeast-1"
    assert "PrimaryRegion" not in paris.describe_secret(SecretId="db")
    assert tokyo.describe_secret(SecretId="db")["PrimaryRegion"] == "us-east-1"


@pytest.mark.usefixtures("db")
def test_stop_replication_of_the_last_replica_allows_the_primary_secret_to_be_deleted(client, paris, tokyo):
    """API_DeleteSecret: a primary secret without replicas; inferred for promoted ones."""
    paris.stop_replication_to_replica(SecretId="db")
    tokyo.stop_replication_to_replica(SecretId="db")

    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    assert paris.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert tokyo.get_secret_value(SecretId="db")["SecretString"] == "new"


def test_stop_replication_leaves_a_secret_whose_name_blocks_later_replication(client, paris, db):
    """Moto's test of ReplicateSecretToRegions for the text; inferred for a secret that was a replica."""
    paris.stop_replication_to_replica(SecretId="db")

    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

    messages = {
        entry["Region"]: entry["StatusMessage"]
        for entry in client.describe_secret(SecretId="db")["ReplicationStatus"]
    }
    assert messages == {
        "ap-northeast-1": "Replication succeeded",
        "eu-west-3": "Replication failed: Secret name db already exists in region eu-west-3.",
    }
    assert paris.describe_secret(SecretId="db")["ARN"] == db


@pytest.mark.usefixtures("db")
def test_stop_replication_is_rejected_on_the_primary_secret(client):
    """API_StopReplicationToReplica: you call it from the replica Region; the code is inferred."""
    with rejected("InvalidParameterException"):
        client.stop_replication_to_replica(SecretId="db")

    assert len(client.describe_secret(SecretId="db")["ReplicationStatus"]) == 2


def test_stop_replication_is_rejected_on_a_plain_secret(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="plain", SecretString="old")

    with rejected("InvalidParameterException"):
        client.stop_replication_to_replica(SecretId="plain")


@pytest.mark.usefixtures("db")
def test_stop_replication_is_rejected_the_second_time(paris):
    """Inferred: not observed on AWS."""
    paris.stop_replication_to_replica(SecretId="db")

    with rejected("InvalidParameterException"):
        paris.stop_replication_to_replica(SecretId="db")


def test_stop_replication_is_rejected_in_the_region_of_the_primary_secret(client, db):
    """API_StopReplicationToReplica: you call it from the replica Region; the code is inferred."""
    with rejected("ResourceNotFoundException"):
        client.stop_replication_to_replica(SecretId=db)


def test_stop_replication_of_a_missing_secret_is_rejected(paris):
    """Botocore's service model: ResourceNotFoundException; the text: LocalStack snapshots."""
    with rejected("ResourceNotFoundException") as answer:
        paris.stop_replication_to_replica(SecretId="nobody")

    assert answer.message == "Secrets Manager can't find the specified secret."
