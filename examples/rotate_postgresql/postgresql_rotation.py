"""
What both rotation functions are made of: the head of every step, the values, and the way into the server.

A secret is JSON as AWS's own functions for PostgreSQL have it: {"engine": "postgres", "host": ..., "port": 5432,
"dbname": "postgres", "username": ..., "password": ...}, the port and the database being optional.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from typing import Any

import boto3
import psycopg
from psycopg import sql

logger = logging.getLogger(__name__)

Secret = dict[str, Any]
Step = Callable[[Any, str, str], None]  # client, ARN of the secret, token of the rotation


@cache
def secrets_manager() -> Any:
    """One client, for as long as Lambda keeps the function warm."""
    return boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])


def run_step(event: Mapping[str, str], steps: Mapping[str, Step]) -> None:
    """
    Run the step that the event asks for, unless its version is the current one already.

    Raises:
        ValueError: the secret, the version or the step is none that could be rotated now.
    """
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = secrets_manager()

    metadata = client.describe_secret(SecretId=arn)
    if metadata.get("RotationEnabled") is False:
        raise ValueError(f"Secret {arn} is not enabled for rotation")
    labels = metadata["VersionIdsToStages"].get(token)
    if labels is None:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}")
    if step not in steps:
        raise ValueError(f"Invalid step parameter {step} for rotation of secret {arn}")
    if "AWSCURRENT" in labels:
        logger.info("Secret version %s is AWSCURRENT already", token)
        return
    if "AWSPENDING" not in labels:
        raise ValueError(f"Secret version {token} is not set as AWSPENDING for rotation of secret {arn}")
    steps[step](client, arn, token)


def read(client: Any, arn: str, *, stage: str, token: str | None = None) -> Secret:
    """
    The value with a label; with a token, the value of this version, which has to have the label.

    Raises:
        ValueError: it is not the secret of a PostgreSQL server.
    """
    version = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    secret: Secret = json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])
    missing = [key for key in ("host", "username", "password") if not secret.get(key)]
    if missing or secret.get("engine") != "postgres":
        raise ValueError(f"Secret {arn} ({stage}) needs engine=postgres, host, username and password")
    return secret


def put_pending(client: Any, arn: str, token: str, account: Secret) -> None:
    """Store an account with a new password as AWSPENDING, unless an attempt before this one has."""
    try:
        read(client, arn, stage="AWSPENDING", token=token)
    except client.exceptions.ResourceNotFoundException:
        new = client.get_random_password(
            PasswordLength=int(os.environ.get("PASSWORD_LENGTH", "32")),
            ExcludeCharacters=os.environ.get("EXCLUDE_CHARACTERS", "/@\"'\\"),
        )
        client.put_secret_value(
            SecretId=arn,
            ClientRequestToken=token,
            SecretString=json.dumps({**account, "password": new["RandomPassword"]}),
            VersionStages=["AWSPENDING"],
        )


def log_in(secret: Secret) -> psycopg.Connection:
    """
    Open the server as the user of a secret. TLS is up to libpq's variables, PGSSLMODE and PGSSLROOTCERT.

    Raises:
        psycopg.OperationalError: the server refuses the password, or cannot be reached in 5 seconds.
    """
    return psycopg.connect(
        host=secret["host"],
        port=secret.get("port", 5432),
        dbname=secret.get("dbname", "postgres"),
        user=secret["username"],
        password=secret["password"],
        connect_timeout=5,
    )


def opens(secret: Secret) -> bool:
    """Whether the secret opens the server."""
    try:
        log_in(secret).close()
    except psycopg.OperationalError:
        return False
    return True


def server_of(secret: Secret) -> tuple[str, int]:
    """Where a secret logs in: host and port."""
    return secret["host"], int(secret.get("port", 5432))


def stored_form(connection: psycopg.Connection, secret: Secret) -> str:
    """
    The hash of a password as the server would store it, in the form that the server is set to.

    It is sent in place of the password: statements end up in logs.
    """
    user, password = secret["username"], secret["password"]
    return connection.pgconn.encrypt_password(password.encode(), user.encode()).decode()


def change_password(connection: psycopg.Connection, secret: Secret) -> None:
    """Give the role of a secret the password of this secret; the caller commits."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    role, password = sql.Identifier(secret["username"]), sql.Literal(stored_form(connection, secret))
    connection.execute(statement.format(role, password))


def test_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the new password, and ask for something as an application would."""
    with closing(log_in(read(client, arn, stage="AWSPENDING", token=token))) as connection:
        connection.execute("SELECT now()")


def finish_secret(client: Any, arn: str, token: str) -> None:
    """Make the new version the current one."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )
