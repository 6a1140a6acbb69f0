"""A document before it is kept: scanned where there is a scanner, opened in a process of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from geoportal import sandbox, virus_scan
from geoportal.archive import Archive
from plans_ingest import messages
from plans_ingest.model import Attachment, Batch

MAX_SIZE: Final = 100_000_000
_PROGRAM: Final = ("-m", "plans_ingest.papers")
_TURNS: Final = threading.BoundedSemaphore(2)  # each takes a processor for a second
_PATIENCE: Final = 30  # seconds


class ExaminersBusy(Exception):
    """Too many documents at once."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The document as it is kept in the archive, and what was found: `pages`, `findings`, each with `code`, `german`,
    `mend`.
    """

    sha256: str
    size: int
    found: dict[str, Any]


def examine(archive: Archive, scanner: str | None, file: Path, name: str) -> Examined:
    """Files the document, without what it would do by itself. Raises PlanFileError, Infected, ScannerAway,
    ExaminersBusy.
    """
    if scanner is not None:
        virus_scan.require_clean(scanner, file)
    with turn(), archive.scratch() as workdir:
        batch = _read(file, name, workdir)
        [paper] = batch.attachments
        findings = [
            {
                "code": issue.code,
                "severity": issue.severity.value,
                "german": messages.german(issue),
                "mend": messages.TEXTS[issue.code].mend,
            }
            for issue in batch.report.issues
        ]
        found = {"pages": batch.report.features, "findings": findings, "scanned": scanner is not None}
        return Examined(archive.put(paper.path), paper.size, found)


def opened(file: Path, name: str, workdir: Path, cancelled: Callable[[], bool]) -> Attachment:
    """The document without what it would do by itself, below `workdir`, an empty folder; nothing is kept.

    Raises PlanFileError, and ReadingCancelled when `cancelled()` becomes true.
    """
    [paper] = _read(file, name, workdir, cancelled).attachments
    return paper


def _read(file: Path, name: str, workdir: Path, cancelled: Callable[[], bool] = lambda: False) -> Batch:
    return sandbox.read(file, name, workdir=workdir, program=_PROGRAM, cancelled=cancelled)


@contextmanager
def turn() -> Iterator[None]:
    """Two reading processes at a time for those who wait for a page. Raises ExaminersBusy."""
    if not _TURNS.acquire(timeout=_PATIENCE):
        raise ExaminersBusy
    try:
        yield
    finally:
        _TURNS.release()
