"""Names of calls at a target: the function, and the first words of the SQL statement, without values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The words with which a statement begins.
_VERBS = frozenset([
    "ALTER", "ANALYZE", "BEGIN", "CALL", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE",
    "DELETE", "DENY", "DESCRIBE", "DO", "DROP", "EXEC", "EXECUTE", "EXPLAIN", "FLUSH", "GRANT", "INSERT",
    "KILL", "LOCK", "MERGE", "PREPARE", "REASSIGN", "RELEASE", "RENAME", "REPLACE", "RESET", "REVOKE",
    "ROLLBACK", "SAVEPOINT", "SELECT", "SET", "SHOW", "START", "TRUNCATE", "UNLOCK", "UPDATE", "USE", "VALUES",
    "WITH",
])  # fmt: skip

#: The words that may follow, of which none is a name or a value.
_WORDS = frozenset([
    "ALL", "ANY", "BODY", "COLUMN", "CONCURRENTLY", "CONSTRAINT", "DATABASE", "DEFAULT", "EXISTS", "EXTENSION",
    "FOR", "FROM", "FUNCTION", "GLOBAL", "GRANTS", "GROUP", "HOSTS", "IF", "INDEX", "INSERT", "INTO", "LOCAL",
    "LOGIN", "MASTER", "MATERIALIZED", "NOT", "OBJECT", "ON", "OPTION", "OR", "OWNED", "OWNER", "PASSWORD",
    "PERSIST", "POLICY", "PRIVILEGES", "PROCEDURE", "PROFILE", "PUBLICATION", "REPLACE", "ROLE", "ROLES",
    "SCHEMA", "SELECT", "SEQUENCE", "SERVER", "SESSION", "SUBSCRIPTION", "SYSTEM", "TABLE", "TABLES", "TEMP",
    "TEMPORARY", "TRANSACTION", "TRIGGER", "TYPE", "UPDATE", "USAGE", "USER", "USERS", "VIEW", "WORK",
])  # fmt: skip

#: Statements that change nothing, or whose effect other statements have.
_READING = frozenset([
    "ANALYZE", "BEGIN", "COMMIT", "DECLARE", "DESCRIBE", "EXPLAIN", "FLUSH", "KILL", "LOCK", "PREPARE",
    "RELEASE", "RESET", "ROLLBACK", "SAVEPOINT", "SELECT", "SET", "SHOW", "START", "UNLOCK", "USE", "VALUES",
    "WITH",
])  # fmt: skip

#: Statements of data. They need a COMMIT in every database, and those of system tables a FLUSH.
_DATA_CHANGES = frozenset({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"})

#: Statements that concern one session, which ends when Lambda kills the function; and functions that only end one.
_OF_A_SESSION = frozenset(
    {"BEGIN", "DEALLOCATE", "PREPARE", "RELEASE", "RESET", "SAVEPOINT", "START", "UNLOCK", "USE"}
)
ENDING_NAMES = frozenset({"__exit__", "close", "disconnect", "logout", "quit", "rollback", "unbind"})

#: Words in the names of functions that probably change nothing, or of which the name says nothing.
_READING_NAMES = frozenset([
    "authenticate", "bind", "check", "close", "commit", "connect", "connection", "describe", "execute",
    "exists", "fetch", "fetchall", "fetchone", "find", "get", "head", "list", "log", "login", "login_user",
    "logon", "lookup", "open", "options", "perform", "ping", "query", "read", "request", "rollback", "run",
    "search", "select", "send", "send_request", "test", "validate", "verify", "whoami",
])  # fmt: skip

#: Statements with SET that have an effect on more than a session.
_SETTINGS_THAT_LAST = ("SET PASSWORD", "SET DEFAULT ROLE", "SET GLOBAL", "SET PERSIST")

#: Words in the names of functions that read data, and take no credential.
_QUERY_NAMES = frozenset([
    "describe", "exists", "fetch", "fetchall", "fetchone", "find", "list", "lookup", "read", "search", "select",
])  # fmt: skip

_STATEMENT_ARGUMENTS = frozenset({"command", "operation", "query", "sql", "statement", "stmt"})

_COMMENT = re.compile(r"\s*(--[^\n]*(\n|$)|/\*.*?\*/|#[^\n]*(\n|$))", re.DOTALL)
_WORD = re.compile(r"[\s(]*([A-Za-z]+)(?![\w.$@\"'`-])")

#: In the place of a part of a statement whose text is not known.
_PLACEHOLDER = " ? "


def call_name(function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """
    Name a call: "Connection.execute CREATE USER" if an argument is a statement, else "Connection.execute".

    Args:
        function: the name of the function.
        arguments, keywords: its arguments, of which the first text is the statement, if it is one.
    """
    candidates = [*arguments, *(value for name, value in keywords.items() if name in _STATEMENT_ARGUMENTS)]
    statement = next(filter(None, map(_text_of, candidates)), "")
    return f"{function} {first_words(statement)}".rstrip()


def first_words(statement: str) -> str:
    """Return the keywords with which an SQL statement begins, in capitals: "" if it is not a statement."""
    while (comment := _COMMENT.match(statement)) is not None:
        statement = statement[comment.end() :]
    words: list[str] = []
    place = 0
    while (match := _WORD.match(statement, place)) is not None:
        word = match[1].upper()
        if word not in (_WORDS if words else _VERBS):
            break
        words.append(word)
        place = match.end()
    return " ".join(words)


def is_change(name: str) -> bool:
    """Whether a call at the target, by its name, changes something that another call does not repeat."""
    function, _, statement = name.partition(" ")
    if statement:
        return statement.startswith(_SETTINGS_THAT_LAST) or statement.split()[0] not in _READING
    return _verb(function) not in _READING_NAMES and not function.endswith(".__init__")


def _verb(function: str) -> str:
    """The first word in the name of a function, in small letters."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", function.rpartition(".")[2]).lower())
    return words[0] if words else ""


def may_be_a_login(name: str) -> bool:
    """Whether a call, by its name, may be a login, or a request with a credential that another one may replace."""
    return not is_change(name) and " " not in name and _verb(name) not in _QUERY_NAMES


def is_change_of_data(name: str) -> bool:
    """Whether a call, by its name, is a statement that changes rows, which a COMMIT has to follow."""
    return name.partition(" ")[2].partition(" ")[0] in _DATA_CHANGES


def is_of_a_session(name: str) -> bool:
    """Whether a call, by its name, only concerns its session: a function that was killed need not make it again."""
    function, _, statement = name.partition(" ")
    if statement:
        verb = statement.split()[0]
        return verb in {*_OF_A_SESSION, "ROLLBACK"} or (verb == "SET" and not is_change(name))
    return function.rpartition(".")[2] in ENDING_NAMES


def is_flush(name: str) -> bool:
    """Whether a call, by its name, is FLUSH, which no server needs after a statement for users and grants."""
    return name.partition(" ")[2].startswith("FLUSH")


def is_query_or_commit(name: str) -> bool:
    """Whether a call, by its name, is a statement that changes nothing, or ends a transaction."""
    return not is_change(name) if " " in name else is_commit(name)


def is_commit(name: str) -> bool:
    """Whether a call, by its name, commits a transaction."""
    function, _, statement = name.partition(" ")
    return statement.startswith("COMMIT") if statement else function.rpartition(".")[2] == "commit"


def is_statement(argument: object) -> bool:
    """Whether an argument is an object of a driver that has the text of a statement."""
    return bool(_text_of(argument))


def _text_of(argument: object) -> str:
    """Return the text of a statement, with a placeholder for each value; "" for anything else."""
    if isinstance(argument, str):
        return argument
    if isinstance(argument, bytes):
        return argument.decode("utf-8", "replace")
    kind = type(argument).__name__
    if kind == "SQL":  # of psycopg, and of psycopg2
        return _attribute(argument, "_obj", "_wrapped", "string")
    if kind == "Composed":
        return "".join(_text_of(part) or _PLACEHOLDER for part in _parts(argument))
    return _attribute(argument, "text")  # of SQLAlchemy


def _attribute(argument: object, *names: str) -> str:
    return next((found for name in names if isinstance(found := getattr(argument, name, None), str)), "")


def _parts(composed: Any) -> Iterable[Any]:
    return composed if isinstance(composed, Iterable) else ()
