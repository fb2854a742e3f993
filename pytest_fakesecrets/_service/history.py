"""What has happened: one record, from which everything that looks back is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from pytest_fakesecrets._core.formatting import readable_repr
from pytest_fakesecrets._core.labels import PENDING
from pytest_fakesecrets._core.public import public
from pytest_fakesecrets._core.replica import Replica
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._core.secret import Secret, Version
from pytest_fakesecrets._core.store import Change

#: As CloudTrail names them (user guide, CloudTrail entries).
ServiceEventName = Literal[
    "RotationStarted",
    "RotationSucceeded",
    "RotationFailed",
    "RotationAbandoned",
    "TestRotationStarted",
    "TestRotationSucceeded",
    "TestRotationFailed",
    "StartSecretVersionDelete",
    "CancelSecretVersionDelete",
    "EndSecretVersionDelete",
    "ReplicationStarted",
    "ReplicationSucceeded",
    "ReplicationFailed",
]

#: Who moved a label, where no call did.
SERVICE = "Secrets Manager"


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    Signals that a request has been answered, or refused with `error`.

    Attributes:
        secret_id: the secret's ARN; what was sent, where there is no such secret; or None.
        version_id: the version that the answer names.
        step: the rotation step inside which the call was made, or None.
        hint: what to do about a refusal that users of the fake, and not of AWS, meet.
        detail: what decided it: the label and the version that it read, such as "AWSPENDING (v2)", or from where to
            where it moved a label, such as "AWSCURRENT v1 -> v2"; else None.
    """

    at: datetime
    operation: str
    account: str
    region: str
    request_id: str
    secret_id: str | None = None
    version_id: str | None = None
    error: str | None = None
    #: Not in a repr: a caller, or a test, may have put a value into it.
    message: str | None = field(default=None, repr=False)
    step: str | None = None
    hint: str | None = field(default=None, repr=False)
    detail: str | None = None
    #: Equal for two requests for the same; of a call inside of a rotation step.
    _request_key: int | None = field(default=None, repr=False, compare=False)

    __repr__ = readable_repr

    def __str__(self) -> str:
        return f"{self.operation} {self.detail}" if self.detail else self.operation


@public
@dataclass(frozen=True, slots=True)
class LabelMoved:
    """
    Signals that a staging label has been attached, moved or removed.

    Attributes:
        label: the label.
        source: the version that had it, as "v1", or None.
        target: the version that has it now, or None.
        at: when, in UTC.
        by: the operation, or "Secrets Manager" where no call did it.
        secret_id: the secret's ARN.
        version_id: the id of the target.
        step: the rotation step inside which it happened, or None.
    """

    label: str
    source: str | None
    target: str | None
    at: datetime
    by: str
    secret_id: str = field(default="", compare=False, kw_only=True)
    version_id: str | None = field(default=None, compare=False, kw_only=True)
    account: str = field(default="", compare=False, kw_only=True, repr=False)
    region: str = field(default="", compare=False, kw_only=True, repr=False)
    step: str | None = field(default=None, compare=False, kw_only=True)

    __repr__ = readable_repr

    def __str__(self) -> str:
        if self.source is None:
            return f"{self.label} -> {self.target} by {self.by}"
        return f"{self.label} {self.source} -> {self.target or 'nowhere'} by {self.by}"


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class ValueStored:
    """Signals that a version has got its value. `version` is its alias, such as "v2"."""

    at: datetime
    version: str
    version_id: str
    by: str
    secret_id: str
    step: str | None = None

    __repr__ = readable_repr


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """
    Signals what the service itself logs about a rotation, a deletion or a replication.

    Attributes:
        name: CloudTrail's eventName.
        token: the token of the rotation; empty for other events.
        version_id: the version that is deleted, or is not deleted after all; or None.
    """

    at: datetime
    name: ServiceEventName
    secret_id: str
    token: str
    account: str
    region: str
    error_message: str | None = field(default=None, repr=False)
    version_id: str | None = None

    __repr__ = readable_repr


Event = Call | LabelMoved | ValueStored | ServiceEvent | RotationStep


class _Circumstances(NamedTuple):
    """When, where and by what a change was made."""

    at: datetime
    account: str
    region: str
    by: str
    step: str | None


def events_of(changes: Sequence[Change], at: datetime, by: str, step: str | None) -> Iterator[Event]:
    """The events that the changes of a request amount to."""
    for change in sorted(changes, key=lambda change: _place_in_story(change, by)):
        yield from _events(change, _Circumstances(at, change.region.account, change.region.name, by, step))


def _place_in_story(change: Change, by: str) -> int:
    """
    What became of a rotation is told after what was done to its secret.

    But where no call has begun it, that it began comes first: the rest follows from it.
    """
    if not isinstance(change.after, Rotation):
        return 1
    return 0 if change.before is None and by == SERVICE else 2


def _events(change: Change, circumstances: _Circumstances) -> Iterator[Event]:
    _, before, after = change
    if isinstance(after, Rotation):
        assert before is None or isinstance(before, Rotation)
        yield from _rotation_events(before, after, circumstances)
    elif isinstance(after, Secret):
        assert before is None or isinstance(before, Secret)
        yield from _values_stored(before, after, circumstances)
        yield from _labels_moved(before, after, circumstances)
        yield from _replication_events(before, after, circumstances)
        yield from _deletion_events(before, after, circumstances)
    elif isinstance(before, Secret):
        yield from _deletion_events(before, None, circumstances)


def _values_stored(before: Secret | None, after: Secret, circumstances: _Circumstances) -> Iterator[Event]:
    known: Mapping[str, Version] = {} if before is None else before.versions
    if known is after.versions:
        return
    for version in after.versions.values():
        old = known.get(version.id)
        if version is not old and version.has_value and (old is None or not old.has_value):
            yield ValueStored(
                at=circumstances.at,
                version=version.alias,
                version_id=version.id,
                by=circumstances.by,
                secret_id=after.arn,
                step=circumstances.step,
            )


def _labels_moved(before: Secret | None, after: Secret, circumstances: _Circumstances) -> Iterator[Event]:
    held = {} if before is None else before.labels
    if held is after.labels:
        return
    for label in sorted(held.keys() | after.labels.keys()):
        source, target = held.get(label), after.labels.get(label)
        if source != target:
            yield LabelMoved(
                label,
                _alias(before, source),
                _alias(after, target),
                circumstances.at,
                circumstances.by,
                secret_id=after.arn,
                version_id=target,
                account=circumstances.account,
                region=circumstances.region,
                step=circumstances.step,
            )


def _alias(secret: Secret | None, version_id: str | None) -> str | None:
    return None if secret is None or version_id is None else secret.versions[version_id].alias


def _replication_events(
    before: Secret | None, after: Secret, circumstances: _Circumstances
) -> Iterator[ServiceEvent]:
    """The start and the end of each replication that begins (user guide, CloudTrail entries for replication)."""
    known: Mapping[str, Replica] = {} if before is None else before.replicas
    if known is after.replicas:
        return
    for arn, replica in after.replicas.items():
        has_begun = replica is not known.get(arn)
        if has_begun and replica.status == "InSync":
            yield _service_event("ReplicationStarted", after, circumstances)
            yield _service_event("ReplicationSucceeded", after, circumstances)
        elif has_begun and replica.status == "Failed":
            yield _service_event("ReplicationStarted", after, circumstances)
            yield _service_event("ReplicationFailed", after, circumstances, error_message=replica.message)


def _deletion_events(
    before: Secret | None, after: Secret | None, circumstances: _Circumstances
) -> Iterator[ServiceEvent]:
    """What is logged for each version that is deleted, or restored (user guide, CloudTrail entries for deletion)."""
    if before is None:
        return
    names: Sequence[ServiceEventName] = ("StartSecretVersionDelete", "EndSecretVersionDelete")
    versions: Iterable[str] = before.versions
    if after is None:
        names = names if before.deleted_at is None else names[1:]
    elif (before.deleted_at is None) != (after.deleted_at is None):
        names = ("CancelSecretVersionDelete",) if after.deleted_at is None else names[:1]
    else:
        versions = _removed(before, after)
    for version_id in versions:
        for name in names:
            yield _service_event(name, before, circumstances, version_id=version_id)


def _removed(before: Secret, after: Secret) -> list[str]:
    """The versions that a new one has displaced. One of a test run has AWSPENDING until it goes, unlogged."""
    if len(after.versions) > len(before.versions) or after.versions is before.versions:
        return []
    pending = before.labels.get(PENDING)
    return [id for id in before.versions if id not in after.versions and id != pending]


def _service_event(
    name: ServiceEventName,
    secret: Secret,
    circumstances: _Circumstances,
    *,
    version_id: str | None = None,
    error_message: str | None = None,
) -> ServiceEvent:
    return ServiceEvent(
        at=circumstances.at,
        name=name,
        secret_id=secret.arn,
        token="",
        account=circumstances.account,
        region=circumstances.region,
        error_message=error_message,
        version_id=version_id,
    )


def _rotation_events(
    before: Rotation | None, after: Rotation, circumstances: _Circumstances
) -> Iterator[Event]:
    name = _event_name(before, after)
    if name is not None:
        yield ServiceEvent(
            at=circumstances.at,
            name=name,
            secret_id=after.secret_id,
            token=after.token,
            account=circumstances.account,
            region=circumstances.region,
            error_message=after.failure if name.endswith("Failed") else None,
        )


def _event_name(before: Rotation | None, after: Rotation) -> ServiceEventName | None:
    """One event for the start of each attempt, and one for its end; none for a cancelled one."""
    if before is None and after.status == "failed":
        return None  # seeded, with a past of which there is no record
    if before is None or before.attempt != after.attempt:
        return "TestRotationStarted" if after.is_test else "RotationStarted"
    if before.status == after.status:
        return None
    if after.status == "succeeded":
        return "TestRotationSucceeded" if after.is_test else "RotationSucceeded"
    if after.status == "failed":
        return "TestRotationFailed" if after.is_test else "RotationFailed"
    return "RotationAbandoned" if after.status == "abandoned" else None


class History:
    """Every event so far, oldest first."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def put(self, place: int, events: Sequence[Event]) -> None:
        """Put events at a place at or before the end. What has been put there before, in part, they replace."""
        self._events[place : place + len(events)] = events

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def since(self, length: int) -> list[Event]:
        """The events that have come to the first *length* of all."""
        return self._events[length:]

    def about(self, secret_id: str, length: int) -> tuple[Event, ...]:
        """The events of one secret, by its ARN, among the first *length* of all."""
        return tuple(event for event in self._events[:length] if event.secret_id == secret_id)
