"""UpdateSecretVersionStage: a label is attached, moved or removed. The moves are tested in test_label_transitions."""

from __future__ import annotations

import pytest
from support import labels, rejected, token

INFERRED = "inferred: not observed on AWS"
UNKNOWN = "b3d61c1a-9f5e-4a0c-8a5c-d17a6ba8bd90"


@pytest.fixture
def db(client):
    """AWSPREVIOUS on token(1), AWSCURRENT on token(2), a label "mine" on token(3)."""
    arn = client.create_secret(Name="db", SecretString="1", ClientRequestToken=token(1))["ARN"]
    client.put_secret_value(SecretId="db", SecretString="2", ClientRequestToken=token(2))
    client.put_secret_value(
        SecretId="db", SecretString="3", ClientRequestToken=token(3), VersionStages=["mine"]
    )
    return arn


def test_update_secret_version_stage_returns_only_arn_and_name(client, db):
    """LocalStack snapshot test_update_secret_version_stages_return_type."""
    moved = client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=token(3), RemoveFromVersionId=token(2)
    )

    assert set(moved) == {"ARN", "Name", "ResponseMetadata"}
    assert (moved["ARN"], moved["Name"]) == (db, "db")


def test_update_secret_version_stage_attaches_a_new_label_beside_the_others(client, db):
    """botocore's examples of UpdateSecretVersionStage; Terraform AWS provider, acceptance tests."""
    client.update_secret_version_stage(SecretId="db", VersionStage="other", MoveToVersionId=token(3))

    assert labels(client, "db")[token(3)] == {"mine", "other"}


def test_update_secret_version_stage_accepts_a_version_without_labels(client, db):
    """API_UpdateSecretVersionStage: any version of the secret."""
    client.put_secret_value(SecretId="db", SecretString="4", ClientRequestToken=token(4))

    client.update_secret_version_stage(SecretId="db", VersionStage="back", MoveToVersionId=token(1))

    assert labels(client, "db")[token(1)] == {"back"}


@pytest.mark.parametrize(
    ("stage", "move", "message", "source"),
    [
        pytest.param(
            "AWSCURRENT",
            {"MoveToVersionId": token(3)},
            f"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached "
            f"to version {token(2)}, so you must explicitly reference that version in RemoveFromVersionId.",
            "moto aws-verified test_update_secret_version_stage_dont_specify_current_stage; "
            "Terraform AWS provider issue 19943",
            id="current, no source",
        ),
        pytest.param(
            "mine",
            {"MoveToVersionId": token(1)},
            f"The parameter RemoveFromVersionId can't be empty. Staging label mine is currently attached "
            f"to version {token(3)}, so you must explicitly reference that version in RemoveFromVersionId.",
            "API_UpdateSecretVersionStage for the rule; the text is inferred from that of AWSCURRENT",
            id="custom, no source",
        ),
        pytest.param(
            "AWSCURRENT",
            {"RemoveFromVersionId": token(2)},
            "You can only move staging label AWSCURRENT to a different secret version. "
            "It can't be completely removed.",
            "Terraform AWS provider, a comment in its source",
            id="current, removed",
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_update_secret_version_stage_is_rejected_with_this_message(client, stage, move, message, source):
    with rejected("InvalidParameterException") as answer:
        client.update_secret_version_stage(SecretId="db", VersionStage=stage, **move)

    assert answer.message == message, source


@pytest.mark.parametrize(
    ("stage", "move", "code", "source"),
    [
        pytest.param(
            "AWSCURRENT",
            {"MoveToVersionId": token(3), "RemoveFromVersionId": token(1)},
            "InvalidParameterException",
            "API_UpdateSecretVersionStage; the code is inferred",
            id="source without the label",
        ),
        pytest.param(
            "mine",
            {"RemoveFromVersionId": token(1)},
            "InvalidParameterException",
            INFERRED,
            id="removed from another version",
        ),
        pytest.param(
            "nobodys",
            {"RemoveFromVersionId": token(1)},
            "InvalidParameterException",
            INFERRED,
            id="removal of an unattached label",
        ),
        pytest.param("mine", {}, "InvalidParameterException", INFERRED, id="neither version"),
        pytest.param(
            "other", {"MoveToVersionId": UNKNOWN}, "ResourceNotFoundException", INFERRED, id="target unknown"
        ),
        pytest.param(
            "mine",
            {"RemoveFromVersionId": UNKNOWN},
            "ResourceNotFoundException",
            INFERRED,
            id="source unknown",
        ),
        pytest.param(
            "AWSCURRENT",
            {"MoveToVersionId": token(3), "RemoveFromVersionId": UNKNOWN},
            "ResourceNotFoundException",
            INFERRED,
            id="source unknown, target known",
        ),
        pytest.param(
            "x" * 257, {"MoveToVersionId": token(3)}, "ValidationException", INFERRED, id="label too long"
        ),
        pytest.param(
            "mine", {"MoveToVersionId": "x" * 65}, "ValidationException", INFERRED, id="target too long"
        ),
        pytest.param(
            "mine", {"RemoveFromVersionId": "x" * 65}, "ValidationException", INFERRED, id="source too long"
        ),
    ],
)
@pytest.mark.usefixtures("db")
def test_update_secret_version_stage_rejects(client, stage, move, code, source):
    before = labels(client, "db")

    with rejected() as answer:
        client.update_secret_version_stage(SecretId="db", VersionStage=stage, **move)

    assert answer.code == code, source
    assert labels(client, "db") == before, source


@pytest.mark.parametrize(
    "move",
    [
        pytest.param({"MoveToVersionId": token(2)}, id="target alone"),
        pytest.param({"MoveToVersionId": token(2), "RemoveFromVersionId": token(2)}, id="both the holder"),
    ],
)
@pytest.mark.usefixtures("db")
def test_update_secret_version_stage_to_the_version_that_has_the_label_changes_nothing(
    client, fakesecrets_clock, move
):
    """Inferred: not observed on AWS."""
    before = client.describe_secret(SecretId="db")
    fakesecrets_clock.tick(3600)

    moved = client.update_secret_version_stage(SecretId="db", VersionStage="AWSCURRENT", **move)

    after = client.describe_secret(SecretId="db")
    assert moved["Name"] == "db"
    assert after["VersionIdsToStages"] == before["VersionIdsToStages"]
    assert after["LastChangedDate"] == before["LastChangedDate"]


def test_update_secret_version_stage_accepts_at_most_twenty_labels(client, db):
    """User guide, quotas: 20 labels over all versions; a public log: the text; its code is inferred."""
    for number in range(17):
        client.update_secret_version_stage(
            SecretId="db", VersionStage=f"label{number:02}", MoveToVersionId=token(1 + number % 3)
        )

    with rejected("LimitExceededException") as answer:
        client.update_secret_version_stage(SecretId="db", VersionStage="more", MoveToVersionId=token(3))

    assert answer.message == "You exceeded the maximum number of staging labels allowed on a secret."


def test_update_secret_version_stage_moves_a_label_at_the_limit_of_twenty(client, db):
    """User guide, quotas: 20 labels over all versions."""
    for number in range(17):
        client.update_secret_version_stage(
            SecretId="db", VersionStage=f"label{number:02}", MoveToVersionId=token(1)
        )

    client.update_secret_version_stage(
        SecretId="db", VersionStage="label00", MoveToVersionId=token(3), RemoveFromVersionId=token(1)
    )

    assert labels(client, "db")[token(3)] == {"mine", "label00"}


def test_update_secret_version_stage_creates_no_version_and_changes_no_creation_date(
    client, db, fakesecrets_clock
):
    """API_UpdateSecretVersionStage: it modifies labels alone."""
    before = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    fakesecrets_clock.tick(3600)

    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=token(1), RemoveFromVersionId=token(2)
    )

    after = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    assert [(version["VersionId"], version["CreatedDate"]) for version in after] == [
        (version["VersionId"], version["CreatedDate"]) for version in before
    ]
