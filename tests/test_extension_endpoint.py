"""The endpoint of the Secrets Manager Agent and of the Lambda Extension: what applications read on port 2773."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from rotation_functions import well_behaved
from support import token

from pytest_fakesecrets import Call, FakeSecretsError
from pytest_fakesecrets._report import collector
from pytest_fakesecrets._transport import extension_endpoint, http_server

#: The sources of the rows.
SERVER = "aws-secretsmanager-agent, server.rs"
PARSE = "aws-secretsmanager-agent, parse.rs"
ERROR = "aws-secretsmanager-agent, error.rs"
OUTPUT = "aws-secretsmanager-agent, aws_secretsmanager_caching/output.rs"
README = "aws-secretsmanager-agent, README"
GUIDE = "user guide, retrieving-secrets_lambda"

QUERY, PATH = "/secretsmanager/get?secretId=db", "/v1/db"
TOKEN = "X-Aws-Parameters-Secrets-Token"
NOT_FOUND = (
    '{"__type":"ResourceNotFoundException", "message":"Secrets Manager can\'t find the specified secret."}'
)


class Agent:
    """What an application sends to the endpoint, as it finds it in its environment."""

    def __init__(self, server):
        self.environ = server.environ
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]), timeout=10
        )

    def ask(self, target, method="GET", body=None, token=None, **headers):
        """Status and text. A token of "" sends none."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token != "":
            given.setdefault(TOKEN, token or self.environ["AWS_SESSION_TOKEN"])
        self.connection.request(method, target, body, given)
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def value(self, target=QUERY):
        status, text = self.ask(target)
        assert status == 200, text
        return json.loads(text)


@pytest.fixture
def agent(fakesecrets_server):
    agent = Agent(fakesecrets_server)
    yield agent
    agent.connection.close()


def calls(fake):
    return [event.operation for event in fake.history if isinstance(event, Call)]


class TestWhatItAnswers:
    @pytest.mark.parametrize(
        ("target", "source"),
        [
            pytest.param(QUERY, PARSE, id="query"),
            pytest.param(PATH, PARSE, id="path"),
            pytest.param(f"{QUERY}&versionStage=AWSCURRENT", PARSE, id="stage"),
            pytest.param(f"{PATH}?versionStage=AWSCURRENT", PARSE, id="stage of a path"),
            pytest.param(f"{QUERY}&versionId={token(1)}", PARSE, id="version"),
            pytest.param(f"{PATH}?versionId={token(1)}&refreshNow=1", PARSE, id="version of a path"),
            pytest.param("/secretsmanager/get?secretId=other&secretId=d%62", PARSE, id="the last, decoded"),
        ],
    )
    def test_a_value_is_answered_in_both_forms_of_the_url(
        self, fakesecrets_clock, client, agent, target, source
    ):
        fakesecrets_clock.move_to("2024-04-01 08:00:00.123")
        client.create_secret(Name="db", SecretString="ü", ClientRequestToken=token(1))
        arn = client.describe_secret(SecretId="db")["ARN"]

        status, text = agent.ask(target)

        assert status == 200, source
        assert json.loads(text) == {
            "ARN": arn,
            "Name": "db",
            "VersionId": token(1),
            "SecretString": "ü",
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": "1711958400.123",
        }, OUTPUT

    def test_a_secret_is_named_by_its_arn_and_by_a_path(self, client, agent):
        arn = client.create_secret(Name="app/db+1", SecretString="value")["ARN"]

        answers = [
            agent.ask(target)
            for target in (
                f"/v1/{arn}",
                "/v1/app/db+1",
                f"/secretsmanager/get?secretId={quote(arn)}",
                f"/secretsmanager/get?secretId={quote('app/db+1', safe='')}",
            )
        ]

        assert [(status, json.loads(text)["SecretString"]) for status, text in answers] == [
            (200, "value")
        ] * 4

    def test_members_that_are_absent_are_left_out_and_bytes_are_in_base64(
        self, fakesecrets, fakesecrets_clock, agent
    ):
        fakesecrets_clock.move_to("2024-04-01")
        fakesecrets.add_secret("db", b"\x00\xff", deprecated_values=["old"])
        old = next(version.id for version in fakesecrets.secret("db").versions if not version.labels)

        assert set(agent.value(f"{QUERY}&versionId={old}")) == {
            "ARN",
            "Name",
            "VersionId",
            "SecretString",
            "CreatedDate",
        }, OUTPUT
        assert agent.value()["SecretBinary"] == "AP8="
        assert "SecretString" not in agent.value()
        assert agent.value()["CreatedDate"] == "1711929600"

    def test_a_secret_is_looked_for_in_the_default_region(self, fakesecrets, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        fakesecrets.add_secret("db", "value", region_name="eu-west-1")

        with fakesecrets.serve() as server:
            agent = Agent(server)
            assert agent.value()["SecretString"] == "value"
            agent.connection.close()

    def test_what_an_application_reads_while_a_function_runs_is_not_a_call_of_the_function(
        self, fakesecrets, agent
    ):
        def rotate(event, context):
            if event["Step"] == "createSecret":
                aws = {
                    "X-Amz-Target": "secretsmanager.ListSecrets",
                    "Content-Type": "application/x-amz-json-1.1",
                }
                agent.ask(
                    "/", "POST", "{}", token="", **aws
                )  # of another process, which the function may have started
                agent.value(f"{QUERY}&refreshNow=true")
            well_behaved(event, context)

        fakesecrets.add_secret("db", "value")

        fakesecrets.rotate("db", rotate)

        made = [event for event in fakesecrets.history if isinstance(event, Call)]
        assert [event.operation for event in made[:4]] == [
            "RotateSecret",
            "ListSecrets",
            "GetSecretValue",
            "DescribeSecret",
        ]
        assert [event.step for event in made[2:4]] == [None, "createSecret"]

    def test_both_apis_are_answered_on_one_connection(self, client, agent):
        client.create_secret(Name="db", SecretString="value")
        aws = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1"}

        assert agent.ask("/ping") == (200, "healthy"), SERVER
        listed = agent.ask("/", "POST", "{}", token="", **aws)

        assert json.loads(listed[1])["SecretList"][0]["Name"] == "db"
        assert agent.value()["SecretString"] == "value"


#: What is asked, with which headers: the status, the text, and where the agent says so.
REJECTED = [
    pytest.param(QUERY, "GET", {"X_Forwarded_For": "10.0.0.1"}, 400, "Forwarded", SERVER, id="forwarded"),
    pytest.param(QUERY, "GET", {"token": ""}, 403, "Bad Token", SERVER, id="no token"),
    pytest.param(QUERY, "GET", {"token": "testing"}, 403, "Bad Token", SERVER, id="another token"),
    pytest.param("/ping", "GET", {"token": ""}, 403, "Bad Token", SERVER, id="no token for a ping"),
    pytest.param(PATH, "POST", {}, 405, "Not allowed", SERVER, id="POST"),
    pytest.param(QUERY, "POST", {"body": "{}"}, 405, "Not allowed", SERVER, id="POST with a body"),
    pytest.param("/ping", "PUT", {}, 405, "Not allowed", SERVER, id="PUT"),
    pytest.param("/nonsense", "BREW", {}, 405, "Not allowed", SERVER, id="a method that is unknown"),
    pytest.param(QUERY, "HEAD", {}, 405, "", SERVER, id="HEAD, whose answer has no body"),
    pytest.param("/nonsense", "GET", {}, 404, "Not found", SERVER, id="another path"),
    pytest.param("/", "GET", {}, 404, "Not found", SERVER, id="no path"),
    pytest.param("/v1", "GET", {}, 404, "Not found", SERVER, id="half of the prefix"),
    pytest.param("/secretsmanager/get/", "GET", {}, 404, "Not found", SERVER, id="a longer path"),
    pytest.param("/systemsmanager/parameters/get?name=a", "GET", {}, 404, "Not found", SERVER, id="another service"),
    pytest.param(f"{QUERY}&secretid=x", "GET", {}, 400, "unknown parameter: secretid", PARSE, id="parameter"),
    pytest.param(f"{PATH}?secretId=db", "GET", {}, 400, "unknown parameter: secretId", PARSE, id="named twice"),
    pytest.param(f"{QUERY}&b%20c", "GET", {}, 400, "unknown parameter: b c", PARSE, id="no value"),
    pytest.param("/secretsmanager/get", "GET", {}, 400, "missing parameter secretId", PARSE, id="no query"),
    pytest.param("/secretsmanager/get?secretId=", "GET", {}, 400, "missing parameter secretId", PARSE, id="empty"),
    pytest.param("/v1/", "GET", {}, 400, "missing secret ID", PARSE, id="no name"),
    pytest.param("/v1/?versionStage=AWSCURRENT", "GET", {}, 400, "missing secret ID", PARSE, id="only a stage"),
    pytest.param(f"{QUERY}&refreshNow=yes", "GET", {}, 400, "invalid refreshNow value", PARSE, id="yes"),
    pytest.param(f"{QUERY}&refreshNow=True", "GET", {}, 400, "invalid refreshNow value", PARSE, id="True"),
    pytest.param(f"{PATH}?refreshNow=", "GET", {}, 400, "invalid refreshNow value", PARSE, id="empty refreshNow"),
    # The order of the checks.
    pytest.param(QUERY, "GET", {"X_Forwarded_For": "", "token": ""}, 400, "Forwarded", SERVER, id="first forwarded"),
    pytest.param("/nonsense", "PUT", {"token": "x"}, 403, "Bad Token", SERVER, id="token before method and path"),
]  # fmt: skip


class TestWhatItRejects:
    @pytest.mark.parametrize(("target", "method", "sent", "status", "text", "source"), REJECTED)
    def test_a_request_is_rejected_in_the_words_of_the_agent(
        self, fakesecrets, agent, target, method, sent, status, text, source
    ):
        fakesecrets.add_secret("db", "value")

        assert agent.ask(target, method, **sent) == (status, text), source
        assert calls(fakesecrets) == []
        assert agent.value()["SecretString"] == "value"

    def test_a_rejected_request_is_in_the_timeline_and_in_the_report_and_is_no_call(self, fakesecrets, agent):
        arn = fakesecrets.add_secret("db", "hidden-value").arn
        agent.ask(QUERY, token="testing")
        agent.ask(f"{PATH}?refreshNow=yes")
        agent.ask("/secretsmanager/get?secretId=dv&secretid=x", method="GET")
        agent.ask("/v1/hidden-value", method="PUT")

        agent.ask("/secretsmanager/get")

        line, note = (
            "  GET /secretsmanager/get rejected",
            "\n      403 Forbidden: Bad Token\n      hint: Send the header ",
        )
        timeline = fakesecrets.timeline("db")
        assert (
            f"{line}  v1{note}X-Aws-Parameters-Secrets-Token with the value of AWS_SESSION_TOKEN in "
            in timeline
        )
        assert (
            "  GET /v1/db rejected               v1\n      400 Bad Request: invalid refreshNow value"
            in timeline
        )
        for shown in (fakesecrets.timeline(), fakesecrets.recorded(last=50)):
            tables = {table.partition("\n")[0]: table for table in shown.split("\n\n")}
            assert tables.keys() == {arn, "dv", "***", "calls without a secret"}
            assert "400 Bad Request: unknown parameter: secretid" in tables["dv"]
            assert "PUT /v1/*** rejected\n      405 Method Not Allowed: Not allowed" in tables["***"]
            assert "400 Bad Request: missing parameter secretId" in tables["calls without a secret"]
        parts, _ = collector.secrets_of(fakesecrets._service, ())
        rows = [row for part in parts for row in part.rows if row.kind == "rejected"]
        assert [row.code for row in rows if row.description.startswith("GET /secretsmanager/get")] == [
            "403 Forbidden",
            "400 Bad Request",
            "400 Bad Request",
        ]
        assert calls(fakesecrets) == []
        assert "RequestRejected" not in repr(fakesecrets.history)
        assert "hidden" not in f"{timeline}{shown}{parts}"

    @pytest.mark.parametrize("header", ["X-Vault-Token", "x-aws-parameters-secrets-token"])
    def test_the_token_has_two_headers(self, fakesecrets, agent, header):
        fakesecrets.add_secret("db", "value")

        answered = agent.ask(QUERY, token="", **{header: agent.environ["AWS_SESSION_TOKEN"]})

        assert answered[0] == 200, SERVER

    def test_the_token_is_that_of_a_test_which_has_set_one(self, fakesecrets, monkeypatch):
        monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")

        with fakesecrets.serve() as server:
            agent = Agent(server)
            assert agent.environ["AWS_SESSION_TOKEN"] == "mine"
            assert agent.ask("/ping", token="mine") == (200, "healthy")
            agent.connection.close()

    def test_more_connections_than_its_limit_are_rejected_but_for_a_ping(
        self, fakesecrets, fakesecrets_server, agent, monkeypatch
    ):
        assert extension_endpoint.MOST_CONNECTIONS == 800, README
        monkeypatch.setattr(extension_endpoint, "MOST_CONNECTIONS", 1)
        fakesecrets.add_secret("db", "value")
        other = Agent(fakesecrets_server)
        assert other.ask("/ping") == (200, "healthy")

        assert agent.ask(QUERY, token="") == (429, "Connection limit exceeded"), SERVER
        assert agent.ask("/ping") == (200, "healthy"), SERVER

        other.connection.close()
        while fakesecrets_server._listener.connections > 1:
            pass
        assert agent.ask(QUERY)[0] == 200

    def test_a_page_of_another_host_is_rejected_before_anything_else(self, agent):
        assert agent.ask(QUERY, Origin="https://evil.example")[0] == 403
        assert agent.ask(QUERY, Host="evil.example")[0] == 421

    def test_nothing_is_answered_when_the_fake_has_been_left(self, fakesecrets, agent):
        fakesecrets.__exit__(None, None, None)

        status, text = agent.ask(QUERY)

        assert (status, json.loads(text)["__type"]) == (410, "FakeSecretsError")


class TestErrorsOfTheService:
    @pytest.mark.parametrize(
        ("error", "status", "text"),
        [
            pytest.param(
                "ThrottlingException",
                400,
                '{"__type":"ThrottlingException", "message":"Rate exceeded"}',
                id="a code",
            ),
            pytest.param((503, "Code", 'a "b"'), 503, '{"__type":"Code", "message":"a \\"b\\""}', id="503"),
            pytest.param("InternalFailure", 500, '{"__type":"InternalFailure"}', id="InternalFailure"),
            pytest.param(
                ReadTimeoutError,
                504,
                '{"__type":"TimeoutError", "message":"Timeout"}',
                id="botocore's timeout",
            ),
            pytest.param(TimeoutError, 504, '{"__type":"TimeoutError", "message":"Timeout"}', id="a timeout"),
            pytest.param(
                EndpointConnectionError,
                502,
                '{"__type":"ConnectionError", "message":"Read Error"}',
                id="botocore's network",
            ),
            pytest.param(
                ConnectionResetError,
                502,
                '{"__type":"ConnectionError", "message":"Read Error"}',
                id="a reset",
            ),
            pytest.param(ValueError, 500, '{"__type":"InternalFailure"}', id="anything else"),
        ],
    )
    def test_a_fault_is_answered_with_its_status_and_is_not_cached(
        self, fakesecrets, agent, error, status, text
    ):
        fakesecrets.add_secret("db", "value")
        fault = fakesecrets.fail("GetSecretValue", error, secret_id="db")

        assert agent.ask(QUERY) == (status, text), ERROR
        assert fault.happened == 1
        assert agent.value()["SecretString"] == "value"

    def test_a_missing_secret_is_answered_as_the_service_does(self, fakesecrets, agent):
        assert agent.ask(QUERY) == (400, NOT_FOUND), ERROR
        assert agent.ask(f"{PATH}?refreshNow=true") == (400, NOT_FOUND), ERROR
        assert agent.ask("/v1/a%20b")[0] == 400
        fakesecrets.add_secret("db", "value")
        assert agent.ask(f"{QUERY}&versionStage=AWSPENDING") == (
            400,
            '{"__type":"ResourceNotFoundException", "message":"Secrets Manager can\'t find the specified secret value '
            'for staging label: AWSPENDING"}',
        )
        assert agent.value()["SecretString"] == "value"

    def test_a_slow_answer_takes_time_on_the_clock(self, fakesecrets, fakesecrets_clock, agent):
        fakesecrets_clock.move_to("2030-01-01")
        fakesecrets.add_secret("db", "value")
        fakesecrets.fail("GetSecretValue", timedelta(seconds=5))

        assert agent.value()["SecretString"] == "value"
        assert fakesecrets_clock.now.second == 5


class TestCache:
    def test_a_value_is_stale_until_its_time_to_live_has_passed(self, fakesecrets, fakesecrets_clock, agent):
        fakesecrets_clock.move_to("2030-01-01")
        fakesecrets.add_secret("db", "old")
        first = agent.value()
        fakesecrets.rotate("db", well_behaved)

        fakesecrets_clock.tick(timedelta(seconds=299))
        assert agent.value() == first, README
        fakesecrets_clock.tick(timedelta(seconds=1))
        assert (
            agent.value()["VersionId"] == fakesecrets.secret("db").labels["AWSCURRENT"] != first["VersionId"]
        )

    def test_refresh_now_calls_the_service_and_restarts_the_time_to_live(
        self, fakesecrets, fakesecrets_clock, client, agent
    ):
        fakesecrets_clock.move_to("2030-01-01")
        fakesecrets.add_secret("db", "old")
        agent.value()
        client.put_secret_value(SecretId="db", SecretString="new")
        fakesecrets_clock.tick(200)

        assert agent.value(f"{QUERY}&refreshNow=false")["SecretString"] == "old", README
        assert agent.value(f"{QUERY}&refreshNow=0")["SecretString"] == "old", README
        assert agent.value(f"{QUERY}&refreshNow=true")["SecretString"] == "new", README
        client.put_secret_value(SecretId="db", SecretString="newer")
        fakesecrets_clock.tick(299)
        assert agent.value()["SecretString"] == "new", README
        assert agent.value(f"{QUERY}&refreshNow=1")["SecretString"] == "newer", README

    def test_each_query_has_an_entry_of_its_own(self, fakesecrets, client, agent):
        fakesecrets.add_secret("db", "b", previous_value="a")

        asked = [QUERY, f"{QUERY}&versionStage=AWSPREVIOUS", QUERY, f"{QUERY}&versionStage=AWSPREVIOUS", PATH]
        values = [agent.value(target)["SecretString"] for target in asked]

        assert values == ["b", "a", "b", "a", "b"]
        assert calls(fakesecrets) == ["GetSecretValue"] * 2

    @pytest.mark.parametrize(
        ("text", "fresh_after", "source"),
        [
            pytest.param("0", 0, GUIDE, id="no cache"),
            pytest.param("10", 10, GUIDE, id="ten seconds"),
            pytest.param("300", 300, GUIDE, id="the longest"),
            pytest.param("", 300, GUIDE, id="empty, the default"),
        ],
    )
    def test_its_time_to_live_is_set_by_the_environment(
        self, fakesecrets, fakesecrets_clock, client, agent, monkeypatch, text, fresh_after, source
    ):
        monkeypatch.setenv("SECRETS_MANAGER_TTL", text)
        fakesecrets_clock.move_to("2030-01-01")
        fakesecrets.add_secret("db", "old")
        agent.value()
        client.put_secret_value(SecretId="db", SecretString="new")

        if fresh_after:
            fakesecrets_clock.tick(fresh_after - 1)
            assert agent.value()["SecretString"] == "old", source
            fakesecrets_clock.tick(1)
        assert agent.value()["SecretString"] == "new", source

    @pytest.mark.parametrize("text", ["301", "-1", "5m", "1.5", "²", "9" * 5000])
    def test_a_time_to_live_that_the_extension_does_not_take_is_an_error(
        self, fakesecrets, agent, monkeypatch, text
    ):
        fakesecrets.add_secret("db", "value")
        monkeypatch.setenv("SECRETS_MANAGER_TTL", text)

        status, body = agent.ask(QUERY)

        assert (status, json.loads(body)) == (
            500,
            {
                "__type": "FakeSecretsError",
                "message": f"The environment variable SECRETS_MANAGER_TTL is {text!r}. Set it to a whole number of "
                "seconds from 0 to 300, or give serve() a ttl.",
            },
        )

    def test_a_server_may_have_another_time_to_live_and_a_cache_of_its_own(
        self, fakesecrets, fakesecrets_clock, client, agent
    ):
        fakesecrets_clock.move_to("2030-01-01")
        fakesecrets.add_secret("db", "old")

        with fakesecrets.serve(ttl=timedelta(hours=1)) as server:
            patient = Agent(server)
            assert [each.value()["SecretString"] for each in (agent, patient)] == ["old", "old"]
            client.put_secret_value(SecretId="db", SecretString="new")
            fakesecrets_clock.tick(3_599)
            assert [each.value()["SecretString"] for each in (agent, patient)] == ["new", "old"], README
            fakesecrets_clock.tick(1)
            assert patient.value()["SecretString"] == "new", README
            patient.connection.close()

    def test_a_reset_empties_it(self, fakesecrets, agent):
        fakesecrets.add_secret("db", "value")
        agent.value()

        fakesecrets.reset()

        assert agent.ask(QUERY) == (400, NOT_FOUND)

    def test_time_that_goes_backwards_leaves_nothing_from_the_future(
        self, fakesecrets, fakesecrets_clock, client, agent
    ):
        fakesecrets_clock.move_to("2030-01-02")
        fakesecrets.add_secret("db", "old")
        agent.value()
        client.put_secret_value(SecretId="db", SecretString="new")

        fakesecrets_clock.move_to("2030-01-01")

        assert agent.value()["SecretString"] == "new"

    def test_many_threads_get_what_is_current_after_a_refresh(self, fakesecrets, fakesecrets_server, client):
        fakesecrets.add_secret("db", "old")

        def read(number):
            agent = Agent(fakesecrets_server)
            try:
                return agent.value(f"{QUERY}&refreshNow={number % 2}")["SecretString"]
            finally:
                agent.connection.close()

        with ThreadPoolExecutor(8) as threads:
            before = set(threads.map(read, range(16)))
            client.put_secret_value(SecretId="db", SecretString="new")
            read(1)
            after = set(threads.map(read, range(16)))

        assert (before, after) == ({"old"}, {"new"})


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class TestPort:
    def test_one_port_serves_again_and_again(self, fakesecrets, free_port):
        fakesecrets.add_secret("db", "value")

        for _ in range(3):
            with fakesecrets.serve(port=free_port) as server:
                assert server.url == f"http://127.0.0.1:{free_port}"
                assert server.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] == str(free_port)
                agent = Agent(server)
                assert agent.value()["SecretString"] == "value"
            agent.connection.close()

    def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(self, fakesecrets):
        with fakesecrets.serve() as first:
            taken = int(first.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"])
            with pytest.raises(FakeSecretsError) as raised, fakesecrets.serve(taken):
                raise AssertionError("not reached")

        assert str(raised.value) == (
            f"The server cannot listen on 127.0.0.1:{taken}: Address already in use. Another program, another server of "
            "this run, or another worker of pytest-xdist may listen there. End it; or serve on a free port, as serve() "
            "does without a port, where the application reads PARAMETERS_SECRETS_EXTENSION_HTTP_PORT."
        )

    @pytest.mark.parametrize("port", [-1, 65_536, "2773", None, True, 2773.0])
    def test_an_invalid_port_is_an_error(self, fakesecrets, port):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.serve(port=port)

        assert (
            str(raised.value)
            == f"The argument port is a number from 0, for any that is free, to 65535; not {port!r}."
        )

    @pytest.mark.parametrize(
        ("ttl", "advice"),
        [
            (-1, ""),
            (300, " Write timedelta(seconds=300)."),
            ("5 min", " Write timedelta(minutes=5)."),
            (timedelta(seconds=-1), ""),
            (timedelta(seconds=3_601), ""),
        ],
    )
    def test_an_invalid_time_to_live_is_an_error(self, fakesecrets, ttl, advice):
        with pytest.raises(
            FakeSecretsError,
            match=r"^The argument ttl is how long the Secrets Manager Agent and the Lambda Extension cache a value: a "
            rf"timedelta of 0 to .*; not {re.escape(repr(ttl))}\.{re.escape(advice)}$",
        ):
            fakesecrets.serve(ttl=ttl)

    def test_an_error_of_the_fake_itself_is_answered_and_printed(self, fakesecrets, monkeypatch, capfd):
        def broken(*_):
            raise LookupError("broken")

        fakesecrets.add_secret("db", "value")
        monkeypatch.setattr(http_server.ExtensionEndpoint, "answer", broken)

        with fakesecrets.serve() as server:
            agent = Agent(server)
            status, text = agent.ask(QUERY)
            agent.connection.close()

        assert (status, json.loads(text)["message"]) == (500, "The fake has failed: LookupError: broken")
        assert "LookupError: broken" in capfd.readouterr().err

    def test_the_process_of_the_test_keeps_its_environment(self, fakesecrets):
        before = dict(os.environ)

        with fakesecrets.serve():
            assert dict(os.environ) == before
