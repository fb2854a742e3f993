"""The hooks of `--fakesecrets-report`: they collect the data of each test, and write the page when the run ends."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.history import History
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings, encodable
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._transport.state import is_of_fixture_of, listeners

from .collector import Record, redacted_nodeid, secrets_of
from .failure import NO_FAILURE, Failure, failure_of
from .html_page import page
from .records import ItemPart, SecretPart

#: The maximum number of fakes of a test on the page. The last are kept. Each Hypothesis example may have its own.
FAKES = 12

#: The data of a test is sent as this attribute of its report, or this key of a pytest-xdist worker's output.
_PART = "fakesecrets_part"

_NOT_ENDED = "This run has not ended yet, or was killed: its tests are not here."
_INTERRUPTED = "This run was interrupted. Tests that had not run by then are missing."
_BROKEN = "This run ended with an internal error of pytest or of a plugin. Tests may be missing."

#: Written if the page cannot be rendered.
_NO_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Secrets in this test run</title></head>\n'
    "<body><p>This page could not be made. See the ReportingFailedWarning of the run.</p></body></html>\n"
)

#: The outcomes of the phases of a test, best first. The test has the worst of them.
_OUTCOMES = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")

#: The parts of the report, for warnings about errors in them.
_TEST_DATA, _PAGE = "the data of a test in the report", "the page of --fakesecrets-report"


def pytest_configure(config: pytest.Config) -> None:
    with ErrorsBecomeWarnings("the recorder of --fakesecrets-report"):
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


class _Run(Record, Protocol):
    """The record of the run of a contract's scenario that its failure is about. Later runs may have reset the fake."""

    @property
    def backend(self) -> object: ...
    @property
    def rotations(self) -> Sequence[Rotation]: ...
    @property
    def is_one_of_several(self) -> bool: ...


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
    def was_reset(self) -> bool:
        """Whether the fake was reset in this test, so that earlier values are unknown and cannot be redacted."""
        return self.backend.service.history is not self.history

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
        self._outcome, self._failure, self._started = "passed", NO_FAILURE, 0.0
        self._run: _Run | None = None

    def _finish(self) -> None:
        self._reset(tuple(used.backend for used in self._used if used.backend.is_active))

    def entered(self, backend: _Backend) -> None:
        """Record that a fake was entered. It may have been entered before."""
        with ErrorsBecomeWarnings(_TEST_DATA):
            if not any(used.backend is backend for used in self._used):
                self._left_out += len(self._used) == FAKES
                self._used.append(_Used(backend, backend.service.history, len(backend.service.history), True))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        with ErrorsBecomeWarnings(_TEST_DATA):
            self._finish()
        try:
            return (yield)
        except BaseException:
            with ErrorsBecomeWarnings(_TEST_DATA):
                self._outcome = "interrupted"
                self.unfinished = self._part(item)
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        with ErrorsBecomeWarnings(_TEST_DATA):
            self._record_outcome(report, call)
        if call.when == "teardown":
            with ErrorsBecomeWarnings(_TEST_DATA):
                part = self._part(item)
                if part is not None:
                    setattr(report, _PART, part.to_json())
            with ErrorsBecomeWarnings(_TEST_DATA):
                self._finish()
        return report

    def _record_outcome(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        self._started = self._started or call.start
        outcome = _outcome(report)
        if _OUTCOMES.index(outcome) > _OUTCOMES.index(self._outcome):
            self._outcome = outcome
            self._failure = NO_FAILURE
            self._run = getattr(call.excinfo and call.excinfo.value, "fakesecrets_run", None)
            if call.excinfo is not None and report.failed:
                self._failure = failure_of(call.excinfo.value, str(report.when))
            elif report.skipped and isinstance(report.longrepr, tuple):
                self._failure = Failure(message=report.longrepr[2].removeprefix("Skipped: "))

    def _used_by(self, item: pytest.Item) -> list[_Used]:
        """Return the fakes that a test used. For a failed test, one of which it read only views counts too."""
        went_wrong = self._outcome not in ("passed", "skipped")
        return [
            used
            for used in self._used
            if used.was_used or (went_wrong and is_of_fixture_of(item, used.backend))
        ]

    def _part(self, item: pytest.Item) -> ItemPart | None:
        used = self._used_by(item)
        contract, scenario_count = _contract(item)
        if not used and not contract:
            return None
        redactors = [fake.backend.service.redactor.redact for fake in used]
        redactors += [] if self._run is None else [self._run.redactor.redact]
        # A scenario of a contract resets its fake, and redacts its message itself.
        can_redact = contract or not any(fake.was_reset for fake in used)
        failure = self._failure.redacted(redactors) if can_redact else self._failure.withheld()
        secrets, left_out = [], 0
        for number, fake in enumerate(used, 1):
            parts, more = self._secrets_of(fake, number)
            secrets += parts
            left_out += more
        return ItemPart(
            nodeid=redacted_nodeid(item.nodeid, redactors),
            outcome=self._outcome,
            location=failure.location,
            message=failure.message,
            source=failure.source,
            contract=contract,
            scenario_count=scenario_count,
            started=self._started,
            secrets=secrets,
            secrets_left_out=left_out,
            fake_count=max(1, len(used)),
            fakes_left_out=self._left_out,
            is_one_of_several=self._run is not None and self._run.is_one_of_several,
        )

    def _secrets_of(self, used: _Used, number: int) -> tuple[list[SecretPart], int]:
        """Return the secrets of a fake in this test, or in the run of it that the failure is about."""
        has_passed, run = self._outcome == "passed", self._run
        if run is not None and run.backend is used.backend:
            return secrets_of(run, run.rotations, fake_number=number, has_passed=has_passed)
        service, rotations = used.backend.service, used.backend.rotations.all()
        return secrets_of(service, rotations, since=used.since, fake_number=number, has_passed=has_passed)


def _outcome(report: pytest.TestReport) -> str:
    if report.when != "call":
        return {"passed": "passed", "skipped": "skipped"}.get(report.outcome, "error")
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.passed else "xfailed"
    return report.outcome


def _contract(item: pytest.Item) -> tuple[str, int]:
    """Return the node id of the contract class whose scenario a test is, and its number of scenarios; or "" and 0."""
    test_class = getattr(item, "cls", None)
    for base in getattr(test_class, "__mro__", ()):
        if (base.__module__, base.__qualname__) == ("pytest_fakesecrets", "RotationContract"):
            scenarios = [name for name in dir(base) if name.startswith("test_")]
            if getattr(item, "originalname", None) in scenarios:
                return item.nodeid.rpartition("::")[0], len(scenarios)
    return "", 0


class _Messenger:
    """In a worker of pytest-xdist: sends the data of an interrupted test to the controller."""

    def __init__(self, recorder: _Recorder, output: dict[str, Any]) -> None:
        self._recorder, self._output = recorder, output

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        with ErrorsBecomeWarnings(_TEST_DATA):
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
        with ErrorsBecomeWarnings(_PAGE):
            problem = self._write(page([], notes=[_NOT_ENDED]))
        if problem is not None:
            raise pytest.UsageError(
                f"--fakesecrets-report: {self._path} cannot be written: {problem}. "
                "Choose a file in a directory that can be written."
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        with ErrorsBecomeWarnings(_TEST_DATA):
            self._take(vars(report))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        with ErrorsBecomeWarnings(_TEST_DATA):
            self._take(getattr(node, "workeroutput", None) or {})

    def _take(self, carrier: Mapping[str, Any]) -> None:
        if _PART in carrier:
            self._parts.append(ItemPart.from_json(carrier[_PART]))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the page, without changing the outcome of the run."""
        self._summary_line = f"fakesecrets report: {self._path} could not be written. See the warnings."
        with ErrorsBecomeWarnings(_PAGE):
            if self._recorder.unfinished is not None:
                self._parts.append(self._recorder.unfinished)
            notes = {pytest.ExitCode.INTERRUPTED: _INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR: _BROKEN}
            self._text = page(
                self._parts, notes=[note for status, note in notes.items() if status == exitstatus]
            )
        with ErrorsBecomeWarnings(_PAGE):
            problem = self._write(self._text)
            written = "" if problem is None else f" cannot be written: {problem}."
            self._summary_line = f"fakesecrets report: {self._path}{written}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        with ErrorsBecomeWarnings("the line about the report in the summary"):
            terminalreporter.write_line(encodable(self._summary_line))

    def _write(self, text: str) -> str | None:
        """Write the file. Return the reason if it cannot be written, or None."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except (OSError, ValueError) as error:  # ValueError: the path has an invalid character
            return f"{getattr(error, 'strerror', None) or error}"
        return None
