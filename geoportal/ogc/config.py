"""pygeoapi's configuration: a head that the operator writes, and one resource per layer, made from its manifest.

`config/pygeoapi.yml` holds both, so that stock pygeoapi can serve the same data. In our own process the resources come
from the manifests as they are now, and the addresses from the settings.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from geoportal.catalogue import Layer, all_layers
from geoportal.ogc.collection import Collection, collections_of
from geoportal.ogc.crs import STORED, SUPPORTED
from geoportal.ogc.maps.provider import map_provider
from geoportal.ogc.tiles.provider import tile_provider
from geoportal.ogc.tiles.tileset import tileset_of
from geoportal.settings import CHECKOUT, Settings

CONFIG = Path("config/pygeoapi.yml")
MARK = "# ---- from here on made of layers/*/layer.yml by `make config`; do not edit ----\n"
# Resolved by pygeoapi when it reads the file. A string: for a mapping pygeoapi would insist on psycopg 2.
READ_URL = "${GEOPORTAL_READ_DATABASE_URL}"
_HERE = Path(__file__).resolve().parent
TEMPLATES, STATIC = _HERE / "templates", _HERE / "static"

type Config = dict[str, Any]


def render(text: str, layers: Iterable[Layer]) -> str:
    """The configuration file anew: the head as it is, the resources from the manifests."""
    head = text.split(MARK)[0]
    area = yaml.load(head, yaml.CSafeLoader)["area"]
    resources = {item.layer.id: resource(item, area, READ_URL) for item in collections_of(layers)}
    tail = yaml.safe_dump({"resources": resources}, sort_keys=False, allow_unicode=True, width=120)
    return f"{head}{MARK}{tail}"


def configuration(settings: Settings, collections: Iterable[Collection]) -> Config:
    """The configuration of this process. Raises SettingsError when there is no database."""
    head: Config = yaml.load((settings.home / CONFIG).read_text("utf-8").split(MARK)[0], yaml.CSafeLoader)
    head["server"]["url"] = settings.public_url
    head["server"]["templates"] = {"path": str(TEMPLATES), "static": str(STATIC)}
    read_url = settings.require_read_url()
    head["resources"] = {item.layer.id: resource(item, head["area"], read_url) for item in collections}
    return head


def resource(collection: Collection, area: list[float], read_url: str) -> Config:
    """A collection as pygeoapi describes it."""
    layer = collection.layer
    extents: Config = {"spatial": {"bbox": list(area), "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}
    provider: Config = {
        "type": "feature",
        "name": "geoportal.ogc.features.FeatureProvider",
        "data": read_url,
        "table": layer.view,
        "id_field": "id",
        "id_type": layer.fields[layer.key].type.value,
        "geometry_type": layer.geometry.value,
        "fields": {name: field.type.value for name, field in layer.properties.items()},
        "storage_crs": STORED.uri,
        "crs": list(SUPPORTED),
        # the provider refuses what it does not know; otherwise pygeoapi would pass over a mistyped parameter
        "include_extra_query_parameters": True,
    }
    if collection.dimension is not None:
        provider["dimension"] = collection.dimension
    if collection.where:
        provider["where"] = dict(collection.where)
    if "name" in layer.fields:
        provider["title_field"] = "name"
    if layer.time:
        extents["temporal"] = {"begin": None, "end": None}
        provider["time_field"] = layer.time.start
        if layer.time.end:
            provider["time_end_field"] = layer.time.end
    return {
        "type": "collection",
        "title": layer.title.model_dump(),
        "description": layer.description.model_dump(),
        "keywords": {"de": list(layer.keywords.de), "en": list(layer.keywords.en)},
        "links": [{"type": "text/html", "rel": "license", "title": layer.licence.name, "href": layer.licence.url}],
        "extents": extents,
        "providers": [provider, *(_drawing(collection, read_url) if layer.drawn else ())],
    }


def _drawing(collection: Collection, read_url: str) -> list[Config]:
    return [tile_provider(tileset_of(collection).layers[0], read_url), map_provider(collection, read_url)]


def main() -> int:
    """`make config`: writes the file anew."""
    file = CHECKOUT / CONFIG
    file.write_text(render(file.read_text("utf-8"), all_layers(CHECKOUT / "layers")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
