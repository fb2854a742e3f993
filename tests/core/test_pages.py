"""Pages of a list and their tokens, as values."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fakesecrets._core.errors import InvalidNextTokenException
from pytest_fakesecrets._core.pages import page

QUESTION = ("ListSecrets", "name")


def test_a_list_that_fits_is_one_page_without_a_token():
    assert page("abc", QUESTION, None, 3) == ("abc", None)


def test_an_empty_list_is_one_empty_page():
    assert page([], QUESTION, None, 3) == ([], None)


def test_a_token_leads_to_the_next_page():
    first, token = page("abcde", QUESTION, None, 3)
    second, end = page("abcde", QUESTION, token, 3)

    assert (first, second, end) == ("abc", "de", None)


def test_a_token_is_good_for_another_size_of_page():
    _, token = page("abcde", QUESTION, None, 1)

    assert page("abcde", QUESTION, token, 10) == ("bcde", None)


def test_a_token_is_good_more_than_once():
    _, token = page("abcde", QUESTION, None, 3)

    assert page("abcde", QUESTION, token, 3) == page("abcde", QUESTION, token, 3) == ("de", None)


def test_a_token_leads_to_an_empty_page_where_the_list_has_become_shorter():
    _, token = page("abcde", QUESTION, None, 3)

    assert page("ab", QUESTION, token, 3) == ("", None)


def test_a_token_of_another_question_is_refused():
    _, token = page("abcde", ("ListSecrets", "created-date"), None, 3)

    with pytest.raises(InvalidNextTokenException) as refused:
        page("abcde", QUESTION, token, 3)

    assert refused.value.message == "The NextToken value is invalid."


def test_a_token_does_not_show_where_it_leads_to_be_changed_by_hand():
    _, token = page("abcde", QUESTION, None, 3)
    raw = base64.urlsafe_b64decode(token)
    forged = base64.urlsafe_b64encode(raw[:7] + bytes([raw[7] - 1]) + raw[8:]).decode()

    with pytest.raises(InvalidNextTokenException):
        page("abcde", QUESTION, forged, 3)


@pytest.mark.parametrize("token", ["", "garbage", "====", "ä", "AAAA", "AAAAAAAAAAA=", "\ud800"], ids=ascii)
def test_a_token_that_was_never_given_is_refused(token):
    with pytest.raises(InvalidNextTokenException):
        page("abcde", QUESTION, token, 3)


@given(items=st.lists(st.integers(), max_size=40), size=st.integers(min_value=1, max_value=12))
def test_pages_together_are_the_list(items, size):
    pages, token = [], None
    while True:
        held, token = page(items, QUESTION, token, size)
        pages.append(held)
        if token is None:
            break

    assert [item for held in pages for item in held] == items
    assert all(len(held) == size for held in pages[:-1])
    assert len(pages[-1]) <= size
    assert pages[-1] or not items


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_token_by_accident(token):
    with pytest.raises(InvalidNextTokenException):
        page("abcde", QUESTION, token, 3)
