"""A Gemeinde to take along: pages that open without a server, and never without the day that they are of."""

import io
import json
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.database.locks import Lock, alone
from geoportal.packages import refresh_packages
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.files import archive, feature, pdf, plan, polygon, prop, write, xplangml

TODAY = date(2026, 11, 22)
HOSTILE = "Süd &lt;img src=x onerror=alert(1)&gt;"
REFERENCE = prop(
    "externeReferenz",
    "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
)


@pytest.fixture
def owner(furnished: Settings, tmp_path: Path) -> Engine:
    engine = owner_engine(furnished.require_database_url())
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000") + REFERENCE),
        plan("p2", name=HOSTILE, nummer="6", extra=prop("rechtsstand", "2400")),
        feature("BP_BaugebietsTeilFlaeche", "b1", prop("position", polygon()) + prop("GRZ", "0.4")),
    )
    file = archive(tmp_path / "plans.zip", {"xplan.gml": document, "b.pdf": pdf()})
    operations.deliver(engine, Archive(furnished.archive), file)
    return engine


def refreshed(settings: Settings, debounce: float = 0) -> list[str]:
    reader = reader_engine(settings.require_read_url())
    made = refresh_packages(reader, settings, TODAY, debounce)
    reader.dispose()
    return made


def test_a_package_holds_every_plan_as_a_page_and_says_of_which_day_it_is(owner: Engine, furnished: Settings) -> None:
    assert refreshed(furnished) == ["gemeinde-06534008.zip"]
    answer = create_portal(furnished).test_client().get("/downloads/gemeinde-06534008.zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    package = zipfile.ZipFile(io.BytesIO(answer.data))
    pages = {name: package.read(name).decode() for name in package.namelist() if name.endswith(".html")}
    linked = re.findall(r'href="(plan/[0-9a-f-]{36}\.html)"', pages["index.html"])
    assert sorted(linked) == sorted(name for name in pages if name != "index.html")
    assert len(linked) == 2
    for page in pages.values():
        assert "Stand: 22. November 2026." in page
        assert "<script" not in page
        assert "<img" not in page
    hang = next(page for page in pages.values() if "<h1>Am Hang</h1>" in page)
    for said in ("Begründung", "Baugebiet", "In Kraft", "1,0 ha", 'd="M '):
        assert said in hang, said
    outlines = json.loads(package.read("plaene.geojson"))
    assert sorted(each["properties"]["nummer"] for each in outlines["features"]) == ["5", "6"]
    assert all(each["geometry"]["type"] == "MultiPolygon" for each in outlines["features"])


def test_every_page_of_a_package_leads_to_pages_that_are_in_it(owner: Engine, furnished: Settings) -> None:
    refreshed(furnished)
    [download] = create_portal(furnished).extensions["geoportal"].packages.all().values()
    file = create_portal(furnished).extensions["geoportal"].packages.path(download)
    with zipfile.ZipFile(file) as package:
        names = set(package.namelist())
        for name in names:
            if name.endswith(".html"):
                for target in re.findall(r'(?:href|src)="(?!http)([^"]+)"', package.read(name).decode()):
                    assert str((Path("/") / name).parent.joinpath(target).resolve()).lstrip("/") in names, target


def test_a_package_is_made_anew_when_its_plans_have_changed_and_only_then(
    owner: Engine, furnished: Settings, tmp_path: Path
) -> None:
    assert refreshed(furnished, debounce=3600) == [], "more may be on its way"
    with alone(owner, Lock.PACKAGES):
        assert refreshed(furnished) == [], "somebody else makes them"
    with alone(owner, Lock.MIGRATION):
        assert refreshed(furnished) == ["gemeinde-06534008.zip"], "neither waits for the other"
    assert refreshed(furnished) == []
    more = write(tmp_path / "more.gml", xplangml(plan("p3", name="Neu", nummer="9")))
    operations.deliver(owner, Archive(furnished.archive), more)
    assert refreshed(furnished) == ["gemeinde-06534008.zip"]
    with owner.begin() as connection:  # a participation is announced of a version that stands
        connection.execute(
            text("""
            INSERT INTO participation.beteiligung (plan_id, ags, art, state, bekanntmachung, beginn, ende)
            SELECT id, '06534008', 'veroeffentlichung', 'bekannt', '2026-11-23', '2026-11-30', '2026-12-30'
            FROM ogc.plaene WHERE name = 'Neu'""")
        )
    assert refreshed(furnished) == ["gemeinde-06534008.zip"]
    answer = create_portal(furnished).test_client().get("/downloads/gemeinde-06534008.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert "Auslegung 30. November 2026 bis 30. Dezember 2026" in package.read("index.html").decode()


def test_pages_name_the_package_and_a_gemeinde_without_plans_has_none(owner: Engine, furnished: Settings) -> None:
    client = create_portal(furnished).test_client()
    assert "Die Pakete werden gerade erstellt." in client.get("/offline/").text
    refreshed(furnished)
    for path in ("/offline/", "/gemeinde/06534008/"):
        assert "/downloads/gemeinde-06534008.zip" in client.get(path).text, path
    assert "/downloads/gemeinde-" not in client.get("/gemeinde/06534001/").text
    for found in re.findall(r'/plan/([0-9a-f-]{36})"', client.get("/plaene").text):
        operations.withdraw(owner, found, "Versehen")
    refreshed(furnished)
    assert client.get("/downloads/gemeinde-06534008.zip").status_code == 404
