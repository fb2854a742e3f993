"""The entry of a replica in its primary secret, and the link from a replica to its primary secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["InSync", "Failed", "InProgress", "Pending", "Detached"]

SUCCEEDED = "Replication succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """
    The entry of a replica in its primary secret.

    Changes are replicated if `is_in_sync` is true and the replica is still linked to the primary secret: the account
    of the replica can stop replication. The entry of a failed replica has no secret.
    """

    arn: str
    region: str
    account: str
    name: str
    status: Status
    message: str | None = field(default=None, repr=False)
    kms_key_id: str | None = None
    role_arn: str | None = None
    is_cross_account: bool = False

    @property
    def is_in_sync(self) -> bool:
        return self.status == "InSync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Primary:
    """The link from a replica to its primary secret."""

    arn: str
    region: str
    status: Status = "InSync"
    is_cross_account: bool = False
