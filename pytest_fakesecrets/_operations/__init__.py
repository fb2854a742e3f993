"""What each operation of Secrets Manager decides: one function for each, in the order of its checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import passwords, rotation, secrets, tags, versions
from .context import Context, Response

#: By wire name. An operation of the service model that is not here is not known to the fake.
OPERATIONS: Mapping[str, Callable[..., Response]] = {
    "CancelRotateSecret": rotation.cancel_rotate_secret,
    "CreateSecret": secrets.create_secret,
    "DeleteSecret": secrets.delete_secret,
    "DescribeSecret": secrets.describe_secret,
    "GetRandomPassword": passwords.get_random_password,
    "GetSecretValue": versions.get_secret_value,
    "ListSecretVersionIds": versions.list_secret_version_ids,
    "ListSecrets": secrets.list_secrets,
    "PutSecretValue": versions.put_secret_value,
    "RestoreSecret": secrets.restore_secret,
    "RotateSecret": rotation.rotate_secret,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateSecret": secrets.update_secret,
    "UpdateSecretVersionStage": versions.update_secret_version_stage,
}

__all__ = ["OPERATIONS", "Context", "Response"]
