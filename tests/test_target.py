"""The credential target: a stand-in for the system that a credential is for, with the fake or without it."""

from __future__ import annotations

import json
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

import pytest_fakesecrets
from pytest_fakesecrets import CredentialRefused, CredentialTarget, FakeSecretsError, TargetDown

pytestmark = pytest.mark.usefixtures("kept_clients")

START = datetime(2030, 1, 31, 16, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)

#: A long password of characters that no other text contains, so that a leak is found in any output.
VALUES = st.text("ÀÉÎÕÜßþø", min_size=12, max_size=20)

#: Each call with arguments that are valid for the target below.
CALLS = {
    "log_in": lambda target: target.log_in("app", "old"),
    "change_password": lambda target: target.change_password("app", "new"),
    "add_password": lambda target: target.add_password("app", "new"),
    "remove_password": lambda target: target.remove_password("app", "old"),
    "create_user": lambda target: target.create_user("clone", "new"),
    "redeploy": lambda target: target.call("redeploy"),
}


@pytest.fixture
def target():
    return CredentialTarget({"app": "old"}, refuses="/@", most_passwords=2)


@pytest.fixture
def clock():
    with freeze_time(START) as frozen:
        yield frozen


def logs_in(target, password, user="app"):
    """Return whether a login succeeds; log_in() and accepts() must agree."""
    try:
        target.log_in(user, password)
    except CredentialRefused:
        assert not target.accepts({"username": user, "password": password})
        return False
    assert target.accepts({"username": user, "password": password})
    return True


class TestPasswordsOfACredentialTarget:
    def test_are_replaced_by_change_password(self, target):
        target.change_password("app", "new")

        assert logs_in(target, "new")
        assert not logs_in(target, "old")
        assert target.passwords("app") == 1

    def test_are_valid_side_by_side_after_add_password(self, target):
        target.add_password("app", "new")

        assert logs_in(target, "new")
        assert logs_in(target, "old")
        assert target.passwords("app") == 2

    def test_are_all_replaced_by_change_password(self, target):
        target.add_password("app", "second")

        target.change_password("app", "new")

        assert target.passwords("app") == 1
        assert not logs_in(target, "second")

    def test_can_be_added_again_at_the_limit(self, target):
        target.add_password("app", "new")

        target.add_password("app", "new")
        target.add_password("app", "old")

        assert target.passwords("app") == 2

    def test_are_invalid_after_remove_password_which_makes_room(self, target):
        target.add_password("app", "new")

        target.remove_password("app", "old")
        target.add_password("app", "third")

        assert not logs_in(target, "old")
        assert logs_in(target, "third")

    def test_can_be_removed_if_they_do_not_exist(self, target):
        target.remove_password("app", "another")

        assert target.passwords("app") == 1

    def test_can_be_removed_down_to_none(self, target):
        target.remove_password("app", "old")

        assert target.passwords("app") == 0
        assert not logs_in(target, "old")

    def test_include_those_of_a_created_user(self, target):
        target.create_user("clone", "other")

        assert logs_in(target, "other", user="clone")
        assert logs_in(target, "old")
        assert not logs_in(target, "old", user="clone")
        assert target.users == ("app", "clone")

    def test_exist_only_for_known_users(self, target):
        assert target.passwords("nobody") == 0

    def test_can_be_set_to_the_same_value_again(self, target):
        target.change_password("app", "old")

        assert logs_in(target, "old")
        assert target.passwords("app") == 1

    def test_are_copied_from_the_mapping_of_users(self):
        users = {"app": "old"}
        target = CredentialTarget(users)

        users["app"] = "other"
        target.reset()

        assert logs_in(target, "old")

    @given(
        names=st.lists(st.sampled_from("abcde"), max_size=12),
        most=st.integers(min_value=1, max_value=4),
        removes=st.lists(st.booleans(), min_size=12, max_size=12),
    )
    def test_never_exceed_the_limit(self, names, most, removes):
        target, expected = CredentialTarget({"app": "first"}, most_passwords=most), {"first"}

        for name, remove in zip(names, removes, strict=False):
            if remove:
                target.remove_password("app", name)
                expected.discard(name)
            elif name in expected or len(expected) < most:
                target.add_password("app", name)
                expected.add(name)
            else:
                with pytest.raises(CredentialRefused):
                    target.add_password("app", name)
            assert target.passwords("app") == len(expected) <= most
            assert {name for name in "abcde" if logs_in(target, name)} == expected - {"first"}


class TestRejectedCallsOfACredentialTarget:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            pytest.param(
                lambda target: target.log_in("nobody", "old"),
                "There is no user 'nobody'; known is 'app'. create_user() adds one.",
                id="login of an unknown user",
            ),
            pytest.param(
                lambda target: target.log_in("app", "another"),
                "The password of 'app' is none that has been set here. Set it with change_password().",
                id="login with an unknown password",
            ),
            pytest.param(
                lambda target: target.change_password("nobody", "new"),
                "There is no user 'nobody'; known is 'app'. create_user() adds one.",
                id="change of an unknown user",
            ),
            pytest.param(
                lambda target: target.change_password("app", ""),
                "The new password of 'app' is empty. Give it one of some length.",
                id="change to nothing",
            ),
            pytest.param(
                lambda target: target.change_password("app", "new/er"),
                "The new password of 'app' has a character that is rejected here: one of '/@'. Leave these "
                "out, with ExcludeCharacters where GetRandomPassword makes it.",
                id="change to a refused character",
            ),
            pytest.param(
                lambda target: target.add_password("nobody", "new"),
                "There is no user 'nobody'; known is 'app'. create_user() adds one.",
                id="addition for an unknown user",
            ),
            pytest.param(
                lambda target: target.add_password("app", ""),
                "The new password of 'app' is empty. Give it one of some length.",
                id="addition of nothing",
            ),
            pytest.param(
                lambda target: target.add_password("app", "@"),
                "The new password of 'app' has a character that is rejected here: one of '/@'. Leave these "
                "out, with ExcludeCharacters where GetRandomPassword makes it.",
                id="addition of a refused character",
            ),
            pytest.param(
                lambda target: target.remove_password("nobody", "old"),
                "There is no user 'nobody'; known is 'app'. create_user() adds one.",
                id="removal from an unknown user",
            ),
            pytest.param(
                lambda target: target.create_user("app", "new"),
                "There is a user 'app' already: change_password() is for it.",
                id="creation of a user who exists",
            ),
            pytest.param(
                lambda target: target.create_user("clone", "a@b"),
                "The new password of 'clone' has a character that is rejected here: one of '/@'. Leave these "
                "out, with ExcludeCharacters where GetRandomPassword makes it.",
                id="creation with a refused character",
            ),
            pytest.param(
                lambda target: target.create_user("clone", ""),
                "The new password of 'clone' is empty. Give it one of some length.",
                id="creation with nothing",
            ),
        ],
    )
    def test_explain_the_cause_and_the_remedy(self, target, call, message):
        before = target.state()

        with pytest.raises(CredentialRefused) as raised:
            call(target)

        assert str(raised.value) == message
        assert isinstance(raised.value, PermissionError)
        assert target.state() == before
        assert target.calls == ()
        assert logs_in(target, "old")

    def test_name_the_limit_of_passwords(self, target):
        target.add_password("app", "second")

        with pytest.raises(CredentialRefused) as raised:
            target.add_password("app", "third")

        assert str(raised.value) == (
            "'app' has 2 of at most 2 passwords. Remove one with remove_password() first."
        )

    def test_explain_that_there_are_no_users(self):
        with pytest.raises(CredentialRefused) as raised:
            CredentialTarget().log_in("app", "old")

        assert str(raised.value) == "There is no user 'app'; known is no user. create_user() adds one."

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda target: target.change_password("app", "new"), id="replaced"),
            pytest.param(lambda target: target.remove_password("app", "old"), id="removed"),
        ],
    )
    def test_explain_that_an_old_password_has_expired(self, target, call):
        call(target)

        with pytest.raises(CredentialRefused) as raised:
            target.log_in("app", "old")

        assert str(raised.value) == ("The password of 'app' is not valid any more. Read the secret again.")

    def test_name_the_moment_from_which_a_new_password_is_valid(self, target, clock):
        target.applies_after = timedelta(minutes=2)
        target.change_password("app", "new")
        clock.tick(SECOND)

        with pytest.raises(CredentialRefused) as raised:
            target.log_in("app", "new")

        assert str(raised.value) == (
            "The password of 'app' is not valid yet: it will be at 2030-01-31 16:02:00.000 UTC, and now it is "
            "2030-01-31 16:00:01.000 UTC. Try again then."
        )

    def test_follow_a_change_of_the_allowed_characters(self, target):
        target.refuses = "x"

        target.change_password("app", "/@")
        with pytest.raises(CredentialRefused):
            target.change_password("app", "axe")

        assert logs_in(target, "/@")

    def test_raise_exceptions_of_the_package(self):
        assert f"{CredentialRefused.__module__}.{TargetDown.__module__}" == ".".join(
            2 * [pytest_fakesecrets.__name__]
        )


class TestDelaysOfACredentialTarget:
    def test_are_zero_by_default_and_need_no_clock(self, target):
        target.change_password("app", "new")

        assert logs_in(target, "new")
        assert not logs_in(target, "old")

    def test_postpone_a_new_password(self, target, clock):
        target.applies_after = timedelta(minutes=2)

        target.change_password("app", "new")
        clock.tick(timedelta(minutes=2) - timedelta(microseconds=1))
        assert (logs_in(target, "old"), logs_in(target, "new")) == (True, False)

        clock.tick(timedelta(microseconds=1))
        assert (logs_in(target, "old"), logs_in(target, "new")) == (False, True)

    def test_keep_the_old_password_after_the_new_one_is_valid(self, target, clock):
        target.applies_after, target.keeps_old_for = 10 * SECOND, 5 * SECOND

        target.change_password("app", "new")

        seen = []
        for _ in range(17):
            seen.append((logs_in(target, "old"), logs_in(target, "new"), target.passwords("app")))
            clock.tick(SECOND)
        assert seen == 10 * [(True, False, 1)] + 5 * [(True, True, 2)] + 2 * [(False, True, 1)]

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda target: target.add_password("app", "new"), id="an added password"),
            pytest.param(lambda target: target.create_user("clone", "new"), id="the first of a user"),
        ],
    )
    def test_apply_to_every_call_that_sets_a_password(self, target, clock, call):
        target.applies_after = 10 * SECOND
        call(target)
        user = target.users[-1]
        assert not logs_in(target, "new", user)

        clock.tick(10 * SECOND)

        assert logs_in(target, "new", user)

    def test_count_a_postponed_password_against_the_limit(self, target, clock):
        target.applies_after = 10 * SECOND
        target.add_password("app", "new")

        assert target.passwords("app") == 1
        with pytest.raises(CredentialRefused, match="'app' has 2 of at most 2 passwords"):
            target.add_password("app", "third")

    def test_do_not_end_when_a_postponed_password_is_added_again(self, target, clock):
        target.applies_after = 10 * SECOND
        target.add_password("app", "new")
        clock.tick(6 * SECOND)

        target.add_password("app", "new")
        assert not logs_in(target, "new")
        clock.tick(4 * SECOND)

        assert logs_in(target, "new")

    def test_keep_an_expiring_password_that_is_added_again(self, target, clock):
        target.keeps_old_for = 10 * SECOND
        target.change_password("app", "new")

        target.add_password("app", "old")
        clock.tick(timedelta(days=1))

        assert logs_in(target, "old")
        assert logs_in(target, "new")

    def test_allow_the_removal_of_a_postponed_password(self, target, clock):
        target.applies_after = 10 * SECOND
        target.add_password("app", "new")

        target.remove_password("app", "new")
        clock.tick(timedelta(days=1))

        assert not logs_in(target, "new")

    def test_apply_to_an_old_password_that_is_added_again(self, target, clock):
        target.change_password("app", "new")
        target.applies_after = 10 * SECOND

        target.add_password("app", "old")
        target.add_password("app", "old")
        assert not logs_in(target, "old")
        clock.tick(10 * SECOND)

        assert logs_in(target, "old")

    def test_do_not_count_an_expired_password_against_the_limit(self, target, clock):
        target.keeps_old_for = 10 * SECOND
        target.change_password("app", "new")
        with pytest.raises(CredentialRefused, match="'app' has 2 of at most 2 passwords"):
            target.add_password("app", "third")
        clock.tick(10 * SECOND)

        target.add_password("app", "third")

        assert target.passwords("app") == 2

    def test_do_not_restart_with_a_retry(self, target, clock):
        target.applies_after = 10 * SECOND
        target.change_password("app", "new")
        clock.tick(6 * SECOND)

        target.change_password("app", "new")
        clock.tick(4 * SECOND)

        assert logs_in(target, "new")

    def test_drop_a_postponed_password_that_a_later_change_replaces(self, target, clock):
        target.applies_after = timedelta(hours=1)
        target.change_password("app", "late")
        target.applies_after, target.keeps_old_for = timedelta(0), timedelta(days=1)
        target.change_password("app", "new")

        clock.tick(timedelta(hours=2))

        assert not logs_in(target, "late")
        assert logs_in(target, "new")

    def test_follow_the_clock_of_the_fake(self, target, fakesecrets_clock):
        fakesecrets_clock.move_to("2030-01-31 16:00")
        target.keeps_old_for = timedelta(hours=1)
        target.change_password("app", "new")
        assert logs_in(target, "old")

        fakesecrets_clock.tick(timedelta(hours=1))

        assert not logs_in(target, "old")

    def test_do_not_apply_to_the_first_passwords(self, target, fakesecrets_clock):
        fakesecrets_clock.move_to("1999-12-31")
        target.change_password("app", "new")
        fakesecrets_clock.move_to("1980-01-01")

        assert logs_in(target, "new")

    def test_are_measured_at_the_instant_of_each_scheduled_rotation(
        self, target, fakesecrets, fakesecrets_client
    ):
        """Under freezegun only the fake sees the instant of a scheduled rotation."""
        target.applies_after = timedelta(days=3)

        def handler(event, context):
            if event["Step"] == "createSecret":
                target.change_password("app", "new")
                raise ConnectionError("it is enough to have set it")

        with freeze_time(START) as frozen:
            fakesecrets_client.create_secret(Name="db", SecretString="old")
            fakesecrets_client.rotate_secret(
                SecretId="db",
                RotationLambdaARN=fakesecrets.add_rotation_function(handler),
                RotationRules={"ScheduleExpression": "rate(10 days)"},
                RotateImmediately=False,
            )
            frozen.tick(timedelta(days=14))
            with pytest.warns(pytest_fakesecrets.RotationFailedWarning):
                fakesecrets_client.describe_secret(SecretId="db")

            assert target.accepts("new")

    @given(
        delay=st.integers(min_value=0, max_value=5),
        keep=st.integers(min_value=0, max_value=5),
        pauses=st.lists(st.integers(min_value=0, max_value=7), max_size=6),
    )
    def test_bound_the_validity_of_each_of_several_passwords(self, delay, keep, pauses):
        with freeze_time(START) as frozen:
            target = CredentialTarget(
                {"app": "p0"}, applies_after=delay * SECOND, keeps_old_for=keep * SECOND
            )
            begins, now = [-100], 0
            for number, pause in enumerate(pauses, start=1):
                frozen.tick(pause * SECOND)
                now += pause
                target.change_password("app", f"p{number}")
                begins.append(now + delay)
            ends = [begin + keep for begin in begins[1:]] + [10_000]

            for instant in range(now, now + 15):
                expected = {
                    f"p{number}"
                    for number, (begin, end) in enumerate(zip(begins, ends, strict=True))
                    if begin <= instant < end
                }
                assert {name for name in map("p{}".format, range(8)) if logs_in(target, name)} == expected
                assert target.passwords("app") == len(expected) >= 1
                frozen.tick(SECOND)


class TestTargetAccepts:
    @pytest.mark.parametrize(
        "value",
        [
            pytest.param({"username": "app", "password": "old"}, id="username and password"),
            pytest.param({"user": "app", "password": "old"}, id="user"),
            pytest.param({"client_id": "app", "api_key": "old"}, id="client_id and api_key"),
            pytest.param({"username": "app", "secret": "old"}, id="secret"),
            pytest.param({"username": "app", "token": "old"}, id="token"),
            pytest.param({"clientId": "app", "clientSecret": "old", "tokenUrl": "x"}, id="camelCase"),
            pytest.param({"client-id": "app", "access-token": "old"}, id="kebab-case"),
            pytest.param({"db_user": "app", "passwd": "old", "key_id": "x"}, id="further names"),
            pytest.param({"accessKeyId": "app", "secretAccessKey": "old"}, id="access key"),
            pytest.param(
                {"userName": "x", "user": "app", "pwd": "x", "token": "old"}, id="documented names first"
            ),
            pytest.param({"is_superuser": True, "password": "old"}, id="a flag about the user"),
            pytest.param({"password": "old"}, id="a password without a user, if there is only one"),
            pytest.param({"engine": "mysql", "username": "app", "password": "old", "port": 3306}, id="RDS"),
            pytest.param('{"username": "app", "password": "old"}', id="JSON"),
            pytest.param("old", id="the password alone"),
        ],
    )
    def test_returns_true_for(self, target, value):
        assert target.accepts(value)

        target.change_password("app", "new")
        assert not target.accepts(value)

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param({"username": "app", "password": "another"}, id="another password"),
            pytest.param({"username": "nobody", "password": "old"}, id="an unknown user"),
            pytest.param({"username": ["app"], "password": "old"}, id="a user that is no text"),
            pytest.param({"username": "app", "password": None}, id="a password that is no text"),
            pytest.param({"username": None, "user": "app", "password": "old"}, id="the first key counts"),
            pytest.param({"username": "app"}, id="no password"),
            pytest.param({"username": "app", "token_url": "old", "public_key": "old"}, id="no credential"),
            pytest.param({"accessToken": "x", "refreshToken": "old"}, id="the first credential counts"),
            pytest.param({}, id="an empty mapping"),
            pytest.param("", id="an empty text"),
            pytest.param("{}", id="JSON of nothing"),
            pytest.param('["old"]', id="JSON of a list"),
            pytest.param('"old"', id="JSON of the password"),
            pytest.param("[" * 100_000, id="JSON without an end"),
            pytest.param(b"old", id="bytes"),
            pytest.param(None, id="None"),
        ],
    )
    def test_returns_false_for(self, target, value):
        assert not target.accepts(value)

    @pytest.mark.parametrize("value", ["old", {"password": "old"}, '{"password": "old"}'])
    def test_returns_false_without_a_user_if_there_are_several(self, target, value):
        target.create_user("clone", "other")

        assert not target.accepts(value)

    def test_is_not_recorded_as_a_call(self, target):
        notified = []
        target.listeners.append(notified.append)

        target.accepts("old")

        assert target.calls == ()
        assert notified == []

    def test_checks_the_credential_while_the_target_is_down(self, target):
        target.is_down = True

        assert target.accepts("old")
        assert not target.accepts("new")

    @given(st.text(min_size=1))
    def test_returns_true_for_the_password_in_any_text(self, password):
        target = CredentialTarget({"app": password})

        assert target.accepts(password)
        assert target.accepts(json.dumps({"username": "app", "password": password}))

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.binary(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["username", "user", "password", "token", "x"]), inner)
            ),
        )
    )
    def test_never_raises(self, value):
        target = CredentialTarget({"app": "a password that is not found by chance"})

        assert not target.accepts(value)
        assert not target.accepts(json.dumps(value, default=repr))


class TestCallsOfACredentialTarget:
    @pytest.mark.parametrize("name", CALLS)
    def test_are_recorded_and_passed_to_listeners_after_they_complete(self, target, name):
        notified = []
        target.listeners += [notified.append, lambda name: notified.append(f"{name} again")]

        CALLS[name](target)

        assert target.calls == (name,)
        assert notified == [name, f"{name} again"]

    @pytest.mark.parametrize("name", CALLS)
    def test_change_nothing_while_the_target_is_down(self, target, name):
        notified, before = [], target.state()
        target.listeners.append(notified.append)
        target.is_down = True

        with pytest.raises(TargetDown) as raised:
            CALLS[name](target)

        assert str(raised.value) == f"The target is down, so {name} did nothing. Set is_down to False."
        assert isinstance(raised.value, ConnectionError)
        assert (target.calls, notified, target.state()) == ((), [], before)
        target.is_down = False
        CALLS[name](target)
        assert target.calls == (name,)

    def test_are_recorded_in_order_without_rejected_ones(self, target):
        target.change_password("app", "new")
        with pytest.raises(CredentialRefused):
            target.log_in("app", "old")
        target.log_in("app", "new")
        target.call("redeploy")

        assert target.calls == ("change_password", "log_in", "redeploy")

    def test_take_effect_although_a_listener_raises(self, target):
        def crash(name):
            raise KeyboardInterrupt(name)

        target.listeners.append(crash)

        with pytest.raises(KeyboardInterrupt, match="change_password"):
            target.change_password("app", "new")

        target.listeners.clear()
        assert target.calls == ("change_password",)
        assert logs_in(target, "new")

    def test_may_be_made_by_a_listener_and_by_threads_that_it_joins(self, target):
        def look(name):
            with ThreadPoolExecutor(1) as threads:
                seen.append(threads.submit(target.accepts, "new").result(timeout=30))
            if name == "change_password":
                target.call("redeploy")

        seen = []
        target.listeners.append(look)

        target.change_password("app", "new")

        assert seen == [True, True]
        assert target.calls == ("change_password", "redeploy")


class TestTheStateOfACredentialTarget:
    def test_counts_users_passwords_and_calls(self, target):
        target.create_user("clone", "other")
        target.add_password("app", "new")
        target.call("redeploy")
        target.call("redeploy")

        assert target.state() == {"users": {"app": 2, "clone": 1}, "actions": {"redeploy"}}

    def test_does_not_depend_on_the_passwords_themselves(self, target):
        other = CredentialTarget({"app": "another"})

        assert target.state() == other.state()
        other.call("redeploy")
        assert target.state() != other.state()

    def test_is_an_immutable_snapshot(self, target):
        before = target.state()

        target.call("redeploy")
        target.create_user("clone", "other")

        assert before == {"users": {"app": 1}, "actions": frozenset()}

    @pytest.mark.parametrize("name", ["applies_after", "keeps_old_for"])
    @pytest.mark.parametrize(
        ("delay", "message"),
        [
            *(
                (each, f" has to be a timedelta from timedelta(0) to {timedelta(days=1000)!r}, not {each!r}.")
                for each in (timedelta.max, timedelta(days=1001), -SECOND)
            ),
            (3, " takes a timedelta, not 3. Write timedelta(seconds=3)."),
            (None, " takes a timedelta, not None. Write, for example, timedelta(seconds=5)."),
        ],
    )
    def test_cannot_have_an_invalid_delay(self, target, name, delay, message):
        with pytest.raises(FakeSecretsError, match=rf"^{name}{re.escape(message)}$"):
            CredentialTarget({"app": "old"}, **{name: delay})
        with pytest.raises(FakeSecretsError):
            setattr(target, name, delay)

        assert getattr(target, name) == timedelta(0)

    @pytest.mark.parametrize("number", [0, -1, 1.5, True, None])
    def test_cannot_have_a_limit_below_one_password(self, number):
        with pytest.raises(
            FakeSecretsError, match=r"^most_passwords has to be a number from 1 on, not .*\.$"
        ):
            CredentialTarget({"app": "old"}, most_passwords=number)

    def test_is_restored_by_reset_which_keeps_the_listeners(self, target):
        notified = []
        target.listeners.append(notified.append)
        before = target.state()
        for call in CALLS.values():
            call(target)
        target.is_down, target.refuses = True, "o"
        target.applies_after = target.keeps_old_for = timedelta(days=1)

        target.reset()

        assert (target.state(), target.calls, target.is_down) == (before, (), False)
        assert (target.refuses, target.applies_after, target.keeps_old_for) == ("/@", 0 * SECOND, 0 * SECOND)
        notified.clear()
        target.change_password("app", "new")
        assert notified == ["change_password"]
        assert not logs_in(target, "old")
        with pytest.raises(CredentialRefused, match="none that has been set"):
            target.log_in("app", "other")

    @pytest.mark.parametrize(
        ("target", "shown"),
        [
            pytest.param(CredentialTarget(), "<CredentialTarget with 0 users>", id="empty"),
            pytest.param(CredentialTarget({"app": "old"}), "<CredentialTarget with 1 user>", id="one"),
            pytest.param(CredentialTarget({"a": "x", "b": "y"}), "<CredentialTarget with 2 users>", id="two"),
        ],
    )
    def test_has_a_short_repr(self, target, shown):
        assert repr(target) == shown
        target.is_down = True
        assert repr(target) == shown.replace(">", ", down>")

    @given(values=st.lists(VALUES, min_size=4, max_size=4, unique=True))
    def test_never_shows_a_password(self, values):
        old, new, wrong, character = values
        target = CredentialTarget({"app": old}, applies_after=SECOND)
        shown = []

        def tries(call, *arguments):
            try:
                call(*arguments)
            except (CredentialRefused, TargetDown) as error:
                shown.extend([str(error), repr(error)])

        with freeze_time(START) as frozen:
            target.add_password("app", old)
            tries(target.add_password, "app", new)
            target.change_password("app", new)
            for _ in range(2):
                for password in (old, new, wrong):
                    tries(target.log_in, "app", password)
                frozen.tick(SECOND)
            tries(target.create_user, "app", wrong)
            target.refuses = character[0]
            tries(target.change_password, "app", character)
            shown += [repr(target), repr(target.state()), repr(target.calls), repr(target.__dict__["_users"])]
            target.is_down = True
            tries(target.change_password, "app", wrong)

        text = "\n".join(shown)
        assert len(shown) > 12
        assert not [value for value in values if value in text]


class TestThreadsThatShareACredentialTarget:
    @pytest.fixture(autouse=True)
    def switching(self):
        """Let threads switch as often as possible."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(interval)

    def test_lose_no_call(self, target):
        def work(number):
            for turn in range(50):
                target.create_user(f"{number}-{turn}", "value")
                target.log_in(f"{number}-{turn}", "value")
                target.call("redeploy")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))

        assert len(target.calls) == 8 * 50 * 3
        assert len(target.users) == 8 * 50 + 1

    def test_cannot_exceed_the_limit_of_passwords(self):
        meeting = threading.Barrier(2)

        class Slow(CredentialTarget):
            def _new_password(self, password, now):
                # After the check of the limit: no other thread may get here before the password is added.
                with suppress(threading.BrokenBarrierError):
                    meeting.wait(timeout=0.2)
                return super()._new_password(password, now)

        def work(password):
            with suppress(CredentialRefused):
                target.add_password("app", password)

        target = Slow({"app": "old"}, most_passwords=2)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(work, ["one", "two"]))

        assert target.passwords("app") == 2
        assert target.calls == ("add_password",)


class TestWrongTypes:
    @pytest.mark.parametrize(
        ("arguments", "keywords", "message"),
        [
            (("app",), {}, "CredentialTarget takes a dict from the name of each user to its password, "),
            ((5,), {}, "not an object of type int."),
            ((None,), {}, "not an object of type NoneType."),
            ((["app"],), {}, "not an object of type list."),
            (
                ({"app": 5},),
                {},
                "The password of each user of a CredentialTarget is a string, and one is an object",
            ),
            (
                ({"app": {"password": "hidden"}},),
                {},
                "an object of type dict. Write CredentialTarget({'app': 'old'})",
            ),
            (({5: "old"},), {}, "The name of each user of a CredentialTarget is a string"),
            (({"app": "old"},), {"refuses": ["/"]}, "refuses has to be a string of the characters that "),
        ],
    )
    def test_of_the_constructor_are_an_error_with_an_example(self, arguments, keywords, message):
        with pytest.raises(FakeSecretsError) as raised:
            CredentialTarget(*arguments, **keywords)

        assert message in str(raised.value)
        assert "hidden" not in str(raised.value)

    @pytest.mark.parametrize(
        "call", ["log_in", "change_password", "add_password", "remove_password", "create_user"]
    )
    @pytest.mark.parametrize("argument", ["user", "password"])
    @pytest.mark.parametrize(
        "given", [5, b"hidden", {"password": "hidden"}], ids=lambda given: type(given).__name__
    )
    def test_of_a_call_are_an_error_that_changes_nothing(self, target, call, argument, given):
        name = "clone" if call == "create_user" else "app"
        arguments = (given, "new") if argument == "user" else (name, given)
        before = target.state()

        with pytest.raises(FakeSecretsError) as raised:
            getattr(target, call)(*arguments)

        assert str(raised.value) == (
            f"The {argument} has to be a string, not an object of type {type(given).__name__}. Pass one member of the "
            "parsed secret, such as secret['password']."
        )
        assert target.state() == before

    def test_a_user_without_a_name_is_rejected_as_by_a_server(self, target):
        with pytest.raises(CredentialRefused, match="The new user has no name"):
            target.create_user(None, "new")

        assert target.users == ("app",)

    @pytest.mark.parametrize("call", ["log_in", "change_password", "add_password"])
    def test_a_password_that_is_none_is_rejected_as_by_a_server(self, target, call):
        with pytest.raises(CredentialRefused):
            getattr(target, call)("app", None)

    def test_an_action_and_a_user_to_look_up_are_checked_too(self, target):
        with pytest.raises(FakeSecretsError, match=r"call\(\) takes the name of an action, .* of type list"):
            target.call(["redeploy"])
        with pytest.raises(FakeSecretsError, match="The user has to be a string, not an object of type list"):
            target.passwords(["app"])

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("is_dwn", "is_down"),
            ("down", "is_down"),
            ("refuse", "refuses"),
            ("applies_afer", "applies_after"),
        ],
    )
    def test_a_misspelt_attribute_is_an_error_since_it_would_have_no_effect(self, target, name, meant):
        with pytest.raises(FakeSecretsError) as raised:
            setattr(target, name, True)

        assert str(raised.value) == f"A CredentialTarget has no attribute {name!r}. Did you mean {meant!r}?"

    def test_a_method_can_be_replaced_and_other_attributes_can_be_added(self, target, monkeypatch):
        class Mine(CredentialTarget):
            pass

        monkeypatch.setattr(target, "log_in", lambda user, password: None)
        target.title = "the database of the application"
        mine = Mine()
        mine.listener = None

        assert target.log_in("app", "none that is valid") is None


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no notes")
class TestTheHintOfARejectedLogin:
    """It says that to read the secret again does not help, while the secret has the rejected password."""

    STILL = (
        "hint: The secret still has this password: the target has the new one since setSecret, and the secret changes in "
        "finishSecret. If the target accepts the old password for a while, say so with keeps_old_for; else use two users."
    )
    ANOTHER = "hint: The secret still has this password, and the target has another one."

    @pytest.fixture
    def rotate(self, target):
        def rotate(event, context):
            client, arn = boto3.client("secretsmanager"), event["SecretId"]
            token, step = event["ClientRequestToken"], event["Step"]
            if step == "createSecret":
                value = {
                    "SecretString": '{"username": "app", "password": "new"}',
                    "VersionStages": ["AWSPENDING"],
                }
                client.put_secret_value(SecretId=arn, ClientRequestToken=token, **value)
            elif step == "setSecret":
                target.change_password("app", "new")
                with pytest.raises(CredentialRefused) as raised:
                    target.log_in("app", "old")
                self.in_a_step = notes_of(raised.value)
            elif step == "finishSecret":
                versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
                old = next(each for each, labels in versions.items() if "AWSCURRENT" in labels)
                moved = {"MoveToVersionId": token, "RemoveFromVersionId": old}
                client.update_secret_version_stage(SecretId=arn, VersionStage="AWSCURRENT", **moved)

        return rotate

    @staticmethod
    def notes(target, password="old"):
        with pytest.raises(CredentialRefused) as raised:
            target.log_in("app", password)
        assert "Read the secret again." in str(raised.value) or password == "never"
        return notes_of(raised.value)

    def test_is_there_between_set_secret_and_finish_secret(self, fakesecrets, target, rotate):
        fakesecrets.add_secret("db", {"username": "app", "password": "old"})

        with fakesecrets.rotation_paused("db", after="setSecret", handler=rotate):
            assert self.notes(target) == [self.STILL]
            assert self.notes(target, "never") == []
        assert self.in_a_step == []  # a rotation function sets passwords
        assert self.notes(target) == []  # now it helps to read the secret again

    def test_does_not_name_a_rotation_that_there_is_not(self, fakesecrets, target):
        fakesecrets.add_secret("other", {"username": "other", "password": "old"})
        target.create_user("other", "x")
        target.change_password("app", "new")
        assert self.notes(target) == []

        fakesecrets.add_secret("db", {"username": "app", "password": "old"})
        assert self.notes(target) == [self.ANOTHER]

    def test_is_absent_without_a_fake(self, target):
        target.change_password("app", "new")

        assert self.notes(target) == []


def notes_of(error):
    return getattr(error, "__notes__", [])
