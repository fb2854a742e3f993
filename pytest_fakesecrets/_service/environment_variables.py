"""The environment variables of the process, which fakes and rotation functions share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import NamedTuple, TypeVar

from pytest_fakesecrets._core.interrupts import ensured

from .dummy_credentials import KEY_VARIABLES

T = TypeVar("T")


def child_environ(url: str, address: str, region: str) -> dict[str, str]:
    """The environment variables with which a child process uses an endpoint on the loopback address."""
    before = [os.environ[name] for name in ("NO_PROXY", "no_proxy") if os.environ.get(name)]
    # "*" has no effect inside of a list.
    not_proxied = "*" if "*" in before else ",".join([*before, address])
    return {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        **KEY_VARIABLES,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # botocore cannot combine these two with a custom endpoint.
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "NO_PROXY": not_proxied,
        "no_proxy": not_proxied,
    }


class Layer:
    """
    Environment variables that are set from `show` to `hide`. Variables with the value None are unset.

    Args:
        is_of_a_test: whether the layer is active while a test runs, which may patch the variables.
    """

    def __init__(self, variables: Mapping[str, str | None], *, is_of_a_test: bool = False) -> None:
        self.variables = dict(variables)
        self.is_of_a_test = is_of_a_test

    def show(self) -> None:
        ENVIRONMENT.add(self)

    def hide(self) -> None:
        """Remove the layer. It may be called repeatedly, and without `show`."""
        ENVIRONMENT.remove(self)


def in_environment(variables: Mapping[str, str | None], body: Callable[[], T]) -> T:
    """Call *body* while the environment has *variables*."""
    __tracebackhide__ = True
    layer = Layer(variables)

    def shown() -> T:
        __tracebackhide__ = True
        layer.show()
        return body()

    return ensured(shown, layer.hide)


class _Setting(NamedTuple):
    """A value of a variable, and the layer that set it, or None if other code set it."""

    layer: Layer | None
    value: str | None

    def __repr__(self) -> str:
        return f"<a value of {self.layer!r}>"


class RemovedValue(NamedTuple):
    """The value of a variable in a removed layer of a test, and the value before that layer."""

    value: str | None
    before: str | None

    def __repr__(self) -> str:
        return "<a value of the fake, and the one before it>"


class EnvironmentVariables:
    """
    Layers of environment variables. Layers can be removed in any order.

    Rotation functions in several threads share the environment of the process. While they run, each has its variables
    set. After the last layer has been removed, the original values are restored. A change by a test between two layers
    is kept as a layer of its own, until all layers of the fake are removed.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        #: By variable, oldest first. The first value was set before our layers.
        self._settings: dict[str, Sequence[_Setting]] = {}
        #: By variable: the values of the latest removed layer of a test.
        self.removed: dict[str, RemovedValue] = {}

    def add(self, layer: Layer) -> None:
        with self.lock:
            self._restore_all()
            for name, value in layer.variables.items():
                held, found = self._settings.get(name, ()), os.environ.get(name)
                if not held or held[-1].value != found:
                    held = [*held, _Setting(None, found)]
                self._settings[name] = [*held, _Setting(layer, value)]
                if value != found:
                    _set(name, value)

    def remove(self, layer: Layer) -> None:
        with self.lock:
            for name, value in layer.variables.items():
                held = self._settings.get(name)
                if not held:
                    continue  # an earlier call has removed it
                left = [setting for setting in held if setting.layer is not layer]
                if len(left) == len(held):
                    continue
                is_last = {setting.layer for setting in left} == {None}
                if is_last or held[-1].layer is layer:
                    _set(name, left[0 if is_last else -1].value)
                if layer.is_of_a_test:
                    self.removed[name] = RemovedValue(value, left[0].value)
                if is_last:
                    del self._settings[name]  # last: until then the variable is treated as layered
                else:
                    self._settings[name] = left

    def _restore_all(self) -> None:
        """Undo the restoring of a whole copy of the environment, which has all variables of an earlier test."""
        if self.removed.keys() <= self._settings.keys():
            return  # they are layered again
        if all(os.environ.get(name) == removed.value for name, removed in self.removed.items()):
            for name in self.removed:
                self.restore_value(name)

    def outside(self, name: str) -> str | None:
        """The value of a variable without our layers."""
        held = self._settings.get(name)
        return held[0].value if held else os.environ.get(name)

    def is_layered(self, name: str) -> bool:
        return name in self._settings

    def restore_value(self, name: str) -> None:
        """If a patch has restored the value of a removed layer, set the value before that layer."""
        with self.lock:
            removed = self.removed.get(name)
            if removed is not None and name not in self._settings and os.environ.get(name) == removed.value:
                _set(name, removed.before)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


ENVIRONMENT = EnvironmentVariables()


if hasattr(os, "register_at_fork"):
    # Otherwise the lock might be held in the child by a thread that it does not have.
    os.register_at_fork(
        before=ENVIRONMENT.lock.acquire,
        after_in_parent=ENVIRONMENT.lock.release,
        after_in_child=ENVIRONMENT.lock.release,
    )
