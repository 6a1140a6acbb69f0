"""How the pages say things in German: dates, sizes, legal states. Pure; the templates use it as filters and globals."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from geoportal.hier import Language
from geoportal.participation.arten import Art
from geoportal.published import Status
from plans_ingest.model import Planwerk

BERLIN = ZoneInfo("Europe/Berlin")

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class StatusWords(NamedTuple):
    """`label` stands on the badge, `meaning` is the sentence that says what it means."""

    label: str
    meaning: str


STATUS: Mapping[Language, Mapping[Status, StatusWords]] = {
    "de": {
        Status.IN_KRAFT: StatusWords("In Kraft", "Dieser Plan gilt."),
        Status.IN_AUFSTELLUNG: StatusWords("In Aufstellung", "Dieser Plan wird noch aufgestellt. Er gilt noch nicht."),
        Status.ARCHIVIERT: StatusWords("Nicht mehr gültig", "Dieser Plan gilt nicht mehr."),
        Status.UNBEKANNT: StatusWords(
            "Rechtsstand unbekannt", "In den Daten steht nicht, ob dieser Plan gilt. Bitte fragen Sie die Gemeinde."
        ),
    },
    "en": {
        Status.IN_KRAFT: StatusWords("In force", "This plan applies."),
        Status.IN_AUFSTELLUNG: StatusWords("Being drawn up", "This plan is being drawn up. It does not apply yet."),
        Status.ARCHIVIERT: StatusWords("No longer valid", "This plan does not apply any more."),
        Status.UNBEKANNT: StatusWords(
            "Legal state unknown", "The data do not say whether this plan applies. Please ask the municipality."
        ),
    },
}

PLANWERK: Mapping[Language, Mapping[Planwerk, tuple[str, str]]] = {
    "de": {
        Planwerk.BEBAUUNGSPLAN: ("Bebauungsplan", "Bebauungspläne"),
        Planwerk.FLAECHENNUTZUNGSPLAN: ("Flächennutzungsplan", "Flächennutzungspläne"),
    },
    "en": {
        Planwerk.BEBAUUNGSPLAN: ("Local development plan (Bebauungsplan)", "Local development plans"),
        Planwerk.FLAECHENNUTZUNGSPLAN: ("Land-use plan (Flächennutzungsplan)", "Land-use plans"),
    },
}

# The properties of XPlanGML 4 to 6 that link one plan to another.
_BEZUG = {
    "aendert": "Ändert",
    "aendertPlan": "Ändert",
    "aendertPlanBereich": "Ändert einen Teil von",
    "wurdeGeaendertVon": "Geändert durch",
    "wurdeGeaendertVonPlan": "Geändert durch",
    "wurdeGeaendertVonPlanBereich": "In einem Teil geändert durch",
    "verbundenerPlan": "Verbunden mit",
}

# The drawings of plan contents beside their names: the groups of plans.klasse, Baugebiete as PlanZV 1 tells them apart.
GRUPPE = frozenset(
    {
        "baugebiet-wohnen",
        "baugebiet-mischen",
        "baugebiet-gewerbe",
        "baugebiet-sonder",
        "baugebiet",
        "ueberbaubare_flaeche",
        "baulinie_baugrenze",
        "verkehr",
        "gruen",
        "wald_landwirtschaft",
        "gewaesser",
        "gemeinbedarf_spiel_sport",
        "versorgung",
        "natur_ausgleich",
        "schutz_denkmal",
        "grenze",
        "sonstiges",
    }
)


_BAUGEBIETE = {"W": "-wohnen", "M": "-mischen", "G": "-gewerbe", "S": "-sonder"}
_MEASURES = {"GRZ", "GFZ"}


def drawn_as(gruppe: str | None, kuerzel: str | None) -> str:
    """The one of GRUPPE as which contents.js draws an object; `kuerzel` is the first word of its label, as WA."""
    if gruppe == "baugebiet":
        kind = "" if kuerzel is None or kuerzel in _MEASURES else _BAUGEBIETE.get(kuerzel[:1], "")
        return f"baugebiet{kind}"
    return gruppe if gruppe in GRUPPE else "sonstiges"


def german_date(day: date) -> str:
    """date(2026, 3, 1) -> '1. März 2026'; a moment is told as its day in Germany."""
    local = _in_germany(day)
    return f"{local.day}. {_MONTHS[local.month - 1]} {local.year}"


def long_date(day: date, language: Language = "de") -> str:
    """The same in the language of the page: '1 March 2026'."""
    if language == "de":
        return german_date(day)
    local = _in_germany(day)
    return f"{local.day} {_ENGLISH_MONTHS[local.month - 1]} {local.year}"


def _in_germany(day: date) -> date:
    return day.astimezone(BERLIN) if isinstance(day, datetime) else day


def german_moment(moment: datetime) -> str:
    """The minute in Germany: '1. März 2026, 14:05'."""
    local = moment.astimezone(BERLIN)
    return f"{german_date(local)}, {local:%H:%M}"


def moment(at: datetime, language: Language = "de") -> str:
    """The same in the language of the page: '1 March 2026, 14:05'."""
    local = at.astimezone(BERLIN)
    return f"{long_date(local, language)}, {local:%H:%M}" + (" Uhr" if language == "de" else "")


def number(amount: float, language: Language = "de") -> str:
    """'1.204', '2,5'; a year keeps its four digits together."""
    plain = isinstance(amount, int) and 1000 <= amount <= 9999
    return str(amount) if plain else _spelt(f"{amount:,}".removesuffix(".0"), language)


def days_left(end: date, today: date, language: Language = "de") -> str:
    """How long one may still take part; the last day counts."""
    english = language == "en"
    match (end - today).days:
        case 0:
            return "ends today" if english else "endet heute"
        case 1:
            return "1 day left" if english else "noch 1 Tag"
        case days:
            return f"{days} days left" if english else f"noch {days} Tage"


def file_size(size: int, language: Language = "de") -> str:
    """Bytes -> '340 kB', '1,2 MB' or '4,9 GB' (SI)."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    if size < 1_000_000_000:
        return _spelt(f"{size / 1_000_000:.1f} MB", language)
    return _spelt(f"{size / 1_000_000_000:.1f} GB", language)


def area(square_metres: float, language: Language = "de") -> str:
    """'5.850 m²', '2,4 ha' or '43,9 km²'."""
    if square_metres < 10_000:
        return _spelt(f"{round(square_metres):,} m²", language)
    hectares = square_metres / 10_000
    number, unit = (hectares, "ha") if hectares < 1000 else (hectares / 100, "km²")
    return _spelt(f"{number:.1f} {unit}", language)


def distance(metres: float, language: Language = "de") -> str:
    """'80 m', '1,4 km'."""
    if metres < 995:
        return f"{round(metres, -1) if metres >= 20 else round(metres):.0f} m"
    return _spelt(f"{metres / 1000:.1f} km", language)


def counted(number: int, one: str, many: str, language: Language = "de") -> str:
    """'1 Plan', '12 Pläne', '1.204 Pläne'."""
    return _spelt(f"{number:,}", language) + f" {one if number == 1 else many}"


def _spelt(number: str, language: Language) -> str:
    """Points and commas as the language has them."""
    return number if language == "en" else number.translate(str.maketrans(",.", ".,"))


_STEPS = {
    "Aufstellungsbeschluss": "Decision to draw up the plan",
    "Entwurfsbeschluss": "Decision on the draft",
    "Frühzeitige Beteiligung der Öffentlichkeit": "Early public participation",
    "Unterrichtung und Äußerung": "Information and comments",
    "Frühzeitige Beteiligung der Behörden": "Early participation of authorities",
    "Beteiligung der Behörden": "Participation of authorities",
    "Erneute Beteiligung der Behörden": "Repeated participation of authorities",
    "Beteiligung der berührten Behörden": "Participation of the authorities concerned",
    "Beteiligung der betroffenen Öffentlichkeit": "Participation of the public concerned",
    "Öffentliche Auslegung": "Public display",
    "Erneute Auslegung": "Repeated public display",
    "Satzungsbeschluss": "Adoption as a by-law",
    "Planbeschluss": "Adoption of the plan",
    "Rechtsverordnung": "Statutory order",
    "Genehmigung": "Approval",
    "Ausfertigung": "Signing",
    "In Kraft getreten": "Entered into force",
    "Wirksam geworden": "Took effect",
    "Außer Kraft getreten": "Ceased to be in force",
}


def step(label: str, language: Language = "de") -> str:
    """A step of the procedure as timeline.py names it."""
    return _STEPS.get(label, label) if language == "en" else label


def beteiligungsart(art: str, language: Language = "de") -> str:
    return step(Art(art).regel.name, language)


def planart(label: str) -> str:
    """The official labels shorten the words that citizens know: 'Einfacher BPlan' -> 'Einfacher Bebauungsplan'."""
    return label.replace("BPlan", "Bebauungsplan").replace("FPlan", "Flächennutzungsplan")


def abschnitt(art: str, schluessel: str | None, number: int, language: Language = "de") -> str:
    """What a text of a plan is called: 'Festsetzung 1.2', 'Begründung 3'. `art` is its class, `number` its place."""
    german, english = "Festsetzung", "Rule"
    if art.endswith("_BegruendungAbschnitt"):
        german, english = "Begründung", "Reasons"
    elif art.startswith("FP_"):
        german, english = "Darstellung", "Designation"
    return f"{english if language == 'en' else german} {schluessel or number}"


def bezug(art: str) -> str:
    """The German of a link's property; a property that we do not know is named as it stands."""
    return _BEZUG.get(art, art)
