"""Secrets that no API call can make, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fakesecrets._core.arn import secret_arn
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.labels import CURRENT
from pytest_fakesecrets._core.schedule import Schedule
from pytest_fakesecrets._core.secret import MANAGED_ROTATION, RotationSettings, Secret, Value

from .context import Context
from .rotation import schedule_of
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
    if context.region.find(name, context.now) is not None:
        raise FakeSecretsError(f"There is a secret {name!r} already.")
    secret = Secret(
        arn=secret_arn(context.region.name, context.region.account, name, context.new_suffix()),
        name=name,
        created_at=context.now,
        last_changed_at=context.now,
        owning_service=owning_service,
        tags=None if tags is None else dict(tags),
    )
    if owning_service in MANAGED_ROTATION:
        schedule = Schedule(automatically_after_days=_MANAGED_DAYS)
        if rotation_rules is not None:
            schedule = schedule_of(rotation_rules)
        settings = RotationSettings(enabled=True, schedule=schedule, schedule_stored_at=context.now)
        secret = replace(secret, rotation=settings)
    if value is not None:
        secret = store_value(context, secret, token, value, (CURRENT,))
    context.save(secret)
    return secret
