"""Running the server, its worker and its database."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import click

from geoportal import operations
from geoportal.archive import archive_of
from geoportal.cli.common import spoken_errors
from geoportal.database import DatabaseAway, SchemaError, check_schema, owner_engine
from geoportal.settings import Settings
from geoportal.uploads import PARALLEL

# Each command loads what it runs: the web server does not wait for the worker's tools, nor these two for the demo.


@click.command("migrate")
@click.pass_obj
def migrate_command(settings: Settings) -> None:
    from geoportal.database.migrating import migrate

    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        migrate(engine)
        operations.prepare(engine)


def check_installation(settings: Settings) -> None:
    """Fail at start: what a page would miss at noon is missed here, by name."""
    from geoportal import wsgi

    check_database(settings)
    archive_of(settings).require()
    wsgi.create(settings)


def check_database(settings: Settings) -> None:
    """Raises SchemaError when the database lacks what the pages ask it for, DatabaseAway when it cannot be asked."""
    if settings.database_url is not None:
        operations.check(owner_engine(settings.database_url), settings.home)
    else:  # a web server that is given nothing but its own two roles
        from geoportal import health

        findings = health.examine(settings.require_read_url(), settings.data, []).findings
        if down := [item for item in findings if item.level is health.Level.DOWN]:
            kind = DatabaseAway if all(item.subject == "database" for item in down) else SchemaError
            raise kind(" ".join(f"{item.text} {item.todo}" for item in down))


def begin_with(check: Callable[[], None]) -> None:
    """A server begins without a database that does not answer yet, as when a machine starts: whoever asks is told to
    come again, /readyz and the operators' page say why, and nobody has to start anything when it is back.
    """
    try:
        check()
    except DatabaseAway as fault:
        click.echo(f"{fault} Bis sie antwortet: 503. / Until it does: 503.", err=True)


@click.command("serve")
@click.pass_obj
def serve_command(settings: Settings) -> None:
    from geoportal import serving

    with spoken_errors():
        begin_with(lambda: check_database(settings))
        serving.serve(serving.web_arguments(settings))


@click.command("watch")
@click.option("--host", default="127.0.0.1", show_default=True, help="Nur im Container eine andere Adresse.")
@click.option("--port", type=click.IntRange(1, 65535), default=9188, show_default=True)
@click.pass_obj
def watch_command(settings: Settings, host: str, port: int) -> None:
    from geoportal import serving

    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        begin_with(lambda: check_schema(engine))
        serving.serve(serving.watch_arguments(host, port))


@click.command("demo")
@click.pass_obj
def demo_command(settings: Settings) -> None:
    from geoportal import demo

    with spoken_errors():
        sys.exit(demo.run(settings))


@click.command("work")
@click.option("--parallel", type=click.IntRange(1, 32), default=PARALLEL, show_default=True)
@click.pass_obj
def work_command(settings: Settings, parallel: int) -> None:
    from geoportal import jobs, logs, metrics

    logs.set_up()
    metrics.begin(settings.run, "work", os.environ)
    with spoken_errors():
        check_schema(owner_engine(settings.require_database_url()))
        jobs.work(settings, parallel=parallel)


@click.command("timetable")
@click.pass_obj
def timetable_command(settings: Settings) -> None:
    from geoportal import logs, timetable

    logs.set_up()
    asyncio.run(timetable.keep(settings.data / "timetable"))


@click.command("sweep")
@click.pass_obj
def sweep_command(settings: Settings) -> None:
    with spoken_errors():
        engine = owner_engine(settings.require_database_url())
        count = operations.sweep(engine, archive_of(settings))
        count += operations.forget(engine, settings.transfers, datetime.now(UTC))
    click.echo(f"{count} entfernt")
