"""Our vector tiles as a plugin of pygeoapi, for stock pygeoapi with our configuration."""

from typing import Any

from pygeoapi.models.provider.base import TileMatrixSetEnum
from pygeoapi.provider.base_mvt import BaseMVTProvider
from pygeoapi.provider.tile import ProviderTileNotFoundError

from geoportal.catalogue import Field, FieldType, Words
from geoportal.ogc.features import ProviderProblem, engine_for
from geoportal.ogc.links import Document
from geoportal.ogc.problems import NotFound, OgcProblem
from geoportal.ogc.tiles import cutting, documents
from geoportal.ogc.tiles.documents import MVT
from geoportal.ogc.tiles.matrix import ID, MAX_ZOOM, read_tile
from geoportal.ogc.tiles.tileset import TileLayer, Tileset


def tile_provider(layer: TileLayer, read_url: str) -> Document:
    """The entry in pygeoapi's configuration for a layer of its own collection."""
    written: Document = {
        "type": "tile",
        "name": "geoportal.ogc.tiles.provider.TileProvider",
        "data": read_url,
        "layer": layer.id,
        "table": layer.view,
        "id_type": layer.key.value,
        "fields": {name: {"type": field.type.value, "title": field.label.de} for name, field in layer.fields.items()},
        "options": {"zoom": {"min": 0, "max": MAX_ZOOM}, "schemes": [ID]},
        "format": {"name": "mvt", "mimetype": MVT},
    }
    return written if layer.only is None else {**written, "dimension": layer.only}


class TileProvider(BaseMVTProvider):  # type: ignore[misc]
    """Tiles of a view of schema `ogc`, as `tile_provider` describes it."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        title = provider_def["layer"]
        self._layer = TileLayer(
            id=title,
            title=Words(de=title, en=title),
            sources=(provider_def["table"],),
            view=provider_def["table"],
            key=FieldType(provider_def["id_type"]),
            fields={
                name: Field(type=FieldType(each["type"]), label=Words(de=each["title"], en=each["title"]))
                for name, each in provider_def["fields"].items()
            },
            dimension=provider_def.get("dimension"),
            only=provider_def.get("dimension"),
        )

    def __repr__(self) -> str:
        return f"<TileProvider> {self._layer.id}"

    def get_layer(self) -> str:
        return self._layer.id

    def get_fields(self) -> dict[str, Any]:
        return {name: {"type": field.type.value} for name, field in self._layer.fields.items()}

    def get_tiling_schemes(self) -> list[Any]:
        return [TileMatrixSetEnum.WEBMERCATORQUAD.value]

    def get_tiles_service(self, baseurl: Any = None, servicepath: Any = None, *_: Any, **__: Any) -> Document:  # noqa: ARG002 - pygeoapi's signature
        self._service_url = servicepath
        links: Document = self.get_tms_links()
        return links

    def get_tiles(
        self,
        layer: Any = None,  # noqa: ARG002 - pygeoapi's signature
        tileset: str | None = None,
        z: Any = None,
        y: Any = None,
        x: Any = None,
        format_: Any = None,  # noqa: ARG002 - pygeoapi's signature
    ) -> bytes | None:
        """A vector tile, None where it is empty. Raises ProviderTileNotFoundError, ProviderProblem."""
        if tileset != ID:
            raise ProviderTileNotFoundError
        try:
            engine = engine_for(self.data, planned_once=True)
            return cutting.cut(engine, self._tileset(), read_tile(str(z), str(y), str(x))) or None
        except NotFound as problem:
            raise ProviderTileNotFoundError from problem
        except OgcProblem as problem:
            raise ProviderProblem(problem) from problem

    def get_metadata(
        self,
        dataset: str,
        server_url: str,
        metadata_format: str = "json",
        title: str = "",
        description: str = "",
        **_: Any,
    ) -> Document:
        """As tileset metadata, or as TileJSON; pygeoapi makes its page of the former."""
        tileset = self._tileset(f"/collections/{dataset}/tiles", title, description)
        write = documents.tilejson if metadata_format.lower() == "tilejson" else documents.metadata
        return write(tileset, cutting.bounds(engine_for(self.data), tileset), server_url, "de")

    def _tileset(self, path: str = "", title: str = "", description: str = "") -> Tileset:
        said = [Words(de=text or self._layer.id, en=text or self._layer.id) for text in (title, description)]
        return Tileset(path, said[0], said[1], "", ("", ""), {"de": (), "en": ()}, (self._layer,))
