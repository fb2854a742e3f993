"""The two events of botocore, before-call and before-send, at which the fake answers every client of the process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.client import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.hooks import EventAliaser, HierarchicalEmitter
from freezegun import freeze_time
from interpreters import interpreters
from rotation_functions import nothing
from support import POLICY, current, rejected, token

from pytest_fakesecrets import Call, FakeSecrets, FakeSecretsError
from pytest_fakesecrets._fake.backend import FakeBackend
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._service import parser, serializer
from pytest_fakesecrets._service.parser import service_model
from pytest_fakesecrets._transport import botocore_hooks

KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}
REGION = "us-east-1"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"

#: Made while this file is imported, long before any fake is active.
AT_IMPORT = boto3.client("secretsmanager", region_name=REGION, **KEYS)

#: Those of the installed botocore: an older one has fewer.
KNOWN = [operation for operation in OPERATIONS if operation in service_model().operation_names]


#: Stand in CALLS for ARNs that only `furnish` knows.
WAITING, LINKED = "ARN of a replica that waits", "ARN of a replica that is linked"

#: For each operation a call that is answered, and one that is refused, with the error's code. What is
#: there before: the secrets of `furnish`.
CALLS = {
    "AssociateCrossAccountReplica": (
        {"SecretId": "db", "CrossAccountReplicaARN": WAITING},
        {"SecretId": "db", "CrossAccountReplicaARN": LINKED},
        "InvalidRequestException",
    ),
    "BatchGetSecretValue": (
        {"SecretIdList": ["db", "missing", "blob", "deleted"]},
        {"SecretIdList": ["db"], "Filters": [{"Key": "name", "Values": ["db"]}]},
        "InvalidParameterException",
    ),
    "CancelRotateSecret": ({"SecretId": "rotated"}, {"SecretId": "db"}, "InvalidRequestException"),
    "CreateSecret": (
        {"Name": "new", "SecretString": "a", "Description": "b", "Tags": [{"Key": "c", "Value": "d"}]},
        {"Name": "db", "SecretString": "another"},
        "ResourceExistsException",
    ),
    "DeleteResourcePolicy": ({"SecretId": "shared"}, {"SecretId": "deleted"}, "InvalidRequestException"),
    "DeleteSecret": (
        {"SecretId": "db"},
        {"SecretId": "db", "RecoveryWindowInDays": 31},
        "InvalidParameterException",
    ),
    "DescribeSecret": ({"SecretId": "rotated"}, {"SecretId": "missing"}, "ResourceNotFoundException"),
    "DisassociateCrossAccountReplica": (
        {"SecretId": "shared", "CrossAccountReplicaARN": LINKED},
        {"SecretId": "db", "CrossAccountReplicaARN": LINKED},
        "InvalidParameterException",
    ),
    "GetRandomPassword": ({"PasswordLength": 20}, {"PasswordLength": 4097}, "ValidationException"),
    "GetResourcePolicy": ({"SecretId": "shared"}, {"SecretId": "missing"}, "ResourceNotFoundException"),
    "GetSecretValue": (
        {"SecretId": "blob"},
        {"SecretId": "db", "VersionStage": "AWSPENDING"},
        "ResourceNotFoundException",
    ),
    "ListResourcePolicies": (
        {"SecretId": "shared"},
        {"SecretId": "shared", "NextToken": "nonsense"},
        "InvalidNextTokenException",
    ),
    "ListSecretVersionIds": (
        {"SecretId": "db", "IncludeDeprecated": True},
        {"SecretId": "db", "NextToken": "nonsense"},
        "InvalidNextTokenException",
    ),
    "ListSecrets": (
        {"MaxResults": 2, "IncludePlannedDeletion": True},
        {"NextToken": "nonsense"},
        "InvalidNextTokenException",
    ),
    "PutResourcePolicy": (
        {"SecretId": "db", "ResourcePolicy": POLICY},
        {"SecretId": "db", "ResourcePolicy": POLICY, "BlockPublicPolicy": True},
        "PublicPolicyException",
    ),
    "PutSecretValue": (
        {"SecretId": "db", "SecretBinary": b"\x00\xff", "VersionStages": ["MINE"]},
        {"SecretId": "db"},
        "InvalidRequestException",
    ),
    "RemoveRegionsFromReplication": (
        {"SecretId": "shared", "RemoveReplicaRegions": ["eu-west-1"]},
        {"SecretId": "replica", "RemoveReplicaRegions": ["us-east-1"]},
        "InvalidParameterException",
    ),
    "ReplicateSecretToRegions": (
        {"SecretId": "db", "AddReplicaRegions": [{"Region": "eu-west-1"}, {"Region": "eu-central-1"}]},
        {"SecretId": "db", "AddReplicaRegions": [{"Region": "us-east-1"}]},
        "InvalidParameterException",
    ),
    "RestoreSecret": ({"SecretId": "deleted"}, {"SecretId": "no*body"}, "ValidationException"),
    "RotateSecret": (
        {"SecretId": "db", "RotationLambdaARN": FUNCTION},
        {"SecretId": "db", "RotationLambdaARN": f"{FUNCTION}r"},
        "AccessDeniedException",
    ),
    "StopReplicationToReplica": (
        {"SecretId": "replica"},
        {"SecretId": "deleted"},
        "InvalidRequestException",
    ),
    "TagResource": (
        {"SecretId": "db", "Tags": [{"Key": "a", "Value": "b"}]},
        {"SecretId": "deleted", "Tags": [{"Key": "a", "Value": "b"}]},
        "InvalidRequestException",
    ),
    "UntagResource": (
        {"SecretId": "db", "TagKeys": ["team"]},
        {"SecretId": "db", "TagKeys": ["aws:team"]},
        "InvalidParameterException",
    ),
    "UpdateSecret": (
        {"SecretId": "db", "SecretString": "ü \u2028 \U0001f600"},
        {"SecretId": "deleted", "Description": "late"},
        "InvalidRequestException",
    ),
    "UpdateSecretVersionStage": (
        {
            "SecretId": "db",
            "VersionStage": "AWSCURRENT",
            "MoveToVersionId": token(1),
            "RemoveFromVersionId": token(2),
        },
        {"SecretId": "db", "VersionStage": "MINE", "MoveToVersionId": token(9)},
        "ResourceNotFoundException",
    ),
    "ValidateResourcePolicy": (
        {"SecretId": "db", "ResourcePolicy": POLICY},
        {"ResourcePolicy": "nonsense"},
        "MalformedPolicyDocumentException",
    ),
}


def furnish(fake, client):
    """Create the secrets that CALLS are about, and return the ARNs for which CALLS have placeholders."""
    fake.drive()
    fake.add_rotation_function(nothing, name="rotate")
    client.create_secret(
        Name="db", SecretString="old", ClientRequestToken=token(1), Tags=[{"Key": "team", "Value": "a"}]
    )
    client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
    client.create_secret(Name="blob", SecretBinary=b"\x00\xff\x80")
    client.create_secret(Name="rotated", SecretString="old")
    client.rotate_secret(SecretId="rotated", RotationLambdaARN=FUNCTION)
    client.create_secret(Name="deleted", SecretString="old")
    client.delete_secret(SecretId="deleted")
    shared = client.create_secret(Name="shared", SecretString="old")["ARN"]
    client.put_resource_policy(SecretId="shared", ResourcePolicy=POLICY)
    client.replicate_secret_to_regions(SecretId="shared", AddReplicaRegions=[{"Region": "eu-west-1"}])
    fake.client("eu-west-1").create_secret(
        Name="replica", SecretString="old", AddReplicaRegions=[{"Region": REGION}]
    )
    if "AssociateCrossAccountReplica" not in KNOWN:
        return {}
    other = fake.client(REGION, aws_access_key_id="210987654321")
    waiting = other.create_secret(
        Name="waiting",
        KmsKeyId="alias/mine",
        CrossAccountPrimaryARN=client.describe_secret(SecretId="db")["ARN"],
    )["ARN"]
    linked = other.create_secret(Name="linked", KmsKeyId="alias/mine", CrossAccountPrimaryARN=shared)["ARN"]
    client.associate_cross_account_replica(SecretId="shared", CrossAccountReplicaARN=linked)
    return {WAITING: waiting, LINKED: linked}


@pytest.fixture(scope="module")
def kept():
    """A client that outlives every fake."""
    return botocore.session.Session().create_client("secretsmanager", region_name=REGION, **KEYS)


def outcome(kept, monkeypatch, operation, parameters, *, wire=None):
    """
    What a call to a fake of its own gives: the answer or the error, and how often it took the wire.

    Args:
        wire: whether it takes it; None where the handler that counts is what decides.
    """
    requests = []

    def seen(request, **_):
        requests.append(request)

    with FakeSecrets(seed=7) as fake, monkeypatch.context() as patched:
        arns = furnish(fake, kept)
        parameters = {
            member: arns.get(value, value) if isinstance(value, str) else value
            for member, value in parameters.items()
        }
        if wire is not None:
            patched.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        kept.meta.events.register_first("before-send.secrets-manager", seen)
        try:
            return getattr(kept, xform_name(operation))(**parameters), None, len(requests)
        except ClientError as error:
            return error.response, (type(error), str(error)), len(requests)
        finally:
            kept.meta.events.unregister("before-send.secrets-manager", seen)


#: Operations whose parameters and answers have between them each kind of member: a blob, times, lists, errors, none.
VARIED = {
    "BatchGetSecretValue",
    "CreateSecret",
    "DescribeSecret",
    "GetSecretValue",
    "PutSecretValue",
    "TagResource",
    "ValidateResourcePolicy",
}
EACH_OPERATION = [
    pytest.param(operation, marks=() if operation in VARIED else pytest.mark.long) for operation in KNOWN
]


class TestBeforeCallAndBeforeSend:
    @pytest.fixture(autouse=True)
    def frozen(self):
        with freeze_time("2030-01-31 16:00"):
            yield

    @pytest.mark.parametrize("operation", EACH_OPERATION)
    def test_give_the_same_answer_in_the_order_of_botocores_parser(
        self, kept, monkeypatch, caplog, operation
    ):
        parameters, _, _ = CALLS[operation]

        by_call = outcome(kept, monkeypatch, operation, parameters, wire=False)
        by_send = outcome(kept, monkeypatch, operation, parameters, wire=True)
        seen = outcome(kept, monkeypatch, operation, parameters)
        with caplog.at_level("DEBUG", "botocore.parsers"):
            parsed, _, _ = outcome(kept, monkeypatch, operation, parameters, wire=False)

        assert by_call[1:] == (None, 0)
        assert by_send[1:] == seen[1:] == (None, 1)
        assert without_request_id(by_send[0]) == without_request_id(by_call[0])
        assert without_request_id(seen[0]) == without_request_id(by_call[0])
        assert repr(by_call[0]) == repr(parsed)
        assert any(record.message.startswith("Response body") for record in caplog.records)

    @pytest.mark.parametrize("operation", EACH_OPERATION)
    def test_give_the_same_error(self, kept, monkeypatch, operation):
        _, parameters, code = CALLS[operation]

        by_call = outcome(kept, monkeypatch, operation, parameters, wire=False)
        by_send = outcome(kept, monkeypatch, operation, parameters, wire=True)
        seen = outcome(kept, monkeypatch, operation, parameters)

        assert by_call[0]["Error"]["Code"] == code
        assert (by_call[2], by_send[2], seen[2]) == (0, 1, 1)
        assert by_send[1] == seen[1] == by_call[1]
        assert without_request_id(by_send[0]) == without_request_id(by_call[0])
        assert without_request_id(seen[0]) == without_request_id(by_call[0])

    def test_give_the_same_answer_about_a_seeded_secret(self, fakesecrets, client, monkeypatch):
        class Text(str):
            """A str that is not equal to the same text in JSON by its type."""

        half_pairs = Text("\ud83d\ude00")
        fakesecrets.add_secret(
            Text("db"),
            half_pairs,
            description=half_pairs,
            owning_service=Text("rds"),
            tags={Text("team"): half_pairs},
        )

        answers = []
        for wire in (False, True):
            monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_, wire=wire: wire)
            value, described = client.get_secret_value(SecretId="db"), client.describe_secret(SecretId="db")
            members = [value["SecretString"], *map(described.get, ("Name", "Description", "OwningService"))]
            answers.append([(type(each), each) for each in [*members, *described["Tags"][0].values()]])

        assert answers[0] == answers[1]

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_give_the_metadata_that_aws_sends(self, kept, monkeypatch, wire):
        answer, _, _ = outcome(kept, monkeypatch, "TagResource", CALLS["TagResource"][0], wire=wire)

        request_id = answer["ResponseMetadata"]["RequestId"]
        assert answer == {
            "ResponseMetadata": {
                "RequestId": request_id,
                "HTTPStatusCode": 200,
                "HTTPHeaders": {
                    "x-amzn-requestid": request_id,
                    "content-type": "application/x-amz-json-1.1",
                    "content-length": "0",
                    "date": "Thu, 31 Jan 2030 16:00:00 GMT",
                },
                "RetryAttempts": 0,
            }
        }

    @pytest.mark.parametrize(
        "wire",
        [
            pytest.param(False, id="before-call"),
            pytest.param(True, marks=pytest.mark.long, id="before-send"),
        ],
    )
    @pytest.mark.parametrize(
        ("made_with", "arn"),
        [
            pytest.param({}, "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-", id="as it comes"),
            pytest.param(
                {"region_name": "eu-west-1"},
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-",
                id="another region",
            ),
            pytest.param(
                {"aws_access_key_id": "210987654321"},
                "arn:aws:secretsmanager:us-east-1:210987654321:secret:db-",
                id="an access key of twelve digits",
            ),
            pytest.param(
                {"aws_access_key_id": "2109876543210"},
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-",
                id="an access key of thirteen digits",
            ),
            pytest.param(
                {"endpoint_url": "http://localhost:4566"},
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-",
                id="another endpoint",
            ),
            pytest.param(
                {"endpoint_url": "http://localhost:4566", "region_name": "eu-west-1"},
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-",
                id="another endpoint in another region",
            ),
        ],
    )
    def test_take_region_and_account_from_the_client(self, fakesecrets, monkeypatch, wire, made_with, arn):
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        client = fakesecrets.client(**made_with)

        created = client.create_secret(Name="db", SecretString="value")

        assert created["ARN"][:-6] == arn

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_let_errors_of_the_fake_through_unchanged(self, fakesecrets, client, monkeypatch, wire):
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        monkeypatch.delitem(parser.OPERATIONS, "TagResource")
        parser.operation.cache_clear()

        with pytest.raises(NotImplementedError) as raised:
            client.tag_resource(SecretId="db", Tags=[])

        assert str(raised.value) == "pytest-fakesecrets does not know the operation TagResource yet."


def without_request_id(response):
    metadata = dict(response["ResponseMetadata"])
    metadata["HTTPHeaders"] = {
        name: value for name, value in metadata["HTTPHeaders"].items() if name != "x-amzn-requestid"
    }
    del metadata["RequestId"]
    return {**response, "ResponseMetadata": metadata}


@pytest.fixture
def closed_port():
    """A client's arguments for an endpoint without a listener, tried once."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    once = Config(retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5)
    return {"endpoint_url": f"http://127.0.0.1:{port}", "config": once}


class TestWithoutAnActiveFake:
    def test_a_client_goes_to_the_network(self, closed_port):
        client = boto3.client("secretsmanager", region_name=REGION, **KEYS, **closed_port)

        with pytest.raises(EndpointConnectionError):
            client.list_secrets()

    def test_a_client_of_a_fake_is_refused_once_the_fake_is_left(self, closed_port):
        with FakeSecrets() as fake:
            client = fake.client(**closed_port)
            assert client.list_secrets()["SecretList"] == []

        with pytest.raises(FakeSecretsError, match="This fake is not active, and the call was not sent"):
            client.list_secrets()
        with FakeSecrets():
            assert client.list_secrets()["SecretList"] == []

    def test_botocore_draws_the_tokens_itself(self, closed_port):
        sent = []
        client = boto3.client("secretsmanager", region_name=REGION, **KEYS, **closed_port)
        client.meta.events.register("before-call", lambda params, **_: sent.append(params["body"]))

        for _ in range(2):
            with pytest.raises(EndpointConnectionError):
                client.create_secret(Name="db")

        assert b"ClientRequestToken" in sent[0]
        assert sent[0] != sent[1]

    def test_a_fake_that_was_not_entered_makes_no_client(self):
        with pytest.raises(FakeSecretsError, match="Enter it with 'with FakeSecrets"):
            FakeSecrets().client()


@pytest.fixture
def earlier():
    """A client that is made before the fake of the test."""
    return boto3.session.Session().client("secretsmanager", region_name=REGION, **KEYS)


class TestEveryClientIsAnswered:
    def test_one_made_before_the_fixture(self, earlier, fakesecrets):
        earlier.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"

    def test_one_made_while_the_test_module_was_imported(self, fakesecrets):
        AT_IMPORT.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"

    def test_one_of_the_default_session_of_boto3(self, fakesecrets, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

        boto3.client("secretsmanager").create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"

    def test_one_of_a_session_made_during_the_test(self, fakesecrets):
        client = botocore.session.get_session().create_client("secretsmanager")
        client.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"

    def test_one_in_another_thread(self, fakesecrets):
        def work():
            fakesecrets.client().create_secret(Name="db", SecretString="value")

        with ThreadPoolExecutor() as pool:
            pool.submit(work).result(timeout=30)

        assert fakesecrets.secret("db").value() == "value"

    def test_those_of_many_threads_at_once(self, fakesecrets, client):
        def work(number):
            client.create_secret(Name=f"db-{number}", SecretString="value")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(40)))

        arns = {secret["ARN"] for secret in client.list_secrets(MaxResults=100)["SecretList"]}
        assert len(arns) == 40

    def test_one_without_credentials(self, fakesecrets, monkeypatch):
        # Undone before the fake is left: undone afterwards it would leave the fake's own keys behind.
        with monkeypatch.context() as bare:
            bare.delenv("AWS_ACCESS_KEY_ID")
            bare.delenv("AWS_SECRET_ACCESS_KEY")
            bare.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
            client = botocore.session.Session().create_client("secretsmanager")

        assert client.list_secrets()["SecretList"] == []

    def test_one_with_another_endpoint(self, fakesecrets):
        fakesecrets.client(endpoint_url="http://localhost:4566").create_secret(
            Name="db", SecretString="value"
        )

        assert fakesecrets.secret("db").value() == "value"

    def test_one_made_in_a_conftest(self, pytester):
        pytester.makeconftest(
            """
            import boto3

            CLIENT = boto3.client("secretsmanager", region_name="us-east-1")
            """
        )
        pytester.makepyfile(
            """
            from conftest import CLIENT


            def test_it(fakesecrets):
                CLIENT.create_secret(Name="db", SecretString="value")
                assert fakesecrets.secret("db").value() == "value"
            """
        )

        pytester.runpytest().assert_outcomes(passed=1)


class TestRegionsAndAccounts:
    def test_each_region_has_its_own_secrets(self, fakesecrets):
        here, there = fakesecrets.client(), fakesecrets.client("eu-west-1")
        here.create_secret(Name="db", SecretString="here")
        there.create_secret(Name="db", SecretString="there")

        assert here.get_secret_value(SecretId="db")["SecretString"] == "here"
        assert there.get_secret_value(SecretId="db")["SecretString"] == "there"
        assert fakesecrets.client("sa-east-1").list_secrets()["SecretList"] == []

    def test_each_account_has_its_own_secrets(self, fakesecrets):
        ours, theirs = fakesecrets.client(), fakesecrets.client(aws_access_key_id="210987654321")
        theirs.create_secret(Name="db", SecretString="theirs")

        with rejected("ResourceNotFoundException"):
            ours.get_secret_value(SecretId="db")
        assert theirs.get_secret_value(SecretId="db")["SecretString"] == "theirs"

    def test_a_rotation_belongs_to_the_account_of_its_secret(self, fakesecrets, fakesecrets_rotation):
        theirs = fakesecrets.client(aws_access_key_id="210987654321")
        function = "arn:aws:lambda:us-east-1:210987654321:function:rotate"
        fakesecrets.add_rotation_function(nothing, name=function)
        created = theirs.create_secret(Name="db", SecretString="theirs")

        theirs.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert [rotation.secret_id for rotation in fakesecrets_rotation.pending] == [created["ARN"]]


class TestHandlersOfTheUser:
    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_find_headers_in_any_case(self, fakesecrets_client, monkeypatch, wire):
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        seen = []
        fakesecrets_client.meta.events.register(
            "after-call", lambda http_response, **_: seen.append(http_response.headers["Content-Type"])
        )

        fakesecrets_client.list_secrets()

        assert seen == ["application/x-amz-json-1.1"]

    def test_after_call_sees_what_the_caller_gets(self, fakesecrets, client):
        seen = []
        client.meta.events.register(
            "after-call.secrets-manager.CreateSecret",
            lambda http_response, parsed, **_: seen.append((http_response.status_code, parsed["Name"])),
        )

        client.create_secret(Name="db", SecretString="value")

        assert seen == [(200, "db")]

    def test_after_call_sees_errors(self, fakesecrets, client):
        seen = []
        client.meta.events.register(
            "after-call",
            lambda http_response, parsed, **_: seen.append(
                (http_response.status_code, http_response.text, parsed["Error"]["Code"])
            ),
        )

        with rejected("ResourceNotFoundException"):
            client.describe_secret(SecretId="missing")

        text = (
            '{"__type":"ResourceNotFoundException",'
            '"Message":"Secrets Manager can\'t find the specified secret."}'
        )
        assert seen == [(400, text, "ResourceNotFoundException")]

    def test_parameters_can_be_changed_on_their_way(self, fakesecrets, client):
        client.meta.events.register(
            "provide-client-params.secrets-manager.CreateSecret",
            lambda params, **_: {**params, "Name": f"test/{params['Name']}"},
        )

        created = client.create_secret(Name="db", SecretString="value")

        assert created["Name"] == "test/db"

    def test_an_answer_for_one_operation_alone_is_the_users(self, fakesecrets, client):
        canned = {"RandomPassword": "canned", "ResponseMetadata": {}}

        def answer(model, **_):
            return botocore_hooks.Response("", serializer.Reply(200, {}, b"")), canned

        client.meta.events.register("before-call.secrets-manager.GetRandomPassword", answer)

        assert client.get_random_password() == canned
        assert client.list_secrets()["SecretList"] == []

    def test_other_services_are_left_alone(self, fakesecrets, closed_port):
        client = botocore.session.Session().create_client("sts", **closed_port)

        with pytest.raises(EndpointConnectionError):
            client.get_caller_identity()

    def test_before_call_on_other_services_answers_there(self, fakesecrets):
        canned = {"Account": "canned", "ResponseMetadata": {}}

        def answer(model, **_):
            return botocore_hooks.Response("", serializer.Reply(200, {}, b"")), canned

        client = botocore.session.Session().create_client("sts")
        client.meta.events.register("before-call", answer)

        assert client.get_caller_identity() == canned


class TestIds:
    def test_are_the_same_in_every_fake(self):
        def ids():
            with FakeSecrets() as fake:
                client = fake.client()
                created = client.create_secret(Name="db", SecretString="value")
                password = client.get_random_password(PasswordLength=8)["RandomPassword"]
                request_id = created["ResponseMetadata"]["RequestId"]
                return created["ARN"][-6:], created["VersionId"], request_id, password

        assert ids() == (
            "vcLwJt",
            "545fce15-2154-4d98-bf7e-0fd87a90d0c1",
            "aa769c5a-6183-44c0-a843-4f29cf32351c",
            "M:C.c0[z",
        )
        assert ids() == ids()

    def test_are_others_with_another_seed(self):
        def arn(seed):
            with FakeSecrets(seed=seed) as fake:
                return fake.client().create_secret(Name="db", SecretString="value")["ARN"]

        assert len({arn(seed) for seed in range(5)}) == 5

    def test_begin_again_after_a_reset(self, fakesecrets, fakesecrets_clock, client):
        fakesecrets_clock.freeze()  # an answer has a Date
        first = client.create_secret(Name="db", SecretString="value")
        fakesecrets.reset()

        assert client.create_secret(Name="db", SecretString="value") == first

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_a_token_of_the_caller_is_kept(self, fakesecrets, client, monkeypatch, wire):
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
        own = "5f1a9ad5-9a9b-4d4e-8d0e-6c2f1f0b7f11"

        created = client.create_secret(Name="db", SecretString="value", ClientRequestToken=own)

        assert created["VersionId"] == own
        assert current(client, "db") == own

    def test_no_version_id_comes_twice(self, fakesecrets, client):
        client.create_secret(Name="db", SecretString="value")
        tokens = {
            client.put_secret_value(SecretId="db", SecretString="value")["VersionId"] for _ in range(50)
        }

        assert len(tokens) == 50

    @pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.long)])
    def test_no_suffix_comes_twice(self, fakesecrets, client, count):
        arns = set()
        for _ in range(count):
            arns.add(client.create_secret(Name="db", SecretString="value")["ARN"])
            client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert len(arns) == count
        assert {
            len(arn.removeprefix("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-")) for arn in arns
        } == {6}


class TestAttach:
    def test_twice_or_without_need_does_no_harm(self, fakesecrets, client):
        fakesecrets.attach(client)
        fakesecrets.attach(client)

        client.create_secret(Name="db", SecretString="value")

        assert [event.operation for event in fakesecrets.history if isinstance(event, Call)] == [
            "CreateSecret"
        ]

    def test_reaches_a_client_whose_emitter_belongs_to_no_session(self, fakesecrets, closed_port):
        session = botocore.session.Session()
        session.register_component("event_emitter", EventAliaser(HierarchicalEmitter()))
        client = session.create_client("secretsmanager", **closed_port)
        with pytest.raises(EndpointConnectionError):
            client.list_secrets()

        fakesecrets.attach(client)
        fakesecrets.attach(session)

        for each in (client, session.create_client("secretsmanager", **closed_port)):
            assert each.list_secrets()["SecretList"] == []


@pytest.fixture(scope="module")
def interpreter():
    with interpreters() as run:
        yield run


#: What a project that does not use the fake must not import.
SLOW = ["aiobotocore", "boto3", "botocore", "croniter", "dateutil", "freezegun", "moto"]


#: A run of pytest that loads no plugin by itself.
LATE = """
import os, sys
import pytest

os.chdir(sys.argv[1])
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
assert pytest.main(["-p", "no:cacheprovider"]) == 0
"""


class TestLoading:
    @pytest.mark.long
    def test_the_plugin_imports_nothing_that_is_slow(self):
        script = f"""
import pytest_fakesecrets.plugin
import sys

assert not set({SLOW}) & set(sys.modules), set({SLOW}) & set(sys.modules)
"""
        command = [sys.executable, "-W", "error", "-c", script]

        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

        assert (ran.returncode, ran.stderr) == (0, "")

    def test_a_project_that_does_not_use_the_fake_imports_only_its_hook(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        # Not with -X importtime: it does not see what pytest imports by name.
        pytester.makeconftest(
            """
            import sys


            def pytest_unconfigure():
                for name in sorted(sys.modules):
                    top = name.partition(".")[0]
                    if top in {!r}:
                        print("imported", name)
            """.format([*SLOW, "pytest_fakesecrets"])
        )
        pytester.makepyfile("def test_it(): assert 1 == 1")

        ran = pytester.runpytest_subprocess("-p", "fakesecrets", "-q", "-s")

        ran.assert_outcomes(passed=1)
        assert [line for line in ran.outlines if line.startswith("imported")] == [
            "imported pytest_fakesecrets",
            "imported pytest_fakesecrets._plugin",
            "imported pytest_fakesecrets._plugin.failure_hints",
            "imported pytest_fakesecrets._plugin.isolation",
            "imported pytest_fakesecrets._plugin.stash",
            "imported pytest_fakesecrets._service",
            "imported pytest_fakesecrets._service.dummy_credentials",
            "imported pytest_fakesecrets._transport",
            "imported pytest_fakesecrets._transport.botocore_hooks",
            "imported pytest_fakesecrets._transport.install",
            "imported pytest_fakesecrets._transport.response",
            "imported pytest_fakesecrets._transport.state",
            "imported pytest_fakesecrets.plugin",
        ]

    @pytest.mark.long
    def test_nothing_that_is_slow_is_among_what_the_interpreter_imports(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile("def test_it(): assert 1 == 1")
        command = [sys.executable, "-X", "importtime", "-m", "pytest", "--collect-only", "-p", "fakesecrets"]

        ran = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=True)

        names = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if "|" in line}
        assert (
            "pytest_fakesecrets._transport.botocore_hooks" in names
        )  # what our own statements import is seen
        assert {name.partition(".")[0] for name in names} & set(SLOW) == set()

    @pytest.mark.long
    def test_the_plugin_is_installed_once_for_each_copy_of_botocore(self, interpreter):
        script = """
import importlib
import sys

import pytest_fakesecrets
from pytest_fakesecrets._transport import install

def check():
    for _ in range(2):
        install.install()
        with pytest_fakesecrets.FakeSecrets() as fake:
            fake.client()
        assert len([finder for finder in sys.meta_path if type(finder) is install._Installer]) == 1
        assert botocore._INITIALIZERS == [install.register_handlers]

import botocore
check()
importlib.reload(botocore)
check()
for name in [name for name in sys.modules if name.partition(".")[0] == "botocore"]:
    del sys.modules[name]
import botocore.session
check()
"""

        assert interpreter(script) == (0, "")

    @pytest.mark.long
    def test_the_heap_is_searched_once_and_only_where_sessions_came_before_the_plugin(self, interpreter):
        script = """
import sys
from unittest import mock

if len(sys.argv) == 1:
    import botocore.session
import pytest_fakesecrets
from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._transport import install

with mock.patch.object(install.gc, "get_objects", wraps=install.gc.get_objects) as searched:
    for _ in range(3):
        with FakeSecrets() as fake:
            fake.client()
        install.guard(True)()
assert searched.call_count == (1 if len(sys.argv) == 1 else 0), searched.call_count
"""

        assert interpreter(script) == interpreter(script, "after the plugin") == (0, "")

    def test_an_evicted_copy_of_botocore_is_freed_as_without_the_plugin(self, interpreter):
        script = """
import gc
import sys
from unittest import mock
from weakref import ref

def what_stays():
    with mock.patch.dict(sys.modules):
        import botocore.session
        copy = [botocore.session.Session(), botocore.session.Session, botocore.register_initializer]
        copy = [ref(part) for part in copy]
    del botocore
    gc.collect()
    return [part() is not None for part in copy]

without = what_stays()
import pytest_fakesecrets
assert what_stays() == without
assert not without[0]
"""

        assert interpreter(script) == (0, "")

    @pytest.mark.long
    def test_two_copies_of_this_package_serve_one_botocore(self, interpreter):
        script = """
import sys

import boto3
import pytest_fakesecrets

client = boto3.client(
    "secretsmanager", region_name="us-east-1", aws_access_key_id="mine", aws_secret_access_key="mine"
)
first = pytest_fakesecrets
for name in [name for name in sys.modules if name.partition(".")[0] == "pytest_fakesecrets"]:
    del sys.modules[name]
import pytest_fakesecrets

assert pytest_fakesecrets is not first
for copy in (pytest_fakesecrets, first, pytest_fakesecrets):
    with copy.FakeSecrets() as fake:
        client.create_secret(Name="db", SecretString="value")
        assert fake.secret("db").value() == "value"
"""

        assert interpreter(script) == (0, "")

    @pytest.mark.long
    def test_a_failed_reload_of_botocore_raises_its_error_and_leaves_the_plugin_in_place(self, interpreter):
        script = """
import importlib
import importlib.util
import sys
from importlib.machinery import PathFinder

import pytest_fakesecrets
import boto3

class Failing:
    def __init__(self, loader):
        self.loader = loader

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self, is_package=True) if target is not None else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        assert module.__loader__ is module.__spec__.loader is self
        self.loader.exec_module(module)
        raise LookupError("after its code")

botocore = sys.modules["botocore"]
path = botocore.__path__
sys.meta_path.insert(1, Failing(botocore.__loader__))
with pytest_fakesecrets.FakeSecrets() as fake:
    try:
        importlib.reload(botocore)
    except LookupError as error:
        assert str(error) == "after its code"
    else:
        raise AssertionError
    assert botocore._INITIALIZERS == [pytest_fakesecrets._transport.install.register_handlers]
    botocore.__path__ = path
    session = boto3.session.Session("mine", "mine", region_name="us-east-1")
    session.client("secretsmanager").create_secret(Name="db", SecretString="value")
    assert fake.secret("db").value() == "value"
"""

        assert interpreter(script) == (0, "")

    def test_the_finder_does_not_hide_that_botocore_is_broken(self, interpreter):
        script = """
import sys

import pytest_fakesecrets
import botocore

botocore.__path__ = []
try:
    import botocore.handlers
except ModuleNotFoundError as error:
    assert error.name == "botocore.handlers"
else:
    raise AssertionError
"""

        assert interpreter(script) == (0, "")

    @pytest.mark.long
    def test_a_run_that_does_not_use_the_plugin_finds_its_loaders_unchanged(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makeini("[pytest]\npython_files = *.py")
        pytester.makepyfile(
            lib="import boto3\n\n\ndef test_lib(): assert boto3",
            test_a="import lib\n\n\ndef test_it(): assert lib",
            test_b="""
            import importlib.util

            import botocore.handlers
            import lib


            def test_the_one_loader_of_all_modules():
                for module in (lib, botocore, botocore.handlers):
                    assert module.__loader__ is module.__spec__.loader is __loader__
                    assert importlib.util.find_spec(module.__name__).loader is __loader__
                assert not {"create_module", "exec_module", "get_code"} & set(vars(__loader__))
            """,
        )

        pytester.runpytest_subprocess("-p", "fakesecrets").assert_outcomes(passed=3)

    @pytest.mark.long
    @pytest.mark.parametrize(
        "ways",
        [
            pytest.param([], id="what is made with one copy of botocore"),
            pytest.param(["reloaded", "evicted"], id="what is made with several copies of botocore"),
        ],
    )
    def test_a_plugin_that_a_conftest_loads_late_fakes_and_guards_what_is_there(
        self, pytester, interpreter, ways
    ):
        pytester.makeini("[pytest]\nfakesecrets_guard = true")
        pytester.makeconftest(
            """
            import boto3
            import botocore.session

            KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}
            CLIENT = boto3.client("secretsmanager", region_name="us-east-1", **KEYS)
            BARE = botocore.session.Session(include_builtin_handlers=False)

            pytest_plugins = ["pytest_fakesecrets.plugin"]
            """
        )
        pytester.makepyfile(
            f"""
            import importlib
            import sys
            from unittest import mock

            import botocore.handlers
            import pytest
            from conftest import BARE, CLIENT, KEYS
            from pytest_fakesecrets import FakeSecretsError

            WAYS = {ways}


            def clients():
                yield CLIENT
                yield BARE.create_client("secretsmanager", region_name="us-east-1", **KEYS)
                if "reloaded" in WAYS:
                    importlib.reload(botocore.handlers)
                if "evicted" in WAYS:
                    with mock.patch.dict(sys.modules):
                        for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore")]:
                            del sys.modules[name]
                        import boto3

                        yield boto3.client("secretsmanager", region_name="us-east-1", **KEYS)
                    yield boto3.client("secretsmanager", region_name="us-east-1", **KEYS)


            def test_guarded():
                for client in clients():
                    with pytest.raises(FakeSecretsError, match="fakesecrets_guard is on"):
                        client.list_secrets()


            def test_faked(fakesecrets, request):
                for client in clients():
                    assert client.list_secrets()["SecretList"] == []
                    assert fakesecrets.client().list_secrets()["SecretList"] == []
                assert request.getfixturevalue("fakesecrets_client").list_secrets()["SecretList"] == []
            """
        )

        ran = interpreter(LATE, str(pytester.path))

        assert ran.returncode == 0, ran.written
        assert "2 passed" in ran.written


#: What surrounds the code of a way: a network that lets nothing through, a process that is set up for AWS, and a
#: child process each for the fake and for the guard, so that each of them has to reach every client by itself.
PROCESS = """
import copy, importlib, importlib.util, os, socket, sys, threading, traceback
from importlib.machinery import PathFinder, SourceFileLoader

sent = []


def refuse(*arguments, **_):
    sent.append(arguments)
    raise OSError("nothing leaves this process")


socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
os.environ.update(
    AWS_ACCESS_KEY_ID="mine",
    AWS_SECRET_ACCESS_KEY="mine",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_MAX_ATTEMPTS="1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE="/nowhere",
    AWS_DATA_PATH=sys.argv[1],
)
clients, copies = [], []


def is_botocore(name):
    return name.partition(".")[0] in ("boto3", "botocore")


def make_clients(boto3, botocore):
    client = boto3.client("secretsmanager")
    bare = botocore.session.Session(include_builtin_handlers=False)
    bare.register_component("data_loader", boto3.DEFAULT_SESSION._session.get_component("data_loader"))
    return [client, bare.create_client("secretsmanager")]


def make_session(**settings):
    import botocore.session

    return botocore.session.Session(**settings)


def evict():
    for name in list(filter(is_botocore, sys.modules)):
        del sys.modules[name]


# -- before the plugin is loaded
{before}
# -- the plugin is loaded
import pytest_fakesecrets.plugin
{after}


def use():
    exec({during!r}, globals())
    import boto3, botocore.session

    for copy in {{*copies, (boto3, botocore)}}:
        clients.extend(make_clients(*copy))
    return clients


def fake_all():
    with pytest_fakesecrets.FakeSecrets() as fake:
        for number, client in enumerate([*use(), fake.client()]):
            client.create_secret(Name=f"db-{{number}}", SecretString="value")
            assert fake.secret(f"db-{{number}}").value() == "value", number
            fake.fail("ListSecrets", (400, "Failed", "at before-send"))
            try:
                client.list_secrets()
            except Exception as error:
                assert str(error).endswith("at before-send"), number
            else:
                raise AssertionError(number)


def guard_all():
    pytest_fakesecrets._transport.install.guard(True)
    for number, client in enumerate(use()):
        try:
            client.list_secrets()
        except pytest_fakesecrets.FakeSecretsError as error:
            assert "fakesecrets_guard is on" in str(error), number
        else:
            raise AssertionError(number)


def child(check):
    pid = os.fork()
    if not pid:
        try:
            check()
            assert sent == [], sent
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


assert [child(fake_all), child(guard_all)] == [0, 0]
"""

#: A finder of others, put before that of the plugin, by which botocore is found.
FRONT = """
class Front:
    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, path) if is_botocore(name) else None

sys.meta_path.insert(0, Front())
"""

#: One that lets no other finder be asked at all.
SELFISH = """
class Selfish:
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            raise ModuleNotFoundError(name=name)
        return spec

import dateutil.parser, dateutil.tz  # by a finder of their own
sys.meta_path.insert(0, Selfish())
"""

IMPORTED_AND_EVICTED = """
from unittest import mock
with mock.patch.dict(sys.modules):
    import boto3, botocore.session
    clients += make_clients(boto3, botocore)
    copies.append((boto3, botocore))
"""

CLIENTS = """
import boto3, botocore.session
clients += make_clients(boto3, botocore)
copies.append((boto3, botocore))
"""

#: A finder that is its own loader, one for all modules of botocore.
OWN_LOADER = """
class Own:
    def find_spec(self, name, path=None, target=None):
        found = PathFinder.find_spec(name, path) if is_botocore(name) else None
        if found is not None and isinstance(found.loader, SourceFileLoader):
            places = found.submodule_search_locations
            spec = importlib.util.spec_from_loader(name, self, origin=found.origin, is_package=places is not None)
            spec.has_location = True
            spec.submodule_search_locations = places
            return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = module.__spec__.origin
        exec(SourceFileLoader(module.__name__, path).get_code(module.__name__), vars(module))

own = Own()
sys.meta_path.insert(1, own)
"""

WAYS = {
    "several ways in one process": {
        "before": IMPORTED_AND_EVICTED,
        "after": f"""{OWN_LOADER}{CLIENTS}assert vars(own) == {{}}
session = make_session()
""",
        "during": f"""clients.append(session.create_client("secretsmanager"))
import botocore
spec = botocore.__spec__
importlib.reload(botocore)
assert botocore.__spec__ == spec
{CLIENTS}evict(){CLIENTS}
""",
    },
    "after the plugin": {"after": CLIENTS},
    "before the plugin, with clients and sessions": {"before": CLIENTS},
    "while it is active": {"during": CLIENTS},
    "sessions that make their clients later, and copies of them": {
        "before": "early = make_session(); earlier = copy.deepcopy(early)",
        "after": "session = make_session(); bare = make_session(include_builtin_handlers=False)",
        "during": """
sessions = [early, earlier, session, bare, *map(copy.deepcopy, (early, session)), copy.copy(early)]
clients += [session.create_client("secretsmanager") for session in sessions]
""",
    },
    "looked for and not imported": {"after": "assert importlib.util.find_spec('botocore.handlers')"},
    "evicted after its import": {"after": IMPORTED_AND_EVICTED},
    "evicted after its import, before the plugin": {"before": IMPORTED_AND_EVICTED},
    "evicted after its import, while it is active": {
        "after": CLIENTS,
        "during": f"evict(){IMPORTED_AND_EVICTED}",
    },
    "two copies": {"after": f"{CLIENTS}evict(){CLIENTS}"},
    "a finder of others in front": {"after": f"{FRONT}{IMPORTED_AND_EVICTED}{CLIENTS}"},
    "a finder of others in front, while it is active": {
        "after": CLIENTS,
        "during": f"{FRONT}evict(){CLIENTS}",
    },
    "a finder that lets no other be asked": {"after": f"{SELFISH}{IMPORTED_AND_EVICTED}{CLIENTS}"},
    "a finder that is its own loader": {"after": f"{OWN_LOADER}{CLIENTS}assert vars(own) == {{}}"},
    "a finder that loads lazily": {
        "after": """
class Lazy:
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path) if is_botocore(name) else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec

sys.meta_path.insert(1, Lazy())
import botocore, colorsys
assert object.__getattribute__(botocore, "__class__") is not type(sys)
"""
        + CLIENTS,
    },
    "a finder whose loader has no exec_module": {
        "after": """
class Older:
    def find_spec(self, name, path=None, target=None):
        if name in ("botocore", "botocore.handlers"):
            found = PathFinder.find_spec(name, path)
            places = found.submodule_search_locations
            spec = importlib.util.spec_from_loader(name, self, origin=found.origin, is_package=places is not None)
            spec.submodule_search_locations = places
            return spec

    def load_module(self, name):
        spec = PathFinder.find_spec(name, sys.modules["botocore"].__path__ if "." in name else None)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

sys.meta_path.insert(1, Older())
"""
        + CLIENTS,
    },
    "a zip archive": {
        "before": """
import tempfile, zipfile
from pathlib import Path

root = Path(PathFinder.find_spec("botocore").origin).parent
archive = f"{tempfile.mkdtemp()}/botocore.zip"
with zipfile.ZipFile(archive, "w") as zipped:
    for path in [*root.glob("*.py"), *root.glob("retries/*.py"), *root.glob("docs/**/*.py"), *root.glob("vendored/**/*.py"), *root.glob("crt/*.py")]:
        compiled = Path(importlib.util.cache_from_source(str(path)))
        source = compiled if compiled.exists() else path
        zipped.write(source, path.relative_to(root.parent).with_suffix(source.suffix))
sys.path.insert(0, archive)
os.environ["AWS_DATA_PATH"] += f"{os.pathsep}{root / 'data'}"
""",
        "after": f"""{CLIENTS}
assert type(botocore.__loader__).__name__ == "zipimporter", botocore.__loader__
""",
    },
    "imports that fail at first": {
        "after": """
class Failing:
    def find_spec(self, name, path=None, target=None):
        if name == "botocore.handlers":
            sys.meta_path.remove(self)
            raise ImportError("once")

sys.meta_path.insert(1, Failing())
sys.modules["botocore.hooks"] = None
for _ in range(2):
    try:
        import boto3
    except ImportError as error:
        assert str(error) == "once" or sys.modules.pop("botocore.hooks", 0) is None
    else:
        raise AssertionError
"""
        + CLIENTS,
    },
    "its handlers reloaded": {
        "after": f"{CLIENTS}importlib.reload(botocore.handlers){CLIENTS}",
        "during": "import botocore.handlers; importlib.reload(botocore.handlers)",
    },
    "its package reloaded": {
        "after": f"""{CLIENTS}
loader, spec = botocore.__loader__, botocore.__spec__
importlib.reload(botocore)
assert type(botocore.__loader__) is type(loader) and botocore.__spec__.loader is botocore.__loader__
assert botocore.__spec__ == spec
{CLIENTS}""",
        "during": "import botocore; importlib.reload(botocore)",
    },
    "much of it reloaded": {
        "after": CLIENTS,
        "during": """
for name in ("hooks", "handlers", "model", "client", "session"):
    importlib.reload(sys.modules[f"botocore.{name}"])
importlib.reload(sys.modules["boto3.session"])
importlib.reload(sys.modules["boto3"])
""",
    },
    "after stubs of it": {
        "after": f"""
from unittest import mock
with mock.patch.dict(sys.modules, {{"botocore": mock.MagicMock(), "boto3": None}}):
    import botocore, colorsys
    importlib.reload(colorsys)
{CLIENTS}""",
    },
    "imports in many threads": {
        "after": """
def work():
    barrier.wait()
    import boto3, botocore.session
    clients.extend(make_clients(boto3, botocore)[1:])  # boto3's default session is not for threads

barrier = threading.Barrier(4)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(clients) == 4
""",
    },
    "the list of finders restored": {
        "before": "finders = list(sys.meta_path)",
        "after": "sys.meta_path[:] = finders",
        "during": CLIENTS,
    },
}

AIOBOTOCORE = {
    "before": """
import asyncio
from aiobotocore.session import AioSession

sessions = [AioSession(), AioSession(include_builtin_handlers=False)]
""",
    "during": """
class Waiting:
    def __init__(self, session):
        self.session = session

    async def call(self, operation, **parameters):
        async with self.session.create_client("secretsmanager") as client:
            return await getattr(client, operation)(**parameters)

    def __getattr__(self, operation):
        return lambda **parameters: asyncio.run(self.call(operation, **parameters))

clients += map(Waiting, [*sessions, AioSession(), AioSession(include_builtin_handlers=False)])
""",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of botocore's data with few endpoints: reading all of them takes half of the time of a way."""
    folder = tmp_path_factory.mktemp("data")
    endpoints = deepcopy(botocore.session.Session().get_component("data_loader").load_data("endpoints"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in ("secretsmanager",) if name in services}
    (folder / "endpoints.json").write_text(json.dumps(endpoints))
    return folder


@pytest.fixture(scope="module")
def in_a_process(interpreter, data):
    """What runs PROCESS, with the code of a way in its places."""
    return lambda before="", after="", during="": interpreter(
        PROCESS.format(before=before, after=after, during=during), str(data)
    )


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each way is checked in two forks of one process")
class TestEachWayToImportBotocore:
    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    def test_every_client_is_faked_and_guarded(self, in_a_process, way):
        assert in_a_process(**way) == (0, "")

    def test_every_client_of_aiobotocore_is_faked_and_guarded(self, in_a_process):
        pytest.importorskip("aiobotocore")

        assert in_a_process(**AIOBOTOCORE) == (0, "")

    def test_the_check_sees_a_call_that_leaves(self, in_a_process):
        ran = in_a_process(after="pytest_fakesecrets._transport.botocore_hooks.HANDLERS = ()")

        assert ran.returncode == 1
        assert ran.written.count("botocore.exceptions.EndpointConnectionError: Could not connect") == 2
