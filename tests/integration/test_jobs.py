"""Uploads that are worked off in the background, by real workers on a real database."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from geoportal import jobs, operations, sandbox, uploads
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.sandbox import ReadingCancelled
from geoportal.settings import Settings
from geoportal.states import UNREAD, WAYS, IllegalTransition, State
from geoportal.uploads import Upload
from plans_ingest.errors import Limit, ResourceExceeded
from plans_ingest.gemeinden import gemeinde_of
from tests.files import feature, plan, polygon, prop, write, xplangml

OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche", "o", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
)
WORKER = """
import logging, os, sys
from dataclasses import replace
from pathlib import Path
from geoportal import jobs
from geoportal.settings import Settings
logging.basicConfig(level=logging.INFO)
settings = replace(Settings.from_env({}), database_url=sys.argv[1], data=Path(sys.argv[2]))
jobs.work(settings, parallel=int(sys.argv[3]), heartbeat=2)
"""


@dataclass(frozen=True)
class Portal:
    settings: Settings
    engine: Engine
    archive: Archive
    folder: Path

    def receive(self, document: str, name: str = "plan.gml", ags: str | None = None) -> int:
        file = write(self.folder / name, document)
        return operations.receive(self.engine, self.archive, file, None if ags is None else gemeinde_of(ags))

    def process(self, upload: int) -> Upload:
        operations.process(self.engine, self.archive, upload)
        return self.upload(upload)

    def upload(self, number: int) -> Upload:
        return next(item for item in operations.latest_uploads(self.engine) if item.id == number)

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def wait_for(self, number: int, *states: State, seconds: float = 240) -> Upload:
        deadline = time.monotonic() + seconds
        while (upload := self.upload(number)).state not in states:
            assert time.monotonic() < deadline, f"still {upload}"
            time.sleep(0.05)
        return upload


@pytest.fixture
def portal(database: Settings, tmp_path: Path) -> Iterator[Portal]:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    yield Portal(database, engine, Archive(database.archive), tmp_path)
    engine.dispose()


@pytest.fixture
def worker(portal: Portal) -> Iterator[subprocess.Popen[bytes]]:
    running = start_worker(portal)
    yield running
    running.kill()
    running.wait()


def start_worker(portal: Portal, parallel: int = 2) -> subprocess.Popen[bytes]:
    arguments = [portal.settings.require_database_url(), str(portal.settings.data), str(parallel)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments])


def test_an_upload_becomes_a_public_plan(portal: Portal, worker: subprocess.Popen[bytes]) -> None:
    upload = portal.wait_for(portal.receive(xplangml(plan(), OBJEKT)), State.PUBLISHED)
    assert (upload.step, upload.percent, upload.attempts, upload.fault) == ("done", 100, 1, None)
    assert portal.count("ogc.bebauungsplaene") == 1
    assert portal.count("ogc.planinhalte") == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=120) == 0
    assert portal.count("jobs.procrastinate_jobs") == 0
    assert portal.count("jobs.procrastinate_workers") == 0


def test_the_job_comes_with_the_row_or_not_at_all(portal: Portal) -> None:
    with portal.engine.connect() as connection:
        uploads.add(connection, "0" * 64, "plan.gml", 1, None)
        connection.rollback()
    assert (portal.count("plans.upload"), portal.count("jobs.procrastinate_jobs")) == (0, 0)
    portal.receive(xplangml(plan()))
    assert (portal.count("plans.upload"), portal.count("jobs.procrastinate_jobs")) == (1, 1)


def test_a_bad_file_fails_with_its_reason(portal: Portal) -> None:
    upload = portal.process(portal.receive(xplangml(plan())[:-30]))
    assert (upload.state, upload.fault_code) == (State.FAILED, "UnreadableFile")
    assert upload.fault
    assert "plan.gml" in upload.fault
    assert portal.count("plans.delivery") == 0


def test_a_plan_that_lacks_something_is_kept_but_not_public(portal: Portal) -> None:
    assert portal.process(portal.receive(xplangml(plan(gemeinde="")))).state is State.CHECKED
    assert portal.process(portal.receive(xplangml(plan(gemeinde="")), ags="06534001")).state is State.PUBLISHED


def test_processing_again_changes_nothing(portal: Portal) -> None:
    number = portal.receive(xplangml(plan()))
    assert portal.process(number) == portal.process(number)
    assert portal.count("plans.version") == 1


def test_a_file_that_kills_its_reader_every_time_is_given_up(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise ResourceExceeded(Limit.KILLED)

    monkeypatch.setattr(sandbox, "read", killed)
    number = portal.receive(xplangml(plan()))
    for _ in range(operations.MAX_ATTEMPTS):
        with pytest.raises(ResourceExceeded):
            portal.process(number)
    upload = portal.process(number)
    assert (upload.state, upload.fault_code, upload.attempts) == (State.FAILED, "poison", operations.MAX_ATTEMPTS)


def test_what_costs_too_much_is_told_by_its_reason(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def costly(*_: object, **__: object) -> None:
        raise ResourceExceeded(Limit.CPU)

    monkeypatch.setattr(sandbox, "read", costly)
    assert portal.process(portal.receive(xplangml(plan()))).fault_code == "cpu"


def test_a_waiting_upload_can_be_taken_back(portal: Portal) -> None:
    number = portal.receive(xplangml(plan()))
    operations.cancel(portal.engine, number)
    assert portal.process(number).state is State.WITHDRAWN
    assert portal.count("plans.version") == 0
    with pytest.raises(IllegalTransition):
        operations.cancel(portal.engine, number)
    with pytest.raises(operations.NotFound):
        operations.cancel(portal.engine, number + 1)


def test_an_upload_taken_back_while_it_is_read_is_not_published(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = portal.receive(xplangml(plan()))
    read = sandbox.read

    def read_while_it_is_taken_back(*arguments: object, **options: object) -> object:
        batch = read(*arguments, **options)  # type: ignore[arg-type]  # handed through as they came
        operations.cancel(portal.engine, number)
        return batch

    monkeypatch.setattr(sandbox, "read", read_while_it_is_taken_back)
    assert portal.process(number).state is State.WITHDRAWN
    assert portal.count("plans.version") == 0


def test_a_stopped_reading_counts_as_no_attempt(portal: Portal) -> None:
    number = portal.receive(xplangml(plan()))
    with pytest.raises(ReadingCancelled):
        operations.process(portal.engine, portal.archive, number, cancelled=lambda: True)
    upload = portal.upload(number)
    assert (upload.state, upload.attempts, upload.step) == (State.RECEIVED, 0, "waiting")
    assert portal.process(number).state is State.PUBLISHED


def test_two_workers_that_have_the_same_upload_publish_it_once(portal: Portal) -> None:
    number = portal.receive(xplangml(plan(), OBJEKT))
    threads = [threading.Thread(target=portal.process, args=(number,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert portal.upload(number).state is State.PUBLISHED
    assert [portal.count(f"plans.{table}") for table in ("version", "planobjekt", "delivery")] == [1, 1, 1]


def test_uploads_of_one_gemeinde_keep_their_order(portal: Portal) -> None:
    numbers = [portal.receive(xplangml(plan(name=f"Fassung {n}")), f"{n}.gml", "06534008") for n in range(5)]
    first = start_worker(portal, parallel=4)
    try:
        for number in numbers:
            portal.wait_for(number, State.PUBLISHED)
    finally:
        first.kill()
        first.wait()
    with portal.engine.connect() as connection:
        names = connection.scalars(text("SELECT name FROM plans.version ORDER BY version")).all()
    assert names == [f"Fassung {n}" for n in range(5)]


def test_progress_is_told_to_who_listens(portal: Portal) -> None:
    with psycopg.connect(portal.settings.require_database_url(), autocommit=True) as listener:
        listener.execute("LISTEN geoportal_upload")
        portal.process(portal.receive(xplangml(plan())))
        told: list[str] = []
        for notice in listener.notifies(timeout=60):  # they come when the server finds the time
            told.append(notice.payload)
            if '"done"' in notice.payload:
                break
    steps = [step for step in ("waiting", "reading", "saving", "done") if any(f'"{step}"' in item for item in told)]
    assert steps == ["waiting", "reading", "saving", "done"]


def test_a_worker_survives_the_loss_of_its_connections(portal: Portal, worker: subprocess.Popen[bytes]) -> None:
    portal.wait_for(portal.receive(xplangml(plan())), State.PUBLISHED)
    with portal.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid()")
        )  # fmt: skip
    assert portal.wait_for(portal.receive(xplangml(plan(name="Neu"))), State.PUBLISHED)
    assert worker.poll() is None


def test_a_job_whose_end_was_lost_does_not_hold_up_its_gemeinde(
    portal: Portal, worker: subprocess.Popen[bytes]
) -> None:
    with portal.engine.begin() as connection:
        for statement in (
            "CREATE SEQUENCE jobs.ends",
            """CREATE FUNCTION jobs.lose_the_first_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF nextval('jobs.ends') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
               RETURN OLD; END $$""",
            "CREATE TRIGGER lose BEFORE DELETE ON jobs.procrastinate_jobs FOR EACH ROW "
            "EXECUTE FUNCTION jobs.lose_the_first_end()",
        ):
            connection.execute(text(statement))
    first = portal.receive(xplangml(plan()), ags="06534001")
    second = portal.receive(xplangml(plan(name="Neu")), "zwei.gml", ags="06534001")
    portal.wait_for(first, State.PUBLISHED)
    portal.wait_for(second, State.PUBLISHED)
    assert worker.poll() is None
    assert portal.count("plans.version") == 2


def test_the_sweep_takes_only_what_is_old_and_nobodys(portal: Portal) -> None:
    portal.process(portal.receive(xplangml(plan())))
    kept, orphan, young = (
        portal.archive.put(write(portal.folder / name, name)) for name in ("kept", "orphan", "young")
    )
    with portal.engine.begin() as connection:
        connection.execute(text("UPDATE plans.upload SET sha256 = :it"), {"it": kept})
    half = portal.settings.archive / "tmp1234"
    half.write_text("half a copy")
    left = portal.settings.archive / ".scratch/tmp5678"
    (left / "inner").mkdir(parents=True)
    for name in ("tmp-moved", ".scratch/tmp-removed"):  # as if somebody had just done that to them
        (portal.settings.archive / name).symlink_to(portal.folder / "nowhere")
    for path in (portal.archive.path(kept), portal.archive.path(orphan), half, left):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert operations.sweep(portal.engine, portal.archive) == 3
    assert [portal.archive.path(digest).exists() for digest in (kept, orphan, young)] == [True, False, True]
    assert not half.exists()
    assert not left.exists()


def test_what_is_put_again_is_young_again(portal: Portal) -> None:
    file = write(portal.folder / "x", "x")
    digest = portal.archive.put(file)
    os.utime(portal.archive.path(digest), (0, 0))
    portal.archive.put(file)
    assert portal.archive.older_than(10) == []


def test_every_state_has_its_ways_and_every_way_leads_to_a_state() -> None:
    assert set(WAYS) == set(State)
    assert {then for ways in WAYS.values() for then in ways} == set(State)
    assert {now for now, ways in WAYS.items() if State.CHECKING in ways} == UNREAD, "what was read is not read again"
    assert jobs.GRACE < 30
