"""The same areas, lines and points in every way that GML has for them lie in the same place."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.files import feature, polygon, positions, prop
from tests.otherwise import HALF, MEMBERS, SRS, document, read, same


def pairs(text: str) -> list[str]:
    numbers = text.split()
    return [f"{x} {y}" for x, y in zip(numbers[::2], numbers[1::2], strict=True)]


def each_pos_list(make: Callable[[list[str]], str]) -> Callable[[str], str]:
    return lambda text: re.sub(r"<gml:posList>(.*?)</gml:posList>", lambda m: make(pairs(m[1])), text)


def as_pos(places: list[str]) -> str:
    return "".join(f"<gml:pos>{place}</gml:pos>" for place in places)


def as_point_property(places: list[str]) -> str:
    return "".join(f"<gml:pointProperty><gml:Point><gml:pos>{p}</gml:pos></gml:Point></gml:pointProperty>"
                   for p in places)  # fmt: skip


def as_coordinates(places: list[str]) -> str:
    joined = " ".join(place.replace(" ", ",") for place in places)
    return f'<gml:coordinates cs="," ts=" " decimal=".">{joined}</gml:coordinates>'


def as_german_coordinates(places: list[str]) -> str:
    joined = " ".join(place.replace(".", ",").replace(" ", ";") for place in places)
    return f'<gml:coordinates cs=";" ts=" " decimal=",">{joined}</gml:coordinates>'


def with_count(places: list[str]) -> str:
    return f'<gml:posList srsDimension="2" count="{len(places)}">{" ".join(places)}</gml:posList>'


def in_lines(places: list[str]) -> str:
    return "<gml:posList>\n" + "\n\t".join(places) + "\n</gml:posList>"


def with_heights(places: list[str]) -> str:
    return f'<gml:posList srsDimension="3">{" ".join(f"{place} 211.50" for place in places)}</gml:posList>'


def with_heights_untold(places: list[str]) -> str:
    return f"<gml:posList>{' '.join(f'{place} 211.50' for place in places)}</gml:posList>"


def with_heights_in_pos(places: list[str]) -> str:
    return "".join(f"<gml:pos>{place} 0.0</gml:pos>" for place in places)


def with_more_digits(places: list[str]) -> str:
    return f"<gml:posList>{' '.join(place.replace('.000', '.0000000001') for place in places)}</gml:posList>"


def with_exponents(places: list[str]) -> str:
    numbers = [f"{float(number):.12E}" for place in places for number in place.split()]
    return f"<gml:posList>{' '.join(numbers)}</gml:posList>"


@pytest.mark.parametrize(
    "make",
    [
        as_pos, as_point_property, as_coordinates, as_german_coordinates, with_count, in_lines, with_heights,
        with_heights_untold, with_heights_in_pos, with_more_digits, with_exponents,
    ],
)  # fmt: skip
def test_with_coordinates_written(tmp_path: Path, make: Callable[[list[str]], str]) -> None:
    assert same(read(tmp_path, each_pos_list(make)(document())), tmp_path)


def moved(text: str, to: Callable[[str], str]) -> str:
    """Each list and place of coordinates, changed."""
    return re.sub(r"(<gml:pos(?:List)?>)(.*?)(</)", lambda m: m[1] + to(m[2]) + m[3], text)


def swapped(words: str) -> str:
    return " ".join(" ".join(reversed(pair.split())) for pair in pairs(words))


SPELLINGS = (
    "EPSG:25832", "epsg:25832", "urn:ogc:def:crs:EPSG::25832", "urn:ogc:def:crs:EPSG:9.6:25832",
    "urn:x-ogc:def:crs:EPSG:25832", "http://www.opengis.net/def/crs/EPSG/0/25832",
    "https://www.opengis.net/def/crs/EPSG/0/25832", "http://www.opengis.net/gml/srs/epsg.xml#25832",
    "urn:adv:crs:ETRS89_UTM32", "urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH", "25832", " EPSG:25832 ",
    "EPSG:4647", "urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::7837", "EPSG:25832+7837",
)  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("order", [str, swapped])
def test_with_the_crs_spelt(tmp_path: Path, spelling: str, order: Callable[[str], str]) -> None:
    text = document().replace("EPSG:25832", spelling)
    if spelling == "EPSG:4647":
        text = re.sub(r"\b480(\d{3}\.)", r"32480\1", text)
    assert same(read(tmp_path, moved(text, order)), tmp_path)


ENVELOPE = f'<gml:boundedBy><gml:Envelope srsName="{{}}">{"".join(f"<gml:{c}Corner>{positions(p)}</gml:{c}Corner>" for c, p in (("lower", "0 0"), ("upper", "100 100")))}</gml:Envelope></gml:boundedBy>'  # noqa: E501


def on_the_collection(text: str) -> str:
    return text.replace(SRS, "").replace(
        "<gml:featureMember>", ENVELOPE.format("EPSG:25832") + "<gml:featureMember>", 1
    )


def on_each_feature(text: str) -> str:
    return re.sub(r'(<xplan:\w+ gml:id="(?!doc)\w+">)', r"\1" + ENVELOPE.format("EPSG:25832"), text.replace(SRS, ""))


def on_the_parts(text: str) -> str:
    return re.sub(r"<gml:(LinearRing|Arc|LineStringSegment|pos)>", rf"<gml:\1{SRS}>", text.replace(SRS, ""))


def on_the_numbers(text: str) -> str:
    return text.replace(SRS, "").replace("<gml:posList>", f"<gml:posList{SRS}>").replace("<gml:pos>", f"<gml:pos{SRS}>")


def everywhere(text: str) -> str:
    return re.sub(r"<gml:(LinearRing|Arc|LineStringSegment|pos|posList)>", rf"<gml:\1{SRS}>", on_the_collection(text))


@pytest.mark.parametrize("put", [on_the_collection, on_each_feature, on_the_parts, on_the_numbers, everywhere])
def test_with_the_crs_named(tmp_path: Path, put: Callable[[str], str]) -> None:
    assert same(read(tmp_path, put(document())), tmp_path)


def reversed_rings(text: str) -> str:
    def turned(found: re.Match[str]) -> str:
        return f"<gml:LinearRing><gml:posList>{' '.join(reversed(pairs(found[1])))}</gml:posList></gml:LinearRing>"

    return re.sub(r"<gml:LinearRing><gml:posList>(.*?)</gml:posList></gml:LinearRing>", turned, text)


def rings_begun_elsewhere(text: str) -> str:
    def turned(found: re.Match[str]) -> str:
        places = pairs(found[1])
        again = [*places[2:-1], *places[:3]]
        return f"<gml:LinearRing><gml:posList>{' '.join(again)}</gml:posList></gml:LinearRing>"

    return re.sub(r"<gml:LinearRing><gml:posList>(.*?)</gml:posList></gml:LinearRing>", turned, text)


def segments(places: list[str]) -> str:
    return "".join(
        f"<gml:LineStringSegment><gml:posList>{one} {other}</gml:posList></gml:LineStringSegment>"
        for one, other in pairwise(places)
    )


def rings_of_curves(text: str) -> str:
    def made(found: re.Match[str]) -> str:
        curve = f"<gml:Curve><gml:segments>{segments(pairs(found[1]))}</gml:segments></gml:Curve>"
        return f"<gml:Ring><gml:curveMember>{curve}</gml:curveMember></gml:Ring>"

    return re.sub(r"<gml:LinearRing><gml:posList>(.*?)</gml:posList></gml:LinearRing>", made, text)


def rings_of_curves_backwards(text: str) -> str:
    def made(found: re.Match[str]) -> str:
        places = pairs(found[1])
        curves = "".join(
            '<gml:curveMember><gml:OrientableCurve orientation="-"><gml:baseCurve><gml:LineString><gml:posList>'
            f"{other} {one}</gml:posList></gml:LineString></gml:baseCurve></gml:OrientableCurve></gml:curveMember>"
            for one, other in pairwise(places)
        )
        return f"<gml:Ring>{curves}</gml:Ring>"

    return re.sub(r"<gml:LinearRing><gml:posList>(.*?)</gml:posList></gml:LinearRing>", made, text)


def lines_as_curves(text: str) -> str:
    return re.sub(
        r"<gml:LineString( [^>]*)><gml:posList>(.*?)</gml:posList></gml:LineString>",
        lambda m: f"<gml:Curve{m[1]}><gml:segments>{segments(pairs(m[2]))}</gml:segments></gml:Curve>",
        text,
    )


def arcs_halved(text: str) -> str:
    """The half circle around (30, 20) as two quarters, one behind the other."""
    root = 10 / 2**0.5
    places = f"20 20 {30 - root} {20 + root} 30 30 {30 + root} {20 + root} 40 20"
    long = positions(places)
    first, second = " ".join(pairs(long)[:3]), " ".join(pairs(long)[2:])
    arcs = "".join(f"<gml:Arc><gml:posList>{each}</gml:posList></gml:Arc>" for each in (first, second))
    return re.sub(r"<gml:Arc>.*?</gml:Arc>", arcs, text)


def arc_string(text: str) -> str:
    root = 10 / 2**0.5
    places = positions(f"20 20 {30 - root} {20 + root} 30 30 {30 + root} {20 + root} 40 20")
    return re.sub(
        r"<gml:Arc>.*?</gml:Arc>", f"<gml:ArcString><gml:posList>{places}</gml:posList></gml:ArcString>", text
    )


def arc_by_centre(text: str) -> str:
    arc = (
        f'<gml:ArcByCenterPoint numArc="1"><gml:pos>{positions("30 20")}</gml:pos><gml:radius uom="m">10</gml:radius>'
        '<gml:startAngle uom="deg">180</gml:startAngle><gml:endAngle uom="deg">0</gml:endAngle></gml:ArcByCenterPoint>'
    )
    return re.sub(r"<gml:Arc>.*?</gml:Arc>", arc, text)


def as_multi(text: str) -> str:
    text = re.sub(rf"<gml:Polygon{SRS}>(.*?)</gml:Polygon>",
                  rf"<gml:MultiSurface{SRS}><gml:surfaceMember><gml:Polygon>\1</gml:Polygon></gml:surfaceMember>"
                  "</gml:MultiSurface>", text)  # fmt: skip
    return re.sub(rf"<gml:LineString{SRS}>(.*?)</gml:LineString>",
                  rf"<gml:MultiCurve{SRS}><gml:curveMembers><gml:LineString>\1</gml:LineString></gml:curveMembers>"
                  "</gml:MultiCurve>", text)  # fmt: skip


def as_surface(text: str) -> str:
    return re.sub(rf"<gml:Polygon{SRS}>(.*?)</gml:Polygon>",
                  rf"<gml:Surface{SRS}><gml:patches><gml:PolygonPatch>\1</gml:PolygonPatch></gml:patches></gml:Surface>",
                  text)  # fmt: skip


def as_composite(text: str) -> str:
    return re.sub(rf"<gml:Polygon{SRS}>(.*?)</gml:Polygon>",
                  rf"<gml:CompositeSurface{SRS}><gml:surfaceMember><gml:Polygon>\1</gml:Polygon></gml:surfaceMember>"
                  "</gml:CompositeSurface>", text)  # fmt: skip


def with_ids(text: str) -> str:
    numbers = iter(range(1000))
    return re.sub(r"<gml:(Polygon|LineString|Curve|Point)\b", lambda m: f'{m[0]} gml:id="g{next(numbers)}"', text)


@pytest.mark.parametrize(
    "rewrite",
    [
        reversed_rings, rings_begun_elsewhere, rings_of_curves, rings_of_curves_backwards, lines_as_curves, arcs_halved,
        arc_string, arc_by_centre, as_multi, as_surface, as_composite, with_ids,
    ],
)  # fmt: skip
def test_with_geometries_built(tmp_path: Path, rewrite: Callable[[str], str]) -> None:
    changed = rewrite(document())
    assert changed != document()
    assert same(read(tmp_path, changed), tmp_path)


def shared(*, first: bool) -> str:
    """The outline of the Baugebiet, elsewhere in the file, and referred to."""
    area = polygon(HALF)
    named = area.replace("<gml:Polygon", '<gml:Polygon gml:id="geteilt"')
    holder = feature("BP_GruenFlaeche", "traeger", prop("position", named))
    by_link = f'<gml:MultiSurface{SRS}><gml:surfaceMember xlink:href="#geteilt"/></gml:MultiSurface>'
    members = [each.replace(area, by_link) for each in MEMBERS]
    return document(*([holder, *members] if first else [*members, holder]))


@pytest.mark.parametrize("first", [True, False])
def test_with_a_geometry_of_another_object(tmp_path: Path, first: bool) -> None:
    [found] = read(tmp_path, shared(first=first)).plans
    [flaeche] = [each for each in found.objekte if each.gml_id == "flaeche"]
    assert flaeche.geometry is not None
    assert flaeche.geometry.area == pytest.approx(5000)


@pytest.mark.parametrize("first", [True, False])
def test_with_a_position_that_is_a_link(tmp_path: Path, first: bool) -> None:
    text = shared(first=first)
    text = re.sub(r"<xplan:position><gml:MultiSurface[^>]*><gml:surfaceMember (xlink:href=\S+)/>.*?</xplan:position>",
                  r"<xplan:position \1/>", text)  # fmt: skip
    [found] = read(tmp_path, text).plans
    [flaeche] = [each for each in found.objekte if each.gml_id == "flaeche"]
    assert flaeche.geometry is not None
    assert flaeche.geometry.area == pytest.approx(5000)
