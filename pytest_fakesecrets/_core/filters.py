"""The filters of ListSecrets and BatchGetSecretValue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .errors import InvalidParameterException
from .secret import Secret

#: The words of a name such as "prod/AppBeta-7": a capital letter begins a new word, and the last of several
#: capitals belongs to the small letters after it (moto, tests marked aws_verified: test_with_all_filter).
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")

#: The maximum number of values in all filters of a request together (block/ftl issue 1937).
MAX_VALUES = 10

Texts = Iterable[str]


def secret_matcher(filters: Sequence[Mapping[str, Any]]) -> Callable[[Secret], bool]:
    """
    Return a predicate: a secret matches if each filter has at least one value that matches the secret.

    Raises:
        InvalidParameterException: a filter has no key or no values, or the filters together have too many values.
    """
    for requested in filters:
        if not requested.get("Key"):
            raise InvalidParameterException("Invalid filter key")
        if not requested.get("Values"):
            raise InvalidParameterException(f"Invalid filter values for key: {requested['Key']}")
    if sum(len(requested["Values"]) for requested in filters) > MAX_VALUES:
        raise InvalidParameterException(
            "The filter list has too many filters. You can include up to 10 filters."
        )

    def matches(secret: Secret) -> bool:
        return all(_filter_matches(requested["Key"], requested["Values"], secret) for requested in filters)

    return matches


def _filter_matches(key: str, values: Sequence[str], secret: Secret) -> bool:
    texts, comparison = _ATTRIBUTES[key]
    return any(_value_matches(comparison, value, texts(secret)) for value in values)


def _value_matches(comparison: Callable[[str, Texts], bool], value: str, texts: Texts) -> bool:
    return not comparison(value[1:], texts) if value.startswith("!") else comparison(value, texts)


def _has_prefix(value: str, texts: Texts) -> bool:
    return any(text.startswith(value) for text in texts)


def _has_prefix_in_any_case(value: str, texts: Texts) -> bool:
    return any(text.lower().startswith(value.lower()) for text in texts)


def _has_words(value: str, texts: Texts) -> bool:
    """Whether each word of the value is the beginning of a word of the texts. A value without words never matches."""
    secret_words = [word for text in texts for word in _words(text)]
    value_words = _words(value)
    return bool(value_words) and all(
        any(word.startswith(start) for word in secret_words) for start in value_words
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(text)]


def _if_set(text: str | None) -> Texts:
    return () if text is None else (text,)


def _all_texts(secret: Secret) -> Texts:
    tags = secret.tags or {}
    return (secret.name, *_if_set(secret.description), *tags, *tags.values())


#: By a filter's key: the texts of a secret that the filter reads, and the comparison of a value with them.
_ATTRIBUTES: Mapping[str, tuple[Callable[[Secret], Texts], Callable[[str, Texts], bool]]] = {
    "name": (lambda secret: (secret.name,), _has_prefix),
    "description": (lambda secret: _if_set(secret.description), _has_words),
    "tag-key": (lambda secret: tuple(secret.tags or ()), _has_prefix),
    "tag-value": (lambda secret: tuple((secret.tags or {}).values()), _has_prefix),
    "primary-region": (lambda secret: _if_set(secret.primary_region), _has_prefix),
    "owning-service": (lambda secret: _if_set(secret.owning_service), _has_prefix_in_any_case),
    "all": (_all_texts, _has_words),
}
