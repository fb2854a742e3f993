"""The mark `fakesecrets`: secrets that are there before a test begins."""

from __future__ import annotations

import pytest

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._fake import assertion_messages

#: Imported here, or the runs inside this process would import copies of their own, and drop them.
KEPT = (FakeSecrets, assertion_messages)


@pytest.fixture
def run(pytester):
    """Run a module of tests: `run(source, *arguments)`."""

    def run(source, *arguments):
        pytester.makepyfile(f"import pytest\nfrom pytest_fakesecrets import FakeSecrets\n{source}")
        return pytester.runpytest_inprocess("-p", "no:randomly", "--strict-markers", *arguments)

    return run


class TestOnATest:
    @pytest.mark.fakesecrets("db", {"username": "app", "password": "old"})
    @pytest.mark.fakesecrets("key", b"\x00", description="a key", region_name="eu-west-1")
    @pytest.mark.fakesecrets("empty")
    def test_it_creates_a_secret_with_the_arguments_of_add_secret(self, fakesecrets, client):
        assert client.get_secret_value(SecretId="db")["SecretString"] == '{"username":"app","password":"old"}'
        european = fakesecrets.client("eu-west-1")
        assert european.get_secret_value(SecretId="key")["SecretBinary"] == b"\x00"
        assert european.describe_secret(SecretId="key")["Description"] == "a key"
        assert fakesecrets.secret("empty").versions == ()

    @pytest.mark.fakesecrets("c")
    @pytest.mark.fakesecrets("b")
    @pytest.mark.fakesecrets("a")
    def test_several_create_theirs_from_top_to_bottom(self, client):
        assert [each["Name"] for each in client.list_secrets(SortOrder="asc")["SecretList"]] == [
            "c",
            "b",
            "a",
        ]


def test_marks_of_the_module_and_the_class_come_first_and_each_test_has_secrets_of_its_own(run):
    ran = run(
        """
        import boto3

        pytestmark = pytest.mark.fakesecrets("module", "m")

        def names(fake):
            return [event.secret_id.split(":")[-1][:-7] for event in fake.history if hasattr(event, "label")]

        @pytest.fixture(autouse=True)
        def begins_with_the_secrets():
            boto3.client("secretsmanager").describe_secret(SecretId="module")

        @pytest.mark.fakesecrets("class", {"a": 1})
        class TestIt:
            @pytest.mark.fakesecrets("function", "f")
            def test_all(self, fakesecrets):
                assert names(fakesecrets) == ["module", "class", "function"]
                fakesecrets.client().put_secret_value(SecretId="module", SecretString="changed")

            def test_two(self, fakesecrets):
                assert names(fakesecrets) == ["module", "class"]
                assert fakesecrets.secret("module").value() == "m"

        @pytest.mark.parametrize(
            "number",
            [
                pytest.param(1, marks=pytest.mark.fakesecrets("one", "1")),
                pytest.param(2, marks=pytest.mark.fakesecrets("two", "2")),
                3,
            ],
        )
        def test_parameters(number, fakesecrets):
            assert names(fakesecrets) == ["module", *{1: ["one"], 2: ["two"]}.get(number, [])]
        """.replace("\n        ", "\n")
    )

    ran.assert_outcomes(passed=5)


def test_a_marked_test_needs_no_fixture_and_an_unmarked_one_gets_none(run):
    ran = run(
        """
import unittest
import boto3
from pytest_fakesecrets._transport import state

@pytest.fixture(scope="session", autouse=True)
def of_the_session():
    assert state.active is None

@pytest.mark.fakesecrets("db", "value")
def test_marked():
    assert boto3.client("secretsmanager").get_secret_value(SecretId="db")["SecretString"] == "value"

@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.fakesecrets("db", "1")), 2])
def test_one_of_two_is_marked(number):
    assert (state.active is not None) == (number == 1)

class TestOfUnittest(unittest.TestCase):
    @pytest.mark.fakesecrets("db", "value")
    def test_marked(self):
        assert boto3.client("secretsmanager").get_secret_value(SecretId="db")["SecretString"] == "value"

    def test_unmarked(self):
        assert state.active is None
"""
    )

    ran.assert_outcomes(passed=5)


#: Wrong arguments, and what is said of them.
WRONG = {
    "": "add_secret() takes a name and a value, then keywords: missing a required argument: 'name'.",
    "'db', 'a', 'b'": "add_secret() takes a name and a value, then keywords: too many positional arguments.",
    "'db', valu='hunter2'": "add_secret() has no argument 'valu'. Did you mean 'value'?",
    "'db', code='x'": "add_secret() has no argument 'code'.",
    "'db', ['hunter2']": "A value is a str, bytes, or a dict, which is stored as JSON; not an object of type list.",
    "'db', {1: 'hunter2'}": "A dict is stored as JSON, and JSON cannot express this one: one of its names is of type int, "
    "and not a str.",
    "'bad name!', 'hunter2'": "The secret 'bad name!' cannot be added: Invalid name*",
    '\'{"host": "db", "password": "hunter2"}\'': "The secret cannot be added: Invalid name. It looks like a value, *",
    "{'password': 'hunter2'}": "The secret cannot be added: Invalid name. It looks like a value, *",
    "'db', stuck=True, pending_value=3": "A value is a str, bytes, or a dict*",
    "'db', 'x', created_at='someday'": "'someday' is not a moment.*",
    "'db', 'x', last_rotated_at=3": "A moment has to be a datetime, a date or a string*",
    "'db', 'x', region_name='US'": "region_name is 'US', which is not the name of a region.*",
    "'db', 'x', rotation_function=3": "A rotation function has to be callable*",
    "'db', 'x', rotation_function='arn:aws:lambda:us-east-1:123456789012:function:f'": "There is no rotation function *",
    "'db', 'x', tags='hunter2'": "The argument tags is a dict of strings*",
    "'db', 'x', tags=type('Tags', (dict,), {'items': lambda self: {}['hunter2']})()": "They are those of add_secret(), "
    "which raises *.",
    "'app/db', 'x'": "A secret 'app/db' already exists.*",
}


def test_wrong_arguments_fail_the_collection_and_name_the_test(run):
    """One class for each row, since the first error ends the collection of its class."""
    classes = "\n".join(
        f"class Test{number}:\n"
        "    @pytest.mark.fakesecrets('app/db', 'value')\n"
        f"    @pytest.mark.fakesecrets({arguments})\n"
        "    def test_it(self):\n        pass\n"
        for number, arguments in enumerate(WRONG)
    )

    ran = run(classes)

    ran.assert_outcomes(errors=len(WRONG))
    for number, text in enumerate(WRONG.values()):
        name = f"*.py::Test{number}::test_it: the mark fakesecrets has wrong arguments. {text}"
        ran.stdout.fnmatch_lines([name.replace("[", "[[]")])
    for hint in (
        "hint: For the fixture without a secret, write @pytest.mark.usefixtures('fakesecrets').",
        "hint: Another mark of this test, of its class or of its module creates that secret already.",
    ):
        assert ran.outlines.count(hint) == 1
    assert ran.outlines.count("hint: The first argument is the name, and the second is the value.") == 2
    assert "hunter2" not in ran.stdout.str().replace("'hunter2'", "")
    assert ran.ret == pytest.ExitCode.INTERRUPTED


def test_wrong_arguments_on_a_method_of_unittest_are_an_error_of_usage(run):
    ran = run(
        "import unittest\n"
        "class TestIt(unittest.TestCase):\n"
        "    @pytest.mark.fakesecrets(nam='db')\n"
        "    def test_it(self):\n        pass\n"
    )

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(
        ["ERROR: *::TestIt::test_it: the mark fakesecrets has wrong arguments. add_secret() has no *"]
    )


def test_the_time_the_region_and_the_functions_of_a_mark_are_those_of_its_test(run, pytester):
    pytester.makepyfile(functions="from pytest_fakesecrets._transport import state\nassert state.active\n"
                        "def rotate(event, context):\n    pass\n")  # fmt: skip

    ran = run(
        """
import datetime, os
import freezegun

@pytest.fixture(autouse=True, scope="session")
def region():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        with freezegun.freeze_time("2040-01-31"):
            yield

@pytest.mark.fakesecrets(
    "db", "x", created_at="2039-01-01", last_rotated_at=datetime.date(2040, 1, 30),
    rotation_function="functions:rotate", rotation_rules={"AutomaticallyAfterDays": 3},
)
@pytest.mark.fakesecrets("db", "y", region_name="us-east-1")
def test_it(fakesecrets):
    view = fakesecrets.secret("db")
    assert view.arn.split(":")[3] == "eu-west-1"
    assert view.rotation_enabled
"""
    )

    ran.assert_outcomes(passed=1)


def test_a_fake_of_a_wider_scope_is_not_given_the_secrets_of_one_test(run):
    ran = run(
        """
@pytest.fixture(scope="module")
def shared():
    with FakeSecrets() as fake:
        yield fake

@pytest.mark.fakesecrets("db", "x")
def test_another_fake(shared):
    pass

def test_unmarked(shared):
    assert shared.history == ()

class TestOverridden:
    @pytest.fixture(scope="class")
    def fakesecrets(self, shared):
        return shared

    @pytest.mark.fakesecrets("db", "x")
    def test_marked(self, fakesecrets):
        pass

    def test_unmarked(self, fakesecrets):
        assert fakesecrets.history == ()

class TestNoFake:
    @pytest.fixture
    def fakesecrets(self):
        return None

    @pytest.mark.fakesecrets("db", "x")
    def test_marked(self, fakesecrets):
        pass
"""
    )

    ran.assert_outcomes(passed=2, errors=3)
    how = "Call add_secret() in the fixture of that fake, and remove the mark."
    said = (
        "*FakeSecretsError: The mark fakesecrets of *::{} creates secrets in the fake of one test, as the fixture fakesecrets gives it, and {}. "
        + how
    )
    ran.stdout.fnmatch_lines(
        [
            said.format("test_another_fake", "a fake of a wider scope is active"),
            said.format("TestOverridden::test_marked", "another fixture stands for fakesecrets"),
            said.format("TestNoFake::test_marked", "*"),
        ]
    )


def test_a_fixture_that_extends_the_fake_of_one_test_finds_its_secrets(run):
    ran = run(
        """
@pytest.fixture
def fakesecrets(fakesecrets):
    assert fakesecrets.secret("db").value() == "x"
    return fakesecrets

@pytest.mark.fakesecrets("db", "x")
def test_extended(fakesecrets):
    assert fakesecrets.secret("db").value() == "x"

class TestOwn:
    @pytest.fixture
    def fakesecrets(self):
        with FakeSecrets(seed=7) as fake:
            yield fake

    @pytest.mark.fakesecrets("db", "x")
    def test_own(self, fakesecrets):
        assert fakesecrets.secret("db").value() == "x"
"""
    )

    ran.assert_outcomes(passed=2)


def test_the_mark_is_listed(run):
    ran = run("", "--markers")

    ran.stdout.fnmatch_lines(
        ["@pytest.mark.fakesecrets(name, value=None, [*][*]arguments): create a secret before *"]
    )
