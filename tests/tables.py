"""Writes tables of outlines and drawings. GDAL writes them, so that our own readers are held against another hand."""

import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
from shapely.affinity import translate
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from tests.files import ORIGIN

SQUARE = box(ORIGIN[0], ORIGIN[1], ORIGIN[0] + 100, ORIGIN[1] + 100)
RING = Polygon(
    SQUARE.exterior.coords, [box(ORIGIN[0] + 40, ORIGIN[1] + 40, ORIGIN[0] + 60, ORIGIN[1] + 60).exterior.coords]
)
DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile", ".dxf": "DXF"}
ROW = {
    "planwerk": "BP", "nummer": "5", "name": "Am Hang", "ags": "06534008", "planart": "1000", "rechtsstan": "4000",
    "inkraft": "2019-03-01",
}  # fmt: skip


def far(step: float = 1000) -> Polygon:
    """The square at another place."""
    return translate(SQUARE, step)


def table(
    path: Path,
    rows: Sequence[Mapping[str, Any]] = (ROW,),
    shapes: Sequence[BaseGeometry | None] = (SQUARE,),
    *,
    crs: int | None = 25832,
    layer: str | None = None,
    **options: Any,
) -> Path:
    """A table in the format of the suffix; a Shapefile becomes a ZIP of its parts."""
    frame = geopandas.GeoDataFrame(list(rows), geometry=list(shapes), crs=crs)
    driver = DRIVERS[path.suffix]
    if driver == "GeoJSON" and crs == 25832:
        frame = frame.to_crs(4326)
    mode = "a" if layer and path.exists() else "w"
    frame.to_file(path, driver=driver, engine="pyogrio", layer=layer or path.stem, mode=mode, **options)
    return zipped(path) if driver == "ESRI Shapefile" else path


def parts(path: Path) -> dict[str, bytes]:
    """The files of a Shapefile by name."""
    return {
        part.name: part.read_bytes() for part in sorted(path.parent.glob(f"{path.stem}.*")) if part.suffix != ".zip"
    }


def zipped(path: Path, members: Mapping[str, bytes] | None = None) -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in (parts(path) if members is None else members).items():
            opened.writestr(name, content)
    return target


def drawing(*polylines: tuple[str, Sequence[tuple[float, ...]], bool], extra: str = "", end: str = "0\nEOF\n") -> str:
    """A DXF of LWPOLYLINEs: (layer, vertices as x, y[, bulge] in metres from ORIGIN, closed)."""
    entities = ""
    for layer, vertices, closed in polylines:
        entities += f"0\nLWPOLYLINE\n8\n{layer}\n90\n{len(vertices)}\n70\n{int(closed)}\n"
        for x, y, *bulge in vertices:
            entities += f"10\n{ORIGIN[0] + x}\n20\n{ORIGIN[1] + y}\n"
            entities += f"42\n{bulge[0]}\n" if bulge else ""
    return f"0\nSECTION\n2\nENTITIES\n{entities}{extra}0\nENDSEC\n{end}"


def altered(folder: Path, content: bytes, statements: str) -> bytes:
    """A GeoPackage after these statements."""
    file = folder / "altered.gpkg"
    file.write_bytes(content)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)
        connection.commit()
    return file.read_bytes()
