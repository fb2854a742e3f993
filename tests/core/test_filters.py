"""Filters as values: the secrets that they match, and the splitting of text into words."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fakesecrets._core.errors import InvalidParameterException
from pytest_fakesecrets._core.filters import secret_matcher
from pytest_fakesecrets._core.secret import Secret

GUIDE = "user guide, manage_search-secret"
ALL = "moto aws-verified test_with_all_filter"
SPECIAL = "moto aws-verified test_with_all_filter_special_characters"
INFERRED = "inferred: not observed on AWS"

KEYS = ["name", "description", "tag-key", "tag-value", "primary-region", "owning-service", "all"]

#: The characters that the service model allows in a value.
values = st.text("abcXYZ019 :_@/+=.-!", max_size=12)
names = st.text("abcXYZ019_@/+=.-!", min_size=1, max_size=12)


def secret(name="db", **members):
    instant = datetime(2030, 1, 31, tzinfo=timezone.utc)
    arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"
    return Secret(arn=arn, name=name, created_at=instant, last_changed_at=instant, **members)


def matches(key, value, held):
    return secret_matcher([{"Key": key, "Values": [value]}])(held)


@pytest.mark.parametrize(
    ("text", "words", "source"),
    [
        pytest.param("credsDatabase#892", ["creds", "Database", "892"], GUIDE, id="guide"),
        pytest.param("AppBeta", ["App", "Beta"], SPECIAL, id="two capitals"),
        pytest.param("SecretOne", ["Secret", "One"], ALL, id="two words"),
        pytest.param("DescTwo", ["Desc", "Two"], ALL, id="two words of a description"),
        pytest.param("SecretFTag", ["Secret", "F", "Tag"], ALL, id="capital of its own"),
        pytest.param("Thirdsecret", ["Thirdsecret"], ALL, id="small letters"),
        pytest.param("COMPANY", ["COMPANY"], SPECIAL, id="capitals"),
        pytest.param("COMPANYthings", ["COMPAN", "Ythings"], SPECIAL, id="capitals before small letters"),
        pytest.param("a/b_c+d=e.f@g-h i", list("abcdefghi"), SPECIAL, id="separators"),
        pytest.param("db2prod", ["db", "2", "prod"], GUIDE, id="digits between letters"),
        pytest.param("DB2", ["DB", "2"], GUIDE, id="digits behind capitals"),
        pytest.param("", [], INFERRED, id="empty"),
        pytest.param("/_+=.@- ", [], SPECIAL, id="separators alone"),
    ],
)
def test_a_text_is_split_into_words(text, words, source):
    held = secret("0", description=text)

    beginnings = [word[:end] for word in words for end in range(1, len(word) + 1)]
    found = {letter.lower() for letter in text if matches("description", letter, held)}

    assert all(matches("description", beginning, held) for beginning in beginnings), source
    assert found == {word[0].lower() for word in words}, source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("credsDatabase#892", "atabase", id="inside a word"),
        pytest.param("COMPANYthings", "things", id="without its capital"),
        pytest.param("COMPANYthings", "company", id="with the capital of the next"),
        pytest.param("Thirdsecret", "secret", id="small letters have no seam"),
        pytest.param("db2prod", "2prod db2 x", id="one word too many"),
        pytest.param("892", "92", id="inside digits"),
    ],
)
def test_words_are_matched_from_their_beginning_only(text, value):
    """moto aws-verified test_with_all_filter_special_characters; user guide, manage_search-secret."""
    assert not matches("description", value, secret("0", description=text))


@given(name=names, value=values.filter(lambda value: not value.startswith("!")), key=st.sampled_from(KEYS))
def test_an_exclamation_mark_negates_a_filter(name, value, key):
    """LocalStack test test_list_secrets_filtering, for name and description; inferred for the others."""
    held = secret(name, description=name[::-1], tags={name: "Value1"})

    assert matches(key, f"!{value}", held) is not matches(key, value, held)


@given(name=names.filter(lambda name: not name.startswith("!")))
def test_a_secret_is_found_by_every_prefix_of_its_name(name):
    """API_Filter: name."""
    assert all(matches("name", name[:end], secret(name)) for end in range(len(name) + 1))


@given(name=names)
def test_the_filter_all_finds_a_secret_by_the_words_of_its_name_in_reverse_order(name):
    """User guide, manage_search-secret: words in any order."""
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()

    assert matches("all", " ".join(reversed(words)), secret(name)) is bool(words)


@given(values=st.lists(values, min_size=1, max_size=4), key=st.sampled_from(KEYS))
def test_one_filter_matches_by_any_of_its_values(values, key):
    """Inferred: not observed on AWS."""
    held = secret("a/Xb1", description="c Z9", tags={"aX": "b0"}, owning_service="a")

    together = secret_matcher([{"Key": key, "Values": values}])(held)

    assert together is any(matches(key, value, held) for value in values)


@given(filters=st.lists(st.tuples(st.sampled_from(KEYS), values), max_size=4))
def test_several_filters_must_all_match(filters):
    """moto aws-verified test_with_duplicate_filter_keys."""
    held = secret("a/Xb1", description="c Z9", tags={"aX": "b0"}, owning_service="a")

    together = secret_matcher([{"Key": key, "Values": [value]} for key, value in filters])(held)

    assert together is all(matches(key, value, held) for key, value in filters)


def test_an_empty_list_of_filters_matches_every_secret():
    """API_ListSecrets: Filters is optional."""
    assert secret_matcher([])(secret())


@pytest.mark.parametrize(
    ("held", "source"),
    [
        pytest.param(secret(), "inferred: never tagged", id="never tagged"),
        pytest.param(secret(tags={}), "inferred: no tags left", id="no tags left"),
    ],
)
@pytest.mark.parametrize("key", ["description", "tag-key", "tag-value", "primary-region", "owning-service"])
def test_a_member_that_a_secret_lacks_is_matched_only_by_negation(key, held, source):
    assert not matches(key, "a", held), source
    assert not matches(key, "", held), source
    assert matches(key, "!a", held), source


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"Values": ["a"]}, id="no key"),
        pytest.param({"Key": "name"}, id="no values"),
    ],
)
def test_an_incomplete_filter_is_rejected_before_any_secret_is_matched(given):
    """Inferred: not observed on AWS."""
    with pytest.raises(InvalidParameterException):
        secret_matcher([{"Key": "name", "Values": ["a"]}, given])
