"""The contract that AWS has with every rotation function, tried on both against a real PostgreSQL server."""

from __future__ import annotations

import json
import os

import pytest

if not os.environ.get("FAKESECRETS_TESTS_MUST_RUN"):
    pytest.importorskip("psycopg")

import alternating_users_rotation  # after what may skip them
import broken_alternating_users_rotation
import single_user_rotation

from pytest_fakesecrets import FakeSecrets, RotationContract

pytestmark = pytest.mark.long


class OnTheServer(RotationContract):
    """What both have in common: roles on a server, and logging in to see whether a value is right."""

    environ = {"EXCLUDE_CHARACTERS": ""}  # they are to cope with quotes and backslashes, too
    target_calls = ("psycopg:Connection.execute", "psycopg:Connection.commit")

    @pytest.fixture(autouse=True)
    def use(self, server):
        """Its port is in the value, and known only now."""
        self.server = server
        self.secret_value = server.value("app", "old-password", masterarn="master")

    def prepare(self, fake):
        self.server.reset(app="old-password", master="master-password")
        fake.add_secret("master", json.dumps(self.server.value("master", "master-password")))

    def accepts(self, value):
        return self.server.accepts(value["username"], value["password"])

    def target_state(self):
        return self.server.rights()


class TestSingleUser(OnTheServer):
    rotation_function = staticmethod(single_user_rotation.lambda_handler)


class TestAlternatingUsers(OnTheServer):
    rotation_function = staticmethod(alternating_users_rotation.lambda_handler)
    zero_downtime = True


class WithoutGrants(OnTheServer):
    rotation_function = staticmethod(broken_alternating_users_rotation.lambda_handler)


def test_a_function_that_loses_its_grants_is_found(server):
    contract = WithoutGrants()
    contract.server = server
    contract.secret_value = server.value("app", "old-password", masterarn="master")

    with FakeSecrets() as fake, pytest.raises(AssertionError) as found:
        contract.test_a_crash_after_any_call_is_recovered(fake)

    assert "after Connection.execute CREATE ROLE in setSecret" in str(found.value)
    assert "Connection.execute GRANT was never called" in str(found.value)
    assert "'app_clone': 'member of': [], not ['app']" in str(found.value)
