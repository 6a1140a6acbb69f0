"""A version's rows: the plan's own, and all that belongs to it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, Final

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, insert

from geoportal.database import tables
from geoportal.database.tables import SRID
from plans_ingest import codelists, labels
from plans_ingest.model import Attachment, Dokument, Plan, Planobjekt, Rasterplan

# Columns of plans.version that carry the name of the plan's own field, and its value as it is.
_SAME: Final = frozenset(column.name for column in tables.version.columns) & frozenset(
    item.name for item in fields(Plan)
) - {"gemeinden", "planart", "auslegungen", "traegerbeteiligungen", "bezuege", "attribute"}
_SAME_RASTER: Final = frozenset(column.name for column in tables.rasterplan.columns) & frozenset(
    item.name for item in fields(Rasterplan)
)
_OBJEKT_COLUMNS: Final = (
    "version_id", "klasse", "gml_id", "bereich", "ebene", "flaechenschluss", "rechtscharakter", "art", "art_text",
    "beschriftung", "attribute", "geom", "original",
)  # fmt: skip


def version_row(plan: Plan, fingerprint: str) -> dict[str, Any]:
    """What the plan itself says, by column of plans.version; its fingerprint may have taken long and is not asked for
    again.
    """
    row = {name: getattr(plan, name) for name in _SAME}
    return row | {
        "fingerprint": fingerprint,
        "status": codelists.status_group(plan.rechtsstand),
        "gemeinden": [asdict(ref) for ref in plan.gemeinden],
        "planart": list(plan.planart),
        "auslegungen": [_json(asdict(item)) for item in plan.auslegungen],
        "traegerbeteiligungen": [_json(asdict(item)) for item in plan.traegerbeteiligungen],
        "bezuege": [_json(asdict(item)) for item in plan.bezuege],
        "attribute": dict(plan.attribute),
        "geom": element(plan.geltungsbereich),
    }


def save(connection: Connection, version: int, plan: Plan, files: Mapping[str, tuple[str, Attachment]]) -> None:
    """All that belongs to a version (by its id); `files` maps names of the delivery's attachments to their SHA-256."""
    bereiche = [
        {
            "version_id": version,
            "gml_id": bereich.gml_id,
            "nummer": bereich.nummer,
            "name": bereich.name,
            "attribute": dict(bereich.attribute),
            "geom": element(bereich.geltungsbereich),
        }
        for bereich in plan.bereiche
    ]
    texte = [
        {"version_id": version}
        | {item.name: getattr(absatz, item.name) for item in fields(absatz) if item.name != "attribute"}
        | {"attribute": dict(absatz.attribute)}
        for absatz in plan.texte
    ]
    dokumente = [
        _dokument(version, position, dokument, files) for position, dokument in enumerate(plan.dokumente, start=1)
    ]
    raster = [_rasterplan(version, position, sheet, files) for position, sheet in enumerate(plan.raster, start=1)]
    belongings = (
        (tables.bereich, bereiche),
        (tables.textabschnitt, texte),
        (tables.dokument, dokumente),
        (tables.rasterplan, raster),
    )
    for table, rows in belongings:
        if rows:
            connection.execute(insert(table), rows)
    _copy_objekte(connection, version, plan.objekte, plan.xplan_version)


def _copy_objekte(connection: Connection, version: int, objekte: Iterable[Planobjekt], xplan_version: str) -> None:
    """By COPY: a plan has thousands of objects, and an INSERT for each would take the time of the whole ingest."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open SQLAlchemy connection has its driver's
    columns = ", ".join(_OBJEKT_COLUMNS)
    with driver.cursor() as cursor, cursor.copy(f"COPY plans.planobjekt ({columns}) FROM STDIN") as copy:
        for row in _objekt_rows(version, objekte, xplan_version):
            copy.write_row(row)


def _objekt_rows(version: int, objekte: Iterable[Planobjekt], xplan_version: str) -> Iterator[tuple[Any, ...]]:
    for objekt in objekte:
        art = labels.describe(objekt, xplan_version)
        yield (
            version, objekt.klasse, objekt.gml_id, objekt.bereich, objekt.ebene, objekt.flaechenschluss,
            objekt.rechtscharakter, art.code, art.text, art.beschriftung,
            json.dumps(objekt.attribute, ensure_ascii=False), _hex(objekt.geometry), _hex(objekt.original),
        )  # fmt: skip


def _dokument(
    version: int, position: int, dokument: Dokument, files: Mapping[str, tuple[str, Attachment]]
) -> dict[str, Any]:
    row = {
        item.name: getattr(dokument, item.name) for item in fields(dokument) if not item.name.startswith("attachment")
    }
    sha256, attachment = files.get(dokument.attachment or "", (None, None))
    return row | {
        "version_id": version,
        "position": position,
        "sha256": sha256,
        "size": None if attachment is None else attachment.size,
    }


def _rasterplan(
    version: int, position: int, sheet: Rasterplan, files: Mapping[str, tuple[str, Attachment]]
) -> dict[str, Any]:
    sha256, attachment = files[sheet.attachment]
    same = {name: getattr(sheet, name) for name in _SAME_RASTER}
    place = {"version_id": version, "position": position, "geom": element(sheet.umriss)}
    return same | place | {"sha256": sha256, "size": attachment.size}


def element(geometry: BaseGeometry | None) -> Any:
    return None if geometry is None else from_shape(geometry, SRID)


def _hex(geometry: BaseGeometry | None) -> str | None:
    return None if geometry is None else shapely.to_wkb(shapely.set_srid(geometry, SRID), hex=True, include_srid=True)


def _json(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item.isoformat() if isinstance(item, date) else item for key, item in value.items()}
