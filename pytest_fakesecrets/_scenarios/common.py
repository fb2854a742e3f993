"""What the scenarios need of the class that they are part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pytest_fakesecrets._calling import Place
    from pytest_fakesecrets._core.rotation import Rotation
    from pytest_fakesecrets._fake import FakeSecrets
    from pytest_fakesecrets._target import CredentialTarget
    from pytest_fakesecrets._trial import Trial


class Scenarios:
    """What the scenarios need of the class that they are part of."""

    if TYPE_CHECKING:
        secret_value: ClassVar[Mapping[str, Any] | str]
        secret_name: ClassVar[str]
        target: ClassVar[CredentialTarget | None]
        target_calls: ClassVar[Sequence[str]]
        zero_downtime: ClassVar[bool]
        propagation_delay: ClassVar[timedelta]

        def trial(
            self, fake: FakeSecrets, *, exists: bool = True, cold_start: bool = False
        ) -> AbstractContextManager[Trial]: ...
        @property
        def can_tell(self) -> bool: ...
        def undisturbed(self, fake: FakeSecrets) -> tuple[Sequence[tuple[str, str]], object]: ...
        def check_succeeded(self, trial: Trial, rotation: Rotation, code: str, told: str = "") -> None: ...
        def check_recovered(self, trial: Trial, rotation: Rotation, told: str) -> None: ...
        def check_left_alone(self, trial: Trial, token: str, code: str, when: str) -> None: ...
        def check_unchanged(self, trial: Trial, before: object, step: str, code: str, when: str) -> None: ...
        def client(self, fake: FakeSecrets) -> Any: ...
        def _refused(self, fake: FakeSecrets, code: str) -> Iterator[tuple[Trial, Place, str]]: ...
