"""
A fake AWS Secrets Manager for tests of credential rotation.

Importing the package costs next to nothing: what is behind these names is loaded when one of them
is used, and botocore never before somebody needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._install import install

if TYPE_CHECKING:
    from ._clock import Clock
    from ._contract import RotationContract
    from ._core.assumptions import Assumptions
    from ._core.errors import (
        FakeSecretsError,
        FunctionTimedOut,
        InvocationRefused,
        RotationFailedWarning,
    )
    from ._core.finding import Finding
    from ._core.rotation import Rotation, RotationStep
    from ._core.schedule import Window
    from ._driver import RotationDriver
    from ._fake import FakeSecrets
    from ._faults import Fault
    from ._functions import LambdaContext
    from ._history import Call, LabelMoved, ServiceEvent, ValueStored
    from ._pausing import ROTATION_POINTS
    from ._server import Server
    from ._target import CredentialRefused, CredentialTarget, TargetDown
    from ._view import SecretView, VersionView

__version__ = "0.1.0"

__all__ = [
    "ROTATION_POINTS",
    "Assumptions",
    "Call",
    "Clock",
    "CredentialRefused",
    "CredentialTarget",
    "FakeSecrets",
    "FakeSecretsError",
    "Fault",
    "Finding",
    "FunctionTimedOut",
    "InvocationRefused",
    "LabelMoved",
    "LambdaContext",
    "Rotation",
    "RotationContract",
    "RotationDriver",
    "RotationFailedWarning",
    "RotationStep",
    "SecretView",
    "Server",
    "ServiceEvent",
    "TargetDown",
    "ValueStored",
    "VersionView",
    "Window",
]

_HOMES = {
    "_clock": ("Clock",),
    "_contract": ("RotationContract",),
    "_core.assumptions": ("Assumptions",),
    "_core.errors": (
        "FakeSecretsError",
        "FunctionTimedOut",
        "InvocationRefused",
        "ReportingFailedWarning",  # not in __all__: it is there for filters of warnings
        "RotationFailedWarning",
    ),
    "_core.finding": ("Finding",),
    "_core.rotation": ("Rotation", "RotationStep"),
    "_core.schedule": ("Window",),
    "_fake": ("FakeSecrets",),
    "_pausing": ("ROTATION_POINTS",),
    "_faults": ("Fault",),
    "_functions": ("LambdaContext",),
    "_history": ("Call", "LabelMoved", "ServiceEvent", "ValueStored"),
    "_driver": ("RotationDriver",),
    "_server": ("Server",),
    "_target": ("CredentialRefused", "CredentialTarget", "TargetDown"),
    "_view": ("SecretView", "VersionView"),
}


if not TYPE_CHECKING:  # or type checkers would believe in any name
    # There is no __dir__ on purpose: freezegun takes every name that a module lists, and would load them all.
    def __getattr__(name: str) -> object:
        for module, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


install()
