"""`fake.secret()`: the view of a secret for assertions, and the explanation of a failed assertion."""

from __future__ import annotations

import pickle
import sys
import unittest

import pytest
from rotation_functions import well_behaved
from support import token

from pytest_fakesecrets import FakeSecretsError, InvocationRefused, LabelMoved
from pytest_fakesecrets._fake.assertion_messages import explain

pytestmark = pytest.mark.usefixtures("kept_clients")


@pytest.fixture
def db(client):
    client.create_secret(Name="db", SecretString='{"password": "hunter2"}', ClientRequestToken=token(1))
    return client


@pytest.fixture
def view(db, fakesecrets):
    return fakesecrets.secret("db")


def explained(left, right):
    assert left != right
    return "\n".join(explain(left, right))


class TestASecretView:
    def test_reads_the_present_state(self, db, view):
        before = view.staging

        db.put_secret_value(SecretId="db", SecretString="new")

        assert before == {"v1": {"AWSCURRENT"}}
        assert view.staging == {"v1": {"AWSPREVIOUS"}, "v2": {"AWSCURRENT"}}

    def test_maps_labels_to_version_ids(self, db, view):
        db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        assert view.labels == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}

    def test_lists_every_version_oldest_first(self, db, view, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-02")
        for number in (2, 3):
            db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(number))

        versions = view.versions

        assert [version.id for version in versions] == [token(1), token(2), token(3)]
        assert [version.alias for version in versions] == ["v1", "v2", "v3"]
        assert [set(version.labels) for version in versions] == [set(), {"AWSPREVIOUS"}, {"AWSCURRENT"}]
        assert [version.has_value for version in versions] == [True] * 3
        assert versions[2].created_at == fakesecrets_clock.now

    def test_shows_a_staged_version_without_a_value(self, db, view, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)

        assert [version.has_value for version in view.versions] == [True, False]
        assert view.rotation_enabled is True

    def test_leaves_versions_without_labels_out_of_staging(self, db, view):
        for _ in range(3):
            db.put_secret_value(SecretId="db", SecretString="new")

        assert view.staging == {"v3": {"AWSPREVIOUS"}, "v4": {"AWSCURRENT"}}

    def test_gives_a_value_and_its_json(self, view):
        assert view.value() == '{"password": "hunter2"}'
        assert view.json()["password"] == "hunter2"

    def test_gives_bytes_as_bytes(self, db, view):
        db.put_secret_value(SecretId="db", SecretBinary=b"\x00\xff")

        assert view.value() == b"\x00\xff"

    def test_counts_as_neither_an_access_nor_an_event(self, db, view, fakesecrets):
        before = fakesecrets.history

        view.value()

        assert "LastAccessedDate" not in db.describe_secret(SecretId="db")
        assert len(fakesecrets.history) == len(before) + 1

    def test_names_the_secret(self, view):
        assert view.name == "db"
        assert view.arn.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-")
        assert view.rotation_enabled is False
        assert view.next_rotation is None

    def test_finds_a_secret_by_arn_and_in_another_region(self, fakesecrets):
        answer = fakesecrets.client("eu-west-1").create_secret(Name="far", SecretString="x")

        assert fakesecrets.secret("far").arn == fakesecrets.secret(answer["ARN"]).arn == answer["ARN"]

    def test_prefers_the_default_region(self, db, view, fakesecrets):
        fakesecrets.client("eu-west-1").create_secret(Name="db", SecretString="x")

        assert ":us-east-1:" in fakesecrets.secret("db").arn


class TestAnErrorOfASecretView:
    def test_for_an_unknown_secret_lists_the_existing_ones(self, view, fakesecrets):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.secret("database")

        assert str(raised.value) == f"There is no secret 'database' in the fake. It has:\n- {view.arn}"

    def test_without_any_secrets_explains_how_to_create_one(self, fakesecrets):
        with pytest.raises(FakeSecretsError) as raised:
            fakesecrets.secret("db")

        assert str(raised.value) == (
            "There is no secret 'db' in the fake. It has none yet: create one with create_secret()."
        )
        hint = "hint: Write fakesecrets.add_secret(name, value), or create_secret() of a client."
        assert sys.version_info < (3, 11) or raised.value.__notes__ == [hint]

    def test_for_a_name_in_several_regions_requires_the_arn(self, fakesecrets):
        for region in ("eu-west-1", "ap-south-1"):
            fakesecrets.client(region).create_secret(Name="db", SecretString="x")

        with pytest.raises(FakeSecretsError, match=r"in several regions \(ap-south-1, eu-west-1\)"):
            fakesecrets.secret("db")

    def test_for_an_unused_label_lists_the_existing_ones(self, view):
        with pytest.raises(FakeSecretsError) as raised:
            view.value("AWSPENDING")

        assert str(raised.value) == "No version of 'db' has the label AWSPENDING. It has:\n- AWSCURRENT on v1"

    def test_for_a_version_without_a_value_names_the_step_that_puts_one(
        self, db, view, fakesecrets, fakesecrets_rotation
    ):
        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))

        with pytest.raises(FakeSecretsError, match="AWSPENDING of 'db' is on v2, which has no value yet"):
            view.value("AWSPENDING")

    def test_for_a_value_that_is_not_json_does_not_show_it(self, db, view):
        db.put_secret_value(SecretId="db", SecretString="hunter3")

        with pytest.raises(FakeSecretsError) as raised:
            view.json()

        assert str(raised.value) == "The value of 'db' under AWSCURRENT is not JSON. Read it with value()."
        assert raised.value.__suppress_context__


class TestLabelTransitions:
    def test_list_every_move_in_order_of_time(self, db, view, fakesecrets):
        fakesecrets.rotate("db", well_behaved)

        assert [str(move) for move in view.transitions] == [
            "AWSCURRENT -> v1 by CreateSecret",
            "AWSPENDING -> v2 by RotateSecret",
            "AWSCURRENT v1 -> v2 by UpdateSecretVersionStage",
            "AWSPREVIOUS -> v1 by UpdateSecretVersionStage",
        ]

    def test_have_attributes_for_the_parts_of_a_move(self, db, view, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-02")
        db.put_secret_value(SecretId="db", SecretString="new")

        move = view.transitions[1]

        assert (move.label, move.source, move.target, move.by) == ("AWSCURRENT", "v1", "v2", "PutSecretValue")
        assert move.at == fakesecrets_clock.now

    def test_are_equal_to_their_text_and_to_equal_moves(self, view):
        move = view.transitions[0]

        assert view.transitions == ["AWSCURRENT -> v1 by CreateSecret"]
        assert view.transitions == (LabelMoved("AWSCURRENT", None, "v1", move.at, "CreateSecret"),)
        assert view.transitions != ["AWSCURRENT -> v2 by CreateSecret"]
        assert view.transitions != []

    def test_include_moves_that_the_service_makes(self, db, view, fakesecrets):
        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotateImmediately=False,
        )

        assert [str(move) for move in view.transitions][1:] == [
            "AWSPENDING -> v2 by RotateSecret",
            "AWSPENDING v2 -> nowhere by Secrets Manager",
        ]


class TestTheExplanationOfAFailedAssertion:
    def test_names_the_version_of_each_label_and_the_call_that_moved_it(
        self, db, view, fakesecrets, fakesecrets_clock
    ):
        fakesecrets_clock.move_to("2030-01-02 09:30")
        fakesecrets.rotate("db", well_behaved, ClientRequestToken=token(2))

        lines = explained(view.staging, {"v1": {"AWSCURRENT"}, "v2": {"AWSPENDING"}}).splitlines()

        assert lines[:3] == [
            "db: staging is not what was expected",
            "- AWSCURRENT: expected on v1, is on v2; AWSCURRENT v1 -> v2 by UpdateSecretVersionStage in "
            "finishSecret at 2030-01-02 09:30:00.000",
            "- AWSPREVIOUS: not expected, is on v1; AWSPREVIOUS -> v1 by UpdateSecretVersionStage in "
            "finishSecret at 2030-01-02 09:30:00.000",
        ]
        assert lines[3].split() == ["version", "labels", "value", "created", "(UTC)", "id"]
        assert lines[4].startswith("v1       AWSPREVIOUS             yes    ")
        assert lines[5] == f"v2       AWSCURRENT, AWSPENDING  yes    2030-01-02 09:30:00.000  {token(2)}"
        assert lines[6].split() == ["moved", "at", "(UTC)", "move"]
        assert lines[8] == "2030-01-02 09:30:00.000  AWSPENDING -> v2 by RotateSecret"

    def test_works_for_either_order_of_the_operands(self, view):
        assert "expected on v2, is on v1" in "\n".join(explain({"v2": {"AWSCURRENT"}}, view.staging))

    def test_names_the_call_that_removed_a_label(self, db, view):
        db.put_secret_value(
            SecretId="db", SecretString="new", VersionStages=["MINE"], ClientRequestToken=token(2)
        )
        db.update_secret_version_stage(SecretId="db", VersionStage="MINE", RemoveFromVersionId=token(2))

        text = explained(view.staging, {"v1": {"AWSCURRENT"}, "v2": {"MINE"}})

        assert (
            "- MINE: expected on v2, is on none; MINE v2 -> nowhere by UpdateSecretVersionStage at " in text
        )

    def test_states_that_a_label_was_never_attached(self, view):
        text = explained(view.staging, {"v1": {"AWSCURRENT", "AWSPENDING"}})

        assert "- AWSPENDING: expected on v1, was never attached" in text

    def test_suggests_the_label_that_a_misspelt_one_means(self, view):
        text = explained(view.staging, {"v1": {"AWSCURENT"}})

        assert "- AWSCURENT: expected on v1, was never attached. Did you mean 'AWSCURRENT'?" in text

    @pytest.mark.parametrize(
        ("attribute", "key", "message"),
        [
            (
                "labels",
                "AWSCURENT",
                "No version of 'db' has the label 'AWSCURENT'. Did you mean 'AWSCURRENT'? It has:\n- AWSCURRENT on v1",
            ),
            ("staging", "v2", "No version 'v2' of 'db' has labels. It has:\n- AWSCURRENT on v1"),
        ],
    )
    def test_of_a_missing_key_says_what_the_secret_has(self, view, attribute, key, message):
        with pytest.raises(KeyError) as raised:
            getattr(view, attribute)[key]

        assert (str(raised.value), raised.value.args) == (message, (key,))
        assert getattr(view, attribute).get(key) is None

    def test_of_unittest_shows_staging_with_plain_sets(self, db, view):
        db.put_secret_value(SecretId="db", SecretString="new", VersionStages=["MINE", "AWSCURRENT"])

        assert repr(view.staging) == "{'v1': {'AWSPREVIOUS'}, 'v2': {'AWSCURRENT', 'MINE'}}"
        with pytest.raises(
            AssertionError, match=r"^\{'v1': \{'AWSPREVIOUS'\}, .* != \{'v1': \{'AWSCURRENT'\}\}$"
        ):
            unittest.TestCase().assertEqual(  # noqa: PT009  # its message is the subject
                view.staging, {"v1": {"AWSCURRENT"}}
            )

    def test_on_the_status_of_a_kept_snapshot_says_that_the_rotation_has_moved_on(
        self, db, fakesecrets, fakesecrets_rotation
    ):
        function = fakesecrets.add_rotation_function(well_behaved)
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        kept = fakesecrets.rotations()[-1]
        assert explained(kept.status, "succeeded").endswith(
            "The rotation is in progress, and no step has run"
        )

        fakesecrets_rotation.step()
        assert "is in progress after createSecret, attempt 1" in explained(kept.status, "succeeded")

        fakesecrets_rotation.run()
        assert explained(kept.status, "succeeded").splitlines() == [
            "the status in this snapshot of the rotation is 'in progress', not 'succeeded'",
            "The snapshot is from before, and the rotation is 'succeeded' now. Call rotations() again.",
        ]
        assert pickle.loads(pickle.dumps(kept.status)).rotation == (kept.secret_id, kept.token)

        fakesecrets.reset()
        assert explained(kept.status, "succeeded").endswith(
            "The rotation is in progress, and no step has run"
        )

    def test_names_both_versions_for_a_label_expected_twice(self, view):
        text = explained(view.staging, {"v1": {"AWSCURRENT"}, "v2": {"AWSCURRENT"}})

        assert "- AWSCURRENT: expected on v1 and v2, is on v1; " in text

    def test_of_labels_describes_their_versions(self, db, view):
        db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))

        text = explained(view.labels, {"AWSCURRENT": token(1), "AWSPREVIOUS": "nobody"})

        assert "db: labels is not what was expected" in text
        assert "- AWSCURRENT: expected on v1, is on v2; AWSCURRENT v1 -> v2 by PutSecretValue at " in text
        assert "- AWSPREVIOUS: expected on nobody, is on v1; " in text

    @pytest.mark.parametrize(
        ("expected", "difference"),
        [
            pytest.param(
                ["AWSCURRENT -> v2 by CreateSecret"],
                "- move 1: expected AWSCURRENT -> v2 by CreateSecret\n"
                "          happened AWSCURRENT -> v1 by CreateSecret",
                id="another move",
            ),
            pytest.param(
                ["AWSCURRENT -> v1 by CreateSecret", "AWSPENDING -> v2 by RotateSecret"],
                "- move 2: expected AWSPENDING -> v2 by RotateSecret, and nothing more happened",
                id="a move that never came",
            ),
            pytest.param(
                [],
                "- move 1: nothing more was expected, happened AWSCURRENT -> v1 by CreateSecret",
                id="one too many",
            ),
        ],
    )
    def test_of_transitions_shows_the_first_difference(self, view, expected, difference):
        assert difference in explained(view.transitions, expected)

    def test_states_that_a_list_was_given_for_a_set(self, view):
        text = explained(view.staging, {"v1": ["AWSCURRENT"]})

        assert "- v1: expected ['AWSCURRENT'], a list; labels are sets, such as {'AWSCURRENT'}" in text

    def test_states_that_version_ids_and_aliases_were_confused(self, view):
        assert "- AWSCURRENT: expected 'v1', an alias; labels gives version ids" in explained(
            view.labels, {"AWSCURRENT": "v1"}
        )
        assert f"- {token(1)!r} is a version id; staging has aliases" in explained(
            view.staging, {token(1): {"AWSCURRENT"}}
        )

    @pytest.mark.parametrize("expected", [None, 7, "v1", ["v1"]], ids=repr)
    def test_states_that_another_type_cannot_be_equal(self, view, expected):
        assert "is not a mapping, so staging cannot be equal to it" in explained(view.staging, expected)

    def test_never_shows_a_secret_value(self, db, view, fakesecrets):
        fakesecrets.rotate("db", well_behaved)
        for seen in (view.staging, view.labels, view.transitions):
            assert "hunter2" not in explained(seen, {} if seen is not view.transitions else [])

    def test_is_omitted_for_other_comparisons(self):
        assert explain({"v1": {"AWSCURRENT"}}, {}) is None

    def test_describes_the_moment_of_the_comparison(self, db, view):
        before = view.staging
        db.put_secret_value(SecretId="db", SecretString="new")

        assert "expected on v2, is on v1" in explained(before, {"v2": {"AWSCURRENT"}})


class TestTheRepr:
    """A repr has instants in UTC and labels as sets, even while the clock is frozen."""

    def test_of_a_view_shows_the_labels_of_each_version(self, db, view, fakesecrets):
        db.put_secret_value(SecretId="db", SecretString="new", VersionStages=["AWSCURRENT", "BLUE"])
        db.create_secret(Name="empty")

        assert repr(view) == "<SecretView 'db' v1: AWSPREVIOUS, v2: AWSCURRENT+BLUE>"
        assert repr(fakesecrets.secret("empty")) == "<SecretView 'empty' without labels>"

    def test_of_a_version_a_window_and_an_event_is_readable(self, fakesecrets_clock, fakesecrets):
        fakesecrets_clock.move_to("2030-01-02 03:04:05")
        view = fakesecrets.add_secret(
            "db", "old", rotation_function=well_behaved, rotation_rules={"AutomaticallyAfterDays": 3}
        )
        fakesecrets.client().get_secret_value(SecretId="db")
        rotation = fakesecrets.rotate("db")
        texts = [
            repr(each) for each in (view.versions, view.next_rotation, *fakesecrets.history, rotation.steps)
        ]

        assert "labels={'AWSPREVIOUS'}, created_at=2030-01-02 03:04:05.000 UTC" in texts[0]
        assert texts[1] == "Window(opens=2030-01-05 00:00:00.000 UTC, closes=2030-01-06 00:00:00.000 UTC)"
        assert not [text for text in texts if "FakeDatetime" in text or "frozenset" in text]

    def test_of_objects_in_an_assertion_difference_is_readable(self, fakesecrets_clock, fakesecrets):
        fakesecrets_clock.move_to("2030-01-02")
        view = fakesecrets.add_secret("db", "old")
        other = fakesecrets.add_secret("other", "old")
        view = view.versions[0]

        assert "- created_at" not in explained(view, other.versions[0])
        fakesecrets_clock.move_to("2030-01-03")
        later = fakesecrets.add_secret("later", "old").versions[0]
        assert "- created_at: 2030-01-02 00:00:00.000 UTC != 2030-01-03 00:00:00.000 UTC" in explained(
            view, later
        )


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("awscurrent", "'AWSCURRENT'"),
        ("AWSPENDIG", "'AWSPENDING'"),
        ("blue", "'BLUE'"),
        ("AWS_PREVIOUS", "'AWSPREVIOUS'"),
    ],
)
def test_an_error_about_a_misspelt_label_suggests_the_correct_one(db, view, label, meant):
    db.put_secret_value(SecretId="db", SecretString="new", VersionStages=["BLUE"])

    with pytest.raises(FakeSecretsError, match=f"has the label {label}. Did you mean {meant}?"):
        view.value(label)


def test_an_error_about_an_unattached_known_label_suggests_none(db, view):
    with pytest.raises(FakeSecretsError) as missing:
        view.json("AWSPENDING")

    assert "Did you mean" not in str(missing.value)


def test_a_failed_assertion_on_labels_names_the_rotation_that_waits(
    db, view, fakesecrets, fakesecrets_rotation
):
    function = fakesecrets.add_rotation_function(well_behaved)
    assert "Its rotation" not in explained(view.staging, {})
    db.rotate_secret(SecretId="db", RotationLambdaARN=function)
    fakesecrets_rotation.step("createSecret")
    waits = "Its rotation waits, and the next step is setSecret. Run it with step() or run()."

    assert waits in explained(view.staging, {"v2": {"AWSCURRENT"}})
    assert waits in explained(view.labels, {})
    assert waits in explained(view.transitions, [])

    fakesecrets.fail("Invoke", "ServiceException", step="setSecret")
    with pytest.raises(InvocationRefused):
        fakesecrets_rotation.step()
    assert "Its rotation failed in setSecret, and waits for a retry." in explained(view.staging, {})
    fakesecrets_rotation.run()
    assert "Its rotation" not in explained(view.staging, {})


@pytest.mark.parametrize("label", [5, None, ["AWSCURRENT"], {}], ids=str)
def test_a_label_that_is_not_a_string_is_an_error(db, view, label):
    for read in (view.value, view.json):
        with pytest.raises(
            FakeSecretsError, match="A label is a string, such as 'AWSPENDING', not an object"
        ):
            read(label)


@pytest.mark.parametrize(
    "secret_id", [5, b"db", ["db"], {}, lambda event, context: None], ids=lambda it: type(it).__name__
)
def test_a_secret_id_that_is_not_a_string_is_an_error(db, fakesecrets, fakesecrets_rotation, secret_id):
    calls = (
        fakesecrets.secret,
        fakesecrets.rotations,
        fakesecrets.timeline,
        fakesecrets.rotate,
        lambda given: fakesecrets.schedule(given, until="2100-01-01"),
        lambda given: fakesecrets_rotation.step(secret_id=given),
        lambda given: fakesecrets_rotation.run(secret_id=given),
        lambda given: fakesecrets_rotation.redeliver("createSecret", secret_id=given),
    )
    for call in calls:
        with pytest.raises(
            FakeSecretsError, match="The secret_id is the name or the ARN of a secret, not an object"
        ):
            call(secret_id)


def test_a_view_in_the_place_of_a_secret_id_is_an_error_that_names_its_attributes(db, view, fakesecrets):
    with pytest.raises(
        FakeSecretsError, match=r"not an object of type SecretView. Pass its .name or its .arn."
    ):
        fakesecrets.rotations(view)
