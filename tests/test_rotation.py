"""Rotations from start to end: labels, values, dates, failures and retries."""

from __future__ import annotations

import asyncio
import bdb
import builtins
import signal
import sys
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pytest
from hypothesis.errors import UnsatisfiedAssumption
from rotation_functions import nothing, raising_in, well_behaved
from support import current, labels, needs, rejected, token

from pytest_fakesecrets import FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake.assertion_messages import explain
from pytest_fakesecrets._report import pytest_hooks

pytestmark = pytest.mark.usefixtures("kept_clients")

#: Imported here, since otherwise each inner run in this process would import and discard its own copy.
KEPT = (pytest_hooks,)

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


def value(client, **version):
    return client.get_secret_value(SecretId="db", **version)["SecretString"]


def listed(client, **arguments):
    answer = client.list_secret_version_ids(SecretId="db", **arguments)
    return [version["VersionId"] for version in answer["Versions"]]


def at(clock, seconds):
    clock.move_to(f"2030-01-02 09:30:{seconds:02}")
    return clock.now


def test_each_step_of_a_rotation_changes_labels_and_dates_as_recorded(
    client, fakesecrets, fakesecrets_clock, fakesecrets_rotation
):
    """
    LocalStack snapshots test_update_secret_version_stages_current_pending, ..._cycle and
    test_rotate_secret_with_lambda_success; moto aws-verified test_rotate_secret_using_lambda;
    dates from published describe-secret outputs.
    """
    old, current_id, new = token(1), token(2), token(3)
    function = fakesecrets.add_rotation_function(well_behaved)

    def describe():
        return client.describe_secret(SecretId="db")

    # Before the rotation: a secret whose value was changed once.
    created = at(fakesecrets_clock, 0)
    client.create_secret(Name="db", SecretString="older", ClientRequestToken=old)
    client.put_secret_value(SecretId="db", SecretString="old", ClientRequestToken=current_id)
    assert labels(client, "db") == {current_id: {"AWSCURRENT"}, old: {"AWSPREVIOUS"}}
    assert not {"RotationEnabled", "RotationRules", "LastRotatedDate", "NextRotationDate"} & set(describe())
    with rejected("ResourceNotFoundException") as answer:
        value(client, VersionStage="AWSPENDING")
    assert answer.message.endswith("for staging label: AWSPENDING")

    # After RotateSecret: AWSPENDING is on a version without a value.
    started = at(fakesecrets_clock, 1)
    client.rotate_secret(
        SecretId="db",
        RotationLambdaARN=function,
        RotationRules={"AutomaticallyAfterDays": 30},
        ClientRequestToken=new,
    )
    staged = {current_id: {"AWSCURRENT"}, old: {"AWSPREVIOUS"}, new: {"AWSPENDING"}}
    assert labels(client, "db") == staged
    for version in ({"VersionStage": "AWSPENDING"}, {"VersionId": new}):
        with rejected("ResourceNotFoundException"):
            value(client, **version)
    with rejected("ResourceNotFoundException"):
        value(client, VersionId=new, VersionStage="AWSPENDING")
    assert listed(client, IncludeDeprecated=True) == [old, current_id]
    described = describe()
    assert described["RotationEnabled"] is True
    assert described["RotationLambdaARN"] == function
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert (described["CreatedDate"], described["LastChangedDate"]) == (created, started)
    assert not {"LastRotatedDate", "NextRotationDate"} & set(described)
    assert value(client) == "old"

    # After createSecret: the version has a value.
    put = at(fakesecrets_clock, 2)
    fakesecrets_rotation.step("createSecret")
    assert labels(client, "db") == staged
    pending = client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")
    assert (pending["VersionId"], pending["VersionStages"]) == (new, ["AWSPENDING"])
    assert pending["CreatedDate"] == put
    assert listed(client) == [old, current_id, new]
    assert describe()["LastChangedDate"] == put
    assert value(client) == "old"

    # setSecret and testSecret change nothing.
    at(fakesecrets_clock, 3)
    fakesecrets_rotation.step("setSecret")
    fakesecrets_rotation.step("testSecret")
    assert labels(client, "db") == staged
    assert describe()["LastChangedDate"] == put
    assert value(client) == "old"

    # After finishSecret: AWSCURRENT has moved, AWSPENDING stays beside it, the oldest version is deprecated.
    finished = at(fakesecrets_clock, 4)
    fakesecrets_rotation.step("finishSecret")
    assert labels(client, "db") == {new: {"AWSCURRENT", "AWSPENDING"}, current_id: {"AWSPREVIOUS"}}
    assert listed(client) == [current_id, new]
    assert listed(client, IncludeDeprecated=True) == [old, current_id, new]
    assert value(client) == pending["SecretString"]
    assert value(client, VersionStage="AWSPREVIOUS") == "old"
    assert value(client, VersionId=old) == "older"
    described = describe()
    assert described["LastRotatedDate"] == described["LastChangedDate"] == finished
    assert (
        f"{described['NextRotationDate'].astimezone(finished.tzinfo):%Y-%m-%d %H:%M:%S}"
        == "2030-02-01 23:59:59"
    )

    # The rotation function or another caller may remove AWSPENDING.
    removed = at(fakesecrets_clock, 5)
    client.update_secret_version_stage(SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=new)
    assert labels(client, "db") == {new: {"AWSCURRENT"}, current_id: {"AWSPREVIOUS"}}
    described = describe()
    assert (described["LastChangedDate"], described["LastRotatedDate"]) == (removed, finished)


def test_describe_secret_has_exactly_these_members_after_a_successful_rotation(client, fakesecrets):
    """LocalStack snapshot test_rotate_secret_with_lambda_success."""
    client.create_secret(Name="db", Description="mine", SecretString="old")

    fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 1})

    assert set(client.describe_secret(SecretId="db")) - {"ResponseMetadata"} == {
        "ARN",
        "CreatedDate",
        "Description",
        "LastAccessedDate",
        "LastChangedDate",
        "LastRotatedDate",
        "Name",
        "NextRotationDate",
        "RotationEnabled",
        "RotationLambdaARN",
        "RotationRules",
        "VersionIdsToStages",
    }


def test_last_accessed_date_is_set_for_versions_that_were_read_and_not_for_the_new_one(db, fakesecrets):
    """LocalStack snapshot test_rotate_secret_with_lambda_success: failed reads do not count."""

    def reads_only_the_current_value(event, context):
        if event["Step"] == "createSecret":
            value(db)
            with rejected("ResourceNotFoundException"):
                value(db, VersionId=event["ClientRequestToken"], VersionStage="AWSPENDING")
            db.put_secret_value(
                SecretId="db",
                ClientRequestToken=event["ClientRequestToken"],
                SecretString="new",
                VersionStages=["AWSPENDING"],
            )
        elif event["Step"] == "finishSecret":
            well_behaved(event, context)

    fakesecrets.rotate("db", reads_only_the_current_value)

    versions = db.list_secret_version_ids(SecretId="db")["Versions"]
    assert ["LastAccessedDate" in version for version in versions] == [True, False]


class TestTheRotationEvent:
    def test_has_the_members_that_aws_sends(self, db, fakesecrets):
        """User guide, lambda rotation functions; the ARN: aws-samples issue 16."""
        events = []
        fakesecrets.add_rotation_function(lambda event, context: events.append(event), name="spy")
        arn = fakesecrets.secret("db").arn

        with pytest.warns(RotationFailedWarning):
            db.rotate_secret(
                SecretId="db",
                RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:spy",
                ClientRequestToken=token(2),
            )

        assert [event["Step"] for event in events] == STEPS
        for event in events:
            assert set(event) == {"Step", "SecretId", "ClientRequestToken", "RotationToken"}
            assert (event["SecretId"], event["ClientRequestToken"]) == (arn, token(2))
        assert len({event["RotationToken"] for event in events}) == 1
        assert 36 <= len(events[0]["RotationToken"]) <= 256

    def test_may_be_modified_by_the_function_without_effect_on_the_rotation(self, db, fakesecrets):
        def clears_the_event(event, context):
            well_behaved(dict(event), context)
            event.clear()

        assert fakesecrets.rotate("db", clears_the_event).status == "succeeded"

    @needs("PutSecretValue", "RotationToken")
    def test_contains_the_rotation_token_for_put_secret_value(self, db, fakesecrets, fakesecrets_rotation):
        """API_PutSecretValue."""

        def passes_it_on(event, context):
            db.put_secret_value(
                SecretId=event["SecretId"],
                ClientRequestToken=event["ClientRequestToken"],
                RotationToken=event["RotationToken"],
                SecretString="new",
                VersionStages=["AWSPENDING"],
            )

        function = fakesecrets.add_rotation_function(passes_it_on)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        fakesecrets_rotation.step()

        assert value(db, VersionStage="AWSPENDING") == "new"

    def test_comes_with_a_lambda_context(self, db, fakesecrets, fakesecrets_clock):
        seen = []

        def looks(event, context):
            fakesecrets_clock.tick(10)
            seen.append((context, context.get_remaining_time_in_millis()))
            well_behaved(event, context)

        function = fakesecrets.add_rotation_function(looks, name="look-around")
        fakesecrets.rotate("db", function)

        context, remaining = seen[0]
        assert context.function_name == "look-around"
        assert context.invoked_function_arn == function
        assert context.memory_limit_in_mb == 128
        assert remaining == 20_000
        assert len({context.aws_request_id for context, _ in seen}) == 4

    def test_comes_as_if_no_client_were_making_a_call(self, db, fakesecrets):
        context = pytest.importorskip("botocore.context")
        seen = []

        def looks(event, _):
            seen.append(context.get_context())
            well_behaved(event, _)

        client = boto3.client("secretsmanager")
        client.meta.events.register("after-call", lambda **_: seen.append(context.get_context() is not None))
        client.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(looks))

        assert seen == [None, None, None, None, True]


class TestReadersDuringARotation:
    @pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
    def test_always_find_a_current_value(self, db, fakesecrets, fakesecrets_rotation, steps):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        for _ in range(steps):
            fakesecrets_rotation.step()

        assert (value(db) == "old") is (steps < 4)


class TestARotationWithAFailedStep:
    @pytest.mark.parametrize("step", STEPS)
    def test_keeps_awspending_on_the_new_version_and_the_current_value(self, db, fakesecrets, step):
        """API_RotateSecret: AWSPENDING might be attached to an empty secret version."""
        with pytest.warns(RotationFailedWarning, match="the database is down"):
            rotation = fakesecrets.rotate("db", raising_in(step))

        view = fakesecrets.secret("db")
        assert view.staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}
        assert [version.has_value for version in view.versions] == [True, step != "createSecret"]
        assert value(db) == "old"
        described = db.describe_secret(SecretId="db")
        assert described["RotationEnabled"] is True
        assert "LastRotatedDate" not in described
        assert (rotation.status, str(rotation.error)) == ("failed", "the database is down")
        assert [run.name for run in rotation.steps] == STEPS[: STEPS.index(step) + 1]
        assert [run.succeeded for run in rotation.steps][-1] is False
        with rejected("InvalidRequestException"):
            db.rotate_secret(SecretId="db")

    @pytest.mark.parametrize("step", STEPS)
    def test_is_retried_from_the_first_step_with_the_same_token(
        self, db, fakesecrets, fakesecrets_rotation, step
    ):
        """User guide, rotating-secrets: Secrets Manager retries the entire rotation process."""
        calls, broken = [], [True]

        def flaky(event, context):
            calls.append((event["Step"], event["ClientRequestToken"]))
            if event["Step"] == step and broken:
                broken.clear()
                raise RuntimeError("once")
            well_behaved(event, context)

        function = fakesecrets.add_rotation_function(flaky)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        with pytest.raises(RuntimeError, match="once"):
            fakesecrets_rotation.run()
        put = None if step == "createSecret" else value(db, VersionStage="AWSPENDING")

        rotation = fakesecrets_rotation.run()

        failed_after = STEPS[: STEPS.index(step) + 1]
        assert calls == [(name, token(2)) for name in [*failed_after, *STEPS]]
        assert (rotation.status, rotation.attempt, rotation.error) == ("succeeded", 2, None)
        assert [run.attempt for run in rotation.steps] == [1] * len(failed_after) + [2] * 4
        assert current(db, "db") == token(2)
        assert put is None or value(db) == put

    def test_that_had_moved_awscurrent_succeeds_on_retry(self, db, fakesecrets, fakesecrets_rotation):
        """The functions of aws-samples return early if the version of the token already has AWSCURRENT."""
        broken = [True]

        def raises_at_the_end(event, context):
            well_behaved(event, context)
            if event["Step"] == "finishSecret" and broken:
                broken.clear()
                raise RuntimeError("after the move")

        function = fakesecrets.add_rotation_function(raises_at_the_end)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        with pytest.raises(RuntimeError, match="after the move"):
            fakesecrets_rotation.run()
        assert current(db, "db") == token(2)
        assert "LastRotatedDate" not in db.describe_secret(SecretId="db")

        assert fakesecrets_rotation.run().status == "succeeded"
        assert db.describe_secret(SecretId="db")["LastRotatedDate"]

    def test_raises_nothing_in_rotate_secret(self, db, fakesecrets):
        """This holds although warnings are errors in this test run."""
        function = fakesecrets.add_rotation_function(raising_in("createSecret"))

        with pytest.warns(RotationFailedWarning) as warned:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        text = str(warned[0].message)
        assert "failed in createSecret, attempt 1" in text
        assert "RuntimeError: the database is down" in text
        assert warned[0].filename.endswith("rotation_functions.py")
        assert "_rotation.py" not in text.replace("rotation_functions.py", "")

    @pytest.mark.parametrize(
        "crash", [SystemExit(1), AssertionError("no"), MemoryError()], ids=lambda e: type(e).__name__
    )
    def test_fails_for_any_exception_of_the_function(self, db, fakesecrets, crash):
        with pytest.warns(RotationFailedWarning):
            rotation = fakesecrets.rotate("db", raising_in("setSecret", crash))

        assert (rotation.status, rotation.error) == ("failed", crash)

    def test_keeps_last_rotated_date(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-02 09:30")
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 30})
        before = db.describe_secret(SecretId="db")

        fakesecrets_clock.move_to("2030-01-05")
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("setSecret"))

        after = db.describe_secret(SecretId="db")
        for member in ("LastRotatedDate", "NextRotationDate"):
            assert after[member] == before[member], "a published describe-secret output of a stuck rotation"


#: Exceptions that are meant for pytest or the process, and not for AWS.
FOR_THE_RUN = {
    "pytest.exit": pytest.exit.Exception("enough"),
    "pytest.fail": pytest.fail.Exception("no"),
    "pytest.skip": pytest.skip.Exception("not here"),
    "pytest.xfail": pytest.xfail.Exception("not yet"),
    "unittest.SkipTest": unittest.SkipTest("not here"),
    "assume() of Hypothesis": UnsatisfiedAssumption(),
    "quit in a debugger": bdb.BdbQuit(),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "a task that is cancelled": asyncio.CancelledError(),
    "GeneratorExit": GeneratorExit(),
    "an exception of a signal handler": type("Alarm", (BaseException,), {})(),
}
if hasattr(builtins, "ExceptionGroup"):
    group = builtins.ExceptionGroup("tasks", [pytest.exit.Exception("enough")])
    FOR_THE_RUN["pytest.exit in a task group"] = group


def run_by_the_fake(fake, client, function):
    client.rotate_secret(SecretId="db", RotationLambdaARN=function)


def run_by_the_clock(fake, client, function):
    fake.clock.freeze()
    client.rotate_secret(
        SecretId="db",
        RotationLambdaARN=function,
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    fake.clock.tick(timedelta(days=31))


def run_by_the_test(fake, client, function):
    driver = fake.drive()
    client.rotate_secret(SecretId="db", RotationLambdaARN=function)
    driver.run()


def run_in_a_thread(fake, client, function):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run_by_the_fake, fake, client, function).result()


class TestAnExceptionForTheTestProcess:
    @pytest.mark.parametrize("run", [run_by_the_fake, run_by_the_clock, run_by_the_test, run_in_a_thread])
    @pytest.mark.parametrize("raised", FOR_THE_RUN)
    def test_propagates_from_the_interrupted_rotation(self, db, fakesecrets, raised, run):
        error = FOR_THE_RUN[raised]
        function = fakesecrets.add_rotation_function(raising_in("createSecret", error), name="function")

        with pytest.raises(type(error)) as caught:
            run(fakesecrets, db, function)

        rotation = fakesecrets.rotations()[-1]
        assert caught.value is error is rotation.error
        assert (rotation.status, [step.name for step in rotation.steps]) == ("failed", ["createSecret"])
        assert not fakesecrets._rotations._running

    def test_leaves_a_rotation_that_can_be_retried(self, db, fakesecrets, fakesecrets_rotation):
        error = FOR_THE_RUN["pytest.fail"]
        function = fakesecrets.add_rotation_function(raising_in("setSecret", error), name="function")
        with pytest.raises(pytest.fail.Exception):
            fakesecrets.rotate("db", function)
        fakesecrets.add_rotation_function(well_behaved, name="function")

        rotation = fakesecrets_rotation.run()

        assert (rotation.status, rotation.attempt) == ("succeeded", 2)

    def test_propagates_after_a_timeout_of_the_function(self, db, fakesecrets):
        def late(event, context):
            fakesecrets.clock.tick(60)
            pytest.exit("enough")

        with pytest.raises(pytest.exit.Exception, match="enough"):
            fakesecrets.rotate("db", late)

    def test_propagates_after_a_reset_of_the_fake_in_the_function(self, db, fakesecrets):
        def resets(event, context):
            fakesecrets.reset()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fakesecrets.rotate("db", resets)

    def test_has_its_usual_outcome_when_a_rotation_function_raises_it(self, pytester):
        pytester.makepyfile(
            """
            import pytest


            @pytest.mark.parametrize("call", [pytest.skip, pytest.fail, pytest.xfail, pytest.exit])
            def test_it(fakesecrets, fakesecrets_client, call):
                fakesecrets_client.create_secret(Name="db", SecretString="old")
                fakesecrets.rotate("db", lambda event, context: call("said in the function"))


            def test_that_is_not_run():
                pass
            """
        )

        ran = pytester.runpytest("-rs")

        ran.assert_outcomes(skipped=1, failed=1, xfailed=1)
        ran.stdout.fnmatch_lines(["SKIPPED*said in the function", "!*Exit: said in the function !*"])

    def test_from_a_signal_handler_leaves_a_rotation_that_can_be_retried(self, db, fakesecrets):
        def stop(number, frame):
            pytest.fail("Timeout >60.0s")  # like pytest-timeout

        def hang(event, context):
            signal.raise_signal(signal.SIGTERM)

        function = fakesecrets.add_rotation_function(hang, name="function")
        before = signal.signal(signal.SIGTERM, stop)
        try:
            with pytest.raises(pytest.fail.Exception, match="Timeout"):
                db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        finally:
            signal.signal(signal.SIGTERM, before)
        fakesecrets.add_rotation_function(well_behaved, name="function")

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["failed"]
        fakesecrets.clock.tick(timedelta(hours=1))
        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"]

    def test_propagates_from_a_scenario_of_the_contract(self, pytester):
        pytester.makepyfile(
            """
            import pytest
            from pytest_fakesecrets import RotationContract


            class TestFunction(RotationContract):
                secret_value = "old"

                def rotate(event, context):
                    pytest.exit("said in the function")

                rotation_function = staticmethod(rotate)
            """
        )

        ran = pytester.runpytest("-k", "unknown_step")

        ran.stdout.fnmatch_lines(["!*Exit: said in the function !*"])


class TestRetriesOfAFailedRotation:
    """The times and the number of AWS's retries have not been observed: see Assumptions.retry_delays."""

    def test_run_when_the_clock_reaches_them_with_the_same_token(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-02 09:30")
        moments = []

        def down_until_half_past_ten(event, context):
            moments.append(f"{fakesecrets_clock.now:%H:%M}")
            if moments[-1] < "10:00":
                raise ConnectionError("down")
            well_behaved(event, context)

        function = fakesecrets.add_rotation_function(down_until_half_past_ten)
        with pytest.warns(RotationFailedWarning):
            answer = db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        with pytest.warns(RotationFailedWarning):
            fakesecrets_clock.tick(timedelta(days=1))

        assert moments == ["09:30", "09:31", "09:36", "09:51", "10:51", "10:51", "10:51", "10:51"]
        rotation = fakesecrets.rotations("db")[0]
        assert (rotation.status, rotation.attempt, rotation.token) == ("succeeded", 5, answer["VersionId"])
        assert (
            f"{db.describe_secret(SecretId='db')['LastRotatedDate'].astimezone(fakesecrets_clock.now.tzinfo):%H:%M}"
            == "10:51"
        )

    def test_are_limited_in_number(self, db, fakesecrets, fakesecrets_clock):
        fakesecrets.assume(retry_delays=(timedelta(minutes=1), timedelta(minutes=1)))

        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("createSecret"))
        with pytest.warns(RotationFailedWarning):
            fakesecrets_clock.tick(timedelta(days=300))

        assert fakesecrets.rotations("db")[0].attempt == 3
        names = [event["eventName"] for event in fakesecrets.cloudtrail]
        assert names == ["RotationStarted", "RotationFailed"] * 3

    def test_run_before_the_next_request_when_freezegun_moves_the_time(self, db, fakesecrets, freezer):
        healthy = []

        def once_down(event, context):
            if not healthy:
                raise ConnectionError("down")
            well_behaved(event, context)

        function = fakesecrets.add_rotation_function(once_down)
        with pytest.warns(RotationFailedWarning):
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        healthy.append(True)
        freezer.tick(timedelta(minutes=2))

        assert value(db) != "old"


class TestAFunctionThatMovesNoLabel:
    @pytest.mark.parametrize(
        "function",
        [nothing, lambda event, context: {"statusCode": 500}],
        ids=["it does nothing", "it returns what looks like an error"],
    )
    def test_fails_the_attempt_and_leaves_the_labels(self, db, fakesecrets, function):
        """Inferred: the return value of a function is ignored, and the labels show that the rotation has not ended."""
        with pytest.warns(RotationFailedWarning, match="AWSCURRENT is on v1 and not on the new version, v2"):
            rotation = fakesecrets.rotate("db", function)

        assert rotation.status == "failed"
        assert isinstance(rotation.error, FakeSecretsError)
        assert [step.name for step in rotation.steps] == STEPS
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}
        assert value(db) == "old"
        assert fakesecrets.cloudtrail[-1]["errorMessage"].endswith("during finishSecret step")

    def test_makes_the_driver_return_and_warn(self, db, fakesecrets, fakesecrets_rotation):
        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(nothing))

        with pytest.warns(RotationFailedWarning, match="finishSecret has to move it there"):
            rotation = fakesecrets_rotation.run()

        assert rotation.status == "failed"


class TestAFunctionThatMovesAwscurrentTooEarly:
    def test_makes_its_value_current_in_create_secret_by_putting_it_without_labels(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        def puts_without_stages(event, context):
            if event["Step"] == "createSecret":
                db.put_secret_value(
                    SecretId="db", ClientRequestToken=event["ClientRequestToken"], SecretString="untested"
                )

        function = fakesecrets.add_rotation_function(puts_without_stages)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        fakesecrets_rotation.step("createSecret")

        view = fakesecrets.secret("db")
        assert view.staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT", "AWSPENDING"}}
        assert [str(move) for move in view.transitions if move.step] == [
            "AWSCURRENT v1 -> v2 by PutSecretValue",
            "AWSPREVIOUS -> v1 by PutSecretValue",
        ]
        assert value(db) == "untested"
        assert fakesecrets_rotation.run().status == "succeeded"


class TestAFunctionThatOmitsTheToken:
    def test_moves_awspending_to_a_version_of_another_id(self, db, fakesecrets):
        def omits_the_token(event, context):
            if event["Step"] == "createSecret":
                db.put_secret_value(SecretId="db", SecretString="lost", VersionStages=["AWSPENDING"])
            else:
                well_behaved(event, context)

        with pytest.warns(RotationFailedWarning, match="has no stage for rotation"):
            rotation = fakesecrets.rotate("db", omits_the_token)

        view = fakesecrets.secret("db")
        assert (rotation.status, rotation.steps[-1].name) == ("failed", "setSecret")
        assert view.staging == {"v1": {"AWSCURRENT"}, "v3": {"AWSPENDING"}}
        assert value(db) == "old"
        with rejected("InvalidRequestException"):
            db.rotate_secret(SecretId="db")

    def test_abandons_the_rotation_by_a_current_value_of_another_id(self, db, fakesecrets):
        steps = []

        def omits_token_and_labels(event, context):
            steps.append(event["Step"])
            db.put_secret_value(SecretId="db", SecretString="lost")

        with pytest.warns(
            RotationFailedWarning, match="was abandoned by its own function: createSecret put a value"
        ):
            rotation = fakesecrets.rotate("db", omits_token_and_labels)

        assert (rotation.status, steps) == ("abandoned", ["createSecret"])
        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v3": {"AWSCURRENT"}}
        assert value(db) == "lost"


class TestAFunctionThatMovesAwspendingToTheOldVersion:
    def test_fails_the_attempt_and_blocks_the_next_rotation(self, db, fakesecrets):
        def moves_the_wrong_label(event, context):
            well_behaved(event, context)
            if event["Step"] == "finishSecret":
                db.update_secret_version_stage(
                    SecretId="db",
                    VersionStage="AWSPENDING",
                    MoveToVersionId=token(1),
                    RemoveFromVersionId=event["ClientRequestToken"],
                )

        with pytest.warns(RotationFailedWarning, match="AWSPENDING is on v1, while AWSCURRENT is on v2"):
            rotation = fakesecrets.rotate("db", moves_the_wrong_label)

        assert rotation.status == "failed"
        with rejected("InvalidRequestException") as answer:
            db.rotate_secret(SecretId="db")
        assert answer.message.startswith("A previous rotation isn't complete.")


class TestAManualValueDuringARotation:
    """RotationAbandoned (user guide, CloudTrail entries)."""

    @pytest.mark.parametrize("steps", [0, 1, 3])
    @pytest.mark.parametrize(
        "write",
        [
            lambda client: client.put_secret_value(SecretId="db", SecretString="by hand"),
            lambda client: client.update_secret(SecretId="db", SecretString="by hand"),
            lambda client: client.put_secret_value(
                SecretId="db", SecretString="by hand", VersionStages=["AWSCURRENT", "x"]
            ),
        ],
        ids=["PutSecretValue", "UpdateSecret", "PutSecretValue with AWSCURRENT"],
    )
    def test_abandons_the_rotation_and_removes_awspending(
        self, db, fakesecrets, fakesecrets_rotation, write, steps
    ):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        for _ in range(steps):
            fakesecrets_rotation.step()

        write(db)

        assert fakesecrets.rotations("db")[0].status == "abandoned"
        assert fakesecrets_rotation.pending == ()
        assert "AWSPENDING" not in fakesecrets.secret("db").labels
        assert value(db) == "by hand"
        names = [event["eventName"] for event in fakesecrets.cloudtrail]
        assert names == ["RotationStarted", "RotationAbandoned"]
        assert db.rotate_secret(SecretId="db")["VersionId"]

    def test_moves_next_rotation_date_and_not_last_rotated_date(self, db, fakesecrets, fakesecrets_clock):
        """A published describe-secret output; API_RotationRulesType."""
        fakesecrets_clock.move_to("2030-01-02 09:30")
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 30})
        rotated = db.describe_secret(SecretId="db")["LastRotatedDate"]

        fakesecrets_clock.move_to("2030-01-20 23:59:59")
        db.put_secret_value(SecretId="db", SecretString="by hand")

        described = db.describe_secret(SecretId="db")
        assert described["LastRotatedDate"] == rotated
        assert f"{fakesecrets.secret('db').next_rotation.opens:%Y-%m-%d}" == "2030-02-19"

    def test_with_only_a_custom_label_leaves_the_rotation_running(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        db.put_secret_value(SecretId="db", SecretString="aside", VersionStages=["MINE"])

        assert fakesecrets_rotation.run().status == "succeeded"


class TestRotateImmediatelyFalse:
    """moto aws-verified test_rotate_secret_using_lambda_dont_rotate_immediately; API_RotateSecret."""

    def test_runs_only_test_secret_on_a_copy_of_the_current_value(self, db, fakesecrets):
        seen = []

        def looks(event, context):
            described = db.describe_secret(SecretId="db")
            seen.append(
                (
                    event["Step"],
                    value(db, VersionId=event["ClientRequestToken"], VersionStage="AWSPENDING"),
                    described["RotationEnabled"],
                    described["VersionIdsToStages"][event["ClientRequestToken"]],
                )
            )

        answer = db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(looks),
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
            ClientRequestToken=token(2),
        )

        assert answer["VersionId"] == token(2)
        assert seen == [("testSecret", "old", True, ["AWSPENDING"])]

    def test_removes_the_test_version_and_changes_no_label_or_date(self, db, fakesecrets):
        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotateImmediately=False,
        )

        assert labels(db, "db") == {token(1): {"AWSCURRENT"}}
        assert listed(db, IncludeDeprecated=True) == [token(1)]
        assert value(db) == "old"
        assert "LastRotatedDate" not in db.describe_secret(SecretId="db")
        names = [event["eventName"] for event in fakesecrets.cloudtrail]
        assert names == ["TestRotationStarted", "TestRotationSucceeded"]

    def test_stores_the_configuration_and_removes_the_version_when_test_secret_fails(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(raising_in("testSecret"))

        with pytest.warns(RotationFailedWarning, match="The test run of"):
            db.rotate_secret(
                SecretId="db",
                RotationLambdaARN=function,
                RotationRules={"AutomaticallyAfterDays": 30},
                RotateImmediately=False,
            )

        described = db.describe_secret(SecretId="db")
        assert described["RotationEnabled"] is True
        assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
        assert labels(db, "db") == {token(1): {"AWSCURRENT"}}
        assert [event["eventName"] for event in fakesecrets.cloudtrail] == [
            "TestRotationStarted",
            "TestRotationFailed",
        ]

    def test_counts_the_days_of_the_schedule_from_the_call(self, db, fakesecrets, fakesecrets_clock):
        """Inferred: not observed on AWS."""
        fakesecrets_clock.move_to("2030-01-02 09:30")

        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
        )

        window = fakesecrets.secret("db").next_rotation
        assert (f"{window.opens:%Y-%m-%d %H:%M}", f"{window.closes:%Y-%m-%d %H:%M}") == (
            "2030-02-01 00:00",
            "2030-02-02 00:00",
        )

    def test_gives_the_function_no_value_if_the_secret_has_none(self, client, fakesecrets):
        """Inferred: there is nothing to copy."""
        client.create_secret(Name="empty")

        with pytest.warns(RotationFailedWarning, match="for staging label: AWSPENDING"):
            client.rotate_secret(
                SecretId="empty",
                RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
                RotateImmediately=False,
            )

        assert "VersionIdsToStages" not in client.describe_secret(SecretId="empty")

    def test_waits_for_the_driver_if_the_test_requests_it(self, db, fakesecrets, fakesecrets_rotation):
        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotateImmediately=False,
        )
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}
        assert [rotation.is_test for rotation in fakesecrets_rotation.pending] == [True]

        step = fakesecrets_rotation.step("testSecret")

        assert step.succeeded
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT"}}


class TestTheFirstRotation:
    def test_of_a_secret_without_a_value_fails_when_the_function_reads_awscurrent(self, client, fakesecrets):
        """The functions of aws-samples read AWSCURRENT first."""
        client.create_secret(Name="db")

        with pytest.warns(RotationFailedWarning, match="for staging label: AWSCURRENT"):
            fakesecrets.rotate("db", well_behaved)

        described = client.describe_secret(SecretId="db")
        assert list(described["VersionIdsToStages"].values()) == [["AWSPENDING"]]
        assert described["RotationEnabled"] is True
        assert "LastRotatedDate" not in described

    def test_of_a_secret_without_a_value_makes_the_first_value_current(self, client, fakesecrets):
        """API_PutSecretValue: the first value gets AWSCURRENT for any requested labels."""
        client.create_secret(Name="db")

        def only_creates(event, context):
            if event["Step"] == "createSecret":
                client.put_secret_value(
                    SecretId="db",
                    ClientRequestToken=event["ClientRequestToken"],
                    SecretString="first",
                    VersionStages=["AWSPENDING"],
                )

        assert fakesecrets.rotate("db", only_creates).status == "succeeded"
        assert fakesecrets.secret("db").staging == {"v1": {"AWSCURRENT", "AWSPENDING"}}

    def test_has_no_previous_value_to_read(self, db, fakesecrets):
        seen = []

        def reads_the_previous_value(event, context):
            if event["Step"] == "setSecret":
                with rejected("ResourceNotFoundException") as answer:
                    value(db, VersionStage="AWSPREVIOUS")
                seen.append(answer.message)
            well_behaved(event, context)

        fakesecrets.rotate("db", reads_the_previous_value)

        assert seen == [
            "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS"
        ]


class TestSeveralRotations:
    def test_move_awsprevious_to_the_preceding_value_each_time(self, db, fakesecrets):
        fakesecrets.rotate("db", well_behaved)
        first = value(db)
        fakesecrets.rotate("db")

        assert value(db, VersionStage="AWSPREVIOUS") == first
        assert fakesecrets.secret("db").staging == {"v2": {"AWSPREVIOUS"}, "v3": {"AWSCURRENT", "AWSPENDING"}}
        assert [rotation.status for rotation in fakesecrets.rotations("db")] == ["succeeded"] * 2

    def test_leave_a_custom_label_on_its_version(self, client, fakesecrets):
        client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
        client.update_secret_version_stage(SecretId="db", VersionStage="MINE", MoveToVersionId=token(1))

        fakesecrets.rotate("db", well_behaved)
        fakesecrets.rotate("db")

        assert fakesecrets.secret("db").staging["v1"] == {"MINE"}

    def test_may_be_nested_for_different_secrets(self, db, fakesecrets):
        db.create_secret(Name="other", SecretString="other")
        inner = fakesecrets.add_rotation_function(well_behaved, name="inner")

        def rotates_another(event, context):
            if event["Step"] == "setSecret":
                db.rotate_secret(SecretId="other", RotationLambdaARN=inner)
            well_behaved(event, context)

        fakesecrets.rotate("db", rotates_another)

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded"] * 2

    def test_cannot_be_nested_for_the_same_secret(self, db, fakesecrets):
        def rotates_itself(event, context):
            db.rotate_secret(SecretId="db")

        with pytest.warns(RotationFailedWarning, match="A previous rotation isn't complete"):
            fakesecrets.rotate("db", rotates_itself)


class TestAwspendingAfterARotation:
    @pytest.mark.parametrize(
        ("assumed", "left"), [("stays", {"AWSCURRENT", "AWSPENDING"}), ("removed", {"AWSCURRENT"})]
    )
    def test_stays_or_is_removed_as_pending_after_finish_says(self, db, fakesecrets, assumed, left):
        """aws-samples pull request 145 and issue 168 disagree; published outputs show it staying."""
        fakesecrets.assume(pending_after_finish=assumed)

        fakesecrets.rotate("db", well_behaved)

        assert fakesecrets.secret("db").staging == {"v1": {"AWSPREVIOUS"}, "v2": left}


class TestADeletionDuringARotation:
    def test_ends_the_rotation_and_blocks_further_ones_after_the_restore(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        """Inferred: rotations do not run for a deleted secret, and restoring changes no label."""
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        fakesecrets_rotation.step()

        db.delete_secret(SecretId="db")
        assert fakesecrets_rotation.pending == ()
        db.restore_secret(SecretId="db")

        assert fakesecrets.rotations("db")[0].status == "cancelled"
        assert db.describe_secret(SecretId="db")["RotationEnabled"] is True
        with rejected("InvalidRequestException"):
            db.rotate_secret(SecretId="db")

    def test_by_force_from_the_rotation_function_ends_the_rotation_without_an_error(self, db, fakesecrets):
        def deletes(event, context):
            db.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        function = fakesecrets.add_rotation_function(deletes)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["cancelled"]


class TestTheEnvironmentOfARotationFunction:
    def test_has_the_variables_of_lambda_beside_its_own(self, db, fakesecrets, monkeypatch):
        monkeypatch.setenv("EXCLUDE_CHARACTERS", "before")
        monkeypatch.delenv("PASSWORD_LENGTH", raising=False)
        seen = {}

        def looks(event, context):
            import os

            seen.update(os.environ)

        fakesecrets.add_rotation_function(
            looks, name="looks", environ={"EXCLUDE_CHARACTERS": "/@", "PASSWORD_LENGTH": "20"}
        )
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", "arn:aws:lambda:us-east-1:123456789012:function:looks")

        import os

        assert seen["SECRETS_MANAGER_ENDPOINT"] == "https://secretsmanager.us-east-1.amazonaws.com"
        assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "us-east-1"
        assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "looks"
        assert (seen["EXCLUDE_CHARACTERS"], seen["PASSWORD_LENGTH"]) == ("/@", "20")
        assert os.environ["EXCLUDE_CHARACTERS"] == "before"
        assert not {"PASSWORD_LENGTH", "SECRETS_MANAGER_ENDPOINT", "AWS_LAMBDA_FUNCTION_NAME"} & set(
            os.environ
        )

    def test_is_restored_after_a_failure(self, db, fakesecrets):
        import os

        before = dict(os.environ)
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("createSecret"))

        assert dict(os.environ) == before

    def test_contains_the_region_of_the_secret(self, fakesecrets):
        client = fakesecrets.client("eu-west-1")
        client.create_secret(Name="db", SecretString="old")

        def rotate(event, context):
            assert boto3.client("secretsmanager").meta.region_name == "eu-west-1"
            well_behaved(event, context)

        function = fakesecrets.add_rotation_function(rotate, region_name="eu-west-1")
        client.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert fakesecrets.rotations("db")[0].status == "succeeded"


class TestRotationFunctionsGivenByName:
    def test_are_imported_and_called(self, db, fakesecrets):
        rotation = fakesecrets.rotate("db", "rotation_functions:well_behaved")

        assert rotation.status == "succeeded"
        assert rotation.function_arn.endswith(":function:well_behaved")

    def test_see_their_environment_during_their_import(self, fakesecrets, tmp_path, monkeypatch):
        (tmp_path / "reads_at_import.py").write_text(
            "import os\nLENGTH = os.environ['PASSWORD_LENGTH']\ndef handler(event, context): pass\n"
        )
        monkeypatch.syspath_prepend(tmp_path)

        fakesecrets.add_rotation_function("reads_at_import:handler", environ={"PASSWORD_LENGTH": "20"})

        assert sys.modules["reads_at_import"].LENGTH == "20"

    def test_replace_an_earlier_function_of_that_name(self, db, fakesecrets):
        fakesecrets.add_rotation_function(raising_in("createSecret"), name="rotate")
        arn = fakesecrets.add_rotation_function(well_behaved, name="rotate")

        assert fakesecrets.rotate("db", arn).status == "succeeded"

    def test_get_different_arns_for_different_functions_of_one_name(self, fakesecrets):
        first = fakesecrets.add_rotation_function(raising_in("createSecret"))
        second = fakesecrets.add_rotation_function(raising_in("setSecret"))

        assert (first.rpartition(":")[2], second.rpartition(":")[2]) == ("fails", "fails-2")

    def test_get_the_same_arn_when_added_twice(self, fakesecrets):
        assert fakesecrets.add_rotation_function(nothing) == fakesecrets.add_rotation_function(nothing)


class TextWithBrokenMethods(str):
    """A str subclass with broken methods, which a `__str__` may return."""

    def __str__(self):
        raise LookupError

    encode = split = replace = startswith = None


def with_broken_methods(name, **attributes):
    return type(name, (Exception,), attributes)("an argument")


def raises(error):
    def method(*_):
        raise error

    return method


ERRORS_WITH_BROKEN_METHODS = {
    "whose str() raises": with_broken_methods("Odd", __str__=raises(LookupError())),
    "whose str() ends the process": with_broken_methods("Odd", __str__=raises(SystemExit(3))),
    "whose str() fails the test": with_broken_methods("Odd", __str__=lambda self: pytest.fail("no")),
    "whose str() is not text": with_broken_methods("Odd", __str__=lambda self: 7),
    "whose str() is odd": with_broken_methods("Odd", __str__=lambda self: TextWithBrokenMethods("text")),
    "whose repr() raises": with_broken_methods("Odd", __repr__=raises(LookupError())),
    "that is huge": ValueError("x" * 300_000),
    "with half of a character": ValueError("half \ud800 of one"),
    "whose attributes raise": with_broken_methods(
        "Odd", response=property(raises(ValueError())), operation_name=property(raises(SystemExit()))
    ),
    "whose notes raise": with_broken_methods("Odd", __notes__=property(raises(ValueError()))),
    "with an odd response": with_broken_methods(
        "Odd",
        response={
            "Error": {
                "Code": "ValidationException",
                "Message": with_broken_methods("M", __str__=raises(OSError())),
            }
        },
    ),
    "of a key that cannot be printed": KeyError(with_broken_methods("Key", __repr__=raises(LookupError()))),
    "without arguments": KeyError(),
}


class TestUnusualExceptionsAndReturnValues:
    """An error while describing the exception of a function never propagates to the caller that ran the function."""

    @pytest.fixture(autouse=True)
    def reports(self):
        """Collect the warnings of the test, which would be errors otherwise."""
        with warnings.catch_warnings(record=True) as caught:
            yield caught

    @pytest.mark.parametrize("error", ERRORS_WITH_BROKEN_METHODS.values(), ids=ERRORS_WITH_BROKEN_METHODS)
    def test_fail_the_rotation_if_raised(self, db, fakesecrets, reports, error):
        rotation = fakesecrets.rotate("db", raising_in("setSecret", error))

        assert (rotation.status, rotation.error) == ("failed", error)
        assert [str(each.message)[:12] for each in reports if each.category is RotationFailedWarning] == [
            "The rotation"
        ]
        assert all(len(str(each.message)) < 110_000 for each in reports)
        str(each for each in rotation.findings)
        fakesecrets.timeline().encode()
        "".join(str(each.message) for each in reports).encode()

    @pytest.mark.parametrize("error", ERRORS_WITH_BROKEN_METHODS.values(), ids=ERRORS_WITH_BROKEN_METHODS)
    def test_propagate_unchanged_from_a_step_and_not_from_the_clock(
        self, db, fakesecrets, fakesecrets_clock, fakesecrets_rotation, error
    ):
        function = fakesecrets.add_rotation_function(raising_in("createSecret", error))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        with pytest.raises(type(error)) as raised:
            fakesecrets_rotation.run()
        assert raised.value is error

        fakesecrets._rotations.driven = False
        fakesecrets_clock.tick(timedelta(days=1))
        assert fakesecrets.rotations("db")[0].attempt > 1

    @pytest.mark.parametrize(
        "returned",
        [
            with_broken_methods("Odd", __repr__=raises(LookupError())),
            with_broken_methods("Odd", __repr__=raises(SystemExit())),
            "half \ud800",
            {"status": with_broken_methods("Odd", __str__=raises(OSError()))},
        ],
        ids=[
            "whose repr() raises",
            "whose repr() ends the process",
            "half of a character",
            "with an odd member",
        ],
    )
    def test_do_not_fail_the_rotation_if_returned(self, db, fakesecrets, returned):
        def function(event, context):
            well_behaved(event, context)
            return returned

        assert fakesecrets.rotate("db", function).status == "succeeded"

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups")
    def test_are_redacted_in_groups_causes_and_notes(self, db, fakesecrets, reports):
        inner = ValueError("no old-password")
        inner.add_note("not even old-password")
        inner.__cause__ = LookupError("since old-password")
        db.put_secret_value(SecretId="db", SecretString="old-password")

        group = vars(builtins)["ExceptionGroup"]("some", [inner, OSError("old-password")])
        fakesecrets.rotate("db", raising_in("setSecret", group))

        text = next(str(each.message) for each in reports if each.category is RotationFailedWarning)
        assert "old-password" not in text
        for shown in (
            "ValueError: no ***",
            "not even ***",
            "LookupError: since ***",
            "OSError: ***",
            "ExceptionGroup: some",
        ):
            assert shown in text


class TestLoneSurrogates:
    """JSON allows lone surrogates, so values, tokens, labels and messages may contain them."""

    @pytest.fixture
    def with_surrogates(self, db, fakesecrets):
        db.create_secret(
            Name="odd", SecretString='{"password": "\\ud800x-odd"}', ClientRequestToken="\ud800" * 32
        )
        db.update_secret_version_stage(
            SecretId="odd", VersionStage="half \ud800", MoveToVersionId="\ud800" * 32
        )
        fakesecrets.fail("ListSecrets", (400, "Odd", "half \ud800 of one"))
        with rejected("Odd"):
            db.list_secrets()
        with rejected("ResourceNotFoundException"):
            db.get_secret_value(SecretId="db", VersionStage="other \ud800")
        return db

    def test_in_values_and_labels_do_not_disturb_rotations(
        self, with_surrogates, fakesecrets, fakesecrets_clock
    ):
        with pytest.warns(RotationFailedWarning, match=r"no login with \*\*\*, half"):
            fakesecrets.rotate(
                "db", raising_in("setSecret", ValueError("no login with \ud800x-odd, half \ud800"))
            )
        with pytest.warns(RotationFailedWarning):
            fakesecrets_clock.tick(timedelta(days=1))

        assert fakesecrets.rotations("db")[0].attempt > 1

    def test_may_be_in_the_token_of_a_rotation(self, with_surrogates, fakesecrets):
        rotation = fakesecrets.rotate("odd", well_behaved, ClientRequestToken="\udc00" * 32)

        assert (rotation.status, rotation.token) == ("succeeded", "\udc00" * 32)

    def test_are_escaped_in_printed_text(self, with_surrogates, fakesecrets):
        view = fakesecrets.secret("odd")
        shown = [
            fakesecrets.timeline(),
            fakesecrets.timeline("odd"),
            *explain(view.staging, {"v1": {"AWSCURRENT"}}),
            *explain(view.transitions, ["\ud800"]),
        ]

        "\n".join(shown).encode("utf-8")

    def test_are_escaped_in_the_section_of_a_failed_test_and_in_the_report(self, pytester):
        pytester.makepyfile(
            """
            import pytest
            from pytest_fakesecrets import RotationFailedWarning


            def fails(event, context):
                raise ValueError("no login with \\ud800x-odd")


            def test_it(fakesecrets, fakesecrets_client):
                fakesecrets_client.create_secret(Name="odd", SecretString='{"password": "\\\\ud800x-odd"}')
                fakesecrets_client.update_secret_version_stage(
                    SecretId="odd", VersionStage="half \\ud800",
                    MoveToVersionId=fakesecrets.secret("odd").versions[0].id,
                )
                fakesecrets.rotate("odd", fails)
                assert fakesecrets.secret("odd").staging == {}
            """
        )

        ran = pytester.runpytest("--fakesecrets-report=report.html", "-p", "no:randomly")

        ran.assert_outcomes(failed=1, warnings=1)
        assert ran.ret == pytest.ExitCode.TESTS_FAILED
        ran.stdout.fnmatch_lines(["*ValueError: no login with [*][*][*]", "fakesecrets report: *report.html"])
        assert "x-odd" not in pytester.path.joinpath("report.html").read_text("utf-8")

    def test_are_rejected_in_environment_variables(self, fakesecrets):
        for environ in ({"A": "half \ud800"}, {"half \ud800": "a"}, {"A": "\0"}, {"A=B": "c"}, {"": "a"}):
            with pytest.raises(FakeSecretsError, match=r"The environment variable '.*' cannot be set\."):
                fakesecrets.add_rotation_function(well_behaved, environ=environ)

        with pytest.raises(
            FakeSecretsError, match=r"MASTER has to be a string, not an object of type bytes\."
        ):
            fakesecrets.add_rotation_function(well_behaved, environ={"MASTER": b"hunter2"})

    def test_are_rejected_in_error_codes(self, fakesecrets):
        with pytest.raises(FakeSecretsError, match="cannot be an error code"):
            fakesecrets.fail("GetSecretValue", (400, "half \ud800", "message"))


def test_a_managed_secret_with_a_deeply_nested_value_can_be_rotated(fakesecrets):
    fakesecrets.add_secret("rds!db", "[" * 60_000, owning_service="rds")

    assert fakesecrets.rotate("rds!db").status == "succeeded"
    with pytest.raises(FakeSecretsError, match="is not JSON"):
        fakesecrets.secret("rds!db").json("AWSPREVIOUS")
