"""One request: decoded, validated, decided, recorded and encoded, under one lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.errors import InvalidSignatureException, ServiceError
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Draft, Region, Store
from pytest_fakesecrets._operations import Context, Response

from .barrier import Barrier
from .call_details import detail_of, request_key
from .clock import Clock
from .faults import Faults
from .functions import Functions
from .hints import hint_at
from .history import SERVICE, Call, Event, History, events_of
from .ids import Ids
from .invocation_context import CURRENT_INVOCATION, RunningSteps
from .parser import decode, operation
from .redaction import Redactor, values_in
from .region import default_region
from .serializer import Reply, encode, encode_error

#: Whose secrets these are, unless an access key of twelve digits says otherwise.
DEFAULT_ACCOUNT = "123456789012"

T = TypeVar("T")


class Request(NamedTuple):
    """A request as it came over the wire."""

    account: str
    region: str
    operation: str
    body: bytes

    def __repr__(self) -> str:
        return (
            f"<Request {self.operation} of account {self.account} in {self.region}: {len(self.body)} bytes>"
        )


class Answered(NamedTuple):
    """A reply, and the rotations that the request has started."""

    reply: Reply
    started: tuple[tuple[Region, Rotation], ...]


#: Why a call has failed that a test has made fail.
ORDERED = "fake.fail() has ordered it."


class Service:
    """
    Secrets Manager in all regions: the world, its clock, its ids, and the record of what happened.

    A request is decided on a draft. What follows from it is prepared as one function, which is then set as what is
    to be done: in this one assignment the request has happened. An exception that a signal handler raises in the
    middle of the doing is made up for, by doing it again.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.lock = RLock()
        self._seed = seed
        #: Called for the changes of each request, under the lock. It prepares what else follows from them.
        self.on_changes: Callable[[Draft], Callable[[], None]] = lambda draft: _nothing
        #: The rotations of which a step runs, by the secret's ARN and the token.
        self.stepping: Callable[[], Collection[tuple[str, str]]] = tuple
        self.faults = Faults()
        self.running_steps = RunningSteps()
        #: What has happened, and is not done yet. It may be begun more than once.
        self._undone: Callable[[], None] | None = None
        self.clear()

    def clear(self) -> None:
        """Begin anew, with an empty world and the same ids."""
        with self.lock:
            self.functions = Functions()
            self.faults.clear()
            self.store = Store()
            self.history = History()
            self.assumptions = Assumptions()
            self.ids = Ids(self._seed)
            #: Knows the stored values, generated passwords, and values of refused requests.
            self.redactor = Redactor(self.store.values)

    def answer(self, request: Request) -> Answered:
        """
        The answer to one request. A refused one has changed nothing.

        Raises:
            NotImplementedError: the service model has the operation or a member and the fake does not.
        """
        with self.lock:
            self._settle()
            context = self._context(request.account, request.region, request.operation)
            request_id = self.ids.request_id()
            parameters: Mapping[str, Any] = {}
            try:
                known = operation(request.operation)
                parameters = decode(known.read, request.body)
                response = known.function(context, **parameters)
            except ServiceError as refused:
                self._redact_sent(request)
                context = self._context(request.account, request.region, request.operation)
                call = self._call(
                    context, request_id, _sent_id(parameters), parameters, refused=refused, body=request.body
                )
                self._commit(context, [call])
                return Answered(encode_error(refused, request_id, context.now), ())
            call = self._call(
                context, request_id, _sent_id(parameters), parameters, response=response, body=request.body
            )
            shown = {name: value for name, value in response.items() if name in known.answers_with}
            reply = encode(shown, request_id, context.now)
            self._commit(context, [call], response.get("RandomPassword"))
            return Answered(reply, tuple(context.started))

    def refuse(self, request: Request, sent: Sequence[str], error: ServiceError) -> Reply:
        """Answer a request with an error that a test has ordered, and record it like any other."""
        with self.lock:
            self._settle()
            self._redact_sent(request)
            context = self._context(request.account, request.region, request.operation)
            request_id = self.ids.request_id()
            sent_id = sent[0] if sent else None
            call = self._call(context, request_id, sent_id, refused=error, hint=ORDERED, body=request.body)
            self._commit(context, [call])
            return encode_error(error, request_id, context.now)

    def refuse_region(self) -> Reply:
        """The reply to a request whose signature names an invalid region, as AWS sends it in front of the service."""
        with self.lock:
            error = InvalidSignatureException("Credential should be scoped to a valid region.")
            return encode_error(error, self.ids.request_id(), self.clock.now)

    def _redact(self, context: Context, passwords: Sequence[str]) -> None:
        """Let the redactor know the values that a request brings, and the names that stay readable."""
        with Barrier("a note of secret values and names"):
            for password in passwords:
                self.redactor.add(password)
            for change in context.changes:
                before, after = change.before, change.after
                if isinstance(after, Secret):
                    for value in after.values_since(before if isinstance(before, Secret) else None):
                        self.redactor.add(value)
                    if before is None:
                        self.redactor.add_name(after.name)
                        self.redactor.add_name(after.arn)
            return
        self.redactor.give_up()

    def _redact_sent(self, request: Request) -> None:
        """Let the redactor know the values of a rejected request: its caller may show them, and no store has them."""
        with Barrier("a note of the values in a rejected request"):
            for value in values_in(request.body):
                self.redactor.add(value)
            return
        self.redactor.give_up()

    def means(self, request: Request, sent: Sequence[str], secret_id: str) -> bool:
        """Whether one of the names and ARNs in a request is that of the secret that a test means."""
        if secret_id in sent:
            return True
        region = self.store.region(request.account, request.region)
        meant = region.find(secret_id, self.clock.now)
        return meant is not None and any(region.find(each, self.clock.now) is meant for each in sent)

    def locate(self, secret_id: str) -> tuple[Region, Secret]:
        """
        The secret that a test means by a name or an ARN, wherever it is.

        Raises:
            FakeSecretsError: there is none, or more than one.
        """
        with self.lock:
            return self.store.locate(secret_id, DEFAULT_ACCOUNT, default_region(), self.clock.now)

    def transact(self, region: Region, change: Callable[[Context], T], by: str = SERVICE) -> T:
        """Let *change* change the world as the service does by itself, behind the calls, and return its result."""
        __tracebackhide__ = True
        with self.lock:
            self._settle()
            context = self._context(region.account, region.name, by)
            result = change(context)
            self._commit(context, [])
            return result

    def commit(self, apply: Callable[[], None]) -> None:
        """Let *apply* happen as a whole. It only assigns, and may be begun more than once."""
        with self.lock:
            self._settle()
            ensured(partial(self._let_happen, apply), self._settle)

    def _let_happen(self, apply: Callable[[], None]) -> None:
        self._undone = apply
        self._settle()

    def _settle(self) -> None:
        """Do what has happened and is not done."""
        if self._undone is not None:
            self._undone()
            self._undone = None

    def _context(self, account: str, region_name: str, operation_name: str) -> Context:
        return Context(
            account=account,
            region_name=region_name,
            store=Draft(self.store),
            now=self.clock.now,
            operation=operation_name,
            new_suffix=self.ids.suffix,
            random=self.ids.passwords,
            can_invoke=self.functions.knows,
            assumptions=self.assumptions,
            stepping=self._stepping(),
        )

    def _stepping(self) -> Collection[tuple[str, str]]:
        """The rotations whose function may call here: a thread that it has started does not know its step."""
        running = CURRENT_INVOCATION.get()
        if running is None:
            return self.stepping()
        return () if running.rotation is None else (running.rotation,)

    def _call(
        self,
        context: Context,
        request_id: str,
        secret_id: str | None,
        parameters: Mapping[str, Any] | None = None,
        *,
        response: Response | None = None,
        refused: ServiceError | None = None,
        hint: str | None = None,
        body: bytes = b"",
    ) -> Call:
        answered, detail = response or {}, None
        with Barrier("the details of a call"):
            detail = detail_of(context, parameters or {}, response)
        with Barrier("a hint"):
            hint = hint or hint_at(refused, context, secret_id, self.functions)
        return Call(
            at=context.now,
            operation=context.operation,
            account=context.account,
            region=context.region_name,
            request_id=request_id,
            secret_id=answered.get("ARN") or _arn(context, secret_id),
            version_id=answered.get("VersionId"),
            error=None if refused is None else refused.code,
            message=None if refused is None else refused.message,
            step=_running_step(),
            hint=hint,
            detail=detail,
            _request_key=None if _running_step() is None else request_key(body),
        )

    def _commit(self, context: Context, calls: Sequence[Event], password: str | None = None) -> None:
        """Let a request have happened: its changes, its events, and what follows from them."""
        running, passwords = CURRENT_INVOCATION.get(), [] if password is None else [password]
        if running is None and not (context.changes or context.steps or passwords):
            self.history.put(len(self.history), calls)  # one assignment as it is
            return
        events = [*calls, *events_of(context.changes, context.now, context.operation, _running_step())]
        self._redact(context, passwords)
        whole = partial(self.history.put, len(self.history), [*context.steps, *events])
        own = _nothing if running is None else running.noting(events, passwords)
        follow_up = self.on_changes(context.store)

        def apply() -> None:
            for change in context.changes:
                change.apply()
            whole()
            own()
            follow_up()

        self.commit(apply)


def _nothing() -> None:
    pass


def _running_step() -> str | None:
    running = CURRENT_INVOCATION.get()
    return None if running is None else running.step


def _sent_id(parameters: Mapping[str, Any]) -> str | None:
    return parameters.get("secret_id") or parameters.get("name")


def _arn(context: Context, secret_id: str | None) -> str | None:
    if secret_id is None:
        return None
    secret = context.region.find(secret_id, context.now)
    return secret_id if secret is None else secret.arn
