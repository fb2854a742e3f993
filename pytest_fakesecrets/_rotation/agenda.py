"""What will come due, in the order of its instants: found without looking through all there is."""

from __future__ import annotations

from datetime import datetime
from heapq import heappop, heappush
from typing import Literal, NamedTuple

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
