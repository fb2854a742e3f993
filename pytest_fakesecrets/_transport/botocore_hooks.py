"""
The handlers of botocore events, by which `secretsmanager` clients reach the fake.

`before-call` answers most calls: the request is serialized, and signing, network and retries are skipped. If a fault is
injected, or foreign handlers have to see the call, `before-send` answers instead, inside of botocore's retries. While
no fake is active, both handlers leave the call to botocore.

This module is imported with the plugin, even in projects that do not use it. It imports no slow modules: botocore is
imported before a handler is called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import state
from .response import Response, response_dict

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from botocore.model import OperationModel


def supply_token(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    """Handle `before-parameter-build`: generate the ClientRequestToken from the seed, before botocore does."""
    backend = state.active
    if backend is not None:
        for member in model.idempotent_members:
            if member not in params:
                params[member] = backend.new_token()


def answer_call(
    model: OperationModel,
    params: Mapping[str, Any],
    request_signer: Any,
    context: dict[str, Any],
    **_: object,
) -> tuple[Response, dict[str, Any]] | None:
    """Handle `before-call`: answer with the response as parsed by botocore's own parser."""
    backend = state.active
    if backend is None:
        from .guard import check_may_leave

        check_may_leave(model.name, params["url"])
        return None
    if state.CALL_STATE in context:
        return None  # after attach() a client may call our handlers twice
    account, region = state.account_of(state.access_key(request_signer)), context["client_region"]
    if backend.needs_botocore_events(account, region, model.name, params["body"], request_signer):
        from .before_send import begin

        context[state.CALL_STATE] = begin(backend, account, region, model.name, request_signer)
        return None
    reply = backend.answer(account, region, model.name, params["body"])
    return Response(params["url"], reply), response_dict(reply, model)


def prepare_attempt(request: AWSRequest, operation_name: str, **_: object) -> None:
    """Handle `request-created`, which is emitted for each attempt of a call."""
    if state.CALL_STATE in request.context:
        from .before_send import prepare_attempt

        prepare_attempt(request, operation_name)
    elif state.active is None and state.DEPARTURE not in request.context:
        from .guard import record_departure

        record_departure(operation_name, request)


def check_attempt(request_dict: Mapping[str, Any], response: Sequence[Any] | None, **_: object) -> None:
    """Handle `needs-retry`, which is emitted after each attempt."""
    if response is not None and state.DEPARTURE in request_dict["context"]:
        from .guard import is_network_response, remove_departure

        if not is_network_response(response[0]):
            remove_departure(request_dict["context"])


def check_failure(context: dict[str, Any], exception: BaseException, **_: object) -> None:
    """Handle `after-call-error`."""
    if state.DEPARTURE in context:
        from .guard import is_network_error, remove_departure

        if not is_network_error(exception):
            remove_departure(context)


def choose_signer(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Handle `choose-signer`, unless the last handler answers it."""
    call_state = context.get(state.CALL_STATE)
    return (
        None
        if call_state is None or "choose-signer" in call_state.late
        else call_state.signature(signature_version)
    )


def choose_signer_last(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Handle `choose-signer` if foreign handlers come after our first handler."""
    call_state = context.get(state.CALL_STATE)
    return None if call_state is None else call_state.signature(signature_version)


def answer_send(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Handle `before-send`, unless the last handler answers it."""
    from .before_send import answer

    return answer(request, sys._getframe(1), is_last=False)


def answer_send_last(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Handle `before-send` if foreign handlers come after our first handler."""
    from .before_send import answer

    return answer(request, sys._getframe(1), is_last=True)


#: In the order of a call. botocore calls handlers of these event names before those of less specific names.
HANDLERS: Sequence[tuple[str, Callable[..., Any]]] = (
    ("before-parameter-build.secrets-manager", supply_token),
    ("before-call.secrets-manager", answer_call),
    ("request-created.secrets-manager", prepare_attempt),
    ("choose-signer.secrets-manager", choose_signer),
    ("before-send.secrets-manager", answer_send),
    ("needs-retry.secrets-manager", check_attempt),
    ("after-call-error.secrets-manager", check_failure),
)

state.last_handlers.update({"choose-signer": choose_signer_last, "before-send": answer_send_last})


def refuse_call(**_: object) -> None:
    """Handle `before-call` of a client that a fake created: reject the call if no fake is active."""
    if state.active is None:
        from pytest_fakesecrets._core.errors import FakeSecretsError

        raise FakeSecretsError(state.NOT_ACTIVE)


REQUIRE_FAKE = ("before-call.secrets-manager", refuse_call)
