"""Functions of PostGIS in SQLAlchemy, as they are.

`sqlalchemy.func` gives GeoAlchemy2's functions of the same names as soon as anything has imported GeoAlchemy2; some of
these write a value into SQL that SQLAlchemy then caches and reuses for other values.
"""

from typing import Any

from sqlalchemy.sql.functions import Function


def postgis(name: str, *arguments: Any) -> Function[Any]:
    return Function(name, *arguments)
