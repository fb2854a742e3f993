"""The contract that AWS has with every rotation function, over HTTP."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "aws_sdk_secrets_manager", reason="needs aws-sdk-secrets-manager, which needs Python 3.12"
)

import sdk_rotation  # after what may skip it
from sdk_database import DATABASE

from pytest_fakesecrets import RotationContract


@pytest.fixture(autouse=True)
def endpoint(fakesecrets_server, monkeypatch):
    """It is one of the module, and so comes before the fixtures of the contract."""
    for name, value in fakesecrets_server.environ.items():
        monkeypatch.setenv(name, value)


class TestTheFunction(RotationContract):
    rotation_function = staticmethod(sdk_rotation.lambda_handler)
    secret_value = {"username": "app", "password": "old"}
    target = DATABASE
