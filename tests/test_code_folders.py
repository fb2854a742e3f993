"""Rotation functions out of their own folders: each has its modules, and nothing of them is left in the process."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import threading
import warnings
from textwrap import dedent
from types import ModuleType, SimpleNamespace
from unittest import mock

import pytest

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationContract, RotationFailedWarning
from pytest_fakesecrets._service.user_code import raising_place

HANDLER = "lambda_function.lambda_handler"

#: What each file of a folder named NAME holds. The function adds what it sees to a list of the test.
FILES = {
    "lambda_function.py": """
        import boto3, helpers, os, sys
        from datetime import datetime
        from database import connection
        client = boto3.client("secretsmanager")
        region = client.meta.region_name, os.environ.get("COLOUR")
        steps = []

        def lambda_handler(event, context):
            import late
            from importlib import import_module
            steps.append(event["Step"])
            seen = (helpers.NAME, connection.NAME, late.NAME, import_module("later").NAME)
            sys.modules["seen_by_the_test"].append(
                (set(seen), list(steps), sys.path[0], os.environ["LAMBDA_TASK_ROOT"], region, datetime.now())
            )
            if event["Step"] == "createSecret":
                client.put_secret_value(SecretId=event["SecretId"], ClientRequestToken=event["ClientRequestToken"],
                                        SecretString="new", VersionStages=["AWSPENDING"])
            if event["Step"] == "finishSecret":
                helpers.finish(client, event["SecretId"], event["ClientRequestToken"])
    """,
    "helpers.py": """
        from __future__ import annotations
        from dataclasses import dataclass
        NAME = "{name}"

        @dataclass
        class Settings:  # dataclasses look for the module of a class in sys.modules
            colour: str = NAME

        def finish(client, arn, token):
            versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
            current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSCURRENT", RemoveFromVersionId=current, MoveToVersionId=token)
    """,
    "database/__init__.py": "",
    "database/connection.py": "from .names import NAME",
    "database/names/__init__.py": "from helpers import NAME",
    "late.py": "NAME = '{name}'",
    "later.py": "NAME = '{name}'",
    "namespace/module.py": "from helpers import NAME\ndef handler(event, context): return NAME",
}


@pytest.fixture
def folder(tmp_path):
    """Writes the folder of a function, and returns its path."""

    def written(name, files=FILES):
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).replace("{name}", name), "utf-8")
        return tmp_path / name

    return written


@pytest.fixture
def seen(monkeypatch):
    found = []
    monkeypatch.setitem(sys.modules, "seen_by_the_test", found)
    return found


def process():
    """What a folder changes in the process while it is in place."""
    names = {
        name for name in sys.modules if name.partition(".")[0] not in ("boto3", "botocore", "s3transfer")
    }
    own = {"lambda_function", "helpers", "database", "late", "later", "namespace", "nested", "module"}
    return (
        {name: sys.modules[name] for name in names if name.partition(".")[0] in own},
        list(sys.path),
        list(sys.meta_path),
        builtins.__import__,
        importlib.import_module,
    )


def rotate(fake, arn, name="db"):
    fake.add_secret(name, "old")
    return fake.rotate(name, arn)


def test_two_folders_with_files_of_the_same_names_are_two_functions(fakesecrets, folder, seen):
    before = process()
    arns = [
        fakesecrets.add_rotation_function(HANDLER, code=path, environ={"COLOUR": "blue"})
        for path in (folder("one"), str(folder("two")))
    ]

    for number, arn in enumerate([*arns, arns[0]]):
        rotation = rotate(fakesecrets, arn, f"db{number}")
        assert rotation.status == "succeeded", rotation.failure
        assert rotation.findings == () or {each.code for each in rotation.findings} == {"untested"}

    assert len(set(arns)) == 2
    assert [names for names, *_ in seen] == [{"one"}] * 4 + [{"two"}] * 4 + [{"one"}] * 4
    assert [os.path.basename(path) for _, _, path, *_ in seen[::4]] == ["one", "two", "one"]
    assert [path for _, _, path, *_ in seen] == [root for _, _, _, root, *_ in seen]
    assert {region for *_, region, _ in seen} == {("us-east-1", "blue")}
    assert len(seen[-1][1]) == 8  # the first function was warm
    assert process() == before


#: A function in the shape and layout in which AWS publishes its templates: one folder each, all with a lambda_function.py.
TEMPLATE = {
    "lambda_function.py": """
        import boto3, json, logging, os

        logger = logging.getLogger()
        TEMPLATE = "{name}"

        def lambda_handler(event, context):
            arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
            service_client = boto3.client("secretsmanager")
            versions = service_client.describe_secret(SecretId=arn)["VersionIdsToStages"]
            if token not in versions:
                raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
            if "AWSCURRENT" in versions[token]:
                return
            globals()[STEPS[step]](service_client, arn, token)

        STEPS = {"createSecret": "create_secret", "setSecret": "set_secret", "testSecret": "test_secret",
                 "finishSecret": "finish_secret"}

        def create_secret(service_client, arn, token):
            current = json.loads(service_client.get_secret_value(SecretId=arn)["SecretString"])
            try:
                service_client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
            except service_client.exceptions.ResourceNotFoundException:
                current |= {"template": TEMPLATE, "rotations": current.get("rotations", 0) + 1}
                service_client.put_secret_value(SecretId=arn, ClientRequestToken=token,
                                                SecretString=json.dumps(current), VersionStages=["AWSPENDING"])

        def set_secret(service_client, arn, token):
            logger.info("setSecret: %s", TEMPLATE)

        def test_secret(service_client, arn, token):
            pending = service_client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
            assert json.loads(pending["SecretString"])["template"] == TEMPLATE

        def finish_secret(service_client, arn, token):
            versions = service_client.describe_secret(SecretId=arn)["VersionIdsToStages"]
            current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
            service_client.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current)
    """,
}
ENGINES = ("MySQL", "PostgreSQL", "MariaDB", "Oracle", "SQLServer", "Db2", "MongoDB", "Redshift")


@pytest.mark.long
def test_all_folders_of_a_repository_of_templates_load_side_by_side(fakesecrets, folder):
    names = [f"{engine}Rotation{users}" for engine in ENGINES for users in ("SingleUser", "MultiUser")]
    before = process()
    arns = {
        name: fakesecrets.add_rotation_function(HANDLER, code=folder(name, TEMPLATE), name=name)
        for name in names
    }
    for name in names:
        fakesecrets.add_secret(name, {"password": "old"})

    for _ in range(2):
        for name, arn in arns.items():
            rotation = fakesecrets.rotate(name, arn)
            assert rotation.succeeded, rotation.failure

    values = {name: fakesecrets.secret(name).json() for name in names}
    assert values == {name: {"password": "old", "template": name, "rotations": 2} for name in names}
    assert process() == before


def test_a_module_of_the_process_is_neither_used_nor_changed(
    fakesecrets, folder, seen, monkeypatch, tmp_path
):
    monkeypatch.syspath_prepend(str(folder("process", {"helpers.py": "NAME = 'process'"})))
    importlib.import_module("helpers")
    before = process()

    rotation = rotate(fakesecrets, fakesecrets.add_rotation_function(HANDLER, code=folder("one")))

    assert rotation.succeeded
    assert {frozenset(names) for names, *_ in seen} == {frozenset({"one"})}
    assert process() == before
    assert sys.modules.pop("helpers").NAME == "process"


DRIVER = {
    "lambda_function.py": """
        import driver, settings, sys
        from driver.errors import Refused
        def lambda_handler(event, context):
            sys.modules["seen_by_the_test"].append((driver.NAME, Refused, settings.NAME))
    """,
    "driver/__init__.py": "NAME = 'of {name}'",
    "driver/errors.py": "Refused = 'of {name}'",
    "settings.py": """
        import sys
        class Settings:
            NAME = "of {name}"
        sys.modules[__name__] = Settings()
    """,
}


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
def test_an_object_that_is_not_a_module_replaces_a_package_of_the_folder(
    fakesecrets, folder, seen, monkeypatch
):
    """Packages as they are deployed have their drivers inside."""
    with monkeypatch.context() as replaced:
        driver, errors = SimpleNamespace(NAME="replaced"), SimpleNamespace(Refused="replaced")
        replaced.setitem(sys.modules, "driver", driver)
        replaced.setitem(sys.modules, "driver.errors", errors)
        rotate(fakesecrets, fakesecrets.add_rotation_function(HANDLER, code=folder("one", DRIVER)))
        assert (sys.modules["driver"], sys.modules["driver.errors"]) == (driver, errors)
    rotate(fakesecrets, fakesecrets.add_rotation_function(HANDLER, code=folder("two", DRIVER)), "db2")

    assert set(seen) == {("replaced", "replaced", "of one"), ("of two", "of two", "of two")}
    assert not {"driver", "driver.errors", "settings"} & sys.modules.keys()


CONNECTING = {
    "lambda_function.py": """
        import boto3, driver
        from database import pool

        def lambda_handler(event, context):
            boto3.client("secretsmanager").describe_secret(SecretId=event["SecretId"])
            if event["Step"] == "createSecret":
                set_secret()

        def set_secret():
            pool.connect()
    """,
    "database/__init__.py": "",
    "database/pool.py": """
        from driver import wire
        def connect():
            wire.connect()
    """,
    "driver/__init__.py": "from .wire import connect",
    "driver/wire.py": """
        def connect():
            raise ConnectionError("no route to db.example.com")
    """,
    "at_import.py": "import driver\n\ndriver.connect()\n",
}

REPLACED = "hint: The module 'driver' that the test has put into sys.modules is not used: the folder {} has its own. "
ADVICE = "Put a SimpleNamespace or a mock "


def hints_in(text):
    return [line for line in str(text).splitlines() if line.startswith("hint: ")]


class TestAModuleThatATestHasReplacedInVain:
    """The function uses the driver of its folder, and connects to the real host."""

    @pytest.fixture
    def failing(self, fakesecrets, folder):
        def failing(files=CONNECTING, **options):
            arn = fakesecrets.add_rotation_function(HANDLER, code=folder("one", files), **options)
            with pytest.warns(RotationFailedWarning) as warned:
                rotation = rotate(fakesecrets, arn, f"db{len(fakesecrets.rotations())}")
            with pytest.raises(AssertionError) as raised:
                fakesecrets.check(rotation)
            hints = hints_in(raised.value)
            if sys.version_info >= (3, 11):
                assert hints_in(warned[0].message) == hints == getattr(rotation.error, "__notes__", [])
            return hints

        return failing

    @pytest.mark.parametrize("cold_start", [False, True])
    def test_is_named_where_a_step_fails(self, failing, folder, monkeypatch, cold_start):
        monkeypatch.setitem(sys.modules, "driver", ModuleType("driver"))
        monkeypatch.setitem(sys.modules, "driver.wire", ModuleType("driver.wire"))
        monkeypatch.setitem(sys.modules, "unrelated", ModuleType("unrelated"))

        assert failing(cold_start=cold_start) == [f"{REPLACED.format(folder('one'))}{ADVICE}there."]

    def test_is_named_where_one_of_its_attributes_is_replaced(self, failing, folder, monkeypatch):
        """It is installed, or it is the file of the folder once more."""
        installed = {"driver/__init__.py": "from .wire import connect", "driver/wire.py": "connect = print"}
        for place in (folder("site-packages", installed), folder("one", CONNECTING)):
            with monkeypatch.context() as patched:
                patched.syspath_prepend(str(place))
                patched.delitem(sys.modules, "driver", raising=False)
                patched.delitem(sys.modules, "driver.wire", raising=False)
                importlib.invalidate_caches()
                importlib.import_module("driver")
                assert failing() == []
                for replacement in (mock.Mock(), lambda: None, type("Fake", (), {}), self.connect):
                    with monkeypatch.context() as once:
                        once.setattr("driver.connect", replacement)
                        assert failing() == [
                            f"hint: The module 'driver', of which the test has replaced 'connect', is not used: the folder "
                            f"{folder('one')} has its own. {ADVICE}into sys.modules['driver']."
                        ]
            sys.modules.pop("driver", None)
            sys.modules.pop("driver.wire", None)

    def connect(self):
        pass

    def test_has_no_hint_where_it_may_be_as_it_was_imported(self, failing, folder, monkeypatch):
        """A module of the project may have mocks and functions of other modules itself."""
        files = {
            "driver.py": "from unittest import mock\nconnect = mock.Mock()",
            "helping.py": "def help(): pass",
        }
        monkeypatch.syspath_prepend(str(folder("tests_of_it", files)))
        importlib.import_module("driver")

        assert failing() == []
        sys.modules.pop("driver")

    def test_has_no_hint_where_nothing_fails_or_a_mock_is_used(
        self, fakesecrets, folder, monkeypatch, recwarn
    ):
        monkeypatch.setitem(sys.modules, "unused", ModuleType("unused"))
        for driver in (SimpleNamespace(), mock.create_autospec(ModuleType("driver"))):
            with monkeypatch.context() as patched:
                driver.wire = SimpleNamespace(connect=lambda: None)
                patched.setitem(sys.modules, "driver", driver)
                arn = fakesecrets.add_rotation_function(HANDLER, code=folder("one", CONNECTING))
                rotation = rotate(fakesecrets, arn, f"db{len(fakesecrets.rotations())}")
                assert rotation.steps[0].succeeded
                assert not hints_in(rotation.steps[-1].error_summary)

    def test_is_named_once_and_after_no_module_of_another_kind(self, failing, monkeypatch):
        """Modules of the standard library, and those of which the function has loaded no copy."""
        files = {**CONNECTING, "tomllib.py": "", "unused.py": ""}
        for name in ("tomllib", "unused", "driver"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))

        assert [hint.split()[3] for hint in failing(files)] == ["'driver'"]

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no notes")
    def test_is_named_where_the_function_cannot_be_loaded(self, fakesecrets, folder, monkeypatch):
        monkeypatch.setitem(sys.modules, "driver", ModuleType("driver"))

        with pytest.raises(ConnectionError) as raised:
            fakesecrets.add_rotation_function("at_import.handler", code=folder("one", CONNECTING))

        assert raised.value.__notes__ == [f"{REPLACED.format(folder('one'))}{ADVICE}there."]

    def test_is_named_in_the_first_failure_of_a_contract(self, folder, monkeypatch):
        monkeypatch.setitem(sys.modules, "driver", ModuleType("driver"))
        attributes = {"rotation_function": HANDLER, "code": folder("one", CONNECTING), "secret_value": "old"}

        with FakeSecrets() as fake, pytest.raises(AssertionError) as raised:
            type("TestMine", (RotationContract,), attributes)().test_a_rotation_succeeds(fake)

        text = str(raised.value)
        assert text.count(f"{REPLACED.format(folder('one'))}{ADVICE}there.") == 1
        assert (
            "wire.py:3 in connect (called from pool.py:4 in connect, from lambda_function.py:11 in set_secret)"
            in text
        )


def test_a_line_of_a_driver_is_named_with_the_line_of_the_handler(fakesecrets, folder):
    """The driver is in the folder of the function, as it is deployed."""
    direct = "from driver import wire\n\ndef handler(event, context):\n    wire.connect()\n"
    code = folder("one", {**CONNECTING, "direct.py": direct})
    places = []
    for number, name in enumerate([HANDLER, "direct.handler"]):
        arn = fakesecrets.add_rotation_function(name, code=code)
        with pytest.warns(RotationFailedWarning):
            rotation = rotate(fakesecrets, arn, f"db{number}")
        places.append(raising_place(rotation.error, fakesecrets._service.functions.find(arn).handler))

    assert places == [
        "wire.py:3 in connect (called from pool.py:4 in connect, from lambda_function.py:11 in set_secret)",
        "wire.py:3 in connect (called from direct.py:4 in handler)",
    ]


def test_a_line_of_a_package_is_named_with_that_of_the_handler_while_the_function_runs(
    fakesecrets, folder, seen
):
    """So is the line of a call that is rejected."""
    reader = """
        import sys
        from pytest_fakesecrets._service.user_code import innermost_line
        def read():
            return innermost_line()
        def read_or_none():
            return read()
    """
    handler = """
        import sys
        import beside
        from package import reader
        def handler(event, context):
            sys.modules["seen_by_the_test"].extend([reader.read_or_none(), beside.read_or_none()])
    """
    files = {"package/__init__.py": "", "package/reader.py": reader, "beside.py": reader, "reads.py": handler}
    arn = fakesecrets.add_rotation_function("reads.handler", code=folder("one", files))
    with pytest.warns(RotationFailedWarning):
        rotate(fakesecrets, arn)

    assert seen[:2] == [
        "reader.py:5 in read (called from reader.py:7 in read_or_none, from reads.py:6 in handler)",
        "beside.py:5 in read (called from beside.py:7 in read_or_none)",
    ]


def test_a_cold_start_loads_every_module_of_the_folder_again(fakesecrets, folder, seen):
    arn = fakesecrets.add_rotation_function(HANDLER, code=folder("one"), cold_start=True)

    assert rotate(fakesecrets, arn).succeeded
    assert [steps for _, steps, *_ in seen] == [[each[-1]] for _, each, *_ in seen]
    assert len(seen) == 4


def test_a_function_sees_the_frozen_time_wherever_it_was_loaded(fakesecrets, fakesecrets_clock, folder, seen):
    """freezegun changes the modules that are in sys.modules when it starts, and these are not."""
    fakesecrets_clock.stop()
    arn = fakesecrets.add_rotation_function(HANDLER, code=folder("one"))
    fakesecrets_clock.move_to("2030-01-31")
    rotate(fakesecrets, arn, "frozen")
    fakesecrets_clock.stop()
    rotate(fakesecrets, arn, "real")
    fakesecrets_clock.move_to("2031-01-31")
    rotate(fakesecrets, arn, "frozen-again")

    assert [time.year for *_, time in seen[::4]][::2] == [2030, 2031]
    assert seen[4][-1].year < 2030


def test_functions_that_run_at_once_import_their_own_modules(fakesecrets, folder, monkeypatch):
    files = {
        "lambda_function.py": """
            import sys
            def lambda_handler(event, context):
                sys.modules["meeting"].wait(20)  # both functions run now
                import helpers
                from importlib import import_module
                sys.modules["meeting"].wait(20)
                import late
                return {helpers.NAME, late.NAME, import_module("database.names").NAME}
        """,
        **{path: text for path, text in FILES.items() if path != "lambda_function.py"},
    }
    monkeypatch.setitem(sys.modules, "meeting", threading.Barrier(2))
    before = process()
    returned = {}

    def run(name):
        arn = fakesecrets.add_rotation_function(HANDLER, code=folder(name, files), name=name)
        handler = fakesecrets._service.functions.find(arn).handler
        returned[name] = handler({}, None)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert returned == {"one": {"one"}, "two": {"two"}}
    assert process() == before


def test_a_function_that_rotates_a_secret_of_another_folder_goes_on_with_its_own_modules(
    fakesecrets, folder, seen
):
    nested = {
        "lambda_function.py": """
            import boto3, sys
            def lambda_handler(event, context):
                fake, inner = sys.modules["fake_of_the_test"]
                if event["Step"] == "createSecret":
                    fake.add_secret("inner", "old")
                    assert fake.rotate("inner", inner).succeeded
                import helpers
                client, arn, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
                if event["Step"] == "createSecret":
                    client.put_secret_value(
                        SecretId=arn, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"])
                if event["Step"] == "finishSecret":
                    helpers.finish(client, arn, token)
                return helpers.NAME
        """,
        "helpers.py": FILES["helpers.py"],
    }
    inner = fakesecrets.add_rotation_function(HANDLER, code=folder("inner"), name="inner")
    sys.modules["fake_of_the_test"] = (fakesecrets, inner)
    try:
        outer = fakesecrets.add_rotation_function(HANDLER, code=folder("outer", nested))
        rotation = rotate(fakesecrets, outer)
    finally:
        del sys.modules["fake_of_the_test"]

    assert rotation.succeeded, rotation.failure
    assert {frozenset(names) for names, *_ in seen} == {frozenset({"inner"})}


@pytest.mark.parametrize(
    ("handler", "returned"),
    [
        pytest.param("namespace/module.handler", "one", id="slashes"),
        pytest.param("namespace.module.handler", "one", id="dots"),
        pytest.param("namespace.module:handler", "one", id="a colon, as without code="),
    ],
)
def test_a_handler_may_be_in_a_folder_of_the_folder(fakesecrets, folder, handler, returned):
    arn = fakesecrets.add_rotation_function(handler, code=folder("one"))

    assert arn.endswith(":function:handler")
    assert fakesecrets._service.functions.find(arn).handler({}, None) == returned


def test_data_in_a_directory_with_the_name_of_an_installed_module_does_not_replace_it(fakesecrets, folder):
    files = {
        "lambda_function.py": """
            import botocore.session, csv, own
            def lambda_handler(event, context): return csv.reader, own.__path__
        """,
        "csv/policy.txt": "{}",
        "botocore/policy.txt": "{}",
        "own/data.txt": "{}",
        "logging.py": "raise AssertionError('Lambda has imported its own logging before')",
    }
    arn = fakesecrets.add_rotation_function(HANDLER, code=folder("one", files))

    reader, path = fakesecrets._service.functions.find(arn).handler({}, None)

    assert reader is __import__("csv").reader
    assert [os.path.basename(each) for each in path] == ["own"]


def test_a_directory_that_the_function_adds_to_the_path_is_its_own_too(fakesecrets, folder):
    files = {
        "lambda_function.py": """
            import os, sys
            sys.path.insert(0, os.path.join(os.path.dirname(__file__), "vendored"))
            def lambda_handler(event, context):
                import nested
                return nested.NAME
        """,
        "vendored/nested.py": "NAME = '{name}'",
    }
    before = process()
    arns = [fakesecrets.add_rotation_function(HANDLER, code=folder(name, files)) for name in ("one", "two")]

    found = [fakesecrets._service.functions.find(arn).handler({}, None) for arn in [*arns, *arns]]

    assert found == ["one", "two", "one", "two"]
    assert process() == before


@pytest.mark.long
def test_a_folder_may_have_its_own_copy_of_botocore_as_deployment_packages_do(fakesecrets, folder):
    path = folder(
        "one",
        {
            "lambda_function.py": """
                import boto3, botocore
                client = boto3.client("secretsmanager")
                def lambda_handler(event, context):
                    name = boto3.client("secretsmanager").describe_secret(SecretId="db")["Name"]
                    return name, client.list_secrets()["SecretList"][0]["Name"], botocore.__file__
            """
        },
    )
    for package in ("boto3", "botocore"):
        (path / package).symlink_to(os.path.dirname(importlib.import_module(package).__file__))
    fakesecrets.add_secret("db", "old")
    before = sys.modules["botocore"]

    arn = fakesecrets.add_rotation_function(HANDLER, code=path)
    first, second, file = fakesecrets._service.functions.find(arn).handler({}, None)

    assert (first, second) == ("db", "db")
    assert file.startswith(str(path))
    assert sys.modules["botocore"] is before


def test_a_failure_names_the_line_of_the_folder_and_leaves_nothing(fakesecrets, folder):
    files = {
        "lambda_function.py": "import helpers\ndef lambda_handler(event, context):\n    helpers.fail()\n",
        "helpers.py": "def fail():\n    raise ValueError('a mistake')\n",
    }
    before = process()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rotation = rotate(fakesecrets, fakesecrets.add_rotation_function(HANDLER, code=folder("one", files)))

    assert rotation.steps[-1].raised_at == "helpers.py:2 in fail"
    assert [os.path.basename(each.filename) for each in caught if each.category is RotationFailedWarning] == [
        "helpers.py"
    ]
    assert process() == before


@pytest.mark.parametrize(
    ("handler", "code", "message"),
    [
        pytest.param(
            "lambda_functoin.lambda_handler",
            "one",
            "no module 'lambda_functoin' * Did you mean 'lambda_function'?",
        ),
        pytest.param(
            "database/conection.handler", "one", "no module 'conection' * Did you mean 'connection'?"
        ),
        pytest.param("zzz.handler", "one", "no module 'zzz' * Its modules are 'broken', 'database', *"),
        pytest.param("helpers.finnish", "one", "has no function 'finnish'. Did you mean 'finish'?"),
        pytest.param("lambda_function.xyz", "one", "no function 'xyz'. Its functions are 'lambda_handler'."),
        pytest.param("lambda_handler", "one", "*Write it as Lambda does: 'file.function'*"),
        pytest.param("lambda_function.py", "one", "*has no function 'py'*"),
        pytest.param("helpers.NAME", "one", "callable as handler(event, context), and 'one' is not."),
        pytest.param(
            "broken.handler",
            "one",
            "cannot be loaded: No module named 'not_installed'. Install 'not_installed', or replace it in sys.modules",
        ),
        pytest.param(
            "misspelt.handler", "one", "No module named 'helprs'. Did you mean 'helpers'? Install 'helprs'"
        ),
        pytest.param(HANDLER, "onne", "code=* is not there: * has no folder 'onne'. Did you mean 'one'?"),
        pytest.param(HANDLER, "one/databse/x", "* has no folder 'databse'. Did you mean 'database'?"),
        pytest.param(HANDLER, "one/helpers.py", "is not a folder, but the file *helpers.py. Give the folder"),
        pytest.param(HANDLER, None, "give the folder of the file with code=."),
        pytest.param(rotate, "one", "Give its name as Lambda has it"),
    ],
)
def test_a_folder_or_a_handler_that_is_not_there_is_an_error_with_the_nearest_names(
    fakesecrets, folder, handler, code, message, tmp_path
):
    folder("one", {**FILES, "broken.py": "import not_installed\n", "misspelt.py": "import helprs\n"})
    before, functions = process(), fakesecrets._service.functions.arns
    path = None if code is None else tmp_path / code

    with pytest.raises(FakeSecretsError) as raised:
        fakesecrets.add_rotation_function(handler, code=path)

    parts = [part.strip() for part in message.split("*")]
    assert all(part in str(raised.value) for part in parts), raised.value
    assert process() == before
    assert fakesecrets._service.functions.arns == functions


@pytest.mark.parametrize("code", ["", 3, b"one", "a\0b"])
def test_a_folder_that_is_no_path_is_an_error(fakesecrets, code):
    with pytest.raises(FakeSecretsError, match="code takes the path of a folder, as a str"):
        fakesecrets.add_rotation_function(HANDLER, code=code)


def test_a_contract_with_a_folder_needs_the_name_of_its_function():
    with pytest.raises(
        FakeSecretsError, match=r"TestWrong\.code is the folder of a function that is given by its name"
    ):
        type(
            "TestWrong", (RotationContract,), {"rotation_function": staticmethod(rotate), "code": "functions"}
        )


def test_a_folder_is_relative_to_the_rootdir_or_the_working_directory_also_in_a_contract(pytester):
    handler = dedent(FILES["lambda_function.py"]).replace('sys.modules["seen_by_the_test"]', "[]")
    for root in ("functions/first", "tests/functions/second"):
        for path, text in {**FILES, "lambda_function.py": handler}.items():
            file = pytester.path / root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).replace("{name}", root), "utf-8")
    pytester.makeini("[pytest]")
    pytester.makepyfile(
        **{
            "tests/test_functions": """
                import os, pytest
                from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationContract

                HANDLER = "lambda_function.lambda_handler"

                class TestFirst(RotationContract):
                    rotation_function = HANDLER
                    code = "functions/first"
                    secret_value = "old"

                def test_both(fakesecrets, monkeypatch):
                    monkeypatch.chdir(os.path.dirname(__file__))
                    for code in ("functions/first", "functions/second"):
                        fakesecrets.add_rotation_function(HANDLER, code=code)
            """
        }
    )

    result = pytester.runpytest_inprocess(
        "-q", "-p", "no:cacheprovider", "-k", "both or cold or ever_succeeds or switched_off"
    )

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*disabled-accepted*"])


TWO_FUNCTIONS = """
import pytest
from pytest_fakesecrets import RotationContract


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
def test_two_functions(fakesecrets):
    for name in ("app", "web"):
        arn = fakesecrets.add_rotation_function("lambda_function.lambda_handler", name=name, code=f"functions/{name}")
        fakesecrets.client().create_secret(Name=name, SecretString="old")
        fakesecrets.client().rotate_secret(SecretId=name, RotationLambdaARN=arn)
    fakesecrets.fail("ListSecrets", "ThrottlingException")
    fakesecrets.check(fakesecrets.rotations("web")[0])


class TestApp(RotationContract):
    rotation_function = "lambda_function.lambda_handler"
    code = "functions/app"
    secret_value = "old"
"""


@pytest.mark.parametrize(
    "ini", ["pytest.ini", "tests/pytest.ini"], ids=["rootdir", "where pytest was started"]
)
def test_a_line_of_one_of_two_functions_has_its_path_from_a_directory_of_the_run(pytester, ini):
    for name in ("functions/app", "functions/web", "tests"):
        (pytester.path / name).mkdir(parents=True)
    for name in ("app", "web"):
        source = "def lambda_handler(event, context):\n    raise ValueError('a mistake')\n"
        (pytester.path / "functions" / name / "lambda_function.py").write_text(source)
    (pytester.path / "tests" / "test_two.py").write_text(TWO_FUNCTIONS)
    (pytester.path / ini).write_text("[pytest]\n")

    ran = pytester.runpytest_inprocess(
        "-p",
        "no:cacheprovider",
        "--fakesecrets-report=page.html",
        "tests",
        "-k",
        "two_functions or rotation_succeeds",
    )

    web = os.path.join("functions", "web", "lambda_function.py:2 in lambda_handler")
    app = os.path.join("functions", "app", "lambda_function.py:2 in lambda_handler")
    ran.stdout.fnmatch_lines(
        [
            f"E * failed in createSecret, attempt 1: ValueError: a mistake at {web}",
            f"* createSecret raised ValueError: a mistake at {web} *",  # in the timeline
            f"E * rotation-failed: * ValueError: a mistake at {app}. *",
            "*UnusedFaultWarning: *) at test_two.py:12 in test_two_functions, *",
        ]
    )
    page = (pytester.path / "page.html").read_text("utf-8")
    assert web in page
    assert app in page
