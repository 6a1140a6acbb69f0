"""Addresses, parcels and boundaries from official files."""

from pathlib import Path

import click

from geoportal.cli.common import spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.places.importing import Kind, import_file
from geoportal.places.tables import ImportFault
from geoportal.settings import Settings


@click.group("import")
def import_group() -> None:
    pass


def _command(kind: Kind, help_text: str) -> None:
    @import_group.command(kind, help=help_text)
    @click.argument("file", type=click.Path(exists=True, path_type=Path))
    @click.option("--profile", help="Name des Profils; sonst nach den Spalten gewählt.")
    @click.pass_obj
    def run(settings: Settings, file: Path, profile: str | None) -> None:
        with spoken_errors():
            try:
                done = import_file(owner_engine(settings.require_database_url()), kind, file, profile)
            except ImportFault as fault:
                stop(f"Nichts wurde geändert / nothing was changed. {fault}")
        click.echo(f"{file.name}: {done.rows} eingelesen / imported ({done.profile})")
        if done.left_out:
            click.echo(f"{done.left_out} Zeilen ausgelassen / rows left out:", err=True)
            for told in done.faults:
                click.echo(f"  {told}", err=True)


_command("addresses", "Hauskoordinaten oder eine Adressliste (Texttabelle).")
_command("parcels", "Flurstücke (ALKIS im vereinfachten Schema: Shapefile, GeoPackage, GeoJSON).")
_command("boundaries", "Grenzen der Gemeinden (VG250: Shapefile, GeoPackage).")
