"""Reading a plan file, and what would come of it; nothing is kept."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final
from uuid import UUID

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from geoportal import published, sandbox, store
from geoportal.database.tables import SRID
from geoportal.operations.outcomes import Delivery, NotFound, Outcome
from plans_ingest import Batch, Plan
from plans_ingest.export import xplangml
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Issue, Level

_LONGEST_NAME: Final = 100  # characters


def inspect(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Delivery:
    """Reads a plan file and says what would come of it; keeps nothing. Raises PlanFileError."""
    return preview(examine(file, gemeinde, schemas=schemas))


def examine(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Batch:
    """Reads and checks a plan file; its attachments are gone when this returns. Raises PlanFileError."""
    with reading(file, gemeinde, schemas) as batch:
        return batch


def export(
    file: Path, folder: Path, gemeinde: Gemeinde | None = None, *, delivered_names: bool = False
) -> Iterator[tuple[Plan, Path, tuple[Issue, ...]]]:
    """Writes each plan of a file as XPlanGML 6.0; the issues are what 6.0 cannot take. Raises PlanFileError.

    A plan's file is called by its id, with `delivered_names` like the file that it came with.
    """
    for plan in examine(file, gemeinde).plans:
        yield plan, *_exported(plan, plan.id, folder, file.name if delivered_names else None)


def export_public(
    engine: Engine, plan_id: UUID, folder: Path, *, delivered_names: bool = False
) -> tuple[Plan, Path, tuple[Issue, ...]]:
    """The same for a plan of the portal, as it is public now. Raises NotFound."""
    with engine.connect() as connection:
        fassung = published.public_fassung(connection, plan_id)
        if fassung is None:
            raise NotFound(str(plan_id))
        delivered = store.delivered_name(connection, fassung.id) if delivered_names else None
    with published.whole_plan(engine, fassung.id) as plan:
        if plan is None:
            raise NotFound(str(plan_id))
        return plan, *_exported(plan, plan_id, folder, delivered)


def _exported(plan: Plan, plan_id: UUID, folder: Path, delivered: str | None) -> tuple[Path, tuple[Issue, ...]]:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{plan_id}.gml" if delivered is None else _free(folder, delivered)
    with target.open("wb") as out:
        return target, xplangml.write(plan, out, SRID)


def _free(folder: Path, delivered: str) -> Path:
    """A file that is not there yet, called like a delivered one: of its name the letters that every system takes."""
    stem = PurePosixPath(delivered.replace("\\", "/")).stem
    stem = re.sub(r"[^\w ().+-]", "_", stem).strip(" .")[:_LONGEST_NAME] or "plan"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    return next(path for name in names if not (path := folder / f"{name}.gml").exists())


def preview(batch: Batch) -> Delivery:
    """What would come of a batch."""
    levels = batch.report.levels
    outcomes = [
        Outcome(p.id, p.name, None, is_new=True, is_published=is_publishable(p), levels=levels.get(str(p.id), ""))
        for p in batch.plans
    ]
    return Delivery(batch.report, tuple(outcomes))


def is_publishable(plan: Plan) -> bool:
    return plan.level is Level.PUBLISHABLE


@contextmanager
def reading(
    file: Path,
    gemeinde: Gemeinde | None,
    schemas: Path | None = None,
    grenzen: Mapping[str, BaseGeometry] = MappingProxyType({}),
) -> Iterator[Batch]:
    """Reads a file in a process of its own; its attachments stay as long as the context. Raises PlanFileError."""
    with tempfile.TemporaryDirectory(prefix="geoportal-") as folder:
        workdir = Path(folder)
        yield sandbox.read(file, file.name, workdir=workdir, gemeinde=gemeinde, schemas=schemas, grenzen=grenzen)


def official_grenzen(engine: Engine) -> dict[str, BaseGeometry]:
    with engine.connect() as connection:
        return store.official_grenzen(connection)
