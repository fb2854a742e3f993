"""Lambda's runtime API over HTTP: a process asks for events, and answers them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from socketserver import ThreadingTCPServer
from threading import Condition, Thread
from typing import Any

from pytest_fakesecrets._service.invocation_context import CALLING_ENVIRONMENT
from pytest_fakesecrets._service.serializer import Reply, written

from .http_server import _ADDRESS, _Listener, _RequestHandler
from .state import Backend

_PATH = "/2018-06-01/runtime/"

#: In bytes. Lambda takes no larger response of a function.
LARGEST_RESPONSE = 6 * 1024 * 1024

#: The number of lines of a trace that are shown, and what is in lines of libraries, which are left out.
_TRACE, _NOT_OWN = 5, ("node_modules", "node:", "site-packages")

#: The timeout in seconds for a process that sends nothing on a connection. A step may take as long, between two requests.
_PATIENCE = 20 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An event for the process, and the headers that come with it."""

    request_id: str
    event: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """The process has sent a result."""

    value: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Raised:
    """The process has sent an error of the function."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """The process has not kept to the runtime API, or has said that it cannot start. It is not used any more."""

    problem: str = field(repr=False)


Outcome = Returned | Raised | Broken


class Mailbox:
    """The event that a process is to get, and what it has answered. Threads of the HTTP server and of the test share it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._invocation: Invocation | None = None
        self._is_delivered = False
        self._outcome: Outcome | None = None
        #: The number of requests for an event: only the latest one gets it.
        self._asked = 0
        self._is_asking = False
        self._is_closed = False
        #: The first request since the last event that the endpoint has rejected, and why; or "".
        self.rejection = ""

    def wait(self, seconds: float, is_over: Callable[[], bool]) -> bool:
        """Wait for a change, at most for a time. Return whether *is_over* is true then."""
        with self._changed:
            if not is_over():
                self._changed.wait(seconds)
            return is_over()

    @property
    def is_asking(self) -> bool:
        """Whether the process waits for an event."""
        return self._is_asking

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    def put(self, invocation: Invocation) -> None:
        with self._changed:
            self._invocation, self._is_delivered, self._outcome = invocation, False, None
            self.rejection = ""
            self._changed.notify_all()

    def note_rejection(self, rejection: str) -> None:
        """Keep why a request was rejected, to explain a failure of the process."""
        with self._changed:
            self.rejection = self.rejection or rejection

    def close(self) -> None:
        """Let requests for an event end. It may be called again."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def next(self) -> Invocation | None:
        """Wait for the next event. None: the process is ended, or it has asked again on another connection."""
        with self._changed:
            if self._is_delivered and self._outcome is None:
                self._end(Broken("requested the next event before it answered the last one"))
                return None
            self._asked += 1
            own, self._is_asking = self._asked, True
            self._changed.notify_all()
            while (
                not self._is_closed
                and own == self._asked
                and (self._invocation is None or self._is_delivered)
            ):
                self._changed.wait()
            if self._is_closed or own != self._asked:
                return None
            self._is_asking, self._is_delivered = False, True
            return self._invocation

    def answer(self, request_id: str, outcome: Outcome) -> bool:
        """Take an answer. Return whether the event with this id waits for one."""
        with self._changed:
            is_known = (
                self._invocation is not None
                and self._invocation.request_id == request_id
                and self._is_delivered
                and self._outcome is None
            )
            if is_known:
                self._end(outcome)
            return is_known

    def refuse_to_start(self, outcome: Broken) -> None:
        with self._changed:
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._changed.notify_all()


class RuntimeListener(_Listener):
    """
    The endpoint of one process: the runtime API, and Secrets Manager.

    Args:
        environment: what the calls to Secrets Manager are attributed to.
    """

    def __init__(self, backend: Backend, mailbox: Mailbox, environment: object) -> None:
        super().__init__(backend, None)
        self.mailbox = mailbox
        self.environment = environment
        self.thread = Thread(target=self._serve, name="fakesecrets_runtime_api", daemon=True)

    def open(self, port: int = 0) -> None:
        ThreadingTCPServer.__init__(self, (_ADDRESS, port), _RuntimeHandler)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"{_ADDRESS}:{self.server_address[1]}"


class _RuntimeHandler(_RequestHandler):
    server: RuntimeListener
    timeout = _PATIENCE

    def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
        if self.path != f"{_PATH}invocation/next":
            self._reject_path()
            return
        invocation = self.server.mailbox.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {**invocation.headers, "Content-Length": str(len(invocation.event))}
        self._send(Reply(HTTPStatus.OK, {"Content-Type": "application/json", **headers}, invocation.event))

    def do_POST(self) -> None:  # noqa: N802  # the name that http.server calls
        if not self.path.startswith(_PATH):
            super().do_POST()
            return
        body = self._received()
        if body is None:
            text = f"The body has more than {LARGEST_RESPONSE} bytes."
            self._reject_request(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", text)
            with suppress(OSError):
                self._discard_rest()  # else the client, which is still sending, may not read the answer
            return
        match self.path.removeprefix(_PATH).split("/"):
            case ["invocation", request_id, "response"]:
                self._take(request_id, _result(body))
            case ["invocation", request_id, "error"]:
                self._take(request_id, Raised(self._error(body)))
            case ["init", "error"]:
                self.server.mailbox.refuse_to_start(Broken(f"could not start: {self._error(body)}"))
                self._answer_status(HTTPStatus.ACCEPTED)
            case _:
                self._reject_path()

    def _answer(self, body: bytes) -> Reply:
        CALLING_ENVIRONMENT.set(self.server.environment)
        return super()._answer(body)

    def _take(self, request_id: str, outcome: Outcome) -> None:
        if self.server.mailbox.answer(request_id, outcome):
            self._answer_status(HTTPStatus.ACCEPTED)
        else:
            text = (
                "There is no event with this request id that waits for an answer. The id is in the header "
                "Lambda-Runtime-Aws-Request-Id of the event."
            )
            self._reject_request(HTTPStatus.BAD_REQUEST, "InvalidRequestID", text)

    def _reject_path(self) -> None:
        text = f"There is no {self.path} in the runtime API."
        self._reject_request(HTTPStatus.NOT_FOUND, "InvalidPath", text)

    def _reject_request(self, status: HTTPStatus, kind: str, text: str) -> None:
        self.server.mailbox.note_rejection(f"{self.command} {self.path}: {text}")
        self._answer_status(status, kind, text)

    def _reject(self, status: int, message: str) -> None:
        """Reject a request that is none of the runtime API, and none of Secrets Manager."""
        self.server.mailbox.note_rejection(f"{getattr(self, 'requestline', '')}: {message}")
        super()._reject(status, message)

    def _answer_status(self, status: HTTPStatus, kind: str = "", text: str = "") -> None:
        body = written({"errorMessage": text, "errorType": kind} if kind else {"status": "OK"})
        self._send(
            Reply(status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)
        )

    def _error(self, body: bytes) -> str:
        """The text of an error, by the body and the header of the request."""
        document: Any = None
        with suppress(ValueError, RecursionError):
            document = json.loads(body)
        if not isinstance(document, dict):
            document = {"errorMessage": body.decode("utf-8", "backslashreplace")}
        kind = document.get("errorType") or self.headers.get("Lambda-Runtime-Function-Error-Type") or "Error"
        trace = document.get("stackTrace") or document.get("trace") or []
        lines = [str(line).rstrip() for line in trace] if isinstance(trace, list) else [str(trace)]
        head = f"{kind}: {document.get('errorMessage', '')}".removesuffix(": ")
        lines = [line for line in lines if line != head]  # a trace of JavaScript begins with the message
        own = [line for line in lines if not any(part in line for part in _NOT_OWN)]
        return "\n".join([head, *(own or lines)[:_TRACE]])

    def _received(self) -> bytes | None:
        """The body of a request, which may come in chunks, or None if it is too large."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = self.headers.get("Content-Length", "0")
            size = int(length) if length.isascii() and length.isdigit() else 0
            parts = [self.rfile.read(min(size, LARGEST_RESPONSE + 1))]
        else:
            parts = []
            while sum(map(len, parts)) <= LARGEST_RESPONSE and (size := self._chunk_size()):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            size = sum(map(len, parts))
        self.close_connection |= size > LARGEST_RESPONSE
        return b"".join(parts) if size <= LARGEST_RESPONSE else None

    def _chunk_size(self) -> int:
        line = self.rfile.readline(100).partition(b";")[0].strip()
        try:
            return min(int(line, 16), LARGEST_RESPONSE + 1)
        except ValueError:
            return 0


def _result(body: bytes) -> Outcome:
    if not body:
        return Returned(None)
    try:
        return Returned(json.loads(body))
    except (ValueError, RecursionError):
        return Broken("answered with a result that is not JSON")
