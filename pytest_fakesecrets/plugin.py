"""The pytest plugin: options, hooks and fixtures. All behaviour is in other modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ._plugin.stash import FAKE
from ._transport.install import begin_run

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

    from . import Clock, FakeSecrets, RotationDriver, Server

pytest_plugins = ["pytest_fakesecrets._plugin.failure_hints", "pytest_fakesecrets._plugin.isolation"]


def pytest_addoption(parser: pytest.Parser) -> None:
    purpose = "reject secretsmanager calls while no fake is active, so that none reaches AWS by accident"
    parser.addini("fakesecrets_guard", purpose, type="bool", default=False)
    parser.addoption(
        "--fakesecrets-report",
        metavar="PATH",
        help="write an HTML page about the secrets of each test to PATH",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    pytest_configure(early_config)


def pytest_configure(config: pytest.Config) -> None:
    begin_run(config)  # a plugin loaded by a conftest misses pytest_load_initial_conftests
    if config.getoption("fakesecrets_report", None):  # None: the options have not been read yet
        from ._report import pytest_hooks

        if not config.pluginmanager.is_registered(pytest_hooks):
            config.pluginmanager.register(pytest_hooks, pytest_hooks.__name__)


@pytest.fixture
def fakesecrets(request: pytest.FixtureRequest) -> Iterator[FakeSecrets]:
    """A fake AWS Secrets Manager, which answers every `secretsmanager` client while the test runs."""
    from . import FakeSecrets

    with FakeSecrets() as fake:
        request.node.stash[FAKE] = fake
        yield fake


@pytest.fixture
def fakesecrets_client(fakesecrets: FakeSecrets) -> SecretsManagerClient:
    """A botocore client for `secretsmanager` in the default region, answered by the fake."""
    return fakesecrets.client()


@pytest.fixture
def fakesecrets_clock(fakesecrets: FakeSecrets) -> Iterator[Clock]:
    """The time of the whole process, frozen: `move_to(moment)`, `tick(delta)`, `now`."""
    fakesecrets.clock.freeze()
    yield fakesecrets.clock
    fakesecrets.clock.stop()


@pytest.fixture
def fakesecrets_rotation(fakesecrets: FakeSecrets) -> RotationDriver:
    """The test drives: rotations stop when AWSPENDING is staged, and wait for `step()` and `run()`."""
    return fakesecrets.drive()


@pytest.fixture
def fakesecrets_server(fakesecrets: FakeSecrets) -> Iterator[Server]:
    """An HTTP endpoint of the fake on the loopback address, for other processes: `.url`, `.environ`."""
    with fakesecrets.serve() as server:
        yield server


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    if op == "==" and "pytest_fakesecrets._fake.secret_view" in sys.modules:
        from ._fake import assertion_messages
        from ._service import reporting_errors

        with reporting_errors.ErrorsBecomeWarnings("the explanation of a failed assertion"):
            return assertion_messages.explain(left, right)
    return None
