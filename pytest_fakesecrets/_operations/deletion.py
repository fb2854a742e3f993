"""DeleteSecret, RestoreSecret, and the permanent deletion at the end of the recovery window."""

from __future__ import annotations

from datetime import timedelta

from pytest_fakesecrets._core.arn import check_secret_id, parse_secret_arn, secret_arn
from pytest_fakesecrets._core.errors import (
    InvalidParameterException,
    managed_by_service,
    marked_for_deletion,
    not_on_a_replica,
    secret_not_found,
)
from pytest_fakesecrets._core.moments import later

from .context import Context, Response
from .rotation import cancel_unfinished
from .secrets import arn_and_name

#: The default, minimum and maximum recovery window (API_DeleteSecret).
_DEFAULT_DAYS, _MIN_DAYS, _MAX_DAYS = 30, 7, 30


def delete_secret(
    context: Context,
    *,
    secret_id: str,
    recovery_window_in_days: int | None = None,
    force_delete_without_recovery: bool = False,
) -> Response:
    check_secret_id(secret_id)
    _check_recovery_window(recovery_window_in_days, force_delete_without_recovery)
    secret = context.lookup(secret_id)
    if secret is None:
        return _delete_missing(context, secret_id, force_delete_without_recovery)
    if secret.deleted_at is not None and not force_delete_without_recovery:
        raise marked_for_deletion()
    # A replica in another account has its own lifecycle (user guide, cross-account-replicate-secrets).
    if secret.is_regional_replica:
        raise not_on_a_replica()
    if secret.is_managed:
        raise managed_by_service()
    # A replica in another account prevents the deletion until that account has stopped replication, even if the
    # primary secret's account has detached it (user guide, cross-account-replicate-remove).
    linked = [
        replica
        for replica in secret.replicas.values()
        if not replica.is_cross_account or context.linked_replica(secret, replica) is not None
    ]
    if linked:
        regions = ", ".join(sorted(replica.region for replica in linked))
        raise InvalidParameterException(
            f"You can't delete secret {secret.arn} that still has replica regions [{regions}]."
        )

    secret, _ = cancel_unfinished(context, secret)
    if force_delete_without_recovery:
        context.delete(secret)
        return {**arn_and_name(secret), "DeletionDate": context.now}
    due = later(context.now, timedelta(days=recovery_window_in_days or _DEFAULT_DAYS))
    context.save(secret.changed(context.now, deleted_at=context.now, deletion_due_at=due))
    return {**arn_and_name(secret), "DeletionDate": due}


def _check_recovery_window(days: int | None, force: bool) -> None:
    if days is None:
        return
    if not _MIN_DAYS <= days <= _MAX_DAYS:
        raise InvalidParameterException(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        )
    if force:
        raise InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )


def _delete_missing(context: Context, secret_id: str, force: bool) -> Response:
    """
    Answer DeleteSecret for a secret that does not exist, which succeeds with ForceDeleteWithoutRecovery.

    Source: LocalStack test test_delete_non_existent_secret_returns_as_if_secret_exists.
    """
    if not force:
        raise secret_not_found()
    arn_parts = parse_secret_arn(secret_id)
    arn = secret_id
    if arn_parts is None:
        arn = secret_arn(context.region_name, context.account, secret_id, context.new_suffix())
    return {"ARN": arn, "Name": arn_parts.name if arn_parts else secret_id, "DeletionDate": context.now}


def restore_secret(context: Context, *, secret_id: str) -> Response:
    secret = context.find(secret_id)
    if secret.is_regional_replica:
        raise not_on_a_replica()

    if secret.deleted_at is not None:
        context.save(secret.changed(context.now, deleted_at=None, deletion_due_at=None))
    return arn_and_name(secret)


def delete_after_recovery_window(context: Context, arn: str) -> None:
    """Delete a secret permanently at the end of its recovery window."""
    secret = context.region_of(arn).find_stored(arn)
    if secret is not None:
        context.delete(secret)
