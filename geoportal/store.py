"""Every statement that writes plans. The caller opens the transaction: it is one thing that the user would name."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from geoportal.cartography import planzeichen
from geoportal.database import tables
from geoportal.database.tables import SRID
from plans_ingest import codelists, labels
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Attachment, Dokument, Issue, Plan, Planobjekt, Rasterplan, Report

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


def save_codes(connection: Connection, gemeinden: Iterable[Gemeinde]) -> None:
    """The official code tables, class names, Gemeinden and symbols, as the installed programs know them."""
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
    assignments = planzeichen.assignments()
    symbols = [row._asdict() for row in assignments]
    for table, rows in (
        (tables.code, codes),
        (tables.klasse, named),
        (tables.gemeinde, places),
        (tables.planzeichen, symbols),
    ):
        if not rows:
            continue
        statement = upsert(table)
        values = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
        connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=values), rows)
    # a row that is not there any more would still be drawn
    named_rows = tuple_(tables.planzeichen.c.klasse, tables.planzeichen.c.art)
    connection.execute(delete(tables.planzeichen).where(named_rows.not_in([row[:2] for row in assignments])))


def official_grenzen(connection: Connection) -> dict[str, BaseGeometry]:
    """The areas of the Gemeinden by AGS, EPSG:25832, as far as they are official: a schematic outline says so in its
    `hinweis`, and to hold a plan against it would be a false alarm.
    """
    if connection.scalar(text("SELECT to_regclass('layers.gemeinden')")) is None:
        return {}
    rows = connection.execute(text("SELECT ags, ST_AsBinary(geom) AS wkb FROM layers.gemeinden WHERE hinweis IS NULL"))
    return {row.ags: shapely.from_wkb(bytes(row.wkb)) for row in rows}


def is_delivered(connection: Connection, sha256: str) -> bool:
    return (
        connection.scalar(select(tables.delivery.c.id).where(tables.delivery.c.sha256 == sha256).limit(1)) is not None
    )


def save_delivery(connection: Connection, sha256: str, report: Report) -> int:
    """The delivered file with its whole report; returns the delivery's id."""
    counts = {item.name: getattr(report, item.name) for item in fields(report) if item.name != "issues"}
    row = insert(tables.delivery).values(sha256=sha256, filename=report.file, format=report.format, report=counts)
    delivery: int = connection.execute(row.returning(tables.delivery.c.id)).scalar_one()
    if report.issues:
        connection.execute(insert(tables.issue), [_issue(delivery, issue) for issue in report.issues])
    return delivery


def claim_plan(connection: Connection, plan: Plan, others: Collection[str] = ()) -> UUID:
    """The address under which a delivered plan is kept, locked until the end of the transaction.

    Its natural key decides; a new key leads to a known plan where the Gemeinde's own id (internalId) says so, and no
    plan of the same delivery (`others`, by their keys) is that plan.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": plan.schluessel})
    keys, plans = tables.plan_key, tables.plan
    found = connection.scalar(select(keys.c.plan_id).where(keys.c.schluessel == plan.schluessel))
    if found is None:
        found = _same_internal_id(connection, plan, others)
        if found is None:
            found = plan.id
            row = {"id": found, "planwerk": plan.planwerk.value, "ags": plan.ags, "schluessel": plan.schluessel}
            connection.execute(insert(plans).values(row))
        connection.execute(insert(keys).values(schluessel=plan.schluessel, plan_id=found))
    connection.execute(select(plans.c.id).where(plans.c.id == found).with_for_update())
    return found


def _same_internal_id(connection: Connection, plan: Plan, others: Collection[str]) -> UUID | None:
    if plan.internal_id is None or plan.ags is None:
        return None
    known = (
        select(tables.plan.c.id)
        .join(tables.version)
        .where(
            tables.version.c.internal_id == plan.internal_id,
            tables.plan.c.ags == plan.ags,
            tables.plan.c.planwerk == plan.planwerk.value,
            tables.plan.c.schluessel.endswith(f"|{plan.schluessel.rpartition('|')[2]}", autoescape=True),
        )
        .distinct()
    )
    found = list(connection.scalars(known))
    if len(found) != 1:
        return None
    keys = connection.scalars(select(tables.plan_key.c.schluessel).where(tables.plan_key.c.plan_id == found[0]))
    return None if set(keys) & set(others) else found[0]


def similar_plans(connection: Connection, plan: Plan, address: UUID) -> list[UUID]:
    """Public plans that may be this one under another name: of the same Gemeinde, Planwerk and Änderung, and with the
    same name or an outline that is nearly the same (95 % shared).
    """
    if plan.ags is None or plan.geltungsbereich is None:
        return []
    version, outline = tables.version, from_shape(plan.geltungsbereich, SRID)
    shared = func.ST_Area(func.ST_Intersection(version.c.geom, outline))
    together = func.ST_Area(version.c.geom) + func.ST_Area(outline) - shared
    alike = (
        select(tables.plan.c.id)
        .join(version)
        .where(
            tables.plan.c.id != address,
            tables.plan.c.ags == plan.ags,
            tables.plan.c.planwerk == plan.planwerk.value,
            tables.plan.c.schluessel.endswith(f"|{plan.schluessel.rpartition('|')[2]}", autoescape=True),
            version.c.state == "published",
            or_(
                func.lower(version.c.name) == func.lower(plan.name),
                and_(func.ST_Intersects(version.c.geom, outline), shared > 0.95 * together),
            ),
        )
        .order_by(tables.plan.c.id)
    )
    return list(connection.scalars(alike))


def latest_version(connection: Connection, address: UUID) -> tuple[int, str] | None:
    """Number and fingerprint of the plan's newest version that is public or waits for it, or None."""
    found = connection.execute(
        select(tables.version.c.version, tables.version.c.fingerprint)
        .where(tables.version.c.plan_id == address, tables.version.c.state.in_(("published", "in_review")))
        .order_by(tables.version.c.version.desc())
        .limit(1)
    ).first()
    return None if found is None else (found.version, found.fingerprint)


def save_version(
    connection: Connection, delivery: int, address: UUID, plan: Plan, files: Mapping[str, tuple[str, Attachment]]
) -> tuple[int, int]:
    """A new version of the plan at an address, in review, with all that belongs to it; returns (its id, its number).

    `files` maps the names of the delivery's attachments to their SHA-256.
    """
    number = _next_number(connection, address)
    row = {name: getattr(plan, name) for name in _SAME}
    row |= {
        "plan_id": address,
        "version": number,
        "delivery_id": delivery,
        "fingerprint": plan.fingerprint(),
        "state": "in_review",
        "status": codelists.status_group(plan.rechtsstand),
        "gemeinden": [asdict(ref) for ref in plan.gemeinden],
        "planart": list(plan.planart),
        "auslegungen": [_json(asdict(item)) for item in plan.auslegungen],
        "traegerbeteiligungen": [_json(asdict(item)) for item in plan.traegerbeteiligungen],
        "bezuege": [_json(asdict(item)) for item in plan.bezuege],
        "attribute": dict(plan.attribute),
        "geom": _element(plan.geltungsbereich),
    }
    version = connection.execute(insert(tables.version).values(**row).returning(tables.version.c.id)).scalar_one()
    bereiche = [
        {
            "version_id": version,
            "gml_id": bereich.gml_id,
            "nummer": bereich.nummer,
            "name": bereich.name,
            "attribute": dict(bereich.attribute),
            "geom": _element(bereich.geltungsbereich),
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
    return version, number


def publish_version(connection: Connection, plan_id: UUID, version: int) -> None:
    """Makes a version (by its id) the public one; the one before it ends at the same instant."""
    table = tables.version
    connection.execute(
        update(table)
        .where(table.c.plan_id == plan_id, table.c.state == "published")
        .values(state="superseded", published_until=func.now())
    )
    connection.execute(
        update(table)
        .where(table.c.id == version)
        .values(state="published", published_at=func.now(), published_until=None)
    )


def end_publication(connection: Connection, address: UUID, state: str, reason: str) -> bool:
    """The public version ends now, as "superseded" (it was right until today) or "withdrawn" (nobody should read it).

    False if none was public.
    """
    table = tables.version
    ended = connection.execute(
        update(table)
        .where(table.c.plan_id == address, table.c.state == "published")
        .values(state=state, published_until=func.now(), reason=reason)
    )
    return ended.rowcount == 1


def restore_version(connection: Connection, address: UUID, number: int, reason: str) -> int | None:
    """An earlier version once more, as a new one in review; returns its id, or None if no such version was ever public.

    A copy, so that every version has one interval and history is never rewritten.
    """
    connection.execute(select(tables.plan.c.id).where(tables.plan.c.id == address).with_for_update())
    table = tables.version
    was_public = table.c.published_at.is_not(None)
    wanted = select(table.c.id).where(table.c.plan_id == address, table.c.version == number, was_public)
    old = connection.scalar(wanted)
    if old is None:
        return None
    new: dict[str, ColumnElement[Any]] = {
        "version": literal(_next_number(connection, address)),
        "state": literal("in_review"),
        "created_at": func.now(),
        "published_at": null(),
        "published_until": null(),
        "reason": literal(reason),
        "restored_from": literal(number),
    }
    restored = connection.execute(_copy_of(table, table.c.id == old, new).returning(table.c.id)).scalar_one()
    for part in tables.metadata.tables.values():
        if "version_id" not in part.columns:
            continue
        connection.execute(_copy_of(part, part.c.version_id == old, {"version_id": literal(restored)}))
    return int(restored)


def merge_plans(connection: Connection, address: UUID, into: UUID) -> None:
    """All versions and keys of one plan become another's; its newest public version is then the public one of both."""
    table = tables.version
    public = connection.execute(
        select(table.c.id).where(table.c.plan_id == address, table.c.state == "published")
    ).scalar_one_or_none()
    if public is not None:
        end_publication(connection, into, "superseded", f"merged with {address}")
    offset = _next_number(connection, into) - 1
    connection.execute(
        update(table)
        .where(table.c.plan_id == address)
        .values(plan_id=into, version=table.c.version + offset, restored_from=table.c.restored_from + offset)
    )
    connection.execute(update(tables.plan_key).where(tables.plan_key.c.plan_id == address).values(plan_id=into))
    connection.execute(update(tables.plan).where(tables.plan.c.id == address).values(merged_into=into))


def are_mergeable(connection: Connection, address: UUID, into: UUID) -> bool:
    """Whether both are plans of their own, of one Gemeinde and Planwerk; locks them."""
    table = tables.plan
    asked = select(table.c.planwerk, table.c.ags).where(table.c.id.in_([address, into]), table.c.merged_into.is_(None))
    rows = connection.execute(asked.order_by(table.c.id).with_for_update()).all()
    return len(rows) == 2 and tuple(rows[0]) == tuple(rows[1])


def public_plans(connection: Connection, ags: Iterable[str], planwerke: Iterable[str]) -> dict[UUID, str]:
    """Address and name of what is public of these Gemeinden and Planwerke."""
    rows = connection.execute(
        select(tables.plan.c.id, tables.version.c.name)
        .join(tables.version)
        .where(
            tables.version.c.state == "published",
            tables.plan.c.ags.in_(list(ags)),
            tables.plan.c.planwerk.in_(list(planwerke)),
        )
    )
    return {row.id: row.name or "" for row in rows}


def _next_number(connection: Connection, address: UUID) -> int:
    return (
        connection.scalar(select(func.max(tables.version.c.version)).where(tables.version.c.plan_id == address)) or 0
    ) + 1


def _copy_of(table: Table, condition: ColumnElement[bool], changed: Mapping[str, ColumnElement[Any]]) -> Insert:
    names = [column.name for column in table.columns if column.name != "id"]
    source = select(*(changed.get(name, table.c[name]) for name in names)).where(condition)
    return insert(table).from_select(names, source)


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
    place = {"version_id": version, "position": position, "geom": _element(sheet.umriss)}
    return same | place | {"sha256": sha256, "size": attachment.size}


def _issue(delivery: int, issue: Issue) -> dict[str, Any]:
    return {
        "delivery_id": delivery,
        "plan_gml_id": issue.plan,
        "code": issue.code,
        "severity": issue.severity.value,
        "file": issue.where.file,
        "element": issue.where.element,
        "gml_id": issue.where.gml_id,
        "line": issue.where.line,
        "detail": issue.detail,
        "geom": _element(issue.geometry),
    }


def _element(geometry: BaseGeometry | None) -> Any:
    return None if geometry is None else from_shape(geometry, SRID)


def _hex(geometry: BaseGeometry | None) -> str | None:
    return None if geometry is None else shapely.to_wkb(shapely.set_srid(geometry, SRID), hex=True, include_srid=True)


def _json(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item.isoformat() if isinstance(item, date) else item for key, item in value.items()}
