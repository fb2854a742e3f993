"""Checks of secret values: whether credentials are missing, unchanged, or leaked into output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_fakesecrets._core.credential import is_credential
from pytest_fakesecrets._core.formatting import listed
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._service.redaction import parsed, strings_of
from pytest_fakesecrets._service.reporting_errors import repr_of
from pytest_fakesecrets._service.user_code import CodeLine
from pytest_fakesecrets._service.value_search import Finder, Index, Spans

from .captured_output import Output

_EMPTY_VALUES = ("", "null", "None", "{}")

#: Passwords of tests that are common words in logs.
_COMMON_WORDS = ("password", "secret", "token", "current", "pending")


def is_empty(value: Value, before: Value | None = None) -> bool:
    """Whether a credential is missing in a value that was present in the value before."""
    if isinstance(value, bytes):
        return not value
    if value in _EMPTY_VALUES:
        return True
    document, old = parsed(value), parsed(before) if isinstance(before, str) else None
    known = old if isinstance(old, dict) else {}
    return isinstance(document, dict) and any(
        (member is None or member == "") and known.get(name, True) not in (None, "")
        for name, member in document.items()
        if is_credential(name)
    )


def members(value: Value) -> set[str]:
    """The member names of a value that is a JSON object; empty for other values."""
    document = None if isinstance(value, bytes) else parsed(value)
    return set(document) if isinstance(document, dict) else set()


def has_same_credentials(before: Value, after: Value) -> bool:
    """Whether all credentials are unchanged: all members with the name of a credential, or else the whole value."""
    named = [name for name in members(before) if is_credential(name)]
    if before == after or not named or isinstance(before, bytes) or isinstance(after, bytes):
        return before == after
    old, new = parsed(before), parsed(after)
    return isinstance(new, dict) and all(old[name] == new.get(name) for name in named)


class Leak(NamedTuple):
    """
    Secret text in an output.

    Attributes:
        what: what it is, unless it is the value of members.
        members: the names of the members of the secret whose values it has.
        output: the name of the output.
        line: the line that wrote it if one line did.
    """

    what: str
    members: tuple[str, ...]
    output: str
    line: CodeLine | None

    def described(self, redact: Callable[[str], str]) -> str:
        """A sentence without its full stop. *redact* is for the names of the members."""
        names = [redact(repr_of(name)) for name in self.members]
        what = f"{self.what} was"
        if names:
            what = (
                f"The value of {names[0]} was"
                if len(names) == 1
                else f"The values of {listed(names, 'and')} were"
            )
        return f"{what} written to {self.output}" + (f" at {self.line}" if self.line else "")


def leaks(
    written: Sequence[Output], returned: object, secret: Secret | None, passwords: Iterable[str], token: str
) -> tuple[Leak, ...]:
    """
    Find secret text in what a function wrote and returned.

    Args:
        returned: the return value of the function.
        secret: the secret with the values to search for.
        passwords: the passwords that GetRandomPassword has generated for the function.
        token: the RotationToken.
    """
    texts: dict[str, list[Output]] = {}
    for output in [*written, *([] if returned is None else [Output("its return value", repr_of(returned))])]:
        texts.setdefault(output.name, []).append(output)
    if not any(output.text for outputs in texts.values() for output in outputs):
        return ()
    values = {"": list(passwords)}
    for name, value in () if secret is None else _credentials(secret):
        values.setdefault(name, []).append(value)
    finders = {
        "A secret value": {name: Finder(found, whole_words=True) for name, found in values.items()},
        "The RotationToken": {"": Finder([token] if token else [])},
    }
    names = Index([] if secret is None else [secret.arn, secret.name])
    found = (
        _leak(what, by_member, outputs, names.find)
        for outputs in texts.values()
        for what, by_member in finders.items()
    )
    return tuple(leak for leak in found if leak is not None)


def _leak(what: str, finders: Mapping[str, Finder], outputs: Sequence[Output], public: Spans) -> Leak | None:
    """
    Find secret text in one output.

    Args:
        finders: by the name of the member whose value each finds, or "" for any other value.
    """
    text = "".join(output.text for output in outputs)  # a value may be written in several calls
    found = [name for name, finder in finders.items() if finder.finds(text, public)]
    if not found:
        return None
    line = next(
        (each.line for each in outputs if any(finders[name].finds(each.text, public) for name in found)), None
    )
    return Leak(what, tuple(filter(None, found)), outputs[0].name, line)


def _credentials(secret: Secret) -> Iterator[tuple[str, str]]:
    """Yield the secret strings of the values with a label, each with the name of its member or ""."""
    # Only versions with a label, of which there are few: a secret may have a hundred versions.
    for version_id in dict.fromkeys(secret.labels.values()):
        value = secret.versions[version_id].value
        if value is None:
            continue
        document = parsed(value)
        for string in strings_of(value, with_members=not isinstance(document, dict)):
            yield "", string
        if isinstance(document, dict):
            yield from _credentials_in(document, secret.arn)


def _credentials_in(document: object, arn: str) -> Iterator[tuple[str, str]]:
    members = list(_named_members(document))
    harmless = {str(member) for name, member in members if not is_credential(name)}
    for name, member in members:
        # A password that is also the user name, or a common word, is not a leak.
        is_word = not isinstance(member, str) or member in harmless or member.lower() in _COMMON_WORDS
        if isinstance(member, str) and is_credential(name) and not is_word and member not in arn:
            yield name, member


def _named_members(document: object) -> Iterator[tuple[str, object]]:
    remaining: list[tuple[str, object]] = [("", document)]
    while remaining:
        name, member = remaining.pop()
        if isinstance(member, dict):
            remaining += member.items()
        elif isinstance(member, list):
            remaining += [(name, each) for each in member]
        else:
            yield name, member
