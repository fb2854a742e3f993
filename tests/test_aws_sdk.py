"""The AWS SDK for Python that does without botocore, aws-sdk-secrets-manager, against `fakesecrets_server.environ`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

if not os.environ.get("FAKESECRETS_TESTS_MUST_RUN"):
    pytest.importorskip(
        "aws_sdk_secrets_manager", reason="needs aws-sdk-secrets-manager, which needs Python 3.12 or newer"
    )

# After what may skip them.
import smithy_core.aio.client
from aws_sdk_secrets_manager import models
from aws_sdk_secrets_manager.client import AsyncSecretsManagerClient
from aws_sdk_secrets_manager.config import AsyncSecretsManagerConfig
from smithy_core.exceptions import CallError, SmithyError
from support import token

from pytest_fakesecrets import Call

GUIDE = Path(__file__).parent.parent / "examples" / "aws_sdk_without_botocore" / "README.md"
REGION = "eu-west-1"


@pytest.fixture
def sdk(fakesecrets_server, monkeypatch):
    """Run calls with a client of the SDK: `sdk(function)` is what the coroutine `function(client)` returns."""
    for name, value in fakesecrets_server.environ.items():
        monkeypatch.setenv(name, value)

    def run(function):
        async def main():
            async with AsyncSecretsManagerClient(await AsyncSecretsManagerConfig.resolve()) as client:
                return await function(client)

        return asyncio.run(main())

    return run


@pytest.fixture
def delays(monkeypatch):
    """The delays between its attempts, which are not waited for."""
    waited = []

    async def sleep(delay):
        waited.append(delay)

    monkeypatch.setattr(smithy_core.aio.client, "sleep", sleep)
    return waited


def read(secret_id="db", **version):
    return lambda sdk: sdk.get_secret_value(models.GetSecretValueInput(secret_id=secret_id, **version))


def calls(fake):
    return [(event.operation, event.error) for event in fake.history if isinstance(event, Call)]


class TestCalls:
    def test_a_value_is_read_by_name_by_version_and_by_label(self, fakesecrets, sdk):
        view = fakesecrets.add_secret("db", {"password": "ü \U0001f600"}, previous_value="old")

        async def work(client):
            return [
                await read()(client),
                await read(view.arn, version_stage="AWSPREVIOUS")(client),
                await read(version_id=view.labels["AWSCURRENT"])(client),
            ]

        current, previous, by_version = sdk(work)

        assert (current.arn, current.name) == (view.arn, "db")
        assert (current.version_id, current.version_stages) == (view.labels["AWSCURRENT"], ["AWSCURRENT"])
        assert json.loads(current.secret_string) == {"password": "ü \U0001f600"}
        assert current.secret_binary is None
        assert current.created_date == view.versions[1].created_at.replace(
            microsecond=view.versions[1].created_at.microsecond // 1000 * 1000
        )
        assert previous.secret_string == "old"
        assert by_version == current

    def test_bytes_are_written_and_read(self, client, sdk):
        every = bytes(range(256))

        async def work(sdk):
            await sdk.create_secret(
                models.CreateSecretInput(name="db", secret_binary=every, client_request_token=token(1))
            )
            return await read()(sdk)

        assert sdk(work).secret_binary == every
        assert client.get_secret_value(SecretId="db")["SecretBinary"] == every

    def test_pages_are_read_to_the_last(self, fakesecrets, sdk):
        names = {f"app/{number}" for number in range(5)}
        for name in names:
            fakesecrets.add_secret(name, "value")

        async def work(sdk):
            pages, next_token = [], None
            while not pages or next_token:
                page = await sdk.list_secrets(models.ListSecretsInput(max_results=2, next_token=next_token))
                pages.append([each.name for each in page.secret_list])
                next_token = page.next_token
            return pages

        pages = sdk(work)

        assert [len(page) for page in pages] == [2, 2, 1]
        assert {name for page in pages for name in page} == names

    def test_a_token_makes_a_call_idempotent_and_has_to_be_given(self, client, sdk):
        """The SDK makes none: Secrets Manager refuses the call (API_CreateSecret, ClientRequestToken)."""

        def put(value, sent=None):
            return lambda sdk: sdk.create_secret(
                models.CreateSecretInput(name="db", secret_string=value, client_request_token=sent)
            )

        first, again = sdk(put("value", token(1))), sdk(put("value", token(1)))

        assert first == again
        with pytest.raises(models.ResourceExistsException):
            sdk(put("other", token(1)))
        without = [
            put("value"),
            lambda sdk: sdk.put_secret_value(models.PutSecretValueInput(secret_id="db", secret_string="x")),
            lambda sdk: sdk.update_secret(models.UpdateSecretInput(secret_id="db", secret_string="x")),
            lambda sdk: sdk.rotate_secret(models.RotateSecretInput(secret_id="db")),
        ]
        for call in without:
            with pytest.raises((models.InvalidRequestException, models.InvalidParameterException)) as raised:
                sdk(call)
            assert "You must provide a ClientRequestToken value" in str(raised.value)
        assert client.get_secret_value(SecretId="db")["SecretString"] == "value"

    def test_the_region_and_the_account_are_those_of_its_keys(self, fakesecrets, sdk, monkeypatch):
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "210987654321")

        created = sdk(
            lambda client: client.create_secret(
                models.CreateSecretInput(name="db", secret_string="a", client_request_token=token(1))
            )
        )

        assert created.arn.startswith(f"arn:aws:secretsmanager:{REGION}:210987654321:secret:db-")


class TestErrors:
    def test_an_error_is_an_exception_of_its_name(self, sdk):
        with pytest.raises(models.ResourceNotFoundException) as raised:
            sdk(read("nobody"))

        assert raised.value.message == "Secrets Manager can't find the specified secret."
        assert raised.value.fault == "client"
        with pytest.raises(models.InvalidNextTokenException):
            sdk(lambda client: client.list_secrets(models.ListSecretsInput(next_token="nonsense")))

    @pytest.mark.parametrize(
        "error", [(429, "TooManyRequestsException", "Rate exceeded"), (408, "RequestTimeout", "late")]
    )
    def test_its_retries_survive_what_it_retries(self, fakesecrets, sdk, delays, error):
        fakesecrets.add_secret("db", "value")
        fault = fakesecrets.fail("GetSecretValue", error, times=2)

        assert sdk(read()).secret_string == "value"

        assert (fault.happened, len(delays)) == (2, 2)
        assert calls(fakesecrets) == [*[("GetSecretValue", error[1])] * 2, ("GetSecretValue", None)]

    def test_its_retries_come_to_an_end(self, fakesecrets, sdk, delays):
        fakesecrets.add_secret("db", "value")
        fault = fakesecrets.fail(
            "GetSecretValue", (429, "TooManyRequestsException", "Rate exceeded"), times=None
        )

        with pytest.raises(CallError) as raised:
            sdk(read())

        assert raised.value.is_throttling_error
        assert fault.happened == len(delays) + 1 > 1

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            pytest.param("ThrottlingException", CallError, id="throttled with status 400"),
            pytest.param("AccessDeniedException", CallError, id="no permission"),
            pytest.param("InternalServiceError", models.InternalServiceError, id="of the server"),
            pytest.param("DecryptionFailure", models.DecryptionFailure, id="modelled"),
            pytest.param(ConnectionResetError, SmithyError, id="a connection that breaks"),
        ],
    )
    def test_a_fault_reaches_the_application_in_the_exceptions_of_the_sdk(
        self, fakesecrets, sdk, delays, error, kind
    ):
        """However often a version of the SDK tries: 0.12 does not try these again."""
        fakesecrets.add_secret("db", "value")
        fault = fakesecrets.fail("GetSecretValue", error, times=None)

        with pytest.raises(kind):
            sdk(read())

        assert fault.happened == len(delays) + 1
        assert len(calls(fakesecrets)) == fault.happened


#: A rotation function with the SDK, which stores another value each time that it is called.
ROTATE = """
import asyncio

from aws_sdk_secrets_manager import models
from aws_sdk_secrets_manager.client import AsyncSecretsManagerClient

async def step(event):
    secret, token = event["SecretId"], event["ClientRequestToken"]
    async with AsyncSecretsManagerClient() as client:
        if event["Step"] == "createSecret":
            password = await client.get_random_password(models.GetRandomPasswordInput())
            await client.put_secret_value(
                models.PutSecretValueInput(
                    secret_id=secret,
                    client_request_token=token,
                    secret_string=password.random_password,
                    version_stages=["AWSPENDING"],
                )
            )
        elif event["Step"] == "finishSecret":
            described = await client.describe_secret(models.DescribeSecretInput(secret_id=secret))
            current = next(v for v, held in described.version_ids_to_stages.items() if "AWSCURRENT" in held)
            await client.update_secret_version_stage(
                models.UpdateSecretVersionStageInput(
                    secret_id=secret,
                    version_stage="AWSCURRENT",
                    move_to_version_id=token,
                    remove_from_version_id=current,
                )
            )

def rotate(event, context):
    asyncio.run(step(event))
"""


class TestRotationFunctions:
    @pytest.fixture
    def rotate(self, tmp_path, monkeypatch, sdk):
        (tmp_path / "rotation_with_the_sdk.py").write_text(ROTATE)
        monkeypatch.syspath_prepend(tmp_path)
        yield "rotation_with_the_sdk:rotate"
        sys.modules.pop("rotation_with_the_sdk")

    def test_the_calls_of_a_function_belong_to_its_step(self, fakesecrets, rotate):
        fakesecrets.add_secret("db", "old")

        assert fakesecrets.rotate("db", rotate).status == "succeeded"

        made = [(each.operation, each.step) for each in fakesecrets.history if isinstance(each, Call)]
        assert made == [
            ("RotateSecret", None),
            ("GetRandomPassword", "createSecret"),
            ("PutSecretValue", "createSecret"),
            ("DescribeSecret", "finishSecret"),
            ("UpdateSecretVersionStage", "finishSecret"),
        ]

    def test_the_contract_names_what_a_function_does_wrong(self, pytester):
        pytester.makepyfile(
            rotation_with_the_sdk=ROTATE,
            test_contract="""
            import pytest
            from pytest_fakesecrets import RotationContract

            @pytest.fixture(autouse=True)
            def endpoint(fakesecrets_server, monkeypatch):
                for name, value in fakesecrets_server.environ.items():
                    monkeypatch.setenv(name, value)

            class TestIt(RotationContract):
                rotation_function = "rotation_with_the_sdk:rotate"
                secret_value = "old"
            """,
        )

        ran = pytester.runpytest_subprocess("-k", "crash")

        assert ran.parseoutcomes()["failed"] == 1
        ran.stdout.fnmatch_lines(["*not-recovered: *PutSecretValue*"])


def test_the_test_in_the_guide_passes(pytester):
    [block] = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    pytester.makepyfile(block)

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
