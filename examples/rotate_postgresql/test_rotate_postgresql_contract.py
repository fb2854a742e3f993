"""The contract that AWS has with every rotation function, tried on both against a real PostgreSQL server."""

from __future__ import annotations

import json
import os

import pytest

if not os.environ.get("FAKESECRETS_TESTS_MUST_RUN"):
    pytest.importorskip("psycopg")

import alternating_users_rotation
import single_user_rotation

import pytest_fakesecrets

if not hasattr(pytest_fakesecrets, "RotationContract"):
    pytest.skip("There is no RotationContract yet.", allow_module_level=True)


class OnTheServer(pytest_fakesecrets.RotationContract):
    """What both have in common: roles on a server, and logging in to see whether a value is right."""

    target_calls = ("psycopg:Connection.execute", "psycopg:Connection.commit")

    @pytest.fixture(autouse=True)
    def at(self, server):
        self.server = server
        self.secret_value = server.value("app", "first", masterarn="master")

    def prepare(self, fake):
        self.server.reset(app="first", master="master's")
        fake.add_secret("master", json.dumps(self.server.value("master", "master's")))

    def accepts(self, value):
        return self.server.accepts(value["username"], value["password"])


class TestSingleUser(OnTheServer):
    rotation_function = staticmethod(single_user_rotation.lambda_handler)


class TestAlternatingUsers(OnTheServer):
    rotation_function = staticmethod(alternating_users_rotation.lambda_handler)
    zero_downtime = True
