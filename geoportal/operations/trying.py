"""Reading a plan file, and what would come of it; nothing is kept."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
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


def inspect(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Delivery:
    """Reads a plan file and says what would come of it; keeps nothing. Raises PlanFileError."""
    return preview(examine(file, gemeinde, schemas=schemas))


def examine(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Batch:
    """Reads and checks a plan file; its attachments are gone when this returns. Raises PlanFileError."""
    with reading(file, gemeinde, schemas) as batch:
        return batch


def export(
    file: Path, folder: Path, gemeinde: Gemeinde | None = None
) -> Iterator[tuple[Plan, Path, tuple[Issue, ...]]]:
    """Writes each plan of a file as XPlanGML 6.0; the issues are what 6.0 cannot take. Raises PlanFileError."""
    for plan in examine(file, gemeinde).plans:
        yield plan, *_exported(plan, plan.id, folder)


def export_public(engine: Engine, plan_id: UUID, folder: Path) -> tuple[Plan, Path, tuple[Issue, ...]]:
    """The same for a plan of the portal, as it is public now. Raises NotFound."""
    with engine.connect() as connection:
        fassung = published.public_fassung(connection, plan_id)
    if fassung is None:
        raise NotFound(str(plan_id))
    with published.whole_plan(engine, fassung.id) as plan:
        if plan is None:
            raise NotFound(str(plan_id))
        return plan, *_exported(plan, plan_id, folder)


def _exported(plan: Plan, name: UUID, folder: Path) -> tuple[Path, tuple[Issue, ...]]:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.gml"
    with target.open("wb") as out:
        return target, xplangml.write(plan, out, SRID)


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
