"""Names and ARNs, as values."""

from __future__ import annotations

import pytest

from pytest_fakesecrets._core import arn
from pytest_fakesecrets._core.errors import ValidationException

INFERRED = "inferred: not observed on AWS"
BEFORE = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


@pytest.mark.parametrize(
    ("region", "expected", "source"),
    [
        pytest.param(
            "us-east-1",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-1yUghW",
            "user guide, getting started",
            id="commercial",
        ),
        pytest.param(
            "cn-northwest-1",
            "arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:secret:prod/db-1yUghW",
            INFERRED,
            id="china",
        ),
        pytest.param(
            "us-gov-east-1",
            "arn:aws-us-gov:secretsmanager:us-gov-east-1:123456789012:secret:prod/db-1yUghW",
            INFERRED,
            id="government",
        ),
    ],
)
def test_an_arn_contains_partition_region_account_and_the_whole_name(region, expected, source):
    assert arn.secret_arn(region, "123456789012", "prod/db", "1yUghW") == expected, source


@pytest.mark.parametrize(
    ("rest", "is_full", "source"),
    [
        pytest.param("db-1yUghW", True, "user guide, troubleshoot", id="full"),
        pytest.param("db", False, "user guide, troubleshoot", id="partial"),
        pytest.param(
            "s-c64bdc03", False, "LocalStack snapshot test_create_and_update_secret", id="hyphen and eight"
        ),
        pytest.param(
            "Valid/_+=.@-Name-a1b2",
            False,
            "LocalStack snapshot test_create_and_update_secret",
            id="hyphen and four",
        ),
        pytest.param(
            "Valid/_+=.@-Name-a1b2c3-",
            False,
            "LocalStack snapshot test_create_and_update_secret",
            id="hyphen behind six",
        ),
        pytest.param(
            "Invalid/_+=.@-Name-a1b2c3",
            True,
            "LocalStack snapshot test_create_and_update_secret",
            id="name with hyphen and six",
        ),
        pytest.param("db-a_b2c3", False, "user guide, troubleshoot: letters and digits", id="other signs"),
    ],
)
def test_an_arn_is_full_if_it_ends_in_a_hyphen_and_six_letters_or_digits(rest, is_full, source):
    parsed = arn.parse_secret_arn(BEFORE + rest)

    assert parsed == ("us-east-1", "123456789012", rest), source
    assert parsed.is_full is is_full, source


@pytest.mark.parametrize(
    "secret_id",
    [
        pytest.param("db", id="name"),
        pytest.param("db-1yUghW", id="name and ending"),
        pytest.param("arn:aws:secretsmanager:us-east-1:123456789012:secret:", id="no name"),
        pytest.param("arn:aws:secretsmanager:us-east-1:123456789012:other:db", id="other resource"),
        pytest.param("arn:aws:lambda:us-east-1:123456789012:function:db", id="other service"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_name_is_not_an_arn(secret_id):
    assert arn.parse_secret_arn(secret_id) is None


LEGAL = [
    pytest.param(
        "Valid/_+=.@-Name", "LocalStack snapshot test_create_and_update_secret", id="all signs but one"
    ),
    pytest.param("rds!db-1", "LocalStack snapshot test_invalid_secret_name: the text", id="exclamation"),
]
ILLEGAL = [
    pytest.param("Inv Name", "LocalStack snapshot test_invalid_secret_name", id="blank"),
    pytest.param(" Inv Name", "LocalStack snapshot test_invalid_secret_name", id="leading blank"),
    pytest.param(" Inv*Name? ", "LocalStack snapshot test_invalid_secret_name", id="star"),
    pytest.param(r" Inv *?!]Name\-", "LocalStack snapshot test_invalid_secret_name", id="brackets"),
    pytest.param("db:1", "LocalStack snapshot test_invalid_secret_name: the text", id="colon"),
    pytest.param("däb", "LocalStack snapshot test_invalid_secret_name: the text", id="not ASCII"),
    pytest.param("d\u0661b", "LocalStack snapshot test_invalid_secret_name: the text", id="other digit"),
    pytest.param("db\n", "LocalStack snapshot test_invalid_secret_name: the text", id="line feed"),
    pytest.param("arn:aws:lambda:us-east-1:123456789012:function:db", INFERRED, id="ARN of another service"),
]
TEXT = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)


@pytest.mark.parametrize(("name", "source"), LEGAL)
def test_a_legal_name_is_accepted(name, source):
    assert arn.check_name(name) is None, source


@pytest.mark.parametrize(
    ("name", "source"),
    [
        *ILLEGAL,
        pytest.param(
            BEFORE + "db-1yUghW",
            "LocalStack snapshot test_invalid_secret_name: the text",
            id="ARN of a secret",
        ),
    ],
)
def test_an_illegal_name_is_rejected(name, source):
    with pytest.raises(ValidationException) as refused:
        arn.check_name(name)

    assert refused.value.message == TEXT, source


@pytest.mark.parametrize(
    ("secret_id", "source"),
    [
        *LEGAL,
        pytest.param(
            BEFORE + "prod/db-1yUghW", "LocalStack snapshot test_create_and_update_secret", id="ARN"
        ),
        pytest.param(
            BEFORE + "prod/db", "LocalStack snapshot test_create_and_update_secret", id="partial ARN"
        ),
    ],
)
def test_a_legal_secret_id_is_accepted(secret_id, source):
    assert arn.check_secret_id(secret_id) is None, source


@pytest.mark.parametrize(
    ("secret_id", "source"),
    [
        *ILLEGAL,
        pytest.param(
            BEFORE + "db-1yUghW#key", "a report of ECS task definitions with a JSON key", id="ARN and more"
        ),
    ],
)
def test_an_illegal_secret_id_is_rejected(secret_id, source):
    with pytest.raises(ValidationException) as refused:
        arn.check_secret_id(secret_id)

    assert refused.value.message == TEXT, source


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        pytest.param("prod/db-1yUghW", "prod/db", id="full"),
        pytest.param("prod/db", "prod/db", id="partial"),
        pytest.param("s-c64bdc03", "s-c64bdc03", id="hyphen and eight"),
    ],
)
def test_the_name_in_an_arn_precedes_the_hyphen_and_six_characters(rest, name):
    """User guide, troubleshoot; LocalStack snapshot test_create_and_update_secret."""
    assert arn.parse_secret_arn(BEFORE + rest).name == name
