"""
Rotation that alternates between two PostgreSQL roles, "app" and "app_clone": deploy it with postgresql_rotation.py.

The value contains in "masterarn" the ARN of a second secret, whose role may create roles. The function uses it to
change the password of the role that is not in use, so a password stays valid for one more rotation.
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
LONGEST_NAME = 63  # bytes; PostgreSQL truncates longer names


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
    Return the name of the other role.

    Raises:
        ValueError: the name would be too long.
    """
    other = username.removesuffix(CLONE) if username.endswith(CLONE) else username + CLONE
    if len(other.encode()) > LONGEST_NAME:
        raise ValueError(
            f"The user {username} cannot have a clone: {other} is longer than {LONGEST_NAME} bytes"
        )
    return other


def set_secret(client: Any, arn: str, token: str) -> None:
    """
    Set the new password of the other role, unless an earlier attempt has set it; create the role the first time.

    Raises:
        ValueError: the pending value belongs to another role or server, or the master secret to another server.
        psycopg.OperationalError: the server refuses the current password, or that of the master role.
    """
    pending = read(client, arn, stage="AWSPENDING", token=token)
    if opens(pending):
        return
    current = read(client, arn, stage="AWSCURRENT")
    if (pending["username"], server_of(pending)) != (alternate(current["username"]), server_of(current)):
        raise ValueError(f"Secret {arn}: the pending value is not of the other user on the same server")
    log_in(current).close()  # the master role acts only for an account that can log in
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
    """Create the role of a secret as a member of another role, so that it has the same privileges."""
    role, password = sql.Identifier(secret["username"]), sql.Literal(stored_form(connection, secret))
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(of), role))
