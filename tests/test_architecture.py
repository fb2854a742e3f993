"""What the package imports, and how large its parts are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_fakesecrets

PACKAGE = "pytest_fakesecrets"
ROOT = Path(pytest_fakesecrets.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

#: A part imports from its own rank and from those to its right.
RANKS = [
    {"plugin", "_advice", "_report_plugin"},
    {"_isolation"},
    {"__init__", "_contract"},
    {"_scenarios"},
    {"_trial"},
    {"_fake", "_clients", "_pausing", "_seeding", "_looking"},
    {"_world"},
    {
        "_answers",
        "_calling",
        "_findings",
        "_values",
        "_hook",
        "_guard",
        "_observers",
        "_second_door",
        "_plan",
        "_rotation",
        "_driver",
        "_view",
        "_timeline",
        "_explain",
        "_events",
        "_failures",
        "_server",
        "_loopback",
        "_install",
        "_target",
        "_report",
        "_telling",
        "_page",
        "_chart",
        "_style",
    },
    {"_service"},
    {
        "_model",
        "_faults",
        "_retries",
        "_cold_start",
        "_target_calls",
        "_environment",
        "_output",
        "_history",
        "_clock",
        "_freeze",
        "_measuring",
        "_ids",
        "_functions",
        "_words",
        "_wire",
        "_hints",
        "_agenda",
        "_redaction",
        "_region",
        "_search",
        "_decoding",
        "_barrier",
    },
    {"_operations"},
    {"_core"},
]

THIRD_PARTIES = {
    "pytest": {"plugin", "_advice", "_isolation", "_contract", "_scenarios", "_report_plugin"},
    "botocore": {
        "_answers",
        "_faults",
        "_guard",
        "_hook",
        "_install",
        "_model",
        "_scenarios",
        "_second_door",
    },
    "freezegun": {"_freeze", "_measuring"},
    "dateutil": {"_clock"},
    "croniter": {"_core"},
}

#: Third parties that only type checkers load.
STUBS = {"types_boto3_secretsmanager": {"plugin", "_clients", "_contract"}}


def module_id(path):
    return path.relative_to(ROOT).as_posix()


def dotted(path):
    """The name under which a file of the package is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([PACKAGE, *(part for part in parts if part != "__init__")])


def part_of(name):
    """The part to which a module of the package belongs: "_core" for pytest_fakesecrets._core.labels."""
    return name.split(".")[1] if "." in name else "__init__"


def rank(part):
    return next((place for place, parts in enumerate(RANKS) if part in parts), None)


def imports(path, source):
    """Each name that a module imports, in full, and whether only type checkers get to see it."""
    tree = ast.parse(source)
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in typing_only
        elif isinstance(node, ast.ImportFrom):
            base = base_of(path, node)
            for alias in node.names:
                # "from . import labels" imports a module, "from .labels import CURRENT" a name in one.
                name = f"{base}.{alias.name}"
                yield name if name in NAMES else base, node in typing_only


def base_of(path, node):
    if not node.level:
        return node.module
    package = dotted(path).split(".")
    up = node.level - (path.name == "__init__.py")
    return ".".join([*package[: len(package) - up], *filter(None, [node.module])])


NAMES = {dotted(path) for path in MODULES}


def broken_rules(path, source):
    me = part_of(dotted(path))
    for name, is_typing_only in imports(path, source):
        top = name.partition(".")[0]
        if top == PACKAGE:
            if rank(part_of(name)) is None:
                yield f"{part_of(name)} has no rank: put it into RANKS"
            elif rank(part_of(name)) < rank(me):
                yield f"{me} must not import {name}"
        elif top in STUBS:
            if not (is_typing_only and me in STUBS[top]):
                yield f"{me} must not import {name}"
        elif top not in sys.stdlib_module_names and me not in THIRD_PARTIES.get(top, ()):
            yield f"{me} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_every_part_has_its_rank(path):
    assert rank(part_of(dotted(path))) is not None


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_imports_point_one_way(path):
    assert list(broken_rules(path, path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("file", "source", "told"),
    [
        pytest.param(
            "_clock.py",
            "from ._service import Service",
            ["_clock must not import {0}._service"],
            id="a name in a module to the left",
        ),
        pytest.param(
            "_clock.py",
            "from . import _service",
            ["_clock must not import {0}._service"],
            id="a module to the left",
        ),
        pytest.param(
            "_clock.py",
            "from . import FakeSecrets",
            ["_clock must not import {0}"],
            id="a name of the package itself",
        ),
        pytest.param(
            "_clock.py", "import {0}._fake", ["_clock must not import {0}._fake"], id="an absolute import"
        ),
        pytest.param(
            "_clock.py",
            "from {0} import _fake",
            ["_clock must not import {0}._fake"],
            id="an absolute import of a name",
        ),
        pytest.param(
            "_clock.py",
            "from ._new import one",
            ["_new has no rank: put it into RANKS"],
            id="a module without a rank",
        ),
        pytest.param(
            "_clock.py",
            "if TYPE_CHECKING:\n    from ._service import Service",
            ["_clock must not import {0}._service"],
            id="for type checkers only",
        ),
        pytest.param(
            "_core/labels.py",
            "from .._model import encode",
            ["_core must not import {0}._model"],
            id="two levels up",
        ),
        pytest.param("_core/labels.py", "from . import errors", [], id="a neighbour"),
        pytest.param("_core/__init__.py", "from . import labels", [], id="a module of its own package"),
        pytest.param(
            "_core/__init__.py",
            "from .. import _words",
            ["_core must not import {0}._words"],
            id="two levels up from a package",
        ),
        pytest.param(
            "_model.py",
            "def late():\n    import pytest",
            ["_model must not import pytest"],
            id="inside a function",
        ),
        pytest.param("_model.py", "import botocore.model", [], id="botocore where it may be"),
        pytest.param(
            "_service.py",
            "import botocore.model",
            ["_service must not import botocore.model"],
            id="botocore where it may not be",
        ),
        pytest.param("_fake.py", "import boto3", ["_fake must not import boto3"], id="boto3"),
        pytest.param(
            "_fake.py",
            "from types_boto3_secretsmanager import Client",
            ["_fake must not import types_boto3_secretsmanager"],
            id="stubs at run time",
        ),
        pytest.param(
            "_clients.py",
            "if TYPE_CHECKING:\n    from types_boto3_secretsmanager import Client",
            [],
            id="stubs for type checkers",
        ),
        pytest.param(
            "_view.py",
            "if TYPE_CHECKING:\n    from types_boto3_secretsmanager import Client",
            ["_view must not import types_boto3_secretsmanager"],
            id="stubs where they may not be",
        ),
    ],
)
def test_the_rule_sees_every_way_to_import(file, source, told):
    broken = list(broken_rules(ROOT / file, source.format(PACKAGE)))

    assert broken == [text.format(PACKAGE) for text in told]


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_no_function_is_longer_than_40_lines_and_its_docstring(path):
    lengths = {
        node.name: node.end_lineno - node.lineno + 1 - len((ast.get_docstring(node) or "").splitlines())
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > 40} == {}


def test_the_plugin_module_stays_under_100_lines():
    assert len((ROOT / "plugin.py").read_text("utf-8").splitlines()) < 100


@pytest.mark.parametrize("part", ["_core", "_operations"])
def test_what_decides_imports_without_botocore_installed(part):
    names = [name for name in sorted(NAMES) if part_of(name) == part]
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


@pytest.mark.parametrize("name", pytest_fakesecrets.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(pytest_fakesecrets, name).__doc__


def test_the_public_names_are_sorted():
    assert pytest_fakesecrets.__all__ == sorted(
        pytest_fakesecrets.__all__, key=lambda name: (not name.isupper(), name)
    )


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'pytest_fakesecrets' has no attribute 'Nobody'$"):
        _ = pytest_fakesecrets.Nobody


def test_what_takes_every_name_of_a_module_loads_nothing_of_ours():
    script = (
        "import sys, pytest_fakesecrets\n"
        "for name in dir(pytest_fakesecrets): getattr(pytest_fakesecrets, name)  # as freezegun does\n"
        "assert not {'pytest', 'botocore', 'freezegun'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
