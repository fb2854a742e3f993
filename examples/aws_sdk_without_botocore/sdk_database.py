"""A stand-in for the logins of the database whose password is rotated."""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

#: It rejects the characters that AWS's rotation functions exclude from passwords.
DATABASE = CredentialTarget({"app": "old"}, refuses="/@\"'\\")
