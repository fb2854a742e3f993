"""Replication to a secret in the same region of another account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_fakesecrets._core.arn import check_secret_id, parse_secret_arn
from pytest_fakesecrets._core.errors import (
    InvalidParameterException,
    InvalidRequestException,
    LimitExceededException,
    marked_for_deletion,
    not_on_a_replica,
    secret_not_found,
)
from pytest_fakesecrets._core.replica import Primary, Replica
from pytest_fakesecrets._core.secret import AWS_MANAGED_KEY, Secret

from .context import Context, Response


def cross_account_primary(
    context: Context, arn: str | None, kms_key_id: str | None, excluded: Sequence[object]
) -> Primary | None:
    """
    Return the link to the primary secret of a new cross-account replica, or None for any other new secret.

    Source: API_CreateSecret. *excluded* are the members that the request of a cross-account replica must not contain,
    because the replica gets them from its primary secret.

    Raises:
        InvalidParameterException: the ARN is not that of a secret in this region of another account, the request
            has no customer managed key, or it contains an excluded member.
    """
    if arn is None:
        return None
    if any(other is not None for other in excluded):
        raise InvalidParameterException(
            "You can't include SecretString, SecretBinary, Description, AddReplicaRegions, or Type "
            "when you create a cross-account replica."
        )
    parsed = parse_secret_arn(arn)
    if parsed is None or parsed.region != context.region_name or parsed.account == context.account:
        raise InvalidParameterException(
            "The primary secret must be in another account, and in the same Region and partition as the replica."
        )
    check_customer_key(kms_key_id)
    return Primary(arn=arn, region=parsed.region, status="Pending", is_cross_account=True)


def check_customer_key(kms_key_id: str | None) -> None:
    """
    Reject a cross-account replica without a customer managed key.

    Raises:
        InvalidParameterException: it is the AWS managed key, or None.
    """
    if not kms_key_id or kms_key_id == AWS_MANAGED_KEY:
        raise InvalidParameterException(
            "You must specify a customer managed KMS key for a cross-account replica."
        )


def associate_cross_account_replica(
    context: Context,
    *,
    secret_id: str,
    cross_account_replica_arn: str,
    replica_restriction: str = "SameOrg",  # every account of the fake is in one organization
    replication_role_arn: str | None = None,
) -> Response:
    check_secret_id(secret_id)
    secret = context.find_writable(secret_id)
    _check_own_account(context, secret)
    replica = _cross_account_replica(context, secret, cross_account_replica_arn)
    other_replicas = [
        entry for entry in secret.cross_account_replicas if entry.is_in_sync and entry.arn != replica.arn
    ]
    if any(context.linked_replica(secret, entry) for entry in other_replicas):
        raise LimitExceededException("A primary secret can have at most one cross-account replica.")

    entry = Replica(
        arn=replica.arn,
        region=secret.region,
        account=replica.account,
        name=replica.name,
        status="InSync",
        kms_key_id=replica.kms_key_id,
        role_arn=replication_role_arn,
        is_cross_account=True,
    )
    link = Primary(arn=secret.arn, region=secret.region, is_cross_account=True)
    context.save(replace(replica, primary=link))
    context.save(secret.changed(context.now, replicas={**secret.replicas, replica.arn: entry}))
    return {"ARN": secret.arn, "CrossAccountReplicaARN": replica.arn, "ReplicationStatus": "InSync"}


def _check_own_account(context: Context, secret: Secret) -> None:
    if secret.account != context.account:
        raise InvalidRequestException(
            "You must call this operation from the account that owns the primary secret."
        )


def _cross_account_replica(context: Context, secret: Secret, arn: str) -> Secret:
    parsed = parse_secret_arn(arn)
    if parsed is None or parsed.region != secret.region or parsed.account == secret.account:
        raise InvalidParameterException(
            "The replica secret must be in another account, and in the same Region and partition as the primary."
        )
    replica = context.region_of(arn).find(arn, context.now)
    if replica is None:
        raise secret_not_found()
    if replica.deleted_at is not None:
        raise marked_for_deletion()
    if replica.primary is None or replica.primary.arn != secret.arn:
        raise InvalidRequestException("The secret was not created as a cross-account replica of this secret.")
    return replica


def disassociate_cross_account_replica(
    context: Context, *, secret_id: str, cross_account_replica_arn: str
) -> Response:
    secret = context.find(secret_id)
    if secret.is_replica:
        raise not_on_a_replica()
    _check_own_account(context, secret)
    entry = secret.replicas.get(cross_account_replica_arn)
    if entry is None or not entry.is_cross_account or not entry.is_in_sync:
        raise InvalidParameterException("The secret has no such cross-account replica.")

    replicas = {arn: other for arn, other in secret.replicas.items() if arn != entry.arn}
    replica = context.linked_replica(secret, entry)
    if replica is not None and replica.primary is not None:
        replicas[entry.arn] = replace(entry, status="Detached")
        context.save(replace(replica, primary=replace(replica.primary, status="Detached")))
    context.save(secret.changed(context.now, replicas=replicas))
    return {"ARN": secret.arn, "CrossAccountReplicaARN": cross_account_replica_arn}
