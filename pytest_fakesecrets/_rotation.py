"""Rotations in motion: the steps of a rotation, the calls of its function, and what runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID, uuid5

from ._core.assumptions import Assumptions
from ._core.rotation import Rotation, RotationStep
from ._core.store import Region
from ._failures import warn_of_failure
from ._operations import outcome
from ._service import RUNNING, Running, Service

#: Under which RotationTokens are made, so that they are opaque and the same on every run.
_TOKENS = UUID("6f2f52d2-7c0b-4f0e-9c51-3a0f3b0d2a6e")


Key = tuple[str, str]


class Place(NamedTuple):
    """Where a rotation is kept: its latest value is looked up there."""

    region: Region
    secret_id: str
    token: str

    @property
    def rotation(self) -> Rotation:
        return self.region.rotations[self.secret_id][self.token]

    @property
    def key(self) -> Key:
        return self.secret_id, self.token

    @property
    def is_open(self) -> bool:
        rotation = self.rotation
        return rotation.status == "in progress" or rotation.retry_at is not None

    def goes_on(self, now: datetime) -> bool:
        secret = self.region.find(self.secret_id, now)
        return secret is not None and self.rotation.has_steps_left(secret.labels)


class Rotations:
    """
    The rotations of a world, and who runs them.

    As long as no test has taken them into its hands, a rotation runs to its end before the call
    that has started it returns.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.driven = False
        self.clear()

    def clear(self) -> None:
        """Forget all rotations and what was assumed. Who drives them, drives on."""
        self.assumptions = Assumptions()
        #: All there have been, in the order in which they began.
        self._places: dict[Key, Place] = {}
        #: Those of them that AWS may go on with.
        self._open: dict[Key, Place] = {}
        self._running: set[Key] = set()

    def started(self, region: Region, rotation: Rotation) -> None:
        """Take notice of a rotation that a call has started."""
        place = Place(region, rotation.secret_id, rotation.token)
        with self._service.lock:
            self._places[place.key] = self._open[place.key] = place
        if not self.driven:
            self.run_to_the_end(place)

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

    def next_retry(self, until: datetime) -> datetime | None:
        """When the next failed rotation is tried again, if that is not after *until*."""
        return min((moment for moment, _ in self._retries(until)), default=None)

    def retry_due(self) -> None:
        """Try again what has come due by now, each thing at its own instant, in the order of these."""
        while due := self._retries(self._service.clock.now):
            moment, place = min(due, key=itemgetter(0))
            with self._service.clock.at(moment):
                self.run_to_the_end(place)

    def _retries(self, until: datetime) -> list[tuple[datetime, Place]]:
        if self.driven or not self._open:
            return []
        return [
            (moment, place)
            for place in self.waiting()
            if (moment := place.rotation.retry_at) is not None
            and moment <= until
            and place.key not in self._running
        ]

    def run_to_the_end(self, place: Place) -> Rotation:
        """One attempt, or what is left of it. A failure ends it, and is told by a warning."""
        while True:
            step = self.advance(place)
            if step is not None and step.error is not None:
                warn_of_failure(self._service, place.rotation, step.error)
            if step is None or place.rotation.status != "in progress":
                return place.rotation

    def advance(self, place: Place) -> RotationStep | None:
        """
        Run the next step of a rotation: after a failure, the first one again.

        Returns:
            The step, or None where another thread is at it, or the world has been reset meanwhile.
        """
        __tracebackhide__ = True
        with self._service.lock:
            if place.key in self._running:
                return None
            self._running.add(place.key)
        try:
            if place.rotation.status == "failed":
                with self._service.transaction(place.region) as context:
                    outcome.retry(context, place.rotation)
            step = self.call(place, place.rotation.next_step)
            if place.key not in self._places:
                return None
            with self._service.transaction(place.region) as context:
                outcome.record(context, step, self.assumptions)
                recorded = place.rotation.steps[-1]
                self._service.history.append(recorded)
            return recorded
        finally:
            self._running.discard(place.key)

    def call(self, place: Place, name: str, *, redelivered: bool = False) -> RotationStep:
        """Call the function, or let the service rotate where there is none, and tell how it went."""
        __tracebackhide__ = True
        rotation, start = place.rotation, self._service.clock.now
        error: BaseException | None = None
        token = RUNNING.set(Running(name, place.region.account))
        try:
            if rotation.function_arn is None:
                with self._service.transaction(place.region) as context:
                    outcome.rotate_by_service(context, rotation)
            else:
                self._invoke(rotation, rotation.function_arn, name)
        except (Exception, SystemExit) as raised:
            error = raised
        finally:
            RUNNING.reset(token)
        return RotationStep(
            name=name,
            attempt=rotation.attempt,
            start=start,
            end=self._service.clock.now,
            secret_id=rotation.secret_id,
            token=rotation.token,
            error=error,
            redelivered=redelivered,
        )

    def _invoke(self, rotation: Rotation, function_arn: str, name: str) -> None:
        __tracebackhide__ = True
        self._service.functions.find(function_arn).invoke(
            event_of(rotation, name),
            invoked_arn=function_arn,
            request_id=self._service.ids.request_id(),
            clock=lambda: self._service.clock.now,
        )


def event_of(rotation: Rotation, step: str) -> Mapping[str, str]:
    """
    The event that the rotation function receives.

    Source: user guide, rotate-secrets_lambda-functions. The RotationToken is the same for all steps
    of a rotation.
    """
    return {
        "Step": step,
        "SecretId": rotation.secret_id,
        "ClientRequestToken": rotation.token,
        "RotationToken": str(uuid5(_TOKENS, rotation.token)),
    }
