"""`fake.add_secret()` creates states that no API call can create."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import pytest
from rotation_functions import well_behaved
from support import needs, rejected

from pytest_fakesecrets import FakeSecretsError


def test_add_secret_without_a_value_creates_no_version(client, fakesecrets):
    view = fakesecrets.add_secret("db")

    assert (view.staging, view.versions) == ({}, ())
    with rejected("ResourceNotFoundException"):
        client.get_secret_value(SecretId="db")


def test_add_secret_creates_previous_and_deprecated_versions(client, fakesecrets):
    view = fakesecrets.add_secret("db", "new", previous_value="old", deprecated_values=["oldest", "older"])

    assert view.staging == {"v3": {"AWSPREVIOUS"}, "v4": {"AWSCURRENT"}}
    values = [
        client.get_secret_value(SecretId="db", VersionId=version.id)["SecretString"]
        for version in view.versions
    ]
    assert values == ["oldest", "older", "old", "new"]
    listed = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    assert ["VersionStages" in version for version in listed] == [False, False, True, True]


def test_add_secret_creates_a_secret_that_was_rotated_120_days_ago(client, fakesecrets, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-05-01 12:00")

    view = fakesecrets.add_secret(
        "db",
        "old",
        rotation_function=well_behaved,
        rotation_rules={"AutomaticallyAfterDays": 30},
        created_at="2029-01-01",
        last_rotated_at="2030-01-01 07:00",
    )

    described = client.describe_secret(SecretId="db")
    assert (
        f"{described['LastRotatedDate'].astimezone(fakesecrets_clock.now.tzinfo):%Y-%m-%d %H:%M}"
        == "2030-01-01 07:00"
    )
    assert f"{described['CreatedDate'].astimezone(fakesecrets_clock.now.tzinfo):%Y-%m-%d}" == "2029-01-01"
    assert described["RotationEnabled"] is True
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert f"{view.next_rotation.opens:%Y-%m-%d}" == "2030-01-31"


@pytest.mark.parametrize("pending", [None, "half-made"], ids=["empty", "with a value"])
def test_add_secret_creates_a_secret_with_a_stuck_pending_version(client, fakesecrets, pending):
    view = fakesecrets.add_secret(
        "db", "old", stuck=True, pending_value=pending, rotation_function=well_behaved
    )

    assert view.staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}
    assert view.versions[1].has_value is (pending is not None)
    assert [rotation.status for rotation in fakesecrets.rotations("db")] == ["failed"]
    with rejected("InvalidRequestException") as answer:
        client.rotate_secret(SecretId="db")
    assert answer.message == "A previous rotation isn't complete. That rotation will be reattempted."
    client.put_secret_value(SecretId="db", SecretString="by hand")
    assert client.rotate_secret(SecretId="db")["VersionId"]


def test_add_secret_creates_a_secret_of_an_aws_service(client, fakesecrets):
    fakesecrets.add_secret(
        "rds!db-1",
        "old",
        owning_service="rds",
        rotation_rules={"AutomaticallyAfterDays": 2},
        tags={"aws:rds:primaryDBInstanceArn": "arn", "team": "a"},
    )

    described = client.describe_secret(SecretId="rds!db-1")
    assert (described["OwningService"], described["RotationEnabled"]) == ("rds", True)
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 2}
    assert described["Tags"] == [
        {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
        {"Key": "aws:rds:primaryDBInstanceArn", "Value": "arn"},
        {"Key": "team", "Value": "a"},
    ]


def test_add_secret_accepts_the_tag_of_the_owning_service(client, fakesecrets):
    fakesecrets.add_secret("rds!db-1", owning_service="rds", tags={"aws:secretsmanager:owningService": "rds"})

    described = client.describe_secret(SecretId="rds!db-1")
    assert described["Tags"] == [{"Key": "aws:secretsmanager:owningService", "Value": "rds"}]


@needs("CreateSecret", "Type")
def test_add_secret_sets_description_key_tags_and_policy(client, fakesecrets):
    fakesecrets.add_secret(
        "db", b"\x00", type="DatadogApiKey", description="mine", kms_key_id="alias/mine", tags={"a": "b"}
    )

    described = client.describe_secret(SecretId="db")
    assert (described["Type"], described["Description"]) == ("DatadogApiKey", "mine")
    assert (described["KmsKeyId"], described["Tags"]) == ("alias/mine", [{"Key": "a", "Value": "b"}])


def test_add_secret_accepts_another_region(fakesecrets):
    view = fakesecrets.add_secret("db", "x", region_name="eu-west-1")

    assert ":eu-west-1:" in view.arn


def test_add_secret_is_recorded_in_the_history(fakesecrets):
    view = fakesecrets.add_secret("db", "x")

    assert [str(move) for move in view.transitions] == ["AWSCURRENT -> v1 by add_secret"]


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"name": "db"}, "A secret 'db' already exists."),
        ({"name": "bad name!"}, "The secret 'bad name!' cannot be added: Invalid name"),
        ({"name": "x", "previous_value": "old"}, "A secret with older values also needs a current one"),
        ({"name": "x", "value": "v", "pending_value": "p"}, "Pass stuck=True"),
        (
            {"name": "x", "rotation_rules": {"AutomaticallyAfterDays": 1}},
            "are only for secrets that can rotate",
        ),
        (
            {"name": "x", "owning_service": "rds", "rotation_rules": {"ScheduleExpression": "daily"}},
            "Invalid schedule expression",
        ),
        (
            {"name": "x", "owning_service": "rds", "tags": {"aws:secretsmanager:owningService": "pcs"}},
            "is set by owning_service='rds'. Remove it from tags.",
        ),
        ({"name": "x", "created_at": "2100-01-01"}, "created_at must not be later than last_rotated_at"),
        (
            {"name": "x", "created_at": "2020-01-02", "last_rotated_at": "2020-01-01"},
            "neither may be in the future",
        ),
        ({"name": "x", "created_at": "someday"}, "'someday' is not a moment"),
        ({"name": "x", "rotation_function": "nowhere:handler"}, "cannot be loaded"),
        (
            {"name": "x", "value": "y", "stuck": "z"},
            "stuck is True or False, not an object of type str. The value that",
        ),
        ({"name": "x", "tags": ["team"]}, "The argument tags is a dict of strings"),
        ({"name": "x", "tags": {"team": 5}}, "The argument tags is a dict of strings"),
        ({"name": "x", "value": "y", "deprecated_values": 5}, "deprecated_values is a list of values"),
        ({"name": "x", "description": 5}, "description has to be a string, not an object of type int"),
        ({"name": "x", "kms_key_id": ["k"]}, "kms_key_id has to be a string, not an object of type list"),
        ({"name": "x", "type": {}}, "type has to be a string, not an object of type dict"),
        ({"name": "x", "owning_service": b"rds"}, "owning_service has to be a string, not an object of type"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_add_secret_rejects_invalid_arguments_and_changes_nothing(fakesecrets, seed, message):
    fakesecrets.add_secret("db", "x")
    before = fakesecrets.history

    with pytest.raises(FakeSecretsError, match=message):
        fakesecrets.add_secret(**seed)

    assert fakesecrets.history == before


class TestADictAsAValue:
    def test_is_stored_as_compact_json_wherever_a_value_is_given(self, client, fakesecrets):
        view = fakesecrets.add_secret(
            "db",
            {"username": "app", "password": "ü", "port": 5432, "tags": {"a": [None, True]}},
            previous_value={"n": 2},
            deprecated_values=[{"n": 0}, "text", {"n": 1}],
            stuck=True,
            pending_value={},
        )

        assert client.get_secret_value(SecretId="db")["SecretString"] == (
            '{"username":"app","password":"\\u00fc","port":5432,"tags":{"a":[null,true]}}'
        )
        assert view.value("AWSPREVIOUS") == '{"n":2}'
        assert view.value("AWSPENDING") == "{}"
        older = [client.get_secret_value(SecretId="db", VersionId=each.id) for each in view.versions[:3]]
        assert [each["SecretString"] for each in older] == ['{"n":0}', "text", '{"n":1}']

    def test_may_be_of_another_mapping_type(self, fakesecrets):
        assert fakesecrets.add_secret("db", MappingProxyType({"a": "b"})).value() == '{"a":"b"}'

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ({"at": date(2030, 1, 1)}, "Object of type date is not JSON serializable"),
            ({"key": b"hunter2"}, "Object of type bytes is not JSON serializable"),
            ({"a": float("nan")}, "Out of range float values are not JSON compliant"),
            ({1: "hunter2"}, "one of its names is of type int, and not a str"),
            ({"a": [{None: "hunter2"}]}, "one of its names is of type NoneType, and not a str"),
        ],
    )
    @pytest.mark.parametrize("argument", ["value", "previous_value", "pending_value"])
    def test_that_json_cannot_express_is_rejected_without_showing_its_values(
        self, fakesecrets, argument, value, problem
    ):
        with pytest.raises(FakeSecretsError, match=problem) as raised:
            fakesecrets.add_secret("db", **{"value": "x", "stuck": True, argument: value})

        assert str(raised.value).startswith("A dict is stored as JSON, and JSON cannot express this one: ")
        assert "hunter2" not in str(raised.value)
        assert fakesecrets.history == ()

    @pytest.mark.parametrize("values", ["old", b"old", {"a": 1}, ["old", None]])
    def test_is_rejected_as_a_list_of_deprecated_values(self, fakesecrets, values):
        with pytest.raises(FakeSecretsError, match="deprecated_values"):
            fakesecrets.add_secret("db", "x", deprecated_values=values)

        assert fakesecrets.history == ()
