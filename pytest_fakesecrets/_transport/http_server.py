"""An HTTP server on the loopback address, for other processes and other languages."""

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

from pytest_fakesecrets._core.errors import FakeSecretsError, FunctionStopped
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.environment_variables import child_environ
from pytest_fakesecrets._service.faults import NetworkFailure
from pytest_fakesecrets._service.invocation_context import FROM_ANOTHER_PROCESS
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings, text_of
from pytest_fakesecrets._service.serializer import CONTENT_TYPE, Reply, http_date, written

from . import state
from .extension_endpoint import TOKEN, ExtensionEndpoint
from .loopback import header_rejection
from .state import HOME, NOT_ACTIVE, TARGET_PREFIX, Backend, answer_http

_ADDRESS = "127.0.0.1"
#: Some hand-written clients send the content type of JSON 1.0, whose requests are the same.
_CONTENT_TYPES = (CONTENT_TYPE, "application/x-amz-json-1.0")

#: In bytes. The largest request is smaller: a value has at most 65,536 bytes, or six times as many when escaped.
LARGEST_BODY = 1024 * 1024

#: The timeout in seconds for a client that sends nothing, between two requests or within one.
PATIENCE = 30.0

#: The number of bytes of a rejected body that are read and discarded, so that the client reads the response.
_MAX_DISCARDED = 16 * LARGEST_BODY

_PURPOSE = (
    "This is the Secrets Manager of a test. It answers POST requests to / with the header X-Amz-Target, as "
    "AWS SDKs send them"
)


@exported
class Server:
    """
    An HTTP endpoint of a fake, for other processes. It answers as long as its "with" block runs.

    Attributes:
        url: the endpoint URL, for any AWS SDK.
        environ: environment variables for a child process: the endpoint, access keys and a region; the port and the
            token of the Secrets Manager Agent and the Lambda Extension.
    """

    url: str
    environ: Mapping[str, str]

    def __init__(self, backend: Backend, region: str, port: int = 0, ttl: timedelta | None = None) -> None:
        self._backend = backend
        self._region = region
        self._port = port
        self._ttl = ttl
        self._listener: _Listener | None = None

    def __repr__(self) -> str:
        return "<Server, not started>" if self._listener is None else f"<Server at {self.url}>"

    def __enter__(self) -> Server:
        try:
            # An active fake clears the variable, so a value has been set by the test.
            token = os.environ.get("AWS_SESSION_TOKEN") or TOKEN
            extension = ExtensionEndpoint(self._backend, self._region, token, self._ttl)
            self._listener = _Listener(self._backend, extension)
            self._listener.open(self._port)
            port = self._listener.server_address[1]
            self.url = f"http://{_ADDRESS}:{port}"
            self.environ = {
                **child_environ(self.url, _ADDRESS, self._region),
                "AWS_SESSION_TOKEN": token,
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port),
                HOME: "",  # the child process reaches the fake by the endpoint
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
        """Close the server. It may be called again after an interrupted call."""
        if self._listener is not None:
            self._listener.end()


class _Listener(ThreadingTCPServer):
    request_queue_size = 128
    # Without it a fixed port stays taken for a minute after its server had connections. It differs on Windows.
    allow_reuse_address = os.name == "posix"

    def __init__(self, backend: Backend, extension: ExtensionEndpoint | None) -> None:
        self.backend = backend
        self.extension = extension
        self.is_closing = False
        self.thread = Thread(target=self._serve, name="fakesecrets_server", daemon=True)
        self._lock = Lock()
        self._connections: set[socket.socket] = set()

    def open(self, port: int) -> None:
        """
        Open the socket. This is not done in __init__, so that an interrupted start can be closed.

        Raises:
            FakeSecretsError: the port is not free.
        """
        try:
            super().__init__((_ADDRESS, port), _RequestHandler)
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
        # shutdown() is not used to end the loop: it would block forever if this thread has not started.
        with suppress(_ServerClosing):
            self.service_actions()
            self.serve_forever(0.01)

    def service_actions(self) -> None:
        """End the loop if the server is closing. serve_forever() calls this hook at each poll."""
        if self.is_closing:
            raise _ServerClosing

    def end(self) -> None:
        self.is_closing = True
        if self.thread.is_alive():
            self.thread.join()
        self._shut_connections()
        if "socket" in vars(self):
            self.server_close()  # this also waits for the requests in progress

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

    def _shut_connections(self) -> None:
        """Shut down open connections for reading, so that threads that wait for a request end."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the client has disconnected
                    connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print the traceback to stderr without secret values, unless the client has disconnected."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            with ErrorsBecomeWarnings("the traceback of a request that failed"):
                text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
                sys.stderr.write(
                    f"The fake has failed in answering {client_address}:\n{self.backend.redact(text)}\n"
                )


class _ServerClosing(Exception):
    """Ends the loop of the server."""


class _RejectedRequest(Exception):
    """An HTTP request that is rejected before it is decoded as a request of Secrets Manager."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _RequestHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    protocol_version = "HTTP/1.1"
    # The version of requests that name none: with HTTP/0.9 the response would have no status and headers.
    default_request_version = "HTTP/1.0"
    server: _Listener
    # Responses are buffered and sent as one packet: the delayed acknowledgement of a client costs 40 milliseconds.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_POST(self) -> None:  # the name that http.server calls
        if self._is_for_extension():
            self._answer_as_extension()
            return
        try:
            self._check()
            reply = self._answer(self._body())
        except _RejectedRequest as rejection:
            self._reject(rejection.status, str(rejection))
        except (NetworkFailure, FunctionStopped):
            self.close_connection = True  # an injected network failure, or the caller is killed
        else:
            self._send(reply)

    def _is_for_extension(self) -> bool:
        extension = self.server.extension
        return extension is not None and extension.is_addressed(self.command, self.path, self.headers)

    def _answer_as_extension(self) -> None:
        """Answer a request of any method as the Secrets Manager Agent and the Lambda Extension do."""
        FROM_ANOTHER_PROCESS.set(False)  # the extension reads for an application, not for a rotation function
        request = (self.command, self.path, self.headers, self.server.connections)
        has_body = self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers
        try:
            self._check_is_active()
            assert self.server.extension is not None
            reply = self._guarded(partial(self.server.extension.answer, *request))
            end = {"connection": "close"} if has_body else {}
            self._send(reply._replace(headers={**reply.headers, **end}))
        except _RejectedRequest as rejection:
            self._reject(rejection.status, str(rejection))
        else:
            self.wfile.flush()  # http.server flushes only after the methods that this class defines
            if has_body:
                self._discard_rest()

    def parse_request(self) -> bool:
        try:
            is_read = super().parse_request()
        except TimeoutError:
            self._reject(*self._too_slow("headers"))
            return False
        hosts, origins = (
            (self.headers.get_all(name, []) for name in ("Host", "Origin")) if is_read else ([], [])
        )
        rejection = header_rejection(hosts, origins, self.server.server_address[1])
        if rejection is not None:
            self._reject(*rejection)
        return is_read and rejection is None

    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        self.wfile.flush()  # else both sides would wait: the client for this line, and the server for the body
        return goes_on

    def _too_slow(self, part: str) -> tuple[HTTPStatus, str]:
        text = f"The {part} of the request did not come within {self.timeout:g} seconds."
        return HTTPStatus.REQUEST_TIMEOUT, text

    def _check_is_active(self) -> None:
        if state.active is not self.server.backend:
            raise _RejectedRequest(HTTPStatus.GONE, NOT_ACTIVE)

    def _check(self) -> None:
        self._check_is_active()
        path = self.path.partition("?")[0]
        if path != "/":
            raise _RejectedRequest(HTTPStatus.NOT_FOUND, f"The path of this endpoint is /, not {path}.")
        target = self.headers.get("X-Amz-Target", "")
        if not target.startswith(TARGET_PREFIX):
            raise _RejectedRequest(
                HTTPStatus.BAD_REQUEST,
                f"The header X-Amz-Target is {target!r}, and has to name an operation, such as "
                f"{TARGET_PREFIX}GetSecretValue. This endpoint answers only requests to Secrets Manager.",
            )
        content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type not in _CONTENT_TYPES:
            raise _RejectedRequest(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The header Content-Type has to be {CONTENT_TYPE}, not {content_type!r}.",
            )

    def _body(self) -> bytes:
        length = self._length()
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            raise _RejectedRequest(*self._too_slow("body")) from None
        if len(body) < length:
            raise _RejectedRequest(
                HTTPStatus.BAD_REQUEST, f"The body of the request ended after {len(body)} of {length} bytes."
            )
        return body

    def _length(self) -> int:
        lengths = set(self.headers.get_all("Content-Length", []))
        length = lengths.pop() if len(lengths) == 1 and "Transfer-Encoding" not in self.headers else ""
        if not (length.isascii() and length.isdigit()):
            raise _RejectedRequest(
                HTTPStatus.LENGTH_REQUIRED,
                "Send one header Content-Length with the length of the body in bytes. Chunked bodies are not supported.",
            )
        if len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
            raise _RejectedRequest(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body of the request has more than {LARGEST_BODY} bytes, the maximum.",
            )
        return int(length)

    def _answer(self, body: bytes) -> Reply:
        FROM_ANOTHER_PROCESS.set(True)
        target, signed = self.headers["X-Amz-Target"], self.headers.get("Authorization", "")
        return self._guarded(partial(answer_http, self.server.backend, target, signed, None, body))

    def _guarded(self, answer: Callable[[], Reply]) -> Reply:
        """Return the result of *answer*. If the fake itself fails, the client gets an error."""
        try:
            return answer()
        except (NetworkFailure, FunctionStopped):
            raise
        except NotImplementedError as error:
            raise _RejectedRequest(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except BaseException as error:
            text = (
                f"The fake has failed: {type(error).__name__}: {self.server.backend.redact(text_of(error))}"
            )
            with suppress(OSError):
                self._reject(HTTPStatus.INTERNAL_SERVER_ERROR, text)
            raise

    def _reject(self, status: int, message: str) -> None:
        """Send an error in JSON and close the connection, since the start of a next request in it is unknown."""
        self.close_connection = True
        body = written({"__type": "FakeSecretsError", "message": message})
        headers = {
            "content-type": CONTENT_TYPE,
            "content-length": str(len(body)),
            "connection": "close",
            "date": http_date(present()),
        }
        self._send(Reply(status, headers, body))
        self._discard_rest()

    def _discard_rest(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        remaining = _MAX_DISCARDED
        # From the socket: the file object does not read any more after a timeout.
        while remaining > 0 and (chunk := self.connection.recv(65_536)):
            remaining -= len(chunk)

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
        Headers that prevent the AWS SDK for JavaScript from retrying each rejected request.

        The SDK corrects its clock by the header Date, which here has the time of the fake clock, and retries a rejected
        request after such a correction. It ignores Date if the response has the header Age. Versions that do not check
        Age get the date of their own signature with an error.
        """
        sent: Mapping[str, str] = getattr(self, "headers", {})  # missing if the request could not be parsed
        agents = [sent.get(name, "") for name in ("User-Agent", "X-Amz-User-Agent")]
        if not any(agent.startswith("aws-sdk-js/") for agent in agents):
            return {}
        own = _signed_at(sent.get("X-Amz-Date", "")) if status >= HTTPStatus.BAD_REQUEST else None
        return {"age": "0"} if own is None else {"age": "0", "date": http_date(own)}

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error that http.server detects: another method, or an invalid or too long line or header."""
        if code == HTTPStatus.NOT_IMPLEMENTED and self._is_for_extension():
            self._answer_as_extension()
        elif code == HTTPStatus.NOT_IMPLEMENTED:
            self._reject(HTTPStatus.METHOD_NOT_ALLOWED, f"{_PURPOSE}, and not {self.command}.")
        else:
            why = message or HTTPStatus(code).phrase
            self._reject(code, f"{_PURPOSE}, and this cannot be read: {why}.")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests are recorded in the history of the fake."""


def _signed_at(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
