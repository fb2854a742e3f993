"""GetRandomPassword: characters, length, and the rejected requests."""

from __future__ import annotations

import string

import pytest
from support import raw, rejected

CDKD = (
    "go-to-k/cdkd repository notes: measured live in us-east-1 through CloudFormation; the code is inferred"
)
INFERRED = "inferred: not observed on AWS"
LOWER, UPPER, DIGITS = set(string.ascii_lowercase), set(string.ascii_uppercase), set(string.digits)
PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

TOO_SHORT = "Password length is too short based on the required types."
CLASS_GONE = "All characters of the desired type have been excluded"
ALL_GONE = "All characters have been excluded from selection"


def passwords(client, count=30, **parameters):
    return [client.get_random_password(**parameters)["RandomPassword"] for _ in range(count)]


def test_get_random_password_has_32_characters(client):
    """API_GetRandomPassword; LocalStack CloudFormation snapshots of generated passwords."""
    answered = client.get_random_password()

    assert set(answered) == {"RandomPassword", "ResponseMetadata"}
    assert len(answered["RandomPassword"]) == 32


@pytest.mark.parametrize("length", [4, 5, 64, 4096])
def test_get_random_password_has_the_requested_length(client, length):
    """API_GetRandomPassword, PasswordLength: 1 to 4096."""
    assert {len(password) for password in passwords(client, 5, PasswordLength=length)} == {length}


def test_get_random_password_returns_a_different_password_each_time(client):
    """API_GetRandomPassword."""
    assert len(set(passwords(client, 30))) == 30


@pytest.mark.parametrize(
    ("parameters", "pool", "source"),
    [
        pytest.param({}, LOWER | UPPER | DIGITS | PUNCTUATION, "API_GetRandomPassword", id="everything"),
        pytest.param(
            {"IncludeSpace": True},
            LOWER | UPPER | DIGITS | PUNCTUATION | {" "},
            "API_GetRandomPassword, IncludeSpace",
            id="space",
        ),
        pytest.param(
            {"ExcludeLowercase": True},
            UPPER | DIGITS | PUNCTUATION,
            "API_GetRandomPassword",
            id="no lower case",
        ),
        pytest.param(
            {"ExcludeUppercase": True},
            LOWER | DIGITS | PUNCTUATION,
            "API_GetRandomPassword",
            id="no upper case",
        ),
        pytest.param(
            {"ExcludeNumbers": True}, LOWER | UPPER | PUNCTUATION, "API_GetRandomPassword", id="no digits"
        ),
        pytest.param(
            {"ExcludePunctuation": True}, LOWER | UPPER | DIGITS, "API_GetRandomPassword", id="no punctuation"
        ),
        pytest.param(
            {"ExcludeLowercase": True, "ExcludeUppercase": True, "ExcludeNumbers": True},
            PUNCTUATION,
            "API_GetRandomPassword, ExcludePunctuation: the 32 characters",
            id="punctuation alone",
        ),
        pytest.param(
            {
                "ExcludeLowercase": True,
                "ExcludeUppercase": True,
                "ExcludeNumbers": True,
                "ExcludePunctuation": True,
                "IncludeSpace": True,
            },
            {" "},
            INFERRED,
            id="space alone",
        ),
        pytest.param(
            {"ExcludePunctuation": True, "ExcludeCharacters": "aZ0]a-c"},
            (LOWER | UPPER | DIGITS) - {"a", "Z", "0", "c"},
            "LocalStack test test_get_random_exclude_characters_and_symbols (aws validated)",
            id="characters",
        ),
        pytest.param(
            {"ExcludeCharacters": " ", "IncludeSpace": True},
            LOWER | UPPER | DIGITS | PUNCTUATION,
            INFERRED,
            id="space that is excluded",
        ),
        pytest.param(
            {"ExcludeCharacters": string.digits, "RequireEachIncludedType": False},
            LOWER | UPPER | PUNCTUATION,
            CDKD,
            id="class by its characters",
        ),
        pytest.param(
            {"ExcludeCharacters": ""}, LOWER | UPPER | DIGITS | PUNCTUATION, INFERRED, id="no characters"
        ),
    ],
)
def test_get_random_password_uses_these_characters(client, parameters, pool, source):
    (password,) = passwords(client, 1, PasswordLength=4096, **parameters)

    assert set(password) == pool, source


def test_get_random_password_includes_each_type_of_character(client):
    """API_GetRandomPassword, RequireEachIncludedType: the default."""
    for password in passwords(client, 50, PasswordLength=4):
        drawn = set(password)
        assert drawn & LOWER
        assert drawn & UPPER
        assert drawn & DIGITS
        assert drawn & PUNCTUATION


def test_get_random_password_has_each_type_at_any_position(client):
    """API_GetRandomPassword: a randomly generated password."""
    drawn = passwords(client, 50, PasswordLength=4)

    for place in range(4):
        characters = {password[place] for password in drawn}
        assert characters & LOWER
        assert characters & UPPER
        assert characters & DIGITS
        assert characters & PUNCTUATION


def test_get_random_password_can_omit_some_types(client):
    """API_GetRandomPassword, RequireEachIncludedType."""
    drawn = passwords(client, 50, PasswordLength=4, RequireEachIncludedType=False)

    assert any(not set(password) & DIGITS for password in drawn)


def test_get_random_password_never_requires_a_space(client):
    """go-to-k/cdkd repository notes: measured live in us-east-1."""
    drawn = passwords(client, 50, PasswordLength=5, IncludeSpace=True)

    assert any(" " not in password for password in drawn)


@pytest.mark.parametrize(
    ("parameters", "shortest", "source"),
    [
        pytest.param({}, 4, "moto, pasted from AWS", id="four types"),
        pytest.param({"ExcludePunctuation": True}, 3, CDKD, id="three types"),
        pytest.param({"ExcludePunctuation": True, "ExcludeNumbers": True}, 2, CDKD, id="two types"),
        pytest.param({"IncludeSpace": True}, 4, CDKD, id="four types and the space"),
    ],
)
def test_get_random_password_needs_a_character_for_each_type(client, parameters, shortest, source):
    with rejected("InvalidParameterException") as answer:
        client.get_random_password(PasswordLength=shortest - 1, **parameters)

    assert answer.message == TOO_SHORT, source
    assert (
        len(client.get_random_password(PasswordLength=shortest, **parameters)["RandomPassword"]) == shortest
    )


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"RequireEachIncludedType": False}, id="no type required"),
        pytest.param(
            {"ExcludePunctuation": True, "ExcludeNumbers": True, "ExcludeUppercase": True}, id="one type"
        ),
    ],
)
def test_get_random_password_may_be_a_single_character(client, parameters):
    """go-to-k/cdkd repository notes: measured live in us-east-1."""
    assert len(client.get_random_password(PasswordLength=1, **parameters)["RandomPassword"]) == 1


@pytest.mark.parametrize(
    ("parameters", "message", "source"),
    [
        pytest.param({"ExcludeCharacters": string.digits}, CLASS_GONE, CDKD, id="a type is gone"),
        pytest.param(
            {
                "ExcludeLowercase": True,
                "ExcludeUppercase": True,
                "ExcludeNumbers": True,
                "ExcludePunctuation": True,
            },
            ALL_GONE,
            CDKD,
            id="all types are off",
        ),
        pytest.param(
            {
                "ExcludeCharacters": string.digits,
                "ExcludeLowercase": True,
                "ExcludeUppercase": True,
                "ExcludePunctuation": True,
                "RequireEachIncludedType": False,
            },
            ALL_GONE,
            CDKD,
            id="all characters are gone, none required",
        ),
        pytest.param(
            {
                "ExcludeCharacters": string.digits,
                "ExcludeLowercase": True,
                "ExcludeUppercase": True,
                "ExcludePunctuation": True,
            },
            ALL_GONE,
            INFERRED,
            id="nothing is left before a type is gone",
        ),
        pytest.param(
            {"ExcludeCharacters": string.digits, "PasswordLength": 1},
            CLASS_GONE,
            INFERRED,
            id="a type is gone before the length",
        ),
    ],
)
def test_get_random_password_is_rejected_if_too_few_characters_remain(client, parameters, message, source):
    with rejected("InvalidParameterException") as answer:
        client.get_random_password(**parameters)

    assert answer.message == message, source


@pytest.mark.parametrize(
    ("parameters", "message", "source"),
    [
        pytest.param(
            5555,
            "1 validation error detected: Value '5555' at 'passwordLength' failed to satisfy constraint: "
            "Member must have value less than or equal to 4096",
            "moto, pasted from AWS",
            id="too long",
        ),
        pytest.param(
            0,
            "1 validation error detected: Value '0' at 'passwordLength' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
            "inferred: not observed on AWS",
            id="too short",
        ),
    ],
)
@pytest.mark.usefixtures("fakesecrets")
def test_get_random_password_has_1_to_4096_characters(parameters, message, source):
    status, answered = raw("GetRandomPassword", {"PasswordLength": parameters})

    assert (status, answered["__type"]) == (400, "ValidationException"), source
    assert answered["message"] == message, source


def test_get_random_password_accepts_at_most_4096_excluded_characters(client):
    """botocore's service model."""
    client.get_random_password(ExcludeCharacters="a" * 4096)

    with rejected("ValidationException") as answer:
        client.get_random_password(ExcludeCharacters="a" * 4097)

    assert answer.message.endswith("Member must have length less than or equal to 4096")


def test_get_random_password_changes_no_secret(client):
    """API_GetRandomPassword."""
    client.get_random_password()

    assert client.list_secrets()["SecretList"] == []
