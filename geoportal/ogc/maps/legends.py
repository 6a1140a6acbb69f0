"""The legend of a collection in one of its styles, with the symbols that occur in the data."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, text

from geoportal.cartography import legend, planzeichen
from geoportal.cartography.legend import Entry
from geoportal.cartography.model import Rule, Sheet
from geoportal.cartography.sheets import PLANWERK, PLANZV, planzv
from geoportal.database.history import was_public
from geoportal.ogc.crs import Box
from geoportal.ogc.maps.sources import Drawn
from geoportal.ogc.reading import connection_for_reading

_SYMBOLS: Final = """
    -- the symbols that a drawing has, of the plans that are public now or were at the end of a day
    SELECT DISTINCT planwerk, planzeichen FROM ogc.planzeichnung
    WHERE planwerk IN :werke
        AND {shown}
        AND (CAST(:ags AS text) IS NULL OR ags = :ags)
        -- as the drawing: what is no longer valid only when it is asked for
        AND CASE WHEN CAST(:status AS text) IS NULL THEN status <> 'archiviert' ELSE status = :status END
        AND (CAST(:west AS float) IS NULL OR geom && ST_MakeEnvelope(:west, :south, :east, :north, ogc.storage_srid()))
"""


_OF_VERSIONS: Final = text("""
    SELECT DISTINCT version_id, planzeichen FROM plans.planzeichnung WHERE version_id = ANY (:versions)""")


class Legend(NamedTuple):
    title: str
    rows: list[Entry]

    @property
    def svg(self) -> str:
        return legend.svg(self.rows, self.title)


def legend_of(engine: Engine, drawn: Drawn, sheet: Sheet, language: str, box: Box | None) -> Legend:
    """`box` (storage CRS): only what occurs there. Raises Unavailable."""
    layer = drawn.collection.layer
    title = f"{getattr(layer.title, language)} – {getattr(sheet.title, language)}"
    planwerk = PLANWERK.get(layer.view)
    if sheet.id != PLANZV:
        return Legend(title, legend.entries(sheet, language))
    whole = sheet
    if planwerk is not None:  # the drawing of the contents, and the outline around it
        whole = Sheet(PLANZV, sheet.title, (*planzeichen.rules(planwerk), *sheet.rules))
    werke = [planwerk] if planwerk else list(PLANWERK.values())
    found = _occurring(engine, drawn, werke, box)

    def occurs(rule: Rule) -> bool:
        return not rule.when or (rule.when.get("planwerk"), rule.when.get(planzeichen.FIELD)) in found

    return Legend(title, legend.entries(whole, language, occurs))


def legend_of_versions(connection: Connection, planwerk: str, versions: Sequence[int]) -> list[tuple[Entry, set[int]]]:
    """The signs with which versions of a plan are drawn, public or not, and in which of them each occurs.

    As far as the role of the connection sees their objects.
    """
    found: dict[str, set[int]] = {}
    for row in connection.execute(_OF_VERSIONS, {"versions": list(versions)}):
        found.setdefault(row.planzeichen, set()).add(row.version_id)
    contents, outline = planzv(planwerk)
    sheet = Sheet(PLANZV, contents.title, (*contents.rules, *outline.rules))
    rows = legend.entries(sheet, "de", lambda rule: not rule.when or rule.when.get(planzeichen.FIELD) in found)
    return [(row, found.get(row.id, set(versions))) for row in rows]


def _occurring(engine: Engine, drawn: Drawn, werke: list[str], box: Box | None) -> set[tuple[object, object]]:
    corners = dict(zip(("west", "south", "east", "north"), _corners(box), strict=True))
    chosen = drawn.selection
    asked = {"werke": werke, "ags": chosen.ags, "status": chosen.status, **corners}
    shown = "ist_aktuell" if chosen.stand is None else was_public(chosen.stand)
    symbols = text(_SYMBOLS.format(shown=shown)).bindparams(bindparam("werke", expanding=True))
    with connection_for_reading(engine) as connection:
        return {(row.planwerk, row.planzeichen) for row in connection.execute(symbols, asked)}


def _corners(box: Box | None) -> tuple[float | None, ...]:
    return (box.west, box.south, box.east, box.north) if box else (None, None, None, None)
