"""Geometries that are made many at a time are the same as those that are read one by one."""

from pathlib import Path

import pytest

from plans_ingest import Plan, ingest
from tests.files import bereich, feature, link, plan, positions, prop, write, xplangml

SHELL, HOLE = "0 0 100 0 100 100 0 100 0 0", "40 40 40 60 60 60 60 40 40 40"


def ring(kind: str, coordinates: str, *, plain: bool) -> str:
    words = positions(coordinates).split()
    pairs = "".join(f"<gml:pos>{x} {y}</gml:pos>" for x, y in zip(words[::2], words[1::2], strict=True))
    inside = f"<gml:posList>{' '.join(words)}</gml:posList>" if plain else pairs
    return f"<gml:{kind}><gml:LinearRing>{inside}</gml:LinearRing></gml:{kind}>"


def shape(kind: str, *, plain: bool) -> str:
    named = 'srsName="EPSG:25832"'
    match kind:
        case "area":
            rings = ring("exterior", SHELL, plain=plain) + ring("interior", HOLE, plain=plain)
            return f"<gml:Polygon {named}>{rings}</gml:Polygon>"
        case "line":
            inside = positions("0 0 30 40 90 0")
            if plain:
                return f"<gml:LineString {named}><gml:posList>{inside}</gml:posList></gml:LineString>"
            x, y, *rest = inside.split()
            return (
                f"<gml:LineString {named}><gml:pos>{x} {y}</gml:pos><gml:posList>{' '.join(rest)}</gml:posList>"
                "</gml:LineString>"
            )
        case _:
            x, y = positions("5 6").split()
            inside = f"<gml:pos>{x} {y}</gml:pos>" if plain else f"<gml:coordinates>{x},{y}</gml:coordinates>"
            return f"<gml:Point {named}>{inside}</gml:Point>"


def read(tmp_path: Path, *shapes: str) -> Plan:
    objekte = [
        feature("BP_KennzeichnungsFlaeche", f"o{i}", link("gehoertZuBereich", "bereich") + prop("position", each))
        for i, each in enumerate(shapes)
    ]
    file = write(tmp_path / "p.gml", xplangml(plan(extra=link("bereich", "bereich")), bereich(), *objekte))
    [found] = ingest(file, tmp_path, srid=25832).plans
    return found


@pytest.mark.parametrize("kind", ["area", "line", "point"])
def test_plain_and_other_spellings_of_one_geometry_are_the_same(tmp_path: Path, kind: str) -> None:
    one, other = (o.geometry for o in read(tmp_path, shape(kind, plain=True), shape(kind, plain=False)).objekte)
    assert one is not None
    assert one.equals_exact(other, 0.0)


def test_each_geometry_stays_with_its_object_whatever_stands_between(tmp_path: Path) -> None:
    kinds = ["area", "line", "point", "line", "area", "point", "area"]
    mixed = [shape(kind, plain=number % 3 != 1) for number, kind in enumerate(kinds)]
    names = {"area": "Polygon", "line": "LineString", "point": "Point"}
    found = [o.geometry.geom_type for o in read(tmp_path, *mixed).objekte if o.geometry is not None]
    assert found == [names[kind] for kind in kinds]


def test_a_system_that_is_named_inside_only_counts(tmp_path: Path) -> None:
    inside = shape("line", plain=True).replace(' srsName="EPSG:25832"', "").replace("480", "3480")
    inside = inside.replace("<gml:posList>", '<gml:posList srsName="EPSG:31467">')
    [objekt] = read(tmp_path, inside).objekte
    assert objekt.geometry is not None
    assert objekt.geometry.centroid.x == pytest.approx(480_000, abs=300)


def test_more_than_fit_in_one_go_arrive(tmp_path: Path) -> None:
    long = " ".join(f"{i / 10} {i % 2}" for i in range(30_000))
    line = f'<gml:LineString srsName="EPSG:25832"><gml:posList>{positions(long)}</gml:posList></gml:LineString>'
    found = read(tmp_path, *[line, shape("point", plain=True)] * 5)
    assert [len(o.geometry.coords) for o in found.objekte if o.geometry is not None] == [30_000, 1] * 5
