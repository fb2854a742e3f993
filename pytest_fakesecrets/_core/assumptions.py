"""Assumptions about behaviour of AWS that has not been observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from random import Random
from typing import Any, Literal

from .errors import FakeSecretsError
from .exported import exported
from .formatting import unknown_name
from .moments import check_delay
from .schedule import Grid


@exported
@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """
    How the fake behaves where no recording from AWS exists. A test changes an assumption with `fake.assume(...)`.

    `hour_rate_grid` and `first_day_base` are read when a schedule is stored.

    Attributes:
        rotate_at: when in its window a scheduled rotation runs: at its "open", one second before
            its "close", or at a random time, drawn from a seeded `random.Random`. AWS says "at any time
            during the window"; the open is the time that a test can name.
        retry_delays: the delay after each failed attempt until the whole process is retried with the
            same token. The number of delays is the number of retries. AWS says that it "retries the
            entire rotation process multiple times", but neither how often nor when; other AWS services
            make five attempts with growing delays.
            A scheduled rotation is not retried after its window has closed ("during the open rotation
            windows on the secret"). A rotation that was started by hand has no window.
        stuck_window: what the next window does while a rotation is stuck: "reattempt" it with its old
            token, according to the error message "That rotation will be reattempted.", or "wait" for a
            repair by hand.
        hour_rate_grid: the origin from which the hours of a `rate()` are counted: once, from the
            midnight before the schedule was stored ("running"); each day from its midnight ("daily"); or
            from the "last rotation". The reference says that the window "starts at midnight", and a daily
            grid would break the rule of four hours.
        first_day_base: the origin from which the days are counted for a secret that has never been rotated,
            with RotateImmediately=false: the "call", or the last change of the "value".
        pending_after_finish: whether AWSPENDING "stays" beside AWSCURRENT on the new version after a
            rotation has succeeded, or is "removed" by the service. Published describe-secret
            outputs show both labels if the function does not remove AWSPENDING.
        cancel_unblocks: when CancelRotateSecret removes AWSPENDING from the version that blocks the next rotation:
            if that version is "empty", which an acceptance test of Terraform's provider needs on AWS; "always"; or
            "never". The reference says that a cancelled rotation which is not cleaned up "can block you from starting
            future rotations", so a version with a value keeps the label.
    """

    rotate_at: Literal["open", "close"] | Random = "open"
    stuck_window: Literal["reattempt", "wait"] = "reattempt"
    hour_rate_grid: Grid = "running"
    first_day_base: Literal["call", "value"] = "call"
    retry_delays: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
    )
    pending_after_finish: Literal["stays", "removed"] = "stays"
    cancel_unblocks: Literal["empty", "always", "never"] = "empty"

    def changed(self, changes: Mapping[str, Any]) -> Assumptions:
        """
        Return a copy with *changes*.

        Raises:
            FakeSecretsError: an assumption does not exist, or it cannot have that value.
        """
        if not isinstance(changes, Mapping):
            raise FakeSecretsError(
                "The argument of changed() is a dict of assumptions, such as {'rotate_at': 'close'}, not an object of type "
                f"{type(changes).__name__}."
            )
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise FakeSecretsError(unknown_name("assumption", name, known))
        return replace(self, **changes)

    def __post_init__(self) -> None:
        delays: object = self.retry_delays
        if not (isinstance(delays, tuple) and all(isinstance(delay, timedelta) for delay in delays)):
            raise FakeSecretsError(f"retry_delays has to be a tuple of timedeltas, not {delays!r}.")
        for delay in delays:
            check_delay("Each of retry_delays", delay)
        for name, allowed in _ALLOWED.items():
            value = getattr(self, name)
            if value not in allowed and not (name == "rotate_at" and isinstance(value, Random)):
                raise FakeSecretsError(f"{name} has to be {_choices(name, allowed)}, not {value!r}.")


#: The valid values of an assumption. `rotate_at` can be a `random.Random` as well.
_ALLOWED: Mapping[str, Sequence[str]] = {
    "rotate_at": ("open", "close"),
    "stuck_window": ("reattempt", "wait"),
    "hour_rate_grid": ("running", "daily", "last rotation"),
    "first_day_base": ("call", "value"),
    "pending_after_finish": ("stays", "removed"),
    "cancel_unblocks": ("empty", "always", "never"),
}


def _choices(name: str, allowed: Sequence[str]) -> str:
    words = " or ".join(map(repr, allowed))
    return f"{words} or a random.Random" if name == "rotate_at" else words


#: The assumptions of each new fake, checked once.
DEFAULT_ASSUMPTIONS = Assumptions()
