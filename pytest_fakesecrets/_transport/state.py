"""
What the hooks, the guard and the server share: the active backend, and how its clients are told apart.

This module is imported with the plugin, in projects that never use it too, so it imports nothing slow.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from botocore.session import Session

    from pytest_fakesecrets._service.serializer import Reply

TARGET_PREFIX = "secretsmanager."

#: Where a call has its passage to the second door, or its departure, in its context: a dict that botocore hands
#: from event to event, and never sends.
PASSAGE = "fakesecrets_passage"
DEPARTURE = "fakesecrets_departure"

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d+/(?P<region>[^/]+)/")
_ACCOUNT = re.compile(r"\d{12}")


class Departure(NamedTuple):
    """A call that was made while no fake was active."""

    operation: str
    endpoint: str
    is_rejected: bool


class Backend(Protocol):
    """What stands behind the doors."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """What is held while anything in it changes."""

    @property
    def generation(self) -> object:
        """An object that another one replaces when everything in it is reset."""

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply: ...

    def answer_on_the_wire(
        self, account: str | None, region: str | None, operation: str, body: bytes
    ) -> Reply: ...

    def takes_the_wire(
        self, account: str | None, region: str, operation: str, body: bytes, request_signer: Any
    ) -> bool:
        """Whether a request has to pass botocore's events and retries."""

    def new_token(self) -> str: ...

    def redact(self, text: str) -> str:
        """A text without secret values."""


#: The world that answers, or None. There is one at the most.
active: Backend | None = None

#: Called with each backend that becomes active: the report of a run shows all of them.
listeners: list[Callable[[Any], None]] = []

#: Held by whoever looks whether there is one, and puts another there.
entering = Lock()

#: Whether calls are refused while no world is there to answer them: the ini option fakesecrets_guard.
guarded = False

#: The last calls that were made while no fake was active. The plugin clears it before each test.
departures: deque[Departure] = deque(maxlen=1000)

#: The variable that tells child processes where the world is: the id of the process that has it.
HOME = "PYTEST_FAKESECRETS_PROCESS"

#: What lets a client be made on a bare machine at once: keys, no profile, no look at the metadata service.
DUMMIES: Mapping[str, str | None] = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_EC2_METADATA_DISABLED": "true",
}

#: The handlers that are registered last on a client where handlers of others come after ours, by their events.
last_handlers: dict[str, Callable[..., Any]] = {}

NOT_ACTIVE = (
    "This fake is not active, and nothing of it reaches the real AWS. Enter it with "
    "'with FakeSecrets() as fake:', or ask for the fixture fakesecrets."
)


def answer_wire(
    world: Backend,
    target: str,
    authorization: str,
    region: str | None,
    body: bytes,
) -> Reply:
    """
    The answer to a request of which there is nothing but what was sent, by botocore or any other client.

    Raises:
        Broken: a test wants the network to go wrong.
    """
    credential = _CREDENTIAL.search(authorization)
    account = account_of(credential["key"]) if credential else None
    region = credential["region"] if credential else region
    return world.answer_on_the_wire(account, region, target.removeprefix(TARGET_PREFIX), body)


def access_key(request_signer: Any) -> str | None:
    # Read past the properties of credentials that refresh themselves, over the network.
    credentials = getattr(request_signer, "_credentials", None)
    return getattr(credentials, "__dict__", {}).get("access_key")


def account_of(access_key: str | None) -> str | None:
    return access_key if access_key is not None and _ACCOUNT.fullmatch(access_key) else None


def session() -> Session:
    """The session of our own clients. One for each copy of botocore: a new one reads its data files again."""
    from botocore.session import Session

    return _session_of(Session)


@lru_cache(maxsize=1)
def _session_of(kind: type[Session]) -> Session:
    return kind()


def is_ours(client: Any) -> bool:
    service = getattr(getattr(client, "meta", None), "service_model", None)
    return getattr(service, "service_name", None) == "secretsmanager"


#: What is held while the process forks, so that the child has no lock that nobody will release.
_held = ExitStack()


def _hold() -> None:
    if active is not None:
        _held.enter_context(active.lock)


def _leave_to_the_parent() -> None:
    """After a fork: the child has a copy of the world, and what it did there would be lost."""
    global active
    active = None
    _held.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_held.close, after_in_child=_leave_to_the_parent)
