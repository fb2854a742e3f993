"""Every client reaches the fake: of each library, whenever it is made, with each configuration, and beside other tools."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from threading import Lock

import boto3
import botocore.session
import pytest
import requests
import responses
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import (
    EndpointConnectionError,
    StubAssertionError,
    StubResponseError,
    UnStubbedResponseError,
)
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader
from botocore.stub import ANY, Stubber
from rotation_functions import well_behaved
from support import raw, rejected

from pytest_fakesecrets import Call, FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake.backend import FakeBackend

#: Imported here, or the runs of pytest inside this process would import copies of their own, and drop
#: them. moto, which is asked for below, comes with both.
KEPT = (requests, responses)

REGION = "eu-west-1"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-"
KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}

#: An address without a listener, tried once: a call that is not answered fails at once.
NOWHERE = {
    "region_name": REGION,
    "endpoint_url": "http://127.0.0.1:9",
    "config": Config(retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5),
    **KEYS,
}


@pytest.fixture(
    params=[
        pytest.param(False, id="before-call"),
        pytest.param(True, marks=pytest.mark.long, id="before-send"),
    ]
)
def door(request, monkeypatch):
    monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: request.param)


@pytest.fixture(scope="session")
def of_the_session():
    return boto3.session.Session().client("secretsmanager", **NOWHERE)


@pytest.fixture(scope="module")
def session():
    """A session that many tests share, since each one reads botocore's data files."""
    return boto3.session.Session()


def calls(fake):
    return [event.operation for event in fake.history if isinstance(event, Call)]


class TestAClientMadeBeforeTheFake:
    @pytest.mark.long
    def test_in_plugins_and_conftests_in_whatever_order_they_are_loaded(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(
            making=f"""
            from botocore.client import Config

            MADE_WITH = {{
                "region_name": "{REGION}",
                "endpoint_url": "http://127.0.0.1:9",
                "aws_access_key_id": "mine",
                "aws_secret_access_key": "mine",
                "config": Config(retries={{"total_max_attempts": 1}}, proxies={{}}),
            }}
            """,
            early="""
            import sys

            import botocore.session
            from making import MADE_WITH

            OURS_IS_LOADED = "pytest_fakesecrets" in sys.modules
            CLIENT = botocore.session.Session().create_client("secretsmanager", **MADE_WITH)
            """,
            late="""
            import sys

            import boto3
            from making import MADE_WITH

            OURS_IS_LOADED = "pytest_fakesecrets" in sys.modules
            CLIENT = boto3.client("secretsmanager", **MADE_WITH)
            """,
        )
        pytester.makeconftest(
            """
            from concurrent.futures import ThreadPoolExecutor

            import boto3
            import pytest
            from making import MADE_WITH

            CLIENT = boto3.client("secretsmanager", **MADE_WITH)


            @pytest.fixture(scope="session")
            def of_a_thread():
                with ThreadPoolExecutor(1) as pool:
                    yield pool.submit(boto3.client, "secretsmanager", **MADE_WITH).result()
            """
        )
        pytester.makepyfile(
            f"""
            import boto3
            import conftest
            import early
            import late

            CLIENT = boto3.client("secretsmanager", **early.MADE_WITH)


            def check(client, fake):
                client.create_secret(Name="db", SecretString="value")
                assert fake.secret("db").arn[:-6] == "{ARN}"


            def test_of_a_module(fakesecrets):
                check(CLIENT, fakesecrets)


            def test_of_a_conftest(fakesecrets):
                check(conftest.CLIENT, fakesecrets)


            def test_of_a_fixture(of_a_thread, fakesecrets):
                check(of_a_thread, fakesecrets)


            def test_of_a_plugin_after_ours(fakesecrets):
                assert late.OURS_IS_LOADED
                check(late.CLIENT, fakesecrets)


            def test_of_a_plugin_before_ours(fakesecrets):
                assert not early.OURS_IS_LOADED
                check(early.CLIENT, fakesecrets)
            """
        )

        ran = pytester.runpytest_subprocess("-p", "early", "-p", "fakesecrets", "-p", "late")

        ran.assert_outcomes(passed=5)

    @pytest.mark.parametrize("_", range(2))
    def test_in_a_session_it_is_answered_by_one_fake_after_the_other(self, of_the_session, fakesecrets, _):
        of_the_session.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    @pytest.fixture
    def worker(self):
        """A thread that runs already, and a client that it has made."""
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(boto3.session.Session().client, "secretsmanager", **NOWHERE)
            yield pool, made.result(timeout=30)

    def test_in_a_thread_it_is_used_there(self, worker, fakesecrets):
        pool, client = worker

        pool.submit(client.create_secret, Name="db", SecretString="value").result(timeout=30)

        assert fakesecrets.secret("db").arn[:-6] == ARN

    @pytest.fixture
    def of_the_default_session(self, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        return boto3.client("secretsmanager", **NOWHERE)

    def test_of_the_default_session_of_boto3(self, of_the_default_session, fakesecrets):
        of_the_default_session.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    @pytest.fixture
    def default_session(self, monkeypatch):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        boto3.setup_default_session(region_name=REGION, **KEYS)

    @pytest.mark.usefixtures("default_session")
    def test_of_a_default_session_that_was_set_up_before(self, fakesecrets):
        boto3.client("secretsmanager").create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN


class TestAClientOfASessionOfTheUser:
    def test_with_a_loader_of_its_own(self, fakesecrets, tmp_path):
        own = botocore.session.Session()
        own.register_component("data_loader", Loader(extra_search_paths=[str(tmp_path)]))

        own.create_client("secretsmanager", REGION).create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    def test_with_an_emitter_of_its_own(self, fakesecrets):
        own = botocore.session.Session(event_hooks=HierarchicalEmitter())

        own.create_client("secretsmanager", REGION).create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    def test_under_a_session_of_boto3(self, fakesecrets):
        own = boto3.session.Session(botocore_session=botocore.session.Session(), region_name=REGION)

        own.client("secretsmanager").create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    def test_that_makes_clients_of_another_class(self, fakesecrets):
        class Reading:
            def read(self, name):
                return self.get_secret_value(SecretId=name)["SecretString"]

        own = boto3.session.Session(region_name=REGION)
        own.events.register(
            "creating-client-class.secrets-manager",
            lambda base_classes, **_: base_classes.insert(0, Reading),
        )
        client = own.client("secretsmanager")

        client.create_secret(Name="db", SecretString="value")

        assert client.read("db") == "value"

    def test_that_leaves_the_handlers_of_botocore_out(self, fakesecrets):
        own = botocore.session.Session(include_builtin_handlers=False)

        own.create_client("secretsmanager", **NOWHERE).create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    """A machine on which AWS is set up in files, and in no variable."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(
        f"""
        [profile production]
        region = {REGION}
        services = elsewhere
        [profile deployer]
        region = {REGION}
        role_arn = arn:aws:iam::210987654321:role/deployer
        source_profile = production
        [services elsewhere]
        secrets_manager =
          endpoint_url = http://127.0.0.1:9
        """.replace(" " * 8, "")
    )
    credentials.write_text(
        "[production]\naws_access_key_id = 210987654321\naws_secret_access_key = production\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    return monkeypatch


class TestAClientOfAProfile:
    def test_it_keeps_region_and_account_where_it_was_made_before(self, profiles):
        profiles.setenv("AWS_PROFILE", "production")
        client = boto3.session.Session().client("secretsmanager")

        with FakeSecrets():
            created = client.create_secret(Name="db", SecretString="value")

        assert created["ARN"][:-6] == "arn:aws:secretsmanager:eu-west-1:210987654321:secret:db-"

    def test_its_account_is_that_of_the_keys_of_the_profile(self, profiles):
        with FakeSecrets():
            named = boto3.session.Session(profile_name="production", region_name=REGION)
            created = named.client("secretsmanager").create_secret(Name="db", SecretString="value")

        assert created["ARN"][:-6] == "arn:aws:secretsmanager:eu-west-1:210987654321:secret:db-"

    def test_the_keys_of_a_role_are_not_requested(self, profiles):
        with FakeSecrets():
            named = boto3.session.Session(profile_name="deployer", region_name=REGION)
            client = named.client("secretsmanager")
            created = client.create_secret(Name="db", SecretString="value")
            refreshing = named.get_credentials()

        assert created["ARN"][:-6] == ARN
        assert refreshing.__dict__["_access_key"] is None


class TestAClientMadeWith:
    @pytest.mark.usefixtures("door")
    @pytest.mark.parametrize(
        "made_with",
        [
            pytest.param({"config": Config(retries={"mode": "legacy", "max_attempts": 0})}, id="no retries"),
            pytest.param({"config": Config(retries={"mode": "standard"})}, id="standard retries"),
            pytest.param({"config": Config(retries={"mode": "adaptive"})}, id="adaptive retries"),
            pytest.param({"config": Config(connect_timeout=0.001, read_timeout=0.001)}, id="timeouts"),
            pytest.param({"config": Config(max_pool_connections=1, tcp_keepalive=True)}, id="a pool"),
            pytest.param({"config": Config(signature_version="v4")}, id="a signature version"),
            pytest.param({"config": Config(signature_version=UNSIGNED)}, id="no signature"),
            pytest.param({"config": Config(user_agent="mine/1.0")}, id="a user agent"),
            pytest.param({"config": Config(user_agent_extra="mine/1.0")}, id="more of a user agent"),
            pytest.param({"config": Config(parameter_validation=False)}, id="no validation"),
            pytest.param({"config": Config(use_fips_endpoint=True)}, id="a FIPS endpoint"),
            pytest.param({"config": Config(use_dualstack_endpoint=True)}, id="a dual-stack endpoint"),
            pytest.param(
                {"config": Config(use_fips_endpoint=True, use_dualstack_endpoint=True)},
                id="a dual-stack FIPS endpoint",
            ),
            pytest.param(
                {"config": Config(use_fips_endpoint=True, signature_version=UNSIGNED)},
                id="a FIPS endpoint and no signature",
            ),
            pytest.param({"config": Config(defaults_mode="auto")}, id="automatic defaults"),
            pytest.param({"config": Config(proxies={"https": "http://127.0.0.1:9"})}, id="a proxy"),
            pytest.param({"config": Config(client_cert="/nowhere/cert.pem")}, id="a client certificate"),
            pytest.param({"endpoint_url": "https://vpce-1.example.com"}, id="an endpoint of a VPC"),
            pytest.param({"endpoint_url": "http://[::1]:4566/path"}, id="an endpoint with a path"),
            pytest.param({"use_ssl": False}, id="no TLS"),
            pytest.param({"verify": "/nowhere/bundle.pem"}, id="a bundle of certificates"),
            pytest.param({"api_version": "2017-10-17"}, id="an API version"),
            pytest.param({"aws_session_token": "mine", **KEYS}, id="keys of a role"),
        ],
    )
    def test_any_arguments_it_is_answered(self, session, fakesecrets, made_with):
        client = session.client("secretsmanager", region_name=REGION, **made_with)

        client.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    @pytest.mark.usefixtures("door")
    @pytest.mark.parametrize(
        "variables",
        [
            pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, id="an endpoint"),
            pytest.param({"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:9"}, id="our endpoint"),
            pytest.param({"AWS_USE_FIPS_ENDPOINT": "true"}, id="a FIPS endpoint"),
            pytest.param({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, id="a dual-stack endpoint"),
            pytest.param({"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "2"}, id="retries"),
            pytest.param({"HTTPS_PROXY": "http://127.0.0.1:9"}, id="a proxy"),
            pytest.param({"AWS_CA_BUNDLE": "/nowhere/bundle.pem"}, id="a bundle of certificates"),
        ],
    )
    def test_any_variables_it_is_answered(self, fakesecrets, monkeypatch, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        client = botocore.session.Session().create_client("secretsmanager", REGION)

        client.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").arn[:-6] == ARN

    def test_no_validation_it_is_refused_by_the_service(self, session, fakesecrets):
        client = session.client("secretsmanager", config=Config(parameter_validation=False))

        with rejected("ValidationException"):
            client.create_secret(SecretString="value")
        with rejected("SerializationException"):
            client.create_secret(Name=1)


async def create(aclient, name="db"):
    return await aclient.create_secret(Name=name, SecretString="value")


def run(coroutine):
    """Run a coroutine as an async test does."""
    return asyncio.run(asyncio.wait_for(coroutine, timeout=30))


@pytest.fixture(scope="module")
def aiobotocore_client():
    """What makes a client of aiobotocore, in an async with."""
    return pytest.importorskip("aiobotocore.session").get_session().create_client


@pytest.fixture(scope="module")
def aioboto3_client():
    """What makes a client of aioboto3, in an async with."""
    return pytest.importorskip("aioboto3").Session().client


class TestAsynchronous:
    @pytest.fixture(params=["aiobotocore", "aioboto3"])
    def make(self, request):
        return request.getfixturevalue(f"{request.param}_client")

    @pytest.mark.usefixtures("door")
    def test_a_client_that_was_made_before_is_answered(self, make):
        async def main():
            async with make("secretsmanager", **NOWHERE) as aclient:
                with FakeSecrets() as fake:
                    await create(aclient)
                with pytest.raises(EndpointConnectionError):
                    await aclient.list_secrets()
            return fake.secret("db").arn

        assert run(main())[:-6] == ARN

    @pytest.mark.usefixtures("door")
    def test_clients_of_both_kinds_use_the_same_secrets(self, make, fakesecrets, client):
        async def main():
            async with make("secretsmanager") as aclient:
                client.create_secret(Name="db", SecretString="old")
                await aclient.put_secret_value(SecretId="db", SecretString="new")
                previous = await aclient.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
                return previous["SecretString"], client.get_secret_value(SecretId="db")["SecretString"]

        assert run(main()) == ("old", "new")

    def test_tasks_and_threads_may_call_at_once(self, make, fakesecrets, client):
        async def main():
            async with make("secretsmanager") as aclient:
                await asyncio.gather(
                    *(create(aclient, f"task-{number}") for number in range(20)),
                    *(
                        asyncio.to_thread(client.create_secret, Name=f"thread-{number}", SecretString="value")
                        for number in range(20)
                    ),
                )

        run(main())

        names = {secret["Name"] for secret in client.list_secrets(MaxResults=100)["SecretList"]}
        assert names == {f"{kind}-{number}" for kind in ("task", "thread") for number in range(20)}

    def test_pages_come_to_several_tasks_at_once(self, make, fakesecrets, client):
        for number in range(5):
            client.create_secret(Name=f"db-{number}", SecretString="value")

        async def names(aclient, size):
            pages = aclient.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": size})
            return [secret["Name"] async for page in pages for secret in page["SecretList"]]

        async def main():
            async with make("secretsmanager") as aclient:
                return await asyncio.gather(*(names(aclient, size) for size in (1, 2, 3, 100)))

        assert run(main()) == [[f"db-{number}" for number in range(5)]] * 4

    def test_clients_of_several_loops_use_the_same_secrets(self, make, fakesecrets, client):
        making = Lock()

        async def main(number):
            async with AsyncExitStack() as stack:
                with making:
                    aclient = await stack.enter_async_context(make("secretsmanager"))
                await create(aclient, f"db-{number}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: run(main(number)), range(4)))

        names = {secret["Name"] for secret in client.list_secrets()["SecretList"]}
        assert names == {f"db-{number}" for number in range(4)}


class TestAsynchronousRotation:
    @pytest.fixture
    def make(self, aiobotocore_client):
        return aiobotocore_client

    def test_has_ended_when_rotate_secret_returns(self, make, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)

        async def main():
            async with make("secretsmanager") as aclient:
                await create(aclient)
                rotated = await aclient.rotate_secret(SecretId="db", RotationLambdaARN=function)
                return rotated["VersionId"], await aclient.get_secret_value(SecretId="db")

        token, value = run(main())

        assert value["VersionId"] == token
        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]

    def test_may_be_one_of_many_at_once(self, make, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)

        async def rotate(aclient, name):
            await create(aclient, name)
            await aclient.rotate_secret(SecretId=name, RotationLambdaARN=function)

        async def main():
            async with make("secretsmanager") as aclient:
                await asyncio.gather(*(rotate(aclient, f"db-{number}") for number in range(5)))

        run(main())

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"] * 5

    def test_can_be_driven_step_by_step(self, make, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        staging = []

        async def main():
            async with make("secretsmanager") as aclient:
                await create(aclient)
                await aclient.rotate_secret(SecretId="db", RotationLambdaARN=function)
                while fakesecrets_rotation.pending:
                    fakesecrets_rotation.step()
                    described = await aclient.describe_secret(SecretId="db")
                    staging.append(sorted(map(sorted, described["VersionIdsToStages"].values())))

        run(main())

        assert staging == [
            *[[["AWSCURRENT"], ["AWSPENDING"]]] * 3,
            [["AWSCURRENT", "AWSPENDING"], ["AWSPREVIOUS"]],
        ]

    @pytest.fixture
    def asynchronous(self, make):
        """A rotation function that awaits in a loop of its own, as Lambda needs it."""

        async def rotate(event):
            async with make("secretsmanager") as aclient:
                secret, token = {"SecretId": event["SecretId"]}, event["ClientRequestToken"]
                if event["Step"] == "createSecret":
                    await aclient.put_secret_value(
                        **secret, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"]
                    )
                elif event["Step"] == "finishSecret":
                    current = (await aclient.get_secret_value(**secret))["VersionId"]
                    await aclient.update_secret_version_stage(
                        **secret,
                        VersionStage="AWSCURRENT",
                        RemoveFromVersionId=current,
                        MoveToVersionId=token,
                    )

        def handler(event, context):
            coroutine = rotate(event)
            try:
                asyncio.run(coroutine)
            finally:
                coroutine.close()

        return handler

    def test_by_a_function_with_a_loop_of_its_own_runs_where_no_loop_runs(
        self, asynchronous, fakesecrets, client
    ):
        client.create_secret(Name="db", SecretString="old")

        rotation = fakesecrets.rotate("db", asynchronous)

        assert rotation.status == "succeeded"
        assert client.get_secret_value(SecretId="db")["SecretString"] == "new"

    def test_by_a_function_with_a_loop_of_its_own_runs_in_a_thread_beside_the_loop(
        self, make, asynchronous, fakesecrets, fakesecrets_rotation
    ):
        function = fakesecrets.add_rotation_function(asynchronous)

        async def main():
            async with make("secretsmanager") as aclient:
                await create(aclient)
                await aclient.rotate_secret(SecretId="db", RotationLambdaARN=function)
                rotation = await asyncio.to_thread(fakesecrets_rotation.run)
                return rotation.status, (await aclient.get_secret_value(SecretId="db"))["SecretString"]

        assert run(main()) == ("succeeded", "new")

    def test_by_a_function_with_a_loop_of_its_own_fails_inside_a_loop_and_says_why(
        self, make, asynchronous, fakesecrets
    ):
        function = fakesecrets.add_rotation_function(asynchronous)
        because = r"asyncio\.run\(\) cannot be called from a running event loop"

        async def main():
            async with make("secretsmanager") as aclient:
                await create(aclient)
                with pytest.warns(RotationFailedWarning, match=because):
                    await aclient.rotate_secret(SecretId="db", RotationLambdaARN=function)
                return (await aclient.get_secret_value(SecretId="db"))["SecretString"]

        assert run(main()) == "value"
        (rotation,) = fakesecrets.rotations()
        assert rotation.status == "failed"
        assert str(rotation.error) == "asyncio.run() cannot be called from a running event loop"


def use_both(session, fake):
    """Use Secrets Manager of the fake and S3 of moto, client and resource, from one session."""
    session.client("secretsmanager").create_secret(Name="db", SecretString="value")
    session.resource("s3").create_bucket(Bucket="backups")

    assert fake.secret("db").value() == "value"
    assert [bucket.name for bucket in session.resource("s3").buckets.all()] == ["backups"]
    assert session.client("s3").list_buckets()["Buckets"][0]["Name"] == "backups"


@pytest.fixture(scope="module")
def moto():
    return pytest.importorskip("moto")


@pytest.fixture(scope="module")
def mockable(moto):
    """A session of boto3 that moto reaches too: one from before its import would be none."""
    return boto3.session.Session(region_name="us-east-1", **KEYS)


class TestBesideMoto:
    @pytest.fixture
    def mocked(self, moto):
        with moto.mock_aws():
            yield

    def test_both_as_fixtures_with_moto_first(self, mocked, fakesecrets, mockable):
        use_both(mockable, fakesecrets)

    def test_both_as_fixtures_with_the_fake_first(self, fakesecrets, mocked, mockable):
        use_both(mockable, fakesecrets)

    def test_moto_as_a_decorator_inside_the_fake(self, moto, fakesecrets, mockable):
        moto.mock_aws(use_both)(mockable, fakesecrets)

    def test_moto_as_a_decorator_around_the_fake(self, moto, mockable):
        @moto.mock_aws
        def work():
            with FakeSecrets() as fake:
                use_both(mockable, fake)
            return mockable.client("secretsmanager").list_secrets()["SecretList"]

        assert work() == []

    def test_moto_as_a_decorator_of_a_class(self, moto, fakesecrets, mockable):
        @moto.mock_aws
        class Suite:
            def test_it(self):
                use_both(mockable, fakesecrets)

        Suite().test_it()

    def test_moto_may_be_left_earlier(self, moto, fakesecrets, mockable):
        client = mockable.client("secretsmanager")

        with moto.mock_aws():
            client.create_secret(Name="db", SecretString="value")

        assert client.get_secret_value(SecretId="db")["SecretString"] == "value"

    def test_a_client_from_before_both_is_answered(self, moto, mockable):
        client = mockable.client("secretsmanager")

        with moto.mock_aws(), FakeSecrets() as fake:
            client.create_secret(Name="db", SecretString="value")
            assert fake.secret("db").value() == "value"


@pytest.mark.usefixtures("door")
class TestBesideResponses:
    @pytest.fixture
    def requests(self):
        return pytest.importorskip("requests")

    def test_it_answers_requests_and_the_fake_its_clients(self, fakesecrets, client, requests):
        responses = pytest.importorskip("responses")

        with responses.RequestsMock() as mocked:
            mocked.get("https://example.com/", body="mocked")
            client.create_secret(Name="db", SecretString="value")
            assert requests.get("https://example.com/", timeout=5).text == "mocked"
            assert [call.request.url for call in mocked.calls] == ["https://example.com/"]

        assert fakesecrets.secret("db").value() == "value"

    def test_it_may_be_a_decorator_and_know_no_answer_at_all(self, fakesecrets, client, requests):
        responses = pytest.importorskip("responses")

        @responses.activate
        def work():
            client.create_secret(Name="db", SecretString="value")
            with pytest.raises(requests.exceptions.ConnectionError):
                requests.get("https://example.com/", timeout=5)

        work()

        assert fakesecrets.secret("db").value() == "value"


@pytest.mark.usefixtures("door")
class TestBesideVcr:
    @pytest.mark.parametrize("record_mode", ["none", "all"])
    def test_nothing_is_recorded(self, fakesecrets, client, aiobotocore_client, tmp_path, record_mode):
        vcr = pytest.importorskip("vcr")

        async def work():
            async with aiobotocore_client("secretsmanager") as aclient:
                return await aclient.get_secret_value(SecretId="db")

        with vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode=record_mode) as cassette:
            client.create_secret(Name="db", SecretString="value")
            assert run(work())["SecretString"] == "value"

        assert (len(cassette), cassette.play_count) == (0, 0)
        assert list(tmp_path.iterdir()) == []


class TestWithoutANetwork:
    def test_pytest_socket_finds_no_socket(self, pytester):
        pytest.importorskip("pytest_socket")
        pytester.makepyfile(
            """
            import socket

            import boto3
            import pytest
            import pytest_socket
            from pytest_fakesecrets._fake.backend import FakeBackend

            EARLIER = boto3.client(
                "secretsmanager",
                region_name="us-east-1",
                aws_access_key_id="mine",
                aws_secret_access_key="mine",
            )


            @pytest.mark.filterwarnings("ignore:A test tried to use socket.socket")
            def test_there_are_no_sockets():
                with pytest.raises(pytest_socket.SocketBlockedError):
                    socket.socket()


            @pytest.mark.parametrize("wire", [False, True])
            def test_it(fakesecrets, monkeypatch, wire):
                monkeypatch.setattr(FakeBackend, "needs_botocore_events", lambda *_: wire)
                EARLIER.create_secret(Name="db", SecretString="value")
                answer = boto3.client("secretsmanager").get_secret_value(SecretId="db")
                assert answer["SecretString"] == "value"
            """
        )

        pytester.runpytest("--disable-socket").assert_outcomes(passed=3, warnings=0)

    def test_pytest_recording_finds_nothing_to_record(self, pytester):
        pytest.importorskip("pytest_recording")
        pytester.makepyfile(
            """
            import socket

            import boto3
            import pytest

            EARLIER = boto3.client("secretsmanager", region_name="us-east-1")


            def test_the_network_is_blocked():
                with socket.socket() as other, pytest.raises(RuntimeError, match="Network is disabled"):
                    other.connect(("127.0.0.1", 9))


            @pytest.mark.vcr
            def test_it(fakesecrets, vcr):
                EARLIER.create_secret(Name="db", SecretString="value")
                answer = boto3.client("secretsmanager").get_secret_value(SecretId="db")
                assert answer["SecretString"] == "value"
                assert (len(vcr), vcr.play_count) == (0, 0)
            """
        )

        ran = pytester.runpytest("--block-network", "--record-mode=none")

        ran.assert_outcomes(passed=2)
        assert not (pytester.path / "cassettes").exists()


class TestAStubbedClient:
    @pytest.fixture
    def stubbed(self, session, fakesecrets):
        """A client of the user, and the stubber in front of it."""
        client = session.client("secretsmanager", **NOWHERE)
        with Stubber(client) as stubber:
            yield client, stubber

    def test_it_keeps_its_answers(self, stubbed, fakesecrets):
        client, stubber = stubbed
        fakesecrets.client(REGION).create_secret(Name="db", SecretString="of the fake")
        stubber.add_response("get_secret_value", {"SecretString": "of the stub"}, {"SecretId": "db"})

        answer = client.get_secret_value(SecretId="db")

        assert answer == {"SecretString": "of the stub"}
        assert calls(fakesecrets) == ["CreateSecret"]
        stubber.assert_no_pending_responses()

    def test_it_keeps_its_errors(self, stubbed, fakesecrets):
        client, stubber = stubbed
        stubber.add_client_error(
            "get_secret_value", "DecryptionFailure", "of the stub", 418, expected_params={"SecretId": "db"}
        )

        with pytest.raises(client.exceptions.DecryptionFailure) as raised:
            client.get_secret_value(SecretId="db")

        assert raised.value.response["Error"] == {"Code": "DecryptionFailure", "Message": "of the stub"}
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418
        assert calls(fakesecrets) == []

    @pytest.mark.parametrize(
        ("expected", "sent"),
        [
            pytest.param({"Name": "db"}, {"Name": "db"}, id="no token on either side"),
            pytest.param({"Name": ANY}, {"Name": "db"}, id="anything"),
            pytest.param(
                {"Name": "db", "ClientRequestToken": ANY},
                {"Name": "db", "ClientRequestToken": "a" * 32},
                id="any token",
            ),
        ],
    )
    def test_it_compares_what_the_caller_has_sent(self, stubbed, expected, sent):
        client, stubber = stubbed
        stubber.add_response("create_secret", {"Name": "of the stub"}, expected)

        assert client.create_secret(**sent) == {"Name": "of the stub"}

    def test_it_finds_that_parameters_differ(self, stubbed, fakesecrets):
        client, stubber = stubbed
        stubber.add_response("create_secret", {}, {"Name": "db", "ClientRequestToken": ANY})

        with pytest.raises(StubAssertionError, match="Expected parameters"):
            client.create_secret(Name="db")

        assert calls(fakesecrets) == []

    def test_a_call_that_it_has_no_answer_for_reaches_neither_the_fake_nor_aws(self, stubbed, fakesecrets):
        client, stubber = stubbed

        with pytest.raises(UnStubbedResponseError):
            client.list_secrets()
        stubber.add_response("list_secrets", {})
        with pytest.raises(StubResponseError, match="Operation mismatch"):
            client.get_random_password()

        assert calls(fakesecrets) == []

    def test_the_fake_answers_once_the_stubber_is_off(self, stubbed, fakesecrets):
        client, stubber = stubbed
        stubber.add_response("list_secrets", {"NextToken": "of the stub"})
        assert client.list_secrets() == {"NextToken": "of the stub"}

        stubber.deactivate()
        client.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"

    def test_it_stays_so_before_in_and_after_a_fake(self, session):
        client = session.client("secretsmanager", **NOWHERE)
        answers = [{"NextToken": when} for when in ("before", "in", "after")]

        with Stubber(client) as stubber:
            for answer in answers:
                stubber.add_response("list_secrets", answer)
            given = [client.list_secrets()]
            with FakeSecrets():
                given.append(client.list_secrets())
            given.append(client.list_secrets())

        assert given == answers

    def test_it_may_be_a_client_that_the_fake_has_made(self):
        with FakeSecrets() as fake:
            client = fake.client(**NOWHERE)
            stubber = Stubber(client)
            stubber.add_response("list_secrets", {"NextToken": "in"})
            stubber.add_response("list_secrets", {"NextToken": "after"})
            with stubber:
                assert client.list_secrets() == {"NextToken": "in"}

        with stubber:
            assert client.list_secrets() == {"NextToken": "after"}
        with pytest.raises(FakeSecretsError):
            client.list_secrets()

    def test_one_of_aiobotocore_keeps_its_answers(self, fakesecrets, aiobotocore_client):
        stub = pytest.importorskip("aiobotocore.stub")

        async def main():
            async with aiobotocore_client("secretsmanager", **NOWHERE) as aclient:
                with stub.AioStubber(aclient) as stubber:
                    stubber.add_response("create_secret", {"Name": "of the stub"}, {"Name": "db"})
                    answer = await aclient.create_secret(Name="db")
                await aclient.create_secret(Name="db", SecretString="value")
            return answer

        assert run(main()) == {"Name": "of the stub"}
        assert fakesecrets.secret("db").value() == "value"

    @pytest.mark.long
    def test_the_guard_leaves_it_alone(self, pytester, monkeypatch):
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        made = """
            import boto3
            from botocore.stub import Stubber

            CLIENT = boto3.session.Session().client(
                "secretsmanager",
                region_name="us-east-1",
                aws_access_key_id="mine",
                aws_secret_access_key="mine",
                endpoint_url="http://127.0.0.1:9",
            )
            STUBBER = Stubber(CLIENT)
            """
        pytester.makeini("[pytest]\nfakesecrets_guard = true")
        pytester.makepyfile(early=f"{made}\n            STUBBER.activate()\n")
        pytester.makepyfile(
            f"""
            import early
            import pytest
            from pytest_fakesecrets import FakeSecretsError
            {made}
            STUBBER.activate()


            @pytest.mark.parametrize(
                ("client", "stubber"),
                [(CLIENT, STUBBER), (early.CLIENT, early.STUBBER)],
                ids=["here", "early"],
            )
            def test_it(client, stubber):
                stubber.add_response("create_secret", {{"Name": "of the stub"}}, {{"Name": "db"}})
                stubber.add_client_error("list_secrets", "InternalServiceError")

                assert client.create_secret(Name="db") == {{"Name": "of the stub"}}
                with pytest.raises(client.exceptions.InternalServiceError):
                    client.list_secrets()
                stubber.deactivate()
                with pytest.raises(FakeSecretsError, match="fakesecrets_guard is on"):
                    client.list_secrets()
            """
        )

        pytester.runpytest_subprocess("-p", "early", "-p", "fakesecrets").assert_outcomes(passed=2)


NO_REGIONS = [
    "a:b:c",
    "us east 1",
    "US-EAST-1",
    "us-east-1:",
    "us-east-1/",
    "-us",
    "us--east",
    "us_east_1",
    "a" * 64,
    "*",
]


class TestANameThatIsNoRegion:
    """It would break every ARN, so it is rejected at each entry, and nothing changes."""

    @pytest.fixture(autouse=True)
    def unchanged(self, fakesecrets):
        yield
        assert fakesecrets.history == ()
        assert fakesecrets._service.store.regions.keys() <= {("123456789012", "us-east-1")}
        assert fakesecrets._service.functions.arns == ()

    @pytest.mark.parametrize("region", [*NO_REGIONS, b"us-east-1", 1])
    def test_is_refused_where_a_test_names_it(self, fakesecrets, region):
        message = re.escape(
            f"region_name is {region!r}, which is not the name of a region. Name one such as 'us-east-1'"
        )
        for use in (
            lambda: fakesecrets.client(region),
            lambda: fakesecrets.add_rotation_function(well_behaved, region_name=region),
            lambda: fakesecrets.add_secret("db", "value", region_name=region),
            lambda: fakesecrets.add_secret("db", "value", region_name=region, rotation_function=well_behaved),
        ):
            with pytest.raises(FakeSecretsError, match=message):
                use()

    @pytest.mark.parametrize("region", ["a:b:c", "US-EAST-1", "us--east"])
    def test_is_refused_in_the_arn_of_a_function(self, fakesecrets, region):
        with pytest.raises(FakeSecretsError, match="is not a valid name for a Lambda function"):
            fakesecrets.add_rotation_function(
                well_behaved, name=f"arn:aws:lambda:{region}:123456789012:function:x"
            )

    @pytest.mark.parametrize("variable", ["AWS_DEFAULT_REGION", "AWS_REGION"])
    def test_is_refused_in_the_environment(self, fakesecrets, monkeypatch, variable):
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setenv(variable, "a:b:c")
        message = f"The environment variable {variable} is 'a:b:c', which is not the name of a region."

        for use in (
            fakesecrets.client,
            lambda: fakesecrets.add_rotation_function(well_behaved),
            lambda: fakesecrets.add_secret("db", "value"),
            lambda: raw("ListSecrets", {}, region=""),
        ):
            with pytest.raises(FakeSecretsError, match=message):
                use()

    @pytest.mark.parametrize("fault", [False, True], ids=["by the first door", "by the second"])
    def test_a_client_of_one_that_botocore_takes_is_refused_as_by_aws(self, fakesecrets, fault):
        client = boto3.client("secretsmanager", region_name="US-EAST-1")
        if fault:
            fakesecrets.fail("CreateSecret", "ThrottlingException")

        with rejected("InvalidSignatureException") as answered:
            client.create_secret(Name="db", SecretString="value")

        assert (answered.status, answered.message) == (400, "Credential should be scoped to a valid region.")

    def test_a_replica_in_it_is_refused_by_the_model(self, fakesecrets, client):
        with rejected("ValidationException") as answered:
            client.create_secret(Name="db", SecretString="v", AddReplicaRegions=[{"Region": "a:b:c"}])

        assert "at 'addReplicaRegions.1.member.region' failed to satisfy constraint" in answered.message
        fakesecrets.reset()


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "cn-north-1", "local", "test-region"]
)
def test_other_names_can_be_regions(fakesecrets, region):
    arn = fakesecrets.add_secret("db", "value", region_name=region, rotation_function=well_behaved).arn

    assert arn.split(":")[3] == region
    assert fakesecrets.client(region).get_secret_value(SecretId=arn)["SecretString"] == "value"


def test_no_fake_is_entered_where_the_environment_names_no_region(pytester, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "a:b:c")
    pytester.makepyfile("def test_it(fakesecrets): pass\ndef test_without(): pass")

    ran = pytester.runpytest()

    ran.assert_outcomes(errors=1, passed=1)
    ran.stdout.fnmatch_lines(["E *FakeSecretsError: The environment variable AWS_DEFAULT_REGION is 'a:b:c'*"])
