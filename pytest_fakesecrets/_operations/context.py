"""What one request sees of the world, and the one place where it may change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, NamedTuple

from pytest_fakesecrets._core import policy
from pytest_fakesecrets._core.arn import check_secret_id, parse_secret_arn
from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.errors import (
    managed_by_service,
    marked_for_deletion,
    needs_own_key,
    not_on_a_replica,
    secret_not_found,
)
from pytest_fakesecrets._core.replica import Replica
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region, Store, is_gone

Response = dict[str, Any]


class Change(NamedTuple):
    """One value that a request has replaced. None stands for "not there"."""

    region: Region
    before: Secret | Rotation | None
    after: Secret | Rotation | None


@dataclass(slots=True, kw_only=True)
class Context:
    """
    The world as one request finds it, at one instant.

    Operations look secrets up with `find`, `usable` or `writable`, and replace them with `save` as
    the last thing that they do: a refused request has then changed nothing.
    """

    #: That of the caller.
    region: Region
    store: Store
    now: datetime
    operation: str
    new_suffix: Callable[[], str]
    random: Random
    can_invoke: Callable[[str], bool]
    assumptions: Assumptions
    changes: list[Change] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The UTC date: LastAccessedDate has no time of day (LocalStack test test_last_accessed_date)."""
        return self.now.date()

    def lookup(self, secret_id: str) -> Secret | None:
        """
        The secret that *secret_id* means, if the caller gets to see it.

        One of another account is found by its ARN, where its resource policy lets the caller in
        (LocalStack test test_cross_account_access).

        Raises:
            ValidationException: the name has a character that no name may have.
        """
        check_secret_id(secret_id)
        arn = parse_secret_arn(secret_id)
        if arn is None or arn.account == self.region.account or arn.region != self.region.name:
            return self.region.find(secret_id, self.now)
        secret = self.store.region(arn.account, arn.region).find(secret_id, self.now)
        action = f"secretsmanager:{self.operation}"
        if secret is None or not policy.allows(secret.policy, self.region.account, action, secret.arn):
            return None
        return secret

    def find(self, secret_id: str) -> Secret:
        """
        The secret, refused where there is none.

        Raises:
            ResourceNotFoundException: there is none.
        """
        secret = self.lookup(secret_id)
        if secret is None:
            raise secret_not_found()
        return secret

    def usable(self, secret_id: str) -> Secret:
        """The secret, refused where it is scheduled for deletion."""
        secret = self.find(secret_id)
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def in_primary_region(self, secret_id: str) -> Secret:
        """The secret, refused where it is a replica or scheduled for deletion."""
        secret = self.find(secret_id)
        if secret.is_replica:
            raise not_on_a_replica()
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def with_metadata(self, secret_id: str) -> Secret:
        """
        The secret whose description, tags or policy change, refused where it is scheduled for deletion.

        A replica in another region has those of its primary secret. One in another account has its own
        (user guide, cross-account-replicate-secrets).
        """
        secret = self.find(secret_id)
        if secret.is_regional_replica:
            raise not_on_a_replica()
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def writable(self, secret_id: str) -> Secret:
        """The secret, refused where it is a replica, scheduled for deletion, or owned by an AWS service."""
        secret = self.in_primary_region(secret_id)
        if secret.is_managed:
            raise managed_by_service()
        return secret

    def check_key(self, secret: Secret) -> None:
        """Refuse the value of a secret of another account that AWS's own key encrypts."""
        if secret.account != self.region.account and secret.kms_key_id is None:
            raise needs_own_key()

    def home(self, arn: str) -> Region:
        """The region of a secret's ARN, which may be that of another account."""
        _, _, _, region, account, _ = arn.split(":", 5)
        return self.store.region(account, region)

    def save(self, secret: Secret) -> None:
        """Put *secret* in the place of what it was, and let its replicas follow."""
        region = self.home(secret.arn)
        before = region.secrets.get(secret.name)
        if before is not None and before.arn != secret.arn:
            region.remove(before)  # gone since its recovery window ended
            before = None
        region.put(secret)
        self.changes.append(Change(region, before, secret))
        for replica in secret.replicas.values():
            held = self.linked(secret, replica) if replica.follows else None
            if held is not None:
                self.save(held.following(secret))

    def linked(self, secret: Secret, replica: Replica) -> Secret | None:
        """The replica secret, as long as it exists and its own account has not stopped replication."""
        held = self.store.region(replica.account, replica.region).secrets.get(replica.name)
        if held is None or held.arn != replica.arn or is_gone(held, self.now):
            return None
        return held if held.primary is not None and held.primary.arn == secret.arn else None

    def delete(self, secret: Secret) -> None:
        region = self.home(secret.arn)
        region.remove(secret)
        self.changes.append(Change(region, secret, None))

    @property
    def started(self) -> Iterator[tuple[Region, Rotation]]:
        """The rotations that this request has started."""
        for region, before, after in self.changes:
            if before is None and isinstance(after, Rotation):
                yield region, after

    def save_rotation(self, rotation: Rotation) -> None:
        region = self.home(rotation.secret_id)
        rotations = region.rotations.setdefault(rotation.secret_id, {})
        self.changes.append(Change(region, rotations.get(rotation.token), rotation))
        rotations[rotation.token] = rotation
