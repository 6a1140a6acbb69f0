"""A sample plan, whole, before it is written in one of the versions of XPlanGML."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from muster.entwurf import Zeichnung
from muster.gemeinden import Gemeinde
from muster.verfahren import Verfahren

MUSTERHINWEIS = "Musterplan, erfunden, ohne Rechtswirkung"


class Version(StrEnum):
    V41 = "4.1"
    V54 = "5.4"
    V60 = "6.0"

    @property
    def namensraum(self) -> str:
        return f"http://www.xplanung.de/xplangml/{self.value.replace('.', '/')}"


@dataclass(frozen=True)
class Dokument:
    """A PDF of the archive; `typ` is a code of XP_ExterneReferenzTyp (5.0 and later)."""

    typ: int
    titel: str
    datei: str
    datum: date


@dataclass(frozen=True)
class Verweis:
    """A link to the plan that changes this one, or is changed by it."""

    name: str
    nummer: str
    datum: date | None


@dataclass(frozen=True)
class Plan:
    gemeinde: Gemeinde
    planwerk: Literal["BP", "FP"]
    nummer: str | None
    name: str
    planart: int
    verfahrensart: int
    verfahren: Verfahren
    version: Version
    crs: str
    massstab: int
    hergestellt: date
    zeichnung: Zeichnung
    dokumente: tuple[Dokument, ...]
    ortsteil: str | None = None
    aendert: Verweis | None = None
    geaendert_von: Verweis | None = None
    kuerzel: str = field(default="")
    """Short name for files and ids, ASCII: "bp12", "bp12-1ae", "fp"."""

    @property
    def schluessel(self) -> str:
        """What the plan's ids are made of."""
        return f"{self.gemeinde.ags}/{self.kuerzel}"

    @property
    def textschluessel(self) -> list[str]:
        """Keys of the text sections that its contents refer to, in order."""
        return sorted({key for inhalt in self.zeichnung.inhalte for key in inhalt.texte})
