"""Scenarios about what a rotation must not affect: readers, other versions and secrets, and logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_fakesecrets._contract.harness import LABELS, Harness
from pytest_fakesecrets._core.credential import is_credential
from pytest_fakesecrets._core.labels import CURRENT, PENDING
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._service.history import Call

from .base import Scenarios


class Bystanders(Scenarios):
    """A rotation must not affect readers or other versions and secrets, nor log a secret value."""

    def test_readers_always_find_a_credential_that_is_accepted(self, fakesecrets: FakeSecrets) -> None:
        """Between any two calls the value of a label is accepted: of AWSCURRENT, if zero_downtime is true."""
        __tracebackhide__ = True
        if not self._settings.can_verify:
            pytest.skip("Nobody knows what is accepted: the class has no target and no accepts().")
        labels = (CURRENT,) if self._settings.zero_downtime else LABELS
        with self._trial(fakesecrets) as trial:
            refused: list[str] = []

            def look(number: int) -> None:
                if not any(trial.accepts(label) for label in labels):
                    refused.append("{1} in {0}".format(*trial.log[number]))

            trial.hooks.append(look)
            rotation = trial.rotate()
            if rotation.status == "succeeded":
                rotation = trial.rotate()
            if refused:
                trial.fail(
                    "locked-out",
                    f"After {refused[0]} the target accepts no value under {' or '.join(labels)}.",
                    "Store a new credential before the target has it, and let the old one work until the new one does.",
                    rotation.findings,
                )

    def test_a_secret_born_without_a_value_is_left_whole(self, fakesecrets: FakeSecrets) -> None:
        """The function may reject it in createSecret, before it changes anything."""
        __tracebackhide__ = True
        with self._trial(fakesecrets, exists=False) as trial:
            trial.client.create_secret(Name=trial.name)
            before = trial.state()[2]  # type: ignore[index]  # labels, values, state of the target
            rotation = trial.rotate()
            step = rotation.steps[-1]
            after = trial.state()[2]  # type: ignore[index]  # as above
            if rotation.status != "succeeded" and (step.name != "createSecret" or before != after):
                trial.fail(
                    "needs-current-version",
                    f"The secret has no value yet, and {step.name} failed: {trial.described(step.error)}",
                    "Fail in createSecret, or leave RemoveFromVersionId out where no version has AWSCURRENT.",
                    rotation.findings,
                )

    def test_somebody_elses_pending_version_is_left_alone(self, fakesecrets: FakeSecrets) -> None:
        """AWSPENDING is moved to another version by hand during the rotation."""
        __tracebackhide__ = True
        self._undisturbed(fakesecrets)
        with self._trial(fakesecrets) as trial:
            place = trial.begin()
            trial.step(place)
            foreign = _foreign(trial.value())
            text = foreign if isinstance(foreign, str) else json.dumps(foreign)
            trial.client.put_secret_value(
                SecretId=trial.name, SecretString=text, ClientRequestToken="e" * 32, VersionStages=[PENDING]
            )
            trial.attempt(place)
            is_set = self._settings.target is not None and self._settings.target.accepts(foreign)
            if is_set or trial.secret.labels.get(CURRENT) == "e" * 32:
                trial.fail(
                    "wrong-version-used",
                    "AWSPENDING was on a version of somebody else, and the function used that one.",
                    "Read with VersionId=event['ClientRequestToken'], and raise where AWSPENDING is elsewhere.",
                    place.rotation.findings,
                )

    def test_the_rotation_token_is_passed_on_from_another_account(self, fakesecrets: FakeSecrets) -> None:
        """PutSecretValue needs RotationToken if the function has the credentials of another account."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            rotation = trial.rotate()
            accounts = {call.account for call in _puts(trial)}
            if not accounts:
                pytest.skip("The function stores no value: see test_a_rotation_succeeds.")
            if accounts == {trial.secret.account}:
                pytest.skip(
                    "The function stores the value with the keys of the secret's own account, where AWS needs no "
                    "RotationToken."
                )
            for finding in rotation.findings:
                if finding.code == "rotation-token-missing":
                    trial.fail(finding.code, finding.text, finding.advice, rotation.findings)
            self._check_succeeded(trial, rotation, "rotation-failed")

    def test_other_secrets_are_left_alone(self, fakesecrets: FakeSecrets) -> None:
        """The secret that rotates has a different name than in the other scenarios."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            other = trial.secret
            trial.name = f"{self._settings.secret_name}-2"
            trial.create()
            rotation = trial.rotate()
            found = [each for each in rotation.findings if each.code == "other-secret-changed"]
            now = fakesecrets._service.locate(self._settings.secret_name)[1]
            if found or (now.versions.keys(), now.labels) != (other.versions.keys(), other.labels):
                trial.fail(
                    "other-secret-changed",
                    f"The rotation is of {trial.name!r}, and the function changed {self._settings.secret_name!r}.",
                    "Use event['SecretId'] in every call.",
                    rotation.findings,
                )
            self._check_succeeded(trial, rotation, "rotation-failed")

    def test_nothing_secret_is_leaked(self, fakesecrets: FakeSecrets) -> None:
        """No secret value is in the log, stdout, stderr, the return value or an exception."""
        __tracebackhide__ = True
        with self._trial(fakesecrets) as trial:
            _check_kept(trial, trial.rotate())
        # Most leaks are in the handling of errors.
        for trial, place, _ in self._refused(fakesecrets, "AccessDeniedException"):
            _check_kept(trial, place.rotation)
        if self._settings.target is not None:
            with self._trial(fakesecrets) as trial:
                self._settings.target.is_down = True
                _check_kept(trial, trial.rotate())


def _puts(trial: Harness) -> Iterator[Call]:
    """Yield the PutSecretValue calls that stored a value of the secret."""
    for event in trial.fake._service.history.events:
        is_put = isinstance(event, Call) and event.operation == "PutSecretValue" and event.error is None
        if isinstance(event, Call) and is_put and event.secret_id == trial.secret.arn:
            yield event


def _check_kept(trial: Harness, rotation: Rotation) -> None:
    for finding in rotation.findings:
        if finding.code == "secret-leaked":
            trial.fail(finding.code, finding.text, finding.advice)


def _foreign(value: Any) -> Any:
    """Return a value of the same form with another password."""
    if not isinstance(value, dict):
        return "somebody-elses-value"
    return {name: "somebody-elses-value" if is_credential(name) else member for name, member in value.items()}
