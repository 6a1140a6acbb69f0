"""Settings of one process, read once from the environment. Nothing else in this house reads os.environ."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

ZONES: Final = {f"EPSG:{number}": number for number in (25831, 25832, 25833)}
# A constant of the process, as its locale is: tables, statements and maps are made for the zone of UTM in which this
# installation stores (docs/decisions/0003-storage-crs.md). Settings.from_env() tells whoever has mistyped it.
STORAGE_SRID: Final = ZONES.get(os.environ.get("GEOPORTAL_CRS", ""), 25832)

CHECKOUT = Path(__file__).resolve().parent.parent
READ_ROLE = "geoportal_read"
DESK_ROLE = "geoportal_desk"
SENSORS_ROLE = "geoportal_sensors"
PARTICIPATION_ROLE = "geoportal_participation"


# All that is read here, without the prefix; a test holds it against what stands below.
NAMES: Final = frozenset(
    f"GEOPORTAL_{name}"
    for name in re.findall(
        r"\w+",
        """
    ARCHIVE ARCHIVE_CACHE_MB ARCHIVE_ENDPOINT ARCHIVE_KEY_ID ARCHIVE_REGION ARCHIVE_SECRET ARCHIVE_SECRET_FILE
    BACKUPS BACKUP_KEY CLAMD CRS DATA DATABASE_URL DESK_DATABASE_URL DRILL_DATABASE_URL HOME HOST MAIL_FROM
    MQTT_URL OIDC_ACR OIDC_AMR OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_GROUP_PREFIX OIDC_ISSUER
    PARTICIPATION_DATABASE_URL PORT PRIVATE_SOURCES PROXY PROXY_LOG READ_DATABASE_URL REQUESTS_PER_SECOND
    RUN SECOND_FACTOR SENSORS_DATABASE_URL SMTP_PASSWORD SMTP_PASSWORD_FILE SMTP_URL TRUSTED_PROXIES URL
    """,
    )
)


def unknown_names(environ: Mapping[str, str]) -> Iterator[str]:
    """What looks as if it were meant for us and nobody reads, each in a sentence."""
    for name in sorted(name for name in environ.keys() - NAMES if name.startswith("GEOPORTAL_")):
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; gemeint ist wohl / probably meant: {near[0]}" if near else ""
        yield f"{name}: kennt niemand / nobody knows it{hint}"


class SettingsError(Exception):
    """The environment does not say what is needed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider. Its groups `<prefix>:<role>` and `<prefix>:<role>:<AGS>` become roles of ours.

    With `acr` or `amr`, one of these values has to stand in the ID token under that name; a provider who says nothing
    has asked for a password and nothing else.
    """

    issuer: str
    client_id: str
    client_secret: str
    group_prefix: str
    acr: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server that takes our letters. `security` is `tls`, `starttls` or, on this very machine only, `none`.

    To try the portal out it may be `folder`, in which case `host` is one: letters become files there, and reach nobody.
    """

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket of an S3-compatible store. `room` is how many bytes of it each machine may keep on its own disk.

    Without `endpoint` and keys they are looked for where AWS's own tools do.
    """

    bucket: str
    prefix: str
    endpoint: str | None = None
    region: str | None = None
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    room: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are. URLs are libpq URLs (`postgresql://…`); paths are absolute.

    `schemas` is a folder with the official XSDs of XPlanGML, which are not ours to hand on; checks use them if given.
    `run` holds what may be gone after a restart. `trusted_proxies`: how many before us add to X-Forwarded-For.
    `bucket` is where archive and downloads lie when several machines share them; without it they are folders of `data`.
    `backups` is a folder or `s3://bucket/prefix`; `backup_key` a file with the key that seals them.
    `requests_per_second` is the share of one network, and of one token of sensors; 0 leaves that to the proxy.
    `second_factor`: whether accounts of the portal need one.
    `provider` is where the staff of the Kreis signs in (OpenID Connect), if anywhere.
    `mqtt_url` is the broker that readings of sensors come from (`mqtts://name:password@host:8883`).
    `virus_scanner` is where clamd listens, `unix:/run/clamav/clamd.ctl` or `host:port`, if anywhere.
    `private_sources` are hosts (`host` or `host:port`) of inner networks that layers may be fetched from.
    `proxy` is where the nginx before us shows its certificate, `host:port`: on this machine if there is a `proxy_log`.
    That is its access log, from which its cache is counted.
    `smtp` is where letters are handed over; without it they wait, and nobody can write a statement online.
    """

    database_url: str | None
    read_database_url: str | None
    host: str
    port: int
    public_url: str
    data: Path
    home: Path
    run: Path
    schemas: Path | None = None
    trusted_proxies: int = 0
    requests_per_second: int = 50
    desk_database_url: str | None = None
    backups: str = ""
    backup_key: Path | None = None
    drill_database_url: str | None = None
    provider: Provider | None = None
    private_sources: frozenset[str] = frozenset()
    sensors_database_url: str | None = None
    mqtt_url: str | None = None
    participation_database_url: str | None = None
    smtp: Smtp | None = None
    virus_scanner: str | None = None
    proxy: tuple[str, int] | None = None
    proxy_log: Path | None = None
    bucket: S3 | None = None
    second_factor: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises SettingsError when a value cannot be used."""
        raw_port = environ.get("GEOPORTAL_PORT", "8080")
        if not raw_port.isdecimal() or not 0 < int(raw_port) < 65536:
            raise SettingsError(f"GEOPORTAL_PORT: {raw_port!r} ist keine Portnummer / is no port number")
        if (environ.get("GEOPORTAL_CRS") or "EPSG:25832") not in ZONES:
            raise SettingsError(f"GEOPORTAL_CRS: {', '.join(ZONES)} erwartet / expected")
        home = Path(environ.get("GEOPORTAL_HOME", str(CHECKOUT))).resolve()
        data = Path(environ.get("GEOPORTAL_DATA", str(home / "data"))).resolve()
        return cls(
            database_url=environ.get("GEOPORTAL_DATABASE_URL") or None,
            read_database_url=environ.get("GEOPORTAL_READ_DATABASE_URL") or None,
            host=environ.get("GEOPORTAL_HOST", "127.0.0.1"),
            port=int(raw_port),
            public_url=environ.get("GEOPORTAL_URL", f"http://localhost:{raw_port}").rstrip("/"),
            data=data,
            home=home,
            run=Path(environ.get("GEOPORTAL_RUN", str(data / "run"))).resolve(),
            schemas=_folder(environ, "XPLAN_SCHEMAS"),
            trusted_proxies=_number(environ, "GEOPORTAL_TRUSTED_PROXIES", 0, most=9),
            requests_per_second=_number(environ, "GEOPORTAL_REQUESTS_PER_SECOND", 50, most=100_000),
            backups=environ.get("GEOPORTAL_BACKUPS") or str(data / "backups"),
            backup_key=Path(environ["GEOPORTAL_BACKUP_KEY"]) if environ.get("GEOPORTAL_BACKUP_KEY") else None,
            drill_database_url=environ.get("GEOPORTAL_DRILL_DATABASE_URL") or None,
            desk_database_url=environ.get("GEOPORTAL_DESK_DATABASE_URL") or None,
            provider=_provider(environ),
            sensors_database_url=environ.get("GEOPORTAL_SENSORS_DATABASE_URL") or None,
            mqtt_url=environ.get("GEOPORTAL_MQTT_URL") or None,
            participation_database_url=environ.get("GEOPORTAL_PARTICIPATION_DATABASE_URL") or None,
            smtp=_smtp(environ),
            virus_scanner=_scanner(environ),
            proxy=_proxy(environ),
            proxy_log=Path(environ["GEOPORTAL_PROXY_LOG"]) if environ.get("GEOPORTAL_PROXY_LOG") else None,
            bucket=_bucket(environ),
            second_factor=_second_factor(environ),
            private_sources=frozenset(environ.get("GEOPORTAL_PRIVATE_SOURCES", "").lower().replace(",", " ").split()),
        )

    @property
    def host_name(self) -> str:
        """The name by which visitors know this portal, without a port."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def downloads(self) -> Path:
        """Folder of the files that are made of the published data; with a bucket, of what is kept of them here."""
        return self._shared / "downloads"

    @property
    def packages(self) -> Path:
        """Folder of the files in which a Gemeinde can be taken along; with a bucket, of what is kept of them here."""
        return self._shared / "packages"

    @property
    def gemeinden(self) -> Path | None:
        """Folder of the manifests of the Gemeinden of another Kreis than the one that comes with the program."""
        folder = self.home / "config" / "gemeinden"
        return folder if folder.is_dir() else None

    @property
    def archive(self) -> Path:
        """Folder of the uploaded originals and the plans' documents; with a bucket, of what is kept of them here."""
        return self._shared / "archive"

    @property
    def _shared(self) -> Path:
        # never the folders of an installation without a bucket: what lies there may not be in the bucket yet
        return self.data if self.bucket is None else self.data / "cache"

    @property
    def plan_files(self) -> Path:
        """Folder of the plan files that were written for readers; may be emptied at any time."""
        return self.data / "plan-files"

    @property
    def transfers(self) -> Path:
        """Folder of the files that are still on their way in."""
        return self.data / "transfers"

    def require_database_url(self) -> str:
        if self.database_url is None:
            raise SettingsError(
                "Keine Datenbank angegeben: GEOPORTAL_DATABASE_URL=postgresql://… setzen oder `make demo` verwenden. "
                "/ No database given: set GEOPORTAL_DATABASE_URL or use `make demo`."
            )
        return self.database_url

    def require_read_url(self) -> str:
        """The URL of the role that sees only what is public.

        Without a login of its own (GEOPORTAL_READ_DATABASE_URL) the owner's login steps down to that role when it
        connects; good for development, while an operator should give the reader its own login (docs/operator.md).
        """
        return self.read_database_url or self._stepping_down(READ_ROLE)

    def require_desk_url(self) -> str:
        """The URL of the role that the signed-in side works as; without a login of its own as require_read_url()."""
        return self.desk_database_url or self._stepping_down(DESK_ROLE)

    def require_sensors_url(self) -> str:
        """The URL of the role that brings readings and can do nothing else; otherwise as require_read_url()."""
        return self.sensors_database_url or self._stepping_down(SENSORS_ROLE)

    def require_participation_url(self) -> str:
        """The URL of the role that takes statements of citizens; otherwise as require_read_url()."""
        return self.participation_database_url or self._stepping_down(PARTICIPATION_ROLE)

    def _stepping_down(self, role: str) -> str:
        owner = self.require_database_url()
        return f"{owner}{'&' if '?' in owner else '?'}options={quote(f'-c role={role}')}"


def _provider(environ: Mapping[str, str]) -> Provider | None:
    issuer = environ.get("GEOPORTAL_OIDC_ISSUER")
    if not issuer:
        return None
    missing = [name for name in ("GEOPORTAL_OIDC_CLIENT_ID", "GEOPORTAL_OIDC_CLIENT_SECRET") if not environ.get(name)]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: fehlt neben GEOPORTAL_OIDC_ISSUER / is missing")
    return Provider(
        issuer.rstrip("/"),
        environ["GEOPORTAL_OIDC_CLIENT_ID"],
        environ["GEOPORTAL_OIDC_CLIENT_SECRET"],
        environ.get("GEOPORTAL_OIDC_GROUP_PREFIX", "geoportal"),
        frozenset(environ.get("GEOPORTAL_OIDC_ACR", "").split()),
        frozenset(environ.get("GEOPORTAL_OIDC_AMR", "").split()),
    )


def _bucket(environ: Mapping[str, str]) -> S3 | None:
    """`GEOPORTAL_ARCHIVE` is `s3://bucket/prefix`; the secret is in `GEOPORTAL_ARCHIVE_SECRET`, or in a file that
    `GEOPORTAL_ARCHIVE_SECRET_FILE` names.
    """
    raw = environ.get("GEOPORTAL_ARCHIVE")
    if not raw:
        return None
    url, endpoint = urlsplit(raw), urlsplit(environ.get("GEOPORTAL_ARCHIVE_ENDPOINT", ""))
    if url.scheme != "s3" or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", url.netloc):
        raise SettingsError("GEOPORTAL_ARCHIVE: s3://bucket oder / or s3://bucket/vorsatz erwartet / expected")
    if endpoint.scheme not in {"https", "http"} or not endpoint.hostname or endpoint.path.strip("/"):
        raise SettingsError(
            "GEOPORTAL_ARCHIVE_ENDPOINT: https://… des Speichers erwartet / the store's address expected"
        )
    if endpoint.scheme == "http" and endpoint.hostname not in _THIS_MACHINE:
        raise SettingsError(
            "GEOPORTAL_ARCHIVE_ENDPOINT: http:// nur auf dieser Maschine / on this machine only, else https://"
        )
    secret = _secret(environ, "GEOPORTAL_ARCHIVE_SECRET")
    missing = [
        name
        for name, value in (
            ("GEOPORTAL_ARCHIVE_KEY_ID", environ.get("GEOPORTAL_ARCHIVE_KEY_ID")),
            ("GEOPORTAL_ARCHIVE_SECRET_FILE", secret),
        )
        if not value
    ]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: fehlt neben GEOPORTAL_ARCHIVE / is missing")
    return S3(
        url.netloc,
        url.path.strip("/"),
        f"{endpoint.scheme}://{endpoint.netloc}",
        environ.get("GEOPORTAL_ARCHIVE_REGION") or "us-east-1",  # what stores say that know no regions
        environ["GEOPORTAL_ARCHIVE_KEY_ID"],
        secret,
        _number(environ, "GEOPORTAL_ARCHIVE_CACHE_MB", 10_000, most=10_000_000) * 1_000_000,
    )


def _second_factor(environ: Mapping[str, str]) -> bool:
    raw = environ.get("GEOPORTAL_SECOND_FACTOR", "")
    if raw not in {"", "optional", "required"}:
        raise SettingsError("GEOPORTAL_SECOND_FACTOR: required oder / or optional")
    return raw == "required"


def _secret(environ: Mapping[str, str], name: str) -> str:
    """The value, or the content of the file that `<name>_FILE` names (systemd's credentials, secrets of containers)."""
    file = environ.get(f"{name}_FILE")
    if not file:
        return environ.get(name, "")
    try:
        return Path(file).read_text("utf-8").rstrip("\n")
    except OSError as fault:
        raise SettingsError(f"{name}_FILE: nicht lesbar / not readable ({fault.strerror})") from fault


_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_SMTP_PORTS = {"smtps": ("tls", 465), "smtp+starttls": ("starttls", 587), "smtp": ("none", 25)}


def _smtp(environ: Mapping[str, str]) -> Smtp | None:
    """`GEOPORTAL_SMTP_URL` is `smtp+starttls://user@host:587`; the password is in `GEOPORTAL_SMTP_PASSWORD`, or in a
    file that `GEOPORTAL_SMTP_PASSWORD_FILE` names (systemd's credentials, secrets of containers). `file:///folder` is
    for trying the portal out.
    """
    raw = environ.get("GEOPORTAL_SMTP_URL")
    if not raw:
        return None
    url, sender = urlsplit(raw), environ.get("GEOPORTAL_MAIL_FROM", "")
    if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
        return Smtp(unquote(url.path), 0, "folder", "", "", sender)
    if url.scheme not in _SMTP_PORTS or not url.hostname:
        raise SettingsError("GEOPORTAL_SMTP_URL: smtps://…, smtp+starttls://… erwartet / expected")
    security, port = _SMTP_PORTS[url.scheme]
    if security == "none" and url.hostname not in _THIS_MACHINE:
        raise SettingsError("GEOPORTAL_SMTP_URL: smtp:// nur auf dieser Maschine / on this machine only, else smtps://")
    if not re.fullmatch(r"[^@\s<>]+@[A-Za-z0-9.-]+", sender):
        raise SettingsError("GEOPORTAL_MAIL_FROM: Absenderadresse fehlt neben GEOPORTAL_SMTP_URL / is missing")
    password = _secret(environ, "GEOPORTAL_SMTP_PASSWORD")
    return Smtp(url.hostname, url.port or port, security, unquote(url.username or ""), password, sender)


def _scanner(environ: Mapping[str, str]) -> str | None:
    raw = environ.get("GEOPORTAL_CLAMD", "").strip()
    if raw and not raw.startswith("unix:/") and not (raw.rpartition(":")[0] and raw.rpartition(":")[2].isdecimal()):
        raise SettingsError(f"GEOPORTAL_CLAMD: {raw!r}; unix:/run/clamav/clamd.ctl oder / or host:port")
    return raw or None


def _proxy(environ: Mapping[str, str]) -> tuple[str, int] | None:
    raw = environ.get("GEOPORTAL_PROXY") or ("127.0.0.1:443" if environ.get("GEOPORTAL_PROXY_LOG") else "")
    host, _, port = raw.rpartition(":")
    if raw and not (host and port.isdecimal()):
        raise SettingsError(f"GEOPORTAL_PROXY: {raw!r}; host:port erwartet / expected")
    return (host, int(port)) if raw else None


def _number(environ: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    raw = environ.get(name) or str(default)
    if not raw.isdecimal() or int(raw) > most:
        raise SettingsError(f"{name}: {raw!r} ist keine Zahl von 0 bis {most} / is no number from 0 to {most}")
    return int(raw)


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    if not environ.get(name):
        return None
    folder = Path(environ[name]).resolve()
    if not folder.is_dir():
        raise SettingsError(f"{name}: {folder} ist kein Ordner / is no folder")
    return folder
