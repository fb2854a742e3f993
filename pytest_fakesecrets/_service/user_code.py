"""Which line of the user's code raised an exception: that of the rotation function, not of a library below it."""

from __future__ import annotations

import difflib
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from traceback import walk_stack, walk_tb
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeVar

from pytest_fakesecrets._core.displayed_paths import DISPLAYED_PATHS
from pytest_fakesecrets._core.formatting import did_you_mean

from .reporting_errors import PACKAGE

_STANDARD_LIBRARY = tuple(
    os.path.normpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")
)
_Error = TypeVar("_Error", bound=BaseException)
_INSTALLED = ("site-packages", "dist-packages")


class CodeLine(NamedTuple):
    """A line of the user's code, written as "rotation.py:12 in set_secret"."""

    file: str
    number: int
    function: str

    def __str__(self) -> str:
        return f"{DISPLAYED_PATHS.shortened(self.file)}:{self.number} in {self.function}"


def raising_line(error: BaseException, handler: Callable[..., Any] | None = None) -> CodeLine | None:
    """
    The deepest line of the rotation function in the traceback of an exception.

    The code of a function is the file of its handler, and the package of that file or the folder that was given as
    its code. Where no line is in these, it is the deepest line outside of the standard library and of this package, and, if possible, of
    installed packages. Where the exception has no such line, that of its cause counts.

    Args:
        error: what was raised.
        handler: the rotation function, or None where it is not known.
    """
    is_own = _membership(handler)
    for each in _with_causes(error):
        lines = _traceback_lines(each, _is_users)
        for chosen in (is_own, _is_not_installed, _is_users):
            found = [line for line in lines if chosen(line.file)]
            if found:
                return found[-1]
    return None


def innermost_line(handler: Callable[..., Any] | None = None) -> str | None:
    """
    The innermost line of the rotation function that runs now, with the line that called it, or None.

    Args:
        handler: the rotation function, or None where it is not known.
    """
    lines: list[CodeLine] = []
    for frame, number in walk_stack(sys._getframe()):
        if lines and frame.f_code.co_filename.startswith(PACKAGE):
            break  # what has called the rotation function
        if _is_users(frame.f_code.co_filename):
            lines.insert(0, CodeLine(frame.f_code.co_filename, number, frame.f_code.co_name))
    for chosen in (_membership(handler), _is_not_installed):
        found = [line for line in lines if chosen(line.file)]
        if found:
            return with_caller(found, handler)
    return None


def with_caller(lines: Sequence[CodeLine], handler: Callable[..., Any] | None = None) -> str:
    """
    The last of nested lines, and the line that called it, unless that is in the handler itself.

    Where both are in a package beside the file of the handler, or in its folder, it has the last line in that file too:
    the lines of a driver that is deployed with a function do not say what the function did.
    """
    callers = [lines[-2]] if len(lines) > 2 else []
    code = _code(handler)
    own = lines[0].file if code is None else code.co_filename
    is_beside = _is_in_a_package_beside(lines[-1].file, own) if code is None else True
    if is_beside and all(line.file != own for line in (lines[-1], *callers)):
        callers += [line for line in lines if line.file == own][-1:]
    shown = ", from ".join(map(str, callers))
    return f"{lines[-1]} (called from {shown})" if shown else str(lines[-1])


def _is_in_a_package_beside(file: str, own: str) -> bool:
    directory = os.path.dirname(own)
    return file.startswith(directory + os.sep) and os.path.dirname(file) != directory


def raising_place(error: BaseException, handler: Callable[..., Any] | None) -> str | None:
    """The line of `raising_line` as text, with the line that called it."""
    line, is_own = raising_line(error, handler), _membership(handler)
    for each in _with_causes(error):
        lines = _traceback_lines(each, is_own)
        if line is not None and lines[-1:] == [line]:
            return with_caller(lines, handler)
    return None if line is None else str(line)


def without_import_frames(error: _Error) -> _Error:
    """An exception of a module that was imported, whose traceback begins in that module."""
    entry = error.__traceback__
    while entry is not None and (
        entry.tb_frame.f_code.co_filename.startswith(PACKAGE)
        or str(entry.tb_frame.f_globals.get("__name__")).partition(".")[0] == "importlib"
    ):
        entry = entry.tb_next
    return error.with_traceback(entry)


def did_you_mean_module(name: str) -> str:
    """A sentence with the module whose name is most similar to one that does not exist, with a space before it, or ""."""
    import pkgutil  # rarely needed

    package, _, last = name.rpartition(".")
    with suppress(Exception):  # of a finder that is not ours
        path = sys.modules[package].__path__ if package else None
        known = {module.name for module in pkgutil.iter_modules(path)}
        if similar := difflib.get_close_matches(last, known, 1):
            found = f"{package}.{similar[0]}" if package else similar[0]
            return f" Did you mean {found!r}?"
    return ""


def import_problem(error: ImportError, known: Iterable[str] = ()) -> str:
    """
    Say why a module of a rotation function cannot be imported, and what to do about a module that is not there.

    Args:
        known: the modules of the function's own folder.
    """
    problem = f"{str(error).removesuffix('.')}."
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return problem
    return (
        f"{problem}{did_you_mean(error.name, known)} Install {error.name!r}, or replace it in sys.modules before the function "
        "is added."
    )


def missing_variable(error: BaseException | None) -> str | None:
    """The name of the environment variable whose look-up raised a KeyError, or None for another exception."""
    if not isinstance(error, KeyError) or len(error.args) != 1 or not isinstance(error.args[0], str):
        return None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    is_of_environ = bool(frames) and frames[-1].f_globals.get("__name__") == "os"
    return error.args[0] if is_of_environ else None


def calling_line() -> CodeLine | None:
    """The line of the user's code that has called this package, or None where there is none."""
    frame = _calling_frame()
    return None if frame is None else _line_of(frame)


def caller() -> str:
    """What has called this package: "at" a line of the user's code, "by" a fixture of this package, or "" for others."""
    frame = _calling_frame()
    if frame is not None and _is_of_pytest(frame):
        return "by the fixture fakesecrets"
    while frame is not None and not _is_of_pytest(frame):
        if is_user_file(frame.f_code.co_filename):
            return f"at {_line_of(frame)}"
        frame = frame.f_back
    return ""


def _calling_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame


def _line_of(frame: FrameType) -> CodeLine:
    return CodeLine(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _is_of_pytest(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "_pytest"


def first_line(handler: Callable[..., Any] | None) -> CodeLine | None:
    """The line at which a function begins, or None where it has no Python code."""
    code = _code(handler)
    return None if code is None else CodeLine(code.co_filename, code.co_firstlineno, code.co_name)


def is_user_file(file: str) -> bool:
    """Whether a file is neither in the standard library nor installed, nor of this package."""
    return _is_users(file) and _is_not_installed(file)


def _traceback_lines(error: BaseException, is_chosen: Callable[[str], bool]) -> list[CodeLine]:
    """The lines in the traceback of an exception whose files are chosen, the outermost first."""
    return [
        CodeLine(frame.f_code.co_filename, number, frame.f_code.co_name)
        for frame, number in walk_tb(error.__traceback__)
        if is_chosen(frame.f_code.co_filename)
    ]


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__


def _membership(handler: Callable[..., Any] | None) -> Callable[[str], bool]:
    """Answers whether a file is that of the handler, or in its package or its folder."""
    folder = getattr(handler, "code_folder", None)
    if isinstance(folder, str):
        inside = folder + os.sep
        return lambda file: file.startswith(inside)
    code = _code(handler)
    if code is None:
        return lambda file: False
    own, package = (
        code.co_filename,
        _package(code.co_filename, getattr(_unwrapped(handler), "__module__", None)),
    )
    return lambda file: file == own or (package is not None and file.startswith(package))


def _package(file: str, module: object) -> str | None:
    """The directory of the outermost package of a module, or None where the module is in no package."""
    if not isinstance(module, str):
        return None
    names = module.split(".")
    is_package = os.path.basename(file) == "__init__.py"
    directory = file
    for _ in range(len(names) if is_package else len(names) - 1):
        directory = os.path.dirname(directory)
    return directory + os.sep if directory != file and os.path.basename(directory) == names[0] else None


def _code(handler: Callable[..., Any] | None) -> CodeType | None:
    found = _unwrapped(handler)
    call = vars(type(found)).get("__call__")  # of a callable object
    for each in (found, getattr(found, "__func__", None), call):
        code = getattr(each, "__code__", None)
        if isinstance(code, CodeType) and not code.co_filename.startswith(PACKAGE):
            return code
    return None


def _unwrapped(handler: Any) -> Any:
    while isinstance(handler, partial):
        handler = handler.func
    try:
        return inspect.unwrap(handler)
    except ValueError:  # it wraps itself
        return handler


@lru_cache(maxsize=1024)  # each fake and each rotation checks the same files
def is_installed(file: str) -> bool:
    """Whether a file belongs to an installed package."""
    return any(f"{os.sep}{name}{os.sep}" in file for name in _INSTALLED)


def _is_not_installed(file: str) -> bool:
    return not is_installed(file)


@lru_cache(maxsize=1024)
def _is_users(file: str) -> bool:
    if file.startswith((PACKAGE, "<")):
        return False
    return not (file.startswith(_STANDARD_LIBRARY) and _is_not_installed(file))
