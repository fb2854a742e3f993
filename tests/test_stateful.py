"""Random calls of the public API, compared with a model that stores the set of labels of each version."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import botocore.session
import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support import snapshot, token

from pytest_fakesecrets import FakeSecrets, FakeSecretsError
from pytest_fakesecrets._service.parser import service_model

# ruff: noqa: N803 (the model has the members of the requests as its arguments)

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
UNKNOWN_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
DELAYS = (timedelta(minutes=5), timedelta(hours=1))


class Refused(Exception):
    """The model expects the service to return an error of this code."""


@dataclass
class Version:
    """A version as the user guide describes it: an optional value, and the attached labels."""

    value: str | bytes | None = None
    labels: set[str] = field(default_factory=set)
    #: Whether the value of a rotation was not stored by its rotation function.
    is_foreign: bool = False


@dataclass
class Rotation:
    """A rotation with its steps and their effects."""

    token: str
    plan: list[str]
    status: str = "in progress"
    position: int = 0
    attempt: int = 1
    retry_at: datetime | None = None
    #: The RotationToken of its events, known from the first one on.
    proof: str | None = None

    @property
    def is_test(self) -> bool:
        return self.plan != STEPS


@dataclass
class Secret:
    """A secret with its versions by id, and its rotations in the order of their starts."""

    name: str
    arn: str = ""
    versions: dict[str, Version] = field(default_factory=dict)
    had_value: bool = False
    was_read: bool = False
    was_rotated: bool = False
    description: str | None = None
    tags: dict[str, str] | None = None
    rotation_enabled: bool | None = None
    function: str | None = None
    rotations: list[Rotation] = field(default_factory=list)
    deletion_due: datetime | None = None
    owner: str | None = None

    def holder(self, label):
        return next((id for id, version in self.versions.items() if label in version.labels), None)

    def labels_of(self, version_id):
        version = self.versions.get(version_id)
        return set() if version is None else version.labels

    def take(self, label):
        for version in self.versions.values():
            version.labels.discard(label)

    def give(self, label, version_id):
        """Attach a label, which only one version can have; AWSPREVIOUS moves to where AWSCURRENT was."""
        before = self.holder(label)
        if before != version_id:
            self.take(label)
            self.versions[version_id].labels.add(label)
            if label == CURRENT and before is not None:
                self.take(PREVIOUS)
                self.versions[before].labels.add(PREVIOUS)

    @property
    def unfinished(self):
        """The version whose AWSPENDING blocks the next rotation, or None."""
        pending = self.holder(PENDING)
        return pending if pending != self.holder(CURRENT) else None

    def goes_on(self, rotation):
        if rotation.status == "failed":
            return rotation.retry_at is not None and self.labels_of(rotation.token) & {PENDING, CURRENT}
        return rotation.status == "in progress"

    def is_under_way(self, rotation):
        """Return whether AWS would continue a rotation, or considers it unfinished."""
        stuck = rotation.status == "failed" and rotation.token == self.unfinished
        return stuck or self.goes_on(rotation)

    def end_test(self, rotation):
        """Remove the version of RotateImmediately=False, unless it got another label meanwhile."""
        if rotation.is_test and rotation.token in self.versions:
            self.versions[rotation.token].labels.discard(PENDING)
            if not self.versions[rotation.token].labels:
                del self.versions[rotation.token]

    def is_rejected(self, rotation):
        """Return whether the pending value of a rotation was not stored by its function."""
        version = self.versions.get(rotation.token)
        pending = version is not None and PENDING in version.labels and CURRENT not in version.labels
        return pending and version.is_foreign and not rotation.is_test

    def store(self, version_id, value, labels, is_foreign=False):
        """Store a new value: the first one is always current, and a current one ends a pending rotation."""
        labels = set(labels) if self.had_value else {*labels, CURRENT}
        before, unfinished = self.holder(CURRENT), self.unfinished
        overtaken = [
            rotation
            for rotation in self.rotations
            if CURRENT in labels and rotation.token != version_id and not rotation.is_test
        ]
        given_up = [rotation for rotation in overtaken if self.is_under_way(rotation)]
        stored = self.versions.setdefault(version_id, Version())
        stored.value, stored.is_foreign = value, is_foreign
        if CURRENT in labels and before not in (None, version_id):
            self.versions[before].labels.discard(PENDING)
        for label in sorted(labels):
            self.give(label, version_id)
        for rotation in overtaken:
            if rotation in given_up or (rotation.token == unfinished and rotation.status != "succeeded"):
                self.versions[rotation.token].labels.discard(PENDING)
        for rotation in given_up:
            rotation.status, rotation.retry_at = "abandoned", None
        self.had_value = True

    def stop(self):
        """Stop the running rotation, whose labels stay."""
        stopped = [rotation for rotation in self.rotations if self.is_under_way(rotation)]
        for rotation in stopped:
            rotation.status, rotation.retry_at = "cancelled", None
            self.end_test(rotation)
        return {rotation.token for rotation in stopped}

    @property
    def described(self):
        members = {
            "ARN": self.arn,
            "Name": self.name,
            "Description": self.description,
            "Tags": None
            if self.tags is None
            else [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "RotationEnabled": self.rotation_enabled,
            "RotationLambdaARN": self.function,
            "VersionIdsToStages": {
                id: sorted(version.labels) for id, version in self.versions.items() if version.labels
            }
            or None,
            "CreatedDate": "a date",
            "LastChangedDate": "a date",
            "LastAccessedDate": "a date" if self.was_read else None,
            "LastRotatedDate": "a date" if self.was_rotated else None,
            "DeletedDate": "a date" if self.deletion_due else None,
            "OwningService": self.owner,
        }
        return {name: value for name, value in members.items() if value is not None}


class Snapshot:
    """The expected response to each call by documentation and recordings: the members, or an error code."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.made: list[Secret] = []
        self.cancel_unblocks = "empty"
        #: The event of the running step, or None.
        self.running = None

    @property
    def existing(self):
        now = self.now()
        return [secret for secret in self.made if secret.deletion_due is None or now <= secret.deletion_due]

    @property
    def waiting(self):
        found = [(secret, rotation) for secret in self.existing for rotation in secret.rotations]
        return [(secret, rotation) for secret, rotation in found if secret.goes_on(rotation)]

    def look_up(self, secret_id):
        for secret in self.existing:
            if secret_id in (secret.name, secret.arn, secret.arn[:-7]):
                return secret
        return None

    def find(self, secret_id):
        secret = self.look_up(secret_id)
        if secret is None:
            raise Refused("ResourceNotFoundException")
        return secret

    def usable(self, secret_id):
        secret = self.find(secret_id)
        if secret.deletion_due is not None:
            raise Refused("InvalidRequestException")
        return secret

    def writable(self, secret_id):
        """Return the secret, which must not be owned by another AWS service."""
        secret = self.usable(secret_id)
        if secret.owner is not None:
            raise Refused("InvalidRequestException")
        return secret

    def create_secret(self, *, Name, ClientRequestToken, **contents):
        value, secret = value_of(contents), self.look_up(Name)
        if secret is None:
            secret = Secret(Name)
            self.made.append(secret)
            if value is not None:
                secret.store(ClientRequestToken, value, [CURRENT])
        elif secret.deletion_due is not None:
            raise Refused("InvalidRequestException")
        elif value is None or not is_replay(secret, ClientRequestToken, value):
            raise Refused("ResourceExistsException")
        return {"Name": Name} if value is None else {"Name": Name, "VersionId": ClientRequestToken}

    def put_secret_value(
        self, *, SecretId, ClientRequestToken, VersionStages=(CURRENT,), RotationToken=None, **contents
    ):
        value = value_of(contents)
        if value is None:
            raise Refused("InvalidRequestException")
        secret = self.writable(SecretId)
        if not is_replay(secret, ClientRequestToken, value):
            is_foreign = self._is_foreign(secret, ClientRequestToken, RotationToken)
            secret.store(ClientRequestToken, value, VersionStages, is_foreign)
        held = sorted(secret.labels_of(ClientRequestToken))
        return {"VersionId": ClientRequestToken, **({"VersionStages": held} if held else {})}

    def _is_foreign(self, secret, token, proof):
        """Return whether a value was stored outside the steps of the rotation and without its RotationToken."""
        rotations = [
            rotation for rotation in secret.rotations if rotation.token == token and not rotation.is_test
        ]
        if not rotations or (proof is not None and proof == rotations[0].proof):
            return False
        running = self.running or {}
        return (running.get("SecretId"), running.get("ClientRequestToken")) != (secret.arn, token)

    def update_secret(self, *, SecretId, ClientRequestToken, Description=None, **contents):
        value, secret = value_of(contents), self.writable(SecretId)
        if value is not None and is_replay(secret, ClientRequestToken, value):
            return {"VersionId": ClientRequestToken}
        if Description is not None:
            secret.description = Description or None
        if value is None:
            return {}
        secret.store(ClientRequestToken, value, [CURRENT])
        return {"VersionId": ClientRequestToken}

    def update_secret_version_stage(
        self, *, SecretId, VersionStage, MoveToVersionId=None, RemoveFromVersionId=None
    ):
        named = {MoveToVersionId, RemoveFromVersionId} - {None}
        if not named:
            raise Refused("InvalidParameterException")
        secret = self.writable(SecretId)
        if not named <= set(secret.versions):
            raise Refused("ResourceNotFoundException")
        holder = secret.holder(VersionStage)
        if MoveToVersionId is None:
            if VersionStage == CURRENT or holder != RemoveFromVersionId:
                raise Refused("InvalidParameterException")
            secret.take(VersionStage)
            return {}
        if holder not in (None, MoveToVersionId, RemoveFromVersionId):
            raise Refused("InvalidParameterException")
        if VersionStage == CURRENT and secret.versions[MoveToVersionId].value is None:
            raise Refused("ResourceNotFoundException")
        secret.give(VersionStage, MoveToVersionId)
        return {}

    def delete_secret(self, *, SecretId, RecoveryWindowInDays=None, ForceDeleteWithoutRecovery=False):
        if RecoveryWindowInDays is not None and (
            ForceDeleteWithoutRecovery or not 7 <= RecoveryWindowInDays <= 30
        ):
            raise Refused("InvalidParameterException")
        if ForceDeleteWithoutRecovery:
            secret = self.look_up(SecretId)
            if secret is not None and secret.owner is not None:
                raise Refused("InvalidRequestException")
            if secret is not None:
                secret.stop()
                self.made.remove(secret)
            return {"DeletionDate": self.now()}
        secret = self.writable(SecretId)
        secret.stop()
        secret.deletion_due = self.now() + timedelta(days=RecoveryWindowInDays or 30)
        return {"DeletionDate": secret.deletion_due}

    def restore_secret(self, *, SecretId):
        self.find(SecretId).deletion_due = None
        return {}

    def tag_resource(self, *, SecretId, Tags):
        keys = [tag["Key"] for tag in Tags]
        if len(set(keys)) < len(keys) or any(key.startswith("aws:") for key in keys):
            raise Refused("InvalidParameterException")
        secret = self.usable(SecretId)
        if Tags:
            secret.tags = {**(secret.tags or {}), **{tag["Key"]: tag["Value"] for tag in Tags}}
        return {}

    def untag_resource(self, *, SecretId, TagKeys):
        if any(key.startswith("aws:") for key in TagKeys):
            raise Refused("InvalidParameterException")
        secret = self.usable(SecretId)
        for key in TagKeys:
            (secret.tags or {}).pop(key, None)
        return {}

    def describe_secret(self, *, SecretId):
        return self.find(SecretId).described

    def get_secret_value(self, *, SecretId, VersionId=None, VersionStage=None):
        secret = self.usable(SecretId)
        wanted = VersionId or secret.holder(VersionStage or CURRENT)
        version = secret.versions.get(wanted)
        if version is None:
            raise Refused("ResourceNotFoundException")
        if VersionStage is not None and VersionStage not in version.labels:
            raise Refused("InvalidRequestException")
        if version.value is None:
            raise Refused("ResourceNotFoundException")
        secret.was_read = True
        kind = "SecretString" if isinstance(version.value, str) else "SecretBinary"
        members = {"ARN": secret.arn, "Name": secret.name, "VersionId": wanted, "CreatedDate": "a date"}
        if version.labels:
            members["VersionStages"] = sorted(version.labels)
        return {**members, kind: version.value}

    def rotate_secret(self, *, SecretId, ClientRequestToken, RotationLambdaARN=None, RotateImmediately=True):
        secret = self.writable(SecretId)
        if RotationLambdaARN is not None and not RotationLambdaARN.startswith("arn:"):
            raise Refused("InvalidParameterException")
        function = RotationLambdaARN or secret.function
        if function is None:
            raise Refused("InvalidRequestException")
        if not self._rotates_again(secret, ClientRequestToken):
            if secret.unfinished is not None:
                raise Refused("InvalidRequestException")
            if function == UNKNOWN_FUNCTION:
                raise Refused("AccessDeniedException")
            self._start(secret, function, ClientRequestToken, STEPS if RotateImmediately else ["testSecret"])
        return {"VersionId": ClientRequestToken}

    def _rotates_again(self, secret, token):
        """Return whether the token belongs to a rotation that runs or created the current version."""
        known = next((rotation for rotation in secret.rotations if rotation.token == token), None)
        if known is not None and known.is_test:
            return True
        if token not in secret.versions:
            return False
        if known is not None and CURRENT in secret.labels_of(token):
            return True
        if known is not None and PENDING in secret.labels_of(token):
            return known.status in ("in progress", "failed")
        raise Refused("InvalidRequestException")

    def _start(self, secret, function, token, plan):
        for rotation in secret.rotations:
            if secret.goes_on(rotation):
                rotation.status = "cancelled" if rotation.status == "in progress" else "failed"
                rotation.retry_at = None
                secret.end_test(rotation)
        current = secret.versions.get(secret.holder(CURRENT))
        copied = current.value if current is not None and plan != STEPS else None
        secret.versions[token] = Version(copied)
        secret.give(PENDING, token)
        secret.rotation_enabled, secret.function = True, function
        secret.rotations.append(Rotation(token, plan))

    def cancel_rotate_secret(self, *, SecretId):
        secret = self.writable(SecretId)
        if secret.rotation_enabled is None:
            raise Refused("InvalidRequestException")
        secret.rotation_enabled = False
        stopped = secret.stop()
        assert len(stopped) <= 1
        blocking = secret.unfinished
        if blocking is not None and self._unblocks(secret.versions[blocking]):
            secret.take(PENDING)
        return {"VersionId": stopped.pop()} if stopped else {}

    def _unblocks(self, version):
        return self.cancel_unblocks == "always" or (self.cancel_unblocks == "empty" and version.value is None)

    def step_begins(self, event):
        secret, rotation = self._rotation(event)
        assert rotation.proof in (None, event["RotationToken"])
        rotation.proof = event["RotationToken"]
        assert secret in self.existing
        if rotation.status == "failed":
            assert secret.goes_on(rotation)
            rotation.status, rotation.retry_at, rotation.position = "in progress", None, 0
            rotation.attempt += 1
        assert rotation.status == "in progress"
        assert event["Step"] == rotation.plan[rotation.position]

    def step_ends(self, event, failed):
        found = self._rotation(event)
        if found is None:
            return
        secret, rotation = found
        rotation.position += 1
        if rotation.status != "in progress":
            return
        failed = failed or secret.is_rejected(rotation)
        if not failed and rotation.position < len(rotation.plan):
            return
        pending, current = secret.holder(PENDING), secret.holder(CURRENT)
        reached = current == rotation.token and pending in (None, rotation.token)
        if not failed and (rotation.is_test or reached):
            rotation.status = "succeeded"
            secret.was_rotated |= not rotation.is_test
        else:
            rotation.status = "failed"
            if not rotation.is_test and rotation.attempt <= len(DELAYS):
                rotation.retry_at = self.now() + DELAYS[rotation.attempt - 1]
        secret.end_test(rotation)

    def _rotation(self, event):
        for secret in self.made:
            for rotation in secret.rotations:
                if (secret.arn, rotation.token) == (event["SecretId"], event["ClientRequestToken"]):
                    return secret, rotation
        return None


def value_of(contents):
    if len(contents) > 1:
        raise Refused("InvalidParameterException")
    return next(iter(contents.values()), None)


def is_replay(secret, token, value):
    held = secret.versions.get(token)
    if held is not None and held.value not in (None, value):
        raise Refused("ResourceExistsException")
    return held is not None and held.value == value


class FunctionFailed(Exception):
    """A rotation function of this test fails."""


def well_behaved(ask, event):
    """Rotate as the template of AWS does; `ask` makes the calls."""
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    held = ask("describe_secret", SecretId=arn).get("VersionIdsToStages", {})
    if CURRENT in held.get(token, []):
        return
    if PENDING not in held.get(token, []):
        raise FunctionFailed
    if step == "createSecret":
        ask("get_secret_value", SecretId=arn, VersionStage=CURRENT)
        try:
            ask("get_secret_value", SecretId=arn, VersionId=token, VersionStage=PENDING)
        except ClientError:
            put(ask, event, SecretString="rotated", VersionStages=[PENDING])
    elif step == "finishSecret":
        current = next(version for version, labels in held.items() if CURRENT in labels)
        ask(
            "update_secret_version_stage",
            SecretId=arn,
            VersionStage=CURRENT,
            MoveToVersionId=token,
            RemoveFromVersionId=current,
        )
    else:
        ask("get_secret_value", SecretId=arn, VersionId=token, VersionStage=PENDING)


def put(ask, event, **members):
    token = event["ClientRequestToken"]
    ask("put_secret_value", **{"SecretId": event["SecretId"], "ClientRequestToken": token, **members})


def idle(ask, event):
    """Do nothing in any step."""


def tidy(ask, event):
    """Remove AWSPENDING at the end, as older templates do."""
    well_behaved(ask, event)
    if event["Step"] == "finishSecret":
        arn, token = event["SecretId"], event["ClientRequestToken"]
        ask("update_secret_version_stage", SecretId=arn, VersionStage=PENDING, RemoveFromVersionId=token)


def trusting(ask, event):
    """Expect another caller to store the value."""
    if event["Step"] != "createSecret":
        well_behaved(ask, event)


def hasty(ask, event):
    """Make the new version current in the first step."""
    if event["Step"] == "createSecret":
        put(ask, event, SecretString="hasty", VersionStages=[CURRENT])


def forgetful(ask, event):
    """Put a value under a token other than that of the rotation, and make it current."""
    if event["Step"] == "setSecret":
        put(ask, event, ClientRequestToken=token(8), SecretString="forgetful")
    else:
        well_behaved(ask, event)


def confused(ask, event):
    """Leave AWSPENDING on another version at the end."""
    well_behaved(ask, event)
    if event["Step"] == "finishSecret":
        put(ask, event, ClientRequestToken=token(9), SecretString="confused", VersionStages=[PENDING])


def recovers(ask, event):
    """Fail after the value is put, and rotate in the next attempt, which finds the value."""
    arn, token = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        try:
            ask("get_secret_value", SecretId=arn, VersionId=token, VersionStage=PENDING)
        except ClientError:
            well_behaved(ask, event)
            raise FunctionFailed from None
    well_behaved(ask, event)


def in_the_middle(operation, **members):
    """Call an operation on the secret while it rotates."""

    def function(ask, event):
        if event["Step"] in ("setSecret", "testSecret"):
            ask(operation, SecretId=event["SecretId"], **members)
        well_behaved(ask, event)

    return function


def failing_in(step, *, after=False):
    """Fail before or after the work of one step."""

    def function(ask, event):
        if event["Step"] == step and not after:
            raise FunctionFailed
        well_behaved(ask, event)
        if event["Step"] == step:
            raise FunctionFailed

    return function


FUNCTIONS = {
    "well-behaved": well_behaved,
    "tidy": tidy,
    "idle": idle,
    "trusting": trusting,
    "hasty": hasty,
    "forgetful": forgetful,
    "confused": confused,
    "fails-in-createSecret": failing_in("createSecret"),
    "fails-in-setSecret": failing_in("setSecret"),
    "fails-in-testSecret": failing_in("testSecret"),
    "fails-in-finishSecret": failing_in("finishSecret"),
    "fails-after-createSecret": failing_in("createSecret", after=True),
    "fails-after-finishSecret": failing_in("finishSecret", after=True),
    "recovers": recovers,
    "cancels": in_the_middle("cancel_rotate_secret"),
    "deletes": in_the_middle("delete_secret"),
    "deletes-by-force": in_the_middle("delete_secret", ForceDeleteWithoutRecovery=True),
    "rotates": in_the_middle("rotate_secret", ClientRequestToken=token(7)),
}

NAMES = ["one", "two", "owned"]
#: A secret of AppFlow, which does not rotate secrets: its customer may read and tag it.
OWNER = {"aws:secretsmanager:owningService": "appflow"}
TOKENS = st.sampled_from([token(number) for number in range(1, 6)])
LABELS = st.sampled_from([CURRENT, PENDING, PREVIOUS, "x", "y"])
#: A secret, and the form of its id.
SECRETS = st.tuples(
    st.sampled_from(["one", "one", "one", *NAMES]),
    st.sampled_from(["name", "name", "name", "ARN", "partial ARN", "former ARN"]),
)
#: A version by its id or by one of its labels.
VERSIONS = st.none() | LABELS | TOKENS
CONTENTS = st.sampled_from(
    [
        {"SecretString": "old"},
        {"SecretString": "new"},
        {"SecretBinary": b"old"},
        {},
        {"SecretString": "old", "SecretBinary": b"old"},
    ]
)
TAGS = st.lists(st.sampled_from(["a", "a", "b", "aws:c", *OWNER]), max_size=2)
DELTAS = st.sampled_from(
    [
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(days=7),
        timedelta(weeks=5),
    ]
)


PUT = service_model().operation_model("PutSecretValue").input_shape
KNOWS_ROTATION_TOKEN = "RotationToken" in PUT.members


@lru_cache(maxsize=1)
def shared_client():
    """Return one client for all examples, since an active fake answers every client."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return botocore.session.get_session().create_client("secretsmanager", region_name="us-east-1", **keys)


def facts(answer):
    """Return a response with sorted labels, and with dates replaced by "a date"."""
    members = {}
    for member, value in answer.items():
        if isinstance(value, datetime) and member != "DeletionDate":
            value = "a date"
        elif member == "VersionStages":
            value = sorted(value)
        elif member in ("VersionIdsToStages", "SecretVersionsToStages"):
            member, value = "VersionIdsToStages", {id: sorted(held) for id, held in value.items()}
        if member != "ResponseMetadata":
            members[member] = value
    return members


def as_listed(described):
    """Convert a response of DescribeSecret to the entry in ListSecrets for the same secret."""
    names = {"VersionIdsToStages": "SecretVersionsToStages"}
    return {names.get(name, name): value for name, value in described.items() if name != "ResponseMetadata"}


class Secrets(RuleBasedStateMachine):
    """Several secrets in a random sequence of calls."""

    def __init__(self):
        super().__init__()
        self.client = shared_client()
        self.fake = FakeSecrets()
        self.fake.__enter__()
        self.fake.clock.move_to("2030-01-01 12:00")
        self.fake.assume(retry_delays=DELAYS)
        self.model = Snapshot(lambda: self.fake.clock.now)
        self.arns = {name: [] for name in NAMES}
        self.functions = {
            name: self.fake.add_rotation_function(self.handler(function), name=name)
            for name, function in FUNCTIONS.items()
        }
        self.driver = None
        self.is_watched = False
        self.redelivers = False
        self.delivered = []
        self.broken = []
        self.events = ()
        self.changed_on = {}

    def teardown(self):
        self.fake.__exit__(None, None, None)

    def handler(self, function):
        def handle(event, context):
            """Run the function, and keep failed assertions, which the fake would treat as failures of the function."""
            redelivered, failed, before = self.redelivers, True, self.model.running
            self.redelivers, self.model.running = False, event
            try:
                if not redelivered:
                    self.model.step_begins(event)
                    self.delivered.append(event)
                function(self.ask, event)
                failed = False
            except AssertionError as error:
                self.broken.append(error)
                raise
            finally:
                self.model.running = before
                if not redelivered:
                    self.model.step_ends(event, failed)

        return handle

    def raise_what_broke(self):
        if self.broken:
            raise self.broken[0]

    def ask(self, operation, **members):
        """Make a call, and compare its response or error with the prediction of the model."""
        self.fake.rotations()  # run retries that are due now, so that they do not run inside the call
        before = snapshot(self.fake._service.store)
        expected = code = refusal = None
        try:
            expected = getattr(self.model, operation)(**members)
        except Refused as refused:
            code = str(refused)
        try:
            answer = getattr(self.client, operation)(**members)
        except ClientError as error:
            refusal = error
        self.raise_what_broke()
        self.check_dates()
        answered = refusal and refusal.response["Error"]["Code"]
        assert answered == code, f"{operation} answered {answered}, not {code}: {refusal or answer}"
        if refusal is not None:
            assert snapshot(self.fake._service.store) == before, f"{operation} was refused with an effect"
            raise refusal
        if operation == "create_secret":
            self.note_arn(answer)
        observed = facts(answer)
        for echo in {"ARN", "Name"} - set(expected):
            observed.pop(echo, None)
        assert observed == expected, operation
        return answer

    def note_arn(self, answer):
        secret = self.model.look_up(answer["Name"])
        if not secret.arn:
            assert answer["ARN"] not in self.arns[secret.name]
            secret.arn = answer["ARN"]
            self.arns[secret.name].append(secret.arn)

    def call(self, operation, **members):
        with suppress(ClientError):
            self.ask(operation, **{name: value for name, value in members.items() if value is not None})

    def id_of(self, secret):
        name, form = secret
        arns = self.arns[name]
        if form == "name" or not arns:
            return name
        if form == "former ARN":
            return (
                arns[-2]
                if len(arns) > 1
                else "arn:aws:secretsmanager:us-east-1:123456789012:secret:one-AAAAAA"
            )
        return arns[-1] if form == "ARN" else arns[-1][:-7]

    @initialize(
        driven=st.booleans(),
        watched=st.booleans(),
        function=st.none() | st.sampled_from([*FUNCTIONS]),
        immediately=st.booleans(),
        unblocks=st.sampled_from(["empty", "empty", "always", "never"]),
    )
    def begin(self, driven, watched, function, immediately, unblocks="empty"):
        """Choose whether the driver runs the rotations, and whether all values are read after each call."""
        self.driver = self.fake.drive() if driven else None
        self.is_watched = watched
        self.fake.assume(cancel_unblocks=unblocks)
        self.model.cancel_unblocks = unblocks
        self.call("create_secret", Name="one", ClientRequestToken=token(1), SecretString="old")
        self.call("create_secret", Name="two", ClientRequestToken=token(1))
        self.own()
        if function is not None:
            self.rotate(("one", "name"), token(2), function, immediately)

    def own(self):
        """Add the secret of another AWS service, which no call can create."""
        view = self.fake.add_secret("owned", "old", owning_service="appflow", tags={"a": "1"})
        versions = {version.id: Version("old", {CURRENT}) for version in view.versions}
        owned = Secret("owned", view.arn, versions, had_value=True, owner="appflow", tags={**OWNER, "a": "1"})
        self.model.made.append(owned)
        self.arns["owned"].append(view.arn)

    @rule(name=st.sampled_from(NAMES), token=TOKENS, contents=CONTENTS)
    def create(self, name, token, contents):
        self.call("create_secret", Name=name, ClientRequestToken=token, **contents)

    @rule(
        secret=SECRETS,
        token=TOKENS,
        contents=CONTENTS,
        stages=st.none() | st.lists(LABELS, min_size=1, max_size=3),
        proof=st.sampled_from([None, None, "right", "wrong"]),
    )
    def put(self, secret, token, contents, stages, proof=None):
        secret_id = self.id_of(secret)
        self.call(
            "put_secret_value",
            SecretId=secret_id,
            ClientRequestToken=token,
            VersionStages=stages,
            RotationToken=self.rotation_token(secret_id, token, proof),
            **contents,
        )

    @rule(secret=SECRETS, contents=CONTENTS, proof=st.sampled_from([None, "right", "wrong"]))
    def fill(self, secret, contents, proof):
        """Store a value under the token of the pending rotation, as its function would."""
        found = self.model.look_up(self.id_of(secret))
        pending = found and found.holder(PENDING)
        if pending is not None:
            self.put(secret, pending, contents, [PENDING], proof)

    def rotation_token(self, secret_id, token, proof):
        """Return a RotationToken if botocore supports it: that of the rotation, or another one."""
        if proof is None or not KNOWS_ROTATION_TOKEN:
            return None
        secret = self.model.look_up(secret_id)
        known = [rotation.proof for rotation in secret.rotations if rotation.token == token] if secret else []
        return (known[0] if known else None) if proof == "right" else "w" * 36

    @rule(
        secret=SECRETS,
        token=TOKENS,
        contents=CONTENTS,
        description=st.sampled_from([None, "", "new"]),
    )
    def update(self, secret, token, contents, description):
        self.call(
            "update_secret",
            SecretId=self.id_of(secret),
            ClientRequestToken=token,
            Description=description,
            **contents,
        )

    @rule(secret=SECRETS, label=LABELS, to=VERSIONS, source=st.just("holder") | VERSIONS)
    def move_label(self, secret, label, to, source):
        secret_id = self.id_of(secret)
        self.call(
            "update_secret_version_stage",
            SecretId=secret_id,
            VersionStage=label,
            MoveToVersionId=self.version_of(secret_id, to),
            RemoveFromVersionId=self.version_of(secret_id, label if source == "holder" else source),
        )

    def version_of(self, secret_id, named):
        secret = self.model.look_up(secret_id)
        if named is None or len(named) >= len(token(1)):
            return named
        return secret and secret.holder(named)

    @rule(
        secret=SECRETS, days=st.sampled_from([None, 7, 30, 6, 31]), force=st.sampled_from([None, False, True])
    )
    def delete(self, secret, days, force):
        self.call(
            "delete_secret",
            SecretId=self.id_of(secret),
            RecoveryWindowInDays=days,
            ForceDeleteWithoutRecovery=force,
        )

    @rule(secret=SECRETS)
    def restore(self, secret):
        self.call("restore_secret", SecretId=self.id_of(secret))

    @rule(secret=SECRETS, keys=TAGS, value=st.sampled_from(["", "1", None]))
    def tag(self, secret, keys, value):
        """Add a tag, or remove tags if no value is given."""
        if value is None:
            self.call("untag_resource", SecretId=self.id_of(secret), TagKeys=keys)
        else:
            tags = [{"Key": key, "Value": value} for key in keys]
            self.call("tag_resource", SecretId=self.id_of(secret), Tags=tags)

    @rule(secret=SECRETS, version=st.none() | TOKENS, label=st.none() | LABELS)
    def get(self, secret, version, label):
        self.call("get_secret_value", SecretId=self.id_of(secret), VersionId=version, VersionStage=label)

    @rule(
        secret=SECRETS,
        token=TOKENS,
        function=st.sampled_from([*FUNCTIONS, None, "nobody", "no ARN"]),
        immediately=st.sampled_from([None, True, False]),
    )
    def rotate(self, secret, token, function, immediately):
        others = {None: None, "nobody": UNKNOWN_FUNCTION, "no ARN": "nonsense"}
        self.call(
            "rotate_secret",
            SecretId=self.id_of(secret),
            ClientRequestToken=token,
            RotationLambdaARN=self.functions.get(function) or others[function],
            RotateImmediately=immediately,
        )

    @rule(secret=SECRETS)
    def cancel(self, secret):
        self.call("cancel_rotate_secret", SecretId=self.id_of(secret))

    @rule(steps=st.sampled_from([1, 2, 3, "all"]))
    def drive(self, steps):
        """Run some steps of the oldest pending rotations, or all remaining steps of one."""
        if self.driver is None:
            return
        for _ in range(1 if steps == "all" else steps):
            waits = bool(self.model.waiting)
            try:
                self.driver.run() if steps == "all" else self.driver.step()
            except FakeSecretsError:
                assert not waits
            except (FunctionFailed, ClientError, StopIteration):
                pass
            else:
                assert waits
            self.raise_what_broke()

    @rule(step=st.sampled_from(STEPS))
    def deliver_again(self, step):
        if self.driver is None:
            return
        ran = any(event["Step"] == step for event in self.delivered)
        self.redelivers = ran
        try:
            self.driver.redeliver(step)
        except FakeSecretsError:
            assert not ran
        except (FunctionFailed, ClientError, StopIteration):
            pass
        else:
            assert ran
        self.raise_what_broke()

    @rule(delta=DELTAS)
    def tick(self, delta):
        before = self.fake.clock.now
        self.fake.clock.tick(delta)
        self.raise_what_broke()
        assert self.fake.clock.now == before + delta

    @invariant()
    def the_history_only_grows(self):
        events = self.fake.history
        self.raise_what_broke()
        assert events[: len(self.events)] == self.events
        self.events = events

    @invariant()
    def rotations_have_the_state_of_the_model(self):
        statuses = {
            (rotation.secret_id, rotation.token): rotation.status for rotation in self.fake.rotations()
        }
        for secret in self.model.existing:
            for rotation in secret.rotations:
                assert statuses[secret.arn, rotation.token] == rotation.status
        if self.driver is not None:
            waiting = {(rotation.secret_id, rotation.token) for rotation in self.driver.pending}
            assert waiting == {(secret.arn, rotation.token) for secret, rotation in self.model.waiting}
        for _, rotation in self.model.waiting if self.driver is None else ():
            assert rotation.status == "failed"
            assert rotation.retry_at > self.fake.clock.now

    @invariant()
    def every_view_of_a_secret_agrees(self):
        listed = self.client.list_secrets(IncludePlannedDeletion=True)["SecretList"]
        usable = self.client.list_secrets()["SecretList"]
        assert [entry["ARN"] for entry in listed] == [secret.arn for secret in self.model.existing]
        assert usable == [entry for entry in listed if "DeletedDate" not in entry]
        for secret, entry in zip(self.model.existing, listed, strict=True):
            described = self.client.describe_secret(SecretId=secret.name)
            assert facts(described) == facts(entry) == secret.described
            assert as_listed(described) == entry
            self.check_labels(secret, described.get("VersionIdsToStages", {}))
            self.check_versions(secret)
        self.check_dates()

    def check_dates(self):
        """LastChangedDate never decreases; it is read from the store, since a call could start due rotations."""
        for region in self.fake._service.store.regions.values():
            for secret in region.secrets.values():
                assert secret.last_changed_at >= self.changed_on.get(secret.arn, secret.created_at)
                self.changed_on[secret.arn] = secret.last_changed_at

    def check_labels(self, secret, held):
        attached = list(itertools.chain(*held.values()))
        assert len(set(attached)) == len(attached), "a label is on two versions"
        assert (CURRENT in attached) == secret.had_value

    def check_versions(self, secret):
        listed = self.client.list_secret_version_ids(SecretId=secret.arn, IncludeDeprecated=True)["Versions"]
        labelled = self.client.list_secret_version_ids(SecretId=secret.arn)["Versions"]
        assert labelled == [entry for entry in listed if "VersionStages" in entry]
        assert len({entry["VersionId"] for entry in listed}) == len(listed)
        assert {entry["VersionId"]: set(entry.get("VersionStages", ())) for entry in listed} == {
            id: version.labels for id, version in secret.versions.items() if version.value is not None
        }

    @invariant()
    def values_read_one_by_one_and_together_are_the_same(self):
        if not self.is_watched:
            return
        together = self.client.batch_get_secret_value(SecretIdList=NAMES)
        values, errors = iter(together["SecretValues"]), iter(together["Errors"])
        for name in NAMES:
            with suppress(ClientError):
                value = self.ask("get_secret_value", SecretId=name)
                assert facts(next(values)) == facts(value)
                continue
            assert next(errors)["SecretId"] == name
        assert next(values, None) is next(errors, None) is None


TestSecrets = Secrets.TestCase
TestSecrets.settings = settings(
    max_examples=max(5, settings.default.max_examples // 3), stateful_step_count=25
)
pytestmark = pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")


@pytest.mark.long
def test_the_api_agrees_with_the_model_in_random_histories():
    run_state_machine_as_test(Secrets, settings=settings(max_examples=40, stateful_step_count=25))


ONE = ("one", "name")


@pytest.fixture
def state():
    """The state machine, called directly by a test for histories that are rarely generated."""
    state = Secrets()
    yield state
    state.teardown()


def check_state(state):
    state.the_history_only_grows()
    state.rotations_have_the_state_of_the_model()
    state.every_view_of_a_secret_agrees()


def test_the_token_of_a_cancelled_rotation_whose_version_became_current_starts_no_rotation(state):
    state.begin(True, False, "well-behaved", True)
    state.drive(steps=1)
    state.cancel(ONE)
    state.move_label(ONE, label=CURRENT, to=PENDING, source="holder")

    state.rotate(ONE, token(2), None, True)
    check_state(state)


def test_cancel_rotate_secret_ends_the_running_rotation_while_an_older_version_has_awspending(state):
    pending_on_an_abandoned_version(state)

    state.cancel(ONE)
    check_state(state)


def test_a_new_value_abandons_the_running_rotation_while_an_older_version_has_awspending(state):
    pending_on_an_abandoned_version(state)

    state.put(ONE, token(5), {"SecretString": "new"}, None)
    check_state(state)


def pending_on_an_abandoned_version(state):
    state.begin(True, False, "idle", True)
    state.put(ONE, token(3), {"SecretString": "new"}, None)
    state.rotate(ONE, token(4), "idle", True)
    state.move_label(ONE, label=PENDING, to=token(2), source="holder")


def test_the_version_of_rotate_immediately_false_is_removed_when_a_rotation_replaces_it(state):
    state.begin(True, False, "idle", False)
    state.move_label(ONE, label=PENDING, to=None, source="holder")

    state.rotate(ONE, token(3), "idle", True)
    check_state(state)


def test_the_token_of_an_older_rotation_is_rejected_as_in_use(state):
    state.begin(True, False, "well-behaved", True)
    state.drive(steps="all")
    state.put(ONE, token(3), {"SecretString": "new"}, None)
    state.move_label(ONE, label=PENDING, to=token(2), source=None)

    state.rotate(ONE, token(2), None, True)
    check_state(state)


def test_a_delayed_retry_does_not_date_its_changes_back(state):
    state.begin(False, False, "recovers", True)
    state.move_label(ONE, label=PENDING, to=None, source="holder")
    state.tick(timedelta(days=1))

    state.move_label(ONE, label=PENDING, to=token(2), source=None)
    check_state(state)


@pytest.mark.parametrize("proof", [None, "right", "wrong"])
def test_a_foreign_pending_value_without_the_rotation_token_fails_the_rotation(state, proof):
    state.begin(True, False, "trusting", True)
    state.drive(steps=1)

    state.fill(ONE, {"SecretString": "new"}, proof)
    state.drive(steps="all")
    check_state(state)


@pytest.mark.parametrize("unblocks", ["empty", "always", "never"])
@pytest.mark.parametrize("steps", [0, 1])
def test_cancel_rotate_secret_releases_the_pending_version_as_cancel_unblocks_says(state, unblocks, steps):
    state.begin(True, False, "well-behaved", True, unblocks)
    if steps:
        state.drive(steps=steps)

    state.cancel(ONE)
    check_state(state)
    state.rotate(ONE, token(3), None, None)
    check_state(state)


def test_a_managed_secret_accepts_changes_of_tags_only(state):
    state.begin(True, False, None, True)
    owned = ("owned", "name")

    for value in ("1", None):
        state.tag(owned, ["b"], value)
        state.tag(owned, list(OWNER), value)
    state.put(owned, token(5), {"SecretString": "new"}, None)
    state.delete(owned, None, True)
    check_state(state)


#: A secret has at most 100 versions of the last day. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
MOST_VERSIONS = 100
SHOWN = [f"{letter}{number}" for letter in "ab" for number in range(5)]
#: Older models of botocore have no SortBy.
SORTS = (
    [{"SortBy": by} for by in ("created-date", "name", "last-changed-date", "last-accessed-date")]
    if "SortBy" in service_model().operation_model("ListSecrets").input_shape.members
    else [{}]
)
LIST_PARAMETERS = st.sampled_from(
    [
        *[
            {**sort, "SortOrder": order, "IncludePlannedDeletion": planned}
            for sort in SORTS
            for order in ("asc", "desc")
            for planned in (False, True)
        ],
        {"Filters": [{"Key": "name", "Values": ["a"]}]},
        {"Filters": [{"Key": "description", "Values": ["!old"]}], "SortOrder": "desc"},
    ]
)


class Walk:
    """A list that is read page by page, and the items that it must contain."""

    def __init__(self, operation, key, parameters, shown):
        """
        Args:
            operation: returns one page.
            key: the sort key of its items.
            shown: returns the ids of the items that the list would contain at present.
        """
        self.operation, self.key, self.parameters, self.shown = operation, key, parameters, shown
        self.token = None
        self.has_ended = False
        self.listed = []
        self.stayed = self.ever = self.moved = self.late = frozenset()

    def look(self, moved=()):
        """Record added and removed items, and items whose sort key has changed."""
        shown = frozenset(self.shown(self.parameters))
        self.moved |= frozenset(moved)
        self.stayed = (self.stayed & shown) - self.moved
        self.ever |= shown

    def next(self, size):
        """Return the ids on the next page."""
        if not self.listed and self.token is None:
            self.stayed = self.ever = frozenset(self.shown(self.parameters))
            self.moved = self.late = frozenset()
        sent = {} if self.token is None else {"NextToken": self.token}
        page, token = self.operation(MaxResults=size, **sent, **self.parameters)
        assert len(page) <= size
        assert token is None or (page and token != self.token)
        self.listed += page
        self.token, self.has_ended = token, token is None
        if self.has_ended:
            self.check()
        return page

    def check(self):
        held = [item for item in self.listed if item not in self.moved]
        assert len(set(held)) == len(held), "an item that stayed where it was is listed twice"
        assert self.stayed <= set(held), "an item that stayed is not listed"
        assert set(self.listed) <= self.ever, "an item is listed that has never been there"
        assert not set(self.listed) & self.late, "an item is listed that was created after the first page"


class Listings(RuleBasedStateMachine):
    """Lists that are read page by page while their items are deleted and others are written."""

    def __init__(self):
        super().__init__()
        self.client = shared_client()
        self.fake = FakeSecrets()
        self.fake.__enter__()
        self.fake.clock.move_to("2030-01-01 12:00")
        self.walks = []
        self.versions = [token(1)]
        self.arns = {}
        self.create("versions", described=True)
        for name in SHOWN[::2]:
            self.create(name, described=False)

    def teardown(self):
        try:
            for walk in self.walks:
                while not walk.has_ended:
                    walk.next(3)
        finally:
            self.fake.__exit__(None, None, None)

    def secrets_of(self, parameters):
        return [entry["ARN"] for entry in self.client.list_secrets(**parameters)["SecretList"]]

    def list_secrets(self, **parameters):
        answer = self.client.list_secrets(**parameters)
        return [entry["ARN"] for entry in answer["SecretList"]], answer.get("NextToken")

    def batch(self, **parameters):
        answer = self.client.batch_get_secret_value(**parameters)
        found = [
            *[entry["ARN"] for entry in answer["SecretValues"]],
            *[entry["SecretId"] for entry in answer["Errors"]],
        ]
        self.changed(found, "last-accessed-date")
        return found, answer.get("NextToken")

    def versions_of(self, parameters):
        held = self.client.describe_secret(SecretId="versions")["VersionIdsToStages"]
        return self.versions if parameters.get("IncludeDeprecated") else held

    def list_versions(self, **parameters):
        answer = self.client.list_secret_version_ids(SecretId="versions", **parameters)
        return [entry["VersionId"] for entry in answer["Versions"]], answer.get("NextToken")

    def changed(self, arns=(), *keys):
        """Record a write, after which lists sorted by one of the keys may omit or repeat the secrets."""
        moved = {self.arns.get(arn, arn) for arn in arns}
        for walk in self.walks:
            if not walk.has_ended:
                walk.look(moved if walk.key in keys else ())

    def write(self, operation, name, *keys, **members):
        with suppress(ClientError):
            answer = getattr(self.client, operation)(SecretId=name, **members)
            self.changed([answer.get("ARN", name)], *keys)

    def open(self, *arguments):
        self.walks = [walk for walk in self.walks if not walk.has_ended]
        if len(self.walks) < 4:
            self.walks.append(Walk(*arguments))

    @rule(parameters=LIST_PARAMETERS)
    def open_secrets(self, parameters):
        self.open(self.list_secrets, parameters.get("SortBy"), parameters, self.secrets_of)

    @rule(prefix=st.sampled_from(["a", "b", "!a"]))
    def open_batch(self, prefix):
        parameters = {"Filters": [{"Key": "name", "Values": [prefix]}]}
        self.open(self.batch, None, parameters, self.secrets_of)

    @rule(deprecated=st.booleans())
    def open_versions(self, deprecated):
        self.open(self.list_versions, None, {"IncludeDeprecated": deprecated}, self.versions_of)

    @rule(which=st.integers(0, 3), size=st.integers(1, 4))
    def list_on(self, which, size):
        if which < len(self.walks) and not self.walks[which].has_ended:
            self.walks[which].next(size)

    @rule(which=st.integers(0, 3), size=st.integers(1, 4), force=st.booleans())
    def clean_up(self, which, size, force):
        """Delete each secret of the next page."""
        if which < len(self.walks) and not self.walks[which].has_ended:
            for item in self.walks[which].next(size):
                if item in self.arns.values() and item != self.arns["versions"]:
                    self.delete(item, force)

    @rule(name=st.sampled_from(SHOWN), force=st.booleans())
    def delete(self, name, force):
        self.write("delete_secret", name, "last-changed-date", ForceDeleteWithoutRecovery=force)

    @rule(name=st.sampled_from(SHOWN), described=st.booleans())
    def create(self, name, described):
        with suppress(ClientError):
            contents = {"SecretString": "old", "Description": "old"} if described else {}
            created = self.client.create_secret(Name=name, ClientRequestToken=token(1), **contents)
            if self.arns.get(name) != created["ARN"]:  # the value differs, so the request is not a replay
                self.arns[name] = created["ARN"]
                for walk in self.walks:
                    walk.late |= {created["ARN"]}
            self.changed()

    @rule(name=st.sampled_from(SHOWN), description=st.sampled_from(["old", "new"]))
    def describe(self, name, description):
        self.write("update_secret", name, "last-changed-date", Description=description)

    @rule(name=st.sampled_from(SHOWN))
    def read(self, name):
        self.write("put_secret_value", name, "last-changed-date", SecretString="new")
        self.write("get_secret_value", name, "last-accessed-date")

    @rule(name=st.sampled_from(SHOWN))
    def restore(self, name):
        self.write("restore_secret", name, "last-changed-date")

    @rule(label=st.none() | st.sampled_from(["x", "y"]))
    def put_version(self, label):
        if len(self.versions) == MOST_VERSIONS:
            return
        self.versions = [*self.versions, token(len(self.versions) + 1)]
        stages = {} if label is None else {"VersionStages": [label]}
        self.client.put_secret_value(
            SecretId="versions", SecretString="new", ClientRequestToken=self.versions[-1], **stages
        )
        self.changed(["versions"], "last-changed-date")

    @rule(delta=st.sampled_from([timedelta(seconds=1), timedelta(days=1), timedelta(days=31)]))
    def tick(self, delta):
        self.fake.clock.tick(delta)
        self.changed()


TestListings = Listings.TestCase
TestListings.settings = settings(
    max_examples=max(3, settings.default.max_examples // 5), stateful_step_count=25
)


@pytest.mark.long
def test_lists_omit_and_repeat_no_permanent_item_during_writes_and_deletions():
    run_state_machine_as_test(Listings, settings=settings(max_examples=60, stateful_step_count=100))
