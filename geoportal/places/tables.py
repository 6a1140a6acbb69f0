"""Rows of official files, one after another: text tables and what GDAL reads. Bounded memory, whatever the size.

The files come from the operator's hand (command line), never from an upload.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy
import pyogrio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geoportal.places.profiles import AddressProfile, BoundaryProfile, Column, ParcelProfile
from geoportal.settings import STORAGE_SRID

SRID: Final = STORAGE_SRID
_CHUNK: Final = 20_000  # features in memory at a time
_BLOCK: Final = 1 << 20  # bytes read at a time to learn the encoding
_SHOWN: Final = 20  # faults that are spelt out
_ZONE_PREFIX: Final = (SRID - 25800) * 1_000_000.0  # official files write the zone before the east value


class ImportFault(Exception):
    """The file cannot be imported as it is; what is there already stays."""


@dataclass(slots=True)
class Faults:
    """Rows that were left out, with their place; counted all, spelt out the first."""

    count: int = 0
    told: list[str] = field(default_factory=list)

    def note(self, place: str, reason: str) -> None:
        self.count += 1
        if len(self.told) < _SHOWN:
            self.told.append(f"{place}: {reason}")


type AddressRow = tuple[str | None, str, str, int, str, str, str, str, float, float]
"""kennung, ags, strasse, nummer, buchstabe, plz, ort, ortsteil, x, y (storage CRS)."""
type ParcelRow = tuple[str, str, str, str, int, int, int | None, str]
"""kennzeichen, gemarkung, schluessel of the Gemarkung, ags, flur, zaehler, nenner, hexadecimal EWKB."""
type BoundaryRow = tuple[str, str, str, str]
"""ags, name, bezeichnung, hexadecimal EWKB."""


def addresses(file: Path, profile: AddressProfile, faults: Faults) -> Iterator[AddressRow]:
    """Raises ImportFault when the file is no such table."""
    columns = profile.columns
    # official order of the axes does not matter here: `always_xy`
    is_stored = profile.crs in {None, f"EPSG:{SRID}"}
    move = None if is_stored else Transformer.from_crs(profile.crs, SRID, always_xy=True)
    for line, row in _table(file, profile):
        try:
            number, letter = _house_number(row[columns.hausnummer], _optional(row, columns.zusatz))
            x, y = (_number(row[column], profile.decimal) for column in (columns.x, columns.y))
            if move is not None:
                x, y = move.transform(x, y)
            ags = "".join(row[part].strip() for part in columns.ags)
            strasse, ort = row[columns.strasse].strip(), row[columns.ort].strip()
            if not (re.fullmatch(r"\d{8}", ags) and strasse and ort):
                raise ValueError("AGS, Straße oder Ort fehlt / AGS, street or place missing")
            if not (200_000 < (x := x - _ZONE_PREFIX if x > _ZONE_PREFIX else x) < 900_000 and 5e6 < y < 6.2e6):
                raise ValueError(f"liegt nicht in Deutschland / not in Germany: {x:.0f} {y:.0f}")
        except (ValueError, KeyError, IndexError) as fault:
            faults.note(f"Zeile / line {line}", str(fault))
            continue
        kennung = _optional(row, columns.kennung) or None
        plz, ortsteil = _optional(row, columns.plz), _optional(row, columns.ortsteil)
        yield (kennung, ags, strasse, number, letter, plz, ort, ortsteil, x, y)


def parcels(file: Path, profile: ParcelProfile, faults: Faults) -> Iterator[ParcelRow]:
    """Raises ImportFault when the file lacks the columns, or its coordinate system."""
    columns = profile.columns
    names = (
        columns.kennzeichen, columns.gemarkung, columns.gemarkung_schluessel, columns.ags, columns.flur,
        columns.zaehler, columns.nenner,
    )  # fmt: skip
    for place, row, shape in _features(file, profile, names, faults):
        try:
            flur, zaehler = _digits(row[columns.flur]), _digits(row[columns.zaehler])
            if flur is None or zaehler is None:
                raise ValueError("Flur oder Zähler fehlt / Flur or numerator missing")
        except ValueError as fault:
            faults.note(place, str(fault))
            continue
        texts = (str(row[name]).strip() for name in names[:4])
        kennzeichen, gemarkung, schluessel, ags = texts
        yield (kennzeichen, gemarkung, schluessel, ags, flur, zaehler, _digits(row[columns.nenner]) or None, shape)


def boundaries(file: Path, profile: BoundaryProfile, faults: Faults) -> Iterator[BoundaryRow]:
    """Raises ImportFault when the file lacks the columns, or its coordinate system."""
    columns = profile.columns
    names = (columns.ags, columns.name, columns.bezeichnung)
    for place, row, shape in _features(file, profile, (*names, *profile.only), faults):
        if any(row[name] not in values for name, values in profile.only.items()):
            continue
        ags, name, bezeichnung = (str(row[each] or "").strip() for each in names)
        if not re.fullmatch(r"\d{8}", ags):
            faults.note(place, f"kein AGS / no AGS: {ags!r}")
            continue
        yield (ags, name, bezeichnung, shape)


def fits(file: Path, profile: AddressProfile | ParcelProfile | BoundaryProfile) -> bool:
    """Whether the columns that the profile names are there."""
    try:
        if isinstance(profile, AddressProfile):
            _, row = next(_table(file, profile))
            used = [each for each in _address_columns(profile) if each is not None]
            return all(column in row for column in used)
        return _layer(file, profile) is not None
    except (StopIteration, ImportFault, pyogrio.errors.DataSourceError):
        return False


def _layer(file: Path, profile: ParcelProfile | BoundaryProfile) -> str | None:
    """Of the layers with the columns of the profile, the one that bears its name: VG250 has states with the same."""
    wanted = set(profile.columns.model_dump().values())
    fitting = [
        str(name)
        for name, kind in pyogrio.list_layers(file)
        if kind is not None and wanted <= {str(each) for each in pyogrio.read_info(file, layer=name)["fields"]}
    ]
    return next((name for name in fitting if profile.layer in name.lower()), next(iter(fitting), None))


def _address_columns(profile: AddressProfile) -> list[Column | None]:
    columns = profile.columns
    single = [columns.strasse, columns.hausnummer, columns.plz, columns.ort, columns.ortsteil, columns.kennung]
    return [*columns.ags, *single, columns.zusatz, columns.x, columns.y]


def _table(file: Path, profile: AddressProfile) -> Iterator[tuple[int, Mapping[Column, str]]]:
    encoding = _encoding(file, profile.encodings)
    with file.open(encoding=encoding, newline="") as opened:
        rows = csv.reader(opened, delimiter=profile.separator)
        try:
            header = next(rows, None) if profile.header else None
            for row in rows:
                if not row or row[0].startswith("#"):
                    continue
                names: Sequence[Column] = header if header is not None else range(1, len(row) + 1)
                yield rows.line_num, dict(zip(names, row, strict=False))
        except csv.Error as fault:
            raise ImportFault(f"{file.name}, Zeile {rows.line_num}: keine Tabelle / no table: {fault}") from fault


def _encoding(file: Path, candidates: Sequence[str]) -> str:
    for name in candidates:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if name == "utf-8" else name
    raise ImportFault(f"{file.name}: Zeichensatz ist keiner von {', '.join(candidates)} / unknown encoding")


def _features(
    file: Path, profile: ParcelProfile | BoundaryProfile, names: Sequence[str], faults: Faults
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Place in the file, the columns, and the area as hexadecimal EWKB in the storage CRS."""
    try:
        layer = _layer(file, profile)
        info = pyogrio.read_info(file, layer=layer)
        move = _mover(file, info["crs"])
        if missing := sorted(set(names) - set(map(str, info["fields"]))):
            raise ImportFault(f"{file.name}: Spalten fehlen / columns missing: {', '.join(missing)}")
        for start in range(0, max(1, info["features"]), _CHUNK):
            meta, _, wkb, arrays = pyogrio.raw.read(
                file, layer=layer, columns=list(names), skip_features=start, max_features=_CHUNK, force_2d=True
            )
            order = [str(name) for name in meta["fields"]]
            shapes = shapely.from_wkb(wkb, on_invalid="fix")
            if move is not None:
                moved = move.transform(*shapely.get_coordinates(shapes).T)
                shapes = shapely.set_coordinates(shapes, numpy.column_stack(moved))
            encoded = shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True)
            kinds = shapely.get_type_id(shapes)
            for index, shape in enumerate(encoded):
                place = f"Objekt / feature {start + index + 1}"
                if kinds[index] not in {3, 6}:  # Polygon, MultiPolygon
                    faults.note(place, "keine Fläche / no area")
                    continue
                yield place, {name: array[index] for name, array in zip(order, arrays, strict=True)}, shape
    except pyogrio.errors.DataSourceError as fault:
        raise ImportFault(f"{file.name}: nicht lesbar / not readable") from fault


def _mover(file: Path, crs: str | None) -> Transformer | None:
    if crs is None:
        raise ImportFault(f"{file.name}: nennt kein Koordinatensystem / names no coordinate system")
    try:
        found = CRS.from_user_input(crs)
    except CRSError as fault:
        raise ImportFault(f"{file.name}: unbekanntes Koordinatensystem / unknown coordinate system: {crs}") from fault
    return None if found.to_epsg() == SRID else Transformer.from_crs(found, SRID, always_xy=True)


def _house_number(raw: str, addition: str) -> tuple[int, str]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*(.{0,12}?)\s*", raw)
    if match is None:
        raise ValueError(f"keine Hausnummer / no house number: {raw!r}")
    return int(match[1]), re.sub(r"\s+", "", match[2] + addition).lower()


def _number(raw: str, decimal: str) -> float:
    try:
        return float(raw.strip().replace(decimal, "."))
    except ValueError:
        raise ValueError(f"keine Zahl / no number: {raw!r}") from None


def _digits(raw: object) -> int | None:
    """'Flur 003' -> 3; None where there is no number."""
    match = re.search(r"\d{1,9}", str(raw))
    return None if match is None else int(match[0])


def _optional(row: Mapping[Column, str], column: Column | None) -> str:
    return "" if column is None else row.get(column, "").strip()
