"""Geometric rules (XPlanung 2.2): what is found, where, and what is not said twice."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, box

from plans_ingest import Batch, checks, ingest, messages
from plans_ingest.checks import Context, rules
from plans_ingest.gemeinden import all_gemeinden, surroundings
from plans_ingest.model import Issue, Plan, Planobjekt, Planwerk, Severity
from tests import reading
from tests.files import ORIGIN, feature, link, plan, polygon, positions, prop, write, xplangml
from tests.reading import read_features

LEFT = "0 0 50 0 50 100 0 100 0 0"
RIGHT = "50 0 100 0 100 100 50 100 50 0"


def bereich(gml_id: str = "b", outline: str | None = None, bedeutung: str = "", number: str = "0") -> str:
    extra = prop("geltungsbereich", polygon(outline)) if outline else ""
    extra = (prop("bedeutung", bedeutung) if bedeutung else "") + extra
    return feature("BP_Bereich", gml_id, prop("nummer", number) + extra + link("gehoertZuPlan", "plan"))


def area(
    gml_id: str,
    coordinates: str,
    *,
    klasse: str = "BP_GruenFlaeche",
    schluss: str = "true",
    extra: str = "",
    owner: str = "b",
) -> str:
    content = prop("ebene", "0") + extra + link("gehoertZuBereich", owner) + prop("rechtscharakter", "1000")
    return feature(klasse, gml_id, content + prop("position", polygon(coordinates)) + prop("flaechenschluss", schluss))


def of(batch: Batch, number: str) -> list[Issue]:
    return [issue for issue in batch.report.issues if rules.number_of(issue) == number]


def codes(batch: Batch, number: str) -> list[str]:
    return [issue.code for issue in of(batch, number)]


def test_a_plan_that_is_covered_exactly_breaks_no_rule_of_geometry(tmp_path: Path) -> None:
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), area("r", RIGHT))
    assert not [issue for issue in batch.report.issues if (rules.number_of(issue) or "").startswith("2.")]
    [levels] = batch.report.levels.values()
    assert "D" in levels


def test_an_overlap_is_told_with_its_place_line_rule_and_neighbour(tmp_path: Path) -> None:
    wide = "49.99 0 100 0 100 100 49.99 100 49.99 0"
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), area("r", wide))
    [issue] = [issue for issue in of(batch, "2.2.1.1") if issue.code == "flaechenschluss_overlap"]
    assert (issue.severity, issue.plan, issue.where.gml_id) == (Severity.ERROR, "plan", "l")
    assert issue.where.line is not None
    assert "BP_GruenFlaeche r" in issue.detail
    assert issue.geometry is not None
    assert issue.geometry.area == pytest.approx(1.0, rel=0.01)
    assert "D" not in batch.report.levels[str(batch.plans[0].id)]


def test_two_millimetres_are_the_same_place(tmp_path: Path) -> None:
    near = "49.999 0 99.999 0 100.001 100 49.999 100 49.999 0"
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), area("r", near))
    assert codes(batch, "2.2.1.1") == []
    assert codes(batch, "2.2.3.1") == []


@pytest.mark.parametrize(("version", "severity"), [("5.4", Severity.WARNING), ("6.0", Severity.ERROR)])
def test_a_gap_is_a_warning_until_5_4_and_an_error_since_6_0(tmp_path: Path, version: str, severity: Severity) -> None:
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), version=version)
    [issue] = of(batch, "2.2.1.1")
    assert (issue.code, issue.severity) == ("flaechenschluss_gap", severity)
    assert issue.geometry is not None
    assert issue.geometry.equals(shapely.transform(box(50, 0, 100, 100), lambda points: points + ORIGIN))
    assert ("D" in batch.report.levels[str(batch.plans[0].id)]) is (severity is Severity.WARNING)


def test_a_neighbour_without_the_vertex_of_the_common_border(tmp_path: Path) -> None:
    upper, lower = "50 50 100 50 100 100 50 100 50 50", "50 0 100 0 100 50 50 50 50 0"
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), area("u", upper), area("d", lower))
    [issue] = of(batch, "2.2.1.1")
    assert (issue.code, issue.where.gml_id) == ("flaechenschluss_vertex", "l")


def test_who_takes_no_part_may_overlap(tmp_path: Path) -> None:
    above = area("o", LEFT, klasse="BP_AbstandsFlaeche", schluss="false")
    batch = read_features(tmp_path, plan(), bereich(), area("l", LEFT), area("r", RIGHT), above)
    assert codes(batch, "2.2.1.1") == []


def test_what_ends_may_lie_where_something_else_begins(tmp_path: Path) -> None:
    when = feature("XP_WirksamkeitBedingung", "w", prop("datumAbsolut", "2030-01-01"))
    old = area("old", RIGHT, extra=prop("endeBedingung", when))
    new = area("new", RIGHT, extra=prop("startBedingung", when))
    assert codes(read_features(tmp_path, plan(), bereich(), area("l", LEFT), old, new), "2.2.1.1") == []
    same = area("new", RIGHT, extra=prop("endeBedingung", when))
    assert codes(read_features(tmp_path, plan(), bereich(), area("l", LEFT), old, same), "2.2.1.1") == [
        "flaechenschluss_overlap"
    ]


def test_objects_outside_their_bereich_and_their_plan(tmp_path: Path) -> None:
    out = "90 0 110 0 110 10 90 10 90 0"
    batch = read_features(tmp_path, plan(), bereich(), area("o", out, klasse="BP_AbstandsFlaeche", schluss="false"))
    [issue] = of(batch, "2.2.3.1")
    assert (issue.code, issue.detail) == ("objekt_outside", "99.98 m²")
    batch = read_features(
        tmp_path, plan(), bereich(outline=LEFT), area("r", RIGHT, klasse="BP_AbstandsFlaeche", schluss="false")
    )
    assert codes(batch, "2.2.3.1") == ["objekt_outside"]


def test_a_kompensationsbereich_may_lie_elsewhere_if_it_has_an_outline(tmp_path: Path) -> None:
    far = "500 0 550 0 550 100 500 100 500 0"
    own = [plan(), bereich(), area("l", LEFT), area("r", RIGHT)]
    elsewhere = area("k", far, owner="k1", klasse="BP_AusgleichsFlaeche")
    batch = read_features(tmp_path, *own, bereich("k1", far, "1800", "1"), elsewhere)
    assert codes(batch, "2.2.3.1") == codes(batch, "2.2.1.1") == []
    batch = read_features(tmp_path, *own, bereich("k1", None, "1800", "1"), elsewhere)
    assert codes(batch, "2.2.3.1") == []
    assert "bereich_without_outline" in {issue.code for issue in batch.report.issues}
    batch = read_features(tmp_path, *own, bereich("k1", far, "1600", "1"), elsewhere)
    assert codes(batch, "2.2.3.1") == ["objekt_outside"]
    assert "bereich_outside" in codes(batch, "2.2.1.1")


def test_with_several_bereiche_a_covering_object_has_to_name_its_own(tmp_path: Path) -> None:
    lost = area("l", LEFT).replace('<xplan:gehoertZuBereich xlink:href="#b"/>', "")
    batch = read_features(tmp_path, plan(), bereich(), bereich("b2", number="1"), lost, area("r", RIGHT))
    assert "flaechenschluss_ambiguous" in codes(batch, "2.2.1.1")


def test_double_points_are_looked_for_in_what_was_delivered(tmp_path: Path) -> None:
    double = "0 0 50 0 50 0 50 100 0 100 0 0"
    batch = read_features(tmp_path, plan(), bereich(), area("l", double), area("r", RIGHT))
    [issue] = of(batch, "2.2.2.1")
    assert (issue.code, issue.where.gml_id) == ("double_point", "l")
    assert issue.geometry is not None
    assert issue.geometry.geom_type == "Point"
    bowtie = "0 0 0 0 50 100 50 0 0 100 0 0"
    mended = read_features(tmp_path, plan(), bereich(), area("l", bowtie))
    assert set(codes(mended, "2.2.2.1")) == {"geometry_mended", "double_point"}


def test_a_turned_ring_is_told_once_with_its_official_number_and_costs_level_d(tmp_path: Path) -> None:
    clockwise = "0 0 0 100 50 100 50 0 0 0"
    batch = read_features(tmp_path, plan(), bereich(), area("l", clockwise), area("r", RIGHT))
    assert codes(batch, "2.2.2.1") == ["ring_reversed"]
    assert batch.report.levels[str(batch.plans[0].id)] == "ABC"


def test_a_plan_outside_its_gemeinde(tmp_path: Path) -> None:
    east, north = ORIGIN
    file, workdir = write(tmp_path / "plan.gml", xplangml(plan())), tmp_path / "work"
    workdir.mkdir()
    inside = {"06534008": box(east - 10, north - 10, east + 96, north + 110)}  # 4 m missing: borders are coarse
    assert "plan_outside_gemeinde" not in reading.codes(ingest(file, workdir, srid=25832, grenzen=inside))
    beside = {"06534008": box(east + 1000, north, east + 2000, north + 1000)}
    batch = ingest(file, workdir, srid=25832, grenzen=beside)
    [issue] = [issue for issue in batch.report.issues if issue.code == "plan_outside_gemeinde"]
    assert issue.severity is Severity.WARNING
    assert issue.geometry is not None
    far = {"06534008": box(east + 300_000, north, east + 301_000, north + 1000)}
    batch = ingest(file, workdir, srid=25832, grenzen=far)
    [issue] = [issue for issue in batch.report.issues if issue.code.startswith("plan_")]
    assert (issue.code, issue.severity, issue.detail) == ("plan_elsewhere", Severity.ERROR, "300 km")


def test_every_gemeinde_has_a_surrounding_before_anybody_knows_its_border() -> None:
    places = surroundings(25832)
    assert places.keys() == {gemeinde.ags for gemeinde in all_gemeinden()}
    assert places["06534008"].covers(Point(ORIGIN))
    assert not places["06534008"].covers(Point(ORIGIN[0] + 60_000, ORIGIN[1]))


def test_mending_that_guesses_what_was_meant_is_an_error_and_mending_of_millimetres_is_not(tmp_path: Path) -> None:
    knot = "0 0 100 0 100 100 50 100 50.001 100.001 50.001 100 0 100 0 0"
    for coordinates, severity in (("0 0 100 100 100 0 0 100 0 0", Severity.ERROR), (knot, Severity.WARNING)):
        folder = tmp_path / severity.value
        folder.mkdir()
        batch = read_features(folder, plan(outline=polygon(coordinates)))
        [issue] = [issue for issue in batch.report.issues if issue.code == "geometry_mended"]
        assert issue.severity is severity
        assert batch.report.levels[str(batch.plans[0].id)] == "ABC"


def test_lines_and_points_are_held_against_the_outline_too(tmp_path: Path) -> None:
    line = (
        f'<gml:LineString srsName="EPSG:25832"><gml:posList>{positions("10 10 200 10")}</gml:posList></gml:LineString>'
    )
    grenze = feature("BP_BauGrenze", "g", link("gehoertZuBereich", "b") + prop("position", line))
    [issue] = of(read_features(tmp_path, plan(), bereich(), grenze), "2.2.3.1")
    assert issue.detail == "99.998 m"


def grid(columns: int, rows: int, size: float = 10) -> Plan:
    east, north = ORIGIN
    cells = shapely.box(
        [east + size * (i % columns) for i in range(columns * rows)],
        [north + size * (i // columns) for i in range(columns * rows)],
        [east + size * (i % columns + 1) for i in range(columns * rows)],
        [north + size * (i // columns + 1) for i in range(columns * rows)],
    )
    dense = shapely.segmentize(cells, size / 10)  # some forty vertices each, as in real plans
    objekte = tuple(
        Planobjekt("BP_GruenFlaeche", f"o{i}", None, shape, flaechenschluss=True) for i, shape in enumerate(dense)
    )
    outline = MultiPolygon([box(east, north, east + size * columns, north + size * rows)])
    return Plan("p", Planwerk.BEBAUUNGSPLAN, "6.0", "Raster", planart=(1000,), geltungsbereich=outline, objekte=objekte)


def test_five_thousand_objects_take_less_than_five_seconds() -> None:
    whole = grid(100, 50)
    context = Context([("plan.gml", {})])
    started = time.process_time()
    assert [issue for issue in checks.check(whole, context) if issue.severity is Severity.ERROR] == []
    assert time.process_time() - started < 5


def test_a_flood_of_findings_is_counted_not_told() -> None:
    east, north = ORIGIN
    far = MultiPolygon([box(east + 9_000, north, east + 9_001, north + 1)])
    issues = checks.check(replace(grid(60, 20), geltungsbereich=far), Context([("plan.gml", {})]))
    assert sum(issue.code == "objekt_outside" for issue in issues) == checks.MAX_TOLD
    [more] = [issue for issue in issues if issue.code == "findings_more"]
    assert more.detail.partition(":")[0] not in messages.german(more), "a code is no word for people"
    assert more.detail == "objekt_outside: 200"
