"""
Rotation of the password of one PostgreSQL role, by this role itself: deploy it with postgresql_rotation.py.

Between setSecret and finishSecret the server takes the new password only, while readers are still given
the old one: connections that are open stay open, new ones are refused for that moment.
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
    """Store a new password for the same role as AWSPENDING."""
    put_pending(client, arn, token, read(client, arn, stage="AWSCURRENT"))


def set_secret(client: Any, arn: str, token: str) -> None:
    """
    Let the role change its password, unless an attempt before this one has.

    Where the current password is not the server's, the one before it may be.

    Raises:
        ValueError: the pending value belongs to another role or server than the current one.
        psycopg.OperationalError: the current password does not open the server, nor does the one before it.
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
    """Whose password it is, and where."""
    return secret["username"], server_of(secret)


def previous(client: Any, arn: str) -> list[Secret]:
    """The value before the current one; none before the second rotation."""
    try:
        return [read(client, arn, stage="AWSPREVIOUS")]
    except (client.exceptions.ResourceNotFoundException, ValueError):
        return []
