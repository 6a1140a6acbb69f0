"""What lists tell of all plans, asked of the database once for each state of the data and not for each reader."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from geoportal import published
from geoportal.published import Gemeinde, Planart, PlanFilter, PlanPage, Sortierung

_MOST = 64  # answers, each at most some hundred plans


class Memory:
    """Of a process; safe for threads. Only the newest state of the data is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = ""
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def recall[Found](self, state: str, key: Hashable, ask: Callable[[], Found]) -> Found:
        with self._lock:
            if state != self._state:
                self._state = state
                self._kept.clear()
            if key in self._kept:
                self._kept.move_to_end(key)
                known: Found = self._kept[key]  # type: ignore[assignment]  # what this key was asked for
                return known
        found = ask()
        with self._lock:
            # read after the state was: it can be newer, and is then asked for again at once
            if state == self._state:
                self._kept[key] = found
                if len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class Stock:
    """All plans as they are public now, for one request."""

    connection: Connection
    memory: Memory
    state: str

    @classmethod
    def of(cls, connection: Connection, memory: Memory) -> "Stock":
        return cls(connection, memory, published.state(connection))

    def plaene(
        self, wanted: PlanFilter, *, limit: int, offset: int = 0, sortierung: Sortierung = Sortierung.GEMEINDE
    ) -> PlanPage:
        """As `published.plaene`. What somebody typed, or the place around which they ask, is remembered nowhere."""

        def ask(total: int | None = None) -> PlanPage:
            return published.plaene(
                self.connection, wanted, limit=limit, offset=offset, sortierung=sortierung, total=total
            )

        if wanted.words or wanted.umkreis is not None:
            return ask()
        # counted once for all pages
        total = self.memory.recall(self.state, ("anzahl", wanted), lambda: published.anzahl(self.connection, wanted))
        return self.memory.recall(self.state, ("plaene", wanted, limit, offset, sortierung), lambda: ask(total))

    def gemeinden(self, today: date) -> tuple[Gemeinde, ...]:
        return self.memory.recall(self.state, ("gemeinden", today), lambda: published.gemeinden(self.connection, today))

    def gemeinde(self, ags: str, today: date) -> Gemeinde | None:
        return next((each for each in self.gemeinden(today) if each.ags == ags), None)

    def planarten(self) -> tuple[Planart, ...]:
        return self.memory.recall(self.state, "planarten", lambda: published.planarten(self.connection))
