"""DescribeSecret: the members of the response, and the conditions for their presence."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from rotation_functions import nothing
from support import labels, needs, raw, rejected, token

INFERRED = "inferred: not observed on AWS"


def members(client, secret_id="db"):
    return set(client.describe_secret(SecretId=secret_id)) - {"ResponseMetadata"}


def test_describe_secret_of_a_secret_without_a_value_has_four_members(client):
    """LocalStack snapshot test_create_secret_version_from_empty_secret."""
    client.create_secret(Name="db", Description="")

    assert members(client) == {"ARN", "CreatedDate", "LastChangedDate", "Name"}


@pytest.mark.parametrize(
    ("created", "added", "source"),
    [
        pytest.param(
            {"SecretString": "old"},
            {"VersionIdsToStages"},
            "LocalStack snapshot test_create_and_update_secret",
            id="value",
        ),
        pytest.param(
            {"Description": "mine"},
            {"Description"},
            "LocalStack snapshot test_create_and_update_secret",
            id="description",
        ),
        pytest.param({"KmsKeyId": "alias/mine"}, {"KmsKeyId"}, "API_DescribeSecret", id="key"),
        pytest.param(
            {"Tags": [{"Key": "a", "Value": "1"}]},
            {"Tags"},
            "LocalStack snapshot test_secret_tags",
            id="tags",
        ),
        pytest.param(
            {"Type": "BigIDClientSecret"},
            {"Type"},
            "API_DescribeSecret",
            id="type",
            marks=needs("CreateSecret", "Type"),
        ),
    ],
)
def test_describe_secret_has_a_member_only_if_it_has_a_value(client, created, added, source):
    client.create_secret(Name="db", **created)

    assert members(client) == {"ARN", "CreatedDate", "LastChangedDate", "Name", *added}, source


def test_describe_secret_lists_only_versions_with_labels(client):
    """LocalStack snapshot test_update_secret_description."""
    client.create_secret(Name="db", SecretString="1", ClientRequestToken=token(1))
    client.put_secret_value(SecretId="db", SecretString="2", ClientRequestToken=token(2))
    client.put_secret_value(SecretId="db", SecretString="3", ClientRequestToken=token(3))

    described = client.describe_secret(SecretId="db")

    assert described["VersionIdsToStages"] == {token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"]}


def test_describe_secret_lists_a_pending_version_without_a_value(client, fakesecrets, fakesecrets_rotation):
    """API_DescribeSecret; API_RotateSecret."""
    arn = fakesecrets.add_rotation_function(nothing)
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

    client.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))

    assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): {"AWSPENDING"}}


def test_describe_secret_is_accepted_while_the_secret_is_scheduled_for_deletion(client, fakesecrets_clock):
    """LocalStack snapshot test_force_delete_deleted_secret; the date itself: API_ListSecrets, DeletedDate."""
    fakesecrets_clock.move_to("2030-01-31 16:00")
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)

    described = client.describe_secret(SecretId="db")
    assert described["DeletedDate"] == datetime(2030, 1, 31, 16, tzinfo=timezone.utc)
    assert described["VersionIdsToStages"] == {token(1): ["AWSCURRENT"]}


def test_describe_secret_is_rejected_after_the_recovery_window(client, fakesecrets_clock):
    """Inferred: AWS deletes some time after the window, "no guarantee of a specific time" (API_DeleteSecret)."""
    fakesecrets_clock.move_to("2030-01-31 16:00")
    client.create_secret(Name="db", SecretString="old")
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)

    fakesecrets_clock.move_to("2030-02-07 15:59:59")
    assert client.describe_secret(SecretId="db")["Name"] == "db"

    fakesecrets_clock.move_to("2030-02-07 16:00:01")
    with rejected("ResourceNotFoundException") as answer:
        client.describe_secret(SecretId="db")
    assert answer.message == "Secrets Manager can't find the specified secret."


class TestLastAccessedDate:
    def test_is_absent_until_a_value_is_read(self, client):
        """LocalStack test test_last_accessed_date (aws validated)."""
        client.create_secret(Name="db", SecretString="old")
        client.describe_secret(SecretId="db")
        client.list_secrets()
        client.list_secret_version_ids(SecretId="db")

        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")

    def test_is_the_start_of_the_day_in_utc(self, fakesecrets, client, fakesecrets_clock):
        """LocalStack test test_last_accessed_date (aws validated); API_DescribeSecret example: 1523923200."""
        client.create_secret(Name="db", SecretString="old")
        fakesecrets_clock.move_to("2030-01-31 16:00")

        client.get_secret_value(SecretId="db")

        described = client.describe_secret(SecretId="db")
        assert described["LastAccessedDate"] == datetime(2030, 1, 31, tzinfo=timezone.utc)
        assert raw("DescribeSecret", {"SecretId": "db"})[1]["LastAccessedDate"] == 1896048000

    def test_is_unchanged_by_a_second_read_on_the_same_day(self, client, fakesecrets_clock):
        """LocalStack test test_last_accessed_date (aws validated)."""
        client.create_secret(Name="db", SecretString="old")
        fakesecrets_clock.move_to("2030-01-31 00:00")
        client.get_secret_value(SecretId="db")
        first = client.describe_secret(SecretId="db")["LastAccessedDate"]

        fakesecrets_clock.move_to("2030-01-31 23:59:59")
        client.get_secret_value(SecretId="db")

        assert client.describe_secret(SecretId="db")["LastAccessedDate"] == first

    def test_is_updated_by_a_read_on_another_day(self, client, fakesecrets_clock):
        """API_DescribeSecret: the date that the secret was last accessed."""
        client.create_secret(Name="db", SecretString="old")
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.get_secret_value(SecretId="db")

        fakesecrets_clock.move_to("2030-02-03 16:00")
        client.get_secret_value(SecretId="db")

        accessed = client.describe_secret(SecretId="db")["LastAccessedDate"]
        assert accessed == datetime(2030, 2, 3, tzinfo=timezone.utc)

    def test_is_not_set_by_a_rejected_read(self, client):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", SecretString="old")

        with rejected("ResourceNotFoundException"):
            client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")

        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")


class TestLastChangedDate:
    CHANGES = (
        pytest.param(
            "update_secret",
            {"SecretString": "old"},
            "LocalStack test test_last_updated_date (aws validated)",
            id="the same value",
        ),
        pytest.param(
            "update_secret",
            {"Description": "new"},
            "LocalStack test test_last_updated_date (aws validated)",
            id="description",
        ),
        pytest.param("put_secret_value", {"SecretString": "new"}, "API_DescribeSecret", id="put"),
        pytest.param("tag_resource", {"Tags": [{"Key": "b", "Value": ""}]}, "moto issue 4899", id="tag"),
        pytest.param("untag_resource", {"TagKeys": ["a"]}, INFERRED, id="untag"),
        pytest.param("delete_secret", {}, INFERRED, id="delete"),
        pytest.param(
            "update_secret_version_stage",
            {"VersionStage": "mine", "MoveToVersionId": token(1)},
            INFERRED,
            id="label",
        ),
    )

    @pytest.mark.parametrize(("operation", "sent", "source"), CHANGES)
    def test_is_updated_by_every_change(self, client, fakesecrets_clock, operation, sent, source):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.create_secret(
            Name="db", SecretString="old", ClientRequestToken=token(1), Tags=[{"Key": "a", "Value": ""}]
        )
        fakesecrets_clock.move_to("2030-01-31 17:30")

        getattr(client, operation)(SecretId="db", **sent)

        described = client.describe_secret(SecretId="db")
        assert described["LastChangedDate"] == datetime(2030, 1, 31, 17, 30, tzinfo=timezone.utc), source
        assert described["CreatedDate"] == datetime(2030, 1, 31, 16, tzinfo=timezone.utc), source

    def test_is_updated_by_restore_secret(self, client, fakesecrets_clock):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", SecretString="old")
        client.delete_secret(SecretId="db")
        fakesecrets_clock.tick(3600)

        client.restore_secret(SecretId="db")

        described = client.describe_secret(SecretId="db")
        assert (described["LastChangedDate"] - described["CreatedDate"]).total_seconds() == 3600

    def test_increases_strictly_with_each_update_in_real_time(self, client):
        """LocalStack test test_last_updated_date (aws validated)."""
        client.create_secret(Name="db", SecretString="old")
        dates = [client.describe_secret(SecretId="db")["LastChangedDate"]]

        for _ in range(5):
            client.update_secret(SecretId="db", SecretString="old")
            dates.append(client.describe_secret(SecretId="db")["LastChangedDate"])

        assert dates == sorted(set(dates))

    def test_is_unchanged_by_a_read_of_the_value(self, client, fakesecrets_clock):
        """Inferred: not observed on AWS."""
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="old")
        fakesecrets_clock.move_to("2030-01-31 17:30")

        client.get_secret_value(SecretId="db")

        changed = client.describe_secret(SecretId="db")["LastChangedDate"]
        assert changed == datetime(2030, 1, 31, 16, tzinfo=timezone.utc)


def test_describe_secret_lists_the_tags_of_cloudformation_in_their_order(fakesecrets, client):
    """LocalStack CloudFormation snapshot test_cfn_secretsmanager_gen_secret."""
    fakesecrets.add_secret(
        "db",
        "old",
        tags={
            "aws:cloudformation:stack-name": "stack",
            "aws:cloudformation:logical-id": "Secret",
            "aws:cloudformation:stack-id": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/1",
        },
    )

    assert [tag["Key"] for tag in client.describe_secret(SecretId="db")["Tags"]] == [
        "aws:cloudformation:stack-name",
        "aws:cloudformation:logical-id",
        "aws:cloudformation:stack-id",
    ]
