"""The stash key of a test's fake. pytest imports the hook modules by name, so it has a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_fakesecrets._fake.fake import FakeSecrets

#: The fake of a test, until its last report is made.
FAKE: pytest.StashKey[FakeSecrets] = pytest.StashKey()

#: The name of the mark that creates secrets.
MARK = "fakesecrets"
