"""Hints for AWS errors whose message hides the usual cause in a test."""

from __future__ import annotations

import re

from pytest_fakesecrets._core.arn import parse_secret_arn
from pytest_fakesecrets._core.errors import AccessDeniedException, ResourceNotFoundException, ServiceError
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._operations import Context

from .functions import Functions

_FUNCTION_ELSEWHERE = (
    "The secret is in {region}, and its function has to be there too: "
    "add_rotation_function(handler, region_name={region!r})."
)
_ADD_FUNCTION = "Add the rotation function with add_rotation_function() and pass the ARN that it returns."
_KNOWN_FUNCTIONS = " The fake knows:{known}"
_NO_FUNCTIONS = " The fake knows none yet."
_OTHER_REGION = "The call went to {region}; there is a secret {name!r} in {regions}."
_NO_ROTATION = "AWSPENDING is on a version without AWSCURRENT, though no rotation has put it there."
_IN_PROGRESS = "That rotation waits for {step}: go on with step() or run()."
_UNFINISHED = "That rotation has {status}: repair its labels, or retry it."

#: The constant parts of all hints, which are not redacted.
WORDS = tuple(
    words
    for hint in (
        _FUNCTION_ELSEWHERE,
        _ADD_FUNCTION,
        _KNOWN_FUNCTIONS,
        _NO_FUNCTIONS,
        _OTHER_REGION,
        _NO_ROTATION,
        _IN_PROGRESS,
        _UNFINISHED,
    )
    for words in re.split(r"\{.*?\}", hint)
)


def hint_for(
    refused: ServiceError, context: Context, secret_id: str | None, functions: Functions
) -> str | None:
    """A hint for the report of a failed test, or None. The error response does not contain it."""
    if secret_id is None:
        return None
    if isinstance(refused, AccessDeniedException):
        return _unknown_function(functions)
    secret = context.region.find(secret_id, context.now)
    if isinstance(refused, ResourceNotFoundException) and secret is None:
        return _other_region(context, secret_id)
    if "rotation Lambda ARN" in refused.message and secret is not None:
        return _FUNCTION_ELSEWHERE.format(region=secret.region)
    if "previous rotation isn't complete" in refused.message and secret is not None:
        return _unfinished(context, secret)
    return None


def _unknown_function(functions: Functions) -> str:
    known = "".join(f"\n- {arn}" for arn in functions.arns)
    return _ADD_FUNCTION + (_KNOWN_FUNCTIONS.format(known=known) if known else _NO_FUNCTIONS)


def _other_region(context: Context, secret_id: str) -> str | None:
    arn = parse_secret_arn(secret_id)
    name = secret_id if arn is None else arn.name
    elsewhere = sorted(
        region.name
        for region in context.store.store.regions.values()
        if region is not context.region and name in region.secrets
    )
    if not elsewhere:
        return None
    return _OTHER_REGION.format(region=context.region_name, name=name, regions=", ".join(elsewhere))


def _unfinished(context: Context, secret: Secret) -> str | None:
    rotation = context.home(secret.arn).unfinished_rotation(secret)
    if rotation is None:
        return _NO_ROTATION
    if rotation.status == "in progress":
        return _IN_PROGRESS.format(step=rotation.next_step)
    return _UNFINISHED.format(status=rotation.status)
