"""`fake.rotation_paused()`: a rotation is paused between two steps while an application runs."""

from __future__ import annotations

import asyncio

import pytest
from botocore.exceptions import ClientError
from rotation_functions import raising_in, well_behaved

from pytest_fakesecrets import ROTATION_POINTS, FakeSecretsError, RotationFailedWarning
from pytest_fakesecrets._fake.assertion_messages import explain

pytestmark = pytest.mark.usefixtures("kept_clients")


@pytest.fixture
def db(fakesecrets, client):
    client.create_secret(Name="db", SecretString="old")
    return client


def read(client):
    return client.get_secret_value(SecretId="db")["SecretString"]


class TestAPausedRotation:
    @pytest.mark.parametrize(
        ("after", "staging", "is_old"),
        [
            pytest.param("RotateSecret", {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}, True, id="staged"),
            pytest.param("createSecret", {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}, True, id="created"),
            pytest.param("setSecret", {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}, True, id="set"),
            pytest.param("testSecret", {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}, True, id="tested"),
            pytest.param(
                "finishSecret",
                {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT", "AWSPENDING"}},
                False,
                id="finished",
            ),
        ],
    )
    def test_stops_after_the_step_and_continues_after_the_block(
        self, db, fakesecrets, after, staging, is_old
    ):
        with fakesecrets.rotation_paused("db", after=after, handler=well_behaved) as rotation:
            assert len(rotation.steps) == ROTATION_POINTS.index(after)
            assert fakesecrets.secret("db").staging == staging
            assert (read(db) == "old") is is_old

        assert fakesecrets.rotations("db")[0].status == "succeeded"
        assert read(db) != "old"

    def test_stops_before_the_first_step_by_default(self, db, fakesecrets):
        with fakesecrets.rotation_paused("db", handler=well_behaved) as rotation:
            assert (rotation.status, rotation.steps) == ("in progress", ())

    def test_may_be_one_that_is_pending_already(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        token = db.rotate_secret(SecretId="db", RotationLambdaARN=function)["VersionId"]
        fakesecrets_rotation.step("createSecret")

        with fakesecrets.rotation_paused("db", after="setSecret") as rotation:
            assert [step.name for step in rotation.steps] == ["createSecret", "setSecret"]

        assert [(each.token, each.status) for each in fakesecrets.rotations()] == [(token, "succeeded")]

    def test_leaves_later_rotations_to_the_fake(self, db, fakesecrets):
        with fakesecrets.rotation_paused("db", handler=well_behaved):
            pass

        db.rotate_secret(SecretId="db")

        assert [rotation.status for rotation in fakesecrets.rotations()] == ["succeeded", "succeeded"]

    def test_leaves_later_rotations_to_a_test_that_drives(self, db, fakesecrets, fakesecrets_rotation):
        with fakesecrets.rotation_paused("db", handler=well_behaved):
            pass

        db.rotate_secret(SecretId="db")

        assert len(fakesecrets_rotation.pending) == 1

    def test_raises_the_exception_of_a_step_and_is_retried_later(self, db, fakesecrets, fakesecrets_clock):
        function = raising_in("setSecret")

        with (
            pytest.raises(RuntimeError, match="database is down"),
            fakesecrets.rotation_paused("db", after="testSecret", handler=function),
        ):
            pytest.fail("The block is not entered.")

        assert fakesecrets.rotations()[0].status == "failed"
        with pytest.warns(RotationFailedWarning):
            fakesecrets_clock.tick(60)
        assert fakesecrets.rotations()[0].attempt == 2

    def test_stays_paused_after_an_exception_of_the_block(self, db, fakesecrets):
        with (
            pytest.raises(LookupError),
            fakesecrets.rotation_paused("db", after="setSecret", handler=well_behaved),
        ):
            raise LookupError

        assert fakesecrets.rotations()[0].status == "in progress"
        assert read(db) == "old"

    def test_does_not_stop_rotations_of_other_secrets(self, db, fakesecrets):
        db.create_secret(Name="other", SecretString="old")
        function = fakesecrets.add_rotation_function(well_behaved)

        with fakesecrets.rotation_paused("db", handler=function):
            db.rotate_secret(SecretId="other", RotationLambdaARN=function)
            assert [rotation.status for rotation in fakesecrets.rotations("other")] == ["succeeded"]

    def test_stops_in_the_next_attempt_after_a_failure(self, db, fakesecrets, fakesecrets_rotation):
        failing = fakesecrets.add_rotation_function(raising_in("setSecret"), name="rotate")
        db.rotate_secret(SecretId="db", RotationLambdaARN=failing)
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()
        fakesecrets.add_rotation_function(well_behaved, name="rotate")

        with fakesecrets.rotation_paused("db", after="testSecret") as rotation:
            assert [(step.name, step.attempt) for step in rotation.steps[-3:]] == [
                ("createSecret", 2),
                ("setSecret", 2),
                ("testSecret", 2),
            ]

    def test_cannot_stop_after_a_step_that_has_already_run(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        fakesecrets_rotation.step()
        fakesecrets_rotation.step()

        with (
            pytest.raises(FakeSecretsError, match="cannot be paused at 'createSecret'"),
            fakesecrets.rotation_paused("db", after="createSecret"),
        ):
            pytest.fail("The block is not entered.")

    def test_may_be_one_of_rotate_immediately_false(self, db, fakesecrets):
        rules = {"AutomaticallyAfterDays": 30}

        with fakesecrets.rotation_paused(
            "db", handler=well_behaved, RotateImmediately=False, RotationRules=rules
        ) as rotation:
            assert rotation.is_test

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            pytest.param(
                {"secret_id": "db", "after": "deleteSecret"},
                "Unknown point 'deleteSecret'. Choose one of RotateSecret, createSecret, setSecret, testSecret, "
                "finishSecret. Did you mean 'setSecret'?",
                id="no point",
            ),
            pytest.param(
                {"secret_id": "nobody"},
                "There is no secret 'nobody' in the fake. It has:\n"
                "- arn:aws:secretsmanager:us-east-1:123456789012:secret:db-vcLwJt",
                id="no secret",
            ),
        ],
    )
    def test_needs_an_existing_secret_and_step(self, db, fakesecrets, arguments, message):
        with pytest.raises(FakeSecretsError) as raised, fakesecrets.rotation_paused(**arguments):
            pytest.fail("The block is not entered.")

        assert str(raised.value) == message

    @pytest.mark.parametrize(
        ("arguments", "keywords", "message"),
        [
            (("db", well_behaved), {}, "takes a handler as a keyword, and got an object of type function "),
            (("db", well_behaved), {}, "Write rotation_paused('db', handler=rotate)."),
            (("db", "setSecret"), {}, "Write rotation_paused('db', after='setSecret')."),
            (
                (well_behaved,),
                {},
                "not an object of type function. Pass a rotation function as handler=..., ",
            ),
            (
                ("db",),
                {"handlr": well_behaved},
                "'handlr' is neither an argument of this method nor a further ",
            ),
            (("db",), {"handlr": well_behaved}, " Did you mean 'handler'? "),
            (("db",), {"rotation_rules": {}}, " Did you mean 'RotationRules'? "),
            (("db",), {"rules": {}}, " Did you mean 'RotationRules'? "),
            (("db",), {"token": "x"}, " Did you mean 'ClientRequestToken'? "),
            (("db",), {"lambda_arn": "x"}, " Did you mean 'RotationLambdaARN'? "),
            (("db",), {"days": 7}, " Did you mean RotationRules={'AutomaticallyAfterDays': ...}? "),
            (("db",), {"Duration": "3h"}, " Did you mean RotationRules={'Duration': ...}? "),
            (("db",), {"schedule": "x"}, " Did you mean RotationRules={'ScheduleExpression': ...}? "),
            (("db",), {"function": well_behaved}, " Did you mean 'handler'? "),
            (("db",), {"x": 1}, " further member of RotateSecret. The members are ClientRequestToken, "),
            (
                ("db",),
                {"handler": "lambda_function.lambda_handler", "code": "lambdas"},
                "'code' is an argument of add_rotation_function(), and not of this method. Pass the ARN that "
                "add_rotation_function(handler, code=...) returns as the handler.",
            ),
        ],
    )
    def test_refuses_an_argument_in_the_wrong_place(self, db, fakesecrets, arguments, keywords, message):
        with pytest.raises(FakeSecretsError) as raised, fakesecrets.rotation_paused(*arguments, **keywords):
            pytest.fail("The block is not entered.")

        assert message in str(raised.value)
        assert fakesecrets.rotations() == ()

    def test_cannot_be_nested_in_another_one_of_the_same_secret(self, db, fakesecrets):
        with fakesecrets.rotation_paused("db", after="createSecret", handler=well_behaved):
            with (
                pytest.raises(
                    FakeSecretsError, match=r"^rotation_paused\(\) holds a rotation of 'db' already"
                ),
                fakesecrets.rotation_paused("db", after="setSecret"),
            ):
                pytest.fail("The block is not entered.")
            held = "rotation_paused() holds its rotation, and the next step is setSecret."
            assert held in explain(fakesecrets.secret("db").staging, {})
            assert [step.name for step in fakesecrets.rotations()[0].steps] == ["createSecret"]

        assert fakesecrets.rotations()[0].status == "succeeded"
        with fakesecrets.rotation_paused("db") as again:
            assert again.status == "in progress"

    def test_with_async_with_is_an_error_that_names_the_right_statement(self, fakesecrets, db):
        async def application():
            async with fakesecrets.rotation_paused("db", handler=well_behaved):
                pass

        with pytest.raises(FakeSecretsError, match="Write 'with' in place of 'async with'"):
            asyncio.run(application())

        assert fakesecrets.rotations() == ()

    def test_without_a_with_statement_is_a_warning_at_its_line(self, db, fakesecrets):
        fakesecrets.rotation_paused("db", handler=well_behaved)
        rotations = fakesecrets.rotations()

        with pytest.warns(RuntimeWarning, match="without a 'with' statement, so it has rotated") as caught:
            fakesecrets.reset()

        code = type(self).test_without_a_with_statement_is_a_warning_at_its_line.__code__
        assert [(each.filename, each.lineno) for each in caught] == [(__file__, code.co_firstlineno + 1)]
        assert rotations == ()

    def test_raises_an_error_of_rotate_secret(self, db, fakesecrets):
        with pytest.raises(ClientError), fakesecrets.rotation_paused("db"):
            pytest.fail("The block is not entered.")

    def test_an_error_of_it_points_at_the_line_of_the_test_and_shows_no_frames_of_contextlib(self, pytester):
        pytester.makepyfile(
            """
            def rotate(event, context):
                raise LookupError("no database")


            def test_a_wrong_argument(fakesecrets):
                with fakesecrets.rotation_paused("db", rotate):
                    pass


            def test_a_step_that_raises(fakesecrets):
                fakesecrets.add_secret("db", "old")
                with fakesecrets.rotation_paused("db", after="createSecret", handler=rotate):
                    pass
            """
        )

        ran = pytester.runpytest("-p", "no:randomly")

        ran.assert_outcomes(failed=2)
        ran.stdout.fnmatch_lines(
            [
                '>       with fakesecrets.rotation_paused("db", rotate):',
                "E       *FakeSecretsError: rotation_paused() takes a handler as a keyword, *",
                '>       raise LookupError("no database")',
            ]
        )
        ran.stdout.no_fnmatch_line("*/contextlib.py*")
