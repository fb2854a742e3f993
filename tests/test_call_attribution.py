"""Each call belongs to the rotation step that runs while it is made, wherever the function makes it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from rotation_functions import well_behaved

from pytest_fakesecrets import Call, RotationFailedWarning

PUT_AND_READ = """
import os
import sys
from botocore.session import Session

client = Session().create_client("secretsmanager", endpoint_url=os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
client.get_secret_value(SecretId="api")
client.get_random_password()
client.put_secret_value(
    SecretId=sys.argv[1], ClientRequestToken=sys.argv[2], SecretString="new", VersionStages=["AWSPENDING"]
)
"""


@pytest.fixture
def db(fakesecrets, fakesecrets_client):
    fakesecrets_client.create_secret(Name="db", SecretString="old")
    return fakesecrets_client


#: The functions here rotate nothing: where their calls are recorded is all that counts.
pytestmark = pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")


def steps_of(fakesecrets, operation="DescribeSecret"):
    return [
        event.step
        for event in fakesecrets.history
        if isinstance(event, Call) and event.operation == operation
    ]


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_a_pool(work):
    with ThreadPoolExecutor(2) as pool:
        pool.submit(work).result()


def in_an_event_loop(work):
    async def main():
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(main())


def in_a_task(work):
    async def task():
        work()

    async def main():
        await asyncio.create_task(task())

    asyncio.run(main())


def in_an_event_loop_of_another_thread(work):
    in_a_thread(lambda: in_a_task(work))


@pytest.mark.parametrize(
    "place", [in_a_thread, in_a_pool, in_an_event_loop, in_a_task, in_an_event_loop_of_another_thread]
)
def test_a_call_that_a_function_makes_elsewhere_belongs_to_its_step(db, fakesecrets, place):
    def function(event, context):
        if event["Step"] == "setSecret":
            place(lambda: db.describe_secret(SecretId="db"))

    fakesecrets.rotate("db", function)

    assert steps_of(fakesecrets) == ["setSecret"]


def test_a_thread_that_a_function_keeps_belongs_to_its_next_step_too(db, fakesecrets):
    with ThreadPoolExecutor(1) as pool:

        def function(event, context):
            pool.submit(db.describe_secret, SecretId="db").result()
            well_behaved(event, context)

        fakesecrets.rotate("db", function)
        pool.submit(db.describe_secret, SecretId="db").result()

    of_the_pool = steps_of(fakesecrets)[::2]
    assert {"createSecret", "setSecret", "testSecret", "finishSecret"} <= set(steps_of(fakesecrets))
    assert of_the_pool[0] == "createSecret"
    assert steps_of(fakesecrets)[-1] is None


def test_a_thread_of_the_test_that_starts_while_a_step_runs_belongs_to_no_step(db, fakesecrets):
    db.create_secret(Name="api", SecretString="old")
    runs, has_looked = threading.Event(), threading.Event()

    def function(event, context):
        if event["Step"] == "createSecret":
            runs.set()
            assert has_looked.wait(30)

    rotation = threading.Thread(target=fakesecrets.rotate, args=("db", function))
    rotation.start()
    assert runs.wait(30)
    in_a_thread(lambda: db.describe_secret(SecretId="api"))
    has_looked.set()
    rotation.join()

    assert steps_of(fakesecrets) == [None]
    assert "other-secret-changed" not in [finding.code for finding in fakesecrets.rotations()[0].findings]


def test_thread_start_is_as_it_was_when_the_last_step_has_ended(db, fakesecrets):
    before, during = threading.Thread.start, []

    def function(event, context):
        during.append(threading.Thread.start)
        if event["Step"] == "setSecret":
            raise ValueError

    with pytest.warns(RotationFailedWarning):
        fakesecrets.rotate("db", function)

    assert all(start is not before for start in during)
    assert threading.Thread.start is before


def test_a_thread_of_the_application_that_was_there_before_belongs_to_no_step(db, fakesecrets):
    with ThreadPoolExecutor(1) as application:
        application.submit(db.describe_secret, SecretId="db").result()

        def function(event, context):
            application.submit(db.describe_secret, SecretId="db").result()

        fakesecrets.rotate("db", function)

    assert set(steps_of(fakesecrets)) == {None}


def test_with_two_steps_at_once_a_call_belongs_to_the_one_whose_secret_it_names(db, fakesecrets):
    db.create_secret(Name="api", SecretString="old")
    arns = {fakesecrets.secret(name).arn: name for name in ("db", "api")}
    both_run, done = threading.Barrier(2, timeout=30), threading.Barrier(2, timeout=30)
    steps = {"db": "setSecret", "api": "testSecret"}

    def function(event, context):
        name = arns[event["SecretId"]]
        if event["Step"] == steps[name]:
            both_run.wait()
            in_a_thread(lambda: db.describe_secret(SecretId=name))
            in_a_thread(lambda: db.get_secret_value(SecretId=event["SecretId"]))
            done.wait()

    rotations = [threading.Thread(target=fakesecrets.rotate, args=(name, function)) for name in ("db", "api")]
    for rotation in rotations:
        rotation.start()
    for rotation in rotations:
        rotation.join()

    calls = [event for event in fakesecrets.history if isinstance(event, Call) and event.step]
    assert sorted((arns[call.secret_id], call.operation, call.step) for call in calls) == [
        ("api", "DescribeSecret", "testSecret"),
        ("api", "GetSecretValue", "testSecret"),
        ("db", "DescribeSecret", "setSecret"),
        ("db", "GetSecretValue", "setSecret"),
    ]


def test_a_fault_of_a_step_meets_the_calls_of_its_threads(db, fakesecrets):
    errors = []

    def look():
        try:
            db.describe_secret(SecretId="db")
        except db.exceptions.ClientError as error:
            errors.append(error.response["Error"]["Code"])

    def function(event, context):
        in_a_thread(look)

    fakesecrets.fail("DescribeSecret", "AccessDeniedException", step="testSecret")
    fakesecrets.rotate("db", function)

    assert errors == ["AccessDeniedException"]


def test_a_call_of_a_child_process_belongs_to_the_step_unless_it_names_another_secret(
    db, fakesecrets, fakesecrets_server
):
    db.create_secret(Name="api", SecretString="old")

    def function(event, context):
        if event["Step"] == "createSecret":
            arguments = [sys.executable, "-c", PUT_AND_READ, event["SecretId"], event["ClientRequestToken"]]
            subprocess.run(arguments, env={**fakesecrets_server.environ}, check=True, timeout=30)
        elif event["Step"] == "finishSecret":
            client = boto3.client("secretsmanager")
            versions = client.describe_secret(SecretId="db")["VersionIdsToStages"]
            current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId="db",
                VersionStage="AWSCURRENT",
                MoveToVersionId=event["ClientRequestToken"],
                RemoveFromVersionId=current,
            )

    rotation = fakesecrets.rotate("db", function)

    assert steps_of(fakesecrets, "PutSecretValue") == ["createSecret"]
    assert steps_of(fakesecrets, "GetSecretValue") == [None]
    assert steps_of(fakesecrets, "GetRandomPassword") == ["createSecret"]
    assert (rotation.status, rotation.error) == ("succeeded", None)
