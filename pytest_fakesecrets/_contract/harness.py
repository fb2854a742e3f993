"""The harness of a scenario: one secret, one rotation function, and a record of the invocations."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest import mock

from pytest_fakesecrets._core.errors import FunctionStopped, RotationFailedWarning
from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.interrupts import is_interrupt
from pytest_fakesecrets._core.labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._core.moments import later
from pytest_fakesecrets._core.rotation import Rotation, RotationStep, rotation_token
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._rotation.failure_warnings import described
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._service.barrier import encodable, repr_of
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.history import Call
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION, InvocationContext
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT
from pytest_fakesecrets._service.user_code import raising_line
from pytest_fakesecrets._transport.rotation_process import RotationProcess

from .call_recorder import patch_to_report_calls
from .target import CredentialTarget

#: The maximum number of retries that a scenario runs after a failed attempt.
ATTEMPTS = 3

#: Other accounts can use a secret only with a customer managed key and a resource policy.
_KMS_KEY = "alias/rotation-contract"
_RESOURCE_POLICY = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}}
)


class FunctionCrashed(Exception):
    """A scenario has simulated that Lambda kills the rotation function."""


@dataclass(frozen=True, slots=True)
class InvocationRecord:
    """One invocation of the rotation function: its calls, its result, and the labels after it."""

    step: str
    attempt: int
    calls: Sequence[str]
    result: str
    labels: str


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
    #: Whether `accepts` can verify a value: the class has a target, or overrides accepts().
    can_verify: bool


class Harness:
    """A fake with one secret and one rotation function, and the operations that scenarios perform on them."""

    def __init__(
        self, settings: ContractSettings, fake: FakeSecrets, client: Any, *, cold_start: bool = False
    ) -> None:
        self.settings = settings
        self.fake = fake
        self.client = client
        self.name = settings.secret_name
        #: The calls of the function so far, to Secrets Manager and to the target, as (step, name).
        self.log: list[tuple[str, str]] = []
        self.invocations: list[InvocationRecord] = []
        #: Called after each call of the function, with the index of that call in the log.
        self.hooks: list[Callable[[int], None]] = []
        #: The function is killed after the call with this index in the log.
        self.kill_after: int | None = None
        self._is_killed = False
        self._is_verifying = False
        fake.drive()
        self.function = fake.add_rotation_function(
            settings.handler,
            code=settings.code,
            name="rotation-function",
            environ=settings.environ,
            timeout=settings.timeout,
            cold_start=cold_start,
        )

    def create(self, name: str | None = None) -> None:
        """Create the secret. Every account can use it, so that a function of another account can be tested."""
        value = self.settings.secret_value
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
        if version is None or version.value is None:
            return None
        if isinstance(self.settings.secret_value, str) or isinstance(version.value, bytes):
            return version.value
        try:
            return json.loads(version.value)
        except (ValueError, RecursionError):
            return version.value

    def accepts(self, label: str = CURRENT) -> bool:
        """Return whether the target accepts the value of a label: True if the class cannot verify values."""
        value = self.value(label)
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
        return dict(secret.labels), values, self.target_state()

    def target_state(self) -> object:
        """Return the state of the target, or None without a target."""
        return None if self.settings.target is None else self.settings.target.state()

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
        start, self._is_killed = len(self.log), False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RotationFailedWarning)
            step = self.fake._rotations.advance(ref)
        if step is not None:
            self._record_invocation(step.name, step.attempt, start, step.error)
        return step

    def attempt(self, ref: RotationRef) -> Rotation:
        """Run the remaining steps of the current attempt."""
        step = self.step(ref)
        while step is not None and step.error is None and ref.rotation.status == "in progress":
            step = self.step(ref)
        return ref.rotation

    def rotate(self, **members: Any) -> Rotation:
        return self.attempt(self.begin(**members))

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
                function.invoke(
                    event,
                    invoked_arn=self.function,
                    request_id="delivered",
                    clock=present,
                    deadline=later(self.fake.clock.now, self.settings.timeout),
                    environment=environment,
                )
        except BaseException as exception:
            if is_interrupt(exception):
                raise
            error = exception
        finally:
            steps.end(invocation, before)
        self._record_invocation(step, 1, start, error)
        return error

    def _record_invocation(self, step: str, attempt: int, start: int, error: BaseException | None) -> None:
        calls = [name for _, name in self.log[start:]]
        result = "returned" if error is None else f"raised {self.described(error)}"
        self.invocations.append(InvocationRecord(step, attempt, calls, result, self.labels()))

    @contextmanager
    def recording(self) -> Iterator[Harness]:
        """Record the calls of the function and skip its sleeps while the block runs."""
        with ExitStack() as stack:
            watchers = self.fake._rotations.calls.watchers
            watchers.append(self._on_call)
            stack.callback(watchers.remove, self._on_call)
            if self.settings.target is not None:
                self.settings.target.listeners.append(self._on_call)
                stack.callback(self.settings.target.listeners.remove, self._on_call)
            for function in self.settings.target_calls:
                stack.enter_context(patch_to_report_calls(function, self._on_call))
            stack.enter_context(mock.patch("time.sleep", self._skipping_sleep(time.sleep)))
            yield self

    def _skipping_sleep(self, real_sleep: Callable[[float], None]) -> Callable[[float], None]:
        def skip(seconds: float) -> None:
            if self.fake._service.running_steps.current() is None:
                real_sleep(seconds)
            elif self.fake.clock.is_frozen:
                self.fake.clock.tick(seconds)

        return skip

    def _on_call(self, name: str) -> None:
        steps = self.fake._service.running_steps
        own = steps.current()
        # The target is called by what serves it to a process, in a thread of that server.
        invocation = own or steps.outside()
        if invocation is None or self._is_verifying:
            return
        self.log.append(
            (invocation.step, self._describe_call(name if self._is_known(name) else self.redacted(name)))
        )
        index = len(self.log) - 1
        for hook in self.hooks:
            hook(index)
        if index == self.kill_after or self._is_killed:
            self._is_killed = True
            stopped = FunctionStopped(FunctionCrashed("Lambda has ended the function here."))
            if own is None and invocation.environment is not None:
                invocation.environment.stop(stopped)  # the server of the target goes on
            else:
                raise stopped

    def _is_known(self, name: str) -> bool:
        """Return whether a name is fixed. Any other comes from the function, and may contain a secret value."""
        other_names = [function.partition(":")[2] for function in self.settings.target_calls]
        return (
            name == "return" or name in OPERATIONS or hasattr(CredentialTarget, name) or name in other_names
        )

    def _describe_call(self, name: str) -> str:
        events = self.fake._service.history.since(len(self.fake._service.history) - 12)
        for event in reversed(events):
            if isinstance(event, Call):
                if event.operation != name:
                    return name
                return str(event) if event.error is None else f"{event} refused ({event.error})"
        return name

    def redacted(self, text: str) -> str:
        """Redact a variable part of a message."""
        return self.fake._service.redactor.redact(text)

    def redacted_repr(self, value: object) -> str:
        """Return the redacted repr of a value."""
        return self.redacted(repr_of(value))

    def described(self, error: BaseException | None) -> str:
        """Describe an exception of the function: its type, its redacted message and its line."""
        if error is None:
            return ""
        line = raising_line(error, self.fake._service.functions.find(self.function).handler)
        return described(error, self.fake._service.redactor) + (f" at {line}" if line is not None else "")

    def fail(self, code: str, text: str, advice: str, findings: Sequence[Finding] = ()) -> None:
        """
        Fail the scenario with a message that lists all invocations of the function.

        Args:
            code: the code of the finding.
            text: what is wrong. The caller has redacted its variable parts.
            advice: what to do about it.
            findings: the findings of the rotation.

        Raises:
            AssertionError: always.
        """
        lines = [
            f"{code}: {text}",
            f"What to do: {advice}",
            "",
            f"What happened to {self.name!r}:",
            *self._invocation_lines(),
        ]
        if findings:
            lines += ["", "What was found:", *(f"- {finding}" for finding in dict.fromkeys(findings))]
        raise AssertionError(encodable("\n".join(lines)))

    def _invocation_lines(self) -> Iterator[str]:
        attempt = 0
        for invocation in self.invocations:
            if invocation.attempt != attempt:
                attempt = invocation.attempt
                yield f"  attempt {attempt}"
            yield f"    {invocation.step:<13} {', '.join(name for name in invocation.calls if name != 'return') or 'no call'}"
            yield f"    {'':<13} {invocation.result}; {invocation.labels}"


LABELS = (CURRENT, PENDING, PREVIOUS)
