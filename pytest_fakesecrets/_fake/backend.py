"""One world: the service, its rotations and its clock, as the two doors and the fake see them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pytest_fakesecrets._core.arn import is_region
from pytest_fakesecrets._core.errors import ServiceError
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._rotation.executor import Rotations
from pytest_fakesecrets._service.barrier import Barrier
from pytest_fakesecrets._service.clock import Clock
from pytest_fakesecrets._service.faults import Broken, Fault, exception_of, ids_in
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._service.region import default_region
from pytest_fakesecrets._service.serializer import Reply
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT, Request, Service
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport.backoff import BackOff, spare_back_off
from pytest_fakesecrets._transport.install import reach
from pytest_fakesecrets._transport.observers import is_observed

_ENDPOINT = "https://secretsmanager.{}.amazonaws.com/"


class FakeBackend:
    """
    Secrets Manager as it stands, with everything that has come due by the time that somebody looks.

    Args:
        seed: where the generator of ids and passwords starts.
    """

    def __init__(self, seed: int) -> None:
        self.clock = Clock(self.next_due, self.catch_up, lambda: self.is_active)
        self.service = Service(self.clock, seed)
        self.rotations = Rotations(self.service)
        self.back_off = BackOff()

    @property
    def lock(self) -> AbstractContextManager[object]:
        return self.service.lock

    @property
    def generation(self) -> object:
        return self.service.store

    @property
    def is_active(self) -> bool:
        return state.active is self

    def begin(self) -> None:
        """Answer the clients of the process from now on."""
        reach()
        state.active = self
        for listener in state.listeners:
            with Barrier("a record for the report"):
                listener(self)

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        """The answer to one request, and then the rotations that it has started, unless a test drives."""
        if region is not None and not is_region(region):
            return self.service.refuse_region()
        self.catch_up()
        answered = self.service.answer(self._request(account, region, operation, body))
        for home, rotation in answered.started:
            self.rotations.started(home, rotation)
        self._go_on_after(operation)
        return answered.reply

    def answer_on_the_wire(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply:
        """
        The answer to one request, unless a test wants something to go wrong with it.

        Raises:
            Broken: the network goes wrong.
        """
        if self.service.faults and (region is None or is_region(region)):
            request, sent = self._request(account, region, operation, body), ids_in(body)
            fault = self._next_fault(request, sent, use=True)
            failure = None if fault is None else fault.failure
            if fault is not None:
                self.back_off.replace()
                spare_back_off(not fault.back_off)
            if isinstance(failure, ServiceError):
                reply = self.service.refuse(request, sent, failure)
                self._go_on_after(operation)
                return reply
            if isinstance(failure, timedelta):
                self.clock.tick(failure)
            elif failure is not None:
                self.service.refuse(request, sent, _named(failure))
                raise Broken(exception_of(failure, _ENDPOINT.format(request.region)))
        return self.answer(account, region, operation, body)

    def takes_the_wire(
        self, account: str | None, region: str, operation: str, body: bytes, request_signer: Any
    ) -> bool:
        """Whether a request has to pass botocore's events and retries: for others to see it, or for it to fail."""
        fault = None
        if self.service.faults and is_region(region):
            request = self._request(account, region, operation, body)
            fault = self._next_fault(request, ids_in(body), use=False)
        if fault is None and not is_observed(request_signer, operation):
            return False
        # Now, since a client in adaptive mode may wait before its request comes to the second door.
        spare_back_off(None if fault is None else not fault.back_off)
        return True

    def _request(self, account: str | None, region: str | None, operation: str, body: bytes) -> Request:
        running = (
            CURRENT_INVOCATION.get()
        )  # a function has the keys of nobody, and so acts in its secret's account
        if running is not None:
            running.check_time(self.clock.now)
        account = account or (running.account if running else DEFAULT_ACCOUNT)
        return Request(account, region or default_region(), operation, body)

    def _next_fault(self, request: Request, sent: Sequence[str], *, use: bool) -> Fault | None:
        running = CURRENT_INVOCATION.get()
        step = None if running is None else running.step
        with self.service.lock:
            return self.service.faults.next(
                request.operation, partial(self.service.means, request, sent), step, use=use
            )

    def _go_on_after(self, operation: str) -> None:
        """Let a rotation function go on after a call that it has made, if it still may."""
        running = CURRENT_INVOCATION.get()
        if running is not None:
            running.check_time(self.clock.now)
            self.rotations.calls.after_call(operation)

    def redact(self, text: str) -> str:
        return self.service.redactor.redact(text)

    def new_token(self) -> str:
        return self.service.ids.token()

    def locate(self, secret_id: str) -> tuple[Region, Secret]:
        """
        The secret that a test means by a name or an ARN.

        Raises:
            FakeSecretsError: there is none, or more than one.
        """
        self.catch_up()
        return self.service.locate(secret_id)

    def catch_up(self) -> None:
        """Run what has come due: never after the world was left, when calls would go to the real AWS."""
        if self.is_active:
            self.rotations.run_due()

    def next_due(self, until: datetime) -> datetime | None:
        """The next instant, up to *until* and with it, at which something is due."""
        return self.rotations.next_due(until) if self.is_active else None


def _named(failure: BaseException | type[BaseException]) -> ServiceError:
    """An exception in the place of an answer, for the history alone."""
    kind = failure if isinstance(failure, type) else type(failure)
    error: ServiceError = type(kind.__name__, (ServiceError,), {})("no answer")
    return error
