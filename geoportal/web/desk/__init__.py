"""The planners' side of the portal, below /werkbank: signing in, delivering, reviewing, publishing."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Flask, Response

from geoportal.accounts.passwords import Passwords
from geoportal.archive import archive_of
from geoportal.database import desk_engine, once_migrated
from geoportal.ogc.maps.drawing import Drawer
from geoportal.painting import PaintersPool
from geoportal.settings import Settings
from geoportal.web.desk import (
    access,
    accounts_pages,
    beteiligungen,
    compare_page,
    delivering,
    delivery_page,
    draft_page,
    forgotten_password,
    log_page,
    mapping_page,
    overview,
    own_account,
    plan_pages,
    plans_page,
    progress,
    sign_in,
    stellungnahmen,
    transfers,
    words,
)
from geoportal.web.desk.provider import ProviderClient
from geoportal.web.desk.room import PREFIX, Desk

__all__ = ["register"]

_PAGES = (
    sign_in,
    forgotten_password,
    own_account,
    accounts_pages,
    overview,
    delivering,
    transfers,
    delivery_page,
    draft_page,
    mapping_page,
    progress,
    plans_page,
    plan_pages,
    compare_page,
    log_page,
    beteiligungen,
    stellungnahmen,
)


def register(app: Flask, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Builds the desk into the portal; asks neither database nor provider."""
    engine = once_migrated(desk_engine(settings.require_desk_url()), settings.require_read_url())
    # its painters are told what to draw, and read no database
    drawer = Drawer(archive_of(settings), engine, PaintersPool({}, size=1))
    app.extensions[Desk.KEY] = Desk(
        settings=settings,
        engine=engine,
        passwords=Passwords(),
        drawer=drawer,
        provider=None if settings.provider is None else ProviderClient(settings.provider, settings.public_url),
        now=now,
    )
    blueprint = Blueprint("desk", __name__, url_prefix=PREFIX)
    for pages in _PAGES:
        pages.add_to(blueprint)
    blueprint.before_request(access.guard)
    blueprint.after_request(_private)
    blueprint.after_request(access.tell_refusals)
    blueprint.context_processor(access.every_page)
    app.jinja_env.filters |= {
        "moment": words.moment,
        "short_day": words.short_day,
        "short_moment": words.short_moment,
        "levels": words.levels,
        "inner": words.inner,
        "shown": words.shown,
    }
    app.jinja_env.globals |= {
        "STATES": words.STATES,
        "beteiligung_state": words.beteiligung_state,
        "version_state": words.version_state,
        "SEVERITY": words.SEVERITY,
        "DONE": words.DONE,
        "FIELDS": words.FIELDS,
    }
    app.register_blueprint(blueprint)


def _private(response: Response) -> Response:
    """Nothing of the desk stays in a browser or on the way there."""
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("X-Robots-Tag", "noindex")
    return response
