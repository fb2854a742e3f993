"""Which rejected calls were handled: their error was caught, and did not make a rotation step or a test fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from pytest_fakesecrets._core.rotation import RotationStep
from pytest_fakesecrets._service.history import Call, Event, RequestRejected


def handled_calls(events: Sequence[Event], has_passed: bool) -> frozenset[str]:
    """
    Return the request ids of the rejected calls whose error was caught.

    A call of a rotation step was handled if the step returned, or raised another error. Any other call was handled if
    its test passed.
    """
    handled: list[Call | RequestRejected] = []
    in_step: dict[tuple[str, str], list[tuple[int, Call]]] = {}
    rotating = {(event.secret_id, event.name) for event in events if isinstance(event, RotationStep)}
    for index, event in enumerate(events):
        if isinstance(event, Call):
            key = event.secret_id or "", event.step or ""
            in_step.setdefault(key if key in rotating else ("", key[1]), []).append((index, event))
        elif isinstance(event, RotationStep):
            numbered = in_step.pop((event.secret_id, event.name), []) + in_step.pop(("", event.name), [])
            calls = [call for _, call in sorted(numbered, key=itemgetter(0))]
            handled += _handled_in_step(calls, event.error if event.was_raised else None)
    if has_passed:
        handled += [event for event in events if isinstance(event, RequestRejected)]
        handled += [call for numbered in in_step.values() for _, call in numbered]
    return frozenset(call.request_id for call in handled if call.error is not None)


def _handled_in_step(calls: Sequence[Call], error: BaseException | None) -> Iterator[Call]:
    if error is None:
        yield from calls
        return
    fatal = set(_request_ids(error)) & {call.request_id for call in calls}
    if not fatal and calls:  # the error may have come from another process, or follow from the last answer
        fatal = {calls[-1].request_id}
    yield from (call for call in calls if call.request_id not in fatal)


def _request_ids(error: BaseException | None) -> Iterator[str]:
    """Yield the request ids of the errors of clients that an exception is, wraps or replaces."""
    seen: set[int] = set()
    remaining = [error]
    while remaining:
        each = remaining.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        response = getattr(each, "response", None)
        metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
        if isinstance(metadata, dict):
            yield str(metadata.get("RequestId"))  # what this error replaced had been caught
        else:
            remaining += [each.__cause__ or each.__context__, *getattr(each, "exceptions", ())]
