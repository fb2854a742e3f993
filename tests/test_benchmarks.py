"""The benchmarks run, and print their measurements."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_fakesecrets

BENCHMARKS = Path(__file__).parent / "benchmarks"
CHECKOUT = Path(pytest_fakesecrets.__file__).parents[1]


def table(*arguments):
    command = [sys.executable, str(BENCHMARKS), "--quick", "--rounds", "1", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stderr == "Round 1 of 1\n"
    machine, _, *lines = ran.stdout.splitlines()
    assert machine.startswith("Python ")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.long
def test_the_benchmarks_print_a_table_for_the_fake_moto_and_the_floor():
    header, _, enter, get, *growing, rows = table(
        "--only", "enter", "--only", "GetSecretValue", "--only", "rows"
    )

    assert header == ["what", "ours", "floor", "moto", "ours / moto", "ratio", "budget", "met"]
    assert enter[0] == "enter and leave"
    assert enter[2] == enter[5] == ""
    assert re.fullmatch(r"[\d.]+ [um]s \([\d.]+ [um]s, [\d.]+ [um]s\)", enter[1])
    assert get[0] == "GetSecretValue"
    assert float(get[5]) > 1
    assert get[6] == "1.5 x"
    assert get[7] in ("yes", "NO")
    assert {row[6] for row in growing if "times" in row[0]} == {"1.2 x"}
    assert rows[0] == "rows in the report section of 50 secrets"
    assert int(rows[1]) > 0


@pytest.mark.long
def test_the_benchmarks_compare_two_checkouts():
    header, _, enter = table("--only", "enter and leave", "--compare", str(CHECKOUT))

    assert header == ["what", "this", "other", "this / other", "ratio", "ratio of other", "budget", "met"]
    assert 0.2 < float(enter[3]) < 5


@pytest.mark.long
def test_a_directory_without_the_package_is_rejected(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as raised:
        table("--only", "enter and leave", "--compare", str(tmp_path))

    assert f"{tmp_path} was to be measured, and " in raised.value.stderr
