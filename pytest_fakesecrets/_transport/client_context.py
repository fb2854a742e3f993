"""The context in which botocore keeps the features of the call that runs, for its User-Agent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def outside_of_calls() -> Iterator[None]:
    """
    Run a block as if no client were making a call, where botocore keeps a context of calls.

    A rotation function runs inside of the call that starts it. Its own calls are not part of that call, and botocore
    would copy the context for each of them, which takes a sixth of the time of a call.
    """
    context = sys.modules.get("botocore.context")
    if context is None:  # older versions have none
        yield
        return
    token = context.set_context(None)
    try:
        yield
    finally:
        context.reset_context(token)
