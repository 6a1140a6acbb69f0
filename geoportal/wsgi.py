"""The whole server as one WSGI application: the portal at /, the OGC API at /ogc, the edge around both."""

import gc
import os
from collections.abc import Callable
from datetime import date

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from geoportal import logs, metrics
from geoportal.edge import Application, Edge, headers_for, observe
from geoportal.ogc.app import create_ogc
from geoportal.sensors.receiving import create_sensors
from geoportal.settings import Settings
from geoportal.web.app import berlin_today, create_portal
from geoportal.web.portal import Portal
from plans_ingest import kreis


def create(settings: Settings, *, today: Callable[[], date] = berlin_today) -> Application:
    """Raises SettingsError, or what the parts raise when something they need is missing."""
    portal = create_portal(settings, today=today)
    ogc = create_ogc(settings, settings.home / "layers")
    sensors = create_sensors(settings, settings.home / "layers")
    for app in (portal, ogc, sensors):
        observe(app)
    inner = DispatcherMiddleware(portal, {"/ogc": ogc, "/sensors": sensors})
    config = portal.extensions[Portal.KEY].config
    return Edge(inner, settings, headers_for(settings, config.picture_origins))


def from_environment() -> Application:
    """For a WSGI server that is given a factory (gunicorn "geoportal.wsgi:from_environment()")."""
    logs.set_up()
    settings = Settings.from_env(os.environ)
    if settings.gemeinden is not None:
        kreis.serve(settings.gemeinden)
    metrics.begin(settings.run, "web", os.environ)
    application = create(settings)
    # What stands now stays. No collection of garbage looks at it any more, which would hold up all threads for a sixth
    # of a second, and have a worker forked from here write on every page that it shares.
    gc.collect()
    gc.freeze()
    return application
