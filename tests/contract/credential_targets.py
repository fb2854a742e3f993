"""
What the rotation functions of the contract's tests change passwords at.

They live apart from the functions, as databases do: a cold start loads a function's module again, and
must not find a new database there.
"""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

#: What the functions exclude from passwords, and what the databases refuse.
UNUSABLE = "/@\"'\\"

DATABASE = CredentialTarget({"app": "old-password"}, refuses=UNUSABLE)

CLUSTER = CredentialTarget({"admin": "master-password", "app": "old-password"}, refuses=UNUSABLE)

SERVICE = CredentialTarget({"weather": "first-key"}, most_passwords=2)

#: A service whose API makes the keys. It keeps those that are not removed.
MINT = CredentialTarget({"weather": "first-key"}, most_passwords=9)
