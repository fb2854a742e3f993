"""
Staging labels: attach, move and remove AWSCURRENT, AWSPENDING, AWSPREVIOUS and custom labels.

The labels of a secret are a mapping from a label to the id of its version, so a label has one version at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import LimitExceededException

CURRENT = "AWSCURRENT"
PENDING = "AWSPENDING"
PREVIOUS = "AWSPREVIOUS"

#: The maximum number of labels on all versions of a secret together (user guide, quotas).
_MAX_LABELS = 20

Labels = Mapping[str, str]


def attach(labels: Labels, label: str, version_id: str) -> Labels:
    """
    Attach *label* to a version, and remove it from the version that had it.

    Moving AWSCURRENT leaves AWSPREVIOUS on the version that it was taken from
    (LocalStack snapshot test_update_secret_version_stages_current_previous).
    """
    previous_holder = labels.get(label)
    changed = {**labels, label: version_id}
    if label == CURRENT and previous_holder is not None and previous_holder != version_id:
        changed[PREVIOUS] = previous_holder
    return changed


def attach_to_new_value(labels: Labels, new_labels: Iterable[str], version_id: str) -> Labels:
    """
    Attach *new_labels* to the version of a new value.

    If AWSCURRENT is one of them, AWSPENDING is removed from the version that was current. Otherwise the
    labels would show a rotation in progress
    (LocalStack snapshot test_update_secret_version_stages_current_pending).
    """
    current_id = labels.get(CURRENT)
    new_labels = sorted(set(new_labels))  # AWSCURRENT before AWSPREVIOUS, which a request may contain as well
    if CURRENT in new_labels and current_id != version_id and labels.get(PENDING) == current_id:
        labels = remove(labels, PENDING)
    for label in new_labels:
        labels = attach(labels, label, version_id)
    return labels


def remove(labels: Labels, label: str) -> Labels:
    return {other: version_id for other, version_id in labels.items() if other != label}


def of(labels: Labels, version_id: str) -> list[str]:
    """Return the labels of one version in alphabetical order, as in every recording from AWS."""
    return sorted([label for label, holder in labels.items() if holder == version_id])


def by_version(labels: Labels) -> dict[str, list[str]]:
    """Return the labels of each version by its id. Versions without labels are left out."""
    versions: dict[str, list[str]] = {}
    for label in sorted(labels):
        versions.setdefault(labels[label], []).append(label)
    return versions


def check_limit(labels: Labels) -> None:
    """Reject more labels than a secret may have."""
    if len(labels) > _MAX_LABELS:
        raise LimitExceededException("You exceeded the maximum number of staging labels allowed on a secret.")
