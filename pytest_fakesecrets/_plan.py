"""What follows from a change of the world: which windows, retries and deletions come due, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from ._agenda import Agenda, Entry
from ._core.moments import moved
from ._core.rotation import Rotation
from ._core.schedule import Window
from ._core.secret import MILLISECOND, Secret
from ._core.store import Region
from ._operations.context import Change
from ._service import Service


class Plan:
    """The agenda of a world, and the window that comes next for each secret that has a schedule."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.agenda = Agenda()
        #: By the secret's ARN: its next window, and the instant in it.
        self._windows: dict[str, tuple[Window, datetime]] = {}

    def note_rotation(self, rotation: Rotation) -> None:
        entry = Entry("retry", rotation.secret_id, rotation.token)
        self.agenda.put(entry, rotation.retry_at if rotation.is_due_again else None)

    def note(self, change: Change) -> None:
        """Take notice of a secret that has been made, changed or deleted."""
        before, after = change.before, change.after
        secret = after or before
        assert isinstance(secret, Secret)
        gone = after is None
        self.agenda.put(Entry("deletion", secret.arn), None if gone else _gone_at(secret))
        if gone or not isinstance(before, Secret) or _is_due_anew(before, secret):
            self._put_window(secret, None if gone else secret.due_window)
        if isinstance(before, Secret) and before.labels is not secret.labels:
            self._hold_up(change.region, secret)

    def next_instant(self, arn: str | None) -> tuple[str, datetime] | None:
        """Which secret next rotates by its schedule, and when; or when this one does."""
        coming = [(instant, known) for known, (_, instant) in self._windows.items() if arn in (None, known)]
        if not coming:
            return None
        instant, secret_id = min(coming)
        return secret_id, instant

    def take_window(self, arn: str) -> Window | None:
        """The window of a secret that has come due, taken out of the plan."""
        known = self._windows.pop(arn, None)
        return None if known is None else known[0]

    def again(self) -> None:
        """Find another instant in each window that is planned: what is assumed has changed."""
        with self._service.lock:
            for arn, (window, _) in list(self._windows.items()):
                instant = max(self._instant_in(window), self._service.clock.now)
                self._windows[arn] = window, instant
                self.agenda.put(Entry("window", arn), instant)

    def _hold_up(self, region: Region, secret: Secret) -> None:
        """A retry that came due while the label of its version was away is made when it is back."""
        rotation = region.unfinished_rotation(secret)
        if rotation is not None and rotation.status == "failed" and rotation.retry_at is not None:
            entry = Entry("retry", rotation.secret_id, rotation.token)
            self.agenda.put(entry, max(rotation.retry_at, self._service.clock.now))

    def _put_window(self, secret: Secret, window: Window | None) -> None:
        known = self._windows.pop(secret.arn, None)
        instant = None
        if window is not None:
            instant = known[1] if known and known[0] == window else self._instant_in(window)
            instant = max(instant, self._service.clock.now)  # a window that has opened already is due at once
            self._windows[secret.arn] = window, instant
        self.agenda.put(Entry("window", secret.arn), instant)

    def _instant_in(self, window: Window) -> datetime:
        at = self._service.assumptions.rotate_at
        if isinstance(at, Random):
            seconds = (window.closes - window.opens) // timedelta(seconds=1)
            return window.opens + timedelta(seconds=at.randrange(seconds))
        return window.opens if at == "open" else window.next_rotation_date


def _gone_at(secret: Secret) -> datetime | None:
    """Until the DeletionDate, and at it, a secret can be restored."""
    return None if secret.deletion_due_at is None else moved(secret.deletion_due_at, MILLISECOND)


def _is_due_anew(before: Secret, after: Secret) -> bool:
    """Whether the next window may be another one: most changes do not touch what it depends on."""
    if before.rotation is None and after.rotation is None:
        return False
    return _depends_on(before) != _depends_on(after)


def _depends_on(secret: Secret) -> object:
    return secret.rotation, secret.last_window, secret.deleted_at is None, secret.is_replica
