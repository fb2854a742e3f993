"""What all tests share: a client, and the checks that every answer of the run has to pass."""

from __future__ import annotations

import pytest
from support import check_answer, refuse_to_change

from pytest_fakesecrets._service import Service


@pytest.fixture
def client(fakesecrets_client):
    return fakesecrets_client


@pytest.fixture(autouse=True)
def every_answer_is_checked(monkeypatch):
    """No test can forget it: answers fit the service model, and refusals leave the world as it was."""
    monkeypatch.setattr(Service, "answer", refuse_to_change(check_answer(Service.answer)))
