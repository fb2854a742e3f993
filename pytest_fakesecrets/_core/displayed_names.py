"""How messages show what was given as the name of a secret: not at all, if it looks like the value of one."""

from __future__ import annotations

#: The maximum lengths of a name and of an ARN, in the service model of Secrets Manager.
_NAME, _ARN = 512, 2048

#: What values have, and no name or ARN: the characters are not valid in a name.
_BEGINNINGS, _PARTS = ("{", "["), ("\n", "://")

_NOT_SHOWN = "<not shown>"


def looks_like_a_value(name: object) -> bool:
    """Whether what was given as a name is a JSON document, a URL or a text of several lines, or longer than AWS allows."""
    if not isinstance(name, str):
        return False
    most = _ARN if name.startswith("arn:") else _NAME
    return (
        len(name) > most
        or name.lstrip().startswith(_BEGINNINGS)
        or any(part in name.strip() for part in _PARTS)
    )


def shown_name(name: object) -> str:
    """The repr of what was given as the name of a secret, or of several, unless it may contain a secret value."""
    if looks_like_a_value(name):
        return _NOT_SHOWN
    if isinstance(name, list | tuple):
        shown = ", ".join(map(shown_name, name))
        return f"[{shown}]" if isinstance(name, list) else f"({shown}{',' if len(name) == 1 else ''})"
    return (
        repr(name)
        if isinstance(name, str | int | float | None)
        else f"an object of type {type(name).__name__}"
    )


def heading(secret_id: str) -> str:
    """The heading of what happened to a secret, or with an id that a request has sent and no secret has."""
    return "a SecretId that looks like a value" if looks_like_a_value(secret_id) else secret_id
