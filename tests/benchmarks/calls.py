"""The calls that tests make most, on one secret: small, among many others, and with many versions."""

from __future__ import annotations

from contextlib import contextmanager

from interleaved import race
from worlds import Floor, Moto, Ours

#: Ten operations: what is called, by number so that each call can be another one.
CALLS = {
    "GetSecretValue": lambda client, number: client.get_secret_value(SecretId="db"),
    "PutSecretValue": lambda client, number: client.put_secret_value(SecretId="db", SecretString=f"{number}"),
    "DescribeSecret": lambda client, number: client.describe_secret(SecretId="db"),
    "CreateSecret": lambda client, number: client.create_secret(Name=f"new-{number}", SecretString="value"),
    "UpdateSecret": lambda client, number: client.update_secret(SecretId="db", Description=f"{number}"),
    "UpdateSecretVersionStage": lambda client, number: client.update_secret_version_stage(
        SecretId="db", VersionStage=f"L{number % 2}", MoveToVersionId=ID
    ),
    "ListSecretVersionIds": lambda client, number: client.list_secret_version_ids(SecretId="db"),
    "BatchGetSecretValue": lambda client, number: client.batch_get_secret_value(SecretIdList=["db"]),
    "GetRandomPassword": lambda client, number: client.get_random_password(),
    "TagResource": lambda client, number: client.tag_resource(
        SecretId="db", Tags=[{"Key": "k", "Value": f"{number}"}]
    ),
}
ID = "0" * 32
REPEATS = 40


def calls(rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of each operation on one secret, by who answers."""
    return {
        operation: race(
            {
                "floor": _alone(Floor(canned(operation)), call),
                "floor that parses": _alone(Floor(canned(operation), parsed=True), call),
                "ours": _on_db(Ours(), call),
                "moto": _on_db(Moto(), call),
            },
            rounds=rounds,
            repeats=REPEATS,
        )
        for operation, call in CALLS.items()
    }


def growth(rounds: int, moto: bool = True) -> dict[str, dict[str, float]]:
    """Seconds of four operations, by who answers and by how many secrets or versions there are."""
    sizes = {
        "1 secret": (0, 1),
        "100 secrets": (99, 1),
        "10,000 secrets": (9_999, 1),
        "100 versions": (0, 100),
    }
    sides = {"ours": Ours, "moto": Moto} if moto else {"ours": Ours}
    worlds = {(side, size): made(sizes[size][0]) for side, made in sides.items() for size in sizes}
    return {
        operation: race(
            {
                f"{side}, {size}": _on_db(world, CALLS[operation], versions=sizes[size][1])
                for (side, size), world in worlds.items()
            },
            rounds=rounds,
            repeats=REPEATS,
        )
        for operation in ("GetSecretValue", "PutSecretValue", "DescribeSecret", "ListSecretVersionIds")
    }


def canned(operation: str) -> dict[str, dict]:
    """What this fake answers, to be answered again by the floor."""
    with Ours().entered() as client:
        client.create_secret(Name="db", SecretString="x" * 100, ClientRequestToken=ID)
        return {operation: CALLS[operation](client, 0)}


def _alone(world, call):
    @contextmanager
    def variant():
        with world.entered() as client:
            call(client, 0)
            yield lambda number: call(client, number)

    return variant


def _on_db(world, call, versions: int = 1):
    """The call in a world whose secret db has just been made, with so many versions when the calls end."""

    @contextmanager
    def variant():
        with world.entered() as client:
            client.create_secret(Name="db", SecretString="x" * 100, ClientRequestToken=ID)
            for number in range(versions - REPEATS - 2):
                client.put_secret_value(SecretId="db", SecretString=f"older {number}")
            call(client, -1)
            yield lambda number: call(client, number)
            for made in ["db", "new--1", *(f"new-{number}" for number in range(REPEATS))]:
                if made == "db" or call is CALLS["CreateSecret"]:
                    client.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)

    return variant
