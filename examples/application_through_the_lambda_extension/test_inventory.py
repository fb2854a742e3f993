"""Tests of the application: how the cache of the extension affects it during a rotation."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.error import HTTPError

import boto3
import pytest
from inventory_application import SECRET, read_secret, stock, stock_with_refresh
from inventory_database import DATABASE

from pytest_fakesecrets import Call

#: The default of SECRETS_MANAGER_TTL.
TTL = timedelta(seconds=300)

pytestmark = pytest.mark.fakesecrets(SECRET, {"username": "inventory", "password": "first"})


def rotate(event, context):
    """A minimal rotation function, not for deployment: these tests are about the application."""
    client, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
    value = {"username": "inventory", "password": f"password of {token}"}
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )
    elif event["Step"] == "setSecret":
        DATABASE.change_password(value["username"], value["password"])
    elif event["Step"] == "finishSecret":
        versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )


@pytest.fixture(autouse=True)
def in_the_function(fakesecrets_server, fakesecrets_clock, monkeypatch):
    """Set the environment variables that the function has on AWS, and freeze the clock."""
    DATABASE.reset()
    for name in ("AWS_SESSION_TOKEN", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"):
        monkeypatch.setenv(name, fakesecrets_server.environ[name])


def test_many_invocations_call_secrets_manager_once(fakesecrets):
    assert [stock() for _ in range(5)] == [42] * 5

    assert [event.operation for event in fakesecrets.history if isinstance(event, Call)] == ["GetSecretValue"]


def test_the_application_without_a_refresh_fails_until_the_cache_expires(fakesecrets, fakesecrets_clock):
    assert stock() == 42
    fakesecrets.rotate(SECRET, rotate)

    fakesecrets_clock.tick(TTL - timedelta(seconds=1))
    with pytest.raises(PermissionError):
        stock()

    fakesecrets_clock.tick(timedelta(seconds=1))
    assert stock() == 42


def test_the_application_with_a_refresh_works_right_after_a_rotation(fakesecrets, fakesecrets_clock):
    assert stock() == 42
    fakesecrets.rotate(SECRET, rotate)

    assert stock_with_refresh() == 42
    assert stock() == 42  # the refresh has renewed the cache

    fakesecrets_clock.tick(TTL)
    assert stock() == 42


def test_a_throttled_refresh_raises_an_error_in_the_application(fakesecrets):
    stock()
    fakesecrets.rotate(SECRET, rotate)
    fakesecrets.fail("GetSecretValue", "ThrottlingException")

    with pytest.raises(HTTPError) as raised:
        stock_with_refresh()

    with raised.value as answer:
        assert (answer.status, json.load(answer)["__type"]) == (400, "ThrottlingException")


def test_the_extension_requires_the_session_token_of_the_function(monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")

    with pytest.raises(HTTPError) as raised:
        read_secret()

    with raised.value as answer:
        assert (answer.status, answer.read()) == (403, b"Bad Token")
