"""`SecretView`: the labels and versions of a secret, and every move of a label, for tests."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NoReturn

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import readable_repr, shown_value
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._service.history import Event, History, LabelMoved
from pytest_fakesecrets._service.redaction import Redactor


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """
    A version of a secret.

    Attributes:
        id: its version id: the ClientRequestToken of the call that created it.
        alias: "v1", "v2" and so on, in order of creation.
        labels: the staging labels attached to it.
        created_at: when its value was stored, or, without a value, when it was staged; in UTC.
        has_value: False for a version that RotateSecret has staged and that has no value yet.
    """

    id: str
    alias: str
    labels: frozenset[str]
    created_at: datetime
    has_value: bool

    __repr__ = readable_repr


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The secret at the time when a view was read, to explain a failed assertion."""

    secret: Secret
    #: The events of the secret, to which later events are appended, and how many there were.
    events: Sequence[Event]
    event_count: int
    #: A sentence about a rotation of the secret that waits for the test, or None.
    waiting: str | None = field(default=None, repr=False)

    def redacted(self, text: str) -> str:
        """Return text without the values of the secret."""
        redactor = Redactor()
        for name in (self.secret.name, self.secret.arn):
            redactor.add_name(name)
        for version in self.secret.versions.values():
            if version.value is not None:
                redactor.add(version.value)
        return redactor.redact(text)

    @property
    def moves(self) -> tuple[LabelMoved, ...]:
        """Every move of a label up to the snapshot. Computed on access, because the history may be long."""
        events = islice(self.events, self.event_count)
        return tuple(event for event in events if isinstance(event, LabelMoved))


class NotThere(KeyError):
    """A key that a mapping of a `SecretView` does not have. Its message says what the secret has."""

    def __init__(self, key: object, message: str) -> None:
        super().__init__(key)
        self._message = message

    def __str__(self) -> str:
        return self._message


class Labels(dict[str, str]):
    """Maps each staging label to the id of its version."""

    snapshot: Snapshot

    def __missing__(self, label: object) -> NoReturn:
        secret = self.snapshot.secret
        text = f"No version of {secret.name!r} has the label {label!r}.{similar_label(label, secret)} {_attached_labels(secret)}"
        raise NotThere(label, self.snapshot.redacted(text))


class Staging(dict[str, frozenset[str]]):
    """Maps the alias of each version to its labels. Versions without labels are omitted."""

    snapshot: Snapshot

    def __repr__(self) -> str:
        """With plain sets, as a test writes what it expects."""
        return f"{{{', '.join(f'{alias!r}: {shown_value(attached)}' for alias, attached in self.items())}}}"

    def __missing__(self, alias: object) -> NoReturn:
        secret = self.snapshot.secret
        text = f"No version {alias!r} of {secret.name!r} has labels. {_attached_labels(secret)}"
        raise NotThere(alias, self.snapshot.redacted(text))


class Transitions(tuple[LabelMoved, ...]):
    """
    Every move of a label, oldest first.

    Equal to a list or tuple of the same moves, each a `LabelMoved` or its text:
    "AWSCURRENT v1 -> v2 by UpdateSecretVersionStage".
    """

    snapshot: Snapshot

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple | list) or len(self) != len(other):
            return False
        return all(
            str(move) == other_move if isinstance(other_move, str) else move == other_move
            for move, other_move in zip(self, other, strict=True)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()


@exported
class SecretView:
    """
    A read-only and live view of a secret: each attribute reads its current state.

    Reading does not count as an access of the secret, and is not recorded in the history.
    """

    def __init__(
        self,
        read: Callable[[], Secret],
        history: Callable[[], History],
        waiting: Callable[[str], str | None] = lambda arn: None,
    ) -> None:
        self._read = read
        self._history = history
        self._waiting = waiting

    def __repr__(self) -> str:
        staging = (f"{alias}: {'+'.join(sorted(attached))}" for alias, attached in self.staging.items())
        return f"<SecretView {self.name!r} {', '.join(staging) or 'without labels'}>"

    @property
    def arn(self) -> str:
        return self._read().arn

    @property
    def name(self) -> str:
        return self._read().name

    @property
    def rotation_enabled(self) -> bool:
        settings = self._read().rotation
        return settings is not None and settings.enabled

    @property
    def next_rotation(self) -> Window | None:
        """The window of the next scheduled rotation, with `opens` and `closes` in UTC, or None."""
        return self._read().next_window

    @property
    def versions(self) -> tuple[VersionView, ...]:
        """All versions, oldest first, including those without labels."""
        return _versions(self._read())

    @property
    def labels(self) -> Mapping[str, str]:
        """A mapping from staging label to version id."""
        secret = self._read()
        result = Labels(sorted(secret.labels.items()))
        result.snapshot = self._take_snapshot(secret)
        return result

    @property
    def staging(self) -> Mapping[str, AbstractSet[str]]:
        """
        A mapping from version alias to labels: `{"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT"}}`.

        Versions without labels are omitted, as in DescribeSecret. A failed comparison explains where
        each label is, and which call moved it there.
        """
        secret = self._read()
        staging = Staging({version.alias: version.labels for version in _versions(secret) if version.labels})
        staging.snapshot = self._take_snapshot(secret)
        return staging

    @property
    def transitions(self) -> Transitions:
        """Every move of a label so far, oldest first."""
        secret = self._read()
        snapshot = self._take_snapshot(secret)
        transitions = Transitions(snapshot.moves)
        transitions.snapshot = snapshot
        return transitions

    def _take_snapshot(self, secret: Secret) -> Snapshot:
        events = self._history().about(secret.arn)
        return Snapshot(secret, events, len(events), self._waiting(secret.arn))

    def value(self, label: str = CURRENT) -> str | bytes:
        """
        Return the value of the version with *label*, a string or bytes.

        Raises:
            FakeSecretsError: no version has the label, or that version has no value yet.
        """
        secret = self._read()
        if not isinstance(label, str):
            raise FakeSecretsError(
                f"A label is a string, such as 'AWSPENDING', not an object of type {type(label).__name__}."
            )
        version = secret.version(label)
        if version is None:
            raise FakeSecretsError(
                f"No version of {secret.name!r} has the label {label}.{similar_label(label, secret)} "
                f"{_attached_labels(secret)}"
            )
        if version.value is None:
            raise FakeSecretsError(
                f"{label} of {secret.name!r} is on {version.alias}, which has no value yet: RotateSecret "
                "has staged it, and the rotation function has to put one with its ClientRequestToken."
            )
        return version.value

    def json(self, label: str = CURRENT) -> Any:
        """
        Return the value of the version with *label*, parsed as JSON.

        Raises:
            FakeSecretsError: there is no value, or it is not valid JSON.
        """
        value = self.value(label)
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            # Not "from" the error of json, which contains the value.
            raise FakeSecretsError(
                f"The value of {self.name!r} under {label} is not JSON. Read it with value()."
            ) from None


def _versions(secret: Secret) -> tuple[VersionView, ...]:
    return tuple(
        VersionView(
            id=version.id,
            alias=version.alias,
            labels=frozenset(staging_labels.of(secret.labels, version.id)),
            created_at=version.created_at,
            has_value=version.has_value,
        )
        for version in sorted(secret.versions.values(), key=lambda version: version.number)
    )


def similar_label(label: object, secret: Secret) -> str:
    """A sentence with the known label that is most similar, with a space before it, or ""."""
    known = {name.upper(): name for name in (CURRENT, PENDING, PREVIOUS, *secret.labels)}
    similar = difflib.get_close_matches(str(label).upper(), known, 1)
    is_other = bool(similar) and known[similar[0]] != label
    return f" Did you mean {known[similar[0]]!r}?" if is_other else ""


def _attached_labels(secret: Secret) -> str:
    lines = "".join(
        f"\n- {label} on {secret.versions[version_id].alias}"
        for label, version_id in sorted(secret.labels.items())
    )
    return f"It has:{lines}" if lines else "It has no labels at all, since it has no value."
