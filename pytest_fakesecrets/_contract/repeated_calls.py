"""Calls at a target that give a user the password which an earlier call has given it: a recovery need not make them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from .target_call_names import first_words
from .target_calls import TargetCall

#: Methods that set the only password of a user, and statements that may do so.
_SETTERS = frozenset({"change_password", "create_user"})
_STATEMENTS = re.compile(r"(CREATE|ALTER) (USER|ROLE|LOGIN)\b|SET PASSWORD\b")

#: After such a call the password of a user may be another one, or not the only one.
_ENDS = re.compile(
    r"(\w+\.)*(add|delete|disable|drop|expire|remove|rename|reset|revoke)(?![a-z])|.* (DROP|RENAME)\b"
)

#: The words of a statement that sets a password, apart from its user and that password.
_WORDS = frozenset([
    "ALTER", "BY", "CREATE", "ENCRYPTED", "EXISTS", "FOR", "IDENTIFIED", "IF", "NOT", "PASSWORD", "ROLE", "SET",
    "TO", "USER", "WITH",
])  # fmt: skip

_TOKEN = re.compile(
    r"""'(?P<text>(?:[^']|'')*)'|"(?P<name>[^"]*)"|`(?P<quoted>[^`]*)`"""
    r"""|(?P<placeholder>%\(\w+\)s|%s|\?|\$\d+|:\w+)|(?P<word>[^\s,;=()'"`]+)"""
)

#: The beginning of a statement of SQL Server. Elsewhere LOGIN is what a role may do.
_LOGIN_OF_A_SERVER = re.compile(r"\s*(CREATE|ALTER)\s+LOGIN\b", re.IGNORECASE)

#: What an account of MySQL has between and after its quotes if its host is any.
_ANY_HOST = frozenset({"@", "%", "%%"})

#: A user, the password, and what else a call sets with it.
_Credential = tuple[str, ...]


def repeated_calls(calls: Sequence[TargetCall], *, is_verified: bool) -> Counter[str]:
    """
    Count, by their names, the calls that have set the password which their user had from an earlier call already.

    The passwords of createSecret are not looked at: a retry may store another one.

    Args:
        is_verified: whether the target is known to accept the new value. This shows that a statement with IF NOT EXISTS
            has had its effect, if no other user gets a password.
    """
    made = [(call, _credential_of(call)) for call in calls if call.is_completed or call.was_stopped]
    is_shown = is_verified and len({credential[0] for _, credential in made if credential}) == 1
    repeated = Counter[str]()
    last: dict[tuple[str, str], _Credential] = {}
    for call, credential in made:
        if credential is None:
            if _ENDS.match(call.name) or _is_setter(call.name):
                last.clear()
            continue
        user = (call.module, credential[0])
        if call.step == "createSecret" or (" IF " in call.name and not is_shown):
            last.pop(user, None)
        elif set(credential) <= set(last.get(user, ())):
            repeated[call.name] += 1
        else:
            last[user] = credential
    return repeated


def _is_setter(name: str) -> bool:
    function, _, statement = name.partition(" ")
    if statement:
        return _STATEMENTS.match(statement) is not None
    return function.rpartition(".")[2] in _SETTERS


def _credential_of(call: TargetCall) -> _Credential | None:
    """Return the user and the password that a call sets, and what else it sets, or None if it sets no password."""
    if not _is_setter(call.name):
        return None
    values = _values(call.key)
    if " " in call.name:
        place = next((place for place, each in enumerate(values) if first_words(str(each))), None)
        values = [] if place is None else list(_parameters(str(values.pop(place)), values))
    texts = tuple(each for each in values if isinstance(each, str))
    return texts if len(texts) == len(values) > 1 else None


def _parameters(statement: str, values: Sequence[object]) -> Iterator[object]:
    """Yield the parts of a statement that are not its fixed words, with the values in the place of placeholders."""
    named = {name: value for each in values if isinstance(each, Mapping) for name, value in each.items()}
    in_order = iter([each for each in values if not isinstance(each, Mapping)])
    for match in _TOKEN.finditer(_LOGIN_OF_A_SERVER.sub("", statement)):
        kind, token = match.lastgroup, match[match.lastgroup or 0]
        if kind == "placeholder":
            name = token[2:-2] if token.startswith("%(") else token[1:]
            yield named[name] if name in named else next(in_order, None)
        elif token not in _ANY_HOST and (kind != "word" or token.upper() not in _WORDS):
            yield token
    yield from in_order


def _values(key: str) -> list[object]:
    """The values in the key of a call, without the objects that it has by their type."""
    arguments, named = ast.literal_eval(key)
    return [value for each in [*arguments, *(text for _, text in named)] for value in _parsed(each)]


def _parsed(text: str) -> Iterator[object]:
    """Yield the value with a repr, or the members of a sequence, or the text and the values of a composed statement."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        yield from _composed(text)
    else:
        yield from value if isinstance(value, list | tuple) else (value,)


def _composed(text: str) -> Iterator[object]:
    """Yield the statement of an object SQL or Composed of psycopg, and then its values; of another object nothing."""
    if not text.startswith(("Composed(", "SQL(")):
        return
    try:
        tree = ast.parse(text, mode="eval")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return
    parts = [
        (node.func.id, argument.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        for argument in node.args
        if isinstance(argument, ast.Constant)
    ]
    yield "".join(str(value) if kind == "SQL" else "%s" for kind, value in parts)
    yield from (value for kind, value in parts if kind != "SQL")
