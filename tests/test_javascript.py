"""The rotation function in JavaScript of the examples, with one mistake each: the contract names it as in Python."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_fakesecrets import CredentialTarget, FakeSecrets, RotationContract, RotationProcess

EXAMPLE = Path(__file__).parents[1] / "examples" / "rotate_in_javascript"

pytestmark = pytest.mark.long

SAVED_ANEW = "if (await exists(arn, token)) return;"
LABEL = '        VersionStages: ["AWSPENDING"],\n'
TESTED = 'await read(arn, { VersionId: token, VersionStage: "AWSPENDING" }));'
CLEAN_UP = 'if (previous.api_key !== current.api_key) await ask("DELETE", "keys", previous);'
REFUSAL = 'if (error.name !== "ResourceNotFoundException") throw error;'
ADDED = 'await ask("POST", "keys", pending);'


@pytest.fixture(scope="session")
def modules():
    """The folder with the AWS SDK for JavaScript. `npm install` in the folder of the example brings it."""
    found = EXAMPLE / "node_modules"
    if shutil.which("node") is None or not (found / "@aws-sdk" / "client-secrets-manager").is_dir():
        end = pytest.fail if os.environ.get("FAKESECRETS_TESTS_MUST_RUN") else pytest.skip
        end("Node.js or the AWS SDK for JavaScript is not installed in examples/rotate_in_javascript")
    return found


@pytest.fixture
def keys(monkeypatch):
    """The target, and the URL at which the process reaches it."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from http_key_service import serving

    target = CredentialTarget({"weather": "first-key"}, most_passwords=2)
    with serving(target) as url:
        yield target, url


@pytest.mark.parametrize(
    ("correct", "broken", "scenario", "code", "step"),
    [
        pytest.param(
            SAVED_ANEW,
            "",
            "each_step_may_be_delivered_twice",
            "second-delivery-failed",
            "createSecret",
            id="a value made anew at each delivery",
        ),
        pytest.param(
            LABEL,
            "",
            "a_rotation_succeeds",
            "current-moved-early",
            "createSecret",
            id="no label on the put",
        ),
        pytest.param(
            TESTED,
            'await read(arn, { VersionStage: "AWSCURRENT" }));',
            "a_rotation_succeeds",
            "untested",
            "testSecret",
            id="a test of the current version",
        ),
        pytest.param(
            CLEAN_UP,
            "",
            "two_rotations_in_a_row_succeed",
            "second-rotation-failed",
            "setSecret",
            id="no clean-up",
        ),
        pytest.param(
            REFUSAL,
            "",
            "a_refused_call_is_not_swallowed",
            "error-swallowed",
            "createSecret",
            id="a swallowed refusal",
        ),
        pytest.param(
            ADDED,
            f'console.log("The new key is", pending);\n{ADDED}',
            "nothing_secret_is_leaked",
            "secret-leaked",
            "setSecret",
            id="a leak into its log",
        ),
        pytest.param(
            ADDED,
            f"process.exit(1);\n{ADDED}",
            "a_rotation_succeeds",
            "exited with status 1",
            "setSecret",
            id="an exit",
        ),
    ],
)
def test_a_mistake_in_javascript_is_named_by_the_finding_of_the_same_mistake_in_python(
    modules, keys, tmp_path, correct, broken, scenario, code, step
):
    source = (EXAMPLE / "rotation.mjs").read_text("utf-8")
    assert source.count(correct) == 1
    (tmp_path / "rotation.mjs").write_text(source.replace(correct, broken), "utf-8")
    shutil.copy(EXAMPLE / "runtime.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    target, url = keys
    members = {
        "rotation_function": RotationProcess(["node", "runtime.mjs"], cwd=tmp_path),
        "secret_value": {"client_id": "weather", "api_key": "first-key"},
        "environ": {"KEY_SERVICE_URL": url},
        "target": target,
    }
    contract = type("TestRotation", (RotationContract,), members)()

    with FakeSecrets() as fake, pytest.raises(AssertionError) as failed:
        getattr(contract, f"test_{scenario}")(fake)

    assert code in str(failed.value)
    assert step in str(failed.value)
