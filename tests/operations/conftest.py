"""One client for all tests of operations: none of them changes it, and making it takes longer than most tests do."""

from __future__ import annotations

import pytest

from pytest_fakesecrets._service.service import default_region

#: By region.
CLIENTS = {}


@pytest.fixture
def client(fakesecrets):
    region = default_region()
    if region not in CLIENTS:
        CLIENTS[region] = fakesecrets.client()
    return CLIENTS[region]
