"""Worlds that no API call can make: secrets with a past, an owner, or a rotation that went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fakesecrets._core.secret import Value
from pytest_fakesecrets._operations import Context
from pytest_fakesecrets._operations.seeding import Seed, add_secret, versions_of
from pytest_fakesecrets._service.clock import Moment, moment_of
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.parser import check_members
from pytest_fakesecrets._service.region import region_or_default
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT

from .clients import Clients
from .secret_view import SecretView


class Seeding(Clients):
    """The part of the fake that seeds its world."""

    def add_secret(
        self,
        name: str,
        value: Value | None = None,
        *,
        previous_value: Value | None = None,
        deprecated_values: Sequence[Value] = (),
        stuck: bool = False,
        pending_value: Value | None = None,
        owning_service: str | None = None,
        type: str | None = None,
        description: str | None = None,
        kms_key_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        rotation_function: Handler | str | None = None,
        rotation_rules: Mapping[str, Any] | None = None,
        created_at: Moment | None = None,
        last_rotated_at: Moment | None = None,
        region_name: str | None = None,
    ) -> SecretView:
        """
        Put a secret into the world that no API call could make.

        Args:
            name: its name.
            value: its current value, or None for a secret that was born without one.
            previous_value: the value with AWSPREVIOUS.
            deprecated_values: values of versions without labels, oldest first.
            stuck: whether a rotation has failed and left AWSPENDING behind, so that the next is refused.
            pending_value: what that rotation had put, or None where it had not come that far.
            owning_service: the AWS service that manages the secret, such as "rds". Those that rotate
                their secrets have rotation turned on, every 7 days unless rotation_rules say otherwise.
            type: the partner's format of a managed external secret, such as "DatabricksPAT".
            description: its description.
            kms_key_id: a customer's key.
            tags: its tags, those of AWS ("aws:...") among them. That of the owning_service is set in any case.
            rotation_function: what rotates it: a handler, "module:function", or the ARN of one that
                has been added.
            rotation_rules: RotationRules, as RotateSecret takes them.
            created_at: when it was created: a datetime, a date or a string, in UTC; else now.
            last_rotated_at: when its last rotation succeeded.
            region_name: its region; else the default one.

        Raises:
            FakeSecretsError: there is a secret of that name, or the parts cannot be together.
        """
        rotated = None if last_rotated_at is None else moment_of(last_rotated_at)
        seed = Seed(
            value=value,
            previous_value=previous_value,
            deprecated_values=deprecated_values,
            is_stuck=stuck,
            pending_value=pending_value,
            owning_service=owning_service,
            type=type,
            description=description,
            kms_key_id=kms_key_id,
            tags=tags,
            created_at=moment_of(created_at or rotated or self._service.clock.now),
            last_rotated_at=rotated,
            function_arn=self._function_arn(rotation_function, region_name),
            rotation_rules=rotation_rules,
        )
        return self._seeded(name, seed, region_name)

    def _function_arn(self, function: Handler | str | None, region_name: str | None) -> str | None:
        """The ARN of a function that is given as one, or that is added first."""
        if function is None:
            return None
        if isinstance(function, str) and function.startswith("arn:"):
            self._service.functions.find(function)
            return function
        return self._service.functions.add(
            function, name=None, environ=None, account=DEFAULT_ACCOUNT, region=region_or_default(region_name)
        )

    def _seeded(self, name: str, seed: Seed, region_name: str | None) -> SecretView:
        check_members("CreateSecret", Name=name)
        check_members("RotateSecret", SecretId=name, RotationRules=seed.rotation_rules or {})
        region = self._service.store.region(DEFAULT_ACCOUNT, region_or_default(region_name))

        def seeded(context: Context) -> str:
            tokens = [self._service.ids.token() for _ in range(versions_of(seed))]
            return add_secret(context, name, seed, tokens[::-1]).arn

        return self.secret(self._service.transact(region, seeded, by="add_secret"))
