"""
How our handlers get into botocore: early, without importing it, and without changing what is shared.

botocore calls its initializers for each session that is made (`botocore.register_initializer`), and ours
registers our handlers with that session. A process may hold several copies of botocore, since modules are
reloaded, or evicted from `sys.modules` and imported again. Each copy has its own list of initializers.
"""

from __future__ import annotations

import gc
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

    It is a finder on `sys.meta_path` that finds nothing: each search for a module is an occasion to look whether
    botocore is there. Its submodules are searched for before a session can be made, and where a finder of others
    finds them, those that are optional and missing are. So no loader is wrapped or changed to import botocore.
    """

    def __init__(self) -> None:
        # The function register_initializer is a new one each time that the code of the package is executed.
        self._registered: WeakSet[FunctionType] = WeakSet()
        self._is_late = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.register_with_current_copy()
        is_reload = fullname == _PACKAGE and target is not None
        return self._spec_for_reload(path, target) if is_reload else None

    def install(self) -> None:
        """Reach the sessions that are made from now on."""
        if not any(finder is self for finder in sys.meta_path):  # the list may have been restored or replaced
            sys.meta_path.insert(0, self)
        self.register_with_current_copy()

    def reach(self) -> None:
        """Reach every session and client of the process, those of evicted copies of botocore too."""
        self.install()
        for names in _packages_of_sessions():
            self._register_with(names, is_late=True)
        if self._is_late:
            self._is_late = False
            _put_handlers_everywhere()

    def register_with_current_copy(self) -> None:
        package = sys.modules.get(_PACKAGE)
        if package is not None:
            self._register_with(_names(package), is_late=False)

    def _register_with(self, names: Mapping[str, Any], *, is_late: bool) -> None:
        register = names.get("register_initializer")
        if isinstance(register, FunctionType) and register not in self._registered:
            register(put_handlers)
            self._registered.add(register)
            self._is_late |= is_late or "Session" in _names(sys.modules.get(_SESSION))

    def _spec_for_reload(self, path: Sequence[str] | None, package: ModuleType | None) -> ModuleSpec | None:
        """What the finders after this one find, in a copy with a loader of its own."""
        for finder in list(dropwhile(lambda each: each is not self, sys.meta_path))[1:]:
            if not hasattr(finder, "find_spec"):
                return None  # it has an older protocol, by which Python asks it
            spec = finder.find_spec(_PACKAGE, path, package)
            if spec is not None:
                return _Reloader(spec, self.register_with_current_copy).spec()
        return None


class _Reloader:
    """Reloads the package `botocore` by its own loader, and calls *done*: its initializers are lost by then."""

    def __init__(self, original: ModuleSpec, done: Callable[[], None]) -> None:
        self._original = original
        self._done = done

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
            self._done()


def _names(module: object) -> Mapping[str, Any]:
    """The names in a module, without executing it where it is one that importlib's LazyLoader has made."""
    try:
        names: Mapping[str, Any] = object.__getattribute__(module, "__dict__")
    except AttributeError:  # None or a stub, in the place of a module
        return {}
    return names


def _packages_of_sessions() -> Iterator[Mapping[str, Any]]:
    """
    The names in the package `botocore` of each copy that can make sessions.

    An evicted copy is found by the one class of its `botocore.session` whose base has few subclasses.
    """
    for kind in MutableMapping.__subclasses__():
        if kind.__module__ == _SESSION:
            invoke = getattr(kind.__init__, "__globals__", {}).get("invoke_initializers")
            yield getattr(invoke, "__globals__", {})


def _put_handlers_everywhere() -> None:
    """Reach the emitters of the sessions and clients that were made before our initializer was registered."""
    tracked = gc.get_objects()
    kinds = {id(type(each)): type(each) for each in tracked}  # by id: a metaclass may be unhashable
    emitters = {key for key, kind in kinds.items() if _is_emitter(kind)}
    for emitter in [each for each in tracked if id(type(each)) in emitters]:
        with suppress(Exception):  # another thread has not initialized it yet
            put_handlers(emitter)


def _is_emitter(kind: type) -> bool:
    return any(
        base.__name__ == "BaseEventHooks" and base.__module__ == "botocore.hooks" for base in kind.__mro__
    )


def put_handlers(emitter: Any) -> None:
    """Let an emitter of botocore's, or that of a session, call our handlers, once."""
    for entry in botocore_hooks.HANDLERS:
        emitter.register(*entry, unique_id=entry)  # not a name: there may be two copies of this package, too
    if state.active is not None and hasattr(emitter, "lazy_register_component"):
        from .shared_loader import share_data

        share_data(emitter)


_INSTALLER = _Installer()

install = _INSTALLER.install
reach = _INSTALLER.reach


def guard(on: bool) -> Callable[[], None]:
    """Refuse calls while no fake is active, or do not, and return what makes it as it was."""
    before, state.guarded = state.guarded, on
    if on:
        reach()
    return partial(setattr, state, "guarded", before)


#: The runs of pytest in this process, the outermost first: a test may have one of its own.
_runs: list[Any] = []


def begin_run(config: Any) -> None:
    """
    Set the guard as the ini option says, once for a run of pytest.

    Threads and `atexit` handlers come after the end of a run, so the guard stays as it is then. Only a run inside of
    another one gives back the setting of that.
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
    """Whether another run of pytest has called this one, which may be without this plugin."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "wrap_session" and frame.f_locals.get("config") is not config:
            return True
        frame = frame.f_back
    return False
