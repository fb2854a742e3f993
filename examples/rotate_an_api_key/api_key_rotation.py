"""
A rotation function for an API key, structured like the templates of AWS and ready to deploy.

The secret is JSON: {"client_id": ..., "api_key": ...}. The service accepts two keys at a time, so
the old key stays valid until the next rotation.
"""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import Any

import boto3
from key_service import SERVICE

logger = logging.getLogger(__name__)


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
        logger.info("Secret version %s is AWSCURRENT already", token)
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
    """Store a new key as AWSPENDING, unless an earlier attempt has stored one."""
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        key = client.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
        client.put_secret_value(
            SecretId=arn,
            ClientRequestToken=token,
            SecretString=json.dumps({**current, "api_key": key}),
            VersionStages=["AWSPENDING"],
        )


def set_secret(client: Any, arn: str, token: str) -> None:
    """Add the new key to the service beside the current one, after revoking older keys."""
    current = read(client, arn, VersionStage="AWSCURRENT")
    pending = read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    for key in SERVICE.keys(current["client_id"]):
        if key not in (current["api_key"], pending["api_key"]):
            SERVICE.revoke_key(current["client_id"], key)
    SERVICE.add_key(pending["client_id"], pending["api_key"])


def test_secret(client: Any, arn: str, token: str) -> None:
    """Use the new key as an application would."""
    pending = read(client, arn, VersionId=token, VersionStage="AWSPENDING")
    SERVICE.call(pending["client_id"], pending["api_key"])


def finish_secret(client: Any, arn: str, token: str) -> None:
    """Make the new key the current one."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )


def read(client: Any, arn: str, **version: str) -> dict[str, str]:
    value: dict[str, str] = json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])
    return value
