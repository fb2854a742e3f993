"""The staging labels before and after each operation, in one table."""

from __future__ import annotations

import pytest
from rotation_functions import nothing
from support import labels, rejected, token

C, P, N = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"

INFERRED = "inferred: not observed on AWS"
DEPRECATED = "LocalStack snapshot test_deprecated_secret_version_stage"
PENDING = "LocalStack snapshot test_update_secret_version_stages_current_pending"
CYCLE = "LocalStack snapshot test_update_secret_version_stages_current_pending_cycle"
CYCLE_1 = f"{CYCLE}_custom_stages_1"
CYCLE_2 = f"{CYCLE}_custom_stages_2"
CYCLE_3 = f"{CYCLE}_custom_stages_3"
REPLACEMENT = "LocalStack snapshot test_non_versioning_version_stages_replacement"
NO_REPLACEMENT = "LocalStack snapshot test_non_versioning_version_stages_no_replacement"
DESCRIPTION = "LocalStack snapshot test_update_secret_description"


def arrange(client, before):
    """
    Create the secret "db" with the versions and labels of *before*, moving each label explicitly.

    Version "v1" is token(1), holds the value "v1", and so on. One of them has to be current.
    """
    holder = {label: alias for alias, held in before.items() for label in held}
    client.create_secret(Name="db", SecretString="v1", ClientRequestToken=token(1))
    for alias in list(before)[1:]:
        client.put_secret_value(
            SecretId="db", SecretString=alias, ClientRequestToken=version(alias), VersionStages=["arranged"]
        )
    if len(before) > 1:
        move(client, "arranged", None, list(before)[-1])
    at = "v1"
    for stop in (holder.pop(P, None) or at, holder.pop(C)):
        if stop != at:
            move(client, C, stop, at)
        at = stop
    if not any(P in held for held in before.values()):
        for alias, held in aliases(client).items():
            if P in held:
                move(client, P, None, alias)
    for label, alias in holder.items():
        move(client, label, alias, None)
    assert aliases(client) == {alias: held for alias, held in before.items() if held}


def move(client, label, target, source):
    sent = {"MoveToVersionId": target, "RemoveFromVersionId": source}
    client.update_secret_version_stage(
        SecretId="db",
        VersionStage=label,
        **{member: version(alias) for member, alias in sent.items() if alias},
    )


def version(alias):
    return token(int(alias[1:]))


def aliases(client):
    return {f"v{int(held)}": attached for held, attached in labels(client, "db").items()}


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret"])
@pytest.mark.parametrize(
    ("before", "after", "put", "updated"),
    [
        pytest.param({"v1": {C}}, {"v1": {P}, "v2": {C}}, DEPRECATED, DESCRIPTION, id="second version"),
        pytest.param(
            {"v1": {P}, "v2": {C}}, {"v2": {P}, "v3": {C}}, DEPRECATED, DESCRIPTION, id="third version"
        ),
        pytest.param(
            {"v1": {P}, "v2": {C, N}},
            {"v2": {P}, "v3": {C}},
            PENDING,
            f"inferred from PutSecretValue, {PENDING}",
            id="pending beside current vanishes",
        ),
        pytest.param(
            {"v1": {P}, "v2": {C}, "v3": {N}},
            {"v2": {P}, "v3": {N}, "v4": {C}},
            INFERRED,
            INFERRED,
            id="pending elsewhere stays where no rotation has put it",
        ),
        pytest.param(
            {"v1": {P}, "v2": {C, "x"}},
            {"v2": {P, "x"}, "v3": {C}},
            INFERRED,
            INFERRED,
            id="custom label beside current stays",
        ),
        pytest.param(
            {"v1": {P, "x"}, "v2": {C}},
            {"v1": {"x"}, "v2": {P}, "v3": {C}},
            f"inferred from {CYCLE_2}",
            f"inferred from {CYCLE_2}",
            id="custom label beside previous stays",
        ),
    ],
)
def test_a_new_value_moves_labels(client, fakesecrets, operation, before, after, put, updated):
    source = put if operation == "put_secret_value" else updated
    arrange(client, before)

    getattr(client, operation)(SecretId="db", SecretString="new", ClientRequestToken=token(len(before) + 1))

    assert fakesecrets.secret("db").staging == after, source
    assert aliases(client) == after, source


@pytest.mark.parametrize(
    ("before", "stages", "after", "source"),
    [
        pytest.param({"v1": {C}}, [N], {"v1": {C}, "v2": {N}}, CYCLE, id="pending"),
        pytest.param(
            {"v1": {P}, "v2": {C, N}},
            [N],
            {"v1": {P}, "v2": {C}, "v3": {N}},
            CYCLE,
            id="pending leaves the current version",
        ),
        pytest.param(
            {"v1": {C}, "v2": {N}},
            [N],
            {"v1": {C}, "v3": {N}},
            f"inferred from {REPLACEMENT}",
            id="pending leaves a version without labels behind",
        ),
        pytest.param(
            {"v1": {C}, "v2": {"one", "two", "three"}},
            ["one", "two", "three", "four"],
            {"v1": {C}, "v3": {"one", "two", "three", "four"}},
            REPLACEMENT,
            id="custom labels, all of those before",
        ),
        pytest.param(
            {"v1": {C}, "v2": {"one", "two", "three"}},
            ["one", "two", "four"],
            {"v1": {C}, "v2": {"three"}, "v3": {"one", "two", "four"}},
            NO_REPLACEMENT,
            id="custom labels, some of those before",
        ),
        pytest.param({"v1": {C}}, [C, "x"], {"v1": {P}, "v2": {C, "x"}}, CYCLE_2, id="current and custom"),
        pytest.param(
            {"v1": {C}, "v2": {N}},
            [C],
            {"v1": {P}, "v2": {N}, "v3": {C}},
            "moto aws-verified test_update_secret_version_stage_manually for the new version; "
            "inferred for AWSPENDING where no rotation has put it",
            id="current, pending elsewhere",
        ),
        pytest.param(
            {"v1": {P, "x"}, "v2": {C, N, "z"}},
            [N, "y"],
            {"v1": {P, "x"}, "v2": {C, "z"}, "v3": {N, "y"}},
            CYCLE_2,
            id="pending and custom",
        ),
        pytest.param(
            {"v1": {P}, "v2": {C}},
            [C, P],
            {"v3": {C, P}},
            "inferred: AWSPREVIOUS as any label, after the automatic move",
            id="current and previous",
        ),
        pytest.param(
            {"v1": {P}, "v2": {C, N}},
            [C],
            {"v2": {P}, "v3": {C}},
            f"inferred from the put without labels, {PENDING}",
            id="current in so many words, pending beside it",
        ),
    ],
)
def test_put_secret_value_with_labels_attaches_exactly_those_labels(
    client, fakesecrets, before, stages, after, source
):
    arrange(client, before)
    new = f"v{len(before) + 1}"

    put = client.put_secret_value(
        SecretId="db", SecretString="new", ClientRequestToken=version(new), VersionStages=stages
    )

    assert set(put["VersionStages"]) == after[new], source
    assert fakesecrets.secret("db").staging == after, source
    assert aliases(client) == after, source


@pytest.mark.parametrize(
    ("operation", "sent", "after", "source"),
    [
        pytest.param(
            "put_secret_value",
            {},
            {"v1": {C}},
            "LocalStack snapshot test_create_secret_version_from_empty_secret",
            id="put",
        ),
        pytest.param("update_secret", {}, {"v1": {C}}, INFERRED, id="update"),
        pytest.param(
            "put_secret_value",
            {"VersionStages": [N]},
            {"v1": {C, N}},
            "API_PutSecretValue: AWSCURRENT is attached to the first version automatically",
            id="put as pending",
        ),
    ],
)
def test_the_first_value_is_current(client, fakesecrets, operation, sent, after, source):
    client.create_secret(Name="db")

    getattr(client, operation)(SecretId="db", SecretString="new", ClientRequestToken=token(1), **sent)

    assert fakesecrets.secret("db").staging == after, source
    assert aliases(client) == after, source


@pytest.mark.parametrize(
    ("sent", "after", "source"),
    [
        pytest.param(
            {"SecretString": "v1"},
            {"v1": {C}},
            "LocalStack snapshot test_create_and_update_secret",
            id="with a value",
        ),
        pytest.param(
            {},
            {},
            "LocalStack snapshot test_create_secret_version_from_empty_secret",
            id="without a value",
        ),
    ],
)
def test_create_secret_attaches_awscurrent_only_to_a_value(client, fakesecrets, sent, after, source):
    client.create_secret(Name="db", ClientRequestToken=token(1), **sent)

    assert fakesecrets.secret("db").staging == after, source
    assert aliases(client) == after, source


MANY = {"v1": {P, "x"}, "v2": {C, "y"}, "v3": {N}, "v4": set()}


@pytest.mark.parametrize(
    ("operation", "sent", "source"),
    [
        pytest.param(
            "create_secret",
            {"Name": "db", "SecretString": "v2", "ClientRequestToken": token(2)},
            "moto aws-verified test_create_duplicate_secret_with_same_token",
            id="CreateSecret, known token",
        ),
        pytest.param(
            "put_secret_value",
            {"SecretId": "db", "SecretString": "v3", "ClientRequestToken": token(3)},
            "moto aws-verified test_put_same_secret_value_with_same_token",
            id="PutSecretValue, known token",
        ),
        pytest.param(
            "update_secret",
            {"SecretId": "db", "SecretString": "v1", "ClientRequestToken": token(1)},
            "moto aws-verified test_update_same_secret_value_with_same_token",
            id="UpdateSecret, known token",
        ),
        pytest.param("update_secret", {"SecretId": "db"}, DESCRIPTION, id="UpdateSecret, nothing sent"),
        pytest.param(
            "update_secret",
            {"SecretId": "db", "Description": "new"},
            DESCRIPTION,
            id="UpdateSecret, description",
        ),
        pytest.param("update_secret", {"SecretId": "db", "KmsKeyId": "k"}, INFERRED, id="UpdateSecret, key"),
        pytest.param(
            "tag_resource",
            {"SecretId": "db", "Tags": [{"Key": "a", "Value": "1"}]},
            INFERRED,
            id="TagResource",
        ),
        pytest.param("untag_resource", {"SecretId": "db", "TagKeys": ["a"]}, INFERRED, id="UntagResource"),
        pytest.param(
            "delete_secret",
            {"SecretId": "db"},
            "LocalStack snapshot test_force_delete_deleted_secret",
            id="DeleteSecret",
        ),
        pytest.param("get_secret_value", {"SecretId": "db", "VersionStage": N}, CYCLE, id="GetSecretValue"),
        pytest.param("describe_secret", {"SecretId": "db"}, CYCLE, id="DescribeSecret"),
        pytest.param("list_secret_version_ids", {"SecretId": "db"}, CYCLE, id="ListSecretVersionIds"),
        pytest.param(
            "list_secrets", {}, "LocalStack snapshot test_create_multi_secrets_snapshot", id="ListSecrets"
        ),
    ],
)
def test_labels_are_unchanged_by(client, fakesecrets, operation, sent, source):
    arrange(client, MANY)

    getattr(client, operation)(**sent)

    expected = {"v1": {P, "x"}, "v2": {C, "y"}, "v3": {N}}
    assert fakesecrets.secret("db").staging == expected, source
    assert aliases(client) == expected, source


def test_labels_are_unchanged_after_restore_secret(client, fakesecrets):
    """API_RestoreSecret; inferred for the labels."""
    arrange(client, MANY)
    client.delete_secret(SecretId="db")

    client.restore_secret(SecretId="db")

    assert fakesecrets.secret("db").staging == {"v1": {P, "x"}, "v2": {C, "y"}, "v3": {N}}


def test_labels_protect_their_versions_from_removal(client, fakesecrets, fakesecrets_clock):
    """API_PutSecretValue: only versions without labels, older than 24 hours, are removed."""
    fakesecrets_clock.move_to("2030-01-01")
    arrange(client, {"v1": {C, "x"}, "v2": {"y"}, "v3": {"z"}})
    for number in range(4, 101):
        client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(number))
    fakesecrets_clock.move_to("2030-01-03")

    client.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(101))

    assert fakesecrets.secret("db").staging == {
        "v1": {"x"},
        "v2": {"y"},
        "v3": {"z"},
        "v100": {P},
        "v101": {C},
    }
    assert "v4" not in [held.alias for held in fakesecrets.secret("db").versions]


class TestTheValueOfAPendingVersion:
    """RotateSecret has staged "v2" without a value, and a call puts a value under its token."""

    @pytest.fixture(autouse=True)
    def staged(self, client, fakesecrets, fakesecrets_rotation):
        arn = fakesecrets.add_rotation_function(nothing)
        client.create_secret(Name="db", SecretString="v1", ClientRequestToken=token(1))
        client.rotate_secret(SecretId="db", RotationLambdaARN=arn, ClientRequestToken=token(2))

    @pytest.mark.parametrize(
        ("sent", "after", "source"),
        [
            pytest.param(
                {"VersionStages": [N]},
                {"v1": {C}, "v2": {N}},
                "aws-samples/aws-secrets-manager-rotation-lambdas: createSecret",
                id="as pending",
            ),
            pytest.param({}, {"v1": {P}, "v2": {C, N}}, INFERRED, id="without labels"),
        ],
    )
    def test_is_stored_in_that_version(self, client, fakesecrets, sent, after, source):
        client.put_secret_value(SecretId="db", SecretString="v2", ClientRequestToken=token(2), **sent)

        assert fakesecrets.secret("db").staging == after, source
        assert client.get_secret_value(SecretId="db", VersionStage=N)["SecretString"] == "v2", source


@pytest.mark.parametrize(
    ("label", "target", "source_version", "before", "after", "source"),
    [
        pytest.param(
            C, "v2", "v1", {"v1": {C}, "v2": {N}}, {"v1": {P}, "v2": {C, N}}, CYCLE, id="current to pending"
        ),
        pytest.param(
            C,
            "v3",
            "v2",
            {"v1": {P}, "v2": {C}, "v3": {N}},
            {"v2": {P}, "v3": {C, N}},
            CYCLE,
            id="current to pending, previous moves on",
        ),
        pytest.param(
            C,
            "v3",
            "v2",
            {"v1": {P}, "v2": {C, "x"}, "v3": {N, "y"}},
            {"v2": {P, "x"}, "v3": {C, N, "y"}},
            CYCLE_1,
            id="custom labels stay with current and pending",
        ),
        pytest.param(
            C,
            "v4",
            "v3",
            {"v1": set(), "v2": {P, "x"}, "v3": {C, "y"}, "v4": {N, "z"}},
            {"v2": {"x"}, "v3": {P, "y"}, "v4": {C, N, "z"}},
            CYCLE_2,
            id="custom label stays with the version that was previous",
        ),
        pytest.param(
            C,
            "v1",
            "v2",
            {"v1": {P}, "v2": {C}},
            {"v1": {C}, "v2": {P}},
            "AWS CLI reference, update-secret-version-stage example: revert",
            id="current back to previous",
        ),
        pytest.param(
            "x",
            "v2",
            None,
            {"v1": {P}, "v2": {C}},
            {"v1": {P}, "v2": {C, "x"}},
            "botocore's examples of UpdateSecretVersionStage; Terraform AWS provider, acceptance tests",
            id="new label",
        ),
        pytest.param(
            "x",
            "v2",
            "v1",
            {"v1": {"x"}, "v2": {C}, "v3": {P}},
            {"v2": {C, "x"}, "v3": {P}},
            "botocore's examples of UpdateSecretVersionStage",
            id="custom label moves alone",
        ),
        pytest.param(
            "PENDING",
            None,
            "v2",
            {"v1": {P}, "v2": {C, "PENDING"}},
            {"v1": {P}, "v2": {C}},
            CYCLE_3,
            id="custom removed",
        ),
        pytest.param(
            N,
            None,
            "v2",
            {"v1": {P}, "v2": {C, N}},
            {"v1": {P}, "v2": {C}},
            "LocalStack snapshot test_rotate_secret_with_lambda_success",
            id="pending removed beside current",
        ),
        pytest.param(
            N,
            None,
            "v3",
            {"v1": {P}, "v2": {C}, "v3": {N}},
            {"v1": {P}, "v2": {C}},
            "API_CancelRotateSecret",
            id="pending removed",
        ),
        pytest.param(P, None, "v1", {"v1": {P}, "v2": {C}}, {"v2": {C}}, INFERRED, id="previous removed"),
        pytest.param(
            C, "v2", None, {"v1": {P}, "v2": {C}}, {"v1": {P}, "v2": {C}}, INFERRED, id="current to itself"
        ),
        pytest.param(
            C,
            "v3",
            "v2",
            {"v1": {P}, "v2": {C, N}, "v3": {"x"}},
            {"v2": {P, N}, "v3": {C, "x"}},
            INFERRED,
            id="pending stays where current leaves",
        ),
        pytest.param(
            N,
            "v1",
            "v3",
            {"v1": {P}, "v2": {C}, "v3": {N}},
            {"v1": {P, N}, "v2": {C}},
            f"{CYCLE_3}: other labels have no automatic effects",
            id="pending moves alone",
        ),
    ],
)
def test_update_secret_version_stage_moves_labels(
    client, fakesecrets, label, target, source_version, before, after, source
):
    arrange(client, before)

    move(client, label, target, source_version)

    assert fakesecrets.secret("db").staging == after, source
    assert aliases(client) == after, source


@pytest.mark.parametrize(
    ("label", "target", "source_version", "before", "message", "source"),
    [
        pytest.param(
            C,
            "v2",
            None,
            {"v1": {C}, "v2": {N}},
            "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to "
            f"version {token(1)}, so you must explicitly reference that version in RemoveFromVersionId.",
            "moto aws-verified test_update_secret_version_stage_dont_specify_current_stage",
            id="current, no source",
        ),
        pytest.param(
            "x",
            "v2",
            None,
            {"v1": {C, "x"}, "v2": {"y"}},
            "The parameter RemoveFromVersionId can't be empty. Staging label x is currently attached to "
            f"version {token(1)}, so you must explicitly reference that version in RemoveFromVersionId.",
            "API_UpdateSecretVersionStage for the rule; the text is inferred from that of AWSCURRENT",
            id="custom, no source",
        ),
        pytest.param(
            C,
            None,
            "v1",
            {"v1": {C}},
            "You can only move staging label AWSCURRENT to a different secret version. "
            "It can't be completely removed.",
            "Terraform AWS provider, a comment in its source",
            id="current removed",
        ),
        pytest.param(
            C,
            "v2",
            "v3",
            {"v1": {C}, "v2": {"x"}, "v3": {"y"}},
            None,
            "API_UpdateSecretVersionStage for the rule; the code is inferred",
            id="source without the label",
        ),
    ],
)
def test_update_secret_version_stage_leaves_labels_unchanged(
    client, fakesecrets, label, target, source_version, before, message, source
):
    arrange(client, before)

    with rejected("InvalidParameterException") as answer:
        move(client, label, target, source_version)

    assert message in (answer.message, None), (
        source
    )  # the message of AWS for a source without the label is unknown
    assert fakesecrets.secret("db").staging == before, source
