"""Secrets that no API call can make, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fakesecrets._core.arn import check_name
from pytest_fakesecrets._core.errors import FakeSecretsError, ServiceError
from pytest_fakesecrets._core.labels import CURRENT
from pytest_fakesecrets._core.secret import MANAGED_ROTATION, RotationSettings, Secret, Value

from .context import Context
from .rotation import schedule_of
from .secrets import new_secret
from .versions import store_value

#: What RDS sets for a secret of its own (floci, pull request 2378, checked on AWS).
_MANAGED_DAYS = 7


def add_secret(
    context: Context,
    name: str,
    value: Value | None,
    *,
    token: str,
    owning_service: str | None,
    rotation_rules: Mapping[str, Any] | None,
    tags: Mapping[str, str] | None,
) -> Secret:
    try:
        check_name(name)
    except ServiceError as error:
        raise FakeSecretsError(f"{name!r} is no name for a secret: {error.message}") from None
    if context.region.find(name, context.now) is not None:
        raise FakeSecretsError(f"There is a secret {name!r} already.")
    if rotation_rules is not None and owning_service not in MANAGED_ROTATION:
        owners = ", ".join(sorted(MANAGED_ROTATION))
        raise FakeSecretsError(
            f"rotation_rules are for a secret whose owner rotates it (owning_service: {owners}). "
            "Give any other secret its rules with rotate_secret()."
        )
    secret = replace(
        new_secret(context, name),
        owning_service=owning_service,
        tags=None if tags is None else dict(tags),
    )
    if owning_service in MANAGED_ROTATION:
        schedule = schedule_of(rotation_rules or {"AutomaticallyAfterDays": _MANAGED_DAYS}, context.now)
        settings = RotationSettings(enabled=True, schedule=schedule, counted_from=context.now)
        secret = replace(secret, rotation=settings)
    if value is not None:
        secret = store_value(context, secret, token, value, (CURRENT,))
    context.save(secret)
    return secret
