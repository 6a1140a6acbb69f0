"""Values that a condition brings along: bound, or written where nothing can be bound."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

type Bound = str | int | float | bool | date | datetime | UUID

_NAMED: Final = re.compile(r"%\((\w+)\)s")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .+_-]")


class Values:
    """The values of one statement, each under a name of its own."""

    def __init__(self) -> None:
        self._bound: dict[str, object] = {}

    def bind(self, value: Bound, kind: str) -> str:
        """SQL for the value: a parameter, of the SQL type `kind`. It may be used several times."""
        name = f"value{len(self._bound)}"
        self._bound[name] = value
        return f"%({name})s::{kind}"

    @property
    def bound(self) -> Mapping[str, object]:
        return self._bound

    def written(self, sql: str) -> str:
        """A condition with its values in it, for a program that hands on statements as text.

        No sign of a value but letters, digits and a few harmless ones stays as it is: neither SQL nor a program that
        puts something in the place of marks (as Mapnik does with `!bbox!` and `@name`) can take it for its own.
        """
        return _NAMED.sub(lambda found: _literal(self._bound[found[1]]), sql)


def _literal(value: object) -> str:
    # an instance of bool is one of int
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "U&'" + _PLAIN.sub(lambda sign: f"\\+{ord(sign[0]):06X}", text) + "'"
