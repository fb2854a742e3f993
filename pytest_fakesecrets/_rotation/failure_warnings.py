"""The warnings about failed rotations. They show the traceback of the function with secret values redacted."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

from pytest_fakesecrets._core.errors import FunctionFailed, RotationFailedWarning
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.redaction import WITHHELD, Redactor, constant_parts
from pytest_fakesecrets._service.reporting_errors import PACKAGE, ErrorsBecomeWarnings, text_of, warn
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._service.user_code import calling_line, first_line, raising_line

#: The maximum of exceptions that are inspected in one chain of causes and groups.
_MAX_CHAIN = 100

#: The constant lines of tracebacks.
_TRACEBACK_LINES = (
    "Traceback (most recent call last):",
    "Exception Group Traceback (most recent call last):",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def warn_of_failure(service: Service, rotation: Rotation, error: BaseException) -> None:
    """
    Issue a `RotationFailedWarning` that points at the failing line of the function.

    The warning never becomes an exception, not even with "-W error". On AWS, too, the call of RotateSecret succeeds
    when the rotation fails afterwards.
    """
    text, place = WITHHELD, (PACKAGE, 0)
    with ErrorsBecomeWarnings("the traceback of a rotation function"):
        formatted = traceback.TracebackException.from_exception(error)
        if isinstance(error, FunctionFailed):  # its traceback is that of the code that runs the process
            formatted.stack.clear()
        place = _place(service, rotation, error)
        text = _redacted(formatted, error, service.redactor)
    warn(f"{_headline(rotation)}\n{text}", RotationFailedWarning, *place)


def warn_of_abandonment(service: Service, rotation: Rotation) -> None:
    """Issue a `RotationFailedWarning` for a rotation that its function has abandoned by storing another version."""
    step = rotation.steps[-1].name
    warn(
        f"The rotation of {rotation.secret_id} was abandoned by its own function: {step} put a value that "
        "became current under another version id. Pass ClientRequestToken=event['ClientRequestToken'] and "
        "VersionStages=['AWSPENDING'] to put_secret_value().",
        RotationFailedWarning,
        *_place(service, rotation),
    )


def described(error: BaseException, redactor: Redactor) -> str:
    """The type and the message of an exception on one line, with secret values redacted."""
    message = redactor.redact(text_of(error), keep=constant_parts(error))
    return f"{type(error).__name__}: {' '.join(message.split())}".removesuffix(": ")


def handler_of(service: Service, rotation: Rotation) -> Callable[..., Any] | None:
    """The function of a rotation, or None if the service rotates by itself or no longer knows the function."""
    arn = rotation.function_arn
    return service.functions.find(arn).handler if arn is not None and service.functions.knows(arn) else None


def _redacted(formatted: traceback.TracebackException, error: BaseException, redactor: Redactor) -> str:
    """The traceback without frames of this package, and with secret values redacted."""
    keep = {
        *_TRACEBACK_LINES,
        *(words for each in _chain(error) for words in [*_type_lines(each), *constant_parts(each)]),
    }
    for each in _formatted_chain(formatted):
        each.stack = traceback.StackSummary.from_list([line for line in each.stack if _is_own(line.filename)])
        keep.update(f'File "{line.filename}", line {line.lineno}, in {line.name}' for line in each.stack)
    text = "".join(formatted.format()).rstrip()
    return redactor.redact(f"\n{text}\n", keep=keep).strip("\n")


def _is_own(file: str) -> bool:
    return not file.startswith(PACKAGE)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an exception, its causes and contexts, and the members of its exception groups."""
    found: list[BaseException | None] = [error]
    for each in found:
        if each is not None and len(found) < _MAX_CHAIN:
            found += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return (each for each in found if isinstance(each, BaseException))


def _formatted_chain(formatted: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    found: list[traceback.TracebackException | None] = [formatted]
    for each in found:
        if each is not None:
            found += [each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())]
    return (each for each in found if each is not None)


def _type_lines(error: BaseException) -> Iterator[str]:
    """The type of an exception as a traceback prints it, at the beginning of a line."""
    kind = type(error)
    for name in (kind.__qualname__, f"{kind.__module__}.{kind.__qualname__}"):
        yield f"\n{name}: "
        yield f"\n{name}\n"


def _place(service: Service, rotation: Rotation, error: BaseException | None = None) -> tuple[str, int]:
    """The file and the line of a warning: the line that raised, or the first line of the function."""
    handler = handler_of(service, rotation)
    line = (
        (raising_line(error, handler) if error is not None else None) or first_line(handler) or calling_line()
    )
    return (PACKAGE, 0) if line is None else (line.file, line.number)


def _headline(rotation: Rotation) -> str:
    step = f"{rotation.steps[-1].name}, attempt {rotation.attempt}"
    if rotation.status == "failed":
        run = "The test run" if rotation.is_test else "The rotation"
        return f"{run} of {rotation.secret_id} failed in {step}:"
    return (
        f"The rotation of {rotation.secret_id} was {rotation.status}, and its function then raised in {step}:"
    )
