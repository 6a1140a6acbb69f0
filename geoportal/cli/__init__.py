"""The command line. Each command parses, calls one operation, and says in words what came of it.

A command's module is loaded when it is called: who checks a file does not wait until the web server is loaded.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Final, override

import click

from geoportal.settings import Settings, SettingsError

# name -> module here, what it does
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "ingest": ("plans", "Plandateien einlesen und veröffentlichen (XPlanGML, GeoPackage, Shapefile …)."),
    "withdraw": ("plans", "Einen Plan aus der Veröffentlichung nehmen."),
    "restore-plan": ("plans", "Eine frühere Version eines Plans wieder veröffentlichen."),
    "merge": ("plans", "Zwei Adressen sind derselbe Plan: die Versionen von PLAN gehen zu INTO."),
    "check": ("plans", "Ohne FILES: ob alles Nötige vorhanden ist. Sonst: Plandateien prüfen, ohne Datenbank."),
    "export": (
        "plans",
        "Die Pläne einer Plandatei (ohne Datenbank) oder einen veröffentlichten Plan als XPlanGML 6.0 in "
        "einen Ordner schreiben.",
    ),
    "template": ("plans", "Eine leere Vorlage schreiben, die ein Planungsbüro ausfüllt (Shapefile als ZIP)."),
    "receive": ("plans", "Plandateien annehmen; gelesen und veröffentlicht werden sie im Hintergrund (work)."),
    "uploads": ("plans", "Die letzten Lieferungen, mit Stand und Fortschritt."),
    "cancel": ("plans", "Eine Lieferung zurücknehmen, die wartet oder gerade gelesen wird."),
    "migrate": ("running", "Datenbank auf den neuesten Stand bringen."),
    "serve": ("running", "Portal und OGC API bereitstellen, im Vordergrund."),
    "demo": ("running", "Alles mit Musterdaten: Datenbank, Einlesen, Bereitstellen, bis Strg-C."),
    "work": ("running", "Angenommene Lieferungen abarbeiten, im Vordergrund, bis SIGTERM."),
    "watch": ("running", "Seite und Zahlen für den Betrieb, nur auf 127.0.0.1: / und /metrics."),
    "timetable": ("running", "Was auf einer Maschine mit systemd dessen Timer tun, im Vordergrund, bis SIGTERM."),
    "install": ("keeping", "Diese Debian-Maschine einrichten; beliebig oft wiederholbar. Als root."),
    "upgrade": (
        "keeping",
        "Eine andere Ausgabe in Betrieb nehmen (Ordner mit .venv); zurück, wenn sie nicht antwortet.",
    ),
    "nginx-site": (
        "keeping",
        "Die Konfiguration von nginx für GEOPORTAL_URL schreiben, wo es kein `install` gibt (Container).",
    ),
    "backup": ("saving", "Datenbank und Archiv sichern (GEOPORTAL_BACKUPS), Überzähliges entfernen."),
    "backups": ("saving", "Alle Sicherungen, älteste zuerst."),
    "restore": ("saving", "Eine Sicherung an die Stelle der jetzigen Daten setzen (SICHERUNG: Zeitpunkt oder latest)."),
    "drill": ("saving", "Probe: eine Sicherung in eine Hilfsdatenbank zurückspielen und alles vergleichen."),
    "sweep": (
        "running",
        "Entfernen, was niemand mehr braucht: Dateien ohne Lieferung und Plan, beendete Sitzungen, alte Links.",
    ),
    "layers": ("layers", "Themenlayer: anlegen, prüfen, laden, auflisten, entfernen."),
    "sensors": ("sensors", "Sensoren: Messwerte annehmen, Zugänge vergeben."),
    "downloads": ("downloads", "Dateien zum Herunterladen."),
    "archive": ("archives", "Archiv der Originale und Unterlagen: umziehen, prüfen."),
    "users": ("people", "Konten der Werkbank: einladen, Rollen, sperren."),
    "audit": ("people", "Das Protokoll aller Änderungen."),
    "import": ("places", "Amtliche Adressen, Flurstücke und Grenzen für Suche und Auskunft einlesen."),
    "mail": ("mail", "Briefe per E-Mail: was wartet, was der Server nicht nimmt."),
}


class _Commands(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, text = COMMANDS[cmd_name]
        there, name = import_module(f"geoportal.cli.{module}"), cmd_name.replace("-", "_")
        command: click.Command = getattr(there, f"{name}_command", None) or getattr(there, f"{name}_group")
        command.help = text
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands, help="Geoportal: Bauleitpläne und Fachdaten annehmen, prüfen, veröffentlichen.")
@click.pass_context
def main(context: click.Context) -> None:
    try:
        context.obj = Settings.from_env(os.environ)
    except SettingsError as fault:
        click.echo(str(fault), err=True)
        context.exit(1)
    if context.obj.gemeinden is not None:
        from plans_ingest import kreis  # and all that it takes to read a file

        kreis.serve(context.obj.gemeinden)
