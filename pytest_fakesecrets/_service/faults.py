"""Faults that a test injects into calls: error responses, network failures and slow responses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

from pytest_fakesecrets._core.displayed_names import looks_like_a_value, shown_name
from pytest_fakesecrets._core.errors import FakeSecretsError, ServiceError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import did_you_mean, unknown_name
from pytest_fakesecrets._core.moments import check_delay, units_of
from pytest_fakesecrets._core.rotation import STEPS

from .parser import service_model
from .user_code import CodeLine

#: The Lambda operation that invokes a rotation function.
INVOKE = "Invoke"

#: Error codes of AWS services in general, with their HTTP status (API reference, common errors; botocore, _retry.json).
_COMMON = {
    "AccessDeniedException": 400,
    "ExpiredTokenException": 400,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InvalidClientTokenId": 403,
    "NotAuthorized": 400,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "RequestLimitExceeded": 503,
    "RequestThrottled": 403,
    "RequestThrottledException": 400,
    "RequestTimeout": 400,
    "RequestTimeoutException": 408,
    "SerializationException": 400,
    "ServiceException": 500,  # of Lambda
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "SlowDown": 503,
    "ThrottledException": 400,
    "Throttling": 400,
    "ThrottlingException": 400,
    "TooManyRequestsException": 429,
    "UnknownOperationException": 400,
    "UnrecognizedClientException": 400,
    "ValidationException": 400,
}

#: The only error code in the service model that is an error of the server.
_SERVER_SIDE = {"InternalServiceError": 500}

_MESSAGES = {
    "ThrottlingException": "Rate exceeded",
    "Throttling": "Rate exceeded",
    "TooManyRequestsException": "Rate exceeded",
    "ExpiredTokenException": "The security token included in the request is expired",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "ServiceUnavailable": "Service is unavailable.",
}

#: The request members that identify a secret.
_ID_MEMBERS = {"Name", "SecretId", "SecretIdList"}

_TAGS = re.compile(r"<[^>]+>")

#: A fault: an error code, a triple (status, code, message), an exception, or the duration of a slow response.
Failure = str | tuple[int, str, str] | BaseException | type[BaseException] | timedelta


class NetworkFailure(Exception):
    """An injected network failure: the client raises `error` instead of receiving a response."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


@exported
@dataclass(slots=True, kw_only=True)
class Fault:
    """
    A fault that `fake.fail()` has injected.

    As a context manager it ends with its block: `with fake.fail("GetSecretValue", "ThrottlingException", times=None):`.

    Attributes:
        operation: the operation whose calls fail.
        happened: the number of calls that have failed so far.
        left: the number of calls that will still fail, or None for all. Set to 0, it ends the fault.
        secret_id: only calls for this secret fail, or None for all secrets.
        step: only calls inside of this rotation step fail, or None for all calls.
        back_off: whether botocore waits before its retries.
    """

    operation: str
    failure: ServiceError | BaseException | type[BaseException] | timedelta = field(repr=False)
    left: int | None
    secret_id: str | None = None
    step: str | None = None
    back_off: bool = False
    happened: int = 0
    #: The line that injected it, for the warning where no call meets it.
    injected_at: CodeLine | None = field(default=None, repr=False, compare=False)

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *error: object) -> None:
        self.left = 0

    def __str__(self) -> str:
        """The call of `fail()` that injected it, without messages: they may contain values."""
        given = [repr(self.operation), _failure_name(self.failure)]
        for name, value in (("secret_id", self.secret_id), ("step", self.step)):
            given += [] if value is None else [f"{name}={value!r}"]
        return f"fail({', '.join(given)})"

    def concerns(self, operation: str, identifies: Callable[[str], bool], step: str | None) -> bool:
        return (
            self.operation == operation
            and self.left != 0
            and self.step in (None, step)
            and (self.secret_id is None or identifies(self.secret_id))
        )

    def use(self) -> None:
        self.happened += 1
        if self.left is not None:
            self.left -= 1

    def _begin_call(self, operation: str, body: bytes) -> None:
        """Take notice of a new call, which is not a retry of an earlier one."""

    def _is_for(self, body: bytes, *, use: bool) -> bool:
        """Whether a request may have the fault because of its body."""
        return True


@dataclass(slots=True, kw_only=True)
class RequestFault(Fault):
    """A fault of one request, the first that has it, and of the same request each time that it is made again."""

    #: The body of the request, from its first attempt on.
    body: bytes | None = field(default=None, repr=False)

    def _is_for(self, body: bytes, *, use: bool) -> bool:
        if use and self.body is None:
            self.body = body
        return self.body in (None, body)


@dataclass(slots=True, kw_only=True)
class SingleCallFault(RequestFault):
    """A fault of one call and of the client's retries of it. The same call made again does not have it."""

    def _begin_call(self, operation: str, body: bytes) -> None:
        if self.operation == operation and self.body == body:
            self.left = 0


def _failure_name(failure: ServiceError | BaseException | type[BaseException] | timedelta) -> str:
    if isinstance(failure, ServiceError):
        return repr(failure.code)
    if isinstance(failure, timedelta):
        return repr(failure)
    return (failure if isinstance(failure, type) else type(failure)).__name__


def fault(
    operation: str,
    error: Failure,
    *,
    times: int | None = 1,
    secret_id: str | None = None,
    step: str | None = None,
    back_off: bool = False,
    injected_at: CodeLine | None = None,
) -> Fault:
    """
    Create a fault from the arguments of `fake.fail()`.

    Args:
        injected_at: the line of the test that injects it.

    Raises:
        FakeSecretsError: the operation, the error or the step is unknown, or no call can have the fault.
    """
    if operation != INVOKE and operation not in service_model().operation_names:
        known = [*service_model().operation_names, INVOKE]
        raise FakeSecretsError(f"Unknown operation {operation!r}.{did_you_mean(operation, known)}")
    if times is not None and (type(times) is not int or times < 1):
        raise FakeSecretsError(
            f"times has to be a number of calls from 1 on, or None for all calls, not {times!r}."
        )
    if step is not None and step not in STEPS:
        raise FakeSecretsError(unknown_name("step", step, STEPS))
    _check_secret_id(secret_id, operation)
    return Fault(
        operation=operation,
        failure=_failure(operation, error),
        left=times,
        secret_id=secret_id,
        step=step,
        back_off=back_off,
        injected_at=injected_at,
    )


def _check_secret_id(secret_id: str | None, operation: str) -> None:
    if secret_id is None:
        return
    if not (type(secret_id) is str and secret_id) or looks_like_a_value(secret_id):
        raise FakeSecretsError(
            f"secret_id has to be the name or the ARN of a secret, not {shown_name(secret_id)}."
        )
    if operation == INVOKE:
        return
    shape = service_model().operation_model(operation).input_shape
    if shape is None or not _ID_MEMBERS.intersection(shape.members):
        raise FakeSecretsError(
            f"Calls of {operation} have no SecretId, so none can be about {secret_id!r}. Remove secret_id."
        )


def _failure(
    operation: str, error: Failure
) -> ServiceError | BaseException | type[BaseException] | timedelta:
    if isinstance(error, str):
        return _service_error(error, operation)
    if (
        isinstance(error, tuple)
        and [type(part) for part in error] == [int, str, str]
        and 300 <= error[0] < 600
    ):
        return _create_error(*error)
    if isinstance(error, timedelta) and error > timedelta(0):
        check_delay("The time that a slow answer takes", error)
        return error
    if isinstance(error, BaseException) or (isinstance(error, type) and issubclass(error, BaseException)):
        _check_can_be_made(error)
        return error
    raise FakeSecretsError(
        "An error is a code such as 'ThrottlingException', a triple of HTTP status, code and message, an "
        f"exception, or a timedelta for a slow answer, not {error!r}.{_as_timedelta(error)}"
    )


def _as_timedelta(error: object) -> str:
    """How a number or a text that looks like a length of time is written, with a space before it, or ""."""
    is_status = isinstance(error, int) and 100 <= error < 600
    units = None if is_status or isinstance(error, timedelta) else units_of(error)
    return f" For a slow answer, write timedelta({units})." if units else ""


def _check_can_be_made(error: BaseException | type[BaseException]) -> None:
    try:
        exception_of(error, "https://secretsmanager.us-east-1.amazonaws.com/")
    except Exception as raised:
        raise FakeSecretsError(
            f"{error!r} cannot be created without arguments: {raised}. Pass an instance of it."
        ) from None


def _service_error(code: str, operation: str) -> ServiceError:
    modelled = {shape.name: shape.documentation for shape in service_model().error_shapes}
    known = {**dict.fromkeys(modelled, 400), **_SERVER_SIDE, **_COMMON}
    if code not in known:
        raise FakeSecretsError(
            f"Unknown error code {code!r}.{did_you_mean(code, known)}{_as_timedelta(code)} Pass any other error with its HTTP status and "
            "message: (400, 'Code', 'message')."
        )
    message = _MESSAGES.get(code) or _first_sentence(modelled.get(code, ""))
    if code == "AccessDeniedException":
        action = "lambda:InvokeFunction" if operation == INVOKE else f"secretsmanager:{operation}"
        message = (
            f"User is not authorized to perform: {action} because no identity-based policy allows the action"
        )
    return _create_error(known.get(code, 400), code, message)


def _create_error(status: int, code: str, message: str) -> ServiceError:
    """A service error whose class is named after its code."""
    is_modelled = code in [shape.name for shape in service_model().error_shapes]
    members = {"status": status, "message_member": "Message" if is_modelled else "message"}
    try:
        error: ServiceError = type(code, (ServiceError,), members)(message)
    except ValueError:  # UnicodeEncodeError is a subclass
        raise FakeSecretsError(
            f"{code!r} cannot be an error code: it has a NUL or half of a surrogate pair."
        ) from None
    return error


def _first_sentence(html: str) -> str:
    sentence = _TAGS.sub("", html).partition(". ")[0].strip().removesuffix(".")
    return f"{sentence}." if sentence else ""


def exception_of(error: BaseException | type[BaseException], url: str) -> BaseException:
    """The exception that a client raises. Exception classes of botocore are created with the URL."""
    if isinstance(error, BaseException):
        return error
    if any(kind.__name__ == "BotoCoreError" for kind in error.__mro__):  # by name: of any copy of botocore
        members: dict[str, Any] = {"endpoint_url": url, "proxy_url": url, "error": "fake.fail()"}
        return error(**members, **dict.fromkeys(("request", "response")))
    return error()


class Faults:
    """The injected faults, oldest first."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        #: The ids of the unused faults that have been taken.
        self._taken: set[int] = set()
        self._lock = Lock()

    def arm(self, new_fault: Fault) -> None:
        self._armed.append(new_fault)

    def clear(self) -> None:
        self._armed.clear()
        self._taken.clear()

    def take_unused(self) -> tuple[Fault, ...]:
        """The faults that no call has met, the oldest first. Each is returned once."""
        found = tuple(armed for armed in self._armed if not armed.happened and id(armed) not in self._taken)
        self._taken.update(map(id, found))
        return found

    def used_up(self) -> tuple[Fault, ...]:
        """The faults that have met as many calls as they were meant for, the oldest first."""
        return tuple(armed for armed in self._armed if armed.left == 0 and armed.happened)

    def next(
        self,
        operation: str,
        identifies: Callable[[str], bool],
        step: str | None,
        *,
        use: bool,
        body: bytes = b"",
    ) -> Fault | None:
        """
        The oldest fault that applies to a call, or None.

        Args:
            identifies: returns whether a name or an ARN belongs to a secret of the call.
            step: the rotation step that makes the call, or None.
            use: whether the call is made now, and counted.
            body: the body of the request.
        """
        with self._lock:  # else two threads could use the same fault
            for armed in self._armed:
                if not use:
                    armed._begin_call(operation, body)
                if armed.concerns(operation, identifies, step) and armed._is_for(body, use=use):
                    if use:
                        armed.use()
                    return armed
        return None

    def __bool__(self) -> bool:
        return bool(self._armed)


def secret_ids(body: bytes) -> list[str]:
    """The names and ARNs of secrets in the body of a request."""
    try:
        document: Any = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, dict):
        return []
    several = document.get("SecretIdList")
    found = [document.get("SecretId"), document.get("Name"), *(several if isinstance(several, list) else ())]
    return [sent for sent in found if isinstance(sent, str)]
