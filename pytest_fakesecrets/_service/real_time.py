"""Keeps the clocks real for modules that measure durations, while the time is frozen."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, MutableMapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freezegun.api import _freeze_time

#: Modules that measure durations. Most use them for timeouts, which would never expire with frozen clocks.
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

#: Names in freezegun's ignore list that cover too much: callees within five frames see the real time too, such as a
#: user's function in a thread. Their modules are in _MEASURING instead.
_SHOWN_TOO_MUCH = frozenset({"multiprocessing", "queue", "threading"})

#: The clocks of the module time, by the names that freezegun uses.
_CLOCKS = ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns")

#: The modules that freezegun ignores from the start. freezegun compares prefixes of names, so a name without a dot
#: could also match a module of a user.
IGNORED = [name for name in _MEASURING if "." in name]


def let_clocks_go_on(freezing: _freeze_time, api: MutableMapping[str, Any]) -> None:
    """
    Restore the real clocks in the modules of _MEASURING. Functions that they call see the frozen time.

    Args:
        freezing: the freeze of freezegun. Its end undoes these changes.
        api: the globals of the module freezegun.api.
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
    """The module time with its real clocks."""

    def __init__(self, clocks: Mapping[str, Any]) -> None:
        super().__init__("time")
        vars(self).update(clocks)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
