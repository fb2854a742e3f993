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
_MILLISECOND = timedelta(milliseconds=1)
#: In seconds: a day from the limits of `datetime`, since no time zone is further away from UTC.
_FIRST, _LAST = -62_135_596_800 + 86_400, 253_402_300_799.999 - 86_400


class Reply(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Reply {self.status}: {len(self.body)} bytes>"


def encode(response: Response, request_id: str, now: datetime) -> Reply:
    # The response of an operation without an output shape has no body.
    body = written(response) if response else b""
    return _reply(200, body, request_id, now)


def encode_error(error: ServiceError, request_id: str, now: datetime) -> Reply:
    body = {"__type": error.code}
    if error.message:
        body[error.message_member] = error.message
    return _reply(error.status, written(body), request_id, now)


def _reply(status: int, body: bytes, request_id: str, now: datetime) -> Reply:
    headers = {
        "x-amzn-requestid": request_id,
        "content-type": CONTENT_TYPE,
        "content-length": str(len(body)),
        "date": http_date(now),
    }
    return Reply(status, headers, body)


def http_date(moment: datetime) -> str:
    """A moment in the format of the header Date, with whole seconds (RFC 9110, 5.6.7)."""
    return _of_second(moment.replace(microsecond=0))


@lru_cache(maxsize=16)
def _of_second(second: datetime) -> str:
    return format_datetime(second, usegmt=True)


def _on_the_wire(value: object) -> object:
    if isinstance(value, datetime):
        return _in_local_time(_seconds(value))
    if isinstance(value, date):
        return _in_local_time((value - _EPOCH.date()) // timedelta(seconds=1))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"No JSON for {value!r}")


@lru_cache(maxsize=4096)  # lists repeat the same dates
def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH) // _MILLISECOND / 1000


def _in_local_time(seconds: float) -> float:
    """A timestamp limited to what botocore can convert to the time zone of the process."""
    if not (time.timezone or time.altzone):
        return seconds
    return min(max(seconds, _FIRST), _LAST)


_json = json.JSONEncoder(default=_on_the_wire, separators=(",", ":")).encode


def written(document: Mapping[str, object]) -> bytes:
    """A document as JSON without spaces (response lengths in issue 33329 of Terraform's AWS provider)."""
    return _json(document).encode()
