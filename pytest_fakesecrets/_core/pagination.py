"""Pages of a list, and the opaque tokens that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from .errors import InvalidNextTokenException, ServiceError

Item = TypeVar("Item")
#: What a list is sorted by. No two items of a list have the same key.
Key = tuple[str | int | date, ...]

#: The largest page of the lists of secrets, versions and policies, and the size of a page where none is requested.
MAX_PAGE_SIZE = 100
#: The same for BatchGetSecretValue.
MAX_BATCH_SIZE = 20

_DIGEST_SIZE = 16


class _Cursor(NamedTuple):
    """The position of a page in a list, and the extent of the list at its first page."""

    #: The keys of the last item that was listed, and of the item that the list ended with.
    last: Key
    end: Key
    #: How many items had been created.
    created: int


def page(
    items: Sequence[Item],
    key: Callable[[Item], Key],
    request: object,
    token: str | None,
    size: int,
    *,
    descending: bool = False,
    number: Callable[[Item], int] = lambda item: 0,
    count: int = 0,
) -> tuple[Sequence[Item], str | None]:
    """
    One page of *items*, and the token of the next page, or None after the last.

    A token holds keys and no position, so items may come and go between two pages: every item that
    was there at the first page, stays there and keeps its key is on exactly one page. Items created
    later are never listed. An item whose key moves it behind the current page or past the end is skipped. So a
    program that changes what it lists comes to an end.

    Args:
        items: the whole list, in the ascending order of its keys.
        key: the key of an item.
        asked: the request without its size of pages; a token is valid for the same request only.
        token: the token of the page before, or None for the first page.
        size: how many items at the most.
        descending: whether the pages go from the last item to the first.
        number: how many items had been created with an item.
        count: how many items have been created.

    Raises:
        InvalidNextTokenException: the token was not given for this request.
    """
    cursor = None if token is None else _decode_token(token, request)
    count = count if cursor is None else cursor.created
    listed: list[Item] = []
    for index in _remaining_indexes(items, key, cursor, descending):
        if number(items[index]) > count:
            continue
        if len(listed) == size:
            end = cursor.end if cursor is not None else key(items[0 if descending else -1])
            return listed, _encode_token(_Cursor(key(listed[-1]), end, count), request)
        listed.append(items[index])
    return listed, None


def _remaining_indexes(
    items: Sequence[Item], key: Callable[[Item], Key], cursor: _Cursor | None, descending: bool
) -> Iterable[int]:
    """Where the items are that have not been listed, in the order of the list."""
    if cursor is None:
        first, end = 0, len(items)
    elif descending:
        first, end = bisect_left(items, cursor.end, key=key), bisect_left(items, cursor.last, key=key)
    else:
        first, end = bisect_right(items, cursor.last, key=key), bisect_right(items, cursor.end, key=key)
    return range(end - 1, first - 1, -1) if descending else range(first, end)


def _encode_token(cursor: _Cursor, request: object) -> str:
    keys = [[_encode_part(part) for part in key] for key in (cursor.last, cursor.end)]
    payload = json.dumps([*keys, cursor.created], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(payload, request) + payload).decode()


def _decode_token(token: str, request: object) -> _Cursor:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    digest, payload = raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]
    if digest != _digest(payload, request):
        raise invalid_token()
    last, end, created = json.loads(payload)
    return _Cursor(_decode_key(last), _decode_key(end), created)


def invalid_token() -> ServiceError:
    return InvalidNextTokenException("The NextToken value is invalid.")


def _digest(payload: bytes, request: object) -> bytes:
    return blake2b(
        payload + repr(request).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_SIZE
    ).digest()


def _encode_part(part: str | int | date) -> tuple[str, str | int]:
    """A part of a key as JSON, with its kind, since keys of one kind alone can be compared."""
    if isinstance(part, datetime):
        return "datetime", part.isoformat()
    if isinstance(part, date):
        return "date", part.isoformat()
    return "", part


def _decode_key(payload: Sequence[tuple[str, str]]) -> Key:
    return tuple(_decode_part(kind, part) for kind, part in payload)


def _decode_part(kind: str, payload: str) -> str | int | date:
    if kind == "datetime":
        return datetime.fromisoformat(payload)
    if kind == "date":
        return date.fromisoformat(payload)
    return payload
