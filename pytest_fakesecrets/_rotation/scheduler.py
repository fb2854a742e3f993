"""The scheduler: it keeps the instants of rotation windows, retries and deletions up to date."""

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
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._core.secret import MILLISECOND, Secret
from pytest_fakesecrets._core.store import Change, Draft
from pytest_fakesecrets._service.service import Service

Kind = Literal["deletion", "retry", "window"]


class Entry(NamedTuple):
    """A scheduled entry: its kind, the ARN of the secret, and the token of the rotation for a retry."""

    kind: Kind
    secret_id: str
    token: str = ""


class Due(NamedTuple):
    """An entry with its instant and the sequence number under which it was added."""

    instant: datetime
    number: int
    entry: Entry


class Agenda:
    """
    A priority queue with one instant for each entry.

    Entries that were rescheduled or removed stay in the heap until they reach its top. Entries with the same instant
    are ordered by the time at which they were added.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Entry]] = []
        self._instants: dict[Entry, tuple[datetime, int]] = {}
        self._count = 0

    @property
    def is_empty(self) -> bool:
        return not self._heap

    def put(self, entry: Entry, instant: datetime | None) -> None:
        """Schedule *entry* at *instant*, or remove it if the instant is None."""
        known = self._instants.get(entry)
        if instant is None:
            self._instants.pop(entry, None)
        elif known is None or known[0] != instant:
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

    def cross_out(self, due: Due) -> None:
        """Remove an entry, unless it has been rescheduled since."""
        if self._instants.get(due.entry) == (due.instant, due.number):
            del self._instants[due.entry]


@dataclass(slots=True)
class Dates:
    """Updates of windows and instants. None removes an entry."""

    windows: dict[str, tuple[Window, datetime] | None] = field(default_factory=dict)
    instants: dict[Entry, datetime | None] = field(default_factory=dict)


class Plan:
    """The schedule of a fake: its priority queue, and the next window of each secret with a rotation schedule."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.agenda = Agenda()
        #: By the ARN of the secret: its next window, and the instant in the window at which rotation starts.
        self._windows: dict[str, tuple[Window, datetime]] = {}

    def following(self, draft: Draft) -> Callable[[], None]:
        """Return an idempotent function that updates the schedule after the changes of a request."""
        dates = Dates()
        for change in draft.changes:
            if isinstance(change.after, Rotation):
                rotation = change.after
                entry = Entry("retry", rotation.secret_id, rotation.token)
                dates.instants[entry] = rotation.retry_at if rotation.is_due_again else None
            else:
                self._follow(change, draft, dates)
        return partial(self._put, dates)

    def _follow(self, change: Change, draft: Draft, dates: Dates) -> None:
        """Collect the schedule updates for a secret that was created, changed or deleted."""
        before, after = change.before, change.after
        secret = after or before
        assert isinstance(secret, Secret)
        gone = after is None
        dates.instants[Entry("deletion", secret.arn)] = None if gone else _gone_at(secret)
        if gone or not isinstance(before, Secret) or _is_due_anew(before, secret):
            self._follow_window(secret, None if gone else secret.due_window, dates)
        if isinstance(before, Secret) and before.labels is not secret.labels:
            self._hold_up(draft, secret, dates)

    def _put(self, dates: Dates) -> None:
        for arn, planned in dates.windows.items():
            if planned is None:
                self._windows.pop(arn, None)
            else:
                self._windows[arn] = planned
        for entry, instant in dates.instants.items():
            self.agenda.put(entry, instant)

    def next_instant(self, arn: str | None) -> tuple[str, datetime] | None:
        """The ARN and the instant of the next scheduled rotation, of one secret or of any, or None."""
        coming = [(instant, known) for known, (_, instant) in self._windows.items() if arn in (None, known)]
        if not coming:
            return None
        instant, secret_id = min(coming)
        return secret_id, instant

    def window(self, arn: str) -> Window | None:
        """The next or current rotation window of a secret, or None."""
        planned = self._windows.get(arn)
        return None if planned is None else planned[0]

    def again(self, assumptions: Assumptions) -> Callable[[], None]:
        """Return a function that reschedules every planned window by changed assumptions."""
        dates, now = Dates(), self._service.clock.now
        for arn, (window, _) in self._windows.items():
            instant = max(_instant_in(window, assumptions), now)
            dates.windows[arn] = window, instant
            dates.instants[Entry("window", arn)] = instant
        return partial(self._put, dates)

    def _hold_up(self, draft: Draft, secret: Secret, dates: Dates) -> None:
        """Reschedule a retry that could not run while its version had lost its label."""
        rotation = draft.home(secret.arn).unfinished_rotation(secret)
        if rotation is not None and rotation.status == "failed" and rotation.retry_at is not None:
            entry = Entry("retry", rotation.secret_id, rotation.token)
            dates.instants[entry] = max(rotation.retry_at, self._service.clock.now)

    def _follow_window(self, secret: Secret, window: Window | None, dates: Dates) -> None:
        known = dates.windows.get(secret.arn, self._windows.get(secret.arn))
        planned = None
        if window is not None:
            instant = known[1] if known and known[0] == window else self._instant_in(window)
            planned = (
                window,
                max(instant, self._service.clock.now),
            )  # a window that is already open is due at once
        dates.windows[secret.arn] = planned
        dates.instants[Entry("window", secret.arn)] = None if planned is None else planned[1]

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


def _is_due_anew(before: Secret, after: Secret) -> bool:
    """Whether a change may affect the next rotation window. Most changes do not."""
    if before.rotation is None and after.rotation is None:
        return False
    return _depends_on(before) != _depends_on(after)


def _depends_on(secret: Secret) -> object:
    return secret.rotation, secret.last_window, secret.deleted_at is None, secret.is_replica
