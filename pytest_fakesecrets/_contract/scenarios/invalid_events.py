"""Scenarios of events that a function has to reject, and of states in which it must change nothing."""

from __future__ import annotations

from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._fake.fake import FakeSecrets

from .base import Scenarios


class InvalidEvents(Scenarios):
    """Events that a function has to reject, and states in which it must change nothing."""

    def test_an_unknown_token_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            harness.begin()
            self._check_deliveries_change_nothing(
                harness, "f" * 32, "unknown-token-accepted", "with a token that belongs to no version"
            )

    def test_rotation_that_is_switched_off_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            before = harness.state()
            error = harness.deliver("createSecret", "f" * 32)
            self._check_unchanged(
                harness, before, "createSecret", "disabled-accepted", "when rotation was off"
            )
            if isinstance(error, KeyError) and "RotationEnabled" in str(error):
                harness.note(
                    "rotation-enabled-assumed",
                    "The function rejects a secret whose rotation was never turned on by a KeyError: DescribeSecret then "
                    "has no RotationEnabled.",
                    "Read it with metadata.get('RotationEnabled') for a clearer error.",
                )
            self._check_cancelled(harness, steps=0)
        with self._harness(fakesecrets) as harness:
            self._check_cancelled(harness, steps=1)

    def _check_cancelled(self, harness: Harness, steps: int) -> None:
        """Cancel a rotation after some steps. Its version loses AWSPENDING only if it has no value."""
        __tracebackhide__ = True
        ref = harness.begin()
        for _ in range(steps):
            harness.step(ref)
        harness.client.cancel_rotate_secret(SecretId=harness.name)
        self._check_deliveries_change_nothing(
            harness, ref.token, "disabled-accepted", "when rotation was switched off"
        )

    def test_an_unknown_step_is_refused(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            ref = harness.begin()
            before = harness.state()
            error = harness.deliver("anotherSecret", ref.token)
            if error is None or harness.state() != before:
                harness.fail(
                    "unknown-step-accepted",
                    "The function accepted a step that does not exist, so it would accept a misspelt one too.",
                    "Raise ValueError for a Step that is none of createSecret, setSecret, testSecret, finishSecret.",
                )

    def test_a_test_run_changes_nothing(self, fakesecrets: FakeSecrets) -> None:
        """RotateImmediately=false runs only testSecret, on a version that is removed afterwards."""
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            before = harness.state()
            rotation = harness.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
            self._check_succeeded(harness, rotation, "test-run-failed", "Only testSecret was run")
            if harness.state() != before:
                harness.fail(
                    "test-run-failed",
                    "A test run changed the secret or its target.",
                    "Only look in testSecret.",
                )
