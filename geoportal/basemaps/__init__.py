"""Background maps of other hosts, fetched and kept by this server, so that nobody else learns what readers look at."""

from geoportal.basemaps.mosaic import SRS, Mosaic, mosaic
from geoportal.basemaps.store import Kept, TileAway, TileStore
from geoportal.basemaps.upstream import Upstream

__all__ = ["SRS", "Kept", "Mosaic", "TileAway", "TileStore", "Upstream", "mosaic"]
