"""The hint for a module that a test has replaced in vain: the folder of the rotation function has its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from types import FunctionType, MethodType, ModuleType
from typing import Any

from pytest_fakesecrets._core.displayed_paths import DISPLAYED_PATHS

from .user_code import is_installed, is_user_file

#: The maximum number of hints about one failure.
_MOST = 3

#: Modules that no test replaces for a rotation function: botocore is answered by the fake.
_KEPT = frozenset(["__main__", "boto3", "botocore", *sys.stdlib_module_names])


def hints_about_replaced_modules(root: str, own: Mapping[str, ModuleType]) -> list[str]:
    """
    The hints about modules of the process that a test has replaced, and of which a folder has loaded its own copies.

    It is slow, and is called only where a function has failed.

    Args:
        root: the folder.
        own: the modules that were loaded out of it.
    """
    return list(islice(_hints(DISPLAYED_PATHS.relative(root), own), _MOST))


def _hints(folder: str, own: Mapping[str, ModuleType]) -> Iterator[str]:
    for name, module in sorted(_shadowed(own).items()):
        top = name.partition(".")[0]
        if getattr(module, "__spec__", None) is None:
            if name == top or getattr(sys.modules.get(top), "__spec__", None) is not None:
                yield (
                    f"hint: The module {name!r} that the test has put into sys.modules is not used: the folder {folder} has its "
                    "own. Put a SimpleNamespace or a mock there."
                )
        elif (attribute := _patched_attribute(module, own[name])) is not None:
            yield (
                f"hint: The module {name!r}, of which the test has replaced {attribute!r}, is not used: the folder {folder} has "
                f"its own. Put a SimpleNamespace or a mock into sys.modules[{top!r}]."
            )


def _shadowed(own: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
    """The modules of the process with the names of modules of the folder."""
    return {
        name: module
        for name, module in sys.modules.copy().items()
        if name in own
        and name.partition(".")[0] not in _KEPT
        and issubclass(type(module), ModuleType)
        and module is not own[name]
    }


def _patched_attribute(module: ModuleType, own: ModuleType) -> str | None:
    """
    The name of an attribute that a test has surely replaced, or None.

    It is a mock, or it is defined in the project, and the module itself is installed or is a second copy of that of the
    folder. A module with helpers of the tests may have mocks and functions of others.
    """
    file, own_file = _file(module), _file(own)
    if file is None or not (is_installed(file) or file == own_file):
        return None
    for name, value in vars(module).items():
        place = _place(value)
        if place is not None and (is_installed(file) or place != _place(getattr(own, name, None))):
            return name
    return None


def _place(value: Any) -> tuple[str, int] | None:
    """Where a function or a class of the project is defined, or a mock, or None for any other object."""
    if type(value).__module__ == "unittest.mock":
        return "unittest.mock", 0
    value = value.__func__ if isinstance(value, MethodType) else value
    if isinstance(value, FunctionType):
        place = value.__code__.co_filename, value.__code__.co_firstlineno
    elif isinstance(value, type):
        place = _file(sys.modules.get(value.__module__)) or "", 0
    else:
        return None
    return place if place[0] and is_user_file(place[0]) else None


def _file(module: object) -> str | None:
    file = getattr(module, "__file__", None)
    return os.path.realpath(file) if isinstance(file, str) else None
