"""The decorator of public classes: it makes the package itself their module."""

from __future__ import annotations

from typing import TypeVar

_Class = TypeVar("_Class", bound=type)

#: The public classes that have been imported, by their names.
EXPORTED: dict[str, type] = {}


def exported(defined: _Class) -> _Class:
    """Make tracebacks, warning filters and pickles use the name that users import, so that the class can move."""
    defined.__module__ = "pytest_fakesecrets"
    EXPORTED[defined.__name__] = defined
    return defined
