"""`FakeSecrets`: what the fixture gives to a test. It wires the parts together, and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _hook
from ._calling import Place
from ._clock import Clock
from ._core.assumptions import Assumptions
from ._core.errors import FakeSecretsError
from ._core.rotation import STEPS, Rotation
from ._core.secret import Secret
from ._core.store import Region
from ._driver import RotationDriver
from ._environment import environment
from ._faults import Failure, Fault, fault
from ._functions import TIMEOUT, Handler
from ._seeding import Seeding
from ._server import Server
from ._service import DEFAULT_ACCOUNT, default_region
from ._world import World

if TYPE_CHECKING:
    pass

#: What lets a client be made on a bare machine at once: keys, no profile, no look at the metadata service.
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_EC2_METADATA_DISABLED": "true",
}


#: Where an application can look at a rotation: before its first step, and after each of them.
ROTATION_POINTS = ("RotateSecret", *STEPS)


class FakeSecrets(Seeding):
    """
    An AWS Secrets Manager in memory, which answers every `secretsmanager` client of the process.

    It does so from `__enter__` to `__exit__`, or for the test that asks for the fixture `fakesecrets`:

        with FakeSecrets() as fake:
            fake.client().create_secret(Name="db", SecretString="old")

    Args:
        seed: where the generator of ids and passwords starts. The same seed gives the same ones.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self._leave = ExitStack()
        self._world = World(seed)
        self._service = self._world.service
        self._rotations = self._world.rotations
        self.clock: Clock = self._world.clock

    def __repr__(self) -> str:
        secrets = sum(len(region.secrets) for region in list(self._service.store.regions.values()))
        return f"<FakeSecrets with {secrets} secret{'' if secrets == 1 else 's'}{'' if self.is_active else ', not active'}>"

    def __enter__(self) -> FakeSecrets:
        with _hook.entering, ExitStack() as entered:
            if _hook.active is not None:
                raise FakeSecretsError(
                    "A fake is active already, and one process has one Secrets Manager. Use the one that "
                    "the fixture fakesecrets gives, or leave it before you enter another; reset() empties it."
                )
            entered.enter_context(environment(_environment()))
            entered.callback(self._deactivate)
            self._world.begin()
            self._leave = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._leave.close()

    def _deactivate(self) -> None:
        _hook.active = None
        self._world.back_off.restore()
        self.clock.stop()

    def add_rotation_function(
        self,
        handler: Handler | str,
        *,
        name: str | None = None,
        environ: Mapping[str, str] | None = None,
        region_name: str | None = None,
        timeout: timedelta = TIMEOUT,
        cold_start: bool = False,
    ) -> str:
        """
        Deploy a rotation function, so that RotateSecret may name it, and return its Lambda ARN.

        Args:
            handler: called as `handler(event, context)`; or "package.module:function".
            name: the function's name, or its whole ARN. A name that is taken gets the new handler.
            environ: its environment variables, set while it runs, beside AWS_REGION,
                SECRETS_MANAGER_ENDPOINT and the others that AWS's own functions read.
            region_name: its region, which has to be that of the secret; else the default one.
            timeout: how long it may run in each step, by the clock that the test sees. Then it is stopped.
            cold_start: whether its module is imported afresh before each step, so that nothing that it
                keeps in memory is there in the next.

        Raises:
            FakeSecretsError: the handler cannot be found or called, or the name is no function's name.
        """
        return self._service.functions.add(
            handler,
            name=name,
            environ=environ,
            account=DEFAULT_ACCOUNT,
            region=region_name or default_region(),
            timeout=timeout,
            starts_cold=cold_start,
        )

    def fail(
        self,
        operation: str,
        error: Failure,
        *,
        times: int | None = 1,
        secret_id: str | None = None,
        step: str | None = None,
        back_off: bool = False,
    ) -> Fault:
        """
        Let the next calls of an operation fail, as they may on AWS, through the retries of their client.

        Args:
            operation: such as "GetSecretValue"; or "Invoke", with which Lambda calls the rotation function.
            error: an error code, such as "ThrottlingException"; an HTTP status, a code and a message; an
                exception that the client meets on the network; or a timedelta, for an answer that takes
                so long on the fake's clock, and then comes.
            times: how many calls fail, each retry of a client being one; None for all of them.
            secret_id: only calls about this secret, by its name or ARN.
            step: only calls that a rotation function makes in this step.
            back_off: whether the client waits between its retries as it would on AWS, in real seconds.

        Returns:
            The fault, whose `happened` counts the calls that have failed.

        Raises:
            FakeSecretsError: there is no such operation, error code or step.
        """
        ordered = fault(operation, error, times=times, secret_id=secret_id, step=step, back_off=back_off)
        self._service.faults.arm(ordered)
        return ordered

    def rotate(
        self, secret_id: str, handler: Handler | str | None = None, **rotate_secret_arguments: Any
    ) -> Rotation:
        """
        Call RotateSecret and run the rotation to its end, also where the test drives.

        Args:
            secret_id: the name or ARN of the secret.
            handler: the rotation function, added first; or the ARN of one; or None for the one
                that the secret has.
            rotate_secret_arguments: further members of RotateSecret, such as RotationRules.

        Returns:
            The rotation as it ended. It may have failed, and then a RotationFailedWarning says why.

        Raises:
            FakeSecretsError: there is no such secret, or no such function.
            botocore.exceptions.ClientError: RotateSecret is refused.
        """
        region, secret = self._world.locate(secret_id)
        place = self._begun(region, secret, handler, rotate_secret_arguments)
        if place.rotation.status == "in progress":
            return self._rotations.run_to_the_end(place)
        return place.rotation

    @contextmanager
    def rotation_paused(
        self,
        secret_id: str,
        *,
        after: str = "RotateSecret",
        handler: Handler | str | None = None,
        **rotate_secret_arguments: Any,
    ) -> Iterator[Rotation]:
        """
        Rotate a secret, stand still in the middle while the block runs, and then go on to the end.

        A rotation of the secret that waits already is the one that is meant; else RotateSecret begins one.

        Args:
            secret_id: the name or ARN of the secret.
            after: where it stands: "RotateSecret", before the first step, or the name of a step. All of them
                are in `ROTATION_POINTS`, for a parametrisation.
            handler: the rotation function, as `rotate()` takes it.
            rotate_secret_arguments: further members of RotateSecret.

        Returns:
            The rotation, as it stands in the block.

        Raises:
            FakeSecretsError: there is no such secret, function or point.
            Exception: whatever the rotation function raises, unchanged.
        """
        if after not in ROTATION_POINTS:
            raise FakeSecretsError(
                f"There is no point {after!r} to stand at. There are {', '.join(ROTATION_POINTS)}."
            )
        region, secret = self._world.locate(secret_id)
        was_driven, self._rotations.driven = self._rotations.driven, True
        try:
            waiting = [place for place in self._rotations.waiting() if place.secret_id == secret.arn]
            place = waiting[0] if waiting else self._begun(region, secret, handler, rotate_secret_arguments)
            driver = RotationDriver(self._rotations, self._service, self._world.catch_up)
            for _ in range(place.rotation.position, ROTATION_POINTS.index(after)):
                driver.step(secret_id=secret.arn)
            yield place.rotation
            if place.rotation.status == "in progress":
                driver.run(secret_id=secret.arn)
        finally:
            self._rotations.driven = was_driven

    def _begun(
        self, region: Region, secret: Secret, handler: Handler | str | None, members: dict[str, Any]
    ) -> Place:
        """RotateSecret, and where the rotation is that it has started."""
        if handler is not None:
            members["RotationLambdaARN"] = self._function_arn(handler, region.name)
        client = self.client(region.name, **_keys_of(region.account))
        token = client.rotate_secret(SecretId=secret.arn, **members)["VersionId"]
        if token not in region.rotations_of(secret):
            raise FakeSecretsError(
                f"RotateSecret has only stored the schedule of {secret.name!r}: with RotateImmediately=False "
                "a secret without a rotation function has nothing to run."
            )
        return Place(region, secret.arn, token)

    def drive(self) -> RotationDriver:
        """
        Take the rotations into your hands, as the fixture `fakesecrets_rotation` does.

        From now on they stop after RotateSecret has staged AWSPENDING, and wait for `step()` and `run()`.
        """
        self._rotations.driven = True
        return RotationDriver(self._rotations, self._service, self._world.catch_up)

    @contextmanager
    def serve(self) -> Iterator[Server]:
        """
        Answer other processes too, over HTTP on the loopback address, until the block is left.

        It is what the fixture `fakesecrets_server` gives.

        Raises:
            FakeSecretsError: the fake is not active.
        """
        self._check_active()
        with Server(self._world, default_region()) as server:
            yield server

    def assume(self, **changes: Any) -> Assumptions:
        """
        Change what is assumed where AWS has not been observed, and return all of it.

        Raises:
            FakeSecretsError: there is no such assumption.
        """
        self._service.assumptions = self._service.assumptions.changed(changes)
        self._rotations.plan.again()
        return self._service.assumptions

    def reset(self) -> None:
        """
        Empty the world: no secret, no rotation function, no history, the ids from the start again.

        What was assumed is forgotten as well. The clock stays where it is, and who drives drives on.
        """
        self._service.clear()
        self._rotations.clear()


def _environment() -> Mapping[str, str | None]:
    region = default_region()
    return {**_ENVIRONMENT, "AWS_DEFAULT_REGION": region, _hook.HOME: str(os.getpid())}


def _keys_of(account: str) -> Mapping[str, str]:
    return {} if account == DEFAULT_ACCOUNT else {"aws_access_key_id": account}
