"""The harness of a scenario: one secret, one rotation function, and a record of the invocations."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSet,
    Sequence,
)
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from unittest import mock

import pytest

from pytest_fakesecrets._core.arn import SECRET_ARN
from pytest_fakesecrets._core.errors import (
    FakeSecretsError,
    FunctionStopped,
    FunctionTimedOut,
    InvocationRefused,
    RotationFailedWarning,
)
from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.interrupts import is_interrupt
from pytest_fakesecrets._core.moments import later
from pytest_fakesecrets._core.rotation import Rotation, RotationStep, StatusText, rotation_token
from pytest_fakesecrets._core.secret import Secret, Version
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.failure_warnings import described
from pytest_fakesecrets._rotation.findings import looks_like_an_error
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.code_folder import FolderHandler, found_folder
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.hints import hints_of
from pytest_fakesecrets._service.history import Call, Event
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION, InvocationContext
from pytest_fakesecrets._service.keyword_hints import hints_about_names
from pytest_fakesecrets._service.redaction import QUOTED
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings, repr_of, warn
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT, INJECTED
from pytest_fakesecrets._service.user_code import CodeLine, innermost_line, raising_line, raising_place
from pytest_fakesecrets._transport.install import base_directories
from pytest_fakesecrets._transport.rotation_process import RotationProcess

from .advice import (
    IS_SET,
    LOCKED_OUT,
    LOST_PENDING,
    NO_CALL,
    NOT_SET,
    advice_for,
    advice_for_lockout,
    is_of_a_target,
    relevant,
    sentence,
)
from .call_recorder import patch_to_report_calls
from .companions import copy_companions, find_companions
from .failures import Failure, InvocationRecord, ScenarioFailed, finding_lines, invocation_lines
from .other_services import other_services_rejected
from .recorded_calls import unseen_changes
from .recorded_run import RecordedRun, record_run
from .run_output import positions
from .target import CredentialTarget, observers
from .target_call_names import is_commit, is_of_a_session
from .target_calls import TargetCall, TargetCalls, key_of
from .target_states import snapshot

LABELS = (CURRENT, PENDING, PREVIOUS)

#: The maximum number of retries that a scenario runs after a failed attempt.
ATTEMPTS = 3

#: The cause of failures that may come from a CredentialTarget which nothing resets.
_UNKNOWN_TARGET = "unknown-target"

#: The cause of failures of a function that does the work of an event without the checks before it.
EVENT_NOT_CHECKED = "event-not-checked"

#: Causes of which not each failure has to come.
_POSSIBLE_CAUSES = frozenset({_UNKNOWN_TARGET, EVENT_NOT_CHECKED})

#: Other accounts can use a secret only with a customer managed key and a resource policy.
_KMS_KEY = "alias/rotation-contract"
_RESOURCE_POLICY = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}}
)


class FunctionCrashed(Exception):
    """A scenario has simulated that Lambda kills the rotation function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSettings:
    """The attributes and methods of a `RotationContract` class that its scenarios use."""

    handler: Handler | RotationProcess | str
    code: str | os.PathLike[str] | None
    secret_value: Mapping[str, Any] | str = field(repr=False)
    secret_name: str
    environ: Mapping[str, str] = field(repr=False)
    timeout: timedelta
    target: CredentialTarget | None
    target_calls: Sequence[str]
    zero_downtime: bool
    propagation_delay: timedelta
    prepare: Callable[[FakeSecrets], None]
    accepts: Callable[[Any], bool]
    #: The name of the class, and the file and the line of its definition.
    title: str
    definition: Callable[[], tuple[str, int]]
    accepted: Mapping[str, str]
    #: The codes of `accepted` that a finding of the class has had so far.
    used: MutableSet[str] = field(repr=False)
    #: The test that runs, or None if it was called as a plain method.
    scenario: str | None
    #: The causes of the failures of the class so far, each with the test that reported it.
    causes: MutableMapping[Hashable, str]
    #: Reads the state of the target, if the class describes it.
    target_state: Callable[[], object] | None
    has_own_state: bool
    companions: Sequence[str]
    #: Whether `accepts` can verify a value: the class has a target, or overrides accepts().
    can_verify: bool
    has_own_accepts: bool
    has_own_prepare: bool


class Harness:
    """A fake with one secret and one rotation function, and the operations that scenarios perform on them."""

    def __init__(
        self, settings: ContractSettings, fake: FakeSecrets, client: Any, *, cold_start: bool = False
    ) -> None:
        self.settings = settings
        self.fake = fake
        self.client = client
        self.name = settings.secret_name
        self.companions = find_companions(settings.title, fake, settings.companions)
        #: The calls of the function so far, to Secrets Manager and to the target, as (step, name).
        self.log: list[tuple[str, str]] = []
        self.invocations: list[InvocationRecord] = []
        #: The calls of the running invocation for the message: those in the log, and the rejected ones at the target.
        self._shown_calls: list[str] = []
        #: Whether the function has called the target of the class, also if the call was rejected.
        self.has_called_target = False
        #: Whether the function has called a CredentialTarget, and the class has no target to verify values at.
        self.has_called_unknown_target = False
        #: The calls at the target, from their beginning on.
        self.target_calls = TargetCalls()
        #: Called after each call of the function, with the index of that call in the log.
        self.hooks: list[Callable[[int], None]] = []
        #: The function is killed after the call with this index in the log.
        self.kill_after: int | None = None
        self._is_killed = False
        self._is_verifying = False
        #: Whether the function has returned what looks like an error, for an event outside of a rotation.
        self._has_returned_an_error = False
        #: The errors of calls to other services that the function has made in the current step.
        self._rejected: list[FakeSecretsError] = []
        #: The events while the function ran, without those of the harness; and those of the last step of a rotation alone.
        self.step_events: list[Event] = []
        self.last_events: Sequence[Event] = ()
        #: By the request id: the lines of the calls about other secrets, as far as they are known.
        self.lines_of_other_secrets: dict[str, str | None] = {}
        #: The seconds of the sleeps that were skipped.
        self._skipped = 0.0
        self._starts_cold = cold_start
        self._output_before = positions()
        fake.drive()

    @cached_property
    def function(self) -> str:
        """The ARN of the function. It is added when it is first used: the secret, whose ARN it may need, exists then."""
        return self.fake.add_rotation_function(
            self.settings.handler,
            code=self.settings.code,
            name="rotation-function",
            environ=self.environ(),
            timeout=self.settings.timeout,
            cold_start=self._starts_cold,
        )

    def running_line(self) -> str | None:
        """The line of the function that runs now, or None if it is not known."""
        return innermost_line(self.fake._service.functions.find(self.function).handler)

    def environ(self) -> Mapping[str, str]:
        """Return the environment variables of the function, with the ARN of the secret in the place of SECRET_ARN."""
        environ: Mapping[str, Any] = self.settings.environ
        bound = {name for name, value in environ.items() if isinstance(value, str) and SECRET_ARN in value}
        if not bound:
            return environ
        arn = self.fake._service.locate(self.settings.secret_name)[1].arn
        return {**environ, **{name: environ[name].replace(SECRET_ARN, arn) for name in bound}}

    def create(self, name: str | None = None) -> None:
        """Create the secret. Every account can use it, so that a function of another account can be tested."""
        value: Any = self.settings.secret_value
        if self.name != self.settings.secret_name:
            names = (self.settings.secret_name, self.name)
            self.companions, value = copy_companions(self.fake, self.companions, names, value)
        secret_string = value if isinstance(value, str) else json.dumps(value)
        arn = self.fake.add_secret(name or self.name, secret_string, kms_key_id=_KMS_KEY).arn
        region, secret = self.fake._service.locate(arn)
        self.fake._service.transact(
            region, lambda context: context.save(replace(secret, policy=_RESOURCE_POLICY))
        )

    @property
    def secret(self) -> Secret:
        return self.fake._service.locate(self.name)[1]

    @property
    def runs_a_process(self) -> bool:
        """Whether the function is a process, whose sleeps take real time."""
        return isinstance(self.settings.handler, RotationProcess)

    def value(self, label: str = CURRENT) -> Any:
        """Return the value of a label in the form that `accepts` takes, or None."""
        version = self.secret.version(label)
        return None if version is None else self._value_of(version)

    def _value_of(self, version: Version) -> Any:
        if (
            version.value is None
            or isinstance(self.settings.secret_value, str)
            or isinstance(version.value, bytes)
        ):
            return version.value
        try:
            return json.loads(version.value)
        except (ValueError, RecursionError):
            return version.value

    def accepts(self, label: str = CURRENT) -> bool:
        """Return whether the target accepts the value of a label: True if the class cannot verify values."""
        version = self.secret.version(label)
        return version is not None and self._accepts_version(version)

    def accepted_versions(self) -> list[Version]:
        """Return the versions, with and without labels, whose value the target accepts."""
        return [version for version in self.secret.versions.values() if self._accepts_version(version)]

    def _accepts_version(self, version: Version) -> bool:
        value = self._value_of(version)
        if value is None:
            return False
        self._is_verifying = True
        try:
            return bool(self.settings.accepts(value))
        finally:
            self._is_verifying = False

    def state(self) -> object:
        """Return the labels, the values and the state of the target, to compare before and after an event."""
        secret = self.secret
        values = {version.alias: version.value for version in secret.versions.values()}
        companions = [each.content(self.fake) for each in self.companions]
        return dict(secret.labels), values, self.target_state(), companions

    def outcome_of_companions(self) -> Mapping[str, object]:
        """Return what has to be the same of each companion after every rotation that succeeded."""
        return {each.name: each.outcome(self.fake, self.secret) for each in self.companions}

    def target_state(self) -> object:
        """Return the state of the target, or None if the class does not describe it."""
        read = self.settings.target_state
        if read is None:
            return None
        self._is_verifying = True
        try:
            return snapshot(self.settings.title, read)
        finally:
            self._is_verifying = False

    def unseen_changes(self) -> Sequence[str]:
        """The operations that have changed the secret, and are not among the calls of the function."""
        return unseen_changes(self.log, self.fake._service.history.events, self.secret.arn)

    def labels(self) -> str:
        staging = self.fake.secret(self.name).staging
        return ", ".join(
            f"{alias} {'+'.join(sorted(attached)) or 'no label'}" for alias, attached in staging.items()
        )

    def begin(self, **members: Any) -> RotationRef:
        """Call RotateSecret, and return the rotation, whose first step has not run yet."""
        self.client.rotate_secret(SecretId=self.name, RotationLambdaARN=self.function, **members)
        return self.waiting()

    def waiting(self) -> RotationRef:
        return self.fake._rotations.waiting()[-1]

    def step(self, ref: RotationRef) -> RotationStep | None:
        """Run the next step, which may fail. After a failure this is the first step of the next attempt."""
        start, began, self._is_killed = len(self.log), len(self.fake._service.history), False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RotationFailedWarning)
            step = self.fake._rotations.advance(ref)
        self.last_events = self.fake._service.history.since(began)
        self.step_events += self.last_events
        if step is not None:
            self._record_invocation(step, start)
        return step

    def attempt(self, ref: RotationRef) -> Rotation:
        """Run the remaining steps of the current attempt."""
        step = self.step(ref)
        while step is not None and step.error is None and ref.rotation.status == "in progress":
            step = self.step(ref)
        return ref.rotation

    def rotate(self, **members: Any) -> Rotation:
        return self.attempt(self.begin(**members))

    def rotate_with_repetitions(self) -> None:
        """Deliver each step of a rotation twice: a function then takes branches that it does not take otherwise."""
        try:
            ref = self.begin()
        except self.client.exceptions.ClientError:  # another scenario reports that AWSPENDING blocks it
            return
        step = self.step(ref)
        while step is not None and step.error is None:
            self.deliver(step.name, ref.token)
            step = self.step(ref) if ref.rotation.status == "in progress" else None

    def recover(self, ref: RotationRef, wait: Callable[[], None] = lambda: None) -> Rotation:
        """Retry as AWS does, until an attempt succeeds or no retry is left. *wait* is called before each."""
        for _ in range(ATTEMPTS):
            if ref.rotation.status == "succeeded" or not ref.goes_on(self.fake.clock.now):
                break
            wait()
            self.attempt(ref)
        return ref.rotation

    def deliver(self, step: str, token: str) -> BaseException | None:
        """Invoke the function with an event that no rotation has sent, and return its exception or None."""
        event = {
            "Step": step,
            "SecretId": self.secret.arn,
            "ClientRequestToken": token,
            "RotationToken": rotation_token(token),
        }
        start, self._is_killed = len(self.log), False
        began, events_before = self.fake.clock.now, len(self.fake._service.history)
        invocation = InvocationContext(
            step, DEFAULT_ACCOUNT, rotation=(event["SecretId"], token), key=object()
        )
        steps, before = self.fake._service.running_steps, CURRENT_INVOCATION.get()
        steps.begin(invocation)
        error: BaseException | None = None
        function = self.fake._service.functions.find(self.function)
        try:
            with function.environment() as environment:
                steps.begin(invocation._replace(environment=environment))
                returned = function.invoke(
                    event,
                    invoked_arn=self.function,
                    request_id="delivered",
                    clock=present,
                    deadline=later(self.fake.clock.now, self.settings.timeout),
                    environment=environment,
                )
                self._has_returned_an_error |= looks_like_an_error(returned)
        except BaseException as exception:
            if is_interrupt(exception):
                raise
            error = exception
        finally:
            steps.end(invocation, before)
            self.step_events += self.fake._service.history.since(events_before)
        sent = self._record_delivery(step, event["SecretId"], token, began, error)
        self._record_invocation(sent, start, is_extra=True)
        return error

    def _record_delivery(
        self, name: str, arn: str, token: str, began: datetime, error: BaseException | None
    ) -> RotationStep:
        """Record an event that a scenario has delivered in the history, and return its record."""
        line = None if error is None else self._raising_line(error)
        step = RotationStep(
            name=name,
            attempt=1,
            start=began,
            end=self.fake.clock.now,
            secret_id=arn,
            token=token,
            error=error,
            redelivered=any((record.step, record.token) == (name, token) for record in self.invocations),
            error_message=None if error is None else described(error, self.fake._service.redactor),
            raised_at=None if line is None else str(line),
        )
        region, _ = self.fake._service.locate(arn)
        self.fake._service.transact(region, lambda context: context.steps.append(step))
        return step

    def warm_up(self) -> None:
        """
        Invoke the function for the secret, before the scenario: it may keep in memory which secret it has met first.

        One that is an object of this process has met it in the scenarios before.
        """
        if self.settings.code is None and not self.runs_a_process:
            return
        self.deliver("testSecret", self.secret.labels[CURRENT])
        self.invocations.clear()
        self.log.clear()
        self.step_events.clear()
        self._has_returned_an_error = False

    def _record_invocation(self, step: RotationStep, start: int, *, is_extra: bool = False) -> None:
        rejected, shown = self._rejected[:1], tuple(self._shown_calls)
        self._rejected.clear()
        self._shown_calls.clear()
        if rejected and step.error is None:
            rejected[0].fakesecrets_run = self._recorded_run()  # type: ignore[attr-defined]
            raise rejected[0]
        for finding in step.findings:
            self._may_have(finding.code)
        calls = [name for _, name in self.log[start:] if name != "return"]
        result = "returned"
        if step.error is not None:
            verb = "raised" if step.was_raised else "returned, and the rotation failed:"
            result = f"{verb} {self.described(step.error)}"
        notes = tuple(self._notes(step, calls, shown))
        self.invocations.append(
            InvocationRecord(
                step.name, step.attempt, calls, result, self.labels(), notes, step.token, is_extra, shown
            )
        )

    def _notes(self, step: RotationStep, calls: Sequence[str], shown: Sequence[str]) -> Iterator[str]:
        """Yield what the labels and the target show after a step, for the cases in which it explains a failure."""
        if step.was_raised and not shown and not isinstance(step.error, InvocationRefused):
            yield NO_CALL
        if step.name == "finishSecret" and step.token not in (
            self.secret.labels.get(PENDING),
            self.secret.labels.get(CURRENT),
        ):
            yield LOST_PENDING
        if step.error is not None:
            events = self.fake._service.history.events
            hints = hints_of(step.error, events, self.fake._service.redactor.redact)
            yield from (hint for hint in hints if hint != INJECTED)
            yield from hints_about_names(step.error)
        if not self.settings.can_verify or self.value(PENDING) is None:
            return
        if (
            step.name == "setSecret"
            and step.error is None
            and not self._is_delayed
            and not self._is_accepted(PENDING)
        ):
            yield NOT_SET
        if step.name == "testSecret" and step.error is not None and self._is_accepted(PENDING):
            read = [
                call.removeprefix("GetSecretValue ") for call in calls if call.startswith("GetSecretValue ")
            ]
            versions = f"; testSecret read {' and '.join(dict.fromkeys(read))}" if read else ""
            yield f"{IS_SET}{' now' if self._is_delayed else ''}{versions}"

    @property
    def _is_delayed(self) -> bool:
        return self.settings.target is not None and bool(self.settings.target.applies_after)

    def _is_accepted(self, label: str) -> bool:
        """Return whether the target accepts a value. An exception of accepts(), as of a server that is down, means no."""
        try:
            return self.accepts(label)
        except Exception:
            return False

    @contextmanager
    def recording(self) -> Iterator[Harness]:
        """Record the calls of the function and skip its sleeps while the block runs."""
        with ExitStack() as stack:
            calls = self.fake._rotations.calls
            stack.callback(setattr, calls, "is_companion", calls.is_companion)
            calls.is_companion = lambda arn: any(each.arn == arn for each in self.companions)
            watchers = calls.watchers
            watchers.append(self._on_call)
            stack.callback(watchers.remove, self._on_call)
            observers.append(self._on_any_target)
            stack.callback(observers.remove, self._on_any_target)
            if self.settings.target is not None:
                self.settings.target.listeners.append(self._on_target_call)
                stack.callback(self.settings.target.listeners.remove, self._on_target_call)
                self.settings.target._rejection_listeners.append(self._on_rejection)
                stack.callback(self.settings.target._rejection_listeners.remove, self._on_rejection)
                self.settings.target._surroundings.append(self._surround_target_call)
                stack.callback(self.settings.target._surroundings.remove, self._surround_target_call)
            for function in self.settings.target_calls:
                self._check_is_shared(function)
                stack.enter_context(patch_to_report_calls(function, self))
            stack.enter_context(other_services_rejected(self.fake, self._rejected.append))
            stack.enter_context(mock.patch("time.sleep", self._skipping_sleep(time.sleep)))
            for clock in ("monotonic", "perf_counter", "time"):
                stack.enter_context(
                    mock.patch(f"time.{clock}", self._with_skipped_sleeps(getattr(time, clock)))
                )
            yield self

    def _check_is_shared(self, function: str) -> None:
        """
        Reject a function of `target_calls` in the folder of the rotation function, which has its modules for itself.

        Raises:
            FakeSecretsError: the module is in that folder.
        """
        if self.settings.code is None:
            return
        folder = found_folder("code", self.settings.code, base_directories())
        name = function.partition(":")[0].partition(".")[0]
        if any(os.path.exists(os.path.join(folder, found)) for found in (name, f"{name}.py")):
            raise FakeSecretsError(
                f"target_calls has {function!r}, and its module is in the folder of the function: modules of that folder are "
                "private to it, so the contract would not see the calls. Name a function of the driver, such as "
                "'psycopg:Connection.execute'."
            )

    def _skipping_sleep(self, real_sleep: Callable[[float], None]) -> Callable[[float], None]:
        def skip(seconds: float) -> None:
            if self.fake._service.running_steps.current() is None:
                real_sleep(seconds)
            elif self.fake.clock.is_frozen:
                self.fake.clock.tick(seconds)
            else:
                self._skipped += seconds

        return skip

    def _with_skipped_sleeps(self, clock: Callable[[], float]) -> Callable[[], float]:
        """Return a clock for the function: a loop that sleeps until a deadline has to see that time goes by."""

        def shown() -> float:
            is_running = self.fake._service.running_steps.current() is not None
            return clock() + (self._skipped if is_running else 0.0)

        return shown

    def _on_any_target(self, target: CredentialTarget) -> None:
        if not self.settings.can_verify and self.fake._service.running_steps.current() is not None:
            self.has_called_unknown_target = True

    def _on_target_call(self, name: str) -> None:
        self.has_called_target |= not self._is_verifying
        self._on_call(name)

    def _surround_target_call(self, name: str, arguments: tuple[str, ...]) -> AbstractContextManager[None]:
        return self.surround(name, "", key_of(arguments, {}))

    def surround(self, name: str, module: str, key: str) -> AbstractContextManager[None]:
        """Return the context in which a call at the target is made. Calls of no step are made without one."""
        steps = self.fake._service.running_steps
        invocation = steps.current() or steps.outside()
        if invocation is None or self._is_verifying:
            return nullcontext()
        shown = name if self._is_known(name) else self.redacted(name)
        line = None
        if steps.current() is not None:  # else this is the server of the target, and not the function
            line = self.running_line()
        call = TargetCall(invocation.step, shown, key, line, module, at=present())
        return self.target_calls.running(call)

    def completed(self, name: str) -> None:
        """A function of `target_calls` has returned."""
        self._on_call(name)

    def rejected(self, name: str, error: Exception) -> None:
        """A function of `target_calls` has raised an exception."""
        if not self._is_verifying:
            self._show_rejection(name, error)
            self.fake._service.record_rejection_at_target(name, error)

    def stopped(self, name: str) -> None:
        """
        Lambda has killed the rotation function at a call that a function of `target_calls` has made.

        That function has begun, and what it has not done is among its other calls. So it counts as made.
        """
        steps = self.fake._service.running_steps
        invocation = steps.current() or steps.outside()
        if self._is_killed and invocation is not None:
            self.log.append((invocation.step, name))

    def _on_rejection(self, name: str, error: Exception) -> None:
        """Note a call that the target has rejected. It has changed nothing, so no scenario disturbs it."""
        if not self._is_verifying:
            self.has_called_target = True
            self._show_rejection(name, error)

    def _show_rejection(self, name: str, error: Exception) -> None:
        steps = self.fake._service.running_steps
        if (steps.current() or steps.outside()) is not None:
            shown = name if self._is_known(name) else self.redacted(name)
            self._shown_calls.append(f"{shown} rejected ({type(error).__name__})")

    def _on_call(self, name: str) -> None:
        steps = self.fake._service.running_steps
        own = steps.current()
        # The target is called by what serves it to a process, in a thread of that server.
        invocation = own or steps.outside()
        if invocation is None or self._is_verifying:
            return
        described = self._describe_call(name if self._is_known(name) else self.redacted(name))
        self.log.append((invocation.step, described))
        if name != "return":
            self._shown_calls.append(described)
        self._note_line_of_another_secret()
        index = len(self.log) - 1
        for hook in self.hooks:
            hook(index)
        if index == self.kill_after or self._is_killed:
            self._is_killed = True
            stopped = FunctionStopped(FunctionCrashed("Lambda has killed the function here."))
            if own is None and invocation.environment is not None:
                invocation.environment.stop(stopped)  # the server of the target goes on
            else:
                raise stopped

    def _note_line_of_another_secret(self) -> None:
        """Note the line of the last call, if it is about another secret: only a rejected call has its line itself."""
        history = self.fake._service.history
        call = next((event for event in reversed(history) if isinstance(event, Call)), None)
        if call is not None and call.secret_id != self._arn:
            self.lines_of_other_secrets.setdefault(call.request_id, self.running_line())

    @property
    def _arn(self) -> str | None:
        """The ARN of the secret, or None if the function has deleted it."""
        try:
            return self.secret.arn
        except FakeSecretsError:
            return None

    def _is_known(self, name: str) -> bool:
        """Return whether a name is fixed. Any other comes from the function, and may contain a secret value."""
        other_names = [function.partition(":")[2] for function in self.settings.target_calls]
        return (
            name == "return"
            or name in OPERATIONS
            or hasattr(CredentialTarget, name)
            or name.partition(" ")[0] in other_names
        )

    def _describe_call(self, name: str) -> str:
        events = self.fake._service.history.since(len(self.fake._service.history) - 12)
        for event in reversed(events):
            if isinstance(event, Call):
                if event.operation != name:
                    return name
                return str(event) if event.error is None else f"{event} rejected ({event.error})"
        return name

    def redacted(self, text: str) -> str:
        """Redact a variable part of a message."""
        return self.fake._service.redactor.redact(text)

    def redacted_quotations(self, text: str) -> str:
        """Redact a sentence of this package, of which only the quoted parts are variable."""
        return self.fake._service.redactor.redact(text, keep=QUOTED.split(text))

    def redacted_repr(self, value: object) -> str:
        """Return the redacted repr of a value."""
        return self.redacted(repr_of(value))

    def described(self, error: BaseException | None) -> str:
        """Describe an exception of the function: its type, its redacted message and its line."""
        if error is None:
            return ""
        place = raising_place(error, self.fake._service.functions.find(self.function).handler)
        return described(error, self.fake._service.redactor) + (f" at {place}" if place is not None else "")

    def _cause_in(self, code: str, step: RotationStep, notes: Sequence[str]) -> Hashable:
        if LOST_PENDING in notes:
            return LOST_PENDING  # whatever exception has stopped the rotation there
        if LOCKED_OUT in notes:
            return "locked-out", self.interrupted_step
        if isinstance(step.error, FunctionTimedOut):
            return "too-slow", step.name
        return (type(step.error), step.raised_at) if step.raised_at else (code, step.name, step.error_message)

    def _raising_line(self, error: BaseException) -> CodeLine | None:
        return raising_line(error, self.fake._service.functions.find(self.function).handler)

    def cause_of(self, error: BaseException) -> Hashable:
        """The type of an exception and the line that raised it, by which failures with one cause are recognized."""
        if isinstance(error, FunctionTimedOut):
            return "too-slow", self.invocations[-1].step
        line = self._raising_line(error)
        return type(error), None if line is None else str(line)

    def fail(
        self,
        code: str,
        text: str,
        advice: str,
        findings: Sequence[Finding] = (),
        cause: Hashable = None,
    ) -> None:
        """
        Fail the scenario with a message that lists all invocations of the function.

        A finding that the class accepts does not fail it.

        Args:
            code: the code of the finding.
            text: what is wrong. The caller has redacted its variable parts.
            advice: what to do about it.
            findings: the findings of the rotation.
            cause: what it comes from, if that is not the code: other scenarios with the same cause refer to this one.

        Raises:
            ScenarioFailed: unless the class accepts the finding.
        """
        if self.has_called_unknown_target and self.settings.has_own_prepare:
            advice = f"{self.unknown_target} {advice}"
        elif self.has_called_unknown_target:  # what it keeps of other scenarios is the first thing to correct
            advice, cause = self.unknown_target, _UNKNOWN_TARGET
        self._fail(code, text, advice, findings, cause)

    def _fail(
        self, code: str, text: str, advice: str, findings: Sequence[Finding], cause: Hashable = None
    ) -> None:
        if self._may_have(code):
            return
        handler = self.fake._service.functions.find(self.function).handler
        hints = handler.hints() if isinstance(handler, FolderHandler) else []
        lines = [hint for hint in hints if hint not in text]
        lines += ["", f"What happened to {self.name!r}:", *invocation_lines(self.invocations)]
        lines += finding_lines(findings, text)
        if self._has_returned_an_error or any(finding.code == "error-like-return" for finding in findings):
            cause = "error-like-return"  # Secrets Manager takes each error for a success
        # The same repair is the same cause. One of its own shows when that is made.
        self._refer_to_the_first((code, advice) if cause is None else cause)
        raise ScenarioFailed(Failure(code, text, advice, lines), run=self._recorded_run())

    def _recorded_run(self) -> RecordedRun | None:
        """The record of this run for the report: the next run of the scenario resets the fake."""
        with ErrorsBecomeWarnings("the record of a run of a scenario"):
            return record_run(self.fake, self._output_before)
        return None

    def _may_have(self, code: str) -> bool:
        """Return whether the class accepts a finding, and note that it occurred."""
        is_accepted = code in self.settings.accepted
        if is_accepted:
            self.settings.used.add(code)
        return is_accepted

    def _refer_to_the_first(self, cause: Hashable) -> None:
        """Skip the scenario if another one of the class has failed for the same cause."""
        scenario = self.settings.scenario
        if scenario is None:
            return
        first = self.settings.causes.setdefault(cause, scenario)
        if first != scenario:
            fails = "It fails, maybe" if cause in _POSSIBLE_CAUSES else "It fails"
            skipped = pytest.skip.Exception(f"{fails} for the same cause as {first}. Correct that first.")
            skipped.fakesecrets_run = self._recorded_run()  # type: ignore[attr-defined]
            raise skipped

    def note(self, code: str, text: str, advice: str) -> None:
        """Issue a warning about a finding that does not fail a scenario, unless the class accepts it."""
        if not self._may_have(code):
            warn(f"{self.settings.title}: {code}: {text} {advice}", UserWarning, *self.settings.definition())

    def fail_for_finding(self, finding: Finding, rotation: Rotation, prefix: str = "") -> None:
        """Fail the scenario for a finding, unless the class accepts it."""
        cause = self.cause_of_finding(finding)
        self._fail(finding.code, f"{prefix}{finding.text}", finding.advice, rotation.findings, cause)

    def cause_of_finding(self, finding: Finding) -> Hashable:
        """The code of a finding and where it is from: one line may write a value in each step."""
        place = (finding.text,) if finding.code == "secret-leaked" else (finding.step, finding.call)
        return finding.code, *place

    @property
    def unknown_target(self) -> str:
        """What is wrong where the function calls a CredentialTarget that the class does not name, and what to do."""
        return (
            f"The function called a CredentialTarget that is not `target` of {self.settings.title}: nothing resets it between "
            "scenarios. Give the class target = that object."
        )

    def warn_of_unknown_target(self) -> None:
        if self.has_called_unknown_target:
            warn(self.unknown_target, UserWarning, *self.settings.definition())

    def warn_of_uncalled(self) -> None:
        """Issue a warning for each function of `target_calls` that the rotations so far have not called."""
        called = {f"{call.module}:{call.name.partition(' ')[0]}" for call in self.target_calls.begun}
        is_tested = any(call.step == "testSecret" for call in self.target_calls.begun)
        untested = " No function of target_calls was called in testSecret, so it may test nothing: use the new value there."
        for function in self.settings.target_calls:
            if function not in called and not is_of_a_session(function.partition(":")[2]):
                warn(
                    f"{self.settings.title}.target_calls has {function!r}, and two rotations without faults did not call it, so that "
                    "no scenario disturbs it. Is it the function that the rotation function calls? A module that has "
                    "imported it by its name calls the original, which the contract does not see: name a method, or the "
                    f"function in that module.{'' if is_tested else untested}",
                    UserWarning,
                    *self.settings.definition(),
                )

    def question_about_target(self) -> str:
        """A sentence with a space before it if the function has not called the target of the class, or ""."""
        if self.settings.target is None or self.has_called_target:
            return ""
        if self.runs_a_process:
            return (
                f" The function made no call of {self.settings.title}.target: a process shares no memory with the test. Serve the "
                "target over HTTP, as in the guide examples/rotate_in_javascript."
            )
        return (
            f" The function made no call of {self.settings.title}.target: is it the object that the function uses? A module "
            "that is imported under two names has two of them."
        )

    def question_about_commit(self) -> str:
        """A sentence with a space before it about the last call of setSecret at the target, or "" if it made none."""
        calls = [call for call in self.target_calls.begun if call.step == "setSecret" and call.is_completed]
        if not calls:
            return ""
        last = f"{calls[-1].name}{f' at {calls[-1].line}' if calls[-1].line else ''}"
        of_the_target = [call.name for call in calls if not call.module]
        is_effective = of_the_target[-1:] not in ([], ["log_in"]) or any(
            is_commit(call.name) for call in calls
        )
        if is_effective:
            return f" The last call of setSecret at the target was {last}."
        return f" Or commit it there: the last call of setSecret that reached the target was {last}."

    @property
    def interrupted_step(self) -> str:
        """The step of the first invocation that did not return, or that of the last one."""
        stopped = [record.step for record in self.invocations if record.result != "returned"]
        return stopped[0] if stopped else self.invocations[-1].step

    def accepted_labels(self) -> Mapping[str, Collection[str]]:
        """Return the aliases of the versions whose value the target accepts, with their labels."""
        attached = self.secret.labels.items()
        return {
            version.alias: {label for label, id in attached if id == version.id}
            for version in self.accepted_versions()
        }

    def _is_locked_out(self) -> bool:
        """Whether the target is known to accept the value of no version, with or without a label."""
        if not self.settings.can_verify or self._is_delayed:
            return False
        try:
            return not self.accepted_versions()
        except Exception:  # of accepts(), as of a server that is down
            return False

    def fail_for(
        self, code: str, subject: str, rotation: Rotation, *, disturbed: bool, advice: str | None = None
    ) -> None:
        """
        Fail the scenario because a rotation did not succeed.

        Args:
            code: the code of the finding.
            subject: the beginning of the sentence that says how the rotation ended, such as "The rotation".
            disturbed: whether the scenario injected a fault, or killed the function.
            advice: what to do, if the scenario knows it better than the exception does.

        Raises:
            ScenarioFailed: unless the class accepts the finding.
        """
        step = rotation.steps[-1]
        records = [record for record in self.invocations if record.attempt == step.attempt]
        notes = [note for record in records for note in record.notes]
        calls = records[-1].calls if records else ()
        if disturbed and self._is_locked_out():
            notes.append(LOCKED_OUT)
            advice = advice or advice_for_lockout(self.interrupted_step, {})
        if not disturbed and (is_of_a_target(step.error) or NOT_SET in notes):
            advice = advice or self.question_about_target().strip()
        if not advice:
            advice = advice_for(rotation, step.error, calls, notes, disturbed=disturbed)
            if step.name == "testSecret" and NOT_SET in notes:
                advice += self.question_about_commit()
        shown = "".join(f" {sentence(note)}" for note in dict.fromkeys(notes))
        self.fail(
            code,
            f"{subject} {StatusText(rotation.status, rotation.steps).summary.removesuffix('.')}.{shown}",
            advice,
            relevant(rotation.findings, disturbed=disturbed),
            cause=self._cause_in(code, step, notes),
        )
