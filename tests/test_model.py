"""The protocol: parsing requests, rejecting constraint violations before any operation, and formatting responses."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSRequest
from support import MODEL, needs, raw, rejected, token

from pytest_fakesecrets._fake.backend import FakeBackend
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service.parser import service_model
from pytest_fakesecrets._transport import botocore_hooks

pytestmark = pytest.mark.usefixtures("kept_clients")

INFERRED = "inferred: not observed on AWS"
FORM = "the general form of AWS services; inferred for Secrets Manager"
MISSING_TOKEN = "You must provide a ClientRequestToken value. We recommend a UUID-type value."


def violated(path, constraint, value=None):
    quoted = "Value" if value is None else f"Value '{value}'"
    return f"{quoted} at '{path}' failed to satisfy constraint: {constraint}"


def at_most(bound, what="length"):
    return f"Member must have {what} less than or equal to {bound}"


def at_least(bound, what="length"):
    return f"Member must have {what} greater than or equal to {bound}"


def exchange(operation, body=b"{}"):
    """Send a request, and return the whole HTTP response with headers and body."""
    request = AWSRequest(
        method="POST",
        url="https://secretsmanager.us-east-1.amazonaws.com/",
        headers={"X-Amz-Target": f"secretsmanager.{operation}"},
        data=body,
    )
    return botocore_hooks.answer_send(request=request.prepare())


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) & set(service_model().operation_names)))
def test_an_operation_accepts_every_member_of_the_service_model(operation):
    shape = service_model().operation_model(operation).input_shape
    members = {xform_name(member): member in shape.required_members for member in shape.members}
    parameters = inspect.signature(OPERATIONS[operation]).parameters

    assert set(members) <= set(parameters)
    for name, is_required in members.items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert (parameters[name].default is inspect.Parameter.empty) is is_required, name


@pytest.mark.usefixtures("fakesecrets")
class TestConstraintViolations:
    """Violations of the constraints of the service model, in the wording of the service."""

    @pytest.mark.parametrize(
        ("operation", "sent", "message", "source"),
        [
            pytest.param(
                "CreateSecret",
                {"ClientRequestToken": token(1)},
                "Value null at 'name' failed to satisfy constraint: Member must not be null",
                "andrewohara/aws-mock, its tests",
                id="required",
            ),
            pytest.param(
                "GetRandomPassword",
                {"PasswordLength": 5555},
                violated("passwordLength", at_most(4096, "value"), 5555),
                "moto, pasted from AWS",
                id="number too large",
            ),
            pytest.param(
                "GetRandomPassword",
                {"PasswordLength": 0},
                violated("passwordLength", at_least(1, "value"), 0),
                FORM,
                id="number too small",
            ),
            pytest.param(
                "ListSecretVersionIds",
                {"SecretId": "db", "MaxResults": 101},
                violated("maxResults", at_most(100, "value"), 101),
                FORM,
                id="page too large",
            ),
            pytest.param(
                "ListSecretVersionIds",
                {"SecretId": "db", "NextToken": "n" * 4097},
                violated("nextToken", at_most(4096), "n" * 4097),
                MODEL,
                id="page token too long",
            ),
            pytest.param(
                "DescribeSecret",
                {"SecretId": "s" * 2049},
                violated("secretId", at_most(2048), "s" * 2049),
                MODEL,
                id="string too long",
            ),
            pytest.param(
                "DescribeSecret",
                {"SecretId": ""},
                violated("secretId", at_least(1), ""),
                FORM,
                id="string empty",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "n" * 513, "ClientRequestToken": token(1)},
                violated("name", at_most(512), "n" * 513),
                MODEL,
                id="name too long",
            ),
            pytest.param(
                "GetSecretValue",
                {"SecretId": "db", "VersionId": "v" * 31},
                violated("versionId", at_least(32), "v" * 31),
                MODEL,
                id="version id too short",
            ),
            pytest.param(
                "GetSecretValue",
                {"SecretId": "db", "VersionId": "v" * 65},
                violated("versionId", at_most(64), "v" * 65),
                MODEL,
                id="version id too long",
            ),
            pytest.param(
                "GetSecretValue",
                {"SecretId": "db", "VersionStage": "l" * 257},
                violated("versionStage", at_most(256), "l" * 257),
                MODEL,
                id="label too long",
            ),
            pytest.param(
                "PutSecretValue",
                {"SecretId": "db", "SecretString": "new", "ClientRequestToken": ""},
                violated("clientRequestToken", at_least(32), ""),
                MODEL,
                id="token empty",
            ),
            pytest.param(
                "UpdateSecret",
                {"SecretId": "db", "ClientRequestToken": token(1), "Description": "d" * 2049},
                violated("description", at_most(2048), "d" * 2049),
                MODEL,
                id="description too long",
            ),
            pytest.param(
                "UpdateSecretVersionStage",
                {"SecretId": "db", "VersionStage": "mine", "MoveToVersionId": "short"},
                violated("moveToVersionId", at_least(32), "short"),
                MODEL,
                id="target too short",
            ),
            pytest.param(
                "PutSecretValue",
                {
                    "SecretId": "db",
                    "SecretString": "s",
                    "ClientRequestToken": token(1),
                    "VersionStages": ["l" * 257],
                },
                violated("versionStages.1.member", at_most(256), "l" * 257),
                FORM,
                id="member of a list",
            ),
            pytest.param(
                "TagResource",
                {"SecretId": "db", "Tags": [{"Key": "a", "Value": ""}, {"Key": "k" * 129, "Value": ""}]},
                violated("tags.2.member.key", at_most(128), "k" * 129),
                FORM,
                id="member of a structure in a list",
            ),
            pytest.param(
                "TagResource",
                {"SecretId": "db", "Tags": [{"Key": "", "Value": ""}]},
                violated("tags.1.member.key", at_least(1), ""),
                FORM,
                id="empty member of a structure in a list",
            ),
            pytest.param(
                "UntagResource",
                {"SecretId": "db", "TagKeys": ["a", "b", "k" * 129]},
                violated("tagKeys.3.member", at_most(128), "k" * 129),
                FORM,
                id="third of a list",
            ),
        ],
    )
    def test_are_reported_with_path_value_and_constraint(self, operation, sent, message, source):
        status, answered = raw(operation, sent)

        assert status == 400, source
        assert answered == {
            "__type": "ValidationException",
            "message": f"1 validation error detected: {message}",
        }, source

    @pytest.mark.parametrize(
        ("operation", "sent", "message", "source"),
        [
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretString": ""},
                violated("secretString", at_least(1)),
                "a report of CloudFormation's answer, re:Post",
                id="string empty",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretString": "hunter2" * 10000},
                violated("secretString", at_most(65536)),
                "kubernetes-sigs/cluster-api-provider-aws issue 1531",
                id="string too long",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretString": "ä" * 32769},
                violated("secretString", at_most(65536)),
                "user guide, quotas: 65,536 bytes; the text is inferred",
                id="string of too many bytes",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretBinary": "aHVudGVyMg==" * 10000},
                "",
                "inferred: text behind the padding is no Base64",
                id="binary padded inside",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretBinary": "aHVudGVy" * 11000},
                violated("secretBinary", at_most(65536)),
                "kubernetes-sigs/cluster-api-provider-aws issue 1531",
                id="binary too long",
            ),
            pytest.param(
                "CreateSecret",
                {"Name": "db", "SecretBinary": ""},
                violated("secretBinary", at_least(1)),
                INFERRED,
                id="binary empty",
            ),
            pytest.param(
                "PutSecretValue",
                {"SecretId": "db", "SecretString": "s", "RotationToken": "hunter2"},
                violated("rotationToken", at_least(36)),
                MODEL,
                id="rotation token too short",
                marks=needs("PutSecretValue", "RotationToken"),
            ),
            pytest.param(
                "PutSecretValue",
                {"SecretId": "db", "SecretString": "s", "RotationToken": "hunter2!" * 5},
                violated(
                    "rotationToken", r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9\-]+$"
                ),
                MODEL,
                id="rotation token of other signs",
                marks=needs("PutSecretValue", "RotationToken"),
            ),
        ],
    )
    def test_of_sensitive_members_are_reported_without_the_value(self, operation, sent, message, source):
        status, answered = raw(operation, {**sent, "ClientRequestToken": token(1)})

        assert status == 400, source
        assert "hunter2" not in answered["message"], source
        assert "aHVudGVy" not in answered["message"], source
        if message:
            assert answered["__type"] == "ValidationException", source
            assert answered["message"] == f"1 validation error detected: {message}", source
        else:
            assert answered["__type"] == "SerializationException", source

    def test_of_a_list_that_is_too_long_name_the_list(self):
        """The general form of AWS services; how the list itself is shown is unknown."""
        status, answered = raw(
            "PutSecretValue",
            {
                "SecretId": "db",
                "SecretString": "s",
                "ClientRequestToken": token(1),
                "VersionStages": [f"label{n}" for n in range(21)],
            },
        )

        assert (status, answered["__type"]) == (400, "ValidationException")
        assert answered["message"].startswith("1 validation error detected: Value '")
        assert answered["message"].endswith(f"at 'versionStages' failed to satisfy constraint: {at_most(20)}")

    def test_of_an_empty_list_name_the_list(self):
        """The general form of AWS services; inferred for Secrets Manager."""
        status, answered = raw(
            "PutSecretValue",
            {"SecretId": "db", "SecretString": "s", "ClientRequestToken": token(1), "VersionStages": []},
        )

        assert (status, answered["__type"]) == (400, "ValidationException")
        assert answered["message"].endswith(f"at 'versionStages' failed to satisfy constraint: {at_least(1)}")

    @pytest.mark.parametrize(
        ("sent", "value", "path", "source"),
        [
            pytest.param(
                {"Filters": [{"Key": "invalid", "Values": ["x"]}]},
                "invalid",
                "filters.1.member.key",
                "moto, pasted from AWS",
                id="filter key",
            ),
            pytest.param(
                {"SortBy": "colour"},
                "colour",
                "sortBy",
                FORM,
                id="sort by",
                marks=needs("ListSecrets", "SortBy"),
            ),
            pytest.param({"SortOrder": "ASC"}, "ASC", "sortOrder", FORM, id="case matters"),
        ],
    )
    def test_of_an_enum_list_the_allowed_values(self, sent, value, path, source):
        status, answered = raw("ListSecrets", sent)

        assert (status, answered["__type"]) == (400, "ValidationException"), source
        assert answered["message"].startswith(
            f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
            "Member must satisfy enum value set: ["
        ), source

    def test_of_a_pattern_show_the_pattern(self):
        """The general form of AWS services; the pattern: botocore's service model."""
        status, answered = raw("ListSecrets", {"Filters": [{"Key": "name", "Values": ["a", "what?"]}]})

        assert status == 400
        assert answered["message"] == "1 validation error detected: " + violated(
            "filters.1.member.values.2.member",
            r"Member must satisfy regular expression pattern: ^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$",
            "what?",
        )

    def test_are_all_reported_in_one_error(self):
        """The general form of AWS services; inferred for Secrets Manager, their order as well."""
        status, answered = raw(
            "CreateSecret",
            {
                "Name": "n" * 513,
                "ClientRequestToken": "short",
                "SecretString": "",
                "Tags": [{"Key": "k" * 129, "Value": "v" * 257}],
            },
        )

        assert (status, answered["__type"]) == (400, "ValidationException")
        head, _, details = answered["message"].partition(" detected: ")
        assert head == "5 validation errors"
        assert set(details.split("; ")) == {
            violated("name", at_most(512), "n" * 513),
            violated("clientRequestToken", at_least(32), "short"),
            violated("secretString", at_least(1)),
            violated("tags.1.member.key", at_most(128), "k" * 129),
            violated("tags.1.member.value", at_most(256), "v" * 257),
        }

    def test_are_reported_before_every_check_of_the_operation(self):
        """Inferred: the order of the checks has not been observed on AWS."""
        status, answered = raw("CreateSecret", {"Name": "Inv Name", "Description": "d" * 2049})

        assert status == 400
        assert answered["message"].startswith("1 validation error detected: Value 'ddd")

    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            pytest.param("GetRandomPassword", {"PasswordLength": 4096}, id="number"),
            pytest.param("CreateSecret", {"Name": "n" * 512, "Description": "d" * 2048}, id="strings"),
            pytest.param("CreateSecret", {"Name": "db", "SecretString": "s" * 65536}, id="string value"),
            pytest.param(
                "CreateSecret", {"Name": "db", "KmsKeyId": "k" * 2048, "Type": "t" * 256}, id="others"
            ),
            pytest.param(
                "CreateSecret", {"Name": "db", "Tags": [{"Key": "k" * 128, "Value": "v" * 256}]}, id="tags"
            ),
        ],
    )
    def test_do_not_occur_at_the_bounds(self, operation, sent):
        """botocore's service model."""
        more = {} if operation == "GetRandomPassword" else {"ClientRequestToken": token(1)}

        assert raw(operation, {**sent, **more})[0] == 200


@pytest.mark.usefixtures("fakesecrets")
class TestRequests:
    def test_with_unknown_members_are_accepted(self):
        """LocalStack snapshot test_no_client_request_token: no error about them."""
        status, answered = raw(
            "CreateSecret", {"Name": "db", "ClientRequestToken": token(1), "Colour": "red", "SecretId": 3}
        )

        assert (status, answered["Name"]) == (200, "db")

    def test_with_null_for_an_optional_member_are_accepted_as_without_it(self):
        """Inferred: not observed on AWS."""
        status, answered = raw(
            "CreateSecret",
            {
                "Name": "db",
                "ClientRequestToken": token(1),
                "Description": None,
                "SecretString": None,
                "Tags": None,
            },
        )

        assert (status, "VersionId" in answered) == (200, False)

    def test_with_null_for_the_token_are_rejected_as_without_it(self):
        """LocalStack snapshot test_no_client_request_token; inferred for null."""
        status, answered = raw("CreateSecret", {"Name": "db", "ClientRequestToken": None})

        assert (status, answered["Message"]) == (400, MISSING_TOKEN)

    def test_with_null_for_a_required_member_are_rejected_as_without_it(self):
        """andrewohara/aws-mock, its tests: the text."""
        status, answered = raw("DescribeSecret", {"SecretId": None})

        assert (status, answered) == (
            400,
            {
                "__type": "ValidationException",
                "message": "1 validation error detected: Value null at 'secretId' failed to satisfy "
                "constraint: Member must not be null",
            },
        )

    def test_without_a_body_are_accepted_if_no_member_is_required(self):
        """botocore's service model: GetRandomPassword requires no member."""
        status, answered = raw("GetRandomPassword", b"")

        assert (status, len(answered["RandomPassword"])) == (200, 32)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"{", id="half an object"),
            pytest.param(b"SecretId=db", id="a form"),
            pytest.param(b"\xff\xfe{}", id="no UTF-8"),
            pytest.param(b'["db"]', id="a list"),
            pytest.param(b'"db"', id="a string"),
            pytest.param(b"null", id="null"),
            pytest.param(b"[" * 100_000, id="deep"),
        ],
    )
    def test_that_are_not_a_json_object_are_rejected(self, body):
        """Inferred: the general behaviour of AWS services."""
        status, answered = raw("DescribeSecret", body)

        assert (status, answered["__type"]) == (400, "SerializationException")
        assert "Message" not in answered

    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            pytest.param("DescribeSecret", {"SecretId": 3}, id="number for a string"),
            pytest.param("DescribeSecret", {"SecretId": ["db"]}, id="list for a string"),
            pytest.param("DescribeSecret", {"SecretId": {"a": "b"}}, id="structure for a string"),
            pytest.param("DescribeSecret", {"SecretId": True}, id="boolean for a string"),
            pytest.param("GetRandomPassword", {"PasswordLength": "32"}, id="string for a number"),
            pytest.param("GetRandomPassword", {"PasswordLength": True}, id="boolean for a number"),
            pytest.param("GetRandomPassword", {"IncludeSpace": "true"}, id="string for a boolean"),
            pytest.param("GetRandomPassword", {"IncludeSpace": 1}, id="number for a boolean"),
            pytest.param("UntagResource", {"SecretId": "db", "TagKeys": "a"}, id="string for a list"),
            pytest.param(
                "UntagResource", {"SecretId": "db", "TagKeys": [3]}, id="number in a list of strings"
            ),
            pytest.param(
                "UntagResource", {"SecretId": "db", "TagKeys": [None]}, id="null in a list of strings"
            ),
            pytest.param("TagResource", {"SecretId": "db", "Tags": ["a"]}, id="string for a structure"),
            pytest.param("CreateSecret", {"Name": "db", "SecretBinary": 3}, id="number for Base64"),
            pytest.param("CreateSecret", {"Name": "db", "SecretBinary": "***"}, id="no Base64"),
            pytest.param(
                "CreateSecret", {"Name": "db", "SecretBinary": "YQ"}, id="Base64 without its padding"
            ),
        ],
    )
    def test_with_a_member_of_a_wrong_type_are_rejected(self, operation, sent):
        """Inferred: the general behaviour of AWS services."""
        status, answered = raw(operation, sent)

        assert (status, answered["__type"]) == (400, "SerializationException")

    @pytest.mark.parametrize("operation", ["DescribeSecrets", "describeSecret", "", "GetParameter"])
    def test_for_an_unknown_operation_are_rejected(self, operation):
        """Inferred: the general behaviour of AWS services."""
        assert raw(operation, {}) == (400, {"__type": "UnknownOperationException"})


class TestResponses:
    def test_have_a_request_id_in_lower_case(self, client):
        """A raw trace of AWS's answer, Elixir ext_config_provider, 2019."""
        answers = [client.list_secrets()["ResponseMetadata"], client.list_secrets()["ResponseMetadata"]]

        for metadata in answers:
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["RequestId"])
            assert metadata["HTTPHeaders"]["x-amzn-requestid"] == metadata["RequestId"]
        assert answers[0]["RequestId"] != answers[1]["RequestId"]

    def test_are_json_of_version_1_1(self, client):
        """botocore's service model: protocol json, jsonVersion 1.1."""
        metadata = client.list_secrets()["ResponseMetadata"]

        assert metadata["HTTPStatusCode"] == 200
        assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"

    def test_are_compact_json(self, client):
        """An issue of Terraform's AWS provider, 33329: the length of the body of an answer."""
        arn = client.create_secret(Name="db", SecretString="a: 1, b", ClientRequestToken=token(1))["ARN"]

        found = exchange("DescribeSecret", b'{"SecretId": "db"}').content
        refused = exchange("DescribeSecret", b'{"SecretId": "nobody"}').content

        assert found.startswith(f'{{"ARN":"{arn}","Name":"db","CreatedDate":'.encode())
        assert found.endswith(f',"VersionIdsToStages":{{"{token(1)}":["AWSCURRENT"]}}}}'.encode())
        assert refused == (
            b'{"__type":"ResourceNotFoundException",'
            b'"Message":"Secrets Manager can\'t find the specified secret."}'
        )

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            pytest.param("2030-01-31 16:00:00.999999", "Thu, 31 Jan 2030 16:00:00 GMT", id="a fraction"),
            pytest.param("2031-12-01 00:00:09", "Mon, 01 Dec 2031 00:00:09 GMT", id="one digit"),
            pytest.param("9999-12-31 23:59:58", "Fri, 31 Dec 9999 23:59:58 GMT", id="the last year"),
        ],
    )
    def test_have_the_date_of_the_frozen_clock(
        self, client, fakesecrets_clock, monkeypatch, wire, moment, expected
    ):
        """RFC 9110, 6.6.1, and 5.6.7 for the form; published rotation functions read it."""
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        fakesecrets_clock.move_to(moment)

        found = client.list_secrets()["ResponseMetadata"]["HTTPHeaders"]["date"]
        with rejected("ResourceNotFoundException") as answer:
            client.describe_secret(SecretId="nobody")

        assert found == answer.response["ResponseMetadata"]["HTTPHeaders"]["date"] == expected

    @pytest.mark.parametrize(
        ("moment", "expected", "source"),
        [
            pytest.param(
                "2030-01-31 16:00:00.857",
                1896105600.857,
                "a raw trace of AWS's answer, Elixir ext_config_provider, 2019: 1570567750.857",
                id="milliseconds",
            ),
            pytest.param(
                "2030-01-31 16:00:00.857999",
                1896105600.857,
                "botocore's examples of DescribeSecret: three digits",
                id="microseconds are cut off",
            ),
            pytest.param(
                "2030-01-31 16:00:00", 1896105600, "API_DescribeSecret: seconds since 1970", id="seconds"
            ),
        ],
    )
    def test_express_dates_as_seconds_with_milliseconds(
        self, client, fakesecrets_clock, moment, expected, source
    ):
        fakesecrets_clock.move_to(moment)
        client.create_secret(Name="db", SecretString="old")

        response = exchange("DescribeSecret", b'{"SecretId": "db"}')

        described = json.loads(response.content)
        assert described["CreatedDate"] == expected, source
        assert described["LastChangedDate"] == expected, source

    def test_express_days_as_midnight_in_utc(self, client, fakesecrets_clock):
        """botocore's examples of DescribeSecret: 1523923200."""
        client.create_secret(Name="db", SecretString="old")
        fakesecrets_clock.move_to("2030-01-31 23:59:59.999")
        client.get_secret_value(SecretId="db")

        assert raw("DescribeSecret", {"SecretId": "db"})[1]["LastAccessedDate"] == 1896048000

    def test_omit_members_without_a_value(self, client):
        """API_DescribeSecret: "only returns fields that have a value in the response"."""
        client.create_secret(Name="db")

        described = json.loads(exchange("DescribeSecret", b'{"SecretId": "db"}').content)

        assert set(described) == {"ARN", "CreatedDate", "LastChangedDate", "Name"}

    def test_of_an_operation_without_output_have_no_body(self, client):
        """Inferred: botocore accepts an empty body and an empty object."""
        client.create_secret(Name="db")

        response = exchange("TagResource", b'{"SecretId": "db", "Tags": []}')

        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-length"] == "0"

    def test_contain_text_of_all_languages_unchanged(self, client):
        """API_CreateSecret, SecretString: text."""
        value = 'pässwörd \N{SNOWMAN} \N{GRINNING FACE} "quoted"\n\x00'
        client.create_secret(Name="db", SecretString=value, Description="ключ")

        assert client.get_secret_value(SecretId="db")["SecretString"] == value
        assert client.describe_secret(SecretId="db")["Description"] == "ключ"


class TestErrorResponses:
    MODELLED = (
        pytest.param(
            "get_secret_value",
            {"SecretId": "nobody"},
            "ResourceNotFoundException",
            "LocalStack snapshot test_secret_not_found",
            id="not found",
        ),
        pytest.param(
            "get_secret_value",
            {"SecretId": "db", "VersionId": token(1), "VersionStage": "AWSPREVIOUS"},
            "InvalidRequestException",
            "LocalStack snapshot test_get_secret_value_errors",
            id="invalid request",
        ),
        pytest.param(
            "create_secret",
            {"Name": "db", "SecretString": "old"},
            "ResourceExistsException",
            "LocalStack snapshot test_secret_exists_snapshots",
            id="exists",
        ),
        pytest.param(
            "update_secret_version_stage",
            {"SecretId": "db", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": token(1)},
            "InvalidParameterException",
            INFERRED,
            id="invalid parameter",
        ),
        pytest.param(
            "list_secrets", {"NextToken": "garbage"}, "InvalidNextTokenException", INFERRED, id="next token"
        ),
    )
    OTHERS = (
        pytest.param(
            "get_secret_value",
            {"SecretId": "Inv Name"},
            "ValidationException",
            "LocalStack snapshot test_invalid_secret_name",
            id="name",
        ),
        pytest.param(
            "get_secret_value", {"SecretId": "x" * 2049}, "ValidationException", INFERRED, id="constraint"
        ),
        pytest.param(
            "rotate_secret",
            {
                "SecretId": "db",
                "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:nobody",
                "RotationRules": {"AutomaticallyAfterDays": 1},
            },
            "AccessDeniedException",
            "LocalStack snapshot test_rotate_secret_invalid_lambda_arn",
            id="access",
        ),
    )

    @pytest.fixture(autouse=True)
    def db(self, client):
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))

    @pytest.mark.parametrize(("operation", "sent", "code", "source"), MODELLED)
    def test_of_modelled_errors_have_a_message_at_the_top_level(self, client, operation, sent, code, source):
        with rejected() as answer:
            getattr(client, operation)(**sent)

        assert (answer.code, answer.status) == (code, 400), source
        assert answer.message, source
        assert answer.response["Message"] == answer.message, source

    @pytest.mark.parametrize(("operation", "sent", "code", "source"), OTHERS)
    def test_of_other_errors_have_no_message_at_the_top_level(self, client, operation, sent, code, source):
        with rejected() as answer:
            getattr(client, operation)(**sent)

        assert (answer.code, answer.status) == (code, 400), source
        assert answer.message, source
        assert set(answer.response) == {"Error", "ResponseMetadata"}, source

    @pytest.mark.parametrize(("operation", "sent", "code", "source"), MODELLED)
    def test_of_modelled_errors_are_raised_as_exceptions_of_the_client(
        self, client, operation, sent, code, source
    ):
        with pytest.raises(getattr(client.exceptions, code)) as raised:
            getattr(client, operation)(**sent)

        assert raised.value.response["Error"]["Code"] == code, source

    def test_of_modelled_errors_spell_message_with_a_capital_letter(self):
        """LocalStack snapshot test_no_client_request_token; a raw trace of 2019."""
        assert raw("GetSecretValue", {"SecretId": "nobody"}) == (
            400,
            {
                "__type": "ResourceNotFoundException",
                "Message": "Secrets Manager can't find the specified secret.",
            },
        )

    def test_of_other_errors_spell_message_with_a_small_letter(self):
        """Inferred: botocore reads either."""
        status, answered = raw("GetSecretValue", {"SecretId": "Inv Name"})

        assert (status, set(answered)) == (400, {"__type", "message"})

    def test_have_a_request_id(self, client):
        """A raw trace of AWS's answer, Elixir ext_config_provider, 2019."""
        with rejected() as answer:
            client.get_secret_value(SecretId="nobody")

        assert re.fullmatch(
            r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.response["ResponseMetadata"]["RequestId"]
        )
