"""Findings about a rotation function that was run: their code, step and call, and never a secret value."""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from rotation_functions import STEPS, client_at, raising_in, well_behaved

from pytest_fakesecrets import FakeSecretsError, Finding, RotationFailedWarning
from pytest_fakesecrets._core.errors import ReportingFailedWarning

pytestmark = [
    pytest.mark.usefixtures("kept_clients"),
    pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning"),
]

OLD, NEW = "old-password", "new-password"


@pytest.fixture
def db(fakesecrets, client):
    client.create_secret(Name="db", SecretString=OLD)
    client.create_secret(Name="other", SecretString="another-password")
    return client


def in_step(name, work, otherwise=well_behaved):
    """Return a function that does *work* in one step, and behaves correctly in the others."""

    def handler(event, context):
        if event["Step"] != name:
            return otherwise(event, context)
        client = client_at(os.environ["SECRETS_MANAGER_ENDPOINT"])
        return work(client, event["SecretId"], event["ClientRequestToken"])

    return handler


class Unprintable:
    def __repr__(self):
        raise LookupError


def strange_error():
    error = RuntimeError("it failed")
    error.response = {"Error": "a text"}
    raise error


def put(client, arn, token, value=NEW, **members):
    members = {"VersionStages": ["AWSPENDING"], **members}
    client.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=value, **members)


def put_other(client, arn, token):
    put(client, arn, token)
    client.put_secret_value(SecretId="other", SecretString=NEW)


def put_again(client, arn, token):
    put(client, arn, token)
    put(client, arn, token, "yet-another-password")


def keep_what_is_there(client, arn, token):
    put(client, arn, token)
    with suppress(client.exceptions.ResourceExistsException):
        put(client, arn, token, "yet-another-password")


def pass_a_dict(client, arn, token):
    put(client, arn, token, {"password": NEW})


def finish_and_move_previous(client, arn, token):
    STEPS["finishSecret"](client, arn, token)
    held = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    previous = next(version for version, labels in held.items() if "AWSPREVIOUS" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSPREVIOUS", RemoveFromVersionId=previous, MoveToVersionId=token
    )


def finish_the_wrong_way(client, arn, token):
    held = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    old = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
    STEPS["finishSecret"](client, arn, token)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSPENDING", RemoveFromVersionId=token, MoveToVersionId=old
    )


def test_in_a_thread(client, arn, token):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(client.get_secret_value, SecretId=arn, VersionId=token).result()


test_in_a_thread.__test__ = False


def writing(stream):
    def work(client, arn, token):
        put(client, arn, token)
        stream(NEW)

    return work


def returning(value):
    def work(client, arn, token):
        put(client, arn, token)
        return value

    return work


def read_the_event(event, context):
    return event["Token"]


def log_the_event(event, context):
    logging.getLogger("rotation").warning("got %s", event)
    well_behaved(event, context)


def requesting(what):
    def work(client, arn, token):
        client.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", **what)

    return work


FOUND = [
    pytest.param(
        in_step("createSecret", lambda *a: put(*a, VersionStages=["AWSCURRENT"])),
        [("current-moved-early", "createSecret", "PutSecretValue")],
        id="the new value is current at once",
    ),
    pytest.param(
        in_step("createSecret", lambda client, arn, token: put(client, arn, "f" * 32)),
        [("foreign-version", "createSecret", "PutSecretValue"), ("value-missing", "createSecret", None)],
        id="another token",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: put(*a, value="null")),
        [("value-empty", "createSecret", "PutSecretValue")],
        id="an empty value",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: put(*a, value=json.dumps({"username": "app", "password": None}))),
        [("value-empty", "createSecret", "PutSecretValue")],
        id="a password that is null",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: put(*a, value=OLD)),
        [("value-unchanged", "createSecret", "PutSecretValue")],
        id="the same value",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: put(*a, value=json.dumps({"password": "another-password"}))),
        [],
        id="JSON after a plain text",
    ),
    pytest.param(
        in_step("createSecret", put_again),
        [("pending-overwritten", "createSecret", "PutSecretValue")],
        id="two values for one token",
    ),
    pytest.param(in_step("createSecret", keep_what_is_there), [], id="what is there already is kept"),
    pytest.param(
        in_step("createSecret", pass_a_dict),
        [("illegal-call", "createSecret", None)],
        id="a dict where a text has to be",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: os.environ["NOWHERE_TO_BE_FOUND"]),
        [],
        id="a variable that is not set",
    ),
    pytest.param(
        in_step("createSecret", put_other),
        [("other-secret-changed", "createSecret", "PutSecretValue")],
        id="another secret",
    ),
    pytest.param(
        in_step("createSecret", lambda *a: None),
        [("step-did-nothing", "createSecret", None)],
        id="createSecret without a value",
    ),
    pytest.param(
        in_step("testSecret", lambda *a: None), [("untested", "testSecret", None)], id="nothing is tested"
    ),
    pytest.param(
        in_step("finishSecret", lambda *a: None),
        [("step-did-nothing", "finishSecret", None), ("pending-left-behind", "finishSecret", None)],
        id="finishSecret without a move",
    ),
    pytest.param(
        in_step("finishSecret", finish_and_move_previous),
        [("previous-moved", "finishSecret", "UpdateSecretVersionStage")],
        id="AWSPREVIOUS by hand",
    ),
    pytest.param(
        in_step("finishSecret", finish_the_wrong_way),
        [("pending-left-behind", "finishSecret", None)],
        id="AWSPENDING on the old version",
    ),
    pytest.param(
        in_step("finishSecret", requesting({"MoveToVersionId": "e" * 32})),
        [],
        id="an error of AWS is no finding",
    ),
    pytest.param(
        in_step("finishSecret", requesting({"RemoveFromVersionId": None})),
        [("illegal-call", "finishSecret", None)],
        id="a parameter that botocore refuses",
    ),
    pytest.param(
        in_step("finishSecret", requesting({})),
        [("illegal-call", "finishSecret", "UpdateSecretVersionStage")],
        id="parameters that AWS refuses",
    ),
    pytest.param(
        read_the_event, [("event-misread", "createSecret", None)], id="a key that the event has not"
    ),
    pytest.param(
        in_step("createSecret", writing(print)),
        [("secret-leaked", "createSecret", None)],
        id="a value printed",
    ),
    pytest.param(
        in_step("createSecret", writing(lambda text: sys.stderr.write(text))),
        [("secret-leaked", "createSecret", None)],
        id="a value on stderr",
    ),
    pytest.param(
        in_step("createSecret", writing(lambda text: logging.getLogger("rotation").error("new: %s", text))),
        [("secret-leaked", "createSecret", None)],
        id="a value in the log",
    ),
    pytest.param(
        in_step("createSecret", writing(lambda text: logging.getLogger("botocore.hooks").error("%s", text))),
        [],
        id="botocore's own log",
    ),
    pytest.param(
        in_step("createSecret", returning({"made": NEW})),
        [("secret-leaked", "createSecret", None)],
        id="a value returned",
    ),
    pytest.param(
        raising_in("setSecret", RuntimeError(f"no login with {OLD}")),
        [("secret-leaked", "setSecret", None)],
        id="a value in the exception",
    ),
    pytest.param(
        log_the_event,
        [
            ("secret-leaked", step, None)
            for step in ("createSecret", "setSecret", "testSecret", "finishSecret")
        ],
        id="the whole event",
    ),
    *(
        pytest.param(
            in_step("createSecret", returning(value)),
            [("error-like-return", "createSecret", None)],
            id=f"returns {value!r}",
        )
        for value in (
            False,
            {"statusCode": 500},
            {"statusCode": "404"},
            {"status": "error"},
            {"error": "x"},
            "Error: x",
        )
    ),
    *(
        pytest.param(in_step("createSecret", returning(value)), [], id=f"returns {value!r}, which is fine")
        for value in (None, True, {"statusCode": 200}, {"status": "ok"}, {"error": None}, "done", 0)
    ),
    pytest.param(in_step("testSecret", test_in_a_thread), [], id="testSecret works in a thread"),
    pytest.param(well_behaved, [], id="nothing to say"),
    pytest.param(raising_in("setSecret"), [], id="a failure is no finding"),
]


class TestFindings:
    @pytest.mark.parametrize(("function", "expected"), FOUND)
    def test_describe_the_mistake_of_a_function(self, db, fakesecrets, function, expected):
        rotation = fakesecrets.rotate("db", function)

        assert [(found.code, found.step, found.call) for found in rotation.findings] == expected

    @pytest.mark.parametrize("function", [row.values[0] for row in FOUND], ids=[row.id for row in FOUND])
    def test_never_show_a_secret_value(self, db, fakesecrets, function):
        rotation = fakesecrets.rotate("db", function)

        printed = "".join(map(str, rotation.findings)) + repr(rotation.findings) + repr(rotation)
        assert OLD not in printed
        assert NEW not in printed

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            pytest.param(
                {"password": OLD, "passwd": NEW, "host": "h"}, "value-unchanged", id="a misspelt member"
            ),
            pytest.param({"password": NEW}, "members-lost", id="a member that is gone"),
        ],
    )
    def test_about_a_json_value_compare_its_members(self, client, fakesecrets, value, code):
        client.create_secret(Name="db", SecretString=json.dumps({"password": OLD, "host": "h"}))
        function = in_step("createSecret", lambda *a: put(*a, value=json.dumps(value)))

        rotation = fakesecrets.rotate("db", function)

        assert [(found.code, found.call) for found in rotation.findings] == [(code, "PutSecretValue")]

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (
                {"at": "1"},
                "createSecret changed only at: the credential in password is the current one, so nothing rotates.",
            ),
            (
                {"host": "i", "at": "1"},
                "createSecret changed only at, host: the credential in password is the current ",
            ),
            ({}, "createSecret stored the current credential again, so nothing rotates."),
        ],
        ids=str,
    )
    def test_of_an_unchanged_credential_name_the_members_that_changed(
        self, client, fakesecrets, change, text
    ):
        before = {"password": OLD, "host": "h"}
        client.create_secret(Name="db", SecretString=json.dumps(before))
        function = in_step("createSecret", lambda *a: put(*a, value=json.dumps({**before, **change})))

        [finding] = fakesecrets.rotate("db", function).findings

        assert finding.code == "value-unchanged"
        assert finding.text.startswith(text)

    @pytest.mark.parametrize(
        ("before", "changed", "code"),
        [
            pytest.param({"user": "u", "passwd": OLD}, {"host": "h"}, "value-unchanged", id="passwd"),
            pytest.param(
                {"userName": "u", "clientSecret": OLD}, {"userName": "v"}, "value-unchanged", id="camelCase"
            ),
            pytest.param(
                {"password": OLD, "monkey": "m"}, {"monkey": "n"}, "value-unchanged", id="another word"
            ),
            pytest.param(
                {"password": OLD, "primary_key": "1"}, {"primary_key": "2"}, "value-unchanged", id="a key"
            ),
            pytest.param(
                {"user": "u", "pass-phrase": OLD, "pwd": OLD}, {"pwd": None}, "value-empty", id="pwd"
            ),
            pytest.param(
                {"public_key": "p", "private_key": OLD}, {"private_key": NEW}, None, id="private_key"
            ),
            pytest.param(
                {"token_url": "u", "token": OLD}, {"token_url": "", "token": NEW}, None, id="token_url"
            ),
        ],
    )
    def test_about_a_json_value_identify_the_credential_by_its_name(
        self, client, fakesecrets, before, changed, code
    ):
        client.create_secret(Name="db", SecretString=json.dumps(before))
        function = in_step("createSecret", lambda *a: put(*a, value=json.dumps({**before, **changed})))

        rotation = fakesecrets.rotate("db", function)

        assert [found.code for found in rotation.findings] == ([code] if code else [])

    def test_of_simultaneous_rotations_are_kept_apart(self, client, fakesecrets):
        for name in ("a", "b"):
            client.create_secret(Name=name, SecretString=OLD)
        # A shared client, since a new one would read the environment variables, which both threads change.
        function = fakesecrets.add_rotation_function(
            lambda event, context: STEPS[event["Step"]](
                client, event["SecretId"], event["ClientRequestToken"]
            )
        )

        def rotations(name):
            return [fakesecrets.rotate(name, function).findings for _ in range(5)]

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(rotations, ["a", "b"])) == [[()] * 5] * 2

    @pytest.mark.parametrize(
        "work",
        [
            pytest.param(lambda *a: returning(Unprintable())(*a), id="a value that cannot be printed"),
            pytest.param(lambda *a: put(*a, value="[" * 60_000), id="deeply nested text that is not JSON"),
            pytest.param(lambda *a: strange_error(), id="an error with a strange response"),
        ],
    )
    def test_never_fail_a_rotation(self, db, fakesecrets, work):
        rotation = fakesecrets.rotate("db", in_step("createSecret", work))

        assert rotation.steps[0].name == "createSecret"
        assert rotation.status in ("succeeded", "failed")

    def test_name_an_error_of_aws_that_the_function_ignored(self, db, fakesecrets):
        def swallows(client, arn, token):
            try:
                client.get_secret_value(SecretId=arn, VersionId=token)
            except Exception:
                put(client, arn, token)

        fakesecrets.fail("GetSecretValue", "AccessDeniedException", step="createSecret")

        rotation = fakesecrets.rotate("db", in_step("createSecret", swallows))

        assert [(found.code, found.call) for found in rotation.findings] == [
            ("error-swallowed", "GetSecretValue")
        ]

    def test_omit_an_error_of_aws_that_a_retry_overcame(self, db, fakesecrets):
        fakesecrets.fail("GetSecretValue", "ThrottlingException", step="createSecret", times=2)

        assert fakesecrets.rotate("db", well_behaved).findings == ()

    @pytest.mark.parametrize(
        ("second", "codes"),
        [
            pytest.param({"VersionStages": ["AWSPENDING"], "SecretString": "newer"}, [], id="the same call"),
            pytest.param(
                {"VersionStages": ["AWSPENDING", "MINE"], "SecretString": "new"},
                ["error-swallowed"],
                id="another",
            ),
        ],
    )
    def test_of_a_rejection_depend_on_whether_the_function_makes_the_call_again(
        self, db, fakesecrets, second, codes
    ):
        def persists(client, arn, token):
            first = {"SecretId": arn, "SecretString": "new", "VersionStages": ["AWSPENDING"]}
            with suppress(client.exceptions.ClientError):
                client.put_secret_value(**first, ClientRequestToken=token)
            client.put_secret_value(ClientRequestToken=token, **second, SecretId=arn)

        fakesecrets.fail("PutSecretValue", "AccessDeniedException", step="createSecret")

        rotation = fakesecrets.rotate("db", in_step("createSecret", persists))

        assert [found.code for found in rotation.findings] == codes

    def test_cover_all_attempts_without_duplicates(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(in_step("finishSecret", lambda *a: None))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        for _ in range(2):
            with pytest.warns(RotationFailedWarning):
                rotation = fakesecrets_rotation.run()

        assert (rotation.attempt, [found.code for found in rotation.findings]) == (
            2,
            ["step-did-nothing", "pending-left-behind"],
        )

    def test_of_a_step_exclude_those_of_other_steps(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(in_step("createSecret", returning(False)))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert [found.code for found in fakesecrets_rotation.step().findings] == ["error-like-return"]
        assert fakesecrets_rotation.step().findings == ()

    def test_leave_streams_and_loggers_unchanged(self, db, fakesecrets):
        before = sys.stdout, sys.stderr, list(logging.getLogger().handlers)

        fakesecrets.rotate("db", in_step("createSecret", writing(print)))

        assert (sys.stdout, sys.stderr, list(logging.getLogger().handlers)) == before


class TestTheTextOfAFinding:
    """The variable parts of a finding are redacted, and its fixed wording is not."""

    @pytest.mark.parametrize(
        ("work", "code", "expected"),
        [
            pytest.param(
                lambda client, arn, token: client.put_secret_value(SecretId=arn, SecretString={"a": NEW}),
                "illegal-call",
                "A call has invalid parameters: Parameter validation failed: Invalid type for parameter "
                "SecretString, valid types: <class 'str'>",
                id="parameters",
            ),
            pytest.param(
                lambda client, arn, token: {}["a " + OLD],
                "event-misread",
                "The function read 'a ***', and the event has only Step, SecretId, ClientRequestToken, RotationToken.",
                id="a key",
            ),
        ],
    )
    def test_quotes_an_exception_without_secret_values(self, db, fakesecrets, work, code, expected):
        rotation = fakesecrets.rotate("db", in_step("createSecret", work))

        assert [found.text for found in rotation.findings if found.code == code] == [expected]

    def test_quotes_an_error_of_aws_without_secret_values(self, db, fakesecrets):
        fakesecrets.fail(
            "GetSecretValue", (400, "InvalidRequestException", f"Not {OLD}, nor first."), times=None
        )

        rotation = fakesecrets.rotate("db", well_behaved)

        assert (
            "GetSecretValue was rejected with InvalidRequestException.",
            "AWS says: Not ***, nor first.",
        ) in [(found.text, found.advice) for found in rotation.findings]

    def test_names_lost_members_without_their_values(self, client, fakesecrets):
        client.create_secret(
            Name="db", SecretString=json.dumps({"password": OLD, "host": "h", f"{OLD}-2": "a"})
        )
        function = in_step("createSecret", lambda *a: put(*a, value=json.dumps({"password": NEW})))

        (found,) = fakesecrets.rotate("db", function).findings

        assert found.text == "The new value lacks members of the current value: host, ***-2."

    @pytest.mark.parametrize(
        "written",
        [
            f"postgres://app:{OLD}@db",
            "Basic " + base64.b64encode(f"app:{OLD}".encode()).decode(),
            OLD.encode().hex(),
            json.dumps({"body": json.dumps({"password": OLD})}),
        ],
        ids=["a DSN", "HTTP Basic", "hex", "JSON in JSON"],
    )
    def test_reports_a_leaked_value_in_every_notation(self, client, fakesecrets, written):
        client.create_secret(
            Name="db", SecretString=json.dumps({"users": [{"username": "app", "password": OLD}]})
        )

        def logs(event, context):
            logging.getLogger("rotation").warning("%s", written)

        assert "secret-leaked" in [found.code for found in fakesecrets.rotate("db", logs).findings]

    def test_says_that_a_value_is_not_json(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString=json.dumps({"password": OLD, "host": "h"}))
        function = in_step("createSecret", lambda *a: put(*a, value=str({"password": NEW, "host": "h"})))

        [found] = fakesecrets.rotate("db", function).findings

        assert str(found) == (
            "members-lost (createSecret, PutSecretValue): The new value is not JSON, and the current value is, so clients "
            "cannot read its members. Store json.dumps(value): str(value) of a dict is not JSON."
        )

    def test_names_the_members_whose_values_leaked(self, client, fakesecrets):
        value = {"db_password": "hunter2-db", "user": "app", "api_key": "hunter2-key"}
        client.create_secret(Name="db", SecretString=json.dumps(value))

        def logs(event, context):
            if event["Step"] == "createSecret":
                sys.stdout.write("connected with hunter2-db")
            elif event["Step"] == "setSecret":
                sys.stdout.write(str(value))

        texts = {
            found.step: found.text
            for found in fakesecrets.rotate("db", logs).findings
            if "leak" in found.code
        }

        assert texts["createSecret"].startswith("The value of 'db_password' was written to stdout at ")
        assert texts["setSecret"].startswith(
            "The values of 'api_key' and 'db_password' were written to stdout"
        )

    @pytest.mark.parametrize(
        ("password", "written", "is_leaked"),
        [
            ("test", "testSecret: step done", False),
            ("root", "chroot, rooted, root_dir, Rooted", False),
            ("root", "testSecret: checked as root", True),
            ("root", "postgres://app:root@db", True),
            ("root", "Basic " + base64.b64encode(b"app:root").decode(), True),
            ("root2", "xroot2x", True),
            ("correcthorsebattery", "xcorrecthorsebatteryx", True),
        ],
    )
    def test_reports_a_short_word_only_where_it_is_whole(
        self, client, fakesecrets, password, written, is_leaked
    ):
        client.create_secret(Name="db", SecretString=json.dumps({"db_password": password}))

        found = fakesecrets.rotate("db", lambda event, context: sys.stdout.write(written) and None).findings

        assert any(each.code == "secret-leaked" for each in found) == is_leaked

    @pytest.mark.parametrize("broken", ["findings", "leaks"])
    def test_reports_a_step_that_could_not_be_checked(self, db, fakesecrets, monkeypatch, broken):
        def fails(*_):
            raise LookupError

        monkeypatch.setattr(f"pytest_fakesecrets._rotation.invocation.{broken}", fails)

        with pytest.warns(ReportingFailedWarning, match="LookupError at"):
            rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert {found.code for found in rotation.findings} == {"unchecked"}
        with pytest.raises(AssertionError, match="The calls of createSecret could not be checked"):
            fakesecrets.check(rotation)


class TestFakeCheck:
    def test_passes_without_findings(self, db, fakesecrets):
        fakesecrets.check(fakesecrets.rotate("db", well_behaved))

    def test_fails_with_every_finding_and_its_remedy(self, db, fakesecrets):
        rotation = fakesecrets.rotate("db", in_step("finishSecret", lambda *a: None))

        with pytest.raises(AssertionError) as raised:
            fakesecrets.check(rotation)

        assert str(raised.value) == (
            f"The rotation of {rotation.secret_id} failed in finishSecret, attempt 1: FakeSecretsError: "
            f"{rotation.error}\nFindings:\n"
            "- step-did-nothing (finishSecret): finishSecret returned without moving a label, so the new value never "
            "becomes current. Move AWSCURRENT to the version of event['ClientRequestToken'].\n"
            "- pending-left-behind (finishSecret): AWSPENDING is on v2, which is not current, so the next RotateSecret "
            "will be rejected. Leave AWSPENDING on the version that becomes current, or remove it from there."
        )

    def test_fails_for_a_failed_rotation_without_findings(self, db, fakesecrets):
        def fails(event, context):
            raise ValueError("no route to host")

        with pytest.warns(RotationFailedWarning):
            rotation = fakesecrets.rotate("db", fails)

        with pytest.raises(AssertionError) as raised:
            fakesecrets.check(rotation)

        line = fails.__code__.co_firstlineno + 1
        assert rotation.findings == ()
        assert str(raised.value) == (
            f"The rotation of {rotation.secret_id} failed in createSecret, attempt 1: ValueError: no route to host "
            f"at test_findings.py:{line} in fails\nFindings: none"
        )

    @pytest.mark.parametrize(
        ("disturb", "said"),
        [
            (lambda fake, driver, db: None, "is in progress, and no step has run"),
            (lambda fake, driver, db: driver.step(), "is in progress after createSecret, attempt 1"),
            (
                lambda fake, driver, db: (driver.step(), db.cancel_rotate_secret(SecretId="db")),
                "was cancelled in createSecret, attempt 1",
            ),
        ],
        ids=["before its first step", "in progress", "cancelled"],
    )
    def test_fails_for_an_unfinished_rotation(self, db, fakesecrets, fakesecrets_rotation, disturb, said):
        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))
        disturb(fakesecrets, fakesecrets_rotation, db)

        with pytest.raises(AssertionError, match=said):
            fakesecrets.check(fakesecrets.rotations()[0])

    @pytest.mark.parametrize("given", ["db", None, ()])
    def test_accepts_only_a_rotation(self, fakesecrets, given):
        with pytest.raises(FakeSecretsError, match=r"check\(\) takes one Rotation"):
            fakesecrets.check(given)

    def test_reads_the_present_state_of_the_rotation(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(in_step("testSecret", lambda *a: None))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        early = fakesecrets.rotations()[0]

        fakesecrets_rotation.run()

        with pytest.raises(AssertionError, match="untested"):
            fakesecrets.check(early)


def test_a_failed_assertion_on_a_status_explains_why_the_rotation_failed(pytester):
    pytester.makepyfile(
        """
        import pytest


        def rotate(event, context):
            raise ValueError("no route to host, with old-password")


        @pytest.mark.filterwarnings("ignore")
        @pytest.mark.parametrize("is_left", [True, False])
        def test_it(fakesecrets, fakesecrets_client, is_left):
            fakesecrets_client.create_secret(Name="db", SecretString="old-password")
            status = fakesecrets.rotate("db", rotate).status
            if is_left:
                assert status == "succeeded"
            assert "succeeded" == status
        """
    )

    ran = pytester.runpytest()

    ran.assert_outcomes(failed=2)
    why = "*The rotation failed in createSecret, attempt 1: ValueError: no route to host, with [*][*][*] at *.py:5 in rotate"
    ran.stdout.fnmatch_lines(["E *the status of the rotation is 'failed', not 'succeeded'*", why] * 2)


def test_a_finding_reads_as_a_sentence():
    finding = Finding(
        code="untested", text="It is so.", advice="Do this.", step="testSecret", call="GetSecretValue"
    )

    assert str(finding) == "untested (testSecret, GetSecretValue): It is so. Do this."
    assert (
        str(Finding(code="untested", text="It is so.", advice="Do this.")) == "untested: It is so. Do this."
    )
