"""The contract that AWS has with every rotation function, over HTTP."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "aws_sdk_secrets_manager", reason="needs aws-sdk-secrets-manager, which needs Python 3.12"
)

import sdk_rotation  # after what may skip it
from sdk_database import DATABASE

from pytest_fakesecrets import RotationContract


class TestTheFunction(RotationContract):
    rotation_function = staticmethod(sdk_rotation.lambda_handler)
    secret_value = {"username": "app", "password": "old"}
    target = DATABASE

    @pytest.fixture(autouse=True)
    def endpoint(self, fakesecrets_server, monkeypatch):
        for name, value in fakesecrets_server.environ.items():
            monkeypatch.setenv(name, value)
