"""How the desk says things in German. Pure."""

from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from geoportal.accounts.roles import Action, Role
from geoportal.deliveries import Listed, Version
from geoportal.participation import states as beteiligung_states
from geoportal.participation.arten import Art
from geoportal.states import State
from geoportal.web.words import BERLIN, german_date
from plans_ingest import codelists

ROLES: Final = MappingProxyType(
    {
        Role.OFFICE: "Planungsbüro",
        Role.PLANNER: "Planung",
        Role.PUBLISHER: "Freigabe",
        Role.KREIS: "Kreisverwaltung",
        Role.AUDITOR: "Revision",
    }
)

ACTIONS: Final = MappingProxyType(
    {
        Action.VIEW: "Lieferungen und Berichte lesen",
        Action.DELIVER: "Dateien liefern",
        Action.EDIT: "Angaben bearbeiten",
        Action.SUBMIT: "Zur Freigabe geben",
        Action.PUBLISH: "Veröffentlichen",
        Action.WITHDRAW: "Zurückziehen",
        Action.RESTORE: "Wiederherstellen",
        Action.CONFIGURE: "Einstellungen der Gemeinde",
        Action.STATEMENTS: "Stellungnahmen lesen",
        Action.AUDIT: "Protokoll lesen",
        Action.ACCOUNTS: "Konten verwalten",
    }
)


def moment(at: datetime) -> str:
    """'3. März 2026, 14:05 Uhr', as the clock in Germany showed it."""
    return f"{german_date(at)}, {at.astimezone(BERLIN):%H:%M} Uhr"


def short_day(at: date | datetime) -> str:
    """'03.12.2026', where days stand below each other."""
    return f"{at.astimezone(BERLIN) if isinstance(at, datetime) else at:%d.%m.%Y}"


def short_moment(at: datetime) -> str:
    return f"{short_day(at)}, {at.astimezone(BERLIN):%H:%M}"


def levels(reached: str) -> str:
    """'A, B, D' of what the plans of a delivery have reached, 'AB ABD'."""
    return ", ".join(sorted(set(reached) - {" "}))


class StateWords(NamedTuple):
    """`label` on the badge; `waits` says what happens next, and by whom."""

    label: str
    waits: str


STATES: Final = MappingProxyType(
    {
        State.RECEIVED: StateWords("Angenommen", "wird gleich gelesen"),
        State.CHECKING: StateWords("Wird geprüft", "dauert meist weniger als eine Minute"),
        State.CHECKED: StateWords("Geprüft", "wartet darauf, dass jemand sie zur Freigabe gibt"),
        State.FAILED: StateWords("Nicht lesbar", "bitte berichtigen und neu liefern"),
        State.IN_REVIEW: StateWords("Zur Freigabe", "wartet auf die Freigabe der Gemeinde"),
        State.SCHEDULED: StateWords("Vorgemerkt", "wird am genannten Tag von selbst veröffentlicht"),
        State.PUBLISHED: StateWords("Veröffentlicht", "ist öffentlich"),
        State.SUPERSEDED: StateWords("Abgelöst", "eine andere Fassung ist öffentlich"),
        State.WITHDRAWN: StateWords("Zurückgenommen", "ist nicht öffentlich"),
    }
)

# Of a plan's version.
VERSION_STATES: Final = MappingProxyType(
    {"published": "Öffentlich", "in_review": "Entwurf", "superseded": "Abgelöst", "withdrawn": "Zurückgezogen"}
)

_BETEILIGUNG_STATES: Final = MappingProxyType(
    {
        beteiligung_states.State.ENTWURF: "Entwurf",
        beteiligung_states.State.VERWORFEN: "Verworfen",
        beteiligung_states.State.BEKANNT: "Bekannt gemacht",
        beteiligung_states.State.UNTERBROCHEN: "Unterbrochen",
        beteiligung_states.State.ABGEBROCHEN: "Abgebrochen",
        beteiligung_states.State.ABGESCHLOSSEN: "Abgeschlossen",
    }
)


def beteiligung_state(state: beteiligung_states.State, art: Art) -> str:
    """Authorities are asked by letter, and nobody else is told."""
    if state is beteiligung_states.State.BEKANNT and not art.regel.is_public:
        return "Behörden sind gefragt"
    return _BETEILIGUNG_STATES[state]


def version_state(version: Version | Listed) -> str:
    """What was never public could not be withdrawn."""
    if version.state == "withdrawn" and version.published_at is None:
        return "Verworfen"
    return VERSION_STATES[version.state]


SEVERITY: Final = MappingProxyType({"error": "Fehler", "warning": "Warnung", "info": "Hinweis"})

# What the log calls an action.
DONE: Final = MappingProxyType(
    {
        "sign_in": "hat sich angemeldet",
        "sign_in_failed": "Anmeldung gescheitert",
        "account_invited": "Konto eingeladen",
        "password_chosen": "Passwort gewählt",
        "password_changed": "Passwort geändert",
        "second_factor_added": "zweiten Faktor eingerichtet",
        "second_factor_removed": "zweiten Faktor entfernt",
        "second_factor_dropped": "zweiter Faktor vom Betrieb entfernt",
        "reset_requested": "neues Passwort ermöglicht",
        "role_granted": "Rolle gegeben",
        "role_revoked": "Rolle genommen",
        "account_locked": "Konto gesperrt",
        "account_unlocked": "Konto freigegeben",
        "token_made": "Schlüssel gemacht",
        "token_revoked": "Schlüssel widerrufen",
        "delivered": "hat geliefert",
        "submitted": "hat zur Freigabe gegeben",
        "sent_back": "hat zurückgegeben",
        "discarded": "hat verworfen",
        "scheduled": "hat vorgemerkt",
        "published": "hat veröffentlicht",
        "not_published": "Vormerkung gescheitert",
        "withdrawn": "hat zurückgezogen",
        "restored": "hat wiederhergestellt",
        "merged": "hat zwei Adressen zu einem Plan gemacht",
        "report_shared": "hat den Bericht weitergegeben",
        "participation_drafted": "hat eine Beteiligung angelegt",
        "participation_changed": "hat eine Beteiligung geändert",
        "participation_announced": "hat eine Beteiligung bekannt gemacht",
        "participation_extended": "hat eine Beteiligung verlängert",
        "participation_interrupted": "hat eine Beteiligung unterbrochen",
        "participation_resumed": "hat eine Beteiligung fortgesetzt",
        "participation_dropped": "hat den Entwurf einer Beteiligung verworfen",
        "participation_aborted": "hat eine Beteiligung abgebrochen",
        "participation_closed": "hat eine Beteiligung abgeschlossen",
        "statement_read": "hat eine Stellungnahme gelesen",
        "attachment_read": "hat eine Anlage gespeichert",
        "statement_decided": "hat zu einer Stellungnahme entschieden",
        "statements_exported": "hat Stellungnahmen exportiert",
        "statements_deleted": "Stellungnahmen nach Ablauf gelöscht",
        "four_eyes": "Vier-Augen-Regel geändert",
        "filled_in": "hat Angaben ausgefüllt",
        "document_added": "hat ein Dokument hinzugefügt",
        "documents_arranged": "hat Dokumente geordnet",
        "sessions_ended": "Sitzungen beendet",
        "profile_saved": "hat Spalten zugeordnet",
        "read_again": "hat noch einmal lesen lassen",
        "edit_begun": "hat eine Bearbeitung begonnen",
    }
)

# Why a day matters (oversight.Due).
DUE: Final = MappingProxyType(
    {
        "scheduled": "wird veröffentlicht",
        "begins": "beginnt",
        "ends": "endet",
        "missing": "in Kraft, aber der Tag fehlt",
        "not_in_force": "beschlossen, nicht in Kraft",
    }
)

# Names of a plan's fields in the list of differences.
FIELDS: Final = MappingProxyType(
    {
        "name": "Name", "nummer": "Nummer", "beschreibung": "Beschreibung", "rechtsstand": "Rechtsstand",
        "verfahren": "Verfahren", "planart": "Planart", "aufstellungsbeschluss_datum": "Aufstellungsbeschluss",
        "entwurfsbeschluss_datum": "Entwurfsbeschluss", "satzungsbeschluss_datum": "Satzungsbeschluss",
        "planbeschluss_datum": "Planbeschluss", "genehmigungs_datum": "Genehmigung",
        "rechtsverordnungs_datum": "Rechtsverordnung", "ausfertigungs_datum": "Ausfertigung",
        "inkrafttretens_datum": "Inkrafttreten", "wirksamkeits_datum": "Wirksamkeit",
        "untergangs_datum": "Untergang", "auslegungen": "Auslegungen", "traegerbeteiligungen": "Trägerbeteiligungen",
        "erstellungsmassstab": "Maßstab", "xplan_version": "Version von XPlanGML", "flaeche": "Fläche (m²)",
    }
)  # fmt: skip


# What a column of a table can mean besides a field of the form.
COLUMNS: Final = MappingProxyType(
    {
        "planwerk": "Planwerk (BP oder FP)", "internal_id": "Kennung der Gemeinde", "kommentar": "Bemerkung",
        "ags": "Gemeindeschlüssel (AGS)", "gemeinde": "Name der Gemeinde", "ortsteil": "Ortsteil",
        "aendert": "Nummer des Plans, den dieser ändert", "aenderungen_bis_datum": "Änderungen bis",
        "techn_herstell_datum": "Technische Herstellung", "auslegung_start": "Auslegung von",
        "auslegung_ende": "Auslegung bis", "traegerbeteiligung_start": "Trägerbeteiligung von",
        "traegerbeteiligung_ende": "Trägerbeteiligung bis", "scan": "Georeferenzierte Planzeichnung (Datei)",
    }
)  # fmt: skip
ENUMERATIONS: Final = MappingProxyType({"planart": "PlanArt", "rechtsstand": "Rechtsstand", "verfahren": "Verfahren"})


def shown(value: Any, enumeration: str | None = None) -> str:
    """A value as JSON has it: codes by their labels, days as people write them."""
    if enumeration is not None and value not in (None, []):
        codes = value if isinstance(value, list) else [value]
        return ", ".join(codelists.label(enumeration, code) or str(code) for code in codes)
    if isinstance(value, list):
        return said([shown(each) if isinstance(each, str) else each for each in value])
    if isinstance(value, str):
        try:
            return german_date(date.fromisoformat(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return " bis ".join(shown(each) if each else "?" for each in value.values())
    return said(value)


def inner(value: Any) -> str:
    """An attribute of an object, as the list of differences shows it: measures with their unit, lists as lists."""
    if isinstance(value, dict) and "wert" in value:
        return " ".join(inner(each) for each in (value["wert"], value.get("uom")) if each is not None)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {inner(each)}" for name, each in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(map(inner, value)) or "–"
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, float):
        return f"{value:g}".replace(".", ",")
    return "–" if value is None else str(value)


def coded(klasse: str, name: str, value: Any) -> str:
    """An attribute of an object, its codes by their labels."""
    known = next(
        (
            found
            for version in reversed(codelists.VERSIONS)
            if (found := codelists.attributes(klasse, version).get(name))
        ),
        None,
    )
    if known is None or not codelists.codes(known.type):
        return inner(value)
    given = value if isinstance(value, list) else [value]
    return ", ".join(
        codelists.label(known.type, each) or inner(each) if isinstance(each, str | int) else inner(each)
        for each in given
    )


def said(value: Any) -> str:
    """A value of a plan as the list of differences shows it."""
    match value:
        case None | []:
            return "–"
        case date():
            return german_date(value)
        case float():
            return f"{value:,.0f}".replace(",", ".")
        case list():
            return ", ".join(shown(each) if isinstance(each, dict) else said(each) for each in value)
    return str(value)
