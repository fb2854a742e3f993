"""
A rotation function for one database user, structured like the templates of AWS.

The secret is JSON: {"username": ..., "password": ...}. The user changes its own password.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import boto3
from orders_database import DATABASE


@cache
def secrets_manager() -> Any:
    """One client, for as long as Lambda keeps the function warm."""
    return boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])


def lambda_handler(event: dict[str, str], context: Any) -> None:
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = secrets_manager()

    metadata = client.describe_secret(SecretId=arn)
    if not metadata.get("RotationEnabled"):
        raise ValueError(f"Secret {arn} is not enabled for rotation")
    labels = metadata.get("VersionIdsToStages", {}).get(token)
    if labels is None:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}")
    if "AWSCURRENT" in labels:
        return
    if "AWSPENDING" not in labels:
        raise ValueError(f"Secret version {token} is not AWSPENDING for rotation of secret {arn}")

    steps = {
        "createSecret": create_secret,
        "setSecret": set_secret,
        "testSecret": test_secret,
        "finishSecret": finish_secret,
    }
    if step not in steps:
        raise ValueError(f"Invalid step parameter {step}")
    steps[step](client, arn, token)


def create_secret(client: Any, arn: str, token: str) -> None:
    """Store a new password as AWSPENDING, unless an earlier attempt has stored one."""
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        left_out = os.environ.get("EXCLUDE_CHARACTERS", "/@\"'\\")
        new = client.get_random_password(ExcludeCharacters=left_out)["RandomPassword"]
        client.put_secret_value(
            SecretId=arn,
            ClientRequestToken=token,
            SecretString=json.dumps({**current, "password": new}),
            VersionStages=["AWSPENDING"],
        )


def set_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the current or previous password, and change it to the pending one."""
    pending = read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    if logs_in(pending):
        return  # an earlier attempt has set it
    current = read(client, arn, VersionStage="AWSCURRENT")
    if current["username"] != pending["username"]:
        raise ValueError(f"Secret {arn} has one user as AWSCURRENT and another as AWSPENDING")
    if not logs_in(current) and not logs_in(previous(client, arn)):
        raise ValueError(f"Unable to log in with the previous, current or pending version of secret {arn}")
    DATABASE.change_password(pending["username"], pending["password"])


def test_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the new password, as the application would."""
    if not logs_in(read(client, arn, VersionId=token, VersionStage="AWSPENDING")):
        raise ValueError(f"Unable to log in with the pending version of secret {arn}")


def finish_secret(client: Any, arn: str, token: str) -> None:
    """Make the new password the current one."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )


def logs_in(value: dict[str, str] | None) -> bool:
    if value is None:
        return False
    try:
        DATABASE.log_in(value["username"], value["password"])
    except PermissionError:
        return False
    return True


def previous(client: Any, arn: str) -> dict[str, str] | None:
    try:
        return read(client, arn, VersionStage="AWSPREVIOUS")
    except client.exceptions.ResourceNotFoundException:
        return None


def read(client: Any, arn: str, **version: str) -> dict[str, str]:
    value: dict[str, str] = json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])
    return value
