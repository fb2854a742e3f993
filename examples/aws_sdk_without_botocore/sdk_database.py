"""The database whose password is rotated, as far as its logins go."""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

#: Where the rotation function logs in. It refuses the characters that AWS's own functions leave out.
DATABASE = CredentialTarget({"app": "old"}, refuses="/@\"'\\")
