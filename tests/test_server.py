"""The fake over HTTP on loopback: other processes, other languages, and requests that are not valid."""

from __future__ import annotations

import gc
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus

import pytest
from rotation_functions import raising_in, well_behaved
from support import labels, rejected, snapshot, token

from pytest_fakesecrets import Call, FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake.backend import FakeBackend
from pytest_fakesecrets._service import parser
from pytest_fakesecrets._transport import http_server

#: Set where every tool has to be there: then its absence is a failure, and skips no test.
MUST_RUN = "FAKESECRETS_TESTS_MUST_RUN"

JSON, JSON_1_0 = "application/x-amz-json-1.1", "application/x-amz-json-1.0"
HEADERS = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": JSON}
REGION, ACCOUNT = "eu-west-1", "210987654321"

HOW = (
    "This is the Secrets Manager of a test. It answers POST requests to / with the header X-Amz-Target, as "
    "AWS SDKs send them"
)
NO_LENGTH = (
    "Send one header Content-Length with the length of the body in bytes. Chunked bodies are not supported."
)
TOO_LARGE = "The body of the request has more than 1048576 bytes, the maximum."
NOT_FOUND = "Secrets Manager can't find the specified secret."

#: Variables that lead a client to other endpoints, or through a proxy.
ASTRAY = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


def descriptors():
    """The open sockets of this process, where the system lists them; else none."""
    found = set()
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:
            continue  # the listing's own
    return {link for link in found if link.startswith("socket:")}


@pytest.fixture(autouse=True)
def nothing_is_left(capfd):
    """No test can forget it: no thread, no socket and no word on stderr outlives a server."""
    threads, sockets = set(threading.enumerate()), descriptors()
    yield
    assert set(threading.enumerate()) - threads == set()
    if descriptors() - sockets:
        gc.collect()  # what hangs in cycles is no leak of the server's
    assert descriptors() - sockets == set()
    assert capfd.readouterr().err == ""


@pytest.fixture
def server(fakesecrets_server):
    return fakesecrets_server


def port_of(server):
    return int(server.url.rpartition(":")[2])


def connected(server):
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=10)


def wire(body=b"{}", start="POST / HTTP/1.1", **headers):
    """A request as it goes over the wire: ListSecrets, or what the arguments say. A header that is None is left out."""
    given = {
        **HEADERS,
        "Content-Length": len(body),
        **{name.replace("_", "-"): headers[name] for name in headers},
    }
    lines = [start, *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def read(connection):
    """The next answer on a connection: status, headers and document."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    return response.status, response.headers, json.loads(body) if body else None


def answer(server, sent, *, half_closed=False):
    """What is answered to bytes: status and document."""
    with connected(server) as connection:
        connection.sendall(sent)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        status, _, document = read(connection)
    return status, document


def post(connection, operation, **members):
    """One call over http.client: status and document."""
    headers = {**HEADERS, "X-Amz-Target": f"secretsmanager.{operation}"}
    connection.request("POST", "/", json.dumps(members), headers)
    response = connection.getresponse()
    body = response.read()
    return response.status, json.loads(body) if body else None


@pytest.fixture
def outside(server):
    """A connection that no AWS SDK has made."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=10)
    yield connection
    connection.close()


def run(command, server, *, stderr="", **environ):
    """Run a command as the README says it, and return what it prints."""
    ran = subprocess.run(
        command,
        env={**os.environ, **ASTRAY, **server.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert stderr in ran.stderr if stderr else ran.stderr == ""
    assert (ran.returncode == 0) == (stderr == "")
    return ran.stdout


def python(script, server, **environ):
    return json.loads(run([sys.executable, "-c", script], server, **environ))


def absent(reason):
    """Skip what needs a tool that is not there, or fail where it should be."""
    if os.environ.get(MUST_RUN):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def aws():
    """The AWS CLI: `aws(server, "list-secrets")` is what it prints, parsed."""
    found = shutil.which("aws")
    if found is None:
        absent("the AWS CLI is not on the PATH")

    def call(server, *arguments, **kwargs):
        printed = run([found, "secretsmanager", *arguments, "--output", "json"], server, **kwargs)
        return json.loads(printed) if printed else None

    return call


@pytest.fixture(scope="session")
def node(request, tmp_path_factory):
    """Node with the AWS SDK for JavaScript: `node(server, script)` is what the script passes to `output`."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        absent("node and npm are not on the PATH")
    cache = getattr(request.config, "cache", None)  # a run may do without: -p no:cacheprovider
    name = "aws-sdk-for-javascript"
    home = tmp_path_factory.mktemp(name, numbered=False) if cache is None else cache.mkdir(name)
    if not (home / "node_modules" / ".package-lock.json").exists():  # npm writes it last
        install(npm, home)
    module = json.dumps(str(home / "node_modules" / "@aws-sdk" / "client-secrets-manager"))

    def call(server, script, **environ):
        program = f"""
            const sdk = require({module});
            const output = (value) => console.log(JSON.stringify(value));
            const rejected = (sent) => sent.then(output, (e) => [e.name, e.message, e.$metadata.httpStatusCode]);
            (async () => {{ {script} }})();
        """
        printed = run([found, "-e", program], server, NODE_NO_WARNINGS="1", **environ)
        return json.loads(printed)

    return call


def install(npm, home):
    try:
        ran = subprocess.run(
            [
                *(npm, "install", "--no-audit", "--no-fund", "--prefix", str(home)),
                *("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "@aws-sdk/client-secrets-manager@3"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    except subprocess.TimeoutExpired:
        absent("npm has not installed the AWS SDK for JavaScript within two minutes")
    if ran.returncode:
        absent(f"npm cannot install the AWS SDK for JavaScript: {ran.stderr}")


def calls(fake):
    return [(event.operation, event.error, event.step) for event in fake.history if isinstance(event, Call)]


#: What a rotation by `well_behaved` calls.
ROTATION = [
    ("RotateSecret", None, None),
    ("DescribeSecret", None, "createSecret"),
    ("GetSecretValue", None, "createSecret"),
    ("GetSecretValue", "ResourceNotFoundException", "createSecret"),
    ("GetRandomPassword", None, "createSecret"),
    ("PutSecretValue", None, "createSecret"),
    ("DescribeSecret", None, "setSecret"),
    ("GetSecretValue", None, "setSecret"),
    ("DescribeSecret", None, "testSecret"),
    ("GetSecretValue", None, "testSecret"),
    ("DescribeSecret", None, "finishSecret"),
    ("DescribeSecret", None, "finishSecret"),
    ("UpdateSecretVersionStage", None, "finishSecret"),
]


class TestPlainHttp:
    def test_reads_and_writes_the_secrets_of_the_test(self, fakesecrets, client, outside):
        client.create_secret(Name="inside", SecretString="ü \U0001f600", ClientRequestToken=token(1))

        status, value = post(outside, "GetSecretValue", SecretId="inside")
        created = post(outside, "CreateSecret", Name="outside", SecretString="x", ClientRequestToken=token(2))

        assert (status, value["SecretString"], value["VersionId"]) == (200, "ü \U0001f600", token(1))
        arn = fakesecrets.secret("outside").arn
        assert created == (200, {"ARN": arn, "Name": "outside", "VersionId": token(2)})
        assert client.get_secret_value(SecretId="outside")["SecretString"] == "x"
        assert calls(fakesecrets) == [
            ("CreateSecret", None, None),
            ("GetSecretValue", None, None),
            ("CreateSecret", None, None),
            ("GetSecretValue", None, None),
        ]

    def test_gets_the_bytes_that_a_client_of_the_process_gets(self, server, client, outside, monkeypatch):
        monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: True)
        with rejected("ResourceNotFoundException") as inside:
            client.describe_secret(SecretId="absent")

        outside.request(
            "POST",
            "/",
            '{"SecretId": "absent"}',
            {**HEADERS, "X-Amz-Target": "secretsmanager.DescribeSecret"},
        )
        response = outside.getresponse()
        document = json.loads(response.read())

        assert document == {"__type": "ResourceNotFoundException", "Message": NOT_FOUND}
        assert inside.message == NOT_FOUND
        headers = inside.response["ResponseMetadata"]["HTTPHeaders"]
        assert {name.lower() for name in response.headers} == set(headers)
        assert response.headers["Content-Type"] == headers["content-type"]

    def test_an_operation_without_an_output_has_no_body(self, client, outside):
        client.create_secret(Name="db", SecretString="value")

        tagged = post(outside, "TagResource", SecretId="db", Tags=[{"Key": "a", "Value": "b"}])

        assert tagged == (200, None)
        assert client.describe_secret(SecretId="db")["Tags"] == [{"Key": "a", "Value": "b"}]

    def test_an_unsigned_request_is_in_the_default_region_and_account(self, outside, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)

        _, created = post(outside, "CreateSecret", Name="db", SecretString="a", ClientRequestToken=token(1))

        assert created["ARN"].rpartition("-")[0] == f"arn:aws:secretsmanager:{REGION}:123456789012:secret:db"

    @pytest.mark.parametrize(
        ("credential", "arn"),
        [
            pytest.param(f"{ACCOUNT}/20300131/{REGION}", f"{REGION}:{ACCOUNT}", id="both"),
            pytest.param(f"AKIA/20300131/{REGION}", f"{REGION}:123456789012", id="region"),
            pytest.param("nonsense", "us-east-1:123456789012", id="neither"),
        ],
    )
    def test_region_and_account_are_those_of_the_signature(self, server, credential, arn):
        signed = f"AWS4-HMAC-SHA256 Credential={credential}/secretsmanager/aws4_request, Signature=0"
        body = json.dumps({"Name": "db", "SecretString": "a", "ClientRequestToken": token(1)}).encode()

        status, created = answer(
            server, wire(body, X_Amz_Target="secretsmanager.CreateSecret", Authorization=signed)
        )

        assert (status, created["ARN"][:-7]) == (200, f"arn:aws:secretsmanager:{arn}:secret:db")

    @pytest.mark.parametrize(
        "region",
        ["a:b:c", "us east 1", "US-EAST-1", "us-east-1:", "-us", "us--east", "*", "us_east_1", "a" * 64],
    )
    def test_an_invalid_region_is_rejected_as_by_aws_and_changes_nothing(self, fakesecrets, server, region):
        signed = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20300131/{region}/secretsmanager/aws4_request, X=y"
        }
        body = b'{"Name": "db", "SecretString": "value", "ClientRequestToken": "' + b"1" * 32 + b'"}'
        fakesecrets.fail("CreateSecret", "ThrottlingException")

        answered = answer(server, wire(body, X_Amz_Target="secretsmanager.CreateSecret", **signed))

        message = "Credential should be scoped to a valid region."
        assert answered == (400, {"__type": "InvalidSignatureException", "message": message})
        assert fakesecrets.history == ()
        assert snapshot(fakesecrets._service.store) == {}
        assert fakesecrets._service.store.regions == {}

    def test_a_rotation_runs_the_function_of_the_test(self, fakesecrets, client, outside):
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        function = fakesecrets.add_rotation_function(well_behaved)

        status, rotated = post(
            outside, "RotateSecret", SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2)
        )

        assert (status, rotated["VersionId"]) == (200, token(2))
        assert labels(client, "db") == {token(1): {"AWSPREVIOUS"}, token(2): {"AWSCURRENT", "AWSPENDING"}}
        assert [rotation.status for rotation in fakesecrets.rotations("db")] == ["succeeded"]

    def test_a_rotation_waits_for_the_test_that_drives(
        self, fakesecrets, fakesecrets_rotation, client, outside
    ):
        client.create_secret(Name="db", SecretString="old")
        function = fakesecrets.add_rotation_function(well_behaved)

        post(outside, "RotateSecret", SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))

        assert fakesecrets_rotation.step().name == "createSecret"
        assert post(outside, "GetSecretValue", SecretId="db")[1]["SecretString"] == "old"
        assert fakesecrets_rotation.run().status == "succeeded"
        assert post(outside, "GetSecretValue", SecretId="db")[1]["VersionId"] == token(2)

    def test_a_rotation_that_fails_warns_the_test_and_not_the_caller(self, fakesecrets, client, outside):
        client.create_secret(Name="db", SecretString="old")
        function = fakesecrets.add_rotation_function(raising_in("setSecret"))

        with pytest.warns(RotationFailedWarning, match="the database is down"):
            status, _ = post(
                outside,
                "RotateSecret",
                SecretId="db",
                RotationLambdaARN=function,
                ClientRequestToken=token(2),
            )

        assert status == 200
        assert [rotation.status for rotation in fakesecrets.rotations("db")] == ["failed"]

    def test_a_rotation_function_may_call_the_server_too(self, fakesecrets, client, outside):
        seen = []

        def rotate(event, context):
            seen.append((event["Step"], post(outside, "GetSecretValue", SecretId="db")[1]["SecretString"]))
            well_behaved(event, context)

        client.create_secret(Name="db", SecretString="old")

        fakesecrets.rotate("db", rotate)

        steps = ["createSecret", "setSecret", "testSecret", "finishSecret"]
        assert seen == [(step, "old") for step in steps]

    def test_a_frozen_clock_is_that_of_the_server_and_of_the_test(
        self, fakesecrets, fakesecrets_clock, client, outside
    ):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        post(outside, "CreateSecret", Name="db", SecretString="a", ClientRequestToken=token(1))
        fakesecrets.rotate("db", well_behaved, RotationRules={"ScheduleExpression": "rate(10 days)"})
        fakesecrets_clock.tick(11 * 86_400)

        status, described = post(outside, "DescribeSecret", SecretId="db")

        assert (status, described["CreatedDate"]) == (200, 1896105600.0)
        assert (
            described["LastRotatedDate"]
            == client.describe_secret(SecretId="db")["LastRotatedDate"].timestamp()
        )
        assert len(fakesecrets.rotations("db")) == 2

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            pytest.param(wire(), 200, id="a success"),
            pytest.param(wire(X_Amz_Target="secretsmanager.Nonsense"), 400, id="an error of AWS"),
            pytest.param(wire(X_Amz_Target="secretsmanager.DescribeSecret"), 503, id="an injected fault"),
            pytest.param(wire(Content_Type=None), 415, id="an error of the server"),
            pytest.param(b"nonsense\r\n\r\n", 400, id="an error of HTTP"),
        ],
    )
    def test_every_answer_has_the_date_of_the_clock(
        self, fakesecrets, server, fakesecrets_clock, sent, status
    ):
        """RFC 9110, 6.6.1; published rotation functions read it."""
        if status == 503:
            fakesecrets.fail("DescribeSecret", "ServiceUnavailable", times=2)
        answers = []

        for moment in ("2030-01-31 16:00:07.9", "2030-02-01 00:00"):
            fakesecrets_clock.move_to(moment)
            with connected(server) as connection:
                connection.sendall(sent)
                answered, headers, _ = read(connection)
            answers.append((answered, headers.get_all("Date")))

        assert answers == [
            (status, ["Thu, 31 Jan 2030 16:00:07 GMT"]),
            (status, ["Fri, 01 Feb 2030 00:00:00 GMT"]),
        ]

    @pytest.mark.parametrize(
        "content_type", [f"{JSON}; charset=utf-8", JSON_1_0, f"{JSON_1_0};charset=UTF-8"]
    )
    def test_a_request_may_have_another_content_type_of_json(self, client, server, content_type):
        """Inferred: hand-written clients send application/x-amz-json-1.0; not observed on AWS."""
        client.create_secret(Name="db", SecretString="value")

        with connected(server) as connection:
            connection.sendall(
                wire(
                    b'{"SecretId": "db"}',
                    X_Amz_Target="secretsmanager.GetSecretValue",
                    Content_Type=content_type,
                )
            )
            status, headers, document = read(connection)

        assert (status, headers["Content-Type"], document["SecretString"]) == (200, JSON, "value")

    @pytest.mark.parametrize("agent", ["User-Agent", "X-Amz-User-Agent"])
    def test_the_sdk_for_javascript_has_no_reason_to_set_its_clock(self, server, fakesecrets_clock, agent):
        """Source: AwsSdkSigV4Signer of the AWS SDK for JavaScript 3.600.0 and 3.1164.0."""
        fakesecrets_clock.move_to("2030-01-31 16:00")
        sdk = {agent: "aws-sdk-js/3.1164.0 ua/2.1", "X-Amz-Date": "20261125T181313Z"}

        with connected(server) as connection:
            connection.sendall(wire(**sdk) + wire(**sdk, X_Amz_Target="secretsmanager.Nonsense"))
            with connection.makefile("rb") as file:
                found, refused = headers_of(file), headers_of(file)

        assert (found["age"], found["date"]) == ("0", "Thu, 31 Jan 2030 16:00:00 GMT")
        assert (refused["age"], refused["date"]) == ("0", "Wed, 25 Nov 2026 18:13:13 GMT")

    @pytest.mark.parametrize("signed", [None, "", "yesterday", "20301331T160000Z"])
    def test_a_rejected_request_of_javascript_without_a_time_has_the_date_of_the_clock(
        self, server, fakesecrets_clock, signed
    ):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        with connected(server) as connection:
            connection.sendall(
                wire(X_Amz_Target="secretsmanager.Nonsense", User_Agent="aws-sdk-js/3", X_Amz_Date=signed)
            )
            _, headers, _ = read(connection)

        assert headers["Date"] == "Thu, 31 Jan 2030 16:00:00 GMT"


BOTO3 = f"""
import json
import boto3
from botocore.exceptions import ClientError

client = boto3.client("secretsmanager")
made = client.create_secret(Name="outside", SecretString="x")
blob = client.create_secret(Name="blob", SecretBinary=bytes(range(256)))
assert client.get_secret_value(SecretId="blob")["SecretBinary"] == bytes(range(256))
client.put_secret_value(SecretId="inside", SecretString="new")
pages = list(client.get_paginator("list_secrets").paginate(PaginationConfig={{"PageSize": 2}}))
try:
    client.get_secret_value(SecretId="absent")
except client.exceptions.ResourceNotFoundException as error:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
rotated = client.rotate_secret(SecretId="inside", RotationLambdaARN="FUNCTION", ClientRequestToken="3" * 32)
keys = {{"aws_access_key_id": "{ACCOUNT}", "aws_secret_access_key": "mine"}}
abroad = boto3.client("secretsmanager", region_name="{REGION}", **keys)
print(json.dumps({{
    "made": made["ARN"][:-7],
    "value": client.get_secret_value(SecretId="inside")["VersionId"],
    "pages": [[secret["Name"] for secret in page["SecretList"]] for page in pages],
    "refused": [code, message],
    "rotated": rotated["VersionId"],
    "abroad": abroad.create_secret(Name="db", SecretString="a")["ARN"][:-7],
}}))
"""

#: What each of the tools reads from the secrets of `function`, after it has changed them.
EXPECTED = {
    "made": "arn:aws:secretsmanager:us-east-1:123456789012:secret:outside",
    "value": "3" * 32,
    "pages": [["inside", "second"], ["outside", "blob"]],
    "refused": ["ResourceNotFoundException", NOT_FOUND],
    "rotated": "3" * 32,
    "abroad": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db",
}

#: And the calls with which they do so, in this order.
CALLED = [
    ("CreateSecret", None, None),
    ("CreateSecret", None, None),
    ("GetSecretValue", None, None),
    ("PutSecretValue", None, None),
    ("ListSecrets", None, None),
    ("ListSecrets", None, None),
    ("GetSecretValue", "ResourceNotFoundException", None),
    *ROTATION,
    ("CreateSecret", None, None),
    ("GetSecretValue", None, None),
]


@pytest.fixture
def function(fakesecrets, client):
    """Two secrets of the test, and the ARN of a function that rotates them."""
    client.create_secret(Name="inside", SecretString="old", ClientRequestToken=token(1))
    client.create_secret(Name="second", SecretString="old", ClientRequestToken=token(2))
    return fakesecrets.add_rotation_function(well_behaved)


def check_changes(fake, client, *, binary=bytes(range(256)), called=CALLED):
    """Check the changes of a process that has received EXPECTED."""
    abroad = fake.client(REGION, aws_access_key_id=ACCOUNT)
    assert calls(fake)[2:] == called
    assert fake.secret("outside").value() == "x"
    assert client.get_secret_value(SecretId="blob")["SecretBinary"] == binary
    assert [rotation.status for rotation in fake.rotations("inside")] == ["succeeded"]
    assert labels(client, "inside")["3" * 32] == {"AWSCURRENT", "AWSPENDING"}
    assert abroad.get_secret_value(SecretId="db")["SecretString"] == "a"


class TestBoto3InAnotherProcess:
    def test_reads_and_rotates_the_secrets_of_the_test(self, fakesecrets, client, server, function):
        order = sorted(CALLED[-2:], reverse=True)  # dict displays are evaluated from the top

        answered = python(BOTO3.replace("FUNCTION", function), server)

        assert answered == EXPECTED
        check_changes(fakesecrets, client, called=[*CALLED[:-2], *order])

    @pytest.mark.long
    def test_needs_only_an_endpoint_url(self, fakesecrets, server, monkeypatch):
        script = f"""
import boto3
keys = {{"region_name": "{REGION}", "aws_access_key_id": "mine", "aws_secret_access_key": "mine"}}
client = boto3.client("secretsmanager", endpoint_url="{server.url}", **keys)
client.create_secret(Name="db", SecretString="value")
"""

        # Undone before the fake is left: undone afterwards it would leave the fake's own variables behind.
        with monkeypatch.context() as bare:
            for name in server.environ:
                bare.delenv(name, raising=False)
            ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

        assert (ran.returncode, ran.stderr) == (0, "")
        assert [
            (event.operation, event.region) for event in fakesecrets.history if isinstance(event, Call)
        ] == [("CreateSecret", REGION)]

    @pytest.mark.long
    def test_can_have_a_fake_of_its_own_meanwhile(self, fakesecrets, client, server):
        client.create_secret(Name="inside", SecretString="a")

        answered = python(
            """
import json
import boto3
from pytest_fakesecrets import FakeSecrets

client = boto3.client("secretsmanager")

def names():
    return [secret["Name"] for secret in client.list_secrets()["SecretList"]]

before = names()
with FakeSecrets() as fake:
    client.create_secret(Name="own", SecretString="a")
    meanwhile = names()
print(json.dumps([before, meanwhile, names()]))
""",
            server,
        )

        assert answered == [["inside"], ["own"], ["inside"]]
        assert calls(fakesecrets) == [
            ("CreateSecret", None, None),
            ("ListSecrets", None, None),
            ("ListSecrets", None, None),
        ]


@pytest.mark.long
class TestCommandLine:
    def test_reads_and_rotates_the_secrets_of_the_test(
        self, fakesecrets, client, server, function, aws, tmp_path
    ):
        blob = tmp_path / "blob"
        blob.write_bytes(bytes(range(256)))

        with ThreadPoolExecutor() as pool:  # each of them starts a process of its own
            put = pool.submit(
                aws, server, "put-secret-value", "--secret-id", "second", "--secret-binary", f"fileb://{blob}"
            )
            rotated = pool.submit(
                *(aws, server, "rotate-secret", "--secret-id", "inside", "--rotation-lambda-arn", function),
                *("--client-request-token", "3" * 32),
            )
            abroad = pool.submit(
                *(aws, server, "create-secret", "--name", "db", "--secret-string", "a", "--region", REGION),
                AWS_ACCESS_KEY_ID=ACCOUNT,
            )
            pool.submit(
                *(aws, server, "get-secret-value", "--secret-id", "absent"),
                stderr=f"(ResourceNotFoundException) when calling the GetSecretValue operation: {NOT_FOUND}",
            ).result()
        listed = aws(server, "list-secrets", "--page-size", "1", "--query", "SecretList[].Name")

        assert put.result()["VersionStages"] == ["AWSCURRENT"]
        assert rotated.result()["VersionId"] == "3" * 32
        assert abroad.result()["ARN"][:-7] == EXPECTED["abroad"]
        assert listed == ["inside", "second"]
        assert fakesecrets.secret("second").value() == bytes(range(256))
        assert [rotation.status for rotation in fakesecrets.rotations("inside")] == ["succeeded"]
        assert Counter(calls(fakesecrets)[2:]) == Counter(
            [
                ("CreateSecret", None, None),
                ("PutSecretValue", None, None),
                ("GetSecretValue", "ResourceNotFoundException", None),
                *ROTATION,
                *[("ListSecrets", None, None)] * 2,
            ]
        )


@pytest.mark.long
class TestJavaScript:
    def test_reads_and_rotates_the_secrets_of_the_test(self, fakesecrets, client, server, function, node):
        answered = node(
            server,
            f"""
            const client = new sdk.SecretsManagerClient({{}});
            const binary = Buffer.from(Array.from({{ length: 256 }}, (_, byte) => byte));
            const made = await client.send(new sdk.CreateSecretCommand({{ Name: "outside", SecretString: "x" }}));
            await client.send(new sdk.CreateSecretCommand({{ Name: "blob", SecretBinary: binary }}));
            const read = await client.send(new sdk.GetSecretValueCommand({{ SecretId: "blob" }}));
            if (!binary.equals(Buffer.from(read.SecretBinary))) throw new Error("the bytes are others");
            await client.send(new sdk.PutSecretValueCommand({{ SecretId: "inside", SecretString: "new" }}));
            const pages = [];
            for await (const page of sdk.paginateListSecrets({{ client, pageSize: 2 }}, {{}}))
                pages.push(page.SecretList.map((secret) => secret.Name));
            const absent = await rejected(client.send(new sdk.GetSecretValueCommand({{ SecretId: "absent" }})));
            const rotated = await client.send(new sdk.RotateSecretCommand({{
                SecretId: "inside", RotationLambdaARN: "{function}", ClientRequestToken: "3".repeat(32),
            }}));
            const there = new sdk.SecretsManagerClient({{
                region: "{REGION}", credentials: {{ accessKeyId: "{ACCOUNT}", secretAccessKey: "mine" }},
            }});
            const abroad = await there.send(new sdk.CreateSecretCommand({{ Name: "db", SecretString: "a" }}));
            const value = await client.send(new sdk.GetSecretValueCommand({{ SecretId: "inside" }}));
            output({{
                made: made.ARN.slice(0, -7), value: value.VersionId, pages, refused: absent,
                rotated: rotated.VersionId, abroad: abroad.ARN.slice(0, -7),
            }});
            """,
        )

        assert answered == {**EXPECTED, "refused": ["ResourceNotFoundException", NOT_FOUND, 400]}
        check_changes(fakesecrets, client)

    def test_sends_each_request_once_at_any_time_of_the_frozen_clock(
        self, fakesecrets, fakesecrets_clock, server, node
    ):
        fakesecrets_clock.move_to("2030-01-31 16:00")

        answered = node(
            server,
            """
            const client = new sdk.SecretsManagerClient({});
            const made = await client.send(new sdk.CreateSecretCommand({ Name: "db", SecretString: "a" }));
            const { CreatedDate } = await client.send(new sdk.DescribeSecretCommand({ SecretId: made.ARN }));
            output([CreatedDate, await rejected(client.send(new sdk.GetSecretValueCommand({ SecretId: "no" })))]);
            """,
        )

        assert answered == ["2030-01-31T16:00:00.000Z", ["ResourceNotFoundException", NOT_FOUND, 400]]
        assert calls(fakesecrets) == [
            ("CreateSecret", None, None),
            ("DescribeSecret", None, None),
            ("GetSecretValue", "ResourceNotFoundException", None),
        ]

    def test_sends_a_rejected_request_once_before_and_after_the_clock_moves(
        self, fakesecrets, fakesecrets_clock, server, node
    ):
        """A refusal that has set the clock of the SDK is sent again: three times, by 3.1164.0."""

        def rotate(event, context):
            if event["Step"] == "createSecret":  # backwards: what waits for node has the same clock
                fakesecrets_clock.move_to("2030-01-27")
            well_behaved(event, context)

        fakesecrets_clock.move_to("2030-01-31 16:00")
        function = fakesecrets.add_rotation_function(rotate)
        fakesecrets.add_secret("moves", "old", rotation_function=function)

        answered = node(
            server,
            """
            const client = new sdk.SecretsManagerClient({});
            const dates = [];
            client.middlewareStack.add(
                (next) => async (args) => {
                    const answered = await next(args);
                    if (answered.response.statusCode === 200)
                        dates.push(answered.response.headers.date.slice(0, 16));
                    return answered;
                },
                { step: "deserialize", priority: "low" },
            );
            const attempts = [];
            const ask = () => client.send(new sdk.GetSecretValueCommand({ SecretId: "no" }))
                .catch((error) => attempts.push(error.$metadata.attempts));
            await ask();
            await client.send(new sdk.ListSecretsCommand({}));
            await ask();
            await client.send(new sdk.RotateSecretCommand({ SecretId: "moves" }));
            await ask();
            await client.send(new sdk.ListSecretsCommand({}));
            await ask();
            output({ attempts, dates });
            """,
        )

        assert answered == {
            "attempts": [1, 1, 1, 1],
            "dates": ["Thu, 31 Jan 2030", "Thu, 31 Jan 2030", "Sun, 27 Jan 2030"],
        }
        refused = [call for call in calls(fakesecrets) if call[1:] == ("ResourceNotFoundException", None)]
        assert len(refused) == 4


@pytest.fixture
def bare(monkeypatch):
    """A machine without proxies."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


class TestEnviron:
    def test_is_what_an_sdk_needs(self, bare, fakesecrets):
        bare.setenv("AWS_DEFAULT_REGION", REGION)

        with fakesecrets.serve() as server:
            assert server.environ == {
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.url,
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_SESSION_TOKEN": "fakesecrets-session-token",
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port_of(server)),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_USE_FIPS_ENDPOINT": "false",
                "AWS_USE_DUALSTACK_ENDPOINT": "false",
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
                "PYTEST_FAKESECRETS_PROCESS": "",
            }
            assert server.url == f"http://127.0.0.1:{port_of(server)}"
            assert repr(server) == f"<Server at {server.url}>"

    @pytest.mark.parametrize(
        ("variables", "not_proxied"),
        [
            pytest.param({"NO_PROXY": "a.example"}, "a.example,127.0.0.1", id="NO_PROXY"),
            pytest.param({"no_proxy": "a.example"}, "a.example,127.0.0.1", id="no_proxy"),
            pytest.param({"NO_PROXY": "a", "no_proxy": "b"}, "a,b,127.0.0.1", id="both"),
            pytest.param({"NO_PROXY": ""}, "127.0.0.1", id="empty"),
            pytest.param({"NO_PROXY": "*"}, "*", id="all, which counts only alone"),
        ],
    )
    def test_keeps_the_hosts_that_need_no_proxy(self, bare, fakesecrets, variables, not_proxied):
        for name, value in variables.items():
            bare.setenv(name, value)

        with fakesecrets.serve() as server:
            assert (server.environ["NO_PROXY"], server.environ["no_proxy"]) == (not_proxied, not_proxied)

    def test_changes_nothing_in_the_process_of_the_test(self, fakesecrets):
        before = dict(os.environ)

        with fakesecrets.serve():
            assert dict(os.environ) == before

        assert dict(os.environ) == before

    @pytest.mark.long
    def test_leads_boto3_here_in_spite_of_other_variables(self, fakesecrets, server):
        run([sys.executable, "-c", "import boto3; boto3.client('secretsmanager').list_secrets()"], server)

        assert calls(fakesecrets) == [("ListSecrets", None, None)]

    @pytest.mark.long
    def test_leads_the_command_line_here_in_spite_of_other_variables(self, fakesecrets, server, aws):
        aws(server, "list-secrets")

        assert calls(fakesecrets) == [("ListSecrets", None, None)]

    @pytest.mark.long
    def test_leads_javascript_here_in_spite_of_other_variables(self, fakesecrets, server, node):
        node(server, "output((await new sdk.SecretsManager({}).listSecrets({})).SecretList)")

        assert calls(fakesecrets) == [("ListSecrets", None, None)]


#: Bytes, and what is answered in AWS's words: status, type and message. The connection stays.
AWS_REFUSES = {
    "an operation that is unknown": (
        wire(X_Amz_Target="secretsmanager.Nonsense"),
        (400, {"__type": "UnknownOperationException"}),
    ),
    "no operation": (
        wire(X_Amz_Target="secretsmanager."),
        (400, {"__type": "UnknownOperationException"}),
    ),
    "no JSON": (
        wire(b"{"),
        (400, {"__type": "SerializationException", "message": "The body of the request is not JSON."}),
    ),
    "no UTF-8": (
        wire(b'{"NextToken": "\xff"}'),
        (400, {"__type": "SerializationException", "message": "The body of the request is not JSON."}),
    ),
    "an endless list": (
        wire(b"[" * 100_000),
        (400, {"__type": "SerializationException", "message": "The body of the request is not JSON."}),
    ),
    "an endless number": (
        wire(b'{"MaxResults": ' + b"1" * 100_000 + b"}"),
        (400, {"__type": "SerializationException", "message": "The body of the request is not JSON."}),
    ),
    "a list": (
        wire(b"[]"),
        (
            400,
            {"__type": "SerializationException", "message": "The body of the request has to be a structure."},
        ),
    ),
    "a member of the wrong type": (
        wire(b'{"MaxResults": "2"}'),
        (400, {"__type": "SerializationException", "message": "maxResults has to be an integer."}),
    ),
}


def not_a_target(value):
    return (
        f"The header X-Amz-Target is {value!r}, and has to name an operation, such as "
        "secretsmanager.GetSecretValue. This endpoint answers only requests to Secrets Manager."
    )


def not_a_type(value):
    return f"The header Content-Type has to be application/x-amz-json-1.1, not {value!r}."


def unreadable(why):
    return f"{HOW}, and this cannot be read: {why}."


def foreign_page(origin):
    return f"The header Origin is {origin!r}, and this endpoint does not answer pages of other hosts."


#: Bytes, and what is answered in our own words: status and message. The connection ends.
WE_REFUSE = {
    "no target": (wire(X_Amz_Target=None), 400, not_a_target("")),
    "another service": (wire(X_Amz_Target="Logs_20140328.PutX"), 400, not_a_target("Logs_20140328.PutX")),
    "a form": (
        wire(Content_Type="application/x-www-form-urlencoded"),
        415,
        not_a_type("application/x-www-form-urlencoded"),
    ),
    "no content type": (wire(Content_Type=None), 415, not_a_type("")),
    "another path": (
        wire(start="POST /secrets/db?a=b HTTP/1.1"),
        404,
        "The path of this endpoint is /, not /secrets/db.",
    ),
    "an URL for a proxy": (
        wire(start="POST http://secretsmanager.us-east-1.amazonaws.com/ HTTP/1.1"),
        404,
        "The path of this endpoint is /, not http://secretsmanager.us-east-1.amazonaws.com/.",
    ),
    "no length": (wire(Content_Length=None), 411, NO_LENGTH),
    "an empty length": (wire(Content_Length=""), 411, NO_LENGTH),
    "a negative length": (wire(Content_Length=-1), 411, NO_LENGTH),
    "a length with a sign": (wire(Content_Length="+2"), 411, NO_LENGTH),
    "a length that is none": (wire(Content_Length="two"), 411, NO_LENGTH),
    "a length in other digits": (wire(Content_Length="\xb2"), 411, NO_LENGTH),
    "two lengths": (wire(content_length=3), 411, NO_LENGTH),
    "chunks": (
        wire(b"2\r\n{}\r\n0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked"),
        411,
        NO_LENGTH,
    ),
    "chunks and a length": (wire(Transfer_Encoding="chunked"), 411, NO_LENGTH),
    "a huge body": (wire(b" " * 3_000_000), 413, TOO_LARGE),
    "a body that no buffer holds": (wire(b" " * 12_000_000), 413, TOO_LARGE),
    "a body of one byte too many": (wire(b" " * (http_server.LARGEST_BODY + 1)), 413, TOO_LARGE),
    "a length that Python does not read": (wire(Content_Length="9" * 5_000), 413, TOO_LARGE),
    "a line that is none": (b"nonsense\r\n\r\n", 400, unreadable("Bad request syntax ('nonsense')")),
    "HTTP/0.9": (b"POST /\r\n\r\n", 400, unreadable("Bad HTTP/0.9 request type ('POST')")),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, unreadable("Invalid HTTP version (2.0)")),
    "no version": (b"POST / HTTP/x\r\n\r\n", 400, unreadable("Bad request version ('HTTP/x')")),
    "TLS": (
        b"\x16\x03\x01\x02\n" + b"\0" * 500,
        400,
        unreadable("Bad request syntax ('\\x16\\x03\\x01\\x02')"),
    ),
    "a long line": (wire(start=f"POST /{'a' * 70_000} HTTP/1.1"), 414, unreadable(HTTPStatus(414).phrase)),
    "a long header": (wire(X="a" * 70_000), 431, unreadable("Line too long")),
    "many headers": (
        wire(**{f"X-{number}": "a" for number in range(500)}),
        431,
        unreadable("Too many headers"),
    ),
    "a header that is none": (wire(start="POST / HTTP/1.1\r\nnonsense"), 400, not_a_target("")),
    **{
        f"the Origin {origin}": (wire(Origin=origin), 403, foreign_page(origin))
        for origin in (
            "https://evil.example",
            "http://localhost.evil.example",
            "null",
            "",
            "http://[::1",
            "file://",
        )
    },
    **{
        method: (wire(start=f"{method} / HTTP/1.1"), 405, f"{HOW}, and not {method}.")
        for method in ("BREW", "CONNECT", "DELETE", "GET", "OPTIONS", "PATCH", "PUT", "TRACE", "post")
    },
}


OTHER_HOSTS = [
    "evil.example:{port}", "evil.example", "localhost.evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1:1",
    "localhost:1{port}", "169.254.169.254:{port}", "10.0.0.1:{port}", "0.0.0.0:{port}", "[::2]:{port}", "host.docker.internal:{port}",
    "secretsmanager.us-east-1.amazonaws.com", "localhost:{port}, localhost:{port}", "localhost:port", "user@localhost:{port}", "",
]  # fmt: skip


def not_for_us(host, port):
    message = (
        f"The header Host is {host!r}, and this endpoint answers only requests to its own address: "
        f"127.0.0.1:{port}, localhost:{port} or [::1]:{port}. Send them there."
    )
    return {"__type": "FakeSecretsError", "message": message}


@pytest.fixture
def unchanged(fakesecrets, client, server):
    """An invalid request changes nothing, and the next request is answered."""
    client.create_secret(Name="db", SecretString="value")
    before = snapshot(fakesecrets._service.store)
    yield
    assert snapshot(fakesecrets._service.store) == before
    status, listed = answer(server, wire())
    assert (status, [secret["Name"] for secret in listed["SecretList"]]) == (200, ["db"])


class TestAcceptedHosts:
    def test_a_request_to_this_machine_from_a_page_of_this_machine_is_answered(self, server):
        hosts = [
            *(
                "127.0.0.1:{port}",
                "localhost:{port}",
                "LocalHost:{port}",
                "localhost.:{port}",
                "[::1]:{port}",
            ),
            *("127.0.0.2:{port}", "app.localhost:{port}", "localhost", None),
        ]
        origins = [None, "http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080"]
        cases = [(host and host.format(port=port_of(server)), origin) for host in hosts for origin in origins]

        rejected = [
            (host, origin)
            for host, origin in cases
            if answer(server, wire(Host=host, Origin=origin))[0] != 200
        ]

        assert len(cases) == 36
        assert rejected == []


@pytest.mark.usefixtures("unchanged")
class TestAnInvalidRequest:
    @pytest.mark.parametrize(("sent", "answered"), AWS_REFUSES.values(), ids=AWS_REFUSES)
    def test_is_rejected_in_the_words_of_aws_and_the_connection_stays(self, server, sent, answered):
        with connected(server) as connection:
            connection.sendall(sent)
            status, _, document = read(connection)
            connection.sendall(wire())
            after, _, _ = read(connection)

        assert (status, document) == answered
        assert after == 200

    @pytest.mark.parametrize(("sent", "status", "message"), WE_REFUSE.values(), ids=WE_REFUSE)
    def test_is_rejected_with_what_is_wrong_and_the_connection_ends(
        self, fakesecrets, server, sent, status, message
    ):
        recorded = len(fakesecrets.history)

        with connected(server) as connection:
            connection.sendall(sent)
            answered = read(connection)
            rest = connection.recv(1)

        assert (answered[0], answered[2]) == (status, {"__type": "FakeSecretsError", "message": message})
        assert (answered[1]["Content-Type"], answered[1]["Connection"], rest) == (JSON, "close", b"")
        assert len(fakesecrets.history) == recorded

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_for_another_host_is_rejected(self, fakesecrets, server, method):
        """As a browser sends it for a page whose host name DNS resolves to the loopback address."""
        port = port_of(server)
        hosts = [host.format(port=port) for host in OTHER_HOSTS]

        answered = {host: answer(server, wire(Host=host, start=f"{method} / HTTP/1.1")) for host in hosts}

        assert answered == {host: (421, not_for_us(host, port)) for host in hosts}

    def test_with_two_hosts_is_rejected(self, server):
        port = port_of(server)

        status, _ = answer(server, wire(Host=f"localhost:{port}", host=f"127.0.0.1:{port}"))

        assert status == 421

    def test_of_method_head_is_answered_without_a_body(self, server):
        with connected(server) as connection:
            connection.sendall(wire(start="HEAD / HTTP/1.1"))
            with connection.makefile("rb") as file:
                whole = file.read()

        assert (whole[:12], whole[-4:]) == (b"HTTP/1.1 405", b"\r\n\r\n")

    @pytest.mark.parametrize(
        ("sent", "status", "message"),
        [
            pytest.param(
                wire(b'{"MaxResu', Content_Length=20),
                400,
                "The body of the request ended after 9 of 20 bytes.",
                id="body",
            ),
            pytest.param(wire(b"", Content_Length=None)[:-2], 411, NO_LENGTH, id="headers"),
            pytest.param(b"POS", 400, unreadable("Bad request syntax ('POS')"), id="line"),
        ],
    )
    def test_that_ends_early_is_rejected(self, server, sent, status, message):
        answered = answer(server, sent, half_closed=True)

        assert answered == (status, {"__type": "FakeSecretsError", "message": message})

    def test_that_takes_too_long_is_rejected(self, server, monkeypatch):
        monkeypatch.setattr(http_server._RequestHandler, "timeout", 0.2)
        late = {"body": wire(b"{", Content_Length=2), "headers": wire()[:60]}

        with ExitStack() as stack:
            connections = {part: sending(server, sent, stack) for part, sent in late.items()}
            answered = {part: read(connection)[::2] for part, connection in connections.items()}

        messages = {part: f"The {part} of the request did not come within 0.2 seconds." for part in late}
        assert answered == {
            part: (408, {"__type": "FakeSecretsError", "message": message})
            for part, message in messages.items()
        }

    @pytest.mark.long
    def test_on_an_idle_connection_ends_the_connection(self, server, monkeypatch):
        monkeypatch.setattr(http_server._RequestHandler, "timeout", 0.2)
        begun = {"nothing": b"", "half": b"POST /", "empty": b"\r\n", "one": wire()}

        with ExitStack() as stack:
            connections = {name: sending(server, sent, stack) for name, sent in begun.items()}
            assert read(connections["one"])[0] == 200
            rest = {name: connection.recv(1) for name, connection in connections.items()}

        assert rest == dict.fromkeys(begun, b"")

    def test_of_a_client_that_resets_the_connection_changes_nothing(self, server):
        for _ in range(5):
            with connected(server) as connection:
                connection.sendall(wire(b"{", Content_Length=2))
                reset(connection)
            with connected(server) as connection:
                connection.sendall(wire(b" " * 100_000))
                reset(connection)


def sending(server, sent, stack):
    """A connection that has sent something, and is closed with the stack."""
    connection = stack.enter_context(connected(server))
    connection.sendall(sent)
    return connection


def reset(connection):
    """Leave without a farewell: the other side finds the connection broken, and not ended."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def pause():
    threading.Event().wait(0.01)


class Held:
    """A rotation of the secret db whose function waits for the test."""

    def __init__(self, fake):
        self.begun, self.may_go_on, self._threads = threading.Event(), threading.Event(), []
        fake.client().create_secret(Name="db", SecretString="old")
        self.function = fake.add_rotation_function(self._rotate, name="held")

    def _rotate(self, event, context):
        self.begun.set()
        assert self.may_go_on.wait(10)
        well_behaved(event, context)

    def until_the_end_of(self, server):
        """Wait until it has begun; it goes on when the server has ended its connections."""
        assert self.begun.wait(10)
        self._threads.append(threading.Thread(target=self._go_on_after, args=(server,)))
        self._threads[0].start()

    def _go_on_after(self, server):
        while not server._listener.is_closing:
            pause()
        with server._listener._lock:
            self.may_go_on.set()

    def join(self):
        for thread in self._threads:
            thread.join()


@pytest.fixture
def held(fakesecrets):
    held = Held(fakesecrets)
    yield held
    held.join()


class TestConnections:
    def test_one_connection_takes_many_requests(self, outside, fakesecrets):
        sockets = set()

        for number in range(50):
            assert post(outside, "ListSecrets")[0] == 200
            assert post(outside, "DescribeSecret", SecretId=f"no-{number}")[0] == 400
            sockets.add(outside.sock)

        assert len(sockets - {None}) == 1
        assert len(calls(fakesecrets)) == 100

    def test_sixteen_connections_are_served_at_once(self, fakesecrets, server):
        together = threading.Barrier(16, timeout=10)

        def work(number):
            connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=10)
            connection.connect()
            together.wait()
            made = [
                post(
                    connection,
                    "CreateSecret",
                    Name=f"{number}-{n}",
                    SecretString="a",
                    ClientRequestToken=token(n),
                )
                for n in range(5)
            ]
            together.wait()  # all of them are open still
            connection.close()
            return made

        with ThreadPoolExecutor(16) as pool:
            made = [each for several in pool.map(work, range(16)) for each in several]

        assert {status for status, _ in made} == {200}
        assert len({document["ARN"] for _, document in made}) == 80
        assert len(calls(fakesecrets)) == 80

    def test_an_answer_is_written_at_once_and_not_held_back(self, outside, server, monkeypatch):
        written, write = [], socket.SocketIO.write
        monkeypatch.setattr(
            socket.SocketIO, "write", lambda file, data: written.append(bytes(data)) or write(file, data)
        )

        assert post(outside, "ListSecrets")[0] == 200

        # One write for head and body, and no waiting for more: or delayed acknowledgements cost 40 ms each.
        [connection] = server._listener._connections
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        [whole] = written
        assert (whole[:15], whole[-17:]) == (b"HTTP/1.1 200 OK", b'{"SecretList":[]}')

    def test_requests_may_come_before_the_answers(self, fakesecrets, server):
        operations = ["ListSecrets", "Nonsense", "GetRandomPassword"]

        with connected(server) as connection:
            connection.sendall(b"".join(wire(X_Amz_Target=f"secretsmanager.{name}") for name in operations))
            # One file for all of them: it may have read into the next answer.
            with connection.makefile("rb") as file:
                answered = [read_of(file) for _ in operations]

        assert [sorted(document) for document in answered] == [["SecretList"], ["__type"], ["RandomPassword"]]
        assert [name for name, _, _ in calls(fakesecrets)] == operations

    def test_a_body_may_wait_for_100_continue(self, server):
        with connected(server) as connection:
            connection.sendall(wire(b"", Content_Length=2, Expect="100-continue"))
            asked = connection.recv(1_000)
            connection.sendall(b"{}")
            status, _, _ = read(connection)

        assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert status == 200

    @pytest.mark.parametrize(
        ("start", "headers"),
        [
            pytest.param("POST / HTTP/1.0", {}, id="HTTP/1.0"),
            pytest.param("POST / HTTP/1.1", {"Connection": "close"}, id="HTTP/1.1"),
        ],
    )
    def test_a_connection_is_ended_after_its_last_request(self, server, start, headers):
        with connected(server) as connection:
            connection.sendall(wire(start=start, **headers))
            status, _, document = read(connection)
            rest = connection.recv(1)

        assert (status, document, rest) == (200, {"SecretList": []}, b"")

    def test_a_request_is_completed_when_its_client_has_gone(self, fakesecrets, server, held):
        with connected(server) as connection:
            connection.sendall(rotation(held.function))
            assert held.begun.wait(10)
            reset(connection)
        held.may_go_on.set()

        while server._listener._connections:  # until its thread has found out
            pause()
        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]
        assert answer(server, wire())[0] == 200


def headers_of(file):
    """The headers of the next answer in a file, whose body is read too."""
    headers = http.client.parse_headers(file) if file.readline() else None
    file.read(int(headers["Content-Length"]))
    return headers


def read_of(file):
    """The document of the next answer in a file."""
    length = 0
    while (line := file.readline().strip().lower()) != b"":
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return json.loads(file.read(length))


def rotation(function):
    """RotateSecret as it goes over the wire."""
    members = {"SecretId": "db", "RotationLambdaARN": function, "ClientRequestToken": token(9)}
    return wire(json.dumps(members).encode(), X_Amz_Target="secretsmanager.RotateSecret")


class TestFailuresOfTheFake:
    def test_an_operation_that_the_fake_does_not_know_is_answered_with_501(self, outside, monkeypatch):
        monkeypatch.delitem(parser.OPERATIONS, "TagResource")
        parser.operation.cache_clear()

        answered = post(outside, "TagResource", SecretId="db", Tags=[])

        message = "pytest-fakesecrets does not know the operation TagResource yet."
        assert answered == (501, {"__type": "FakeSecretsError", "message": message})
        assert post(outside, "ListSecrets")[0] == 200

    def test_a_bug_is_reported_on_both_sides_and_the_server_goes_on(self, fakesecrets, monkeypatch, capfd):
        def has_a_bug(*_):
            raise LookupError("a bug")

        with fakesecrets.serve() as server:
            with monkeypatch.context() as broken:
                broken.setattr(FakeBackend, "_answer", has_a_bug)
                answered = answer(server, wire())
            after, _ = answer(server, wire())

        message = "The fake has failed: LookupError: a bug"
        assert answered == (500, {"__type": "FakeSecretsError", "message": message})
        assert after == 200
        written = capfd.readouterr().err
        assert written.count("Traceback (most recent call last):") == 1
        assert "in has_a_bug" in written

    def test_a_bug_is_reported_without_a_value(self, fakesecrets, client, monkeypatch, capfd):
        client.create_secret(Name="db", SecretString="hunter2-old")

        def has_a_bug(*_):
            raise LookupError("Basic " + b64encode(b"app:hunter2-old").decode())

        with fakesecrets.serve() as server, monkeypatch.context() as broken:
            broken.setattr(FakeBackend, "_answer", has_a_bug)
            answered = answer(server, wire())

        assert answered == (
            500,
            {"__type": "FakeSecretsError", "message": "The fake has failed: LookupError: Basic ***"},
        )
        written = capfd.readouterr().err
        assert "LookupError: Basic ***" in written
        assert "YXBwOmh1bnRlcjItb2xk" not in written

    def test_a_failure_of_the_test_inside_a_rotation_is_reported(self, fakesecrets, client, monkeypatch):
        heard = []
        monkeypatch.setattr(threading, "excepthook", lambda raised: heard.append(str(raised.exc_value)))

        def rotate(event, context):
            pytest.fail("not with this event")

        client.create_secret(Name="db", SecretString="old")
        with fakesecrets.serve() as server:
            status, document = answer(server, rotation(fakesecrets.add_rotation_function(rotate)))

        assert (status, document["message"]) == (500, "The fake has failed: Failed: not with this event")
        assert heard == ["not with this event"]


def is_closed(url):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10)
    return True


class TestLifetime:
    def test_listens_on_the_loopback_address_alone(self, server):
        listener = server._listener.socket

        assert listener.family == socket.AF_INET
        assert listener.getsockname() == ("127.0.0.1", port_of(server))

    def test_ends_with_its_block(self, fakesecrets):
        with fakesecrets.serve() as server:
            assert answer(server, wire())[0] == 200

        assert is_closed(server.url)
        assert fakesecrets.is_active

    def test_ends_with_its_block_when_that_raises(self, fakesecrets):
        with pytest.raises(LookupError), fakesecrets.serve() as server:
            raise LookupError

        assert is_closed(server.url)

    def test_ends_while_connections_are_open(self, fakesecrets):
        with fakesecrets.serve() as server:
            waiting, used, halfway = (connected(server) for _ in range(3))
            used.sendall(wire())
            assert read(used)[0] == 200
            halfway.sendall(wire()[:-1])
            while len(server._listener._connections) < 3:
                pause()

        assert is_closed(server.url)
        assert (waiting.recv(1), used.recv(1)) == (b"", b"")
        answered = read(halfway)
        assert (answered[0], answered[2]["message"]) == (
            400,
            "The body of the request ended after 1 of 2 bytes.",
        )
        for connection in (waiting, used, halfway):
            connection.close()

    def test_completes_the_current_request_and_begins_no_other(self, fakesecrets, client, held):
        members = {"Name": "late", "SecretString": "a", "ClientRequestToken": token(1)}
        later = wire(json.dumps(members).encode(), X_Amz_Target="secretsmanager.CreateSecret")

        with fakesecrets.serve() as server:
            connection = connected(server)
            connection.sendall(rotation(held.function) + later)
            held.until_the_end_of(server)

        assert read(connection)[0] == 200
        assert connection.recv(1) == b""
        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]
        assert [secret["Name"] for secret in client.list_secrets()["SecretList"]] == ["db"]
        connection.close()

    def test_ends_after_a_client_has_reset_its_connection(self, fakesecrets, held):
        with fakesecrets.serve() as server, connected(server) as idle:
            idle.sendall(wire())
            assert read(idle)[0] == 200
            with connected(server) as busy:
                busy.sendall(rotation(held.function))
                held.until_the_end_of(server)
                reset(busy)

        assert is_closed(server.url)
        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]

    @pytest.mark.parametrize(
        ("body", "outcomes"),
        [
            pytest.param("pass", {"passed": 1}, id="a passed test"),
            pytest.param("assert False", {"failed": 1}, id="a failed test"),
        ],
    )
    def test_ends_with_the_test(self, pytester, body, outcomes):
        pytester.makepyfile(
            f"""
            import http.client

            import pytest


            @pytest.fixture(scope="module")
            def opened():
                opened = []
                yield opened
                for connection in opened:
                    connection.close()


            def test_it(opened, fakesecrets_server):
                port = int(fakesecrets_server.url.rpartition(":")[2])
                opened.append(http.client.HTTPConnection("127.0.0.1", port))
                opened[0].request("POST", "/", "{{}}", {HEADERS})
                assert opened[0].getresponse().read() == b'{{"SecretList":[]}}'
                print("at", fakesecrets_server.url)
                {body}
            """
        )
        threads = set(threading.enumerate())

        ran = pytester.runpytest_inprocess("-rP", "-p", "no:randomly")

        ran.assert_outcomes(**outcomes)
        [url] = {line.removeprefix("at ") for line in ran.outlines if line.startswith("at http")}
        assert is_closed(url)
        assert set(threading.enumerate()) == threads

    def test_one_fake_may_have_two_servers(self, fakesecrets, client):
        with fakesecrets.serve() as first:
            with fakesecrets.serve() as second:
                client.create_secret(Name="db", SecretString="value")
                assert first.url != second.url
                answered = [answer(server, wire()) for server in (first, second)]
            assert is_closed(second.url)
            after, _ = answer(first, wire())

        assert [(status, document["SecretList"][0]["Name"]) for status, document in answered] == [
            (200, "db")
        ] * 2
        assert after == 200

    def test_needs_a_fake_that_is_active(self):
        with pytest.raises(FakeSecretsError) as raised, FakeSecrets().serve():
            raise AssertionError("not reached")

        assert str(raised.value).startswith("This fake is not active, ")

    @pytest.mark.parametrize("other", [False, True], ids=["no other one", "another one"])
    def test_rejects_requests_when_its_fake_has_been_left(self, other):
        called = []
        fake = FakeSecrets()
        with fake:
            fake.client().create_secret(Name="db", SecretString="old")
            function = fake.add_rotation_function(lambda event, context: called.append(event))
            serving = fake.serve()
            server = serving.__enter__()
        before = snapshot(fake._service.store)

        # Its rotation functions would reach the real AWS, or the secrets of another fake.
        with FakeSecrets() if other else fake.clock.at(fake.clock.now):
            status, document = answer(server, rotation(function))
        serving.__exit__(None, None, None)

        assert (status, document["__type"]) == (410, "FakeSecretsError")
        assert document["message"].startswith("This fake is not active, ")
        assert called == []
        assert snapshot(fake._service.store) == before
        assert is_closed(server.url)

    def test_a_process_that_does_not_end_its_server_ends(self):
        script = """
from pytest_fakesecrets import FakeSecrets
FakeSecrets().__enter__()
from pytest_fakesecrets._transport import state
from pytest_fakesecrets._transport import http_server
http_server.Server(state.active, "us-east-1").__enter__()
"""

        ran = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=20
        )

        assert (ran.returncode, ran.stderr) == (0, "")
