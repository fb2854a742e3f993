"""Fixtures with types, made of the fixtures of the plugin, and in another scope."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_fakesecrets import FakeSecrets, SecretView


@pytest.fixture
def db(fakesecrets: FakeSecrets) -> SecretView:
    return fakesecrets.add_secret("db", '{"a": 0}')


@pytest.fixture(scope="module")
def shared() -> Iterator[FakeSecrets]:
    with FakeSecrets(seed=7) as fake:
        yield fake
