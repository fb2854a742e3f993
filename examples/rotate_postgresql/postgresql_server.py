"""A PostgreSQL server for one session of tests, of the binaries that are installed."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from typing_extensions import LiteralString, Self

#: Safety of the data, which takes time, is off, and there are no sockets beside the one of the loopback.
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: of the newest version that Debian has installed, else of the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda found: int(found.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgreSQLServer:
    """
    Runs on a free port of 127.0.0.1 while it is a context, with its data in a folder of its own.

    PostgreSQL refuses to run as root: there its processes are of the user `postgres`, whom Debian's package
    creates.
    """

    host = "127.0.0.1"

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._owner = "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
        self._password = secrets.token_urlsafe()
        self.port = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Not one of pytest's folders: those of root are closed to other users.
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="fakesecrets-postgresql-")))
            (self._folder / "password").write_text(self._password, encoding="utf-8")
            if self._owner:
                for path in (self._folder, self._folder / "password"):
                    shutil.chown(path, self._owner, self._owner)
            self._run(
                "initdb", "--username=postgres", "--pwfile=password", "--auth=scram-sha-256", "--no-sync",
                "--locale=C", "--encoding=UTF8", "--wal-segsize=1", "--pgdata=data",
            )  # fmt: skip
            self._start()
            stack.callback(self._run, "pg_ctl", "stop", "--pgdata=data", "--mode=immediate")
            self._admin = stack.enter_context(
                closing(self.log_in("postgres", self._password, autocommit=True))
            )
            self._end = stack.pop_all().close
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def log_in(self, user: str, password: str, **options: Any) -> psycopg.Connection:
        """A new connection; psycopg.OperationalError if the server refuses it."""
        return psycopg.connect(
            host=self.host, port=self.port, dbname="postgres", user=user, password=password, **options
        )

    def accepts(self, user: str, password: str) -> bool:
        """Whether a role can log in with a password now."""
        try:
            self.log_in(user, password).close()
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: LiteralString, *literals: str) -> None:
        """Run statements as superuser, each {} in them being one of the literals."""
        self._admin.execute(sql.SQL(statement).format(*map(sql.Literal, literals)))

    def reset(self, *, app: str, master: str) -> None:
        """Bring the roles to where every test begins: their passwords, and a table that `app` may read."""
        self.execute("DROP TABLE IF EXISTS notes; DROP ROLE IF EXISTS app, app_clone, master")
        self.execute("CREATE ROLE master LOGIN CREATEROLE PASSWORD {}", master)
        # Created by the master, or it could not change it: since PostgreSQL 16 CREATEROLE alone is not enough.
        self.execute("SET ROLE master; CREATE ROLE app LOGIN PASSWORD {}; RESET ROLE", app)
        self.execute("CREATE TABLE notes AS SELECT 'hello' AS note; GRANT SELECT ON notes TO app")

    def rights(self) -> dict[str, Any]:
        """What the roles of the tests may do: whether they log in, the roles that they are members of, and their grants."""
        rows = self._admin.execute(
            """
            SELECT role.rolname, role.rolcanlogin,
                ARRAY(SELECT of.rolname::text FROM pg_auth_members JOIN pg_roles AS of ON of.oid = roleid
                      WHERE member = role.oid ORDER BY 1),
                ARRAY(SELECT privilege_type::text || ' on ' || table_name FROM information_schema.role_table_grants
                      WHERE grantee = role.rolname ORDER BY 1)
            FROM pg_roles AS role WHERE role.rolname IN ('app', 'app_clone', 'master')
            """
        )
        return {
            name: {"logs in": can_log_in, "member of": members, "grants": grants}
            for name, can_log_in, members, grants in rows
        }

    def value(self, user: str, password: str, **more: str) -> dict[str, Any]:
        """What a secret of this server looks like."""
        place = {"engine": "postgres", "host": self.host, "port": self.port, "dbname": "postgres"}
        return {**place, "username": user, "password": password, **more}

    def _start(self) -> None:
        """Start on a free port; another process may take it in between, and then another port is tried."""
        for last in (False, False, True):
            with socket.socket() as free:
                free.bind((self.host, 0))
                self.port = free.getsockname()[1]
            options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"port={self.port}"))
            try:
                self._run("pg_ctl", "start", "--pgdata=data", "--log=log", "--wait", f"--options={options}")
            except RuntimeError:
                if last:
                    raise
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs in the server's folder; RuntimeError with its words if it fails."""
        done = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._folder,
            env={**os.environ, "LC_ALL": "C"},
            user=self._owner,
            group=self._owner,
            extra_groups=[] if self._owner else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            log = self._folder / "log"
            logged = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise RuntimeError(f"{program} failed.\n{done.stdout}{done.stderr}{logged}")
