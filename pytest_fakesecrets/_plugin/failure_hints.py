"""
Hooks that extend failure reports with the record of the fake, and with calls and errors from the time when no fake
was active.

`plugin.py` loads them as a plugin of their own.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from traceback import walk_tb
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

import pytest

from pytest_fakesecrets._plugin.stash import FAKE
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport.state import departures

if TYPE_CHECKING:
    from pytest_fakesecrets._fake.backend import FakeBackend
    from pytest_fakesecrets._transport.state import Departure

_PACKAGE = __name__.partition(".")[0]
_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_SECTION = "fakesecrets"
_FIRST_LINE = pytest.StashKey[int]()

_Place = Literal["import", "fixture", "test"]

#: By the class name of a botocore exception, and the place in which it was raised.
_HINTS: Mapping[str, Mapping[_Place, str]] = {
    "NoRegionError": {
        "import": (
            "hint: This client was made while no fake was active, and has no region. Set one in conftest.py, before "
            'this module is imported: os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1"). Or, for the module of a '
            'rotation function, do not import it: add_rotation_function("module:function") imports it while the fake is '
            "active."
        ),
        "fixture": (
            "hint: This client was made while no fake was active, and has no region. Request fakesecrets in the fixture "
            "that makes it; in a fixture of a wider scope, write 'with FakeSecrets() as fake:' around it."
        ),
        "test": (
            "hint: This client was made while no fake was active, and has no region. Request the fixture fakesecrets, or "
            "fakesecrets_client, in this test."
        ),
    },
    "NoCredentialsError": {
        "import": (
            "hint: This call was made while a module was imported, when no fake was active. Make it in a function, and "
            "request the fixture fakesecrets in the test that calls it."
        ),
        "fixture": (
            "hint: This call was made while no fake was active. Request fakesecrets in the fixture that makes it; in a "
            "fixture of a wider scope, write 'with FakeSecrets() as fake:' around it."
        ),
        "test": (
            "hint: This call was made while no fake was active. Request the fixture fakesecrets, or fakesecrets_client, "
            "where it is made."
        ),
    },
}


#: The modules of the standard library through which the frames of this package call one another.
_BETWEEN = ("contextlib", "functools")

#: The backends that became active during the current test, in their order.
_entered: list[ref[Any]] = []


def _note_entered(backend: object) -> None:
    _entered.append(ref(backend))


def _existing() -> list[Any]:
    """The backends of `_entered` that something still refers to, such as a variable of a test that failed."""
    return [backend for each in _entered if (backend := each()) is not None]


def pytest_configure(config: pytest.Config) -> None:
    state.listeners.append(_note_entered)
    config.add_cleanup(partial(state.listeners.remove, _note_entered))


#: The modules and classes in which pytest has looked for tests.
_searched: list[pytest.Module | pytest.Class] = []


def pytest_collectstart(collector: pytest.Collector) -> None:
    departures.clear()
    if isinstance(collector, pytest.Module | pytest.Class):
        _searched.append(collector)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Warn about contract classes of test modules that pytest does not collect, and about misspelt scenarios."""
    searched = list(_searched)
    _searched.clear()
    contract = sys.modules.get("pytest_fakesecrets._contract.contract")
    if contract is not None:
        from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings

        with ErrorsBecomeWarnings("the warnings about the names of contract classes and scenarios"):
            collected = dict.fromkeys(getattr(item, "cls", None) for item in session.items)
            contract.warn_of_uncollected(searched, collected)
            contract.warn_of_misspelt_scenarios(collected)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Report a contract class that does not say what it tests once, where it is collected."""
    contract = sys.modules.get("pytest_fakesecrets._contract.contract")
    if contract is None or metafunc.cls is None or not issubclass(metafunc.cls, contract.RotationContract):
        return
    if _has_own_fixtures(metafunc):
        return  # one of them may set what is missing, so the first scenario reports it
    try:
        contract.check_is_complete(metafunc.cls)
    except Exception as error:
        raise pytest.Collector.CollectError(f"{type(error).__name__}: {error}") from None


def _has_own_fixtures(metafunc: pytest.Metafunc) -> bool:
    """Whether a test has a fixture that is not of an installed plugin. Without pytest's table of them: yes."""
    table: Mapping[str, Sequence[pytest.FixtureDef[object]]] = getattr(metafunc, "_arg2fixturedefs", {})
    codes = [getattr(each.func, "__code__", None) for found in table.values() for each in found]
    files = [code.co_filename for code in codes if code is not None]
    return not files or any("site-packages" not in file and not file.startswith(_DIRECTORY) for file in files)


def pytest_runtest_logstart() -> None:
    departures.clear()
    _entered.clear()


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
        return  # the report of a test has been rendered already
    _hide_frames()
    hint = _add_hint(call.excinfo.value)
    if hint is not None:
        rendered = node.repr_failure(call.excinfo)
        if hint in str(rendered):
            report.longrepr = rendered
        else:  # pytest has wrapped the error with the hint in a CollectError, and shows only its message
            report.sections.append((_SECTION, hint))
    _add_departures(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo is not None:
        _hide_frames()
        if not item.config.getoption("fulltrace", False):
            _hide_context_managers(call.excinfo.tb)
        _add_hint(call.excinfo.value, "test" if call.when == "call" else "fixture")
        _add_hints_of_calls(call.excinfo.value)
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        _point_at_contract(item, report)
    _note_outcome(item, report)
    if report.failed:
        _remove_output_of_other_runs(report, call.excinfo)
        _add_record(report, _backend_of(item), call.excinfo)
        _add_departures(report)
    return report


def _note_outcome(item: pytest.Item, report: pytest.TestReport) -> None:
    """Note the outcome of a contract's scenario, of which the contract may warn when all have run."""
    contract = sys.modules.get("pytest_fakesecrets._contract.contract")
    cls, name = getattr(item, "cls", None), getattr(item, "originalname", None)
    if contract is None or not (isinstance(cls, type) and issubclass(cls, contract.RotationContract)):
        return
    is_clear = report.when == "call" and not report.failed and not hasattr(report, "wasxfail")
    if not hasattr(contract.RotationContract, str(name)) or (report.passed and not is_clear):
        return
    from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings

    with ErrorsBecomeWarnings("the warning about accepted findings that did not occur"):
        # A parametrized scenario runs more than once.
        contract.note_outcome(
            cls, name, report.outcome if is_clear and not hasattr(item, "callspec") else "unknown"
        )


def _backend_of(item: pytest.Item) -> FakeBackend | None:
    """
    The backend of the fake that a test uses, or None.

    It is also that of a fixture of a wider scope, or one that the test itself has entered, and maybe left since.
    """
    if FAKE in item.stash:
        return item.stash[FAKE]._backend
    active: Any = state.active
    if active is not None and state.is_of_fixture_of(item, active):
        return active  # type: ignore[no-any-return]  # this module does not import its class
    return next(reversed(_existing()), None)


def _add_record(
    report: pytest.TestReport,
    backend: FakeBackend | None,
    raised: pytest.ExceptionInfo[BaseException] | None,
) -> None:
    """Add the timeline of the fake of a test, and a hint where retries have absorbed an injected fault."""
    if backend is None:
        return
    from pytest_fakesecrets._fake.fake import recorded_rows
    from pytest_fakesecrets._fake.fault_messages import absorbed_faults
    from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings

    if raised is not None and getattr(raised.value, "has_the_story", False):
        return
    with ErrorsBecomeWarnings("the report section of a failed test"):
        report.sections.append((_SECTION, recorded_rows(backend, 200)))
    with ErrorsBecomeWarnings("the hint about injected faults"):
        hint = None if raised is None else absorbed_faults(backend.service, str(raised.value))
        if hint is not None:
            report.sections.append((_SECTION, hint))


def _remove_output_of_other_runs(
    report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None
) -> None:
    """Of what a scenario of a contract has logged and printed, keep that of the run that failed."""
    run = None if raised is None else getattr(raised.value, "fakesecrets_run", None)
    if run is None:
        return
    from pytest_fakesecrets._contract.run_output import without_other_runs
    from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings

    with ErrorsBecomeWarnings("the captured log of a failed scenario"):
        report.sections[:] = [
            (title, without_other_runs(title, text, run.written)) for title, text in report.sections
        ]


def _hide_frames() -> None:
    """Hide the frames of this package in tracebacks: with --showlocals they would show secret values."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _PACKAGE:
            module.__tracebackhide__ = True  # type: ignore[attr-defined]  # pytest looks for it in every frame


def _hide_context_managers(entry: TracebackType | None) -> None:
    """Take the frames of contextlib and functools before and after frames of this package out of a traceback."""
    while entry is not None:
        while (following := entry.tb_next) is not None and _module(following) in _BETWEEN:
            if not _is_ours(entry) and (following.tb_next is None or not _is_ours(following.tb_next)):
                break
            entry.tb_next = following.tb_next
        entry = entry.tb_next


def _module(entry: TracebackType) -> str:
    return str(entry.tb_frame.f_globals.get("__name__"))


def _is_ours(entry: TracebackType) -> bool:
    return _module(entry).partition(".")[0] == _PACKAGE


def _point_at_contract(item: pytest.Item, report: pytest.TestReport) -> None:
    """Let a skip of a contract's scenario point at the class of the user, not at a line of pytest or of this package."""
    contract = getattr(sys.modules.get("pytest_fakesecrets._contract.contract"), "RotationContract", None)
    cls = getattr(item, "cls", None)
    if contract is None or not (isinstance(cls, type) and issubclass(cls, contract)):
        return
    from pytest_fakesecrets._service.user_code import is_user_file

    assert isinstance(report.longrepr, tuple)
    path, _, reason = report.longrepr
    if is_user_file(str(path)):
        return
    report.longrepr = (str(item.path), _first_line(item, cls), reason)


def _first_line(item: pytest.Item, cls: type) -> int:
    """The first line of a class. Its scenarios look it up once, because Python parses the whole file for it."""
    stash = (item.getparent(pytest.Class) or item).stash
    if _FIRST_LINE not in stash:
        try:
            stash[_FIRST_LINE] = inspect.getsourcelines(cls)[1]
        except (OSError, TypeError):
            stash[_FIRST_LINE] = 1
    return stash[_FIRST_LINE]


def _add_hints_of_calls(error: BaseException) -> None:
    """Add the hints of the fakes of a test to the errors that their clients raised."""
    backends = {*_existing(), *filter(None, [state.active])}
    if backends:
        from pytest_fakesecrets._core import exception_chain
        from pytest_fakesecrets._service.hints import add_note_about_arn, add_note_about_format, add_notes
        from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings

        with ErrorsBecomeWarnings("the hints about rejected calls"):
            add_note_about_arn(error)
            for cause in filter(_is_about_our_service, exception_chain.causes(error)):
                add_note_about_format(cause)
            for backend in backends:
                add_notes(error, backend.service.history.events, backend.service.redactor.redact)


def _add_hint(error: BaseException, place: _Place = "import") -> str | None:
    """Add a hint to an exception about a name of this package, or about a call while no fake was active, and return it."""
    from pytest_fakesecrets._core import exception_chain
    from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
    from pytest_fakesecrets._transport.guard import is_of_guard

    with ErrorsBecomeWarnings("the hint about a misspelt name"):
        if (hint := _add_hint_about_name(error)) is not None:
            return hint
    with ErrorsBecomeWarnings("the hint about a call without a fake"):
        for cause in exception_chain.causes(error):
            hint = _HINTS.get(type(cause).__name__, {}).get(place) or _hint_about_departure(cause, place)
            if is_of_guard(cause) and place != "test":  # in a test, its message is enough
                exception_chain.add_note(cause, _HINTS["NoCredentialsError"][place])
                return _HINTS["NoCredentialsError"][place]
            if hint is not None and _is_about_our_service(cause):
                exception_chain.add_note(cause, hint)
                return hint
    return None


def _add_hint_about_name(error: BaseException) -> str | None:
    from pytest_fakesecrets._core import exception_chain

    # The module of these hints is loaded only where the name can have been one of this package.
    if not any(map(_may_have_our_name, exception_chain.causes(error))):
        return None
    from pytest_fakesecrets._service.keyword_hints import add_notes_about_names

    return add_notes_about_names(error)


def _may_have_our_name(error: BaseException) -> bool:
    """Whether an exception can be about a keyword, an attribute or an import of this package."""
    if type(error) is AttributeError:
        # Not by isinstance(): a proxy of another package may raise when it is asked for its class.
        kind: Any = error.obj if issubclass(type(error.obj), type) else type(error.obj)
        return error.obj is sys.modules[_PACKAGE] or any(
            each.__module__ in (_PACKAGE, "botocore.client") for each in kind.__mro__
        )
    return type(error) is TypeError or (type(error) is ImportError and error.name == _PACKAGE)


def _hint_about_departure(error: BaseException, place: _Place) -> str | None:
    """The hint for an error of botocore about a call that left this process, such as a network failure."""
    left = any(not call.is_rejected for call in departures)
    return (
        _HINTS["NoCredentialsError"][place]
        if left and type(error).__module__.startswith("botocore")
        else None
    )


def _is_about_our_service(error: BaseException) -> bool:
    """Whether botocore raised the exception for a Secrets Manager client, judged by the frames of its traceback."""
    services = (frame.f_locals.get("service_name") for frame, _ in walk_tb(error.__traceback__))
    return any(isinstance(service, str) and service == "secretsmanager" for service in services)


def _add_departures(report: pytest.CollectReport | pytest.TestReport) -> None:
    if departures:
        report.sections.append((_SECTION, "\n".join(_lines(Counter(departures)))))


def _lines(calls: Mapping[Departure, int]) -> Iterator[str]:
    yield "While no fake was active, these secretsmanager calls were made:"
    for call, times in calls.items():
        result = (
            "rejected by fakesecrets_guard" if call.is_rejected else f"left this process for {call.endpoint}"
        )
        yield f"- {call.operation}, {times} {'time' if times == 1 else 'times'}, {result}"
    if len(departures) == departures.maxlen:
        yield f"- and calls before these {departures.maxlen}"
    yield (
        "Request the fixture fakesecrets, or fakesecrets_client, where they are made. "
        "The ini option fakesecrets_guard = true rejects them."
    )
