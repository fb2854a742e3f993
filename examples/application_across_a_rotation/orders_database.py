"""A stand-in for the logins of the order database. Its sessions are SQLite connections in memory."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from pytest_fakesecrets import CredentialTarget

#: How long a replaced password stays valid beside the new one, as with RETAIN CURRENT PASSWORD in MySQL.
OVERLAP = timedelta(minutes=10)

#: The database that the application and the rotation function log in to.
DATABASE = CredentialTarget({"orders": "first"}, refuses="/@\"'\\", keeps_old_for=OVERLAP)


def connect(username: str, password: str) -> sqlite3.Connection:
    """
    Log in as a database driver does, and return an open session.

    A session stays open when the password changes, as in most databases.

    Raises:
        PermissionError: the database refuses the login.
    """
    DATABASE.log_in(username, password)
    return sqlite3.connect(":memory:", check_same_thread=False)  # a pool passes it between threads
