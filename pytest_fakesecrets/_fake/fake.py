"""`FakeSecrets`: the object that the fixture `fakesecrets` provides. Its methods delegate to the backend."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from inspect import signature
from itertools import chain, islice, takewhile
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.displayed_paths import DISPLAYED_PATHS
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import did_you_mean, in_snake_case, unknown_name, utc
from pytest_fakesecrets._core.moments import LAST, moved
from pytest_fakesecrets._core.rotation import STEPS, Rotation
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import Region, check_secret_id
from pytest_fakesecrets._operations import Context
from pytest_fakesecrets._operations.seeding import (
    Seed,
    SeedValue,
    add_secret,
    check_is_a_name,
    json_round_trip,
    normalized,
    stored_value,
    stored_values,
    version_count,
)
from pytest_fakesecrets._report.timeline import WITHOUT_SECRET, bounded_timelines, calendar, timeline
from pytest_fakesecrets._rotation.invocation import RotationRef
from pytest_fakesecrets._rotation.step_driver import RotationDriver
from pytest_fakesecrets._service import dummy_credentials
from pytest_fakesecrets._service.clock import Clock, Moment, moment_of
from pytest_fakesecrets._service.cloudtrail import cloudtrail, eventbridge
from pytest_fakesecrets._service.code_folder import found_folder
from pytest_fakesecrets._service.environment_variables import Layer
from pytest_fakesecrets._service.faults import Failure, Fault, fault
from pytest_fakesecrets._service.function_timeout import TIMEOUT
from pytest_fakesecrets._service.functions import Handler
from pytest_fakesecrets._service.history import PublicEvent, RequestRejected
from pytest_fakesecrets._service.parser import check_members, member_names
from pytest_fakesecrets._service.region import default_region, region_or_default
from pytest_fakesecrets._service.reporting_errors import encodable
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT
from pytest_fakesecrets._service.user_code import caller, calling_line
from pytest_fakesecrets._transport import botocore_hooks, state
from pytest_fakesecrets._transport.extension_endpoint import check_ttl
from pytest_fakesecrets._transport.http_server import Server
from pytest_fakesecrets._transport.install import base_directories, reach, register_handlers, run_directories
from pytest_fakesecrets._transport.rotation_process import RotationProcess

from .assertion_messages import verdict
from .backend import FakeBackend
from .fault_messages import warn_of_unused_faults
from .paused_rotation import PausedRotation, warn_of_unentered
from .secret_view import SecretView

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

#: The maximum number of rotation windows that `schedule` lists. A schedule itself has no end.
_MOST_WINDOWS = 100_000

#: The points at which `rotation_paused` can pause a rotation: before its first step, and after each step.
ROTATION_POINTS = ("RotateSecret", *STEPS)

#: The members of RotationRules, and names that a test may give them.
_RULES: Mapping[str, Sequence[str]] = {
    "AutomaticallyAfterDays": ("days", "after_days", "every", "interval"),
    "Duration": ("hours", "window"),
    "ScheduleExpression": ("cron", "expression", "rate", "schedule"),
}

DISPLAYED_PATHS.directories = run_directories


@exported
class FakeSecrets:
    """
    An in-memory AWS Secrets Manager that answers every `secretsmanager` client of the process.

    It is active from `__enter__` to `__exit__`, or during a test that requests the fixture `fakesecrets`:

        with FakeSecrets() as fake:
            fake.client().create_secret(Name="db", SecretString="old")

    Args:
        seed: the seed of the generator of ids and passwords. The same seed gives the same ids and passwords.
    """

    def __init__(self, *, seed: int = 0) -> None:
        #: The environment variables that the last `__enter__` set.
        self._layer = Layer({})
        self._backend = FakeBackend(seed)
        self._service = self._backend.service
        self._rotations = self._backend.rotations
        self._unentered: list[PausedRotation] = []
        self.clock: Clock = self._backend.clock

    def __repr__(self) -> str:
        secrets = sum(len(region.secrets) for region in list(self._service.store.regions.values()))
        return f"<FakeSecrets with {secrets} secret{'' if secrets == 1 else 's'}{'' if self.is_active else ', not active'}>"

    def __enter__(self) -> FakeSecrets:
        layer = Layer(_environment(), is_of_a_test=True)
        try:
            with state.activation_lock:
                if state.active is not None:
                    raise FakeSecretsError(
                        "A fake is already active in this process. Use it: its clock, client() and drive() are what the "
                        "fixtures fakesecrets_clock, fakesecrets_client and fakesecrets_rotation give. Or exit it before "
                        f"you enter another one; reset() empties it.{_where_entered(state.active)}"
                    )
                self._layer = layer
                layer.show()
                self._backend.entered = caller()
                self._backend.activate()
            return self
        except BaseException:
            if self._layer is layer:
                self._deactivate()
            raise

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._deactivate()
        finally:
            self._deactivate()  # again, in case an interrupt ended the first call: see ensured()
        warn_of_unentered(self._unentered)
        warn_of_unused_faults(self._service, may_raise=error is None)

    def _deactivate(self) -> None:
        """Deactivate the fake and undo its changes to the process. It can be repeated after an interrupted call."""
        try:
            self._backend.end_processes()  # first: their calls are answered until they have ended
        finally:
            self._deactivate_in_process()

    def _deactivate_in_process(self) -> None:
        if self.is_active:
            state.active = None
        try:
            self._backend.back_off.restore()
            self.clock.stop()
        finally:
            self._layer.hide()

    def add_rotation_function(
        self,
        handler: Handler | RotationProcess | str,
        *,
        code: str | os.PathLike[str] | None = None,
        name: str | None = None,
        environ: Mapping[str, str] | None = None,
        region_name: str | None = None,
        timeout: timedelta = TIMEOUT,
        cold_start: bool = False,
    ) -> str:
        """
        Add a rotation function, and return its Lambda ARN for RotateSecret.

        Args:
            handler: called as `handler(event, context)`; or "package.module:function"; or, with `code`, Lambda's name
                of a handler: "file.function", "folder/file.function"; or a `RotationProcess`.
            code: the folder of the function as it is deployed, relative to pytest's rootdir or to the working
                directory. Its modules are separate from all others, also from those of other functions.
            name: the function's name, or its whole ARN. If it exists, its handler is replaced.
            environ: its environment variables, set while it runs, in addition to AWS_REGION,
                SECRETS_MANAGER_ENDPOINT and the others that AWS's own functions read.
            region_name: its region, which has to be that of the secret. Default: the default region.
            timeout: how long each step may run, on the clock that the test sees. Then it is stopped.
            cold_start: whether its module is imported again before each step, so that its state in
                memory is lost between steps.

        Raises:
            FakeSecretsError: the folder or the handler cannot be found, the handler cannot be called, or the name is
                not valid in Lambda.
        """
        region = region_or_default(region_name)
        return self._service.functions.add(
            self._handler(handler, name, region),
            name=name,
            environ=environ,
            account=DEFAULT_ACCOUNT,
            region=region,
            timeout=timeout,
            starts_cold=cold_start,
            code=None if code is None else found_folder("code", code, base_directories()),
        )

    def _handler(
        self, handler: Handler | RotationProcess | str, name: str | None, region: str
    ) -> Handler | str:
        if not isinstance(handler, RotationProcess):
            return handler
        return self._backend.runner(handler, name, region, base_directories())

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
        Inject a fault into the next calls of an operation. The client retries them as on AWS.

        Args:
            operation: such as "GetSecretValue"; or "Invoke", Lambda's invocation of the rotation function.
            error: an error code, such as "ThrottlingException"; a tuple of HTTP status, code and message;
                an exception, raised as an error of the network; or a timedelta, by which the answer is
                delayed on the fake's clock. The delay moves that clock, so it freezes the time of the process until
                the fake exits or `clock.stop()` is called.
            times: how many calls fail, counting each retry of a client; None for all calls. A client of boto3 retries a
                throttled call by itself, so with 1 the code under test sees no error.
            secret_id: the name or ARN of a secret: only calls about this secret fail.
            step: only calls that a rotation function makes in this step fail.
            back_off: whether the client waits between its retries, in real time, as it does on AWS.

        Returns:
            The fault. Its `happened` is the number of calls that have failed. If it is 0 at the end of the test, an
            `UnusedFaultWarning` points at the line that injected it. It is also a context manager: a fault that a "with"
            statement enters ends with its block.

        Raises:
            FakeSecretsError: the operation, the error code or the step does not exist.
        """
        injected = fault(
            operation,
            error,
            times=times,
            secret_id=secret_id,
            step=step,
            back_off=back_off,
            injected_at=calling_line(),
        )
        self._service.faults.arm(injected)
        return injected

    def drive(self) -> RotationDriver:
        """
        Return a driver of rotation steps, as the fixture `fakesecrets_rotation` does.

        From now on rotations stop after RotateSecret has staged AWSPENDING, and wait for `step()` or `run()`.
        """
        self._rotations.driven = True
        return RotationDriver(self._rotations, self._service, self._backend.catch_up)

    def serve(self, port: int = 0, *, ttl: timedelta | None = None) -> Server:
        """
        Return a server that answers other processes over HTTP while a "with" block runs.

        It listens on the loopback address. The fixture `fakesecrets_server` provides the same. The server also answers
        the requests of the Secrets Manager Agent and of the AWS Parameters and Secrets Lambda Extension.

        Args:
            port: the port, such as 2773, which some applications have built in; 0 for any free one.
            ttl: how long the agent and the extension cache a value, by the clock of the test; None for the environment
                variable SECRETS_MANAGER_TTL, or 300 seconds.

        Raises:
            FakeSecretsError: the fake is not active, or the port or the ttl is invalid. Entering the server raises it
                if the port is taken.
        """
        self._check_active()
        if type(port) is not int or not 0 <= port <= 65_535:
            raise FakeSecretsError(
                f"The argument port is a number from 0, for any that is free, to 65535; not {port!r}."
            )
        check_ttl(ttl)
        return Server(self._backend, default_region(), port, ttl)

    def assume(self, **changes: Any) -> Assumptions:
        """
        Change assumptions about behaviour of AWS that has not been observed, and return all assumptions.

        Args:
            changes: the fields of `Assumptions` to change, with their new values.

        Raises:
            FakeSecretsError: an assumption does not exist, or its value is not valid.
        """
        service, assumptions = self._service, self._service.assumptions.changed(changes)
        reschedule = self._rotations.plan.reschedule(assumptions)

        def apply() -> None:
            service.assumptions = assumptions
            reschedule()

        service.commit(apply)
        return assumptions

    def reset(self) -> None:
        """
        Delete all secrets, rotation functions and the history, and restart the generator of ids.

        Assumptions are set to their defaults. The clock, and the mode that `drive()` sets, do not change.
        """

        warn_of_unentered(self._unentered)
        warn_of_unused_faults(self._service, may_raise=True)
        self._backend.end_processes()

        def clear() -> None:
            self._service.clear()
            self._rotations.clear()
            self._backend.due_runner.clear()

        self._service.commit(clear)

    def secret(self, secret_id: str) -> SecretView:
        """
        Return a read-only and live view of a secret.

        Args:
            secret_id: the name or ARN of the secret.

        Raises:
            FakeSecretsError: no secret matches, or more than one.
        """
        self._backend.locate(secret_id)
        return SecretView(
            lambda: self._backend.locate(secret_id)[1], lambda: self._service.history, self._waiting
        )

    def _waiting(self, arn: str) -> str | None:
        """Describe the rotation of a secret that waits for the test, or return None."""
        for ref in self._rotations.waiting():
            if ref.secret_id == arn and self._rotations.waits(ref):
                rotation = ref.rotation
                if rotation.status == "failed":
                    return f"Its rotation failed in {rotation.steps[-1].name}, and waits for a retry."
                if arn in self._rotations.paused:
                    return f"rotation_paused() holds its rotation, and the next step is {rotation.next_step}."
                return f"Its rotation waits, and the next step is {rotation.next_step}. Run it with step() or run()."
        return None

    def rotations(self, secret_id: str | None = None) -> tuple[Rotation, ...]:
        """Return the rotations of one secret or of all, in their current state, oldest first."""
        arn = None if secret_id is None else self._backend.locate(secret_id)[1].arn
        self._backend.catch_up()
        return self._rotations.all(arn)

    def check(self, rotation: Rotation) -> None:
        """
        Fail the test unless a rotation has succeeded and has no findings.

        Args:
            rotation: a rotation from `rotate()`, `run()` or `rotations()`. Its current state is checked.

        Raises:
            AssertionError: the rotation has not succeeded, or has findings. The message has the step, the attempt, the
                exception and the line of the function that raised it, and the findings.
            FakeSecretsError: the argument is not a Rotation.
        """
        __tracebackhide__ = True
        if not isinstance(rotation, Rotation):
            raise FakeSecretsError(
                "check() takes one Rotation, as rotate() returns and rotations() lists, not an object of type "
                f"{type(rotation).__name__}."
            )
        self._backend.catch_up()
        problem = verdict(self._rotations.latest(rotation))
        if problem is not None:
            raise AssertionError(problem)

    @property
    def history(self) -> tuple[PublicEvent, ...]:
        """
        Every event so far, oldest first: calls, label moves, stored values, service events and rotation steps.

        A request that the Secrets Manager Agent or the Lambda Extension rejects itself is not a call: only `timeline()` shows
        it. The same is true of a call that a `CredentialTarget` rejects in a rotation step.
        """
        self._backend.catch_up()
        return tuple(
            event for event in self._service.history.events if not isinstance(event, RequestRejected)
        )

    @property
    def cloudtrail(self) -> tuple[dict[str, Any], ...]:
        """The service events about rotations, deletions and replications, as CloudTrail records."""
        return tuple(cloudtrail(self.history))

    @property
    def eventbridge(self) -> tuple[dict[str, Any], ...]:
        """The events on the default event bus: the same records, and "Secret Label Updated"."""
        return tuple(eventbridge(self.history))

    def schedule(self, secret_id: str, *, until: Moment | timedelta) -> str:
        """
        Return the coming rotation windows as a table, if each rotation succeeds when its window opens.

        Args:
            secret_id: the name or ARN of the secret.
            until: windows that open after this moment are omitted. A datetime, a date or a string, in
                UTC, or a timedelta from now.

        Raises:
            FakeSecretsError: the secret does not exist or has no schedule, or there are too many windows.
        """
        _, secret = self._backend.locate(secret_id)
        window = secret.due_window
        if window is None or secret.rotation is None:
            raise FakeSecretsError(
                f"{secret.name!r} does not rotate on a schedule. Give it one with "
                "rotate_secret(RotationRules=...), and leave rotation turned on."
            )
        coming = chain([window], secret.rotation.schedule.windows(window.opens, LAST))
        end = self._end_of_schedule(until)
        windows = list(
            islice(takewhile(lambda coming_window: coming_window.opens <= end, coming), _MOST_WINDOWS + 1)
        )
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
        """Return the history of one secret or of all as a table of labels over time, without secret values."""
        arn = None if secret_id is None else self._backend.locate(secret_id)[1].arn
        self._backend.catch_up()
        history, redact = self._service.history, self._service.redactor.redact
        events = dict(history.by_secret()) if arn is None else {arn: history.about(arn)}
        if arn is None and (rejected := history.rejected_without_secret):
            events[WITHOUT_SECRET] = rejected
        return _or_nothing("\n\n".join(timeline(redact(arn), events[arn], redact=redact) for arn in events))

    def recorded(self, last: int) -> str:
        """
        Return the timelines of all secrets with a limited number of rows, without running what is due. For reports.

        Args:
            last: the maximum number of rows of all secrets together. Those of rotations that have failed are kept
                first, and then the latest.
        """
        if type(last) is not int or last < 1:
            raise FakeSecretsError(
                f"The argument last is a number of rows from 1 on, such as 200, not {last!r}."
            )
        return recorded_rows(self._backend, last)

    @property
    def is_active(self) -> bool:
        return self._backend.is_active

    def _check_active(self) -> None:
        if not self.is_active:
            raise FakeSecretsError(state.NOT_ACTIVE)

    def client(self, region_name: str | None = None, **kwargs: Any) -> SecretsManagerClient:
        """
        Return a botocore client for `secretsmanager`.

        Args:
            region_name: its region. Default: the default region.
            kwargs: further arguments of `botocore.session.Session.create_client`.

        Raises:
            FakeSecretsError: the fake is not active, so that the client would reach the real AWS; or
                region_name is not the name of a region.
        """
        self._check_active()
        reach()
        client: Any = state.session().create_client(
            "secretsmanager",
            region_name=region_or_default(region_name),
            **{**dummy_credentials.CLIENT_ARGUMENTS, **kwargs},
        )
        client.meta.events.register(*botocore_hooks.REQUIRE_FAKE)
        return client  # type: ignore[no-any-return]  # typed only if the stubs are installed

    def attach(self, client: Any) -> None:
        """
        Make the fake answer a client that it does not reach by itself.

        An active fake reaches every client and session of botocore. Only a client that was built by hand,
        with an event emitter that belongs to no session, has to be attached.

        Args:
            client: a client for `secretsmanager`; or a session, such as `boto3.DEFAULT_SESSION`, whose
                clients are then answered if they are created later.

        Raises:
            FakeSecretsError: the argument is neither.
        """
        if state.is_ours(client):
            register_handlers(client.meta.events)
            return
        session = getattr(client, "_session", client)
        if not hasattr(session, "get_component"):
            raise FakeSecretsError(f"attach() takes a secretsmanager client or a session, not {client!r}.")
        register_handlers(session.get_component("event_emitter"))

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
        rotation_function: Handler | RotationProcess | str | None = None,
        rotation_rules: Mapping[str, Any] | None = None,
        created_at: Moment | None = None,
        last_rotated_at: Moment | None = None,
        region_name: str | None = None,
    ) -> SecretView:
        """
        Add a secret without API calls, also in a state that no API call can produce.

        Args:
            name: its name.
            value: its current value: a str, bytes, or a dict, which is stored as JSON; None for a secret that was created
                without one. The other values may be dicts too.
            previous_value: the value with AWSPREVIOUS.
            deprecated_values: values of versions without labels, oldest first.
            stuck: whether a failed rotation has left AWSPENDING behind, so that RotateSecret is rejected.
            pending_value: the value that the failed rotation stored, or None if it stored none.
            owning_service: the AWS service that manages the secret, such as "rds". For a service that
                rotates its secrets, rotation is turned on, every 7 days unless rotation_rules is given.
            type: the partner's format of a managed external secret, such as "DatabricksPAT".
            description: its description.
            kms_key_id: a customer managed key.
            tags: its tags, including those of AWS ("aws:..."). The tag of owning_service is always set.
            rotation_function: its rotation function: a handler, "module:function", or the ARN of a
                function that was added.
            rotation_rules: RotationRules, as in RotateSecret.
            created_at: when it was created: a datetime, a date or a string, in UTC. Default:
                last_rotated_at, or now.
            last_rotated_at: when its last rotation succeeded, in the same forms as created_at.
            region_name: its region. Default: the default region.

        Raises:
            FakeSecretsError: the name is taken, or the arguments contradict each other.
        """
        rotated_at = None if last_rotated_at is None else moment_of(last_rotated_at)
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
            created_at=moment_of(created_at or rotated_at or self._service.clock.now),
            last_rotated_at=rotated_at,
            function_arn=self._function_arn(rotation_function, region_name),
            rotation_rules=rotation_rules,
        )
        return self._add_seeded(name, seed, region_name)

    def _function_arn(
        self, function: Handler | RotationProcess | str | None, region_name: str | None
    ) -> str | None:
        """Return the ARN of a function. One that is not given as an ARN is added first."""
        if function is None:
            return None
        if isinstance(function, str) and function.startswith("arn:"):
            self._service.functions.find(function)
            return function
        return self.add_rotation_function(function, region_name=region_name)

    def _add_seeded(self, name: str, seed: Seed, region_name: str | None) -> SecretView:
        seed = normalized(seed)
        check_is_a_name(name)
        check_members("CreateSecret", Name=name)
        name = json_round_trip(name)
        check_members("RotateSecret", SecretId=name, RotationRules=seed.rotation_rules or {})
        region = self._service.store.region(DEFAULT_ACCOUNT, region_or_default(region_name))

        def add(context: Context) -> str:
            tokens = [self._service.ids.token() for _ in range(version_count(seed))]
            return add_secret(context, name, seed, tokens[::-1]).arn

        return self.secret(self._service.transact(region, add, by="add_secret"))

    def rotate(
        self,
        secret_id: str,
        handler: Handler | RotationProcess | str | None = None,
        **rotate_secret_arguments: Any,
    ) -> Rotation:
        """
        Call RotateSecret and run the rotation to its end, even if the test drives rotations.

        Args:
            secret_id: the name or ARN of the secret.
            handler: the rotation function, which is added first; or its ARN; or None for the function
                that the secret has already.
            rotate_secret_arguments: further members of RotateSecret, such as RotationRules.

        Returns:
            The rotation at its end. If it failed, a RotationFailedWarning is issued with the reason.

        Raises:
            FakeSecretsError: the secret or the function does not exist.
            botocore.exceptions.ClientError: RotateSecret is rejected.
        """
        region, secret = self._backend.locate(secret_id)
        ref = self._begin_rotation(region, secret, handler, rotate_secret_arguments)
        if ref.rotation.status == "in progress":
            return self._rotations.run_to_the_end(ref)
        return ref.rotation

    def rotation_paused(
        self,
        secret_id: str,
        *misplaced: NoReturn,
        after: str = "RotateSecret",
        handler: Handler | RotationProcess | str | None = None,
        **rotate_secret_arguments: Any,
    ) -> AbstractContextManager[Rotation]:
        """
        Rotate a secret, pause the rotation while the block runs, and then run the remaining steps.

        If a rotation of the secret is waiting already, that one is used. Otherwise RotateSecret starts one.

        Args:
            secret_id: the name or ARN of the secret.
            after: the point to pause at: "RotateSecret", before the first step, or the name of a step.
                `ROTATION_POINTS` lists all points, to parametrize a test.
            handler: the rotation function, as in `rotate()`.
            rotate_secret_arguments: further members of RotateSecret.

        Returns:
            A context manager, which gives the rotation at that point. It does nothing until a "with" statement enters it.
            What is raised below is raised there.

        Raises:
            FakeSecretsError: the secret, the function, the point or a member does not exist, or the block is inside of
                another one about the same secret.
            Exception: any exception of the rotation function, unchanged.
        """
        block = self._paused(secret_id, misplaced, after, handler, rotate_secret_arguments)
        return PausedRotation(block, calling_line(), self._unentered)

    @contextmanager
    def _paused(
        self,
        secret_id: str,
        misplaced: Sequence[object],
        after: str,
        handler: Handler | RotationProcess | str | None,
        rotate_secret_arguments: dict[str, Any],
    ) -> Iterator[Rotation]:
        _check_keywords_of_paused(secret_id, misplaced)
        if after not in ROTATION_POINTS:
            raise FakeSecretsError(unknown_name("point", after, ROTATION_POINTS))
        region, secret = self._backend.locate(secret_id)
        if secret.arn in self._rotations.paused:
            raise FakeSecretsError(
                f"rotation_paused() holds a rotation of {secret.name!r} already, in a block around this one. Leave that block "
                "first, or use its rotation."
            )
        try:
            try:
                self._rotations.paused.add(secret.arn)
                ref = self._rotations.first_waiting(secret.arn)
                if ref is None:
                    ref = self._begin_rotation(region, secret, handler, rotate_secret_arguments)
                driver = RotationDriver(self._rotations, self._service, self._backend.catch_up)
                for _ in range(_steps_before(ref.rotation, after)):
                    driver.step(secret_id=secret.arn)
                yield ref.rotation
                if ref.rotation.status == "in progress":
                    driver.run(secret_id=secret.arn)
            finally:
                self._rotations.paused.discard(secret.arn)
        finally:
            # Again, in case an interrupt ended the first call: see ensured().
            self._rotations.paused.discard(secret.arn)

    def _begin_rotation(
        self,
        region: Region,
        secret: Secret,
        handler: Handler | RotationProcess | str | None,
        members: dict[str, Any],
    ) -> RotationRef:
        """Call RotateSecret, and return the rotation that it started."""
        _check_rotate_secret_members(members)
        if handler is not None:
            members["RotationLambdaARN"] = self._function_arn(handler, region.name)
        client = self.client(region.name, **_credentials_of(region.account))
        token = client.rotate_secret(SecretId=secret.arn, **members)["VersionId"]
        if token not in region.rotations_of(secret):
            raise FakeSecretsError(
                f"RotateSecret has only stored the schedule of {secret.name!r}. With RotateImmediately=False and "
                "without a rotation function there is no step to run."
            )
        return RotationRef(region, secret.arn, token)


def _check_keywords_of_paused(secret_id: object, misplaced: Sequence[object]) -> None:
    """
    Reject positional arguments of `rotation_paused` beside the secret.

    Raises:
        FakeSecretsError: there is one. The message has the keyword for it.
    """
    check_secret_id(secret_id)
    for argument in misplaced:
        is_point = isinstance(argument, str) and argument in ROTATION_POINTS
        what, keyword = ("a point", f"after={argument!r}") if is_point else ("a handler", "handler=rotate")
        raise FakeSecretsError(
            f"rotation_paused() takes {what} as a keyword, and got an object of type {type(argument).__name__} after the "
            f"secret. Write rotation_paused({secret_id!r}, {keyword})."
        )


def _check_rotate_secret_members(members: Mapping[str, Any]) -> None:
    """
    Reject a misspelt keyword of `rotate` and `rotation_paused`.

    Raises:
        FakeSecretsError: a keyword is neither theirs nor a member of RotateSecret.
    """
    further = [name for name in member_names("RotateSecret") if name != "SecretId"]
    for name in members:
        if name not in further:
            if name in signature(FakeSecrets.add_rotation_function).parameters:
                raise FakeSecretsError(
                    f"{name!r} is an argument of add_rotation_function(), and not of this method. Pass the ARN that "
                    f"add_rotation_function(handler, {name}=...) returns as the handler."
                )
            meant = did_you_mean(_in_wire_case(name), [*further, "handler"]) or _did_you_mean_a_part(
                name, further
            )
            raise FakeSecretsError(
                f"{name!r} is neither an argument of this method nor a further member of RotateSecret.{meant} The members "
                f"are {', '.join(further)}."
            )


def _did_you_mean_a_part(name: str, further: Sequence[str]) -> str:
    """A sentence with the member that has a name as a part, or with the rule that is meant, with a space before it, or ""."""
    bare = name.replace("_", "").lower()
    if parts := [member for member in further if len(bare) > 3 and bare in member.lower()]:
        return f" Did you mean {parts[0]!r}?"
    for rule, others in _RULES.items():
        if in_snake_case(name) in (in_snake_case(rule), *others):
            return f" Did you mean RotationRules={{{rule!r}: ...}}?"
    return " Did you mean 'handler'?" if name in ("function", "lambda_function") else ""


def _in_wire_case(name: str) -> str:
    """A snake-case name as the members of requests are written: "rotation_rules" as "RotationRules"."""
    return "".join(part.capitalize() for part in name.split("_")) if "_" in name else name


def _where_entered(backend: object) -> str:
    """Where the active fake was entered, as a sentence with a space before it, or "" where that is not known."""
    entered = getattr(backend, "entered", "")
    return f" It was entered {entered}." if entered else ""


def recorded_rows(backend: FakeBackend, last: int) -> str:
    """The timelines of all secrets of a fake with at most *last* rows, first those of rotations that have failed."""
    events, redact = backend.service.history.events, backend.service.redactor.redact
    failed = {
        (rotation.secret_id, rotation.token)
        for rotation in backend.rotations.all()
        if rotation.status in ("failed", "abandoned") or rotation.findings
    }
    return _or_nothing(bounded_timelines(events, failed, last, redact))


def _or_nothing(timelines: str) -> str:
    return encodable(timelines) or "Nothing has happened yet."


def _steps_before(rotation: Rotation, point: str) -> int:
    """Return how many steps have to run until a rotation is at a point."""
    points = ("RotateSecret", *rotation.plan)
    completed = 0 if rotation.status == "failed" else rotation.position
    if point not in points or points.index(point) < completed:
        raise FakeSecretsError(
            f"{rotation!r} cannot be paused at {point!r}. Its points are {', '.join(points)}."
        )
    return points.index(point) - completed


def _credentials_of(account: str) -> Mapping[str, str]:
    return {} if account == DEFAULT_ACCOUNT else {"aws_access_key_id": account}


def _environment() -> Mapping[str, str | None]:
    region = default_region()
    return {**dummy_credentials.VARIABLES, "AWS_DEFAULT_REGION": region, state.HOME: str(os.getpid())}
