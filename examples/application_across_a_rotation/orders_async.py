"""The application written with asyncio and an aiobotocore client."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

from orders_application import SECRET
from orders_database import connect


class AsyncOrders:
    """
    Keeps one connection, and keeps the secret as long as the database accepts it.

    Args:
        client: an aiobotocore client for Secrets Manager.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._opening = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None
        self._value: dict[str, str] | None = None

    async def count(self) -> int:
        """
        Return the number of orders.

        Raises:
            PermissionError: a new connection is needed, and the database refuses the login.
        """
        async with self._opening:
            if self._connection is None:
                self._connection = await self._connect()
        counted: int = self._connection.execute("SELECT 42").fetchone()[0]
        return counted

    def reconnect(self) -> None:
        """Close the connection, as a failover of the database does; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connect(self) -> sqlite3.Connection:
        if self._value is not None:
            try:
                return await self._log_in(self._value)
            except PermissionError:
                pass  # the password was rotated after it was read
        self._value = await self._read()
        return await self._log_in(self._value)

    async def _read(self) -> dict[str, str]:
        answer = await self._client.get_secret_value(SecretId=SECRET)
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value

    async def _log_in(self, value: dict[str, str]) -> sqlite3.Connection:
        return await asyncio.to_thread(connect, value["username"], value["password"])


class AsyncOrdersReadOnce(AsyncOrders):
    """Reads the password only once, when it first connects."""

    async def _connect(self) -> sqlite3.Connection:
        self._value = self._value or await self._read()
        return await self._log_in(self._value)
