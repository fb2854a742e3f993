"""Scenarios of crashes, rejected calls, outages and delays, and of the retries after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial

import pytest

from pytest_fakesecrets._contract.advice import (
    TOO_SLOW,
    advice_for_cold_start,
    advice_for_delay,
    advice_for_repetition,
)
from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._contract.rejections import RejectedCall
from pytest_fakesecrets._contract.target import CredentialTarget
from pytest_fakesecrets._contract.target_calls import Rejection, TargetCall, rejections_of
from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionTimedOut
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS

from .base import Scenarios

#: The duration of each call in the scenario about the timeout.
_CALL_DURATION = timedelta(milliseconds=200)
#: The delay of the target, if the class sets no propagation_delay.
_DEFAULT_DELAY = timedelta(seconds=2)
#: The shortest delay before a retry by AWS.
_RETRY_DELAY = timedelta(minutes=1)


class Recovery(Scenarios):
    """Crashes, rejected calls, outages and delays, and the retries after them."""

    def test_each_step_may_be_delivered_twice(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            ref = harness.begin()
            repeated = ""
            while ref.rotation.status == "in progress":
                step = harness.step(ref)
                if step is None or step.error is not None:
                    code = "second-delivery-failed" if repeated else "rotation-failed"
                    self._check_succeeded(harness, ref.rotation, code, repeated)
                    return
                error = harness.deliver(step.name, ref.token)
                repeated = f"{step.name} was delivered twice"
                if error is not None:
                    harness.fail(
                        "second-delivery-failed",
                        f"{repeated}, and raised the second time: {harness.described(error)}",
                        advice_for_repetition(step.name, error),
                        ref.rotation.findings,
                        cause=harness.cause_of(error),
                    )
            code, situation = "second-delivery-failed", "Each step was delivered twice"
            self._check_succeeded(harness, ref.rotation, code, situation)
            self._check_same_outcome(harness, code, situation)

    def test_a_late_duplicate_of_an_old_step_changes_nothing(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            first = harness.rotate()
            self._check_deliveries_change_nothing(
                harness, first.token, "late-duplicate", "late, when its rotation had ended"
            )
            self._check_succeeded(harness, harness.rotate(), "second-rotation-failed")
            self._check_deliveries_change_nothing(
                harness, first.token, "late-duplicate", "late, after another rotation"
            )

    def test_a_failure_after_any_step_is_recovered(self, fakesecrets: FakeSecrets) -> None:
        """The step returns, but Lambda reports a failure."""
        self._kill_after(fakesecrets, lambda name: name == "return")

    def test_a_crash_after_any_call_is_recovered(self, fakesecrets: FakeSecrets) -> None:
        """Lambda kills the function after each of its calls in turn, and AWS retries."""
        self._rotate_undisturbed(fakesecrets)
        self._check_calls_are_seen()
        self._kill_after(fakesecrets, lambda name: name != "return")

    def _kill_after(self, fake: FakeSecrets, is_selected: Callable[[str], bool]) -> None:
        __tracebackhide__ = True
        log, _ = self._rotate_undisturbed(fake)
        points = [
            (index + 1, partial(self._kill, fake, index))
            for index, (_, name) in enumerate(log)
            if is_selected(name)
        ]
        self._run_series(points, len(log), "killed after")

    def _kill(self, fake: FakeSecrets, index: int) -> None:
        """Kill the function after the call with an index, and check that AWS's retries recover."""
        __tracebackhide__ = True
        log, _ = self._rotate_undisturbed(fake)
        step, name = log[index]
        with self._harness(fake) as harness:
            harness.kill_after = index
            ref = harness.begin()
            harness.attempt(ref)
            harness.kill_after = None
            point = f"at the end of {step}" if name == "return" else f"after {name} in {step}"
            situation = f"Lambda killed the function {point} (call {index + 1} of {len(log)})"
            self._check_recovered(harness, harness.recover(ref), situation)

    def test_throttling_of_any_call_is_survived(self, fakesecrets: FakeSecrets) -> None:
        self._check_rejections(fakesecrets, "ThrottlingException")

    def test_a_server_error_on_any_call_is_survived(self, fakesecrets: FakeSecrets) -> None:
        self._check_rejections(fakesecrets, "InternalServiceError")

    def _check_rejections(self, fake: FakeSecrets, code: str) -> None:
        """Reject each call in turn, and check that the function raises, and that the retries recover."""
        __tracebackhide__ = True

        def check(rejected: RejectedCall) -> None:
            rejected.check_not_swallowed()
            rotation = rejected.harness.recover(rejected.ref)
            self._check_recovered(rejected.harness, rotation, rejected.situation)

        with self._attempts_with_rejected_call(fake, code) as attempts:
            points = ((rejected.number, partial(check, rejected)) for rejected in attempts)
            self._run_series(points, len(self._rotate_undisturbed(fake).log), f"{code} rejects")

    # Before the scenarios in which a sleep takes its time too, so that a slow step fails here.
    def test_it_ends_within_its_time(self, fakesecrets: FakeSecrets) -> None:
        """Each call takes 200 ms on the clock, and a sleep its whole length."""
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness, frozen(fakesecrets):
            harness.hooks.append(lambda number: fakesecrets.clock.tick(_CALL_DURATION))
            rotation = harness.rotate()
            step = rotation.steps[-1].name
            if rotation.status != "succeeded":
                harness.fail(
                    "too-slow",
                    f"{step} takes longer than the function may run: {harness.described(rotation.error)}",
                    self._advice_for_slow(step),
                    rotation.findings,
                    cause=("too-slow", step),
                )

    def _advice_for_slow(self, step: str) -> str:
        """What to do about a slow step. One that waits for the target of the class has to do so in the first attempt."""
        delay, timeout = self._settings.propagation_delay, self._settings.timeout
        if not delay or step not in ("setSecret", "testSecret"):
            return TOO_SLOW
        return advice_for_delay(step, delay, timeout, has_timed_out=True, last_login=None)

    def test_a_refused_call_is_not_swallowed(self, fakesecrets: FakeSecrets) -> None:
        """The function must not swallow an error of the target, either."""
        parts = [
            partial(self._check_rejections, fakesecrets, "AccessDeniedException"),
            partial(self._check_rejections_at_target, fakesecrets),
        ]
        log, _ = self._rotate_undisturbed(fakesecrets)
        target = self._settings.target
        # is_down does not affect target_calls.
        other_calls = {each.partition(":")[2] for each in self._settings.target_calls}
        for step in STEPS:
            names = [name.split()[0] for caller, name in log if caller == step]
            if target is not None and set(names) - {"return", *OPERATIONS, *other_calls}:
                parts.append(partial(self._check_outage, fakesecrets, target, step))
        self._run_parts(parts)

    def _check_rejections_at_target(self, fake: FakeSecrets) -> None:
        """Reject each call at the target in turn, and check that the function raises, and that the retries recover."""
        __tracebackhide__ = True
        calls = self._undisturbed_target_calls
        points = (
            (number, partial(self._check_rejection_at_target, fake, rejection, f"{number} of {len(calls)}"))
            for number, rejection in rejections_of(calls)
        )
        self._run_series(points, len(calls), "the target rejects")

    def _check_rejection_at_target(self, fake: FakeSecrets, rejection: Rejection, number: str) -> None:
        """Reject a call alone, and each time if the function makes it again."""
        __tracebackhide__ = True
        for each_time in (False, True):
            with self._harness(fake) as harness, _frozen_for(harness) if each_time else nullcontext():
                harness.target_calls.rejection = rejection._replace(each_time=each_time)
                ref = harness.begin()
                harness.attempt(ref)
                harness.target_calls.rejection = None
                rejected, replaced = harness.target_calls.rejected, harness.target_calls.replaced
                if rejected is None:
                    return
                how = f"{'each time ' * each_time}with {type(rejection.error).__name__}"
                situation = f"{rejected.what} was rejected {how} (call {number} at the target)"
                harness.log += [(call.step, call.name) for call in replaced]
                if rejected not in replaced:
                    self._check_raised(harness, ref.rotation, rejected, situation)
                self._check_recovered(harness, harness.recover(ref), situation)
            if rejected not in replaced:
                return

    def _check_raised(
        self, harness: Harness, rotation: Rotation, rejected: TargetCall, situation: str
    ) -> None:
        """Fail the scenario if the step whose call was rejected returned without an error."""
        __tracebackhide__ = True
        record = next(each for each in harness.invocations if each.step == rejected.step)
        if record.result == "returned":
            harness.fail(
                "error-swallowed",
                f"{situation}, and {rejected.step} returned without an error.",
                "Let errors of the target out of the function.",
                rotation.findings,
                cause=rejected.swallowed,
            )

    def _check_outage(self, fake: FakeSecrets, target: CredentialTarget, step: str) -> None:
        situation = f"The target was down during {step}"
        # Frozen, because a function that retries until its timeout would do so in real time.
        with self._harness(fake) as harness, _frozen_for(harness):
            ref = harness.begin()
            while ref.rotation.status == "in progress":
                target.is_down = ref.rotation.next_step == step
                result = harness.step(ref)
                if target.is_down and result is not None and result.error is None:
                    lost = harness.target_calls.first_lost(step)
                    harness.fail(
                        "error-swallowed",
                        f"{situation}, and the step returned without an error.",
                        "Let errors of the target out of the function.",
                        ref.rotation.findings,
                        cause=lost.swallowed if lost else ("error-swallowed", step),
                    )
            target.is_down = False
            self._check_recovered(harness, harness.recover(ref), situation)

    def test_a_pending_version_left_by_an_aborted_rotation_is_taken_up(
        self, fakesecrets: FakeSecrets
    ) -> None:
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        for step in ("createSecret", "setSecret"):
            with self._harness(fakesecrets) as harness:
                fakesecrets.fail("Invoke", "TooManyRequestsException", step=step)
                ref = harness.begin()
                harness.attempt(ref)
                situation = f"Lambda rejected the invocation of {step} once"
                self._check_succeeded(harness, harness.recover(ref), "stuck-not-recovered", situation)
                self._check_same_outcome(harness, "stuck-not-recovered", situation)

    def test_each_step_may_start_cold(self, fakesecrets: FakeSecrets) -> None:
        """The function's state in memory is lost between steps."""
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        try:
            with self._harness(fakesecrets, cold_start=True) as harness:
                what = "process was started" if harness.runs_a_process else "module was imported"
                situation = f"The {what} afresh for each step"
                rotation = harness.rotate()
                step = rotation.steps[-1]
                advice = advice_for_cold_start(step.name, step.error)
                self._check_succeeded(harness, rotation, "state-in-memory", situation, advice)
        except FakeSecretsError as error:
            pytest.skip(str(error))

    def test_a_late_target_is_waited_for(self, fakesecrets: FakeSecrets) -> None:
        """The target accepts a new password after a delay."""
        __tracebackhide__ = True
        if self._settings.target is None:
            pytest.skip(
                f"There is no CredentialTarget that could be late.{_unseen(self._settings.has_own_accepts)}"
            )
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness, _frozen_for(harness):
            self._settings.target.applies_after = self._settings.propagation_delay or _DEFAULT_DELAY
            ref = harness.begin()
            rotation = harness.attempt(ref)
            if self._settings.propagation_delay:
                self._check_waited(harness, rotation)
            if rotation.status == "succeeded" and not harness.accepts():
                rejected = harness.target_calls.not_completed("testSecret")
                swallowed = f": {rejected.what} was rejected, and its error is lost" if rejected else ""
                harness.fail(
                    "untested",
                    f"The target was late, and testSecret returned while it rejected the new value{swallowed}.",
                    "Log in with the new value in testSecret, and raise if it is rejected.",
                    rotation.findings,
                    cause=rejected.swallowed if rejected else ("untested", "testSecret", None),
                )
            try:
                harness.recover(ref, lambda: fakesecrets.clock.tick(_RETRY_DELAY))
                fakesecrets.clock.tick(_RETRY_DELAY)
                self._check_succeeded(harness, ref.rotation, "not-recovered", "The target was late")
                self._check_same_outcome(harness, "not-recovered", "The target was late")
            finally:
                fakesecrets.clock.stop()

    def _check_waited(self, harness: Harness, rotation: Rotation) -> None:
        """Fail the scenario unless the first attempt has waited for the target, and succeeded."""
        __tracebackhide__ = True
        delay, step = self._settings.propagation_delay, rotation.steps[-1]
        has_timed_out = isinstance(step.error, FunctionTimedOut)
        name = step.name if has_timed_out or step.name == "setSecret" else "testSecret"
        advice = None
        if rotation.status != "succeeded":
            advice = advice_for_delay(
                name,
                delay,
                self._settings.timeout,
                has_timed_out=has_timed_out,
                last_login=harness.target_calls.last_login_after_the_change(name),
            )
        situation = f"The target was {delay.total_seconds():g} seconds late"
        self._check_succeeded(harness, rotation, "no-tolerance-for-delay", situation, advice)


def _unseen(has_own_accepts: bool) -> str:
    """What is not found where accepts() is the only description of a target, as a sentence with a space before it."""
    if not has_own_accepts:
        return ""
    return " With accepts() alone, a testSecret that accepts a value which the target rejects is not found."


def _frozen_for(harness: Harness) -> AbstractContextManager[None]:
    """Freeze the time, in which sleeps take none. A process sleeps in real time, so that its time has to run."""
    return nullcontext() if harness.runs_a_process else frozen(harness.fake)


@contextmanager
def frozen(fake: FakeSecrets) -> Iterator[None]:
    fake.clock.freeze()
    try:
        yield
    finally:
        fake.clock.stop()
