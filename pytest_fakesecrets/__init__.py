"""
A fake AWS Secrets Manager for tests of credential rotation.

Importing the package is cheap: each public name is imported from its module on first use, and botocore is
imported only when it is needed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from ._transport.install import install

if TYPE_CHECKING:
    from ._contract.contract import RotationContract as RotationContract
    from ._contract.target import CredentialTarget as CredentialTarget
    from ._core.arn import SECRET_ARN as SECRET_ARN
    from ._core.assumptions import Assumptions as Assumptions
    from ._core.errors import CredentialRefused as CredentialRefused
    from ._core.errors import FakeSecretsError as FakeSecretsError
    from ._core.errors import FunctionTimedOut as FunctionTimedOut
    from ._core.errors import InvocationRefused as InvocationRefused
    from ._core.errors import ReportingFailedWarning as ReportingFailedWarning
    from ._core.errors import RotationFailedWarning as RotationFailedWarning
    from ._core.errors import TargetDown as TargetDown
    from ._core.errors import UnusedFaultWarning as UnusedFaultWarning
    from ._core.finding import Finding as Finding
    from ._core.rotation import Rotation as Rotation
    from ._core.rotation import RotationStep as RotationStep
    from ._core.schedule import Window as Window
    from ._fake.fake import ROTATION_POINTS as ROTATION_POINTS
    from ._fake.fake import FakeSecrets as FakeSecrets
    from ._fake.secret_view import SecretView as SecretView
    from ._fake.secret_view import VersionView as VersionView
    from ._rotation.step_driver import RotationDriver as RotationDriver
    from ._service.clock import Clock as Clock
    from ._service.faults import Fault as Fault
    from ._service.functions import LambdaContext as LambdaContext
    from ._service.history import Call as Call
    from ._service.history import LabelMoved as LabelMoved
    from ._service.history import ServiceEvent as ServiceEvent
    from ._service.history import ValueStored as ValueStored
    from ._transport.http_server import Server as Server
    from ._transport.rotation_process import RotationProcess as RotationProcess

__version__ = "0.2.0"

#: The module that defines each public name. It is imported on first use.
_MODULES = {
    "ROTATION_POINTS": "_fake.fake",
    "SECRET_ARN": "_core.arn",
    "Assumptions": "_core.assumptions",
    "Call": "_service.history",
    "Clock": "_service.clock",
    "CredentialRefused": "_core.errors",
    "CredentialTarget": "_contract.target",
    "FakeSecrets": "_fake.fake",
    "FakeSecretsError": "_core.errors",
    "Fault": "_service.faults",
    "Finding": "_core.finding",
    "FunctionTimedOut": "_core.errors",
    "InvocationRefused": "_core.errors",
    "LabelMoved": "_service.history",
    "LambdaContext": "_service.functions",
    "ReportingFailedWarning": "_core.errors",
    "Rotation": "_core.rotation",
    "RotationContract": "_contract.contract",
    "RotationDriver": "_rotation.step_driver",
    "RotationFailedWarning": "_core.errors",
    "RotationProcess": "_transport.rotation_process",
    "RotationStep": "_core.rotation",
    "SecretView": "_fake.secret_view",
    "Server": "_transport.http_server",
    "ServiceEvent": "_service.history",
    "TargetDown": "_core.errors",
    "UnusedFaultWarning": "_core.errors",
    "ValueStored": "_service.history",
    "VersionView": "_fake.secret_view",
    "Window": "_core.schedule",
}

__all__ = list(_MODULES)  # pyright: ignore[reportUnsupportedDunderAll]  # pyright takes the names from the imports above


if not TYPE_CHECKING:  # a type checker would accept any name
    # There is no __dir__: freezegun reads every name that a module lists, which would import all modules.
    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f".{_MODULES[name]}", __name__)
        if not hasattr(module, "__tracebackhide__"):
            _hide_frames()
        return getattr(module, name)

    def _hide_frames() -> None:
        """Leave the frames of this package out of pytest's tracebacks, also while test modules are collected."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == __name__:
                module.__tracebackhide__ = True


install()
