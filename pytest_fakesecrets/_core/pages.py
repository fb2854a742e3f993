"""Pages of a list, and the opaque tokens that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from .errors import InvalidNextTokenException

Item = TypeVar("Item")

#: The largest page of the lists of secrets and versions, and what is given where no size is asked for.
LARGEST = 100
#: The same for BatchGetSecretValue.
LARGEST_BATCH = 20


def page(
    items: Sequence[Item], asked: object, token: str | None, size: int
) -> tuple[Sequence[Item], str | None]:
    """
    One page of *items*, and the token of the next one, or None after the last.

    Args:
        items: the whole list, in its order.
        asked: what the list depends on; a token is good for the same question only.
        token: what the page before has given, or None for the first.
        size: how many items at the most.

    Raises:
        InvalidNextTokenException: the token was not given for this question.
    """
    start = 0 if token is None else _offset(token, asked)
    following = start + size
    return items[start:following], _token(following, asked) if following < len(items) else None


def _token(offset: int, asked: object) -> str:
    return base64.urlsafe_b64encode(offset.to_bytes(8, "big") + _digest(offset, asked)).decode()


def _offset(token: str, asked: object) -> int:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    offset = int.from_bytes(raw[:8], "big")
    if raw[8:] != _digest(offset, asked):
        raise InvalidNextTokenException("The NextToken value is invalid.")
    return offset


def _digest(offset: int, asked: object) -> bytes:
    return blake2b(repr((offset, asked)).encode(), digest_size=16).digest()
