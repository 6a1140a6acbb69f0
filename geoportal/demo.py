"""Everything on this machine: a database if none is given, the sample data in it, and the portal, until Ctrl-C.

The web server is this very process (and its workers, which end with it), so that nothing outlives the demo, even if it
is killed; the private database server then waits for the next start, which joins it.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import click
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from sqlalchemy import Engine, text

from geoportal import (
    filing,
    logs,
    operations,
    sample_delivery,
    sample_participation,
    sample_people,
    sample_readings,
    serving,
    store,
    wsgi,
)
from geoportal.archive import archive_of, sha256_of
from geoportal.database import check_schema, owner_engine, reader_engine
from geoportal.database.cluster import Cluster, ClusterError
from geoportal.database.migrating import migrate
from geoportal.packages import refresh_packages
from geoportal.places.importing import Kind, import_file
from geoportal.settings import Settings, Smtp
from geoportal.web.words import BERLIN
from plans_ingest import PlanFileError


class _DemoError(Exception):
    """The demo cannot start; the message says why, German first."""


def run(settings: Settings) -> int:
    """Serves until it is told to stop; returns the exit code, or raises SystemExit when a signal ends the start."""
    logs.set_up(level=logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    hangup = signal.SIGHUP
    if signal.getsignal(hangup) is signal.SIG_DFL:  # nohup has asked to go on when the terminal closes
        signal.signal(hangup, _leave)
    try:
        with ExitStack() as started:
            listener = started.enter_context(_listen(settings))
            if settings.database_url is None:
                cluster = started.enter_context(Cluster(settings.data / "postgres"))
                settings = cluster.settings(settings)
            if settings.smtp is None:  # what is asked for by letter can be tried all the same
                folder = (settings.data / "letters").resolve()
                settings = replace(settings, smtp=Smtp(str(folder), 0, "folder", "", "", "geoportal@localhost"))
            engine = owner_engine(settings.require_database_url())
            fill(engine, settings)
            _file(settings)
            sign_ins = sample_people.welcome(engine, settings)
            if sign_ins:
                sample_delivery.leave(engine, settings)
                sample_participation.announce(engine, datetime.now(BERLIN).date())
            engine.dispose()  # the workers must not share our connections
            started.enter_context(_worker(settings))
            return _serve(settings, listener, sign_ins)
    except (ClusterError, _DemoError) as fault:
        click.echo(str(fault), err=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _listen(settings: Settings) -> socket.socket:
    """Our port, before anything else is done: whoever comes second learns it at once, and disturbs nothing."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as fault:
        place = f"{settings.host}:{settings.port}"
        raise _DemoError(
            f"{place} ist nicht frei ({fault.strerror}). Anderer Port: GEOPORTAL_PORT=8081 make demo / "
            f"{place} is not free. Another port: GEOPORTAL_PORT=8081 make demo"
        ) from fault


def fill(engine: Engine, settings: Settings) -> None:
    """The schema, the thematic layers, and those sample plans that were not delivered yet."""
    migrate(engine)
    operations.prepare(engine)
    for layer in operations.sync_layers(engine, settings):
        if layer.fault:
            click.echo(str(layer), err=True)
    sample_readings.tell(engine)
    files = sorted((settings.home / "data/sample/plaene").glob("*.zip"))
    with engine.connect() as connection:
        # A plan that somebody has changed since must not be taken back by the sample it came from.
        files = [file for file in files if not store.is_delivered(connection, sha256_of(file))]
    archive = archive_of(settings)

    def is_read(file: Path) -> bool:
        try:
            operations.deliver(engine, archive, file)
        except PlanFileError as fault:
            click.echo(f"{file.name}: nicht gelesen / not read: {fault}", err=True)
            return False
        return True

    if files:
        click.echo(f"{len(files)} Musterdateien werden eingelesen. / Reading {len(files)} sample files.")
        # Each is read in a process of its own: as many at a time as there are processors.
        with ThreadPoolExecutor(os.process_cpu_count()) as pool:
            results = list(pool.map(is_read, files))
        if not any(results):
            raise _DemoError("Keine Musterdatei ist lesbar. / No sample file can be read.")
    _fill_places(engine, settings.home / "data" / "sample")
    check_schema(engine)


def _file(settings: Settings) -> None:
    """What can be downloaded of it."""
    reader = reader_engine(settings.require_read_url())
    filing.refresh_downloads(reader, settings, debounce=0, by_gemeinde=False)
    refresh_packages(reader, settings, datetime.now(BERLIN).date(), debounce=0)
    reader.dispose()


def _fill_places(engine: Engine, folder: Path) -> None:
    """The sample addresses and parcels, where nobody has imported any: official ones must not be overwritten."""
    samples: tuple[tuple[Kind, str, str], ...] = (
        ("addresses", "adressen.csv", "SELECT EXISTS (SELECT FROM places.address)"),
        ("parcels", "flurstuecke.geojson", "SELECT EXISTS (SELECT FROM places.flurstueck)"),
    )
    for kind, name, filled in samples:
        with engine.connect() as connection:
            there = connection.scalar(text(filled))
        if not there:
            import_file(engine, kind, folder / name)


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """The process that reads what is delivered through the desk; the kernel ends it should this one be killed."""
    environment = dict(os.environ) | {
        "GEOPORTAL_DATABASE_URL": settings.require_database_url(),
        "GEOPORTAL_DATA": str(settings.data),
    }
    if settings.smtp is not None and settings.smtp.security == "folder":
        environment |= {
            "GEOPORTAL_SMTP_URL": Path(settings.smtp.host).as_uri(),
            "GEOPORTAL_MAIL_FROM": settings.smtp.sender,
        }
    program = [sys.executable, "-c", "from geoportal.cli import main; main()", "work"]
    worker = subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments of our own
        ["/usr/bin/setpriv", "--pdeathsig", "KILL", *program],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _serve(settings: Settings, listener: socket.socket, sign_ins: str) -> int:
    config = Config()
    arguments = config.parser().parse_args(serving.web_arguments(settings))
    for name, value in vars(arguments).items():
        if value is not None and name in config.settings:
            config.set(name, value)
    config.set("bind", f"fd://{listener.detach()}")
    config.set("loglevel", "error")  # that workers end with Ctrl-C is no news

    def announce(worker: Any) -> None:
        if worker.age == 1:  # the first of them; from now on the portal answers
            click.echo(_addresses(settings, sign_ins))

    # A worker has our stack below its own. It ends at once, before it unwinds that, and before the second signal of a
    # Ctrl-C (the terminal's, the arbiter's) finds Python taking leave; unless its exit code is to say that it failed.
    def vanish(_arbiter: Any, worker: Any) -> None:
        if worker.booted:
            os._exit(0)

    config.set("post_worker_init", announce)
    config.set("worker_int", lambda worker: vanish(None, worker))
    config.set("worker_exit", vanish)
    application = wsgi.create(settings)
    arbiter = Arbiter(SimpleNamespace(cfg=config, wsgi=lambda: application))
    arbiter.handle_hup = arbiter.handle_term if signal.getsignal(signal.SIGHUP) is _leave else lambda: None
    try:
        arbiter.run()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _addresses(settings: Settings, sign_ins: str) -> str:
    url, smtp = settings.public_url, settings.smtp
    letters = (
        f"\n\n  Briefe    {smtp.host}/   (statt sie zu senden / instead of sending them)"
        if smtp is not None and smtp.security == "folder"
        else ""
    )
    return f"""
Das Geoportal läuft. / The geoportal is running.

  Portal    {url}/
  OGC API   {url}/ogc
  QGIS      Layer > Layer hinzufügen > WFS / OGC API - Features-Layer hinzufügen > Neu > URL: {url}/ogc
{sign_ins}{letters}

Ende mit Strg-C. / Stop with Ctrl-C.
"""
