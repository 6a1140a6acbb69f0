"""Every class of hostile file, and the harmless ones that look like them, through the reader and the whole portal."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from geoportal import cli, operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.states import State
from plans_ingest import gdal_guard
from tests.hostile import Case, Lure, Outcome, makers

SECRET = "s3cret-of-the-server"
MEGABYTES = 512


class Listener(HTTPServer):
    """A host that nobody must ask anything; `asked` are the paths that somebody asked for."""

    asked: list[str]


class _Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    server = Listener(("127.0.0.1", 0), _Answer)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def lure(listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> Lure:
    secret = tmp_path_factory.mktemp("outside") / "secret.csv"
    secret.write_text(f"name\n{SECRET}\n")
    return Lure(str(secret), f"http://127.0.0.1:{listener.server_port}")


@pytest.fixture(autouse=True)
def nothing_is_fetched(listener: Listener) -> Iterator[None]:
    yield
    assert listener.asked == []


def written(cases: list[Case], folder: Path) -> dict[str, Case]:
    found = {}
    for number, case in enumerate(cases):
        place = folder / f"{number:04}"
        place.mkdir(parents=True)
        (place / case.file).write_bytes(case.content)
        found[place.name] = case
    return found


@pytest.fixture(scope="module")
def classes(lure: Lure, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Case]]:
    return {name: list(make(lure, tmp_path_factory.mktemp(name))) for name, make in makers().items()}


def test_the_listener_would_hear_a_reader_that_asks(listener: Listener, lure: Lure) -> None:
    with urlopen(f"{lure.url}/x") as answer:  # noqa: S310 - our own listener
        assert answer.read() == SECRET.encode()
    assert listener.asked == ["/x"]
    listener.asked.clear()


@pytest.mark.parametrize("name", makers())
def test_every_file_of_the_class_ends_as_it_must(name: str, classes: dict[str, list[Case]], tmp_path: Path) -> None:
    cases = written(classes[name], tmp_path / "cases")
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.reading", str(tmp_path / "cases")],
        env=gdal_guard.environment() | {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["case"] for result in results] == sorted(cases), f"it died after these: {done.stderr[-2000:]}"
    faults = [f"{cases[result['case']].name}: {fault}" for result in results
              if (fault := wrong(result, cases[result["case"]], tmp_path))]  # fmt: skip
    assert not faults, "\n".join(faults)


def wrong(result: dict[str, Any], case: Case, tmp_path: Path) -> str | None:
    """What is wrong with a result, None if nothing is."""
    passed = result["outcome"] == Outcome.PASSED
    expected = {
        Outcome.REFUSED: result["outcome"] == Outcome.REFUSED,
        Outcome.TOLD: result["outcome"] in {Outcome.REFUSED, Outcome.TOLD},
        Outcome.IGNORED: passed,
        Outcome.PASSED: passed and result["published"] > 0,
    }
    if not expected[case.outcome]:
        return f"{result['outcome']} {result['codes']} {result['text'][:200] if not passed else ''}"
    if SECRET in result["text"] or str(tmp_path) in result["text"]:
        return f"tells what it must not: {result['text'][:200]}"
    if result["outcome"] == Outcome.REFUSED and " / " not in result["text"]:
        return f"no sentence in two languages: {result['text'][:200]}"
    if result["megabytes"] > MEGABYTES:
        return f"took {result['megabytes']} MB"
    return f"left {result['left']}" if result["left"] else None


@pytest.mark.parametrize("name", makers())
def test_check_ends_as_it_must_and_leaves_nothing(
    name: str, classes: dict[str, list[Case]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what is harmless is not therefore all that the official schema asks of a plan
    monkeypatch.delenv("XPLAN_SCHEMAS", raising=False)
    sample = written(classes[name][:: len(classes[name]) // 4], tmp_path)
    before = set(tmp_path.rglob("*"))
    for place, case in sample.items():
        done = CliRunner().invoke(cli.main, ["check", str(tmp_path / place / case.file)])
        assert (done.exit_code, type(done.exception)) in {(0, type(None)), (1, SystemExit)}, case.name
        assert done.exit_code == int(not case.is_harmless), case.name
        assert SECRET not in done.output
        assert "Traceback" not in done.output
    assert set(tmp_path.rglob("*")) == before


def test_what_is_harmless_but_no_plan_is_taken_and_nothing_of_it_is_public(
    database: Settings, classes: dict[str, list[Case]], tmp_path: Path
) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    archive = Archive(database.archive)
    wanted = ("PDF with a note", "TIFF", "trees", "DXF without an outline", "outlines with a name in .geojson")
    cases = [case for case in classes["ordinary"] if case.name.removeprefix("ordinary: ") in wanted]
    assert len(cases) == len(wanted)
    for place, case in written(cases, tmp_path / "uploads").items():
        operations.process(
            engine, archive, operations.receive(engine, archive, tmp_path / "uploads" / place / case.file)
        )
        [upload] = operations.latest_uploads(engine, 1)
        assert (upload.state, upload.fault) == (State.CHECKED, None), case.name
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM ogc.bebauungsplaene")).scalar_one() == 0
        codes = connection.scalars(text("SELECT DISTINCT code FROM plans.issue WHERE severity = 'warning'")).all()
    engine.dispose()
    assert {"document_without_plan", "raster_without_outline", "table_without_outline", "not_publishable"} <= {*codes}


def test_an_upload_that_is_refused_changes_nothing_and_says_why(
    database: Settings, classes: dict[str, list[Case]], tmp_path: Path
) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    archive = Archive(database.archive)
    refused = [case for cases in classes.values() for case in cases if case.outcome is Outcome.REFUSED]
    files = written(refused[:: len(refused) // 7], tmp_path / "uploads")
    for place, case in files.items():
        number = operations.receive(engine, archive, tmp_path / "uploads" / place / case.file)
        operations.process(engine, archive, number)
        [upload] = operations.latest_uploads(engine, 1)
        assert (upload.state, bool(upload.fault)) == (State.FAILED, True), case.name
        assert SECRET not in str(upload.fault)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM plans.plan")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM plans.delivery")).scalar_one() == 0
    engine.dispose()
    assert len([path for path in database.archive.rglob("*") if path.is_file()]) <= len(files), (
        "more than the originals"
    )
