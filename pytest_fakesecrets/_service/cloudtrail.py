"""Service events in the formats of CloudTrail and EventBridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pytest_fakesecrets._core.staging_labels import PENDING, PREVIOUS

from .history import Event, LabelMoved, ServiceEvent

_SOURCE = "secretsmanager.amazonaws.com"
#: The namespace of the event ids, so that the same event always has the same id.
_IDS = UUID("0f6a6f0e-8f0d-4c53-8b59-6b5d0b4b6a10")


def cloudtrail(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """The records of the service events among *events* (user guide, CloudTrail entries)."""
    for index, event in enumerate(events):
        if isinstance(event, ServiceEvent):
            yield _record(index, event)


def eventbridge(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """The events on the default event bus: the CloudTrail records, and each moved label."""
    for index, event in enumerate(events):
        if isinstance(event, ServiceEvent):
            record = _record(index, event)
            yield _envelope(index, event, "AWS Service Event via CloudTrail", [], record)
        elif isinstance(event, LabelMoved) and _is_announced(event):
            # The ARN ends with the name of the secret, a hyphen and six random characters.
            name = event.secret_id.partition(":secret:")[2][:-7]
            detail = {"name": name, "labelUpdated": event.label, "versionId": event.version_id}
            yield _envelope(index, event, "Secret Label Updated", [event.secret_id], detail)


def _is_announced(move: LabelMoved) -> bool:
    """Whether an event is sent: for each label that is moved to a version, except these two (user guide, EventBridge)."""
    return move.target is not None and move.label not in (PENDING, PREVIOUS)


def _record(index: int, event: ServiceEvent) -> dict[str, Any]:
    record = {
        "eventVersion": "1.08",
        "userIdentity": {"accountId": event.account, "invokedBy": _SOURCE},
        "eventTime": _time(event.at),
        "eventSource": _SOURCE,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": _SOURCE,
        "userAgent": _SOURCE,
        "errorMessage": event.error_message,
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": _additional_data(event),
        "requestID": f"Rotation-{event.secret_id}-{event.token}" if event.token else None,
        "eventID": _id("record", index),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": event.account,
        "eventCategory": "Management",
    }
    for member in ("errorMessage", "requestID"):
        if record[member] is None:
            del record[member]
    return record


def _additional_data(event: ServiceEvent) -> dict[str, str]:
    """The published record of a rotation has only SecretId. For other events the guide adds "arn" since 2024."""
    data = {"SecretId": event.secret_id}
    if not event.token:
        data["arn"] = event.secret_id
    if event.version_id is not None:
        data["SecretVersionId"] = event.version_id
    return data


def _envelope(
    index: int,
    event: ServiceEvent | LabelMoved,
    detail_type: str,
    resources: list[str],
    detail: dict[str, Any],
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": _id("envelope", index),
        "detail-type": detail_type,
        "source": "aws.secretsmanager",
        "account": event.account,
        "time": _time(event.at),
        "region": event.region,
        "resources": resources,
        "detail": detail,
    }


def _time(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _id(kind: str, index: int) -> str:
    return str(uuid5(_IDS, f"{kind} {index}"))
