"""What a contract class says about its target and its companions: target_calls, target_state and companions."""

from __future__ import annotations

import re
import sqlite3
import sys
from types import SimpleNamespace

import boto3
import broken_functions
import correct_functions
import pytest
from broken_functions import (
    AFTER_CRASH,
    COMPANIONS,
    ONE_USER,
    OTHERS,
    SQL_USERS,
    SQL_USERS_WITH_STATE,
    SUCCEEDS,
    TEST_RUN,
)
from contract_runs import contract_class, failure_of, outcomes, passes
from correct_functions import SINGLE_USER, put_pending, read, rotate
from credential_targets import DATABASE, SQL_SERVER
from psycopg import sql
from sqlalchemy import text

from pytest_fakesecrets import (
    CredentialRefused,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    RotationContract,
    RotationProcess,
)
from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._contract.target_call_names import call_name, is_change


def class_with(**attributes):
    return type("TestMine", (RotationContract,), attributes)


class TestTheNameOfACall:
    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("CREATE USER app IDENTIFIED BY 'hunter2'", "CREATE USER"),
            ("create  user\n'app'@'%' identified by 'hunter2'", "CREATE USER"),
            ("GRANT app TO app_clone", "GRANT"),
            ("GRANT SELECT ON notes TO app", "GRANT SELECT ON"),
            ("SET PASSWORD FOR 'app'@'%' = 'hunter2'", "SET PASSWORD FOR"),
            ("-- for app\n/* hunter2 */ ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE"),
            (b"REVOKE ALL ON notes FROM app", "REVOKE ALL ON"),
            (
                sql.SQL("CREATE ROLE {} PASSWORD {}").format(sql.Identifier("USER"), sql.Literal("hunter2")),
                "CREATE ROLE",
            ),
            (sql.SQL("COMMIT"), "COMMIT"),
            (text("DROP USER IF EXISTS app"), "DROP USER IF EXISTS"),
        ],
    )
    def test_has_the_first_words_of_an_sql_statement(self, statement, words):
        assert (
            call_name("Connection.execute", (object(), statement, ["hunter2"]), {})
            == f"Connection.execute {words}"
        )
        assert (
            call_name("Connection.execute", (object(),), {"query": statement})
            == f"Connection.execute {words}"
        )

    @pytest.mark.parametrize(
        "argument", ["app", "select-hunter2", "hunter2", "grant.access", "", b"\xff", None, 3, {"a": "GRANT"}]
    )
    def test_has_nothing_of_an_argument_that_is_not_a_statement(self, argument):
        assert call_name("Api.add", (object(), argument), {}) == "Api.add"

    @pytest.mark.parametrize(
        "name",
        [
            "Cursor.execute GRANT SELECT ON",
            "Cursor.execute SET PASSWORD FOR",
            "Cursor.execute SET DEFAULT ROLE",
            "Keys.add_key",
            "create_user",
            "init_user",
        ],
    )
    def test_is_that_of_a_change(self, name):
        assert is_change(name)

    @pytest.mark.parametrize(
        "name",
        [
            "Cursor.execute SELECT",
            "Cursor.execute SET",
            "Cursor.execute FLUSH PRIVILEGES",
            "Api.getUser",
            "Api.list_keys",
            "Connection.__init__",
            "log_in",
            "execute",
        ],
    )
    def test_is_not_that_of_a_change(self, name):
        assert not is_change(name)


def test_a_call_with_a_statement_is_listed_with_its_words_and_without_its_values():
    attributes = {**SQL_USERS, "without": {}}

    failure = failure_of(broken_functions.grants_once_at_most, attributes, f"test_{AFTER_CRASH}")

    assert "Lambda killed the function after SqlServer.execute CREATE USER in setSecret" in failure
    assert "app_clone" not in failure
    assert "'customers'" not in failure


def test_a_function_that_python_cannot_patch_is_rejected():
    attributes = {**SQL_USERS, "target_calls": (f"{sqlite3.Cursor.__module__}:Cursor.execute",)}

    with pytest.raises(FakeSecretsError, match="which Python cannot patch, since it is written in C"):
        passes(correct_functions.users_with_grants, attributes, f"test_{SUCCEEDS}")


@pytest.mark.parametrize("calls", ["psycopg:Connection.execute", ("execute",), (print,), None])
def test_target_calls_has_to_be_a_tuple_of_functions(calls):
    with pytest.raises(
        FakeSecretsError, match=r"TestMine.target_calls is a tuple of functions, such as \('psycopg:Conn"
    ):
        class_with(target_calls=calls)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("test_x.Connection.execute", "test_x:Connection.execute"),
        ("app.db.Connection.execute", "app.db:Connection.execute"),
        ("app.db.run", "app.db:run"),
        ("json.decoder.scanstring", "json.decoder:scanstring"),
    ],
)
def test_a_target_call_with_a_dot_in_the_place_of_its_colon_is_named_with_what_was_meant(written, meant):
    with pytest.raises(FakeSecretsError) as raised:
        class_with(target_calls=["psycopg:connect", written])

    assert str(raised.value) == (
        f"TestMine.target_calls has {written!r}, with a dot where a colon belongs: write {meant!r}."
    )


def test_a_target_call_that_the_function_does_not_make_is_warned_of(recwarn):
    unused = ("json:load", "credential_targets:Connection.close")
    attributes = {**SQL_USERS, "target_calls": (*SQL_USERS["target_calls"], *unused)}

    passes(correct_functions.users_with_grants, attributes, "test_two_rotations_in_a_row_succeed")

    assert [str(each.message).split(", so that")[0] for each in recwarn if each.category is UserWarning] == [
        "TestFunction.target_calls has 'json:load', and two rotations without faults did not call it"
    ]


@pytest.mark.parametrize("is_pinged", [True, False])
def test_the_warning_says_that_test_secret_may_test_nothing_if_it_made_no_call(is_pinged, recwarn):
    def check(client, arn, token):
        correct_functions.read_pending(client, arn, token)
        if is_pinged:
            SERVICE.ping()

    def pings(event, context):
        if event["Step"] == "setSecret":
            SERVICE.add()
        correct_functions.rotate(
            event, {**SINGLE_USER, "setSecret": lambda *arguments: None, "testSecret": check}
        )

    attributes = {
        "secret_value": ONE_USER["secret_value"],
        "target_calls": [f"{__name__}:Service.{name}" for name in ("add", "ping", "revoke")],
        "accepts": lambda contract, value: True,
    }
    passes(pings, attributes, "test_two_rotations_in_a_row_succeed")

    warnings = [str(each.message) for each in recwarn if each.category is UserWarning]
    untested = " No function of target_calls was called in testSecret, so it may test nothing: use the new value there."
    end = f"name a method, or the function in that module.{'' if is_pinged else untested}"
    assert [message.endswith(end) for message in warnings] == ([True] if is_pinged else [True, True])


class Service:
    """A service that is not a CredentialTarget."""

    def add(self):
        pass

    def ping(self):
        pass

    def revoke(self):
        pass


SERVICE = Service()


class TestTheStateOfATarget:
    def test_is_that_of_a_credential_target_by_default(self):
        contract = class_with(target=CredentialTarget({"app": "old"}))()

        assert contract.target_state() == {"users": {"app": 1}, "actions": frozenset()}
        assert class_with()().target_state() is None

    @pytest.mark.parametrize(
        ("state", "problem"),
        [
            pytest.param(
                lambda contract: None, "target_state() of TestFunction returned None. Return ", id="none"
            ),
            pytest.param(
                lambda contract: (grant for grant in ()),
                "target_state() of TestFunction returned an object of type generator that is not equal to a copy",
                id="not copied",
            ),
            pytest.param(
                lambda contract: object(),
                "target_state() of TestFunction returned an object of type object that is not equal to a copy",
                id="not comparable",
            ),
            pytest.param(
                lambda contract: {"password": SQL_SERVER.draw()},
                "target_state() of TestFunction differs after two rotations without faults: 'password': 2, not 1. Leave ",
                id="not repeatable",
            ),
        ],
    )
    def test_is_rejected_if_it_proves_nothing(self, state, problem, monkeypatch):
        drawn = []
        monkeypatch.setattr(SQL_SERVER, "draw", lambda: drawn.append(1) or len(drawn), raising=False)

        with pytest.raises(FakeSecretsError) as rejected:
            passes(
                correct_functions.users_with_grants,
                {**SQL_USERS, "target_state": state},
                f"test_{AFTER_CRASH}",
            )

        assert str(rejected.value).startswith(problem)

    def test_may_be_an_object_that_the_target_changes_later(self):
        attributes = {**SQL_USERS, "target_state": lambda contract: SQL_SERVER._grants}

        failure = failure_of(
            broken_functions.recreates_without_grants,
            attributes,
            "test_a_failure_after_any_step_is_recovered",
        )

        assert "'app_clone' is missing" in failure

    def test_must_not_change_where_nothing_may(self):
        def grants_in_test_secret(event, context):
            correct_functions.users_with_grants(event, context)
            if event["Step"] == "testSecret":
                SQL_SERVER.execute("GRANT SELECT ON invoices TO app")

        failure = failure_of(grants_in_test_secret, SQL_USERS_WITH_STATE, f"test_{TEST_RUN}")

        assert "test-run-failed: A test run changed the secret or its target." in failure

    def test_is_compared_where_each_step_is_delivered_twice(self):
        def grants_again(event, context):
            correct_functions.users_with_grants(event, context)
            if event["Step"] == "setSecret":
                SQL_SERVER.execute(
                    f"GRANT SELECT ON table_{len(SQL_SERVER.grants()['app_clone'])} TO app_clone"
                )

        failure = failure_of(grants_again, SQL_USERS_WITH_STATE, "test_each_step_may_be_delivered_twice")

        assert (
            "second-delivery-failed: Each step was delivered twice. The rotation succeeded, but the target is in"
            in failure
        )
        assert "'app_clone': with 'table_3' too" in failure

    def test_is_read_without_recording_its_calls(self):
        def state(contract):
            SQL_SERVER.execute("GRANT SELECT ON orders TO app")
            return SQL_SERVER.grants()

        passes(
            correct_functions.users_with_grants, {**SQL_USERS, "target_state": state}, f"test_{AFTER_CRASH}"
        )

    def test_has_to_be_a_method(self):
        with pytest.raises(
            FakeSecretsError, match=r"TestMine.target_state is a method that returns the state of the"
        ):
            class_with(target_state={"app": ["SELECT"]})


def fixed_copy(event, context):
    """The name of the second secret is in the code."""
    create = {"createSecret": create_both, "finishSecret": promote_both}
    rotate(event, {**SINGLE_USER, **create})


def create_both(client, arn, token):
    correct_functions.create_password(client, arn, token)
    password = correct_functions.read_pending(client, arn, token)["password"]
    try:
        correct_functions.read_pending(client, "app/copy", token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, "app/copy", token, {"password": password})


def promote_both(client, arn, token):
    correct_functions.promote(client, "app/copy", token)
    correct_functions.promote(client, arn, token)


class TestACompanion:
    def test_is_a_secret_that_only_the_rotation_of_a_class_that_names_it_may_change(self):
        attributes = {**COMPANIONS, "companions": ()}

        assert "other-secret-changed" in failure_of(
            correct_functions.two_secrets, attributes, f"test_{SUCCEEDS}"
        )

    def test_must_not_change_where_nothing_may(self):
        def puts_first(event, context):
            client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
            client.put_secret_value(SecretId="app/copy", SecretString="{}")
            correct_functions.two_secrets(event, context)

        failure = failure_of(puts_first, COMPANIONS, "test_an_unknown_token_is_refused")

        assert "unknown-token-accepted" in failure

    def test_is_copied_where_the_secret_is_renamed(self):
        def uses_the_first_one(event, context):
            fixed_copy(event, context)

        failure = failure_of(uses_the_first_one, COMPANIONS, f"test_{OTHERS}")

        assert "other-secret-changed" in failure

    def test_that_the_value_does_not_name_may_change_where_the_secret_is_renamed(self):
        value = {"username": "app", "password": "old-password"}

        passes(fixed_copy, {**COMPANIONS, "secret_value": value}, f"test_{OTHERS}")

    def test_whose_name_begins_with_that_of_the_secret_is_copied_under_the_new_name(self):
        seen = []

        def derived(event, context):
            name = event["SecretId"].partition(":secret:")[2].rpartition("-")[0]
            client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
            seen.append((name, read(client, f"{name}/copy")["password"]))
            rotate(event, SINGLE_USER)

        attributes = {
            **COMPANIONS,
            "prepare": lambda contract, fake: fake.add_secret("app/db/copy", '{"password": "of the copy"}'),
            "companions": ("app/db/copy",),
            "secret_value": {"username": "app", "password": "old-password"},
        }

        passes(derived, attributes, f"test_{OTHERS}")

        assert set(seen) == {("app/db-2", "of the copy")}

    def test_with_a_name_that_only_looks_like_that_of_the_secret_gets_a_suffix(self):
        attributes = {
            **COMPANIONS,
            "prepare": lambda contract, fake: fake.add_secret("app/db2", '{"password": "old-password"}'),
            "companions": ("app/db2",),
            "secret_value": {**COMPANIONS["secret_value"], "copy": "app/db2"},
        }
        read_names = []

        def reads(event, context):
            client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
            read_names.append(read(client, event["SecretId"])["copy"])
            correct_functions.two_secrets(event, context)

        passes(reads, attributes, f"test_{OTHERS}")

        assert set(read_names) == {"app/db2-2"}

    def test_that_does_not_exist_is_rejected(self):
        attributes = {**COMPANIONS, "prepare": lambda contract, fake: None}

        with pytest.raises(
            FakeSecretsError, match=r"TestFunction.companions has 'app/copy', and there is no such secret"
        ):
            passes(correct_functions.two_secrets, attributes, f"test_{SUCCEEDS}")

    def test_may_be_deleted_and_then_has_to_be_after_each_recovery(self):
        def deletes(event, context):
            correct_functions.single_user(event, context)
            client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
            if event["Step"] == "finishSecret":
                client.delete_secret(SecretId="app/copy", ForceDeleteWithoutRecovery=True)

        value = {"username": "app", "password": "old-password"}

        passes(deletes, {**COMPANIONS, "secret_value": value}, f"test_{AFTER_CRASH}")

    @pytest.mark.parametrize(
        ("companions", "problem"),
        [
            ("app/copy", "TestMine.companions is a tuple of names of secrets, such as .* not 'app/copy'"),
            ((SimpleNamespace(),), "TestMine.companions is a tuple of names of secrets"),
            (None, "TestMine.companions is a tuple of names of secrets"),
            (("app/db",), "TestMine.companions has 'app/db', which is the secret of the contract itself"),
        ],
    )
    def test_has_to_be_named_in_a_tuple(self, companions, problem):
        with pytest.raises(FakeSecretsError, match=problem):
            class_with(companions=companions)


class TestATargetThatTheFunctionDoesNotCall:
    QUESTION = "The function made no call of TestFunction.target: is it the object that the function uses?"

    @pytest.fixture(autouse=True)
    def _other_object(self):
        """The object that the function uses, which no contract class of these tests has."""
        DATABASE.reset()
        yield
        DATABASE.reset()

    def failure(self, function):
        other = CredentialTarget({"app": "old-password"})
        return failure_of(function, {**broken_functions.ONE_USER, "target": other}, f"test_{SUCCEEDS}")

    def test_is_asked_about_when_the_rotation_succeeds_elsewhere(self):
        failure = self.failure(correct_functions.single_user)

        assert failure.startswith("not-accepted: The rotation succeeded, but the target rejects the value")
        assert self.QUESTION in failure

    @pytest.mark.parametrize("wraps", [False, True], ids=["CredentialRefused", "an exception of its own"])
    def test_is_asked_about_when_the_other_object_rejects_a_login(self, wraps):
        def set_password(client, arn, token):
            try:
                DATABASE.log_in("app", "a password that it has not")
            except CredentialRefused as error:
                if wraps:
                    raise ValueError("Unable to log in.") from error
                raise

        failure = self.failure(
            lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_password})
        )

        assert failure.startswith("rotation-failed: The rotation failed in setSecret")
        assert f"What to do: {self.QUESTION}" in failure

    def test_of_a_process_has_to_be_served_to_it(self, fakesecrets):
        members = {**broken_functions.ONE_USER, "rotation_function": RotationProcess([sys.executable])}
        contract = type("TestFunction", (RotationContract,), members)()

        assert Harness(contract._settings, fakesecrets, fakesecrets.client()).question_about_target() == (
            " The function made no call of TestFunction.target: a process shares no memory with the test. Serve the target "
            "over HTTP, as in the guide examples/rotate_in_javascript."
        )

    def test_is_not_asked_about_when_it_has_rejected_the_call(self):
        target = broken_functions.ONE_USER["target"]

        def set_nothing(client, arn, token):
            pass

        failure = failure_of(
            lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_nothing}),
            {**broken_functions.ONE_USER, "target": target},
            f"test_{SUCCEEDS}",
        )

        assert "is it the object" not in failure
        assert (
            "testSecret    DescribeSecret, GetSecretValue AWSPENDING (v2), log_in rejected (CredentialRefused)"
            in failure
        )


class TestATargetThatTheClassDoesNotName:
    ATTRIBUTES = {"secret_value": {"username": "app", "password": "old-password"}}  # noqa: RUF012
    WORDS = (
        "The function called a CredentialTarget that is not `target` of TestFunction: nothing resets it between scenarios. "
        "Give the class target = that object."
    )

    def test_is_named_in_a_failure_and_in_a_warning(self):
        DATABASE.reset()
        try:
            with pytest.warns(UserWarning, match=re.escape(self.WORDS)):
                passes(correct_functions.single_user, self.ATTRIBUTES, f"test_{SUCCEEDS}")
            failure = failure_of(correct_functions.single_user, self.ATTRIBUTES, f"test_{TEST_RUN}")
        finally:
            DATABASE.reset()

        assert f"What to do: {self.WORDS}\n\n" in failure

    @pytest.mark.filterwarnings("ignore:The function called a CredentialTarget")
    def test_is_one_cause_of_all_failures_but_findings_and_not_where_the_class_prepares_it(self):
        def leaks(event, context):
            sys.stdout.write(
                str(read(boto3.client("secretsmanager"), event["SecretId"], VersionStage="AWSCURRENT"))
            )
            correct_functions.single_user(event, context)

        scenarios = (TEST_RUN, "hostile_but_legal_passwords_work")
        prepared = {**self.ATTRIBUTES, "prepare": lambda self, fake: None}
        found = []
        for function, attributes, names in (
            (correct_functions.single_user, self.ATTRIBUTES, scenarios),
            (leaks, self.ATTRIBUTES, (TEST_RUN, SUCCEEDS)),
            (correct_functions.single_user, prepared, scenarios),
        ):
            DATABASE.reset()
            found.append(outcomes(contract_class(function, attributes)(), names))
        DATABASE.reset()

        assert found[0][1] == f"It fails, maybe for the same cause as test_{TEST_RUN}. Correct that first."
        assert found[1][1].startswith("secret-leaked: ")
        assert [text.partition(":")[0] for run in found for text in run if ":" in text] == [
            "test-run-failed",
            "test-run-failed",
            "secret-leaked",
            "test-run-failed",
            "hostile-password",
        ]

    @pytest.mark.filterwarnings("error")
    def test_is_not_named_where_the_class_resets_and_asks_it_itself(self):
        members = {
            **self.ATTRIBUTES,
            "prepare": lambda self, fake: DATABASE.reset(),
            "accepts": lambda self, value: DATABASE.accepts(value),
        }
        passes(correct_functions.single_user, members, f"test_{SUCCEEDS}")


@pytest.mark.parametrize(
    ("users", "value", "reason"),
    [
        (
            {"app": "another"},
            {"username": "app", "password": "old"},
            "the target has another password for 'app'",
        ),
        (
            {"admin": "old"},
            {"username": "app", "password": "old"},
            "the target has no user 'app', but 'admin'",
        ),
        ({}, {"username": "app", "password": "old"}, "the target has no user 'app', but no user"),
        (
            {"app": "another"},
            {"username": "app", "password": "other"},
            "the target has another password for 'app'",
        ),
        (
            {"app": "old"},
            {"username": "app", "pwt": "old"},
            "no user and password of the target can be read from it: the user is read from 'username', 'user' or "
            "'client_id', the password from 'password', 'api_key', 'secret' or 'token', and the value has 'username' and "
            "'pwt'",
        ),
        (
            {"a": "old", "b": "old"},
            "old",
            "no user and password of the target can be read from it: text has no user, and the target has 'a', 'b'",
        ),
    ],
)
def test_a_value_that_its_target_rejects_is_an_error_with_the_reason_before_any_rotation(
    users, value, reason
):
    contract = class_with(
        rotation_function=lambda *_: None, secret_value=value, target=CredentialTarget(users)
    )()

    with FakeSecrets() as fake, pytest.raises(FakeSecretsError) as raised:
        getattr(contract, f"test_{SUCCEEDS}")(fake)

    assert str(raised.value) == (
        f"secret_value of TestMine is not accepted before any rotation: {reason}. Write the same user and password in "
        "secret_value and in CredentialTarget(...), or set them at the target in prepare()."
    )
    assert fake.rotations() == ()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"secret_value": 5},
            "TestMine.secret_value is a dict, which is stored as JSON, or a string, not an object of ",
        ),
        ({"secret_value": b"old"}, "not an object of type bytes."),
        ({"secret_value": {"password": object()}}, "TestMine.secret_value cannot be stored. "),
        ({"secret_name": 5}, "TestMine.secret_name is a string, such as 'app/db', not 5."),
    ],
)
def test_a_secret_of_the_wrong_type_is_an_error_where_the_class_is_defined(attributes, message):
    with pytest.raises(FakeSecretsError) as raised:
        class_with(**attributes)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("function", "meant"),
    [
        ("json:dmups", "Did you mean 'dumps'?"),
        ("jsonn:dumps", "Did you mean 'json'?"),
        ("json:JSONEncodr.encode", "Did you mean 'JSONEncoder'?"),
    ],
)
def test_a_misspelt_target_call_gets_a_suggestion(function, meant):
    contract = class_with(rotation_function=lambda *_: None, secret_value="old", target_calls=(function,))()

    with FakeSecrets() as fake, pytest.raises(FakeSecretsError) as raised:
        getattr(contract, f"test_{SUCCEEDS}")(fake)

    assert str(raised.value) == f"target_calls has {function!r}, and there is no such function.\n{meant}"


@pytest.mark.parametrize("module", ["lambda_function", "database"])
def test_a_target_call_of_the_folder_of_the_function_is_rejected(tmp_path, module):
    (tmp_path / "lambda_function.py").write_text("def lambda_handler(event, context): pass")
    (tmp_path / "database").mkdir()
    contract = class_with(
        rotation_function="lambda_function.lambda_handler",
        code=tmp_path,
        secret_value="old",
        target_calls=(f"{module}:connect",),
    )()

    with FakeSecrets() as fake, pytest.raises(FakeSecretsError) as raised:
        getattr(contract, f"test_{SUCCEEDS}")(fake)

    assert str(raised.value) == (
        f"target_calls has '{module}:connect', and its module is in the folder of the function: modules of that folder are "
        "private to it, so the contract would not see the calls. Name a function of the driver, such as "
        "'psycopg:Connection.execute'."
    )
