"""Injected faults: errors of calls, of the network and of Lambda, and timeouts."""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import boto3
import botocore.endpoint
import botocore.retries.bucket
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from freezegun import freeze_time
from rotation_functions import nothing, well_behaved
from support import labels, raw, rejected, snapshot, token

from pytest_fakesecrets import (
    Call,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    FunctionTimedOut,
    InvocationRefused,
    RotationFailedWarning,
    RotationStep,
    UnusedFaultWarning,
)
from pytest_fakesecrets._service.parser import service_model

pytestmark = pytest.mark.usefixtures("kept_clients")

WITHOUT_RETRIES = Config(retries={"total_max_attempts": 1})
DENIED = (
    "User is not authorized to perform: secretsmanager:GetSecretValue because no identity-based policy "
    "allows the action"
)
INJECTED = "hint: fake.fail() injected this error."
TIMED_OUT = (
    "The rotation function has run longer than its timeout of 30 seconds, at which Lambda stops it. A Python function is not "
    "interrupted while it sleeps or computes: the time of the test's clock is compared at its next call and at its end, and "
    "while that clock is frozen, only fakesecrets_clock.tick() and injected delays count. To allow more, set timeout: it is an "
    "argument of add_rotation_function() and an attribute of a RotationContract."
)
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


@pytest.fixture
def fake(fakesecrets):
    return fakesecrets


@pytest.fixture
def no_retry_client(fake):
    """A client without retries, and the secret db."""
    client = fake.client(config=WITHOUT_RETRIES)
    client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
    return client


@pytest.fixture(scope="module")
def aio_session():
    """An aiobotocore session, shared since each new one reads the data files of botocore."""
    return pytest.importorskip("aiobotocore.session").get_session()


@pytest.fixture
def sleeps(monkeypatch):
    """Replace the sleep functions of time and asyncio, and record the requested seconds."""
    seconds = []

    async def sleep(amount, result=None):
        seconds.append(amount)

    monkeypatch.setattr(time, "sleep", seconds.append)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


def calls(fake):
    return [event for event in fake.history if isinstance(event, Call)]


class TestInjectedErrorCodes:
    @pytest.mark.parametrize(
        ("code", "status", "message"),
        [
            ("AccessDeniedException", 400, DENIED),
            (
                "DecryptionFailure",
                400,
                "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
            ),
            ("ExpiredTokenException", 400, "The security token included in the request is expired"),
            ("InternalServiceError", 500, "An error occurred on the server side."),
            (
                "LimitExceededException",
                400,
                "The request failed because it would exceed one of the Secrets Manager quotas.",
            ),
            (
                "ResourceNotFoundException",
                400,
                "Secrets Manager can't find the resource that you asked for.",
            ),
            ("ServiceUnavailable", 503, "Service is unavailable."),
            ("ThrottlingException", 400, "Rate exceeded"),
            ("TooManyRequestsException", 429, "Rate exceeded"),
            (
                "UnrecognizedClientException",
                400,
                "The security token included in the request is invalid.",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) and " " not in value else "",
    )
    def test_have_their_status_and_a_message(self, fake, no_retry_client, code, status, message):
        fake.fail("GetSecretValue", code)

        with rejected(code) as answer:
            no_retry_client.get_secret_value(SecretId="db")

        assert (answer.status, answer.message) == (status, message)

    @pytest.mark.parametrize("code", sorted(shape.name for shape in service_model().error_shapes))
    def test_of_the_service_model_raise_the_exceptions_of_the_client(self, fake, no_retry_client, code):
        fake.fail("DescribeSecret", code)

        with pytest.raises(getattr(no_retry_client.exceptions, code)) as raised:
            no_retry_client.describe_secret(SecretId="db")

        assert raised.value.response["Message"].endswith(".")

    @pytest.mark.parametrize("code", ["RequestLimitExceeded", "SlowDown", "InternalFailure"])
    def test_that_are_retryable_on_aws_are_retried(self, fake, no_retry_client, code):
        fault = fake.fail("ListSecrets", code)

        fake.client(config=Config(retries={"mode": "legacy"})).list_secrets()

        assert fault.happened == 1

    def test_may_be_custom_with_a_status_and_a_message(self, fake, no_retry_client):
        fake.fail("GetSecretValue", (418, "TeapotException", "short and stout"))

        with rejected("TeapotException") as answer:
            no_retry_client.get_secret_value(SecretId="db")

        assert (answer.status, answer.message) == (418, "short and stout")

    def test_reach_handlers_that_read_the_http_response(self, fake, no_retry_client):
        fake.fail("GetSecretValue", "ResourceNotFoundException", times=2)
        fake.fail("DescribeSecret", "ThrottlingException")

        missing = "Secrets Manager can't find the resource that you asked for."
        assert raw("GetSecretValue", {"SecretId": "db"}) == (
            400,
            {"__type": "ResourceNotFoundException", "Message": missing},
        )
        assert raw("GetSecretValue", b"[]")[0] == 400
        assert raw("DescribeSecret", b"\xff") == (
            400,
            {"__type": "ThrottlingException", "message": "Rate exceeded"},
        )


class TestInjectedNetworkFaults:
    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (ReadTimeoutError, 'Read timeout on endpoint URL: "{}"'),
            (ConnectTimeoutError, 'Connect timeout on endpoint URL: "{}"'),
            (EndpointConnectionError, 'Could not connect to the endpoint URL: "{}"'),
            (
                ConnectionClosedError,
                'Connection was closed before we received a valid response from endpoint URL: "{}".',
            ),
            (ConnectionError, ""),
            (TimeoutError, ""),
        ],
        ids=lambda value: getattr(value, "__name__", ""),
    )
    def test_raise_an_exception_of_the_given_class(self, fake, no_retry_client, error, message):
        fake.fail("GetSecretValue", error)

        with pytest.raises(error) as raised:
            no_retry_client.get_secret_value(SecretId="db")

        assert type(raised.value) is error
        assert str(raised.value) == message.format("https://secretsmanager.us-east-1.amazonaws.com/")

    @pytest.mark.parametrize(
        "error", [ReadTimeoutError(endpoint_url="mine"), ConnectionError("down"), KeyboardInterrupt()]
    )
    def test_raise_the_given_exception_instance(self, fake, no_retry_client, error):
        fake.fail("GetSecretValue", error)

        with pytest.raises(type(error)) as raised:
            no_retry_client.get_secret_value(SecretId="db")

        assert raised.value is error
        assert no_retry_client.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_are_retried_by_clients_with_retries(self, fake, no_retry_client, sleeps):
        fault = fake.fail("ListSecrets", EndpointConnectionError, times=2)

        answer = fake.client(config=Config(retries={"mode": "standard"})).list_secrets()

        assert (answer["ResponseMetadata"]["RetryAttempts"], fault.happened) == (2, 2)

    def test_are_recorded_in_the_history_without_a_request_id(self, fake, no_retry_client):
        fake.fail("GetSecretValue", ReadTimeoutError)

        with pytest.raises(ReadTimeoutError):
            no_retry_client.get_secret_value(SecretId="db")

        call = calls(fake)[-1]
        assert (call.error, call.message, call.hint) == ("ReadTimeoutError", "no answer", INJECTED)

    def test_slow_a_call_down_by_moving_the_frozen_clock(self, fake, no_retry_client, fakesecrets_clock):
        before = fakesecrets_clock.now
        fake.fail("GetSecretValue", timedelta(seconds=5), times=2)

        assert no_retry_client.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert fakesecrets_clock.now - before == timedelta(seconds=5)
        no_retry_client.get_secret_value(SecretId="db")
        no_retry_client.get_secret_value(SecretId="db")
        assert fakesecrets_clock.now - before == timedelta(seconds=10)
        assert [call.error for call in calls(fake)] == [None] * 4

    def test_slow_down_a_retry_that_is_due_under_freezegun(self, fake, no_retry_client):
        with freeze_time("2030-01-01") as frozen:
            function = fake.add_rotation_function(well_behaved)
            rules = {"ScheduleExpression": "rate(4 hours)"}
            no_retry_client.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules=rules)
            fake.fail("GetSecretValue", timedelta(seconds=5), times=2)

            frozen.tick(timedelta(hours=5))
            no_retry_client.describe_secret(SecretId="db")

            assert f"{fake.clock.now:%H:%M:%S}" == "05:00:00"
        scheduled = fake.rotations("db")[1]
        assert scheduled.status == "succeeded"
        assert scheduled.steps[-1].end - scheduled.started_at == timedelta(seconds=10)


class TestAnInjectedFaultHits:
    def test_only_the_next_call_by_default(self, fake, no_retry_client):
        fault = fake.fail("GetSecretValue", "ThrottlingException")
        assert fault.happened == 0

        no_retry_client.describe_secret(SecretId="db")
        with rejected("ThrottlingException"):
            no_retry_client.get_secret_value(SecretId="db")

        assert no_retry_client.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert (fault.operation, fault.happened, fault.left) == ("GetSecretValue", 1, 0)

    def test_the_next_three_calls(self, fake, no_retry_client):
        fault = fake.fail("GetSecretValue", "ThrottlingException", times=3)

        for happened in (1, 2, 3):
            with rejected("ThrottlingException"):
                no_retry_client.get_secret_value(SecretId="db")
            assert fault.happened == happened
        no_retry_client.get_secret_value(SecretId="db")

        assert fault.happened == 3

    def test_all_calls(self, fake, no_retry_client):
        fault = fake.fail("GetSecretValue", "ThrottlingException", times=None)

        for _ in range(20):
            with rejected("ThrottlingException"):
                no_retry_client.get_secret_value(SecretId="db")

        assert (fault.happened, fault.left) == (20, None)

    def test_calls_in_the_order_of_injection(self, fake, no_retry_client):
        first = fake.fail("GetSecretValue", "ThrottlingException", times=2)
        second = fake.fail("GetSecretValue", "DecryptionFailure")

        codes = []
        for _ in range(3):
            with rejected() as answer:
                no_retry_client.get_secret_value(SecretId="db")
            codes.append(answer.code)

        assert codes == ["ThrottlingException", "ThrottlingException", "DecryptionFailure"]
        assert (first.happened, second.happened) == (2, 1)
        no_retry_client.get_secret_value(SecretId="db")

    @pytest.mark.parametrize("meant", ["db", "ARN", "partial ARN"])
    @pytest.mark.parametrize("sent", ["db", "ARN", "partial ARN"])
    def test_calls_about_its_secret_by_any_form_of_secret_id(self, fake, no_retry_client, meant, sent):
        arn = no_retry_client.create_secret(Name="other", SecretString="value")["ARN"].replace("other", "db")
        arn = no_retry_client.describe_secret(SecretId="db")["ARN"]
        named = {"db": "db", "ARN": arn, "partial ARN": arn[:-7]}
        fault = fake.fail("GetSecretValue", "DecryptionFailure", secret_id=named[meant])

        no_retry_client.get_secret_value(SecretId="other")
        assert fault.happened == 0
        with rejected("DecryptionFailure"):
            no_retry_client.get_secret_value(SecretId=named[sent])

    def test_calls_in_the_region_of_its_arn(self, fake, no_retry_client):
        there = fake.client("eu-west-1", config=WITHOUT_RETRIES)
        arn = there.create_secret(Name="db", SecretString="there")["ARN"]
        fault = fake.fail("GetSecretValue", "DecryptionFailure", secret_id=arn)

        no_retry_client.get_secret_value(SecretId="db")
        assert fault.happened == 0
        with rejected("DecryptionFailure"):
            there.get_secret_value(SecretId="db")

    def test_calls_in_every_region_if_given_a_name(self, fake, no_retry_client):
        there = fake.client("eu-west-1", config=WITHOUT_RETRIES)
        fake.fail("GetSecretValue", "DecryptionFailure", secret_id="db", times=2)

        for client in (there, no_retry_client):
            with rejected("DecryptionFailure"):
                client.get_secret_value(SecretId="db")

    def test_a_call_that_creates_its_secret(self, fake, no_retry_client):
        fake.fail("CreateSecret", "LimitExceededException", secret_id="new")

        no_retry_client.create_secret(Name="other", SecretString="value")
        with rejected("LimitExceededException"):
            no_retry_client.create_secret(Name="new", SecretString="value")

    def test_a_batch_that_contains_its_secret(self, fake, no_retry_client):
        arn = no_retry_client.describe_secret(SecretId="db")["ARN"]
        no_retry_client.create_secret(Name="other", SecretString="value")
        fake.fail("BatchGetSecretValue", "InternalServiceError", secret_id="db")

        no_retry_client.batch_get_secret_value(SecretIdList=["other"])
        with rejected("InternalServiceError"):
            no_retry_client.batch_get_secret_value(SecretIdList=["other", arn])

    def test_calls_inside_its_step_of_a_rotation_function(self, fake, no_retry_client, fakesecrets_rotation):
        fault = fake.fail("DescribeSecret", "AccessDeniedException", step="setSecret")
        no_retry_client.rotate_secret(
            SecretId="db", RotationLambdaARN=fake.add_rotation_function(well_behaved)
        )

        fakesecrets_rotation.step("createSecret")
        no_retry_client.describe_secret(SecretId="db")
        assert fault.happened == 0
        with rejected("AccessDeniedException"):
            fakesecrets_rotation.step("setSecret")

        assert calls(fake)[-1].step == "setSecret"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            pytest.param(
                ("GetSecretVal", "ThrottlingException", {}),
                "Unknown operation 'GetSecretVal'. Did you mean 'GetSecretValue'?",
                id="a misspelt operation",
            ),
            pytest.param(
                ("get_secret_value", "ThrottlingException", {}),
                "Unknown operation 'get_secret_value'. Did you mean 'GetSecretValue'?",
                id="a method of a client",
            ),
            pytest.param(
                ("invoke", "ThrottlingException", {}),
                "Unknown operation 'invoke'. Did you mean 'Invoke'?",
                id="an operation of Lambda, not capitalized",
            ),
            pytest.param(
                (3, "ThrottlingException", {}), "Unknown operation 3.", id="an operation of another type"
            ),
            pytest.param(
                ("GetSecretValue", "ThrotlingException", {}),
                "Unknown error code 'ThrotlingException'. Did you mean 'ThrottlingException'? "
                "Pass any other error with its HTTP status and message: (400, 'Code', 'message').",
                id="a misspelt code",
            ),
            pytest.param(
                ("GetSecretValue", "AccessDenied", {}),
                "Unknown error code 'AccessDenied'. Did you mean 'AccessDeniedException'? "
                "Pass any other error with its HTTP status and message: (400, 'Code', 'message').",
                id="a code of another service",
            ),
            pytest.param(
                ("GetSecretValue", "Teapot", {}),
                "Unknown error code 'Teapot'. Pass any other error with its HTTP status and message: "
                "(400, 'Code', 'message').",
                id="an unknown code",
            ),
            *(
                pytest.param(
                    ("GetSecretValue", error, {}),
                    "An error is a code such as 'ThrottlingException', a triple of HTTP status, code and "
                    "message, an exception, or a timedelta for a slow answer, not " + f"{error!r}.",
                    id=name,
                )
                for error, name in [
                    (503, "a status"),
                    (None, "no error"),
                    ((200, "OK", ""), "a triple that is no error"),
                    ((600, "Code", ""), "a triple with a status that there is not"),
                    ((400, "Code"), "a pair"),
                    (("400", "Code", ""), "a triple of strings"),
                    (timedelta(0), "no time at all"),
                    (timedelta(seconds=-1), "a time that runs backwards"),
                    (object, "a class that is no exception"),
                ]
            ),
            pytest.param(
                ("GetSecretValue", timedelta.max, {}),
                "The time that a slow answer takes has to be a timedelta from timedelta(0) to "
                "datetime.timedelta(days=1000), not datetime.timedelta(days=999999999, seconds=86399, "
                "microseconds=999999).",
                id="a time without an end",
            ),
            pytest.param(
                ("GetSecretValue", ClientError, {}),
                "<class 'botocore.exceptions.ClientError'> cannot be created without arguments: "
                "ClientError.__init__() missing 2 required positional arguments: 'error_response' and "
                "'operation_name'. Pass an instance of it.",
                id="a class that needs arguments",
            ),
            *(
                pytest.param(
                    ("GetSecretValue", "ThrottlingException", {"times": times}),
                    f"times has to be a number of calls from 1 on, or None for all calls, not {times!r}.",
                    id=f"times={times!r}",
                )
                for times in (0, -1, True, 1.0, "1")
            ),
            pytest.param(
                ("GetSecretValue", "ThrottlingException", {"step": "create_secret"}),
                "Unknown step 'create_secret'. Choose one of createSecret, setSecret, testSecret, finishSecret. "
                "Did you mean 'createSecret'?",
                id="a step that there is not",
            ),
            *(
                pytest.param(
                    ("GetSecretValue", "ThrottlingException", {"secret_id": secret_id}),
                    f"secret_id has to be the name or the ARN of a secret, not {secret_id!r}.",
                    id=f"secret_id={secret_id!r}",
                )
                for secret_id in ("", 3, ["db"])
            ),
            *(
                pytest.param(
                    (operation, "ThrottlingException", {"secret_id": "db"}),
                    f"Calls of {operation} have no SecretId, so none can be about 'db'. Remove secret_id.",
                    id=f"{operation} about a secret",
                )
                for operation in ("ListSecrets", "GetRandomPassword")
            ),
        ],
    )
    def test_no_call_if_its_arguments_are_invalid(self, fake, no_retry_client, arguments, message):
        operation, error, keywords = arguments

        with pytest.raises(FakeSecretsError) as raised:
            fake.fail(operation, error, **keywords)

        assert str(raised.value) == message
        assert not fake._service.faults


def retrying(mode, attempts=None):
    return Config(retries={"mode": mode, **(attempts or {})})


MODES = ["legacy", "standard", "adaptive"]


def exhausted_retries(mode, attempts, expected):
    return pytest.param(mode, attempts, expected, id=f"{mode} {attempts or ''}".strip())


TOTALS = [
    exhausted_retries("legacy", None, 5),
    exhausted_retries("standard", None, 3),
    exhausted_retries("adaptive", None, 3),
    *(exhausted_retries(mode, {"total_max_attempts": 2}, 2) for mode in MODES),
    *(exhausted_retries(mode, {"max_attempts": 3}, 4) for mode in ("legacy", "standard", "adaptive")),
    *(exhausted_retries(mode, {"total_max_attempts": 1}, 1) for mode in MODES),
]


class TestRetriesAfterInjectedFaults:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("error", ["ThrottlingException", "InternalServiceError", ReadTimeoutError])
    def test_succeed_after_the_last_fault(self, fake, no_retry_client, sleeps, mode, error):
        client = fake.client(config=retrying(mode))
        fault = fake.fail("GetSecretValue", error, times=2)

        answer = client.get_secret_value(SecretId="db")

        assert answer["SecretString"] == "old"
        assert answer["ResponseMetadata"]["RetryAttempts"] == fault.happened == 2
        assert set(sleeps) == {0}
        assert len({call.request_id for call in calls(fake)[-3:]}) == 3
        assert [call.error is None for call in calls(fake)[-3:]] == [False, False, True]

    @pytest.mark.parametrize(("mode", "attempts", "expected"), TOTALS)
    def test_end_at_the_limit_of_the_client(self, fake, no_retry_client, sleeps, mode, attempts, expected):
        fault = fake.fail("GetSecretValue", "InternalServiceError", times=None)

        with rejected("InternalServiceError") as answer:
            fake.client(config=retrying(mode, attempts)).get_secret_value(SecretId="db")

        assert fault.happened == expected
        assert answer.response["ResponseMetadata"]["RetryAttempts"] == expected - 1

    def test_are_not_made_for_errors_that_are_not_retryable(self, fake, no_retry_client, sleeps):
        fault = fake.fail("GetSecretValue", "AccessDeniedException", times=None)

        with rejected("AccessDeniedException") as answer:
            fake.client().get_secret_value(SecretId="db")

        assert (fault.happened, answer.response["ResponseMetadata"]["RetryAttempts"]) == (1, 0)

    @pytest.mark.parametrize("mode", ["legacy", "standard"])
    def test_wait_with_back_off(self, fake, no_retry_client, sleeps, mode):
        fake.fail("GetSecretValue", "ThrottlingException", times=2, back_off=True)

        fake.client(config=retrying(mode)).get_secret_value(SecretId="db")

        assert len(sleeps) == 2
        assert all(0 < seconds <= 4 for seconds in sleeps)

    def test_with_and_without_back_off_can_be_mixed(self, fake, no_retry_client, sleeps):
        client = fake.client(config=retrying("standard"))
        for back_off in (True, False, True):
            fake.fail("GetSecretValue", "ThrottlingException", back_off=back_off)
            client.get_secret_value(SecretId="db")

        assert [seconds > 0 for seconds in sleeps] == [True, False, True]

    @pytest.mark.parametrize("is_observed", [False, True], ids=["alone", "with a handler of the user"])
    def test_of_a_throttled_adaptive_client_do_not_slow_later_calls(
        self, fake, no_retry_client, sleeps, is_observed
    ):
        client = fake.client(config=retrying("adaptive"))
        if is_observed:
            client.meta.events.register("before-send", lambda **_: None)
        began = time.perf_counter()

        for _ in range(3):
            fake.fail("GetSecretValue", "ThrottlingException", times=2)
            client.get_secret_value(SecretId="db")
        for _ in range(3):
            client.get_secret_value(SecretId="db")

        assert time.perf_counter() - began < 1

    def test_requested_by_user_handlers_follow_the_injected_response(self, fake, no_retry_client):
        seen = []
        no_retry_client.meta.events.register(
            "needs-retry", lambda response, attempts, **_: seen.append((response[0].status_code, attempts))
        )
        fake.fail("GetSecretValue", "ThrottlingException")

        with rejected("ThrottlingException"):
            no_retry_client.get_secret_value(SecretId="db")

        assert seen == [(400, 1)]


class TestPatchesOfBotocore:
    def test_are_removed_at_the_exit_of_the_fake(self):
        bucket = botocore.retries.bucket.TokenBucket
        before = botocore.endpoint.time, bucket.acquire

        with FakeSecrets() as fake:
            assert (botocore.endpoint.time, bucket.acquire) == before
            fake.fail("ListSecrets", "ThrottlingException")
            assert (botocore.endpoint.time, bucket.acquire) == before  # before the first call
            fake.client().list_secrets()
            assert botocore.endpoint.time is not before[0]
            assert botocore.endpoint.time.monotonic is time.monotonic
            assert bucket.acquire is not before[1]

        assert (botocore.endpoint.time, bucket.acquire) == before
        assert botocore.endpoint.time is time

    def test_are_removed_after_a_failed_test(self, pytester):
        pytester.makepyfile(
            """
            import time

            import botocore.endpoint


            def test_one(fakesecrets, fakesecrets_client):
                fakesecrets.fail("ListSecrets", "ThrottlingException", times=None)
                fakesecrets_client.list_secrets()


            def test_two():
                assert botocore.endpoint.time is time


            def test_three(fakesecrets, fakesecrets_client):
                assert fakesecrets_client.list_secrets()["SecretList"] == []
            """
        )

        ran = pytester.runpytest_inprocess("-p", "no:randomly")

        ran.assert_outcomes(passed=2, failed=1)

    def test_do_not_change_the_sleep_of_other_callers(self, fake, no_retry_client, sleeps):
        fake.fail("ListSecrets", "ThrottlingException", back_off=True)
        fake.client().list_secrets()
        sleeps.clear()

        botocore.endpoint.time.sleep(3)

        assert sleeps == [3]


class TestAiobotocore:
    """Injected faults through aiobotocore, which has its own endpoint and its own retries."""

    @pytest.fixture
    def run_with_client(self, fake, no_retry_client, aio_session):
        config = pytest.importorskip("aiobotocore.config").AioConfig

        def run(work, mode="legacy", **retries):
            async def main():
                settings = config(retries={"mode": mode, **retries})
                async with aio_session.create_client("secretsmanager", config=settings) as client:
                    return await work(client)

            return asyncio.run(main())

        return run

    @pytest.mark.parametrize("mode", MODES)
    def test_retries_without_waiting(self, fake, run_with_client, sleeps, mode):
        fault = fake.fail("GetSecretValue", "ThrottlingException", times=2)

        answer = run_with_client(lambda client: client.get_secret_value(SecretId="db"), mode)

        assert answer["ResponseMetadata"]["RetryAttempts"] == fault.happened == 2
        assert set(sleeps) <= {0}

    def test_waits_with_back_off(self, fake, run_with_client, sleeps):
        fake.fail("GetSecretValue", "ThrottlingException", times=2, back_off=True)

        run_with_client(lambda client: client.get_secret_value(SecretId="db"))

        assert len([seconds for seconds in sleeps if seconds > 0]) == 2

    @pytest.mark.parametrize("mode", MODES)
    def test_stops_retrying_at_the_limit_of_the_client(self, fake, run_with_client, sleeps, mode):
        fault = fake.fail("GetSecretValue", "InternalServiceError", times=None)

        async def work(client):
            with rejected("InternalServiceError") as answer:
                await client.get_secret_value(SecretId="db")
            return answer.response["ResponseMetadata"]["RetryAttempts"]

        assert run_with_client(work, mode, total_max_attempts=4) == 3
        assert fault.happened == 4

    def test_raises_an_injected_network_exception(self, fake, run_with_client):
        fake.fail("GetSecretValue", ConnectionError("down"))

        async def work(client):
            with pytest.raises(ConnectionError, match="down"):
                await client.get_secret_value(SecretId="db")

        run_with_client(work)

    def test_loses_its_patches_at_the_exit_of_the_fake(self):
        endpoint = pytest.importorskip("aiobotocore.endpoint")
        bucket = pytest.importorskip("aiobotocore.retries.bucket")
        classes = [found for found in vars(endpoint).values() if isinstance(found, type)]

        def state():
            sleeping = [vars(found).get("_sleep") for found in classes]
            return endpoint.asyncio, bucket.AsyncTokenBucket.acquire, sleeping

        before = state()

        with FakeSecrets() as fake:
            fake.fail("ListSecrets", "ThrottlingException")
            fake.client().list_secrets()
            assert state() != before

        assert state() == before

    def test_retries_without_waiting_in_its_httpx_endpoint(self, monkeypatch):
        endpoint = pytest.importorskip("aiobotocore.endpoint")
        if not hasattr(endpoint, "AnyioEndpoint"):
            pytest.skip("this aiobotocore has no endpoint for httpx")
        sleeps = []

        async def sleep(_, seconds):
            sleeps.append(seconds)

        monkeypatch.setattr(endpoint.AnyioEndpoint, "_sleep", sleep)
        with FakeSecrets() as fake:
            fake.fail("ListSecrets", "ThrottlingException")
            fake.client().list_secrets()
            asyncio.run(endpoint.AnyioEndpoint._sleep(None, 7))  # after a fault, in the same context
        asyncio.run(endpoint.AnyioEndpoint._sleep(None, 7))

        assert sleeps == [0, 7]


class TestTheRecordOfAnInjectedFault:
    def test_has_the_error_and_a_hint_at_the_injection(self, fake, no_retry_client):
        fake.fail("GetSecretValue", "ThrottlingException")

        with rejected() as answer:
            no_retry_client.get_secret_value(SecretId="db")

        call = calls(fake)[-1]
        assert (call.operation, call.error, call.message, call.hint) == (
            "GetSecretValue",
            "ThrottlingException",
            "Rate exceeded",
            INJECTED,
        )
        assert call.secret_id == fake.secret("db").arn
        assert call.request_id == answer.response["ResponseMetadata"]["RequestId"]

    def test_has_the_name_of_a_secret_that_does_not_exist(self, fake, no_retry_client):
        fake.fail("CreateSecret", "LimitExceededException")

        with rejected():
            no_retry_client.create_secret(Name="new", SecretString="value")

        assert calls(fake)[-1].secret_id == "new"

    def test_appears_in_the_timeline(self, fake, no_retry_client, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        fake.fail("GetSecretValue", "ThrottlingException")

        with rejected():
            no_retry_client.get_secret_value(SecretId="db")

        *_, event, error, hint = fake.timeline("db").splitlines()
        assert event.split("  ")[:2] == ["2030-01-31 16:00:00.000", "GetSecretValue rejected"]
        assert (error, hint) == ("      ThrottlingException: Rate exceeded", f"      {INJECTED}")


class TestTheStateOfTheFake:
    @pytest.mark.parametrize("error", ["InternalServiceError", ReadTimeoutError, (503, "Gone", "")])
    def test_is_unchanged_after_a_call_with_an_injected_fault(self, fake, no_retry_client, error):
        before = snapshot(fake._service.store)
        for operation in ("PutSecretValue", "DeleteSecret", "RotateSecret", "GetSecretValue"):
            fake.fail(operation, error)

        for call in (
            lambda: no_retry_client.put_secret_value(SecretId="db", SecretString="new"),
            lambda: no_retry_client.delete_secret(SecretId="db"),
            lambda: no_retry_client.rotate_secret(
                SecretId="db", RotationLambdaARN=fake.add_rotation_function(nothing)
            ),
            lambda: no_retry_client.get_secret_value(SecretId="db"),
        ):
            with pytest.raises((ClientError, ReadTimeoutError)):
                call()

        assert snapshot(fake._service.store) == before
        assert fake.rotations() == ()

    def test_has_one_version_after_a_retried_call(self, fake, no_retry_client):
        fake.fail("PutSecretValue", "InternalServiceError", times=2)

        put = fake.client().put_secret_value(SecretId="db", SecretString="new")

        assert fake.secret("db").labels["AWSCURRENT"] == put["VersionId"]
        assert len(fake.secret("db").versions) == 2

    def test_has_no_faults_after_a_reset(self, fake, no_retry_client):
        fault = fake.fail("ListSecrets", "ThrottlingException", times=None)

        fake.reset()

        assert no_retry_client.list_secrets()["SecretList"] == []
        assert fault.happened == 0

    def test_includes_its_faults_and_not_those_of_another_fake(self):
        with FakeSecrets() as one:
            client = boto3.client("secretsmanager", config=WITHOUT_RETRIES)
            fault = one.fail("ListSecrets", "ThrottlingException")
        with FakeSecrets():
            assert client.list_secrets()["SecretList"] == []
        assert fault.happened == 0
        with one, rejected("ThrottlingException"):
            client.list_secrets()

    @pytest.mark.parametrize(
        ("made_with", "arn"),
        [
            pytest.param(
                {"config": Config(signature_version=UNSIGNED), "endpoint_url": "http://localhost:4566"},
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-",
                id="unsigned, with another endpoint",
            ),
            pytest.param(
                {
                    "config": Config(signature_version=UNSIGNED),
                    "endpoint_url": "http://localhost:4566",
                    "region_name": "eu-west-1",
                },
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-",
                id="unsigned, with another endpoint in another region",
            ),
            pytest.param(
                {"region_name": "eu-west-1", "aws_access_key_id": "210987654321"},
                "arn:aws:secretsmanager:eu-west-1:210987654321:secret:db-",
                id="another account in another region",
            ),
        ],
    )
    def test_has_the_account_and_region_of_the_client_after_a_fault(self, fake, sleeps, made_with, arn):
        client = fake.client(**made_with)
        fault = fake.fail("CreateSecret", "InternalServiceError", times=2)

        created = client.create_secret(Name="db", SecretString="value")["ARN"]

        assert created[:-6] == arn
        assert client.describe_secret(SecretId="db")["ARN"] == created
        assert [(call.account, call.region) for call in calls(fake)] == [
            (arn.split(":")[4], arn.split(":")[3])
        ] * 4
        assert fault.happened == 2

    def test_has_the_default_account_for_a_client_without_credentials(self, fake, monkeypatch):
        with monkeypatch.context() as bare:
            bare.delenv("AWS_ACCESS_KEY_ID")
            bare.delenv("AWS_SECRET_ACCESS_KEY")
            bare.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
            client = botocore.session.Session().create_client("secretsmanager")
        fake.fail("CreateSecret", "InternalServiceError")

        client.create_secret(Name="db", SecretString="value")

        assert fake.secret("db").value() == "value"

    def test_is_reached_without_refreshing_credentials(self, fake):
        def refresh():
            raise AssertionError("the keys were refreshed")

        session = botocore.session.Session()
        session._credentials = DeferredRefreshableCredentials(refresh, "test")
        client = session.create_client("secretsmanager")
        fake.fail("ListSecrets", "InternalServiceError")

        assert client.list_secrets()["SecretList"] == []


class TestInjectedFaultsUnderMoto:
    @pytest.mark.parametrize("order", ["moto outside", "moto inside"])
    def test_keep_the_request_from_moto(self, order, sleeps):
        moto = pytest.importorskip("moto")
        backends = pytest.importorskip("moto.secretsmanager").secretsmanager_backends
        fake = FakeSecrets()
        first, second = (moto.mock_aws(), fake) if order == "moto outside" else (fake, moto.mock_aws())
        with first, second:
            client = boto3.session.Session().client("secretsmanager", region_name="us-east-1")
            fake.fail("CreateSecret", "InternalServiceError", times=2)

            client.create_secret(Name="db", SecretString="value")

            assert fake.secret("db").value() == "value"
            assert [call.error for call in calls(fake)] == ["InternalServiceError"] * 2 + [None]
            assert len(backends["123456789012"]["us-east-1"].secrets) == 0


class TestInjectedFaultsOverTheServer:
    def test_return_the_status_of_an_error(self, fakesecrets_server, fake, no_retry_client):
        fake.fail("ListSecrets", "ServiceUnavailable")

        status, body = post(fakesecrets_server.url)

        assert (status, body) == (
            503,
            b'{"__type":"ServiceUnavailable","message":"Service is unavailable."}',
        )
        assert post(fakesecrets_server.url)[0] == 200

    def test_close_the_connection_without_a_response_for_an_exception(
        self, fakesecrets_server, fake, no_retry_client, capfd
    ):
        from http.client import RemoteDisconnected

        fake.fail("ListSecrets", ReadTimeoutError)

        with pytest.raises(RemoteDisconnected):
            post(fakesecrets_server.url)

        assert post(fakesecrets_server.url)[0] == 200
        assert capfd.readouterr().err == ""
        assert [call.error for call in calls(fake)[-2:]] == ["ReadTimeoutError", None]


def post(url):
    """Send ListSecrets to the server without an SDK, and return the status and the body of the response."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1"}
    try:
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class TestAnInjectedFaultInThreads:
    def test_hits_one_of_two_simultaneous_calls(self, fake, no_retry_client):
        barrier = Barrier(2, timeout=30)

        def work():
            barrier.wait()
            try:
                no_retry_client.get_secret_value(SecretId="db")
            except ClientError as error:
                return error.response["Error"]["Code"]

        with ThreadPoolExecutor(2) as pool:
            for _ in range(20):
                fault = fake.fail("GetSecretValue", "DecryptionFailure")
                codes = [pool.submit(work) for _ in range(2)]
                answered = sorted(str(code.result(timeout=30)) for code in codes)
                assert answered == ["DecryptionFailure", "None"]
                assert fault.happened == 1


@pytest.fixture
def rotate(no_retry_client, fake):
    """Return a function that rotates db without the step driver, and returns the rotation."""

    def run(function, **options):
        return fake.rotate("db", fake.add_rotation_function(function, **options))

    return run


def unchanged(client):
    """Return whether db still has its first value, and at most one other version, which is pending."""
    held = labels(client, "db")
    return held[token(1)] == {"AWSCURRENT"} and len(held) <= 2


class TestAnInjectedFaultOfInvoke:
    """`fake.fail("Invoke", ...)` injects a fault into the invocation of a rotation function."""

    def test_fails_the_rotation_without_calling_the_function(self, fake, no_retry_client, rotate):
        called = []
        fault = fake.fail("Invoke", "TooManyRequestsException")

        with pytest.warns(RotationFailedWarning, match="InvocationRefused: Lambda has not run the function"):
            rotation = rotate(lambda event, context: called.append(event["Step"]))

        assert (rotation.status, called, fault.happened) == ("failed", [], 1)
        assert type(rotation.error) is InvocationRefused
        assert str(rotation.error) == (
            "Lambda has not run the function: TooManyRequestsException: Rate exceeded"
        )
        assert unchanged(no_retry_client)

    def test_is_followed_by_a_successful_retry(self, fake, no_retry_client, rotate, fakesecrets_clock):
        fake.fail("Invoke", "TooManyRequestsException")
        with pytest.warns(RotationFailedWarning):
            rotation = rotate(well_behaved)
        assert rotation.retry_at is not None

        fakesecrets_clock.move_to(rotation.retry_at)

        again = fake.rotations("db")[0]
        assert (again.status, again.attempt) == ("succeeded", 2)

    @pytest.mark.parametrize("step", STEPS)
    def test_in_one_step_lets_the_steps_before_it_run(
        self, fake, no_retry_client, fakesecrets_rotation, step
    ):
        called = []

        def spy(event, context):
            called.append(event["Step"])
            well_behaved(event, context)

        fake.fail("Invoke", "ServiceException", step=step)
        no_retry_client.rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(spy))

        with pytest.raises(InvocationRefused):
            fakesecrets_rotation.run()

        assert called == STEPS[: STEPS.index(step)]
        assert fakesecrets_rotation.run().status == "succeeded"

    @pytest.mark.parametrize("error", [ConnectionError("down"), ReadTimeoutError])
    def test_may_be_an_exception(self, fake, no_retry_client, fakesecrets_rotation, error):
        fake.fail("Invoke", error)
        no_retry_client.rotate_secret(
            SecretId="db", RotationLambdaARN=fake.add_rotation_function(well_behaved)
        )

        with pytest.raises(ConnectionError if isinstance(error, ConnectionError) else error):
            fakesecrets_rotation.step()

        assert fakesecrets_rotation.run().status == "succeeded"

    def test_with_access_denied_names_the_action_of_lambda(self, fake, no_retry_client, fakesecrets_rotation):
        fake.fail("Invoke", "AccessDeniedException")
        no_retry_client.rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(nothing))

        with pytest.raises(InvocationRefused, match="perform: lambda:InvokeFunction because"):
            fakesecrets_rotation.step()

    @pytest.mark.parametrize("named", ["db", "ARN", "partial ARN", "other"])
    def test_applies_to_its_secret_by_any_form_of_secret_id(
        self, fake, no_retry_client, fakesecrets_rotation, named
    ):
        arn = fake.secret("db").arn
        secret_id = {"ARN": arn, "partial ARN": arn[:-7]}.get(named, named)
        fault = fake.fail("Invoke", "ServiceException", secret_id=secret_id)
        no_retry_client.rotate_secret(
            SecretId="db", RotationLambdaARN=fake.add_rotation_function(well_behaved)
        )

        if named == "other":
            fakesecrets_rotation.step()
        else:
            with pytest.raises(InvocationRefused):
                fakesecrets_rotation.step()
        assert fault.happened == (named != "other")

    def test_that_is_slow_does_not_use_the_timeout_of_the_function(
        self, fake, no_retry_client, fakesecrets_clock, rotate
    ):
        left, before = [], fakesecrets_clock.now
        fake.fail("Invoke", timedelta(seconds=45), step="createSecret")

        def spy(event, context):
            left.append(context.get_remaining_time_in_millis())
            well_behaved(event, context)

        rotation = rotate(spy)

        assert rotation.status == "succeeded"
        assert left == [30_000] * 4
        assert fakesecrets_clock.now - before == timedelta(seconds=45)
        assert rotation.steps[0].end - rotation.steps[0].start == timedelta(seconds=45)

    def test_fails_one_of_two_rotations_in_threads(self, fake, no_retry_client):
        no_retry_client.create_secret(Name="two", SecretString="old")
        function = fake.add_rotation_function(well_behaved)
        fault = fake.fail("Invoke", "ServiceException")

        with pytest.warns(RotationFailedWarning), ThreadPoolExecutor(2) as pool:
            rotations = list(pool.map(lambda name: fake.rotate(name, function), ["db", "two"]))

        assert sorted(rotation.status for rotation in rotations) == ["failed", "succeeded"]
        assert fault.happened == 1


class TestInjectedFaultsInARotationFunction:
    @pytest.mark.parametrize(
        ("code", "attempts"), [("AccessDeniedException", 1), ("InternalServiceError", 5)]
    )
    def test_that_outlast_the_retries_fail_the_rotation(
        self, fake, no_retry_client, rotate, monkeypatch, code, attempts
    ):
        """An error without retries, and one that outlasts the retries."""
        monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
        fault = fake.fail("GetSecretValue", code, step="createSecret", times=attempts)

        with pytest.warns(RotationFailedWarning, match=code):
            rotation = rotate(well_behaved)

        assert (rotation.status, fault.happened) == ("failed", attempts)
        assert rotation.error.response["Error"]["Code"] == code
        assert unchanged(no_retry_client)
        assert no_retry_client.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_that_a_retry_overcomes_do_not_fail_the_rotation(self, fake, no_retry_client, rotate):
        fault = fake.fail("PutSecretValue", "ThrottlingException", times=2)

        assert rotate(well_behaved).status == "succeeded"
        assert fault.happened == 2
        assert len(fake.secret("db").versions) == 2


class TestAFaultOfABlock:
    def test_ends_with_the_block_also_after_an_exception(self, fake, no_retry_client):
        with fake.fail("GetSecretValue", "ThrottlingException", times=None) as fault:
            for _ in range(2):
                with rejected("ThrottlingException"):
                    no_retry_client.get_secret_value(SecretId="db")
        with pytest.raises(LookupError), fake.fail("DescribeSecret", "ThrottlingException") as unused:
            raise LookupError

        assert (fault.happened, fault.left, unused.left) == (2, 0, 0)
        assert no_retry_client.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert no_retry_client.describe_secret(SecretId="db")["Name"] == "db"
        assert fake._service.faults.used_up() == (fault,)
        assert fake._service.faults.take_unused() == (unused,)

    def test_that_delays_freezes_the_time_until_the_clock_is_stopped(self, fake, no_retry_client):
        before = time.time()
        with fake.fail("GetSecretValue", timedelta(hours=1)):
            no_retry_client.get_secret_value(SecretId="db")

        assert time.time() == time.time() >= before + 3600
        fake.clock.stop()
        assert before <= time.time() < before + 3600


class TestTheTimeoutOfARotationFunction:
    @pytest.fixture
    def db(self, no_retry_client, fakesecrets_clock, fakesecrets_rotation):
        return no_retry_client

    @pytest.fixture
    def first_step(self, fake, db, fakesecrets_rotation):
        """Return a function that runs the first step of a rotation function until it times out."""

        def run(function, **options):
            arn = fake.add_rotation_function(function, **options)
            db.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))
            with pytest.raises(FunctionTimedOut) as raised:
                fakesecrets_rotation.step()
            assert str(raised.value) == TIMED_OUT
            return fake.rotations("db")[0]

        return run

    def test_counts_down_in_the_context_as_the_clock_moves(
        self, fake, db, fakesecrets_clock, fakesecrets_rotation
    ):
        left = []

        def spy(event, context):
            for seconds in (0, 10, 15, 5):
                fakesecrets_clock.tick(seconds)
                left.append(context.get_remaining_time_in_millis())

        arn = fake.add_rotation_function(spy)
        db.rotate_secret(SecretId="db", RotationLambdaARN=arn)
        fakesecrets_rotation.step()

        assert left == [30_000, 20_000, 5_000, 0]

    def test_stops_the_function_at_its_next_call(self, db, fakesecrets_clock, first_step):
        reached = []

        def slow(event, context):
            db.describe_secret(SecretId="db")
            fakesecrets_clock.tick(31)
            reached.append("before")
            db.put_secret_value(SecretId="db", SecretString="new")
            reached.append("after")

        rotation = first_step(slow)

        assert (rotation.status, reached) == ("failed", ["before"])
        assert unchanged(db)

    def test_stops_the_function_during_slow_calls(self, fake, db, first_step):
        fake.fail("GetSecretValue", timedelta(seconds=16), times=2)

        first_step(lambda event, context: [db.get_secret_value(SecretId="db") for _ in range(2)])

        assert [call.operation for call in calls(fake)][-1] == "GetSecretValue"
        assert len([call for call in calls(fake) if call.step]) == 1

    @pytest.mark.parametrize("timeout", [5, 60, 900])
    def test_can_be_set_for_each_function(self, db, fake, fakesecrets_clock, fakesecrets_rotation, timeout):
        arn = fake.add_rotation_function(
            lambda event, context: fakesecrets_clock.tick(timeout), timeout=timedelta(seconds=timeout)
        )
        db.rotate_secret(SecretId="db", RotationLambdaARN=arn)
        fakesecrets_rotation.step()

        fake.add_rotation_function(
            lambda event, context: fakesecrets_clock.tick(timeout + 1),
            name=arn,
            timeout=timedelta(seconds=timeout),
        )
        with pytest.raises(FunctionTimedOut, match=f"longer than its timeout of {timeout} seconds, at which"):
            fakesecrets_rotation.step()

    def test_cannot_be_caught_as_an_exception(self, db, fakesecrets_clock, first_step):
        def catches_the_timeout(event, context):
            fakesecrets_clock.tick(31)
            for _ in range(3):
                try:
                    db.put_secret_value(SecretId="db", SecretString="new")
                except Exception:
                    continue

        rotation = first_step(catches_the_timeout)

        assert rotation.status == "failed"
        assert unchanged(db)

    def test_rejects_every_later_call_of_a_function_that_catches_it(self, db, fakesecrets_clock, first_step):
        caught = []

        def catches_the_timeout(event, context):
            fakesecrets_clock.tick(31)
            for _ in range(3):
                try:
                    db.put_secret_value(SecretId="db", SecretString="new")
                except BaseException as error:
                    caught.append(error)

        rotation = first_step(catches_the_timeout)

        assert (rotation.status, len(caught)) == ("failed", 3)
        assert {isinstance(error, Exception) for error in caught} == {False}
        assert unchanged(db)

    def test_is_reported_although_the_function_raises_another_exception(
        self, db, fakesecrets_clock, first_step
    ):
        def raises_another_error(event, context):
            fakesecrets_clock.tick(31)
            try:
                db.describe_secret(SecretId="db")
            except BaseException as error:
                raise RuntimeError("no answer") from error

        rotation = first_step(raises_another_error)

        assert type(rotation.error) is FunctionTimedOut

    def test_takes_precedence_over_an_injected_fault(self, fake, db, fakesecrets_clock, first_step):
        fault = fake.fail("GetSecretValue", "ThrottlingException")

        def slow(event, context):
            fakesecrets_clock.tick(31)
            db.get_secret_value(SecretId="db")

        first_step(slow)

        assert fault.happened == 0

    def test_fails_the_rotation_which_is_then_retried(
        self, fake, db, fakesecrets_clock, fakesecrets_rotation, first_step
    ):
        slow = [31]

        def slow_once(event, context):
            fakesecrets_clock.tick(slow.pop() if slow else 0)
            well_behaved(event, context)

        assert first_step(slow_once).retry_at is not None

        rotation = fakesecrets_rotation.run()

        assert (rotation.status, rotation.attempt) == ("succeeded", 2)
        steps = [event for event in fake.history if isinstance(event, RotationStep)]
        assert [type(step.error) for step in steps[:2]] == [FunctionTimedOut, type(None)]

    def test_stops_a_function_that_uses_asyncio(self, db, fakesecrets_clock, first_step, aio_session):
        def slow(event, context):
            async def main():
                async with aio_session.create_client("secretsmanager") as client:
                    fakesecrets_clock.tick(31)
                    await client.put_secret_value(SecretId="db", SecretString="new")

            asyncio.run(main())

        first_step(slow)

        assert unchanged(db)

    def test_does_not_affect_later_calls_of_the_test(self, db, fakesecrets_clock, first_step):
        first_step(lambda event, context: fakesecrets_clock.tick(31))

        assert db.get_secret_value(SecretId="db")["SecretString"] == "old"

    def test_is_compared_at_the_next_call_and_at_the_end_without_an_interruption(
        self, fake, no_retry_client, fakesecrets_rotation
    ):
        slept = []

        def sleeps(event, context):
            time.sleep(0.06)
            slept.append(event["Step"])

        def sleeps_and_calls(event, context):
            sleeps(event, context)
            no_retry_client.describe_secret(SecretId="db")
            slept.append("called")

        timeout = timedelta(seconds=0.05)
        arn = fake.add_rotation_function(sleeps, timeout=timeout)
        no_retry_client.rotate_secret(SecretId="db", RotationLambdaARN=arn)
        for function in (sleeps, sleeps_and_calls):
            fake.add_rotation_function(function, name=arn, timeout=timeout)
            with pytest.raises(FunctionTimedOut, match=r"its timeout of 0\.05 seconds"):
                fakesecrets_rotation.step()
        fake.clock.freeze()
        fake.add_rotation_function(sleeps, name=arn, timeout=timeout)
        fakesecrets_rotation.step()

        assert slept == ["createSecret"] * 3

    @pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1)])
    def test_has_to_be_positive(self, fake, timeout):
        with pytest.raises(FakeSecretsError) as raised:
            fake.add_rotation_function(nothing, timeout=timeout)

        assert str(raised.value) == f"The argument timeout has to be a timedelta above 0, not {timeout!r}."

    @pytest.mark.parametrize(
        ("timeout", "advice"),
        [
            (30, "Write timedelta(seconds=30)."),
            (0.5, "Write timedelta(seconds=0.5)."),
            ("30", "Write timedelta(seconds=30)."),
            ("5m", "Write timedelta(minutes=5)."),
            ("1h 30 min", "Write timedelta(hours=1, minutes=30)."),
            (True, "Write, for example, timedelta(seconds=5)."),
            (float("inf"), "Write, for example, timedelta(seconds=5)."),
            ("long", "Write, for example, timedelta(seconds=5)."),
            (None, "Write, for example, timedelta(seconds=5)."),
        ],
    )
    def test_of_another_type_is_written_as_a_timedelta_in_the_error(self, fake, timeout, advice):
        with pytest.raises(FakeSecretsError) as raised:
            fake.add_rotation_function(nothing, timeout=timeout)

        assert str(raised.value) == f"The argument timeout takes a timedelta, not {timeout!r}. {advice}"

    @pytest.mark.parametrize("delay", [5, "5s"])
    def test_an_injected_delay_of_another_type_is_written_as_a_timedelta(self, fake, delay):
        with pytest.raises(FakeSecretsError, match=r" For a slow answer, write timedelta\(seconds=5\)\."):
            fake.fail("GetSecretValue", delay)

    @pytest.mark.parametrize("timeout", [timedelta.max, timedelta(minutes=15, microseconds=1)])
    def test_has_to_be_within_the_limit_of_lambda(self, fake, timeout):
        with pytest.raises(FakeSecretsError) as raised:
            fake.add_rotation_function(nothing, timeout=timeout)

        assert str(raised.value) == (
            "The timeout of a function on Lambda has to be a timedelta from timedelta(0) to "
            f"datetime.timedelta(seconds=900), not {timeout!r}."
        )
        fake.add_rotation_function(nothing, timeout=timedelta(minutes=15))


@pytest.fixture
def lambda_module(tmp_path, monkeypatch):
    """A module with state: `steps` lists the steps of its handler since the module was imported."""
    source = """
        import functools
        import os

        import boto3

        CLIENT = boto3.client("secretsmanager")
        AT_IMPORT = os.environ.get("COLOUR"), CLIENT.meta.region_name
        steps = []
        seen = []


        def handler(event, context):
            steps.append(event["Step"])
            context.clock.seen.append((list(steps), *AT_IMPORT))
            CLIENT.describe_secret(SecretId=event["SecretId"])


        handler_without_a_name = lambda event, context: handler(event, context)


        class Nested:
            @staticmethod
            def handler(event, context):
                handler(event, context)
        """
    source = source.replace("context.clock.seen", "__import__('builtins')._seen_by_test_faults")
    (tmp_path / "lambda_with_memory.py").write_text(textwrap.dedent(source), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    seen = []
    monkeypatch.setattr("builtins._seen_by_test_faults", seen, raising=False)
    with monkeypatch.context() as away:
        away.delitem(sys.modules, "lambda_with_memory", raising=False)
        yield seen
    sys.modules.pop("lambda_with_memory", None)


class TestAColdStart:
    @pytest.fixture
    def run(self, fake, lambda_module):
        def rotated(handler, **options):
            region = options.get("region_name")
            client = fake.client(region)
            client.create_secret(Name="db", SecretString="old")
            arn = fake.add_rotation_function(handler, environ={"COLOUR": "blue"}, **options)
            with pytest.warns(RotationFailedWarning, match="the labels are wrong|AWSCURRENT|AWSPENDING"):
                fake.rotate("db", arn)
            return lambda_module

        return rotated

    @pytest.mark.parametrize("name", ["handler", "handler_without_a_name"])
    def test_of_a_function_given_by_name_clears_its_module_before_each_step(self, run, name):
        seen = run(f"lambda_with_memory:{name}", cold_start=True)

        assert [steps for steps, *_ in seen] == [[step] for step in STEPS]

    @pytest.mark.parametrize("name", ["handler", "Nested.handler"])
    def test_of_a_function_object_clears_its_module_before_each_step(self, run, name):
        import lambda_with_memory

        function = lambda_with_memory
        for part in name.split("."):
            function = getattr(function, part)
        seen = run(function, cold_start=True)

        assert [steps for steps, *_ in seen] == [[step] for step in STEPS]
        assert sys.modules["lambda_with_memory"] is lambda_with_memory
        assert lambda_with_memory.steps == []

    def test_is_off_by_default_so_that_the_module_keeps_its_state(self, run):
        seen = run("lambda_with_memory:handler")

        assert [steps for steps, *_ in seen] == [STEPS[: number + 1] for number in range(4)]

    def test_imports_the_module_with_the_environment_of_the_function(self, run):
        seen = run("lambda_with_memory:handler", cold_start=True, region_name="eu-west-1")

        assert {tuple(at_import) for _, *at_import in seen} == {("blue", "eu-west-1")}

    def test_imports_a_module_that_was_removed_from_sys_modules(self, fake, no_retry_client, lambda_module):
        arn = fake.add_rotation_function("lambda_with_memory:handler", cold_start=True)
        del sys.modules["lambda_with_memory"]

        with pytest.warns(RotationFailedWarning):
            fake.rotate("db", arn)

        assert len(lambda_module) == 4
        assert "lambda_with_memory" not in sys.modules

    def test_whose_import_fails_fails_the_step_and_keeps_the_old_module(
        self, fake, no_retry_client, lambda_module, monkeypatch
    ):
        arn = fake.add_rotation_function("lambda_with_memory:handler", cold_start=True)
        found = sys.modules["lambda_with_memory"]

        def broken(*_, **__):
            raise OSError("no such layer")

        monkeypatch.setattr(boto3, "client", broken)
        with pytest.warns(RotationFailedWarning, match="no such layer"):
            rotation = fake.rotate("db", arn)

        assert rotation.status == "failed"
        assert sys.modules["lambda_with_memory"] is found

    def test_keeps_the_targets_that_the_module_has_bound_anywhere(self, fake, tmp_path, monkeypatch):
        """A CredentialTarget stands for another machine, which does not start again with the function."""
        source = """
            from functools import partial
            from pytest_fakesecrets import CredentialTarget


            def new():
                return CredentialTarget({"app": "old"})


            class Special(CredentialTarget):
                pass


            class Config:
                target = new()

                def __init__(self):
                    self.target = new()

                @staticmethod
                def change(word, target=new()):
                    target.change_password("app", word)


            def closure(target):
                def change(word):
                    target.change_password("app", word)
                return change


            NAME, CONFIG, POOLS, PATCHED = new(), Config(), {"main": [(new(),)]}, new()
            SPECIAL = Special({"app": "old"})


            def default(word, target=PATCHED, *, special=SPECIAL):
                target.change_password("app", word)
                special.change_password("app", word)


            CHANGES = [
                partial(NAME.change_password, "app"), partial(Config.target.change_password, "app"), Config.change,
                partial(CONFIG.target.change_password, "app"), partial(POOLS["main"][0][0].change_password, "app"),
                closure(new()), partial(lambda target, word: target.change_password("app", word), new()), default,
                partial(new().change_password, "app"),
            ]
            states = []


            def handler(event, context):
                states.append(event["Step"])
                for change in CHANGES:
                    change(" ".join([event["Step"], *states]))
        """
        (tmp_path / "lambda_with_targets.py").write_text(textwrap.dedent(source), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        arn = fake.add_rotation_function("lambda_with_targets:handler", cold_start=True)
        module = sys.modules.pop("lambda_with_targets")
        monkeypatch.setitem(sys.modules, "lambda_with_targets", module)
        default, patched = module.PATCHED, CredentialTarget({"app": "patched"})
        monkeypatch.setattr(module, "PATCHED", patched)
        fake.client().create_secret(Name="db", SecretString="old")

        with pytest.warns(RotationFailedWarning, match="AWSCURRENT"):
            fake.rotate("db", arn)

        targets = [
            *(module.NAME, module.Config.target, module.Config.change.__defaults__[0], module.CONFIG.target),
            *(
                module.POOLS["main"][0][0],
                module.CHANGES[5].__closure__[0].cell_contents,
                module.CHANGES[6].args[0],
            ),
            *(default, module.SPECIAL, module.CHANGES[8].func.__self__),
        ]
        assert [target.calls for target in targets] == [("change_password",) * 4] * 10
        assert all(
            target.accepts({"username": "app", "password": "finishSecret finishSecret"}) for target in targets
        )
        assert patched.calls == ()
        assert module.states == []

    def test_in_threads_restores_the_module(self, fake, lambda_module):
        client = fake.client()
        arn = fake.add_rotation_function("lambda_with_memory:handler", cold_start=True)
        found = sys.modules["lambda_with_memory"]
        names = [f"db-{number}" for number in range(4)]
        for name in names:
            client.create_secret(Name=name, SecretString="old")

        with pytest.warns(RotationFailedWarning), ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: fake.rotate(name, arn), names))

        assert sys.modules["lambda_with_memory"] is found
        assert [steps for steps, *_ in lambda_module if len(steps) != 1] == []

    @pytest.mark.parametrize(
        "handler", [lambda event, context: None, nothing.__call__, TestAnInjectedFaultOfInvoke]
    )
    def test_is_rejected_for_a_handler_that_cannot_be_imported(self, fake, handler):
        function = handler if handler is not TestAnInjectedFaultOfInvoke else local_function()

        with pytest.raises(FakeSecretsError) as raised:
            fake.add_rotation_function(function, cold_start=True)

        assert str(raised.value) == (
            f"{function!r} cannot start cold, since it cannot be imported again under its own name. "
            "Pass a function of a module, as 'package.module:function'."
        )

    def test_is_rejected_for_a_function_that_its_module_no_longer_has(self, fake, monkeypatch):
        def renamed(event, context): ...

        renamed.__qualname__ = "nobody_has_this_name"

        with pytest.raises(FakeSecretsError, match="cannot start cold"):
            fake.add_rotation_function(renamed, cold_start=True)


def local_function():
    def function(event, context): ...

    return function


def test_a_client_with_our_handlers_registered_twice_gets_a_fault_once(fakesecrets, client):
    fakesecrets.attach(client)
    client.create_secret(Name="db", SecretString="value")
    fakesecrets.fail("GetSecretValue", "AccessDeniedException")

    with rejected("AccessDeniedException"):
        client.get_secret_value(SecretId="db")

    calls = [event.operation for event in fakesecrets.history if isinstance(event, Call)]
    assert calls == ["CreateSecret", "GetSecretValue"]


class TestAnUnusedInjectedFault:
    def test_emits_a_warning_with_the_line_that_injected_it(self, fake, no_retry_client):
        line = sys._getframe().f_lineno + 1
        fake.fail("GetSecretValue", "ThrottlingException", secret_id="bd", step="setSecret")

        with pytest.warns(UnusedFaultWarning) as issued:
            fake.reset()

        assert len(issued) == 1
        assert [(Path(each.filename).name, each.lineno) for each in issued] == [("test_faults.py", line)]
        assert str(issued[0].message) == (
            "No call met the injected fault fail('GetSecretValue', 'ThrottlingException', secret_id='bd', "
            f"step='setSecret') at test_faults.py:{line} in test_emits_a_warning_with_the_line_that_injected_it, and there is "
            "no secret 'bd'. Did you mean 'db'? Correct the operation, secret_id or step, or remove the fault."
        )

    @pytest.mark.parametrize(
        ("failure", "shown"),
        [
            (EndpointConnectionError, "EndpointConnectionError"),
            (ReadTimeoutError(endpoint_url="https://user:hunter2@host"), "ReadTimeoutError"),
            ((400, "Odd", "hunter2"), "'Odd'"),
            (timedelta(seconds=5), "datetime.timedelta(seconds=5)"),
        ],
        ids=["a class", "an exception", "an answer", "a delay"],
    )
    def test_is_described_without_its_message(self, fake, failure, shown):
        fake.fail("GetSecretValue", failure)

        with pytest.warns(
            UnusedFaultWarning, match=re.escape(f"fail('GetSecretValue', {shown}) at")
        ) as issued:
            fake.reset()

        assert "hunter2" not in str(issued[0].message)

    def test_is_not_one_that_hit_a_single_call(self, fake, no_retry_client):
        fake.fail("GetSecretValue", "ThrottlingException", times=None)
        with rejected():
            no_retry_client.get_secret_value(SecretId="db")

        fake.reset()  # a warning would be an error here

    def test_is_reported_at_the_end_of_the_test_and_then_dropped(self, pytester):
        pytester.makepyfile(
            """
            import pytest
            from pytest_fakesecrets import FakeSecrets, UnusedFaultWarning


            def test_with_a_fixture(fakesecrets):
                fakesecrets.fail("GetSecretValue", "ThrottlingException")


            def test_with_a_block():
                with pytest.raises(UnusedFaultWarning, match="No call met"):
                    with FakeSecrets() as fake:
                        fake.fail("GetSecretValue", "ThrottlingException")
                assert not fake.is_active


            def test_that_fails_by_itself():
                with pytest.raises(LookupError), pytest.warns(UnusedFaultWarning):
                    with FakeSecrets() as fake:
                        fake.fail("GetSecretValue", "ThrottlingException")
                        raise LookupError
            """
        )

        ran = pytester.runpytest("-W", "error::pytest_fakesecrets.UnusedFaultWarning")

        ran.assert_outcomes(passed=3, errors=1)
        ran.stdout.fnmatch_lines(
            [
                "E * pytest_fakesecrets.UnusedFaultWarning: No call met the injected fault "
                "fail('GetSecretValue', 'ThrottlingException') at test_*.py:6 *"
            ]
        )


def test_pytest_raises_that_fails_names_the_injected_faults_that_retries_absorbed(pytester):
    pytester.makepyfile(
        """
        import pytest


        def test_it(fakesecrets, fakesecrets_client):
            fakesecrets_client.create_secret(Name="db", SecretString="old")
            fakesecrets.fail("GetSecretValue", "ThrottlingException")
            with pytest.raises(fakesecrets_client.exceptions.ClientError):
                fakesecrets_client.get_secret_value(SecretId="db")


        def test_without_a_fault(fakesecrets, fakesecrets_client):
            with pytest.raises(LookupError):
                pass
        """
    )

    ran = pytester.runpytest()

    ran.assert_outcomes(failed=2)
    ran.stdout.fnmatch_lines(
        [
            "hint: Calls met these injected faults, and then the next calls succeeded:",
            "- fail('GetSecretValue', 'ThrottlingException'), times=1",
            "*Inject the fault with times=None to let each retry fail too.",
        ]
    )
    assert str(ran.stdout).count("hint: Calls met these") == 1
