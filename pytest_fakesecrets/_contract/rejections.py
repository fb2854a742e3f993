"""The series of attempts in each of which Secrets Manager rejects one call of the function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from pytest_fakesecrets._core.rotation import STEPS
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._service.faults import Fault, RequestFault, SingleCallFault, fault
from pytest_fakesecrets._service.history import Call
from pytest_fakesecrets._service.service import INJECTED

from .failures import InvocationRecord
from .harness import Harness
from .recorded_calls import Log, is_target_change, operation_of

OpenHarness = Callable[[], AbstractContextManager[Harness]]

#: An attempt that stops after the step before one of these leaves something for the next attempt to find.
_STOPS = ("setSecret", "testSecret")


class RejectedCall(NamedTuple):
    """
    An attempt in which a call was rejected. Its harness is open.

    Attributes:
        number: the number of the call in its attempt, from 1 on.
        situation: what happened, as a sentence without its full stop.
        ignored_in: the step that went on without the answer of its call, or None.
        line: the line of the function that made the call, if it is known.
        operation: the operation that was called.
    """

    number: int
    harness: Harness
    ref: RotationRef
    situation: str
    ignored_in: str | None
    line: str | None
    operation: str

    def check_not_swallowed(self) -> None:
        """Fail the scenario if the function swallowed the error."""
        __tracebackhide__ = True
        findings = self.ref.rotation.findings
        for finding in findings:
            if finding.code == "error-swallowed":
                self.harness.fail(
                    finding.code,
                    f"{self.situation}. {finding.text}",
                    finding.advice,
                    findings,
                    cause=(finding.code, finding.step, self.line or finding.call),
                )
        if self.ignored_in is not None:
            self.harness.fail(
                "error-swallowed",
                f"{self.situation}{f' at {self.line}' if self.line else ''}, and {self.ignored_in} changed the target without "
                "its answer, and returned.",
                "Catch only the exception that is expected, such as ResourceNotFoundException; let others out.",
                findings,
                cause=("error-swallowed", self.ignored_in, self.line or self.operation),
            )


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    An attempt whose calls are rejected in turn.

    Attributes:
        log: its calls if none is rejected.
        steps: the steps whose calls are rejected.
        stopped_before: the step that the attempt before did not run, or None for the first attempt.
    """

    log: Log
    steps: frozenset[str]
    stopped_before: str | None = None

    @property
    def numbers(self) -> list[int]:
        """The places in the log of the calls to Secrets Manager that are rejected."""
        return [
            number
            for number, (step, name) in enumerate(self.log)
            if step in self.steps and operation_of(name) in OPERATIONS
        ]

    def situation(self, number: int, code: str, *, each_time: bool) -> str:
        step, name = self.log[number]
        where = f"call {number + 1} of {len(self.log)}"
        if self.stopped_before is not None:
            before = STEPS[STEPS.index(self.stopped_before) - 1]
            where += f" of the second attempt; the first stopped after {before}"
        how = f" each time with {code}" if each_time else f" with {code}"
        return f"{operation_of(name)} in {step} was rejected{how} ({where})"


def attempts(open_harness: OpenHarness, log: Log) -> Iterator[Attempt]:
    """
    Yield the first attempt, and second ones in so far as their steps make other calls than those before.

    Args:
        log: the calls of a rotation without faults.
    """
    tried = _calls_by_step(log)
    yield Attempt(log, frozenset(step for step, _ in tried))
    for step in _STOPS:
        second = _second_attempt(open_harness, step)
        new = _calls_by_step(second) - tried
        if new:
            yield Attempt(second, frozenset(step for step, _ in new), step)
        tried |= new


def rejected_calls(open_harness: OpenHarness, attempt: Attempt, code: str) -> Iterator[RejectedCall]:
    """
    For each call of an attempt, run and yield the attempt in which that call is rejected.

    The client's retries of the call are rejected too. If the function itself makes the call again, a second attempt is
    yielded, in which it is rejected each time.
    """
    for number in attempt.numbers:
        rejection = _Rejection(attempt, number, code)
        with open_harness() as harness:
            yield rejection.run(harness, each_time=False)
        if rejection.is_repeated:
            with open_harness() as harness:
                yield rejection.run(harness, each_time=True)


class _Rejection:
    """The rejection of one call of an attempt."""

    def __init__(self, attempt: Attempt, number: int, code: str) -> None:
        self._attempt = attempt
        self._number = number
        self._code = code
        self._step, name = attempt.log[number]
        self._operation = operation_of(name)
        #: Whether the function made the call again after it was rejected.
        self.is_repeated = False

    def run(self, harness: Harness, *, each_time: bool) -> RejectedCall:
        """Run the attempts up to the one with the rejected call."""
        ref = harness.begin()
        if self._attempt.stopped_before is not None:
            stop_before(harness, ref, self._attempt.stopped_before)
        start, ran_before, injected = len(harness.log), len(harness.invocations), self._new_fault(each_time)

        def inject(index: int) -> None:
            if index - start == self._number - 1:
                harness.fake._service.faults.arm(injected)

        harness.hooks.append(inject)
        inject(start - 1)
        harness.attempt(ref)
        harness.hooks.remove(inject)
        harness.fake._service.faults.clear()
        self.is_repeated = injected.left == 0
        situation = self._attempt.situation(self._number, self._code, each_time=each_time)
        return RejectedCall(
            self._number + 1,
            harness,
            ref,
            situation,
            self._ignored_in(harness.invocations[ran_before:]),
            _line_of_rejection(harness),
            self._operation,
        )

    def _new_fault(self, each_time: bool) -> Fault:
        every = fault(self._operation, self._code, times=None, step=self._step)
        kind = RequestFault if each_time else SingleCallFault
        return kind(operation=every.operation, failure=every.failure, left=None, step=self._step)

    def _ignored_in(self, invocations: Sequence[InvocationRecord]) -> str | None:
        """Return the step if it returned, and changed the target without the answer of the rejected call."""
        name = self._attempt.log[self._number][1]
        for ran in invocations:
            rejected = [place for place, call in enumerate(ran.calls) if f"({self._code})" in call]
            if ran.step == self._step and rejected and ran.result == "returned":
                later = takewhile(lambda call: call != name, ran.calls[rejected[-1] + 1 :])
                return self._step if any(map(is_target_change, later)) else None
        return None


def _line_of_rejection(harness: Harness) -> str | None:
    """The line of the function that made the call which an injected fault has rejected, or None."""
    events = harness.fake._service.history.events
    return next((event._line for event in events if isinstance(event, Call) and event.hint == INJECTED), None)


def stop_before(harness: Harness, ref: RotationRef, step: str) -> None:
    """Run an attempt in which Lambda refuses to run a step."""
    stop = harness.fake.fail("Invoke", "TooManyRequestsException", step=step)
    harness.attempt(ref)
    if not stop.happened:
        harness.fake._service.faults.clear()


def _second_attempt(open_harness: OpenHarness, step: str) -> Log:
    """The calls of an attempt after one that stopped before a step, or none if it does not succeed."""
    with open_harness() as harness:
        ref = harness.begin()
        stop_before(harness, ref, step)
        start = len(harness.log)
        rotation = harness.attempt(ref)
        return harness.log[start:] if rotation.status == "succeeded" else []


def _calls_by_step(log: Log) -> set[tuple[str, tuple[str, ...]]]:
    steps = dict.fromkeys(step for step, _ in log)
    return {(each, tuple(name for step, name in log if step == each)) for each in steps}
