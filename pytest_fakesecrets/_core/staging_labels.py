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
MOST = 20

Labels = Mapping[str, str]


def attach(labels: Labels, label: str, version_id: str) -> Labels:
    """
    Attach *label* to a version, and remove it from the version that had it.

    Moving AWSCURRENT leaves AWSPREVIOUS on the version that it was taken from
    (LocalStack snapshot test_update_secret_version_stages_current_previous).
    """
    before = labels.get(label)
    moved = {**labels, label: version_id}
    if label == CURRENT and before is not None and before != version_id:
        moved[PREVIOUS] = before
    return moved


def attach_to_new_value(labels: Labels, wanted: Iterable[str], version_id: str) -> Labels:
    """
    Attach the labels of a value that has just been stored under *version_id*.

    Where AWSCURRENT is among them, an AWSPENDING of the version that was current goes away: left
    behind, it would look like a rotation that has not ended
    (LocalStack snapshot test_update_secret_version_stages_current_pending).
    """
    before = labels.get(CURRENT)
    wanted = sorted(set(wanted))  # AWSCURRENT before AWSPREVIOUS, which may be asked for by name
    if CURRENT in wanted and before != version_id and labels.get(PENDING) == before:
        labels = remove(labels, PENDING)
    for label in wanted:
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
