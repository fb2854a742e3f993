"""Frozen time: freezes of freezegun and of time-machine, and a freeze of our own."""

from __future__ import annotations

import copyreg
import datetime as datetime_module
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import datetime, timedelta, timezone
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from .real_time import IGNORED, let_clocks_go_on

if TYPE_CHECKING:
    from freezegun.api import _freeze_time

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

#: The class `datetime.datetime` as Python has it, in a tuple, since freezegun replaces it where a module has it.
REAL = (cast("type[datetime]", next(kind for kind in datetime.__mro__ if kind.__module__ == "datetime")),)


class Freeze(Protocol):
    """A freeze of freezegun or time-machine that can be moved."""

    @property
    def is_alive(self) -> bool:
        """Whether the freeze has not been stopped. A nested freeze may be in force instead of it."""

    @property
    def state(self) -> object:
        """The state to pass to `restore`. It changes when the freeze is moved."""

    def read(self) -> datetime:
        """The time as code in the process reads it."""

    def now(self) -> datetime:
        """The time, without advancing freezes that advance with each reading."""

    def move_to(self, moment: datetime) -> None: ...

    def restore(self, state: Any) -> None: ...


def in_force() -> Freeze | None:
    """The freeze in force: the innermost freeze of freezegun, or else of time-machine, or None."""
    if datetime_module.datetime is not REAL[0]:
        api = _freezegun()
        if api is not None and api["freeze_factories"]:
            return FreezegunFreeze(api["freeze_factories"][-1], api)
    if "time_machine" not in sys.modules:
        return None
    travellers = _travellers()
    return TimeMachineFreeze(travellers[-1]) if travellers else None


def _freezegun() -> MutableMapping[str, Any] | None:
    """
    The globals of the copy of freezegun that holds the time, or None.

    They are found through what `datetime.datetime` is replaced with: `sys.modules` may hold another copy, or none.
    """
    now = vars(datetime_module.datetime).get("now")
    found = getattr(now.__func__, "__globals__", {}) if isinstance(now, classmethod) else {}
    return found if "freeze_factories" in found else None


def real_now() -> datetime:
    """The time outside of every freeze."""
    machine = sys.modules.get("time_machine")
    if machine is not None and _travellers():  # it replaces the functions of the real class too
        escaped: datetime = machine.escape_hatch.datetime.datetime.now(timezone.utc)
        return escaped
    return REAL[0].now(timezone.utc)


def is_freezegun_in_force() -> bool:
    return datetime_module.datetime is not REAL[0] and _freezegun() is not None


def follow_freeze(modules: Iterable[ModuleType]) -> None:
    """
    Set the names of modules that stand for the time as freezegun would: frozen, or real.

    freezegun does this only with the modules that are in `sys.modules` when it starts or stops.
    """
    found = _freezegun() if is_freezegun_in_force() else None
    api = found or getattr(sys.modules.get("freezegun.api"), "__dict__", {})
    pairs = [
        (api[f"real_{name}"], api[fake])
        for name in _FROZEN_NAMES
        if (fake := _FAKE_CLASSES.get(name, f"fake_{name}")) in api and f"real_{name}" in api
    ]
    wanted = {id(before): after for before, after in (pairs if found else [pair[::-1] for pair in pairs])}
    for module in modules:
        for name, value in list(vars(module).items()):
            if id(value) in wanted:
                setattr(module, name, wanted[id(value)])


_FAKE_CLASSES = {"date": "FakeDate", "datetime": "FakeDatetime"}
_FROZEN_NAMES = (
    *_FAKE_CLASSES,
    *("gmtime", "localtime", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("strftime", "time", "time_ns", "clock"),
)


def _travellers() -> list[Any]:
    """The travels of time-machine, the innermost last. Its earlier versions call them coordinates."""
    machine = sys.modules.get("time_machine")
    found = getattr(machine, "traveller_stack", None) or getattr(machine, "coordinates_stack", None)
    return found if isinstance(found, list) else []


class FreezegunFreeze:
    """A freeze of freezegun, by the factory that stands for it on freezegun's stack."""

    __slots__ = ("_api", "factory")

    def __init__(self, factory: Any, api: Mapping[str, Any]) -> None:
        self.factory = factory
        self._api = api

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreezegunFreeze) and other.factory is self.factory

    def __hash__(self) -> int:
        return id(self.factory)

    @property
    def is_alive(self) -> bool:
        return any(each is self.factory for each in self._api["freeze_factories"])

    @property
    def state(self) -> dict[str, Any]:
        return dict(vars(self.factory))

    def restore(self, state: Any) -> None:
        vars(self.factory).update(state)

    def read(self) -> datetime:
        return self._in_utc(self.factory())

    def now(self) -> datetime:
        runs_by_itself = "start" in vars(self.factory)
        return self._in_utc(self.factory() if runs_by_itself else self.factory.time_to_freeze)

    def move_to(self, moment: datetime) -> None:
        if self.now() != moment:  # a factory that ticks when it is read takes no move for one step
            self.factory.move_to(moment)

    def _in_utc(self, naive: datetime) -> datetime:
        # Not datetime.now(tz), to which freezegun adds its tz_offset; and a plain datetime, not freezegun's.
        if type(naive) is not REAL[0]:
            naive = REAL[0].combine(naive.date(), naive.time())
        return naive.replace(tzinfo=timezone.utc)


class TimeMachineFreeze:
    """A travel of time-machine, by the object that `travel().start()` returns."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeMachineFreeze) and other._traveller is self._traveller

    def __hash__(self) -> int:
        return id(self._traveller)

    @property
    def is_alive(self) -> bool:
        return any(each is self._traveller for each in _travellers())

    @property
    def state(self) -> int:
        nanoseconds: int = self._traveller._destination_timestamp_ns
        return nanoseconds

    def restore(self, state: Any) -> None:
        self._shift((state - self.state) // 1000 * _MICROSECOND)

    def read(self) -> datetime:
        nanoseconds: int = self._traveller.time_ns()
        return _EPOCH + nanoseconds // 1000 * _MICROSECOND

    now = read

    def move_to(self, moment: datetime) -> None:
        self._shift(moment - self.now())

    def _shift(self, delta: timedelta) -> None:
        self._traveller.shift(delta)  # its move_to() would change the time zone of the process as well


class OwnFreeze:
    """A freeze of freezegun that is started here. It can be ended wherever it is among those of others."""

    def __init__(self, moment: datetime) -> None:
        import freezegun.api  # takes its time to import, and most tests need none

        self._api = vars(freezegun.api)
        self._freezing = freezegun.api.freeze_time(moment, ignore=IGNORED)
        self.freeze: FreezegunFreeze | None = None

    @property
    def is_alive(self) -> bool:
        return self.freeze is not None and self.freeze.is_alive

    def start(self) -> FreezegunFreeze:
        try:
            self.freeze = FreezegunFreeze(self._freezing.start(), self._api)
            if self._is_outermost:
                let_clocks_go_on(self._freezing, self._api)
        except BaseException:  # an interrupt too: freezegun has begun by then
            if self.freeze is not None:
                self.end()
            elif self._api["freeze_factories"]:
                self._freezing.stop()
            raise
        return self.freeze

    def end(self) -> None:
        """
        Stop this freeze and no other one, and undo what freezegun has changed as soon as none is left.

        It may be called again, and also where start() did not come to its end.
        """
        if self.freeze is None:
            return
        place = self._place
        others = len(self._api["freeze_factories"]) - (place is not None)
        if others:
            if place is not None:
                for stack in self._stacks:
                    del stack[place]
            if self._is_outermost:
                _undo_with_the_last(self._freezing, self._api)
            return
        if place is None:
            self._put_back()
        self._freezing.stop()

    @property
    def _is_outermost(self) -> bool:
        """Whether it has changed the modules: another thread may have begun a freeze just before it."""
        return bool(self._freezing.modules_at_start)

    @property
    def _place(self) -> int | None:
        """Where on freezegun's stacks it is: nowhere where other code has called stop() once too often."""
        factory = self.freeze.factory if self.freeze is not None else None
        return next(
            (place for place, each in enumerate(self._api["freeze_factories"]) if each is factory), None
        )

    @property
    def _stacks(self) -> Iterator[list[Any]]:
        return (self._api[name] for name in ("freeze_factories", "ignore_lists", "tick_flags", "tz_offsets"))

    def _put_back(self) -> None:
        """What stop() takes away."""
        for stack in self._stacks:
            stack.append(None)
        for name in ("real_datetime", "real_date"):
            copyreg.dispatch_table.setdefault(self._api[name], self._api["pickle_fake_datetime"])


def _undo_with_the_last(freezing: _freeze_time, api: MutableMapping[str, Any]) -> None:
    """
    Let the freeze that ends last undo what the first one has changed.

    freezegun leaves it to the last one, which knows of no change, and then fails in the middle.
    """
    kind = api["_freeze_time"]
    stop = kind.stop

    @wraps(stop)
    def stop_and_undo(self: _freeze_time) -> None:
        if len(api["freeze_factories"]) == 1:
            kind.stop = stop
            self.undo_changes = [*freezing.undo_changes, *self.undo_changes]
            self.modules_at_start = freezing.modules_at_start
            self.fake_names, self.reals = freezing.fake_names, freezing.reals
        stop(self)

    kind.stop = stop_and_undo
