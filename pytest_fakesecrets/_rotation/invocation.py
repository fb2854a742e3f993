"""One invocation of a rotation function: its event, its deadline and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple

from pytest_fakesecrets._core.errors import FunctionStopped, InvocationRefused, ServiceError
from pytest_fakesecrets._core.exception_chain import add_note, causes
from pytest_fakesecrets._core.finding import Finding, unchecked
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.moments import later
from pytest_fakesecrets._core.rotation import Rotation, RotationStep, rotation_token
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._operations import rotation_lifecycle
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.code_folder import FolderHandler
from pytest_fakesecrets._service.faults import INVOKE, exception_of
from pytest_fakesecrets._service.hints import add_notes
from pytest_fakesecrets._service.history import Event, LabelMoved, ValueStored
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION, InvocationContext
from pytest_fakesecrets._service.keyword_hints import add_notes_about_names, hints_about_names
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings, text_of
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._service.user_code import raising_line

from .captured_output import Listener, Output
from .failure_warnings import described, handler_of
from .findings import Evidence, findings
from .value_checks import Leak, leaks

Key = tuple[str, str]


class RotationRef(NamedTuple):
    """A reference to a rotation. `rotation` looks up its latest state."""

    region: Region
    secret_id: str
    token: str

    @property
    def rotation(self) -> Rotation:
        return self.region.rotations[self.secret_id][self.token]

    @property
    def key(self) -> Key:
        return self.secret_id, self.token

    def is_about(self, secret_id: str) -> bool:
        """Whether a name, an ARN or a partial ARN identifies the secret of the rotation."""
        secret = self.region.find_stored(secret_id)
        return secret is not None and secret.arn == self.secret_id

    @property
    def is_open(self) -> bool:
        """Whether AWS may continue or retry the rotation."""
        rotation = self.rotation
        return rotation.status == "in progress" or rotation.retry_at is not None

    def goes_on(self, now: datetime) -> bool:
        secret = self.region.find(self.secret_id, now)
        return secret is not None and self.rotation.has_steps_left(secret.labels)


class FunctionCalls:
    """
    Invokes rotation functions. Rotations without a function are done by the service (managed rotation).

    Args:
        function_context: the context manager in which each function runs.
    """

    def __init__(
        self, service: Service, function_context: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._service = service
        self._function_context = function_context
        #: Called with the operation after each call of a rotation function. They may raise to stop the function.
        self.watchers: list[Callable[[str], None]] = []
        #: Returns whether a rotation may change the secret with an ARN, beside its own.
        self.is_companion: Callable[[str], bool] = lambda arn: False

    def call(self, ref: RotationRef, name: str, *, redelivered: bool = False) -> RotationStep:
        """Run one step, by the function or by the service, and return its record."""
        __tracebackhide__ = True
        rotation, start, before = ref.rotation, self._service.clock.now, CURRENT_INVOCATION.get()
        invocation = InvocationContext(
            name, ref.region.account, None, [], [], len(self._service.history), ref.key, object()
        )
        listener = Listener()

        def clean_up() -> None:
            listener.stop()
            self._service.running_steps.end(invocation, before)

        returned, error = ensured(lambda: self._run_step(ref, invocation, listener), clean_up)
        message, line = self._described(rotation, error)
        hints = self._hints(error, rotation)
        self._add_hints(error, invocation, hints)
        return RotationStep(
            name=name,
            attempt=rotation.attempt,
            start=start,
            end=self._service.clock.now,
            secret_id=rotation.secret_id,
            token=rotation.token,
            error=error,
            redelivered=redelivered,
            findings=self._findings(ref, invocation, returned, error, listener.written),
            error_message=message,
            raised_at=line,
            _hints=hints,
        )

    def _hints(self, error: BaseException | None, rotation: Rotation) -> tuple[str, ...]:
        """Hints about the test as the cause of an error: names that do not exist, and modules replaced in vain."""
        if error is None:
            return ()
        with ErrorsBecomeWarnings("the hints about a failed step"):
            handler = handler_of(self._service, rotation)
            of_folder = handler.hints() if isinstance(handler, FolderHandler) else ()
            return tuple(dict.fromkeys([*hints_about_names(error), *of_folder]))
        return ()

    def _add_hints(
        self, error: BaseException | None, invocation: InvocationContext, hints: Sequence[str]
    ) -> None:
        """Add hints to the errors of clients and to that of a step, where Python has notes."""
        if error is not None and hasattr(error, "add_note"):
            with ErrorsBecomeWarnings("the hints about calls of a rotation function"):
                meanwhile = self._service.history.since(invocation.began)
                add_notes(error, meanwhile, self._service.redactor.redact)
                add_notes_about_names(error)
                for hint in hints:
                    if not any(hint in getattr(each, "__notes__", ()) for each in causes(error)):
                        add_note(error, hint)

    def _described(self, rotation: Rotation, error: BaseException | None) -> tuple[str | None, str | None]:
        """The type and the message of an exception, and the line of the function that raised it."""
        if error is None:
            return None, None
        with ErrorsBecomeWarnings("the description of an exception of a rotation function"):
            line = raising_line(error, handler_of(self._service, rotation))
            return described(error, self._service.redactor), None if line is None else str(line)
        return type(error).__name__, None

    def _run_step(
        self, ref: RotationRef, invocation: InvocationContext, listener: Listener
    ) -> tuple[object, BaseException | None]:
        """The return value and the exception of a step."""
        __tracebackhide__ = True
        rotation = ref.rotation
        try:
            self._service.running_steps.begin(invocation)
            if rotation.function_arn is None:
                self._service.transact(
                    ref.region, lambda context: rotation_lifecycle.rotate_by_service(context, rotation)
                )
                return None, None
            listener.start()
            return self._invoke(ref, rotation.function_arn, invocation), None
        except FunctionStopped as stopped:
            return None, stopped.reason.with_traceback(stopped.__traceback__)
        except BaseException as raised:
            return None, raised

    def _invoke(self, ref: RotationRef, function_arn: str, invocation: InvocationContext) -> object:
        __tracebackhide__ = True
        name = invocation.step
        self._check_may_be_invoked(ref, name)
        function, clock = self._service.functions.find(function_arn), self._service.clock
        with self._function_context(), function.environment() as environment:
            # The timeout begins here: Lambda does not count the time of a cold start.
            deadline = later(clock.now, function.timeout)
            self._service.running_steps.begin(
                invocation._replace(deadline=deadline, timeout=function.timeout, environment=environment)
            )
            returned = function.invoke(
                event_of(ref.rotation, name),
                invoked_arn=function_arn,
                request_id=self._service.ids.request_id(),
                clock=present,
                deadline=deadline,
                environment=environment,
            )
            self.after_call("return")
            return returned

    def _findings(
        self,
        ref: RotationRef,
        invocation: InvocationContext,
        returned: object,
        error: BaseException | None,
        written: Sequence[Output],
    ) -> tuple[Finding, ...]:
        """The findings about a step. An error in the checks becomes a finding and a warning."""
        with ErrorsBecomeWarnings("the findings of a rotation step"):
            return self._check(ref, invocation, returned, error, written)
        return (unchecked(invocation.step),)

    def _check(
        self,
        ref: RotationRef,
        invocation: InvocationContext,
        returned: object,
        error: BaseException | None,
        written: Sequence[Output],
    ) -> tuple[Finding, ...]:
        rotation, step = ref.rotation, invocation.step
        if rotation.function_arn is None:
            return ()
        meanwhile = self._service.history.since(invocation.began)
        event = dict(event_of(rotation, step))
        secret = ref.region.find(ref.secret_id, self._service.clock.now)
        leaked: Sequence[Leak] | None = None
        with ErrorsBecomeWarnings("the search for values that were written"):
            leaked = leaks(
                [*written, *_exception_output(error)],
                returned,
                secret,
                invocation.passwords or (),
                event["RotationToken"],
            )
        found = findings(
            Evidence(
                step=step,
                event=event,
                events=[event for event in invocation.events or () if not self._is_of_a_companion(event)],
                meanwhile=meanwhile,
                secret=secret,
                returned=returned,
                error=error,
                redact=self._service.redactor.redact,
                leaks=leaked or (),
                is_last=step == rotation.plan[-1],
                is_test=rotation.is_test,
            )
        )
        return found if leaked is not None else (*found, unchecked(step))

    def _is_of_a_companion(self, event: Event) -> bool:
        return isinstance(event, LabelMoved | ValueStored) and self.is_companion(event.secret_id)

    def _check_may_be_invoked(self, ref: RotationRef, step: str) -> None:
        """
        Apply the injected fault of an invocation, if there is one.

        Raises:
            InvocationRefused: the fault is an error response of Lambda.
            Exception: the fault is an exception.
        """
        with self._service.lock:
            fault = self._service.faults.next(INVOKE, ref.is_about, step, use=True)
        failure = None if fault is None else fault.failure
        if isinstance(failure, ServiceError):
            raise InvocationRefused(f"Lambda has not run the function: {failure.code}: {failure.message}")
        if isinstance(failure, timedelta):
            self._service.clock.tick(failure)
        elif failure is not None:
            raise exception_of(failure, "https://lambda.amazonaws.com/")

    def after_call(self, operation: str) -> None:
        """Call the watchers after a call of a rotation function. They may raise to stop the function."""
        for watcher in self.watchers:
            watcher(operation)


def _exception_output(error: BaseException | None) -> Sequence[Output]:
    return [] if error is None else [Output("its exception, which Lambda logs", text_of(error))]


def event_of(rotation: Rotation, step: str) -> Mapping[str, str]:
    """
    The event that the rotation function receives.

    All steps of a rotation have the same RotationToken (user guide, rotate-secrets_lambda-functions).
    """
    return {
        "Step": step,
        "SecretId": rotation.secret_id,
        "ClientRequestToken": rotation.token,
        "RotationToken": rotation_token(rotation.token),
    }
