"""Scenarios of rotations without faults."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest

from pytest_fakesecrets._contract.harness import Harness
from pytest_fakesecrets._contract.other_secrets import advice_about_another_secret
from pytest_fakesecrets._core.credential import names_a_key, user_of
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.staging_labels import PREVIOUS
from pytest_fakesecrets._fake.fake import FakeSecrets

from .base import Scenarios

_HOSTILE_ADVICE = (
    "Exclude the characters that the target rejects, with ExcludeCharacters of GetRandomPassword, or quote the password "
    "where setSecret uses it."
)


class HappyPath(Scenarios):
    """Rotations without faults."""

    def test_a_rotation_succeeds(self, fakesecrets: FakeSecrets) -> None:
        """All four steps run, without an error or a finding."""
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            rotation = harness.rotate()
            harness.warn_of_unknown_target()
            self._check_calls(harness)
            self._run_parts(
                partial(harness.fail_for_finding, finding, rotation) for finding in rotation.findings
            )
            self._check_succeeded(harness, rotation, "rotation-failed")
        with self._harness(fakesecrets) as harness:
            again = harness.rotate()
            if again.status != "succeeded":
                harness.fail(
                    "state-not-reset",
                    "The same rotation succeeded before, and fails from the same secret: something outside of the fake, "
                    "such as a module-level dict, has kept its state.",
                    "Reset it in prepare(), which is called before each rotation of a scenario.",
                    cause="state-not-reset",
                )

    def _check_calls(self, harness: Harness) -> None:
        """Fail the scenario if every step returned without any call: then no step was recognized."""
        records = harness.invocations
        if records and all(record.result.startswith("returned") and not record.calls for record in records):
            harness.fail(
                "step-did-nothing",
                f"All steps returned without a call: {', '.join(record.step for record in records)}.",
                "Compare event['Step'] with exactly 'createSecret', 'setSecret', 'testSecret' and 'finishSecret', and raise "
                "for any other.",
            )

    def test_the_first_rotation_ever_succeeds(self, fakesecrets: FakeSecrets) -> None:
        """The secret has no AWSPREVIOUS yet."""
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            rotation = harness.rotate()
            if rotation.status != "succeeded":
                advice = advice_about_another_secret(harness, rotation)
                harness.fail_for(
                    "first-rotation-failed", "The first rotation", rotation, disturbed=False, advice=advice
                )

    def test_two_rotations_in_a_row_succeed(self, fakesecrets: FakeSecrets) -> None:
        """The labels after the first rotation must not block the second."""
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            first = harness.rotate()
            self._check_succeeded(harness, first, "rotation-failed")
            self._rotate_again(harness, first)
            if harness.secret.labels.get(PREVIOUS) != first.token:
                harness.fail(
                    "previous-moved",
                    "After two rotations AWSPREVIOUS is not on the version that was current before.",
                    "Move AWSCURRENT alone, once, and leave AWSPREVIOUS to Secrets Manager.",
                )
            harness.warn_of_uncalled()

    def _rotate_again(self, harness: Harness, first: Rotation) -> None:
        try:
            second = harness.rotate()
        except harness.client.exceptions.ClientError as rejected:
            harness.fail(
                "second-rotation-failed",
                f"RotateSecret is rejected after a rotation: {harness.redacted(rejected.response['Error']['Message'])}",
                "Leave AWSPENDING on the version that became current, or remove it from there.",
                first.findings,
            )
        else:
            self._check_succeeded(harness, second, "second-rotation-failed")
            self._run_parts(
                partial(harness.fail_for_finding, finding, second, "In the second rotation: ")
                for finding in second.findings
            )

    def test_awspending_may_be_gone_already(self, fakesecrets: FakeSecrets) -> None:
        """Secrets Manager may remove the label after a rotation, before a step is delivered again."""
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            harness.fake.assume(pending_after_finish="removed")
            for _ in range(2):
                rotation = harness.rotate()
                self._check_succeeded(harness, rotation, "pending-needed")
                error = harness.deliver("finishSecret", rotation.token)
                if error is not None:
                    harness.fail(
                        "pending-needed",
                        f"finishSecret came again when AWSPENDING was gone: {harness.described(error)}",
                        "Return where AWSCURRENT is on the version of the event already.",
                        cause=harness.cause_of(error),
                    )

    def test_alternating_users_come_back_after_two_rotations(self, fakesecrets: FakeSecrets) -> None:
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            before = user_of(harness.value())
            harness.rotate()
            between = user_of(harness.value())
            if _name(before) == _name(between):
                pytest.skip("The user stays the same, so the function does not alternate users.")
            if names_a_key(harness.value()):
                pytest.skip(
                    "The target creates the id of each key, so the function does not alternate users."
                )
            self._check_succeeded(harness, harness.rotate(), "did-not-alternate")
            after = user_of(harness.value())
            if _name(after) != _name(before):
                harness.fail(
                    "did-not-alternate",
                    f"The users were {harness.redacted_repr(before)}, {harness.redacted_repr(between)} and {harness.redacted_repr(after)}: the third is not the first again.",
                    "Toggle between two names, for example with and without a suffix.",
                )

    def test_hostile_but_legal_passwords_work(self, fakesecrets: FakeSecrets) -> None:
        """GetRandomPassword may return any character that is not excluded, in any order."""
        __tracebackhide__ = True
        log, _ = self._rotate_undisturbed(fakesecrets)
        if not any(name == "GetRandomPassword" for _, name in log):
            pytest.skip("The function does not ask Secrets Manager for its passwords.")
        for turn in range(4):
            with self._harness(fakesecrets) as harness:
                harness.fake._service.ids.passwords = _HostileRandom(turn)
                rotation = harness.rotate()
                if rotation.status != "succeeded":
                    harness.fail_for(
                        "hostile-password",
                        "The password had special characters, and the rotation",
                        rotation,
                        disturbed=True,
                        advice=_HOSTILE_ADVICE,
                    )
                self._check_succeeded(
                    harness, rotation, "hostile-password", "The password had special characters"
                )
                if not isinstance(self._settings.secret_value, str) and not isinstance(harness.value(), dict):
                    harness.fail(
                        "hostile-password",
                        "The new value is not JSON any more: the password broke it.",
                        "Build the value with json.dumps(), and quote passwords as the target needs it.",
                    )


def _name(user: object) -> object:
    """A user's name as databases compare names: 'app' and 'APP' are one user."""
    return user.casefold() if isinstance(user, str) else user


class _HostileRandom(Random):
    """Draws first the characters that break quoting, in a different order for each *turn*."""

    CHARACTERS = "'\"\\%$:;`{}&<>|#/@ ?*()[]~!,.-_+=^"

    def __init__(self, turn: int) -> None:
        super().__init__(turn)
        self._order = self.CHARACTERS[turn * 5 :] + self.CHARACTERS[: turn * 5]

    def choices(self, population: Any, *arguments: Any, k: int = 1, **keywords: Any) -> Any:
        first = [character for character in self._order if character in population]
        return (first + super().choices(population, k=k))[:k]

    def shuffle(self, x: Any) -> None:
        x.reverse()
