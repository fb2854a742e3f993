"""The contract finds each class of bugs, and nothing in functions that have none."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain

import boto3
import broken_functions
import correct_functions
import pytest
from broken_functions import (
    AFTER_CRASH,
    ALTERNATE,
    BROKEN,
    COMPANIONS,
    DELIVERED_TWICE,
    DUPLICATE,
    LATE,
    LEAKS,
    ONE_USER,
    OTHERS,
    REFUSED,
    SQL_USERS,
    SQL_USERS_WITH_STATE,
    SUCCEEDS,
    THROTTLED,
    TOKEN_PASSED_ON,
    TWICE,
    TWO_KEYS,
    TWO_USERS,
    UNKNOWN_STEP,
    UNKNOWN_TOKEN,
    add_the_master,
    in_a_kept_thread,
    prints_and_goes_on,
    takes_rotation_enabled_for_granted,
)
from contract_runs import contract_class, contract_of, failure_of, failures, outcomes, passes, run
from correct_functions import put_pending, read
from credential_targets import DATABASE
from key_service import SERVICE
from support import needs

from pytest_fakesecrets import FakeSecrets, FakeSecretsError, RotationContract, RotationProcess
from pytest_fakesecrets._contract.advice import advice_for_lockout
from pytest_fakesecrets._core.finding import CODES, CONSEQUENCES


def rows():
    """The first function of each class of bugs is in the default run; the others are long."""
    numbers = {7, 9, 15, 17, 34, 35}  # these take longer
    for row in BROKEN:
        is_known = row.number in numbers
        numbers.add(row.number)
        name = f"{row.number}-{row.function.__name__}-{row.code}"
        yield pytest.param(row, id=name, marks=[pytest.mark.long] if is_known else [])


@pytest.mark.parametrize("row", list(rows()))
def test_a_broken_function_fails_with_the_finding_that_names_its_bug(row):
    failure = failure_of(row.function, row.attributes, row.scenario)

    assert row.code in failure
    assert row.where in failure


def test_a_failing_scenario_of_an_inner_run_reports_its_finding(pytester):
    row = BROKEN[0]
    module = "from broken_functions import BROKEN\nrow = BROKEN[0]\n"

    result = run(pytester, module + contract_of("row.function", "row.attributes"), f"::{row.scenario}")

    assert failures(result) == 1
    result.stdout.fnmatch_lines(f"*{row.code}*")


def test_an_event_that_belongs_to_no_rotation_is_recorded_and_is_not_a_step_to_deliver_again():
    contract = contract_class(correct_functions.single_user, ONE_USER)()
    with FakeSecrets() as fake:
        contract.test_an_unknown_token_is_refused(fake)

        assert "createSecret raised ValueError" in fake.timeline()
        with pytest.raises(FakeSecretsError, match="createSecret has not run yet"):
            fake.drive().redeliver("createSecret")


def test_each_class_of_bugs_has_a_function_that_shows_it():
    noted = {21}  # see test_a_key_error_that_rejects_a_secret_is_a_note_and_no_failure

    assert {row.number for row in BROKEN} == set(range(36)) - noted


def test_a_key_error_that_rejects_a_secret_is_a_note_and_no_failure():
    contract = contract_class(takes_rotation_enabled_for_granted, ONE_USER)()

    with FakeSecrets() as fake, pytest.warns(UserWarning, match="TestFunction: rotation-enabled-assumed: "):
        contract.test_rotation_that_is_switched_off_is_refused(fake)


@pytest.mark.long
def test_a_scenario_that_ends_in_the_middle_of_a_series_leaves_the_target_at_once():
    """A generator that is left suspended would reset the target in the middle of a later scenario."""
    before = list(DATABASE.listeners)
    contract = contract_class(prints_and_goes_on, ONE_USER)()

    with FakeSecrets() as fake:
        contract._scenario = "test_throttling_of_any_call_is_survived"
        with pytest.raises(AssertionError, match="error-swallowed"):
            contract.test_throttling_of_any_call_is_survived(fake)
        contract._scenario = "test_a_server_error_on_any_call_is_survived"
        with pytest.raises(pytest.skip.Exception, match="for the same cause as test_throttling") as skipped:
            contract.test_a_server_error_on_any_call_is_survived(fake)

    assert skipped.value.__traceback__ is not None  # pytest keeps it, and with it the frames of the scenario
    assert DATABASE.listeners == before


@pytest.mark.parametrize(
    ("function", "scenarios"),
    [
        pytest.param(broken_functions.prints_the_event, (SUCCEEDS, LEAKS), id="the event is printed"),
        pytest.param(
            broken_functions.prints_and_goes_on,
            (THROTTLED, "a_server_error_on_any_call_is_survived"),
            id="one call is swallowed",
            marks=pytest.mark.long,
        ),
        pytest.param(
            broken_functions.answers_500,
            (UNKNOWN_STEP, THROTTLED, REFUSED),
            id="all errors are returned",
            marks=pytest.mark.long,
        ),
    ],
)
def test_one_cause_fails_one_scenario_and_the_others_name_it(function, scenarios):
    _, *reasons = outcomes(contract_class(function, ONE_USER)(), scenarios)

    assert reasons == [same_cause_as(scenarios[0])] * (len(scenarios) - 1)


@pytest.mark.long
def test_another_call_that_is_swallowed_is_another_cause():
    contract = contract_class(broken_functions.prints_and_goes_on, ONE_USER)()

    throttled, refused, late = outcomes(contract, (THROTTLED, REFUSED, LATE))

    assert throttled.startswith("error-swallowed: ")
    assert refused.startswith("error-swallowed: log_in in testSecret at broken_functions.py:")
    assert late == same_cause_as(REFUSED)


def same_cause_as(scenario):
    return f"It fails for the same cause as test_{scenario}. Correct that first."


@pytest.mark.long
def test_a_swallowed_error_of_secrets_manager_is_found_with_its_line():
    failure = failure_of(broken_functions.looks_up_before_it_reads, ONE_USER, f"test_{REFUSED}")

    assert "GetSecretValue was rejected with AccessDeniedException at correct_functions.py:" in failure
    assert " in read (called from correct_functions.py:" in failure
    assert " in read_pending), and createSecret returned without an error." in failure

    failure = failure_of(broken_functions.sets_what_it_could_not_read, ONE_USER, f"test_{REFUSED}")

    assert " at correct_functions.py:" in failure.splitlines()[0]
    assert " in read_pending), and setSecret changed the target without its answer, and returned." in failure


def look_into(value):
    return value["no such member"]


def test_a_line_of_a_helper_is_named_with_the_line_of_the_step_that_called_it():
    def set_secret(client, arn, token):
        look_into({})

    def at_once(event, context):
        raise ValueError("no step")

    def rotates(event, context):
        correct_functions.SINGLE_USER["createSecret"](
            boto3.client("secretsmanager"), *list(event.values())[1:3]
        )
        set_secret(None, None, None)

    failure = failure_of(rotates, ONE_USER, "test_a_rotation_succeeds")
    assert " in look_into (called from test_contract_finds.py:" in failure
    assert " in set_secret); v1 AWSCURRENT" in failure
    assert "called from" not in failure_of(at_once, ONE_USER, "test_a_rotation_succeeds")


def test_each_broken_function_is_in_the_table_once():
    functions = [row.function for row in BROKEN]

    assert len(functions) == len(set(functions))


@pytest.mark.long
class TestSingleUser(RotationContract):
    rotation_function = staticmethod(correct_functions.single_user)
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]


@pytest.mark.long
class TestFunctionByItsName(RotationContract):
    rotation_function = "correct_functions:single_user"
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]
    environ = {"EXCLUDE_CHARACTERS": "/@\"'\\%$"}  # noqa: RUF012  # it is not changed


@pytest.mark.long
class TestTidying(RotationContract):
    rotation_function = staticmethod(correct_functions.tidying)
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]


@pytest.mark.long
class TestInAThread(RotationContract):
    rotation_function = staticmethod(in_a_kept_thread(correct_functions.single_user))
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]


@pytest.mark.long
class TestPatient(RotationContract):
    rotation_function = staticmethod(correct_functions.patient)
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]
    propagation_delay = timedelta(seconds=5)


@pytest.mark.long
class TestAlternatingUsers(RotationContract):
    rotation_function = staticmethod(correct_functions.alternating_users)
    secret_value = TWO_USERS["secret_value"]
    target = TWO_USERS["target"]
    zero_downtime = True
    prepare = add_the_master


@pytest.mark.long
class TestTwoKeys(RotationContract):
    rotation_function = staticmethod(correct_functions.two_keys)
    secret_value = TWO_KEYS["secret_value"]
    target = TWO_KEYS["target"]
    zero_downtime = True


@pytest.mark.long
class TestTwoSecrets(RotationContract):
    rotation_function = staticmethod(correct_functions.two_secrets)
    secret_value = COMPANIONS["secret_value"]
    target = COMPANIONS["target"]
    prepare = COMPANIONS["prepare"]
    companions = COMPANIONS["companions"]


@pytest.mark.long
class TestUsersWithGrants(RotationContract):
    rotation_function = staticmethod(correct_functions.users_with_grants)
    secret_value = SQL_USERS["secret_value"]
    target_calls = SQL_USERS["target_calls"]
    prepare = SQL_USERS["prepare"]
    accepts = SQL_USERS["accepts"]
    target_state = SQL_USERS_WITH_STATE["target_state"]
    zero_downtime = True


LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("function", "attributes", "scenarios"),
    [
        pytest.param(
            correct_functions.alternating_users, TWO_USERS, (SUCCEEDS, ALTERNATE), id="alternating users"
        ),
        pytest.param(
            correct_functions.from_another_account,
            ONE_USER,
            (SUCCEEDS, TOKEN_PASSED_ON),
            id="another account",
            marks=needs("PutSecretValue", "RotationToken"),
        ),
        pytest.param(
            correct_functions.users_with_grants,
            SQL_USERS_WITH_STATE,
            (AFTER_CRASH, UNKNOWN_TOKEN),
            id="grants with a state",
        ),
        pytest.param(
            correct_functions.two_secrets, COMPANIONS, (SUCCEEDS, TWICE, OTHERS, DUPLICATE), id="companions"
        ),
        pytest.param(
            correct_functions.two_secrets, COMPANIONS, (AFTER_CRASH,), id="companions, killed", marks=LONG
        ),
        pytest.param(correct_functions.translating, ONE_USER, (REFUSED, LEAKS), id="translating", marks=LONG),
        pytest.param(
            correct_functions.persistent, ONE_USER, (REFUSED, THROTTLED), id="persistent", marks=LONG
        ),
        pytest.param(
            correct_functions.users_with_grants,
            SQL_USERS,
            (AFTER_CRASH, REFUSED, DELIVERED_TWICE),
            id="grants",
            marks=LONG,
        ),
    ],
)
def test_a_correct_function_passes(function, attributes, scenarios):
    for scenario in scenarios:
        passes(function, attributes, f"test_{scenario}")


@pytest.mark.long
@needs("PutSecretValue", "RotationToken")
class TestFromAnotherAccount(RotationContract):
    rotation_function = staticmethod(correct_functions.from_another_account)
    secret_value = ONE_USER["secret_value"]
    target = ONE_USER["target"]


@pytest.mark.parametrize("name", ["single_user", "two_keys"])
def test_a_function_with_the_keys_of_the_account_of_its_secret_needs_no_rotation_token(name):
    attributes = {"single_user": ONE_USER, "two_keys": TWO_KEYS}[name]
    members = {"rotation_function": staticmethod(getattr(correct_functions, name)), **attributes}
    contract = type("TestFunction", (RotationContract,), members)()

    with FakeSecrets() as fake, pytest.raises(pytest.skip.Exception, match="needs no RotationToken"):
        contract.test_the_rotation_token_is_passed_on_from_another_account(fake)


@pytest.mark.parametrize("scenario", [AFTER_CRASH, THROTTLED, REFUSED, LEAKS])
def test_a_scenario_that_cannot_see_the_calls_of_the_function_is_skipped(scenario):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()  # its thread starts here, and not while a step runs

        def in_a_thread_of_before(event, context):
            pool.submit(correct_functions.single_user, event, context).result()

        with pytest.raises(
            pytest.skip.Exception, match="was changed by PutSecretValue and UpdateSecretVersionStage"
        ):
            passes(in_a_thread_of_before, ONE_USER, f"test_{scenario}")


def with_a_passwd(event, context):
    """A single user whose password is called passwd. The pending value is read by its label alone."""
    arn, token, client = event["SecretId"], event["ClientRequestToken"], boto3.client("secretsmanager")
    if event["Step"] == "createSecret":
        value = {**read(client, arn), "passwd": correct_functions.new_password(client)}
        put_pending(client, arn, token, value)
    elif event["Step"] == "finishSecret":
        correct_functions.promote(client, arn, token)
    else:
        pending = read(client, arn, VersionStage="AWSPENDING")
        use = DATABASE.change_password if event["Step"] == "setSecret" else DATABASE.log_in
        use(pending["user"], pending["passwd"])


def test_the_pending_value_of_another_rotation_has_another_credential_under_any_key():
    attributes = {**ONE_USER, "secret_value": {"user": "app", "passwd": "old-password"}}

    failure = failure_of(with_a_passwd, attributes, "test_somebody_elses_pending_version_is_left_alone")

    assert "wrong-version-used" in failure


@pytest.mark.long
class TestExample(RotationContract):
    """The function of examples/rotate_an_api_key, at a target of its own."""

    rotation_function = "api_key_rotation:lambda_handler"
    secret_value = {"client_id": "weather", "api_key": "first-key"}  # noqa: RUF012
    target_calls = ("key_service:KeyService.add_key", "key_service:KeyService.revoke_key")
    zero_downtime = True

    def prepare(self, fake):
        SERVICE.__init__()
        SERVICE.add_key("weather", "first-key")

    def accepts(self, value):
        return value["api_key"] in SERVICE.keys(value["client_id"])


def test_the_message_of_a_process_that_ends_has_one_full_stop():
    process = RotationProcess([sys.executable, "-S", "-c", ""])
    attributes = {"rotation_function": process, "secret_value": {"password": "old"}}

    failure = failure_of(None, attributes, f"test_{SUCCEEDS}")

    assert "exited with status 0 before it requested an event. It has written nothing. The " in failure


class TestTheAdvice:
    def test_of_a_step_that_fails_for_another_one_names_the_step_to_look_at(self):
        [row] = [row for row in BROKEN if row.function.__name__ == "regenerates_on_retry"][:1]

        failure = failure_of(row.function, row.attributes, row.scenario)

        assert "failed in setSecret, attempt 2" in failure
        assert (
            "What to do: Look at createSecret. The version of event['ClientRequestToken'] has a value already: read it "
            "first, and keep that value instead of a new one at each delivery."
        ) in failure

    @pytest.mark.parametrize("scenario", [AFTER_CRASH, DELIVERED_TWICE])
    def test_about_set_secret_is_to_try_the_pending_value_first(self, scenario):
        failure = failure_of(broken_functions.sets_with_the_current_only, ONE_USER, f"test_{scenario}")

        assert (
            "What to do: Look at setSecret: log in with the AWSPENDING value first, and return if that works."
            in failure
        )
        assert "Another one has replaced it." in failure
        assert "Read the secret again." not in failure

    @pytest.mark.long
    def test_about_a_target_that_is_down_is_not_to_bring_it_up(self):
        """The scenario does that, and not the function."""
        messages = []

        def noting(event, context):
            try:
                correct_functions.single_user(event, context)
            except ConnectionError as error:
                messages.append(str(error))
                raise

        passes(noting, ONE_USER, f"test_{REFUSED}")

        assert "The target is down, so log_in did nothing." in messages

    def test_of_a_second_delivery_names_the_step_that_stores_a_value_each_time(self):
        [row] = [row for row in BROKEN if row.function.__name__ == "puts_without_a_look"]

        assert "What to do: Look at createSecret: it stores a new value at each delivery. " in failure_of(
            row.function, row.attributes, row.scenario
        )

    @pytest.mark.parametrize(
        ("accepted", "advice"),
        [
            (
                {},
                "Look at setSecret: no version has a value that the target accepts now. Generate the value in createSecret",
            ),
            ({"v3": ()}, "Look at createSecret: the target has the value of v3, a version without a label. "),
            (
                {"v2": {"AWSPENDING"}},
                "Look at setSecret: it ends the old credential before AWSCURRENT moves. ",
            ),
            (
                {"v1": {"AWSPREVIOUS"}},
                "Look at setSecret: it moves AWSCURRENT to a value that the target does not accept",
            ),
        ],
        ids=str,
    )
    def test_of_a_lockout_depends_on_the_version_that_the_target_accepts(self, accepted, advice):
        assert advice_for_lockout("setSecret", accepted).startswith(advice)

    def test_of_a_lockout_is_in_the_failure(self):
        attributes = {**ONE_USER, "zero_downtime": True}

        failure = failure_of(
            correct_functions.single_user,
            attributes,
            "test_readers_always_find_a_credential_that_is_accepted",
        )

        assert (
            "locked-out: After change_password in setSecret the target accepts no value under AWSCURRENT."
            in failure
        )
        assert "What to do: Look at setSecret: it ends the old credential before AWSCURRENT moves." in failure


class TestAnotherRegion:
    """A function whose client is not in the region of the secret."""

    def test_is_named_by_a_hint_in_the_failure(self):
        client = boto3.client("secretsmanager", region_name="eu-west-1")

        def abroad(event, context):
            client.describe_secret(SecretId="app/db")

        failure = failure_of(abroad, ONE_USER, "test_a_rotation_succeeds")

        head, advice, *story = failure.splitlines()
        hint = "hint: The client is in eu-west-1, and the secret 'app/db' is in us-east-1."
        assert hint in head
        assert advice.startswith(
            "What to do: Create the client without a region, so that it has that of AWS_"
        )
        assert story[-1].strip() == hint

    @pytest.mark.parametrize("name", ["region", "region_name"])
    def test_is_no_attribute_of_a_class(self, name):
        with pytest.raises(
            FakeSecretsError, match=f"TestFunction has '{name}', and a contract takes no region: "
        ):
            contract_class(correct_functions.single_user, {**ONE_USER, name: "eu-west-1"})


class TestWhatFollowsFromACause:
    def test_stands_under_the_headline_without_advice(self):
        [row] = [row for row in BROKEN if row.function.__name__ == "puts_without_a_token"]

        failure = failure_of(row.function, row.attributes, row.scenario)

        assert failure.endswith(
            "\n\nWhat follows from it:\n"
            "- value-missing (createSecret): createSecret returned without storing a value in the version of the rotation."
        )
        assert failure.count("PutSecretValue created v3") == 1
        assert "What was found:" not in failure

    def test_stands_under_its_cause_and_not_beside_it(self):
        [row] = [row for row in BROKEN if row.function.__name__ == "rotates_a_fixed_secret"]

        *_, found = failure_of(row.function, row.attributes, row.scenario).split("\n\n")

        heading, cause, *rest = found.splitlines()
        assert heading == "What was found:"
        assert cause.startswith("- other-secret-changed (createSecret, PutSecretValue): ")
        assert [line.partition(": ")[2].partition(" ")[0] for line in rest[:2]] == [
            "value-missing",
            "pending-left-behind",
        ]
        assert all(line.startswith("  follows from it: ") for line in rest[:2])
        assert [line.partition(" (")[0] for line in rest[2:]] == ["- other-secret-changed"]

    def test_is_grouped_for_each_code_that_exists(self):
        codes = {*CONSEQUENCES, *chain.from_iterable(CONSEQUENCES.values())}

        assert codes <= CODES
