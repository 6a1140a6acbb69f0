"""Styles in a GeoPackage: the table in which QGIS looks for them when a layer is opened."""

import sqlite3
from pathlib import Path
from typing import Final

from geoportal.cartography import qgis, sld
from geoportal.cartography.model import Dimension
from geoportal.catalogue import Geometry
from geoportal.downloads.data_set import DataSet

# A layer of mixed geometries is three layers to QGIS, and a style is for one.
_DIMENSIONS: Final = {
    Geometry.POINT: Dimension.POINT,
    Geometry.MULTI_POINT: Dimension.POINT,
    Geometry.LINE_STRING: Dimension.LINE,
    Geometry.MULTI_LINE_STRING: Dimension.LINE,
    Geometry.POLYGON: Dimension.AREA,
    Geometry.MULTI_POLYGON: Dimension.AREA,
}
# As QGIS itself makes the table when it saves a style into a file; what it writes there later finds its place.
_TABLE: Final = """
    CREATE TABLE layer_styles (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
        styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
        owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
    );
    INSERT INTO gpkg_contents (table_name, data_type, identifier)
    VALUES ('layer_styles', 'attributes', 'layer_styles')"""


def add_styles(file: Path, data: DataSet) -> None:
    """The styles of the collection into its GeoPackage, the first as the one that a layer is opened with."""
    dimension = _DIMENSIONS.get(data.geometry)
    known = {"id", *data.fields}
    styles = [sheet for sheet in data.styles if all(rule.when.keys() <= known for rule in sheet.rules)]
    if dimension is None or not styles:
        return
    database = sqlite3.connect(file)
    try:
        database.executescript(_TABLE)
        [column] = database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (data.name,)
        ).fetchone()
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, ?, ?, ?, '')",
            [
                (
                    data.name, column, sheet.id, qgis.qml(sheet, dimension).decode(),
                    sld.write(sheet, data.name).decode(), sheet is styles[0], sheet.title.de,
                )
                for sheet in styles
            ],
        )  # fmt: skip
        database.commit()
    finally:
        database.close()
