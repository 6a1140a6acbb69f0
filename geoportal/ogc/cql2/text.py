"""CQL2 text to CQL2 JSON."""

import json
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from geoportal.ogc.problems import InvalidParameter

type Json = str | int | float | bool | list[Any] | dict[str, Any] | None

MAX_LENGTH = 8192

# OGC 21-065r2, annex B; one chain of precedence, the types are checked when it is translated.
_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction
            | conjunction (_OR conjunction)+          -> disjunction
?conjunction: negation
            | negation (_AND negation)+               -> conjunction
?negation: predicate
         | _NOT negation                              -> negation
?predicate: operand
          | operand COMPARISON operand                                     -> comparison
          | operand _LIKE operand                                          -> like
          | operand _NOT _LIKE operand                                     -> not_like
          | operand _ILIKE operand                                         -> ilike
          | operand _BETWEEN operand _AND operand                          -> between
          | operand _NOT _BETWEEN operand _AND operand                     -> not_between
          | operand _IN "(" operand ("," operand)* ")"                     -> within
          | operand _NOT _IN "(" operand ("," operand)* ")"                -> not_within
          | operand _IS _NULL                                              -> null
          | operand _IS _NOT _NULL                                         -> not_null
?operand: STRING                                      -> string
        | NUMBER                                      -> number
        | "-" NUMBER                                  -> minus
        | BOOLEAN                                     -> boolean
        | NAME                                        -> name
        | QUOTED                                      -> quoted
        | NAME "(" [disjunction ("," disjunction)*] ")" -> function
        | geometry
        | "(" disjunction ")"

?geometry: _POINT "(" position ")"                    -> point
         | _LINESTRING positions                      -> linestring
         | _POLYGON rings                             -> polygon
         | _MULTIPOINT positions                      -> multipoint
         | _MULTIPOINT "(" wrapped ("," wrapped)* ")" -> multipoint
         | _MULTILINESTRING rings                     -> multilinestring
         | _MULTIPOLYGON "(" rings ("," rings)* ")"   -> multipolygon
         | _GEOMETRYCOLLECTION "(" geometry ("," geometry)* ")" -> collection
rings: "(" positions ("," positions)* ")"
positions: "(" position ("," position)* ")"
?wrapped: "(" position ")"
position: COORDINATE COORDINATE [COORDINATE]

_AND.2: /AND\b/i
_OR.2: /OR\b/i
_NOT.2: /NOT\b/i
_LIKE.2: /LIKE\b/i
_ILIKE.2: /ILIKE\b/i
_BETWEEN.2: /BETWEEN\b/i
_IN.2: /IN\b/i
_IS.2: /IS\b/i
_NULL.2: /NULL\b/i
BOOLEAN.2: /(TRUE|FALSE)\b/i
_POINT.2: /POINT(\s+Z)?(?=\s*\()/i
_LINESTRING.2: /LINESTRING(\s+Z)?(?=\s*\()/i
_POLYGON.2: /POLYGON(\s+Z)?(?=\s*\()/i
_MULTIPOINT.2: /MULTIPOINT(\s+Z)?(?=\s*\()/i
_MULTILINESTRING.2: /MULTILINESTRING(\s+Z)?(?=\s*\()/i
_MULTIPOLYGON.2: /MULTIPOLYGON(\s+Z)?(?=\s*\()/i
_GEOMETRYCOLLECTION.2: /GEOMETRYCOLLECTION(\s+Z)?(?=\s*\()/i
COMPARISON: "=" | "<>" | "<=" | ">=" | "<" | ">"
STRING: /'(?:''|\\'|[^'])*'/
QUOTED: /"[^"]+"/
NAME: /[^\W\d][\w:.]*/
NUMBER: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
COORDINATE: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
%ignore /\s+/
"""


def parse_text(text: str) -> Json:
    """Raises InvalidParameter with the place of the mistake."""
    _check_length(text)
    try:
        parsed: Any = _parser().parse(text)  # by the transformer it is JSON and no tree
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidParameter):
            raise error.orig_exc from error
        raise
    except LarkError as error:
        column = getattr(error, "column", 0)
        place = f"Zeichen / character {column}" if column > 0 else "am Ende / at the end"
        raise InvalidParameter(f"filter: kein gültiges CQL2 / no valid CQL2 ({place})") from error
    result: Json = parsed
    return result


def parse_json(text: str) -> Json:
    """Raises InvalidParameter."""
    _check_length(text)
    try:
        parsed: Json = json.loads(text, parse_constant=_no_constant, parse_int=_bounded)
        json.dumps(parsed, ensure_ascii=False).encode()  # half a character, as "\\ud800", is none
    except (ValueError, RecursionError) as error:
        raise InvalidParameter("filter: kein gültiges JSON / no valid JSON") from error
    return parsed


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise InvalidParameter(f"filter: länger als {MAX_LENGTH} Zeichen / longer than {MAX_LENGTH} characters")


def _bounded(digits: str) -> int:
    if len(digits) > 19:
        raise ValueError(digits[:20])
    return int(digits)


def _no_constant(name: str) -> None:
    raise ValueError(name)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_ToJson(), maybe_placeholders=False)


@v_args(inline=True)
class _ToJson(Transformer[Token, Json]):
    """One method per rule of the grammar; each gets the JSON of its parts."""

    def disjunction(self, *parts: Json) -> Json:
        return {"op": "or", "args": list(parts)}

    def conjunction(self, *parts: Json) -> Json:
        return {"op": "and", "args": list(parts)}

    def negation(self, part: Json) -> Json:
        return {"op": "not", "args": [part]}

    def comparison(self, left: Json, operator: Token, right: Json) -> Json:
        return {"op": str(operator), "args": [left, right]}

    def like(self, *parts: Json) -> Json:
        return {"op": "like", "args": list(parts)}

    def not_like(self, *parts: Json) -> Json:
        return self.negation(self.like(*parts))

    def ilike(self, *parts: Json) -> Json:
        """Not in the standard, but what GDAL writes."""
        return self.like(*({"op": "casei", "args": [part]} for part in parts))

    def between(self, *parts: Json) -> Json:
        return {"op": "between", "args": list(parts)}

    def not_between(self, *parts: Json) -> Json:
        return self.negation(self.between(*parts))

    def within(self, value: Json, *values: Json) -> Json:
        return {"op": "in", "args": [value, list(values)]}

    def not_within(self, value: Json, *values: Json) -> Json:
        return self.negation(self.within(value, *values))

    def null(self, part: Json) -> Json:
        return {"op": "isNull", "args": [part]}

    def not_null(self, part: Json) -> Json:
        return self.negation(self.null(part))

    def string(self, token: Token) -> Json:
        return token[1:-1].replace("''", "'").replace("\\'", "'")

    def number(self, token: Token) -> Json:
        return int(token) if token.isdecimal() and len(token) < 20 else float(token)

    def minus(self, token: Token) -> Json:
        value = self.number(token)
        return -value if isinstance(value, int | float) else value

    def boolean(self, token: Token) -> Json:
        return token.lower() == "true"

    def name(self, token: Token) -> Json:
        return {"property": str(token)}

    def quoted(self, token: Token) -> Json:
        return {"property": token[1:-1]}

    def function(self, name: Token, *parts: Json) -> Json:
        match name.lower():
            case "date" | "timestamp" as kind:
                return {kind: self._only_text(name, parts)}
            case "interval":
                return {"interval": [self._end(part) for part in parts]}
            case "bbox":
                return {"bbox": list(parts)}
            case "casei":
                return {"op": "casei", "args": list(parts)}
        return {"op": str(name), "args": list(parts)}

    def point(self, position: Json) -> Json:
        return {"type": "Point", "coordinates": position}

    def linestring(self, positions: Json) -> Json:
        return {"type": "LineString", "coordinates": positions}

    def polygon(self, rings: Json) -> Json:
        return {"type": "Polygon", "coordinates": rings}

    def multipoint(self, *parts: Json) -> Json:
        flat = parts[0] if len(parts) == 1 and _depth(parts[0]) == 2 else list(parts)
        return {"type": "MultiPoint", "coordinates": flat}

    def multilinestring(self, rings: Json) -> Json:
        return {"type": "MultiLineString", "coordinates": rings}

    def multipolygon(self, *parts: Json) -> Json:
        return {"type": "MultiPolygon", "coordinates": list(parts)}

    def collection(self, *parts: Json) -> Json:
        return {"type": "GeometryCollection", "geometries": list(parts)}

    def rings(self, *parts: Json) -> Json:
        return list(parts)

    def positions(self, *parts: Json) -> Json:
        return list(parts)

    def position(self, *numbers: Token) -> Json:
        return [float(number) for number in numbers]

    @staticmethod
    def _only_text(name: Token, parts: tuple[Json, ...]) -> Json:
        if len(parts) != 1 or not isinstance(parts[0], str):
            raise InvalidParameter(
                f"filter: {name}() braucht einen Text in einfachen Anführungszeichen / needs a string"
            )
        return parts[0]

    @staticmethod
    def _end(part: Json) -> Json:
        """The end of an interval: text, or a property; DATE('…') and TIMESTAMP('…') are taken as their text."""
        if isinstance(part, dict):
            return next((part[kind] for kind in ("date", "timestamp") if kind in part), part)
        return part


def _depth(value: Json) -> int:
    return 1 + _depth(value[0]) if isinstance(value, list) and value else int(isinstance(value, list))
