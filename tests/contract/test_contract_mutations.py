"""Small changes of the correct functions: the contract notices each of them, under some scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import correct_functions
import pytest
from contract_runs import contract_of, failures, run

pytestmark = pytest.mark.long

SOURCE = Path(correct_functions.__file__).read_text("utf-8")


@dataclass(frozen=True)
class Mutation:
    """One change of the source: what is replaced, by what, and the function that is then put to the contract."""

    name: str
    old: str
    new: str
    function: str = "single_user"
    attributes: str = "ONE_USER"


MUTATIONS = (
    Mutation(
        "rotation need not be enabled", 'if not metadata.get("RotationEnabled"):', "if metadata is None:"
    ),
    Mutation("any token will do", "{}).get(token)", '{}).get(token, ["AWSPENDING"])'),
    Mutation(
        "unknown steps are passed over", 'raise ValueError(f"Invalid step parameter {step}.")', "return"
    ),
    Mutation(
        "a promoted version goes through the steps again",
        'if "AWSCURRENT" in labels and step not in again_after_promotion:',
        "if labels is None:",
        "tidying",
    ),
    Mutation(
        "the version need not be pending",
        'if "AWSCURRENT" not in labels and "AWSPENDING" not in labels:',
        "if labels is None:",
    ),
    Mutation("the value is put under another token", "ClientRequestToken=token, ", ""),
    Mutation("the value becomes current at once", ', VersionStages=["AWSPENDING"]', ""),
    Mutation(
        "the value is logged",
        "    client.put_secret_value(",
        "    logger.info('%s', value)\n    client.put_secret_value(",
    ),
    Mutation("no character is excluded", "ExcludeCharacters=excluded", ""),
    Mutation(
        "nothing is excluded unless the environment says so",
        'os.environ.get("EXCLUDE_CHARACTERS", "/@\\"\'\\\\")',
        '""',
    ),
    Mutation(
        "the old password is kept",
        '"password": new_password(client)})\n\n\ndef set_password',
        "})\n\n\ndef set_password",
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
    ),
    Mutation(
        "every error means that nothing is pending",
        """    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password\"""",
        """    except Exception:
        put_pending(client, arn, token, {**current, "password\"""",
    ),
    Mutation(
        "the pending password is not tried",
        "    if logs_in(DATABASE, pending):\n        return\n    for known",
        "    for known",
    ),
    Mutation(
        "the current password is not tried",
        '(read(client, arn, VersionStage="AWSCURRENT"), read_previous(client, arn))',
        "(read_previous(client, arn),)",
    ),
    Mutation(
        "the old password is set again",
        'DATABASE.change_password(pending["username"], pending["password"])',
        'DATABASE.change_password(pending["username"], known["password"])',
    ),
    Mutation(
        "a young secret has to have AWSPREVIOUS",
        "except client.exceptions.ResourceNotFoundException:\n        return None",
        "except client.exceptions.InvalidRequestException:\n        return None",
    ),
    Mutation(
        "nothing is tested",
        '    DATABASE.log_in(pending["username"], pending["password"])\n',
        '    logger.info("Found %s.", pending["username"])\n',
    ),
    Mutation(
        "another password is tested",
        "    pending = read_pending(client, arn, token)\n    DATABASE.log_in(",
        "    pending = read(client, arn)\n    DATABASE.log_in(",
    ),
    Mutation("no version loses AWSCURRENT", ", RemoveFromVersionId=current", ""),
    Mutation("the old version is promoted", "MoveToVersionId=token", "MoveToVersionId=current"),
    Mutation(
        "another label is moved",
        'SecretId=arn, VersionStage="AWSCURRENT"',
        'SecretId=arn, VersionStage="AWSPREVIOUS"',
    ),
    Mutation("nothing is done again after the promotion", '("finishSecret",)', "()", "tidying"),
    Mutation(
        "AWSPENDING has to be there", "client.exceptions.InvalidParameterException", "KeyError", "tidying"
    ),
    Mutation("AWSPENDING goes first", "    promote(client, arn, token)\n    try:", "    try:", "tidying"),
    Mutation("there is one attempt", "range(10)", "range(1)", "patient", "LATE_TARGET"),
    Mutation("there is no pause", "time.sleep(1)", "time.sleep(0)", "patient", "LATE_TARGET"),
    Mutation("the pauses are long", "time.sleep(1)", "time.sleep(40)", "patient", "LATE_TARGET"),
    Mutation(
        "the clone has a clone",
        'username.removesuffix("_clone") if username.endswith("_clone") else f"{username}_clone"',
        'f"{username}_clone"',
        "alternating_users",
        "TWO_USERS",
    ),
    Mutation(
        "the user in use gets the password",
        'CLUSTER.change_password(pending["username"]',
        'CLUSTER.change_password(current["username"]',
        "alternating_users",
        "TWO_USERS",
    ),
    Mutation(
        "users are added who are there",
        "in CLUSTER.users",
        "not in CLUSTER.users",
        "alternating_users",
        "TWO_USERS",
    ),
    Mutation(
        "the key in use is removed",
        'SERVICE.remove_password(previous["client_id"], previous["api_key"])',
        'SERVICE.remove_password(current["client_id"], current["api_key"])',
        "two_keys",
        "TWO_KEYS",
    ),
    Mutation(
        "the RotationToken stays where it is", ", RotationToken=rotation_token", "", "from_another_account"
    ),
    Mutation("no key is removed", "if previous is not None and", "if False and", "two_keys", "TWO_KEYS"),
    Mutation("no key is added", "SERVICE.add_password(", "max(", "two_keys", "TWO_KEYS"),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_small_change_of_a_correct_function_fails_the_contract(pytester, mutation):
    assert SOURCE.count(mutation.old) == 1
    mutated = SOURCE.replace(mutation.old, mutation.new, 1)
    compile(mutated, mutation.name, "exec")
    pytester.makepyfile(mutated_functions=mutated)
    module = (
        "import mutated_functions\nfrom broken_functions import LATE_TARGET, ONE_USER, TWO_KEYS, TWO_USERS\n"
    )

    result = run(
        pytester, module + contract_of(f"mutated_functions.{mutation.function}", mutation.attributes), "-x"
    )

    assert failures(result) == 1, result.stdout.str()
