"""Sequences of calls that were recorded or asserted on AWS, with the responses of AWS."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone

import pytest
from rotation_functions import nothing
from support import LISTED, labels, raw, rejected

ILLEGAL = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
MISSING_TOKEN = "You must provide a ClientRequestToken value. We recommend a UUID-type value."


def body(answered):
    """Return a response without the members that botocore adds."""
    return {member: value for member, value in answered.items() if member != "ResponseMetadata"}


def conflict(answer, token, arn):
    return answer.message == (
        f"You can't use ClientRequestToken {token} because that value is already in use "
        f"for a version of secret {arn}."
    )


@pytest.mark.parametrize(
    "name", ["s-c64bdc03", "Valid/_+=.@-Name", "Valid/_+=.@-Name-a1b2", "Valid/_+=.@-Name-a1b2c3-"]
)
def test_a_secret_is_created_read_changed_and_deleted(client, name):
    """LocalStack snapshot test_create_and_update_secret."""
    created = client.create_secret(Name=name, SecretString="my_secret", Description="testing creation")
    arn, first = created["ARN"], created["VersionId"]
    assert body(created) == {"ARN": arn, "Name": name, "VersionId": first}
    assert len(arn.rpartition("-")[2]) == 6

    read = body(client.get_secret_value(SecretId=name))
    assert set(read) == {"ARN", "CreatedDate", "Name", "SecretString", "VersionId", "VersionStages"}
    assert (read["ARN"], read["Name"], read["VersionId"]) == (arn, name, first)
    assert (read["SecretString"], read["VersionStages"]) == ("my_secret", ["AWSCURRENT"])
    assert body(client.get_secret_value(SecretId=arn)) == read
    assert body(client.get_secret_value(SecretId=arn[:-7])) == read

    described = body(client.describe_secret(SecretId=name))
    assert set(described) == {
        "ARN",
        "CreatedDate",
        "Description",
        "LastAccessedDate",
        "LastChangedDate",
        "Name",
        "VersionIdsToStages",
    }
    assert described["Description"] == "testing creation"
    assert described["VersionIdsToStages"] == {first: ["AWSCURRENT"]}
    assert body(client.describe_secret(SecretId=arn)) == described
    assert body(client.describe_secret(SecretId=arn[:-7])) == described

    put = body(client.put_secret_value(SecretId=name, SecretString="new_secret"))
    assert put == {"ARN": arn, "Name": name, "VersionId": put["VersionId"], "VersionStages": ["AWSCURRENT"]}
    assert put["VersionId"] != first
    assert client.get_secret_value(SecretId=name)["SecretString"] == "new_secret"

    updated = body(client.update_secret(SecretId=arn, SecretString="test-secret", Description="d1"))
    assert updated == {"ARN": arn, "Name": name, "VersionId": updated["VersionId"]}
    assert updated["VersionId"] not in (first, put["VersionId"])
    assert client.get_secret_value(SecretId=arn[:-7])["SecretString"] == "test-secret"

    deleted = body(client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True))
    assert deleted == {"ARN": arn, "Name": name, "DeletionDate": deleted["DeletionDate"]}


def test_a_name_with_the_ending_of_an_arn_is_not_found_by_a_partial_arn(client):
    """LocalStack snapshot test_create_and_update_secret[Invalid/_+=.@-Name-a1b2c3]."""
    name = "Invalid/_+=.@-Name-a1b2c3"
    arn = client.create_secret(Name=name, SecretString="my_secret")["ARN"]

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId=arn[:-7])
    assert answer.message == "Secrets Manager can't find the specified secret."

    assert client.get_secret_value(SecretId=name)["SecretString"] == "my_secret"
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "my_secret"


def test_a_missing_secret_is_rejected(client):
    """LocalStack snapshot test_secret_not_found."""
    with rejected() as answer:
        client.get_secret_value(SecretId="s-0f6d1c5e")

    assert answer.status == 400
    assert answer.response["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": "Secrets Manager can't find the specified secret.",
    }
    assert answer.response["Message"] == "Secrets Manager can't find the specified secret."


def test_a_missing_version_is_rejected(client):
    """LocalStack snapshot test_secret_version_not_found."""
    client.create_secret(Name="db", SecretString="my_secret")
    unknown = str(uuid.uuid4())

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId="db", VersionId=unknown)

    assert answer.message == (
        f"Secrets Manager can't find the specified secret value for VersionId: {unknown}"
    )


def test_a_missing_value_is_rejected(client):
    """LocalStack snapshot test_get_secret_value_errors."""
    first = client.create_secret(Name="db", SecretString="test")["VersionId"]

    with rejected("ResourceNotFoundException") as answer:
        client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
    assert answer.message == (
        "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS"
    )
    assert answer.response["Message"] == answer.message

    client.put_secret_value(SecretId="db", SecretString="test2")
    with rejected("InvalidRequestException") as answer:
        client.get_secret_value(SecretId="db", VersionId=first, VersionStage="AWSCURRENT")
    assert answer.message == "You provided a VersionStage that is not associated to the provided VersionId."


def test_a_secret_without_a_value_accepts_its_first_value(client):
    """LocalStack snapshot test_create_secret_version_from_empty_secret."""
    created = body(client.create_secret(Name="db", Description=""))
    assert set(created) == {"ARN", "Name"}

    described = body(client.describe_secret(SecretId="db"))
    assert set(described) == {"ARN", "CreatedDate", "LastChangedDate", "Name"}

    put = client.put_secret_value(SecretId="db", SecretString="example-string-to-protect")
    assert put["VersionStages"] == ["AWSCURRENT"]
    described = client.describe_secret(SecretId="db")
    assert described["VersionIdsToStages"] == {put["VersionId"]: ["AWSCURRENT"]}


def test_update_secret_changes_the_description_with_and_without_a_value(client):
    """LocalStack snapshot test_update_secret_description."""
    arn = (created := client.create_secret(Name="db", SecretString="MySecret"))["ARN"]
    first = created["VersionId"]

    assert body(client.update_secret(SecretId="db", Description="one")) == {"ARN": arn, "Name": "db"}
    assert client.describe_secret(SecretId="db")["Description"] == "one"
    assert labels(client, "db") == {first: {"AWSCURRENT"}}

    second = client.update_secret(SecretId="db", SecretString="MyNew", Description="two")["VersionId"]
    assert client.describe_secret(SecretId="db")["Description"] == "two"
    assert labels(client, "db") == {first: {"AWSPREVIOUS"}, second: {"AWSCURRENT"}}

    third = client.update_secret(SecretId="db", SecretString="MyNewer")["VersionId"]
    assert client.describe_secret(SecretId="db")["Description"] == "two"
    assert labels(client, "db") == {second: {"AWSPREVIOUS"}, third: {"AWSCURRENT"}}

    assert body(client.update_secret(SecretId="db")) == {"ARN": arn, "Name": "db"}
    assert labels(client, "db") == {second: {"AWSPREVIOUS"}, third: {"AWSCURRENT"}}


def test_tags_are_added_and_removed(client):
    """LocalStack snapshot test_secret_tags."""

    def described():
        return client.describe_secret(SecretId="db")

    tag1, tag2 = {"Key": "tag1", "Value": "value1"}, {"Key": "tag2", "Value": "value2"}
    client.create_secret(Name="db")
    assert "Tags" not in described()

    assert body(client.tag_resource(SecretId="db", Tags=[tag1])) == {}
    assert described()["Tags"] == [tag1]
    client.tag_resource(SecretId="db", Tags=[tag2])
    assert described()["Tags"] == [tag1, tag2]

    assert body(client.untag_resource(SecretId="db", TagKeys=["tag1"])) == {}
    assert described()["Tags"] == [tag2]
    client.untag_resource(SecretId="db", TagKeys=["tag2"])
    assert described()["Tags"] == []

    client.tag_resource(SecretId="db", Tags=[tag1, tag2])
    assert described()["Tags"] == [tag1, tag2]
    client.untag_resource(SecretId="db", TagKeys=["tag1", "tag2"])
    assert described()["Tags"] == []


def test_a_deleted_secret_cannot_be_tagged(client):
    """LocalStack snapshot test_tag_untag_resource_on_deleted_secret."""
    client.create_secret(Name="db", SecretString="old")
    client.delete_secret(SecretId="db")

    for operation, sent in (
        (client.tag_resource, {"Tags": [{"Key": "tag1", "Value": "value1"}]}),
        (client.untag_resource, {"TagKeys": ["tag1"]}),
    ):
        with rejected("InvalidRequestException") as answer:
            operation(SecretId="db", **sent)
        assert (answer.message, answer.response["Message"], answer.status) == (MARKED, MARKED, 400)


def test_a_secret_that_is_scheduled_for_deletion_can_be_deleted_by_force(client):
    """LocalStack snapshot test_force_delete_deleted_secret."""
    created = client.create_secret(Name="db", SecretString="MySecret")

    deleted = client.delete_secret(SecretId="db")
    assert set(body(deleted)) == {"ARN", "DeletionDate", "Name"}

    described = client.describe_secret(SecretId="db")
    assert "DeletedDate" in described
    assert described["VersionIdsToStages"] == {created["VersionId"]: ["AWSCURRENT"]}

    deleted = client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    assert set(body(deleted)) == {"ARN", "DeletionDate", "Name"}
    assert deleted["ARN"] == created["ARN"]


def test_a_secret_that_is_scheduled_for_deletion_can_be_restored(client):
    """LocalStack snapshot test_secret_restore."""
    arn = client.create_secret(Name="db", SecretString="old")["ARN"]
    deleted = client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    assert set(body(deleted)) == {"ARN", "DeletionDate", "Name"}

    assert body(client.restore_secret(SecretId="db")) == {"ARN": arn, "Name": "db"}


def test_a_deleted_secret_keeps_its_name(client):
    """LocalStack snapshot test_exp_raised_on_creation_of_secret_scheduled_for_deletion."""
    client.create_secret(Name="db", SecretString="old")
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)

    with rejected("InvalidRequestException") as answer:
        client.create_secret(Name="db", SecretString="old")

    assert answer.message == (
        "You can't create this secret because a secret with this name is already scheduled for deletion."
    )


def test_a_secret_that_was_deleted_by_force_can_be_created_again(client):
    """LocalStack snapshot test_can_recreate_delete_secret."""
    old = client.create_secret(Name="db", SecretString="my_secret")
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

    new = client.create_secret(Name="db", SecretString="my_secret")

    assert old["ARN"][:-6] == new["ARN"][:-6]
    assert old["ARN"] != new["ARN"]
    assert old["VersionId"] != new["VersionId"]


def test_a_secret_that_never_existed_can_be_deleted_by_force(client):
    """LocalStack test test_delete_non_existent_secret_returns_as_if_secret_exists (aws validated)."""
    deleted = client.delete_secret(SecretId="s-0f6d1c5e", ForceDeleteWithoutRecovery=True)

    assert deleted["Name"] == "s-0f6d1c5e"
    assert deleted["ARN"] is not None
    assert deleted["DeletionDate"] is not None


@pytest.mark.parametrize("name", ["Inv Name", " Inv Name", " Inv*Name? ", r" Inv *?!]Name\-"])
def test_every_operation_rejects_an_illegal_name(client, name):
    """LocalStack snapshot test_invalid_secret_name."""
    calls = (
        lambda: client.create_secret(Name=name, SecretString="MySecretString"),
        lambda: client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
        lambda: client.describe_secret(SecretId=name),
        lambda: client.get_secret_value(SecretId=name),
        lambda: client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True),
        lambda: client.put_secret_value(SecretId=name, SecretString="MySecretString"),
        lambda: client.tag_resource(SecretId=name, Tags=[{"Key": "FirstTag", "Value": "SomeValue"}]),
        lambda: client.untag_resource(SecretId=name, TagKeys=["FirstTag"]),
        lambda: client.update_secret(SecretId=name, Description="MyNewDescription"),
        lambda: client.validate_resource_policy(SecretId=name, ResourcePolicy="{}"),
    )

    for call in calls:
        with rejected("ValidationException") as answer:
            call()
        assert (answer.message, answer.status) == (ILLEGAL, 400)
        assert "Message" not in answer.response


@pytest.mark.parametrize(
    ("operation", "sent", "code"),
    [
        pytest.param(
            "CreateSecret", {"Name": "s", "SecretString": "s"}, "InvalidRequestException", id="create"
        ),
        pytest.param(
            "UpdateSecret", {"SecretId": "s", "SecretString": "s"}, "InvalidRequestException", id="update"
        ),
        pytest.param(
            "PutSecretValue",
            {"SecretId": "s", "SecretString": "s", "Description": "no member of it"},
            "InvalidRequestException",
            id="put",
        ),
        pytest.param(
            "RotateSecret",
            {"SecretId": "s", "SecretString": "no member of it"},
            "InvalidParameterException",
            id="rotate",
        ),
    ],
)
@pytest.mark.usefixtures("fakesecrets")
def test_a_request_without_a_token_is_rejected(operation, sent, code):
    """LocalStack snapshot test_no_client_request_token."""
    assert raw(operation, sent) == (400, {"__type": code, "Message": MISSING_TOKEN})


def test_deprecated_versions_are_listed_on_demand(client):
    """LocalStack snapshot test_deprecated_secret_version_stage."""
    first = client.create_secret(Name="db", SecretString="1")["VersionId"]
    second, third, fourth = (
        client.put_secret_value(SecretId="db", SecretString=value)["VersionId"] for value in "234"
    )

    listed = client.list_secret_version_ids(SecretId="db")
    assert {version["VersionId"]: version["VersionStages"] for version in listed["Versions"]} == {
        third: ["AWSPREVIOUS"],
        fourth: ["AWSCURRENT"],
    }
    assert "NextToken" not in listed

    listed = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)
    entries = {version["VersionId"]: version for version in listed["Versions"]}
    assert set(entries) == {first, second, third, fourth}
    for deprecated in (first, second):
        assert set(entries[deprecated]) == {"CreatedDate", "KmsKeyIds", "VersionId"}
        assert entries[deprecated]["KmsKeyIds"] == ["DefaultEncryptionKey"]


def test_values_with_other_labels_are_not_current(client):
    """LocalStack snapshot test_put_secret_value_with_version_stages."""

    def value():
        return client.get_secret_value(SecretId="db")["SecretString"]

    client.create_secret(Name="db", SecretString="secret1")

    put = client.put_secret_value(
        SecretId="db", SecretString="secret2", VersionStages=["SAMPLESTAGE1", "SAMPLESTAGE0"]
    )
    assert sorted(put["VersionStages"]) == ["SAMPLESTAGE0", "SAMPLESTAGE1"]
    assert value() == "secret1"

    put = client.put_secret_value(SecretId="db", SecretString="secret3", VersionStages=["AWSPENDING"])
    assert put["VersionStages"] == ["AWSPENDING"]
    assert value() == "secret1"

    put = client.put_secret_value(SecretId="db", SecretString="secret4")
    assert put["VersionStages"] == ["AWSCURRENT"]
    assert value() == "secret4"


def test_updates_move_awscurrent_and_awsprevious(client):
    """LocalStack snapshot test_update_secret_version_stages_current_previous."""
    first = client.create_secret(Name="db", SecretString="1")["VersionId"]

    second = client.update_secret(SecretId="db", SecretString="2")["VersionId"]
    assert labels(client, "db") == {first: {"AWSPREVIOUS"}, second: {"AWSCURRENT"}}

    third = client.update_secret(SecretId="db", SecretString="3")["VersionId"]
    assert labels(client, "db") == {second: {"AWSPREVIOUS"}, third: {"AWSCURRENT"}}


def test_a_label_move_returns_arn_and_name(client):
    """LocalStack snapshot test_update_secret_version_stages_return_type."""
    created = client.create_secret(Name="db", SecretString="Something1")
    put = client.put_secret_value(SecretId="db", SecretString="Something2", VersionStages=["AWSPENDING"])

    moved = client.update_secret_version_stage(
        SecretId="db",
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=created["VersionId"],
        MoveToVersionId=put["VersionId"],
    )

    assert body(moved) == {"ARN": created["ARN"], "Name": "db"}


def test_a_new_value_removes_awspending_from_the_formerly_current_version(client):
    """LocalStack snapshot test_update_secret_version_stages_current_pending."""
    v1 = client.create_secret(Name="db", SecretString="1")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="2", VersionStages=["AWSPENDING"])["VersionId"]
    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v2, RemoveFromVersionId=v1
    )
    assert labels(client, "db") == {v1: {"AWSPREVIOUS"}, v2: {"AWSCURRENT", "AWSPENDING"}}

    v3 = client.put_secret_value(SecretId="db", SecretString="3")["VersionId"]

    assert labels(client, "db") == {v2: {"AWSPREVIOUS"}, v3: {"AWSCURRENT"}}


@pytest.mark.parametrize(
    ("pending", "custom", "source"),
    [
        pytest.param([], [], "test_update_secret_version_stages_current_pending_cycle", id="no custom label"),
        pytest.param(
            ["PUT0", "PUT1"],
            ["PUT0", "PUT1"],
            "test_update_secret_version_stages_current_pending_cycle_custom_stages_1",
            id="custom labels on the first pending version",
        ),
    ],
)
def test_awspending_becomes_awscurrent_twice(client, pending, custom, source):
    """LocalStack snapshots of these names."""

    def promote(target, origin):
        client.update_secret_version_stage(
            SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=target, RemoveFromVersionId=origin
        )

    v1 = client.create_secret(Name="db", SecretString="S1")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="S2", VersionStages=["AWSPENDING", *pending])[
        "VersionId"
    ]
    assert labels(client, "db") == {v1: {"AWSCURRENT"}, v2: {"AWSPENDING", *custom}}, source

    promote(v2, v1)
    assert labels(client, "db") == {v1: {"AWSPREVIOUS"}, v2: {"AWSCURRENT", "AWSPENDING", *custom}}, source
    read = client.get_secret_value(SecretId="db")
    assert read["SecretString"] == "S2", source
    assert set(read["VersionStages"]) == {"AWSCURRENT", "AWSPENDING", *custom}, source

    v3 = client.put_secret_value(SecretId="db", SecretString="S3", VersionStages=["AWSPENDING"])["VersionId"]
    assert labels(client, "db") == {
        v1: {"AWSPREVIOUS"},
        v2: {"AWSCURRENT", *custom},
        v3: {"AWSPENDING"},
    }, source
    assert client.get_secret_value(SecretId="db")["SecretString"] == "S2", source

    promote(v3, v2)
    assert labels(client, "db") == {v2: {"AWSPREVIOUS", *custom}, v3: {"AWSCURRENT", "AWSPENDING"}}, source
    assert client.get_secret_value(SecretId="db")["SecretString"] == "S3", source


def test_custom_labels_stay_with_their_versions(client):
    """LocalStack snapshot test_update_secret_version_stages_current_pending_cycle_custom_stages_2."""
    v1 = client.create_secret(Name="db", SecretString="S1")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="S2", VersionStages=["AWSCURRENT", "PUT0"])[
        "VersionId"
    ]
    assert labels(client, "db") == {v1: {"AWSPREVIOUS"}, v2: {"AWSCURRENT", "PUT0"}}

    v3 = client.put_secret_value(SecretId="db", SecretString="S3", VersionStages=["AWSPENDING", "PUT1"])[
        "VersionId"
    ]
    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v3, RemoveFromVersionId=v2
    )
    assert labels(client, "db") == {v2: {"AWSPREVIOUS", "PUT0"}, v3: {"AWSCURRENT", "AWSPENDING", "PUT1"}}

    v4 = client.put_secret_value(SecretId="db", SecretString="S4", VersionStages=["AWSPENDING", "PUT2"])[
        "VersionId"
    ]
    assert labels(client, "db") == {
        v2: {"AWSPREVIOUS", "PUT0"},
        v3: {"AWSCURRENT", "PUT1"},
        v4: {"AWSPENDING", "PUT2"},
    }

    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v4, RemoveFromVersionId=v3
    )
    assert labels(client, "db") == {
        v2: {"PUT0"},
        v3: {"AWSPREVIOUS", "PUT1"},
        v4: {"AWSCURRENT", "AWSPENDING", "PUT2"},
    }


def test_the_removal_of_a_custom_label_changes_no_other_label(client):
    """LocalStack snapshot test_update_secret_version_stages_current_pending_cycle_custom_stages_3."""
    v1 = client.create_secret(Name="db", SecretString="S1")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="S2", VersionStages=["PENDING"])["VersionId"]
    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v2, RemoveFromVersionId=v1
    )
    assert labels(client, "db") == {v1: {"AWSPREVIOUS"}, v2: {"AWSCURRENT", "PENDING"}}

    client.update_secret_version_stage(SecretId="db", VersionStage="PENDING", RemoveFromVersionId=v2)

    assert labels(client, "db") == {v1: {"AWSPREVIOUS"}, v2: {"AWSCURRENT"}}


@pytest.mark.parametrize(
    ("stages", "left", "source"),
    [
        pytest.param(
            ["one", "two", "three", "four"],
            set(),
            "LocalStack snapshot test_non_versioning_version_stages_replacement",
            id="all replaced",
        ),
        pytest.param(
            ["one", "two", "four"],
            {"three"},
            "LocalStack snapshot test_non_versioning_version_stages_no_replacement",
            id="some replaced",
        ),
    ],
)
def test_custom_labels_move_to_the_newer_version(client, stages, left, source):
    v1 = client.create_secret(Name="db", SecretString="S1")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="S2", VersionStages=["one", "two", "three"])[
        "VersionId"
    ]

    v3 = client.put_secret_value(SecretId="db", SecretString="S3", VersionStages=stages)["VersionId"]

    held = {v1: {"AWSCURRENT"}, v3: set(stages)}
    listed = client.list_secret_version_ids(SecretId="db")["Versions"]
    assert labels(client, "db") == ({**held, v2: left} if left else held), source
    assert (v2 in {version["VersionId"] for version in listed}) is bool(left), source


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param({"SecretString": "test"}, {"SecretString": "other"}, id="string to string"),
        pytest.param(
            {"SecretString": "test"}, {"SecretBinary": b"\x00\x01\x02\xff-\xfe\xfd"}, id="string to binary"
        ),
        pytest.param(
            {"SecretBinary": b"\x00\x01\x02\xff-\xfe\xfd"}, {"SecretString": "test"}, id="binary to string"
        ),
    ],
)
def test_a_value_can_change_between_text_and_binary(client, operation, first, then):
    """LocalStack snapshot test_change_secret_value_after_creation."""
    client.create_secret(Name="db", **first)

    getattr(client, operation)(SecretId="db", **then)

    read = client.get_secret_value(SecretId="db")
    assert {member: read.get(member) for member in ("SecretString", "SecretBinary") if member in read} == then


def test_a_binary_value_is_base64_only_on_the_wire(client):
    """LocalStack snapshot test_get_secret_value."""
    client.create_secret(Name="db", SecretBinary=b"footest")

    status, answered = raw("GetSecretValue", {"SecretId": "db"})

    assert client.get_secret_value(SecretId="db")["SecretBinary"] == b"footest"
    assert (status, answered["SecretBinary"]) == (200, "Zm9vdGVzdA==")


def test_an_existing_name_is_rejected(client):
    """LocalStack snapshot test_secret_exists_snapshots."""
    client.create_secret(Name="db", SecretString="my_secret", Description="testing")

    with rejected("ResourceExistsException") as answer:
        client.create_secret(Name="db", SecretString="my_secret", Description="testing")

    assert answer.message == "The operation failed because the secret db already exists."
    assert answer.response["Message"] == answer.message
    assert answer.status == 400


def test_secrets_are_listed_in_the_order_of_their_creation(client):
    """LocalStack snapshot test_create_multi_secrets_snapshot."""
    created = [
        client.create_secret(Name=f"s-{name}", SecretString=name, Description=f"for {name}") for name in "cab"
    ]

    listed = client.list_secrets()["SecretList"]

    assert [entry["Name"] for entry in listed] == ["s-c", "s-a", "s-b"]
    for entry, secret in zip(listed, created, strict=True):
        assert set(entry) == LISTED
        assert entry["ARN"] == secret["ARN"]
        assert entry["SecretVersionsToStages"] == {secret["VersionId"]: ["AWSCURRENT"]}


def test_a_public_policy_can_be_attached_and_read(client):
    """LocalStack snapshot test_resource_policy; recorded before the responses had a PolicyName."""
    arn = client.create_secret(Name="db", SecretString="my_secret")["ARN"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            }
        ],
    }

    put = body(client.put_resource_policy(SecretId="db", ResourcePolicy=json.dumps(policy)))
    put.pop("PolicyName", None)
    assert put == {"ARN": arn, "Name": "db"}

    read = body(client.get_resource_policy(SecretId="db"))
    read.pop("PolicyName", None)
    assert json.loads(read.pop("ResourcePolicy")) == policy
    assert read == {"ARN": arn, "Name": "db"}


def test_the_date_of_the_last_access_is_a_day(client):
    """LocalStack test test_last_accessed_date (aws validated)."""

    def accessed():
        return client.describe_secret(SecretId="db").get("LastAccessedDate")

    client.create_secret(Name="db", SecretString="MySecretValue")
    assert accessed() is None

    client.get_secret_value(SecretId="db")
    first = accessed().astimezone(timezone.utc)
    assert (first.hour, first.minute, first.second, first.microsecond) == (0, 0, 0, 0)
    assert (datetime.now(timezone.utc) - first).total_seconds() < 2 * 24 * 3600

    client.get_secret_value(SecretId="db")
    assert (accessed() - first).total_seconds() in (0, 24 * 3600)  # midnight may fall between the two calls


def test_the_date_of_the_last_change_grows_with_every_update(client):
    """LocalStack test test_last_updated_date (aws validated)."""
    client.create_secret(Name="db", SecretString="MySecretValue")
    dates = [client.describe_secret(SecretId="db")["LastChangedDate"]]

    for value in ("MySecretValue", "MySecretValue", "MyNewSecretValue"):
        client.update_secret(SecretId="db", SecretString=value)
        dates.append(client.describe_secret(SecretId="db")["LastChangedDate"])

    assert dates[0] < dates[1] < dates[2] < dates[3]


class TestASecret:
    """The tests of moto that are marked aws_verified, each with its name."""

    def test_created_twice_with_the_same_token_and_value_is_accepted(self, client):
        """moto aws-verified test_create_duplicate_secret_with_same_token."""
        token = str(uuid.uuid4())
        first = client.create_secret(Name="db", SecretString="s", ClientRequestToken=token)

        again = client.create_secret(Name="db", SecretString="s", ClientRequestToken=token)

        assert body(first) == body(again) == {"ARN": first["ARN"], "Name": "db", "VersionId": token}

    def test_created_twice_with_the_same_token_and_another_value_is_rejected(self, client):
        """moto aws-verified test_create_different_secret_with_same_token."""
        token = str(uuid.uuid4())
        arn = client.create_secret(Name="db", SecretString="s", ClientRequestToken=token)["ARN"]

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", SecretString="t", ClientRequestToken=token)

        assert conflict(answer, token, arn)

    def test_created_twice_without_a_token_is_rejected(self, client):
        """moto aws-verified test_create_duplicate_secret_without_specifying_token."""
        client.create_secret(Name="db", SecretString="s")

        with rejected("ResourceExistsException") as answer:
            client.create_secret(Name="db", SecretString="s")

        assert answer.message == "The operation failed because the secret db already exists."

    def test_whose_value_is_put_twice_with_the_same_token_is_unchanged(self, client):
        """moto aws-verified test_put_same_secret_value_with_same_token."""
        token = str(uuid.uuid4())
        client.create_secret(Name="db", SecretString="s")
        first = client.put_secret_value(SecretId="db", SecretString="t", ClientRequestToken=token)

        again = client.put_secret_value(SecretId="db", SecretString="t", ClientRequestToken=token)

        assert body(again) == body(first)
        assert (again["VersionId"], again["VersionStages"]) == (token, ["AWSCURRENT"])

    def test_with_a_known_token_rejects_another_value_of_put_secret_value(self, client):
        """moto aws-verified test_put_different_secret_value_with_same_token."""
        token = str(uuid.uuid4())
        arn = client.create_secret(Name="db", SecretString="s")["ARN"]
        client.put_secret_value(SecretId="db", SecretString="t", ClientRequestToken=token)

        with rejected("ResourceExistsException") as answer:
            client.put_secret_value(SecretId="db", SecretString="u", ClientRequestToken=token)

        assert conflict(answer, token, arn)

    def test_updated_twice_with_the_same_token_and_value_is_unchanged(self, client):
        """moto aws-verified test_update_same_secret_value_with_same_token."""
        token = str(uuid.uuid4())
        arn = client.create_secret(Name="db", SecretString="s", ClientRequestToken=token)["ARN"]

        updated = client.update_secret(SecretId="db", SecretString="s", ClientRequestToken=token)

        assert body(updated) == {"ARN": arn, "Name": "db", "VersionId": token}

    def test_with_a_known_token_rejects_another_value_of_update_secret(self, client):
        """moto aws-verified test_update_different_secret_value_with_same_token."""
        token = str(uuid.uuid4())
        arn = client.create_secret(Name="db", SecretString="s", ClientRequestToken=token)["ARN"]

        with rejected("ResourceExistsException") as answer:
            client.update_secret(SecretId="db", SecretString="t", ClientRequestToken=token)

        assert conflict(answer, token, arn)


def test_labels_can_be_moved_manually(client):
    """moto aws-verified test_update_secret_version_stage_manually."""
    v1 = client.create_secret(Name="db", SecretString="old")["VersionId"]
    put = client.put_secret_value(SecretId="db", SecretString="new", VersionStages=["AWSPENDING"])
    v2 = put["VersionId"]
    assert put["VersionStages"] == ["AWSPENDING"]

    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v2, RemoveFromVersionId=v1
    )
    assert sorted(client.get_secret_value(SecretId="db")["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]

    put = client.put_secret_value(SecretId="db", SecretString="newest", VersionStages=["AWSCURRENT"])
    assert put["VersionStages"] == ["AWSCURRENT"]
    assert client.get_secret_value(SecretId="db")["SecretString"] == "newest"


def test_a_label_move_requires_the_version_that_has_the_label(client):
    """moto aws-verified test_update_secret_version_stage_dont_specify_current_stage."""
    v1 = client.create_secret(Name="db", SecretString="old")["VersionId"]
    v2 = client.put_secret_value(SecretId="db", SecretString="new", VersionStages=["AWSPENDING"])["VersionId"]

    with rejected("InvalidParameterException") as answer:
        client.update_secret_version_stage(SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=v2)

    assert answer.message == (
        "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to "
        f"version {v1}, so you must explicitly reference that version in RemoveFromVersionId."
    )


class TestAnErrorThatATestHasToInject:
    """Errors that do not depend on the state, and have to be injected with `fake.fail()`."""

    @pytest.fixture
    def db(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString="old")
        return client

    @pytest.fixture
    def function(self, fakesecrets):
        return fakesecrets.add_rotation_function(nothing)

    def test_may_be_access_denied(self, db, function, fakesecrets):
        """ministryofjustice/aws-root-account, PR #675."""
        arn, before = fakesecrets.secret("db").arn, labels(db, "db")
        message = (
            "User: arn:aws:sts::123456789012:assumed-role/ci/session is not authorized to perform: "
            f"secretsmanager:RotateSecret on resource: {arn} because no identity-based policy allows the "
            "secretsmanager:RotateSecret action"
        )
        fakesecrets.fail("RotateSecret", (400, "AccessDeniedException", message))

        with rejected("AccessDeniedException") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert (answer.status, answer.message) == (400, message)
        assert labels(db, "db") == before
        assert "RotationEnabled" not in db.describe_secret(SecretId="db")

    def test_may_be_an_internal_service_error(self, db, function, fakesecrets):
        """API reference, RotateSecret, errors: InternalServiceError, HTTP status code 500."""
        before = labels(db, "db")
        fakesecrets.fail("RotateSecret", "InternalServiceError", times=None)

        with rejected("InternalServiceError") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert (answer.status, answer.message) == (500, "An error occurred on the server side.")
        assert answer.response["ResponseMetadata"]["RetryAttempts"] > 0
        assert labels(db, "db") == before
        assert fakesecrets.rotations("db") == ()
