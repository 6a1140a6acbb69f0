"""The archive: moving it, and whether it is whole."""

from pathlib import Path

import click

from geoportal import uploads
from geoportal.archive import Archive, archive_of, sha256_of
from geoportal.cli.common import spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.settings import Settings


@click.group("archive")
def archive_group() -> None:
    pass


@archive_group.command(
    "fill", help="Was in ORDNER liegt (Archiv einer Installation ohne Bucket), ins Archiv aufnehmen."
)
@click.argument("folder", metavar="ORDNER", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_obj
def fill_command(settings: Settings, folder: Path) -> None:
    with spoken_errors():
        archive, source = archive_of(settings), Archive(folder)
        there, brought = archive.sizes(), source.sizes()
        lacking = brought.keys() - there.keys()
        wrong = [digest for digest in sorted(lacking) if sha256_of(source.path(digest)) != digest]
        for digest in lacking.difference(wrong):
            archive.put(source.path(digest))
    for digest in wrong:
        click.echo(f"{digest}: der Inhalt ist ein anderer, als der Name sagt / content and name differ", err=True)
    told = f"{len(lacking) - len(wrong)} Dateien aufgenommen, {len(brought) - len(lacking)} waren da"
    if wrong:
        stop(f"{told}, {len(wrong)} sind verdorben / are spoilt")
    click.echo(told)


@archive_group.command("verify", help="Ist alles da, was die Datenbank nennt?")
@click.pass_obj
def verify_command(settings: Settings) -> None:
    with spoken_errors():
        there = archive_of(settings).sizes()
        with owner_engine(settings.require_database_url()).connect() as connection:
            named = uploads.referenced(connection)
        missing = sorted(named - there.keys())
        for digest in missing:
            click.echo(digest)
    if missing:
        stop(f"{len(missing)} von {len(named)} Dateien fehlen; `geoportal restore` füllt auf. / files are missing")
    click.echo(f"{len(named)} Dateien, alle da. / all there")
