"""The warnings about failed rotations: they show the traceback of the function, without secret values."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

from pytest_fakesecrets._core.errors import (
    RotationFailedWarning,
)
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._service.barrier import PACKAGE, Barrier, text_of, warn
from pytest_fakesecrets._service.redaction import WITHHELD, Redactor, own_words
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._service.user_code import first_line, raising_line

#: How many exceptions that caused one another, or came together, are looked at.
_MOST_CAUSES = 100

#: What Python writes into every traceback.
_OF_PYTHON = (
    "Traceback (most recent call last):",
    "Exception Group Traceback (most recent call last):",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def warn_of_failure(service: Service, rotation: Rotation, error: BaseException) -> None:
    """
    Issue a `RotationFailedWarning` that points at the line of the function.

    It never becomes an exception, not even with "-W error": on AWS too, who calls RotateSecret does
    not learn that the rotation fails.
    """
    text, place = WITHHELD, (PACKAGE, 0)
    with Barrier("the traceback of a rotation function"):
        formatted = traceback.TracebackException.from_exception(error)
        place = _place(service, rotation, error)
        text = _redacted(formatted, error, service.redactor)
    warn(f"{_headline(rotation)}\n{text}", RotationFailedWarning, *place)


def warn_of_abandonment(service: Service, rotation: Rotation) -> None:
    """Issue a `RotationFailedWarning` for a rotation that its own function has overtaken."""
    step = rotation.steps[-1].name
    warn(
        f"The rotation of {rotation.secret_id} was abandoned by its own function: {step} put a value that "
        "became current under another version id. Pass ClientRequestToken=event['ClientRequestToken'] and "
        "VersionStages=['AWSPENDING'] to put_secret_value().",
        RotationFailedWarning,
        *_place(service, rotation),
    )


def described(error: BaseException, redactor: Redactor) -> str:
    """The type and the message of an exception, on one line and without secret values."""
    message = redactor.redact(text_of(error), keep=own_words(error))
    return f"{type(error).__name__}: {' '.join(message.split())}".removesuffix(": ")


def handler_of(service: Service, rotation: Rotation) -> Callable[..., Any] | None:
    """The function of a rotation, or None where the service rotates, or does not know the function any more."""
    arn = rotation.function_arn
    return service.functions.find(arn).handler if arn is not None and service.functions.knows(arn) else None


def _redacted(formatted: traceback.TracebackException, error: BaseException, redactor: Redactor) -> str:
    """The traceback without the lines of this package, and without values in what is not code."""
    keep = {*_OF_PYTHON, *(words for each in _chain(error) for words in [*_names(each), *own_words(each)])}
    for each in _formatted_chain(formatted):
        each.stack = traceback.StackSummary.from_list([line for line in each.stack if _is_own(line.filename)])
        keep.update(f'File "{line.filename}", line {line.lineno}, in {line.name}' for line in each.stack)
    text = "".join(formatted.format()).rstrip()
    return redactor.redact(f"\n{text}\n", keep=keep).strip("\n")


def _is_own(file: str) -> bool:
    return not file.startswith(PACKAGE)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, those that caused it, and those that are in its group."""
    found: list[BaseException | None] = [error]
    for each in found:
        if each is not None and len(found) < _MOST_CAUSES:
            found += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return (each for each in found if isinstance(each, BaseException))


def _formatted_chain(formatted: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    found: list[traceback.TracebackException | None] = [formatted]
    for each in found:
        if each is not None:
            found += [each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())]
    return (each for each in found if each is not None)


def _names(error: BaseException) -> Iterator[str]:
    """The type of an exception, as a traceback has it: at the beginning of a line."""
    kind = type(error)
    for name in (kind.__qualname__, f"{kind.__module__}.{kind.__qualname__}"):
        yield f"\n{name}: "
        yield f"\n{name}\n"


def _place(service: Service, rotation: Rotation, error: BaseException | None = None) -> tuple[str, int]:
    """The file and the line that a warning points at: what raised, or else the beginning of the function."""
    handler = handler_of(service, rotation)
    line = (raising_line(error, handler) if error is not None else None) or first_line(handler)
    return (PACKAGE, 0) if line is None else (line.file, line.number)


def _headline(rotation: Rotation) -> str:
    step = f"{rotation.steps[-1].name}, attempt {rotation.attempt}"
    if rotation.status == "failed":
        run = "The test run" if rotation.is_test else "The rotation"
        return f"{run} of {rotation.secret_id} failed in {step}:"
    return (
        f"The rotation of {rotation.secret_id} was {rotation.status}, and its function then raised in {step}:"
    )
