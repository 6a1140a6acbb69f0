"""Drawing a version that may not be public: never many at once, for all that is drawn is in memory meanwhile."""

import threading
from typing import Final

from sqlalchemy import Connection

from geoportal.deliveries import Version
from geoportal.ogc.maps.picture import Picture
from geoportal.web.desk.room import desk
from geoportal.web.errors import Crowded

_TURNS: Final = threading.BoundedSemaphore(2)
_PATIENCE: Final = 15  # seconds


def drawn(connection: Connection, version: Version, picture: Picture) -> bytes:
    """The version as far as the role of the connection sees it. Raises Crowded, Unavailable."""
    if not _TURNS.acquire(timeout=_PATIENCE):
        raise Crowded
    try:
        return desk().drawer.draw_version(connection, version.planwerk, version.id, picture)
    finally:
        _TURNS.release()
