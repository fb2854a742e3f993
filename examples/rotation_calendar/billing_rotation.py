"""A rotation function for the password of a billing service, structured like the templates of AWS."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3


class Billing:
    """The service that the password is for, kept in memory. It may be down for maintenance."""

    def __init__(self) -> None:
        self.password = ""
        self.is_down = False

    def change_password(self, new: str) -> None:
        if self.is_down:
            raise ConnectionError("billing is down for maintenance")
        self.password = new

    def log_in(self, password: str) -> bool:
        return not self.is_down and password == self.password


BILLING = Billing()


def lambda_handler(event: dict[str, str], context: Any) -> None:
    arn, token = event["SecretId"], event["ClientRequestToken"]
    client = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    if "AWSCURRENT" in versions[token]:
        return
    if event["Step"] == "createSecret":
        create(client, arn, token)
    elif event["Step"] == "setSecret":
        BILLING.change_password(password(client, arn, VersionId=token, VersionStage="AWSPENDING"))
    elif event["Step"] == "testSecret":
        if not BILLING.log_in(password(client, arn, VersionId=token, VersionStage="AWSPENDING")):
            raise PermissionError("the new password does not open billing")
    elif event["Step"] == "finishSecret":
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )


def create(client: Any, arn: str, token: str) -> None:
    try:
        client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        new = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
        client.put_secret_value(
            SecretId=arn,
            ClientRequestToken=token,
            SecretString=json.dumps({"password": new}),
            VersionStages=["AWSPENDING"],
        )


def password(client: Any, arn: str, **version: str) -> str:
    value: str = json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])["password"]
    return value
