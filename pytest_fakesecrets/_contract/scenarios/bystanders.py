"""Scenarios about what a rotation must not affect: readers, other versions and secrets, and logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from pytest_fakesecrets._contract.advice import LOST_PENDING, advice_for_lockout, is_lost_by_finish_secret
from pytest_fakesecrets._contract.harness import LABELS, Harness
from pytest_fakesecrets._contract.other_secrets import OtherSecretUses, listed
from pytest_fakesecrets._core.credential import is_credential
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._service.history import Call

from .base import Scenarios

_OF_ONE_SECRET = (
    "A function that is only for one secret on purpose can raise for any other, before its first call; or skip this scenario "
    "with without = {'test_other_secrets_are_left_alone': 'the reason'}."
)


class Bystanders(Scenarios):
    """A rotation must not affect readers or other versions and secrets, nor log a secret value."""

    def test_readers_always_find_a_credential_that_is_accepted(self, fakesecrets: FakeSecrets) -> None:
        """Between any two calls the target accepts the value of a label: of AWSCURRENT if zero_downtime is true."""
        __tracebackhide__ = True
        if not self._settings.can_verify:
            pytest.skip("The accepted values are not known: the class has no target and no accepts().")
        labels = (CURRENT,) if self._settings.zero_downtime else LABELS
        with self._harness(fakesecrets) as harness:
            locked_out: list[tuple[str, str, Mapping[str, Collection[str]]]] = []

            def check_labels(index: int) -> None:
                if not locked_out and not any(harness.accepts(label) for label in labels):
                    step, call = harness.log[index]
                    locked_out.append((step, call, harness.accepted_labels()))

            harness.hooks.append(check_labels)
            rotation = harness.rotate()
            if rotation.status == "succeeded":
                rotation = harness.rotate()
            if locked_out:
                step, call, accepted = locked_out[0]
                is_lost = is_lost_by_finish_secret(step, accepted)
                harness.fail(
                    "locked-out",
                    f"After {call} in {step} the target accepts no value under {' or '.join(labels)}.",
                    advice_for_lockout(step, accepted),
                    rotation.findings,
                    cause=LOST_PENDING if is_lost else ("locked-out", step),
                )

    def test_a_secret_born_without_a_value_is_left_whole(self, fakesecrets: FakeSecrets) -> None:
        """The function may fail in createSecret, before it changes anything."""
        __tracebackhide__ = True
        with self._harness(fakesecrets, exists=False) as harness:
            harness.client.create_secret(Name=harness.name)
            before = harness.state()[2:]  # type: ignore[index]  # without its labels and values
            rotation = harness.rotate()
            step = rotation.steps[-1]
            after = harness.state()[2:]  # type: ignore[index]  # as above
            if rotation.status != "succeeded" and (step.name != "createSecret" or before != after):
                harness.fail(
                    "needs-current-version",
                    f"The secret has no value yet, and {step.name} failed: {harness.described(step.error)}",
                    "Fail in createSecret, or leave RemoveFromVersionId out where no version has AWSCURRENT.",
                    rotation.findings,
                )

    def test_somebody_elses_pending_version_is_left_alone(self, fakesecrets: FakeSecrets) -> None:
        """AWSPENDING is moved to another version by hand during the rotation."""
        __tracebackhide__ = True
        self._rotate_undisturbed(fakesecrets)
        with self._harness(fakesecrets) as harness:
            ref = harness.begin()
            harness.step(ref)
            other_value = _with_other_password(harness.value())
            secret_string = other_value if isinstance(other_value, str) else json.dumps(other_value)
            harness.client.put_secret_value(
                SecretId=harness.name,
                SecretString=secret_string,
                ClientRequestToken="e" * 32,
                VersionStages=[PENDING],
            )
            harness.attempt(ref)
            is_used = self._settings.target is not None and self._settings.target.accepts(other_value)
            if is_used or harness.secret.labels.get(CURRENT) == "e" * 32:
                harness.fail(
                    "wrong-version-used",
                    "AWSPENDING was on another version than that of the rotation, and the function used that version.",
                    "Read with VersionId=event['ClientRequestToken'], and raise where AWSPENDING is elsewhere.",
                    ref.rotation.findings,
                )

    def test_the_rotation_token_is_passed_on_from_another_account(self, fakesecrets: FakeSecrets) -> None:
        """A function in another account has to pass RotationToken on. [user guide: troubleshoot_rotation]"""
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            rotation = harness.rotate()
            accounts = {call.account for call in _put_calls(harness)}
            if not accounts:
                pytest.skip("The function stores no value: see test_a_rotation_succeeds.")
            if accounts == {harness.secret.account}:
                pytest.skip(
                    "The function stores the value with the keys of the secret's own account, where AWS needs no "
                    "RotationToken."
                )
            for finding in rotation.findings:
                if finding.code == "rotation-token-missing":
                    harness.fail_for_finding(finding, rotation)
            self._check_succeeded(harness, rotation, "rotation-failed")

    def test_other_secrets_are_left_alone(self, fakesecrets: FakeSecrets) -> None:
        """The secret that rotates has a different name than in the other scenarios."""
        __tracebackhide__ = True
        with self._harness(fakesecrets) as harness:
            harness.warm_up()
            first = harness.secret
            harness.name = f"{self._settings.secret_name}-2"
            harness.create()
            uses = OtherSecretUses(harness, first)
            ref = harness.begin()
            before = harness.state()
            rotation = harness.attempt(ref)
            self._check_other_secrets(harness, uses, rotation)
            # A function of one secret may reject another one, as long as it changes nothing.
            if rotation.status == "succeeded" or harness.state() != before:
                self._check_succeeded(harness, rotation, "rotation-failed")
            if rotation.status == "succeeded":
                harness.rotate_with_repetitions()
                self._check_other_secrets(harness, uses, rotation)

    def _check_other_secrets(self, harness: Harness, uses: OtherSecretUses, rotation: Rotation) -> None:
        __tracebackhide__ = True
        changed, of_the_first = uses.changed(), uses.of_the_first()
        if changed:
            names = " and ".join(map(repr, changed))
            calls = [use for use in changed.values() if use]
            what = f"changed {names}.{f' It called {listed(calls)}.' if calls else ''}"
        elif of_the_first:
            what = f"used {self._settings.secret_name!r}: {listed(of_the_first)}."
        else:
            return
        harness.fail(
            "other-secret-changed",
            f"The rotation is of {harness.name!r}, and the function {what}",
            f"Use event['SecretId'] in every call. {_OF_ONE_SECRET}",
            rotation.findings,
        )

    def test_nothing_secret_is_leaked(self, fakesecrets: FakeSecrets) -> None:
        """No secret value is in the log, stdout, stderr, the return value or an exception."""
        __tracebackhide__ = True
        with closing(self._checks_of_leaks(fakesecrets)) as checks:
            self._run_parts(checks)

    def _checks_of_leaks(self, fake: FakeSecrets) -> Generator[Callable[[], None], None, None]:
        with self._harness(fake) as harness:
            yield partial(_check_not_leaked, harness, harness.rotate())
        # Most leaks are in error handling.
        with self._attempts_with_rejected_call(fake, "AccessDeniedException") as attempts:
            for rejected in attempts:
                yield partial(_check_not_leaked, rejected.harness, rejected.ref.rotation)
        if self._settings.target is not None:
            with self._harness(fake) as harness:
                self._settings.target.is_down = True
                yield partial(_check_not_leaked, harness, harness.rotate())


def _put_calls(harness: Harness) -> Iterator[Call]:
    """Yield the PutSecretValue calls that stored a value of the secret."""
    for event in harness.fake._service.history.events:
        is_put = isinstance(event, Call) and event.operation == "PutSecretValue" and event.error is None
        if isinstance(event, Call) and is_put and event.secret_id == harness.secret.arn:
            yield event


def _check_not_leaked(harness: Harness, rotation: Rotation) -> None:
    for finding in rotation.findings:
        if finding.code == "secret-leaked":
            harness.fail(finding.code, finding.text, finding.advice, cause=harness.cause_of_finding(finding))


def _with_other_password(value: Any) -> Any:
    """Return a value of the same form with another password."""
    if not isinstance(value, dict):
        return "another-password"
    return {name: "another-password" if is_credential(name) else member for name, member in value.items()}
