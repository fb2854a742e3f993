"""aiobotocore clients share the state of synchronous clients. Only the transport is tested, which alone differs."""

from __future__ import annotations

import asyncio

import pytest
from support import rejected

from pytest_fakesecrets._fake.backend import FakeBackend

# aiobotocore supports a new botocore some time after its release.
get_session = pytest.importorskip("aiobotocore.session").get_session


def run_with_client(work, **kwargs):
    """Run a coroutine function with a client of aiobotocore."""

    async def main():
        async with get_session().create_client("secretsmanager", **kwargs) as client:
            return await work(client)

    return asyncio.run(asyncio.wait_for(main(), timeout=30))


@pytest.fixture(params=[False, True], ids=["before-call", "before-send"])
def transport(request, monkeypatch):
    monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: request.param)


@pytest.mark.usefixtures("transport")
class TestAiobotocore:
    def test_gets_the_response_of_a_synchronous_client(self, fakesecrets, client):
        client.create_secret(Name="db", SecretBinary=b"\x00\xff")
        metadata = {}

        async def work(aclient):
            answer = await aclient.get_secret_value(SecretId="db")
            metadata["async"] = answer.pop("ResponseMetadata")
            return answer

        answer = run_with_client(work)
        expected = client.get_secret_value(SecretId="db")
        metadata["sync"] = expected.pop("ResponseMetadata")

        assert answer == expected
        assert metadata["async"].keys() == metadata["sync"].keys()
        assert (metadata["async"]["HTTPStatusCode"], metadata["async"]["RetryAttempts"]) == (200, 0)

    def test_gets_the_error_of_a_synchronous_client(self, fakesecrets):
        async def work(aclient):
            with rejected("ResourceNotFoundException") as answer:
                await aclient.get_secret_value(SecretId="nobody")
            with pytest.raises(aclient.exceptions.ResourceNotFoundException):
                await aclient.get_secret_value(SecretId="nobody")
            return answer.message, answer.status

        assert run_with_client(work) == ("Secrets Manager can't find the specified secret.", 400)

    def test_shares_the_state_of_synchronous_clients(self, fakesecrets, client):
        async def work(aclient):
            await asyncio.gather(
                *(aclient.create_secret(Name=f"db-{number}", SecretString="value") for number in range(5))
            )

        run_with_client(work)

        names = {secret["Name"] for secret in client.list_secrets()["SecretList"]}
        assert names == {"db-0", "db-1", "db-2", "db-3", "db-4"}

    def test_determines_region_and_account(self, fakesecrets):
        async def work(aclient):
            return await aclient.create_secret(Name="db", SecretString="value")

        created = run_with_client(
            work,
            region_name="eu-west-1",
            aws_access_key_id="210987654321",
            aws_secret_access_key="any",
            endpoint_url="http://localhost:4566",
        )

        assert created["ARN"][:-6] == "arn:aws:secretsmanager:eu-west-1:210987654321:secret:db-"

    def test_iterates_over_pages(self, fakesecrets, client):
        for number in range(3):
            client.create_secret(Name=f"db-{number}", SecretString="value")

        async def work(aclient):
            paginator = aclient.get_paginator("list_secrets")
            return [
                secret["Name"]
                async for page in paginator.paginate(PaginationConfig={"PageSize": 1})
                for secret in page["SecretList"]
            ]

        assert run_with_client(work) == ["db-0", "db-1", "db-2"]
