"""A good rotation function and its contract class, as source of inner runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import boto3  # noqa: F401  # inner runs would import anew what is not imported before they start
import pytest
from _pytest.pytester import LineMatcher

FUNCTION = """
import functools
import json
import boto3
import pytest
from _pytest.pytester import LineMatcher
from pytest_fakesecrets import RotationContract


@functools.cache
def secrets_manager():
    return boto3.client("secretsmanager")


def rotate(event, context):
    client, arn = secrets_manager(), event["SecretId"]
    token, step = event["ClientRequestToken"], event["Step"]
    metadata = client.describe_secret(SecretId=arn)
    held = metadata.get("VersionIdsToStages", {}).get(token, [])
    if not metadata.get("RotationEnabled") or not {"AWSPENDING", "AWSCURRENT"} & set(held):
        raise ValueError("There is nothing to rotate.")
    if "AWSCURRENT" in held:
        return
    if step == "createSecret":
        create(client, arn, token)
    elif step == "setSecret":
        pass
    elif step == "testSecret":
        client.get_secret_value(SecretId=arn, VersionId=token)
    elif step == "finishSecret":
        versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
    else:
        raise ValueError(step)


def create(client, arn, token):
    client.get_secret_value(SecretId=arn)
    try:
        client.get_secret_value(SecretId=arn, VersionId=token)
    except client.exceptions.ResourceNotFoundException:
        put(client, arn, token)


def put(client, arn, token):
    password = client.get_random_password()["RandomPassword"]
    client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, SecretString=password, VersionStages=["AWSPENDING"]
    )
"""

CLASS = """

class TestMyFunction(RotationContract):
    rotation_function = staticmethod(rotate)
    secret_value = "old-password"
"""


OPTIONS = ("-p", "no:randomly", "-p", "no:xdist", "-W", "error")


@dataclass
class ModuleRun:
    """What an inner run of several modules reports about one of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    #: The lines of its failures and errors.
    failures: LineMatcher = field(default_factory=lambda: LineMatcher([]))
    #: Why its scenarios are skipped.
    reasons: list[str] = field(default_factory=list)
    #: The outcomes of its collection that are not "passed".
    collection: list[str] = field(default_factory=list)
    #: How many warnings have the name of its file.
    warnings: int = 0

    def add(self, report):
        if report.outcome != "passed" or getattr(report, "when", "") == "call":
            self.outcomes[report.outcome] += 1
        if isinstance(report, pytest.CollectReport) and not report.passed:
            self.collection.append(report.outcome)
        if report.skipped:
            self.reasons.append(report.longrepr[2].removeprefix("Skipped: "))
        if report.failed:
            self.failures.lines.extend(report.longreprtext.splitlines())
            for _, text in report.sections:
                self.failures.lines.extend(text.splitlines())


def contract_run(pytester, source, *arguments):
    """Run a contract class, of which `source` has what follows the function."""
    pytester.makepyfile(FUNCTION + source)
    return pytester.runpytest(*OPTIONS, *arguments)


def shared_runs(modules, files=()):
    """
    A fixture that runs modules at the first test that requests it: the start of an inner run takes longer than
    most scenarios.

    Args:
        modules: the source of each by its name, and the expression that chooses among its tests.
        files: the sources of further modules by their names.

    Returns:
        A fixture with the run of each module by its name.
    """
    runs = {}

    @pytest.fixture
    def shared(pytester):
        if not runs:
            runs.update(run_modules(pytester, modules, files))
        return runs

    return shared


def run_modules(pytester, modules, files=()):
    pytester.makepyfile(**{name: source for name, (source, _) in modules.items()}, **dict(files))
    chosen = " or ".join(f"{name}.py and ({expression})" for name, (_, expression) in modules.items())
    options = (*OPTIONS, "--continue-on-collection-errors", "-k", chosen)
    ran = pytester.runpytest(*options, *(f"{name}.py" for name in modules))
    runs = {name: ModuleRun() for name in modules}
    for report in ran.reprec.getreports():
        name = report.nodeid.partition(".py")[0]
        if name in runs:
            runs[name].add(report)
    for call in ran.reprec.getcalls("pytest_warning_recorded"):
        name = call.nodeid.partition(".py")[0]
        if name in runs:
            runs[name].warnings += 1
    return runs
