"""TagResource: tags are added, or overwritten if their key exists."""

from __future__ import annotations

import pytest
from support import TAGS_BEYOND_THE_RULES, labels, raw, rejected, token

INFERRED = "inferred: not observed on AWS"


@pytest.fixture
def db(client):
    """A secret that was never tagged."""
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


def tags(client):
    return client.describe_secret(SecretId="db")["Tags"]


def test_tag_resource_returns_nothing(client, db):
    """LocalStack snapshot test_secret_tags; terraform-provider-aws issue 43073: a body of no bytes."""
    tagged = client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}])

    assert set(tagged) == {"ResponseMetadata"}
    assert tagged["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert tagged["ResponseMetadata"]["HTTPHeaders"]["content-length"] == "0"
    assert raw("TagResource", {"SecretId": "db", "Tags": []}) == (200, {})


def test_tag_resource_appends_tags(client, db):
    """LocalStack snapshot test_secret_tags."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "tag1", "Value": "1"}])
    client.tag_resource(SecretId="db", Tags=[{"Key": "tag2", "Value": "2"}])

    assert tags(client) == [{"Key": "tag1", "Value": "1"}, {"Key": "tag2", "Value": "2"}]


def test_tag_resource_overwrites_the_value_of_a_known_key_in_its_place(client, db):
    """moto issue 4899; the place is inferred."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])

    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "3"}])

    assert tags(client) == [{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}]


def test_tag_resource_distinguishes_keys_by_case(client, db):
    """API_CreateSecret: tag keys are case sensitive."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "ABC", "Value": "1"}])
    client.tag_resource(SecretId="db", Tags=[{"Key": "abc", "Value": "2"}])

    assert tags(client) == [{"Key": "ABC", "Value": "1"}, {"Key": "abc", "Value": "2"}]


def test_tag_resource_accepts_an_empty_value(client, db):
    """botocore's service model: 0-256 characters."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": ""}])

    assert tags(client) == [{"Key": "a", "Value": ""}]


def test_tag_resource_with_no_tags_leaves_the_secret_untagged(client, db):
    """Inferred: not observed on AWS."""
    client.tag_resource(SecretId="db", Tags=[])

    assert "Tags" not in client.describe_secret(SecretId="db")


def test_tag_resource_tags_the_secret_and_not_its_versions(client, db):
    """API_TagResource: tags are for the secret, not for its versions."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}])

    client.put_secret_value(SecretId="db", SecretString="new")

    assert tags(client) == [{"Key": "a", "Value": "1"}]


def test_tag_resource_moves_no_label(client, db):
    """Inferred: not observed on AWS."""
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}])

    assert labels(client, "db") == {token(1): {"AWSCURRENT"}}


@pytest.mark.parametrize(("sent", "source"), TAGS_BEYOND_THE_RULES)
@pytest.mark.usefixtures("db")
def test_tag_resource_rejects_tags_that_violate_a_rule(client, sent, source):
    with rejected("InvalidParameterException") as answer:
        client.tag_resource(SecretId="db", Tags=sent)

    assert answer.status == 400, source
    assert "Tags" not in client.describe_secret(SecretId="db"), source


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        pytest.param(["aws:cloudformation:stack-name"], "aws:cloudformation:stack-name", id="alone"),
        pytest.param(["a", "aws:second", "aws:first"], "aws:second", id="the first of several"),
    ],
)
@pytest.mark.usefixtures("db")
def test_tag_resource_rejects_tags_with_the_prefix_of_aws(client, sent, key):
    """cloud-custodian issue 9093; the key in the message is inferred if there are several."""
    with rejected("InvalidParameterException") as answer:
        client.tag_resource(SecretId="db", Tags=[{"Key": key, "Value": ""} for key in sent])

    assert answer.message == f"You can't modify system tags. Tag key: '{key}'."
    assert "Tags" not in client.describe_secret(SecretId="db")


def test_tag_resource_accepts_at_most_fifty_tags_in_all(client, db):
    """Service quotas for tagging; the code is inferred."""
    client.tag_resource(SecretId="db", Tags=[{"Key": f"{n:02}", "Value": ""} for n in range(50)])
    client.tag_resource(SecretId="db", Tags=[{"Key": "00", "Value": "known"}])

    with rejected("InvalidParameterException"):
        client.tag_resource(SecretId="db", Tags=[{"Key": "new", "Value": ""}])

    assert len(tags(client)) == 50


def test_tag_resource_does_not_count_the_tags_of_aws(fakesecrets, client):
    """Service quotas for tagging: tags with the prefix aws: do not count."""
    fakesecrets.add_secret("db", "old", tags={"aws:cloudformation:stack-name": "mine"})

    client.tag_resource(SecretId="db", Tags=[{"Key": f"{n:02}", "Value": ""} for n in range(50)])

    assert len(tags(client)) == 51


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        pytest.param([{"Key": "a", "Value": "v" * 257}], "tags.1.member.value", id="value too long"),
        pytest.param(
            [{"Key": "a", "Value": ""}, {"Key": "k" * 129, "Value": ""}],
            "tags.2.member.key",
            id="key too long",
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_tag_resource_rejects_members_beyond_their_bounds(client, sent, path):
    """botocore's service model; the path is inferred from that of filter keys (moto, pasted from AWS)."""
    with rejected("ValidationException") as answer:
        client.tag_resource(SecretId="db", Tags=sent)

    assert f"at '{path}' failed to satisfy constraint: Member must have length" in answer.message
