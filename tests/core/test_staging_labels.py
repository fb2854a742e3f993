"""Staging labels as a value: a mapping from label to version."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from pytest_fakesecrets._core import staging_labels
from pytest_fakesecrets._core.rotation import labels_show_rotation_in_progress
from pytest_fakesecrets._core.staging_labels import CURRENT, PENDING, PREVIOUS

PENDING_CYCLE = "LocalStack snapshot test_update_secret_version_stages_current_pending_cycle"


@pytest.mark.parametrize(
    ("before", "label", "version", "after", "source"),
    [
        pytest.param({}, "x", "v1", {"x": "v1"}, "botocore's examples of UpdateSecretVersionStage", id="new"),
        pytest.param(
            {"x": "v1"}, "x", "v2", {"x": "v2"}, "botocore's examples of UpdateSecretVersionStage", id="moved"
        ),
        pytest.param(
            {CURRENT: "v1", PENDING: "v2"},
            CURRENT,
            "v2",
            {CURRENT: "v2", PENDING: "v2", PREVIOUS: "v1"},
            PENDING_CYCLE,
            id="current to pending",
        ),
        pytest.param(
            {CURRENT: "v2", PREVIOUS: "v1"},
            CURRENT,
            "v3",
            {CURRENT: "v3", PREVIOUS: "v2"},
            PENDING_CYCLE,
            id="previous moves on",
        ),
        pytest.param(
            {CURRENT: "v2", PREVIOUS: "v1"},
            CURRENT,
            "v1",
            {CURRENT: "v1", PREVIOUS: "v2"},
            "AWS CLI reference, update-secret-version-stage example: revert",
            id="current back to previous",
        ),
        pytest.param(
            {CURRENT: "v1", PREVIOUS: "v0"},
            CURRENT,
            "v1",
            {CURRENT: "v1", PREVIOUS: "v0"},
            "inferred: not observed on AWS",
            id="current to itself",
        ),
        pytest.param(
            {PENDING: "v2"},
            CURRENT,
            "v2",
            {CURRENT: "v2", PENDING: "v2"},
            "moto issue 9474; that no version becomes previous is inferred",
            id="no version was current",
        ),
        pytest.param(
            {CURRENT: "v1", PENDING: "v1"},
            CURRENT,
            "v2",
            {CURRENT: "v2", PENDING: "v1", PREVIOUS: "v1"},
            "inferred: not observed on AWS",
            id="pending stays where current leaves",
        ),
    ],
)
def test_a_label_is_attached(before, label, version, after, source):
    assert staging_labels.attach(before, label, version) == after, source


@pytest.mark.parametrize(
    ("before", "wanted", "after", "source"),
    [
        pytest.param(
            {},
            [CURRENT],
            {CURRENT: "new"},
            "LocalStack snapshot test_create_secret_version_from_empty_secret",
            id="the first value",
        ),
        pytest.param(
            {CURRENT: "v2", PENDING: "v2", PREVIOUS: "v1"},
            [CURRENT],
            {CURRENT: "new", PREVIOUS: "v2"},
            "LocalStack snapshot test_update_secret_version_stages_current_pending",
            id="pending beside current vanishes",
        ),
        pytest.param(
            {CURRENT: "v1", PENDING: "v2"},
            [CURRENT],
            {CURRENT: "new", PENDING: "v2", PREVIOUS: "v1"},
            "inferred: not observed on AWS",
            id="pending elsewhere stays",
        ),
        pytest.param(
            {CURRENT: "v2", PENDING: "v2", PREVIOUS: "v1"},
            [PENDING],
            {CURRENT: "v2", PENDING: "new", PREVIOUS: "v1"},
            PENDING_CYCLE,
            id="pending alone",
        ),
        pytest.param(
            {CURRENT: "v1", PENDING: "v1"},
            [PENDING, CURRENT],
            {CURRENT: "new", PENDING: "new", PREVIOUS: "v1"},
            "inferred: not observed on AWS",
            id="pending and current, moved together",
        ),
        pytest.param(
            {CURRENT: "v1"},
            [PREVIOUS, CURRENT],
            {CURRENT: "new", PREVIOUS: "new"},
            "inferred: AWSPREVIOUS as any label, after the automatic move",
            id="previous in so many words",
        ),
        pytest.param(
            {CURRENT: "v1", "one": "v2", "three": "v2"},
            ["one", "four", "one"],
            {CURRENT: "v1", "one": "new", "three": "v2", "four": "new"},
            "LocalStack snapshot test_non_versioning_version_stages_no_replacement",
            id="custom labels",
        ),
    ],
)
def test_the_labels_of_a_new_value_are_attached(before, wanted, after, source):
    assert staging_labels.attach_to_new_value(before, wanted, "new") == after, source


def test_removing_a_label_changes_no_other_label():
    assert staging_labels.remove({CURRENT: "v1", "x": "v1"}, "x") == {CURRENT: "v1"}


def test_removing_an_unattached_label_changes_nothing():
    assert staging_labels.remove({CURRENT: "v1"}, "x") == {CURRENT: "v1"}


def test_a_mapping_of_labels_is_never_changed_in_place():
    before = {CURRENT: "v1", PENDING: "v1"}

    staging_labels.attach(before, CURRENT, "v2")
    staging_labels.attach_to_new_value(before, [CURRENT, "x"], "v2")
    staging_labels.remove(before, PENDING)

    assert before == {CURRENT: "v1", PENDING: "v1"}


def test_the_labels_of_a_version_are_those_that_point_at_it():
    held = {CURRENT: "v2", PENDING: "v2", PREVIOUS: "v1"}

    assert staging_labels.of(held, "v2") == [CURRENT, PENDING]
    assert staging_labels.of(held, "v1") == [PREVIOUS]
    assert staging_labels.of(held, "v3") == []


def test_versions_without_labels_are_absent_from_the_mapping_by_version():
    assert staging_labels.by_version({CURRENT: "v2", PENDING: "v2", PREVIOUS: "v1"}) == {
        "v2": [CURRENT, PENDING],
        "v1": [PREVIOUS],
    }


@pytest.mark.parametrize(
    ("labels", "in_progress", "source"),
    [
        pytest.param({}, False, "API_RotateSecret", id="no labels"),
        pytest.param({CURRENT: "v1"}, False, "API_RotateSecret", id="nothing pending"),
        pytest.param({CURRENT: "v1", PENDING: "v1"}, False, "API_RotateSecret", id="pending on current"),
        pytest.param({CURRENT: "v1", PENDING: "v2"}, True, "API_RotateSecret", id="pending elsewhere"),
        pytest.param({PENDING: "v1"}, True, "API_RotateSecret", id="nothing current"),
    ],
)
def test_a_rotation_is_in_progress_if_awspending_and_awscurrent_are_on_different_versions(
    labels, in_progress, source
):
    assert labels_show_rotation_in_progress(labels) is in_progress, source


LABELS = st.sampled_from([CURRENT, PREVIOUS, PENDING, "x", "y"])


class LabelMoves(RuleBasedStateMachine):
    """Labels move as the user guide describes, in a model with a set of labels for each version."""

    versions = Bundle("versions")

    def __init__(self):
        super().__init__()
        self.labels = {}
        self.model = {}

    @initialize(target=versions)
    def create(self):
        self.labels = staging_labels.attach_to_new_value({}, [CURRENT], "v1")
        self.model = {"v1": {CURRENT}}
        return multiple("v1")

    def attach_in_model(self, label, version):
        """Move a label to a version in the model; AWSPREVIOUS moves to where AWSCURRENT was."""
        holders = [held for held in self.model.values() if label in held]
        for held in holders:
            held.discard(label)
        self.model[version].add(label)
        if label == CURRENT and holders and holders[0] is not self.model[version]:
            for held in self.model.values():
                held.discard(PREVIOUS)
            holders[0].add(PREVIOUS)

    @rule(label=LABELS, version=versions)
    def attach(self, label, version):
        self.labels = staging_labels.attach(self.labels, label, version)
        self.attach_in_model(label, version)

    @rule(target=versions, wanted=st.lists(LABELS, min_size=1, max_size=5))
    def put(self, wanted):
        version = f"v{len(self.model) + 1}"
        self.labels = staging_labels.attach_to_new_value(self.labels, wanted, version)
        self.model[version] = set()
        if CURRENT in wanted:
            for held in self.model.values():
                if CURRENT in held:
                    held.discard(PENDING)
            self.attach_in_model(CURRENT, version)
        for label in set(wanted) - {CURRENT}:
            self.attach_in_model(label, version)
        return version

    @rule(label=LABELS.filter(lambda label: label != CURRENT))
    def remove(self, label):
        self.labels = staging_labels.remove(self.labels, label)
        for held in self.model.values():
            held.discard(label)

    @invariant()
    def every_version_has_the_labels_of_the_model(self):
        for version, expected in self.model.items():
            assert set(staging_labels.of(self.labels, version)) == expected
        assert {version: set(held) for version, held in staging_labels.by_version(self.labels).items()} == {
            version: held for version, held in self.model.items() if held
        }

    @invariant()
    def one_version_is_current(self):
        assert sum(CURRENT in held for held in self.model.values()) == bool(self.model)

    @invariant()
    def rotation_is_blocked_by_a_pending_version_that_is_not_current(self):
        blocked = any(PENDING in held and CURRENT not in held for held in self.model.values())
        assert labels_show_rotation_in_progress(self.labels) is blocked


TestLabelMoves = LabelMoves.TestCase
TestLabelMoves.settings = settings(
    deadline=None, max_examples=max(15, settings.default.max_examples // 3), stateful_step_count=25
)
