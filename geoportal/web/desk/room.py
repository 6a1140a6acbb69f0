"""What every page of the desk stands on, and how the desk is built into the portal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app
from sqlalchemy import Engine

from geoportal.accounts.passwords import Passwords
from geoportal.database import desk_engine
from geoportal.settings import Settings
from geoportal.web.desk.provider import ProviderClient

PREFIX: Final = "/werkbank"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk's own engine (row-level security), and what it needs beside the portal's."""

    KEY: ClassVar = "geoportal.desk"

    settings: Settings
    engine: Engine
    passwords: Passwords
    provider: ProviderClient | None
    now: Callable[[], datetime]

    @property
    def is_private(self) -> bool:
        """Whether what a browser sends cannot be read on its way: over https, or within one machine."""
        url = urlsplit(self.settings.public_url)
        return url.scheme == "https" or url.hostname in _LOOPBACK

    @property
    def is_https(self) -> bool:
        return urlsplit(self.settings.public_url).scheme == "https"

    @property
    def cookie(self) -> str:
        """`__Host-` binds the cookie to https and this very host. Plain http on the own machine cannot have it."""
        return "__Host-sid" if self.is_https else "sid"

    @property
    def origin(self) -> str:
        url = urlsplit(self.settings.public_url)
        return f"{url.scheme}://{url.netloc}"


def desk() -> Desk:
    """The desk that answers the current request."""
    return cast("Desk", current_app.extensions[Desk.KEY])


def register(app: Flask, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    from geoportal.web.desk import access, overview, own_account, sign_in, words

    app.extensions[Desk.KEY] = Desk(
        settings=settings,
        engine=desk_engine(settings.require_desk_url()),
        passwords=Passwords(),
        provider=None if settings.provider is None else ProviderClient(settings.provider, settings.public_url),
        now=now,
    )
    blueprint = Blueprint("desk", __name__, url_prefix=PREFIX)
    for pages in (sign_in, own_account, overview):
        pages.add_to(blueprint)
    blueprint.before_request(access.guard)
    blueprint.after_request(_private)
    blueprint.context_processor(access.every_page)
    app.jinja_env.filters["moment"] = words.moment
    app.register_blueprint(blueprint)


def _private(response: Response) -> Response:
    """Nothing of the desk stays in a browser or on the way there."""
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("X-Robots-Tag", "noindex")
    return response
