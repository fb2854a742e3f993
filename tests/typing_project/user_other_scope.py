"""Tests with types of a fake that lives as long as its module."""

from __future__ import annotations

from pytest_fakesecrets import FakeSecrets, SecretView


def test_a_fake_of_the_module(shared: FakeSecrets) -> None:
    assert shared.history == ()
    shared.add_secret("db", "old")


def test_its_second_test(shared: FakeSecrets) -> None:
    view: SecretView = shared.secret("db")
    assert view.value() == "old"
    shared.reset()
