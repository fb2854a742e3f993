"""
A fake AWS Secrets Manager for tests of credential rotation.

Importing the package is cheap: the module behind a name is imported when the name is first used, and
botocore is never imported before it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._install import install

if TYPE_CHECKING:
    from ._clock import Clock as Clock
    from ._contract import RotationContract as RotationContract
    from ._core.assumptions import Assumptions as Assumptions
    from ._core.errors import FakeSecretsError as FakeSecretsError
    from ._core.errors import FunctionTimedOut as FunctionTimedOut
    from ._core.errors import InvocationRefused as InvocationRefused
    from ._core.errors import ReportingFailedWarning as ReportingFailedWarning
    from ._core.errors import RotationFailedWarning as RotationFailedWarning
    from ._core.finding import Finding as Finding
    from ._core.rotation import Rotation as Rotation
    from ._core.rotation import RotationStep as RotationStep
    from ._core.schedule import Window as Window
    from ._driver import RotationDriver as RotationDriver
    from ._fake import FakeSecrets as FakeSecrets
    from ._faults import Fault as Fault
    from ._functions import LambdaContext as LambdaContext
    from ._history import Call as Call
    from ._history import LabelMoved as LabelMoved
    from ._history import ServiceEvent as ServiceEvent
    from ._history import ValueStored as ValueStored
    from ._pausing import ROTATION_POINTS as ROTATION_POINTS
    from ._server import Server as Server
    from ._target import CredentialRefused as CredentialRefused
    from ._target import CredentialTarget as CredentialTarget
    from ._target import TargetDown as TargetDown
    from ._view import SecretView as SecretView
    from ._view import VersionView as VersionView

__version__ = "0.1.0"

#: The module of each public name, imported when the name is first used.
_MODULES = {
    "ROTATION_POINTS": "_pausing",
    "Assumptions": "_core.assumptions",
    "Call": "_history",
    "Clock": "_clock",
    "CredentialRefused": "_target",
    "CredentialTarget": "_target",
    "FakeSecrets": "_fake",
    "FakeSecretsError": "_core.errors",
    "Fault": "_faults",
    "Finding": "_core.finding",
    "FunctionTimedOut": "_core.errors",
    "InvocationRefused": "_core.errors",
    "LabelMoved": "_history",
    "LambdaContext": "_functions",
    "ReportingFailedWarning": "_core.errors",
    "Rotation": "_core.rotation",
    "RotationContract": "_contract",
    "RotationDriver": "_driver",
    "RotationFailedWarning": "_core.errors",
    "RotationStep": "_core.rotation",
    "SecretView": "_view",
    "Server": "_server",
    "ServiceEvent": "_history",
    "TargetDown": "_target",
    "ValueStored": "_history",
    "VersionView": "_view",
    "Window": "_core.schedule",
}

__all__ = list(_MODULES)  # pyright: ignore[reportUnsupportedDunderAll]  # it reads the imports above


if not TYPE_CHECKING:  # a type checker would accept any name
    # No __dir__, on purpose: freezegun reads every name that a module lists, and would import all of them.
    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)


install()
