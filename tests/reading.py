"""Reads files as the portal's reading process does, and says in short what came of it."""

from pathlib import Path

from plans_ingest import Batch, Plan, ingest
from plans_ingest.gemeinden import Gemeinde
from tests.files import write, xplangml


def read(file: Path, gemeinde: Gemeinde | None = None, *, schemas: Path | None = None) -> Batch:
    workdir = file.parent / "work"
    workdir.mkdir(exist_ok=True)
    return ingest(file, workdir, srid=25832, gemeinde=gemeinde, schemas=schemas)


def read_text(folder: Path, document: str) -> Batch:
    return read(write(folder / "plan.gml", document))


def read_features(folder: Path, *features: str, version: str = "5.4", schemas: Path | None = None) -> Batch:
    return read(write(folder / "plan.gml", xplangml(*features, version=version)), schemas=schemas)


def only(batch: Batch) -> Plan:
    [found] = batch.plans
    return found


def codes(batch: Batch) -> set[str]:
    return {issue.code for issue in batch.report.issues}


def details(batch: Batch, code: str) -> list[str]:
    return [issue.detail for issue in batch.report.issues if issue.code == code]
