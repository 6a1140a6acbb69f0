"""From a file to what the public sees: versions, and all or nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.settings import CHECKOUT, Settings
from plans_ingest import UnreadableFile
from plans_ingest.gemeinden import gemeinde_of
from tests.files import archive, feature, pdf, plan, polygon, prop, write, xplangml
from tests.ogc import LAYERS

REFERENCE = prop(
    "externeReferenz",
    "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
)
OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche", "o", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
)


@dataclass(frozen=True)
class Portal:
    engine: Engine
    reader: Engine
    archive: Archive
    folder: Path
    settings: Settings

    def at(self, home: Path) -> Settings:
        """The settings of this portal with another home folder."""
        return replace(self.settings, home=home)

    def deliver(self, document: str, name: str = "plan.gml") -> operations.Delivery:
        return operations.deliver(self.engine, self.archive, write(self.folder / name, document))

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def public(self, query: str) -> list[tuple[object, ...]]:
        with self.reader.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def portal(database: Settings, tmp_path: Path) -> Iterator[Portal]:
    engine = owner_engine(database.require_database_url())
    reader = reader_engine(database.require_read_url())
    operations.prepare(engine)
    yield Portal(engine, reader, Archive(database.archive), tmp_path, database)
    engine.dispose()
    reader.dispose()


def test_a_delivered_plan_is_public_with_its_contents_and_labels(portal: Portal) -> None:
    portal.deliver(xplangml(plan(extra=prop("rechtsstand", "4000")), OBJEKT))
    [row] = portal.public("SELECT name, gemeinde, planart_text, rechtsstand_text, status FROM ogc.bebauungsplaene")
    assert row == ("Am Hang", "Ebsdorfergrund", "BPlan", "In Kraft getreten", "in_kraft")
    [inhalt] = portal.public("SELECT klasse_text, art_text, beschriftung, ST_Area(geom)::int FROM ogc.planinhalte")
    assert inhalt == ("Baugebiet", "Allgemeines Wohngebiet", "WA", 10_000)


def test_the_read_role_sees_nothing_but_what_is_published(portal: Portal) -> None:
    portal.deliver(xplangml(plan()))
    for table in ("plans.version", "plans.delivery", "plans.plan"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            portal.public(f"SELECT 1 FROM {table}")
    with pytest.raises(DBAPIError, match=r"read-only transaction|permission denied"):
        portal.public("CREATE TABLE ogc.mine ()")


def test_the_same_file_again_changes_nothing(portal: Portal) -> None:
    first = portal.deliver(xplangml(plan(), OBJEKT))
    before = {table: portal.count(f"plans.{table}") for table in ("delivery", "version", "planobjekt", "issue")}
    again = portal.deliver(xplangml(plan(), OBJEKT))
    assert before == {table: portal.count(f"plans.{table}") for table in before}
    assert [(o.version, o.is_new) for o in first.outcomes + again.outcomes] == [(1, True), (1, False)]


def test_a_changed_plan_is_version_2_at_the_same_address(portal: Portal) -> None:
    [first] = portal.deliver(xplangml(plan())).outcomes
    [second] = portal.deliver(xplangml(plan(name="Am Hang (neu)"))).outcomes
    assert (second.id, second.version) == (first.id, 2)
    assert portal.public("SELECT name, version FROM ogc.bebauungsplaene") == [("Am Hang (neu)", 2)]
    history = portal.public("SELECT version, name, veroeffentlicht_bis IS NULL FROM ogc.planversionen ORDER BY version")
    assert history == [(1, "Am Hang", False), (2, "Am Hang (neu)", True)]
    gap = portal.public(
        "SELECT count(*) FROM ogc.planversionen a JOIN ogc.planversionen b "
        "ON a.veroeffentlicht_bis = b.veroeffentlicht_am"
    )
    assert gap == [(1,)], "the old version ends at the instant at which the new one begins"


def test_an_older_file_delivered_again_is_a_new_version(portal: Portal) -> None:
    portal.deliver(xplangml(plan()))
    portal.deliver(xplangml(plan(name="Am Hang (neu)")))
    [outcome] = portal.deliver(xplangml(plan())).outcomes
    assert outcome.version == 3
    assert portal.public("SELECT name FROM ogc.bebauungsplaene") == [("Am Hang",)]


def test_a_broken_file_changes_nothing(portal: Portal) -> None:
    portal.deliver(xplangml(plan()))
    with pytest.raises(UnreadableFile):
        portal.deliver(xplangml(plan(name="Neu"))[:-30])
    assert portal.public("SELECT name FROM ogc.bebauungsplaene") == [("Am Hang",)]
    assert portal.count("plans.delivery") == 1


def test_objects_that_are_too_many_for_the_memory_are_stored_like_others(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def objekt(number: int) -> str:
        place = f"{number} 0 {number + 1} 0 {number + 1} 1 {number} 1 {number} 0"
        crossed = f"{number} 0 {number + 1} 1 {number + 1} 0 {number} 1 {number} 0"
        position = prop("position", polygon(crossed if number == 7 else place))
        return feature("BP_GruenFlaeche", f"o{number}", position + prop("ebene", "0"))

    document = xplangml(plan(), *map(objekt, range(50)))
    [few] = portal.deliver(document).outcomes
    monkeypatch.setattr("plans_ingest.stock.IN_MEMORY", 20)
    monkeypatch.setattr("plans_ingest.stock.BLOCK", 15)
    [same] = portal.deliver(document, "noch_einmal.gml").outcomes
    assert (few.is_new, same.is_new, same.version) == (True, False, 1)
    [changed] = portal.deliver(document.replace("Am Hang", "Am Berg")).outcomes
    assert changed.version == 2
    said = (
        "SELECT gml_id, klasse, attribute, ST_AsText(geom), ST_AsText(original) FROM plans.planobjekt WHERE version_id"
    )
    versions = "(SELECT id FROM plans.version WHERE version = {})"
    queries = (f"{said} = {versions.format(number)} ORDER BY id" for number in (1, 2))
    with portal.engine.connect() as connection:
        before, after = ([tuple(row) for row in connection.execute(text(query))] for query in queries)
    assert len(before) == 50
    assert before[7][4] is not None
    assert before == after


def test_a_fault_in_the_middle_leaves_nothing_behind(portal: Portal) -> None:
    with portal.engine.begin() as connection:
        connection.execute(text("ALTER TABLE plans.planobjekt ADD CHECK (klasse <> 'BP_GruenFlaeche')"))
    bad = feature("BP_GruenFlaeche", "g", prop("position", polygon()))
    with pytest.raises(CheckViolation):
        portal.deliver(xplangml(plan("a", nummer="1"), plan("b", nummer="2"), OBJEKT, bad))
    assert [portal.count(f"plans.{table}") for table in ("plan", "version", "delivery", "planobjekt")] == [0, 0, 0, 0]


def test_a_plan_without_a_gemeinde_is_kept_but_not_public(portal: Portal) -> None:
    [outcome] = portal.deliver(xplangml(plan(gemeinde=""))).outcomes
    assert (outcome.version, outcome.is_published) == (1, False)
    assert portal.count("plans.version") == 1
    assert portal.public("SELECT 1 FROM ogc.plaene") == []


def test_the_delivering_gemeinde_serves_where_the_plan_names_none(portal: Portal) -> None:
    file = write(portal.folder / "plan.gml", xplangml(plan(gemeinde="")))
    operations.deliver(portal.engine, portal.archive, file, gemeinde_of("06534001"))
    assert portal.public("SELECT ags, gemeinde FROM ogc.plaene") == [("06534001", "Amöneburg")]


def test_documents_and_the_original_are_in_the_archive(portal: Portal) -> None:
    file = archive(portal.folder / "p.zip", {"xplan.gml": xplangml(plan(extra=REFERENCE)), "b.pdf": pdf()})
    operations.deliver(portal.engine, portal.archive, file)
    [(name, typ, size, sha256)] = portal.public("SELECT name, typ_text, size, sha256 FROM ogc.plandokumente")
    assert (name, typ, size) == ("Begründung", "Begründung", len(pdf()))
    assert portal.archive.path(str(sha256)).read_bytes() == pdf()
    assert portal.archive.put(file)
    assert portal.archive.path(portal.archive.put(file)).read_bytes() == file.read_bytes()


def test_issues_are_kept_with_place_and_geometry(portal: Portal) -> None:
    bowtie = feature("BP_GruenFlaeche", "g", prop("position", polygon("0 0 10 10 10 0 0 10 0 0")))
    portal.deliver(xplangml(plan(), bowtie))
    with portal.engine.connect() as connection:
        row = connection.execute(
            text("SELECT gml_id, line, geom IS NOT NULL FROM plans.issue WHERE code = 'geometry_mended'")
        ).one()
    assert row[0] == "g"
    assert row[1] > 1
    assert row[2]


def test_two_deliveries_of_one_plan_at_once_are_two_versions(portal: Portal) -> None:
    files = [
        write(portal.folder / f"{number}.gml", xplangml(plan(name=f"Fassung {number}"), OBJEKT)) for number in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(
            pool.map(lambda file: operations.deliver(portal.engine, portal.archive, file).outcomes[0], files)
        )
    assert sorted(outcome.version or 0 for outcome in outcomes) == [1, 2, 3, 4, 5, 6]
    assert len(portal.public("SELECT 1 FROM ogc.bebauungsplaene")) == 1
    assert len(portal.public("SELECT 1 FROM ogc.planinhalte")) == 1


def test_a_dry_run_needs_no_database(tmp_path: Path) -> None:
    delivery = operations.inspect(write(tmp_path / "p.gml", xplangml(plan())))
    assert [(o.name, o.version, o.is_published) for o in delivery.outcomes] == [("Am Hang", None, True)]


def test_a_corrected_document_is_a_new_version(portal: Portal) -> None:
    document = xplangml(plan(extra=REFERENCE))
    for content in (pdf("falsch"), pdf("richtig")):
        file = archive(portal.folder / "p.zip", {"xplan.gml": document, "b.pdf": content})
        operations.deliver(portal.engine, portal.archive, file)
    [(sha256,)] = portal.public("SELECT sha256 FROM ogc.plandokumente")
    assert portal.archive.path(str(sha256)).read_bytes() == pdf("richtig")
    assert portal.public("SELECT version FROM ogc.plaene") == [(2,)]


def test_a_number_that_no_database_holds_is_told_and_kept(portal: Portal) -> None:
    objekt = feature("BP_GruenFlaeche", "g", prop("position", polygon()) + prop("ebene", "99999999999"))
    delivery = portal.deliver(xplangml(plan(), objekt))
    assert "value_mistyped" in {issue.code for issue in delivery.report.issues}
    [(ebene, kept)] = portal.public("SELECT ebene, attribute ->> 'ebene' FROM ogc.planinhalte")
    assert (ebene, kept) == (0, "99999999999")


def collection(*members: str) -> str:
    inside = "".join(f"<gml:geometryMember>{member}</gml:geometryMember>" for member in members)
    return f'<gml:MultiGeometry srsName="EPSG:25832">{inside}</gml:MultiGeometry>'


def test_collections_in_collections_are_published_as_what_is_in_them(portal: Portal) -> None:
    points = [f'<gml:Point srsName="EPSG:25832"><gml:pos>4800{n} 5630050</gml:pos></gml:Point>' for n in (50, 60, 70)]
    shapes = {
        "points": collection(collection(collection(*points[:2])), points[2]),
        "mixed": collection(collection(points[0]), polygon()),
        "empty": collection(collection(), collection()),
    }
    objects = [feature("BP_GruenFlaeche", name, prop("position", shape)) for name, shape in shapes.items()]
    portal.deliver(xplangml(plan(), *objects))
    found = portal.public("SELECT ST_GeometryType(geom), ST_NumGeometries(geom) FROM ogc.planinhalte ORDER BY 1")
    assert found == [("ST_GeometryCollection", 2), ("ST_MultiPoint", 3)]


def test_a_plan_outside_its_gemeinde_is_told_where_the_boundary_is_official(portal: Portal, tmp_path: Path) -> None:
    def sync(hinweis: str) -> None:
        home = tmp_path / f"home{len(hinweis)}"
        (home / "data").mkdir(parents=True)
        (home / "layers").symlink_to(LAYERS)
        outlines = (CHECKOUT / "data/gemeinden.geojson").read_text("utf-8")
        write(
            home / "data/gemeinden.geojson", outlines.replace('"schematischer Umriss, keine amtliche Grenze"', hinweis)
        )
        write(home / "data/schulen.csv", (CHECKOUT / "data/schulen.csv").read_text("utf-8"))
        assert {result.fault for result in operations.sync_layers(portal.engine, portal.at(home))} == {None}

    def told(document: str) -> bool:
        return "plan_outside_gemeinde" in {issue.code for issue in portal.deliver(document).report.issues}

    sync('"schematisch"')
    assert not told(xplangml(plan(nummer="1")))
    sync("null")
    assert told(xplangml(plan(nummer="2")))
