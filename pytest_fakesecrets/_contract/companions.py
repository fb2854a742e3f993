"""The other secrets that a rotation changes on purpose: what they must be like afterwards, and their copies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING
from pytest_fakesecrets._fake.fake import FakeSecrets


@dataclass(frozen=True, slots=True)
class Companion:
    """A companion before the rotation: its name, its ARN, and the ids of its versions."""

    name: str
    arn: str
    versions: frozenset[str]

    def read(self, fake: FakeSecrets) -> Secret | None:
        """Return the secret, or None if the rotation has deleted it."""
        try:
            return fake._service.locate(self.arn)[1]
        except FakeSecretsError:
            return None

    def content(self, fake: FakeSecrets) -> object:
        """Return the labels and the values, to compare before and after an event."""
        secret = self.read(fake)
        if secret is None:
            return None
        return dict(secret.labels), {version.alias: version.value for version in secret.versions.values()}

    def outcome(self, fake: FakeSecrets, rotated: Secret) -> Mapping[str, object]:
        """
        Return what has to be the same after every rotation that succeeded, however many attempts it took.

        Args:
            rotated: the secret of the contract.
        """
        secret = self.read(fake)
        if secret is None:
            return {"secret": "deleted"}
        current, pending = secret.labels.get(CURRENT), secret.labels.get(PENDING)
        return {
            CURRENT: _age(current, self.versions),
            PENDING: f"on the version with {CURRENT}"
            if pending is not None and pending == current
            else _age(pending, self.versions),
            "members with the value of the rotated secret": _shared_members(secret, rotated),
        }


def _age(version_id: str | None, initial: frozenset[str]) -> str:
    if version_id is None:
        return "nowhere"
    return "on an initial version" if version_id in initial else "on a new version"


def _shared_members(secret: Secret, rotated: Secret) -> list[str]:
    """Return the names of the members whose value is a member of the rotated secret too."""
    own, others = current_members(secret), current_members(rotated)
    return sorted(name for name, value in own.items() if value in others.values())


def current_members(secret: Secret) -> Mapping[str, Any]:
    """Return the members of the current value of a secret."""
    return _members(_current_value(secret))


def _current_value(secret: Secret) -> Value | None:
    version = secret.version(CURRENT)
    return None if version is None else version.value


def _members(value: Value | None) -> Mapping[str, Any]:
    """Return the members of a JSON value; of any other value the value itself, as its only member."""
    try:
        document = json.loads(value or "")
    except (ValueError, RecursionError):
        return {} if value is None else {"value": value}
    return document if isinstance(document, dict) else {"value": value}


def find_companions(owner: str, fake: FakeSecrets, names: Sequence[str]) -> tuple[Companion, ...]:
    """
    Return the companions that a contract class names.

    Args:
        owner: the name of the class.

    Raises:
        FakeSecretsError: a companion does not exist.
    """
    return tuple(_find(owner, fake, name) for name in names)


def _find(owner: str, fake: FakeSecrets, name: str) -> Companion:
    try:
        secret = fake._service.locate(name)[1]
    except FakeSecretsError as error:
        raise FakeSecretsError(
            f"{owner}.companions has {name!r}, and there is no such secret: {error} Create it in prepare(), with "
            "fake.add_secret(name, value)."
        ) from None
    return Companion(secret.name, secret.arn, frozenset(secret.versions))


def copy_companions(
    fake: FakeSecrets, companions: Sequence[Companion], names: tuple[str, str], value: Any
) -> tuple[tuple[Companion, ...], Any]:
    """
    Copy the companions for a secret of another name.

    A companion that the value names, or whose name begins with that of the secret, is replaced by its copy. The function
    knows any other one from elsewhere, such as its environment, so it may change that one too.

    Args:
        names: the name of the secret, and the new one.
        value: the value of the secret.

    Returns:
        The companions that the rotation of this secret may change, and its value, which names the copies.
    """
    found: list[Companion] = []
    for companion in companions:
        copied = _copy(fake, companion, names)
        replaced = _replace(value, {companion.name: copied.name, companion.arn: copied.arn})
        is_known_elsewhere = replaced == value and not is_derived(companion.name, names[0])
        value = replaced
        found += [copied, companion] if is_known_elsewhere else [copied]
    return tuple(found), value


def _copy(fake: FakeSecrets, companion: Companion, names: tuple[str, str]) -> Companion:
    old, new = names
    has_its_name = is_derived(companion.name, old)
    name = new + companion.name.removeprefix(old) if has_its_name else companion.name + new.removeprefix(old)
    region, secret = fake._service.locate(companion.arn)
    view = fake.add_secret(
        name, _current_value(secret), kms_key_id=secret.kms_key_id, region_name=region.name
    )
    copied = fake._service.locate(view.arn)[1]
    fake._service.transact(region, lambda context: context.save(replace(copied, policy=secret.policy)))
    return Companion(name, view.arn, frozenset(copied.versions))


def is_derived(name: str, secret_name: str) -> bool:
    """Whether a name is that of the secret with something added, such as "app/db/keytab"."""
    return name.startswith(secret_name) and not name.removeprefix(secret_name)[:1].isalnum()


def _replace(value: Any, replacements: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replace(member, replacements) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(member, replacements) for member in value]
    return replacements.get(value, value) if isinstance(value, str) else value
