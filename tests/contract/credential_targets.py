"""
What the rotation functions of the contract's tests change passwords at.

They live apart from the functions, as databases do: a cold start loads a function's module again, and
must not find a new database there.
"""

from __future__ import annotations

from pytest_fakesecrets import CredentialTarget

#: What the functions exclude from passwords, and what the databases refuse.
UNUSABLE = "/@\"'\\"

DATABASE = CredentialTarget({"app": "old-password"}, refuses=UNUSABLE)

CLUSTER = CredentialTarget({"admin": "master-password", "app": "old-password"}, refuses=UNUSABLE)

SERVICE = CredentialTarget({"weather": "first-key"}, most_passwords=2)

#: A service whose API makes the keys. It keeps those that are not removed.
MINT = CredentialTarget({"weather": "first-key"}, most_passwords=9)


class Connection:
    """A connection to DATABASE, as a driver has it: its calls are made of those of the target."""

    def __init__(self, value):
        DATABASE.log_in(value["username"], value["password"])

    def execute(self, statement, user, password):
        DATABASE.change_password(user, password)

    def close(self):
        DATABASE.call("close")


class SqlServer:
    """A database whose users have grants, changed by statements that take effect at once, as MySQL's do."""

    def __init__(self):
        self.reset()

    def reset(self):
        self._passwords = {"app": "old-password"}
        self._grants = {"app": {"orders", "customers"}}

    def execute(self, statement):
        """Run "CREATE USER u PASSWORD p", "ALTER USER u PASSWORD p", "DROP USER u" or "GRANT SELECT ON t TO u"."""
        words = statement.split()
        if words[0] == "GRANT":
            self._grants.setdefault(words[5], set()).add(words[3])
        elif words[0] == "DROP":
            del self._passwords[words[2]]
            self._grants.pop(words[2], None)
        else:
            self._passwords[words[2]] = words[4]

    def accepts(self, user, password):
        return self._passwords.get(user) == password

    def has(self, user):
        return user in self._passwords

    def grants(self):
        return {user: frozenset(self._grants.get(user, ())) for user in self._passwords}


SQL_SERVER = SqlServer()
