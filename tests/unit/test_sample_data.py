"""The sample data is what its README promises: plausible, complete, valid, and the same at every run.

The plans are read here with a reader of a few lines, so that neither the portal nor the generator is its own judge.
"""

import datetime
import hashlib
import json
import math
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from lxml import etree
from pyproj import Transformer
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "data" / "sample" / "generate.py"
STICHTAG = datetime.date(2026, 11, 16)
GML = "{http://www.opengis.net/gml/3.2}"
XLINK = "{http://www.w3.org/1999/xlink}href"
WFS = "http://www.opengis.net/wfs/2.0"


@dataclass(frozen=True)
class Archiv:
    name: str
    document: bytes
    files: dict[str, bytes]

    @cached_property
    def root(self) -> etree._Element:
        return etree.fromstring(self.document)

    @property
    def version(self) -> str:
        found = re.search(rb"xplangml/(\d)/(\d)", self.document)
        assert found
        return f"{found[1].decode()}.{found[2].decode()}"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("muster"))


@pytest.fixture(scope="module")
def archive(generated: Path) -> list[Archiv]:
    archives = []
    for path in sorted((generated / "sample" / "plaene").glob("*.zip")):
        with zipfile.ZipFile(path) as z:
            files = {name: z.read(name) for name in z.namelist()}
        archives.append(Archiv(path.name, files.pop("xplan.gml"), files))
    return archives


def generate(folder: Path) -> Path:
    subprocess.run([sys.executable, str(GENERATOR), "--into", str(folder)], check=True, capture_output=True)
    return folder


def plans(archives: list[Archiv]) -> Iterator[tuple[Archiv, etree._Element]]:
    for archive in archives:
        for element in archive.root.iter():
            if local(element) in {"BP_Plan", "FP_Plan"}:
                yield archive, element


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def values(element: etree._Element, name: str) -> list[str]:
    """Texts of the children with this name, wherever below."""
    return [e.text or "" for e in element.iter() if isinstance(e.tag, str) and local(e) == name]


def value(element: etree._Element, name: str) -> str | None:
    return next(iter(values(element, name)), None)


def day(element: etree._Element, name: str) -> datetime.date | None:
    text = value(element, name)
    return datetime.date.fromisoformat(text) if text else None


def test_the_generator_imports_nothing_of_the_portal() -> None:
    for source in GENERATOR.parent.rglob("*.py"):
        assert not re.search(r"^\s*(from|import) (geoportal|plans_ingest)", source.read_text("utf-8"), re.MULTILINE)


def test_two_runs_write_the_same_bytes(generated: Path, tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    assert digests(generated) == digests(generate(tmp_path))


@pytest.mark.parametrize("name", ["gemeinden.geojson", "schulen.csv"])
def test_committed_files_are_in_step(generated: Path, name: str) -> None:
    assert (ROOT / "data" / name).read_bytes() == (generated / name).read_bytes(), "run make sample-data"


def test_every_municipality_but_marburg_has_three_plans_and_its_flaechennutzungsplan(archive: list[Archiv]) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for _, plan in plans(archive):
        counted[str(value(plan, "ags"))][local(plan)] += 1
    assert set(counted) == {ags for ags, feature in gemeinden().items() if feature["properties"]["teilnehmer"]}
    assert len(counted) == 21
    assert all(c["BP_Plan"] >= 3 and c["FP_Plan"] == 1 for c in counted.values())


def test_the_set_shows_all_versions_states_and_ways_to_write(archive: list[Archiv]) -> None:
    assert {a.version for a in archive} == {"4.1", "5.4", "6.0"}
    bp = {value(p, "rechtsstand") for _, p in plans(archive) if local(p) == "BP_Plan"}
    assert bp == {
        *("1000", "2000", "2100", "2200", "2250", "2300", "2400", "3000"),
        *("4000", "4500", "45000", "45001", "5000", "50000", "50001"),
    }
    assert len({value(p, "planArt") for _, p in plans(archive)}) >= 9
    assert {local(a.root) for a in archive} == {"XPlanAuszug", "FeatureCollection"}
    assert sum(len(list(plans([a]))) == 2 for a in archive) == 1
    crs = Counter(name for a in archive for name in set(re.findall(rb'srsName="([^"]+)"', a.document)))
    assert set(crs) == {b"EPSG:25832", b"EPSG:31467", b"urn:adv:crs:ETRS89_UTM32"}
    assert sum(b"gml:Arc>" in a.document for a in archive) >= 5


def test_plans_say_that_they_are_samples(archive: list[Archiv]) -> None:
    for a, plan in plans(archive):
        assert value(plan, "beschreibung") == "Musterplan, erfunden, ohne Rechtswirkung", a.name


def test_documents_are_delivered_and_say_that_they_are_samples(archive: list[Archiv]) -> None:
    for a in archive:
        assert set(values(a.root, "referenzURL")) == set(a.files)
        assert any("Begruendung" in name for name in a.files), a.name
        for name, content in a.files.items():
            assert re.fullmatch(r"[A-Za-z0-9._()-]+", name)
            assert content.startswith(b"%PDF-1.4")
            first_line = re.search(rb"\((.*?)\) Tj", content)
            assert first_line
            assert first_line[1].decode("cp1252").startswith("MUSTERDATEN – erfunden, ohne Rechtswirkung")


def test_aenderungen_lie_in_their_origin_and_both_know_each_other(archive: list[Archiv]) -> None:
    by_name = {(value(p, "ags"), value(p, "name")): (a, p) for a, p in plans(archive)}
    changes = [(a, p) for a, p in plans(archive) if "1. Änderung" in str(value(p, "name"))]
    assert len({value(p, "ags") for _, p in changes}) >= 5
    mutual = 0
    for a, change in changes:
        [link] = [e for e in change if local(e) in {"aendert", "aendertPlan"}]
        origin_archive, origin = by_name[value(change, "ags"), value(link, "planName")]
        inside, around = (geltungsbereich(a, change), geltungsbereich(origin_archive, origin))
        assert around.buffer(0.002).covers(inside)
        back = [e for e in origin if local(e) in {"wurdeGeaendertVon", "wurdeGeaendertVonPlan"}]
        mutual += [value(e, "planName") for e in back] == [value(change, "name")]
    assert mutual >= 3


def test_dates_stand_in_legal_order_and_fit_the_state(archive: list[Archiv]) -> None:
    for a, plan in plans(archive):
        state = int(str(value(plan, "rechtsstand")))
        decision, last, force = ("satzungsbeschlussDatum", "ausfertigungsDatum", "inkrafttretensDatum")
        if local(plan) == "FP_Plan":
            decision, last, force = ("planbeschlussDatum", "genehmigungsDatum", "wirksamkeitsDatum")
        display = ("aufstellungsbeschlussDatum", "auslegungsStartDatum", "auslegungsEndDatum")
        order = (*display, decision, last, force, "untergangsDatum")
        dates = [date for name in order if (date := day(plan, name)) is not None]
        assert dates == sorted(dates), a.name
        assert len(set(dates)) == len(dates), a.name
        assert day(plan, "aufstellungsbeschlussDatum"), a.name
        assert bool(day(plan, decision)) == (state >= 3000), a.name
        assert bool(day(plan, force)) == (state >= 4000), a.name
        assert bool(day(plan, "untergangsDatum")) == (state in {5000, 50000, 50001}), a.name
        assert state == 2400 or max(dates) <= STICHTAG, a.name
        drafted, drawn = day(plan, "aenderungenBisDatum"), day(plan, "technHerstellDatum")
        assert dates[0] <= (drafted or dates[0]) <= (drawn or STICHTAG) <= STICHTAG, a.name


def test_auslegungen_last_thirty_days_and_run_over_the_reference_day(archive: list[Archiv]) -> None:
    seen: Counter[str] = Counter()
    for a, plan in plans(archive):
        starts, ends = values(plan, "auslegungsStartDatum"), values(plan, "auslegungsEndDatum")
        for pair in zip(starts, ends, strict=True):
            start, end = map(datetime.date.fromisoformat, pair)
            assert (end - start).days >= 30, a.name
            if value(plan, "rechtsstand") == "2400":
                seen["over" if end < STICHTAG else "to come" if start > STICHTAG else f"until {end:%Y-%m}"] += 1
    assert set(seen) == {"over", "to come", "until 2026-12", "until 2027-01"}


@pytest.mark.corpus
@pytest.mark.parametrize("version", ["4.1", "5.4", "6.0"])
def test_documents_are_valid_against_the_official_schema(archive: list[Archiv], version: str) -> None:
    schema = official_schema(version)
    for a in archive:
        if a.version == version:
            schema.assertValid(a.root)


def official_schema(version: str) -> etree.XMLSchema:
    """The schema of this version; of WFS 2.0, which it imports from the network, only the collection is needed."""

    class Stub(etree.Resolver):
        def resolve(self, system_url: str | None, _: str | None, context: Any) -> Any:
            return self.resolve_string(WFS_STUB, context) if str(system_url).endswith("/wfs.xsd") else None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Stub())
    folder = Path(os.environ["XPLAN_SCHEMAS"]) / f"XPlanGML_{version.replace('.', '_')}"
    return etree.XMLSchema(etree.parse(folder / "XPlanung-Operationen.xsd", parser))


WFS_STUB = f"""<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="{WFS}" elementFormDefault="qualified">
  <element name="FeatureCollection"><complexType>
    <sequence><element name="member" maxOccurs="unbounded"><complexType>
      <sequence><any namespace="##other" processContents="strict"/></sequence></complexType></element></sequence>
    <attribute name="timeStamp" type="dateTime" use="required"/>
    <attribute name="numberMatched" type="nonNegativeInteger" use="required"/>
    <attribute name="numberReturned" type="nonNegativeInteger" use="required"/>
  </complexType></element></schema>"""


def test_every_reference_has_its_target(archive: list[Archiv]) -> None:
    for a in archive:
        ids = [str(e.get(f"{GML}id")) for e in a.root.iter() if e.get(f"{GML}id")]
        assert len(ids) == len(set(ids)), a.name
        assert {str(e.get(XLINK)).removeprefix("#") for e in a.root.iter() if e.get(XLINK)} <= set(ids), a.name


def geometry(element: etree._Element) -> BaseGeometry:
    """The geometry in the CRS of the file; arcs as chords that do not depend on the direction in which they are run."""
    name = local(element)
    if name == "Point":
        return Point(numbers(element)[0])
    if name in {"LineString", "Curve"}:
        return LineString(curve(element))
    if name == "MultiSurface":
        [element] = element.iter(f"{GML}Polygon")
    exterior, *interiors = [curve(ring) for ring in element]
    return Polygon(exterior, interiors)


def curve(element: etree._Element) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for positions in element.iter(f"{GML}posList"):
        part = numbers(positions)
        if getattr(positions.getparent(), "tag", None) == f"{GML}Arc":
            part = arc(*part)
        assert not points or points[-1] == part[0], "segments must join"
        points += part[1:] if points else part
    return points


def numbers(element: etree._Element) -> list[tuple[float, float]]:
    found = [float(n) for n in " ".join(element.itertext()).split()]
    return list(zip(found[::2], found[1::2], strict=True))


@cache
def arc(*points: tuple[float, float]) -> list[tuple[float, float]]:
    if points[0] > points[2]:
        return arc(*points[::-1])[::-1]
    (ax, ay), (bx, by), (cx, cy) = points
    d = 2 * ((ax - cx) * (by - cy) - (bx - cx) * (ay - cy))
    p, q = ((ax - cx) * (ax + cx) + (ay - cy) * (ay + cy)), ((bx - cx) * (bx + cx) + (by - cy) * (by + cy))
    mx, my = (p * (by - cy) - q * (ay - cy)) / d, (q * (ax - cx) - p * (bx - cx)) / d
    start, through, end = (math.atan2(y - my, x - mx) for x, y in points)
    sweep, partial = (end - start) % math.tau, (through - start) % math.tau
    if partial > sweep:
        sweep -= math.tau
    radius = math.hypot(ax - mx, ay - my)
    steps = [start + sweep * i / 60 for i in range(1, 60)]
    return [points[0], *((mx + radius * math.cos(w), my + radius * math.sin(w)) for w in steps), points[2]]


def geltungsbereich(_: Archiv, plan: etree._Element) -> Polygon:
    [element] = [e for e in plan if local(e) == "raeumlicherGeltungsbereich"]
    area = geometry(element[0])
    assert isinstance(area, Polygon)
    return area


def contents(root: etree._Element, plan: etree._Element) -> list[etree._Element]:
    """The objects of the plan's Bereich, found by its list."""
    by_href = {f"#{e.get(f'{GML}id')}": e for e in root.iter()}
    bereich = by_href[str(next(e for e in plan if local(e) == "bereich").get(XLINK))]
    lists = {"inhaltBPlan", "inhaltFPlan", "planinhalt"}
    return [by_href[str(e.get(XLINK))] for e in bereich if local(e) in lists]


def test_contents_fill_the_geltungsbereich_without_gap_or_overlap(archive: list[Archiv]) -> None:
    for a in archive:
        root = a.root
        for plan in (e for e in root.iter() if local(e) in {"BP_Plan", "FP_Plan"}):
            area = geltungsbereich(a, plan)
            closing = []
            for content in contents(root, plan):
                [position] = [e for e in content if local(e) == "position"]
                shape = geometry(position[0])
                assert shape.is_valid, a.name
                assert area.buffer(0.002).covers(shape), (a.name, local(content))
                if value(content, "flaechenschluss") == "true":
                    closing.append(shape)
            assert shapely.coverage_is_valid(closing, gap_width=0.002), a.name
            assert shapely.equals_exact(
                shapely.normalize(shapely.coverage_union_all(closing)), shapely.normalize(area), 0.0005
            ), a.name


def test_rings_run_as_the_specification_wants(archive: list[Archiv]) -> None:
    for a in archive:
        for polygon in a.root.iter(f"{GML}Polygon"):
            exterior, *interiors = [curve(ring) for ring in polygon]
            assert shapely.is_ccw(LineString(exterior)), a.name
            assert not any(shapely.is_ccw(LineString(ring)) for ring in interiors), a.name


def test_bebauungsplaene_lie_in_their_municipality_and_apart_from_each_other(archive: list[Archiv]) -> None:
    by_ags: dict[str, list[Polygon]] = defaultdict(list)
    for a, plan in plans(archive):
        area = to_25832(a, geltungsbereich(a, plan))
        gemeinde = gemeinde_25832(str(value(plan, "ags")))
        if local(plan) == "FP_Plan":
            # Straight in one projection is not quite straight in another: 5 cm on edges of a kilometre.
            assert area.hausdorff_distance(gemeinde) < 0.1, a.name
            continue
        assert gemeinde.contains(area), a.name
        if "Änderung" not in str(value(plan, "name")):
            assert 2e4 <= area.area <= 12e4, (a.name, area.area)
            assert all(area.distance(other) > 20 for other in by_ags[str(value(plan, "ags"))]), a.name
            by_ags[str(value(plan, "ags"))].append(area)


def to_25832(a: Archiv, area: Polygon) -> Polygon:
    return reprojected(area, "EPSG:31467") if b"EPSG:31467" in a.document else area


def reprojected(area: BaseGeometry, crs: str) -> Polygon:
    change = Transformer.from_crs(crs, "EPSG:25832", always_xy=True)
    result = shapely.transform(area, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
    assert isinstance(result, Polygon)
    return result


@cache
def gemeinden() -> dict[str, dict[str, Any]]:
    features = json.loads((ROOT / "data" / "gemeinden.geojson").read_text("utf-8"))["features"]
    return {feature["properties"]["ags"]: feature for feature in features}


@cache
def gemeinde_25832(ags: str) -> Polygon:
    return reprojected(shapely.from_geojson(json.dumps(gemeinden()[ags]["geometry"])), "OGC:CRS84")
