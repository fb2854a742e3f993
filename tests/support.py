"""Checks and helpers for the tests."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from pytest_fakesecrets._service.parser import service_model
from pytest_fakesecrets._transport import botocore_hooks

#: The sources that the rows of the tables cite most often.
MODEL = "botocore's service model of Secrets Manager, 2017-10-17"

#: A policy that allows every account every action.
POLICY = """{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}"""

#: Failing fixtures and tests of inner runs, with their outcomes.
BROKEN_FIXTURES = """
import pytest


@pytest.fixture
def broken():
    raise LookupError


@pytest.fixture
def unfinished():
    yield
    raise LookupError
"""
BAD_ENDS = [
    pytest.param("assert not fakesecrets", {"failed": 1}, id="a failed test"),
    pytest.param("request.getfixturevalue('broken')", {"failed": 1}, id="a broken fixture"),
    pytest.param("request.getfixturevalue('unfinished')", {"passed": 1, "errors": 1}, id="a broken teardown"),
]

#: Tags that are rejected, and their sources.
TAGS_BEYOND_THE_RULES = [
    pytest.param(
        [{"Key": f"{n:02}", "Value": ""} for n in range(51)],
        "service quotas for tagging; the code is inferred",
        id="fifty-one",
    ),
    pytest.param(
        [{"Key": "team", "Value": "a"}, {"Key": "team", "Value": "b"}],
        "user guide, tagging secrets: keys must be unique; the code is inferred",
        id="key twice",
    ),
    pytest.param([{"Value": "a"}], "inferred: not observed on AWS", id="no key"),
]

#: Accounts other than that of the tests.
OTHER, THIRD = "210987654321", "345678901234"

#: The members of a listed secret with a description.
LISTED = {
    "ARN",
    "CreatedDate",
    "Description",
    "LastChangedDate",
    "Name",
    "SecretVersionsToStages",
}

#: Error codes that AWS services return and that no operation declares.
COMMON_CODES = {
    "AccessDeniedException",
    "SerializationException",
    "UnknownOperationException",
    "ValidationException",
}


def needs(operation, member):
    """Skip a test if the model of an older botocore lacks a member of a request."""
    operations = service_model().operation_names
    known = (
        operation in operations and member in service_model().operation_model(operation).input_shape.members
    )
    return pytest.mark.skipif(not known, reason=f"this botocore has no {member} in {operation}")


@contextmanager
def rejected(code=None):
    """
    Expect that AWS rejects a call; the response can be read afterwards:

        with rejected("ResourceNotFoundException") as answer:
            client.describe_secret(SecretId="nobody")
        assert answer.message == "..."
    """
    answer = SimpleNamespace(code=None, message=None, status=None, response=None)
    with pytest.raises(ClientError) as raised:
        yield answer
    answer.response = raised.value.response
    answer.code = answer.response["Error"]["Code"]
    answer.message = answer.response["Error"].get("Message")
    answer.status = answer.response["ResponseMetadata"]["HTTPStatusCode"]
    if code is not None:
        assert answer.code == code, answer.message


def snapshot(store):
    """Return the whole state as a value, for comparison with a later one."""
    return {
        key: (dict(region.secrets), {arn: dict(tokens) for arn, tokens in region.rotations.items()})
        for key, region in store.regions.items()
        if region.secrets or region.rotations
    }


def check_answer(answer):
    """Compare each response with the output shape, and each error with those of the operation."""

    @wraps(answer)
    def checked(service, request):
        answered = answer(service, request)
        reply = answered.reply
        document = json.loads(reply.body or b"{}")
        if request.operation not in service_model().operation_names:
            assert document["__type"] == "UnknownOperationException"
            return answered
        operation = service_model().operation_model(request.operation)
        if reply.status == 200 and operation.output_shape is not None:
            validate_parameters(document, operation.output_shape)
            assert None not in document.values()
        elif reply.status != 200:
            modelled = {shape.name for shape in operation.error_shapes}
            assert document["__type"] in modelled | COMMON_CODES
            assert ("message" in document) == (document["__type"] not in modelled) or len(document) == 1
        return answered

    return checked


def check_that_rejections_change_nothing(answer):
    """Check for each rejected request that it leaves the whole state unchanged."""

    @wraps(answer)
    def compared(service, request):
        with service.lock:  # no other thread may change the state meanwhile
            before = snapshot(service.store)
            answered = answer(service, request)
            if answered.reply.status != 200:
                assert snapshot(service.store) == before
        return answered

    return compared


@contextmanager
def listening():
    """Run a server in place of AWS that responds to each call with an empty list of secrets, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "18")
            self.end_headers()
            self.wfile.write(b'{"SecretList": []}')

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def current(client, secret_id):
    """Return the id of the version with AWSCURRENT."""
    held = client.describe_secret(SecretId=secret_id)["VersionIdsToStages"]
    return next(version for version, labels in held.items() if "AWSCURRENT" in labels)


def labels(client, secret_id):
    """Return the set of labels for each version id, as in DescribeSecret."""
    held = client.describe_secret(SecretId=secret_id).get("VersionIdsToStages", {})
    return {version: set(attached) for version, attached in held.items()}


def raw(operation, body, region="us-east-1"):
    """
    Send a request that no botocore client would send, and return status and document.

    Args:
        body: bytes, or an object to be sent as JSON.
    """
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = AWSRequest(
        method="POST",
        url=f"https://secretsmanager.{region}.amazonaws.com/",
        headers={
            "X-Amz-Target": f"secretsmanager.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        },
        data=sent,
    )
    answer = botocore_hooks.answer_send(request=request.prepare())
    return answer.status_code, json.loads(answer.content or b"{}")


def token(number):
    """Return a ClientRequestToken that is easy to distinguish from others."""
    return f"{number:032}"
