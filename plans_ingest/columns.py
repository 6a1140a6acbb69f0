"""Which columns a file that is no XPlanGML has, with examples of their values: for a person to say what they mean.

Run as a program it is a reading process (see child): the one attachment of its batch is `columns.json`.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from plans_ingest.child import Request, serve
from plans_ingest.formats import vector
from plans_ingest.formats.bundle import sort
from plans_ingest.formats.recognise import recognise
from plans_ingest.formats.vector import workbook
from plans_ingest.formats.vector.fields import as_text
from plans_ingest.model import Attachment, Batch, Report
from plans_ingest.pipeline import members_of

MAX_WORDS: Final = 60  # different values of a column that are shown; a code list has no more
_LONGEST: Final = 120  # characters of a value


@dataclass(frozen=True, slots=True)
class Seen:
    """A column: how many rows say something in it, and its values, the most frequent first. `is_whole`: all of them."""

    name: str
    rows: int
    words: tuple[str, ...]
    is_whole: bool


def columns(file: Path, name: str, workdir: Path) -> list[Seen]:
    """The columns of all tables and workbooks of a file, those of one name together. Raises PlanFileError."""
    bundle = sort(members_of(file, name, recognise(file, name), workdir))
    layers = [layer for table in bundle.tables for layer in vector.layers_of(table) if not layer.is_drawing]
    layers += [workbook.read(book.path, book.name) for book in bundle.workbooks]
    counts: dict[str, Counter[str]] = {}
    names: dict[str, str] = {}
    for layer in layers:
        for column in layer.columns:
            names.setdefault(column.casefold(), column)
            found = counts.setdefault(column.casefold(), Counter())
            found.update(text[:_LONGEST] for record in layer.records if (text := as_text(record.one(column))))
    return [
        Seen(names[key], found.total(), tuple(w for w, _ in found.most_common(MAX_WORDS)), len(found) <= MAX_WORDS)
        for key, found in counts.items()
    ]


def _read(request: Request) -> Batch:
    workdir = Path(request.workdir)
    found = columns(Path(request.file), request.name, workdir)
    target = workdir / "columns.json"
    target.write_text(json.dumps([asdict(each) for each in found], ensure_ascii=False), "utf-8")
    report = Report(request.name, "", None, features=0, objekte=0, geometrien=0, mended=0)
    return Batch((), (Attachment(target.name, target, target.stat().st_size),), report)


if __name__ == "__main__":
    serve(_read)
