"""`FakeBackend`: the service, its rotations and its clock, behind `FakeSecrets` and the transport."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from pytest_fakesecrets._core.arn import is_region
from pytest_fakesecrets._core.errors import ServiceError
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._rotation.executor import Rotations
from pytest_fakesecrets._service.barrier import Barrier
from pytest_fakesecrets._service.clock import Clock
from pytest_fakesecrets._service.faults import Fault, NetworkFailure, exception_of, secret_ids
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._service.region import default_region
from pytest_fakesecrets._service.serializer import Reply
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT, Request, Service
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport.backoff import BackoffPatch, set_backoff_skipped
from pytest_fakesecrets._transport.client_context import outside_of_calls
from pytest_fakesecrets._transport.install import reach
from pytest_fakesecrets._transport.observers import is_observed
from pytest_fakesecrets._transport.rotation_process import ProcessRunner, RotationProcess

T = TypeVar("T")

_ENDPOINT = "https://secretsmanager.{}.amazonaws.com/"


class FakeBackend:
    """
    Secrets Manager in memory. It runs everything that is due before it answers a request.

    Args:
        seed: the seed of the generator of ids and passwords.
    """

    #: The id of pytest's session and the name of the fixture that has activated it, or None. The plugin sets it.
    fixture: tuple[int, str] | None = None

    def __init__(self, seed: int) -> None:
        self.clock = Clock(self.next_due, self.catch_up, lambda: self.is_active)
        self.service = Service(self.clock, seed)
        self.rotations = Rotations(self.service)
        self.rotations.calls.surroundings = outside_of_calls
        self.back_off = BackoffPatch()
        #: By the process, and the name and the region under which it was added.
        self._runners: dict[tuple[RotationProcess, str | None, str], ProcessRunner] = {}

    def runner(
        self, process: RotationProcess, name: str | None, region: str, directories: Sequence[str]
    ) -> ProcessRunner:
        """
        Return what runs a function as a process: the same for the same process, so that it stays warm.

        Raises:
            FakeSecretsError: its working directory does not exist.
        """
        key = process, name, region
        if key not in self._runners:
            self._runners[key] = ProcessRunner(process, directories, self)
        return self._runners[key]

    def end_processes(self) -> None:
        """End the processes of all functions. It may be called again."""
        for runner in list(self._runners.values()):
            runner.close()

    @property
    def lock(self) -> AbstractContextManager[object]:
        return self.service.lock

    @property
    def generation(self) -> object:
        return self.service.store

    @property
    def is_active(self) -> bool:
        return state.active is self

    def activate(self) -> None:
        """Answer all clients of the process from now on."""
        reach()
        state.active = self
        for listener in state.listeners:
            with Barrier("a record for the report"):
                listener(self)

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        """Answer one request, and run the rotations that it started, unless the test drives them."""
        if self.service.running_steps.is_clear:  # nearly always: there is no step to look for
            return self._answer(account, region, operation, body)
        return self._attributed(account, region, body, lambda: self._answer(account, region, operation, body))

    def _answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        if region is not None and not is_region(region):
            return self.service.refuse_region()
        self.catch_up()
        result = self.service.answer(self._request(account, region, operation, body))
        for rotation_region, rotation in result.started:
            self.rotations.started(rotation_region, rotation)
        self._after_call(operation)
        return result.reply

    def answer_on_the_wire(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply:
        """
        Answer one request, with the injected fault that applies to it, if any.

        Raises:
            NetworkFailure: the injected fault is an exception of the network.
        """

        def answer() -> Reply:
            if self.service.faults and (region is None or is_region(region)):
                reply = self._failed(account, region, operation, body)
                if reply is not None:
                    return reply
            return self.answer(account, region, operation, body)

        return self._attributed(account, region, body, answer)

    def _failed(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply | None:
        """Return the answer of an injected fault, or None if the request is to be answered normally."""
        request, sent = self._request(account, region, operation, body), secret_ids(body)
        fault = self._next_fault(request, sent, use=True)
        if fault is None:
            return None
        self.back_off.replace()
        set_backoff_skipped(not fault.back_off)
        failure = fault.failure
        if isinstance(failure, ServiceError):
            reply = self.service.refuse(request, sent, failure)
            self._after_call(operation)
            return reply
        if isinstance(failure, timedelta):
            self.clock.tick(failure)
            return None
        self.service.refuse(request, sent, _as_service_error(failure))
        raise NetworkFailure(exception_of(failure, _ENDPOINT.format(request.region)))

    def takes_the_wire(
        self, account: str | None, region: str, operation: str, body: bytes, request_signer: Any
    ) -> bool:
        """Return whether a request has to pass botocore's events and retries, for an observer or a fault."""
        fault = None
        if self.service.faults and is_region(region):

            def next_fault() -> Fault | None:
                request = self._request(account, region, operation, body)
                return self._next_fault(request, secret_ids(body), use=False)

            fault = self._attributed(account, region, body, next_fault)
        if fault is None and not is_observed(request_signer, operation):
            return False
        # Set it now: a client in adaptive retry mode may wait before it emits before-send.
        set_backoff_skipped(None if fault is None else not fault.back_off)
        return True

    def _attributed(self, account: str | None, region: str | None, body: bytes, answer: Callable[[], T]) -> T:
        """Answer a request as a call of the rotation step that makes it, also in another thread or process."""

        def is_about(arn: str) -> bool | None:
            request = Request(account or DEFAULT_ACCOUNT, region or default_region(), "", body)
            sent = secret_ids(body)
            return self.service.means(request, sent, arn) if sent else None

        return self.service.running_steps.attribute(is_about, answer)

    def _request(self, account: str | None, region: str | None, operation: str, body: bytes) -> Request:
        invocation = CURRENT_INVOCATION.get()
        if invocation is not None:
            invocation.check_time(self.clock.now)
        # A function acts in the account of its secret, unless its credentials name another one.
        account = account or (invocation.account if invocation else DEFAULT_ACCOUNT)
        return Request(account, region or default_region(), operation, body)

    def _next_fault(self, request: Request, secret_ids: Sequence[str], *, use: bool) -> Fault | None:
        invocation = CURRENT_INVOCATION.get()
        step = None if invocation is None else invocation.step
        with self.service.lock:
            return self.service.faults.next(
                request.operation,
                partial(self.service.means, request, secret_ids),
                step,
                use=use,
                body=request.body,
            )

    def _after_call(self, operation: str) -> None:
        """Check the timeout of the running rotation function, and report the call to its watchers."""
        invocation = CURRENT_INVOCATION.get()
        if invocation is not None:
            invocation.check_time(self.clock.now)
            self.rotations.calls.after_call(operation)

    def record_rejection(
        self, region: str, request: str, secret_id: str, error: str, message: str, hint: str
    ) -> None:
        self.service.record_rejection(region, request, secret_id, error, message, hint)

    def redact(self, text: str) -> str:
        return self.service.redactor.redact(text)

    def new_token(self) -> str:
        return self.service.ids.token()

    def locate(self, secret_id: str) -> tuple[Region, Secret]:
        """
        Return the secret with a name or an ARN, and its region.

        Raises:
            FakeSecretsError: no secret matches, or more than one.
        """
        self.catch_up()
        return self.service.locate(secret_id)

    def catch_up(self) -> None:
        """Run everything that is due. Not while inactive: calls of a function would then reach the real AWS."""
        if self.is_active:
            self.rotations.run_due()

    def next_due(self, until: datetime) -> datetime | None:
        """Return the first instant up to and including *until* at which something is due, or None."""
        return self.rotations.next_due(until) if self.is_active else None


def _as_service_error(failure: BaseException | type[BaseException]) -> ServiceError:
    """Return an error named after an exception, to record in the history a call that got no answer."""
    error_type = failure if isinstance(failure, type) else type(failure)
    error: ServiceError = type(error_type.__name__, (ServiceError,), {})("no answer")
    return error
