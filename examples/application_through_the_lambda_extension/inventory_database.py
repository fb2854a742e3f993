"""A stand-in for the logins of the inventory database, which rejects a replaced password at once."""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

DATABASE = CredentialTarget({"inventory": "first"})
