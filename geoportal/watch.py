"""What operators see, on an address that no proxy hands on: figures for Prometheus, and a page.

A process of its own: it answers when the web server does not.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, override

from flask import Flask, Response, render_template
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from geoportal import health, layers, logs, operations, reporting, sensors
from geoportal.archive import SharedArchive, archive_of
from geoportal.catalogue import Shelf
from geoportal.database import owner_engine
from geoportal.edge import Edge, headers_for, observe
from geoportal.health import Health, Level
from geoportal.metrics import LivingProcesses
from geoportal.proxy_log import ProxyLog
from geoportal.settings import Settings
from geoportal.web import words

_MAINTENANCE: Final = text("""
    -- the newest of each kind
    SELECT DISTINCT ON (task) task, started_at, finished_at, fault, detail FROM plans.maintenance
    ORDER BY task, started_at DESC""")
_STATES: Final = text("SELECT state, count(*) AS number FROM plans.upload GROUP BY state")
_SERVER: Final = text("SELECT current_setting('server_version'), postgis_lib_version()")
_URGENCY: Final = (Level.DOWN, Level.WARNING, Level.OK)
_TASKS: Final = {
    "backup": "Sicherung", "drill": "Probe", "restore": "Wiederherstellung", "upgrade": "Aktualisierung",
    "audit": "Prüfung des Protokolls",
}  # fmt: skip
_AUDIT: Final = text("""
    SELECT max(started_at) AS at, (array_agg(fault ORDER BY started_at DESC))[1] AS fault
    FROM plans.maintenance WHERE task = 'audit' AND finished_at IS NOT NULL""")


def create(settings: Settings) -> Flask:
    """Raises SettingsError without a database."""
    app = Flask("geoportal.watch", template_folder="web/templates", static_folder="web/static")
    engine = owner_engine(settings.require_database_url())
    shelf = Shelf(settings.home / "layers")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LivingProcesses(settings.run))
    if settings.proxy_log is not None:
        registry.register(ProxyLog(settings.proxy_log))
    registry.register(_Standing(settings, engine, shelf))

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    @app.get("/")
    def page() -> str:
        return render_template("betrieb.html", **overview(settings, engine, shelf))

    observe(app)
    return app


def from_environment() -> Edge:
    """For gunicorn "geoportal.watch:from_environment()"."""
    logs.set_up()
    settings = Settings.from_env(os.environ)
    return Edge(create(settings), settings, headers_for(settings))


def overview(settings: Settings, engine: Engine, shelf: Shelf) -> dict[str, Any]:
    """All that the page tells; what the database would tell is missing while it is away."""
    found = _examine(settings, engine, shelf)
    now = datetime.now(UTC)
    told: dict[str, Any] = {
        "health": found,
        "findings": sorted(found.findings, key=lambda finding: _URGENCY.index(finding.level)),
        "moment": words.german_moment,
        "ago": lambda at: health.span(now - at),
        "versions": {"Geoportal": version("geoportal"), "Python": platform.python_version()},
        "broken": {name: str(fault) for name, fault in shelf.faults.items()},
    }
    try:
        with engine.connect() as connection:
            postgres, postgis = connection.execute(_SERVER).one()
            states = layers.states(connection)
            told["faulty"] = [state for state in states if state.is_stale]
            told["remarkable"] = [state for state in states if state.is_remarkable]
            told["sensors"] = sensors.standings(connection, shelf.layers.values())
            told["maintenance"] = [(_TASKS[row.task], row) for row in connection.execute(_MAINTENANCE)]
        told["versions"] |= {"PostgreSQL": postgres, "PostGIS": postgis}
        told["uploads"] = [reporting.upload_line(upload) for upload in operations.latest_uploads(engine, 10)]
    except SQLAlchemyError:
        told |= {"maintenance": [], "uploads": [], "faulty": [], "remarkable": [], "sensors": []}
    return told


def _examine(settings: Settings, engine: Engine, shelf: Shelf) -> Health:
    shelf.look()
    found = health.examine(settings.require_read_url(), settings.data, shelf.layers.values())
    more = []
    archive = archive_of(settings)
    if isinstance(archive, SharedArchive):
        more.append(health.archive_finding(archive))
    if settings.proxy is not None:
        more.append(health.certificate_finding(settings.host_name, datetime.now(UTC), settings.proxy))
    with suppress(SQLAlchemyError), engine.connect() as connection:  # that it is away has been found already
        last = connection.execute(_AUDIT).one()
        more.append(health.audit_finding(last.at, last.fault, datetime.now(UTC)))
    return replace(found, findings=(*found.findings, *more))


class _Standing(Collector):
    """What is looked at when somebody asks: the database, the disk, the queue, the layers, the backups."""

    def __init__(self, settings: Settings, engine: Engine, shelf: Shelf) -> None:
        self._settings, self._engine, self._shelf = settings, engine, shelf

    @override
    def collect(self) -> Iterator[Metric]:
        found = _examine(self._settings, self._engine, self._shelf)
        levels = {finding.subject: finding.level for finding in found.findings}
        ok = GaugeMetricFamily("geoportal_ok", "1 where nothing is to be done", labels=["subject"])
        for subject, level in levels.items():
            ok.add_metric([subject], float(level is Level.OK))
        yield ok
        yield GaugeMetricFamily("geoportal_ready", "1 when readers are served", value=float(found.is_ready))
        yield GaugeMetricFamily(
            "geoportal_disk_free_bytes", "Free space for archive and backups", value=found.free_bytes
        )
        yield GaugeMetricFamily("geoportal_disk_size_bytes", "Size of that file system", value=found.total_bytes)
        if found.operation is None or found.changed is None:
            return
        yield from _of_operation(found.operation)
        if found.letters is not None:
            yield GaugeMetricFamily("geoportal_letters_waiting", "Letters not yet sent", value=found.letters.waiting)
            yield GaugeMetricFamily("geoportal_letters_failed", "Letters that failed", value=found.letters.failed)
        age = GaugeMetricFamily(
            "geoportal_data_changed_timestamp_seconds", "Last change of a collection's data", labels=["collection"]
        )
        for collection, at in found.changed.items():
            age.add_metric([collection], at.timestamp())
        yield age
        stale = GaugeMetricFamily(
            "geoportal_layer_stale", "1 when a source failed or is long overdue, and why", labels=["layer", "reason"]
        )
        for layer in self._shelf.layers.values():
            if layer.source.view is None:
                source = found.stale.get(layer.id)
                stale.add_metric([layer.id, (source.reason or "overdue") if source else ""], float(source is not None))
        yield stale
        yield from self._of_database()

    def _of_database(self) -> Iterator[Metric]:
        try:
            with self._engine.connect() as connection:
                states = list(connection.execute(_STATES))
                tasks = list(connection.execute(_MAINTENANCE))
                readings = sensors.standings(connection, self._shelf.layers.values())
        except SQLAlchemyError:
            return
        uploads = GaugeMetricFamily("geoportal_uploads", "Deliveries by state", labels=["state"])
        for row in states:
            uploads.add_metric([row.state], row.number)
        yield uploads
        failed = GaugeMetricFamily("geoportal_task_failed", "1 when the last one failed", labels=["task"])
        for row in tasks:
            failed.add_metric([row.task], float(row.fault is not None))
        yield failed
        newest = GaugeMetricFamily(
            "geoportal_sensor_reading_timestamp_seconds", "Time of a layer's newest reading", labels=["layer"]
        )
        rejected = GaugeMetricFamily(
            "geoportal_sensor_readings_rejected", "Impossible readings of the last 24 hours", labels=["layer"]
        )
        for standing in readings:
            if standing.newest is not None:
                newest.add_metric([standing.layer], standing.newest.timestamp())
            rejected.add_metric([standing.layer], standing.rejected)
        yield newest
        yield rejected


def _of_operation(operation: health.Operation) -> Iterator[Metric]:
    yield GaugeMetricFamily("geoportal_queue_waiting", "Deliveries that wait", value=operation.waiting)
    yield GaugeMetricFamily("geoportal_queue_working", "Deliveries that are being read", value=operation.working)
    moments = {
        "geoportal_queue_oldest_timestamp_seconds": (operation.waiting_since, "Arrival of the oldest that waits"),
        "geoportal_worker_seen_timestamp_seconds": (operation.worker_seen_at, "Last heartbeat of a worker"),
        "geoportal_backup_timestamp_seconds": (operation.backup_at, "Last backup that succeeded"),
        "geoportal_drill_timestamp_seconds": (operation.drill_at, "Last drill that succeeded"),
    }
    for name, (at, told) in moments.items():
        if at is not None:
            yield GaugeMetricFamily(name, told, value=at.timestamp())
