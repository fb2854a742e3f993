"""A mapping with uncommitted changes, which the current request reads and can still discard."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Overlay(MutableMapping[K, V]):
    """
    A base mapping with changes on top. The base mapping is not modified.

    Existing keys keep their order, and new keys come last, as in a dict.
    """

    def __init__(self, base: dict[K, V] | Overlay[K, V]) -> None:
        self._base = base
        #: The value of a removed key is None.
        self._changed: dict[K, V | None] = {}

    def __getitem__(self, key: K) -> V:
        value: V | None = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    # The get() of MutableMapping catches a KeyError of __getitem__ for each key that is missing, which takes longer.
    def get(self, key: K, default: Any = None) -> Any:
        value = self._changed[key] if key in self._changed else self._base.get(key)
        return default if value is None else value

    def __setitem__(self, key: K, value: V) -> None:
        self._changed[key] = value

    def __delitem__(self, key: K) -> None:
        self._changed[key] = None

    def __iter__(self) -> Iterator[K]:
        yield from (key for key in self._base if self._has(key))
        yield from (key for key in self._changed if key not in self._base and self._has(key))

    def __reversed__(self) -> Iterator[K]:
        yield from (key for key in reversed(self._changed) if key not in self._base and self._has(key))
        yield from (key for key in reversed(self._base) if self._has(key))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _has(self, key: K) -> bool:
        return key not in self._changed or self._changed[key] is not None
