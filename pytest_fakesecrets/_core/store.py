"""The store of secrets by account and region, with lookup by name, ARN or partial ARN."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from . import pagination
from .arn import parse_secret_arn
from .displayed_names import looks_like_a_value
from .errors import FakeSecretsError, add_optional_note
from .overlay import Overlay
from .pagination import Key
from .rotation import Rotation, labels_show_rotation_in_progress
from .secret import Secret, Value, Version
from .staging_labels import PENDING

_number = attrgetter("number")

_NEVER = datetime.max.replace(tzinfo=timezone.utc)

#: The rotations of one secret by their tokens, the oldest first.
RotationsByToken = dict[str, Rotation] | Overlay[str, Rotation]


#: The sort keys of lists of secrets. Secrets with the same date are in the order of their creation. A secret that was
#: never read comes before every date.
SORT_KEYS: Mapping[str, Callable[[Secret], Key]] = {
    "created-date": lambda secret: (secret.created_at, secret.number, secret.name),
    "last-accessed-date": lambda secret: (secret.last_accessed_on or date.min, secret.number, secret.name),
    "last-changed-date": lambda secret: (secret.last_changed_at, secret.number, secret.name),
    "name": lambda secret: (secret.name,),
}


@dataclass(slots=True)
class Selection:
    """
    The secrets of a list, sorted by their keys.

    A change of a secret updates the selection, so that the next page does not sort all secrets again.
    It is valid from `since` until the first recovery window of one of its secrets ends.
    """

    request: object
    matches: Callable[[Secret], bool]
    key: Callable[[Secret], Key]
    secrets: list[Secret]
    since: datetime
    until: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = sorted(filter(self.matches, self.secrets), key=self.key)
        self.until = min((secret.deletion_due_at or _NEVER for secret in self.secrets), default=_NEVER)

    def __repr__(self) -> str:
        return f"<Selection of {len(self.secrets)} secrets>"

    def is_valid_for(self, request: object, now: datetime) -> bool:
        return self.since <= now <= self.until and self.request == request

    def replace(self, before: Secret | None, after: Secret | None) -> None:
        if before is not None and self.matches(before):
            candidate = bisect_left(self.secrets, self.key(before), key=self.key)
            if candidate < len(self.secrets) and self.secrets[candidate].name == before.name:
                del self.secrets[candidate]
        if after is not None and self.matches(after):
            insort(self.secrets, after, key=self.key)
            self.until = min(self.until, after.deletion_due_at or _NEVER)


@dataclass(slots=True)
class Numbers:
    """The number of the secret that was created last."""

    last: int = 0


@dataclass(slots=True, kw_only=True)
class Region:
    """The secrets of one account in one region, and their rotations."""

    account: str
    name: str
    #: The secrets by their names, the oldest first. Only `put` and `remove` change it.
    secrets: dict[str, Secret] | Overlay[str, Secret] = field(default_factory=dict)
    _selection: Selection | None = field(default=None, init=False, repr=False)
    #: The counter of created secrets. A copy shares it.
    numbers: Numbers = field(default_factory=Numbers)
    #: The rotations by the ARN of their secret, then by token. Those of a deleted secret are kept.
    rotations: dict[str, RotationsByToken] | Overlay[str, RotationsByToken] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Region {self.name} of account {self.account}: {len(self.secrets)} secrets>"

    def find(self, secret_id: str, now: datetime) -> Secret | None:
        """
        Return the secret that a SecretId identifies, or None if it does not exist or its recovery window has ended.

        A SecretId is a name, a full ARN, which has to match completely, or a partial ARN, which ends with the name
        without the six characters (user guide, troubleshoot; LocalStack snapshot test_create_and_update_secret).
        """
        secret = self.find_stored(secret_id)
        return None if secret is None or has_recovery_ended(secret, now) else secret

    def find_stored(self, secret_id: str) -> Secret | None:
        """Return the stored secret that a SecretId identifies, even if its recovery window has ended."""
        arn = parse_secret_arn(secret_id)
        if arn is None:
            return self.secrets.get(secret_id)
        if (arn.region, arn.account) != (self.name, self.account):
            return None
        secret = self.secrets.get(arn.name)
        return None if secret is None or (arn.is_full and secret.arn != secret_id) else secret

    def existing(self, now: datetime) -> Iterator[Secret]:
        """Yield each secret whose recovery window has not ended, the oldest first."""
        return (secret for secret in self.secrets.values() if not has_recovery_ended(secret, now))

    def next_number(self) -> int:
        """Return the number of a secret that is created in this region."""
        self.numbers.last += 1
        return self.numbers.last

    def put(self, secret: Secret) -> None:
        """Replace the stored state of a secret, or append a new secret."""
        stored = self.secrets.get(secret.name)
        selected, self._selection = self._selection, None  # discarded if an exception is raised meanwhile
        if stored is not None and stored.arn != secret.arn:
            del self.secrets[secret.name]  # its recovery window has ended
        self.secrets[secret.name] = secret
        self._update_selection(selected, stored, secret)

    def remove(self, secret: Secret) -> None:
        """Remove a secret if it is still stored. Another secret may have its name by now."""
        stored = self.secrets.get(secret.name)
        if stored is not None and stored.arn == secret.arn:
            selected, self._selection = self._selection, None
            del self.secrets[secret.name]
            self._update_selection(selected, stored, None)

    def _update_selection(
        self, selected: Selection | None, before: Secret | None, after: Secret | None
    ) -> None:
        if selected is not None:
            selected.replace(before, after)
            self._selection = selected

    def put_rotation(self, rotation: Rotation) -> None:
        rotations = self.rotations.setdefault(rotation.secret_id, {})
        if isinstance(self.rotations, Overlay) and not isinstance(rotations, Overlay):
            self.rotations[rotation.secret_id] = rotations = Overlay(rotations)
        rotations[rotation.token] = rotation

    def select(
        self, request: object, now: datetime, matches: Callable[[Secret], bool], order: str
    ) -> Sequence[Secret]:
        """
        Return the existing secrets that match, in the order of one of `SORT_KEYS`.

        The selection of the last request is kept for the next page of the same list.

        Args:
            request: an object that differs for other values of *matches* or *order*.
        """
        if self._selection is None or not self._selection.is_valid_for(request, now):
            self._selection = Selection(request, matches, SORT_KEYS[order], list(self.existing(now)), now)
        return self._selection.secrets

    def page(
        self,
        request: object,
        now: datetime,
        matches: Callable[[Secret], bool],
        token: str | None,
        size: int,
        *,
        order: str = "created-date",
        descending: bool = False,
    ) -> tuple[Sequence[Secret], str | None]:
        """
        Return one page of the existing secrets that match, and the token of the next page: see `pagination.page`.

        Raises:
            InvalidNextTokenException: the token does not belong to this request in this region.
        """
        return pagination.page(
            self.select(request, now, matches, order),
            SORT_KEYS[order],
            (self.account, self.name, request),
            token,
            size,
            descending=descending,
            number=_number,
            count=self.numbers.last,
        )

    def rotations_of(self, secret: Secret) -> RotationsByToken:
        """Return the rotations of a secret by their tokens, the oldest first."""
        return self.rotations.get(secret.arn, {})

    def blocking_rotation(self, secret: Secret) -> Rotation | None:
        """Return the rotation whose AWSPENDING label blocks the next rotation, or None."""
        stored = self.rotations_of(secret).get(secret.labels.get(PENDING, ""))
        blocks = (
            stored is not None
            and stored.status != "succeeded"
            and labels_show_rotation_in_progress(secret.labels)
        )
        return stored if blocks else None

    def unfinished_rotation(self, secret: Secret) -> Rotation | None:
        """
        Return the rotation of *secret* that is in progress, or None.

        It is the last rotation if it still runs; or else the rotation whose AWSPENDING blocks the next one, even if
        AWS does not retry it; or else the last rotation if AWS may retry it.
        """
        rotations = self.rotations_of(secret)
        last = next((rotations[token] for token in reversed(rotations)), None)
        if last is None or last.status == "in progress":
            return last
        stored = self.blocking_rotation(secret)
        if stored is not None:
            return stored
        return last if last.has_steps_left(secret.labels) else None

    def copy(self) -> Region:
        """Return a copy that a request may change."""
        return Region(
            account=self.account,
            name=self.name,
            secrets=Overlay(self.secrets),
            numbers=self.numbers,
            rotations=Overlay(self.rotations),
        )


@lru_cache(maxsize=128)
def _account_and_region(arn: str) -> tuple[str, str]:
    """Return the account and the region of an ARN."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return account, region


class SecretChange(NamedTuple):
    """A secret before and after a request. None means that it does not exist."""

    region: Region
    before: Secret | None
    after: Secret | None
    #: The versions that were added or replaced.
    new_versions: Sequence[Version] = ()

    @property
    def new_values(self) -> Iterator[Value]:
        """The values that the secret did not have before."""
        versions_before: Mapping[str, Version] = {} if self.before is None else self.before.versions
        for version in self.new_versions:
            previous = versions_before.get(version.id)
            if version.value is not None and (previous is None or previous.value is not version.value):
                yield version.value

    def apply_to(self, region: Region) -> None:
        """Apply the change to its region, or to a copy of it. The method is idempotent, even after a partial run."""
        if self.after is not None:
            region.put(self.after)
        elif self.before is not None:
            region.remove(self.before)


class RotationChange(NamedTuple):
    """A rotation before and after a request. None means that it does not exist."""

    region: Region
    before: Rotation | None
    after: Rotation

    def apply_to(self, region: Region) -> None:
        """Apply the change to its region, or to a copy of it. The method is idempotent."""
        region.put_rotation(self.after)


Change = SecretChange | RotationChange


def has_recovery_ended(secret: Secret, now: datetime) -> bool:
    """Whether the recovery window of a deleted secret has ended, so that the secret no longer exists."""
    return secret.deletion_due_at is not None and secret.deletion_due_at < now


class _Regions(dict[tuple[str, str], Region]):
    """The regions of all accounts, by account and name. Each region is created when it is first used."""

    def __missing__(self, key: tuple[str, str]) -> Region:
        account, name = key
        region = self[key] = Region(account=account, name=name)
        return region


@dataclass(slots=True)
class Store:
    """The regions of all accounts."""

    regions: _Regions = field(default_factory=_Regions)

    def __repr__(self) -> str:
        return f"<Store of {len(self.regions)} regions>"

    def region(self, account: str, name: str) -> Region:
        return self.regions[account, name]

    def region_of(self, arn: str) -> Region:
        """The region of an ARN, which may be that of another account."""
        return self.regions[_account_and_region(arn)]

    def values(self) -> Iterator[Value]:
        """Yield the value of each version of each secret."""
        for region in list(self.regions.values()):
            for secret in list(region.secrets.values()):
                yield from (
                    version.value for version in secret.versions.values() if version.value is not None
                )

    def locate(self, secret_id: str, account: str, region: str, now: datetime) -> tuple[Region, Secret]:
        """
        Find a secret in the given region, or else in the only region that has it.

        Raises:
            FakeSecretsError: it is in no region, or not in the given one and in several others, or the id is not a string.
        """
        check_secret_id(secret_id)
        requested = self.region(account, region)
        candidates = [requested, *(other for other in self.regions.values() if other is not requested)]
        matches = [
            (candidate, secret) for candidate in candidates if (secret := candidate.find(secret_id, now))
        ]
        if matches and (matches[0][0] is requested or len(matches) == 1):
            return matches[0]
        if matches:
            names = ", ".join(sorted(candidate.name for candidate, _ in matches))
            raise FakeSecretsError(f"{secret_id!r} is in several regions ({names}). Use its ARN.")
        names = "".join(f"\n- {secret.arn}" for candidate in candidates for secret in candidate.existing(now))
        if names:
            raise FakeSecretsError(f"There is no secret {secret_id!r} in the fake. It has:{names}")
        error = FakeSecretsError(
            f"There is no secret {secret_id!r} in the fake. It has none yet: create one with create_secret()."
        )
        add_optional_note(
            error, "hint: Write fakesecrets.add_secret(name, value), or create_secret() of a client."
        )
        raise error


def check_secret_id(secret_id: object) -> None:
    """
    Check the id that a test gives.

    Raises:
        FakeSecretsError: it is not a string, or it looks like a value.
    """
    if looks_like_a_value(secret_id):
        raise FakeSecretsError(
            "The secret_id is the name or the ARN of a secret. It looks like a value, so it is not shown here.\n"
            "hint: The first argument is the name."
        )
    if isinstance(secret_id, str):
        return
    advice = "Pass a string, such as 'app/db'."
    if callable(secret_id):
        advice = "Pass a rotation function as handler=..., after the name: ('app/db', handler=rotate)."
    elif isinstance(getattr(secret_id, "arn", None), str):
        advice = "Pass its .name or its .arn."
    raise FakeSecretsError(
        f"The secret_id is the name or the ARN of a secret, not an object of type {type(secret_id).__name__}. {advice}"
    )


@dataclass(slots=True)
class Draft:
    """The uncommitted changes of one request. The store does not change until they are applied."""

    store: Store
    changes: list[Change] = field(default_factory=list)
    #: Copies of the changed regions. Most requests make one change at their end, and need no copy.
    _copies: dict[tuple[str, str], Region] = field(default_factory=dict, repr=False)
    #: The number of changes that the copies contain.
    _copied: int = 0

    def region(self, account: str, name: str) -> Region:
        """A region with the changes so far."""
        region = self.store.region(account, name)
        return self._with_changes(region) if self.changes else region

    def region_of(self, arn: str) -> Region:
        """The region of an ARN, which may be that of another account, with the changes so far."""
        region = self.store.region_of(arn)
        return self._with_changes(region) if self.changes else region

    def put(self, secret: Secret) -> None:
        stored = self.region_of(secret.arn).secrets.get(secret.name)
        before = stored if stored is not None and stored.arn == secret.arn else None
        region, new_versions = self.store.region_of(secret.arn), secret.versions_since(before)
        self.changes.append(SecretChange(region, before, secret, new_versions))

    def remove(self, secret: Secret) -> None:
        self.changes.append(SecretChange(self.store.region_of(secret.arn), secret, None))

    def put_rotation(self, rotation: Rotation) -> None:
        rotations = self.region_of(rotation.secret_id).rotations.get(rotation.secret_id, {})
        region, before = self.store.region_of(rotation.secret_id), rotations.get(rotation.token)
        self.changes.append(RotationChange(region, before, rotation))

    def _with_changes(self, region: Region) -> Region:
        for change in self.changes[self._copied :]:
            key = change.region.account, change.region.name
            if key not in self._copies:
                self._copies[key] = change.region.copy()
            change.apply_to(self._copies[key])
        self._copied = len(self.changes)
        return self._copies.get((region.account, region.name), region)
