"""
The state that the hooks, the guard and the server share: the active backend, and how it identifies clients.

This module is imported with the plugin, even in projects that do not use it. It imports no slow modules.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from botocore.session import Session

    from pytest_fakesecrets._service.serializer import Reply

TARGET_PREFIX = "secretsmanager."

#: The keys for the `CallState` and the `Departure` of a call in its context, a dict that botocore passes from event to
#: event and never sends.
CALL_STATE = "fakesecrets_call_state"
DEPARTURE = "fakesecrets_departure"

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d+/(?P<region>[^/]+)/")
_ACCOUNT = re.compile(r"\d{12}")


class Departure(NamedTuple):
    """A call that was made while no fake was active, and was sent or rejected."""

    operation: str
    endpoint: str
    is_rejected: bool


class Backend(Protocol):
    """What the handlers and the server require of a fake."""

    #: The id of the session and the name of the fixture that has activated it, or None.
    fixture: tuple[int, str] | None

    @property
    def lock(self) -> AbstractContextManager[object]:
        """The lock that is held while the state changes."""

    @property
    def generation(self) -> object:
        """An object that another one replaces when everything in it is reset."""

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply: ...

    def answer_with_faults(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply: ...

    def needs_botocore_events(
        self, account: str | None, region: str, operation: str, body: bytes, request_signer: Any
    ) -> bool:
        """Whether a request has to pass the events and retries of botocore up to `before-send`."""

    def record_rejection(
        self, region: str, request: str, secret_id: str, error: str, message: str, hint: str
    ) -> None:
        """Record a request that a server has rejected before it became a call of an operation."""

    def record_rejection_at_target(self, call: str, error: Exception) -> None:
        """Record a call at the target that was rejected, if a step of a rotation has made it."""

    def values_in_use(self) -> Iterator[tuple[str | bytes | None, str | bytes | None]]:
        """The values with AWSCURRENT and AWSPENDING of each secret."""

    def new_token(self) -> str: ...

    def redact(self, text: str) -> str:
        """The text with secret values redacted."""


def is_of_fixture_of(item: Any, backend: Any) -> bool:
    """Whether a fixture that a test of pytest requests, itself or through others, has activated a backend."""
    session, name = backend.fixture or (0, "")
    requested = getattr(
        getattr(item, "_request", None), "_fixture_defs", ()
    )  # also those of getfixturevalue()
    return session == id(item.session) and (name in getattr(item, "fixturenames", ()) or name in requested)


#: The backend of the active fake, or None.
active: Backend | None = None

#: Called with each backend that becomes active. The HTML report uses it.
listeners: list[Callable[[Any], None]] = []

#: Held while `active` is checked and replaced.
activation_lock = Lock()

#: Whether calls are rejected while no fake is active: the ini option fakesecrets_guard.
guarded = False

#: The latest calls that were made while no fake was active. The plugin clears them before each test.
departures: deque[Departure] = deque(maxlen=1000)

#: The environment variable with the id of the process that has the fake, for its child processes.
HOME = "PYTEST_FAKESECRETS_PROCESS"

#: By event: the handlers that are registered last on a client if foreign handlers come after our first ones.
last_handlers: dict[str, Callable[..., Any]] = {}

NOT_ACTIVE = (
    "This fake is not active, and the call was not sent to AWS. Enter it with "
    "'with FakeSecrets() as fake:', or request the fixture fakesecrets."
)


def answer_http(
    backend: Backend,
    target: str,
    authorization: str,
    region: str | None,
    body: bytes,
) -> Reply:
    """
    Answer a request by its headers and its body alone.

    Raises:
        NetworkFailure: the fault that a test has injected is a network failure.
    """
    credential = _CREDENTIAL.search(authorization)
    account = account_of(credential["key"]) if credential else None
    region = credential["region"] if credential else region
    return backend.answer_with_faults(account, region, target.removeprefix(TARGET_PREFIX), body)


def access_key(request_signer: Any) -> str | None:
    # Not by the property: refreshable credentials would refresh themselves over the network.
    credentials = getattr(request_signer, "_credentials", None)
    return getattr(credentials, "__dict__", {}).get("access_key")


def account_of(access_key: str | None) -> str | None:
    return access_key if access_key is not None and _ACCOUNT.fullmatch(access_key) else None


def session() -> Session:
    """The session of our own clients, one for each copy of botocore: a new session reads the data files again."""
    from botocore.session import Session

    return _session_of(Session)


@lru_cache(maxsize=1)
def _session_of(kind: type[Session]) -> Session:
    return kind()


def is_ours(client: Any) -> bool:
    service = getattr(getattr(client, "meta", None), "service_model", None)
    return getattr(service, "service_name", None) == "secretsmanager"


#: The lock that is held while the process forks, so that no thread missing in the child holds it.
_fork_locks = ExitStack()


def _lock_for_fork() -> None:
    if active is not None:
        _fork_locks.enter_context(active.lock)


def _deactivate_in_child() -> None:
    """Deactivate the fake in a forked child: it is a copy, whose changes the parent would not see."""
    global active
    active = None
    _fork_locks.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock_for_fork, after_in_parent=_fork_locks.close, after_in_child=_deactivate_in_child
    )
