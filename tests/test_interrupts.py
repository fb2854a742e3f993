"""An exception from outside, of a signal handler, at any point of our code: everything stays whole."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
import threading
from pathlib import Path

from support import token

import pytest_fakesecrets
from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._service import RUNNING

PACKAGE = str(Path(pytest_fakesecrets.__file__).parent) + os.sep


class Interrupt(BaseException):
    """What a signal handler raises: no Exception, and known to nobody."""


class Points:
    """
    The points of our code at which CPython calls a signal handler, numbered as they are passed.

    They are the start of a function, its end, and each line. Between the last line of a "with" block and the call of
    its __exit__, and between an __enter__ and its block, CPython runs no handler, and so nothing is raised there.

    Args:
        raise_at: the number of the point at which an Interrupt is raised, or None.
        is_each: whether every pass of a point counts, and not only the first one.
    """

    def __init__(self, raise_at=None, *, is_each=False):
        self._raise_at = raise_at
        self._is_each = is_each
        self._seen = set()
        self.passed = 0
        self.where = None

    def run(self, work):
        """Call *work*, and return whether an Interrupt came out of it."""
        sys.settrace(self._trace)
        try:
            work()
        except Interrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    def _trace(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        entered = set()

        def trace(frame, event, argument):
            if event != "exception" and not _is_no_point(frame, event, entered):
                self._pass((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, event))
            return trace

        return trace(frame, event, argument)

    def _pass(self, point):
        if not self._is_each and point in self._seen:
            return
        self._seen.add(point)
        self.passed += 1
        if self.passed == self._raise_at:
            self.where = "{1} of {0}, {2}, {3}".format(Path(point[0]).name, *point[1:])
            raise Interrupt


def _is_no_point(frame, event, entered):
    if event != "line" and frame.f_code.co_flags & inspect.CO_GENERATOR:
        return True  # it may be closed by the garbage collector, which drops what is raised
    if event == "return":
        return frame.f_code.co_name == "__enter__"
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    if event == "line" and line.startswith("with "):
        is_exit = frame.f_lineno in entered
        entered.add(frame.f_lineno)
        return is_exit
    return line == "try:"


def rotate(event, context):
    """A rotation function with few calls, which may be called again at any step."""
    client, secret, new = rotate.client, event["SecretId"], event["ClientRequestToken"]
    print(event["Step"])  # noqa: T201
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=secret, ClientRequestToken=new, SecretString="new", VersionStages=["AWSPENDING"]
        )
    elif event["Step"] == "finishSecret":
        held = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, labels in held.items() if "AWSCURRENT" in labels)
        if current != new:
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=current
            )


def world():
    """A fake with a secret, and what the process has that a rotation changes for a while."""
    fake = FakeSecrets()
    fake.__enter__()
    rotate.client = fake.client()
    rotate.client.create_secret(Name="db", SecretString="old", ClientRequestToken=token(1))
    return fake, fake.add_rotation_function(rotate)


def of_the_process():
    return dict(os.environ), sys.stdout, sys.stderr, list(sys.meta_path), {"RUNNING": RUNNING.get()}


def is_free(lock):
    """Whether another thread gets the lock."""
    got = []

    def work():
        got.append(lock.acquire(timeout=0.2))
        if got[0]:
            lock.release()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return got[0]


def faults_of(fake, before):
    """What is not whole after an interrupt: nothing, or a list of sentences."""
    broken = []
    if of_the_process() != before:
        broken.append("the process is not as it was")
    if not is_free(fake._service.lock):
        broken.append("a lock is held")
    listed = {rotation.token: rotation for rotation in fake.rotations()}
    secret = fake._service.locate("db")[1]
    pending = secret.labels.get("AWSPENDING")
    if pending not in (None, secret.labels["AWSCURRENT"]) and pending not in listed:
        broken.append("AWSPENDING is staged for a rotation that is not listed")
    history = [event for event in fake.history if type(event).__name__ == "RotationStep"]
    steps = [step for rotation in listed.values() for step in rotation.steps]
    if [id(step) for step in history] != [id(step) for step in steps]:
        broken.append("the history has other steps than the rotations")
    moved = {move.label: move.version_id for move in fake.secret("db").transitions}
    if {label: version for label, version in moved.items() if version} != dict(secret.labels):
        broken.append("the history has other labels than the secret")
    return broken


def goes_on(fake, function, driver):
    """What does not go on as it should after an interrupt."""
    client, broken = rotate.client, []
    client.describe_secret(SecretId="db")
    client.put_secret_value(SecretId="db", SecretString="x", VersionStages=["MINE"])
    for _ in range(4):
        if driver is None:
            fake.clock.tick(3600)
        elif driver.pending:
            driver.run()
    if any(rotation.status in ("in progress", "failed") for rotation in fake.rotations()):
        broken.append("a rotation has not come to its end")
        return broken
    rotation = fake.rotate("db", function)
    if rotation.status != "succeeded":
        broken.append("the next rotation fails")
    return broken


def test_nothing():
    pass
