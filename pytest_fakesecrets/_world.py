"""One world: the service, its rotations and its clock, as the two doors and the fake see them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from . import _hook
from ._clock import Clock
from ._core.secret import Secret
from ._core.store import Region
from ._rotation import Rotations
from ._service import DEFAULT_ACCOUNT, RUNNING, Request, Service, default_region
from ._wire import Reply

#: Called with each world that a fake enters: the report of a run tells of all of them.
listeners: list[Callable[[World], None]] = []


class World:
    """
    Secrets Manager as it stands, with everything that has come due by the time that somebody looks.

    Args:
        seed: where the generator of ids and passwords starts.
    """

    def __init__(self, seed: int) -> None:
        self.clock = Clock(self.next_due, self.catch_up, lambda: self.is_active)
        self.service = Service(self.clock, seed)
        self.rotations = Rotations(self.service)

    @property
    def lock(self) -> AbstractContextManager[object]:
        return self.service.lock

    @property
    def is_active(self) -> bool:
        return _hook.active is self

    def begin(self) -> None:
        """Answer the clients of the process from now on."""
        _hook.active = self
        for told in listeners:
            told(self)

    def answer(self, account: str | None, region: str | None, operation: str, body: bytes) -> Reply:
        """The answer to one request, and then the rotations that it has started, unless a test drives."""
        self.catch_up()
        running = RUNNING.get()  # a function has the keys of nobody, and so acts in its secret's account
        account = account or (running.account if running else DEFAULT_ACCOUNT)
        answered = self.service.answer(Request(account, region or default_region(), operation, body))
        for home, rotation in answered.started:
            self.rotations.started(home, rotation)
        return answered.reply

    def takes_the_wire(self, operation: str, body: bytes) -> bool:
        """Whether something is to go wrong with a request, which botocore's retries have to see."""
        return False

    def new_token(self) -> str:
        return self.service.ids.token()

    def locate(self, secret_id: str) -> tuple[Region, Secret]:
        """
        The secret that a test means by a name or an ARN.

        Raises:
            FakeSecretsError: there is none, or more than one.
        """
        self.catch_up()
        return self.service.locate(secret_id)

    def catch_up(self) -> None:
        """Run what has come due: never after the world was left, when calls would go to the real AWS."""
        if self.is_active:
            self.rotations.run_due()

    def next_due(self, until: datetime) -> datetime | None:
        """The next instant, up to *until* and with it, at which something is due."""
        return self.rotations.next_due(until) if self.is_active else None
