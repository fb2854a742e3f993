"""Helpers with types, one for each thing that the fake gives, and what type each part of it has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from pytest_fakesecrets import (
    Assumptions,
    Call,
    Clock,
    CredentialRefused,
    CredentialTarget,
    Fault,
    LabelMoved,
    LambdaContext,
    Rotation,
    RotationDriver,
    RotationStep,
    SecretView,
    Server,
    ServiceEvent,
    TargetDown,
    ValueStored,
    VersionView,
    Window,
)

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

Event = Call | LabelMoved | ValueStored | ServiceEvent | RotationStep


def look_at_secret(view: SecretView) -> None:
    assert_type(view.arn, str)
    assert_type(view.name, str)
    assert_type(view.rotation_enabled, bool)
    assert_type(view.next_rotation, Window | None)
    assert_type(view.versions, tuple[VersionView, ...])
    assert_type(view.labels, Mapping[str, str])
    assert_type(view.staging, Mapping[str, AbstractSet[str]])
    assert_type(view.transitions[0], LabelMoved)
    assert_type(view.value(), str | bytes)
    assert_type(view.value("AWSCURRENT"), str | bytes)
    assert_type(view.json(), Any)
    assert_type(view.json("AWSCURRENT"), Any)
    assert view.staging["v1"] == {"AWSCURRENT"}
    assert view.staging == {"v1": {"AWSCURRENT"}}
    assert view.labels == {"AWSCURRENT": view.versions[0].id}
    assert view.transitions == ["AWSCURRENT -> v1 by add_secret"]
    moves: Sequence[LabelMoved] = view.transitions
    assert [move.target for move in moves] == ["v1"]
    assert isinstance(view.json()["a"], int)
    assert view.value() == '{"a": 0}'


def look_at_version(version: VersionView) -> None:
    assert_type(version.id, str)
    assert_type(version.alias, str)
    assert_type(version.labels, frozenset[str])
    assert_type(version.created_at, datetime)
    assert_type(version.has_value, bool)
    assert version.labels == {"AWSCURRENT"}


def look_at_rotation(rotation: Rotation) -> None:
    assert_type(rotation.secret_id, str)
    assert_type(rotation.token, str)
    assert_type(rotation.started_at, datetime)
    assert_type(rotation.status, Literal["in progress", "succeeded", "failed", "abandoned", "cancelled"])
    assert_type(rotation.steps, tuple[RotationStep, ...])
    assert_type(rotation.error, BaseException | None)
    assert_type(rotation.scheduled_at, Window | None)
    assert_type(rotation.is_test, bool)
    assert_type(rotation.attempt, int)
    assert_type(rotation.retry_at, datetime | None)
    assert_type(rotation.function_arn, str | None)
    assert_type(rotation.failure, str | None)
    assert_type(rotation.next_step, str)
    assert_type(rotation.succeeded, bool)
    assert_type(rotation.is_due_again, bool)
    assert (rotation.status, rotation.attempt) == ("failed", 1)


def look_at_step(step: RotationStep) -> None:
    assert_type(step.name, str)
    assert_type(step.attempt, int)
    assert_type(step.start, datetime)
    assert_type(step.end, datetime)
    assert_type(step.at, datetime)
    assert_type(step.secret_id, str)
    assert_type(step.token, str)
    assert_type(step.error, BaseException | None)
    assert_type(step.redelivered, bool)
    assert_type(step.succeeded, bool)
    assert_type(step.was_raised, bool)
    assert_type(step.error_message, str | None)
    assert_type(step.raised_at, str | None)
    assert_type(step.error_summary, str | None)


def look_at_window(window: Window) -> timedelta:
    assert_type(window.opens, datetime)
    assert_type(window.closes, datetime)
    assert_type(window.next_rotation_date, datetime)
    return window.closes - window.opens


def drive(driver: RotationDriver, name: str | None) -> Rotation:
    assert_type(driver.pending, tuple[Rotation, ...])
    assert_type(driver.step(), RotationStep)
    step = driver.step(name, secret_id="db")
    assert_type(step, RotationStep)
    assert_type(driver.redeliver("createSecret"), RotationStep)
    assert_type(driver.redeliver(step, secret_id="db"), RotationStep)
    rotation = driver.run(secret_id="db")
    assert_type(rotation, Rotation)
    return rotation


def move(clock: Clock) -> datetime:
    clock.freeze()
    clock.move_to("2030-01-31 16:00")
    clock.move_to(clock.now.date())
    clock.move_to(clock.now)
    clock.tick()
    clock.tick(60)
    clock.tick(0.5)
    clock.tick(timedelta(days=1))
    assert_type(clock.is_frozen, bool)
    assert_type(clock.now, datetime)
    now = clock.now
    clock.stop()
    return now


def reach(server: Server) -> dict[str, str]:
    assert_type(server.url, str)
    assert_type(server.environ, Mapping[str, str])
    return {**server.environ, "URL": server.url}


def log_in_at(target: CredentialTarget, password: str) -> bool:
    try:
        target.log_in("app", password)
    except (CredentialRefused, TargetDown) as error:
        refused: PermissionError | ConnectionError = error
        assert str(refused)
        return False
    return True


def change_at(target: CredentialTarget) -> tuple[str, ...]:
    told: list[str] = []
    target.listeners.append(told.append)
    target.refuses = "/@"
    target.applies_after = target.keeps_old_for = timedelta(seconds=0)
    target.change_password("app", "new")
    target.add_password("app", "newer")
    target.remove_password("app", "new")
    target.create_user("clone", "other")
    target.call("redeploy")
    assert_type(target.users, tuple[str, ...])
    assert_type(target.passwords("app"), int)
    assert_type(target.accepts({"username": "app", "password": "newer"}), bool)
    assert_type(target.accepts("newer"), bool)
    assert_type(target.is_down, bool)
    assert_type(target.state(), dict[str, object])
    assert_type(target.calls, tuple[str, ...])
    assert target.calls[-5:] == tuple(told)
    before = target.state()
    target.is_down = True
    target.reset()
    assert target.state() != before
    return target.users


def look_at_assumptions(assumptions: Assumptions) -> None:
    assert_type(assumptions.rotate_at, Literal["open", "close"] | Random)
    assert_type(assumptions.stuck_window, Literal["reattempt", "wait"])
    assert_type(assumptions.hour_rate_grid, Literal["running", "daily", "last rotation"])
    assert_type(assumptions.first_day_base, Literal["call", "value"])
    assert_type(assumptions.retry_delays, tuple[timedelta, ...])
    assert_type(assumptions.pending_after_finish, Literal["stays", "removed"])
    assert_type(assumptions.cancel_unblocks, Literal["empty", "always", "never"])


def look_at_context(context: LambdaContext) -> None:
    assert_type(context.function_name, str)
    assert_type(context.function_version, str)
    assert_type(context.invoked_function_arn, str)
    assert_type(context.aws_request_id, str)
    assert_type(context.deadline, datetime)
    assert_type(context.clock, Callable[[], datetime])
    assert_type(context.memory_limit_in_mb, int)
    assert_type(context.log_group_name, str)
    assert_type(context.log_stream_name, str)
    assert_type(context.get_remaining_time_in_millis(), int)
    assert context.identity is None
    assert context.client_context is None


def look_at_fault(fault: Fault) -> int:
    assert_type(fault.operation, str)
    assert_type(fault.left, int | None)
    assert_type(fault.secret_id, str | None)
    assert_type(fault.step, str | None)
    assert_type(fault.back_off, bool)
    assert_type(fault.happened, int)
    assert fault.injected_at is None or fault.injected_at.number > 0
    return fault.happened


def look_at_call(call: Call) -> None:
    assert_type(call.at, datetime)
    assert_type(call.operation, str)
    assert_type(call.detail, str | None)
    assert_type(call.account, str)
    assert_type(call.region, str)
    assert_type(call.request_id, str)
    assert_type(call.secret_id, str | None)
    assert_type(call.version_id, str | None)
    assert_type(call.error, str | None)
    assert_type(call.message, str | None)
    assert_type(call.step, str | None)
    assert_type(call.hint, str | None)


def look_at_move(move: LabelMoved) -> None:
    assert_type(move.label, str)
    assert_type(move.source, str | None)
    assert_type(move.target, str | None)
    assert_type(move.at, datetime)
    assert_type(move.by, str)
    assert_type(move.secret_id, str)
    assert_type(move.version_id, str | None)
    assert_type(move.account, str)
    assert_type(move.region, str)
    assert_type(move.step, str | None)


def look_at_stored(stored: ValueStored) -> None:
    assert_type(stored.at, datetime)
    assert_type(stored.version, str)
    assert_type(stored.version_id, str)
    assert_type(stored.by, str)
    assert_type(stored.secret_id, str)
    assert_type(stored.step, str | None)


def look_at_service_event(event: ServiceEvent) -> None:
    assert_type(
        event.name,
        Literal[
            "RotationStarted",
            "RotationSucceeded",
            "RotationFailed",
            "RotationAbandoned",
            "TestRotationStarted",
            "TestRotationSucceeded",
            "TestRotationFailed",
            "StartSecretVersionDelete",
            "CancelSecretVersionDelete",
            "EndSecretVersionDelete",
            "ReplicationStarted",
            "ReplicationSucceeded",
            "ReplicationFailed",
        ],
    )
    assert_type(event.at, datetime)
    assert_type(event.secret_id, str)
    assert_type(event.token, str)
    assert_type(event.account, str)
    assert_type(event.region, str)
    assert_type(event.error_message, str | None)
    assert_type(event.version_id, str | None)


def look_at_event(event: Event) -> str:
    """Every event is one of five, and type checkers know that there is no sixth."""
    assert_type(event.at, datetime)
    match event:
        case Call():
            look_at_call(event)
            return event.operation
        case LabelMoved():
            look_at_move(event)
            return str(event)
        case ValueStored():
            look_at_stored(event)
            return event.version
        case ServiceEvent():
            look_at_service_event(event)
            return event.name
        case RotationStep():
            look_at_step(event)
            return event.name
