"""One plan with all that belongs to it, as it is public now or was on a day; and its documents."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, func, select, text

from geoportal.published.reading import DETAIL_NAMES, FASSUNGEN, PLAENE, as_entry, entry, public_on, view
from geoportal.published.rows import (
    Bezug,
    Blatt,
    Dokument,
    Inhalt,
    PlacedPlan,
    Planversion,
    PublishedPlan,
    Textabschnitt,
    Umriss,
    Umrissvergleich,
)


def plan(connection: Connection, plan_id: UUID) -> PublishedPlan | None:
    """A published plan with all that its page shows, or None."""
    row = _one(connection, PLAENE, PLAENE.c.id == plan_id)
    if row is None:
        return None
    links = _with_reverse(_links(connection, row), connection, row)
    return _whole(connection, row, links, dokumente(connection, [plan_id]))


def placed(connection: Connection, plan_id: UUID, stand: date | None) -> PlacedPlan | None:
    """A plan that is published, or was at the end of a day, in one statement; or None."""
    source = PLAENE if stand is None else public_on(stand)
    found = select(*entry(source), *_outline(source.c.geom)).where(source.c.id == plan_id)
    row = connection.execute(found).mappings().one_or_none()
    if row is None:
        return None
    known, outline = _parted(row)
    return PlacedPlan(**known, umriss=outline)


def fassung(connection: Connection, plan_id: UUID, version: int) -> PublishedPlan | None:
    """A version that is or was public, as it was then; documents that no public plan has any more lack their hash."""
    return _former(connection, FASSUNGEN, (FASSUNGEN.c.id == plan_id) & (FASSUNGEN.c.version == version))


def fassung_am(connection: Connection, plan_id: UUID, stand: date) -> PublishedPlan | None:
    """The version that was public at the end of that day, or None."""
    source = public_on(stand)
    return _former(connection, source, source.c.id == plan_id)


def fassungen(connection: Connection, plan_id: UUID) -> tuple[Planversion, ...]:
    """All versions of a plan that are or were public, the newest first."""
    return tuple(Planversion(**version) for version in connection.execute(_VERSIONEN, {"plan_id": plan_id}).mappings())


def _one(connection: Connection, source: FromClause, condition: ColumnElement[bool]) -> Mapping[Any, Any] | None:
    columns = (*entry(source), *(source.c[name] for name in (*DETAIL_NAMES, "version_id")), *_outline(source.c.geom))
    return connection.execute(select(*columns).where(condition)).mappings().one_or_none()


def _former(connection: Connection, source: FromClause, condition: ColumnElement[bool]) -> PublishedPlan | None:
    row = _one(connection, source, condition)
    if row is None:
        return None
    return _whole(connection, row, _links(connection, row), dokumente_of(connection, row["version_id"]))


def _whole(
    connection: Connection, row: Mapping[Any, Any], links: tuple[Bezug, ...], documents: tuple[Dokument, ...]
) -> PublishedPlan:
    known, outline = _parted(row)
    del known["version_id"]
    return PublishedPlan(
        **known | {"bezuege": links},
        umriss=outline,
        dokumente=documents,
        texte=tuple(Textabschnitt(**text) for text in _rows(connection, _TEXTE, row)),
        inhalte=tuple(Inhalt(**content) for content in _rows(connection, _INHALTE, row)),
        versionen=fassungen(connection, row["id"]),
    )


def _parted(row: Mapping[Any, Any]) -> tuple[dict[str, Any], Umriss]:
    known = as_entry(row)
    return known, Umriss(**{each.name: known.pop(each.name) for each in fields(Umriss)})


def umrissvergleiche(connection: Connection, plan_id: UUID) -> tuple[Umrissvergleich, ...]:
    """The former versions whose outline differs from the present one, the newest first; at most eight."""
    rows = connection.execute(_COMPARED, {"plan_id": plan_id}).mappings()
    return tuple(Umrissvergleich(**row) for row in rows)


def neue_adresse(connection: Connection, plan_id: UUID) -> UUID | None:
    """Where a plan is found that turned out to be another one under a new name, or None."""
    return connection.scalar(select(_ADRESSEN.c.neue_id).where(_ADRESSEN.c.id == plan_id))


def dokumente(connection: Connection, plan_ids: Sequence[UUID]) -> tuple[Dokument, ...]:
    """The documents of these plans, plan by plan in the order of the plan file."""
    views = _DOKUMENTE.c
    found = select(*_DOKUMENT).where(views.plan_id.in_(plan_ids)).order_by(views.plan_id, views.position, views.id)
    return tuple(Dokument(**row) for row in connection.execute(found).mappings())


def dokumente_of(connection: Connection, fassung: int) -> tuple[Dokument, ...]:
    """The documents of a version that is or was public; those that no public plan has any more lack their hash."""
    rows = connection.execute(_FORMER_DOCUMENTS, {"version_id": fassung}).mappings()
    return tuple(Dokument(**row) for row in rows)


def dokument(connection: Connection, sha256: str) -> Dokument | None:
    """The document with this content as the first published plan names it, or None when no published plan does."""
    found = select(*_DOKUMENT).where(_DOKUMENTE.c.sha256 == sha256).order_by(_DOKUMENTE.c.id).limit(1)
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else Dokument(**row)


def blatt(connection: Connection, plan_id: UUID, position: int) -> Blatt | None:
    """A scanned sheet of a published plan, by its number."""
    found = select(_BLAETTER.c.name, _BLAETTER.c.sha256).where(
        _BLAETTER.c.plan_id == plan_id, _BLAETTER.c.position == position
    )
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else Blatt(**row)


_DOKUMENT_NAMES = [each.name for each in fields(Dokument)]
_ADRESSEN = view("planadressen", "id", "neue_id")
_BLAETTER = view("rasterplaene", "plan_id", "position", "name", "sha256")
_DOKUMENTE = view("plandokumente", "id", "position", *_DOKUMENT_NAMES)
_DOKUMENT = tuple(_DOKUMENTE.c[name] for name in _DOKUMENT_NAMES)


def _outline(geom: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    west, north = func.ST_XMin(geom), func.ST_YMax(geom)
    in_degrees = func.ST_Transform(geom, 4326)
    return (
        # Moved to the origin: browsers draw with 32 bit, which at 5,600 km from the equator is half a metre.
        func.ST_AsSVG(func.ST_Translate(geom, -west, -north), 1, 1).label("svg"),
        (func.ST_XMax(geom) - west).label("breite"),
        (north - func.ST_YMin(geom)).label("hoehe"),
        func.ST_Area(geom).label("flaeche"),
        func.ST_XMin(in_degrees).label("west"),
        func.ST_YMin(in_degrees).label("south"),
        func.ST_XMax(in_degrees).label("east"),
        func.ST_YMax(in_degrees).label("north"),
    )


_TEXTE = text("""
    SELECT art, schluessel, gesetzliche_grundlage, text
    FROM ogc.fassungstexte WHERE version_id = :version_id ORDER BY art, schluessel, id""")

_INHALTE = text("""
    -- labels and other Präsentationsobjekte say nothing of their own
    SELECT gruppe, coalesce(klasse_text, klasse) AS klasse_text, art_text,
           min(split_part(beschriftung, ' ', 1)) AS kuerzel,
           count(*) AS anzahl, coalesce(sum(ST_Area(geom)), 0) AS flaeche
    FROM ogc.fassungsinhalte
    WHERE version_id = :version_id AND gruppe IS DISTINCT FROM 'praesentation'
    GROUP BY gruppe, klasse, klasse_text, art_text
    ORDER BY flaeche DESC, anzahl DESC, klasse_text, art_text""")

_FORMER_DOCUMENTS = text("""
    SELECT plan_id, typ_text, name, beschreibung, url, datum, media_type, size, sha256
    FROM ogc.fassungsdokumente WHERE version_id = :version_id ORDER BY position, id""")

_VERSIONEN = text("""
    SELECT version, rechtsstand_text, veroeffentlicht_am, veroeffentlicht_bis
    FROM ogc.planversionen WHERE plan_id = :plan_id ORDER BY version DESC""")

_COMPARED = text("""
    WITH heute AS (SELECT geom FROM ogc.planversionen WHERE plan_id = :plan_id AND ist_aktuell),
    frueher AS (
        SELECT version, frueher.geom, heute.geom AS jetzt,
               ST_Expand(ST_Envelope(ST_Collect(frueher.geom, heute.geom)), 10) AS rahmen
        FROM ogc.planversionen AS frueher, heute
        WHERE plan_id = :plan_id AND NOT ist_aktuell AND frueher.geom IS NOT NULL
          -- less than a square metre is rounding, not planning
          AND ST_Area(ST_SymDifference(frueher.geom, heute.geom)) > 1)
    SELECT version,
           ST_AsSVG(ST_Translate(geom, -ST_XMin(rahmen), -ST_YMax(rahmen)), 1, 1) AS damals,
           ST_AsSVG(ST_Translate(jetzt, -ST_XMin(rahmen), -ST_YMax(rahmen)), 1, 1) AS heute,
           ST_XMax(rahmen) - ST_XMin(rahmen) AS breite, ST_YMax(rahmen) - ST_YMin(rahmen) AS hoehe,
           ST_Area(geom) AS flaeche, ST_Area(jetzt) AS flaeche_heute
    FROM frueher ORDER BY version DESC LIMIT 8""")

_INVERSE: Final = {
    "aendert": "wurdeGeaendertVon",
    "aendertPlan": "wurdeGeaendertVonPlan",
    "aendertPlanBereich": "wurdeGeaendertVonPlanBereich",
    "wurdeGeaendertVon": "aendert",
    "wurdeGeaendertVonPlan": "aendertPlan",
    "wurdeGeaendertVonPlanBereich": "aendertPlanBereich",
}
_LINKING = text("""
    -- the plans of the same Gemeinde that say of themselves what they have to do with this one
    SELECT id, name, nummer, bezug ->> 'art' AS art
    FROM ogc.plaene, jsonb_array_elements(bezuege) AS bezug
    WHERE ags = :ags AND planwerk = :planwerk AND id <> :plan_id
      -- those who may mean it, by an index; what they say in detail is looked at of these few
      AND bezuege <> '[]' AND (bezuege @> CAST(:by_name AS jsonb) OR bezuege @> CAST(:by_number AS jsonb))
      AND coalesce(bezug ->> 'name' = :name, bezug ->> 'nummer' = :nummer)
    ORDER BY nummer, name""")
_LINKED = text("""
    -- the plans of the same Gemeinde that bear one of these names or numbers
    SELECT id, name, nummer FROM ogc.plaene
    WHERE ags = :ags AND planwerk = :planwerk AND id <> :plan_id
      AND (name = ANY(:names) OR nummer = ANY(:numbers))""")


def _rows(connection: Connection, statement: Any, plan: Mapping[Any, Any]) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(statement, {"version_id": plan["version_id"]}).mappings()]


def _links(connection: Connection, row: Mapping[Any, Any]) -> tuple[Bezug, ...]:
    stated: Sequence[Mapping[str, Any]] = row["bezuege"]
    names = [link["name"] for link in stated if link.get("name")]
    numbers = [link["nummer"] for link in stated if link.get("nummer")]
    if not names and not numbers:
        known = []
    else:
        asked = {
            "ags": row["ags"],
            "planwerk": row["planwerk"],
            "plan_id": row["id"],
            "names": names,
            "numbers": numbers,
        }
        known = list(connection.execute(_LINKED, asked).mappings())
    return tuple(Bezug(link["art"], link.get("name"), link.get("nummer"), _resolve(link, known)) for link in stated)


def _with_reverse(stated: tuple[Bezug, ...], connection: Connection, row: Mapping[Any, Any]) -> tuple[Bezug, ...]:
    """The plan's own links, and those by which others mean it: old plans rarely know what changed them later."""
    asked = {name: row[name] for name in ("ags", "planwerk", "name", "nummer")} | {"plan_id": row["id"]}
    asked |= {
        key: None if row[name] is None else json.dumps([{name: row[name]}])
        for key, name in (("by_name", "name"), ("by_number", "nummer"))
    }
    known = {link.plan_id for link in stated}
    reverse = [
        Bezug(_INVERSE.get(other["art"], "verbundenerPlan"), other["name"], other["nummer"], other["id"])
        for other in connection.execute(_LINKING, asked).mappings()
        if other["id"] not in known
    ]
    return (*stated, *reverse)


def _resolve(link: Mapping[str, Any], known: Sequence[Mapping[Any, Any]]) -> UUID | None:
    """By name, else by number; a number that several plans bear (a plan and its Änderungen) says nothing."""
    for key in ("name", "nummer"):
        found = [row["id"] for row in known if link.get(key) and row[key] == link[key]]
        if len(found) == 1:
            return UUID(str(found[0]))
    return None
