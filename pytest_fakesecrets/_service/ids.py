"""Generates ids from a seed: unique, and the same in every run of a test."""

from __future__ import annotations

import string
from functools import cached_property
from random import Random

_ALPHABET = string.ascii_letters + string.digits
_SUFFIX_LENGTH = 6
_SUFFIXES = len(_ALPHABET) ** _SUFFIX_LENGTH
#: Coprime to the number of suffixes, so that each suffix occurs once before any repeats.
_STRIDE = 41_841_412_811

#: In a UUID of random bits, version 4 and variant 1 are fixed (RFC 9562, 5.4).
_FIXED_BITS = (4 << 76) | (0b10 << 62)
_RANDOM_BITS = ~((0xF << 76) | (0b11 << 62))


class Ids:
    """
    The generators of all values that are random on AWS.

    Each kind of id has its own generator, so that an additional request does not change the next version id.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        #: By the kind of id. Each is made when it is first used, since it takes 5 us.
        self._generators: dict[str, Random] = {}
        self._suffix: int | None = None

    def token(self) -> str:
        """A ClientRequestToken, which becomes a version id: a random UUID, as botocore generates it."""
        return _uuid(self._tokens)

    def request_id(self) -> str:
        return _uuid(self._requests)

    def suffix(self) -> str:
        """The six letters and digits at the end of a secret's ARN."""
        if self._suffix is None:
            self._suffix = self._generator("suffixes").randrange(_SUFFIXES)
        self._suffix = (self._suffix + _STRIDE) % _SUFFIXES
        number, characters = self._suffix, []
        for _ in range(_SUFFIX_LENGTH):
            number, digit = divmod(number, len(_ALPHABET))
            characters.append(_ALPHABET[digit])
        return "".join(characters)

    @cached_property
    def passwords(self) -> Random:
        return self._generator("passwords")

    @cached_property
    def _tokens(self) -> Random:
        return self._generator("tokens")

    @cached_property
    def _requests(self) -> Random:
        return self._generator("requests")

    def _generator(self, kind: str) -> Random:
        # Two threads that come here at once get the same one.
        return self._generators.setdefault(kind, Random(f"{kind} {self._seed}"))


def _uuid(random: Random) -> str:
    digits = f"{(random.getrandbits(128) & _RANDOM_BITS) | _FIXED_BITS:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
