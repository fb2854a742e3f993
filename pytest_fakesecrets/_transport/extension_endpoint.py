"""The HTTP API of the Secrets Manager Agent and of the AWS Parameters and Secrets Lambda Extension, with its cache."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.moments import units_of
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.faults import NetworkFailure
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._service.serializer import Reply, http_date, written

from .state import Backend

if TYPE_CHECKING:
    from email.message import Message

#: The value of `AWS_SESSION_TOKEN` for applications. It differs from the keys, so that a mix-up is rejected.
TOKEN = "fakesecrets-session-token"
TOKEN_HEADERS = ("X-Aws-Parameters-Secrets-Token", "X-Vault-Token")

#: The default of the agent's setting max_conn.
MOST_CONNECTIONS = 800

#: What the extension takes for SECRETS_MANAGER_TTL, and the agent for ttl_seconds, in seconds.
_TTL_VARIABLE, _LONGEST_OF_EXTENSION, _LONGEST_OF_AGENT = "SECRETS_MANAGER_TTL", 300, 3600
_DEFAULT_TTL = timedelta(seconds=300)

_PING, _QUERY, _PATH_PREFIX = "/ping", "/secretsmanager/get", "/v1/"

#: The number of characters of a rejected request in the history.
_LONGEST_REQUEST = 100
_TOKEN_HINT = "Send the header X-Aws-Parameters-Secrets-Token with the value of AWS_SESSION_TOKEN in fakesecrets_server.environ."

#: Members of a request that the two URL forms name in the same way.
_VERSION_MEMBERS = {"versionId": "VersionId", "versionStage": "VersionStage"}
_REFRESH = {"true": True, "1": True, "false": False, "0": False}


class _Rejected(Exception):
    """A request that the endpoint rejects itself, with a text that is not JSON."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Query(NamedTuple):
    """What a request asks for: the members of GetSecretValue, sorted by name, and whether the cache is passed by."""

    members: tuple[tuple[str, str], ...]
    refresh_now: bool


class _Entry(NamedTuple):
    """A cached answer, and when it was fetched."""

    body: bytes
    fetched_at: datetime

    def __repr__(self) -> str:
        return f"<_Entry of {self.fetched_at}: {len(self.body)} bytes>"


class _Cache:
    """The answers of a backend by their query, until their time to live has passed or the backend is reset."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._generation = backend.generation
        self._entries: dict[tuple[tuple[str, str], ...], _Entry] = {}
        self._lock = Lock()

    def get(self, members: tuple[tuple[str, str], ...], ttl: timedelta) -> bytes | None:
        with self._lock:
            self._forget_other_generations()
            entry = self._entries.get(members)
        if entry is None or not timedelta(0) <= present() - entry.fetched_at < ttl:
            return None
        return entry.body

    def put(self, members: tuple[tuple[str, str], ...], body: bytes, generation: object) -> None:
        with self._lock:
            self._forget_other_generations()
            if generation is self._generation:
                self._entries[members] = _Entry(body, present())

    def _forget_other_generations(self) -> None:
        if self._generation is not self._backend.generation:
            self._generation = self._backend.generation
            self._entries.clear()


class ExtensionEndpoint:
    """
    Answers requests as the Secrets Manager Agent does, out of a cache on the clock of the process.

    Args:
        backend: answers what the cache does not have.
        region: the region of its requests.
        token: what the header with the token has to be.
        ttl: how long an answer is cached. None: the environment variable SECRETS_MANAGER_TTL, else 300 seconds.
    """

    def __init__(self, backend: Backend, region: str, token: str, ttl: timedelta | None) -> None:
        self._backend = backend
        self._region = region
        self._token = token
        self._ttl = ttl
        self._cache = _Cache(backend)

    def is_addressed(self, method: str, target: str, headers: Message[str, str]) -> bool:
        """Whether a request is for this API, and not for that of Secrets Manager, which has the path / alone."""
        path = target.partition("?")[0]
        if path in (_PING, _QUERY) or path.startswith(_PATH_PREFIX):
            return True
        if any(name in headers for name in TOKEN_HEADERS):
            return True
        return method != "POST" and path.startswith("/") and path != "/"

    def answer(self, method: str, target: str, headers: Message[str, str], connections: int) -> Reply:
        """The answer to one request, by the checks and in the order of the agent."""
        try:
            path, _, query = target.partition("?")
            self._check(method, path, headers, connections)
            if path == _PING:
                return _reply(HTTPStatus.OK, b"healthy")
            return self._fetch(_query_of(path, query))
        except _Rejected as rejected:
            with ErrorsBecomeWarnings("the record of a rejected request"):
                self._record(method, target, rejected)
            return _reply(rejected.status, str(rejected).encode("utf-8", "replace"))
        except FakeSecretsError as error:
            document = {"__type": "FakeSecretsError", "message": str(error)}
            return _reply(HTTPStatus.INTERNAL_SERVER_ERROR, written(document))

    def _record(self, method: str, target: str, rejected: _Rejected) -> None:
        """Record a request that did not become a call of GetSecretValue, so that the timeline and the report show it."""
        path, _, query = target.partition("?")
        named = path.removeprefix(_PATH_PREFIX) if path.startswith(_PATH_PREFIX) else ""
        secret_id = dict(parse_qsl(query, errors="replace")).get("secretId", named)
        error = f"{rejected.status.value} {rejected.status.phrase}"
        hint = _TOKEN_HINT if rejected.status is HTTPStatus.FORBIDDEN else ""
        request = f"{method} {path}"[:_LONGEST_REQUEST]
        self._backend.record_rejection(self._region, request, secret_id, error, str(rejected), hint)

    def _check(self, method: str, path: str, headers: Message[str, str], connections: int) -> None:
        if connections > MOST_CONNECTIONS and path != _PING:
            raise _Rejected(HTTPStatus.TOO_MANY_REQUESTS, "Connection limit exceeded")
        if "X-Forwarded-For" in headers:
            raise _Rejected(HTTPStatus.BAD_REQUEST, "Forwarded")
        if self._token not in (headers.get(name) for name in TOKEN_HEADERS):
            raise _Rejected(HTTPStatus.FORBIDDEN, "Bad Token")
        if method != "GET":
            raise _Rejected(HTTPStatus.METHOD_NOT_ALLOWED, "Not allowed")
        if path not in (_PING, _QUERY) and not path.startswith(_PATH_PREFIX):
            raise _Rejected(HTTPStatus.NOT_FOUND, "Not found")

    def _fetch(self, query: _Query) -> Reply:
        ttl = _time_to_live() if self._ttl is None else self._ttl
        cached = None if query.refresh_now else self._cache.get(query.members, ttl)
        if cached is not None:
            return _reply(HTTPStatus.OK, cached)
        generation = self._backend.generation
        try:
            request = written(dict(query.members))
            reply = self._backend.answer_with_faults(None, self._region, "GetSecretValue", request)
        except NetworkFailure as failure:
            return _network_failure(failure.error)
        document: dict[str, Any] = json.loads(reply.body)
        if reply.status != HTTPStatus.OK:
            text = document.get("message", document.get("Message", ""))
            return _error(reply.status, document["__type"], text)
        body = _value(document)
        self._cache.put(query.members, body, generation)
        return _reply(HTTPStatus.OK, body)


def check_ttl(ttl: object) -> None:
    """
    Reject what the agent does not take for its ttl_seconds.

    Raises:
        FakeSecretsError: it is neither None nor a timedelta, or it is too long.
    """
    if ttl is None:
        return
    if type(ttl) is not timedelta or not timedelta(0) <= ttl <= timedelta(seconds=_LONGEST_OF_AGENT):
        units = None if type(ttl) is timedelta else units_of(ttl)
        advice = f" Write timedelta({units})." if units else ""
        raise FakeSecretsError(
            "The argument ttl is how long the Secrets Manager Agent and the Lambda Extension cache a value: a timedelta of 0 "
            f"to {_LONGEST_OF_AGENT} seconds, or None for {_TTL_VARIABLE}, else 300 seconds; not {ttl!r}.{advice}"
        )


def _time_to_live() -> timedelta:
    text = os.environ.get(_TTL_VARIABLE, "")
    if not text:
        return _DEFAULT_TTL
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _LONGEST_OF_EXTENSION:
        return timedelta(seconds=int(text))
    raise FakeSecretsError(
        f"The environment variable {_TTL_VARIABLE} is {text!r}. Set it to a whole number of seconds from 0 to "
        f"{_LONGEST_OF_EXTENSION}, or give serve() a ttl."
    )


def _query_of(path: str, query: str) -> _Query:
    """What a request asks for. As in the agent, the last of several parameters of one name counts."""
    members, refresh_now = dict(_VERSION_MEMBERS), False
    asked: dict[str, str] = {}
    if path == _QUERY:
        members["secretId"] = "SecretId"
    else:
        # The agent does not decode it: the path of a name is the name.
        asked["SecretId"] = path.removeprefix(_PATH_PREFIX)
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        if name == "refreshNow":
            if value not in _REFRESH:
                raise _Rejected(HTTPStatus.BAD_REQUEST, "invalid refreshNow value")
            refresh_now = _REFRESH[value]
        elif name in members:
            asked[members[name]] = value
        else:
            raise _Rejected(HTTPStatus.BAD_REQUEST, f"unknown parameter: {name}")
    if not asked.get("SecretId"):
        missing = "missing parameter secretId" if path == _QUERY else "missing secret ID"
        raise _Rejected(HTTPStatus.BAD_REQUEST, missing)
    return _Query(tuple(sorted(asked.items())), refresh_now)


#: How the members of an answer are written, in the order of the agent. Members that are absent are left out.
_ANSWERED: Mapping[str, Callable[[Any], Any]] = {
    "ARN": str,
    "Name": str,
    "VersionId": str,
    "SecretString": str,
    "SecretBinary": str,
    "VersionStages": list,
    # Seconds and a fraction, as a string. Rust writes no fraction that is zero.
    "CreatedDate": lambda seconds: f"{seconds:.3f}".rstrip("0").rstrip("."),
}


def _value(document: Mapping[str, Any]) -> bytes:
    return written({name: write(document[name]) for name, write in _ANSWERED.items() if name in document})


def _network_failure(error: BaseException) -> Reply:
    """The answer of the agent where its client of Secrets Manager gets none, by the names of any copy of botocore."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if any("Timeout" in name for name in names):
        return _error(HTTPStatus.GATEWAY_TIMEOUT, "TimeoutError", "Timeout")
    if names & {"OSError", "HTTPClientError", "ConnectionError"}:
        return _error(HTTPStatus.BAD_GATEWAY, "ConnectionError", "Read Error")
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalFailure", "")


def _error(status: int, code: str, message: str) -> Reply:
    if code == "InternalFailure":
        return _reply(status, b'{"__type":"InternalFailure"}')
    return _reply(status, f'{{"__type":{json.dumps(code)}, "message":{json.dumps(message)}}}'.encode())


def _reply(status: int, body: bytes) -> Reply:
    # The agent names no Content-Type.
    return Reply(status, {"content-length": str(len(body)), "date": http_date(present())}, body)
