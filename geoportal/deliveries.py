"""What the desk shows of deliveries and plans. Reads as the role geoportal_desk: row-level security decides what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from geoportal.states import State


@dataclass(frozen=True, slots=True)
class Delivered:
    """An upload as the desk lists it. `errors` and `warnings` of its report, None before there is one; `returned`: what
    is to be changed, when it was sent back; `names`: of its plans, but of more than two the first alone.
    """

    id: int
    filename: str
    size: int
    sha256: str
    ags: str
    gemeinde: str
    state: State
    step: str
    percent: int
    fault: str | None
    delivery_id: int | None
    delivered_by: int | None
    deliverer: str | None
    submitted_by: int | None
    publish_on: date | None
    returned: str | None
    edits: UUID | None
    received_at: datetime
    changed_at: datetime
    errors: int | None
    warnings: int | None
    levels: str | None
    names: Sequence[str]
    plans: int

    @property
    def title(self) -> str:
        """What it is about, however many plans it has brought; the file's name before it is read."""
        if len(self.names) < self.plans:
            return f"{self.names[0]} und {self.plans - 1} weitere Pläne"
        return " und ".join(self.names) or self.filename


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a plan as the desk shows it."""

    id: int
    plan_id: UUID
    version: int
    state: str
    planwerk: str
    ags: str | None
    name: str | None
    nummer: str | None
    fingerprint: str
    reason: str | None
    restored_from: int | None
    created_at: datetime
    published_at: datetime | None
    published_until: datetime | None
    edited_at: datetime | None
    edited_by: int | None
    form: Mapping[str, Any]
    is_publishable: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A plan, by the version that says most about it now: the public one, else the newest. `is_waiting`: a newer one
    is not public yet.
    """

    id: UUID
    planwerk: str
    gemeinde: str
    name: str | None
    nummer: str | None
    state: str
    version: int
    rechtsstand: int | None
    published_at: datetime | None
    is_waiting: bool


_DELIVERED = """
    SELECT upload.id, upload.filename, upload.size, upload.sha256, upload.ags, gemeinde.name AS gemeinde, upload.state,
           upload.step, upload.percent, upload.fault, upload.delivery_id, upload.delivered_by,
           desk.name_of(upload.delivered_by) AS deliverer, upload.submitted_by, upload.publish_on, upload.returned,
           upload.edits, upload.received_at, upload.changed_at,
           told.errors, told.warnings,
           (SELECT string_agg(DISTINCT value, ' ') FROM jsonb_each_text(delivery.report -> 'levels')) AS levels,
           brought.names[1 : CASE WHEN brought.plans > 2 THEN 1 ELSE 2 END] AS names, brought.plans
    FROM plans.upload JOIN plans.gemeinde USING (ags) LEFT JOIN plans.delivery ON delivery.id = upload.delivery_id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(said ORDER BY said COLLATE "de-x-icu"), '{}') AS names, count(*) AS plans
        FROM (SELECT coalesce(name, nummer, 'Plan ohne Namen') AS said FROM plans.version
              WHERE version.delivery_id = upload.delivery_id AND restored_from IS NULL) AS version) AS brought
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE severity = 'error') AS errors,
               count(*) FILTER (WHERE severity = 'warning') AS warnings
        FROM plans.issue WHERE issue.delivery_id = upload.delivery_id) AS told
    """
_ONE = text(f"{_DELIVERED} WHERE upload.id = :id")
_MANY = text(f"""{_DELIVERED}
    WHERE (CAST(:ags AS text) IS NULL OR upload.ags = :ags) AND (CAST(:state AS text) IS NULL OR upload.state = :state)
      AND (CAST(:is_returned AS boolean) IS NULL OR (upload.returned IS NOT NULL) = :is_returned)
      AND (:words = '' OR strpos(plans.folded(upload.filename), plans.folded(:words)) > 0 OR EXISTS (
          SELECT FROM plans.version
          WHERE version.delivery_id = upload.delivery_id AND restored_from IS NULL
            AND strpos(plans.folded(concat_ws(' ', nummer, name)), plans.folded(:words)) > 0))
      AND upload.id < :before
    ORDER BY upload.id DESC LIMIT :limit""")
_VERSIONS = """
    SELECT version.id, version.plan_id, version.version, version.state, plan.planwerk, plan.ags, version.name,
           version.nummer, version.fingerprint, version.reason, version.restored_from, version.created_at,
           version.published_at, version.published_until, version.edited_at, version.edited_by, version.form,
           version.geom IS NOT NULL AND version.name IS NOT NULL AND plan.ags IS NOT NULL
               AND version.planart <> '{}' AS is_publishable
    FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
    """
_OF_DELIVERY = text(f"{_VERSIONS} WHERE version.delivery_id = :delivery ORDER BY version.name, version.id")
_OF_PLAN = text(f"{_VERSIONS} WHERE version.plan_id = :plan ORDER BY version.version DESC")
_PUBLIC = text(f"{_VERSIONS} WHERE version.plan_id = :plan AND version.state = 'published'")
_PUBLIC_OF = text(f"{_VERSIONS} WHERE version.plan_id = ANY (:plans) AND version.state = 'published'")
_PLANS = text("""
    SELECT plan.id, plan.planwerk, gemeinde.name AS gemeinde, shown.name, shown.nummer, shown.state, shown.version,
           shown.rechtsstand, shown.published_at,
           shown.state <> 'in_review' AND EXISTS (
               SELECT FROM plans.version AS newer
               WHERE newer.plan_id = plan.id AND newer.state = 'in_review' AND newer.version > shown.version
           ) AS is_waiting,
           count(*) OVER () AS total
    FROM plans.plan JOIN plans.gemeinde USING (ags)
    CROSS JOIN LATERAL (
        SELECT name, nummer, state, version.version, rechtsstand, published_at FROM plans.version
        WHERE version.plan_id = plan.id ORDER BY state = 'published' DESC, version.version DESC LIMIT 1) AS shown
    WHERE plan.ags = ANY (:ags) AND plan.merged_into IS NULL
      AND (CAST(:state AS text) IS NULL OR shown.state = :state)
      AND (SELECT bool_and(strpos(plans.folded(concat_ws(' ', shown.nummer, shown.name)), word) > 0)
           FROM unnest(string_to_array(plans.folded(:words), ' ')) AS word) IS NOT FALSE
    ORDER BY gemeinde.name COLLATE "de-x-icu", shown.name COLLATE "de-x-icu", plan.id LIMIT :limit OFFSET :offset""")
_QUESTIONS = text("""
    -- plans of a delivery that may be public ones under another name, as long as nobody has said so
    SELECT mine.plan_id AS plan, known.plan_id AS other, known.name, known.nummer
    FROM plans.issue
    CROSS JOIN LATERAL regexp_match(issue.detail, '^/plan/([0-9a-f-]{36}) = /plan/([0-9a-f-]{36})$') AS asked(plans)
    JOIN plans.version AS mine ON mine.delivery_id = issue.delivery_id AND mine.plan_id = asked.plans[1]::uuid
    JOIN plans.version AS known ON known.plan_id = asked.plans[2]::uuid AND known.state = 'published'
    WHERE issue.delivery_id = :delivery AND issue.code = 'plan_renamed_perhaps' ORDER BY known.name, known.plan_id""")
_WAITING = text("""
    SELECT upload.id FROM plans.upload JOIN plans.version USING (delivery_id)
    WHERE version.id = :version AND upload.state IN ('checked', 'in_review', 'scheduled')
    ORDER BY upload.id DESC LIMIT 1""")
_REPORT = text("SELECT sha256 FROM desk.report WHERE upload_id = :upload AND kind = :kind")
_DOKUMENTE = text("""
    SELECT DISTINCT sha256 FROM plans.dokument JOIN plans.version ON version.id = dokument.version_id
    WHERE version.delivery_id = :delivery AND dokument.sha256 IS NOT NULL
    UNION SELECT sha256 FROM plans.rasterplan JOIN plans.version ON version.id = rasterplan.version_id
    WHERE version.delivery_id = :delivery""")
_SHAPES = text("""
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]')) FROM (
        SELECT json_build_object('type', 'Feature', 'id', version.id, 'properties',
            json_build_object('kind', 'plan', 'name', version.name, 'state', version.state),
            'geometry', ST_AsGeoJSON(ST_Transform(version.geom, 4326), 7)::json) AS feature
        FROM plans.version WHERE id = ANY (:versions) AND geom IS NOT NULL
        UNION ALL
        (SELECT json_build_object('type', 'Feature', 'id', planobjekt.id, 'properties',
            json_build_object('kind', 'objekt', 'gruppe', klasse.gruppe, 'gml_id', planobjekt.gml_id,
                              'version', planobjekt.version_id),
            'geometry', ST_AsGeoJSON(ST_Transform(planobjekt.geom, 4326), 7)::json)
        FROM plans.planobjekt LEFT JOIN plans.klasse USING (klasse)
        WHERE version_id = ANY (:versions) AND geom IS NOT NULL AND klasse NOT LIKE 'XP\\_%'
        ORDER BY ST_Area(geom) DESC, planobjekt.id LIMIT 3000)) AS features""")
_LEFT = text("""
    SELECT asked.ags, coalesce(gemeinde.quota, :quota) - coalesce(used.size, 0) AS left
    FROM unnest(CAST(:ags AS text[])) AS asked (ags) LEFT JOIN desk.gemeinde USING (ags)
    LEFT JOIN (SELECT ags, sum(size) AS size FROM plans.upload
               WHERE received_at > now() - interval '30 days' GROUP BY ags) AS used USING (ags)""")
_LATELY = text("""
    SELECT count(*) FROM plans.upload WHERE delivered_by = :account AND received_at > now() - interval '30 days'""")
_FOUR_EYES = text("SELECT coalesce(bool_or(four_eyes), false) FROM desk.gemeinde WHERE ags = :ags")
_USUAL_QUOTA: Final = 5_000_000_000  # bytes in thirty days
_ORIGINS = text("SELECT ags FROM plans.plan WHERE id = :id")


def one(connection: Connection, upload: int) -> Delivered | None:
    row = connection.execute(_ONE, {"id": upload}).mappings().one_or_none()
    return None if row is None else _delivered(row)


def many(
    connection: Connection,
    *,
    ags: str | None = None,
    state: State | None = None,
    is_returned: bool | None = None,
    words: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Delivered]:
    """The newest first; `words` stand in the file's name or that of a plan in it; `before` is a delivery's
    number, for the next page.
    """
    asked = {
        "ags": ags, "state": None if state is None else state.value, "is_returned": is_returned,
        "words": words, "before": before or 2**62,
        "limit": limit,
    }  # fmt: skip
    return [_delivered(row) for row in connection.execute(_MANY, asked).mappings()]


def versions(connection: Connection, delivery: int | None) -> list[Version]:
    """The versions that a delivery brought."""
    if delivery is None:
        return []
    return [Version(**row) for row in connection.execute(_OF_DELIVERY, {"delivery": delivery}).mappings()]


@dataclass(frozen=True, slots=True)
class Question:
    """Whether `plan` is `other` under a new name, which is public as `name`."""

    plan: UUID
    other: UUID
    name: str | None
    nummer: str | None


def questions(connection: Connection, delivery: int | None) -> list[Question]:
    """That a delivery asks, and nobody has answered."""
    return [Question(**row) for row in connection.execute(_QUESTIONS, {"delivery": delivery}).mappings()]


def history(connection: Connection, plan: UUID) -> list[Version]:
    """All versions of a plan that the acting account may see, the newest first."""
    return [Version(**row) for row in connection.execute(_OF_PLAN, {"plan": plan}).mappings()]


def public_version(connection: Connection, plan: UUID) -> Version | None:
    row = connection.execute(_PUBLIC, {"plan": plan}).mappings().one_or_none()
    return None if row is None else Version(**row)


def plans(
    connection: Connection,
    ags: Sequence[str],
    *,
    words: str = "",
    state: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Listed], int]:
    """Plans of these Gemeinden whose number and name have all the words, by Gemeinde and name; and how many there are,
    0 behind the last one.
    """
    asked = {"ags": list(ags), "words": words, "state": state, "limit": limit, "offset": offset}
    rows = connection.execute(_PLANS, asked).mappings().all()
    total = rows[0]["total"] if rows else 0
    return [Listed(**{name: value for name, value in row.items() if name != "total"}) for row in rows], total


def public_versions(connection: Connection, plans: Sequence[UUID]) -> dict[UUID, Version]:
    """By plan, of those that are public."""
    found = (Version(**row) for row in connection.execute(_PUBLIC_OF, {"plans": list(plans)}).mappings())
    return {each.plan_id: each for each in found}


def waiting(connection: Connection, version: int) -> int | None:
    """The delivery with which a version waits to become public."""
    found: int | None = connection.scalar(_WAITING, {"version": version})
    return found


def gemeinde_of_plan(connection: Connection, plan: UUID) -> str | None:
    found: str | None = connection.scalar(_ORIGINS, {"id": plan})
    return found


def report(connection: Connection, upload: int, kind: str) -> str | None:
    """The SHA-256 of a report in one of its forms: json, html, gpkg."""
    found: str | None = connection.scalar(_REPORT, {"upload": upload, "kind": kind})
    return found


def documents(connection: Connection, delivery: int) -> list[str]:
    """The SHA-256 of all files of the archive that the versions of a delivery name."""
    return list(connection.scalars(_DOKUMENTE, {"delivery": delivery}))


def shapes(connection: Connection, version_ids: Sequence[int]) -> Any:
    """Outlines and the larger 3,000 objects of versions, as GeoJSON in CRS84."""
    return connection.scalar(_SHAPES, {"versions": list(version_ids)})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a Gemeinde wants, and how many bytes of its quota are left in these thirty days."""

    four_eyes: bool
    left: int


def rules(connection: Connection, ags: str) -> Rules:
    return Rules(bool(connection.scalar(_FOUR_EYES, {"ags": ags})), left_of(connection, [ags])[ags])


def left_of(connection: Connection, ags: Sequence[str]) -> dict[str, int]:
    """How many bytes are left of the quota of each."""
    asked = {"ags": list(ags), "quota": _USUAL_QUOTA}
    return {row.ags: int(row.left) for row in connection.execute(_LEFT, asked)}


def lately_by(connection: Connection, account: int) -> int:
    """How many files the account has delivered in these thirty days."""
    return int(connection.scalar(_LATELY, {"account": account}) or 0)


def _delivered(row: Mapping[Any, Any]) -> Delivered:
    known = {item.name for item in fields(Delivered)}
    return Delivered(**{name: value for name, value in row.items() if name in known} | {"state": State(row["state"])})
