"""What every page stands on, handed in once when the application is made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, cast

from flask import current_app, request
from sqlalchemy import Engine

from geoportal.archive import Archive
from geoportal.basemaps import TileStore
from geoportal.downloads import DownloadFolder
from geoportal.live import Hub
from geoportal.ogc.maps.drawing import Drawer
from geoportal.paper import Press
from geoportal.settings import Settings
from geoportal.web.portal_config import PortalConfig
from geoportal.web.stock import Memory
from geoportal.web.themes import Catalogue


@dataclass(frozen=True, slots=True)
class Portal:
    """Settings, the operator's words, the reader's engine, archive, layers, listeners, and the day that is today.

    `drawer` and `press` are for paper alone: a large print takes no painter away from the maps on screens.
    """

    KEY: ClassVar = "geoportal"

    settings: Settings
    config: PortalConfig
    engine: Engine
    archive: Archive
    catalogue: Catalogue
    downloads: DownloadFolder
    packages: DownloadFolder
    tiles: TileStore
    hub: Hub
    drawer: Drawer
    press: Press
    memory: Memory
    today: Callable[[], date]


def portal() -> Portal:
    """The portal that answers the current request."""
    return cast("Portal", current_app.extensions[Portal.KEY])


def ogc_root() -> str:
    """Where the OGC API is mounted: beside the portal, under the same root."""
    return f"{request.script_root}/ogc"
