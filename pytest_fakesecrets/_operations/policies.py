"""The operations on resource policies."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_fakesecrets._core import pagination, policy
from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import (
    InvalidParameterException,
    PublicPolicyException,
    ResourceNotFoundException,
    managed_by_service,
)
from pytest_fakesecrets._core.pagination import Key
from pytest_fakesecrets._core.secret import Secret

from .context import Context, Response

#: The name of the policy that can be changed (API_PutResourcePolicy).
_DEFAULT_POLICY = "default"

#: The name of the policy that Secrets Manager attaches to a replica in another account, and removes when replication
#: is stopped there (user guide, cross-account-replicate-create and cross-account-replicate-remove).
_REPLICATION_POLICY = "cross-account-replication"

_BROAD_ACCESS = "You can't attach a resource-based policy that allows broad access to the secret."


def put_resource_policy(
    context: Context,
    *,
    secret_id: str,
    resource_policy: str,
    policy_name: str = _DEFAULT_POLICY,
    block_public_policy: bool = False,
) -> Response:
    check_secret_id(secret_id)
    _check_is_default(policy_name)
    statements = policy.statements(resource_policy)
    secret = _find_to_change(context, secret_id)
    if block_public_policy and policy.is_public(statements):
        raise PublicPolicyException(_BROAD_ACCESS)

    context.save(secret.changed(context.now, policy=resource_policy))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT_POLICY}


def get_resource_policy(context: Context, *, secret_id: str, policy_name: str = _DEFAULT_POLICY) -> Response:
    secret = context.find_usable(secret_id)
    attached = _attached_policies(secret)
    if policy_name != _DEFAULT_POLICY and policy_name not in attached:
        raise ResourceNotFoundException("Secrets Manager can't find the specified resource policy.")

    response = {"ARN": secret.arn, "Name": secret.name, "PolicyName": policy_name}
    return {**response, "ResourcePolicy": attached[policy_name]} if policy_name in attached else response


def delete_resource_policy(
    context: Context, *, secret_id: str, policy_name: str = _DEFAULT_POLICY
) -> Response:
    check_secret_id(secret_id)
    _check_is_default(policy_name)
    secret = _find_to_change(context, secret_id)

    if secret.policy is not None:
        context.save(secret.changed(context.now, policy=None))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT_POLICY}


def list_resource_policies(
    context: Context, *, secret_id: str, max_results: int | None = None, next_token: str | None = None
) -> Response:
    secret = context.find_usable(secret_id)

    names = sorted(_attached_policies(secret), key=_sort_key)
    request = ("ListResourcePolicies", secret.arn)
    page, next_page_token = pagination.page(
        names, _sort_key, request, next_token, max_results or pagination.MAX_PAGE_SIZE
    )
    response: Response = {"ResourcePolicies": [{"PolicyName": name} for name in page]}
    if next_page_token is not None:
        response["NextToken"] = next_page_token
    return response


def _attached_policies(secret: Secret) -> Mapping[str, str]:
    """Return the policies of a secret by their names."""
    attached = {} if secret.policy is None else {_DEFAULT_POLICY: secret.policy}
    if secret.primary is not None and secret.primary.is_cross_account:
        attached[_REPLICATION_POLICY] = policy.for_replication(secret.primary.arn)
    return attached


def _find_to_change(context: Context, secret_id: str) -> Secret:
    secret = context.find_for_metadata(secret_id)
    if secret.is_managed:
        raise managed_by_service()
    return secret


def _sort_key(policy_name: str) -> Key:
    """Sort the default policy first, and others in alphabetical order (API_ListResourcePolicies)."""
    return int(policy_name != _DEFAULT_POLICY), policy_name


def validate_resource_policy(
    context: Context, *, resource_policy: str, secret_id: str | None = None
) -> Response:
    if secret_id is not None:
        context.find_usable(secret_id)

    errors = []
    if policy.is_public(policy.statements(resource_policy)):
        errors.append({"CheckName": "PublicPolicy", "ErrorMessage": _BROAD_ACCESS})
    return {"PolicyValidationPassed": not errors, "ValidationErrors": errors}


def _check_is_default(policy_name: str) -> None:
    if policy_name != _DEFAULT_POLICY:
        raise InvalidParameterException("You can only modify the default resource policy.")
