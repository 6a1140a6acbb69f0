"""What is to be on a machine that runs the portal, in the order in which it can be brought about."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from geoportal.database.cluster import DATABASE, EXTENSIONS, OWNER, PACKAGES
from geoportal.installing.steps import (
    Absent,
    Account,
    Command,
    File,
    Folder,
    InstallError,
    Link,
    Machine,
    Packages,
    Step,
    kept_secrets,
)
from geoportal.settings import DESK_ROLE, PARTICIPATION_ROLE, READ_ROLE, SENSORS_ROLE
from geoportal.timetable import BASE, PERIODIC

ETC: Final = Path("/etc/geoportal")
UNITS: Final = Path("/etc/systemd/system")
NGINX: Final = Path("/etc/nginx")
SERVICES: Final = (
    "geoportal-web.service",
    "geoportal-work.service",
    "geoportal-watch.service",
    "geoportal-sensors.service",
)
PROGRAMS: Final = (
    *("nginx-light", "bubblewrap", "openssl", "curl", "logrotate"),
    *("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
)
_ROLES: Final = {
    OWNER: "OWNER_PASSWORD",
    READ_ROLE: "READ_PASSWORD",
    DESK_ROLE: "DESK_PASSWORD",
    SENSORS_ROLE: "SENSORS_PASSWORD",
    PARTICIPATION_ROLE: "PARTICIPATION_PASSWORD",
}
_ROLE: Final = """
    SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
    ALTER ROLE :"role" LOGIN PASSWORD :'password' CONNECTION LIMIT 40;
"""
_PORT: Final = "5432"  # of the addresses that we write


@dataclass(frozen=True, slots=True)
class Place:
    """Where the portal is to run. `program` is the link to the release that runs; `release` is what it leads to.

    Without a certificate the machine makes one for itself, which browsers warn of: for trials. `logs`: where the
    journal is sent, over TLS in which both sides show a certificate. `door`: where nginx finds the web server.
    """

    domain: str
    release: Path
    certificate: Path | None = None
    key: Path | None = None
    program: Path = Path("/opt/geoportal/current")
    data: Path = Path("/var/lib/geoportal")
    backups: Path = Path("/var/backups/geoportal")
    wal: Path = Path("/var/backups/geoportal-wal")
    base: Path = Path("/var/backups/geoportal-base")
    logs: str | None = None
    door: str = "unix:/run/geoportal-web.sock"


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL that our addresses lead to, as Debian names it: `/etc/postgresql/<version>/<name>`."""

    version: str
    name: str

    @property
    def configuration(self) -> Path:
        return Path("/etc/postgresql", self.version, self.name, "conf.d/geoportal.conf")


class _Texts:
    """The files of `templates/`, filled in for one place."""

    def __init__(self, place: Place) -> None:
        # systemd and nginx know no HTML; what is filled in are paths and a domain, checked where they come in
        self._templates = Environment(  # noqa: S701
            loader=PackageLoader("geoportal.installing"), undefined=StrictUndefined, keep_trailing_newline=True
        )
        self._values: Mapping[str, object] = {
            "domain": place.domain,
            "program": place.program,
            "data": place.data,
            "backups": place.backups,
            "wal": place.wal,
            "base": place.base,
            "logs": place.logs,
            "door": place.door,
            "etc": ETC,
            "certificate": place.certificate or ETC / "tls.crt",
            "key": place.key or ETC / "tls.key",
            "shared_buffers": database_buffers(),
            "cache": _memory() // 2,
            "cache_gb": 5,
            "hardening": self._templates.get_template("_hardening.j2").render(),
        }

    def render(self, name: str, more: Mapping[str, object] | None = None) -> str:
        return self._templates.get_template(name).render({**self._values, **(more or {})})


def database_buffers() -> int:
    """MB of this machine's memory that its database keeps tables in."""
    return min(_memory() // 4, 8192)


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2


def steps_for(place: Place) -> Iterator[Step]:
    """Raises InstallError when the release cannot run as a service."""
    _require_readable(place.release)
    texts = _Texts(place)
    yield Packages((*PACKAGES, *PROGRAMS))
    yield Account("geoportal", place.data)
    yield Account("geoportal-web", place.data, also=("geoportal",))
    yield Folder(place.data, "geoportal", "geoportal", 0o2770)
    yield Folder(place.data / "archive", "geoportal", "geoportal", 0o2770)
    yield Folder(place.backups, "geoportal", "geoportal", 0o2750)
    yield Folder(place.wal, "postgres", "postgres", 0o700)
    yield Folder(place.base, "postgres", "postgres", 0o700)
    yield Folder(ETC, "root", "root", 0o755)
    yield Link(place.program, place.release)
    yield from _database(texts)
    yield File(Path("/usr/local/lib/geoportal/base-backup"), texts.render("base-backup.sh"), 0o755)
    yield from _filled(texts)
    yield from _services(place)
    yield from _nginx(place, texts)
    if place.logs is not None:
        yield from _logs(texts)


def database_steps(place: Place) -> Iterator[Step]:
    """What a release needs of PostgreSQL before it can migrate: roles, extensions, and their secrets in files."""
    yield from _database(_Texts(place))


def nginx_site(place: Place) -> str:
    """The configuration of nginx for the portal."""
    return _Texts(place).render("nginx.conf")


def finishing(machine: Machine, place: Place) -> None:
    """Starts what is not running, restarts what has changed, and has nginx read its files. Needs systemd."""
    for unit in (*SERVICES, *(f"geoportal-{name}.timer" for name in ("base", *PERIODIC))):
        machine.run("systemctl", "enable", "--now", unit)
    if machine.changed:
        machine.run("systemctl", "restart", *SERVICES)
        machine.run("systemctl", "reload-or-restart", "nginx")
    machine.run(
        "curl", "--fail", "--silent", "--show-error", "--insecure", "--retry", "20", "--retry-all-errors",
        "--resolve", f"{place.domain}:443:127.0.0.1", f"https://{place.domain}/readyz",
    )  # fmt: skip


def _require_readable(release: Path) -> None:
    python = release / ".venv/bin/python"
    if not python.exists():
        raise InstallError(f"{release}: erst `make production` / run `make production` there first")
    for hidden in (Path("/root"), Path("/home")):
        if hidden in python.resolve().parents or hidden in release.resolve().parents:
            raise InstallError(
                f"{python.resolve()} liegt unter {hidden}, das die Dienste nicht sehen dürfen (ProtectHome). Python "
                "und Programm gehören nach /opt. / Python and the program belong below /opt."
            )


def _database(texts: _Texts) -> Iterator[Step]:
    secrets = kept_secrets(ETC / "secrets.env", list(_ROLES.values()))
    yield File(ETC / "secrets.env", "".join(f"{name}={value}\n" for name, value in secrets.items()), 0o600)
    server = _server(Machine())
    # `make demo` has the packages make none
    create = ("pg_createcluster", "--port", _PORT, "--start", server.version, server.name)
    exists = ("test", "-d", str(server.configuration.parents[1]))
    yield Command(f"PostgreSQL {server.version}, {server.name}", create, unless=exists)
    configuration = server.configuration
    yield File(configuration, texts.render("postgresql.conf"), owner="postgres", group="postgres")
    yield Command(
        "PostgreSQL mit den neuen Werten starten",
        ("pg_ctlcluster", server.version, server.name, "restart"),
        unless=_is_true("SELECT 1 WHERE current_setting('archive_mode') = 'on'"),
        after=(configuration,),
    )
    for role, name in _ROLES.items():
        yield Command(
            f"Rolle {role}",
            _psql("postgres", role=role),
            unless=_is_true("SELECT 1 FROM pg_roles WHERE rolname = :'role' AND rolcanlogin", role=role),
            after=(ETC / "secrets.env",),
            # over standard input: arguments can be read by everybody on the machine
            given=f"\\set password '{secrets[name]}'\n{_ROLE}",
        )
    for role in (READ_ROLE, DESK_ROLE, SENSORS_ROLE, PARTICIPATION_ROLE):
        names = {"owner": OWNER, "role": role}
        yield Command(
            f"Rolle {role} für den Besitzer",
            _psql("postgres", **names),
            unless=_is_true("SELECT 1 WHERE pg_has_role(:'owner', :'role', 'MEMBER')", **names),
            given='GRANT :"role" TO :"owner"',
        )
    # the second one is for drills: a backup is restored there and compared
    for database in (DATABASE, f"{DATABASE}_drill"):
        names = {"name": database, "owner": OWNER}
        yield Command(
            f"Datenbank {database}",
            _psql("postgres", **names),
            unless=_is_true("SELECT 1 FROM pg_database WHERE datname = :'name'", **names),
            given="""CREATE DATABASE :"name" OWNER :"owner" ENCODING 'UTF8' TEMPLATE template0""",
        )
        for extension in EXTENSIONS:
            yield Command(
                f"Erweiterung {extension} in {database}",
                _psql(database, name=extension),
                unless=_is_true("SELECT 1 FROM pg_extension WHERE extname = :'name'", database, name=extension),
                given='CREATE EXTENSION :"name"',
            )
    urls = {role: f"postgresql://{role}:{secrets[name]}@127.0.0.1/{DATABASE}" for role, name in _ROLES.items()}
    yield File(ETC / "common.env", texts.render("common.env"))
    yield File(ETC / "owner.env", f"GEOPORTAL_DATABASE_URL={urls[OWNER]}\n", 0o600)
    sensors = f"GEOPORTAL_SENSORS_DATABASE_URL={urls[SENSORS_ROLE]}\n"
    statements = f"GEOPORTAL_PARTICIPATION_DATABASE_URL={urls[PARTICIPATION_ROLE]}\n"
    web = f"GEOPORTAL_READ_DATABASE_URL={urls[READ_ROLE]}\nGEOPORTAL_DESK_DATABASE_URL={urls[DESK_ROLE]}\n{sensors}"
    web += statements
    yield File(ETC / "web.env", web, 0o600)
    yield File(ETC / "sensors.env", sensors, 0o600)


def _server(machine: Machine) -> Server:
    """The one that there is, even when Debian has a newer one by now; else the one that Debian would bring."""
    clusters = machine.run("pg_lsclusters", "--no-header") if machine.succeeds("pg_lsclusters") else ""
    if standing := listening(clusters):
        return standing
    shown = machine.run("apt-cache", "show", "--no-all-versions", "postgresql")
    if not (found := re.search(r"^Version: (\d+)", shown, re.MULTILINE)):
        raise InstallError("apt kennt kein Paket postgresql. / apt knows no package postgresql.")
    return Server(found[1], "main")


def listening(clusters: str) -> Server | None:
    """Of those that pg_lsclusters lists the one at our port: after a new release of Debian there may be two."""
    for version, name, port, *_ in map(str.split, clusters.splitlines()):
        if port == _PORT:
            return Server(version, name)
    return None


def _filled(texts: _Texts) -> Iterator[Step]:
    yield File(Path("/usr/local/bin/geoportal"), texts.render("geoportal.sh"), 0o755)
    geoportal = "/usr/local/bin/geoportal"
    yield Command("Schema", (geoportal, "migrate"), unless=(geoportal, "check"))
    # a source that is missing is told by `geoportal check` and on the operators' page; it does not stop the rest
    sync = ("sh", "-c", f"{geoportal} layers sync || true")
    yield Command("Layer", sync, unless=(geoportal, "check"))


def unit_files(place: Place) -> Iterator[File]:
    """What systemd is told: the door, the services, and what runs now and then."""
    texts = _Texts(place)
    for name in ("geoportal-web.socket", *SERVICES):
        yield File(UNITS / name, texts.render(name))
    yield File(UNITS / "geoportal-base.service", texts.render("geoportal-base.service"))
    for name, task in {"base": BASE, **PERIODIC}.items():
        values = {"task": task}
        if task is not BASE:
            yield File(UNITS / f"geoportal-{name}.service", texts.render("periodic.service", values))
        yield File(UNITS / f"geoportal-{name}.timer", texts.render("periodic.timer", values))


def _services(place: Place) -> Iterator[Step]:
    written = list(unit_files(place))
    yield from written
    enabled = ("geoportal-web.socket", *SERVICES, *(f"geoportal-{name}.timer" for name in ("base", *PERIODIC)))
    yield Command(
        "Dienste beim Start der Maschine",
        ("systemctl", "enable", *enabled),
        # each of them: is-enabled itself is content with one
        unless=("sh", "-c", """! systemctl is-enabled "$@" 2>&1 | grep -qvx enabled""", "sh", *enabled),
    )
    if Machine().has_systemd:
        yield Command("systemd liest neu", ("systemctl", "daemon-reload"), after=[file.path for file in written])


def _logs(texts: _Texts) -> Iterator[Step]:
    """Raises InstallError while there is nothing to show to the machine that receives them."""
    if missing := [str(ETC / name) for name in ("logs.key", "logs.crt", "logs-ca.crt") if not (ETC / name).is_file()]:
        raise InstallError(
            f"{', '.join(missing)}: fehlt. Womit sich diese Maschine beim Empfänger des Logs ausweist, und wem sie "
            "glaubt (docs/operations/watch.md). / is missing."
        )
    yield Packages(("systemd-journal-remote",))
    # whoever may read the journal, which the sending service is, and root
    key = str(ETC / "logs.key")
    yield Command(
        f"Rechte von {key}: root:systemd-journal, 640",
        ("sh", "-c", 'chown root:systemd-journal "$1" && chmod 640 "$1"', "sh", key),
        unless=("sh", "-c", '[ "$(stat -c %U:%G:%a "$1")" = root:systemd-journal:640 ]', "sh", key),
    )
    unit = "systemd-journal-upload.service"
    written = (
        File(Path("/etc/systemd/journal-upload.conf.d/geoportal.conf"), texts.render("journal-upload.conf")),
        File(UNITS / f"{unit}.d/geoportal.conf", texts.render("journal-upload.service")),
    )
    yield from written
    yield Command("Weiterleitung des Logs", ("systemctl", "enable", unit), unless=("systemctl", "is-enabled", unit))
    if Machine().has_systemd:
        yield Command("systemd liest neu", ("systemctl", "daemon-reload"), after=[file.path for file in written])
        start = ("systemctl", "restart", unit)
        running = ("systemctl", "is-active", "--quiet", unit)
        yield Command("Weiterleitung starten", start, unless=running, after=[file.path for file in written])


def _nginx(place: Place, texts: _Texts) -> Iterator[Step]:
    if place.certificate is None:
        yield Command(
            "Zertifikat auf Probe (Browser warnen davor)",
            ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "397", "-subj", f"/CN={place.domain}", "-addext", f"subjectAltName=DNS:{place.domain}",
             "-keyout", str(ETC / "tls.key"), "-out", str(ETC / "tls.crt")),
            unless=("test", "-s", str(ETC / "tls.crt")),
        )  # fmt: skip
    yield Folder(Path("/var/cache/nginx"), "www-data", "root", 0o700)
    site = NGINX / "sites-available/geoportal.conf"
    yield File(site, texts.render("nginx.conf"))
    yield Link(NGINX / "sites-enabled/geoportal.conf", site)
    yield Absent(NGINX / "sites-enabled/default")
    yield File(Path("/etc/logrotate.d/geoportal"), texts.render("logrotate"))
    yield Command("nginx prüft seine Dateien", ("nginx", "-t", "-q"), unless=("nginx", "-t", "-q"), after=(site,))


def _psql(database: str, /, **values: str) -> tuple[str, ...]:
    """psql as the database's superuser; it reads statements from standard input and knows the values as variables."""
    variables = [part for name, value in values.items() for part in ("-v", f"{name}={value}")]
    return ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, *variables)


def _is_true(query: str, database: str = "postgres", /, **values: str) -> tuple[str, ...]:
    """A command that succeeds when the query has a row."""
    return (
        "sh",
        "-c",
        'query="$1"; shift; printf %s "$query" | "$@" | grep -q .',
        "sh",
        query,
        *_psql(database, **values),
    )
