"""The operations of Secrets Manager: one function each, with the checks in the order of AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import (
    cross_account_replication,
    deletion,
    passwords,
    policies,
    reading,
    replication,
    rotation,
    secrets,
    tags,
    versions,
)
from .context import Context, Response

#: The functions by the names of the operations. The fake does not know an operation that is not listed here.
OPERATIONS: Mapping[str, Callable[..., Response]] = {
    "AssociateCrossAccountReplica": cross_account_replication.associate_cross_account_replica,
    "BatchGetSecretValue": reading.batch_get_secret_value,
    "CancelRotateSecret": rotation.cancel_rotate_secret,
    "CreateSecret": secrets.create_secret,
    "DeleteResourcePolicy": policies.delete_resource_policy,
    "DeleteSecret": deletion.delete_secret,
    "DescribeSecret": secrets.describe_secret,
    "DisassociateCrossAccountReplica": cross_account_replication.disassociate_cross_account_replica,
    "GetRandomPassword": passwords.get_random_password,
    "GetResourcePolicy": policies.get_resource_policy,
    "GetSecretValue": reading.get_secret_value,
    "ListResourcePolicies": policies.list_resource_policies,
    "ListSecretVersionIds": reading.list_secret_version_ids,
    "ListSecrets": secrets.list_secrets,
    "PutResourcePolicy": policies.put_resource_policy,
    "PutSecretValue": versions.put_secret_value,
    "RemoveRegionsFromReplication": replication.remove_regions_from_replication,
    "ReplicateSecretToRegions": replication.replicate_secret_to_regions,
    "RestoreSecret": deletion.restore_secret,
    "RotateSecret": rotation.rotate_secret,
    "StopReplicationToReplica": replication.stop_replication_to_replica,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateSecret": secrets.update_secret,
    "UpdateSecretVersionStage": versions.update_secret_version_stage,
    "ValidateResourcePolicy": policies.validate_resource_policy,
}

__all__ = ["OPERATIONS", "Context", "Response"]
