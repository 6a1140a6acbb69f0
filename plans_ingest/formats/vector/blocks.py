"""How large a drawing becomes for a program that inserts its blocks, as every other program does.

Blocks may hold blocks, and one insertion may be a grid of them: a few kilobytes that grow to billions of lines in the
program of whoever opens the drawing.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.model import Where

MAX_DRAWN: Final = 5_000_000  # entities in all, when every block is inserted
MAX_NESTED: Final = 30  # blocks in each other
_ROOT: Final = ""  # what is drawn itself; no block has this name


def read_number(value: str, where: Where) -> float:
    """Raises UnreadableFile for what is no number, or no finite one."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnreadableFile(f"{value[:40]!r} ist keine Zahl", "not a number", where)
    return number


@dataclass(slots=True)
class Blocks:
    """Told every pair of a drawing's sections BLOCKS and ENTITIES, in order. Raises UnreadableFile."""

    where: Where
    _own: Counter[str] = field(default_factory=Counter)
    _inserted: dict[str, Counter[str]] = field(default_factory=dict)
    _block: str = _ROOT
    _entity: str = ""
    _insertion: list[int] = field(default_factory=list)  # columns, rows
    _named: str = _ROOT

    def see(self, code: int, value: str) -> None:
        if code == 0:
            self._end_entity()
            self._entity, self._insertion, self._named = value, [1, 1], _ROOT
            if value == "ENDBLK":
                self._block = _ROOT
            elif value not in {"BLOCK", "ENDSEC"}:
                self._own[self._block] += 1
        elif self._entity == "BLOCK" and code == 2:
            self._block = value.casefold()
        elif self._entity == "INSERT" and code == 2:
            self._named = value.casefold()
        elif self._entity == "INSERT" and code in {70, 71}:
            self._insertion[code - 70] = max(1, self._whole(value))

    def _whole(self, value: str) -> int:
        """Spelt as other programs would read it too: `+100` and `100.0` are a hundred. Raises UnreadableFile."""
        number = read_number(value, self.where)
        if not number.is_integer():
            raise UnreadableFile(f"{value[:40]!r} ist keine ganze Zahl", "not a whole number", self.where)
        return int(number)

    def _end_entity(self) -> None:
        if self._entity == "INSERT" and self._named:
            columns, rows = self._insertion
            self._inserted.setdefault(self._block, Counter())[self._named] += columns * rows

    def refuse_too_many(self) -> None:
        """Raises UnsafeFile for a drawing that grows beyond all plans, or whose blocks hold themselves."""
        self._end_entity()
        self._entity = ""
        sizes: dict[str, int] = {}
        if self._size(_ROOT, sizes, 0) > MAX_DRAWN:
            raise UnsafeFile(
                f"Zeichnung abgelehnt: ihre Blöcke ergeben eingefügt mehr als {MAX_DRAWN} Linien; bitte auflösen",
                "drawing refused: its blocks grow to too many lines when they are inserted",
                self.where,
            )

    def _size(self, block: str, sizes: dict[str, int], depth: int) -> int:
        if depth > MAX_NESTED:  # a block in itself, too
            raise UnsafeFile(
                f"Zeichnung abgelehnt: Blöcke stecken mehr als {MAX_NESTED}-fach ineinander",
                "drawing refused: blocks are nested too deep",
                self.where,
            )
        if block not in sizes:
            inner = self._inserted.get(block, Counter())
            sizes[block] = self._own[block] + sum(
                count * max(1, self._size(other, sizes, depth + 1)) for other, count in inner.items()
            )
        return sizes[block]
