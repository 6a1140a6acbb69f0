"""Which collections a tile of the dataset holds, and how a map wants them (OGC API - Tiles 1, 9.3: `collections`)."""

from collections.abc import Mapping
from typing import Final

from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.query import STAND, Parameters, choice, read_day
from geoportal.ogc.tiles.tileset import Manner, Tileset

COLLECTIONS, PIXELS, CLUSTERS = "collections", "pixels", "clusters"
PARAMETERS: Final = frozenset({COLLECTIONS, PIXELS, CLUSTERS, STAND})
_MOST: Final = 30  # collections in one tile


def read_names(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Empty where no collection is named. Raises InvalidParameter."""
    names = tuple(filter(None, parameters.get(COLLECTIONS, "").split(",")))
    if len(set(names)) < len(names):
        raise InvalidParameter(f"{COLLECTIONS}: mehrfach genannt / named more than once")
    if len(names) > _MOST:
        raise InvalidParameter(f"{COLLECTIONS}: höchstens {_MOST} / {_MOST} at most")
    return names


def read_manner(parameters: Parameters) -> Manner:
    """Raises InvalidParameter."""
    return Manner(
        pixels=int(choice(parameters, PIXELS, ("256", "512"))),
        grouped=choice(parameters, CLUSTERS, ("false", "true")) == "true",
        day=read_day(parameters),
    )


def check_day(manner: Manner, tileset: Tileset) -> None:
    """Raises InvalidParameter for a day where nothing has a history: what is public now would be taken for it."""
    if manner.day is not None and all(layer.history is None for layer in tileset.layers):
        raise InvalidParameter(f"{STAND}: nichts hiervon hat eine Geschichte / nothing of this has a history")
