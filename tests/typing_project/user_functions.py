"""Rotation functions with types, as a user writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

    from pytest_fakesecrets import LambdaContext


def rotate(event: Mapping[str, str], context: LambdaContext) -> None:
    # types-boto3 leaves the clients unknown whose stubs are not installed, and pyright finds its overloads partly so.
    client: SecretsManagerClient = boto3.client("secretsmanager")  # pyright: ignore[reportUnknownMemberType]
    arn, token = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString='{"a": 1}', VersionStages=["AWSPENDING"]
        )
    elif event["Step"] == "finishSecret":
        versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=current, MoveToVersionId=token
        )


class Rotating:
    """A handler that keeps what it was called with."""

    def __init__(self) -> None:
        self.contexts: list[LambdaContext] = []

    def __call__(self, event: dict[str, str], context: LambdaContext) -> str:
        self.contexts.append(context)
        rotate(event, context)
        return "done"


def failing(event: dict[str, str], context: object) -> None:
    raise ConnectionError("the database is down")
