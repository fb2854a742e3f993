"""UntagResource: tags are removed by their keys, and an empty list remains."""

from __future__ import annotations

import pytest
from support import raw, rejected


@pytest.fixture
def db(client):
    """A secret with the tags "a" and "b"."""
    client.create_secret(Name="db", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])


def tags(client):
    return client.describe_secret(SecretId="db")["Tags"]


def test_untag_resource_returns_nothing(client, db):
    """LocalStack snapshot test_secret_tags; terraform-provider-aws issue 43073 for TagResource: a body of no bytes."""
    untagged = client.untag_resource(SecretId="db", TagKeys=["a"])

    assert set(untagged) == {"ResponseMetadata"}
    assert raw("UntagResource", {"SecretId": "db", "TagKeys": ["b"]}) == (200, {})


def test_untag_resource_keeps_the_other_tags(client, db):
    """LocalStack snapshot test_secret_tags."""
    client.untag_resource(SecretId="db", TagKeys=["a"])

    assert tags(client) == [{"Key": "b", "Value": "2"}]


def test_untag_resource_of_the_last_tag_leaves_an_empty_list(client, db):
    """LocalStack snapshot test_secret_tags."""
    client.untag_resource(SecretId="db", TagKeys=["a"])
    client.untag_resource(SecretId="db", TagKeys=["b"])

    assert tags(client) == []


def test_untag_resource_accepts_several_keys(client, db):
    """LocalStack snapshot test_secret_tags."""
    client.untag_resource(SecretId="db", TagKeys=["a", "b"])

    assert tags(client) == []


def test_untag_resource_ignores_keys_that_do_not_exist(client, db):
    """API_UntagResource: no error is returned for a key that is not attached."""
    client.untag_resource(SecretId="db", TagKeys=["a", "nobodys", "B"])

    assert tags(client) == [{"Key": "b", "Value": "2"}]


def test_untag_resource_with_no_keys_changes_nothing(client, db):
    """Inferred: not observed on AWS."""
    client.untag_resource(SecretId="db", TagKeys=[])

    assert tags(client) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]


def test_untag_resource_of_a_secret_that_was_never_tagged_leaves_tags_absent(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="plain")

    client.untag_resource(SecretId="plain", TagKeys=["a"])

    assert "Tags" not in client.describe_secret(SecretId="plain")


def test_untag_resource_rejects_tags_with_the_prefix_of_aws(fakesecrets, client):
    """Service quotas for tagging; the text is inferred from that of TagResource (cloud-custodian issue 9093)."""
    fakesecrets.add_secret("cfn", "old", tags={"aws:cloudformation:stack-name": "mine"})

    with rejected("InvalidParameterException") as answer:
        client.untag_resource(SecretId="cfn", TagKeys=["mine", "aws:cloudformation:stack-name"])

    assert answer.message == "You can't modify system tags. Tag key: 'aws:cloudformation:stack-name'."
    described = client.describe_secret(SecretId="cfn")
    assert described["Tags"] == [{"Key": "aws:cloudformation:stack-name", "Value": "mine"}]


def test_untag_resource_rejects_a_key_that_is_too_long(client, db):
    """botocore's service model; the path is inferred from that of filter keys (moto, pasted from AWS)."""
    with rejected("ValidationException") as answer:
        client.untag_resource(SecretId="db", TagKeys=["a", "k" * 129])

    assert "at 'tagKeys.2.member' failed to satisfy constraint: Member must have length" in answer.message


def test_untag_resource_makes_room_for_other_tags(client):
    """Service quotas for tagging: fifty."""
    client.create_secret(Name="db", Tags=[{"Key": f"{n:02}", "Value": ""} for n in range(50)])
    client.untag_resource(SecretId="db", TagKeys=["00"])

    client.tag_resource(SecretId="db", Tags=[{"Key": "new", "Value": ""}])

    assert len(tags(client)) == 50
