"""
Measure what the fake costs, beside moto and beside the floor, and print it as a table.

    python tests/benchmarks [--rounds 15]

The floor is a canned answer from a `before-call` hook on the same kind of client: what botocore itself
costs. Times differ from machine to machine, and from minute to minute on one that does other work; the
ratios are of medians of one interleaved run.
"""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import version

import around
import calls
import rotations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each variant is measured (15)")
    rounds = parser.parse_args().rounds

    print(_machine(), "\n")
    print("| what | ours | moto | x floor | x moto | budget | met |")
    print("|---|---|---|---|---|---|---|")
    _start_up(rounds)
    _calls(calls.calls(rounds))
    _growth(calls.growth(max(5, rounds // 3)))
    _rotations(rounds)
    _large_worlds(max(3, rounds // 5))


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("botocore", "boto3", "moto", "pytest"))
    return f"Python {platform.python_version()} on {platform.machine()} {platform.system()}, {versions}"


def _row(
    what: str,
    ours: float,
    *,
    moto: float | None = None,
    floor: float | None = None,
    budget: str = "",
    met: bool = True,
) -> None:
    cells = [
        what,
        _duration(ours),
        "" if moto is None else _duration(moto),
        "" if floor is None else f"{ours / floor:.2f}",
        "" if moto is None else f"{ours / moto:.3f}",
        budget,
        ("yes" if met else "NO") if budget else "",
    ]
    print("|", " | ".join(cells), "|", flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} us"


def _start_up(rounds: int) -> None:
    starting = around.starting(rounds)
    plugin, moto = starting["import of the plugin"], starting["import of moto"]
    _row(
        "import of the plugin; `from moto import mock_aws`",
        plugin,
        moto=moto,
        budget="5 ms",
        met=plugin <= 5e-3,
    )
    _row("pytest --collect-only with the plugin, unused", starting["with it"])
    _row("pytest --collect-only without it", starting["without it"])
    entering = around.entering(rounds)
    _row(
        "enter and leave",
        entering["ours"],
        moto=entering["moto"],
        budget="0.3 ms",
        met=entering["ours"] <= 3e-4,
    )
    made = around.clients(rounds)
    _row("`fakesecrets_client`", made["ours"], budget="5 ms", met=made["ours"] <= 5e-3)
    _row("a client of botocore's from a kept session", made["a kept session"])
    _row("a client of a new boto3 session", made["a new session"])
    test = around.one_test(rounds)
    _row("a test: client, create, read", test["ours"], moto=test["moto"])


def _calls(measured: dict[str, dict[str, float]]) -> None:
    for operation, seconds in measured.items():
        ours, floor, moto = seconds["ours"], seconds["floor"], seconds["moto"]
        held = operation in ("GetSecretValue", "PutSecretValue", "DescribeSecret")
        budget = "1.5 x floor" if held else ""
        _row(operation, ours, moto=moto, floor=floor, budget=budget, met=ours <= 1.5 * floor)
        parsing = ours / seconds["floor that parses"]
        print(f"| ... beside a floor that parses its answer | | | {parsing:.2f} | | | |")


def _growth(measured: dict[str, dict[str, float]]) -> None:
    for operation, seconds in measured.items():
        for size in ("100 secrets", "10,000 secrets", "100 versions"):
            ours, small = seconds[f"ours, {size}"], seconds["ours, 1 secret"]
            held = operation != "ListSecretVersionIds" and size != "100 secrets"
            what = f"{operation}, {size}: {ours / small:.2f} x one"
            budget = "1.2 x one" if held else ""
            _row(what, ours, moto=seconds[f"moto, {size}"], budget=budget, met=ours <= 1.2 * small)


def _rotations(rounds: int) -> None:
    full = rotations.full_rotation(rounds)
    ours = full["ours"]
    _row(
        "a full rotation, 13 calls",
        ours,
        moto=full["moto"],
        floor=full["floor"],
        budget="5 ms",
        met=ours <= 5e-3,
    )
    due = rotations.due_among(rounds)
    among, alone = due["1,000 schedules"], due["1 schedule"]
    what = f"a rotation due among 1,000 schedules: {among / alone:.2f} x alone"
    _row(what, among, budget="that of one", met=among <= 1.2 * alone)


def _large_worlds(rounds: int) -> None:
    pages = around.pages(rounds)
    ours, floor = pages["ours"], pages["floor that parses"]
    _row(
        "ListSecrets, a page of 100 among 10,000 (floor: parsed)", ours, moto=pages["moto"], floor=floor,
        budget="1.5 x floor", met=ours <= 1.5 * floor,
    )  # fmt: skip
    _row("ListSecrets, a page of 100 among 1,000", pages["ours, a tenth of them"], floor=floor)
    written = around.pages_after_writes(rounds)
    _row(
        "PutSecretValue and then ListSecrets, one of 10,000", written["ours"], moto=written["moto"],
        budget="1 ms", met=written["ours"] <= 1e-3,
    )  # fmt: skip
    held = around.memory()
    megabytes = {side: size / 1e6 for side, size in held.items()}
    met = "yes" if megabytes["ours"] <= 15 else "NO"
    print(
        f"| memory of 10,000 secrets of 100 bytes | {megabytes['ours']:.1f} MB | {megabytes['moto']:.1f} MB | "
        f"| {megabytes['ours'] / megabytes['moto']:.2f} | 15 MB | {met} |"
    )


sys.exit(main())
