"""A second Kreis from nothing, with the commands of docs/operations/another-kreis.md: zone 33, its own Gemeinden,
layers, names and boundaries.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pypdfium2
import pytest
import yaml

from geoportal.database.cluster import OWNER, Cluster
from geoportal.settings import CHECKOUT, DESK_ROLE, READ_ROLE, SENSORS_ROLE, Settings
from tests.desk import OWN
from tests.files import GEMEINDE, feature, plan, polygon, prop, write, xplangml
from tests.processes import command, environment
from tests.stack import Stack

AGS = "14626110"  # Görlitz, EPSG:25833
EAST, NORTH = 498_000, 5_667_000  # its old town
GRENZE = [[14.90, 51.08], [15.04, 51.08], [15.04, 51.22], [14.90, 51.22], [14.90, 51.08]]
BRUNNEN = """
id: brunnen
title: {de: Trinkbrunnen, en: Drinking fountains}
description: {de: Wo es Wasser gibt., en: Where there is water.}
keywords: {de: [Wasser], en: [water]}
theme: versorgung
publisher: Landkreis Görlitz
licence: {name: Datenlizenz Deutschland – Zero – Version 2.0, url: "https://www.govdata.de/dl-de/zero-2-0"}
source: {path: data/brunnen.csv, x: X, y: Y, crs: EPSG:25833}
geometry: Point
key: nr
fields:
  nr: {type: text, source: Nr, label: {de: Nummer, en: Number}}
style: {fill: "#123456"}
"""


def at(east: float, north: float) -> str:
    return polygon(origin=(east, north)).replace("25832", "25833")


def collection(properties: dict[str, object]) -> dict[str, object]:
    outline = {"type": "MultiPolygon", "coordinates": [[GRENZE]]}
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": properties, "geometry": outline}],
    }


def home(folder: Path) -> Path:
    """What the operator of the second Kreis writes."""
    (folder / "config" / "gemeinden").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "layers").mkdir()
    portal = yaml.safe_load((CHECKOUT / "config/portal.yml").read_text("utf-8"))
    portal["area"] = {
        "title": "Geoportal Neiße",
        "name": "Landkreis Görlitz",
        "claim": "Pläne zwischen Spree und Neiße",
    }
    portal["opening_view"] = {"west": 14.3, "south": 50.85, "east": 15.05, "north": 51.6}
    portal["nearby"] = ["brunnen"]
    write(folder / "config/portal.yml", yaml.safe_dump(portal, allow_unicode=True))
    head = (CHECKOUT / "config/pygeoapi.yml").read_text("utf-8").replace("Marburg-Biedenkopf", "Görlitz")
    write(folder / "config/pygeoapi.yml", head.replace("[8.33, 50.61, 9.13, 51.03]", "[14.3, 50.85, 15.05, 51.6]"))
    write(
        folder / f"config/gemeinden/{AGS}_goerlitz.yml",
        f'ags: "{AGS}"\nname: Görlitz\ntyp: Stadt\nplz: "02826"\nsitz: {{lon: 14.987, lat: 51.155}}\n',
    )
    for name in ("bebauungsplaene", "flaechennutzungsplaene", "planinhalte", "rasterplaene"):
        (folder / "layers" / name).symlink_to(CHECKOUT / "layers" / name)
    for name in ("brunnen", "gemeinden"):
        (folder / "layers" / name).mkdir()
    ours = (CHECKOUT / "layers/gemeinden/layer.yml").read_text("utf-8").replace("Marburg-Biedenkopf", "Görlitz")
    write(
        folder / "layers/gemeinden/layer.yml", ours.replace("expect: {min: 21, max: 22}", "expect: {min: 1, max: 60}")
    )
    gemeinde = {
        "ags": AGS, "name": "Görlitz", "typ": "Stadt", "plz": "02826", "flaeche_km2": 67.5, "einwohner": 56_000,
        "teilnehmer": True, "hinweis": "",
    }  # fmt: skip
    write(folder / "data/gemeinden.geojson", json.dumps(collection(gemeinde)))
    write(folder / "layers/brunnen/layer.yml", BRUNNEN)
    write(folder / "data/brunnen.csv", f"Nr,X,Y\n1,{EAST + 50},{NORTH + 50}\n")
    grenze = {"AGS": AGS, "GEN": "Görlitz", "BEZ": "Stadt", "GF": 4}
    write(folder / "grenzen.geojson", json.dumps(collection(grenze)))
    document = xplangml(
        plan(
            "p",
            name="Altstadt Nord",
            nummer="7",
            gemeinde=GEMEINDE.replace(OWN, AGS),
            outline=at(EAST, NORTH),
            extra=prop("rechtsstand", "4000"),
        ),
        feature("BP_BaugebietsTeilFlaeche", "a", prop("position", at(EAST, NORTH))),
    )
    write(folder / "plan.gml", document.replace("EPSG:25832", "EPSG:25833"))
    return folder


@pytest.fixture(scope="module")
def kreis(open_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = home(tmp_path_factory.mktemp("goerlitz"))
    with ExitStack() as stay:
        cluster = stay.enter_context(Cluster(open_folder / "goerlitz", durable=False))
        urls = {role: cluster.url_of(role, "geoportal") for role in (OWNER, READ_ROLE, DESK_ROLE, SENSORS_ROLE)}
        settings = replace(
            Settings.from_env({}), database_url=urls[OWNER], read_database_url=urls[READ_ROLE],
            desk_database_url=urls[DESK_ROLE], sensors_database_url=urls[SENSORS_ROLE],
            home=folder, data=folder / "data", run=folder / "run",
        )  # fmt: skip
        environ = environment(settings, GEOPORTAL_CRS="EPSG:25833")
        for arguments in (
            ["migrate"], ["layers", "sync"], ["import", "boundaries", str(folder / "grenzen.geojson")],
            ["ingest", str(folder / "plan.gml")], ["check"],
        ):  # fmt: skip
            done = subprocess.run(command(*arguments), env=environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (arguments, done.stdout, done.stderr[-2000:])
        yield stay.enter_context(Stack(settings, GEOPORTAL_CRS="EPSG:25833"))


def told(stack: Stack, path: str) -> Any:
    answer = stack.get(path)
    assert answer.status == 200, answer.body[:500]
    return json.loads(answer.body)


def test_its_pages_bear_its_name_and_its_gemeinde(kreis: Stack) -> None:
    page = kreis.get("/").body.decode()
    assert "Geoportal Neiße" in page
    assert "Görlitz" in page
    assert "Marburg" not in page
    assert 'data-zone="33"' in page
    assert "Altstadt Nord" in kreis.get("/plaene").body.decode()


def test_everything_is_stored_in_its_zone(kreis: Stack) -> None:
    with psycopg.connect(kreis.settings.require_database_url()) as connection:
        columns = connection.execute("""
            SELECT f_table_schema, f_table_name, srid FROM geometry_columns
            WHERE srid NOT IN (25833, 0) AND f_table_schema <> 'public'""").fetchall()
        assert [row for row in columns if row[2] != 3857] == []
        [place] = connection.execute("SELECT ST_AsText(ST_Centroid(geom), 0) FROM plans.version").fetchall()
    assert place == (f"POINT({EAST + 50} {NORTH + 50})",)


def test_its_services_speak_its_zone(kreis: Stack) -> None:
    collection = told(kreis, "/ogc/collections/bebauungsplaene?f=json")
    assert collection["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/25833"
    box = f"{EAST - 10},{NORTH - 10},{EAST + 10},{NORTH + 10}"
    crs = "http://www.opengis.net/def/crs/EPSG/0/25833"
    query = urlencode({"f": "json", "bbox": box, "bbox-crs": crs, "crs": crs})
    found = told(kreis, f"/ogc/collections/bebauungsplaene/items?{query}")
    assert found["numberMatched"] == 1
    [feature_found] = found["features"]
    [x, y] = feature_found["geometry"]["coordinates"][0][0][0]
    assert (abs(x - EAST) < 200, abs(y - NORTH) < 200) == (True, True)
    fountain = told(kreis, "/ogc/collections/brunnen/items?f=json")["features"][0]
    assert 14.9 < fountain["geometry"]["coordinates"][0] < 15.1
    tile = kreis.get("/ogc/collections/bebauungsplaene/tiles/WebMercatorQuad/14/5473/8873?f=mvt")
    assert tile.status in {200, 204}
    picture = kreis.get(
        f"/ogc/collections/bebauungsplaene/map?f=png&width=200&height=200&bbox={box}&bbox-crs={crs}&crs={crs}"
    )
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")


def test_its_maps_on_paper_name_its_zone(kreis: Stack) -> None:
    sheet = kreis.get("/drucken.pdf?lon=14.987&lat=51.155&massstab=1000")
    assert (sheet.status, sheet.headers["content-type"]) == (200, "application/pdf")
    with pypdfium2.PdfDocument(sheet.body) as document:
        text = document[0].get_textpage().get_text_bounded()
    assert "ETRS89 / UTM 33N (EPSG:25833)" in text


def test_a_place_is_answered_in_its_zone(kreis: Stack) -> None:
    page = kreis.get(f"/hier?ost={EAST + 20}&nord={NORTH + 20}").body.decode()
    assert "Altstadt Nord" in page
    assert "33 U" in page


def test_a_program_of_another_zone_does_not_start_on_its_database(kreis: Stack) -> None:
    environ = environment(kreis.settings)
    done = subprocess.run(command("check"), env=environ, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "GEOPORTAL_CRS" in done.stdout + done.stderr
