"""The public interface: names, attributes, scenarios, finding codes and seeded ids, independent of module layout."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
from contextlib import suppress
from importlib.metadata import entry_points
from itertools import product
from pathlib import Path

import pytest

import pytest_fakesecrets
from pytest_fakesecrets import (
    Assumptions,
    Call,
    CredentialRefused,
    CredentialTarget,
    FakeSecrets,
    FakeSecretsError,
    Finding,
    LabelMoved,
    Rotation,
    RotationContract,
    RotationProcess,
    SecretView,
)
from pytest_fakesecrets._core.finding import CODES

ROOT = Path(pytest_fakesecrets.__file__).parent

NAMES = """
    ROTATION_POINTS Assumptions Call Clock CredentialRefused CredentialTarget FakeSecrets FakeSecretsError Fault
    Finding FunctionTimedOut InvocationRefused LabelMoved LambdaContext Rotation RotationContract RotationDriver
    ReportingFailedWarning RotationFailedWarning RotationProcess RotationStep SECRET_ARN SecretView Server ServiceEvent TargetDown UnusedFaultWarning
    ValueStored VersionView Window
"""

ATTRIBUTES = {
    FakeSecrets: """
        add_rotation_function add_secret assume attach check client clock cloudtrail drive eventbridge fail history
        is_active recorded reset rotate rotation_paused rotations schedule secret serve timeline
    """,
    Rotation: """
        advanced attempt attempts_before error failure findings function_arn has_reached_its_goal has_steps_left
        is_at_its_end is_due_again is_test next_step plan position reattempted retried retry_at scheduled_at secret_id
        started_at status steps succeeded token
    """,
    SecretView: "arn json labels name next_rotation rotation_enabled staging transitions value versions",
    RotationContract: """
        accepted accepts code companions environ prepare propagation_delay rotation_function secret_name secret_value target
        target_calls target_state timeout without zero_downtime
    """,
}

SCENARIOS = """
    test_a_crash_after_any_call_is_recovered
    test_a_failure_after_any_step_is_recovered
    test_a_late_duplicate_of_an_old_step_changes_nothing
    test_a_late_target_is_waited_for
    test_a_pending_version_left_by_an_aborted_rotation_is_taken_up
    test_a_refused_call_is_not_swallowed
    test_a_rotation_succeeds
    test_a_secret_born_without_a_value_is_left_whole
    test_a_server_error_on_any_call_is_survived
    test_a_test_run_changes_nothing
    test_alternating_users_come_back_after_two_rotations
    test_an_unknown_step_is_refused
    test_an_unknown_token_is_refused
    test_awspending_may_be_gone_already
    test_each_step_may_be_delivered_twice
    test_each_step_may_start_cold
    test_hostile_but_legal_passwords_work
    test_it_ends_within_its_time
    test_nothing_secret_is_leaked
    test_other_secrets_are_left_alone
    test_readers_always_find_a_credential_that_is_accepted
    test_rotation_that_is_switched_off_is_refused
    test_somebody_elses_pending_version_is_left_alone
    test_the_first_rotation_ever_succeeds
    test_the_rotation_token_is_passed_on_from_another_account
    test_throttling_of_any_call_is_survived
    test_two_rotations_in_a_row_succeed
"""

FINDING_CODES = """
    credential-left-behind current-moved-early did-not-alternate disabled-accepted error-like-return
    error-swallowed event-misread first-rotation-failed foreign-version hostile-password illegal-call late-duplicate locked-out members-lost
    needs-current-version no-tolerance-for-delay not-accepted not-recovered other-secret-changed
    pending-left-behind pending-needed pending-overwritten previous-moved rotation-enabled-assumed rotation-failed
    rotation-token-missing second-delivery-failed second-rotation-failed secret-leaked state-in-memory state-not-reset
    step-did-nothing stuck-not-recovered test-run-failed too-slow unknown-step-accepted unknown-token-accepted
    untested value-empty value-missing value-unchanged work-skipped wrong-version-used
"""


def public_attributes(owner):
    listed = {name for name in dir(owner) if not name.startswith("_")}
    if owner is FakeSecrets:
        listed |= {name for name in vars(FakeSecrets()) if not name.startswith("_")}
    return listed - set(SCENARIOS.split())


def codes_in(source):
    """Return the codes of the findings and scenario failures in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for part in (part for argument in node.args for part in ast.walk(argument)):
                if isinstance(part, ast.Constant) and re.fullmatch(
                    "[a-z]+(-[a-z]+)+|untested", str(part.value)
                ):
                    yield part.value


def test_the_package_has_these_public_names():
    assert sorted(pytest_fakesecrets.__all__) == sorted(NAMES.split())


@pytest.mark.parametrize("name", [name for name in NAMES.split() if not name.isupper()])
def test_a_public_class_belongs_to_the_package_itself(name):
    assert getattr(pytest_fakesecrets, name).__module__ == "pytest_fakesecrets"


@pytest.mark.parametrize("owner", ATTRIBUTES, ids=lambda owner: owner.__name__)
def test_a_public_class_has_these_public_attributes(owner):
    assert sorted(public_attributes(owner)) == sorted(ATTRIBUTES[owner].split())


def test_public_objects_can_be_pickled():
    finding = Finding(code="untested", text="text", advice="advice")

    assert pickle.loads(pickle.dumps(finding)) == finding
    assert str(pickle.loads(pickle.dumps(FakeSecretsError("text")))) == "text"


def test_the_contract_has_these_scenarios():
    assert [name for name in dir(RotationContract) if name.startswith("test_")] == SCENARIOS.split()


def test_findings_have_these_codes():
    modules = [*ROOT.glob("_rotation/*.py"), *ROOT.glob("_contract/**/*.py")]

    used = {code for path in modules for code in codes_in(path.read_text("utf-8"))}

    assert sorted(used) == FINDING_CODES.split()
    assert {*FINDING_CODES.split(), "unchecked"} == CODES


def test_ids_and_passwords_of_the_default_seed_stay_the_same(fakesecrets):
    client = fakesecrets.client()

    created = client.create_secret(Name="db", SecretString="old")
    stored = client.put_secret_value(SecretId="db", SecretString="new")

    assert created["ARN"] == "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-vcLwJt"
    assert [created["VersionId"], stored["VersionId"]] == [
        "545fce15-2154-4d98-bf7e-0fd87a90d0c1",
        "924882d3-117b-4ec5-a188-301db2d002fc",
    ]
    assert client.get_random_password()["RandomPassword"] == 'In.[:3ApDzeSN%"cMCiU/609.`!{&qIw'
    assert created["ResponseMetadata"]["RequestId"] == "aa769c5a-6183-44c0-a843-4f29cf32351c"


def test_a_move_of_a_label_reads_as_a_sentence(fakesecrets):
    client = fakesecrets.client()
    client.create_secret(Name="db", SecretString="old")
    client.put_secret_value(SecretId="db", SecretString="new")

    assert [str(move) for move in fakesecrets.secret("db").transitions] == [
        "AWSCURRENT -> v1 by CreateSecret",
        "AWSCURRENT v1 -> v2 by PutSecretValue",
        "AWSPREVIOUS -> v1 by PutSecretValue",
    ]
    assert {type(event) for event in fakesecrets.history} >= {Call, LabelMoved}


def test_the_plugin_is_registered_under_its_name():
    [entry] = [entry for entry in entry_points(group="pytest11") if entry.name == "fakesecrets"]

    assert entry.value == "pytest_fakesecrets.plugin"
    assert [name for name, _ in inspect.getmembers(entry.load()) if name.startswith("fakesecrets")] == [
        "fakesecrets",
        "fakesecrets_client",
        "fakesecrets_clock",
        "fakesecrets_rotation",
        "fakesecrets_server",
    ]


#: Arguments of the wrong type, for each parameter of each public method.
WRONG = (None, 5, "\0", b"x", ["x"], {"x": 1}, object(), lambda event, context: None)


def called_with_wrong_types(owner, right):
    """Call each public method of an object with a wrong argument for each parameter: the calls, and what they raise."""
    names = [name for name in dir(type(owner)) if not name.startswith("_")]
    for method in [getattr(owner, name) for name in names if inspect.isfunction(getattr(type(owner), name))]:
        parameters = inspect.signature(method).parameters.values()
        required = {
            each.name: right[each.name]
            for each in parameters
            if each.default is each.empty and each.name in right
        }
        for each in parameters:
            if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
                continue
            for wrong in WRONG:
                try:
                    returned = method(**{**required, each.name: wrong})
                    if hasattr(returned, "__enter__"):
                        with returned:
                            pass
                except Exception as error:
                    yield f"{method.__qualname__}({each.name}={type(wrong).__name__})", error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.long
def test_an_argument_of_the_wrong_type_never_raises_an_error_from_inside_of_the_package(fakesecrets):
    client = fakesecrets.client()
    fakesecrets.add_secret("db", "value")
    function = fakesecrets.add_rotation_function(lambda event, context: None)
    right = {
        "secret_id": "db",
        "operation": "GetSecretValue",
        "error": "ThrottlingException",
        "name": "another",
        "handler": function,
        "step": "createSecret",
        "user": "app",
        "password": "old",
        "new": "another",
        "until": "2100-01-01",
    }
    owners = (
        fakesecrets,
        fakesecrets.clock,
        fakesecrets.drive(),
        fakesecrets.secret("db"),
        CredentialTarget({"app": "old"}),
        Assumptions(),
    )
    allowed = (FakeSecretsError, CredentialRefused, client.exceptions.ClientError)

    raised = [pair for owner in owners for pair in called_with_wrong_types(owner, right)]

    assert {call: repr(error) for call, error in raised if not isinstance(error, allowed)} == {}
    assert len(raised) > 150


@pytest.mark.parametrize(
    "make",
    [
        CredentialTarget,
        lambda command: RotationProcess(command),
        lambda cwd=None, environ=None: RotationProcess(["x"], cwd=cwd, environ=environ),
        Assumptions().changed,
    ],
    ids=["CredentialTarget", "a command", "RotationProcess", "Assumptions.changed"],
)
def test_a_constructor_with_an_argument_of_the_wrong_type_never_raises_an_error_from_inside(make):
    names = list(inspect.signature(make).parameters)

    for name, wrong in product(names, WRONG):
        with suppress(FakeSecretsError):
            make(**{name: wrong})
