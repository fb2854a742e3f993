"""
The timeout of a rotation function, by which Lambda kills it.

It is checked at each call (`_fake.backend`), at the end of a Python function (`functions`), and while a process runs
(`_transport.rotation_process`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionStopped, FunctionTimedOut
from pytest_fakesecrets._core.interrupts import is_interrupt
from pytest_fakesecrets._core.moments import check_delay, not_a_timedelta

#: The timeout of AWS's own rotation functions (user guide, troubleshoot_rotation).
TIMEOUT = timedelta(seconds=30)
#: The longest timeout on Lambda (developer guide, configuration-timeout).
LONGEST_TIMEOUT = timedelta(minutes=15)
#: What to do about a function that needs longer than its timeout.
LONGER = "To allow more, set timeout: it is an argument of add_rotation_function() and an attribute of a RotationContract."


def check_timeout(name: str, timeout: object) -> None:
    """
    Check the timeout of a function.

    Args:
        name: the argument or the attribute in the message.

    Raises:
        FakeSecretsError: it is not a timedelta, or it is not positive, or it is longer than Lambda allows.
    """
    if type(timeout) is not timedelta:
        raise not_a_timedelta(name, timeout)
    if timeout <= timedelta(0):
        raise FakeSecretsError(f"{name} has to be a timedelta above 0, not {timeout!r}.")
    check_delay("The timeout of a function on Lambda", timeout, LONGEST_TIMEOUT)


def stop_if_timed_out(deadline: datetime | None, now: datetime, timeout: timedelta) -> None:
    """
    Stop a function at one of its calls if its deadline has passed, as Lambda does.

    Raises:
        FunctionStopped: the deadline has passed.
    """
    if deadline is not None and has_timed_out(deadline, now):
        raise FunctionStopped(timed_out(timeout))


def has_timed_out(deadline: datetime, now: datetime) -> bool:
    return now > deadline


def is_killed_before(error: Exception, deadline: datetime, now: datetime) -> bool:
    """Whether Lambda has killed the function before it raised *error*."""
    return (
        has_timed_out(deadline, now) and not is_interrupt(error) and not isinstance(error, FunctionTimedOut)
    )


def has_process_timed_out(deadline: datetime, now: datetime, waited: float, timeout: timedelta) -> bool:
    """Whether a process has exceeded its timeout, by the clock of the test or by the seconds of its real run time."""
    return has_timed_out(deadline, now) or waited > timeout.total_seconds()


def timed_out(timeout: timedelta) -> FunctionTimedOut:
    return FunctionTimedOut(
        f"The rotation function has run longer than its timeout of {timeout.total_seconds():g} seconds, at which Lambda "
        "stops it. A Python function is not interrupted while it sleeps or computes: the time of the test's clock is compared "
        "at its next call and at its end, and while that clock is frozen, only fakesecrets_clock.tick() and injected delays "
        f"count. {LONGER}"
    )


def process_timed_out(timeout: timedelta, process: str, output: str) -> FunctionTimedOut:
    return FunctionTimedOut(
        f"Task timed out after {timeout.total_seconds():.2f} seconds: {process[0].lower()}{process[1:]} has not answered, and "
        f"Lambda ends it there. {LONGER}{output}"
    )
