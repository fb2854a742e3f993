"""ListSecretVersionIds: the versions with labels, or all of them, in pages."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support import raw, rejected, token


@pytest.fixture
def db(client):
    """Four versions under token(1) to token(4); the last two have labels."""
    arn = client.create_secret(Name="db", SecretString="1", ClientRequestToken=token(1))["ARN"]
    for number in (2, 3, 4):
        client.put_secret_value(SecretId="db", SecretString=str(number), ClientRequestToken=token(number))
    return arn


def ids(answered):
    return [version["VersionId"] for version in answered["Versions"]]


def test_list_secret_version_ids_returns_the_versions_with_labels(client, db):
    """LocalStack snapshot test_deprecated_secret_version_stage."""
    listed = client.list_secret_version_ids(SecretId="db")

    assert set(listed) == {"ARN", "Name", "Versions", "ResponseMetadata"}
    assert (listed["ARN"], listed["Name"]) == (db, "db")
    assert {version["VersionId"]: version["VersionStages"] for version in listed["Versions"]} == {
        token(3): ["AWSPREVIOUS"],
        token(4): ["AWSCURRENT"],
    }


def test_list_secret_version_ids_with_include_deprecated_returns_all_versions(client, db):
    """LocalStack snapshot test_deprecated_secret_version_stage; the order is inferred."""
    listed = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)

    assert ids(listed) == [token(1), token(2), token(3), token(4)]
    assert "VersionStages" not in listed["Versions"][0]
    assert "VersionStages" not in listed["Versions"][1]


def test_list_secret_version_ids_returns_these_members_of_a_version(client, fakesecrets_clock):
    """LocalStack snapshot test_deprecated_secret_version_stage."""
    fakesecrets_clock.move_to("2030-01-31 16:00:00.500")
    client.create_secret(Name="db", SecretString="1", ClientRequestToken=token(1))

    listed = client.list_secret_version_ids(SecretId="db")

    assert listed["Versions"] == [
        {
            "VersionId": token(1),
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": datetime(2030, 1, 31, 16, 0, 0, 500000, tzinfo=timezone.utc),
            "KmsKeyIds": ["DefaultEncryptionKey"],
        }
    ]


def test_list_secret_version_ids_returns_a_separate_last_accessed_date_of_each_version(
    client, db, fakesecrets_clock
):
    """LocalStack snapshot test_update_secret_version_stages_current_pending_cycle."""
    fakesecrets_clock.move_to("2030-01-31 16:00")

    client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")

    accessed = {
        version["VersionId"]: version.get("LastAccessedDate")
        for version in client.list_secret_version_ids(SecretId="db")["Versions"]
    }
    assert accessed == {token(3): datetime(2030, 1, 31, tzinfo=timezone.utc), token(4): None}


def test_list_secret_version_ids_returns_a_customer_key_as_it_was_sent(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db", SecretString="1", KmsKeyId="alias/mine")

    listed = client.list_secret_version_ids(SecretId="db")

    assert listed["Versions"][0]["KmsKeyIds"] == ["alias/mine"]


def test_list_secret_version_ids_of_a_secret_without_a_value_is_empty(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db")

    assert client.list_secret_version_ids(SecretId="db")["Versions"] == []


def test_list_secret_version_ids_returns_pages(client, db):
    """API_ListSecretVersionIds: MaxResults and NextToken; the order is inferred."""
    first = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, MaxResults=3)
    last = client.list_secret_version_ids(
        SecretId="db", IncludeDeprecated=True, MaxResults=3, NextToken=first["NextToken"]
    )

    assert ids(first) == [token(1), token(2), token(3)]
    assert ids(last) == [token(4)]
    assert "NextToken" not in last


def test_list_secret_version_ids_returns_no_token_after_a_full_last_page(client, db):
    """API_ListSecretVersionIds: NextToken is there if there are more."""
    listed = client.list_secret_version_ids(SecretId="db", MaxResults=2)

    assert len(listed["Versions"]) == 2
    assert "NextToken" not in listed


def test_list_secret_version_ids_reaches_every_permanent_version_although_others_come_and_go(client, db):
    """Inferred: not observed on AWS."""
    client.put_secret_value(
        SecretId="db", SecretString="5", ClientRequestToken=token(5), VersionStages=["blue"]
    )
    parameters = {"SecretId": "db", "MaxResults": 1}
    first = client.list_secret_version_ids(**parameters)
    client.put_secret_value(
        SecretId="db", SecretString="6", ClientRequestToken=token(6), VersionStages=["AWSPREVIOUS", "green"]
    )

    second = client.list_secret_version_ids(**parameters, NextToken=first["NextToken"])
    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", RemoveFromVersionId=token(4), MoveToVersionId=token(1)
    )
    third = client.list_secret_version_ids(**parameters, NextToken=second["NextToken"])

    assert [ids(page) for page in (first, second, third)] == [[token(3)], [token(4)], [token(5)]]
    assert "NextToken" not in third


def test_list_secret_version_ids_reaches_every_version_although_one_is_created_after_each_page(client, db):
    """Inferred: not observed on AWS."""
    listed, following = [], {}
    while following is not None:
        page = client.list_secret_version_ids(
            SecretId="db", IncludeDeprecated=True, MaxResults=1, **following
        )
        listed += ids(page)
        client.put_secret_value(SecretId="db", SecretString="more")
        following = {"NextToken": page["NextToken"]} if "NextToken" in page else None

    assert listed == [token(number) for number in (1, 2, 3, 4)]


def test_list_secret_version_ids_rejects_the_token_of_a_secret_of_the_same_name(client, db):
    """Inferred: not observed on AWS."""
    given = client.list_secret_version_ids(SecretId="db", MaxResults=1)["NextToken"]
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    client.create_secret(Name="db", SecretString="new")

    with rejected("InvalidNextTokenException") as answer:
        client.list_secret_version_ids(SecretId="db", MaxResults=1, NextToken=given)

    assert answer.status == 400


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"NextToken": "garbage"}, id="garbage"),
        pytest.param({"NextToken": "ä"}, id="not ASCII"),
    ],
)
@pytest.mark.usefixtures("db")
def test_list_secret_version_ids_rejects_a_token_that_was_never_issued(client, sent):
    """botocore's service model: InvalidNextTokenException."""
    with rejected("InvalidNextTokenException") as answer:
        client.list_secret_version_ids(SecretId="db", **sent)

    assert answer.status == 400


def test_list_secret_version_ids_rejects_the_token_of_another_request(client, db):
    """Inferred: not observed on AWS."""
    given = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, MaxResults=1)["NextToken"]

    with rejected("InvalidNextTokenException") as answer:
        client.list_secret_version_ids(SecretId="db", MaxResults=1, NextToken=given)

    assert answer.status == 400


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param(101, "Value '101' at 'maxResults'", id="too many"),
        pytest.param(0, "Value '0' at 'maxResults'", id="none"),
    ],
)
@pytest.mark.usefixtures("db")
def test_list_secret_version_ids_returns_one_to_a_hundred_versions_per_page(parameters, message):
    """botocore's service model: MaxResults 1-100."""
    status, answered = raw("ListSecretVersionIds", {"SecretId": "db", "MaxResults": parameters})

    assert status == 400
    assert answered["__type"] == "ValidationException"
    assert message in answered["message"]
