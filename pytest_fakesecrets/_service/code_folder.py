"""Rotation functions from their own folders, loaded as Lambda does: two folders may have files of the same names."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from importlib.machinery import FrozenImporter, ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any, TypeVar

from pytest_fakesecrets._core.displayed_paths import DISPLAYED_PATHS
from pytest_fakesecrets._core.errors import FakeSecretsError, add_optional_note
from pytest_fakesecrets._core.interrupts import ensured

from .freeze import follow_freeze, is_freezegun_in_force
from .replaced_modules import hints_about_replaced_modules
from .reporting_errors import ErrorsBecomeWarnings
from .user_code import import_problem, without_import_frames

T = TypeVar("T")

_OWN_PACKAGE = __name__.partition(".")[0]
_STANDARD_LIBRARY = frozenset(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_INSTALLED = ("site-packages", "dist-packages")
#: Modules that Lambda's runtime for Python has imported before the function: a file of the function does not replace them.
_LOADED_BEFORE = frozenset([
    "abc", "base64", "codecs", "collections", "contextlib", "datetime", "decimal", "email", "encodings", "enum",
    "functools", "genericpath", "http", "importlib", "inspect", "io", "json", "keyword", "linecache", "logging",
    "ntpath", "operator", "os", "posixpath", "re", "reprlib", "site", "socket", "ssl", "stat", "string",
    "struct", "subprocess", "threading", "tokenize", "traceback", "types", "typing", "urllib", "uuid",
    "warnings", "weakref",
])  # fmt: skip


class CodeFolder:
    """
    A folder of code, and the modules that were loaded from it.

    The modules are in `sys.modules`, and the folder is the first entry of `sys.path`, only while the folder is in place:
    while a function of the folder is loaded or runs. Modules of the same names that the process has are put aside. An
    object that is not a module stays: a test has put it into `sys.modules`, to replace a driver that is in the folder.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.modules: dict[str, ModuleType] = {}
        #: The top-level names of its modules.
        self._names: set[str] = set()
        #: Those of them that a test has replaced, while the folder is in place.
        self._replaced: set[str] = set()
        #: The entries of `sys.path` before and after those of the process. The function may add more.
        self._front: list[str] = [root]
        self._back: list[str] = []
        #: What was replaced, while the folder is in place.
        self._path: list[str] | None = None
        self._aside: dict[str, ModuleType] = {}
        self._is_frozen = False

    def __repr__(self) -> str:
        return f"<CodeFolder {self.root}>"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a top-level module in the folder. Python calls it while the folder is in place."""
        if path is not None or "." in fullname or _is_always_loaded(fullname):
            return None
        spec = PathFinder.find_spec(fullname, self._directories())
        if spec is not None and spec.loader is None:
            spec = None if _is_installed(fullname) else _namespace(spec)
        if spec is not None:
            self._names.add(fullname)
        return spec

    def _directories(self) -> list[str]:
        """The folder, and the directories in it that its own code has added to `sys.path`."""
        added = (Counter(sys.path) - Counter(self._path or sys.path)).keys() | {*self._front, *self._back}
        inside = self.root + os.sep
        return [
            self.root,
            *(each for each in dict.fromkeys(sys.path) if each in added and each.startswith(inside)),
        ]

    def module(self, name: str, *, is_in_place: bool) -> object:
        return (sys.modules if is_in_place else self.modules).get(name)

    def put_in_place(self) -> None:
        self._path = list(sys.path)
        sys.path[:] = [*self._front, *self._path, *self._back]
        sys.meta_path.insert(0, self)
        self._forget_listings()
        for name in self._listed() & sys.modules.keys():
            self.find_spec(name)
        self._replaced = {
            name
            for name in self._names & sys.modules.keys()
            # By its type: a mock with a module as its spec is an instance of ModuleType too.
            if not issubclass(type(sys.modules[name]), ModuleType)
        }
        self._aside = self._own(sys.modules)
        for name in self._aside:
            del sys.modules[name]
        if self._is_frozen != is_freezegun_in_force():
            follow_freeze(self.modules.values())
        sys.modules.update(self._own(self.modules))

    def take_away(self) -> None:
        """Undo `put_in_place`. It may be called again after an interrupted call."""
        if self._path is None:
            return
        for name, module in self._own(sys.modules).items():
            if self._aside.get(name) is not module:  # else a call that was interrupted has restored it
                self.modules[name] = module
                sys.modules.pop(name, None)
        sys.modules.update(self._aside)
        self._is_frozen = is_freezegun_in_force()
        with suppress(ValueError):  # other code may have replaced the list
            sys.meta_path.remove(self)
        self._forget_listings()
        self._restore_path(self._path)
        self._path, self._aside = None, {}

    def _own(self, modules: dict[str, ModuleType]) -> dict[str, ModuleType]:
        """The modules with names of this folder, without those that a test has replaced."""
        names = self._names - self._replaced
        return {name: module for name, module in modules.copy().items() if name.partition(".")[0] in names}

    def _restore_path(self, before: list[str]) -> None:
        added, process = Counter(sys.path) - Counter(before), list[str]()
        front, back = list[str](), list[str]()
        for entry in sys.path:
            if added[entry] > 0:
                added[entry] -= 1
                (back if process else front).append(entry)
            else:
                process.append(entry)
        self._front, self._back = front, back
        sys.path[:] = process

    def _listed(self) -> set[str]:
        """The names that files and directories of the folder may have as modules."""
        found = set[str]()
        for directory in self._directories():
            with suppress(OSError):
                found.update(name.partition(".")[0] for name in os.listdir(directory))
        return found

    def _forget_listings(self) -> None:
        """Let Python read the directories again: a listing may be older than a file that was just written."""
        for directory in self._directories():
            sys.path_importer_cache.pop(directory, None)


def _is_always_loaded(name: str) -> bool:
    return (
        name == _OWN_PACKAGE
        or name in sys.builtin_module_names
        or name in _LOADED_BEFORE
        or FrozenImporter.find_spec(name) is not None
    )


def _is_installed(name: str) -> bool:
    """Whether a name is that of an installed module: it comes before a directory without __init__.py."""
    path = [
        entry
        for entry in sys.path
        if entry in _STANDARD_LIBRARY or any(part in _INSTALLED for part in entry.split(os.sep))
    ]
    spec = PathFinder.find_spec(name, path)
    return spec is not None and spec.loader is not None


def _namespace(spec: ModuleSpec) -> ModuleSpec:
    """The spec of a directory without __init__.py, without the directories of that name elsewhere on `sys.path`."""
    found = ModuleSpec(spec.name, None, is_package=True)
    found.submodule_search_locations = list(spec.submodule_search_locations or ())
    return found


class _Places:
    """
    The folders in place. The last one that was added is visible, and an import statement sees that of its own module.

    Functions may run nested in each other, and in several threads at once, while `sys.modules` has one module of each
    name. An import of a module of a folder finds the modules of that folder, since `__import__` and
    `importlib.import_module` are replaced while any function of a folder runs.
    """

    def __init__(self) -> None:
        #: Held while the visible folder changes, and while a module of a folder imports.
        self._lock = RLock()
        self._folders: dict[object, CodeFolder] = {}
        self._visible: CodeFolder | None = None
        self._replaced: list[tuple[ModuleType, str, Any, Any]] = []

    def add(self, key: object, folder: CodeFolder) -> None:
        with self._lock:
            if not self._folders:
                self._replace(builtins, "__import__", _importing)
                self._replace(importlib, "import_module", _importing_by_name)
            self._folders[key] = folder
            self._show(folder)

    def remove(self, key: object) -> None:
        """Remove a folder. It may be called again."""
        with self._lock:
            self._folders.pop(key, None)
            self._show(next(reversed(self._folders.values()), None))
            while not self._folders and self._replaced:
                module, name, original, ours = self._replaced[-1]
                if (
                    getattr(module, name) is ours
                ):  # else other code has replaced ours, which calls the original
                    setattr(module, name, original)
                self._replaced.pop()

    def _replace(self, module: ModuleType, name: str, make: Callable[[Any], Any]) -> None:
        original = getattr(module, name)
        ours = make(original)
        self._replaced.append((module, name, original, ours))
        setattr(module, name, ours)

    def _show(self, folder: CodeFolder | None) -> None:
        if self._visible is folder:
            return
        if self._visible is not None:
            self._visible.take_away()
        self._visible = folder
        if folder is not None:
            folder.put_in_place()

    @contextmanager
    def seen_by(self, names: Mapping[str, Any] | None) -> Iterator[None]:
        """Make the folder visible to which the module with these global names belongs, while the block runs."""
        candidates = self._candidates(names)
        if (
            names is None or not candidates
        ):  # without the lock, which a thread that imports this module may hold
            yield
            return
        with self._lock, self.showing(self._owner(names, candidates)):
            yield

    @contextmanager
    def showing(self, folder: CodeFolder) -> Iterator[None]:
        """
        Make a folder visible while the block runs.

        A module of a folder is imported only in such a block. So the lock is always taken before those of Python's
        imports, and two threads cannot wait for each other.
        """
        with self._lock:
            before = self._visible
            try:
                self._show(folder)
                yield
            finally:
                self._show(before)

    def _candidates(self, names: Mapping[str, Any] | None) -> list[CodeFolder]:
        """The folders that the file of a module is in."""
        file = None if names is None else names.get("__file__")
        if not isinstance(file, str):
            return []
        return [folder for folder in list(self._folders.values()) if file.startswith(folder.root + os.sep)]

    def _owner(self, names: Mapping[str, Any], candidates: Sequence[CodeFolder]) -> CodeFolder:
        """The folder of the candidates that has the module with these global names. The lock is held."""
        for folder in candidates:
            module = folder.module(str(names.get("__name__")), is_in_place=folder is self._visible)
            if getattr(module, "__dict__", None) is names:
                return folder
        return candidates[-1]


_PLACES = _Places()


def _importing(original: Callable[..., Any]) -> Callable[..., Any]:
    def __import__(  # noqa: N807  # the name that Python calls
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        __tracebackhide__ = True
        with _PLACES.seen_by(globals):
            return original(name, globals, locals, fromlist, level)

    return __import__


def _importing_by_name(original: Callable[..., Any]) -> Callable[..., Any]:
    def import_module(name: str, package: str | None = None) -> Any:
        __tracebackhide__ = True
        with _PLACES.seen_by(sys._getframe(1).f_globals):
            return original(name, package)

    return import_module


def run_in_place(folder: CodeFolder, body: Callable[[], T]) -> T:
    """Call *body* while a folder is in place."""
    __tracebackhide__ = True
    key = object()

    def placed() -> T:
        __tracebackhide__ = True
        _PLACES.add(key, folder)
        return body()

    return ensured(placed, partial(_PLACES.remove, key))


class FolderHandler:
    """
    The handler of a function from its own folder.

    Raises:
        FakeSecretsError: the handler cannot be found, or its module cannot be imported.
    """

    def __init__(self, root: str, reference: str) -> None:
        self.code_folder = root
        self._reference = reference
        self._folder = CodeFolder(root)
        DISPLAYED_PATHS.add_code_folder(root)
        try:
            self.__wrapped__: Callable[[Any, Any], Any] = run_in_place(
                self._folder, partial(_load, reference, self._folder)
            )
        except Exception as error:
            for hint in self.hints():
                add_optional_note(error, hint)
            raise
        self.__name__ = _parts(reference)[1]

    def __repr__(self) -> str:
        return f"<{self._reference!r} of {self.code_folder}>"

    def __call__(self, event: Any, context: Any) -> Any:
        __tracebackhide__ = True
        return run_in_place(self._folder, partial(self.__wrapped__, event, context))

    def hints(self) -> list[str]:
        """Hints about modules that a test has replaced, while the function uses those of its folder."""
        with ErrorsBecomeWarnings("the hints about replaced modules"):
            return hints_about_replaced_modules(self.code_folder, self._folder.modules)
        return []

    def load_handler(self) -> FolderHandler:
        """Load the function with new copies of all modules of its folder, as at a cold start."""
        return FolderHandler(self.code_folder, self._reference)


def _parts(reference: str) -> tuple[str, str]:
    """The name of the module and the name of the function: in "file.function", where slashes count as dots."""
    module, colon, name = reference.rpartition(":")
    if not colon:
        module, _, name = reference.rpartition(".")
    return module.replace("/", "."), name


def _load(reference: str, folder: CodeFolder) -> Callable[[Any, Any], Any]:
    module_name, name = _parts(reference)
    if not all(part.isidentifier() for part in [*module_name.split("."), name]):
        raise FakeSecretsError(
            f"{reference!r} names no function of the folder {folder.root}. Write it as Lambda does: 'file.function', "
            "or 'folder/file.function', without '.py'."
        )
    _check_file(reference, module_name, folder.root)
    try:
        with _PLACES.showing(folder):
            module = importlib.import_module(module_name)
    except ImportError as error:
        raise FakeSecretsError(
            f"The rotation function {reference!r} of the folder {folder.root} cannot be loaded: "
            f"{import_problem(error, _module_names(folder.root))}"
        ) from without_import_frames(error)
    except Exception as error:
        raise without_import_frames(error)  # noqa: B904  # the same exception
    found: Callable[[Any, Any], Any] | None = getattr(module, name, None)
    if found is None:
        functions = [
            each
            for each, value in vars(module).items()
            if callable(value)
            and getattr(value, "__module__", None) == module_name
            and not each.startswith("_")
        ]
        raise FakeSecretsError(
            f"{module.__file__} has no function {name!r}.{nearest(name, functions, 'Its functions are')}"
        )
    return found


def _check_file(reference: str, module_name: str, root: str) -> None:
    directory = root
    for part in module_name.split("."):
        names = _module_names(directory)
        if part not in names:
            raise FakeSecretsError(
                f"The rotation function {reference!r} has no file: there is no module {part!r} in {directory}."
                f"{nearest(part, names, 'Its modules are')}"
            )
        directory = os.path.join(directory, part)


def _module_names(directory: str) -> list[str]:
    with os.scandir(directory) as entries:
        found = [
            entry.name.partition(".")[0]
            for entry in entries
            if entry.name.endswith((".py", ".so", ".pyd", ".pyc"))
            or (entry.is_dir() and "." not in entry.name)
        ]
    return sorted({name for name in found if name.isidentifier() and not name.startswith("__")})


def nearest(name: str, known: Sequence[str], introduction: str) -> str:
    """A sentence with the nearest of the known names, or with all of them if none is near and they are few."""
    similar = get_close_matches(name, known, 3, cutoff=0.5)
    if similar:
        return f" Did you mean {' or '.join(map(repr, similar))}?"
    if not known:
        return ""
    rest = len(known) - 10
    shown = ", ".join(map(repr, known[:10])) + (f" and {rest} more" if rest > 0 else "")
    return f" {introduction} {shown}."


def found_folder(argument: str, path: object, bases: Sequence[str]) -> str:
    """
    The absolute path of an existing folder.

    Args:
        argument: the name of the argument, for the message.
        path: the path, absolute or relative.
        bases: the directories to which it may be relative. The first in which it exists counts.

    Raises:
        FakeSecretsError: the path is not a path of text, or there is no such folder.
    """
    text: object = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(text, str) or not text or "\0" in text:
        raise FakeSecretsError(
            f"{argument} takes the path of a folder, as a str or a pathlib.Path, not {path!r}."
        )
    candidates = [os.path.normpath(os.path.join(base, os.path.expanduser(text))) for base in bases]
    for candidate in candidates:
        if os.path.isdir(candidate):
            return candidate
    if os.path.exists(candidates[0]):
        raise FakeSecretsError(
            f"{argument}={text!r} is not a folder, but the file {candidates[0]}. Give the folder that the file is in."
        )
    raise FakeSecretsError(f"{argument}={text!r} is not there: {_missing(candidates[0])}")


def _missing(path: str) -> str:
    parent, name = os.path.split(path)
    while not os.path.isdir(parent):
        parent, name = os.path.split(parent)
    with os.scandir(parent) as entries:
        known = sorted(
            entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "__"))
        )
    return f"{parent} has no folder {name!r}.{nearest(name, known, 'Its folders are')}"
