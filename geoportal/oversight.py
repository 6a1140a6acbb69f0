"""How the Gemeinden stand: what waits, what is due, how complete the stock is, what hangs. Reads as geoportal_desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

_MOST: Final = 200  # dates in a list
_HANGS: Final = "15 minutes"  # that a delivery may wait to be read, or be read


@dataclass(frozen=True, slots=True)
class Standing:
    """How a Gemeinde stands: what is public, what waits for whom. `returned`: of those checked, what was sent back."""

    ags: str
    name: str
    public: int
    checked: int
    returned: int
    in_review: int
    scheduled: int
    failed: int
    last: datetime | None


class Due(StrEnum):
    """Why a day matters. Those after MISSING lie behind: something has not happened."""

    SCHEDULED = "scheduled"
    BEGINS = "begins"
    ENDS = "ends"
    MISSING = "missing"
    NOT_IN_FORCE = "not_in_force"

    @property
    def is_behind(self) -> bool:
        return self in {Due.MISSING, Due.NOT_IN_FORCE}


@dataclass(frozen=True, slots=True)
class Deadline:
    """`day` is when it happens; for what is missing, since when. One of `upload` and `plan` says about what.

    `art`: of what begins or ends, the kind of participation.
    """

    due: Due
    day: date
    ags: str
    name: str
    upload: int | None
    plan: UUID | None
    art: str | None


@dataclass(frozen=True, slots=True)
class Stock:
    """The public plans of a Gemeinde: how many there are, and how many of them have what a plan should have.

    `levels`: how many have reached A, B, C, D at best, by the report with which they came.
    """

    ags: str
    public: int
    drawn: int
    documented: int
    dated: int
    levels: dict[str, int]

    def share(self, number: int) -> int:
        """In percent, of all; 0 of none."""
        return round(100 * number / self.public) if self.public else 0


@dataclass(frozen=True, slots=True)
class Hanging:
    """A delivery that waits to be read, or is being read, for longer than it should."""

    id: int
    filename: str
    ags: str
    gemeinde: str
    state: str
    since: datetime
    attempts: int


_STANDINGS: Final = text("""
    SELECT gemeinde.ags, gemeinde.name,
           (SELECT count(*) FROM plans.plan JOIN plans.version ON version.plan_id = plan.id
            WHERE plan.ags = gemeinde.ags AND version.state = 'published') AS public,
           count(upload.id) FILTER (WHERE upload.state = 'checked') AS checked,
           count(upload.id) FILTER (WHERE upload.state = 'checked' AND upload.returned IS NOT NULL) AS returned,
           count(upload.id) FILTER (WHERE upload.state = 'in_review') AS in_review,
           count(upload.id) FILTER (WHERE upload.state = 'scheduled') AS scheduled,
           count(upload.id) FILTER (
               WHERE upload.state = 'failed' AND upload.received_at > now() - interval '30 days') AS failed,
           max(upload.received_at) AS last
    FROM plans.gemeinde LEFT JOIN plans.upload USING (ags)
    WHERE gemeinde.ags = ANY (:ags) GROUP BY gemeinde.ags, gemeinde.name ORDER BY gemeinde.name COLLATE "de-x-icu" """)
# 3000: Satzung beschlossen, 4000: in Kraft (BP_Rechtsstand). Half a year after its Satzung a plan is overdue.
_DEADLINES: Final = text("""
    WITH present AS (
        SELECT plan_id, plan.ags, coalesce(version.name, version.nummer, '') AS name, rechtsstand, published_at,
               satzungsbeschluss_datum, planbeschluss_datum,
               coalesce(inkrafttretens_datum, wirksamkeits_datum) AS in_kraft, auslegungen, traegerbeteiligungen,
               attribute
        FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
        WHERE version.state = 'published' AND plan.ags = ANY (:ags)),
    running AS (
        SELECT beteiligung.plan_id, beteiligung.ags, coalesce(present.name, '') AS name, beteiligung.beginn,
               beteiligung.ende, beteiligung.art
        FROM participation.beteiligung LEFT JOIN present USING (plan_id)
        WHERE beteiligung.state = 'bekannt' AND beteiligung.ende >= :today AND beteiligung.ags = ANY (:ags)),
    period AS (
        SELECT * FROM running
        UNION ALL
        -- what the file alone tells
        SELECT plan_id, ags, name, said.start, said.ende, said.art
        FROM present
        CROSS JOIN jsonb_to_recordset(participation.told(auslegungen, traegerbeteiligungen, attribute))
            AS said(art text, start date, ende date)
        WHERE said.ende >= :today AND NOT EXISTS (
            SELECT FROM running
            WHERE running.plan_id = present.plan_id AND participation.told_as(running.art) = said.art)),
    due AS (
        SELECT 'scheduled' AS due, publish_on AS day, ags,
               coalesce((SELECT min(coalesce(version.name, version.nummer)) FROM plans.version
                         WHERE version.delivery_id = upload.delivery_id), filename) AS name,
               id AS upload, NULL::uuid AS plan, NULL AS art
        FROM plans.upload WHERE state = 'scheduled' AND ags = ANY (:ags)
        UNION ALL
        SELECT CASE WHEN beginn > :today THEN 'begins' ELSE 'ends' END,
               CASE WHEN beginn > :today THEN beginn ELSE ende END, ags, name, NULL, plan_id, art
        FROM period
        UNION ALL
        SELECT 'missing', coalesce(satzungsbeschluss_datum, planbeschluss_datum, published_at::date), ags, name, NULL,
               plan_id, NULL
        FROM present WHERE rechtsstand = 4000 AND in_kraft IS NULL
        UNION ALL
        SELECT 'not_in_force', satzungsbeschluss_datum, ags, name, NULL, plan_id, NULL
        FROM present
        WHERE rechtsstand = 3000 AND in_kraft IS NULL AND satzungsbeschluss_datum < CAST(:today AS date) - 180)
    SELECT due, day, ags, name, upload, plan, art FROM due
    ORDER BY due IN ('missing', 'not_in_force'), day, ags, name LIMIT :most""")
_STOCK: Final = text("SELECT * FROM desk.stock() WHERE ags = ANY (:ags)")
_HANGING: Final = text(f"""
    SELECT upload.id, filename, ags, gemeinde.name AS gemeinde, state, changed_at AS since, attempts
    FROM plans.upload JOIN plans.gemeinde USING (ags)
    WHERE state IN ('received', 'checking') AND changed_at < now() - interval '{_HANGS}' AND ags = ANY (:ags)
    ORDER BY changed_at LIMIT :most""")  # noqa: S608 - a constant of ours


def standings(connection: Connection, ags: Sequence[str]) -> list[Standing]:
    """By name."""
    return [Standing(**row) for row in connection.execute(_STANDINGS, {"ags": list(ags)}).mappings()]


def deadlines(connection: Connection, ags: Sequence[str], today: date) -> list[Deadline]:
    """What is to come, the nearest first; then what is behind, the oldest first."""
    rows = connection.execute(_DEADLINES, {"ags": list(ags), "today": today, "most": _MOST}).mappings()
    return [Deadline(**{**row, "due": Due(row["due"])}) for row in rows]


def nearest(found: Sequence[Deadline]) -> dict[str, Deadline]:
    """The first of each Gemeinde."""
    first: dict[str, Deadline] = {}
    for each in found:
        first.setdefault(each.ags, each)
    return first


def stock(connection: Connection, ags: Sequence[str]) -> dict[str, Stock]:
    """By Gemeinde, as far as the acting account has business there."""
    return {
        row.ags: Stock(
            row.ags, row.public, row.drawn, row.documented, row.dated,
            {"A": row.level_a, "B": row.level_b, "C": row.level_c, "D": row.level_d},
        )
        for row in connection.execute(_STOCK, {"ags": list(ags)})
    }  # fmt: skip


def hanging(connection: Connection, ags: Sequence[str]) -> list[Hanging]:
    """The longest first."""
    return [Hanging(**row) for row in connection.execute(_HANGING, {"ags": list(ags), "most": _MOST}).mappings()]
