"""A private PostgreSQL with PostGIS, for a machine on which nobody has given us a database.

    home/             `data/postgres`; a link to a directory under /var/lib where the server cannot enter our own
      cluster/        the files of the server, owned by the account that it runs as (never root: it refuses)
      cluster.json    port and passwords, mode 0600
      starting.lock   held by whoever starts or stops the server
      in-use.lock     held, shared, by all who use the server: the last one to leave stops it

Two ways lead in. The unix socket trusts everyone who reaches it, and lies in a directory that only the server's account
(and root) can enter: it is for the superuser. The loopback port wants a password and lets in the three roles only.
"""

import fcntl
import json
import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypedDict

import psycopg
from psycopg import sql

from geoportal.settings import DESK_ROLE, PARTICIPATION_ROLE, READ_ROLE, SENSORS_ROLE, Settings

OWNER = "geoportal"
DATABASE = "geoportal"
EXTENSIONS = ("postgis", "pg_trgm", "unaccent", "btree_gist")
PACKAGES = ("postgresql", "postgresql-postgis")  # of the version that the release of Debian has

_PROGRAMS = Path("/usr/lib/postgresql")  # Debian's places, by major version
_SHARED = Path("/usr/share/postgresql")
_OLDEST = 15
_SUPERUSER = "postgres"
# Not tempfile's choice: the path of a socket ends at 107 bytes, and every account can enter this one.
_SOCKETS = "/tmp/geoportal-"  # noqa: S108  (mkdtemp: a new directory of mode 0700 under a name nobody can foresee)
_PATIENCE = 120  # seconds; a server that was killed reads back its log before it answers
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "timezone": "Europe/Berlin",
}
_ROLES = (OWNER, READ_ROLE, DESK_ROLE, SENSORS_ROLE, PARTICIPATION_ROLE)
_CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_ACCESS = f"""\
local  all,replication  all                       trust
host   all  {",".join(_ROLES)}  127.0.0.1/32  scram-sha-256
"""
_ADVICE = (
    f"Kein PostgreSQL mit PostGIS gefunden. Bitte installieren: sudo apt-get install {' '.join(PACKAGES)} "
    "(oder GEOPORTAL_DATABASE_URL setzen). / No PostgreSQL with PostGIS found: run this command, or set "
    "GEOPORTAL_DATABASE_URL."
)


class ClusterError(Exception):
    """The private database server cannot be used; the message says why, German first."""


class _Account(TypedDict, total=False):
    """Whom the server runs as, in the words of `subprocess`; empty when that is who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class _Server:
    """A running server, as its own `postmaster.pid` describes it."""

    port: int
    sockets: Path


class Cluster:
    """The server whose home is `home`: a context manager that starts or joins it, and stops it when nobody is left.

    `durable=False` gives up safety against a crash for speed: for tests, whose data nobody would miss. `buffers`: MB of
    memory for tables, 128 where nobody says.
    """

    def __init__(self, home: Path, *, durable: bool = True, buffers: int = 128) -> None:
        self._given = home
        self._home = home
        self._settings = _SETTINGS | ({} if durable else _CARELESS) | {"shared_buffers": f"{buffers}MB"}
        self._account: _Account = {}
        self._programs = Path()
        self._in_use: IO[str] | None = None
        self._user = 0
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The owner's way in, a libpq URL."""
        return self.url_of(OWNER, DATABASE)

    @property
    def read_url(self) -> str:
        """The way in of the role that sees only what is public."""
        return self.url_of(READ_ROLE, DATABASE)

    def settings(self, others: Settings, database: str = DATABASE) -> Settings:
        """With the ways in of all roles; all else as in `others`."""
        return replace(
            others,
            database_url=self.url_of(OWNER, database),
            read_database_url=self.url_of(READ_ROLE, database),
            desk_database_url=self.url_of(DESK_ROLE, database),
            sensors_database_url=self.url_of(SENSORS_ROLE, database),
            participation_database_url=self.url_of(PARTICIPATION_ROLE, database),
        )

    def url_of(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self._running().port}/{database}"

    @property
    def is_running(self) -> bool:
        return self._server() is not None

    def superuser(self, database: str = "postgres") -> psycopg.Connection:
        """A connection in autocommit mode that may do everything; waits for a server that still recovers."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            server = self._running()
            try:
                return psycopg.connect(
                    host=str(server.sockets), port=server.port, user=_SUPERUSER, dbname=database, autocommit=True
                )
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"PostgreSQL antwortet nicht. / PostgreSQL does not answer.\n{error}") from error
                time.sleep(0.2)

    def start(self) -> None:
        """Returns when the server answers and has its roles, database and extensions. Raises ClusterError."""
        self._account = _account(self._given / "cluster")
        self._programs = _programs(self._given / "cluster")
        self._home = _place(self._given, self._account)
        with self._starting(), ExitStack() as undo:
            in_use = undo.enter_context(self._lock("in-use.lock", fcntl.LOCK_SH))
            if not self.is_running:
                undo.callback(self._halt)
                self._launch()
            self._provide()
            undo.pop_all()
            self._in_use, self._user = in_use, os.getpid()

    def stop(self) -> None:
        """Leaves the server; the last one to leave stops it and returns when its processes are gone.

        A forked child carries a copy of us and our lock on its stack: its end is not the end of our use.
        """
        if self._in_use is None or self._user != os.getpid():
            return
        with self._starting(), self._in_use:
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                self._in_use = None
            self._halt()

    @property
    def _files(self) -> Path:
        return self._home / "cluster"

    @property
    def _log(self) -> Path:
        return self._files / "server.log"

    def _lock(self, name: str, kind: int) -> IO[str]:
        file = (self._home / name).open("a")
        fcntl.flock(file, kind)
        return file

    @contextmanager
    def _starting(self) -> Iterator[None]:
        with self._lock("starting.lock", fcntl.LOCK_EX):
            yield

    def _postmaster(self) -> list[str]:
        """The lines of `postmaster.pid` while the server that wrote them lives; a killed one leaves the file behind."""
        try:
            lines = (self._files / "postmaster.pid").read_text("utf-8").splitlines()
            command = Path("/proc", *lines[:1], "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
        return lines if os.fsencode(self._files) in command else []

    def _server(self) -> _Server | None:
        match self._postmaster():
            case [_, _, _, port, sockets, *_] if sockets:
                return _Server(int(port), Path(sockets))
        return None

    def _running(self) -> _Server:
        if server := self._server():
            return server
        raise ClusterError(f"PostgreSQL läuft nicht. / PostgreSQL is not running.\n{self._tail()}")

    def _launch(self) -> None:
        if not self._files.exists():
            self._initialise()
        (self._files / "pg_hba.conf").write_text(_ACCESS, "ascii")
        self._forget_killed_server()
        for patience in (2, 5, 0):
            port = _free_port(self._remembered().get("port", 0))
            sockets = self._owned(Path(tempfile.mkdtemp(prefix=_SOCKETS)))
            settings = self._settings | {"port": str(port), "unix_socket_directories": str(sockets)}
            options = shlex.join(f"--{name}={value}" for name, value in settings.items())
            try:
                self._run("pg_ctl", "start", "-l", str(self._log), "-o", options)
            except ClusterError:
                # Somebody may have taken the port, or the children of a killed server may still hold its memory.
                _discard(sockets)
                if not patience:
                    raise
                time.sleep(patience)
            if self.is_running:
                return

    def _halt(self) -> None:
        if server := self._server():
            try:
                self._run("pg_ctl", "stop", "-m", "fast")
            except ClusterError:
                if self.is_running:  # and did not end by itself just now
                    raise
            _discard(server.sockets)

    def _initialise(self) -> None:
        """Writes the files of a new server; under another name first, so that half a set is never taken for a whole."""
        unfinished = self._home / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._owned(unfinished)
        # C.UTF-8 keeps indexes valid whatever libc comes later; German order is asked for where people read lists.
        self._run(
            "initdb", "--username", _SUPERUSER, "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--auth-local", "trust", "--auth-host", "scram-sha-256", "--data-checksums", files=unfinished,
        )  # fmt: skip
        unfinished.rename(self._files)

    def _forget_killed_server(self) -> None:
        """Clears what a killed server left in the way: its sockets, and a pid that by now belongs to somebody else."""
        pid_file = self._files / "postmaster.pid"
        if self._postmaster() or not pid_file.exists():
            return
        pid, *rest = pid_file.read_text("utf-8").splitlines() or [""]
        _discard(Path(rest[3] if len(rest) > 3 else ""))
        # PostgreSQL would take the other process for itself and refuse; pids soon come back in a container.
        if Path("/proc", pid).exists():
            pid_file.unlink()

    def _provide(self) -> None:
        """Roles, database and extensions, as far as they are missing; the passwords are set anew, unchanged."""
        remembered = self._remembered().get("passwords", {})
        self._passwords = {role: remembered.get(role) or secrets.token_urlsafe(24) for role in _ROLES}
        self._remember({"port": self._running().port, "passwords": self._passwords})
        owner, database = sql.Identifier(OWNER), sql.Identifier(DATABASE)
        with self.superuser() as connection:
            for role, password in self._passwords.items():
                if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
                change = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
                connection.execute(change.format(sql.Identifier(role), sql.Literal(password)))
            others = sql.SQL(", ").join(sql.Identifier(role) for role in _ROLES if role != OWNER)
            connection.execute(sql.SQL("GRANT {} TO {}").format(others, owner))
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        with self.superuser(DATABASE) as connection:
            for extension in EXTENSIONS:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))

    def _remembered(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self._home / "cluster.json").read_text("utf-8")))
        except (FileNotFoundError, json.JSONDecodeError):  # none yet, or we were killed while writing it
            return {}

    def _remember(self, state: dict[str, Any]) -> None:
        file = self._home / "cluster.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(state, indent=1), "utf-8")

    def _owned(self, path: Path) -> Path:
        """The path, now owned by the account of the server."""
        if self._account:
            os.chown(path, self._account["user"], self._account["group"])
        return path

    def _run(self, program: str, *arguments: str, files: Path | None = None) -> None:
        """Runs a program of PostgreSQL under the account of the server; raises ClusterError with what it said."""
        done = subprocess.run(  # noqa: S603  (a program of PostgreSQL, with arguments of our own)
            [self._programs / program, "-D", files or self._files, *arguments],
            # A session of its own: Ctrl-C is for us, and we end what is to be ended in order.
            **self._account,
            start_new_session=True,
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "PGCTLTIMEOUT": str(_PATIENCE)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise ClusterError(f"{program}: {done.stdout.strip()}\n{self._tail()}".rstrip())

    def _tail(self) -> str:
        """The last words of the server's log."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-10:]) if self._log.exists() else ""


def _account(files: Path) -> _Account:
    """The owner of existing files; for new ones `postgres` if we are root, and nobody else if we are not."""
    me, owner = os.geteuid(), files.stat().st_uid if files.exists() else None
    if me != 0:
        if owner not in (None, me):
            raise ClusterError(
                f"{files} gehört einem anderen Benutzer: als dieser oder als root starten. / "
                f"{files} belongs to another user: start as that user or as root."
            )
        return {}
    try:
        entry = pwd.getpwuid(owner) if owner is not None else pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError(_ADVICE) from None
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def _place(home: Path, account: _Account) -> Path:
    """Where the files lie: `home`, or what it links to. Where the account cannot enter it, it becomes such a link."""
    if home.is_symlink():
        place = home.resolve()
        place.mkdir(mode=0o711, exist_ok=True)
        return place
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    can_enter = subprocess.run(["/usr/bin/test", "-x", home], **account, cwd="/", check=False)  # noqa: S603
    if can_enter.returncode == 0:
        return home
    place = Path("/var/lib", f"geoportal-{sha256(os.fsencode(home)).hexdigest()[:12]}")
    place.mkdir(exist_ok=True)
    place.chmod(0o711)
    try:
        home.rmdir()
    except OSError as error:
        raise ClusterError(f"PostgreSQL kann {home} nicht betreten. / PostgreSQL cannot enter {home}.") from error
    home.symlink_to(place)
    return place


def _programs(files: Path) -> Path:
    """Where initdb and pg_ctl lie: those of the version that wrote `files`, else the newest that comes with PostGIS."""
    written = files / "PG_VERSION"
    installed = {
        int(programs.parent.name): programs
        for programs in _PROGRAMS.glob("[0-9]*/bin")
        if (programs / "initdb").exists() and (_SHARED / programs.parent.name / "extension/postgis.control").exists()
    }
    major = int(written.read_text("ascii")) if written.exists() else max(installed, default=0)
    if written.exists() and major not in installed:
        raise ClusterError(
            f"Diese Datenbank hat PostgreSQL {major} angelegt, das hier fehlt. Bitte postgresql-{major}-postgis-3 "
            "installieren oder ihren Ordner beiseitelegen: Dann entsteht eine neue. / This database is of PostgreSQL "
            f"{major}, which is missing: install postgresql-{major}-postgis-3, or move its folder aside."
        )
    if major < _OLDEST or major not in installed:
        raise ClusterError(_ADVICE)
    return installed[major]


def _free_port(wanted: int) -> int:
    """The wanted port of the loopback address if nobody listens there, else one that the system chooses."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ClusterError("Kein freier Port auf 127.0.0.1. / No free port on 127.0.0.1.")


def _discard(sockets: Path) -> None:
    if str(sockets).startswith(_SOCKETS):
        shutil.rmtree(sockets, ignore_errors=True)
