"""Mistakes in a contract class are named with what to write instead."""

from __future__ import annotations

import sys

import correct_functions
import pytest
from broken_functions import DELIVERED_TWICE, DUPLICATE, ONE_USER, UNKNOWN_STEP
from contract_runs import failure_of, run
from correct_functions import SINGLE_USER, read, rotate

from pytest_fakesecrets import CredentialTarget, FakeSecrets, FakeSecretsError, RotationContract
from pytest_fakesecrets._contract.contract import check_is_complete

HANDLER = staticmethod(lambda event, context: None)


@pytest.mark.parametrize(
    ("attributes", "hints"),
    [
        (
            {"function": HANDLER, "secret_value": "old"},
            "It has no rotation_function. No contract knows the attribute 'function'. Did you mean 'rotation_function'?",
        ),
        (
            {"lambda_handler": HANDLER, "secret_value": "old"},
            "It has no rotation_function. No contract knows the attribute 'lambda_handler'. Did you mean "
            "'rotation_function'?",
        ),
        (
            {"rotation_function": HANDLER, "value": "old"},
            "It has no secret_value. No contract knows the attribute 'value'. Did you mean 'secret_value'?",
        ),
        ({"rotation_function": HANDLER, "secret_value": None}, "Its secret_value is None."),
        ({"rotation_function": None, "secret_value": "old"}, "Its rotation_function is None."),
        ({"environ": {}}, "It has no rotation_function. It has no secret_value."),
    ],
)
def test_an_attribute_that_every_contract_needs_is_named_with_what_the_class_has_in_its_place(
    attributes, hints
):
    incomplete = type("TestMine", (RotationContract,), attributes)

    with pytest.raises(FakeSecretsError) as raised:
        check_is_complete(type("TestDerived", (incomplete,), {}))

    assert str(raised.value) == (
        "TestDerived does not say what it tests. Give the class rotation_function = staticmethod(handler) or "
        "'package.module:function', and secret_value = {...} or a string: what the secret holds before its first rotation. "
        f"{hints}"
    )


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"accepted": {"test_a_rotation_suceeds": "why"}},
            "TestMine.accepted has 'test_a_rotation_suceeds', which is not the code of a finding. It is the name of a "
            "scenario: skip that with without = {'test_a_rotation_succeeds': 'the reason'}.",
        ),
        (
            {"without": {"untested": "why"}},
            "TestMine.without has 'untested'. It is the code of a finding: accept that with accepted = {'untested': 'the "
            "reason'}. The scenarios are:\n- test_a_crash_after_any_call_is_recovered\n",
        ),
    ],
)
def test_scenarios_in_accepted_and_findings_in_without_are_sent_to_the_other_attribute(attributes, message):
    with pytest.raises(FakeSecretsError) as raised:
        type("TestMine", (RotationContract,), attributes)

    assert str(raised.value).startswith(message)


UNREAD = {
    "rotation_function": HANDLER,
    "secret_value": {"account": "app", "pw": "old"},
    "target": CredentialTarget({"app": "old", "other": "old"}),
}


class TestMembersOfOtherNames:
    """A value whose user and password a CredentialTarget cannot read."""

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes before Python 3.11")
    def test_are_verified_by_an_own_method_as_a_hint_says(self):
        contract = type("TestMine", (RotationContract,), UNREAD)()

        with FakeSecrets() as fake, pytest.raises(FakeSecretsError) as raised:
            contract.test_a_rotation_succeeds(fake)

        assert raised.value.__notes__ == [
            "hint: To keep the names of the members, define accepts(self, value) beside target: return "
            "self.target.accepts({'username': value[...], 'password': value[...]}), with the names that the value has."
        ]

    def test_are_verified_by_that_method(self):
        def accepts(contract, value):
            return contract.target.accepts({"username": value["account"], "password": value["pw"]})

        contract = type("TestMine", (RotationContract,), {**UNREAD, "accepts": accepts})()

        with FakeSecrets() as fake, contract._harness(fake) as harness:
            assert harness.accepts()

    @pytest.mark.parametrize("value", [{"username": "app", "password": "wrong"}, "wrong"])
    def test_are_not_mentioned_where_the_value_is_read(self, value):
        attributes = {**UNREAD, "secret_value": value}

        with FakeSecrets() as fake, pytest.raises(FakeSecretsError) as raised:
            type("TestMine", (RotationContract,), attributes)().test_a_rotation_succeeds(fake)

        assert not hasattr(raised.value, "__notes__")


def test_a_test_whose_name_is_nearly_that_of_a_scenario_is_warned_of_once(pytester):
    ran = run(
        pytester,
        """
class TestFunction(RotationContract):
    rotation_function = staticmethod(lambda event, context: None)
    secret_value = "old"
    def test_a_rotation_suceeds(self): pass
    def test_a_rotation_succeeds_at_night(self): pass
    def test_an_unknown_step_is_refused(self): pass
    def test_of_my_own(self): pass

class TestAnother(TestFunction):
    rotation_function = staticmethod(lambda event, context: None)
""",
        "-k",
        "suceeds or night or own",
        "-Wdefault",
    )

    assert ran.parseoutcomes()["passed"] >= 6
    found = [line for line in ran.outlines if "replaces no scenario" in line]
    assert len(found) == 1
    assert found[0].strip().partition("UserWarning: ")[2] == (
        "TestFunction has 'test_a_rotation_suceeds', which replaces no scenario and runs beside them. Did you mean "
        "'test_a_rotation_succeeds'?"
    )


class TestAnExtraEvent:
    """In the story of a failure."""

    EXTRA = "extra: the same event, delivered again"

    def test_that_was_delivered_before_is_said_to_be_delivered_again(self):
        def forgets(client, arn, token):
            value = {**read(client, arn), "password": correct_functions.new_password(client)}
            correct_functions.put_pending(client, arn, token, value)

        def overwrites(event, context):
            rotate(event, {**SINGLE_USER, "createSecret": forgets})

        failure = failure_of(overwrites, ONE_USER, f"test_{DELIVERED_TWICE}").splitlines()

        [place] = [place for place, line in enumerate(failure) if "createSecret (extra)" in line]
        assert failure[place + 2].strip() == self.EXTRA
        assert sum(self.EXTRA in line for line in failure) == 1

    def test_that_no_rotation_has_sent_is_not(self):
        failure = failure_of(lambda event, context: None, {"secret_value": "old"}, f"test_{UNKNOWN_STEP}")

        assert "anotherSecret (extra)" in failure
        assert self.EXTRA not in failure

    def test_of_a_finished_rotation_is_too(self):
        def changes_again(event, context):
            client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
            SINGLE_USER[event["Step"]](client, event["SecretId"], event["ClientRequestToken"])

        failure = failure_of(changes_again, ONE_USER, f"test_{DUPLICATE}")

        assert f"\n                  {self.EXTRA}\n" in failure
