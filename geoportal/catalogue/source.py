"""Where the rows of a layer come from."""

import codecs
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field as Default
from pydantic import StringConstraints

from geoportal.catalogue.base import Closed, Crs, Host, Name, Text, Url


class Reason(StrEnum):
    """Why a layer could not be brought up to date."""

    MANIFEST = "manifest"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    UNEXPECTED = "unexpected"
    DATABASE = "database"


class SourceError(Exception):
    """A layer's source cannot be published as it is; what is public already stays."""

    def __init__(self, message: str, reason: Reason = Reason.UNREADABLE) -> None:
        super().__init__(message)
        self.reason = reason


KINDS: Final = ("view", "path", "url", "wfs", "features", "arcgis", "sensorthings")
_TABLE_KEYS: Final = frozenset({"x", "y", "address", "separator", "decimal"})


class Address(Closed):
    """Spalten einer Tabelle mit Anschriften; der Ort wird im Adressbestand des Portals gesucht."""

    street: Text
    """Spalte mit der Straße, mit oder ohne Hausnummer."""
    number: Text | None = None
    """Spalte mit der Hausnummer, wenn sie nicht in `street` steht."""
    postcode: Text
    """Spalte mit der Postleitzahl."""
    place: Text | None = None
    """Spalte mit dem Ort."""
    least_found: int = Default(default=50, ge=0, le=100)
    """So viel Prozent der Anschriften müssen gefunden werden, sonst bleiben die bisherigen Daten stehen. Die übrigen
    Zeilen werden genannt und haben keinen Ort auf der Karte."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(each for each in (self.street, self.number, self.postcode, self.place) if each is not None)


class Source(Closed):
    """Woher die Zeilen kommen: genau eines von `view`, `path`, `url`, `wfs`, `features`, `arcgis`, `sensorthings`."""

    view: Name | None = None
    """Sicht im Schema `ogc`; nur für Layer, deren Zeilen das Portal selbst führt (Pläne)."""
    path: Text | None = None
    """Datei unter dem Hauptordner: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, CSV oder XLSX."""
    url: Url | None = None
    """Dieselben Dateien zum Herunterladen; auch ein ZIP mit einem Shapefile."""
    wfs: Url | None = None
    """Adresse eines WFS 2.0, ohne Parameter; `layer` nennt den Feature-Typ."""
    features: Url | None = None
    """Startseite einer OGC API Features; `layer` nennt die Sammlung."""
    arcgis: Url | None = None
    """Layer eines ArcGIS-Dienstes: …/FeatureServer/0 oder …/MapServer/0."""
    sensorthings: Url | None = None
    """Wurzel eines SensorThings-Dienstes (…/v1.1); gelesen werden die `Things` mit ihren Standorten."""
    layer: Text | None = None
    """Layer in einer Datei mit mehreren, Tabellenblatt einer XLSX (sonst das erste), Feature-Typ eines WFS oder
    Sammlung einer OGC API Features."""
    hosts: tuple[Host, ...] = ()
    """Weitere Server, zu denen die Quelle umleiten darf."""
    max_mb: int = Default(default=200, ge=1, le=4000)
    """So viele Megabyte darf eine Quelle aus dem Netz höchstens liefern."""
    crs: Crs | None = None
    """Koordinatensystem von `x` und `y`, oder einer Datei, die ihres nicht nennt."""
    x: Text | None = None
    """Spalte mit dem Rechtswert oder der Länge."""
    y: Text | None = None
    """Spalte mit dem Hochwert oder der Breite."""
    address: Address | None = None
    """Spalten mit der Anschrift, wenn es keine Koordinaten gibt."""
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    """Trennzeichen einer CSV-Datei."""
    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")] = "."
    """Dezimalzeichen einer CSV-Datei."""
    encoding: Text | None = None
    """Zeichensatz einer CSV-Datei (sonst UTF-8) oder eines Shapefiles ohne `.cpg`."""
    only: Mapping[Text, tuple[str | int | float | bool, ...]] = Default(default_factory=dict)
    """Nur Zeilen, in denen diese Spalten der Quelle einen dieser Werte haben; verglichen wird der Text."""

    @property
    def kind(self) -> str:
        """Which of KINDS is given; a manifest that was read has exactly one."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def address_of_service(self) -> str | None:
        """The URL of a source that comes over the network."""
        return self.url or self.wfs or self.features or self.arcgis or self.sensorthings

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`host` or `host:port` of every server that may be asked."""
        own = self.address_of_service
        return frozenset(self.hosts) | ({urlsplit(own).netloc.lower()} if own else frozenset())


def contradictions(source: Source) -> Iterator[tuple[tuple[str, ...], str]]:
    given = [kind for kind in KINDS if getattr(source, kind) is not None]
    if len(given) != 1:
        yield (), f"genau eines von / exactly one of: {', '.join(f'`{kind}`' for kind in KINDS)}"
        return
    if source.view and source.model_fields_set != {"view"}:
        yield (), "`view` steht allein / `view` stands alone"
    if source.path:
        path = PurePosixPath(source.path)
        if path.is_absolute() or ".." in path.parts:
            yield ("path",), "ist relativ zum Hauptordner / is relative to the home folder, without `..`"
        if "\\" in source.path:
            yield ("path",), "Ordner trennt ein / – folders are parted by /"
    if source.encoding and not _is_encoding(source.encoding):
        yield ("encoding",), "unbekannter Zeichensatz; üblich sind / unknown encoding; usual are: utf-8, cp1252, utf-16"
    if (source.wfs or source.features) and not source.layer:
        yield (), "braucht `layer` / needs `layer`"
    if (address := source.address_of_service) and "@" in urlsplit(address).netloc:
        yield (given[0],), "ohne Namen und Kennwort / without user and password"
    if source.hosts and not address:
        yield ("hosts",), "nur für Quellen aus dem Netz / only for sources from the network"
    if given[0] not in {"path", "url"} and (odd := sorted(_TABLE_KEYS & source.model_fields_set)):
        yield (odd[0],), "nur für Dateien / only for files"
    if (source.x is None) != (source.y is None):
        yield (), "`x` und `y` gehören zusammen / `x` and `y` belong together"
    if source.x and source.address:
        yield ("address",), "entweder Koordinaten oder Anschrift / either coordinates or address"
    if source.x and source.crs is None:
        yield (), "`x` und `y` brauchen `crs` / `x` and `y` need `crs`"


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True
