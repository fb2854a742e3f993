"""The filters of ListSecrets and BatchGetSecretValue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .errors import InvalidParameterException
from .secret import Secret

#: The words of a name such as "prod/AppBeta-7": a capital begins a new one, and the last capital of a run
#: belongs to the small letters behind it (moto, tests marked aws_verified: test_with_all_filter).
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")

#: The values of all filters of a request together (block/ftl issue 1937).
MOST_VALUES = 10

Texts = Iterable[str]


def matching(filters: Sequence[Mapping[str, Any]]) -> Callable[[Secret], bool]:
    """
    Return a predicate: a secret matches if every filter matches it by at least one of its values.

    Raises:
        InvalidParameterException: a filter has no key, or no values; or all of them have too many values together.
    """
    for given in filters:
        if not given.get("Key"):
            raise InvalidParameterException("Invalid filter key")
        if not given.get("Values"):
            raise InvalidParameterException(f"Invalid filter values for key: {given['Key']}")
    if sum(len(given["Values"]) for given in filters) > MOST_VALUES:
        raise InvalidParameterException(
            "The filter list has too many filters. You can include up to 10 filters."
        )

    def matches(secret: Secret) -> bool:
        return all(_finds(given["Key"], given["Values"], secret) for given in filters)

    return matches


def _finds(key: str, values: Sequence[str], secret: Secret) -> bool:
    texts, match = _ATTRIBUTES[key]
    return any(_holds(match, value, texts(secret)) for value in values)


def _holds(match: Callable[[str, Texts], bool], value: str, texts: Texts) -> bool:
    return not match(value[1:], texts) if value.startswith("!") else match(value, texts)


def _has_prefix(value: str, texts: Texts) -> bool:
    return any(text.startswith(value) for text in texts)


def _has_prefix_in_any_case(value: str, texts: Texts) -> bool:
    return any(text.lower().startswith(value.lower()) for text in texts)


def _has_words(value: str, texts: Texts) -> bool:
    """Every word of the value begins some word of the texts; a value without words finds nothing."""
    held = [word for text in texts for word in _words(text)]
    asked = _words(value)
    return bool(asked) and all(any(word.startswith(start) for word in held) for start in asked)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(text)]


def _present(text: str | None) -> Texts:
    return () if text is None else (text,)


def _everything(secret: Secret) -> Texts:
    tags = secret.tags or {}
    return (secret.name, *_present(secret.description), *tags, *tags.values())


#: From a filter's key to the texts that it looks at, and how it compares.
_ATTRIBUTES: Mapping[str, tuple[Callable[[Secret], Texts], Callable[[str, Texts], bool]]] = {
    "name": (lambda secret: (secret.name,), _has_prefix),
    "description": (lambda secret: _present(secret.description), _has_words),
    "tag-key": (lambda secret: tuple(secret.tags or ()), _has_prefix),
    "tag-value": (lambda secret: tuple((secret.tags or {}).values()), _has_prefix),
    "primary-region": (lambda secret: _present(secret.primary_region), _has_prefix),
    "owning-service": (lambda secret: _present(secret.owning_service), _has_prefix_in_any_case),
    "all": (_everything, _has_words),
}
