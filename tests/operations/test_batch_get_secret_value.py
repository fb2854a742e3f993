"""BatchGetSecretValue: values of several secrets in one call. The filters are tested in test_list_secrets_filters."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support import MODEL, raw, rejected, token

INFERRED = "inferred: not observed on AWS"
NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


def names(answered):
    return [entry["Name"] for entry in answered["SecretValues"]]


def by_name(value):
    return [{"Key": "name", "Values": [value]}]


@pytest.fixture
def three(client):
    for name in ("b", "a", "c"):
        client.create_secret(Name=name, SecretString=f"value of {name}")


class TestValuesInABatch:
    def test_have_the_members_of_get_secret_value(self, client, fakesecrets_clock):
        """botocore's service model, SecretValueEntry; AWS CLI reference, batch-get-secret-value example."""
        fakesecrets_clock.move_to("2030-01-31 16:00")
        arn = client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]

        answered = client.batch_get_secret_value(SecretIdList=["db"])

        assert answered["SecretValues"] == [
            {
                "ARN": arn,
                "Name": "db",
                "VersionId": token(1),
                "SecretString": "old",
                "VersionStages": ["AWSCURRENT"],
                "CreatedDate": datetime(2030, 1, 31, 16, tzinfo=timezone.utc),
            }
        ]

    def test_are_followed_by_an_empty_list_of_errors(self, client):
        """AWS CLI reference, batch-get-secret-value example."""
        client.create_secret(Name="db", SecretString="old")

        answered = client.batch_get_secret_value(SecretIdList=["db"])

        assert set(answered) == {"SecretValues", "Errors", "ResponseMetadata"}
        assert answered["Errors"] == []

    def test_are_bytes_for_a_binary_secret(self, client):
        """botocore's service model, SecretValueEntry."""
        client.create_secret(Name="db", SecretBinary=b"\x00\xff")

        (entry,) = client.batch_get_secret_value(SecretIdList=["db"])["SecretValues"]

        assert entry["SecretBinary"] == b"\x00\xff"
        assert "SecretString" not in entry

    def test_are_base64_on_the_wire(self, client):
        """botocore's service model, SecretBinaryType: a blob."""
        client.create_secret(Name="db", SecretBinary=b"\x00\xff")

        _, answered = raw("BatchGetSecretValue", {"SecretIdList": ["db"]})

        assert answered["SecretValues"][0]["SecretBinary"] == "AP8="

    def test_are_those_of_the_current_versions(self, client):
        """API_BatchGetSecretValue."""
        client.create_secret(Name="db", SecretString="old")
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
        client.put_secret_value(SecretId="db", SecretString="next", VersionStages=["AWSPENDING"])

        (entry,) = client.batch_get_secret_value(SecretIdList=["db"])["SecretValues"]

        assert (entry["SecretString"], entry["VersionId"]) == ("new", token(2))
        assert entry["VersionStages"] == ["AWSCURRENT"]

    @pytest.mark.usefixtures("three")
    def test_are_in_the_order_of_the_ids(self, client):
        """AWS CLI reference, batch-get-secret-value example."""
        answered = client.batch_get_secret_value(SecretIdList=["c", "b", "a"])

        assert names(answered) == ["c", "b", "a"]

    @pytest.mark.usefixtures("three")
    def test_are_in_the_order_of_creation_when_found_by_filters(self, client):
        """Inferred: not observed on AWS."""
        answered = client.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["c", "b", "a"]}])

        assert names(answered) == ["b", "a", "c"]

    def test_are_found_by_name_by_arn_and_by_partial_arn(self, client):
        """API_BatchGetSecretValue; inferred: a secret that is requested three times is returned three times."""
        arn = client.create_secret(Name="db", SecretString="old")["ARN"]

        answered = client.batch_get_secret_value(SecretIdList=["db", arn, arn[:-7]])

        assert names(answered) == ["db", "db", "db"]
        assert answered["Errors"] == []

    def test_of_twenty_secrets_are_returned(self, client):
        """botocore's service model, SecretIdListType."""
        wanted = [f"db{number}" for number in range(20)]
        for name in wanted:
            client.create_secret(Name=name, SecretString="old")

        assert names(client.batch_get_secret_value(SecretIdList=wanted)) == wanted

    def test_of_replicas_are_returned(self, fakesecrets, client):
        """API_ReplicateSecretToRegions: a replica has the value of its primary secret."""
        client.create_secret(Name="db", SecretString="old", AddReplicaRegions=[{"Region": "eu-west-1"}])

        (entry,) = fakesecrets.client("eu-west-1").batch_get_secret_value(SecretIdList=["db"])["SecretValues"]

        assert entry["SecretString"] == "old"
        assert entry["ARN"].startswith("arn:aws:secretsmanager:eu-west-1:")

    @pytest.mark.usefixtures("three")
    def test_are_none_if_filters_match_nothing(self, client):
        """Inferred: not observed on AWS."""
        answered = client.batch_get_secret_value(Filters=by_name("nobody"))

        assert (answered["SecretValues"], answered["Errors"]) == ([], [])
        assert "NextToken" not in answered

    def test_count_as_accesses(self, client, fakesecrets_clock):
        """Inferred: not observed on AWS."""
        fakesecrets_clock.move_to("2030-01-31 16:00")
        client.create_secret(Name="db", SecretString="old")
        client.create_secret(Name="other", SecretString="old")
        client.batch_get_secret_value(SecretIdList=["db"])

        described = client.describe_secret(SecretId="db")
        (version,) = client.list_secret_version_ids(SecretId="db")["Versions"]

        midnight = datetime(2030, 1, 31, tzinfo=timezone.utc)
        assert described["LastAccessedDate"] == version["LastAccessedDate"] == midnight
        assert "LastAccessedDate" not in client.describe_secret(SecretId="other")


class TestErrorsInABatch:
    def test_do_not_fail_the_call(self, client):
        """API_BatchGetSecretValue; moto issue 7592: the entry, with its text."""
        client.create_secret(Name="db", SecretString="old")

        answered = client.batch_get_secret_value(SecretIdList=["nobody", "db"])

        assert answered["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert names(answered) == ["db"]
        assert answered["Errors"] == [
            {"SecretId": "nobody", "ErrorCode": "ResourceNotFoundException", "Message": NOT_FOUND}
        ]

    def test_leave_an_empty_list_of_values(self, client):
        """AWS CLI reference, batch-get-secret-value example; inferred for the values."""
        answered = client.batch_get_secret_value(SecretIdList=["nobody"])

        assert answered["SecretValues"] == []

    def test_name_the_secret_as_in_the_request(self, client):
        """botocore's service model, APIErrorType."""
        arn = client.create_secret(Name="db", SecretString="old")["ARN"]
        client.delete_secret(SecretId="db")

        answered = client.batch_get_secret_value(SecretIdList=[arn, "db", "nobody", arn[:-7]])

        assert [entry["SecretId"] for entry in answered["Errors"]] == [arn, "db", "nobody", arn[:-7]]

    def test_report_a_secret_that_is_marked_for_deletion(self, client):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", SecretString="old")
        client.delete_secret(SecretId="db")

        answered = client.batch_get_secret_value(SecretIdList=["db"])

        assert answered["Errors"] == [
            {"SecretId": "db", "ErrorCode": "InvalidRequestException", "Message": MARKED}
        ]

    @pytest.mark.parametrize("parameters", [{"SecretIdList": ["db"]}, {"Filters": by_name("db")}], ids=str)
    def test_report_a_secret_without_a_value(self, client, parameters):
        """Inferred: not observed on AWS; the text is that of GetSecretValue."""
        client.create_secret(Name="db")

        (error,) = client.batch_get_secret_value(**parameters)["Errors"]

        assert (error["ErrorCode"], error["Message"]) == (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        )

    def test_report_secrets_in_other_regions_and_accounts(self, fakesecrets, client):
        """LocalStack test test_cross_account_access for GetSecretValue; inferred for the batch without a policy."""
        west = fakesecrets.client("eu-west-1").create_secret(Name="db", SecretString="old")["ARN"]
        other = fakesecrets.client(aws_access_key_id="210987654321")
        theirs = other.create_secret(Name="db", SecretString="old")["ARN"]

        answered = client.batch_get_secret_value(SecretIdList=[west, theirs])

        assert answered["SecretValues"] == []
        assert [entry["ErrorCode"] for entry in answered["Errors"]] == ["ResourceNotFoundException"] * 2

    def test_do_not_count_as_accesses(self, client):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="db", SecretString="old")
        client.delete_secret(SecretId="db")
        client.batch_get_secret_value(SecretIdList=["db"])

        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")


def test_filters_of_a_batch_omit_secrets_that_are_marked_for_deletion(client):
    """Inferred: not observed on AWS."""
    client.create_secret(Name="gone", SecretString="old")
    client.create_secret(Name="good", SecretString="old")
    client.delete_secret(SecretId="gone")

    answered = client.batch_get_secret_value(Filters=by_name("go"))

    assert names(answered) == ["good"]
    assert answered["Errors"] == []


class TestABatchRequestIsRejected:
    @pytest.fixture(autouse=True)
    def db(self, client):
        client.create_secret(Name="db", SecretString="old")

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param({}, id="neither ids nor filters"),
            pytest.param({"Filters": []}, id="no ids, and no filter"),
            pytest.param({"SecretIdList": ["db"], "Filters": by_name("db")}, id="both ids and filters"),
            pytest.param({"SecretIdList": ["db"], "MaxResults": 5}, id="a size of pages for ids"),
            pytest.param({"MaxResults": 5}, id="a size of pages alone"),
        ],
    )
    def test_for_a_contradictory_combination_of_ids_filters_and_page_size(self, client, sent):
        """API_BatchGetSecretValue; the messages are unknown."""
        with rejected("InvalidParameterException") as answer:
            client.batch_get_secret_value(**sent)

        assert answer.status == 400

    @pytest.mark.parametrize(
        ("sent", "source"),
        [
            pytest.param({"SecretIdList": ["db"] * 21}, MODEL, id="too many ids"),
            pytest.param({"SecretIdList": []}, MODEL, id="an empty list of ids"),
            pytest.param({"SecretIdList": ["x" * 2049]}, MODEL, id="an id that is too long"),
            pytest.param({"SecretIdList": [""]}, MODEL, id="an empty id"),
            pytest.param({"Filters": by_name("db"), "MaxResults": 21}, MODEL, id="a page that is too large"),
            pytest.param({"Filters": by_name("db"), "MaxResults": 0}, MODEL, id="a page of nothing"),
            pytest.param({"SecretIdList": ["db", "Inv Name"]}, INFERRED, id="an illegal name"),
        ],
    )
    def test_for_a_violation_of_a_constraint(self, sent, source):
        status, answered = raw("BatchGetSecretValue", sent)

        assert (status, answered["__type"]) == (400, "ValidationException"), source

    def test_without_reading_any_secret(self, client):
        """Inferred: not observed on AWS."""
        with rejected("ValidationException") as answer:
            client.batch_get_secret_value(SecretIdList=["db", "Inv Name"])

        assert answer.status == 400
        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")


class TestPagesOfABatch:
    @pytest.fixture(autouse=True)
    def five(self, client):
        for name in ("db1", "db2", "db3", "db4", "db5", "other"):
            client.create_secret(Name=name, SecretString="old")

    def test_are_linked_by_tokens(self, client):
        """API_BatchGetSecretValue: MaxResults and NextToken."""
        parameters = {"Filters": by_name("db"), "MaxResults": 2}

        first = client.batch_get_secret_value(**parameters)
        second = client.batch_get_secret_value(**parameters, NextToken=first["NextToken"])
        third = client.batch_get_secret_value(**parameters, NextToken=second["NextToken"])

        assert [names(page) for page in (first, second, third)] == [["db1", "db2"], ["db3", "db4"], ["db5"]]
        assert "NextToken" not in third

    def test_have_no_token_after_a_full_last_page(self, client):
        """API_BatchGetSecretValue: NextToken is there if there are more."""
        answered = client.batch_get_secret_value(Filters=by_name("db"), MaxResults=5)

        assert len(answered["SecretValues"]) == 5
        assert "NextToken" not in answered

    def test_hold_twenty_secrets_by_default(self, client):
        """Inferred: not observed on AWS."""
        for number in range(21):
            client.create_secret(Name=f"more{number}", SecretString="old")

        first = client.batch_get_secret_value(Filters=by_name("more"))
        second = client.batch_get_secret_value(Filters=by_name("more"), NextToken=first["NextToken"])

        assert (len(first["SecretValues"]), names(second)) == (20, ["more20"])

    def test_include_errors_in_their_size(self, client):
        """Inferred: not observed on AWS."""
        client.create_secret(Name="more1")
        client.create_secret(Name="more2", SecretString="old")

        first = client.batch_get_secret_value(Filters=by_name("more"), MaxResults=1)
        second = client.batch_get_secret_value(
            Filters=by_name("more"), MaxResults=1, NextToken=first["NextToken"]
        )

        assert (names(first), len(first["Errors"])) == ([], 1)
        assert (names(second), len(second["Errors"])) == (["more2"], 0)

    def test_reach_every_secret_although_each_one_is_deleted_after_it_is_read(self, client):
        """Inferred: not observed on AWS."""
        parameters, following, read = {"Filters": by_name("db"), "MaxResults": 2}, {}, []
        while following is not None:
            page = client.batch_get_secret_value(**parameters, **following)
            for name in names(page):
                client.delete_secret(SecretId=name)
                read.append(name)
            following = {"NextToken": page["NextToken"]} if "NextToken" in page else None

        assert read == ["db1", "db2", "db3", "db4", "db5"]

    def test_reach_every_permanent_secret_although_others_are_created_and_deleted(self, client):
        """Inferred: not observed on AWS."""
        parameters = {"Filters": by_name("db"), "MaxResults": 2}
        first = client.batch_get_secret_value(**parameters)
        client.delete_secret(SecretId="db1", ForceDeleteWithoutRecovery=True)
        client.delete_secret(SecretId="db4", ForceDeleteWithoutRecovery=True)
        client.create_secret(Name="db1", SecretString="new")

        second = client.batch_get_secret_value(**parameters, NextToken=first["NextToken"])

        assert (names(first), names(second)) == (["db1", "db2"], ["db3", "db5"])
        assert "NextToken" not in second

    @pytest.mark.parametrize(
        "value", [pytest.param("o", id="of another request"), pytest.param(None, id="that was never given")]
    )
    def test_are_rejected_for_an_invalid_token(self, client, value):
        """botocore's service model: InvalidNextTokenException; inferred for another request."""
        given = client.batch_get_secret_value(Filters=by_name("db"), MaxResults=2)["NextToken"]

        with rejected("InvalidNextTokenException") as answer:
            client.batch_get_secret_value(
                Filters=by_name(value or "db"), MaxResults=2, NextToken=given if value else "garbage"
            )

        assert answer.status == 400

    def test_are_rejected_for_a_list_of_ids(self, client):
        """API_BatchGetSecretValue: pages belong to Filters; inferred for the error."""
        given = client.batch_get_secret_value(Filters=by_name("db"), MaxResults=2)["NextToken"]

        for sent in (given, "garbage"):
            with rejected("InvalidNextTokenException") as answer:
                client.batch_get_secret_value(SecretIdList=["db1"], NextToken=sent)

            assert answer.status == 400

    def test_reject_the_tokens_of_list_secrets(self, client):
        """Inferred: not observed on AWS."""
        given = client.list_secrets(Filters=by_name("db"), MaxResults=2)["NextToken"]

        with rejected("InvalidNextTokenException") as answer:
            client.batch_get_secret_value(Filters=by_name("db"), MaxResults=2, NextToken=given)

        assert answer.status == 400
