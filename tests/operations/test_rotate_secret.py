"""RotateSecret: parameters, errors and their order, and the response."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ParamValidationError
from rotation_functions import nothing, raising_in, well_behaved
from support import MODEL, current, labels, needs, raw, rejected, token

from pytest_fakesecrets._service.parser import service_model

NO_FUNCTION = "No Lambda rotation function ARN is associated with this secret."
IN_PROGRESS = "A previous rotation isn't complete. That rotation will be reattempted."
CANNOT_INVOKE = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
    "access to the principal secretsmanager.amazonaws.com."
)
INVALID_ARN = (
    "Invalid rotation Lambda ARN. Ensure the ARN matches format "
    "arn:aws:lambda:<region>:<account>:function:<functionName>."
)
MISSING_TOKEN = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
UNKNOWN_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
#: Older models have "[0-9h]+".
DURATION = service_model().shape_for("DurationType").metadata["pattern"]
EXAMPLE_TOKEN = "EXAMPLE2-90ab-cdef-fedc-ba987SECRET2"


@pytest.fixture
def function(fakesecrets):
    return fakesecrets.add_rotation_function(well_behaved)


class TestTheResponseOfRotateSecret:
    def test_names_the_secret_and_the_pending_version(self, db, function, fakesecrets_rotation):
        answer = db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

        del answer["ResponseMetadata"]
        assert answer == {
            "ARN": db.describe_secret(SecretId="db")["ARN"],
            "Name": "db",
            "VersionId": token(2),
        }

    def test_has_a_token_of_botocore_by_default(self, db, function):
        answer = db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert len(answer["VersionId"]) == 36
        assert current(db, "db") == answer["VersionId"]

    @pytest.mark.parametrize("form", ["name", "full ARN", "partial ARN"])
    def test_is_the_same_for_every_form_of_secret_id(self, db, function, form):
        arn = db.describe_secret(SecretId="db")["ARN"]
        sent = {"name": "db", "full ARN": arn, "partial ARN": arn[:-7]}[form]

        answer = db.rotate_secret(SecretId=sent, RotationLambdaARN=function)

        assert (answer["ARN"], answer["Name"]) == (arn, "db")

    def test_is_returned_although_the_rotation_fails_later(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(raising_in("createSecret"))

        with pytest.warns(match="the database is down"):
            answer = db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200, "AWS PCS user guide"


class TestTheSampleRequestsOfTheDocumentation:
    """The three requests that the reference prints, replayed to the letter [API_RotateSecret]."""

    FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:MyTestDatabaseRotationLambda"

    @pytest.fixture
    def client(self, fakesecrets):
        client = fakesecrets.client("us-west-2")
        client.create_secret(Name="MyTestDatabaseSecret", SecretString="old")
        fakesecrets.add_rotation_function(well_behaved, name=self.FUNCTION)
        return client

    @pytest.mark.parametrize(
        "configuration",
        [
            pytest.param(
                {
                    "RotationLambdaARN": FUNCTION,
                    "RotationRules": {"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"},
                    "RotateImmediately": True,
                },
                id="a cron expression",
            ),
            pytest.param(
                {
                    "RotationLambdaARN": FUNCTION,
                    "RotationRules": {"ScheduleExpression": "rate(10 days)"},
                    "RotateImmediately": True,
                },
                id="a rate expression",
            ),
        ],
    )
    def test_store_the_configuration_and_rotate_immediately(self, client, configuration):
        answer = client.rotate_secret(
            SecretId="MyTestDatabaseSecret", ClientRequestToken=EXAMPLE_TOKEN, **configuration
        )

        assert answer["ARN"].startswith(
            "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestDatabaseSecret-"
        )
        assert (answer["Name"], answer["VersionId"]) == ("MyTestDatabaseSecret", EXAMPLE_TOKEN)
        described = client.describe_secret(SecretId="MyTestDatabaseSecret")
        reported = described["RotationRules"]
        assert reported["ScheduleExpression"] == configuration["RotationRules"]["ScheduleExpression"]
        assert reported.get("Duration") == configuration["RotationRules"].get("Duration")
        assert current(client, "MyTestDatabaseSecret") == EXAMPLE_TOKEN

    def test_rotate_with_the_stored_configuration(self, client):
        client.rotate_secret(SecretId="MyTestDatabaseSecret", RotationLambdaARN=self.FUNCTION)

        answer = client.rotate_secret(SecretId="MyTestDatabaseSecret", ClientRequestToken=EXAMPLE_TOKEN)

        assert (answer["Name"], answer["VersionId"]) == ("MyTestDatabaseSecret", EXAMPLE_TOKEN)
        assert current(client, "MyTestDatabaseSecret") == EXAMPLE_TOKEN


class TestTheConfigurationOfARotation:
    def test_is_stored_for_later_calls_without_parameters(self, db, function):
        """LocalStack snapshot test_rotate_secret_multiple_times_with_lambda_success."""
        rules = {"AutomaticallyAfterDays": 7, "Duration": "3h"}
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules=rules)

        db.rotate_secret(SecretId="db")

        described = db.describe_secret(SecretId="db")
        assert described["RotationLambdaARN"] == function
        assert described["RotationRules"] == rules

    def test_keeps_the_function_if_only_rules_are_sent(self, db, function):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        db.rotate_secret(SecretId="db", RotationRules={"AutomaticallyAfterDays": 30})

        described = db.describe_secret(SecretId="db")
        assert described["RotationLambdaARN"] == function
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}

    def test_keeps_the_rules_if_only_a_function_is_sent(self, db, function, fakesecrets):
        db.rotate_secret(
            SecretId="db", RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30}
        )
        other = fakesecrets.add_rotation_function(well_behaved, name="other")

        db.rotate_secret(SecretId="db", RotationLambdaARN=other)

        described = db.describe_secret(SecretId="db")
        assert described["RotationLambdaARN"] == other
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}

    def test_replaces_the_old_rules_as_a_whole(self, db, function):
        """Inferred: not observed on AWS."""
        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=function,
            RotationRules={"AutomaticallyAfterDays": 30, "Duration": "3h"},
        )

        db.rotate_secret(SecretId="db", RotationRules={"AutomaticallyAfterDays": 10})

        assert db.describe_secret(SecretId="db")["RotationRules"] == {"AutomaticallyAfterDays": 10}

    def test_without_a_schedule_leaves_only_manual_rotation(self, db, function):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        described = db.describe_secret(SecretId="db")

        assert described["RotationEnabled"] is True
        assert "RotationRules" not in described
        assert "NextRotationDate" not in described

    def test_treats_an_empty_function_arn_as_none(self, db, function):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        db.rotate_secret(SecretId="db", RotationLambdaARN="")

        assert db.describe_secret(SecretId="db")["RotationLambdaARN"] == function

    def test_accepts_a_function_with_a_qualifier(self, db, function):
        """Inferred: not observed on AWS."""
        db.rotate_secret(SecretId="db", RotationLambdaARN=f"{function}:live")

        described = db.describe_secret(SecretId="db")

        assert described["RotationLambdaARN"] == f"{function}:live"
        assert described["LastRotatedDate"]


class TestBotocoreItselfRejects:
    """These requests never reach the service: botocore checks the minimum lengths of the service model."""

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            ({}, 'Missing required parameter in input: "SecretId"'),
            ({"SecretId": ""}, "Invalid length for parameter SecretId, value: 0, valid min length: 1"),
            (
                {"SecretId": "db", "ClientRequestToken": "12345"},
                "Invalid length for parameter ClientRequestToken, value: 5, valid min length: 32",
            ),
            (
                {"SecretId": "db", "RotationRules": {"AutomaticallyAfterDays": 0}},
                "Invalid value for parameter RotationRules.AutomaticallyAfterDays, value: 0, valid min value: 1",
            ),
            (
                {"SecretId": "db", "RotationRules": {"Duration": "3"}},
                "Invalid length for parameter RotationRules.Duration, value: 1, valid min length: 2",
            ),
            (
                {"SecretId": "db", "RotateImmediately": "no"},
                "Invalid type for parameter RotateImmediately, value: no, type: <class 'str'>",
            ),
        ],
        ids=["no secret", "empty secret id", "short token", "no days", "short duration", "wrong type"],
    )
    def test_a_parameter_below_its_minimum(self, db, sent, message):
        with pytest.raises(ParamValidationError) as raised:
            db.rotate_secret(**sent)

        assert message in str(raised.value)


class TestRotateSecretRejects:
    def test_a_raw_request_without_a_token_even_for_a_missing_secret(self, fakesecrets):
        """LocalStack snapshot test_no_client_request_token[RotateSecret]."""
        status, document = raw("RotateSecret", {"SecretId": "nobody"})

        assert (status, document) == (400, {"__type": "InvalidParameterException", "Message": MISSING_TOKEN})

    def test_a_name_with_an_illegal_character(self, client):
        """terraform-provider-aws issue 39406; LocalStack snapshot test_invalid_secret_name."""
        with rejected("ValidationException") as answer:
            client.rotate_secret(SecretId="Inv Name")

        assert answer.message == (
            "Invalid name. Must be a valid name containing alphanumeric characters, "
            "or any of the following: -/_+=.@!"
        )
        assert "Message" not in answer.response

    def test_a_secret_that_does_not_exist(self, client):
        with rejected("ResourceNotFoundException") as answer:
            client.rotate_secret(SecretId="nobody")

        assert answer.message == "Secrets Manager can't find the specified secret."

    def test_a_secret_that_is_scheduled_for_deletion(self, db, function):
        db.delete_secret(SecretId="db")

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert answer.message == (
            "You can't perform this operation on the secret because it was marked for deletion."
        )

    @pytest.mark.parametrize(
        "sent",
        [{}, {"RotationRules": {"AutomaticallyAfterDays": 1}}, {"RotationLambdaARN": ""}],
        ids=["nothing", "only rules", "an empty ARN"],
    )
    def test_a_call_without_a_stored_or_sent_function(self, db, sent):
        """LocalStack snapshot test_first_rotate_secret_with_missing_lambda_arn."""
        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", **sent)

        assert answer.message == NO_FUNCTION
        assert answer.response["Message"] == NO_FUNCTION
        assert not {"RotationEnabled", "RotationRules", "RotationLambdaARN"} & set(
            db.describe_secret(SecretId="db")
        )

    def test_a_function_that_was_not_added(self, db):
        """LocalStack snapshot test_rotate_secret_invalid_lambda_arn."""
        with rejected("AccessDeniedException") as answer:
            db.rotate_secret(
                SecretId="db",
                RotationLambdaARN=UNKNOWN_FUNCTION,
                RotationRules={"AutomaticallyAfterDays": 1},
            )

        assert (answer.message, answer.status) == (CANNOT_INVOKE, 400)
        assert "Message" not in answer.response
        assert not {"RotationEnabled", "RotationRules", "RotationLambdaARN"} & set(
            db.describe_secret(SecretId="db")
        )

    @pytest.mark.parametrize(
        "arn",
        [
            "rotate",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda:us-east-1:123456789012:layer:rotate",
            "arn:aws:lambda:eu-west-1:123456789012:function:rotate",
        ],
        ids=["a name", "a bucket", "a layer", "another region"],
    )
    def test_an_arn_that_is_not_a_function_of_the_region(self, db, arn):
        """badmintoncryer/cdk-preflight, checked by deploys."""
        with rejected("InvalidParameterException") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=arn)

        assert answer.message == INVALID_ARN

    def test_days_and_an_expression_together(self, db, function):
        """terraform-provider-aws issue 33329."""
        with rejected("InvalidParameterException") as answer:
            db.rotate_secret(
                SecretId="db",
                RotationLambdaARN=function,
                RotationRules={"AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)"},
            )

        assert answer.message == (
            "You cannot specify both rotation frequency and schedule expression together."
        )

    @pytest.mark.parametrize(
        ("sent", "message", "source"),
        [
            pytest.param(
                {"ClientRequestToken": "x" * 65},
                f"Value '{'x' * 65}' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must have length less than or equal to 64",
                MODEL,
                id="token too long",
            ),
            pytest.param(
                {"RotationRules": {"AutomaticallyAfterDays": 1001}},
                "Value '1001' at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint: "
                "Member must have value less than or equal to 1000",
                "API_RotationRulesType",
                id="too many days",
            ),
            pytest.param(
                {"RotationRules": {"Duration": "xxh"}},
                "Value 'xxh' at 'rotationRules.duration' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {DURATION}",
                MODEL,
                id="duration without a number",
            ),
        ],
    )
    def test_a_parameter_above_its_maximum_or_against_its_pattern(self, db, sent, message, source):
        with rejected("ValidationException") as answer:
            db.rotate_secret(SecretId="db", **sent)

        assert answer.message == f"1 validation error detected: {message}", source

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            (
                {"ClientRequestToken": "short"},
                "Value 'short' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must have length greater than or equal to 32",
            ),
            (
                {"RotationRules": {"AutomaticallyAfterDays": 0}},
                "Value '0' at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1",
            ),
        ],
        ids=["token too short", "no days"],
    )
    def test_a_raw_parameter_below_its_minimum(self, fakesecrets, sent, message):
        status, document = raw("RotateSecret", {"SecretId": "db", **sent})

        assert (status, document["__type"]) == (400, "ValidationException")
        assert document["message"] == f"1 validation error detected: {message}"


class TestTheOrderOfTheChecksOfRotateSecret:
    """Parts of the order come from the recordings named above; the rest is inferred."""

    def test_checks_the_token_before_the_secret(self, fakesecrets):
        assert raw("RotateSecret", {"SecretId": "Inv Name"})[1]["Message"] == MISSING_TOKEN

    def test_checks_constraints_before_the_token(self, fakesecrets):
        document = raw("RotateSecret", {"SecretId": "db", "RotationRules": {"Duration": "xxh"}})[1]

        assert document["__type"] == "ValidationException"

    def test_checks_deletion_before_the_rules(self, db):
        db.delete_secret(SecretId="db")

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(
                SecretId="db",
                RotationRules={"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
            )

        assert "marked for deletion" in answer.message

    def test_checks_the_rules_before_the_function(self, db):
        with rejected("InvalidParameterException") as answer:
            db.rotate_secret(
                SecretId="db",
                RotationLambdaARN="nonsense",
                RotationRules={"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
            )

        assert answer.message.startswith("You cannot specify both")

    def test_checks_for_a_rotation_in_progress_before_the_permission_to_invoke(self, db):
        db.put_secret_value(SecretId="db", SecretString="half", VersionStages=["AWSPENDING"])

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=UNKNOWN_FUNCTION)

        assert answer.message == IN_PROGRESS

    def test_checks_for_a_missing_function_before_a_rotation_in_progress(self, db):
        db.put_secret_value(SecretId="db", SecretString="half", VersionStages=["AWSPENDING"])

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db")

        assert answer.message == NO_FUNCTION


class TestARotationInProgress:
    """It is read from the labels: AWSPENDING on a version without AWSCURRENT [API_RotateSecret]."""

    def test_blocks_the_next_one(self, db, function, fakesecrets_rotation):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db")

        assert answer.message == IN_PROGRESS, "terraform-provider-aws issue 35023"

    def test_blocks_a_change_of_the_schedule_which_is_not_stored(self, db, function, fakesecrets_rotation):
        """terraform-provider-aws issue 35023."""
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(
                SecretId="db", RotationRules={"AutomaticallyAfterDays": 3}, RotateImmediately=False
            )

        assert answer.message == IN_PROGRESS
        assert "RotationRules" not in db.describe_secret(SecretId="db")

    def test_is_also_assumed_for_a_pending_value_that_was_put_manually(self, db, function):
        db.put_secret_value(SecretId="db", SecretString="half", VersionStages=["AWSPENDING"])

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert answer.message == IN_PROGRESS

    def test_has_ended_if_awspending_is_on_the_current_version(self, db, function):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        assert labels(db, "db")[token(2)] == {"AWSCURRENT", "AWSPENDING"}

        db.rotate_secret(SecretId="db", ClientRequestToken=token(3))

        assert labels(db, "db") == {token(2): {"AWSPREVIOUS"}, token(3): {"AWSCURRENT", "AWSPENDING"}}

    @pytest.mark.parametrize(
        "repair", ["remove the label", "finish by hand", "put a value", "update the value"]
    )
    def test_is_ended_by_a_manual_repair(self, db, fakesecrets, repair):
        """API_CancelRotateSecret; AWS PCS user guide; terraform-provider-aws issue 35023."""
        function = fakesecrets.add_rotation_function(raising_in("setSecret"))
        with pytest.warns(match="setSecret"):
            db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

        if repair == "remove the label":
            db.update_secret_version_stage(
                SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
            )
        elif repair == "finish by hand":
            db.update_secret_version_stage(
                SecretId="db",
                VersionStage="AWSCURRENT",
                MoveToVersionId=token(2),
                RemoveFromVersionId=token(1),
            )
        elif repair == "put a value":
            db.put_secret_value(SecretId="db", SecretString="by hand")
        else:
            db.update_secret(SecretId="db", SecretString="by hand")

        healthy = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=healthy, ClientRequestToken=token(9))
        assert current(db, "db") == token(9)


class TestTheTokenOfRotateSecret:
    """Inferred from the model: RotateSecret has no ResourceExistsException."""

    def test_of_the_running_rotation_returns_the_same_response_and_changes_nothing(
        self, db, function, fakesecrets, fakesecrets_rotation
    ):
        first = db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

        again = db.rotate_secret(
            SecretId="db", RotationRules={"AutomaticallyAfterDays": 3}, ClientRequestToken=token(2)
        )

        assert again["VersionId"] == first["VersionId"]
        assert "RotationRules" not in db.describe_secret(SecretId="db")
        assert len(fakesecrets.rotations("db")) == 1

    def test_of_the_rotation_that_made_the_current_version_returns_the_same_response(
        self, db, function, fakesecrets
    ):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

        again = db.rotate_secret(SecretId="db", ClientRequestToken=token(2))

        assert again["VersionId"] == token(2)
        assert len(fakesecrets.rotations("db")) == 1
        assert current(db, "db") == token(2)

    @pytest.mark.parametrize("used", [token(1), token(2)], ids=["the value's own", "an older rotation's"])
    def test_of_any_other_version_is_rejected(self, db, function, used):
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        arn = db.rotate_secret(SecretId="db", ClientRequestToken=token(3))["ARN"]

        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", ClientRequestToken=used)

        assert answer.message == (
            f"You can't use ClientRequestToken {used} because that value is already in use "
            f"for a version of secret {arn}."
        )


class TestRotateSecretOfAManagedSecret:
    """Secrets that another AWS service owns (user guide, rotate-secrets_managed)."""

    def test_keeps_owner_and_schedule_and_stores_no_function(self, client, fakesecrets):
        """floci pull request 2378, checked on AWS."""
        fakesecrets.add_secret("rds!db-1", "{}", owning_service="rds")

        described = client.describe_secret(SecretId="rds!db-1")

        assert described["OwningService"] == "rds"
        assert described["RotationEnabled"] is True
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 7}
        assert "RotationLambdaARN" not in described

    def test_rejects_a_function(self, client, fakesecrets, function):
        """floci pull request 2378, checked on AWS."""
        fakesecrets.add_secret("rds!db-1", "{}", owning_service="rds")

        with rejected("InvalidRequestException") as answer:
            client.rotate_secret(SecretId="rds!db-1", RotationLambdaARN=function)

        assert answer.message == "Rotation Lambda ARN is not supported for a service-managed secret."

    def test_needs_no_function_and_leaves_both_labels_on_the_new_version(self, client, fakesecrets):
        """AWS CLI reference, list-secrets."""
        fakesecrets.add_secret("rds!db-1", '{"username": "admin", "password": "old"}', owning_service="rds")

        answer = client.rotate_secret(SecretId="rds!db-1", RotationRules={"AutomaticallyAfterDays": 3})

        view = fakesecrets.secret("rds!db-1")
        assert view.staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT", "AWSPENDING"}}
        assert view.labels["AWSCURRENT"] == answer["VersionId"]
        assert view.json()["username"] == "admin"
        assert view.json()["password"] not in ("old", None)
        described = client.describe_secret(SecretId="rds!db-1")
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 3}
        assert described["LastRotatedDate"]

    @pytest.mark.parametrize(
        ("value", "replaced"),
        [
            pytest.param(
                {"client_id": "a", "client_secret": "old", "token_url": "u", "keyspace": "k"},
                {"client_secret"},
                id="client_secret",
            ),
            pytest.param(
                {"password": "old", "token": "t", "masterarn": "m"}, {"password"}, id="password alone"
            ),
            pytest.param({"clientId": "a", "clientSecret": "old"}, {"clientSecret"}, id="camelCase"),
            pytest.param(
                {"key-id": "a", "private-key": "old", "public-key": "p"}, {"private-key"}, id="kebab-case"
            ),
            pytest.param({"user": "a", "passwd": "old", "primary_key": "i"}, {"passwd"}, id="passwd"),
            pytest.param({"apiKey": "old", "passphrase": "old"}, {"apiKey", "passphrase"}, id="two of them"),
            pytest.param({"username": "a", "host": "h"}, {"password"}, id="no credential yet"),
        ],
    )
    def test_replaces_only_the_credential(self, client, fakesecrets, value, replaced):
        """Inferred: not observed on AWS."""
        fakesecrets.add_secret("rds!db-1", json.dumps(value), owning_service="rds")

        client.rotate_secret(SecretId="rds!db-1")

        after = fakesecrets.secret("rds!db-1").json()
        assert {name for name in after if after[name] != value.get(name)} == replaced
        assert value.keys() <= after.keys()
        assert len({after[name] for name in replaced}) == 1

    def test_waits_for_the_driver_if_the_test_requests_it(self, client, fakesecrets, fakesecrets_rotation):
        fakesecrets.add_secret("rds!db-1", "old", owning_service="rds")
        client.rotate_secret(SecretId="rds!db-1")
        assert fakesecrets.secret("rds!db-1").value() == "old"

        rotation = fakesecrets_rotation.run()

        assert rotation.status == "succeeded"
        assert fakesecrets.secret("rds!db-1").value() != "old"

    def test_runs_no_step_for_rotate_immediately_false(self, client, fakesecrets):
        fakesecrets.add_secret("rds!db-1", "old", owning_service="rds")

        client.rotate_secret(
            SecretId="rds!db-1", RotationRules={"AutomaticallyAfterDays": 3}, RotateImmediately=False
        )

        assert fakesecrets.secret("rds!db-1").staging == {"v1": {"AWSCURRENT"}}
        assert fakesecrets.cloudtrail == ()

    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.rotate_secret(SecretId="events!connection/x"),
            lambda client: client.put_secret_value(SecretId="events!connection/x", SecretString="new"),
            lambda client: client.update_secret(SecretId="events!connection/x", SecretString="new"),
            lambda client: client.delete_secret(SecretId="events!connection/x"),
        ],
        ids=["RotateSecret", "PutSecretValue", "UpdateSecret", "DeleteSecret"],
    )
    def test_is_rejected_if_its_owner_does_not_rotate(self, client, fakesecrets, call):
        """API_RotateSecret names the cause; the text is the user guide's, troubleshoot."""
        fakesecrets.add_secret("events!connection/x", "value", owning_service="events")

        with rejected("InvalidRequestException") as answer:
            call(client)

        assert answer.message.startswith("This secret is managed by an AWS service, and you must use that")


@needs("CreateSecret", "Type")
class TestRotateSecretOfAManagedExternalSecret:
    """Secrets of a partner of AWS, which rotate through a role (user guide, rotate-secrets_external)."""

    ROLE = "arn:aws:iam::123456789012:role/rotate"
    METADATA = ({"Key": "adminSecretArn", "Value": "arn"}, {"Key": "apiVersion", "Value": "v65.0"})

    @pytest.fixture
    def external(self, client):
        client.create_secret(
            Name="partner", SecretString='{"apiKey": "old", "id": "7"}', Type="DatadogApiKey"
        )
        return client

    def test_accepts_metadata_and_a_role_and_stores_both(self, external, fakesecrets):
        external.rotate_secret(
            SecretId="partner",
            RotationRules={"AutomaticallyAfterDays": 30},
            ExternalSecretRotationMetadata=list(self.METADATA),
            ExternalSecretRotationRoleArn=self.ROLE,
        )

        described = external.describe_secret(SecretId="partner")
        assert described["Type"] == "DatadogApiKey"
        assert described["ExternalSecretRotationMetadata"] == list(self.METADATA)
        assert described["ExternalSecretRotationRoleArn"] == self.ROLE
        assert fakesecrets.secret("partner").json()["apiKey"] != "old"
        assert fakesecrets.secret("partner").json()["id"] == "7"

    def test_requires_a_role_in_place_of_a_function(self, external):
        with rejected("InvalidRequestException") as answer:
            external.rotate_secret(SecretId="partner", RotationRules={"AutomaticallyAfterDays": 30})

        assert answer.message == NO_FUNCTION

    def test_rejects_a_role_that_cannot_be_assumed(self, external):
        """terraform-provider-aws, a comment in its source: the text contains these words."""
        with rejected("InvalidRequestException") as answer:
            external.rotate_secret(
                SecretId="partner", ExternalSecretRotationRoleArn="arn:aws:s3:::not-a-role-at-all"
            )

        assert "unable to assume role" in answer.message

    def test_does_not_exempt_an_ordinary_secret_with_a_role_from_a_function(self, db):
        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db", ExternalSecretRotationRoleArn=self.ROLE)

        assert answer.message == NO_FUNCTION


def test_a_secret_without_any_value_can_be_rotated(client, fakesecrets):
    """terraform-provider-aws, acceptance tests of aws_secretsmanager_secret_rotation."""
    client.create_secret(Name="empty")
    function = fakesecrets.add_rotation_function(nothing)

    with pytest.warns(match="AWSCURRENT is on no version"):
        answer = client.rotate_secret(SecretId="empty", RotationLambdaARN=function)

    assert labels(client, "empty") == {answer["VersionId"]: {"AWSPENDING"}}
