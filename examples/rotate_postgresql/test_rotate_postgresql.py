"""What the team wants to know of its two rotation functions, against a real PostgreSQL server."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_fakesecrets import FakeSecrets

if not os.environ.get("FAKESECRETS_TESTS_MUST_RUN"):
    pytest.importorskip("psycopg")

import alternating_users_rotation
import boto3
import psycopg
import single_user_rotation

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Application:
    """A reader of the secret: it asks for the password, and opens the server with it."""

    def __init__(self, client, server):
        self._client, self._server = client, server

    def account(self):
        value = json.loads(self._client.get_secret_value(SecretId="db")["SecretString"])
        return value["username"], value["password"]

    def can_log_in(self):
        return self._server.accepts(*self.account())

    def note(self):
        with self._server.log_in(*self.account()) as connection:
            return connection.execute("SELECT note FROM notes").fetchone()[0]


@pytest.fixture
def roles(server):
    """The roles as they are in production before the first rotation."""
    server.reset(app="first", master="master's")
    return server


@pytest.fixture
def application(roles, fakesecrets_client):
    return Application(fakesecrets_client, roles)


@pytest.fixture
def single(roles, fakesecrets, fakesecrets_client, fakesecrets_rotation):
    """A rotation has begun in which the role changes its own password."""
    add(fakesecrets, "db", roles.value("app", "first"))
    function = fakesecrets.add_rotation_function(single_user_rotation.lambda_handler)
    fakesecrets_client.rotate_secret(SecretId="db", RotationLambdaARN=function)
    return fakesecrets_rotation


@pytest.fixture
def alternating(roles, fakesecrets, fakesecrets_client, fakesecrets_rotation):
    """A rotation has begun in which the master changes the password of the role that is not in use."""
    master = add(fakesecrets, "master", roles.value("master", "master's"))
    add(fakesecrets, "db", roles.value("app", "first", masterarn=master.arn))
    function = fakesecrets.add_rotation_function(alternating_users_rotation.lambda_handler)
    fakesecrets_client.rotate_secret(SecretId="db", RotationLambdaARN=function)
    return fakesecrets_rotation


def values(fakesecrets, label):
    value = fakesecrets.secret("db").json(label)
    return value["username"], value["password"]


class TestSingleUser:
    def test_new_logins_are_refused_from_set_secret_until_finish_secret(self, single, application):
        served = {}
        for step in STEPS:
            single.step(step)
            served[step] = application.can_log_in()

        assert served == {"createSecret": True, "setSecret": False, "testSecret": False, "finishSecret": True}

    def test_a_connection_that_is_open_stays_open(self, single, application, roles):
        with roles.log_in(*application.account()) as connection:
            single.run()
            assert connection.execute("SELECT note FROM notes").fetchone() == ("hello",)

        assert not roles.accepts("app", "first")
        assert application.note() == "hello"

    def test_a_database_that_is_read_only_for_a_moment_gets_the_same_password_later(
        self, single, application, roles, fakesecrets
    ):
        single.step("createSecret")
        put = values(fakesecrets, "AWSPENDING")
        roles.execute("ALTER ROLE app SET default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            single.step("setSecret")
        assert application.account() == ("app", "first")
        assert application.can_log_in()

        roles.execute("ALTER ROLE app RESET default_transaction_read_only")
        rotation = single.run()  # AWS's retry: the whole process, with the same token
        assert (rotation.status, rotation.attempt) == ("succeeded", 2)
        assert application.account() == put
        assert application.can_log_in()

    def test_a_password_that_was_set_before_a_failure_is_kept(self, single, application, roles, fakesecrets):
        single.step("createSecret")
        single.step("setSecret")
        set_before = values(fakesecrets, "AWSPENDING")
        roles.execute("ALTER ROLE app CONNECTION LIMIT 0")
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            single.step("testSecret")

        roles.execute("ALTER ROLE app CONNECTION LIMIT -1")
        assert single.run().status == "succeeded"
        assert application.account() == set_before
        assert application.can_log_in()

    def test_a_server_that_was_restored_to_the_previous_password_is_rotated(
        self, single, application, roles, fakesecrets_client
    ):
        single.run()
        roles.execute("ALTER ROLE app PASSWORD {}", "first")  # as a backup of the time before
        assert not application.can_log_in()

        fakesecrets_client.rotate_secret(SecretId="db")
        assert single.run().status == "succeeded"
        assert application.can_log_in()

    def test_a_password_that_was_set_by_hand_stops_the_rotation(self, single, application, roles):
        roles.execute("ALTER ROLE app PASSWORD {}", "by hand")
        single.step("createSecret")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            single.step("setSecret")

        assert roles.accepts("app", "by hand")
        assert application.account() == ("app", "first")

    def test_a_pending_value_for_another_user_is_refused(self, single, roles, fakesecrets):
        handler = storing(roles.value("postgres", "mine"), single_user_rotation.lambda_handler)
        fakesecrets.add_rotation_function(handler, name="lambda_handler")
        single.step("createSecret")
        with pytest.raises(ValueError, match="another user"):
            single.step("setSecret")

    def test_each_step_may_be_delivered_twice(self, single, application):
        deliver_each_step_twice(single)
        assert application.can_log_in()


class TestAlternatingUsers:
    def test_the_application_is_served_between_any_two_steps(self, alternating, application):
        assert application.note() == "hello"
        for step in STEPS:
            alternating.step(step)
            assert application.note() == "hello"

        assert application.account()[0] == "app_clone"

    def test_two_rotations_come_back_to_the_first_user_and_both_log_in(
        self, alternating, application, roles, fakesecrets, fakesecrets_client
    ):
        alternating.run()
        after_one = values(fakesecrets, "AWSCURRENT")
        fakesecrets_client.rotate_secret(SecretId="db")
        alternating.run()

        assert values(fakesecrets, "AWSPREVIOUS") == after_one
        assert application.account()[0] == "app"
        assert application.note() == "hello"
        assert roles.accepts(*after_one)
        assert not roles.accepts("app", "first")

    def test_a_reader_with_a_cached_password_survives_one_rotation(
        self, alternating, application, roles, fakesecrets_client
    ):
        cached = application.account()
        alternating.run()
        assert roles.accepts(*cached)

        fakesecrets_client.rotate_secret(SecretId="db")
        alternating.run()
        assert not roles.accepts(*cached)

    def test_a_master_secret_that_is_out_of_date_is_mended_and_the_retry_succeeds(
        self, alternating, application, roles, fakesecrets
    ):
        roles.execute("ALTER ROLE master PASSWORD {}", "by hand")
        alternating.step("createSecret")
        put = values(fakesecrets, "AWSPENDING")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            alternating.step("setSecret")
        assert application.note() == "hello"

        roles.execute("ALTER ROLE master PASSWORD {}", "master's")
        rotation = alternating.run()
        assert (rotation.status, rotation.attempt) == ("succeeded", 2)
        assert application.account() == put
        assert application.note() == "hello"

    def test_a_role_without_its_rights_is_never_left_behind(self, alternating, roles, monkeypatch):
        execute = psycopg.Connection.execute

        def dies_before_the_grant(connection, query, *parameters):
            if "GRANT" in repr(query):
                raise ConnectionError("the function dies here")
            return execute(connection, query, *parameters)

        alternating.step("createSecret")
        with monkeypatch.context() as patch:
            patch.setattr(psycopg.Connection, "execute", dies_before_the_grant)
            with pytest.raises(ConnectionError):
                alternating.step("setSecret")
        with roles.log_in("app", "first") as connection:
            assert not alternating_users_rotation.exists(connection, "app_clone")

        assert alternating.run().status == "succeeded"

    def test_an_account_that_does_not_log_in_gets_no_clone_from_the_master(self, alternating, roles):
        roles.execute("ALTER ROLE app PASSWORD {}", "by hand")
        alternating.step("createSecret")
        with pytest.raises(psycopg.OperationalError, match='failed for user "app"'):
            alternating.step("setSecret")

    def test_a_pending_value_for_another_user_is_refused(self, alternating, roles, fakesecrets):
        handler = storing(roles.value("postgres", "mine"), alternating_users_rotation.lambda_handler)
        fakesecrets.add_rotation_function(handler, name="lambda_handler")
        alternating.step("createSecret")
        with pytest.raises(ValueError, match="other user"):
            alternating.step("setSecret")

    def test_a_name_that_is_too_long_for_a_clone_is_refused_at_once(self, alternating):
        with pytest.raises(ValueError, match="longer than 63 bytes"):
            alternating_users_rotation.alternate("a" * 58)

    def test_each_step_may_be_delivered_twice(self, alternating, application):
        deliver_each_step_twice(alternating)
        assert application.note() == "hello"


#: What quotes, interpolates, escapes or looks like a hash, among anything that a string can be.
HOSTILE = st.text(
    st.sampled_from("'\"\\%:$;@/ {}()?&=`\n\u00e9\u00df\u65e5\U0001f511")
    | st.characters(codec="utf-8", exclude_characters="\0"),
    min_size=1,
    max_size=40,
)


@pytest.mark.long
@pytest.mark.parametrize("function", [single_user_rotation, alternating_users_rotation])
class TestAnyPassword:
    @given(old=HOSTILE, new=HOSTILE)
    @example(old="' OR ''='", new="'; DROP ROLE app; --")
    @example(old="%s %(x)s {}", new="md5" + "0" * 32)
    @settings(max_examples=8, deadline=None)
    def test_rotates(self, server, function, old, new):
        server.reset(app=old, master=old)
        with FakeSecrets() as fake:
            driver, client = fake.drive(), fake.client()
            master = add(fake, "master", server.value("master", old))
            add(fake, "db", server.value("app", old, masterarn=master.arn))
            user = "app_clone" if function is alternating_users_rotation else "app"
            pending = server.value(user, new, masterarn=master.arn)
            arn = fake.add_rotation_function(storing(pending, function.lambda_handler))
            client.rotate_secret(SecretId="db", RotationLambdaARN=arn)

            assert driver.run().status == "succeeded"
            assert Application(client, server).account() == (user, new)
            assert Application(client, server).note() == "hello"


def add(fake, name, value):
    return fake.add_secret(name, json.dumps(value))


def storing(value, rotation_function):
    """A function that stores a value of the test in createSecret. AWS rejects a value that a test stores itself."""

    def handler(event, context):
        if event["Step"] == "createSecret":
            boto3.client("secretsmanager").put_secret_value(
                SecretId=event["SecretId"],
                ClientRequestToken=event["ClientRequestToken"],
                SecretString=json.dumps(value),
                VersionStages=["AWSPENDING"],
            )
        rotation_function(event, context)

    return handler


def deliver_each_step_twice(driver):
    for step in STEPS:
        driver.step(step)
        driver.redeliver(step)
