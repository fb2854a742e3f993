"""The state changes of a rotation after RotateSecret: start in a window, end of a step, retry, success or failure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.credential import credentials
from pytest_fakesecrets._core.errors import FakeSecretsError, PendingVersionRejected, add_optional_note
from pytest_fakesecrets._core.retries import next_attempt_at
from pytest_fakesecrets._core.rotation import Rotation, RotationStep, labels_show_rotation_in_progress
from pytest_fakesecrets._core.schedule import Window
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING

from .context import Context
from .passwords import get_random_password
from .rotation import start_rotation, supersede


def begin_scheduled(context: Context, arn: str, token: str, window: Window) -> None:
    """
    Start the rotation of a window that has opened, or schedule a retry of the rotation that is stuck.

    "A previous rotation isn't complete. That rotation will be reattempted." (RotateSecret's error)
    """
    secret = _find_secret(context, arn)
    if secret is None:
        return
    secret = replace(secret, last_window=window.opens)
    unfinished = context.region_of(arn).unfinished_rotation(secret)
    is_running = unfinished is not None and unfinished.status == "in progress"
    if not labels_show_rotation_in_progress(secret.labels) and not is_running:
        secret = supersede(context, secret)
        start_rotation(context, secret, token, immediately=True, window=window)
        return
    context.save(secret)
    is_stuck = unfinished is not None and unfinished.status == "failed"
    if unfinished is not None and is_stuck and context.assumptions.stuck_window == "reattempt":
        context.save_rotation(replace(unfinished.reattempted(window), retry_at=context.now))


def retry(context: Context, rotation: Rotation) -> None:
    context.save_rotation(rotation.retried())


def record_step(context: Context, step: RotationStep) -> Rotation:
    """
    Record the end of *step*, update its rotation, and return the rotation.

    A rotation that was abandoned or cancelled during the step keeps this status: the function could not be stopped,
    and no further step runs.
    """
    rotation = context.region_of(step.secret_id).rotations[step.secret_id][step.token].advanced(step)
    secret = _find_secret(context, step.secret_id)
    if rotation.status == "in progress" and secret is not None:
        if step.error is not None:
            rotation = _fail_attempt(context, secret, rotation, step.error)
        elif _is_rejected(secret, rotation):
            rotation = _fail_after_return(context, secret, rotation, _rejection_error(secret, rotation))
        elif rotation.is_at_its_end:
            rotation = _finish(context, secret, rotation)
    context.save_rotation(rotation)
    context.steps.append(rotation.steps[-1])
    return rotation


def _find_secret(context: Context, arn: str) -> Secret | None:
    return context.region_of(arn).find(arn, context.now)


def _fail_attempt(context: Context, secret: Secret, rotation: Rotation, error: BaseException) -> Rotation:
    """Fail the attempt, and schedule a retry. AWSPENDING stays on the new version (API_RotateSecret)."""
    retry_at = next_attempt_at(rotation, context.assumptions.retry_delays, context.now)
    rotation = replace(rotation, status="failed", error=error, retry_at=retry_at)
    context.save(secret.without_test_version(rotation))
    return rotation


def _fail_after_return(
    context: Context, secret: Secret, rotation: Rotation, error: FakeSecretsError
) -> Rotation:
    """Fail the attempt although the function has returned."""
    step = replace(rotation.steps[-1], error=error, error_message=f"{type(error).__name__}: {error}")
    return _fail_attempt(context, secret, replace(rotation, steps=(*rotation.steps[:-1], step)), error)


def _is_rejected(secret: Secret, rotation: Rotation) -> bool:
    """Whether the value of the pending version, which is not current, was not stored by the rotation function."""
    version = secret.version(PENDING)
    return (
        version is not None
        and version.id == rotation.token != secret.labels.get(CURRENT)
        and version.is_foreign
        and rotation.function_arn is not None
    )


def _rejection_error(secret: Secret, rotation: Rotation) -> PendingVersionRejected:
    """Return the error with AWS's message (user guide, troubleshoot_rotation), and a hint if Python supports notes."""
    error = PendingVersionRejected(
        f"Pending secret version {rotation.token} for Secret {secret.arn} was not created by Lambda "
        f"{rotation.function_arn}. Remove the AWSPENDING staging label and restart rotation"
    )
    add_optional_note(
        error,
        f"hint: The value of {secret.versions[rotation.token].alias} was stored outside of the steps of the "
        "rotation, or with the keys of another account, and without the RotationToken of the event. Store it in "
        "createSecret, and pass RotationToken=event['RotationToken'] to put_secret_value().",
    )
    return error


def _finish(context: Context, secret: Secret, rotation: Rotation) -> Rotation:
    if rotation.is_test:
        context.save(secret.without_test_version(rotation))
    elif not rotation.has_reached_its_goal(secret.labels):
        error = FakeSecretsError(_missed_goal_message(secret, rotation))
        return _fail_after_return(context, secret, rotation, error)
    else:
        labels = secret.labels
        if context.assumptions.pending_after_finish == "removed" and labels.get(PENDING) == rotation.token:
            labels = staging_labels.remove(labels, PENDING)
        # LastChangedDate stays the date when AWSCURRENT was moved (published describe-secret outputs).
        # It can be ahead of the clock, because two changes within a millisecond get different dates.
        ahead = secret.last_changed_at - context.now < timedelta(seconds=1)
        rotated_at = max(context.now, secret.last_changed_at) if ahead else context.now
        context.save(
            replace(secret, labels=labels, last_rotated_at=rotated_at).with_windows_counted_from(context.now)
        )
    return replace(rotation, status="succeeded")


def _missed_goal_message(secret: Secret, rotation: Rotation) -> str:
    def location_of(label: str) -> str:
        version = secret.version(label)
        return f"{label} is on {version.alias if version else 'no version'}"

    new = secret.versions[rotation.token].alias if rotation.token in secret.versions else rotation.token
    if secret.labels.get(CURRENT) == rotation.token:
        return (
            f"The rotation function has returned from all steps, but {location_of(PENDING)}, while "
            f"{location_of(CURRENT)}. AWS treats that as a rotation in progress, and rejects the next one. "
            "Leave AWSPENDING on the new version, or remove it there."
        )
    return (
        f"The rotation function has returned from all steps, but {location_of(CURRENT)} and not on the new "
        f"version, {new}. finishSecret has to move it there with update_secret_version_stage("
        "VersionStage='AWSCURRENT', MoveToVersionId=<ClientRequestToken>, RemoveFromVersionId=<current>)."
    )


def rotate_by_service(context: Context, rotation: Rotation) -> None:
    """
    Rotate a secret that its owner or a partner rotates: its new version has a value and is current.

    The new version has AWSCURRENT and AWSPENDING (AWS CLI reference, list-secrets example of a secret that
    RDS manages).
    """
    secret = _find_secret(context, rotation.secret_id)
    if secret is None or rotation.token not in secret.versions:
        return
    current = secret.version(CURRENT)
    value = _new_value(context, None if current is None else current.value)
    version = replace(secret.versions[rotation.token], value=value, created_at=context.now)
    labels = staging_labels.attach(secret.labels, CURRENT, rotation.token)
    versions = {**secret.versions, version.id: version}
    context.save(secret.changed(context.now, versions=versions, labels=labels))


def _new_value(context: Context, old: Value | None) -> str:
    """Return the old value with a new password as its credential, or only a password if it is not a JSON object."""
    password: str = get_random_password(context, exclude_characters="/@\"'\\")["RandomPassword"]
    try:
        document = json.loads(old) if isinstance(old, str) else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return password
    credential_names = [] if "password" in document else credentials(document)
    return json.dumps({**document, **dict.fromkeys(credential_names or ["password"], password)})
