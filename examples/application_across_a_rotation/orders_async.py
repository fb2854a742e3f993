"""The application with asyncio, and a client of aiobotocore."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

from orders_application import SECRET
from orders_database import connect


class AsyncOrders:
    """
    It keeps one connection, and the secret as long as the database takes it.

    Args:
        client: for Secrets Manager, from aiobotocore.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._opening = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None
        self._value: dict[str, str] | None = None

    async def count(self) -> int:
        """
        The number of orders.

        Raises:
            PermissionError: it needs a new connection, and the database refuses the login.
        """
        async with self._opening:
            if self._connection is None:
                self._connection = await self._connect()
        counted: int = self._connection.execute("SELECT 42").fetchone()[0]
        return counted

    def reconnect(self) -> None:
        """Close the connection, as a failover of the database does: the next one is new."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connect(self) -> sqlite3.Connection:
        if self._value is not None:
            try:
                return await self._log_in(self._value)
            except PermissionError:
                pass  # rotated since it was read
        self._value = await self._read()
        return await self._log_in(self._value)

    async def _read(self) -> dict[str, str]:
        answer = await self._client.get_secret_value(SecretId=SECRET)
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value

    async def _log_in(self, value: dict[str, str]) -> sqlite3.Connection:
        return await asyncio.to_thread(connect, value["username"], value["password"])


class AsyncOrdersReadOnce(AsyncOrders):
    """The same, but with the password that there was when it first connected."""

    async def _connect(self) -> sqlite3.Connection:
        self._value = self._value or await self._read()
        return await self._log_in(self._value)
