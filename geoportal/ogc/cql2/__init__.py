"""CQL2 (OGC 21-065r2): filters as text or JSON, to a condition of SQL.

Text is parsed into the standard's own JSON form, and only that form is translated, so that both encodings mean the
same. The parser that comes with pygeoapi is not used: it reads `a OR b AND c` as `(a OR b) AND c`, knows no doubled
quotes, and mixes up the corners of a BBOX, so that it would return wrong features without a word.
"""

from geoportal.ogc.cql2.binding import Values
from geoportal.ogc.cql2.sql import SQL_NAMES, FilterScope, condition
from geoportal.ogc.cql2.text import parse_json, parse_text

__all__ = ["SQL_NAMES", "FilterScope", "Values", "condition", "parse_json", "parse_text"]
