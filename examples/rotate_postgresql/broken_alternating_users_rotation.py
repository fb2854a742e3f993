"""
A broken copy of alternating_users_rotation.py, which fails the contract of the tests: do not deploy it.

Each statement is committed at once, as CREATE USER is in MySQL. If Lambda kills the function after CREATE ROLE, the
next attempt finds a role that can log in, and grants it nothing.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from alternating_users_rotation import create_member, create_secret, exists
from postgresql_rotation import (
    change_password,
    finish_secret,
    log_in,
    opens,
    read,
    run_step,
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


def set_secret(client: Any, arn: str, token: str) -> None:
    """Set the new password of the other role, unless the role can already log in with it."""
    pending = read(client, arn, stage="AWSPENDING", token=token)
    if opens(pending):
        return
    current = read(client, arn, stage="AWSCURRENT")
    master = read(client, current["masterarn"], stage="AWSCURRENT")
    with closing(log_in(master)) as connection:
        connection.autocommit = True
        if exists(connection, pending["username"]):
            change_password(connection, pending)
        else:
            create_member(connection, pending, of=current["username"])
