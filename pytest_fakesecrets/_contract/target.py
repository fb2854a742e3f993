"""The other side of a secret: a database or a service that its credentials open, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from pytest_fakesecrets._core.credential import credentials_in
from pytest_fakesecrets._core.errors import CredentialRefused, FakeSecretsError, TargetDown
from pytest_fakesecrets._core.formatting import utc
from pytest_fakesecrets._core.moments import FIRST, LAST, check_delay, later
from pytest_fakesecrets._core.public import public
from pytest_fakesecrets._service.clock import present


@dataclass(frozen=True, slots=True)
class _Password:
    value: str = field(repr=False)
    #: The bounds of what is valid whatever the clock says: it may be moved back.
    since: datetime = FIRST
    until: datetime = LAST

    def is_valid(self, now: datetime) -> bool:
        return self.since <= now and self.lasts(now)

    def lasts(self, now: datetime) -> bool:
        return now < self.until or self.until == LAST


@public
class CredentialTarget:
    """
    What a secret's credentials open: a stand-in for the database or the service in a test.

    It needs no fake. Its time is that of the process, frozen or not. It may be used from any thread.

    Attributes:
        is_down: while it is true, every call raises `TargetDown` before it does anything.
        applies_after: how long it takes from now on until a new password is accepted, at most 1000 days.
        keeps_old_for: for how long after that a password is still accepted that was replaced, at most 1000 days.
        refuses: the characters that no new password may contain.
        listeners: called with the name of each call that has completed. What they raise comes out of
            the call: as if its caller had died after it, before the next line.
    """

    #: It stands for another machine: a function that starts cold finds it as it was.
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
            users: who is known from the start, each with a password, valid whatever the clock says.
            most_passwords: how many passwords `add_password` lets one user have at the same time.

        Raises:
            FakeSecretsError: a delay is negative or too long, or no user could have a password.
        """
        if type(most_passwords) is not int or most_passwords < 1:
            raise FakeSecretsError(f"most_passwords has to be a number from 1 on, not {most_passwords!r}.")
        self.listeners: list[Callable[[str], None]] = []
        self._most_passwords = most_passwords
        self._made = dict(users), refuses, applies_after, keeps_old_for
        self._lock = RLock()
        self.reset()

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("applies_after", "keeps_old_for"):
            check_delay(name, value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        known, down = len(self._users), ", down" if self.is_down else ""
        return f"<CredentialTarget with {known} user{'' if known == 1 else 's'}{down}>"

    def reset(self) -> None:
        """Make it what it was at first: users, passwords, settings, no calls, up. The listeners stay."""
        with self._lock:
            users, self.refuses, self.applies_after, self.keeps_old_for = self._made
            self.is_down = False
            self._users: dict[str, list[_Password]] = {
                user: [_Password(password)] for user, password in users.items()
            }
            #: What each user's passwords were before, so that a refusal can tell that they are replaced.
            self._former: dict[str, set[str]] = {}
            self._calls: list[str] = []
            self._actions: set[str] = set()

    @property
    def users(self) -> tuple[str, ...]:
        """The names of the users, in the order in which they came."""
        with self._lock:
            return tuple(self._users)

    @property
    def calls(self) -> tuple[str, ...]:
        """The names of the calls that have completed, oldest first: "log_in", and what `call` was given."""
        with self._lock:
            return tuple(self._calls)

    def passwords(self, user: str) -> int:
        """How many passwords of a user are valid now; none of a user who is not known."""
        with self._lock:
            now = present()
            return len({held.value for held in self._users.get(user, ()) if held.is_valid(now)})

    def state(self) -> dict[str, object]:
        """What can be compared with another state, without a value: users, passwords of each, actions."""
        with self._lock:
            users = {user: self.passwords(user) for user in self._users}
            return {"users": users, "actions": frozenset(self._actions)}

    def accepts(self, value: object) -> bool:
        """
        Whether a credential is valid now. It never raises and is no call, so `is_down` has no say.

        Args:
            value: a mapping, or JSON text of one, as a secret holds it: the user under "username",
                "user" or "client_id", the password under "password", "api_key", "secret" or "token". The first of
                each that is there counts; where there is none, a member that is named like one, such as "clientId"
                or "accessToken". Where there is one user, the user may be left out, and text may be the password
                alone.
        """
        with self._lock:
            now = present()
            return any(
                held.is_valid(now) and held.value == password
                for user, password in credentials_in(value, [*self._users])
                for held in self._users.get(user, ())
            )

    def log_in(self, user: str, password: str) -> None:
        """
        Log in, as an application or testSecret does.

        Raises:
            CredentialRefused: the user is not known, or the password not valid, yet or any more.
            TargetDown: the target is down.
        """
        with self._completing("log_in"):
            now, held = present(), self._known(user)
            if not any(each.is_valid(now) and each.value == password for each in held):
                raise CredentialRefused(self._refusal(user, password, now))

    def change_password(self, user: str, new: str) -> None:
        """
        Put a password in the place of all that a user has.

        It is valid after `applies_after`, and those before it until `keeps_old_for` after that.

        Raises:
            CredentialRefused: the user is not known, or the password is empty or has a refused character.
            TargetDown: the target is down.
        """
        with self._completing("change_password"):
            now, held = present(), self._known(user)
            self._check(new, user)
            since = later(now, self.applies_after)
            until = later(since, self.keeps_old_for)
            self._former.setdefault(user, set()).update(each.value for each in held)
            # One that was to begin after this one does not begin at all.
            kept = [replace(each, until=min(each.until, until)) for each in held if each.since <= since]
            self._users[user] = [*kept, self._begun(new, now)]

    def add_password(self, user: str, new: str) -> None:
        """
        Give a user one more password, beside the others: an API key. It is valid after `applies_after`.

        One that is there already stays as it is; where it was about to end, it does so no more.

        Raises:
            CredentialRefused: the user is not known or has `most_passwords` already, or the password
                is empty or has a refused character.
            TargetDown: the target is down.
        """
        with self._completing("add_password"):
            now, held = present(), self._known(user)
            self._check(new, user)
            taken = {each.value for each in held if each.lasts(now)}
            if new in taken:
                since = min(each.since for each in held if each.value == new and each.lasts(now))
                held.append(_Password(new, since))
                return
            if len(taken) >= self._most_passwords:
                raise CredentialRefused(
                    f"{user!r} has {len(taken)} of at most {self._most_passwords} passwords. Remove one with "
                    "remove_password() first."
                )
            held.append(self._begun(new, now))

    def remove_password(self, user: str, password: str) -> None:
        """
        Take a password from a user, at once. One that is not there is fine.

        Raises:
            CredentialRefused: the user is not known.
            TargetDown: the target is down.
        """
        with self._completing("remove_password"):
            held = self._known(user)
            gone = {each.value for each in held if each.value == password}
            self._former.setdefault(user, set()).update(gone)
            self._users[user] = [each for each in held if each.value not in gone]

    def create_user(self, user: str, password: str) -> None:
        """
        Add a user. The password is valid after `applies_after`.

        Raises:
            CredentialRefused: the user exists, or the password is empty or has a refused character.
            TargetDown: the target is down.
        """
        with self._completing("create_user"):
            if user in self._users:
                raise CredentialRefused(f"There is a user {user!r} already: change_password() is for it.")
            self._check(password, user)
            self._users[user] = [self._begun(password, present())]

    def call(self, action: str) -> None:
        """
        Do anything else there, which is recorded: call("redeploy").

        Args:
            action: its name, which is shown: never a value.

        Raises:
            TargetDown: the target is down.
        """
        with self._completing(action):
            self._actions.add(action)

    @contextmanager
    def _completing(self, name: str) -> Iterator[None]:
        """Around what a call does: it is recorded and told when it has not raised."""
        with self._lock:
            if self.is_down:
                raise TargetDown(f"The target is down, so {name} did nothing. Set is_down to False.")
            yield
            self._calls.append(name)
            listeners = tuple(self.listeners)
        for listener in listeners:  # without the lock, for they may wait for another thread
            listener(name)

    def _known(self, user: str) -> list[_Password]:
        if user not in self._users:
            known = ", ".join(map(repr, self._users)) or "nobody"
            raise CredentialRefused(f"There is no user {user!r}; known is {known}. create_user() adds one.")
        return self._users[user]

    def _check(self, new: str, user: str) -> None:
        if not new:
            raise CredentialRefused(f"The new password of {user!r} is empty. Give it one of some length.")
        if any(character in self.refuses for character in new):
            raise CredentialRefused(
                f"The new password of {user!r} has a character that is refused here: one of "
                f"{self.refuses!r}. Leave these out, with ExcludeCharacters where GetRandomPassword makes it."
            )

    def _begun(self, password: str, now: datetime) -> _Password:
        """Without a delay it is valid whatever the clock says, as the first ones are."""
        return _Password(password, later(now, self.applies_after) if self.applies_after else FIRST)

    def _refusal(self, user: str, password: str, now: datetime) -> str:
        held = [each for each in self._users[user] if each.value == password]
        if coming := [each.since for each in held if each.since > now]:
            return (
                f"The password of {user!r} is not valid yet: it will be at {utc(min(coming))} UTC, and now it "
                f"is {utc(now)} UTC. Try again then."
            )
        if held or password in self._former.get(user, ()):
            return f"The password of {user!r} is not valid any more. Read the secret again."
        return f"The password of {user!r} is none that has been set here. Set it with change_password()."
