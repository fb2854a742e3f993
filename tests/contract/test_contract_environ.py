"""SECRET_ARN in the environment variables of a contract: functions that are bound to the ARN of one secret."""

from __future__ import annotations

import os

import correct_functions
import pytest
from broken_functions import ONE_USER
from contract_runs import failure_of, passes

from pytest_fakesecrets import SECRET_ARN, FakeSecretsError, RotationContract

ENVIRON = {"BOUND_TO": SECRET_ARN, "POLICY": f'{{"Resource": "{SECRET_ARN}"}}'}
BOUND = {**ONE_USER, "environ": ENVIRON}

MODULE = """
import os
import correct_functions

ARN = os.environ["BOUND_TO"]
assert "SECRET_ARN" not in ARN


def handler(event, context):
    if event["SecretId"] != ARN:
        raise ValueError("This function is for another secret.")
    correct_functions.single_user(event, context)
"""


def bound(event, context):
    """It refuses every other secret than the one of its environment."""
    if event["SecretId"] != os.environ["BOUND_TO"] or event["SecretId"] not in os.environ["POLICY"]:
        raise ValueError(f"This function is for {os.environ['BOUND_TO']}.")
    correct_functions.single_user(event, context)


def ignores_the_event(event, context):
    """It rotates the secret of its environment, whichever the event names."""
    client = correct_functions.secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    step = correct_functions.SINGLE_USER[event["Step"]]
    step(client, os.environ["BOUND_TO"], event["ClientRequestToken"])


@pytest.mark.parametrize(
    "scenario",
    [
        "test_a_rotation_succeeds",
        "test_a_secret_born_without_a_value_is_left_whole",
        "test_an_unknown_token_is_refused",
        "test_rotation_that_is_switched_off_is_refused",
        "test_each_step_may_be_delivered_twice",
    ],
)
def test_the_environment_has_the_arn_of_the_secret(scenario):
    passes(bound, BOUND, scenario)


def test_the_arn_is_there_when_the_module_of_the_function_is_imported(pytester):
    pytester.makepyfile(bound_function=MODULE)
    pytester.syspathinsert()

    for scenario in ("test_a_secret_born_without_a_value_is_left_whole", "test_each_step_may_start_cold"):
        attributes = {**BOUND, "rotation_function": "bound_function:handler"}
        contract = type("TestMine", (RotationContract,), attributes)()
        from pytest_fakesecrets import FakeSecrets

        with FakeSecrets() as fake:
            getattr(contract, scenario)(fake)


def test_a_function_that_rotates_the_secret_of_its_environment_instead_is_found():
    failure = failure_of(ignores_the_event, BOUND, "test_other_secrets_are_left_alone")

    assert (
        "other-secret-changed: The rotation is of 'app/db-2', and the function changed 'app/db'." in failure
    )


def test_a_function_outside_of_a_contract_cannot_have_it(fakesecrets):
    with pytest.raises(
        FakeSecretsError, match=r"BOUND_TO is SECRET_ARN, which a RotationContract alone replaces"
    ):
        fakesecrets.add_rotation_function(bound, environ=ENVIRON)


def test_the_environment_of_a_class_is_a_dict():
    with pytest.raises(
        FakeSecretsError, match=r"TestMine.environ is a dict of environment variables, not an object of"
    ):
        type("TestMine", (RotationContract,), {"environ": [("BOUND_TO", SECRET_ARN)]})
