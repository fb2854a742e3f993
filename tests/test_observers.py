"""Handlers of the user for botocore's events: they run for faked calls, and their responses take precedence."""

from __future__ import annotations

import asyncio
import functools
import inspect
import io
import threading
from unittest import mock

import boto3
import botocore.endpoint
import botocore.handlers
import botocore.session
import botocore.signers
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.client import Config
from botocore.exceptions import EndpointConnectionError
from botocore.hooks import HierarchicalEmitter
from botocore.retries.standard import RetryHandler
from botocore.stub import Stubber
from support import listening, rejected

from pytest_fakesecrets import Call, FakeSecrets
from pytest_fakesecrets._fake.backend import FakeBackend
from pytest_fakesecrets._transport import foreign_handlers

KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}

#: The events of a call that the fast path omits.
ON_THE_WIRE = [
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
]
EVENTS = [
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    *ON_THE_WIRE,
    "after-call",
]


def calls(fake):
    return [event.operation for event in fake.history if isinstance(event, Call)]


@pytest.fixture
def http_calls(monkeypatch):
    """Collect the operations of the calls that were sent as HTTP requests instead of by the fast path."""
    operations = []
    answer = FakeBackend.answer_with_faults

    def counted(backend, account, region, operation, body):
        operations.append(operation)
        return answer(backend, account, region, operation, body)

    monkeypatch.setattr(FakeBackend, "answer_with_faults", counted)
    return operations


class Answer(io.BytesIO):
    """The raw response of an AWSResponse that a handler returns."""

    def stream(self, **_):
        while chunk := self.read():
            yield chunk


def response(url, status, body):
    return AWSResponse(url, status, {"x-amzn-requestid": "mine"}, Answer(body))


UNAVAILABLE = b'{"__type": "InternalServiceError", "Message": "mine"}'


class Recorder:
    """Records each event of a call."""

    def __init__(self, events):
        self.seen = []
        for event in EVENTS:
            events.register(event, self.record)

    def record(self, event_name, **arguments):
        entry = {"event": event_name, "arguments": sorted(arguments)}
        if event_name.startswith("before-sign"):
            entry["signature"] = arguments["signature_version"]
        if event_name.startswith("before-send"):
            entry["headers"] = sorted(map(str.lower, arguments["request"].headers))
        self.seen.append(entry)


@pytest.fixture(scope="module")
def real():
    with listening() as url:
        yield url


@pytest.fixture(scope="module")
def session():
    return boto3.session.Session(region_name="us-east-1", **KEYS)


@pytest.fixture
def user_client(session, fakesecrets):
    """A client of the user, on which a test registers handlers."""
    return session.client("secretsmanager")


class TestTheEventsOfBotocore:
    def test_are_those_of_a_real_call_in_the_same_order(self, session, real):
        client = session.client("secretsmanager", endpoint_url=real, config=Config(proxies={}))
        recorder = Recorder(client.meta.events)

        client.list_secrets()
        of_a_real_call, recorder.seen = recorder.seen, []
        with FakeSecrets():
            client.list_secrets()

        assert {entry["event"].partition(".")[0] for entry in of_a_real_call} >= {*EVENTS} - {"before-parse"}
        assert recorder.seen == of_a_real_call

    def test_are_those_of_a_real_call_in_aiobotocore(self, real):
        get_session = pytest.importorskip("aiobotocore.session").get_session

        async def main():
            made_with = {"endpoint_url": real, "config": Config(proxies={}), "region_name": "us-east-1"}
            async with get_session().create_client("secretsmanager", **made_with, **KEYS) as client:
                recorder = Recorder(client.meta.events)
                await client.list_secrets()
                of_a_real_call, recorder.seen = recorder.seen, []
                with FakeSecrets():
                    await client.list_secrets()
                return of_a_real_call, recorder.seen

        of_a_real_call, of_a_faked_call = asyncio.run(main())

        assert of_a_faked_call == of_a_real_call

    @pytest.mark.parametrize("event", ["before-call", *ON_THE_WIRE])
    @pytest.mark.parametrize(
        "name",
        [
            "{}",
            "{}.secrets-manager",
            "{}.secretsmanager",
            "{}.secrets-manager.ListSecrets",
            "{}.secretsmanager.ListSecrets",
            "{}.*.ListSecrets",
            "{}.secrets-manager.*",
            "*.secrets-manager.ListSecrets",
        ],
    )
    def test_reach_a_handler_under_each_name_and_at_each_position(self, user_client, event, name):
        if (
            event
            not in inspect.getsource(botocore.endpoint) + inspect.getsource(botocore.signers) + "before-call"
        ):
            pytest.skip("this botocore has no such event")
        seen, events = [], user_client.meta.events

        def first(event_name, **_):
            seen.append(("first", event_name))

        def middle(event_name, **_):
            seen.append(("middle", event_name))

        def last(event_name, **_):
            seen.append(("last", event_name))

        user_client.list_secrets()  # handlers that were looked up by then are outdated
        events.register_last(name.format(event), last)
        events.register(name.format(event), middle)
        events.register_first(name.format(event), first)
        user_client.list_secrets()

        emitted = f"{event}.secrets-manager.ListSecrets"
        assert [place for place, name in seen if name == emitted] == ["first", "middle", "last"]

    def test_reach_a_handler_that_the_session_registered(self, fakesecrets):
        own, seen = botocore.session.Session(), []
        own.register("before-send", lambda request, **_: seen.append(request.method))

        own.create_client("secretsmanager").list_secrets()

        assert seen == ["POST"]

    def test_do_not_reach_a_handler_that_was_unregistered(self, user_client, http_calls):
        handler = mock.Mock(return_value=None)
        user_client.meta.events.register("before-send", handler)
        user_client.list_secrets()
        user_client.meta.events.unregister("before-send", handler)
        user_client.list_secrets()

        assert handler.call_count == 1
        assert http_calls == ["ListSecrets"]

    def test_expose_nothing_of_the_fake(self, user_client):
        seen = []

        def look(request, **_):
            seen.append((str(request.url), dict(request.headers), request.body))

        for event in ("before-sign", "before-send", "before-send.secrets-manager", "before-send.*.*"):
            user_client.meta.events.register(event, look)
        user_client.list_secrets()

        assert len(seen) == 4
        assert "fakesecrets" not in repr(seen).lower()
        assert {url for url, _, _ in seen} == {"https://secretsmanager.us-east-1.amazonaws.com/"}
        assert "Authorization" in seen[-1][1]


def user_handler(**_):
    """A handler of the user."""


class Observer:
    def method(self, **_):
        pass

    @classmethod
    def of_the_class(cls, **_):
        pass

    @staticmethod
    def static(**_):
        pass

    def __call__(self, **_):
        pass


class Retrying(RetryHandler):
    """A class of botocore whose method is not overridden."""

    def __init__(self):
        super().__init__(mock.Mock(should_retry=lambda context: False), mock.Mock(), mock.Mock())


class TestAHandlerOfTheUser:
    @pytest.mark.parametrize(
        "handler",
        [
            pytest.param(user_handler, id="a function"),
            pytest.param(lambda **_: None, id="a lambda"),
            pytest.param(functools.partial(user_handler, more=1), id="a partial"),
            pytest.param(
                functools.partial(functools.partial(Observer().method)), id="a partial of a partial"
            ),
            pytest.param(Observer().method, id="a method"),
            pytest.param(Observer.of_the_class, id="a class method"),
            pytest.param(Observer.static, id="a static method"),
            pytest.param(Observer(), id="a callable object"),
            pytest.param(mock.Mock(return_value=None), id="a mock"),
            pytest.param(
                functools.wraps(botocore.handlers.add_retry_headers)(lambda **_: None), id="a copied name"
            ),
            pytest.param(Retrying().needs_retry, id="a method of a subclass of botocore's"),
        ],
    )
    def test_is_called_for_every_kind_of_callable(self, user_client, http_calls, handler):
        user_client.meta.events.register("needs-retry", handler)

        user_client.list_secrets()

        assert http_calls == ["ListSecrets"]

    def test_is_called_if_it_is_a_coroutine_function(self, fakesecrets, http_calls):
        get_session = pytest.importorskip("aiobotocore.session").get_session
        seen = []

        async def observe(request, **_):
            await asyncio.sleep(0)
            seen.append(request.method)

        async def main():
            async with get_session().create_client("secretsmanager") as client:
                client.meta.events.register("before-send", observe)
                await client.list_secrets()

        asyncio.run(main())

        assert (seen, http_calls) == (["POST"], ["ListSecrets"])


class TestTheFastPathServesCalls:
    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_of_a_plain_client_of_botocore(self, session, fakesecrets, http_calls, mode):
        pytest.importorskip("moto")  # it appends its stub to the handlers of botocore
        for made_in in (session, boto3.session.Session(region_name="us-east-1")):
            made_in.client("secretsmanager", config=Config(retries={"mode": mode})).list_secrets()

        assert http_calls == []

    def test_of_a_plain_client_of_aiobotocore(self, fakesecrets, http_calls):
        get_session = pytest.importorskip("aiobotocore.session").get_session

        async def main():
            async with get_session().create_client("secretsmanager") as client:
                await client.list_secrets()

        asyncio.run(main())

        assert http_calls == []

    def test_of_a_client_with_handlers_for_other_events(self, user_client, http_calls):
        for event in ("before-send.s3", "before-send.secrets-manager.DescribeSecret", "after-call", "mine"):
            user_client.meta.events.register(event, user_handler)
        user_client.meta.events.register(
            "request-created", functools.partial(botocore.handlers.add_retry_headers)
        )
        user_client.meta.events.register(
            "before-call.secrets-manager.ListSecrets", user_handler
        )  # this handler runs before the fake

        user_client.list_secrets()

        assert http_calls == []

    def test_of_a_client_that_was_attached(self, user_client, fakesecrets, http_calls):
        fakesecrets.attach(user_client)

        user_client.list_secrets()

        assert http_calls == []

    def test_beside_a_stubber(self, user_client, http_calls):
        with Stubber(user_client):
            pass

        user_client.list_secrets()

        assert http_calls == []


class TestResponsesOfUserHandlers:
    def test_to_before_send_replace_the_call_to_the_fake(self, user_client, fakesecrets):
        user_client.create_secret(Name="db", SecretString="old")
        user_client.meta.events.register(
            "before-send.secretsmanager.PutSecretValue",
            lambda request, **_: response(request.url, 400, UNAVAILABLE),
        )

        with rejected("InternalServiceError") as answer:
            user_client.put_secret_value(SecretId="db", SecretString="new")

        assert answer.message == "mine"
        assert answer.response["ResponseMetadata"]["RequestId"] == "mine"
        assert user_client.get_secret_value(SecretId="db")["SecretString"] == "old"
        assert calls(fakesecrets) == ["CreateSecret", "GetSecretValue"]

    @pytest.mark.parametrize("place", ["register_first", "register", "register_last"])
    @pytest.mark.parametrize("name", ["before-send", "before-send.secrets-manager", "before-send.*.*"])
    def test_to_before_send_take_precedence_over_the_fake(self, user_client, fakesecrets, place, name):
        user_client.meta.events.register("before-send", user_handler)
        user_client.list_secrets()  # the fake has already registered its handler last
        getattr(user_client.meta.events, place)(
            name, lambda request, **_: response(request.url, 200, b'{"NextToken": "mine"}')
        )

        assert user_client.list_secrets()["NextToken"] == "mine"
        assert calls(fakesecrets) == ["ListSecrets"]

    def test_to_before_send_may_replace_only_the_first_attempt(self, user_client, fakesecrets, monkeypatch):
        monkeypatch.setattr("random.random", lambda: 0)  # botocore waits for a random fraction of a second
        answers = iter([response("", 500, UNAVAILABLE)])
        user_client.meta.events.register("before-send", lambda **_: next(answers, None))
        user_client.meta.events.register("needs-retry", lambda attempts, **_: 0 if attempts == 1 else None)

        assert user_client.list_secrets()["ResponseMetadata"]["RetryAttempts"] == 1
        assert calls(fakesecrets) == ["ListSecrets"]

    def test_to_before_send_leave_an_injected_fault_for_the_next_call(self, user_client, fakesecrets):
        fault = fakesecrets.fail("ListSecrets", EndpointConnectionError(endpoint_url="fake"), times=None)
        user_client.meta.events.register(
            "before-send", lambda request, **_: response(request.url, 200, b'{"NextToken": "mine"}')
        )

        assert user_client.list_secrets()["NextToken"] == "mine"
        assert fault.happened == 0

    def test_may_be_an_exception_that_botocore_retries(self, user_client, fakesecrets, monkeypatch):
        monkeypatch.setattr("random.random", lambda: 0)  # botocore waits for a random fraction of a second
        failing = mock.Mock(side_effect=[EndpointConnectionError(endpoint_url="mine"), None])
        user_client.meta.events.register("before-send.secrets-manager.ListSecrets", failing)
        user_client.meta.events.register_first(
            "needs-retry", lambda attempts, **_: 0 if attempts == 1 else None
        )

        assert user_client.list_secrets()["ResponseMetadata"]["RetryAttempts"] == 1
        assert calls(fakesecrets) == ["ListSecrets"]

    def test_may_be_an_exception_that_reaches_the_caller(self, user_client, fakesecrets):
        user_client.meta.events.register("before-send", mock.Mock(side_effect=LookupError("mine")))

        with pytest.raises(LookupError, match="mine"):
            user_client.list_secrets()
        assert calls(fakesecrets) == []

    def test_to_needs_retry_repeat_the_call(self, user_client, fakesecrets):
        user_client.meta.events.register(
            "needs-retry.secrets-manager.ListSecrets", lambda attempts, **_: 0 if attempts < 3 else None
        )

        assert user_client.list_secrets()["ResponseMetadata"]["RetryAttempts"] == 2
        assert calls(fakesecrets) == ["ListSecrets"] * 3

    @pytest.mark.parametrize("place", ["register_first", "register", "register_last"])
    @pytest.mark.parametrize("name", ["before-call", "before-call.secrets-manager"])
    def test_to_before_call_take_precedence_over_the_fake(self, user_client, fakesecrets, place, name):
        answer = response("", 200, b""), {"NextToken": "mine", "ResponseMetadata": {}}
        getattr(user_client.meta.events, place)(name, lambda **_: answer)

        assert user_client.list_secrets()["NextToken"] == "mine"
        assert calls(fakesecrets) == []

    def test_to_choose_signer_select_the_signature(self, user_client, fakesecrets):
        headers = []
        user_client.meta.events.register("choose-signer", lambda **_: UNSIGNED)
        user_client.meta.events.register(
            "before-send", lambda request, **_: headers.append(dict(request.headers))
        )

        user_client.list_secrets()

        assert "Authorization" not in headers[0]

    def test_to_choose_signer_are_used_without_credentials(self, fakesecrets, monkeypatch):
        with monkeypatch.context() as bare:
            bare.delenv("AWS_ACCESS_KEY_ID")
            bare.delenv("AWS_SECRET_ACCESS_KEY")
            bare.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
            client = botocore.session.Session().create_client("secretsmanager")
        chooser = mock.Mock(return_value=None)
        client.meta.events.register_last("choose-signer", chooser)

        assert client.list_secrets()["SecretList"] == []
        assert chooser.call_count == 1

    def test_may_modify_the_request(self, user_client, fakesecrets):
        seen = []

        def rename(request, **_):
            request.data = request.data.replace(b'"db"', b'"renamed"')

        def add_header(request, **_):
            request.headers["X-Mine"] = "mine"

        user_client.meta.events.register_first("request-created.secrets-manager.CreateSecret", rename)
        user_client.meta.events.register("before-sign.secrets-manager", add_header)
        user_client.meta.events.register(
            "before-send", lambda request, **_: seen.append(request.headers["X-Mine"])
        )

        assert user_client.create_secret(Name="db", SecretString="value")["Name"] == "renamed"
        assert seen == [b"mine"]

    def test_include_a_handler_that_another_one_has_just_registered(self, user_client, fakesecrets):
        def register(**_):
            user_client.meta.events.register(
                "before-send",
                lambda request, **_: response(request.url, 200, b'{"NextToken": "mine"}'),
                unique_id="mine",
            )

        user_client.meta.events.register("before-call", register)

        assert user_client.list_secrets()["NextToken"] == "mine"

    def test_are_used_in_many_threads_at_once(self, user_client, fakesecrets):
        seen = []
        user_client.meta.events.register("before-send", lambda **_: seen.append(1))
        start = threading.Barrier(8)

        def work():
            start.wait()
            user_client.list_secrets()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(seen) == 8
        assert calls(fakesecrets) == ["ListSecrets"] * 8


class TestAnUnknownEmitter:
    @pytest.fixture
    def renamed_emitter_attributes(self, monkeypatch):
        """An emitter whose private attributes have other names."""
        monkeypatch.setattr(foreign_handlers, "_innermost", lambda emitter: None)

    @pytest.mark.usefixtures("renamed_emitter_attributes")
    def test_sends_every_call_as_http(self, user_client, http_calls, fakesecrets):
        seen = []
        user_client.meta.events.register("before-send", lambda request, **_: seen.append(request.method))

        user_client.create_secret(Name="db", SecretString="value")

        assert fakesecrets.secret("db").value() == "value"
        assert (http_calls, seen) == (["CreateSecret"], ["POST"])

    def test_may_be_a_class_of_the_user(self, fakesecrets, http_calls):
        class Emitter(HierarchicalEmitter):
            pass

        own = botocore.session.Session(event_hooks=Emitter())

        own.create_client("secretsmanager").list_secrets()

        assert http_calls == []


class TestUserHandlersBesideMoto:
    @pytest.fixture
    def moto(self):
        return pytest.importorskip("moto")

    @pytest.fixture
    def client_beside_moto(self, moto):
        """A client created while moto is active."""
        with moto.mock_aws():
            yield boto3.session.Session(region_name="us-east-1", **KEYS).client("secretsmanager")

    @pytest.mark.parametrize("name", ["before-send", "before-send.secrets-manager"])
    def test_see_a_call_that_the_fake_answers_and_moto_does_not(self, client_beside_moto, name):
        seen = []
        client_beside_moto.meta.events.register(name, lambda request, **_: seen.append(str(request.url)))

        with FakeSecrets() as fake:
            client_beside_moto.create_secret(Name="db", SecretString="value")
            assert fake.secret("db").value() == "value"

        assert [url.partition("//")[2] for url in seen] == ["secretsmanager.us-east-1.amazonaws.com/"]
        assert client_beside_moto.list_secrets()["SecretList"] == []

    def test_take_precedence_over_the_fake(self, client_beside_moto):
        client_beside_moto.meta.events.register(
            "before-send", lambda request, **_: response(request.url, 200, b'{"NextToken": "mine"}')
        )

        with FakeSecrets() as fake:
            assert client_beside_moto.list_secrets()["NextToken"] == "mine"
            assert calls(fake) == []

    def test_see_an_injected_fault_that_moto_does_not_hide(self, client_beside_moto):
        with FakeSecrets() as fake:
            fake.fail("CreateSecret", "ThrottlingException")
            answer = client_beside_moto.create_secret(Name="db", SecretString="value")

        assert answer["ResponseMetadata"]["RetryAttempts"] == 1
        assert client_beside_moto.list_secrets()["SecretList"] == []
