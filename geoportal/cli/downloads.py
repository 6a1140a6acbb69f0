"""The files to download."""

import time
from datetime import datetime

import click

from geoportal import filing
from geoportal.cli.common import spoken_errors, stop
from geoportal.database import reader_engine
from geoportal.downloads import downloads_in
from geoportal.packages import refresh_packages
from geoportal.settings import Settings
from geoportal.web.words import BERLIN


@click.group("downloads")
def downloads_group() -> None:
    pass


@downloads_group.command("build", help="Dateien neu erstellen: was sich geändert hat, oder die genannten Sammlungen.")
@click.argument("collections", nargs=-1)
@click.pass_obj
def build_command(settings: Settings, collections: tuple[str, ...]) -> None:
    with spoken_errors():
        engine = reader_engine(settings.require_read_url())
        began = time.monotonic()
        try:
            for name in collections:
                filing.build_downloads(engine, settings, name)
        except KeyError as fault:
            stop(f"keine solche Sammlung / no such collection: {fault.args[0]}")
        made = list(collections) or [
            *filing.refresh_downloads(engine, settings, debounce=0),
            *refresh_packages(engine, settings, datetime.now(BERLIN).date(), debounce=0),
        ]
    click.echo(f"{', '.join(made) or 'nichts zu tun / nothing to do'} ({time.monotonic() - began:.1f} s)")


@downloads_group.command("list", help="Alle Dateien mit Größe, Stand und SHA-256.")
@click.pass_obj
def list_command(settings: Settings) -> None:
    folders = downloads_in(settings, settings.downloads), downloads_in(settings, settings.packages)
    for each in (download for folder in folders for download in folder.all().values()):
        click.echo(f"{each.name:<48}{each.size:>12}  {each.built_at}  {each.sha256}")
