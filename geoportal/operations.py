"""The verbs of the house. Web, command line and jobs call these and nothing below them."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from geoportal import layers, sandbox, store, uploads
from geoportal.accounts import forgetting
from geoportal.archive import Archive
from geoportal.catalogue import Layer, Reason, Shelf, read_layer
from geoportal.database import SchemaError, check_schema
from geoportal.database.tables import SRID
from geoportal.layers import LayerState, Places, Synced
from geoportal.sandbox import ReadingCancelled
from geoportal.settings import Settings
from geoportal.states import State
from geoportal.uploads import Upload
from plans_ingest import Batch, Plan, PlanFileError, Report, reports
from plans_ingest.errors import ForeignPlans, Limit, ResourceExceeded
from plans_ingest.export import xplangml
from plans_ingest.gemeinden import Gemeinde, all_gemeinden, gemeinde_of
from plans_ingest.model import Attachment, Issue, Level, Severity, Where

MAX_ATTEMPTS: Final = 5
_POISON: Final = (
    f"Das Lesen ist {MAX_ATTEMPTS}-mal abgebrochen, ohne dass die Datei einen Fehler meldete; bitte den Betrieb fragen "
    f"/ reading ended {MAX_ATTEMPTS} times without a fault of the file; ask the operator"
)


class NotFound(Exception):
    """There is no such plan, no such version of it, or no such upload."""


class NotMergeable(Exception):
    """The two addresses cannot be one plan."""


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
    levels: str = ""


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


def sync_layers(
    engine: Engine, settings: Settings, names: Collection[str] = (), *, again: bool = False
) -> list[Synced]:
    """Thematic layers (all, or these) in step with their sources; one that fails keeps its old rows and says why."""
    shelf = Shelf(settings.home / "layers")
    shelf.look()
    if unknown := sorted(set(names) - shelf.layers.keys() - shelf.faults.keys()):
        raise NotFound(", ".join(unknown))
    results = []
    for name in sorted(shelf.layers.keys() | shelf.faults.keys()):
        if names and name not in names:
            continue
        if (fault := shelf.faults.get(name)) is not None:
            with engine.begin() as connection:
                layers.tell_fault(connection, name, Reason.MANIFEST, str(fault))
            results.append(Synced(name, None, fault=str(fault)))
        elif (layer := shelf.layers[name]).source.view is None:
            results.append(layers.sync(engine, layer, Places.of(settings), again=again))
    return results


def check_layer(settings: Settings, layer: Layer) -> Synced:
    """What a sync of the layer would read and say; nothing is kept of it."""
    return layers.check(layer, Places.of(settings))


def list_layers(engine: Engine, settings: Settings) -> list[tuple[str | None, LayerState]]:
    """Every thematic layer with its German title, None where its folder is gone."""
    shelf = Shelf(settings.home / "layers")
    shelf.look()
    with engine.connect() as connection:
        known = {state.layer: state for state in layers.states(connection)}
    titles = {name: layer.title.de for name, layer in shelf.layers.items() if layer.source.view is None}
    titles |= {name: name for name in shelf.faults}
    return [
        (titles.get(name), known.get(name) or LayerState.unknown(name)) for name in sorted(titles.keys() | known.keys())
    ]


def remove_layer(engine: Engine, settings: Settings, name: str) -> None:
    """The layer's folder first, so that nobody makes its table again. Raises NotFound."""
    folder = settings.home / "layers" / name
    with engine.begin() as connection:
        is_known = any(state.layer == name for state in layers.states(connection))
        if not is_known and not folder.is_dir():
            raise NotFound(name)
        if folder.is_dir():
            if read_layer(folder).source.view is not None:
                raise NotFound(f"{name}: gehört zum Portal / belongs to the portal")
            shutil.rmtree(folder)
        layers.remove(connection, name)


def check(engine: Engine, home: Path) -> None:
    """That the database has all that the services ask it for. Raises SchemaError.

    A layer whose manifest is broken is told of in its state; the portal starts without it.
    """
    check_schema(engine)
    shelf = Shelf(home / "layers")
    shelf.look()
    if missing := layers.without_view(engine, shelf.layers.values()):
        raise SchemaError(
            f"Diese Layer sind noch nicht geladen: {', '.join(missing)}. `geoportal layers sync` ausführen. "
            "/ Layers not loaded yet: run `geoportal layers sync`."
        )


def inspect(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Delivery:
    """Reads a plan file and says what would come of it; keeps nothing. Raises PlanFileError."""
    return preview(examine(file, gemeinde, schemas=schemas))


def examine(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Batch:
    """Reads and checks a plan file; its attachments are gone when this returns. Raises PlanFileError."""
    with _reading(file, gemeinde, schemas) as batch:
        return batch


def export(
    file: Path, folder: Path, gemeinde: Gemeinde | None = None
) -> Iterator[tuple[Plan, Path, tuple[Issue, ...]]]:
    """Writes each plan of a file as XPlanGML 6.0; the issues are what 6.0 cannot take. Raises PlanFileError."""
    plans = examine(file, gemeinde).plans
    folder.mkdir(parents=True, exist_ok=True)
    for plan in plans:
        target = folder / f"{plan.id}.gml"
        with target.open("wb") as out:
            issues = xplangml.write(plan, out, SRID)
        yield plan, target, issues


def preview(batch: Batch) -> Delivery:
    """What would come of a batch."""
    levels = batch.report.levels
    outcomes = [
        Outcome(p.id, p.name, None, is_new=True, is_published=_is_publishable(p), levels=levels.get(str(p.id), ""))
        for p in batch.plans
    ]
    return Delivery(batch.report, tuple(outcomes))


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
    with _reading(file, gemeinde, schemas, _grenzen(engine)) as batch:
        sha256 = archive.put(file)
        files = _archived(archive, batch)
        with engine.begin() as connection:
            return _take_over(connection, sha256, batch, files, complete)[0]


def _archived(archive: Archive, batch: Batch) -> dict[str, tuple[str, Attachment]]:
    """Files the attachments; before the transaction, because it takes long and does no harm if nothing follows."""
    return {item.name: (archive.put(item.path), item) for item in batch.attachments}


def _take_over(
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
    changed = {a for a, plan in plans if (known := before[a]) is None or known[1] != plan.fingerprint()}
    # asked before anything is saved: two plans of one delivery are no renaming of each other
    similar = {a: store.similar_plans(connection, plan, a) for a, plan in plans if before[a] is None}
    report = _with_questions(batch.report, plans, similar)
    delivery = None
    if changed or not publish or not store.is_delivered(connection, sha256):
        delivery = store.save_delivery(connection, sha256, report)
    outcomes = []
    for address, plan in plans:
        known, publishable = before[address], _is_publishable(plan)
        levels = batch.report.levels.get(str(plan.id), "")
        if delivery is None or address not in changed:
            number = None if known is None else known[0]
            outcomes.append(Outcome(address, plan.name, number, is_new=False, is_published=publishable, levels=levels))
            continue
        version, number = store.save_version(connection, delivery, address, plan, files)
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


def endings(engine: Engine, file: Path, gemeinde: Gemeinde | None = None) -> dict[UUID, str]:
    """The public plans that would end if this file were the whole stock of the Gemeinden and Planwerke in it."""
    with _reading(file, gemeinde) as batch, engine.connect() as connection, connection.begin() as trial:
        addresses = _claim(connection, batch.plans)
        found = _endings(connection, [(addresses[plan.schluessel], plan) for plan in batch.plans])
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

    Raises NotMergeable when one of them is no plan, was merged before, or they are of two Gemeinden or Planwerke.
    """
    with engine.begin() as connection:
        if not store.are_mergeable(connection, address, into):
            raise NotMergeable(f"{address}, {into}")
        store.merge_plans(connection, address, into)


def receive(engine: Engine, archive: Archive, file: Path, gemeinde: Gemeinde | None = None) -> int:
    """Keeps the file and queues it to be read in the background; returns the number of the upload."""
    sha256 = archive.put(file)
    with engine.begin() as connection:
        ags = None if gemeinde is None else gemeinde.ags
        return uploads.add(connection, sha256, file.name, file.stat().st_size, ags)


def process(
    engine: Engine,
    archive: Archive,
    upload_id: int,
    *,
    schemas: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Reads an upload and takes it over, as deliver() does; what stands in the way is told in its row.

    Killed at any point, it has changed nothing or everything, and may be called again; so it may be called twice at
    once: whoever commits first wins. Raises NotFound, ReadingCancelled when `cancelled()` becomes true, and
    ResourceExceeded when the reading was ended from outside: then it is worth another try.
    """
    upload = _begin(engine, upload_id)
    if upload is None:
        return
    gemeinde = None if upload.ags is None else gemeinde_of(upload.ags)
    try:
        with archive.scratch() as workdir:
            batch = sandbox.read(
                archive.path(upload.sha256), upload.filename,
                workdir=workdir, gemeinde=gemeinde, schemas=schemas, grenzen=_grenzen(engine), cancelled=cancelled,
            )  # fmt: skip
            with engine.begin() as connection:
                uploads.tell(connection, upload_id, "saving", 70)
            if upload.delivered_by is not None:
                _require_own_plans(batch, upload)
            files = _archived(archive, batch)
            told = _archived_reports(archive, batch)
            with engine.begin() as connection:
                held = uploads.lock(connection, upload_id)
                if held is not None and held.state is State.CHECKING:
                    is_direct = upload.delivered_by is None
                    delivery, number = _take_over(connection, upload.sha256, batch, files, publish=is_direct)
                    is_public = is_direct and any(o.is_published for o in delivery.outcomes)
                    state = State.PUBLISHED if is_public else State.CHECKED
                    uploads.move(connection, held, state, step="done", percent=100, delivery_id=number)
                    for kind, (digest, size) in told.items():
                        uploads.keep_report(connection, upload_id, kind, digest, size)
    except ReadingCancelled:
        # Stopped in good order, which is no attempt; a withdrawn upload stays withdrawn.
        _leave(engine, upload_id, State.RECEIVED, step="waiting", percent=0, attempts=upload.attempts - 1)
        raise
    except PlanFileError as fault:
        if isinstance(fault, ResourceExceeded) and fault.limit is Limit.KILLED:
            raise
        code = fault.limit.value if isinstance(fault, ResourceExceeded) else type(fault).__name__
        _leave(engine, upload_id, State.FAILED, step="done", percent=100, fault_code=code, fault=str(fault))


def cancel(engine: Engine, upload_id: int) -> None:
    """Takes back an upload that waits or is being read. Raises NotFound, IllegalTransition when it is too late."""
    with engine.begin() as connection:
        upload = uploads.lock(connection, upload_id)
        if upload is None:
            raise NotFound(f"Lieferung {upload_id}")
        uploads.move(connection, upload, State.WITHDRAWN, step="done")
        uploads.cancel_job(connection, upload)


def latest_uploads(engine: Engine, limit: int = 50) -> list[Upload]:
    with engine.connect() as connection:
        return uploads.latest(connection, limit)


def sweep(engine: Engine, archive: Archive, seconds: float = 86_400) -> int:
    """Removes files of the archive that no row names and nobody has put for a day; returns how many."""
    old = archive.older_than(seconds)
    with engine.connect() as connection:
        orphans = uploads.unreferenced(connection, old)
    for digest in orphans:
        archive.remove(digest, seconds)
    return len(orphans) + archive.sweep(seconds)


def forget(engine: Engine, transfers: Path, now: datetime, seconds: float = 2 * 86_400) -> int:
    """Removes what the desk no longer needs: sessions that ended, links, files whose transfer nobody went on with."""
    with engine.begin() as connection:
        count = forgetting.forget(connection, now)
    old = [file for file in transfers.glob("*") if file.stat().st_mtime < now.timestamp() - seconds]
    for file in old:
        file.unlink(missing_ok=True)
    return count + len(old)


def _require_own_plans(batch: Batch, upload: Upload) -> None:
    """Who delivers for a Gemeinde delivers her plans and no others. Raises ForeignPlans."""
    foreign = [plan for plan in batch.plans if plan.ags != upload.ags]
    if foreign:
        names = ", ".join(f"{plan.name or 'ohne Namen'} ({plan.ags or '?'})" for plan in foreign[:5])
        raise ForeignPlans(
            f"Pläne einer anderen Gemeinde als {upload.ags}: {names}",
            f"plans of another Gemeinde than {upload.ags}: {names}",
            Where(upload.filename),
        )


def _archived_reports(archive: Archive, batch: Batch) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of the report in each of its forms."""
    with archive.scratch() as folder:
        written = reports.write_reports(batch, folder, "bericht", SRID)
        return {file.suffix[1:]: (archive.put(file), file.stat().st_size) for file in written}


def _begin(engine: Engine, upload_id: int) -> Upload | None:
    """Counts an attempt before it is made, so that a file that kills its worker is not tried for ever."""
    with engine.begin() as connection:
        upload = uploads.lock(connection, upload_id)
        if upload is None:
            raise NotFound(f"Lieferung {upload_id}")
        if not upload.is_unread:
            return None
        if upload.attempts >= MAX_ATTEMPTS:
            uploads.move(connection, upload, State.FAILED, step="done", percent=100, fault_code="poison", fault=_POISON)
            return None
        attempts = upload.attempts + 1
        uploads.move(connection, upload, State.CHECKING, step="reading", percent=10, attempts=attempts)
        return replace(upload, attempts=attempts)


def _leave(engine: Engine, upload_id: int, state: State, **values: object) -> None:
    with engine.begin() as connection:
        held = uploads.lock(connection, upload_id)
        if held is not None and held.state is State.CHECKING:
            uploads.move(connection, held, state, **values)


@contextmanager
def _reading(
    file: Path,
    gemeinde: Gemeinde | None,
    schemas: Path | None = None,
    grenzen: Mapping[str, BaseGeometry] = MappingProxyType({}),
) -> Iterator[Batch]:
    with tempfile.TemporaryDirectory(prefix="geoportal-") as folder:
        workdir = Path(folder)
        yield sandbox.read(file, file.name, workdir=workdir, gemeinde=gemeinde, schemas=schemas, grenzen=grenzen)


def _grenzen(engine: Engine) -> dict[str, BaseGeometry]:
    with engine.connect() as connection:
        return store.official_grenzen(connection)


def _is_publishable(plan: Plan) -> bool:
    return plan.level is Level.PUBLISHABLE
