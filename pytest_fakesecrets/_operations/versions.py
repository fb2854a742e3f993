"""PutSecretValue and UpdateSecretVersionStage: new versions, and moves of staging labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import (
    TOKEN_MISSING,
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
    managed_by_service,
    token_in_use,
    version_not_found,
)
from pytest_fakesecrets._core.rotation import Rotation
from pytest_fakesecrets._core.rotation import rotation_token as rotation_token_of
from pytest_fakesecrets._core.secret import Secret, Value
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, Labels
from pytest_fakesecrets._core.store import Region

from .context import Context, Response
from .cross_account_access import check_can_decrypt


def put_secret_value(
    context: Context,
    *,
    secret_id: str,
    client_request_token: str | None = None,
    secret_binary: bytes | None = None,
    secret_string: str | None = None,
    version_stages: Sequence[str] | None = None,
    rotation_token: str | None = None,
) -> Response:
    if client_request_token is None:
        raise InvalidRequestException(TOKEN_MISSING)
    check_secret_id(secret_id)
    value = single_value(secret_string, secret_binary)
    if value is None:
        raise InvalidRequestException("You must provide either SecretString or SecretBinary.")
    secret = context.find_writable(secret_id)
    check_can_decrypt(secret, context.account)

    if not is_replay(secret, client_request_token, value):
        is_foreign = _is_foreign(context, secret, client_request_token, rotation_token)
        stages = version_stages or (CURRENT,)
        secret = store_value(context, secret, client_request_token, value, stages, is_foreign=is_foreign)
        context.save(secret)
    response: Response = {"ARN": secret.arn, "Name": secret.name, "VersionId": client_request_token}
    if labels := staging_labels.of(secret.labels, client_request_token):
        response["VersionStages"] = labels
    return response


def single_value(secret_string: str | None, secret_binary: bytes | None) -> Value | None:
    """Return the value of a request, or raise if it contains both a string and a binary."""
    if secret_string is not None and secret_binary is not None:
        raise InvalidParameterException(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    return secret_binary if secret_string is None else secret_string


def is_replay(secret: Secret, token: str, value: Value) -> bool:
    """
    Whether this value has been stored with this token before.

    Raises:
        ResourceExistsException: another value has been stored with this token (moto, tests marked aws_verified:
            test_put_different_secret_value_with_same_token and its neighbours).
    """
    version = secret.versions.get(token)
    # RotateSecret stages a version without a value, so its first value is not a conflict.
    if version is None or not version.has_value:
        return False
    if version.value != value:
        raise ResourceExistsException(token_in_use(token, secret.arn))
    return True


def _is_foreign(context: Context, secret: Secret, token: str, sent_token: str | None) -> bool:
    """
    Whether the value of a rotation's version is stored by a request that the rotation function did not make.

    A function that uses an assumed role or another account identifies itself with the RotationToken of its event
    (user guide, troubleshoot_rotation). In the account of the secret, a request from a step of the rotation needs no
    token: the functions that AWS publishes do not pass it.
    """
    rotation = context.region_of(secret.arn).rotations_of(secret).get(token)
    if rotation is None or rotation.is_test or rotation.function_arn is None:
        return False
    return sent_token != rotation_token_of(token) and not context.is_made_by(rotation)


def store_value(
    context: Context,
    secret: Secret,
    token: str,
    value: Value,
    version_stages: Sequence[str],
    *,
    is_foreign: bool = False,
) -> Secret:
    """
    Return the secret with a new version: its id is *token*, and it has *value* and *version_stages*.

    The first value of a secret is always current (API_PutSecretValue).
    """
    requested_labels = [*version_stages] if secret.has_value else [*version_stages, CURRENT]
    labels = staging_labels.attach_to_new_value(secret.labels, requested_labels, token)
    region = context.region_of(secret.arn)
    abandoned = _abandoned_rotations(region, secret, token) if CURRENT in requested_labels else []
    if labels.get(PENDING) in [rotation.token for rotation in abandoned]:
        labels = staging_labels.remove(labels, PENDING)
    staging_labels.check_limit(labels)
    version = secret.new_version(token, context.now, value, is_foreign=is_foreign)
    changed = secret.with_version(version, labels, context.now)
    if CURRENT in requested_labels and token not in region.rotations_of(secret):
        changed = changed.with_windows_counted_from(context.now)

    for rotation in abandoned:
        if rotation.status in ("in progress", "failed"):
            context.save_rotation(replace(rotation, status="abandoned", retry_at=None))
    return changed


def _abandoned_rotations(region: Region, secret: Secret, token: str) -> list[Rotation]:
    """
    Return the rotations that a new current value abandons: the unfinished rotation, and one that blocks the next.

    Secrets Manager removes AWSPENDING from their version, so that later rotations can run, and logs
    RotationAbandoned (user guide, CloudTrail entries; terraform-provider-aws issue 35023). Test runs are not included:
    their version is removed when the test run ends.
    """
    if not region.rotations_of(secret):
        return []
    abandoned = {
        rotation.token: rotation
        for rotation in (region.unfinished_rotation(secret), region.blocking_rotation(secret))
        if rotation is not None and rotation.token != token and not rotation.is_test
    }
    return list(abandoned.values())


def update_secret_version_stage(
    context: Context,
    *,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str | None = None,
    move_to_version_id: str | None = None,
) -> Response:
    check_secret_id(secret_id)
    if remove_from_version_id is None and move_to_version_id is None:
        raise InvalidParameterException("You must provide RemoveFromVersionId, MoveToVersionId, or both.")
    secret = context.find_primary(secret_id)
    # A rotation by the owner can leave AWSPENDING on a version, and a user may remove it (AWS PCS user guide).
    cleans_up = secret.is_rotated_by_owner and version_stage == PENDING and move_to_version_id is None
    if secret.is_managed and not cleans_up:
        raise managed_by_service()
    for version_id in (move_to_version_id, remove_from_version_id):
        if version_id is not None and version_id not in secret.versions:
            raise version_not_found(version_id)

    if move_to_version_id is None:
        new_labels = _label_removed(secret.labels, version_stage, remove_from_version_id)
    else:
        new_labels = _label_moved(secret, version_stage, move_to_version_id, remove_from_version_id)
    if new_labels != secret.labels:
        context.save(secret.changed(context.now, labels=new_labels))
    return {"ARN": secret.arn, "Name": secret.name}


def _label_removed(labels: Labels, label: str, version_id: str | None) -> Labels:
    if label == CURRENT:
        raise InvalidParameterException(
            "You can only move staging label AWSCURRENT to a different secret version. "
            "It can't be completely removed."
        )
    if labels.get(label) != version_id:
        raise InvalidParameterException(f"Version stage {label} not found in version {version_id}")
    return staging_labels.remove(labels, label)


def _label_moved(secret: Secret, label: str, target: str, source: str | None) -> Labels:
    holder = secret.labels.get(label)
    if holder is not None and holder != target:
        _check_source(label, holder, source)
    if label == CURRENT and not secret.versions[target].has_value:
        raise version_not_found(target)
    new_labels = staging_labels.attach(secret.labels, label, target)
    staging_labels.check_limit(new_labels)
    return new_labels


def _check_source(label: str, holder: str, source: str | None) -> None:
    if source is None:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently "
            f"attached to version {holder}, so you must explicitly reference that version in "
            "RemoveFromVersionId."
        )
    if source != holder:
        raise InvalidParameterException(
            f"When you move staging label {label}, if you specify RemoveFromVersionId, it must be set "
            f"to the version that currently has the staging label {label}."
        )
