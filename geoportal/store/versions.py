"""Versions of a plan, each with its interval, and which one is public."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Insert, Table, func, insert, literal, null, select, update

from geoportal.database import tables
from geoportal.store import content
from plans_ingest.model import Attachment, Plan


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
    connection: Connection,
    delivery: int,
    address: UUID,
    plan: Plan,
    fingerprint: str,
    files: Mapping[str, tuple[str, Attachment]],
    levels: str,
) -> tuple[int, int]:
    """A new version of the plan at an address, in review, with all that belongs to it; returns (its id, its number).

    `fingerprint` is the plan's, `files` maps the names of the delivery's attachments to their SHA-256; `levels` are
    those that it has reached.
    """
    number = next_number(connection, address)
    row = content.version_row(plan, fingerprint) | {
        "plan_id": address,
        "version": number,
        "delivery_id": delivery,
        "state": "in_review",
        "levels": levels,
    }
    version = connection.execute(insert(tables.version).values(**row).returning(tables.version.c.id)).scalar_one()
    content.save(connection, version, plan, files)
    return version, number


def publish_version(connection: Connection, plan_id: UUID, version: int) -> None:
    """Makes a version (by its id) the public one; the one before it ends at the same instant.

    No interval ends before it began, and none begins before the last one ended, even when the clock was set back.
    """
    table = tables.version
    last = select(func.max(table.c.published_until)).where(table.c.plan_id == plan_id).scalar_subquery()
    connection.execute(
        update(table)
        .where(table.c.plan_id == plan_id, table.c.state == "published")
        .values(state="superseded", published_until=func.greatest(func.now(), table.c.published_at))
    )
    connection.execute(
        update(table)
        .where(table.c.id == version)
        .values(state="published", published_at=func.greatest(func.now(), last), published_until=None)
    )


def end_publication(connection: Connection, address: UUID, state: str, reason: str) -> bool:
    """The public version ends now, as "superseded" (it was right until today) or "withdrawn" (nobody should read it).

    False if none was public.
    """
    table = tables.version
    ended = connection.execute(
        update(table)
        .where(table.c.plan_id == address, table.c.state == "published")
        .values(state=state, published_until=func.greatest(func.now(), table.c.published_at), reason=reason)
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
        "version": literal(next_number(connection, address)),
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


def next_number(connection: Connection, address: UUID) -> int:
    return (
        connection.scalar(select(func.max(tables.version.c.version)).where(tables.version.c.plan_id == address)) or 0
    ) + 1


def _copy_of(table: Table, condition: ColumnElement[bool], changed: Mapping[str, ColumnElement[Any]]) -> Insert:
    names = [column.name for column in table.columns if column.name != "id"]
    source = select(*(changed.get(name, table.c[name]) for name in names)).where(condition)
    return insert(table).from_select(names, source)
