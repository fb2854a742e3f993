"""
The botocore side: two doors through which every `secretsmanager` client reaches the fake.

`before-call` answers: the request is serialised by then, and signing, network and retries are left
out. Where a fault is injected, or handlers of others have to see the call, it takes the wire: it goes on to
`before-send`, which botocore's retries surround. Both doors are inert while no fake is active.

This module is imported with the plugin, in projects that never use it too, so it imports nothing
that is slow: botocore is there by the time that a handler runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import state
from .response import Response, parsed

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from botocore.model import OperationModel


def supply_token(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    """Answer `before-parameter-build`: draw the ClientRequestToken before botocore does, from the seed."""
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
    """Answer `before-call`, with what botocore's own parser makes of the reply."""
    backend = state.active
    if backend is None:
        from .guard import check_may_leave

        check_may_leave(model.name, params["url"])
        return None
    if state.PASSAGE in context:
        return None  # a client may have our handlers twice, by attach()
    account, region = state.account_of(state.access_key(request_signer)), context["client_region"]
    if backend.takes_the_wire(account, region, model.name, params["body"], request_signer):
        from .before_send import begin

        context[state.PASSAGE] = begin(backend, account, region, model.name, request_signer)
        return None
    reply = backend.answer(account, region, model.name, params["body"])
    return Response(params["url"], reply), parsed(reply, model)


def accompany(request: AWSRequest, operation_name: str, **_: object) -> None:
    """Answer `request-created`, which comes with each attempt of a call."""
    if state.PASSAGE in request.context:
        from .before_send import accompany

        accompany(request, operation_name)
    elif state.active is None and state.DEPARTURE not in request.context:
        from .guard import depart

        depart(operation_name, request)


def check_attempt(request_dict: Mapping[str, Any], response: Sequence[Any] | None, **_: object) -> None:
    """Answer `needs-retry`, which comes after each attempt."""
    if response is not None and state.DEPARTURE in request_dict["context"]:
        from .guard import is_from_the_network, stay

        if not is_from_the_network(response[0]):
            stay(request_dict["context"])


def check_failure(context: dict[str, Any], exception: BaseException, **_: object) -> None:
    """Answer `after-call-error`."""
    if state.DEPARTURE in context:
        from .guard import is_of_the_network, stay

        if not is_of_the_network(exception):
            stay(context)


def choose_signer(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Answer `choose-signer`, unless the last handler does."""
    passage = context.get(state.PASSAGE)
    return (
        None if passage is None or "choose-signer" in passage.late else passage.signature(signature_version)
    )


def choose_signer_last(context: Mapping[str, Any], signature_version: object, **_: object) -> object:
    """Answer `choose-signer`, where handlers of others come after the first one."""
    passage = context.get(state.PASSAGE)
    return None if passage is None else passage.signature(signature_version)


def answer_send(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Answer `before-send`, from what is on the wire alone, unless the last handler does."""
    from .before_send import answer

    return answer(request, sys._getframe(1), is_last=False)


def answer_send_last(request: AWSPreparedRequest, **_: object) -> Response | None:
    """Answer `before-send`, where handlers of others come after the first one."""
    from .before_send import answer

    return answer(request, sys._getframe(1), is_last=True)


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

state.last_handlers.update({"choose-signer": choose_signer_last, "before-send": answer_send_last})


def refuse_call(**_: object) -> None:
    """Answer `before-call` of a client that a fake has made, when no fake is there to answer any more."""
    if state.active is None:
        from pytest_fakesecrets._core.errors import FakeSecretsError

        raise FakeSecretsError(state.NOT_ACTIVE)


NOT_WITHOUT_A_FAKE = ("before-call.secrets-manager", refuse_call)
