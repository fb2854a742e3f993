"""A secret and its versions, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from . import staging_labels
from .errors import LimitExceededException
from .moments import later
from .replica import Primary, Replica
from .rotation import Rotation
from .schedule import Schedule, Window
from .staging_labels import CURRENT, PENDING, Labels

#: The key of the service itself. A secret shows no key at all then, a replica's status this one
#: (API_DescribeSecret; AWS CLI reference, replicate-secret-to-regions).
AWS_MANAGED_KEY = "alias/aws/secretsmanager"

#: Owners that rotate their secrets themselves (user guide, rotate-secrets_managed; AWS PCS user guide).
MANAGED_ROTATION = frozenset({"ecs-sc", "pcs", "rds", "redshift"})

#: Unlabelled versions beyond this number are removed, but none younger than a day (user guide, quotas).
MAX_VERSIONS = 100
MIN_AGE_TO_REMOVE = timedelta(hours=24)

#: The resolution of the dates that the service reports, and how far apart two changes are at least.
MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)

Value = str | bytes

#: A shared empty mapping, the default of most fields.
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    One value of a secret. Its id is the ClientRequestToken of the call that made it.

    `number` counts the versions of a secret from 1, for people: "v1", "v2".
    """

    id: str
    number: int
    created_at: datetime
    kms_key_id: str | None = None
    last_accessed_on: date | None = None
    #: None: staged by RotateSecret, and nothing put yet. Never in a repr: it is a password.
    value: Value | None = field(default=None, repr=False)
    #: Whether a rotation has staged it, and something else than the function of that rotation has put the value.
    is_foreign: bool = False
    #: In a replica: the version of the primary secret that it is a copy of.
    original: Version | None = field(default=None, repr=False, compare=False)

    @property
    def alias(self) -> str:
        return alias(self.number)

    @property
    def has_value(self) -> bool:
        return self.value is not None

    def copied(self, existing: Version | None, kms_key_id: str | None) -> Version:
        """The copy of this version in a replica, which is *known* if that is a copy of it already."""
        if existing is not None and existing.original is self and existing.kms_key_id == kms_key_id:
            return existing
        last_accessed_on = None if existing is None else existing.last_accessed_on
        return replace(self, kms_key_id=kms_key_id, last_accessed_on=last_accessed_on, original=self)


def customer_key(kms_key_id: str | None) -> str | None:
    """The customer managed key of a request, or None for the service's own key."""
    return None if kms_key_id in (None, "", AWS_MANAGED_KEY) else kms_key_id


@cache
def alias(number: int) -> str:
    """The short name of a version, "v1"; cached, since every event has one."""
    return f"v{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationSettings:
    """The settings that RotateSecret stores. CancelRotateSecret only clears `enabled`."""

    enabled: bool
    schedule: Schedule
    #: From when the next window is counted: the schedule was stored or turned on again, a rotation has
    #: succeeded, or a new current value was stored by hand: the latest of these.
    counted_from: datetime
    function_arn: str | None = None
    external_metadata: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    external_role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """
    A secret as it stood after one request.

    Every label points at a version in `versions`. A version that no label points at is
    deprecated: it can still be read by id.
    """

    arn: str
    name: str
    created_at: datetime
    last_changed_at: datetime
    #: How many secrets its region had created with it: lists show those of one instant in this order.
    number: int = 0
    description: str | None = field(default=None, repr=False)
    kms_key_id: str | None = None
    #: None: never tagged, which the service distinguishes from "no tags left" (LocalStack snapshot test_secret_tags).
    tags: Mapping[str, str] | None = field(default=None, repr=False)
    versions: Mapping[str, Version] = field(default_factory=lambda: _EMPTY)
    #: How many versions there have been, those that are gone among them.
    versions_made: int = 0
    labels: Labels = field(default_factory=lambda: _EMPTY)
    rotation: RotationSettings | None = None
    last_rotated_at: datetime | None = None
    #: The token of the first rotation that this secret has ever begun.
    first_rotation: str | None = None
    #: When the last window opened in which a scheduled rotation was begun.
    last_window: datetime | None = None
    last_accessed_on: date | None = None
    deleted_at: datetime | None = None
    deletion_due_at: datetime | None = None
    owning_service: str | None = None
    policy: str | None = field(default=None, repr=False)
    #: Of a primary secret, by their ARNs.
    replicas: Mapping[str, Replica] = field(default_factory=lambda: _EMPTY)
    #: Of a replica secret, which is read-only and follows it.
    primary: Primary | None = None
    type: str | None = None

    def version(self, label: str) -> Version | None:
        version_id = self.labels.get(label)
        return None if version_id is None else self.versions[version_id]

    @property
    def has_value(self) -> bool:
        return any(version.has_value for version in self.versions.values())

    def versions_since(self, before: Secret | None) -> Sequence[Version]:
        """The versions that are not the same as those of the same secret before."""
        previous_versions = _EMPTY if before is None else before.versions
        if previous_versions is self.versions:
            return ()
        return [version for id, version in self.versions.items() if previous_versions.get(id) is not version]

    def values_since(self, before: Secret | None) -> Iterator[Value]:
        """The values that the same secret did not hold before."""
        previous_versions = _EMPTY if before is None else before.versions
        for version in self.versions_since(before):
            previous = previous_versions.get(version.id)
            if version.value is not None and (previous is None or previous.value is not version.value):
                yield version.value

    @property
    def is_external(self) -> bool:
        """Whether a partner of AWS rotates it: a managed external secret (API_CreateSecret, Type)."""
        return bool(self.type)

    @property
    def is_replica(self) -> bool:
        return self.primary is not None

    @property
    def is_regional_replica(self) -> bool:
        return self.primary is not None and not self.primary.is_cross_account

    @property
    def is_cross_account_replica(self) -> bool:
        return self.primary is not None and self.primary.is_cross_account

    @property
    def region(self) -> str:
        return self.arn.split(":", 4)[3]

    @property
    def account(self) -> str:
        return self.arn.split(":", 5)[4]

    @property
    def primary_region(self) -> str | None:
        """The primary region of a secret with replicas in other regions, or of such a replica; otherwise None."""
        if self.primary is not None:
            return None if self.primary.is_cross_account else self.primary.region
        return self.region if self.replicas and self.regional_replicas else None

    @property
    def regional_replicas(self) -> Sequence[Replica]:
        return [replica for replica in self.replicas.values() if not replica.is_cross_account]

    @property
    def cross_account_replicas(self) -> Sequence[Replica]:
        return [replica for replica in self.replicas.values() if replica.is_cross_account]

    def updated_from(self, primary: Secret) -> Secret:
        """
        This replica with what *primary* has: values and labels, and in another region everything else.

        The key, and when it was read, are its own (user guide, create-manage-multi-region-secrets). In
        another account it is a secret with a description, tags and policies of its own (user guide,
        cross-account-replicate-secrets).
        """
        versions = {
            version.id: version.copied(self.versions.get(version.id), self.kms_key_id)
            for version in primary.versions.values()
        }
        copied = partial(
            replace,
            self,
            versions=versions,
            versions_made=primary.versions_made,
            labels=primary.labels,
        )
        if self.is_cross_account_replica:
            return copied(last_changed_at=max(self.last_changed_at, primary.last_changed_at))
        return copied(
            last_changed_at=primary.last_changed_at,
            description=primary.description,
            tags=primary.tags,
            policy=primary.policy,
        )

    @property
    def is_managed(self) -> bool:
        return self.owning_service is not None

    @property
    def is_rotated_by_owner(self) -> bool:
        return self.owning_service in MANAGED_ROTATION

    def changed(self, now: datetime, **changes: object) -> Secret:
        """
        This secret with *changes*, and a LastChangedDate of *now*.

        The service's dates have milliseconds and grow with each change (LocalStack test
        test_last_updated_date), so two changes within one millisecond get different dates. If the
        clock stands still, its time is used as it is.
        """
        elapsed = now - self.last_changed_at
        if elapsed and -_SECOND < elapsed < MILLISECOND:
            now = later(self.last_changed_at, MILLISECOND)
        return replace(self, last_changed_at=now, **changes)  # type: ignore[arg-type]  # fields by name

    def counting_from(self, now: datetime) -> Secret:
        """The secret after something that counts as a rotation for the next date."""
        if self.rotation is None:
            return self
        return replace(self, rotation=replace(self.rotation, counted_from=now))

    def with_version(self, version: Version, labels: Labels, now: datetime) -> Secret:
        """
        The secret with *version* among its versions, at most 100 of them, and the labels *held*.

        Raises:
            LimitExceededException: there are 100, and none that may be removed.
        """
        versions = {**self.versions, version.id: version}
        if len(versions) > MAX_VERSIONS:
            del versions[_oldest_removable(versions, labels, now)]
        versions_made = max(self.versions_made, version.number)
        return self.changed(now, versions=versions, versions_made=versions_made, labels=labels)

    def new_version(
        self, version_id: str, now: datetime, value: Value | None, *, is_foreign: bool = False
    ) -> Version:
        """A version for *value*: a new one, or the one that RotateSecret has staged under this id."""
        staged = self.versions.get(version_id)
        return Version(
            id=version_id,
            number=staged.number if staged else self.versions_made + 1,
            created_at=now,
            kms_key_id=self.kms_key_id,
            value=value,
            is_foreign=is_foreign,
        )

    def without_test_version(self, rotation: Rotation) -> Secret:
        """
        The secret without the version that a test run has made, where *rotation* is one.

        "The test creates an AWSPENDING version of the secret and then removes it" (API_RotateSecret).
        """
        if not rotation.is_test:
            return self
        labels = self.labels
        if labels.get(PENDING) == rotation.token:
            labels = staging_labels.remove(labels, PENDING)
        versions = dict(self.versions)
        if rotation.token not in labels.values():
            versions.pop(rotation.token, None)
        return replace(self, versions=versions, labels=labels)

    @property
    def next_window(self) -> Window | None:
        """
        The next rotation window as DescribeSecret reports it, or None. `due_window` is the one that a rotation starts in.

        It counts from the last valid rotation: a manual new value is one, storing a schedule begins
        the count (API_RotationRulesType). While the first rotation runs there is none to report
        (a published describe-secret output from inside a first rotation).
        """
        if self.rotation is None or not self.rotation.enabled or self._is_in_first_rotation:
            return None
        return self.rotation.schedule.next_window(self.rotation.counted_from)

    @property
    def due_window(self) -> Window | None:
        """
        The window in which the next scheduled rotation is begun.

        It is not always the one that is reported: a window that has failed stays the reported one,
        in the past, and the next one opens all the same.
        """
        settings = self.rotation
        if settings is None or not settings.enabled or self.deleted_at is not None or self.is_replica:
            return None
        base = settings.counted_from
        return settings.schedule.next_window(
            base if self.last_window is None else max(base, self.last_window)
        )

    @property
    def _is_in_first_rotation(self) -> bool:
        first = self.first_rotation
        labels = (self.labels.get(PENDING), self.labels.get(CURRENT))
        return self.last_rotated_at is None and first is not None and first in labels


def _oldest_removable(versions: Mapping[str, Version], labels: Labels, now: datetime) -> str:
    """The oldest version without a label that is not too young to be removed."""
    labelled = set(labels.values())
    for version in versions.values():
        if version.id not in labelled and now - version.created_at > MIN_AGE_TO_REMOVE:
            return version.id
    raise LimitExceededException("You have exceeded the maximum number of secret versions.")
