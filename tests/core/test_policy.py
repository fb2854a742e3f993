"""Resource policies as values: their grammar, public access, and the accounts that they allow."""

from __future__ import annotations

import json

import pytest

from pytest_fakesecrets._core.errors import MalformedPolicyDocumentException
from pytest_fakesecrets._core.policy import allows, is_public, statements

GRAMMAR = "IAM policy grammar; inferred for Secrets Manager"
GUIDE = "user guide of 2020, conditions that make a policy narrow"
SYNTAX = "This resource policy contains a syntax error."
PRINCIPAL = "This resource policy contains an unsupported principal."
SERVICE = "This resource policy contains an unsupported service principal."

HERE = "123456789012"
THERE = "210987654321"
READ = "secretsmanager:GetSecretValue"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"


def statement(**members):
    """Return a statement that allows an account every action, with members changed, or omitted for None."""
    usual = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "*", "Resource": "*"}
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


def policy(*listed, **members):
    return json.dumps({"Statement": list(listed) or statement(**members)})


class TestPolicyStatements:
    @pytest.mark.parametrize(
        ("document", "source"),
        [
            pytest.param({"Statement": [statement()]}, GRAMMAR, id="list"),
            pytest.param({"Statement": statement()}, GRAMMAR, id="one statement without a list"),
            pytest.param({"Version": "2012-10-17", "Statement": statement()}, GRAMMAR, id="version of 2012"),
            pytest.param({"Version": "2008-10-17", "Statement": statement()}, GRAMMAR, id="version of 2008"),
            pytest.param({"Id": "mine", "Statement": statement()}, GRAMMAR, id="id"),
            pytest.param({"Statement": statement(Sid="mine")}, GRAMMAR, id="statement id"),
            pytest.param({"Statement": statement(Effect="Deny")}, GRAMMAR, id="denial"),
            pytest.param({"Statement": statement(Action=[READ, "kms:*"])}, GRAMMAR, id="several actions"),
            pytest.param({"Statement": statement(Action=None, NotAction=READ)}, GRAMMAR, id="no action"),
            pytest.param(
                {"Statement": statement(Resource=None, NotResource="a")}, GRAMMAR, id="not resource"
            ),
            pytest.param(
                {"Statement": statement(Principal=None, NotPrincipal={"AWS": HERE})},
                GRAMMAR,
                id="not principal",
            ),
            pytest.param(
                {"Statement": statement(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})},
                GRAMMAR,
                id="condition",
            ),
        ],
    )
    def test_are_read_from_the_document(self, document, source):
        listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]

        assert statements(json.dumps(document)) == listed, source

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("nonsense", id="not JSON"),
            pytest.param("", id="nothing"),
            pytest.param("{", id="half an object"),
            pytest.param("[" * 100_000, id="deep"),
            pytest.param("null", id="null"),
            pytest.param("3", id="number"),
            pytest.param(json.dumps("Statement"), id="string"),
            pytest.param(json.dumps([statement()]), id="list"),
            pytest.param("{}", id="no statement"),
            pytest.param(json.dumps({"statement": statement()}), id="statement in small letters"),
            pytest.param(json.dumps({"Version": "2012-10-17"}), id="version alone"),
            pytest.param(json.dumps({"Statement": statement(), "Colour": "red"}), id="unknown member"),
            pytest.param(json.dumps({"Statement": statement(), "Version": "2020-01-01"}), id="version"),
            pytest.param(json.dumps({"Statement": statement(), "Version": 2012}), id="version as a number"),
            pytest.param(json.dumps({"Statement": "Allow"}), id="string for a statement"),
            pytest.param(json.dumps({"Statement": [statement(), 3]}), id="number among statements"),
            pytest.param(json.dumps({"Statement": [statement(), {}]}), id="empty statement behind another"),
            pytest.param(policy(Effect=None), id="no effect"),
            pytest.param(policy(Effect="allow"), id="effect in small letters"),
            pytest.param(policy(Effect=["Allow"]), id="list for an effect"),
            pytest.param(policy(Principal=None), id="no principal"),
            pytest.param(policy(Action=None), id="no actions"),
            pytest.param(policy(Resource=None), id="no resource"),
            pytest.param(policy(NotPrincipal="*"), id="principal twice"),
            pytest.param(policy(NotAction="*"), id="action twice"),
            pytest.param(policy(NotResource="*"), id="resource twice"),
            pytest.param(policy(Colour="red"), id="unknown element"),
            pytest.param(policy(Action=3), id="number for an action"),
            pytest.param(policy(Action=[READ, 3]), id="number among actions"),
            pytest.param(policy(Action=None, NotAction={}), id="object for an action"),
            pytest.param(policy(Resource=[None]), id="null among resources"),
            pytest.param(policy(Condition=[]), id="list for a condition"),
            pytest.param(policy(Condition="always"), id="string for a condition"),
        ],
    )
    def test_are_rejected_if_they_violate_the_grammar(self, text):
        """Public issues and the user guide of 2020: the text; IAM policy grammar, inferred for this service."""
        with pytest.raises(MalformedPolicyDocumentException) as raised:
            statements(text)

        assert raised.value.message == SYNTAX

    @pytest.mark.parametrize(
        "principal",
        [
            "*",
            {"AWS": "*"},
            {"AWS": HERE},
            {"AWS": [HERE, f"arn:aws:iam::{THERE}:root"]},
            {"AWS": f"arn:aws:iam::{HERE}:user/path/me"},
            {"AWS": f"arn:aws-cn:iam::{HERE}:root"},
            {"AWS": f"arn:aws:sts::{HERE}:assumed-role/reader/session"},
            {"AWS": "AIDAJQABLZS4A3QDU576Q"},
            {"AWS": "AROAJQABLZS4A3QDU576Q"},
            {"Service": "lambda.amazonaws.com"},
            {"Service": ["ec2.amazonaws.com.cn", "events.amazonaws.com"]},
            {"AWS": HERE, "Service": "lambda.amazonaws.com"},
            {"Federated": "cognito-identity.amazonaws.com"},
        ],
        ids=str,
    )
    def test_accept_the_principal(self, principal):
        """User guide of IAM, principals; inferred for Secrets Manager."""
        (found,) = statements(policy(Principal=principal))

        assert found["Principal"] == principal

    @pytest.mark.parametrize(
        ("principal", "message", "source"),
        [
            pytest.param({"AWS": "nobody"}, PRINCIPAL, "public issues", id="name"),
            pytest.param({"AWS": "12345678901"}, PRINCIPAL, "public issues", id="eleven digits"),
            pytest.param({"AWS": "arn:aws:iam::nobody:root"}, PRINCIPAL, "public issues", id="ARN"),
            pytest.param({"AWS": "arn:aws:s3:::bucket"}, PRINCIPAL, "public issues", id="ARN of a bucket"),
            pytest.param({"AWS": [HERE, "nobody"]}, PRINCIPAL, "public issues", id="one of two"),
            pytest.param({"AWS": 3}, PRINCIPAL, GRAMMAR, id="number"),
            pytest.param({"AWS": {"a": "b"}}, PRINCIPAL, GRAMMAR, id="object"),
            pytest.param({"Colour": "red"}, PRINCIPAL, GRAMMAR, id="unknown kind"),
            pytest.param({"aws": HERE}, PRINCIPAL, GRAMMAR, id="kind in small letters"),
            pytest.param({}, PRINCIPAL, GRAMMAR, id="empty"),
            pytest.param(HERE, PRINCIPAL, GRAMMAR, id="no kind"),
            pytest.param([HERE], PRINCIPAL, GRAMMAR, id="list"),
            pytest.param({"Service": "nothing"}, SERVICE, "a report from AWS", id="service"),
            pytest.param({"Service": "lambda.example.com"}, SERVICE, "a report from AWS", id="foreign host"),
            pytest.param({"Service": "*"}, SERVICE, "a report from AWS", id="every service"),
            pytest.param({"Service": [3]}, SERVICE, GRAMMAR, id="number for a service"),
        ],
    )
    @pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
    def test_are_rejected_for_the_principal(self, element, principal, message, source):
        text = policy(**{"Principal": None, element: principal})

        with pytest.raises(MalformedPolicyDocumentException) as raised:
            statements(text)

        assert raised.value.message == message, source


class TestPublicAccess:
    @pytest.mark.parametrize(
        ("members", "expected", "source"),
        [
            pytest.param({"Principal": "*"}, True, "API_PutResourcePolicy", id="star"),
            pytest.param({"Principal": {"AWS": "*"}}, True, "API_PutResourcePolicy", id="star for AWS"),
            pytest.param({"Principal": {"AWS": [HERE, "*"]}}, True, "API_PutResourcePolicy", id="among"),
            pytest.param({"Principal": {"AWS": HERE}}, False, "API_PutResourcePolicy", id="account"),
            pytest.param(
                {"Principal": {"Service": "lambda.amazonaws.com"}},
                False,
                "API_PutResourcePolicy",
                id="lambda",
            ),
            pytest.param({"Principal": "*", "Effect": "Deny"}, False, "API_PutResourcePolicy", id="denial"),
            *(
                pytest.param(
                    {"Principal": "*", "Condition": {"StringEquals": {key: "mine"}}}, expected, GUIDE, id=key
                )
                for key, expected in {
                    "aws:SourceArn": False,
                    "aws:SourceVpc": False,
                    "aws:SourceVpce": False,
                    "aws:SourceAccount": False,
                    "AWS:sourcearn": False,
                    "aws:PrincipalOrgID": True,
                    "aws:SourceIp": True,
                    "kms:SourceArn": True,
                }.items()
            ),
            pytest.param({"Principal": "*", "Condition": {}}, True, GUIDE, id="empty condition"),
            pytest.param(
                {"Principal": "*", "Condition": {"StringEquals": {"a": "b", "aws:SourceVpc": "c"}}},
                False,
                GUIDE,
                id="second key",
            ),
            pytest.param(
                {"Principal": "*", "Condition": {"Bool": {"a": "b"}, "ArnLike": {"aws:SourceArn": "c"}}},
                False,
                GUIDE,
                id="second condition",
            ),
        ],
    )
    def test_is_granted_to_every_account_without_a_restriction(self, members, expected, source):
        assert is_public([statement(**members)]) is expected, source

    def test_is_granted_by_one_statement_of_several(self):
        """API_PutResourcePolicy."""
        found = [statement(), statement(Principal="*"), statement(Effect="Deny", Principal="*")]

        assert is_public(found)

    def test_is_not_granted_by_an_empty_policy(self):
        """API_PutResourcePolicy."""
        assert not is_public([])


class TestAccessByAPolicy:
    @pytest.mark.parametrize(
        ("members", "account", "expected"),
        [
            pytest.param({"Principal": "*"}, THERE, True, id="everybody"),
            pytest.param({"Principal": {"AWS": "*"}}, THERE, True, id="everybody of AWS"),
            pytest.param({"Principal": {"AWS": THERE}}, THERE, True, id="account"),
            pytest.param({"Principal": {"AWS": f"arn:aws:iam::{THERE}:root"}}, THERE, True, id="root"),
            pytest.param({"Principal": {"AWS": [HERE, THERE]}}, THERE, True, id="one of two"),
            pytest.param({"Principal": {"AWS": HERE}}, THERE, False, id="another account"),
            pytest.param({"Principal": {"Service": "lambda.amazonaws.com"}}, THERE, False, id="service"),
            pytest.param(
                {"Principal": {"AWS": f"arn:aws:iam::{HERE}:user/{THERE}"}},
                THERE,
                False,
                id="user of another account whose name is an account's number",
            ),
            pytest.param(
                {"Principal": {"AWS": f"AIDA{THERE}AAAAA"}}, THERE, False, id="number inside a unique id"
            ),
            pytest.param(
                {"Principal": None, "NotPrincipal": {"AWS": HERE}}, THERE, True, id="all but another account"
            ),
            pytest.param(
                {"Principal": None, "NotPrincipal": {"AWS": THERE}}, THERE, False, id="all but the account"
            ),
        ],
    )
    def test_is_limited_to_the_accounts_of_the_principal(self, members, account, expected):
        """User guide of IAM, principals."""
        assert allows(policy(**members), account, READ, SECRET) is expected

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            pytest.param({"Action": "*"}, True, id="all"),
            pytest.param({"Action": "secretsmanager:*"}, True, id="all of the service"),
            pytest.param({"Action": READ}, True, id="this one"),
            pytest.param({"Action": "SECRETSMANAGER:getsecretvalue"}, True, id="in another case"),
            pytest.param({"Action": "secretsmanager:Get*"}, True, id="beginning"),
            pytest.param({"Action": "secretsmanager:GetSecretValu?"}, True, id="one letter"),
            pytest.param({"Action": ["kms:Decrypt", READ]}, True, id="one of two"),
            pytest.param({"Action": "secretsmanager:GetSecret"}, False, id="shorter"),
            pytest.param({"Action": "kms:*"}, False, id="another service"),
            pytest.param({"Action": "secretsmanager:Put*"}, False, id="another beginning"),
            pytest.param({"Action": None, "NotAction": "kms:*"}, True, id="all but others"),
            pytest.param({"Action": None, "NotAction": "secretsmanager:*"}, False, id="all but the service"),
        ],
    )
    def test_is_limited_to_the_actions(self, members, expected):
        """User guide of IAM, Action and NotAction."""
        assert allows(policy(**members), HERE, READ, SECRET) is expected

    @pytest.mark.parametrize(
        ("listed", "expected"),
        [
            pytest.param([statement(), statement(Effect="Deny")], False, id="denial behind"),
            pytest.param([statement(Effect="Deny"), statement()], False, id="denial before"),
            pytest.param(
                [statement(), statement(Effect="Deny", Principal={"AWS": THERE})], True, id="others denied"
            ),
            pytest.param(
                [statement(), statement(Effect="Deny", Action="kms:*")], True, id="other actions denied"
            ),
            pytest.param([statement(Effect="Deny")], False, id="denial alone"),
            pytest.param([statement(Principal={"AWS": THERE}), statement()], True, id="second statement"),
        ],
    )
    def test_is_denied_by_any_deny_statement(self, listed, expected):
        """User guide of IAM, policy evaluation logic: an explicit denial wins."""
        assert allows(policy(*listed), HERE, READ, SECRET) is expected

    def test_is_not_granted_without_a_policy(self):
        """User guide of IAM, policy evaluation logic, for another account."""
        assert allows(None, HERE, READ, SECRET) is False

    @pytest.mark.parametrize(
        ("listed", "expected"),
        [
            pytest.param([statement(Condition={"Bool": {"a": "b"}})], False, id="allow with a condition"),
            pytest.param(
                [statement(), statement(Effect="Deny", Condition={"Bool": {"a": "b"}})],
                True,
                id="deny with a condition",
            ),
        ],
    )
    def test_is_not_granted_by_a_statement_with_a_condition(self, listed, expected):
        """A simplification of the fake: conditions are not evaluated."""
        assert allows(policy(*listed), HERE, READ, SECRET) is expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"Resource": "*"}, True, id="every secret"),
        pytest.param({"Resource": SECRET}, True, id="this one"),
        pytest.param({"Resource": f"{SECRET[:-7]}-??????"}, True, id="its name"),
        pytest.param({"Resource": f"{SECRET[:-1]}x"}, False, id="another one"),
        pytest.param({"Resource": None, "NotResource": SECRET}, False, id="every one but this"),
    ],
)
def test_access_is_limited_to_the_secrets_of_the_resource(members, expected):
    """IAM user guide: Resource and NotResource."""
    assert allows(policy(**members), HERE, READ, SECRET) is expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param("*", False, id="every account named"),
        pytest.param({"AWS": "210987654321"}, True, id="every account but one"),
    ],
)
def test_not_principal_allows_the_accounts_that_it_does_not_name(named, expected):
    """IAM user guide: NotPrincipal."""
    broad = policy(Principal=None, NotPrincipal=named)

    assert is_public(statements(broad)) is expected
