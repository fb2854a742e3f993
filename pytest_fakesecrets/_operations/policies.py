"""The operations on resource policies."""

from __future__ import annotations

from pytest_fakesecrets._core import pages, policy
from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import (
    InvalidParameterException,
    PublicPolicyException,
    ResourceNotFoundException,
)

from .context import Context, Response

#: The one that can be changed (API_PutResourcePolicy).
_DEFAULT = "default"

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
    secret = context.writable(secret_id)
    if block_public_policy and policy.is_broad(statements):
        raise PublicPolicyException(_BROAD)

    context.save(secret.changed(context.now, policy=resource_policy))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT}


def get_resource_policy(context: Context, *, secret_id: str, policy_name: str = _DEFAULT) -> Response:
    secret = context.usable(secret_id)
    if policy_name != _DEFAULT:
        raise ResourceNotFoundException("Secrets Manager can't find the specified resource policy.")

    response = {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT}
    return response if secret.policy is None else {**response, "ResourcePolicy": secret.policy}


def delete_resource_policy(context: Context, *, secret_id: str, policy_name: str = _DEFAULT) -> Response:
    check_secret_id(secret_id)
    _check_default(policy_name)
    secret = context.writable(secret_id)

    if secret.policy is not None:
        context.save(secret.changed(context.now, policy=None))
    return {"ARN": secret.arn, "Name": secret.name, "PolicyName": _DEFAULT}


def list_resource_policies(
    context: Context, *, secret_id: str, max_results: int | None = None, next_token: str | None = None
) -> Response:
    secret = context.usable(secret_id)

    names = [] if secret.policy is None else [_DEFAULT]
    asked = ("ListResourcePolicies", secret.arn)
    page, following = pages.page(names, asked, next_token, max_results or pages.LARGEST)
    response: Response = {"ResourcePolicies": [{"PolicyName": name} for name in page]}
    if following is not None:
        response["NextToken"] = following
    return response


def validate_resource_policy(
    context: Context, *, resource_policy: str, secret_id: str | None = None
) -> Response:
    if secret_id is not None:
        context.usable(secret_id)

    errors = []
    if policy.is_broad(policy.statements(resource_policy)):
        errors.append({"CheckName": "PublicPolicy", "ErrorMessage": _BROAD})
    return {"PolicyValidationPassed": not errors, "ValidationErrors": errors}


def _check_default(policy_name: str) -> None:
    if policy_name != _DEFAULT:
        raise InvalidParameterException("You can only modify the default resource policy.")
