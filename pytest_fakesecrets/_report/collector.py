"""Collects the data of a report from the history of a fake, without secret values."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Protocol

from pytest_fakesecrets._core.displayed_names import heading
from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._core.store import Store
from pytest_fakesecrets._service.hints import redacted_hint
from pytest_fakesecrets._service.history import (
    Call,
    Event,
    History,
    LabelMoved,
    RequestRejected,
    ServiceEvent,
    ValueStored,
)
from pytest_fakesecrets._service.redaction import Redact, Redactor, constant_parts
from pytest_fakesecrets._service.reporting_errors import text_of

from .handled_calls import handled_calls
from .records import FindingPart, Kind, RotationPart, Row, SecretPart, StepPart
from .timeline import WITHOUT_SECRET, describe_event, timeline

#: Limits of a report: the events of a secret, its rotations, and their steps. The latest are kept.
ROWS, ROTATIONS, STEPS = 200, 50, 40
#: Limits of a report: the secrets of a fake, and the characters of a text. The first are kept.
SECRETS, CHARACTERS = 40, 2_000

#: The hint of a call contains this if an injected fault made it fail.
_INJECTED = "fake.fail()"

_WITHHELD = "(Its text is left out, because a secret value that was deleted could not be redacted.)"

RedactText = Callable[[str], str]


class Record(Protocol):
    """What the report reads of a fake: of its service, or of the record of a run that was reset since."""

    @property
    def history(self) -> History: ...
    @property
    def store(self) -> Store: ...
    @property
    def redactor(self) -> Redactor: ...


def _withhold(text: str, *, keep: Iterable[str] = ()) -> str:
    return _WITHHELD


def secrets_of(
    record: Record,
    rotations: Iterable[Rotation],
    *,
    since: int = 0,
    fake_number: int = 1,
    has_passed: bool = False,
) -> tuple[list[SecretPart], int]:
    """
    Return the secrets of a fake that have events, and how many more there are than a report shows.

    It does not run what is due, and redacts secret values.

    Args:
        record: the record of the fake, such as its service.
        rotations: the rotations of the fake.
        since: the index of the first event to include: those before it belong to earlier tests.
        fake_number: the number of the fake in its test, from 1.
        has_passed: whether the test passed, so that it has handled all errors outside of rotation steps.
    """
    events = record.history.events
    redact = record.redactor.redact
    arns = list(dict.fromkeys(_subject(event) for event in events[since:]))
    events_of: dict[str, list[tuple[int, Event]]] = {arn: [] for arn in arns[:SECRETS]}
    for index, event in enumerate(events):
        if (subject := _subject(event)) in events_of:
            events_of[subject].append((index, event))
    collector = _Collector(
        redact if _can_redact(record, events) else _withhold, redact, handled_calls(events, has_passed)
    )
    all_rotations = list(rotations)
    parts = [collector.secret(arn, events_of[arn], all_rotations, since, fake_number) for arn in events_of]
    return parts, len(arns) - len(parts)


def redacted_nodeid(nodeid: str, redactors: Sequence[RedactText]) -> str:
    """Return the id of a test, without its parameters if they contain a secret value."""
    name, bracket, parameters = nodeid.partition("[")
    if any(redact(parameters) != parameters for redact in redactors):
        return f"{name}[***]"
    return f"{name}{bracket}{parameters}"


def _subject(event: Event) -> str:
    return event.secret_id or ""


def _redacted_row(row: Row, redact: Redact) -> Row:
    """Return a row with its message and hint redacted: a test may have supplied the message."""
    return replace(
        row, message=_truncated(redact(row.message)), hint=_truncated(redacted_hint(row.hint, redact))
    )


def _can_redact(record: Record, events: Sequence[Event]) -> bool:
    """Return whether every value that was ever stored is still known, so that it can be found in a text."""
    stored = {(event.secret_id, event.version_id) for event in events if isinstance(event, ValueStored)}
    available = {
        (secret.arn, version.id)
        for region in list(record.store.regions.values())
        for secret in list(region.secrets.values())
        for version in secret.versions.values()
        if version.has_value
    }
    return stored <= available


def _truncated(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]} …"


class _Collector:
    """
    Collects the data of secrets.

    Args:
        redact_error: redacts the errors of functions.
        redact: redacts everything else.
        handled: the request ids of the rejected calls whose error was caught.
    """

    def __init__(self, redact_error: Redact, redact: Redact, handled: Set[str]) -> None:
        self._redact_error = redact_error
        self._redact = redact
        self._handled = handled

    def secret(
        self,
        arn: str,
        events: Sequence[tuple[int, Event]],
        rotations: Iterable[Rotation],
        since: int,
        fake_number: int,
    ) -> SecretPart:
        numbered = list(_rows(events, self._handled))
        shown = [row for index, row in numbered if index >= since][-ROWS:]
        omitted = [row for _, row in numbered[: len(numbered) - len(shown)]]
        recent = {
            event.token
            for index, event in events
            if index >= since and isinstance(event, ServiceEvent | RotationStep)
        }
        of_secret = {rotation.token: rotation for rotation in rotations if rotation.secret_id == arn}
        own = [rotation for token, rotation in of_secret.items() if since == 0 or token in recent]
        others = [
            event
            for index, event in events
            if index >= since and isinstance(event, RotationStep) and event.token not in of_secret
        ]
        aliases = {event.version_id: event.target for _, event in events if isinstance(event, LabelMoved)}
        name = self._redact(heading(arn))  # it may be an invalid id that a request sent
        return SecretPart(
            arn=name,
            fake_number=fake_number,
            rows=[_redacted_row(row, self._redact) for row in shown],
            left_out=len(omitted),
            with_value=[alias for row in omitted for alias in row.stored],
            rotations=[self._rotation(rotation, events, aliases) for rotation in own[-ROTATIONS:]],
            rotations_left_out=max(0, len(own) - ROTATIONS),
            timeline_text=timeline(
                name or WITHOUT_SECRET, [event for _, event in events], len(shown), self._redact
            ),
            other_steps=[self._step(step) for step in others[-STEPS:]],
        )

    def _rotation(
        self,
        rotation: Rotation,
        events: Sequence[tuple[int, Event]],
        aliases: Mapping[str | None, str | None],
    ) -> RotationPart:
        # From the history: Rotation.steps does not contain redelivered steps.
        steps = [
            step for _, step in events if isinstance(step, RotationStep) and step.token == rotation.token
        ]
        return RotationPart(
            version=aliases.get(rotation.token) or "",
            token=rotation.token,
            status=rotation.status,
            attempt=rotation.attempt,
            started=utc(rotation.started_at),
            is_test=rotation.is_test,
            window="" if rotation.scheduled_at is None else utc(rotation.scheduled_at.opens),
            retry_at="" if rotation.retry_at is None else utc(rotation.retry_at),
            steps=[self._step(step) for step in steps[-STEPS:]],
            steps_left_out=max(0, len(steps) - STEPS),
            findings=[_finding(finding) for finding in rotation.findings],
        )

    def _step(self, step: RotationStep) -> StepPart:
        error = step.error
        return StepPart(
            name=step.name,
            attempt=step.attempt,
            start=utc(step.start),
            end=utc(step.end),
            seconds=(step.end - step.start).total_seconds(),
            redelivered=step.redelivered,
            error="" if error is None else type(error).__name__,
            text=""
            if error is None
            else _truncated(self._redact_error(_exception_text(error), keep=_fixed_words(error))),
            location=step.raised_at or "",
        )


def _finding(finding: Finding) -> FindingPart:
    """Return the data of a finding, whose texts were redacted when it was created."""
    return FindingPart(
        code=finding.code,
        text=_truncated(finding.text),
        advice=_truncated(finding.advice),
        step=finding.step or "",
        call=finding.call or "",
    )


def _fixed_words(error: BaseException) -> Sequence[str]:
    """Return the parts of `_exception_text` that must not be redacted."""
    return [f"{type(error).__name__}: ", *constant_parts(error)]


def _exception_text(error: BaseException) -> str:
    """Return an exception as Python prints it, with its notes, even if its __str__ raises."""
    try:
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    except Exception:
        return f"{type(error).__name__}: {text_of(error)}"


def _rows(events: Sequence[tuple[int, Event]], handled: Set[str]) -> Iterator[tuple[int, Row]]:
    """Yield each event with its index in the history. Label moves and stored values are merged into the event before them."""
    aliases: dict[str, str] = {}
    attempts = Counter[str]()
    last: tuple[int, Row] | None = None
    for index, event in events:
        if isinstance(event, LabelMoved):
            aliases = {label: alias for label, alias in aliases.items() if label != event.label}
            if event.target is not None:
                aliases[event.label] = event.target
            at, row = last or (index, _row(event, aliases, handled))
            last = at, replace(row, aliases=aliases, moves=[*row.moves, str(event)])
        elif isinstance(event, ValueStored):
            at, row = last or (index, _row(event, aliases, handled))
            last = at, replace(row, stored=[*row.stored, event.version])
        else:
            if last is not None:
                yield last
            last = index, _row(event, aliases, handled)
            if isinstance(event, ServiceEvent) and event.token:
                attempts[event.token] += event.name.endswith("Started")
                last = index, replace(last[1], attempt=attempts[event.token])
    if last is not None:
        yield last


def _row(event: Event, aliases: Mapping[str, str], handled: Set[str]) -> Row:
    at, seconds = utc(event.at), event.at.timestamp()
    if isinstance(event, LabelMoved | ValueStored):
        return Row(at=at, seconds=seconds, kind="service", description=event.by, aliases=aliases)
    description = describe_event(event).strip()
    if isinstance(event, ServiceEvent):
        return Row(at=at, seconds=seconds, kind="service", description=description, aliases=aliases)
    if isinstance(event, RotationStep):
        error_type = "" if event.error is None else type(event.error).__name__
        kind: Kind = "failed step" if error_type else "step"
        return Row(
            at=at,
            seconds=seconds,
            kind=kind,
            description=description,
            step=event.name,
            code=error_type,
            aliases=aliases,
        )
    return Row(
        at=at,
        seconds=seconds,
        kind=_kind_of_call(event, handled),
        description=description,
        step=event.step or "",
        code=event.error or "",
        message=event.message or "",
        hint=event.hint or "",
        aliases=aliases,
    )


def _kind_of_call(call: Call | RequestRejected, handled: Set[str]) -> Kind:
    if isinstance(call, RequestRejected) and call.step is not None:
        return "target"
    if call.hint is not None and _INJECTED in call.hint:
        return "fault"
    if call.error is None:
        return "call"
    return "handled" if call.request_id in handled else "rejected"
