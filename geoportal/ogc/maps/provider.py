"""Our maps as a plugin of pygeoapi, for stock pygeoapi with our configuration."""

from functools import cache
from typing import Any

from pygeoapi.provider.base import BaseProvider

from geoportal.archive import Archive
from geoportal.catalogue import read_layer
from geoportal.database import reader_environment
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import CRS84, SUPPORTED, Box
from geoportal.ogc.features import ProviderProblem, engine_for
from geoportal.ogc.links import Document
from geoportal.ogc.maps.drawing import Drawer
from geoportal.ogc.maps.picture import FORMATS, read_picture
from geoportal.ogc.maps.selection import Selection
from geoportal.ogc.maps.sources import Drawn, sheet_of
from geoportal.ogc.problems import OgcProblem
from geoportal.painting import PaintersPool
from geoportal.settings import CHECKOUT


def map_provider(collection: Collection, read_url: str) -> Document:
    """The entry in pygeoapi's configuration; `manifest` is the name of the layer's folder."""
    written: Document = {
        "type": "map",
        "name": "geoportal.ogc.maps.provider.MapProvider",
        "data": read_url,
        "manifest": collection.layer.folder.name,
        "storage_crs": CRS84.uri,
        "format": {"name": "png", "mimetype": FORMATS["png"]},
    }
    return written if collection.dimension is None else {**written, "dimension": collection.dimension}


@cache
def _painters(url: str) -> PaintersPool:
    """pygeoapi constructs a provider for every request; the painters live here."""
    return PaintersPool(reader_environment(url))


class MapProvider(BaseProvider):  # type: ignore[misc]
    """Maps of a layer in its styles, as `map_provider` describes it."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        # read when a map is asked for: pygeoapi makes a provider only to describe a collection, too
        self._manifest = CHECKOUT / "layers" / provider_def["manifest"]
        self._dimension: int | None = provider_def.get("dimension")

    def query(
        self,
        style: str | None = None,
        bbox: list[float] | None = None,
        width: int = 500,
        height: int = 300,
        crs: str = CRS84.uri,
        transparent: object = True,
        format_: str = "png",
        **_: Any,
    ) -> bytes:
        """`bbox` is in `crs`, easting or longitude first: pygeoapi has transformed it. Raises ProviderProblem."""
        archive = Archive(CHECKOUT / "data" / "archive")
        drawer = Drawer(archive, engine_for(self.data), _painters(self.data))
        try:
            collection = Collection(read_layer(self._manifest), self._dimension)
            shown = Drawn(collection, sheet_of(collection, style).id, Selection())
            asked = {"width": str(width), "height": str(height), "crs": crs, "f": format_}
            if bbox:
                system = SUPPORTED.get(crs, CRS84)
                corners = [bbox[1], bbox[0], bbox[3], bbox[2]] if system.flipped else bbox
                asked |= {"bbox": ",".join(map(str, corners)), "bbox-crs": crs}
            asked["transparent"] = str(transparent).lower()
            [content] = drawer.draw([shown], read_picture(asked, Box(8.33, 50.61, 9.13, 51.03)))
        except OgcProblem as problem:
            raise ProviderProblem(problem) from problem
        return content
