"""Workers and the database are killed in the middle of their work: a plan is old or new, never half, and none is lost.

The readers of the database look on all the while; what they ever saw is part of the verdict.
"""

import random
import resource
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import Settings
from geoportal.states import State
from tests.faults import (
    Witness,
    Worker,
    engine_of,
    refuse_a_star,
    uploads,
    wait_unless_done,
    wait_until_all_are_published,
    wait_until_one_is_begun,
)
from tests.files import feature, plan, polygon, prop, write, xplangml
from tests.processes import crash_and_restart

OBJEKTE = 40
ROUNDS, KILLS = 20, 10


def document(name: str, objekte: int = OBJEKTE) -> str:
    things = [feature("BP_GruenFlaeche", f"{name}{n}", prop("position", polygon(f"{n} 0 {n + 1} 0 {n + 1} 1 {n} 0")))
              for n in range(objekte)]  # fmt: skip
    return xplangml(plan(name=name), *things)


def test_twenty_rounds_with_ten_kills_publish_every_plan_once(database: Settings, tmp_path: Path) -> None:
    chance = random.Random(3)
    archive = Archive(database.archive)
    url = database.require_database_url()
    killed = dict.fromkeys(State, 0)
    with engine_of(database) as engine, Worker(url, database.data) as worker:
        operations.prepare(engine)
        started = time.monotonic()
        operations.deliver(engine, archive, write(tmp_path / "0.gml", document("Fassung 0")))
        lasts = time.monotonic() - started
        with Witness(engine) as witness:
            for number in range(1, ROUNDS + 1):
                worker.start()
                operations.receive(engine, archive, write(tmp_path / f"{number}.gml", document(f"Fassung {number}")))
                # each tenth of an ingest twice, somewhere within it; how long a worker takes to begin is no part of it
                wait_until_one_is_begun(engine, 240)
                wanted = lasts * (number % KILLS + chance.random()) / KILLS
                if (passed := wait_unless_done(engine, wanted)) < wanted:
                    lasts = passed  # the machine had more to do when it was measured
                worker.kill()
                killed[uploads(engine)[0][0]] += 1
                worker.start()
                wait_until_all_are_published(engine, 240)
                worker.kill()
        with engine.connect() as connection:
            names = connection.scalars(text("SELECT name FROM plans.version ORDER BY version")).all()
            objekte = connection.scalars(
                text("""
                    SELECT DISTINCT count(o.id)
                    FROM plans.version v LEFT JOIN plans.planobjekt o ON o.version_id = v.id GROUP BY v.id
                """)
            ).all()
            public = connection.scalars(text("SELECT name FROM ogc.bebauungsplaene")).all()
            half = connection.scalar(
                text("SELECT count(*) FROM plans.version WHERE state NOT IN ('published', 'superseded')")
            )
    assert witness.seen == {(1, OBJEKTE)}, "somebody saw half a plan"
    assert names == [f"Fassung {number}" for number in range(ROUNDS + 1)], "lost, double, or out of order"
    assert objekte == [OBJEKTE]
    assert public == [f"Fassung {ROUNDS}"]
    assert half == 0
    assert killed[State.CHECKING] >= KILLS // 2, f"the kills came too early or too late: {killed}"
    assert operations.sweep(engine, archive, seconds=-1) >= killed[State.CHECKING] // 2, "what the killed left behind"
    assert all(archive.path(digest).exists() for digest in referenced(database))


def referenced(settings: Settings) -> list[str]:
    with engine_of(settings) as engine, engine.connect() as connection:
        return list(connection.scalars(text("SELECT sha256 FROM plans.upload UNION SELECT sha256 FROM plans.delivery")))


def test_a_restart_of_the_database_loses_nothing(open_folder: Path, tmp_path: Path) -> None:
    """Durable, because the server is killed: a careless one may lose what it has confirmed, and rightly so."""
    with Cluster(open_folder / "killed") as cluster:
        settings = replace(Settings.from_env({}), database_url=cluster.url, data=tmp_path / "data")
        archive = Archive(settings.archive)
        with engine_of(settings) as engine, Worker(cluster.url, settings.data) as worker:
            migrate(engine)
            operations.prepare(engine)
            operations.deliver(engine, archive, write(tmp_path / "0.gml", document("Fassung 0")))
            with Witness(engine) as witness:
                worker.start()
                for number in range(1, 4):
                    operations.receive(
                        engine, archive, write(tmp_path / f"{number}.gml", document(f"Fassung {number}"))
                    )
                    time.sleep(0.4 * number)
                    crash_and_restart(cluster)
                wait_until_all_are_published(engine, 240)
                worker.kill()
            with engine.connect() as connection:
                names = connection.scalars(text("SELECT name FROM plans.version ORDER BY version")).all()
                count = connection.scalar(text("SELECT count(*) FROM plans.planobjekt"))
    assert witness.seen == {(1, OBJEKTE)}
    assert names == [f"Fassung {number}" for number in range(4)]
    assert count == 4 * OBJEKTE


def test_an_upload_of_500_mb_fits_in_little_memory(database: Settings, tmp_path: Path) -> None:
    file = tmp_path / "big.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as opened:
        reference = prop("externeReferenz", "<xplan:XP_SpezExterneReferenz><xplan:referenzName>S</xplan:referenzName>"
                         "<xplan:referenzURL>scan.dat</xplan:referenzURL></xplan:XP_SpezExterneReferenz>")  # fmt: skip
        opened.writestr("xplan.gml", xplangml(plan(extra=reference)))
        with opened.open("scan.dat", "w", force_zip64=True) as scan:
            for _ in range(500):
                scan.write(bytes(1024**2))
    with engine_of(database) as engine:
        operations.prepare(engine)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        archive = Archive(database.archive)
        operations.process(engine, archive, operations.receive(engine, archive, file))
        assert uploads(engine) == [(State.PUBLISHED, 1)]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, f"{grown} kB"
    for path in database.archive.rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.parametrize("points", [2_001, 10_001])
def test_a_star_is_refused_before_it_is_mended(tmp_path: Path, points: int) -> None:
    refused = refuse_a_star(tmp_path, points)
    assert "überschneidet sich" in refused.words
    # most of it is the start of the reader
    assert refused.cpu_seconds < 10
    assert refused.megabytes < 400
