"""The state of a target, as a contract class describes it: copied, checked, and compared."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._service.reporting_errors import repr_of


def snapshot(owner: str, read: Callable[[], object]) -> object:
    """
    Return a copy of the state of a target, which later changes of the target leave as it is.

    Args:
        owner: the name of the contract class.
        read: its method target_state().

    Raises:
        FakeSecretsError: the state is None, or cannot be copied and compared.
    """
    state = read()
    if state is None:
        raise FakeSecretsError(
            f"target_state() of {owner} returned None. Return what a rotation must not lose, such as a dict of the roles "
            "and their grants."
        )
    try:
        copied = copy.deepcopy(state)
        is_equal = bool(copied == state)
    except Exception:
        copied, is_equal = None, False
    if not is_equal:
        raise FakeSecretsError(
            f"target_state() of {owner} returned an object of type {type(state).__name__} that is not equal to a copy of "
            "itself, so two states cannot be compared. Return plain values: a dict, a set, a list or a string."
        )
    return copied


def difference(state: object, expected: object, redacted: Callable[[str], str]) -> str:
    """Describe how a state differs from another one: of a dict or a set only the members that differ."""
    if isinstance(state, Mapping) and isinstance(expected, Mapping):
        return "; ".join(_members(state, expected, redacted))
    if isinstance(state, AbstractSet) and isinstance(expected, AbstractSet):
        lost, added = (_listed(each, redacted) for each in (expected - state, state - expected))
        return " and ".join([f"without {lost}"] * bool(lost) + [f"with {added} too"] * bool(added))
    return f"{redacted(repr_of(state))}, not {redacted(repr_of(expected))}"


def _listed(members: AbstractSet[object], redacted: Callable[[str], str]) -> str:
    return ", ".join(sorted(redacted(repr_of(each)) for each in members))


def _members(
    state: Mapping[object, object], expected: Mapping[object, object], redacted: Callable[[str], str]
) -> Iterator[str]:
    for name in dict.fromkeys([*expected, *state]):
        shown = redacted(repr_of(name))
        if name not in state:
            yield f"{shown} is missing"
        elif name not in expected:
            yield f"{shown}: {redacted(repr_of(state[name]))}, which is not expected"
        elif state[name] != expected[name]:
            yield f"{shown}: {difference(state[name], expected[name], redacted)}"
