"""Scenarios of events that a function has to reject, and of states in which it must change nothing."""

from __future__ import annotations

from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._fake.fake import FakeSecrets

from .base import Scenarios


class Refusals(Scenarios):
    """Events that a function has to reject, and states in which it must change nothing."""

    def test_an_unknown_token_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            trial.begin()
            self._check_left_alone(
                trial, "f" * 32, "unknown-token-accepted", "with a token that is no version's"
            )

    def test_rotation_that_is_switched_off_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            before = trial.state()
            error = trial.deliver("createSecret", "f" * 32)
            self._check_unchanged(trial, before, "createSecret", "disabled-accepted", "when rotation was off")
            if isinstance(error, KeyError) and "RotationEnabled" in str(error):
                trial.fail(
                    "rotation-enabled-assumed",
                    "DescribeSecret has no RotationEnabled where rotation was never turned on: KeyError.",
                    "Read it with metadata.get('RotationEnabled').",
                )
            self._check_cancelled(trial, steps=0)
        with self._trial(fakesecrets) as trial:
            self._check_cancelled(trial, steps=1)

    def _check_cancelled(self, trial: Harness, steps: int) -> None:
        """Cancel a rotation after some steps. Its version loses AWSPENDING only if it has no value."""
        __tracebackhide__ = True
        place = trial.begin()
        for _ in range(steps):
            trial.step(place)
        trial.client.cancel_rotate_secret(SecretId=trial.name)
        self._check_left_alone(trial, place.token, "disabled-accepted", "when rotation was switched off")

    def test_an_unknown_step_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            place = trial.begin()
            before = trial.state()
            error = trial.deliver("anotherSecret", place.token)
            if error is None or trial.state() != before:
                trial.fail(
                    "unknown-step-accepted",
                    "A step that there is not was taken without an error: a step of another spelling would be too.",
                    "Raise ValueError for a Step that is none of createSecret, setSecret, testSecret, finishSecret.",
                )

    def test_a_test_run_changes_nothing(self, fakesecrets: FakeSecrets) -> None:
        """RotateImmediately=false runs only testSecret, on a version that is removed afterwards."""
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial:
            before = trial.state()
            rotation = trial.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
            self._check_succeeded(trial, rotation, "test-run-failed", "Only testSecret was run")
            if trial.state() != before:
                trial.fail(
                    "test-run-failed",
                    "A test run changed the secret or its target.",
                    "Only look in testSecret.",
                )
