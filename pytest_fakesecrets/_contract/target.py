"""`CredentialTarget`: the database or service that a secret's credentials open, in memory."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from pytest_fakesecrets._core.credential import PREFERRED_CREDENTIALS, PREFERRED_USERS, credentials_in
from pytest_fakesecrets._core.errors import TARGET_DOWN, CredentialRefused, FakeSecretsError, TargetDown
from pytest_fakesecrets._core.exported import exported
from pytest_fakesecrets._core.formatting import listed, utc
from pytest_fakesecrets._core.moments import FIRST, LAST, check_delay, later
from pytest_fakesecrets._service.clock import present
from pytest_fakesecrets._service.invocation_context import CURRENT_INVOCATION
from pytest_fakesecrets._service.reporting_errors import ErrorsBecomeWarnings
from pytest_fakesecrets._transport import state


@dataclass(frozen=True, slots=True)
class _Password:
    value: str = field(repr=False)
    #: FIRST and LAST mean that there is no bound, wherever the clock is moved to.
    valid_from: datetime = FIRST
    valid_until: datetime = LAST

    def is_valid(self, now: datetime) -> bool:
        return self.valid_from <= now and self.is_unexpired(now)

    def is_unexpired(self, now: datetime) -> bool:
        return now < self.valid_until or self.valid_until == LAST


#: What a test may set. A misspelt one would have no effect.
_ATTRIBUTES = ("is_down", "applies_after", "keeps_old_for", "refuses", "listeners")


#: The hint for an application between setSecret and finishSecret, and the hint where no rotation has set the password.
_STILL_CURRENT = (
    "hint: The secret still has this password: the target has the new one since setSecret, and the secret changes in "
    "finishSecret. If the target accepts the old password for a while, say so with keeps_old_for; else use two users."
)
_STILL_IN_SECRET = "hint: The secret still has this password, and the target has another one."

#: Called with each target of which a call begins. Contracts find the targets that they do not know.
observers: list[Callable[[CredentialTarget], None]] = []


@exported
class CredentialTarget:
    """
    An in-memory stand-in for the database or the service that a secret's credentials open.

    It works without a fake, reads the time of the process, frozen or not, and is thread-safe.

    Attributes:
        is_down: while true, every call raises `TargetDown` and changes nothing.
        applies_after: the delay until a new password is accepted, at most 1000 days.
        keeps_old_for: how long after that a replaced password is still accepted, at most 1000 days. It repairs no gap: set
            it only if the real target accepts the old password for that long. Otherwise use two users that alternate.
        refuses: the characters that a new password must not contain.
        listeners: called with the name of each completed call. An exception of a listener is raised by
            that call, as if its caller had crashed right after it.
    """

    #: It stands for another machine: a cold start of the function does not change it.
    outlives_functions = True

    def __init__(
        self,
        users: Mapping[str, str] = {},
        *,
        refuses: str = "",
        applies_after: timedelta = timedelta(0),
        keeps_old_for: timedelta = timedelta(0),
        most_passwords: int = 1,
    ) -> None:
        """
        Args:
            users: from the name of each initial user to its password, which is valid at any time.
            refuses, applies_after, keeps_old_for: the initial values of the attributes.
            most_passwords: the maximum number of passwords that `add_password` allows a user at the same time.

        Raises:
            FakeSecretsError: an argument has the wrong type, a delay is negative or too long, or most_passwords is not
                a positive integer.
        """
        _check_users(users)
        if type(most_passwords) is not int or most_passwords < 1:
            raise FakeSecretsError(f"most_passwords has to be a number from 1 on, not {most_passwords!r}.")
        self.listeners: list[Callable[[str], None]] = []
        #: Called with the name and the exception of each call that was rejected.
        self._rejection_listeners: list[Callable[[str, Exception], None]] = []
        #: Called with the name and the arguments of each call: the contexts in which it is made. They may reject it.
        self._surroundings: list[Callable[[str, tuple[str, ...]], AbstractContextManager[None]]] = []
        self._most_passwords = most_passwords
        self._initial = dict(users), refuses, applies_after, keeps_old_for
        self._lock = RLock()
        self.reset()

    def __setattr__(self, name: str, value: object) -> None:
        if type(self) is CredentialTarget and name not in _ATTRIBUTES and not hasattr(CredentialTarget, name):
            for similar in difflib.get_close_matches(name, _ATTRIBUTES, 1, cutoff=0.7):
                raise FakeSecretsError(
                    f"A CredentialTarget has no attribute {name!r}. Did you mean {similar!r}?"
                )
        if name in ("applies_after", "keeps_old_for"):
            check_delay(name, value)
        if name == "refuses" and not isinstance(value, str):
            raise FakeSecretsError(
                f"{name} has to be a string of the characters that a new password must not contain, such as '/@', not {value!r}."
            )
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        known, down = len(self._users), ", down" if self.is_down else ""
        return f"<CredentialTarget with {known} user{'' if known == 1 else 's'}{down}>"

    def reset(self) -> None:
        """Restore the initial users, passwords and attributes, and clear the calls. Listeners are kept."""
        with self._lock:
            users, self.refuses, self.applies_after, self.keeps_old_for = self._initial
            self.is_down = False
            self._users: dict[str, list[_Password]] = {
                user: [_Password(password)] for user, password in users.items()
            }
            #: The replaced passwords of each user, for the message of a failed log-in.
            self._replaced: dict[str, set[str]] = {}
            self._calls: list[str] = []
            self._actions: set[str] = set()

    @property
    def users(self) -> tuple[str, ...]:
        """The names of the users, in order of creation."""
        with self._lock:
            return tuple(self._users)

    @property
    def calls(self) -> tuple[str, ...]:
        """The completed calls, oldest first: names of methods, such as "log_in", and actions of `call`."""
        with self._lock:
            return tuple(self._calls)

    def passwords(self, user: str) -> int:
        """Return how many passwords of a user are valid now: 0 for an unknown user."""
        with self._lock:
            _check_text("user", user)
            now = present()
            return len({entry.value for entry in self._users.get(user, ()) if entry.is_valid(now)})

    def state(self) -> dict[str, object]:
        """Return the number of valid passwords of each user, and the actions of `call`: comparable, no values."""
        with self._lock:
            users = {user: self.passwords(user) for user in self._users}
            return {"users": users, "actions": frozenset(self._actions)}

    def accepts(self, value: object) -> bool:
        """
        Return whether a credential is valid now, also while the target is down.

        It never raises, and is not recorded as a call.

        Args:
            value: a mapping, or its JSON text, as a secret stores it. The user is the first of "username",
                "user" and "client_id", the password the first of "password", "api_key", "secret" and "token".
                If none of them is present, a member with a similar name counts, such as "clientId" or
                "accessToken". If the target has only one user, the user may be missing, and text may be the
                password itself.
        """
        with self._lock:
            now = present()
            return any(
                entry.is_valid(now) and entry.value == password
                for user, password in credentials_in(value, [*self._users])
                for entry in self._users.get(user, ())
            )

    def log_in(self, user: str, password: str) -> None:
        """
        Log in, as an application or testSecret does.

        Raises:
            CredentialRefused: the user is unknown, or the password is not valid now.
            TargetDown: the target is down.
        """
        with self._recorded_call("log_in", user, password):
            _check_text("password", password)
            now, entries = present(), self._passwords_of(user)
            if not any(entry.is_valid(now) and entry.value == password for entry in entries):
                error = CredentialRefused(self._rejection_message(user, password, now))
                self._add_hint(error, user, password)
                raise error

    def change_password(self, user: str, new: str) -> None:
        """
        Replace all passwords of a user.

        The new one is valid after `applies_after`, and the old ones until `keeps_old_for` after that.

        Raises:
            CredentialRefused: the user is unknown, or the password is empty or has a character of `refuses`.
            TargetDown: the target is down.
        """
        with self._recorded_call("change_password", user, new):
            now, entries = present(), self._passwords_of(user)
            self._check_new_password(new, user)
            valid_from = later(now, self.applies_after)
            valid_until = later(valid_from, self.keeps_old_for)
            self._replaced.setdefault(user, set()).update(entry.value for entry in entries)
            # A password that would become valid after the new one is dropped.
            remaining = [
                replace(entry, valid_until=min(entry.valid_until, valid_until))
                for entry in entries
                if entry.valid_from <= valid_from
            ]
            self._users[user] = [*remaining, self._new_password(new, now)]

    def add_password(self, user: str, new: str) -> None:
        """
        Give a user an additional password, such as a second API key. It is valid after `applies_after`.

        A password that the user has already is kept, and no longer expires.

        Raises:
            CredentialRefused: the user is unknown or has `most_passwords` already, or the password is
                empty or has a character of `refuses`.
            TargetDown: the target is down.
        """
        with self._recorded_call("add_password", user, new):
            now, entries = present(), self._passwords_of(user)
            self._check_new_password(new, user)
            active_values = {entry.value for entry in entries if entry.is_unexpired(now)}
            if new in active_values:
                valid_from = min(
                    entry.valid_from for entry in entries if entry.value == new and entry.is_unexpired(now)
                )
                entries.append(_Password(new, valid_from))
                return
            if len(active_values) >= self._most_passwords:
                raise CredentialRefused(
                    f"{user!r} has {len(active_values)} of at most {self._most_passwords} passwords. Remove one with "
                    "remove_password() first."
                )
            entries.append(self._new_password(new, now))

    def remove_password(self, user: str, password: str) -> None:
        """
        Remove a password from a user at once. If the user does not have it, nothing happens.

        Raises:
            CredentialRefused: the user is unknown.
            TargetDown: the target is down.
        """
        with self._recorded_call("remove_password", user, password):
            _check_text("password", password)
            entries = self._passwords_of(user)
            removed = {entry.value for entry in entries if entry.value == password}
            self._replaced.setdefault(user, set()).update(removed)
            self._users[user] = [entry for entry in entries if entry.value not in removed]

    def create_user(self, user: str, password: str) -> None:
        """
        Add a user. The password is valid after `applies_after`.

        Raises:
            CredentialRefused: the user exists, or the password is empty or has a character of `refuses`.
            TargetDown: the target is down.
        """
        with self._recorded_call("create_user", user, password):
            _check_text("user", user)
            if user is None:
                raise CredentialRefused("The new user has no name. Give it one, such as 'app'.")
            if user in self._users:
                raise CredentialRefused(f"There is a user {user!r} already: change_password() is for it.")
            self._check_new_password(password, user)
            self._users[user] = [self._new_password(password, present())]

    def call(self, action: str) -> None:
        """
        Record any other action on the target, such as call("redeploy").

        Args:
            action: its name. Messages show it, so it must not contain a secret value.

        Raises:
            TargetDown: the target is down.
        """
        if not isinstance(action, str):
            raise FakeSecretsError(
                f"call() takes the name of an action, such as call('redeploy'), not an object of type {type(action).__name__}."
            )
        with self._recorded_call(action):
            self._actions.add(action)

    @contextmanager
    def _recorded_call(self, name: str, *arguments: str) -> Iterator[None]:
        """Record a call and notify the listeners, unless the block raises."""
        for observe in tuple(observers):
            observe(self)
        try:
            with ExitStack() as stack:
                for surround in tuple(self._surroundings):  # without the lock, too
                    stack.enter_context(surround(name, arguments))
                stack.enter_context(self._lock)
                if self.is_down:
                    raise TargetDown(self._message_on_down(name))
                yield
                self._calls.append(name)
                listeners = tuple(self.listeners)
        except (CredentialRefused, TargetDown) as error:
            for notify in tuple(self._rejection_listeners):
                notify(name, error)
            if state.active is not None:
                state.active.record_rejection_at_target(name, error)
            raise
        for listener in listeners:  # without the lock: a listener may wait for another thread
            listener(name)

    def _message_on_down(self, name: str) -> str:
        """With what a test can do. In a contract the target is down for a scenario, and the failure has the advice."""
        begins, ends, advice = TARGET_DOWN
        return f"{begins}{name}{ends}{'' if self._surroundings else advice}"

    def _passwords_of(self, user: str) -> list[_Password]:
        _check_text("user", user)
        if user not in self._users:
            names = ", ".join(map(repr, self._users)) or "no user"
            raise CredentialRefused(f"There is no user {user!r}; known is {names}. create_user() adds one.")
        return self._users[user]

    def _mismatch(self, value: object) -> str:
        """Describe why a value, a mapping or text, is not valid now, as the end of a sentence. It has no password."""
        with self._lock:
            pairs = list(credentials_in(value, [*self._users]))
            if not pairs:
                return f"no user and password of the target can be read from it: {self._unread(value)}"
            user, password = pairs[-1]
            if user not in self._users:
                known = ", ".join(map(repr, self._users)) or "no user"
                return f"the target has no user {user!r}, but {known}"
            if any(entry.value == password for entry in self._users[user]):
                return f"the target has this password of {user!r}, which is not valid now"
            return f"the target has another password for {user!r}"

    def _unread(self, value: object) -> str:
        """Why no user and password can be read from a value. It has the names of members, and no value."""
        if isinstance(value, str):
            with suppress(ValueError, RecursionError):
                value = json.loads(value)
        if not isinstance(value, Mapping):
            return f"text has no user, and the target has {', '.join(map(repr, self._users)) or 'no user'}"
        users, passwords = (
            listed(map(repr, names), "or") for names in (PREFERRED_USERS, PREFERRED_CREDENTIALS)
        )
        has = listed(map(repr, value), "and") or "no member"
        return f"the user is read from {users}, the password from {passwords}, and the value has {has}"

    def _check_new_password(self, new: str, user: str) -> None:
        _check_text("password", new)
        if not new:
            raise CredentialRefused(f"The new password of {user!r} is empty. Give it one of some length.")
        if any(character in self.refuses for character in new):
            raise CredentialRefused(
                f"The new password of {user!r} has a character that is rejected here: one of "
                f"{self.refuses!r}. Leave these out, with ExcludeCharacters where GetRandomPassword makes it."
            )

    def _new_password(self, password: str, now: datetime) -> _Password:
        """Return a new password. Without a delay it is valid at any time, like the initial ones."""
        return _Password(password, later(now, self.applies_after) if self.applies_after else FIRST)

    def _rejection_message(self, user: str, password: str, now: datetime) -> str:
        entries = [entry for entry in self._users[user] if entry.value == password]
        if start_times := [entry.valid_from for entry in entries if entry.valid_from > now]:
            return (
                f"The password of {user!r} is not valid yet: it will be at {utc(min(start_times))} UTC, and now it "
                f"is {utc(now)} UTC. Try again then."
            )
        if entries or password in self._replaced.get(user, ()):
            # A rotation function sets passwords: to read the secret again is for the applications that use them.
            advice = (
                "Read the secret again."
                if CURRENT_INVOCATION.get() is None
                else "Another one has replaced it."
            )
            return f"The password of {user!r} is not valid any more. {advice}"
        return f"The password of {user!r} is none that has been set here. Set it with change_password()."

    def _add_hint(self, error: CredentialRefused, user: str, password: str) -> None:
        """Add a hint where an application has read the secret, which still has a password that was replaced."""
        backend = state.active
        if backend is None or CURRENT_INVOCATION.get() is not None or not hasattr(error, "add_note"):
            return
        if password not in self._replaced.get(user, ()):
            return
        with ErrorsBecomeWarnings("the hint about a password"):
            for current, pending in backend.values_in_use():
                if (user, password) in credentials_in(current, [*self._users]):
                    is_set = pending is not None and self.accepts(pending)
                    error.add_note(_STILL_CURRENT if is_set else _STILL_IN_SECRET)
                    return


def _check_users(users: object) -> None:
    if not isinstance(users, Mapping):
        raise FakeSecretsError(
            "CredentialTarget takes a dict from the name of each user to its password, such as "
            f"CredentialTarget({{'app': 'old'}}), not an object of type {type(users).__name__}."
        )
    for user, password in users.items():
        if not isinstance(user, str) or not isinstance(password, str):
            wrong = ("name", user) if not isinstance(user, str) else ("password", password)
            raise FakeSecretsError(
                f"The {wrong[0]} of each user of a CredentialTarget is a string, and one is an object of type "
                f"{type(wrong[1]).__name__}. Write CredentialTarget({{'app': 'old'}})."
            )


def _check_text(argument: str, given: object) -> None:
    """
    Reject a user or a password that is not a string. None is rejected by the calls themselves, as a server does.

    Raises:
        FakeSecretsError: it is not a string. The message does not show it, since it may contain a secret value.
    """
    if given is not None and not isinstance(given, str):
        raise FakeSecretsError(
            f"The {argument} has to be a string, not an object of type {type(given).__name__}. Pass one member of the "
            "parsed secret, such as secret['password']."
        )
