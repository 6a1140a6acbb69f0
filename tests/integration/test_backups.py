"""Backups of a real database and its archive, in a folder and in a bucket, read back and proved."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from psycopg import sql
from sqlalchemy import Engine, text

from geoportal import backups, operations
from geoportal.archive import Archive, archive_of
from geoportal.backups import BackupError, Seal, place_of
from geoportal.backups.places import Place
from geoportal.cli import main
from geoportal.database import owner_engine
from geoportal.database.cluster import DATABASE, OWNER, Cluster
from geoportal.database.locks import Lock, alone
from geoportal.database.migrating import migrate
from geoportal.settings import Settings
from tests.files import archive as archived
from tests.files import pdf, plan, prop, xplangml
from tests.processes import environment
from tests.store import Swift

SEAL = Seal(bytes(range(32)))
BEGRUENDUNG = prop(
    "externeReferenz",
    "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
)


@contextmanager
def owner(url: str) -> Iterator[Engine]:
    engine = owner_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database: Settings) -> Iterator[Engine]:
    with owner(database.require_database_url()) as opened:
        operations.prepare(opened)
        yield opened


@pytest.fixture
def scratch(cluster: Cluster) -> Iterator[str]:
    """An empty database with the extensions, as `geoportal install` makes it for drills."""
    name = sql.Identifier("drill")
    with cluster.superuser() as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        connection.execute(create.format(name, sql.Identifier(DATABASE), sql.Identifier(OWNER)))
        yield cluster.url_of(OWNER, "drill")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def deliver(settings: Settings, engine: Engine, folder: Path, name: str) -> None:
    document = xplangml(plan(name=name, nummer=name, extra=prop("rechtsstand", "4000") + BEGRUENDUNG))
    file = archived(folder / f"{name}.zip", {"xplan.gml": document, "b.pdf": pdf(name)})
    operations.deliver(engine, archive_of(settings), file)


def public(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT name FROM ogc.bebauungsplaene ORDER BY name")))


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with Swift() as store:
        where = store.new_bucket()
        for name, value in {
            "AWS_ENDPOINT_URL": where.endpoint, "AWS_DEFAULT_REGION": where.region,
            "AWS_ACCESS_KEY_ID": where.key_id, "AWS_SECRET_ACCESS_KEY": where.secret,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, str(value))
        yield place_of(f"s3://{where.bucket}/kreis")


@pytest.mark.parametrize("kind", ["folder", "sealed bucket"])
def test_a_portal_that_was_lost_comes_back_as_it_was(
    kind: str, database: Settings, engine: Engine, scratch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(database.archive)
    seal = SEAL if "sealed" in kind else None
    deliver(database, engine, tmp_path, "Am Hang")
    with bucket(monkeypatch) if "bucket" in kind else place_in(tmp_path / "backups") as place:
        made = backups.back_up(engine, archive, place, seal)
        assert len(made.files) == 2
        if seal:
            stored = b"".join(b"".join(place.get(name)) for name in place.names("snapshots"))
            assert b"Am Hang" not in stored

        deliver(database, engine, tmp_path, "Zu viel")
        for digest in made.files:
            archive.path(digest).unlink()
        with owner(scratch) as opened:
            assert backups.drill(opened, place, seal, made.moment).faults == ()
            with opened.connect() as connection:
                left = connection.scalar(text("SELECT to_regclass('plans.version')"))
            assert left is None, "a copy would outlive what is deleted from the portal"

        backups.restore(engine, archive, place, seal, made.moment)
        assert public(engine) == ["Am Hang"]
        assert all(archive.path(digest).exists() for digest in made.files)
        migrate(engine)
        deliver(database, engine, tmp_path, "Danach")
        assert public(engine) == ["Am Hang", "Danach"]


@contextmanager
def place_in(folder: Path) -> Iterator[Place]:
    yield place_of(str(folder))


def test_a_drill_finds_what_would_be_missing(database: Settings, engine: Engine, scratch: str, tmp_path: Path) -> None:
    deliver(database, engine, tmp_path, "Am Hang")
    place = place_of(str(tmp_path / "backups"))
    made = backups.back_up(engine, Archive(database.archive), place, None)
    changed, gone = sorted(made.files)
    (tmp_path / "backups/files" / changed[:2] / changed).write_bytes(b"bit rot")
    (tmp_path / "backups/files" / gone[:2] / gone).unlink()
    with owner(scratch) as opened:
        faults = backups.drill(opened, place, None, made.moment).faults
    assert len(faults) == 2
    assert changed in faults[0]
    assert gone in faults[1]
    dump = tmp_path / "backups/snapshots" / made.moment / "database"
    dump.write_bytes(dump.read_bytes()[:-100])
    with owner(scratch) as opened, pytest.raises(BackupError, match="unvollständig"):
        backups.drill(opened, place, None, made.moment)


def test_what_another_library_computes_otherwise_is_no_fault(
    database: Settings, engine: Engine, scratch: str, tmp_path: Path
) -> None:
    """As after the way to the next Debian, whose GEOS simplifies an outline otherwise."""
    place = place_of(str(tmp_path / "backups"))
    deliver(database, engine, tmp_path, "Am Hang")
    with engine.begin() as connection:
        connection.execute(
            text("""
            CREATE OR REPLACE FUNCTION plans.folded(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS $$ SELECT upper(words) $$""")
        )
    made = backups.back_up(engine, Archive(database.archive), place, None)
    with owner(scratch) as opened:
        assert backups.drill(opened, place, None, made.moment).faults == ()


def test_a_restore_that_fails_leaves_everything_as_it_was(database: Settings, engine: Engine, tmp_path: Path) -> None:
    deliver(database, engine, tmp_path, "Am Hang")
    place = place_of(str(tmp_path / "backups"))
    made = backups.back_up(engine, Archive(database.archive), place, SEAL)
    deliver(database, engine, tmp_path, "Danach")
    for seal in (None, Seal(bytes(32))):
        with pytest.raises(BackupError, match="Schlüssel"):
            backups.restore(engine, Archive(database.archive), place, seal, made.moment)
    assert public(engine) == ["Am Hang", "Danach"]


def test_a_file_that_the_archive_has_lost_is_told_and_the_rest_is_saved(
    database: Settings, engine: Engine, tmp_path: Path
) -> None:
    deliver(database, engine, tmp_path, "Am Hang")
    lost = next(file for file in database.archive.glob("??/*"))
    lost.unlink()
    made = backups.back_up(engine, Archive(database.archive), place_of(str(tmp_path / "backups")), None)
    assert made.missing == (lost.name,)
    assert len(made.files) == 1


def test_old_snapshots_go_with_the_files_that_only_they_named(
    database: Settings, engine: Engine, tmp_path: Path
) -> None:
    archive, place = Archive(database.archive), place_of(str(tmp_path / "backups"))
    begin = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    deliver(database, engine, tmp_path, "Am Hang")
    first = backups.back_up(engine, archive, place, SEAL, begin)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE plans.plan, plans.delivery CASCADE"))
    for minute in range(1, 5):
        backups.back_up(engine, archive, place, SEAL, begin + timedelta(minutes=minute))
    assert len(backups.snapshots(place)) == 3
    assert first.files
    assert [name for name in place.names("") if not name.startswith("snapshots/")] == []


@pytest.mark.parametrize("former", [None, Seal(bytes(32))], ids=["unsealed", "another key"])
def test_a_new_key_needs_nothing_of_what_the_former_has_sealed(
    former: Seal | None, database: Settings, engine: Engine, tmp_path: Path
) -> None:
    archive, place = Archive(database.archive), place_of(str(tmp_path / "backups"))
    begin = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    deliver(database, engine, tmp_path, "Am Hang")
    before = backups.back_up(engine, archive, place, former, begin)

    def lost_and_restored(seal: Seal | None, moment: str) -> None:
        for digest in before.files:
            archive.path(digest).unlink()
        backups.restore(engine, archive, place, seal, moment)
        assert archive.sizes() == before.files

    after = [backups.back_up(engine, archive, place, SEAL, begin + timedelta(minutes=minute)) for minute in range(1, 3)]
    lost_and_restored(former, before.moment)
    lost_and_restored(SEAL, after[-1].moment)
    migrate(engine)
    backups.back_up(engine, archive, place, SEAL, begin + timedelta(days=1))
    after.append(backups.back_up(engine, archive, place, SEAL, begin + timedelta(days=1, minutes=1)))
    assert before.moment not in backups.snapshots(place), "thinned, though the new key cannot open it"
    # what no key opens any more would else lie there for ever
    assert {name.rpartition("/")[2] for name in place.names("")} == {"contents", "database", *before.files}
    assert all(str(SEAL.name) in name for name in place.names("") if not name.startswith("snapshots/"))
    lost_and_restored(SEAL, after[-1].moment)


def test_what_an_older_release_has_saved_comes_back(
    database: Settings, engine: Engine, scratch: str, tmp_path: Path
) -> None:
    """Before, files of every key lay together, and a snapshot did not say where; checksums were of whole rows."""
    archive, place = Archive(database.archive), place_of(str(tmp_path / "backups"))
    deliver(database, engine, tmp_path, "Am Hang")
    made = backups.back_up(engine, archive, place, SEAL)
    (tmp_path / "backups/sealed" / SEAL.name).rename(tmp_path / "backups/files")
    file = f"snapshots/{made.moment}/contents"
    told = json.loads(b"".join(SEAL.open(place.get(file))))
    del told["folder"], told["given_alone"]
    with engine.connect() as connection:
        connection.execute(text("SET timezone = 'UTC'; SET extra_float_digits = 1"))
        for name in told["tables"]:
            whole = f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {name} AS t"
            told["tables"][name] = list(connection.execute(text(whole)).one())
    place.put(file, SEAL.close([json.dumps(told).encode()]))
    with owner(scratch) as opened:
        assert backups.drill(opened, place, SEAL, made.moment).faults == ()
    for digest in made.files:
        archive.path(digest).unlink()
    backups.restore(engine, archive, place, SEAL, made.moment)
    assert archive.sizes() == made.files


def test_without_a_key_nothing_goes_that_a_sealed_snapshot_may_name(
    database: Settings, engine: Engine, tmp_path: Path
) -> None:
    """Of an older release, whose sealed files lie among the plain ones."""
    archive, place = Archive(database.archive), place_of(str(tmp_path / "backups"))
    begin = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    sealed = backups.back_up(engine, archive, place, SEAL, begin)
    only_there = f"files/{'0' * 2}/{'0' * 64}"
    place.put(only_there, [b"x"])
    for minute in range(3):
        backups.back_up(engine, archive, place, None, begin + timedelta(days=1, minutes=minute))
    backups.back_up(engine, archive, place, None, begin + timedelta(days=2))
    assert sealed.moment in backups.snapshots(place)
    assert len(backups.snapshots(place)) < 5, "thinned"
    assert only_there in list(place.names("files"))


def test_a_second_backup_in_one_second_takes_no_other_away(database: Settings, engine: Engine, tmp_path: Path) -> None:
    archive, place, now = Archive(database.archive), place_of(str(tmp_path / "backups")), datetime.now(UTC)
    made = [backups.back_up(engine, archive, place, None, now).moment for _ in range(2)]
    assert backups.snapshots(place) == made
    assert made[0] < made[1]


def test_two_backups_at_once_do_not_disturb_each_other(database: Settings, engine: Engine, tmp_path: Path) -> None:
    place = place_of(str(tmp_path / "backups"))
    with alone(engine, Lock.BACKUP), pytest.raises(BackupError, match="läuft noch"):
        backups.back_up(engine, Archive(database.archive), place, None)
    backups.back_up(engine, Archive(database.archive), place, None)


def test_the_commands_say_what_came_of_it_and_keep_it(
    database: Settings, engine: Engine, scratch: str, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(base64.b64encode(os.urandom(32)).decode(), "ascii")
    deliver(database, engine, tmp_path, "Am Hang")
    told = environment(
        replace(database),
        GEOPORTAL_BACKUPS=str(tmp_path / "backups"),
        GEOPORTAL_BACKUP_KEY=str(key),
        GEOPORTAL_DRILL_DATABASE_URL=scratch,
    )

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments, env=told)
        assert result.exit_code == 0, result.output
        return result.output

    assert "2 Dateien" in run("backup")
    assert "alles stimmt überein" in run("drill")
    moment = run("backups").strip()
    assert moment in run("restore", "latest", "--yes")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT task, fault, finished_at IS NULL FROM plans.maintenance ORDER BY id"))
        assert [tuple(row) for row in rows] == [("backup", None, False), ("restore", None, False)], (
            "the state of the backup, which has an end now, and what followed it"
        )
        ages = connection.execute(
            text("SELECT backup_at = started_at FROM ogc.operation, plans.maintenance ORDER BY id")
        )
        assert ages.first() == (True,), "it is as old as the state that came back"
    no_backup = CliRunner().invoke(main, ["drill", "20200101T000000Z"], env=told)
    assert no_backup.exit_code == 1
    assert "Es gibt keine Sicherung 20200101T000000Z" in no_backup.output
