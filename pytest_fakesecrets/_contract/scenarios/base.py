"""The base class of the scenarios: their initial state and their checks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import pytest

from pytest_fakesecrets._contract.harness import ContractSettings, Harness, ScenarioFailed
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.invocation import RotationRef

#: The scenario on which the others depend.
FIRST_SCENARIO = "test_a_rotation_succeeds"


class UndisturbedRun(NamedTuple):
    """The calls of the function in a rotation without faults, and the state of the target after it."""

    log: tuple[tuple[str, str], ...]
    target: object


class Scenarios:
    """The base of the classes whose test methods are the scenarios of a contract."""

    _client: Any = None
    #: The test that runs, or None if it was called as a plain method.
    _scenario: str | None = None
    #: Set on each contract class: the result of its undisturbed rotation, and the causes of its failures.
    _undisturbed_run: ClassVar[UndisturbedRun | None] = None
    _undisturbed_failed: ClassVar[bool] = False
    _has_warned: ClassVar[bool] = False
    _causes: ClassVar[dict[Hashable, str]] = {}

    @property
    def _settings(self) -> ContractSettings:
        raise NotImplementedError

    @contextmanager
    def _harness(
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
        self._skip_without_a_rotation(fake)
        settings = self._settings
        fake._service.faults.clear()  # a scenario that injects faults which no call meets says so itself
        fake.reset()
        if settings.target is not None:
            settings.target.reset()
        settings.prepare(fake)
        self._client = self._client or fake.client()
        harness = Harness(settings, fake, self._client, cold_start=cold_start)
        if exists:
            harness.create()
            if not harness.accepts():
                raise FakeSecretsError(
                    f"secret_value of {type(self).__name__} is not accepted before any rotation. Bring the "
                    "target there in prepare(), or mend accepts()."
                )
        try:
            with harness.recording():
                yield harness
        finally:
            if settings.target is not None:  # other tests may share it, and it may be down or slow
                settings.target.reset()

    def _skip_without_a_rotation(self, fake: FakeSecrets) -> None:
        """Skip a scenario if the undisturbed rotation fails: it would prove nothing, or fail for the same cause."""
        scenario, self._scenario = self._scenario, None
        try:
            if scenario not in (None, FIRST_SCENARIO):
                self._rotate_undisturbed(fake)
        except FakeSecretsError as error:  # a mistake of the class, which that scenario reports
            pytest.skip(f"{error} See {FIRST_SCENARIO}.")
        finally:
            self._scenario = scenario

    def _rotate_undisturbed(self, fake: FakeSecrets) -> UndisturbedRun:
        """
        Rotate once without faults, and cache the result for all scenarios of the class.

        If that rotation fails, skip the scenario: test_a_rotation_succeeds reports the failure.
        """
        cls = type(self)
        cached: UndisturbedRun | None = vars(cls).get("_undisturbed_run")
        if cached is None and not vars(cls).get("_undisturbed_failed"):
            with self._harness(fake) as harness:
                rotation = harness.rotate()
                if rotation.status == "succeeded" and harness.accepts():
                    cached = UndisturbedRun(tuple(harness.log), harness.target_state())
            cls._undisturbed_run, cls._undisturbed_failed = cached, cached is None
        if cached is None:
            pytest.skip("The rotation fails without any disturbance: see test_a_rotation_succeeds.")
        return cached

    def _attempts_with_rejected_call(
        self, fake: FakeSecrets, code: str
    ) -> Iterator[tuple[int, Harness, RotationRef, str]]:
        """For each call to Secrets Manager, run and yield an attempt in which that call is always rejected, by number."""
        log, _ = self._rotate_undisturbed(fake)
        for number, (step, name) in enumerate(log):
            operation = name.split()[0]
            if operation not in OPERATIONS:
                continue
            with self._harness(fake) as harness:
                hook = _fault_injecting_hook(harness, number, operation, code, step)
                harness.hooks.append(hook)
                ref = harness.begin()
                hook(-1)
                harness.attempt(ref)
                harness.hooks.remove(hook)
                fake._service.faults.clear()
                yield (
                    number + 1,
                    harness,
                    ref,
                    f"{operation} in {step} was rejected with {code} (call {number + 1} of {len(log)})",
                )

    def _check_succeeded(self, harness: Harness, rotation: Rotation, code: str, situation: str = "") -> None:
        """
        Fail the scenario unless the rotation succeeded and the target accepts its value.

        Args:
            situation: what disturbed the rotation, as a sentence without its full stop; "" if nothing did.
        """
        __tracebackhide__ = True
        subject = f"{situation}, and the rotation" if situation else "The rotation"
        if rotation.status != "succeeded":
            harness.fail_for(code, subject, rotation, disturbed=bool(situation))
        elif not harness.accepts():
            harness.fail(
                code if situation else "not-accepted",
                f"{subject} succeeded, but the target rejects the value that is current now.",
                "Set the new credential at the target in setSecret, and log in with it in testSecret.",
                rotation.findings,
                cause="not-accepted",
            )

    def _check_recovered(self, harness: Harness, rotation: Rotation, situation: str) -> None:
        """Fail the scenario unless the rotation ended in the same state as one without faults."""
        __tracebackhide__ = True
        self._check_succeeded(harness, rotation, "not-recovered", situation)
        undisturbed = self._rotate_undisturbed(harness.fake)
        called = {name for _, name in harness.log}
        skipped = [
            name for _, name in undisturbed.log if name.split()[0] not in OPERATIONS and name not in called
        ]
        state = harness.target_state()
        strays = _strays(state, undisturbed.target)
        if strays and not skipped:
            harness.fail(
                "credential-left-behind",
                f"{situation}. The rotation then succeeded, but the target has a credential that no version needs: "
                f"{harness.redacted(strays)}.",
                "Remove the new credential when PutSecretValue fails, and look for strays at the start of createSecret.",
                cause="credential-left-behind",
            )
        elif skipped or state != undisturbed.target:
            difference = (
                f"{skipped[0]} was never called"
                if skipped
                else f"the target is in another state: {harness.redacted_repr(state)}, not {harness.redacted_repr(undisturbed.target)}"
            )
            harness.fail(
                "work-skipped",
                f"{situation}. The rotation then succeeded, but {difference}.",
                "Do what is left also where the new version is current already: Secrets Manager asks no further.",
                cause=("work-skipped", skipped[0] if skipped else None),
            )

    def _run_series(self, points: Iterable[tuple[int, Callable[[], None]]], count: int, verb: str) -> None:
        """
        Run a check at each point of a series, and then fail with the first failure and the list of all.

        Args:
            points: the number of each point, and its check.
            count: how many calls the undisturbed rotation has.
            verb: what happens at a point, such as "killed after".
        """
        __tracebackhide__ = True
        failed: list[int] = []
        first: ScenarioFailed | None = None
        for number, check in points:
            try:
                check()
            except ScenarioFailed as failure:
                failed.append(number)
                first = first or failure
        if first is not None:
            numbers = ", ".join(map(str, failed))
            summary = f"It fails when {verb} calls {numbers} of {count}." if len(failed) > 1 else ""
            raise ScenarioFailed(first.failure, summary)

    def _check_deliveries_change_nothing(self, harness: Harness, token: str, code: str, when: str) -> None:
        """Deliver all steps with a token, and fail the scenario if a step changes anything."""
        __tracebackhide__ = True
        before = harness.state()
        for step in STEPS:
            harness.deliver(step, token)
            self._check_unchanged(harness, before, step, code, when)

    def _check_unchanged(self, harness: Harness, before: object, step: str, code: str, when: str) -> None:
        """Fail the scenario if a step that must change nothing has changed the state."""
        __tracebackhide__ = True
        if harness.state() != before:
            harness.fail(
                code,
                f"{step} came {when}, and the function changed the secret or its target.",
                "Call DescribeSecret first: raise unless RotationEnabled is true and AWSPENDING is on the "
                "version of event['ClientRequestToken'].",
            )


def _strays(state: object, undisturbed: object) -> str:
    """The users with more passwords than after an undisturbed rotation, or ""; of a CredentialTarget alone."""
    users, expected = (each.get("users") if isinstance(each, dict) else None for each in (state, undisturbed))
    if not isinstance(users, dict) or not isinstance(expected, dict):
        return ""
    return ", ".join(
        f"{user!r} has {number} passwords, not {expected.get(user, 0)}"
        for user, number in users.items()
        if number > expected.get(user, 0)
    )


def _fault_injecting_hook(
    harness: Harness, number: int, operation: str, code: str, step: str
) -> Callable[[int], None]:
    """Return a hook that injects a fault into call *number* when the call before it has ended."""

    def hook(index: int) -> None:
        if index == number - 1:
            harness.fake.fail(operation, code, times=None, step=step)

    return hook
