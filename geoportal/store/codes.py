"""What the installed programs know and statements need: code tables, class names, Gemeinden, symbols."""

from collections.abc import Iterable

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from geoportal.cartography import planzeichen
from geoportal.database import tables
from geoportal.database.tables import SRID
from plans_ingest import codelists
from plans_ingest.gemeinden import Gemeinde


def save_codes(connection: Connection, gemeinden: Iterable[Gemeinde]) -> None:
    """The official code tables, class names, land uses, Gemeinden and symbols, as the installed programs know them."""
    codes = [
        {"enumeration": enumeration, "code": code.code, "label": code.label, "kuerzel": code.kuerzel}
        for enumeration, code in codelists.all_codes()
    ]
    klassen = sorted({klasse for version in codelists.VERSIONS for klasse in codelists.classes(version)})
    named = [
        {"klasse": klasse, "label": codelists.class_label(klasse), "gruppe": codelists.class_group(klasse)}
        for klasse in klassen
    ]
    to_storage = func.ST_Transform
    places = [
        {
            "ags": gemeinde.ags,
            "name": gemeinde.name,
            "typ": gemeinde.typ,
            "plz": gemeinde.plz,
            "sitz": connection.scalar(
                select(to_storage(from_shape(Point(gemeinde.sitz.lon, gemeinde.sitz.lat), 4326), SRID))
            ),
        }
        for gemeinde in gemeinden
    ]
    symbols = [row._asdict() for row in planzeichen.assignments()]
    uses = [
        # as plans.nutzung_art tells the two kinds of use apart, whose numbers are the same
        {"klasse": klasse, "art": f"{code}b" if attribute == "besondereArtDerBaulNutzung" else code,
         "hilucs": hilucs, "label": codelists.land_use_label(hilucs)}
        for klasse, attribute, code, hilucs in codelists.land_uses()
    ]  # fmt: skip
    for table, rows in (
        (tables.code, codes),
        (tables.klasse, named),
        (tables.gemeinde, places),
        (tables.planzeichen, symbols),
        (tables.nutzung, uses),
    ):
        if not rows:
            continue
        statement = upsert(table)
        values = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
        connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=values), rows)
    # a row that is not there any more would still be drawn, or told
    for table, rows in ((tables.planzeichen, symbols), (tables.nutzung, uses)):
        kept = [(row["klasse"], row["art"]) for row in rows]
        connection.execute(delete(table).where(tuple_(table.c.klasse, table.c.art).not_in(kept)))


def official_grenzen(connection: Connection) -> dict[str, BaseGeometry]:
    """The areas of the Gemeinden by AGS, storage CRS, as far as they are official: a schematic outline says so in its
    `hinweis`, and to hold a plan against it would be a false alarm.
    """
    if connection.scalar(text("SELECT to_regclass('layers.gemeinden')")) is None:
        return {}
    rows = connection.execute(text("SELECT ags, ST_AsBinary(geom) AS wkb FROM layers.gemeinden WHERE hinweis IS NULL"))
    return {row.ags: shapely.from_wkb(bytes(row.wkb)) for row in rows}
