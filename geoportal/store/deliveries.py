"""Delivered files and what was found in them."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, insert, select

from geoportal.database import tables
from geoportal.store.content import element
from plans_ingest.model import Issue, Report


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


def delivered_name(connection: Connection, version: int) -> str:
    """What the file was called with which a version (by its id) came."""
    delivery, table = tables.delivery, tables.version
    name = select(delivery.c.filename).join(table, table.c.delivery_id == delivery.c.id).where(table.c.id == version)
    return str(connection.execute(name).scalar_one())


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
        "geom": element(issue.geometry),
    }
