"""Where AWS has not been observed: what the fake assumes, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Literal

from .errors import FakeSecretsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """
    The choices that no recording from AWS decides. A test changes one with `fake.assume(...)`.

    Attributes:
        retry_delays: how long after each failed attempt the whole process is tried again, with the
            same token. Its length bounds the retries. AWS says that it "retries the entire rotation
            process multiple times" and neither how often nor when; five attempts, further and
            further apart, are what its other services do.
        pending_after_finish: whether AWSPENDING "stays" beside AWSCURRENT on the new version when a
            rotation has succeeded, or is "removed" by the service. Published describe-secret
            outputs of functions that leave it alone show both labels.
    """

    retry_delays: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
    )
    pending_after_finish: Literal["stays", "removed"] = "stays"

    def changed(self, changes: Mapping[str, Any]) -> Assumptions:
        """
        These assumptions with some of them changed.

        Raises:
            FakeSecretsError: there is no such assumption, or it cannot have that value.
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise FakeSecretsError(f"There is no assumption {name!r}. There are: {', '.join(known)}.")
        return replace(self, **changes)

    def __post_init__(self) -> None:
        delays: object = self.retry_delays
        if not (isinstance(delays, tuple) and all(isinstance(delay, timedelta) for delay in delays)):
            raise FakeSecretsError(f"retry_delays has to be a tuple of timedeltas, not {delays!r}.")
        if self.pending_after_finish not in ("stays", "removed"):
            raise FakeSecretsError(
                f"pending_after_finish has to be 'stays' or 'removed', not {self.pending_after_finish!r}."
            )
