"""Every statement about uploads and the queue in which they wait. The caller opens the transaction."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import Connection, Row, func, insert, select, text, update

from geoportal.database import tables
from geoportal.states import UNREAD, State, require

QUEUE: Final = "uploads"
TASK: Final = "process"
PARALLEL: Final = 2  # that a worker reads at the same time


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent in. `ags` is whose delivery it is, as far as was said; `percent` counts rough steps.

    `delivered_by` is an account of the desk, None for the operator, whose deliveries are published at once.
    """

    id: int
    sha256: str
    filename: str
    size: int
    ags: str | None
    state: State
    step: str
    percent: int
    attempts: int
    fault_code: str | None
    fault: str | None
    delivery_id: int | None
    job_id: int | None
    delivered_by: int | None
    submitted_by: int | None
    publish_on: date | None
    received_at: datetime
    changed_at: datetime

    @property
    def is_unread(self) -> bool:
        return self.state in UNREAD


_COLUMNS: Final = [tables.upload.c[item.name] for item in fields(Upload)]


def add(
    connection: Connection, sha256: str, filename: str, size: int, ags: str | None, delivered_by: int | None = None
) -> int:
    """A new upload with its job, both or neither; returns the upload's id.

    Jobs of one Gemeinde run one after the other in the order of their arrival; so do those that name none.
    """
    row = insert(tables.upload).values(sha256=sha256, filename=filename, size=size, ags=ags, delivered_by=delivered_by)
    upload: int = connection.execute(row.returning(tables.upload.c.id)).scalar_one()
    queue = App(connector=SyncPsycopgConnector())
    deferrer = queue.configure_task(
        TASK, queue=QUEUE, lock=f"gemeinde:{ags or ''}", connection=connection.connection.driver_connection
    )
    job = deferrer.defer(upload=upload)
    connection.execute(update(tables.upload).where(tables.upload.c.id == upload).values(job_id=job))
    return upload


def cancel_job(connection: Connection, upload: Upload) -> None:
    """Takes the job out of the queue, or tells the worker that runs it."""
    connection.execute(text("SELECT procrastinate_cancel_job_v1(:job, true, false)"), {"job": upload.job_id})


def lock(connection: Connection, upload: int) -> Upload | None:
    """The upload, held until the end of the transaction: whoever changes it compares its state first."""
    row = connection.execute(select(*_COLUMNS).where(tables.upload.c.id == upload).with_for_update()).first()
    return None if row is None else _upload(row)


def move(connection: Connection, upload: Upload, state: State, **values: Any) -> None:
    """Brings a locked upload into a state, with other columns that change. Raises IllegalTransition."""
    require(upload.state, state)
    _update(connection, upload.id, state=state.value, **values)


def tell(connection: Connection, upload: int, step: str, percent: int) -> None:
    """How far an upload has come that is being checked."""
    _update(connection, upload, only=State.CHECKING, step=step, percent=percent)


def latest(connection: Connection, limit: int) -> list[Upload]:
    """The newest uploads, newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(tables.upload.c.id.desc()).limit(limit))
    return [_upload(row) for row in rows]


def keep_report(connection: Connection, upload: int, kind: str, sha256: str, size: int) -> None:
    """One form of what was found: json, html or gpkg, a file of the archive."""
    connection.execute(_KEEP_REPORT, {"upload": upload, "kind": kind, "sha256": sha256, "size": size})


_KEEP_REPORT: Final = text("""
    INSERT INTO desk.report (upload_id, kind, sha256, size) VALUES (:upload, :kind, :sha256, :size)
    ON CONFLICT (upload_id, kind) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size""")


def unreferenced(connection: Connection, digests: Collection[str]) -> set[str]:
    """Those of the digests that no table names."""
    return set(digests) - referenced(connection)


def referenced(connection: Connection) -> set[str]:
    """The digests that any table names. Asks the database which tables could: a new one must not be missed."""
    found = connection.execute(
        text("""
            SELECT format('SELECT %I AS digest FROM %I.%I', column_name, table_schema, table_name)
            FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
            WHERE table_schema IN ('plans', 'desk') AND table_type = 'BASE TABLE' AND column_name LIKE '%sha256'""")
    ).scalars()
    named = connection.execute(
        text(f"SELECT DISTINCT digest FROM ({' UNION ALL '.join(found)}) AS named WHERE digest IS NOT NULL")  # noqa: S608
    ).scalars()
    return set(named)


def _update(connection: Connection, upload: int, only: State | None = None, **values: Any) -> None:
    statement = update(tables.upload).where(tables.upload.c.id == upload)
    if only is not None:
        statement = statement.where(tables.upload.c.state == only.value)
    connection.execute(statement.values(changed_at=func.now(), **values))


def _upload(row: Row[Any]) -> Upload:
    return Upload(**(row._asdict() | {"state": State(row.state)}))
