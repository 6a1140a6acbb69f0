"""Running the server, its worker and its database."""

import os
import sys
from datetime import UTC, datetime

import click

from geoportal import demo, health, jobs, logs, metrics, operations, serving, wsgi
from geoportal.archive import archive_of
from geoportal.cli.common import spoken_errors
from geoportal.database import SchemaError, check_schema, migrate, owner_engine
from geoportal.health import Level
from geoportal.settings import Settings


@click.command("migrate", help="Datenbank auf den neuesten Stand bringen.")
@click.pass_obj
def migrate_command(settings: Settings) -> None:
    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        migrate(engine)
        operations.prepare(engine)


def check_installation(settings: Settings) -> None:
    """Fail at start: what a page would miss at noon is missed here, by name."""
    check_database(settings)
    archive_of(settings).require()
    wsgi.create(settings)


def check_database(settings: Settings) -> None:
    """Raises SchemaError when the database lacks what the pages ask it for."""
    if settings.database_url is not None:
        operations.check(owner_engine(settings.database_url), settings.home)
    else:  # a web server that is given nothing but its own two roles
        found = health.examine(settings.require_read_url(), settings.data, [])
        if not found.is_ready:
            raise SchemaError(
                " ".join(f"{item.text} {item.todo}" for item in found.findings if item.level is Level.DOWN)
            )


@click.command("serve", help="Portal und OGC API bereitstellen, im Vordergrund.")
@click.pass_obj
def serve_command(settings: Settings) -> None:
    with spoken_errors():
        check_database(settings)
        serving.serve(serving.web_arguments(settings))


@click.command("watch", help="Seite und Zahlen für den Betrieb, nur auf 127.0.0.1: / und /metrics.")
@click.option("--port", type=click.IntRange(1, 65535), default=9188, show_default=True)
@click.pass_obj
def watch_command(settings: Settings, port: int) -> None:
    with spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
        serving.serve(serving.watch_arguments(port))


@click.command("demo", help="Alles mit Musterdaten: Datenbank, Einlesen, Bereitstellen, bis Strg-C.")
@click.pass_obj
def demo_command(settings: Settings) -> None:
    with spoken_errors():
        sys.exit(demo.run(settings))


@click.command("work", help="Angenommene Lieferungen abarbeiten, im Vordergrund, bis SIGTERM.")
@click.option("--parallel", type=click.IntRange(1, 32), default=jobs.PARALLEL, show_default=True)
@click.pass_obj
def work_command(settings: Settings, parallel: int) -> None:
    logs.set_up()
    metrics.begin(settings.run, "work", os.environ)
    with spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
        jobs.work(settings, parallel=parallel)


@click.command(
    "sweep",
    help="Entfernen, was niemand mehr braucht: Dateien ohne Lieferung und Plan, beendete Sitzungen, alte Links.",
)
@click.pass_obj
def sweep_command(settings: Settings) -> None:
    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        count = operations.sweep(engine, archive_of(settings))
        count += operations.forget(engine, settings.transfers, datetime.now(UTC))
    click.echo(f"{count} entfernt")
