"""One source of styles, many languages: each knows the same rules, and none loses a part."""

import json
import re
from dataclasses import replace
from itertools import chain
from typing import Any, get_args

import pytest
from lxml import etree

from geoportal.cartography import glyphs, legend, maplibre, mapnik_xml, planzeichen, qgis, sld
from geoportal.cartography.model import Dimension, Label, Line, Rule, Sheet
from geoportal.cartography.sheets import sheets
from geoportal.catalogue import all_layers
from geoportal.catalogue.style import Icon, Scale
from geoportal.ogc.collection import Collection, collections_of
from geoportal.ogc.tiles.tileset import LABELS, tileset_of
from geoportal.settings import CHECKOUT

LAYERS = {layer.id: layer for layer in all_layers(CHECKOUT / "layers")}
SHEETS = [(name, sheet) for name, layer in LAYERS.items() for sheet in sheets(layer).values()]
IDS = [f"{name}.{sheet.id}" for name, sheet in SHEETS]
CLOSE = 0.1  # metres per pixel: every part is large enough to be drawn
GOT = re.compile(r'"(?:get|has)", "(\w+)"')
SE = "{http://www.opengis.net/se}"


def drawn(sheet: Sheet) -> set[str]:
    """The rules that have anything but a text."""
    return {rule.id for rule in sheet.rules if any(rule.parts.values())}


def source(planwerk: str | None) -> mapnik_xml.Source:
    return mapnik_xml.Source("s", "epsg:25832", {"type": "csv"}, fixed={"planwerk": planwerk} if planwerk else {})


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_qgis_knows_every_rule_and_part(name: str, sheet: Sheet) -> None:
    found, parts = set(), 0
    for dimension in Dimension:
        root = etree.fromstring(qgis.qml(sheet, dimension))
        rules = root.findall("renderer-v2/rules/rule")
        # what would be asked of the server rule by rule gets a last one for everything, which draws nothing
        asks_for_all = any(rule.get("filter") in (None, "ELSE") for rule in rules)
        assert asks_for_all or sum(len(rule) for rule in rules) <= 10
        found |= {(rule.get("key") or "").strip("{}") for rule in rules if len(rule)}
        parts += len(root.findall("renderer-v2/symbols/symbol/layer"))
        symbols = {symbol.get("name") for symbol in root.iterfind("renderer-v2/symbols/symbol")}
        assert {rule.get("symbol") for rule in root.iterfind("renderer-v2/rules/rule/rule")} == symbols
    assert found == drawn(sheet)
    assert parts == sum(len(held) for rule in sheet.rules for held in rule.parts.values())


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_sld_knows_every_rule_and_part(name: str, sheet: Sheet) -> None:
    root = etree.fromstring(sld.write(sheet, name))
    names = {rule.findtext(f"{SE}Name") for rule in root.iter(f"{SE}Rule")}
    assert drawn(sheet) <= names
    kinds = ("PolygonSymbolizer", "LineSymbolizer", "PointSymbolizer")
    found = sum(1 for kind in kinds for _ in root.iter(f"{SE}{kind}"))
    assert found == sum(len(held) for rule in sheet.rules for held in rule.parts.values())


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_the_style_for_vector_tiles_knows_every_rule_and_part(name: str, sheet: Sheet) -> None:
    document = maplibre.write(sheet, name, "http://x/{z}/{y}/{x}", "http://x", name)
    json.dumps(document, allow_nan=False)
    layers = document["layers"]
    texts = {layer["metadata"]["rule"]: layer for layer in layers if "text-field" in layer.get("layout", {})}
    assert {rule: text["layout"]["text-field"] for rule, text in texts.items()} == {
        rule.id: ["get", rule.label.field] for rule in sheet.rules if rule.label
    }
    assert {font for text in texts.values() for font in text["layout"]["text-font"]} <= set(glyphs.FONTS)
    assert {layer["metadata"]["rule"] for layer in layers if layer not in texts.values()} == drawn(sheet)
    assert len(layers) - len(texts) == sum(len(held) for rule in sheet.rules for held in rule.parts.values())
    assert len({layer["id"] for layer in layers}) == len(layers)
    icons = {layer["layout"]["icon-image"] for layer in layers if "icon-image" in layer.get("layout", {})}
    assert icons <= set(maplibre.sprite_places(maplibre.sprite_forms(iter([sheet]))))


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_vector_tiles_are_styled_in_words_that_qgis_3_22_knows(name: str, sheet: Sheet) -> None:
    for layer in maplibre.write(sheet, name, "http://x/{z}/{y}/{x}", "http://x", name)["layers"]:
        assert '["!"' not in json.dumps(layer["filter"])
        assert isinstance(layer.get("layout", {}).get("icon-size", 1), int | float | dict), layer["id"]


@pytest.mark.parametrize("collection", list(collections_of(LAYERS.values())), ids=lambda each: each.layer.id)
def test_vector_tiles_carry_what_their_styles_ask_for(collection: Collection) -> None:
    carried = {layer.id: set(layer.fields) for layer in tileset_of(collection).layers}
    for sheet in sheets(collection.layer).values() if collection.layer.drawn else ():
        document = maplibre.write(sheet, "x", "x", "x", collection.layer.id, LABELS if LABELS in carried else None)
        for layer in document["layers"]:
            assert set(GOT.findall(json.dumps(layer))) <= carried[layer["source-layer"]], layer["id"]


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_mapnik_knows_every_rule(name: str, sheet: Sheet) -> None:
    written = [mapnik_xml.write([(source(planwerk), sheet)], "epsg:25832", CLOSE) for planwerk in ("BP", "FP")]
    for each in written:
        etree.fromstring(each.xml)
        named = set(re.findall(r'file="([^"]+)"', each.xml))
        assert named == set(each.assets)
    text = "".join(each.xml for each in written)
    for rule in sheet.rules:
        if rule.id in drawn(sheet) and planzeichen.FIELD in rule.when:
            assert f"[planzeichen] = '{rule.when[planzeichen.FIELD]}'" in text


@pytest.mark.parametrize(("name", "sheet"), SHEETS, ids=IDS)
def test_the_legend_knows_every_symbol(name: str, sheet: Sheet) -> None:
    rows = legend.entries(sheet, "de")
    expected = {str(rule.when.get(planzeichen.FIELD, rule.id)) for rule in sheet.rules if rule.id in drawn(sheet)}
    assert {row.id for row in rows} >= expected
    etree.fromstring(legend.svg(rows, "x"))


def test_the_legend_is_ordered_as_planzv_is() -> None:
    rows = legend.entries(Sheet("s", LAYERS["planinhalte"].title, planzeichen.rules("BP")), "de")
    numbers = [[int(part) for part in row.planzv.split(".")] for row in rows if row.planzv and row.planzv[0].isdigit()]
    assert numbers == sorted(numbers)
    assert numbers[0] == [1]


def test_what_is_too_small_to_be_seen_is_left_out_of_a_map() -> None:
    sheet = sheets(LAYERS["planinhalte"])["planzv"]
    near, far = (mapnik_xml.write([(source("BP"), sheet)], "epsg:25832", each) for each in (0.2, 20.0))
    assert "baum_neu.svg" in near.assets
    assert "baum_neu.svg" not in far.assets
    assert len(far.xml) < len(near.xml) / 2


def test_beside_a_map_no_more_is_read_than_reaches_into_it() -> None:
    def around(sheet: Sheet, resolution: float, factor: float = 1.0, **of: Any) -> int:
        xml = mapnik_xml.write([(replace(source("BP"), **of), sheet)], "epsg:25832", resolution, factor).xml
        [found] = re.findall(r'buffer-size="([0-9]+)"', xml)
        return int(found)

    outline, contents = sheets(LAYERS["bebauungsplaene"])["umring"], sheets(LAYERS["planinhalte"])["planzv"]
    assert around(outline, 5) == 3  # half of a line of four pixels, and the blend at its edge
    assert around(outline, 5, 2.0) == 6
    [band] = [
        part for part in planzeichen.outline("BP").parts[Dimension.AREA] if isinstance(part, Line) and part.offset
    ]
    reaches = (abs(band.offset) + band.width / 2) / 0.1  # metres in pixels of ten centimetres
    assert around(Sheet("s", outline.title, (planzeichen.outline("BP"),)), 0.1) >= reaches
    assert around(contents, CLOSE) == mapnik_xml.AROUND  # signs keep each other away
    assert around(contents, 20) < mapnik_xml.AROUND
    assert around(contents, CLOSE, part="labels") == mapnik_xml.AROUND


def test_widths_are_metres_on_the_ground() -> None:
    [rule] = [rule for rule in planzeichen.rules("BP") if rule.id == "BP.baugrenze"]
    alone = Sheet("s", rule.title, (rule,))
    for resolution in (0.05, 0.1, 0.2):
        xml = mapnik_xml.write([(source("BP"), alone)], "epsg:25832", resolution).xml
        [wide, *_] = re.findall(r'stroke-width="([0-9.]+)"', xml)
        assert float(wide) == pytest.approx(0.8 / resolution, rel=0.01)


def test_every_text_is_known_to_qgis_and_sld() -> None:
    sheet = sheets(LAYERS["planinhalte"])["planzv"]
    labelled = {rule.id for rule in sheet.rules if isinstance(rule.label, Label)}
    root = etree.fromstring(qgis.qml(sheet, Dimension.AREA))
    rules = root.findall("labeling/rules/rule")
    assert {(rule.get("key") or "").strip("{}").removesuffix("-text") for rule in rules} == labelled
    described = etree.fromstring(sld.write(sheet, "x"))
    assert sum(1 for _ in described.iter(f"{SE}TextSymbolizer")) == len(labelled)


def test_a_value_of_a_manifest_cannot_break_out_of_a_style() -> None:
    title = LAYERS["schulen"].title
    hostile = Rule("r", title, {"name": "O'Brien \\ <&> \" ]]>"}, planzeichen.outline("BP").parts)
    sheet = Sheet("s", title, (hostile,))
    etree.fromstring(mapnik_xml.write([(source(None), sheet)], "epsg:25832", CLOSE).xml)
    etree.fromstring(qgis.qml(sheet, Dimension.AREA))
    etree.fromstring(sld.write(sheet, "x"))


def test_no_colour_is_written_elsewhere() -> None:
    """The forms and the table hold what is drawn of plans; a colour of PlanZV stands in the table alone."""
    programs = chain((CHECKOUT / "geoportal/cartography").glob("*.py"), (CHECKOUT / "geoportal/ogc").rglob("*.py"))
    table = (CHECKOUT / "geoportal/cartography/planzeichen.yml").read_text("utf-8")
    named = set(re.findall(r'"(#[0-9a-f]{6})"', table.partition("symbols:")[0])) - {"#1c1c1c", "#ffffff"}
    for file in programs:
        assert not named & set(re.findall(r"#[0-9a-f]{6}", file.read_text("utf-8"))), file


def test_every_icon_that_a_manifest_may_name_is_drawn() -> None:
    files = {file.stem for file in (CHECKOUT / "geoportal/cartography/formen").glob("icon-*.svg")}
    assert files == {f"icon-{name}" for name in get_args(Icon)}


def test_the_bounds_and_sizes_of_a_manifest_reach_every_language() -> None:
    layer = LAYERS["abfallbehaelter"].model_copy(
        update={
            "style": LAYERS["abfallbehaelter"].style.model_copy(update={"scale": Scale(closest=500, farthest=60_000)})
        }
    )
    [sheet] = sheets(layer).values()
    assert layer.style.sizes is not None
    assert layer.style.sizes.by in sheet.fields()
    near, there, far = (mapnik_xml.write([(source(None), sheet)], "epsg:25832", each).xml for each in (0.05, 5.0, 50.0))
    assert "MarkersSymbolizer" not in near + far
    assert f"[{layer.style.sizes.by}]" in there
    assert "icon-abfall.svg" in there
    [rule, *_] = etree.fromstring(qgis.qml(sheet, Dimension.POINT)).findall("renderer-v2/rules/rule/rule")
    assert (rule.get("scalemindenom"), rule.get("scalemaxdenom")) == ("500", "60000")
    [part, *_] = maplibre.write(sheet, "x", "x", "x", "x")["layers"]
    assert part["minzoom"] < part["maxzoom"]
