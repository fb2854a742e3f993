"""
A rotation function for one database user, written with the AWS SDK for Python that does not use botocore.

The SDK is asynchronous and Lambda calls a plain function, so each step runs in a new event loop. The secret is JSON:
{"username": ..., "password": ...}.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aws_sdk_secrets_manager.client import AsyncSecretsManagerClient
from aws_sdk_secrets_manager.config import AsyncSecretsManagerConfig
from aws_sdk_secrets_manager.models import (
    DescribeSecretInput,
    GetRandomPasswordInput,
    GetSecretValueInput,
    PutSecretValueInput,
    ResourceNotFoundException,
    UpdateSecretVersionStageInput,
)
from sdk_database import DATABASE


def lambda_handler(event: dict[str, str], context: Any) -> None:
    asyncio.run(rotate(event))


async def rotate(event: dict[str, str]) -> None:
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    steps = {
        "createSecret": create_secret,
        "setSecret": set_secret,
        "testSecret": test_secret,
        "finishSecret": finish_secret,
    }
    if step not in steps:
        raise ValueError(f"Invalid step parameter {step}")
    async with AsyncSecretsManagerClient(await AsyncSecretsManagerConfig.resolve()) as client:
        metadata = await client.describe_secret(DescribeSecretInput(secret_id=arn))
        if not metadata.rotation_enabled:
            raise ValueError(f"Secret {arn} is not enabled for rotation")
        labels = (metadata.version_ids_to_stages or {}).get(token)
        if labels is None:
            raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}")
        if "AWSCURRENT" in labels:
            return
        if "AWSPENDING" not in labels:
            raise ValueError(f"Secret version {token} is not AWSPENDING for rotation of secret {arn}")
        await steps[step](client, arn, token)


async def create_secret(client: Any, arn: str, token: str) -> None:
    """Store a new password as AWSPENDING, unless an earlier attempt has stored one."""
    current = await read(client, arn, "AWSCURRENT")
    try:
        await read(client, arn, "AWSPENDING", token)
    except ResourceNotFoundException:
        generated = await client.get_random_password(GetRandomPasswordInput(exclude_characters="/@\"'\\"))
        await client.put_secret_value(
            PutSecretValueInput(
                secret_id=arn,
                client_request_token=token,
                secret_string=json.dumps({**current, "password": generated.random_password}),
                version_stages=["AWSPENDING"],
            )
        )


async def set_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the current or previous password, and change it to the pending one."""
    pending = await read(client, arn, "AWSPENDING", token)
    if logs_in(pending):
        return  # an earlier attempt has set it
    current = await read(client, arn, "AWSCURRENT")
    if current["username"] != pending["username"]:
        raise ValueError(f"Secret {arn} has one user as AWSCURRENT and another as AWSPENDING")
    if not logs_in(current) and not logs_in(await previous(client, arn)):
        raise ValueError(f"Unable to log in with the previous, current or pending version of secret {arn}")
    DATABASE.change_password(pending["username"], pending["password"])


async def test_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the new password, as the application would."""
    if not logs_in(await read(client, arn, "AWSPENDING", token)):
        raise ValueError(f"Unable to log in with the pending version of secret {arn}")


async def finish_secret(client: Any, arn: str, token: str) -> None:
    """Make the new password the current one."""
    described = await client.describe_secret(DescribeSecretInput(secret_id=arn))
    versions = described.version_ids_to_stages
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    await client.update_secret_version_stage(
        UpdateSecretVersionStageInput(
            secret_id=arn,
            version_stage="AWSCURRENT",
            move_to_version_id=token,
            remove_from_version_id=current,
        )
    )


def logs_in(value: dict[str, str] | None) -> bool:
    if value is None:
        return False
    try:
        DATABASE.log_in(value["username"], value["password"])
    except PermissionError:
        return False
    return True


async def previous(client: Any, arn: str) -> dict[str, str] | None:
    try:
        return await read(client, arn, "AWSPREVIOUS")
    except ResourceNotFoundException:
        return None


async def read(client: Any, arn: str, label: str, version: str | None = None) -> dict[str, str]:
    asked = GetSecretValueInput(secret_id=arn, version_stage=label, version_id=version)
    value: dict[str, str] = json.loads((await client.get_secret_value(asked)).secret_string)
    return value
