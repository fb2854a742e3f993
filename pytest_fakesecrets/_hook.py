"""
The botocore side: two doors through which every `secretsmanager` client reaches the fake.

`before-call` answers: the request is serialised by then, and signing, network and retries are left
out. Where a fault is injected, or handlers of others have to see the call, it takes the wire: it goes on to
`before-send`, which botocore's retries surround. Both doors are inert while no fake is active.

This module is imported with the plugin, in projects that never use it too, so it imports nothing
that is slow: botocore is there by the time that a handler runs.
"""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ._answers import Response, parsed

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from botocore.model import OperationModel
    from botocore.session import Session

    from ._guard import Departure
    from ._wire import Reply

TARGET_PREFIX = "secretsmanager."

#: Where a call has its passage to the second door, or its departure, in its context: a dict that botocore hands
#: from event to event, and never sends.
PASSAGE = "fakesecrets_passage"
DEPARTURE = "fakesecrets_departure"

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d+/(?P<region>[^/]+)/")
_ACCOUNT = re.compile(r"\d{12}")


class World(Protocol):
    """What stands behind the doors."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """What is held while anything in it changes."""

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
active: World | None = None

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


def supply_token(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    """Answer `before-parameter-build`: draw the ClientRequestToken before botocore does, from the seed."""
    state = active
    if state is not None:
        for member in model.idempotent_members:
            if member not in params:
                params[member] = state.new_token()


def answer_call(
    model: OperationModel,
    params: Mapping[str, Any],
    request_signer: Any,
    context: dict[str, Any],
    **_: object,
) -> tuple[Response, dict[str, Any]] | None:
    """Answer `before-call`, with what botocore's own parser makes of the reply."""
    state = active
    if state is None:
        from ._guard import check_may_leave

        check_may_leave(model.name, params["url"])
        return None
    if PASSAGE in context:
        return None  # a client may have our handlers twice, by attach()
    account, region = _account(access_key(request_signer)), context["client_region"]
    if state.takes_the_wire(account, region, model.name, params["body"], request_signer):
        from ._second_door import begin

        context[PASSAGE] = begin(state, account, region, model.name, request_signer)
        return None
    reply = state.answer(account, region, model.name, params["body"])
    return Response(params["url"], reply), parsed(reply, model)


def accompany(request: AWSRequest, operation_name: str, **_: object) -> None:
    """Answer `request-created`, which comes with each attempt of a call."""
    if PASSAGE in request.context:
        from ._second_door import accompany

        accompany(request, operation_name)
    elif active is None and DEPARTURE not in request.context:
        from ._guard import depart

        depart(operation_name, request)


def check_attempt(request_dict: Mapping[str, Any], response: Sequence[Any] | None, **_: object) -> None:
    """Answer `needs-retry`, which comes after each attempt."""
    if response is not None and DEPARTURE in request_dict["context"]:
        from ._guard import is_from_the_network, stay

        if not is_from_the_network(response[0]):
            stay(request_dict["context"])


def check_failure(context: dict[str, Any], exception: BaseException, **_: object) -> None:
    """Answer `after-call-error`."""
    if DEPARTURE in context:
        from ._guard import is_of_the_network, stay

        if not is_of_the_network(exception):
            stay(context)


def choose_signer(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Answer `choose-signer`, unless the last handler does."""
    passage = context.get(PASSAGE)
    return (
        None if passage is None or "choose-signer" in passage.late else passage.signature(signature_version)
    )


def choose_signer_last(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Answer `choose-signer`, where handlers of others come after the first one."""
    passage = context.get(PASSAGE)
    return None if passage is None else passage.signature(signature_version)


def answer_send(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Answer `before-send`, from what is on the wire alone, unless the last handler does."""
    from ._second_door import answer

    return answer(request, sys._getframe(1), is_last=False)


def answer_send_last(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Answer `before-send`, where handlers of others come after the first one."""
    from ._second_door import answer

    return answer(request, sys._getframe(1), is_last=True)


def answer_wire(
    world: World,
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
    account = _account(credential["key"]) if credential else None
    region = credential["region"] if credential else region
    return world.answer_on_the_wire(account, region, target.removeprefix(TARGET_PREFIX), body)


#: In the order of a call. Their names are more specific than anybody's plain ones, and so come first.
HANDLERS: Sequence[tuple[str, Callable[..., Any]]] = (
    ("before-parameter-build.secrets-manager", supply_token),
    ("before-call.secrets-manager", answer_call),
    ("request-created.secrets-manager", accompany),
    ("choose-signer.secrets-manager", choose_signer),
    ("before-send.secrets-manager", answer_send),
    ("needs-retry.secrets-manager", check_attempt),
    ("after-call-error.secrets-manager", check_failure),
)

#: What is registered last, for a client whose handlers of others would come after those above.
LAST_HANDLERS: Mapping[str, Callable[..., Any]] = {
    "choose-signer": choose_signer_last,
    "before-send": answer_send_last,
}

NOT_ACTIVE = (
    "This fake is not active, and nothing of it reaches the real AWS. Enter it with "
    "'with FakeSecrets() as fake:', or ask for the fixture fakesecrets."
)


def refuse_call(**_: object) -> None:
    """Answer `before-call` of a client that a fake has made, when no fake is there to answer any more."""
    if active is None:
        from ._core.errors import FakeSecretsError

        raise FakeSecretsError(NOT_ACTIVE)


NOT_WITHOUT_A_FAKE = ("before-call.secrets-manager", refuse_call)


def access_key(request_signer: Any) -> str | None:
    # Read past the properties of credentials that refresh themselves, over the network.
    credentials = getattr(request_signer, "_credentials", None)
    return getattr(credentials, "__dict__", {}).get("access_key")


def _account(access_key: str | None) -> str | None:
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
