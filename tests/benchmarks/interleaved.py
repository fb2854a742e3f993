"""Variants of one thing, measured side by side: only ratios mean something on a machine that does other work."""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from freezegun import api

#: What is measured: called with 0, 1, 2, ... inside the context that has prepared it.
Call = Callable[[int], object]
Variant = Callable[[], AbstractContextManager[Call]]


def race(variants: Mapping[str, Variant], *, rounds: int, repeats: int) -> dict[str, float]:
    """
    The median seconds of one call of each variant.

    In each round every variant comes once, in an order that is drawn anew, on a world that it has
    prepared itself, outside of the measured time.
    """
    order, seconds = list(variants), {name: [] for name in variants}
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            with variants[name]() as call:
                gc.collect()
                seconds[name].append(_timed(call, repeats))
    return {name: statistics.median(values) for name, values in seconds.items()}


def _timed(call: Call, repeats: int) -> float:
    # freezegun's own name for the real clock: a variant may have stopped every other one.
    start = api.real_perf_counter()
    for number in range(repeats):
        call(number)
    return (api.real_perf_counter() - start) / repeats
