"""The hint for an AttributeError or an ImportError about a public name that does not exist."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_fakesecrets._core.exported import EXPORTED
from pytest_fakesecrets._core.formatting import in_snake_case, listed, similar_names
from pytest_fakesecrets._operations import OPERATIONS

from .hints import PREFIX
from .reporting_errors import text_of

_PACKAGE = __name__.partition(".")[0]

#: How a test writes an attribute of these classes.
_EXPRESSIONS: Mapping[str, str] = {
    "FakeSecrets": "fakesecrets.",
    "Clock": "fakesecrets.clock.",
    "RotationDriver": "fakesecrets.drive().",
    "SecretView": "fakesecrets.secret(...).",
}

#: Names that AWS, moto, freezegun, time-machine and others have for an attribute, by class.
_SYNONYMS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "FakeSecrets": {
        "add_rotation_function": ("add_function", "add_lambda", "create_function", "register", "rotation_function"),
        "add_secret": ("put_secret", "seed", "set_secret"),
        "assume": ("configure", "settings"),
        "check": ("assert_succeeded", "verify"),
        "clock": ("freeze_time", "freezer", "time", "time_machine"),
        "drive": ("driver", "rotation_driver"),
        "fail": ("add_error", "add_fault", "inject", "inject_error", "inject_fault", "raise_error", "throttle"),
        "history": ("calls", "events", "get_calls", "log", "requests"),
        "reset": ("clean", "clear", "delete_all"),
        "rotation_paused": ("hold", "pause", "paused"),
        "secret": ("get_secret", "secrets", "view"),
        "serve": ("endpoint", "endpoint_url", "server", "url"),
    },
    "Clock": {
        "freeze": ("start",),
        "move_to": ("forward_to", "goto", "jump_to", "move", "set", "set_time", "set_to", "travel", "travel_to"),
        "now": ("time", "time_to_freeze", "today", "utcnow"),
        "stop": ("end", "reset", "restore", "unfreeze"),
        "tick": (
            "add", "advance", "elapse", "fast_forward", "forward", "jump", "move_by", "pass_time", "shift", "sleep", "wait",
        ),
    },
    "RotationDriver": {
        "pending": ("open", "queue", "rotations", "waiting"),
        "redeliver": ("deliver_again", "repeat", "repeat_step", "rerun"),
        "run": ("complete", "continue_", "drain", "execute", "finish", "resume", "run_to_end"),
        "step": ("advance", "execute_step", "invoke", "next", "next_step", "run_one", "tick"),
    },
    "CredentialTarget": {
        "accepts": ("check", "has_password", "is_valid", "valid", "verify"),
        "calls": ("events", "history", "log"),
        "change_password": ("alter_user", "rotate", "set_password", "update_password", "update_user"),
        "create_user": ("add_user",),
        "is_down": ("down", "go_down", "shut_down", "stop"),
        "log_in": ("auth", "authenticate", "connect", "login", "logon", "open", "sign_in", "signin"),
        "remove_password": ("delete_password", "drop_password", "revoke"),
    },
    "SecretView": {
        "labels": ("stages", "tags", "version_stages"),
        "next_rotation": ("next_rotation_date", "schedule"),
        "rotation_enabled": ("is_rotation_enabled",),
        "staging": ("staging_labels", "version_ids_to_stages", "versions_to_stages"),
        "transitions": ("events", "history", "moves"),
        "value": ("current", "get", "get_value", "plaintext", "secret_binary", "secret_string"),
    },
    "VersionView": {"id": ("version_id",), "labels": ("stages", "staging", "version_stages")},
    "Rotation": {"error": ("exception",), "status": ("result", "state"), "token": ("client_request_token", "version_id")},
    "RotationStep": {"error": ("exception",), "name": ("step",), "token": ("client_request_token", "version_id")},
    "Call": {"operation": ("name",)},
    "Fault": {"happened": ("call_count", "called", "count", "hits")},
    "Server": {"environ": ("env", "environment"), "url": ("address", "base_url", "endpoint", "endpoint_url")},
    "Window": {"closes": ("end",), "opens": ("start",)},
}  # fmt: skip

_IN_CLIENTS = {in_snake_case(name): name for name in OPERATIONS}
#: Further methods of clients of boto3.
_OF_CLIENTS = ("can_paginate", "generate_presigned_url", "get_paginator", "get_waiter")

#: Methods of `FakeSecrets` that do what an operation does.
_IN_PLACE_OF: Mapping[str, str] = {
    "create_secret": "add_secret(...)",
    "describe_secret": "secret(...)",
    "get_secret_value": "secret(...).value()",
    "rotate_secret": "rotate(...)",
}

#: Before Python 3.12 an ImportError has the name only in its message.
_CANNOT_IMPORT = re.compile(rf"cannot import name '(\w+)' from '{_PACKAGE}'")


def attribute_hint(error: BaseException) -> str | None:
    """The hint for one exception, or None if it is not about a name of this package."""
    text = _text(error)
    return f"{PREFIX}{text}" if text else None


def _text(error: BaseException) -> str:
    if type(error) is ImportError and (match := _CANNOT_IMPORT.match(text_of(error))) is not None:
        return _did_you_mean(match[1], _public_names())
    if type(error) is not AttributeError or not isinstance(error.name, str):
        return ""
    name, owner = error.name, error.obj
    if owner is sys.modules.get(_PACKAGE):
        return _did_you_mean(name, _public_names())
    kind: Any = owner if issubclass(type(owner), type) else type(owner)
    if kind.__name__ == "SecretsManager" and any(
        each.__module__ == "botocore.client" for each in kind.__mro__
    ):
        elsewhere = [] if name.startswith("_") else _elsewhere(name, None)
        return (
            f"A client has only the operations of AWS. Did you mean {listed(elsewhere, 'or')}?"
            if elsewhere
            else ""
        )
    cls = next((each for each in kind.__mro__ if EXPORTED.get(each.__name__) is each), None)
    if cls is None or issubclass(cls, BaseException) or name.startswith("_"):
        return ""
    return _of_a_class(name, owner, cls, is_exact=cls is kind)


def _of_a_class(name: str, owner: object, cls: type, *, is_exact: bool) -> str:
    if name in dir(owner):
        return ""  # such as a property that cannot be set
    snake = in_snake_case(name)
    if snake in (*_IN_CLIENTS, *_OF_CLIENTS):
        instead = _IN_PLACE_OF.get(snake)
        return (
            f"{cls.__name__} has no API operations: call fakesecrets.client().{snake}(...)"
            f"{f', or fakesecrets.{instead}' if instead else ''}."
        )
    known = {each: _written(cls, each) for each in dir(owner) if _is_offered(each, name)}
    meant = [each for each, others in _SYNONYMS.get(cls.__name__, {}).items() if snake in others]
    if meant := meant or ([snake] if snake in known else []):
        return f"Did you mean {listed((known[each] for each in meant), 'or')}?"
    if cls.__name__ in _EXPRESSIONS and (elsewhere := _elsewhere(snake, cls)):
        return f"Did you mean {listed(elsewhere, 'or')}?"
    if similar := similar_names(snake, known, 2):
        return f"Did you mean {listed((known[each] for each in similar), 'or')}?"
    # Other attributes of a subclass are those of its author.
    return f"It has {listed(known.values(), 'and')}." if is_exact and known and len(known) < 30 else ""


def _is_offered(each: str, name: str) -> bool:
    return not each.startswith("_") and (not each.startswith("test_") or name.startswith("test_"))


def _elsewhere(name: str, cls: type | None) -> list[str]:
    """The expressions for attributes with this name, or else with this synonym, of the other classes that a test uses."""
    others = [(expression, EXPORTED.get(other)) for other, expression in _EXPRESSIONS.items()]
    found = [(expression, other) for expression, other in others if other is not None and other is not cls]
    exact = [f"{expression}{_written(other, name)}" for expression, other in found if hasattr(other, name)]
    return exact or [
        f"{expression}{_written(other, meant)}"
        for expression, other in found
        for meant, names in _SYNONYMS[other.__name__].items()
        if name in names
    ]


def _written(cls: type, name: str) -> str:
    """A method with parentheses, and another attribute without them."""
    return f"{name}()" if callable(getattr(cls, name, None)) else name


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    similar = similar_names(name, known, 2)
    return f"Did you mean {listed(map(repr, similar), 'or')}?" if similar else ""


def _public_names() -> Sequence[str]:
    package: Any = sys.modules[_PACKAGE]
    return list(package.__all__)
