"""Rotations in special cases: after exit or reset, with manual changes, in threads, in other accounts, with leaks."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from freezegun import freeze_time
from rotation_functions import nothing, raising_in, well_behaved
from support import current, labels, rejected, token

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationFailedWarning

pytestmark = [
    pytest.mark.usefixtures("kept_clients"),
    pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning"),
]


class TestAFakeThatWasExited:
    def test_runs_no_rotation_function_when_its_records_are_read(self):
        """The calls of the function would go to the real AWS."""
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

    def test_rejects_every_move_of_its_clock(self):
        with FakeSecrets() as fake:
            fake.clock.move_to("2020-01-01")

        for move in (fake.clock.freeze, fake.clock.tick, lambda: fake.clock.move_to("2020-01-01")):
            with pytest.raises(FakeSecretsError, match="The fake of this clock is not active"):
                move()
        assert datetime.now(timezone.utc).year > 2020


class TestTheReportSectionOfAFailedTest:
    def test_shows_the_records_and_runs_no_pending_retry(self, pytester):
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


class TestACallWithRotateImmediatelyFalse:
    def test_returns_the_same_answer_when_repeated_and_blocks_no_later_rotation(self, db, fakesecrets):
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
    def test_removes_awspending_from_a_stuck_rotation(self, db, fakesecrets, ended):
        """terraform-provider-aws issue 35023 and its acceptance tests."""
        fakesecrets.assume(retry_delays=())
        fakesecrets.rotate("db", raising_in("setSecret"))
        if ended == "cancelled":
            db.cancel_rotate_secret(SecretId="db")

        db.put_secret_value(SecretId="db", SecretString="by hand")

        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v3": {"AWSCURRENT"}}
        healthy = fakesecrets.add_rotation_function(well_behaved)
        assert db.rotate_secret(SecretId="db", RotationLambdaARN=healthy)["VersionId"]

    def test_during_rotate_immediately_false_does_not_disturb_the_test_step(
        self, db, fakesecrets, fakesecrets_rotation
    ):
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
        with rejected("ResourceNotFoundException"):
            db.get_secret_value(SecretId="db", VersionId=token(2))


class TestAFailedRotationWithoutRetriesLeft:
    @pytest.fixture
    def stuck(self, db, fakesecrets):
        fakesecrets.assume(retry_delays=())
        fakesecrets.rotate("db", raising_in("setSecret"), ClientRequestToken=token(2))
        return db

    def test_is_cancelled_by_cancel_rotate_secret_which_returns_its_version(self, stuck, fakesecrets):
        assert stuck.cancel_rotate_secret(SecretId="db")["VersionId"] == token(2)
        assert fakesecrets.rotations("db")[0].status == "cancelled"

    def test_returns_its_answer_again_for_its_own_token(self, stuck):
        assert stuck.rotate_secret(SecretId="db", ClientRequestToken=token(2))["VersionId"] == token(2)

    def test_rejects_its_own_token_after_awspending_was_removed(self, stuck):
        stuck.update_secret_version_stage(
            SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2)
        )

        with rejected("InvalidRequestException") as answer:
            stuck.rotate_secret(SecretId="db", ClientRequestToken=token(2))

        assert "already in use for a version" in answer.message


class TestARetry:
    def test_is_pending_again_after_awspending_was_removed_and_attached_again(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        function = fakesecrets.add_rotation_function(raising_in("setSecret"))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()

        db.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token(2))
        assert fakesecrets_rotation.pending == ()
        db.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", MoveToVersionId=token(2))

        assert len(fakesecrets_rotation.pending) == 1


class TestVersionNumbers:
    def test_are_never_reused_after_rotate_immediately_false(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, RotateImmediately=False)
        fakesecrets_rotation.run()

        db.rotate_secret(SecretId="db")

        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v3": {"AWSPENDING"}}
        last = " ".join(fakesecrets.timeline("db").splitlines()[-1].split())
        assert last.endswith("RotationStarted v3 (empty) v1")


class TestTheDatesOfARotation:
    def test_include_next_rotation_date_only_after_the_first_rotation_has_ended(self, db, fakesecrets):
        seen = []

        def looks(event, context):
            well_behaved(event, context)
            seen.append("NextRotationDate" in db.describe_secret(SecretId="db"))

        fakesecrets.rotate("db", looks, RotationRules={"AutomaticallyAfterDays": 3})

        assert seen == [False] * 4
        assert db.describe_secret(SecretId="db")["NextRotationDate"]

    def test_keep_last_changed_date_at_or_before_last_rotated_date(self, db, fakesecrets):
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


class TestAMoveOfFreezegun:
    def test_runs_each_retry_at_its_own_instant(self, db, fakesecrets):
        with freeze_time("2030-01-01") as clock:
            fakesecrets.rotate("db", raising_in("createSecret"))
            clock.tick(timedelta(hours=2))

            steps = fakesecrets.rotations("db")[0].steps

        assert [f"{step.start:%H:%M}" for step in steps] == ["00:00", "00:01", "00:06", "00:21", "01:21"]


class TestFakeReset:
    def test_inside_a_rotation_ends_the_rotation_without_an_error(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(lambda event, context: fakesecrets.reset())

        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert fakesecrets.rotations() == ()
        with pytest.raises(FakeSecretsError):
            fakesecrets.secret("db")

    def test_restarts_the_ids_and_restores_the_default_assumptions(self, client, fakesecrets):
        first = client.create_secret(Name="db", SecretString="old")
        fakesecrets.assume(retry_delays=())

        fakesecrets.reset()

        assert client.create_secret(Name="db", SecretString="old")["ARN"] == first["ARN"]
        assert fakesecrets.assume().retry_delays != ()


class TestAManagedSecret:
    def test_allows_the_removal_of_awspending_after_a_cancelled_rotation(
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
        ("arguments", "message"),
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
    def test_with_invalid_arguments_is_rejected(self, db, fakesecrets, arguments, message):
        with pytest.raises(FakeSecretsError, match=message):
            fakesecrets.add_secret(**arguments)


class TestRotationsOfOneInstant:
    def test_are_listed_in_the_order_of_their_starts(self, client, fakesecrets, fakesecrets_clock):
        for name in ("a", "b"):
            client.create_secret(Name=name, SecretString="old")
        for name, number in (("a", 1), ("b", 2), ("a", 3)):
            fakesecrets.rotate(name, well_behaved, ClientRequestToken=token(number))

        assert [rotation.token for rotation in fakesecrets.rotations()] == [token(1), token(2), token(3)]


class TestAssumptions:
    @pytest.mark.parametrize(
        ("changes", "message"),
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
    def test_of_a_wrong_type_or_range_are_rejected(self, fakesecrets, changes, message):
        before = fakesecrets.assume()

        with pytest.raises(FakeSecretsError, match=message):
            fakesecrets.assume(**changes)

        assert fakesecrets.assume() == before

    def test_accept_retry_delays_from_zero_to_a_thousand_days(self, fakesecrets):
        delays = (timedelta(0), timedelta(days=1000))

        assert fakesecrets.assume(retry_delays=delays).retry_delays == delays


class TestAMoveOfTheClockInsideARetry:
    def test_is_kept_when_the_outer_move_ends_earlier(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-01")

        def slow(event, context):
            fakesecrets_clock.tick(timedelta(minutes=10))
            raise TimeoutError

        fakesecrets.assume(retry_delays=(timedelta(minutes=1),))
        fakesecrets.rotate("db", slow)
        fakesecrets_clock.tick(timedelta(minutes=2))

        assert fakesecrets_clock.now == datetime(2030, 1, 1, 0, 21, tzinfo=timezone.utc)


class TestASecretOfAnotherAccount:
    def test_is_rotated_by_a_function_that_creates_its_own_client(self, fakesecrets):
        client = fakesecrets.client(aws_access_key_id="999999999999", aws_secret_access_key="x")
        client.create_secret(Name="db", SecretString="old")

        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert ":999999999999:" in rotation.secret_id
        assert client.get_secret_value(SecretId="db")["SecretString"] != "old"


class TestRotationsInThreads:
    def test_share_the_environment_variables_and_restore_them(self, client, fakesecrets):
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

    @pytest.mark.long
    def test_run_each_retry_once(self):
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

    @pytest.mark.long
    def test_of_sixteen_secrets_all_succeed(self, client, fakesecrets):
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


class TestSecretValuesInTheExceptionOfAFunction:
    """A RotationFailedWarning contains the exception of the function without secret values."""

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
    def test_are_redacted_in_every_notation(self, client, fakesecrets, written, kind):
        value = self.HOSTILE
        sent = {
            "SecretString": {"SecretString": value},
            "SecretBinary": {"SecretBinary": value.encode()},
            "JSON": {"SecretString": json.dumps({"username": "app", "password": value})},
        }[kind]
        client.create_secret(Name="db", **sent)

        def raises(event, context):
            raise ValueError(f"cannot log in with {written(value)}!")

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", raises)

        text = str(warned[0].message)
        assert "***" in text
        for part in ("it's-a", "it\\'s-a", "it%27s-a", base64.b64encode(b"it's").decode()[:4]):
            assert part not in text

    def test_are_redacted_for_other_regions_and_for_generated_passwords(self, db, fakesecrets):
        fakesecrets.client("eu-west-1").create_secret(
            Name="far", SecretString='{"pin": 987654, "key": "far-away"}'
        )
        given = []

        def raises(event, context):
            given.append(db.get_random_password()["RandomPassword"])
            raise ValueError(f"{given[0]!r} far-away 987654")

        with pytest.warns(RotationFailedWarning) as warned:
            fakesecrets.rotate("db", raises)

        assert str(warned[0].message).endswith("ValueError: '***' *** ***")


def test_a_function_that_does_nothing_leaves_the_current_value(db, fakesecrets):
    fakesecrets.rotate("db", nothing)

    assert current(db, "db") == token(1)
