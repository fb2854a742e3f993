"""
Finds foreign handlers on the emitter of a client, for the events between `before-call` and `before-send`.

The emitters of botocore have no public list of handlers, so this module, and no other, reads private attributes of
them. If these attributes are not as expected, every call is treated as observed, which is slower but correct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from types import FrameType, FunctionType, MethodType
from typing import Any, NamedTuple

from .state import last_handlers

_PACKAGE = __name__.partition(".")[0]

#: The events that botocore emits for a call after `before-call`, unless a handler has answered `before-call`.
_EVENTS = (
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
)

#: Packages whose handlers are not foreign: those that create clients, and moto, whose import adds its stub to
#: botocore's list. While moto is active, the fake answers first.
_BUILT_IN = {_PACKAGE, "botocore", "boto3", "aiobotocore", "aioboto3", "moto"}


class _Plan(NamedTuple):
    """How the handlers of an emitter affect the calls of one operation."""

    #: Whether foreign handlers have to see the call.
    is_observed: bool
    #: The events for which foreign handlers come after our first handler.
    late: frozenset[str] = frozenset()
    #: The late events for which our last handler is missing, or is followed by foreign handlers.
    misplaced: frozenset[str] = frozenset()


_UNKNOWN = _Plan(is_observed=True)

#: Held while a handler is moved to the end, so that two threads do not move the same handler.
_move_lock = Lock()


def is_observed(request_signer: Any, operation: str) -> bool:
    """Whether foreign handlers have to see a call of this client."""
    return _plan(getattr(request_signer, "_event_emitter", None), operation).is_observed


def move_last(emitter: Any, operation: str) -> frozenset[str]:
    """Move our last handlers behind foreign ones, and return the events that our last handlers have to answer."""
    if _plan(emitter, operation).misplaced:
        with _move_lock:
            for event in _plan(emitter, operation).misplaced:
                _move_to_the_end(emitter, event, operation)
    plan = _plan(emitter, operation)
    return plan.late - plan.misplaced


def is_answered(emission: FrameType) -> bool:
    """
    Whether an earlier handler has answered an event. botocore uses the first answer.

    Args:
        emission: the frame that called our handler. Its local variables are the only access to earlier answers.
    """
    if emission.f_code.co_name != "_emit":
        return False
    answers = emission.f_locals.get("responses")
    return isinstance(answers, list) and any(
        isinstance(answer, tuple) and answer[-1] is not None for answer in answers
    )


def _plan(emitter: Any, operation: str) -> _Plan:
    key = (_PACKAGE, operation)
    try:
        # The cache of the emitter, which it replaces when its handlers change.
        cache = _innermost(emitter)._lookup_cache
        if key not in cache:
            cache[key] = _new_plan(emitter, operation)
        plan = cache[key]
    except Exception:  # the private attributes are not as expected
        return _UNKNOWN
    return plan if isinstance(plan, _Plan) else _UNKNOWN


def _innermost(emitter: Any) -> Any:
    return getattr(emitter, "_emitter", emitter)


def _new_plan(emitter: Any, operation: str) -> _Plan:
    before_call = _handlers(emitter, "before-call", operation)
    is_observed = _is_followed(before_call) or any(
        _is_foreign(handler) for event in _EVENTS for handler in _handlers(emitter, event, operation)
    )
    late = {event for event in last_handlers if _is_followed(_handlers(emitter, event, operation))}
    misplaced = {event for event in late if not _is_last(_handlers(emitter, event, operation), event)}
    return _Plan(is_observed, frozenset(late), frozenset(misplaced))


def _handlers(emitter: Any, event: str, operation: str) -> list[Callable[..., Any]]:
    """The handlers in the order in which the emitter calls them."""
    return list(_innermost(emitter)._handlers.prefix_search(f"{event}.secrets-manager.{operation}"))


def _is_followed(handlers: list[Callable[..., Any]]) -> bool:
    """Whether a foreign handler comes after our first handler."""
    first = next((index for index, handler in enumerate(handlers) if _is_ours(handler)), len(handlers))
    return any(map(_is_foreign, handlers[first:]))


def _is_last(handlers: list[Callable[..., Any]], event: str) -> bool:
    ours = [index for index, handler in enumerate(handlers) if handler is last_handlers[event]]
    return bool(ours) and not any(map(_is_foreign, handlers[ours[-1] :]))


def _move_to_the_end(emitter: Any, event: str, operation: str) -> None:
    handler = last_handlers[event]
    is_registered = handler in _handlers(emitter, event, operation)
    emitter.register_last(event, handler)
    if is_registered:  # after the registration: without any entry, a call of another thread would reach AWS
        emitter.unregister(event, handler)


def _is_ours(handler: Callable[..., Any]) -> bool:
    return {_package(module) for module in _modules(handler)} == {_PACKAGE}


def _is_foreign(handler: Callable[..., Any]) -> bool:
    return any(_package(module) not in _BUILT_IN for module in _modules(handler))


def _package(module: str) -> str:
    return module.partition(".")[0]


def _modules(handler: Any) -> Iterator[str]:
    """The modules that define a handler: of its function, and of the class of its object, which may be a subclass."""
    while isinstance(handler, partial):
        handler = handler.func
    if isinstance(handler, MethodType):
        yield _class(handler.__self__).__module__
        handler = handler.__func__
    # A decorator may have copied __module__ from the wrapped function.
    home = (
        handler.__globals__.get("__name__")
        if isinstance(handler, FunctionType)
        else _class(handler).__module__
    )
    yield str(home)


def _class(value: Any) -> type:
    return value if isinstance(value, type) else type(value)
