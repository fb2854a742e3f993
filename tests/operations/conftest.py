"""Shared clients for the tests of operations: creating a client takes longer than most of these tests."""

from __future__ import annotations

import pytest
from support import OTHER, THIRD

from pytest_fakesecrets._service.service import default_region


@pytest.fixture
def client_of(fakesecrets, kept_clients):
    """A function that returns the client of a region and an account."""

    def client(region, account="testing"):
        return fakesecrets.client(region, aws_access_key_id=account)

    return client


@pytest.fixture
def client(client_of):
    return client_of(default_region())


@pytest.fixture
def paris(client_of):
    return client_of("eu-west-3")


@pytest.fixture
def tokyo(client_of):
    return client_of("ap-northeast-1")


@pytest.fixture
def other(client_of):
    """A client of another account."""
    return client_of(default_region(), OTHER)


@pytest.fixture
def third(client_of):
    """A client of an account that is not in any policy."""
    return client_of(default_region(), THIRD)
