"""The records of the fake: the history, the timeline, and the events for CloudTrail and EventBridge."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from contextlib import suppress

import pytest
from rotation_functions import raising_in, well_behaved
from support import rejected, token

from pytest_fakesecrets import (
    Call,
    CredentialRefused,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    LabelMoved,
    RotationFailedWarning,
    RotationStep,
    ServiceEvent,
    TargetDown,
    ValueStored,
)
from pytest_fakesecrets._service.history import History, _Index

pytestmark = pytest.mark.usefixtures("kept_clients")


class TestTheHistory:
    def test_of_a_rotation_has_every_event_once_and_in_order(self, db, fakesecrets):
        fakesecrets.rotate("db", well_behaved, ClientRequestToken=token(2))

        recorded = [
            {
                Call: lambda event: event.operation,
                LabelMoved: str,
                ValueStored: lambda event: f"{event.version} got its value",
                ServiceEvent: lambda event: event.name,
                RotationStep: lambda event: f"{event.name} ended",
            }[type(event)](event)
            for event in fakesecrets.history
        ]

        assert recorded == [
            "CreateSecret",
            "v1 got its value",
            "AWSCURRENT -> v1 by CreateSecret",
            "RotateSecret",
            "AWSPENDING -> v2 by RotateSecret",
            "RotationStarted",
            "DescribeSecret",
            "GetSecretValue",
            "GetSecretValue",
            "GetRandomPassword",
            "PutSecretValue",
            "v2 got its value",
            "createSecret ended",
            "DescribeSecret",
            "GetSecretValue",
            "setSecret ended",
            "DescribeSecret",
            "GetSecretValue",
            "testSecret ended",
            "DescribeSecret",
            "DescribeSecret",
            "UpdateSecretVersionStage",
            "AWSCURRENT v1 -> v2 by UpdateSecretVersionStage",
            "AWSPREVIOUS -> v1 by UpdateSecretVersionStage",
            "finishSecret ended",
            "RotationSucceeded",
        ]

    def test_is_a_tuple_of_frozen_events_in_the_order_of_time(self, db, fakesecrets):
        fakesecrets.rotate("db", well_behaved)

        history = fakesecrets.history

        assert isinstance(history, tuple)
        assert [event.at for event in history] == sorted(event.at for event in history)
        for event in history:
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(event, dataclasses.fields(event)[0].name, None)

    def test_of_a_call_has_its_account_region_and_result(self, db, fakesecrets):
        with rejected() as answer:
            db.get_secret_value(SecretId="db", VersionStage="MINE")

        call = fakesecrets.history[-1]
        assert (call.operation, call.account, call.region) == ("GetSecretValue", "123456789012", "us-east-1")
        assert call.secret_id == fakesecrets.secret("db").arn
        assert (call.error, call.message) == (answer.code, answer.message)
        assert call.request_id == answer.response["ResponseMetadata"]["RequestId"]

    def test_names_the_step_in_which_a_call_was_made(self, db, fakesecrets):
        fakesecrets.rotate("db", well_behaved)

        calls = [event for event in fakesecrets.history if isinstance(event, Call)]

        assert [call.step for call in calls if call.operation == "PutSecretValue"] == ["createSecret"]
        assert [call.step for call in calls if call.operation == "CreateSecret"] == [None]

    def test_is_only_ever_appended_to(self, db, fakesecrets):
        before = fakesecrets.history

        db.describe_secret(SecretId="db")

        assert fakesecrets.history[: len(before)] == before

    def test_has_a_hint_at_a_rotation_function_that_was_not_added(self, db, fakesecrets):
        with rejected("AccessDeniedException"):
            db.rotate_secret(
                SecretId="db", RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:nobody"
            )

        assert fakesecrets.history[-1].hint == (
            "hint: Add the rotation function with add_rotation_function() and pass the ARN that it returns. "
            "The fake has no rotation functions yet."
        )


class TestTheTimeline:
    def test_is_a_table_of_labels_over_time(self, db, fakesecrets, fakesecrets_clock, fakesecrets_rotation):
        fakesecrets.reset()
        fakesecrets_clock.move_to("2030-01-02 09:30")
        db.create_secret(Name="db", SecretString="old")
        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved))
        fakesecrets_clock.tick(1)
        fakesecrets_rotation.run()
        with rejected():
            db.get_secret_value(SecretId="db", VersionStage="MINE")

        lines = fakesecrets.timeline("db").splitlines()

        assert lines == [
            fakesecrets.secret("db").arn,
            "time (UTC)               event                                           AWSPENDING  AWSCURRENT  AWSPREVIOUS",
            "2030-01-02 09:30:00.000  CreateSecret                                                v1",
            "2030-01-02 09:30:00.000  RotateSecret                                    v2 (empty)  v1",
            "2030-01-02 09:30:00.000  RotationStarted                                 v2 (empty)  v1",
            "2030-01-02 09:30:01.000    DescribeSecret                                v2 (empty)  v1",
            "2030-01-02 09:30:01.000    GetSecretValue AWSCURRENT (v1)                v2 (empty)  v1",
            "2030-01-02 09:30:01.000    GetSecretValue rejected                       v2 (empty)  v1",
            "      ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
            "staging label: AWSPENDING",
            "2030-01-02 09:30:01.000    PutSecretValue                                v2          v1",
            "2030-01-02 09:30:01.000  createSecret returned                           v2          v1",
            "2030-01-02 09:30:01.000    DescribeSecret                                v2          v1",
            "2030-01-02 09:30:01.000    GetSecretValue AWSPENDING (v2)                v2          v1",
            "2030-01-02 09:30:01.000  setSecret returned                              v2          v1",
            "2030-01-02 09:30:01.000    DescribeSecret                                v2          v1",
            "2030-01-02 09:30:01.000    GetSecretValue AWSPENDING (v2)                v2          v1",
            "2030-01-02 09:30:01.000  testSecret returned                             v2          v1",
            "2030-01-02 09:30:01.000    DescribeSecret                                v2          v1",
            "2030-01-02 09:30:01.000    DescribeSecret                                v2          v1",
            "2030-01-02 09:30:01.000    UpdateSecretVersionStage AWSCURRENT v1 -> v2  v2          v2          v1",
            "2030-01-02 09:30:01.000  finishSecret returned                           v2          v2          v1",
            "2030-01-02 09:30:01.000  RotationSucceeded                               v2          v2          v1",
            "2030-01-02 09:30:01.000  GetSecretValue rejected                         v2          v2          v1",
            "      ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
            "staging label: MINE",
        ]

    def test_shows_failures_and_attempts(self, db, fakesecrets, fakesecrets_rotation):
        function = fakesecrets.add_rotation_function(raising_in("setSecret", ValueError("x")))
        db.rotate_secret(SecretId="db", RotationLambdaARN=function)
        for _ in range(2):
            with pytest.raises(ValueError, match="x"):
                fakesecrets_rotation.run()

        text = fakesecrets.timeline("db")

        line = raising_in.__code__.co_firstlineno
        raised = re.findall(r"setSecret raised ValueError: x at (\w+\.py):(\d+) in (\w+)(.*)", text)
        assert [(file, function) for file, _, function, _ in raised] == [
            ("rotation_functions.py", "fails")
        ] * 2
        assert all(int(number) > line for _, number, _, _ in raised)
        assert [rest.startswith(" (attempt 2)") for *_, rest in raised] == [False, True]
        assert text.count("RotationFailed") == 2

    def test_shows_the_calls_of_a_step_that_the_target_rejected_and_no_others(self, db, fakesecrets):
        target = CredentialTarget({"app": "hunter2-new"})

        def tries(user, password):
            with suppress(CredentialRefused, TargetDown):
                target.log_in(user, password)

        def rotate(event, context):
            if event["Step"] == "setSecret":
                thread = threading.Thread(target=tries, args=("app", "hunter2-old"))
                thread.start()
                thread.join()
                target.log_in("app", "hunter2-new")
                target.is_down = True
                tries("app", "hunter2-new")
            well_behaved(event, context)

        tries("nobody", "hunter2-old")
        rotation = fakesecrets.rotate("db", rotate)
        tries("app", "hunter2-new")

        lines = [line.strip() for line in fakesecrets.timeline("db").splitlines()]
        begin = next(index for index, line in enumerate(lines) if "createSecret returned" in line) + 1
        words = [re.sub(r"^[-\d]+ [:.\d]+ +|  +v\d.*", "", line) for line in lines[begin : begin + 5]]
        assert words == [
            "log_in at the target rejected",
            "CredentialRefused: The password of 'app' is none that has been set here. Set it with change_password().",
            "log_in at the target rejected",
            "TargetDown: The target is down, so log_in did nothing. Set is_down to False.",
            "DescribeSecret",
        ]
        assert fakesecrets.timeline().count("at the target") == 2
        assert "at the target" not in str(fakesecrets.history)
        assert rotation.status == "succeeded"
        assert rotation.findings == ()

    def test_of_all_secrets_has_one_table_for_each(self, db, fakesecrets):
        db.create_secret(Name="api", SecretString="x")

        tables = fakesecrets.timeline().split("\n\n")

        assert [table.splitlines()[0] for table in tables] == [
            fakesecrets.secret("db").arn,
            fakesecrets.secret("api").arn,
        ]

    def test_shows_events_of_the_service(self, db, fakesecrets):
        db.rotate_secret(
            SecretId="db",
            RotationLambdaARN=fakesecrets.add_rotation_function(well_behaved),
            RotateImmediately=False,
        )

        assert (
            fakesecrets.timeline("db")
            .splitlines()[-1]
            .endswith("TestRotationSucceeded                         v1")
        )

    def test_states_that_there_are_no_events(self, fakesecrets):
        assert fakesecrets.timeline() == "Nothing has happened yet."


class TestTheReportSectionOfAFailedTest:
    def test_of_many_secrets_has_200_lines_with_the_latest_events(self, client, fakesecrets):
        for number in range(300):
            client.create_secret(Name=f"db-{number}", SecretString="x")

        *tables, note = fakesecrets.recorded(last=200).split("\n\n")

        names = [re.search(r"db-\d+", table)[0] for table in tables]
        assert names == [f"db-{number}" for number in range(300 - len(names), 300)]
        assert note == f"({300 - len(names)} more secrets are left out; timeline() shows them.)"
        assert 150 <= len(fakesecrets.recorded(last=200).splitlines()) <= 200

    def test_of_one_secret_shows_the_latest_rows(self, db, fakesecrets):
        for _ in range(30):
            db.describe_secret(SecretId="db")

        name, note, _, *rows = fakesecrets.recorded(last=20).splitlines()

        assert (name, note, len(rows)) == (
            fakesecrets.secret("db").arn,
            "(11 earlier events are left out)",
            20,
        )

    @pytest.mark.parametrize("last", [0, -1, None, "20", 2.5])
    def test_rejects_a_number_of_rows_that_is_not_one(self, fakesecrets, last):
        with pytest.raises(
            FakeSecretsError, match="The argument last is a number of rows from 1 on, such as 200"
        ):
            fakesecrets.recorded(last)

    def test_shows_a_failed_rotation_first_before_many_later_calls(self, client, fakesecrets):
        client.create_secret(Name="other", SecretString="x")
        client.create_secret(Name="db", SecretString="old")
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("setSecret"))
        for _ in range(30):
            client.get_secret_value(SecretId="db")
            client.get_secret_value(SecretId="other")

        failed, other = fakesecrets.recorded(last=20).split("\n\n")

        name, note, _, *rows = failed.splitlines()
        words = [" ".join(row.split()[2:]) for row in rows]
        assert (name, note) == (fakesecrets.secret("db").arn, "(2 earlier events are left out)")
        assert words[0].startswith("RotationStarted")
        assert any(text.startswith("setSecret raised") for text in words)
        end = next(place for place, text in enumerate(words) if text.startswith("RotationFailed"))
        assert rows[end + 1] == "(26 events are left out)"
        assert [text.split()[0] for text in words[end + 2 :]] == ["GetSecretValue"] * 4
        assert other.splitlines()[1] == "(27 earlier events are left out)"
        assert len(other.splitlines()) == 3 + 4

    def test_marks_the_omission_of_later_events_of_a_failed_rotation(self, db, fakesecrets):
        with pytest.warns(RotationFailedWarning):
            fakesecrets.rotate("db", raising_in("createSecret"))
        db.get_secret_value(SecretId="db")

        lines = fakesecrets.recorded(last=2).splitlines()

        assert "RotationFailed" in lines[-2]
        assert lines[-1] == "(1 events are left out)"


def test_the_transitions_and_the_timeline_of_a_secret_do_not_scan_the_history(db, fakesecrets, monkeypatch):
    read = []
    db.create_secret(Name="other", SecretString="x")
    for secret_id in ("db", "other", "db"):
        db.put_secret_value(SecretId=secret_id, SecretString="new")
    everything = History.events.fget
    monkeypatch.setattr(History, "events", property(lambda self: read.append(1) or everything(self)))
    view = fakesecrets.secret("db")

    first = view.transitions
    db.put_secret_value(SecretId="db", SecretString="newest")

    own = [move for move in everything(fakesecrets._service.history) if isinstance(move, LabelMoved)]
    assert view.transitions == [move for move in own if move.secret_id == view.arn]
    assert len(view.transitions) == len(first) + 2
    assert first.snapshot.moves == tuple(first)
    assert fakesecrets.timeline("db").count("PutSecretValue") == 3
    assert read == []


def test_an_interrupt_during_the_indexing_of_the_history_loses_and_repeats_no_event(
    db, fakesecrets, monkeypatch
):
    moves = fakesecrets.secret("db").transitions
    db.put_secret_value(SecretId="db", SecretString="new")
    extend = _Index.extend

    def interrupted(index, events):
        extend(index, events)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(_Index, "extend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fakesecrets.secret("db").transitions  # noqa: B018

    assert len(fakesecrets.secret("db").transitions) == len(moves) + 2


class TestCloudTrail:
    def test_contains_a_record_of_each_service_event(self, db, fakesecrets, fakesecrets_clock):
        """User guide, CloudTrail entries: the published RotationFailed record, member by member."""
        fakesecrets_clock.move_to("2030-01-02 09:30:15")
        function = fakesecrets.add_rotation_function(raising_in("setSecret"), name="rotate")
        with pytest.warns(RotationFailedWarning):
            db.rotate_secret(SecretId="db", RotationLambdaARN=function, ClientRequestToken=token(2))
        arn = fakesecrets.secret("db").arn

        started, failed = fakesecrets.cloudtrail

        event_id = failed.pop("eventID")
        assert len(event_id) == 36
        assert failed == {
            "eventVersion": "1.08",
            "userIdentity": {"accountId": "123456789012", "invokedBy": "secretsmanager.amazonaws.com"},
            "eventTime": "2030-01-02T09:30:15Z",
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "RotationFailed",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "secretsmanager.amazonaws.com",
            "userAgent": "secretsmanager.amazonaws.com",
            "errorMessage": "Error when executing lambda "
            "arn:aws:lambda:us-east-1:123456789012:function:rotate during setSecret step",
            "requestParameters": None,
            "responseElements": None,
            "additionalEventData": {"SecretId": arn},
            "requestID": f"Rotation-{arn}-{token(2)}",
            "readOnly": False,
            "eventType": "AwsServiceEvent",
            "managementEvent": True,
            "recipientAccountId": "123456789012",
            "eventCategory": "Management",
        }
        assert (started["eventName"], "errorMessage" in started) == ("RotationStarted", False)
        assert started["eventID"] != event_id
        assert fakesecrets.cloudtrail[1]["eventID"] == event_id

    def test_contains_one_start_and_one_end_of_each_attempt(self, db, fakesecrets, fakesecrets_rotation):
        broken = [True]

        def once_broken(event, context):
            if broken:
                broken.clear()
                raise RuntimeError("once")
            well_behaved(event, context)

        db.rotate_secret(SecretId="db", RotationLambdaARN=fakesecrets.add_rotation_function(once_broken))
        with pytest.raises(RuntimeError):
            fakesecrets_rotation.run()
        fakesecrets_rotation.run()

        assert [record["eventName"] for record in fakesecrets.cloudtrail] == [
            "RotationStarted",
            "RotationFailed",
            "RotationStarted",
            "RotationSucceeded",
        ]


@pytest.fixture
def two(db):
    """A secret with two versions."""
    db.put_secret_value(SecretId="db", SecretString="new", ClientRequestToken=token(2))
    return db


def names_and_versions(fake):
    """Return the name and the version of each record."""
    return [
        (record["eventName"], record["additionalEventData"].get("SecretVersionId"))
        for record in fake.cloudtrail
    ]


START = [("StartSecretVersionDelete", token(1)), ("StartSecretVersionDelete", token(2))]
END = [("EndSecretVersionDelete", token(1)), ("EndSecretVersionDelete", token(2))]


class TestCloudTrailRecordsOfDeletions:
    """User guide, CloudTrail entries for deletion; inferred: the members, and when each is logged."""

    def test_are_written_for_each_version_of_a_scheduled_deletion(self, two, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2100-01-02 09:30:15")
        arn = fakesecrets.secret("db").arn

        two.delete_secret(SecretId="db")

        assert names_and_versions(fakesecrets) == START
        record = fakesecrets.cloudtrail[0]
        assert len(record.pop("eventID")) == 36
        assert record == {
            "eventVersion": "1.08",
            "userIdentity": {"accountId": "123456789012", "invokedBy": "secretsmanager.amazonaws.com"},
            "eventTime": "2100-01-02T09:30:15Z",
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "StartSecretVersionDelete",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "secretsmanager.amazonaws.com",
            "userAgent": "secretsmanager.amazonaws.com",
            "requestParameters": None,
            "responseElements": None,
            "additionalEventData": {"SecretId": arn, "arn": arn, "SecretVersionId": token(1)},
            "readOnly": False,
            "eventType": "AwsServiceEvent",
            "managementEvent": True,
            "recipientAccountId": "123456789012",
            "eventCategory": "Management",
        }

    def test_include_the_end_after_the_recovery_window(self, two, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2100-01-01")
        two.delete_secret(SecretId="db", RecoveryWindowInDays=7)
        fakesecrets_clock.move_to("2100-01-09")

        assert names_and_versions(fakesecrets) == [*START, *END]
        assert {record["eventTime"] for record in fakesecrets.cloudtrail[2:]} == {"2100-01-08T00:00:00Z"}

    def test_include_the_cancellation_by_restore_secret(self, two, fakesecrets):
        two.delete_secret(SecretId="db")

        two.restore_secret(SecretId="db")

        cancelled = [("CancelSecretVersionDelete", token(1)), ("CancelSecretVersionDelete", token(2))]
        assert names_and_versions(fakesecrets) == [*START, *cancelled]

    def test_include_start_and_end_of_a_forced_deletion_at_once(self, two, fakesecrets):
        two.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert names_and_versions(fakesecrets) == [START[0], END[0], START[1], END[1]]

    def test_include_the_end_of_a_scheduled_deletion_that_is_forced(self, two, fakesecrets):
        two.delete_secret(SecretId="db")

        two.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)

        assert names_and_versions(fakesecrets) == [*START, *END]

    def test_are_written_for_a_version_that_a_new_one_displaces(self, two, fakesecrets, fakesecrets_clock):
        """User guide, retrieve-ct-entries, of 2023; quotas: 100 versions."""
        fakesecrets_clock.move_to("2100-01-01")
        for number in range(3, 102):
            two.put_secret_value(SecretId="db", SecretString="x", ClientRequestToken=token(number))

        assert names_and_versions(fakesecrets) == [START[0], END[0]]

    def test_are_omitted_for_the_version_of_rotate_immediately_false(self, db, fakesecrets):
        """API_RotateSecret: the test removes it."""
        fakesecrets.rotate("db", well_behaved, RotateImmediately=False)

        assert [name for name, _ in names_and_versions(fakesecrets)] == [
            "TestRotationStarted",
            "TestRotationSucceeded",
        ]

    def test_appear_in_the_timeline_and_in_eventbridge(self, db, fakesecrets):
        seen = len(fakesecrets.eventbridge)
        db.delete_secret(SecretId="db")

        (event,) = fakesecrets.eventbridge[seen:]

        assert event["detail-type"] == "AWS Service Event via CloudTrail"
        assert event["detail"] == fakesecrets.cloudtrail[0]
        assert fakesecrets.timeline("db").splitlines()[-1].split()[2:] == ["StartSecretVersionDelete", "v1"]


class TestCloudTrailRecordsOfReplications:
    """User guide, CloudTrail entries for replication; inferred: the members, and when each is logged."""

    def test_include_the_start_and_the_end_of_each_replication(self, client, fakesecrets):
        regions = [{"Region": "eu-west-1"}, {"Region": "eu-west-2"}]

        arn = client.create_secret(Name="db", SecretString="old", AddReplicaRegions=regions)["ARN"]

        started, succeeded, *second = fakesecrets.cloudtrail
        assert [started["eventName"], succeeded["eventName"]] == [
            "ReplicationStarted",
            "ReplicationSucceeded",
        ]
        assert [record["eventName"] for record in second] == ["ReplicationStarted", "ReplicationSucceeded"]
        assert started["additionalEventData"] == {"SecretId": arn, "arn": arn}
        assert started["awsRegion"] == "us-east-1"
        assert not {"requestID", "errorMessage"} & started.keys()

    def test_include_the_reason_of_each_failed_attempt(self, db, fakesecrets):
        paris = fakesecrets.client("eu-west-3")
        paris.create_secret(Name="db", SecretString="French")
        for _ in range(2):
            db.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])

        assert [record["eventName"] for record in fakesecrets.cloudtrail] == [
            "ReplicationStarted",
            "ReplicationFailed",
        ] * 2
        assert fakesecrets.cloudtrail[-1]["errorMessage"] == (
            "Replication failed: Secret name db already exists in region eu-west-3."
        )

    def test_are_omitted_for_later_changes_of_a_replicated_secret(self, db, fakesecrets):
        db.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])
        seen = len(fakesecrets.cloudtrail)

        db.put_secret_value(SecretId="db", SecretString="new")
        db.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "b"}])

        assert len(fakesecrets.cloudtrail) == seen

    def test_describe_the_removal_of_a_replica_as_the_deletion_of_its_versions(self, db, fakesecrets):
        db.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-3"}])
        seen = len(fakesecrets.cloudtrail)

        db.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=["eu-west-3"])

        records = fakesecrets.cloudtrail[seen:]
        assert [record["eventName"] for record in records] == [START[0][0], END[0][0]]
        assert {record["awsRegion"] for record in records} == {"eu-west-3"}


class TestEventBridge:
    def test_receives_the_records_and_one_label_update_in_a_rotation(self, db, fakesecrets):
        """User guide, EventBridge: sent for every label but AWSPENDING and AWSPREVIOUS."""
        seen = len(fakesecrets.eventbridge)
        fakesecrets.rotate("db", well_behaved)

        events = fakesecrets.eventbridge[seen:]

        assert [
            (event["detail-type"], event["detail"].get("eventName") or event["detail"]["labelUpdated"])
            for event in events
        ] == [
            ("AWS Service Event via CloudTrail", "RotationStarted"),
            ("Secret Label Updated", "AWSCURRENT"),
            ("AWS Service Event via CloudTrail", "RotationSucceeded"),
        ]
        assert events[0]["detail"] == fakesecrets.cloudtrail[0]
        assert {event["source"] for event in events} == {"aws.secretsmanager"}

    def test_receives_the_secret_and_the_version_of_a_label(self, client, fakesecrets, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-02 09:30")
        client.create_secret(Name="prod/db", SecretString="old", ClientRequestToken=token(1))
        arn = fakesecrets.secret("prod/db").arn

        (event,) = fakesecrets.eventbridge

        assert len(event.pop("id")) == 36
        assert event == {
            "version": "0",
            "detail-type": "Secret Label Updated",
            "source": "aws.secretsmanager",
            "account": "123456789012",
            "time": "2030-01-02T09:30:00Z",
            "region": "us-east-1",
            "resources": [arn],
            "detail": {"name": "prod/db", "labelUpdated": "AWSCURRENT", "versionId": token(1)},
        }

    def test_receives_no_event_for_a_change_of_metadata(self, db, fakesecrets):
        seen = len(fakesecrets.eventbridge)

        db.update_secret(SecretId="db", Description="mine")
        db.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "b"}])

        assert len(fakesecrets.eventbridge) == seen


def test_no_printed_record_shows_a_secret_value(db, fakesecrets):
    """Reprs, tables, events and warnings may all end up in a log."""
    db.put_secret_value(SecretId="db", SecretString=json.dumps({"username": "app", "password": "hunter2"}))
    db.put_secret_value(SecretId="db", SecretBinary=b"hunter3")

    def leaks_values(event, context):
        secret = db.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"]
        raise ValueError(f"cannot log in with {json.loads(secret)['password']} out of {secret}")

    with pytest.warns(RotationFailedWarning) as warned:
        rotation = fakesecrets.rotate("db", leaks_values)

    view = fakesecrets.secret("db")
    shown = [
        repr(fakesecrets),
        repr(fakesecrets.history),
        repr(rotation),
        repr(view),
        repr(view.versions),
        repr(view.transitions),
        repr(fakesecrets._service.store),
        fakesecrets.timeline(),
        str(fakesecrets.cloudtrail),
        str(fakesecrets.eventbridge),
        str(warned[0].message),
    ]
    assert [text for text in shown if "hunter" in text] == []
    assert "cannot log in with ***" in shown[-1]


def test_two_runs_produce_identical_records():
    def records():
        with FakeSecrets() as fake:
            fake.clock.move_to("2030-01-02")
            fake.client().create_secret(Name="db", SecretString="old")
            fake.rotate("db", well_behaved)
            return fake.timeline(), fake.cloudtrail, repr(fake.history)

    assert records() == records()
