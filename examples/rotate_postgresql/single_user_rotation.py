"""
Rotation of the password of one PostgreSQL role by that role itself: deploy it with postgresql_rotation.py.

Between setSecret and finishSecret the server accepts only the new password, while the secret still has the old one:
open connections stay open, and new logins are refused until finishSecret.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from postgresql_rotation import (
    Secret,
    change_password,
    finish_secret,
    log_in,
    opens,
    put_pending,
    read,
    run_step,
    server_of,
    test_secret,
)


def lambda_handler(event: dict[str, str], context: Any) -> None:
    steps = {
        "createSecret": create_secret,
        "setSecret": set_secret,
        "testSecret": test_secret,
        "finishSecret": finish_secret,
    }
    run_step(event, steps)


def create_secret(client: Any, arn: str, token: str) -> None:
    """Store a new password of the same role as AWSPENDING."""
    put_pending(client, arn, token, read(client, arn, stage="AWSCURRENT"))


def set_secret(client: Any, arn: str, token: str) -> None:
    """
    Change the password as the role itself, unless an earlier attempt has changed it.

    If the server refuses the current password, log in with the previous one.

    Raises:
        ValueError: the pending value belongs to another role or server than the current one.
        psycopg.OperationalError: the server refuses both the current and the previous password.
    """
    pending = read(client, arn, stage="AWSPENDING", token=token)
    if opens(pending):
        return
    current = read(client, arn, stage="AWSCURRENT")
    if account(pending) != account(current):
        raise ValueError(
            f"Secret {arn}: the pending value is for another user or server than the current one"
        )
    known = [current, *(value for value in previous(client, arn) if account(value) == account(current))]
    with closing(log_in(next(filter(opens, known), current))) as connection:
        change_password(connection, pending)
        connection.commit()


def account(secret: Secret) -> tuple[object, ...]:
    """Return the role and the server of a secret."""
    return secret["username"], server_of(secret)


def previous(client: Any, arn: str) -> list[Secret]:
    """Return the previous value in a list, which is empty before the second rotation."""
    try:
        return [read(client, arn, stage="AWSPREVIOUS")]
    except (client.exceptions.ResourceNotFoundException, ValueError):
        return []
