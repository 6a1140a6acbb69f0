"""Which plan of the portal a delivered plan is, and when two of them are one."""

from collections.abc import Collection
from uuid import UUID

from geoalchemy2.shape import from_shape
from sqlalchemy import Connection, and_, func, insert, or_, select, text

from geoportal.database import tables
from geoportal.database.tables import SRID
from plans_ingest.model import Plan


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


def merge_plans(connection: Connection, address: UUID, into: UUID) -> bool:
    """All versions and keys of one plan become another's; its newest public version is then the public one of both.

    False, and nothing is changed, when one of them is no plan of its own, or they are of two Gemeinden or Planwerke.
    """
    merged = text("SELECT plans.merge_plans(:address, :target)")
    return bool(connection.scalar(merged, {"address": address, "target": into}))
