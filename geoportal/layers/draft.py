"""A first manifest for a file: everything that can be seen in it, with a mark where a human must decide.

Imports GDAL and pandas; for the command line alone.
"""

import csv
import re
from pathlib import Path
from typing import Any, Final

import geopandas
import yaml

from geoportal.catalogue import Field, FieldType, Geometry, Layer, ManifestError, Source, SourceError, Words, read_layer
from geoportal.catalogue.frames import frames
from geoportal.catalogue.privacy import suspicions
from geoportal.catalogue.values import BadValue, values

_EAST: Final = ("x", "ost", "ostwert", "east", "easting", "rechtswert", "rw", "lon", "long", "laenge", "utm_x")
_NORTH: Final = ("y", "nord", "nordwert", "north", "northing", "hochwert", "hw", "lat", "latitude", "breite", "utm_y")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
# Tried in this order; the first that takes every value is it.
_TYPES: Final = (
    FieldType.INTEGER, FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME, FieldType.TEXT,
)  # fmt: skip
_TABLES: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
_DECIDE: Final = "BITTE ERGÄNZEN"


class DraftError(Exception):
    """No manifest can be drafted."""


def draft(home: Path, name: str, path: str, *, title: str, crs: str | None) -> Path:
    """Writes `layers/<name>/layer.yml` and returns its place. Raises DraftError, and leaves nothing behind then."""
    folder, file = home / "layers" / name, home / path
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name):
        raise DraftError(f"{name}: nur a–z, 0–9 und _ / only a–z, 0–9 and _")
    if folder.exists():
        raise DraftError(f"layers/{name} gibt es schon / exists already")
    if not file.is_file():
        raise DraftError(f"Datei fehlt / file missing: {path}")
    source: dict[str, Any] = {"path": path, **(_table(file) if file.suffix.lower() in _TABLES else {})}
    if crs:
        source["crs"] = crs
    elif "x" in source:
        raise DraftError("eine Tabelle braucht --crs, zum Beispiel / a table needs --crs: EPSG:25832")
    probe = Layer.model_construct(folder=folder, id=name, source=Source.model_validate(source), fields={})
    try:
        frame = next(iter(frames(probe, file)))
    except SourceError as error:
        raise DraftError(str(error)) from error
    document = _document(name, title, source, frame)
    folder.mkdir(parents=True)
    manifest = folder / "layer.yml"
    head = "# yaml-language-server: $schema=../../docs/layer.schema.json\n"
    manifest.write_text(head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120), "utf-8")
    try:
        _hide(manifest, document, read_layer(folder), frame)
    except ManifestError as error:
        manifest.unlink()
        folder.rmdir()
        raise DraftError(str(error)) from error
    return manifest


def _table(file: Path) -> dict[str, str]:
    """How a table is to be read: separator, decimal sign, encoding, and its columns of coordinates."""
    if file.suffix.lower() == ".xlsx":
        return {"x": "X", "y": "Y"}
    raw = file.read_bytes()[:100_000]
    found: dict[str, str] = {}
    try:
        text = raw.decode("utf-8-sig", errors="strict" if len(raw) < 100_000 else "ignore")
    except UnicodeDecodeError:
        text, found["encoding"] = raw.decode("cp1252", "replace"), "cp1252"
    lines = text.splitlines()
    separator = max(";\t,|", key=lines[0].count) if lines else ","
    rows = list(csv.reader(lines, delimiter=separator))
    heads = {head.strip().lower(): head for head in (rows[0] if rows else [])}
    east = next((heads[each] for each in _EAST if each in heads), None)
    north = next((heads[each] for each in _NORTH if each in heads), None)
    if east is None or north is None:
        raise DraftError(
            f"keine Spalten mit Koordinaten erkannt / no columns of coordinates: {', '.join(heads.values())}"
        )
    if separator != ",":
        found["separator"] = separator
    place = rows[0].index(east)
    if any("," in row[place] for row in rows[1:] if len(row) > place):
        found["decimal"] = ","
    return {**found, "x": east, "y": north}


def _document(name: str, title: str, source: dict[str, Any], frame: geopandas.GeoDataFrame) -> dict[str, Any]:
    columns = [c for c in frame.columns if c not in {frame.geometry.name, source.get("x"), source.get("y")}]
    fields: dict[str, dict[str, Any]] = {}
    for column in columns:
        own = _name(str(column))
        if own in fields:
            continue
        field = {"type": _type(frame[column], source.get("decimal", ".")).value}
        if own != column:
            field["source"] = str(column)
        fields[own] = {**field, "label": {"de": str(column), "en": str(column)}}
    key = next((own for own, field in fields.items() if _is_key(frame[field.get("source", own)])), None)
    if key is None:
        raise DraftError("keine Spalte benennt jede Zeile eindeutig / no column is unique for every row")
    return {
        "id": name,
        "title": {"de": title, "en": f"{_DECIDE}: {title}"},
        "description": {"de": f"{_DECIDE}: was die Daten zeigen", "en": f"{_DECIDE}: what the data show"},
        "keywords": {"de": [title], "en": [title]},
        "theme": "weitere",
        "publisher": _DECIDE,
        "licence": {
            "name": "Datenlizenz Deutschland – Zero – Version 2.0",
            "url": "https://www.govdata.de/dl-de/zero-2-0",
        },
        "source": source,
        "geometry": _geometry(frame).value,
        "key": key,
        "fields": fields,
        "style": {"fill": "#0277bd", "stroke": "#ffffff", "width": 1.5, "radius": 6},
        "popup": list(fields)[:6],
        "expect": {"min": max(1, len(frame) // 2), "max": max(10, len(frame) * 2)},
    }


def _hide(manifest: Path, document: dict[str, Any], layer: Layer, frame: geopandas.GeoDataFrame) -> None:
    """Fields that look as if they told of persons are internal until somebody decides otherwise."""
    found = suspicions(layer, {own: frame[field.source or own] for own, field in layer.fields.items()})
    for own in found.keys() - {layer.key}:
        document["fields"][own]["visibility"] = "internal"
    document["popup"] = [own for own in document["popup"] if own not in found or own == layer.key]
    head = manifest.read_text("utf-8").splitlines()[0]
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    manifest.write_text(f"{head}\n{text}", "utf-8")


def _name(column: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", column.lower().translate(_UMLAUTS)).strip("_")[:50]
    return plain if plain[:1].isalpha() else f"f_{plain}"[:50]


def _type(column: Any, decimal: str) -> FieldType:
    texts = [str(value) for value in column if value is not None]
    if any(re.match(r"0\d", text) for text in texts):  # a postal code, a key: its zero means something
        return FieldType.TEXT
    for kind in _TYPES:
        try:
            found = values(Field(type=kind, label=Words(de="-", en="-")), column, decimal, column.index)
        except BadValue:
            continue
        if any(value is not None for value in found):
            return kind
    return FieldType.TEXT


def _is_key(column: Any) -> bool:
    present = [value for value in column if value is not None and str(value).strip()]
    return len(present) == len(column) == len({str(value) for value in present})


def _geometry(frame: geopandas.GeoDataFrame) -> Geometry:
    kinds = {str(kind) for kind in frame.geom_type.dropna().unique()}
    if len(kinds) == 1:
        return Geometry(kinds.pop())
    multi = {kind.removeprefix("Multi") for kind in kinds}
    return Geometry(f"Multi{multi.pop()}") if len(multi) == 1 else Geometry.GEOMETRY
