"""The contract of AWS with every rotation function, run for both functions against a real PostgreSQL server."""

from __future__ import annotations

import json
import os

import pytest

if not os.environ.get("FAKESECRETS_TESTS_MUST_RUN"):
    pytest.importorskip("psycopg")

import alternating_users_rotation  # after the imports that may skip these tests
import broken_alternating_users_rotation
import single_user_rotation

from pytest_fakesecrets import FakeSecrets, RotationContract

pytestmark = pytest.mark.long


class PostgreSQLContract(RotationContract):
    """The attributes that both contracts share: the roles of the server, and a login as the check of a value."""

    environ = {"EXCLUDE_CHARACTERS": ""}  # passwords may contain quotes and backslashes
    target_calls = ("psycopg:Connection.execute", "psycopg:Connection.commit")

    @pytest.fixture(autouse=True)
    def use(self, server):
        """Set the value here, since the port of the server is not known earlier."""
        self.server = server
        self.secret_value = server.value("app", "old-password", masterarn="master")

    def prepare(self, fake):
        self.server.reset(app="old-password", master="master-password")
        fake.add_secret("master", json.dumps(self.server.value("master", "master-password")))

    def accepts(self, value):
        return self.server.accepts(value["username"], value["password"])

    def target_state(self):
        return self.server.rights()


class TestSingleUserRotation(PostgreSQLContract):
    rotation_function = staticmethod(single_user_rotation.lambda_handler)


class TestAlternatingUsersRotation(PostgreSQLContract):
    rotation_function = staticmethod(alternating_users_rotation.lambda_handler)
    zero_downtime = True


class ContractOfTheBrokenFunction(PostgreSQLContract):
    rotation_function = staticmethod(broken_alternating_users_rotation.lambda_handler)


def test_the_contract_finds_a_function_that_omits_the_grants(server):
    contract = ContractOfTheBrokenFunction()
    contract.server = server
    contract.secret_value = server.value("app", "old-password", masterarn="master")

    with FakeSecrets() as fake, pytest.raises(AssertionError) as found:
        contract.test_a_crash_after_any_call_is_recovered(fake)

    assert "after Connection.execute CREATE ROLE in setSecret" in str(found.value)
    assert "Connection.execute GRANT was never called" in str(found.value)
    assert "'app_clone': 'member of': [], not ['app']" in str(found.value)
