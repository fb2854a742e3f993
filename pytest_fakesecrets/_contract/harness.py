"""One world in which a rotation function is tried: its secret, its target, and the story of what it did."""

from __future__ import annotations

import json
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

from .call_recorder import told_of
from .target import CredentialTarget

#: How often AWS is let to try again what has failed.
ATTEMPTS = 3

#: What lets other accounts use the secret: a key that is not the service's own, and a policy.
_KEY = "alias/rotation-contract"
_POLICY = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}}
)


class FunctionCrashed(Exception):
    """Lambda has ended a rotation function in the middle, since a scenario wanted it so."""


@dataclass(frozen=True, slots=True)
class InvocationRecord:
    """One call of the rotation function: what it called, how it ended, and where the labels then were."""

    step: str
    attempt: int
    calls: Sequence[str]
    ended: str
    labels: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSettings:
    """The attributes and methods of a contract class that its scenarios need: see `RotationContract`."""

    handler: Handler | str
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
    #: Whether `accepts` knows: the class has a target, or an accepts() of its own.
    can_verify: bool


class Harness:
    """A secret and a rotation function in a world of their own, with everything that a scenario may do to them."""

    def __init__(
        self, settings: ContractSettings, fake: FakeSecrets, client: Any, *, cold_start: bool = False
    ) -> None:
        self.settings = settings
        self.fake = fake
        self.client = client
        self.name = settings.secret_name
        #: The calls of the function so far, to Secrets Manager and to the target: step and name.
        self.log: list[tuple[str, str]] = []
        self.visits: list[InvocationRecord] = []
        #: Called after each call, with its place in the log.
        self.hooks: list[Callable[[int], None]] = []
        #: After which call the function is stopped, by its place in the log.
        self.stop_after: int | None = None
        self._is_stopped = False
        self._is_looking = False
        fake.drive()
        self.function = fake.add_rotation_function(
            settings.handler,
            name="rotation-function",
            environ=settings.environ,
            timeout=settings.timeout,
            cold_start=cold_start,
        )

    # The world

    def create(self, name: str | None = None) -> None:
        """Create the secret. Every account may use it, so that a function of another account can be tested."""
        value = self.settings.secret_value
        text = value if isinstance(value, str) else json.dumps(value)
        arn = self.fake.add_secret(name or self.name, text, kms_key_id=_KEY).arn
        region, secret = self.fake._service.locate(arn)
        self.fake._service.transact(region, lambda context: context.save(replace(secret, policy=_POLICY)))

    @property
    def secret(self) -> Secret:
        return self.fake._service.locate(self.name)[1]

    def value(self, label: str = CURRENT) -> Any:
        """The value under a label, as `accepts` takes it, or None."""
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
        """Whether the target lets the value under a label in: True where nobody can tell."""
        value = self.value(label)
        if value is None:
            return False
        self._is_looking = True
        try:
            return bool(self.settings.accepts(value))
        finally:
            self._is_looking = False

    def state(self) -> object:
        """Everything that a delivery which AWS would not expect to count must leave as it is."""
        secret = self.secret
        values = {version.alias: version.value for version in secret.versions.values()}
        return dict(secret.labels), values, self.target_state()

    def target_state(self) -> object:
        """The state of the target, or None where there is none to compare."""
        return None if self.settings.target is None else self.settings.target.state()

    def labels(self) -> str:
        staging = self.fake.secret(self.name).staging
        return ", ".join(f"{alias} {'+'.join(sorted(held)) or 'no label'}" for alias, held in staging.items())

    # Rotations

    def begin(self, **members: Any) -> RotationRef:
        """RotateSecret: the rotation waits for its first step."""
        self.client.rotate_secret(SecretId=self.name, RotationLambdaARN=self.function, **members)
        return self.waiting()

    def waiting(self) -> RotationRef:
        return self.fake._rotations.waiting()[-1]

    def step(self, place: RotationRef) -> RotationStep | None:
        """The next step, whatever comes of it; after a failure the first of the next attempt."""
        start, self._is_stopped = len(self.log), False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RotationFailedWarning)
            step = self.fake._rotations.advance(place)
        if step is not None:
            self._tell(step.name, step.attempt, start, step.error)
        return step

    def attempt(self, place: RotationRef) -> Rotation:
        """All steps that are left of one attempt."""
        step = self.step(place)
        while step is not None and step.error is None and place.rotation.status == "in progress":
            step = self.step(place)
        return place.rotation

    def rotate(self, **members: Any) -> Rotation:
        return self.attempt(self.begin(**members))

    def recover(self, place: RotationRef, wait: Callable[[], None] = lambda: None) -> Rotation:
        """AWS's further attempts, until one succeeds or none is made any more."""
        for _ in range(ATTEMPTS):
            if place.rotation.status == "succeeded" or not place.goes_on(self.fake.clock.now):
                break
            wait()
            self.attempt(place)
        return place.rotation

    def deliver(self, step: str, token: str) -> BaseException | None:
        """Call the function with an event that no rotation has made, and return what it raised."""
        event = {
            "Step": step,
            "SecretId": self.secret.arn,
            "ClientRequestToken": token,
            "RotationToken": rotation_token(token),
        }
        start, self._is_stopped = len(self.log), False
        invocation = InvocationContext(
            step, DEFAULT_ACCOUNT, rotation=(event["SecretId"], token), key=object()
        )
        steps, before = self.fake._service.running_steps, CURRENT_INVOCATION.get()
        steps.begin(invocation)
        error: BaseException | None = None
        try:
            self.fake._service.functions.find(self.function).invoke(
                event,
                invoked_arn=self.function,
                request_id="delivered",
                clock=present,
                deadline=later(self.fake.clock.now, self.settings.timeout),
            )
        except BaseException as raised:
            if is_interrupt(raised):
                raise
            error = raised
        finally:
            steps.end(invocation, before)
        self._tell(step, 1, start, error)
        return error

    def _tell(self, step: str, attempt: int, start: int, error: BaseException | None) -> None:
        calls = [name for _, name in self.log[start:]]
        ended = "returned" if error is None else f"raised {self.described(error)}"
        self.visits.append(InvocationRecord(step, attempt, calls, ended, self.labels()))

    # What the function does

    @contextmanager
    def watched(self) -> Iterator[Harness]:
        """Listen to the calls of the function, and let nothing in it really wait, until the block is left."""
        with ExitStack() as stack:
            watchers = self.fake._rotations.calls.watchers
            watchers.append(self._called)
            stack.callback(watchers.remove, self._called)
            if self.settings.target is not None:
                self.settings.target.listeners.append(self._called)
                stack.callback(self.settings.target.listeners.remove, self._called)
            for place in self.settings.target_calls:
                stack.enter_context(told_of(place, self._called))
            stack.enter_context(mock.patch("time.sleep", self._sleeping(time.sleep)))
            yield self

    def _sleeping(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        def skip(seconds: float) -> None:
            if self.fake._service.running_steps.current() is None:
                sleep(seconds)
            elif self.fake.clock.is_frozen:
                self.fake.clock.tick(seconds)

        return skip

    def _called(self, name: str) -> None:
        running = self.fake._service.running_steps.current()
        if running is None or self._is_looking:
            return
        self.log.append((running.step, self._name(name if self._is_known(name) else self.redacted(name))))
        place = len(self.log) - 1
        for hook in self.hooks:
            hook(place)
        if place == self.stop_after or self._is_stopped:
            self._is_stopped = True
            raise FunctionStopped(FunctionCrashed("Lambda has ended the function here."))

    def _is_known(self, name: str) -> bool:
        """Whether the name of a call is not one that the function has made up."""
        listed = [each.partition(":")[2] for each in self.settings.target_calls]
        return name == "return" or name in OPERATIONS or hasattr(CredentialTarget, name) or name in listed

    def _name(self, name: str) -> str:
        events = self.fake._service.history.since(len(self.fake._service.history) - 12)
        for event in reversed(events):
            if isinstance(event, Call):
                if event.operation != name:
                    return name
                return str(event) if event.error is None else f"{event} refused ({event.error})"
        return name

    # How it is told

    def redacted(self, text: str) -> str:
        """A variable part of a message, without secret values."""
        return self.fake._service.redactor.redact(text)

    def shown(self, value: object) -> str:
        """The repr of a value in a message, without secret values."""
        return self.redacted(repr_of(value))

    def described(self, error: BaseException | None) -> str:
        """The type, the message and the line of an exception of the function, without secret values."""
        if error is None:
            return ""
        line = raising_line(error, self.fake._service.functions.find(self.function).handler)
        return described(error, self.fake._service.redactor) + (f" at {line}" if line is not None else "")

    def fail(self, code: str, text: str, advice: str, findings: Sequence[Finding] = ()) -> None:
        """
        Let the scenario fail, with its whole story.

        Raises:
            AssertionError: always. The variable parts of the text have been redacted by the caller.
        """
        lines = [
            f"{code}: {text}",
            f"What to do: {advice}",
            "",
            f"What happened to {self.name!r}:",
            *self._story(),
        ]
        if findings:
            lines += ["", "What was found:", *(f"- {finding}" for finding in dict.fromkeys(findings))]
        raise AssertionError(encodable("\n".join(lines)))

    def _story(self) -> Iterator[str]:
        attempt = 0
        for visit in self.visits:
            if visit.attempt != attempt:
                attempt = visit.attempt
                yield f"  attempt {attempt}"
            yield f"    {visit.step:<13} {', '.join(name for name in visit.calls if name != 'return') or 'no call'}"
            yield f"    {'':<13} {visit.ended}; {visit.labels}"


LABELS = (CURRENT, PENDING, PREVIOUS)
