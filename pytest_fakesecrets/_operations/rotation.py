"""RotateSecret and CancelRotateSecret: the synchronous part of a rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.arn import is_role_arn, parse_function_arn
from pytest_fakesecrets._core.errors import (
    TAKES_AN_ARN,
    TOKEN_MISSING,
    AccessDeniedException,
    InvalidParameterException,
    InvalidRequestException,
    managed_by_service,
    no_rotation_function,
    token_in_use,
)
from pytest_fakesecrets._core.rotation import (
    SERVICE_STEPS,
    STEPS,
    TEST_STEPS,
    Rotation,
    labels_show_rotation_in_progress,
)
from pytest_fakesecrets._core.schedule import Days, Grid, Schedule, Window, check_schedule
from pytest_fakesecrets._core.secret import RotationSettings, Secret
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, Labels

from .context import Context, Response


def rotate_secret(
    context: Context,
    *,
    secret_id: str,
    client_request_token: str | None = None,
    rotation_lambda_arn: str | None = None,
    rotation_rules: Mapping[str, Any] | None = None,
    external_secret_rotation_metadata: Sequence[Mapping[str, str]] | None = None,
    external_secret_rotation_role_arn: str | None = None,
    rotate_immediately: bool = True,
) -> Response:
    if client_request_token is None:
        raise InvalidParameterException(TOKEN_MISSING)
    function_arn = rotation_lambda_arn or None  # an empty ARN counts as none
    secret = context.find_primary(secret_id)
    _check_owner(secret, function_arn)
    schedule = _requested_schedule(context, rotation_rules)
    _check_function_arn(secret, function_arn)
    settings = _new_settings(
        context,
        secret,
        function_arn=function_arn,
        schedule=schedule,
        external_metadata=external_secret_rotation_metadata,
        external_role_arn=external_secret_rotation_role_arn,
        immediately=rotate_immediately,
    )
    _check_can_rotate(secret, settings)
    response = {"ARN": secret.arn, "Name": secret.name, "VersionId": client_request_token}
    if _is_replay(context, secret, client_request_token):
        return response
    if labels_show_rotation_in_progress(secret.labels):
        raise InvalidRequestException(
            "A previous rotation isn't complete. That rotation will be reattempted."
        )
    _check_permissions(context, secret, settings)

    secret = replace(supersede(context, secret), rotation=settings)
    start_rotation(context, secret, client_request_token, immediately=rotate_immediately)
    return response


def _check_owner(secret: Secret, function_arn: str | None) -> None:
    if not secret.is_managed:
        return
    if function_arn is not None:
        raise InvalidRequestException("Rotation Lambda ARN is not supported for a service-managed secret.")
    if not secret.is_rotated_by_owner:
        raise managed_by_service()


def _requested_schedule(context: Context, rules: Mapping[str, Any] | None) -> Schedule | None:
    if rules is None:
        return None
    return parse_rotation_rules(rules, context.now, context.assumptions.hour_rate_grid)


def parse_rotation_rules(rules: Mapping[str, Any], now: datetime, grid: Grid = "running") -> Schedule:
    """Return the schedule of a request. It replaces the stored schedule as a whole: an old Duration is not kept."""
    schedule = Schedule(
        stored_at=now,
        automatically_after_days=rules.get("AutomaticallyAfterDays"),
        duration=rules.get("Duration"),
        expression=rules.get("ScheduleExpression"),
        grid=grid,
    )
    check_schedule(schedule)
    return schedule


def _check_function_arn(secret: Secret, arn: str | None) -> None:
    if arn is None:
        return
    parsed = parse_function_arn(arn)
    if parsed is None or parsed.region != secret.region:
        raise InvalidParameterException(
            "Invalid rotation Lambda ARN. Ensure the ARN matches format "
            "arn:aws:lambda:<region>:<account>:function:<functionName>.",
            hint=TAKES_AN_ARN if parsed is None else "",
        )


def _new_settings(
    context: Context,
    secret: Secret,
    *,
    function_arn: str | None,
    schedule: Schedule | None,
    external_metadata: Sequence[Mapping[str, str]] | None,
    external_role_arn: str | None,
    immediately: bool,
) -> RotationSettings:
    """Return the settings of the request, completed with the stored settings."""
    stored = secret.rotation or RotationSettings(
        enabled=False, schedule=Schedule(stored_at=context.now), counted_from=context.now
    )
    rule = (schedule or stored.schedule).rule
    by_days = isinstance(rule, Days) and not immediately
    base = _first_day(context, secret) if by_days else context.now
    return RotationSettings(
        enabled=True,
        schedule=stored.schedule if schedule is None else schedule,
        # Enabling rotation again restarts the count, as a new schedule does.
        counted_from=stored.counted_from if stored.enabled and schedule is None else base,
        function_arn=function_arn or stored.function_arn,
        external_metadata=stored.external_metadata if external_metadata is None else external_metadata,
        external_role_arn=external_role_arn or stored.external_role_arn,
    )


def _first_day(context: Context, secret: Secret) -> datetime:
    """Return the date from which the days are counted if a secret is not rotated immediately."""
    current = secret.version(CURRENT)
    if context.assumptions.first_day_base == "call" or secret.last_rotated_at or current is None:
        return context.now
    return min(current.created_at, context.now)


def _check_can_rotate(secret: Secret, settings: RotationSettings) -> None:
    """Reject a rotation without a function, except of a managed secret, or of an external secret with a role."""
    if secret.is_managed or settings.function_arn is not None:
        return
    if not (secret.is_external and settings.external_role_arn):
        raise no_rotation_function(
            "Pass RotationLambdaARN=fake.add_rotation_function(handler) to the first rotate_secret(). "
            "fake.rotate(secret_id, handler) does both."
        )


def _is_replay(context: Context, secret: Secret, token: str) -> bool:
    """
    Whether the call repeats an earlier call, so that it has the same response and no effect.

    Raises:
        InvalidRequestException: the token belongs to another version of the secret.
    """
    rotation = context.region_of(secret.arn).rotations_of(secret).get(token)
    if rotation is not None and rotation.is_test:
        return True
    if token not in secret.versions:
        return False
    if rotation is not None and token == secret.labels.get(CURRENT):
        return True
    if rotation is None or token != secret.labels.get(PENDING):
        raise InvalidRequestException(token_in_use(token, secret.arn))
    # After the end of that rotation, its AWSPENDING still blocks a new rotation, even with the same token.
    return rotation.status in ("in progress", "failed")


def _check_permissions(context: Context, secret: Secret, settings: RotationSettings) -> None:
    if settings.function_arn is not None and not context.can_invoke(settings.function_arn):
        raise AccessDeniedException(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function "
            "policy grants access to the principal secretsmanager.amazonaws.com."
        )
    role = settings.external_role_arn
    if secret.is_external and role is not None and not is_role_arn(role):
        raise InvalidRequestException(f"Secrets Manager is unable to assume role {role}.")


def start_rotation(
    context: Context, secret: Secret, token: str, *, immediately: bool, window: Window | None = None
) -> None:
    """
    Stage the new version of a rotation, or of a test run.

    The version has AWSPENDING and no value: createSecret has to store the value. The version of a test run
    has a copy of the current value (moto, test marked aws_verified:
    test_rotate_secret_using_lambda_dont_rotate_immediately).
    """
    function_arn = None if secret.rotation is None else secret.rotation.function_arn
    if not immediately and function_arn is None:
        context.save(secret.changed(context.now))  # a test run needs a function
        return
    current = secret.version(CURRENT)
    value = None if immediately or current is None else current.value
    staged = secret.new_version(token, context.now, value)
    labels = staging_labels.attach(secret.labels, PENDING, token)
    if immediately and secret.first_rotation is None:
        secret = replace(secret, first_rotation=token)
    secret = secret.with_version(staged, labels, context.now)
    rotation = Rotation(
        secret_id=secret.arn,
        token=token,
        started_at=context.now,
        is_test=not immediately,
        scheduled_at=window,
        plan=SERVICE_STEPS if function_arn is None else STEPS if immediately else TEST_STEPS,
        function_arn=function_arn,
    )
    context.save(secret)
    context.save_rotation(rotation)


def supersede(context: Context, secret: Secret) -> Secret:
    """End an unfinished rotation whose labels were repaired by hand, before a new rotation starts."""
    old = context.region_of(secret.arn).unfinished_rotation(secret)
    if secret.last_window is not None and secret.last_window > context.now:
        secret = replace(secret, last_window=None)  # the clock has been moved back
    if old is None:
        return secret
    cancelled = replace(old, status="cancelled")
    context.save_rotation(replace(old, retry_at=None) if old.status == "failed" else cancelled)
    return secret.without_test_version(old)


def cancel_rotate_secret(context: Context, *, secret_id: str) -> Response:
    secret = context.find_primary(secret_id)
    if secret.is_managed and not secret.is_rotated_by_owner:
        raise managed_by_service()
    settings = secret.rotation
    if settings is None:
        raise no_rotation_function("The secret has never been rotated, so there is nothing to cancel.")
    response: Response = {"ARN": secret.arn, "Name": secret.name}

    secret, cancelled = cancel_unfinished(context, secret)
    if cancelled is not None:
        response["VersionId"] = cancelled.token
    labels = _labels_after_cancel(context, secret)
    if settings.enabled or labels != secret.labels:
        disabled = replace(settings, enabled=False)
        context.save(secret.changed(context.now, rotation=disabled, labels=labels))
    return response


def _labels_after_cancel(context: Context, secret: Secret) -> Labels:
    """
    Return the labels of a secret after its rotation is cancelled.

    AWSPENDING is removed from a version without a value, so that the next rotation is accepted
    (terraform-provider-aws, TestAccSecretsManagerSecretRotation_scheduleExpressionBasic).
    """
    pending, cancel_unblocks = secret.version(PENDING), context.assumptions.cancel_unblocks
    if pending is None or not labels_show_rotation_in_progress(secret.labels) or cancel_unblocks == "never":
        return secret.labels
    if pending.has_value and cancel_unblocks == "empty":
        return secret.labels
    return staging_labels.remove(secret.labels, PENDING)


def cancel_unfinished(context: Context, secret: Secret) -> tuple[Secret, Rotation | None]:
    """
    Cancel the rotation in progress: none of its further steps is invoked.

    The version of a test run is removed, as at the end of the test run.
    """
    rotation = context.region_of(secret.arn).unfinished_rotation(secret)
    if rotation is None or rotation.status not in ("in progress", "failed"):
        return secret, None
    context.save_rotation(replace(rotation, status="cancelled", retry_at=None))
    return secret.without_test_version(rotation), rotation


def described_rotation(secret: Secret) -> Response:
    """Return the members of responses about rotation. A secret whose rotation was never configured has none."""
    settings = secret.rotation
    if settings is None:
        return {"LastRotatedDate": secret.last_rotated_at}
    window = secret.next_window
    return {
        "RotationEnabled": settings.enabled,
        "RotationLambdaARN": settings.function_arn,
        "RotationRules": _described_schedule(settings.schedule),
        "ExternalSecretRotationMetadata": list(settings.external_metadata) or None,
        "ExternalSecretRotationRoleArn": settings.external_role_arn,
        "LastRotatedDate": secret.last_rotated_at,
        "NextRotationDate": None if window is None else window.next_rotation_date,
    }


def _described_schedule(schedule: Schedule) -> Response | None:
    rules = {
        "AutomaticallyAfterDays": schedule.reported_days,
        "Duration": schedule.duration,
        "ScheduleExpression": schedule.expression,
    }
    return {member: value for member, value in rules.items() if value is not None} or None
