"""Thematic layers."""

import sys

import click
from click import Context

from geoportal import operations
from geoportal.catalogue import ManifestError, read_layer
from geoportal.cli.common import spoken_errors, stop
from geoportal.database import owner_engine
from geoportal.layers import LayerState
from geoportal.settings import Settings


@click.group("layers")
def layers_group() -> None:
    pass


@layers_group.command(
    "new", help="Einen Layer anlegen: NAME ist sein Ordner unter layers/, QUELLE eine Datei unter data/."
)
@click.argument("name")
@click.argument("quelle")
@click.option("--title", required=True, help="Titel auf Deutsch.")
@click.option("--crs", help="Koordinatensystem einer Tabelle, zum Beispiel EPSG:25832.")
@click.pass_obj
def new_command(settings: Settings, name: str, quelle: str, title: str, crs: str | None) -> None:
    from geoportal.layers.draft import DraftError, draft  # GDAL and pandas, which no other command waits for

    with spoken_errors():
        try:
            file = draft(settings.home, name, quelle, title=title, crs=crs)
        except DraftError as fault:
            stop(str(fault))
    click.echo(f"{file.relative_to(settings.home)}: bitte ansehen und ergänzen, dann: geoportal layers check {name}")


@layers_group.command("check", help="Manifest und Quelle prüfen, ohne etwas zu veröffentlichen.")
@click.argument("names", nargs=-1)
@click.pass_obj
def check_command(settings: Settings, names: tuple[str, ...]) -> None:
    folder = settings.home / "layers"
    is_good = True
    for name in names or sorted(file.parent.name for file in folder.glob("*/layer.yml")):
        with spoken_errors():
            try:
                layer = read_layer(folder / name)
            except ManifestError as fault:
                click.echo(str(fault))
                is_good = False
                continue
            if layer.source.view is not None:
                click.echo(f"{name}: Sicht des Portals / view of the portal")
                continue
            result = operations.check_layer(settings, layer)
        click.echo(result.fault or str(result))
        is_good = is_good and result.fault is None
    if not is_good:
        sys.exit(1)


@layers_group.command(
    "sync", help="Layer aus ihren Quellen laden; ohne Namen alle. Was sich nicht geändert hat, bleibt."
)
@click.argument("names", nargs=-1)
@click.option("--again", is_flag=True, help="Auch lesen, was sich nicht geändert hat.")
@click.pass_obj
def sync_command(settings: Settings, names: tuple[str, ...], again: bool) -> None:
    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        results = operations.sync_layers(engine, settings, names, again=again)
    for result in results:
        click.echo(str(result))
    if any(result.fault for result in results):
        sys.exit(1)


@layers_group.command("list", help="Alle Layer mit Zahl der Objekte, Stand und Störung.")
@click.pass_obj
def list_command(settings: Settings) -> None:
    with spoken_errors():
        for title, state in operations.list_layers(owner_engine(settings.require_database_url()), settings):
            click.echo(_line(title, state))


def _line(title: str | None, state: LayerState) -> str:
    when = f"{state.synced_at:%d.%m.%Y %H:%M}" if state.synced_at else "nie geladen / never loaded"
    words = [f"{state.layer:<24}", f"{state.rows if state.rows is not None else '–':>9}", when]
    if title is None:
        words.append("Ordner fehlt / folder is gone")
    if state.fault:
        words.append(f"veraltet / stale: {state.fault.splitlines()[0]}")
    return "  ".join(words)


@layers_group.command("remove", help="Einen Layer mit seinen Objekten und seinem Ordner entfernen; die Quelle bleibt.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Nicht nachfragen.")
@click.pass_context
def remove_command(context: Context, name: str, yes: bool) -> None:
    settings: Settings = context.obj
    if not yes:
        click.confirm(f"{name}: Ordner, Objekte und Messwerte löschen? / delete folder, rows and readings?", abort=True)
    with spoken_errors():
        operations.remove_layer(owner_engine(settings.require_database_url()), settings, name)
    click.echo(f"{name} entfernt / removed")
