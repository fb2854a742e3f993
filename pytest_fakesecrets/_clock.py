"""The clock: the only module that reads the time, and that freezes it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

from ._core.errors import FakeSecretsError
from ._words import utc

if TYPE_CHECKING:
    from freezegun.api import (
        FrozenDateTimeFactory,
        StepTickTimeFactory,
        TickingDateTimeFactory,
        _freeze_time,
    )

Moment = datetime | date | str

#: A clock that was frozen with "tick" has gone on by the time that it is looked at.
_TOLERANCE = timedelta(seconds=1)


#: The instant of what runs here, where it is not the time of the process.
_INSTANT: ContextVar[datetime | None] = ContextVar("_INSTANT", default=None)


def present() -> datetime:
    """The time of what runs here, aware and in UTC: that of the process, whoever has set it, as a rule."""
    return _INSTANT.get() or datetime.now(timezone.utc)


class Clock:
    """
    The time of the whole process, once it has been frozen by `freeze`, `move_to` or `tick`.

    Until then it follows whoever sets the time: the real clock, freezegun, time-machine.
    """

    def __init__(
        self,
        next_due: Callable[[datetime], datetime | None],
        run_due: Callable[[], None],
        may_freeze: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Args:
            next_due: answers the next instant, up to a moment and with it, at which something is due,
                or None. The clock stops there on its way.
            run_due: runs what is due where the clock stands.
            may_freeze: whether the fake of this clock is active: else nobody would end the freeze.
        """
        self._next_due = next_due
        self._run_due = run_due
        self._may_freeze = may_freeze
        self._freezing_or_not = Lock()
        self._freezing: _freeze_time | None = None
        self._frozen: FrozenDateTimeFactory | StepTickTimeFactory | TickingDateTimeFactory | None = None

    @property
    def now(self) -> datetime:
        """The time, aware and in UTC, asked anew each time."""
        return present()

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """Let the fake alone see *instant*: what came due under somebody else's clock has its own."""
        token = _INSTANT.set(instant)
        try:
            yield
        finally:
            _INSTANT.reset(token)

    def __repr__(self) -> str:
        return f"<Clock {'frozen at' if self.is_frozen else 'running, at'} {utc(self.now)} UTC>"

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def freeze(self) -> None:
        """Stop the time of the process where it stands. Does nothing when this clock has done so before."""
        if not self._may_freeze():
            raise FakeSecretsError(
                "The fake of this clock is not active, so its clock cannot set the time of the process. "
                "Ask for fakesecrets_clock in this test, or enter the fake first."
            )
        with self._freezing_or_not:
            if self._freezing is None:
                from freezegun import api, freeze_time  # takes its time to import, and most tests need none

                # asyncio's event loop keeps its own time, or a sleeping task would never wake up.
                freezing, others = freeze_time(self.now, real_asyncio=True), len(api.freeze_factories)
                try:
                    self._frozen, self._freezing = freezing.start(), freezing
                except BaseException:
                    if len(api.freeze_factories) > others:
                        freezing.stop()
                    raise

    def move_to(self, moment: Moment) -> None:
        """
        Set the time, and run on the way there what comes due, each thing at its own instant.

        Args:
            moment: an aware `datetime`, or a naive one, a `date` or a string such as
                "2030-01-31 16:00", all three in UTC. It may lie in the past: nothing is undone.

        Raises:
            FakeSecretsError: the moment cannot be read.
        """
        target = moment_of(moment)
        if _INSTANT.get() is not None:
            # What came due takes its time there, until at() ends it: nobody else's time moves.
            _INSTANT.set(target)
            return
        self.freeze()
        if target < self.now:
            self._set(target)
        while (due := self._next_due(target)) is not None:
            self._set(max(due, self.now))
            self._run_due()
        self._set(max(target, self.now))  # what ran may have moved the clock further

    def tick(self, delta: timedelta | float = timedelta(seconds=1)) -> None:
        """
        Move the time by *delta*, a `timedelta` or a number of seconds. See `move_to`.

        Raises:
            FakeSecretsError: the delta is neither.
        """
        try:
            delta = timedelta(seconds=delta) if isinstance(delta, int | float) else delta
            target = self.now + delta
        except (TypeError, ValueError, OverflowError):
            raise FakeSecretsError(
                f"tick() takes a timedelta or a number of seconds, not {delta!r}."
            ) from None
        self.move_to(target)

    def stop(self) -> None:
        """Let the time of the process run again."""
        with self._freezing_or_not:
            if self._freezing is not None:
                from freezegun import api

                if self._frozen in api.freeze_factories:  # not where this has been done before, in part
                    self._freezing.stop()
            self._freezing = self._frozen = None

    def _set(self, moment: datetime) -> None:
        from freezegun import api

        assert self._frozen is not None
        self._frozen.move_to(moment)
        if api.freeze_factories and api.freeze_factories[-1] is not self._frozen:
            # Somebody has frozen the time once more inside of ours, and the last one counts.
            api.freeze_factories[-1].move_to(moment)
        if abs(self.now - moment) > _TOLERANCE:
            raise FakeSecretsError(
                f"The clock cannot be moved to {utc(moment)} UTC: somebody else holds the time at "
                f"{utc(self.now)} UTC. Let one of them set the time, fakesecrets_clock or the other."
            )


def moment_of(moment: Moment) -> datetime:
    """
    An aware moment in UTC.

    Raises:
        FakeSecretsError: it cannot be read.
    """
    if isinstance(moment, str):
        moment = _parsed(moment)
    if isinstance(moment, datetime):
        return (
            moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
        )
    if isinstance(moment, date):
        return datetime(moment.year, moment.month, moment.day, tzinfo=timezone.utc)
    raise FakeSecretsError(
        f"A moment is a datetime, a date or a string such as '2030-01-31 16:00', not {moment!r}."
    )


def _parsed(text: str) -> datetime:
    try:
        # Python 3.10 does not know the "Z" of UTC.
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return _read_freely(text)


def _read_freely(text: str) -> datetime:
    """What freezegun's users write: "Jan 14th, 2030". A date in full, and no zone by its local name."""
    from dateutil.parser import parse  # comes with freezegun

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            readings = {parse(text, default=day) for day in (datetime(2001, 1, 1), datetime(2002, 2, 2))}  # noqa: DTZ001
    except (ValueError, OverflowError, Warning):
        readings = set()
    if len(readings) != 1:
        raise FakeSecretsError(
            f"No moment can be read from {text!r}. Write it as '2030-01-31', '2030-01-31 16:00' or "
            "'2030-01-31T16:00:00+00:00'; without an offset it is in UTC."
        )
    return readings.pop()
