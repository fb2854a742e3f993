"""Runs the steps of rotations: all that remain, or one at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from threading import get_ident

from pytest_fakesecrets._core.interrupts import ensured, is_interrupt
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._core.store import Draft, Region, RotationChange
from pytest_fakesecrets._operations import rotation_lifecycle
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._service.service import Service

from .due_queue import Plan
from .failure_warnings import warn_of_abandonment, warn_of_failure
from .invocation import FunctionCalls, Key, RotationRef


class RotationExecutor:
    """
    All rotations of a fake.

    Without a step driver, a rotation runs to its end before the RotateSecret call that started it returns.

    Args:
        function_context: the context manager in which each function runs.
    """

    def __init__(
        self, service: Service, function_context: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._service = service
        self.driven = False
        #: The ARNs of secrets whose rotations wait, even without a step driver.
        self.paused: set[str] = set()
        self.calls = FunctionCalls(service, function_context)
        service.on_changes = self._prepare_update
        service.running_rotations = lambda: self._running
        service.is_paused = lambda arn: arn in self.paused
        self.clear()

    def clear(self) -> None:
        """Remove all rotations and scheduled entries. An active step driver stays active."""
        self.plan = Plan(self._service)
        #: The tokens of the rotations of which a driver has run a step.
        self.stepped: set[str] = set()
        #: All rotations, in the order of their start.
        self._refs: dict[Key, RotationRef] = {}
        #: The rotations that AWS may continue or retry.
        self._open: dict[Key, RotationRef] = {}
        #: The same by the ARNs of their secrets.
        self._open_of: dict[str, dict[Key, RotationRef]] = {}
        #: The ids of the threads that run rotations in progress. Rotations that wait for a test are not included.
        self._runners: dict[Key, int] = {}
        #: The rotations with a running step, and the identity of the `advance` call that runs it.
        self._running: dict[Key, object] = {}

    def started(self, region: Region, rotation: Rotation) -> None:
        """Run a rotation that a request has started, unless it waits for a step driver."""
        ref = RotationRef(region, rotation.secret_id, rotation.token)
        if not self.waits(ref):
            self.run_to_the_end(ref)

    def waits(self, ref: RotationRef) -> bool:
        return self.driven or ref.secret_id in self.paused

    def all(self, arn: str | None = None) -> tuple[Rotation, ...]:
        """All rotations of one secret, or of all secrets, in the order of their start."""
        with self._service.lock:
            if arn is not None:
                return tuple(self._service.store.region_of(arn).rotations.get(arn, {}).values())
            return tuple(ref.rotation for ref in self._refs.values())

    def latest(self, rotation: Rotation) -> Rotation:
        """The current state of a rotation, or the rotation itself if the fake has been reset since."""
        return self.find(rotation.secret_id, rotation.token) or rotation

    def find(self, arn: str, token: str) -> Rotation | None:
        """The current state of the rotation of a secret with a token, or None."""
        with self._service.lock:
            ref = self._refs.get((arn, token))
            return None if ref is None else ref.rotation

    def waiting(self) -> list[RotationRef]:
        """The rotations that AWS would continue or retry, in the order of their start."""
        now = self._service.clock.now
        with self._service.lock:
            return [ref for ref in self._open.values() if ref.goes_on(now)]

    def first_waiting(self, arn: str | None = None) -> RotationRef | None:
        """The oldest rotation, of one secret or of all, that AWS would continue or retry, or None."""
        now = self._service.clock.now
        with self._service.lock:
            refs = self._open if arn is None else self._open_of.get(arn, {})
            return next((ref for ref in refs.values() if ref.goes_on(now)), None)

    def _prepare_update(self, draft: Draft) -> Callable[[], None]:
        """Return an idempotent function that updates rotations and the schedule after the changes of a request."""
        changed = [
            (RotationRef(change.region, change.after.secret_id, change.after.token), change.after)
            for change in draft.changes
            if isinstance(change, RotationChange)
        ]
        update_schedule = self.plan.prepare_update(draft)
        if not changed:
            return update_schedule

        def apply_update() -> None:
            for ref, rotation in changed:
                self._update_rotation(ref, rotation)
            update_schedule()

        return apply_update

    def _update_rotation(self, ref: RotationRef, rotation: Rotation) -> None:
        self._refs.setdefault(ref.key, ref)
        for refs in (self._open, self._open_of.setdefault(ref.secret_id, {})):
            if ref.is_open:
                refs.setdefault(ref.key, ref)
            else:
                refs.pop(ref.key, None)
        if rotation.status == "in progress" and not self.waits(ref):
            self._runners[ref.key] = get_ident()
        else:
            self._runners.pop(ref.key, None)

    @property
    def is_running_a_step(self) -> bool:
        return bool(self._running)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is scheduled, and no thread runs a rotation or has stopped running one before its end."""
        return not self._runners and self.plan.queue.is_empty

    def open_ref(self, secret_id: str, token: str) -> RotationRef | None:
        """The rotation with a token, if AWS may continue or retry it, or None."""
        return self._open.get((secret_id, token))

    def interrupted(self) -> list[RotationRef]:
        """The unfinished rotations whose thread has stopped running them, after an exception or its end."""
        now, ended_threads = self._service.clock.now, {get_ident()}
        with self._service.lock:
            if self.driven or not self._runners:
                return []
            ended_threads.update(set(self._runners.values()) - sys._current_frames().keys())
            unfinished = [self._refs[key] for key, runner in self._runners.items() if runner in ended_threads]
            return [ref for ref in unfinished if not self.waits(ref) and ref.goes_on(now)]

    def run_to_the_end(self, ref: RotationRef) -> Rotation:
        """Run the remaining steps of an attempt. A failure ends the attempt and issues a warning."""
        while True:
            step = self.advance(ref)
            if step is not None and step.error is not None:
                with ErrorsBecomeWarnings("the warning about a rotation that failed"):
                    warn_of_failure(self._service, ref.rotation, step.error)
            if step is None or ref.rotation.status != "in progress":
                return ref.rotation

    def advance(
        self, ref: RotationRef, check: Callable[[RotationRef], None] = lambda ref: None
    ) -> RotationStep | None:
        """
        Run the next step of a rotation. After a failure this is the first step of a new attempt.

        Args:
            check: raises an exception if this step must not run.

        Returns:
            The step, or None if another thread runs or has ended the rotation, or the fake was reset meanwhile.
        """
        __tracebackhide__ = True
        call = object()
        return ensured(partial(self._advance, ref, check, call), lambda: self._release(ref, call))

    def _advance(
        self, ref: RotationRef, check: Callable[[RotationRef], None], call: object
    ) -> RotationStep | None:
        __tracebackhide__ = True
        with self._service.lock:
            if ref.key in self._running or not ref.goes_on(self._service.clock.now):
                return None
            check(ref)
            self._running[ref.key] = call
        before, step = ref.rotation, None
        try:
            if before.status == "failed":
                self._service.transact(ref.region, lambda context: rotation_lifecycle.retry(context, before))
            step = self.calls.call(ref, ref.rotation.next_step)
            return self._record(ref, step)
        except BaseException as error:
            self._fail(ref, before, step, error)
            raise

    def _release(self, ref: RotationRef, call: object) -> None:
        with self._service.lock:
            if self._running.get(ref.key) is call:
                del self._running[ref.key]

    def _record(self, ref: RotationRef, step: RotationStep) -> RotationStep | None:
        __tracebackhide__ = True
        rotation = None
        if self._is_current(ref):
            rotation = self._service.transact(
                ref.region, lambda context: rotation_lifecycle.record_step(context, step)
            )
        if step.error is not None and is_interrupt(step.error):
            raise step.error
        if rotation is None:
            return None
        if rotation.status == "abandoned":
            with ErrorsBecomeWarnings("the warning about a rotation that was abandoned"):
                warn_of_abandonment(self._service, rotation)
        return rotation.steps[-1]

    def _fail(
        self, ref: RotationRef, before: Rotation, step: RotationStep | None, error: BaseException
    ) -> None:
        """Record an interrupted attempt as failed, unless its step is recorded or has not begun."""
        if not self._is_current(ref):
            return
        rotation = ref.rotation
        if len(rotation.steps) > len(before.steps) or rotation.status == "failed":
            return
        now = self._service.clock.now
        interrupted = step or RotationStep(
            name=rotation.next_step,
            attempt=rotation.attempt,
            start=now,
            end=now,
            secret_id=rotation.secret_id,
            token=rotation.token,
        )
        failed = replace(interrupted, error=interrupted.error or error)
        self._service.transact(ref.region, lambda context: rotation_lifecycle.record_step(context, failed))

    def _is_current(self, ref: RotationRef) -> bool:
        """Whether the rotation belongs to the current state: a reset removes all rotations."""
        known = self._refs.get(ref.key)
        return known is not None and known.region is ref.region
