"""The measured calls, which are the same for all sides, and their repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.session import Session

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
TOKEN = "0" * 32
PAGE = 100

#: The number of calls in one measurement.
REPEATS = 40

#: A measured call: called with 0, 1, 2, ... inside the context that prepares its state.
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
    """Return the client of all calls: creating one takes longer than most measured calls."""
    return new_client()


def create_others(secrets: int) -> None:
    for number in range(secrets):
        client().create_secret(Name=f"other-{number}", SecretString="x" * 100)


@contextmanager
def on_db(operation: str, versions: int = 1) -> Iterator[Call]:
    """Measure a call on a new secret 'db', which has that number of versions after the calls."""
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
    """Read the pages of the list in turn, and start again after the last one."""
    following: dict[str, str] = {}

    def next_page(number: int) -> None:
        nonlocal following
        answer = client().list_secrets(MaxResults=PAGE, **following)
        following = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}

    next_page(0)
    yield next_page


#: The lists whose pages are read in turn.
ONE_LIST: Sequence[Mapping[str, Any]] = ({},)
TWO_LISTS: Sequence[Mapping[str, Any]] = ({}, {"Filters": [{"Key": "name", "Values": ["other"]}]})


@contextmanager
def write_and_page(secrets: int, lists: Sequence[Mapping[str, Any]] = ONE_LIST) -> Iterator[Call]:
    """Write a new value of one secret, and then read the first 10 secrets of each list in turn."""

    def write(number: int) -> None:
        client().put_secret_value(SecretId=f"other-{secrets // 2}", SecretString=f"{number}")
        client().list_secrets(MaxResults=10, **lists[number % len(lists)])

    write(-1)
    yield write
