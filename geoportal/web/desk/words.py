"""How the desk says things in German. Pure."""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from geoportal.accounts.roles import Action, Role
from geoportal.web.words import BERLIN, german_date

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
    }
)


def moment(at: datetime) -> str:
    """'3. März 2026, 14:05 Uhr', as the clock in Germany showed it."""
    return f"{german_date(at)}, {at.astimezone(BERLIN):%H:%M} Uhr"
