"""What decided a call, in a few words: the label and the version that it read, or from where to where it moved a label."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS
from pytest_fakesecrets._operations import Context, Response

OPERATIONS_WITH_DETAILS = frozenset({"GetSecretValue", "UpdateSecretVersionStage"})

_NOWHERE = "nowhere"

#: What may differ between two requests for the same: values, and what a client draws.
_VARYING = frozenset({"ClientRequestToken", "RotationToken", "SecretBinary", "SecretString"})


def request_key(body: bytes) -> int:
    """A key that is equal for two requests of an operation with the same parameters, values left out."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return hash(body)
    if not isinstance(document, dict):
        return hash(body)
    return hash(json.dumps({name: document[name] for name in sorted(document.keys() - _VARYING)}))


def detail_of(context: Context, parameters: Mapping[str, Any], response: Response | None) -> str | None:
    """
    What decided a call of one of `OPERATIONS_WITH_DETAILS`, or None.

    The message of a rejected read names the label or the version, so that has none.

    Examples: "AWSPENDING (v2)", "AWSCURRENT v1 -> v2", "AWSPENDING v2 -> nowhere".

    Args:
        context: that of the call, with what it has changed.
        response: the answer, or None where the call was rejected.
    """
    is_read = context.operation == "GetSecretValue"
    if is_read and response is None:
        return None
    secret_id = parameters.get("secret_id")
    secret = context.region.find(secret_id, context.now) if isinstance(secret_id, str) else None
    if secret is None:
        return None
    if response is not None and is_read:
        return _read(secret, parameters, response["VersionId"])
    return _moved(context, secret, parameters, is_rejected=response is None)


def _read(secret: Secret, parameters: Mapping[str, Any], version_id: str) -> str:
    label = parameters.get("version_stage")
    if label is None and parameters.get("version_id") is None:
        label = CURRENT
    elif label is None:
        label = "+".join(staging_labels.of(secret.labels, version_id)) or "no label"
    return f"{label} ({_alias(secret, version_id)})"


def _moved(context: Context, secret: Secret, parameters: Mapping[str, Any], *, is_rejected: bool) -> str:
    label = parameters["version_stage"]
    source, target = parameters.get("remove_from_version_id"), parameters.get("move_to_version_id")
    if not is_rejected:
        before = next((each.before for each in context.changes if isinstance(each.before, Secret)), secret)
        source = before.labels.get(label)
    return f"{_known(secret, label)} {_alias(secret, source)} -> {_alias(secret, target)}"


def _alias(secret: Secret, version_id: str | None) -> str:
    if version_id is None:
        return _NOWHERE
    version = secret.versions.get(version_id)
    return "an unknown version" if version is None else version.alias


def _known(secret: Secret, label: str) -> str:
    """A label, or a placeholder where the secret has no such label: a caller may have put a value into its place."""
    return label if label in (CURRENT, PENDING, PREVIOUS) or label in secret.labels else "another label"
