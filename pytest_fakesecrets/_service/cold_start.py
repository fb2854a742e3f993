"""What a cold start runs: the handler out of a new copy of its module, which remembers nothing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from operator import attrgetter
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from pytest_fakesecrets._core.interrupts import ensured

#: Held while a module stands in the place of another: an import of it would find the wrong one. Reentrant,
#: since a module may call Secrets Manager when it is imported, and so rotate.
_importing = RLock()


class Entry(NamedTuple):
    """Where the code of a cold start comes from: a module, and the name of the handler there."""

    spec: ModuleSpec
    name: str

    def imported_afresh(self) -> Callable[[Any, Any], Any]:
        """
        The handler out of a new copy of its module: what a cold start runs.

        What stands for another machine, such as a CredentialTarget, is no new one in it.
        """
        module = importlib.util.module_from_spec(self.spec)
        with _importing:
            found = sys.modules.get(self.spec.name)
            ensured(partial(self._execute, module), partial(self._put_back, found))
        for name, value in list(vars(found).items()) if found is not None else ():
            if getattr(type(value), "outlives_functions", False) is True or _is_replaced(module, name, value):
                setattr(module, name, value)
        handler: Callable[[Any, Any], Any] = attrgetter(self.name)(module)
        return handler

    def _execute(self, module: ModuleType) -> None:
        assert self.spec.loader is not None
        sys.modules[self.spec.name] = module
        self.spec.loader.exec_module(module)

    def _put_back(self, found: ModuleType | None) -> None:
        if found is None:
            sys.modules.pop(self.spec.name, None)
        else:
            sys.modules[self.spec.name] = found


def _is_replaced(module: ModuleType, name: str, value: object) -> bool:
    """Whether a test has put another function, class or module in the place of what the code has there."""
    code = (FunctionType, type, ModuleType)
    fresh = vars(module).get(name)
    if name.startswith("__") or not isinstance(fresh, code):
        return False
    if getattr(fresh, "__module__", None) != module.__name__:
        return fresh is not value  # imported: it is the same one in each copy
    same = type(value) is type(fresh) and getattr(value, "__module__", None) == module.__name__
    return not (same and getattr(value, "__qualname__", None) == fresh.__qualname__)
