"""Scenarios of rotations without faults."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._core.credential import user_of
from pytest_fakesecrets._core.labels import PREVIOUS
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets

from .base import Scenarios


class Rotating(Scenarios):
    """Rotations without faults."""

    def test_a_rotation_succeeds(self, fakesecrets: FakeSecrets) -> None:
        """All four steps run, without an error or a finding."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            rotation = trial.rotate()
            if rotation.findings:
                first = rotation.findings[0]
                trial.fail(first.code, first.text, first.advice, rotation.findings)
            self._check_succeeded(trial, rotation, "rotation-failed")

    def test_the_first_rotation_ever_succeeds(self, fakesecrets: FakeSecrets) -> None:
        """The secret has no AWSPREVIOUS yet."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            rotation = trial.rotate()
            if rotation.status != "succeeded":
                step = rotation.steps[-1]
                trial.fail(
                    "first-rotation-failed",
                    f"The first rotation {rotation.status} in {step.name}: {trial.described(step.error)}",
                    "A young secret has no AWSPREVIOUS, and its value only what it was created with.",
                    rotation.findings,
                )

    def test_two_rotations_in_a_row_succeed(self, fakesecrets: FakeSecrets) -> None:
        """The labels after the first rotation must not block the second."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            first = trial.rotate()
            self._check_succeeded(trial, first, "rotation-failed")
            self._rotate_again(trial, first)
            if trial.secret.labels.get(PREVIOUS) != first.token:
                trial.fail(
                    "previous-moved",
                    "After two rotations AWSPREVIOUS is not on the version that was current before.",
                    "Move AWSCURRENT alone, once, and leave AWSPREVIOUS to Secrets Manager.",
                )

    def _rotate_again(self, trial: Harness, first: Rotation) -> None:
        try:
            second = trial.rotate()
        except trial.client.exceptions.ClientError as refused:
            trial.fail(
                "second-rotation-failed",
                f"RotateSecret is refused after a rotation: {trial.redacted(refused.response['Error']['Message'])}",
                "Leave AWSPENDING on the version that became current, or remove it from there.",
                first.findings,
            )
        else:
            self._check_succeeded(trial, second, "second-rotation-failed")
            for finding in second.findings:
                trial.fail(
                    finding.code, f"In the second rotation: {finding.text}", finding.advice, second.findings
                )

    def test_awspending_may_be_gone_already(self, fakesecrets: FakeSecrets) -> None:
        """Secrets Manager may remove the label after a rotation, before a step is delivered again."""
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial:
            trial.fake.assume(pending_after_finish="removed")
            for _ in range(2):
                rotation = trial.rotate()
                self._check_succeeded(trial, rotation, "pending-needed")
                error = trial.deliver("finishSecret", rotation.token)
                if error is not None:
                    trial.fail(
                        "pending-needed",
                        f"finishSecret came again when AWSPENDING was gone: {trial.described(error)}",
                        "Return where AWSCURRENT is on the version of the event already.",
                    )

    def test_alternating_users_come_back_after_two_rotations(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial:
            before = user_of(trial.value())
            trial.rotate()
            between = user_of(trial.value())
            if before == between:
                pytest.skip("The user stays the same: this is no strategy of alternating users.")
            self._check_succeeded(trial, trial.rotate(), "did-not-alternate")
            after = user_of(trial.value())
            if after != before:
                trial.fail(
                    "did-not-alternate",
                    f"The users were {trial.shown(before)}, {trial.shown(between)} and {trial.shown(after)}: the third is not the first again.",
                    "Toggle between two names, for example with and without a suffix.",
                )

    def test_hostile_but_legal_passwords_work(self, fakesecrets: FakeSecrets) -> None:
        """GetRandomPassword may return any character that is not excluded, in any order."""
        __tracebackhide__ = True
        log, _ = self._undisturbed(fakesecrets)
        if not any(name == "GetRandomPassword" for _, name in log):
            pytest.skip("The function does not ask Secrets Manager for its passwords.")
        for turn in range(4):
            with self._trial(fakesecrets) as trial:
                trial.fake._service.ids.passwords = _Hostile(turn)
                rotation = trial.rotate()
                self._check_succeeded(
                    trial, rotation, "hostile-password", "The password had special characters"
                )
                if not isinstance(self._settings.secret_value, str) and not isinstance(trial.value(), dict):
                    trial.fail(
                        "hostile-password",
                        "The new value is no JSON any more: the password broke it.",
                        "Build the value with json.dumps(), and quote passwords as the target needs it.",
                    )


class _Hostile(Random):
    """Draws characters that break quoting first, in a different order for each *turn*."""

    CHARACTERS = "'\"\\%$:;`{}&<>|#/@ ?*()[]~!,.-_+=^"

    def __init__(self, turn: int) -> None:
        super().__init__(turn)
        self._order = self.CHARACTERS[turn * 5 :] + self.CHARACTERS[: turn * 5]

    def choices(self, population: Any, *arguments: Any, k: int = 1, **keywords: Any) -> Any:
        first = [character for character in self._order if character in population]
        return (first + super().choices(population, k=k))[:k]

    def shuffle(self, x: Any) -> None:
        x.reverse()
