"""The diary of what operators and their timers do: begun, ended, what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from geoportal.database.tables import maintenance


@contextmanager
def recorded(engine: Engine, task: str) -> Iterator[dict[str, Any]]:
    """A row from the beginning on; what the caller puts into the dictionary is kept with it.

    `fault` in the dictionary, or an exception, makes it one that failed.
    """
    with engine.begin() as connection:
        number = connection.execute(insert(maintenance).values(task=task).returning(maintenance.c.id)).scalar_one()
    detail: dict[str, Any] = {}
    try:
        yield detail
    except BaseException as fault:
        detail.setdefault("fault", str(fault) or type(fault).__name__)
        raise
    finally:
        told = detail.pop("fault", None)
        with engine.begin() as connection:
            connection.execute(
                update(maintenance)
                .where(maintenance.c.id == number)
                .values(finished_at=func.now(), fault=None if told is None else told[:500], detail=detail)
            )


def restored(engine: Engine, snapshot: str) -> None:
    """The restore that has just succeeded: a row from its beginning on would not have outlived it.

    The diary that it brought back was saved while that backup, its newest, was under way.
    """
    detail = {"snapshot": snapshot}
    with engine.begin() as connection:
        newest = select(func.max(maintenance.c.id)).where(maintenance.c.task == "backup").scalar_subquery()
        connection.execute(
            update(maintenance)
            .where(maintenance.c.id == newest, maintenance.c.finished_at.is_(None))
            .values(finished_at=maintenance.c.started_at, detail=detail)
        )
        connection.execute(insert(maintenance).values(task="restore", finished_at=func.now(), detail=detail))
