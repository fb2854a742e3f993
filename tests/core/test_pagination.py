"""Pages of a list and their tokens, as values."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fakesecrets._core.errors import InvalidNextTokenException
from pytest_fakesecrets._core.pagination import page

REQUEST = ("ListSecrets", "name")
BOTH = pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])


def by_itself(item):
    return (item,)


def listed(items, token=None, size=3, *, request=REQUEST, key=by_itself, **others):
    held, following = page(items, key, request, token, size, **others)
    return "".join(held) if isinstance(items, str) else held, following


def test_a_list_that_fits_on_one_page_has_no_token():
    assert listed("abc") == ("abc", None)


@BOTH
def test_an_empty_list_is_one_empty_page(descending):
    assert listed([], descending=descending) == ([], None)


@pytest.mark.parametrize(("descending", "expected"), [(False, ("abc", "de")), (True, ("edc", "ba"))])
def test_a_token_leads_to_the_next_page(descending, expected):
    first, token = listed("abcde", descending=descending)
    second, end = listed("abcde", token, descending=descending)

    assert (first, second, end) == (*expected, None)


def test_a_token_is_valid_for_another_page_size():
    _, token = listed("abcde", size=1)

    assert listed("abcde", token, size=10) == ("bcde", None)


def test_a_token_is_valid_more_than_once():
    _, token = listed("abcde")

    assert listed("abcde", token) == listed("abcde", token) == ("de", None)


def test_the_same_request_gives_the_same_token():
    assert listed("abcde") == listed("abcde")
    assert listed("abcde", size=2)[1] != listed("abcde")[1]


@pytest.mark.parametrize(
    ("later", "descending", "expected"),
    [
        pytest.param("de", False, "de", id="everything that was listed is gone"),
        pytest.param("ab", True, "ba", id="everything that was listed is gone, descending"),
        pytest.param("abce", False, "e", id="what came next is gone"),
        pytest.param("ab", False, "", id="everything that was to come is gone"),
        pytest.param("", False, "", id="everything is gone"),
        pytest.param(["a", "aa", "b", "c", "d", "e"], False, ["d", "e"], id="one came where it was listed"),
        pytest.param(
            ["a", "c", "cc", "d", "e"], False, ["cc", "d", "e"], id="one came where it will be listed"
        ),
        pytest.param("abcdefg", False, "de", id="some came behind the end"),
        pytest.param("0abcde", True, "ba", id="one came behind the end, descending"),
    ],
)
def test_a_token_is_valid_after_items_were_added_and_removed(later, descending, expected):
    _, token = listed("abcde", descending=descending)

    assert listed(later, token, descending=descending) == (expected, None)


@BOTH
def test_a_list_ends_although_items_are_appended_after_each_page(descending):
    items, token, held = list(range(10)), None, []
    for round_ in range(10):
        got, token = listed(items, token, descending=descending)
        held += got
        if token is None:
            break
        items = sorted([*items, 100 + round_, -100 - round_])

    assert sorted(held) == list(range(10))


@BOTH
def test_an_item_that_is_created_after_the_first_page_is_on_no_page(descending):
    created = dict.fromkeys("abcde", 5) | {"cc": 6, "ccc": 7}
    counted = {"number": created.__getitem__, "descending": descending}
    first, token = listed(list("abcde"), size=2, count=5, **counted)

    second, token = listed(sorted(created), token, size=2, count=7, **counted)
    third, end = listed(sorted(created), token, size=2, count=7, **counted)

    assert first + second + third == sorted("abcde", reverse=descending)
    assert end is None


def test_an_item_whose_key_grows_beyond_the_end_is_not_listed_again():
    keys = {"a": 1, "b": 2, "c": 3, "d": 4}

    def by_key(item):
        return (keys[item],)

    first, token = listed(sorted(keys, key=by_key), size=2, key=by_key)
    keys.update(a=10, b=11)

    rest, end = listed(sorted(keys, key=by_key), token, size=2, key=by_key)

    assert (first, rest, end) == (["a", "b"], ["c", "d"], None)


NOON = datetime(2030, 1, 31, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([("a",), ("ä",), ("\ud800",), ("\U0001f511",)], id="texts"),
        pytest.param([(1,), (2,), (10,), (10**30,)], id="numbers"),
        pytest.param(
            [
                (NOON, 1, "b"),
                (NOON, 2, "a"),
                (NOON + timedelta(microseconds=1), 0, ""),
                (datetime.max.replace(tzinfo=timezone.utc), 0, ""),
            ],
            id="instants",
        ),
        pytest.param([(date.min, 1), (date.min, 2), (date(2030, 1, 31), 1), (date.max, 1)], id="days"),
    ],
)
@BOTH
def test_keys_of_every_kind_lead_to_the_next_page(keys, descending):
    pages, token = [], None
    for _ in keys:
        held, token = listed(keys, token, 1, descending=descending, key=tuple)
        pages += held

    assert pages == (keys[::-1] if descending else keys)
    assert token is None


def test_a_token_of_another_request_is_rejected():
    _, token = listed("abcde", request=("ListSecrets", "created-date"))

    with pytest.raises(InvalidNextTokenException) as refused:
        listed("abcde", token)

    assert refused.value.message == "The NextToken value is invalid."


@pytest.mark.parametrize("place", [0, 15, 16, 20, -1])
def test_a_token_that_was_changed_is_rejected(place):
    _, token = listed("abcde")
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[place] ^= 1
    forged = base64.urlsafe_b64encode(raw).decode()

    with pytest.raises(InvalidNextTokenException):
        listed("abcde", forged)


@pytest.mark.parametrize("token", ["", "garbage", "====", "ä", "AAAA", "AAAAAAAAAAA=", "\ud800"], ids=ascii)
def test_a_token_that_was_never_issued_is_rejected(token):
    with pytest.raises(InvalidNextTokenException):
        listed("abcde", token)


@given(
    items=st.sets(st.integers(), max_size=40),
    size=st.integers(min_value=1, max_value=12),
    descending=st.booleans(),
)
def test_all_pages_together_are_the_list(items, size, descending):
    items, pages, token = sorted(items), [], None
    while True:
        held, token = listed(items, token, size, descending=descending)
        pages.append(held)
        if token is None:
            break

    assert [item for held in pages for item in held] == sorted(items, reverse=descending)
    assert all(len(held) == size for held in pages[:-1])
    assert len(pages[-1]) <= size
    assert pages[-1] or not items


@given(
    items=st.sets(st.integers(0, 60), max_size=40),
    changes=st.lists(st.sets(st.integers(0, 60), max_size=20), max_size=50),
    sizes=st.lists(st.integers(min_value=1, max_value=12), min_size=1, max_size=50),
    descending=st.booleans(),
)
def test_a_permanent_item_is_on_exactly_one_page_and_an_absent_item_on_none(
    items, changes, sizes, descending
):
    held, token, stayed, seen = [], None, set(items), set(items)
    first, last = min(items, default=0), max(items, default=0)
    for place in range(200):
        got, token = listed(sorted(items), token, sizes[place % len(sizes)], descending=descending)
        held += got
        if token is None:
            break
        items = items ^ (changes[place] if place < len(changes) else set())
        stayed &= items
        seen |= items

    assert token is None
    assert held == sorted(set(held), reverse=descending)
    assert stayed <= set(held) <= seen
    assert all(first <= item <= last for item in held)


@given(st.text(max_size=60))
def test_arbitrary_text_is_never_accepted_as_a_token(token):
    with pytest.raises(InvalidNextTokenException):
        listed("abcde", token)
