"""The queue of rotation windows, retries and ends of recovery windows by their due time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Literal, NamedTuple

from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.moments import moved
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._core.secret import MILLISECOND, Secret
from pytest_fakesecrets._core.store import Draft, RotationChange, SecretChange
from pytest_fakesecrets._service.service import Service

Kind = Literal["deletion", "retry", "window"]


class DueEntry(NamedTuple):
    """A scheduled entry: its kind, the ARN of the secret, and the token of the rotation for a retry."""

    kind: Kind
    secret_id: str
    token: str = ""


class Due(NamedTuple):
    """An entry with its instant and the sequence number under which it was added."""

    instant: datetime
    number: int
    entry: DueEntry


class DueQueue:
    """
    A priority queue with one instant for each entry.

    Entries that were rescheduled or removed stay in the heap until they reach its top. Entries with the same instant
    are ordered by the time at which they were added.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, DueEntry]] = []
        self._instants: dict[DueEntry, tuple[datetime, int]] = {}
        self._count = 0

    @property
    def is_empty(self) -> bool:
        return not self._heap

    def put(self, entry: DueEntry, instant: datetime | None) -> None:
        """Schedule *entry* at *instant*, or remove it if the instant is None."""
        scheduled = self._instants.get(entry)
        if instant is None:
            self._instants.pop(entry, None)
        elif scheduled is None or scheduled[0] != instant:
            self._count += 1
            heappush(self._heap, (instant, self._count, entry))
            self._instants[entry] = instant, self._count  # last: only this makes the entry valid

    def next(self, until: datetime) -> Due | None:
        """The first entry that is due at or before *until*, or None. It is not removed."""
        while self._heap:
            due = Due(*self._heap[0])
            if self._instants.get(due.entry) == (due.instant, due.number):
                return due if due.instant <= until else None
            heappop(self._heap)
        return None

    def remove_due(self, due: Due) -> None:
        """Remove an entry, unless it has been rescheduled since."""
        if self._instants.get(due.entry) == (due.instant, due.number):
            del self._instants[due.entry]


@dataclass(slots=True)
class Dates:
    """Updates of windows and instants. None removes an entry."""

    windows: dict[str, tuple[Window, datetime] | None] = field(default_factory=dict)
    instants: dict[DueEntry, datetime | None] = field(default_factory=dict)


class Plan:
    """The schedule of a fake: its priority queue, and the next window of each secret with a rotation schedule."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.queue = DueQueue()
        #: By the ARN of the secret: its next window, and the instant in the window at which rotation starts.
        self._windows: dict[str, tuple[Window, datetime]] = {}

    def prepare_update(self, draft: Draft) -> Callable[[], None]:
        """Return an idempotent function that updates the schedule after the changes of a request."""
        updates = Dates()
        for change in draft.changes:
            if isinstance(change, RotationChange):
                rotation = change.after
                entry = DueEntry("retry", rotation.secret_id, rotation.token)
                updates.instants[entry] = rotation.retry_at if rotation.is_due_again else None
            else:
                self._collect_updates(change, draft, updates)
        return partial(self._apply, updates)

    def _collect_updates(self, change: SecretChange, draft: Draft, updates: Dates) -> None:
        """Collect the schedule updates for a secret that was created, changed or deleted."""
        before, after = change.before, change.after
        secret = after or before
        assert secret is not None
        gone = after is None
        if gone or _affects_deletion(before, secret):
            updates.instants[DueEntry("deletion", secret.arn)] = None if gone else _gone_at(secret)
        if gone or _affects_window(before, secret):
            self._update_window(secret, None if gone else secret.due_window, updates)
        is_relabeled = before is not None and before.labels is not secret.labels
        if is_relabeled and change.region.rotations_of(secret):
            self._reschedule_retry(draft, secret, updates)

    def _apply(self, updates: Dates) -> None:
        for arn, planned in updates.windows.items():
            if planned is None:
                self._windows.pop(arn, None)
            else:
                self._windows[arn] = planned
        for entry, instant in updates.instants.items():
            self.queue.put(entry, instant)

    def next_instant(self, arn: str | None) -> tuple[str, datetime] | None:
        """The ARN and the instant of the next scheduled rotation, of one secret or of any, or None."""
        coming = [(instant, each) for each, (_, instant) in self._windows.items() if arn in (None, each)]
        if not coming:
            return None
        instant, secret_id = min(coming)
        return secret_id, instant

    def window(self, arn: str) -> Window | None:
        """The next or current rotation window of a secret, or None."""
        planned = self._windows.get(arn)
        return None if planned is None else planned[0]

    def reschedule(self, assumptions: Assumptions) -> Callable[[], None]:
        """Return a function that reschedules every planned window by changed assumptions."""
        updates, now = Dates(), self._service.clock.now
        for arn, (window, _) in self._windows.items():
            instant = max(_instant_in(window, assumptions), now)
            updates.windows[arn] = window, instant
            updates.instants[DueEntry("window", arn)] = instant
        return partial(self._apply, updates)

    def _reschedule_retry(self, draft: Draft, secret: Secret, updates: Dates) -> None:
        """Reschedule a retry that could not run while its version had lost its label."""
        rotation = draft.region_of(secret.arn).unfinished_rotation(secret)
        if rotation is not None and rotation.status == "failed" and rotation.retry_at is not None:
            entry = DueEntry("retry", rotation.secret_id, rotation.token)
            updates.instants[entry] = max(rotation.retry_at, self._service.clock.now)

    def _update_window(self, secret: Secret, window: Window | None, updates: Dates) -> None:
        before = updates.windows.get(secret.arn, self._windows.get(secret.arn))
        planned = None
        if window is not None:
            instant = before[1] if before and before[0] == window else self._instant_in(window)
            # A window that is already open is due at once.
            planned = window, max(instant, self._service.clock.now)
        updates.windows[secret.arn] = planned
        updates.instants[DueEntry("window", secret.arn)] = None if planned is None else planned[1]

    def _instant_in(self, window: Window) -> datetime:
        return _instant_in(window, self._service.assumptions)


def _instant_in(window: Window, assumptions: Assumptions) -> datetime:
    at = assumptions.rotate_at
    if isinstance(at, Random):
        seconds = (window.closes - window.opens) // timedelta(seconds=1)
        return window.opens + timedelta(seconds=at.randrange(seconds))
    return window.opens if at == "open" else window.next_rotation_date


def _gone_at(secret: Secret) -> datetime | None:
    """The instant at which a deleted secret is gone, or None. It can be restored up to and including DeletionDate."""
    return None if secret.deletion_due_at is None else moved(secret.deletion_due_at, MILLISECOND)


def _affects_deletion(before: Secret | None, after: Secret) -> bool:
    """Whether a change may affect the end of the recovery window. Most changes do not."""
    if before is None:
        return after.deletion_due_at is not None
    return before.deletion_due_at != after.deletion_due_at


def _affects_window(before: Secret | None, after: Secret) -> bool:
    """Whether a change may affect the next rotation window. Most changes do not."""
    if before is None:
        return after.rotation is not None
    if before.rotation is None and after.rotation is None:
        return False
    return _window_inputs(before) != _window_inputs(after)


def _window_inputs(secret: Secret) -> object:
    return secret.rotation, secret.last_window, secret.deleted_at is None, secret.is_replica
