"""The two ends of a replication, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["InSync", "Failed", "InProgress", "Pending", "Detached"]

SUCCEEDED = "Replication succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """
    What a primary secret knows of one of its replicas.

    `follows` is true if changes are replicated to it. The replica has to be linked to the primary secret
    as well: its account may have stopped replication. A failed replica is an entry without a secret.
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
    """What a replica knows of its primary secret."""

    arn: str
    region: str
    status: Status = "InSync"
    is_cross_account: bool = False
