"""ListSecrets: the listed secrets, their order, and pages. The filters are tested in test_list_secrets_filters."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support import LISTED, needs, rejected, token

INFERRED = "inferred: not observed on AWS"
SORTED = needs("ListSecrets", "SortBy")


def names(answered):
    return [entry["Name"] for entry in answered["SecretList"]]


@pytest.fixture
def three(client, fakesecrets_clock):
    """Three secrets, created in the order b, a, c; last changed in the order a, c, b; "a" and "c" were read."""
    for hour, name in enumerate(["b", "a", "c"]):
        fakesecrets_clock.move_to(datetime(2030, 1, 1, hour, tzinfo=timezone.utc))
        client.create_secret(Name=name, SecretString=name)
    fakesecrets_clock.move_to("2030-01-03")
    client.get_secret_value(SecretId="a")
    fakesecrets_clock.move_to("2030-01-04")
    client.get_secret_value(SecretId="c")
    client.update_secret(SecretId="b", Description="changed")


def test_list_secrets_of_a_region_without_secrets_is_an_empty_list(client):
    """LocalStack test test_cross_account_access (aws validated): it reads the length of SecretList."""
    listed = client.list_secrets()

    assert listed["SecretList"] == []
    assert "NextToken" not in listed


def test_list_secrets_returns_the_members_of_describe_secret_with_one_renamed(client):
    """LocalStack snapshot test_create_multi_secrets_snapshot."""
    client.create_secret(Name="db", SecretString="old", Description="mine", ClientRequestToken=token(1))

    (entry,) = client.list_secrets()["SecretList"]

    assert set(entry) == LISTED
    assert entry["SecretVersionsToStages"] == {token(1): ["AWSCURRENT"]}


def test_list_secrets_omits_members_without_a_value(client):
    """LocalStack snapshot test_create_secret_version_from_empty_secret; API_DescribeSecret."""
    client.create_secret(Name="db")

    (entry,) = client.list_secrets()["SecretList"]

    assert set(entry) == {"ARN", "CreatedDate", "LastChangedDate", "Name"}


def test_list_secrets_returns_the_optional_members(client, fakesecrets_clock):
    """API_SecretListEntry."""
    fakesecrets_clock.move_to("2030-01-31 16:00")
    client.create_secret(
        Name="db", SecretString="old", KmsKeyId="alias/mine", Tags=[{"Key": "a", "Value": "1"}]
    )
    client.get_secret_value(SecretId="db")

    (entry,) = client.list_secrets()["SecretList"]

    assert entry["KmsKeyId"] == "alias/mine"
    assert entry["Tags"] == [{"Key": "a", "Value": "1"}]
    assert entry["LastAccessedDate"] == datetime(2030, 1, 31, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("parameters", "expected", "source"),
    [
        pytest.param(
            {},
            ["b", "a", "c"],
            "LocalStack snapshot test_create_multi_secrets_snapshot",
            id="creation by default",
        ),
        pytest.param({"SortBy": "created-date"}, ["b", "a", "c"], INFERRED, id="created", marks=SORTED),
        pytest.param({"SortOrder": "asc"}, ["b", "a", "c"], "botocore's service model", id="ascending"),
        pytest.param({"SortOrder": "desc"}, ["c", "a", "b"], "botocore's service model", id="descending"),
        pytest.param(
            {"SortBy": "last-accessed-date"}, ["b", "a", "c"], INFERRED, id="accessed", marks=SORTED
        ),
        pytest.param(
            {"SortBy": "last-accessed-date", "SortOrder": "desc"},
            ["c", "a", "b"],
            INFERRED,
            id="accessed, descending",
            marks=SORTED,
        ),
        pytest.param({"SortBy": "last-changed-date"}, ["a", "c", "b"], INFERRED, id="changed", marks=SORTED),
        pytest.param(
            {"SortBy": "last-changed-date", "SortOrder": "desc"},
            ["b", "c", "a"],
            "botocore's service model",
            id="changed, descending",
            marks=SORTED,
        ),
        pytest.param({"SortBy": "name"}, ["a", "b", "c"], INFERRED, id="name", marks=SORTED),
        pytest.param(
            {"SortBy": "name", "SortOrder": "desc"},
            ["c", "b", "a"],
            "botocore's service model",
            id="name, descending",
            marks=SORTED,
        ),
        pytest.param({"Filters": []}, ["b", "a", "c"], INFERRED, id="no filters"),
    ],
)
@pytest.mark.usefixtures("three")
def test_list_secrets_sorts_by(client, parameters, expected, source):
    assert names(client.list_secrets(**parameters)) == expected, source


def test_list_secrets_hides_secrets_that_are_scheduled_for_deletion(client):
    """API_ListSecrets, IncludePlannedDeletion."""
    client.create_secret(Name="gone")
    client.create_secret(Name="here")
    client.delete_secret(SecretId="gone")

    assert names(client.list_secrets()) == ["here"]
    assert names(client.list_secrets(IncludePlannedDeletion=False)) == ["here"]
    assert names(client.list_secrets(IncludePlannedDeletion=True)) == ["gone", "here"]


def test_list_secrets_returns_the_date_of_the_deletion(client, fakesecrets_clock):
    """API_SecretListEntry, DeletedDate: the time of the deletion, before the recovery window."""
    fakesecrets_clock.move_to("2030-01-31 16:00")
    client.create_secret(Name="gone")
    client.delete_secret(SecretId="gone")

    (entry,) = client.list_secrets(IncludePlannedDeletion=True)["SecretList"]

    assert entry["DeletedDate"] == datetime(2030, 1, 31, 16, tzinfo=timezone.utc)


def test_list_secrets_omits_a_secret_after_its_recovery_window(client, fakesecrets_clock):
    """Inferred: AWS deletes some time after the window, "no guarantee of a specific time" (API_DeleteSecret)."""
    client.create_secret(Name="gone")
    client.delete_secret(SecretId="gone", RecoveryWindowInDays=7)
    fakesecrets_clock.tick(8 * 24 * 3600)

    assert names(client.list_secrets(IncludePlannedDeletion=True)) == []


def test_list_secrets_returns_the_secrets_of_one_region(fakesecrets, client):
    """User guide, find secrets."""
    client.create_secret(Name="east")
    fakesecrets.client("eu-west-1").create_secret(Name="west")

    assert names(client.list_secrets()) == ["east"]


def test_list_secrets_does_not_count_as_an_access(client):
    """LocalStack test test_last_accessed_date (aws validated) for DescribeSecret; inferred for the list."""
    client.create_secret(Name="db", SecretString="old")
    client.list_secrets()

    (entry,) = client.list_secrets()["SecretList"]

    assert "LastAccessedDate" not in entry


class TestPagesOfListSecrets:
    @pytest.fixture(autouse=True)
    def five(self, client):
        for name in "abcde":
            client.create_secret(Name=name)

    def test_are_linked_by_tokens(self, client):
        """API_ListSecrets: MaxResults and NextToken."""
        first = client.list_secrets(MaxResults=2)
        second = client.list_secrets(MaxResults=2, NextToken=first["NextToken"])
        third = client.list_secrets(MaxResults=2, NextToken=second["NextToken"])

        assert [names(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
        assert "NextToken" not in third

    def test_are_iterated_by_the_paginator_of_botocore(self, client):
        """botocore's paginators of Secrets Manager."""
        pages = client.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2})

        assert [names(page) for page in pages] == [["a", "b"], ["c", "d"], ["e"]]

    def test_have_no_token_after_a_full_last_page(self, client):
        """API_ListSecrets: NextToken is there if there are more."""
        assert "NextToken" not in client.list_secrets(MaxResults=5)

    def test_may_change_their_size(self, client):
        """Inferred: not observed on AWS."""
        first = client.list_secrets(MaxResults=1)

        rest = client.list_secrets(MaxResults=100, NextToken=first["NextToken"])

        assert names(rest) == ["b", "c", "d", "e"]

    def test_are_rejected_for_a_token_that_was_never_issued(self, client):
        """botocore's service model: InvalidNextTokenException."""
        with rejected("InvalidNextTokenException") as answer:
            client.list_secrets(NextToken="garbage")

        assert answer.status == 400

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"SortBy": "name"}, marks=SORTED),
            {"SortOrder": "desc"},
            {"IncludePlannedDeletion": True},
        ],
        ids=str,
    )
    def test_are_rejected_for_the_token_of_another_request(self, client, other):
        """Inferred: not observed on AWS."""
        given = client.list_secrets(MaxResults=2)["NextToken"]

        with rejected("InvalidNextTokenException") as answer:
            client.list_secrets(MaxResults=2, NextToken=given, **other)

        assert answer.status == 400

    @pytest.mark.parametrize("other", ["eu-west-1", "210987654321"])
    def test_are_rejected_for_the_token_of_another_region_or_account(self, fakesecrets, client, other):
        """Inferred: not observed on AWS."""
        given = client.list_secrets(MaxResults=2)["NextToken"]
        elsewhere = (
            fakesecrets.client(other)
            if "-" in other
            else fakesecrets.client(aws_access_key_id=other, aws_secret_access_key="x")
        )

        with rejected("InvalidNextTokenException") as answer:
            elsewhere.list_secrets(MaxResults=2, NextToken=given)

        assert answer.status == 400

    def test_have_the_same_tokens_in_each_run(self, client):
        """Inferred: a token is opaque; that of a request does not depend on when it is sent."""
        first, second = (client.list_secrets(MaxResults=2)["NextToken"] for _ in range(2))

        assert first == second
        assert len(first) <= 4096

    def test_hold_at_most_a_hundred_secrets(self, client):
        """botocore's service model: MaxResults 1-100; the default page size is inferred."""
        for number in range(100):
            client.create_secret(Name=f"more{number}")

        assert len(client.list_secrets()["SecretList"]) == 100
        with rejected("ValidationException") as answer:
            client.list_secrets(MaxResults=101)
        assert answer.message == (
            "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 100"
        )


EVERY_ORDER = [
    pytest.param({"SortOrder": "asc"}, id="ascending"),
    pytest.param({"SortOrder": "desc"}, id="descending"),
    *[
        pytest.param({"SortBy": by, "SortOrder": order}, id=f"{by}, {order}", marks=SORTED)
        for by in ("name", "last-changed-date", "last-accessed-date")
        for order in ("asc", "desc")
    ],
]


def walk(client, size, **parameters):
    """Yield the pages of a list, requesting each one after the caller has processed the previous one."""
    return client.get_paginator("list_secrets").paginate(**parameters, PaginationConfig={"PageSize": size})


class TestPagesOfAListThatChanges:
    """Inferred: AWS documents neither snapshots nor positions; programs that delete listed secrets work on AWS."""

    @pytest.fixture(autouse=True)
    def nine(self, client, fakesecrets_clock):
        """Nine secrets, created in the order i to a, and read in another order."""
        fakesecrets_clock.move_to("2030-01-01")
        for name in "ihgfedcba":
            client.create_secret(Name=name, SecretString="old")
            fakesecrets_clock.tick(1)
        for name in "cafe":
            client.get_secret_value(SecretId=name)
            fakesecrets_clock.tick(86_400)

    @pytest.mark.parametrize("force", [True, False], ids=["by force", "with a recovery window"])
    @pytest.mark.parametrize("order", EVERY_ORDER)
    def test_reach_every_secret_although_each_one_is_deleted_after_it_is_listed(self, client, order, force):
        deleted = []
        for page in walk(client, 2, **order):
            for name in names(page):
                client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=force)
                deleted.append(name)

        assert sorted(deleted) == list("abcdefghi")
        assert client.list_secrets()["SecretList"] == []

    @pytest.mark.parametrize("order", EVERY_ORDER)
    def test_reach_every_secret_although_each_one_is_changed_and_read_after_it_is_listed(
        self, client, fakesecrets_clock, order
    ):
        """A list sorted by the last change ends although each page moves its secrets."""
        listed = []
        for page in walk(client, 2, **order):
            for name in names(page):
                fakesecrets_clock.tick(86_400)
                client.update_secret(SecretId=name, Description="seen")
                client.get_secret_value(SecretId=name)
                listed.append(name)

        assert sorted(listed) == list("abcdefghi")

    @pytest.mark.parametrize("order", EVERY_ORDER)
    def test_reach_every_old_secret_although_new_ones_are_created(self, client, fakesecrets_clock, order):
        """A program that creates a new secret for each old one ends."""
        listed = []
        for page in walk(client, 2, **order):
            for name in names(page):
                fakesecrets_clock.tick(1)
                client.create_secret(Name=f"{name}-new", SecretString="new")
                listed.append(name)

        assert sorted(listed) == list("abcdefghi")

    def test_omit_a_secret_that_is_seeded_meanwhile(self, client, fakesecrets):
        """A list contains the secrets that existed at its first page; a seeded secret may have an earlier date."""
        first = client.list_secrets(MaxResults=3)
        fakesecrets.add_secret("older", "old", created_at="2030-01-01 00:00:04.5")

        rest = client.list_secrets(NextToken=first["NextToken"])

        assert names(first) + names(rest) == list("ihgfedcba")
        assert "older" in names(client.list_secrets())

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @SORTED
    def test_omit_a_secret_whose_sort_key_changes_before_its_page(self, client, fakesecrets_clock, order):
        """A list contains the secrets that existed at its first page, as far as sort keys allow."""
        parameters = {"SortBy": "last-changed-date", "SortOrder": order, "MaxResults": 3}
        first = client.list_secrets(**parameters)
        client.update_secret(SecretId="e", Description="changed")

        second = client.list_secrets(**parameters, NextToken=first["NextToken"])
        third = client.list_secrets(**parameters, NextToken=second["NextToken"])

        assert sorted(names(first) + names(second) + names(third)) == list("abcdfghi")
        assert "NextToken" not in third

    def test_continue_after_a_secret_that_was_deleted_and_created_again(self, client):
        first = client.list_secrets(MaxResults=3)
        client.delete_secret(SecretId="g", ForceDeleteWithoutRecovery=True)
        client.create_secret(Name="g", SecretString="new")

        rest = client.list_secrets(NextToken=first["NextToken"])

        assert names(rest) == list("fedcba")


def test_a_clean_up_script_deletes_all_of_250_secrets(client, fakesecrets_clock):
    """Inferred: published clean-up scripts for AWS delete page by page."""
    fakesecrets_clock.move_to("2030-01-01")  # all secrets are created at the same instant
    for number in range(250):
        client.create_secret(Name=f"db-{number}")

    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)

    assert client.list_secrets()["SecretList"] == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, "cab", id="ascending"),
        pytest.param({"SortOrder": "desc"}, "bac", id="descending"),
        pytest.param({"SortBy": "last-accessed-date"}, "cab", id="accessed", marks=SORTED),
        pytest.param(
            {"SortBy": "last-changed-date", "SortOrder": "desc"},
            "bac",
            id="changed, descending",
            marks=SORTED,
        ),
    ],
)
def test_list_secrets_sorts_secrets_of_one_instant_by_the_order_of_their_creation(
    client, fakesecrets_clock, parameters, expected
):
    """LocalStack snapshot test_create_multi_secrets_snapshot: the order of creation; inferred for one instant."""
    fakesecrets_clock.move_to("2030-01-01")
    for name in "cab":
        client.create_secret(Name=name)

    assert names(client.list_secrets(**parameters)) == list(expected)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        pytest.param({"SortBy": "colour"}, "Value 'colour' at 'sortBy'", id="sort by", marks=SORTED),
        pytest.param({"SortOrder": "random"}, "Value 'random' at 'sortOrder'", id="sort order"),
    ],
)
def test_list_secrets_rejects_an_unknown_sort_order(client, sent, path):
    """botocore's service model; the text: moto, pasted from AWS, for a filter key."""
    with rejected("ValidationException") as answer:
        client.list_secrets(**sent)

    assert answer.message.startswith(
        f"1 validation error detected: {path} failed to satisfy constraint: Member must satisfy enum value set"
    )
