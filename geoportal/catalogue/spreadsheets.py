"""Tables as an office writes them, CSV and XLSX: frames with a point for each row, and faults in words for that office.

The index of a frame is the row's number as a spreadsheet counts it: the names of the columns stand in row 1.
"""

import difflib
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy
import pandas
import shapely

from geoportal.catalogue.source import Source
from geoportal.settings import STORAGE_SRID
from plans_ingest.formats.vector import workbook

ROWS: Final = 20_000
_FIRST: Final = 2  # the row below the names
_SHOWN: Final = 5
_WORKBOOK: Final = "xl/workbook.xml"
_OLD_OFFICE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_TOO_MANY: Final = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_OPEN_QUOTE: Final = re.compile(r"EOF inside string starting at row (\d+)")


def is_one(source: Source, file: Path) -> bool:
    """Whether a file is to be read here: by what it is, by its name, or because the manifest names columns."""
    return bool(
        source.x or source.address or file.suffix.lower() in {".csv", ".tsv", ".txt", ".xls", ".ods"} or _is_book(file)
    )


def read(source: Source, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    """Rows that say something, in pieces. Raises ValueError, PlanFileError, OSError."""
    with file.open("rb") as opened:
        head = opened.read(100)
    if head.startswith(_OLD_OFFICE) or b"opendocument" in head:
        raise ValueError("altes oder fremdes Format: als .xlsx speichern / old or foreign format: save as .xlsx")
    return _located(source, _read_book(source, file) if _is_book(file) else _read_csv(source, file))


def missing(names: Iterable[str], columns: Iterable[Any]) -> str:
    """Which columns a table lacks, which it has, and what probably went wrong."""
    lacking, there = list(names), [str(each) for each in columns]
    said = [f"Spalten fehlen / columns missing: {', '.join(lacking)}"]
    folded = {each.casefold(): each for each in there}
    near = [
        folded[found[0]]
        for each in lacking
        if (found := difflib.get_close_matches(each.casefold(), folded, n=1, cutoff=0.7))
    ]
    if near:
        said.append(f"gemeint ist wohl / probably meant: {', '.join(near)}")
    if len(there) == 1 and any(sign in there[0] for sign in ";,\t|"):
        said.append("`separator` stimmt wohl nicht / is probably wrong")
    said.append(f"vorhanden / there are: {', '.join(there)[:300]}")
    return "; ".join(said)


def _is_book(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as opened:
        return _WORKBOOK in opened.namelist()


def _read_book(source: Source, file: Path) -> Iterator[pandas.DataFrame]:
    table = workbook.read(file, file.name, source.layer)
    rows = [{name: value[0] for name, value in record.values.items()} for record in table.records]
    frame = pandas.DataFrame(rows, columns=list(table.columns), dtype=object)
    frame.index = pandas.RangeIndex(_FIRST, _FIRST + len(frame))
    yield frame


def _read_csv(source: Source, file: Path) -> Iterator[pandas.DataFrame]:
    encoding = source.encoding or "utf-8-sig"
    try:
        read = pandas.read_csv(
            file, sep=source.separator, encoding=encoding, dtype=str, keep_default_na=False, chunksize=ROWS,
            skip_blank_lines=False, index_col=False,
        )  # fmt: skip
        with read, warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            for frame in read:
                plain = [str(each).strip() for each in frame.columns]
                frame.columns = plain if len(set(plain)) == len(plain) else frame.columns
                frame.index += _FIRST
                yield frame
    except UnicodeDecodeError as error:
        with file.open("rb") as opened:
            other = "utf-16" if opened.read(2) in {b"\xff\xfe", b"\xfe\xff"} else "cp1252"
        used = encoding.removesuffix("-sig")
        raise ValueError(f"nicht in / not in {used}; wohl / probably `encoding: {other}`") from error
    except pandas.errors.ParserWarning as error:
        said = "mehr Werte als Spalten: Text mit Trennzeichen gehört in Anführungszeichen / more values than columns"
        raise ValueError(said) from error
    except pandas.errors.EmptyDataError as error:
        raise ValueError("die Datei ist leer / the file is empty") from error
    except pandas.errors.ParserError as error:
        raise ValueError(_misread(str(error))) from error


def _misread(said: str) -> str:
    if found := _TOO_MANY.search(said):
        wanted, row, came = found.groups()
        return (
            f"Zeile / row {row}: {came} Spalten statt / columns instead of {wanted}; Text mit Trennzeichen gehört in "
            "Anführungszeichen / quote a text that holds the separator"
        )
    if found := _OPEN_QUOTE.search(said):
        return f"Zeile / row {int(found[1]) + 1}: ein Anführungszeichen wird nicht geschlossen / a quote is not closed"
    return said


def _located(source: Source, tables: Iterator[pandas.DataFrame]) -> Iterator[geopandas.GeoDataFrame]:
    """Tables with a point for each row, by its coordinates. One with addresses has none: the database knows it."""
    if source.address is None and (source.x is None or source.y is None):
        raise ValueError("eine Tabelle braucht `x` und `y` oder `address` / a table needs `x` and `y`, or `address`")
    needed = [source.x, source.y] if source.address is None else source.address.columns
    for table in tables:
        if lacking := sorted({str(each) for each in needed} - set(table.columns)):
            raise ValueError(missing(lacking, table.columns))
        told = table[~(table.isna() | (table == "")).all(axis="columns")]  # spreadsheets leave empty rows behind
        if source.address is not None:
            yield geopandas.GeoDataFrame(told, geometry=[None] * len(told), crs=STORAGE_SRID)
            continue
        x, y = (_coordinates(told[str(column)], source.decimal) for column in (source.x, source.y))
        points: Any = shapely.points(x, y)
        points[numpy.isnan(x) | numpy.isnan(y)] = None
        yield geopandas.GeoDataFrame(told, geometry=points, crs=source.crs)


def _coordinates(column: "pandas.Series[Any]", decimal: str) -> Any:
    """As numbers, NaN where there is none. Raises ValueError, which names the rows."""
    found: list[float] = []
    faults: list[str] = []
    for row, raw in column.items():
        try:
            found.append(_coordinate(raw, decimal))
        except ValueError:
            faults.append(f"Zeile / row {row}: {raw!r}")
    if faults:
        other = "." if decimal == "," else ","
        is_other = all(other in each and decimal not in each for each in faults)
        hint = f"; wohl / probably `decimal: {other!r}`" if is_other else ""
        more = f" … ({len(faults)})" if len(faults) > _SHOWN else ""
        raise ValueError(f"{column.name}: keine Zahl / no number: {'; '.join(faults[:_SHOWN])}{more}{hint}")
    return numpy.array(found, dtype=float)


def _coordinate(raw: Any, decimal: str) -> float:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return math.nan
    return float(raw.replace(decimal, ".")) if isinstance(raw, str) else float(raw)
