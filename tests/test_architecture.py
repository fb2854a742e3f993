"""The import rules of the package: one direction between folders, no cycles, third parties only where allowed."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

import pytest_fakesecrets

PACKAGE = "pytest_fakesecrets"
ROOT = Path(pytest_fakesecrets.__file__).parent

#: A folder may import from folders of a higher rank, and from itself.
RANKS = {
    "": 0,  # plugin.py and __init__.py
    "_plugin": 1,
    "_contract": 2,
    "_fake": 3,
    "_report": 4,
    "_rotation": 4,
    "_transport": 4,
    "_service": 5,
    "_operations": 6,
    "_core": 7,
}

#: The only import between siblings: the report registers for each backend that becomes active.
BETWEEN_SIBLINGS = {"_report/pytest_hooks": "_transport/state"}

#: Where a third party may be imported: a folder, or a module.
THIRD_PARTIES = {
    "pytest": ("plugin", "_plugin", "_contract", "_report/pytest_hooks"),
    "botocore": ("_transport", "_service/parser"),
    "freezegun": ("_service/freeze", "_service/real_time"),
    "dateutil": ("_service/clock",),
    "croniter": ("_core/cron",),
    "types_boto3_secretsmanager": ("plugin", "_fake/fake"),
}

#: Third parties that only type checkers import.
STUBS = {"types_boto3_secretsmanager"}

TREE = {
    PurePosixPath(path.relative_to(ROOT).with_suffix("")): path.read_text("utf-8")
    for path in ROOT.rglob("*.py")
}


def folder(module):
    return module.parts[0] if len(module.parts) > 1 else ""


@cache
def imports(module, source):
    """Yield each imported name in full, with slashes, and whether only type checkers import it."""
    return tuple(imports_of(module, source))


def imports_of(module, source):
    tree = ast.parse(source)
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = [PACKAGE, *module.parts]
            base = (
                [*here[: len(here) - node.level], *filter(None, [node.module])]
                if node.level
                else [node.module]
            )
            names = [".".join([*base, alias.name]) for alias in node.names]
        else:
            continue
        yield from ((PurePosixPath(*name.split(".")), node in guarded) for name in names)


def module_of(name, tree):
    """Return the module of a name: "_core/staging_labels" for pytest_fakesecrets._core.staging_labels.CURRENT."""
    inside = PurePosixPath(*name.parts[1:])
    candidates = (inside, inside / "__init__", inside.parent, inside.parent / "__init__")
    return next((candidate for candidate in candidates if candidate in tree), inside)


def broken_rules(tree):
    graph = {}
    for module, source in tree.items():
        for name, is_typing_only in imports(module, source):
            if name.parts[0] != PACKAGE:
                yield from _third_party(module, name, is_typing_only)
                continue
            target = module_of(name, tree)
            if folder(target) == folder(module):
                graph.setdefault(module, set()).add(target)
            elif BETWEEN_SIBLINGS.get(str(module)) == str(target):
                continue
            elif folder(target) not in RANKS or RANKS[folder(target)] <= RANKS.get(folder(module), 9):
                yield f"{module} must not import {target}"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"imports form a cycle: {' -> '.join(map(str, error.args[1]))}"


def _third_party(module, name, is_typing_only):
    top = name.parts[0]
    allowed = any(place in (str(module), folder(module)) for place in THIRD_PARTIES.get(top, ()))
    if top not in sys.stdlib_module_names and not (allowed and (is_typing_only or top not in STUBS)):
        yield f"{module} must not import {top}"


def test_folders_import_one_way_and_without_cycles():
    assert list(broken_rules(TREE)) == []


@pytest.mark.parametrize(
    ("module", "added", "problem"),
    [
        pytest.param(
            "_service/clock",
            "from pytest_fakesecrets._rotation.step_driver import RotationDriver",
            "_service/clock must not import _rotation/step_driver",
            id="a folder to the left",
        ),
        pytest.param(
            "_service/clock",
            "from pytest_fakesecrets._fake import backend",
            "_service/clock must not import _fake/backend",
            id="a module of a folder to the left",
        ),
        pytest.param(
            "_transport/botocore_hooks",
            "def late():\n    from pytest_fakesecrets._report.html_page import page",
            "_transport/botocore_hooks must not import _report/html_page",
            id="a sibling, inside a function",
        ),
        pytest.param(
            "_rotation/step_driver",
            "if TYPE_CHECKING:\n    from pytest_fakesecrets import FakeSecrets",
            "_rotation/step_driver must not import __init__",
            id="the package itself, for type checkers",
        ),
        pytest.param(
            "_core/staging_labels",
            "import pytest_fakesecrets.plugin",
            "_core/staging_labels must not import plugin",
            id="the plugin",
        ),
        pytest.param("_core/arn", "import pytest", "_core/arn must not import pytest", id="pytest"),
        pytest.param(
            "_service/service",
            "from botocore.model import Shape",
            "_service/service must not import botocore",
            id="botocore outside of the parser",
        ),
        pytest.param(
            "_fake/fake",
            "from types_boto3_secretsmanager import Client",
            "_fake/fake must not import types_boto3_secretsmanager",
            id="stubs at run time",
        ),
        pytest.param(
            "_core/errors",
            "from .store import Store",
            "imports form a cycle: _core/",
            id="a cycle inside a folder",
        ),
    ],
)
def test_an_import_that_breaks_a_rule_is_reported(module, added, problem):
    path = PurePosixPath(module)

    found = list(broken_rules({**TREE, path: f"{TREE.get(path, '')}\n{added}\n"}))

    assert [text for text in found if text.startswith(problem)]


def test_no_function_is_longer_than_40_lines_and_its_docstring():
    lengths = {
        f"{module}: {node.name}": node.end_lineno
        - node.lineno
        + 1
        - len((ast.get_docstring(node) or "").splitlines())
        for module, source in TREE.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > 40} == {}


def test_the_package_has_at_most_twelve_entries():
    assert len([path for path in ROOT.iterdir() if path.name != "__pycache__"]) <= 12


def test_the_plugin_module_stays_under_100_lines():
    assert len(TREE[PurePosixPath("plugin")].splitlines()) < 100


@pytest.mark.parametrize("part", ["_core", "_operations"])
def test_a_pure_folder_imports_without_botocore_installed(part):
    names = [
        ".".join([PACKAGE, *module.parts]).removesuffix(".__init__")
        for module in TREE
        if folder(module) == part
    ]
    script = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("botocore", "boto3", "aiobotocore", "freezegun", "pytest"):
            raise ModuleNotFoundError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""

    ran = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=False)

    assert names
    assert ran.stderr == ""
    assert ran.returncode == 0


def test_every_public_name_is_documented():
    assert [
        name for name in pytest_fakesecrets.__all__ if not getattr(pytest_fakesecrets, name).__doc__
    ] == []


def test_the_public_names_are_sorted():
    assert pytest_fakesecrets.__all__ == sorted(
        pytest_fakesecrets.__all__, key=lambda name: (not name.isupper(), name)
    )


def names_for_type_checkers(source):
    """Return the module of each name that is imported only for type checkers."""
    [block] = [
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {alias.name: (node.module, alias.asname) for node in block for alias in node.names}


def test_type_checkers_see_the_lazily_imported_names():
    source = TREE[PurePosixPath("__init__")]

    expected = {name: (module, name) for name, module in pytest_fakesecrets._MODULES.items()}
    assert names_for_type_checkers(source) == expected


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'pytest_fakesecrets' has no attribute 'Nobody'$"):
        _ = pytest_fakesecrets.Nobody


def test_reading_every_attribute_of_the_package_imports_nothing():
    script = (
        "import sys, pytest_fakesecrets\n"
        "for name in dir(pytest_fakesecrets): getattr(pytest_fakesecrets, name)  # as freezegun does\n"
        "assert not {'pytest', 'botocore', 'freezegun'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
