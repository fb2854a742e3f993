"""Hints: advice of the fake that is printed below an error of AWS in a failed test."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from botocore.exceptions import ParamValidationError
from rotation_functions import well_behaved
from support import rejected

import pytest_fakesecrets
from pytest_fakesecrets import (
    Assumptions,
    CredentialTarget,
    FakeSecrets,
    RotationFailedWarning,
    RotationProcess,
)
from pytest_fakesecrets._plugin.failure_hints import _may_have_our_name
from pytest_fakesecrets._service.attribute_hints import attribute_hint
from pytest_fakesecrets._service.hints import add_note_about_arn, add_notes
from pytest_fakesecrets._service.keyword_hints import keyword_hint
from pytest_fakesecrets._service.redaction import unredacted

pytestmark = [
    pytest.mark.usefixtures("kept_clients"),
    pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning"),
]


class TestHints:
    """Hints are printed in the report of a failed test, below the message of AWS."""

    @pytest.fixture
    def hint(self, db, fakesecrets):
        def hint(call, **members):
            with rejected():
                call(**members)
            return fakesecrets.history[-1].hint

        return hint

    def test_name_the_region_that_has_the_secret(self, fakesecrets, hint):
        client = fakesecrets.client("eu-west-1")

        assert hint(client.get_secret_value, SecretId="db") == (
            "hint: The client is in eu-west-1, and the secret 'db' is in us-east-1."
        )

    def test_name_the_region_that_the_rotation_function_needs(self, client, fakesecrets, hint):
        function = fakesecrets.add_rotation_function(well_behaved, region_name="eu-west-1")

        assert hint(client.rotate_secret, SecretId="db", RotationLambdaARN=function) == (
            "hint: A rotation function has to be in the region of its secret, us-east-1. "
            "Add it with add_rotation_function(handler, region_name='us-east-1')."
        )

    def test_name_the_step_for_which_a_rotation_waits(self, client, fakesecrets, fakesecrets_rotation, hint):
        client.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))

        assert hint(client.rotate_secret, SecretId="db") == (
            "hint: The previous rotation waits for its step createSecret. Run it with step() or run()."
        )

    def test_say_that_a_paused_rotation_continues_after_its_block(self, client, fakesecrets, hint):
        held = "The previous rotation waits for its step setSecret, since rotation_paused() holds it. "
        with fakesecrets.rotation_paused("db", after="createSecret", handler=well_behaved):
            assert hint(client.rotate_secret, SecretId="db") == f"hint: {held}Leave its block first."
            with rejected():
                fakesecrets.rotate("db")
            assert fakesecrets.history[-1].hint == f"hint: {held}Leave its block first."

    def test_of_a_function_that_is_passed_as_an_arn_point_to_add_rotation_function(self, client):
        hint = (
            "hint: RotationLambdaARN takes an ARN. Pass the ARN that add_rotation_function(handler) returns."
        )
        errors = []
        for members in ({"RotationLambdaARN": well_behaved}, {"RotationLamdaARN": "x"}):
            with pytest.raises(ParamValidationError) as raised:
                client.rotate_secret(SecretId="db", **members)
            for _ in range(2):
                add_note_about_arn(raised.value)
            errors.append("\n".join([str(raised.value), *getattr(raised.value, "__notes__", ())]))

        assert [error.count(hint) for error in errors] == [1, 0]

    @pytest.mark.parametrize(
        ("operation", "members", "expected"),
        [
            (
                "rotate_secret",
                {"RotationRules": {"Duration": "24"}},
                "Duration is a whole number of hours from 1 to 24 and ",
            ),
            (
                "rotate_secret",
                {"RotationRules": {"Duration": "3 hours"}},
                "Duration is a whole number of hours",
            ),
            (
                "rotate_secret",
                {"RotationRules": {"AutomaticallyAfterDays": 1001}},
                "AutomaticallyAfterDays is a whole ",
            ),
            ("rotate_secret", {"RotationLambdaARN": "my-function"}, "RotationLambdaARN takes an ARN. "),
        ],
    )
    def test_name_the_format_of_a_member_that_the_service_rejects(
        self, client, hint, operation, members, expected
    ):
        assert hint(getattr(client, operation), SecretId="db", **members).startswith(f"hint: {expected}")

    def test_name_the_format_of_a_member_that_botocore_rejects(self, pytester):
        pytester.makepyfile(
            """
            import botocore.session
            import pytest

            RATE = "rate(30 days)"

            @pytest.mark.parametrize("operation, members", [
                ("rotate_secret", {"RotationRules": {"ScheduleExpression": RATE, "Duration": "3"}}),
                ("rotate_secret", {"RotationRules": {"ScheduleExpression": RATE, "Duration": 3}}),
                ("rotate_secret", {"RotationRules": RATE}),
                ("tag_resource", {"Tags": {"team": "a"}}),
                ("tag_resource", {"Tags": ["team"]}),
                ("untag_resource", {"TagKeys": "team"}),
            ])
            def test_call(fakesecrets, operation, members):
                fakesecrets.add_secret("db", "old")
                getattr(fakesecrets.client(), operation)(SecretId="db", **members)

            def test_other(fakesecrets):
                client = botocore.session.Session().create_client("ssm", "us-east-1")
                client.add_tags_to_resource(ResourceType="Parameter", ResourceId="x", Tags={"team": "a"})

            def test_seeded(fakesecrets):
                rules = {"ScheduleExpression": RATE, "Duration": "3"}
                fakesecrets.add_secret("db", "old", rotation_function=print, rotation_rules=rules)
            """
        )
        ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", "--tb=short")

        hour = "Duration is a whole number of hours from 1 to 24 and the letter h, such as '3h'."
        rules = "RotationRules is a dict, such as {'ScheduleExpression': 'rate(30 days)', 'Duration': '3h'}."
        tags = "Tags is a list of dicts with Key and Value, such as [{'Key': 'team', 'Value': 'payments'}]."
        keys = "TagKeys is a list of the keys of tags, such as ['team']."
        lines = [line.removeprefix("E").strip() for line in ran.outlines]
        assert [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")] == [
            *(hour, hour, rules, tags, tags, keys),
        ]
        ran.stdout.fnmatch_lines([f"E *FakeSecretsError: Invalid length * valid min length: 2. {hour}"])

    def test_suggest_the_correct_name_of_a_misspelt_secret(self, client, hint):
        client.create_secret(Name="orders/database", SecretString="value")

        assert hint(client.get_secret_value, SecretId="order/database") == (
            "hint: The fake has no secret 'order/database' in us-east-1. Did you mean 'orders/database'?"
        )
        assert hint(client.get_secret_value, SecretId="unlike") == (
            "hint: The fake has no secret 'unlike' in us-east-1. Create it with create_secret() or fake.add_secret()."
        )

    def test_say_how_the_arn_of_a_secret_differs_from_one_with_its_name(self, client, hint):
        arn = client.create_secret(Name="master", SecretString="value")["ARN"]
        named = client.create_secret(Name="app-master", SecretString="value")["ARN"]

        def of(arn):
            return hint(client.get_secret_value, SecretId=arn).removeprefix("hint: There is ")

        assert of(f"{arn[:-6]}AbCdEf") == f"'master', but its ARN ends with {arn[-7:]}, not with -AbCdEf."
        assert of(arn.replace("123456789012", "999999999999")) == (
            "'master' in us-east-1, but its ARN has the account 123456789012, not 999999999999."
        )
        assert of(arn.replace("us-east-1", "eu-west-1")) == (
            "'master' in us-east-1, but its ARN has the region us-east-1, not eu-west-1."
        )
        assert of(named[:-7]) == (
            f"'app-master', but its ARN ends with {named[-7:]}, which this ARN does not have. Secrets Manager takes "
            "-master for these characters."
        )

    @pytest.mark.parametrize(
        ("expression", "cause"),
        [
            ("every day", "'every day' is neither rate(...) nor cron(...)."),
            ("rate(5 minutes)", "'rate(5 minutes)' is not a rate of whole hours or days."),
            ("rate(10days)", "'rate(10days)' is not a rate of whole hours or days."),
            ("CRON(0 8 1 * ? *)", "'CRON(0 8 1 * ? *)' is not written as cron(...), in lower case"),
            ("cron(0 8 1 * ?)", "cron() takes six fields with one space between them, and this one has 5:"),
            ("cron(15 8 1 * ? *)", "The minutes of cron() have to be 0, not '15'"),
            ("cron(0 8 1 * ? 2030)", "The year of cron() has to be '*', not '2030'."),
            (
                "cron(0 8 1 * * *)",
                "Exactly one of the day of month and the day of week in cron() has to be '?'.",
            ),
            ("cron(0 25 1 * ? *)", "'25' in cron() has to be a number from 0 to 23."),
            (
                "cron(0 8 ? * FUN *)",
                "'FUN' in cron() has to be a number from 1 to 7 or a name such as 'SUN'.",
            ),
            ("cron(0 8,9 1 * ? *)", "The hours '8,9' in cron() are less than 4 hours apart."),
            ("cron(0 8 5-1 * ? *)", "The range '5-1' in cron() ends before it starts."),
            ("cron(0 8 30 FEB ? *)", "'cron(0 8 30 FEB ? *)' names a date that does not exist."),
        ],
    )
    def test_explain_why_a_schedule_is_invalid(self, db, fakesecrets, hint, expression, cause):
        function = fakesecrets.add_rotation_function(well_behaved)
        rules = {"ScheduleExpression": expression}

        found = hint(db.rotate_secret, SecretId="db", RotationLambdaARN=function, RotationRules=rules)

        assert fakesecrets.history[-1].message == "Invalid schedule expression."
        assert found.startswith(f"hint: {cause}")
        assert "Write it like '" in found

    @pytest.mark.parametrize(
        ("operation", "members", "advice"),
        [
            (
                "rotate_secret",
                {"SecretId": "db"},
                "Pass RotationLambdaARN=fake.add_rotation_function(handler)",
            ),
            ("cancel_rotate_secret", {"SecretId": "db"}, "The secret has never been rotated"),
            ("create_secret", {"Name": "db", "SecretString": "other"}, "Change it with put_secret_value()"),
            ("create_secret", {"Name": "gone", "SecretString": "other"}, "Delete it with ForceDelete"),
            ("get_secret_value", {"SecretId": "gone"}, "The secret was deleted with a recovery window."),
        ],
    )
    def test_advise_how_to_correct_a_mistake_of_the_test(self, db, hint, operation, members, advice):
        db.create_secret(Name="gone", SecretString="value")
        db.delete_secret(SecretId="gone")

        assert hint(getattr(db, operation), **members).startswith(f"hint: {advice}")

    def test_are_printed_right_below_the_error(self, pytester):
        pytester.makepyfile(
            """
            import pytest

            from pytest_fakesecrets import FakeSecrets


            def test_fixture(fakesecrets_client):
                fakesecrets_client.get_secret_value(SecretId="app-db")


            def test_context():
                with FakeSecrets() as fake:
                    fake.client().create_secret(Name="app/db", SecretString="hunter2")
                    fake.client().get_secret_value(SecretId="app-db")


            def test_injected(fakesecrets, fakesecrets_client):
                fakesecrets.fail("GetSecretValue", "ResourceNotFoundException")
                fakesecrets_client.get_secret_value(SecretId="app-db")


            def test_no_arn(fakesecrets_client):
                fakesecrets_client.rotate_secret(SecretId="app-db", RotationLambdaARN=test_fixture)
            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(failed=4)
        lines = [line.removeprefix("E").strip() for line in ran.outlines]
        missing = "hint: The fake has no secret 'app-db' in us-east-1."
        assert any(line.startswith("hint: RotationLambdaARN takes an ARN. ") for line in lines)
        hints = {
            after for error, after in pairwise(lines) if "(ResourceNotFoundException) when calling" in error
        }
        assert {
            f"{missing} Create it with create_secret() or fake.add_secret().",
            f"{missing} Did you mean 'app/db'?",
            "hint: fake.fail() injected this error.",
        } <= hints

    def test_are_appended_to_the_message_of_an_error_without_notes(self, db, fakesecrets):
        class Rejected(Exception):
            @property
            def add_note(self):
                raise AttributeError("add_note")

        with rejected() as answer:
            db.rotate_secret(SecretId="db")
        error = Rejected("An error occurred.")
        error.response = answer.response

        for _ in range(2):
            add_notes(error, fakesecrets.history, unredacted)

        assert str(error) == f"An error occurred.\n{fakesecrets.history[-1].hint}"

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no notes")
    def test_are_part_of_the_warning_about_a_failed_rotation(self, db, fakesecrets):
        def rotate(event, context):
            db.get_secret_value(SecretId="dbb")

        with pytest.warns(RotationFailedWarning, match=r"secret\.\nhint: The fake .* Did you mean 'db'\?"):
            fakesecrets.rotate("db", rotate)

    def test_are_absent_if_the_message_of_aws_is_sufficient(self, client, hint):
        assert hint(client.get_secret_value, SecretId="db", VersionStage="MINE") is None


class TestAMisspeltKeyword:
    """A TypeError about a keyword of a public method gets a hint. The message is that of Python, and differs by version."""

    CALLS = (
        (
            lambda fake: fake.add_secret("x", "y", previos_value="z"),
            "add_secret",
            "previos_value",
            "previous_value",
        ),
        (lambda fake: fake.add_secret("x", "y", region="z"), "add_secret", "region", "region_name"),
        (
            lambda fake: fake.add_rotation_function(well_behaved, enviorn={}),
            "add_rotation_function",
            "enviorn",
            "environ",
        ),
        (lambda fake: fake.fail("GetSecretValue", "X", time=1), "fail", "time", "times"),
        (lambda fake: fake.serve(prot=1), "serve", "prot", "port"),
        (lambda fake: fake.attach(clients=1), "attach", "clients", "client"),
        (lambda fake: fake.client(regoin_name="eu-west-1"), "client", "regoin_name", "region_name"),
        (lambda fake: fake.client(endpoint="x"), "client", "endpoint", "endpoint_url"),
        (lambda fake: fake.schedule("db", untill=1), "schedule", "untill", "until"),
        (lambda fake: fake.drive().step(nam="setSecret"), "step", "nam", "name"),
        (lambda fake: fake.drive().run(secretid="db"), "run", "secretid", "secret_id"),
        (lambda fake: fake.secret("db").value(lable="AWSCURRENT"), "value", "lable", "label"),
        (lambda fake: fake.clock.at(instnt=1), "at", "instnt", "instant"),
        (lambda fake: FakeSecrets(sead=1), "FakeSecrets", "sead", "seed"),
        (lambda fake: CredentialTarget(keep_old_for=1), "CredentialTarget", "keep_old_for", "keeps_old_for"),
        (lambda fake: CredentialTarget().log_in(usr="app"), "log_in", "usr", "user"),
        (lambda fake: RotationProcess(["node"], cmd="x"), "RotationProcess", "cmd", "cwd"),
        (lambda fake: Assumptions(retry_delay=()), "Assumptions", "retry_delay", "retry_delays"),
    )

    @pytest.mark.usefixtures("db")
    def test_of_any_public_method_has_the_most_similar_keyword_in_a_hint(self, fakesecrets):
        hints, expected = [], []
        for call, name, keyword, meant in self.CALLS:
            with pytest.raises(TypeError) as raised:
                call(fakesecrets)
            hints.append(keyword_hint(raised.value))
            expected.append(f"hint: {name}() has no argument {keyword!r}. Did you mean {meant!r}?")

        assert hints == expected

    def test_that_is_similar_to_none_gets_the_method_that_has_it_or_all_keywords(self, fakesecrets):
        hints = []
        for call in (
            lambda: fakesecrets.clock.move_to(days=1),
            lambda: fakesecrets.check(everything=True),
            lambda: fakesecrets.drive().redeliver(again="x"),
            lambda: fakesecrets.reset(hard=True),
            lambda: CredentialTarget().call("x", new="y"),
        ):
            with pytest.raises(TypeError) as raised:
                call()
            hints.append(keyword_hint(raised.value))

        assert hints == [
            "hint: move_to() has no argument 'days'. Did you mean tick(days=...)?",
            "hint: check() has no argument 'everything'. It takes 'rotation'.",
            "hint: redeliver() has no argument 'again'. It takes 'step' and 'secret_id'.",
            "hint: reset() has no argument 'hard'. It takes no arguments.",
            "hint: call() has no argument 'new'. Did you mean add_password(new=...) or change_password(new=...)?",
        ]

    def test_of_other_code_gets_no_hint(self, fakesecrets):
        class Clock:
            def tick(self, days):
                pass

        def add_secret(name):
            pass

        other = "FakeSecrets.add_secret() got an unexpected keyword argument 'nmae'"
        hints = []
        for call in (
            lambda clock=Clock: clock().tick(day=1),
            lambda: add_secret(nmae=1),
            lambda: repr(nmae=1),
            lambda: sorted([], nmae=1),
            lambda: exec("raise ValueError(text)", {"text": other}),
        ):
            with pytest.raises((TypeError, ValueError)) as raised:
                call()
            hints.append(keyword_hint(raised.value))

        assert hints == [None] * 5
        assert keyword_hint(TypeError(other)) is None  # it was never raised

    def test_has_its_hint_in_every_report_of_a_run(self, pytester):
        pytester.makepyfile(
            test_import="""
            from datetime import timedelta
            from pytest_fakesecrets import CredentialTarget
            TARGET = CredentialTarget({"app": "old"}, keep_old_for=timedelta(1))
            """,
            test_tests="""
            import pytest
            from pytest_fakesecrets import CredentialTarget

            @pytest.fixture
            def db(fakesecrets):
                return fakesecrets.add_secret("db", "new", previos_value="old")

            def test_fixture(db):
                pass

            def test_call(fakesecrets_clock):
                try:
                    fakesecrets_clock.move_to(days=1)
                except TypeError as error:
                    raise RuntimeError("no time") from error

            def rotate(event, context):
                CredentialTarget().log_in(usr="app", password="x")

            def test_step(fakesecrets, fakesecrets_rotation, fakesecrets_client):
                fakesecrets.add_secret("db", "x", rotation_function=rotate)
                fakesecrets_client.rotate_secret(SecretId="db")
                fakesecrets_rotation.run()
            """,
        )
        ran = pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "-p", "no:randomly", "--continue-on-collection-errors"
        )

        ran.stdout.fnmatch_lines_random(
            [
                "E   hint: CredentialTarget() has no argument 'keep_old_for'. Did you mean 'keeps_old_for'?",
                "E * hint: add_secret() has no argument 'previos_value'. Did you mean 'previous_value'?",
                "E * hint: move_to() has no argument 'days'. Did you mean tick(days=...)?",
                "E * hint: log_in() has no argument 'usr'. Did you mean 'user'?",
            ]
        )


def raised_by(kind, call):
    with pytest.raises(kind) as raised:
        call()
    return raised.value


class TestAMisspeltAttribute:
    """An AttributeError about a public class gets a hint. The message is that of Python."""

    NAMES = (
        (lambda fake: fake, "add_function", "add_rotation_function()"),
        (lambda fake: fake, "secrets", "secret()"),
        (lambda fake: fake, "inject", "fail()"),
        (lambda fake: fake, "tick", "fakesecrets.clock.tick()"),
        (lambda fake: fake, "step", "fakesecrets.drive().step()"),
        (lambda fake: fake, "value", "fakesecrets.secret(...).value()"),
        (lambda fake: FakeSecrets, "add_secrt", "add_secret()"),
        (lambda fake: fake.clock, "advance", "tick()"),
        (lambda fake: fake.clock, "shift", "tick()"),
        (lambda fake: fake.clock, "move", "move_to()"),
        (lambda fake: fake.clock, "utcnow", "now"),
        (lambda fake: fake.drive(), "run_step", "step()"),
        (lambda fake: fake.drive(), "rotate", "fakesecrets.rotate()"),
        (lambda fake: CredentialTarget(), "login", "log_in()"),
        (lambda fake: CredentialTarget(), "set_password", "change_password()"),
        (lambda fake: fake.secret("db"), "SecretString", "value()"),
        (lambda fake: fake.secret("db"), "ARN", "arn"),
        (lambda fake: fake.rotate("db", well_behaved), "states", "status or steps"),
        (lambda fake: pytest_fakesecrets, "RotationContrat", "'RotationContract'"),
    )

    @pytest.mark.usefixtures("db")
    def test_of_any_public_class_has_the_name_that_was_meant_in_a_hint(self, fakesecrets):
        hints, expected = [], []
        for owner, name, meant in self.NAMES:
            found = owner(fakesecrets)
            hints.append(attribute_hint(raised_by(AttributeError, lambda: getattr(found, name))))  # noqa: B023
            expected.append(f"hint: Did you mean {meant}?")

        assert hints == expected

    def test_that_is_an_operation_of_aws_points_to_the_client(self, db, fakesecrets):
        hints = [
            attribute_hint(raised_by(AttributeError, lambda: getattr(owner, name)))  # noqa: B023
            for owner, name in (
                (fakesecrets, "create_secret"),
                (fakesecrets, "put_secret_value"),
                (fakesecrets.drive(), "rotate_secret"),
                (fakesecrets.secret("db"), "GetSecretValue"),
                (db, "add_secret"),
                (db, "move_to"),
                (db, "nosuch"),
            )
        ]

        begin, end = "has no API operations: call fakesecrets.client()", "or fakesecrets."
        of_a_client = "hint: A client has only the operations of AWS. Did you mean fakesecrets."
        assert hints == [
            f"hint: FakeSecrets {begin}.create_secret(...), {end}add_secret(...).",
            f"hint: FakeSecrets {begin}.put_secret_value(...).",
            f"hint: RotationDriver {begin}.rotate_secret(...), {end}rotate(...).",
            f"hint: SecretView {begin}.get_secret_value(...), {end}secret(...).value().",
            f"{of_a_client}add_secret()?",
            f"{of_a_client}clock.move_to()?",
            None,
        ]

    def test_that_is_similar_to_none_gets_all_names(self, fakesecrets):
        assert attribute_hint(raised_by(AttributeError, lambda: fakesecrets.clock.zzz)) == (
            "hint: It has at(), freeze(), is_frozen, move_to(), now, stop() and tick()."
        )

    def test_of_other_code_gets_no_hint(self, fakesecrets):
        class Clock:
            pass

        class Target(CredentialTarget):
            @property
            def connection(self):
                return None.cursor

        def set_now():
            fakesecrets.clock.now = 1

        class Proxy:
            @property
            def __class__(self):
                raise RuntimeError("no context")

        calls = [lambda: Clock().advance, lambda: Target().connection, lambda: Target().zzz, set_now]
        calls += [lambda: Proxy().zzz, lambda: Clock.advance]

        errors = [raised_by(AttributeError, call) for call in calls]
        assert [attribute_hint(error) for error in errors] == [None] * 6
        assert [_may_have_our_name(error) for error in errors[-2:]] == [False] * 2

    def test_has_its_hint_in_every_report_of_a_run(self, pytester):
        pytester.makepyfile(
            test_import="from pytest_fakesecrets import FakeSecret\n",
            test_tests="""
            import pytest
            from pytest_fakesecrets import CredentialTarget, RotationContract

            @pytest.fixture
            def db(fakesecrets):
                fakesecrets.create_secret(Name="db")

            def test_fixture(db):
                pass

            def test_call(fakesecrets_clock):
                try:
                    fakesecrets_clock.advance(days=1)
                except AttributeError as error:
                    raise RuntimeError("no time") from error

            def rotate(event, context):
                CredentialTarget().logon("app", "x")

            def test_step(fakesecrets, fakesecrets_rotation):
                fakesecrets.add_secret("db", "x", rotation_function=rotate)
                fakesecrets.client().rotate_secret(SecretId="db")
                fakesecrets_rotation.run_step()

            class TestRotate(RotationContract):
                rotation_function = staticmethod(rotate)
                secret_value = "x"
            """,
        )
        options = ("-k", "test_fixture or test_call or test_step or a_rotation_succeeds")
        ran = pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "-p", "no:randomly", "--continue-on-collection-errors", *options
        )

        ran.stdout.fnmatch_lines_random(
            [
                "*hint: Did you mean 'FakeSecrets'?",
                "E * hint: FakeSecrets has no API operations: call fakesecrets.client().create_secret(...), or *",
                "E * hint: Did you mean tick()?*",  # Python 3.10 adds a suggestion of its own
                "E * hint: Did you mean step()?",
                "E * hint: Did you mean log_in()?",
            ]
        )
