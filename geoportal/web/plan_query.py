"""What the address of a plan list asks for. Pure."""

import re
from collections.abc import Container, Mapping
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
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_LENGTH = 100  # characters; a name of a plan is shorter


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """The filters and the page of a list; every field stands in the address under its own name.

    `planart` is written with its Planwerk, whose numbers it is one of: `BP-1000`. `von` and `bis` are the days between
    which a plan came into force, `stand` the day of which is asked what was public. `sortierung` None: as it fits.
    """

    q: str = ""
    gemeinde: str | None = None
    planwerk: Planwerk | None = None
    status: Status | None = None
    beteiligung: bool = False
    planart: int | None = None
    von: date | None = None
    bis: date | None = None
    stand: date | None = None
    sortierung: Sortierung | None = None
    seite: int = 1

    @classmethod
    def parse(cls, args: Mapping[str, str], today: date = date.max) -> Self:
        """Raises InvalidQuery. An empty value, as forms send it, asks for nothing; `stand` lies before today."""
        beteiligung = args.get("beteiligung", "")
        if beteiligung not in {"", "laufend"}:
            raise InvalidQuery("beteiligung: laufend")
        of_kind, planart = _planart(args.get("planart", ""))
        planwerk = _choice(Planwerk, "planwerk", args)
        if of_kind and planwerk and of_kind is not planwerk:
            raise InvalidQuery(f"planart: {planwerk}-…")
        return cls(
            q=args.get("q", "").strip()[:_MAX_LENGTH],
            gemeinde=_ags(args.get("gemeinde", "")),
            planwerk=planwerk or of_kind,
            status=_choice(Status, "status", args),
            beteiligung=beteiligung == "laufend",
            planart=planart,
            von=asked_day(args, "von"),
            bis=asked_day(args, "bis"),
            stand=asked_stand(args, today),
            sortierung=_choice(Sortierung, "sortierung", args),
            seite=asked_number(args, "seite", range(1, _MAX_PAGE + 1)) or 1,
        )

    @property
    def restricted(self) -> bool:
        chosen = (self.q, self.gemeinde, self.planwerk, self.status, self.beteiligung)
        return any(chosen) or self.more

    @property
    def more(self) -> bool:
        """Whether something is asked for that most readers never need."""
        return any(each is not None for each in (self.planart, self.von, self.bis, self.stand))

    @property
    def order(self) -> Sortierung:
        """Of what can be commented on, the next to end comes first."""
        return self.sortierung or (Sortierung.FRIST if self.beteiligung else Sortierung.GEMEINDE)

    @property
    def offset(self) -> int:
        return (self.seite - 1) * PAGE_SIZE

    def filter(self, today: date) -> PlanFilter:
        return PlanFilter(
            words=tuple(self.q.split()[:_MAX_WORDS]),
            ags=self.gemeinde,
            planwerk=self.planwerk,
            status=self.status,
            planart=self.planart,
            gueltig_ab=self.von,
            gueltig_bis=self.bis,
            stand=self.stand,
            laufend_am=(self.stand or today) if self.beteiligung else None,
        )

    @property
    def planart_key(self) -> str | None:
        return None if self.planart is None else f"{self.planwerk}-{self.planart}"

    def args(self, seite: int) -> dict[str, str]:
        """The same question for another page, as parameters of an address; what is not asked for is left out."""
        asked = {
            "q": self.q,
            "gemeinde": self.gemeinde,
            "planwerk": self.planwerk,
            "status": self.status,
            "beteiligung": "laufend" if self.beteiligung else None,
            "planart": self.planart_key,
            "von": self.von,
            "bis": self.bis,
            "stand": self.stand,
            "sortierung": self.sortierung,
            "seite": str(seite) if seite > 1 else None,
        }
        return {name: str(value) for name, value in asked.items() if value}


def asked_day(args: Mapping[str, str], name: str) -> date | None:
    """A day as forms send it, `2026-11-26`. Raises InvalidQuery."""
    raw = args.get(name, "").strip()
    if not raw:
        return None
    try:
        if _DAY.fullmatch(raw):  # fromisoformat knows weeks too
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise InvalidQuery(f"{name}: JJJJ-MM-TT")


def needed_day(args: Mapping[str, str], name: str) -> date:
    """A day that must be given, and on which a plan can be worked at. Raises InvalidQuery."""
    day = asked_day(args, name)
    if day is None or not 2000 <= day.year <= 2200:
        raise InvalidQuery(f"{name}: JJJJ-MM-TT, 2000 bis 2200")
    return day


def asked_stand(args: Mapping[str, str], today: date) -> date | None:
    """The day of which is asked what was public; None for today. Raises InvalidQuery for what is still to come."""
    stand = asked_day(args, "stand")
    if stand is not None and stand > today:
        raise InvalidQuery("stand: kein Tag in der Zukunft")
    return None if stand == today else stand


def asked_number(args: Mapping[str, str], name: str, among: Container[int]) -> int | None:
    """None where nothing is asked for. Raises InvalidQuery for what is none of the numbers, however long it is."""
    raw = args.get(name, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 6 and int(raw) in among):
        raise InvalidQuery(f"{name}: 1, 2, 3 …")
    return int(raw)


def _planart(raw: str) -> tuple[Planwerk | None, int | None]:
    if not raw:
        return None, None
    planwerk, _, number = raw.partition("-")
    if planwerk not in set(Planwerk) or not (number.isascii() and number.isdecimal() and len(number) <= 6):
        raise InvalidQuery("planart: BP-1000")
    return Planwerk(planwerk), int(number)


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
