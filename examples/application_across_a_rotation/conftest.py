"""Fixtures: the secret, the database, and a rotation that is paused while a test runs."""

from __future__ import annotations

import json

import pytest
from aws_secretsmanager_caching.cache.items import SecretCacheItem
from orders_application import SECRET
from orders_database import DATABASE
from orders_rotation import lambda_handler

from pytest_fakesecrets import ROTATION_POINTS


@pytest.fixture
def database():
    DATABASE.reset()
    return DATABASE


@pytest.fixture(autouse=True)
def secret(fakesecrets, database):
    """The secret as in production, with the password that the database accepts."""
    return fakesecrets.add_secret(SECRET, json.dumps({"username": "orders", "password": "first"}))


@pytest.fixture(autouse=True)
def refresh_without_delay(monkeypatch):
    """Let the cache refresh at once, without its delay of some seconds."""
    monkeypatch.setattr(SecretCacheItem, "FORCE_REFRESH_JITTER_SLEEP", 0)


@pytest.fixture(params=ROTATION_POINTS)
def point(request):
    return request.param


@pytest.fixture
def rotation_stands_at(fakesecrets):
    """Start a rotation and pause it after a point while the block runs; it completes afterwards."""
    return lambda point: fakesecrets.rotation_paused(SECRET, after=point, handler=lambda_handler)
