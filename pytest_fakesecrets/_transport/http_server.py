"""The world over HTTP on the loopback address, for other processes and other languages."""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from types import TracebackType

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.public import public
from pytest_fakesecrets._service.barrier import Barrier, text_of
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.environment import environ_of_a_child
from pytest_fakesecrets._service.faults import Broken
from pytest_fakesecrets._service.serializer import CONTENT_TYPE, Reply, http_date, written

from . import state
from .extension_endpoint import TOKEN, ExtensionEndpoint
from .loopback import misdirected
from .state import HOME, NOT_ACTIVE, TARGET_PREFIX, Backend, answer_wire

_ADDRESS = "127.0.0.1"
#: Hand-written clients send that of JSON 1.0, which has the same requests.
_CONTENT_TYPES = (CONTENT_TYPE, "application/x-amz-json-1.0")

#: No request of Secrets Manager comes near it: a value has 65,536 bytes, escaped six times as many.
LARGEST_BODY = 1024 * 1024

#: How many seconds a client may be silent, between two requests or in the middle of one.
PATIENCE = 30.0

#: How much of a body that was refused is read and dropped, so that its sender gets to see the answer.
_DROPPED = 16 * LARGEST_BODY

_WHAT_THIS_IS = (
    "This is the Secrets Manager of a test. It answers POST requests to / with the header X-Amz-Target, as "
    "AWS SDKs send them"
)


@public
class Server:
    """
    An HTTP endpoint for the world of a fake, which other processes reach as they reach AWS.

    It answers while its "with" block runs.

    Attributes:
        url: its address, an endpoint URL for any AWS SDK.
        environ: the environment variables that let a child process use it: the endpoint, keys and a region; the port
            and the token of the Secrets Manager Agent and of the Lambda Extension.
    """

    url: str
    environ: Mapping[str, str]

    def __init__(self, world: Backend, region: str, port: int = 0, ttl: timedelta | None = None) -> None:
        self._world = world
        self._region = region
        self._port = port
        self._ttl = ttl
        self._listener: _Listener | None = None

    def __repr__(self) -> str:
        return "<Server, not started>" if self._listener is None else f"<Server at {self.url}>"

    def __enter__(self) -> Server:
        try:
            # A fake clears the variable: a value is the test's own.
            token = os.environ.get("AWS_SESSION_TOKEN") or TOKEN
            extension = ExtensionEndpoint(self._world, self._region, token, self._ttl)
            self._listener = _Listener(self._world, extension)
            self._listener.open(self._port)
            port = self._listener.server_address[1]
            self.url = f"http://{_ADDRESS}:{port}"
            # The child need not look for the fake in its own memory.
            self.environ = {
                **environ_of_a_child(self.url, _ADDRESS, self._region),
                "AWS_SESSION_TOKEN": token,
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port),
                HOME: "",
            }
            self._listener.thread.start()
            return self
        except BaseException:
            self._close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        ensured(self._close, self._close)

    def _close(self) -> None:
        """Close it, also where that has been done before, in part."""
        if self._listener is not None:
            self._listener.end()


class _Listener(ThreadingTCPServer):
    request_queue_size = 128
    # Or a port would be taken for a minute after a server has had connections on it. On Windows it means another thing.
    allow_reuse_address = os.name == "posix"

    def __init__(self, world: Backend, extension: ExtensionEndpoint) -> None:
        self.world = world
        self.extension = extension
        self.is_closing = False
        self.thread = Thread(target=self._serve, name="fakesecrets_server", daemon=True)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()

    def open(self, port: int) -> None:
        """
        Open the socket. Not earlier: an object that is not ready could not be closed either.

        Raises:
            FakeSecretsError: the port is not free.
        """
        try:
            super().__init__((_ADDRESS, port), _Conversation)
        except OSError as error:
            if not port:
                raise
            raise FakeSecretsError(
                f"The server cannot listen on {_ADDRESS}:{port}: {error.strerror}. Another program, another server of "
                "this run, or another worker of pytest-xdist may listen there. End it; or serve on a free port, as "
                "serve() does without a port, where the application reads PARAMETERS_SECRETS_EXTENSION_HTTP_PORT."
            ) from error

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    def _serve(self) -> None:
        # It is not ended by shutdown(), which waits for ever where this thread has not come to run.
        with suppress(_Ended):
            self.service_actions()
            self.serve_forever(0.01)

    def service_actions(self) -> None:
        """What serve_forever() calls between two requests, and while it waits for one."""
        if self.is_closing:
            raise _Ended

    def end(self) -> None:
        self.is_closing = True
        if self.thread.is_alive():
            self.thread.join()
        self.hang_up()
        if "socket" in vars(self):
            self.server_close()  # and wait for the requests that are being answered

    def process_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are open: whoever waits for a request on one goes home."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # its client has gone home first
                    connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print the traceback to stderr without secret values, unless the client has disconnected."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            with Barrier("the traceback of a request that failed"):
                text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
                sys.stderr.write(
                    f"The fake has failed in answering {client_address}:\n{self.world.redact(text)}\n"
                )


class _Ended(Exception):
    """The server is to accept no further connection."""


class _Refusal(Exception):
    """What is wrong with a request before it is one of Secrets Manager's."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Conversation(BaseHTTPRequestHandler):
    """One connection, and the requests that come over it."""

    protocol_version = "HTTP/1.1"
    # Who sends no line that tells its version gets a status and headers as well.
    default_request_version = "HTTP/1.0"
    server: _Listener
    # One packet for each answer, or the client's delayed acknowledgement costs 40 milliseconds.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_POST(self) -> None:  # the name that http.server looks for
        if self._is_for_extension():
            self._answer_as_extension()
            return
        try:
            self._check()
            reply = self._answer(self._body())
        except _Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        except Broken:
            self.close_connection = True  # the network fails, as the test has ordered it
        else:
            self._send(reply)

    def _is_for_extension(self) -> bool:
        return self.server.extension.is_addressed(self.command, self.path, self.headers)

    def _answer_as_extension(self) -> None:
        """Answer as the Secrets Manager Agent and the Lambda Extension do, to requests of any method."""
        asked = (self.command, self.path, self.headers, self.server.connections)
        has_body = self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers
        try:
            self._check_is_active()
            reply = self._guarded(partial(self.server.extension.answer, *asked))
            end = {"connection": "close"} if has_body else {}
            self._send(reply._replace(headers={**reply.headers, **end}))
        except _Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        else:
            self.wfile.flush()  # http.server does so for the methods that it knows
            if has_body:
                self._drop_the_rest()

    def parse_request(self) -> bool:
        try:
            is_read = super().parse_request()
        except TimeoutError:
            self._refuse(*self._too_slow("headers"))
            return False
        hosts, origins = (
            (self.headers.get_all(name, []) for name in ("Host", "Origin")) if is_read else ([], [])
        )
        refusal = misdirected(hosts, origins, self.server.server_address[1])
        if refusal is not None:
            self._refuse(*refusal)
        return is_read and refusal is None

    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        self.wfile.flush()  # or the client waits for it, and we for the client
        return goes_on

    def _too_slow(self, part: str) -> tuple[HTTPStatus, str]:
        text = f"The {part} of the request did not come within {self.timeout:g} seconds."
        return HTTPStatus.REQUEST_TIMEOUT, text

    def _check_is_active(self) -> None:
        if state.active is not self.server.world:
            raise _Refusal(HTTPStatus.GONE, NOT_ACTIVE)

    def _check(self) -> None:
        self._check_is_active()
        path = self.path.partition("?")[0]
        if path != "/":
            raise _Refusal(HTTPStatus.NOT_FOUND, f"Secrets Manager has one path, /, and not {path}.")
        target = self.headers.get("X-Amz-Target", "")
        if not target.startswith(TARGET_PREFIX):
            raise _Refusal(
                HTTPStatus.BAD_REQUEST,
                f"The header X-Amz-Target has to name an operation, as {TARGET_PREFIX}GetSecretValue does, "
                f"and it is {target!r}. This endpoint answers Secrets Manager alone.",
            )
        content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type not in _CONTENT_TYPES:
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The header Content-Type has to be {CONTENT_TYPE}, and it is {content_type!r}.",
            )

    def _body(self) -> bytes:
        length = self._length()
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            raise _Refusal(*self._too_slow("body")) from None
        if len(body) < length:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, f"The body of the request ended after {len(body)} of {length} bytes."
            )
        return body

    def _length(self) -> int:
        told = set(self.headers.get_all("Content-Length", []))
        length = told.pop() if len(told) == 1 and "Transfer-Encoding" not in self.headers else ""
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(
                HTTPStatus.LENGTH_REQUIRED,
                "One header Content-Length has to tell the length of the body in bytes; a body in chunks "
                "is not read.",
            )
        if len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body of the request has more than {LARGEST_BODY} bytes, and no value is as large.",
            )
        return int(length)

    def _answer(self, body: bytes) -> Reply:
        target, signed = self.headers["X-Amz-Target"], self.headers.get("Authorization", "")
        return self._guarded(partial(answer_wire, self.server.world, target, signed, None, body))

    def _guarded(self, answer: Callable[[], Reply]) -> Reply:
        """What *answer* returns; where the fake fails, the client gets to know it."""
        try:
            return answer()
        except Broken:
            raise
        except NotImplementedError as error:
            raise _Refusal(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except BaseException as error:
            text = f"The fake has failed: {type(error).__name__}: {self.server.world.redact(text_of(error))}"
            with suppress(OSError):
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, text)
            raise

    def _refuse(self, status: int, message: str) -> None:
        """Tell that a request is none, in JSON, and end the connection: nobody knows where the next one begins."""
        self.close_connection = True
        body = written({"__type": "FakeSecretsError", "message": message})
        headers = {
            "content-type": CONTENT_TYPE,
            "content-length": str(len(body)),
            "connection": "close",
            "date": http_date(present()),
        }
        self._send(Reply(status, headers, body))
        self._drop_the_rest()

    def _drop_the_rest(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = _DROPPED
        # Past the file, which reads no more once it has waited in vain.
        while left > 0 and (piece := self.connection.recv(65_536)):
            left -= len(piece)

    def _send(self, reply: Reply) -> None:
        self.close_connection |= self.server.is_closing
        self.send_response_only(reply.status)
        for name, value in {**reply.headers, **self._headers_for_javascript(reply.status)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _headers_for_javascript(self, status: int) -> Mapping[str, str]:
        """
        What keeps the AWS SDK for JavaScript from sending each refused request again.

        It sets its clock by the header Date, here that of a clock which may stand years away, and a refusal
        that has moved its clock is repeated. It takes no time from an answer with an Age, which may come
        out of a cache; versions that do not look for that get the date of their own clock with a refusal.
        """
        sent: Mapping[str, str] = getattr(self, "headers", {})  # none where the request could not be read
        agents = [sent.get(name, "") for name in ("User-Agent", "X-Amz-User-Agent")]
        if not any(agent.startswith("aws-sdk-js/") for agent in agents):
            return {}
        own = _signed_at(sent.get("X-Amz-Date", "")) if status >= HTTPStatus.BAD_REQUEST else None
        return {"age": "0"} if own is None else {"age": "0", "date": http_date(own)}

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: other methods, and lines and headers that are none, or too long."""
        if code == HTTPStatus.NOT_IMPLEMENTED and self._is_for_extension():
            self._answer_as_extension()
        elif code == HTTPStatus.NOT_IMPLEMENTED:
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"{_WHAT_THIS_IS}, and not {self.command}.")
        else:
            why = message or HTTPStatus(code).phrase
            self._refuse(code, f"{_WHAT_THIS_IS}, and this cannot be read: {why}.")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests are in the fake's history."""


def _signed_at(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
