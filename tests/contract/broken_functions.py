"""
Rotation functions with one bug each: the smallest change of a correct one that has been seen in public code.

`BROKEN` says under which scenario of the contract each must fail, and with which finding. The numbers
are those of the classes of bugs that the contract is built to find, 1 to 35; 0 is for checks of AWS's
template that are in none of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from threading import Thread
from typing import Any

import correct_functions
from botocore.exceptions import ClientError
from correct_functions import (
    ALTERNATING_USERS,
    SINGLE_USER,
    TABLES,
    TIDYING,
    TWO_SECRETS,
    USERS_WITH_GRANTS,
    abroad,
    alternate,
    check_password,
    create_password,
    logs_in,
    new_password,
    promote,
    put_pending,
    read,
    read_pending,
    rotate,
    secrets_manager,
    set_password,
)
from credential_targets import CLUSTER, DATABASE, MINT, SERVICE, SQL_SERVER

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)  # as AWS's samples do: Lambda shows warnings only


def single_user_with(event, **steps):
    """The correct function for a single user, with other steps in the place of some."""
    return rotate(event, {**SINGLE_USER, **steps})


# 1: the new value becomes the current one before it is tested.


def current_at_once(event, context):
    single_user_with(event, createSecret=create_without_labels)


def create_without_labels(client, arn, token):
    current = read(client, arn)
    value = json.dumps({**current, "password": new_password(client)})
    client.put_secret_value(SecretId=arn, ClientRequestToken=token, SecretString=value)


def current_by_its_label(event, context):
    single_user_with(event, createSecret=create_as_current)


def create_as_current(client, arn, token):
    value = json.dumps({**read(client, arn), "password": new_password(client)})
    client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, SecretString=value, VersionStages=["AWSCURRENT"]
    )


# 2: createSecret puts a value without looking for the one that it has put before.


def puts_without_a_look(event, context):
    single_user_with(event, createSecret=create_without_a_look)


def create_without_a_look(client, arn, token):
    put_pending(client, arn, token, {**read(client, arn), "password": new_password(client)})


# 3: a retry makes another password, when the first is at the target already.


def regenerates_on_retry(event, context):
    single_user_with(event, createSecret=create_or_replace)


def create_or_replace(client, arn, token):
    value = {**read(client, arn), "password": new_password(client)}
    try:
        put_pending(client, arn, token, value)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=arn, SecretString=json.dumps(value), VersionStages=["AWSPENDING"])


# 4: a version beside the one of the rotation.


def puts_without_a_token(event, context):
    single_user_with(event, createSecret=create_without_a_token)


def create_without_a_token(client, arn, token):
    value = json.dumps({**read(client, arn), "password": new_password(client)})
    client.put_secret_value(SecretId=arn, SecretString=value, VersionStages=["AWSPENDING"])


# 5: keys that the event does not have.


def reads_a_token_key(event, context):
    rotate({**event, "ClientRequestToken": event["Token"]}, SINGLE_USER)


def reads_a_nested_step(event, context):
    rotate({**event, "Step": event["Step1"]["Step"]}, SINGLE_USER)


# 6: names that no step has.


def waits_for_other_names(event, context):
    names = {"create": "createSecret", "set": "setSecret", "test": "testSecret", "finish": "finishSecret"}
    if event["Step"] in names:
        rotate({**event, "Step": names[event["Step"]]}, SINGLE_USER)


def waits_for_snake_case(event, context):
    if event["Step"] == "create_secret":
        single_user_with({**event, "Step": "createSecret"})
    elif event["Step"] == "finish_secret":
        single_user_with({**event, "Step": "finishSecret"})


# 7: errors that end in the return value, which Lambda ignores.


def answers_500(event, context):
    try:
        rotate(event, SINGLE_USER)
    except Exception as error:
        logger.error("%s failed: %s", event["Step"], type(error).__name__)
        return {"statusCode": 500, "body": f"{event['Step']} failed"}
    return {"statusCode": 200}


def returns_false(event, context):
    try:
        rotate(event, SINGLE_USER)
    except Exception:
        return False
    return True


def prints_and_goes_on(event, context):
    single_user_with(event, testSecret=check_without_raising)


def check_without_raising(client, arn, token):
    try:
        check_password(client, arn, token)
    except Exception as error:
        logger.error("The test has failed: %s.", type(error).__name__)


def passes_over_throttling(event, context):
    try:
        rotate(event, SINGLE_USER)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ThrottlingException":
            raise


def passes_over_an_outage(event, context):
    single_user_with(event, setSecret=set_if_it_is_up)


def set_if_it_is_up(client, arn, token):
    try:
        set_password(client, arn, token)
    except ConnectionError:
        logger.error("The database is down.")


def logs_what_it_cannot_change(event, context):
    single_user_with(event, setSecret=set_and_log_the_error)


def set_and_log_the_error(client, arn, token):
    """Each login may fail, and the error of the change itself is only logged."""
    pending = read_pending(client, arn, token)
    if logs_in(DATABASE, pending):
        return
    current = read(client, arn, VersionStage="AWSCURRENT")
    DATABASE.log_in(current["username"], current["password"])
    try:
        DATABASE.change_password(pending["username"], pending["password"])
    except Exception as error:
        logger.error("The change has failed: %s.", type(error).__name__)


def logs_what_is_denied(event, context):
    single_user_with(event, setSecret=set_unless_it_is_denied)


def set_unless_it_is_denied(client, arn, token):
    pending = read_pending(client, arn, token)
    if not logs_in(DATABASE, pending):
        with suppress(PermissionError):
            DATABASE.change_password(pending["username"], pending["password"])


def passes_over_a_grant(event, context):
    rotate(event, {**USERS_WITH_GRANTS, "setSecret": set_user_and_try_to_grant})


def set_user_and_try_to_grant(client, arn, token):
    pending = read_pending(client, arn, token)
    user, password = pending["username"], pending["password"]
    SQL_SERVER.execute(f"{'ALTER' if SQL_SERVER.has(user) else 'CREATE'} USER {user} PASSWORD {password}")
    for table in TABLES:
        with suppress(Exception):
            SQL_SERVER.execute(f"GRANT SELECT ON {table} TO {user}")


# 8: AWSPENDING ends on the old version, and blocks the next rotation.


def pending_onto_the_old(event, context):
    single_user_with(event, finishSecret=promote_and_swap)


def promote_and_swap(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    promote(client, arn, token)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSPENDING", MoveToVersionId=current, RemoveFromVersionId=token
    )


# 9: AWSPENDING is removed at the wrong moment, or is expected to be there.


def removes_pending_first(event, context):
    single_user_with(event, finishSecret=remove_pending_and_promote)


def remove_pending_and_promote(client, arn, token):
    remove_pending(client, arn, token)
    promote(client, arn, token)


def remove_pending(client, arn, token):
    client.update_secret_version_stage(SecretId=arn, VersionStage="AWSPENDING", RemoveFromVersionId=token)


def needs_pending_to_remove_it(event, context):
    steps = {**SINGLE_USER, "finishSecret": promote_and_remove_pending}
    rotate(event, steps, again_after_promotion=("finishSecret",))


def promote_and_remove_pending(client, arn, token):
    promote(client, arn, token)
    remove_pending(client, arn, token)


# 10: the version that loses the label is the one that gets it, or is none.


def removes_from_the_new(event, context):
    single_user_with(event, finishSecret=promote_from_itself)


def promote_from_itself(client, arn, token):
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=token
    )


def removes_from_a_label(event, context):
    single_user_with(event, finishSecret=promote_from_a_label)


def promote_from_a_label(client, arn, token):
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId="AWSCURRENT"
    )


# 11: nothing is current yet, which is found out too late.


def finishes_with_none(event, context):
    single_user_with(
        event,
        createSecret=create_unless_empty,
        setSecret=in_production_use_your_database,
        testSecret=in_production_use_your_database,
        finishSecret=promote_from_any,
    )


def create_unless_empty(client, arn, token):
    try:
        create_password(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        logger.info("There is nothing to rotate yet.")


def promote_from_any(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next((version for version, labels in versions.items() if "AWSCURRENT" in labels), None)
    if current != token:
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )


def adds_a_key_first(event, context):
    rotate(event, {**correct_functions.TWO_KEYS, "createSecret": create_at_the_service})


def create_at_the_service(client, arn, token):
    key = new_password(client)
    SERVICE.add_password("weather", key)
    put_pending(client, arn, token, {**read(client, arn), "api_key": key})


# 12: parameters that the operations do not have.


def promotes_with_a_token(event, context):
    single_user_with(event, finishSecret=promote_with_a_token)


def promote_with_a_token(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn,
        ClientRequestToken=token,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=current,
    )


def puts_with_a_version_id(event, context):
    single_user_with(event, createSecret=create_with_a_version_id)


def create_with_a_version_id(client, arn, token):
    value = json.dumps({**read(client, arn), "password": new_password(client)})
    client.put_secret_value(SecretId=arn, VersionId=token, SecretString=value, VersionStages=["AWSPENDING"])


# 13: AWSPREVIOUS is moved by hand.


def previous_onto_the_new(event, context):
    single_user_with(event, finishSecret=promote_then_move_previous)


def promote_then_move_previous(client, arn, token):
    promote(client, arn, token)
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    previous = next(version for version, labels in versions.items() if "AWSPREVIOUS" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSPREVIOUS", MoveToVersionId=current, RemoveFromVersionId=previous
    )


def previous_by_hand(event, context):
    single_user_with(event, finishSecret=move_previous_then_promote)


def move_previous_then_promote(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(SecretId=arn, VersionStage="AWSPREVIOUS", MoveToVersionId=current)
    promote(client, arn, token)


# 14: the target never hears of the password that is promoted.


def does_nothing_at_the_target(event, context):
    single_user_with(
        event, setSecret=in_production_use_your_database, testSecret=in_production_use_your_database
    )


def in_production_use_your_database(client, arn, token):
    logger.info("In production, connect to your database here.")


def reads_what_it_should_test(event, context):
    single_user_with(event, setSecret=in_production_use_your_database, testSecret=check_that_there_is_one)


def check_that_there_is_one(client, arn, token):
    if not read_pending(client, arn, token)["password"]:
        raise ValueError("The pending secret has no password.")


def tests_without_a_login(event, context):
    single_user_with(event, testSecret=check_that_there_is_one)


# 15: setSecret can log in with one password only.


def sets_with_the_current_only(event, context):
    single_user_with(event, setSecret=set_with_the_current)


def set_with_the_current(client, arn, token):
    pending, current = read_pending(client, arn, token), read(client, arn)
    DATABASE.log_in(current["username"], current["password"])
    DATABASE.change_password(pending["username"], pending["password"])


def sets_with_the_pending_one(event, context):
    single_user_with(event, setSecret=set_with_the_pending)


def set_with_the_pending(client, arn, token):
    pending = read_pending(client, arn, token)
    DATABASE.log_in(pending["username"], pending["password"])
    DATABASE.change_password(pending["username"], pending["password"])


# 16: promoted before the target has taken the password.


def promotes_before_the_change(event, context):
    single_user_with(
        event,
        setSecret=in_production_use_your_database,
        testSecret=in_production_use_your_database,
        finishSecret=promote_and_set,
    )


def promote_and_set(client, arn, token):
    pending = read_pending(client, arn, token)
    promote(client, arn, token)
    DATABASE.change_password(pending["username"], pending["password"])


def promotes_in_set_secret(event, context):
    single_user_with(event, setSecret=promote_and_set, finishSecret=in_production_use_your_database)


# 17: what has to be done after the promotion is skipped by the early return.


def deploys_once_at_most(event, context):
    rotate(event, TIDYING)


def revokes_once_at_most(event, context):
    steps = {"createSecret": create_password, "setSecret": add_password, "testSecret": check_at_the_service}
    rotate(event, {**steps, "finishSecret": promote_and_revoke})


def add_password(client, arn, token):
    pending = read_pending(client, arn, token)
    SERVICE.add_password(pending["username"], pending["password"])


def check_at_the_service(client, arn, token):
    pending = read_pending(client, arn, token)
    SERVICE.log_in(pending["username"], pending["password"])


def promote_and_revoke(client, arn, token):
    old = read(client, arn)
    promote(client, arn, token)
    SERVICE.remove_password(old["username"], old["password"])


# 18: the pending version of another rotation, and a look-up whose errors do not count.


def reads_pending_by_its_label(event, context):
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    steps = {**SINGLE_USER, "createSecret": create_unless_pending, "setSecret": set_the_pending}
    steps["testSecret"] = check_the_pending
    steps[event["Step"]](client, event["SecretId"], event["ClientRequestToken"])


def create_unless_pending(client, arn, token):
    try:
        read(client, arn, VersionStage="AWSPENDING")
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**read(client, arn), "password": new_password(client)})


def set_the_pending(client, arn, token):
    pending = read(client, arn, VersionStage="AWSPENDING")
    DATABASE.change_password(pending["username"], pending["password"])


def check_the_pending(client, arn, token):
    pending = read(client, arn, VersionStage="AWSPENDING")
    DATABASE.log_in(pending["username"], pending["password"])


def looks_up_with_except_pass(event, context):
    single_user_with(event, createSecret=create_after_any_error)


def create_after_any_error(client, arn, token):
    current = read(client, arn)
    try:
        read_pending(client, arn, token)
        return
    except Exception:
        pass
    put_pending(client, arn, token, {**current, "password": new_password(client)})


def looks_up_before_it_reads(event, context):
    single_user_with(event, createSecret=create_after_a_lost_look_up)


def create_after_a_lost_look_up(client, arn, token):
    """The look-up comes first, so the reading after it succeeds where the look-up alone is rejected."""
    try:
        read_pending(client, arn, token)
        return
    except Exception:
        pass
    put_pending(client, arn, token, {**read(client, arn), "password": new_password(client)})


def looks_again_at_what_it_stored(event, context):
    single_user_with(event, createSecret=create_and_look_again)


def create_and_look_again(client, arn, token):
    """The same request is made once more, for another purpose."""
    create_after_a_lost_look_up(client, arn, token)
    if not read_pending(client, arn, token)["password"]:
        raise ValueError("The pending secret has no password.")


def sets_what_it_could_not_read(event, context):
    single_user_with(event, setSecret=set_after_a_lost_look_up)


def set_after_a_lost_look_up(client, arn, token):
    """With the look-up lost, the password is set a second time; then the same request is answered."""
    try:
        if logs_in(DATABASE, read_pending(client, arn, token)):
            return
    except Exception:
        DATABASE.call("unlock app")
    set_password(client, arn, token)


def passes_over_a_look_up_in_a_retry(event, context):
    single_user_with(event, createSecret=create_or_look)


def create_or_look(client, arn, token):
    """Only an attempt after one that has stored a value looks at that value."""
    try:
        put_pending(client, arn, token, {**read(client, arn), "password": new_password(client)})
    except client.exceptions.ResourceExistsException:
        with suppress(Exception):
            logger.info(
                "There is a value of %s characters.", len(read_pending(client, arn, token)["password"])
            )


# 19: what one step leaves in memory for another.

_remembered: dict[str, Any] = {}


def remembers_the_password(event, context):
    single_user_with(event, createSecret=create_and_remember, setSecret=set_from_memory)


def create_and_remember(client, arn, token):
    create_password(client, arn, token)
    _remembered.update(read_pending(client, arn, token))


def set_from_memory(client, arn, token):
    DATABASE.change_password(_remembered["username"], _remembered["password"])


# 20: a young secret has no AWSPREVIOUS.


def needs_a_previous_one(event, context):
    single_user_with(event, setSecret=set_with_the_previous_at_hand)


def set_with_the_previous_at_hand(client, arn, token):
    previous = read(client, arn, VersionStage="AWSPREVIOUS")
    pending = read_pending(client, arn, token)
    if not any(logs_in(DATABASE, known) for known in (pending, read(client, arn), previous)):
        raise ValueError("Unable to log in.")
    DATABASE.change_password(pending["username"], pending["password"])


# 21: a field that DescribeSecret leaves out where rotation was never turned on.


def takes_rotation_enabled_for_granted(event, context):
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    if not client.describe_secret(SecretId=event["SecretId"])["RotationEnabled"]:
        raise ValueError(f"Secret {event['SecretId']} is not enabled for rotation.")
    rotate(event, SINGLE_USER)


# 22: no patience with a target that takes a moment. The function is the correct one for a target that
# does not; what is wrong is where it is used.


def impatient(event, context):
    rotate(event, SINGLE_USER)


# 23: passwords that the target, or the way to it, does not take.


def excludes_nothing(event, context):
    single_user_with(event, createSecret=create_from_all_characters)


def create_from_all_characters(client, arn, token):
    """Few of them, so that it takes long until one is drawn that the database refuses."""
    current = read(client, arn)
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        password = client.get_random_password(PasswordLength=8)["RandomPassword"]
        put_pending(client, arn, token, {**current, "password": password})


def formats_the_statement_twice(event, context):
    single_user_with(event, setSecret=set_with_a_template)


def set_with_a_template(client, arn, token):
    """A password with "%" is taken for a part of the template (aws-samples, edd300a)."""
    pending, current = read_pending(client, arn, token), read(client, arn)
    if not logs_in(DATABASE, pending):
        DATABASE.log_in(current["username"], current["password"])
        template = f"%(user)s IDENTIFIED BY {pending['password']}"
        user, _, password = (template % {"user": pending["username"]}).partition(" IDENTIFIED BY ")
        DATABASE.change_password(user, password)


# 24: the generator gives nothing, or nothing new.


def generates_none(event, context):
    single_user_with(event, createSecret=create_from_an_unfinished_generator, setSecret=set_if_there_is_one)


def generate_password():
    pass


def create_from_an_unfinished_generator(client, arn, token):
    put_pending(client, arn, token, {**read(client, arn), "password": generate_password()})


def set_if_there_is_one(client, arn, token):
    if read_pending(client, arn, token)["password"]:
        set_password(client, arn, token)


def keeps_the_password(event, context):
    single_user_with(event, createSecret=create_the_same)


def create_the_same(client, arn, token):
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, read(client, arn))


def rotates_to_one_password(event, context):
    single_user_with(event, createSecret=create_a_constant)


def create_a_constant(client, arn, token):
    current = read(client, arn)
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password": "always-the-same"})


# 25: values and tokens that leave the function.


def logs_the_password(event, context):
    single_user_with(event, setSecret=set_and_log)


def set_and_log(client, arn, token):
    logger.info("Setting %s.", read_pending(client, arn, token))
    set_password(client, arn, token)


def prints_the_event(event, context):
    print(json.dumps(event))  # noqa: T201  # that is the bug
    rotate(event, SINGLE_USER)


def returns_the_password(event, context):
    rotate(event, SINGLE_USER)
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    return {"rotated": read(client, event["SecretId"], VersionStage="AWSPENDING")}


def logs_what_it_cannot_set(event, context):
    single_user_with(event, setSecret=set_or_log)


def set_or_log(client, arn, token):
    pending = read_pending(client, arn, token)
    try:
        set_password(client, arn, token)
    except Exception:
        logger.error("Unable to set %s.", pending)
        raise


# 26: another secret than the one in the event.


def rotates_a_fixed_secret(event, context):
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    SINGLE_USER[event["Step"]](client, os.environ["SECRET_TO_ROTATE"], event["ClientRequestToken"])


def add_the_fixed_secret(contract, fake):
    fake.add_secret("billing/db", json.dumps({"username": "app", "password": "old-password"}))


# 27: the other user is not the other user.


def clones_the_clone(event, context):
    rotate(event, {**ALTERNATING_USERS, "createSecret": create_a_clone, "setSecret": set_a_clone})


def create_a_clone(client, arn, token):
    current = read(client, arn)
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        other = {"username": f"{current['username']}_clone", "password": new_password(client)}
        put_pending(client, arn, token, {**current, **other})


def set_a_clone(client, arn, token):
    pending = read_pending(client, arn, token)
    if logs_in(CLUSTER, pending):
        return
    if pending["username"] in CLUSTER.users:
        CLUSTER.change_password(pending["username"], pending["password"])
    else:
        CLUSTER.create_user(pending["username"], pending["password"])


def only_creates_users(event, context):
    rotate(event, {**ALTERNATING_USERS, "setSecret": set_a_user_that_is_new})


def set_a_user_that_is_new(client, arn, token):
    pending, current = read_pending(client, arn, token), read(client, arn)
    if pending["username"] not in CLUSTER.users:
        CLUSTER.create_user(pending["username"], pending["password"])
    elif pending["username"] != alternate(current["username"]):  # never so: this branch is not reached
        CLUSTER.change_password(pending["username"], pending["password"])


# 28: longer than the function may run.


def waits_for_ten_minutes(event, context):
    single_user_with(event, setSecret=set_and_wait)


def set_and_wait(client, arn, token):
    set_password(client, arn, token)
    for _ in range(60):
        time.sleep(10)


# 29: nothing is ever finished.


def logs_only(event, context):
    logger.info("%s of %s.", event["Step"], event["SecretId"])


def never_promotes(event, context):
    single_user_with(event, finishSecret=in_production_use_your_database)


# 30: another account, and no proof that the value comes from the function.


def stores_from_another_account(event, context):
    rotate(event, SINGLE_USER, client=abroad())


# 31: the calls are made outside of the function's own thread.

POOL = ThreadPoolExecutor(1)


def in_a_thread(function):
    """The function in a pool of its own, which ends with the step."""

    @wraps(function)
    def runs_in_a_thread(event, context):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(function, event, context).result()

    return runs_in_a_thread


def in_a_kept_thread(function):
    """The function in a pool that a warm function keeps from step to step."""

    @wraps(function)
    def runs_in_a_kept_thread(event, context):
        POOL.submit(function, event, context).result()

    return runs_in_a_kept_thread


def in_an_event_loop(function):
    """The function in the executor of an event loop, as asynchronous code calls boto3."""

    @wraps(function)
    def runs_in_an_event_loop(event, context):
        async def main():
            await asyncio.get_running_loop().run_in_executor(None, function, event, context)

        asyncio.run(main())

    return runs_in_an_event_loop


def forgets_its_thread(event, context):
    """It waits for the thread, and not for what the thread raises."""
    thread = Thread(target=_quietly, args=(event, context))
    thread.start()
    thread.join()


def _quietly(event, context):
    with suppress(Exception):
        rotate(event, SINGLE_USER)


# 32: a credential that was minted and not stored is left at the target.


def mints_before_it_stores(event, context):
    rotate(event, MINTING)


def create_at_the_mint(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        key = new_password(client)
        MINT.add_password(current["client_id"], key)
        put_pending(client, arn, token, {**current, "api_key": key})


def check_at_the_mint(client, arn, token):
    pending = read_pending(client, arn, token)
    MINT.log_in(pending["client_id"], pending["api_key"])


MINTING = {
    "createSecret": create_at_the_mint,
    "setSecret": lambda *_: None,
    "testSecret": check_at_the_mint,
    "finishSecret": promote,
}


# 33: the version ids of finishSecret are swapped.


def swaps_the_ids(event, context):
    single_user_with(event, finishSecret=promote_the_wrong_way)


def promote_the_wrong_way(client, arn, token):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    client.update_secret_version_stage(
        SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=current, RemoveFromVersionId=token
    )


# 34: a user that an attempt has created gets no grants in the next one.


def grants_once_at_most(event, context):
    rotate(event, {**USERS_WITH_GRANTS, "setSecret": set_user_and_grant_at_first})


def set_user_and_grant_at_first(client, arn, token):
    pending = read_pending(client, arn, token)
    user, password = pending["username"], pending["password"]
    if SQL_SERVER.has(user):
        SQL_SERVER.execute(f"ALTER USER {user} PASSWORD {password}")
    else:
        SQL_SERVER.execute(f"CREATE USER {user} PASSWORD {password}")
        grant(user)


def grant(user):
    for table in TABLES:
        SQL_SERVER.execute(f"GRANT SELECT ON {table} TO {user}")


def grants_some(event, context):
    rotate(event, {**USERS_WITH_GRANTS, "setSecret": set_user_and_grant_unless_granted})


def set_user_and_grant_unless_granted(client, arn, token):
    pending = read_pending(client, arn, token)
    user, password = pending["username"], pending["password"]
    SQL_SERVER.execute(f"{'ALTER' if SQL_SERVER.has(user) else 'CREATE'} USER {user} PASSWORD {password}")
    if not SQL_SERVER.grants()[user]:
        grant(user)


def recreates_without_grants(event, context):
    rotate(event, {**USERS_WITH_GRANTS, "setSecret": drop_and_create_user})


def drop_and_create_user(client, arn, token):
    pending = read_pending(client, arn, token)
    user, password = pending["username"], pending["password"]
    is_new = not SQL_SERVER.has(user)
    if not is_new:
        SQL_SERVER.execute(f"DROP USER {user}")
    SQL_SERVER.execute(f"CREATE USER {user} PASSWORD {password}")
    if is_new:
        grant(user)


# 35: of two secrets that belong together, one is left behind.


def promotes_the_second_secret_last(event, context):
    rotate(event, {**TWO_SECRETS, "finishSecret": promote_both_in_the_wrong_order})


def promote_both_in_the_wrong_order(client, arn, token):
    promote(client, arn, token)
    promote(client, read(client, arn)["copy"], token)


def stores_another_value_in_the_second_secret(event, context):
    rotate(event, {**TWO_SECRETS, "createSecret": create_both_at_once})


def create_both_at_once(client, arn, token):
    """The second secret keeps the password of the first attempt, and the first secret has that of the last one."""
    current = read(client, arn)
    password = new_password(client)
    with suppress(client.exceptions.ResourceExistsException):
        put_pending(client, current["copy"], token, {"password": password})
    with suppress(client.exceptions.ResourceExistsException):
        put_pending(client, arn, token, {**current, "password": password})


# What is not in the classes: the checks of AWS's template, each of which has a scenario of its own.


def checks_nothing(event, context):
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    SINGLE_USER[event["Step"]](client, event["SecretId"], event["ClientRequestToken"])


def checks_the_token_only(event, context):
    client = secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    metadata = client.describe_secret(SecretId=event["SecretId"])
    if event["ClientRequestToken"] not in metadata.get("VersionIdsToStages", {}):
        raise ValueError("The secret has no such version.")
    checks_nothing(event, context)


def moves_back(event, context):
    checks_the_token_only(event, context)


def passes_over_unknown_steps(event, context):
    if event["Step"] in SINGLE_USER:
        rotate(event, SINGLE_USER)


def refuses_test_runs(event, context):
    single_user_with(event, testSecret=check_that_it_is_new)


def check_that_it_is_new(client, arn, token):
    if read_pending(client, arn, token) == read(client, arn):
        raise ValueError("The password has not been changed.")
    check_password(client, arn, token)


def sets_in_test_secret(event, context):
    single_user_with(event, testSecret=count_a_test)


def count_a_test(client, arn, token):
    check_password(client, arn, token)
    DATABASE.call("count a test")


ONE_USER = {
    "secret_value": {"username": "app", "password": "old-password"},
    "target": DATABASE,
}
LATE_TARGET = {**ONE_USER, "propagation_delay": timedelta(seconds=5)}
FIXED = {**ONE_USER, "environ": {"SECRET_TO_ROTATE": "billing/db"}, "prepare": add_the_fixed_secret}


def add_the_master(contract, fake):
    fake.add_secret("cluster/master", json.dumps({"username": "admin", "password": "master-password"}))


TWO_USERS = {
    "secret_value": {"username": "app", "password": "old-password", "masterarn": "cluster/master"},
    "target": CLUSTER,
    "prepare": add_the_master,
    "zero_downtime": True,
}


def reset_the_server(contract, fake):
    SQL_SERVER.reset()


SQL_USERS = {
    "secret_value": {"username": "app", "password": "old-password"},
    "prepare": reset_the_server,
    "accepts": lambda contract, value: SQL_SERVER.accepts(value["username"], value["password"]),
    "target_calls": ("credential_targets:SqlServer.execute",),
    "zero_downtime": True,
}
SQL_USERS_WITH_STATE = {**SQL_USERS, "target_state": lambda contract: SQL_SERVER.grants()}


def add_the_copy(contract, fake):
    fake.add_secret("app/copy", json.dumps({"password": "old-password"}))


COMPANIONS = {
    "secret_value": {"username": "app", "password": "old-password", "copy": "app/copy"},
    "target": DATABASE,
    "prepare": add_the_copy,
    "companions": ("app/copy",),
}
TWO_KEYS = {
    "secret_value": {"client_id": "weather", "api_key": "first-key"},
    "target": SERVICE,
    "zero_downtime": True,
}
MINTED = {"secret_value": {"client_id": "weather", "api_key": "first-key"}, "target": MINT}
TWO_PASSWORDS = {
    "secret_value": {"username": "weather", "password": "first-key"},
    "target": SERVICE,
}


@dataclass(frozen=True)
class Broken:
    """One broken function: its class of bugs, the scenario that exposes it, and the finding there."""

    number: int
    function: Callable[[Any, Any], Any]
    scenario: str
    code: str
    #: The step, or the call, that the failure has to name.
    where: str
    attributes: Mapping[str, Any]


def broken(number, function, scenario, code, where, attributes=ONE_USER):
    return Broken(number, function, f"test_{scenario}", code, where, attributes)


SUCCEEDS = "a_rotation_succeeds"
TWICE = "two_rotations_in_a_row_succeed"
DELIVERED_TWICE = "each_step_may_be_delivered_twice"
AFTER_FAILURE = "a_failure_after_any_step_is_recovered"
AFTER_CRASH = "a_crash_after_any_call_is_recovered"
THROTTLED = "throttling_of_any_call_is_survived"
REFUSED = "a_refused_call_is_not_swallowed"
SWITCHED_OFF = "rotation_that_is_switched_off_is_refused"
WITHOUT_A_VALUE = "a_secret_born_without_a_value_is_left_whole"
SOMEBODY_ELSES = "somebody_elses_pending_version_is_left_alone"
PENDING_GONE = "awspending_may_be_gone_already"
COLD = "each_step_may_start_cold"
FIRST = "the_first_rotation_ever_succeeds"
LATE = "a_late_target_is_waited_for"
HOSTILE = "hostile_but_legal_passwords_work"
LEAKS = "nothing_secret_is_leaked"
OTHERS = "other_secrets_are_left_alone"
ALTERNATE = "alternating_users_come_back_after_two_rotations"
IN_TIME = "it_ends_within_its_time"
UNKNOWN_TOKEN = "an_unknown_token_is_refused"
UNKNOWN_STEP = "an_unknown_step_is_refused"
TOKEN_PASSED_ON = "the_rotation_token_is_passed_on_from_another_account"
TEST_RUN = "a_test_run_changes_nothing"
DUPLICATE = "a_late_duplicate_of_an_old_step_changes_nothing"

BROKEN = (
    broken(1, current_at_once, SUCCEEDS, "current-moved-early", "createSecret"),
    broken(1, current_by_its_label, SUCCEEDS, "current-moved-early", "createSecret"),
    broken(2, puts_without_a_look, DELIVERED_TWICE, "second-delivery-failed", "createSecret"),
    broken(3, regenerates_on_retry, AFTER_FAILURE, "not-recovered", "setSecret"),
    broken(4, puts_without_a_token, SUCCEEDS, "foreign-version", "createSecret"),
    broken(5, reads_a_token_key, SUCCEEDS, "event-misread", "createSecret"),
    broken(5, reads_a_nested_step, SUCCEEDS, "event-misread", "createSecret"),
    broken(6, waits_for_other_names, SUCCEEDS, "step-did-nothing", "createSecret"),
    broken(6, waits_for_snake_case, SUCCEEDS, "step-did-nothing", "createSecret"),
    broken(7, answers_500, REFUSED, "error-swallowed", "createSecret"),
    broken(7, returns_false, REFUSED, "error-swallowed", "createSecret"),
    broken(7, prints_and_goes_on, REFUSED, "error-swallowed", "testSecret"),
    broken(7, passes_over_throttling, THROTTLED, "error-swallowed", "createSecret"),
    broken(7, passes_over_an_outage, REFUSED, "error-swallowed", "setSecret"),
    broken(7, logs_what_it_cannot_change, REFUSED, "error-swallowed", "change_password in setSecret"),
    broken(7, logs_what_is_denied, REFUSED, "error-swallowed", "rejected with CredentialRefused"),
    broken(7, passes_over_a_grant, REFUSED, "error-swallowed", "GRANT SELECT ON in setSecret", SQL_USERS),
    broken(8, pending_onto_the_old, SUCCEEDS, "pending-left-behind", "finishSecret"),
    broken(9, removes_pending_first, AFTER_CRASH, "not-recovered", "UpdateSecretVersionStage"),
    broken(9, needs_pending_to_remove_it, PENDING_GONE, "pending-needed", "finishSecret"),
    broken(10, removes_from_the_new, SUCCEEDS, "illegal-call", "finishSecret"),
    broken(10, removes_from_a_label, SUCCEEDS, "illegal-call", "finishSecret"),
    broken(11, finishes_with_none, WITHOUT_A_VALUE, "needs-current-version", "finishSecret"),
    broken(11, adds_a_key_first, WITHOUT_A_VALUE, "needs-current-version", "createSecret", TWO_KEYS),
    broken(12, promotes_with_a_token, SUCCEEDS, "illegal-call", "finishSecret"),
    broken(12, puts_with_a_version_id, SUCCEEDS, "illegal-call", "createSecret"),
    broken(13, previous_onto_the_new, SUCCEEDS, "previous-moved", "finishSecret"),
    broken(13, previous_by_hand, TWICE, "second-rotation-failed", "finishSecret"),
    broken(14, does_nothing_at_the_target, SUCCEEDS, "untested", "testSecret"),
    broken(14, reads_what_it_should_test, SUCCEEDS, "not-accepted", "setSecret"),
    broken(14, tests_without_a_login, LATE, "untested", "testSecret"),
    broken(15, sets_with_the_current_only, AFTER_CRASH, "not-recovered", "setSecret"),
    broken(15, sets_with_the_pending_one, SUCCEEDS, "rotation-failed", "setSecret"),
    broken(16, promotes_before_the_change, AFTER_CRASH, "not-recovered", "UpdateSecretVersionStage"),
    broken(16, promotes_in_set_secret, SUCCEEDS, "current-moved-early", "setSecret"),
    broken(17, deploys_once_at_most, AFTER_CRASH, "work-skipped", "UpdateSecretVersionStage"),
    broken(17, revokes_once_at_most, AFTER_CRASH, "work-skipped", "UpdateSecretVersionStage", TWO_PASSWORDS),
    broken(18, reads_pending_by_its_label, SOMEBODY_ELSES, "wrong-version-used", "setSecret"),
    broken(18, looks_up_with_except_pass, REFUSED, "error-swallowed", "createSecret"),
    broken(18, looks_up_before_it_reads, REFUSED, "error-swallowed", "createSecret"),
    broken(18, looks_again_at_what_it_stored, REFUSED, "error-swallowed", "createSecret"),
    broken(18, sets_what_it_could_not_read, REFUSED, "error-swallowed", "setSecret"),
    broken(
        18, passes_over_a_look_up_in_a_retry, REFUSED, "error-swallowed", "first stopped after createSecret"
    ),
    broken(19, remembers_the_password, COLD, "state-in-memory", "setSecret"),
    broken(20, needs_a_previous_one, FIRST, "first-rotation-failed", "setSecret"),
    broken(22, impatient, LATE, "no-tolerance-for-delay", "testSecret", LATE_TARGET),
    broken(23, excludes_nothing, HOSTILE, "hostile-password", "setSecret"),
    broken(23, formats_the_statement_twice, HOSTILE, "hostile-password", "setSecret"),
    broken(24, generates_none, SUCCEEDS, "value-empty", "createSecret"),
    broken(24, keeps_the_password, SUCCEEDS, "value-unchanged", "createSecret"),
    broken(24, rotates_to_one_password, TWICE, "value-unchanged", "createSecret"),
    broken(25, logs_the_password, LEAKS, "secret-leaked", "setSecret"),
    broken(25, prints_the_event, LEAKS, "secret-leaked", "createSecret"),
    broken(25, returns_the_password, LEAKS, "secret-leaked", "createSecret"),
    broken(25, logs_what_it_cannot_set, LEAKS, "secret-leaked", "setSecret"),
    broken(26, rotates_a_fixed_secret, OTHERS, "other-secret-changed", "createSecret", FIXED),
    broken(27, clones_the_clone, ALTERNATE, "did-not-alternate", "app_clone_clone", TWO_USERS),
    broken(27, only_creates_users, TWICE, "second-rotation-failed", "testSecret", TWO_USERS),
    broken(28, waits_for_ten_minutes, IN_TIME, "too-slow", "setSecret"),
    broken(29, logs_only, SUCCEEDS, "step-did-nothing", "createSecret"),
    broken(29, never_promotes, SUCCEEDS, "step-did-nothing", "finishSecret"),
    broken(30, stores_from_another_account, TOKEN_PASSED_ON, "rotation-token-missing", "createSecret"),
    broken(31, in_a_thread(regenerates_on_retry), AFTER_FAILURE, "not-recovered", "setSecret"),
    broken(31, in_a_thread(removes_pending_first), AFTER_CRASH, "not-recovered", "UpdateSecretVersionStage"),
    broken(31, in_a_kept_thread(sets_with_the_current_only), AFTER_CRASH, "not-recovered", "setSecret"),
    broken(31, in_an_event_loop(passes_over_throttling), THROTTLED, "error-swallowed", "createSecret"),
    broken(31, in_a_kept_thread(prints_and_goes_on), REFUSED, "error-swallowed", "testSecret"),
    broken(31, forgets_its_thread, THROTTLED, "error-swallowed", "createSecret"),
    broken(32, mints_before_it_stores, AFTER_CRASH, "credential-left-behind", "has 3 passwords", MINTED),
    broken(33, swaps_the_ids, SUCCEEDS, "step-did-nothing", "AWSCURRENT v1 -> v1"),
    broken(
        34, grants_once_at_most, AFTER_CRASH, "work-skipped", "GRANT SELECT ON was never called", SQL_USERS
    ),
    broken(34, grants_some, AFTER_CRASH, "work-skipped", "was called once, not 2 times", SQL_USERS),
    broken(
        34,
        recreates_without_grants,
        AFTER_FAILURE,
        "work-skipped",
        "without 'customers', 'orders'",
        SQL_USERS_WITH_STATE,
    ),
    broken(35, promotes_the_second_secret_last, AFTER_CRASH, "work-skipped", "'app/copy'", COMPANIONS),
    broken(
        35, stores_another_value_in_the_second_secret, AFTER_CRASH, "work-skipped", "'password'", COMPANIONS
    ),
    broken(0, checks_nothing, UNKNOWN_TOKEN, "unknown-token-accepted", "createSecret"),
    broken(0, checks_the_token_only, SWITCHED_OFF, "disabled-accepted", "createSecret"),
    broken(0, passes_over_unknown_steps, UNKNOWN_STEP, "unknown-step-accepted", "anotherSecret"),
    broken(0, refuses_test_runs, TEST_RUN, "test-run-failed", "testSecret"),
    broken(0, sets_in_test_secret, TEST_RUN, "test-run-failed", "testSecret"),
    broken(0, moves_back, DUPLICATE, "late-duplicate", "finishSecret"),
)
