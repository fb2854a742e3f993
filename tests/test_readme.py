"""The README: its first example runs as it stands, its commands are those of the checks, its lists are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_fakesecrets import Assumptions, FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.parser import service_model

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_first_example_stands_on_the_first_screen():
    assert README.splitlines().index("```python") < 20


def test_the_first_example_passes_as_it_stands(pytester):
    pytester.makepyfile(EXAMPLES[0])

    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_the_examples_of_a_clock_pass_with_the_function_of_the_first(pytester):
    function = EXAMPLES[0].partition("def test_")[0]
    first, second = [example for example in EXAMPLES if "fakesecrets_clock" in example]
    pytester.makepyfile(function + first + second)

    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_python(example):
    compile(example, "README.md", "exec")


def test_the_command_that_runs_the_tests_is_the_one_of_the_checks():
    command = next(line for line in README.splitlines() if line.endswith("-m pytest"))

    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_table_of_operations_is_whole():
    table = README.partition("<!-- operations -->")[2].partition("\n\n")[0]
    cells = {cell.strip() for line in table.strip().splitlines()[2:] for cell in line.split("|")}

    assert cells - {""} == set(OPERATIONS)
    assert set(service_model().operation_names) <= set(OPERATIONS)


def test_every_assumption_is_listed_where_aws_has_not_been_observed():
    section = README.partition("## Where AWS has not been observed")[2].partition("\n## ")[0]

    for name in Assumptions.__dataclass_fields__:
        assert f"`{name}`" in section


def test_every_public_name_of_the_fake_is_in_the_table():
    table = README.partition("| `FakeSecrets` | |")[2].partition("\n\n")[0]

    for name in vars(FakeSecrets):
        if not name.startswith("_") and name not in INTERNAL:
            assert f"`{name}" in table, name


#: What the doors, the plugin and the parts ask of the fake.
INTERNAL = {"is_active", "recorded"}
