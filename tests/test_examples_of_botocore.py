"""
The examples of the service in botocore (examples-1.json), replayed one by one.

Each one is sent to a fake with the state that it requires: the request is accepted, and the response has the
members and types of the example.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from rotation_functions import well_behaved

from pytest_fakesecrets._operations import OPERATIONS

EXAMPLES = [
    pytest.param(operation, example, id=f"{operation} {example['title']}")
    for operation, examples in Loader().load_service_model("secretsmanager", "examples-1")["examples"].items()
    for example in examples
    if operation in OPERATIONS
]
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:MyTestDatabaseRotationLambda"
POLICY = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "123456789012"},
 "Action": "secretsmanager:GetSecretValue", "Resource": "*"}}"""
VERSIONS = ("EXAMPLE1-90ab-cdef-fedc-ba987SECRET1", "EXAMPLE2-90ab-cdef-fedc-ba987SECRET2")


@pytest.fixture
def client(fakesecrets):
    return fakesecrets.client("us-west-2")


@pytest.fixture
def prepared(client, fakesecrets):
    """A function that prepares the state that the request of an example requires."""

    def prepare(operation, sent):
        if operation in ("CreateSecret", "GetRandomPassword"):
            return
        name = sent.get("SecretId", "MyTestDatabaseSecret")
        client.create_secret(
            Name=name,
            Description="My test database secret",
            KmsKeyId="arn:aws:kms:us-west-2:123456789012:key/EXAMPLE1-90ab-cdef-fedc-ba987KMSKEY1",
            SecretString="old",
            ClientRequestToken=VERSIONS[0],
            Tags=[{"Key": "FirstTag", "Value": "SomeValue"}],
        )
        client.get_secret_value(SecretId=name)
        fakesecrets.add_rotation_function(well_behaved, name=FUNCTION)
        if operation in ("CancelRotateSecret", "DescribeSecret", "RotateSecret"):
            rules = {"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}
            client.rotate_secret(SecretId=name, RotationLambdaARN=FUNCTION, RotationRules=rules)
        if operation == "UpdateSecretVersionStage":
            attach_labels(client, name, sent)
        if operation == "GetResourcePolicy":
            client.put_resource_policy(SecretId=name, ResourcePolicy=POLICY)
        if operation == "RestoreSecret":
            client.delete_secret(SecretId=name)

    return prepare


def attach_labels(client, name, sent):
    client.put_secret_value(
        SecretId=name, SecretString="new", ClientRequestToken=VERSIONS[1], VersionStages=["AWSPENDING"]
    )
    if "RemoveFromVersionId" in sent and sent["VersionStage"] != "AWSCURRENT":
        client.update_secret_version_stage(
            SecretId=name, VersionStage=sent["VersionStage"], MoveToVersionId=sent["RemoveFromVersionId"]
        )


@pytest.mark.parametrize(("operation", "example"), EXAMPLES)
def test_the_response_to_an_example_has_the_documented_members(client, prepared, operation, example):
    prepared(operation, example["input"])

    answer = getattr(client, xform_name(operation))(**example["input"])

    assert_like(answer, example.get("output", {}))


def assert_like(answer, printed):
    """Check that all printed members are present with the printed types; printed strings are only examples."""
    if isinstance(printed, dict):
        assert isinstance(answer, dict)
        for member, value in printed.items():
            if is_an_id(member):
                continue
            assert member in answer, member
            assert_like(answer[member], value)
    elif isinstance(printed, list):
        assert isinstance(answer, list)
        assert bool(answer) == bool(printed)
        for value in printed[:1]:
            assert_like(answer[0], value)
    elif isinstance(answer, datetime):
        float(printed)  # the example has seconds, as a number or as text
    else:
        assert type(answer) is type(printed)


def is_an_id(member):
    """Return whether a key is a version id, which differs from that of the example."""
    return member.startswith("EXAMPLE")


def test_botocore_has_an_example_of_most_operations():
    operations = {values.values[0] for values in EXAMPLES}

    assert len(operations) == 19
    assert len(EXAMPLES) >= 24
