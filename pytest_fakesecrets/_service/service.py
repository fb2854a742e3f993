"""The service: it executes requests and records them, under one lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from pytest_fakesecrets._core.assumptions import DEFAULT_ASSUMPTIONS
from pytest_fakesecrets._core.errors import (
    CredentialRefused,
    InvalidSignatureException,
    ServiceError,
    TargetDown,
)
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Change, Draft, Region, RotationChange, Store
from pytest_fakesecrets._operations import Context, Response

from .call_details import OPERATIONS_WITH_DETAILS, detail_of, request_key
from .clock import Clock
from .faults import Faults
from .functions import Functions
from .hints import PREFIX, Hint, hint_for
from .history import SERVICE, Call, Event, History, RequestRejected, events_of
from .ids import Ids
from .invocation_context import CURRENT_INVOCATION, RunningSteps
from .parser import decode, operation
from .redaction import Redactor, secret_values_of_request
from .region import default_region
from .reporting_errors import ErrorsBecomeWarnings, text_of
from .serializer import Reply, encode, encode_error
from .user_code import innermost_line

#: The account of clients whose access key is not a number of twelve digits.
DEFAULT_ACCOUNT = "123456789012"

T = TypeVar("T")


class Request(NamedTuple):
    """A request before it is decoded."""

    account: str
    region: str
    operation: str
    body: bytes

    def __repr__(self) -> str:
        return (
            f"<Request {self.operation} of account {self.account} in {self.region}: {len(self.body)} bytes>"
        )


class Outcome(NamedTuple):
    """A reply, and the rotations that the request has started."""

    reply: Reply
    started: Sequence[tuple[Region, Rotation]]


#: The hint of calls that failed by an injected fault.
INJECTED = Hint("hint: fake.fail() injected this error.")


class Service:
    """
    Secrets Manager in all accounts and regions: its state, clock, ids and history.

    A request is executed on a draft of the state. Its changes are prepared as one idempotent function, and the assignment
    of this function to `_pending` commits the request. If a signal handler raises an exception while the function runs,
    the function is called again.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.lock = RLock()
        self._seed = seed
        #: Called with the draft of each request, under the lock. It returns an idempotent function to call at the commit.
        self.on_changes: Callable[[Draft], Callable[[], None]] = lambda draft: _do_nothing
        #: Returns the rotations with a running step, by the ARN of the secret and the token.
        self.running_rotations: Callable[[], Collection[tuple[str, str]]] = tuple
        #: Returns whether `rotation_paused` holds the rotations of the secret with an ARN.
        self.is_paused: Callable[[str], bool] = lambda arn: False
        self.faults = Faults()
        self.running_steps = RunningSteps()
        #: The committed changes that are not applied yet: an idempotent function.
        self._pending: Callable[[], None] | None = None
        self.clear()

    def clear(self) -> None:
        """Reset the state, the history, the faults and the ids."""
        with self.lock:
            self.functions = Functions()
            self.faults.clear()
            self.store = Store()
            self.history = History(self.lock)
            self.assumptions = DEFAULT_ASSUMPTIONS
            self.ids = Ids(self._seed)
            #: Redacts stored values, generated passwords, and values of rejected requests.
            self.redactor = Redactor(self.store.values)

    def answer(self, request: Request) -> Outcome:
        """
        Execute a request. A rejected request changes no secret.

        Raises:
            NotImplementedError: the fake does not implement the operation, or one of its members.
        """
        with self.lock:
            self._apply_pending()
            context = self._context(request.account, request.region, request.operation)
            request_id = self.ids.request_id()
            parameters = _undecoded(request)
            try:
                requested = operation(request.operation)
                parameters = decode(requested.read, request.body)
                response = requested.function(context, **parameters)
            except ServiceError as rejected:
                self._redact_sent(request)
                context.discard_changes()
                call = self._call(context, request_id, _sent_id(parameters), parameters, rejected=rejected)
                self._commit(context, [call])
                return Outcome(encode_error(rejected, request_id, context.now), ())
            call = self._call(context, request_id, _sent_id(parameters), parameters, response=response)
            reply = encode(requested.output(response), request_id, context.now)
            self._commit(context, [call], response.get("RandomPassword"))
            return Outcome(reply, context.started_rotations)

    def refuse(self, request: Request, sent: Sequence[str], error: ServiceError) -> Reply:
        """Reject a request with an injected error, and record it."""
        with self.lock:
            self._apply_pending()
            self._redact_sent(request)
            context = self._context(request.account, request.region, request.operation)
            request_id = self.ids.request_id()
            sent_id = sent[0] if sent else None
            parameters = _parameters(request)
            call = self._call(context, request_id, sent_id, parameters, rejected=error, hint=INJECTED)
            self._commit(context, [call])
            return encode_error(error, request_id, context.now)

    def record_rejection(
        self, region: str, request: str, secret_id: str, error: str, message: str, hint: str
    ) -> None:
        """Record a request that a server has rejected before it became a call of an operation."""
        with self.lock:
            self._apply_pending()
            context = self._context(DEFAULT_ACCOUNT, region, request)
            event = RequestRejected(
                at=context.now,
                operation=self.redactor.redact(request),
                region=region,
                request_id=self.ids.request_id(),
                secret_id=_arn(context, secret_id or None),
                error=error,
                message=message,
                hint=Hint(f"{PREFIX}{hint}") if hint else None,
            )
            self._commit(context, [event])

    def record_rejection_at_target(self, call: str, error: Exception) -> None:
        """Record a call at the target that was rejected, if a step of a rotation has made it."""
        invocation = self.running_steps.current() or self.running_steps.outside()
        if invocation is None or invocation.rotation is None:
            return
        with self.lock:
            self._apply_pending()
            arn = invocation.rotation[0]
            event = RequestRejected(
                at=self.clock.now,
                operation=f"{self.redactor.redact(call)} at the target",
                region=arn.split(":")[3],
                request_id=f"at the target, {len(self.history)}",  # not drawn: later ids do not depend on the target
                secret_id=arn,
                error=type(error).__name__,
                # That of a database driver may contain a value which was never stored.
                message=text_of(error) if isinstance(error, CredentialRefused | TargetDown) else None,
                step=invocation.step,
            )
            self.history.extend([event])

    def refuse_region(self) -> Reply:
        """The error for an invalid region in the signature. AWS sends it before the service gets the request."""
        with self.lock:
            error = InvalidSignatureException("Credential should be scoped to a valid region.")
            return encode_error(error, self.ids.request_id(), self.clock.now)

    def _redact(self, changes: Sequence[Change], passwords: Sequence[str]) -> None:
        """Add the values and the secret names of a request to the redactor."""
        with ErrorsBecomeWarnings("a note of secret values and names"):
            for password in passwords:
                self.redactor.add(password)
            for change in changes:
                if isinstance(change, RotationChange) or change.after is None:
                    continue
                for value in change.new_values:
                    self.redactor.add(value)
                if change.before is None:
                    self.redactor.add_name(change.after.name)
                    self.redactor.add_name(change.after.arn)
            return
        self.redactor.give_up()

    def _redact_sent(self, request: Request) -> None:
        """Add the values of a rejected request to the redactor: they are not stored, but its caller may print them."""
        with ErrorsBecomeWarnings("a note of the values in a rejected request"):
            for value in secret_values_of_request(request.body):
                self.redactor.add(value)
            return
        self.redactor.give_up()

    def identifies(self, request: Request, sent: Sequence[str], secret_id: str) -> bool:
        """Whether one of the names and ARNs in a request identifies the same secret as *secret_id*."""
        if secret_id in sent:
            return True
        region = self.store.region(request.account, request.region)
        secret = region.find(secret_id, self.clock.now)
        return secret is not None and any(region.find(each, self.clock.now) is secret for each in sent)

    def locate(self, secret_id: str) -> tuple[Region, Secret]:
        """
        The secret with a name or an ARN, and its region. All accounts and regions are searched.

        Raises:
            FakeSecretsError: there is no such secret, or more than one.
        """
        with self.lock:
            return self.store.locate(secret_id, DEFAULT_ACCOUNT, default_region(), self.clock.now)

    def transact(self, region: Region, change: Callable[[Context], T], by: str = SERVICE) -> T:
        """Commit the changes that *change* makes without a request, and return its result."""
        __tracebackhide__ = True
        with self.lock:
            self._apply_pending()
            context = self._context(region.account, region.name, by)
            result = change(context)
            self._commit(context, [])
            return result

    def commit(self, apply: Callable[[], None]) -> None:
        """Commit *apply*, which must be idempotent and must not fail."""
        with self.lock:
            self._apply_pending()
            ensured(partial(self._set_pending, apply), self._apply_pending)

    def _set_pending(self, apply: Callable[[], None]) -> None:
        self._pending = apply
        self._apply_pending()

    def _apply_pending(self) -> None:
        """Apply the committed changes that are not applied yet."""
        if self._pending is not None:
            self._pending()
            self._pending = None

    def _context(self, account: str, region_name: str, operation_name: str) -> Context:
        return Context(
            account=account,
            region_name=region_name,
            draft=Draft(self.store),
            now=self.clock.now,
            operation=operation_name,
            new_suffix=self.ids.suffix,
            random=self.ids.passwords,
            can_invoke=self.functions.knows,
            assumptions=self.assumptions,
            possible_callers=self._possible_callers,
        )

    def _possible_callers(self) -> Collection[tuple[str, str]]:
        """
        The rotations whose function may have made a call that is made here, by the ARN of the secret and the token.

        It is that of the current step. Without a current step it may be any that runs: a thread that a function has
        started has no current step.
        """
        running = CURRENT_INVOCATION.get()
        if running is None:
            return self.running_rotations()
        return () if running.rotation is None else (running.rotation,)

    def _call(
        self,
        context: Context,
        request_id: str,
        secret_id: str | None,
        parameters: Mapping[str, Any],
        *,
        response: Response | None = None,
        rejected: ServiceError | None = None,
        hint: str | None = None,
    ) -> Call:
        step, members, detail = _running_step(), response or {}, None
        if context.operation in OPERATIONS_WITH_DETAILS:
            with ErrorsBecomeWarnings("the details of a call"):
                detail = detail_of(context, parameters, response)
        if rejected is not None and hint is None:
            with ErrorsBecomeWarnings("a hint"):
                hint = hint_for(rejected, context, secret_id, self.functions, self.is_paused)
        return Call(
            at=context.now,
            operation=context.operation,
            account=context.account,
            region=context.region_name,
            request_id=request_id,
            secret_id=members.get("ARN") or _arn(context, secret_id),
            version_id=members.get("VersionId"),
            error=None if rejected is None else rejected.code,
            message=None if rejected is None else rejected.message,
            step=step,
            hint=hint,
            detail=detail,
            _request_key=None if step is None else request_key(parameters),
            _line=None if step is None or rejected is None else _calling_line(),
        )

    def _commit(self, context: Context, calls: Sequence[Event], password: str | None = None) -> None:
        """Commit the changes and the events of a request, and the updates that follow from them."""
        running, changes = CURRENT_INVOCATION.get(), context.changes
        passwords = [] if password is None else [password]
        is_change = bool(changes or context.steps or passwords)
        if running is None and not is_change:
            self.history.extend(calls)  # one operation on a list, which is atomic: no commit is needed
            return
        events, follow_up = [*calls], _do_nothing
        if is_change:
            step = None if running is None else running.step
            events += events_of(changes, context.now, context.operation, step)
            self._redact(changes, passwords)
            follow_up = self.on_changes(context.draft)
        put_events = partial(self.history.put, len(self.history), [*context.steps, *events])
        record_in_invocation = (
            _do_nothing if running is None else running.prepare_recording(events, passwords)
        )

        def apply() -> None:
            for change in changes:
                change.apply_to(change.region)
            put_events()
            record_in_invocation()
            follow_up()

        self.commit(apply)


def _do_nothing() -> None:
    pass


def _parameters(request: Request) -> Mapping[str, Any]:
    """The parameters of a request that is not executed."""
    try:
        return decode(operation(request.operation).read, request.body)
    except (ServiceError, NotImplementedError):
        return _undecoded(request)


def _undecoded(request: Request) -> Mapping[str, Any]:
    """What stands for the parameters of a request that is not decoded, or cannot be."""
    return {"body": request.body}


def _running_step() -> str | None:
    running = CURRENT_INVOCATION.get()
    return None if running is None else running.step


def _calling_line() -> str | None:
    with ErrorsBecomeWarnings("the line of a rejected call"):
        return innermost_line()
    return None


def _sent_id(parameters: Mapping[str, Any]) -> str | None:
    return parameters.get("secret_id") or parameters.get("name")


def _arn(context: Context, secret_id: str | None) -> str | None:
    if secret_id is None:
        return None
    secret = context.region.find(secret_id, context.now)
    return secret_id if secret is None else secret.arn
