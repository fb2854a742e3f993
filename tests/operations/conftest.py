"""Clients for all tests of operations: none of them changes one, and making it takes longer than most tests do."""

from __future__ import annotations

import pytest
from support import OTHER, THIRD

from pytest_fakesecrets._service.service import default_region

#: By region and account.
CLIENTS = {}


@pytest.fixture
def client_of(fakesecrets):
    """What gives a client for a region, with the key of an account."""

    def client(region, account="testing"):
        if (region, account) not in CLIENTS:
            CLIENTS[region, account] = fakesecrets.client(region, aws_access_key_id=account)
        return CLIENTS[region, account]

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
    """A client of an account that no policy names."""
    return client_of(default_region(), THIRD)
