"""The clock: the only module that reads the time of the process, and that sets it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone
from threading import RLock

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.public import public

from .freeze import REAL, Freeze, OwnFreeze, in_force

Moment = datetime | date | str

_CALENDAR = "the calendar has the years 1 to 9999, in UTC. Choose a moment in them."

#: That of the class, also where a freeze that failed to end has left another one in this module.
_real_now = REAL[0].now

#: The instant of what runs here, where it is not the time of the process.
_INSTANT: ContextVar[datetime | None] = ContextVar("_INSTANT", default=None)


def present() -> datetime:
    """The time of what runs here, aware and in UTC: as a rule that of the process, whatever sets it."""
    instant = _INSTANT.get()
    if instant is not None:
        return instant
    freeze = in_force()
    return _real_now(timezone.utc) if freeze is None else freeze.read()


def _standing() -> datetime:
    """The same, where the fake itself looks: a freeze that goes on with each reading stays where it is."""
    instant = _INSTANT.get()
    if instant is not None:
        return instant
    freeze = in_force()
    return _real_now(timezone.utc) if freeze is None else freeze.now()


@public
class Clock:
    """
    The time of the whole process, once it has been frozen by `freeze`, `move_to` or `tick`.

    Until then it follows whatever sets the time: the real clock, freezegun, time-machine. Where one of these
    two has frozen the time already, their freeze is moved, and no other one is started.
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
            may_freeze: whether the fake of this clock is active: else nothing would end the freeze.
        """
        self._next_due = next_due
        self._run_due = run_due
        self._may_freeze = may_freeze
        self._lock = RLock()
        self._own: OwnFreeze | None = None
        #: The freezes of others that this clock moves, each with its state before and after that.
        self._borrowed: dict[Freeze, tuple[object, object]] = {}

    @property
    def now(self) -> datetime:
        """The time, aware and in UTC, asked anew each time."""
        return _standing()

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
        """Whether this clock sets the time: by its own freeze, or by one that it has found and moves."""
        with self._lock:
            is_own = self._own is not None and self._own.is_alive
            return is_own or any(freeze.is_alive for freeze in self._borrowed)

    def freeze(self) -> None:
        """Stop the time of the process where it stands, unless it is frozen already."""
        with self._lock:
            self._check_may_freeze()
            self._hold()

    def move_to(self, moment: Moment) -> None:
        """
        Set the time, and run on the way there what comes due, each thing at its own instant.

        Args:
            moment: an aware `datetime`, or a naive one, a `date` or a string such as
                "2030-01-31 16:00", all three in UTC. It may lie in the past: nothing is undone.

        Raises:
            FakeSecretsError: the moment cannot be read, or it is outside the calendar.
        """
        target = moment_of(moment)
        self._travel(lambda now: target)

    def tick(self, delta: timedelta | float = timedelta(seconds=1)) -> None:
        """
        Move the time by *delta*, a `timedelta` or a number of seconds. See `move_to`.

        Raises:
            FakeSecretsError: the delta is neither, or it leads outside the calendar.
        """
        self._travel(lambda now: _moved_by(delta, now))

    def stop(self) -> None:
        """Let the time of the process run again, or give a freeze that was found back as it was."""
        with self._lock:
            for freeze, (before, after) in self._borrowed.items():
                if freeze.is_alive and freeze.state == after:  # else its owner has moved it since
                    freeze.restore(before)
            self._borrowed.clear()
            if self._own is not None:
                self._own.end()
            self._own = None  # only now: after an interrupt in end() this is called again

    def _travel(self, aim: Callable[[datetime], datetime]) -> None:
        """Go from where the clock stands to where *aim* leads, and stop at each instant at which something is due."""
        if (instant := _INSTANT.get()) is not None:
            # What came due takes its time there, until at() ends it: the time of the process stays.
            _INSTANT.set(aim(instant))
            return
        with self._lock:
            now = _standing()
            target = aim(now)
            self._check_may_freeze()
            self._hold()
            if target < now:
                self._set(target)
        while (due := self._next_due(target)) is not None:
            self._advance(due)
            self._run_due()
        self._advance(target)  # what ran may have moved the clock further

    def _check_may_freeze(self) -> None:
        if not self._may_freeze():
            raise FakeSecretsError(
                "The fake of this clock is not active, so its clock cannot set the time of the process. "
                "Ask for fakesecrets_clock in this test, or enter the fake first."
            )

    def _hold(self) -> Freeze:
        """The freeze that is in force: one that was found, or else one of our own, started now."""
        freeze = in_force()
        if freeze is None:
            return self._start()
        if (self._own is None or freeze != self._own.freeze) and freeze not in self._borrowed:
            self._borrowed[freeze] = freeze.state, freeze.state
        return freeze

    def _start(self) -> Freeze:
        if self._own is not None:  # other code has stopped it
            self._own.end()
        self._own = OwnFreeze(_standing())
        return self._own.start()  # where an interrupt comes just after its start, stop() ends it

    def _advance(self, moment: datetime) -> None:
        with self._lock:
            self._check_may_freeze()
            self._set(max(moment, self._hold().now()))

    def _set(self, moment: datetime) -> None:
        """Move the freeze that is in force, and our own one around it, which is in force again later."""
        held = [self._hold()]
        if self._own is not None and self._own.freeze is not None:
            held.append(self._own.freeze)
        for freeze in dict.fromkeys(held):
            freeze.move_to(moment)
            if freeze in self._borrowed:
                self._borrowed[freeze] = self._borrowed[freeze][0], freeze.state


def _moved_by(delta: timedelta | float, now: datetime) -> datetime:
    """
    The moment to which a tick leads.

    Raises:
        FakeSecretsError: the delta is neither a timedelta nor a number, or it leads outside the calendar.
    """
    try:
        return now + (timedelta(seconds=delta) if isinstance(delta, int | float) else delta)
    except OverflowError:
        raise FakeSecretsError(
            f"The clock stands at {utc(now)} UTC and cannot be moved by {delta!r}: {_CALENDAR}"
        ) from None
    except (TypeError, ValueError):
        raise FakeSecretsError(f"tick() takes a timedelta or a number of seconds, not {delta!r}.") from None


def moment_of(moment: Moment) -> datetime:
    """
    An aware moment in UTC.

    Raises:
        FakeSecretsError: it cannot be read, or it is outside the calendar.
    """
    if isinstance(moment, str):
        moment = _parsed(moment)
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            return moment.replace(tzinfo=timezone.utc)
        try:
            return moment.astimezone(timezone.utc)
        except OverflowError:
            raise FakeSecretsError(f"{moment.isoformat()} is not a moment in UTC: {_CALENDAR}") from None
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
