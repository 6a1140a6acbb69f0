"""The verbs of the house. Web, command line and jobs call these and nothing below them."""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine

from geoportal import layer_tables, store
from geoportal.archive import Archive, sha256_of
from geoportal.catalogue import all_layers
from geoportal.database.tables import SRID
from geoportal.layer_tables import Synced
from plans_ingest import Batch, Plan, Report, ingest
from plans_ingest.gemeinden import Gemeinde, all_gemeinden
from plans_ingest.model import Level


class NotFound(Exception):
    """There is no such plan, or no such version of it."""


class EndingsChanged(Exception):
    """The plans that a complete delivery would end are not the ones that were shown to the planner."""

    def __init__(self, endings: Mapping[UUID, str]) -> None:
        super().__init__(", ".join(endings.values()))
        self.endings = endings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one plan of a delivery. `version` is None in a dry run.

    `similar` are public plans that may be this one under another name: a question to the planner, answered by merge().
    """

    id: UUID
    name: str | None
    version: int | None
    is_new: bool
    is_published: bool
    similar: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one delivered file. `ended` are the plans that a complete delivery ended, by name."""

    report: Report
    outcomes: tuple[Outcome, ...]
    ended: Mapping[UUID, str] = field(default_factory=dict)


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


def deliver(
    engine: Engine,
    archive: Archive,
    file: Path,
    gemeinde: Gemeinde | None = None,
    *,
    complete: Collection[UUID] | None = None,
) -> Delivery:
    """Reads a plan file, keeps the original, saves what is new as versions and publishes those that can be (level B).

    One transaction: the file is taken over whole or not at all. The same content again changes nothing.
    A delivery is partial unless `complete` says otherwise: the addresses of the plans that the planner has seen will
    end, because the file is the whole stock of its Gemeinden and they are not in it.
    Raises PlanFileError, or EndingsChanged when other plans would end than those; then nothing was kept.
    """
    with _reading(file, gemeinde) as batch:
        sha256 = sha256_of(file)
        files = {item.name: (archive.put(item.path), item) for item in batch.attachments}
        archive.put(file)
        with engine.begin() as connection:
            # Claimed in one order by everybody, so that two deliveries cannot wait for each other in a circle.
            addresses = {
                plan.schluessel: store.claim_plan(connection, plan)
                for plan in sorted(batch.plans, key=lambda plan: plan.schluessel)
            }
            plans = [(addresses[plan.schluessel], plan) for plan in batch.plans]
            before = {address: store.latest_version(connection, address) for address, _ in plans}
            changed = {a for a, plan in plans if (known := before[a]) is None or known[1] != plan.fingerprint()}
            delivery = None
            if changed or not store.is_delivered(connection, sha256):
                delivery = store.save_delivery(connection, sha256, batch.report)
            outcomes = []
            for address, plan in plans:
                known, publishable = before[address], _is_publishable(plan)
                if delivery is None or address not in changed:
                    number = None if known is None else known[0]
                    outcomes.append(Outcome(address, plan.name, number, is_new=False, is_published=publishable))
                    continue
                similar = store.similar_plans(connection, plan, address) if known is None else []
                version, number = store.save_version(connection, delivery, address, plan, files)
                if publishable:
                    store.publish_version(connection, address, version)
                outcomes.append(
                    Outcome(address, plan.name, number, is_new=True, is_published=publishable, similar=tuple(similar))
                )
            ended: dict[UUID, str] = {}
            if complete is not None:
                ended = _endings(connection, plans)
                if set(ended) != set(complete):
                    raise EndingsChanged(ended)
                for address in ended:
                    store.end_publication(connection, address, "superseded", f"not in the complete delivery {sha256}")
        return Delivery(batch.report, tuple(outcomes), ended)


def endings(engine: Engine, file: Path, gemeinde: Gemeinde | None = None) -> dict[UUID, str]:
    """The public plans that would end if this file were the whole stock of the Gemeinden and Planwerke in it."""
    with _reading(file, gemeinde) as batch, engine.connect() as connection, connection.begin() as trial:
        plans = [(store.claim_plan(connection, plan), plan) for plan in sorted(batch.plans, key=lambda p: p.schluessel)]
        found = _endings(connection, plans)
        trial.rollback()
        return found


def _endings(connection: Connection, plans: Sequence[tuple[UUID, Plan]]) -> dict[UUID, str]:
    ags = {plan.ags for _, plan in plans if plan.ags}
    public = store.public_plans(connection, ags, {plan.planwerk.value for _, plan in plans})
    delivered = {address for address, _ in plans}
    return {address: name for address, name in public.items() if address not in delivered}


def withdraw(engine: Engine, address: UUID, reason: str) -> None:
    """Takes a plan from the public; its versions are kept. Raises NotFound if it is not public."""
    with engine.begin() as connection:
        if not store.end_publication(connection, address, "withdrawn", reason):
            raise NotFound(str(address))


def restore(engine: Engine, address: UUID, number: int, reason: str) -> None:
    """Publishes an earlier version once more, as a new version. Raises NotFound."""
    with engine.begin() as connection:
        version = store.restore_version(connection, address, number, reason)
        if version is None:
            raise NotFound(f"{address}, {number}")
        store.publish_version(connection, address, version)


def merge(engine: Engine, address: UUID, into: UUID) -> None:
    """Two addresses were one plan under two names: the first one's versions go on the second, its address leads there.

    Raises NotFound when one of them is no plan.
    """
    with engine.begin() as connection:
        if address == into or not store.are_plans(connection, (address, into)):
            raise NotFound(f"{address}, {into}")
        store.merge_plans(connection, address, into)


@contextmanager
def _reading(file: Path, gemeinde: Gemeinde | None) -> Iterator[Batch]:
    with tempfile.TemporaryDirectory(prefix="geoportal-") as workdir:
        yield ingest(file, Path(workdir), srid=SRID, gemeinde=gemeinde)


def _is_publishable(plan: Plan) -> bool:
    return plan.level is Level.PUBLISHABLE
