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

#: The one that can be changed (API_PutResourcePolicy).
_DEFAULT = "default"

#: The one that Secrets Manager attaches to a replica in another account, and takes away when replication is
#: stopped there (user guide, cross-account-replicate-create and cross-account-replicate-remove).
_REPLICATION = "cross-account-replication"

_BROAD = "You can't attach a resource-based policy that allows broad access to the secret."


def put_resource_policy(
    context: Context,
    *,
    secret_id: str,
    resource_policy: str,
    policy_name: str = _DEFAULT,
    block_public_policy: bool = False,
) -> Response:
    check_secret_id(secret_id)
    _check_default(policy_name)
    statements = policy.statements(resource_policy)
    secret = _to_change(context, secret_id)
    if block_public_policy and policy.is_public(statements):
        raise PublicPolicyException(_BROAD)

    context.save(secret.changed(context.now, policy=resource_policy))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT}


def get_resource_policy(context: Context, *, secret_id: str, policy_name: str = _DEFAULT) -> Response:
    secret = context.usable(secret_id)
    attached = _attached(secret)
    if policy_name != _DEFAULT and policy_name not in attached:
        raise ResourceNotFoundException("Secrets Manager can't find the specified resource policy.")

    response = {"ARN": secret.arn, "Name": secret.name, "PolicyName": policy_name}
    return {**response, "ResourcePolicy": attached[policy_name]} if policy_name in attached else response


def delete_resource_policy(context: Context, *, secret_id: str, policy_name: str = _DEFAULT) -> Response:
    check_secret_id(secret_id)
    _check_default(policy_name)
    secret = _to_change(context, secret_id)

    if secret.policy is not None:
        context.save(secret.changed(context.now, policy=None))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT}


def list_resource_policies(
    context: Context, *, secret_id: str, max_results: int | None = None, next_token: str | None = None
) -> Response:
    secret = context.usable(secret_id)

    names = sorted(_attached(secret), key=_place)
    asked = ("ListResourcePolicies", secret.arn)
    page, following = pagination.page(
        names, _place, asked, next_token, max_results or pagination.MAX_PAGE_SIZE
    )
    response: Response = {"ResourcePolicies": [{"PolicyName": name} for name in page]}
    if following is not None:
        response["NextToken"] = following
    return response


def _attached(secret: Secret) -> Mapping[str, str]:
    """The policies of a secret by their names."""
    attached = {} if secret.policy is None else {_DEFAULT: secret.policy}
    if secret.primary is not None and secret.primary.is_cross_account:
        attached[_REPLICATION] = policy.for_replication(secret.primary.arn)
    return attached


def _to_change(context: Context, secret_id: str) -> Secret:
    secret = context.find_for_metadata(secret_id)
    if secret.is_managed:
        raise managed_by_service()
    return secret


def _place(policy_name: str) -> Key:
    """The default policy comes first, others in alphabetical order (API_ListResourcePolicies)."""
    return int(policy_name != _DEFAULT), policy_name


def validate_resource_policy(
    context: Context, *, resource_policy: str, secret_id: str | None = None
) -> Response:
    if secret_id is not None:
        context.usable(secret_id)

    errors = []
    if policy.is_public(policy.statements(resource_policy)):
        errors.append({"CheckName": "PublicPolicy", "ErrorMessage": _BROAD})
    return {"PolicyValidationPassed": not errors, "ValidationErrors": errors}


def _check_default(policy_name: str) -> None:
    if policy_name != _DEFAULT:
        raise InvalidParameterException("You can only modify the default resource policy.")
