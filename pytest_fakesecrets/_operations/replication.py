"""
Replication to other regions, and the replication members of responses.

`Context.save` copies each later change of a primary secret to its replicas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_fakesecrets._core.arn import partition
from pytest_fakesecrets._core.errors import InvalidParameterException
from pytest_fakesecrets._core.replica import SUCCEEDED, Primary, Replica
from pytest_fakesecrets._core.secret import AWS_MANAGED_KEY, Secret, customer_key

from .context import Context, Response

Regions = Sequence[Mapping[str, str]]


def replicate_secret_to_regions(
    context: Context,
    *,
    secret_id: str,
    add_replica_regions: Regions,
    force_overwrite_replica_secret: bool = False,
) -> Response:
    secret = context.find_writable(secret_id)
    checked_regions(context, secret.region, add_replica_regions)
    for replica in secret.regional_replicas:
        if replica.status != "Failed" and replica.region in _region_names(add_replica_regions):
            raise InvalidParameterException(f"The secret is already replicated to {replica.region}.")

    changed = secret.changed(context.now)
    secret = replicate(context, changed, add_replica_regions, force=force_overwrite_replica_secret)
    return {"ARN": secret.arn, "ReplicationStatus": started_status(context, secret, add_replica_regions)}


def checked_regions(context: Context, own_region: str, regions: Regions) -> Regions:
    """
    Return the regions of a request.

    Raises:
        InvalidParameterException: a region is missing, repeated, in another partition, or the secret's own region
            (moto, pasted from AWS, for the secret's own region).
    """
    names = _region_names(regions)
    has_other_partition = any(partition(name or "") != partition(own_region) for name in names)
    if own_region in names or None in names or len(set(names)) < len(names) or has_other_partition:
        raise InvalidParameterException("Invalid replica region.")
    return regions


def _region_names(regions: Regions) -> list[str | None]:
    return [region.get("Region") for region in regions]


def replicate(context: Context, secret: Secret, regions: Regions, *, force: bool) -> Secret:
    """
    Create a replica in each region where its name is not in use, and save the secret.

    A name that is in use does not fail the call. It fails the replica (API_ReplicationStatusType).
    """
    new_replicas = [
        _new_replica(context, secret, region["Region"], region.get("KmsKeyId"), force) for region in regions
    ]
    if new_replicas:
        secret = replace(
            secret, replicas={**secret.replicas, **{replica.arn: replica for replica in new_replicas}}
        )
    for replica in new_replicas:
        if replica.is_in_sync:
            _create_replica(context, secret, replica)
    context.save(secret)
    return secret


def _new_replica(
    context: Context, secret: Secret, region: str, kms_key_id: str | None, force: bool
) -> Replica:
    arn = secret.arn.replace(f":{secret.region}:", f":{region}:", 1)
    existing = context.draft.region(secret.account, region).find(secret.name, context.now)
    message = None
    if existing is not None and existing.is_replica and existing.arn != arn:
        message = (
            f"Replication failed: Secret name {secret.name} is currently replicated to {region} "
            "with a different arn"
        )
    elif existing is not None and not force:
        message = f"Replication failed: Secret name {secret.name} already exists in region {region}."
    return Replica(
        arn=arn,
        region=region,
        account=secret.account,
        name=secret.name,
        status="InSync" if message is None else "Failed",
        message=message or SUCCEEDED,
        kms_key_id=customer_key(kms_key_id),
    )


def _create_replica(context: Context, secret: Secret, replica: Replica) -> None:
    """Save an empty replica in its region. Saving the primary secret copies the versions to it."""
    existing = context.draft.region(replica.account, replica.region).find(replica.name, context.now)
    if existing is not None:
        context.delete(existing)
    empty = Secret(
        arn=replica.arn,
        name=replica.name,
        created_at=context.now,
        last_changed_at=context.now,
        number=context.region_of(replica.arn).next_number(),
        kms_key_id=replica.kms_key_id,
        primary=Primary(arn=secret.arn, region=secret.region),
    )
    context.save(empty)


def started_status(context: Context, secret: Secret, regions: Regions) -> list[Response]:
    """Return the ReplicationStatus for a call that starts replication: the new replicas are in progress."""
    started_regions = _region_names(regions)
    statuses = [_replica_status(context, replica) for replica in secret.regional_replicas]
    return [
        {"Region": status["Region"], "KmsKeyId": status["KmsKeyId"], "Status": "InProgress"}
        if status["Region"] in started_regions
        else status
        for status in statuses
    ]


def _replica_status(context: Context, replica: Replica) -> Response:
    """Return an entry of ReplicationStatus, with the key and the LastAccessedDate of the replica itself."""
    stored = context.region_of(replica.arn).secrets.get(replica.name)
    replica_secret = stored if stored is not None and stored.arn == replica.arn else None
    status: Response = {
        "Region": replica.region,
        "KmsKeyId": (replica_secret.kms_key_id if replica_secret else replica.kms_key_id) or AWS_MANAGED_KEY,
        "Status": replica.status,
        "StatusMessage": replica.message,
        "LastAccessedDate": replica_secret.last_accessed_on if replica_secret else None,
    }
    return {member: value for member, value in status.items() if value is not None}


def described_replication(context: Context, secret: Secret) -> Response:
    """Return the members of DescribeSecret about the replicas and the primary secret; none without replication."""
    members: Response = {}
    if secret.regional_replicas:
        members["ReplicationStatus"] = [
            _replica_status(context, replica) for replica in secret.regional_replicas
        ]
    if entries := _cross_account_entries(context, secret):
        members["CrossAccountReplicas"] = entries
    if secret.primary is not None and secret.primary.is_cross_account:
        members["CrossAccountPrimary"] = {
            "PrimarySecretARN": secret.primary.arn,
            "ReplicationStatus": secret.primary.status,
        }
    return members


def _cross_account_entries(context: Context, secret: Secret) -> list[Response]:
    """Return the replicas in other accounts: detached if one account has ended replication, absent if both have."""
    entries = []
    for replica in secret.cross_account_replicas:
        is_linked = context.linked_replica(secret, replica) is not None
        if replica.is_in_sync or is_linked:
            status = replica.status if is_linked else "Detached"
            entry = {"ReplicaSecretARN": replica.arn, "ReplicationStatus": status}
            role = {} if replica.role_arn is None else {"ReplicationRoleARN": replica.role_arn}
            entries.append({**entry, **role})
    return entries


def remove_regions_from_replication(
    context: Context, *, secret_id: str, remove_replica_regions: Sequence[str]
) -> Response:
    secret = context.find_writable(secret_id)
    known = {replica.region for replica in secret.regional_replicas}
    unknown = [region for region in remove_replica_regions if region not in known]
    if unknown:
        raise InvalidParameterException(f"The secret is not replicated to {', '.join(unknown)}.")

    remaining = dict(secret.replicas)
    for replica in secret.regional_replicas:
        if replica.region in remove_replica_regions:
            del remaining[replica.arn]
            stored = context.region_of(replica.arn).secrets.get(replica.name)
            if stored is not None and stored.arn == replica.arn:
                context.delete(stored)
    secret = secret.changed(context.now, replicas=remaining)
    context.save(secret)
    return {
        "ARN": secret.arn,
        "ReplicationStatus": [_replica_status(context, replica) for replica in secret.regional_replicas],
    }


def stop_replication_to_replica(context: Context, *, secret_id: str) -> Response:
    secret = context.find_usable(secret_id)
    if secret.primary is None:
        raise InvalidParameterException(
            "The secret is not a replica. Call this operation on a replica secret."
        )

    context.save(secret.changed(context.now, primary=None))
    _unlink_replica(context, secret.primary, secret)
    return {"ARN": secret.arn}


def _unlink_replica(context: Context, link: Primary, replica: Secret) -> None:
    """
    Remove a replica in another region, or a detached replica in another account, from the primary secret.

    A replica in another account that is not detached yet stays in the primary secret, and is shown as detached.
    """
    primary = context.region_of(link.arn).find(link.arn, context.now)
    entry = None if primary is None else primary.replicas.get(replica.arn)
    if primary is None or entry is None:
        return
    remaining = dict(primary.replicas)
    if not (entry.is_cross_account and entry.is_in_sync):
        del remaining[replica.arn]
    context.save(primary.changed(context.now, replicas=remaining))
