"""Pages of a list, and the opaque NextToken that requests the next page."""

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
#: The sort key of an item. No two items of a list have the same key.
Key = tuple[str | int | date, ...]

#: The maximum and default size of a page of secrets, versions or policies.
MAX_PAGE_SIZE = 100
#: The maximum and default size of a page of BatchGetSecretValue.
MAX_BATCH_SIZE = 20

_DIGEST_SIZE = 16


class _Cursor(NamedTuple):
    """The position of a page in a list, and the end of the list when its first page was requested."""

    #: The keys of the last item that was listed, and of the last item of the list.
    last: Key
    end: Key
    #: The number of items that had been created by then.
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
    Return one page of *items*, and the NextToken of the next page, or None after the last page.

    A token contains keys and no index, so items may be added and removed between two pages. Each item that
    exists from the first page to the last, and keeps its key, is on exactly one page. Items that are created after
    the first page are never listed. An item is skipped if a new key moves it before the next page or after the end.
    So a program that changes the items of each page reaches the last page.

    Args:
        items: the whole list, in the ascending order of its keys.
        key: the key of an item.
        request: the request without its page size and token. A token is valid only for the same request.
        token: the token from the previous page, or None for the first page.
        size: the maximum number of items on the page.
        descending: whether the pages go from the last item to the first.
        number: the number of an item in the order of creation.
        count: the number of items that have been created so far.

    Raises:
        InvalidNextTokenException: the token does not belong to this request.
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
    """Return the indexes of the items that have not been listed, in the order of the list."""
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
    """Return a part of a key as JSON, with its type: only keys with the same types can be compared."""
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
