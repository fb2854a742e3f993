"""The secret, the database, and a rotation that stands still while a test looks."""

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
    """As it is in production: the password that the database takes."""
    return fakesecrets.add_secret(SECRET, json.dumps({"username": "orders", "password": "first"}))


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    """A refresh of the cache comes at once, and not after some seconds."""
    monkeypatch.setattr(SecretCacheItem, "FORCE_REFRESH_JITTER_SLEEP", 0)


@pytest.fixture(params=ROTATION_POINTS)
def point(request):
    return request.param


@pytest.fixture
def rotation_stands_at(fakesecrets):
    """Begin a rotation and let it stand after a point, while the block runs; then it goes on to its end."""
    return lambda point: fakesecrets.rotation_paused(SECRET, after=point, handler=lambda_handler)
