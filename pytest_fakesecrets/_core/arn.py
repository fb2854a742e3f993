"""Validate, build and parse the names and ARNs of secrets, functions and roles."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .errors import ValidationException

#: It accepts more than the region names of AWS, such as "us-east-1", but no character that would break an ARN.
_REGION = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_MAX_REGION_LENGTH = 63  # a region is a label of a host name

_ILLEGAL_IN_NAMES = re.compile(r"[^A-Za-z0-9/_+=.@!-]")
_SECRET_ARN = re.compile(r"arn:[^:]*:secretsmanager:(?P<region>[^:]*):(?P<account>[^:]*):secret:(?P<rest>.+)")
_FULL_ENDING = re.compile(r"-[A-Za-z0-9]{6}$")
_FUNCTION_ARN = re.compile(
    rf"arn:aws[a-z-]*:lambda:(?P<region>{_REGION}):(?P<account>\d{{12}}):function:"
    r"(?P<name>[A-Za-z0-9_-]{1,140})(?P<qualifier>:[A-Za-z0-9_$-]{1,128})?"
)
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")

#: A placeholder for the ARN of the contract's secret in the `environ` of a `RotationContract`, also in a longer text.
SECRET_ARN: str = "<pytest_fakesecrets.SECRET_ARN>"


class SecretArn(NamedTuple):
    """The parts of a secret's ARN from a request. `rest` is the name, with or without the six characters."""

    region: str
    account: str
    rest: str

    @property
    def is_full(self) -> bool:
        """
        Whether the ARN ends in a hyphen and six characters.

        AWS never treats such an ARN as partial, even if the six characters belong to the name
        (LocalStack snapshot test_create_and_update_secret[Invalid/_+=.@-Name-a1b2c3]).
        """
        return _is_full(self.rest)

    @property
    def name(self) -> str:
        return self.rest[:-7] if self.is_full else self.rest


@lru_cache(maxsize=128)  # each call asks it several times of its SecretId
def _is_full(rest: str) -> bool:
    return _FULL_ENDING.search(rest) is not None


class FunctionArn(NamedTuple):
    """The parts of a Lambda function's ARN. The qualifier includes its colon, or is empty."""

    region: str
    account: str
    name: str
    qualifier: str


def is_region(name: object) -> bool:
    """Whether a value can be the name of a region: lower-case letters, digits and single hyphens."""
    return isinstance(name, str) and _is_region(name)


@lru_cache(maxsize=64)  # each call checks its region
def _is_region(name: str) -> bool:
    return len(name) <= _MAX_REGION_LENGTH and re.fullmatch(_REGION, name) is not None


def partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def secret_arn(region: str, account: str, name: str, suffix: str) -> str:
    return f"arn:{partition(region)}:secretsmanager:{region}:{account}:secret:{name}-{suffix}"


def function_arn(region: str, account: str, name: str) -> str:
    return f"arn:{partition(region)}:lambda:{region}:{account}:function:{name}"


@lru_cache(maxsize=128)  # each call parses its SecretId several times
def parse_secret_arn(secret_id: str) -> SecretArn | None:
    """The parts of a secret's ARN, or None for a name."""
    match = _SECRET_ARN.fullmatch(secret_id)
    return SecretArn(**match.groupdict()) if match else None


@lru_cache(maxsize=128)  # each invocation parses the ARN of its function several times
def parse_function_arn(arn: str) -> FunctionArn | None:
    match = _FUNCTION_ARN.fullmatch(arn)
    return FunctionArn(**match.groupdict(default="")) if match else None


def is_role_arn(arn: str) -> bool:
    return _ROLE_ARN.fullmatch(arn) is not None


@lru_cache(maxsize=128)
def check_secret_id(secret_id: str) -> None:
    """Reject a name, or the name in an ARN, if it contains an illegal character."""
    arn = parse_secret_arn(secret_id)
    check_name(arn.rest if arn else secret_id)


def check_name(name: str) -> None:
    """
    Reject a name that contains an illegal character.

    Raises:
        ValidationException: with the service's own message, not the message of a model constraint
            (LocalStack snapshot test_invalid_secret_name).
    """
    if _ILLEGAL_IN_NAMES.search(name):
        raise ValidationException(
            "Invalid name. Must be a valid name containing alphanumeric characters, "
            "or any of the following: -/_+=.@!"
        )
