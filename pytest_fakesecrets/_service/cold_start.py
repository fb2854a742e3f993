"""Cold starts: the handler is loaded from a new copy of its module, without the state of earlier invocations."""

from __future__ import annotations

import importlib.util
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.machinery import ModuleSpec
from operator import attrgetter
from threading import RLock
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

from pytest_fakesecrets._core.interrupts import ensured

#: Held while `sys.modules` has the new copy of a module, which other threads must not import. It is reentrant, since
#: the import of a module may call Secrets Manager and start a rotation.
_importing = RLock()


_Path = tuple[object, ...]

#: How many items of a container are looked at. A longer one has data, and no connections.
_MANY = 1_000


class ModuleEntry(NamedTuple):
    """The module of a handler, and the name of the handler in it."""

    spec: ModuleSpec
    name: str

    def load_handler(self) -> Callable[[Any, Any], Any]:
        """
        Execute a new copy of the module, and return its handler.

        Patched names, and objects that represent another machine, such as a CredentialTarget, are taken from the
        imported module. Where the new copy has bound such an object of its own, as the default of an argument, that
        object gets the state of the one in the imported module.
        """
        module = importlib.util.module_from_spec(self.spec)
        with _importing:
            found = sys.modules.get(self.spec.name)
            ensured(partial(self._execute, module), partial(self._restore, found))
        if found is not None:
            _share_state(found, module)
        for name, value in list(vars(found).items()) if found is not None else ():
            if _outlives(value) or _is_replaced(module, name, value):
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


def _outlives(value: object) -> bool:
    """Whether an object represents another machine, which a cold start of the function does not change."""
    return getattr(type(value), "outlives_functions", False) is True


def _share_state(found: ModuleType, module: ModuleType) -> None:
    """Let the objects of a new copy that represent other machines have the state of those of the imported module."""
    originals = dict(_lasting(found))
    # The deepest come last: what a default is bound to counts more than a name that a test has patched.
    for path, fresh in sorted(_lasting(module), key=lambda entry: len(entry[0])):
        original = originals.get(path)
        if type(original).__qualname__ == type(fresh).__qualname__ and hasattr(fresh, "__dict__"):
            object.__setattr__(fresh, "__dict__", vars(original))


def _lasting(module: ModuleType) -> Iterator[tuple[_Path, object]]:
    """Yield the objects that outlive the function and that a module has bound, with the path to each."""
    seen: set[int] = set()
    remaining: deque[tuple[_Path, object]] = deque(
        ((name,), value) for name, value in list(vars(module).items()) if not name.startswith("__")
    )
    while remaining:
        path, value = remaining.popleft()
        if _outlives(value):
            yield path, value
        elif id(value) not in seen:
            seen.add(id(value))
            remaining += (((*path, key), part) for key, part in _parts(value, module.__name__))


def _parts(value: object, module: str) -> Iterable[tuple[object, object]]:
    """What a container, or a function, a class or an instance of a class of a module is bound to."""
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, partial):
        return enumerate([value.func, *value.args, *value.keywords.values()])
    if isinstance(value, MethodType):
        return [("self", value.__self__)]
    if type(value) is dict:
        return list(value.items())[:_MANY]
    if type(value) in (list, tuple):
        return enumerate(cast("list[object]", value)[:_MANY])
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != CellType()]
        bound = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *cells]
        return enumerate(bound) if value.__module__ == module else ()
    owner = value if isinstance(value, type) else type(value)
    return list(vars(value).items()) if owner.__module__ == module and hasattr(value, "__dict__") else ()


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
