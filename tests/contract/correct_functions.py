"""
Rotation functions without a bug, one for each shape that is in use.

The head and the single user are those of aws-samples/aws-secrets-manager-rotation-lambdas
(SecretsManagerRotationTemplate, SecretsManagerRDSMySQLRotationSingleUser), the alternating users those
of its ...RotationMultiUser. The broken functions and the mutations are changes of these.
"""

from __future__ import annotations

import json
import logging
import os
import time
from functools import cache, partial

import boto3
from botocore.exceptions import ClientError
from credential_targets import CLUSTER, DATABASE, SERVICE, SQL_SERVER

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)  # as AWS's samples do: Lambda shows warnings only


def single_user(event, context):
    """One user whose password is replaced. It leaves AWSPENDING where it is, as AWS's samples do."""
    rotate(event, SINGLE_USER)


def tidying(event, context):
    """A single user; once it is promoted AWSPENDING is removed, and the application is deployed again."""
    rotate(event, TIDYING, again_after_promotion=("finishSecret",))


def patient(event, context):
    """A single user, at a database that needs some seconds until it knows a new password."""
    rotate(event, PATIENT)


def alternating_users(event, context):
    """Two users, of which one is in use while the other gets its password from a master user."""
    rotate(event, ALTERNATING_USERS)


def two_keys(event, context):
    """A service that accepts two API keys: the one before the current makes room for the new one."""
    rotate(event, TWO_KEYS)


def from_another_account(event, context):
    """A single user, and a function with the keys of another account: it passes the RotationToken on."""
    create = partial(create_abroad, rotation_token=event["RotationToken"])
    rotate(event, {**SINGLE_USER, "createSecret": create}, client=abroad())


def translating(event, context):
    """A single user. Every rejection but the expected one ends in an exception of its own."""
    rotate(event, {**SINGLE_USER, "createSecret": create_or_explain})


def persistent(event, context):
    """A single user, in steps that are repeated after a rejection, and fail at last."""
    rotate(event, {name: persistently(step) for name, step in SINGLE_USER.items()})


def users_with_grants(event, context):
    """Two users of a database with grants, of which the other one gets those of the one in use each time."""
    rotate(event, USERS_WITH_GRANTS)


def two_secrets(event, context):
    """A single user, whose password is also in a second secret, which the value names."""
    rotate(event, TWO_SECRETS)


def rotate(event, steps, again_after_promotion=(), client=None):
    """The head that they share: check first, then do the step."""
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = client or secrets_manager(os.environ["SECRETS_MANAGER_ENDPOINT"])
    metadata = client.describe_secret(SecretId=arn)
    if not metadata.get("RotationEnabled"):
        raise ValueError(f"Secret {arn} is not enabled for rotation.")
    labels = metadata.get("VersionIdsToStages", {}).get(token)
    if labels is None:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
    if step not in steps:
        raise ValueError(f"Invalid step parameter {step}.")
    if "AWSCURRENT" in labels and step not in again_after_promotion:
        logger.info("Secret version %s is AWSCURRENT already.", token)
        return
    if "AWSCURRENT" not in labels and "AWSPENDING" not in labels:
        raise ValueError(f"Secret version {token} not set as AWSPENDING for rotation of secret {arn}.")
    steps[step](client, arn, token)


@cache
def secrets_manager(endpoint):
    """One client for as long as Lambda keeps the function warm."""
    return boto3.client("secretsmanager", endpoint_url=endpoint)


@cache
def abroad():
    """A client with the keys of another account than that of the secret."""
    return boto3.client(
        "secretsmanager", aws_access_key_id="210987654321", aws_secret_access_key="of the other account"
    )


def read(client, arn, **version):
    """A value of the secret: the current one, where no version is named."""
    return json.loads(client.get_secret_value(SecretId=arn, **version)["SecretString"])


def read_pending(client, arn, token):
    return read(client, arn, VersionId=token, VersionStage="AWSPENDING")


def read_previous(client, arn):
    """The value before the current one; a young secret has none."""
    try:
        return read(client, arn, VersionStage="AWSPREVIOUS")
    except client.exceptions.ResourceNotFoundException:
        return None


def put_pending(client, arn, token, value, **proof):
    text = json.dumps(value)
    client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, SecretString=text, VersionStages=["AWSPENDING"], **proof
    )


def new_password(client):
    excluded = os.environ.get("EXCLUDE_CHARACTERS", "/@\"'\\")
    return client.get_random_password(ExcludeCharacters=excluded)["RandomPassword"]


def promote(client, arn, token):
    """Make the new version the current one, unless it is."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    if current != token:
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )


def logs_in(database, value):
    try:
        database.log_in(value["username"], value["password"])
    except PermissionError:
        return False
    return True


# A single user.


def create_password(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "password": new_password(client)})


def set_password(client, arn, token):
    """With whichever password is valid: an attempt before this one may have come this far."""
    pending = read_pending(client, arn, token)
    if logs_in(DATABASE, pending):
        return
    for known in (read(client, arn, VersionStage="AWSCURRENT"), read_previous(client, arn)):
        if known is not None and logs_in(DATABASE, known):
            DATABASE.change_password(pending["username"], pending["password"])
            return
    raise ValueError(f"Unable to log in with the previous, current or pending secret of {arn}.")


def check_password(client, arn, token):
    pending = read_pending(client, arn, token)
    DATABASE.log_in(pending["username"], pending["password"])


def check_password_patiently(client, arn, token):
    pending = read_pending(client, arn, token)
    for _ in range(10):
        if logs_in(DATABASE, pending):
            return
        time.sleep(1)
    raise ValueError(f"Unable to log in with the pending secret of {arn}.")


def promote_and_tidy(client, arn, token):
    promote(client, arn, token)
    try:
        client.update_secret_version_stage(SecretId=arn, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    except client.exceptions.InvalidParameterException:
        logger.info("AWSPENDING is gone already.")
    DATABASE.call("deploy again")


# A single user, from another account.


def create_abroad(client, arn, token, rotation_token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        value = {**current, "password": new_password(client)}
        put_pending(client, arn, token, value, RotationToken=rotation_token)


# Rejections.


def create_or_explain(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise RuntimeError(f"The pending value of {arn} cannot be read.") from error
        put_pending(client, arn, token, {**current, "password": new_password(client)})


def persistently(step):
    def repeated(client, arn, token):
        for _ in range(2):
            try:
                return step(client, arn, token)
            except ClientError as error:
                logger.info("Rejected with %s.", error.response["Error"]["Code"])
                time.sleep(2)
        return step(client, arn, token)

    return repeated


# Users with grants.

TABLES = ("customers", "orders")


def set_user_with_grants(client, arn, token):
    pending = read_pending(client, arn, token)
    user, password = pending["username"], pending["password"]
    verb = "ALTER" if SQL_SERVER.has(user) else "CREATE"
    SQL_SERVER.execute(f"{verb} USER {user} PASSWORD {password}")
    for table in TABLES:
        SQL_SERVER.execute(f"GRANT SELECT ON {table} TO {user}")


def check_user(client, arn, token):
    pending = read_pending(client, arn, token)
    if not SQL_SERVER.accepts(pending["username"], pending["password"]):
        raise ValueError(f"Unable to log in with the pending secret of {arn}.")


# Two secrets.


def create_both(client, arn, token):
    create_password(client, arn, token)
    pending = read_pending(client, arn, token)
    try:
        read_pending(client, pending["copy"], token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, pending["copy"], token, {"password": pending["password"]})


def promote_both(client, arn, token):
    """The second secret first: once the first one is promoted, no step does anything."""
    promote(client, read_pending(client, arn, token)["copy"], token)
    promote(client, arn, token)


# Alternating users.


def alternate(username):
    return username.removesuffix("_clone") if username.endswith("_clone") else f"{username}_clone"


def create_alternate(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        other = {"username": alternate(current["username"]), "password": new_password(client)}
        put_pending(client, arn, token, {**current, **other})


def set_alternate(client, arn, token):
    pending = read_pending(client, arn, token)
    if logs_in(CLUSTER, pending):
        return
    current = read(client, arn, VersionStage="AWSCURRENT")
    if alternate(current["username"]) != pending["username"]:
        raise ValueError(f"The pending secret of {arn} is not of the other user.")
    master = read(client, current["masterarn"])
    CLUSTER.log_in(master["username"], master["password"])
    if pending["username"] in CLUSTER.users:
        CLUSTER.change_password(pending["username"], pending["password"])
    else:
        CLUSTER.create_user(pending["username"], pending["password"])


def check_alternate(client, arn, token):
    pending = read_pending(client, arn, token)
    CLUSTER.log_in(pending["username"], pending["password"])


# Two API keys.


def create_key(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        put_pending(client, arn, token, {**current, "api_key": new_password(client)})


def set_key(client, arn, token):
    pending, previous = read_pending(client, arn, token), read_previous(client, arn)
    current = read(client, arn, VersionStage="AWSCURRENT")
    if previous is not None and previous["api_key"] not in (current["api_key"], pending["api_key"]):
        SERVICE.remove_password(previous["client_id"], previous["api_key"])
    SERVICE.add_password(pending["client_id"], pending["api_key"])


def check_key(client, arn, token):
    pending = read_pending(client, arn, token)
    SERVICE.log_in(pending["client_id"], pending["api_key"])


SINGLE_USER = {
    "createSecret": create_password,
    "setSecret": set_password,
    "testSecret": check_password,
    "finishSecret": promote,
}
TIDYING = {**SINGLE_USER, "finishSecret": promote_and_tidy}
PATIENT = {**SINGLE_USER, "testSecret": check_password_patiently}
USERS_WITH_GRANTS = {
    "createSecret": create_alternate,
    "setSecret": set_user_with_grants,
    "testSecret": check_user,
    "finishSecret": promote,
}
TWO_SECRETS = {**SINGLE_USER, "createSecret": create_both, "finishSecret": promote_both}
ALTERNATING_USERS = {
    "createSecret": create_alternate,
    "setSecret": set_alternate,
    "testSecret": check_alternate,
    "finishSecret": promote,
}
TWO_KEYS = {
    "createSecret": create_key,
    "setSecret": set_key,
    "testSecret": check_key,
    "finishSecret": promote,
}
