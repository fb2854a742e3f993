"""A good rotation function and its contract class, as source of inner runs."""

from __future__ import annotations

import boto3  # noqa: F401  # inner runs would import anew what is not imported before they start

FUNCTION = """
import functools
import json
import boto3
import pytest
from pytest_fakesecrets import RotationContract


@functools.cache
def secrets_manager():
    return boto3.client("secretsmanager")


def rotate(event, context):
    client, arn = secrets_manager(), event["SecretId"]
    token, step = event["ClientRequestToken"], event["Step"]
    metadata = client.describe_secret(SecretId=arn)
    held = metadata.get("VersionIdsToStages", {}).get(token, [])
    if not metadata.get("RotationEnabled") or not {"AWSPENDING", "AWSCURRENT"} & set(held):
        raise ValueError("There is nothing to rotate.")
    if "AWSCURRENT" in held:
        return
    if step == "createSecret":
        create(client, arn, token)
    elif step == "setSecret":
        pass
    elif step == "testSecret":
        client.get_secret_value(SecretId=arn, VersionId=token)
    elif step == "finishSecret":
        versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
    else:
        raise ValueError(step)


def create(client, arn, token):
    client.get_secret_value(SecretId=arn)
    try:
        client.get_secret_value(SecretId=arn, VersionId=token)
    except client.exceptions.ResourceNotFoundException:
        put(client, arn, token)


def put(client, arn, token):
    password = client.get_random_password()["RandomPassword"]
    client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, SecretString=password, VersionStages=["AWSPENDING"]
    )
"""

CLASS = """

class TestMyFunction(RotationContract):
    rotation_function = staticmethod(rotate)
    secret_value = "old-password"
"""


def contract_run(pytester, source, *arguments):
    pytester.makepyfile(FUNCTION + source)
    return pytester.runpytest("-p", "no:randomly", "-p", "no:xdist", "-W", "error", *arguments)
