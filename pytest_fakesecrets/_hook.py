"""
The botocore side: two doors through which every `secretsmanager` client reaches the fake.

`before-call` answers: the request is serialised by then, and signing, network and retries are left
out. Where a request is to travel further, it goes on to `before-send`, which botocore's retries
surround. Both are inert while no fake is active.

This module is imported with the plugin, in projects that never use it too, so it imports nothing
that is slow: botocore is there by the time that a handler runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ._answers import Response, parsed

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import OperationModel
    from botocore.session import Session

    from ._wire import Reply

TARGET_PREFIX = "secretsmanager."
#: How a request says, on its way from the first door to the second, of which account and region its client
#: is, and that it is left unsigned: keys that refresh themselves would do so over the network.
_ACCOUNT_HEADER = "X-Fakesecrets-Account"
_REGION_HEADER = "X-Fakesecrets-Region"
_UNSIGNED = "fakesecrets_unsigned"

_ANSWERED = "https://answered.invalid/"

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

    def takes_the_wire(self, account: str | None, region: str, operation: str, body: bytes) -> bool:
        """Whether a request has to pass botocore's retries, since something is to go wrong with it."""

    def new_token(self) -> str: ...


#: The world that answers, or None. There is one at the most.
active: World | None = None

#: Held by whoever looks whether there is one, and puts another there.
entering = Lock()

#: Whether calls are refused while no world is there to answer them: the ini option fakesecrets_guard.
guarded = False

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

_LOOPBACK = re.compile(r"https?://(localhost|127\.[\d.]+|\[::1\])(:\d+)?/")


def supply_token(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    """Answer `before-parameter-build`: draw the ClientRequestToken before botocore does, from the seed."""
    if active is not None:
        for member in model.idempotent_members:
            if member not in params:
                params[member] = active.new_token()


def answer_call(
    model: OperationModel,
    params: Mapping[str, Any],
    request_signer: Any,
    context: dict[str, Any],
    **_: object,
) -> tuple[Response, dict[str, Any]] | None:
    """Answer `before-call`, with what botocore's own parser makes of the reply."""
    if active is None:
        _check_may_leave(model.name, params["url"])
        return None
    account, region = _account(_access_key(request_signer)), context["client_region"]
    if active.takes_the_wire(account, region, model.name, params["body"]):
        context[_UNSIGNED] = True
        params["headers"].update({_ACCOUNT_HEADER: account or "", _REGION_HEADER: region})
        return None
    reply = active.answer(account, region, model.name, params["body"])
    return Response(params["url"], reply), parsed(reply, model)


def answer_send(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Answer `before-send`, from what is on the wire alone."""
    url = str(request.url)
    if active is None or url == _ANSWERED:  # by us: a client may have our handlers twice, by attach()
        return None
    target, body = _text(request.headers["X-Amz-Target"]), _body(request.body)
    signed = _text(request.headers.get("Authorization", ""))
    region = _text(request.headers.get(_REGION_HEADER, "")) or _region_of(url)
    account = _text(request.headers.get(_ACCOUNT_HEADER, "")) or None
    from ._faults import Broken

    try:
        reply = answer_wire(active, target, signed, region, body, account)
    except Broken as broken:
        raise broken.error from None
    # botocore goes on asking: nobody else, such as moto, shall do it all once more.
    request.url = _ANSWERED
    return Response(url, reply)


def answer_wire(
    world: World,
    target: str,
    authorization: str,
    region: str | None,
    body: bytes,
    account: str | None = None,
) -> Reply:
    """
    The answer to a request of which there is nothing but what was sent, by botocore or any other client.

    Raises:
        Broken: a test wants the network to go wrong.
    """
    credential = _CREDENTIAL.search(authorization)
    account = _account(credential["key"]) if credential else account
    region = credential["region"] if credential else region
    return world.answer_on_the_wire(account, region, target.removeprefix(TARGET_PREFIX), body)


def leave_unsigned(context: Mapping[str, Any], **_: object) -> object:
    """Answer `choose-signer`: what is answered here is left unsigned, and so needs no keys."""
    if _UNSIGNED not in context:
        return None
    from botocore import UNSIGNED

    return UNSIGNED


#: In the order of a call. Their names are more specific than anybody's plain ones, and so come first.
HANDLERS: Sequence[tuple[str, Callable[..., Any]]] = (
    ("before-parameter-build.secrets-manager", supply_token),
    ("before-call.secrets-manager", answer_call),
    ("choose-signer.secrets-manager", leave_unsigned),
    ("before-send.secrets-manager", answer_send),
)


NOT_ACTIVE = (
    "This fake is not active, and nothing of it reaches the real AWS. Enter it with "
    "'with FakeSecrets() as fake:', or ask for the fixture fakesecrets."
)


def refuse_call(**_: object) -> None:
    """Answer `before-call` of a client that a fake has made, when no fake is there to answer any more."""
    if active is None:
        from ._core.errors import FakeSecretsError

        raise FakeSecretsError(NOT_ACTIVE)


def _check_may_leave(operation: str, url: str) -> None:
    """Refuse a call that nobody answers here, where it would reach AWS only by accident."""
    home = os.environ.get(HOME)
    is_child = home is not None and home != str(os.getpid())
    if is_child and _LOOPBACK.match(url):
        return  # to the fixture fakesecrets_server
    if not (is_child and home) and not guarded:
        return
    from ._core.errors import FakeSecretsError

    if is_child and home:
        raise FakeSecretsError(
            f"{operation} was called in process {os.getpid()}, and the fake lives in process {home}, which has "
            "started this one: they share no memory. Ask for the fixture fakesecrets_server, and let this "
            "process have the variables of its .environ: os.environ.update(fakesecrets_server.environ)."
        )
    raise FakeSecretsError(
        f"{operation} was called while no fake was active, and fakesecrets_guard is on: the call has not left "
        "this machine. Let the test ask for the fixture fakesecrets, or for fakesecrets_client."
    )


NOT_WITHOUT_A_FAKE = ("before-call.secrets-manager", refuse_call)


def _access_key(request_signer: Any) -> str | None:
    # Read past the properties of credentials that refresh themselves, over the network.
    credentials = getattr(request_signer, "_credentials", None)
    return getattr(credentials, "__dict__", {}).get("access_key")


def _account(access_key: str | None) -> str | None:
    return access_key if access_key is not None and _ACCOUNT.fullmatch(access_key) else None


def _region_of(url: str) -> str | None:
    match = re.search(r"secretsmanager(?:-fips)?\.([a-z0-9-]+)\.", url)
    return match[1] if match else None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _body(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


@lru_cache(maxsize=1)
def session() -> Session:
    """The session of our own clients. One for the process: a new one reads botocore's data files again."""
    from botocore.session import Session

    return Session()


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
