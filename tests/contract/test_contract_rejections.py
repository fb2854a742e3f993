"""How the contract rejects single calls: one call and its retries, in a first attempt and in a second one."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import broken_functions
import correct_functions
import pytest
import urllib3
from botocore.exceptions import ClientError
from broken_functions import (
    AFTER_CRASH,
    ONE_USER,
    REFUSED,
    THROTTLED,
    TWO_USERS,
    in_a_thread,
    in_an_event_loop,
)
from contract_runs import contract_class, failure_of, outcomes, passes
from correct_functions import ALTERNATING_USERS, SINGLE_USER, create_password, read, read_pending, rotate
from credential_targets import CLUSTER, DATABASE, Connection
from psycopg.sql import SQL, Identifier

from pytest_fakesecrets import FakeSecrets, RotationContract
from pytest_fakesecrets._contract.driver_errors import driver_errors
from pytest_fakesecrets._contract.recorded_calls import skipped_calls
from pytest_fakesecrets._contract.rejections import attempts, rejected_calls
from pytest_fakesecrets._contract.repeated_calls import repeated_calls
from pytest_fakesecrets._contract.target_call_names import call_name
from pytest_fakesecrets._contract.target_calls import TargetCall, key_of
from pytest_fakesecrets._service.faults import SingleCallFault, fault

VALUE = json.dumps({"username": "app", "password": "old-password"})


def contract_of(function):
    return type(
        "TestFunction", (RotationContract,), {"rotation_function": staticmethod(function), **ONE_USER}
    )()


def reject_one(fake, operation, code):
    every = fault(operation, code)
    rejection = SingleCallFault(operation=operation, failure=every.failure, left=None)
    fake._service.faults.arm(rejection)
    return rejection


class TestTheFaultOfASingleCall:
    def test_rejects_the_retries_of_the_call_and_no_later_call(self, fakesecrets, fakesecrets_client):
        fakesecrets.add_secret("db", VALUE)
        rejection = reject_one(fakesecrets, "GetSecretValue", "ThrottlingException")

        with pytest.raises(ClientError, match="ThrottlingException"):
            fakesecrets_client.get_secret_value(SecretId="db")
        attempts_of_the_client = rejection.happened
        assert attempts_of_the_client > 1
        assert fakesecrets_client.get_secret_value(SecretId="db")["SecretString"] == VALUE
        assert (rejection.happened, rejection.left) == (attempts_of_the_client, 0)

    def test_rejects_no_other_call_meanwhile(self, fakesecrets, fakesecrets_client):
        for name in ("db", "other"):
            fakesecrets.add_secret(name, VALUE)
        rejection = reject_one(fakesecrets, "GetSecretValue", "AccessDeniedException")

        with pytest.raises(ClientError, match="AccessDeniedException"):
            fakesecrets_client.get_secret_value(SecretId="db")
        fakesecrets_client.get_secret_value(SecretId="other")
        fakesecrets_client.describe_secret(SecretId="db")

        assert (rejection.happened, rejection.left) == (1, None)

    def test_takes_the_same_request_over_http_for_a_retry(self, fakesecrets, fakesecrets_server):
        fakesecrets.add_secret("db", VALUE)
        fakesecrets.add_secret("other", VALUE)
        rejection = reject_one(fakesecrets, "GetSecretValue", "AccessDeniedException")

        def get(name):
            headers = {
                "X-Amz-Target": "secretsmanager.GetSecretValue",
                "Content-Type": "application/x-amz-json-1.1",
            }
            body = json.dumps({"SecretId": name}).encode()
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(fakesecrets_server.url, body, headers)
                ) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        assert [get("db"), get("db"), get("other")] == [400, 400, 200]
        assert rejection.happened == 2


class TestAFinding:
    """A step that returned is examined call by call."""

    def rotated(self, function, operation="GetSecretValue"):
        with FakeSecrets() as fake:
            DATABASE.reset()
            fake.add_secret(
                "db", VALUE, rotation_function=function, rotation_rules={"AutomaticallyAfterDays": 30}
            )
            fake.fail(operation, "AccessDeniedException", step="createSecret")
            return [finding.code for finding in fake.rotate("db").findings]

    @pytest.mark.parametrize(
        "function",
        [
            broken_functions.looks_up_before_it_reads,
            broken_functions.looks_again_at_what_it_stored,
            in_a_thread(broken_functions.looks_up_before_it_reads),
            in_an_event_loop(broken_functions.looks_up_before_it_reads),
        ],
    )
    def test_is_made_of_a_rejected_call_before_the_last_one_of_its_operation(self, function):
        assert "error-swallowed" in self.rotated(function)

    def test_is_not_made_where_the_function_makes_the_call_again(self, monkeypatch):
        monkeypatch.setattr(correct_functions, "time", SimpleNamespace(sleep=lambda seconds: None))

        assert self.rotated(correct_functions.persistent) == []
        assert self.rotated(correct_functions.persistent, "PutSecretValue") == []


def gives_up_quietly(event, context):
    """It tries to read the pending value three times, and then goes on as if there was none."""

    def create(client, arn, token):
        for _ in range(3):
            try:
                read_pending(client, arn, token)
                return
            except client.exceptions.ResourceNotFoundException:
                break
            except ClientError:
                continue
        value = {**read(client, arn), "password": correct_functions.new_password(client)}
        correct_functions.put_pending(client, arn, token, value)

    rotate(event, {**SINGLE_USER, "createSecret": create})


class TestTheSeries:
    @pytest.mark.long
    def test_rejects_a_call_each_time_if_the_function_makes_it_again(self):
        failure = failure_of(gives_up_quietly, ONE_USER, f"test_{REFUSED}")

        assert "error-swallowed" in failure
        assert "GetSecretValue in createSecret was rejected each time with AccessDeniedException" in failure

    def test_tries_the_calls_of_a_second_attempt_that_are_not_those_of_a_first_one(self):
        contract = contract_of(correct_functions.single_user)
        with FakeSecrets() as fake:
            log, _ = contract._rotate_undisturbed(fake)
            tried = [
                (each.stopped_before, sorted(each.steps))
                for each in attempts(partial(contract._harness, fake), log)
            ]

        assert tried == [
            (None, ["createSecret", "finishSecret", "setSecret", "testSecret"]),
            ("setSecret", ["createSecret"]),
            ("testSecret", ["setSecret"]),
        ]

    def test_rejects_each_call_to_secrets_manager_once(self):
        contract = contract_of(correct_functions.single_user)
        with FakeSecrets() as fake:
            log, _ = contract._rotate_undisturbed(fake)
            first = next(iter(attempts(partial(contract._harness, fake), log)))
            rejected = list(rejected_calls(partial(contract._harness, fake), first, "AccessDeniedException"))

        operations = [name for _, name in log if name.split()[0] in ("DescribeSecret", "GetSecretValue")]
        assert [each.number for each in rejected] == [
            number + 1
            for number, (_, name) in enumerate(log)
            if name.split()[0].endswith(("Secret", "Value", "Stage", "Password"))
        ]
        assert len(operations) < len(rejected)
        assert "(call 1 of" in rejected[0].situation

    @pytest.mark.long
    def test_checks_that_the_next_attempt_recovers_from_a_rejection(self):
        """The handler of the error changes the target, and only the error itself is let out."""

        def locks(event, context):
            def create(client, arn, token):
                try:
                    create_password(client, arn, token)
                except ClientError as error:
                    if error.response["Error"]["Code"] == "AccessDeniedException":
                        DATABASE.change_password("app", "locked")
                    raise

            rotate(event, {**SINGLE_USER, "createSecret": create})

        failure = failure_of(locks, ONE_USER, f"test_{REFUSED}")

        assert (
            "not-recovered: GetSecretValue in createSecret was rejected with AccessDeniedException" in failure
        )

    @pytest.mark.long
    @pytest.mark.parametrize("scenario", [REFUSED, THROTTLED])
    def test_passes_where_the_calls_are_made_in_threads(self, scenario):
        passes(in_a_thread(correct_functions.single_user), ONE_USER, f"test_{scenario}")


def logs_in_anyhow(value):
    try:
        DATABASE.log_in(value["username"], value["password"])
    except Exception:
        return False
    return True


def sets_with_any_password_that_works(client, arn, token):
    """Whichever error a login has: the next password is tried."""
    values = [
        read(client, arn),
        correct_functions.read_previous(client, arn),
        read_pending(client, arn, token),
    ]
    for value in filter(None, values):
        if logs_in_anyhow(value):
            DATABASE.change_password(value["username"], values[-1]["password"])
            return
    raise ValueError("No password works.")


def tries_the_change_again(client, arn, token):
    pending = read_pending(client, arn, token)
    if logs_in_anyhow(pending):
        return
    for _ in range(3):
        try:
            DATABASE.change_password(pending["username"], pending["password"])
            return
        except OSError:
            continue
    raise ValueError("The password cannot be changed.")


def gives_the_change_up(client, arn, token):
    try:
        tries_the_change_again(client, arn, token)
    except ValueError:
        return


def set_over_a_connection(client, arn, token):
    pending = read_pending(client, arn, token)
    try:
        Connection(pending)
    except PermissionError:
        connection = Connection(read(client, arn))
        connection.execute("ALTER USER %s PASSWORD %s", pending["username"], pending["password"])


def set_and_close(client, arn, token):
    set_over_a_connection(client, arn, token)
    with suppress(Exception):
        SESSION.close()


def create_or_alter(client, arn, token):
    """What the server answers for one statement is made by another."""
    pending = read_pending(client, arn, token)
    values = pending["username"], pending["password"]
    try:
        SESSION.execute("CREATE USER %s PASSWORD %s", *values)
    except Exception:
        SESSION.execute("ALTER USER %s PASSWORD %s", *values)


class Session:
    """A session that needs no login."""

    def execute(self, statement, user="", password=""):
        if user:
            DATABASE.change_password(user, password)

    def commit(self):
        pass

    def close(self):
        pass


SESSION = Session()
OVER_A_CONNECTION = {**ONE_USER, "target_calls": ("credential_targets:Connection.execute",)}
IN_A_SESSION = {**ONE_USER, "target_calls": (f"{__name__}:Session.execute", f"{__name__}:Session.close")}


class TestARejectionAtTheTarget:
    """One call at the target is rejected, and the others work."""

    def with_set(self, set_secret):
        return lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_secret})

    @pytest.mark.parametrize(
        ("set_secret", "attributes"),
        [
            (sets_with_any_password_that_works, ONE_USER),
            pytest.param(tries_the_change_again, ONE_USER, marks=pytest.mark.long),
            pytest.param(set_over_a_connection, OVER_A_CONNECTION, marks=pytest.mark.long),
            pytest.param(set_and_close, IN_A_SESSION, marks=pytest.mark.long),
            pytest.param(create_or_alter, IN_A_SESSION, marks=pytest.mark.long),
        ],
    )
    def test_may_be_answered_by_another_call(self, set_secret, attributes):
        passes(self.with_set(set_secret), attributes, f"test_{REFUSED}")

    @pytest.mark.long
    def test_is_made_each_time_if_the_function_makes_the_call_again(self):
        failure = failure_of(self.with_set(gives_the_change_up), ONE_USER, f"test_{REFUSED}")

        assert "error-swallowed: change_password in setSecret at test_contract_rejections.py:" in failure
        assert " in tries_the_change_again (called from test_contract_rejections.py:" in failure
        assert (
            " in gives_the_change_up) was rejected each time with TargetDown (call 2 of 3 at the target), and setSecret "
            "returned without an error."
        ) in failure

    @pytest.mark.long
    def test_is_made_with_the_exception_of_the_driver(self, monkeypatch):
        class OperationalError(Exception):
            pass

        def set_and_pass_over_it(client, arn, token):
            with suppress(OperationalError):
                create_or_alter(client, arn, token)

        monkeypatch.setitem(globals(), "OperationalError", OperationalError)
        monkeypatch.setitem(globals(), "create_or_alter", set_over_a_session)
        failure = failure_of(self.with_set(set_and_pass_over_it), IN_A_SESSION, f"test_{REFUSED}")

        assert "error-swallowed: Session.execute ALTER USER in setSecret at " in failure
        assert "was rejected with OperationalError (call 1 of 3 at the target), and setSecret " in failure
        assert ", Session.execute ALTER USER rejected (OperationalError)\n" in failure

    @pytest.mark.parametrize(
        ("kind", "is_found"),
        [
            (urllib.error.URLError, True),
            pytest.param(urllib.error.HTTPError, True, marks=pytest.mark.long),
            pytest.param(TimeoutError, False, marks=pytest.mark.long),
        ],
    )
    def test_of_a_request_is_made_with_the_exceptions_of_urllib(self, monkeypatch, kind, is_found):
        """Only what urlopen() raises is swallowed: it raises no plain OSError when there is no connection."""

        def check(client, arn, token):
            with suppress(kind):
                urllib.request.urlopen("https://target.invalid/me")

        monkeypatch.setattr(urllib.request, "urlopen", lambda url: None)
        function = partial(rotate, steps={**SINGLE_USER, "testSecret": check})
        attributes = {**ONE_USER, "target_calls": ("urllib.request:urlopen",)}
        contract = contract_class(lambda event, context: function(event), attributes)()
        found = outcomes(contract, (REFUSED,))

        assert len(found) == is_found
        for failure in found:
            first, advice, *_ = failure.splitlines()
            assert first.startswith("error-swallowed: urlopen in testSecret at test_contract_rejections.py:")
            assert f" was rejected with {kind.__name__} (call 4 of 4 at the target), and testSecret " in first
            assert first.endswith(" returned without an error.")
            assert advice == "What to do: Let errors of the target out of the function."

    @pytest.mark.long
    def test_of_a_query_is_not_answered_by_another_statement(self):
        def set_after_a_look(client, arn, token):
            pending = read_pending(client, arn, token)
            with suppress(Exception):
                SESSION.execute("SELECT 1 FROM users")
            SESSION.execute("ALTER USER %s PASSWORD %s", pending["username"], pending["password"])

        failure = failure_of(self.with_set(set_after_a_look), IN_A_SESSION, f"test_{REFUSED}")

        assert "error-swallowed: Session.execute SELECT in setSecret at " in failure

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("step", "swallowed", "later"),
        [
            ("testSecret", "SELECT COUNT(*) FROM invoices", "SELECT 1"),
            ("testSecret", "SELECT COUNT(*) FROM invoices", "SHOW GRANTS"),
            ("setSecret", "SELECT 1 FROM users", "SELECT 2"),
            ("setSecret", "SET SESSION x = 1", "SET SESSION y = 1"),
            ("setSecret", "CREATE USER x", "SELECT 1"),
            ("setSecret", "CREATE USER x PASSWORD 'y'", "ALTER USER app PASSWORD 'y'"),
            ("setSecret", "GRANT x", "GRANT y"),
        ],
    )
    def test_is_answered_by_the_same_statement_only(self, step, swallowed, later):
        def run(client, arn, token, repeated=""):
            SINGLE_USER[step](client, arn, token)
            with suppress(Exception):
                SESSION.execute(swallowed)
            SESSION.execute(repeated or later)

        failure = failure_of(
            lambda event, context: rotate(event, {**SINGLE_USER, step: run}), IN_A_SESSION, f"test_{REFUSED}"
        )

        assert f"error-swallowed: Session.execute {swallowed.split()[0]}" in failure
        assert f" in {step} at " in failure.splitlines()[0]
        again = partial(run, repeated=swallowed)
        passes(
            lambda event, context: rotate(event, {**SINGLE_USER, step: again}),
            IN_A_SESSION,
            f"test_{REFUSED}",
        )

    @pytest.mark.parametrize(
        ("rejected", "made"),
        [
            ("CREATE USER 'app'@'%' IDENTIFIED BY 'y'", "ALTER USER App@localhost IDENTIFIED BY 'y'"),
            ('create role "app" LOGIN PASSWORD %s', "ALTER ROLE app PASSWORD %s"),
            ("CREATE USER %s PASSWORD %s", "ALTER USER $1 PASSWORD $2"),
            ("CREATE USER :user PASSWORD :password", "ALTER USER app PASSWORD :password"),
            ("CREATE DATABASE app", "ALTER DATABASE app OWNER x"),
        ],
    )
    def test_of_a_created_user_may_be_answered_by_a_change_of_that_user(self, rejected, made):
        def call(statement):
            name = call_name("Session.execute", (statement,), {})
            return TargetCall("setSecret", name, key_of((statement,), {}), None)

        change = call(made)
        change.is_completed = True

        assert change.replaces(call(rejected))

    @pytest.mark.parametrize(("user", "is_answer"), [("app", True), ("audit", False)])
    def test_of_create_user_is_answered_by_a_change_of_that_user_alone(self, user, is_answer):
        rejected, change = (
            TargetCall("setSecret", name, key_of((of, "password"), {}), None)
            for name, of in (("create_user", user), ("change_password", "app"))
        )
        change.is_completed = True

        assert change.replaces(rejected) is is_answer

    @pytest.mark.long
    def test_is_not_an_empty_series_for_a_function_in_a_thread(self):
        function = in_a_thread(broken_functions.logs_what_it_cannot_change)

        failure = failure_of(function, ONE_USER, f"test_{REFUSED}")

        assert "error-swallowed: change_password in setSecret at broken_functions.py:" in failure


def set_over_a_session(client, arn, token):
    pending = read_pending(client, arn, token)
    SESSION.execute("ALTER USER %s PASSWORD %s", pending["username"], pending["password"])


class TestACallThatMakesAnother:
    """A function of target_calls that calls the target of the class."""

    def test_has_begun_when_lambda_kills_the_function_at_the_other_one(self):
        def over_a_connection(event, context):
            rotate(event, {**SINGLE_USER, "setSecret": set_over_a_connection})

        passes(over_a_connection, OVER_A_CONNECTION, f"test_{AFTER_CRASH}")

    @pytest.mark.long
    def test_has_to_be_completed_by_the_retry(self, monkeypatch):
        """The other calls that it makes are counted one by one."""

        def set_and_redeploy(client, arn, token):
            pending = read_pending(client, arn, token)
            if not correct_functions.logs_in(DATABASE, pending):
                SESSION.execute("ALTER USER", pending["username"], pending["password"])

        def execute(self, statement, user, password):
            DATABASE.change_password(user, password)
            DATABASE.call("redeploy")

        monkeypatch.setattr(Session, "execute", execute)
        failure = failure_of(
            lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_and_redeploy}),
            IN_A_SESSION,
            f"test_{AFTER_CRASH}",
        )

        assert "work-skipped: Lambda killed the function after change_password in setSecret" in failure
        assert "redeploy was never called" in failure


def creating_and_changing(*others):
    """The change of a password follows where the pending one does not log in, also that of a user that was created."""

    def set_secret(client, arn, token):
        pending = read_pending(client, arn, token)
        user, password = pending["username"], pending["password"]
        is_set = correct_functions.logs_in(CLUSTER, pending)
        if user not in CLUSTER.users:
            CLUSTER.create_user(user, password)
        CLUSTER.call("copy the grants")
        for each in () if is_set else (user, *others):
            CLUSTER.change_password(each, password)

    return lambda event, context: rotate(event, {**ALTERNATING_USERS, "setSecret": set_secret})


def set_and(*statements):
    """A setSecret that returns if the pending password logs in, and else changes it and runs further statements."""

    def set_secret(client, arn, token):
        pending = read_pending(client, arn, token)
        if not correct_functions.logs_in(DATABASE, pending):
            SESSION.execute("ALTER USER", pending["username"], pending["password"])
            for statement in statements:
                SESSION.execute(statement)
            SESSION.commit()
            SESSION.close()

    return lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_secret})


IN_TRANSACTIONS = {
    **ONE_USER,
    "target_calls": tuple(f"{__name__}:Session.{name}" for name in ("execute", "commit", "close")),
}


class TestTheExceptionsOfADriver:
    def types(self, module):
        return [type(error) for error in driver_errors(module)]

    def test_are_those_that_its_library_raises(self):
        assert self.types("urllib.request") == [urllib.error.URLError, urllib.error.HTTPError]
        for module in ("urllib3", "urllib3.connectionpool", "urllib3.connection"):
            assert self.types(module) == [urllib3.exceptions.MaxRetryError]
        assert self.types("http.client") == []

    @pytest.mark.parametrize(
        ("library", "name"), [("requests", "ConnectionError"), ("aiohttp", "ClientOSError")]
    )
    def test_are_those_of_an_optional_library(self, library, name):
        kind = getattr(pytest.importorskip(library), name)

        for module in (library, f"{library}.sessions", f"{library}.client"):
            assert [(type(each), str(each)) for each in driver_errors(module)] == [
                (kind, "The connection to the target was lost.")
            ]

    def test_say_that_the_connection_was_lost(self):
        for module in ("urllib.request", "urllib3"):
            assert "The connection to the target was lost." in str(next(driver_errors(module)))

    def test_are_not_imported_for_it(self, monkeypatch):
        for name in [name for name in sys.modules if name.partition(".")[0] in ("aiohttp", "urllib")]:
            monkeypatch.delitem(sys.modules, name)

        assert self.types("aiohttp") == self.types("urllib.request") == []
        assert not {"aiohttp", "urllib.error"} & {*sys.modules}

    def test_are_those_of_httpx_if_it_is_loaded(self, monkeypatch):
        kind = type("ConnectError", (Exception,), {})
        assert self.types("httpx") == []
        for name in ("httpx", "httpcore"):
            monkeypatch.setitem(sys.modules, name, SimpleNamespace(ConnectError=kind))
            assert self.types(name) == self.types(f"{name}._client") == [kind]

    def test_are_left_out_if_they_take_other_arguments(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "httpx", SimpleNamespace(ConnectError=KeyError("x")))

        assert self.types("httpx") == []


def made(*arguments, step="setSecret", name="Cursor.execute"):
    call = TargetCall(step, call_name(name, arguments, {}), key_of((SESSION, *arguments), {}), None, "driver")
    call.is_completed = True
    return call


CREATED_BEFORE = "CREATE USER %s IDENTIFIED BY %s", ("app", "p")
CREATED = made(*CREATED_BEFORE)


class TestARepeatedCall:
    @pytest.mark.parametrize(
        "calls",
        [
            (CREATED, made("SET PASSWORD FOR %s = %s", ("app", "p"))),
            (CREATED, made("GRANT SELECT ON x TO app"), made("SET PASSWORD FOR 'app'@'%' = PASSWORD('p')")),
            (made("CREATE ROLE \"app\" WITH LOGIN PASSWORD 'p q'"), made("alter role app password 'p q'")),
            (
                made("CREATE USER IF NOT EXISTS app IDENTIFIED BY 'p'"),
                made("ALTER USER app IDENTIFIED BY %(new)s", {"new": "p"}),
            ),
            (
                made(SQL("CREATE USER {} PASSWORD {}").format(Identifier("app"), "p")),
                made(SQL("ALTER USER {} PASSWORD {}").format(Identifier("app"), "p")),
            ),
            (made("CREATE LOGIN app WITH PASSWORD = 'p'"), made("ALTER LOGIN app WITH PASSWORD = 'p'")),
            (made("app", "p", name="Api.create_user"), made("app", "p", name="Api.change_password")),
            (made("app", "p", "reader", name="create_user"), made("app", "p", name="change_password")),
            (
                made("CREATE USER app IDENTIFIED WITH plugin BY 'p' REQUIRE SSL"),
                made("ALTER USER app IDENTIFIED WITH plugin BY 'p'"),
            ),
        ],
    )
    def test_sets_the_password_that_its_user_has(self, calls):
        assert repeated_calls(calls, is_verified=True) == {calls[-1].name: 1}

    @pytest.mark.parametrize(
        "calls",
        [
            (CREATED, made("SET PASSWORD FOR %s = %s", ("app", "q"))),
            (CREATED, made("SET PASSWORD FOR %s = %s", ("audit", "p"))),
            (made("CREATE ROLE app PASSWORD 'p'"), made("ALTER ROLE app LOGIN PASSWORD 'p'")),
            (CREATED, made("SET PASSWORD = 'p'")),
            (CREATED, made("ALTER USER app IDENTIFIED BY 'p' ACCOUNT UNLOCK")),
            (CREATED, made("ALTER USER app IDENTIFIED BY 'q'"), made("ALTER USER app IDENTIFIED BY 'p'")),
            (CREATED, made("DROP USER app"), CREATED),
            (CREATED, made("ALTER USER app@localhost IDENTIFIED BY 'p'")),
            (made(*CREATED_BEFORE, step="createSecret"), CREATED),
            (
                made("CREATE USER IF NOT EXISTS app IDENTIFIED BY 'p'"),
                made("ALTER USER app IDENTIFIED BY 'p'"),
                made("ALTER USER audit IDENTIFIED BY 'p'"),
            ),
            (made("CREATE USER app"), made("ALTER USER app")),
            (made("app", "p", name="Api.create_user"), made("app", "p", name="Api.add_password")),
            (TargetCall("setSecret", CREATED.name, CREATED.key, None, "driver"), CREATED),
        ],
    )
    def test_is_not_one_that_sets_anything_else(self, calls):
        assert not repeated_calls(calls, is_verified=True)

    def test_is_not_one_after_a_condition_without_a_login_that_shows_its_effect(self):
        calls = (
            made("CREATE USER IF NOT EXISTS app IDENTIFIED BY 'p'"),
            made("ALTER USER app IDENTIFIED BY 'p'"),
        )

        assert repeated_calls(calls, is_verified=True)
        assert not repeated_calls(calls, is_verified=False)


class TestACallThatARecoverySkips:
    @pytest.mark.parametrize(
        "statement",
        [
            "FLUSH PRIVILEGES",
            *(
                pytest.param(statement, marks=pytest.mark.long)
                for statement in ("COMMIT", "SET SESSION x = 1", "SELECT 1")
            ),
        ],
    )
    def test_need_not_be_made_if_the_change_before_it_has_its_effect(self, statement):
        passes(set_and(statement), IN_TRANSACTIONS, f"test_{AFTER_CRASH}")

    @pytest.mark.parametrize(
        "statement",
        [
            "GRANT SELECT ON",
            *(
                pytest.param(statement, marks=pytest.mark.long)
                for statement in ("UPDATE", "CREATE ROLE", "INSERT INTO", "DELETE FROM", "SET DEFAULT ROLE")
            ),
        ],
    )
    def test_is_found_if_it_changes_anything_with_advice_for_its_step(self, statement):
        failure = failure_of(set_and(f"{statement} x"), IN_TRANSACTIONS, f"test_{AFTER_CRASH}")

        assert f"but Session.execute {statement} was never called." in failure.splitlines()[0]
        assert failure.splitlines()[1] == (
            f"What to do: In setSecret, a retry returns before Session.execute {statement}: do it also if the pending value "
            "logs in already."
        )
        assert (
            "was never called. Where the database undoes a transaction as a whole, with the change of the password, as "
            "PostgreSQL does, let the target of the test do so too, or accept 'work-skipped'."
        ) in failure.splitlines()[0]

    def test_is_found_if_the_change_before_it_is_one_of_data(self):
        skipped = [
            skipped_calls(log, [*log, ("setSecret", name)], is_verified=True)
            for log in ([("setSecret", "execute UPDATE")], [("setSecret", "execute ALTER USER")])
            for name in ("commit", "execute FLUSH PRIVILEGES", "execute COMMIT")
        ]

        assert [bool(each) for each in skipped] == [True, True, True, False, False, False]

    def test_is_found_where_no_login_shows_that_a_change_was_committed(self):
        log = [("setSecret", "execute ALTER USER")]

        assert skipped_calls(log, [*log, ("setSecret", "commit")], is_verified=False)
        assert not skipped_calls(log, [*log, ("setSecret", "close")], is_verified=False)
        finish = [("finishSecret", "execute DROP USER")]
        assert skipped_calls(finish, [*finish, ("finishSecret", "commit")], is_verified=True)

    @pytest.mark.long
    def test_of_finish_secret_has_the_advice_about_the_promotion(self):
        def redeploys_once(event, context):
            def finish(client, arn, token):
                correct_functions.promote(client, arn, token)
                SESSION.execute("GRANT x")

            rotate(event, {**SINGLE_USER, "finishSecret": finish})

        failure = failure_of(redeploys_once, IN_A_SESSION, f"test_{AFTER_CRASH}")

        assert "a retry may begin after the promotion." in failure.splitlines()[1]
        assert "PostgreSQL" not in failure  # the step commits nothing afterwards

    def test_of_several_steps_is_of_the_one_that_makes_it_more_often_without_faults(self):
        made = [("createSecret", "urlopen")] * 2 + [("testSecret", "urlopen")]
        log = [("createSecret", "urlopen")] * 4 + [("testSecret", "urlopen")]

        assert [(str(call), call.step) for call in skipped_calls(made, log, is_verified=True)] == [
            ("urlopen was called 3 times, not 5 times", "createSecret")
        ]

    @pytest.mark.parametrize("attributes", [TWO_USERS, {**TWO_USERS, "target_state": lambda contract: {}}])
    def test_need_not_be_made_if_the_new_user_got_this_password_when_it_was_created(self, attributes):
        passes(creating_and_changing(), attributes, f"test_{AFTER_CRASH}")

    def test_is_found_if_it_changes_the_password_of_another_user(self):
        failure = failure_of(creating_and_changing("admin"), TWO_USERS, f"test_{AFTER_CRASH}")

        assert "after create_user in setSecret" in failure
        assert (
            "but change_password was never called. It fails when killed after calls 9, 10, 11 of 21."
            in failure
        )

    def test_shows_how_often_it_was_called_in_all(self):
        log = [("setSecret", "create_user"), ("setSecret", "change_password")]
        undisturbed = [*log, ("setSecret", "change_password")]
        once, twice = Counter(change_password=1), Counter(change_password=2)
        shown = [
            [
                str(call)
                for call in skipped_calls(calls, undisturbed, is_verified=True, repeated=(again, once))
            ]
            for calls, again in (
                (log, once),
                (undisturbed[:1], once),
                (undisturbed, once),
                (undisturbed, twice),
            )
        ]

        assert shown == [
            ["change_password was called once, not 2 times"],
            ["change_password was never called"],
            [],
            ["change_password was called 2 times, but not with each user and password"],
        ]

    def test_may_be_the_commit_itself_or_may_come_after_it(self):
        log = [("setSecret", f"execute {name}") for name in ("ALTER USER", "UPDATE", "COMMIT", "GRANT")]
        skipped = [skipped_calls(log[:count], log, is_verified=True) for count in (1, 2, 3)]

        assert [[(str(call), call.is_in_a_transaction) for call in each] for each in skipped] == [
            [
                ("execute UPDATE was never called", True),
                ("execute COMMIT was never called", True),
                ("execute GRANT was never called", False),
            ],
            [("execute COMMIT was never called", True), ("execute GRANT was never called", False)],
            [("execute GRANT was never called", False)],
        ]

    @pytest.mark.long
    def test_hides_no_other_finding_of_a_later_scenario(self):
        """The rejected GRANT is skipped as after a crash, and the rejected CREATE is swallowed."""

        def set_secret(client, arn, token):
            pending = read_pending(client, arn, token)
            if not correct_functions.logs_in(DATABASE, pending):
                SESSION.execute("ALTER USER", pending["username"], pending["password"])
                SESSION.execute("GRANT x")
                with suppress(Exception):
                    SESSION.execute("CREATE ROLE x")

        function = TestARejectionAtTheTarget().with_set(set_secret)
        crash, refused = outcomes(contract_class(function, IN_A_SESSION)(), (AFTER_CRASH, REFUSED))

        assert crash.startswith("work-skipped: ")
        assert refused.startswith("error-swallowed: Session.execute CREATE ROLE in setSecret at ")
