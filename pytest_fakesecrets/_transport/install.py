"""
Registers our handlers with botocore, without importing botocore.

botocore calls the functions given to `botocore.register_initializer` for each new session. Our initializer registers
our handlers with the session. A process may hold several copies of botocore, since modules can be reloaded, or removed
from `sys.modules` and imported again. Each copy has its own list of initializers.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from copy import copy
from functools import partial
from importlib.machinery import ModuleSpec
from itertools import dropwhile
from types import FrameType, FunctionType, ModuleType
from typing import Any
from weakref import WeakSet

from . import botocore_hooks, state

_PACKAGE = "botocore"
_SESSION = "botocore.session"


class _Installer:
    """
    Registers our initializer with every copy of botocore.

    It is a finder on `sys.meta_path` that finds no modules, and uses each search to check whether botocore is
    imported. A search always happens before a session can be created: for a submodule of botocore, or, if a foreign
    finder comes first, for an optional module that is missing. So no loader is wrapped or changed to import botocore.
    """

    def __init__(self) -> None:
        # Each execution of the package defines a new function register_initializer.
        self._registered: WeakSet[FunctionType] = WeakSet()
        self._is_late = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.register_with_current_copy()
        is_reload = fullname == _PACKAGE and target is not None
        return self._spec_for_reload(path, target) if is_reload else None

    def install(self) -> None:
        """Register with all sessions that are created from now on."""
        if not any(finder is self for finder in sys.meta_path):  # the list may have been restored or replaced
            sys.meta_path.insert(0, self)
        self.register_with_current_copy()

    def reach(self) -> None:
        """Register with every session and client of the process, including those of removed copies of botocore."""
        self.install()
        for names in _packages_of_sessions():
            self._register_with(names, is_late=True)
        if self._is_late:
            self._is_late = False
            _register_with_existing()

    def register_with_current_copy(self) -> None:
        package = sys.modules.get(_PACKAGE)
        if package is not None:
            self._register_with(_names(package), is_late=False)

    def _register_with(self, names: Mapping[str, Any], *, is_late: bool) -> None:
        register = names.get("register_initializer")
        if isinstance(register, FunctionType) and register not in self._registered:
            register(register_handlers)
            self._registered.add(register)
            self._is_late |= is_late or "Session" in _names(sys.modules.get(_SESSION))

    def _spec_for_reload(self, path: Sequence[str] | None, package: ModuleType | None) -> ModuleSpec | None:
        """The module spec that the following finders return, copied and with our loader."""
        for finder in list(dropwhile(lambda each: each is not self, sys.meta_path))[1:]:
            if not hasattr(finder, "find_spec"):
                return None  # a finder of the older protocol: Python calls it itself
            spec = finder.find_spec(_PACKAGE, path, package)
            if spec is not None:
                return _Reloader(spec, self.register_with_current_copy).spec()
        return None


class _Reloader:
    """A loader that reloads the package `botocore` with its own loader, and then calls *done* to register again."""

    def __init__(self, original: ModuleSpec, when_loaded: Callable[[], None]) -> None:
        self._original = original
        self._when_loaded = when_loaded

    def spec(self) -> ModuleSpec:
        spec = copy(self._original)
        if hasattr(spec.loader, "exec_module"):
            spec.loader = self  # type: ignore[assignment]  # importlib.abc is slow to import
        return spec

    def exec_module(self, package: ModuleType) -> None:
        loader: Any = self._original.loader
        package.__spec__, package.__loader__ = self._original, loader
        try:
            loader.exec_module(package)
        finally:
            self._when_loaded()


def _names(module: object) -> Mapping[str, Any]:
    """The namespace of a module. A module of importlib's LazyLoader is not executed for it."""
    try:
        names: Mapping[str, Any] = object.__getattribute__(module, "__dict__")
    except AttributeError:  # None or a stub instead of a module
        return {}
    return names


def _packages_of_sessions() -> Iterator[Mapping[str, Any]]:
    """
    The namespace of the package `botocore`, of each copy that can create sessions.

    Copies that are not in `sys.modules` are found by a class of their `botocore.session`: a subclass of
    MutableMapping, which has few.
    """
    for kind in MutableMapping.__subclasses__():
        if kind.__module__ == _SESSION:
            invoke = getattr(kind.__init__, "__globals__", {}).get("invoke_initializers")
            yield getattr(invoke, "__globals__", {})


def _register_with_existing() -> None:
    """Register with the emitters of sessions and clients that were created before our initializer was registered."""
    tracked = gc.get_objects()
    kinds = {id(type(each)): type(each) for each in tracked}  # by id: a metaclass may be unhashable
    emitters = {key for key, kind in kinds.items() if _is_emitter(kind)}
    for emitter in [each for each in tracked if id(type(each)) in emitters]:
        with suppress(Exception):  # another thread is still initializing it
            register_handlers(emitter)


def _is_emitter(kind: type) -> bool:
    return any(
        base.__name__ == "BaseEventHooks" and base.__module__ == "botocore.hooks" for base in kind.__mro__
    )


def register_handlers(emitter: Any) -> None:
    """Register our handlers with an emitter or a session of botocore. Repeated calls have no effect."""
    for entry in botocore_hooks.HANDLERS:
        # The entry is the id, not a name: the process may hold two copies of this package.
        emitter.register(*entry, unique_id=entry)
    if state.active is not None and hasattr(emitter, "lazy_register_component"):
        from .shared_loader import share_data

        share_data(emitter)


_INSTALLER = _Installer()

install = _INSTALLER.install
reach = _INSTALLER.reach


def guard(on: bool) -> Callable[[], None]:
    """Turn the guard on or off, and return a function that restores the previous setting."""
    before, state.guarded = state.guarded, on
    if on:
        reach()
    return partial(setattr, state, "guarded", before)


#: The configurations of the pytest runs in this process, the outermost first: a test may start an inner run.
_runs: list[Any] = []


def base_directories() -> tuple[str, ...]:
    """The directories to which paths of users are relative: the rootdir of the pytest run, and the working directory."""
    roots = [str(run.rootpath) for run in _runs[-1:]]
    return tuple(dict.fromkeys([*roots, os.getcwd()]))


def run_directories() -> tuple[str, ...]:
    """
    The directories to which messages show paths: the rootdir of the pytest run, and where it was started.

    Without a pytest run it is the working directory.
    """
    for run in _runs[-1:]:
        return str(run.rootpath), str(run.invocation_params.dir)
    try:
        return (os.getcwd(),)
    except OSError:  # it has been removed
        return ()


def begin_run(config: Any) -> None:
    """
    Set the guard by the ini option, once for each pytest run.

    The setting stays after the run, for threads and `atexit` handlers. Only an inner run restores the setting of the
    outer run.
    """
    if any(run is config for run in _runs):
        return
    is_nested = bool(_runs) or _is_inside_of_a_run(config)
    _runs.append(config)
    config.add_cleanup(partial(_runs.remove, config))
    restore = guard(config.getini("fakesecrets_guard"))
    if is_nested:
        config.add_cleanup(restore)


def _is_inside_of_a_run(config: Any) -> bool:
    """Whether another pytest run has called this one. The outer run may not use this plugin."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "wrap_session" and frame.f_locals.get("config") is not config:
            return True
        frame = frame.f_back
    return False
