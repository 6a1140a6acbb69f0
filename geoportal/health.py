"""How the portal is: what two people want to know at seven in the morning, each thing with what to do about it.

Asked through the read role, so that the web server can answer for itself; never waits longer than a load balancer does.
"""

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from geoportal import certificate
from geoportal.archive import SharedArchive
from geoportal.bucket import StoreAway, StoreError
from geoportal.catalogue import Layer, Reason
from geoportal.clock import CLOCKS_DIFFER
from geoportal.database.engine import probe_engine
from geoportal.database.schema import Standing, standing_of

LONGEST: Final = 1.0  # seconds in which the database has to answer

_SILENCE: Final = timedelta(seconds=60)  # six beats of a worker
_WAITING: Final = timedelta(minutes=30)
_UNSENT: Final = timedelta(minutes=15)
_BACKUP: Final = timedelta(hours=26)  # nightly, and a slow night
_DRILL: Final = timedelta(days=8)
_AUDIT: Final = timedelta(hours=50)  # daily, and one that was missed
_LEAST_FREE: Final = 0.10
_RENEW: Final = timedelta(days=21)
_MISSED: Final = 3  # times that a source may be overdue before its layer is called stale

_OPERATION: Final = text("SELECT * FROM ogc.operation")
_MAIL: Final = text("SELECT waiting, waiting_since, failed, fault, statements FROM ogc.mail")
_LAYERS: Final = text("SELECT layer, synced_at, fault_kind, fault_since FROM ogc.layer_state")
_HAS_GEMEINDEN: Final = text("SELECT to_regclass('ogc.gemeinden') IS NOT NULL")
_DATA: Final = text("SELECT collection, changed_at FROM ogc.data_version")


class Level(StrEnum):
    """`down`: nobody is served, and a load balancer shall ask another. `warning`: readers notice nothing yet."""

    OK = "ok"
    WARNING = "warning"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Finding:
    """`todo` says what the operator does, empty when there is nothing to do."""

    subject: str
    level: Level
    text: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """The row of ogc.operation. Times are aware; None: never."""

    revision: str
    worker_seen_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    working: int
    backup_at: datetime | None
    drill_at: datetime | None


@dataclass(frozen=True, slots=True)
class Letters:
    """How the letters stand; `fault` is what holds up the oldest that waits. `statements` waits for theirs: each asks
    a citizen to confirm, and until it has gone out the statement is kept."""

    waiting: int
    waiting_since: datetime | None
    failed: int
    fault: str | None
    statements: int


@dataclass(frozen=True, slots=True)
class Source:
    """How the source of a layer stands. `reason` is the kind of its fault, None where there is none."""

    synced_at: datetime | None
    reason: Reason | None
    since: datetime | None

    def __str__(self) -> str:
        return _REASONS[self.reason] if self.reason else "lange nicht gelesen"


@dataclass(frozen=True, slots=True)
class Health:
    """`stale` are the layers that are not as fresh as they should be, each with how its source stands.

    `operation` and `changed` (by collection) are None while the database does not answer."""

    findings: tuple[Finding, ...]
    free_bytes: int
    total_bytes: int
    operation: Operation | None = None
    changed: Mapping[str, datetime] | None = None
    stale: Mapping[str, Source] = field(default_factory=dict)
    letters: Letters | None = None

    @property
    def level(self) -> Level:
        levels = {finding.level for finding in self.findings}
        return next((level for level in (Level.DOWN, Level.WARNING) if level in levels), Level.OK)

    @property
    def is_ready(self) -> bool:
        return self.level is not Level.DOWN


def examine(read_url: str, data: Path, layers: Iterable[Layer]) -> Health:
    """Asks over a connection of its own: a pool that others have emptied is no sign of a database that is away.

    Never raises for what it finds.
    """
    now = datetime.now(UTC)
    disk = shutil.disk_usage(data if data.exists() else data.parent)
    space = _space(disk.free, disk.total)
    began = time.monotonic()
    try:
        with probe_engine(read_url, LONGEST).connect() as connection:
            operation = Operation(**connection.execute(_OPERATION).one()._asdict())
            letters = Letters(**connection.execute(_MAIL).one()._asdict())
            has_gemeinden = bool(connection.scalar(_HAS_GEMEINDEN))
            changed = {row.collection: row.changed_at for row in connection.execute(_DATA)}
            sources = {row.layer: _source(row) for row in connection.execute(_LAYERS)}
    except SQLAlchemyError as fault:
        return Health((_away(fault), space), disk.free, disk.total)
    took = time.monotonic() - began
    layers = list(layers)
    stale = dict(_stale(layers, sources, now))
    awaited = not has_gemeinden and any(layer.id == "gemeinden" for layer in layers)
    findings = (
        _database(took),
        _schema(operation.revision),
        space,
        _clock(operation, changed, now),
        _queue(operation, now),
        _mail(letters, now),
        _layers(stale, awaited=awaited),
        _age("backup", "Sicherung", operation.backup_at, now, _BACKUP, "geoportal backup"),
        _age("drill", "Wiederherstellungsprobe", operation.drill_at, now, _DRILL, "geoportal drill"),
    )
    return Health(findings, disk.free, disk.total, operation, changed, stale, letters)


def certificate_finding(name: str, now: datetime, proxy: tuple[str, int]) -> Finding:
    """What browsers are shown by the proxy before us."""
    renew = "docs/operations/faults.md, „Zertifikat“"
    try:
        found = certificate.shown(name, proxy)
    except OSError as fault:
        told = f"Auf {proxy[0]}:{proxy[1]} antwortet niemand mit TLS ({type(fault).__name__})."
        return Finding("certificate", Level.DOWN, told, "systemctl status nginx; nginx -t")
    left = found.until - now
    if left < timedelta(0):
        return Finding("certificate", Level.DOWN, f"Das Zertifikat ist seit {span(-left)} abgelaufen.", renew)
    if left < _RENEW:
        return Finding("certificate", Level.WARNING, f"Das Zertifikat läuft in {span(left)} ab.", renew)
    if found.is_own:
        return Finding("certificate", Level.WARNING, "Das Zertifikat ist eines auf Probe: Browser warnen.", renew)
    return Finding("certificate", Level.OK, f"Das Zertifikat gilt noch {span(left)}.")


def audit_finding(at: datetime | None, fault: str | None, now: datetime) -> Finding:
    """The last time that the chain of the audit log was computed anew, and what was wrong with it."""
    if fault is not None:
        todo = "nichts ändern; docs/operations/faults.md, „Eine Aufgabe ist gescheitert“"
        return Finding("audit", Level.WARNING, f"Das Protokoll der Werkbank: {fault}", todo)
    return _age("audit", "Prüfung des Protokolls", at, now, _AUDIT, "geoportal audit verify")


def archive_finding(archive: SharedArchive) -> Finding:
    """Whether the bucket can be asked; takes as long as a store takes that does not answer."""
    try:
        archive.reach()
    except StoreAway as fault:
        todo = "Läuft der Speicher, ist das Netz da? docs/operations/faults.md, „Archiv im Bucket“"
        return Finding("archive", Level.WARNING, f"Der Speicher der Dateien antwortet nicht: {fault}", todo)
    except StoreError as fault:
        todo = "GEOPORTAL_ARCHIVE… in /etc/geoportal/local.env; docs/operations/faults.md, „Archiv im Bucket“"
        return Finding("archive", Level.WARNING, f"Der Speicher der Dateien weist uns ab: {fault}", todo)
    return Finding("archive", Level.OK, "Der Speicher der Dateien antwortet.")


def _source(row: Any) -> Source:
    return Source(row.synced_at, Reason(row.fault_kind) if row.fault_kind else None, row.fault_since)


def _stale(layers: Iterable[Layer], sources: Mapping[str, Source], now: datetime) -> Iterator[tuple[str, Source]]:
    """Those whose source failed, and those that were to be read long ago, whether or not that had changed anything."""
    for layer in layers:
        source = sources.get(layer.id, Source(None, None, None))
        missed = layer.refresh and (source.synced_at is None or now - source.synced_at > _MISSED * layer.refresh)
        if source.reason or missed:
            yield layer.id, source


def _away(fault: Exception) -> Finding:
    if isinstance(fault, ProgrammingError):
        return Finding("schema", Level.DOWN, "Der Datenbank fehlt, was dieses Programm braucht.", "geoportal migrate")
    return Finding(
        "database",
        Level.DOWN,
        f"Die Datenbank antwortet nicht ({type(fault).__name__}).",
        "systemctl status postgresql; docs/operations/faults.md, „Datenbank“",
    )


def _database(took: float) -> Finding:
    if took > LONGEST:
        return Finding(
            "database",
            Level.DOWN,
            f"Die Datenbank antwortet erst nach {took:.1f} s.",
            "Läuft eine Sicherung, ein langer Auftrag? SELECT * FROM pg_stat_activity WHERE state <> 'idle'",
        )
    return Finding("database", Level.OK, f"Die Datenbank antwortet in {took * 1000:.0f} ms.")


def _schema(revision: str) -> Finding:
    match standing_of(revision):
        case Standing.CURRENT:
            return Finding("schema", Level.OK, f"Schemastand {revision}.")
        case Standing.NEWER:
            return Finding("schema", Level.OK, f"Schemastand {revision}, neuer als dieses Programm.")
        case Standing.OLDER:
            return Finding("schema", Level.DOWN, f"Schemastand {revision} ist zu alt.", "geoportal migrate")


def _space(free: int, total: int) -> Finding:
    share = free / total
    told = f"{free / 1e9:.0f} von {total / 1e9:.0f} GB frei."
    if share < _LEAST_FREE:
        return Finding(
            "disk", Level.WARNING, f"Der Platz wird knapp: {told}", "docs/operations/faults.md, „Platte voll“"
        )
    return Finding("disk", Level.OK, told)


def _clock(operation: Operation, changed: Mapping[str, datetime], now: datetime) -> Finding:
    known = (operation.worker_seen_at, operation.backup_at, operation.drill_at, *changed.values())
    latest = max((at for at in known if at is not None), default=now)
    if latest > now + CLOCKS_DIFFER:
        return Finding(
            "clock",
            Level.WARNING,
            f"Die Uhr geht nach, oder sie ist {span(latest - now)} vorgegangen: Es gibt Einträge aus der Zukunft.",
            "timedatectl; docs/operations/faults.md, „Uhr“",
        )
    return Finding("clock", Level.OK, "Nichts ist jünger als jetzt.")


def _queue(operation: Operation, now: datetime) -> Finding:
    seen = operation.worker_seen_at
    if seen is None or now - seen > _SILENCE:
        since = "noch nie" if seen is None else f"seit {span(now - seen)} nicht"
        return Finding(
            "queue",
            Level.WARNING,
            f"Kein Arbeiter: {since} gesehen; {operation.waiting} Lieferungen warten.",
            "systemctl restart geoportal-work; journalctl -u geoportal-work",
        )
    if operation.waiting_since is not None and now - operation.waiting_since > _WAITING:
        return Finding(
            "queue",
            Level.WARNING,
            f"{operation.waiting} Lieferungen warten, die älteste seit {span(now - operation.waiting_since)}.",
            "geoportal uploads",
        )
    return Finding("queue", Level.OK, f"{operation.waiting} Lieferungen warten, {operation.working} in Arbeit.")


def _mail(letters: Letters, now: datetime) -> Finding:
    since = letters.waiting_since
    held = f" Darunter {letters.statements}, ohne die Stellungnahmen nicht zählen." if letters.statements else ""
    if since is not None and now - since > _UNSENT:
        why = f" ({letters.fault})" if letters.fault else ""
        return Finding(
            "mail",
            Level.WARNING,
            f"{letters.waiting} Briefe warten, der älteste seit {span(now - since)}{why}.{held}",
            "geoportal mail list; docs/operations/mail.md",
        )
    if letters.failed:
        return Finding(
            "mail",
            Level.WARNING,
            f"{letters.failed} Briefe nimmt der Mailserver nicht an.{held}",
            "geoportal mail list",
        )
    return Finding("mail", Level.OK, f"{letters.waiting} Briefe warten.")


_REASONS: Final = {
    Reason.MANIFEST: "Manifest fehlerhaft",
    Reason.UNREACHABLE: "Quelle nicht erreichbar",
    Reason.UNREADABLE: "Quelle nicht lesbar",
    Reason.UNEXPECTED: "Quelle anders als erwartet",
    Reason.DATABASE: "Datenbank",
}


def _layers(stale: Mapping[str, Source], *, awaited: bool) -> Finding:
    if awaited:  # only before the worker has loaded them for the first time
        return Finding("layers", Level.DOWN, "Die Gemeinden sind noch nicht geladen.", "geoportal layers sync")
    if stale:
        told = ", ".join(f"{name} ({source})" for name, source in sorted(stale.items()))
        return Finding("layers", Level.WARNING, f"Veraltet: {told}.", "geoportal layers list")
    return Finding("layers", Level.OK, "Alle Layer sind so frisch, wie sie sein sollen.")


def _age(subject: str, name: str, at: datetime | None, now: datetime, most: timedelta, command: str) -> Finding:
    if at is None:
        return Finding(subject, Level.WARNING, f"{name}: noch keine gelungen.", command)
    if now - at > most:
        return Finding(subject, Level.WARNING, f"{name}: die letzte gelungene war vor {span(now - at)}.", command)
    return Finding(subject, Level.OK, f"{name}: vor {span(now - at)}.")


def span(length: timedelta) -> str:
    """In the largest unit that says something: `3 Tagen`, `5 Stunden`, `12 Minuten`, `40 Sekunden`."""
    seconds = max(0, int(length.total_seconds()))
    for size, words in ((86_400, "Tagen"), (3_600, "Stunden"), (60, "Minuten")):
        if seconds >= 2 * size:
            return f"{seconds // size} {words}"
    return f"{seconds} Sekunden"
