"""The data of a report as plain values, which pytest-xdist workers send to the controller as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: A "handled" call is one that AWS rejected, and whose error the code above it caught. A "target" call is one that the
#: target of a rotation rejected.
Kind = Literal["call", "rejected", "handled", "fault", "target", "step", "failed step", "service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One event of a secret, with the label moves and the stored values that belong to it.

    Attributes:
        at: its time in UTC, to the millisecond.
        seconds: its time in seconds since the epoch.
        description: a short description.
        step: the step that made the call, the step that ended, or "".
        attempt: the number of the attempt that a service event is about, or 0.
        code: the error code of a call, the type of a function's exception, or "".
        aliases: from label to the alias of the version that has it after the event.
        moves: the moves of labels, as text.
        stored: the aliases of the versions that got a value.
    """

    at: str
    seconds: float
    kind: Kind
    description: str
    step: str = ""
    attempt: int = 0
    code: str = ""
    message: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)
    aliases: Mapping[str, str]
    moves: Sequence[str] = ()
    stored: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """One invocation of a rotation function. `seconds` is its duration, `location` the line that raised or ""."""

    name: str
    attempt: int
    start: str
    end: str
    seconds: float
    redelivered: bool
    error: str = ""
    text: str = field(default="", repr=False)
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPart:
    """A finding about a rotation function, with advice."""

    code: str
    text: str
    advice: str
    step: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPart:
    """One rotation. `version` is the alias of its version or "", `window` the time when its window opened or ""."""

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
        arn: its ARN; the SecretId of the request, if the secret does not exist; or "" for calls without one.
        fake_number: the number of its fake in the test, from 1.
        rows: its events, oldest first, without the `left_out` events before them.
        with_value: the aliases of the versions that had a value before the first row.
        timeline_text: the timeline, as text to copy.
        other_steps: the invocations with an event of no rotation, which scenarios of a contract send.
    """

    arn: str
    fake_number: int
    rows: Sequence[Row]
    left_out: int
    with_value: Sequence[str]
    rotations: Sequence[RotationPart]
    rotations_left_out: int
    timeline_text: str = field(repr=False)
    other_steps: Sequence[StepPart] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPart:
    """
    One test.

    Attributes:
        location: the type and the line of its error, or "".
        message: the message of its error, or "".
        source: the source code of that line, or "".
        started: when it started, in seconds since the epoch.
        contract: the node id of the contract class whose scenario it is, or "".
        scenario_count: the number of scenarios of that contract, or 0.
        is_one_of_several: whether `secrets` are those of one run of a scenario that has several.
    """

    nodeid: str
    outcome: str
    location: str
    started: float
    secrets: Sequence[SecretPart]
    secrets_left_out: int = 0
    fake_count: int = 1
    fakes_left_out: int = 0
    message: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    contract: str = field(default="", repr=False)
    scenario_count: int = 0
    is_one_of_several: bool = False

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
    rows = [Row(**row) for row in read["rows"]]
    others = [StepPart(**step) for step in read["other_steps"]]
    return SecretPart(**{**read, "rows": rows, "rotations": rotations, "other_steps": others})
