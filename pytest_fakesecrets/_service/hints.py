"""Hints for AWS errors whose message hides the usual cause in a test."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from pytest_fakesecrets._core import exception_chain
from pytest_fakesecrets._core.arn import SecretArn, parse_secret_arn
from pytest_fakesecrets._core.displayed_names import looks_like_a_value
from pytest_fakesecrets._core.errors import (
    TAKES_AN_ARN,
    AccessDeniedException,
    ResourceNotFoundException,
    ServiceError,
    ValidationException,
)
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._operations import Context

from .format_hints import format_in
from .functions import Functions
from .history import Call, Event
from .redaction import QUOTED, Redact
from .reporting_errors import text_of

PREFIX = "hint: "

#: The maximum number of secrets whose names are compared with one that does not exist.
_MAX_COMPARED = 50

_FUNCTION_ELSEWHERE = (
    "A rotation function has to be in the region of its secret, {region}. "
    "Add it with add_rotation_function(handler, region_name={region!r})."
)
_ADD_FUNCTION = "Add the rotation function with add_rotation_function() and pass the ARN that it returns."
_KNOWN_FUNCTIONS = " The fake has these functions:{known}"
_NO_FUNCTIONS = " The fake has no rotation functions yet."
_OTHER_REGION = "The client is in {region}, and the secret {name!r} is in {regions}."
#: The beginning of the hint about a client of another region than the secret.
OTHER_REGION = f"{PREFIX}{_OTHER_REGION.partition('{')[0]}"
_NO_SECRET = "The fake has no secret {name!r} in {region}."
_OTHER_ENDING = "There is {name!r}, but its ARN ends with {found}, not with {asked}."
_NO_ENDING = "There is {name!r}, but its ARN ends with {found}, which this ARN does not have. "
_TAKEN_FOR_AN_ENDING = "Secrets Manager takes {asked} for these characters."
_OTHER_PART = "There is {name!r} in {region}, but its ARN has the {part} {found}, not {asked}."
_LIKE_A_VALUE = "The SecretId is the name or the ARN of a secret, and this one looks like a value."
_SIMILAR = " Did you mean {similar!r}?"
_CREATE = " Create it with create_secret() or fake.add_secret()."
_NO_ROTATION = (
    "AWSPENDING is on a version without AWSCURRENT, and no rotation is in progress. Remove the label."
)
_IN_PROGRESS = "The previous rotation waits for its step {step}. Run it with step() or run()."
_PAUSED = "The previous rotation waits for its step {step}, since rotation_paused() holds it. Leave its block first."
_UNFINISHED = "The previous rotation has {status}. Run its retry, or remove AWSPENDING from its version."

#: The constant parts of all hints, which are not redacted.
WORDS = (
    PREFIX,
    *(
        words
        for hint in (
            _FUNCTION_ELSEWHERE,
            _ADD_FUNCTION,
            _KNOWN_FUNCTIONS,
            _NO_FUNCTIONS,
            _OTHER_REGION,
            _NO_SECRET,
            _OTHER_ENDING,
            _NO_ENDING,
            _TAKEN_FOR_AN_ENDING,
            _OTHER_PART,
            _LIKE_A_VALUE,
            _SIMILAR,
            _CREATE,
            _NO_ROTATION,
            _IN_PROGRESS,
            _PAUSED,
            _UNFINISHED,
        )
        for words in re.split(r"\{.*?\}", hint)
    ),
)


def hint_for(
    rejected: ServiceError,
    context: Context,
    secret_id: str | None,
    functions: Functions,
    is_paused: Callable[[str], bool],
) -> str | None:
    """
    A hint for the report of a failed test, or None. The error response does not contain it.

    Args:
        is_paused: whether `rotation_paused` holds the rotations of the secret with an ARN.
    """
    text = rejected.hint or (format_in(rejected.message) if isinstance(rejected, ValidationException) else "")
    if not text and secret_id is not None:
        text = _text(rejected, context, secret_id, functions, is_paused)
    return Hint(f"{PREFIX}{text}") if text else None


class Hint(str):
    """A hint of this package, whose variable parts are quoted, or are public names and regions."""

    __slots__ = ()


def redacted_hint(hint: str, redact: Redact) -> str:
    """Return a hint with its variable parts redacted, but not its fixed words."""
    fixed = QUOTED.split(hint) if isinstance(hint, Hint) else ()
    return redact(hint, keep=(*WORDS, *fixed)) if hint else ""


def add_notes(error: BaseException, events: Iterable[Event], redact: Redact) -> None:
    """Add the hints of rejected calls to the exceptions that a client raised for these calls, as notes if possible."""
    for each, hint in _hints(error, events, redact):
        exception_chain.add_note(each, hint)


def add_note_about_arn(error: BaseException) -> None:
    """Add a hint where botocore has rejected a function as the RotationLambdaARN of a call."""
    for each in exception_chain.causes(error):
        if type(each).__name__ == "ParamValidationError" and "for parameter RotationLambdaARN" in str(each):
            exception_chain.add_note(each, f"{PREFIX}{TAKES_AN_ARN}")


def add_note_about_format(error: BaseException) -> None:
    """Add the format of a member that botocore has rejected to its exception, which names only the member."""
    if type(error).__name__ == "ParamValidationError" and (text := format_in(text_of(error))):
        exception_chain.add_note(error, f"{PREFIX}{text}")


def hints_of(error: BaseException, events: Iterable[Event], redact: Redact) -> list[str]:
    """The hints of rejected calls for which a client raised an exception, or one that it was raised for."""
    return [hint for _, hint in _hints(error, events, redact) if hint.startswith(PREFIX)]


def _hints(
    error: BaseException, events: Iterable[Event], redact: Redact
) -> Iterator[tuple[BaseException, str]]:
    hints = {event.request_id: event.hint for event in events if isinstance(event, Call) and event.hint}
    for each in exception_chain.causes(error) if hints else ():
        hint = hints.get(_request_id(each))
        if hint is not None:
            yield each, redacted_hint(hint, redact)


def _request_id(error: BaseException) -> str:
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    return str(metadata.get("RequestId")) if isinstance(metadata, Mapping) else ""


def _text(
    rejected: ServiceError,
    context: Context,
    secret_id: str,
    functions: Functions,
    is_paused: Callable[[str], bool],
) -> str:
    if isinstance(rejected, AccessDeniedException):
        return _unknown_function(functions)
    secret = context.region.find(secret_id, context.now)
    if isinstance(rejected, ResourceNotFoundException) and secret is None:
        return _no_secret(context, secret_id)
    if "rotation Lambda ARN" in rejected.message and secret is not None:
        return _FUNCTION_ELSEWHERE.format(region=secret.region)
    if "previous rotation isn't complete" in rejected.message and secret is not None:
        return _unfinished(context, secret, is_paused)
    return ""


def _unknown_function(functions: Functions) -> str:
    known = "".join(f"\n- {arn}" for arn in functions.arns)
    return _ADD_FUNCTION + (_KNOWN_FUNCTIONS.format(known=known) if known else _NO_FUNCTIONS)


def _no_secret(context: Context, secret_id: str) -> str:
    if looks_like_a_value(secret_id):
        return _LIKE_A_VALUE
    arn = parse_secret_arn(secret_id)
    name = secret_id if arn is None else arn.name
    elsewhere = sorted(
        region.name
        for region in context.draft.store.regions.values()
        if region is not context.region and name in region.secrets
    )
    if elsewhere:
        return _OTHER_REGION.format(region=context.region_name, name=name, regions=", ".join(elsewhere))
    if arn is not None and (difference := _difference_of_arns(context, arn)):
        return difference
    names = [secret.name for secret in islice(context.region.existing(context.now), _MAX_COMPARED)]
    similar = difflib.get_close_matches(name, names, 1)
    advice = _SIMILAR.format(similar=similar[0]) if similar else _CREATE
    return _NO_SECRET.format(name=name, region=context.region_name) + advice


def _difference_of_arns(context: Context, asked: SecretArn) -> str:
    """How the ARN of a secret with the name in another ARN differs from that one, or "" if there is no such secret."""
    region = context.region
    secret = region.find(asked.rest, context.now) or region.find(asked.name, context.now)
    arn = parse_secret_arn(secret.arn) if secret is not None else None
    if secret is None or arn is None:
        return ""
    for part, found, other in (
        ("region", arn.region, asked.region),
        ("account", arn.account, asked.account),
    ):
        if found != other:
            return _OTHER_PART.format(
                name=secret.name, region=region.name, part=part, found=found, asked=other
            )
    found, ending = arn.rest[-7:], asked.rest[-7:]
    if secret.name == asked.rest:
        return _NO_ENDING.format(name=secret.name, found=found) + _TAKEN_FOR_AN_ENDING.format(asked=ending)
    return _OTHER_ENDING.format(name=secret.name, found=found, asked=ending)


def _unfinished(context: Context, secret: Secret, is_paused: Callable[[str], bool]) -> str:
    rotation = context.region_of(secret.arn).unfinished_rotation(secret)
    if rotation is None:
        return _NO_ROTATION
    if rotation.status == "in progress":
        hint = _PAUSED if is_paused(secret.arn) else _IN_PROGRESS
        return hint.format(step=rotation.next_step)
    return _UNFINISHED.format(status=rotation.status)
