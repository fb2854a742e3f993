"""One call of a rotation function: the event, the time that it has, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pytest_fakesecrets._core.errors import FunctionStopped, InvocationRefused, ServiceError
from pytest_fakesecrets._core.finding import Finding, unchecked
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.moments import later
from pytest_fakesecrets._core.rotation import Rotation, RotationStep, rotation_token
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._operations import rotation_lifecycle
from pytest_fakesecrets._service.barrier import Barrier, text_of
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.faults import INVOKE, exception_of
from pytest_fakesecrets._service.history import Event, LabelMoved, ValueStored
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION, InvocationContext
from pytest_fakesecrets._service.service import Service
from pytest_fakesecrets._service.user_code import raising_line

from .captured_output import Listener
from .failure_warnings import described, handler_of
from .findings import Evidence, findings
from .value_checks import leaks

Key = tuple[str, str]


class RotationRef(NamedTuple):
    """Where a rotation is kept: its latest value is looked up there."""

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
        """Whether a name or an ARN, also a partial one, means the secret."""
        secret = self.region.kept(secret_id)
        return secret is not None and secret.arn == self.secret_id

    @property
    def is_open(self) -> bool:
        """Whether AWS may go on with it."""
        rotation = self.rotation
        return rotation.status == "in progress" or rotation.retry_at is not None

    def goes_on(self, now: datetime) -> bool:
        secret = self.region.find(self.secret_id, now)
        return secret is not None and self.rotation.has_steps_left(secret.labels)


class FunctionCalls:
    """Calls rotation functions, or lets the service rotate where there is none."""

    def __init__(self, service: Service) -> None:
        self._service = service
        #: Called after each call that a rotation function has made, with the operation. They may stop it.
        self.watchers: list[Callable[[str], None]] = []
        #: Returns whether a rotation may change the secret with an ARN, beside its own.
        self.is_companion: Callable[[str], bool] = lambda arn: False

    def call(self, place: RotationRef, name: str, *, redelivered: bool = False) -> RotationStep:
        """Call the function, or let the service rotate where there is none, and tell how it went."""
        __tracebackhide__ = True
        rotation, start, before = place.rotation, self._service.clock.now, CURRENT_INVOCATION.get()
        running = InvocationContext(
            name, place.region.account, None, [], [], len(self._service.history), place.key, object()
        )
        listener = Listener()

        def clean_up() -> None:
            listener.stop()
            self._service.running_steps.end(running, before)

        returned, error = ensured(lambda: self._outcome(place, running, listener), clean_up)
        message, line = self._described(rotation, error)
        return RotationStep(
            name=name,
            attempt=rotation.attempt,
            start=start,
            end=self._service.clock.now,
            secret_id=rotation.secret_id,
            token=rotation.token,
            error=error,
            redelivered=redelivered,
            findings=self._findings(place, running, returned, error, listener.written),
            error_message=message,
            raised_at=line,
        )

    def _described(self, rotation: Rotation, error: BaseException | None) -> tuple[str | None, str | None]:
        """The type and the message of an exception, and the line of the function that raised it."""
        if error is None:
            return None, None
        with Barrier("the description of an exception of a rotation function"):
            line = raising_line(error, handler_of(self._service, rotation))
            return described(error, self._service.redactor), None if line is None else str(line)
        return type(error).__name__, None

    def _outcome(
        self, place: RotationRef, running: InvocationContext, listener: Listener
    ) -> tuple[object, BaseException | None]:
        """What the function has returned, and what it has raised."""
        __tracebackhide__ = True
        rotation = place.rotation
        try:
            self._service.running_steps.begin(running)
            if rotation.function_arn is None:
                self._service.transact(
                    place.region, lambda context: rotation_lifecycle.rotate_by_service(context, rotation)
                )
                return None, None
            listener.start()
            return self._invoke(place, rotation.function_arn, running), None
        except FunctionStopped as stopped:
            return None, stopped.reason.with_traceback(stopped.__traceback__)
        except BaseException as raised:
            return None, raised

    def _invoke(self, place: RotationRef, function_arn: str, running: InvocationContext) -> object:
        __tracebackhide__ = True
        name = running.step
        self._check_may_be_invoked(place, name)
        function, clock = self._service.functions.find(function_arn), self._service.clock
        # Its time begins here: Lambda does not count what a cold start takes.
        deadline = later(clock.now, function.timeout)
        self._service.running_steps.begin(running._replace(deadline=deadline))
        returned = function.invoke(
            event_of(place.rotation, name),
            invoked_arn=function_arn,
            request_id=self._service.ids.request_id(),
            clock=present,
            deadline=deadline,
        )
        self.after_call("return")
        return returned

    def _findings(
        self,
        place: RotationRef,
        running: InvocationContext,
        returned: object,
        error: BaseException | None,
        written: Sequence[tuple[str, str]],
    ) -> tuple[Finding, ...]:
        """What there is to say of a call."""
        with Barrier("the findings of a rotation step"):
            return self._checked(place, running, returned, error, written)
        return (unchecked(running.step),)

    def _checked(
        self,
        place: RotationRef,
        running: InvocationContext,
        returned: object,
        error: BaseException | None,
        written: Sequence[tuple[str, str]],
    ) -> tuple[Finding, ...]:
        rotation, step = place.rotation, running.step
        if rotation.function_arn is None:
            return ()
        meanwhile = self._service.history.since(running.began)
        event = dict(event_of(rotation, step))
        secret = place.region.find(place.secret_id, self._service.clock.now)
        others = [*(running.passwords or ()), event["RotationToken"]]
        leaked: Sequence[str] | None = None
        with Barrier("the search for values that were written"):
            leaked = leaks([*written, *_raised(error)], returned, secret, others)
        found = findings(
            Evidence(
                step=step,
                event=event,
                events=[event for event in running.events or () if not self._is_of_a_companion(event)],
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

    def _check_may_be_invoked(self, place: RotationRef, step: str) -> None:
        """
        Let the invocation fail where a test wants it to.

        Raises:
            InvocationRefused: Lambda answers with an error.
        """
        with self._service.lock:
            ordered = self._service.faults.next(INVOKE, place.is_about, step, use=True)
        failure = None if ordered is None else ordered.failure
        if isinstance(failure, ServiceError):
            raise InvocationRefused(f"Lambda has not run the function: {failure.code}: {failure.message}")
        if isinstance(failure, timedelta):
            self._service.clock.tick(failure)
        elif failure is not None:
            raise exception_of(failure, "https://lambda.amazonaws.com/")

    def after_call(self, operation: str) -> None:
        """Tell whoever watches that a rotation function has made a call; they may stop it there."""
        for watcher in self.watchers:
            watcher(operation)


def _raised(error: BaseException | None) -> Sequence[tuple[str, str]]:
    return [] if error is None else [("its exception, which Lambda logs", text_of(error))]


def event_of(rotation: Rotation, step: str) -> Mapping[str, str]:
    """
    The event that the rotation function receives.

    Source: user guide, rotate-secrets_lambda-functions. The RotationToken is the same for all steps
    of a rotation.
    """
    return {
        "Step": step,
        "SecretId": rotation.secret_id,
        "ClientRequestToken": rotation.token,
        "RotationToken": rotation_token(rotation.token),
    }
