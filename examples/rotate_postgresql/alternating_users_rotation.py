"""
Rotation between two PostgreSQL roles, "app" and "app_clone": deploy it with postgresql_rotation.py.

The value names in "masterarn" a second secret, of a role that may create roles. It changes the password of
the role that is not in use, so the one in use works for readers until the rotation after the next.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg
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
    stored_form,
    test_secret,
)
from psycopg import sql

CLONE = "_clone"
LONGEST_NAME = 63  # bytes; PostgreSQL cuts off what is longer


def lambda_handler(event: dict[str, str], context: Any) -> None:
    steps = {
        "createSecret": create_secret,
        "setSecret": set_secret,
        "testSecret": test_secret,
        "finishSecret": finish_secret,
    }
    run_step(event, steps)


def create_secret(client: Any, arn: str, token: str) -> None:
    """Store the other role and a new password for it as AWSPENDING."""
    current = read(client, arn, stage="AWSCURRENT")
    put_pending(client, arn, token, {**current, "username": alternate(current["username"])})


def alternate(username: str) -> str:
    """
    The other role of the two.

    Raises:
        ValueError: its name would be too long.
    """
    other = username.removesuffix(CLONE) if username.endswith(CLONE) else username + CLONE
    if len(other.encode()) > LONGEST_NAME:
        raise ValueError(
            f"The user {username} cannot have a clone: {other} is longer than {LONGEST_NAME} bytes"
        )
    return other


def set_secret(client: Any, arn: str, token: str) -> None:
    """
    Give the other role its new password, unless an attempt before this one has; create it the first time.

    Raises:
        ValueError: the pending value is not of the other role, or the master secret is of another server.
        psycopg.OperationalError: the current password, or the master's, does not open the server.
    """
    pending = read(client, arn, stage="AWSPENDING", token=token)
    if opens(pending):
        return
    current = read(client, arn, stage="AWSCURRENT")
    if (pending["username"], server_of(pending)) != (alternate(current["username"]), server_of(current)):
        raise ValueError(f"Secret {arn}: the pending value is not of the other user on the same server")
    log_in(current).close()  # the master gives nothing to those who have no role of their own
    master = read(client, current["masterarn"], stage="AWSCURRENT")
    if server_of(master) != server_of(current):
        raise ValueError(f"Secret {arn}: its master secret is of another server")
    with closing(log_in(master)) as connection:
        if exists(connection, pending["username"]):
            change_password(connection, pending)
        else:
            create_member(connection, pending, of=current["username"])
        connection.commit()


def exists(connection: psycopg.Connection, role: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return found.fetchone() is not None


def create_member(connection: psycopg.Connection, secret: Secret, *, of: str) -> None:
    """Create the role of a secret as a member of another role, so that it may do what this one may."""
    role, password = sql.Identifier(secret["username"]), sql.Literal(stored_form(connection, secret))
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(of), role))
