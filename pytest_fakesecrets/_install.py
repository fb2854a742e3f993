"""
How our handlers get into botocore: once, early, and without importing it.

They are put into its built-in handlers, which every session that is made later copies.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import _hook

_HANDLERS_MODULE = "botocore.handlers"


class _WaitForBotocore(MetaPathFinder):
    """Adds our handlers to botocore's at the moment that somebody imports it, and not before."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _HANDLERS_MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_add(module: ModuleType) -> None:
            execute(module)
            _add_handlers(module)

        spec.loader.exec_module = execute_and_add  # type: ignore[method-assign]  # of this one loader
        return spec


def _add_handlers(module: ModuleType) -> None:
    for handler in _hook.HANDLERS:
        if handler not in module.BUILTIN_HANDLERS:
            module.BUILTIN_HANDLERS.append(handler)


def install() -> None:
    """Put our handlers among botocore's built-in ones, now or as soon as botocore is imported."""
    if _HANDLERS_MODULE in sys.modules:
        _add_handlers(sys.modules[_HANDLERS_MODULE])
    elif not any(isinstance(finder, _WaitForBotocore) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WaitForBotocore())


def guard(on: bool) -> Callable[[], None]:
    """Refuse calls while no fake is active, or do not, and return what makes it as it was."""
    before, _hook.guarded = _hook.guarded, on
    if on and "botocore.client" in sys.modules:
        _reach_earlier_ones()
    return partial(setattr, _hook, "guarded", before)


def _reach_earlier_ones() -> None:
    """Put our handlers into the sessions and clients that were made before this module was imported."""
    import gc

    from botocore.client import BaseClient
    from botocore.session import Session

    for found in gc.get_objects():
        if issubclass(type(found), Session):
            put_handlers(found.get_component("event_emitter"))
        elif issubclass(type(found), BaseClient) and _hook.is_ours(found):
            put_handlers(found.meta.events)


def put_handlers(emitter: Any) -> None:
    """Let an emitter of botocore's call our handlers, once."""
    for event, handler in _hook.HANDLERS:
        emitter.register(event, handler, unique_id=f"fakesecrets {event}")
