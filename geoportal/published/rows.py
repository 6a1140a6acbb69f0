"""The rows that citizens may see: frozen values; dates are dates, boxes CRS84 degrees, lengths and areas in metres."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from plans_ingest.model import Planwerk


class Status(StrEnum):
    """What a plan's Rechtsstand means to a citizen; the values of ogc.plaene.status."""

    IN_KRAFT = "in_kraft"
    IN_AUFSTELLUNG = "in_aufstellung"
    ARCHIVIERT = "archiviert"
    UNBEKANNT = "unbekannt"


class Sortierung(StrEnum):
    """`neueste` by publication, `inkrafttreten` the youngest first, `frist` the participation that ends next first."""

    GEMEINDE = "gemeinde"
    NAME = "name"
    NEUESTE = "neueste"
    INKRAFTTRETEN = "inkrafttreten"
    FRIST = "frist"


@dataclass(frozen=True, slots=True)
class Gemeinde:
    """A Gemeinde that takes part, with the number of its published plans by state and of those in participation."""

    ags: str
    name: str
    typ: str
    plz: str
    in_kraft: int
    in_aufstellung: int
    beteiligung: int


@dataclass(frozen=True, slots=True)
class Beteiligungszeit:
    """A period in which the public takes part, or else authorities; both days belong to it, either may be unknown.

    `art` is one of geoportal.participation.arten.
    """

    art: str
    is_public: bool
    start: date | None
    ende: date | None

    def runs(self, day: date) -> bool:
        return self.start is not None and self.ende is not None and self.start <= day <= self.ende


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry:
    """A plan as lists show it; its participations in order of time."""

    id: UUID
    planwerk: Planwerk
    ags: str
    gemeinde: str | None
    ortsteil: str | None
    name: str
    nummer: str | None
    planart_text: str | None
    rechtsstand_text: str | None
    status: Status
    gueltig_von: date | None
    gueltig_bis: date | None
    beteiligungen: tuple[Beteiligungszeit, ...]
    veroeffentlicht_am: datetime

    def beteiligung(self, day: date) -> Beteiligungszeit | None:
        """Of the public, with both of its days: what runs on that day and ends first, else the next to come, else the
        last one.
        """
        known = [each for each in self.beteiligungen if each.is_public and each.start and each.ende]
        running = sorted((each for each in known if each.runs(day)), key=lambda each: each.ende or day)
        coming = [each for each in known if each.start and each.start > day]
        return next(iter(running or coming or reversed(known)), None)


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One page of a list; `total` counts all pages."""

    plaene: tuple[PlanEntry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Umkreis:
    """A circle around a place, in the storage CRS."""

    east: float
    north: float
    metres: float


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which plans a list shows; what is None or empty does not restrict it.

    `laufend_am` asks for what the public can take part in on that day, `mitreden_ab` for what does not end before it.
    `gueltig_ab`, `gueltig_bis`: the first and the last day on which the plan may have come into force.
    `stand`: what was public at the end of that day instead of what is public now.
    """

    words: tuple[str, ...] = ()
    ags: str | None = None
    planwerk: Planwerk | None = None
    planart: int | None = None
    status: Status | None = None
    gueltig_ab: date | None = None
    gueltig_bis: date | None = None
    stand: date | None = None
    laufend_am: date | None = None
    mitreden_ab: date | None = None
    umkreis: Umkreis | None = None


@dataclass(frozen=True, slots=True)
class Planart:
    """A kind of plan that occurs, with its official number and label."""

    planwerk: Planwerk
    planart: int
    label: str


@dataclass(frozen=True, slots=True)
class Blatt:
    """A scanned sheet of a plan; its Cloud Optimized GeoTIFF lies in the archive."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Dokument:
    """A document of a plan; with `sha256` it lies in the archive, else `url` says where it is, as delivered."""

    plan_id: UUID
    typ_text: str | None
    name: str | None
    beschreibung: str | None
    url: str | None
    datum: date | None
    media_type: str | None
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Textabschnitt:
    art: str
    schluessel: str | None
    gesetzliche_grundlage: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Inhalt:
    """How many objects of one kind a plan has; `flaeche` is their area together in m², 0 for lines and points.

    `kuerzel` is the first word of their label, such as WA.
    """

    gruppe: str | None
    kuerzel: str | None
    klasse_text: str
    art_text: str | None
    anzahl: int
    flaeche: float


@dataclass(frozen=True, slots=True)
class Umrissvergleich:
    """The outlines of a former version and of the present one, in one frame: SVG paths in metres, y down.

    `flaeche` is that of the former version in m², `flaeche_heute` that of the present one.
    """

    version: int
    damals: str
    heute: str
    breite: float
    hoehe: float
    flaeche: float
    flaeche_heute: float


@dataclass(frozen=True, slots=True)
class Planversion:
    version: int
    rechtsstand_text: str | None
    veroeffentlicht_am: datetime
    veroeffentlicht_bis: datetime | None


@dataclass(frozen=True, slots=True)
class Bezug:
    """A link to another plan as the plan states it; `plan_id` is set when exactly that plan is published here."""

    art: str
    name: str | None
    nummer: str | None
    plan_id: UUID | None


@dataclass(frozen=True, slots=True)
class Umriss:
    """The outline: as SVG path in metres (origin at the north-west corner, y down), its size, and its CRS84 box."""

    svg: str
    breite: float
    hoehe: float
    flaeche: float
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPlan(PlanEntry):
    """A plan, and where it lies."""

    umriss: Umriss


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPlan(PlacedPlan):
    """A plan as its own page shows it."""

    beschreibung: str | None
    verfahren: int | None
    verfahren_text: str | None
    aufstellungsbeschluss_datum: date | None
    entwurfsbeschluss_datum: date | None
    satzungsbeschluss_datum: date | None
    planbeschluss_datum: date | None
    genehmigungs_datum: date | None
    rechtsverordnungs_datum: date | None
    ausfertigungs_datum: date | None
    inkrafttretens_datum: date | None
    wirksamkeits_datum: date | None
    untergangs_datum: date | None
    erstellungsmassstab: int | None
    xplan_version: str
    version: int
    dokumente: tuple[Dokument, ...]
    texte: tuple[Textabschnitt, ...]
    inhalte: tuple[Inhalt, ...]
    bezuege: tuple[Bezug, ...]
    versionen: tuple[Planversion, ...]
