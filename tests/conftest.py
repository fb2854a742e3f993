"""What all tests share: a client, the checks that every answer of the run has to pass, Hypothesis's profiles."""

from __future__ import annotations

import gc
import os
from importlib.metadata import entry_points

# Workers, child processes and inner runs keep the byte code of what they import: compiling it took half of their time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import kept_work
import pytest
from hypothesis import settings
from support import check_answer, check_that_rejections_change_nothing, token

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._plugin import isolation
from pytest_fakesecrets._service.service import Service

kept_work.keep()

settings.register_profile("default", deadline=None, max_examples=12)
settings.register_profile("more", deadline=None, max_examples=100)
settings.register_profile("ci", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def client(fakesecrets_client):
    return fakesecrets_client


CLIENTS: dict[tuple[object, ...], object] = {}


@pytest.fixture
def kept_clients(monkeypatch):
    """Clients with the same arguments are one for all tests of a process: creating a client takes longer than most tests."""
    create = FakeSecrets.client

    def kept(fake, region_name=None, **arguments):
        key = (region_name, *arguments.items())
        if not all(isinstance(argument, str) for argument in arguments.values()):
            return create(fake, region_name, **arguments)  # such as one with a configuration of its own
        if key not in CLIENTS:
            CLIENTS[key] = create(fake, region_name, **arguments)
        return CLIENTS[key]

    monkeypatch.setattr(FakeSecrets, "client", kept)


@pytest.fixture
def db(client):
    """The client, with a secret of one version."""
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
    return client


@pytest.fixture
def without_garbage_collection():
    """Hypothesis reads the time at each collection, which moves a freeze that ticks when it is read."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def every_answer_is_checked(monkeypatch):
    """No test can forget it: answers fit the service model, and rejected requests change nothing."""
    monkeypatch.setattr(Service, "answer", check_that_rejections_change_nothing(check_answer(Service.answer)))


def pytest_collection_finish():
    """Do not search the items of thousands of tests for garbage, each time that a test has left enough of it."""
    gc.collect()
    gc.freeze()


#: The plugins that tests are about. Others may be installed beside them: they warn, or print lines of their own.
TESTED = {
    "fakesecrets",
    "freezer",
    "randomly",
    "recording",
    "socket",
    "time_machine",
    "xdist",
    "xdist.looponfail",
}
NOT_TESTED = sorted({plugin.name for plugin in entry_points(group="pytest11")} - TESTED)


@pytest.fixture(autouse=True)
def inner_runs_have_the_plugins_of_the_tests(request, monkeypatch):
    """Runs of pytest inside of a test do without Hypothesis's plugin too: loading it takes most of their time."""
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # it clears the variable
        for name in ("CI", "BUILD_NUMBER"):  # pytest prints longer summaries where one of them is set
            monkeypatch.delenv(name, raising=False)
        is_needed = "ypothesis" in request.node.nodeid
        left_out = [name for name in NOT_TESTED if not (is_needed and name == "hypothesispytest")]
        monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in left_out))


@pytest.fixture(autouse=True)
def inner_runs_are_forgotten():
    """What an inner run has seen in the environment is not what the user of the outer run has set."""
    known = set(isolation._LEFTOVERS._user_values)
    yield
    isolation._LEFTOVERS._user_values = known
