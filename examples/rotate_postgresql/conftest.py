"""One PostgreSQL server for all tests of a process, if its binaries are installed."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def server():
    """The server. Without binaries the test is skipped, or fails if it must run."""
    from postgresql_server import PostgreSQLServer, binaries

    found = binaries()
    if found is None:
        end = pytest.fail if os.environ.get("FAKESECRETS_TESTS_MUST_RUN") else pytest.skip
        end("No PostgreSQL server is installed: `apt-get install postgresql` brings one.")
    with PostgreSQLServer(found) as running:
        yield running
