"""The calls that are measured, whoever answers them, and how a call is repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.session import Session

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
TOKEN = "0" * 32
PAGE = 100

#: How often a call is repeated in one measurement.
REPEATS = 40

#: Measured: called with 0, 1, 2, ... inside the context that has prepared the state for it.
Call = Callable[[int], object]

CALLS: dict[str, Callable[[Any, int], object]] = {
    "GetSecretValue": lambda client, number: client.get_secret_value(SecretId="db"),
    "DescribeSecret": lambda client, number: client.describe_secret(SecretId="db"),
    "PutSecretValue": lambda client, number: client.put_secret_value(SecretId="db", SecretString=f"{number}"),
    "CreateSecret": lambda client, number: client.create_secret(Name=f"new-{number}", SecretString="value"),
    "UpdateSecret": lambda client, number: client.update_secret(SecretId="db", Description=f"{number}"),
    "UpdateSecretVersionStage": lambda client, number: client.update_secret_version_stage(
        SecretId="db", VersionStage=f"L{number % 2}", MoveToVersionId=TOKEN
    ),
    "ListSecretVersionIds": lambda client, number: client.list_secret_version_ids(SecretId="db"),
    "BatchGetSecretValue": lambda client, number: client.batch_get_secret_value(SecretIdList=["db"]),
    "GetRandomPassword": lambda client, number: client.get_random_password(),
    "TagResource": lambda client, number: client.tag_resource(
        SecretId="db", Tags=[{"Key": "k", "Value": f"{number}"}]
    ),
}


@cache
def session() -> Session:
    return Session()


def new_client(region: str = REGION) -> Any:
    return session().create_client("secretsmanager", region_name=region, **KEYS)


@cache
def client() -> Any:
    """The client of all calls: to make one takes longer than most of what is measured."""
    return new_client()


def create_others(secrets: int) -> None:
    for number in range(secrets):
        client().create_secret(Name=f"other-{number}", SecretString="x" * 100)


@contextmanager
def on_db(operation: str, versions: int = 1) -> Iterator[Call]:
    """A call on a new secret 'db', which has that number of versions when the calls end."""
    call = CALLS[operation]
    client().create_secret(Name="db", SecretString="x" * 100, ClientRequestToken=TOKEN)
    for number in range(versions - REPEATS - 2):
        client().put_secret_value(SecretId="db", SecretString=f"older {number}")
    call(client(), -1)
    yield lambda number: call(client(), number)
    made = [f"new-{number}" for number in range(-1, REPEATS)] if operation == "CreateSecret" else []
    for name in ("db", *made):
        client().delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@contextmanager
def page() -> Iterator[Call]:
    """One page of the list after the other, from the first again after the last."""
    following: dict[str, str] = {}

    def next_page(number: int) -> None:
        nonlocal following
        answer = client().list_secrets(MaxResults=PAGE, **following)
        following = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}

    next_page(0)
    yield next_page


@contextmanager
def write_and_page(secrets: int) -> Iterator[Call]:
    """A new value for one secret in the middle of the list, and then the first page."""

    def write(number: int) -> None:
        client().put_secret_value(SecretId=f"other-{secrets // 2}", SecretString=f"{number}")
        client().list_secrets(MaxResults=PAGE)

    write(-1)
    yield write
