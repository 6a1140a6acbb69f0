"""Plan files: reading, checking, delivering; and what becomes of published plans."""

import os
import sys
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import click

from geoportal import operations, reporting, sandbox
from geoportal.archive import archive_of
from geoportal.cli.common import Ags, spoken_errors, stop
from geoportal.cli.running import check_installation
from geoportal.database import owner_engine
from geoportal.database.tables import SRID
from geoportal.settings import Settings, unknown_names
from plans_ingest import PlanFileError, messages, reports, templates
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Severity


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gemeinde", type=Ags(), help="AGS der liefernden Gemeinde, für Pläne, die selbst keine nennen.")
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
    with spoken_errors():
        engine = None if dry_run else owner_engine(settings.require_database_url())
        archive = archive_of(settings)
        for file in files:
            try:
                if engine is None:
                    delivery = operations.inspect(file, gemeinde, schemas=settings.schemas)
                elif complete:
                    ending = operations.endings(engine, file, gemeinde)
                    _confirm_endings(file, ending.values(), yes=yes)
                    delivery = operations.deliver(
                        engine, archive, file, gemeinde, complete=ending, schemas=settings.schemas
                    )
                else:
                    delivery = operations.deliver(engine, archive, file, gemeinde, schemas=settings.schemas)
            except PlanFileError as fault:
                failed += 1
                click.echo(f"{file.name}: NICHT GELESEN, nichts wurde geändert. {fault}", err=True)
                continue
            for line in reporting.lines(delivery, every_place=verbose):
                click.echo(line)
    if failed:
        stop(f"{failed} von {len(files)} Dateien nicht gelesen. / {failed} of {len(files)} files not read.")


def _confirm_endings(file: Path, names: Collection[str], *, yes: bool) -> None:
    if not names:
        return
    click.echo(f"{file.name}: diese Pläne sind nicht in der Lieferung und enden / these plans will end:")
    for name in names:
        click.echo(f"  {name}")
    if not yes:
        click.confirm("Fortfahren? / Go on?", abort=True)


@click.command("withdraw")
@click.argument("plan", type=click.UUID)
@click.option("--reason", required=True, help="Grund, für das Protokoll.")
@click.pass_obj
def withdraw_command(settings: Settings, plan: UUID, reason: str) -> None:
    with spoken_errors():
        operations.withdraw(owner_engine(settings.require_database_url()), plan, reason)


@click.command("restore-plan")
@click.argument("plan", type=click.UUID)
@click.option("--version", "number", type=click.IntRange(min=1), required=True, help="Nummer der Version.")
@click.option("--reason", required=True, help="Grund, für das Protokoll.")
@click.pass_obj
def restore_plan_command(settings: Settings, plan: UUID, number: int, reason: str) -> None:
    with spoken_errors():
        operations.restore(owner_engine(settings.require_database_url()), plan, number, reason)


@click.command("merge")
@click.argument("plan", type=click.UUID)
@click.argument("into", type=click.UUID)
@click.pass_obj
def merge_command(settings: Settings, plan: UUID, into: UUID) -> None:
    with spoken_errors():
        operations.merge(owner_engine(settings.require_database_url()), plan, into)


def _stem(file: Path, files: tuple[Path, ...]) -> str:
    """The name of a file's reports: its own, and where several share it, their number too."""
    twins = [other for other in files if other.name == file.name]
    return file.name if len(twins) == 1 else f"{file.name}.{twins.index(file) + 1}"


@click.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gemeinde", type=Ags(), help="AGS der liefernden Gemeinde, für Pläne, die selbst keine nennen.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Ordner für JSON, HTML, GeoPackage.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="Ausgabe.")
@click.option("--verbose", is_flag=True, help="Jede Fundstelle zeigen.")
@click.pass_obj
def check_command(
    settings: Settings,
    files: tuple[Path, ...],
    gemeinde: Gemeinde | None,
    report: Path | None,
    shape: str,
    *,
    verbose: bool,
) -> None:
    with spoken_errors():
        if not files:
            check_installation(settings)
            for name in unknown_names(os.environ):  # no fault: the next release may know it, or the last one did
                click.echo(name, err=True)
            click.echo(f"Plandateien werden gelesen hinter: {sandbox.describe()}")
            click.echo("In Ordnung. / All is well.")
            return
        has_errors, found = False, []
        for file in files:
            stem = _stem(file, files)
            try:
                batch = operations.examine(file, gemeinde, schemas=settings.schemas)
            except PlanFileError as fault:
                has_errors = True
                told = [f"{file.name}: NICHT LESBAR. {fault}"]
                found.append(reports.fault_document(file.name, fault))
                if report is not None:
                    reports.write_fault(found[-1], report, stem)
            else:
                has_errors = has_errors or batch.report.count(Severity.ERROR) > 0
                told = list(reporting.lines(operations.preview(batch), every_place=verbose))
                found.append(reports.document(batch, SRID))
                if report is not None:
                    reports.write_reports(batch, report, stem, SRID)
            if shape == "text":
                click.echo("\n".join(told))
        if shape == "json":
            click.echo(reports.as_json(found), nl=False)
        if has_errors:
            sys.exit(1)


class _FileOrPlan(click.ParamType[Path | UUID]):
    """A file that there is, else the address of a public plan."""

    name = "FILE|PLAN"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path | UUID:
        try:
            return UUID(value) if not Path(value).exists() else Path(value)
        except ValueError:
            self.fail(f"{value}: weder Datei noch Plan (UUID) / neither file nor plan", param, ctx)


@click.command("export")
@click.argument("source", metavar="FILE|PLAN", type=_FileOrPlan())
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--gemeinde", type=Ags(), help="AGS der liefernden Gemeinde, für Pläne, die selbst keine nennen.")
@click.option("--delivered-names", is_flag=True, help="Die Dateien heißen wie die gelieferten, nicht nach der Kennung.")
@click.pass_obj
def export_command(
    settings: Settings, source: Path | UUID, folder: Path, gemeinde: Gemeinde | None, *, delivered_names: bool
) -> None:
    with spoken_errors():
        if isinstance(source, UUID):
            engine = owner_engine(settings.require_database_url())
            exported = iter([operations.export_public(engine, source, folder, delivered_names=delivered_names)])
        else:
            exported = operations.export(source, folder, gemeinde, delivered_names=delivered_names)
        for plan, written, issues in exported:
            click.echo(f"{plan.name or plan.schluessel}: {written}")
            for issue in issues:
                click.echo(f"  {messages.german(issue)}")


@click.command("template")
@click.argument("kind", type=click.Choice(list(templates.Kind), case_sensitive=False))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template_command(kind: templates.Kind, file: Path) -> None:
    try:
        click.echo(str(templates.write(kind, file)))
    except FileExistsError as fault:
        stop(f"{fault.args[0]}: gibt es schon, wird nicht überschrieben. / Exists already.")
    except OSError as fault:
        stop(f"{file}: {fault.strerror}")


@click.command("receive")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gemeinde", type=Ags(), help="AGS der liefernden Gemeinde, für Pläne, die selbst keine nennen.")
@click.pass_obj
def receive_command(settings: Settings, files: tuple[Path, ...], gemeinde: Gemeinde | None) -> None:
    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        for file in files:
            number = operations.receive(engine, archive_of(settings), file, gemeinde)
            click.echo(f"{file.name}: angenommen als Lieferung {number}")


@click.command("uploads")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.pass_obj
def uploads_command(settings: Settings, limit: int) -> None:
    with spoken_errors():
        for upload in operations.latest_uploads(owner_engine(settings.require_database_url()), limit):
            click.echo(reporting.upload_line(upload))


@click.command("cancel")
@click.argument("number", type=int)
@click.pass_obj
def cancel_command(settings: Settings, number: int) -> None:
    with spoken_errors():
        operations.cancel(owner_engine(settings.require_database_url()), number)
    click.echo(f"Lieferung {number} zurückgenommen.")
