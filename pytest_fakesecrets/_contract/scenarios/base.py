"""The base class of the scenarios: their initial state and their checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import pytest

from pytest_fakesecrets._contract.harness import ContractSettings, Harness
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.invocation import RotationRef


class UndisturbedRun(NamedTuple):
    """The calls of the function in a rotation without faults, and the state of the target after it."""

    log: tuple[tuple[str, str], ...]
    target: object


class Scenarios:
    """The base of the classes whose test methods are the scenarios of a contract."""

    _client: Any = None
    #: Cached on each contract class.
    _undisturbed_run: ClassVar[UndisturbedRun | None] = None

    @property
    def _settings(self) -> ContractSettings:
        raise NotImplementedError

    @contextmanager
    def _trial(
        self, fake: FakeSecrets, *, exists: bool = True, cold_start: bool = False
    ) -> Iterator[Harness]:
        """
        Set up the secret, the function and the target in their state before the first rotation.

        Args:
            exists: whether the secret is created.
            cold_start: whether the function's module is imported again for each step.

        Raises:
            FakeSecretsError: the target rejects `secret_value`.
        """
        settings = self._settings
        fake.reset()
        if settings.target is not None:
            settings.target.reset()
        settings.prepare(fake)
        self._client = self._client or fake.client()
        trial = Harness(settings, fake, self._client, cold_start=cold_start)
        if exists:
            trial.create()
            if not trial.accepts():
                raise FakeSecretsError(
                    f"secret_value of {type(self).__name__} is not accepted before any rotation. Bring the "
                    "target there in prepare(), or mend accepts()."
                )
        try:
            with trial.watched():
                yield trial
        finally:
            if settings.target is not None:  # other tests may share it, and it may be down or slow
                settings.target.reset()

    def _undisturbed(self, fake: FakeSecrets) -> UndisturbedRun:
        """
        Rotate once without faults, and cache the result for all scenarios of the class.

        If that rotation fails, skip the scenario: test_a_rotation_succeeds reports the failure.
        """
        known: UndisturbedRun | None = vars(type(self)).get("_undisturbed_run")
        if known is None:
            with self._trial(fake) as trial:
                rotation = trial.rotate()
                if rotation.status != "succeeded" or not trial.accepts():
                    pytest.skip("The rotation fails without any disturbance: see test_a_rotation_succeeds.")
                known = UndisturbedRun(tuple(trial.log), trial.target_state())
            type(self)._undisturbed_run = known
        return known

    def _refused(self, fake: FakeSecrets, code: str) -> Iterator[tuple[Harness, RotationRef, str]]:
        """For each call to Secrets Manager, run an attempt in which that call and its retries are rejected."""
        log, _ = self._undisturbed(fake)
        for number, (step, name) in enumerate(log):
            operation = name.split()[0]
            if operation not in OPERATIONS:
                continue
            with self._trial(fake) as trial:
                hook = _arming(trial, number, operation, code, step)
                trial.hooks.append(hook)
                place = trial.begin()
                hook(-1)
                trial.attempt(place)
                trial.hooks.remove(hook)
                fake._service.faults.clear()
                yield (
                    trial,
                    place,
                    f"{operation} in {step} was refused with {code} (call {number + 1} of {len(log)})",
                )

    def _check_succeeded(self, trial: Harness, rotation: Rotation, code: str, told: str = "") -> None:
        """Fail the scenario unless the rotation succeeded and the target accepts its value."""
        __tracebackhide__ = True
        before = f"{told}, and t" if told else "T"
        if rotation.status != "succeeded":
            step = rotation.steps[-1]
            trial.fail(
                code,
                f"{before}he rotation {rotation.status} in {step.name}, attempt {step.attempt}: "
                f"{trial.described(step.error)}",
                _advice(rotation),
                rotation.findings,
            )
        if not trial.accepts():
            trial.fail(
                code if told else "not-accepted",
                f"{before}he rotation succeeded, but the target refuses the value that is current now.",
                "Set the new credential at the target in setSecret, and log in with it in testSecret.",
                rotation.findings,
            )

    def _check_recovered(self, trial: Harness, rotation: Rotation, told: str) -> None:
        """Fail the scenario unless the rotation ended in the same state as one without faults."""
        __tracebackhide__ = True
        self._check_succeeded(trial, rotation, "not-recovered", told)
        undisturbed = self._undisturbed(trial.fake)
        done = {name for _, name in trial.log}
        skipped = [
            name for _, name in undisturbed.log if name.split()[0] not in OPERATIONS and name not in done
        ]
        now = trial.target_state()
        if skipped or now != undisturbed.target:
            what = (
                f"{skipped[0]} was never called"
                if skipped
                else f"the target is in another state: {trial.shown(now)}, not {trial.shown(undisturbed.target)}"
            )
            trial.fail(
                "work-skipped",
                f"{told}. The rotation then succeeded, but {what}.",
                "Do what is left also where the new version is current already: Secrets Manager asks no further.",
            )

    def _check_left_alone(self, trial: Harness, token: str, code: str, when: str) -> None:
        """Deliver all steps with a token, and fail the scenario if a step changes anything."""
        __tracebackhide__ = True
        before = trial.state()
        for step in STEPS:
            trial.deliver(step, token)
            self._check_unchanged(trial, before, step, code, when)

    def _check_unchanged(self, trial: Harness, before: object, step: str, code: str, when: str) -> None:
        """Fail the scenario if a step that must change nothing has changed the state."""
        __tracebackhide__ = True
        if trial.state() != before:
            trial.fail(
                code,
                f"{step} came {when}, and the function changed the secret or its target.",
                "Call DescribeSecret first: raise unless RotationEnabled is true and AWSPENDING is on the "
                "version of event['ClientRequestToken'].",
            )


def _advice(rotation: Rotation) -> str:
    if rotation.findings:
        return rotation.findings[-1].advice
    return "Look at the last step below: each step has to lead to the end from wherever the last one stopped."


def _arming(trial: Harness, number: int, operation: str, code: str, step: str) -> Callable[[int], None]:
    """Return a hook that injects a fault into the call with that index, when the call before it has ended."""

    def hook(at: int) -> None:
        if at == number - 1:
            trial.fake.fail(operation, code, times=None, step=step)

    return hook
