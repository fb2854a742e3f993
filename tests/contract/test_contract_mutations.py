"""Small changes of the correct functions: the contract notices each of them, under some scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import correct_functions
import pytest
from broken_functions import (
    AFTER_FAILURE,
    ALTERNATE,
    DELIVERED_TWICE,
    DUPLICATE,
    LATE,
    LATE_TARGET,
    ONE_USER,
    PENDING_GONE,
    REFUSED,
    SUCCEEDS,
    SWITCHED_OFF,
    TWICE,
    TWO_KEYS,
    TWO_USERS,
    UNKNOWN_STEP,
    UNKNOWN_TOKEN,
)
from contract_runs import failure_of

pytestmark = pytest.mark.long

SOURCE = Path(correct_functions.__file__).read_text("utf-8")


@dataclass(frozen=True)
class Mutation:
    """One change of the source: what is replaced, by what, the scenario that exposes it, and the finding there."""

    name: str
    old: str
    new: str
    scenario: str
    code: str
    function: str = "single_user"
    attributes: Mapping[str, Any] = field(default_factory=lambda: ONE_USER)


MUTATIONS = (
    Mutation(
        "rotation need not be enabled",
        'if not metadata.get("RotationEnabled"):',
        "if metadata is None:",
        SWITCHED_OFF,
        "disabled-accepted",
    ),
    Mutation(
        "any token will do",
        "{}).get(token)",
        '{}).get(token, ["AWSPENDING"])',
        UNKNOWN_TOKEN,
        "unknown-token-accepted",
    ),
    Mutation(
        "unknown steps are passed over",
        'raise ValueError(f"Invalid step parameter {step}.")',
        "return",
        UNKNOWN_STEP,
        "unknown-step-accepted",
    ),
    Mutation(
        "a promoted version goes through the steps again",
        'if "AWSCURRENT" in labels and step not in again_after_promotion:',
        "if labels is None:",
        AFTER_FAILURE,
        "not-recovered",
        function="tidying",
    ),
    Mutation(
        "the version need not be pending",
        'if "AWSCURRENT" not in labels and "AWSPENDING" not in labels:',
        "if labels is None:",
        DUPLICATE,
        "late-duplicate",
    ),
    Mutation(
        "the value is put under another token",
        "ClientRequestToken=token, ",
        "",
        SUCCEEDS,
        "foreign-version",
    ),
    Mutation(
        "the value becomes current at once",
        ', VersionStages=["AWSPENDING"]',
        "",
        SUCCEEDS,
        "current-moved-early",
    ),
    Mutation(
        "the value is logged",
        "    client.put_secret_value(",
        "    logger.info('%s', value)\n    client.put_secret_value(",
        SUCCEEDS,
        "secret-leaked",
    ),
    Mutation(
        "no character is excluded",
        "ExcludeCharacters=excluded",
        "",
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "nothing is excluded unless the environment says so",
        'os.environ.get("EXCLUDE_CHARACTERS", "/@\\"\'\\\\")',
        '""',
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "the old password is kept",
        '"password": new_password(client)})\n\n\ndef set_password',
        "})\n\n\ndef set_password",
        SUCCEEDS,
        "value-unchanged",
    ),
    Mutation(
        "each delivery puts a value",
        """    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password": new_password(client)})
""",
        """    put_pending(client, arn, token, {**current, "password": new_password(client)})
""",
        DELIVERED_TWICE,
        "second-delivery-failed",
    ),
    Mutation(
        "every error means that nothing is pending",
        """    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password\"""",
        """    except Exception:
        put_pending(client, arn, token, {**current, "password\"""",
        REFUSED,
        "error-swallowed",
    ),
    Mutation(
        "the pending password is not tried",
        "    if logs_in(DATABASE, pending):\n        return\n    for known",
        "    for known",
        DELIVERED_TWICE,
        "second-delivery-failed",
    ),
    Mutation(
        "the current password is not tried",
        '(read(client, arn, VersionStage="AWSCURRENT"), read_previous(client, arn))',
        "(read_previous(client, arn),)",
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "the old password is set again",
        'DATABASE.change_password(pending["username"], pending["password"])',
        'DATABASE.change_password(pending["username"], known["password"])',
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "a young secret has to have AWSPREVIOUS",
        "except client.exceptions.ResourceNotFoundException:\n        return None",
        "except client.exceptions.InvalidRequestException:\n        return None",
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "nothing is tested",
        '    DATABASE.log_in(pending["username"], pending["password"])\n',
        '    logger.info("Found %s.", pending["username"])\n',
        LATE,
        "untested",
    ),
    Mutation(
        "another password is tested",
        "    pending = read_pending(client, arn, token)\n    DATABASE.log_in(",
        "    pending = read(client, arn)\n    DATABASE.log_in(",
        SUCCEEDS,
        "rotation-failed",
    ),
    Mutation(
        "no version loses AWSCURRENT",
        ", RemoveFromVersionId=current",
        "",
        SUCCEEDS,
        "illegal-call",
    ),
    Mutation(
        "the old version is promoted",
        "MoveToVersionId=token",
        "MoveToVersionId=current",
        SUCCEEDS,
        "step-did-nothing",
    ),
    Mutation(
        "another label is moved",
        'SecretId=arn, VersionStage="AWSCURRENT"',
        'SecretId=arn, VersionStage="AWSPREVIOUS"',
        SUCCEEDS,
        "previous-moved",
    ),
    Mutation(
        "nothing is done again after the promotion",
        '("finishSecret",)',
        "()",
        REFUSED,
        "work-skipped",
        function="tidying",
    ),
    Mutation(
        "AWSPENDING has to be there",
        "client.exceptions.InvalidParameterException",
        "KeyError",
        PENDING_GONE,
        "pending-needed",
        function="tidying",
    ),
    Mutation(
        "AWSPENDING goes first",
        "    promote(client, arn, token)\n    try:",
        "    try:",
        SUCCEEDS,
        "rotation-failed",
        function="tidying",
    ),
    Mutation(
        "there is one attempt",
        "range(10)",
        "range(1)",
        LATE,
        "no-tolerance-for-delay",
        function="patient",
        attributes=LATE_TARGET,
    ),
    Mutation(
        "there is no pause",
        "time.sleep(1)",
        "time.sleep(0)",
        LATE,
        "no-tolerance-for-delay",
        function="patient",
        attributes=LATE_TARGET,
    ),
    Mutation(
        "the pauses are long",
        "time.sleep(1)",
        "time.sleep(40)",
        LATE,
        "no-tolerance-for-delay",
        function="patient",
        attributes=LATE_TARGET,
    ),
    Mutation(
        "the clone has a clone",
        'username.removesuffix("_clone") if username.endswith("_clone") else f"{username}_clone"',
        'f"{username}_clone"',
        ALTERNATE,
        "did-not-alternate",
        function="alternating_users",
        attributes=TWO_USERS,
    ),
    Mutation(
        "the user in use gets the password",
        'CLUSTER.change_password(pending["username"]',
        'CLUSTER.change_password(current["username"]',
        TWICE,
        "second-rotation-failed",
        function="alternating_users",
        attributes=TWO_USERS,
    ),
    Mutation(
        "users are added who are there",
        "in CLUSTER.users",
        "not in CLUSTER.users",
        SUCCEEDS,
        "rotation-failed",
        function="alternating_users",
        attributes=TWO_USERS,
    ),
    Mutation(
        "the key in use is removed",
        'SERVICE.remove_password(previous["client_id"], previous["api_key"])',
        'SERVICE.remove_password(current["client_id"], current["api_key"])',
        "readers_always_find_a_credential_that_is_accepted",
        "locked-out",
        function="two_keys",
        attributes=TWO_KEYS,
    ),
    Mutation(
        "the RotationToken stays where it is",
        ", RotationToken=rotation_token",
        "",
        SUCCEEDS,
        "rotation-token-missing",
        function="from_another_account",
    ),
    Mutation(
        "no key is removed",
        "if previous is not None and",
        "if False and",
        TWICE,
        "second-rotation-failed",
        function="two_keys",
        attributes=TWO_KEYS,
    ),
    Mutation(
        "no key is added",
        "SERVICE.add_password(",
        "max(",
        SUCCEEDS,
        "rotation-failed",
        function="two_keys",
        attributes=TWO_KEYS,
    ),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_small_change_of_a_correct_function_fails_the_contract(mutation):
    assert SOURCE.count(mutation.old) == 1
    module = ModuleType("mutated_functions")
    exec(compile(SOURCE.replace(mutation.old, mutation.new, 1), mutation.name, "exec"), vars(module))

    failure = failure_of(getattr(module, mutation.function), mutation.attributes, f"test_{mutation.scenario}")

    assert mutation.code in failure
