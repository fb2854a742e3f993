"""Explains failed assertions about labels, rotations and other values of the package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.formatting import shown_value, table, utc
from pytest_fakesecrets._core.rotation import Rotation, StatusText
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._service.history import LabelMoved
from pytest_fakesecrets._service.reporting_errors import encodable, repr_of
from pytest_fakesecrets._transport import state

from .secret_view import Labels, Snapshot, Staging, Transitions, similar_label

AliasOfLabel = Mapping[str, str]

_PACKAGE = "pytest_fakesecrets"


def explain(left: object, right: object) -> list[str] | None:
    """Return the lines that explain a failed comparison, or None if it is not about objects of this package."""
    lines = _explanation(left, right)
    return None if lines is None else list(map(encodable, lines))


def _explanation(left: object, right: object) -> Iterable[str] | None:
    for actual, expected in ((left, right), (right, left)):
        if isinstance(actual, Transitions):
            return [*_move_differences(actual, expected), *_history_tables(actual.snapshot)]
        if isinstance(actual, Staging | Labels):
            return [*_label_differences(actual, expected), *_history_tables(actual.snapshot)]
        if isinstance(actual, StatusText) and isinstance(expected, str):
            return _status_differences(actual, expected)
    if type(left) is type(right) and is_dataclass(left) and type(left).__module__.startswith(_PACKAGE):
        return _field_differences(left, right)
    return None


def _status_differences(actual: StatusText, expected: object) -> Iterator[str]:
    now = _current(actual)
    if str(now) != str(actual):
        yield f"the status in this snapshot of the rotation is {str(actual)!r}, not {repr_of(expected)}"
        yield f"The snapshot is from before, and the rotation is {str(now)!r} now. Call rotations() again."
        return
    yield f"the status of the rotation is {str(actual)!r}, not {repr_of(expected)}"
    yield f"The rotation {now.summary}"
    yield from now.hints
    yield from (f"- {finding}" for finding in now.findings)


def _current(status: StatusText) -> StatusText:
    """The status that the rotation has now, or the same where the active fake does not have the rotation."""
    rotations = getattr(state.active, "rotations", None)
    rotation = None if rotations is None else rotations.find(*status.rotation)
    return status if rotation is None else rotation.status


def verdict(rotation: Rotation) -> str | None:
    """Why a rotation does not pass `FakeSecrets.check()`, or None where it has succeeded without findings."""
    findings = "".join(f"\n- {finding}" for finding in rotation.findings)
    if rotation.status == "succeeded" and not findings:
        return None
    status = StatusText(rotation.status, rotation.steps)
    lines = [f"The rotation of {rotation.secret_id} {status.summary}", *status.hints]
    return encodable("\n".join([*lines, f"Findings:{findings or ' none'}"]))


def _field_differences(left: Any, right: Any) -> Iterator[str]:
    """Yield the differences of two dataclasses of this package, without values that their repr hides."""
    yield f"the two {type(left).__name__} objects differ"
    for member in fields(left):
        actual, expected = getattr(left, member.name), getattr(right, member.name)
        if member.compare and actual != expected:
            shown = (
                f"{shown_value(actual)} != {shown_value(expected)}"
                if member.repr
                else "differs, and may hold a secret value"
            )
            yield f"- {member.name}: {shown}"


def _label_differences(actual: Staging | Labels, expected: object) -> Iterator[str]:
    secret = actual.snapshot.secret
    attribute = "staging" if isinstance(actual, Staging) else "labels"
    yield f"{secret.name}: {attribute} is not what was expected"
    expected_aliases = _expected_aliases(actual, expected)
    if expected_aliases is None:
        yield f"{actual.snapshot.redacted(repr_of(expected))} is not a mapping, so {attribute} cannot be equal to it"
        return
    yield from _impossible_members(actual, expected)
    actual_aliases = {label: secret.versions[version_id].alias for label, version_id in secret.labels.items()}
    for label in sorted({*actual_aliases, *expected_aliases}):
        if actual_aliases.get(label) != expected_aliases.get(label):
            yield _label_difference(
                label, actual_aliases.get(label), expected_aliases.get(label), actual.snapshot
            )


def _impossible_members(actual: Staging | Labels, expected: object) -> Iterator[str]:
    """Yield the expected members that can never be equal: a list for a set, an alias for an id."""
    assert isinstance(expected, Mapping)
    versions = actual.snapshot.secret.versions.values()
    for name, value in expected.items():
        if isinstance(actual, Staging) and not isinstance(value, AbstractSet):
            shown = actual.snapshot.redacted(repr_of(value))
            yield f"- {name}: expected {shown}, a {type(value).__name__}; labels are sets, such as {{'AWSCURRENT'}}"
        elif isinstance(actual, Staging) and name in {version.id for version in versions}:
            yield f"- {name!r} is a version id; staging has aliases, such as 'v1'"
        elif isinstance(actual, Labels) and value in {version.alias for version in versions}:
            yield f"- {name}: expected {value!r}, an alias; labels gives version ids, and staging aliases"


def _expected_aliases(actual: Staging | Labels, expected: object) -> AliasOfLabel | None:
    """Return the expected alias of each label: both aliases, if a label is expected twice."""
    if not isinstance(expected, Mapping):
        return None
    if isinstance(actual, Labels):
        aliases = {version.id: version.alias for version in actual.snapshot.secret.versions.values()}
        return {label: aliases.get(version_id, str(version_id)) for label, version_id in expected.items()}
    expected_aliases: dict[str, str] = {}
    for alias, attached in expected.items():
        for label in [attached] if isinstance(attached, str) else attached:
            expected_aliases[label] = (
                f"{expected_aliases[label]} and {alias}" if label in expected_aliases else alias
            )
    return expected_aliases


def _label_difference(
    label: str, actual_alias: str | None, expected_alias: str | None, snapshot: Snapshot
) -> str:
    expected = f"expected on {snapshot.redacted(expected_alias)}" if expected_alias else "not expected"
    last_move = next((move for move in reversed(snapshot.moves) if move.label == label), None)
    if last_move is None:
        meant = similar_label(label, snapshot.secret)
        return f"- {label}: {expected}, was never attached{'.' if meant else ''}{meant}"
    position = f"is on {actual_alias}" if actual_alias else "is on none"
    return f"- {label}: {expected}, {position}; {_move_text(last_move)} at {utc(last_move.at)}"


def _move_text(move: LabelMoved) -> str:
    return f"{move} in {move.step}" if move.step else str(move)


def _move_differences(actual: Transitions, expected: object) -> Iterator[str]:
    yield f"{actual.snapshot.secret.name}: the moves of its labels are not what was expected"
    if not isinstance(expected, Sequence):
        yield f"{actual.snapshot.redacted(repr_of(expected))} is not a sequence, so transitions cannot be equal to it"
        return
    expected_moves = [str(move) for move in expected]
    actual_moves = [str(move) for move in actual]
    for number, (move, expected_text) in enumerate(zip(actual_moves, expected_moves, strict=False), 1):
        if move != expected_text:
            yield f"- move {number}: expected {actual.snapshot.redacted(expected_text)}"
            yield f"{' ' * len(f'- move {number}:')} happened {move}"
            return
    shorter = min(len(actual_moves), len(expected_moves))
    if len(actual_moves) < len(expected_moves):
        expected_text = actual.snapshot.redacted(expected_moves[shorter])
        yield f"- move {shorter + 1}: expected {expected_text}, and nothing more happened"
    else:
        yield f"- move {shorter + 1}: nothing more was expected, happened {actual_moves[shorter]}"


def _history_tables(snapshot: Snapshot) -> Iterator[str]:
    """
    Yield the versions, and then the moves.

    Without -vv pytest truncates an explanation, so the versions come first. The timeline in the report
    section of the failed test is complete.
    """
    if snapshot.waiting is not None:
        yield snapshot.waiting
    yield from table([("version", "labels", "value", "created (UTC)", "id"), *_version_rows(snapshot.secret)])
    yield from table(
        [("moved at (UTC)", "move"), *((utc(move.at), _move_text(move)) for move in snapshot.moves)]
    )


def _version_rows(secret: Secret) -> Iterator[tuple[str, ...]]:
    for version in sorted(secret.versions.values(), key=lambda version: version.number):
        attached = ", ".join(staging_labels.of(secret.labels, version.id)) or "none"
        yield (
            version.alias,
            attached,
            "yes" if version.has_value else "none",
            utc(version.created_at),
            version.id,
        )
