"""The record of one run of a scenario, which the next run would delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.store import Store
from pytest_fakesecrets._fake.fake import FakeSecrets
from pytest_fakesecrets._service.history import History
from pytest_fakesecrets._service.redaction import Redactor

from .run_output import Position, Written, written_since


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """
    What a run of a scenario has left. The failure of the run has it as its attribute `fakesecrets_run`.

    Attributes:
        backend: the backend of the fake, which the next run resets.
        written: what the run wrote to the log, to stdout and to stderr.
        is_one_of_several: whether it is a run of a series.
    """

    backend: object = field(repr=False)
    history: History = field(repr=False)
    store: Store = field(repr=False)
    redactor: Redactor = field(repr=False)
    rotations: Sequence[Rotation]
    written: Sequence[Written] = field(repr=False)
    is_one_of_several: bool = False


def record_run(fake: FakeSecrets, begun: Sequence[Position]) -> RecordedRun:
    """
    Record the run of a scenario that ends now.

    Args:
        begun: the positions of the captured log and outputs when it began.
    """
    service = fake._service
    return RecordedRun(
        fake._backend,
        service.history,
        service.store,
        service.redactor,
        fake._rotations.all(),
        written_since(begun),
    )
