"""Interleaved measurements of all sides: on a machine with other load only their ratios are meaningful."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from processes import HERE, Processes
from sizes import FULL, QUICK
from table import FLOOR, Row

#: The values of each measurement, by side and name.
Samples = dict[tuple[str, str], list[float]]


class Worker:
    """A process that measures one side with the package of one checkout."""

    def __init__(self, side: str, environ: Mapping[str, str], size: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), side, size],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ, **environ},
        )  # fmt: skip
        ready = self._read()
        self.variants: Sequence[str] = ready["variants"]
        self.package: str | None = ready["package"]

    def measure(self, name: str, repeats: int) -> dict[str, Any]:
        print(json.dumps([name, repeats]), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("A worker has ended; its error is above.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        self._process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
        self._process.wait()


class Race:
    """
    Measures all rows for each checkout, the floor and moto.

    In each round every side has a new process. A round repeats every measurement several times, each time for all
    sides in a random order.

    Args:
        checkouts: the directories that hold the packages, by side.
    """

    def __init__(self, checkouts: Mapping[str, Path], rows: Sequence[Row], *, is_quick: bool) -> None:
        self._rows = rows
        self._checkouts = checkouts
        self._has_moto = len(checkouts) == 1
        self._size = "quick" if is_quick else "full"
        self._environ = {side: {"PYTHONPATH": str(path)} for side, path in checkouts.items()}
        self.samples: Samples = defaultdict(list)
        self.errors: dict[tuple[str, str], str] = {}

    def round(self) -> None:
        self._of_workers()
        self._of_processes()

    def _of_workers(self) -> None:
        with ExitStack() as stack:
            workers = {side: stack.enter_context(self._worker(side)) for side in self._sides()}
            for name, repeats, passes in self._measurements():
                sides = [side for side, worker in workers.items() if name in worker.variants]
                for _ in range(passes):
                    for side in random.sample(sides, len(sides)):
                        self._keep(side, name, workers[side].measure(name, repeats))

    def _sides(self) -> list[str]:
        """Return the checkouts, the floor if a row is compared with it, and moto unless two checkouts are compared."""
        needs_floor = any(row.over == FLOOR for row in self._rows)
        return [*self._checkouts, *([FLOOR] if needs_floor else []), *(["moto"] if self._has_moto else [])]

    def _worker(self, side: str) -> Worker:
        kind = "ours" if side in self._checkouts else side
        worker = Worker(kind, self._environ.get(side, {}), self._size)
        if side in self._checkouts and not Path(str(worker.package)).is_relative_to(self._checkouts[side]):
            raise RuntimeError(
                f"{self._checkouts[side]} was to be measured, and {worker.package} was imported."
            )
        return worker

    def _measurements(self) -> list[tuple[str, int, int]]:
        """Yield each measurement once with its repeats and passes, after the one that it is compared with."""
        own = {row.measure: (row.repeats, row.passes) for row in self._rows}
        names: dict[str, tuple[int, int]] = {}
        for row in self._rows:
            for name in (row.over, row.measure):
                if name is not None and name != FLOOR:
                    names[name] = own.get(name, (row.repeats, row.passes))
        return [(name, *effort) for name, effort in names.items()]

    def _of_processes(self) -> None:
        sizes = QUICK if self._size == "quick" else FULL
        measured = {side: Processes(environ, sizes).ours for side, environ in self._environ.items()}
        if self._has_moto:
            measured["moto"] = Processes({}, sizes).moto
        for name, _, _ in self._measurements():
            sides = [side for side, measures in measured.items() if name in measures]
            for side in random.sample(sides, len(sides)):
                try:
                    self._keep(side, name, {"value": measured[side][name]()})
                except RuntimeError as error:
                    self._keep(side, name, {"error": str(error)})

    def _keep(self, side: str, name: str, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            self.errors[side, name] = answer["error"]
        else:
            self.samples[side, name].append(answer["value"])
