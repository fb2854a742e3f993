"""
The second door, `before-send`, and the way of a call to it.

A call is answered by the fake that has let it pass the first door, and by no other: its request leaves this process
neither while that fake is active, nor after it was left.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from pytest_fakesecrets._core.errors import FakeSecretsError

from . import state
from .guard import check_may_leave
from .observers import come_last, is_answered, is_observed
from .response import Response

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    from pytest_fakesecrets._service.serializer import Reply

#: An attribute of requests that were answered here: a client may have our handlers twice, by attach().
_ANSWERED = "fakesecrets_answered"

#: The begin of a URL that moto must not know.
_HIDDEN = "fakesecrets+"


class _Unsigned(str):
    """A signature version that equals `botocore.UNSIGNED`: each copy of botocore in the process has its own."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return type(other).__name__ == "UNSIGNED"

    def __ne__(self, other: object) -> bool:
        return not self == other


class Passage(NamedTuple):
    """A call on its way from the first door to the second one."""

    backend: state.Backend
    account: str | None
    region: str
    emitter: Any
    is_signed: bool
    #: The events that our last handlers answer, in the place of the first ones.
    late: frozenset[str]

    def checked_backend(self, operation: str) -> state.Backend:
        """
        What answers the call.

        Raises:
            FakeSecretsError: its fake was left.
        """
        if state.active is self.backend:
            return self.backend
        raise FakeSecretsError(
            f"{operation} was on its way when the fake that it was sent to was left: it reaches neither the real "
            "AWS nor another fake. Let the test wait for its threads and tasks before the fake is left."
        )

    def signature(self, version: object) -> object:
        """Answer `choose-signer`: None for the version that the client has, or UNSIGNED."""
        if self.is_signed and version == "v4":
            return None
        return _Unsigned()


def begin(
    backend: state.Backend, account: str | None, region: str, operation: str, request_signer: Any
) -> Passage:
    """Begin the passage of a call. It is signed only for others, and never with keys that refresh themselves."""
    emitter = getattr(request_signer, "_event_emitter", None)
    is_signed = state.access_key(request_signer) is not None and is_observed(request_signer, operation)
    return Passage(backend, account, region, emitter, is_signed, come_last(emitter, operation))


def accompany(request: AWSRequest, operation: str) -> None:
    """Give the request of an attempt what its answer needs."""
    passage: Passage = request.context[state.PASSAGE]
    passage.checked_backend(operation)
    # A handler that ran meanwhile may have registered another one.
    request.context[state.PASSAGE] = passage._replace(late=come_last(passage.emitter, operation))
    request.prepare = partial(_prepare, ref(request))  # type: ignore[method-assign]


def _prepare(reference: ref[AWSRequest]) -> AWSPreparedRequest:
    """Prepare a request with its context, as newer versions of botocore do."""
    request: Any = reference()  # by reference, or the request would hold itself
    prepared: Any = type(request).prepare(request)
    prepared.context = request.context
    return prepared  # type: ignore[no-any-return]


def answer(request: AWSPreparedRequest, emission: FrameType, *, is_last: bool) -> Response | None:
    """
    Answer a request that is about to be sent.

    Args:
        emission: the frame that has called our handler.
        is_last: whether this is the last handler for the event.

    Raises:
        FakeSecretsError: it must not be sent, and nothing can answer it.
    """
    passage: Passage | None = (getattr(request, "context", None) or {}).get(state.PASSAGE)
    is_late = passage is not None and "before-send" in passage.late
    if is_late and not is_last:
        _hide_from_moto(request)
    if is_late != is_last or hasattr(request, _ANSWERED) or is_answered(emission):
        return None
    url = request.url = str(request.url).removeprefix(_HIDDEN)
    target = _text(request.headers.get("X-Amz-Target", ""))
    operation = target.removeprefix(state.TARGET_PREFIX)
    backend = state.active
    if passage is not None:
        backend = passage.checked_backend(operation)
    elif backend is None:
        check_may_leave(operation, url)
        return None
    setattr(request, _ANSWERED, True)
    _hide_from_moto(request)
    return Response(url, _reply(backend, passage, request, url))


def _reply(backend: state.Backend, passage: Passage | None, request: AWSPreparedRequest, url: str) -> Reply:
    from pytest_fakesecrets._service.faults import Broken

    target, signed = (_text(request.headers.get(name, "")) for name in ("X-Amz-Target", "Authorization"))
    body: Any = request.body
    body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body or b""
    try:
        if passage is None:
            return state.answer_wire(backend, target, signed, _region_of(url), body)
        operation = target.removeprefix(state.TARGET_PREFIX)
        return backend.answer_on_the_wire(passage.account, passage.region, operation, body)
    except Broken as broken:
        raise broken.error from None


def _hide_from_moto(request: AWSPreparedRequest) -> None:
    """Change the URL while moto is active: its stub would answer too, and change a backend of its own."""
    stub, url = getattr(sys.modules.get("moto.core.models"), "botocore_stubber", None), str(request.url)
    if getattr(stub, "enabled", False) and not url.startswith(_HIDDEN):
        request.url = f"{_HIDDEN}{url}"


def _region_of(url: str) -> str | None:
    match = re.search(r"secretsmanager(?:-fips)?\.([a-z0-9-]+)\.", url)
    return match[1] if match else None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
