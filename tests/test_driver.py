"""The step driver: pending rotations, the next step, and the errors for misuse."""

from __future__ import annotations

from traceback import walk_tb

import pytest
from rotation_functions import nothing, raising_in, well_behaved
from support import token

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._rotation.invocation import RotationRef

pytestmark = pytest.mark.usefixtures("kept_clients")

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


@pytest.fixture
def rotating(db, fakesecrets, fakesecrets_rotation):
    """A driver with one rotation that waits for its first step."""
    function = fakesecrets.add_rotation_function(well_behaved)
    db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
    return fakesecrets_rotation


class TestDriverStep:
    def test_runs_and_returns_one_step_after_the_other(self, rotating):
        steps = [rotating.step() for _ in range(4)]

        assert [step.name for step in steps] == STEPS
        assert [step.attempt for step in steps] == [1, 1, 1, 1]
        assert [step.error for step in steps] == [None] * 4
        assert steps[0].start <= steps[0].end <= steps[1].start

    def test_accepts_the_name_of_the_step_that_is_due(self, rotating):
        assert rotating.step("createSecret").name == "createSecret"

        with pytest.raises(FakeSecretsError) as raised:
            rotating.step("finishSecret")

        arn = rotating.pending[0].secret_id
        assert (
            str(raised.value)
            == f"The next step of {arn} is setSecret, not finishSecret: createSecret has run."
        )
        assert rotating.step("setSecret").name == "setSecret"

    def test_rejects_an_unknown_step(self, rotating):
        with pytest.raises(FakeSecretsError) as raised:
            rotating.step("create_secret")

        assert str(raised.value) == (
            "Unknown step 'create_secret'. Choose one of createSecret, setSecret, testSecret, finishSecret. "
            "Did you mean 'createSecret'?"
        )

    def test_raises_the_exception_of_the_function_unchanged(self, db, fakesecrets, fakesecrets_rotation):
        error = ConnectionError("down")
        function = fakesecrets.add_rotation_function(raising_in("createSecret", error))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        with pytest.raises(ConnectionError) as raised:
            fakesecrets_rotation.step()

        assert raised.value is error
        assert str(raised.traceback[-1].path).endswith("rotation_functions.py")
        assert fakesecrets.rotations("db")[0].error is error

    def test_starts_the_retry_after_a_failure(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(raising_in("setSecret"))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()
        assert [rotation.status for rotation in fakesecrets_rotation.pending] == ["failed"]

        step = fakesecrets_rotation.step("createSecret")

        assert (step.name, step.attempt) == ("createSecret", 2)
        assert [rotation.status for rotation in fakesecrets_rotation.pending] == ["in progress"]

    def test_without_a_rotation_explains_how_to_start_one(self, fakesecrets_rotation):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets_rotation.step()

        assert str(raised.value) == "No rotation waits for a step. Start one with rotate_secret()."

    def test_after_the_last_step_reports_how_the_rotation_ended(self, rotating, fakesecrets):
        rotating.run()

        with pytest.raises(FakeSecretsError) as raised:
            rotating.step()

        assert str(raised.value) == (
            f"No rotation waits for a step. The last one, of {fakesecrets.secret('db').arn}, succeeded. "
            "Start another with rotate_secret()."
        )

    @pytest.mark.parametrize("is_driven", [True, False], ids=["rotate()", "before drive()"])
    def test_after_a_rotation_that_ran_by_itself_says_so(self, db, fakesecrets, is_driven):
        driver = fakesecrets.drive() if is_driven else None
        function = fakesecrets.add_rotation_function(well_behaved)
        if driver is not None:
            fakesecrets.rotate("db", function)
        else:
            db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.drive().step()

        assert (
            "succeeded without step() and run(): rotate() runs all steps itself, and so does rotate_secret() before the "
            "test has requested fakesecrets_rotation or called drive(). Start another with rotate_secret()."
        ) in str(raised.value)

    def test_after_the_last_attempt_reports_that_aws_stops_retrying(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        fakesecrets.assume(retry_delays=())
        function = fakesecrets.add_rotation_function(raising_in("createSecret"))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.step()

        with pytest.raises(FakeSecretsError, match=r"failed in attempt 1\. AWS does not retry it"):
            fakesecrets_rotation.step()


class TestDriverRun:
    def test_runs_the_remaining_steps_and_returns_the_rotation(self, rotating):
        rotating.step()

        rotation = rotating.run()

        assert (rotation.status, rotation.token, rotation.scheduled_at) == ("succeeded", token(2), None)
        assert [step.name for step in rotation.steps] == STEPS

    def test_without_a_rotation_explains_how_to_start_one(self, fakesecrets_rotation):
        with pytest.raises(FakeSecretsError, match="Start one with rotate_secret"):
            fakesecrets_rotation.run()


class TestPendingRotations:
    def test_are_listed_oldest_first(self, rotating, db, fakesecrets):
        db.create_secret(Name="api", SecretString="old")
        db.rotate_secret(SecretId="api", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))

        assert [rotation.secret_id for rotation in rotating.pending] == [
            fakesecrets.secret("db").arn,
            fakesecrets.secret("api").arn,
        ]
        rotating.run(secret_id="api")
        assert [rotation.secret_id for rotation in rotating.pending] == [fakesecrets.secret("db").arn]

    def test_are_a_snapshot(self, rotating):
        before = rotating.pending[0]

        rotating.step()

        assert before.steps == ()
        assert len(rotating.pending[0].steps) == 1

    def test_are_none_after_the_last_step(self, rotating):
        rotating.run()

        assert rotating.pending == ()


class TestDriverRedeliver:
    def test_calls_a_step_again_with_the_same_event(self, db, fakesecrets, fakesecrets_rotation):
        events = []

        def spy(event, context):
            events.append(event)
            well_behaved(event, context)

        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(spy))
        fakesecrets_rotation.step()

        again = fakesecrets_rotation.redeliver("createSecret")

        assert events[0] == events[1]
        assert (again.name, again.redelivered) == ("createSecret", True)
        assert fakesecrets_rotation.step().name == "setSecret"
        assert [step.name for step in fakesecrets.rotations("db")[0].steps] == ["createSecret", "setSecret"]

    def test_accepts_a_step_object_long_after_the_rotation(self, rotating, fakesecrets):
        first = rotating.step()
        rotating.run()
        before = fakesecrets.secret("db").staging

        rotating.redeliver(first)

        assert fakesecrets.secret("db").staging == before

    def test_raises_the_exception_of_the_function_and_leaves_the_rotation_unchanged(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        def creates_without_a_check(event, context):
            if event["Step"] == "createSecret":
                password = db.get_random_password()["RandomPassword"]
                db.put_secret_value(
                    SecretId="db",
                    ClientRequestToken=event["ClientRequestToken"],
                    SecretString=password,
                    VersionStages=["AWSPENDING"],
                )

        function = fakesecrets.add_rotation_function(creates_without_a_check)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        fakesecrets_rotation.step()

        with pytest.raises(db.exceptions.ResourceExistsException, match="already in use for a version"):
            fakesecrets_rotation.redeliver("createSecret")

        assert fakesecrets_rotation.pending[0].status == "in progress"

    def test_rejects_a_step_that_has_not_run(self, rotating):
        with pytest.raises(FakeSecretsError, match="setSecret has not run yet"):
            rotating.redeliver("setSecret")

    def test_rejects_an_unknown_step(self, rotating):
        with pytest.raises(FakeSecretsError, match="Unknown step 'set'"):
            rotating.redeliver("set")


class TestFakeRotate:
    """`fake.rotate()` calls RotateSecret and runs all steps."""

    def test_runs_all_steps_although_the_driver_is_requested(self, db, fakesecrets, fakesecrets_rotation):
        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert fakesecrets_rotation.pending == ()

    def test_accepts_members_of_rotate_secret(self, db, fakesecrets):
        fakesecrets.rotate("db", well_behaved, RotationRules={"AutomaticallyAfterDays": 9})

        assert db.describe_secret(SecretId="db")["RotationRules"] == {"AutomaticallyAfterDays": 9}

    def test_without_a_function_is_rejected_by_the_service(self, db, fakesecrets):
        with pytest.raises(db.exceptions.InvalidRequestException, match="No Lambda rotation function ARN"):
            fakesecrets.rotate("db")

    def test_of_an_unknown_secret_lists_the_existing_ones(self, db, fakesecrets):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.rotate("database", well_behaved)

        assert str(raised.value) == (
            f"There is no secret 'database' in the fake. It has:\n- {fakesecrets.secret('db').arn}"
        )

    def test_with_an_unknown_function_lists_the_existing_ones(self, db, fakesecrets):
        known = fakesecrets.add_rotation_function(nothing)

        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.rotate("db", "arn:aws:lambda:us-east-1:123456789012:function:nobody")

        assert str(raised.value) == (
            "There is no rotation function 'arn:aws:lambda:us-east-1:123456789012:function:nobody' in the "
            f"fake. Add it with add_rotation_function(), or use one of:\n- {known}"
        )

    def test_runs_in_the_region_of_the_secret(self, fakesecrets):
        client = fakesecrets.client("ap-south-1")
        client.create_secret(Name="db", SecretString="old")

        rotation = fakesecrets.rotate("db", well_behaved)

        assert rotation.status == "succeeded"
        assert ":ap-south-1:" in rotation.secret_id


class TestAnInvalidRotationFunction:
    @pytest.mark.parametrize(
        ("handler", "message"),
        [
            pytest.param(
                42,
                "A rotation function has to be callable as handler(event, context), and 42 is not.",
                id="a number",
            ),
            pytest.param(
                lambda event: None,
                "cannot be called as handler(event, context): too many positional arguments.",
                id="one argument",
            ),
            pytest.param(
                "rotation_functions",
                "'rotation_functions' does not name a function. Write it as 'package.module:function', "
                "or pass the function itself.",
                id="a module",
            ),
            pytest.param(
                "no_such_module:handler",
                "The rotation function 'no_such_module:handler' cannot be loaded: "
                "No module named 'no_such_module'.",
                id="no such module",
            ),
            pytest.param(
                "rotation_functions:handle",
                "The rotation function 'rotation_functions:handle' cannot be loaded: "
                "module 'rotation_functions' has no attribute 'handle'.",
                id="no such function",
            ),
            pytest.param(
                "rotation_functions:well_behavd", " Did you mean 'well_behaved'?", id="a misspelt function"
            ),
            pytest.param(
                "rotation_function:well_behaved",
                "No module named 'rotation_function'. Did you mean 'rotation_functions'?",
                id="a misspelt module",
            ),
            pytest.param(
                "json.decodr:loads",
                "No module named 'json.decodr'. Did you mean 'json.decoder'?",
                id="a misspelt module of a package",
            ),
            pytest.param(".json:loads", "'.json:loads' does not name a function.", id="a relative module"),
        ],
    )
    def test_is_rejected_when_it_is_added(self, fakesecrets, handler, message):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.add_rotation_function(handler)

        assert message in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None or raised.value.__suppress_context__

    @pytest.mark.parametrize("code", [None, "."], ids=["a module", "a folder"])
    @pytest.mark.parametrize(
        "source", ["import no_such_driver", "raise LookupError"], ids=["ImportError", "LookupError"]
    )
    def test_an_exception_of_their_module_shows_no_frames_of_the_import(
        self, fakesecrets, tmp_path, monkeypatch, source, code
    ):
        (tmp_path / "its_module.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)

        with pytest.raises((FakeSecretsError, LookupError)) as raised:
            fakesecrets.add_rotation_function(
                "its_module:handler" if code is None else "its_module.handler",
                code=None if code is None else tmp_path,
            )

        error = raised.value.__cause__ or raised.value
        names = [frame.f_globals["__name__"] for frame, _ in walk_tb(error.__traceback__)]
        assert "its_module" in names
        assert not [name for name in names if name.startswith("importlib")]

    def test_that_is_a_coroutine_function_is_rejected(self, fakesecrets):
        async def handler(event, context): ...

        with pytest.raises(
            FakeSecretsError, match="is a coroutine function, and Lambda does not await coroutines"
        ):
            fakesecrets.add_rotation_function(handler)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                {"name": 5},
                "The name of a rotation function is a string, such as 'rotate-db', not an object of type int",
            ),
            (
                {"environ": ["STAGE"]},
                "The argument environ is a dict of environment variables, .* of type list",
            ),
        ],
    )
    def test_a_name_or_an_environment_of_the_wrong_type_is_refused(self, fakesecrets, arguments, message):
        with pytest.raises(FakeSecretsError, match=message):
            fakesecrets.add_rotation_function(well_behaved, **arguments)

    @pytest.mark.parametrize("name", ["my function", "", "arn:aws:s3:::x", "x" * 141])
    def test_with_an_illegal_name_is_rejected(self, fakesecrets, name):
        with pytest.raises(FakeSecretsError, match="is not a valid name for a Lambda function"):
            fakesecrets.add_rotation_function(nothing, name=name)

    def test_with_environment_variables_other_than_strings_is_rejected(self, fakesecrets):
        with pytest.raises(FakeSecretsError, match="PASSWORD_LENGTH has to be a string, not 20"):
            fakesecrets.add_rotation_function(nothing, environ={"PASSWORD_LENGTH": 20})


class TestDrivingRotations:
    def test_is_off_without_the_fixture_so_that_rotate_secret_runs_all_steps(self, db, fakesecrets):
        function = fakesecrets.add_rotation_function(well_behaved)

        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert fakesecrets.rotations("db")[0].status == "succeeded"

    def test_is_possible_without_pytest(self):
        fake = FakeSecrets()
        with fake:
            driver, client = fake.drive(), fake.client()
            client.create_secret(Name="db", SecretString="old")
            client.rotate_secret(SecretId="db", RotationLambdaARN=fake.add_rotation_function(well_behaved))

            assert [rotation.status for rotation in driver.pending] == ["in progress"]
            assert driver.run().status == "succeeded"

    def test_is_still_on_after_a_reset_which_drops_pending_rotations(self, rotating, db, fakesecrets):
        fakesecrets.reset()
        assert rotating.pending == ()

        db.create_secret(Name="db", SecretString="old")
        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(nothing))
        assert len(rotating.pending) == 1
        with pytest.warns(RotationFailedWarning):
            rotating.run()


class TestFakeAssume:
    def test_with_an_unknown_assumption_lists_the_existing_ones(self, fakesecrets):
        with pytest.raises(
            FakeSecretsError, match=r"Unknown assumption 'retries'\. Choose one of rotate_at, stuck_window"
        ):
            fakesecrets.assume(retries=3)

    def test_returns_all_assumptions_with_the_changes(self, fakesecrets):
        assumed = fakesecrets.assume(pending_after_finish="removed")

        assert assumed.pending_after_finish == "removed"
        assert len(assumed.retry_delays) == 4


@pytest.mark.parametrize("by_name", [False, True])
def test_the_cost_of_a_step_does_not_grow_with_the_number_of_pending_rotations(
    client, fakesecrets, fakesecrets_rotation, monkeypatch, by_name
):
    function = fakesecrets.add_rotation_function(nothing)
    for number in range(30):
        client.create_secret(Name=f"db-{number}", SecretString="old")
        client.rotate_secret(SecretId=f"db-{number}", RotationLambdaARN=function)
    looked_at = []
    goes_on = RotationRef.goes_on
    monkeypatch.setattr(RotationRef, "goes_on", lambda ref, now: looked_at.append(ref) or goes_on(ref, now))

    counts = []
    for number in range(30):
        begun = len(looked_at)
        chosen = {"secret_id": f"db-{number}"} if by_name else {}
        fakesecrets_rotation.step("createSecret", **chosen)
        fakesecrets_rotation.step("setSecret", **chosen)
        counts.append(len(looked_at) - begun)
        client.put_secret_value(SecretId=f"db-{number}", SecretString="abandons the rotation")

    assert set(counts) == {counts[0]}
    assert counts[0] < 10
