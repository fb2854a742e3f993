"""
Measure the cost of the fake compared with moto and with the floor, and print a table with the budgets.

    python tests/benchmarks [--rounds 3] [--only TEXT] [--quick] [--compare CHECKOUT]

The floor is a canned response from a `before-call` hook in a process without the plugin: the cost of botocore itself.
Times are CPU time of the thread, as "median (lower quartile, upper quartile)". They vary between machines, and less
between runs; ratios compare the medians of one interleaved run. The benchmarks are not tests: an exceeded budget is
printed as NO.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from race import Race, Samples
from sizes import FULL, QUICK
from table import FLOOR, Row, rows

THIS, OTHER, MOTO = "this", "other", "moto"


def main() -> None:
    arguments = _arguments()
    chosen = [
        row
        for row in rows(QUICK if arguments.quick else FULL)
        if not arguments.only or any(text.lower() in row.what.lower() for text in arguments.only)
    ]
    checkouts = {THIS: Path(__file__).resolve().parents[2]}
    if arguments.compare is not None:
        checkouts[OTHER] = arguments.compare.resolve()
    race = Race(checkouts, chosen, is_quick=arguments.quick)
    for number in range(arguments.rounds):
        print(f"Round {number + 1} of {arguments.rounds}", file=sys.stderr)
        race.round()

    print(_machine(), "\n")
    print(_comparison(chosen, race.samples) if arguments.compare else _table(chosen, race.samples))
    for (side, name), error in race.errors.items():
        print(f"\n{name}, {side}: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "tests/benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="in how many processes each side is measured (3)"
    )
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="only the rows with that text; repeatable"
    )
    parser.add_argument("--quick", action="store_true", help="small states: to try the benchmarks out")
    parser.add_argument("--compare", type=Path, metavar="CHECKOUT", help="measure another checkout in turn")
    return parser.parse_args()


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("botocore", "boto3", "moto", "pytest"))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"Python {platform.python_version()} on {platform.machine()} {platform.system()}, {os.cpu_count()} CPUs, "
        f"load {load}; {versions}"
    )


def _table(chosen: list[Row], samples: Samples) -> str:
    lines = ["| what | ours | floor | moto | ours / moto | ratio | budget | met |", "|---" * 8 + "|"]
    for row in chosen:
        ours, moto = samples.get((THIS, row.measure), []), samples.get((MOTO, row.measure), [])
        floor = samples.get((FLOOR, row.measure), []) if row.over == FLOOR else []
        cells = [
            row.what,
            _spread(ours, row.unit),
            _median(floor, row.unit),
            _median(moto, row.unit),
            f"{_middle(ours) / _middle(moto):.3f}" if ours and moto else "",
            _quotient(row, THIS, samples),
            _budget(row),
            _is_met(row, samples),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _comparison(chosen: list[Row], samples: Samples) -> str:
    lines = [
        "| what | this | other | this / other | ratio | ratio of other | budget | met |",
        "|---" * 8 + "|",
    ]
    for row in chosen:
        this, other = (samples.get((side, row.measure), []) for side in (THIS, OTHER))
        cells = [
            row.what,
            _spread(this, row.unit),
            _spread(other, row.unit),
            f"{_middle(this) / _middle(other):.2f}" if this and other and _middle(other) else "",
            _quotient(row, THIS, samples),
            _quotient(row, OTHER, samples),
            _budget(row),
            _is_met(row, samples),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(row: Row, side: str, samples: Samples) -> float | None:
    below = (FLOOR, row.measure) if row.over == FLOOR else (side, str(row.over))
    above = (side, row.measure)
    if row.over is None or not samples.get(above) or not samples.get(below):
        return None
    return _middle(samples[above]) / _middle(samples[below]) / row.growth


def _quotient(row: Row, side: str, samples: Samples) -> str:
    ratio = _ratio(row, side, samples)
    return "" if ratio is None else f"{ratio:.2f}"


def _budget(row: Row) -> str:
    ratio = [] if row.most is None else [f"{row.most:g} x"]
    return ", ".join([*ratio, *([] if row.budget is None else [_quantity(row.budget, row.unit)])])


def _is_met(row: Row, samples: Samples) -> str:
    ours, ratio = samples.get((THIS, row.measure), []), _ratio(row, THIS, samples)
    if row.budget is None and row.most is None:
        return ""
    if not ours or (row.most is not None and ratio is None):
        return "not measured"
    is_small = row.budget is None or _middle(ours) <= row.budget
    return "yes" if is_small and (row.most is None or ratio <= row.most) else "NO"  # type: ignore[operator]


def _middle(values: list[float]) -> float:
    return statistics.median(values)


def _median(values: list[float], unit: str) -> str:
    return _quantity(_middle(values), unit) if values else ""


def _spread(values: list[float], unit: str) -> str:
    if len(values) < 2:
        return _median(values, unit)
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return f"{_median(values, unit)} ({_quantity(lower, unit)}, {_quantity(upper, unit)})"


def _quantity(value: float, unit: str) -> str:
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    if unit == "rows":
        return f"{value:,.0f}"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.0f} us"


main()
