"""`FakeSecrets`: what the fixture `fakesecrets` gives to a test. It connects the parts, and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.moments import LAST, moved
from pytest_fakesecrets._core.public import public
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._operations import Context
from pytest_fakesecrets._operations.seeding import (
    Seed,
    SeedValue,
    add_secret,
    stored_value,
    stored_values,
    versions_of,
)
from pytest_fakesecrets._report.timeline import calendar, timeline
from pytest_fakesecrets._rotation.driver import RotationDriver
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._service.barrier import encodable
from pytest_fakesecrets._service.clock import Clock, Moment, moment_of
from pytest_fakesecrets._service.cloudtrail import cloudtrail, eventbridge
from pytest_fakesecrets._service.environment import Layer
from pytest_fakesecrets._service.faults import Failure, Fault, fault
from pytest_fakesecrets._service.functions import TIMEOUT, Handler
from pytest_fakesecrets._service.history import Event
from pytest_fakesecrets._service.parser import check_members
from pytest_fakesecrets._service.region import default_region, region_or_default
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT
from pytest_fakesecrets._transport import botocore_hooks, state
from pytest_fakesecrets._transport.extension_endpoint import check_ttl
from pytest_fakesecrets._transport.http_server import Server
from pytest_fakesecrets._transport.install import put_handlers, reach

from .backend import FakeBackend
from .secret_view import SecretView

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

#: How many rotation windows a table has at most: more than anybody reads, and a schedule has no end.
_MOST_WINDOWS = 100_000

#: Where an application can look at a rotation: before its first step, and after each of them.
ROTATION_POINTS = ("RotateSecret", *STEPS)


@public
class FakeSecrets:
    """
    An AWS Secrets Manager in memory, which answers every `secretsmanager` client of the process.

    It does so from `__enter__` to `__exit__`, or for the test that asks for the fixture `fakesecrets`:

        with FakeSecrets() as fake:
            fake.client().create_secret(Name="db", SecretString="old")

    Args:
        seed: where the generator of ids and passwords starts. The same seed gives the same ones.
    """

    def __init__(self, *, seed: int = 0) -> None:
        #: The variables that it has set when it was last entered.
        self._layer = Layer({})
        self._world = FakeBackend(seed)
        self._service = self._world.service
        self._rotations = self._world.rotations
        self.clock: Clock = self._world.clock

    def __repr__(self) -> str:
        secrets = sum(len(region.secrets) for region in list(self._service.store.regions.values()))
        return f"<FakeSecrets with {secrets} secret{'' if secrets == 1 else 's'}{'' if self.is_active else ', not active'}>"

    def __enter__(self) -> FakeSecrets:
        layer = Layer(_environment(), is_of_a_test=True)
        try:
            with state.entering:
                if state.active is not None:
                    raise FakeSecretsError(
                        "A fake is active already, and one process has one Secrets Manager. Use the one that "
                        "the fixture fakesecrets gives, or leave it before you enter another; reset() empties it."
                    )
                self._layer = layer
                layer.show()
                self._world.begin()
            return self
        except BaseException:
            if self._layer is layer:
                self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        ensured(self._leave, self._leave)

    def _leave(self) -> None:
        """Leave everything as it was, also where that has been done before, in part."""
        if self.is_active:
            state.active = None
        try:
            self._world.back_off.restore()
            self.clock.stop()
        finally:
            self._layer.hide()

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
            region=region_or_default(region_name),
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

    def drive(self) -> RotationDriver:
        """
        Take the rotations into your hands, as the fixture `fakesecrets_rotation` does.

        From now on they stop after RotateSecret has staged AWSPENDING, and wait for `step()` and `run()`.
        """
        self._rotations.driven = True
        return RotationDriver(self._rotations, self._service, self._world.catch_up)

    def serve(self, port: int = 0, *, ttl: timedelta | None = None) -> Server:
        """
        Answer other processes too, over HTTP on the loopback address, while a "with" block runs.

        It is what the fixture `fakesecrets_server` gives. The same port answers the requests of the Secrets Manager
        Agent and of the AWS Parameters and Secrets Lambda Extension.

        Args:
            port: the port to listen on, such as 2773, which applications may have built in; 0 for any that is free.
            ttl: how long the agent and the extension cache a value, on the fake's clock; else SECRETS_MANAGER_TTL
                of the environment decides, and without it 300 seconds.

        Raises:
            FakeSecretsError: the fake is not active, or the port or the ttl is invalid. Entering the server raises it
                where the port is taken.
        """
        self._check_active()
        if type(port) is not int or not 0 <= port <= 65_535:
            raise FakeSecretsError(f"port is a number from 0, for any that is free, to 65535; not {port!r}.")
        check_ttl(ttl)
        return Server(self._world, default_region(), port, ttl)

    def assume(self, **changes: Any) -> Assumptions:
        """
        Change what is assumed where AWS has not been observed, and return all of it.

        Raises:
            FakeSecretsError: there is no such assumption.
        """
        service, assumptions = self._service, self._service.assumptions.changed(changes)
        planned = self._rotations.plan.again(assumptions)

        def assumed() -> None:
            service.assumptions = assumptions
            planned()

        service.commit(assumed)
        return assumptions

    def reset(self) -> None:
        """
        Empty the world: no secret, no rotation function, no history, the ids from the start again.

        What was assumed is forgotten as well. The clock stays where it is, and who drives drives on.
        """

        def emptied() -> None:
            self._service.clear()
            self._rotations.clear()

        self._service.commit(emptied)

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

    def check(self, rotation: Rotation) -> None:
        """
        Let a test fail where there is anything to say of what a rotation function did.

        Args:
            rotation: the rotation, as `rotate()`, `run()` or `rotations()` gave it; its steps until now count.

        Raises:
            AssertionError: there are findings; the text lists them.
        """
        __tracebackhide__ = True
        if not isinstance(rotation, Rotation):
            raise FakeSecretsError(
                "check() takes one Rotation, as rotate() returns and rotations() lists, not an object of type "
                f"{type(rotation).__name__}."
            )
        same = [
            each
            for each in self.rotations()
            if (each.secret_id, each.token) == (rotation.secret_id, rotation.token)
        ]
        latest = same[0] if same else rotation
        told = "".join(f"\n- {finding}" for finding in latest.findings)
        if told:
            raise AssertionError(
                f"What the rotation function of {rotation.secret_id} did is not as AWS needs it:{told}"
            )

    @property
    def history(self) -> tuple[Event, ...]:
        """Every event so far, oldest first: calls, label moves, values stored, rotation steps and outcomes."""
        self._world.catch_up()
        return self._service.history.events

    @property
    def cloudtrail(self) -> tuple[dict[str, Any], ...]:
        """The service's own events as CloudTrail records, about rotations, deletions and replications."""
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
            FakeSecretsError: there is no such secret, it has no schedule, or there are too many windows.
        """
        _, secret = self._world.locate(secret_id)
        window = secret.due_window
        if window is None or secret.rotation is None:
            raise FakeSecretsError(
                f"{secret.name!r} does not rotate on a schedule. Give it one with "
                "rotate_secret(RotationRules=...), and leave rotation turned on."
            )
        coming = chain([window], secret.rotation.schedule.windows(window.opens, LAST))
        end = self._end_of_schedule(until)
        windows = list(islice(takewhile(lambda each: each.opens <= end, coming), _MOST_WINDOWS + 1))
        if len(windows) > _MOST_WINDOWS:
            raise FakeSecretsError(
                f"There are more than {_MOST_WINDOWS} windows until {utc(end)} UTC. Choose an earlier moment."
            )
        return calendar(windows)

    def _end_of_schedule(self, until: Moment | timedelta) -> datetime:
        if not isinstance(until, timedelta):
            return moment_of(until)
        end = moved(self.clock.now, until)
        if end is None:
            raise FakeSecretsError(
                f"until={until!r} is outside the calendar, which ends with the year 9999. Choose less."
            )
        return end

    def timeline(self, secret_id: str | None = None) -> str:
        """The history as a table of labels over time, of one secret or of all. It never shows a value."""
        arn = None if secret_id is None else self._world.locate(secret_id)[1].arn
        self._world.catch_up()
        return self.recorded(arn)

    def recorded(self, arn: str | None = None, last: int | None = None) -> str:
        """The timeline of what has been recorded, without running what has come due. For reports."""
        events = self._service.history.events
        arns = dict.fromkeys(event.secret_id for event in events if event.secret_id) if arn is None else [arn]
        redact = self._service.redactor.redact
        tables = [
            timeline(redact(arn), [event for event in events if event.secret_id == arn], last, redact)
            for arn in arns
        ]
        return encodable("\n\n".join(tables)) or "Nothing has happened yet."

    @property
    def is_active(self) -> bool:
        return self._world.is_active

    def _check_active(self) -> None:
        if not self.is_active:
            raise FakeSecretsError(state.NOT_ACTIVE)

    def client(self, region_name: str | None = None, **kwargs: Any) -> SecretsManagerClient:
        """
        A botocore client for `secretsmanager`.

        Args:
            region_name: its region; the default one where none is named.
            kwargs: whatever else `botocore.session.Session.create_client` takes.

        Raises:
            FakeSecretsError: the fake is not active, and its client would reach the real AWS; or region_name is not
                the name of a region.
        """
        self._check_active()
        reach()
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client: Any = state.session().create_client(
            "secretsmanager", region_name=region_or_default(region_name), **{**keys, **kwargs}
        )
        client.meta.events.register(*botocore_hooks.NOT_WITHOUT_A_FAKE)
        return client  # type: ignore[no-any-return]  # typed for those who have the stubs

    def attach(self, client: Any) -> None:
        """
        Let this fake answer a client that it does not reach by itself.

        Entering a fake reaches every client and session of botocore's. One that is built by hand, with an event
        emitter that belongs to no session, is reached by this.

        Args:
            client: a client for `secretsmanager`; or a session, such as `boto3.DEFAULT_SESSION`, whose
                clients are then answered when they are made from now on.

        Raises:
            FakeSecretsError: it is neither.
        """
        if state.is_ours(client):
            put_handlers(client.meta.events)
            return
        session = getattr(client, "_session", client)
        if not hasattr(session, "get_component"):
            raise FakeSecretsError(f"attach() takes a secretsmanager client or a session, not {client!r}.")
        put_handlers(session.get_component("event_emitter"))

    def add_secret(
        self,
        name: str,
        value: SeedValue | None = None,
        *,
        previous_value: SeedValue | None = None,
        deprecated_values: Sequence[SeedValue] = (),
        stuck: bool = False,
        pending_value: SeedValue | None = None,
        owning_service: str | None = None,
        type: str | None = None,
        description: str | None = None,
        kms_key_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        rotation_function: Handler | str | None = None,
        rotation_rules: Mapping[str, Any] | None = None,
        created_at: Moment | None = None,
        last_rotated_at: Moment | None = None,
        region_name: str | None = None,
    ) -> SecretView:
        """
        Put a secret into the world that no API call could make.

        Args:
            name: its name.
            value: its current value: a str, bytes, or a dict, which is stored as JSON, as the other values may be too;
                None for a secret that was born without one.
            previous_value: the value with AWSPREVIOUS.
            deprecated_values: values of versions without labels, oldest first.
            stuck: whether a rotation has failed and left AWSPENDING behind, so that the next is refused.
            pending_value: what that rotation had put, or None where it had not come that far.
            owning_service: the AWS service that manages the secret, such as "rds". Those that rotate
                their secrets have rotation turned on, every 7 days unless rotation_rules say otherwise.
            type: the partner's format of a managed external secret, such as "DatabricksPAT".
            description: its description.
            kms_key_id: a customer's key.
            tags: its tags, those of AWS ("aws:...") among them. That of the owning_service is set in any case.
            rotation_function: what rotates it: a handler, "module:function", or the ARN of one that
                has been added.
            rotation_rules: RotationRules, as RotateSecret takes them.
            created_at: when it was created: a datetime, a date or a string, in UTC; else now.
            last_rotated_at: when its last rotation succeeded.
            region_name: its region; else the default one.

        Raises:
            FakeSecretsError: there is a secret of that name, or the parts cannot be together.
        """
        rotated = None if last_rotated_at is None else moment_of(last_rotated_at)
        seed = Seed(
            value=stored_value(value),
            previous_value=stored_value(previous_value),
            deprecated_values=stored_values(deprecated_values),
            is_stuck=stuck,
            pending_value=stored_value(pending_value),
            owning_service=owning_service,
            type=type,
            description=description,
            kms_key_id=kms_key_id,
            tags=tags,
            created_at=moment_of(created_at or rotated or self._service.clock.now),
            last_rotated_at=rotated,
            function_arn=self._function_arn(rotation_function, region_name),
            rotation_rules=rotation_rules,
        )
        return self._seeded(name, seed, region_name)

    def _function_arn(self, function: Handler | str | None, region_name: str | None) -> str | None:
        """The ARN of a function that is given as one, or that is added first."""
        if function is None:
            return None
        if isinstance(function, str) and function.startswith("arn:"):
            self._service.functions.find(function)
            return function
        return self._service.functions.add(
            function, name=None, environ=None, account=DEFAULT_ACCOUNT, region=region_or_default(region_name)
        )

    def _seeded(self, name: str, seed: Seed, region_name: str | None) -> SecretView:
        check_members("CreateSecret", Name=name)
        check_members("RotateSecret", SecretId=name, RotationRules=seed.rotation_rules or {})
        region = self._service.store.region(DEFAULT_ACCOUNT, region_or_default(region_name))

        def seeded(context: Context) -> str:
            tokens = [self._service.ids.token() for _ in range(versions_of(seed))]
            return add_secret(context, name, seed, tokens[::-1]).arn

        return self.secret(self._service.transact(region, seeded, by="add_secret"))

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


def _environment() -> Mapping[str, str | None]:
    region = default_region()
    return {**state.DUMMIES, "AWS_DEFAULT_REGION": region, state.HOME: str(os.getpid())}
