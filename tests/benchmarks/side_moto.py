"""The same calls, answered by moto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import calls
from calls import CALLS, KEYS, REGION, Call
from moto import mock_aws
from moto.secretsmanager.models import secretsmanager_backends
from rotating import rotate_with, rotations
from sizes import Sizes

ACCOUNT = "123456789012"

#: The secrets in the store of moto by number, since moto has one store for each process.
_stored: dict[int, Any] = {}


def variants(sizes: Sizes) -> dict[str, Any]:
    most = [number for number in sizes.secrets if number <= 10_000]  # a page takes seconds for more secrets
    return {
        **{operation: partial(_among, 0, partial(calls.on_db, operation)) for operation in CALLS},
        **{
            f"{operation}, {number} secrets": partial(_among, number, partial(calls.on_db, operation))
            for operation in ("GetSecretValue", "DescribeSecret", "PutSecretValue")
            for number in most
        },
        "page": partial(_among, most[-1], calls.page),
        f"write and page, {most[-1]} secrets": partial(
            _among, most[-1], partial(calls.write_and_page, most[-1])
        ),
        "rotation": _rotation,
        "enter and leave": _enter_and_leave,
        "session and client": _session_and_client,
    }


@contextmanager
def _among(secrets: int, prepare: Callable[[], AbstractContextManager[Call]]) -> Iterator[Call]:
    with mock_aws():
        backend = secretsmanager_backends[ACCOUNT][REGION]
        if secrets not in _stored:
            fill(backend, secrets)
            _stored[secrets] = copy(backend.secrets)
        backend.secrets = copy(_stored[secrets])
        with prepare() as call:
            yield call


def fill(backend: Any, secrets: int) -> None:
    # Written directly to its store, since ten thousand secrets take half a minute through its API.
    for number in range(secrets):
        backend.create_secret(
            name=f"other-{number}", secret_string="x" * 100, secret_binary=None, description=None, tags=[],
            kms_key_id=None, client_request_token=None, replica_regions=[], force_overwrite=False,
        )  # fmt: skip


@contextmanager
def _rotation() -> Iterator[Call]:
    """Measure a rotation with moto, whose Lambda backend is replaced, since it needs Docker to run a function."""

    def invoke(arn: str, qualifier: str, body: str, **_: object) -> None:
        rotate_with(calls.client(), json.loads(body), is_enabled_first=False)

    backend = SimpleNamespace(get_function=lambda arn: None, invoke=invoke)
    replaced = mock.patch("moto.awslambda.utils.get_backend", return_value=backend)
    with mock_aws(), replaced, rotations(10) as call:
        yield call


@contextmanager
def _enter_and_leave() -> Iterator[Call]:
    def enter(number: int) -> None:
        with mock_aws():
            pass

    enter(-1)
    yield enter


@contextmanager
def _session_and_client() -> Iterator[Call]:
    with mock_aws():
        yield lambda number: boto3.Session().client("secretsmanager", region_name=REGION, **KEYS)
