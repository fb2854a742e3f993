"""The credential that a secret's value stands for: a user and a password."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

#: The keys of the two halves of a credential: the first that is there counts.
_USER_KEYS = ("username", "user", "client_id")
_PASSWORD_KEYS = ("password", "api_key", "secret", "token")


def credentials_in(value: object, users: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each user and password that a value may mean."""
    only = users[0] if len(users) == 1 else None
    if isinstance(value, str):
        if only is not None:
            yield only, value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        user = next((value[key] for key in _USER_KEYS if key in value), only)
        password = next((value[key] for key in _PASSWORD_KEYS if key in value), None)
        if isinstance(user, str) and isinstance(password, str):
            yield user, password
