"""The database of the orders, as far as its logins go. The sessions that it gives are SQLite's, in memory."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from pytest_fakesecrets import CredentialTarget

#: For how long it takes a replaced password beside the new one, as MySQL does with RETAIN CURRENT PASSWORD.
OVERLAP = timedelta(minutes=10)

#: Where the application and the rotation function log in.
DATABASE = CredentialTarget({"orders": "first"}, refuses="/@\"'\\", keeps_old_for=OVERLAP)


def connect(username: str, password: str) -> sqlite3.Connection:
    """
    What the driver of a database does: log in, and return an open session.

    A session stays open when the password changes, as it does in most databases.

    Raises:
        PermissionError: the database refuses the login.
    """
    DATABASE.log_in(username, password)
    return sqlite3.connect(":memory:", check_same_thread=False)  # a pool hands it from thread to thread
