"""Exceptions that come from outside: which they are, and how to clean up in spite of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .errors import FunctionStopped

T = TypeVar("T")

#: Exceptions that steer the test run and derive from Exception, by module and class: none is imported here.
_STEERING = {
    ("_pytest.outcomes", "Exit"),  # pytest.exit()
    ("bdb", "BdbQuit"),  # "quit" in a debugger
    ("hypothesis.errors", "UnsatisfiedAssumption"),  # assume() and reject()
    ("unittest.case", "SkipTest"),
}


def is_interrupt(error: BaseException | None) -> bool:
    """
    Whether an exception is meant for the test run or for the process, and not for AWS Lambda.

    pytest.skip(), pytest.fail(), a timeout plugin, KeyboardInterrupt and a cancelled task are. SystemExit is not:
    a Lambda function that exits has crashed. A group is, if one of its members is.
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
    Call *body*, and then *clean_up*, which may be called twice.

    A signal handler raises its exception wherever the code is, also inside of a clean-up. If an interrupt stops
    the first clean-up, the second one finishes it. So *clean_up* must be idempotent, even after a partial run. *body*
    acquires what *clean_up* releases: between an acquisition and a "try" an exception could come as well.
    """
    __tracebackhide__ = True
    try:
        try:
            return body()
        finally:
            clean_up()
    finally:
        clean_up()
