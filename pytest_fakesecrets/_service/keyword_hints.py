"""
The hint for a TypeError about a keyword argument that a public method or class does not have.

`add_notes_about_names` adds it to exceptions, and that of `attribute_hints` too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import Parameter, signature
from traceback import walk_tb
from types import FrameType
from typing import Any

from pytest_fakesecrets._core import exception_chain
from pytest_fakesecrets._core.exported import EXPORTED
from pytest_fakesecrets._core.formatting import did_you_mean, listed
from pytest_fakesecrets._core.moments import UNITS

from .attribute_hints import attribute_hint
from .hints import PREFIX
from .reporting_errors import PACKAGE, text_of

#: Python 3.13 adds a suggestion of its own to this message.
_UNEXPECTED = re.compile(r"(?:(\w+)\.)?(\w+)\(\) got an unexpected keyword argument '([^']*)'")

#: The further keywords of methods that take any keyword and check it themselves.
_FURTHER: Mapping[str, Collection[str]] = {"Clock.tick": UNITS}


def add_notes_about_names(error: BaseException) -> str | None:
    """Add a hint to each error about a keyword or an attribute that this package does not have, and return the first."""
    found = _hints(error)
    for each, hint in found:
        exception_chain.add_note(each, hint)
    return found[0][1] if found else None


def hints_about_names(error: BaseException) -> list[str]:
    """The hints of `add_notes_about_names`."""
    return [hint for _, hint in _hints(error)]


def _hints(error: BaseException) -> list[tuple[BaseException, str]]:
    pairs = ((each, keyword_hint(each) or attribute_hint(each)) for each in exception_chain.causes(error))
    return [(each, hint) for each, hint in pairs if hint is not None]


def keyword_hint(error: BaseException) -> str | None:
    """The hint for one exception, or None if it is not about a keyword of a public method or class."""
    match = _UNEXPECTED.match(text_of(error)) if type(error) is TypeError else None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    if match is None or not frames:
        return None
    owner, name, keyword = match.groups()
    if (owner, name) == ("Session", "create_client") and any(map(_is_of_client, frames)):
        return _hint("client", keyword, _keywords_of_client())
    cls = EXPORTED.get(owner or "")
    function = getattr(cls, name, None)
    if cls is None or function is None or _is_of_another_class(frames[-1], cls):
        return None
    known = _keywords(function)
    if name == "__init__":
        return _hint(owner, keyword, known)
    return _hint(name, keyword, known, _methods_with(keyword, cls) if keyword not in known else ())


def _hint(name: str, keyword: str, known: Collection[str], others: Iterable[str] = ()) -> str:
    text = f"{PREFIX}{name}() has no argument {keyword!r}."
    if meant := did_you_mean(keyword, known):
        return f"{text}{meant}"
    if others := sorted(others):
        return f"{text} Did you mean {listed((f'{other}({keyword}=...)' for other in others), 'or')}?"
    return f"{text} It takes {listed(map(repr, known), 'and') if known else 'no arguments'}."


def _is_of_client(frame: FrameType) -> bool:
    """Whether a frame is that of `FakeSecrets.client`."""
    return frame.f_code.co_filename.startswith(PACKAGE) and frame.f_code.co_name == "client"


def _is_of_another_class(frame: FrameType, cls: type) -> bool:
    """Whether the code that made the call has another class of the same name."""
    found = {**frame.f_globals, **frame.f_locals}.get(cls.__name__)
    return isinstance(found, type) and found is not cls and not issubclass(found, cls)


def _keywords(function: Callable[..., Any]) -> list[str]:
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    parameters = signature(function).parameters.values()
    return [each.name for each in parameters if each.kind in kinds and each.name != "self"]


def _methods_with(keyword: str, cls: type) -> list[str]:
    """The public methods of a class that have a keyword."""
    return [
        name
        for name, method in vars(cls).items()
        if not name.startswith("_")
        and callable(method)
        and (keyword in _keywords(method) or keyword in _FURTHER.get(f"{cls.__name__}.{name}", ()))
    ]


def _keywords_of_client() -> list[str]:
    """The keywords of `FakeSecrets.client`, which passes further ones to botocore."""
    session = getattr(sys.modules.get("botocore.session"), "Session", None)
    inherited = [] if session is None else _keywords(session.create_client)
    return [name for name in dict.fromkeys(["region_name", *inherited]) if name != "service_name"]
