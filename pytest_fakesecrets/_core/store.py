"""Where the secrets are: one world for each account and region, found by name, ARN or partial ARN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from . import labels
from .arn import parse_secret_arn
from .errors import FakeSecretsError
from .labels import PENDING
from .overlay import Overlay
from .rotation import Rotation
from .secret import Secret

_NEVER = datetime.max.replace(tzinfo=timezone.utc)

#: The rotations of one secret by their tokens, oldest first.
ByToken = dict[str, Rotation] | Overlay[str, Rotation]


class Selection(NamedTuple):
    """The secrets that were found for a question, and from when to when they answer it if none changes."""

    asked: object
    found: Sequence[Secret]
    since: datetime
    until: datetime

    def answers(self, asked: object, now: datetime) -> bool:
        return self.since <= now <= self.until and self.asked == asked


@dataclass(slots=True, kw_only=True)
class Region:
    """The secrets of one account in one region, and their rotations."""

    account: str
    name: str
    #: By their names, oldest first. Changed by `put` and `remove` alone.
    secrets: dict[str, Secret] | Overlay[str, Secret] = field(default_factory=dict)
    _selected: Selection | None = field(default=None, init=False, repr=False)
    #: By the secret's ARN, then by token. Those of a secret that is gone stay: they happened.
    rotations: dict[str, ByToken] | Overlay[str, ByToken] = field(default_factory=dict)

    def find(self, secret_id: str, now: datetime) -> Secret | None:
        """
        The secret that a SecretId means, as long as it is not gone.

        A name is looked up as it is. A full ARN has to match to the last character. Any other ARN is
        a partial one: the name without the six characters (user guide, troubleshoot;
        LocalStack snapshot test_create_and_update_secret).
        """
        secret = self.kept(secret_id)
        return None if secret is None or _is_gone(secret, now) else secret

    def kept(self, secret_id: str) -> Secret | None:
        """The secret that a SecretId means, also where its recovery window has ended meanwhile."""
        secret = self.secrets.get(self._name(secret_id))
        if secret is None:
            return None
        arn = parse_secret_arn(secret_id)
        return secret if arn is None or not arn.is_full or secret.arn == secret_id else None

    def _name(self, secret_id: str) -> str:
        arn = parse_secret_arn(secret_id)
        if arn is None:
            return secret_id
        if (arn.region, arn.account) != (self.name, self.account):
            return ""
        return arn.name

    def living(self, now: datetime) -> Iterator[Secret]:
        """Every secret that is not gone, oldest first, those scheduled for deletion among them."""
        return (secret for secret in self.secrets.values() if not _is_gone(secret, now))

    def put(self, secret: Secret) -> None:
        """Put a secret into the place of what it was, or after all others."""
        held = self.secrets.get(secret.name)
        if held is not None and held.arn != secret.arn:
            del self.secrets[secret.name]  # its recovery window has ended
        self._selected = None
        self.secrets[secret.name] = secret

    def remove(self, secret: Secret) -> None:
        """Remove a secret, if it is still there: another one may have its name by now."""
        held = self.secrets.get(secret.name)
        if held is not None and held.arn == secret.arn:
            self._selected = None
            del self.secrets[secret.name]

    def put_rotation(self, rotation: Rotation) -> None:
        self.rotations.setdefault(rotation.secret_id, {})[rotation.token] = rotation

    def select(
        self, asked: object, now: datetime, choose: Callable[[Iterable[Secret]], Sequence[Secret]]
    ) -> Sequence[Secret]:
        """
        What *choose* takes of the living secrets, in its order.

        It is kept for the same question until a secret changes: the next page of a list asks it again.
        """
        if self._selected is None or not self._selected.answers(asked, now):
            living = list(self.living(now))
            until = min((secret.deletion_due_at or _NEVER for secret in living), default=_NEVER)
            self._selected = Selection(asked, choose(living), now, until)
        return self._selected.found

    def rotations_of(self, secret: Secret) -> ByToken:
        return self.rotations.get(secret.arn, {})

    def pending_rotation(self, secret: Secret) -> Rotation | None:
        """The rotation whose label, AWSPENDING, keeps the next one from beginning."""
        held = self.rotations_of(secret).get(secret.labels.get(PENDING, ""))
        blocks = held is not None and held.status != "succeeded" and labels.block_rotation(secret.labels)
        return held if blocks else None

    def unfinished_rotation(self, secret: Secret) -> Rotation | None:
        """
        The rotation that the labels of *secret* show to be in progress, or else the one that still runs.

        Labels decide for AWS, also over one that is not tried again.
        """
        rotations = self.rotations_of(secret)
        last = next((rotations[token] for token in reversed(rotations)), None)
        if last is not None and last.status == "in progress":
            return last
        held = self.pending_rotation(secret)
        if held is not None:
            return held
        return last if last is not None and last.has_steps_left(secret.labels) else None

    def draft(self) -> Region:
        """A copy that a request may change."""
        return Region(
            account=self.account,
            name=self.name,
            secrets=Overlay(self.secrets),
            rotations=Overlay(self.rotations),
        )


def _home(arn: str) -> tuple[str, str]:
    """The account and the region of an ARN."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return account, region


class Change(NamedTuple):
    """One value that a request has replaced. None stands for "not there"."""

    region: Region
    before: Secret | Rotation | None
    after: Secret | Rotation | None

    def apply(self) -> None:
        """Make the change. It may have been made before, as a whole or in part."""
        if isinstance(self.after, Rotation):
            self.region.put_rotation(self.after)
        elif self.after is not None:
            self.region.put(self.after)
        elif isinstance(self.before, Secret):
            self.region.remove(self.before)


def _is_gone(secret: Secret, now: datetime) -> bool:
    return secret.deletion_due_at is not None and secret.deletion_due_at < now


@dataclass(slots=True)
class Store:
    """Every account and region that somebody has used."""

    regions: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account: str, name: str) -> Region:
        region = self.regions.get((account, name))
        if region is None:
            region = self.regions[account, name] = Region(account=account, name=name)
        return region

    def home(self, arn: str) -> Region:
        """The region of an ARN, which may be that of another account."""
        return self.region(*_home(arn))

    def locate(self, secret_id: str, account: str, region: str, now: datetime) -> tuple[Region, Secret]:
        """
        The secret that a test means, in the given region or in whichever has it.

        Raises:
            FakeSecretsError: no region has it, or several have and it is in none of them by default.
        """
        home = self.region(account, region)
        places = [home, *(other for other in self.regions.values() if other is not home)]
        found = [(place, secret) for place in places if (secret := place.find(secret_id, now))]
        if found and (found[0][0] is home or len(found) == 1):
            return found[0]
        if found:
            names = ", ".join(sorted(place.name for place, _ in found))
            raise FakeSecretsError(f"{secret_id!r} is in several regions ({names}). Ask for it by its ARN.")
        names = "".join(f"\n- {secret.arn}" for place in places for secret in place.living(now))
        raise FakeSecretsError(
            f"There is no secret {secret_id!r} in the fake. "
            + (f"It has:{names}" if names else "It has none yet: create one with create_secret().")
        )


@dataclass(slots=True)
class Draft:
    """A store as one request leaves it. The store has nothing of that before the changes are applied."""

    store: Store
    changes: list[Change] = field(default_factory=list)
    _changed: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account: str, name: str) -> Region:
        return self._changed.get((account, name)) or self.store.region(account, name)

    def home(self, arn: str) -> Region:
        """The region of an ARN, which may be that of another account."""
        return self.region(*_home(arn))

    def put(self, secret: Secret) -> None:
        region = self._writable(secret.arn)
        held = region.secrets.get(secret.name)
        before = held if held is not None and held.arn == secret.arn else None
        region.put(secret)
        self._note(secret.arn, before, secret)

    def remove(self, secret: Secret) -> None:
        self._writable(secret.arn).remove(secret)
        self._note(secret.arn, secret, None)

    def put_rotation(self, rotation: Rotation) -> None:
        drafted = self._writable(rotation.secret_id).rotations
        rotations = drafted.get(rotation.secret_id, {})
        if not isinstance(rotations, Overlay):
            drafted[rotation.secret_id] = rotations = Overlay(rotations)
        self._note(rotation.secret_id, rotations.get(rotation.token), rotation)
        rotations[rotation.token] = rotation

    def _writable(self, arn: str) -> Region:
        home = _home(arn)
        if home not in self._changed:
            self._changed[home] = self.store.region(*home).draft()
        return self._changed[home]

    def _note(self, arn: str, before: Secret | Rotation | None, after: Secret | Rotation | None) -> None:
        self.changes.append(Change(self.store.home(arn), before, after))
