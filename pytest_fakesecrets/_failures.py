"""How a failure is told to people: with the function's own lines, and without a secret value."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Iterator

from ._core.errors import RotationFailedWarning
from ._core.rotation import Rotation
from ._core.store import Region

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: Members of AWS's JSON structures for databases that tell no secret (user guide, reference_secret_json_structure).
_HARMLESS = frozenset(
    {
        "dbClusterIdentifier",
        "dbInstanceIdentifier",
        "dbname",
        "engine",
        "host",
        "masterarn",
        "port",
        "username",
    }
)

#: Shorter values would blot out half of a text, and give nothing away that can be used.
_SHORTEST = 4


def warn_of_failure(region: Region, rotation: Rotation, error: BaseException) -> None:
    """
    Issue a `RotationFailedWarning` that points at the line of the function.

    It never becomes an exception, not even with "-W error": on AWS too, who calls RotateSecret does
    not learn that the rotation fails.
    """
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(
        [line for line in told.stack if not line.filename.startswith(_PACKAGE)]
    )
    run = "The test run" if rotation.is_test else "The rotation"
    text = without_values(
        f"{run} of {rotation.secret_id} failed in {rotation.steps[-1].name}, attempt {rotation.attempt}:\n"
        + "".join(told.format()).rstrip(),
        region,
    )
    file, line = (told.stack[-1].filename, told.stack[-1].lineno or 0) if told.stack else (_PACKAGE, 0)
    try:
        warnings.warn_explicit(text, RotationFailedWarning, file, line)
    except RotationFailedWarning:
        with warnings.catch_warnings():
            warnings.simplefilter("always", RotationFailedWarning)
            warnings.warn_explicit(text, RotationFailedWarning, file, line)


def without_values(text: str, region: Region) -> str:
    """The text with every value of every secret, and every secret string inside a JSON value, blotted out."""
    for value in sorted(set(_values(region)), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text


def _values(region: Region) -> Iterator[str]:
    for secret in region.secrets.values():
        for version in secret.versions.values():
            if isinstance(version.value, bytes):
                yield version.value.decode("latin-1")
            elif version.value is not None:
                yield version.value
                yield from _strings(_parsed(version.value))


def _parsed(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return None


def _strings(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, member in document.items():
            if name not in _HARMLESS:
                yield from _strings(member)
    elif isinstance(document, list):
        for member in document:
            yield from _strings(member)
