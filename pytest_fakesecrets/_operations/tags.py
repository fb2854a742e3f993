"""TagResource and UntagResource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytest_fakesecrets._core.arn import check_secret_id
from pytest_fakesecrets._core.errors import InvalidParameterException

from .context import Context, Response

Tags = Mapping[str, str]

#: The maximum number of tags of a secret, without the tags of AWS itself (general reference, tagging quotas).
_MAX_TAGS = 50
_SYSTEM_PREFIX = "aws:"
#: The key of the tag that a secret of another AWS service has (floci, pull request 2378, checked on AWS).
OWNER_TAG = "aws:secretsmanager:owningService"


def tag_resource(context: Context, *, secret_id: str, tags: Sequence[Mapping[str, str]]) -> Response:
    check_secret_id(secret_id)
    new = checked_tags(tags)
    # A customer may tag a managed secret (terraform-provider-aws, TestAccSecretsManagerTag_managedSecrets).
    secret = context.find_for_metadata(secret_id)

    if new:
        context.save(secret.changed(context.now, tags=tagged(secret.tags, new)))
    return {}


def untag_resource(context: Context, *, secret_id: str, tag_keys: Sequence[str]) -> Response:
    check_secret_id(secret_id)
    _check_keys(tag_keys)
    secret = context.find_for_metadata(secret_id)

    if secret.tags and any(key in secret.tags for key in tag_keys):
        remaining = {key: value for key, value in secret.tags.items() if key not in tag_keys}
        context.save(secret.changed(context.now, tags=remaining))
    return {}


def checked_tags(requested: Sequence[Mapping[str, str]]) -> Tags:
    """
    Return the tags of a request as a mapping.

    Raises:
        InvalidParameterException: a tag has no key or a key of AWS, or two tags have the same key. AWS's messages
            for a missing key and for equal keys have not been observed.
    """
    keys = [tag.get("Key") for tag in requested]
    if None in keys:
        raise InvalidParameterException("Tag keys must not be null.")
    if len(set(keys)) < len(keys):
        raise InvalidParameterException("Tag keys must be unique.")
    new = {tag["Key"]: tag.get("Value", "") for tag in requested}
    _check_keys(new)
    return new


def first_tags(requested: Sequence[Mapping[str, str]] | None) -> Tags | None:
    """
    Return the tags of a new secret, or None if the request has no member Tags.

    An empty list is not None: published describe-secret outputs show it as "Tags": [].
    """
    return None if requested is None else tagged(None, checked_tags(requested))


def tagged(stored: Tags | None, new: Tags) -> Tags:
    """Return the stored tags with *new* tags. Existing keys keep their order, and new keys come last."""
    merged = {**(stored or {}), **new}
    if sum(not key.startswith(_SYSTEM_PREFIX) for key in merged) > _MAX_TAGS:
        raise InvalidParameterException(f"A secret can't have more than {_MAX_TAGS} tags.")
    return merged


def described_tags(stored: Tags | None) -> list[Response] | None:
    return None if stored is None else [{"Key": key, "Value": value} for key, value in stored.items()]


def _check_keys(keys: Iterable[str]) -> None:
    """Reject a key that AWS reserves. The message names the first (cloud-custodian issue 9093, for TagResource)."""
    for key in keys:
        if key.startswith(_SYSTEM_PREFIX):
            raise InvalidParameterException(f"You can't modify system tags. Tag key: '{key}'.")
