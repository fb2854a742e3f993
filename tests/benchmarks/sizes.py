"""The sizes of the states for the benchmarks."""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    #: Few, more, and as many secrets as are usual; growth is measured between the first and the last.
    secrets: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    versions: int = 100
    schedules: tuple[int, ...] = (10, 100, 1_000)
    #: Secrets of which a timeline is printed.
    timelines: tuple[int, ...] = (100, 1_000, 3_000)
    replicas: tuple[int, ...] = (1, 12)
    #: Calls in the history.
    calls: tuple[int, ...] = (1_000, 100_000)
    #: Secrets in memory, each of 100 bytes.
    in_memory: int = 10_000
    #: Tests in one run of pytest, each with a fake.
    tests: int = 1_000


FULL = Sizes()
QUICK = Sizes(
    secrets=(100, 200),
    versions=20,
    schedules=(2, 10),
    timelines=(10, 50),
    replicas=(1, 3),
    calls=(100, 1_000),
    in_memory=1_000,
    tests=20,
)
