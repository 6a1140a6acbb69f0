"""What the address of a plan list asks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from geoportal.published import PlanFilter, Sortierung, Status
from geoportal.web.errors import InvalidQuery
from plans_ingest.model import Planwerk

PAGE_SIZE = 25
_MAX_PAGE = 100_000
_MAX_WORDS = 8
_MAX_LENGTH = 100  # characters; a name of a plan is shorter


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """The filters and the page of a list; every field stands in the address under its own name."""

    q: str = ""
    gemeinde: str | None = None
    planwerk: Planwerk | None = None
    status: Status | None = None
    beteiligung: bool = False
    sortierung: Sortierung = Sortierung.GEMEINDE
    seite: int = 1

    @classmethod
    def parse(cls, args: Mapping[str, str]) -> Self:
        """Raises InvalidQuery. An empty value, as forms send it, asks for nothing."""
        beteiligung = args.get("beteiligung", "")
        if beteiligung not in {"", "laufend"}:
            raise InvalidQuery("beteiligung: laufend")
        return cls(
            q=args.get("q", "").strip()[:_MAX_LENGTH],
            gemeinde=_ags(args.get("gemeinde", "")),
            planwerk=_choice(Planwerk, "planwerk", args),
            status=_choice(Status, "status", args),
            beteiligung=beteiligung == "laufend",
            sortierung=_choice(Sortierung, "sortierung", args) or Sortierung.GEMEINDE,
            seite=_page(args.get("seite", "") or "1"),
        )

    @property
    def restricted(self) -> bool:
        return bool(self.q or self.gemeinde or self.planwerk or self.status or self.beteiligung)

    @property
    def offset(self) -> int:
        return (self.seite - 1) * PAGE_SIZE

    def filter(self, today: date) -> PlanFilter:
        return PlanFilter(
            words=tuple(self.q.split()[:_MAX_WORDS]),
            ags=self.gemeinde,
            planwerk=self.planwerk,
            status=self.status,
            laufend_am=today if self.beteiligung else None,
        )

    def args(self, seite: int) -> dict[str, str]:
        """The same question for another page, as parameters of an address; what is not asked for is left out."""
        asked = {
            "q": self.q,
            "gemeinde": self.gemeinde,
            "planwerk": self.planwerk,
            "status": self.status,
            "beteiligung": "laufend" if self.beteiligung else None,
            "sortierung": self.sortierung if self.sortierung is not Sortierung.GEMEINDE else None,
            "seite": str(seite) if seite > 1 else None,
        }
        return {name: str(value) for name, value in asked.items() if value}


def _choice[Choice: StrEnum](kind: type[Choice], name: str, args: Mapping[str, str]) -> Choice | None:
    raw = args.get(name, "")
    if not raw:
        return None
    if raw not in set(kind):
        raise InvalidQuery(f"{name}: {', '.join(kind)}")
    return kind(raw)


def _ags(raw: str) -> str | None:
    if not raw:
        return None
    if not (raw.isascii() and raw.isdecimal() and len(raw) == 8):
        raise InvalidQuery("gemeinde: AGS, 8 Ziffern")
    return raw


def _page(raw: str) -> int:
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 6 and 1 <= int(raw) <= _MAX_PAGE):
        raise InvalidQuery("seite: 1, 2, 3 …")
    return int(raw)
