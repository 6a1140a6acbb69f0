"""Backups: making, listing, reading back, proving."""

from dataclasses import asdict

import click
from sqlalchemy import Engine, make_url

from geoportal import backups, maintenance
from geoportal.archive import archive_of
from geoportal.backups import BackupError, Seal
from geoportal.cli.common import spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.settings import Settings


@click.command("backup")
@click.pass_obj
def backup_command(settings: Settings) -> None:
    with spoken_errors():
        engine = _engine(settings)
        with maintenance.recorded(engine, "backup") as detail:
            made = backups.back_up(engine, archive_of(settings), _place(settings), _seal(settings))
            detail |= {"snapshot": made.moment, "files": len(made.files), "bytes": sum(made.files.values())}
            if made.missing:
                detail["fault"] = f"{len(made.missing)} Dateien fehlen im Archiv: {', '.join(made.missing[:5])}"
    click.echo(f"{made.moment}: {len(made.tables)} Tabellen, {len(made.files)} Dateien")
    if made.missing:
        stop(detail.get("fault", f"{len(made.missing)} Dateien fehlen im Archiv / files are missing"))


@click.command("backups")
@click.pass_obj
def backups_command(settings: Settings) -> None:
    with spoken_errors():
        for moment in backups.snapshots(_place(settings)):
            click.echo(moment)


@click.command("restore")
@click.argument("snapshot", metavar="SICHERUNG")
@click.option("--yes", is_flag=True, help="Ohne Rückfrage.")
@click.pass_obj
def restore_command(settings: Settings, snapshot: str, *, yes: bool) -> None:
    with spoken_errors():
        snapshot = _which(settings, snapshot)
        if not yes:
            click.confirm(f"Alles in der Datenbank wird durch den Stand {snapshot} ersetzt. Fortfahren?", abort=True)
        engine = _engine(settings)
        contents = backups.restore(engine, archive_of(settings), _place(settings), _seal(settings), snapshot)
        maintenance.restored(engine, snapshot)
    click.echo(
        f"{snapshot} ist zurück: Schemastand {contents.revision}, {len(contents.files)} Dateien. Jetzt: `migrate`"
    )


@click.command("drill")
@click.argument("snapshot", metavar="[SICHERUNG]", default="latest")
@click.pass_obj
def drill_command(settings: Settings, snapshot: str) -> None:
    with spoken_errors():
        with maintenance.recorded(_engine(settings), "drill") as detail:
            proof = backups.drill(
                owner_engine(_scratch(settings)), _place(settings), _seal(settings), _which(settings, snapshot)
            )
            detail |= asdict(proof)
            if proof.faults:
                detail["fault"] = f"{len(proof.faults)} Abweichungen, die erste: {proof.faults[0]}"
        for fault in proof.faults:
            click.echo(fault, err=True)
    told = (
        f"{proof.snapshot}: {proof.tables} Tabellen, {proof.rows} Zeilen, {proof.files} Dateien ({proof.bytes} Bytes)"
    )
    if proof.faults:
        stop(f"{told}: {len(proof.faults)} Abweichungen / differences")
    click.echo(f"{told}: alles stimmt überein / all equal")


def _engine(settings: Settings) -> Engine:
    return owner_engine(settings.require_database_url())


def _scratch(settings: Settings) -> str:
    """A database beside ours, with the same extensions (`geoportal install` makes it)."""
    if settings.drill_database_url:
        return settings.drill_database_url
    own = make_url(settings.require_database_url())
    return own.set(database=f"{own.database}_drill").render_as_string(hide_password=False)


def _place(settings: Settings) -> backups.Place:
    return backups.place_of(settings.backups)


def _seal(settings: Settings) -> Seal | None:
    if settings.backup_key is None:
        return None
    try:
        return Seal.from_file(settings.backup_key)
    except ValueError as fault:
        raise BackupError(
            f"{settings.backup_key}: kein Schlüssel; `openssl rand -base64 32` schreibt einen. / no key."
        ) from fault


def _which(settings: Settings, snapshot: str) -> str:
    there = backups.snapshots(_place(settings))
    if not there:
        raise BackupError("Es gibt noch keine Sicherung. / There is no backup yet.")
    found = there[-1] if snapshot == "latest" else snapshot
    if found not in there:
        raise BackupError(f"Es gibt keine Sicherung {found}; es gibt: {', '.join(there[-5:])}")
    return found
