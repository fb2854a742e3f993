"""Replication: to other regions, and to a replica in another account."""

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
    secret = context.writable(secret_id)
    checked_regions(context, secret.region, add_replica_regions)
    for replica in secret.regional_replicas:
        if replica.status != "Failed" and replica.region in _names(add_replica_regions):
            raise InvalidParameterException(f"The secret is already replicated to {replica.region}.")

    changed = secret.changed(context.now)
    secret = replicate(context, changed, add_replica_regions, force=force_overwrite_replica_secret)
    return {"ARN": secret.arn, "ReplicationStatus": started_status(context, secret, add_replica_regions)}


def checked_regions(context: Context, home: str, regions: Regions) -> Regions:
    """
    The regions of a request; raises if one is the secret's own, repeated or missing.

    Raises:
        InvalidParameterException: one is (moto, pasted from AWS, for the secret's own).
    """
    names = _names(regions)
    foreign = any(partition(name or "") != partition(home) for name in names)
    if home in names or None in names or len(set(names)) < len(names) or foreign:
        raise InvalidParameterException("Invalid replica region.")
    return regions


def _names(regions: Regions) -> list[str | None]:
    return [region.get("Region") for region in regions]


def replicate(context: Context, secret: Secret, regions: Regions, *, force: bool) -> Secret:
    """
    Make a replica in each region, where its name is not taken, and save it all.

    A name that is taken does not fail the call: it shows in the status (API_ReplicationStatusType).
    """
    made = [_replica(context, secret, region["Region"], region.get("KmsKeyId"), force) for region in regions]
    if made:
        secret = replace(secret, replicas={**secret.replicas, **{replica.arn: replica for replica in made}})
    for replica in made:
        if replica.is_in_sync:
            _create_replica(context, secret, replica)
    context.save(secret)
    return secret


def _replica(context: Context, secret: Secret, region: str, kms_key_id: str | None, force: bool) -> Replica:
    arn = secret.arn.replace(f":{secret.region}:", f":{region}:", 1)
    taken = context.store.region(secret.account, region).find(secret.name, context.now)
    message = None
    if taken is not None and taken.is_replica and taken.arn != arn:
        message = (
            f"Replication failed: Secret name {secret.name} is currently replicated to {region} "
            "with a different arn"
        )
    elif taken is not None and not force:
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
    """Put an empty replica into its region; saving the primary secret fills it."""
    taken = context.store.region(replica.account, replica.region).find(replica.name, context.now)
    if taken is not None:
        context.delete(taken)
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
    """All statuses as a call that begins replication answers them: those that it began are in progress."""
    begun = _names(regions)
    statuses = [_status(context, replica) for replica in secret.regional_replicas]
    return [
        {"Region": status["Region"], "KmsKeyId": status["KmsKeyId"], "Status": "InProgress"}
        if status["Region"] in begun
        else status
        for status in statuses
    ]


def _status(context: Context, replica: Replica) -> Response:
    """An entry of ReplicationStatus: the key and the date of access are those of the replica's own region."""
    held = context.region_of(replica.arn).secrets.get(replica.name)
    own = held if held is not None and held.arn == replica.arn else None
    status: Response = {
        "Region": replica.region,
        "KmsKeyId": (own.kms_key_id if own else replica.kms_key_id) or AWS_MANAGED_KEY,
        "Status": replica.status,
        "StatusMessage": replica.message,
        "LastAccessedDate": own.last_accessed_on if own else None,
    }
    return {member: value for member, value in status.items() if value is not None}


def described_replication(context: Context, secret: Secret) -> Response:
    """The members of DescribeSecret about both ends of replications; absent where there are none."""
    members: Response = {}
    if secret.regional_replicas:
        members["ReplicationStatus"] = [_status(context, replica) for replica in secret.regional_replicas]
    if entries := _foreign_entries(context, secret):
        members["CrossAccountReplicas"] = entries
    if secret.primary is not None and secret.primary.is_cross_account:
        members["CrossAccountPrimary"] = {
            "PrimarySecretARN": secret.primary.arn,
            "ReplicationStatus": secret.primary.status,
        }
    return members


def _foreign_entries(context: Context, secret: Secret) -> list[Response]:
    """The replicas in other accounts: detached when one side has ended replication, gone when both have."""
    entries = []
    for replica in secret.cross_account_replicas:
        is_linked = context.linked(secret, replica) is not None
        if replica.is_in_sync or is_linked:
            status = replica.status if is_linked else "Detached"
            entry = {"ReplicaSecretARN": replica.arn, "ReplicationStatus": status}
            role = {} if replica.role_arn is None else {"ReplicationRoleARN": replica.role_arn}
            entries.append({**entry, **role})
    return entries


def remove_regions_from_replication(
    context: Context, *, secret_id: str, remove_replica_regions: Sequence[str]
) -> Response:
    secret = context.writable(secret_id)
    known = {replica.region for replica in secret.regional_replicas}
    unknown = [region for region in remove_replica_regions if region not in known]
    if unknown:
        raise InvalidParameterException(f"The secret is not replicated to {', '.join(unknown)}.")

    kept = dict(secret.replicas)
    for replica in secret.regional_replicas:
        if replica.region in remove_replica_regions:
            del kept[replica.arn]
            held = context.region_of(replica.arn).secrets.get(replica.name)
            if held is not None and held.arn == replica.arn:
                context.delete(held)
    secret = secret.changed(context.now, replicas=kept)
    context.save(secret)
    return {
        "ARN": secret.arn,
        "ReplicationStatus": [_status(context, replica) for replica in secret.regional_replicas],
    }


def stop_replication_to_replica(context: Context, *, secret_id: str) -> Response:
    secret = context.usable(secret_id)
    if secret.primary is None:
        raise InvalidParameterException(
            "The secret is not a replica. Call this operation on a replica secret."
        )

    context.save(secret.changed(context.now, primary=None))
    _unlink_replica(context, secret.primary, secret)
    return {"ARN": secret.arn}


def _unlink_replica(context: Context, link: Primary, replica: Secret) -> None:
    """
    Let the primary secret drop a replica of another region, or of another account that it has detached.

    One that it has not detached stays among its replicas, and is shown as detached.
    """
    primary = context.region_of(link.arn).find(link.arn, context.now)
    entry = None if primary is None else primary.replicas.get(replica.arn)
    if primary is None or entry is None:
        return
    kept = dict(primary.replicas)
    if not (entry.is_cross_account and entry.is_in_sync):
        del kept[replica.arn]
    context.save(primary.changed(context.now, replicas=kept))
