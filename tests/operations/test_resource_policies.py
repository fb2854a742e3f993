"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, ListResourcePolicies, ValidateResourcePolicy."""

from __future__ import annotations

import json

import pytest
from support import MODEL, needs, raw, rejected

INFERRED = "inferred: not observed on AWS"
BROAD = "You can't attach a resource-based policy that allows broad access to the secret."
SYNTAX = "This resource policy contains a syntax error."

NAMED = needs("PutResourcePolicy", "PolicyName")
LISTED = needs("ListResourcePolicies", "SecretId")


def statement(**members):
    """Return a statement that allows every account to read the value, with members changed, or omitted for None."""
    usual = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


def policy(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(**members)]})


#: The policy of botocore's examples, with its line breaks.
ROOT = (
    '{\n"Version":"2012-10-17",\n"Statement":[{\n"Effect":"Allow",\n"Principal":{\n'
    '"AWS":"arn:aws:iam::123456789012:root"\n},\n"Action":"secretsmanager:GetSecretValue",\n'
    '"Resource":"*"\n}]\n}'
)
PUBLIC = policy()


@pytest.fixture(autouse=True)
def arn(client):
    return client.create_secret(Name="db", SecretString="old")["ARN"]


def attached(client, secret_id="db"):
    return client.get_resource_policy(SecretId=secret_id).get("ResourcePolicy")


class TestPutResourcePolicy:
    def test_returns_arn_and_name(self, client, arn):
        """LocalStack snapshot test_resource_policy."""
        answered = client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC)

        assert (answered["ARN"], answered["Name"]) == (arn, "db")
        assert set(answered) - {"PolicyName"} == {"ARN", "Name", "ResponseMetadata"}

    @NAMED
    def test_returns_the_name_of_the_policy(self, client):
        """API_PutResourcePolicy, PolicyName."""
        unnamed = client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC)
        named = client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC, PolicyName="default")

        assert unnamed["PolicyName"] == named["PolicyName"] == "default"

    @NAMED
    def test_is_rejected_for_another_name(self, client):
        """API_PutResourcePolicy, PolicyName; the text is not known."""
        with rejected("InvalidParameterException") as answer:
            client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC, PolicyName="mine")

        assert answer.status == 400
        assert attached(client) is None

    def test_replaces_the_whole_policy(self, client):
        """API_PutResourcePolicy; inferred: not observed on AWS."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC)
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        assert attached(client) == ROOT

    def test_affects_one_secret_only(self, client):
        """API_PutResourcePolicy."""
        client.create_secret(Name="other", SecretString="old")

        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        assert attached(client, "other") is None

    @pytest.mark.parametrize(
        ("sent", "source"),
        [
            pytest.param({}, "LocalStack snapshot test_resource_policy", id="by default"),
            pytest.param({"BlockPublicPolicy": False}, "API_PutResourcePolicy", id="not blocked"),
        ],
    )
    def test_accepts_a_public_policy(self, client, sent, source):
        client.put_resource_policy(SecretId="db", ResourcePolicy=PUBLIC, **sent)

        assert json.loads(attached(client)) == json.loads(PUBLIC), source

    @pytest.mark.parametrize(
        "public",
        [
            pytest.param(policy(), id="a star"),
            pytest.param(policy(Principal={"AWS": "*"}), id="a star for AWS"),
            pytest.param(policy(Principal={"AWS": ["123456789012", "*"]}), id="a star among others"),
            pytest.param(
                policy(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
                id="a condition that does not count",
            ),
        ],
    )
    def test_is_rejected_for_a_public_policy_if_public_policies_are_blocked(self, client, public):
        """API_PutResourcePolicy, BlockPublicPolicy; user guide of 2020: the text and the conditions."""
        with rejected("PublicPolicyException") as answer:
            client.put_resource_policy(SecretId="db", ResourcePolicy=public, BlockPublicPolicy=True)

        assert (answer.message, answer.status) == (BROAD, 400)
        assert attached(client) is None

    @pytest.mark.parametrize(
        ("narrow", "source"),
        [
            pytest.param(ROOT, "LocalStack CloudFormation snapshot test_cfn_secret_policy[true]", id="root"),
            pytest.param(policy(Effect="Deny"), INFERRED, id="a denial for everybody"),
            pytest.param(
                policy(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
                "user guide of 2020",
                id="a condition that counts",
            ),
        ],
    )
    def test_accepts_a_narrow_policy_if_public_policies_are_blocked(self, client, narrow, source):
        client.put_resource_policy(SecretId="db", ResourcePolicy=narrow, BlockPublicPolicy=True)

        assert attached(client) == narrow, source

    @pytest.mark.parametrize(
        ("text", "message", "source"),
        [
            pytest.param("nonsense", SYNTAX, "public issues", id="not JSON"),
            pytest.param("{}", SYNTAX, "public issues", id="no statement"),
            pytest.param(policy(Effect=None), SYNTAX, "user guide of 2020", id="no effect"),
            pytest.param(policy(Colour="red"), SYNTAX, INFERRED, id="an unknown element"),
            pytest.param(
                policy(Principal={"AWS": "nobody"}),
                "This resource policy contains an unsupported principal.",
                "public issues",
                id="a principal",
            ),
            pytest.param(
                policy(Principal={"Service": "nothing"}),
                "This resource policy contains an unsupported service principal.",
                "a report from AWS",
                id="a service",
            ),
        ],
    )
    def test_is_rejected_for_a_malformed_policy(self, client, text, message, source):
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        with rejected("MalformedPolicyDocumentException") as answer:
            client.put_resource_policy(SecretId="db", ResourcePolicy=text)

        assert (answer.message, answer.status) == (message, 400), source
        assert attached(client) == ROOT, source

    def test_accepts_a_policy_of_20480_characters(self, client):
        """botocore's service model, NonEmptyResourcePolicyType."""
        longest = ROOT + " " * (20480 - len(ROOT))

        client.put_resource_policy(SecretId="db", ResourcePolicy=longest)

        assert attached(client) == longest

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param({"ResourcePolicy": ROOT + " " * (20481 - len(ROOT))}, id="too long"),
            pytest.param({"ResourcePolicy": ""}, id="empty"),
            pytest.param({}, id="missing"),
        ],
    )
    def test_is_rejected_for_a_violation_of_the_service_model(self, sent):
        status, answered = raw("PutResourcePolicy", {"SecretId": "db", **sent})

        assert (status, answered["__type"]) == (400, "ValidationException"), MODEL


class TestGetResourcePolicy:
    def test_returns_the_text_as_it_was_put(self, client, arn):
        """botocore's examples of GetResourcePolicy: line breaks and all; LocalStack snapshot test_resource_policy."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        answered = client.get_resource_policy(SecretId="db")

        assert (answered["ARN"], answered["Name"], answered["ResourcePolicy"]) == (arn, "db", ROOT)
        assert set(answered) - {"PolicyName"} == {"ARN", "Name", "ResourcePolicy", "ResponseMetadata"}

    def test_omits_the_policy_if_there_is_none(self, client, arn):
        """The AWS provider of Terraform depends on it."""
        answered = client.get_resource_policy(SecretId="db")

        assert (answered["ARN"], answered["Name"]) == (arn, "db")
        assert "ResourcePolicy" not in answered

    @needs("GetResourcePolicy", "PolicyName")
    def test_returns_the_name_of_the_policy(self, client):
        """API_GetResourcePolicy, PolicyName."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        unnamed = client.get_resource_policy(SecretId="db")
        named = client.get_resource_policy(SecretId="db", PolicyName="default")

        assert unnamed["PolicyName"] == named["PolicyName"] == "default"
        assert unnamed["ResourcePolicy"] == named["ResourcePolicy"] == ROOT

    @needs("GetResourcePolicy", "PolicyName")
    def test_is_rejected_for_another_name(self, client):
        """API_GetResourcePolicy, PolicyName; the text is not known."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        with rejected("ResourceNotFoundException") as answer:
            client.get_resource_policy(SecretId="db", PolicyName="mine")

        assert answer.status == 400

    def test_is_accepted_on_a_replica(self, fakesecrets, client):
        """User guide, create-manage-multi-region-secrets: policies are replicated; inferred for the call."""
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-1"}])
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        assert attached(fakesecrets.client("eu-west-1")) == ROOT

    def test_is_accepted_for_a_managed_secret(self, fakesecrets, client):
        """Inferred: not observed on AWS."""
        fakesecrets.add_secret("rds!db", "old", owning_service="rds")

        assert client.get_resource_policy(SecretId="rds!db")["Name"] == "rds!db"

    def test_does_not_count_as_an_access_to_the_value(self, client):
        """Inferred: not observed on AWS."""
        client.get_resource_policy(SecretId="db")

        assert "LastAccessedDate" not in client.describe_secret(SecretId="db")


class TestDeleteResourcePolicy:
    def test_removes_the_policy(self, client, arn):
        """botocore's examples of DeleteResourcePolicy: the response."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        answered = client.delete_resource_policy(SecretId="db")

        assert (answered["ARN"], answered["Name"]) == (arn, "db")
        assert set(answered) - {"PolicyName"} == {"ARN", "Name", "ResponseMetadata"}
        assert attached(client) is None

    def test_returns_the_same_without_a_policy(self, client, arn):
        """Inferred: not observed on AWS."""
        answered = client.delete_resource_policy(SecretId="db")

        assert (answered["ARN"], answered["Name"]) == (arn, "db")

    @needs("DeleteResourcePolicy", "PolicyName")
    def test_returns_the_name_of_the_policy(self, client):
        """API_DeleteResourcePolicy, PolicyName."""
        unnamed = client.delete_resource_policy(SecretId="db")
        named = client.delete_resource_policy(SecretId="db", PolicyName="default")

        assert unnamed["PolicyName"] == named["PolicyName"] == "default"

    @needs("DeleteResourcePolicy", "PolicyName")
    def test_is_rejected_for_another_name(self, client):
        """API_DeleteResourcePolicy, PolicyName; the text is not known."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        with rejected("InvalidParameterException") as answer:
            client.delete_resource_policy(SecretId="db", PolicyName="mine")

        assert answer.status == 400
        assert attached(client) == ROOT

    def test_removes_the_policy_of_the_replicas(self, fakesecrets, client):
        """User guide, create-manage-multi-region-secrets: policies are replicated; inferred for their end."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)
        client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-1"}])

        client.delete_resource_policy(SecretId="db")

        assert attached(fakesecrets.client("eu-west-1")) is None


@LISTED
class TestListResourcePolicies:
    def test_is_empty_without_a_policy(self, client):
        """API_ListResourcePolicies; inferred: not observed on AWS."""
        answered = client.list_resource_policies(SecretId="db")

        assert answered["ResourcePolicies"] == []
        assert "NextToken" not in answered

    def test_returns_the_name_of_the_policy_without_its_text(self, client):
        """API_ListResourcePolicies."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)

        answered = client.list_resource_policies(SecretId="db", MaxResults=1)

        assert answered["ResourcePolicies"] == [{"PolicyName": "default"}]
        assert "NextToken" not in answered

    def test_is_rejected_for_a_token_that_was_never_issued(self, client):
        """API_ListResourcePolicies: InvalidNextTokenException."""
        with rejected("InvalidNextTokenException") as answer:
            client.list_resource_policies(SecretId="db", NextToken="garbage")

        assert answer.status == 400

    @pytest.mark.parametrize("size", [0, 101])
    def test_is_rejected_for_a_page_size_of_zero(self, size):
        """botocore's service model, MaxResultsType."""
        status, answered = raw("ListResourcePolicies", {"SecretId": "db", "MaxResults": size})

        assert (status, answered["__type"]) == (400, "ValidationException")


class TestValidateResourcePolicy:
    @pytest.mark.parametrize("parameters", [{"SecretId": "db"}, {}], ids=["for a secret", "for none"])
    def test_accepts_a_narrow_policy(self, client, parameters):
        """botocore's examples of ValidateResourcePolicy; API_ValidateResourcePolicy: SecretId is optional."""
        answered = client.validate_resource_policy(ResourcePolicy=ROOT, **parameters)

        assert answered["PolicyValidationPassed"] is True
        assert answered["ValidationErrors"] == []

    @pytest.mark.parametrize("parameters", [{"SecretId": "db"}, {}], ids=["for a secret", "for none"])
    def test_reports_a_public_policy(self, client, parameters):
        """API_ValidateResourcePolicy; inferred for the entry, whose texts are not known."""
        answered = client.validate_resource_policy(ResourcePolicy=PUBLIC, **parameters)

        assert answered["PolicyValidationPassed"] is False
        (error,) = answered["ValidationErrors"]
        assert set(error) == {"CheckName", "ErrorMessage"}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("nonsense", id="not JSON"),
            pytest.param("{}", id="no statement"),
            pytest.param(policy(Principal={"AWS": "nobody"}), id="principal"),
        ],
    )
    def test_is_rejected_for_a_malformed_policy(self, client, text):
        """API_ValidateResourcePolicy: MalformedPolicyDocumentException; inferred, it may be an entry."""
        with rejected("MalformedPolicyDocumentException") as answer:
            client.validate_resource_policy(ResourcePolicy=text)

        assert answer.status == 400

    def test_changes_nothing(self, client):
        """API_ValidateResourcePolicy."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=ROOT)
        before = client.describe_secret(SecretId="db")

        client.validate_resource_policy(SecretId="db", ResourcePolicy=PUBLIC)

        after = client.describe_secret(SecretId="db")
        assert attached(client) == ROOT
        assert after["LastChangedDate"] == before["LastChangedDate"]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(ROOT + " " * (20481 - len(ROOT)), id="too long"),
            pytest.param("", id="empty"),
            pytest.param(None, id="missing"),
        ],
    )
    def test_is_rejected_for_a_violation_of_the_service_model(self, text):
        """botocore's service model, NonEmptyResourcePolicyType."""
        status, answered = raw("ValidateResourcePolicy", {"ResourcePolicy": text})

        assert (status, answered["__type"]) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        pytest.param("put_resource_policy", {"ResourcePolicy": ROOT}, id="PutResourcePolicy"),
        pytest.param("delete_resource_policy", {}, id="DeleteResourcePolicy"),
    ],
)
def test_the_policy_of_a_replica_can_only_be_changed_in_the_region_of_its_primary_secret(
    fakesecrets, client, operation, sent
):
    """Public issues of Terraform's AWS provider."""
    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": "eu-west-1"}])

    with rejected("InvalidParameterException") as answer:
        getattr(fakesecrets.client("eu-west-1"), operation)(SecretId="db", **sent)

    assert answer.message == (
        "Operation not permitted on a replica secret. Call must be made in primary secret's region."
    )


class TestPolicyOperationsOfAnotherAccount:
    @pytest.fixture
    def other(self, fakesecrets):
        return fakesecrets.client(aws_access_key_id="210987654321")

    def test_are_accepted_by_the_policy(self, client, other, arn):
        """LocalStack test test_cross_account_access."""
        theirs = policy(Principal={"AWS": "arn:aws:iam::210987654321:root"}, Action="secretsmanager:*")
        client.put_resource_policy(SecretId="db", ResourcePolicy=theirs)

        other.put_resource_policy(SecretId=arn, ResourcePolicy=theirs + " ")

        assert attached(other, arn) == theirs + " "
        assert other.describe_secret(SecretId=arn)["Name"] == "db"

    def test_are_rejected_without_a_policy(self, other, arn):
        """LocalStack test test_cross_account_access: the purpose of the policy; the code is inferred."""
        with rejected("ResourceNotFoundException") as answer:
            other.get_resource_policy(SecretId=arn)

        assert answer.status == 400

    def test_are_rejected_after_the_policy_was_deleted(self, client, other, arn):
        """Inferred: not observed on AWS."""
        client.put_resource_policy(SecretId="db", ResourcePolicy=policy(Action="secretsmanager:*"))
        other.delete_resource_policy(SecretId=arn)

        with rejected("ResourceNotFoundException") as answer:
            other.describe_secret(SecretId=arn)

        assert answer.status == 400

    def test_are_rejected_if_the_policy_does_not_name_them(self, client, other, arn):
        """User guide, examples of permissions policies; inferred: the code."""
        client.put_resource_policy(
            SecretId="db", ResourcePolicy=policy(Action="secretsmanager:DescribeSecret")
        )

        with rejected("ResourceNotFoundException") as answer:
            other.get_resource_policy(SecretId=arn)

        assert answer.status == 400
        assert other.describe_secret(SecretId=arn)["Name"] == "db"
