"""What we write to who has written a statement. Nothing of the statement stands in a letter: mail is a postcard."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from geoportal.mail import Letter
from geoportal.participation.arten import Art

CONFIRM_DAYS: Final = 7
_BERLIN: Final = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class StatementLetters:
    """About statements on one plan: `plan` and `gemeinde` by name, `ende` is the last day of the period."""

    public_url: str
    host_name: str
    plan: str
    gemeinde: str
    ende: date
    art: Art

    def link(self, secret: str) -> str:
        return f"{self.public_url}/beteiligung/stellungnahme/{secret}"

    def confirmation(self, email: str, secret: str) -> Letter:
        return Letter(
            "statement",
            email,
            "Bitte bestätigen Sie Ihre Stellungnahme",
            f"""Guten Tag,

jemand hat mit dieser E-Mail-Adresse eine Stellungnahme abgegeben zu:

  {self.plan} ({self.gemeinde})

Waren Sie das? Dann öffnen Sie bitte diesen Link und drücken dort auf „Bestätigen“:

{self.link(secret)}

Der Link gilt {CONFIRM_DAYS} Tage. Erst danach liest die Gemeinde Ihre Stellungnahme; als Eingang zählt der Tag, an dem
Sie sie abgeschickt haben. Ohne Bestätigung wird sie gelöscht.

Waren Sie es nicht, brauchen Sie nichts zu tun.

Please open the link above and press the button to confirm your statement. If it was not you, nothing has to be done.

{self.public_url}
""",
        )

    def receipt(self, email: str, secret: str, nummer: int, eingang: datetime, *, late: bool) -> Letter:
        local = eingang.astimezone(_BERLIN)
        # the result is told only of what was said of a draft that was published (§ 3 Abs. 2 Satz 6)
        then = {
            Art.FRUEHZEITIG: (
                "liest Ihre Stellungnahme und macht daraus den Entwurf. Zu ihm können Sie sich noch einmal äußern"
            ),
            Art.UNTERRICHTUNG: (
                "liest Ihre Stellungnahme und macht daraus den Entwurf. "
                "Zu ihm hört sie dann, wen er betrifft, oder alle"
            ),
            Art.BETROFFENE: "prüft Ihre Stellungnahme und wägt sie mit allem anderen ab",
        }.get(self.art, "prüft Ihre Stellungnahme und teilt Ihnen das Ergebnis mit")
        told = (
            "Sie ist nach dem Ende der Frist eingegangen. Die Gemeinde kann sie deshalb unberücksichtigt lassen.\n\n"
            if late
            else ""
        )
        return Letter(
            "receipt",
            email,
            f"Ihre Stellungnahme Nr. {nummer} ist eingegangen",
            f"""Guten Tag,

Ihre Stellungnahme ist bestätigt und liegt der Gemeinde vor.

  Plan:     {self.plan} ({self.gemeinde})
  Nummer:   {nummer}
  Eingang:  {local.day}.{local.month}.{local.year}, {local:%H:%M} Uhr

{told}Mit diesem Link können Sie sie lesen, die Eingangsbestätigung als PDF speichern und bis einschließlich
{self.ende.day}.{self.ende.month}.{self.ende.year} berichtigen oder zurückziehen:

{self.link(secret)}

Wer den Link hat, kann das auch. Bitte geben Sie ihn nicht weiter.

Die Gemeinde {then} ({self.art.regel.norm}).

{self.public_url}
""",
        )
