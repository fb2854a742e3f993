"""`FakeBackend`: the service, its rotations and its clock, behind `FakeSecrets` and the transport."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from pytest_fakesecrets._core.arn import is_region
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._rotation.due_runner import DueRunner
from pytest_fakesecrets._rotation.executor import RotationExecutor
from pytest_fakesecrets._service.clock import Clock
from pytest_fakesecrets._service.fault_replies import next_fault, reply_of_injected_fault
from pytest_fakesecrets._service.faults import secret_ids
from pytest_fakesecrets._service.function_timeout import stop_if_timed_out
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._service.region import default_region
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._service.serializer import Reply
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT, Request, Service
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport.backoff import BackoffPatch, set_backoff_skipped
from pytest_fakesecrets._transport.botocore_context import detached_from_the_outer_call
from pytest_fakesecrets._transport.foreign_handlers import is_observed
from pytest_fakesecrets._transport.install import reach
from pytest_fakesecrets._transport.rotation_process import ProcessRunner, RotationProcess


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
        self.rotations = RotationExecutor(self.service, detached_from_the_outer_call)
        self.due_runner = DueRunner(self.rotations, self.service)
        self.back_off = BackoffPatch()
        #: What has made the fake active, such as "at conftest.py:12 in shared", or "" where that is not known.
        self.entered = ""
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
            with ErrorsBecomeWarnings("a record for the report"):
                listener(self)

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        """Answer one request, and run the rotations that it started, unless the test drives them."""
        with self._attributed(account, region, body):
            return self._answer(account, region, operation, body)

    def _answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        if region is not None and not is_region(region):
            return self.service.refuse_region()
        self.catch_up()
        result = self.service.answer(self._request(account, region, operation, body))
        for rotation_region, rotation in result.started:
            self.rotations.started(rotation_region, rotation)
        self._after_call(operation)
        return result.reply

    def answer_with_faults(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply:
        """
        Answer one request, with the injected fault that applies to it, if any.

        Raises:
            NetworkFailure: the injected fault is an exception of the network.
        """
        with self._attributed(account, region, body):
            if self.service.faults and (region is None or is_region(region)):
                reply = self._answer_with_fault(account, region, operation, body)
                if reply is not None:
                    return reply
            return self.answer(account, region, operation, body)

    def _answer_with_fault(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply | None:
        """Return the answer of an injected fault, or None if the request is to be answered normally."""
        request, sent = self._request(account, region, operation, body), secret_ids(body)
        fault = next_fault(self.service, request, sent, use=True)
        if fault is None:
            return None
        self.back_off.replace()
        set_backoff_skipped(not fault.back_off)
        reply = reply_of_injected_fault(self.service, request, sent, fault.failure)
        if reply is not None:
            self._after_call(operation)
        return reply

    def needs_botocore_events(
        self, account: str | None, region: str, operation: str, body: bytes, request_signer: Any
    ) -> bool:
        """Return whether a request has to pass botocore's events and retries, for an observer or a fault."""
        fault = None
        if self.service.faults and is_region(region):
            with self._attributed(account, region, body):
                request = self._request(account, region, operation, body)
                fault = next_fault(self.service, request, secret_ids(body), use=False)
        if fault is None and not is_observed(request_signer, operation):
            return False
        # Set it now: a client in adaptive retry mode may wait before it emits before-send.
        set_backoff_skipped(None if fault is None else not fault.back_off)
        return True

    def _attributed(
        self, account: str | None, region: str | None, body: bytes
    ) -> AbstractContextManager[None]:
        """Treat a request as a call of the rotation step that makes it, also in another thread or process."""

        def is_about(arn: str) -> bool | None:
            request = Request(account or DEFAULT_ACCOUNT, region or default_region(), "", body)
            sent = secret_ids(body)
            return self.service.identifies(request, sent, arn) if sent else None

        return self.service.running_steps.attributed(is_about)

    def _request(self, account: str | None, region: str | None, operation: str, body: bytes) -> Request:
        invocation = CURRENT_INVOCATION.get()
        if invocation is not None:
            stop_if_timed_out(invocation.deadline, self.clock.now, invocation.timeout)
        # A function acts in the account of its secret, unless its credentials name another one.
        account = account or (invocation.account if invocation else DEFAULT_ACCOUNT)
        return Request(account, region or default_region(), operation, body)

    def _after_call(self, operation: str) -> None:
        """Check the timeout of the running rotation function, and report the call to its watchers."""
        invocation = CURRENT_INVOCATION.get()
        if invocation is not None:
            stop_if_timed_out(invocation.deadline, self.clock.now, invocation.timeout)
            self.rotations.calls.after_call(operation)

    def record_rejection(
        self, region: str, request: str, secret_id: str, error: str, message: str, hint: str
    ) -> None:
        self.service.record_rejection(region, request, secret_id, error, message, hint)

    def record_rejection_at_target(self, call: str, error: Exception) -> None:
        self.service.record_rejection_at_target(call, error)

    def values_in_use(self) -> Iterator[tuple[Value | None, Value | None]]:
        for region in list(self.service.store.regions.values()):
            for secret in list(region.secrets.values()):
                current, pending = (secret.version(label) for label in (CURRENT, PENDING))
                yield current.value if current else None, pending.value if pending else None

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
            self.due_runner.run_due()

    def next_due(self, until: datetime) -> datetime | None:
        """Return the first instant up to and including *until* at which something is due, or None."""
        return self.due_runner.next_due(until) if self.is_active else None
