"""What a vector tile holds: the tilesets, their layers, and which attributes go along."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Self

from geoportal.catalogue import Field, FieldType, Layer, Words
from geoportal.ogc.collection import DIMENSIONS, Collection, has_history

_BP, _FP, _CONTENTS = PLANS = ("bebauungsplaene", "flaechennutzungsplaene", "planinhalte")
LABELS: Final = "beschriftungen"
# A tile is no data set: long texts and structures are left to the features themselves.
_LEFT_OUT: Final = frozenset({FieldType.JSON})


@dataclass(frozen=True, slots=True)
class TileLayer:
    """One layer of a vector tile.

    `sources` are the sources in `ogc.tile_feature`; `view` (of schema `ogc`) has the attributes, by its `id` of type
    `key`. `label`: each feature is the point where its label stands, if the field `label` has a value.
    `dimension` is that of all its geometries, None where they differ; `only` restricts a source to one. `history` is
    the view of what was ever public, where there is one. `clustered`: near points may be one, not only those that would
    cover each other. `hides`: the view shows only some of the sources' features, today these and tomorrow others.
    """

    id: str
    title: Words
    sources: tuple[str, ...]
    view: str
    key: FieldType
    fields: Mapping[str, Field]
    dimension: int | None
    only: int | None = None
    label: str | None = None
    history: str | None = None
    clustered: bool = False
    hides: bool = False

    def __hash__(self) -> int:
        return hash((self.id, self.sources, self.view, tuple(self.fields), self.only, self.label))


@dataclass(frozen=True, slots=True)
class Manner:
    """How a tile is wanted.

    `pixels`: how wide a map shows it, 256 or 512; in a wide tile smaller features can be seen. `grouped`: near points
    of a layer are one point with their number. `day`: the plans as they were public at its end, instead of now.
    """

    pixels: int = 256
    grouped: bool = False
    day: date | None = None

    @property
    def closer(self) -> int:
        """How many zooms nearer the tile is shown than its own."""
        return self.pixels.bit_length() - 9


PLAIN: Final = Manner()


@dataclass(frozen=True, slots=True)
class Tileset:
    """`path` is its place below the API. `properties`: the fields to which a request has narrowed it; None for all."""

    path: str
    title: Words
    description: Words
    attribution: str
    licence: tuple[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    layers: tuple[TileLayer, ...]
    properties: tuple[str, ...] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all that its layers carry; those of one layer alone begin with its id and a point."""
        plain = dict.fromkeys(name for layer in self.layers for name in layer.fields)
        return (*plain, *(f"{layer.id}.{name}" for layer in self.layers for name in layer.fields))

    def narrowed(self, properties: tuple[str, ...] | None) -> Self:
        """With nothing but these of its fields in each layer that has them; None: with all."""
        if properties is None:
            return self

        def chosen(layer: TileLayer) -> dict[str, Field]:
            wanted = {name.removeprefix(f"{layer.id}.") for name in properties}
            return {name: field for name, field in layer.fields.items() if name in wanted}

        layers = tuple(replace(layer, fields=chosen(layer)) for layer in self.layers)
        return replace(self, layers=layers, properties=properties)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(source for layer in self.layers for source in layer.sources))


def attributes(layer: Layer) -> dict[str, Field]:
    """The fields that tiles carry: what names a feature, the popup's, the style's, and what the manifest adds."""
    wanted = dict.fromkeys(["name", *layer.headline_fields, *layer.popup, *_styled(layer), *layer.tiles])
    found = {name: layer.properties[name] for name in wanted if name in layer.properties}
    return {name: field for name, field in found.items() if field.type not in _LEFT_OUT}


def drawn_with(layer: Layer) -> list[str]:
    """Those of them that a map needs to draw a feature and to name it, beside its number, which may be its key."""
    key = layer.fields[layer.key]
    carried = _with_id(key, attributes(layer))
    if key.type is FieldType.INTEGER:
        carried.pop(layer.key, None)
    wanted = dict.fromkeys(["id", *_styled(layer), *(layer.headline_fields or layer.popup[:1])])
    return [name for name in wanted if name in carried]


def _styled(layer: Layer) -> tuple[str, ...]:
    style = layer.style
    return tuple(filter(None, (style.by, style.label, style.sizes.by if style.sizes else None)))


def tileset_of(collection: Collection) -> Tileset:
    layer = collection.layer
    key = layer.fields[layer.key]
    only = TileLayer(
        id=layer.id,
        title=layer.title,
        sources=(layer.view,),
        view=layer.view,
        key=key.type,
        fields=_with_id(key, attributes(layer)),
        dimension=DIMENSIONS[layer.geometry],
        only=collection.dimension,
        history=f"{layer.view}_historie" if has_history(layer) else None,
        clustered=layer.style.cluster,
        hides=layer.time is not None and layer.time.only_current,
    )
    layers = (only, _labels(layer)) if layer.id == _CONTENTS else (only,)
    return _tileset(f"/collections/{layer.id}/tiles", layer, layer.title, layer.description, layers)


def _labels(contents: Layer) -> TileLayer:
    """The texts on a plan, each a point where there is most room for it."""
    fields = ("beschriftung", "planzeichen", "gruppe", "status", "planwerk")
    return TileLayer(
        LABELS,
        Words(de="Beschriftungen der Planinhalte", en="Labels of the contents"),
        (_CONTENTS,),
        _CONTENTS,
        FieldType.INTEGER,
        {name: contents.fields[name] for name in fields},
        0,
        label="beschriftung",
    )


def selected_tileset(collections: Iterable[Collection]) -> Tileset:
    """The features of some collections in one tileset, in this order. There must be one at least."""
    chosen = [tileset_of(collection) for collection in collections]
    return replace(chosen[0], path="/tiles", layers=tuple(tileset.layers[0] for tileset in chosen))


def plans_tileset(collections: Mapping[str, Collection]) -> Tileset | None:
    """Outlines, contents and labels of all plans together; None where one of the three layers is not published."""
    if not all(name in collections for name in PLANS):
        return None
    outlines, contents = collections[_BP].layer, collections[_CONTENTS].layer
    common = {name: field for name, field in attributes(outlines).items() if name in collections[_FP].layer.fields}
    planwerk = {"planwerk": contents.fields["planwerk"]}
    key = outlines.fields[outlines.key]
    names = {name: outlines.fields[name] for name in ("name", "nummer", "status")} | planwerk
    layers = (
        TileLayer(
            "geltungsbereiche",
            Words(de="Geltungsbereiche", en="Areas of plans"),
            (_BP, _FP),
            "plaene",
            key.type,
            _with_id(key, common | planwerk),
            2,
        ),
        tileset_of(collections[_CONTENTS]).layers[0],
        TileLayer(
            "plannamen",
            Words(de="Namen der Pläne", en="Names of plans"),
            (_BP, _FP),
            "plaene",
            key.type,
            _with_id(key, names),
            0,
            label="name",
        ),
        _labels(contents),
    )
    title = Words(de="Bauleitpläne: Umringe, Inhalte, Beschriftungen", en="Plans: outlines, contents, labels")
    description = Words(
        de="Alle veröffentlichten Bauleitpläne in einem Kachelsatz: Geltungsbereiche, Planinhalte und Beschriftungen.",
        en="All published plans in one tileset: areas, contents and labels.",
    )
    return _tileset("/tiles", outlines, title, description, layers)


def _with_id(key: Field, fields: dict[str, Field]) -> dict[str, Field]:
    """The id as an attribute, unless the number that every feature of a tile has is the id already."""
    return fields if key.type is FieldType.INTEGER else {"id": key, **fields}


def _tileset(path: str, layer: Layer, title: Words, description: Words, layers: tuple[TileLayer, ...]) -> Tileset:
    return Tileset(
        path=path,
        title=title,
        description=description,
        attribution=f"{layer.publisher} – {layer.licence.name}",
        licence=(layer.licence.name, layer.licence.url),
        keywords={"de": layer.keywords.de, "en": layer.keywords.en},
        layers=layers,
    )
