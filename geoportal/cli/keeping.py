"""Setting the machine up, and keeping it: for operators, as root."""

import os
import re
from pathlib import Path

import click

from geoportal import installing
from geoportal.cli.common import spoken_errors, stop
from geoportal.settings import CHECKOUT, Settings

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True)


@click.command("install")
@click.option("--domain", required=True, help="Name, unter dem Besucher das Portal sehen.")
@click.option("--certificate", type=_FILE, help="TLS-Zertifikat mit Kette.")
@click.option("--key", type=_FILE, help="Schlüssel dazu.")
@click.option(
    "--only-database", is_flag=True, help="Nur Rollen, Erweiterungen und Zugänge, vor einem Wechsel der Ausgabe."
)
@click.option("--trial", is_flag=True, help="Ohne Zertifikat: eines auf Probe, vor dem Browser warnen.")
@click.option(
    "--logs-to", metavar="HTTPS-ADRESSE", help="Das Journal an diese Maschine senden (systemd-journal-remote)."
)
@click.option("--dry-run", is_flag=True, help="Nur sagen, was sich ändern würde.")
def install_command(
    domain: str,
    certificate: Path | None,
    key: Path | None,
    logs_to: str | None,
    *,
    only_database: bool,
    trial: bool,
    dry_run: bool,
) -> None:
    if not _DOMAIN.fullmatch(domain):
        stop(f"{domain}: kein vollständiger Rechnername in Kleinbuchstaben / no full host name")
    if (certificate is None) != (key is None):
        stop("--certificate und --key gehören zusammen / belong together")
    if certificate is None and not (trial or only_database or dry_run):
        stop("--certificate und --key fehlen; zum Ausprobieren geht es mit --trial / missing; --trial does without")
    if logs_to is not None and not re.fullmatch(r"https://[\w.-]+(:\d{1,5})?", logs_to):
        stop(f"{logs_to}: https://rechner:port erwartet / expected")
    if os.geteuid() != 0:
        stop("Das geht nur als root. / Only root can do that.")
    place = installing.Place(domain, CHECKOUT, certificate, key, logs=logs_to)
    machine = installing.Machine()
    with spoken_errors():
        try:
            steps = installing.database_steps(place) if only_database else installing.steps_for(place)
            due = installing.bring_about(steps, machine, click.echo, dry=dry_run)
            if not (dry_run or only_database) and machine.has_systemd:
                installing.finishing(machine, place)
        except installing.InstallError as fault:
            stop(str(fault))
    if dry_run:
        click.echo(f"{due} Schritte stehen aus; nichts wurde geändert. / {due} steps to do; nothing was changed.")
    elif only_database:
        click.echo(f"{due} Schritte getan.")
    elif not machine.has_systemd:
        click.echo(f"{due} Schritte getan. Hier läuft kein systemd: Dienste sind eingerichtet, nicht gestartet.")
    else:
        click.echo(f"{due} Schritte getan. Das Portal läuft: https://{domain}/")


@click.command("nginx-site")
@click.option("--door", required=True, metavar="ADRESSE:PORT|unix:PFAD", help="Wo nginx den Webserver findet.")
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Datei, die entsteht.")
@click.pass_obj
def nginx_site_command(settings: Settings, door: str, into: Path) -> None:
    if not _DOMAIN.fullmatch(settings.host_name):
        stop(f"GEOPORTAL_URL: {settings.host_name}: kein vollständiger Rechnername / no full host name")
    if not re.fullmatch(r"[\w.-]+:\d{1,5}|unix:/[\w./-]+", door):
        stop(f"{door}: adresse:port oder unix:/pfad erwartet / expected")
    into.write_text(installing.nginx_site(installing.Place(settings.host_name, CHECKOUT, door=door)), "utf-8")


@click.command("upgrade")
@click.argument("release", type=click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True))
@click.option("--no-backup", is_flag=True, help="Ohne vorherige Sicherung.")
def upgrade_command(release: Path, *, no_backup: bool) -> None:
    if os.geteuid() != 0:
        stop("Das geht nur als root. / Only root can do that.")
    machine = installing.Machine()
    if not machine.has_systemd:
        stop("Hier läuft kein systemd. / There is no systemd here.")
    with spoken_errors():
        try:
            installing.upgrade(machine, release, click.echo, back_up=not no_backup)
        except installing.InstallError as fault:
            stop(str(fault))
    click.echo(f"Es läuft {release}.")
