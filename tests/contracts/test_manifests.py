"""Every manifest that ships keeps its promises, and a mistake in one is told with file, line and the nearest key."""

from pathlib import Path

import pytest

from geoportal.catalogue import FieldType, Layer, ManifestError, Shelf, all_layers, read_layer
from geoportal.catalogue.reference import PAGE, SCHEMA, page, schema
from geoportal.settings import CHECKOUT

FOLDERS = sorted(path.parent for path in (CHECKOUT / "layers").glob("*/layer.yml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_manifest_that_ships_is_whole(folder: Path) -> None:
    layer = read_layer(folder)
    assert layer.popup
    assert layer.style.fill or layer.style.stroke or layer.style.categories or not layer.drawn
    if layer.style.by and (codes := layer.properties[layer.style.by].codes):
        assert {category.value for category in layer.style.categories} == set(codes)
    if layer.source.path:
        assert layer.expect is not None
        # those below data/sample are made, not committed
        assert (CHECKOUT / layer.source.path).is_file() or layer.source.path.startswith("data/sample/")


def test_the_layers_of_the_first_release_are_there() -> None:
    shipped = {layer.id for layer in all_layers(CHECKOUT / "layers")}
    assert shipped >= {"bebauungsplaene", "flaechennutzungsplaene", "planinhalte", "gemeinden", "schulen"}
    assert shipped >= {"schwimmbaeder", "teststellen", "strassenbeleuchtung", "abfallbehaelter"}


def test_the_reference_and_the_schema_for_editors_are_in_step_with_the_model() -> None:
    assert (CHECKOUT / PAGE).read_text("utf-8") == page(), "run make config"
    assert (CHECKOUT / SCHEMA).read_text("utf-8") == schema(), "run make config"


GOOD = """\
id: brunnen
title: {de: Trinkbrunnen, en: Drinking fountains}
description: {de: Brunnen mit Trinkwasser, en: Fountains with drinking water}
keywords: {de: [Wasser], en: [water]}
theme: versorgung
publisher: Landkreis
licence: {name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}
source: {path: data/brunnen.csv, x: X, y: Y, crs: EPSG:25832}
geometry: Point
key: nr
fields:
  nr: {type: integer, label: {de: Nummer, en: Number}}
  art:
    type: text
    label: {de: Art, en: Kind}
    codes: {s: {de: Säule, en: column}}
style:
  by: art
  categories:
    - {value: s, label: {de: Säule, en: column}, fill: "#0000ff"}
popup: [nr, art]
expect: {min: 1, max: 9}
"""

SENSORS = """\
sensors:
  topic: kreis/brunnen/{key}
  json: {time: t, values: {pegel: data.level}}
  history: 30d
  observed:
    pegel: {label: {de: Wasserstand, en: Level}, unit: cm, min: 0, max: 500, stale: {after: 6h}}
    zustand: {label: {de: Zustand, en: State}, codes: {an: {de: an, en: "on"}, aus: {de: aus, en: "off"}}}
    spuelung: {label: {de: Letzte Spülung, en: Last flushed}, event: true, stale: {after: 14d}}
"""


def read(tmp_path: Path, text: str) -> Layer:
    folder = tmp_path / "brunnen"
    folder.mkdir()
    (folder / "layer.yml").write_text(text, "utf-8")
    return read_layer(folder)


def test_a_good_manifest_is_read_into_types(tmp_path: Path) -> None:
    layer = read(tmp_path, GOOD)
    assert layer.title.en == "Drinking fountains"
    assert layer.fields["nr"].type is FieldType.INTEGER
    assert layer.fields["art"].codes["s"].de == "Säule"
    assert (layer.view, list(layer.properties)) == ("brunnen", ["nr", "art"])


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("title:", "titel:", 2, "gemeint ist wohl / probably meant: title"),
        ("publisher:", "Herausgeber:", 6, "unbekannter Schlüssel / unknown key; bekannt / known: contact"),
        ("  nr: {type: integer", "  nr: {typ: integer", 12, "fields.nr.typ: unbekannter Schlüssel"),
        ("type: text", "type: string", 14, "fields.art.type: "),
        ("geometry: Point", "geometry: Punkt", 9, "geometry: "),
        ("key: nr", "key: nummer", 10, "das Feld „nummer“ steht nicht unter fields"),
        ("popup: [nr, art]", "popup: [nr, farbe]", 21, "popup.1: das Feld „farbe“"),
        ("  by: art\n", "", 18, "style.categories: braucht `by`"),
        ("min: 1,", "min: 10,", 22, "min ist größer als max"),
        ("min: 1,", "minimum: 1,", 22, "probably meant: min"),
        ('fill: "#0000ff"', "fill: blau", 20, "style.categories.0.fill: "),
        ('fill: "#0000ff"', 'fil: "#0000ff"', 20, "probably meant: fill"),
        ("  art:\n", "  bbox:\n", 13, "fields.bbox: ist ein Parameter der OGC API"),
        ("  art:\n", "  Art:\n", 13, "fields.Art"),
        ("path: data/brunnen.csv", "path: /etc/passwd", 8, "source.path: ist relativ zum Hauptordner"),
        ("path: data/brunnen.csv", "path: data/../../x.csv", 8, "source.path: ist relativ zum Hauptordner"),
        ("popup: [nr, art]", "search: [nr]", 21, "search.0: „nr“ ist kein Text / is no text"),
        ("popup: [nr, art]", "headline: 'Nr. {nummer}'", 21, "headline: das Feld „nummer“ steht nicht"),
        ("label: {de: Art,", "visibility: internal\n    label: {de: Art,", 19, "das Feld „art“ ist intern"),
        ("path: data/brunnen.csv", "path: a.csv, url: https://example.org/a.csv", 8, "genau eines von"),
        ("path: data/brunnen.csv, x: X, y: Y, crs: EPSG:25832", "wfs: https://example.org/", 8, "braucht `layer`"),
        ("path: data/brunnen.csv, x: X, y: Y", "url: https://anna:geheim@example.org/a.csv", 8, "ohne Namen und"),
        ("path: data/brunnen.csv", "view: plaene", 8, "source: `view` steht allein"),
        (", crs: EPSG:25832", "", 8, "source: `x` und `y` brauchen `crs`"),
        ("x: X, y: Y", "x: X", 8, "source: `x` und `y` gehören zusammen"),
        ("id: brunnen", "id: quellen", 1, "heißt anders als der Ordner „brunnen“"),
        ("id: brunnen", "id: brunnen\nfolder: /tmp", 2, "folder"),
        ("theme: versorgung", "theme: versorgung\ntheme: wasser", 6, "doppelt / key given twice: theme"),
        ("{de: Trinkbrunnen, en: Drinking fountains}", "{de: Trinkbrunnen}", 2, "title.en"),
        ("geometry: Point", "geometry: [Point", 10, "kein gültiges YAML"),
        ("geometry: Point", "geometry: Punkt", 9, "gemeint ist wohl / probably meant: Point"),
        ("  art:\n", "\tart:\n", 13, "Tabulator statt Leerzeichen"),
        ("key: nr", "key:nr", 11, "fehlt ein Doppelpunkt mit Leerzeichen dahinter"),
        ("{de: Trinkbrunnen, en: Drinking fountains}", "Trinkbrunnen", 2, "title: hat eigene Schlüssel"),
        ("{de: Trinkbrunnen, en: Drinking fountains}", "{de: Trinkbrunnen, en: no}", 2, "in Anführungszeichen wird es"),
        ('fill: "#0000ff"', "fill: blau", 20, "„blau“: eine Farbe aus # und sechs Ziffern"),
        ("min: 1,", "min: eins,", 22, "„eins“ ist keine ganze Zahl"),
        ("path: data/brunnen.csv", "path: data\\brunnen.csv", 8, "Ordner trennt ein /"),
        ("path: data/brunnen.csv", "encoding: ansii, path: data/brunnen.csv", 8, "unbekannter Zeichensatz"),
        ("title:", "titel: 2024-02-30\ntitle:", 1, "kein gültiges YAML"),
        ("id: brunnen", "id: \x07brunnen", 1, "kein gültiges YAML"),
        ("id: brunnen", f"id: {'[' * 100_000}", 1, "zu tief verschachtelt"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, good: str, bad: str, line: int, said: str) -> None:
    assert good in GOOD
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, GOOD.replace(good, bad, 1))
    message = str(caught.value)
    assert f"brunnen/layer.yml, Zeile {line}: " in message
    assert said in message


def test_a_misspelt_key_is_one_mistake_and_not_missing_too(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, GOOD.replace("publisher:", "publischer:", 1))
    [(line, message)] = caught.value.faults
    assert (line, "publischer" in message) == (6, True)


def test_a_manifest_that_cannot_be_opened_hinders_no_other(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    (tmp_path / "kaputt" / "layer.yml").mkdir(parents=True)
    shelf = Shelf(tmp_path)
    assert shelf.look()
    assert (set(shelf.layers), set(shelf.faults)) == ({"brunnen"}, {"kaputt"})


def test_what_sensors_tell_are_fields_of_the_feature(tmp_path: Path) -> None:
    layer = read(tmp_path, GOOD + SENSORS)
    kinds = {name: field.type.value for name, field in layer.measured.items()}
    assert kinds == {
        "pegel": "number",
        "pegel_am": "datetime",
        "pegel_veraltet": "boolean",
        "zustand": "text",
        "zustand_seit": "datetime",
        "zustand_am": "datetime",
        "spuelung_am": "datetime",
        "spuelung_veraltet": "boolean",
    }
    assert layer.properties.keys() == {"nr", "art", *kinds}
    assert (layer.properties["pegel"].unit, layer.properties["zustand"].codes["an"].de) == ("cm", "an")


def test_an_internal_field_is_no_property_of_the_feature(tmp_path: Path) -> None:
    secret = "  vermerk: {type: text, visibility: internal, label: {de: Vermerk, en: Remark}}\n"
    layer = read(tmp_path, GOOD.replace("style:\n", f"{secret}style:\n"))
    assert "vermerk" in layer.fields
    assert list(layer.properties) == ["nr", "art"]


@pytest.mark.parametrize(
    ("good", "bad", "line", "said"),
    [
        ("{key}", "{nr}", 24, "sensors.topic: braucht genau einmal die Stufe {key}"),
        ("values: {pegel:", "values: {stand:", 25, "steht nicht unter observed"),
        ("history: 30d", "history: 30 Tage", 26, "eine Dauer wie 15min, 6h oder 30d"),
        ("unit: cm, min: 0", "unit: cm, min: 900", 28, "min ist größer als max"),
        ("unit: cm, min: 0", "event: true, unit: cm", 28, "ein Ereignis hat keinen Wert"),
        ("    zustand:", "    art:", 13, "fields.art: so heißt schon ein Messwert"),
        ("  json:", "  jason:", 25, "probably meant: json"),
    ],
)
def test_a_mistake_about_sensors_is_told_with_its_line(
    tmp_path: Path, good: str, bad: str, line: int, said: str
) -> None:
    assert good in SENSORS
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, GOOD + SENSORS.replace(good, bad, 1))
    assert f"brunnen/layer.yml, Zeile {line}: " in str(caught.value)
    assert said in str(caught.value)


def test_a_broken_manifest_hinders_no_other_and_its_layer_stays_as_it_was(tmp_path: Path) -> None:
    def write(name: str, text: str) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "layer.yml").write_text(text.replace("id: brunnen", f"id: {name}"), "utf-8")

    write("brunnen", GOOD)
    write("baenke", GOOD.replace("title:", "titel:"))
    shelf = Shelf(tmp_path)
    assert shelf.look()
    assert (list(shelf.layers), list(shelf.faults)) == (["brunnen"], ["baenke"])
    assert not shelf.look()
    write("brunnen", GOOD.replace("title:", "titel:"))
    write("quellen", GOOD)
    assert shelf.look()
    assert (list(shelf.layers), list(shelf.faults)) == (["brunnen", "quellen"], ["baenke", "brunnen"])
    write("brunnen", GOOD.replace("Trinkbrunnen", "Wasserspender"))
    (tmp_path / "baenke" / "layer.yml").unlink()
    assert shelf.look()
    assert (shelf.layers["brunnen"].title.de, dict(shelf.faults)) == ("Wasserspender", {})


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "nur Text"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError, match="keine Schlüssel"):
        read(tmp_path, text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "brunnen"
    folder.mkdir()
    (folder / "layer.yml").write_bytes(GOOD.encode("latin-1"))
    with pytest.raises(ManifestError, match="nicht in UTF-8"):
        read_layer(folder)
