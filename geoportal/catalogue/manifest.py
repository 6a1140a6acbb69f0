"""The manifest of a layer: what `layers/<id>/layer.yml` may say. What is not written here is refused."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Default

# Names become SQL identifiers, query parameters and file names: one spelling that is safe in all three.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Crs = Annotated[str, StringConstraints(pattern=r"^EPSG:[0-9]{4,6}$")]

# Query parameters of OGC API Features; a field of that name could not be asked for. `geom` is the geometry column.
RESERVED = frozenset(
    {"bbox", "crs", "datetime", "f", "filter", "geom", "geometry", "lang", "limit", "offset", "properties", "q"}
    | {"resulttype", "sortby"}
)

type Location = tuple[str | int, ...]


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    UUID = "uuid"
    JSON = "json"


class Geometry(StrEnum):
    """Geometry type of all features, spelt as GeoJSON spells it; GEOMETRY allows any."""

    POINT = "Point"
    MULTI_POINT = "MultiPoint"
    LINE_STRING = "LineString"
    MULTI_LINE_STRING = "MultiLineString"
    POLYGON = "Polygon"
    MULTI_POLYGON = "MultiPolygon"
    GEOMETRY = "Geometry"


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Closed):
    """The same in German and English."""

    de: Text
    en: Text


class Keywords(Closed):
    de: tuple[Text, ...]
    en: tuple[Text, ...]


class Licence(Closed):
    name: Text
    url: Url


class Contact(Closed):
    name: Text
    url: Url | None = None
    email: Text | None = None


class Source(Closed):
    """Where the rows come from: a view of schema `ogc`, or a file below the home folder.

    `x`, `y` name the coordinate columns of a table without geometry; `crs` is theirs, or that of a file that does not
    say its own. `separator`, `decimal` and `encoding` belong to CSV.
    """

    view: Name | None = None
    path: Text | None = None
    crs: Crs | None = None
    x: Text | None = None
    y: Text | None = None
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")] = "."
    encoding: Text = "utf-8"


class Field(Closed):
    """A field that is published. `source` is its column in the source if that is called otherwise.

    `codes` are the values that may occur, with their meaning.
    """

    type: FieldType
    label: Words
    source: Text | None = None
    codes: Mapping[str | int, Words] = Default(default_factory=dict)


class Symbol(Closed):
    """Colours as #rrggbb; width and radius in CSS pixels; dash as in SVG's stroke-dasharray."""

    fill: Colour | None = None
    stroke: Colour | None = None
    width: float | None = Default(default=None, gt=0, le=20)
    radius: float | None = Default(default=None, gt=0, le=50)
    dash: Annotated[str, StringConstraints(pattern=r"^[0-9]+( [0-9]+)*$")] | None = None


class Category(Symbol):
    value: str | int | bool
    label: Words


class Style(Symbol):
    """One symbol for all, or one per value of the field `by`; what a category leaves out is taken from here."""

    by: Name | None = None
    categories: tuple[Category, ...] = ()


class Time(Closed):
    """The fields that say when a feature holds. Without `end` it is an instant; an empty end is an open one."""

    start: Name
    end: Name | None = None


class Expect(Closed):
    """How many rows a healthy source has; both bounds included."""

    min: int = Default(ge=0)
    max: int = Default(ge=0)


class Layer(Closed):
    """One published layer. `folder` is where its manifest lies, not a key of the manifest."""

    folder: Path
    id: Name
    title: Words
    description: Words
    keywords: Keywords
    theme: Name
    publisher: Text
    contact: Contact | None = None
    licence: Licence
    source: Source
    geometry: Geometry
    key: Name
    fields: Mapping[Name, Field]
    style: Style = Style()
    popup: tuple[Name, ...] = ()
    expect: Expect | None = None
    time: Time | None = None

    @property
    def view(self) -> str:
        """The view of schema `ogc` that holds the published rows: `id`, the fields, `geom`."""
        return self.source.view or self.id

    @property
    def properties(self) -> Mapping[str, Field]:
        """The fields that a feature carries beside its id; a field that is called `id` is the id itself."""
        return {name: field for name, field in self.fields.items() if name != "id"}


def contradictions(layer: Layer) -> Iterator[tuple[Location, str]]:
    """What the single keys cannot know: (place in the manifest, sentence)."""
    if layer.id != layer.folder.name:
        yield ("id",), f"heißt anders als der Ordner „{layer.folder.name}“ / differs from the folder's name"
    yield from _source(layer.source)
    for name in layer.fields:
        if name in RESERVED:
            yield ("fields", name), "ist ein Parameter der OGC API / is a parameter of the OGC API"
    if layer.source.view and "id" not in layer.fields:
        yield ("fields",), "eine Sicht braucht das Feld „id“ / a view needs the field `id`"
    named: list[tuple[Location, str | None]] = [(("key",), layer.key), (("style", "by"), layer.style.by)]
    named += [(("popup", index), name) for index, name in enumerate(layer.popup)]
    if layer.time:
        named += [(("time", "start"), layer.time.start), (("time", "end"), layer.time.end)]
    for place, wanted in named:
        if wanted is None:
            continue
        field = layer.fields.get(wanted)
        if field is None:
            yield place, f"das Feld „{wanted}“ steht nicht unter fields / is not among the fields"
        elif place[0] == "time" and field.type not in (FieldType.DATE, FieldType.DATETIME):
            yield place, f"das Feld „{wanted}“ ist kein Datum / is no date"
        elif place[0] == "key" and field.type not in (FieldType.TEXT, FieldType.INTEGER, FieldType.UUID):
            yield place, f"„{wanted}“ kann kein Schlüssel sein / cannot be a key: {field.type}"
    if layer.style.categories and layer.style.by is None:
        yield ("style", "categories"), "braucht `by` / needs `by`"
    if layer.expect and layer.expect.min > layer.expect.max:
        yield ("expect",), "min ist größer als max / min is greater than max"


def _source(source: Source) -> Iterator[tuple[Location, str]]:
    if (source.view is None) == (source.path is None):
        yield ("source",), "genau eines von `view` und `path` / exactly one of `view` and `path`"
    if source.view and source.model_fields_set != {"view"}:
        yield ("source",), "`view` steht allein / `view` stands alone"
    if source.path:
        path = PurePosixPath(source.path)
        if path.is_absolute() or ".." in path.parts:
            yield ("source", "path"), "ist relativ zum Hauptordner / is relative to the home folder, without `..`"
    if (source.x is None) != (source.y is None):
        yield ("source",), "`x` und `y` gehören zusammen / `x` and `y` belong together"
    if source.x and source.crs is None:
        yield ("source",), "`x` und `y` brauchen `crs` / `x` and `y` need `crs`"
