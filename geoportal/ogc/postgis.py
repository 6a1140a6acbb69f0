"""Functions of PostGIS in SQLAlchemy, as they are.

`sqlalchemy.func` gives GeoAlchemy2's functions of the same names as soon as anything has imported GeoAlchemy2; some of
these write a value into SQL that SQLAlchemy then caches and reuses for other values.
"""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Text, cast, literal
from sqlalchemy.sql.functions import Function
from sqlalchemy.types import UserDefinedType


class _Geometry(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "geometry"


def postgis(name: str, *arguments: Any) -> Function[Any]:
    return Function(name, *arguments)


def geometry_literal(geometry: BaseGeometry, srid: int) -> ColumnElement[Any]:
    """A bound geometry; PostgreSQL takes it for a constant, so that indexes are used."""
    ewkb = shapely.to_wkb(shapely.set_srid(geometry, srid), hex=True, include_srid=True)
    return cast(literal(ewkb, Text()), _Geometry())
