"""The context in which botocore keeps the features of the call that runs, for its User-Agent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def detached_from_the_outer_call() -> Iterator[None]:
    """
    Run a block outside of botocore's context of the call that is running.

    A rotation function runs inside of the call that starts it. Its own calls are not part of that call, and botocore
    would copy the context for each of them, which takes a sixth of the time of a call.
    """
    context = sys.modules.get("botocore.context")
    if context is None:  # older versions of botocore have no context of calls
        yield
        return
    token = context.set_context(None)
    try:
        yield
    finally:
        context.reset_context(token)
