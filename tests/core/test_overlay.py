"""Overlays: changes are visible in the overlay, and not in the mapping below."""

from __future__ import annotations

import pytest

from pytest_fakesecrets._core.overlay import Overlay


@pytest.fixture
def under():
    return {"a": 1, "b": 2, "c": 3}


def test_an_overlay_without_changes_equals_the_mapping_below(under):
    assert dict(Overlay(under)) == under
    assert list(reversed(Overlay(under))) == ["c", "b", "a"]


def test_changes_are_visible_only_in_the_overlay(under):
    overlay = Overlay(under)

    overlay["b"] = 20
    overlay["d"] = 4
    del overlay["a"]

    assert list(overlay.items()) == [("b", 20), ("c", 3), ("d", 4)]
    assert list(reversed(overlay)) == ["d", "c", "b"]
    assert len(overlay) == 3
    assert under == {"a": 1, "b": 2, "c": 3}


def test_a_removed_key_is_absent_and_can_be_set_again(under):
    overlay = Overlay(under)
    del overlay["a"]

    assert overlay.get("a") is None
    assert "a" not in overlay
    with pytest.raises(KeyError):
        overlay["a"]

    overlay["a"] = 10
    assert overlay["a"] == 10


def test_overlays_can_be_stacked(under):
    middle = Overlay(under)
    middle["d"] = 4
    top = Overlay(middle)
    top["e"] = 5
    del top["d"]

    assert list(top) == ["a", "b", "c", "e"]
    assert list(reversed(top)) == ["e", "c", "b", "a"]
    assert list(middle) == ["a", "b", "c", "d"]
