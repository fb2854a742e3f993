"""The contract of AWS with every rotation function, run over HTTP."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "aws_sdk_secrets_manager", reason="needs aws-sdk-secrets-manager, which needs Python 3.12"
)

import sdk_rotation  # after the import that may skip these tests
from sdk_database import DATABASE

from pytest_fakesecrets import RotationContract


@pytest.fixture(autouse=True)
def endpoint(fakesecrets_server, monkeypatch):
    """Set the endpoint of the SDK. As a fixture of the module it runs before those of the contract."""
    for name, value in fakesecrets_server.environ.items():
        monkeypatch.setenv(name, value)


class TestRotation(RotationContract):
    rotation_function = staticmethod(sdk_rotation.lambda_handler)
    secret_value = {"username": "app", "password": "old"}
    target = DATABASE
