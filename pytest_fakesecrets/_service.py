"""One request: decoded, validated, decided, recorded and encoded, under one lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from threading import RLock
from typing import Any, NamedTuple

from ._clock import Clock
from ._core.assumptions import Assumptions
from ._core.errors import FunctionStopped, ServiceError
from ._core.rotation import Rotation
from ._core.secret import Secret
from ._core.store import Region, Store
from ._faults import Faults
from ._functions import Functions, timed_out
from ._hints import hint_at
from ._history import SERVICE, Call, Circumstances, Event, History, events_of
from ._ids import Ids
from ._model import decode, operation
from ._operations import Context, Response
from ._operations.context import Change
from ._wire import Reply, encode, encode_error

#: Whose secrets these are, unless an access key of twelve digits says otherwise.
DEFAULT_ACCOUNT = "123456789012"
_DEFAULT_REGION = "us-east-1"


def default_region() -> str:
    """The region of clients that name none."""
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or _DEFAULT_REGION


class Request(NamedTuple):
    """A request as it came over the wire."""

    account: str
    region: str
    operation: str
    body: bytes


class Answered(NamedTuple):
    """A reply, and the rotations that the request has started."""

    reply: Reply
    started: tuple[tuple[Region, Rotation], ...]


class Running(NamedTuple):
    """A rotation step, the account of its secret, and until when its function may run."""

    step: str
    account: str
    deadline: datetime | None = None
    #: What it has done so far, and the passwords that it was given: of this call alone, whatever runs beside it.
    events: list[Event] | None = None
    passwords: list[str] | None = None
    #: How long the history was when it began.
    began: int = 0

    def check_time(self, now: datetime) -> None:
        """
        Stop a function that has outlived its time, as Lambda does.

        Raises:
            FunctionStopped: it has.
        """
        if self.deadline is not None and now > self.deadline:
            raise FunctionStopped(timed_out())


#: Why a call has failed that a test has made fail.
ORDERED = "fake.fail() has ordered it."

#: The step that runs here, in this thread or task.
RUNNING: ContextVar[Running | None] = ContextVar("RUNNING", default=None)


class Service:
    """Secrets Manager in all regions: the world, its clock, its ids, and the record of what happened."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.lock = RLock()
        self._seed = seed
        #: Called for each change of the world, under the lock.
        self.on_change: Callable[[Change], None] = lambda change: None
        self.faults = Faults()
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
            #: What GetRandomPassword has given out: a secret from then on, though nobody has stored it yet.
            self.passwords: set[str] = set()

    def answer(self, request: Request) -> Answered:
        """
        The answer to one request. A refused one has changed nothing.

        Raises:
            NotImplementedError: the service model has the operation or a member and the fake does not.
        """
        with self.lock:
            region = self.store.region(request.account, request.region)
            context = self._context(region, request.operation)
            request_id = self.ids.request_id()
            parameters: Mapping[str, Any] = {}
            try:
                known = operation(request.operation)
                parameters = decode(known.read, request.body)
                response = known.function(context, **parameters)
            except ServiceError as refused:
                self._record(context, request, request_id, _sent_id(parameters), refused=refused)
                return Answered(encode_error(refused, request_id, context.now), ())
            self._record(context, request, request_id, _sent_id(parameters), response=response)
            if "RandomPassword" in response:
                self.passwords.add(response["RandomPassword"])
                running = RUNNING.get()
                if running is not None and running.passwords is not None:
                    running.passwords.append(response["RandomPassword"])
            shown = {name: value for name, value in response.items() if name in known.answers_with}
            return Answered(encode(shown, request_id, context.now), tuple(context.started))

    def refuse(self, request: Request, sent: Sequence[str], error: ServiceError) -> Reply:
        """Answer a request with an error that a test has ordered, and record it like any other."""
        with self.lock:
            region = self.store.region(request.account, request.region)
            context, request_id = self._context(region, request.operation), self.ids.request_id()
            self._record(context, request, request_id, sent[0] if sent else None, refused=error, hint=ORDERED)
            return encode_error(error, request_id, context.now)

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

    def region_of(self, arn: str) -> Region:
        _, _, _, region, account, _ = arn.split(":", 5)
        return self.store.region(account, region)

    @contextmanager
    def transaction(self, region: Region, by: str = SERVICE) -> Iterator[Context]:
        """What the service does by itself, behind the calls."""
        with self.lock:
            context = self._context(region, by)
            yield context
            self._record_changes(context, by)

    def _context(self, region: Region, operation_name: str) -> Context:
        return Context(
            region=region,
            store=self.store,
            now=self.clock.now,
            operation=operation_name,
            new_suffix=self.ids.suffix,
            random=self.ids.passwords,
            can_invoke=self.functions.knows,
            assumptions=self.assumptions,
        )

    def _record(
        self,
        context: Context,
        request: Request,
        request_id: str,
        secret_id: str | None,
        *,
        response: Response | None = None,
        refused: ServiceError | None = None,
        hint: str | None = None,
    ) -> None:
        answered = response or {}
        self._append(
            Call(
                at=context.now,
                operation=request.operation,
                account=request.account,
                region=request.region,
                request_id=request_id,
                secret_id=answered.get("ARN") or _arn(context, secret_id),
                version_id=answered.get("VersionId"),
                error=None if refused is None else refused.code,
                message=None if refused is None else refused.message,
                step=_running_step(),
                hint=hint or hint_at(refused, context, secret_id, self.functions),
            )
        )
        self._record_changes(context, request.operation)

    def _append(self, event: Event) -> None:
        self.history.append(event)
        running = RUNNING.get()
        if running is not None and running.events is not None:
            running.events.append(event)

    def _record_changes(self, context: Context, by: str) -> None:
        for change in sorted(context.changes, key=lambda change: _place_in_story(change, by)):
            circumstances = Circumstances(
                at=context.now,
                account=change.region.account,
                region=change.region.name,
                by=by,
                step=_running_step(),
            )
            for event in events_of(change, circumstances):
                self._append(event)
            self.on_change(change)


def _place_in_story(change: Change, by: str) -> int:
    """
    What became of a rotation is told after what was done to its secret.

    But where no call has begun it, that it began comes first: the rest follows from it.
    """
    if not isinstance(change.after, Rotation):
        return 1
    return 0 if change.before is None and by == SERVICE else 2


def _running_step() -> str | None:
    running = RUNNING.get()
    return None if running is None else running.step


def _sent_id(parameters: Mapping[str, Any]) -> str | None:
    return parameters.get("secret_id") or parameters.get("name")


def _arn(context: Context, secret_id: str | None) -> str | None:
    if secret_id is None:
        return None
    secret = context.region.find(secret_id, context.now)
    return secret_id if secret is None else secret.arn
