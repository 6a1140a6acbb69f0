"""How the features of a layer are drawn."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field as Default
from pydantic import StringConstraints

from geoportal.catalogue.base import Closed, Colour, Name, Words

Icon = Literal[
    "abfall", "bad", "brunnen", "bus", "fahrrad", "feuerwehr", "kirche", "krankenhaus", "leuchte", "parken", "rathaus",
    "schule", "spielplatz", "sport", "test", "umwelt",
]  # fmt: skip


class Symbol(Closed):
    """Ein Zeichen: Farben als #rrggbb, Maße in CSS-Pixeln."""

    fill: Colour | None = None
    """Füllfarbe."""
    stroke: Colour | None = None
    """Linien- oder Randfarbe."""
    width: float | None = Default(default=None, gt=0, le=20)
    """Strichbreite."""
    radius: float | None = Default(default=None, gt=0, le=50)
    """Halbmesser eines Punktes."""
    dash: Annotated[str, StringConstraints(pattern=r"^[0-9]+( [0-9]+)*$")] | None = None
    """Strichelung wie in SVG, zum Beispiel `6 4`."""
    icon: Icon | None = None
    """Bildzeichen im Punkt."""


class Category(Symbol):
    """Das Zeichen für einen Wert; was fehlt, kommt vom Stil."""

    value: str | int | bool
    """Der Wert des Feldes `by`."""
    label: Words
    """So heißt der Wert in der Legende."""


class Sizes(Closed):
    """Punkte, deren Größe einem Feld folgt."""

    by: Name
    """Ein Zahlenfeld."""
    low: float
    """Dieser Wert und kleinere werden mit dem kleinsten Halbmesser gezeichnet."""
    high: float
    """Dieser Wert und größere mit dem größten."""
    smallest: float = Default(default=4, gt=0, le=50)
    """Kleinster Halbmesser in Pixeln."""
    largest: float = Default(default=16, gt=0, le=50)
    """Größter Halbmesser in Pixeln."""


class Scale(Closed):
    """Maßstabszahlen, zwischen denen der Layer gezeichnet wird."""

    closest: int = Default(default=1, ge=1)
    """Kleinste Maßstabszahl (am nächsten herangezoomt)."""
    farthest: int = Default(default=100_000_000, ge=1)
    """Größte Maßstabszahl (am weitesten herausgezoomt)."""


class Style(Symbol):
    """Ein Zeichen für alle, oder eines für jeden Wert des Feldes `by`."""

    by: Name | None = None
    """Feld, dessen Werte die Kategorien unterscheiden."""
    categories: tuple[Category, ...] = ()
    """Die Kategorien in der Reihenfolge der Legende."""
    sizes: Sizes | None = None
    """Größe nach einem Zahlenfeld."""
    label: Name | None = None
    """Feld, das neben dem Zeichen steht."""
    scale: Scale | None = None
    """Maßstäbe, in denen der Layer zu sehen ist."""
    cluster: bool = False
    """Nahe Punkte werden auf der Karte zu einem mit Anzahl zusammengefasst."""


def contradictions(style: Style) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if style.categories and style.by is None:
        yield ("categories",), "braucht `by` / needs `by`"
    values = [category.value for category in style.categories]
    for index, value in enumerate(values):
        if value in values[:index]:
            yield ("categories", index, "value"), f"doppelt / given twice: {value}"
    if style.sizes and style.sizes.low >= style.sizes.high:
        yield ("sizes",), "low ist nicht kleiner als high / low is not less than high"
    if style.scale and style.scale.closest > style.scale.farthest:
        yield ("scale",), "closest ist größer als farthest / closest is greater than farthest"
