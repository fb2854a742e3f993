"""The world over HTTP on the loopback address, for other processes and other languages."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from types import TracebackType

from ._hook import HOME, TARGET_PREFIX, World, answer_wire
from ._wire import Reply

_ADDRESS = "127.0.0.1"
_CONTENT_TYPE = "application/x-amz-json-1.1"

#: No request of Secrets Manager comes near it: a value has 65,536 bytes, escaped six times as many.
LARGEST_BODY = 1024 * 1024

#: How many seconds a client may be silent, between two requests or in the middle of one.
PATIENCE = 30.0

#: How much of a body that was refused is read and dropped, so that its sender gets to see the answer.
_DROPPED = 16 * LARGEST_BODY


class Server:
    """
    An HTTP endpoint for the world of a fake, which other processes reach as they reach AWS.

    Attributes:
        url: its address, an endpoint URL for any AWS SDK.
        environ: the environment variables that let a child process use it: the endpoint, keys and a region.
    """

    def __init__(self, world: World, region: str) -> None:
        self._listener = _Listener(world)
        self.url = f"http://{_ADDRESS}:{self._listener.server_address[1]}"
        self.environ = _environ(self.url, region)
        self._thread = Thread(target=self._listener.serve_forever, args=(0.01,), name="fakesecrets_server")

    def __repr__(self) -> str:
        return f"<Server at {self.url}>"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()  # and wait for the requests that are being answered


def _environ(url: str, region: str) -> Mapping[str, str]:
    not_proxied = ",".join(filter(None, [os.environ.get("NO_PROXY"), os.environ.get("no_proxy"), _ADDRESS]))
    return {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Neither goes together with an endpoint of one's own: botocore refuses to make a client.
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "NO_PROXY": not_proxied,
        "no_proxy": not_proxied,
        # The child need not look for the fake in its own memory.
        HOME: "",
    }


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, world: World) -> None:
        super().__init__((_ADDRESS, 0), _Conversation)
        self.world = world
        self._lock = Lock()
        self._connections: set[socket.socket] = set()

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
                connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no news."""


class _Refusal(Exception):
    """What is wrong with a request before it is one of Secrets Manager's."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Conversation(BaseHTTPRequestHandler):
    """One connection, and the requests that come over it."""

    protocol_version = "HTTP/1.1"
    server_version = "pytest-fakesecrets"
    server: _Listener
    # One packet for each answer, or the client's delayed acknowledgement costs 40 milliseconds.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_POST(self) -> None:  # the name that http.server looks for
        try:
            self._check()
            reply = self._answer(self._body())
        except _Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        else:
            self._send(reply)

    def _wrong_method(self) -> None:
        self._refuse(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This is the Secrets Manager of a test. It answers POST requests to / with the header "
            f"X-Amz-Target, as AWS SDKs send them, and not {self.command}.",
        )

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_PUT = _wrong_method  # noqa: N815

    def _check(self) -> None:
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
        if content_type != _CONTENT_TYPE:
            raise _Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The header Content-Type has to be {_CONTENT_TYPE}, and it is {content_type!r}.",
            )

    def _body(self) -> bytes:
        length = self._length()
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            raise _Refusal(
                HTTPStatus.REQUEST_TIMEOUT,
                f"The body of the request did not come within {self.timeout:g} seconds.",
            ) from None
        if len(body) < length:
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, f"The body of the request ended after {len(body)} of {length} bytes."
            )
        return body

    def _length(self) -> int:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(
                HTTPStatus.LENGTH_REQUIRED,
                "The header Content-Length has to tell the length of the body in bytes.",
            )
        if int(length) > LARGEST_BODY:
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body of the request has {length} bytes, and no more than {LARGEST_BODY} are read.",
            )
        return int(length)

    def _answer(self, body: bytes) -> Reply:
        try:
            target, signed = self.headers["X-Amz-Target"], self.headers.get("Authorization", "")
            return answer_wire(self.server.world, target, signed, "", body)
        except NotImplementedError as error:
            raise _Refusal(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except Exception as error:
            text = f"The fake has failed: {type(error).__name__}: {error}"
            raise _Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, text) from None

    def _refuse(self, status: int, message: str) -> None:
        """Tell that a request is none, in JSON, and end the connection: nobody knows where the next one begins."""
        self.close_connection = True
        body = json.dumps({"__type": "FakeSecretsError", "message": message}).encode()
        headers = {"content-type": _CONTENT_TYPE, "content-length": str(len(body)), "connection": "close"}
        self._send(Reply(status, headers, body))
        self._drop_the_rest()

    def _drop_the_rest(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = _DROPPED
        while left > 0 and (piece := self.rfile.read1(65_536)):
            left -= len(piece)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: lines and headers that are none, or too long."""
        self._refuse(code, f"This is no HTTP request that can be read: {message or HTTPStatus(code).phrase}.")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests are in the fake's history."""
