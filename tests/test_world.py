"""The world around rotations: leaving it, resetting it, threads in it, other accounts, values in texts."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from urllib.parse import quote

import pytest
from freezegun import freeze_time
from rotation_functions import nothing, raising_in, well_behaved
from support import current, labels, refused, token

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._service.hints import add_notes
from pytest_fakesecrets._service.redaction import unredacted

pytestmark = [
    pytest.mark.usefixtures("kept_clients"),
    pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning"),
]


class TestAfterTheFakeWasLeft:
    def test_looking_at_it_runs_no_function_any_more(self):
        """Its calls would go to the real AWS."""
        attempts = []

        def fails(event, context):
            attempts.append(event["Step"])
            raise ValueError

        with FakeSecrets() as fake:
            fake.clock.move_to("2020-01-01")
            fake.client().create_secret(Name="db", SecretString="old")
            fake.rotate("db", fails)

        assert fake.rotations()[0].status == "failed"
        assert fake.timeline()
        assert attempts == ["createSecret"]

    def test_its_clock_freezes_nothing_any_more(self):
        with FakeSecrets() as fake:
            fake.clock.move_to("2020-01-01")

        for move in (fake.clock.freeze, fake.clock.tick, lambda: fake.clock.move_to("2020-01-01")):
            with pytest.raises(FakeSecretsError, match="The fake of this clock is not active"):
                move()
        assert datetime.now(timezone.utc).year > 2020


class TestHints:
    """They stand in the report of a failing test, below AWS's own words."""

    @pytest.fixture
    def hint(self, db, fakesecrets):
        def hint(call, **members):
            with refused():
                call(**members)
            return fakesecrets.history[-1].hint

        return hint

    def test_at_a_secret_of_another_region(self, fakesecrets, hint):
        client = fakesecrets.client("eu-west-1")

        assert hint(client.get_secret_value, SecretId="db") == (
            "hint: The client is in eu-west-1, and the secret 'db' is in us-east-1."
        )

    def test_at_a_function_of_another_region(self, client, fakesecrets, hint):
        function = fakesecrets.add_rotation_function(well_behaved, region_name="eu-west-1")

        assert hint(client.rotate_secret, SecretId="db", RotationLambdaARN=function) == (
            "hint: A rotation function has to be in the region of its secret, us-east-1. "
            "Add it with add_rotation_function(handler, region_name='us-east-1')."
        )

    def test_at_a_rotation_that_waits(self, client, fakesecrets, fakesecrets_rotation, hint):
        client.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))

        assert hint(client.rotate_secret, SecretId="db") == (
            "hint: The previous rotation waits for its step createSecret. Run it with step() or run()."
        )

    def test_a_misspelt_secret_has_a_hint_with_the_name_that_was_meant(self, client, hint):
        client.create_secret(Name="orders/database", SecretString="value")

        assert hint(client.get_secret_value, SecretId="order/database") == (
            "hint: The fake has no secret 'order/database' in us-east-1. Did you mean 'orders/database'?"
        )
        assert hint(client.get_secret_value, SecretId="unlike") == (
            "hint: The fake has no secret 'unlike' in us-east-1. Create it with create_secret() or fake.add_secret()."
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
    def test_a_rejected_schedule_has_a_hint_with_its_cause(self, db, fakesecrets, hint, expression, cause):
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
    def test_a_mistake_of_the_test_has_a_hint_with_the_remedy(self, db, hint, operation, members, advice):
        db.create_secret(Name="gone", SecretString="value")
        db.delete_secret(SecretId="gone")

        assert hint(getattr(db, operation), **members).startswith(f"hint: {advice}")

    def test_a_hint_stands_right_under_the_error(self, pytester):
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

            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(failed=3)
        lines = [line.removeprefix("E").strip() for line in ran.outlines]
        missing = "hint: The fake has no secret 'app-db' in us-east-1."
        hints = {
            after for error, after in pairwise(lines) if "(ResourceNotFoundException) when calling" in error
        }
        assert {
            f"{missing} Create it with create_secret() or fake.add_secret().",
            f"{missing} Did you mean 'app/db'?",
            "hint: fake.fail() injected this error.",
        } <= hints

    def test_a_hint_is_in_the_text_of_an_error_that_takes_no_notes(self, db, fakesecrets):
        class Rejected(Exception):
            @property
            def add_note(self):
                raise AttributeError("add_note")

        with refused() as answer:
            db.rotate_secret(SecretId="db")
        error = Rejected("An error occurred.")
        error.response = answer.response

        for _ in range(2):
            add_notes(error, fakesecrets.history, unredacted)

        assert str(error) == f"An error occurred.\n{fakesecrets.history[-1].hint}"

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no notes")
    def test_the_warning_about_a_failed_rotation_has_the_hint(self, db, fakesecrets):
        def rotate(event, context):
            db.get_secret_value(SecretId="dbb")

        with pytest.warns(RotationFailedWarning, match=r"secret\.\nhint: The fake .* Did you mean 'db'\?"):
            fakesecrets.rotate("db", rotate)

    def test_at_nothing_that_aws_explains_itself(self, client, hint):
        assert hint(client.get_secret_value, SecretId="db", VersionStage="MINE") is None


class TestTheReportOfAFailingTest:
    def test_shows_what_was_recorded_and_runs_nothing(self, pytester):
        pytester.makepyfile(
            """
            import freezegun, pytest

            def test_it(fakesecrets, fakesecrets_client):
                calls = []

                def function(event, context):
                    calls.append(event)
                    if len(calls) > 1:
                        pytest.fail("a second attempt")
                    raise ValueError

                with freezegun.freeze_time("2020-01-01"):
                    fakesecrets_client.create_secret(Name="db", SecretString="old")
                    fakesecrets.rotate("db", function)
                assert False, "on purpose"
            """
        )

        result = pytester.runpytest("-p", "no:randomly", "-W", "always")

        result.assert_outcomes(failed=1, warnings=1)
        result.stdout.fnmatch_lines(["*- fakesecrets -*", "*RotationFailed*"])
        result.stdout.no_fnmatch_line("*INTERNALERROR*")


class TestTheTokenOfATestRun:
    def test_sent_again_answers_again_and_leaves_the_secret_free(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)

        for _ in range(2):
            answer = db.rotate_secret(
                SecretId="db",
                RotationLambdaARN=function,
                RotateImmediately=False,
                ClientRequestToken=token(2),
            )

        assert answer["VersionId"] == token(2)
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}}
        assert db.rotate_secret(SecretId="db")["VersionId"]


class TestAManualValue:
    @pytest.mark.parametrize("ended", ["no attempts left", "cancelled"])
    def test_takes_the_label_of_a_stuck_rotation_away(self, db, fakesecrets, ended):
        """terraform-provider-aws issue 35023 and its acceptance tests."""
        fakesecrets.assume(retry_delays=())
        fakesecrets.rotate("db", raising_in("setSecret"))
        if ended == "cancelled":
            db.cancel_rotate_secret(SecretId="db")

        db.put_secret_value(SecretId="db", SecretString="by hand")

        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v3": {"AWSCURRENT"}}
        healthy = fakesecrets.add_rotation_function(well_behaved)
        assert db.rotate_secret(SecretId="db", RotationLambdaARN=healthy)["VersionId"]

    def test_during_a_test_run_leaves_the_test_alone(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(
            SecretId="db", RotationLambdaARN=function, RotateImmediately=False, ClientRequestToken=token(2)
        )

        db.put_secret_value(SecretId="db", SecretString="by hand")
        fakesecrets_rotation.run()

        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v3": {"AWSCURRENT"}}
        assert [event["eventName"] for event in fakesecrets.cloudtrail] == [
            "TestRotationStarted",
            "TestRotationSucceeded",
        ]
        with refused("ResourceNotFoundException"):
            db.get_secret_value(SecretId="db", VersionId=token(2))


class TestAStuckRotationWithoutAttemptsLeft:
    @pytest.fixture
    def stuck(self, db, fakesecrets):
        fakesecrets.assume(retry_delays=())
        fakesecrets.rotate("db", raising_in("setSecret"), ClientRequestToken=token(2))
        return db

    def test_is_named_and_ended_by_cancel_rotate_secret(self, stuck, fakesecrets):
        assert stuck.cancel_rotate_secret(SecretId="db")["VersionId"] == token(2)
        assert fakesecrets.rotations("db")[0].status == "cancelled"

    def test_answers_its_own_token_again(self, stuck):
        assert stuck.rotate_secret(SecretId="db", ClientRequestToken=token(2))["VersionId"] == token(2)

    def test_has_its_token_refused_once_the_label_is_gone(self, stuck):
        stuck.update_secret_version_stage(
            SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
        )

        with refused("InvalidRequestException") as answer:
            stuck.rotate_secret(SecretId="db", ClientRequestToken=token(2))

        assert "already in use for a version" in answer.message


class TestARetryWhoseLabelComesBack:
    def test_is_made_all_the_same(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(raising_in("setSecret"))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()

        db.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2))
        assert fakesecrets_rotation.pending == ()
        db.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", MoveToVersionId=token(2))

        assert len(fakesecrets_rotation.pending) == 1


class TestVersionNumbers:
    def test_are_given_once_also_to_the_version_of_a_test_run(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotateImmediately=False)
        fakesecrets_rotation.run()

        db.rotate_secret(SecretId="db")

        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v3": {"AWSPENDING"}}
        last = " ".join(fakesecrets.timeline("db").splitlines()[-1].split())
        assert last.endswith("RotationStarted v3 (empty) v1")


class TestTheDateOfTheFirstRotation:
    def test_is_told_of_the_next_window_when_it_has_ended_and_not_before(self, db, fakesecrets):
        seen = []

        def looks(event, context):
            well_behaved(event, context)
            seen.append("NextRotationDate" in db.describe_secret(SecretId="db"))

        fakesecrets.rotate("db", looks, RotationRules={"AutomaticallyAfterDays": 3})

        assert seen == [False] * 4
        assert db.describe_secret(SecretId="db")["NextRotationDate"]

    def test_a_change_by_the_function_is_never_later_than_the_rotation(self, db, fakesecrets):
        """Published describe-secret outputs: LastChangedDate 20 to 50 ms before LastRotatedDate."""

        def removes_awspending(event, context):
            well_behaved(event, context)
            if event["Step"] == "finishSecret":
                db.update_secret_version_stage(
                    SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=event["ClientRequestToken"]
                )

        for _ in range(5):
            fakesecrets.rotate("db", removes_awspending)
            described = db.describe_secret(SecretId="db")
            assert described["LastChangedDate"] <= described["LastRotatedDate"]


class TestSomebodyElsesClock:
    def test_gives_each_retry_its_own_instant(self, db, fakesecrets):
        with freeze_time("2030-01-01") as clock:
            fakesecrets.rotate("db", raising_in("createSecret"))
            clock.tick(timedelta(hours=2))

            steps = fakesecrets.rotations("db")[0].steps

        assert [f"{step.start:%H:%M}" for step in steps] == ["00:00", "00:01", "00:06", "00:21", "01:21"]


class TestReset:
    def test_inside_a_rotation_ends_it_quietly(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(lambda event, context: fakesecrets.reset())

        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert fakesecrets.rotations() == ()
        with pytest.raises(FakeSecretsError):
            fakesecrets.secret("db")

    def test_gives_the_same_ids_again_and_forgets_what_was_assumed(self, client, fakesecrets):
        first = client.create_secret(Name="db", SecretString="old")
        fakesecrets.assume(retry_delays=())

        fakesecrets.reset()

        assert client.create_secret(Name="db", SecretString="old")["ARN"] == first["ARN"]
        assert fakesecrets.assume().retry_delays != ()


class TestManagedSecrets:
    def test_a_label_that_was_left_behind_can_be_removed_by_hand(
        self, client, fakesecrets, fakesecrets_rotation
    ):
        """AWS PCS user guide."""
        fakesecrets.assume(cancel_unblocks="never")
        fakesecrets.add_secret("pcs!x", "old", owning_service="pcs")
        staged = client.rotate_secret(SecretId="pcs!x")["VersionId"]

        assert client.cancel_rotate_secret(SecretId="pcs!x")["VersionId"] == staged
        client.update_secret_version_stage(
            SecretId="pcs!x", VersionStage="AWSPENDING", RemoveFromVersionId=staged
        )

        assert fakesecrets.secret("pcs!x").staging == {"v1": {"AWSCURRENT"}}

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"name": "bad name!"}, "The secret 'bad name!' cannot be added: Invalid name"),
            (
                {"name": "x", "rotation_rules": {"AutomaticallyAfterDays": 3}},
                "rotation_rules are only for secrets that can rotate",
            ),
            (
                {"name": "x", "owning_service": "rds", "rotation_rules": {"AutomaticallyAfterDay": 3}},
                "AutomaticallyAfterDay",
            ),
            (
                {"name": "x", "owning_service": "rds", "rotation_rules": {"AutomaticallyAfterDays": 5000}},
                "less than or equal to 1000",
            ),
            ({"name": "db"}, "A secret 'db' already exists."),
            (
                {"name": "x", "value": ["a"]},
                "A value is a str, bytes, or a dict, .*; not an object of type list",
            ),
        ],
        ids=["name", "no owner", "typing error", "too many days", "taken", "a list"],
    )
    def test_a_seed_that_cannot_be_is_refused(self, db, fakesecrets, arguments, told):
        with pytest.raises(FakeSecretsError, match=told):
            fakesecrets.add_secret(**arguments)


class TestTheOrderOfRotations:
    def test_is_that_of_their_beginnings_also_where_the_clock_stands(
        self, client, fakesecrets, fakesecrets_clock
    ):
        for name in ("a", "b"):
            client.create_secret(Name=name, SecretString="old")
        for name, number in (("a", 1), ("b", 2), ("a", 3)):
            fakesecrets.rotate(name, well_behaved, ClientRequestToken=token(number))

        assert [rotation.token for rotation in fakesecrets.rotations()] == [token(1), token(2), token(3)]


class TestAssumptions:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"retry_delays": [60]}, r"retry_delays has to be a tuple of timedeltas, not \[60\]"),
            ({"retry_delays": (60,)}, "retry_delays has to be a tuple of timedeltas"),
            ({"pending_after_finish": "gone"}, "has to be 'stays' or 'removed', not 'gone'"),
            *(
                (
                    {"retry_delays": (timedelta(minutes=1), delay)},
                    r"Each of retry_delays has to be a timedelta from timedelta\(0\) to "
                    rf"datetime.timedelta\(days=1000\), not {re.escape(repr(delay))}\.",
                )
                for delay in (timedelta.max, timedelta(days=1000, seconds=1), timedelta(microseconds=-1))
            ),
        ],
        ids=["a list", "numbers", "another word", "endless", "too long", "negative"],
    )
    def test_of_the_wrong_kind_are_refused(self, fakesecrets, changes, told):
        before = fakesecrets.assume()

        with pytest.raises(FakeSecretsError, match=told):
            fakesecrets.assume(**changes)

        assert fakesecrets.assume() == before

    def test_of_delays_may_be_none_at_all_or_as_long_as_a_schedule(self, fakesecrets):
        delays = (timedelta(0), timedelta(days=1000))

        assert fakesecrets.assume(retry_delays=delays).retry_delays == delays


class TestTheClockInsideARetry:
    def test_is_not_set_back_by_the_move_around_it(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-01")

        def slow(event, context):
            fakesecrets_clock.tick(timedelta(minutes=10))
            raise TimeoutError

        fakesecrets.assume(retry_delays=(timedelta(minutes=1),))
        fakesecrets.rotate("db", slow)
        fakesecrets_clock.tick(timedelta(minutes=2))

        assert fakesecrets_clock.now == datetime(2030, 1, 1, 0, 21, tzinfo=timezone.utc)


class TestAnotherAccount:
    def test_rotates_with_a_function_that_makes_its_own_client(self, fakesecrets):
        client = fakesecrets.client(aws_access_key_id="999999999999", aws_secret_access_key="x")
        client.create_secret(Name="db", SecretString="old")

        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert ":999999999999:" in rotation.secret_id
        assert client.get_secret_value(SecretId="db")["SecretString"] != "old"


class TestThreads:
    def test_two_functions_at_once_share_the_environment_and_leave_it_as_it_was(self, client, fakesecrets):
        before = dict(os.environ)
        first_runs, second_runs = threading.Event(), threading.Event()
        for name in ("a", "b"):
            client.create_secret(Name=name, SecretString="old")

        def first(event, context):
            if event["Step"] == "createSecret":
                first_runs.set()
                assert second_runs.wait(10)
            well_behaved(event, context)

        def second(event, context):
            if event["Step"] == "createSecret":
                second_runs.set()
            well_behaved(event, context)

        arns = [
            fakesecrets.add_rotation_function(function, environ={"WHO": "me"}) for function in (first, second)
        ]
        thread = threading.Thread(
            target=lambda: client.rotate_secret(SecretId="a", RotationLambdaARN=arns[0])
        )
        thread.start()
        assert first_runs.wait(10)
        client.rotate_secret(SecretId="b", RotationLambdaARN=arns[1])
        thread.join()

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"] * 2
        assert dict(os.environ) == before

    def test_a_retry_is_run_by_one_of_them_only(self):
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for seed in range(8):
                assert self._calls_of_a_retry(seed) == 5
        finally:
            sys.setswitchinterval(interval)

    def _calls_of_a_retry(self, seed):
        calls = []

        def function(event, context):
            calls.append(event["Step"])
            if len(calls) == 1:
                raise ValueError
            time.sleep(0.001)

        with FakeSecrets(seed=seed) as fake:
            fake.assume(retry_delays=(timedelta(0), timedelta(days=1)))
            client = fake.client()
            client.create_secret(Name="db", SecretString="old")
            client.rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(function))
            threads = [
                threading.Thread(target=lambda: client.describe_secret(SecretId="db")) for _ in range(16)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return len(calls)

    def test_sixteen_rotate_sixteen_secrets(self, client, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)
        for number in range(16):
            client.create_secret(Name=f"s{number}", SecretString="old")

        def rotate(number):
            for _ in range(3):
                client.rotate_secret(SecretId=f"s{number}", RotationLambdaARN=function)

        threads = [threading.Thread(target=rotate, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"] * 48
        for number in range(16):
            assert sorted(map(sorted, labels(client, f"s{number}").values())) == [
                ["AWSCURRENT", "AWSPENDING"],
                ["AWSPREVIOUS"],
            ]


class TestValuesInTheTextsOfFunctions:
    """A RotationFailedWarning shows the function's own exception, without any value."""

    HOSTILE = 'it\'s-a\\ "pw"\n-----\u00e9 /@%'

    @pytest.mark.parametrize(
        "written",
        [
            str,
            repr,
            json.dumps,
            lambda value: repr({"password": value}),
            lambda value: json.dumps({"password": value}),
            lambda value: f"postgres://app:{quote(value, safe='')}@host",
            lambda value: base64.b64encode(value.encode()).decode(),
            lambda value: repr(value.encode()),
        ],
        ids=["str", "repr", "json", "repr of a dict", "json of a dict", "url", "base64", "bytes"],
    )
    @pytest.mark.parametrize("kind", ["SecretString", "SecretBinary", "JSON"])
    def test_are_blotted_out_however_they_are_written(self, client, fakesecrets, written, kind):
        value = self.HOSTILE
        sent = {
            "SecretString": {"SecretString": value},
            "SecretBinary": {"SecretBinary": value.encode()},
            "JSON": {"SecretString": json.dumps({"username": "app", "password": value})},
        }[kind]
        client.create_secret(Name="db", **sent)

        def tells(event, context):
            raise ValueError(f"cannot log in with {written(value)}!")

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", tells)

        text = str(warned[0].message)
        assert "***" in text
        for part in ("it's-a", "it\\'s-a", "it%27s-a", base64.b64encode(b"it's").decode()[:4]):
            assert part not in text

    def test_are_those_of_other_regions_and_of_passwords_not_yet_stored_too(self, db, fakesecrets):
        fakesecrets.client("eu-west-1").create_secret(
            Name="far", SecretString='{"pin": 987654, "key": "far-away"}'
        )
        given = []

        def tells(event, context):
            given.append(db.get_random_password()["RandomPassword"])
            raise ValueError(f"{given[0]!r} far-away 987654")

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", tells)

        assert str(warned[0].message).endswith("ValueError: '***' *** ***")


def test_a_function_that_does_nothing_leaves_a_current_value(db, fakesecrets):
    fakesecrets.rotate("db", nothing)

    assert current(db, "db") == token(1)
