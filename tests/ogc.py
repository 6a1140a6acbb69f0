"""A small stock of plans and layers behind a served OGC API, for the tests of the API and of its clients."""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

import shapely
from shapely.geometry import Point
from sqlalchemy import Engine
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from geoportal import operations
from geoportal.archive import Archive
from geoportal.catalogue import read_layer
from geoportal.catalogue.values import copy_lines
from geoportal.database import owner_engine
from geoportal.layers.tables import replace_rows
from geoportal.ogc.app import create_ogc
from geoportal.settings import CHECKOUT, Settings
from tests.files import feature, plan, polygon, positions, prop, write, xplangml

LAYERS = CHECKOUT / "tests" / "layers"  # of those that ship, the ones whose rows publish_stock() makes
SELECTIONS = (
    "planinhalte_baugebiete",
    "planinhalte_baugrenzen",
    "planinhalte_ueberbaubare_flaechen",
    "planinhalte_verkehrsflaechen",
    "planinhalte_verkehrslinien",
    "planinhalte_gruenflaechen",
    "planinhalte_wald_landwirtschaft",
    "planinhalte_gewaesser",
    "planinhalte_gemeinbedarf",
    "planinhalte_versorgungsflaechen",
    "planinhalte_versorgungsleitungen",
    "planinhalte_natur_ausgleich",
    "planinhalte_pflanzungen",
    "planinhalte_schutz_denkmal",
    "planinhalte_sonstige_flaechen",
)
COLLECTIONS = (
    "bebauungsplaene",
    "flaechennutzungsplaene",
    "geltungsbereiche",
    "gemeinden",
    "plandokumente",
    "planinhalte",
    "planinhalte_flaechen",
    "planinhalte_linien",
    "planinhalte_punkte",
    *SELECTIONS,
    "plantexte",
    "schulen",
)
DRAWN = tuple(
    name for name in COLLECTIONS if name not in {"geltungsbereiche", "plandokumente", "plantexte", *SELECTIONS}
)
BEBAUUNGSPLAENE, SCHULEN, GEMEINDEN = 12, 30, 22
ODD_NAME = 'Am „Markt“ <script>alert("1")</script> & O\'Brien 100 %'
ODD_SCHOOL = 'Schule "am \\" \\'
SQUARE_METRES = 100  # the side of each Geltungsbereich
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/bebauungsplaene/items"


def origin(number: int) -> tuple[float, float]:
    """The south-western corner of a Bebauungsplan, EPSG:25832: twelve in a row, a kilometre apart."""
    return 480_000 + 1000 * number, 5_630_000


def publish_stock(settings: Settings, folder: Path) -> None:
    """Twelve Bebauungspläne "Plan 0" …; those with an even number are in force since 15 January of 2000, 2002, …

    The first has a name full of traps, an area, a line and a point in it, a document elsewhere and a text. One
    Flächennutzungsplan. Thirty schools, the first with an odd name, and the Gemeinden as layers.
    """
    engine = owner_engine(settings.require_database_url())
    operations.prepare(engine)
    for name, document in (("bp.gml", _bebauungsplaene()), ("fp.gml", _flaechennutzungsplan())):
        operations.deliver(engine, Archive(settings.archive), write(folder / name, document))
    home = folder / "home"
    (home / "data").mkdir(parents=True)
    (home / "layers").symlink_to(LAYERS)
    (home / "data" / "gemeinden.geojson").symlink_to(CHECKOUT / "data" / "gemeinden.geojson")
    write(home / "data" / "schulen.csv", schulen())
    results = operations.sync_layers(engine, replace(settings, home=home))
    assert [result.fault for result in results] == [None, None]
    engine.dispose()


def schulen(number: int = SCHULEN) -> str:
    head = "Schulnummer;Schulname;Schulform;Strasse;PLZ;Ort;AGS;Website;Schuelerzahl;Traeger;X;Y\n"
    return head + "".join(
        f"9{each:03};{f'Schule {each}' if each else ODD_SCHOOL};Grundschule;Weg {each};35037;Marburg;06534014;https://schule.example.org/;"
        f"{each * 10};Landkreis;{480_000 + each},5;5630000,25\n"
        for each in range(number)
    )


def _bebauungsplaene() -> str:
    def one(number: int) -> str:
        in_force = number % 2 == 0
        since = prop("inkrafttretensDatum", f"{2000 + number}-01-15") if in_force else ""
        return plan(
            f"plan{number}",
            name=escape(ODD_NAME) if number == 0 else f"Plan {number}",
            nummer=str(number),
            outline=polygon(origin=origin(number)),
            extra=(_FURTHER if number == 0 else "") + prop("rechtsstand", "4000" if in_force else "2000") + since,
        )

    line = (
        f'<gml:LineString srsName="EPSG:25832"><gml:posList>{positions("10 10 90 90")}</gml:posList></gml:LineString>'
    )
    point = f'<gml:Point srsName="EPSG:25832"><gml:pos>{positions("50 50")}</gml:pos></gml:Point>'
    inside = (
        feature(
            "BP_BaugebietsTeilFlaeche", "a", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
        ),
        feature("BP_BauGrenze", "l", prop("position", line)),
        feature("BP_AnpflanzungBindungErhaltung", "p", prop("position", point)),
    )
    bereich = feature("BP_Bereich", "b", prop("nummer", "0") + '<xplan:gehoertZuPlan xlink:href="#plan0"/>')
    members = [
        item.replace("</xplan:BP_", '<xplan:gehoertZuBereich xlink:href="#b"/></xplan:BP_', 1) for item in inside
    ]
    text = feature("BP_TextAbschnitt", "text", prop("schluessel", "1.1") + prop("text", "Tankstellen sind unzulässig."))
    return xplangml(*(one(number) for number in range(BEBAUUNGSPLAENE)), bereich, *members, text)


_FURTHER = (
    "<xplan:externeReferenz><xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>https://gemeinde.example.org/b.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
    '</xplan:XP_SpezExterneReferenz></xplan:externeReferenz><xplan:texte xlink:href="#text"/>'
)


def _flaechennutzungsplan() -> str:
    return xplangml(
        plan("fplan", klasse="FP_Plan", name="Flächennutzungsplan", nummer="", extra=prop("rechtsstand", "4000"))
    )


def document(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.get_data(as_text=True)
    read: dict[str, Any] = json.loads(response.data)
    return read


def names(response: TestResponse) -> set[str]:
    return {item["properties"]["name"] for item in document(response)["features"]}


def link(read: dict[str, Any], rel: str, kind: str | None = None) -> str | None:
    return next((each["href"] for each in read["links"] if each["rel"] == rel and kind in (None, each["type"])), None)


def put_schools(engine: Engine, points: dict[int, Point], name: str = "name") -> None:
    """The points are the whole layer now, each with the key that its number makes."""
    layer = read_layer(LAYERS / "schulen").model_copy(update={"expect": None})
    columns: dict[str, Any] = {field: [f"{field} {n}" for n in points] for field in layer.fields}
    columns["name"] = [f"{name} {n}" for n in points]
    columns["schueler"] = list(points)
    hexes = shapely.to_wkb(shapely.set_srid(list(points.values()), 25832), hex=True, include_srid=True)
    lines = copy_lines([(layer.fields[field].type, columns[field]) for field in layer.columns], hexes)
    with engine.begin() as connection:
        replace_rows(connection, layer, ["".join(lines).encode()])


@contextmanager
def served(settings: Settings, layers: Path = LAYERS) -> Iterator[str]:
    """The address of the OGC API of a server that really listens, on a free port.

    In a process of its own: a client such as GDAL keeps Python's lock of this one while it waits for the answer.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(settings, layers, there), daemon=True)
    server.start()
    try:
        assert here.poll(240), "the server did not start"
        yield here.recv()
    finally:
        server.terminate()
        server.join()


def _serve(settings: Settings, layers: Path, told: Connection) -> None:
    server = make_server("127.0.0.1", 0, _nothing, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    ogc = create_ogc(replace(settings, public_url=address), layers)
    server.app = DispatcherMiddleware(_nothing, {"/ogc": ogc})
    told.send(f"{address}/ogc")
    server.serve_forever()


def _nothing(_: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("404 NOT FOUND", [])
    return [b""]
