"""An application with a pool of database connections, and a common variant of it that fails after a rotation."""

from __future__ import annotations

import json
import sqlite3

from aws_secretsmanager_caching import SecretCache
from orders_database import connect
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool

SECRET = "orders/database"


class Orders:
    """
    Reads the secret when the pool opens a connection, and refreshes it once if the login is refused.

    The cache keeps the secret in memory for up to an hour, so not every connection calls Secrets Manager.
    """

    def __init__(self, secrets: SecretCache) -> None:
        self._secrets = secrets
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)

    def count(self) -> int:
        """
        Return the number of orders.

        Raises:
            PermissionError: the pool needs a new connection, and the database refuses the login.
        """
        with self._engine.connect() as connection:
            counted: int = connection.execute(text("SELECT 42")).scalar_one()
            return counted

    def reconnect(self) -> None:
        """Close all connections, as a failover of the database does; the pool then opens new ones."""
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._log_in()
        except PermissionError:
            # The password may have been rotated since it was cached. The refresh first waits some seconds,
            # so that the instances of an application do not all call Secrets Manager at once.
            self._secrets.refresh_secret_now(SECRET)
            return self._log_in()

    def _log_in(self) -> sqlite3.Connection:
        value = json.loads(self._secrets.get_secret_string(SECRET))
        return connect(value["username"], value["password"])


class OrdersReadOnce(Orders):
    """Reads the password only once, when it starts."""

    def __init__(self, secrets: SecretCache) -> None:
        super().__init__(secrets)
        self._value: dict[str, str] = json.loads(secrets.get_secret_string(SECRET))

    def _connect(self) -> sqlite3.Connection:
        return connect(self._value["username"], self._value["password"])
