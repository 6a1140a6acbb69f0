"""Background maps of other hosts, fetched and kept by this server, so that nobody else learns what readers look at."""

from geoportal.basemaps.store import Kept, TileAway, TileStore
from geoportal.basemaps.upstream import Upstream

__all__ = ["Kept", "TileAway", "TileStore", "Upstream"]
