"""Hooks that clean up after each test: they deactivate its fake and restore environment variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_fakesecrets._service import dummy_credentials
from pytest_fakesecrets._transport import state

from .stash import FAKE, MARK

if TYPE_CHECKING:
    from pytest_fakesecrets._service.environment_variables import EnvironmentVariables, RemovedValue

#: The variables that a fake sets.
_NAMES = (*dummy_credentials.VARIABLES, "AWS_DEFAULT_REGION", state.HOME)


class _Leftovers:
    """
    Removes environment values of a fake that a patch restores after the fake has been deactivated.

    If `monkeypatch` is set up before the fake and patches one of its variables, it saves the value of the fake and
    restores it after the fake has been deactivated. A value that was set before the test, or by a fixture of a wider
    scope, is kept, even if it equals the value of the fake.
    """

    def __init__(self) -> None:
        self._user_values: set[tuple[str, str | None]] = set()
        self._lent: Mapping[str, RemovedValue] = {}
        self._values_outside: Mapping[str, str | None] = {}

    def before_setup(self) -> None:
        environment = _environment()
        self._lent = {} if environment is None else dict(environment.removed)
        self.record_values()

    def record_values(self) -> None:
        """Record the values that were not set by a fake."""
        environment = _environment()
        outside = _NAMES if environment is None else [n for n in _NAMES if not environment.is_layered(n)]
        self._user_values.update((name, os.environ.get(name)) for name in outside)

    def before_teardown(self) -> None:
        """Record the values outside of fakes, including those restored by a fake that this test has deactivated."""
        environment = _environment()
        if environment is not None:
            removed = environment.removed.items()
            left = {name: each.before for name, each in removed if each is not self._lent.get(name)}
            self._values_outside = {name: left.get(name, environment.outside(name)) for name in _NAMES}

    def after_teardown(self) -> None:
        environment = _environment()
        if environment is not None:
            for name, removed in list(environment.removed.items()):
                if (name, removed.value) not in self._user_values and self._values_outside.get(
                    name
                ) != removed.value:
                    environment.restore_value(name)


def _environment() -> EnvironmentVariables | None:
    """The environment layers, or None before the first fake has imported their module."""
    module = sys.modules.get("pytest_fakesecrets._service.environment_variables")
    return None if module is None else module.ENVIRONMENT


_LEFTOVERS = _Leftovers()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    _LEFTOVERS.before_setup()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    before = state.active
    result = yield
    if state.active is not None and state.active is not before:
        state.active.fixture = id(request.session), fixturedef.argname
    if fixturedef.scope != "function":  # its variables stay set for several tests
        _LEFTOVERS.record_values()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    _LEFTOVERS.before_teardown()
    try:
        yield
    finally:
        if FAKE in item.stash:
            item.stash[FAKE].__exit__(
                None, None, None
            )  # in case an exception prevented the teardown of the fixture
        _LEFTOVERS.after_teardown()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Drop the reference to the fake after the last report of its test: pytest keeps the item until the run ends."""
    try:
        return (yield)
    finally:
        if call.when == "teardown" and FAKE in item.stash:
            del item.stash[FAKE]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Generator[None, None, None]:
    """Clean up after an interrupted run, whose fixtures are torn down in this hook."""
    _LEFTOVERS.before_teardown()
    try:
        yield
    finally:
        _LEFTOVERS.after_teardown()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(name, value=None, **arguments): create a secret before the test begins, with the arguments of "
        "FakeSecrets.add_secret(). A dict is stored as JSON. The mark may be repeated.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, object, object]:
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Function) and item.get_closest_marker(MARK) is not None:
            _secret_marks(item.config).check(item, collector.CollectError)
    return made


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and item.get_closest_marker(MARK) is not None:
        _secret_marks(item.config).prepare(item)


def _secret_marks(config: pytest.Config) -> ModuleType:
    """The plugin that creates the secrets of marks, registered when it is needed first."""
    from . import secret_marks

    if not config.pluginmanager.is_registered(secret_marks):
        config.pluginmanager.register(secret_marks, secret_marks.__name__)
    return secret_marks
