"""Calls of a rotation function to other services of AWS: answered by moto, by a stub, or rejected."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import aiobotocore.endpoint
import boto3
import pytest
from aiobotocore.session import get_session
from botocore.stub import Stubber
from contract_runs import failure_of, passes
from correct_functions import SINGLE_USER, rotate, set_password
from credential_targets import DATABASE
from moto import mock_aws

from pytest_fakesecrets import FakeSecretsError
from pytest_fakesecrets._transport import unanswered

ATTRIBUTES = {"secret_value": {"username": "app", "password": "old-password"}, "target": DATABASE}
SUCCEEDS = "test_a_rotation_succeeds"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


def function_that(call):
    """A correct function that calls another service in setSecret."""

    def set_and_call(client, arn, token):
        set_password(client, arn, token)
        call()

    return lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_and_call})


def enable_user():
    boto3.client("cognito-idp", **KEYS).admin_enable_user(UserPoolId="us-east-1_x", Username="app")


def enable_user_and_go_on():
    with suppress(Exception):
        enable_user()


def enable_user_in_a_thread():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(enable_user).result()


def list_topics_with_aiobotocore():
    async def main():
        async with get_session().create_client("sns", **KEYS) as client:
            await client.list_topics()

    asyncio.run(main())


def put_event_to_an_endpoint_of_china():
    boto3.client("events", **{**KEYS, "region_name": "cn-north-1"}).put_events(Entries=[{"Detail": "{}"}])


class TestACallThatNothingAnswers:
    @pytest.mark.parametrize(
        ("call", "named"),
        [
            (enable_user, "setSecret called AdminEnableUser of cognito-idp"),
            (enable_user_and_go_on, "setSecret called AdminEnableUser of cognito-idp"),
            (enable_user_in_a_thread, "setSecret called AdminEnableUser of cognito-idp"),
            (list_topics_with_aiobotocore, "setSecret called ListTopics of sns"),
            (put_event_to_an_endpoint_of_china, "setSecret called PutEvents of events"),
        ],
    )
    def test_is_rejected_with_its_service_and_two_ways_out(self, call, named):
        failure = failure_of(function_that(call), ATTRIBUTES, SUCCEEDS)

        assert (
            f"FakeSecretsError: {named}, and nothing in this process answers it, so the call would have"
            in failure
        )
        assert "Let moto answer it: enter mock_aws()" in failure
        assert "Or replace the call by a stub: botocore's Stubber" in failure

    def test_names_the_line_of_the_function(self):
        failure = failure_of(function_that(enable_user), ATTRIBUTES, SUCCEEDS)

        assert "at test_contract_services.py:" in failure
        assert "in enable_user" in failure

    def test_is_reported_also_if_the_function_loses_every_error(self):
        def enable_user_and_lose_everything():
            with suppress(BaseException):
                enable_user()

        with pytest.raises(FakeSecretsError, match="setSecret called AdminEnableUser of cognito-idp"):
            passes(function_that(enable_user_and_lose_everything), ATTRIBUTES, SUCCEEDS)

    @pytest.mark.parametrize("method", ["prepare", "accepts", "target_state"])
    def test_is_rejected_in_the_methods_of_the_class_too(self, method):
        attributes = {**ATTRIBUTES, method: lambda contract, *_: enable_user()}

        with pytest.raises(FakeSecretsError, match="The contract called AdminEnableUser of cognito-idp"):
            passes(function_that(lambda: None), attributes, "test_a_crash_after_any_call_is_recovered")

    def test_is_rejected_if_aiobotocore_is_imported_only_then(self, monkeypatch):

        monkeypatch.setattr(aiobotocore, "endpoint", aiobotocore.endpoint)
        monkeypatch.delitem(sys.modules, "aiobotocore.endpoint")
        rejected = []

        def reject(service, operation, url):
            rejected.append((service, operation, url))
            raise FakeSecretsError("Rejected.")

        with unanswered.unanswered_calls_rejected(reject):
            import aiobotocore.endpoint as imported

            endpoint = imported.AioEndpoint(
                "https://sns.us-east-1.amazonaws.com", "sns", None, None, object()
            )
            request = type("Request", (), {"url": "https://sns.us-east-1.amazonaws.com/?Signature=x"})
            with pytest.raises(FakeSecretsError):
                asyncio.run(endpoint._send(request))

        assert rejected == [("sns", None, "https://sns.us-east-1.amazonaws.com")]

    def test_leaves_botocore_as_it_was(self):
        from botocore.endpoint import Endpoint

        before = dict(vars(Endpoint))
        passes(function_that(lambda: None), ATTRIBUTES, SUCCEEDS)

        assert dict(vars(Endpoint)) == before


class TestACallThatIsAnswered:
    def test_by_moto_passes(self):
        def create_topic():
            boto3.client("sns", **KEYS).create_topic(Name="rotated")

        with mock_aws():
            passes(function_that(create_topic), ATTRIBUTES, SUCCEEDS)

    def test_by_a_stubber_passes(self):
        def describe():
            client = boto3.client("cognito-idp", **KEYS)
            with Stubber(client) as stubber:
                stubber.add_response("admin_enable_user", {})
                client.admin_enable_user(UserPoolId="us-east-1_x", Username="app")

        passes(function_that(describe), ATTRIBUTES, SUCCEEDS)

    def test_by_a_patch_of_the_session_passes(self, monkeypatch):
        from botocore.awsrequest import AWSResponse
        from botocore.httpsession import URLLib3Session

        class Raw:
            def stream(self):
                yield b"{}"

        monkeypatch.setattr(
            URLLib3Session, "send", lambda session, request: AWSResponse(request.url, 200, {}, Raw())
        )

        passes(function_that(enable_user), ATTRIBUTES, SUCCEEDS)

    def test_by_vcr_passes_this_point(self):
        vcr = pytest.importorskip("vcr")

        with vcr.use_cassette("/nonexistent/cassette.yaml", record_mode="none"):
            failure = failure_of(function_that(enable_user), ATTRIBUTES, SUCCEEDS)

        texts = ("usage.html#record-modes", "Can't overwrite existing cassette")  # of VCR.py 9 and 8
        assert any(text in failure for text in texts)

    def test_by_a_local_endpoint_passes_this_point(self):
        def call_local_endpoint():
            client = boto3.client("cognito-idp", endpoint_url="http://127.0.0.1:9", **KEYS)
            client.admin_enable_user(UserPoolId="us-east-1_x", Username="app")

        failure = failure_of(function_that(call_local_endpoint), ATTRIBUTES, SUCCEEDS)

        assert "EndpointConnectionError" in failure


@pytest.mark.parametrize(
    ("host", "is_aws"),
    [
        ("cognito-idp.us-east-1.amazonaws.com", True),
        ("sts.amazonaws.com", True),
        ("s3.cn-north-1.amazonaws.com.cn", True),
        ("lambda.us-east-1.api.aws", True),
        ("ec2.eusc-de-east-1.amazonaws.eu", True),
        ("sqs.us-iso-east-1.c2s.ic.gov", True),
        ("localstack", False),
        ("localhost.localstack.cloud", False),
        ("amazonaws.com.example.org", False),
        ("notamazonaws.com", False),
    ],
)
def test_the_endpoints_of_aws_are_known(host, is_aws):
    assert bool(unanswered._AWS.search(host)) is is_aws
