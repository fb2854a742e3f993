"""Serializes responses: compact JSON 1.1, with dates in milliseconds and without null."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from pytest_fakesecrets._core.errors import ServiceError
from pytest_fakesecrets._operations import Response

CONTENT_TYPE = "application/x-amz-json-1.1"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND, _SECOND = timedelta(milliseconds=1), timedelta(seconds=1)
#: In seconds: a day from the limits of `datetime`, since no time zone is further away from UTC.
_FIRST, _LAST = -62_135_596_800 + 86_400, 253_402_300_799.999 - 86_400


class Reply(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The output of the operation, of which the body is the JSON; None for an error.
    output: Response | None = None

    def __repr__(self) -> str:
        return f"<Reply {self.status}: {len(self.body)} bytes>"


def encode(output: Response, request_id: str, now: datetime) -> Reply:
    # The response of an operation without an output shape has no body.
    body = written(output) if output else b""
    return Reply(200, _headers(body, request_id, now), body, output)


def encode_error(error: ServiceError, request_id: str, now: datetime) -> Reply:
    members = {"__type": error.code}
    if error.message:
        members[error.message_member] = error.message
    body = written(members)
    return Reply(error.status, _headers(body, request_id, now), body)


def _headers(body: bytes, request_id: str, now: datetime) -> Mapping[str, str]:
    return {
        "x-amzn-requestid": request_id,
        "content-type": CONTENT_TYPE,
        "content-length": str(len(body)),
        "date": http_date(now),
    }


def http_date(moment: datetime) -> str:
    """A moment in the format of the header Date, with whole seconds (RFC 9110, 5.6.7)."""
    return _http_date_of_second((moment - _EPOCH) // _SECOND)


@lru_cache(maxsize=16)  # by an int, which is hashed faster than a datetime
def _http_date_of_second(second: int) -> str:
    return format_datetime(_EPOCH + second * _SECOND, usegmt=True)


def _on_the_wire(value: object) -> object:
    if isinstance(value, date):
        return timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"No JSON for {value!r}")


def timestamp(moment: date) -> float:
    """A date, or a date with a time, as the service sends it, limited to what botocore can convert to local time."""
    seconds = _seconds(moment)
    if not (time.timezone or time.altzone):
        return seconds
    return min(max(seconds, _FIRST), _LAST)


@lru_cache(maxsize=4096)  # lists repeat the same dates
def _seconds(moment: date) -> float:
    if isinstance(moment, datetime):
        return (moment - _EPOCH) // _MILLISECOND / 1000
    return (moment - _EPOCH.date()) // _SECOND


# Responses have no cycles, so they are not searched for any.
_json = json.JSONEncoder(default=_on_the_wire, separators=(",", ":"), check_circular=False).encode


def written(document: Mapping[str, object]) -> bytes:
    """A document as JSON without spaces (response lengths in issue 33329 of Terraform's AWS provider)."""
    return _json(document).encode()
