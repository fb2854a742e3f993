"""Access to a secret of another account: by its resource policy, and by its encryption key."""

from __future__ import annotations

from pytest_fakesecrets._core import policy
from pytest_fakesecrets._core.errors import needs_customer_key
from pytest_fakesecrets._core.secret import Secret


def may_access(secret: Secret, account: str, operation: str) -> bool:
    """Whether another account may call an operation on a secret (LocalStack test test_cross_account_access)."""
    action = f"secretsmanager:{operation}"
    return policy.allows(secret.policy, account, action, secret.arn)


def check_can_decrypt(secret: Secret, account: str) -> None:
    """Reject access to a value of another account that is encrypted with the AWS managed key."""
    if secret.kms_key_id is None and secret.account != account:
        raise needs_customer_key()
