"""The rotation function of the benchmarks, structured like the templates of AWS."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import calls
from calls import Call

sys.path.append(str(Path(__file__).parent.parent))
from rotation_functions import STEPS

ARN = "arn:aws:lambda:us-east-1:123456789012:function:rotate"


def rotate(event: Any, context: object) -> None:
    """Rotate with a shared client."""
    rotate_with(calls.client(), event)


def rotate_with(client: Any, event: Any, *, is_enabled_first: bool = True) -> None:
    """
    Run the checks of the template of AWS and one of its steps: twelve calls in a rotation.

    Args:
        is_enabled_first: whether DescribeSecret returns RotationEnabled in the first rotation, as on AWS.
    """
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    metadata = client.describe_secret(SecretId=arn)
    versions = metadata.get("VersionIdsToStages", {})
    if is_enabled_first and not metadata.get("RotationEnabled"):
        raise ValueError(f"Secret {arn} is not enabled for rotation")
    if token not in versions:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
    if "AWSCURRENT" in versions[token]:
        return
    if "AWSPENDING" not in versions[token]:
        raise ValueError(f"Secret version {token} not set as AWSPENDING for rotation of secret {arn}.")
    STEPS[step](client, arn, token)


def rotate_secret(number: int, **rotation: object) -> None:
    calls.client().rotate_secret(
        SecretId=f"db-{number}", RotationLambdaARN=ARN, ClientRequestToken=f"{number + 1:032}", **rotation
    )


@contextmanager
def rotations(number: int) -> Iterator[Call]:
    """Measure RotateSecret with the whole rotation, each time for a new secret."""
    for each in range(-1, number):
        calls.client().create_secret(Name=f"db-{each}", SecretString="old")
    rotate_secret(-1)
    yield rotate_secret
    for each in range(-1, number):
        calls.client().delete_secret(SecretId=f"db-{each}", ForceDeleteWithoutRecovery=True)
