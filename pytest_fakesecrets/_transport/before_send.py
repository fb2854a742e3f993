"""
The handler of `before-send`, and the state of a call between `before-call` and `before-send`.

A call is answered by the fake that was active at `before-call`, and by no other. If that fake has been deactivated since,
the call is rejected: its request never leaves this process.
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
from .foreign_handlers import is_answered, is_observed, move_last
from .guard import check_may_leave
from .response import Response

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    from pytest_fakesecrets._service.serializer import Reply

#: An attribute of answered requests: after attach() a client may call our handlers twice.
_ANSWERED = "fakesecrets_answered"

#: A prefix that keeps moto from recognizing a URL.
_HIDDEN = "fakesecrets+"


class _Unsigned(str):
    """A signature version that equals the `UNSIGNED` of every copy of botocore in the process."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return type(other).__name__ == "UNSIGNED"

    def __ne__(self, other: object) -> bool:
        return not self == other


class CallState(NamedTuple):
    """The state of a call between `before-call` and `before-send`."""

    backend: state.Backend
    account: str | None
    region: str
    emitter: Any
    is_signed: bool
    #: The events that our last handlers answer instead of the first ones.
    late: frozenset[str]

    def checked_backend(self, operation: str) -> state.Backend:
        """
        The backend of the call.

        Raises:
            FakeSecretsError: the fake of the call is not active any more.
        """
        if state.active is self.backend:
            return self.backend
        raise FakeSecretsError(
            f"{operation} was in progress when its fake was exited, so it was sent neither to AWS nor to another fake. "
            "Wait for all threads and tasks of the test before the fake is exited."
        )

    def signature(self, version: object) -> object:
        """Answer `choose-signer`: None for the signature version of the client, or UNSIGNED."""
        if self.is_signed and version == "v4":
            return None
        return _Unsigned()


def begin(
    backend: state.Backend, account: str | None, region: str, operation: str, request_signer: Any
) -> CallState:
    """Return the state of a call. It is signed only if foreign handlers see it, and never with refreshable credentials."""
    emitter = getattr(request_signer, "_event_emitter", None)
    is_signed = state.access_key(request_signer) is not None and is_observed(request_signer, operation)
    return CallState(backend, account, region, emitter, is_signed, move_last(emitter, operation))


def prepare_attempt(request: AWSRequest, operation: str) -> None:
    """Prepare the request of one attempt: check its fake, and keep its context until `before-send`."""
    call_state: CallState = request.context[state.CALL_STATE]
    call_state.checked_backend(operation)
    # A foreign handler may have registered another handler since.
    request.context[state.CALL_STATE] = call_state._replace(late=move_last(call_state.emitter, operation))
    request.prepare = partial(_prepare, ref(request))  # type: ignore[method-assign]


def _prepare(reference: ref[AWSRequest]) -> AWSPreparedRequest:
    """Prepare a request and copy its context, as newer versions of botocore do."""
    request: Any = reference()  # a weak reference avoids a reference cycle
    prepared: Any = type(request).prepare(request)
    prepared.context = request.context
    return prepared  # type: ignore[no-any-return]


def answer(request: AWSPreparedRequest, emission: FrameType, *, is_last: bool) -> Response | None:
    """
    Answer a request that is about to be sent.

    Args:
        emission: the frame that called our handler.
        is_last: whether our last handler was called, and not the first one.

    Raises:
        FakeSecretsError: the request must not be sent, and no fake can answer it.
    """
    call_state: CallState | None = (getattr(request, "context", None) or {}).get(state.CALL_STATE)
    is_late = call_state is not None and "before-send" in call_state.late
    if is_late and not is_last:
        _hide_from_moto(request)
    if is_late != is_last or hasattr(request, _ANSWERED) or is_answered(emission):
        return None
    url = request.url = str(request.url).removeprefix(_HIDDEN)
    target = _text(request.headers.get("X-Amz-Target", ""))
    operation = target.removeprefix(state.TARGET_PREFIX)
    backend = state.active
    if call_state is not None:
        backend = call_state.checked_backend(operation)
    elif backend is None:
        check_may_leave(operation, url)
        return None
    setattr(request, _ANSWERED, True)
    _hide_from_moto(request)
    return Response(url, _reply(backend, call_state, request, url))


def _reply(
    backend: state.Backend, call_state: CallState | None, request: AWSPreparedRequest, url: str
) -> Reply:
    from pytest_fakesecrets._service.faults import NetworkFailure

    target, signed = (_text(request.headers.get(name, "")) for name in ("X-Amz-Target", "Authorization"))
    body: Any = request.body
    body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body or b""
    try:
        if call_state is None:
            return state.answer_http(backend, target, signed, _region_of(url), body)
        operation = target.removeprefix(state.TARGET_PREFIX)
        return backend.answer_with_faults(call_state.account, call_state.region, operation, body)
    except NetworkFailure as broken:
        raise broken.error from None


def _hide_from_moto(request: AWSPreparedRequest) -> None:
    """Change the URL while moto is active: its stub would also process the request, in its own backend."""
    stub, url = getattr(sys.modules.get("moto.core.models"), "botocore_stubber", None), str(request.url)
    if getattr(stub, "enabled", False) and not url.startswith(_HIDDEN):
        request.url = f"{_HIDDEN}{url}"


def _region_of(url: str) -> str | None:
    match = re.search(r"secretsmanager(?:-fips)?\.([a-z0-9-]+)\.", url)
    return match[1] if match else None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
