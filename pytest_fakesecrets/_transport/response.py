"""
Responses for botocore: the HTTP response, and the dict that botocore's parser makes of it.

Like `botocore_hooks`, this module imports no slow modules before the first call.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Generator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from botocore.awsrequest import HeadersDict
    from botocore.model import OperationModel
    from botocore.parsers import ResponseParser

    from pytest_fakesecrets._service.serializer import Reply


class Response:
    """An HTTP response as botocore and aiobotocore read it."""

    def __init__(self, url: str, reply: Reply) -> None:
        self.url = url
        self.status_code = reply.status
        self._headers = reply.headers
        self.content = _Body(reply.body)

    @property
    def raw(self) -> _Raw:
        return _Raw([(name.encode(), value.encode()) for name, value in self._headers.items()])

    @cached_property
    def headers(self) -> HeadersDict:
        from botocore.awsrequest import HeadersDict

        return HeadersDict(self._headers)

    @property
    def text(self) -> str:
        return self.content.decode()


class _Raw(NamedTuple):
    """The raw response, from which older versions of aiobotocore read the headers."""

    raw_headers: Sequence[tuple[bytes, bytes]]


class _Body(bytes):
    """Bytes for botocore that can also be awaited, for aiobotocore."""

    def __await__(self) -> Generator[None, None, bytes]:
        yield from ()
        return bytes(self)

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__


def parsed(reply: Reply, model: OperationModel) -> dict[str, Any]:
    """The response dict that the endpoint of botocore makes of a reply."""
    parser = _parser()
    response = {
        "headers": dict(reply.headers),
        "status_code": reply.status,
        "body": reply.body,
        "context": {"operation_name": model.name},
    }
    answer: dict[str, Any] = parser.parse(response, model.output_shape)  # type: ignore[arg-type]  # None is allowed
    if reply.status >= 300:
        shape = model.service_model.shape_for_error_code(answer["Error"]["Code"])
        if shape is not None:
            answer.update(parser.parse(response, shape))
    answer["ResponseMetadata"]["RetryAttempts"] = 0
    return answer


@lru_cache(maxsize=1)
def _parser() -> ResponseParser:
    from botocore.parsers import JSONParser

    return JSONParser(timestamp_parser=_timestamp)


def _timestamp(value: Any) -> datetime.datetime:
    """A parsed timestamp, cached: parsing takes half of the time of a call, and the same dates repeat."""
    return _timestamp_in(value, datetime.datetime, time.timezone, time.altzone, time.tzname)


@lru_cache(maxsize=4096)
def _timestamp_in(value: Any, *local_time: object) -> datetime.datetime:
    """A parsed timestamp in local time. The key includes the time zone, and the class that freezegun replaces."""
    from botocore.utils import parse_timestamp

    return parse_timestamp(value)
