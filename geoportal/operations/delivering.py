"""A plan file taken over, whole or not at all: who is who, what is new, what is public then."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine

from geoportal import store
from geoportal.archive import Archive
from geoportal.editing import carrying
from geoportal.editing.profiles import with_profile
from geoportal.operations.outcomes import Delivery, EndingsChanged, Outcome
from geoportal.operations.trying import is_publishable, official_grenzen, reading
from plans_ingest import Batch, Plan, Report
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Attachment, Issue, Severity, Where


def deliver(
    engine: Engine,
    archive: Archive,
    file: Path,
    gemeinde: Gemeinde | None = None,
    *,
    complete: Collection[UUID] | None = None,
    schemas: Path | None = None,
) -> Delivery:
    """Reads a plan file, keeps the original, saves what is new as versions and publishes those that can be (level B).

    One transaction: the file is taken over whole or not at all. The same content again changes nothing.
    A delivery is partial unless `complete` says otherwise: the addresses of the plans that the planner has seen will
    end, because the file is the whole stock of its Gemeinden and they are not in it.
    Raises PlanFileError, or EndingsChanged when other plans would end than those; then nothing was kept.
    """
    with reading(file, with_profile(engine, gemeinde), schemas, official_grenzen(engine)) as batch:
        sha256 = archive.put(file)
        files = archived(archive, batch)
        with engine.begin() as connection:
            return take_over(connection, sha256, batch, files, complete)[0]


def endings(engine: Engine, file: Path, gemeinde: Gemeinde | None = None) -> dict[UUID, str]:
    """The public plans that would end if this file were the whole stock of the Gemeinden and Planwerke in it."""
    with (
        reading(file, with_profile(engine, gemeinde)) as batch,
        engine.connect() as connection,
        connection.begin() as trial,
    ):
        addresses = _claim(connection, batch.plans)
        found = _endings(connection, [(addresses[plan.schluessel], plan) for plan in batch.plans])
        trial.rollback()
        return found


def archived(archive: Archive, batch: Batch) -> dict[str, tuple[str, Attachment]]:
    """Files the attachments; before the transaction, because it takes long and does no harm if nothing follows."""
    return {item.name: (archive.put(item.path), item) for item in batch.attachments}


def take_over(
    connection: Connection,
    sha256: str,
    batch: Batch,
    files: Mapping[str, tuple[str, Attachment]],
    complete: Collection[UUID] | None = None,
    *,
    publish: bool = True,
) -> tuple[Delivery, int | None]:
    """Saves what is new and publishes it, or leaves it in review; also returns the id of the delivery.

    That is None where nothing was new and nobody waits for a report.
    """
    # Claimed in one order by everybody, so that two deliveries cannot wait for each other in a circle.
    addresses = _claim(connection, batch.plans)
    plans = [(addresses[plan.schluessel], plan) for plan in batch.plans]
    before = {address: store.latest_version(connection, address) for address, _ in plans}
    prints = {address: plan.fingerprint() for address, plan in plans}
    changed = {a for a, fingerprint in prints.items() if (known := before[a]) is None or known[1] != fingerprint}
    # asked before anything is saved: two plans of one delivery are no renaming of each other
    similar = {a: store.similar_plans(connection, plan, a) for a, plan in plans if before[a] is None}
    digests = {name: digest for name, (digest, _) in files.items()}
    carried = {a: carrying.weigh(connection, a, plan, digests) for a, plan in plans if a in changed and before[a]}
    report = _with_questions(batch.report, plans, similar)
    told = [issue for a, plan in plans if (kept := carried.get(a)) for issue in kept.issues(report.file, plan)]
    report = replace(report, issues=(*report.issues, *told))
    delivery = None
    if changed or not publish or not store.is_delivered(connection, sha256):
        delivery = store.save_delivery(connection, sha256, report)
    outcomes = []
    for address, plan in plans:
        known, publishable = before[address], is_publishable(plan)
        levels = batch.report.levels.get(str(plan.id), "")
        if delivery is None or address not in changed:
            number = None if known is None else known[0]
            outcomes.append(Outcome(address, plan.name, number, is_new=False, is_published=publishable, levels=levels))
            continue
        version, number = store.save_version(connection, delivery, address, plan, prints[address], files, levels)
        if (kept := carried.get(address)) is not None:
            carrying.carry(connection, version, kept)
        if publishable and publish:
            store.publish_version(connection, address, version)
        outcome = Outcome(address, plan.name, number, is_new=True, is_published=publishable, levels=levels)
        outcomes.append(replace(outcome, similar=tuple(similar.get(address, ()))))
    ended: dict[UUID, str] = {}
    if complete is not None:
        ended = _endings(connection, plans)
        if set(ended) != set(complete):
            raise EndingsChanged(ended)
        for address in ended:
            store.end_publication(connection, address, "superseded", f"not in the complete delivery {sha256}")
    return Delivery(report, tuple(outcomes), ended), delivery


def _with_questions(
    report: Report, plans: Sequence[tuple[UUID, Plan]], similar: Mapping[UUID, Sequence[UUID]]
) -> Report:
    """The report with a finding for each new plan that may be a known one: a delivery in the background asks, too."""
    asked = tuple(
        Issue(
            "plan_renamed_perhaps",
            Severity.WARNING,
            Where(report.file, f"{plan.planwerk.value}_Plan", plan.gml_id),
            f"/plan/{address} = /plan/{other}",
            plan.gml_id,
        )
        for address, plan in plans
        for other in similar.get(address, ())
    )
    return replace(report, issues=(*report.issues, *asked))


def _claim(connection: Connection, plans: Sequence[Plan]) -> dict[str, UUID]:
    """Address by natural key; no two plans of a delivery get the same one, whatever their internalIds say."""
    addresses: dict[str, UUID] = {}
    keys = {plan.schluessel for plan in plans}
    internal_ids = Counter(plan.internal_id for plan in plans)
    for plan in sorted(plans, key=lambda plan: plan.schluessel):
        if internal_ids[plan.internal_id] > 1:
            plan = replace(plan, internal_id=None)
        addresses[plan.schluessel] = store.claim_plan(connection, plan, keys - {plan.schluessel})
    return addresses


def _endings(connection: Connection, plans: Sequence[tuple[UUID, Plan]]) -> dict[UUID, str]:
    ags = {plan.ags for _, plan in plans if plan.ags}
    public = store.public_plans(connection, ags, {plan.planwerk.value for _, plan in plans})
    delivered = {address for address, _ in plans}
    return {address: name for address, name in public.items() if address not in delivered}
