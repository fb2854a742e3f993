"""The cached selection of secrets for a list, which always equals a new selection."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fakesecrets._core import store
from pytest_fakesecrets._core.secret import Secret
from pytest_fakesecrets._core.store import SORT_KEYS, Region

START = datetime(2030, 1, 31, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def is_shown(secret):
    return secret.description != "hidden"


def secret(region, name, now, **members):
    arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"
    members = {"created_at": now, "last_changed_at": now, "number": region.next_number(), **members}
    return Secret(arn=arn, name=name, **members)


def selected(region, now, order="created-date", matches=is_shown):
    return list(region.select((order, matches), now, matches, order))


def names(secrets):
    return [each.name for each in secrets]


@pytest.fixture
def region():
    region = Region(account="123456789012", name="us-east-1")
    for name in "bac":
        region.put(secret(region, name, START))
    return region


def test_secrets_of_one_instant_are_selected_in_the_order_of_their_creation(region):
    assert names(selected(region, START)) == ["b", "a", "c"]


def test_a_secret_that_was_created_again_is_the_last_of_its_instant(region):
    region.remove(region.secrets["b"])
    region.put(secret(region, "b", START))

    assert names(selected(region, START)) == ["a", "c", "b"]


def test_a_change_does_not_resort_all_secrets(region, monkeypatch):
    selected(region, START)
    monkeypatch.setattr(store, "Selection", None)

    region.put(replace(region.secrets["a"], last_changed_at=START + HOUR))
    region.put(secret(region, "d", START))
    region.remove(region.secrets["b"])

    found = selected(region, START)
    assert names(found) == ["a", "c", "d"]
    assert found[0].last_changed_at == START + HOUR


@pytest.mark.parametrize("later", [HOUR * 2, -HOUR], ids=["after its window", "before the selection"])
def test_a_secret_is_removed_only_after_its_recovery_window(region, later):
    due = START + HOUR
    region.put(replace(region.secrets["a"], deletion_due_at=due))
    before = names(selected(region, START))

    after = names(selected(region, START + later))

    assert before == ["b", "a", "c"]
    assert after == (["b", "c"] if later > HOUR else ["b", "a", "c"])


def test_a_removed_secret_is_selected_again_after_the_clock_moves_back(region):
    region.put(replace(region.secrets["a"], deletion_due_at=START + HOUR))

    assert names(selected(region, START + 2 * HOUR)) == ["b", "c"]
    assert names(selected(region, START)) == ["b", "a", "c"]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "remove"]),
        st.sampled_from("abcdef"),
        st.fixed_dictionaries(
            {},
            optional={
                "description": st.sampled_from([None, "hidden"]),
                "created_at": st.integers(-2, 2).map(lambda hours: START + hours * HOUR),
                "last_changed_at": st.integers(-2, 5).map(lambda hours: START + hours * HOUR),
                "last_accessed_on": st.sampled_from([None, date(2030, 1, 30), date(2030, 1, 31)]),
                "deletion_due_at": st.none() | st.integers(0, 4).map(lambda hours: START + hours * HOUR),
            },
        ),
        st.sampled_from([timedelta(), timedelta(), HOUR, -HOUR]),
    ),
    max_size=30,
)


@given(changes=CHANGES, order=st.sampled_from(sorted(SORT_KEYS)))
def test_a_cached_selection_equals_a_new_one(changes, order):
    region, now = Region(account="123456789012", name="us-east-1"), START
    for change, name, members, elapsed in changes:
        selected(region, now, order)
        held = region.secrets.get(name)
        if change == "remove" and held is not None:
            region.remove(held)
        elif change == "put":
            region.put(secret(region, name, now, **members) if held is None else replace(held, **members))
        now += elapsed

        fresh = sorted(filter(is_shown, region.existing(now)), key=SORT_KEYS[order])
        assert selected(region, now, order) == fresh
