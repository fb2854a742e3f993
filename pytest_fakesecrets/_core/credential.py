"""Find the member of a JSON value that holds the credential, and the member that names its user."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

#: The words of a name in snake_case, camelCase or kebab-case. Digits are ignored ("password2").
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

#: A name whose last word is one of these names a credential. Not "token_url" or "secret_arn": these describe one.
_CREDENTIAL_WORDS = frozenset(
    {"credential", "key", "pass", "passcode", "passphrase", "passwd", "password", "pwd", "secret", "token"}
)
#: Endings of names without a separator ("dbpassword"). "key" and "pass" are not listed: other words have them too.
_CREDENTIAL_ENDINGS = ("passphrase", "passwd", "password", "secret", "token")
_COMPOUND_KEY = re.compile(
    r"(access|account|admin|api|app|application|auth|client|decryption|encryption|hmac|license|master|pass|private"
    r"|root|secret|security|server|service|shared|signing|ssh|storage|subscription|user|webhook)key"
)
#: Words before "key" in names that are not credentials: public keys, identifiers, and keys of a table.
#: OAuth's consumer key is an identifier; its consumer secret is the credential.
_HARMLESS_KEYS = frozenset(
    {
        "bucket",
        "cache",
        "consumer",
        "foreign",
        "hash",
        "index",
        "lookup",
        "object",
        "partition",
        "primary",
        "public",
        "publishable",
        "range",
        "routing",
        "sort",
        "unique",
    }
)

#: The names that `CredentialTarget.accepts` documents. They are preferred over all other names, in this order.
PREFERRED_CREDENTIALS = ("password", "api_key", "secret", "token")
PREFERRED_USERS = ("username", "user", "client_id")
#: Endings of other names of users, after their words are joined.
_USER_NAMES = ("username", "user", "login")
_USER_ENDINGS = (*_USER_NAMES, "clientid", "userid", "keyid", "consumerkey")


def is_credential(name: str) -> bool:
    """Whether a member with this name holds a credential, and not the name, address or description of one."""
    words = _words(name)
    if not words:
        return False
    last = words[-1]
    if last == "key":
        return not _HARMLESS_KEYS & set(words[-2:-1])
    return (
        last in _CREDENTIAL_WORDS
        or last.endswith(_CREDENTIAL_ENDINGS)
        or _COMPOUND_KEY.fullmatch(last) is not None
    )


def credentials(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the members that hold credentials, in the order of the document."""
    return [name for name in _names(document) if is_credential(name)]


def first_credential(document: Mapping[str, Any]) -> str | None:
    """Return the name of the member that is the credential for a login, or None."""
    others = [name for name in credentials(document) if isinstance(document[name], str)]
    return _first_member([*PREFERRED_CREDENTIALS, *others], document)


def changed_members(before: object, after: object) -> list[str]:
    """The names of the members that were added, changed or lost; empty if a document is not a JSON object."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return sorted(
        name
        for name in {*before, *after}
        if name not in before or name not in after or before[name] != after[name]
    )


def user_member(document: Mapping[str, Any]) -> str | None:
    """Return the name of the member that holds the user, or None."""
    others = [name for name in _names(document) if isinstance(document[name], str) and _is_user(name)]
    return _first_member([*PREFERRED_USERS, *others], document)


def user_of(document: object) -> object:
    """Return the user that a value names, or None."""
    if not isinstance(document, Mapping):
        return None
    name = user_member(document)
    return None if name is None else document[name]


def names_a_key(document: object) -> bool:
    """Whether the member of the user is the id of a key ("AccessKeyId"), which the target creates with each key."""
    name = user_member(document) if isinstance(document, Mapping) else None
    return name is not None and "".join(_words(name)).endswith("keyid")


def credentials_in(value: object, users: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each pair of user and password that a value can mean. *users* are the known users."""
    only_user = users[0] if len(users) == 1 else None
    if isinstance(value, str):
        if only_user is not None:
            yield only_user, value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        user_name, credential_name = user_member(value), first_credential(value)
        user = only_user if user_name is None else value[user_name]
        password = None if credential_name is None else value[credential_name]
        if isinstance(user, str) and isinstance(password, str):
            yield user, password


def names_a_user(name: str) -> bool:
    """Whether a member of this name holds the name of a user, which is not a credential: "user", "dbUserName", "login"."""
    return "".join(_words(name)).endswith(_USER_NAMES)


def _is_user(name: str) -> bool:
    return "".join(_words(name)).endswith(_USER_ENDINGS)


def _first_member(names: Iterable[str], document: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in document), None)


def _names(document: Mapping[Any, Any]) -> list[str]:
    return [name for name in document if isinstance(name, str)]


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]
