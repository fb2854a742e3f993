"""From the record of a world to what its report tells: nothing is run, and no value is told."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.rotation import Rotation, RotationStep
from pytest_fakesecrets._service.barrier import text_of
from pytest_fakesecrets._service.history import Event, LabelMoved, ServiceEvent, ValueStored
from pytest_fakesecrets._service.redaction import Redact, constant_parts
from pytest_fakesecrets._service.service import Service

from .records import FindingPart, Kind, RotationPart, Row, SecretPart, StepPart
from .timeline import redacted_hint, timeline, words

#: How much is told, the latest: events of a secret, its rotations, their steps.
ROWS, ROTATIONS, STEPS = 200, 50, 40
#: How much is told, the first: secrets of a world, letters of a text.
SECRETS, LETTERS = 40, 2_000

#: What the hint of a call says that a test has made fail.
_ORDERED = "fake.fail()"

_WITHHELD = (
    "(Its text is left out: a value that was stored is gone by now, and could not be taken out of it.)"
)

Blot = Callable[[str], str]


def _withheld(text: str, *, keep: Iterable[str] = ()) -> str:
    return _WITHHELD


def secrets_of(
    service: Service, rotations: Iterable[Rotation], *, since: int = 0, world: int = 1
) -> tuple[list[SecretPart], int]:
    """
    The secrets of a world about which something has been recorded, and how many more there are.

    Nothing is run that has come due, and nothing told that is a secret value.

    Args:
        since: how many of the first events are left out: they belong to earlier tests.
    """
    events = service.history.events
    blot = service.redactor.redact
    arns = list(dict.fromkeys(_subject(event) for event in events[since:]))
    told: dict[str, list[tuple[int, Event]]] = {arn: [] for arn in arns[:SECRETS]}
    for place, event in enumerate(events):
        if (subject := _subject(event)) in told:
            told[subject].append((place, event))
    teller = _Collector(blot if _can_be_blotted(service, events) else _withheld, blot)
    known = list(rotations)
    parts = [teller.secret(arn, told[arn], known, since, world) for arn in told]
    return parts, len(arns) - len(parts)


def nodeid_shown(nodeid: str, blots: Sequence[Blot]) -> str:
    """The id of a test, without the parameters that hold a secret value."""
    name, bracket, parameters = nodeid.partition("[")
    if any(blot(parameters) != parameters for blot in blots):
        return f"{name}[***]"
    return f"{name}{bracket}{parameters}"


def _subject(event: Event) -> str:
    return event.secret_id or ""


def _redacted(row: Row, blot: Redact) -> Row:
    """The message and the hint of a row, redacted: a test may have supplied the message."""
    return replace(row, message=_short(blot(row.message)), hint=_short(redacted_hint(row.hint, blot)))


def _can_be_blotted(service: Service, events: Sequence[Event]) -> bool:
    """Whether every value that was ever stored is still known, so that it is found in a text."""
    stored = {(event.secret_id, event.version_id) for event in events if isinstance(event, ValueStored)}
    there = {
        (secret.arn, version.id)
        for region in list(service.store.regions.values())
        for secret in list(region.secrets.values())
        for version in secret.versions.values()
        if version.has_value
    }
    return stored <= there


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[:LETTERS]} …"


class _Collector:
    """Tells of secrets. `of_functions` takes the values out of a function's error, `blot` out of anything else."""

    def __init__(self, of_functions: Redact, blot: Redact) -> None:
        self._of_functions = of_functions
        self._blot = blot

    def secret(
        self,
        arn: str,
        events: Sequence[tuple[int, Event]],
        rotations: Iterable[Rotation],
        since: int,
        world: int,
    ) -> SecretPart:
        numbered = list(_rows(events))
        shown = [row for place, row in numbered if place >= since][-ROWS:]
        before = [row for _, row in numbered[: len(numbered) - len(shown)]]
        recent = {
            event.token
            for place, event in events
            if place >= since and isinstance(event, ServiceEvent | RotationStep)
        }
        own = [
            rotation
            for rotation in rotations
            if rotation.secret_id == arn and (since == 0 or rotation.token in recent)
        ]
        aliases = {event.version_id: event.target for _, event in events if isinstance(event, LabelMoved)}
        name = self._blot(arn)  # it may be what was sent in place of one
        return SecretPart(
            arn=name,
            world=world,
            rows=[_redacted(row, self._blot) for row in shown],
            left_out=len(before),
            full=[alias for row in before for alias in row.stored],
            rotations=[self._rotation(rotation, events, aliases) for rotation in own[-ROTATIONS:]],
            rotations_left_out=max(0, len(own) - ROTATIONS),
            story=timeline(
                name or "calls that name no secret", [event for _, event in events], len(shown), self._blot
            ),
        )

    def _rotation(
        self,
        rotation: Rotation,
        events: Sequence[tuple[int, Event]],
        aliases: Mapping[str | None, str | None],
    ) -> RotationPart:
        # Out of the history: the rotation itself has no step that was delivered again.
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
            text="" if error is None else _short(self._of_functions(_text(error), keep=_words_of(error))),
            place="" if error is None else _place(error),
        )


def _finding(finding: Finding) -> FindingPart:
    """The part of a finding, whose texts were redacted when it was made."""
    return FindingPart(
        code=finding.code,
        text=_short(finding.text),
        advice=_short(finding.advice),
        step=finding.step or "",
        call=finding.call or "",
    )


def _words_of(error: BaseException) -> Sequence[str]:
    """The parts of `_text` that are not redacted."""
    return [f"{type(error).__name__}: ", *constant_parts(error)]


def _text(error: BaseException) -> str:
    """What an exception says, as Python prints it, with its notes; also where its __str__ raises."""
    try:
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    except Exception:
        return f"{type(error).__name__}: {text_of(error)}"


def _place(error: BaseException) -> str:
    """The line that raised: the last one that is neither ours nor of an installed package."""
    lines = [
        f"{frame.f_code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{number} in {frame.f_code.co_name}"
        for frame, number in traceback.walk_tb(error.__traceback__)
        if "site-packages" not in frame.f_code.co_filename
        and not str(frame.f_globals.get("__name__", "")).startswith("pytest_fakesecrets.")
    ]
    return lines[-1] if lines else ""


def _rows(events: Sequence[tuple[int, Event]]) -> Iterator[tuple[int, Row]]:
    """Each event with its place in the history. Moves of labels and new values belong to the one before them."""
    held: dict[str, str] = {}
    attempts = Counter[str]()
    last: tuple[int, Row] | None = None
    for place, event in events:
        if isinstance(event, LabelMoved):
            held = {label: alias for label, alias in held.items() if label != event.label}
            if event.target is not None:
                held[event.label] = event.target
            at, row = last or (place, _row(event, held))
            last = at, replace(row, held=held, moves=[*row.moves, str(event)])
        elif isinstance(event, ValueStored):
            at, row = last or (place, _row(event, held))
            last = at, replace(row, stored=[*row.stored, event.version])
        else:
            if last is not None:
                yield last
            last = place, _row(event, held)
            if isinstance(event, ServiceEvent) and event.token:
                attempts[event.token] += event.name.endswith("Started")
                last = place, replace(last[1], attempt=attempts[event.token])
    if last is not None:
        yield last


def _row(event: Event, held: Mapping[str, str]) -> Row:
    at, seconds = utc(event.at), event.at.timestamp()
    if isinstance(event, LabelMoved | ValueStored):
        return Row(at=at, seconds=seconds, kind="service", words=event.by, held=held)
    told = words(event).strip()
    if isinstance(event, ServiceEvent):
        return Row(at=at, seconds=seconds, kind="service", words=told, held=held)
    if isinstance(event, RotationStep):
        failed = "" if event.error is None else type(event.error).__name__
        kind: Kind = "failed step" if failed else "step"
        return Row(at=at, seconds=seconds, kind=kind, words=told, step=event.name, code=failed, held=held)
    is_fault = event.hint is not None and _ORDERED in event.hint
    return Row(
        at=at,
        seconds=seconds,
        kind="fault" if is_fault else "call" if event.error is None else "refused",
        words=told,
        step=event.step or "",
        code=event.error or "",
        message=event.message or "",
        hint=event.hint or "",
        held=held,
    )
