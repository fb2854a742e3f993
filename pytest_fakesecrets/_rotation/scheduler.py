"""What follows from a change of the world: which windows, retries and deletions come due, and when."""

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
    """One thing that comes due: the kind of it, the secret's ARN, and for a retry the rotation's token."""

    kind: Kind
    secret_id: str
    token: str = ""


class Due(NamedTuple):
    """An entry that has come due, and as which one it was put."""

    instant: datetime
    number: int
    entry: Entry


class Agenda:
    """
    One instant for each entry, the earliest found at once.

    Entries that have been moved or crossed out stay in the heap until they come to its top. Of two
    at the same instant the one that was put first comes first.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Entry]] = []
        self._instants: dict[Entry, tuple[datetime, int]] = {}
        self._count = 0

    @property
    def is_empty(self) -> bool:
        return not self._heap

    def put(self, entry: Entry, instant: datetime | None) -> None:
        """Let *entry* come due at *instant*, or never."""
        known = self._instants.get(entry)
        if instant is None:
            self._instants.pop(entry, None)
        elif known is None or known[0] != instant:
            self._count += 1
            heappush(self._heap, (instant, self._count, entry))
            self._instants[entry] = instant, self._count  # last: this is what makes it count

    def next(self, until: datetime) -> Due | None:
        """The first entry that is due by *until*, or None. It stays in the agenda."""
        while self._heap:
            due = Due(*self._heap[0])
            if self._instants.get(due.entry) == (due.instant, due.number):
                return due if due.instant <= until else None
            heappop(self._heap)
        return None

    def cross_out(self, due: Due) -> None:
        """Take out what has come due, unless it has been put anew since."""
        if self._instants.get(due.entry) == (due.instant, due.number):
            del self._instants[due.entry]


@dataclass(slots=True)
class Dates:
    """Windows and instants that take the place of those that are planned. None takes one out."""

    windows: dict[str, tuple[Window, datetime] | None] = field(default_factory=dict)
    instants: dict[Entry, datetime | None] = field(default_factory=dict)


class Plan:
    """The agenda of a world, and the window that comes next for each secret that has a schedule."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.agenda = Agenda()
        #: By the secret's ARN: its next window, and the instant in it.
        self._windows: dict[str, tuple[Window, datetime]] = {}

    def following(self, draft: Draft) -> Callable[[], None]:
        """What puts into the plan what follows from the changes of a request, however often it is begun."""
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
        """Take notice of a secret that has been made, changed or deleted."""
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
        """Which secret next rotates by its schedule, and when; or when this one does."""
        coming = [(instant, known) for known, (_, instant) in self._windows.items() if arn in (None, known)]
        if not coming:
            return None
        instant, secret_id = min(coming)
        return secret_id, instant

    def window(self, arn: str) -> Window | None:
        """The window of a secret that comes next, or has come due."""
        planned = self._windows.get(arn)
        return None if planned is None else planned[0]

    def again(self, assumptions: Assumptions) -> Callable[[], None]:
        """What finds another instant in each window that is planned: what is assumed changes."""
        dates, now = Dates(), self._service.clock.now
        for arn, (window, _) in self._windows.items():
            instant = max(_instant_in(window, assumptions), now)
            dates.windows[arn] = window, instant
            dates.instants[Entry("window", arn)] = instant
        return partial(self._put, dates)

    def _hold_up(self, draft: Draft, secret: Secret, dates: Dates) -> None:
        """A retry that came due while the label of its version was away is made when it is back."""
        rotation = draft.home(secret.arn).unfinished_rotation(secret)
        if rotation is not None and rotation.status == "failed" and rotation.retry_at is not None:
            entry = Entry("retry", rotation.secret_id, rotation.token)
            dates.instants[entry] = max(rotation.retry_at, self._service.clock.now)

    def _follow_window(self, secret: Secret, window: Window | None, dates: Dates) -> None:
        known = dates.windows.get(secret.arn, self._windows.get(secret.arn))
        planned = None
        if window is not None:
            instant = known[1] if known and known[0] == window else self._instant_in(window)
            planned = window, max(instant, self._service.clock.now)  # one that is open already is due at once
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
    """Until the DeletionDate, and at it, a secret can be restored."""
    return None if secret.deletion_due_at is None else moved(secret.deletion_due_at, MILLISECOND)


def _is_due_anew(before: Secret, after: Secret) -> bool:
    """Whether the next window may be another one: most changes do not touch what it depends on."""
    if before.rotation is None and after.rotation is None:
        return False
    return _depends_on(before) != _depends_on(after)


def _depends_on(secret: Secret) -> object:
    return secret.rotation, secret.last_window, secret.deleted_at is None, secret.is_replica
