"""What the tests of a user leave behind in their process: no more than the first ten of them."""

from __future__ import annotations

import pytest

#: Takes a picture of the process after the tenth test and after the last one, and prints how they differ.
COMPARES = """
    import atexit
    import gc
    import json
    import logging
    import os
    import resource
    import signal
    import sys
    import threading
    import time
    import warnings
    from collections import Counter

    import boto3
    import botocore.endpoint
    import botocore.handlers
    import botocore.retries.bucket
    import freezegun.api

    from pytest_fakesecrets._transport import state
    from pytest_fakesecrets._service.environment_variables import ENVIRONMENT
    from pytest_fakesecrets._rotation.captured_output import _OUTPUTS

    PICTURES = []


    def handlers(emitter):
        inner = getattr(emitter, "_emitter", emitter)
        return sorted(map(str, inner._unique_id_handlers)), str(inner._handlers._root)


    def picture():
        gc.collect()
        return {
            "our objects": Counter(type(each).__name__ for each in gc.get_objects()
                                   if type(each).__module__.startswith("pytest_fakesecrets")
                                   # One for each operation of a living client, and one for each contract class.
                                   and type(each).__name__ not in ("_Plan", "UndisturbedRun")),
            "the fake": state.active,
            "listeners": list(state.listeners),
            "layers of the environment": dict(ENVIRONMENT._settings),
            "listeners to output": set(_OUTPUTS._listeners),
            "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
            "working directory": os.getcwd(),
            "built-in handlers of botocore": list(botocore.handlers.BUILTIN_HANDLERS),
            "handlers of our session": handlers(state.session().get_component("event_emitter")),
            "handlers of the session of boto3": handlers(boto3.DEFAULT_SESSION.events),
            "botocore": (botocore.endpoint.time, botocore.retries.bucket.TokenBucket.acquire),
            "freezegun": [list(getattr(freezegun.api, name)) for name in
                          ("freeze_factories", "ignore_lists", "tick_flags", "tz_offsets")],
            "functions of time": (time.time, time.sleep, time.monotonic),
            "loggers": sorted(logging.Logger.manager.loggerDict),
            "handlers of loggers": [list(logging.getLogger(name).handlers) for name in
                                    (None, *logging.Logger.manager.loggerDict)],
            "importers": (list(sys.meta_path), list(sys.path_hooks), list(sys.path)),
            "modules": dict.fromkeys(sys.modules),
            "streams": (sys.stdout, sys.stderr, sys.stdin),
            "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook, sys.gettrace(), sys.getprofile()),
            "functions at exit": atexit._ncallbacks(),
            "signal handlers": [signal.getsignal(number) for number in signal.valid_signals()],
            "threads": [thread.name for thread in threading.enumerate()],
            "descriptors": [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")
                            if os.path.exists(f"/proc/self/fd/{each}")],
            "warnings": list(warnings.filters),
        }


    def pytest_runtest_logfinish(nodeid):
        if "[9]" in nodeid or "test_last" in nodeid:
            PICTURES.append((picture(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


    def pytest_unconfigure():
        (before, least), (after, most) = PICTURES
        for name in before:
            if before[name] != after[name]:
                print("different:", name, before[name], after[name])
        print("grown by", (most - least) // 1024, "MB")
"""

#: Ten kinds of tests, again and again: each keeps some values as large as they may be.
TESTS = """
    import asyncio
    import json
    import subprocess
    import sys
    import threading
    import urllib.request

    import boto3
    import pytest
    from pytest_fakesecrets import FakeSecrets, RotationContract, RotationFailedWarning

    LARGE = "x" * 65_000


    def rotate(event, context):
        client, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            password = client.get_random_password()["RandomPassword"]
            client.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString=password, VersionStages=["AWSPENDING"]
            )
        elif event["Step"] == "testSecret":
            client.get_secret_value(SecretId=secret, VersionId=token)
        elif event["Step"] == "finishSecret":
            held = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
            current = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )


    @pytest.fixture(scope="session", autouse=True)
    def one_client():
        with FakeSecrets():
            boto3.setup_default_session()
            client = boto3.client("secretsmanager", region_name="us-east-1")
        make, boto3.client = boto3.client, lambda *_, **__: client
        yield
        boto3.client = make


    def calls(fake, client, request):
        client = request.getfixturevalue("fakesecrets_client")
        assert client.get_secret_value(SecretId="0")["SecretString"] == LARGE


    def rotates(fake, client, request):
        fake.add_rotation_function(rotate, environ={"KIND": "a function"})
        assert fake.rotate("0", rotate).status == "succeeded"
        fake.reset()


    def drives(fake, client, request):
        driver = request.getfixturevalue("fakesecrets_rotation")
        client.rotate_secret(SecretId="0", RotationLambdaARN=fake.add_rotation_function(rotate))
        driver.step()
        assert driver.run().status == "succeeded"


    def travels(fake, client, request):
        clock = request.getfixturevalue("fakesecrets_clock")
        function = fake.add_rotation_function(rotate)
        client.rotate_secret(SecretId="0", RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30})
        clock.tick(70 * 86_400)
        assert len(fake.rotations()) == 3


    def fails(fake, client, request):
        with pytest.warns(RotationFailedWarning):
            client.rotate_secret(
                SecretId="0", RotationLambdaARN=fake.add_rotation_function(lambda event, context: 1 / 0)
            )
        assert fake.rotations()[0].succeeded


    def raises_in_a_step(fake, client, request):
        driver = request.getfixturevalue("fakesecrets_rotation")
        client.rotate_secret(SecretId="0", RotationLambdaARN=fake.add_rotation_function(lambda e, c: 1 / 0))
        driver.step()


    def serves(fake, client, request):
        server = request.getfixturevalue("fakesecrets_server")
        request.getfixturevalue("monkeypatch").delenv("AWS_ACCESS_KEY_ID")
        sent = urllib.request.Request(server.url, b"{}", {"X-Amz-Target": "secretsmanager.ListSecrets",
                                                          "Content-Type": "application/x-amz-json-1.1"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent) as answer:
            assert len(json.load(answer)["SecretList"]) == 4


    def meets_faults(fake, client, request):
        fake.fail("GetSecretValue", "ThrottlingException", times=2)
        client.get_secret_value(SecretId="0")
        fake.fail("DescribeSecret", "AccessDeniedException")
        with pytest.raises(client.exceptions.ClientError):
            client.describe_secret(SecretId="0")


    def works_in_threads(fake, client, request):
        function = fake.add_rotation_function(rotate)
        threads = [
            threading.Thread(
                target=client.rotate_secret, kwargs={"SecretId": str(number), "RotationLambdaARN": function}
            )
            for number in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asyncio.run(asyncio.to_thread(client.list_secrets))
        with fake.rotation_paused("3", after="createSecret", handler=rotate):
            fake.assume(rotate_at="close")


    def skips_in_a_rotation(fake, client, request):
        function = fake.add_rotation_function(lambda event, context: pytest.skip("not here"))
        client.rotate_secret(SecretId="0", RotationLambdaARN=function)


    KINDS = [calls, rotates, drives, travels, fails, raises_in_a_step, serves, meets_faults, works_in_threads,
             skips_in_a_rotation]


    class TestBefore(RotationContract):
        secret_value = "old"
        rotation_function = staticmethod(rotate)


    @pytest.mark.parametrize("number", range({tests}))
    def test_it(fakesecrets, request, number):
        client = boto3.client("secretsmanager")
        for name in range(4):
            client.create_secret(Name=str(name), SecretString=LARGE)
        KINDS[number % 10](fakesecrets, client, request)


    class TestAfter(RotationContract):
        secret_value = "old"
        rotation_function = staticmethod(rotate)


    def test_last(fakesecrets):
        pass
"""


@pytest.mark.long
@pytest.mark.parametrize("tests", [12, 300])
def test_the_tests_of_a_user_leave_no_more_behind_than_the_first_ten(pytester, monkeypatch, tests):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(COMPARES)
    pytester.makepyfile(TESTS.replace("{tests}", str(tests)))

    chosen = "test_it or test_a_rotation_succeeds or test_last"
    ran = pytester.runpytest_subprocess("-p", "fakesecrets", "-q", "-s", "--tb=short", "-k", chosen)

    outcomes = ran.parseoutcomes()
    assert (outcomes["failed"], outcomes["skipped"]) == (tests // 5, tests // 10)
    ran.stdout.no_fnmatch_line("different:*")
    grown = next(line for line in ran.outlines if line.startswith("grown by"))
    if tests == 300:  # the values of fewer are lost among what the interpreter keeps
        assert int(grown.split()[2]) < 25, "All values of all tests have 76 MB."
