"""CreateSecret, DescribeSecret, UpdateSecret and ListSecrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pytest_fakesecrets._core import pagination, staging_labels
from pytest_fakesecrets._core.arn import check_name, check_secret_id, secret_arn
from pytest_fakesecrets._core.errors import (
    TOKEN_MISSING,
    InvalidRequestException,
    ResourceExistsException,
    managed_by_service,
)
from pytest_fakesecrets._core.filters import secret_matcher
from pytest_fakesecrets._core.secret import Secret, Value, customer_key
from pytest_fakesecrets._core.staging_labels import CURRENT

from .context import Context, Response
from .cross_account_access import check_can_decrypt
from .cross_account_replication import check_customer_key, cross_account_primary
from .replication import checked_regions, described_replication, replicate, started_status
from .rotation import described_rotation
from .tags import described_tags, first_tags
from .versions import is_replay, single_value, store_value


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
    value = single_value(secret_string, secret_binary)
    new_tags = first_tags(tags)
    regions = checked_regions(context, context.region_name, add_replica_regions or ())
    excluded = (value, description, add_replica_regions, type)
    primary = cross_account_primary(context, cross_account_primary_arn, kms_key_id, excluded)
    if (existing := context.region.find(name, context.now)) is not None:
        return _replay_response(existing, name, client_request_token, value)
    secret = new_secret(
        context,
        name,
        description=description or None,
        kms_key_id=customer_key(kms_key_id),
        tags=new_tags,
        type=type or None,
        primary=primary,
    )
    if value is not None:
        secret = store_value(context, secret, client_request_token, value, (CURRENT,))
    secret = replicate(context, secret, regions, force=force_overwrite_replica_secret)
    answer = _version_response(secret, None if value is None else client_request_token)
    return {**answer, "ReplicationStatus": started_status(context, secret, regions)} if regions else answer


def new_secret(context: Context, name: str, *, created_at: datetime | None = None, **members: Any) -> Secret:
    """Return a secret with a new ARN, created now unless *created_at* is given. *members* are further fields."""
    created_at = created_at or context.now
    arn = secret_arn(context.region_name, context.account, name, context.new_suffix())
    return Secret(
        arn=arn,
        name=name,
        created_at=created_at,
        last_changed_at=created_at,
        number=context.region.next_number(),
        **members,
    )


def _replay_response(existing: Secret, name: str, token: str, value: Value | None) -> Response:
    if existing.deleted_at is not None:
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            hint="Delete it with ForceDeleteWithoutRecovery=True, or move the clock past its recovery window.",
        )
    if value is None or not is_replay(existing, token, value):
        raise ResourceExistsException(
            f"The operation failed because the secret {name} already exists.",
            hint="Change it with put_secret_value(), or empty the fake with reset().",
        )
    return _version_response(existing, token)


def _version_response(secret: Secret, version_id: str | None) -> Response:
    return arn_and_name(secret) if version_id is None else {**arn_and_name(secret), "VersionId": version_id}


def arn_and_name(secret: Secret) -> Response:
    return {"ARN": secret.arn, "Name": secret.name}


def describe_secret(context: Context, *, secret_id: str) -> Response:
    secret = context.find(secret_id)

    response = {**_description(secret), **described_replication(context, secret)}
    if secret.labels:
        response["VersionIdsToStages"] = staging_labels.by_version(secret.labels)
    return response


def _description(secret: Secret) -> Response:
    """Return the members that DescribeSecret and ListSecrets have in common. Members without a value are left out."""
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
    value = single_value(secret_string, secret_binary)
    has_contents = value is not None or type is not None
    secret = _find_to_update(context, secret_id, description, kms_key_id, has_contents=has_contents)
    if value is not None:
        check_can_decrypt(secret, context.account)
    if value is not None and is_replay(secret, client_request_token, value):
        return _version_response(secret, client_request_token)

    changes: dict[str, Any] = {}
    if description is not None:
        changes["description"] = description or None
    if kms_key_id is not None:
        changes["kms_key_id"] = customer_key(kms_key_id)
        changes["versions"] = _with_new_key(secret, customer_key(kms_key_id))
    if type is not None:
        changes["type"] = type or None
    secret = secret.changed(context.now, **changes)
    if value is not None:
        secret = store_value(context, secret, client_request_token, value, (CURRENT,))
    context.save(secret)
    return _version_response(secret, None if value is None else client_request_token)


def _find_to_update(
    context: Context, secret_id: str, description: str | None, kms_key_id: str | None, *, has_contents: bool
) -> Secret:
    if has_contents:
        secret = context.find_primary(secret_id)
    elif description is None and kms_key_id is not None:
        # Each replica has its own key (user guide, standalone-secret).
        secret = context.find_usable(secret_id)
    else:
        secret = context.find_for_metadata(secret_id)
    if secret.is_managed:
        raise managed_by_service()
    if kms_key_id is not None and secret.is_cross_account_replica:
        check_customer_key(kms_key_id)
    return secret


def _with_new_key(secret: Secret, kms_key_id: str | None) -> Mapping[str, Any]:
    """Return the versions with a new key. Versions without one of AWS's labels keep their key (API_UpdateSecret)."""
    labelled_ids = {
        secret.labels.get(label)
        for label in (staging_labels.CURRENT, staging_labels.PENDING, staging_labels.PREVIOUS)
    }
    return {
        version.id: replace(version, kms_key_id=kms_key_id) if version.id in labelled_ids else version
        for version in secret.versions.values()
    }


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
    # AWS has not been observed where the sort key of a secret changes between two pages: see page().
    is_match = secret_matcher(filters or ())

    def matches(secret: Secret) -> bool:
        return (include_planned_deletion or secret.deleted_at is None) and is_match(secret)

    page, next_page_token = context.region.page(
        ("ListSecrets", include_planned_deletion, filters or [], sort_order, sort_by),
        context.now,
        matches,
        next_token,
        max_results or pagination.MAX_PAGE_SIZE,
        order=sort_by,
        descending=sort_order == "desc",
    )
    response: Response = {"SecretList": [_list_entry(secret) for secret in page]}
    if next_page_token is not None:
        response["NextToken"] = next_page_token
    return response


def _list_entry(secret: Secret) -> Response:
    entry = _description(secret)
    if secret.labels:
        entry["SecretVersionsToStages"] = staging_labels.by_version(secret.labels)
    return entry
