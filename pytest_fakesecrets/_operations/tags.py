"""The operations on tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import InvalidParameterException, managed_by_service
from pytest_fakesecrets._core.secret import Secret

from .context import Context, Response

Tags = Mapping[str, str]

#: Per secret; those of AWS itself do not count (general reference, tagging quotas).
_MOST = 50
_RESERVED = "aws:"


def tag_resource(context: Context, *, secret_id: str, tags: Sequence[Mapping[str, str]]) -> Response:
    check_secret_id(secret_id)
    new = checked_tags(tags)
    secret = _to_tag(context, secret_id)

    if new:
        context.save(secret.changed(context.now, tags=tagged(secret.tags, new)))
    return {}


def untag_resource(context: Context, *, secret_id: str, tag_keys: Sequence[str]) -> Response:
    check_secret_id(secret_id)
    if any(key.startswith(_RESERVED) for key in tag_keys):
        raise _reserved()
    secret = _to_tag(context, secret_id)

    if secret.tags and any(key in secret.tags for key in tag_keys):
        left = {key: value for key, value in secret.tags.items() if key not in tag_keys}
        context.save(secret.changed(context.now, tags=left))
    return {}


def _to_tag(context: Context, secret_id: str) -> Secret:
    secret = context.with_metadata(secret_id)
    if secret.is_managed:
        raise managed_by_service()
    return secret


def checked_tags(sent: Sequence[Mapping[str, str]]) -> Tags:
    """
    The tags of a request as a mapping.

    Raises:
        InvalidParameterException: one without a key, with a key of AWS, or twice the same key. AWS's
            own texts for these have not been seen.
    """
    keys = [tag.get("Key") for tag in sent]
    if None in keys:
        raise InvalidParameterException("Tag keys must not be null.")
    if len(set(keys)) < len(keys):
        raise InvalidParameterException("Tag keys must be unique.")
    new = {tag["Key"]: tag.get("Value", "") for tag in sent}
    if any(key.startswith(_RESERVED) for key in new):
        raise _reserved()
    return new


def first_tags(sent: Sequence[Mapping[str, str]] | None) -> Tags | None:
    """
    The tags that a secret is born with; None where none are sent.

    An empty list is tags too: published describe-secret outputs show it as "Tags": [].
    """
    return None if sent is None else tagged(None, checked_tags(sent))


def tagged(held: Tags | None, new: Tags) -> Tags:
    """The tags with *new* among them: a known key keeps its place, a new one comes last."""
    together = {**(held or {}), **new}
    if sum(not key.startswith(_RESERVED) for key in together) > _MOST:
        raise InvalidParameterException(f"A secret can't have more than {_MOST} tags.")
    return together


def described_tags(held: Tags | None) -> list[Response] | None:
    return None if held is None else [{"Key": key, "Value": value} for key, value in held.items()]


def _reserved() -> InvalidParameterException:
    return InvalidParameterException("Tag keys that start with 'aws:' are reserved for AWS.")
