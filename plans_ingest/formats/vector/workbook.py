"""A sheet of an .xlsx (ECMA-376) as rows of text and numbers; formulas count by the value they had."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import IO, Final

from lxml import etree

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.container import WORKBOOK_SHEET
from plans_ingest.formats.records import MAX_FEATURES
from plans_ingest.formats.vector.layers import MAX_COLUMNS, Layer
from plans_ingest.model import Json, Where

_MAX_PART: Final = 64 * 1024**2
_MAX_RATIO: Final = 200
_RATIO_FREE: Final = 1024**2
_MAX_CELLS: Final = 1_000_000
_SHEET: Final = WORKBOOK_SHEET
_BOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"
_STRINGS: Final = "xl/sharedStrings.xml"


def read(path: Path, name: str, sheet: str | None = None) -> Layer:
    """The table of the sheet of that title or of the first one, whose first row names the columns; no geometries.

    Raises PlanFileError.
    """
    where = Where(name)
    try:
        with zipfile.ZipFile(path) as opened:
            strings = list(_strings(_part(opened, _STRINGS, where), where)) if _STRINGS in opened.namelist() else []
            part = _SHEET if sheet is None else _sheet(opened, sheet, where)
            rows = list(_rows(_part(opened, part, where), strings, where))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError):
        raise UnreadableFile("Die Arbeitsmappe ist beschädigt", "the workbook is damaged", where) from None
    layer = Layer(name, name)
    if not rows:
        return layer
    heads = {index: str(value) for index, value in rows[0].items() if value not in (None, "")}
    layer.declare(heads.values())
    for row in rows[1:]:
        if any(value not in (None, "") for value in row.values()):
            layer.add({head: row.get(index) for index, head in heads.items()}, None)
    return layer


def _sheet(opened: zipfile.ZipFile, title: str, where: Where) -> str:
    """The part in which the sheet of that title lies (ECMA-376-1, 18.2.19 and part 2, 9.3)."""
    ids = {
        str(each.get("name")): next((value for name, value in each.attrib.items() if str(name).endswith("}id")), None)
        for each in _copies(_part(opened, _BOOK, where), "sheet", where)
    }
    parts = {
        str(each.get("Id")): str(each.get("Target"))
        for each in _copies(_part(opened, _LINKS, where), "Relationship", where)
    }
    target = parts.get(str(ids.get(title)))
    if target is None:
        there = ", ".join(ids)[:200]
        raise UnreadableFile(
            f"Das Tabellenblatt „{title}“ fehlt; vorhanden: {there}", f"no such sheet; there are: {there}", where
        )
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _copies(part: IO[bytes], name: str, where: Where) -> list["etree._Element"]:
    return [deepcopy(each) for each in _elements(part, name, where)]


def _part(opened: zipfile.ZipFile, part: str, where: Where) -> IO[bytes]:
    entry = opened.getinfo(part)
    if entry.file_size > _MAX_PART or entry.file_size > max(_RATIO_FREE, _MAX_RATIO * entry.compress_size):
        raise UnsafeFile("Die Arbeitsmappe ist zu stark gepackt", "the workbook is compressed beyond belief", where)
    return opened.open(entry)


def _elements(part: IO[bytes], name: str, where: Where) -> Iterator["etree._Element"]:
    """All elements of that name, each forgotten once it was handed out. A DOCTYPE is refused."""
    try:
        with part:
            found = etree.iterparse(
                part, events=("end",), tag=f"{{*}}{name}", resolve_entities=False, load_dtd=False, no_network=True,
                huge_tree=False, dtd_validation=False, attribute_defaults=False, remove_comments=True, remove_pis=True,
            )  # fmt: skip
            for _, element in found:
                if element.getroottree().docinfo.doctype:
                    raise UnsafeFile("DOCTYPE in der Arbeitsmappe", "a DOCTYPE in the workbook", where)
                yield element
                element.clear()
    except etree.XMLSyntaxError:
        raise UnreadableFile("Die Arbeitsmappe ist beschädigt", "the workbook is damaged", where) from None


def _strings(part: IO[bytes], where: Where) -> Iterator[str]:
    for count, item in enumerate(_elements(part, "si", where)):
        if count > _MAX_CELLS:
            raise UnsafeFile(f"mehr als {_MAX_CELLS} Texte", "too many texts", where)
        yield "".join(text.text or "" for text in item.iter("{*}t"))


def _rows(part: IO[bytes], strings: list[str], where: Where) -> Iterator[dict[int, Json]]:
    for count, row in enumerate(_elements(part, "row", where)):
        if count > MAX_FEATURES:
            raise UnsafeFile(f"mehr als {MAX_FEATURES} Zeilen", "too many rows", where)
        found = {}
        for cell in row.iter("{*}c"):
            column = _column(str(cell.get("r", "")))
            if column >= MAX_COLUMNS:
                raise UnsafeFile(f"mehr als {MAX_COLUMNS} Spalten", "too many columns", where)
            found[column] = _value(cell, strings)
        yield found


def _column(reference: str) -> int:
    """ "B7" -> 1."""
    number = 0
    for letter in (re.match(r"[A-Z]{0,3}", reference) or [""])[0]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return max(number - 1, 0)


def _value(cell: "etree._Element", strings: list[str]) -> Json:
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(str(text.text or "") for text in cell.iter("{*}t"))
    text = next((str(value.text or "") for value in cell.iter("{*}v")), "")
    if kind == "s":
        return strings[int(text)] if text.isdecimal() and int(text) < len(strings) else None
    if kind in {"str", "b", "e"} or not text:
        return text or None
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or abs(number) == float("inf"):
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
