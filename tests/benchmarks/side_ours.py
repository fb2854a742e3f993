"""
This fake, used only through its public names, so that the same module can measure another commit.

States that take long to create are kept for all measurements of a process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any

import boto3
import calls
from calls import CALLS, KEYS, REGION, Call
from rotating import rotate, rotate_secret, rotations
from sizes import Sizes

from pytest_fakesecrets import FakeSecrets

#: The calls that are measured among many secrets.
GROWING = ("GetSecretValue", "DescribeSecret", "PutSecretValue", "CreateSecret")


def variants(sizes: Sizes) -> dict[str, Any]:
    largest = sizes.secrets[-1]
    return {
        **_calls(sizes),
        "page": partial(_among, min(10_000, largest), calls.page),
        **{f"page, {n} secrets": partial(_among, n, calls.page) for n in sizes.secrets},
        **{
            f"write and page, {n} secrets": partial(_among, n, partial(calls.write_and_page, n))
            for n in sizes.secrets
        },
        **{
            f"write and page of two lists, {n} secrets": partial(
                _among, n, partial(calls.write_and_page, n, calls.TWO_LISTS)
            )
            for n in sizes.secrets
        },
        "rotation": partial(_among, 0, partial(rotations, 10)),
        **{f"rotation, {n} secrets": partial(_among, n, partial(rotations, 10)) for n in sizes.secrets},
        **{f"due among {n} schedules": partial(_due, n) for n in (1, *sizes.schedules)},
        **{f"drive {n} waiting rotations": partial(_drive, n) for n in sizes.schedules},
        **{f"timeline of {n} secrets": partial(_timeline, n) for n in sizes.timelines},
        **{f"report section of {n} secrets": partial(_report, n) for n in sizes.timelines},
        **{f"rows in the report section of {n} secrets": partial(_report_rows, n) for n in sizes.timelines},
        **{f"transitions after {n} calls": partial(_transitions, n) for n in sizes.calls},
        **{f"timeline of a secret after {n} calls": partial(_timeline_of_one, n) for n in sizes.calls},
        **{f"put with {n} replicas": partial(_replicated, n) for n in sizes.replicas},
        "enter and leave": _enter_and_leave,
        "client of the fake": partial(_active, lambda fake: fake.client()),
        "session and client": partial(
            _active, lambda fake: boto3.Session().client("secretsmanager", region_name=REGION, **KEYS)
        ),
    }


def _calls(sizes: Sizes) -> dict[str, Any]:
    many = partial(calls.on_db, versions=sizes.versions)
    return {
        **{operation: partial(_among, 0, partial(calls.on_db, operation)) for operation in CALLS},
        **{
            f"{operation}, {number} secrets": partial(_among, number, partial(calls.on_db, operation))
            for operation in GROWING
            for number in sizes.secrets
        },
        **{
            f"{operation}, {sizes.versions} versions": partial(_among, 0, partial(many, operation))
            for operation in ("GetSecretValue", "DescribeSecret", "PutSecretValue")
        },
    }


@cache
def _fake_with(secrets: int) -> FakeSecrets:
    fake = FakeSecrets()
    with fake:
        fake.add_rotation_function(rotate, name="rotate")
        calls.create_others(secrets)
    return fake


@contextmanager
def _among(secrets: int, prepare: Callable[[], AbstractContextManager[Call]]) -> Iterator[Call]:
    with _fake_with(secrets), prepare() as call:
        yield call


@contextmanager
def _active(call: Callable[[FakeSecrets], object]) -> Iterator[Call]:
    with FakeSecrets() as fake:
        call(fake)
        yield lambda number: call(fake)


@contextmanager
def _enter_and_leave() -> Iterator[Call]:
    def enter(number: int) -> None:
        with FakeSecrets():
            pass

    enter(-1)
    yield enter


@cache
def _fake_with_schedules(number: int) -> FakeSecrets:
    """Create a fake with one rotation every four hours, and others that are due in years."""
    fake = FakeSecrets()
    with fake:
        fake.clock.move_to("2030-01-01")
        fake.add_rotation_function(rotate, name="rotate")
        for place in range(number):
            expression = "rate(4 hours)" if place == number // 2 else "rate(999 days)"
            calls.client().create_secret(Name=f"db-{place}", SecretString="old")
            rotate_secret(place, RotateImmediately=False, RotationRules={"ScheduleExpression": expression})
    return fake


#: The moments at which the fakes with schedules were exited.
_moments: dict[int, Any] = {}


@contextmanager
def _due(number: int) -> Iterator[Call]:
    fake = _fake_with_schedules(number)
    with fake:
        fake.clock.move_to(_moments.get(number, "2030-01-02"))
        yield lambda _: fake.clock.tick(timedelta(hours=4))
        _moments[number] = fake.clock.now


@contextmanager
def _drive(number: int) -> Iterator[Call]:
    with FakeSecrets() as fake:
        fake.add_rotation_function(rotate, name="rotate")
        driver = fake.drive()
        for place in range(number):
            calls.client().create_secret(Name=f"db-{place}", SecretString="old")
            rotate_secret(place)

        def run_all(_: int) -> None:
            for _ in range(number):
                driver.run()

        yield run_all


@cache
def _fake_to_print(secrets: int) -> FakeSecrets:
    fake = FakeSecrets()
    with fake:
        calls.create_others(secrets)
    return fake


@contextmanager
def _timeline(secrets: int) -> Iterator[Call]:
    with _fake_to_print(secrets) as fake:
        yield lambda number: fake.timeline()


@contextmanager
def _report(secrets: int) -> Iterator[Call]:
    with _fake_to_print(secrets) as fake:
        yield lambda number: fake.recorded(last=200)  # as the plugin does for a failed test


@contextmanager
def _report_rows(secrets: int) -> Iterator[int]:
    with _fake_to_print(secrets) as fake:
        yield len(fake.recorded(last=200).splitlines())


@cache
def _fake_with_calls(number: int) -> FakeSecrets:
    """Create a fake with five values of one secret, and that number of calls for another one."""
    fake = FakeSecrets()
    with fake:
        for name in ("db", "other"):
            calls.client().create_secret(Name=name, SecretString="first")
        for value in range(5):
            calls.client().put_secret_value(SecretId="db", SecretString=f"{value}")
        for _ in range(number):
            calls.client().get_secret_value(SecretId="other")
    return fake


@contextmanager
def _transitions(number: int) -> Iterator[Call]:
    with _fake_with_calls(number) as fake:
        yield lambda _: list(fake.secret("db").transitions)


@contextmanager
def _timeline_of_one(number: int) -> Iterator[Call]:
    with _fake_with_calls(number) as fake:
        yield lambda _: fake.timeline("db")


@contextmanager
def _replicated(replicas: int) -> Iterator[Call]:
    """Measure a new value of a secret with 70 versions and that number of replicas."""
    regions = [each for each in calls.session().get_available_regions("secretsmanager") if each != REGION]
    with FakeSecrets():
        calls.client().create_secret(Name="db", SecretString="x" * 100)
        calls.client().replicate_secret_to_regions(
            SecretId="db", AddReplicaRegions=[{"Region": each} for each in regions[:replicas]]
        )
        for number in range(69):
            calls.client().put_secret_value(SecretId="db", SecretString=f"older {number}")
        yield lambda number: calls.client().put_secret_value(SecretId="db", SecretString=f"{number}")
