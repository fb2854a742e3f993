"""The operations on secrets as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pytest_fakesecrets._core import labels, pages, search
from pytest_fakesecrets._core.arn import check_name, check_secret_id, parse_secret_arn, secret_arn
from pytest_fakesecrets._core.errors import (
    TOKEN_MISSING,
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
    managed_by_service,
    marked_for_deletion,
    not_on_a_replica,
    secret_not_found,
)
from pytest_fakesecrets._core.labels import CURRENT
from pytest_fakesecrets._core.secret import Secret, Value

from .context import Context, Response
from .replication import (
    checked_regions,
    described_replication,
    foreign_primary,
    replicate,
    started_status,
)
from .rotation import cancel_unfinished, described_rotation
from .tags import checked_tags, described_tags, tagged
from .versions import is_replay, one_value, store_value

#: What the service shows as no key at all: its own (API_DescribeSecret, KmsKeyId).
_OWN_KEY = "alias/aws/secretsmanager"

#: Days that a deleted secret can be restored: the default, and the bounds (API_DeleteSecret).
_RECOVERY_DAYS, _FEWEST_DAYS, _MOST_DAYS = 30, 7, 30


def create_secret(
    context: Context,
    *,
    name: str,
    client_request_token: str | None = None,
    description: str | None = None,
    kms_key_id: str | None = None,
    secret_binary: bytes | None = None,
    secret_string: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    add_replica_regions: Sequence[Mapping[str, str]] | None = None,
    force_overwrite_replica_secret: bool = False,
    type: str | None = None,
    cross_account_primary_arn: str | None = None,
) -> Response:
    if client_request_token is None:
        raise InvalidRequestException(TOKEN_MISSING)
    check_name(name)
    value = one_value(secret_string, secret_binary)
    # An empty list is tags too: published describe-secret outputs show it as "Tags": [].
    new_tags = None if tags is None else checked_tags(tags)
    regions = checked_regions(context, context.region.name, add_replica_regions or ())
    primary = None
    if cross_account_primary_arn is not None:
        _check_alone(value, description, add_replica_regions, type)
        primary = foreign_primary(context, cross_account_primary_arn, kms_key_id)
    existing = context.region.find(name, context.now)
    if existing is not None:
        _check_replay(existing, name, client_request_token, value)
        return _created(existing, client_request_token)

    secret = replace(
        new_secret(context, name),
        description=description or None,
        kms_key_id=_shown_key(kms_key_id),
        tags=None if new_tags is None else tagged(None, new_tags),
        type=type or None,
        primary=primary,
    )
    if value is not None:
        secret = store_value(context, secret, client_request_token, value, (CURRENT,))
    answer = _created(secret, None if value is None else client_request_token)
    if not regions:
        context.save(secret)
        return answer
    secret = replicate(context, secret, regions, force=force_overwrite_replica_secret)
    return {**answer, "ReplicationStatus": started_status(secret, regions)}


def _check_alone(*others: object) -> None:
    """A cross-account replica gets all these from its primary secret (API_CreateSecret)."""
    if any(other is not None for other in others):
        raise InvalidParameterException(
            "You can't include SecretString, SecretBinary, Description, AddReplicaRegions, or Type "
            "when you create a cross-account replica."
        )


def new_secret(context: Context, name: str) -> Secret:
    arn = secret_arn(context.region.name, context.region.account, name, context.new_suffix())
    return Secret(arn=arn, name=name, created_at=context.now, last_changed_at=context.now)


def _check_replay(existing: Secret, name: str, token: str, value: Value | None) -> None:
    if existing.deleted_at is not None:
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    if value is None or not is_replay(existing, token, value):
        raise ResourceExistsException(f"The operation failed because the secret {name} already exists.")


def _created(secret: Secret, version_id: str | None) -> Response:
    return _named(secret) if version_id is None else {**_named(secret), "VersionId": version_id}


def _named(secret: Secret) -> Response:
    return {"ARN": secret.arn, "Name": secret.name}


def _shown_key(kms_key_id: str | None) -> str | None:
    return None if kms_key_id in (None, "", _OWN_KEY) else kms_key_id


def describe_secret(context: Context, *, secret_id: str) -> Response:
    secret = context.find(secret_id)

    response = {**_described(secret), **described_replication(context, secret)}
    if secret.labels:
        response["VersionIdsToStages"] = labels.by_version(secret.labels)
    return response


def _described(secret: Secret) -> Response:
    """The members that DescribeSecret and ListSecrets share. Those without a value are left out."""
    members: Response = {
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": secret.created_at,
        "LastChangedDate": secret.last_changed_at,
        "Description": secret.description,
        "KmsKeyId": secret.kms_key_id,
        "LastAccessedDate": secret.last_accessed_on,
        "DeletedDate": secret.deleted_at,
        "OwningService": secret.owning_service,
        "PrimaryRegion": secret.primary_region,
        "Type": secret.type,
        "Tags": described_tags(secret.tags),
        **described_rotation(secret),
    }
    return {member: value for member, value in members.items() if value is not None}


def update_secret(
    context: Context,
    *,
    secret_id: str,
    client_request_token: str | None = None,
    description: str | None = None,
    kms_key_id: str | None = None,
    secret_binary: bytes | None = None,
    secret_string: str | None = None,
    type: str | None = None,
) -> Response:
    if client_request_token is None:
        raise InvalidRequestException(TOKEN_MISSING)
    check_secret_id(secret_id)
    value = one_value(secret_string, secret_binary)
    # The key of a replica is its own, and all that may be changed of it (user guide, standalone-secret).
    only_key = kms_key_id is not None and (description, value, type) == (None, None, None)
    secret = context.usable(secret_id) if only_key else context.writable(secret_id)
    if secret.is_managed:
        raise managed_by_service()
    if value is not None:
        context.check_key(secret)
    if value is not None and is_replay(secret, client_request_token, value):
        return _created(secret, client_request_token)

    changes: dict[str, Any] = {}
    if description is not None:
        changes["description"] = description or None
    if kms_key_id is not None:
        changes["kms_key_id"] = _shown_key(kms_key_id)
        changes["versions"] = _encrypted_again(secret, _shown_key(kms_key_id))
    if type is not None:
        changes["type"] = type or None
    secret = secret.changed(context.now, **changes)
    if value is not None:
        secret = store_value(context, secret, client_request_token, value, (CURRENT,))
    context.save(secret)
    return _created(secret, None if value is None else client_request_token)


def _encrypted_again(secret: Secret, kms_key_id: str | None) -> Mapping[str, Any]:
    """A new key is used for the versions with labels, the others keep theirs (API_UpdateSecret)."""
    held = {secret.labels.get(label) for label in (labels.CURRENT, labels.PENDING, labels.PREVIOUS)}
    return {
        version.id: replace(version, kms_key_id=kms_key_id) if version.id in held else version
        for version in secret.versions.values()
    }


def delete_secret(
    context: Context,
    *,
    secret_id: str,
    recovery_window_in_days: int | None = None,
    force_delete_without_recovery: bool = False,
) -> Response:
    check_secret_id(secret_id)
    _check_window(recovery_window_in_days, force_delete_without_recovery)
    secret = context.lookup(secret_id)
    if secret is None:
        return _deleted_though_missing(context, secret_id, force_delete_without_recovery)
    if secret.deleted_at is not None and not force_delete_without_recovery:
        raise marked_for_deletion()
    if secret.is_replica:
        raise not_on_a_replica()
    if secret.is_managed:
        raise managed_by_service()
    if secret.replicas:
        regions = ", ".join(replica.region for replica in secret.replicas.values())
        raise InvalidParameterException(
            f"You can't delete secret {secret.arn} that still has replica regions [{regions}]."
        )

    secret, _ = cancel_unfinished(context, secret)
    if force_delete_without_recovery:
        context.delete(secret)
        return {**_named(secret), "DeletionDate": context.now}
    due = context.now + timedelta(days=recovery_window_in_days or _RECOVERY_DAYS)
    context.save(secret.changed(context.now, deleted_at=context.now, deletion_due_at=due))
    return {**_named(secret), "DeletionDate": due}


def _check_window(days: int | None, force: bool) -> None:
    if days is None:
        return
    if not _FEWEST_DAYS <= days <= _MOST_DAYS:
        raise InvalidParameterException(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        )
    if force:
        raise InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )


def _deleted_though_missing(context: Context, secret_id: str, force: bool) -> Response:
    """
    Deleting by force succeeds for a secret that does not exist.

    Source: LocalStack test test_delete_non_existent_secret_returns_as_if_secret_exists.
    """
    if not force:
        raise secret_not_found()
    sent = parse_secret_arn(secret_id)
    arn = secret_id
    if sent is None:
        arn = secret_arn(context.region.name, context.region.account, secret_id, context.new_suffix())
    return {"ARN": arn, "Name": sent.name if sent else secret_id, "DeletionDate": context.now}


def restore_secret(context: Context, *, secret_id: str) -> Response:
    secret = context.find(secret_id)
    if secret.is_replica:
        raise not_on_a_replica()

    if secret.deleted_at is not None:
        context.save(secret.changed(context.now, deleted_at=None, deletion_due_at=None))
    return _named(secret)


def list_secrets(
    context: Context,
    *,
    include_planned_deletion: bool = False,
    max_results: int | None = None,
    next_token: str | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    sort_order: str = "asc",
    sort_by: str = "created-date",
) -> Response:
    matches = search.matching(filters or ())
    found = [
        secret
        for secret in context.region.living(context.now)
        if (include_planned_deletion or secret.deleted_at is None) and matches(secret)
    ]
    found.sort(key=_SORT_KEYS[sort_by], reverse=sort_order == "desc")

    asked = ("ListSecrets", include_planned_deletion, filters or [], sort_order, sort_by)
    page, following = pages.page(found, asked, next_token, max_results or pages.LARGEST)
    response: Response = {"SecretList": [_listed(secret) for secret in page]}
    if following is not None:
        response["NextToken"] = following
    return response


def _listed(secret: Secret) -> Response:
    entry = _described(secret)
    if secret.labels:
        entry["SecretVersionsToStages"] = labels.by_version(secret.labels)
    return entry


_SORT_KEYS: Mapping[str, Callable[[Secret], Any]] = {
    "created-date": lambda secret: secret.created_at,
    # The first dates sort before every real one: never read comes first, and last in descending order.
    "last-accessed-date": lambda secret: secret.last_accessed_on or date.min,
    "last-changed-date": lambda secret: secret.last_changed_at,
    "name": lambda secret: secret.name,
}
