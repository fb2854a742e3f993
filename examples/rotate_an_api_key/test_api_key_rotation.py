"""Tests of a rotation function before its deployment."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from api_key_rotation import lambda_handler
from key_service import SERVICE

SECRET = "weather/api-key"


@pytest.fixture
def client(fakesecrets, fakesecrets_client):
    """A client, with the secret as in production before its first rotation."""
    SERVICE.__init__()
    SERVICE.add_key("weather", "first-key")
    value = {"client_id": "weather", "api_key": "first-key"}
    fakesecrets_client.create_secret(Name=SECRET, SecretString=json.dumps(value))
    return fakesecrets_client


@pytest.fixture
def function(fakesecrets):
    return fakesecrets.add_rotation_function(lambda_handler, name="rotate-api-key")


def call_the_service(client):
    """Read the secret and use the key, as the application does."""
    value = json.loads(client.get_secret_value(SecretId=SECRET)["SecretString"])
    return SERVICE.call(value["client_id"], value["api_key"])


def test_the_application_can_use_its_key_after_each_step(client, function, fakesecrets, fakesecrets_rotation):
    client.rotate_secret(SecretId=SECRET, RotationLambdaARN=function)
    assert call_the_service(client) == "200 OK"

    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        fakesecrets_rotation.step(step)
        assert call_the_service(client) == "200 OK"

    assert fakesecrets.secret(SECRET).staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT", "AWSPENDING"}}


def test_a_cached_key_is_valid_for_one_rotation(client, function, fakesecrets):
    cached = fakesecrets.secret(SECRET).json()["api_key"]

    fakesecrets.rotate(SECRET, lambda_handler)
    assert SERVICE.call("weather", cached) == "200 OK"

    fakesecrets.rotate(SECRET)
    with pytest.raises(PermissionError):
        SERVICE.call("weather", cached)


def test_a_retry_uses_the_key_that_was_put_before_the_failure(
    client, function, fakesecrets, fakesecrets_rotation, monkeypatch
):
    client.rotate_secret(SecretId=SECRET, RotationLambdaARN=function)
    fakesecrets_rotation.step("createSecret")
    put = fakesecrets.secret(SECRET).json("AWSPENDING")

    with monkeypatch.context() as patch:
        patch.setattr(SERVICE, "add_key", lambda *args: (_ for _ in ()).throw(ConnectionError("down")))
        with pytest.raises(ConnectionError):
            fakesecrets_rotation.step("setSecret")
    assert call_the_service(client) == "200 OK"

    rotation = fakesecrets_rotation.run()  # the retry of AWS: all steps, with the same token
    assert (rotation.status, rotation.attempt) == ("succeeded", 2)
    assert fakesecrets.secret(SECRET).json() == put


def test_each_step_may_be_delivered_twice(client, function, fakesecrets, fakesecrets_rotation):
    client.rotate_secret(SecretId=SECRET, RotationLambdaARN=function)

    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        fakesecrets_rotation.step(step)
        fakesecrets_rotation.redeliver(step)

    assert call_the_service(client) == "200 OK"
    assert len(SERVICE.keys("weather")) == 2


def test_the_next_rotation_is_due_thirty_days_later(client, function, fakesecrets, fakesecrets_clock):
    fakesecrets_clock.move_to("2030-01-02 09:30")

    fakesecrets.rotate(SECRET, lambda_handler, RotationRules={"AutomaticallyAfterDays": 30})

    window = fakesecrets.secret(SECRET).next_rotation
    assert f"{window.opens:%Y-%m-%d %H:%M}" == "2030-02-01 00:00"
    assert window.closes - window.opens == timedelta(days=1)
