"""What is compared: this fake, moto, and the floor below which no fake can go, all behind the same kind of client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

from botocore.awsrequest import AWSResponse
from botocore.parsers import JSONParser
from botocore.session import Session
from moto import mock_aws
from moto.secretsmanager.models import secretsmanager_backends

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._service import serializer

ACCOUNT, REGION = "123456789012", "us-east-1"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}

SESSION = Session()


def new_client():
    return SESSION.create_client("secretsmanager", region_name=REGION, **KEYS)


#: Kept over all rounds, by us and by moto: making one costs more than everything that is measured here.
CLIENT = new_client()


class Ours:
    """A world of this fake that is left and entered again."""

    def __init__(self, secrets: int = 0) -> None:
        self.fake = FakeSecrets()
        with self.fake:
            for number in range(secrets):
                CLIENT.create_secret(Name=f"other-{number}", SecretString="x" * 100)

    @contextmanager
    def entered(self) -> Iterator[object]:
        with self.fake:
            yield CLIENT


class Moto:
    """The same of moto. It has one store for the process: that of this world is put in for as long as it is entered."""

    def __init__(self, secrets: int = 0) -> None:
        with mock_aws():
            backend = secretsmanager_backends[ACCOUNT][REGION]
            # Straight into its store: through its API ten thousand take half a minute.
            for number in range(secrets):
                backend.create_secret(
                    name=f"other-{number}", secret_string="x" * 100, secret_binary=None, description=None,
                    tags=[], kms_key_id=None, client_request_token=None, replica_regions=[], force_overwrite=False,
                )  # fmt: skip
            self._secrets = copy(backend.secrets)

    @contextmanager
    def entered(self) -> Iterator[object]:
        with mock_aws():
            secretsmanager_backends[ACCOUNT][REGION].secrets = self._secrets
            yield CLIENT
            self._secrets = copy(self._secrets)


class Floor:
    """
    Canned answers from a `before-call` hook: what botocore itself costs.

    Args:
        parsed: whether botocore's parser reads the answer out of its bytes each time, as it has to
            wherever the answer has come over a wire.
    """

    def __init__(self, answers: dict[str, dict], *, parsed: bool = False) -> None:
        self._client = new_client()
        for operation, answer in answers.items():
            handler = _parsing(operation, answer) if parsed else _canned(answer)
            self._client.meta.events.register_first(f"before-call.secrets-manager.{operation}", handler)

    @contextmanager
    def entered(self) -> Iterator[object]:
        yield self._client


_OK = AWSResponse("https://secretsmanager.us-east-1.amazonaws.com/", 200, {}, None)


def _canned(answer):
    return lambda **_: (_OK, dict(answer))


def _parsing(operation, answer):
    parser, shape = JSONParser(), CLIENT.meta.service_model.operation_model(operation).output_shape
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    response = {
        "body": json.dumps(kept, default=serializer._on_the_wire).encode(),
        "headers": {"x-amzn-requestid": "1"},
        "status_code": 200,
        "context": {"operation_name": operation},
    }
    return lambda **_: (_OK, parser.parse(response, shape))
