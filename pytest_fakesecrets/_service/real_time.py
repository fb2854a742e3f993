"""Modules that measure how long something really takes: their clocks go on while the time is frozen."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freezegun.api import _freeze_time

#: Most of them measure in order to end a wait: no timeout of theirs would ever pass.
_MEASURING = (
    "_pytest.subtests",
    "_pytest.timing",
    "asyncio.base_events",
    "botocore.retries.bucket",
    "concurrent.futures._base",
    "hypothesis.core",
    "hypothesis.internal.conjecture.data",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.internal.conjecture.junkdrawer",
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
    "trio._core._run",
)

#: freezegun shows the real time also to what these modules call, up to five frames away: the functions of
#: users that run in a thread. They are in _MEASURING instead, one by one.
_SHOWN_TOO_MUCH = frozenset({"multiprocessing", "queue", "threading"})

#: The clocks of the module time that measure, as freezegun spells them.
_CLOCKS = ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns")

#: What freezegun is given to ignore from the start. It goes by the beginnings of names, so a name without a dot
#: could be that of a module of users too.
IGNORED = [name for name in _MEASURING if "." in name]


def let_clocks_go_on(freezing: _freeze_time, api: MutableMapping[str, Any]) -> None:
    """
    Give modules that measure the real clocks, and nothing else: what they call sees the frozen time.

    Args:
        freezing: what has frozen the time: it undoes this too.
        api: the globals of freezegun's module api.
    """
    clocks = {name: api[f"real_{name}"] for name in _CLOCKS}
    undo, running = freezing.undo_changes, _Clocks(clocks)
    for module, name, original in tuple(undo):
        if getattr(module, "__name__", "") in _MEASURING and original in clocks.values():
            setattr(module, name, original)
    for name in _MEASURING:
        measuring = sys.modules.get(name)
        if measuring is not None and vars(measuring).get("time") is time:
            undo.append((measuring, "time", time))
            vars(measuring)["time"] = running
    loaded = _SHOWN_TOO_MUCH.union(_MEASURING).intersection(sys.modules)
    ignored = dict.fromkeys((*freezing.ignore, *_MEASURING))
    api["ignore_lists"][-1] = tuple(name for name in ignored if name not in loaded)


class _Clocks(ModuleType):
    """The module time as it was before its clocks were stopped."""

    def __init__(self, clocks: Mapping[str, Any]) -> None:
        super().__init__("time")
        vars(self).update(clocks)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
