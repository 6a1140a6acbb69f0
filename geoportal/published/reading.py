"""Reads the views of schema `ogc` through the reader's engine. Every function takes an open connection."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TableClause,
    column,
    func,
    select,
    table,
    text,
)

from geoportal.published.rows import (
    Bezug,
    Blatt,
    Dokument,
    Gemeinde,
    Inhalt,
    PlanEntry,
    PlanFilter,
    PlanPage,
    Planversion,
    PublishedPlan,
    Sortierung,
    Status,
    Textabschnitt,
    Umriss,
    Umrissvergleich,
)
from plans_ingest.model import Planwerk, Zeitraum

# In this order a citizen's list is German: ä beside a, ß as ss, capitals beside small letters.
_GERMAN = "de-x-icu"


def gemeinden(connection: Connection, today: date) -> tuple[Gemeinde, ...]:
    """The Gemeinden that take part, by name."""
    return tuple(Gemeinde(**row) for row in connection.execute(_gemeinden(today)).mappings())


def gemeinde(connection: Connection, ags: str, today: date) -> Gemeinde | None:
    row = connection.execute(_gemeinden(today).where(_GEMEINDEN.c.ags == ags)).mappings().one_or_none()
    return None if row is None else Gemeinde(**row)


def plaene(
    connection: Connection,
    wanted: PlanFilter,
    *,
    limit: int,
    offset: int = 0,
    sortierung: Sortierung = Sortierung.GEMEINDE,
) -> PlanPage:
    """The plans of a filter, `limit` of them from `offset` on."""
    conditions = _conditions(wanted)
    total = connection.scalar(select(func.count()).select_from(PLAENE).where(*conditions)) or 0
    found = select(*ENTRY).where(*conditions).order_by(*_order(sortierung)).limit(limit).offset(offset)
    return PlanPage(tuple(PlanEntry(**as_entry(row)) for row in connection.execute(found).mappings()), total)


def beteiligungen(connection: Connection, ags: str, today: date) -> tuple[PlanEntry, ...]:
    """Plans of a Gemeinde whose Auslegung runs on that day or is still to come, the next to end first."""
    end = PLAENE.c.auslegung_end_datum
    found = select(*ENTRY).where(PLAENE.c.ags == ags, end >= today).order_by(end, PLAENE.c.id)
    return tuple(PlanEntry(**as_entry(row)) for row in connection.execute(found).mappings())


def plan(connection: Connection, plan_id: UUID) -> PublishedPlan | None:
    """A published plan with all that its page shows, or None."""
    row = connection.execute(select(*ENTRY, *_DETAIL, *_OUTLINE).where(PLAENE.c.id == plan_id)).mappings().one_or_none()
    if row is None:
        return None
    known = dict(as_entry(row))
    outline = {column.name: known.pop(column.name) for column in _OUTLINE}
    return PublishedPlan(
        **known
        | {
            "auslegungen": _periods(row["auslegungen"]),
            "traegerbeteiligungen": _periods(row["traegerbeteiligungen"]),
            "bezuege": _with_reverse(_links(connection, row), connection, row),
        },
        umriss=Umriss(**outline),
        dokumente=dokumente(connection, [plan_id]),
        texte=tuple(Textabschnitt(**text) for text in _rows(connection, _TEXTE, plan_id)),
        inhalte=tuple(Inhalt(**content) for content in _rows(connection, _INHALTE, plan_id)),
        versionen=tuple(Planversion(**version) for version in _rows(connection, _VERSIONEN, plan_id)),
    )


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


def _view(name: str, *columns: str) -> TableClause:
    return table(name, *(column(each) for each in columns), schema="ogc")


# A plan's fields bear the names of the view's columns, but for the name, which needs a word where it is missing.
_ENTRY_NAMES = [each.name for each in fields(PlanEntry) if each.name != "name"]
_PARTS = {"name", "umriss", "dokumente", "texte", "inhalte", "versionen", *_ENTRY_NAMES}
_DETAIL_NAMES = [each.name for each in fields(PublishedPlan) if each.name not in _PARTS]
_DOKUMENT_NAMES = [each.name for each in fields(Dokument)]

PLAENE = _view("plaene", "name", *_ENTRY_NAMES, *_DETAIL_NAMES, "geom")
_GEMEINDEN = _view("gemeinden", "ags", "name", "typ", "plz", "teilnehmer")
_ADRESSEN = _view("planadressen", "id", "neue_id")
_BLAETTER = _view("rasterplaene", "plan_id", "position", "name", "sha256")
_DOKUMENTE = _view("plandokumente", "id", "position", *_DOKUMENT_NAMES)

ENTRY = (
    # XPlanGML 4 lets a plan go without a name (XP_Plan.name is optional there); its number is then what people call it.
    func.coalesce(PLAENE.c.name, PLAENE.c.nummer, "Plan ohne Namen").label("name"),
    *(PLAENE.c[name] for name in _ENTRY_NAMES),
)
_DETAIL = tuple(PLAENE.c[name] for name in _DETAIL_NAMES)
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


_OUTLINE = _outline(PLAENE.c.geom)

_TEXTE = text("""
    SELECT art, schluessel, gesetzliche_grundlage, text
    FROM ogc.plantexte WHERE plan_id = :plan_id ORDER BY art, schluessel, id""")

_INHALTE = text("""
    -- labels and other Präsentationsobjekte say nothing of their own
    SELECT gruppe, coalesce(klasse_text, klasse) AS klasse_text, art_text,
           min(split_part(beschriftung, ' ', 1)) AS kuerzel,
           count(*) AS anzahl, coalesce(sum(ST_Area(geom)), 0) AS flaeche
    FROM ogc.planinhalte
    WHERE plan_id = :plan_id AND gruppe IS DISTINCT FROM 'praesentation'
    GROUP BY gruppe, klasse, klasse_text, art_text
    ORDER BY flaeche DESC, anzahl DESC, klasse_text, art_text""")

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
           ST_Area(geom) AS flaeche
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
      AND coalesce(bezug ->> 'name' = :name, bezug ->> 'nummer' = :nummer)
    ORDER BY nummer, name""")
_LINKED = text("""
    -- the plans of the same Gemeinde that bear one of these names or numbers
    SELECT id, name, nummer FROM ogc.plaene
    WHERE ags = :ags AND planwerk = :planwerk AND id <> :plan_id
      AND (name = ANY(:names) OR nummer = ANY(:numbers))""")


def _gemeinden(today: date) -> Select[Any]:
    plan, count = PLAENE.c, func.count(PLAENE.c.id)
    return (
        select(
            _GEMEINDEN.c.ags,
            _GEMEINDEN.c.name,
            _GEMEINDEN.c.typ,
            _GEMEINDEN.c.plz,
            count.filter(plan.status == Status.IN_KRAFT).label("in_kraft"),
            count.filter(plan.status == Status.IN_AUFSTELLUNG).label("in_aufstellung"),
            count.filter(_running(today)).label("beteiligung"),
        )
        .select_from(_GEMEINDEN.outerjoin(PLAENE, _GEMEINDEN.c.ags == plan.ags))
        .where(_GEMEINDEN.c.teilnehmer)
        .group_by(_GEMEINDEN.c.ags, _GEMEINDEN.c.name, _GEMEINDEN.c.typ, _GEMEINDEN.c.plz)
        .order_by(_GEMEINDEN.c.name.collate(_GERMAN))
    )


def _running(day: date) -> ColumnElement[bool]:
    """BauGB § 3 (2): both days of the Auslegung belong to it."""
    return (PLAENE.c.auslegung_start_datum <= day) & (PLAENE.c.auslegung_end_datum >= day)


def _conditions(wanted: PlanFilter) -> list[ColumnElement[bool]]:
    plan = PLAENE.c
    conditions = [func.strpos(_folded(_SEARCHED), _folded(word)) > 0 for word in wanted.words]
    if wanted.ags is not None:
        conditions.append(plan.ags == wanted.ags)
    if wanted.planwerk is not None:
        conditions.append(plan.planwerk == wanted.planwerk)
    if wanted.status is not None:
        conditions.append(plan.status == wanted.status)
    if wanted.laufend_am is not None:
        conditions.append(_running(wanted.laufend_am))
    if wanted.auslegung_ab is not None:
        conditions.append(plan.auslegung_end_datum >= wanted.auslegung_ab)
    if (around := wanted.umkreis) is not None:
        place = func.ST_SetSRID(func.ST_MakePoint(around.east, around.north), 25832)
        conditions.append(func.ST_DWithin(plan.geom, place, around.metres))
    return conditions


_SEARCHED = func.concat_ws(" ", PLAENE.c.name, PLAENE.c.nummer, PLAENE.c.gemeinde, PLAENE.c.ortsteil)


def _folded(value: str | ColumnElement[str]) -> ColumnElement[str]:
    return func.lower(func.unaccent(value))


def _order(sortierung: Sortierung) -> tuple[ColumnElement[Any], ...]:
    """Ends in the id, or equal rows would wander between pages."""
    plan = PLAENE.c
    names = (plan.gemeinde.collate(_GERMAN), plan.name.collate(_GERMAN), plan.id)
    match sortierung:
        case Sortierung.GEMEINDE:
            return names
        case Sortierung.NEUESTE:
            return (plan.veroeffentlicht_am.desc(), *names)


def _rows(connection: Connection, statement: Any, plan_id: UUID) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(statement, {"plan_id": plan_id}).mappings()]


def as_entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    return dict(row) | {"planwerk": Planwerk(row["planwerk"]), "status": Status(row["status"])}


def _periods(raw: Sequence[Mapping[str, str | None]]) -> tuple[Zeitraum, ...]:
    return tuple(Zeitraum(_day(period.get("start")), _day(period.get("ende"))) for period in raw)


def _day(raw: str | None) -> date | None:
    return None if raw is None else date.fromisoformat(raw)


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
