"""The base class of the scenarios: their initial state and their checks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import pytest

from pytest_fakesecrets._contract.advice import PENDING_FIRST, advice_for_skipped_work
from pytest_fakesecrets._contract.failures import ScenarioFailed
from pytest_fakesecrets._contract.harness import EVENT_NOT_CHECKED, ContractSettings, Harness
from pytest_fakesecrets._contract.other_secrets import advice_about_another_secret
from pytest_fakesecrets._contract.other_services import other_services_rejected
from pytest_fakesecrets._contract.recorded_calls import SkippedCall, is_target_change, skipped_calls
from pytest_fakesecrets._contract.recorded_run import RecordedRun
from pytest_fakesecrets._contract.rejections import RejectedCall, attempts, rejected_calls
from pytest_fakesecrets._contract.repeated_calls import repeated_calls
from pytest_fakesecrets._contract.target_calls import TargetCall
from pytest_fakesecrets._contract.target_states import difference as state_difference
from pytest_fakesecrets._core.credential import credentials_in
from pytest_fakesecrets._core.errors import FakeSecretsError, add_optional_note
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._service.hints import PREFIX

#: The scenario on which the others depend.
FIRST_SCENARIO = "test_a_rotation_succeeds"


#: When a recovery may skip a call that its step commits.
_UNDONE = (
    " Where the database undoes a transaction as a whole, with the change of the password, as PostgreSQL does, let the "
    "target of the test do so too, or accept 'work-skipped'."
)


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
    #: The codes of `accepted` that a finding has had, and the outcome of each scenario that has run.
    _used_acceptances: ClassVar[set[str]] = set()
    _outcomes: ClassVar[dict[str, str]] = {}
    _undisturbed_companions: ClassVar[Mapping[str, object]] = {}
    _undisturbed_target_calls: ClassVar[Sequence[TargetCall]] = ()
    _unseen_changes: ClassVar[Sequence[str]] = ()

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
        with other_services_rejected(fake):
            settings.prepare(fake)
        self._client = self._client or fake.client()
        harness = Harness(settings, fake, self._client, cold_start=cold_start)
        if exists:
            harness.create()
            with other_services_rejected(fake):
                is_accepted = harness.accepts()
            if not is_accepted:
                error = FakeSecretsError(
                    f"secret_value of {type(self).__name__} is not accepted before any rotation{_reason(harness)}"
                )
                hint = _hint_about_members(harness)
                if hint is not None:
                    add_optional_note(error, hint)
                raise error
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
                    cls._undisturbed_companions = harness.outcome_of_companions()
                    cls._undisturbed_target_calls = tuple(harness.target_calls.begun)
                    cls._unseen_changes = harness.unseen_changes()
            if cached is not None:
                self._check_state_is_repeatable(fake, cached.target)
            cls._undisturbed_run, cls._undisturbed_failed = cached, cached is None
        if cached is None:
            pytest.skip("The rotation fails without any disturbance: see test_a_rotation_succeeds.")
        return cached

    def _check_state_is_repeatable(self, fake: FakeSecrets, state: object) -> None:
        """
        Rotate once more, and compare the states of a target that the class describes itself.

        Raises:
            FakeSecretsError: they differ, so that the comparison would fail every scenario.
        """
        settings = self._settings
        if not settings.has_own_state:
            return
        with self._harness(fake) as harness:
            harness.rotate()
            again = harness.target_state()
            if again != state:
                raise FakeSecretsError(
                    f"target_state() of {settings.title} differs after two rotations without faults: "
                    f"{state_difference(again, state, harness.redacted)}. Leave out what differs each time, such as "
                    "passwords, hashes and times, and bring the target to the same state in prepare()."
                )

    @contextmanager
    def _attempts_with_rejected_call(
        self, fake: FakeSecrets, code: str
    ) -> Iterator[Generator[RejectedCall, None, None]]:
        """
        Give a generator that runs an attempt for each call to Secrets Manager, in which that call is rejected.

        It is closed at the end of the block: one that a failure has left suspended would reset the target whenever
        the garbage collector finds it, in the middle of another scenario.
        """
        with closing(self._rejected_calls(fake, code)) as rejected:
            yield rejected

    def _rejected_calls(self, fake: FakeSecrets, code: str) -> Generator[RejectedCall, None, None]:
        log, _ = self._rotate_undisturbed(fake)
        self._check_calls_are_seen()
        open_harness = partial(self._harness, fake)
        for attempt in attempts(open_harness, log):
            yield from rejected_calls(open_harness, attempt, code)

    def _check_calls_are_seen(self) -> None:
        """Skip the scenario if the function changes the secret with calls that cannot be disturbed."""
        if self._unseen_changes:
            pytest.skip(
                f"The secret was changed by {' and '.join(self._unseen_changes)}, and this contract did not see the "
                "function make that call, so it cannot disturb it. Make the calls in the step's own thread, in a thread "
                "that the function starts while a step runs, or in a child process that uses fakesecrets_server."
            )

    def _check_succeeded(
        self,
        harness: Harness,
        rotation: Rotation,
        code: str,
        situation: str = "",
        advice: str | None = None,
    ) -> None:
        """
        Fail the scenario unless the rotation succeeded and the target accepts its value.

        Args:
            situation: what disturbed the rotation, as a sentence without its full stop; "" if nothing did.
            advice: what to do, if the scenario knows it better than the exception does.
        """
        __tracebackhide__ = True
        subject = f"{situation}, and the rotation" if situation else "The rotation"
        if rotation.status != "succeeded":
            advice = advice or advice_about_another_secret(harness, rotation)
            harness.fail_for(code, subject, rotation, disturbed=bool(situation), advice=advice)
        elif not harness.accepts():
            harness.fail(
                code if situation else "not-accepted",
                f"{subject} succeeded, but the target rejects the value that is current now.",
                advice
                or "Set the new credential at the target in setSecret, and log in with it in testSecret."
                f"{harness.question_about_target() or harness.question_about_commit()}",
                rotation.findings,
                cause="not-accepted",
            )

    def _check_recovered(self, harness: Harness, rotation: Rotation, situation: str) -> None:
        """Fail the scenario unless the rotation ended in the same state as one without faults."""
        __tracebackhide__ = True
        self._check_succeeded(harness, rotation, "not-recovered", situation)
        undisturbed = self._rotate_undisturbed(harness.fake)
        skipped = self._skipped_calls(harness, undisturbed)[:1]
        lost = [str(call) for call in skipped]
        state = harness.target_state()
        strays = _strays(state, undisturbed.target)
        if strays and not lost:
            harness.fail(
                "credential-left-behind",
                f"{situation}. The rotation then succeeded, but the target has a credential that no version needs: "
                f"{harness.redacted_quotations(strays)}.",
                "Remove the new credential when PutSecretValue fails, and look for strays at the start of createSecret.",
                cause="credential-left-behind",
            )
            return
        cause: Hashable = ("work-skipped", skipped[0].step) if skipped else None
        if state != undisturbed.target:
            shown = state_difference(state, undisturbed.target, harness.redacted)
            lost.append(f"the target is in another state: {shown}")
            cause = _state_lost(shown)
        if lost:
            undone = _UNDONE if skipped and skipped[0].is_in_a_transaction else ""
            harness.fail(
                "work-skipped",
                f"{situation}. The rotation then succeeded, but {', and '.join(lost)}.{undone}",
                _advice_for(harness, *skipped),
                cause=cause,
            )
        self._check_companions(harness, "work-skipped", situation)

    def _skipped_calls(self, harness: Harness, undisturbed: UndisturbedRun) -> list[SkippedCall]:
        is_verified = harness.settings.can_verify
        runs = harness.target_calls.begun, self._undisturbed_target_calls
        again, expected_again = (repeated_calls(each, is_verified=is_verified) for each in runs)
        return skipped_calls(
            harness.log, undisturbed.log, is_verified=is_verified, repeated=(again, expected_again)
        )

    def _check_companions(self, harness: Harness, code: str, situation: str) -> None:
        """Fail the scenario if a companion is not as after a rotation without faults."""
        __tracebackhide__ = True
        outcome, expected = harness.outcome_of_companions(), type(self)._undisturbed_companions
        for name, found in outcome.items():
            if found != expected[name]:
                harness.fail(
                    code,
                    f"{situation}. The rotation then succeeded, but the companion {name!r} is in another state: "
                    f"{state_difference(found, expected[name], harness.redacted)}.",
                    "Move the labels of all companions before AWSCURRENT of the secret itself, and do what is left also "
                    "where the new version is current already.",
                )

    def _check_same_outcome(self, harness: Harness, code: str, situation: str) -> None:
        """Fail the scenario if the target or a companion is not as after a rotation without faults."""
        __tracebackhide__ = True
        state, expected = harness.target_state(), self._rotate_undisturbed(harness.fake).target
        if state != expected:
            shown = state_difference(state, expected, harness.redacted)
            harness.fail(
                code,
                f"{situation}. The rotation succeeded, but the target is in another state than after a rotation without "
                f"faults: {shown}.",
                f"Look in each step how far it has come, and leave alone what is done. In setSecret, {PENDING_FIRST}.",
                cause=_state_lost(shown),
            )
        self._check_companions(harness, code, situation)

    def _run_parts(self, parts: Iterable[Callable[[], None]]) -> None:
        """
        Run the parts of a scenario up to the first that fails.

        One that fails for the same cause as another scenario does not hide what a later part finds.
        """
        __tracebackhide__ = True
        skipped: BaseException | None = None
        for part in parts:
            try:
                part()
            except pytest.skip.Exception as reason:
                skipped = skipped or reason
        if skipped is not None:
            raise skipped

    def _run_series(self, points: Iterable[tuple[int, Callable[[], None]]], count: int, verb: str) -> None:
        """
        Run a check at each point of a series, and then fail with the first failure and the list of all.

        If each one fails for the same cause as another scenario, the scenario is skipped.

        Args:
            points: the number of each point, and its check.
            count: how many calls the undisturbed rotation has.
            verb: what happens at a point, such as "killed after".
        """
        __tracebackhide__ = True
        failed, ran = list[int](), 0
        first: ScenarioFailed | None = None
        skipped: BaseException | None = None
        for number, check in points:
            ran += 1
            try:
                check()
            except pytest.skip.Exception as reason:
                skipped = skipped or reason
            except ScenarioFailed as failure:
                failed.append(number)
                first = first or failure
        _note_series(first or skipped, ran)
        if first is not None:
            numbers = sorted(set(failed))
            listed = ", ".join(map(str, numbers))
            summary = f"It fails when {verb} calls {listed} of {count}." if len(numbers) > 1 else ""
            raise ScenarioFailed(first.failure, summary, first.fakesecrets_run)
        if skipped is not None:
            raise skipped

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
                cause=EVENT_NOT_CHECKED,
            )


def _note_series(failure: BaseException | None, runs: int) -> None:
    """Note in the recorded run of a failure that it is one of a series."""
    run: RecordedRun | None = getattr(failure, "fakesecrets_run", None)
    if failure is not None and run is not None:
        failure.fakesecrets_run = replace(run, is_one_of_several=runs > 1)  # type: ignore[attr-defined]


def _reason(harness: Harness) -> str:
    """Why the initial value is not accepted, and what to do, as the end of a sentence."""
    settings = harness.settings
    if settings.target is None or settings.has_own_accepts:
        return ". Bring the target there in prepare(), or mend accepts()."
    mismatch = harness.redacted_quotations(settings.target._mismatch(harness.value()))
    return (
        f": {mismatch}. Write the same user and password in secret_value and in CredentialTarget(...), or set them at the "
        "target in prepare()."
    )


def _hint_about_members(harness: Harness) -> str | None:
    """How a value is verified whose members have names that a CredentialTarget does not read, or None for another one."""
    settings, value = harness.settings, harness.value()
    target = settings.target
    is_read = target is None or settings.has_own_accepts or any(credentials_in(value, target.users))
    if is_read or not isinstance(value, dict) or len(value) < 2:
        return None
    return (
        f"{PREFIX}To keep the names of the members, define accepts(self, value) beside target: return self.target.accepts("
        "{'username': value[...], 'password': value[...]}), with the names that the value has."
    )


def _advice_for(harness: Harness, skipped: SkippedCall | None = None) -> str:
    """What to do about a recovery that has skipped a call, or that has left the target in another state."""
    last = [record for record in harness.invocations if record.attempt == harness.invocations[-1].attempt]
    first = [record.step for record in harness.invocations if record.attempt == 1]
    step = first[-1] if skipped is None else skipped.step
    retry = [call for record in last if record.step == step for call in record.calls]
    name = None if skipped is None else skipped.name
    return advice_for_skipped_work(step, name, returned_early=not any(map(is_target_change, retry)))


def _state_lost(difference: str) -> Hashable:
    """The cause of the failures after which the target lacks the same."""
    return "work-skipped", difference


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
