"""Secret values, and only these, are redacted in all text of the fake, in every notation."""

from __future__ import annotations

import base64
import html
import json
import threading
from urllib.parse import quote, quote_plus

import pytest
from rotation_functions import raising_in, well_behaved

from pytest_fakesecrets import (
    CredentialRefused,
    CredentialTarget,
    FakeSecretsError,
    RotationContract,
    RotationFailedWarning,
    TargetDown,
)
from pytest_fakesecrets._core.errors import ReportingFailedWarning
from pytest_fakesecrets._report.collector import secrets_of
from pytest_fakesecrets._rotation.captured_output import Output
from pytest_fakesecrets._rotation.failure_warnings import described
from pytest_fakesecrets._rotation.value_checks import leaks
from pytest_fakesecrets._service import decoding, redaction
from pytest_fakesecrets._service.redaction import WITHHELD, Redactor

pytestmark = pytest.mark.usefixtures("kept_clients")

#: Imported here, since otherwise each inner run in this process would import and discard its own copy.
KEPT = (RotationContract,)

VALUES = {
    "letters": "correct-horse",
    "quotes, escapes and signs": 'it\'s-a\\ "pw"\n-----é /@%+&<',
    "another script": "пароль-日本",
    "beyond the basic plane": "key-\N{GRINNING FACE}-key",
    "a lone surrogate": "x\ud800-secret",
    "an escape that is text": "a\\n%41&amp;b",
}


def raw(value):
    return value.encode("utf-8", "surrogatepass")


def b64(data):
    return base64.b64encode(data).decode()


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode()


#: The notations of a text in logs, exceptions, DSNs, headers, HTML pages and shells.
FORMS = {
    "itself": str,
    "repr": repr,
    "ascii": ascii,
    "unicode_escape": lambda value: value.encode("unicode_escape").decode(),
    "repr of a dict": lambda value: repr({"password": value}),
    "JSON": json.dumps,
    "JSON in JSON": lambda value: json.dumps({"body": json.dumps({"password": value})}),
    "the repr of JSON in JSON": lambda value: repr(json.dumps({"body": json.dumps({"password": value})})),
    "JSON three times over": lambda value: json.dumps(json.dumps(json.dumps(value))),
    "repr of bytes": lambda value: repr(raw(value)),
    "bytes as Latin-1": lambda value: raw(value).decode("latin-1"),
    "repr of UTF-16": lambda value: repr(value.encode("utf-16", "surrogatepass")),
    "a DSN": lambda value: f"postgres://app:{quote(raw(value), safe='')}@db/app",
    "a DSN by quote_plus": lambda value: f"postgres://app:{quote_plus(raw(value))}@db/app",
    "percents in lower case": lambda value: (
        quote(raw(value), safe="").lower() if value.islower() else quote(raw(value))
    ),
    "percents twice over": lambda value: quote(quote(raw(value))),
    "the JSON of a DSN": lambda value: json.dumps({"dsn": f"//app:{quote_plus(raw(value))}@db"}),
    "Base64": lambda value: b64(raw(value)),
    "Base64 without padding": lambda value: b64(raw(value)).rstrip("="),
    "Base64 for URLs": lambda value: url_safe(raw(value)),
    "Base64 for URLs without padding": lambda value: url_safe(raw(value)).rstrip("="),
    "Base64 in lines": lambda value: base64.encodebytes(b"-" * 70 + raw(value)).decode(),
    "Base64 of UTF-16": lambda value: b64(value.encode("utf-16-le", "surrogatepass")),
    "Base64 of JSON": lambda value: b64(json.dumps({"username": "app", "password": value}).encode()),
    "the percents of Base64": lambda value: quote(b64(raw(value)), safe=""),
    "HTTP Basic": lambda value: f"Basic {b64(b'app:' + raw(value))}",
    **{
        f"Base64, {before} bytes further on": lambda value, before=before: b64(
            b"-" * before + raw(value) + b"--"
        )
        for before in (1, 2, 3)
    },
    "hex": lambda value: raw(value).hex(),
    "HEX": lambda value: raw(value).hex().upper(),
    "hex with colons": lambda value: raw(value).hex(":"),
    "hex in groups": lambda value: raw(value).hex(" ", 2),
    "hex of an array": lambda value: ", ".join(f"0x{byte:02x}" for byte in raw(value)),
    "hex after a digit": lambda value: "f" + raw(value).hex(),
    "numbers": lambda value: str(list(raw(value))),
    "html.escape": html.escape,
    "character references": lambda value: "".join(f"&#{ord(letter)};" for letter in value),
    "a shell's quotes": lambda value: "'" + value.replace("'", "'\"'\"'") + "'",
    "SQL": lambda value: value.replace("'", "''"),
    "CSV": lambda value: value.replace('"', '""'),
    "a format string": lambda value: value.replace("%", "%%"),
}

#: The members that store a value.
STORED = {
    "SecretString": lambda value: value,
    "SecretBinary": raw,
    "a member": lambda value: json.dumps({"username": "app", "password": value}),
    "a member deep down": lambda value: json.dumps({"users": [{"name": "app", "token": value}]}),
    "JSON in a member": lambda value: json.dumps({"config": json.dumps({"password": value})}),
    "JSON in bytes": lambda value: json.dumps({"password": value}).encode(),
}


class TestRedaction:
    @pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
    def test_covers_a_value_in_every_notation(self, value, stored):
        redactor = Redactor()
        redactor.add(stored(value))

        redacted = {
            name: redactor.redact(f"The first login failed: {form(value)}; is it set?")
            for name, form in FORMS.items()
        }

        wrong = {
            name: text
            for name, text in redacted.items()
            if not (text.startswith("The first login failed: ") and text.endswith("; is it set?"))
            or "***" not in text
            or form_is_left(FORMS[name](value), text)
        }
        assert wrong == {}

    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_finds_a_leak_in_every_notation(self, fakesecrets, form):
        fakesecrets.add_secret("db", json.dumps({"username": "app", "password": VALUES["letters"]}))
        secret = fakesecrets._service.locate("db")[1]

        def found(text):
            return tuple(leak.output for leak in leaks([Output("the log", text)], None, secret, (), ""))

        assert found(f"logged in with {form('correct-horse')}") == ("the log",)
        assert found(f"logged in with {form('another-horse')}") == ()

    def test_finds_a_leak_that_is_written_piece_by_piece(self, fakesecrets):
        fakesecrets.add_secret("db", "correct-horse")
        secret = fakesecrets._service.locate("db")[1]

        one, other = Output("stdout", "correct"), Output("stdout", "-horse")
        assert [leak.output for leak in leaks([one, other], None, secret, (), "")] == ["stdout"]
        assert leaks([one, other._replace(name="the log")], None, secret, (), "") == ()

    def test_covers_bytes_that_are_not_text(self):
        value = bytes(range(128, 148))
        redactor = Redactor()
        redactor.add(value)
        redacted = {
            repr(value): "b'***'",
            b64(value): "***",
            b64(b"app:" + value): "***",
            value.hex(): "***",
            str(list(value)): "[***]",
            value.decode("latin-1"): "***",
        }

        assert {form: redactor.redact(f"no {form}!") for form in redacted} == {
            form: f"no {shown}!" for form, shown in redacted.items()
        }

    def test_covers_the_password_of_a_stored_url_and_single_lines_of_a_stored_key(self):
        line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
        redactor = Redactor()
        redactor.add("postgres://app:hunter2%2Fold@db/app")
        redactor.add(f"-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n")

        assert redactor.redact("app: hunter2/old, hunter2%2Fold") == "app: ***, ***"
        assert (
            redactor.redact(f"-----BEGIN PRIVATE KEY-----\n  | {line}")
            == "-----BEGIN PRIVATE KEY-----\n  | ***"
        )

    def test_covers_the_beginning_and_the_end_of_a_truncated_long_value(self):
        value = "".join(f"{number:03}-" for number in range(100))
        redactor = Redactor()
        redactor.add(value)

        assert (
            redactor.redact(f"assert '{value[:117]}...{value[-117:]}' == 'b'") == "assert '***...***' == 'b'"
        )

    @pytest.mark.parametrize(
        "name", ["username", "user", "Username", "userName", "db_user", "login", "DB_USERNAME"]
    )
    def test_the_name_of_a_user_stays_unless_it_is_the_password_too(self, name):
        redactor = Redactor()
        redactor.add(json.dumps({name: "app_user", "password": "hunter2-old"}))
        redactor.add(json.dumps({"nested": [{name: "deep_user", "password": "hunter2-new"}]}))
        redactor.add(json.dumps({name: "same_word", "password": "same_word"}))

        assert redactor.redact("app_user: hunter2-old, deep_user: hunter2-new, same_word") == (
            "app_user: ***, deep_user: ***, ***"
        )

    @pytest.mark.parametrize("name", ["user", "username", "host"])
    @pytest.mark.parametrize(
        "member",
        [
            {"password": "hunter2-old"},
            ["hunter2-old"],
            '{"password": "hunter2-old"}',
            "db://app:hunter2-old@host",
        ],
        ids=["an object", "a list", "JSON", "a URL"],
    )
    def test_a_secret_inside_of_a_public_member_is_redacted(self, name, member):
        redactor = Redactor()
        redactor.add(json.dumps({name: member}))

        assert redactor.redact("no hunter2-old!") == "no ***!"

    @pytest.mark.parametrize("name", ["user_token", "users_key", "client_id", "name", "user_data"])
    def test_any_other_member_is_redacted(self, name):
        redactor = Redactor()
        redactor.add(json.dumps({name: "hunter2-old"}))

        assert redactor.redact("no hunter2-old!") == "no ***!"

    def test_ignores_values_that_are_too_short(self):
        redactor = Redactor()
        redactor.add("abc")

        assert redactor.redact("abcd and abc") == "abcd and abc"

    def test_covers_only_the_value_and_the_longest_of_several(self):
        redactor = Redactor()
        for value in ("pass", "password", "wordy"):
            redactor.add(value)

        assert redactor.redact("no password, pass; passwordy.") == "no ***, ***; ***."


def form_is_left(form, text):
    """Return whether all text around the value is unchanged."""
    return form.strip("'\"") in text


class TestRedactionKeeps:
    def test_names_and_arns_of_secrets_that_a_value_contains(self, client, fakesecrets):
        arn = client.create_secret(Name="app/prod-db", SecretString="prod-db")["ARN"]
        other = client.create_secret(
            Name="other",
            SecretString=json.dumps({"main": "app/prod-db", "arn": arn, "password": "hunter2-old"}),
        )["ARN"]

        redacted = fakesecrets._service.redactor.redact(
            f"app/prod-db, {arn}, {other}, {arn!r}: hunter2-old, prod-db"
        )

        assert redacted == f"app/prod-db, {arn}, {other}, {arn!r}: ***, ***"

    @pytest.mark.parametrize(
        "password", ["first", "rotation", "failed", "createSecret", "attempt", "RuntimeError"]
    )
    def test_the_wording_of_the_warning(self, client, fakesecrets, password):
        client.create_secret(Name="db", SecretString=json.dumps({"password": password}))

        with pytest.warns(RotationFailedWarning) as warned:
            rotation = fakesecrets.rotate(
                "db", raising_in("createSecret", RuntimeError(f"no login with {password}"))
            )

        lines = str(warned[0].message).splitlines()
        assert lines[0] == f"The rotation of {rotation.secret_id} failed in createSecret, attempt 1:"
        assert lines[1] == "Traceback (most recent call last):"
        assert lines[2].endswith('rotation_functions.py", line ' + lines[2].split("line ")[1])
        assert lines[-1] == "RuntimeError: no login with ***"

    def test_the_wording_of_a_hint_and_of_a_finding(self, client, fakesecrets):
        client.create_secret(
            Name="db", SecretString=json.dumps({"password": "region", "key": "returned", "secret": "call"})
        )
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            fakesecrets.client("eu-west-1").describe_secret(SecretId="db")

        with pytest.warns(
            RotationFailedWarning, match="The rotation function has returned from all steps, but"
        ):
            rotation = fakesecrets.rotate("db", lambda event, context: False)

        assert (
            "hint: The client is in eu-west-1, and the secret 'db' is in us-east-1." in fakesecrets.timeline()
        )
        assert str(rotation.findings[0]).startswith(
            "error-like-return (createSecret): createSecret returned a value that looks"
        )

    def test_the_wording_of_a_hint_but_not_its_quotations(self, client, fakesecrets):
        client.create_secret(
            Name="db", SecretString=json.dumps({"password": "neither", "key": "weekly", "token": "Write"})
        )
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.rotate_secret(SecretId="db", RotationRules={"ScheduleExpression": "weekly"})

        assert "hint: '***' is neither rate(...) nor cron(...). Write it like" in fakesecrets.timeline()

    def test_the_wording_of_an_error_of_the_package_but_not_its_quotations(self, client, fakesecrets):
        client.create_secret(
            Name="db", SecretString=json.dumps({"password": "password", "key": "known", "token": "user"})
        )
        redactor = fakesecrets._service.redactor
        target = CredentialTarget({"app": "another"})

        def work(event, context):
            target.log_in("app", "password")

        with pytest.warns(RotationFailedWarning) as warned:
            rotation = fakesecrets.rotate("db", work)

        expected = "The password of 'app' is none that has been set here. Set it with change_password()."
        assert str(warned[0].message).splitlines()[-1] == f"pytest_fakesecrets.CredentialRefused: {expected}"
        assert described(rotation.error, redactor) == f"CredentialRefused: {expected}"
        assert (
            secrets_of(fakesecrets._service, [rotation])[0][0].rotations[0].steps[0].text.endswith(expected)
        )
        with pytest.raises(CredentialRefused) as refused:
            target.log_in("the password", "app")
        assert described(refused.value, redactor) == (
            "CredentialRefused: There is no user 'the ***'; known is 'app'. create_user() adds one."
        )

    def test_the_wording_of_a_target_that_is_down_but_no_action(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString=json.dumps({"password": "target", "key": "deploy"}))
        target = CredentialTarget({"app": "target"})
        target.is_down = True

        with pytest.raises(TargetDown) as down:
            target.call("redeploy")

        assert described(down.value, fakesecrets._service.redactor) == (
            "TargetDown: The target is down, so re*** did nothing. Set is_down to False."
        )

    def test_the_wording_of_a_timeline_but_not_a_value_that_was_sent_as_a_name(self, client, fakesecrets):
        client.create_secret(
            Name="db", SecretString=json.dumps({"a": "hunter2-old", "b": "calls", "c": "secret"})
        )
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.describe_secret(SecretId="hunter2-old")
        client.list_secrets()

        parts, _ = secrets_of(fakesecrets._service, ())

        assert [part.arn for part in parts[1:]] == ["***", ""]
        assert parts[2].timeline_text.splitlines()[0] == "calls without a secret"
        assert "hunter2" not in fakesecrets.timeline()
        assert "hunter2" not in repr(parts)

    def test_the_wording_of_a_contract_failure_but_no_values(self, pytester):
        pytester.makepyfile(
            """
            from pytest_fakesecrets import RotationContract


            def rotate(event, context):
                raise RuntimeError("no login as first, Basic YXBwOmZpcnN0, finishSecret")


            class TestFirst(RotationContract):
                rotation_function = staticmethod(rotate)
                secret_value = {"username": "app", "password": "first", "token": "Secret", "key": "rotation"}
            """
        )

        ran = pytester.runpytest("-k", "a_rotation_succeeds", "-p", "no:randomly")

        ran.assert_outcomes(failed=1, deselected=26)
        ran.stdout.fnmatch_lines(
            [
                "E * secret-leaked: The value of 'password' was written to its exception, which Lambda logs.",
                "    What happened to 'app/db':",
                "        createSecret  no call",
                "      * raised RuntimeError: no login as [*][*][*], Basic [*][*][*], finish[*][*][*] at test_*.py:5 in rotate; *",
            ]
        )

    def test_the_names_of_target_calls_in_a_contract_failure_unless_they_contain_a_value(self, fakesecrets):
        from pytest_fakesecrets._contract.harness import Harness
        from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION, InvocationContext

        class Contract(RotationContract):
            rotation_function = staticmethod(well_behaved)
            secret_value = {"username": "app", "password": "password", "key": "deploy"}  # noqa: RUF012
            target = CredentialTarget({"app": "password"})

        trial = Harness(Contract()._settings, fakesecrets, fakesecrets.client())
        trial.create()
        token = CURRENT_INVOCATION.set(InvocationContext("setSecret", "123456789012"))
        for name in ("change_password", "GetRandomPassword", "redeploy", "return"):
            trial._on_call(name)
        CURRENT_INVOCATION.reset(token)

        assert [name for _, name in trial.log] == ["change_password", "GetRandomPassword", "re***", "return"]


class TestTheValuesThatRedactionKnows:
    def test_include_a_value_that_is_no_longer_stored(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString="hunter2-old")
        client.create_secret(Name="gone", SecretString="hunter2-gone")

        def work(event, context):
            client.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)
            raise RuntimeError("no login with hunter2-gone")

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", work)

        assert str(warned[0].message).endswith("RuntimeError: no login with ***")

    @pytest.mark.parametrize("fault", [None, "ThrottlingException"], ids=["by the service", "by a fault"])
    @pytest.mark.parametrize(
        "sent", [{"SecretString": "hunter2-new"}, {"SecretBinary": b"hunter2-new"}], ids=str
    )
    def test_include_a_value_of_a_rejected_request(self, client, fakesecrets, fault, sent):
        client.create_secret(Name="db", SecretString="hunter2-old")
        if fault is not None:
            fakesecrets.fail("PutSecretValue", fault, times=None)

        def work(event, context):
            try:
                client.put_secret_value(SecretId="db" if fault else "nowhere", **sent)
            except Exception:
                raise RuntimeError("could not store hunter2-new") from None

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", work)

        assert str(warned[0].message).endswith("RuntimeError: could not store ***")

    def test_include_those_of_seeds_other_regions_and_the_service(self, fakesecrets):
        fakesecrets.add_secret("rds!db", "hunter2-old", previous_value="hunter2-older", owning_service="rds")
        fakesecrets.client("eu-west-1").create_secret(Name="far", SecretString="hunter2-far")
        fakesecrets.rotate("rds!db")
        made = fakesecrets.secret("rds!db").value()

        redacted = fakesecrets._service.redactor.redact(f"hunter2-older, hunter2-old, hunter2-far, {made!r}")

        assert redacted.replace('"', "'") == "***, ***, ***, '***'"

    def test_are_cleared_by_a_reset(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString="hunter2-old")
        fakesecrets.reset()

        assert fakesecrets._service.redactor.redact("hunter2-old") == "hunter2-old"

    def test_are_limited_and_text_is_withheld_beyond_the_limit(self, monkeypatch):
        monkeypatch.setattr(redaction, "_FORMER", 1_000)
        stored = ["stored-now"]
        redactor = Redactor(lambda: stored)
        redactor._most = 1_000
        redactor.add("stored-now")
        for number in range(40):
            redactor.add(f"former-{number:04}")

        assert redactor.redact("stored-now, former-0000") == "***, ***"

        for number in range(40, 200):
            redactor.add(f"former-{number:04}")

        assert redactor._size < 1_600
        assert redactor.redact("stored-now") == WITHHELD

    def test_include_all_stored_values(self, monkeypatch):
        monkeypatch.setattr(redaction, "_FORMER", 1_000)
        stored = [f"stored-{number:04}" for number in range(1_000)]
        redactor = Redactor(lambda: stored)
        for value in stored:
            redactor.add(value)

        assert redactor.redact("stored-0000, stored-0999") == "***, ***"

    def test_are_prepared_once_for_many_texts(self, monkeypatch):
        read = []
        strings_of = redaction.strings_of
        monkeypatch.setattr(redaction, "strings_of", lambda value: read.append(value) or strings_of(value))
        redactor = Redactor()
        for number in range(20):
            redactor.add(f"hunter2-{number}" * 1_000)
        assert read == []

        for number in range(20):
            redactor.redact(f"attempt {number} with hunter2-7")

        assert len(read) == 20

    def test_may_be_extended_and_used_in_threads_at_once(self):
        redactor, wrong = Redactor(), []

        def work(name):
            for number in range(100):
                redactor.add(f"hunter2-{name}-{number}")
                redactor.add_name(f"app/{name}/{number}")
                text = redactor.redact(f"no login with hunter2-{name}-{number}")
                if text != "no login with ***":
                    wrong.append(text)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert wrong == []


class TestATextThatIsRedacted:
    def test_has_its_lone_surrogates_escaped(self):
        assert Redactor().redact("half \ud800 of one") == "half \\ud800 of one"

    def test_is_truncated_if_huge_and_never_inside_a_value(self):
        redactor = Redactor()
        value = "k" + "0123456789" * 1_000
        redactor.add(value)

        text = redactor.redact("x " * 49_990 + value + " y" * 5_000_000)

        assert len(text) < 110_000
        assert "k0123" not in text
        assert text.endswith("more characters)")

    @pytest.mark.long
    def test_is_processed_quickly_although_all_of_it_looks_encoded(self):
        redactor = Redactor()
        redactor.add("hunter2-old")
        hostile = (
            "%25%32%35\\\\x41+&amp;&#38;''\"\"{{}}\0\0QUFBQUFBQUFBQUFB4141414141414141, 65, 65, 65, 65" * 50
        )

        assert redactor.redact(f"{hostile} hunter2-old").endswith(" ***")
        assert len(list(decoding.readings(hostile, 11))) <= decoding.MOST

    def test_may_be_json_of_any_depth(self):
        redactor = Redactor()
        redactor.add("[" * 900 + '"hunter2-old"' + "]" * 900)
        redactor.add("[" * 60_000)

        assert redactor.redact("no hunter2-old") == "no ***"

    def test_loses_the_values_that_botocore_quotes_in_validation_errors(self):
        text = (
            "Parameter validation failed:\nInvalid type for parameter SecretString, value: {'password': 'never-stored'}, "
            "type: <class 'dict'>, valid types: <class 'str'>"
        )

        assert "never-stored" not in Redactor().redact(text)

    @pytest.mark.parametrize("broken", ["strings_of", "without_parameters", "encodable", "_without"])
    def test_is_withheld_if_redaction_fails(self, monkeypatch, broken):
        def fails(*_, **__):
            raise LookupError("hunter2-old")

        redactor = Redactor()
        redactor.add("hunter2-old")
        monkeypatch.setattr(redaction, broken, fails)

        for _ in range(2):
            with pytest.warns(ReportingFailedWarning) as warned:
                assert redactor.redact("no login with hunter2-old") == WITHHELD

        assert "LookupError" in str(warned[0].message)
        assert "hunter2" not in str(warned[0].message)


class TestANameThatLooksLikeAValue:
    """A test that forgets the name of a secret passes its value where the name belongs."""

    GIVEN = (
        '{"host": "db", "password": "hunter2-old"}',
        '  ["hunter2-old"]',
        '{"password": "hunter2-old"',
        "-----BEGIN PRIVATE KEY-----\nhunter2-old",
        "postgres://app:hunter2-old@host/db",
        "hunter2-old" * 50,
        {"password": "hunter2-old"},
        b"hunter2-old",
    )

    @pytest.mark.parametrize("name", GIVEN, ids=range(len(GIVEN)))
    def test_is_in_no_message(self, db, fakesecrets, name):
        calls = {
            "add_secret": lambda: fakesecrets.add_secret(name),
            "secret": lambda: fakesecrets.secret(name),
            "timeline": lambda: fakesecrets.timeline(name),
            "rotate": lambda: fakesecrets.rotate(name, well_behaved),
            "rotation_paused": lambda: fakesecrets.rotation_paused(name, well_behaved).__enter__(),
            "step": lambda: fakesecrets.drive().step(secret_id=name),
            "fail": lambda: fakesecrets.fail("GetSecretValue", "ThrottlingException", secret_id=name),
            "fail without a SecretId": lambda: fakesecrets.fail("ListSecrets", "X", secret_id=name),
            "secret_name": lambda: contract_with(secret_name=name),
            "companions": lambda: contract_with(companions=(name,)),
            "companions without parentheses": lambda: contract_with(companions=name),
        }
        messages = {}
        for what, call in calls.items():
            with pytest.raises(FakeSecretsError) as raised:
                call()
            messages[what] = str(raised.value)

        assert [what for what, message in messages.items() if "hunter2" in message] == []
        assert messages["add_secret"].splitlines() == [
            "The secret cannot be added: Invalid name. It looks like a value, so it is not shown here.",
            "hint: The first argument is the name, and the second is the value.",
        ]
        if isinstance(name, str):
            assert messages["secret"].splitlines()[1:] == ["hint: The first argument is the name."]

    def test_is_in_no_record_of_a_call(self, db, fakesecrets):
        for name in (self.GIVEN[0], self.GIVEN[5]):
            with pytest.raises(db.exceptions.ClientError):
                db.get_secret_value(SecretId=name)

        hint = "hint: The SecretId is the name or the ARN of a secret, and this one looks like a value."
        assert fakesecrets.history[-1].hint == hint
        assert fakesecrets.timeline().count("a SecretId that looks like a value\n") == 2
        assert "hunter2" not in fakesecrets.timeline() + fakesecrets.recorded(200)

    def test_does_not_include_a_wrong_name_or_a_long_arn(self, db, fakesecrets):
        arn = fakesecrets.secret("db").arn
        for name in ("bad name!", f"{arn}{'x' * 600}"):
            with pytest.raises(FakeSecretsError, match=f"There is no secret '{name}' in the fake"):
                fakesecrets.secret(name)


def contract_with(**attributes):
    return type("TestMine", (RotationContract,), {"secret_value": "x", **attributes})
