"""Create the secrets of tests, with a state that API calls alone cannot reach."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pytest_fakesecrets._core.arn import check_name
from pytest_fakesecrets._core.displayed_names import looks_like_a_value
from pytest_fakesecrets._core.errors import FakeSecretsError, ServiceError
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.secret import RotationSettings, Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS

from .context import Context
from .rotation import parse_rotation_rules
from .secrets import new_secret
from .tags import OWNER_TAG

#: The rules that RDS sets for a secret that it manages (floci, pull request 2378, checked on AWS).
_MANAGED_RULES = {"AutomaticallyAfterDays": 7}
#: The arguments that are strings, and stored as they are.
_TEXTS = ("owning_service", "type", "description", "kms_key_id")

T = TypeVar("T")

#: A value as an argument of a test.
SeedValue = Value | Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The contents of a seeded secret. The caller generates the version ids."""

    #: Fields that may contain a secret value are excluded from the repr.
    value: Value | None = field(repr=False)
    previous_value: Value | None = field(repr=False)
    deprecated_values: Sequence[Value] = field(repr=False)
    is_stuck: bool
    pending_value: Value | None = field(repr=False)
    owning_service: str | None
    type: str | None
    description: str | None = field(repr=False)
    kms_key_id: str | None
    tags: Mapping[str, str] | None = field(repr=False)
    created_at: datetime
    last_rotated_at: datetime | None
    function_arn: str | None
    rotation_rules: Mapping[str, Any] | None = field(repr=False)


def add_secret(context: Context, name: str, seed: Seed, tokens: Sequence[str]) -> Secret:
    """
    Create a secret from *seed*.

    Raises:
        FakeSecretsError: a secret with that name exists, or the parts of the seed contradict one another.
    """
    _check_seed(context, name, seed)
    created_at = seed.created_at
    secret = new_secret(
        context,
        name,
        created_at=created_at,
        owning_service=seed.owning_service,
        type=seed.type,
        description=seed.description,
        kms_key_id=seed.kms_key_id,
        tags=_tags(seed),
    )
    secret = replace(secret, rotation=_settings(secret, seed), last_rotated_at=seed.last_rotated_at)
    secret = replace(secret, last_window=_last_window(secret, context.now))
    unused_tokens = list(tokens)
    changed_at = seed.last_rotated_at or created_at
    for value in seed.deprecated_values:
        secret = _with_version(secret, unused_tokens.pop(), value, None, created_at)
    if seed.previous_value is not None:
        secret = _with_version(secret, unused_tokens.pop(), seed.previous_value, PREVIOUS, created_at)
    if seed.value is not None:
        secret = _with_version(secret, unused_tokens.pop(), seed.value, CURRENT, changed_at)
    if seed.is_stuck:
        secret = _with_version(secret, unused_tokens.pop(), seed.pending_value, PENDING, changed_at)
    context.save(replace(secret, last_changed_at=changed_at))
    if seed.is_stuck:
        context.save_rotation(_failed_rotation(secret, seed, changed_at))
    return secret


def _tags(seed: Seed) -> Mapping[str, str] | None:
    if seed.owning_service is None:
        return None if seed.tags is None else dict(seed.tags)
    return {OWNER_TAG: seed.owning_service, **(seed.tags or {})}


def _with_version(
    secret: Secret, token: str, value: Value | None, label: str | None, now: datetime
) -> Secret:
    labels = secret.labels if label is None else {**secret.labels, label: token}
    return secret.with_version(secret.new_version(token, now, value), labels, now)


def _last_window(secret: Secret, now: datetime) -> datetime | None:
    """Return when the latest window before now opened, so that past windows start no rotation."""
    settings = secret.rotation
    return None if settings is None else settings.schedule.last_opening(settings.counted_from, now)


def _failed_rotation(secret: Secret, seed: Seed, moment: datetime) -> Rotation:
    return Rotation(
        secret_id=secret.arn,
        token=secret.labels[PENDING],
        started_at=moment,
        status="failed",
        function_arn=seed.function_arn,
        error=FakeSecretsError("The secret was seeded with a rotation that had failed."),
    )


def _settings(secret: Secret, seed: Seed) -> RotationSettings | None:
    rules = seed.rotation_rules
    if secret.is_rotated_by_owner:
        rules = rules or _MANAGED_RULES
    elif seed.function_arn is None:
        return None
    return RotationSettings(
        enabled=True,
        schedule=parse_rotation_rules(rules or {}, seed.created_at),
        counted_from=seed.last_rotated_at or seed.created_at,
        function_arn=seed.function_arn,
    )


def check_is_a_name(name: object) -> None:
    """
    Reject what looks like a value, before a message shows it.

    Raises:
        FakeSecretsError: it does, or it is an object that may contain a value.
    """
    if looks_like_a_value(name) or isinstance(name, bytes | Mapping | list | tuple):
        raise FakeSecretsError(
            "The secret cannot be added: Invalid name. It looks like a value, so it is not shown here.\n"
            "hint: The first argument is the name, and the second is the value."
        )


def json_round_trip(member: T) -> T:
    """
    Return a string or a dict of strings as a request would carry it.

    JSON turns an instance of a subclass of str into a str, and joins surrogate pairs. `response_dict` relies on stored
    members that are equal to their JSON round trip.
    """
    carried: T = json.loads(json.dumps(member))
    return carried


def stored_value(value: SeedValue | None) -> Value | None:
    """
    Return a value as it is stored. A dict is stored as compact JSON.

    Raises:
        FakeSecretsError: the value has another type, or a member that JSON cannot express.
    """
    if isinstance(value, str):
        return json_round_trip(value)
    if isinstance(value, bytes):
        return bytes(value)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise FakeSecretsError(
            "A value is a str, bytes, or a dict, which is stored as JSON; not an object of type "
            f"{type(value).__name__}."
        )
    try:
        _check_member_names(value)
        return json.dumps(dict(value), separators=(",", ":"), allow_nan=False)
    except (
        TypeError,
        ValueError,
        RecursionError,
    ) as error:  # their messages name types, and no values but nan and inf
        raise FakeSecretsError(
            f"A dict is stored as JSON, and JSON cannot express this one: {error}."
        ) from None


def stored_values(values: Sequence[SeedValue]) -> list[Value]:
    """
    Return several values as they are stored.

    Raises:
        FakeSecretsError: *values* is not a list of values.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Sequence):
        raise FakeSecretsError("deprecated_values is a list of values, oldest first, and not one of them.")
    stored = [value for value in map(stored_value, values) if value is not None]
    if len(stored) < len(values):
        raise FakeSecretsError("A deprecated version has a value: leave None out of deprecated_values.")
    return stored


def _check_member_names(value: object) -> None:
    """Reject names that are not strings: `json.dumps` would convert them silently."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                raise TypeError(f"one of its names is of type {type(name).__name__}, and not a str")
            _check_member_names(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _check_member_names(member)


def normalized(seed: Seed) -> Seed:
    """
    Return a seed with its texts and tags as a request would carry them.

    Raises:
        FakeSecretsError: an argument has the wrong type. The message does not show it: it may contain a secret value.
    """
    _check_types(seed)
    texts = {name: json_round_trip(getattr(seed, name)) for name in _TEXTS}
    tags = None if seed.tags is None else json_round_trip(dict(seed.tags))
    return replace(seed, **texts, tags=tags)


def _check_types(seed: Seed) -> None:
    for name in _TEXTS:
        given = getattr(seed, name)
        if not isinstance(given, str | None):
            raise FakeSecretsError(
                f"{name} has to be a string, not an object of type {type(given).__name__}."
            )
    if not isinstance(seed.is_stuck, bool):
        raise FakeSecretsError(
            f"The argument stuck is True or False, not an object of type {type(seed.is_stuck).__name__}. "
            "The value that a failed rotation has stored is the pending_value."
        )
    tags: object = {} if seed.tags is None else seed.tags
    if not isinstance(tags, Mapping) or not all(
        isinstance(text, str) for pair in tags.items() for text in pair
    ):
        raise FakeSecretsError(
            "The argument tags is a dict of strings, such as {'team': 'a'}. AWS's list of Key and Value is for "
            "create_secret()."
        )


def _check_seed(context: Context, name: str, seed: Seed) -> None:
    try:
        check_name(name)
        parse_rotation_rules(seed.rotation_rules or {}, context.now)
    except ServiceError as error:
        raise FakeSecretsError(f"The secret {name!r} cannot be added: {error.message}") from None
    if context.region.find(name, context.now) is not None:
        raise FakeSecretsError(
            f"A secret {name!r} already exists. Choose another name, or change it with put_secret_value()."
        )
    is_owned = seed.owning_service is not None
    if seed.rotation_rules is not None and seed.function_arn is None and not is_owned:
        raise FakeSecretsError(
            "rotation_rules are only for secrets that can rotate. Pass a rotation_function or an owning_service."
        )
    if is_owned and (seed.tags or {}).get(OWNER_TAG, seed.owning_service) != seed.owning_service:
        raise FakeSecretsError(
            f"The tag {OWNER_TAG!r} is set by owning_service={seed.owning_service!r}. Remove it from tags."
        )
    if seed.value is None and (seed.previous_value is not None or seed.deprecated_values):
        raise FakeSecretsError("A secret with older values also needs a current one. Pass a value.")
    if seed.pending_value is not None and not seed.is_stuck:
        raise FakeSecretsError(
            "A pending_value is the value of an unfinished rotation. Pass stuck=True with it."
        )
    latest = seed.last_rotated_at or seed.created_at
    if not seed.created_at <= latest <= context.now:
        raise FakeSecretsError(
            "created_at must not be later than last_rotated_at, and neither may be in the future."
        )


def version_count(seed: Seed) -> int:
    """Return how many version ids the seed needs."""
    values = (seed.value, seed.previous_value)
    return len(seed.deprecated_values) + sum(value is not None for value in values) + seed.is_stuck
