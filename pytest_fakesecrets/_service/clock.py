"""The clock: the only module that reads and sets the time of the process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone
from threading import RLock

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import did_you_mean, utc
from pytest_fakesecrets._core.moments import UNITS, unit_named, units_of

from .freeze import REAL, Freeze, OwnFreeze, in_force, real_now

Moment = datetime | date | str

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_CALENDAR = "the calendar has the years 1 to 9999, in UTC. Choose a moment in them."

#: The default of `tick`.
_SECOND = timedelta(seconds=1)
#: Units that a timedelta does not have, since they differ in length.
_CALENDAR_UNITS = ("month", "year")

#: The real method, even if a freeze that failed to end has left freezegun's class in this module.
_real_now = REAL[0].now

#: The instant that this thread or task sees instead of the time of the process, or None.
_INSTANT: ContextVar[datetime | None] = ContextVar("_INSTANT", default=None)


def present() -> datetime:
    """The current time, aware and in UTC. Inside of `Clock.at` this is its instant."""
    instant = _INSTANT.get()
    if instant is not None:
        return instant
    freeze = in_force()
    return _real_now(timezone.utc) if freeze is None else freeze.read()


def milliseconds_outside() -> int:
    """The Unix time in milliseconds that other processes see: it runs, also where the time of this one is frozen."""
    return (real_now() - _EPOCH) // timedelta(milliseconds=1)


def peek() -> datetime:
    """The same as `present`, but without advancing a freeze that advances with each reading."""
    instant = _INSTANT.get()
    if instant is not None:
        return instant
    freeze = in_force()
    return _real_now(timezone.utc) if freeze is None else freeze.now()


@exported
class Clock:
    """
    A clock that sets the time of the whole process after `freeze`, `move_to` or `tick`.

    Before that, it follows the time of the process, which freezegun or time-machine may set. If one of these has
    already frozen the time, the clock moves that freeze instead of starting its own.
    """

    def __init__(
        self,
        next_due: Callable[[datetime], datetime | None],
        run_due: Callable[[], None],
        may_freeze: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Args:
            next_due: returns the instant of the next scheduled entry up to and including a moment, or None.
                The clock stops at this instant when it moves.
            run_due: runs the entries that are due at the current time.
            may_freeze: returns whether the fake of this clock is active. Only an active fake ends its freeze.
        """
        self._next_due = next_due
        self._run_due = run_due
        self._may_freeze = may_freeze
        self._lock = RLock()
        self._own: OwnFreeze | None = None
        #: The foreign freezes that this clock moves, with their states before and after the moves.
        self._foreign: dict[Freeze, tuple[object, object]] = {}

    @property
    def now(self) -> datetime:
        """The current time, aware and in UTC."""
        return peek()

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """Set the time to *instant* for the fake alone, while an entry runs later than it was due."""
        token = _INSTANT.set(moment_of(instant))
        try:
            yield
        finally:
            _INSTANT.reset(token)

    def __repr__(self) -> str:
        return f"<Clock {'frozen at' if self.is_frozen else 'running, at'} {utc(self.now)} UTC>"

    @property
    def is_frozen(self) -> bool:
        """Whether this clock sets the time, by its own freeze or by a foreign one that it moves."""
        with self._lock:
            is_own = self._own is not None and self._own.is_alive
            return is_own or any(freeze.is_alive for freeze in self._foreign)

    def freeze(self) -> None:
        """
        Freeze the process at the current time, unless it is frozen already.

        Raises:
            FakeSecretsError: the fake of this clock is not active.
        """
        with self._lock:
            self._check_may_freeze()
            self._ensure_frozen()

    def move_to(self, moment: Moment) -> None:
        """
        Set the time. Scheduled rotations, retries and deletions run on the way, each at its own instant.

        Args:
            moment: an aware `datetime`; or, in UTC, a naive `datetime`, a `date` or a string such as
                "2030-01-31 16:00". A moment before the current time moves the clock back, and undoes nothing.

        Raises:
            FakeSecretsError: the moment is invalid or outside the calendar, or the fake of this clock is not active.
        """
        target = moment_of(moment)
        self._travel(lambda now: target)

    def tick(self, delta: timedelta | float = _SECOND, **units: float) -> None:
        """
        Move the time by *delta*, a `timedelta` or a number of seconds. See `move_to`.

        Args:
            delta: the length of time. Without it, and without units, it is one second, as in freezegun. A negative
                length moves the clock back, and undoes nothing.
            units: the same in the units of `timedelta`: `tick(days=31)`, `tick(hours=2, minutes=30)`.

        Raises:
            FakeSecretsError: the delta is invalid or leads outside the calendar, or the fake is not active.
        """
        if units:
            delta = _length(None if delta is _SECOND else delta, units)
        self._travel(lambda now: _moved_by(delta, now))

    def stop(self) -> None:
        """Let the time of the process run again, and restore foreign freezes to their previous state."""
        with self._lock:
            for freeze, (before, after) in self._foreign.items():
                if freeze.is_alive and freeze.state == after:  # else other code has moved it since
                    freeze.restore(before)
            self._foreign.clear()
            if self._own is not None:
                self._own.end()
            self._own = None  # last: after an interrupt this method is called again

    def _travel(self, target_of: Callable[[datetime], datetime]) -> None:
        """Move the time to `target_of(now)`, and run on the way what becomes due."""
        if (instant := _INSTANT.get()) is not None:
            # Inside of at() only its instant moves, and not the time of the process.
            _INSTANT.set(target_of(instant))
            return
        with self._lock:
            now = peek()
            target = target_of(now)
            self._check_may_freeze()
            self._ensure_frozen()
            if target < now:
                self._set(target)
        while (due := self._next_due(target)) is not None:
            self._advance(due)
            self._run_due()
        self._advance(target)  # the entries may have moved the clock further

    def _check_may_freeze(self) -> None:
        if not self._may_freeze():
            raise FakeSecretsError(
                "The fake of this clock is not active, so its clock cannot set the time of the process. "
                "Request fakesecrets_clock in this test, or enter the fake first."
            )

    def _ensure_frozen(self) -> Freeze:
        """Return the freeze in force. If there is none, start one."""
        freeze = in_force()
        if freeze is None:
            return self._start()
        if (self._own is None or freeze != self._own.freeze) and freeze not in self._foreign:
            self._foreign[freeze] = freeze.state, freeze.state
        return freeze

    def _start(self) -> Freeze:
        if self._own is not None:  # other code has stopped it
            self._own.end()
        self._own = OwnFreeze(peek())
        return self._own.start()  # if an interrupt comes just after its start, stop() ends it

    def _advance(self, moment: datetime) -> None:
        with self._lock:
            self._check_may_freeze()
            self._set(max(moment, self._ensure_frozen().now()))

    def _set(self, moment: datetime) -> None:
        """Move the freeze in force, and also our own freeze if a foreign one is nested in it."""
        freezes = [self._ensure_frozen()]
        if self._own is not None and self._own.freeze is not None:
            freezes.append(self._own.freeze)
        for freeze in dict.fromkeys(freezes):
            freeze.move_to(moment)
            if freeze in self._foreign:
                self._foreign[freeze] = self._foreign[freeze][0], freeze.state


def _length(delta: object, units: Mapping[str, float]) -> timedelta:
    """
    The length of time that the keywords of `tick` give.

    Raises:
        FakeSecretsError: a keyword is unknown, a value is not a number, or there is a delta too.
    """
    given: Mapping[str, object] = units
    for name, value in given.items():
        if name not in UNITS:
            raise FakeSecretsError(_unknown_unit(name, value))
        if not isinstance(value, int | float) or value != value:
            raise FakeSecretsError(f"tick({name}=...) takes a number, not {value!r}. Write tick(days=31).")
    if delta is not None:
        raise FakeSecretsError(
            f"tick() takes a delta or keywords, and it got both: {delta!r} and {', '.join(units)}. Write tick(days=31)."
        )
    try:
        return timedelta(**units)
    except OverflowError:
        shown = ", ".join(f"{name}={value!r}" for name, value in units.items())
        raise FakeSecretsError(f"The clock cannot be moved by {shown}: {_CALENDAR}") from None


def _unknown_unit(name: str, value: object) -> str:
    listed = f"Unknown unit {name!r}. Choose one of {', '.join(UNITS)}."
    if (of_calendar := _calendar_unit(name)) is not None:
        return f"{listed} {of_calendar}"
    meant = did_you_mean(name, UNITS)
    if not meant and isinstance(value, int | float) and (unit := unit_named(name)) is not None:
        return f"{listed} Write tick({unit}={value!r})."
    return f"{listed}{meant} Write tick(days=31), or tick(timedelta(days=31))."


def _calendar_unit(text: str) -> str | None:
    """What to do about a unit of the calendar in *text*, or None where it has none."""
    for unit in _CALENDAR_UNITS:
        if unit in text.lower():
            return f"A timedelta has no {unit}s: use move_to() with the moment."
    return None


def _advice_for(delta: object) -> str:
    """How to write a length of time that is given as a text, with a space before it, or ""."""
    if not isinstance(delta, str):
        return ""
    units, of_calendar = units_of(delta), _calendar_unit(delta)
    return f" Write tick({units})." if units else f" {of_calendar}" if of_calendar else ""


def _moved_by(delta: timedelta | float, now: datetime) -> datetime:
    """
    The moment *delta* after *now*.

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
        raise FakeSecretsError(
            f"tick() takes a timedelta or a number of seconds, not {delta!r}.{_advice_for(delta)}"
        ) from None


def moment_of(moment: Moment) -> datetime:
    """
    Convert a moment to an aware `datetime` in UTC.

    Raises:
        FakeSecretsError: the moment is invalid or outside the calendar.
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
        f"A moment has to be a datetime, a date or a string such as '2030-01-31 16:00', not {moment!r}."
    )


def _parsed(text: str) -> datetime:
    """
    Parse a moment in the ISO format, or in a format that freezegun accepts, such as "Jan 14th, 2030".

    Raises:
        FakeSecretsError: the text is not a moment.
    """
    readings: set[datetime] = set()
    with suppress(ValueError):
        # Python 3.10 does not accept "Z" for UTC.
        readings = {datetime.fromisoformat(text.replace("Z", "+00:00"))}
    readings = readings or _readings_as_freezegun(text)
    if len(readings) != 1:
        raise FakeSecretsError(
            f"{text!r} is not a moment. Write it as '2030-01-31', '2030-01-31 16:00' or "
            "'2030-01-31T16:00:00+00:00', or pass a datetime or a date. Without an offset it is in UTC."
        )
    return readings.pop()


def _readings_as_freezegun(text: str) -> set[datetime]:
    """The moments that a text can mean: several for a partial date or "01.02.2030", none for a word or a zone's name."""
    from dateutil.parser import parse  # comes with freezegun

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return {
                parse(text, default=day, dayfirst=is_day_first)
                for day in (datetime(2001, 1, 1), datetime(2002, 2, 2))  # noqa: DTZ001
                for is_day_first in (False, True)
            }
    except (ValueError, OverflowError, Warning):
        return set()
