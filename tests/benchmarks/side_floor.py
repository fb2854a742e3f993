"""
The floor that no fake can go below: canned responses from a `before-call` hook, at the cost of botocore alone.

This side runs in a separate process that never imports the plugin, so the client has none of its handlers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from typing import Any

import boto3
import calls
from botocore.awsrequest import AWSResponse
from calls import KEYS, REGION, TOKEN, Call
from rotating import STEPS
from sizes import Sizes

_OK = AWSResponse("https://secretsmanager.us-east-1.amazonaws.com/", 200, {}, None)
_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
_MOMENT = datetime(2030, 1, 1, tzinfo=timezone.utc)
_VERSIONS = {TOKEN: ["AWSPENDING"], "1" * 32: ["AWSCURRENT"]}
_VALUE = {
    "ARN": _ARN, "Name": "db", "VersionId": TOKEN, "SecretString": "x" * 100, "VersionStages": ["AWSCURRENT"],
    "CreatedDate": _MOMENT,
}  # fmt: skip
_LISTED = {
    "ARN": _ARN, "Name": "db", "CreatedDate": _MOMENT, "LastChangedDate": _MOMENT,
    "SecretVersionsToStages": {TOKEN: ["AWSCURRENT"]},
}  # fmt: skip

_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "GetSecretValue": _VALUE,
    "DescribeSecret": {"ARN": _ARN, "Name": "db", "VersionIdsToStages": _VERSIONS},
    "PutSecretValue": {"ARN": _ARN, "Name": "db", "VersionId": TOKEN, "VersionStages": ["AWSCURRENT"]},
    "CreateSecret": {"ARN": _ARN, "Name": "db", "VersionId": TOKEN},
    "UpdateSecret": {"ARN": _ARN, "Name": "db"},
    "UpdateSecretVersionStage": {"ARN": _ARN, "Name": "db"},
    "ListSecretVersionIds": {"ARN": _ARN, "Name": "db", "Versions": [{"VersionId": TOKEN}]},
    "BatchGetSecretValue": {"SecretValues": [_VALUE], "Errors": []},
    "GetRandomPassword": {"RandomPassword": "x" * 32},
    "TagResource": {},
    "ListSecrets": {"SecretList": [_LISTED] * calls.PAGE},
    "RotateSecret": {"ARN": _ARN, "Name": "db", "VersionId": TOKEN},
}


def variants(sizes: Sizes) -> dict[str, Any]:
    for operation, answer in _ANSWERS.items():
        handler = partial(_canned, {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}})
        calls.client().meta.events.register_first(f"before-call.secrets-manager.{operation}", handler)
    return {
        **{operation: partial(_call, operation) for operation in calls.CALLS},
        "page": calls.page,
        "rotation": _thirteen_calls,
        "session and client": _session_and_client,
    }


def _canned(answer: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
    return _OK, dict(answer)


@contextmanager
def _call(operation: str) -> Iterator[Call]:
    calls.CALLS[operation](calls.client(), -1)
    yield lambda number: calls.CALLS[operation](calls.client(), number)


@contextmanager
def _session_and_client() -> Iterator[Call]:
    yield lambda number: boto3.Session().client("secretsmanager", region_name=REGION, **KEYS)


@contextmanager
def _thirteen_calls() -> Iterator[Call]:
    """The calls of a full rotation."""
    client = calls.client()

    def rotation(number: int) -> None:
        client.rotate_secret(SecretId="db", RotationLambdaARN=_ARN, ClientRequestToken=TOKEN)
        for step in STEPS.values():
            client.describe_secret(SecretId=_ARN)
            step(client, _ARN, TOKEN)
        # The two calls for a new version, since the canned response suggests that a version already exists.
        client.get_random_password(ExcludeCharacters="/@\"'\\")
        client.put_secret_value(
            SecretId="db", ClientRequestToken=TOKEN, SecretString="new", VersionStages=["AWSPENDING"]
        )

    yield rotation
