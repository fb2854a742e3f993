"""The two doors through which every client of the process reaches the fake."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.client import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from freezegun import freeze_time
from rotation_functions import nothing
from support import current, refused, token

from pytest_fakesecrets import Call, FakeSecrets, FakeSecretsError, _hook, _model, _wire
from pytest_fakesecrets._model import service_model
from pytest_fakesecrets._operations import OPERATIONS
from pytest_fakesecrets._world import World

KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}
REGION = "us-east-1"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"

#: Made while this file is imported, long before any fake is active.
AT_IMPORT = boto3.client("secretsmanager", region_name=REGION, **KEYS)

#: Those of the installed botocore: an older one has fewer.
KNOWN = [operation for operation in OPERATIONS if operation in service_model().operation_names]

POLICY = """{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}"""

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
        {"SecretIdList": ["db", "nobody", "blob", "deleted"]},
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
    "DescribeSecret": ({"SecretId": "rotated"}, {"SecretId": "nobody"}, "ResourceNotFoundException"),
    "DisassociateCrossAccountReplica": (
        {"SecretId": "shared", "CrossAccountReplicaARN": LINKED},
        {"SecretId": "db", "CrossAccountReplicaARN": LINKED},
        "InvalidParameterException",
    ),
    "GetRandomPassword": ({"PasswordLength": 20}, {"PasswordLength": 4097}, "ValidationException"),
    "GetResourcePolicy": ({"SecretId": "shared"}, {"SecretId": "nobody"}, "ResourceNotFoundException"),
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
    """Make the secrets that CALLS are about; tell the ARNs that stand there by other names."""
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


def outcome(kept, monkeypatch, operation, parameters, *, wire):
    """What a call gives in a world of its own: the answer or the error, and how often it took the wire."""
    requests = []

    def seen(request, **_):
        requests.append(request)

    monkeypatch.setattr(World, "takes_the_wire", lambda *_: wire)
    with FakeSecrets(seed=7) as fake, freeze_time("2030-01-31 16:00"):
        arns = furnish(fake, kept)
        parameters = {
            member: arns.get(value, value) if isinstance(value, str) else value
            for member, value in parameters.items()
        }
        kept.meta.events.register_first("before-send.secrets-manager", seen)
        try:
            return getattr(kept, xform_name(operation))(**parameters), None, len(requests)
        except ClientError as error:
            return error.response, (type(error), str(error)), len(requests)
        finally:
            kept.meta.events.unregister("before-send.secrets-manager", seen)


class TestTwoDoors:
    @pytest.mark.parametrize("operation", KNOWN)
    def test_give_the_same_answer(self, kept, monkeypatch, operation):
        parameters, _, _ = CALLS[operation]

        by_call = outcome(kept, monkeypatch, operation, parameters, wire=False)
        by_send = outcome(kept, monkeypatch, operation, parameters, wire=True)

        assert by_call[1:] == (None, 0)
        assert by_send[1:] == (None, 1)
        assert without_request_id(by_send[0]) == without_request_id(by_call[0])

    @pytest.mark.parametrize("operation", KNOWN)
    def test_give_the_same_error(self, kept, monkeypatch, operation):
        _, parameters, code = CALLS[operation]

        by_call = outcome(kept, monkeypatch, operation, parameters, wire=False)
        by_send = outcome(kept, monkeypatch, operation, parameters, wire=True)

        assert by_call[0]["Error"]["Code"] == code
        assert (by_call[2], by_send[2]) == (0, 1)
        assert by_send[1] == by_call[1]
        assert without_request_id(by_send[0]) == without_request_id(by_call[0])

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_tell_the_metadata_that_aws_sends(self, kept, monkeypatch, wire):
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

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
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
        monkeypatch.setattr(World, "takes_the_wire", lambda *_: wire)
        client = fakesecrets.client(**made_with)

        created = client.create_secret(Name="db", SecretString="value")

        assert created["ARN"][:-6] == arn

    @pytest.mark.parametrize("wire", [False, True], ids=["before-call", "before-send"])
    def test_let_errors_of_the_fake_through_unchanged(self, fakesecrets, client, monkeypatch, wire):
        monkeypatch.setattr(World, "takes_the_wire", lambda *_: wire)
        monkeypatch.delitem(_model.OPERATIONS, "TagResource")
        _model.operation.cache_clear()

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
    """A client's arguments for an endpoint at which nobody listens, tried once."""
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

        with pytest.raises(FakeSecretsError, match="This fake is not active, and nothing of it reaches"):
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

        pytester.runpytest_subprocess().assert_outcomes(passed=1)


class TestWorlds:
    def test_regions_are_separate(self, fakesecrets):
        here, there = fakesecrets.client(), fakesecrets.client("eu-west-1")
        here.create_secret(Name="db", SecretString="here")
        there.create_secret(Name="db", SecretString="there")

        assert here.get_secret_value(SecretId="db")["SecretString"] == "here"
        assert there.get_secret_value(SecretId="db")["SecretString"] == "there"
        assert fakesecrets.client("sa-east-1").list_secrets()["SecretList"] == []

    def test_accounts_are_separate(self, fakesecrets):
        ours, theirs = fakesecrets.client(), fakesecrets.client(aws_access_key_id="210987654321")
        theirs.create_secret(Name="db", SecretString="theirs")

        with refused("ResourceNotFoundException"):
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
        monkeypatch.setattr(World, "takes_the_wire", lambda *_: wire)
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

        with refused("ResourceNotFoundException"):
            client.describe_secret(SecretId="nobody")

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
            return _hook.Response("", _wire.Reply(200, {}, b"")), canned

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
            return _hook.Response("", _wire.Reply(200, {}, b"")), canned

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
        monkeypatch.setattr(World, "takes_the_wire", lambda *_: wire)
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

    def test_no_suffix_comes_twice(self, fakesecrets, client):
        arns = set()
        for _ in range(1000):
            arns.add(client.create_secret(Name="db", SecretString="value")["ARN"])
            client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert len(arns) == 1000
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

    def test_reaches_a_client_from_before_the_package_was_imported(self, pytester):
        pytester.makepyfile(
            """
            import socket
            import sys

            import botocore.session
            import pytest
            from botocore.client import Config
            from botocore.exceptions import EndpointConnectionError

            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
            CLIENT = botocore.session.Session().create_client(
                "secretsmanager",
                region_name="us-east-1",
                aws_access_key_id="mine",
                aws_secret_access_key="mine",
                endpoint_url=URL,
                config=Config(retries={"total_max_attempts": 1}, proxies={}),
            )
            assert "pytest_fakesecrets" not in sys.modules


            def test_it():
                from pytest_fakesecrets import FakeSecrets

                with FakeSecrets() as fake:
                    with pytest.raises(EndpointConnectionError):
                        CLIENT.list_secrets()
                    fake.attach(CLIENT)
                    first = CLIENT.create_secret(Name="db", SecretString="value")
                    assert fake.secret("db").value() == "value"
                with pytest.raises(EndpointConnectionError):
                    CLIENT.list_secrets()
                with FakeSecrets():
                    again = CLIENT.create_secret(Name="db", SecretString="value")
                    assert (again["ARN"], again["VersionId"]) == (first["ARN"], first["VersionId"])
            """
        )

        pytester.runpytest_subprocess("-p", "no:fakesecrets").assert_outcomes(passed=1)


def run(script):
    """Run a script in a fresh interpreter, and expect that its assertions hold."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stderr == ""
    assert ran.returncode == 0


#: What nobody should wait for who does not use the fake.
SLOW = ["aiobotocore", "boto3", "botocore", "croniter", "dateutil", "freezegun", "moto"]


class TestLoading:
    def test_the_plugin_imports_nothing_that_is_slow(self):
        run(
            f"""
import pytest_fakesecrets.plugin
import sys

assert not set({SLOW}) & set(sys.modules), set({SLOW}) & set(sys.modules)
"""
        )

    def test_a_project_that_does_not_use_it_does_not_pay_for_it(self, pytester, monkeypatch):
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
            "imported pytest_fakesecrets._answers",
            "imported pytest_fakesecrets._hook",
            "imported pytest_fakesecrets._install",
            "imported pytest_fakesecrets.plugin",
        ]

    def test_nothing_that_is_slow_is_among_what_the_interpreter_imports(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile("def test_it(): assert 1 == 1")
        command = [sys.executable, "-X", "importtime", "-m", "pytest", "--collect-only", "-p", "fakesecrets"]

        ran = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=True)

        names = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if "|" in line}
        assert "pytest_fakesecrets._hook" in names  # what our own statements import is seen
        assert {name.partition(".")[0] for name in names} & set(SLOW) == set()

    def test_the_finder_removes_itself_when_botocore_comes(self):
        run(
            """
import sys

import pytest_fakesecrets
from pytest_fakesecrets import _hook, _install

def waiting():
    return [finder for finder in sys.meta_path if isinstance(finder, _install._WaitForBotocore)]

assert len(waiting()) == 1
_install.install()
assert len(waiting()) == 1

import botocore

assert len(waiting()) == 1

import botocore.handlers

assert waiting() == []
assert botocore.handlers.__spec__.name == "botocore.handlers"
names = [entry[0] for entry in botocore.handlers.BUILTIN_HANDLERS if entry in list(_hook.HANDLERS)]
assert names == [
    "before-parameter-build.secrets-manager",
    "before-call.secrets-manager",
    "choose-signer.secrets-manager",
    "before-send.secrets-manager",
], names
_install.install()
assert waiting() == []
assert len([entry for entry in botocore.handlers.BUILTIN_HANDLERS if entry in list(_hook.HANDLERS)]) == 4
"""
        )

    def test_botocore_may_have_been_imported_before(self):
        run(
            """
import sys

import botocore.handlers

import pytest_fakesecrets.plugin
from pytest_fakesecrets import FakeSecrets, _install

assert not [finder for finder in sys.meta_path if isinstance(finder, _install._WaitForBotocore)]
import botocore.session

session = botocore.session.Session()
client = session.create_client(
    "secretsmanager", region_name="us-east-1", aws_access_key_id="mine", aws_secret_access_key="mine"
)
with FakeSecrets() as fake:
    client.create_secret(Name="db", SecretString="value")
    assert fake.secret("db").value() == "value"
"""
        )

    def test_the_finder_does_not_hide_that_botocore_is_broken(self):
        run(
            """
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
        )
