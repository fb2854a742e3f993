"""The types of what is public: mypy and pyright, both strict, read a project as a user writes one."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import pytest_fakesecrets
from pytest_fakesecrets import plugin

PROJECT = Path(__file__).parent / "typing_project"
FILES = sorted(PROJECT.glob("*.py"))

#: Public to the other parts of the package, and of no use in a test.
OF_THE_PACKAGE = {
    "Assumptions": {"changed"},
    "Clock": {"at"},
    "CredentialTarget": {"outlives_functions"},
    "FakeSecrets": {"recorded"},
    "Fault": {"concerns", "failure", "use"},
    "Rotation": {
        "advanced",
        "attempts_before",
        "has_reached_its_goal",
        "has_steps_left",
        "is_at_its_end",
        "plan",
        "position",
        "reattempted",
        "retried",
    },
}

OF_THE_PACKAGE["RotationContract"] = {
    name for name in dir(pytest_fakesecrets.RotationContract) if name.startswith("test_")
}

#: Wrong uses, and how each of the two reports them: the code of mypy, the rule of pyright.
WRONG = {
    "driver.step(3)": ("arg-type", "reportArgumentType"),
    "driver.run('db')": ("call-arg", "reportCallIssue"),
    "driver.pending[0].status = 'failed'": ("misc", "reportAttributeAccessIssue"),
    "view.staging.append('AWSPENDING')": ("attr-defined", "reportAttributeAccessIssue"),
    "view.staging['v1'] = {'AWSPENDING'}": ("index", "reportIndexIssue"),
    "view.labels.pop('AWSPENDING')": ("attr-defined", "reportAttributeAccessIssue"),
    "view.name = 'other'": ("misc", "reportAttributeAccessIssue"),
    "view.value().encode()": ("union-attr", "reportAttributeAccessIssue"),
    "view.next_rotation.opens": ("union-attr", "reportOptionalMemberAccess"),
    "fake.rotat('db')": ("attr-defined", "reportAttributeAccessIssue"),
    "fake.client(3)": ("arg-type", "reportArgumentType"),
    "fake.client().create_secret(Name=3)": ("arg-type", "reportArgumentType"),
    "fake.schedule('db')": ("call-arg", "reportCallIssue"),
    "fake.add_secret('db', 3)": ("arg-type", "reportArgumentType"),
    "fake.add_secret('db', previous_value=[1])": ("arg-type", "reportArgumentType"),
    "fake.serve('2773')": ("arg-type", "reportArgumentType"),
    "fake.serve(ttl=300)": ("arg-type", "reportArgumentType"),
    "fake.add_secret('db', owning_servic='rds')": ("call-arg", "reportCallIssue"),
    "fake.add_rotation_function(one_argument)": ("arg-type", "reportArgumentType"),
    "fake.add_rotation_function(handler, 'name')": ("call-arg", "reportCallIssue"),
    "fake.history.append(call)": ("attr-defined", "reportAttributeAccessIssue"),
    "call.operation = 'other'": ("misc", "reportAttributeAccessIssue"),
    "call.operation == 3 or None": ("comparison-overlap", "reportUnnecessaryComparison"),
    "clock.move_to(3)": ("arg-type", "reportArgumentType"),
    "clock.tick('a day')": ("arg-type", "reportArgumentType"),
    "fake.fail('ListSecrets', 503)": ("arg-type", "reportArgumentType"),
    "fake.fail('ListSecrets', (503, 'Code'))": ("arg-type", "reportArgumentType"),
    "fake.fail('ListSecrets', 'ThrottlingException', 3)": ("call-arg", "reportCallIssue"),
    "fake.fail('ListSecrets', 'ThrottlingException', times='all')": ("arg-type", "reportArgumentType"),
    "fake.add_rotation_function(handler, timeout=30)": ("arg-type", "reportArgumentType"),
    "clock.now()": ("operator", "reportCallIssue"),
    "target.log_in('app')": ("call-arg", "reportCallIssue"),
    "target.change_password('app', b'new')": ("arg-type", "reportArgumentType"),
    "target.calls.append('log_in')": ("attr-defined", "reportAttributeAccessIssue"),
    "target.users = ()": ("misc", "reportAttributeAccessIssue"),
    "target.applies_after = 3": ("assignment", "reportAttributeAccessIssue"),
    "pytest_fakesecrets.CredentialTarget({'app': None})": ("dict-item", "reportArgumentType"),
    "server.url = 3": ("assignment", "reportAttributeAccessIssue"),
    "pytest_fakesecrets.FakeSecret()": ("attr-defined", "reportAttributeAccessIssue"),
    "pytest_fakesecrets.FakeSecrets(7)": ("call-arg", "reportCallIssue"),
    "pytest_fakesecrets.Assumptions(rotate_at='noon')": ("arg-type", "reportArgumentType"),
}

WRONG_BEFORE = """
from __future__ import annotations

import pytest_fakesecrets
from pytest_fakesecrets import Call, Clock, CredentialTarget, FakeSecrets, RotationDriver, SecretView, Server


def one_argument(event: object) -> None: ...


def handler(event: object, context: object) -> None: ...


def wrong(
    call: Call,
    clock: Clock,
    driver: RotationDriver,
    fake: FakeSecrets,
    server: Server,
    target: CredentialTarget,
    view: SecretView,
) -> None:
""".lstrip()


def is_installed(distribution):
    try:
        return bool(metadata.version(distribution))
    except metadata.PackageNotFoundError:
        return False


def needs(*distributions):
    """Skip where something is not installed, unless the tests have to run."""
    missing = [distribution for distribution in distributions if not is_installed(distribution)]
    if missing:
        end = pytest.fail if os.environ.get("FAKESECRETS_TESTS_MUST_RUN") else pytest.skip
        end(f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """A module of wrong lines, in a folder of its own."""
    path = tmp_path_factory.mktemp("wrong") / "wrong_uses.py"
    path.write_text(WRONG_BEFORE + "".join(f"    {line}\n" for line in WRONG), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def said_by_mypy(wrong, request, tmp_path_factory):
    """What mypy has to say: file, line, code, and the text for the reader of a failure."""
    needs("mypy", "types-boto3", "types-boto3-secretsmanager")
    cache = getattr(request.config, "cache", None)
    kept = cache.mkdir("fakesecrets-mypy") if cache else tmp_path_factory.mktemp("mypy")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={kept}"),
            *("--output=json", *(path.name for path in FILES), str(wrong)),
        ],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    return [
        (Path(each["file"]).name, each["line"], each["code"], each["message"])
        for each in said
        if each["severity"] == "error"
    ]


@pytest.fixture(scope="module")
def said_by_pyright(wrong, tmp_path_factory):
    """What pyright has to say, in the same form. Its configuration stands beside a copy of the project."""
    needs("pyright", "types-boto3", "types-boto3-secretsmanager")
    folder = tmp_path_factory.mktemp("pyright")
    for path in (*FILES, wrong):
        shutil.copy(path, folder)
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    report = json.loads(ran.stdout)
    assert report["summary"]["filesAnalyzed"] == len(FILES) + 1
    return [
        (
            Path(each["file"]).name,
            each["range"]["start"]["line"] + 1,
            each.get("rule", "syntax"),
            each["message"],
        )
        for each in report["generalDiagnostics"]
    ]


def about_lines(said):
    """The codes that were reported for each wrong line."""
    first = len(WRONG_BEFORE.splitlines()) + 1
    reported = {line: set() for line in WRONG}
    for name, number, code, message in said:
        if name == "wrong_uses.py":
            assert number >= first, message
            reported[[*WRONG][number - first]].add(code)
    return reported


@pytest.mark.long
@pytest.mark.parametrize("tool", ["said_by_mypy", "said_by_pyright"])
class TestTypeCheckers:
    def test_find_nothing_in_the_project_of_a_user(self, request, tool):
        said = request.getfixturevalue(tool)

        assert [each for each in said if each[0] != "wrong_uses.py"] == []

    def test_find_every_wrong_use(self, request, tool):
        reported = about_lines(request.getfixturevalue(tool))

        expected = {line: codes[tool == "said_by_pyright"] for line, codes in WRONG.items()}
        assert {line: code for line, code in expected.items() if code not in reported[line]} == {}


def test_the_project_of_a_user_passes(pytester):
    needs("boto3")
    for path in FILES:
        shutil.copy(path, pytester.path / path.name.replace("user_conftest", "conftest"))

    pytester.makeini("[pytest]\npython_files = user_*.py\npythonpath = .\n")

    ran = pytester.runpytest_inprocess("-W", "error", "-p", "no:randomly")

    ran.assert_outcomes(passed=20, skipped=27)


def members(cls):
    """What is public in a class of the package, the attributes among it that only an instance has."""
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] != "pytest_fakesecrets":
            continue
        yield from (name for name in vars(base) if not name.startswith("_"))
        for node in ast.walk(classes()[base.__name__]):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()) if node.attr[0] != "_":
                    yield node.attr


@cache
def classes():
    """The statement that defines each class of the package. The `__module__` of a public one does not name its file."""
    return {
        node.name: node
        for path in Path(pytest_fakesecrets.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def public_members():
    """Each public class and what a user may call of it."""
    return {
        (name, member)
        for name in pytest_fakesecrets.__all__
        if isinstance(getattr(pytest_fakesecrets, name), type)
        for member in set(members(getattr(pytest_fakesecrets, name))) - OF_THE_PACKAGE.get(name, set())
    }


TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]


def parameters():
    """The name and the annotation of each parameter of each function in the project, with its function."""
    for tree in TREES:
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for parameter in function.args.args:
                    if parameter.annotation is not None:
                        yield function, parameter.arg, ast.unparse(parameter.annotation)


def uses():
    """Each class and member that the project uses, where the class is that of a parameter."""
    for function, name, annotation in parameters():
        for node in ast.walk(function):
            match node:
                case ast.Attribute(value=ast.Name(id=used)) if used == name:
                    yield annotation, node.attr


class TestProject:
    def test_uses_every_public_name(self):
        used = {node.id for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Name)}

        assert set(pytest_fakesecrets.__all__) - used == set()

    @pytest.mark.long
    def test_uses_every_public_member(self):
        assert public_members() - set(uses()) == set()

    def test_leaves_out_nothing_that_is_not_there(self):
        there = {
            (name, member) for name in OF_THE_PACKAGE for member in members(getattr(pytest_fakesecrets, name))
        }

        assert {
            (name, left) for name, all_left in OF_THE_PACKAGE.items() for left in all_left
        } - there == set()

    def test_annotates_every_fixture_with_what_it_gives(self):
        given = {}
        for node in ast.walk(ast.parse(inspect.getsource(plugin))):
            match node:
                case ast.FunctionDef(name=name, decorator_list=[decorator], returns=returns) if (
                    ast.unparse(decorator) == "pytest.fixture"
                ):
                    given[name] = ast.unparse(returns).removeprefix("Iterator[").removesuffix("]")

        annotated = {(name, annotation) for _, name, annotation in parameters() if name in given}

        assert len(given) >= 5
        assert annotated == set(given.items())

    @pytest.mark.long
    def test_is_not_collected(self, pytester):
        ran = pytester.runpytest("--collect-only", "-q", str(PROJECT))

        assert ran.ret == pytest.ExitCode.NO_TESTS_COLLECTED
