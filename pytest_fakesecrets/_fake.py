"""`FakeSecrets`: what the fixture gives to a test. It wires the parts together, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _hook
from ._clock import Moment, moment_of
from ._core.assumptions import Assumptions
from ._core.errors import FakeSecretsError
from ._core.rotation import Rotation
from ._driver import RotationDriver
from ._events import cloudtrail, eventbridge
from ._functions import Handler, environment
from ._history import Event
from ._rotation import Place
from ._seeding import Seeding
from ._service import DEFAULT_ACCOUNT, default_region
from ._timeline import calendar, timeline
from ._view import SecretView
from ._world import World

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

#: What lets a client be made on a bare machine at once: keys, no profile, no look at the metadata service.
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_EC2_METADATA_DISABLED": "true",
}


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
        self.clock = self._world.clock

    def __repr__(self) -> str:
        secrets = sum(len(region.secrets) for region in self._service.store.regions.values())
        return f"<FakeSecrets with {secrets} secret{'' if secrets == 1 else 's'}{'' if self.is_active else ', not active'}>"

    @property
    def is_active(self) -> bool:
        return self._world.is_active

    def __enter__(self) -> FakeSecrets:
        if _hook.active is not None:
            raise FakeSecretsError(
                "A fake is active already, and one process has one Secrets Manager. Use the one that "
                "the fixture fakesecrets gives, or leave it before you enter another; reset() empties it."
            )
        with ExitStack() as entered:
            entered.enter_context(environment(_environment()))
            _hook.active = self._world
            entered.callback(self._deactivate)
            self._leave = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._leave.close()

    def _deactivate(self) -> None:
        _hook.active = None
        self.clock.stop()

    def _check_active(self) -> None:
        if not self.is_active:
            raise FakeSecretsError(_hook.NOT_ACTIVE)

    def client(self, region_name: str | None = None, **kwargs: Any) -> SecretsManagerClient:
        """
        A botocore client for `secretsmanager`.

        Args:
            region_name: its region; the default one where none is named.
            kwargs: whatever else `botocore.session.Session.create_client` takes.

        Raises:
            FakeSecretsError: the fake is not active; its client would reach the real AWS.
        """
        self._check_active()
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client: Any = _hook.session().create_client(
            "secretsmanager", region_name=region_name or default_region(), **{**keys, **kwargs}
        )
        client.meta.events.register(*_hook.NOT_WITHOUT_A_FAKE)
        return client  # type: ignore[no-any-return]  # typed for those who have the stubs

    def attach(self, client: Any) -> None:
        """
        Let this fake answer a client that was made before pytest-fakesecrets was imported.

        Raises:
            FakeSecretsError: it is no client for `secretsmanager`.
        """
        service = getattr(getattr(client, "meta", None), "service_model", None)
        if getattr(service, "service_name", None) != "secretsmanager":
            raise FakeSecretsError(f"attach() takes a secretsmanager client, not {client!r}.")
        for event, handler in _hook.HANDLERS:
            client.meta.events.register(event, handler, unique_id=f"fakesecrets {event}")

    def add_rotation_function(
        self,
        handler: Handler | str,
        *,
        name: str | None = None,
        environ: Mapping[str, str] | None = None,
        region_name: str | None = None,
    ) -> str:
        """
        Deploy a rotation function, so that RotateSecret may name it, and return its Lambda ARN.

        Args:
            handler: called as `handler(event, context)`; or "package.module:function".
            name: the function's name, or its whole ARN. A name that is taken gets the new handler.
            environ: its environment variables, set while it runs, beside AWS_REGION,
                SECRETS_MANAGER_ENDPOINT and the others that AWS's own functions read.
            region_name: its region, which has to be that of the secret; else the default one.

        Raises:
            FakeSecretsError: the handler cannot be found or called, or the name is no function's name.
        """
        return self._service.functions.add(
            handler,
            name=name,
            environ=environ,
            account=DEFAULT_ACCOUNT,
            region=region_name or default_region(),
        )

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
        if handler is not None:
            rotate_secret_arguments["RotationLambdaARN"] = self._function_arn(handler, region.name)
        client = self.client(region.name, **_keys_of(region.account))
        token = client.rotate_secret(SecretId=secret.arn, **rotate_secret_arguments)["VersionId"]
        if token not in region.rotations_of(secret):
            raise FakeSecretsError(
                f"RotateSecret has only stored the schedule of {secret_id!r}: with RotateImmediately=False "
                "a secret without a rotation function has nothing to run."
            )
        place = Place(region, secret.arn, token)
        if place.rotation.status == "in progress":
            return self._rotations.run_to_the_end(place)
        return place.rotation

    def drive(self) -> RotationDriver:
        """
        Take the rotations into your hands, as the fixture `fakesecrets_rotation` does.

        From now on they stop after RotateSecret has staged AWSPENDING, and wait for `step()` and `run()`.
        """
        self._rotations.driven = True
        return RotationDriver(self._rotations, self._service, self._world.catch_up)

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

    def secret(self, secret_id: str) -> SecretView:
        """
        A secret, read-only and live.

        Raises:
            FakeSecretsError: there is no such secret.
        """
        self._world.locate(secret_id)
        return SecretView(lambda: self._world.locate(secret_id)[1], lambda: self._service.history)

    def rotations(self, secret_id: str | None = None) -> tuple[Rotation, ...]:
        """The rotations so far, of one secret or of all, as they stand now, oldest first."""
        arn = None if secret_id is None else self._world.locate(secret_id)[1].arn
        self._world.catch_up()
        return self._rotations.all(arn)

    @property
    def history(self) -> tuple[Event, ...]:
        """Every event so far, oldest first: calls, label moves, values stored, rotation steps and outcomes."""
        self._world.catch_up()
        return self._service.history.events

    @property
    def cloudtrail(self) -> tuple[dict[str, Any], ...]:
        """The service's own events as CloudTrail records: RotationStarted, RotationSucceeded and so on."""
        return tuple(cloudtrail(self.history))

    @property
    def eventbridge(self) -> tuple[dict[str, Any], ...]:
        """What arrives on the default event bus: the same records, and "Secret Label Updated"."""
        return tuple(eventbridge(self.history))

    def schedule(self, secret_id: str, *, until: Moment | timedelta) -> str:
        """
        The windows that come, as a table, if each rotation succeeds when its window opens.

        Args:
            secret_id: the name or ARN of the secret.
            until: windows that open after this moment are left out. A datetime, a date or a string,
                in UTC, or a timedelta from now.

        Raises:
            FakeSecretsError: there is no such secret, or it has no schedule.
        """
        _, secret = self._world.locate(secret_id)
        window = secret.due_window
        if window is None or secret.rotation is None:
            raise FakeSecretsError(
                f"{secret.name!r} does not rotate on a schedule. Give it one with "
                "rotate_secret(RotationRules=...), and leave rotation turned on."
            )
        end = self.clock.now + until if isinstance(until, timedelta) else moment_of(until)
        coming = secret.rotation.schedule.windows(window.opens, end)
        return calendar([window, *coming] if window.opens <= end else [])

    def timeline(self, secret_id: str | None = None) -> str:
        """The history as a table of labels over time, of one secret or of all. It never shows a value."""
        arn = None if secret_id is None else self._world.locate(secret_id)[1].arn
        self._world.catch_up()
        return self.recorded(arn)

    def recorded(self, arn: str | None = None, last: int | None = None) -> str:
        """The timeline of what has been recorded, without running what has come due. For reports."""
        events = self._service.history.events
        arns = dict.fromkeys(event.secret_id for event in events if event.secret_id) if arn is None else [arn]
        tables = [timeline(arn, [event for event in events if event.secret_id == arn], last) for arn in arns]
        return "\n\n".join(tables) or "Nothing has happened yet."


def _environment() -> Mapping[str, str | None]:
    region = default_region()
    return {**_ENVIRONMENT, "AWS_DEFAULT_REGION": region}


def _keys_of(account: str) -> Mapping[str, str]:
    return {} if account == DEFAULT_ACCOUNT else {"aws_access_key_id": account}
