"""What every page of the desk stands on, and how the desk is built into the portal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import Engine

from geoportal.accounts.passwords import Passwords
from geoportal.ogc.maps.drawing import Drawer
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
    drawer: Drawer
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
