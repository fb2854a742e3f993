"""How a failure is told to people: with the function's own lines, and without a secret value."""

from __future__ import annotations

import base64
import json
import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from ._core.errors import RotationFailedWarning
from ._core.rotation import Rotation
from ._service import Service

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

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
SHORTEST = 4


def warn_of_failure(service: Service, rotation: Rotation, error: BaseException) -> None:
    """
    Issue a `RotationFailedWarning` that points at the line of the function.

    It never becomes an exception, not even with "-W error": on AWS too, who calls RotateSecret does
    not learn that the rotation fails.
    """
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(
        [line for line in told.stack if not line.filename.startswith(PACKAGE)]
    )
    text = without_values(f"{_headline(rotation)}\n{''.join(told.format()).rstrip()}", service)
    _warn(text, *_place(told, service, rotation))


def warn_of_abandonment(service: Service, rotation: Rotation) -> None:
    """Issue a `RotationFailedWarning` for a rotation that its own function has overtaken."""
    step = rotation.steps[-1].name
    nothing = traceback.TracebackException.from_exception(RotationFailedWarning())
    _warn(
        f"The rotation of {rotation.secret_id} was abandoned by its own function: {step} put a value that "
        "became current under another version id. Pass ClientRequestToken=event['ClientRequestToken'] and "
        "VersionStages=['AWSPENDING'] to put_secret_value().",
        *_place(nothing, service, rotation),
    )


def _warn(text: str, file: str, line: int) -> None:
    try:
        warnings.warn_explicit(text, RotationFailedWarning, file, line)
    except RotationFailedWarning:
        with warnings.catch_warnings():
            warnings.simplefilter("always", RotationFailedWarning)
            warnings.warn_explicit(text, RotationFailedWarning, file, line)


def _place(told: traceback.TracebackException, service: Service, rotation: Rotation) -> tuple[str, int]:
    """The line that raised; where none did, that of the function."""
    own = [line for line in told.stack if "site-packages" not in line.filename] or told.stack
    if own:
        return own[-1].filename, own[-1].lineno or 0
    handler = rotation.function_arn and service.functions.find(rotation.function_arn).handler
    code = getattr(handler, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (PACKAGE, 0)


def _headline(rotation: Rotation) -> str:
    step = f"{rotation.steps[-1].name}, attempt {rotation.attempt}"
    if rotation.status == "failed":
        run = "The test run" if rotation.is_test else "The rotation"
        return f"{run} of {rotation.secret_id} failed in {step}:"
    return (
        f"The rotation of {rotation.secret_id} was {rotation.status}, and its function then raised in {step}:"
    )


def without_parameters(text: str) -> str:
    """botocore's text about wrong parameters, without their values: what was never stored nobody can blot out."""
    return re.sub(r"value: .*, (?=type: |valid )", "", text, flags=re.DOTALL)


def without_values(text: str, service: Service) -> str:
    """The text with every secret value blotted out, as it is and as Python, JSON or a URL write it."""
    return blotter(service)(without_parameters(text))


def blotter(service: Service) -> Callable[[str], str]:
    """`without_values` for many texts of a world that stands still."""
    written = {form for value in _values(service) for form in written_forms(value) if len(form) >= SHORTEST}
    longest_first = sorted(written, key=len, reverse=True)

    def blot(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, "***")
        return text

    return blot


def _values(service: Service) -> Iterator[str | bytes]:
    """Every value of the world, the strings inside JSON values, and every password that was given out."""
    yield from service.passwords
    for region in list(service.store.regions.values()):
        for secret in list(region.secrets.values()):
            for version in secret.versions.values():
                if version.value is not None:
                    yield version.value
                    yield from _strings(parsed(version.value))


def written_forms(value: str | bytes) -> Iterator[str]:
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    yield repr(raw)[2:-1]
    yield base64.b64encode(raw).decode()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    yield value
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield value.encode("unicode_escape").decode()  # as pytest writes parameters into the id of a test
    yield json.dumps(value)[1:-1]
    yield repr(json.dumps(value)[1:-1])[1:-1]
    yield quote(value, safe="")
    yield quote(value)


def parsed(value: str | bytes) -> Any:
    """The JSON of a value, or None where it is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _strings(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, int | float):
        yield str(document)
    elif isinstance(document, dict):
        for name, member in document.items():
            if name not in _HARMLESS:
                yield from _strings(member)
    elif isinstance(document, list):
        for member in document:
            yield from _strings(member)
