"""Readings over HTTP: POST /sensors/<layer> with a token, SensorThings observations or JSON as the manifest maps it."""

import json
import logging
import math
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from geoportal.catalogue import Shelf
from geoportal.database import once_migrated, sensors_engine
from geoportal.fairness import Fairness
from geoportal.sensors.readings import MOST, read
from geoportal.sensors.store import layers_of, take
from geoportal.settings import Settings

log = logging.getLogger(__name__)

_RETRY: Final = {"Retry-After": "5"}
_BURST_SECONDS: Final = 4  # a gateway tells at once what it has gathered


def create_sensors(settings: Settings, folder: Path) -> Flask:
    """The application, to be mounted at /sensors. Raises SettingsError."""
    app = Flask("geoportal.sensors", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST
    engine = once_migrated(sensors_engine(settings.require_sensors_url()), settings.require_read_url())
    shelf = Shelf(folder)
    rate = settings.requests_per_second
    fairness = Fairness(rate, _BURST_SECONDS * rate) if rate else None

    @app.post("/<name>")
    @app.post("/<name>/<key>")
    def receive(name: str, key: str | None = None) -> Response:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        content = request.get_data()
        # from however many networks: a token that floods leaves the database to the others
        if fairness and (wait := fairness.wait_of(token.encode())):
            later = {"Retry-After": str(math.ceil(wait))}
            return _told(HTTPStatus.TOO_MANY_REQUESTS, "Zu viele Anfragen / too many requests", later)
        shelf.look()
        layer = shelf.layers.get(name)
        try:
            with engine.begin() as connection:
                allowed = layers_of(connection, token.strip()) if kind.lower() == "bearer" and token else frozenset()
                if not allowed:
                    return _told(HTTPStatus.UNAUTHORIZED, "Token fehlt oder gilt nicht / token missing or not valid")
                if layer is None or layer.sensors is None or name not in allowed:
                    return _told(HTTPStatus.FORBIDDEN, "Dieses Token gilt nicht für diesen Layer / not for this layer")
                taken = take(connection, read(layer, content, datetime.now(UTC), key))
        except SQLAlchemyError as fault:
            log.warning("readings refused for now: %s", type(fault).__name__)
            return _told(HTTPStatus.SERVICE_UNAVAILABLE, "Datenbank antwortet nicht / database does not answer", _RETRY)
        rejected = [{"reason": each.reason, "reading": each.raw[:200]} for each in taken.rejected[:100]]
        answer = {"kept": taken.kept, "repeated": taken.repeated, "rejected": rejected}
        # all of it impossible: whoever sent it should look at it, and not send it again
        bad = taken.rejected and not taken.kept and not taken.repeated
        status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
        return Response(json.dumps(answer, ensure_ascii=False), status=status, content_type="application/json")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _told(HTTPStatus(error.code or 500), error.name)

    return app


def _told(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"status": status, "title": status.phrase, "detail": detail}, ensure_ascii=False)
    return Response(body, status=status, content_type="application/problem+json", headers=headers)
