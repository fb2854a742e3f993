"""Injected faults as replies: which fault a request has, and the HTTP response that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from pytest_fakesecrets._core.errors import ServiceError

from .faults import Fault, NetworkFailure, exception_of
from .invocation_context import CURRENT_INVOCATION
from .serializer import Reply
from .service import Request, Service

_ENDPOINT = "https://secretsmanager.{}.amazonaws.com/"


def next_fault(service: Service, request: Request, secret_ids: Sequence[str], *, use: bool) -> Fault | None:
    """The injected fault that applies to a request, or None."""
    invocation = CURRENT_INVOCATION.get()
    step = None if invocation is None else invocation.step
    with service.lock:
        return service.faults.next(
            request.operation,
            partial(service.identifies, request, secret_ids),
            step,
            use=use,
            body=request.body,
        )


def reply_of_injected_fault(
    service: Service,
    request: Request,
    secret_ids: Sequence[str],
    failure: ServiceError | BaseException | type[BaseException] | timedelta,
) -> Reply | None:
    """
    Return the HTTP response of an injected fault, or None if the request is only delayed and then answered normally.

    Raises:
        NetworkFailure: the injected fault is an exception of the network.
    """
    if isinstance(failure, ServiceError):
        return service.refuse(request, secret_ids, failure)
    if isinstance(failure, timedelta):
        service.clock.tick(failure)
        return None
    service.refuse(request, secret_ids, _as_service_error(failure))
    raise NetworkFailure(exception_of(failure, _ENDPOINT.format(request.region)))


def _as_service_error(failure: BaseException | type[BaseException]) -> ServiceError:
    """Return an error named after an exception, to record in the history a call that got no answer."""
    error_type = failure if isinstance(failure, type) else type(failure)
    error: ServiceError = type(error_type.__name__, (ServiceError,), {})("no answer")
    return error
