"""What a test did with its secrets, as plain data: it goes from one process to another, and onto a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["call", "refused", "fault", "step", "failed step", "service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One event of a secret, and the moves of labels and new values that came with it.

    Attributes:
        at: when, in UTC, to the millisecond.
        seconds: the same, since the epoch.
        words: what it was.
        step: the step inside which a call was made, the step that ended, or "".
        attempt: which attempt of its rotation Secrets Manager tells of, or 0.
        code: the error code of a call, or the type of a function's error, or "".
        held: from label to the version that has it after the event.
        moves: the labels that it has moved.
        stored: the versions that it has given a value.
    """

    at: str
    seconds: float
    kind: Kind
    words: str
    step: str = ""
    attempt: int = 0
    code: str = ""
    message: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)
    held: Mapping[str, str]
    moves: Sequence[str] = ()
    stored: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """One call of a rotation function. `seconds` is how long it took; `place` the line that raised, or ""."""

    name: str
    attempt: int
    start: str
    end: str
    seconds: float
    redelivered: bool
    error: str = ""
    text: str = field(default="", repr=False)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPart:
    """What is wrong with a rotation function, and what to do."""

    code: str
    text: str
    advice: str
    step: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPart:
    """One rotation. `version` is the alias of its version, or ""; `window` when its window opened, or ""."""

    version: str
    token: str
    status: str
    attempt: int
    started: str
    is_test: bool
    window: str = ""
    retry_at: str = ""
    steps: Sequence[StepPart] = ()
    steps_left_out: int = 0
    findings: Sequence[FindingPart] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPart:
    """
    One secret in one test.

    Attributes:
        arn: its ARN; what was sent, where there is no such secret; or "" for calls that name none.
        world: which of the test's fakes it is in, from 1.
        rows: its events, oldest first; `left_out` are not among them, and came before.
        full: the versions that had a value before the first row.
        story: the same as a text to be copied.
    """

    arn: str
    world: int
    rows: Sequence[Row]
    left_out: int
    full: Sequence[str]
    rotations: Sequence[RotationPart]
    rotations_left_out: int
    story: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPart:
    """One test. `place` is the type and the line of its error, or ""; `started` in seconds since the epoch."""

    nodeid: str
    outcome: str
    place: str
    started: float
    secrets: Sequence[SecretPart]
    secrets_left_out: int = 0
    worlds: int = 1
    worlds_left_out: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ItemPart:
        read = json.loads(text)
        return cls(**{**read, "secrets": [_secret_read(secret) for secret in read["secrets"]]})


def _secret_read(read: Mapping[str, Any]) -> SecretPart:
    rotations = [
        RotationPart(
            **{
                **rotation,
                "steps": [StepPart(**step) for step in rotation["steps"]],
                "findings": [FindingPart(**finding) for finding in rotation["findings"]],
            }
        )
        for rotation in read["rotations"]
    ]
    return SecretPart(**{**read, "rows": [Row(**row) for row in read["rows"]], "rotations": rotations})
