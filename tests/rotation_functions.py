"""Rotation functions for the tests, structured like the templates of AWS."""

from __future__ import annotations

import os
from functools import lru_cache

import boto3


def client_at(endpoint):
    """Return a client that is reused between invocations, as in functions on Lambda."""
    return _kept(
        endpoint, *map(os.environ.get, ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_RETRY_MODE"))
    )


@lru_cache
def _kept(endpoint, *_):
    return boto3.client("secretsmanager", endpoint_url=endpoint)


def well_behaved(event, context):
    """
    Rotate as the template of AWS does: first the checks, then the step.

    The checks and their order: aws-samples/aws-secrets-manager-rotation-lambdas,
    SecretsManagerRotationTemplate.
    """
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = client_at(os.environ["SECRETS_MANAGER_ENDPOINT"])
    metadata = client.describe_secret(SecretId=arn)
    if not metadata["RotationEnabled"]:
        raise ValueError(f"Secret {arn} is not enabled for rotation")
    versions = metadata["VersionIdsToStages"]
    if token not in versions:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
    if "AWSCURRENT" in versions[token]:
        return
    if "AWSPENDING" not in versions[token]:
        raise ValueError(f"Secret version {token} not set as AWSPENDING for rotation of secret {arn}.")
    STEPS[step](client, arn, token)


def create_secret(client, arn, token):
    client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")
    try:
        client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        password = client.get_random_password(ExcludeCharacters="/@\"'\\")["RandomPassword"]
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString=password, VersionStages=["AWSPENDING"]
        )


def set_secret(client, arn, token):
    client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")


def test_secret(client, arn, token):
    client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")


test_secret.__test__ = False


def finish_secret(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next((version for version, labels in versions.items() if "AWSCURRENT" in labels), None)
    if current != token:
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )


STEPS = {
    "createSecret": create_secret,
    "setSecret": set_secret,
    "testSecret": test_secret,
    "finishSecret": finish_secret,
}


def raising_in(step, error=None, function=well_behaved):
    """Return a function that raises at the start of one step."""

    def fails(event, context):
        if event["Step"] == step:
            raise error or RuntimeError("the database is down")
        function(event, context)

    return fails


def nothing(event, context):
    """Return from every step without doing anything."""
