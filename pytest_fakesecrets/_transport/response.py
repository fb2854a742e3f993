"""
Responses for botocore: the HTTP response, and the dict that botocore's parser makes of it.

Like `botocore_hooks`, this module imports no slow modules before the first call.
"""

from __future__ import annotations

import datetime
import json
import logging
import time
from base64 import b64decode
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

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


#: The logger to which botocore's parser writes each response.
_PARSER_LOG = logging.getLogger("botocore.parsers")

#: Converts a JSON value to a value of a response dict. None: the value stays as it is.
Reader = Callable[[Any], Any] | None


def parsed(reply: Reply, model: OperationModel) -> dict[str, Any]:
    """The response dict that the endpoint of botocore makes of a reply."""
    if reply.status >= 300 or _PARSER_LOG.isEnabledFor(logging.DEBUG):
        return _parsed_by_botocore(reply, model)
    read = _reader_of(model)
    answer: dict[str, Any] = {} if read is None else read(json.loads(reply.body.decode() or "{}"))
    answer["ResponseMetadata"] = {
        "RequestId": reply.headers["x-amzn-requestid"],
        "HTTPStatusCode": reply.status,
        "HTTPHeaders": dict(reply.headers),
        "RetryAttempts": 0,
    }
    return answer


def _reader_of(model: OperationModel) -> Reader:
    """The reader of the output of an operation, made once for each model."""
    try:
        return _readers[model]
    except KeyError:
        reader = None if model.output_shape is None else _reader(model.output_shape)
        return _readers.setdefault(model, reader)


#: By the models of the clients, which may come from different copies of botocore's data.
_readers: WeakKeyDictionary[OperationModel, Reader] = WeakKeyDictionary()


def _reader(shape: Any) -> Reader:
    """A reader that converts as botocore's JSON parser does, which looks each member up in the model again."""
    if shape.type_name == "structure":
        return _structure({name: _reader(member) for name, member in shape.members.items()})
    if shape.type_name == "list":
        return _list(_reader(shape.member))
    if shape.type_name == "map":
        return _map(_reader(shape.value))
    if shape.type_name == "timestamp":
        return _timestamp
    return b64decode if shape.type_name == "blob" else None


def _structure(members: Mapping[str, Reader]) -> Reader:
    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: held if member is None else member(held)
            for name, member in members.items()
            if (held := value.get(name)) is not None
        }

    return read


def _list(member: Reader) -> Reader:
    return None if member is None else lambda value: [member(item) for item in value]


def _map(member: Reader) -> Reader:
    return None if member is None else lambda value: {key: member(item) for key, item in value.items()}


def _parsed_by_botocore(reply: Reply, model: OperationModel) -> dict[str, Any]:
    """The same by botocore's parser, which reads errors and writes to its log, and takes twice as long."""
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
