"""
Responses for botocore: the HTTP response, and the dict that botocore's parser makes of it.

Like `botocore_hooks`, this module imports no slow modules before the first call.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from botocore.awsrequest import HeadersDict
    from botocore.model import OperationModel

    from pytest_fakesecrets._service.serializer import Reply


class Response:
    """An HTTP response as botocore and aiobotocore read it."""

    def __init__(self, url: str, reply: Reply) -> None:
        self.url = url
        self.status_code = reply.status
        self._reply = reply

    @property
    def raw(self) -> _Raw:
        return _Raw([(name.encode(), value.encode()) for name, value in self._reply.headers.items()])

    @property
    def content(self) -> _Body:
        return _Body(self._reply.body)

    @cached_property
    def headers(self) -> HeadersDict:
        from botocore.awsrequest import HeadersDict

        return HeadersDict(self._reply.headers)

    @property
    def text(self) -> str:
        return self._reply.body.decode()


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

#: Converts a value of a response to what botocore's parser makes of it. None: the value stays as it is.
Converter = Callable[[Any], Any] | None


def response_dict(reply: Reply, model: OperationModel) -> dict[str, Any]:
    """
    The response dict that the endpoint of botocore makes of a reply.

    It is made of the output of the operation: to parse the JSON of the output takes three times as long. Both ways give
    the same, because each member that the store holds is equal to its JSON round trip: the members of requests are
    decoded from JSON, and those of seeds pass `json_round_trip`.
    """
    if reply.output is None or _PARSER_LOG.isEnabledFor(logging.DEBUG):
        return _parsed_by_botocore(reply, model)
    convert = _converter_for(model)
    response: dict[str, Any] = {} if convert is None else convert(reply.output)
    response["ResponseMetadata"] = {
        "RequestId": reply.headers["x-amzn-requestid"],
        "HTTPStatusCode": reply.status,
        "HTTPHeaders": dict(reply.headers),
        "RetryAttempts": 0,
    }
    return response


def _converter_for(model: OperationModel) -> Converter:
    """The converter of the output of an operation, built once for each model."""
    try:
        return _cached_converters[model]
    except KeyError:
        converter = None if model.output_shape is None else _build_converter(model.output_shape)
        return _cached_converters.setdefault(model, converter)


#: By the models of the clients, which may come from different copies of botocore's data.
_cached_converters: WeakKeyDictionary[OperationModel, Converter] = WeakKeyDictionary()


def _build_converter(shape: Any) -> Converter:
    """Build the converter of the values of a shape. It copies lists and maps: the caller of a client may change them."""
    if shape.type_name == "structure":
        return _structure([(name, _build_converter(member)) for name, member in shape.members.items()])
    if shape.type_name == "list":
        return _list(_build_converter(shape.member))
    if shape.type_name == "map":
        return _map(_build_converter(shape.value))
    # A blob stays as it is: the output holds the bytes, and only their JSON is Base64 text.
    return _timestamp if shape.type_name == "timestamp" else None


def _structure(members: Sequence[tuple[str, Converter]]) -> Converter:
    def convert(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: item if member is None else member(item)
            for name, member in members
            if (item := value.get(name)) is not None
        }

    return convert


def _list(member: Converter) -> Converter:
    return list if member is None else lambda value: [member(item) for item in value]


def _map(member: Converter) -> Converter:
    return dict if member is None else lambda value: {key: member(item) for key, item in value.items()}


def _timestamp(moment: datetime.date) -> datetime.datetime:
    """A date as botocore parses it, cached: parsing takes half of the time of a call, and the same dates repeat."""
    return _timestamp_in(moment, datetime.datetime, time.timezone, time.altzone, time.tzname)


@lru_cache(maxsize=4096)
def _timestamp_in(moment: datetime.date, *local_time: object) -> datetime.datetime:
    """A date in local time. The key includes the time zone, and the class that freezegun replaces."""
    from botocore.utils import parse_timestamp

    from pytest_fakesecrets._service.serializer import timestamp

    return parse_timestamp(timestamp(moment))  # type: ignore[arg-type]  # numbers are allowed


def _parsed_by_botocore(reply: Reply, model: OperationModel) -> dict[str, Any]:
    """The same by botocore's parser, which reads errors and writes to its log."""
    from botocore.parsers import JSONParser

    parser = JSONParser()
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
