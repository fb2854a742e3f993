"""A contract of a rotation function, and what is found in one, with types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import assert_type
from user_functions import rotate

from pytest_fakesecrets import (
    ROTATION_POINTS,
    SECRET_ARN,
    CredentialTarget,
    FakeSecrets,
    Finding,
    Rotation,
    RotationContract,
    RotationStep,
)


class FunctionOfItsOwnFolder(RotationContract):
    rotation_function = "lambda_function.lambda_handler"
    code = Path("functions") / "rotation"


class TestMyFunction(RotationContract):
    rotation_function = staticmethod(rotate)
    secret_value: ClassVar[Mapping[str, Any] | str] = {"username": "app", "password": "old-password"}
    secret_name = "app/database"
    environ: ClassVar[Mapping[str, str]] = {"EXCLUDE_CHARACTERS": "/@", "ARN": SECRET_ARN}
    timeout = timedelta(seconds=20)
    target: ClassVar[CredentialTarget | None] = None
    target_calls = ("json:dumps",)
    companions = ("app/keytab",)
    zero_downtime = False
    propagation_delay = timedelta(0)
    accepted: ClassVar[Mapping[str, str]] = {"untested": "a key that nothing checks"}
    without: ClassVar[Mapping[str, str]] = {
        name: "the function is an example of types, and of nothing else"
        for name in dir(RotationContract)
        if name.startswith("test_")
    }

    def prepare(self, fake: FakeSecrets) -> None:
        fake.add_secret("master", "master-password")

    def accepts(self, value: Any) -> bool:
        return "password" in json.dumps(value)

    def target_state(self) -> dict[str, list[str]]:
        return {"app": ["SELECT"]}


def told(contract: RotationContract) -> list[object]:
    """Everything that a class may say."""
    assert_type(contract.secret_name, str)
    assert_type(contract.zero_downtime, bool)
    assert_type(contract.accepts("value"), bool)
    assert_type(contract.target_state(), object)
    assert_type(SECRET_ARN, str)
    return [
        contract.rotation_function,
        contract.code,
        contract.secret_value,
        contract.environ,
        contract.timeout,
        contract.target,
        contract.target_calls,
        contract.companions,
        contract.propagation_delay,
        contract.without,
        contract.accepted,
        contract.prepare,
    ]


def sentence(finding: Finding) -> str:
    assert_type(finding.code, str)
    assert_type(finding.step, str | None)
    assert_type(finding.call, str | None)
    return f"{finding.code} {finding.text} {finding.advice} {finding.step} {finding.call}"


def sentences(rotation: Rotation, step: RotationStep) -> list[str]:
    assert_type(rotation.findings, tuple[Finding, ...])
    return [sentence(finding) for finding in (*rotation.findings, *step.findings)]


@pytest.mark.parametrize("point", ROTATION_POINTS)
def test_an_application_in_the_middle(fakesecrets: FakeSecrets, point: str) -> None:
    fakesecrets.add_secret("db", "old-password")

    with fakesecrets.rotation_paused("db", after=point, handler=rotate) as rotation:
        assert_type(rotation, Rotation)
        assert rotation.status in ("in progress", "succeeded")

    last = fakesecrets.rotations()[0]
    if not sentences(last, last.steps[0]):
        fakesecrets.check(last)
