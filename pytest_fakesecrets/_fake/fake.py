"""`FakeSecrets`: what the fixture gives to a test. It wires the parts together, and decides nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_fakesecrets._core.assumptions import Assumptions
from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.interrupts import ensured
from pytest_fakesecrets._core.public import public
from pytest_fakesecrets._rotation.driver import RotationDriver
from pytest_fakesecrets._service.clock import Clock
from pytest_fakesecrets._service.environment import Layer
from pytest_fakesecrets._service.faults import Failure, Fault, fault
from pytest_fakesecrets._service.functions import TIMEOUT, Handler
from pytest_fakesecrets._service.region import default_region, region_or_default
from pytest_fakesecrets._service.service import DEFAULT_ACCOUNT
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport.http_server import Server

from .backend import FakeBackend
from .pausing import Pausing

if TYPE_CHECKING:
    pass


@public
class FakeSecrets(Pausing):
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

    def serve(self) -> Server:
        """
        Answer other processes too, over HTTP on the loopback address, while a "with" block runs.

        It is what the fixture `fakesecrets_server` gives.

        Raises:
            FakeSecretsError: the fake is not active.
        """
        self._check_active()
        return Server(self._world, default_region())

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


def _environment() -> Mapping[str, str | None]:
    region = default_region()
    return {**state.DUMMIES, "AWS_DEFAULT_REGION": region, state.HOME: str(os.getpid())}
