"""Synthetic plans and points in a scratch database: the same for every system, and the same in every run."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy
import psycopg
import shapely
from numpy.random import Generator
from shapely.geometry import MultiPolygon, Polygon

from geoportal import operations
from geoportal.catalogue import read_layer
from geoportal.database import owner_engine
from geoportal.database.migrating import migrate
from geoportal.layers.tables import replace_rows
from geoportal.settings import Settings
from plans_ingest.codelists import status_group
from plans_ingest.gemeinden import all_gemeinden

SEED: Final = 20260101
AREA: Final = (462_000.0, 5_608_000.0, 511_000.0, 5_652_000.0)  # the Kreis, EPSG:25832
LIGHTS: Final = "leuchten"
_RECHTSSTAND: Final = (1000, 2000, 2400, 3000, 4000, 5000)
_SHARE: Final = (0.03, 0.04, 0.02, 0.03, 0.85, 0.03)
_MANIFEST: Final = f"""\
id: {LIGHTS}
title: {{de: Leuchten, en: Street lights}}
description: {{de: Erfundene Leuchten, en: Invented street lights}}
keywords: {{de: [Licht], en: [light]}}
theme: versorgung
publisher: Messung
licence: {{name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}}
source: {{path: data/none.csv, x: x, y: y, crs: EPSG:25832}}
geometry: Point
key: nr
fields:
  nr: {{type: integer, label: {{de: Nummer, en: Number}}}}
  strasse: {{type: text, label: {{de: Straße, en: Street}}}}
  leistung: {{type: integer, label: {{de: Watt, en: Watt}}}}
  art: {{type: text, label: {{de: Art, en: Kind}}}}
  seit: {{type: date, label: {{de: In Betrieb seit, en: In use since}}}}
"""


def build(settings: Settings, layers: Path, plans: int, points: int) -> None:
    """Fills an empty database as the product would: versions of Bebauungspläne that are public, and one layer.

    Beside it, schema `peer` gets flat tables with the same rows, indexed as well as their owners could wish, for the
    other systems. `layers` is a folder of manifests, into which the layer's is written.
    """
    engine = owner_engine(settings.require_database_url())
    migrate(engine)
    operations.prepare(engine)
    random = numpy.random.default_rng(SEED)
    with psycopg.connect(settings.require_database_url()) as connection:
        _plans(connection, random, plans)
    folder = layers / LIGHTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "layer.yml").write_text(_MANIFEST, "utf-8")
    with engine.begin() as owner:
        replace_rows(owner, read_layer(folder), _lights(random, points))
    with psycopg.connect(settings.require_database_url(), autocommit=True) as connection:
        connection.execute(_PEERS)
        connection.execute("VACUUM ANALYZE")
    engine.dispose()


# The columns of the collection, as a table: what a peer would be given to serve.
_PEERS: Final = f"""
    CREATE SCHEMA peer;
    CREATE TABLE peer.bebauungsplaene AS SELECT * FROM ogc.bebauungsplaene ORDER BY id;
    ALTER TABLE peer.bebauungsplaene DROP COLUMN geojson, DROP COLUMN eigenschaften, ADD PRIMARY KEY (id);
    CREATE INDEX ON peer.bebauungsplaene USING gist (geom);
    CREATE INDEX ON peer.bebauungsplaene (nummer);
    CREATE INDEX ON peer.bebauungsplaene (nummer text_pattern_ops);
    CREATE INDEX ON peer.bebauungsplaene (ags);
    CREATE TABLE peer.{LIGHTS} AS SELECT * FROM ogc.{LIGHTS} ORDER BY id;
    ALTER TABLE peer.{LIGHTS} ADD PRIMARY KEY (id);
    CREATE INDEX ON peer.{LIGHTS} USING gist (geom);
"""


def _plans(connection: psycopg.Connection[Any], random: Generator, number: int) -> None:
    delivery = connection.execute(
        "INSERT INTO plans.delivery (sha256, filename, format, report) VALUES ('-', 'bench', '-', '{}') RETURNING id"
    ).fetchone()
    assert delivery
    rows = list(_versions(random, number))
    with connection.cursor() as cursor:
        # what follows each publication is done once for all of them, and not 200,000 times
        cursor.execute("ALTER TABLE plans.version DISABLE TRIGGER USER")
        with cursor.copy("COPY plans.plan (id, planwerk, ags, schluessel) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((row["plan_id"], "BP", row["ags"], str(row["plan_id"])))
        columns = [name for name in rows[0] if name != "ags"]
        with cursor.copy(
            f"COPY plans.version (delivery_id, version, fingerprint, state, published_at, xplan_version, auslegungen,"
            f" traegerbeteiligungen, bezuege, attribute, {', '.join(columns)}) FROM STDIN"
        ) as copy:
            for row in rows:
                same = (delivery[0], 1, "-", "published", "2025-06-01T08:00:00Z", "6.0", "[]", "[]", "[]", "{}")
                copy.write_row((*same, *(row[name] for name in columns)))
        cursor.execute("ALTER TABLE plans.version ENABLE TRIGGER USER")
        cursor.execute("SELECT plans.renew_publication(), plans.rebuild_tiles('bebauungsplaene')")
        cursor.execute("SELECT plans.touch_plans(ARRAY['BP'])")


def _versions(random: Generator, number: int) -> Iterator[dict[str, Any]]:
    places = all_gemeinden()
    shapes = _outlines(random, number)
    for index, shape in enumerate(shapes):
        place = places[int(random.integers(len(places)))]
        rechtsstand = int(random.choice(_RECHTSSTAND, p=_SHARE))
        since = date(1960, 1, 1) + timedelta(days=int(random.integers(24_000)))
        in_force = rechtsstand >= 4000
        yield {
            "plan_id": UUID(bytes=random.bytes(16), version=4),
            "ags": place.ags,
            "name": f"Bebauungsplan Nr. {index} „{_WORDS[index % len(_WORDS)]}“",
            "nummer": str(index),
            "beschreibung": f"Zur Ordnung der Bebauung {_WORDS[index % 7]} in {place.name}" if index % 3 == 0 else None,
            "gemeinden": json.dumps([{"ags": place.ags, "name": place.name, "ortsteil": _WORDS[index % 5]}]),
            "planart": "{1000}" if index % 4 else "{3000}",
            "rechtsstand": rechtsstand,
            "status": status_group(rechtsstand),
            "verfahren": 1000,
            "aufstellungsbeschluss_datum": since - timedelta(days=700),
            "satzungsbeschluss_datum": since - timedelta(days=40) if in_force else None,
            "ausfertigungs_datum": since - timedelta(days=20) if in_force else None,
            "inkrafttretens_datum": since if in_force else None,
            "untergangs_datum": since + timedelta(days=3000) if rechtsstand == 5000 else None,
            "geom": shapely.to_wkb(shapely.set_srid(shape, 25832), hex=True, include_srid=True),
        }


_WORDS: Final = ("Am Hang", "Sonnenwiese", "Ortsmitte", "Gewerbegebiet Nord", "Im Tal", "Alte Ziegelei", "Schulstraße")


def _outlines(random: Generator, number: int) -> list[MultiPolygon]:
    """Stars of 8 to 56 corners, every 270th of 500 to 1500: as long and as short as real Geltungsbereiche."""
    west, south, east, north = AREA
    centres = numpy.column_stack([random.uniform(west, east, number), random.uniform(south, north, number)])
    # two thirds lie in one of sixty towns
    towns = numpy.column_stack([random.uniform(west, east, 60), random.uniform(south, north, 60)])
    in_town = random.random(number) < 2 / 3
    near = towns[random.integers(60, size=number)] + random.normal(0, 700, (number, 2))
    centres[in_town] = numpy.clip(near, (west, south), (east, north))[in_town]
    shapes = []
    for index in range(number):
        corners = int(random.integers(500, 1500)) if index % 270 == 0 else int(random.integers(8, 34))
        angles = numpy.linspace(0, 2 * numpy.pi, corners, endpoint=False)
        radius = float(random.gamma(2, 60)) + 15
        radii = radius * random.uniform(0.75, 1.25, corners)
        ring = centres[index] + numpy.column_stack([radii * numpy.cos(angles), radii * numpy.sin(angles)])
        shapes.append(MultiPolygon([Polygon(numpy.round(ring, 3))]))
    return shapes


def _lights(random: Generator, number: int) -> Iterator[bytes]:
    """Rows in the text format of COPY: the fields of the manifest, then the geometry."""
    west, south, east, north = AREA
    xs, ys = numpy.round(random.uniform(west, east, number), 2), numpy.round(random.uniform(south, north, number), 2)
    shapes = shapely.to_wkb(shapely.set_srid(shapely.points(xs, ys), 25832), hex=True, include_srid=True)
    watts = random.choice([18, 27, 36, 70], number)
    for index, shape in enumerate(shapes):
        since = date(1990, 1, 1) + timedelta(days=index % 13_000)
        kind = "LED" if index % 3 else "NAV"
        yield f"{index + 1}\t{_WORDS[index % 7]} {index % 90}\t{watts[index]}\t{kind}\t{since}\t{shape}\n".encode()
