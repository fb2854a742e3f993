"""Hooks that let each test leave the process as it was: no active fake, and no environment variable of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_fakesecrets._transport.state import DUMMIES, HOME

from .stash import FAKE, MARK

if TYPE_CHECKING:
    from pytest_fakesecrets._service.environment import Environment, Lent

#: The variables that a fake sets.
_NAMES = (*DUMMIES, "AWS_DEFAULT_REGION", HOME)


class _Leftovers:
    """
    Takes values of a fake away that a patch has put back after the fake was left.

    Where `monkeypatch` is set up before the fake and changes one of its variables, it remembers the value of the fake
    as the one to restore, and is undone when the fake has been left. A value that was there before a test is never
    taken away: it is the user's own, also where it is the same. Nor is one of a fixture of wider scope.
    """

    def __init__(self) -> None:
        self._of_the_user: set[tuple[str, str | None]] = set()
        self._lent: Mapping[str, Lent] = {}
        self._outside: Mapping[str, str | None] = {}

    def before_setup(self) -> None:
        environment = _environment()
        self._lent = {} if environment is None else dict(environment.lent)
        self.look()

    def look(self) -> None:
        """Look at the values that are there without a fake."""
        environment = _environment()
        outside = _NAMES if environment is None else [n for n in _NAMES if not environment.is_layered(n)]
        self._of_the_user.update((name, os.environ.get(name)) for name in outside)

    def before_teardown(self) -> None:
        """Look at the values without those of a fake; where one has been left in this test, at what it has left."""
        environment = _environment()
        if environment is not None:
            lent = environment.lent.items()
            left = {name: each.before for name, each in lent if each is not self._lent.get(name)}
            self._outside = {name: left.get(name, environment.outside(name)) for name in _NAMES}

    def after_teardown(self) -> None:
        environment = _environment()
        if environment is not None:
            for name, lent in list(environment.lent.items()):
                if (name, lent.value) not in self._of_the_user and self._outside.get(name) != lent.value:
                    environment.take_back(name)


def _environment() -> Environment | None:
    """The layers of fakes over the environment, or None as long as there has been no fake."""
    module = sys.modules.get("pytest_fakesecrets._service.environment")
    return None if module is None else module.ENVIRONMENT


_LEFTOVERS = _Leftovers()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    _LEFTOVERS.before_setup()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    result = yield
    if fixturedef.scope != "function":  # what it has set is there for more than one test
        _LEFTOVERS.look()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    _LEFTOVERS.before_teardown()
    try:
        yield
    finally:
        if FAKE in item.stash:
            item.stash[FAKE].__exit__(None, None, None)  # an exception may have kept the fixture from it
        _LEFTOVERS.after_teardown()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Forget the fake with the last report of its test: the item lives until the run ends."""
    try:
        return (yield)
    finally:
        if call.when == "teardown" and FAKE in item.stash:
            del item.stash[FAKE]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Generator[None, None, None]:
    """Where a run is interrupted, this is where its fixtures are torn down."""
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
