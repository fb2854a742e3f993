"""The step driver, with which a test runs rotations step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized

from pytest_fakesecrets._core.errors import FakeSecretsError
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import unknown_name, utc
from pytest_fakesecrets._core.rotation import STEPS, Rotation, RotationStep
from pytest_fakesecrets._core.store import Region
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._service.service import Service

from .executor import RotationExecutor
from .failure_warnings import warn_of_failure
from .invocation import RotationRef


@exported
class RotationDriver:
    """
    Runs rotations step by step: each rotation waits until `step()` or `run()` is called.

    An exception of the rotation function is recorded and raised unchanged. The next `step()` or `run()` then starts
    the retry of AWS: all steps again, with the same token.
    """

    def __init__(self, rotations: RotationExecutor, service: Service, catch_up: Callable[[], None]) -> None:
        self._rotations = rotations
        self._service = service
        self._run_due = catch_up

    def __repr__(self) -> str:
        return f"<RotationDriver with {len(self._rotations.waiting())} pending>"

    @property
    def pending(self) -> tuple[Rotation, ...]:
        """The waiting rotations, oldest first. Failed rotations that AWS would retry are included."""
        self._run_due()
        return tuple(ref.rotation for ref in self._rotations.waiting())

    def step(self, name: str | None = None, *, secret_id: str | None = None) -> RotationStep:
        """
        Run the next step of the oldest waiting rotation.

        Args:
            name: the expected name of the next step.
            secret_id: the name or ARN of a secret, to choose its rotation.

        Raises:
            FakeSecretsError: no rotation is waiting, or the next step has another name.
            Exception: the exception of the rotation function, unchanged.
        """
        __tracebackhide__ = True
        ref = self._next(secret_id)
        if name is None:
            return self._advance(ref)
        return self._advance(ref, lambda at: _check_step(at, name, self._rotations.waiting))

    def run(self, *, secret_id: str | None = None) -> Rotation:
        """
        Run the remaining steps of the oldest waiting rotation, and return the rotation in its new state.

        Args:
            secret_id: the name or ARN of a secret, to choose its rotation.

        Raises:
            FakeSecretsError: no rotation is waiting.
            Exception: the exception of the rotation function, unchanged.
        """
        __tracebackhide__ = True
        ref = self._next(secret_id)
        self._advance(ref)
        while ref.rotation.status == "in progress":
            self._advance(ref)
        return ref.rotation

    def redeliver(self, step: str | RotationStep, *, secret_id: str | None = None) -> RotationStep:
        """
        Invoke the function again with the event of a step that has already run, as AWS may do.

        The invocation is recorded in the history. The position and the status of the rotation do not change.

        Args:
            step: the step, or its name for the latest run of a step with that name.
            secret_id: the name or ARN of a secret, to choose its rotation.

        Raises:
            FakeSecretsError: the step has not run.
            Exception: the exception of the rotation function, unchanged.
        """
        __tracebackhide__ = True
        recorded_step = self._find_step(step, secret_id)
        ref = RotationRef(self._region(recorded_step), recorded_step.secret_id, recorded_step.token)
        again = self._rotations.calls.call(ref, recorded_step.name, redelivered=True)
        self._service.transact(ref.region, lambda context: context.steps.append(again))
        if again.error is not None:
            raise again.error
        return again

    def _advance(
        self, ref: RotationRef, check: Callable[[RotationRef], None] = lambda ref: None
    ) -> RotationStep:
        __tracebackhide__ = True
        step = self._rotations.advance(ref, check)
        self._rotations.stepped.add(ref.token)
        if step is None:
            if ref.is_open:
                message = (
                    f"A step of {ref.secret_id} is already running, in another thread or around this call."
                )
            else:
                message = f"The rotation of {ref.secret_id} has just ended, in another thread."
            raise FakeSecretsError(message)
        if step.error is not None and step.was_raised:
            raise step.error
        if step.error is not None:
            with ErrorsBecomeWarnings("the warning about a rotation that failed"):
                warn_of_failure(self._service, ref.rotation, step.error)
        return step

    def _next(self, secret_id: str | None) -> RotationRef:
        self._run_due()
        arn = None if secret_id is None else self._arn(secret_id)
        ref = self._rotations.first_waiting(arn)
        if ref is None:
            raise FakeSecretsError(self._no_rotation_message(secret_id) + self._next_schedule_message(arn))
        return ref

    def _arn(self, secret_id: str) -> str:
        return self._service.locate(secret_id)[1].arn

    def _next_schedule_message(self, arn: str | None) -> str:
        """A sentence about the next scheduled rotation, or an empty string."""
        coming = self._rotations.plan.next_instant(arn)
        if coming is None:
            return ""
        now = self._service.clock.now
        return (
            f" The next scheduled rotation is that of {coming[0]} at {utc(coming[1])} UTC, and the clock stands at "
            f"{utc(now)} UTC. Move it with fakesecrets_clock.move_to()."
        )

    def _no_rotation_message(self, secret_id: str | None) -> str:
        last = next(self._steps_that_ran(), None)
        which = "No rotation waits" if secret_id is None else f"No rotation of {secret_id!r} waits"
        if last is None:
            return f"{which} for a step. Start one with rotate_secret()."
        rotation = self._region(last).rotations[last.secret_id][last.token]
        message = f"{which} for a step. The last one, of {last.secret_id}, {_OUTCOMES[rotation.status]}"
        if rotation.status == "failed":
            return (
                f"{message} in attempt {rotation.attempt}. AWS does not retry it, because AWSPENDING is no longer on its "
                "version, or because no attempt is left (fakesecrets.assume(retry_delays=...))."
            )
        if rotation.status == "succeeded" and last.token not in self._rotations.stepped:
            return (
                f"{message} without step() and run(): rotate() runs all steps itself, and so does rotate_secret() before the "
                "test has requested fakesecrets_rotation or called drive(). Start another with rotate_secret()."
            )
        return f"{message}. Start another with rotate_secret()."

    def _steps_that_ran(self) -> Iterator[RotationStep]:
        """Yield the steps of rotations, the latest first. A contract delivers events of no rotation too."""
        for event in reversed(self._service.history):
            if isinstance(event, RotationStep) and self._rotations.find(event.secret_id, event.token):
                yield event

    def _region(self, step: RotationStep) -> Region:
        return next(
            region
            for region in self._service.store.regions.values()
            if step.token in region.rotations.get(step.secret_id, {})
        )

    def _find_step(self, step: str | RotationStep, secret_id: str | None) -> RotationStep:
        if isinstance(step, RotationStep):
            return step
        arn = None if secret_id is None else self._arn(secret_id)
        for ran in self._steps_that_ran():
            if ran.name == step and arn in (None, ran.secret_id):
                return ran
        _check_known(step)
        raise FakeSecretsError(
            f"{step} has not run yet, so it cannot be delivered again. Run it with step()."
        )


_OUTCOMES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "abandoned": "was abandoned, because another value was stored meanwhile",
    "cancelled": "was cancelled",
    "in progress": "is in progress",
}


def _check_known(name: str) -> None:
    if name not in STEPS:
        raise FakeSecretsError(unknown_name("step", name, STEPS))


def _check_step(ref: RotationRef, name: str, waiting: Callable[[], Sized]) -> None:
    rotation = ref.rotation
    if name == rotation.next_step:
        return
    _check_known(name)
    done = ", ".join(rotation.plan[: rotation.position]) if rotation.status == "in progress" else ""
    state = f"{done} has run" if done else "none of this attempt has run yet"
    count = len(waiting())
    others = f" {count} rotations wait; choose one with secret_id=..." if count > 1 else ""
    raise FakeSecretsError(
        f"The next step of {ref.secret_id} is {rotation.next_step}, not {name}: {state}.{others}"
    )
