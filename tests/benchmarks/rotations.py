"""Rotations: one by a function in the shape of AWS's own, and one that comes due among many schedules."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from interleaved import race
from worlds import CLIENT, Floor, Moto, Ours

from pytest_fakesecrets import FakeSecrets

sys.path.append(str(Path(__file__).parent.parent))
from rotation_functions import STEPS

ARN = "arn:aws:lambda:us-east-1:123456789012:function:rotate"


def rotate(event, context, client=CLIENT):
    """The checks and steps of AWS's template, twelve calls in all, with a client that is kept."""
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    metadata = client.describe_secret(SecretId=arn)
    if "AWSCURRENT" not in metadata["VersionIdsToStages"][token]:
        STEPS[step](client, arn, token)


def full_rotation(rounds: int) -> dict[str, float]:
    """Seconds of RotateSecret with the whole rotation, and of its thirteen calls on the floor."""
    return race({"floor": _floor, "ours": _ours, "moto": _moto}, rounds=rounds, repeats=10)


@contextmanager
def _ours():
    world = Ours()
    with world.entered() as client:
        world.fake.add_rotation_function(rotate, name="rotate")
        for number in range(-1, 10):
            client.create_secret(Name=f"db-{number}", SecretString="old")
        _rotate_secret(client, -1)
        yield lambda number: _rotate_secret(client, number)


@contextmanager
def _moto():
    """moto runs no function without Docker: its Lambda backend is replaced by one that calls it."""

    def invoke(arn, qualifier, body, **_):
        rotate(json.loads(body), None)

    backend = SimpleNamespace(get_function=lambda arn: None, invoke=invoke)
    with Moto().entered() as client, mock.patch("moto.awslambda.utils.get_backend", return_value=backend):
        for number in range(-1, 10):
            client.create_secret(Name=f"db-{number}", SecretString="old")
        _rotate_secret(client, -1)
        yield lambda number: _rotate_secret(client, number)


@contextmanager
def _floor():
    answer = {
        "ResponseMetadata": {},
        "RandomPassword": "new",
        # A rotation under way.
        "VersionIdsToStages": {"0" * 32: ["AWSPENDING"], "1" * 32: ["AWSCURRENT"]},
    }
    operations = (
        *("DescribeSecret", "GetSecretValue", "GetRandomPassword", "PutSecretValue"),
        *("UpdateSecretVersionStage", "RotateSecret"),
    )
    with Floor(dict.fromkeys(operations, answer)).entered() as client:

        def thirteen_calls(number):
            _rotate_secret(client, number)
            for step in STEPS:
                rotate({"Step": step, "SecretId": "db", "ClientRequestToken": "0" * 32}, None, client)
            # The two that a new version needs: the canned value looks as if there were one already.
            client.get_random_password(ExcludeCharacters="/@\"'\\")
            client.put_secret_value(
                SecretId="db", ClientRequestToken="0" * 32, SecretString="new", VersionStages=["AWSPENDING"]
            )

        yield thirteen_calls


def _rotate_secret(client, number):
    client.rotate_secret(
        SecretId=f"db-{number}", RotationLambdaARN=ARN, ClientRequestToken=f"{number + 1:032}"
    )


def due_among(rounds: int) -> dict[str, float]:
    """Seconds of moving the clock to one scheduled rotation, alone and among 1,000 schedules."""
    return race({"1 schedule": _schedules(1), "1,000 schedules": _schedules(1_000)}, rounds=rounds, repeats=5)


def _schedules(number: int):
    fake = FakeSecrets()
    with fake:
        client = fake.client()
        fake.clock.move_to("2030-01-01")
        function = fake.add_rotation_function(rotate)
        for place in range(number):
            expression = "rate(4 hours)" if place == number // 2 else "rate(999 days)"
            client.create_secret(Name=f"db-{place}", SecretString="old")
            client.rotate_secret(
                SecretId=f"db-{place}", RotationLambdaARN=function, RotateImmediately=False,
                RotationRules={"ScheduleExpression": expression},
            )  # fmt: skip
        now = fake.clock.now

    @contextmanager
    def variant():
        nonlocal now
        with fake:
            fake.clock.move_to(now)
            yield lambda _: fake.clock.tick(timedelta(hours=4))
            now = fake.clock.now

    return variant
