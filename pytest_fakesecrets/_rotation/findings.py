"""Finds mistakes in a rotation step, from the history, the secret, the return value and the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from pytest_fakesecrets._core.credential import changed_members, is_credential
from pytest_fakesecrets._core.errors import FunctionFailed
from pytest_fakesecrets._core.finding import Finding
from pytest_fakesecrets._core.rotation import labels_show_rotation_in_progress
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.history import Call, Event, LabelMoved, ValueStored
from pytest_fakesecrets._service.redaction import parsed
from pytest_fakesecrets._service.reporting_errors import encodable, repr_of, text_of
from pytest_fakesecrets._service.user_code import missing_variable

from .value_checks import Leak, has_same_credentials, is_empty, members

#: Error codes that a function must not ignore: the call has had no effect.
_MUST_NOT_BE_IGNORED = frozenset(
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
_INVALID_CALL = frozenset({"InvalidParameterException", "InvalidRequestException", "ValidationException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One invocation of a rotation function, with its events, its result and its output."""

    step: str
    event: dict[str, str] = field(repr=False)
    #: The events of this step, oldest first.
    events: Sequence[Event]
    #: All events during this step, including those from threads that the function started.
    meanwhile: Sequence[Event]
    #: The secret after the step, or None if it was deleted.
    secret: Secret | None
    returned: object = field(repr=False)
    error: BaseException | None = field(repr=False)
    #: Redacts secret values in a text.
    redact: Callable[[str], str]
    #: The names of the outputs that contain a secret value.
    leaks: Sequence[Leak]
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
        """Whether the new version was already current before the step, so that the step has nothing to do."""
        moved = any(isinstance(event, LabelMoved) and event.label == CURRENT for event in self.events)
        return self.secret is not None and self.secret.labels.get(CURRENT) == self.token and not moved

    def create_finding(self, code: str, text: str, advice: str, call: str | None = None) -> Finding:
        return Finding(code=code, text=encodable(text), advice=encodable(advice), step=self.step, call=call)


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings of one step, without duplicates."""
    found = [
        *_label_findings(evidence),
        *_version_findings(evidence),
        *_error_findings(evidence),
        *_leak_findings(evidence),
        *_token_findings(evidence),
    ]
    if evidence.error is None:
        found += [*_return_findings(evidence), *_outcome_findings(evidence)]
    return tuple(dict.fromkeys(found))


def _label_findings(evidence: Evidence) -> Iterator[Finding]:
    arn = evidence.event["SecretId"]
    for event in evidence.events:
        if isinstance(event, LabelMoved | ValueStored) and event.secret_id != arn:
            yield evidence.create_finding(
                "other-secret-changed",
                f"{event.by} changed {event.secret_id}, but the rotation is that of {arn}.",
                "Use event['SecretId'] in every call.",
                event.by,
            )
        elif (
            isinstance(event, LabelMoved)
            and event.label == CURRENT
            and event.source is not None
            and (evidence.step != "finishSecret" or evidence.is_test)
        ):
            yield evidence.create_finding(
                "current-moved-early",
                f"{event}, in {evidence.step}: readers get a value that has not been set and tested.",
                "Pass VersionStages=['AWSPENDING'] to put_secret_value(), and move AWSCURRENT in finishSecret.",
                event.by,
            )
    for call, changes in _calls_with_changes(evidence.events):
        moved = [event for event in changes if isinstance(event, LabelMoved)]
        if call.operation == "UpdateSecretVersionStage" and [event.label for event in moved] == [PREVIOUS]:
            yield evidence.create_finding(
                "previous-moved",
                f"{moved[0]}: Secrets Manager moves AWSPREVIOUS itself when AWSCURRENT moves.",
                "Move only AWSCURRENT.",
                call.operation,
            )


def _calls_with_changes(events: Sequence[Event]) -> Iterator[tuple[Call, list[Event]]]:
    """Yield each call with the events of its changes, which follow it in the history."""
    call, changes = None, list[Event]()
    for event in events:
        if isinstance(event, Call):
            if call is not None:
                yield call, changes
            call, changes = event, []
        else:
            changes.append(event)
    if call is not None:
        yield call, changes


def _version_findings(evidence: Evidence) -> Iterator[Finding]:
    arn = evidence.event["SecretId"]
    for event in evidence.events:
        is_ours = isinstance(event, ValueStored) and event.secret_id == arn
        if isinstance(event, ValueStored) and is_ours and event.version_id != evidence.token:
            yield evidence.create_finding(
                "foreign-version",
                f"{event.by} created {event.version}, which is not the version of the rotation.",
                "The version of event['ClientRequestToken'] has a value already: read it first, and keep that value instead "
                "of a new one at each delivery."
                if _had_value(evidence)
                else "Pass ClientRequestToken=event['ClientRequestToken'] to put_secret_value().",
                event.by,
            )
    for call in evidence.calls:
        if (
            evidence.error
            is not None  # else the function has handled the error and kept the existing version
            and call.operation == "PutSecretValue"
            and call.error == "ResourceExistsException"
        ):
            yield evidence.create_finding(
                "pending-overwritten",
                "PutSecretValue sent another value for a version that already has one, since each delivery generates a new value.",
                "If the version of event['ClientRequestToken'] already has a value, keep that value.",
                call.operation,
            )


def _had_value(evidence: Evidence) -> bool:
    """Whether the version of the rotation had a value before the step."""
    version = None if evidence.secret is None else evidence.secret.versions.get(evidence.token)
    stored = {event.version_id for event in evidence.meanwhile if isinstance(event, ValueStored)}
    return version is not None and version.value is not None and evidence.token not in stored


def _token_findings(evidence: Evidence) -> Iterator[Finding]:
    """Find a value that the function stored from another account without the RotationToken."""
    arn, secret = evidence.event["SecretId"], evidence.secret
    version = None if secret is None else secret.versions.get(evidence.token)
    if secret is None or version is None or not version.is_foreign:
        return
    for call, events in _calls_with_changes(evidence.meanwhile):
        stored = [event for event in events if isinstance(event, ValueStored) and event.secret_id == arn]
        # Calls from threads have no step.
        is_own = call.step is None or call in evidence.calls
        if is_own and version.id in [event.version_id for event in stored]:
            yield evidence.create_finding(
                "rotation-token-missing",
                f"PutSecretValue stored {version.alias} with the keys of account {call.account} and without the "
                f"RotationToken. The secret belongs to account {secret.account}, so the rotation fails.",
                "Pass RotationToken=event['RotationToken'] to put_secret_value().",
                call.operation,
            )


def _error_findings(evidence: Evidence) -> Iterator[Finding]:
    error = evidence.error
    for call in _lost_calls(evidence.events):
        if error is None:
            yield evidence.create_finding(
                "error-swallowed",
                f"{call.operation} was rejected with {call.error}{f' at {call._line}' if call._line else ''}, and "
                f"{evidence.step} returned without an error.",
                "Catch only the expected exception, such as ResourceNotFoundException, and let all others propagate.",
                call.operation,
            )
    if type(error).__name__ == "ParamValidationError":
        aws_message = " ".join(evidence.redact(text_of(error)).split())[:200]
        text = f"A call has invalid parameters: {aws_message}"
        yield evidence.create_finding(
            "illegal-call", text, "Correct the names and the types of the parameters."
        )
    yield from _rejection_findings(evidence)
    yield from _illegal_calls_of_a_process(evidence)
    is_missing_key = (
        isinstance(error, KeyError) and len(error.args) == 1 and error.args[0] not in list(evidence.event)
    )
    if error is not None and is_missing_key and not evidence.calls and missing_variable(error) is None:
        yield evidence.create_finding(
            "event-misread",
            f"The function read {evidence.redact(repr_of(error.args[0]))}, and the event has only {', '.join(evidence.event)}.",
            "Read event['Step'], event['SecretId'] and event['ClientRequestToken'].",
        )


def _rejection_findings(evidence: Evidence) -> Iterator[Finding]:
    """Report a call that AWS rejects whenever it is made, by the exception that it raised."""
    response = getattr(evidence.error, "response", None)
    answer = response.get("Error") if isinstance(response, dict) else None
    code = answer.get("Code") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and isinstance(code, str) and code in _INVALID_CALL:
        operation = getattr(evidence.error, "operation_name", None)
        operation = operation if operation in OPERATIONS else "A call"
        aws_message = evidence.redact(text_of(answer.get("Message", "")))
        advice = (
            "Remove this call: Secrets Manager moves AWSPREVIOUS itself."
            if operation == "UpdateSecretVersionStage" and PREVIOUS in aws_message
            else f"AWS says: {aws_message}"
        )
        yield evidence.create_finding(
            "illegal-call", f"{operation} was rejected with {code}.", advice, operation
        )


def _lost_calls(events: Sequence[Event]) -> Iterator[Call]:
    """Yield the rejected calls that were not made again and answered, before the secret changed."""
    for place, call in enumerate(events):
        if not isinstance(call, Call) or call.error not in _MUST_NOT_BE_IGNORED:
            continue
        unchanged = takewhile(lambda event: isinstance(event, Call), events[place + 1 :])
        answered = {
            (event.operation, event._request_key)
            for event in unchanged
            if isinstance(event, Call) and event.error not in _MUST_NOT_BE_IGNORED
        }
        if (call.operation, call._request_key) not in answered:
            yield call


def _illegal_calls_of_a_process(evidence: Evidence) -> Iterator[Finding]:
    """An exception of another process has no response of Secrets Manager: the history has the rejected call."""
    last = {call.operation: call for call in evidence.calls}
    for call in last.values() if isinstance(evidence.error, FunctionFailed) else ():
        if call.error in _INVALID_CALL and call.error in text_of(evidence.error):
            aws_message = " ".join(evidence.redact(text_of(evidence.error)).split())[:200]
            yield evidence.create_finding(
                "illegal-call",
                f"{call.operation} was rejected with {call.error}.",
                f"The function says: {aws_message}",
                call.operation,
            )


def _leak_findings(evidence: Evidence) -> Iterator[Finding]:
    for leak in evidence.leaks:
        yield evidence.create_finding(
            "secret-leaked",
            f"{leak.described(evidence.redact)}.",
            "Write version ids and names, but neither values nor the whole event.",
        )


def _return_findings(evidence: Evidence) -> Iterator[Finding]:
    if looks_like_an_error(evidence.returned):
        yield evidence.create_finding(
            "error-like-return",
            f"{evidence.step} returned a value that looks like an error, and Secrets Manager treats every return as success.",
            "Raise an exception instead.",
        )


def looks_like_an_error(returned: object) -> bool:
    """Whether a function has probably returned an error instead of raising it."""
    if isinstance(returned, dict):
        status = returned.get("statusCode", returned.get("status_code"))
        status_text = str(returned.get("status", "")).lower()
        keys = {str(key).lower() for key, value in returned.items() if value}
        is_bad = isinstance(status, int | str) and str(status).isdigit() and int(status) >= 400
        return (
            is_bad
            or status_text.startswith(("error", "fail"))
            or bool(keys & {"error", "errormessage", "errortype"})
        )
    if isinstance(returned, str):
        return returned.lower().startswith(("error", "fail"))
    return returned is False or isinstance(returned, BaseException)


def _outcome_findings(evidence: Evidence) -> Iterator[Finding]:
    secret = evidence.secret
    if secret is None:
        return
    if evidence.step == "createSecret" and not evidence.is_done:
        yield from _create_findings(evidence, secret)
    if evidence.step == "testSecret" and not evidence.is_done and not _reads_pending(evidence):
        yield evidence.create_finding(
            "untested",
            "testSecret returned without reading the new value, so nothing was tested.",
            "Read the version of event['ClientRequestToken'], and use it as an application would.",
        )
    moved = any(isinstance(event, LabelMoved) for event in evidence.events)
    if evidence.step == "finishSecret" and secret.labels.get(CURRENT) != evidence.token and not moved:
        calls = [
            str(call)
            for call in evidence.calls
            if call.operation == "UpdateSecretVersionStage" and call.error is None
        ]
        yield evidence.create_finding(
            "step-did-nothing",
            f"finishSecret called {calls[-1]}, which changes nothing, so the new value never becomes current."
            if calls
            else "finishSecret returned without moving a label, so the new value never becomes current.",
            "Move AWSCURRENT to the version of event['ClientRequestToken']"
            + (", and pass the version that has it now as RemoveFromVersionId." if calls else "."),
        )
    if evidence.is_last and not evidence.is_test and labels_show_rotation_in_progress(secret.labels):
        holder = secret.versions[secret.labels[PENDING]].alias
        yield evidence.create_finding(
            "pending-left-behind",
            f"AWSPENDING is on {holder}, which is not current, so the next RotateSecret will be rejected.",
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


def _create_findings(evidence: Evidence, secret: Secret) -> Iterator[Finding]:
    version = secret.versions.get(evidence.token)
    current = secret.version(CURRENT)
    if version is None or version.value is None:
        did_something = any(isinstance(event, LabelMoved | ValueStored) for event in evidence.events)
        yield evidence.create_finding(
            "value-missing" if did_something else "step-did-nothing",
            "createSecret returned without storing a value in the version of the rotation.",
            "Store one with put_secret_value(ClientRequestToken=..., VersionStages=['AWSPENDING']).",
        )
    elif is_empty(version.value, None if current is None or current is version else current.value):
        text = "createSecret stored a value whose credential is empty or null."
        yield evidence.create_finding(
            "value-empty", text, "Check the code that generates the new password.", "PutSecretValue"
        )
    elif current is not None and current is not version and current.value is not None:
        yield from _comparison_findings(evidence, current.value, version.value)


def _comparison_findings(evidence: Evidence, before: Value, after: Value) -> Iterator[Finding]:
    if has_same_credentials(before, after):
        text = "createSecret stored the current credential again, so nothing rotates."
        changed = evidence.redact(", ".join(changed_members(parsed(before), parsed(after))))
        if changed:
            kept = evidence.redact(", ".join(sorted(filter(is_credential, members(before)))))
            text = f"createSecret changed only {changed}: the credential in {kept} is the current one, so nothing rotates."
        advice = "Store a new one in the member that the application reads."
        yield evidence.create_finding("value-unchanged", text, advice, "PutSecretValue")
    lost = members(before) - members(after)
    if lost and parsed(after) is None:
        yield evidence.create_finding(
            "members-lost",
            "The new value is not JSON, and the current value is, so clients cannot read its members.",
            "Store json.dumps(value): str(value) of a dict is not JSON.",
            "PutSecretValue",
        )
    elif lost:
        names = evidence.redact(", ".join(sorted(lost)))
        yield evidence.create_finding(
            "members-lost",
            f"The new value lacks members of the current value: {names}.",
            "Change the credential in a copy of the current value, and keep the other members.",
            "PutSecretValue",
        )
