"""The environment variables of the process, which fakes and rotation functions share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock


class _Environment:
    """
    Variables of the process, in layers: whoever leaves takes only its own layer away.

    Rotation functions of several threads have to share one environment. Each finds its variables
    there, and when the last one has left it is as it was before.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._layers: list[Mapping[str, str | None]] = []
        self._before: dict[str, str | None] = {}

    @contextmanager
    def layer(self, variables: Mapping[str, str | None]) -> Iterator[None]:
        """Set variables, or clear those that are None, until the block is left."""
        own = dict(variables)
        with self.lock:
            for name in own:
                self._before.setdefault(name, os.environ.get(name))
            self._layers.append(own)
            self._show(own)
        try:
            yield
        finally:
            with self.lock:
                self._layers = [layer for layer in self._layers if layer is not own]
                self._show(own)

    def _show(self, names: Iterable[str]) -> None:
        for name in names:
            layers = [layer for layer in self._layers if name in layer]
            value = layers[-1][name] if layers else self._before.pop(name)
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_ENVIRONMENT = _Environment()
environment = _ENVIRONMENT.layer

if hasattr(os, "register_at_fork"):
    # Or the child might find the lock held by a thread that it does not have.
    os.register_at_fork(
        before=_ENVIRONMENT.lock.acquire,
        after_in_parent=_ENVIRONMENT.lock.release,
        after_in_child=_ENVIRONMENT.lock.release,
    )
