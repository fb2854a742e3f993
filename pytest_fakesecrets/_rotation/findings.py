"""What there is to say of a step that has run: found in the history, in the secret, and in what was written."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from pytest_fakesecrets._core import labels
from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.barrier import encodable, repr_of, text_of
from pytest_fakesecrets._service.history import Call, Event, LabelMoved, ValueStored

from .value_checks import has_same_credentials, is_empty, members

#: Refusals that a function must not pass over: nothing of what it wanted has happened.
_SERIOUS = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "InternalFailure",
        "InternalServiceError",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
_ILLEGAL = frozenset({"InvalidParameterException", "InvalidRequestException", "ValidationException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One call of a rotation function, and everything that came of it."""

    step: str
    event: dict[str, str] = field(repr=False)
    #: What happened in this step, oldest first.
    events: Sequence[Event]
    #: And what happened meanwhile, perhaps in a thread that the function has started.
    meanwhile: Sequence[Event]
    #: The secret when it had ended, or None where it is gone.
    secret: Secret | None
    returned: object = field(repr=False)
    error: BaseException | None = field(repr=False)
    #: Takes secret values out of what the function has written.
    redact: Callable[[str], str]
    #: Where something with a secret value in it was written, without the value.
    leaks: Sequence[str]
    is_last: bool
    is_test: bool

    @property
    def calls(self) -> list[Call]:
        return [event for event in self.events if isinstance(event, Call)]

    @property
    def token(self) -> str:
        return self.event["ClientRequestToken"]

    @property
    def is_done(self) -> bool:
        """Whether the new version was current before the step: then a function has nothing left to do."""
        moved = any(isinstance(event, LabelMoved) and event.label == CURRENT for event in self.events)
        return self.secret is not None and self.secret.labels.get(CURRENT) == self.token and not moved

    def says(self, code: str, text: str, advice: str, call: str | None = None) -> Finding:
        return Finding(code=code, text=encodable(text), advice=encodable(advice), step=self.step, call=call)


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Everything that is to be said of one step, without doubles."""
    found = [
        *_moves(evidence),
        *_versions(evidence),
        *_refusals(evidence),
        *_leaks(evidence),
        *_tokens(evidence),
    ]
    if evidence.error is None:
        found += [*_returned(evidence), *_left_undone(evidence)]
    return tuple(dict.fromkeys(found))


def _moves(evidence: Evidence) -> Iterator[Finding]:
    arn = evidence.event["SecretId"]
    for event in evidence.events:
        if isinstance(event, LabelMoved | ValueStored) and event.secret_id != arn:
            yield evidence.says(
                "other-secret-changed",
                f"{event.by} changed {event.secret_id}, and the rotation is of {arn}.",
                "Use event['SecretId'] in every call.",
                event.by,
            )
        elif (
            isinstance(event, LabelMoved)
            and event.label == CURRENT
            and event.source is not None
            and (evidence.step != "finishSecret" or evidence.is_test)
        ):
            yield evidence.says(
                "current-moved-early",
                f"{event}, in {evidence.step}: readers use a value that is not set and tested.",
                "Pass VersionStages=['AWSPENDING'] to put_secret_value(), and move AWSCURRENT in finishSecret.",
                event.by,
            )
    for call, followed in _with_what_followed(evidence.events):
        moved = [event for event in followed if isinstance(event, LabelMoved)]
        if call.operation == "UpdateSecretVersionStage" and [event.label for event in moved] == [PREVIOUS]:
            yield evidence.says(
                "previous-moved",
                f"{moved[0]}: Secrets Manager moves AWSPREVIOUS itself when AWSCURRENT moves.",
                "Move AWSCURRENT alone.",
                call.operation,
            )


def _with_what_followed(events: Sequence[Event]) -> Iterator[tuple[Call, list[Event]]]:
    """Each call with what it has changed, which follows it in the history."""
    call, followed = None, list[Event]()
    for event in events:
        if isinstance(event, Call):
            if call is not None:
                yield call, followed
            call, followed = event, []
        else:
            followed.append(event)
    if call is not None:
        yield call, followed


def _versions(evidence: Evidence) -> Iterator[Finding]:
    arn = evidence.event["SecretId"]
    for event in evidence.events:
        is_ours = isinstance(event, ValueStored) and event.secret_id == arn
        if isinstance(event, ValueStored) and is_ours and event.version_id != evidence.token:
            yield evidence.says(
                "foreign-version",
                f"{event.by} made {event.version}, a version under another id than that of the rotation.",
                "Pass ClientRequestToken=event['ClientRequestToken'] to put_secret_value().",
                event.by,
            )
    for call in evidence.calls:
        if (
            evidence.error is not None  # else it has kept the version that was there
            and call.operation == "PutSecretValue"
            and call.error == "ResourceExistsException"
        ):
            yield evidence.says(
                "pending-overwritten",
                "PutSecretValue brought another value for a version that has one: each delivery makes a new one.",
                "Look first whether the version of event['ClientRequestToken'] has a value, and keep it.",
                call.operation,
            )


def _tokens(evidence: Evidence) -> Iterator[Finding]:
    """A value that the function has stored from another account, and that AWS does not take for its own."""
    arn, secret = evidence.event["SecretId"], evidence.secret
    version = None if secret is None else secret.versions.get(evidence.token)
    if secret is None or version is None or not version.is_foreign:
        return
    for call, events in _with_what_followed(evidence.meanwhile):
        stored = [event for event in events if isinstance(event, ValueStored) and event.secret_id == arn]
        # A call of a thread has no step.
        is_own = call.step is None or call in evidence.calls
        if is_own and version.id in [event.version_id for event in stored]:
            yield evidence.says(
                "rotation-token-missing",
                f"PutSecretValue stored {version.alias} with the keys of account {call.account} and without the "
                f"RotationToken: the secret is of account {secret.account}, and its rotation fails.",
                "Pass RotationToken=event['RotationToken'] to put_secret_value().",
                call.operation,
            )


def _refusals(evidence: Evidence) -> Iterator[Finding]:
    error = evidence.error
    for call in _lost_calls(evidence.events):
        if error is None:
            yield evidence.says(
                "error-swallowed",
                f"{call.operation} was refused with {call.error}, and {evidence.step} returned all the same.",
                "Catch only the exception that is expected, such as ResourceNotFoundException; let others out.",
                call.operation,
            )
    if type(error).__name__ == "ParamValidationError":
        said = " ".join(evidence.redact(text_of(error)).split())[:200]
        text = f"A call has parameters that it cannot have: {said}"
        yield evidence.says("illegal-call", text, "Compare them with the reference of the operation.")
    response = getattr(error, "response", None)
    answer = response.get("Error") if isinstance(response, dict) else None
    code = answer.get("Code") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and isinstance(code, str) and code in _ILLEGAL:
        operation = getattr(error, "operation_name", None)
        operation = operation if operation in OPERATIONS else "A call"
        said = evidence.redact(text_of(answer.get("Message", "")))
        yield evidence.says(
            "illegal-call", f"{operation} was refused with {code}.", f"AWS says: {said}", operation
        )
    is_miss = (
        isinstance(error, KeyError) and len(error.args) == 1 and error.args[0] not in list(evidence.event)
    )
    if error is not None and is_miss and not evidence.calls and not _is_of_environ(error):
        yield evidence.says(
            "event-misread",
            f"The function asked for {evidence.redact(repr_of(error.args[0]))}, and the event has {', '.join(evidence.event)}.",
            "Read event['Step'], event['SecretId'] and event['ClientRequestToken'].",
        )


def _lost_calls(events: Sequence[Event]) -> Iterator[Call]:
    """Yield the rejected calls that were not made again and answered, before the secret changed."""
    for place, call in enumerate(events):
        if not isinstance(call, Call) or call.error not in _SERIOUS:
            continue
        unchanged = takewhile(lambda event: isinstance(event, Call), events[place + 1 :])
        answered = {
            (event.operation, event._request_key)
            for event in unchanged
            if isinstance(event, Call) and event.error not in _SERIOUS
        }
        if (call.operation, call._request_key) not in answered:
            yield call


def _is_of_environ(error: BaseException) -> bool:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].f_globals.get("__name__") == "os"


def _leaks(evidence: Evidence) -> Iterator[Finding]:
    for place in evidence.leaks:
        yield evidence.says(
            "secret-leaked",
            f"A secret value or the RotationToken was written to {place}.",
            "Write version ids and names, never values; and not the whole event.",
        )


def _returned(evidence: Evidence) -> Iterator[Finding]:
    if _looks_like_an_error(evidence.returned):
        yield evidence.says(
            "error-like-return",
            f"{evidence.step} returned what looks like an error, and Secrets Manager takes any return for success.",
            "Raise an exception instead.",
        )


def _looks_like_an_error(returned: object) -> bool:
    if isinstance(returned, dict):
        status = returned.get("statusCode", returned.get("status_code"))
        told = str(returned.get("status", "")).lower()
        keys = {str(key).lower() for key, value in returned.items() if value}
        is_bad = isinstance(status, int | str) and str(status).isdigit() and int(status) >= 400
        return (
            is_bad
            or told.startswith(("error", "fail"))
            or bool(keys & {"error", "errormessage", "errortype"})
        )
    if isinstance(returned, str):
        return returned.lower().startswith(("error", "fail"))
    return returned is False or isinstance(returned, BaseException)


def _left_undone(evidence: Evidence) -> Iterator[Finding]:
    secret = evidence.secret
    if secret is None:
        return
    if evidence.step == "createSecret" and not evidence.is_done:
        yield from _created(evidence, secret)
    if evidence.step == "testSecret" and not evidence.is_done and not _reads_pending(evidence):
        yield evidence.says(
            "untested",
            "testSecret returned without reading the new value: nothing was tested.",
            "Read the version of event['ClientRequestToken'], and use it as an application would.",
        )
    moved = any(isinstance(event, LabelMoved) for event in evidence.events)
    if evidence.step == "finishSecret" and secret.labels.get(CURRENT) != evidence.token and not moved:
        yield evidence.says(
            "step-did-nothing",
            "finishSecret returned without moving a label: the new value never becomes current.",
            "Move AWSCURRENT to the version of event['ClientRequestToken'].",
        )
    if evidence.is_last and not evidence.is_test and labels.block_rotation(secret.labels):
        holder = secret.versions[secret.labels[PENDING]].alias
        yield evidence.says(
            "pending-left-behind",
            f"AWSPENDING is on {holder}, which is not current: the next RotateSecret is refused.",
            "Leave AWSPENDING on the version that becomes current, or remove it from there.",
        )


def _reads_pending(evidence: Evidence) -> bool:
    return any(
        isinstance(event, Call)
        and event.operation == "GetSecretValue"
        and event.error is None
        and event.version_id == evidence.token
        for event in evidence.meanwhile
    )


def _created(evidence: Evidence, secret: Secret) -> Iterator[Finding]:
    version = secret.versions.get(evidence.token)
    current = secret.version(CURRENT)
    if version is None or version.value is None:
        did_something = any(isinstance(event, LabelMoved | ValueStored) for event in evidence.events)
        yield evidence.says(
            "value-missing" if did_something else "step-did-nothing",
            "createSecret returned, and the version of the rotation has no value.",
            "Store one with put_secret_value(ClientRequestToken=..., VersionStages=['AWSPENDING']).",
        )
    elif is_empty(version.value, None if current is None or current is version else current.value):
        text = "createSecret stored a value without a credential in it: it is empty, or null."
        yield evidence.says("value-empty", text, "Look at what makes the new password.", "PutSecretValue")
    elif current is not None and current is not version and current.value is not None:
        yield from _compared(evidence, current.value, version.value)


def _compared(evidence: Evidence, before: Value, after: Value) -> Iterator[Finding]:
    if has_same_credentials(before, after):
        text = "createSecret stored the credential that is current already: nothing rotates."
        advice = "Put a new one into the member that the application reads."
        yield evidence.says("value-unchanged", text, advice, "PutSecretValue")
    lost = evidence.redact(", ".join(sorted(members(before) - members(after))))
    if lost:
        yield evidence.says(
            "members-lost",
            f"The new value lacks what the current one has: {lost}.",
            "Change the credential in the current value, and keep the rest.",
            "PutSecretValue",
        )
