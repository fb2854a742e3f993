"""What in the value of a secret is the credential, and where a text gives it away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ._core.credential import is_credential
from ._core.secret import Secret, Value
from ._failures import SHORTEST, parsed, written_forms

_NOTHING = ("", "null", "None", "{}")

#: Passwords of tests that are words of every log.
_WORDS = ("password", "secret", "token", "current", "pending")


def is_empty(value: Value, before: Value | None = None) -> bool:
    """Whether a credential is missing that was not missing in the value before."""
    if isinstance(value, bytes):
        return not value
    if value in _NOTHING:
        return True
    document, old = parsed(value), parsed(before) if isinstance(before, str) else None
    known = old if isinstance(old, dict) else {}
    return isinstance(document, dict) and any(
        (member is None or member == "") and known.get(name, True) not in (None, "")
        for name, member in document.items()
        if is_credential(name)
    )


def members(value: Value) -> set[str]:
    """The names in a value that is a JSON structure."""
    document = None if isinstance(value, bytes) else parsed(value)
    return set(document) if isinstance(document, dict) else set()


def has_same_credentials(before: Value, after: Value) -> bool:
    """Whether no credential is another one: the values are equal, or every member that is called like one is."""
    named = [name for name in members(before) if is_credential(name)]
    if before == after or not named or isinstance(before, bytes) or isinstance(after, bytes):
        return before == after
    old, new = parsed(before), parsed(after)
    return isinstance(new, dict) and all(old[name] == new.get(name) for name in named)


def leaks(
    written: Sequence[tuple[str, str]], returned: object, secret: Secret | None, others: Iterable[str]
) -> tuple[str, ...]:
    """
    Where a secret value was written to.

    Args:
        written: what the function has written, and where.
        secret: whose values are meant.
        others: further texts that are secret: passwords that were drawn, the RotationToken.
    """
    told = [*written, *([] if returned is None else [("its return value", _printed(returned))])]
    if not any(text for _, text in told):
        return ()
    values = {*others, *(() if secret is None else _credentials(secret))}
    forms = {form for value in values for form in written_forms(value) if len(form) >= SHORTEST}
    return tuple(dict.fromkeys(place for place, text in told if any(form in text for form in forms)))


def _printed(returned: object) -> str:
    try:
        return repr(returned)
    except Exception:
        return ""  # nobody can print it


def _credentials(secret: Secret) -> Iterator[Value]:
    # Those with a label, at most a few: a secret may have a hundred versions.
    for version in {
        secret.versions[held].id: secret.versions[held] for held in secret.labels.values()
    }.values():
        if version.value is None:
            continue
        yield version.value
        document = None if isinstance(version.value, bytes) else parsed(version.value)
        members = document if isinstance(document, dict) else {}
        harmless = {str(member) for name, member in members.items() if not is_credential(name)}
        for name, member in members.items():
            # One that is a user's name as well, or a word that every log has, gives nothing away.
            told_anyway = member in harmless or member.lower() in _WORDS if isinstance(member, str) else True
            if is_credential(name) and not told_anyway and member not in secret.arn:
                yield member
