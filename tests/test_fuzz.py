"""
Requests that no client would send, generated from the service model: each gets a valid response.

Responses that no operation returns, generated from the model too: each is converted to what botocore would parse.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

import botocore.session
import pytest
from botocore.validate import validate_parameters
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from support import COMMON_CODES, needs, raw, snapshot, token

from pytest_fakesecrets import FakeSecrets
from pytest_fakesecrets._core.rotation import rotation_token
from pytest_fakesecrets._service.parser import service_model
from pytest_fakesecrets._service.serializer import encode
from pytest_fakesecrets._transport import response

OPERATIONS = sorted(service_model().operation_names)
HOME, ABROAD = "us-east-1", "eu-west-1"
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"
#: Part of every secret value, so that a leak is detected.
HUSH = "hush-hush"
VALUE, JSON_VALUE, BINARY = HUSH, json.dumps({"username": "me", "password": HUSH}), HUSH.encode()
POLICY = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}
#: The operations that return values.
READING = {"BatchGetSecretValue", "GetSecretValue"}


@lru_cache
def client(region=HOME, account="testing"):
    """Return one client for all fakes, since an active fake answers every client."""
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "testing"}
    return botocore.session.get_session().create_client("secretsmanager", region_name=region, **keys)


def create_secrets(fake: FakeSecrets) -> dict[str, str]:
    """Create secrets in every state that matters to an operation, and return their ARNs by name."""
    aws, arns = client(), {}

    def create(name, **members):
        arns[name] = aws.create_secret(Name=name, **members)["ARN"]

    create("plain", ClientRequestToken=token(1), SecretString=VALUE, Tags=[{"Key": "team", "Value": "a"}])
    aws.put_secret_value(SecretId="plain", ClientRequestToken=token(2), SecretString=VALUE)
    aws.put_secret_value(
        SecretId="plain", ClientRequestToken=token(3), SecretBinary=BINARY, VersionStages=["custom"]
    )
    create("empty", Description="Nobody has put a value yet")
    create("deleted", ClientRequestToken=token(1), SecretString=VALUE)
    aws.delete_secret(SecretId="deleted")
    create("replicated", ClientRequestToken=token(1), SecretString=VALUE)
    aws.replicate_secret_to_regions(SecretId="replicated", AddReplicaRegions=[{"Region": ABROAD}])
    create("with/policy-abcdef", ClientRequestToken=token(1), SecretBinary=BINARY, KmsKeyId="alias/mine")
    policy = json.dumps({"Statement": [POLICY]})
    aws.put_resource_policy(SecretId="with/policy-abcdef", ResourcePolicy=policy)
    create("rotating", ClientRequestToken=token(1), SecretString=JSON_VALUE)
    function = fake.add_rotation_function(idle, name="idle")
    aws.rotate_secret(
        SecretId="rotating",
        ClientRequestToken=token(4),
        RotationLambdaARN=function,
        RotationRules={"ScheduleExpression": "rate(10 days)", "Duration": "2h"},
    )
    for owner in ("rds", "appflow"):
        name = f"{owner}!managed"
        arns[name] = fake.add_secret(name, JSON_VALUE, owning_service=owner, tags={"team": "a"}).arn
    others = client(HOME, OTHER_ACCOUNT)
    arns["foreign"] = others.create_secret(Name="foreign", SecretString=VALUE)["ARN"]
    others.put_resource_policy(SecretId="foreign", ResourcePolicy=policy)
    if "AssociateCrossAccountReplica" in OPERATIONS:
        create("copy", KmsKeyId="alias/mine", CrossAccountPrimaryARN=arns["foreign"])
        others.associate_cross_account_replica(SecretId="foreign", CrossAccountReplicaARN=arns["copy"])
        aws.put_resource_policy(SecretId="copy", ResourcePolicy=policy)
    return arns


def idle(event, context):
    """A rotation function that does nothing."""


@lru_cache(maxsize=1)
def secret_ids() -> list[str]:
    """Return names, ARNs and partial ARNs of all secrets, which are the same in each fake of this seed."""
    with FakeSecrets() as fake:
        fake.drive()
        arns = create_secrets(fake)
    full = list(arns.values())
    names = [name for name in arns if name != "foreign"]
    return [
        *names,
        *names,
        *full,
        *(arn[:-7] for arn in full),
        *(arn.replace(HOME, ABROAD) for arn in full),
        full[0][:-1] + "*",
        "nobody",
        "Plain",
    ]


FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:"
TOKENS = [token(number) for number in range(1, 7)]
NAMES = ["plain", "empty", "deleted", "replicated", "copy", "new", "with space"]
OWNER = "aws:secretsmanager:owningService"
ROTATION_TOKEN = needs("PutSecretValue", "RotationToken")
TAG_KEYS = ["team", "aws:mine", "a", OWNER, ""]
#: Requests that return a token, by the placeholder of that token until a fake has issued it.
GIVEN: dict[str, tuple[str, dict[str, Any]]] = {
    "the token of a list": ("ListSecrets", {}),
    "the token of another list": ("ListSecrets", {"IncludePlannedDeletion": True, "SortOrder": "desc"}),
    "the token of versions": ("ListSecretVersionIds", {"SecretId": "plain"}),
    "the token of values": ("BatchGetSecretValue", {"Filters": [{"Key": "name", "Values": ["r"]}]}),
}
#: Values that an operation recognises, by the member that contains them.
MEANINGFUL: dict[str, st.SearchStrategy[str]] = {
    "SecretId": st.deferred(lambda: st.sampled_from(secret_ids())),
    "SecretIdList": st.deferred(lambda: st.sampled_from(secret_ids())),
    "Name": st.sampled_from(NAMES),
    **dict.fromkeys(
        ["ClientRequestToken", "VersionId", "MoveToVersionId", "RemoveFromVersionId"], st.sampled_from(TOKENS)
    ),
    **dict.fromkeys(
        ["VersionStage", "VersionStages"],
        st.sampled_from(["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS", "custom", "new"]),
    ),
    "SecretString": st.sampled_from([VALUE, JSON_VALUE, "{}", "[1]", "new", HUSH * 8_000]),
    "RotationLambdaARN": st.sampled_from(
        [FUNCTION + "idle", FUNCTION + "idle:7", FUNCTION + "nobody", "no ARN", ""]
    ),
    "ScheduleExpression": st.sampled_from(
        [
            "rate(1 day)",
            "rate(4 hours)",
            "rate(0 days)",
            "rate(99999999999 days)",
            "cron(0 8 1 * ? *)",
            "cron(0 8 ? * MON#5 *)",
            "cron(0 /4 L * ? *)",
            "cron(0 8 31W 2 ? *)",
            "cron(* * * * * *)",
            "rate()",
        ]
    ),
    "Duration": st.sampled_from(["1h", "3h", "24h", "25h", "0h", "00h"]),
    **dict.fromkeys(
        ["Region", "RemoveReplicaRegions"], st.sampled_from([ABROAD, HOME, "eu-west-2", "cn-north-1"])
    ),
    "ResourcePolicy": st.sampled_from(
        [
            json.dumps({"Statement": statement})
            for statement in [
                POLICY,
                [],
                {**POLICY, "Principal": {"AWS": ACCOUNT}},
                {**POLICY, "Principal": {"AWS": [None]}},
                {**POLICY, "Principal": None},
                {**POLICY, "Condition": {"StringEquals": {"aws:SourceArn": "*"}}},
                {**POLICY, "Condition": {"StringEquals": 1}},
                {**POLICY, "Condition": None},
                {**POLICY, "Action": [{}]},
                {**POLICY, "Effect": ["Allow"]},
            ]
        ]
    )
    | st.sampled_from(["{}", "[]", '{"Statement": 1, "Version": []}', "[" * 20_000]),
    "PolicyName": st.sampled_from(["default", "cross-account-replication", "other"]),
    "Key": st.sampled_from(TAG_KEYS),
    "TagKeys": st.sampled_from(TAG_KEYS),
    "KmsKeyId": st.sampled_from(["", "alias/aws/secretsmanager", "alias/mine"]),
    "NextToken": st.sampled_from(["AAAA", "no token", "=", "é", "A" * 32, *GIVEN, *GIVEN]),
    "Values": st.sampled_from(["plain", "!plain", "!", "team", "", "rds", "us", "aws:secretsmanager"]),
    # That of the pending rotation, and an unknown one.
    "RotationToken": st.sampled_from([rotation_token(token(4)), rotation_token(token(5)), "w" * 36]),
    **dict.fromkeys(
        ["CrossAccountPrimaryArn", "CrossAccountReplicaARN"],
        st.deferred(lambda: st.sampled_from(secret_ids())),
    ),
}

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "e\u0301",
        "\U0001f511",
        "x\n",
        "arn:",
        "arn:aws:secretsmanager:::secret:",
        "!",
        "٣h",
        "rate(٣ days)",
        "a" * 70_000,
        "é" * 40_000,
    ]
) | st.text(max_size=10)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NESTED = b'{"SecretId": ' + b"[" * 100_000
BODIES = st.sampled_from(
    [
        b"",
        b"{}",
        b"{",
        b"null",
        b"[]",
        b'"plain"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"1" * 5_000,
        NESTED,
        b'{"SecretId": "plain"} ',
        b'{"SecretId": "plain", "SecretId": 1}',
        b'{"SecretId": "\xed\xa0\x80"}',
        '{"SecretId": "plain"}'.encode("utf-16"),
        b'{"Unknown": ' + b"[" * 500 + b"]" * 500 + b"}",
    ]
) | st.binary(max_size=20)


def good(shape, name: str) -> st.SearchStrategy[Any]:
    """JSON of the shape, mostly within its bounds."""
    bounds = shape.metadata
    if shape.type_name == "structure":
        members = {member: good(inner, member) for member, inner in shape.members.items()}
        required = {member: members.pop(member) for member in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if shape.type_name == "list":
        return st.lists(good(shape.member, name), min_size=bounds.get("min", 0), max_size=3)
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name in ("integer", "long"):
        return st.integers(bounds.get("min", -1), bounds.get("max", 40))
    if shape.type_name == "blob":
        return st.sampled_from([BINARY, b"\0\xff", BINARY * 8_000]).map(
            lambda data: base64.b64encode(data).decode()
        )
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    if "pattern" in bounds and name not in MEANINGFUL:
        return st.from_regex(bounds["pattern"], fullmatch=True)
    least, most = bounds.get("min", 0), bounds.get("max", 20)
    if name in MEANINGFUL:
        return MEANINGFUL[name]
    return st.text(min_size=least, max_size=max(least, min(most, 20)))


def edges(shape, name: str) -> st.SearchStrategy[Any]:
    """Values at the bounds of a shape, and one step beyond."""
    bounds = {shape.metadata[bound] for bound in ("min", "max") if bound in shape.metadata}
    sizes = st.sampled_from(
        sorted({size for bound in bounds for size in (bound - 1, bound, bound + 1)} or {0})
    )
    if shape.type_name in ("integer", "long"):
        return sizes | st.sampled_from([0, -1, 2**31, 2**63, 10**30])
    if shape.type_name == "list":
        pair = st.tuples(good(shape.member, name), sizes)
        return pair.map(lambda drawn: [drawn[0]] * max(0, drawn[1]))
    if shape.type_name == "blob":
        return sizes.map(lambda size: base64.b64encode(b"a" * max(0, size)).decode())
    if shape.type_name == "string":
        characters = st.sampled_from("a1-é\0\U0001f511")
        return st.tuples(characters, sizes).map(lambda drawn: drawn[0] * max(0, drawn[1]))
    return JSON


@st.composite
def with_invalid_part(draw, shape, name: str, value):
    """A request with one invalid part."""
    if shape.type_name == "structure" and isinstance(value, dict) and shape.members:
        member = draw(st.sampled_from([*shape.members, "Unknown"]))
        if member == "Unknown":
            return {**value, member: draw(JSON)}
        how = draw(st.sampled_from(["other", "none", "null"]))
        if how == "other":
            inner = draw(with_invalid_part(shape.members[member], member, value.get(member)))
            return {**value, member: inner}
        left = {key: held for key, held in value.items() if key != member}
        return left if how == "none" else {**left, member: None}
    if shape.type_name == "list" and isinstance(value, list) and value and draw(st.booleans()):
        return [draw(with_invalid_part(shape.member, name, value[0])), *value[1:]]
    return draw(edges(shape, name) | TEXTS | JSON)


class Sent(NamedTuple):
    """A request: its JSON or the bytes of its body, and its region."""

    body: Any
    region: str


@lru_cache
def requests(operation: str) -> st.SearchStrategy[Sent]:
    """Valid requests, requests with one or two invalid parts, and bodies that are not requests."""
    shape = service_model().operation_model(operation).input_shape
    plain = good(shape, "")

    def fault(request):
        return with_invalid_part(shape, "", request)

    one_fault = plain.flatmap(fault)
    bodies = st.one_of(plain, plain, one_fault, one_fault, one_fault.flatmap(fault), BODIES)
    return st.builds(Sent, bodies, st.sampled_from([HOME, HOME, HOME, ABROAD]))


def check(operation: str, sent: Sent) -> str:
    """Send a request to a new fake, check the response and the state, and return the response."""
    with FakeSecrets() as fake:
        driver = fake.drive()
        create_secrets(fake)
        store, body = fake._service.store, with_token(sent.body)
        before = snapshot(store)

        status, document = raw(operation, body, sent.region)

        assert not has_null(document)
        assert operation in READING or is_redacted(document)
        if status == 200:
            check_shape(document, service_model().operation_model(operation).output_shape)
            check_rules(operation, sent.body, before, store)
            while driver.pending:
                driver.step()
            check_pending_value(operation, sent.body, fake)
            return "answered"
        assert status == 400
        modelled = {shape.name for shape in service_model().operation_model(operation).error_shapes}
        assert document["__type"] in modelled | COMMON_CODES
        assert set(document) <= {"__type", "Message", "message"}
        assert is_redacted(document)
        assert snapshot(store) == before
        return document["__type"]


def check_rules(operation: str, body: Any, before: Any, store: Any) -> None:
    """Check the invariants of the state after any request."""
    kept = before[ACCOUNT, HOME][0]
    for name, owner in {"rds!managed": "rds", "appflow!managed": "appflow"}.items():
        secret = store.region(ACCOUNT, HOME).secrets[name]
        assert secret.tags[OWNER] == owner
        if operation not in ("RotateSecret", "CancelRotateSecret", *READING):
            assert replace(secret, tags=None, last_changed_at=kept[name].last_changed_at) == replace(
                kept[name], tags=None
            )
    filters = body.get("Filters") or [] if isinstance(body, dict) else []
    assert sum(len(given["Values"]) for given in filters) <= 10
    if operation == "CancelRotateSecret":
        for secret in store.region(ACCOUNT, HOME).secrets.values():
            is_cancelled = secret.rotation is not None and not secret.rotation.enabled
            pending = secret.version("AWSPENDING")
            assert not is_cancelled or pending is None or pending.has_value


def check_pending_value(operation: str, body: Any, fake: FakeSecrets) -> None:
    """Check that the pending rotation fails if a request stored its value without its RotationToken."""
    if operation != "PutSecretValue" or not isinstance(body, dict):
        return
    rotation, version = fake.rotations("rotating")[0], fake._service.locate("rotating")[1].versions[token(4)]
    is_foreign = version.has_value and body.get("RotationToken") != rotation_token(token(4))
    text = f"Pending secret version {token(4)} for Secret {rotation.secret_id} was not created by Lambda "
    is_current = fake.secret("rotating").labels.get("AWSCURRENT") == token(4)
    assert str(rotation.error).startswith(text) is (is_foreign and not is_current)


def with_token(body):
    """Return the body with its placeholder replaced by a token."""
    held = body.get("NextToken") if isinstance(body, dict) else None
    if not (isinstance(held, str) and held in GIVEN):
        return body
    operation, parameters = GIVEN[held]
    return {**body, "NextToken": raw(operation, {**parameters, "MaxResults": 1})[1]["NextToken"]}


def check_shape(document, shape) -> None:
    if shape is None:
        assert document == {}
        return
    validate_parameters(document, shape)
    assert_known(document, shape)


def assert_known(value, shape) -> None:
    """Check for members outside the service model, which botocore would drop silently."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members)
        for member, inner in value.items():
            assert_known(inner, shape.members[member])
    elif shape.type_name == "list":
        for inner in value:
            assert_known(inner, shape.member)


def has_null(value) -> bool:
    if isinstance(value, dict | list):
        return any(map(has_null, value.values() if isinstance(value, dict) else value))
    return value is None


def is_redacted(document) -> bool:
    text = json.dumps(document)
    return HUSH not in text and base64.b64encode(BINARY).decode() not in text


FUZZED = settings(
    max_examples=max(6, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_request_gets_a_response_of_the_service_model(operation):
    @FUZZED
    @given(sent=requests(operation))
    def run(sent):
        event(check(operation, sent))

    run()


#: The maximum page size of each list.
LISTS = {
    operation: most
    for operation, most in {
        "BatchGetSecretValue": 20,
        "ListResourcePolicies": 100,
        "ListSecretVersionIds": 100,
        "ListSecrets": 100,
    }.items()
    if operation in OPERATIONS
}
#: The defaults of absent members.
DEFAULTS = {
    "Filters": [],
    "IncludeDeprecated": False,
    "IncludePlannedDeletion": False,
    "SortBy": "created-date",
    "SortOrder": "asc",
}


#: Members with which most lists have several pages.
LONG_LISTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "BatchGetSecretValue": {
        "Filters": st.tuples(st.sampled_from(["name", "all"]), st.sampled_from(["r", "!r", "!x", "e"])).map(
            lambda drawn: [{"Key": drawn[0], "Values": [drawn[1]]}]
        )
    },
    "ListResourcePolicies": {"SecretId": st.sampled_from(["copy", "copy", "with/policy-abcdef", "plain"])},
    "ListSecretVersionIds": {"SecretId": st.sampled_from(["plain", "plain", "rotating"])},
    "ListSecrets": {},
}


def without_page_members(body, document):
    """Return a request without its page members: a token is valid only for the same one."""
    members = {name: body.get(name, default) for name, default in DEFAULTS.items()}
    return {**members, "ARN": document.get("ARN")}


def items(document):
    """Return the ids of the items on a page."""
    return [
        entry.get("ARN") or entry.get("SecretId") or entry.get("VersionId") or entry["PolicyName"]
        for member, entries in document.items()
        if isinstance(entries, list)
        for entry in entries
    ]


def pages(operation, body, size):
    """Yield each page of a list."""
    token: dict[str, str] = {}
    for _ in range(60):
        status, document = raw(operation, {**body, "MaxResults": size, **token})
        assert status == 200
        yield document
        if "NextToken" not in document:
            return
        token = {"NextToken": document["NextToken"]}
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("operation", LISTS)
def test_the_pages_of_a_list_add_up_to_the_list_and_their_tokens_are_invalid_for_others(operation):
    shape = service_model().operation_model(operation).input_shape

    longer = st.fixed_dictionaries({"other": good(shape, ""), **LONG_LISTS[operation]}).map(
        lambda drawn: {**drawn.pop("other"), **drawn}
    )

    @FUZZED
    @given(body=longer, other=good(shape, "") | longer, size=st.integers(1, 3))
    def run(body, other, size):
        body = {name: held for name, held in body.items() if name not in ("NextToken", "SecretIdList")}
        with FakeSecrets() as fake:
            fake.drive()
            create_secrets(fake)
            status, whole = raw(operation, {**body, "MaxResults": LISTS[operation]})
            if status != 200:
                event("refused")
                return
            parts = list(pages(operation, body, size))
            assert sorted(item for part in parts for item in items(part)) == sorted(items(whole))
            assert all(1 <= len(items(part)) <= size for part in parts[:-1])
            for part in parts[:1] if len(parts) > 1 else ():
                event("several pages")
                status, document = raw(operation, {**other, "NextToken": part["NextToken"]})
                same = status == 200 and without_page_members(other, document) == without_page_members(
                    body, whole
                )
                assert same or document.get("__type") in {"InvalidNextTokenException", *REFUSALS}

    run()


#: Members that may be invalid besides the token.
REFUSALS = COMMON_CODES | {
    "InvalidParameterException",
    "InvalidRequestException",
    "ResourceNotFoundException",
}


@FUZZED
@given(operation=st.text(st.characters(min_codepoint=33, max_codepoint=126)), sent=requests("DescribeSecret"))
@example("", Sent({}, HOME))
@example("describeSecret", Sent({"SecretId": "plain"}, HOME))
def test_an_operation_outside_the_service_model_is_rejected_as_unknown(operation, sent):
    if operation in OPERATIONS:
        return

    with FakeSecrets() as fake:
        fake.drive()
        create_secrets(fake)
        before = snapshot(fake._service.store)
        answer = raw(operation, sent.body, sent.region)

        assert answer == (400, {"__type": "UnknownOperationException"})
        assert snapshot(fake._service.store) == before


def stored(**members):
    """Return the request that stores the value of the pending rotation."""
    body = {"SecretId": "rotating", "ClientRequestToken": token(4), "SecretString": VALUE}
    return "PutSecretValue", {**body, "VersionStages": ["AWSPENDING"], **members}


@pytest.mark.filterwarnings("ignore::pytest_fakesecrets.RotationFailedWarning")
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        pytest.param(*stored(), id="a pending value without a RotationToken"),
        pytest.param(
            *stored(RotationToken=rotation_token(token(4))),
            id="a pending value with it",
            marks=ROTATION_TOKEN,
        ),
        pytest.param(
            *stored(RotationToken="w" * 36), id="a pending value with another one", marks=ROTATION_TOKEN
        ),
        pytest.param(*stored(VersionStages=["AWSCURRENT"]), id="a value that is current at once"),
        pytest.param("CancelRotateSecret", {"SecretId": "rotating"}, id="a cancellation"),
        pytest.param(
            "TagResource", {"SecretId": "rds!managed", "Tags": [{"Key": "a", "Value": "b"}]}, id="a tag"
        ),
        pytest.param("UntagResource", {"SecretId": "appflow!managed", "TagKeys": ["team"]}, id="a tag less"),
    ],
)
def test_a_rare_request_gets_a_valid_response(operation, body):
    assert check(operation, Sent(body, HOME)) == "answered"


def values(shape) -> st.SearchStrategy[Any]:
    """What an operation may answer with for a shape, some of its members left out."""
    if shape.type_name == "structure":
        return st.fixed_dictionaries(
            {}, optional={name: values(member) for name, member in shape.members.items()}
        )
    if shape.type_name == "list":
        return st.lists(values(shape.member), max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=5), values(shape.value), max_size=2)
    if shape.type_name == "timestamp":
        first, last = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001
        moments = st.datetimes(first, last, timezones=st.just(timezone.utc))
        return moments | st.dates(first.date(), last.date())
    others = {"blob": st.binary(max_size=5), "boolean": st.booleans(), "string": st.text(max_size=5)}
    return others.get(shape.type_name, st.integers())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_response_is_converted_to_what_botocores_parser_makes_of_its_json(operation):
    model = service_model().operation_model(operation)

    @given(st.just({}) if model.output_shape is None else values(model.output_shape))
    def check_conversion(answer):
        reply = encode(answer, "a request id", datetime(2030, 1, 31, tzinfo=timezone.utc))

        converted = response.response_dict(reply, model)

        assert repr(converted) == repr(response._parsed_by_botocore(reply, model))
        assert containers(converted).isdisjoint(containers(answer))  # a caller may change what it gets

    check_conversion()


def containers(value) -> set[int]:
    """The identities of the dicts and lists in a value."""
    if not isinstance(value, dict | list):
        return set()
    members = value.values() if isinstance(value, dict) else value
    return {id(value)}.union(*map(containers, members))
