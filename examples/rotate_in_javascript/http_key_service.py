"""The service that the API keys are for, as an HTTP server on the loopback address for processes in any language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from pytest_fakesecrets import CredentialRefused, CredentialTarget, TargetDown


@contextmanager
def serving(keys: CredentialTarget) -> Iterator[str]:
    """Run the server while the block runs, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            actions = {
                "POST /login": keys.log_in,
                "POST /keys": keys.add_password,
                "DELETE /keys": keys.remove_password,
            }
            try:
                actions[f"{self.command} {self.path}"](value["client_id"], value["api_key"])
                status = 204
            except CredentialRefused:
                status = 403
            except TargetDown:
                status = 503
            self.send_response(status)
            self.end_headers()

        do_POST = do_DELETE = answer  # noqa: N815  # the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    class Service(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore the error: the client may have been killed."""

    with Service(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
