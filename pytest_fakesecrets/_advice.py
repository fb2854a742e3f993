"""
Hooks that add to the report of a failure what happened while no fake was active.

They are a plugin of their own, which the one beside them loads: a client that has no region, and calls that went
to AWS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from traceback import walk_tb
from typing import TYPE_CHECKING

import pytest

from ._hook import departures

if TYPE_CHECKING:
    from ._guard import Departure

_SECTION = "fakesecrets"

_HINT = (
    "hint: This client was made while no fake was active, and has no region. Set one in conftest.py, before this "
    'module is imported: os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1"). Or, for the module of a rotation '
    'function, do not import it: add_rotation_function("module:function") imports it while the fake is active.'
)


def pytest_collectstart() -> None:
    departures.clear()


def pytest_runtest_logstart() -> None:
    departures.clear()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    try:
        return (yield)
    except Exception as error:
        _add_hint(error)
        raise


def pytest_exception_interact(
    node: pytest.Collector,
    call: pytest.CallInfo[object],
    report: pytest.CollectReport | pytest.TestReport,
) -> None:
    if not isinstance(report, pytest.CollectReport) or call.excinfo is None:
        return  # that of a test has been written by now
    if _add_hint(call.excinfo.value):
        written = node.repr_failure(call.excinfo)
        if _HINT in str(written):
            report.longrepr = written
        else:  # pytest shows the text of an error that it made itself, from the one with the hint
            report.sections.append((_SECTION, _HINT))
    _add_departures(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo is not None:
        _add_hint(call.excinfo.value)
    report = yield
    if report.failed:
        _add_departures(report)
    return report


def _add_hint(error: BaseException) -> bool:
    """Add to an error that a client has no region what to do, and return whether it is one, or comes from one."""
    found = [cause for cause in _causes(error, set()) if _is_a_missing_region(cause)]
    for cause in found:
        if hasattr(cause, "add_note"):
            if _HINT not in getattr(cause, "__notes__", ()):
                cause.add_note(_HINT)
        elif _HINT not in str(cause):
            cause.args = (f"{cause}\n{_HINT}",)
    return bool(found)


def _causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """An error, and those from which it comes."""
    if error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        for cause in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
            yield from _causes(cause, seen)


def _is_a_missing_region(error: BaseException) -> bool:
    """Whether botocore has raised an error for the want of a region, when it made a client for our service."""
    if type(error).__name__ != "NoRegionError":
        return False
    services = (frame.f_locals.get("service_name") for frame, _ in walk_tb(error.__traceback__))
    return any(isinstance(service, str) and service == "secretsmanager" for service in services)


def _add_departures(report: pytest.CollectReport | pytest.TestReport) -> None:
    if departures:
        report.sections.append((_SECTION, "\n".join(_lines(Counter(departures)))))


def _lines(calls: Mapping[Departure, int]) -> Iterator[str]:
    yield "While no fake was active, these secretsmanager calls were made:"
    for call, times in calls.items():
        did = (
            "rejected by fakesecrets_guard" if call.is_rejected else f"left this process for {call.endpoint}"
        )
        yield f"- {call.operation}, {times} {'time' if times == 1 else 'times'}, {did}"
    if len(departures) == departures.maxlen:
        yield f"- and calls before these {departures.maxlen}"
    yield (
        "Request the fixture fakesecrets, or fakesecrets_client, where they are made. "
        "The ini option fakesecrets_guard = true rejects them."
    )
