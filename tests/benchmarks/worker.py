"""
A process that measures one side, and handles one request after the other.

    python worker.py SIDE quick|full

Each input line is JSON with the name of a measurement and the number of calls; each output line has the seconds of one
call: CPU time of the thread, since other processes run on the same CPUs.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from time import thread_time
from traceback import format_exc
from typing import Any

from sizes import FULL, QUICK


def main(side: str, size: str) -> None:
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of other code must not mix with the results
    variants = importlib.import_module(f"side_{side}").variants(QUICK if size == "quick" else FULL)
    package = getattr(sys.modules.get("pytest_fakesecrets"), "__file__", None)
    print(json.dumps({"variants": list(variants), "package": package}), file=channel, flush=True)
    for line in sys.stdin:
        name, repeats = json.loads(line)
        print(json.dumps(_answer(variants[name], repeats)), file=channel, flush=True)


def _answer(variant: Any, repeats: int) -> dict[str, Any]:
    try:
        with variant() as call:
            return {"value": _seconds(call, repeats) if callable(call) else call}
    except Exception:
        return {"error": format_exc()}


def _seconds(call: Any, repeats: int) -> float:
    gc.collect()
    start = thread_time()
    for number in range(repeats):
        call(number)
    return (thread_time() - start) / repeats


main(*sys.argv[1:])
