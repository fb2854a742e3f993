"""Rotations in motion: the steps of a rotation, the calls of its function, and what runs by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from threading import Condition, get_ident

from ._agenda import Entry
from ._calling import FunctionCalls, Key, Place
from ._core.rotation import Rotation, RotationStep
from ._core.store import Region
from ._failures import warn_of_abandonment, warn_of_failure
from ._operations import outcome
from ._operations.context import Change
from ._plan import Plan
from ._service import RUNNING, Service

#: For how many seconds who moves the clock waits for another thread's function: that may wait for it.
_PATIENCE = 30.0


class Rotations:
    """
    The rotations of a world, and who runs them.

    As long as no test has taken them into its hands, a rotation runs to its end before the call
    that has started it returns.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.driven = False
        #: The secrets whose rotations wait, though no test drives.
        self.paused: set[str] = set()
        self.calls = FunctionCalls(service)
        self._done = Condition(service.lock)
        service.on_change = self.note
        service.stepping = lambda: self._running
        self.clear()

    def clear(self) -> None:
        """Forget all rotations, and what was to come. Who drives them, drives on."""
        self.plan = Plan(self._service)
        #: All there have been, in the order in which they began.
        self._places: dict[Key, Place] = {}
        #: Those of them that AWS may go on with.
        self._open: dict[Key, Place] = {}
        self._running: set[Key] = set()
        #: The thread that is running what has come due.
        self._at_it: int | None = None

    def started(self, region: Region, rotation: Rotation) -> None:
        """Take notice of a rotation that a call has started, and run it unless a test drives."""
        place = self.noticed(region, rotation)
        if not self.waits(place):
            self.run_to_the_end(place)

    def waits(self, place: Place) -> bool:
        return self.driven or place.secret_id in self.paused

    def noticed(self, region: Region, rotation: Rotation) -> Place:
        place = Place(region, rotation.secret_id, rotation.token)
        with self._service.lock:
            self._places[place.key] = self._open[place.key] = place
        return place

    def all(self, arn: str | None = None) -> tuple[Rotation, ...]:
        """Every rotation so far, of one secret or of all, in the order in which they began."""
        with self._service.lock:
            return tuple(place.rotation for place in self._places.values() if arn in (None, place.secret_id))

    def waiting(self) -> list[Place]:
        """Those that AWS would go on with, in the order in which they began."""
        now = self._service.clock.now
        with self._service.lock:
            for place in [place for place in self._open.values() if not place.is_open]:
                del self._open[place.key]
            return [place for place in self._open.values() if place.goes_on(now)]

    def note(self, change: Change) -> None:
        """Take notice of what follows from a change of the world."""
        after = change.after
        if not isinstance(after, Rotation):
            self.plan.note(change)
            return
        self.plan.note_rotation(after)
        key = after.secret_id, after.token
        if after.is_due_again and key in self._places:
            self._open[key] = self._places[key]

    def next_due(self, until: datetime) -> datetime | None:
        """The next instant, up to *until* and with it, at which something is due."""
        with self._service.lock:
            self._wait_for_the_others()
            if self._running:
                return None  # after the step that runs
            due = self.plan.agenda.next(until)
            return None if due is None else due[0]

    def _wait_for_the_others(self) -> None:
        """Who moves the clock waits for another thread that runs what is due where the clock stands."""
        if RUNNING.get() is None and self._at_it != get_ident():
            self._done.wait_for(lambda: self._at_it is None, timeout=_PATIENCE)

    def run_due(self) -> None:
        """
        Run what has come due by now, each thing at its own instant, in the order of these.

        One thread does so at a time. Others, and whoever calls from inside a step, find the world as
        it stands by then.
        """
        if self.plan.agenda.is_empty:
            return
        with self._service.lock:
            if self._at_it is not None or self._running:
                return
            self._at_it = get_ident()
        try:
            self._run_in_order()
        finally:
            with self._service.lock:
                self._at_it = None
                self._done.notify_all()

    def _run_in_order(self) -> None:
        while True:
            now = self._service.clock.now
            with self._service.lock:
                due = self.plan.agenda.next(now)
                if due is None:
                    return
                instant, entry = due
                self.plan.agenda.put(entry, None)
            # Where the clock has gone further, only the fake is set back to the instant.
            with self._service.clock.at(instant) if instant < now else nullcontext():
                self._run(entry)

    def _run(self, entry: Entry) -> None:
        if entry.kind == "retry":
            place = self._open.get((entry.secret_id, entry.token))
            if place is not None and not self.waits(place) and place.goes_on(self._service.clock.now):
                self.run_to_the_end(place)
            return
        region = self._service.region_of(entry.secret_id)
        with self._service.transaction(region) as context:
            if entry.kind == "deletion":
                outcome.end_recovery(context, entry.secret_id)
            elif (window := self.plan.take_window(entry.secret_id)) is not None:
                outcome.begin_scheduled(context, entry.secret_id, self._service.ids.token(), window)
        for home, rotation in context.started:
            self.started(home, rotation)

    def run_to_the_end(self, place: Place) -> Rotation:
        """One attempt, or what is left of it. A failure ends it, and is told by a warning."""
        while True:
            step = self.advance(place)
            if step is not None and step.error is not None:
                warn_of_failure(self._service, place.rotation, step.error)
            if step is None or place.rotation.status != "in progress":
                return place.rotation

    def advance(
        self, place: Place, check: Callable[[Place], None] = lambda place: None
    ) -> RotationStep | None:
        """
        Run the next step of a rotation: after a failure, the first one again.

        Args:
            check: raises where the next step is not the one that is meant.

        Returns:
            The step, or None where another thread is at it or has ended it, or the world has been
            reset meanwhile.
        """
        __tracebackhide__ = True
        with self._service.lock:
            if place.key in self._running or not place.goes_on(self._service.clock.now):
                return None
            check(place)
            self._running.add(place.key)
        try:
            if place.rotation.status == "failed":
                with self._service.transaction(place.region) as context:
                    outcome.retry(context, place.rotation)
            step = self.calls.call(place, place.rotation.next_step)
            if place.key not in self._places:
                return None
            with self._service.transaction(place.region) as context:
                outcome.record(context, step)
                recorded = place.rotation.steps[-1]
                self._service.history.append(recorded)
            if isinstance(step.error, BaseException) and not isinstance(step.error, Exception | SystemExit):
                raise step.error  # it is not about the rotation: somebody stops the test
            if place.rotation.status == "abandoned":
                warn_of_abandonment(self._service, place.rotation)
            return recorded
        finally:
            self._running.discard(place.key)
