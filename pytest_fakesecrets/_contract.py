"""`RotationContract`: what a rotation function has to stand before it can be deployed, as tests of one class."""

from __future__ import annotations

import difflib
import inspect
import unittest
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ._core.errors import FakeSecretsError
from ._core.moments import check_delay
from ._core.rotation import STEPS, Rotation
from ._fake import FakeSecrets
from ._functions import TIMEOUT, Handler, check_timeout
from ._operations import OPERATIONS
from ._scenarios.guests import Guests
from ._scenarios.recovery import Recovery
from ._scenarios.refusals import Refusals
from ._scenarios.rotating import Rotating
from ._target import CredentialTarget
from ._trial import Trial

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


#: Any, since it stands where a class has to say something else.
_NOT_SAID: Any = None


class RotationContract(Guests, Refusals, Recovery, Rotating):  # pytest takes the last one first
    """
    The scenarios that a rotation function meets on AWS, each a test.

    Derive a test class from it, and say what is to be tested:

        class TestMyFunction(RotationContract):
            rotation_function = staticmethod(my_app.rotation.handler)
            secret_value = {"username": "app", "password": "old"}

    Attributes:
        rotation_function: the handler, or "package.module:function".
        secret_value: the value before the first rotation: a dict, stored as JSON, or a string.
        secret_name: the name of the secret.
        environ: the environment variables of the function.
        timeout: how long each step of it may take.
        target: what the credentials open, reset before each world of each scenario.
        target_calls: further functions whose calls the function may be ended after, in the form
            "module:Class.method".
        zero_downtime: whether AWSCURRENT itself has to be accepted between any two calls. Without it any
            value with a label will do, since the strategy of a single user leaves a gap.
        propagation_delay: how late a new password works at the target; it has to be waited for.
        without: scenarios that are left out, by the names of their tests, each with its reason.
    """

    #: Any, since a type checker would take a function for a method.
    rotation_function: ClassVar[Any] = None
    secret_value: ClassVar[Mapping[str, Any] | str] = _NOT_SAID
    secret_name: ClassVar[str] = "app/db"
    environ: ClassVar[Mapping[str, str]] = {}
    timeout: ClassVar[timedelta] = TIMEOUT
    target: ClassVar[CredentialTarget | None] = None
    target_calls: ClassVar[Sequence[str]] = ()
    zero_downtime: ClassVar[bool] = False
    propagation_delay: ClassVar[timedelta] = timedelta(0)
    without: ClassVar[Mapping[str, str]] = {}

    _client: Any = None
    #: The calls of an undisturbed rotation, and the state of the target after it: once for each class.
    _undisturbed: ClassVar[tuple[Sequence[tuple[str, str]], object] | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _check_attributes(cls)
        unknown = [name for name in cls.without if not hasattr(cls, name)]
        if unknown:
            known = "".join(f"\n- {name}" for name in dir(RotationContract) if name.startswith("test_"))
            raise FakeSecretsError(f"{cls.__name__}.without has {unknown[0]!r}. The scenarios are:{known}")

    def prepare(self, fake: FakeSecrets) -> None:
        """Bring the target to where `secret_value` logs in, before each world. The fake is empty by then."""

    def accepts(self, value: Any) -> bool:
        """Whether the target lets a value in: a dict, or a string, as `secret_value` is one."""
        return True if self.target is None else self.target.accepts(value)

    @property
    def can_tell(self) -> bool:
        """Whether anybody knows what the target accepts."""
        return self.target is not None or type(self).accepts is not RotationContract.accepts

    def handler(self) -> Handler | str:
        found = inspect.getattr_static(self, "rotation_function")
        handler: Handler | str | None = found.__func__ if isinstance(found, staticmethod) else found
        if handler is None or self.secret_value is _NOT_SAID:
            raise FakeSecretsError(
                f"{type(self).__name__} does not say what it tests. Give the class rotation_function = "
                "staticmethod(handler) or 'package.module:function', and secret_value = {...} or a string: what "
                "the secret holds before its first rotation."
            )
        return handler

    def client(self, fake: FakeSecrets) -> SecretsManagerClient:
        if self._client is None:
            self._client = fake.client()
        return self._client  # type: ignore[no-any-return]  # made a line before

    @pytest.fixture(autouse=True)
    def _leave_out(self, request: pytest.FixtureRequest) -> None:
        reason = self.without.get(request.node.originalname)
        if reason is not None:
            pytest.skip(reason)

    @contextmanager
    def trial(self, fake: FakeSecrets, *, exists: bool = True, cold_start: bool = False) -> Iterator[Trial]:
        """A world with the secret and the function in it, and with the target as it was in the beginning."""
        fake.reset()
        if self.target is not None:
            self.target.reset()
        self.prepare(fake)
        trial = Trial(self, fake, cold_start=cold_start)
        if exists:
            trial.create()
            if not trial.accepts():
                raise FakeSecretsError(
                    f"secret_value of {type(self).__name__} is not accepted before any rotation. Bring the "
                    "target there in prepare(), or mend accepts()."
                )
        try:
            with trial.watched():
                yield trial
        finally:
            if self.target is not None:  # other tests may have it too, and it may be down or late
                self.target.reset()

    def undisturbed(self, fake: FakeSecrets) -> tuple[Sequence[tuple[str, str]], object]:
        """
        The calls of a rotation in which nothing goes wrong, and the state of the target after it.

        Where even that fails, the scenario is left out: there is a test that says so.
        """
        known = vars(type(self)).get("_undisturbed")
        if known is None:
            with self.trial(fake) as trial:
                rotation = trial.rotate()
                if rotation.status != "succeeded" or not trial.accepts():
                    pytest.skip("The rotation fails without any disturbance: see test_a_rotation_succeeds.")
                known = tuple(trial.log), None if self.target is None else self.target.state()
            type(self)._undisturbed = known
        return known

    def check_succeeded(self, trial: Trial, rotation: Rotation, code: str, told: str = "") -> None:
        """Let the scenario fail unless the rotation has succeeded and its value opens the target."""
        __tracebackhide__ = True
        before = f"{told}, and t" if told else "T"
        if rotation.status != "succeeded":
            step = rotation.steps[-1]
            trial.fail(
                code,
                f"{before}he rotation {rotation.status} in {step.name}, attempt {step.attempt}: "
                f"{type(step.error).__name__}: {step.error}",
                _advice(rotation),
                rotation.findings,
            )
        if not trial.accepts():
            trial.fail(
                code if told else "not-accepted",
                f"{before}he rotation succeeded, but the target refuses the value that is current now.",
                "Set the new credential at the target in setSecret, and log in with it in testSecret.",
                rotation.findings,
            )

    def check_recovered(self, trial: Trial, rotation: Rotation, told: str) -> None:
        """Let the scenario fail unless the rotation has come to the same end as an undisturbed one."""
        __tracebackhide__ = True
        self.check_succeeded(trial, rotation, "not-recovered", told)
        log, state = vars(type(self))["_undisturbed"]
        done = {name for _, name in trial.log}
        skipped = [name for _, name in log if name.split()[0] not in OPERATIONS and name not in done]
        now = None if self.target is None else self.target.state()
        if skipped or now != state:
            what = (
                f"{skipped[0]} was never called"
                if skipped
                else f"the target is in another state: {now}, not {state}"
            )
            trial.fail(
                "work-skipped",
                f"{told}. The rotation then succeeded, but {what}.",
                "Do what is left also where the new version is current already: Secrets Manager asks no further.",
            )

    def check_left_alone(self, trial: Trial, token: str, code: str, when: str) -> None:
        """Deliver all steps with a token, and let the scenario fail where one of them changes anything."""
        __tracebackhide__ = True
        before = trial.state()
        for step in STEPS:
            trial.deliver(step, token)
            self.check_unchanged(trial, before, step, code, when)

    def check_unchanged(self, trial: Trial, before: object, step: str, code: str, when: str) -> None:
        """Let the scenario fail unless everything is as it was before a step that should change nothing."""
        __tracebackhide__ = True
        if trial.state() != before:
            trial.fail(
                code,
                f"{step} came {when}, and the function changed the secret or its target.",
                "Call DescribeSecret first: raise unless RotationEnabled is true and AWSPENDING is on the "
                "version of event['ClientRequestToken'].",
            )


def _advice(rotation: Rotation) -> str:
    if rotation.findings:
        return rotation.findings[-1].advice
    return "Look at the last step below: each step has to lead to the end from wherever the last one stopped."


def _check_attributes(cls: type[RotationContract]) -> None:
    """
    Refuse a class whose attributes would be passed over, or fail each scenario in the same way.

    Raises:
        FakeSecretsError: an attribute is misspelt, or of another kind than it has to be.
    """
    known = [name for name in vars(RotationContract) if not name.startswith("_")]
    for name in vars(cls):
        close = difflib.get_close_matches(name, known, 1, cutoff=0.8)
        if not hasattr(RotationContract, name) and close and not name.startswith(("_", "test_")):
            raise FakeSecretsError(
                f"{cls.__name__} has {name!r}, which no contract knows. Is {close[0]!r} meant?"
            )
    if not isinstance(cls.without, Mapping):
        raise FakeSecretsError(
            f"{cls.__name__}.without is a dict of scenarios and reasons, not {cls.without!r}."
        )
    if not isinstance(cls.target, CredentialTarget | None):
        raise FakeSecretsError(
            f"{cls.__name__}.target is a CredentialTarget, not a {type(cls.target).__name__}."
        )
    check_timeout(cls.timeout)
    check_delay(f"{cls.__name__}.propagation_delay", cls.propagation_delay)
    if issubclass(cls, unittest.TestCase):
        raise FakeSecretsError(f"{cls.__name__} is for pytest: leave unittest.TestCase out.")
