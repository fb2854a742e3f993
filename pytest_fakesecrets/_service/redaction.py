"""Redacts secret values in texts, including values in encoded form."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import RLock
from typing import Any, Protocol
from urllib.parse import unquote

from pytest_fakesecrets._core.credential import names_a_user
from pytest_fakesecrets._core.errors import (
    CONNECTION_LOST,
    TARGET_DOWN,
    CredentialRefused,
    FakeSecretsError,
    FunctionTimedOut,
    TargetDown,
)
from pytest_fakesecrets._core.secret import Value

from .decoding import text_of_bytes
from .reporting_errors import ErrorsBecomeWarnings, encodable, text_of
from .value_search import Finder, Index

#: The placeholders for a value and for a whole text.
REDACTED = "***"
WITHHELD = "(This text is withheld, since a secret value in it might be overlooked.)"

#: Members of AWS's JSON structures for databases that are not secret (user guide, reference_secret_json_structure).
_HARMLESS = frozenset(
    {
        "dbClusterIdentifier",
        "dbInstanceIdentifier",
        "dbname",
        "engine",
        "host",
        "masterarn",
        "port",
        "username",
    }
)

#: The length from which a line of a value is redacted by itself.
_LINE = 16
#: The number of characters of a text that are shown, and of characters after them that are also searched: a value may
#: begin in the shown part and end after it.
_MAX_SHOWN, _SEARCHED_BEYOND = 100_000, 500_000
#: The length up to which the result for a text is cached, and the size of the cache.
_MAX_CACHED_LENGTH, _MAX_CACHED_RESULTS = 1_000, 1_000
#: The number of characters of former values, no longer in the store, that are kept for redaction.
_FORMER = 8 * 1024 * 1024

QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_PASSWORD_IN_URL = re.compile(r"://[^/@:\s]{0,200}:([^@\s]{1,1000})@")
_PARAMETER = re.compile(r"value: .*, (?=type: |valid )", re.DOTALL)


class Redact(Protocol):
    """A function that redacts a text, except for the strings in *keep*."""

    def __call__(self, text: str, *, keep: Iterable[str] = ()) -> str: ...


def unredacted(text: str, *, keep: Iterable[str] = ()) -> str:
    """A `Redact` for texts that contain no values."""
    return text


class Redactor:
    """
    Redacts the secret values of one store in texts.

    It knows every value that was stored, generated, or sent in a rejected request since the last reset. The names and
    ARNs of secrets are public, and are not redacted.

    Args:
        stored: returns all values in the store.
    """

    def __init__(self, stored: Callable[[], Iterable[Value]] = tuple) -> None:
        self._stored = stored
        self._lock = RLock()
        #: Values are indexed only when a text is redacted, so that storing a value is fast.
        self._values: list[Value] = []
        self._names: list[str] = []
        #: The number of characters of all values, and the number above which former values are dropped.
        self._size, self._most = 0, _FORMER
        self._is_complete = True
        self._begin_to_learn()

    def _begin_to_learn(self) -> None:
        #: The indexes, and the numbers of indexed values and names.
        self._secret, self._public = Finder(), Index()
        self._indexed = [0, 0]
        #: The cached results for short texts, valid until a value or a name is added.
        self._results: dict[tuple[str, tuple[str, ...]], str] = {}

    def add(self, value: Value) -> None:
        """Add a value."""
        with self._lock:
            if self._values[-1:] != [value]:  # the same value is stored once for each replica
                self._values.append(value)
                self._size += len(value)
                if self._size > self._most:
                    self._forget()

    def add_name(self, name: str) -> None:
        """Add the name or the ARN of a secret, which is not redacted."""
        with self._lock:
            self._names.append(name)

    def give_up(self) -> None:
        """Withhold every text from now on, since a value could not be added."""
        self._is_complete = False

    def _forget(self) -> None:
        """Drop the oldest values that are no longer in the store."""
        stored = dict.fromkeys(self._stored())
        allowed = max(_FORMER, sum(map(len, stored))) // 2
        former = dict.fromkeys(value for value in reversed(self._values) if value not in stored)
        left, kept = allowed, list(stored)
        for value in former:
            left -= len(value)
            if left >= 0:
                kept.append(value)
        self._is_complete &= left >= 0
        self._values, self._size = kept, sum(map(len, kept))
        self._most = self._size + allowed
        self._begin_to_learn()

    def redact(self, text: str, *, keep: Iterable[str] = ()) -> str:
        """
        The text with secret values replaced, and with lone surrogates escaped.

        If redaction fails, the whole text is withheld.

        Args:
            keep: public strings, in addition to the names and ARNs of secrets.
        """
        with ErrorsBecomeWarnings("a text without secret values"):
            key = text, tuple(keep)
            with self._lock:
                self._index_new()
                result = self._results.get(key)
                if result is None:
                    result = self._redacted(text, key[1])
                    if len(text) <= _MAX_CACHED_LENGTH and len(self._results) < _MAX_CACHED_RESULTS:
                        self._results[key] = result
            return result
        return self._withheld(text)

    def _withheld(self, text: str) -> str:
        return text if text in self._names else WITHHELD

    def _redacted(self, text: str, keep: Iterable[str]) -> str:
        if not self._is_complete:
            return self._withheld(text)
        searched, kept = without_parameters(text[: _MAX_SHOWN + _SEARCHED_BEYOND]), Index(keep)
        found = self._secret.find(searched, lambda read: [*self._public.find(read), *kept.find(read)])
        shown = encodable(_without(searched[:_MAX_SHOWN], sorted(found)))
        left = len(text) - _MAX_SHOWN
        return shown if left <= 0 else f"{shown} ... ({left} more characters)"

    def _index_new(self) -> None:
        """Index the new values and names. After an exception the rest is indexed for the next text."""
        values, names = self._indexed
        if (values, names) != (len(self._values), len(self._names)):
            self._results.clear()
        for number in range(values, len(self._values)):
            for string in strings_of(self._values[number]):
                self._secret.add(string)
            self._indexed[0] = number + 1
        for number in range(names, len(self._names)):
            self._public.add(self._names[number])
            self._indexed[1] = number + 1


def without_parameters(text: str) -> str:
    """Remove the values from a message of botocore about invalid parameters, which were never sent."""
    return _PARAMETER.sub("", text) if ", type: " in text or ", valid " in text else text


def _without(text: str, found: Iterable[tuple[int, int]]) -> str:
    place = 0
    parts: list[str] = []
    for start, end in found:
        if start < len(text):
            if not parts or start > place:
                parts += [text[place:start], REDACTED]
            place = max(place, end)
    return "".join([*parts, text[place:]])


def parsed(value: str | bytes) -> Any:
    """The parsed JSON of a value, or None if it is not JSON."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def secret_values_of_request(body: bytes) -> Iterator[Value]:
    """The secret values in the body of a request."""
    document = parsed(body)
    if isinstance(document, dict):
        if isinstance(document.get("SecretString"), str):
            yield document["SecretString"]
        if isinstance(document.get("SecretBinary"), str):
            with suppress(ValueError):
                yield b64decode(document["SecretBinary"])


def strings_of(value: Value, *, with_members: bool = True) -> Iterator[str]:
    """
    The strings of a value that are redacted.

    They are the whole value, each member of its JSON, the password in a URL, and the lines of a key.
    """
    if isinstance(value, bytes):
        yield value.decode("latin-1")
        value = text_of_bytes(value)
    yield value
    document = parsed(value)
    if isinstance(document, dict | list | str):
        for member in _members(document) if with_members else ():
            yield from strings_of(member)
        return
    for match in _PASSWORD_IN_URL.finditer(value):
        yield from (match[1], unquote(match[1]))
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:  # they may be printed with indentation
        yield from (line for line in lines if len(line) >= _LINE and not line.startswith("-----"))


def _is_public(name: str, member: object) -> bool:
    """Whether a member has no secret in it, such as the name of a user. One with members or a URL may have a secret."""
    if not (name in _HARMLESS or names_a_user(name)) or isinstance(member, dict | list):
        return False
    if not isinstance(member, str):
        return True
    return _PASSWORD_IN_URL.search(member) is None and not isinstance(parsed(member), dict | list)


def _members(document: object) -> Iterator[str]:
    remaining = [document]
    while remaining:
        member = remaining.pop()
        if isinstance(member, dict):
            remaining += [each for name, each in member.items() if not _is_public(name, each)]
        elif isinstance(member, list):
            remaining += member
        elif isinstance(member, str | int | float):
            yield str(member)


def constant_parts(error: BaseException) -> list[str]:
    """The constant parts of a message of this package, whose variable parts are quoted. They are not redacted."""
    if isinstance(error, TargetDown):  # the name of an action is not quoted
        return [*TARGET_DOWN, CONNECTION_LOST]
    is_verdict = (
        isinstance(error, FakeSecretsError) and error.__traceback__ is None
    )  # about the labels at the end
    if is_verdict or isinstance(error, FunctionTimedOut | CredentialRefused):
        return QUOTED.split(text_of(error))
    return []
