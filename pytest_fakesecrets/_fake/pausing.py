"""The part of the fake that rotates a secret itself: to the end, or to a point at which it stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._rotation.driver import RotationDriver
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT

from .seeding import Seeding

#: Where an application can look at a rotation: before its first step, and after each of them.
ROTATION_POINTS = ("RotateSecret", *STEPS)


class Pausing(Seeding):
    """The part of the fake that rotates a secret itself."""

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
        was_paused = secret.arn in self._rotations.paused
        try:
            try:
                self._rotations.paused.add(secret.arn)
                waiting = [place for place in self._rotations.waiting() if place.secret_id == secret.arn]
                place = (
                    waiting[0] if waiting else self._begun(region, secret, handler, rotate_secret_arguments)
                )
                driver = RotationDriver(self._rotations, self._service, self._world.catch_up)
                for _ in range(_steps_before(place.rotation, after)):
                    driver.step(secret_id=secret.arn)
                yield place.rotation
                if place.rotation.status == "in progress":
                    driver.run(secret_id=secret.arn)
            finally:
                self._go_on(secret, was_paused)
        finally:
            self._go_on(secret, was_paused)  # once more: see ensured()

    def _go_on(self, secret: Secret, was_paused: bool) -> None:
        if not was_paused:
            self._rotations.paused.discard(secret.arn)

    def _begun(
        self, region: Region, secret: Secret, handler: Handler | str | None, members: dict[str, Any]
    ) -> RotationRef:
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
        return RotationRef(region, secret.arn, token)


def _steps_before(rotation: Rotation, point: str) -> int:
    """How many steps run before a rotation stands at a point."""
    points = ("RotateSecret", *rotation.plan)
    done = 0 if rotation.status == "failed" else rotation.position
    if point not in points or points.index(point) < done:
        raise FakeSecretsError(f"{rotation!r} cannot stand at {point!r}: its points are {', '.join(points)}.")
    return points.index(point) - done


def _keys_of(account: str) -> Mapping[str, str]:
    return {} if account == DEFAULT_ACCOUNT else {"aws_access_key_id": account}
