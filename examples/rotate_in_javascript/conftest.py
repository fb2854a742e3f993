"""A check for Node.js and the AWS SDK for JavaScript: `npm install` in this folder installs the SDK."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def node():
    """Skip the tests if Node.js or the SDK is missing, or fail if the tests must run."""
    has_sdk = (Path(__file__).parent / "node_modules" / "@aws-sdk" / "client-secrets-manager").is_dir()
    if shutil.which("node") is None or not has_sdk:
        end = pytest.fail if os.environ.get("FAKESECRETS_TESTS_MUST_RUN") else pytest.skip
        end(
            "This needs Node.js, and the AWS SDK for JavaScript: run `npm install` in examples/rotate_in_javascript."
        )
