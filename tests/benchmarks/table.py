"""The rows of the table: the measurement, its reference, and its budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calls import CALLS, REPEATS
from sizes import Sizes

FLOOR = "floor"


@dataclass(frozen=True)
class Row:
    """
    One line of the table.

    Attributes:
        measure: the name of the measurement, on each side that has it.
        budget: its maximum, in its unit.
        over: its divisor: the floor, or another measurement of the same side.
        growth: how many times larger its state is than that of *over*, if the time may grow with it.
        most: the maximum of the quotient.
        repeats: the number of calls in one measurement.
        passes: the number of measurements in one round.
    """

    what: str
    measure: str
    unit: str = "s"
    budget: float | None = None
    over: str | None = None
    growth: float = 1
    most: float | None = None
    repeats: int = REPEATS
    passes: int = 5


def rows(sizes: Sizes) -> Iterator[Row]:
    yield from _around()
    yield from _calls(sizes)
    yield from _growing(sizes)
    yield from _lists(sizes)
    yield from _rotations(sizes)
    yield from _histories(sizes)
    yield from _memory(sizes)


def _around() -> Iterator[Row]:
    yield Row("import of the plugin, after pytest", "import", budget=4e-3)
    yield Row("enter and leave", "enter and leave", budget=0.3e-3)
    yield Row(
        "boto3.Session().client() (floor: without a fake)",
        "session and client",
        budget=10e-3,
        over=FLOOR,
        repeats=2,
        passes=3,
    )
    yield Row("client of the fake", "client of the fake", repeats=5, passes=3)
    yield Row("contract class, kept client", "contract, kept client", budget=2)
    yield Row("contract class, a session in each step", "contract, a session in each step", budget=6)


def _calls(sizes: Sizes) -> Iterator[Row]:
    most = {"GetSecretValue": 1.5, "DescribeSecret": 1.5, "PutSecretValue": 1.8, "CreateSecret": 1.8}
    for operation in CALLS:
        yield Row(operation, operation, over=FLOOR, most=most.get(operation))
    yield Row("ListSecrets, a page of 100", "page", over=FLOOR, most=7, repeats=20)
    yield Row("full rotation, 13 calls", "rotation", budget=3e-3, over=FLOOR, most=2.8, repeats=10)


def _growing(sizes: Sizes) -> Iterator[Row]:
    for operation in ("GetSecretValue", "DescribeSecret", "PutSecretValue", "CreateSecret"):
        for number in sizes.secrets:
            yield _against_small(f"{operation}, {number} secrets", operation)
    for operation in ("GetSecretValue", "DescribeSecret", "PutSecretValue"):
        yield _against_small(f"{operation}, {sizes.versions} versions", operation)
    for number in sizes.secrets:
        yield _against_small(f"rotation, {number} secrets", "rotation", repeats=10, passes=3)


def _against_small(measure: str, small: str, *, repeats: int = REPEATS, passes: int = 5) -> Row:
    what = f"{_with_commas(measure)}: times a small state"
    return Row(what, measure, over=small, most=1.2, repeats=repeats, passes=passes)


def _lists(sizes: Sizes) -> Iterator[Row]:
    first = f"page, {sizes.secrets[0]} secrets"
    for number in sizes.secrets:
        measure = f"page, {number} secrets"
        what = f"ListSecrets, a page of 100, {number:,} secrets: times {sizes.secrets[0]}"
        yield Row(what, measure, over=first, most=1.2, repeats=20, passes=3)
    budgets = {10_000: 1e-3, 100_000: 5e-3}
    for kind, words in (
        ("write and page", "PutSecretValue and ListSecrets, 10"),
        ("write and page of two lists", "PutSecretValue and ListSecrets, 10 of two lists in turn"),
    ):
        for number in sizes.secrets:
            what, measure = f"{words} of {number:,} secrets", f"{kind}, {number} secrets"
            yield Row(what, measure, budget=budgets.get(number), repeats=10, passes=3)


def _rotations(sizes: Sizes) -> Iterator[Row]:
    for number in sizes.schedules:
        measure = f"due among {number} schedules"
        what = f"rotation due among {number:,} schedules: times alone"
        yield Row(what, measure, over="due among 1 schedules", most=1.2, repeats=5)
    first = sizes.schedules[0]
    for number in sizes.schedules:
        what = f"driving {number:,} waiting rotations: each, times one of {first}"
        yield Row(
            what,
            f"drive {number} waiting rotations",
            over=f"drive {first} waiting rotations",
            growth=number / first,
            most=1.2,
            repeats=1,
            passes=2,
        )
    for number in sizes.replicas:
        yield Row(
            f"PutSecretValue, 70 versions, {number} replicas: times {sizes.replicas[0]}",
            f"put with {number} replicas",
            over=f"put with {sizes.replicas[0]} replicas",
            most=3,
            repeats=20,
            passes=3,
        )


def _histories(sizes: Sizes) -> Iterator[Row]:
    first = sizes.timelines[0]
    for subject in ("timeline", "report section"):
        for number in sizes.timelines:
            yield Row(
                f"{subject} of {number:,} secrets: each, times one of {first}",
                f"{subject} of {number} secrets",
                over=f"{subject} of {first} secrets",
                growth=number / first,
                most=1.5,
                repeats=1,
                passes=2,
            )
    last = sizes.timelines[-1]
    yield Row(
        f"rows in the report section of {last:,} secrets",
        f"rows in the report section of {last} secrets",
        unit="rows",
        budget=200,
        repeats=1,
        passes=1,
    )
    for subject in ("transitions", "timeline of a secret"):
        few, many = (f"{subject} after {number} calls" for number in sizes.calls)
        what = f"{_with_commas(many)}: times {sizes.calls[0]:,}"
        yield Row(what, many, over=few, most=1.5, repeats=2, passes=3)


def _memory(sizes: Sizes) -> Iterator[Row]:
    what = f"memory for {sizes.in_memory:,} secrets of 100 bytes"
    yield Row(what, "memory", unit="B", budget=15e6 * sizes.in_memory / 10_000)
    # The allocator causes a difference of about 1 MB between runs. Retained fakes would add 19 MB.
    yield Row(
        f"memory that {sizes.tests:,} tests with a fake leave", "memory after tests", unit="B", budget=2e6
    )


def _with_commas(text: str) -> str:
    return " ".join(f"{int(word):,}" if word.isdigit() else word for word in text.split(" "))
