"""Freezes of the time: the one that is in force, whether freezegun or time-machine made it, and one of our own."""

from __future__ import annotations

import copyreg
import datetime as datetime_module
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime, timedelta, timezone
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from freezegun.api import _freeze_time

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

#: Modules that measure how long something really takes, most of them in order to end a wait. While the time
#: stands still their clocks go on, or no timeout of theirs would ever pass.
_MEASURING = (
    "_pytest.subtests",
    "_pytest.timing",
    "asyncio.base_events",
    "botocore.retries.bucket",
    "concurrent.futures._base",
    "hypothesis.core",
    "hypothesis.internal.conjecture.data",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.stateful",
    "imaplib",
    "multiprocessing.connection",
    "multiprocessing.managers",
    "multiprocessing.queues",
    "multiprocessing.synchronize",
    "psycopg.connection",
    "psycopg.connection_async",
    "psycopg.waiting",
    "queue",
    "socketserver",
    "sqlalchemy.util.queue",
    "subprocess",
    "telnetlib",
    "threading",
)

#: freezegun shows the real time also to what these modules call, up to five frames away: the functions of
#: users that run in a thread. They are in _MEASURING instead, one by one.
_SHOWN_TOO_MUCH = frozenset({"multiprocessing", "queue", "threading"})

#: The clocks of the module time that measure, as freezegun spells them.
_CLOCKS = ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns")


class Freeze(Protocol):
    """A freeze that can be moved, whatever made it."""

    @property
    def is_alive(self) -> bool:
        """Whether it has not been stopped yet. Another one may be in force inside of it."""

    @property
    def state(self) -> object:
        """Where it stands: another state means that it has been moved."""

    def read(self) -> datetime:
        """The time, as whatever runs in the process reads it."""

    def now(self) -> datetime:
        """The time, without an effect on freezes that go on with each reading."""

    def move_to(self, moment: datetime) -> None: ...

    def restore(self, state: Any) -> None: ...


def in_force() -> Freeze | None:
    """The freeze that the process sees: the innermost one of freezegun, or else of time-machine."""
    api = _freezegun()
    if api is not None and api["freeze_factories"]:
        return FreezegunFreeze(api["freeze_factories"][-1], api)
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


def _travellers() -> list[Any]:
    """The travels of time-machine, the innermost last. Its earlier versions call them coordinates."""
    machine = sys.modules.get("time_machine")
    found = getattr(machine, "traveller_stack", None) or getattr(machine, "coordinates_stack", None)
    return found if isinstance(found, list) else []


class FreezegunFreeze:
    """A freeze of freezegun, by the factory that stands for it on freezegun's stack."""

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
        ticks_when_read = hasattr(self.factory, "step_width")
        return self._in_utc(self.factory.time_to_freeze if ticks_when_read else self.factory())

    def move_to(self, moment: datetime) -> None:
        if self.now() != moment:  # a factory that ticks when it is read takes no move for one step
            self.factory.move_to(moment)

    def _in_utc(self, naive: datetime) -> datetime:
        # Not datetime.now(tz), to which freezegun adds its tz_offset; and a plain datetime, not freezegun's.
        plain: type[datetime] = self._api["real_datetime"]
        if type(naive) is not plain:
            naive = plain.combine(naive.date(), naive.time())
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
        self._freezing = freezegun.api.freeze_time(
            moment, ignore=[name for name in _MEASURING if "." in name]
        )
        self.freeze: FreezegunFreeze | None = None

    @property
    def is_alive(self) -> bool:
        return self.freeze is not None and self.freeze.is_alive

    def start(self) -> FreezegunFreeze:
        try:
            self.freeze = FreezegunFreeze(self._freezing.start(), self._api)
            self._let_clocks_go_on()
        except BaseException:  # an interrupt too: freezegun has begun by then
            if self._api["freeze_factories"]:
                self._freezing.stop()
            raise
        return self.freeze

    def end(self) -> None:
        """Stop this freeze and no other one, and undo what freezegun has changed as soon as none is left."""
        place = self._place
        others = len(self._api["freeze_factories"]) - (place is not None)
        if others:
            if place is not None:
                for stack in self._stacks:
                    del stack[place]
            _undo_with_the_last(self._freezing, self._api)
            return
        if place is None:
            self._put_back()
        self._freezing.stop()

    @property
    def _place(self) -> int | None:
        """Where on freezegun's stacks it is: nowhere where other code has called stop() once too often."""
        assert self.freeze is not None
        factories = self._api["freeze_factories"]
        return next((place for place, each in enumerate(factories) if each is self.freeze.factory), None)

    @property
    def _stacks(self) -> Iterator[list[Any]]:
        return (self._api[name] for name in ("freeze_factories", "ignore_lists", "tick_flags", "tz_offsets"))

    def _put_back(self) -> None:
        """What stop() takes away."""
        for stack in self._stacks:
            stack.append(None)
        for name in ("real_datetime", "real_date"):
            copyreg.dispatch_table.setdefault(self._api[name], self._api["pickle_fake_datetime"])

    def _let_clocks_go_on(self) -> None:
        """Give modules that measure the real clocks, and nothing else: what they call sees the frozen time."""
        clocks = {name: self._api[f"real_{name}"] for name in _CLOCKS}
        undo, running = self._freezing.undo_changes, _Clocks(clocks)
        for module, name, original in tuple(undo):
            if getattr(module, "__name__", "") in _MEASURING and original in clocks.values():
                setattr(module, name, original)
        for name in _MEASURING:
            measuring = sys.modules.get(name)
            if measuring is not None and vars(measuring).get("time") is time:
                undo.append((measuring, "time", time))
                vars(measuring)["time"] = running
        loaded = _SHOWN_TOO_MUCH.union(_MEASURING).intersection(sys.modules)
        shown = dict.fromkeys((*self._freezing.ignore, *_MEASURING))
        self._api["ignore_lists"][-1] = tuple(name for name in shown if name not in loaded)


class _Clocks(ModuleType):
    """The module time as it was before its clocks were stopped."""

    def __init__(self, clocks: Mapping[str, Any]) -> None:
        super().__init__("time")
        vars(self).update(clocks)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


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
