"""The advice of a failure fits its cause, and failures that one repair corrects refer to the first of them."""

from __future__ import annotations

import time
from datetime import timedelta

import correct_functions
import pytest
from broken_functions import (
    AFTER_CRASH,
    AFTER_FAILURE,
    COLD,
    DELIVERED_TWICE,
    DUPLICATE,
    IN_TIME,
    LATE,
    ONE_USER,
    REFUSED,
    SQL_USERS_WITH_STATE,
    SUCCEEDS,
    THROTTLED,
    UNKNOWN_TOKEN,
    needs_pending_to_remove_it,
    recreates_without_grants,
    removes_pending_first,
)
from contract_runs import contract_class, contract_of, failure_of, outcomes, run
from correct_functions import SINGLE_USER, new_password, put_pending, read, read_pending, rotate
from credential_targets import DATABASE

from pytest_fakesecrets import CredentialRefused, FakeSecrets, RotationContract

LOCKED_OUT = "readers_always_find_a_credential_that_is_accepted"
SWITCHED_OFF = "rotation_that_is_switched_off_is_refused"


def advice_of(failure):
    return failure.splitlines()[1].removeprefix("What to do: ")


IN_MEMORY = """
import json
from correct_functions import SINGLE_USER, create_password, read_pending, rotate
from credential_targets import DATABASE

STATE = {{}}
kept = None

def create(client, arn, token):
    global CONN, kept
    create_password(client, arn, token)
    CONN = kept = STATE["value"] = read_pending(client, arn, token)

def set_password(client, arn, token):
    password = {read}
    DATABASE.change_password("app", password)

def handler(event, context):
    {first}
    rotate(event, {{**SINGLE_USER, "createSecret": create, "setSecret": set_password}})
"""


@pytest.mark.parametrize(
    ("name", "read", "first", "named"),
    [
        (
            "keeps_a_name",
            "CONN['password']",
            "pass",
            "it uses 'CONN', which an earlier step has left in memory, and ",
        ),
        (
            "keeps_none",
            "kept.get('password')",
            "pass",
            "it depends on what an earlier step has left in memory, and ",
        ),
        (
            "keeps_a_dict",
            "STATE['value']['password']",
            "pass",
            "it depends on what an earlier step has left in memory, and ",
        ),
        (
            "keeps_a_dict_for_the_first_line",
            "STATE['value']['password']",
            "event['Step'] == 'setSecret' and STATE['value']",
            "it depends on what an earlier step has left in memory, and ",
        ),
    ],
    ids=["NameError", "AttributeError", "KeyError", "KeyError before any call"],
)
def test_a_step_that_needs_what_is_in_memory_is_named_with_what_it_needs(
    tmp_path, monkeypatch, name, read, first, named
):
    (tmp_path / f"{name}.py").write_text(IN_MEMORY.format(read=read, first=first))
    monkeypatch.syspath_prepend(tmp_path)
    attributes = {**ONE_USER, "rotation_function": f"{name}:handler"}
    contract = type("TestMine", (RotationContract,), attributes)()

    with FakeSecrets() as fake, pytest.raises(AssertionError, match="state-in-memory") as failed:
        getattr(contract, f"test_{COLD}")(fake)

    assert advice_of(str(failed.value)).startswith(f"Look at setSecret: {named}")
    assert "event-misread" not in str(failed.value)


@pytest.mark.long
def test_a_timeout_is_one_failure_with_the_advice_to_wait_shorter():
    def sleeps(event, context):
        if event["Step"] == "setSecret":
            time.sleep(40)
        rotate(event, SINGLE_USER)

    first, second = outcomes(contract_class(sleeps, ONE_USER)(), [REFUSED, IN_TIME])

    assert first.startswith("not-recovered: ")
    assert advice_of(first) == (
        "Look at setSecret: it takes longer than the function may run (too-slow). Wait shorter and raise: AWS tries again."
    )
    assert second == same_cause_as(REFUSED)


def seconds(number):
    return timedelta(seconds=number)


MORE_TIME = "Raise the function's timeout above propagation_delay (attribute `timeout`), as in its Lambda configuration: it is "


@pytest.mark.parametrize(
    ("tries", "delay", "timeout", "advice"),
    [
        pytest.param(
            ["testSecret"] * 12,
            60,
            30,
            MORE_TIME + "30 seconds, and the target needs 60 seconds.",
            id="timeout",
        ),
        pytest.param(
            ["testSecret"] * 4,
            60,
            50,
            "Try the login again in testSecret for as long as propagation_delay: its last login was 24 seconds after the "
            f"change of the credential, and the target needs 60 seconds. {MORE_TIME}50 seconds.",
            id="few tries",
        ),
        pytest.param(
            ["testSecret"] * 3,
            20,
            30,
            "Try the login again in testSecret for as long as propagation_delay: its last login was 16 seconds after the "
            "change of the credential, and the target needs 20 seconds.",
            id="accepted after the last try",
        ),
        pytest.param(
            ["setSecret"],
            20,
            30,
            "Try the login again in setSecret for as long as propagation_delay: its last login was 0 seconds after the "
            "change of the credential, and the target needs 20 seconds.",
            id="another step",
        ),
        pytest.param(
            ["testSecret"] * 12,
            20,
            22,
            "Look at testSecret: try the login again after shorter waits, and go on when it works. The target needs 20 "
            "seconds, and the function may run 22 seconds.",
            id="long waits",
        ),
        pytest.param(
            ["testSecret"],
            3600,
            30,
            "Raise in testSecret, and leave propagation_delay out: the target needs 3600 seconds, and Lambda stops each "
            "function after 900 seconds at most. AWS tries again.",
            id="longer than a function may run",
        ),
    ],
)
def test_a_late_target_is_waited_for_within_the_first_attempt(tries, delay, timeout, advice):
    def log_in_again_and_again(client, arn, token):
        for _ in tries:
            try:
                return DATABASE.log_in("app", read_pending(client, arn, token)["password"])
            except CredentialRefused:
                time.sleep(8)
        raise ValueError("not accepted")

    def set_and_check(client, arn, token):
        SINGLE_USER["setSecret"](client, arn, token)
        log_in_again_and_again(client, arn, token)

    step = {"setSecret": set_and_check, "testSecret": log_in_again_and_again}[tries[0]]
    times = {"propagation_delay": seconds(delay), "timeout": seconds(timeout)}

    failure = failure_of(
        lambda event, context: rotate(event, {**SINGLE_USER, tries[0]: step}),
        {**ONE_USER, **times},
        f"test_{LATE}",
    )

    assert failure.startswith("no-tolerance-for-delay: ")
    assert advice_of(failure) == advice
    assert "The target accepts the pending value;" not in failure


@pytest.mark.parametrize(
    ("times", "advice"),
    [
        ({}, "Wait shorter and raise: AWS tries again."),
        (
            {"propagation_delay": seconds(60)},
            MORE_TIME + "30 seconds, and the target needs 60 seconds.",
        ),
    ],
)
def test_a_slow_test_secret_has_the_advice_that_a_late_target_needs(times, advice):
    contract = contract_class(sleeps_in_test_secret, {**ONE_USER, **times})()

    first, second = outcomes(contract, [IN_TIME, LATE])

    assert first.startswith("too-slow: testSecret takes longer than the function may run: ")
    assert advice_of(first) == advice
    assert second == same_cause_as(IN_TIME)


def sleeps_in_test_secret(event, context):
    if event["Step"] == "testSecret":
        time.sleep(45)
    rotate(event, SINGLE_USER)


@pytest.mark.long
def test_a_slow_step_fails_the_scenario_about_the_time_before_others_meet_it(pytester):
    module = "import test_contract_causes\n" + contract_of(
        "test_contract_causes.sleeps_in_test_secret", "test_contract_causes.ONE_USER"
    )

    ran = run(pytester, module, "-k", f"{IN_TIME} or {REFUSED}")

    ran.assert_outcomes(failed=1, skipped=1)
    ran.stdout.fnmatch_lines(f"_* TestFunction.test_{IN_TIME} _*")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            None,
            "Log in with the AWSPENDING value in testSecret: it has read that value, and the target accepts it.",
        ),
        (KeyError("port"), "Look at the exception at test_contract_causes.py:"),
    ],
)
def test_a_test_secret_that_has_read_the_pending_value_need_not_read_it(error, advice):
    def check(client, arn, token):
        value = {**read_pending(client, arn, token), "password": "another"}
        if error is not None:
            raise error
        DATABASE.log_in("app", value["password"])

    failure = failure_of(
        lambda event, context: rotate(event, {**SINGLE_USER, "testSecret": check}),
        ONE_USER,
        f"test_{SUCCEEDS}",
    )

    assert "The target accepts the pending value; testSecret read AWSPENDING (v2)." in failure
    assert advice_of(failure).startswith(advice)


class Session:
    """A connection whose changes have their effect at the commit."""

    def __init__(self, database, value):
        database.log_in(value["username"], value["password"])
        self.database, self.user, self.new = database, value["username"], None

    def execute(self, new):
        self.new = new

    def commit(self):
        self.database.change_password(self.user, self.new)


def test_a_forgotten_commit_is_asked_for_with_the_line_of_the_last_call_of_set_secret():
    def set_without_a_commit(client, arn, token):
        Session(DATABASE, read(client, arn)).execute(read_pending(client, arn, token)["password"])

    def forgets(event, context):
        rotate(event, {**SINGLE_USER, "setSecret": set_without_a_commit})

    advice = advice_of(failure_of(forgets, ONE_USER, f"test_{SUCCEEDS}"))

    assert advice.startswith("Set the AWSPENDING value at the target in setSecret: ")
    assert "Or commit it there: the last call of setSecret that reached the target was log_in at " in advice
    assert "test_contract_causes.py:" in advice


def test_a_change_of_the_wrong_value_is_shown_without_a_question_about_a_commit():
    def set_another(client, arn, token):
        DATABASE.change_password("app", "another")

    def sets_another(event, context):
        rotate(event, {**SINGLE_USER, "setSecret": set_another})

    advice = advice_of(failure_of(sets_another, ONE_USER, f"test_{SUCCEEDS}"))

    assert "The last call of setSecret at the target was change_password at " in advice
    assert "commit" not in advice


def sets_before_it_stores(event, context):
    rotate(event, {**SINGLE_USER, "createSecret": set_and_store, "setSecret": look})


def set_and_store(client, arn, token):
    current = read(client, arn, VersionStage="AWSCURRENT")
    try:
        read_pending(client, arn, token)
    except client.exceptions.ResourceNotFoundException:
        new = new_password(client)
        DATABASE.log_in("app", current["password"])
        DATABASE.change_password("app", new)
        put_pending(client, arn, token, {**current, "password": new})


def look(client, arn, token):
    read_pending(client, arn, token)


def test_a_lockout_is_the_cause_of_the_failures_that_come_from_it():
    contract = contract_class(sets_before_it_stores, ONE_USER)()

    first, second = outcomes(contract, [AFTER_CRASH, LOCKED_OUT])

    assert "The target accepts the value of no version any more (locked-out)." in first
    assert advice_of(first).startswith(
        "Look at createSecret: no version has a value that the target accepts now."
    )
    assert second == same_cause_as(AFTER_CRASH)


@pytest.mark.long
def test_a_label_that_finish_secret_removes_too_early_is_one_failure():
    scenarios = [AFTER_CRASH, LOCKED_OUT]
    first, second = outcomes(contract_class(removes_pending_first, ONE_USER)(), scenarios)

    assert advice_of(first).startswith("Move AWSCURRENT first, and remove AWSPENDING afterwards: ")
    assert second == same_cause_as(AFTER_CRASH)


def test_a_step_that_needs_awspending_when_it_comes_again_is_one_failure():
    scenarios = ["awspending_may_be_gone_already", DELIVERED_TWICE]
    first, second = outcomes(contract_class(needs_pending_to_remove_it, ONE_USER)(), scenarios)

    assert first.startswith("pending-needed: ")
    assert second == same_cause_as(scenarios[0])


@pytest.mark.long
def test_the_same_loss_of_state_is_one_failure():
    scenarios = [DELIVERED_TWICE, AFTER_FAILURE, AFTER_CRASH, THROTTLED]
    contract = contract_class(recreates_without_grants, SQL_USERS_WITH_STATE)()

    first, *others = outcomes(contract, scenarios)

    assert (
        "the target is in another state than after a rotation without faults: 'app_clone': without " in first
    )
    assert others == [same_cause_as(DELIVERED_TWICE)] * 3


def test_missing_checks_of_the_event_fail_one_scenario():
    def checks_nothing(event, context):
        client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
        if event["Step"] not in SINGLE_USER:
            raise ValueError("unknown step")
        SINGLE_USER[event["Step"]](client, event["SecretId"], event["ClientRequestToken"])

    def checks_the_label(event, context):
        client = correct_functions.secrets_manager("https://secretsmanager.us-east-1.amazonaws.com")
        versions = client.describe_secret(SecretId=event["SecretId"])["VersionIdsToStages"]
        labels = versions.get(event["ClientRequestToken"], [])
        if "AWSCURRENT" not in labels and "AWSPENDING" not in labels:
            raise ValueError("not pending")
        checks_nothing(event, context)

    scenarios = [DUPLICATE, UNKNOWN_TOKEN, SWITCHED_OFF]
    first, *others = outcomes(contract_class(checks_nothing, ONE_USER)(), scenarios)
    [left] = outcomes(contract_class(checks_the_label, ONE_USER)(), scenarios)

    assert first.startswith("late-duplicate: ")
    assert others == [f"It fails, maybe for the same cause as test_{DUPLICATE}. Correct that first."] * 2
    assert left.startswith("disabled-accepted: ")


def test_a_test_secret_that_only_returns_fails_one_scenario_and_one_that_swallows_shows_after_it():
    def only_returns(client, arn, token):
        pass

    def swallows(client, arn, token):
        correct_functions.logs_in(DATABASE, read_pending(client, arn, token))

    messages = [
        outcomes(
            contract_class(
                lambda event, context, check=check: rotate(event, {**SINGLE_USER, "testSecret": check}),
                ONE_USER,
            )(),
            [SUCCEEDS, LATE],
        )
        for check in (only_returns, swallows)
    ]

    assert messages[0][0].startswith("untested: testSecret returned without reading the new value")
    assert messages[0][1:] == [same_cause_as(SUCCEEDS)]
    assert [message.partition(":")[0] for message in messages[1]] == ["untested"]


def same_cause_as(scenario):
    return f"It fails for the same cause as test_{scenario}. Correct that first."


def test_a_loop_that_sleeps_until_a_deadline_ends_at_once_and_is_shown_in_one_line():
    polls = []

    def set_nothing(client, arn, token):
        read_pending(client, arn, token)

    def poll(client, arn, token):
        deadline = time.monotonic() + 100
        pending = read_pending(client, arn, token)
        while time.monotonic() < deadline:
            try:
                return DATABASE.log_in(pending["username"], pending["password"])
            except CredentialRefused:
                polls.append(time.perf_counter())
                time.sleep(5)
        raise TimeoutError("the new password does not log in")

    failure = failure_of(
        lambda event, context: rotate(event, {**SINGLE_USER, "setSecret": set_nothing, "testSecret": poll}),
        ONE_USER,
        f"test_{SUCCEEDS}",
    )

    assert "TimeoutError: the new password does not log in" in failure.splitlines()[0]
    assert (
        "testSecret    DescribeSecret, GetSecretValue AWSPENDING (v2), 20 times (log_in rejected (CredentialRefused))"
        in failure
    )
    assert len(polls) == 20
    assert 95 <= polls[-1] - polls[0] < 100


@pytest.mark.parametrize("name", ["key_id", "AccessKeyId"])
def test_a_key_whose_id_the_target_creates_is_no_user_that_alternates(name):
    def create(client, arn, token):
        current = read(client, arn, VersionStage="AWSCURRENT")
        put_pending(client, arn, token, {**current, name: f"id-{token}", "secret": token})

    value = {name: "id-1", "secret": "old-secret"}
    steps = {"createSecret": create, "finishSecret": SINGLE_USER["finishSecret"]}
    messages = outcomes(
        contract_class(
            lambda event, context: rotate(
                event, {**SINGLE_USER, "setSecret": pass_by, "testSecret": pass_by, **steps}
            ),
            {"secret_value": value},
        )(),
        ["alternating_users_come_back_after_two_rotations"],
    )

    assert messages == ["The target creates the id of each key, so the function does not alternate users."]


def pass_by(client, arn, token):
    read_pending(client, arn, token)
