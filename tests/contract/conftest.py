"""The function of the example is put to the contract too: it is imported as the example's tests import it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "examples" / "rotate_an_api_key"))
