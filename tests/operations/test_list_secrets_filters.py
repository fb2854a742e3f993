"""The filters of ListSecrets and BatchGetSecretValue: the members that each key searches, and the matching of words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import raw, rejected

INFERRED = "inferred: not observed on AWS"
FILTERING = "LocalStack test test_list_secrets_filtering"
WORDS = "moto aws-verified test_with_filter_with_value_with_multiple_words"
TWICE = "moto aws-verified test_with_duplicate_filter_keys"
ALL = "moto aws-verified test_with_all_filter"
SPECIAL = "moto aws-verified test_with_all_filter_special_characters"
GUIDE = "user guide, manage_search-secret"
FILTER = "API_Filter"
TOO_MANY = "The filter list has too many filters. You can include up to 10 filters."


def listed(client, filters):
    return [entry["Name"] for entry in client.list_secrets(Filters=filters)["SecretList"]]


def read(client, filters):
    answered = client.batch_get_secret_value(Filters=filters)
    assert answered["Errors"] == []
    return [entry["Name"] for entry in answered["SecretValues"]]


@pytest.fixture(params=[pytest.param(listed, id="ListSecrets"), pytest.param(read, id="BatchGetSecretValue")])
def found(client, request):
    """A function that returns the names of the secrets that filters match, given as pairs of a key and a value or values."""

    def found(*filters):
        return request.param(
            client,
            [
                {"Key": key, "Values": values if isinstance(values, list) else [values]}
                for key, values in filters
            ],
        )

    return found


def described(client, *descriptions):
    """Create a secret for each description, with its number as the name, from "1" on."""
    for number, description in enumerate(descriptions, 1):
        client.create_secret(Name=str(number), SecretString="s", Description=description)


def tagged(client, name, **tags):
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    client.create_secret(Name=name, SecretString="s", Tags=listed)


class TestTheFilterName:
    @pytest.fixture(autouse=True)
    def four(self, client):
        for name in ("testing1/one-N", "/testing2/two-N", "testing3/three-N", "/testing4/four-N"):
            client.create_secret(Name=name, SecretString="s", Description="a secret")

    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("/", ["/testing2/two-N", "/testing4/four-N"], FILTERING, id="slash"),
            pytest.param("!/", ["testing1/one-N", "testing3/three-N"], FILTERING, id="no slash"),
            pytest.param("testing1 one", [], FILTERING, id="a space is a space"),
            pytest.param("secret", [], FILTERING, id="a word of the description"),
            pytest.param("an", [], FILTERING, id="letters of no name"),
            pytest.param("one", [], FILTER, id="inside a name"),
            pytest.param("testing1/one-N", ["testing1/one-N"], FILTER, id="whole name"),
            pytest.param("testing1/one-Nx", [], FILTER, id="more than the name"),
            pytest.param("testing", ["testing1/one-N", "testing3/three-N"], FILTER, id="two begin so"),
            pytest.param("Testing", [], FILTER, id="capital"),
            pytest.param("testing1/one-n", [], FILTER, id="small letter"),
            pytest.param(
                "!Testing1",
                ["testing1/one-N", "/testing2/two-N", "testing3/three-N", "/testing4/four-N"],
                FILTER,
                id="not with a capital",
            ),
            pytest.param(
                "",
                ["testing1/one-N", "/testing2/two-N", "testing3/three-N", "/testing4/four-N"],
                INFERRED,
                id="empty",
            ),
            pytest.param("!", [], INFERRED, id="not empty"),
        ],
    )
    def test_matches_names_that_begin_with_the_value(self, found, value, expected, source):
        assert found(("name", value)) == expected, source

    def test_accepts_an_exclamation_mark_inside_the_value(self, client, found):
        """User guide, secrets managed by other services: the names; inferred for the filter."""
        client.create_secret(Name="rds!db", SecretString="s")

        assert found(("name", "rds!")) == ["rds!db"]
        assert "rds!db" not in found(("name", "!rds!"))


class TestTheFilterDescription:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("a", ["1", "2", "3"], id="a"),
            pytest.param("!a", ["4"], id="not a"),
            pytest.param("a secret", ["1", "2"], id="a secret"),
            pytest.param("!c", ["1", "2", "3", "4"], id="not c"),
        ],
    )
    def test_matches_beginnings_of_words(self, client, found, value, expected):
        """LocalStack test test_list_secrets_filtering."""
        described(client, "a secret", "an secret", "asecret", "thesecret")

        assert found(("description", value)) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("one two", ["1", "2"], id="both words"),
            pytest.param("o t", ["1", "2"], id="both beginnings"),
            pytest.param("t", ["1", "2", "4"], id="one beginning"),
        ],
    )
    def test_requires_every_word_of_the_value(self, client, found, value, expected):
        """moto aws-verified test_with_filter_with_value_with_multiple_words."""
        described(client, "one two", "one and two", "one", "two", "unrelated")

        assert found(("description", value)) == expected

    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("My Description", ["1", "2", "3", "4"], GUIDE, id="as the guide has it"),
            pytest.param("description my", ["1", "2", "3", "4"], GUIDE, id="the other way round"),
            pytest.param("MY", ["1", "2", "3", "4"], GUIDE, id="capitals"),
            pytest.param("basic", ["3"], GUIDE, id="one word"),
            pytest.param("!basic", ["1", "2", "4"], FILTERING, id="not that word"),
            pytest.param("asic", [], FILTERING, id="inside a word"),
            pytest.param("", [], INFERRED, id="empty"),
            pytest.param("+", [], INFERRED, id="no word"),
        ],
    )
    def test_ignores_order_and_case_of_words(self, client, found, value, expected, source):
        described(
            client, "My Description", "my description", "My basic description", "Description of my secret"
        )

        assert found(("description", value)) == expected, source

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("creds", ["1"], id="letters"),
            pytest.param("Database", ["1"], id="from a capital on"),
            pytest.param("database", ["1"], id="in small letters"),
            pytest.param("892", ["1"], id="digits"),
            pytest.param("89", ["1"], id="first digits"),
            pytest.param("92", [], id="later digits"),
            pytest.param("atabase", [], id="inside a word"),
            pytest.param("892 creds", ["1"], id="two of the words"),
        ],
    )
    def test_splits_descriptions_into_words(self, client, found, value, expected):
        """User guide, manage_search-secret: creds, Database and 892 are the words of this one."""
        described(client, "credsDatabase#892", "another")

        assert found(("description", value)) == expected

    def test_does_not_search_names(self, client, found):
        """API_Filter: description."""
        client.create_secret(Name="wanted", SecretString="s", Description="another")

        assert found(("description", "wanted")) == []

    def test_does_not_match_a_secret_without_a_description(self, client, found):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="none", SecretString="s")

        assert found(("description", "n")) == []
        assert found(("description", "!n")) == ["none"]


class TestTheFiltersOfTags:
    @pytest.fixture(autouse=True)
    def three(self, client):
        tagged(client, "first", Right="wrong", other="Value")
        tagged(client, "second", right="left", left="right")
        client.create_secret(Name="none", SecretString="s")

    @pytest.mark.parametrize(
        ("key", "value", "expected", "source"),
        [
            pytest.param("tag-key", "right", ["second"], FILTER, id="key"),
            pytest.param("tag-key", "Ri", ["first"], FILTER, id="beginning of a key"),
            pytest.param("tag-key", "oth", ["first"], FILTER, id="beginning of a later key"),
            pytest.param("tag-key", "ight", [], FILTER, id="inside a key"),
            pytest.param("tag-key", "OTHER", [], FILTER, id="key in capitals"),
            pytest.param("tag-key", "wrong", [], FILTER, id="value for a key"),
            pytest.param("tag-key", "!right", ["first", "none"], INFERRED, id="not this key"),
            pytest.param("tag-key", "", ["first", "second"], INFERRED, id="any key"),
            pytest.param("tag-value", "right", ["second"], FILTER, id="value"),
            pytest.param("tag-value", "wro", ["first"], FILTER, id="beginning of a value"),
            pytest.param("tag-value", "Val", ["first"], FILTER, id="beginning of a later value"),
            pytest.param("tag-value", "val", [], FILTER, id="value in small letters"),
            pytest.param("tag-value", "alue", [], FILTER, id="inside a value"),
            pytest.param("tag-value", "other", [], FILTER, id="key for a value"),
            pytest.param("tag-value", "!wrong", ["second", "none"], INFERRED, id="not this value"),
            pytest.param("tag-value", "", ["first", "second"], INFERRED, id="any value"),
        ],
    )
    def test_match_keys_or_values_that_begin_with_the_filter_value(self, found, key, value, expected, source):
        assert found((key, value)) == expected, source

    def test_match_keys_and_values_of_different_tags(self, found):
        """moto's tests; inferred: not observed on AWS."""
        assert found(("tag-key", "right"), ("tag-value", "right")) == ["second"]


class TestTheFilterOwningService:
    @pytest.fixture(autouse=True)
    def three(self, fakesecrets, client):
        fakesecrets.add_secret("rds!db", "s", owning_service="rds")
        fakesecrets.add_secret("appflow!flow", "s", owning_service="appflow")
        client.create_secret(Name="mine", SecretString="s")

    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("rds", ["rds!db"], FILTER, id="whole"),
            pytest.param("app", ["appflow!flow"], FILTER, id="beginning"),
            pytest.param("flow", [], FILTER, id="inside"),
            pytest.param("RDS", ["rds!db"], GUIDE, id="capitals"),
            pytest.param("!rds", ["appflow!flow", "mine"], INFERRED, id="not this one"),
        ],
    )
    def test_matches_owners_that_begin_with_the_value_in_any_case(self, found, value, expected, source):
        assert found(("owning-service", value)) == expected, source


class TestTheFilterPrimaryRegion:
    @pytest.fixture(autouse=True)
    def two(self, fakesecrets, client):
        client.create_secret(Name="here", SecretString="s")
        fakesecrets.client("eu-west-1").create_secret(
            Name="there", SecretString="s", AddReplicaRegions=[{"Region": "us-east-1"}]
        )

    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("eu-west-1", ["there"], FILTER, id="whole"),
            pytest.param("eu", ["there"], FILTER, id="beginning"),
            pytest.param("west", [], FILTER, id="inside"),
            pytest.param("EU", [], FILTER, id="capitals"),
            pytest.param("us", [], FILTER, id="its own region"),
            pytest.param("!eu", ["here"], INFERRED, id="not this one"),
        ],
    )
    def test_matches_regions_that_begin_with_the_value(self, found, value, expected, source):
        assert found(("primary-region", value)) == expected, source


class TestTheFilterAll:
    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("SecretOne", ["SecretOne-x"], ALL, id="two words of a name"),
            pytest.param("foo", ["SecretFTag-x", "SecretFValue-x"], ALL, id="value or key of a tag"),
            pytest.param(
                "Secret", ["SecretOne-x", "SecretTwo-x", "SecretFTag-x", "SecretFValue-x"], ALL, id="word"
            ),
            pytest.param(
                "secret", ["SecretOne-x", "SecretTwo-x", "SecretFTag-x", "SecretFValue-x"], ALL, id="any case"
            ),
            pytest.param(
                "sec", ["SecretOne-x", "SecretTwo-x", "SecretFTag-x", "SecretFValue-x"], ALL, id="beginning"
            ),
            pytest.param("ret", [], ALL, id="inside a word"),
            pytest.param("SomeSecret", [], ALL, id="one word of two"),
            pytest.param("d t", ["SecretTwo-x"], ALL, id="two beginnings"),
            pytest.param("t", ["SecretTwo-x", "Thirdsecret-x", "SecretFTag-x"], ALL, id="one beginning"),
            pytest.param("Desc", ["SecretTwo-x"], ALL, id="word of a description"),
            pytest.param("foo Secret", ["SecretFTag-x", "SecretFValue-x"], INFERRED, id="tag and name"),
            pytest.param("Secret foo", ["SecretFTag-x", "SecretFValue-x"], INFERRED, id="name and tag"),
            pytest.param("!Secret", ["Thirdsecret-x"], INFERRED, id="not this word"),
            pytest.param("", [], INFERRED, id="empty"),
        ],
    )
    def test_searches_name_description_and_tags(self, client, found, value, expected, source):
        client.create_secret(Name="SecretOne-x", SecretString="s")
        client.create_secret(Name="SecretTwo-x", SecretString="s", Description="DescTwo")
        client.create_secret(Name="Thirdsecret-x", SecretString="s")
        tagged(client, "SecretFTag-x", **{"1": "foo"})
        tagged(client, "SecretFValue-x", foo="v")

        assert found(("all", value)) == expected, source

    SEPARATED = (
        "prod/AppBeta/x",
        "prod_AppBeta_x",
        "prod+AppBeta+x",
        "prod=AppBeta=x",
        "prod.AppBeta.x",
        "prod@AppBeta@x",
        "prod-AppBeta-x",
    )

    @pytest.mark.parametrize("value", ["AppBeta", "Beta", "prod", "PROD", "beta prod", "x"])
    def test_accepts_any_separator_of_words(self, client, found, value):
        """moto aws-verified test_with_all_filter_special_characters; the last three values are inferred."""
        for name in self.SEPARATED:
            client.create_secret(Name=name, SecretString="s")

        assert found(("all", value)) == list(self.SEPARATED)

    def test_matches_any_of_several_values(self, client, found):
        """moto aws-verified test_with_all_filter_special_characters."""
        for name in self.SEPARATED:
            client.create_secret(Name=name, SecretString="s")

        assert found(("all", ["AppBeta", "prod"])) == list(self.SEPARATED)

    @pytest.mark.parametrize("value", ["+", "/", "-", ". _ @"])
    def test_matches_nothing_for_a_value_without_words(self, client, found, value):
        """moto aws-verified test_with_all_filter_special_characters, for "+"; inferred for the others."""
        for name in self.SEPARATED:
            client.create_secret(Name=name, SecretString="s")

        assert found(("all", value)) == []

    @pytest.mark.parametrize("value", ["AppBeta", "Beta"])
    def test_accepts_words_between_two_different_separators(self, client, found, value):
        """User guide, manage_search-secret; moto aws-verified tests note one such name that AWS did not find."""
        client.create_secret(Name="prod-AppBeta/x", SecretString="s")

        assert found(("all", value)) == ["prod-AppBeta/x"]

    @pytest.mark.parametrize(
        ("value", "expected", "source"),
        [
            pytest.param("company", ["uat/COMPANY/x"], SPECIAL, id="capitals are one word"),
            pytest.param("Ythings", ["uat/COMPANYthings/x"], SPECIAL, id="the last capital goes on"),
            pytest.param("things", [], SPECIAL, id="small letters behind it"),
            pytest.param("N", [], SPECIAL, id="capital inside"),
            pytest.param("pany", [], SPECIAL, id="end of the capitals"),
            pytest.param("compan", ["uat/COMPANY/x", "uat/COMPANYthings/x"], SPECIAL, id="common beginning"),
            pytest.param("COMPANYthings", ["uat/COMPANYthings/x"], INFERRED, id="value is cut likewise"),
            pytest.param("companythings", [], INFERRED, id="value in small letters is one word"),
        ],
    )
    def test_splits_capitals_before_the_last_one_if_small_letters_follow(
        self, client, found, value, expected, source
    ):
        client.create_secret(Name="uat/COMPANY/x", SecretString="s")
        client.create_secret(Name="uat/COMPANYthings/x", SecretString="s")

        assert found(("all", value)) == expected, source

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("creds", ["credsDatabase892"], id="before a capital"),
            pytest.param("Database", ["credsDatabase892"], id="from the capital to a digit"),
            pytest.param("892", ["credsDatabase892"], id="digits"),
            pytest.param("892credsDatabase", ["credsDatabase892"], id="all of them, in another order"),
            pytest.param("DATABASE", ["credsDatabase892"], id="capitals"),
            pytest.param("base", [], id="inside a word"),
        ],
    )
    def test_splits_words_at_capitals_and_digits(self, client, found, value, expected):
        """User guide, manage_search-secret."""
        client.create_secret(Name="credsDatabase892", SecretString="s")
        client.create_secret(Name="another", SecretString="s")

        assert found(("all", value)) == expected

    def test_does_not_search_owning_service_and_primary_region(self, fakesecrets, found):
        """User guide, manage_search-secret: its prose names four attributes; inferred for the other two."""
        fakesecrets.add_secret("appflow!flow", "s", owning_service="rds")
        region = fakesecrets._service.store.region("123456789012", "us-east-1")
        region.put(replace(region.secrets["appflow!flow"], tags=None))  # the tag names the owning service too
        fakesecrets.client("eu-west-1").create_secret(
            Name="there", SecretString="s", AddReplicaRegions=[{"Region": "us-east-1"}]
        )

        assert found(("all", "rds")) == []
        assert found(("all", "eu")) == []


class TestSeveralFilters:
    @pytest.fixture(autouse=True)
    def four(self, client):
        described(client, "one two", "one", "two", "unrelated")

    @pytest.mark.parametrize(
        ("filters", "expected", "source"),
        [
            pytest.param(
                [("description", "one"), ("description", "two")], ["1"], TWICE, id="the same key twice"
            ),
            pytest.param([("description", "one"), ("name", "2")], ["2"], FILTER, id="two keys"),
            pytest.param([("description", "one"), ("name", "3")], [], FILTER, id="nothing has both"),
            pytest.param([("description", "one"), ("description", "!two")], ["2"], INFERRED, id="and not"),
        ],
    )
    def test_match_the_secrets_that_each_of_them_matches(self, found, filters, expected, source):
        assert found(*filters) == expected, source

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            pytest.param(["one", "unrelated"], ["1", "2", "4"], id="either"),
            pytest.param(["one", "one"], ["1", "2"], id="twice the same"),
            pytest.param(["one", "!two"], ["1", "2", "4"], id="one, or not two"),
            pytest.param(["!one", "!two"], ["2", "3", "4"], id="not one, or not two"),
            pytest.param(["nothing", "neither"], [], id="none"),
        ],
    )
    def test_match_by_any_value_of_a_filter(self, found, values, expected):
        """jenkins aws-secrets-manager-credentials-provider issue 235; inferred for "!"."""
        assert found(("description", values)) == expected

    @pytest.mark.parametrize("is_turned", [False, True], ids=["in one order", "in the other"])
    def test_match_by_any_value_of_every_filter(self, found, is_turned):
        """jenkins aws-secrets-manager-credentials-provider issue 235; terraform-provider-aws pull request 32516."""
        filters = [("description", ["one", "unrelated"]), ("name", ["1", "2", "3"])]

        assert found(*(reversed(filters) if is_turned else filters)) == ["1", "2"]

    def test_return_secrets_in_the_order_of_creation(self, client, found):
        """LocalStack test test_list_secrets_filtering; moto aws-verified test_with_all_filter."""
        client.update_secret(SecretId="1", SecretString="t")

        assert found(("description", ["two", "one"])) == ["1", "2", "3"]


class TestARequestWithFiltersIsRejected:
    """Raw requests of both operations, since botocore itself rejects some of them."""

    @pytest.fixture(params=["ListSecrets", "BatchGetSecretValue"])
    def refusal(self, client, request):
        client.create_secret(Name="db", SecretString="s")

        def refusal(filters):
            status, answered = raw(request.param, {"Filters": filters})
            assert status == 400
            return answered

        return refusal

    @pytest.mark.parametrize(
        ("given", "source"),
        [
            pytest.param({"Values": ["db"]}, INFERRED, id="no key"),
            pytest.param({"Key": "name"}, INFERRED, id="no values"),
            pytest.param({}, INFERRED, id="neither"),
        ],
    )
    def test_for_a_filter_without_key_or_values(self, refusal, given, source):
        assert refusal([given])["__type"] == "InvalidParameterException", source

    def test_for_a_later_filter_that_is_incomplete(self, refusal):
        """Inferred: not observed on AWS."""
        answered = refusal([{"Key": "name", "Values": ["nobody"]}, {"Key": "name"}])

        assert answered["__type"] == "InvalidParameterException"

    @pytest.mark.parametrize("value", ["#", "*", "(", "a,b", "ä", "a\n", "a!b#", "x" * 513])
    def test_for_a_value_that_violates_its_pattern_or_length(self, refusal, value):
        """botocore's service model, FilterValueStringType."""
        assert refusal([{"Key": "name", "Values": [value]}])["__type"] == "ValidationException"

    @pytest.mark.parametrize(
        "filters",
        [
            pytest.param([{"Key": "name", "Values": []}], id="no value"),
            pytest.param([{"Key": "name", "Values": ["db"] * 11}], id="eleven values"),
            pytest.param([{"Key": "name", "Values": ["db"]}] * 11, id="eleven filters"),
        ],
    )
    def test_for_too_many_or_too_few_filters(self, refusal, filters):
        """botocore's service model, FiltersListType and FilterValuesStringList."""
        assert refusal(filters)["__type"] == "ValidationException"

    @pytest.mark.parametrize("key", ["colour", "Name", "names", ""])
    def test_for_an_unknown_key(self, refusal, key):
        """moto, pasted from AWS."""
        answered = refusal([{"Key": key, "Values": ["db"]}])

        assert answered["__type"] == "ValidationException"
        assert answered["message"].startswith(
            f"1 validation error detected: Value '{key}' at 'filters.1.member.key' failed to satisfy "
            "constraint: Member must satisfy enum value set: ["
        )


class TestTheLimitOfTenFilterValues:
    """The values of all filters of a request are counted (block/ftl issue 1937; inferred for ListSecrets)."""

    @pytest.mark.parametrize(
        "filters",
        [
            pytest.param([("name", ["d" * 512] * 9 + ["db"])], id="of one filter"),
            pytest.param([("name", ["db"] * 9), ("tag-key", "team")], id="of two filters"),
            pytest.param([("name", "db")] * 10, id="of ten filters"),
        ],
    )
    def test_allows_ten_values_in_all_filters_together(self, client, found, filters):
        client.create_secret(Name="db", SecretString="s", Tags=[{"Key": "team", "Value": "a"}])

        assert found(*filters) == ["db"]

    @pytest.mark.parametrize(
        "filters",
        [
            pytest.param([("name", ["db"] * 10), ("tag-key", "team")], id="ten and one"),
            pytest.param([("tag-key", "team"), ("name", ["db"] * 10)], id="one and ten"),
            pytest.param([("name", ["db"] * 2)] * 6, id="six times two"),
            pytest.param([("name", ["db"] * 10)] * 10, id="ten times ten"),
        ],
    )
    def test_rejects_more_than_ten_values_in_all_filters_together(self, client, found, filters):
        client.create_secret(Name="db", SecretString="s", Tags=[{"Key": "team", "Value": "a"}])

        with rejected("InvalidParameterException") as answer:
            found(*filters)

        assert answer.message == TOO_MANY

    def test_is_checked_by_the_service_model_first_for_one_filter(self, found):
        """jenkins aws-secrets-manager-credentials-provider issue 235: eleven values of one filter."""
        with rejected("ValidationException") as answer:
            found(("name", ["db"] * 11), ("tag-key", "team"))

        assert (
            "failed to satisfy constraint: Member must have length less than or equal to 10" in answer.message
        )


def test_list_secrets_filters_before_it_splits_into_pages(client):
    """API_ListSecrets: Filters, MaxResults and NextToken; inferred for their order."""
    for name in ("a1", "b1", "a2", "b2", "a3"):
        client.create_secret(Name=name)
    filters = [{"Key": "name", "Values": ["a"]}]

    first = client.list_secrets(Filters=filters, MaxResults=2)
    second = client.list_secrets(Filters=filters, MaxResults=2, NextToken=first["NextToken"])

    assert [entry["Name"] for entry in first["SecretList"]] == ["a1", "a2"]
    assert [entry["Name"] for entry in second["SecretList"]] == ["a3"]
    assert "NextToken" not in second


def test_list_secrets_rejects_the_token_of_other_filters(client):
    """Inferred: not observed on AWS."""
    for name in ("a1", "a2"):
        client.create_secret(Name=name)
    given = client.list_secrets(Filters=[{"Key": "name", "Values": ["a"]}], MaxResults=1)["NextToken"]

    with rejected("InvalidNextTokenException") as answer:
        client.list_secrets(Filters=[{"Key": "name", "Values": ["b"]}], MaxResults=1, NextToken=given)

    assert answer.status == 400


def test_list_secrets_filters_secrets_that_are_scheduled_for_deletion(client):
    """API_ListSecrets, IncludePlannedDeletion; inferred together with Filters."""
    for name in ("a1", "a2", "b1"):
        client.create_secret(Name=name)
        client.delete_secret(SecretId=name)
    filters = [{"Key": "name", "Values": ["a"]}]

    answered = client.list_secrets(Filters=filters, IncludePlannedDeletion=True)

    assert [entry["Name"] for entry in answered["SecretList"]] == ["a1", "a2"]
    assert client.list_secrets(Filters=filters)["SecretList"] == []


def test_list_secrets_filters_by_changed_descriptions_and_tags_at_once(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="db", Description="old", Tags=[{"Key": "team", "Value": "a"}])
    client.update_secret(SecretId="db", Description="new")
    client.untag_resource(SecretId="db", TagKeys=["team"])

    assert listed(client, [{"Key": "description", "Values": ["new"]}]) == ["db"]
    assert listed(client, [{"Key": "description", "Values": ["old"]}]) == []
    assert listed(client, [{"Key": "tag-key", "Values": ["team"]}]) == []
