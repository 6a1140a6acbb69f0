"""`make drill`: how long a backup of a large portal takes, its proof, and until an empty machine is back (RTO).

Builds plans with objects and an archive of files that cannot be compressed, on a private PostgreSQL with the values of
`geoportal install` that matter to restoring; saves, proves, loses and restores all of it, compares, and removes it.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from geoportal import backups
from geoportal.archive import Archive
from geoportal.backups import Seal, place_of
from geoportal.database import owner_engine
from geoportal.database.cluster import DATABASE, OWNER, Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks import stock

_FILE: Final = 8_000_000  # bytes of a file: a plan's scan or its documents
_AS_INSTALLED: Final = (
    "maintenance_work_mem = '256MB'",
    "max_wal_size = '2GB'",
)  # installing/templates/postgresql.conf
_OBJECTS: Final = """
    INSERT INTO plans.planobjekt (version_id, klasse, gml_id, ebene, rechtscharakter, attribute, geom)
    SELECT version.id, (ARRAY['BP_BaugebietsTeilFlaeche', 'BP_BauGrenze', 'BP_StrassenVerkehrsFlaeche'])[1 + mod(n, 3)],
        'GML_' || md5(version.id || '-' || n), 0, 1000,
        jsonb_build_object('GRZ', mod(n, 10) / 10.0, 'GFZ', mod(n, 20) / 10.0, 'text', repeat(md5(n::text), 12)),
        ST_Buffer(ST_Translate(ST_Centroid(version.geom), mod(n, 40), n / 40.0), 3 + mod(n, 9), 6)
    FROM plans.version, generate_series(1, %s) AS n"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=20_000)
    parser.add_argument("--objects", type=int, default=150, help="of each plan")
    parser.add_argument("--files", type=int, default=600, help=f"of {_FILE / 1e6:.0f} MB each")
    parser.add_argument("--folder", type=Path, help="where there is room; else the folder for temporary files")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geoportal-drill-", dir=given.folder) as name:
        folder = Path(name)
        folder.chmod(0o711)
        # what restoring writes beside the database lies on the same disk
        tempfile.tempdir = name
        with Cluster(folder / "postgres") as server:
            settings = replace(Settings.from_env({}), database_url=server.url, data=folder / "data")
            _measure(server, settings, folder, given.plans, given.objects, given.files)


def _measure(server: Cluster, settings: Settings, folder: Path, plans: int, objects: int, files: int) -> None:
    with server.superuser() as connection:
        for each in _AS_INSTALLED:
            connection.execute(f"ALTER SYSTEM SET {each}")
        connection.execute("SELECT pg_reload_conf()")
        scratch = sql.SQL("CREATE DATABASE drill TEMPLATE {} OWNER {}")
        connection.execute(scratch.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    archive, place = Archive(settings.archive), place_of(str(folder / "backups"))
    seal = Seal(os.urandom(32))
    with _timed("gebaut"):
        _build(settings, folder, archive, plans, objects, files)
    engine = owner_engine(server.url)
    size = _size(server.url)
    there = archive.sizes()
    print(
        f"Datenbank {size / 1e9:.2f} GB, Archiv {sum(there.values()) / 1e9:.2f} GB in {len(there)} Dateien", flush=True
    )
    with _timed("gesichert, verschlüsselt"):
        made = backups.back_up(engine, archive, place, seal)
    dump = folder / "backups/snapshots" / made.moment / "database"
    print(f"Auszug der Datenbank: {dump.stat().st_size / 1e9:.2f} GB", flush=True)
    with _timed("Probe (drill)"):
        proof = backups.drill(owner_engine(server.url_of(OWNER, "drill")), place, seal, made.moment)
    if proof.faults:
        raise SystemExit(f"{len(proof.faults)} Abweichungen, die erste: {proof.faults[0]}")
    print(f"{proof.tables} Tabellen, {proof.rows} Zeilen, {proof.files} Dateien: alle gleich", flush=True)
    shutil.rmtree(settings.archive)
    _lose(engine)
    with _timed("zurückgeholt (restore, migrate): RTO ohne Einrichten") as restoring:
        backups.restore(engine, archive, place, seal, made.moment)
        migrate(engine)
    if archive.sizes() != there:
        raise SystemExit("Im Archiv liegt anderes als vorher.")
    with _timed("noch einmal gesichert"):
        again = backups.back_up(engine, archive, place, seal)
    if changed := [name for name, told in made.tables.items() if again.tables.get(name) != told]:
        raise SystemExit(f"Tabellen sind anders als vorher: {changed}")
    rate = (size + sum(there.values())) / restoring[0]
    print(f"Zurück ist alles, wie es war; {rate / 1e6:.0f} MB/s, also 10 GB in {1e10 / rate / 60:.1f} min", flush=True)
    engine.dispose()


def _build(settings: Settings, folder: Path, archive: Archive, plans: int, objects: int, files: int) -> None:
    layers = folder / "layers"
    layers.mkdir()
    (layers / "bebauungsplaene").symlink_to(CHECKOUT / "layers/bebauungsplaene")
    stock.build(settings, layers, plans, 1_000)
    source, digests = folder / "file", []
    for _ in range(files):
        source.write_bytes(os.urandom(_FILE))
        digests.append(archive.put(source))
    source.unlink()
    with psycopg.connect(settings.require_database_url()) as connection:
        connection.execute("DROP SCHEMA peer CASCADE")
        connection.execute(_OBJECTS, (objects,))
        connection.execute("UPDATE plans.delivery SET sha256 = %s", (digests[0],))
        connection.execute(
            "INSERT INTO plans.dokument (version_id, position, name, sha256, size, from_form)"
            " SELECT (SELECT min(id) FROM plans.version), row_number() OVER (), digest, digest, %s, false"
            " FROM unnest(%s::text[]) AS digest",
            (_FILE, digests),
        )
    with psycopg.connect(settings.require_database_url(), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _lose(engine: Engine) -> None:
    """As on an empty machine: the database and its extensions stand, and nothing else."""
    with engine.connect() as connection:
        names = connection.exec_driver_sql(
            "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%%'"
            " AND nspname NOT IN ('information_schema', 'public')"
        ).scalars()
        for name in list(names):
            connection.exec_driver_sql(f'DROP SCHEMA "{name}" CASCADE')
            connection.commit()


def _size(url: str) -> int:
    with psycopg.connect(url) as connection:
        [(size,)] = connection.execute("SELECT pg_database_size(current_database())")
    return int(size)


@contextmanager
def _timed(told: str) -> Iterator[list[float]]:
    """Prints how long the block took, and at which load; the list holds the seconds when it has ended."""
    began = time.monotonic()
    seconds: list[float] = []
    yield seconds
    seconds.append(time.monotonic() - began)
    print(f"{told}: {seconds[0] / 60:.1f} min (Last {os.getloadavg()[0]:.1f})", flush=True)


if __name__ == "__main__":
    main()
