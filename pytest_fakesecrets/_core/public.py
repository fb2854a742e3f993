"""The mark of a public class: it belongs to the package, whichever module defines it."""

from __future__ import annotations

from typing import TypeVar

_Class = TypeVar("_Class", bound=type)


def public(defined: _Class) -> _Class:
    """Let tracebacks, warning filters and pickles name a class as users import it, so that its module may move."""
    defined.__module__ = "pytest_fakesecrets"
    return defined
