"""Making, reading back, proving and thinning snapshots."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO, Final

from psycopg import sql
from sqlalchemy import URL, Connection, Engine, text

from geoportal import uploads
from geoportal.archive import Archive
from geoportal.backups.places import BackupError, Place
from geoportal.backups.sealing import NotOurs, Seal
from geoportal.backups.thinning import kept
from geoportal.database.locks import Lock, alone

_CHUNK: Final = 1024**2
_PLAIN, _BY_KEY = "files", "sealed"
_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_SUPERUSERS: Final = re.compile(r" EXTENSION | public spatial_ref_sys | SCHEMA - public ")
_NO_PATH: Final = b"SELECT pg_catalog.set_config('search_path', '', false);"
_WAYS: Final = frozenset({"host", "sslmode", "sslrootcert"})  # what of an address says how to reach the server
_OWN_SCHEMAS: Final = text("""
    SELECT nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public') ORDER BY nspname""")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot holds. `tables`: name to [rows, checksum]; `files`: SHA-256 of the archive to bytes.

    `missing`: files that a row names and the archive did not have; everything else was saved nevertheless.
    `folder`: where the files lie. `given_alone`: the checksums are of what was given alone; in snapshots of former
    releases they are of what the database computes from it too, which another version of a library makes otherwise.
    """

    moment: str
    revision: str
    dump_sha256: str
    tables: Mapping[str, tuple[int, str]]
    files: Mapping[str, int]
    missing: tuple[str, ...] = ()
    folder: str = _PLAIN
    given_alone: bool = False

    def place_of(self, digest: str) -> str:
        return f"{self.folder}/{digest[:2]}/{digest}"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a drill found. Empty `faults`: the snapshot can be relied on."""

    snapshot: str
    tables: int
    rows: int
    files: int
    bytes: int
    faults: tuple[str, ...]


def snapshots(place: Place) -> list[str]:
    """The moments of all complete snapshots, oldest first."""
    names = (name.split("/") for name in place.names("snapshots"))
    return sorted(moment for _, moment, file in names if file == "contents")


def back_up(engine: Engine, archive: Archive, place: Place, seal: Seal | None, now: datetime | None = None) -> Contents:
    """One more snapshot; then those are thinned that are no longer needed. Raises BackupError.

    Database and archive fit together: files are never changed, and all that the snapshot names are older than it.
    """
    # one at a time, so that none is thinned while it is written
    with alone(engine, Lock.BACKUP) as is_ours, engine.connect() as connection, tempfile.TemporaryFile() as dump:
        if not is_ours:
            raise BackupError("Eine andere Sicherung läuft noch. / Another backup is running.")
        moment = _free_moment(place, now or datetime.now(UTC))
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        exported = connection.scalar(text("SELECT pg_export_snapshot()"))
        _run(
            "pg_dump",
            engine.url,
            "--format=custom",
            f"--snapshot={exported}",
            "--no-owner",
            "--lock-wait-timeout=60s",
            out=dump,
        )
        dump.seek(0)
        named, kept_files = sorted(uploads.referenced(connection)), archive.sizes()
        contents = Contents(
            moment=moment,
            revision=str(connection.scalar(text("SELECT version_num FROM plans.alembic_version"))),
            dump_sha256=hashlib.file_digest(dump, "sha256").hexdigest(),
            tables=dict(_tables(connection, given_alone=True)),
            given_alone=True,
            files={digest: kept_files[digest] for digest in named if digest in kept_files},
            missing=tuple(digest for digest in named if digest not in kept_files),
            folder=_folder(seal),
        )
        connection.commit()
        there = {name.rpartition("/")[2] for name in place.names(contents.folder)}
        for digest in contents.files.keys() - there:
            place.put(contents.place_of(digest), _sealed(seal, archive.pieces(digest)))
        dump.seek(0)
        place.put(f"snapshots/{moment}/database", _sealed(seal, _pieces_of(dump)))
        written = json.dumps(asdict(contents), sort_keys=True).encode()
        place.put(f"snapshots/{moment}/contents", _sealed(seal, [written]))
        _thin(place, seal)
        return contents


def restore(engine: Engine, archive: Archive, place: Place, seal: Seal | None, snapshot: str) -> Contents:
    """Puts the snapshot in the place of all that is in the database, in one transaction; fills up the archive.

    Raises BackupError; then the database is as it was.
    """
    contents = contents_of(place, seal, snapshot)
    for digest in contents.files.keys() - archive.sizes().keys():
        _fetch(place, seal, contents, digest, archive)
    _restore_database(engine, place, seal, contents)
    return contents


def drill(scratch: Engine, place: Place, seal: Seal | None, snapshot: str) -> Proof:
    """Restores into a scratch database and reads every file: are they what they were? Raises BackupError.

    Nothing is left there: what is deleted from the portal for people's sake must not live on in a copy.
    """
    contents = contents_of(place, seal, snapshot)
    try:
        _restore_database(scratch, place, seal, contents)
        with scratch.connect() as connection:
            found = dict(_tables(connection, given_alone=contents.given_alone))
    finally:
        _clear(scratch)
    faults: list[str] = []
    for name in sorted(contents.tables.keys() | found.keys()):
        told, is_there = contents.tables.get(name), found.get(name)
        if told != is_there:
            faults.append(f"{name}: gesichert {told}, zurückgespielt {is_there}")
    for digest, size in contents.files.items():
        counted, length = hashlib.sha256(), 0
        try:
            for piece in _opened(seal, place.get(contents.place_of(digest))):
                counted.update(piece)
                length += len(piece)
        except (BackupError, NotOurs) as fault:
            faults.append(f"Datei {digest}: {fault}")
            continue
        if (counted.hexdigest(), length) != (digest, size):
            faults.append(f"Datei {digest}: anderer Inhalt, {length} statt {size} Bytes")
    rows = sum(rows for rows, _ in found.values())
    return Proof(snapshot, len(found), rows, len(contents.files), sum(contents.files.values()), tuple(faults))


def contents_of(place: Place, seal: Seal | None, snapshot: str) -> Contents:
    """Raises BackupError when there is no such snapshot, or it was made with another key."""
    try:
        written = json.loads(b"".join(_opened(seal, place.get(f"snapshots/{snapshot}/contents"))))
    except (NotOurs, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise BackupError(
            f"Sicherung {snapshot}: nicht mit diesem Schlüssel geschrieben, oder verändert. / wrong key, or changed."
        ) from fault
    tables = {name: (rows, checksum) for name, (rows, checksum) in written.pop("tables").items()}
    return Contents(**written | {"missing": tuple(written["missing"])}, tables=tables)


def _free_moment(place: Place, now: datetime) -> str:
    """The first second from now on that names no snapshot yet: none is ever written over."""
    taken = snapshots(place)
    while (moment := now.strftime(_MOMENT)) in taken:
        now += timedelta(seconds=1)
    return moment


def _restore_database(engine: Engine, place: Place, seal: Seal | None, contents: Contents) -> None:
    with tempfile.TemporaryDirectory(prefix="geoportal-restore-") as folder:
        dump, listing = Path(folder, "database"), Path(folder, "listing")
        counted = hashlib.sha256()
        with dump.open("wb") as file:
            try:
                for piece in _opened(seal, place.get(f"snapshots/{contents.moment}/database")):
                    counted.update(piece)
                    file.write(piece)
            except NotOurs as fault:
                raise BackupError(f"Sicherung {contents.moment}: Datenbank verändert. / changed.") from fault
        if counted.hexdigest() != contents.dump_sha256:
            raise BackupError(f"Sicherung {contents.moment}: Datenbank unvollständig. / incomplete.")
        # Extensions, and what lies in their schema, belong to the superuser and stand already (`geoportal install`).
        entries = _run("pg_restore", None, "--list", str(dump)).splitlines()
        listing.write_text("\n".join(line for line in entries if not _SUPERUSERS.search(line)), "utf-8")
        _replace(engine, dump, listing)


def _replace(engine: Engine, dump: Path, listing: Path) -> None:
    """Drops our schemas and reads the dump back, both or neither; a piece of it is in memory at a time."""
    begin = f"BEGIN;\nSET lock_timeout = '60s';\nSET client_min_messages = warning;\n{_drops(engine)}"
    reading = ("pg_restore", "--no-owner", f"--use-list={listing}", "--file=-", str(dump))
    writing = ("psql", "-Xq", "--set=ON_ERROR_STOP=1", "--file=-")
    with (
        _started(None, *reading, stdout=PIPE) as source,
        _started(engine.url, *writing, stdin=PIPE, stdout=DEVNULL) as target,
    ):
        assert source.stdout is not None  # noqa: S101 - both are pipes
        assert target.stdin is not None  # noqa: S101
        try:
            target.stdin.write(begin.encode())
            for line in source.stdout:
                # Functions of ours name PostGIS's without its schema, and generated columns call some while rows are
                # put in.
                if line.strip() == _NO_PATH:
                    target.stdin.write(b"SET search_path = public;\n")
                    break
                target.stdin.write(line)
            shutil.copyfileobj(source.stdout, target.stdin, _CHUNK)
            if source.wait() == 0:  # else psql hears no COMMIT, and nothing has happened
                target.stdin.write(b"\nCOMMIT;\n")
            target.stdin.close()
        except BrokenPipeError:  # psql has ended; it says why
            source.kill()
            with suppress(BrokenPipeError):
                target.stdin.close()


def _clear(engine: Engine) -> None:
    # statement by statement: all at once they would hold more locks than there are
    for drop in _drops(engine).splitlines():
        with engine.begin() as connection:
            connection.execute(text(drop))


def _drops(engine: Engine) -> str:
    with engine.connect() as connection:
        return "".join(f'DROP SCHEMA "{name}" CASCADE;\n' for name in connection.scalars(_OWN_SCHEMAS))


def _tables(connection: Connection, *, given_alone: bool) -> Iterator[tuple[str, tuple[int, str]]]:
    """Rows and checksum of each table of ours; the order of the rows does not matter."""
    # the same values are then the same text
    connection.execute(text("SET LOCAL timezone = 'UTC'"))
    connection.execute(text("SET LOCAL extra_float_digits = 1"))
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open SQLAlchemy connection has its driver's
    count = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended({}::text, 0)::numeric), 0)::text FROM {} AS t")
    for schema, table, columns in connection.execute(_COLUMNS).all():
        row = sql.SQL("ROW({})").format(sql.SQL(", ").join(sql.Identifier("t", name) for name in columns))
        asked = count.format(row if given_alone else sql.SQL("t"), sql.Identifier(schema, table))
        [(rows, checksum)] = driver.execute(asked).fetchall()
        yield f"{schema}.{table}", (rows, checksum)


# Each table of ours with its columns, but for those that the database computes.
_COLUMNS: Final = text("""
    SELECT nspname, relname, array_agg(attname::text ORDER BY attnum)
        FILTER (WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '')
    FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relkind IN ('r', 'p') AND has_table_privilege(pg_class.oid, 'SELECT')
        AND nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
    GROUP BY nspname, relname ORDER BY nspname, relname""")


def _fetch(place: Place, seal: Seal | None, contents: Contents, digest: str, archive: Archive) -> None:
    with tempfile.NamedTemporaryFile() as copy:
        try:
            copy.writelines(_opened(seal, place.get(contents.place_of(digest))))
        except NotOurs as fault:
            raise BackupError(f"Datei {digest}: verändert. / changed.") from fault
        copy.flush()
        if archive.put(Path(copy.name)) != digest:
            raise BackupError(f"Datei {digest}: anderer Inhalt. / other content.")


def _thin(place: Place, seal: Seal | None) -> None:
    """Removes snapshots that are no longer needed, and then files that none of the others names: those of other keys
    only when no snapshot is left that this key cannot open, for it may name them.
    """
    there = snapshots(place)
    moments = {datetime.strptime(name, _MOMENT).replace(tzinfo=UTC): name for name in there}
    needed = {moments[moment] for moment in kept(moments)}
    if len(needed) == len(there):
        return
    for name in set(there) - needed:
        # first that which makes it count
        place.remove(f"snapshots/{name}/contents")
        place.remove(f"snapshots/{name}/database")
    read = [contents for name in needed if (contents := _readable(place, seal, name)) is not None]
    named = {contents.place_of(digest) for contents in read for digest in contents.files}
    for folder in _judged(seal, all_read=len(read) == len(needed)):
        for name in list(place.names(folder)):
            if name not in named:
                place.remove(name)


def _judged(seal: Seal | None, *, all_read: bool) -> Sequence[str]:
    """The folders of which it is known what is needed. Snapshots of before keys had folders have theirs among the plain
    files.
    """
    if all_read:
        return (_PLAIN, _BY_KEY)
    return () if seal is None else (_folder(seal),)


def _readable(place: Place, seal: Seal | None, snapshot: str) -> Contents | None:
    with suppress(BackupError):
        return contents_of(place, seal, snapshot)
    return None


def _folder(seal: Seal | None) -> str:
    return _PLAIN if seal is None else f"{_BY_KEY}/{seal.name}"


def _run(program: str, url: URL | None, *arguments: str, out: IO[bytes] | None = None) -> str:
    """What the program says, or writes to `out`. Raises BackupError."""
    with tempfile.TemporaryFile() as said:
        with _started(url, program, *arguments, stdout=out or said) as running:
            running.wait()
        said.seek(0)
        return said.read().decode("utf-8")


@contextmanager
def _started(
    url: URL | None, program: str, *arguments: str, stdin: int | None = None, stdout: IO[bytes] | int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program of PostgreSQL, until it has ended; raises BackupError when it fails. The password goes by the
    environment, which only we and root can read.
    """
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    command = [program]
    if url is not None:
        kept = {name: value for name, value in url.query.items() if name in _WAYS}
        plain = url.set(drivername="postgresql", query=kept)
        environment["PGPASSWORD"] = str(plain.password or "")
        command.append(f"--dbname={plain.set(password=None).render_as_string(hide_password=False)}")
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs, arguments of our own
            [*command, *arguments], env=environment, stdin=stdin, stdout=stdout, stderr=complaints
        ) as running:
            yield running
        if running.returncode:
            complaints.seek(0)
            raise BackupError(f"{program}: {complaints.read().decode('utf-8', 'replace').strip()[-800:]}")


def _sealed(seal: Seal | None, pieces: Iterable[bytes]) -> Iterable[bytes]:
    return pieces if seal is None else seal.close(pieces)


def _opened(seal: Seal | None, pieces: Iterable[bytes]) -> Iterable[bytes]:
    return pieces if seal is None else seal.open(pieces)


def _pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece
