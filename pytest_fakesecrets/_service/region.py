"""The default region, and the check of the region names that tests use."""

from __future__ import annotations

import os

from pytest_fakesecrets._core.arn import is_region
from pytest_fakesecrets._core.errors import FakeSecretsError

_DEFAULT_REGION = "us-east-1"


def default_region() -> str:
    """
    The region of clients without a region of their own.

    Raises:
        FakeSecretsError: the region in the environment is invalid.
    """
    for variable in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        if os.environ.get(variable):
            return _checked_region(os.environ[variable], f"The environment variable {variable}")
    return _DEFAULT_REGION


def region_or_default(region_name: str | None) -> str:
    """
    Check a region name, and return it, or the default region if there is none.

    Raises:
        FakeSecretsError: the region name is invalid.
    """
    return _checked_region(region_name, "region_name") if region_name else default_region()


def _checked_region(name: str, origin: str) -> str:
    if not is_region(name):
        raise FakeSecretsError(
            f"{origin} is {name!r}, which is not the name of a region. Name one such as 'us-east-1': lower-case letters, "
            "digits and hyphens."
        )
    return name
