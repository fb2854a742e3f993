"""The hooks of `--fakesecrets-report`: they collect the data of each test, and write the page when the run ends."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.barrier import Barrier, encodable
from pytest_fakesecrets._service.history import History
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._transport.state import listeners

from .collector import redacted_nodeid, secrets_of
from .html_page import page
from .records import ItemPart

#: The maximum number of fakes of a test on the page. The last are kept. Each Hypothesis example may have its own.
FAKES = 12

#: The data of a test is sent as this attribute of its report, or this key of a pytest-xdist worker's output.
_PART = "fakesecrets_part"

_NOT_ENDED = "This run has not ended yet, or was killed: its tests are not here."
_INTERRUPTED = "This run was interrupted: what had not run by then is not here."
_BROKEN = "This run ended with an internal error of pytest, or of a plugin: not all of it may be here."

#: Written if the page cannot be rendered.
_NO_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Secrets in this test run</title></head>\n'
    "<body><p>This page could not be made: a ReportingFailedWarning of the run says where that failed.</p></body></html>\n"
)

#: The outcomes of the phases of a test, best first. The test has the worst of them.
_OUTCOMES = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")

#: The parts of the report, for warnings about errors in them.
_TEST_DATA, _PAGE = "the part of a test in the report", "the page of --fakesecrets-report"


def pytest_configure(config: pytest.Config) -> None:
    with Barrier("what records the tests for --fakesecrets-report"):
        recorder = _Recorder()
        listeners.append(recorder.entered)
        config.add_cleanup(partial(_remove, recorder))
        config.pluginmanager.register(recorder, "fakesecrets_recorder")
        worker: dict[str, Any] | None = getattr(config, "workeroutput", None)
        if worker is not None:
            config.pluginmanager.register(_Messenger(recorder, worker), "fakesecrets_messenger")
        elif not _only_lists(config):
            path = config.invocation_params.dir / Path(
                os.path.expanduser(config.getoption("fakesecrets_report"))
            )
            config.pluginmanager.register(_Writer(recorder, path), "fakesecrets_writer")


def _remove(recorder: _Recorder) -> None:
    if recorder.entered in listeners:
        listeners.remove(recorder.entered)


def _only_lists(config: pytest.Config) -> bool:
    names = ("collectonly", "showfixtures", "show_fixtures_per_test")
    return any(config.getoption(name, False) for name in names)


class _Rotations(Protocol):
    def all(self) -> tuple[Rotation, ...]: ...


class _Backend(Protocol):
    """The attributes of a fake's backend that the report reads."""

    @property
    def service(self) -> Service: ...
    @property
    def rotations(self) -> _Rotations: ...
    @property
    def is_active(self) -> bool: ...


class _Used(NamedTuple):
    """A fake that a test may have used, its history when the test began, and the length of that history."""

    backend: _Backend
    history: History
    length: int
    is_new: bool

    @property
    def since(self) -> int:
        """The index of this test's first event. A fake that has been reset has a new history."""
        return self.length if self.backend.service.history is self.history else 0

    @property
    def was_used(self) -> bool:
        return self.is_new or len(self.backend.service.history) > self.since


class _Recorder:
    """Collects the data of each test that runs in this process."""

    def __init__(self) -> None:
        self._reset()
        #: The data of a test that was interrupted.
        self.unfinished: ItemPart | None = None

    def _reset(self, fakes: tuple[_Backend, ...] = ()) -> None:
        used = (
            _Used(backend, backend.service.history, len(backend.service.history), False) for backend in fakes
        )
        self._used: deque[_Used] = deque(used, FAKES)
        self._left_out = 0
        self._outcome, self._location, self._started = "passed", "", 0.0

    def _finish(self) -> None:
        self._reset(tuple(used.backend for used in self._used if used.backend.is_active))

    def entered(self, backend: _Backend) -> None:
        """Record that a fake was entered. It may have been entered before."""
        with Barrier(_TEST_DATA):
            if not any(used.backend is backend for used in self._used):
                self._left_out += len(self._used) == FAKES
                self._used.append(_Used(backend, backend.service.history, len(backend.service.history), True))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        with Barrier(_TEST_DATA):
            self._finish()
        try:
            return (yield)
        except BaseException:
            with Barrier(_TEST_DATA):
                self._outcome = "interrupted"
                self.unfinished = self._part(item.nodeid)
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        with Barrier(_TEST_DATA):
            self._record_outcome(report, call)
        if call.when == "teardown":
            with Barrier(_TEST_DATA):
                part = self._part(item.nodeid)
                if part is not None:
                    setattr(report, _PART, part.to_json())
            with Barrier(_TEST_DATA):
                self._finish()
        return report

    def _record_outcome(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        self._started = self._started or call.start
        outcome = _outcome(report)
        if _OUTCOMES.index(outcome) > _OUTCOMES.index(self._outcome):
            self._outcome = outcome
            self._location = (
                "" if call.excinfo is None or not report.failed else _location(report, call.excinfo)
            )

    def _part(self, nodeid: str) -> ItemPart | None:
        used = [used for used in self._used if used.was_used]
        if not used:
            return None
        secrets, left_out = [], 0
        for number, fake in enumerate(used, 1):
            rotations = fake.backend.rotations.all()
            parts, more = secrets_of(fake.backend.service, rotations, since=fake.since, fake_number=number)
            secrets += parts
            left_out += more
        return ItemPart(
            nodeid=redacted_nodeid(nodeid, [fake.backend.service.redactor.redact for fake in used]),
            outcome=self._outcome,
            location=self._location,
            started=self._started,
            secrets=secrets,
            secrets_left_out=left_out,
            fake_count=len(used),
            fakes_left_out=self._left_out,
        )


def _outcome(report: pytest.TestReport) -> str:
    if report.when != "call":
        return {"passed": "passed", "skipped": "skipped"}.get(report.outcome, "error")
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.passed else "xfailed"
    return report.outcome


def _location(report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the type and the line of an error. Its text may contain shortened values, which cannot be redacted."""
    crash = getattr(report.longrepr, "reprcrash", None)
    where = "" if crash is None else f" at {Path(crash.path).name}:{crash.lineno}"
    return f"{raised.typename} in {report.when}{where}"


class _Messenger:
    """In a worker of pytest-xdist: sends the data of an interrupted test to the controller."""

    def __init__(self, recorder: _Recorder, output: dict[str, Any]) -> None:
        self._recorder, self._output = recorder, output

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        with Barrier(_TEST_DATA):
            if self._recorder.unfinished is not None:
                self._output[_PART] = self._recorder.unfinished.to_json()


class _Writer:
    """Collects the data of all tests, and writes the page."""

    def __init__(self, recorder: _Recorder, path: Path) -> None:
        self._recorder, self._path = recorder, path
        self._parts: list[ItemPart] = []
        self._text, self._summary_line = _NO_PAGE, ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """
        Replace the page of an earlier run by one that says that this run has not ended.

        Raises:
            pytest.UsageError: the file cannot be written.
        """
        problem = None
        with Barrier(_PAGE):
            problem = self._write(page([], notes=[_NOT_ENDED]))
        if problem is not None:
            raise pytest.UsageError(
                f"--fakesecrets-report: {self._path} cannot be written: {problem}. "
                "Name a file in a directory in which files can be made."
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        with Barrier(_TEST_DATA):
            self._take(vars(report))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        with Barrier(_TEST_DATA):
            self._take(getattr(node, "workeroutput", None) or {})

    def _take(self, carrier: Mapping[str, Any]) -> None:
        if _PART in carrier:
            self._parts.append(ItemPart.from_json(carrier[_PART]))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the page, without changing the outcome of the run."""
        self._summary_line = f"fakesecrets report: {self._path} could not be made: see the warnings."
        with Barrier(_PAGE):
            if self._recorder.unfinished is not None:
                self._parts.append(self._recorder.unfinished)
            notes = {pytest.ExitCode.INTERRUPTED: _INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR: _BROKEN}
            self._text = page(
                self._parts, notes=[note for status, note in notes.items() if status == exitstatus]
            )
        with Barrier(_PAGE):
            problem = self._write(self._text)
            written = "" if problem is None else f" cannot be written: {problem}."
            self._summary_line = f"fakesecrets report: {self._path}{written}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        with Barrier("the line about the report in the summary"):
            terminalreporter.write_line(encodable(self._summary_line))

    def _write(self, text: str) -> str | None:
        """Write the file. Return the reason if it cannot be written, or None."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except (OSError, ValueError) as error:  # ValueError: the path has an invalid character
            return f"{getattr(error, 'strerror', None) or error}"
        return None
