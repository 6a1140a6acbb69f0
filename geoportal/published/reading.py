"""Lists of plans and Gemeinden, from the views of schema `ogc`. Every function takes an open connection."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    TableClause,
    column,
    func,
    select,
    table,
    text,
)

from geoportal.database.history import was_public
from geoportal.published.rows import (
    Beteiligungszeit,
    Gemeinde,
    Planart,
    PlanEntry,
    PlanFilter,
    PlanPage,
    PublishedPlan,
    Sortierung,
    Status,
)
from geoportal.settings import STORAGE_SRID
from plans_ingest.model import Planwerk

# In this order a citizen's list is German: ä beside a, ß as ss, capitals beside small letters.
_GERMAN = "de-x-icu"
_BERLIN = ZoneInfo("Europe/Berlin")


def gemeinden(connection: Connection, today: date) -> tuple[Gemeinde, ...]:
    """The Gemeinden that take part, by name."""
    return tuple(Gemeinde(**row) for row in connection.execute(_gemeinden(today)).mappings())


def plaene(
    connection: Connection,
    wanted: PlanFilter,
    *,
    limit: int,
    offset: int = 0,
    sortierung: Sortierung = Sortierung.GEMEINDE,
    total: int | None = None,
) -> PlanPage:
    """The plans of a filter, `limit` of them from `offset` on. `total` is counted unless somebody knows it."""
    source = PLAENE if wanted.stand is None else public_on(wanted.stand)
    conditions = _conditions(source, wanted)
    if source is PLAENE:
        # those before the page are passed over in an index, without a look at their rows
        inner = PLAENE.alias("asked")
        order = _order(inner, wanted, sortierung)
        page = select(inner.c.id).where(*_conditions(inner, wanted)).order_by(*order).limit(limit).offset(offset)
        conditions = [PLAENE.c.id.in_(page.scalar_subquery())]
        found = select(*ENTRY).where(*conditions).order_by(*_order(PLAENE, wanted, sortierung))
    else:
        order = _order(source, wanted, sortierung)
        found = select(*entry(source)).where(*conditions).order_by(*order).limit(limit).offset(offset)
    entries = tuple(PlanEntry(**as_entry(row)) for row in connection.execute(found).mappings())
    return PlanPage(entries, anzahl(connection, wanted) if total is None else total)


def anzahl(connection: Connection, wanted: PlanFilter) -> int:
    """How many plans a filter finds."""
    source = PLAENE if wanted.stand is None else public_on(wanted.stand)
    counted = select(func.count()).select_from(source).where(*_conditions(source, wanted))
    return connection.scalar(counted) or 0


def beteiligungen(connection: Connection, ags: str, today: date) -> tuple[PlanEntry, ...]:
    """Plans of a Gemeinde in which the public takes part on that day, or will; the next to end first."""
    end = _end(PLAENE, today)
    coming = [PLAENE.c.ags == ags, _not_over(PLAENE, today), end.is_not(None)]
    found = select(*ENTRY).where(*coming).order_by(end, PLAENE.c.id)
    return tuple(PlanEntry(**as_entry(row)) for row in connection.execute(found).mappings())


def planarten(connection: Connection) -> tuple[Planart, ...]:
    """The kinds of the plans that are public, by Planwerk and number."""
    kind = PLAENE.c
    named = (kind.planwerk, kind.planart, kind.planart_text.label("label"))
    found = select(*named).where(kind.planart_text.is_not(None)).distinct().order_by(kind.planwerk, kind.planart)
    return tuple(Planart(Planwerk(row.planwerk), int(row.planart), str(row.label)) for row in connection.execute(found))


def state(connection: Connection) -> str:
    """Another text after each change of what the functions here tell."""
    return str(connection.scalar(_STATE))


_STATE = text("""
    SELECT string_agg(concat_ws(' ', collection, version, changed_at), ',' ORDER BY collection) FROM ogc.data_version
    WHERE collection IN ('bebauungsplaene', 'flaechennutzungsplaene', 'gemeinden')""")


def view(name: str, *columns: str) -> TableClause:
    return table(name, *(column(each) for each in columns), schema="ogc")


# A plan's fields bear the names of the view's columns, but for the name, which needs a word where it is missing.
_ENTRY_NAMES = [each.name for each in fields(PlanEntry) if each.name != "name"]
_PARTS = {"name", "umriss", "dokumente", "texte", "inhalte", "versionen", *_ENTRY_NAMES}
DETAIL_NAMES = [each.name for each in fields(PublishedPlan) if each.name not in _PARTS]

_PLAN_NAMES = ("name", *_ENTRY_NAMES, *DETAIL_NAMES, "planart", "version_id", "geom", "mitreden")
PLAENE = view("plaene", *_PLAN_NAMES, "gesucht")
_PLANVERSIONEN = view(
    "planversionen", "plan_id", "veroeffentlicht_bis", *(name for name in _PLAN_NAMES if name != "id")
)
_WITH_THEIR_PLANS = select(
    _PLANVERSIONEN.c.plan_id.label("id"), *(_PLANVERSIONEN.c[name] for name in _PLAN_NAMES if name != "id")
)
FASSUNGEN = _WITH_THEIR_PLANS.subquery()
_GEMEINDEN = view("gemeinden", "ags", "name", "typ", "plz", "teilnehmer")


def entry(source: FromClause) -> tuple[ColumnElement[Any], ...]:
    plan = source.c
    # XPlanGML 4 lets a plan go without a name (XP_Plan.name is optional there); its number is then what people call it.
    name = func.coalesce(plan.name, plan.nummer, "Plan ohne Namen").label("name")
    return (name, *(plan[each] for each in _ENTRY_NAMES))


ENTRY = entry(PLAENE)


def public_on(stand: date) -> FromClause:
    """What was public at the end of that day; withdrawn versions are not among it."""
    return _WITH_THEIR_PLANS.where(text(was_public(stand))).subquery()


def _gemeinden(today: date) -> Select[Any]:
    # counted before they are joined, so that an index with both columns will do
    plan, count = PLAENE.c, func.count()
    by_state = select(
        plan.ags,
        count.filter(plan.status == Status.IN_KRAFT).label("in_kraft"),
        count.filter(plan.status == Status.IN_AUFSTELLUNG).label("in_aufstellung"),
    )
    states = by_state.group_by(plan.ags).subquery("states")
    running = select(plan.ags, count.label("number")).where(_running(PLAENE, today)).group_by(plan.ags).subquery("now")
    return (
        select(
            _GEMEINDEN.c.ags,
            _GEMEINDEN.c.name,
            _GEMEINDEN.c.typ,
            _GEMEINDEN.c.plz,
            func.coalesce(states.c.in_kraft, 0).label("in_kraft"),
            func.coalesce(states.c.in_aufstellung, 0).label("in_aufstellung"),
            func.coalesce(running.c.number, 0).label("beteiligung"),
        )
        .select_from(
            _GEMEINDEN.outerjoin(states, _GEMEINDEN.c.ags == states.c.ags).outerjoin(
                running, _GEMEINDEN.c.ags == running.c.ags
            )
        )
        .where(_GEMEINDEN.c.teilnehmer)
        .order_by(_GEMEINDEN.c.name.collate(_GERMAN))
    )


def _running(source: FromClause, day: date) -> ColumnElement[bool]:
    return source.c.mitreden.op("@>", is_comparison=True)(day)


def _not_over(source: FromClause, day: date) -> ColumnElement[bool]:
    """That a participation of the public ends on that day or later, or never is said to: for its index."""
    return source.c.mitreden.op("&&", is_comparison=True)(func.datemultirange(func.daterange(day, None)))


def _end(source: FromClause, day: date) -> ColumnElement[Any]:
    """The day after the first participation of the public that does not end before that day, or NULL."""
    zeit: ColumnElement[Any] = func.unnest(source.c.mitreden).column_valued("zeit")
    return select(func.min(func.upper(zeit))).where(func.upper(zeit) > day).scalar_subquery()


def _conditions(source: FromClause, wanted: PlanFilter) -> list[ColumnElement[bool]]:
    plan = source.c
    # of what is public today the words are kept folded, with an index; a former day is asked for rarely
    words = (plan.name, plan.nummer, plan.gemeinde, plan.ortsteil)
    searched = plan.gesucht if "gesucht" in plan else _folded(func.concat_ws(" ", *words))
    conditions: list[ColumnElement[bool]] = [
        searched.like(func.concat("%", _folded(_literally(word)), "%")) for word in wanted.words
    ]
    if wanted.ags is not None:
        conditions.append(plan.ags == wanted.ags)
    if wanted.planwerk is not None:
        conditions.append(plan.planwerk == wanted.planwerk)
    if wanted.planart is not None:
        conditions.append(plan.planart == wanted.planart)
    if wanted.status is not None:
        conditions.append(plan.status == wanted.status)
    if wanted.gueltig_ab is not None:
        conditions.append(plan.gueltig_von >= wanted.gueltig_ab)
    if wanted.gueltig_bis is not None:
        conditions.append(plan.gueltig_von <= wanted.gueltig_bis)
    if wanted.laufend_am is not None:
        conditions.append(_running(source, wanted.laufend_am))
    if wanted.mitreden_ab is not None:
        conditions += [_not_over(source, wanted.mitreden_ab), func.upper(plan.mitreden) > wanted.mitreden_ab]
    if (around := wanted.umkreis) is not None:
        place = func.ST_SetSRID(func.ST_MakePoint(around.east, around.north), STORAGE_SRID)
        conditions.append(func.ST_DWithin(plan.geom, place, around.metres))
    return conditions


def _folded(value: str | ColumnElement[str]) -> ColumnElement[str]:
    return func.lower(func.unaccent(value))


def _literally(word: str) -> str:
    """As a pattern of LIKE that means nothing but itself."""
    return re.sub(r"([\\%_])", r"\\\1", word)


def _order(source: FromClause, wanted: PlanFilter, sortierung: Sortierung) -> tuple[ColumnElement[Any], ...]:
    """Ends in the id, or equal rows would wander between pages. Plans of one Gemeinde need no order by Gemeinde."""
    plan, day = source.c, wanted.laufend_am
    name = (plan.name.collate(_GERMAN), plan.id)
    names = name if wanted.ags is not None else (plan.gemeinde.collate(_GERMAN), *name)
    match sortierung:
        case Sortierung.GEMEINDE:
            return names
        case Sortierung.NAME:
            return name
        case Sortierung.NEUESTE:
            return (plan.veroeffentlicht_am.desc(), *names)
        case Sortierung.INKRAFTTRETEN:
            return (plan.gueltig_von.desc().nulls_last(), *names)
        case Sortierung.FRIST:
            end = func.upper(plan.mitreden) if day is None else _end(source, day)
            return (end.asc().nulls_last(), *names)


def as_entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    periods = tuple(
        Beteiligungszeit(each["art"], each["oeffentlich"], _day(each["start"]), _day(each["ende"]))
        for each in row["beteiligungen"]
    )
    return dict(row) | {
        "planwerk": Planwerk(row["planwerk"]),
        "status": Status(row["status"]),
        "beteiligungen": periods,
    }


def _day(raw: str | None) -> date | None:
    return None if raw is None else date.fromisoformat(raw)
