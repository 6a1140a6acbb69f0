"""The Gemeinden that deliver plans: one manifest each, gemeinden/<AGS>_<name>.yml."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from plans_ingest import crs, kreis
from plans_ingest.profiles.model import Profile

_REACH: Final = 20_000.0  # metres: no Gemeinde of ours ends further from its Sitz
_WGS84: Final = 4326


class Sitz(BaseModel):
    """Official reference coordinate of the Gemeinde, WGS 84 degrees."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lon: float
    lat: float


class Gemeinde(BaseModel):
    """A Gemeinde of the Kreis. The AGS is text: it has a leading zero, and YAML must quote it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    ags: Annotated[str, StringConstraints(pattern=r"^\d{8}$")]
    name: str
    typ: Literal["Stadt", "Gemeinde"]
    plz: Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
    sitz: Sitz
    lieferung: Profile | None = None  # how its planning office names columns, words and layers, where not as we do


def all_gemeinden() -> tuple[Gemeinde, ...]:
    """All manifests, ordered by AGS. Raises pydantic.ValidationError when one is wrong."""
    return _read(kreis.manifests())


@cache
def _read(manifests: tuple[Path, ...]) -> tuple[Gemeinde, ...]:
    return tuple(Gemeinde.model_validate(yaml.load(item.read_text("utf-8"), yaml.CSafeLoader)) for item in manifests)


def surroundings(srid: int) -> Mapping[str, BaseGeometry]:
    """Of each Gemeinde a circle that it lies in, in EPSG:`srid`: for those whose borders nobody knows yet."""
    return _surroundings(kreis.manifests(), srid)


@cache
def _surroundings(manifests: tuple[Path, ...], srid: int) -> Mapping[str, BaseGeometry]:
    there = crs.transformer(_WGS84, srid)
    places = {gemeinde.ags: there.transform(gemeinde.sitz.lon, gemeinde.sitz.lat) for gemeinde in _read(manifests)}
    return {ags: Point(place).buffer(_REACH) for ags, place in places.items()}


def gemeinde_of(ags: str) -> Gemeinde | None:
    return next((gemeinde for gemeinde in all_gemeinden() if gemeinde.ags == ags), None)
