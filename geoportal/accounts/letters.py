"""What we write to people about their accounts."""

from dataclasses import dataclass

from geoportal.mail import Letter


@dataclass(frozen=True, slots=True)
class AccountLetters:
    """`public_url` is where the portal is, `host_name` its name."""

    public_url: str
    host_name: str

    def link(self, secret: str) -> str:
        return f"{self.public_url}/werkbank/einladung/{secret}"

    def invitation(self, email: str, name: str, secret: str) -> Letter:
        return Letter(
            "invitation",
            email,
            "Ihr Konto für die Werkbank des Geoportals",
            f"""Guten Tag {name},

für Sie wurde ein Konto angelegt: {email}

Bitte wählen Sie hier Ihr Passwort. Der Link gilt sieben Tage und einmal:

{self.link(secret)}

Haben Sie damit nicht gerechnet? Dann fragen Sie bitte bei Ihrer Gemeinde oder beim Kreis nach, bevor Sie ihn öffnen.

An account was made for you. Please choose your password with the link above.

{self.public_url}
""",
        )

    def reset(self, email: str, name: str, secret: str) -> Letter:
        return Letter(
            "reset",
            email,
            "Neues Passwort für die Werkbank des Geoportals",
            f"""Guten Tag {name},

jemand möchte für Ihr Konto ein neues Passwort wählen. Waren Sie das? Dann geht es hier weiter, eine Stunde lang:

{self.link(secret)}

Waren Sie es nicht, brauchen Sie nichts zu tun: Ihr Passwort bleibt, wie es ist.

Somebody wants to choose a new password for your account. If it was not you, nothing has to be done.

{self.public_url}
""",
        )
