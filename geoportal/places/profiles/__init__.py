"""Which column of an official file means what: one YAML file per kind of file. Unknown keys are refused."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

type Column = str | Annotated[int, Field(ge=1)]
"""By its name in the header, or by its place (from 1) in a file without one."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressColumns(_Strict):
    """`ags` may be put together from several columns; `kennung` is the official identifier of an address."""

    ags: tuple[Column, ...]
    strasse: Column
    hausnummer: Column
    zusatz: Column | None = None
    plz: Column | None = None
    ort: Column
    ortsteil: Column | None = None
    kennung: Column | None = None
    x: Column
    y: Column


class ParcelColumns(_Strict):
    kennzeichen: str
    gemarkung: str
    gemarkung_schluessel: str
    ags: str
    flur: str
    zaehler: str
    nenner: str


class BoundaryColumns(_Strict):
    ags: str
    name: str
    bezeichnung: str


class AddressProfile(_Strict):
    """A text table. `encodings` are tried in their order."""

    id: str
    kind: Literal["addresses"]
    title: str
    header: bool
    separator: Annotated[str, Field(min_length=1, max_length=1)]
    decimal: Literal[",", "."]
    encodings: tuple[str, ...]
    crs: str | None = None
    """Without one: the zone of UTM in which the portal stores, as the Länder deliver."""
    columns: AddressColumns


class ParcelProfile(_Strict):
    id: str
    kind: Literal["parcels"]
    title: str
    layer: str
    """A part of its name, in small letters, where a file has several that fit."""
    columns: ParcelColumns


class BoundaryProfile(_Strict):
    """`only` are the values that a column must have for a row to be taken, such as the land without its waters."""

    id: str
    kind: Literal["boundaries"]
    title: str
    layer: str
    columns: BoundaryColumns
    only: dict[str, tuple[str | int, ...]] = {}


type Profile = AddressProfile | ParcelProfile | BoundaryProfile
_KINDS: dict[str, type[AddressProfile] | type[ParcelProfile] | type[BoundaryProfile]] = {
    "addresses": AddressProfile,
    "parcels": ParcelProfile,
    "boundaries": BoundaryProfile,
}


@cache
def all_profiles() -> tuple[Profile, ...]:
    """By id. Raises pydantic.ValidationError when one is wrong."""
    folder = files("geoportal.places").joinpath("profiles")
    found: list[Profile] = []
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        if item.name.endswith(".yml"):
            raw = yaml.load(item.read_text("utf-8"), yaml.CSafeLoader)
            found.append(_KINDS[raw["kind"]].model_validate(raw | {"id": item.name.removesuffix(".yml")}))
    return tuple(found)
