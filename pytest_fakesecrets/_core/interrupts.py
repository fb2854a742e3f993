"""Recognise exceptions that interrupt the test run, and clean up even if one is raised meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .errors import FunctionStopped

T = TypeVar("T")

#: Exceptions that control the test run and derive from Exception, by module and class, so that none is imported.
_STEERING = {
    ("_pytest.outcomes", "Exit"),  # pytest.exit()
    ("bdb", "BdbQuit"),  # "quit" in a debugger
    ("hypothesis.errors", "UnsatisfiedAssumption"),  # assume() and reject()
    ("unittest.case", "SkipTest"),
}


def is_interrupt(error: BaseException | None) -> bool:
    """
    Whether an exception is meant for the test run or for the process, and not for AWS Lambda.

    The exceptions of pytest.skip(), pytest.fail(), a timeout plugin, KeyboardInterrupt and a cancelled task are
    interrupts. SystemExit is not: a Lambda function that exits has crashed. An exception group is an interrupt if
    one of its members is.
    """
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and any(isinstance(member, BaseException) for member in members):
        return any(is_interrupt(member) for member in members)
    if error is None or isinstance(error, SystemExit | FunctionStopped):
        return False
    kinds = {(kind.__module__, kind.__qualname__) for kind in type(error).__mro__}
    return not isinstance(error, Exception) or not _STEERING.isdisjoint(kinds)


def ensured(body: Callable[[], T], clean_up: Callable[[], object]) -> T:
    """
    Call *body*, and then call *clean_up* twice.

    A signal handler can raise its exception at any point, also during *clean_up*. If an interrupt stops the first
    call of *clean_up*, the second call completes it. So *clean_up* must be idempotent, even after a partial run.
    *body* has to acquire what *clean_up* releases: an exception could also be raised between an acquisition and "try".
    """
    __tracebackhide__ = True
    try:
        try:
            return body()
        finally:
            clean_up()
    finally:
        clean_up()
