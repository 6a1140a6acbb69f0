"""A workbook beside the outlines: its rows give the outlines their attributes, by the plan's number."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from plans_ingest import profiles
from plans_ingest.formats.records import Record
from plans_ingest.formats.vector import fields
from plans_ingest.formats.vector.layers import Layer
from plans_ingest.model import Issue, Severity
from plans_ingest.profiles.model import Profile
from plans_ingest.spellings import fold


def joined(
    layers: Mapping[Layer, Profile], books: Sequence[Layer], known: Sequence[Profile], issues: list[Issue]
) -> Iterator[tuple[Layer, Profile]]:
    """Each layer with the profile that reads it once it has its rows' values."""
    for book in books:
        spoken, _ = profiles.choose(book.columns, known)
        rows = {key: record for record in book.records if (key := _number(record, spoken)) is not None}
        used: set[str] = set()
        for layer, profile in layers.items():
            used |= _join(layer, profile, rows, issues)
            layer.columns = tuple(dict.fromkeys((*layer.columns, *book.columns)))
            yield layer, profiles.choose(layer.columns, known)[0]
        for key, record in rows.items():
            if key not in used:
                issues.append(Issue("outline_missing", Severity.WARNING, record.where, key))


def _join(layer: Layer, profile: Profile, rows: Mapping[str, Record], issues: list[Issue]) -> set[str]:
    """The numbers of the rows that found their outline. What an outline says itself stays; a contradiction is told."""
    used = set()
    for record in layer.records:
        key = _number(record, profile) or _number_of_file(layer, rows)
        found = rows.get(key or "")
        if key is None or found is None:
            issues.append(Issue("row_missing", Severity.WARNING, record.where, key or "–"))
            continue
        used.add(key)
        for name, values in found.values.items():
            own = record.values.setdefault(name, values)
            if own != values:
                detail = f"{name}: {own[0]!r} ≠ {values[0]!r}"
                issues.append(Issue("value_differs", Severity.WARNING, record.where, detail[:200]))
    return used


def _number_of_file(layer: Layer, rows: Mapping[str, Record]) -> str | None:
    """A file of one outline that has no number: the number is the file's name, or that of the only row."""
    if len(layer.records) != 1:
        return None
    stem = fold(PurePosixPath(layer.file).stem)
    if stem in rows:
        return stem
    return next(iter(rows)) if len(rows) == 1 else None


def _number(record: Record, profile: Profile) -> str | None:
    for name, values in record.values.items():
        column = profiles.column_of(profile, name)
        if column is not None and column.feld == "nummer":
            return fold(str(fields.as_text(values[0])))
    return None
