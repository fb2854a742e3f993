"""Scenarios of crashes, rejected calls, outages and delays, and of the retries after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._contract.target import CredentialTarget
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.rotation import STEPS
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.invocation import RotationRef

from .base import Scenarios

#: The duration of each call in the scenario about the timeout.
_PACE = timedelta(milliseconds=200)
#: The delay of the target, if the class sets no propagation_delay.
_LATE = timedelta(seconds=2)
#: The shortest delay before a retry by AWS.
_PAUSE = timedelta(minutes=1)


class Recovery(Scenarios):
    """Crashes, rejected calls, outages and delays, and the retries after them."""

    def test_each_step_may_be_delivered_twice(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            place = trial.begin()
            while place.rotation.status == "in progress":
                step = trial.step(place)
                if step is None or step.error is not None:
                    self._check_succeeded(trial, place.rotation, "rotation-failed")
                    return
                error = trial.deliver(step.name, place.token)
                if error is not None:
                    trial.fail(
                        "second-delivery-failed",
                        f"{step.name} was delivered twice, and raised the second time: {trial.described(error)}",
                        "Look in each step how far it has come, and leave alone what is done.",
                        place.rotation.findings,
                    )
            self._check_succeeded(
                trial, place.rotation, "second-delivery-failed", "Each step was delivered twice"
            )

    def test_a_late_duplicate_of_an_old_step_changes_nothing(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial:
            first = trial.rotate()
            self._check_left_alone(trial, first.token, "late-duplicate", "late, when its rotation had ended")
            self._check_succeeded(trial, trial.rotate(), "second-rotation-failed")
            self._check_left_alone(trial, first.token, "late-duplicate", "late, after another rotation")

    def test_a_failure_after_any_step_is_recovered(self, fakesecrets: FakeSecrets) -> None:
        """The step returns, but Lambda reports a failure."""
        self._end_after(fakesecrets, lambda name: name == "return")

    def test_a_crash_after_any_call_is_recovered(self, fakesecrets: FakeSecrets) -> None:
        """Lambda kills the function after each of its calls in turn, and AWS retries."""
        self._end_after(fakesecrets, lambda name: name != "return")

    def _end_after(self, fake: FakeSecrets, is_meant: Callable[[str], bool]) -> None:
        __tracebackhide__ = True
        log, _ = self._undisturbed(fake)
        for number, (step, name) in enumerate(log):
            if not is_meant(name):
                continue
            with self._trial(fake) as trial:
                trial.stop_after = number
                place = trial.begin()
                trial.attempt(place)
                trial.stop_after = None
                where = f"at its end in {step}" if name == "return" else f"after {name} in {step}"
                told = f"Lambda ended the function {where} (call {number + 1} of {len(log)})"
                self._check_recovered(trial, trial.recover(place), told)

    def test_throttling_of_any_call_is_survived(self, fakesecrets: FakeSecrets) -> None:
        for trial, place, told in self._refused(fakesecrets, "ThrottlingException"):
            _check_told(trial, place, told)
            self._check_recovered(trial, trial.recover(place), told)

    def test_a_server_error_on_any_call_is_survived(self, fakesecrets: FakeSecrets) -> None:
        for trial, place, told in self._refused(fakesecrets, "InternalServiceError"):
            _check_told(trial, place, told)
            self._check_recovered(trial, trial.recover(place), told)

    def test_a_refused_call_is_not_swallowed(self, fakesecrets: FakeSecrets) -> None:
        """The function must not swallow the error of a target that is down, either."""
        for trial, place, told in self._refused(fakesecrets, "AccessDeniedException"):
            _check_told(trial, place, told)
        log, _ = self._undisturbed(fakesecrets)
        further = {
            each.partition(":")[2] for each in self._settings.target_calls
        }  # is_down does not affect them
        for step in STEPS:
            names = [name.split()[0] for called, name in log if called == step]
            if self._settings.target is not None and set(names) - {"return", *OPERATIONS, *further}:
                self._check_outage(fakesecrets, self._settings.target, step)

    def _check_outage(self, fake: FakeSecrets, target: CredentialTarget, step: str) -> None:
        told = f"The target was down during {step}"
        # Frozen, because a function that retries until its timeout would do so in real time.
        with self._trial(fake) as trial, frozen(fake):
            place = trial.begin()
            while place.rotation.status == "in progress":
                target.is_down = place.rotation.next_step == step
                ran = trial.step(place)
                if target.is_down and ran is not None and ran.error is None:
                    trial.fail(
                        "error-swallowed",
                        f"{told}, and it returned all the same.",
                        "Let errors of the target out of the function.",
                        place.rotation.findings,
                    )
            target.is_down = False
            self._check_recovered(trial, trial.recover(place), told)

    def test_a_pending_version_left_by_an_aborted_rotation_is_taken_up(
        self, fakesecrets: FakeSecrets
    ) -> None:
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        for step in ("createSecret", "setSecret"):
            with self._trial(fakesecrets) as trial:
                fakesecrets.fail("Invoke", "TooManyRequestsException", step=step)
                place = trial.begin()
                trial.attempt(place)
                told = f"Lambda refused to run {step} once"
                self._check_succeeded(trial, trial.recover(place), "stuck-not-recovered", told)

    def test_each_step_may_start_cold(self, fakesecrets: FakeSecrets) -> None:
        """The function's state in memory is lost between steps."""
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        try:
            with self._trial(fakesecrets, cold_start=True) as trial:
                told = "The module was imported afresh for each step"
                self._check_succeeded(trial, trial.rotate(), "state-in-memory", told)
        except FakeSecretsError as refused:
            pytest.skip(str(refused))

    def test_it_ends_within_its_time(self, fakesecrets: FakeSecrets) -> None:
        """Each call takes 200 ms on the clock, and a sleep its whole length."""
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial, frozen(fakesecrets):
            trial.hooks.append(lambda number: fakesecrets.clock.tick(_PACE))
            rotation = trial.rotate()
            if rotation.status != "succeeded":
                trial.fail(
                    "too-slow",
                    f"{rotation.steps[-1].name} takes longer than the function may run: {trial.described(rotation.error)}",
                    "Wait shorter and raise: AWS tries again.",
                    rotation.findings,
                )

    def test_a_late_target_is_waited_for(self, fakesecrets: FakeSecrets) -> None:
        """The target accepts a new password after a delay."""
        __tracebackhide__ = True
        if self._settings.target is None:
            pytest.skip("There is no CredentialTarget that could be late.")
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial, frozen(fakesecrets):
            self._settings.target.applies_after = self._settings.propagation_delay or _LATE
            place = trial.begin()
            rotation = trial.attempt(place)
            if self._settings.propagation_delay:
                told = f"The target was {self._settings.propagation_delay.total_seconds():g} seconds late"
                self._check_succeeded(trial, rotation, "no-tolerance-for-delay", told)
            if rotation.status == "succeeded" and not trial.accepts():
                trial.fail(
                    "untested",
                    "The target was late, and testSecret returned while it refused the new value.",
                    "Log in with the new value in testSecret, and raise where it is refused.",
                    rotation.findings,
                )
            trial.recover(place, lambda: fakesecrets.clock.tick(_PAUSE))
            fakesecrets.clock.tick(_PAUSE)
            self._check_succeeded(trial, place.rotation, "not-recovered", "The target was late")


def _check_told(trial: Harness, place: RotationRef, told: str) -> None:
    """Fail the scenario if the function swallowed the error of a rejected call."""
    for finding in place.rotation.findings:
        if finding.code == "error-swallowed":
            trial.fail(finding.code, f"{told}. {finding.text}", finding.advice, place.rotation.findings)


@contextmanager
def frozen(fake: FakeSecrets) -> Iterator[None]:
    fake.clock.freeze()
    try:
        yield
    finally:
        fake.clock.stop()
