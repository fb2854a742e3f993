"""Explains failed assertions about labels: where each was expected, where it is, and which call moved it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any

from pytest_fakesecrets._core import labels
from pytest_fakesecrets._core.formatting import table, utc
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._service.barrier import encodable, repr_of
from pytest_fakesecrets._service.history import LabelMoved

from .secret_view import Labels, Snapshot, Staging, Transitions

Places = Mapping[str, str]

_PACKAGE = "pytest_fakesecrets"


def explain(left: object, right: object) -> list[str] | None:
    """Return the lines that explain a failed comparison, or None if it is not about objects of this package."""
    lines = _explained(left, right)
    return None if lines is None else list(map(encodable, lines))


def _explained(left: object, right: object) -> Iterable[str] | None:
    for seen, expected in ((left, right), (right, left)):
        if isinstance(seen, Transitions):
            return [*_different_moves(seen, expected), *_story(seen.snapshot)]
        if isinstance(seen, Staging | Labels):
            return [*_different_places(seen, expected), *_story(seen.snapshot)]
    if type(left) is type(right) and is_dataclass(left) and type(left).__module__.startswith(_PACKAGE):
        return _different_fields(left, right)
    return None


def _different_fields(left: Any, right: Any) -> Iterator[str]:
    """Yield the differences of two dataclasses of this package, without values that their repr hides."""
    yield f"the two differ, each a {type(left).__name__}"
    for each in fields(left):
        seen, expected = getattr(left, each.name), getattr(right, each.name)
        if each.compare and seen != expected:
            shown = f"{seen!r} != {expected!r}" if each.repr else "differs, and may hold a secret value"
            yield f"- {each.name}: {shown}"


def _different_places(seen: Staging | Labels, expected: object) -> Iterator[str]:
    secret = seen.snapshot.secret
    kind = "staging" if isinstance(seen, Staging) else "labels"
    yield f"{secret.name}: {kind} is not what was expected"
    wanted = _wanted(seen, expected)
    if wanted is None:
        yield f"{seen.snapshot.redacted(repr_of(expected))} is no mapping that {kind} could be equal to"
        return
    yield from _wrong_kinds(seen, expected)
    held = {label: secret.versions[version_id].alias for label, version_id in secret.labels.items()}
    for label in sorted({*held, *wanted}):
        if held.get(label) != wanted.get(label):
            yield _misplaced(label, held.get(label), wanted.get(label), seen.snapshot)


def _wrong_kinds(seen: Staging | Labels, expected: object) -> Iterator[str]:
    """Yield the expected members that can never be equal: a list for a set, an alias for an id."""
    assert isinstance(expected, Mapping)
    versions = seen.snapshot.secret.versions.values()
    for name, given in expected.items():
        if isinstance(seen, Staging) and not isinstance(given, AbstractSet):
            shown = seen.snapshot.redacted(repr_of(given))
            yield f"- {name}: expected {shown}, a {type(given).__name__}; labels are sets, such as {{'AWSCURRENT'}}"
        elif isinstance(seen, Staging) and name in {version.id for version in versions}:
            yield f"- {name!r} is a version id; staging has aliases, such as 'v1'"
        elif isinstance(seen, Labels) and given in {version.alias for version in versions}:
            yield f"- {name}: expected {given!r}, an alias; labels gives version ids, and staging aliases"


def _wanted(seen: Staging | Labels, expected: object) -> Places | None:
    """Return the expected alias of each label: both aliases, if a label is expected twice."""
    if not isinstance(expected, Mapping):
        return None
    if isinstance(seen, Labels):
        aliases = {version.id: version.alias for version in seen.snapshot.secret.versions.values()}
        return {label: aliases.get(version_id, str(version_id)) for label, version_id in expected.items()}
    wanted: dict[str, str] = {}
    for alias, held in expected.items():
        for label in [held] if isinstance(held, str) else held:
            wanted[label] = f"{wanted[label]} and {alias}" if label in wanted else alias
    return wanted


def _misplaced(label: str, held: str | None, wanted: str | None, told: Snapshot) -> str:
    expected = f"expected on {told.redacted(wanted)}" if wanted else "not expected"
    last = next((move for move in reversed(told.moves) if move.label == label), None)
    if last is None:
        return f"- {label}: {expected}, was never attached"
    where = f"is on {held}" if held else "is on none"
    return f"- {label}: {expected}, {where}; {_move(last)} at {utc(last.at)}"


def _move(move: LabelMoved) -> str:
    return f"{move} in {move.step}" if move.step else str(move)


def _different_moves(seen: Transitions, expected: object) -> Iterator[str]:
    yield f"{seen.snapshot.secret.name}: the moves of its labels are not what was expected"
    if not isinstance(expected, Sequence):
        yield f"{seen.snapshot.redacted(repr_of(expected))} is no sequence that transitions could be equal to"
        return
    said = [str(move) for move in expected]
    done = [str(move) for move in seen]
    for place, (move, wanted) in enumerate(zip(done, said, strict=False), 1):
        if move != wanted:
            yield f"- move {place}: expected {seen.snapshot.redacted(wanted)}"
            yield f"{' ' * len(f'- move {place}:')} happened {move}"
            return
    shorter = min(len(done), len(said))
    if len(done) < len(said):
        wanted = seen.snapshot.redacted(said[shorter])
        yield f"- move {shorter + 1}: expected {wanted}, and nothing more happened"
    else:
        yield f"- move {shorter + 1}: nothing more was expected, happened {done[shorter]}"


def _story(told: Snapshot) -> Iterator[str]:
    """
    Yield the versions, and then the moves.

    Without -vv pytest truncates an explanation, so the versions come first. The timeline in the report
    section of the failed test is complete.
    """
    yield from table([("version", "labels", "value", "created (UTC)", "id"), *_rows(told.secret)])
    yield from table([("moved at (UTC)", "move"), *((utc(move.at), _move(move)) for move in told.moves)])


def _rows(secret: Secret) -> Iterator[tuple[str, ...]]:
    for version in sorted(secret.versions.values(), key=lambda version: version.number):
        held = ", ".join(labels.of(secret.labels, version.id)) or "none"
        yield version.alias, held, "yes" if version.has_value else "none", utc(version.created_at), version.id
