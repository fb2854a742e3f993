"""
Runs the rotation windows, retries and deletions that are due when the clock has moved past their time.

What a window starts or continues is decided by `_operations.rotation_lifecycle.begin_scheduled`.
"""

from __future__ import annotations

from contextvars import copy_context
from datetime import datetime
from functools import partial
from threading import Condition, get_ident

from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._operations import Context, deletion, rotation_lifecycle
from pytest_fakesecrets._service.service import Service

from .due_queue import Due, DueEntry
from .executor import RotationExecutor

#: The seconds that a clock move waits for the function of another thread, which may itself wait for this move.
_WAIT_TIMEOUT = 30.0


class DueRunner:
    """Runs the due entries of the plan, one after another, in one thread at a time."""

    def __init__(self, rotations: RotationExecutor, service: Service) -> None:
        self._rotations = rotations
        self._service = service
        self._call_ended = Condition(service.lock)
        self.clear()

    def clear(self) -> None:
        """Forget the call that runs entries: those that it has not run are removed with the plan."""
        #: The identity and the thread id of the `run_due` call that runs the due entries.
        self._active_call: tuple[object, int] | None = None

    def next_due(self, until: datetime) -> datetime | None:
        """The instant of the first scheduled entry up to and including *until*, or None."""
        with self._service.lock:
            self._wait_for_other_thread()
            if self._rotations.is_running_a_step:
                return None  # due entries run after the current step
            due = self._rotations.plan.queue.next(until)
            return None if due is None else due.instant

    def _wait_for_other_thread(self) -> None:
        """Wait until another thread has run the entries that are due, before the clock moves on."""
        is_of_a_step = self._service.running_steps.current() is not None
        if not is_of_a_step and (self._active_call is None or self._active_call[1] != get_ident()):
            self._call_ended.wait_for(lambda: self._active_call is None, timeout=_WAIT_TIMEOUT)

    def run_due(self) -> None:
        """
        Run all due entries in the order of their instants, each at its own instant.

        Only one thread runs entries at a time. Calls from other threads, and calls from inside a step, return at once.
        """
        if self._rotations.is_idle:
            return
        if self._rotations.is_running_a_step:
            return  # as below, without the lock: most calls of a rotation function come here
        call = object()
        ensured(partial(self._run_due, call), partial(self._release, call))

    def _run_due(self, call: object) -> None:
        with self._service.lock:
            if self._active_call is not None or self._rotations.is_running_a_step:
                return
            self._active_call = call, get_ident()
        for ref in self._rotations.interrupted():
            self._rotations.run_to_the_end(ref)
        while (due := self._next_due()) is not None:
            copy_context().run(self._run_at_instant, due)

    def _release(self, call: object) -> None:
        with self._service.lock:
            if self._active_call is not None and self._active_call[0] is call:
                self._active_call = None
                self._call_ended.notify_all()

    def _next_due(self) -> Due | None:
        with self._service.lock:
            return self._rotations.plan.queue.next(self._service.clock.now)

    def _run_at_instant(self, due: Due) -> None:
        """Run one entry at its own instant. If the clock is already later, only the fake sees that instant."""
        if due.instant < self._service.clock.now:
            with self._service.clock.at(due.instant):
                self._run_entry(due.entry)
        else:
            self._run_entry(due.entry)
        with self._service.lock:
            self._rotations.plan.queue.remove_due(due)

    def _run_entry(self, entry: DueEntry) -> None:
        if entry.kind == "retry":
            ref = self._rotations.open_ref(entry.secret_id, entry.token)
            if ref is not None and not self._rotations.waits(ref) and ref.goes_on(self._service.clock.now):
                self._rotations.run_to_the_end(ref)
            return
        for home, rotation in self._service.transact(
            self._service.store.region_of(entry.secret_id), partial(self._apply_entry, entry)
        ):
            self._rotations.started(home, rotation)

    def _apply_entry(self, entry: DueEntry, context: Context) -> list[tuple[Region, Rotation]]:
        if entry.kind == "deletion":
            deletion.delete_after_recovery_window(context, entry.secret_id)
        elif (window := self._rotations.plan.window(entry.secret_id)) is not None:
            rotation_lifecycle.begin_scheduled(context, entry.secret_id, self._service.ids.token(), window)
        return context.started_rotations
