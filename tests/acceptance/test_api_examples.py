"""The examples of docs/planner-api.md, as they stand there: a shell, curl, a served portal, a worker that works."""

import re
import subprocess
from pathlib import Path

from sqlalchemy import text

from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import serving
from tests.desk import token_for
from tests.files import archive, pdf, plan, prop, xplangml
from tests.integration.test_mapping import table
from tests.processes import command, environment, running

PAGE = (CHECKOUT / "docs" / "planner-api.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# what is another for each reader, and nothing else
GIVEN = re.compile(r"^export (TOKEN|API)=\S+.*\n", re.MULTILINE)


def test_the_examples_run_as_they_stand_from_the_file_to_the_public_plan(
    module_furnished: Settings, tmp_path: Path
) -> None:
    for name, reason in (("plan.zip", "alt"), ("plan-neu.zip", "neu")):
        archive(tmp_path / name, {"xplan.gml": xplangml(plan(extra=prop("beschreibung", reason)))})
    row = {"Plan_Nr": "12", "Bezeichnung": "Am Tal", "Art": "Qualif. Plan", "Zustand": "im Gange", "Tag": "x"}
    (tmp_path / "bestand.geojson").write_text(table(row), "utf-8")
    (tmp_path / "begruendung.pdf").write_bytes(pdf("Die Begruendung"))
    script = "".join(BLOCKS)
    assert len(GIVEN.findall(script)) == 2
    with (
        serving(module_furnished, requests_per_second=0) as address,
        running(command("work"), environment(module_furnished), tmp_path / "log"),
    ):
        told = {"TOKEN": token_for(module_furnished, name="beispiel"), "API": f"{address}/api/v1"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", GIVEN.sub("", script)],
            cwd=tmp_path, env=environment(module_furnished) | told, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr}"
    for kind, begin in (("json", b"{"), ("pdf", b"%PDF-"), ("gpkg", b"SQLite"), ("html", b"<!DOCTYPE")):
        assert (tmp_path / f"bericht.{kind}").read_bytes().startswith(begin)
    engine = owner_engine(module_furnished.require_database_url())
    with engine.connect() as connection:
        states = connection.execute(text("SELECT filename, state FROM plans.upload ORDER BY id")).all()
        versions = connection.execute(
            text("SELECT name, version, state, rechtsstand FROM plans.version ORDER BY name, version")
        ).all()
        papers = connection.scalar(text("SELECT count(*) FROM plans.dokument WHERE name = 'Begründung'"))
        periods = list(connection.scalars(text("SELECT state FROM participation.beteiligung")))
    engine.dispose()
    assert [tuple(each) for each in states] == [
        ("plan.zip", "published"), ("plan-neu.zip", "withdrawn"), ("bestand.geojson", "withdrawn"),
        ("bestand.geojson", "checked"),
    ]  # fmt: skip
    assert [tuple(each)[:3] for each in versions if each.name == "Am Hang"] == [
        ("Am Hang", 1, "withdrawn"), ("Am Hang", 2, "withdrawn"), ("Am Hang", 3, "published"),
    ]  # fmt: skip
    assert [tuple(each)[2:] for each in versions if each.name == "Am Tal"][-1] == ("in_review", 2000)
    assert papers
    assert periods == ["verworfen"]


def test_every_example_of_the_documents_stands_where_it_is_run() -> None:
    for document in (CHECKOUT / "docs").rglob("*.md"):
        if document.name != "planner-api.md":
            assert "/api/v1/" not in document.read_text("utf-8").replace("/api/v1/openapi.json", ""), document
