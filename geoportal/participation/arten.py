"""The kinds of participation, and what the law asks of each: BauGB §§ 3, 4, 4a, 13, 13a as since 7 July 2023.
Pure.

One table for the desk, the pages of citizens, calendars and time lines. The database knows the names of the kinds,
whom each is for, and as what a plan's file tells it (migrations `0037_arten.sql`, `0041_simplified.py`,
`0046_unterrichtung.py`); a test holds both together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Art(StrEnum):
    FRUEHZEITIG = "fruehzeitig"
    UNTERRICHTUNG = "unterrichtung"
    VEROEFFENTLICHUNG = "veroeffentlichung"
    ERNEUT = "erneut"
    BETROFFENE = "betroffene"
    BEHOERDEN_FRUEHZEITIG = "behoerden_fruehzeitig"
    BEHOERDEN = "behoerden"
    BEHOERDEN_ERNEUT = "behoerden_erneut"
    BEHOERDEN_BERUEHRT = "behoerden_beruehrt"

    @property
    def regel(self) -> "Regel":
        return ARTEN[self]


class Monat(StrEnum):
    """Whether a period must last a month, and at least 30 days.

    `ab_erstem_tag`: publishing may count its first day (GmS-OGB 2/71). `nach_erstem_tag`: a period in which somebody
    has to answer begins after the day on which they were asked (§ 187 Abs. 1 BGB).
    """

    KEINER = "keiner"
    AB_ERSTEM_TAG = "ab_erstem_tag"
    NACH_ERSTEM_TAG = "nach_erstem_tag"


@dataclass(frozen=True, slots=True)
class Regel:
    """`norm` is the clause, `name` what people call it.

    `is_public`: everybody takes part, and everybody is told; else it is an affair of authorities, of which the public
    sees the days in the plan's time line. `is_shorter`: the month shall be shortened, appropriately (§ 4a Abs. 3
    Satz 3). `is_simplified`: only whom the plan concerns is heard, within an appropriate period (§ 13 Abs. 2 Satz 1
    Nr. 2 and 3). `is_accelerated`: only for a Bebauungsplan of the accelerated procedure, in the place of the early
    participation, within a period that the Gemeinde names (§ 13a Abs. 3 Satz 1 Nr. 2). `is_announced_before`: the
    public notice has to appear before the first day (§ 3 Abs. 2 Satz 4), and not only with it.
    """

    norm: str
    name: str
    is_public: bool
    monat: Monat = Monat.KEINER
    is_shorter: bool = False
    is_simplified: bool = False
    is_accelerated: bool = False
    is_announced_before: bool = False


ARTEN: Final[Mapping[Art, Regel]] = MappingProxyType(
    {
        Art.FRUEHZEITIG: Regel("§ 3 Abs. 1 BauGB", "Frühzeitige Beteiligung der Öffentlichkeit", is_public=True),
        Art.UNTERRICHTUNG: Regel(
            "§ 13a Abs. 3 Satz 1 Nr. 2 BauGB", "Unterrichtung und Äußerung", is_public=True, is_accelerated=True
        ),
        Art.VEROEFFENTLICHUNG: Regel(
            "§ 3 Abs. 2 BauGB", "Öffentliche Auslegung", is_public=True,
            monat=Monat.AB_ERSTEM_TAG, is_announced_before=True,
        ),
        Art.ERNEUT: Regel(
            "§ 4a Abs. 3, § 3 Abs. 2 BauGB", "Erneute Auslegung", is_public=True,
            monat=Monat.AB_ERSTEM_TAG, is_shorter=True, is_announced_before=True,
        ),
        Art.BETROFFENE: Regel(
            "§ 13 Abs. 2 Satz 1 Nr. 2 BauGB", "Beteiligung der betroffenen Öffentlichkeit", is_public=True,
            is_simplified=True,
        ),
        Art.BEHOERDEN_FRUEHZEITIG: Regel("§ 4 Abs. 1 BauGB", "Frühzeitige Beteiligung der Behörden", is_public=False),
        Art.BEHOERDEN: Regel(
            "§ 4 Abs. 2 BauGB", "Beteiligung der Behörden", is_public=False, monat=Monat.NACH_ERSTEM_TAG
        ),
        Art.BEHOERDEN_ERNEUT: Regel(
            "§ 4a Abs. 3, § 4 Abs. 2 BauGB", "Erneute Beteiligung der Behörden", is_public=False,
            monat=Monat.NACH_ERSTEM_TAG, is_shorter=True,
        ),
        Art.BEHOERDEN_BERUEHRT: Regel(
            "§ 13 Abs. 2 Satz 1 Nr. 3 BauGB", "Beteiligung der berührten Behörden", is_public=False, is_simplified=True
        ),
    }
)  # fmt: skip
