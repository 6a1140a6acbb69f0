"""Reads the file of a source piece by piece: frames of a bounded number of rows, with a geometry and a CRS.

Runs in the process of `geoportal.catalogue.child`, never in the server: a source may be anything.
"""

import importlib.util
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy
import pandas
import pyogrio
from pyproj.exceptions import CRSError

from geoportal.catalogue import gml_pages, spreadsheets
from geoportal.catalogue.manifest import Layer
from geoportal.catalogue.source import Reason, Source, SourceError
from geoportal.settings import STORAGE_SRID
from plans_ingest.errors import PlanFileError

SRID: Final = STORAGE_SRID
ROWS: Final = spreadsheets.ROWS
LINES: Final = ".geojsonl"  # a feature of GeoJSON per line, as our own fetching of services writes it


def frames(layer: Layer, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    """The rows of the source as it is; the index says where in the source each stands. Raises SourceError."""
    script = layer.folder / "load.py"
    source = layer.source
    try:
        if script.is_file():
            read = _pieces(_run(layer, script, file))
        elif file.suffix == LINES:
            read = _read_lines(source, file)
        elif spreadsheets.is_one(source, file):
            read = spreadsheets.read(source, file)
        else:
            read = _read_gdal(source, file)
        for frame in read:
            if not isinstance(frame, geopandas.GeoDataFrame) or frame.active_geometry_name is None:
                raise SourceError(f"{layer.id}: die Quelle hat keine Geometrie / the source has no geometry")
            if frame.crs is None and source.crs is None:
                raise SourceError(f"{layer.id}: Koordinatensystem unbekannt, `crs` angeben / unknown CRS, give `crs`")
            yield _wanted(source, frame.set_crs(source.crs) if frame.crs is None else frame)
    except CRSError as error:
        unknown = f"{layer.id}: das Koordinatensystem gibt es nicht / there is no such CRS: {source.crs}"
        raise SourceError(unknown, Reason.MANIFEST) from error
    except (PlanFileError, OSError, ValueError, KeyError) as error:
        raise SourceError(f"{layer.id}: nicht lesbar / not readable: {file.name}: {error}") from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SourceError(f"{layer.id}: nicht lesbar / not readable: {file.name}: {_plain(file, error)}") from error


def _wanted(source: Source, frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    for column, allowed in source.only.items():
        if column not in frame.columns:
            raise ValueError(spreadsheets.missing([column], frame.columns))
        words = {str(value).lower() if isinstance(value, bool) else str(value) for value in allowed}
        own = [str(value).lower() if isinstance(value, bool | numpy.bool_) else str(value) for value in frame[column]]
        frame = frame[[value in words for value in own]]
    return frame


def _run(layer: Layer, script: Path, file: Path) -> Any:
    """What load.py gives. It is not our code: whatever it raises is a fault of this layer, and of no other."""
    try:
        frame = _loader(layer, script)(file)
    except Exception as error:
        raise SourceError(f"{layer.id}: load.py: {type(error).__name__}: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise SourceError(f"{layer.id}: load.py gibt keinen GeoDataFrame / gives no GeoDataFrame")
    return frame


def _loader(layer: Layer, script: Path) -> Callable[[Path], geopandas.GeoDataFrame]:
    spec = importlib.util.spec_from_file_location(f"layers.{layer.id}.load", script)
    if spec is None or spec.loader is None:
        raise SourceError(f"{layer.id}: load.py ist kein Python / is no Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Path], geopandas.GeoDataFrame] = module.load
    return function


def _pieces(frame: geopandas.GeoDataFrame) -> Iterator[geopandas.GeoDataFrame]:
    for start in range(0, max(len(frame), 1), ROWS):
        yield _counted(frame.iloc[start : start + ROWS], start)


def _counted(frame: geopandas.GeoDataFrame, before: int) -> geopandas.GeoDataFrame:
    """Its index says which of the source's features each row is, from 1."""
    return frame.set_axis(pandas.RangeIndex(before + 1, before + 1 + len(frame)), axis="index")


def _plain(file: Path, error: Exception) -> str:
    """GDAL's sentence without our paths; of a file that it does not know the formats that we do."""
    said = str(error)
    if "supported" in said:
        return (
            "weder / neither GeoPackage, Shapefile (mit / with .shx, .dbf; auch als / also as ZIP), GeoJSON, "
            "FlatGeobuf, CSV noch / nor XLSX"
        )
    if ".shx" in said:
        return "ein Shapefile braucht seine übrigen Teile / a Shapefile needs its other parts: .shx, .dbf, .prj"
    return said.replace("/vsizip/", "").replace(f"{file.parent}/", "")


def _read_lines(source: Source, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    # a WFS was asked for these coordinates; everything else answers as GeoJSON wants it
    crs = (source.crs or f"EPSG:{SRID}") if source.wfs else "OGC:CRS84"
    with file.open(encoding="utf-8") as lines:
        read = itertools.chain.from_iterable(_features(json.loads(line)) for line in lines)
        before = 0
        while features := list(itertools.islice(read, ROWS)):
            yield _counted(geopandas.GeoDataFrame.from_features(features, crs=crs), before)
            before += len(features)
    if file.stat().st_size == 0:
        yield geopandas.GeoDataFrame({"geometry": []}, geometry="geometry", crs=crs)


def _features(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of one line: a feature, or a page of them in GML. The id is a property like any other: it may be the key."""
    if "gml" in raw:
        yield from gml_pages.features(raw["gml"])
        return
    own = {"id": raw["id"]} if raw.get("id") is not None else {}
    yield {"type": "Feature", "properties": own | (raw.get("properties") or {}), "geometry": raw.get("geometry")}


def _read_gdal(source: Source, file: Path) -> Iterator[geopandas.GeoDataFrame]:
    place = f"/vsizip/{file}" if zipfile.is_zipfile(file) else str(file)
    options = {"engine": "pyogrio", "encoding": source.encoding}
    there = [str(name) for name, _ in pyogrio.list_layers(place)]
    if source.layer:
        if source.layer not in there:
            raise ValueError(f"kein Layer / no layer „{source.layer}“; vorhanden / there are: {', '.join(there)}")
        options["layer"] = source.layer
    elif len(there) > 1:
        raise ValueError(f"mehrere Layer, `layer` angeben / several layers, give `layer`: {', '.join(there)}")
    total = pyogrio.read_info(place, layer=source.layer, encoding=source.encoding, force_feature_count=True)["features"]
    for start in range(0, max(total, 1), ROWS):
        yield _counted(geopandas.read_file(place, rows=slice(start, start + ROWS), **options), start)
