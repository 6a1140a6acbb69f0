"""The command line. Each command parses, calls one operation, and says in words what came of it."""

import os
import sys
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.exc import SQLAlchemyError

from geoportal import demo, operations, reporting, serving
from geoportal.archive import Archive
from geoportal.catalogue import ManifestError
from geoportal.database import SchemaError, check_schema, migrate, owner_engine
from geoportal.settings import Settings, SettingsError
from plans_ingest import PlanFileError
from plans_ingest.gemeinden import Gemeinde, gemeinde_of


class _Ags(click.ParamType[Gemeinde]):
    name = "AGS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Gemeinde:
        if isinstance(value, Gemeinde):
            return value
        found = gemeinde_of(str(value))
        if found is None:
            self.fail(f"{value}: kein Amtlicher Gemeindeschlüssel einer beteiligten Gemeinde / unknown AGS", param, ctx)
        return found


@click.group(help="Geoportal: Bauleitpläne und Fachdaten annehmen, prüfen, veröffentlichen.")
@click.pass_context
def main(context: click.Context) -> None:
    try:
        context.obj = Settings.from_env(os.environ)
    except SettingsError as fault:
        _stop(str(fault))


@main.command("ingest", help="Plandateien einlesen und veröffentlichen (XPlanGML, XPlanArchiv).")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gemeinde", type=_Ags(), help="AGS der liefernden Gemeinde, für Pläne, die selbst keine nennen.")
@click.option("--dry-run", is_flag=True, help="Nur lesen und berichten, nichts speichern.")
@click.option("--complete", is_flag=True, help="Die Datei ist der ganze Bestand: Pläne, die fehlen, enden.")
@click.option("--yes", is_flag=True, help="Bei --complete nicht nachfragen.")
@click.option("--verbose", is_flag=True, help="Jede Fundstelle zeigen.")
@click.pass_obj
def ingest_command(
    settings: Settings,
    files: tuple[Path, ...],
    gemeinde: Gemeinde | None,
    *,
    dry_run: bool,
    complete: bool,
    yes: bool,
    verbose: bool,
) -> None:
    failed = 0
    with _spoken_errors():
        engine = None if dry_run else owner_engine(settings.require_database_url())
        archive = Archive(settings.archive)
        for file in files:
            try:
                if engine is None:
                    delivery = operations.inspect(file, gemeinde)
                elif complete:
                    ending = operations.endings(engine, file, gemeinde)
                    _confirm_endings(file, ending.values(), yes=yes)
                    delivery = operations.deliver(engine, archive, file, gemeinde, complete=ending)
                else:
                    delivery = operations.deliver(engine, archive, file, gemeinde)
            except PlanFileError as fault:
                failed += 1
                click.echo(f"{file.name}: NICHT GELESEN, nichts wurde geändert. {fault}", err=True)
                continue
            for line in reporting.lines(delivery, every_place=verbose):
                click.echo(line)
    if failed:
        _stop(f"{failed} von {len(files)} Dateien nicht gelesen. / {failed} of {len(files)} files not read.")


def _confirm_endings(file: Path, names: Collection[str], *, yes: bool) -> None:
    if not names:
        return
    click.echo(f"{file.name}: diese Pläne sind nicht in der Lieferung und enden / these plans will end:")
    for name in names:
        click.echo(f"  {name}")
    if not yes:
        click.confirm("Fortfahren? / Go on?", abort=True)


@main.command("withdraw", help="Einen Plan aus der Veröffentlichung nehmen.")
@click.argument("plan", type=click.UUID)
@click.option("--reason", required=True, help="Grund, für das Protokoll.")
@click.pass_obj
def withdraw_command(settings: Settings, plan: UUID, reason: str) -> None:
    with _spoken_errors():
        operations.withdraw(owner_engine(settings.require_database_url()), plan, reason)


@main.command("restore", help="Eine frühere Version eines Plans wieder veröffentlichen.")
@click.argument("plan", type=click.UUID)
@click.option("--version", "number", type=click.IntRange(min=1), required=True, help="Nummer der Version.")
@click.option("--reason", required=True, help="Grund, für das Protokoll.")
@click.pass_obj
def restore_command(settings: Settings, plan: UUID, number: int, reason: str) -> None:
    with _spoken_errors():
        operations.restore(owner_engine(settings.require_database_url()), plan, number, reason)


@main.command("merge", help="Zwei Adressen sind derselbe Plan: die Versionen von PLAN gehen zu INTO.")
@click.argument("plan", type=click.UUID)
@click.argument("into", type=click.UUID)
@click.pass_obj
def merge_command(settings: Settings, plan: UUID, into: UUID) -> None:
    with _spoken_errors():
        operations.merge(owner_engine(settings.require_database_url()), plan, into)


@main.command("migrate", help="Datenbank auf den neuesten Stand bringen.")
@click.pass_obj
def migrate_command(settings: Settings) -> None:
    with _spoken_errors():
        engine = owner_engine(settings.require_database_url())
        migrate(engine)
        operations.prepare(engine)


@main.command("check", help="Prüfen, ob alles Nötige vorhanden ist.")
@click.pass_obj
def check_command(settings: Settings) -> None:
    with _spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
    click.echo("In Ordnung. / All is well.")


@main.group("layers", help="Themenlayer.")
def layers_group() -> None:
    pass


@layers_group.command("sync", help="Themenlayer aus ihren Quellen neu laden.")
@click.pass_obj
def sync_command(settings: Settings) -> None:
    with _spoken_errors():
        results = operations.sync_layers(owner_engine(settings.require_database_url()), settings.home)
    for result in results:
        click.echo(str(result))
    if any(result.fault for result in results):
        sys.exit(1)


@main.command("serve", help="Portal und OGC API bereitstellen, im Vordergrund.")
@click.pass_obj
def serve_command(settings: Settings) -> None:
    with _spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
        os.execv(sys.executable, serving.command(settings))  # noqa: S606 - our own interpreter, no shell


@main.command("demo", help="Alles mit Musterdaten: Datenbank, Einlesen, Bereitstellen, bis Strg-C.")
@click.pass_obj
def demo_command(settings: Settings) -> None:
    with _spoken_errors():
        sys.exit(demo.run(settings))


class _spoken_errors:  # noqa: N801 - reads as the statement it is
    """Faults that an operator can mend become one sentence and exit code 1, never a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, traceback: object) -> None:
        if isinstance(fault, SettingsError | SchemaError | ManifestError):
            _stop(str(fault))
        if isinstance(fault, operations.NotFound):
            _stop(f"Nicht gefunden oder nicht öffentlich / not found or not public: {fault}")
        if isinstance(fault, operations.EndingsChanged):
            _stop(f"Inzwischen hat sich der Bestand geändert; jetzt würden enden / the stock has changed: {fault}")
        if isinstance(fault, SQLAlchemyError):
            _stop(f"Datenbank nicht erreichbar oder nicht bereit / database not ready: {type(fault).__name__}")


def _stop(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)
