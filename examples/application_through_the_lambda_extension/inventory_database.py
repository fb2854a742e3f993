"""The database of the inventory, as far as its logins go: a replaced password is rejected at once."""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

DATABASE = CredentialTarget({"inventory": "first"})
