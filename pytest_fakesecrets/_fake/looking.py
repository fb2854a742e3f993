"""The part of the fake that looks at its world: as it stands, as it came to be, and what is to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from typing import Any

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.moments import LAST, moved
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._report.timeline import calendar, timeline
from pytest_fakesecrets._rotation.executor import Rotations
from pytest_fakesecrets._service.barrier import encodable
from pytest_fakesecrets._service.clock import Clock, Moment, moment_of
from pytest_fakesecrets._service.cloudtrail import cloudtrail, eventbridge
from pytest_fakesecrets._service.history import Event
from pytest_fakesecrets._service.service import Service

from .backend import FakeBackend
from .secret_view import SecretView

#: How many rotation windows a table has at most: more than anybody reads, and a schedule has no end.
_MOST_WINDOWS = 100_000


class Looking:
    """The part of the fake that looks at its world, and changes nothing but what has come due."""

    _world: FakeBackend
    _service: Service
    _rotations: Rotations
    clock: Clock

    def secret(self, secret_id: str) -> SecretView:
        """
        A secret, read-only and live.

        Raises:
            FakeSecretsError: there is no such secret.
        """
        self._world.locate(secret_id)
        return SecretView(lambda: self._world.locate(secret_id)[1], lambda: self._service.history)

    def rotations(self, secret_id: str | None = None) -> tuple[Rotation, ...]:
        """The rotations so far, of one secret or of all, as they stand now, oldest first."""
        arn = None if secret_id is None else self._world.locate(secret_id)[1].arn
        self._world.catch_up()
        return self._rotations.all(arn)

    def check(self, rotation: Rotation) -> None:
        """
        Let a test fail where there is anything to say of what a rotation function did.

        Args:
            rotation: the rotation, as `rotate()`, `run()` or `rotations()` gave it; its steps until now count.

        Raises:
            AssertionError: there are findings; the text lists them.
        """
        __tracebackhide__ = True
        if not isinstance(rotation, Rotation):
            raise FakeSecretsError(
                "check() takes one Rotation, as rotate() returns and rotations() lists, not an object of type "
                f"{type(rotation).__name__}."
            )
        same = [
            each
            for each in self.rotations()
            if (each.secret_id, each.token) == (rotation.secret_id, rotation.token)
        ]
        latest = same[0] if same else rotation
        told = "".join(f"\n- {finding}" for finding in latest.findings)
        if told:
            raise AssertionError(
                f"What the rotation function of {rotation.secret_id} did is not as AWS needs it:{told}"
            )

    @property
    def history(self) -> tuple[Event, ...]:
        """Every event so far, oldest first: calls, label moves, values stored, rotation steps and outcomes."""
        self._world.catch_up()
        return self._service.history.events

    @property
    def cloudtrail(self) -> tuple[dict[str, Any], ...]:
        """The service's own events as CloudTrail records, about rotations, deletions and replications."""
        return tuple(cloudtrail(self.history))

    @property
    def eventbridge(self) -> tuple[dict[str, Any], ...]:
        """What arrives on the default event bus: the same records, and "Secret Label Updated"."""
        return tuple(eventbridge(self.history))

    def schedule(self, secret_id: str, *, until: Moment | timedelta) -> str:
        """
        The windows that come, as a table, if each rotation succeeds when its window opens.

        Args:
            secret_id: the name or ARN of the secret.
            until: windows that open after this moment are left out. A datetime, a date or a string,
                in UTC, or a timedelta from now.

        Raises:
            FakeSecretsError: there is no such secret, it has no schedule, or there are too many windows.
        """
        _, secret = self._world.locate(secret_id)
        window = secret.due_window
        if window is None or secret.rotation is None:
            raise FakeSecretsError(
                f"{secret.name!r} does not rotate on a schedule. Give it one with "
                "rotate_secret(RotationRules=...), and leave rotation turned on."
            )
        coming = chain([window], secret.rotation.schedule.windows(window.opens, LAST))
        end = self._end_of_schedule(until)
        windows = list(islice(takewhile(lambda each: each.opens <= end, coming), _MOST_WINDOWS + 1))
        if len(windows) > _MOST_WINDOWS:
            raise FakeSecretsError(
                f"There are more than {_MOST_WINDOWS} windows until {utc(end)} UTC. Choose an earlier moment."
            )
        return calendar(windows)

    def _end_of_schedule(self, until: Moment | timedelta) -> datetime:
        if not isinstance(until, timedelta):
            return moment_of(until)
        end = moved(self.clock.now, until)
        if end is None:
            raise FakeSecretsError(
                f"until={until!r} is outside the calendar, which ends with the year 9999. Choose less."
            )
        return end

    def timeline(self, secret_id: str | None = None) -> str:
        """The history as a table of labels over time, of one secret or of all. It never shows a value."""
        arn = None if secret_id is None else self._world.locate(secret_id)[1].arn
        self._world.catch_up()
        return self.recorded(arn)

    def recorded(self, arn: str | None = None, last: int | None = None) -> str:
        """The timeline of what has been recorded, without running what has come due. For reports."""
        events = self._service.history.events
        arns = dict.fromkeys(event.secret_id for event in events if event.secret_id) if arn is None else [arn]
        redact = self._service.redactor.redact
        tables = [
            timeline(redact(arn), [event for event in events if event.secret_id == arn], last, redact)
            for arn in arns
        ]
        return encodable("\n\n".join(tables)) or "Nothing has happened yet."
