"""GetRandomPassword."""

from __future__ import annotations

import string

from pytest_fakesecrets._core.errors import InvalidParameterException

from .context import Context, Response

_DEFAULT_LENGTH = 32


def get_random_password(
    context: Context,
    *,
    password_length: int = _DEFAULT_LENGTH,
    exclude_characters: str = "",
    exclude_numbers: bool = False,
    exclude_punctuation: bool = False,
    exclude_uppercase: bool = False,
    exclude_lowercase: bool = False,
    include_space: bool = False,
    require_each_included_type: bool = True,
) -> Response:
    character_sets = (
        (string.ascii_lowercase, exclude_lowercase),
        (string.ascii_uppercase, exclude_uppercase),
        (string.digits, exclude_numbers),
        (string.punctuation, exclude_punctuation),
    )
    types = [
        _without(characters, exclude_characters)
        for characters, is_excluded in character_sets
        if not is_excluded
    ]
    pool = "".join(types) + _without(" " if include_space else "", exclude_characters)

    if not pool:
        raise InvalidParameterException("All characters have been excluded from selection")
    # A space is allowed in the password, but is not a required type (measured through CloudFormation).
    required = types if require_each_included_type else []
    if not all(required):
        raise InvalidParameterException("All characters of the desired type have been excluded")
    if password_length < len(required):
        raise InvalidParameterException("Password length is too short based on the required types.")
    characters = [context.random.choice(characters) for characters in required]
    characters += context.random.choices(pool, k=password_length - len(required))
    context.random.shuffle(characters)
    return {"RandomPassword": "".join(characters)}


def _without(characters: str, excluded: str) -> str:
    return characters.translate(str.maketrans("", "", excluded))
