"""Uploads that are read in the background: attempts, ends, and what is told of them."""

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from geoportal import sandbox, uploads, virus_scan
from geoportal.archive import Archive, is_full
from geoportal.bucket import StoreError
from geoportal.database.tables import SRID
from geoportal.editing.profiles import with_profile
from geoportal.operations.delivering import archived, take_over
from geoportal.operations.outcomes import NotFound
from geoportal.operations.trying import official_grenzen
from geoportal.sandbox import ReadingCancelled
from geoportal.states import State
from geoportal.uploads import Upload
from plans_ingest import Batch, PlanFileError, reports
from plans_ingest.errors import ForeignPlans, Limit, ResourceExceeded
from plans_ingest.gemeinden import Gemeinde, gemeinde_of
from plans_ingest.model import Where

MAX_ATTEMPTS: Final = 5
_EXHAUSTED: Final = frozenset({errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE})

_POISON: Final = (
    f"Das Lesen ist {MAX_ATTEMPTS}-mal abgebrochen, ohne dass die Datei einen Fehler meldete; bitte den Betrieb fragen "
    f"/ reading ended {MAX_ATTEMPTS} times without a fault of the file; ask the operator"
)

_INFECTED: Final = "Der Virenscanner hält die Datei für schädlich / the virus scanner takes the file for harmful"
_UNSCANNED: Final = (
    "Die Datei ist größer, als der Virenscanner annimmt; bitte den Betrieb fragen (clamd: StreamMaxLength) "
    "/ the file is larger than the virus scanner takes; ask the operator"
)


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
    scanner: str | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Reads an upload and takes it over, as deliver() does; what stands in the way is told in its row.

    Killed at any point, it has changed nothing or everything, and may be called again; so it may be called twice at
    once: whoever commits first wins. Raises NotFound, ReadingCancelled when `cancelled()` becomes true, and
    ResourceExceeded when the reading was ended from outside, ScannerAway when there is a `scanner` and it does not
    answer, StoreError when the archive is away: then it is worth another try.
    """
    upload = _begin(engine, upload_id)
    if upload is None:
        return
    gemeinde = None if upload.ags is None else with_profile(engine, gemeinde_of(upload.ags))
    try:
        if scanner is not None:
            virus_scan.require_clean(scanner, archive.path(upload.sha256))
        with archive.scratch() as workdir:
            batch = sandbox.read(
                archive.path(upload.sha256), upload.filename,
                workdir=workdir, gemeinde=gemeinde, schemas=schemas, grenzen=official_grenzen(engine),
                cancelled=cancelled,
            )  # fmt: skip
            with engine.begin() as connection:
                uploads.tell(connection, upload_id, "saving", 70)
            if upload.delivered_by is not None:
                _require_own_plans(batch, upload)
            files = archived(archive, batch)
            told = _archived_reports(archive, batch)
            with engine.begin() as connection:
                held = uploads.lock(connection, upload_id)
                if held is not None and held.state is State.CHECKING:
                    is_direct = upload.delivered_by is None
                    delivery, number = take_over(connection, upload.sha256, batch, files, publish=is_direct)
                    is_public = is_direct and any(o.is_published for o in delivery.outcomes)
                    state = State.PUBLISHED if is_public else State.CHECKED
                    uploads.move(connection, held, state, step="done", percent=100, delivery_id=number)
                    if delivery.report != batch.report:  # what only the database could tell: a known plan, kept values
                        told = _archived_reports(archive, replace(batch, report=delivery.report))
                    for kind, (digest, size) in told.items():
                        uploads.keep_report(connection, upload_id, kind, digest, size)
    except virus_scan.Infected:
        _leave(engine, upload_id, State.FAILED, step="done", percent=100, fault_code="infected", fault=_INFECTED)
    except virus_scan.BeyondScanner:
        _leave(engine, upload_id, State.FAILED, step="done", percent=100, fault_code="unscanned", fault=_UNSCANNED)
    except (ReadingCancelled, virus_scan.ScannerAway, StoreError):
        # Stopped in good order, or not begun, which is no attempt; a withdrawn upload stays withdrawn.
        _leave(engine, upload_id, State.RECEIVED, step="waiting", percent=0, attempts=upload.attempts - 1)
        raise
    except (OSError, MemoryError, OperationalError) as fault:
        # Says nothing about the file, so it is no attempt; the queue comes again, later each time.
        if _is_machines(fault):
            with suppress(OperationalError):
                _leave(engine, upload_id, State.RECEIVED, step="waiting", percent=0, attempts=upload.attempts - 1)
        raise
    except PlanFileError as fault:
        if isinstance(fault, ResourceExceeded) and fault.limit is Limit.KILLED:
            raise
        code = fault.limit.value if isinstance(fault, ResourceExceeded) else type(fault).__name__
        _leave(engine, upload_id, State.FAILED, step="done", percent=100, fault_code=code, fault=str(fault))


def _is_machines(fault: OSError | MemoryError | OperationalError) -> bool:
    """Whether our own machine had no room, no memory, no process or no database to spare."""
    return not isinstance(fault, OSError) or is_full(fault) or fault.errno in _EXHAUSTED


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
