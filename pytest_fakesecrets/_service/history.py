"""The history: the only record of events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import readable_repr
from pytest_fakesecrets._core.replica import Replica
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._core.secret import Secret, Version
from pytest_fakesecrets._core.staging_labels import PENDING
from pytest_fakesecrets._core.store import Change, RotationChange, SecretChange

#: The event names of CloudTrail (user guide, CloudTrail entries).
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

#: The value of `by` for changes that no request has made.
SERVICE = "Secrets Manager"


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    Signals that a request was answered, or rejected with `error`.

    Attributes:
        secret_id: the ARN of the secret, or the id in the request if there is no such secret, or None.
        version_id: the version id in the response.
        error: the error code, or None.
        message: the error message, or None.
        step: the rotation step that made the call, or None.
        hint: advice on an error that has a common cause in tests, or None.
        detail: what decided it: the label and the version that it read, such as "AWSPENDING (v2)", or the move of a
            label, such as "AWSCURRENT v1 -> v2"; or None.
    """

    at: datetime
    operation: str
    account: str
    region: str
    request_id: str
    secret_id: str | None = None
    version_id: str | None = None
    error: str | None = None
    #: Not in the repr, since it may contain a value that a caller or a test has put into it.
    message: str | None = field(default=None, repr=False)
    step: str | None = None
    hint: str | None = field(default=None, repr=False)
    detail: str | None = None
    #: Equal for two requests for the same; of a call inside of a rotation step.
    _request_key: int | None = field(default=None, repr=False, compare=False)
    #: The line of the function that made it, if it was rejected inside of a step and the line is known.
    _line: str | None = field(default=None, repr=False, compare=False)

    __repr__ = readable_repr

    def __str__(self) -> str:
        return f"{self.operation} {self.detail}" if self.detail else self.operation


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRejected:
    """
    Signals that a request was rejected that is not a call of an operation.

    A server has rejected it before it became one, or a rotation step has sent it to its target.

    Attributes:
        operation: what it asked for: its method and its path, or the call at the target, redacted.
        secret_id: the ARN of the requested secret, its name if no such secret exists, or None without a secret. For a
            call at the target: the ARN of the secret that is rotated.
        error: the status, such as "403 Forbidden", or the type of the exception.
        message: the text of the answer, or the message of the exception.
        hint: advice on a common cause, or None.
        step: the rotation step that made the call at the target, or None for a request of an application.
    """

    at: datetime
    operation: str
    region: str
    request_id: str
    error: str
    secret_id: str | None = None
    message: str | None = field(default=None, repr=False)
    hint: str | None = field(default=None, repr=False)
    step: str | None = None

    __repr__ = readable_repr

    def __str__(self) -> str:
        return self.operation


@exported
@dataclass(frozen=True, slots=True)
class LabelMoved:
    """
    Signals that a staging label has been attached, moved or removed.

    Attributes:
        label: the label.
        source: the version that had it, as "v1", or None.
        target: the version that has it now, or None.
        at: when, in UTC.
        by: the operation, or "Secrets Manager" if no call moved it.
        secret_id: the ARN of the secret.
        version_id: the version id of the target, or None.
        step: the rotation step that moved it, or None.
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


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class ValueStored:
    """Signals that a value was stored in a version. `version` is the alias of the version, such as "v2"."""

    at: datetime
    version: str
    version_id: str
    by: str
    secret_id: str
    step: str | None = None

    __repr__ = readable_repr


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """
    Signals that the service logged an event of its own, about a rotation, a deletion or a replication.

    Attributes:
        name: the eventName in CloudTrail.
        token: the token of the rotation, or an empty string for other events.
        version_id: the version whose deletion is started, cancelled or ended, or None.
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


#: The events of `FakeSecrets.history`.
PublicEvent = Call | LabelMoved | ValueStored | ServiceEvent | RotationStep
Event = PublicEvent | RequestRejected


class _Origin(NamedTuple):
    """The time, the account, the region and the origin of a change."""

    at: datetime
    account: str
    region: str
    by: str
    step: str | None


def events_of(changes: Sequence[Change], at: datetime, by: str, step: str | None) -> list[Event]:
    """The events of the changes of a request, in their order in the history."""
    events: list[Event] = []
    for change in sorted(changes, key=partial(_sort_key, by=by)):
        events += _events(change, _Origin(at, change.region.account, change.region.name, by, step))
    return events


def _sort_key(change: Change, by: str) -> int:
    """
    The sort key of a change: changes of a rotation come after those of its secret.

    The start of a rotation that no call has started comes first, since the other changes follow from it.
    """
    if isinstance(change, SecretChange):
        return 1
    return 0 if change.before is None and by == SERVICE else 2


def _events(change: Change, origin: _Origin) -> Iterable[Event]:
    if isinstance(change, RotationChange):
        return _rotation_events(change.before, change.after, origin)
    before, after = change.before, change.after
    if after is None:
        return _deletion_events(before, None, origin)
    return [
        *_values_stored(change, after.arn, origin),
        *_labels_moved(before, after, origin),
        *_replication_events(before, after, origin),
        *_deletion_events(before, after, origin),
    ]


def _values_stored(change: SecretChange, arn: str, origin: _Origin) -> Iterator[Event]:
    versions_before: Mapping[str, Version] = {} if change.before is None else change.before.versions
    for version in change.new_versions:
        old = versions_before.get(version.id)
        if version.has_value and (old is None or not old.has_value):
            yield ValueStored(
                at=origin.at,
                version=version.alias,
                version_id=version.id,
                by=origin.by,
                secret_id=arn,
                step=origin.step,
            )


def _labels_moved(before: Secret | None, after: Secret, origin: _Origin) -> Iterator[Event]:
    held = {} if before is None else before.labels
    if held is after.labels:
        return
    versions_before = {} if before is None else before.versions
    for label in sorted(held.keys() | after.labels.keys()):
        source, target = held.get(label), after.labels.get(label)
        if source != target:
            yield LabelMoved(
                label,
                None if source is None else versions_before[source].alias,
                None if target is None else after.versions[target].alias,
                origin.at,
                origin.by,
                secret_id=after.arn,
                version_id=target,
                account=origin.account,
                region=origin.region,
                step=origin.step,
            )


def _replication_events(before: Secret | None, after: Secret, origin: _Origin) -> Iterator[ServiceEvent]:
    """The start and the end of each replication that begins (user guide, CloudTrail entries for replication)."""
    replicas_before: Mapping[str, Replica] = {} if before is None else before.replicas
    if replicas_before is after.replicas:
        return
    for arn, replica in after.replicas.items():
        has_begun = replica is not replicas_before.get(arn)
        if has_begun and replica.status == "InSync":
            yield _service_event("ReplicationStarted", after, origin)
            yield _service_event("ReplicationSucceeded", after, origin)
        elif has_begun and replica.status == "Failed":
            yield _service_event("ReplicationStarted", after, origin)
            yield _service_event("ReplicationFailed", after, origin, error_message=replica.message)


def _deletion_events(before: Secret | None, after: Secret | None, origin: _Origin) -> Iterator[ServiceEvent]:
    """Yield the events of deleted and restored versions (user guide, CloudTrail entries for deletion)."""
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
            yield _service_event(name, before, origin, version_id=version_id)


def _removed(before: Secret, after: Secret) -> list[str]:
    """The versions that a new version has displaced. The removal of a pending version after a test run is not logged."""
    if len(after.versions) > len(before.versions) or after.versions is before.versions:
        return []
    pending = before.labels.get(PENDING)
    return [id for id in before.versions if id not in after.versions and id != pending]


def _service_event(
    name: ServiceEventName,
    secret: Secret,
    origin: _Origin,
    *,
    version_id: str | None = None,
    error_message: str | None = None,
) -> ServiceEvent:
    return ServiceEvent(
        at=origin.at,
        name=name,
        secret_id=secret.arn,
        token="",
        account=origin.account,
        region=origin.region,
        error_message=error_message,
        version_id=version_id,
    )


def _rotation_events(before: Rotation | None, after: Rotation, origin: _Origin) -> Iterator[Event]:
    name = _event_name(before, after)
    if name is not None:
        yield ServiceEvent(
            at=origin.at,
            name=name,
            secret_id=after.secret_id,
            token=after.token,
            account=origin.account,
            region=origin.region,
            error_message=after.failure if name.endswith("Failed") else None,
        )


def _event_name(before: Rotation | None, after: Rotation) -> ServiceEventName | None:
    """The name of the event for the start or the end of an attempt, or None. A cancelled rotation has no event."""
    if before is None and after.status == "failed":
        return None  # a seeded rotation, whose earlier events are not recorded
    if before is None or before.attempt != after.attempt:
        return "TestRotationStarted" if after.is_test else "RotationStarted"
    if before.status == after.status:
        return None
    if after.status == "succeeded":
        return "TestRotationSucceeded" if after.is_test else "RotationSucceeded"
    if after.status == "failed":
        return "TestRotationFailed" if after.is_test else "RotationFailed"
    return "RotationAbandoned" if after.status == "abandoned" else None


def is_rejected(event: Event) -> bool:
    """Whether an event is a call or a request that was rejected."""
    return isinstance(event, Call | RequestRejected) and event.error is not None


class _Index:
    """The events of a history by the ARNs of their secrets, as far as they have been read."""

    def __init__(self) -> None:
        self.events: defaultdict[str | None, list[Event]] = defaultdict(list)
        self._length = 0

    def extend(self, events: Sequence[Event]) -> None:
        """Add the events that have come since the last call."""
        for event in events[self._length :]:
            self.events[event.secret_id].append(event)
        self._length = len(events)


class History:
    """
    All events, oldest first.

    Args:
        lock: held while events are stored, and while they are sorted by their secrets.
    """

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self._events: list[Event] = []
        #: Extended when it is read, so that a call does not wait for it.
        self._index = _Index()

    def put(self, index: int, events: Sequence[Event]) -> None:
        """Store events at an index. Repeated calls with the same arguments have no further effect."""
        self._events[index : index + len(events)] = events

    def extend(self, events: Sequence[Event]) -> None:
        """Store events after all others. An interrupt comes before or after it."""
        self._events += events

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __reversed__(self) -> Iterator[Event]:
        return reversed(self._events)

    def since(self, length: int) -> list[Event]:
        """The events after the first *length* events."""
        return self._events[length:]

    def about(self, secret_id: str) -> Sequence[Event]:
        """The events of a secret, given by its ARN. The list that is returned grows with later events."""
        return self._updated_index().events.get(secret_id, [])

    def by_secret(self) -> Mapping[str, Sequence[Event]]:
        """The events of each secret, by their ARNs, in the order of their first events."""
        return {arn: events for arn, events in list(self._updated_index().events.items()) if arn}

    @property
    def rejected_without_secret(self) -> Sequence[Event]:
        """The rejected calls and requests that are about no secret."""
        return [event for event in self._updated_index().events.get(None, []) if is_rejected(event)]

    def _updated_index(self) -> _Index:
        with self._lock:
            index, self._index = self._index, _Index()  # an exception in between leaves an empty one
            index.extend(self._events)
            self._index = index
            return index
