"""The state that one request reads and changes, with the lookup of secrets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

from pytest_fakesecrets._core.arn import check_secret_id, parse_secret_arn
from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.errors import (
    managed_by_service,
    marked_for_deletion,
    not_on_a_replica,
    secret_not_found,
)
from pytest_fakesecrets._core.replica import Replica
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Change, Draft, Region, RotationChange, has_recovery_ended

from .cross_account_access import may_access

Response = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Context:
    """
    The state at the time of one request.

    Operations find secrets with `find`, `find_usable` or `find_writable`, and replace them with `save`. The saved
    secrets are a draft, which the service applies as a whole when the operation has returned.
    """

    account: str
    region_name: str
    #: The changes of the request, on top of the store.
    draft: Draft
    now: datetime
    operation: str
    new_suffix: Callable[[], str]
    random: Random
    can_invoke: Callable[[str], bool]
    assumptions: Assumptions
    #: Returns the rotations, by the secret's ARN and the token, whose function may have made the request: one of their
    #: steps is running where the request was made.
    possible_callers: Callable[[], Collection[tuple[str, str]]]
    #: The steps that have ended. The history records them before the changes that follow from them.
    steps: list[RotationStep] = field(default_factory=list)
    #: The secret that `find` has returned last, in its state before the request. `call_details.detail_of` reads it for the
    #: record of the call.
    last_found: Secret | None = None

    @property
    def region(self) -> Region:
        """The region of the caller."""
        return self.draft.region(self.account, self.region_name)

    @property
    def changes(self) -> Sequence[Change]:
        return self.draft.changes

    def discard_changes(self) -> None:
        """Go on without the changes of a rejected request, to record it."""
        self.draft = Draft(self.draft.store)

    @property
    def today(self) -> date:
        """The UTC date. LastAccessedDate has no time of day (LocalStack test test_last_accessed_date)."""
        return self.now.date()

    def lookup(self, secret_id: str) -> Secret | None:
        """
        Return the secret with this SecretId, or None if it does not exist or the caller has no access.

        A secret of another account is found by its ARN if its resource policy allows the operation to the caller
        (LocalStack test test_cross_account_access).

        Raises:
            ValidationException: the name contains an illegal character.
        """
        check_secret_id(secret_id)
        arn = parse_secret_arn(secret_id)
        if arn is None or arn.account == self.account or arn.region != self.region_name:
            return self.region.find(secret_id, self.now)
        secret = self.draft.region(arn.account, arn.region).find(secret_id, self.now)
        if secret is None or not may_access(secret, self.account, self.operation):
            return None
        return secret

    def find(self, secret_id: str) -> Secret:
        """
        Return the secret with this SecretId, and keep it as `last_found`.

        Raises:
            ResourceNotFoundException: it does not exist, or the caller has no access.
        """
        secret = self.last_found = self.lookup(secret_id)
        if secret is None:
            raise secret_not_found()
        return secret

    def find_usable(self, secret_id: str) -> Secret:
        """Return the secret, or raise if it is scheduled for deletion."""
        secret = self.find(secret_id)
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def find_primary(self, secret_id: str) -> Secret:
        """Return the secret, or raise if it is a replica or scheduled for deletion."""
        secret = self.find(secret_id)
        if secret.is_replica:
            raise not_on_a_replica()
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def find_for_metadata(self, secret_id: str) -> Secret:
        """
        Return the secret for a change of its metadata, or raise if that is not allowed.

        A replica in another region has the metadata of its primary secret. A replica in another account has its own
        (user guide, cross-account-replicate-secrets).
        """
        secret = self.find(secret_id)
        if secret.is_regional_replica:
            raise not_on_a_replica()
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def find_writable(self, secret_id: str) -> Secret:
        """Return the secret, or raise if it is a replica, scheduled for deletion, or owned by an AWS service."""
        secret = self.find_primary(secret_id)
        if secret.is_managed:
            raise managed_by_service()
        return secret

    def is_made_by(self, rotation: Rotation) -> bool:
        """Whether a step of *rotation* has made the request, with credentials of the account that owns the secret."""
        is_own_account = self.account == self.region_of(rotation.secret_id).account
        return is_own_account and (rotation.secret_id, rotation.token) in self.possible_callers()

    def region_of(self, arn: str) -> Region:
        """Return the region of a secret's ARN, which may belong to another account."""
        return self.draft.region_of(arn)

    def save(self, secret: Secret) -> None:
        """Store the new state of *secret*, and update its replicas."""
        self.draft.put(secret)
        for replica in secret.replicas.values():
            replica_secret = self.linked_replica(secret, replica) if replica.is_in_sync else None
            if replica_secret is not None:
                self.save(replica_secret.updated_from(secret))

    def linked_replica(self, secret: Secret, replica: Replica) -> Secret | None:
        """Return the replica secret, or None if it does not exist or its own account has stopped replication."""
        replica_secret = self.draft.region(replica.account, replica.region).secrets.get(replica.name)
        if (
            replica_secret is None
            or replica_secret.arn != replica.arn
            or has_recovery_ended(replica_secret, self.now)
        ):
            return None
        return (
            replica_secret
            if replica_secret.primary is not None and replica_secret.primary.arn == secret.arn
            else None
        )

    def delete(self, secret: Secret) -> None:
        self.draft.remove(secret)

    def save_rotation(self, rotation: Rotation) -> None:
        self.draft.put_rotation(rotation)

    @property
    def started_rotations(self) -> list[tuple[Region, Rotation]]:
        """The rotations that this request has started."""
        return [
            (change.region, change.after)
            for change in self.changes
            if isinstance(change, RotationChange) and change.before is None
        ]
