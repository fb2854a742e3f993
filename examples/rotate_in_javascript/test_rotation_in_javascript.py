"""Tests of a rotation function in JavaScript before its deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from http_key_service import serving

from pytest_fakesecrets import CredentialTarget, RotationContract, RotationProcess

pytestmark = pytest.mark.long  # its processes take seconds

KEYS = CredentialTarget({"weather": "first-key"}, most_passwords=2)
ROTATION = RotationProcess(["node", "runtime.mjs"], cwd=Path(__file__).parent)
VALUE = {"client_id": "weather", "api_key": "first-key"}


class TestRotation(RotationContract):
    rotation_function = ROTATION
    secret_value = VALUE
    target = KEYS
    zero_downtime = True

    @pytest.fixture(autouse=True)
    def key_service(self, monkeypatch):
        with serving(KEYS) as url:
            monkeypatch.setattr(type(self), "environ", {"KEY_SERVICE_URL": url})
            yield


def test_the_old_key_is_valid_until_the_next_rotation(fakesecrets):
    KEYS.reset()
    with serving(KEYS) as url:
        fakesecrets.add_secret("weather/api-key", json.dumps(VALUE))
        function = fakesecrets.add_rotation_function(ROTATION, environ={"KEY_SERVICE_URL": url})

        fakesecrets.check(fakesecrets.rotate("weather/api-key", function))
        assert KEYS.accepts(VALUE)

        fakesecrets.check(fakesecrets.rotate("weather/api-key", function))
        assert not KEYS.accepts(VALUE)
        assert KEYS.accepts(fakesecrets.secret("weather/api-key").json())
