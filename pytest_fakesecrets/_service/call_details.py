"""What decided a call, in a few words: the label and the version that it read, or from where to where it moved a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._operations import Context, Response

OPERATIONS_WITH_DETAILS = frozenset({"GetSecretValue", "UpdateSecretVersionStage"})

_NOWHERE = "nowhere"

#: Parameters, by their Python names, that may differ between two requests for the same: values, and what a client draws.
_VARYING = frozenset({"client_request_token", "rotation_token", "secret_binary", "secret_string"})


def request_key(parameters: Mapping[str, Any]) -> int:
    """A key that is equal for two requests of an operation with the same parameters, values left out."""
    # A hash, because a call keeps no parameters. Those of an operation always have the same order.
    compared = tuple((name, value) for name, value in parameters.items() if name not in _VARYING)
    try:
        return hash(compared)
    except TypeError:  # lists and dicts have no hash
        return hash(repr(compared))


def detail_of(context: Context, parameters: Mapping[str, Any], response: Response | None) -> str | None:
    """
    What decided a call of one of `OPERATIONS_WITH_DETAILS`, or None.

    The message of a rejected read names the label or the version, so that has none.

    Examples: "AWSPENDING (v2)", "AWSCURRENT v1 -> v2", "AWSPENDING v2 -> nowhere".

    Args:
        response: None if the call was rejected.
    """
    secret = context.last_found
    if secret is None:
        return None
    if context.operation == "GetSecretValue":
        return None if response is None else _read(secret, parameters, response)
    return _moved(secret, parameters, is_rejected=response is None)


def _read(secret: Secret, parameters: Mapping[str, Any], response: Response) -> str:
    label = parameters.get("version_stage")
    if label is None and parameters.get("version_id") is None:
        label = CURRENT
    elif label is None:
        # The response has no VersionStages for a version without labels.
        label = "+".join(response.get("VersionStages", ["no label"]))
    return f"{label} ({secret.versions[response['VersionId']].alias})"


def _moved(before: Secret, parameters: Mapping[str, Any], *, is_rejected: bool) -> str:
    """
    Describe the move of a label.

    Args:
        before: the secret before the call.
    """
    label, target = parameters["version_stage"], parameters.get("move_to_version_id")
    if is_rejected:  # the move as it was requested
        source, shown = parameters.get("remove_from_version_id"), _known_label(before, label)
    else:
        source, shown = before.labels.get(label), label
    return f"{shown} {_alias(before, source)} -> {_alias(before, target)}"


def _alias(secret: Secret, version_id: str | None) -> str:
    if version_id is None:
        return _NOWHERE
    version = secret.versions.get(version_id)
    return "an unknown version" if version is None else version.alias


def _known_label(secret: Secret, label: str) -> str:
    """
    Return a label, or a placeholder if the secret has no such label.

    For rejected calls: their label may be anything, such as a value in the wrong argument. An accepted one is a label of
    the secret.
    """
    return label if label in (CURRENT, PENDING, PREVIOUS) or label in secret.labels else "another label"
