"""The verbs of the house. Web, command line and jobs call these and nothing below them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from geoportal import layer_tables, store
from geoportal.archive import Archive, sha256_of
from geoportal.catalogue import all_layers
from geoportal.database.tables import SRID
from geoportal.layer_tables import Synced
from plans_ingest import Batch, Plan, Report, ingest
from plans_ingest.gemeinden import Gemeinde, all_gemeinden
from plans_ingest.model import Level


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one plan of a delivery. `version` is None in a dry run."""

    id: UUID
    name: str | None
    version: int | None
    is_new: bool
    is_published: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one delivered file."""

    report: Report
    outcomes: tuple[Outcome, ...]


def prepare(engine: Engine) -> None:
    """Code tables and Gemeinden, after each migration."""
    with engine.begin() as connection:
        store.save_codes(connection, all_gemeinden())


def sync_layers(engine: Engine, home: Path) -> list[Synced]:
    """Every thematic layer anew from its source; a layer whose source fails keeps its old rows and says why."""
    return layer_tables.sync_layers(engine, all_layers(home / "layers"), home)


def inspect(file: Path, gemeinde: Gemeinde | None = None) -> Delivery:
    """Reads a plan file and says what would come of it; keeps nothing. Raises PlanFileError."""
    with _reading(file, gemeinde) as batch:
        outcomes = [Outcome(p.id, p.name, None, is_new=True, is_published=_is_publishable(p)) for p in batch.plans]
        return Delivery(batch.report, tuple(outcomes))


def deliver(engine: Engine, archive: Archive, file: Path, gemeinde: Gemeinde | None = None) -> Delivery:
    """Reads a plan file, keeps the original, saves what is new as versions and publishes those that can be (level B).

    One transaction: the file is taken over whole or not at all. The same content again changes nothing.
    Raises PlanFileError; then nothing was kept.
    """
    with _reading(file, gemeinde) as batch:
        sha256 = sha256_of(file)
        files = {item.name: (archive.put(item.path), item) for item in batch.attachments}
        archive.put(file)
        with engine.begin() as connection:
            before = {plan.id: store.latest_version(connection, plan) for plan in sorted(batch.plans, key=_by_id)}
            changed = {p.id for p in batch.plans if (known := before[p.id]) is None or known[1] != p.fingerprint()}
            delivery = None
            if changed or not store.is_delivered(connection, sha256):
                delivery = store.save_delivery(connection, sha256, batch.report)
            outcomes = []
            for plan in batch.plans:
                known = before[plan.id]
                publishable = _is_publishable(plan)
                if delivery is None or plan.id not in changed:
                    number = None if known is None else known[0]
                    outcomes.append(Outcome(plan.id, plan.name, number, is_new=False, is_published=publishable))
                    continue
                version, number = store.save_version(connection, delivery, plan, files)
                if publishable:
                    store.publish_version(connection, plan.id, version)
                outcomes.append(Outcome(plan.id, plan.name, number, is_new=True, is_published=publishable))
        return Delivery(batch.report, tuple(outcomes))


@contextmanager
def _reading(file: Path, gemeinde: Gemeinde | None) -> Iterator[Batch]:
    with tempfile.TemporaryDirectory(prefix="geoportal-") as workdir:
        yield ingest(file, Path(workdir), srid=SRID, gemeinde=gemeinde)


def _by_id(plan: Plan) -> UUID:
    # Plans are locked in one order by everybody, so that two deliveries cannot wait for each other in a circle.
    return plan.id


def _is_publishable(plan: Plan) -> bool:
    return plan.level is Level.PUBLISHABLE
