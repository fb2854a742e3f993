"""Cold starts: the handler is loaded from a new copy of its module, without the state of earlier invocations."""

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

#: Held while `sys.modules` has the new copy of a module, which other threads must not import. It is reentrant, since
#: the import of a module may call Secrets Manager and start a rotation.
_importing = RLock()


class ModuleEntry(NamedTuple):
    """The module of a handler, and the name of the handler in it."""

    spec: ModuleSpec
    name: str

    def load_handler(self) -> Callable[[Any, Any], Any]:
        """
        Execute a new copy of the module, and return its handler.

        Patched names, and objects that represent another machine, such as a CredentialTarget, are taken from the
        imported module.
        """
        module = importlib.util.module_from_spec(self.spec)
        with _importing:
            found = sys.modules.get(self.spec.name)
            ensured(partial(self._execute, module), partial(self._restore, found))
        for name, value in list(vars(found).items()) if found is not None else ():
            if getattr(type(value), "outlives_functions", False) is True or _is_replaced(module, name, value):
                setattr(module, name, value)
        handler: Callable[[Any, Any], Any] = attrgetter(self.name)(module)
        return handler

    def _execute(self, module: ModuleType) -> None:
        assert self.spec.loader is not None
        sys.modules[self.spec.name] = module
        self.spec.loader.exec_module(module)

    def _restore(self, found: ModuleType | None) -> None:
        if found is None:
            sys.modules.pop(self.spec.name, None)
        else:
            sys.modules[self.spec.name] = found


def _is_replaced(module: ModuleType, name: str, value: object) -> bool:
    """Whether a test has patched a function, class or module of the imported module."""
    code = (FunctionType, type, ModuleType)
    fresh = vars(module).get(name)
    if name.startswith("__") or not isinstance(fresh, code):
        return False
    if getattr(fresh, "__module__", None) != module.__name__:
        return fresh is not value  # an imported name, which is the same object in each copy
    same = type(value) is type(fresh) and getattr(value, "__module__", None) == module.__name__
    return not (same and getattr(value, "__qualname__", None) == fresh.__qualname__)
