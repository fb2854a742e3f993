"""Validate resource policies, decide whether they are public, and evaluate the access that they grant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .errors import MalformedPolicyDocumentException, ServiceError

_VERSIONS = ("2008-10-17", "2012-10-17")
_ACCOUNT = re.compile(r"(?:arn:[^:]*:(?:iam|sts)::)?(?P<account>\d{12})(?::.*)?")
_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+|A(IDA|ROA)[A-Z0-9]+")
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")

#: A condition with one of these keys makes a statement with a wildcard principal non-public (user guide, 2020).
_RESTRICTING_CONDITION_KEYS = ("aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount")

#: A statement has exactly one element of each pair (IAM policy grammar).
_ELEMENT_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_OTHER_ELEMENTS = ("Sid", "Effect", "Condition")

Statement = Mapping[str, Any]


def statements(text: str) -> Sequence[Statement]:
    """
    Return the statements of a policy.

    Raises:
        MalformedPolicyDocumentException: the policy is invalid. The message is one of the service's three.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _syntax_error() from None
    if not isinstance(document, dict) or not {"Statement"} <= set(document) <= {"Version", "Id", "Statement"}:
        raise _syntax_error()
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _syntax_error()
    element = document["Statement"]
    policy_statements = element if isinstance(element, list) else [element]
    for statement in policy_statements:
        _check_statement(statement)
    return policy_statements


def _check_statement(statement: object) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _syntax_error()
    known = {name for pair in _ELEMENT_PAIRS for name in pair} | set(_OTHER_ELEMENTS)
    if not set(statement) <= known or any((a in statement) == (b in statement) for a, b in _ELEMENT_PAIRS):
        raise _syntax_error()
    for pair in _ELEMENT_PAIRS[1:]:
        if not all(isinstance(item, str) for name in pair for item in _as_list(statement.get(name, []))):
            raise _syntax_error()
    if not isinstance(statement.get("Condition", {}), dict):
        raise _syntax_error()
    _check_principal(statement.get("Principal", statement.get("NotPrincipal")))


def _check_principal(principal: object) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise _malformed("This resource policy contains an unsupported principal.")
    for kind, names in principal.items():
        for name in _as_list(names):
            if kind == "Service" and not (isinstance(name, str) and _SERVICE_PRINCIPAL.fullmatch(name)):
                raise _malformed("This resource policy contains an unsupported service principal.")
            if kind == "AWS" and not (isinstance(name, str) and _AWS_PRINCIPAL.fullmatch(name)):
                raise _malformed("This resource policy contains an unsupported principal.")
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise _malformed("This resource policy contains an unsupported principal.")


def is_public(policy_statements: Sequence[Statement]) -> bool:
    """Whether the policy is public: a statement allows every principal, without a restricting condition."""
    return any(
        statement["Effect"] == "Allow"
        and _is_for_every_principal(statement)
        and not _is_restricted(statement)
        for statement in policy_statements
    )


def allows(text: str | None, account: str, action: str, arn: str) -> bool:
    """
    Whether the policy allows an account an action, such as "secretsmanager:DescribeSecret", on a secret.

    Conditions are not evaluated: a statement with a condition is ignored.
    """
    if text is None:
        return False
    effects = {
        statement["Effect"]
        for statement in statements(text)
        if "Condition" not in statement
        and _names_account(statement, account)
        and _covers_action(statement, action)
        and _covers_resource(statement, arn)
    }
    return effects == {"Allow"}


def for_replication(primary_arn: str) -> str:
    """
    Return the policy that allows the account of a primary secret to replicate to a secret of another account.

    AssociateCrossAccountReplica needs this action. The policy of AWS has not been observed.
    """
    _, partition, _, _, account, _ = primary_arn.split(":", 5)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "secretsmanager:AcceptCrossAccountReplication",
        "Resource": "*",
    }
    return json.dumps({"Version": _VERSIONS[-1], "Statement": [statement]})


def _names_account(statement: Statement, account: str) -> bool:
    is_named = any(
        name in ("*", account) or account == _account_of(name) for name in _aws_principals(statement)
    )
    return is_named != ("NotPrincipal" in statement)


def _account_of(principal: str) -> str | None:
    match = _ACCOUNT.fullmatch(principal)
    return match["account"] if match else None


def _covers_resource(statement: Statement, arn: str) -> bool:
    patterns = _as_list(statement.get("Resource", statement.get("NotResource")))
    return any(fnmatchcase(arn, pattern) for pattern in patterns) != ("NotResource" in statement)


def _covers_action(statement: Statement, action: str) -> bool:
    patterns = _as_list(statement.get("Action", statement.get("NotAction")))
    covered = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
    return covered != ("NotAction" in statement)


def _aws_principals(statement: Statement) -> Sequence[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    return ["*"] if principal == "*" else _as_list(principal.get("AWS", []))


def _is_for_every_principal(statement: Statement) -> bool:
    """Whether the principal is "*", or the statement has a NotPrincipal without "*"."""
    return ("*" in _aws_principals(statement)) != ("NotPrincipal" in statement)


def _is_restricted(statement: Statement) -> bool:
    return any(key.lower() in _RESTRICTING_CONDITION_KEYS for key in _condition_keys(statement))


def _condition_keys(statement: Statement) -> Iterator[str]:
    for keys in statement.get("Condition", {}).values():
        yield from keys if isinstance(keys, dict) else ()


def _as_list(item: Any) -> Sequence[Any]:
    return item if isinstance(item, list) else [item]


def _syntax_error() -> ServiceError:
    return _malformed("This resource policy contains a syntax error.")


def _malformed(message: str) -> ServiceError:
    return MalformedPolicyDocumentException(message)
