"""
The parts that both rotation functions share: the checks before each step, access to the values, and the login.

A secret is JSON in the format of AWS's rotation functions for PostgreSQL: {"engine": "postgres", "host": ...,
"port": 5432, "dbname": "postgres", "username": ..., "password": ...}; the port and the database are optional.
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
    Run the step of the event, unless its version is already current.

    Raises:
        ValueError: rotation is disabled, the version is not pending, or the step is unknown.
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
    Return the value with a label; with a token, that version must have the label.

    Raises:
        ValueError: the value does not describe a PostgreSQL account.
    """
    version = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    secret: Secret = json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])
    missing = [key for key in ("host", "username", "password") if not secret.get(key)]
    if missing or secret.get("engine") != "postgres":
        raise ValueError(f"Secret {arn} ({stage}) needs engine=postgres, host, username and password")
    return secret


def put_pending(client: Any, arn: str, token: str, account: Secret) -> None:
    """Store an account with a new password as AWSPENDING, unless an earlier attempt has stored one."""
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
    Connect to the server as the user of a secret. The variables PGSSLMODE and PGSSLROOTCERT of libpq configure TLS.

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
    """Return whether the server accepts the user and password of a secret."""
    try:
        log_in(secret).close()
    except psycopg.OperationalError:
        return False
    return True


def server_of(secret: Secret) -> tuple[str, int]:
    """Return the host and port of the server of a secret."""
    return secret["host"], int(secret.get("port", 5432))


def stored_form(connection: psycopg.Connection, secret: Secret) -> str:
    """
    Return the hash of a password as the server stores it, with the algorithm that the server is configured for.

    The hash is sent in place of the password, since statements may be logged.
    """
    user, password = secret["username"], secret["password"]
    return connection.pgconn.encrypt_password(password.encode(), user.encode()).decode()


def change_password(connection: psycopg.Connection, secret: Secret) -> None:
    """Set the password of the role of a secret; the caller commits."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    role, password = sql.Identifier(secret["username"]), sql.Literal(stored_form(connection, secret))
    connection.execute(statement.format(role, password))


def test_secret(client: Any, arn: str, token: str) -> None:
    """Log in with the new password and run a query, as an application would."""
    with closing(log_in(read(client, arn, stage="AWSPENDING", token=token))) as connection:
        connection.execute("SELECT now()")


def finish_secret(client: Any, arn: str, token: str) -> None:
    """Make the new version the current one."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
    )
