"""What a trial asks of the contract that it is part of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from ._fake import FakeSecrets
from ._functions import Handler
from ._target import CredentialTarget


class Terms(Protocol):
    """What a contract says of its function: see `RotationContract`."""

    secret_name: ClassVar[str]
    secret_value: ClassVar[Mapping[str, Any] | str]
    environ: ClassVar[Mapping[str, str]]
    timeout: ClassVar[timedelta]
    target: ClassVar[CredentialTarget | None]
    target_calls: ClassVar[Sequence[str]]

    def handler(self) -> Handler | str: ...

    def accepts(self, value: Any) -> bool: ...

    def client(self, fake: FakeSecrets) -> Any: ...
