"""PutSecretValue: a new version, and the labels that it takes."""

from __future__ import annotations

import pytest
from rotation_functions import nothing
from support import labels, needs, raw, refused, token

INFERRED = "inferred: not observed on AWS"
ROTATION_TOKEN = needs("PutSecretValue", "RotationToken")
FULL = "You exceeded the maximum number of staging labels allowed on a secret."


@pytest.fixture
def db(client):
    """One version under token(1), with AWSCURRENT."""
    return client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))["ARN"]


def test_put_secret_value_answers_with_the_version_and_its_labels(client, db):
    """LocalStack snapshot test_put_secret_value_with_version_stages."""
    put = client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

    assert set(put) == {"ARN", "Name", "VersionId", "VersionStages", "ResponseMetadata"}
    assert (put["ARN"], put["Name"]) == (db, "db")
    assert (put["VersionId"], put["VersionStages"]) == (token(2), ["AWSCURRENT"])


@pytest.mark.parametrize(
    ("stages", "source"),
    [
        pytest.param(
            ["AWSPENDING"], "LocalStack snapshot test_put_secret_value_with_version_stages", id="pending"
        ),
        pytest.param(
            ["SAMPLESTAGE0", "SAMPLESTAGE1"],
            "LocalStack snapshot test_put_secret_value_with_version_stages",
            id="custom",
        ),
        pytest.param(
            ["AWSSOMETHING"],
            "LocalStack snapshot test_non_versioning_version_stages_replacement",
            id="custom with the prefix of AWS",
        ),
        pytest.param(["x" * 256], "botocore's service model", id="longest"),
    ],
)
@pytest.mark.usefixtures("db")
def test_put_secret_value_with_other_labels_leaves_the_current_value(client, stages, source):
    put = client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=stages
    )

    assert sorted(put["VersionStages"]) == stages, source
    assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): set(stages)}, source
    assert client.get_secret_value(SecretId="db")["SecretString"] == "old", source


def test_put_secret_value_tells_labels_apart_by_case(client, db):
    """Inferred: not observed on AWS."""
    client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["one"]
    )

    client.put_secret_value(
        SecretId="db", SecretString="newer", ClientRequestToken=token(3), VersionStages=["ONE"]
    )

    assert labels(client, "db") == {token(1): {"AWSCURRENT"}, token(2): {"one"}, token(3): {"ONE"}}


def test_put_secret_value_takes_a_label_that_is_sent_twice_once(client, db):
    """Inferred: not observed on AWS."""
    put = client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["one", "one"]
    )

    assert put["VersionStages"] == ["one"]


def test_put_secret_value_makes_the_first_value_current_whatever_is_asked(client):
    """API_PutSecretValue: AWSCURRENT is attached to the first version automatically."""
    client.create_secret(Name="db")

    put = client.put_secret_value(SecretId="db", SecretString="first", VersionStages=["AWSPENDING"])

    assert sorted(put["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_put_secret_value_may_change_the_kind_of_the_value(client, db):
    """LocalStack snapshot test_change_secret_value_after_creation."""
    client.put_secret_value(SecretId="db", SecretBinary=b"new")

    read = client.get_secret_value(SecretId="db")
    assert read["SecretBinary"] == b"new"
    assert "SecretString" not in read


def test_put_secret_value_of_the_same_value_makes_another_version(client, db):
    """Inferred from UpdateSecret: LocalStack test test_last_updated_date (aws validated)."""
    client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(2))

    assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}


def test_put_secret_value_of_no_value_is_refused(client, db):
    """Terraform AWS provider."""
    with refused("InvalidRequestException") as answer:
        client.put_secret_value(SecretId="db")

    assert answer.message == "You must provide either SecretString or SecretBinary."


def test_put_secret_value_of_two_values_is_refused(client, db):
    """A public log of AWS's answer to CreateSecret; inferred for PutSecretValue."""
    with refused("InvalidParameterException") as answer:
        client.put_secret_value(SecretId="db", SecretString="text", SecretBinary=b"bytes")

    assert answer.message == (
        "You can't specify both a binary secret value and a string secret value in the same secret."
    )


def test_put_secret_value_keeps_older_values_readable_by_id(client, db):
    """Terraform AWS provider, acceptance tests."""
    client.put_secret_value(SecretId="db", SecretString="new")
    client.put_secret_value(SecretId="db", SecretString="newer")

    assert client.get_secret_value(SecretId="db", VersionId=token(1))["SecretString"] == "old"


@ROTATION_TOKEN
def test_put_secret_value_with_a_rotation_token_needs_no_rotation(client, db):
    """Inferred: not observed on AWS."""
    put = client.put_secret_value(SecretId="db", SecretString="new", RotationToken="a" * 36)

    assert put["VersionStages"] == ["AWSCURRENT"]


class TestToken:
    """A ClientRequestToken that a version of the secret has already."""

    def test_with_the_same_value_changes_nothing(self, client, db):
        """moto aws-verified test_put_same_secret_value_with_same_token."""
        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert (put["ARN"], put["Name"]) == (db, "db")
        assert (put["VersionId"], put["VersionStages"]) == (token(1), ["AWSCURRENT"])
        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_with_another_value_is_refused(self, client, db):
        """moto aws-verified test_put_different_secret_value_with_same_token."""
        with refused("ResourceExistsException") as answer:
            client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(1))

        assert answer.message == (
            f"You can't use ClientRequestToken {token(1)} because that value is already in use "
            f"for a version of secret {db}."
        )

    def test_with_the_same_bytes_in_the_other_member_is_refused(self, client, db):
        """Inferred: not observed on AWS."""
        with refused("ResourceExistsException") as answer:
            client.put_secret_value(SecretId="db", SecretBinary=b"old", ClientRequestToken=token(1))

        assert token(1) in answer.message

    def test_with_the_same_value_answers_with_the_labels_that_the_version_has_by_now(self, client, db):
        """moto aws-verified test_put_same_secret_value_with_same_token."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert put["VersionStages"] == ["AWSPREVIOUS"]
        assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT"}}

    def test_with_the_same_value_leaves_version_stages_out_where_the_version_has_none(self, client, db):
        """Inferred: members without a value are omitted (API_DescribeSecret), and the list has a minimum of one."""
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
        client.put_secret_value(SecretId="db", SecretString="newer", ClientRequestToken=token(3))

        put = client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=token(1))

        assert put["VersionId"] == token(1)
        assert "VersionStages" not in put

    def test_with_the_same_value_and_other_labels_moves_no_label(self, client, db):
        """Inferred: not observed on AWS."""
        client.put_secret_value(
            SecretId="db", SecretString="old", ClientRequestToken=token(1), VersionStages=["mine"]
        )

        assert labels(client, "db") == {token(1): {"AWSCURRENT"}}

    def test_of_another_secret_is_free(self, client, db):
        """API_PutSecretValue: the token is to be unique within the secret."""
        client.create_secret(Name="other", SecretString="other")

        put = client.put_secret_value(SecretId="other", SecretString="new", ClientRequestToken=token(1))

        assert put["VersionId"] == token(1)

    def test_in_other_letters_is_another_token(self, client, db):
        """Inferred: the id is the token, with no folding of case."""
        small, large = "abcdef" * 6, "ABCDEF" * 6
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=small)

        put = client.put_secret_value(SecretId="db", SecretString="newer", ClientRequestToken=large)

        assert put["VersionId"] == large

    def test_of_a_pending_version_without_a_value_fills_it(
        self, client, db, fakesecrets, fakesecrets_rotation
    ):
        """aws-samples/aws-secrets-manager-rotation-lambdas: createSecret."""
        arn = fakesecrets.add_rotation_function(nothing)
        client.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))

        put = client.put_secret_value(
            SecretId="db", SecretString="new", ClientRequestToken=token(2), VersionStages=["AWSPENDING"]
        )

        assert put["VersionStages"] == ["AWSPENDING"]
        assert client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")["SecretString"] == "new"

    def test_that_is_missing_is_refused(self, client):
        """LocalStack snapshot test_no_client_request_token."""
        status, answered = raw("PutSecretValue", {"SecretId": "nobody", "SecretString": "new"})

        assert status == 400
        assert answered == {
            "__type": "InvalidRequestException",
            "Message": "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        }


class TestQuotas:
    def test_a_secret_has_twenty_labels_over_all_its_versions(self, client, db):
        """User guide, quotas: 20 labels over all versions; a public log: the text; its code is inferred."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        with refused("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="newer", VersionStages=["more"])

        assert answer.message == FULL

    def test_labels_that_move_are_not_counted_twice(self, client, db):
        """User guide, quotas: 20 labels over all versions."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        put = client.put_secret_value(SecretId="db", SecretString="newer", VersionStages=nineteen)

        assert sorted(put["VersionStages"]) == nineteen

    def test_the_automatic_previous_label_counts(self, client, db):
        """Inferred: not observed on AWS."""
        nineteen = [f"label{n:02}" for n in range(19)]
        client.put_secret_value(SecretId="db", SecretString="new", VersionStages=nineteen)

        with refused("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="newer")

        assert answer.message == FULL

    def test_one_request_brings_twenty_labels_at_the_most(self, client, db):
        """botocore's service model; the code is inferred."""
        with refused("ValidationException") as answer:
            client.put_secret_value(
                SecretId="db", SecretString="new", VersionStages=[f"label{n:02}" for n in range(21)]
            )

        assert answer.message.endswith(
            "at 'versionStages' failed to satisfy constraint: Member must have length less than or equal to 20"
        )

    def test_the_hundred_and_first_version_is_refused_within_a_day(self, client, db, fakesecrets_clock):
        """API_PutSecretValue: versions younger than 24 hours are not removed; the code is inferred."""
        for _ in range(99):
            client.put_secret_value(SecretId="db", SecretString="new")

        with refused("LimitExceededException") as answer:
            client.put_secret_value(SecretId="db", SecretString="new")

        assert answer.status == 400

    @pytest.mark.parametrize(
        ("minutes", "is_full"),
        [pytest.param(14, True, id="often"), pytest.param(15, False, id="not so often")],
    )
    def test_values_that_come_every_14_minutes_for_a_day_are_too_many(
        self, client, db, fakesecrets_clock, minutes, is_full
    ):
        """platform-engineering-labs/formae pull request 746: more than one in 14.4 minutes; the code is inferred."""
        fakesecrets_clock.move_to(client.describe_secret(SecretId="db")["CreatedDate"])
        for _ in range(99):
            fakesecrets_clock.tick(minutes * 60)
            client.put_secret_value(SecretId="db", SecretString="new")
        fakesecrets_clock.tick(minutes * 60)

        if is_full:
            with refused("LimitExceededException"):
                client.put_secret_value(SecretId="db", SecretString="new")
        else:
            client.put_secret_value(SecretId="db", SecretString="new")

    def test_the_oldest_version_without_labels_goes_after_a_day(self, client, db, fakesecrets_clock):
        """API_PutSecretValue; user guide, quotas."""
        fakesecrets_clock.move_to("2030-01-01")
        client.update_secret_version_stage(SecretId="db", VersionStage="kept", MoveToVersionId=token(1))
        for number in range(2, 101):
            client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(number))
        fakesecrets_clock.move_to("2030-01-02 00:00:01")

        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(101))

        page = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, MaxResults=100)
        held = {version["VersionId"] for version in page["Versions"]}
        assert len(held) == 100
        assert token(1) in held
        assert token(2) not in held
        assert token(101) in held
        with refused("ResourceNotFoundException") as answer:
            client.get_secret_value(SecretId="db", VersionId=token(2))
        assert answer.message.endswith(f"VersionId: {token(2)}")


@pytest.mark.parametrize(
    ("sent", "path", "source"),
    [
        pytest.param({"ClientRequestToken": "x" * 65}, "clientRequestToken", INFERRED, id="token too long"),
        pytest.param({"VersionStages": ["x" * 257]}, "versionStages.1.member", INFERRED, id="label too long"),
        pytest.param(
            {"RotationToken": "x" * 257},
            "rotationToken",
            INFERRED,
            id="rotation token too long",
            marks=ROTATION_TOKEN,
        ),
        pytest.param(
            {"RotationToken": "?" * 36},
            "rotationToken",
            INFERRED,
            id="rotation token of other signs",
            marks=ROTATION_TOKEN,
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_put_secret_value_refuses_members_beyond_their_bounds(client, sent, path, source):
    with refused("ValidationException") as answer:
        client.put_secret_value(SecretId="db", SecretString="new", **sent)

    assert f"at '{path}' failed to satisfy constraint: Member must " in answer.message, source
