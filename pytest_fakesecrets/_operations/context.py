"""What one request sees of the world, and the one place where it may change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, NamedTuple

from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import managed_by_service, marked_for_deletion, secret_not_found
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region, Store

Response = dict[str, Any]


class Change(NamedTuple):
    """One value that a request has replaced. None stands for "not there"."""

    before: Secret | Rotation | None
    after: Secret | Rotation | None


@dataclass(slots=True, kw_only=True)
class Context:
    """
    The world as one request finds it, at one instant.

    Operations look secrets up with `find` or `writable`, and replace them with `save` as the last
    thing that they do: a refused request has then changed nothing.
    """

    region: Region
    store: Store
    now: datetime
    new_suffix: Callable[[], str]
    random: Random
    can_invoke: Callable[[str], bool]
    changes: list[Change] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The UTC date: LastAccessedDate has no time of day (LocalStack test test_last_accessed_date)."""
        return self.now.date()

    def find(self, secret_id: str) -> Secret:
        """
        The secret that *secret_id* means.

        Raises:
            ValidationException: the name has a character that no name may have.
            ResourceNotFoundException: there is none.
        """
        check_secret_id(secret_id)
        secret = self.region.find(secret_id, self.now)
        if secret is None:
            raise secret_not_found()
        return secret

    def usable(self, secret_id: str) -> Secret:
        """The secret, refused where it is scheduled for deletion."""
        secret = self.find(secret_id)
        if secret.deleted_at is not None:
            raise marked_for_deletion()
        return secret

    def writable(self, secret_id: str) -> Secret:
        """The secret, refused where it is scheduled for deletion or owned by an AWS service."""
        secret = self.usable(secret_id)
        if secret.is_managed:
            raise managed_by_service()
        return secret

    def save(self, secret: Secret) -> None:
        before = self.region.secrets.get(secret.name)
        if before is not None and before.arn != secret.arn:
            del self.region.secrets[secret.name]  # gone since its recovery window ended
            before = None
        self.region.secrets[secret.name] = secret
        self.changes.append(Change(before, secret))

    def delete(self, secret: Secret) -> None:
        del self.region.secrets[secret.name]
        self.changes.append(Change(secret, None))

    @property
    def started(self) -> Iterator[Rotation]:
        """The rotations that this request has started."""
        for before, after in self.changes:
            if before is None and isinstance(after, Rotation):
                yield after

    def save_rotation(self, rotation: Rotation) -> None:
        rotations = self.region.rotations.setdefault(rotation.secret_id, {})
        self.changes.append(Change(rotations.get(rotation.token), rotation))
        rotations[rotation.token] = rotation
