"""The manifest of a layer: what `layers/<id>/layer.yml` may say. What is not written here is refused."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field as Default

from geoportal.catalogue import sensors as sensor_models
from geoportal.catalogue import source as source_models
from geoportal.catalogue import style as style_models
from geoportal.catalogue.base import Closed, Name, Span, Text, Url, Words
from geoportal.catalogue.sensors import Sensors
from geoportal.catalogue.source import Source
from geoportal.catalogue.style import Style

# Query parameters of OGC API Features; a field of that name could not be asked for. `geom` is the geometry column.
RESERVED = frozenset(
    {"bbox", "crs", "datetime", "f", "filter", "geom", "geometry", "lang", "limit", "offset", "properties", "q"}
    | {"cursor", "resulttype", "sortby", "stand"}
)
# Collections that stand in the catalogue beside the layers, and what ours add to a layer's name.
_SUFFIXES: Final = ("_flaechen", "_linien", "_punkte", "_messwerte")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")

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


class Keywords(Closed):
    """Schlagwörter für den Katalog."""

    de: tuple[Text, ...]
    """Deutsche Schlagwörter."""
    en: tuple[Text, ...]
    """Englische Schlagwörter."""


class Licence(Closed):
    """Unter welcher Lizenz die Daten stehen."""

    name: Text
    """Name der Lizenz."""
    url: Url
    """Adresse ihres Textes."""


class Contact(Closed):
    """Wer Fragen zu den Daten beantwortet: eine Stelle, keine Person."""

    name: Text
    """Name der Stelle."""
    url: Url | None = None
    """Ihre Internetseite."""
    email: Text | None = None
    """Ihre Sammeladresse."""


class Field(Closed):
    """Ein Feld. Spalten der Quelle, die hier nicht stehen, werden nie veröffentlicht."""

    type: FieldType
    """Art der Werte."""
    label: Words
    """Bezeichnung, wie Menschen sie lesen."""
    source: Text | None = None
    """Spalte der Quelle, wenn sie anders heißt."""
    unit: Text | None = None
    """Einheit einer Zahl, zum Beispiel `W`."""
    codes: Mapping[str | int, Words] = Default(default_factory=dict)
    """Die Werte, die vorkommen können, mit ihrer Bedeutung; andere sind ein Fehler der Quelle."""
    visibility: Literal["public", "internal"] = "public"
    """`internal`: nur für den Betrieb; das Feld verlässt die Datenbank nicht."""
    format: Literal["opening_hours", "url"] | None = None
    """`opening_hours`: Öffnungszeiten in der Schreibweise von OpenStreetMap; `url`: Internetadresse."""


class Time(Closed):
    """Die Felder, die sagen, wann ein Objekt gilt. Ohne `end` ist es ein Zeitpunkt; ein leeres Ende ist offen."""

    start: Name
    """Feld mit dem Beginn."""
    end: Name | None = None
    """Feld mit dem Ende (letzter Tag)."""
    only_current: bool = False
    """Nur was heute gilt, ist zu sehen: Künftiges erscheint, Abgelaufenes verschwindet von selbst."""


class Enclosure(Closed):
    """Die Felder, aus denen der Verweis auf die Datei eines Objekts wird; ohne Adresse gibt es keinen."""

    href: Name
    """Feld mit der Adresse, im Netz oder unterhalb des Portals."""
    type: Name | None = None
    """Feld mit dem Medientyp."""
    title: Name | None = None
    """Feld mit dem Titel."""
    length: Name | None = None
    """Feld mit der Größe in Bytes."""
    hreflang: Name | None = None
    """Feld mit der Sprache."""


class Selection(Closed):
    """Ein Teil der Objekte als eigene Sammlung der OGC API Features. Alles andere bietet das Ganze."""

    where: Mapping[Name, Name]
    """Textfelder und der Wert, den jedes haben muss."""
    geometry: Geometry
    """Art der Geometrien; Objekte mit einer anderen gehören nicht dazu."""
    title: Words
    """Titel."""
    description: Words
    """Was dazugehört."""


class Expect(Closed):
    """Was eine gesunde Quelle hat. Wird es verfehlt, bleiben die bisherigen Daten stehen."""

    min: int = Default(ge=0)
    """So viele Zeilen mindestens."""
    max: int = Default(ge=0)
    """So viele höchstens."""
    extent: tuple[float, float, float, float] | None = None
    """West, Süd, Ost, Nord in Grad; außerhalb darf nichts liegen."""


class Layer(Closed):
    """Ein Layer: alles, was das Portal über ihn weiß."""

    folder: Annotated[Path, Default(exclude=True)]  # where the manifest lies; not a key of it
    id: Name
    """Name des Layers, gleich dem Namen des Ordners."""
    title: Words
    """Titel."""
    description: Words
    """Was die Daten zeigen, woher sie kommen, was sie nicht leisten."""
    keywords: Keywords
    """Schlagwörter."""
    theme: Name
    """Zweig im Themenbaum der Karte, zum Beispiel `bildung`."""
    theme_title: Words | None = None
    """Überschrift dieses Zweigs; ein Layer des Themas genügt. Nennt sie keiner, steht dort sein Name."""
    publisher: Text
    """Wer die Daten herausgibt."""
    contact: Contact | None = None
    """Wer Fragen beantwortet."""
    licence: Licence
    """Lizenz."""
    source: Source
    """Quelle."""
    refresh: Span | None = None
    """Abstand, in dem die Quelle neu gelesen wird. Dateien werden ohnehin gelesen, sobald sie sich ändern."""
    geometry: Geometry
    """Art der Geometrien."""
    key: Name
    """Feld, das jedes Objekt für immer benennt."""
    fields: Mapping[Name, Field]
    """Die Felder."""
    style: Style = Style()
    """Zeichenvorschrift für Karte, Legende und QGIS."""
    headline: Text | None = None
    """Überschrift eines Objekts mit Feldern in Klammern: `{name} ({schulform})`. Sonst das erste Feld von `popup`."""
    popup: tuple[Name, ...] = ()
    """Felder, die ein Klick auf der Karte zeigt, in dieser Reihenfolge."""
    search: tuple[Name, ...] = ()
    """Textfelder, in denen die Suche des Portals sucht."""
    tiles: tuple[Name, ...] = ()
    """Felder, die Vektorkacheln tragen, neben `name` und denen von `popup` und `style`."""
    time: Time | None = None
    """Gültigkeit der Objekte."""
    expect: Expect | None = None
    """Erwartungen an die Quelle."""
    sensors: Sensors | None = None
    """Messwerte."""
    drawn: bool = True
    """`false`: nicht in Karten, Kacheln, WMS und Themenbaum, weil ein anderer Layer dasselbe zeichnet."""
    shown: bool = True
    """`false`: auf der Karte am Anfang aus, bis jemand ihn im Themenbaum einschaltet oder ein Objekt daraus sucht."""
    enclosure: Enclosure | None = None
    """Datei, die zu jedem Objekt gehört."""
    selections: Mapping[Name, Selection] = Default(default_factory=dict)
    """Teile, die eine Sammlung für sich sind."""

    @property
    def view(self) -> str:
        """The view of schema `ogc` that holds the published rows: `id`, the properties, `geom`."""
        return self.source.view or self.id

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the layer's table before its geometry. The key comes first: another key, another table."""
        return (self.key, *(name for name in self.fields if name != self.key))

    @cached_property
    def properties(self) -> Mapping[str, Field]:
        """The fields that a feature carries beside its id: the public ones, and what its sensors told last.

        A field that is called `id` is the id itself.
        """
        public = {name: each for name, each in self.fields.items() if name != "id" and each.visibility == "public"}
        return {**public, **self.measured}

    @cached_property
    def measured(self) -> Mapping[str, Field]:
        """What the view adds for each observed property: last value, since when (a state), its stage by how long it has
        lasted, its time, whether stale.
        """
        found: dict[str, Field] = {}
        for name, observed in (self.sensors.observed if self.sensors else {}).items():
            label = observed.label
            if not observed.event:
                kind = FieldType.TEXT if observed.codes else FieldType.NUMBER
                found[name] = Field(
                    type=kind,
                    label=label,
                    unit=observed.unit,
                    codes=dict(observed.codes.items()),
                )
            if observed.codes:
                since = Words(de=f"{label.de} seit", en=f"{label.en} since")
                found[f"{name}_seit"] = Field(type=FieldType.DATETIME, label=since)
            if observed.lasting:
                stages: dict[str | int, Words] = dict(observed.codes.items())
                stages |= {stage: lasting.label for stage, lasting in observed.lasting.items()}
                found[f"{name}_stufe"] = Field(
                    type=FieldType.TEXT,
                    label=Words(de=f"{label.de} nach Dauer", en=f"{label.en} by duration"),
                    codes=stages,
                )
            at = label if observed.event else Words(de=f"{label.de}: gemessen", en=f"{label.en}: measured")
            found[f"{name}_am"] = Field(type=FieldType.DATETIME, label=at)
            if observed.stale:
                found[f"{name}_veraltet"] = Field(type=FieldType.BOOLEAN, label=observed.stale.label)
        return found

    def state_of(self, field: str | None) -> str | None:
        """The observed property whose states a field holds, as they are or in stages."""
        observed = self.sensors.observed if self.sensors else {}
        return next((name for name in observed if observed[name].codes and field in {name, f"{name}_stufe"}), None)

    @cached_property
    def history(self) -> "Layer | None":
        """The readings as a layer of their own, if there are any: each at its feature, which is called `objekt`."""
        if self.sensors is None:
            return None
        names: dict[str | int, Words] = {name: observed.label for name, observed in self.sensors.observed.items()}
        fields = {
            "id": Field(type=FieldType.INTEGER, label=Words(de="Kennung", en="Identifier")),
            "objekt": Field(type=FieldType.TEXT, label=Words(de="Objekt", en="Feature")),
            "eigenschaft": Field(type=FieldType.TEXT, label=Words(de="Größe", en="Property"), codes=names),
            "zeit": Field(type=FieldType.DATETIME, label=Words(de="Zeitpunkt", en="Time")),
            "wert": Field(type=FieldType.NUMBER, label=Words(de="Wert", en="Value")),
            "zustand": Field(type=FieldType.TEXT, label=Words(de="Zustand", en="State")),
        }
        # made anew, not copied: what was derived of the layer's own fields would come along
        return Layer(
            folder=self.folder,
            id=f"{self.id}_messwerte",
            title=Words(de=f"{self.title.de} (Messwerte)", en=f"{self.title.en} (readings)"),
            description=Words(
                de=f"Einzelne Messwerte zu: {self.title.de}.", en=f"Single readings of: {self.title.en}."
            ),
            keywords=self.keywords,
            theme=self.theme,
            theme_title=self.theme_title,
            publisher=self.publisher,
            contact=self.contact,
            licence=self.licence,
            source=Source(view=f"{self.id}_messwerte"),
            geometry=self.geometry,
            key="id",
            fields=fields,
            popup=tuple(name for name in fields if name != "id"),
            time=Time(start="zeit"),
        )

    @property
    def hours(self) -> str | None:
        """The public field with opening hours, if there is one."""
        return next((name for name, field in self.properties.items() if field.format == "opening_hours"), None)

    @property
    def headline_fields(self) -> tuple[str, ...]:
        return tuple(_PLACEHOLDER.findall(self.headline or ""))


def contradictions(layer: Layer) -> Iterator[tuple[Location, str]]:
    """What the single keys cannot know: (place in the manifest, sentence)."""
    if layer.id != layer.folder.name:
        yield ("id",), f"heißt anders als der Ordner „{layer.folder.name}“ / differs from the folder's name"
    if layer.id.endswith(_SUFFIXES):
        yield ("id",), f"endet nicht auf / does not end with {', '.join(_SUFFIXES)}"
    for place, message in source_models.contradictions(layer.source):
        yield ("source", *place), message
    places: list[tuple[Location, str]] = [(("fields", name), name) for name in layer.fields]
    places += [(("sensors", "observed", name), name) for name in (layer.sensors.observed if layer.sensors else ())]
    for spot, name in places:
        if name in RESERVED:
            yield spot, "ist ein Parameter der OGC API / is a parameter of the OGC API"
    if layer.source.view and "id" not in layer.fields:
        yield ("fields",), "eine Sicht braucht das Feld „id“ / a view needs the field `id`"
    yield from _fields_named(layer)
    for style_place, message in style_models.contradictions(layer.style):
        yield ("style", *style_place), message
    if layer.expect and layer.expect.min > layer.expect.max:
        yield ("expect",), "min ist größer als max / min is greater than max"
    if layer.time and layer.time.only_current and layer.source.view:
        yield ("time", "only_current"), "nicht für eine Sicht / not for a view"
    for name, selection in layer.selections.items():
        if selection.geometry is Geometry.GEOMETRY:
            yield ("selections", name, "geometry"), "nennt eine Art / names one kind"
    if layer.sensors:
        for sensor_place, message in sensor_models.contradictions(layer.sensors):
            yield ("sensors", *sensor_place), message
        for name in sorted(layer.measured.keys() & layer.fields.keys()):
            yield ("fields", name), "so heißt schon ein Messwert / a reading has this name already"


def _fields_named(layer: Layer) -> Iterator[tuple[Location, str]]:
    """Every place that names a field names one that is published and of a fitting kind."""
    named: list[tuple[Location, str | None]] = [(("key",), layer.key), (("style", "by"), layer.style.by)]
    named += [(("style", "label"), layer.style.label)]
    named += [(("style", "sizes", "by"), layer.style.sizes.by if layer.style.sizes else None)]
    named += [(("popup", index), name) for index, name in enumerate(layer.popup)]
    named += [(("search", index), name) for index, name in enumerate(layer.search)]
    named += [(("tiles", index), name) for index, name in enumerate(layer.tiles)]
    named += [(("headline",), name) for name in layer.headline_fields]
    named += [(("enclosure", key), name) for key, name in (layer.enclosure or ())]
    for part, selection in layer.selections.items():
        named += [(("selections", part, "where", name), name) for name in selection.where]
    if layer.time:
        named += [(("time", "start"), layer.time.start), (("time", "end"), layer.time.end)]
    for place, wanted in named:
        if wanted is None:
            continue
        field = layer.fields.get(wanted)
        if field is None and place[0] not in ("key", "time"):  # those are columns of the table
            field = layer.measured.get(wanted)
        if field is None:
            yield place, f"das Feld „{wanted}“ steht nicht unter fields / is not among the fields"
        elif field.visibility == "internal":
            yield place, f"das Feld „{wanted}“ ist intern / is internal"
        elif (kinds := _KINDS.get(str(place[0]))) and field.type not in kinds:
            yield place, f"„{wanted}“ {_UNFIT[str(place[0])]}: {field.type}"
        elif place == ("style", "sizes", "by") and field.type not in (FieldType.INTEGER, FieldType.NUMBER):
            yield place, f"„{wanted}“ ist keine Zahl / is no number"


_KINDS: Final[Mapping[str, tuple[FieldType, ...]]] = {
    "time": (FieldType.DATE, FieldType.DATETIME),
    "key": (FieldType.TEXT, FieldType.INTEGER, FieldType.UUID),
    "search": (FieldType.TEXT,),
    "selections": (FieldType.TEXT,),
}
_UNFIT: Final[Mapping[str, str]] = {
    "time": "ist kein Datum / is no date",
    "key": "kann kein Schlüssel sein / cannot be a key",
    "search": "ist kein Text / is no text",
    "selections": "ist kein Text / is no text",
}
