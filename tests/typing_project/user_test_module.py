"""Tests with types, as a user writes them."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from user_functions import Rotating, failing, rotate
from user_helpers import (
    Event,
    change_at,
    drive,
    log_in_at,
    look_at_assumptions,
    look_at_context,
    look_at_event,
    look_at_fault,
    look_at_rotation,
    look_at_secret,
    look_at_version,
    look_at_window,
    move,
    reach,
)

from pytest_fakesecrets import (
    Assumptions,
    Clock,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    Fault,
    FunctionTimedOut,
    InvocationRefused,
    ReportingFailedWarning,
    Rotation,
    RotationDriver,
    RotationFailedWarning,
    RotationProcess,
    SecretView,
    Server,
    UnusedFaultWarning,
)

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def test_clients(fakesecrets: FakeSecrets, fakesecrets_client: SecretsManagerClient) -> None:
    assert_type(fakesecrets.client(), "SecretsManagerClient")
    assert_type(fakesecrets.client("eu-west-1"), "SecretsManagerClient")
    client = fakesecrets.client(region_name="eu-west-1", aws_access_key_id="210987654321")
    client.create_secret(Name="db", SecretString="old")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "old"

    fakesecrets.attach(fakesecrets_client)
    fakesecrets.attach(boto3.client("secretsmanager"))  # pyright: ignore[reportUnknownMemberType]
    assert_type(fakesecrets.is_active, bool)


def test_a_secret(db: SecretView) -> None:
    look_at_secret(db)
    look_at_version(db.versions[0])


def test_secrets_that_no_call_could_make(fakesecrets: FakeSecrets) -> None:
    assert_type(fakesecrets.add_secret("born-empty"), SecretView)
    fakesecrets.add_secret("binary", b"value")
    fakesecrets.add_secret("stuck", "value", stuck=True, pending_value=b"half-made")
    fakesecrets.add_secret(
        "old",
        "value",
        previous_value="older",
        deprecated_values=["oldest", b"value"],
        description="of the database",
        kms_key_id="alias/mine",
        tags={"team": "a"},
        rotation_function=rotate,
        rotation_rules={"AutomaticallyAfterDays": 30},
        created_at=date(2019, 1, 1),
        last_rotated_at=datetime(2019, 6, 1, tzinfo=timezone.utc),
        region_name="eu-west-1",
    )
    with pytest.raises(FakeSecretsError, match="is not there"):
        fakesecrets.add_rotation_function("lambda_function.lambda_handler", code="functions")
    fakesecrets.add_secret("rds!db-1", "{}", owning_service="rds", type=None)
    assert_type(fakesecrets.secret("old"), SecretView)
    with pytest.raises(FakeSecretsError, match="nobody"):
        fakesecrets.secret("nobody")


def test_rotations(db: SecretView, fakesecrets: FakeSecrets) -> None:
    handler = Rotating()
    assert_type(fakesecrets.add_rotation_function(handler), str)
    function = fakesecrets.add_rotation_function(
        "user_functions:rotate", name="rotate", environ={"A": "b"}, region_name="us-east-1"
    )
    assert_type(fakesecrets.rotate("db", function), Rotation)
    process = RotationProcess(["node", Path("runtime.mjs")], cwd=Path("."), environ={"A": "b"})
    fakesecrets.add_rotation_function(process, name="javascript")
    fakesecrets.add_secret("rotated-by-a-process", "old", rotation_function=RotationProcess(["node"]))
    fakesecrets.rotate("db", handler, RotationRules={"ScheduleExpression": "rate(30 days)"})
    fakesecrets.rotate("db")
    assert issubclass(ReportingFailedWarning, UserWarning)
    assert issubclass(UnusedFaultWarning, UserWarning)
    with pytest.warns(RotationFailedWarning):
        look_at_rotation(fakesecrets.rotate("db", failing))

    assert_type(fakesecrets.rotations(), tuple[Rotation, ...])
    assert_type(fakesecrets.rotations("db"), tuple[Rotation, ...])
    assert_type(fakesecrets.history, tuple[Event, ...])
    assert_type(fakesecrets.cloudtrail, tuple[dict[str, Any], ...])
    assert_type(fakesecrets.eventbridge, tuple[dict[str, Any], ...])
    assert_type(fakesecrets.timeline(), str)
    assert_type(fakesecrets.timeline("db"), str)
    assert_type(fakesecrets.schedule("db", until=timedelta(days=90)), str)
    assert_type(fakesecrets.schedule("db", until="2100-01-01"), str)
    assert {look_at_event(event) for event in fakesecrets.history} >= {"RotateSecret", "RotationFailed", "v2"}
    look_at_context(handler.contexts[0])
    window = db.next_rotation
    assert window is not None
    look_at_window(window)


def test_the_driver(db: SecretView, fakesecrets: FakeSecrets, fakesecrets_rotation: RotationDriver) -> None:
    client = fakesecrets.client()
    client.rotate_secret(SecretId=db.arn, RotationLambdaARN=fakesecrets.add_rotation_function(rotate))

    rotation = drive(fakesecrets_rotation, "setSecret")

    assert rotation.status == "succeeded"
    assert_type(fakesecrets.drive(), RotationDriver)


def test_calls_that_fail(db: SecretView, fakesecrets: FakeSecrets, fakesecrets_clock: Clock) -> None:
    client = fakesecrets.client()
    fault = fakesecrets.fail("GetSecretValue", "AccessDeniedException")
    assert_type(fault, Fault)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_secret_value(SecretId=db.arn)
    assert look_at_fault(fault) == 1
    fakesecrets.fail("GetSecretValue", (503, "Gone", "for now"), times=1, secret_id="db", back_off=False)
    fakesecrets.fail("GetSecretValue", ReadTimeoutError)
    fakesecrets.fail("GetSecretValue", ConnectionResetError("down"))
    fakesecrets.fail("GetSecretValue", timedelta(seconds=5))
    fakesecrets.fail("PutSecretValue", "ThrottlingException", times=None, step="createSecret")
    with pytest.raises(ConnectionError, match="down"):
        client.get_secret_value(SecretId=db.arn)
    assert client.get_secret_value(SecretId=db.arn)["Name"] == "db"


def test_lambda_that_fails(
    db: SecretView, fakesecrets: FakeSecrets, fakesecrets_clock: Clock, fakesecrets_rotation: RotationDriver
) -> None:
    function = fakesecrets.add_rotation_function(
        "user_functions:rotate", timeout=timedelta(seconds=5), cold_start=True
    )
    fakesecrets.client().rotate_secret(SecretId=db.arn, RotationLambdaARN=function)
    fakesecrets.fail("Invoke", "TooManyRequestsException")
    with pytest.raises(InvocationRefused):
        fakesecrets_rotation.step()
    fakesecrets.fail("PutSecretValue", timedelta(seconds=6))
    with pytest.raises(FunctionTimedOut):
        fakesecrets_rotation.step()
    assert fakesecrets_rotation.run().succeeded


def test_the_clock(fakesecrets: FakeSecrets, fakesecrets_clock: Clock) -> None:
    assert_type(fakesecrets.clock, Clock)
    assert f"{move(fakesecrets_clock):%Y-%m-%d}" == "2030-02-01"


def test_the_server(fakesecrets: FakeSecrets, fakesecrets_server: Server) -> None:
    assert reach(fakesecrets_server)["URL"].startswith("http://")
    with fakesecrets.serve() as server:
        assert_type(server, Server)
        assert server.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] == server.url.rpartition(":")[2]
    assert_type(fakesecrets.serve(2773), Server)
    assert_type(fakesecrets.serve(port=0, ttl=timedelta(0)), Server)


class Login(TypedDict):
    username: str
    password: str


@pytest.mark.fakesecrets(
    "app/login", {"username": "app", "password": "old"}, previous_value={"password": "older"}
)
@pytest.mark.fakesecrets("app/key", b"key")
def test_a_dict_is_a_value(fakesecrets: FakeSecrets) -> None:
    assert fakesecrets.secret("app/login").json("AWSPREVIOUS") == {"password": "older"}
    login: Login = {"username": "app", "password": "old"}
    ports: dict[str, list[int]] = {"ports": [1]}
    view = fakesecrets.add_secret("db", login, previous_value=ports, deprecated_values=["a", b"b", login])
    assert_type(view, SecretView)
    assert view.value() == '{"username":"app","password":"old"}'


def test_a_target() -> None:
    target = CredentialTarget(
        {"app": "old"},
        refuses="@",
        applies_after=timedelta(0),
        keeps_old_for=timedelta(0),
        most_passwords=2,
    )
    assert log_in_at(target, "old")
    assert not log_in_at(target, "new")
    assert change_at(target) == ("app",)
    assert log_in_at(CredentialTarget({"app": "old"}), "old")


def test_assumptions(fakesecrets: FakeSecrets) -> None:
    assumptions = fakesecrets.assume(rotate_at="close", retry_delays=(timedelta(minutes=1),))
    assert_type(assumptions, Assumptions)
    look_at_assumptions(assumptions)
    assert Assumptions(rotate_at="close") != assumptions
    fakesecrets.reset()


def test_a_fake_of_ones_own() -> None:
    with FakeSecrets(seed=7) as fake:
        assert_type(fake, FakeSecrets)
        fake.client().create_secret(Name="db", SecretString="old")
    assert not fake.is_active
