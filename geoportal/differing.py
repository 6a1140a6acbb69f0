"""What differs between two versions of a plan, where, and in what words. Reads as the role geoportal_desk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from geoportal.comparing import Change, Difference, Differences, Kind, Part, changes, compare

MOST: Final = 300  # differences that are described one by one
_AROUND: Final = 0.05  # of a plan's extent, around it
_LEAST: Final = 40.0  # metres that a frame shows at least

# What a person compares of two versions; names as in XPlanGML.
_COMPARED: Final = (
    "name", "nummer", "beschreibung", "rechtsstand", "verfahren", "planart", "aufstellungsbeschluss_datum",
    "entwurfsbeschluss_datum", "satzungsbeschluss_datum", "planbeschluss_datum", "genehmigungs_datum",
    "rechtsverordnungs_datum", "ausfertigungs_datum", "inkrafttretens_datum", "wirksamkeits_datum",
    "untergangs_datum", "auslegungen", "traegerbeteiligungen", "erstellungsmassstab", "xplan_version",
)  # fmt: skip
OBJEKT, TEXT, DOKUMENT, BLATT = "objekt", "text", "dokument", "blatt"
_LABELS: Final = {TEXT: "Textabschnitt", DOKUMENT: "Dokument", BLATT: "Planzeichnung (Scan)"}

_FIELDS: Final = text(f"SELECT {', '.join(_COMPARED)} FROM plans.version WHERE id = :id")  # noqa: S608
_OUTLINES: Final = text("""
    SELECT ST_Area(alt.geom) AS before, ST_Area(neu.geom) AS after,
           ST_Area(ST_Difference(neu.geom, alt.geom)) AS more, ST_Area(ST_Difference(alt.geom, neu.geom)) AS less
    FROM plans.version AS alt, plans.version AS neu WHERE alt.id = :before AND neu.id = :after""")
_PARTS: Final = text("""
    SELECT planobjekt.id, planobjekt.klasse, coalesce(klasse.label, planobjekt.klasse) AS label, gml_id,
           md5(concat_ws('|', attribute, art, rechtscharakter, ebene)) AS said,
           md5(ST_AsBinary(ST_SnapToGrid(geom, 0.001))) AS place
    FROM plans.planobjekt LEFT JOIN plans.klasse USING (klasse) WHERE version_id = :id
    UNION ALL
    SELECT id, 'text', '', coalesce(schluessel, gml_id), md5(concat_ws('|', art, schluessel, text, attribute)), NULL
    FROM plans.textabschnitt WHERE version_id = :id
    UNION ALL
    SELECT id, 'dokument', '', coalesce(name, url), concat_ws('|', typ, sha256, url, beschreibung, datum), NULL
    FROM plans.dokument WHERE version_id = :id
    UNION ALL
    SELECT id, 'blatt', '', name, sha256, NULL FROM plans.rasterplan WHERE version_id = :id
    ORDER BY 2, 1""")
_SAID: Final[Mapping[str, Any]] = {
    OBJEKT: text("""
        SELECT id, concat_ws(', ', coalesce(art_text, art), beschriftung) AS title,
               attribute || jsonb_strip_nulls(jsonb_build_object('ebene', nullif(ebene, 0))) AS values
        FROM plans.planobjekt WHERE id = ANY (:ids)"""),
    TEXT: text("""
        SELECT id, coalesce(schluessel, left(text, 80)) AS title,
               attribute || jsonb_strip_nulls(jsonb_build_object('text', text)) AS values
        FROM plans.textabschnitt WHERE id = ANY (:ids)"""),
    DOKUMENT: text("""
        SELECT id, coalesce(name, url) AS title,
               jsonb_strip_nulls(jsonb_build_object('beschreibung', beschreibung, 'datum', datum, 'referenztyp', typ,
                                                    'datei', left(sha256, 12))) AS values
        FROM plans.dokument WHERE id = ANY (:ids)"""),
    BLATT: text("""
        SELECT id, name AS title, jsonb_build_object('datei', left(sha256, 12)) AS values
        FROM plans.rasterplan WHERE id = ANY (:ids)"""),
}
_EXTENT: Final = text("""
    SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
    FROM (SELECT ST_Extent(geom) AS box FROM plans.version WHERE id = ANY (:ids)) AS whole WHERE box IS NOT NULL""")
_PLACES: Final = text("""
    SELECT id, ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east, ST_YMax(geom) AS north,
           ST_Dimension(geom) <> 1 AS is_area, ST_AsGeoJSON(ST_Transform(geom, 4326), 7) AS geojson,
           ST_AsSVG(ST_Translate(
               CASE ST_Dimension(geom) WHEN 0 THEN ST_Buffer(geom, CAST(:dot AS float)) ELSE geom END,
               -CAST(:west AS float), -CAST(:north AS float)), 1, 2) AS svg
    FROM plans.planobjekt WHERE id = ANY (:ids) AND geom IS NOT NULL""")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture shows: in metres of the storage CRS."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        return self.east - self.west

    @property
    def height(self) -> float:
        return self.north - self.south

    def over(self, other: "Frame") -> "Frame":
        """Both of them."""
        return Frame(
            min(self.west, other.west), min(self.south, other.south),
            max(self.east, other.east), max(self.north, other.north),
        )  # fmt: skip

    def shaped(self, ratio: float) -> "Frame":
        """Large enough to be looked at, with some room around, and `ratio` times as wide as it is high."""
        width = max(self.width * (1 + 2 * _AROUND), _LEAST)
        height = max(self.height * (1 + 2 * _AROUND), _LEAST / ratio)
        width, height = max(width, height * ratio), max(height, width / ratio)
        x, y = (self.west + self.east) / 2, (self.south + self.north) / 2
        return Frame(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


@dataclass(frozen=True, slots=True)
class Outline:
    """Areas in square metres; `more` has come, `less` has gone."""

    before: float
    after: float
    more: float
    less: float

    @property
    def is_same(self) -> bool:
        return self.more + self.less < 0.5


@dataclass(frozen=True, slots=True)
class Described:
    """A difference in words, numbered from 1: what the part is called, which of its values changed."""

    number: int
    difference: Difference
    title: str
    values: tuple[Change, ...]

    @property
    def kind(self) -> Kind:
        return self.difference.kind


@dataclass(frozen=True, slots=True)
class Place:
    """Where a difference lies in one of the two versions: as GeoJSON in CRS84, as an SVG path in metres from the upper
    left of the frame that was asked for, and its own frame.
    """

    number: int
    kind: Kind
    side: str
    is_area: bool
    geojson: str
    svg: str
    frame: Frame


def differences(connection: Connection, before: int, after: int) -> tuple[Differences, Outline | None]:
    """Between two versions, by their ids; no outline where one of them has none."""
    sides = [dict(connection.execute(_FIELDS, {"id": each}).mappings().one()) for each in (before, after)]
    parts = [
        [
            Part(**{**row, "label": row["label"] or _LABELS[row["klasse"]]})
            for row in connection.execute(_PARTS, {"id": each}).mappings()
        ]
        for each in (before, after)
    ]
    row = connection.execute(_OUTLINES, {"before": before, "after": after}).mappings().one()
    return compare(*sides, *parts), None if None in row.values() else Outline(**row)


def described(connection: Connection, found: Differences) -> list[Described]:
    """The first MOST of them in words."""
    shown = found.parts[:MOST]
    said = _said(connection, (each for one in shown for each in (one.before, one.after) if each is not None))
    return [
        Described(
            number,
            each,
            said[_kind(each.part), each.part.id][0],
            ()
            if each.before is None or each.after is None
            else changes(said[_kind(each.part), each.before.id][1], said[_kind(each.part), each.after.id][1]),
        )
        for number, each in enumerate(shown, start=1)
    ]


def frame(connection: Connection, version_ids: Sequence[int], ratio: float) -> Frame | None:
    """Around the outlines of these versions; None where none of them has one."""
    row = connection.execute(_EXTENT, {"ids": list(version_ids)}).one_or_none()
    return None if row is None else Frame(*row).shaped(ratio)


def places(connection: Connection, found: Differences, origin: Frame, dot: float) -> list[Place]:
    """Where the first MOST of them lie; what has moved lies in two places. A point is a circle of `dot` metres."""
    sides = [
        (number, each.kind, side, part.id)
        for number, each in enumerate(found.parts[:MOST], start=1)
        for side, part in (("before", each.before), ("after", each.after))
        if part is not None and _kind(part) == OBJEKT
    ]
    asked = {"ids": [each for *_, each in sides], "west": origin.west, "north": origin.north, "dot": dot}
    rows = {row.id: row for row in connection.execute(_PLACES, asked)}
    return [
        Place(number, kind, side, row.is_area, row.geojson, row.svg, Frame(row.west, row.south, row.east, row.north))
        for number, kind, side, identifier in sides
        if (row := rows.get(identifier)) is not None
    ]


def _said(connection: Connection, parts: Iterable[Part]) -> dict[tuple[str, int], tuple[str, Mapping[str, Any]]]:
    wanted: dict[str, list[int]] = {}
    for each in parts:
        wanted.setdefault(_kind(each), []).append(each.id)
    return {
        (kind, row.id): (row.title or "", row.values)
        for kind, ids in wanted.items()
        for row in connection.execute(_SAID[kind], {"ids": ids})
    }


def _kind(part: Part) -> str:
    return part.klasse if part.klasse in _LABELS else OBJEKT
