"""The operations that read secret values, and ListSecretVersionIds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_fakesecrets._core import pagination, staging_labels
from pytest_fakesecrets._core.arn import check_secret_id, parse_secret_arn, partition
from pytest_fakesecrets._core.errors import (
    AccessDeniedException,
    InvalidParameterException,
    InvalidRequestException,
    ServiceError,
    label_not_found,
    version_not_found,
)
from pytest_fakesecrets._core.filters import secret_matcher
from pytest_fakesecrets._core.pagination import Key
from pytest_fakesecrets._core.secret import Secret, Version
from pytest_fakesecrets._core.staging_labels import CURRENT

from .context import Context, Response
from .cross_account_access import check_can_decrypt

#: The key of versions that are encrypted with the AWS managed key (LocalStack snapshots of ListSecretVersionIds).
DEFAULT_KEY = "DefaultEncryptionKey"


def get_secret_value(
    context: Context, *, secret_id: str, version_id: str | None = None, version_stage: str | None = None
) -> Response:
    secret = context.find_usable(secret_id)
    check_can_decrypt(secret, context.account)
    version = _requested_version(secret, version_id, version_stage)

    _record_access(context, secret, version)
    return _value_response(secret, version)


def _record_access(context: Context, secret: Secret, version: Version) -> None:
    today = context.today
    if version.last_accessed_on != today or secret.last_accessed_on != today:
        versions = {**secret.versions, version.id: replace(version, last_accessed_on=today)}
        context.save(replace(secret, versions=versions, last_accessed_on=today))


def _value_response(secret: Secret, version: Version) -> Response:
    response: Response = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "SecretString" if isinstance(version.value, str) else "SecretBinary": version.value,
        "CreatedDate": version.created_at,
    }
    if version_labels := staging_labels.of(secret.labels, version.id):
        response["VersionStages"] = version_labels
    return response


def _requested_version(secret: Secret, version_id: str | None, label: str | None) -> Version:
    if version_id is None:
        label = label or CURRENT
        version = secret.version(label)
        if version is None or not version.has_value:
            raise label_not_found(label)
        return version
    version = secret.versions.get(version_id)
    if version is None:
        raise version_not_found(version_id)
    if label is not None and secret.labels.get(label) != version_id:
        raise InvalidRequestException(
            "You provided a VersionStage that is not associated to the provided VersionId."
        )
    # AWSPENDING is on a version without a value until createSecret stores one with the same token.
    if not version.has_value:
        raise version_not_found(version_id) if label is None else label_not_found(label)
    return version


def batch_get_secret_value(
    context: Context,
    *,
    secret_id_list: Sequence[str] | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Response:
    if bool(secret_id_list) == bool(filters):
        raise InvalidParameterException("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if max_results is not None and not filters:
        raise InvalidParameterException(
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
        )
    if next_token is not None and not filters:
        raise pagination.invalid_token()  # a response to a list of ids has one page
    secret_ids, next_page_token = secret_id_list or (), None
    for secret_id in secret_ids:
        check_secret_id(secret_id)
    if filters:
        page, next_page_token = _matching_page(
            context, filters, next_token, max_results or pagination.MAX_BATCH_SIZE
        )
        secret_ids = [secret.arn for secret in page]

    # Each secret needs the permission of GetSecretValue (API_BatchGetSecretValue).
    read_context = replace(context, operation="GetSecretValue")
    response: Response = {"SecretValues": [], "Errors": []}
    for secret_id in secret_ids:
        try:
            _check_same_account(read_context, secret_id)
            response["SecretValues"].append(get_secret_value(read_context, secret_id=secret_id))
        except ServiceError as error:
            failed = {"SecretId": secret_id, "ErrorCode": error.code, "Message": error.message}
            response["Errors"].append(failed)
    if next_page_token is not None:
        response["NextToken"] = next_page_token
    return response


def _check_same_account(context: Context, secret_id: str) -> None:
    """
    Reject a secret of another account, although GetSecretValue may read it.

    The user guide does not list BatchGetSecretValue among the operations on secrets of other accounts
    (auth-and-access_examples_cross). The error of AWS has not been observed.

    Raises:
        AccessDeniedException: the secret is in another account.
    """
    arn = parse_secret_arn(secret_id)
    is_foreign = arn is not None and arn.account != context.account
    if is_foreign and context.lookup(secret_id) is not None:
        raise AccessDeniedException(
            f"User: arn:{partition(context.region_name)}:iam::{context.account}:root is not authorized "
            f"to perform: secretsmanager:BatchGetSecretValue on resource: {secret_id}"
        )


def _matching_page(
    context: Context, filters: Sequence[Mapping[str, Any]], next_token: str | None, size: int
) -> tuple[Sequence[Secret], str | None]:
    is_match = secret_matcher(filters)

    def matches(secret: Secret) -> bool:
        return secret.deleted_at is None and is_match(secret)

    return context.region.page(("BatchGetSecretValue", filters), context.now, matches, next_token, size)


def list_secret_version_ids(
    context: Context,
    *,
    secret_id: str,
    max_results: int | None = None,
    next_token: str | None = None,
    include_deprecated: bool = False,
) -> Response:
    secret = context.find(secret_id)

    # The list may lack versions without a value. DescribeSecret shows them (AWS PCS user guide).
    labels_by_version = staging_labels.by_version(secret.labels)
    versions = [
        version
        for version in sorted(secret.versions.values(), key=_version_key)
        if version.has_value and (include_deprecated or version.id in labels_by_version)
    ]
    request = ("ListSecretVersionIds", secret.arn, include_deprecated)
    page, next_page_token = pagination.page(
        versions, _version_key, request, next_token, max_results or pagination.MAX_PAGE_SIZE
    )
    response: Response = {
        "ARN": secret.arn,
        "Name": secret.name,
        "Versions": [_version_entry(version, labels_by_version.get(version.id)) for version in page],
    }
    if next_page_token is not None:
        response["NextToken"] = next_page_token
    return response


def _version_key(version: Version) -> Key:
    return (version.number,)


def _version_entry(version: Version, version_labels: Sequence[str] | None) -> Response:
    entry: Response = {
        "VersionId": version.id,
        "CreatedDate": version.created_at,
        "KmsKeyIds": [version.kms_key_id or DEFAULT_KEY],
    }
    if version_labels:
        entry["VersionStages"] = version_labels
    if version.last_accessed_on is not None:
        entry["LastAccessedDate"] = version.last_accessed_on
    return entry
