"""
Staging labels: a mapping from label to the id of the version that it is attached to.

"At most one version per label" therefore needs no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

CURRENT = "AWSCURRENT"
PENDING = "AWSPENDING"
PREVIOUS = "AWSPREVIOUS"

#: Over all versions of a secret together (user guide, quotas).
MAX_LABELS = 20

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
    Attach the labels of a value that has just been stored under *version_id*.

    Where AWSCURRENT is among them, an AWSPENDING of the version that was current goes away: left
    behind, it would look like a rotation that has not ended
    (LocalStack snapshot test_update_secret_version_stages_current_pending).
    """
    current_id = labels.get(CURRENT)
    new_labels = sorted(set(new_labels))  # AWSCURRENT before AWSPREVIOUS, which may be asked for by name
    if CURRENT in new_labels and current_id != version_id and labels.get(PENDING) == current_id:
        labels = remove(labels, PENDING)
    for label in new_labels:
        labels = attach(labels, label, version_id)
    return labels


def remove(labels: Labels, label: str) -> Labels:
    return {other: version_id for other, version_id in labels.items() if other != label}


def of(labels: Labels, version_id: str) -> list[str]:
    """The labels of one version, in the order of the alphabet, as in every recording from AWS."""
    return sorted(label for label, holder in labels.items() if holder == version_id)


def by_version(labels: Labels) -> dict[str, list[str]]:
    """The other way round: version id to its labels. Versions without labels are not in it."""
    versions: dict[str, list[str]] = {}
    for label in sorted(labels):
        versions.setdefault(labels[label], []).append(label)
    return versions
