"""A secret and its versions, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from . import staging_labels
from .errors import LimitExceededException
from .moments import later
from .replica import Primary, Replica
from .rotation import Rotation
from .schedule import Schedule, Window
from .staging_labels import CURRENT, PENDING, Labels

#: The AWS managed key, which is the default. Responses do not show it as the key of a secret, but they show it in the
#: status of a replica (API_DescribeSecret; AWS CLI reference, replicate-secret-to-regions).
AWS_MANAGED_KEY = "alias/aws/secretsmanager"

#: Owners that rotate their secrets themselves (user guide, rotate-secrets_managed; AWS PCS user guide).
MANAGED_ROTATION = frozenset({"ecs-sc", "pcs", "rds", "redshift"})

#: A secret with more versions loses its oldest version without a label, if it is older than a day (user guide, quotas).
MAX_VERSIONS = 100
MIN_AGE_TO_REMOVE = timedelta(hours=24)

#: The resolution of the dates in responses, and the minimum time between two changes of a secret.
MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)

Value = str | bytes

#: A shared empty mapping, the default of most fields.
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    One version of a secret. Its id is the ClientRequestToken of the call that created it.

    `number` counts the versions of a secret from 1, for messages and reports: "v1", "v2".
    """

    id: str
    number: int
    created_at: datetime
    kms_key_id: str | None = None
    last_accessed_on: date | None = None
    #: None after RotateSecret, until a value is stored. Excluded from the repr: it is a password.
    value: Value | None = field(default=None, repr=False)
    #: Whether a rotation has staged the version, but its value was not stored by the rotation function.
    is_foreign: bool = False
    #: In a replica: the version of the primary secret.
    copied_from: Version | None = field(default=None, repr=False, compare=False)

    @property
    def alias(self) -> str:
        return _alias(self.number)

    @property
    def has_value(self) -> bool:
        return self.value is not None

    def replica_copy(self, existing: Version | None, kms_key_id: str | None) -> Version:
        """Return the copy of this version for a replica. *existing* is used if it is already a copy of this version."""
        if existing is not None and existing.copied_from is self and existing.kms_key_id == kms_key_id:
            return existing
        last_accessed_on = None if existing is None else existing.last_accessed_on
        return replace(self, kms_key_id=kms_key_id, last_accessed_on=last_accessed_on, copied_from=self)


@cache  # each event keeps its alias: with one string for each number, 10,000 secrets take 1 MB less
def _alias(number: int) -> str:
    return f"v{number}"


def customer_key(kms_key_id: str | None) -> str | None:
    """Return the customer managed key of a request, or None for the AWS managed key."""
    return None if kms_key_id in (None, "", AWS_MANAGED_KEY) else kms_key_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationSettings:
    """The settings that RotateSecret stores. CancelRotateSecret only clears `enabled`."""

    enabled: bool
    schedule: Schedule
    #: The time from which the next window is counted, the latest of these: the schedule was stored or enabled again, a
    #: rotation succeeded, a new current value was stored by hand.
    counted_from: datetime
    function_arn: str | None = None
    external_metadata: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    external_role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """
    The state of a secret after one request.

    Each label belongs to a version in `versions`. A version without labels is deprecated: it can
    still be read by its id.
    """

    arn: str
    name: str
    created_at: datetime
    last_changed_at: datetime
    #: The number of the secret in the order of creation in its region. Lists sort secrets with equal dates by it.
    number: int = 0
    description: str | None = field(default=None, repr=False)
    kms_key_id: str | None = None
    #: None: never tagged. The service distinguishes that from "no tags left" (LocalStack snapshot test_secret_tags).
    tags: Mapping[str, str] | None = field(default=None, repr=False)
    versions: Mapping[str, Version] = field(default_factory=lambda: _EMPTY)
    #: How many versions have been created, including removed versions.
    versions_made: int = 0
    labels: Labels = field(default_factory=lambda: _EMPTY)
    rotation: RotationSettings | None = None
    last_rotated_at: datetime | None = None
    #: The token of the first rotation of this secret.
    first_rotation: str | None = None
    #: When the last window opened in which a scheduled rotation was started.
    last_window: datetime | None = None
    last_accessed_on: date | None = None
    deleted_at: datetime | None = None
    deletion_due_at: datetime | None = None
    owning_service: str | None = None
    policy: str | None = field(default=None, repr=False)
    #: The replicas of a primary secret, by their ARNs.
    replicas: Mapping[str, Replica] = field(default_factory=lambda: _EMPTY)
    #: The primary secret of a replica, which is read-only.
    primary: Primary | None = None
    type: str | None = None

    def version(self, label: str) -> Version | None:
        version_id = self.labels.get(label)
        return None if version_id is None else self.versions[version_id]

    @property
    def has_value(self) -> bool:
        return any(version.value is not None for version in self.versions.values())

    def versions_since(self, before: Secret | None) -> Sequence[Version]:
        """Return the versions that are new or changed, compared with an earlier state of the secret."""
        previous_versions = _EMPTY if before is None else before.versions
        if previous_versions is self.versions:
            return ()
        return [version for id, version in self.versions.items() if previous_versions.get(id) is not version]

    @property
    def is_external(self) -> bool:
        """Whether it is a managed external secret, which a partner of AWS rotates (API_CreateSecret, Type)."""
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
        return self.region if self.regional_replicas else None

    @property
    def regional_replicas(self) -> Sequence[Replica]:
        return [replica for replica in self.replicas.values() if not replica.is_cross_account]

    @property
    def cross_account_replicas(self) -> Sequence[Replica]:
        return [replica for replica in self.replicas.values() if replica.is_cross_account]

    def updated_from(self, primary: Secret) -> Secret:
        """
        Return this replica with the values and labels of *primary*, and in another region with its metadata too.

        A replica has its own key and its own LastAccessedDate (user guide, create-manage-multi-region-secrets). In
        another account it also has its own description, tags and policies (user guide,
        cross-account-replicate-secrets).
        """
        versions = {
            version.id: version.replica_copy(self.versions.get(version.id), self.kms_key_id)
            for version in primary.versions.values()
        }
        changes: dict[str, Any] = {
            "versions": versions,
            "versions_made": primary.versions_made,
            "labels": primary.labels,
        }
        if self.is_cross_account_replica:
            changes["last_changed_at"] = max(self.last_changed_at, primary.last_changed_at)
        else:
            changes["last_changed_at"] = primary.last_changed_at
            changes["description"] = primary.description
            changes["tags"] = primary.tags
            changes["policy"] = primary.policy
        return replace(self, **changes)

    @property
    def is_managed(self) -> bool:
        return self.owning_service is not None

    @property
    def is_rotated_by_owner(self) -> bool:
        return self.owning_service in MANAGED_ROTATION

    def changed(self, now: datetime, **changes: object) -> Secret:
        """
        Return this secret with *changes*, and a LastChangedDate of *now*.

        The dates of the service have milliseconds and increase with each change (LocalStack test
        test_last_updated_date), so two changes within one millisecond get different dates. If the
        clock is frozen, its time is used.
        """
        elapsed = now - self.last_changed_at
        if elapsed and -_SECOND < elapsed < MILLISECOND:
            now = later(self.last_changed_at, MILLISECOND)
        # In less time than dataclasses.replace(), since each write comes here.
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        fields.update(changes, last_changed_at=now)
        return Secret(**fields)

    def with_windows_counted_from(self, now: datetime) -> Secret:
        """Return the secret with its next window counted from *now*, as after a rotation."""
        if self.rotation is None:
            return self
        return replace(self, rotation=replace(self.rotation, counted_from=now))

    def with_version(self, version: Version, labels: Labels, now: datetime) -> Secret:
        """
        Return the secret with *version* and *labels*. It has at most 100 versions.

        Raises:
            LimitExceededException: it has 100 other versions, and none of them may be removed.
        """
        versions = {**self.versions, version.id: version}
        if len(versions) > MAX_VERSIONS:
            del versions[_oldest_removable(versions, labels, now)]
        versions_made = max(self.versions_made, version.number)
        return self.changed(now, versions=versions, versions_made=versions_made, labels=labels)

    def new_version(
        self, version_id: str, now: datetime, value: Value | None, *, is_foreign: bool = False
    ) -> Version:
        """Return a version with *value*: a new version, or the one that RotateSecret has staged with this id."""
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
        Return the secret without the version of a test run, if *rotation* is a test run.

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
        The next rotation window as DescribeSecret reports it, or None. A rotation starts in `due_window`.

        The window is counted from the last valid rotation. A new value that is stored by hand counts as a rotation, and
        so does storing a schedule (API_RotationRulesType). During the first rotation, no window is reported
        (a published describe-secret output from inside a first rotation).
        """
        if self.rotation is None or not self.rotation.enabled or self._is_in_first_rotation:
            return None
        return self.rotation.schedule.next_window(self.rotation.counted_from)

    @property
    def due_window(self) -> Window | None:
        """
        The window in which the next scheduled rotation starts.

        It can differ from the reported window: after a failed rotation its window is still reported, although
        it is in the past, and the next window opens nevertheless.
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
    """Return the oldest version without a label that is old enough to be removed."""
    labelled = set(labels.values())
    for version in versions.values():
        if version.id not in labelled and now - version.created_at > MIN_AGE_TO_REMOVE:
            return version.id
    raise LimitExceededException("You have exceeded the maximum number of secret versions.")
